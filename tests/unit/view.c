/* SPDX-License-Identifier: MIT */
/* Views: which rows, in what order, which owners; groups; the made sheets. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "model/link.h"
#include "query/plan.h"

/* ---- a small machine ---------------------------------------------------------- */

static uint32_t add_proc(struct lssock_snap *s, int32_t pid, const char *comm)
{
	struct lssock_proc p = { .pid = pid, .start_ns = (uint64_t)pid, .ns = 0xffff,
				 .nofile = 1024, .nfds = 10 };

	p.comm = snap_string(s, comm, strlen(comm));
	return snap_proc(s, &p);
}

static void own(struct lssock_snap *s, uint32_t inode, uint32_t proc, int fd)
{
	struct lssock_owner o = { .proc = proc, .fd = fd };

	assert_int_equal(snap_owner(s, inode, &o), 0);
}

static uint32_t add(struct lssock_snap *s, uint8_t state, const char *ip, uint16_t lport,
		    uint16_t rport, uint32_t inode)
{
	struct lssock_sock k = {
		.proto = LSSOCK_TCP, .family = AF_INET, .state = state, .inode = inode,
		.cookie = s->socks.n + 100, .lport = lport, .rport = rport,
		.flags = LSSOCK_F_STATE, .peer = LSSOCK_NONE, .via = LSSOCK_NONE,
	};

	assert_int_equal(inet_pton(AF_INET, ip, k.local.ip), 1);
	if (rport)
		assert_int_equal(inet_pton(AF_INET, "10.0.0.99", k.remote.ip), 1);
	return snap_add(s, &k, NULL, 0, NULL);
}

/* Rows: 0 curl, 1 nginx (3 processes), 2 sshd's connection, 3 sshd, 4 time-wait,
 * 5 an orphan. */
static struct lssock_snap *machine(void)
{
	struct lssock_snap *s = snap_new();
	uint32_t nginx, worker, row;

	assert_non_null(s);
	if (!s->ns.n)
		assert_non_null(vec_push(&s->ns));
	s->ns.v[0] = (struct lssock_ns){ .ino = 77, .flags = LSSOCK_NS_OWN | LSSOCK_NS_ASKED,
					 .port_lo = 32768, .port_hi = 60999, .nprocs = 5,
					 .time_wait = LSSOCK_NONE };
	s->meta.owners_asked = true;
	add(s, LSSOCK_ESTABLISHED, "10.0.0.5", 60123, 443, 1);
	add(s, LSSOCK_LISTEN, "0.0.0.0", 443, 0, 2);
	add(s, LSSOCK_ESTABLISHED, "10.0.0.5", 22, 51022, 3);
	add(s, LSSOCK_LISTEN, "0.0.0.0", 22, 0, 4);
	row = add(s, LSSOCK_TIME_WAIT, "10.0.0.5", 60124, 443, 0);
	s->socks.v[row].why = LSSOCK_WHY_TIME_WAIT;
	row = add(s, LSSOCK_CLOSE_WAIT, "10.0.0.5", 60125, 443, 0);
	s->socks.v[row].why = LSSOCK_WHY_ORPHAN;
	own(s, 1, add_proc(s, 9981, "curl"), 5);
	nginx = add_proc(s, 1230, "nginx");
	worker = add_proc(s, 1234, "nginx");
	own(s, 2, nginx, 6);
	own(s, 2, worker, 6);
	own(s, 2, add_proc(s, 1235, "php"), 7);
	own(s, 3, add_proc(s, 1500, "sshd"), 4);
	own(s, 4, add_proc(s, 812, "sshd"), 3);
	assert_int_equal(link_owners(s), 0);
	s->meta.complete = true;
	assert_int_equal(snap_seal(s), 0);
	return s;
}

struct asked {
	struct lssock_snap *snap;
	struct lssock_query *query;
	struct lssock_view *view;
	struct lssock_sheet *sheet;
	const uint32_t *rows;
	uint32_t n;
};

static struct asked ask(const struct lssock_question *q)
{
	struct lssock_question full = *q;
	struct asked a = { .snap = machine() };
	struct lssock_err err = { 0 };

	full.size = sizeof(full);
	if (lssock_query_new(&full, &a.query, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(lssock_view_new(a.snap, a.query, &a.view, &err), 0);
	a.rows = lssock_view_rows(a.view, &a.n);
	assert_int_equal(lssock_view_sheet(a.view, &a.sheet), 0);
	return a;
}

static void done(struct asked *a)
{
	lssock_sheet_free(a->sheet);
	lssock_view_free(a->view);
	lssock_query_free(a->query);
	lssock_snap_free(a->snap);
}

static void are(const struct asked *a, uint32_t n, const uint32_t *want)
{
	uint32_t i;

	assert_int_equal(a->n, n);
	for (i = 0; i < n; i++)
		assert_int_equal(a->rows[i], want[i]);
}

static void cell(const struct lssock_sheet *t, uint32_t row, uint32_t sub, const char *name,
		 char text[64])
{
	struct lssock_value v;
	uint32_t col;

	for (col = 0; col < t->n_columns; col++)
		if (!strcmp(t->columns[col].name, name))
			break;
	assert_true(col < t->n_columns && row < t->n_rows);
	memset(&v, 0xaa, sizeof(v));
	t->cell(t, row, sub, col, &v);
	lssock_value_text(&v, text, 64);
}

static void says(const struct lssock_sheet *t, uint32_t row, uint32_t sub, const char *name,
		 const char *want)
{
	char text[64];

	cell(t, row, sub, name, text);
	assert_string_equal(text, want);
}

/* ---- rows ------------------------------------------------------------------------ */

static void test_default_order(void **state)
{
	struct asked a = ask(&(struct lssock_question){ 0 });

	(void)state;
	/* listeners by port, connections by process, those without one last */
	are(&a, 5, (const uint32_t[]){ 3, 1, 0, 2, 5 });
	assert_int_equal(lssock_view_hidden(a.view, LSSOCK_TIME_WAIT), 1);
	assert_int_equal(lssock_view_hidden(a.view, LSSOCK_ESTABLISHED), 0);
	assert_int_equal(lssock_view_hidden(a.view, LSSOCK_N_STATE), 0);
	done(&a);
}

static void test_hidden_follows_filter(void **state)
{
	struct asked a = ask(&(struct lssock_question){ .filter = "lport = 22" });

	(void)state;
	are(&a, 2, (const uint32_t[]){ 3, 2 });
	assert_int_equal(lssock_view_hidden(a.view, LSSOCK_TIME_WAIT), 0);
	done(&a);
}

static void test_sort(void **state)
{
	struct asked a = ask(&(struct lssock_question){ .sort = "-lport",
							.flags = LSSOCK_Q_ALL });

	(void)state;
	are(&a, 6, (const uint32_t[]){ 5, 4, 0, 1, 3, 2 });
	done(&a);
	/* missing ones are last in both directions */
	a = ask(&(struct lssock_question){ .sort = "pid" });
	are(&a, 5, (const uint32_t[]){ 3, 1, 2, 0, 5 });
	done(&a);
	a = ask(&(struct lssock_question){ .sort = "-pid" });
	are(&a, 5, (const uint32_t[]){ 0, 2, 1, 3, 5 });
	done(&a);
	a = ask(&(struct lssock_question){ .sort = "state,-lport", .limit = 3 });
	are(&a, 3, (const uint32_t[]){ 5, 0, 2 });
	done(&a);
}

/* Nothing is said of rows whose match cannot be known, but that there are some. */
static void test_unknown(void **state)
{
	struct asked a = ask(&(struct lssock_question){ .filter = "unit:ssh.service" });

	(void)state;
	assert_int_equal(a.n, 0);
	assert_int_equal(lssock_view_unknown(a.view), 4);
	done(&a);
}

/* ---- owners ------------------------------------------------------------------------ */

static void test_matched_owner_first(void **state)
{
	struct asked a = ask(&(struct lssock_question){ .filter = "pid:1235",
							.columns = "proc,pid,fd,process" });
	uint32_t o, matched = 0;

	(void)state;
	are(&a, 1, (const uint32_t[]){ 1 });
	assert_int_equal(a.sheet->subs(a.sheet, 0), 3);
	says(a.sheet, 0, 0, "proc", "php");
	says(a.sheet, 0, 0, "fd", "7");
	says(a.sheet, 0, 1, "proc", "nginx");
	says(a.sheet, 0, 0, "process", "php +2");
	for (o = a.snap->socks.v[1].owner; o; o = a.snap->owners.v[o].next)
		matched += lssock_view_owner_matched(a.view, 1, o);
	assert_int_equal(matched, 1);
	done(&a);
}

static void test_no_owner(void **state)
{
	struct asked a = ask(&(struct lssock_question){ .filter = "state:close_wait",
							.columns = "pid,process,why" });

	(void)state;
	assert_int_equal(a.sheet->subs(a.sheet, 0), 0);
	says(a.sheet, 0, 0, "pid", "-");
	says(a.sheet, 0, 0, "process", "-");
	says(a.sheet, 0, 0, "why", "orphan");
	assert_int_equal(a.sheet->origin(a.sheet, 0), 5);
	done(&a);
}

static void test_nests(void **state)
{
	struct asked a = ask(&(struct lssock_question){ .columns = "lport,rtt" });

	(void)state;
	assert_true(a.sheet->has_nest[LSSOCK_NEST_TCP]);
	assert_false(a.sheet->has_nest[LSSOCK_NEST_OWNER]);
	assert_true(a.sheet->columns[0].right);
	done(&a);
	a = ask(&(struct lssock_question){ .layout = LSSOCK_LAYOUT_RECORD });
	assert_true(a.sheet->has_nest[LSSOCK_NEST_OWNER]);
	assert_true(a.sheet->has_nest[LSSOCK_NEST_PEER]);
	assert_false(a.sheet->has_nest[LSSOCK_NEST_MEM]);
	done(&a);
}

/* A sheet outlives its view. */
static void test_sheet_holds(void **state)
{
	struct asked a = ask(&(struct lssock_question){ .columns = "lport,proc" });

	(void)state;
	lssock_view_free(a.view);
	lssock_snap_free(a.snap);
	a.view = NULL;
	a.snap = NULL;
	assert_int_equal(lssock_sheet_rows(a.sheet), 5);
	says(a.sheet, 0, 0, "lport", "22");
	says(a.sheet, 0, 0, "proc", "sshd");
	done(&a);
}

/* ---- groups ------------------------------------------------------------------------- */

static void test_groups(void **state)
{
	struct asked a = ask(&(struct lssock_question){ .group_by = "proc" });

	(void)state;
	assert_int_equal(a.sheet->kind, SHEET_GROUPS);
	assert_null(a.sheet->subs);
	/* sshd 2, curl 1, nginx 1 (once for two processes), php 1, none 1 */
	assert_int_equal(a.sheet->n_rows, 5);
	says(a.sheet, 0, 0, "proc", "sshd");
	says(a.sheet, 0, 0, "sockets", "2");
	says(a.sheet, 0, 0, "listen", "1");
	says(a.sheet, 0, 0, "estab", "1");
	says(a.sheet, 1, 0, "proc", "curl");
	says(a.sheet, 2, 0, "proc", "nginx");
	says(a.sheet, 2, 0, "sockets", "1");
	says(a.sheet, 3, 0, "proc", "php");
	says(a.sheet, 4, 0, "proc", "-");
	says(a.sheet, 4, 0, "other", "1");
	done(&a);
	a = ask(&(struct lssock_question){ .group_by = "proc", .filter = "pid:1235" });
	assert_int_equal(a.sheet->n_rows, 1);
	says(a.sheet, 0, 0, "proc", "php");
	done(&a);
	a = ask(&(struct lssock_question){ .group_by = "state,proto", .limit = 2 });
	assert_int_equal(a.sheet->n_rows, 2);
	says(a.sheet, 0, 0, "state", "ESTABLISHED");
	says(a.sheet, 0, 0, "proto", "tcp");
	says(a.sheet, 1, 0, "state", "LISTEN");
	done(&a);
}

/* ---- made sheets ------------------------------------------------------------------------ */

static void has_row(const struct lssock_sheet *t, const char *section, const char *name,
		    const char *want)
{
	char a[64], b[64], c[64];
	uint32_t i;

	for (i = 0; i < t->n_rows; i++) {
		cell(t, i, 0, "section", a);
		cell(t, i, 0, "name", b);
		cell(t, i, 0, "value", c);
		if (!strcmp(a, section) && !strcmp(b, name)) {
			assert_string_equal(c, want);
			return;
		}
	}
	fail_msg("no row %s %s", section, name);
}

static void test_summary(void **state)
{
	struct lssock_snap *s = machine();
	struct lssock_sheet *t;

	(void)state;
	s->files_open = 100;
	s->files_max = 1000;
	assert_int_equal(lssock_summary_sheet(s, &t), 0);
	has_row(t, "sockets", "total", "6");
	has_row(t, "tcp", "LISTEN", "2");
	has_row(t, "tcp", "TIME_WAIT", "1");
	has_row(t, "udp", "total", "0");
	has_row(t, "owners", "owned", "4");
	has_row(t, "owners", "orphan", "1");
	has_row(t, "ports", "range", "28232");
	has_row(t, "ports", "tcp-used", "3");
	has_row(t, "files", "limit", "1000");
	lssock_sheet_free(t);
	lssock_snap_free(s);
}

static void test_netns(void **state)
{
	struct lssock_snap *s = machine();
	struct lssock_ns *red = vec_push(&s->ns);
	struct lssock_iface *i;
	struct lssock_sheet *t;

	(void)state;
	*red = (struct lssock_ns){ .ino = 78, .flags = LSSOCK_NS_REFUSED, .pid = 44,
				   .nprocs = 1, .name = snap_string(s, "red", 3) };
	if (!s->ifaces.n)
		assert_non_null(vec_push(&s->ifaces));
	i = vec_push(&s->ifaces);
	*i = (struct lssock_iface){ .ifindex = 2, .name = snap_string(s, "eth0", 4), .ns = 0,
				    .peer_ifindex = 9, .peer_ns = 1 };
	i = vec_push(&s->ifaces);
	*i = (struct lssock_iface){ .ifindex = 9, .name = snap_string(s, "veth1", 5), .ns = 1,
				    .peer_ns = 0xffff };
	*vec_push(&s->ifaddrs) = (struct lssock_ifaddr){ .iface = (uint16_t)(s->ifaces.n - 2),
							 .family = AF_INET, .prefix = 24,
							 .ip = { 10, 0, 0, 2 } };
	assert_int_equal(lssock_netns_sheet(s, &t), 0);
	assert_int_equal(t->n_rows, 2);
	says(t, 0, 0, "netns", "77");
	says(t, 0, 0, "sockets", "6");
	says(t, 0, 0, "interfaces", "eth0=10.0.0.2/24>veth1@red");
	says(t, 0, 0, "state", "own");
	says(t, 0, 0, "nsname", "-");
	says(t, 1, 0, "nsname", "red");
	says(t, 1, 0, "sockets", "?");		/* not looked at is not 0 */
	says(t, 1, 0, "state", "refused");
	says(t, 1, 0, "interfaces", "veth1");
	lssock_sheet_free(t);
	lssock_snap_free(s);
}

static void test_fields(void **state)
{
	struct lssock_sheet *t;

	(void)state;
	assert_int_equal(lssock_fields_sheet(&t), 0);
	assert_int_equal(t->n_rows, field_count);
	says(t, 0, 0, "name", field_table[0].name);
	lssock_sheet_free(t);
	lssock_sheet_free(NULL);
}

/* Every allocation fails once: -ENOMEM or the whole answer, and nothing leaks. */
static void test_no_memory(void **state)
{
	static const char *const groups[] = { NULL, "proc" };
	struct lssock_snap *s = machine();
	struct lssock_question q = { .size = sizeof(q) };
	struct lssock_query *query;
	struct lssock_view *v;
	struct lssock_sheet *t;
	struct lssock_err err;
	uint64_t n;
	int r, i;

	(void)state;
	for (i = 0; i < 2; i++) {
		q.group_by = groups[i];
		assert_int_equal(lssock_query_new(&q, &query, &err), 0);
		for (n = 1, r = -1; r && n < 1000; n++) {
			v = NULL;
			t = NULL;
			mem_fail_at(n);
			r = lssock_view_new(s, query, &v, &err);
			if (!r)
				r = lssock_view_sheet(v, &t);
			if (!r && i == 0)
				t->subs(t, 1);
			mem_fail_at(0);
			lssock_sheet_free(t);
			lssock_view_free(v);
		}
		assert_int_equal(r, 0);
		lssock_query_free(query);
	}
	for (n = 1, r = -1; r && n < 1000; n++) {
		t = NULL;
		mem_fail_at(n);
		r = lssock_summary_sheet(s, &t);
		if (!r)
			lssock_sheet_free(t);
		t = NULL;
		if (!r)
			r = lssock_netns_sheet(s, &t);
		mem_fail_at(0);
		lssock_sheet_free(t);
	}
	assert_int_equal(r, 0);
	lssock_snap_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default_order),
		cmocka_unit_test(test_hidden_follows_filter),
		cmocka_unit_test(test_sort), cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_matched_owner_first), cmocka_unit_test(test_no_owner),
		cmocka_unit_test(test_nests), cmocka_unit_test(test_sheet_holds),
		cmocka_unit_test(test_groups), cmocka_unit_test(test_summary),
		cmocka_unit_test(test_netns), cmocka_unit_test(test_fields),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
