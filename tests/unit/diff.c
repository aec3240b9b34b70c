/* SPDX-License-Identifier: MIT */
/*
 * Differences between two snapshots: which sockets are the same, what changed, what
 * one side could not have seen; in any order of the rows.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include "query/match.h"
#include "query/rows.h"
#include "watched.h"

/* ---- two machines ---------------------------------------------------------------- */

struct sock {
	uint64_t cookie;		/* 0: none */
	uint8_t proto, state;		/* 0: TCP, LISTEN */
	const char *local;		/* NULL: 10.0.0.5 */
	uint16_t lport, rport;
	const char *path;
	int32_t pid;			/* 0: nobody */
	const char *comm;
	uint64_t start;
	uint32_t uid, limit;
	uint64_t sent, received;	/* tcp_info */
	uint16_t ns;
	bool by_fd, is_new_inode;
};

static const uint64_t boot = 5000 * SEC;
static const char host[] = "web1";

struct side { struct lssock_snap *s; struct lssock_view *v; };
static uint32_t inode_of(const struct sock *k) { return k->cookie ? (uint32_t)k->cookie : 900; }

static void own(struct lssock_snap *s, uint32_t inode, const struct sock *k)
{
	struct lssock_proc p = { .pid = k->pid, .start_ns = k->start + 1, .uid = k->uid };
	struct lssock_owner o = { .fd = 3 };

	p.comm = snap_string(s, k->comm, strlen(k->comm));
	o.proc = snap_proc(s, &p);
	if (o.proc)
		snap_owner(s, inode, &o);
}

static void add(struct lssock_snap *s, const struct sock *from)
{
	struct lssock_sock k = watched_sock(from->proto ? from->proto : LSSOCK_TCP,
					    from->state ? from->state : LSSOCK_LISTEN);
	struct tcp info = { .len = sizeof(info.b) };
	struct buf attrs = { 0 };
	uint32_t row;

	k.cookie = from->cookie;
	k.inode = from->state == LSSOCK_TIME_WAIT ? 0 : inode_of(from);
	k.ns = from->ns;
	k.lport = from->lport;
	k.rport = from->rport;
	k.uid = from->uid;
	k.wqueue = from->limit;
	k.flags |= LSSOCK_F_UID | (from->by_fd ? LSSOCK_SRC_FD : 0);
	if (from->local)
		assert_int_equal(inet_pton(AF_INET, from->local, k.local.ip), 1);
	if (from->path) {
		memset(&k.local, 0, sizeof(k.local));
		k.proto = LSSOCK_UNIX;
		k.family = AF_UNIX;
		k.name = snap_string(s, from->path, strlen(from->path));
	}
	if (!from->rport)
		memset(&k.remote, 0, sizeof(k.remote));
	memcpy(info.b + 200, &from->sent, 8);		/* tcpi_bytes_sent */
	memcpy(info.b + 128, &from->received, 8);	/* tcpi_bytes_received */
	watched_attr(&attrs, INET_DIAG_INFO, info.b, info.len);
	row = snap_add(s, &k, from->path ? NULL : attrs.data, from->path ? 0 :
		       (uint32_t)attrs.len, NULL);
	buf_release(&attrs);
	if (row == LSSOCK_NONE)
		return;
	if (from->pid)
		own(s, k.inode, from);
	s->socks.v[row].owner = k.inode ? snap_owner_of(s, k.inode) : 0;
	s->socks.v[row].why = from->pid ? 0 : from->state == LSSOCK_TIME_WAIT ?
			      LSSOCK_WHY_TIME_WAIT : LSSOCK_WHY_UNKNOWN;
}

static struct lssock_snap *machine(const struct sock *k, uint32_t n, bool backwards)
{
	struct lssock_snap *s = watched_new();
	uint32_t i;

	s->ns.v[0].flags = LSSOCK_NS_OWN | LSSOCK_NS_HOST | LSSOCK_NS_ASKED;
	*vec_push(&s->ns) = (struct lssock_ns){ .ino = 78, .flags = LSSOCK_NS_ASKED };
	s->ns.v[1].name = snap_string(s, "blue", 4);
	s->meta.host = snap_string(s, host, sizeof(host) - 1);
	s->meta.boot_ns = boot;
	s->meta.n_ns = 2;
	s->meta.complete = true;
	for (i = 0; i < n; i++)
		add(s, &k[backwards ? n - 1 - i : i]);
	return s;
}

static struct lssock_query *query(const char *filter, uint32_t flags)
{
	struct lssock_question q = { .size = sizeof(q), .filter = filter, .flags = flags,
				     .layout = LSSOCK_LAYOUT_RECORD, .netns = "all",
				     .protos = LSSOCK_PROTOS_ALL };
	struct lssock_err err = { 0 };
	struct lssock_query *ret;

	if (lssock_query_new(&q, &ret, &err))
		fail_msg("%s", err.msg);
	return ret;
}

static void cell(const struct lssock_sheet *sheet, uint32_t row, const char *name, struct buf *b)
{
	struct lssock_value v = { .kind = LSSOCK_V_NA };
	char text[256];
	uint32_t i;

	for (i = 0; i < sheet->n_columns && strcmp(sheet->columns[i].name, name); i++)
		;
	assert_true(i < sheet->n_columns);
	sheet->cell(sheet, row, 0, i, &v);
	lssock_value_text(&v, text, sizeof(text));
	buf_puts(b, text);
}

/* Lines "CHANGE LOCAL PROC WHAT", then the counts. */
static struct buf told(const struct lssock_sheet *sheet)
{
	struct lssock_diff_info info;
	struct buf b = { 0 };
	uint32_t row;

	for (row = 0; row < sheet->n_rows; row++) {
		cell(sheet, row, "change", &b);
		buf_putc(&b, ' ');
		cell(sheet, row, "local", &b);
		buf_putc(&b, ' ');
		cell(sheet, row, "proc", &b);
		buf_puts(&b, ": ");
		cell(sheet, row, "what", &b);
		buf_putc(&b, '\n');
	}
	assert_int_equal(lssock_diff_info(sheet, &info), 0);
	assert_int_equal(info.gone + info.fresh + info.changed, sheet->n_rows);
	buf_printf(&b, "%u %u %u of %u, %u", info.gone, info.fresh, info.changed,
		   info.gone + info.fresh + info.changed + info.same, info.unjudged);
	return b;
}

struct world {
	struct lssock_snap *old, *now;
	const char *filter;
	uint32_t flags;
};

static void compare(struct world *w, const char *want)
{
	struct lssock_query *q = query(w->filter, w->flags);
	struct lssock_view *old, *now;
	struct lssock_sheet *sheet;
	struct buf got;

	assert_int_equal(snap_seal(w->old), 0);
	assert_int_equal(snap_seal(w->now), 0);
	assert_int_equal(lssock_view_new(w->old, q, &old, NULL), 0);
	assert_int_equal(lssock_view_new(w->now, q, &now, NULL), 0);
	assert_int_equal(lssock_diff_sheet(old, now, &sheet), 0);
	lssock_view_free(old);
	lssock_view_free(now);
	lssock_snap_free(w->old);
	lssock_snap_free(w->now);
	got = told(sheet);
	assert_string_equal(buf_cstr(&got), want);
	buf_release(&got);
	lssock_sheet_free(sheet);
	lssock_query_free(q);
}

static struct world both(const struct sock *old, uint32_t n, const struct sock *now, uint32_t m,
			 bool backwards)
{
	return (struct world){ .old = machine(old, n, backwards),
			       .now = machine(now, m, false) };
}

static void differs(const struct sock *old, uint32_t n, const struct sock *now, uint32_t m,
		    const char *want)
{
	struct world w;
	int turn;

	for (turn = 0; turn < 2; turn++) {
		w = both(old, n, now, m, turn);
		compare(&w, want);
	}
}

static void rebooted(struct world *w)
{
	w->now->meta.boot_ns += 3600 * SEC;
}

#pragma GCC diagnostic ignored "-Woverride-init"	/* what is written last counts */
#define WEB(...) { .cookie = 1, .lport = 443, .pid = 7, .comm = "web", .limit = 128, __VA_ARGS__ }
#define CONN(...) { .cookie = 2, .state = LSSOCK_ESTABLISHED, .lport = 40000, .rport = 443, \
	.pid = 8, .comm = "curl", __VA_ARGS__ }
#define LIST(...) (const struct sock[]){ __VA_ARGS__ }, \
	sizeof((const struct sock[]){ __VA_ARGS__ }) / sizeof(struct sock)

/* ---- within a boot --------------------------------------------------------------- */

static void test_same(void **state)
{
	(void)state;
	differs(LIST(WEB(), CONN()), LIST(CONN(), WEB()), "0 0 0 of 2, 0");
	differs(LIST(CONN(.sent = 5)), LIST(CONN(.sent = 500)), "0 0 0 of 1, 0");
	/* Cookie or none: an inode is as good. */
	differs(LIST(CONN(.cookie = 0)), LIST(CONN(.cookie = 900)), "0 0 0 of 1, 0");
}

static void test_gone_and_new(void **state)
{
	(void)state;
	differs(LIST(WEB(), CONN()), LIST(WEB()), "gone 10.0.0.5:40000 curl: -\n1 0 0 of 2, 0");
	differs(LIST(WEB()), LIST(WEB(), CONN()), "new 10.0.0.5:40000 curl: -\n0 1 0 of 2, 0");
	/* The same ends, another socket. */
	differs(LIST(CONN()), LIST(CONN(.cookie = 3)),
		"gone 10.0.0.5:40000 curl: -\nnew 10.0.0.5:40000 curl: -\n1 1 0 of 2, 0");
}

static void test_state(void **state)
{
	(void)state;
	differs(LIST(CONN()), LIST(CONN(.state = LSSOCK_CLOSE_WAIT)),
		"changed 10.0.0.5:40000 curl: state estab -> clo-wt\n0 0 1 of 1, 0");
	/* What is left of a connection is asked for, or not. */
	differs(LIST(CONN()), LIST(CONN(.cookie = 9, .state = LSSOCK_TIME_WAIT, .pid = 0)),
		"gone 10.0.0.5:40000 curl: -\n1 0 0 of 1, 0");
	struct world w = both(LIST(CONN()), LIST(CONN(.cookie = 9, .state = LSSOCK_TIME_WAIT,
						      .pid = 0)), false);
	w.flags = LSSOCK_Q_ALL;
	compare(&w, "changed 10.0.0.5:40000 -: state estab -> time-wt\n0 0 1 of 1, 0");
}

static void test_restarted(void **state)
{
	(void)state;
	differs(LIST(WEB()), LIST(WEB(.cookie = 5, .pid = 70, .start = 9)),
		"changed 10.0.0.5:443 web: pid 7 -> 70\n0 0 1 of 1, 0");
	differs(LIST(WEB()), LIST(WEB(.cookie = 5, .start = 9)),
		"changed 10.0.0.5:443 web: process restarted\n0 0 1 of 1, 0");
	differs(LIST(WEB()), LIST(WEB(.cookie = 5, .start = 9, .comm = "evil")),
		"changed 10.0.0.5:443 evil: process web[7] -> evil[7]\n0 0 1 of 1, 0");
	differs(LIST(WEB()), LIST(WEB(.pid = 9, .comm = "evil", .uid = 5, .limit = 4096)),
		"changed 10.0.0.5:443 evil: process web[7] -> evil[9]; user 0 -> 5; "
		"limit 128 -> 4096\n0 0 1 of 1, 0");
	differs(LIST({ .cookie = 4, .path = "/run/x", .pid = 4, .comm = "x" }),
		LIST({ .cookie = 5, .path = "/run/x", .pid = 5, .comm = "x" }),
		"changed /run/x x: pid 4 -> 5\n0 0 1 of 1, 0");
	differs(LIST(WEB()), LIST(WEB(.cookie = 5)),
		"changed 10.0.0.5:443 web: opened again\n0 0 1 of 1, 0");
	/* Of several on one port, each to its own program. */
	differs(LIST(WEB(), WEB(.cookie = 2, .pid = 8, .comm = "php")),
		LIST(WEB(.cookie = 4, .pid = 80, .comm = "php"), WEB(.cookie = 3, .pid = 70)),
		"changed 10.0.0.5:443 php: pid 8 -> 80\nchanged 10.0.0.5:443 web: pid 7 -> 70\n"
		"0 0 2 of 2, 0");
	/* A socket that nobody is bound to is not the next one like it. */
	differs(LIST({ .cookie = 4, .proto = LSSOCK_UDP, .state = LSSOCK_UNCONNECTED, .pid = 3,
		       .comm = "x", .local = "0.0.0.0" }),
		LIST({ .cookie = 5, .proto = LSSOCK_UDP, .state = LSSOCK_UNCONNECTED, .pid = 3,
		       .comm = "x", .local = "0.0.0.0" }), "0 0 0 of 0, 0");
}

static void test_owner_unknown(void **state)
{
	(void)state;
	differs(LIST(WEB()), LIST(WEB(.pid = 0)), "0 0 0 of 1, 0");
	differs(LIST(WEB(.pid = 0)), LIST(WEB()), "0 0 0 of 1, 0");
}

/* ---- across boots and machines --------------------------------------------------- */

static void test_reboot(void **state)
{
	struct world w = both(LIST(WEB(), CONN()), LIST(CONN(.cookie = 1, .start = 5),
		WEB(.cookie = 2, .pid = 99)), false);

	(void)state;
	/* A cookie of another boot is another socket's. */
	rebooted(&w);
	compare(&w, "0 0 0 of 2, 0");
	w = both(LIST(WEB(), CONN()), LIST(WEB(.comm = "other", .pid = 3),
		 CONN(.rport = 80)), false);
	rebooted(&w);
	compare(&w, "gone 10.0.0.5:40000 curl: -\nnew 10.0.0.5:40000 curl: -\n"
		"changed 10.0.0.5:443 other: process web -> other\n1 1 1 of 3, 0");
	w = both(LIST(WEB()), LIST(WEB()), false);
	w.now->meta.host = snap_string(w.now, "web2", 4);
	compare(&w, "0 0 0 of 1, 0");
	/* A clock that was set a little is no reboot. */
	w = both(LIST(CONN()), LIST(CONN(.pid = 9)), false);
	w.now->meta.boot_ns += SEC;
	compare(&w, "changed 10.0.0.5:40000 curl: pid 8 -> 9\n0 0 1 of 1, 0");
}

static void test_spaces(void **state)
{
	struct world w = both(LIST(WEB(), WEB(.ns = 1, .cookie = 2)),
			      LIST(WEB(.ns = 1, .cookie = 3), WEB()), false);

	(void)state;
	w.now->ns.v[1].ino = 99;	/* made anew, of the same name */
	compare(&w, "changed 10.0.0.5:443 web: opened again\n0 0 1 of 2, 0");
	w = both(LIST(WEB(.ns = 1)), LIST(WEB()), false);
	compare(&w, "gone 10.0.0.5:443 web: -\nnew 10.0.0.5:443 web: -\n1 1 0 of 2, 0");
}

/* ---- what was not looked at ------------------------------------------------------ */

static void note(struct lssock_snap *s, enum lssock_note_kind kind, const char *what)
{
	snap_note(s, kind, 0, 0, 1, what);
	s->meta.complete = false;
}

static void test_not_seen(void **state)
{
	struct world w;

	(void)state;
	w = both(LIST(WEB()), LIST(WEB(), CONN()), false);
	note(w.old, LSSOCK_NOTE_DUMP_FAILED, "tcp");
	compare(&w, "0 0 0 of 1, 1");
	w = both(LIST(WEB()), LIST(WEB(), CONN()), false);
	note(w.old, LSSOCK_NOTE_DUMP_FAILED, "udp");
	compare(&w, "new 10.0.0.5:40000 curl: -\n0 1 0 of 2, 0");
	w = both(LIST(WEB()), LIST(WEB(), CONN(.ns = 1)), false);
	w.old->ns.v[1].flags = LSSOCK_NS_REFUSED | LSSOCK_NS_ASKED;
	compare(&w, "0 0 0 of 1, 1");
	w = both(LIST(WEB(), CONN(.ns = 1)), LIST(WEB()), false);
	w.now->ns.v[1].flags = 0;
	compare(&w, "0 0 0 of 1, 1");
	/* More namespaces than it knows by name. */
	w = both(LIST(WEB()), LIST(WEB(), CONN(.ns = 1)), false);
	w.old->ns.n = 1;
	compare(&w, "0 0 0 of 1, 1");
	w = both(LIST(WEB()), LIST(WEB(), CONN(.ns = 1)), false);
	w.old->ns.n = 1;
	w.old->meta.n_ns = 1;
	compare(&w, "new 10.0.0.5:40000 curl: -\n0 1 0 of 2, 0");
	w = both(LIST(WEB()), LIST(WEB(), CONN(.by_fd = true)), false);
	note(w.old, LSSOCK_NOTE_UNREADABLE_PROC, NULL);
	compare(&w, "0 0 0 of 1, 1");
}

/* ---- filters --------------------------------------------------------------------- */

static void test_filter(void **state)
{
	struct world w;

	(void)state;
	w = both(LIST(WEB(), CONN()), LIST(WEB(.limit = 5)), false);
	w.filter = "state:established";
	compare(&w, "gone 10.0.0.5:40000 curl: -\n1 0 0 of 1, 0");
	/* It is there still, and that is not what "gone" means. */
	w = both(LIST(CONN()), LIST(CONN(.state = LSSOCK_CLOSE_WAIT)), false);
	w.filter = "state:established";
	compare(&w, "changed 10.0.0.5:40000 curl: state estab -> clo-wt\n0 0 1 of 1, 0");
	w = both(LIST(CONN(.sent = 5)), LIST(CONN(.sent = 5000)), false);
	w.filter = "bytes_sent>1000";
	compare(&w, "changed 10.0.0.5:40000 curl: matches now\n0 0 1 of 1, 0");
	w = both(LIST(CONN()), LIST(CONN(.pid = 0)), false);
	w.filter = "proc:curl";
	compare(&w, "0 0 0 of 0, 1");
}

/* ---- numbers --------------------------------------------------------------------- */

static void test_traffic(void **state)
{
	static const char *const names[] = { "sent", "received", "retrans", "tx", "rx" };
	struct world w = both(LIST(CONN(.sent = 1000, .received = 10)),
			      LIST(CONN(.sent = 21000, .received = 10)), false);
	struct lssock_query *q = query(NULL, LSSOCK_Q_INFO);
	struct lssock_view *old, *now;
	struct lssock_sheet *sheet;
	struct buf got = { 0 };
	size_t i;

	(void)state;
	w.now->meta.now_ns += 10 * SEC;
	assert_int_equal(snap_seal(w.old) | snap_seal(w.now), 0);
	assert_int_equal(lssock_view_new(w.old, q, &old, NULL), 0);
	assert_int_equal(lssock_view_new(w.now, q, &now, NULL), 0);
	assert_int_equal(lssock_diff_sheet(old, now, &sheet), 0);
	assert_int_equal(sheet->n_rows, 1);
	cell(sheet, 0, "what", &got);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		buf_putc(&got, ' ');
		cell(sheet, 0, names[i], &got);
	}
	assert_string_equal(buf_cstr(&got), "traffic 20K 0 0 2K/s 0/s");
	buf_release(&got);
	lssock_sheet_free(sheet);
	lssock_view_free(old);
	lssock_view_free(now);
	/* Backwards, nothing can be said. */
	assert_int_equal(lssock_view_new(w.now, q, &old, NULL), 0);
	assert_int_equal(lssock_view_new(w.old, q, &now, NULL), 0);
	assert_int_equal(lssock_diff_sheet(old, now, &sheet), 0);
	assert_int_equal(sheet->n_rows, 0);
	lssock_sheet_free(sheet);
	lssock_view_free(old);
	lssock_view_free(now);
	lssock_snap_free(w.old);
	lssock_snap_free(w.now);
	lssock_query_free(q);
}

/* ---- out of memory --------------------------------------------------------------- */

static void test_memory(void **state)
{
	struct world w = both(LIST(WEB(), CONN()), LIST(WEB(.pid = 9), CONN(.cookie = 7)), false);
	struct lssock_query *q = query(NULL, 0);
	struct lssock_view *old, *now;
	struct lssock_sheet *sheet = NULL;
	int r = -1;
	uint64_t n;

	(void)state;
	assert_int_equal(snap_seal(w.old) | snap_seal(w.now), 0);
	assert_int_equal(lssock_view_new(w.old, q, &old, NULL), 0);
	assert_int_equal(lssock_view_new(w.now, q, &now, NULL), 0);
	for (n = 1; r; n++) {
		mem_fail_at(n);
		r = lssock_diff_sheet(old, now, &sheet);
		mem_fail_at(0);
	}
	assert_int_equal(sheet->n_rows, 3);
	assert_true(n > 10);
	lssock_sheet_free(sheet);
	lssock_view_free(old);
	lssock_view_free(now);
	lssock_snap_free(w.old);
	lssock_snap_free(w.now);
	lssock_query_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_gone_and_new),
		cmocka_unit_test(test_state),
		cmocka_unit_test(test_restarted),
		cmocka_unit_test(test_owner_unknown),
		cmocka_unit_test(test_reboot),
		cmocka_unit_test(test_spaces),
		cmocka_unit_test(test_not_seen),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_traffic),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
