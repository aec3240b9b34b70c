/* SPDX-License-Identifier: MIT */
/*
 * The command line: one table of options, read into a question. Letters mean
 * what they mean in ss; habits of ss, lsof and netstat that mean something else
 * here are refused with our spelling. Options that select add filter text.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "cli/cli.h"

/* ---- what options do --------------------------------------------------------- */

static int set_proto(struct cli *c, const struct cli_option *o, const char *arg)
{
	(void)arg;
	c->ask.protos |= o->value;
	return 0;
}

static int set_family(struct cli *c, const struct cli_option *o, const char *arg)
{
	(void)arg;
	c->ask.families |= o->value;
	return 0;
}

static int set_flag(struct cli *c, const struct cli_option *o, const char *arg)
{
	(void)arg;
	c->ask.flags |= o->value;
	return 0;
}

static int set_numeric(struct cli *c, const struct cli_option *o, const char *arg)
{
	(void)o;
	(void)arg;
	c->ask.flags &= ~(uint32_t)LSSOCK_Q_RESOLVE;
	return 0;
}

static int set_nothing(struct cli *c, const struct cli_option *o, const char *arg)
{
	(void)c;
	(void)o;
	(void)arg;
	return 0;
}

static int set_format(struct cli *c, const struct cli_option *o, const char *arg)
{
	const char *const *known = lssock_formats();
	const char *want = o->text ? o->text : arg;
	struct buf b = { 0 };
	int i;

	for (i = 0; known[i]; i++)
		if (!strcmp(known[i], want)) {
			c->format = known[i];
			return 0;
		}
	say("unknown format `%s': table, json, jsonl, csv, tsv, openmetrics or dot",
	    safe(&b, want));
	buf_release(&b);
	return EXIT_USAGE;
}

static int set_text(struct cli *c, const struct cli_option *o, const char *arg)
{
	buf_puts(&c->filter, c->filter.len ? " " : "");
	buf_puts(&c->filter, o->text);
	(void)arg;
	return 0;
}

static void add_columns(struct cli *c, const char *list)
{
	buf_puts(&c->columns, c->columns.len ? "," : "");
	buf_puts(&c->columns, list);
}

static int set_columns(struct cli *c, const struct cli_option *o, const char *arg)
{
	add_columns(c, o->text ? o->text : arg);
	return 0;
}

enum number { N_LIMIT, N_ROUNDS, N_MAX };

static int set_number(struct cli *c, const struct cli_option *o, const char *arg)
{
	struct buf b = { 0 };
	uint64_t n;

	if (!num_u64(arg, strlen(arg), 0xfffffffe, &n) || n == 0) {
		say("--%s: `%s' is not a number above 0", o->name, safe(&b, arg));
		buf_release(&b);
		return EXIT_USAGE;
	}
	switch ((enum number)o->value) {
	case N_LIMIT: c->ask.limit = (uint32_t)n; break;
	case N_ROUNDS: c->rounds = (uint32_t)n; break;
	case N_MAX: c->max = (uint32_t)n; break;
	}
	return 0;
}

static int set_workers(struct cli *c, const struct cli_option *o, const char *arg)
{
	struct buf b = { 0 };
	uint64_t n;

	if (!num_u64(arg, strlen(arg), 64, &n)) {
		say("--%s: `%s' is not a number from 0 to 64", o->name, safe(&b, arg));
		buf_release(&b);
		return EXIT_USAGE;
	}
	c->open.threads = n ? (int)n : -1;
	return 0;
}

static int set_collector(struct cli *c, const struct cli_option *o, const char *arg)
{
	static const char *const words[] = { "auto", "proc", "bpf" };
	struct buf b = { 0 };
	int i;

	for (i = 0; i < 3; i++)
		if (!strcmp(arg, words[i])) {
			c->open.collector = (enum lssock_collector)i;
			return 0;
		}
	say("--%s: `%s' is not auto, proc or bpf", o->name, safe(&b, arg));
	buf_release(&b);
	return EXIT_USAGE;
}

static int parse_seconds(const struct cli_option *o, const char *arg, uint64_t *ret_us)
{
	struct buf b = { 0 };
	uint64_t n;
	char *end;
	double d = strtod(arg, &end);

	if (num_duration(arg, strlen(arg), ret_us))
		return 0;
	if (num_u64(arg, strlen(arg), 1u << 30, &n)) {
		*ret_us = n * 1000000;
		return 0;
	}
	if (end != arg && !*end && d >= 0 && d < 1e9) {
		*ret_us = (uint64_t)(d * 1e6);
		return 0;
	}
	say("--%s: `%s' is not a time in seconds (5, 0.5, 100ms, 2min)", o->name,
	    safe(&b, arg));
	buf_release(&b);
	return EXIT_USAGE;
}

static int set_wait(struct cli *c, const struct cli_option *o, const char *arg)
{
	c->wait = true;
	c->wait_forever = !arg;
	return arg ? parse_seconds(o, arg, &c->wait_us) : 0;
}

static int set_interval(struct cli *c, const struct cli_option *o, const char *arg)
{
	return parse_seconds(o, arg, &c->interval_us);
}

static int set_color(struct cli *c, const struct cli_option *o, const char *arg)
{
	static const char *const words[] = { "auto", "always", "never" };
	struct buf b = { 0 };
	int i;

	(void)o;
	for (i = 0; i < 3; i++)
		if (!strcmp(arg, words[i])) {
			c->color = (enum cli_color)i;
			return 0;
		}
	say("--color: `%s' is not auto, always or never", safe(&b, arg));
	buf_release(&b);
	return EXIT_USAGE;
}

static int add_selection(struct cli *c, const char *word, size_t len)
{
	uint32_t protos, families;
	uint8_t type;
	struct buf b = { 0 };

	if (lssock_selection(word, len, &protos, &families, &type) < 0) {
		text_safe(&b, word, len, 0);
		say("unknown family `%s': inet, tcp, udp, unix, netlink, packet, all …",
		    buf_cstr(&b));
		buf_release(&b);
		return EXIT_USAGE;
	}
	c->ask.protos |= protos;
	c->ask.families |= families;
	if (type) {
		/* SOCK_STREAM 1, SOCK_DGRAM 2, SOCK_SEQPACKET 5 */
		c->unix_types |= 1u << type;
	} else if (protos & 1u << LSSOCK_UNIX) {
		c->unix_types |= 1u;
	}
	return 0;
}

static int set_selection(struct cli *c, const struct cli_option *o, const char *arg)
{
	const char *p = arg;

	(void)o;
	while (*p) {
		size_t n = strcspn(p, ",");
		int r = add_selection(c, p, n);

		if (r)
			return r;
		p += n + (p[n] == ',');
	}
	return 0;
}

enum toggle {
	T_NO_HEADER, T_WIDE, T_QUIET, T_STRICT, T_STATS, T_EXPLAIN, T_PIDS, T_SUMMARY, T_ANON,
	T_YES, T_DRY_RUN, T_READONLY, T_BATCH,
	T_ASCII, T_NO_MOUSE, T_NO_CONFIG,
	T_CHECKS, T_POLICY_INIT, T_ALLOW_PARTIAL
};

static int set_toggle(struct cli *c, const struct cli_option *o, const char *arg)
{
	(void)arg;
	switch ((enum toggle)o->value) {
	case T_NO_HEADER: c->no_header = true; break;
	case T_WIDE: c->wide = true; break;
	case T_QUIET: c->quiet = true; break;
	case T_STRICT: c->strict = true; break;
	case T_STATS: c->stats = true; break;
	case T_EXPLAIN: c->explain = true; break;
	case T_PIDS: c->pids = true; break;
	case T_SUMMARY: c->summary = true; c->ask.flags |= LSSOCK_Q_SUMMARY; break;
	case T_ANON: c->open.anon = true; break;
	case T_YES: c->yes = true; break;
	case T_DRY_RUN: c->dry_run = true; break;
	case T_READONLY: c->readonly = true; break;
	case T_BATCH: c->batch = true; break;
	case T_ASCII: c->live_set = c->ascii = true; break;
	case T_NO_MOUSE: c->live_set = c->no_mouse = true; break;
	case T_NO_CONFIG: c->live_set = c->no_config = true; break;
	case T_CHECKS: c->audit.set = c->audit.list_checks = true; break;
	case T_POLICY_INIT: c->audit.set = c->audit.policy_init = true; break;
	case T_ALLOW_PARTIAL: c->audit.set = c->audit.allow_partial = true; break;
	}
	return 0;
}

static int set_signal(struct cli *c, const struct cli_option *o, const char *arg)
{
	struct buf b = { 0 };
	int n = lssock_signal_find(arg);

	if (n < 0) {
		say("--%s: `%s' is no signal: TERM, HUP, INT, KILL, or a number up to 64",
		    o->name, safe(&b, arg));
		buf_release(&b);
		return EXIT_USAGE;
	}
	c->signal = n;
	return 0;
}

enum word { W_OUTPUT, W_NETNS, W_SORT, W_GROUP, W_PROC_ROOT, W_FROM, W_THEME, W_SCRIPT,
	    W_POLICY, W_BASELINE, W_SAVE, W_DISABLE, W_FAIL_ON };

static int set_word(struct cli *c, const struct cli_option *o, const char *arg)
{
	switch ((enum word)o->value) {
	case W_OUTPUT: c->output = arg; break;
	case W_NETNS: c->ask.netns = arg; break;
	case W_SORT: c->ask.sort = arg; break;
	case W_GROUP: c->ask.group_by = arg; break;
	case W_PROC_ROOT: c->open.proc_root = arg; break;
	case W_FROM: c->open.tape_in = arg; break;
	case W_THEME: c->theme = arg; c->live_set = true; break;
	case W_SCRIPT: c->script = arg; c->live_set = true; break;
	case W_POLICY: c->audit.policy = arg; c->audit.set = true; break;
	case W_BASELINE: c->audit.baseline = arg; break;
	case W_SAVE: c->audit.save = arg; c->audit.set = true; break;
	case W_DISABLE: c->audit.disable = arg; c->audit.set = true; break;
	case W_FAIL_ON: c->audit.fail_on = arg; c->audit.set = true; break;
	}
	return 0;
}

static int set_speed(struct cli *c, const struct cli_option *o, const char *arg)
{
	struct buf b = { 0 };
	char *end;

	c->speed = strtod(arg, &end);
	c->live_set = true;
	if (end != arg && !*end && c->speed >= 0.01 && c->speed <= 1000)
		return 0;
	say("--%s: `%s' is not a number from 0.01 to 1000", o->name, safe(&b, arg));
	buf_release(&b);
	return EXIT_USAGE;
}

static int set_size(struct cli *c, const struct cli_option *o, const char *arg)
{
	const char *x = strchr(arg, 'x');
	uint64_t cols, lines;

	if (!x || !num_u64(arg, (size_t)(x - arg), 1000, &cols) ||
	    !num_u64(x + 1, strlen(x + 1), 1000, &lines)) {
		say("--%s: COLUMNSxLINES, as 80x24", o->name);
		return EXIT_USAGE;
	}
	c->script_cols = (uint32_t)cols;
	c->script_lines = (uint32_t)lines;
	c->live_set = true;
	return 0;
}

static int set_refused(struct cli *c, const struct cli_option *o, const char *arg)
{
	(void)c;
	(void)arg;
	if (o->letter)
		say("-%c is not an option here: %s", o->letter, o->text);
	else
		say("--%s is not an option here: %s", o->name, o->text);
	return EXIT_USAGE;
}

static int set_help(struct cli *c, const struct cli_option *o, const char *arg)
{
	(void)o;
	(void)arg;
	c->help = true;
	return 0;
}

static int set_version(struct cli *c, const struct cli_option *o, const char *arg)
{
	(void)o;
	(void)arg;
	c->version = true;
	return 0;
}

static int set_generate(struct cli *c, const struct cli_option *o, const char *arg)
{
	(void)o;
	c->generate = arg;
	return 0;
}

#define BIT(p) (1u << LSSOCK_ ## p)
#define SEL "Sockets"
#define SHOW "Show"
#define OUT "Output"
#define SRC "Source"
#define ACT "Acting"
#define AUDIT "Auditing"
#define PROTO(letter, name, bit, brief, help) \
	{ letter, name, NULL, SEL, brief, help, set_proto, BIT(bit), NULL }
#define NOTHING(letter, name) \
	{ letter, name, NULL, NULL, NULL, NULL, set_nothing, 0, NULL }
#define REFUSED(letter, name, text) \
	{ letter, name, NULL, NULL, NULL, NULL, set_refused, 0, text }

const struct cli_option cli_options[] = {
	PROTO('t', "tcp", TCP, "TCP", "TCP sockets"),
	PROTO('u', "udp", UDP, "UDP", "UDP sockets"),
	PROTO('w', "raw", RAW, "raw", "raw IP sockets"),
	PROTO('x', "unix", UNIX, "unix", "unix sockets"),
	PROTO('0', "packet", PACKET, "packet", "packet sockets"),
	PROTO('S', "sctp", SCTP, "SCTP", "SCTP endpoints and associations"),
	PROTO('d', "dccp", DCCP, "DCCP", "DCCP sockets"),
	PROTO('M', "mptcp", MPTCP, "MPTCP", "MPTCP connections"),
	PROTO(0, "udplite", UDPLITE, "", "UDP-Lite sockets"),
	PROTO(0, "icmp", ICMP, "", "ICMP echo (ping) sockets"),
	PROTO(0, "netlink", NETLINK, "", "netlink sockets"),
	PROTO(0, "vsock", VSOCK, "", "vsock sockets"),
	PROTO(0, "xdp", XDP, "", "AF_XDP sockets"),
	PROTO(0, "tipc", TIPC, "", "TIPC sockets"),
	{ 'f', "family", "FAMILY", SEL, "",
	  "a family: inet, inet6, unix, link, netlink, vsock, xdp, tipc, or any word of -A",
	  set_selection, 0, NULL },
	{ 'A', "query", "LIST", SEL, "of these, or all",
	  "families, protocols and types, comma separated: tcp, u_str, inet; all for every one",
	  set_selection, 0, NULL },
	{ '4', "ipv4", NULL, SEL, "IPv4", "IPv4 sockets only", set_family, 1, NULL },
	{ '6', "ipv6", NULL, SEL, "IPv6", "IPv6 sockets only", set_family, 2, NULL },
	{ 'l', "listening", NULL, SEL, "listening",
	  "what listens: LISTEN, and datagram and raw sockets bound on purpose",
	  set_flag, LSSOCK_Q_LISTEN, NULL },
	{ 'a', "all", NULL, SEL, "also time-wait, closed",
	  "also what is hidden otherwise: time-wait, closed, unbound", set_flag,
	  LSSOCK_Q_ALL, NULL },
	{ 'B', "bound-inactive", NULL, SEL, "bound only",
	  "bound, but neither listening nor connected", set_text, 0, "state:bound" },
	{ 'N', "netns", "NS", SEL, "a namespace, or all",
	  "of a network namespace: a name of ip netns, a pid, a path, an inode, or all",
	  set_word, W_NETNS, NULL },
	{ 0, "net", "NS", NULL, NULL, NULL, set_word, W_NETNS, NULL },

	{ 'p', "processes", NULL, SHOW, NULL, "owners; this is the default",
	  set_nothing, 0, NULL },
	{ 'n', "numeric", NULL, SHOW, NULL, "numbers instead of names; this is the default, "
	  "and switches off -r before it", set_numeric, 0, NULL },
	{ 'r', "resolve", NULL, SHOW, "names of hosts",
	  "names of hosts, services and all users, by NSS: it may ask a name server; the "
	  "filter may name hosts too", set_flag, LSSOCK_Q_RESOLVE, NULL },
	{ 'e', "extended", NULL, SHOW, "extended",
	  "more columns: uid, inode, cookie, mark, cgroup", set_flag,
	  LSSOCK_Q_EXTENDED, NULL },
	{ 'i', "info", NULL, SHOW, "TCP internals", "TCP internals", set_flag,
	  LSSOCK_Q_INFO, NULL },
	{ 'm', "memory", NULL, SHOW, "memory", "socket memory", set_flag,
	  LSSOCK_Q_MEMORY, NULL },
	{ 'o', "options", NULL, SHOW, "timers", "timers", set_flag, LSSOCK_Q_TIMERS, NULL },
	{ 's', "summary", NULL, SHOW, "summary", "counts instead of rows", set_toggle,
	  T_SUMMARY, NULL },
	{ 'C', "columns", "LIST", SHOW, "of fields (+x adds, help lists them)",
	  "these fields as columns; +x,y adds to the usual ones; help lists all fields",
	  set_columns, 0, NULL },
	{ 0, "sort", "KEYS", SHOW, "", "by these fields; -rtt for descending", set_word,
	  W_SORT, NULL },
	{ 0, "group-by", "KEYS", SHOW, "", "count by these fields instead of listing", set_word,
	  W_GROUP, NULL },
	{ 0, "limit", "N", SHOW, "", "at most N rows", set_number, N_LIMIT, NULL },
	{ 0, "pids", NULL, SHOW, "", "only the owners' pids, one a line", set_toggle,
	  T_PIDS, NULL },
	{ 0, "no-owners", NULL, SHOW, "", "do not look for owners", set_flag,
	  LSSOCK_Q_NO_OWNERS, NULL },
	{ 0, "tos", NULL, NULL, NULL, NULL, set_columns, 0, "+tos,+tclass,+class" },
	{ 0, "cgroup", NULL, NULL, NULL, NULL, set_columns, 0, "+cgroup" },

	{ 'j', "json", NULL, OUT, "JSON", "one JSON document", set_format, 0, "json" },
	{ 0, "jsonl", NULL, OUT, "", "one JSON object per socket and line", set_format, 0,
	  "jsonl" },
	{ 0, "csv", NULL, OUT, "", "CSV", set_format, 0, "csv" },
	{ 0, "format", "NAME", OUT, "", "table, json, jsonl, csv, tsv, openmetrics or dot",
	  set_format, 0, NULL },
	{ 0, "output", "FILE", OUT, "", "into FILE, which is replaced at once and only if all "
	  "went well", set_word, W_OUTPUT, NULL },
	{ 'H', "no-header", NULL, OUT, "no header", "no header line", set_toggle,
	  T_NO_HEADER, NULL },
	{ 'W', "wide", NULL, OUT, "never cut", "never cut a column", set_toggle, T_WIDE, NULL },
	{ 0, "color", "WHEN", OUT, "", "auto, always or never", set_color, 0, NULL },
	{ 'q', "quiet", NULL, OUT, "no output, only exit status",
	  "print nothing, the exit status answers", set_toggle, T_QUIET, NULL },
	{ 0, "wait", "[=SEC]", OUT, "until something matches",
	  "look again until something matches or the time is over", set_wait, 0, NULL },
	{ 0, "strict", NULL, OUT, "", "exit status 3 if the answer is incomplete", set_toggle,
	  T_STRICT, NULL },
	{ 0, "stats", NULL, OUT, "what it cost", "what the run cost, on standard error",
	  set_toggle, T_STATS, NULL },
	{ 0, "explain", NULL, OUT, "what would be asked",
	  "only say what would be asked of the kernel, and why", set_toggle, T_EXPLAIN, NULL },

	{ 0, "from", "FILE", SRC, "a recording", "replay a recording", set_word, W_FROM, NULL },
	{ 0, "proc-root", "DIR", SRC, "", "read processes below DIR instead of /proc", set_word,
	  W_PROC_ROOT, NULL },
	{ 0, "collector", "NAME", SRC, NULL,
	  "who finds the owners: proc, bpf, or auto for what is faster; without CAP_BPF and "
	  "CAP_PERFMON it is always proc", set_collector, 0, NULL },
	{ 0, "workers", "N", SRC, NULL, "threads beside the main one; one less than CPUs, at "
	  "most 3, if not given", set_workers, 0, NULL },
	{ 0, "interval", "SEC", SRC, NULL,
	  "record, events, watch: time from one round to the next; a second if not given",
	  set_interval, 0, NULL },
	{ 0, "rounds", "N", SRC, NULL,
	  "record: how many rounds, one if not given; events, watch: end after so many",
	  set_number, N_ROUNDS, NULL },
	{ 0, "batch", NULL, SRC, NULL, "watch: a list per round instead of the screen",
	  set_toggle, T_BATCH, NULL },
	{ 0, "theme", "NAME", SRC, NULL, "watch: default, light, mono, contrast or cvd "
	  "(told apart by the colour-blind)", set_word, W_THEME, NULL },
	{ 0, "speed", "N", SRC, NULL, "watch: a recording so many times as fast", set_speed, 0,
	  NULL },
	{ 0, "ascii", NULL, SRC, NULL, "watch: no other glyphs", set_toggle, T_ASCII, NULL },
	{ 0, "no-mouse", NULL, SRC, NULL, "watch: the mouse is left to the terminal",
	  set_toggle, T_NO_MOUSE, NULL },
	{ 0, "no-config", NULL, SRC, NULL, "watch: neither configuration nor state is read or "
	  "written", set_toggle, T_NO_CONFIG, NULL },
	{ 0, "script", "FILE", NULL, NULL, NULL, set_word, W_SCRIPT, NULL },
	{ 0, "size", "COLSxLINES", NULL, NULL, NULL, set_size, 0, NULL },
	{ 0, "anon", NULL, SRC, NULL, "record: rewrite addresses, names and command lines",
	  set_toggle, T_ANON, NULL },
	{ 'h', "help", NULL, SRC, "help", "a screen of help", set_help, 0, NULL },
	{ 'V', "version", NULL, SRC, "version", "the version", set_version, 0, NULL },

	{ 0, "yes", NULL, ACT, NULL, "kill, close: do not ask; protected targets are left "
	  "alone", set_toggle, T_YES, NULL },
	{ 0, "max", "N", ACT, NULL, "kill, close: do nothing if there are more targets; 1 with "
	  "--yes if not given", set_number, N_MAX, NULL },
	{ 0, "signal", "SIG", ACT, NULL, "kill: this signal instead of TERM, by name or number",
	  set_signal, 0, NULL },
	{ 0, "dry-run", NULL, ACT, NULL, "kill, close: only say what would be done", set_toggle,
	  T_DRY_RUN, NULL },
	{ 0, "readonly", NULL, ACT, NULL, "nothing is signalled or closed: kill and close "
	  "refuse", set_toggle, T_READONLY, NULL },

	{ 0, "policy", "FILE", AUDIT, NULL, "audit: judge by the rules of FILE, see "
	  "lssock-policy(5), instead of the built-in checks", set_word, W_POLICY, NULL },
	{ 0, "policy-init", NULL, AUDIT, NULL, "audit: print a policy that allows exactly what "
	  "listens now", set_toggle, T_POLICY_INIT, NULL },
	{ 0, "baseline", "FILE", AUDIT, NULL, "audit, watch: what was added, removed or "
	  "changed since --save wrote FILE; an audit then does without the built-in "
	  "checks", set_word, W_BASELINE, NULL },
	{ 0, "save", "FILE", AUDIT, NULL, "audit: write what listens now into FILE, for "
	  "--baseline", set_word, W_SAVE, NULL },
	{ 0, "checks", NULL, AUDIT, NULL, "audit: list the built-in checks; with --policy or "
	  "--baseline: judge by these too", set_toggle, T_CHECKS, NULL },
	{ 0, "disable", "CODES", AUDIT, NULL, "audit: leave out these checks, separated by "
	  "commas", set_word, W_DISABLE, NULL },
	{ 0, "fail-on", "SEVERITY", AUDIT, NULL, "audit: exit status 1 from this severity "
	  "upwards: info, low (if not given), medium or high", set_word, W_FAIL_ON, NULL },
	{ 0, "allow-partial", NULL, AUDIT, NULL, "audit: what could not be looked at is said, "
	  "but not counted in the exit status", set_toggle, T_ALLOW_PARTIAL, NULL },

	/* Habits of ss, lsof and netstat: taken where that is harmless … */
	NOTHING('O', "oneline"),
	NOTHING('P', NULL),
	NOTHING('T', "threads"),
	NOTHING('Q', "no-queues"),
	{ 'U', NULL, NULL, NULL, NULL, NULL, set_proto, BIT(UNIX), NULL },
	/* … or refused. */
	REFUSED('c', NULL,
		"a program is proc:NAME; to repeat, lssock watch --batch"),
	REFUSED('v', NULL, "what is missing is always said; see --stats and --explain"),
	REFUSED('Z', "context", "security contexts are not supported"),
	REFUSED('z', "contexts", "security contexts are not supported"),
	REFUSED('b', "bpf", "socket filters are not supported"),
	REFUSED('E', "events", "write lssock events"),
	REFUSED('9', NULL, "a signal is --signal KILL"),
	REFUSED('K', "kill", "write lssock close FILTER, or lssock kill FILTER for processes"),
	REFUSED('D', "diag", "write lssock record FILE"),
	REFUSED('F', "filter", "the filter is what follows the options"),
	REFUSED('g', NULL, "process groups are not a field; see --columns help"),
	REFUSED('X', NULL, "choose families: -t, -u, -x"),
	REFUSED(0, "continuous", "write lssock watch --batch"),
	{ 0, "generate", "WHAT", NULL, NULL, NULL, set_generate, 0, NULL },
	{ 0 },
};

/* ---- parsing ------------------------------------------------------------------ */

static const struct cli_option *by_letter(char letter)
{
	const struct cli_option *o;

	for (o = cli_options; o->letter || o->name; o++)
		if (letter && o->letter == letter)
			return o;
	return NULL;
}

static const struct cli_option *by_name(const char *name, size_t len)
{
	const struct cli_option *o;

	for (o = cli_options; o->letter || o->name; o++)
		if (o->name && strlen(o->name) == len && !memcmp(o->name, name, len))
			return o;
	return NULL;
}

static const char *nearest_option(const char *name)
{
	const struct cli_option *o, *best = NULL;
	unsigned d, least = 3;

	for (o = cli_options; o->letter || o->name; o++) {
		if (!o->name || !o->help)
			continue;
		d = text_distance(name, o->name, least);
		if (d < least) {
			least = d;
			best = o;
		}
	}
	return best ? best->name : NULL;
}

static bool wants_arg(const struct cli_option *o)
{
	return o->arg && o->arg[0] != '[';
}

static int parse_long(struct cli *c, int argc, char **argv, int *i)
{
	const char *name = argv[*i] + 2, *value = strchr(name, '=');
	size_t len = value ? (size_t)(value - name) : strlen(name);
	const struct cli_option *o = by_name(name, len);
	struct buf b = { 0 };
	char word[64];

	if (!o) {
		const char *near;

		snprintf(word, sizeof(word), "%.*s", (int)(len > 60 ? 60 : len), name);
		near = nearest_option(word);
		if (near)
			say("unknown option `--%s': did you mean --%s?", safe(&b, word), near);
		else
			say("unknown option `--%s' (see --help)", safe(&b, word));
		buf_release(&b);
		return EXIT_USAGE;
	}
	if (value && !o->arg) {
		say("--%s takes no value", o->name);
		return EXIT_USAGE;
	}
	if (value)
		value++;
	else if (wants_arg(o)) {
		if (*i + 1 >= argc) {
			say("--%s needs a value: --%s %s", o->name, o->name, o->arg);
			return EXIT_USAGE;
		}
		value = argv[++*i];
	}
	return o->apply(c, o, value);
}

/* lsof's -iTCP:22, -i:22, -i@host: -i takes no value here. */
static bool lsof_internet(const char *arg)
{
	const char *rest = arg + 2;

	if (arg[1] != 'i')
		return false;
	return (*rest && strchr(":@46", *rest)) || !strncmp(rest, "TCP", 3) ||
	       !strncmp(rest, "UDP", 3) || !strncmp(rest, "tcp", 3) || !strncmp(rest, "udp", 3);
}

static int parse_letters(struct cli *c, int argc, char **argv, int *i)
{
	const char *p = argv[*i] + 1;
	struct buf b = { 0 };

	if (lsof_internet(argv[*i])) {
		say("-i takes no value here: write lssock -t :22, lssock -u, lssock -4 :443");
		return EXIT_USAGE;
	}
	for (; *p; p++) {
		const struct cli_option *o = by_letter(*p);
		const char *value = NULL;
		char letter[2] = { *p, 0 };
		int r;

		if (!o) {
			say("unknown option `-%s' (see --help)", safe(&b, letter));
			buf_release(&b);
			return EXIT_USAGE;
		}
		if (wants_arg(o)) {
			if (p[1])
				value = p + 1;
			else if (*i + 1 < argc)
				value = argv[++*i];
			else {
				say("-%c needs a value: -%c %s", o->letter, o->letter, o->arg);
				return EXIT_USAGE;
			}
		}
		r = o->apply(c, o, value);
		if (r || value)
			return r;
	}
	return 0;
}

/* `-p 1234` means a pid to lsof and netstat users, and would be a port here. */
static int check_pid_habit(int argc, char **argv, int i)
{
	const char *word = argv[i];
	uint64_t n;

	if (i < 1 || i >= argc || strcmp(argv[i - 1], "-p") ||
	    !num_u64(word, strlen(word), UINT32_MAX, &n))
		return 0;
	say("-p takes no value here: write pid:%s for the process, :%s for the port",
	    word, word);
	return EXIT_USAGE;
}

static void unix_types(struct cli *c)
{
	static const struct { unsigned bit; const char *name; } types[] = {
		{ 1, "stream" }, { 2, "dgram" }, { 5, "seqpacket" },
	};
	const char *comma = "";
	size_t i;

	if (!c->unix_types || (c->unix_types & 1))
		return;
	buf_puts(&c->filter, c->filter.len ? " " : "");
	buf_puts(&c->filter, "(not proto:unix or type:");
	for (i = 0; i < 3; i++)
		if (c->unix_types & 1u << types[i].bit) {
			buf_puts(&c->filter, comma);
			buf_puts(&c->filter, types[i].name);
			comma = ",";
		}
	buf_puts(&c->filter, ")");
}

int args_parse(struct cli *c, int argc, char **argv)
{
	bool options = true;
	int i, r = 0;

	c->operands = argv;
	c->n_operands = 0;
	for (i = 0; i < argc && !r; i++) {
		if (options && !strcmp(argv[i], "--")) {
			options = false;
			c->search = true;
			c->n_before = c->n_operands;
		} else if (options && argv[i][0] == '-' && argv[i][1] == '-')
			r = parse_long(c, argc, argv, &i);
		else if (options && argv[i][0] == '-' && argv[i][1])
			r = parse_letters(c, argc, argv, &i);
		else {
			r = check_pid_habit(argc, argv, i);
			/* Operands gather at the front: argv is ours to reorder. */
			c->operands[c->n_operands++] = argv[i];
		}
	}
	return r;
}

/* The operands as one filter, behind what options added. */
void args_filter(struct cli *c)
{
	bool both;
	int i;

	if (c->ask.filter)
		return;			/* done before */
	unix_types(c);
	both = c->filter.len && c->n_operands;
	buf_puts(&c->filter, both ? " (" : "");
	for (i = 0; i < c->n_operands; i++) {
		buf_puts(&c->filter, i ? " " : "");
		buf_puts(&c->filter, c->operands[i]);
	}
	buf_puts(&c->filter, both ? ")" : "");
	c->ask.filter = c->filter.len ? buf_cstr(&c->filter) : NULL;
	c->ask.columns = c->columns.len ? buf_cstr(&c->columns) : NULL;
}

void args_release(struct cli *c)
{
	buf_release(&c->filter);
	buf_release(&c->columns);
}
