/* SPDX-License-Identifier: MIT */
/* The order of many rows of all kinds, against a plain comparison; and that a
 * limit gives the head of the whole list. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "model/link.h"
#include "query/rows.h"

enum { ROWS = 5000 };

static uint32_t draw(uint64_t *seed, uint32_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (uint32_t)(*seed >> 20) % below;
}

/* Few of each thing, so that every part of the order decides somewhere. */
static void draw_row(struct lssock_sock *k, uint64_t *seed, struct lssock_snap *s, uint32_t i)
{
	static const uint8_t protos[] = { LSSOCK_TCP, LSSOCK_TCP, LSSOCK_TCP, LSSOCK_UDP,
					  LSSOCK_UNIX, LSSOCK_NETLINK, LSSOCK_OTHER };
	static const uint8_t states[] = { LSSOCK_LISTEN, LSSOCK_ESTABLISHED,
					  LSSOCK_ESTABLISHED, LSSOCK_UNCONNECTED };
	char name[8];

	*k = (struct lssock_sock){
		.proto = protos[draw(seed, sizeof(protos))], .flags = LSSOCK_F_STATE,
		.state = states[draw(seed, sizeof(states))], .cookie = i + 1,
		.inode = draw(seed, 8) ? i + 1 : 0, .peer = LSSOCK_NONE, .via = LSSOCK_NONE,
		.rqueue = draw(seed, 3), .ns = 0,
	};
	if (k->proto == LSSOCK_UNIX || k->proto == LSSOCK_OTHER) {
		snprintf(name, sizeof(name), "/n%u", draw(seed, 9));
		k->name = draw(seed, 3) ? snap_string(s, name, strlen(name)) : 0;
		k->family = k->proto == LSSOCK_UNIX ? AF_UNIX : 0;
		return;
	}
	k->family = k->proto == LSSOCK_NETLINK ? AF_NETLINK : !draw(seed, 9) ? 0 :
		    draw(seed, 3) ? AF_INET : AF_INET6;
	k->lport = (uint16_t)(draw(seed, 4) * 300);
	k->rport = (uint16_t)draw(seed, 3);
	k->local.ip[0] = k->remote.ip[1] = (uint8_t)draw(seed, 2);
	k->local.ip[3] = (uint8_t)draw(seed, 3);
	k->remote.ip[3] = (uint8_t)(draw(seed, 2) * 200);
	if (k->family == AF_INET6)
		k->local.ip[15] = k->remote.ip[9] = (uint8_t)draw(seed, 2);
}

static struct lssock_snap *machine(uint32_t procs)
{
	struct lssock_snap *s = snap_new();
	uint64_t seed = 88172645463325252ull + procs;
	struct lssock_sock k;
	uint32_t i, first = 0, at;
	char name[8];

	assert_non_null(s);
	if (!s->ns.n)
		assert_non_null(vec_push(&s->ns));
	for (i = 0; i < procs; i++) {
		struct lssock_proc p = { .pid = (int32_t)(procs - i), .start_ns = i + 1 };

		snprintf(name, sizeof(name), "p%u", i % 5);
		p.comm = snap_string(s, name, strlen(name));
		at = snap_proc(s, &p);
		first = i ? first : at;
	}
	for (i = 0; i < ROWS; i++) {
		struct lssock_owner o = { .fd = 3 };

		draw_row(&k, &seed, s, i);
		snap_add(s, &k, NULL, 0, NULL);
		o.proc = first + draw(&seed, procs);
		if (k.inode && draw(&seed, 4))
			assert_int_equal(snap_owner(s, k.inode, &o), 0);
	}
	s->meta.owners_asked = true;
	assert_int_equal(link_owners(s), 0);
	assert_int_equal(snap_seal(s), 0);
	return s;
}

/* ---- the plain comparison ------------------------------------------------------- */

static int by_number(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_string(const struct lssock_snap *s, uint32_t a, uint32_t b)
{
	size_t alen = 0, blen = 0;
	const char *x = lssock_string(s, a, &alen), *y = lssock_string(s, b, &blen);
	int d = !a || !b ? by_number(!a, !b) : memcmp(x, y, alen < blen ? alen : blen);

	return d ? d : by_number(alen, blen);
}

static int by_proc(const struct lssock_snap *s, const struct lssock_sock *a,
		   const struct lssock_sock *b)
{
	uint32_t x = a->owner ? s->owners.v[a->owner].proc : 0;
	uint32_t y = b->owner ? s->owners.v[b->owner].proc : 0;
	int d;

	if (!x || !y)
		return by_number(!x, !y);
	d = by_string(s, s->procs.v[x].comm, s->procs.v[y].comm);
	return d ? d : by_number((uint64_t)s->procs.v[x].pid, (uint64_t)s->procs.v[y].pid);
}

static int by_place(const struct lssock_snap *s, const struct lssock_sock *a,
		    const struct lssock_sock *b)
{
	int d;

	if (a->proto == LSSOCK_UNIX || a->proto == LSSOCK_OTHER)
		return by_string(s, a->name, b->name);
	d = by_number(a->lport, b->lport);
	d = d ? d : by_number(a->family, b->family);
	d = d ? d : memcmp(&a->local, &b->local, sizeof(a->local));
	d = d ? d : memcmp(&a->remote, &b->remote, sizeof(a->remote));
	return d ? d : by_number(a->rport, b->rport);
}

static int compare(const struct lssock_snap *s, uint32_t ra, uint32_t rb)
{
	const struct lssock_sock *a = snap_row(s, ra), *b = snap_row(s, rb);
	bool listens = field_listens(a);
	int d = by_number(!listens, !field_listens(b));

	d = d || listens ? d : by_proc(s, a, b);
	d = d ? d : by_number(a->proto, b->proto);
	d = d ? d : by_place(s, a, b);
	d = d || !listens ? d : by_proc(s, a, b);
	d = d ? d : by_number(a->inode, b->inode);
	d = d ? d : by_number(a->ns, b->ns);
	return d ? d : by_number(ra, rb);
}

/* ---- tests --------------------------------------------------------------------- */

static struct rows ask(struct lssock_snap *s, const char *sort, uint32_t limit)
{
	struct lssock_question q = { .size = sizeof(q), .protos = LSSOCK_PROTOS_ALL,
				     .flags = LSSOCK_Q_ALL, .sort = sort, .limit = limit };
	struct lssock_query *query;
	struct lssock_err err = { 0 };
	struct rows r = { .unknown = 0 };

	if (lssock_query_new(&q, &query, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(rows_select(&r, s, query), 0);
	assert_int_equal(rows_sort(&r, s, query), 0);
	lssock_query_free(query);
	return r;
}

/* With few processes an address is whole in a head, with many it is not. */
static void test_default(void **state)
{
	static const uint32_t procs[] = { 1, 7, 700 };
	struct lssock_snap *s;
	struct rows r;
	uint32_t i, p;

	(void)state;
	for (p = 0; p < 3; p++) {
		s = machine(procs[p]);
		r = ask(s, NULL, 0);
		assert_int_equal(r.list.n, ROWS);
		for (i = 1; i < r.list.n; i++)
			if (compare(s, r.list.v[i - 1], r.list.v[i]) >= 0)
				fail_msg("rows %u and %u of %u processes", i - 1, i, procs[p]);
		vec_release(&r.list);
		lssock_snap_free(s);
	}
}

/* What --sort has level stands as it does by default; what is missing is last. */
static void test_asked(void **state)
{
	static const char *const sorts[] = { "recvq", "-recvq" };
	struct lssock_snap *s = machine(7);
	struct rows r;
	uint32_t i, n;
	int d;

	(void)state;
	for (i = 0; i < s->socks.n; i++)
		if (i % 3)
			s->socks.v[i].flags |= LSSOCK_F_QUEUES;
	for (n = 0; n < 2; n++) {
		r = ask(s, sorts[n], 0);
		assert_int_equal(r.list.n, ROWS);
		for (i = 1; i < r.list.n; i++) {
			const struct lssock_sock *a = snap_row(s, r.list.v[i - 1]);
			const struct lssock_sock *b = snap_row(s, r.list.v[i]);
			bool x = a->flags & LSSOCK_F_QUEUES, y = b->flags & LSSOCK_F_QUEUES;

			d = by_number(!x, !y);
			if (!d && x)
				d = n ? by_number(b->rqueue, a->rqueue) :
				    by_number(a->rqueue, b->rqueue);
			d = d ? d : compare(s, r.list.v[i - 1], r.list.v[i]);
			assert_true(d < 0);
		}
		vec_release(&r.list);
	}
	lssock_snap_free(s);
}

static void test_limit(void **state)
{
	static const char *const sorts[] = { NULL, "recvq", "-lport,recvq", "proc" };
	static const uint32_t limits[] = { 1, 2, 20, 1999, ROWS - 1, ROWS + 1 };
	struct lssock_snap *s = machine(30);
	struct rows all, r;
	uint32_t i, k, n;

	(void)state;
	for (i = 0; i < 4; i++) {
		all = ask(s, sorts[i], 0);
		for (k = 0; k < 6; k++) {
			r = ask(s, sorts[i], limits[k]);
			n = limits[k] < ROWS ? limits[k] : ROWS;
			assert_int_equal(r.list.n, n);
			assert_memory_equal(r.list.v, all.list.v, n * sizeof(*r.list.v));
			vec_release(&r.list);
		}
		vec_release(&all.list);
	}
	lssock_snap_free(s);
}

static void test_no_memory(void **state)
{
	static const char *const sorts[] = { NULL, "recvq" };
	struct lssock_question q = { .size = sizeof(q), .protos = LSSOCK_PROTOS_ALL,
				     .flags = LSSOCK_Q_ALL, .limit = 10 };
	struct lssock_snap *s = machine(7);
	struct lssock_query *query;
	struct lssock_err err;
	struct rows r;
	uint64_t nth;
	uint32_t i;
	int e;

	(void)state;
	for (i = 0; i < 2; i++) {
		q.sort = sorts[i];
		assert_int_equal(lssock_query_new(&q, &query, &err), 0);
		for (nth = 1, e = -ENOMEM; e && nth < 500; nth++) {
			r = (struct rows){ .unknown = 0 };
			mem_fail_at(nth);
			e = rows_select(&r, s, query);
			if (!e)
				e = rows_sort(&r, s, query);
			mem_fail_at(0);
			assert_true(!e || e == -ENOMEM);
			vec_release(&r.list);
		}
		assert_int_equal(e, 0);
		lssock_query_free(query);
	}
	lssock_snap_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default), cmocka_unit_test(test_asked),
		cmocka_unit_test(test_limit), cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
