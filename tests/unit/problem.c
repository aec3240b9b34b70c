/* SPDX-License-Identifier: MIT */
/* The rules by which a socket has a problem: each just before and just behind its
 * limit, and never where something is not known. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "query/getters.h"
#include "query/ports.h"
#include "watched.h"

#define BIT(p) (1u << LSSOCK_PROBLEM_##p)
#define NONE UINT32_MAX

static uint16_t bits_of(const struct lssock_sock *k, const struct tcp *info, uint32_t drops,
			const struct lssock_track *t)
{
	struct lssock_snap *s = watched_new();
	uint16_t bits = problem_bits(s, watched_add(s, k, info, drops, t));

	lssock_snap_free(s);
	return bits;
}

static void test_names(void **state)
{
	unsigned i, j;

	(void)state;
	assert_null(lssock_problem_name(LSSOCK_PROBLEM_NONE));
	assert_null(lssock_problem_name(LSSOCK_N_PROBLEM));
	for (i = 1; i < LSSOCK_N_PROBLEM; i++)
		for (j = 1; j < i; j++)
			assert_string_not_equal(lssock_problem_name(i), lssock_problem_name(j));
	assert_string_equal(lssock_problem_name(LSSOCK_PROBLEM_CLOSE_WAIT), "close-wait");
}

static void test_close_wait(void **state)
{
	struct lssock_sock k = watched_sock(LSSOCK_TCP, LSSOCK_CLOSE_WAIT);
	struct lssock_track t = { .first_ns = NOW - 500 * SEC, .flags = LSSOCK_T_OLDER };
	struct tcp i = tcp_well();

	(void)state;
	tcp_set(&i, INFO_LAST_SENT, 4, 61000);
	tcp_set(&i, INFO_LAST_RECV, 4, 90000);
	tcp_set(&i, INFO_LAST_ACK, 4, 61000);
	assert_int_equal(bits_of(&k, &i, NONE, NULL), BIT(CLOSE_WAIT));
	/* The FIN came a second ago, on a connection that was idle for long. */
	tcp_set(&i, INFO_LAST_ACK, 4, 1000);
	assert_int_equal(bits_of(&k, &i, NONE, NULL), 0);
	assert_int_equal(bits_of(&k, &i, NONE, &t), BIT(CLOSE_WAIT));
	t.changed_ns = NOW - 59 * SEC;
	assert_int_equal(bits_of(&k, &i, NONE, &t), 0);
	t.changed_ns = NOW - 61 * SEC;
	assert_int_equal(bits_of(&k, &i, NONE, &t), BIT(CLOSE_WAIT));
	tcp_set(&i, INFO_LAST_SENT, 4, 100);	/* it still answers */
	assert_int_equal(bits_of(&k, &i, NONE, &t), 0);
	assert_int_equal(bits_of(&k, NULL, NONE, &t), 0);
	i.len = 40;			/* no such numbers */
	assert_int_equal(bits_of(&k, &i, NONE, &t), 0);
}

static void test_backlog(void **state)
{
	struct lssock_sock k = watched_sock(LSSOCK_TCP, LSSOCK_LISTEN);
	struct lssock_sock udp = watched_sock(LSSOCK_UDP, LSSOCK_UNCONNECTED);
	struct lssock_sock conn = watched_sock(LSSOCK_TCP, LSSOCK_ESTABLISHED);
	struct lssock_track t = { .first_ns = NOW - 500 * SEC };
	struct tcp i = tcp_well();

	(void)state;
	k.wqueue = k.rqueue = 10;	/* the last one that gets in is still to come */
	assert_int_equal(bits_of(&k, NULL, NONE, NULL), 0);
	k.rqueue = 11;
	assert_int_equal(bits_of(&k, NULL, NONE, NULL), BIT(BACKLOG));
	k.flags &= (uint16_t)~LSSOCK_F_LIMIT;
	assert_int_equal(bits_of(&k, NULL, NONE, NULL), 0);
	t.drops_ns = NOW - 9 * SEC;
	assert_int_equal(bits_of(&k, NULL, 3, &t), BIT(BACKLOG));
	assert_int_equal(bits_of(&udp, NULL, 3, &t), BIT(BACKLOG));
	/* TCP counts duplicates and probes that it throws away */
	assert_int_equal(bits_of(&conn, &i, 3, &t), 0);
	t.drops_ns = NOW - 10 * SEC;
	assert_int_equal(bits_of(&udp, NULL, 3, &t), 0);
}

static void test_sending(void **state)
{
	struct lssock_sock k = watched_sock(LSSOCK_TCP, LSSOCK_ESTABLISHED);
	struct lssock_track t = { .first_ns = NOW - 500 * SEC, .retrans_ns = NOW - 9 * SEC,
				  .retrans = 4 };
	struct tcp i = tcp_well();

	(void)state;
	assert_int_equal(bits_of(&k, &i, 0, &t), BIT(RETRANS));
	t.retrans_ns = NOW - 10 * SEC;
	assert_int_equal(bits_of(&k, &i, 0, &t), 0);
	t.stuck_ns = NOW - 29 * SEC;
	assert_int_equal(bits_of(&k, &i, 0, &t), 0);
	t.stuck_ns = NOW - 30 * SEC;
	assert_int_equal(bits_of(&k, &i, 0, &t), BIT(STUCK));
	t.stuck_ns = NOW + SEC;		/* a clock that was set back */
	assert_int_equal(bits_of(&k, &i, 0, &t), 0);
}

static void test_syn_sent(void **state)
{
	struct lssock_sock k = watched_sock(LSSOCK_TCP, LSSOCK_SYN_SENT);
	struct lssock_track t = { .first_ns = NOW - 3 * SEC };

	(void)state;
	assert_int_equal(bits_of(&k, NULL, NONE, &t), 0);
	t.first_ns -= SEC;
	assert_int_equal(bits_of(&k, NULL, NONE, &t), BIT(SYN_SENT));
	t.flags = LSSOCK_T_OLDER;
	assert_int_equal(bits_of(&k, NULL, NONE, &t), BIT(SYN_SENT));
	t.changed_ns = NOW - SEC;
	assert_int_equal(bits_of(&k, NULL, NONE, &t), 0);
	assert_int_equal(bits_of(&k, NULL, NONE, NULL), 0);
	k.retrans = 3;
	assert_int_equal(bits_of(&k, NULL, NONE, NULL), BIT(SYN_SENT));
}

static void test_deleted(void **state)
{
	struct lssock_sock k = watched_sock(LSSOCK_TCP, LSSOCK_LISTEN), c;
	struct lssock_snap *s = watched_new();
	uint32_t a, b;

	(void)state;
	a = watched_add(s, &k, NULL, NONE, NULL);
	c = watched_sock(LSSOCK_TCP, LSSOCK_ESTABLISHED);
	b = watched_add(s, &c, NULL, NONE, NULL);
	watched_own(s, a, "old", LSSOCK_P_EXE_DELETED);	/* nobody has looked */
	assert_int_equal(problem_bits(s, a), 0);
	watched_own(s, b, "old", LSSOCK_P_DETAILS | LSSOCK_P_EXE_DELETED);
	assert_int_equal(problem_bits(s, b), 0);
	s->procs.v[1].flags |= LSSOCK_P_DETAILS;
	assert_int_equal(problem_bits(s, a), BIT(DELETED));
	lssock_snap_free(s);
}

/* ---- ports ------------------------------------------------------------------------ */

/* n connections from one address to one server, of an IPv6 socket if mapped. */
static void connections(struct lssock_snap *s, uint32_t from, uint32_t n, uint8_t to, bool mapped)
{
	struct lssock_track t = { .first_ns = NOW - 5 * SEC };
	struct lssock_sock k;
	uint32_t i;

	for (i = from; i < from + n; i++) {
		k = watched_sock(LSSOCK_TCP, LSSOCK_ESTABLISHED);
		k.lport = (uint16_t)(s->ns.v[0].port_lo + i);
		k.rport = 443;
		k.remote.ip[3] = to;
		if (mapped) {
			memmove(k.local.ip + 12, k.local.ip, 4);
			memmove(k.remote.ip + 12, k.remote.ip, 4);
			memset(k.local.ip, 0, 10);
			memset(k.remote.ip, 0, 10);
			memset(k.local.ip + 10, 0xff, 2);
			memset(k.remote.ip + 10, 0xff, 2);
			k.family = AF_INET6;
		}
		watched_add(s, &k, NULL, NONE, &t);
	}
}

static uint32_t n_crowded(const struct lssock_snap *s)
{
	uint32_t i, n = 0;

	for (i = 0; i < s->tracks.n; i++)
		n += !!(s->tracks.v[i].problems & BIT(PORTS));
	return n;
}

static void test_ports(void **state)
{
	struct lssock_snap *s = watched_new();
	struct lssock_value v;

	(void)state;
	s->ns.v[0].port_hi = s->ns.v[0].port_lo + 99;
	connections(s, 0, 80, 7, false);
	problem_all(s);
	assert_int_equal(n_crowded(s), 0);
	connections(s, 0, 50, 8, false);	/* the same ports, another remote */
	problem_all(s);
	assert_int_equal(n_crowded(s), 0);
	connections(s, 80, 1, 7, true);		/* in another dress */
	problem_all(s);
	assert_int_equal(n_crowded(s), 81);
	s->port_use = ports_by_row(s);
	get_ports_used(NULL, s, 0, 0, &v);
	assert_int_equal(v.kind, LSSOCK_V_REAL);
	assert_true(v.r > 80.99 && v.r < 81.01);
	get_ports_used(NULL, s, 80, 0, &v);	/* to the other one */
	assert_true(v.r > 49.99 && v.r < 50.01);
	s->ns.v[0].port_hi = s->ns.v[0].port_lo = 0;	/* nobody knows the range */
	problem_all(s);
	assert_int_equal(n_crowded(s), 0);
	get_ports_used(NULL, s, 0, 0, &v);
	assert_int_equal(v.kind, LSSOCK_V_UNKNOWN);
	lssock_snap_free(s);
}

static void test_closed_rows(void **state)
{
	struct lssock_sock k = watched_sock(LSSOCK_TCP, LSSOCK_ESTABLISHED);
	struct lssock_track t = { .first_ns = NOW - 50 * SEC, .retrans_ns = NOW - SEC,
				  .gone_ns = NOW, .problems = 0xffff };
	struct lssock_snap *s = watched_new();

	(void)state;
	watched_add(s, &k, NULL, NONE, &t);
	problem_all(s);
	assert_int_equal(s->tracks.v[0].problems, 0);
	lssock_snap_free(s);
	s = watched_new();		/* not of a watch */
	watched_add(s, &k, NULL, NONE, NULL);
	problem_all(s);
	lssock_snap_free(s);
}

static void test_no_memory(void **state)
{
	uint64_t n, failed, before;
	struct lssock_snap *s;

	(void)state;
	for (n = 1, failed = 1; failed; n++) {
		s = watched_new();
		s->ns.v[0].port_hi = s->ns.v[0].port_lo + 9;
		connections(s, 0, 10, 7, false);
		before = mem_failures();
		mem_fail_at(n);
		problem_all(s);
		mem_fail_at(0);
		failed = mem_failures() - before;
		/* All or none; without the first memory only what it would spare is lost. */
		assert_int_equal(n_crowded(s), failed && n > 1 ? 0 : 10);
		lssock_snap_free(s);
	}
	assert_true(n > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names), cmocka_unit_test(test_close_wait),
		cmocka_unit_test(test_backlog), cmocka_unit_test(test_sending),
		cmocka_unit_test(test_syn_sent), cmocka_unit_test(test_deleted),
		cmocka_unit_test(test_ports), cmocka_unit_test(test_closed_rows),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
