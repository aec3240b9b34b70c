/* SPDX-License-Identifier: MIT */
/* Which listeners are one service, what its addresses are called, in which order. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "audit/audit.h"
#include "watched.h"

struct listener {
	const char *ip;			/* NULL: a unix socket */
	uint16_t port;
	const char *exe, *unit, *container;
	uint32_t uid;
	int32_t pid;			/* 0: nobody */
	bool v6only;
	uint8_t proto;			/* 0: TCP */
	uint16_t ns;
	const char *path;
};

static void own(struct lssock_snap *s, uint32_t inode, const struct listener *l)
{
	struct lssock_proc p = { .pid = l->pid, .start_ns = (uint64_t)l->pid, .uid = l->uid };
	struct lssock_owner o = { .fd = 3 };

	p.exe = snap_string(s, l->exe, strlen(l->exe));
	p.comm = p.exe;
	if (l->unit)
		p.unit = snap_string(s, l->unit, strlen(l->unit));
	if (l->container)
		p.container = snap_string(s, l->container, strlen(l->container));
	o.proc = snap_proc(s, &p);
	assert_true(o.proc);
	assert_int_equal(snap_owner(s, inode, &o), 0);
}

static void add(struct lssock_snap *s, const struct listener *l)
{
	uint8_t proto = l->path ? LSSOCK_UNIX : l->proto ? l->proto : LSSOCK_TCP;
	struct lssock_sock k = watched_sock(proto, proto == LSSOCK_UDP ? LSSOCK_UNCONNECTED :
					    LSSOCK_LISTEN);
	uint32_t row;

	memset(&k.remote, 0, sizeof(k.remote));
	memset(&k.local, 0, sizeof(k.local));
	k.lport = l->port;
	k.rport = 0;
	k.ns = l->ns;
	k.uid = l->uid;
	k.flags |= LSSOCK_F_UID;
	if (l->path) {
		k.family = AF_UNIX;
		k.name = snap_string(s, l->path, strlen(l->path));
	} else {
		k.family = strchr(l->ip, ':') ? AF_INET6 : AF_INET;
		k.flags |= LSSOCK_F_V6ONLY_KNOWN | (l->v6only ? LSSOCK_F_V6ONLY : 0);
		assert_int_equal(inet_pton(k.family, l->ip, k.local.ip), 1);
	}
	row = snap_add(s, &k, NULL, 0, NULL);
	if (l->pid) {
		own(s, k.inode, l);
		s->socks.v[row].owner = snap_owner_of(s, k.inode);
	} else {
		s->socks.v[row].why = LSSOCK_WHY_KERNEL;
	}
}

/* The services as "PORT ADDRESS SOCKETS/PROCESSES", joined by newlines. */
static void folds(const struct listener *l, uint32_t n, const char *want)
{
	struct lssock_report r = { .snap = watched_new() };
	struct buf got = { 0 };
	uint32_t rows[16], i;

	*vec_push(&r.snap->ns) = (struct lssock_ns){ .ino = 78 };
	for (i = 0; i < n; i++) {
		add(r.snap, &l[i]);
		rows[i] = i;
	}
	snap_sort_owners(r.snap);
	assert_int_equal(snap_seal(r.snap), 0);
	services_make(&r, rows, n);
	assert_false(r.failed);
	assert_int_equal(r.rows.n, n);
	for (i = 0; i < r.services.n; i++) {
		const struct lssock_service *v = &r.services.v[i];

		buf_u64(&got, v->port);
		buf_putc(&got, ' ');
		service_address(&r, v, &got);
		buf_printf(&got, " %u/%u\n", v->n, v->nprocs);
	}
	assert_string_equal(buf_cstr(&got), want);
	buf_release(&got);
	vec_release(&r.rows);
	vec_release(&r.services);
	vec_release(&r.findings);
	vec_release(&r.unjudged);
	buf_release(&r.text);
	lssock_snap_free(r.snap);
}
#define FOLDS(want, ...) do { \
	const struct listener l_[] = { __VA_ARGS__ }; \
	folds(l_, sizeof(l_) / sizeof(*l_), want); \
} while (0)
#pragma GCC diagnostic ignored "-Woverride-init"	/* what is written last counts */
#define NGINX(...) { .port = 80, .exe = "/usr/sbin/nginx", .uid = 33, .pid = 7, __VA_ARGS__ }

static void test_families(void **state)
{
	(void)state;
	FOLDS("80 * (v4+v6) 2/1\n", NGINX(.ip = "0.0.0.0"), NGINX(.ip = "::", .v6only = true));
	FOLDS("80 * (v4+v6) 1/1\n", NGINX(.ip = "::"));
	FOLDS("80 * (v6) 1/1\n", NGINX(.ip = "::", .v6only = true));
	FOLDS("80 * (v4) 1/1\n", NGINX(.ip = "0.0.0.0"));
	FOLDS("80 127.0.0.1, ::1 2/1\n", NGINX(.ip = "127.0.0.1"), NGINX(.ip = "::1"));
	FOLDS("80 * (v4), ::1 2/1\n", NGINX(.ip = "::1"), NGINX(.ip = "0.0.0.0"));
}

static void test_shared_port(void **state)
{
	(void)state;
	/* Workers with a socket each are one service, and its address is said once. */
	FOLDS("80 10.0.0.5, 10.0.0.51 3/2\n", NGINX(.ip = "10.0.0.5"),
	      NGINX(.ip = "10.0.0.51"), NGINX(.ip = "10.0.0.5", .pid = 8));
	/* What differs in who it is, is never folded. */
	FOLDS("80 * (v4) 1/1\n80 * (v4) 1/1\n", NGINX(.ip = "0.0.0.0"),
	      NGINX(.ip = "0.0.0.0", .uid = 1000, .pid = 8));
	FOLDS("80 * (v4) 1/1\n80 * (v4) 1/1\n", NGINX(.ip = "0.0.0.0"),
	      NGINX(.ip = "0.0.0.0", .exe = "/tmp/nginx", .pid = 8));
	FOLDS("80 * (v4) 1/1\n80 * (v4) 1/1\n", NGINX(.ip = "0.0.0.0"),
	      NGINX(.ip = "0.0.0.0", .unit = "x.service", .pid = 8));
	FOLDS("80 * (v4) 1/1\n80 * (v4) 1/1\n", NGINX(.ip = "0.0.0.0", .container = "aa"),
	      NGINX(.ip = "0.0.0.0", .container = "bb", .pid = 8));
	FOLDS("80 * (v4) 1/1\n80 * (v4) 1/1\n", NGINX(.ip = "0.0.0.0"),
	      NGINX(.ip = "0.0.0.0", .ns = 1, .pid = 8));
	FOLDS("80 * (v4) 1/1\n80 * (v4) 1/1\n", NGINX(.ip = "0.0.0.0"),
	      NGINX(.ip = "0.0.0.0", .proto = LSSOCK_UDP, .pid = 8));
	FOLDS("80 * (v4) 1/1\n80 * (v4) 1/0\n", NGINX(.ip = "0.0.0.0"),
	      NGINX(.ip = "0.0.0.0", .pid = 0));
	/* Nor are parts of one name the parts of another. */
	FOLDS("80 * (v4) 1/1\n80 * (v4) 1/1\n",
	      NGINX(.ip = "0.0.0.0", .unit = "ab", .container = "c"),
	      NGINX(.ip = "0.0.0.0", .unit = "a", .container = "bc", .pid = 8));
}

static void test_order(void **state)
{
	(void)state;
	FOLDS("443 * (v4) 1/1\n22 10.0.0.5 1/1\n5432 127.0.0.1 1/1\n0 /run/a 1/1\n0 /run/b 1/1\n",
	      NGINX(.path = "/run/b", .port = 0), NGINX(.ip = "127.0.0.1", .port = 5432),
	      NGINX(.path = "/run/a", .port = 0), NGINX(.ip = "10.0.0.5", .port = 22),
	      NGINX(.ip = "0.0.0.0", .port = 443));
}

/* systemd keeps the socket beside the service that it started: the service serves. */
static void test_server(void **state)
{
	struct lssock_report r = { .snap = watched_new() };
	const struct listener init = NGINX(.ip = "0.0.0.0", .pid = 1, .uid = 0),
			      nginx = NGINX(.ip = "0.0.0.0", .pid = 7);
	const uint32_t row = 0;

	(void)state;
	add(r.snap, &init);
	own(r.snap, r.snap->socks.v[0].inode, &nginx);
	snap_sort_owners(r.snap);
	r.snap->socks.v[0].owner = snap_owner_of(r.snap, r.snap->socks.v[0].inode);
	assert_int_equal(snap_seal(r.snap), 0);
	services_make(&r, &row, 1);
	assert_int_equal(r.services.v[0].nprocs, 2);
	assert_int_equal(r.snap->procs.v[r.snap->owners.v[r.services.v[0].owner].proc].pid, 7);
	vec_release(&r.rows);
	vec_release(&r.services);
	lssock_snap_free(r.snap);
}

/* What the kernel passes on stands among the services, told apart. */
static void test_nat(void **state)
{
	struct lssock_report r = { .snap = watched_new() };
	struct lssock_nat nat = { .proto = LSSOCK_TCP, .family = AF_INET, .port_lo = 8080,
				  .port_hi = 8080, .to_family = AF_INET, .to = { 172, 17, 0, 4 },
				  .to_lo = 80 };
	struct buf b = { 0 };

	(void)state;
	*vec_push(&r.snap->nats) = nat;
	assert_int_equal(snap_seal(r.snap), 0);
	services_make(&r, NULL, 0);
	assert_int_equal(r.services.n, 1);
	assert_int_equal(r.services.v[0].n, 0);
	assert_int_equal(r.services.v[0].nat, 0);
	service_address(&r, &r.services.v[0], &b);
	assert_string_equal(buf_cstr(&b), "* (v4)");
	buf_release(&b);
	vec_release(&r.rows);
	vec_release(&r.services);
	lssock_snap_free(r.snap);
}

/* Sentences are those of their findings, sorted, in whatever order they were made. */
static void test_sentences(void **state)
{
	struct lssock_report r = { .snap = watched_new() };
	const struct listener nginx = NGINX(.ip = "0.0.0.0");
	const uint32_t row = 0;
	char text[64];

	(void)state;
	add(r.snap, &nginx);
	assert_int_equal(snap_seal(r.snap), 0);
	services_make(&r, &row, 1);
	report_find(&r, "b", LSSOCK_LOW, 0, LSSOCK_NONE);
	buf_puts(&r.text, "low\033");
	report_unjudged(&r);
	buf_puts(&r.text, "nobody knows");
	report_find(&r, "a", LSSOCK_HIGH, LSSOCK_NONE, LSSOCK_NONE);
	buf_puts(&r.text, "what");
	report_about_end(&r);
	buf_puts(&r.text, "high");
	assert_int_equal(report_end(&r), 0);
	assert_int_equal(lssock_findings(&r), 2);
	assert_string_equal(lssock_finding(&r, 0)->code, "a");
	lssock_finding_about(&r, 0, text, sizeof(text));
	assert_string_equal(text, "what");
	lssock_finding_text(&r, 0, text, sizeof(text));
	assert_string_equal(text, "high");
	lssock_finding_about(&r, 1, text, sizeof(text));
	assert_string_equal(text, "tcp 0.0.0.0:80 /usr/sbin/nginx[7]");
	lssock_finding_text(&r, 1, text, sizeof(text));
	assert_string_equal(text, "low\\x1b");
	assert_int_equal(lssock_unjudged(&r), 1);
	lssock_unjudged_text(&r, 0, text, sizeof(text));
	assert_string_equal(text, "nobody knows");
	assert_false(lssock_report_complete(&r));
	vec_release(&r.rows);
	vec_release(&r.services);
	vec_release(&r.findings);
	vec_release(&r.unjudged);
	buf_release(&r.text);
	lssock_snap_free(r.snap);
}

static void test_memory(void **state)
{
	const struct listener l[] = { NGINX(.ip = "0.0.0.0"), NGINX(.ip = "::1", .port = 81) };
	const uint32_t rows[] = { 0, 1 };
	uint64_t at;

	(void)state;
	for (at = 1; at; at++) {
		struct lssock_report r = { .snap = watched_new() };

		add(r.snap, &l[0]);
		add(r.snap, &l[1]);
		assert_int_equal(snap_seal(r.snap), 0);
		mem_fail_at(at);
		services_make(&r, rows, 2);
		mem_fail_at(0);
		if (!r.failed) {
			assert_int_equal(r.services.n, 2);
			at = UINT64_MAX;
		}
		vec_release(&r.rows);
		vec_release(&r.services);
		lssock_snap_free(r.snap);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_families), cmocka_unit_test(test_shared_port),
		cmocka_unit_test(test_order), cmocka_unit_test(test_server),
		cmocka_unit_test(test_nat), cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
