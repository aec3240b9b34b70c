/* SPDX-License-Identifier: MIT */
/*
 * Baselines: what is written of a listener comes back as it was, whatever its names
 * hold; every fault of a file and where it is; what is found beside one, in any order
 * of the rows, and what cannot be compared.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "audit/entry.h"
#include "base/text.h"
#include "watched.h"

/* ---- a machine ------------------------------------------------------------------- */

struct listener {
	const char *ip;			/* NULL: a unix socket */
	uint16_t port;
	const char *exe, *comm, *unit, *container, *runtime; /* comm NULL: the exe */
	uint32_t uid;
	int32_t pid;			/* 0: nobody */
	uint8_t why;
	bool v6only, automatic;
	uint8_t proto;			/* 0: TCP */
	uint16_t ns;
	const char *path;
	size_t path_len;		/* 0: as long as it is */
	bool no_exe;			/* may not be read */
	const char *socket_unit;	/* of what pid 1 listens on */
};

static uint32_t string(struct lssock_snap *s, const char *text)
{
	return text ? snap_string(s, text, strlen(text)) : 0;
}

static void own(struct lssock_snap *s, uint32_t inode, const struct listener *l)
{
	struct lssock_proc p = { .pid = l->pid, .start_ns = (uint64_t)l->pid, .uid = l->uid,
				 .flags = LSSOCK_P_DETAILS };
	struct lssock_owner o = { .fd = 3 };

	p.exe = l->no_exe ? 0 : string(s, l->exe);
	p.flags |= l->no_exe ? LSSOCK_P_NO_EXE : 0;
	p.comm = string(s, l->comm ? l->comm : l->exe);
	p.unit = string(s, l->unit);
	p.container = string(s, l->container);
	p.runtime = string(s, l->runtime);
	o.proc = snap_proc(s, &p);
	if (o.proc)
		snap_owner(s, inode, &o);
}

static void add(struct lssock_snap *s, const struct listener *l)
{
	uint8_t proto = l->proto ? l->proto : l->path ? LSSOCK_UNIX : LSSOCK_TCP;
	struct lssock_sock k = watched_sock(proto, proto == LSSOCK_UDP || proto == LSSOCK_RAW ?
					    LSSOCK_UNCONNECTED : LSSOCK_LISTEN);
	uint32_t row;

	memset(&k.remote, 0, sizeof(k.remote));
	memset(&k.local, 0, sizeof(k.local));
	k.lport = l->port;
	k.rport = 0;
	k.ns = l->ns;
	k.uid = l->uid;
	k.flags |= LSSOCK_F_UID | LSSOCK_F_AUTOBOUND_KNOWN;
	k.flags |= l->automatic ? LSSOCK_F_AUTOBOUND : 0;
	if (l->path) {
		k.family = AF_UNIX;
		k.name = snap_string(s, l->path, l->path_len ? l->path_len : strlen(l->path));
	} else {
		k.family = strchr(l->ip, ':') ? AF_INET6 : AF_INET;
		k.flags |= LSSOCK_F_V6ONLY_KNOWN | (l->v6only ? LSSOCK_F_V6ONLY : 0);
		assert_int_equal(inet_pton(k.family, l->ip, k.local.ip), 1);
	}
	row = snap_add(s, &k, NULL, 0, NULL);
	if (row == LSSOCK_NONE)
		return;
	if (l->pid)
		own(s, k.inode, l);
	s->socks.v[row].owner = snap_owner_of(s, k.inode);
	s->socks.v[row].why = l->pid ? 0 : l->why;
	if (l->socket_unit) {
		s->sock_units_known = true;
		vec_push(&s->sock_units);
		s->sock_units.v[0].row = row;
		s->sock_units.v[0].unit = string(s, l->socket_unit);
	}
}

static void add_spaces(struct lssock_snap *s)
{
	static const struct { uint16_t flags; const char *name, *container; } spaces[] = {
		{ 0, "red blue", NULL }, { 0, NULL, "0123456789ab" },
		{ 0, "cni-0a1b2c3d-0000-4444-8888-0123456789ab", NULL }, { 0, NULL, NULL },
	};
	struct lssock_ns *n;
	size_t i;

	s->ns.v[0].flags = LSSOCK_NS_OWN | LSSOCK_NS_HOST | LSSOCK_NS_ASKED;
	for (i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		n = vec_push(&s->ns);
		if (!n)
			continue;
		*n = (struct lssock_ns){ .ino = 100 + i, .flags = LSSOCK_NS_ASKED };
		n->name = string(s, spaces[i].name);
		n->container = string(s, spaces[i].container);
	}
}

/* Before it is judged. step: in which order the rows stand. */
static struct lssock_report *report_of(const struct listener *l, uint32_t n, uint32_t step)
{
	struct lssock_report *r = mem_alloc(sizeof(*r));
	uint32_t rows[16], i;

	assert_non_null(r);
	r->snap = watched_new();
	r->all = true;
	r->snap->meta.complete = true;
	add_spaces(r->snap);
	for (i = 0; i < n; i++) {
		add(r->snap, &l[i * step % n]);
		rows[i] = i;
	}
	snap_sort_owners(r->snap);
	assert_int_equal(snap_seal(r->snap), 0);
	services_make(r, rows, n);
	assert_false(r->failed);
	return r;
}

static int into(void *ctx, const void *bytes, size_t len)
{
	buf_put(ctx, bytes, len);
	return 0;
}

/* What --save writes of them, from one order of the rows as from another. */
static struct buf save(const struct listener *l, uint32_t n)
{
	struct buf first = { 0 }, b = { 0 };
	uint32_t steps[] = { 1, 2, 3, 5, 7 }, i;
	struct lssock_report *r;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (i && n % steps[i] == 0)
			continue;
		r = report_of(l, n, steps[i]);
		buf_reset(&b);
		assert_int_equal(lssock_baseline_write(r, into, &b), 0);
		if (!i)
			buf_put(&first, b.data, b.len);
		assert_string_equal(buf_cstr(&b), buf_cstr(&first));
		lssock_report_free(r);
	}
	buf_release(&b);
	return first;
}

static void hear(void *ctx, const struct lssock_fault *f)
{
	assert_true(f->line && f->column && f->column <= f->len + 1);
	assert_true(f->msg[0]);
	buf_printf(ctx, "%u:%u %s\n", f->line, f->column, f->msg);
}

static struct baseline *load(const struct buf *text)
{
	struct baseline *b = NULL;
	struct buf faults = { 0 };
	int r = baseline_new(text->data, text->len, hear, &faults, &b);

	if (r)
		fail_msg("%d %s%.*s", r, buf_cstr(&faults), (int)text->len, text->data);
	return b;
}

static struct buf findings_of(const struct lssock_report *r)
{
	char about[600], text[2048];
	struct buf b = { 0 };
	uint32_t i;

	for (i = 0; i < lssock_findings(r); i++) {
		const struct lssock_finding *f = lssock_finding(r, i);

		assert_non_null(f->why);
		assert_non_null(f->fix);
		lssock_finding_about(r, i, about, sizeof(about));
		lssock_finding_text(r, i, text, sizeof(text));
		buf_printf(&b, "%s %s | %s | %s\n",
			   lssock_severity_name((enum lssock_severity)f->severity), f->code,
			   about, text);
	}
	for (i = 0; i < lssock_unjudged(r); i++) {
		lssock_unjudged_text(r, i, text, sizeof(text));
		buf_printf(&b, "? %s\n", text);
	}
	return b;
}

static void judged(const struct listener *was, uint32_t n, const struct listener *is, uint32_t m,
		   bool all, const char *want)
{
	struct buf text = save(was, n), got;
	uint32_t step;

	for (step = 1; step < 3; step++) {
		struct lssock_report *r = report_of(is, m, m % step || step == 1 ? step : 1);
		struct baseline *b = load(&text);

		r->all = all;
		baseline_judge(b, r);
		assert_int_equal(report_end(r), 0);
		got = findings_of(r);
		assert_string_equal(buf_cstr(&got), want);
		buf_release(&got);
		baseline_free(b);
		lssock_report_free(r);
	}
	buf_release(&text);
}

#pragma GCC diagnostic ignored "-Woverride-init"	/* what is written last counts */
#define NGINX(...) { .ip = "0.0.0.0", .port = 443, .exe = "/usr/sbin/nginx", .comm = "nginx", \
	.unit = "nginx.service", .pid = 7, __VA_ARGS__ }
#define REDIS(...) { .ip = "127.0.0.1", .port = 6379, .exe = "/usr/bin/redis", \
	.comm = "redis", .uid = 99, .pid = 9, __VA_ARGS__ }
#define LIST(...) (const struct listener[]){ __VA_ARGS__ }
#define N(...) (sizeof(LIST(__VA_ARGS__)) / sizeof(struct listener))
#define WAS(...) LIST(__VA_ARGS__), N(__VA_ARGS__)

/* ---- the file -------------------------------------------------------------------- */

static void lines(const struct listener *l, uint32_t n, const char *want)
{
	struct buf b = save(l, n);
	const char *body = strstr(buf_cstr(&b), "\nlistener"), *end;

	assert_ptr_equal(strstr(buf_cstr(&b), "lssock-baseline 1\n"), b.data);
	end = b.data + b.len - 4;
	assert_string_equal(end, "end\n");
	assert_non_null(body);
	assert_true(strlen(want) == (size_t)(end - body - 1));
	assert_memory_equal(body + 1, want, strlen(want));
	buf_release(&b);
}

static void test_lines(void **state)
{
	(void)state;
	lines(WAS(NGINX(.ip = "::", .v6only = true), NGINX(), REDIS(.proto = LSSOCK_UDP)),
	      "listener netns=host proto=tcp port=443 address=0.0.0.0 scope=all proc=nginx "
	      "exe=/usr/sbin/nginx user=0 unit=nginx.service container=- options=-\n"
	      "listener netns=host proto=tcp port=443 address=:: scope=all proc=nginx "
	      "exe=/usr/sbin/nginx user=0 unit=nginx.service container=- options=v6only\n"
	      "listener netns=host proto=udp port=6379 address=127.0.0.1 scope=local "
	      "proc=redis exe=/usr/bin/redis user=99 unit=- container=- options=-\n");
	/* Sockets that share a port and a program are one line. */
	lines(WAS(NGINX(), NGINX(.pid = 8)),
	      "listener netns=host proto=tcp port=443 address=0.0.0.0 scope=all proc=nginx "
	      "exe=/usr/sbin/nginx user=0 unit=nginx.service container=- options=-\n");
	lines(WAS({ .path = "/run/x", .exe = "/bin/x", .pid = 3 }, { .path = "\0x", .path_len = 2,
		  .exe = "/bin/x", .pid = 3 }, { .path = "@x", .exe = "/bin/x", .pid = 3 }),
	      "listener netns=host proto=unix type=stream path=/run/x scope=? proc=/bin/x "
	      "exe=/bin/x user=0 unit=- container=- options=-\n"
	      "listener netns=host proto=unix type=stream path=@x scope=abstract proc=/bin/x "
	      "exe=/bin/x user=0 unit=- container=- options=-\n"
	      "listener netns=host proto=unix type=stream path=\\x40x scope=? proc=/bin/x "
	      "exe=/bin/x user=0 unit=- container=- options=-\n");
}

/* What a restart or a reboot changes. */
static void test_lasting(void **state)
{
	(void)state;
	lines(WAS(NGINX(.automatic = true, .port = 40000), NGINX(.automatic = true, .port = 40001)),
	      "listener netns=host proto=tcp port=auto address=0.0.0.0 scope=all proc=nginx "
	      "exe=/usr/sbin/nginx user=0 unit=nginx.service container=- options=-\n");
	lines(WAS(NGINX(.ns = 1), NGINX(.ns = 2), NGINX(.ns = 3), NGINX(.ns = 4)),
	      "listener netns=container proto=tcp port=443 address=0.0.0.0 scope=all proc=nginx "
	      "exe=/usr/sbin/nginx user=0 unit=nginx.service container=- options=-\n"
	      "listener netns=name:red\\x20blue proto=tcp port=443 address=0.0.0.0 scope=all "
	      "proc=nginx exe=/usr/sbin/nginx user=0 unit=nginx.service container=- options=-\n"
	      "listener netns=unnamed proto=tcp port=443 address=0.0.0.0 scope=all proc=nginx "
	      "exe=/usr/sbin/nginx user=0 unit=nginx.service container=- options=-\n");
	lines(WAS(NGINX(.container = "0123456789ab", .runtime = "docker",
			.unit = "docker-0123456789ab77.scope")),
	      "listener netns=host proto=tcp port=443 address=0.0.0.0 scope=all proc=nginx "
	      "exe=/usr/sbin/nginx user=0 unit=- container=docker options=-\n");
	lines(WAS(NGINX(.container = "web", .runtime = "nspawn", .unit = "session-12.scope")),
	      "listener netns=host proto=tcp port=443 address=0.0.0.0 scope=all proc=nginx "
	      "exe=/usr/sbin/nginx user=0 unit=session-*.scope container=nspawn:web "
	      "options=-\n");
	lines(WAS({ .path = "\0" "0a1b2", .path_len = 6, .exe = "/bin/x", .pid = 3,
		    .unit = "run-u12.service" }),
	      "listener netns=host proto=unix type=stream path=-auto scope=abstract proc=/bin/x "
	      "exe=/bin/x user=0 unit=run-*.service container=- options=-\n");
	/* What systemd listens on for a service, whether that runs or not. */
	lines(WAS(NGINX(.pid = 1, .exe = "/sbin/init", .unit = NULL,
			.socket_unit = "web.socket")),
	      "listener netns=host proto=tcp port=443 address=0.0.0.0 scope=all proc=nginx "
	      "exe=/sbin/init user=0 unit=web.socket container=- options=-\n");
	/* A client of UDP is no listener. */
	lines(WAS(NGINX(), NGINX(.proto = LSSOCK_UDP, .automatic = true)),
	      "listener netns=host proto=tcp port=443 address=0.0.0.0 scope=all proc=nginx "
	      "exe=/usr/sbin/nginx user=0 unit=nginx.service container=- options=-\n");
	lines(WAS(NGINX(.pid = 0, .why = LSSOCK_WHY_KERNEL)),
	      "listener netns=host proto=tcp port=443 address=0.0.0.0 scope=all proc=- exe=- "
	      "user=0 unit=- container=- why=kernel options=-\n");
	lines(WAS(NGINX(.pid = 0, .why = LSSOCK_WHY_NO_PERMISSION)),
	      "listener netns=host proto=tcp port=443 address=0.0.0.0 scope=all proc=? exe=? "
	      "user=? unit=? container=? options=-\n");
}

/* Whatever a name holds: the same listener is the same, another one is not. */
static void test_hostile(void **state)
{
	static const char *const names[] = {
		"?", "-", "-auto", "", " ", "a b", "a=b", "\n", "\\", "\\?", "\\-", "\x01", "\x7f",
		"\xff", "\xcc\x81x", "\xe2\x80\xae", "@", "@x", "=x", "+x", "\\x41", "listener",
		"end", "#", "x exe=/bin/y", "na\xc3\xafve", "%", "host", "auto",
	};
	enum { COUNT = sizeof(names) / sizeof(names[0]) };
	uint32_t i, j;

	(void)state;
	for (i = 0; i < COUNT; i++)
		for (j = 0; j < COUNT; j++) {
			struct listener a[] = {
				{ .path = names[i], .path_len = strlen(names[i]) + !names[i][0],
				  .exe = names[i], .unit = names[i], .pid = 5 },
			}, b[] = {
				{ .path = names[j], .path_len = strlen(names[j]) + !names[j][0],
				  .exe = names[j], .unit = names[j], .pid = 6 },
			};
			struct buf text = save(a, 1);
			struct baseline *base = load(&text);
			struct lssock_report *r = report_of(b, 1, 1);

			baseline_judge(base, r);
			assert_int_equal(report_end(r), 0);
			assert_int_equal(lssock_findings(r), i == j ? 0 : 2);
			baseline_free(base);
			lssock_report_free(r);
			buf_release(&text);
		}
}

/* ---- faults ---------------------------------------------------------------------- */

static void faulty(const char *text, const char *want)
{
	struct buf faults = { 0 };
	struct baseline *b = NULL;

	assert_int_equal(baseline_new(text, strlen(text), hear, &faults, &b), -EBADMSG);
	assert_null(b);
	assert_string_equal(buf_cstr(&faults), want);
	buf_release(&faults);
}

#define HEAD "lssock-baseline 1\n"
#define TAIL "end\n"
#define WHERE "listener netns=host proto=tcp port=1 address=* "
#define WHO "scope=all proc=a exe=/a user=0 unit=- container=- "
#define HOW "options=-"

static void test_faults(void **state)
{
	(void)state;
	faulty("", "1:1 no baseline: it begins with `lssock-baseline 1'\n");
	faulty("listener\n", "1:1 no baseline: it begins with `lssock-baseline 1'\n");
	faulty("lssock-baseline 1x\n" TAIL, "1:1 no baseline: it begins with "
	       "`lssock-baseline 1'\n");
	faulty("lssock-baseline 2\nwhatever\n",
	       "1:17 a baseline of version 2: this lssock knows version 1\n");
	faulty(HEAD, "2:1 the last line `end' is missing: the file was cut short\n");
	faulty(HEAD WHERE WHO HOW, "3:1 the last line `end' is missing: the file was cut short\n");
	faulty(HEAD TAIL "x\n", "3:1 something stands behind the `end'\n");
	faulty(HEAD "lissener x=1\n" TAIL, "2:1 a line begins with `listener', or is `end'\n");
	faulty(HEAD WHERE WHO HOW " colour=red\n" TAIL, "2:108 no such key\n");
	faulty(HEAD WHERE WHO HOW " red\n" TAIL, "2:108 KEY=VALUE is expected here\n");
	faulty(HEAD WHERE WHO HOW " user=0\n" TAIL, "2:108 `user=' is there twice\n");
	faulty(HEAD WHERE WHO "options=\n" TAIL,
	       "2:106 `options=' has no value; what there is none of is `-'\n");
	faulty(HEAD WHERE WHO "\n" TAIL, "2:98 `options=' is missing\n");
	faulty(HEAD "listener " WHO HOW "\n" TAIL,
	       "2:69 `netns=' is missing\n2:69 `proto=' is missing\n2:69 `port=' is missing\n"
	       "2:69 `address=' is missing\n");
	faulty(HEAD "listener netns=moon proto=tpc port=99999999999 address=* " WHO HOW "\n" TAIL,
	       "2:16 no namespace: host, own, unnamed, container or name:NAME\n"
	       "2:27 no protocol: tcp, udp, unix, raw, packet …\n"
	       "2:36 no port: a number, `auto', or the name of a protocol\n");
	faulty(HEAD WHERE "path=/x type=stream " WHO HOW "\n" TAIL,
	       "2:1 `type=' does not belong to this protocol\n"
	       "2:1 `path=' does not belong to this protocol\n");
	faulty(HEAD WHERE "scope=all proc=\\x41 exe=\\y user=\\ unit=a\\x2 container=@ " HOW "\n"
	       TAIL,
	       "2:63 this is not written as values are (\\xNN for other bytes)\n"
	       "2:72 this is not written as values are (\\xNN for other bytes)\n"
	       "2:80 this is not written as values are (\\xNN for other bytes)\n"
	       "2:87 this is not written as values are (\\xNN for other bytes)\n"
	       "2:102 this is not written as values are (\\xNN for other bytes)\n");
	/* All of them, in order. */
	faulty(HEAD "a\n\n#\nb\n", "2:1 a line begins with `listener', or is `end'\n"
	       "5:1 a line begins with `listener', or is `end'\n"
	       "6:1 the last line `end' is missing: the file was cut short\n");
}

static void test_tolerant(void **state)
{
	static const char text[] = HEAD "# note\n\n" "listener  options=-  user=0 exe=/a scope=all "
		"container=- unit=- proc=a address=* port=1 proto=tcp netns=host\r\n"
		WHERE WHO HOW "\n" TAIL "\n# nothing more\n";
	struct buf b = { .data = (char *)text, .len = sizeof(text) - 1 };
	struct baseline *base;

	(void)state;
	base = load(&b);
	baseline_free(base);
}

static void test_cut(void **state)
{
	struct buf text = save(WAS(NGINX(), REDIS()));
	struct baseline *b = NULL;
	size_t len;

	(void)state;
	for (len = 0; len + 1 < text.len; len++)
		assert_int_equal(baseline_new(text.data, len, NULL, NULL, &b), -EBADMSG);
	buf_release(&text);
}

/* ---- judging --------------------------------------------------------------------- */

static void test_same(void **state)
{
	(void)state;
	judged(WAS(NGINX(), REDIS()), WAS(REDIS(.pid = 70), NGINX(.pid = 80)), true, "");
	judged(WAS(NGINX(.automatic = true, .port = 40000)),
	       WAS(NGINX(.automatic = true, .port = 50000)), true, "");
	judged(WAS(NGINX(.container = "0123456789ab", .runtime = "docker", .ns = 2)),
	       WAS(NGINX(.container = "ba9876543210", .runtime = "docker", .ns = 3)), true, "");
}

static void test_added(void **state)
{
	(void)state;
	judged(WAS(NGINX()), WAS(NGINX(), REDIS()), true,
	       "medium baseline-added | tcp 127.0.0.1:6379 redis[9] | not in the baseline\n");
	judged(WAS(REDIS()), WAS(NGINX(), REDIS()), true,
	       "high baseline-added | tcp 0.0.0.0:443 nginx[7] | not in the baseline, and "
	       "reachable from outside\n");
	/* A service of two addresses is one finding, unless one was there before. */
	judged(WAS(REDIS()), WAS(NGINX(), NGINX(.ip = "::", .v6only = true), REDIS()), true,
	       "high baseline-added | tcp 0.0.0.0:443 nginx[7] | not in the baseline, and "
	       "reachable from outside\n");
	judged(WAS(NGINX()), WAS(NGINX(), NGINX(.ip = "::1")), true,
	       "medium baseline-added | tcp [::1]:443 nginx[7] | not in the baseline\n");
	/* Beside the trusted one, on its port. */
	judged(WAS(NGINX()), WAS(NGINX(), NGINX(.exe = "/tmp/nginx", .uid = 1000, .pid = 8)),
	       true, "high baseline-added | tcp 0.0.0.0:443 nginx[8] | not in the baseline, and "
	       "reachable from outside\n");
}

static void test_removed(void **state)
{
	(void)state;
	judged(WAS(NGINX(), REDIS()), WAS(NGINX()), true,
	       "low baseline-removed | tcp 127.0.0.1:6379 redis | listened when the baseline "
	       "was saved (line 4), and does not now\n");
	judged(WAS(NGINX(), REDIS()), WAS(NGINX()), false, "");
	judged(WAS(NGINX(.ns = 1), REDIS()), WAS(REDIS()), true,
	       "low baseline-removed | tcp 0.0.0.0:443 nginx in name:red blue | listened when "
	       "the baseline was saved (line 4), and does not now\n");
}

static void test_changed(void **state)
{
	(void)state;
	judged(WAS(NGINX()), WAS(NGINX(.exe = "/tmp/nginx", .uid = 1000)), true,
	       "medium baseline-changed | tcp 0.0.0.0:443 nginx[7] | program was "
	       "/usr/sbin/nginx, is /tmp/nginx; user was 0, is 1000\n");
	judged(WAS(REDIS()), WAS(REDIS(.ip = "0.0.0.0")), true,
	       "medium baseline-changed | tcp 0.0.0.0:6379 redis[9] | scope was local, is all; "
	       "address was 127.0.0.1, is 0.0.0.0\n");
	judged(WAS(NGINX()), WAS(NGINX(.unit = NULL)), true,
	       "medium baseline-changed | tcp 0.0.0.0:443 nginx[7] | unit was nginx.service, is "
	       "none\n");
	judged(WAS(NGINX(.ip = "::", .v6only = true)), WAS(NGINX(.ip = "::")), true,
	       "medium baseline-changed | tcp *:443 nginx[7] | address was ::, is *; options was "
	       "v6only, is none\n");
	judged(WAS(NGINX()), WAS(NGINX(.pid = 0, .why = LSSOCK_WHY_IO_URING)), true,
	       "medium baseline-changed | tcp 0.0.0.0:443 io_uring | program was "
	       "/usr/sbin/nginx, is none; unit was nginx.service, is none; what holds it "
	       "instead was none, is io_uring\n");
	/* The same on both addresses is said once; the like go together. */
	judged(WAS(NGINX(), NGINX(.ip = "::", .v6only = true)),
	       WAS(NGINX(.uid = 33), NGINX(.ip = "::", .v6only = true, .uid = 33)), true,
	       "medium baseline-changed | tcp 0.0.0.0:443 nginx[7] | user was 0, is 33\n");
	judged(WAS(NGINX(.ip = "10.0.0.1"), NGINX(.ip = "10.0.0.2", .exe = "/bin/b", .pid = 8)),
	       WAS(NGINX(.ip = "10.0.0.3", .exe = "/bin/b", .pid = 8),
		   NGINX(.ip = "10.0.0.1", .uid = 5)),
	       true, "medium baseline-changed | tcp 10.0.0.1:443 nginx[7] | user was 0, is 5\n"
	       "medium baseline-changed | tcp 10.0.0.3:443 nginx[8] | address was 10.0.0.2, is "
	       "10.0.0.3\n");
	/* Ports that the kernel chose are no place of their own. */
	judged(WAS(NGINX(.automatic = true)), WAS(REDIS(.automatic = true)), true,
	       "medium baseline-added | tcp 127.0.0.1:6379 redis[9] | not in the baseline\n"
	       "low baseline-removed | tcp 0.0.0.0:auto nginx | listened when the baseline was "
	       "saved (line 3), and does not now\n");
	/* A name is not what runs. */
	judged(WAS(NGINX()), WAS(NGINX(.comm = "other")), true, "");
	judged(WAS(NGINX()), WAS(REDIS(.port = 443, .ip = "0.0.0.0", .comm = "nginx", .uid = 0,
				       .unit = "nginx.service")), true,
	       "medium baseline-changed | tcp 0.0.0.0:443 nginx[9] | program was "
	       "/usr/sbin/nginx, is /usr/bin/redis\n");
}

static void test_unknown(void **state)
{
	static const char not_now[] = "? tcp 0.0.0.0:443 ?: program, user, unit, container cannot "
		"be compared with the baseline: not known now\n";

	(void)state;
	judged(WAS(NGINX()), WAS(NGINX(.pid = 0, .why = LSSOCK_WHY_NO_PERMISSION)), true, not_now);
	judged(WAS(NGINX(.ip = "10.0.0.1")),
	       WAS(NGINX(.pid = 0, .why = LSSOCK_WHY_VANISHED)), true,
	       "medium baseline-changed | tcp 0.0.0.0:443 vanished | scope was lan, is all; "
	       "address was 10.0.0.1, is 0.0.0.0\n"
	       "? tcp 0.0.0.0:443 ?: program, user, unit, container cannot be compared with the "
	       "baseline: not known now\n");
	judged(WAS(NGINX(.pid = 0, .why = LSSOCK_WHY_NO_PERMISSION)), WAS(NGINX()), true,
	       "? tcp 0.0.0.0:443 nginx: program, user, unit, container cannot be compared: the "
	       "baseline does not know\n");
	judged(WAS(NGINX()), WAS(NGINX(.no_exe = true)), true,
	       "? tcp 0.0.0.0:443 nginx: program cannot be compared with the baseline: not known "
	       "now\n");
	judged(WAS(NGINX()), WAS(NGINX(.no_exe = true, .comm = "evil")), true,
	       "medium baseline-changed | tcp 0.0.0.0:443 evil[7] | program was nginx, is evil\n"
	       "? tcp 0.0.0.0:443 evil: program cannot be compared with the baseline: not known "
	       "now\n");
}

/* Gone is only what would have been seen. */
static void test_not_seen(void **state)
{
	static const struct { uint16_t kind; const char *what; bool hides; } notes[] = {
		{ LSSOCK_NOTE_NETNS_REFUSED, "blue", true }, { LSSOCK_NOTE_DUMP_FAILED, "tcp", true },
		{ LSSOCK_NOTE_UNLISTABLE, "sctp", false }, { LSSOCK_NOTE_VANISHED_PROC, NULL, false },
		{ LSSOCK_NOTE_NOT_RECORDED, "owners", false }, { LSSOCK_NOTE_FORGEABLE, NULL, false },
	};
	const struct listener was[] = { NGINX() }, is[] = { REDIS() };
	struct buf text = save(was, 1);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		struct lssock_report *r = report_of(is, 1, 1);
		struct baseline *b = load(&text);
		struct lssock_note n = { .kind = notes[i].kind, .count = 1 };

		n.what = string(r->snap, notes[i].what);
		*vec_push(&r->snap->notes) = n;
		baseline_judge(b, r);
		assert_int_equal(report_end(r), 0);
		assert_int_equal(lssock_findings(r), notes[i].hides ? 1 : 2);
		assert_int_equal(lssock_unjudged(r), notes[i].hides);
		baseline_free(b);
		lssock_report_free(r);
	}
	buf_release(&text);
}

/* ---- what the kernel passes on --------------------------------------------------- */

static void test_nat(void **state)
{
	struct lssock_nat nat = { .proto = LSSOCK_TCP, .port_lo = 8080, .port_hi = 8080,
				  .to_lo = 80, .to_hi = 80, .to_family = AF_INET,
				  .to = { 172, 17, 0, 2 } };
	uint32_t turn;
	struct buf text = { 0 };

	(void)state;
	for (turn = 0; turn < 3; turn++) {
		struct lssock_report *r = mem_alloc(sizeof(*r));
		struct baseline *b;

		r->snap = watched_new();
		r->all = true;
		add_spaces(r->snap);
		nat.to[3]++;		/* the container was made anew */
		nat.to_lo += turn == 2;
		*vec_push(&r->snap->nats) = nat;
		assert_int_equal(snap_seal(r->snap), 0);
		services_make(r, NULL, 0);
		if (!turn) {
			assert_int_equal(lssock_baseline_write(r, into, &text), 0);
			assert_non_null(strstr(buf_cstr(&text), "port=8080 address="));
		}
		b = load(&text);
		baseline_judge(b, r);
		assert_int_equal(report_end(r), 0);
		assert_int_equal(lssock_findings(r), turn == 2);
		baseline_free(b);
		lssock_report_free(r);
	}
	buf_release(&text);
}

/* ---- out of memory --------------------------------------------------------------- */

static void test_memory(void **state)
{
	const struct listener was[] = { NGINX(), REDIS() },
		is[] = { NGINX(.uid = 5), REDIS(.port = 1) };
	struct buf text = save(was, 2);
	struct baseline *b = NULL;
	uint64_t n;
	int r = -ENOMEM;

	(void)state;
	for (n = 1; r == -ENOMEM; n++) {
		mem_fail_at(n);
		r = baseline_new(text.data, text.len, NULL, NULL, &b);
		mem_fail_at(0);
		assert_true(r == 0 || r == -ENOMEM);
	}
	assert_int_equal(r, 0);
	for (n = 1, r = -ENOMEM; r == -ENOMEM; n++) {
		struct lssock_report *report = report_of(is, 2, 1);
		uint64_t failures = mem_failures();
		struct buf out = { 0 };

		mem_fail_at(n);
		baseline_judge(b, report);
		r = lssock_baseline_write(report, into, &out);
		if (report_end(report) || mem_failures() != failures)
			r = -ENOMEM;
		mem_fail_at(0);
		buf_release(&out);
		lssock_report_free(report);
	}
	assert_int_equal(r, 0);
	baseline_free(b);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_lasting),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_tolerant),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_added),
		cmocka_unit_test(test_removed),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_not_seen),
		cmocka_unit_test(test_nat),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
