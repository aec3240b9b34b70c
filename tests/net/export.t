#!/bin/sh
# SPDX-License-Identifier: MIT
# Into the engines that fleets have, with the real programs: promtool, node_exporter,
# Prometheus, jq, DuckDB; each where it is there.
. "$(dirname "$0")/../lib.sh"
in_ns
rules=$top/src/prometheus/lssock-alerts.yml

# have PROGRAM TEXT: true, or a skip said aloud.
have() { command -v "$1" >/dev/null || { skip "$2" "no $1"; return 1; }; }
bad=$(printf 'a"} 1\nup 0')
scene_start '[' comm=redis tcp-listen=0.0.0.0:6379 ']' '[' comm=web 'tcp-listen=[::]:8080' ']' \
	'[' "comm=$(printf %s "$bad" | sed 's/ /\\x20/g' | awk 'NR > 1 { printf "\\x0a" } { printf "%s", $0 }')" \
	tcp-listen=127.0.0.1:7021 udp=127.0.0.1:7022 ']'
mkdir "$T/text"
prom=$T/text/lssock.prom
run audit --format openmetrics --output "$prom"
t_rc 1 "there are findings"
t_ok "the file is read strictly" $python "$top/tests/openmetrics.py" "$prom"
om() { $python "$top/tests/openmetrics.py" "$prom" "$1"; }
t_is "$(om 'get("lssock_audit_findings", code="exposed-service", severity="high")')" 1.0 "one of them"
t_is "$(om 'get("lssock_audit_complete")')" 1.0 "it is complete"
t_is "$(om 'get("lssock_listeners", proto="tcp", program="redis")')" 1.0 "a listener"
t_is "$(om 'sum(s["value"] for s in every("lssock_listeners", proto="udp"))')" 1.0 "a datagram socket too"
t_is "$(om 'get("lssock_listen_overflows_total")')" 0.0 "nothing has overflowed"
t_is "$(om 'len([s for s in samples if s["name"] == "up"])')" 0 "and a name forges no sample"

# ---- Prometheus ----------------------------------------------------------------------------

if have promtool "promtool"; then
	t_ok "promtool check metrics" promtool check metrics <"$prom"
	run --format openmetrics -N all
	t_ok "promtool check metrics, of the list" promtool check metrics <"$T/out"
	t_ok "promtool check rules" promtool check rules "$rules"
	cat >"$T/rules.yml" <<-END
	rule_files: [$rules]
	evaluation_interval: 1m
	tests:
	  - interval: 1m
	    input_series:
	      - series: lssock_audit_findings{instance="a",code="exposed-service",severity="high"}
	        values: 0x10 1x30 0x30
	      - series: lssock_audit_findings{instance="a",code="low-port",severity="medium"}
	        values: 0x200
	      - series: lssock_audit_complete{instance="a"}
	        values: 1x40 0x60
	      - series: lssock_collection_timestamp_seconds{instance="a"}
	        values: 0+60x60 3600x60
	      - series: lssock_accept_queue_used{instance="a",netns="host",proto="tcp",port="80",program="web"}
	        values: 0x10 128x30 0x30
	      - series: lssock_accept_queue_limit{instance="a",netns="host",proto="tcp",port="80",program="web"}
	        values: 128x100
	      - series: lssock_listen_overflows_total{instance="a",netns="host"}
	        values: 0x20 0+5x20 100x60
	      - series: lssock_fds_used{instance="a",program="web"}
	        values: 10x20 950x60
	      - series: lssock_fds_limit{instance="a",program="web"}
	        values: 1000x100
	      - series: lssock_listeners{instance="a",proto="tcp",scope="all",program="web"}
	        values: 1x2000
	      - series: lssock_listeners{instance="a",proto="tcp",scope="all",program="new"}
	        values: _x1500 1x500
	      - series: lssock_listeners{instance="a",proto="tcp",scope="local",program="near"}
	        values: _x1500 1x500
	    alert_rule_test:
	      - { eval_time: 15m, alertname: LssockHighFinding, exp_alerts: [] }
	      - eval_time: 25m
	        alertname: LssockHighFinding
	        exp_alerts:
	          - exp_labels: { severity: critical, instance: a, code: exposed-service }
	            exp_annotations:
	              summary: "a: exposed-service (1)"
	              description: "\`sudo lssock audit\` there says which service, why, and what to do."
	      - { eval_time: 45m, alertname: LssockHighFinding, exp_alerts: [] }
	      - { eval_time: 100m, alertname: LssockFinding, exp_alerts: [] }
	      - { eval_time: 60m, alertname: LssockAuditIncomplete, exp_alerts: [] }
	      - eval_time: 80m
	        alertname: LssockAuditIncomplete
	        exp_alerts:
	          - exp_labels: { severity: warning, instance: a }
	            exp_annotations:
	              summary: "a: the audit does not see everything"
	              description: "\`systemctl status lssock-audit\` says what it could not look at."
	      - { eval_time: 80m, alertname: LssockAuditStale, exp_alerts: [] }
	      - eval_time: 100m
	        alertname: LssockAuditStale
	        exp_alerts:
	          - exp_labels: { severity: warning, instance: a }
	            exp_annotations:
	              summary: "a: no audit for 40m 0s"
	              description: "Numbers that stand still are no good news: \`systemctl status lssock-audit.timer\`."
	      - { eval_time: 15m, alertname: LssockAcceptQueueFull, exp_alerts: [] }
	      - eval_time: 30m
	        alertname: LssockAcceptQueueFull
	        exp_alerts:
	          - exp_labels: { severity: warning, instance: a, netns: host, proto: tcp, port: "80", program: web }
	            exp_annotations:
	              summary: "a: web does not accept on tcp port 80"
	              description: "128 connections wait. New ones are refused or delayed once the queue is full."
	      - { eval_time: 20m, alertname: LssockListenOverflows, exp_alerts: [] }
	      - eval_time: 35m
	        alertname: LssockListenOverflows
	        exp_alerts:
	          - exp_labels: { severity: warning, instance: a, netns: host }
	            exp_annotations:
	              summary: "a: connections are turned away in network namespace host"
	      - eval_time: 40m
	        alertname: LssockFilesNearlyUsedUp
	        exp_alerts:
	          - exp_labels: { severity: warning, instance: a, program: web }
	            exp_annotations:
	              summary: "a: web has 950 files open, nearly all it may"
	      - { eval_time: 1490m, alertname: LssockNewPublicProgram, exp_alerts: [] }
	      - eval_time: 1530m
	        alertname: LssockNewPublicProgram
	        exp_alerts:
	          - exp_labels: { severity: info, instance: a, proto: tcp, scope: all, program: new }
	            exp_annotations:
	              summary: "a: new listens (tcp, all), as it did not a day ago"
	END
	sed 's/^\t//' "$T/rules.yml" >"$T/rules-test.yml"
	t_ok "promtool test rules" promtool test rules "$T/rules-test.yml"
fi

# ---- node_exporter -------------------------------------------------------------------------

exporter=
if have prometheus-node-exporter "a textfile collector"; then
	prometheus-node-exporter --collector.disable-defaults --collector.textfile \
		--collector.textfile.directory="$T/text" --web.listen-address=127.0.0.1:9100 \
		>"$T/exporter.log" 2>&1 &
	exporter=$!
	run -q --wait=30 is:listen lport:9100
	t_rc 0 "node_exporter is there"
	t_ok "node_exporter gives what was written, all of it" \
		$python "$top/tests/scrape.py" http://127.0.0.1:9100/metrics "$prom"
	t_is "$(grep -c 'level=error' "$T/exporter.log")" 0 "and complains of nothing"
fi
if [ -z "$exporter" ]; then
	skip "Prometheus" "no prometheus-node-exporter"
elif have prometheus "Prometheus"; then
	sed 's/ for: .*/ for: 0s/' "$rules" >"$T/alerts.yml"
	cat >"$T/prometheus.yml" <<-END
	global: { scrape_interval: 500ms, evaluation_interval: 500ms }
	rule_files: [ $T/alerts.yml ]
	scrape_configs:
	  - { job_name: node, static_configs: [ { targets: [ '127.0.0.1:9100' ] } ] }
	END
	prometheus --config.file="$T/prometheus.yml" --storage.tsdb.path="$T/tsdb" \
		--web.listen-address=127.0.0.1:9090 >"$T/prometheus.log" 2>&1 &
	server=$!
	look() { $python "$top/tests/scrape.py" http://127.0.0.1:9090 "$@"; }
	t_is "$(look --query 'sum(lssock_listeners{program="redis",scope="all"})')" 1 "Prometheus has it"
	t_like "$(look --alerts)" 'LssockHighFinding' "and an alert fires"
	kill "$server"
	wait "$server" 2>/dev/null
fi
if [ -n "$exporter" ]; then
	kill "$exporter"
	wait "$exporter" 2>/dev/null
fi

# ---- JSON Lines ----------------------------------------------------------------------------

run --jsonl -l -N all
cp "$T/out" "$T/sockets.jsonl"
run audit --jsonl
cp "$T/out" "$T/findings.jsonl"
if have jq "jq"; then
	t_is "$(jq -r 'select(.scope != "local") | [.proto, .lport, .owners[0].proc] | @tsv' \
		"$T/sockets.jsonl" | sort)" "$(printf 'tcp\t6379\tredis\ntcp\t8080\tweb')" \
		"jq: what can be reached from elsewhere"
	t_is "$(jq -r 'select(.severity == "high") | [.code, .port] | @tsv' "$T/findings.jsonl")" \
		"$(printf 'exposed-service\t6379')" "jq: high findings"
	t_is "$(jq -r 'select(.lport == 7021) | .owners[0].proc_b64 | @base64d' "$T/sockets.jsonl")" \
		"$bad" "jq: a name as it is"
	jq -c --arg host a '. + {host: $host}' "$T/sockets.jsonl" >"$T/a.jsonl"
	t_is "$(jq -s 'group_by(.owners[0].puser) | map(length) | add' "$T/a.jsonl")" 4 "jq: groups"
fi
if have duckdb "DuckDB"; then
	t_is "$(duckdb -csv -noheader -c "SELECT owners[1].proc, count(*) FROM '$T/sockets.jsonl'
		WHERE scope <> 'local' GROUP BY ALL ORDER BY ALL")" "$(printf 'redis,1\nweb,1')" "DuckDB"
fi
if have clickhouse-local "ClickHouse"; then
	t_is "$(clickhouse-local -q "SELECT lport FROM file('$T/sockets.jsonl', JSONEachRow)
		WHERE scope != 'local' ORDER BY lport" | tr '\n' ' ')" "6379 8080 " "ClickHouse"
fi
scene_stop
t_done
