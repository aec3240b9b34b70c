/* SPDX-License-Identifier: MIT */
/* Metrics of snapshots made by hand: what is counted, what is bounded, and that no
 * name of a process makes a sample that is there already. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "cells.h"
#include "model/link.h"
#include "query/metrics.h"

struct world {
	struct lssock_snap *s;
	uint32_t inode;
};

static void world_init(struct world *w)
{
	const struct lssock_ns host = { .ino = 7, .time_wait = LSSOCK_NONE,
					.flags = LSSOCK_NS_ASKED | LSSOCK_NS_HOST,
					.overflows = UINT64_MAX, .drops = 3 };

	w->s = snap_new();
	w->inode = 100;
	assert_non_null(w->s);
	snap_ns(w->s, &host);
	w->s->meta.owners_asked = w->s->meta.complete = true;
}

static uint32_t string(struct world *w, const char *text)
{
	return snap_string(w->s, text, strlen(text));
}

static uint32_t add_proc(struct world *w, const char *comm, uint32_t uid)
{
	struct lssock_proc p = { .pid = (int32_t)++w->inode, .start_ns = 1, .uid = uid,
				 .comm = string(w, comm), .nofile = LSSOCK_NONE,
				 .nfds = LSSOCK_NONE, .ns = 0xffff };
	uint32_t row = snap_proc(w->s, &p);

	assert_int_not_equal(row, 0);
	return row;
}

/* A listener of tcp on all addresses; proc 0: nobody's. */
static struct lssock_sock *add_listener(struct world *w, uint16_t port, uint32_t proc)
{
	struct lssock_sock k = { .cookie = ++w->inode, .inode = w->inode, .lport = port,
				 .family = AF_INET, .proto = LSSOCK_TCP, .state = LSSOCK_LISTEN,
				 .wqueue = 128, .peer = LSSOCK_NONE, .via = LSSOCK_NONE,
				 .flags = LSSOCK_F_QUEUES | LSSOCK_F_LIMIT | LSSOCK_F_STATE };
	struct lssock_owner o = { .proc = proc, .fd = 3 };
	uint32_t row = snap_add(w->s, &k, NULL, 0, NULL);

	assert_int_not_equal(row, LSSOCK_NONE);
	if (proc)
		assert_int_equal(snap_owner(w->s, k.inode, &o), 0);
	return &w->s->socks.v[row];
}

static int print(struct world *w, struct buf *b)
{
	struct lssock_render r = { .size = sizeof(r), .format = "openmetrics",
				   .write = cells_write, .wctx = b };
	struct lssock_sheet *sheet;
	struct metrics m;
	int e = metrics_begin(&m, w->s, NULL, 0);

	if (!e)
		e = metrics_end(&m, &sheet);
	if (e)
		return e;
	e = lssock_render(sheet, &r);
	lssock_sheet_free(sheet);
	return e;
}

static void end_world(struct world *w, struct buf *b)
{
	assert_int_equal(link_owners(w->s), 0);
	assert_int_equal(snap_seal(w->s), 0);
	assert_int_equal(print(w, b), 0);
}

static void world_release(struct world *w, struct buf *b)
{
	lssock_snap_free(w->s);
	buf_release(b);
}

static unsigned count(struct buf *b, const char *what)
{
	const char *at = buf_cstr(b);
	unsigned n = 0;

	while ((at = strstr(at, what))) {
		at += strlen(what);
		n++;
	}
	return n;
}

static void assert_line(struct buf *b, const char *line)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "\n%s\n", line);
	if (count(b, whole) != 1)
		fail_msg("%u lines \"%s\" in\n%s", count(b, whole), line, buf_cstr(b));
}

/* ---- what is counted -------------------------------------------------------------- */

static void test_counts(void **state)
{
	struct world w;
	struct buf b = { 0 };
	struct lssock_sock *k;
	uint32_t sshd, web;

	(void)state;
	world_init(&w);
	sshd = add_proc(&w, "sshd", 0);
	web = add_proc(&w, "web", 33);
	w.s->procs.v[web].nfds = 900;
	w.s->procs.v[web].nofile = 1000;
	w.s->procs.v[sshd].nfds = 1000;
	w.s->procs.v[sshd].nofile = 100000;
	add_listener(&w, 22, sshd);
	add_listener(&w, 443, web);
	k = add_listener(&w, 443, web);
	k->local.ip[0] = 127;
	add_listener(&w, 9, 0)->why = LSSOCK_WHY_IO_URING;
	k = add_listener(&w, 443, web);	/* a connection */
	k->state = LSSOCK_ESTABLISHED;
	end_world(&w, &b);
	assert_line(&b, "lssock_listeners{proto=\"tcp\",scope=\"all\"} 1");
	assert_line(&b, "lssock_listeners{proto=\"tcp\",scope=\"all\",program=\"sshd\"} 1");
	assert_line(&b, "lssock_listeners{proto=\"tcp\",scope=\"all\",program=\"web\"} 1");
	assert_line(&b, "lssock_listeners{proto=\"tcp\",scope=\"local\",program=\"web\"} 1");
	assert_line(&b, "lssock_sockets{proto=\"tcp\",state=\"LISTEN\"} 4");
	assert_line(&b, "lssock_sockets{proto=\"tcp\",state=\"ESTABLISHED\"} 1");
	assert_line(&b, "lssock_unowned_sockets{why=\"io_uring\"} 1");
	assert_line(&b, "lssock_unowned_sockets{why=\"unknown\"} 0");
	assert_line(&b, "lssock_fds_used{program=\"web\"} 900");
	assert_line(&b, "lssock_fds_limit{program=\"web\"} 1000");
	assert_line(&b, "lssock_complete 1");
	/* What is not known has no sample, and no description either. */
	assert_int_equal(count(&b, "overflows"), 0);
	assert_line(&b, "lssock_listen_drops_total{netns=\"host\"} 3");
	world_release(&w, &b);
}

static void test_owners_not_asked(void **state)
{
	struct world w;
	struct buf b = { 0 };

	(void)state;
	world_init(&w);
	w.s->meta.owners_asked = w.s->meta.complete = false;
	add_listener(&w, 22, 0);
	end_world(&w, &b);
	assert_int_equal(count(&b, "unowned"), 0);
	assert_int_equal(count(&b, "fds_"), 0);
	assert_line(&b, "lssock_complete 0");
	world_release(&w, &b);
}

/* Of several sockets of a service the one that is fullest. */
static void test_queues(void **state)
{
	struct world w;
	struct buf b = { 0 };
	uint32_t web;

	(void)state;
	world_init(&w);
	web = add_proc(&w, "web", 33);
	add_listener(&w, 80, web)->rqueue = 100;
	add_listener(&w, 80, web)->rqueue = 127;
	add_listener(&w, 80, web)->wqueue = 4096;
	add_listener(&w, 81, web)->flags &= (uint16_t)~LSSOCK_F_LIMIT;
	end_world(&w, &b);
	assert_line(&b, "lssock_accept_queue_used"
		    "{netns=\"host\",proto=\"tcp\",port=\"80\",program=\"web\"} 127");
	assert_line(&b, "lssock_accept_queue_limit"
		    "{netns=\"host\",proto=\"tcp\",port=\"80\",program=\"web\"} 128");
	assert_int_equal(count(&b, "port=\"81\""), 0);
	world_release(&w, &b);
}

/* ---- names that others chose -------------------------------------------------------- */

static void test_names(void **state)
{
	struct world w;
	struct buf b = { 0 };

	(void)state;
	world_init(&w);
	add_listener(&w, 1, add_proc(&w, "a\"} 1\nlssock_complete 1", 0));
	add_listener(&w, 2, add_proc(&w, "b\\", 0));
	add_listener(&w, 3, add_proc(&w, "b\\\\", 0));
	add_listener(&w, 4, add_proc(&w, "", 0));	/* as if it had no name */
	add_listener(&w, 5, 0);
	end_world(&w, &b);
	assert_line(&b, "lssock_listeners{proto=\"tcp\",scope=\"all\","
		    "program=\"a\\\"} 1\\\\x0alssock_complete 1\"} 1");
	assert_line(&b, "lssock_listeners{proto=\"tcp\",scope=\"all\","
		    "program=\"b\\\\\\\\\"} 1");
	assert_line(&b, "lssock_listeners{proto=\"tcp\",scope=\"all\","
		    "program=\"b\\\\\\\\\\\\\\\\\"} 1");
	assert_line(&b, "lssock_listeners{proto=\"tcp\",scope=\"all\"} 2");
	assert_int_equal(count(&b, "\nlssock_complete 1"), 1);
	world_release(&w, &b);
}

/* A daemon keeps its name, however many names a user makes up, and one of them is
 * that of the rest. */
static void test_many_programs(void **state)
{
	struct world w;
	struct buf b = { 0 };
	char name[16];
	unsigned i, j;

	(void)state;
	world_init(&w);
	for (i = 0; i < 300; i++) {
		uint32_t proc;

		snprintf(name, sizeof(name), "x%u", i);
		proc = add_proc(&w, name, 1000);
		for (j = 0; j < 2; j++)
			add_listener(&w, (uint16_t)(1024 + 2 * i + j), proc);
	}
	add_listener(&w, 2000, add_proc(&w, "other", 0));
	add_listener(&w, 22, add_proc(&w, "sshd", 0));
	end_world(&w, &b);
	assert_line(&b, "lssock_listeners{proto=\"tcp\",scope=\"all\",program=\"sshd\"} 1");
	assert_int_equal(count(&b, "\nlssock_listeners{"), 100);
	/* The one of that name, and those that got none: 98 names of 300 were left. */
	assert_line(&b, "lssock_listeners{proto=\"tcp\",scope=\"all\",program=\"other\"} 405");
	assert_int_equal(count(&b, "\nlssock_accept_queue_used{"), 100);
	assert_int_equal(count(&b, "\nlssock_accept_queue_limit{"), 100);
	assert_int_equal(count(&b, "port=\"22\""), 2);
	world_release(&w, &b);
}

static void test_many_namespaces(void **state)
{
	struct lssock_ns n = { .flags = LSSOCK_NS_ASKED, .drops = 1, .overflows = UINT64_MAX };
	struct world w;
	struct buf b = { 0 };

	(void)state;
	world_init(&w);
	for (n.ino = 1000; n.ino < 1200; n.ino++)
		snap_ns(w.s, &n);
	n.name = string(&w, "twice");
	n.drops = 10;
	for (; n.ino < 1202; n.ino++)
		snap_ns(w.s, &n);
	n.flags = 0;			/* nobody looked there */
	n.ino++;
	snap_ns(w.s, &n);
	end_world(&w, &b);
	assert_line(&b, "lssock_listen_drops_total{netns=\"host\"} 3");
	assert_line(&b, "lssock_listen_drops_total{netns=\"twice\"} 20");
	assert_line(&b, "lssock_listen_drops_total{netns=\"other\"} 103");
	assert_int_equal(count(&b, "\nlssock_listen_drops_total{"), 100);
	world_release(&w, &b);
}

/* ---- no memory ------------------------------------------------------------------------ */

static void test_no_memory(void **state)
{
	struct world w;
	struct buf b = { 0 }, again = { 0 };
	unsigned i;
	int e;

	(void)state;
	world_init(&w);
	for (i = 0; i < 120; i++)
		add_listener(&w, (uint16_t)(1 + i), add_proc(&w, i % 2 ? "a" : "b", i));
	end_world(&w, &b);
	assert_true(buf_reserve(&again, b.len + 1));	/* what is ours does not fail */
	for (i = 1; ; i++) {
		mem_fail_at(i);
		e = print(&w, &again);
		mem_fail_at(0);
		if (!e)
			break;
		assert_int_equal(e, -ENOMEM);
		buf_reset(&again);
	}
	assert_true(i > 20);
	assert_string_equal(buf_cstr(&again), buf_cstr(&b));
	buf_release(&again);
	world_release(&w, &b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_owners_not_asked),
		cmocka_unit_test(test_queues),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_many_programs),
		cmocka_unit_test(test_many_namespaces),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
