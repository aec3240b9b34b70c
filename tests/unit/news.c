/* SPDX-License-Identifier: MIT */
/*
 * Who held a socket, by what events told of it: the first process that a change names,
 * kept as long as it may be needed, and never another's pid or what is known better.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "engine/watch.h"
#include "wire/events.h"

static struct {
	struct source source;
	struct buf told;
	struct lssock ctx;
	struct lssock_watch w;
	struct lssock_snap *s;
} world;

static int ask(struct source *s, const struct ask *a, chunk_fn fn, void *to)
{
	(void)s;
	assert_int_equal(a->kind, ASK_EVENTS);
	return fn(to, world.told.data, world.told.len);
}

static int setup(void **state)
{
	struct lssock_ns own = { .ino = 4026531840u, .flags = LSSOCK_NS_OWN };

	(void)state;
	memset(&world, 0, sizeof(world));
	world.source.ask = ask;
	world.ctx.source = &world.source;
	world.s = snap_new();
	snap_ns(world.s, &own);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	mem_fail_at(0);
	news_release(&world.w.news);
	lssock_snap_free(world.s);
	buf_release(&world.told);
	return 0;
}

/* pid 0: of a change that nobody made by a system call. */
static void change(uint64_t cookie, uint8_t was, uint8_t state, int32_t pid, const char *comm)
{
	struct wire_state s = { .cookie = cookie, .was = was, .state = state, .uid = 1000,
				.protocol = IPPROTO_TCP, .family = AF_INET, .lport = 443,
				.pid = pid, .start_ns = pid ? 5000 : 0 };
	struct wire_event e = { .type = EVENT_STATE, .len = sizeof(s), .time_ns = 100 };

	if (comm)
		memcpy(s.comm, comm, strlen(comm));
	e.time_ns += world.told.len;
	buf_put(&world.told, &e, sizeof(e));
	buf_put(&world.told, &s, sizeof(s));
}

static struct news *drain(void)
{
	const struct ask_events arg = { 0 };

	news_drain(&world.w.news, &world.ctx, world.s, &arg);
	buf_reset(&world.told);
	return &world.w.news;
}

static int32_t holder(uint64_t cookie)
{
	const struct change *c = news_holder(&world.w.news, cookie);

	return c ? c->st.pid : 0;
}

static void test_first(void **state)
{
	(void)state;
	/* accepted: the first change is the network's, the close tells */
	change(1, LSSOCK_SYN_RECV, LSSOCK_ESTABLISHED, 0, NULL);
	change(1, LSSOCK_ESTABLISHED, LSSOCK_FIN_WAIT1, 11, "server");
	change(1, LSSOCK_FIN_WAIT1, LSSOCK_FIN_WAIT2, 0, NULL);
	/* connected, and closed by another who inherited it */
	change(2, LSSOCK_CLOSE, LSSOCK_SYN_SENT, 12, "client");
	change(2, LSSOCK_ESTABLISHED, LSSOCK_FIN_WAIT1, 13, "child");
	/* ended by the other side */
	change(3, LSSOCK_SYN_RECV, LSSOCK_ESTABLISHED, 0, NULL);
	change(3, LSSOCK_ESTABLISHED, LSSOCK_CLOSE, 0, NULL);
	drain();
	assert_int_equal(holder(1), 11);
	assert_int_equal(holder(2), 12);
	assert_int_equal(holder(3), 0);
	assert_int_equal(holder(4), 0);
}

static bool keep_odd(void *ctx, const struct change *c, bool holds)
{
	unsigned *asked = ctx;

	asked[holds]++;
	return holds && c->st.cookie & 1;
}

static void test_kept(void **state)
{
	unsigned asked[2] = { 0 };
	uint64_t i;

	(void)state;
	for (i = 1; i <= 10; i++) {
		change(i, LSSOCK_SYN_RECV, LSSOCK_ESTABLISHED, 0, NULL);
		change(i, LSSOCK_ESTABLISHED, LSSOCK_FIN_WAIT1, 10 + (int32_t)i, "server");
	}
	assert_int_equal(news_forget(drain(), keep_odd, asked), 0);
	assert_int_equal(asked[false], 20);
	assert_int_equal(asked[true], 10);
	assert_int_equal(world.w.news.changes.n, 0);
	for (i = 1; i <= 10; i++)
		assert_int_equal(holder(i), i & 1 ? 10 + (int32_t)i : 0);
	/* and stays the first */
	change(1, LSSOCK_CLOSE_WAIT, LSSOCK_LAST_ACK, 99, "other");
	drain();
	assert_int_equal(holder(1), 11);
}

/* A flood fills no memory, and who came before it is still known. */
static void test_flood(void **state)
{
	uint64_t i;

	(void)state;
	for (i = 1; i <= 70000; i++)
		change(i, LSSOCK_CLOSE, LSSOCK_SYN_SENT, 10, "flood");
	drain();
	assert_int_equal(world.w.news.holders.n, 65536);
	assert_int_equal(holder(65536), 10);
	assert_int_equal(holder(65537), 0);
}

static uint32_t row_of(uint64_t cookie)
{
	const struct lssock_sock k = { .cookie = cookie, .proto = LSSOCK_TCP, .lport = 443 };
	uint32_t row = snap_append(world.s, &k, NULL, 0);

	world.s->socks.v[row].why = LSSOCK_WHY_ORPHAN;
	return row;
}

static const struct lssock_proc *owner_of(uint32_t row)
{
	uint32_t o;

	watch_holder(&world.w, world.s, row);
	o = world.s->socks.v[row].owner;
	return o ? &world.s->procs.v[world.s->owners.v[o].proc] : NULL;
}

static void test_owner(void **state)
{
	const struct lssock_proc *p;
	uint32_t row = row_of(1), other = row_of(3);
	size_t len;

	(void)state;
	change(1, LSSOCK_ESTABLISHED, LSSOCK_FIN_WAIT1, 11, "server");
	change(3, LSSOCK_SYN_RECV, LSSOCK_ESTABLISHED, 0, NULL);
	drain();
	p = owner_of(row);
	assert_non_null(p);
	assert_int_equal(p->pid, 11);
	assert_int_equal(p->start_ns, 5000);
	assert_string_equal(strings_get(&world.s->strings, p->comm, &len), "server");
	assert_int_equal(snap_row(world.s, row)->why, LSSOCK_WHY_NONE);
	assert_null(owner_of(other));
	assert_int_equal(snap_row(world.s, other)->why, LSSOCK_WHY_ORPHAN);
}

/* What was read of a process stands, and one that has its pid now is another. */
static void test_known(void **state)
{
	struct lssock_proc old = { .pid = 11, .ppid = 7, .start_ns = 5000, .uid = 33, .ns = 0xffff };
	struct lssock_proc new = { .pid = 12, .ppid = 8, .start_ns = 9000, .uid = 34, .ns = 0xffff };
	uint32_t known = snap_proc(world.s, &old), reused, a = row_of(1), b = row_of(2);
	const struct lssock_proc *p;

	(void)state;
	reused = snap_proc(world.s, &new);
	change(1, LSSOCK_ESTABLISHED, LSSOCK_FIN_WAIT1, 11, "server");
	change(2, LSSOCK_ESTABLISHED, LSSOCK_FIN_WAIT1, 12, "server");
	drain();
	p = owner_of(a);
	assert_ptr_equal(p, &world.s->procs.v[known]);
	assert_int_equal(p->ppid, 7);
	assert_int_equal(p->uid, 33);
	p = owner_of(b);
	assert_ptr_not_equal(p, &world.s->procs.v[reused]);
	assert_int_equal(p->start_ns, 5000);
	assert_int_equal(world.s->procs.v[reused].ppid, 8);
	/* an owner that was found is not replaced */
	change(1, LSSOCK_CLOSE_WAIT, LSSOCK_LAST_ACK, 12, "server");
	drain();
	assert_ptr_equal(owner_of(a), &world.s->procs.v[known]);
}

static void test_memory(void **state)
{
	unsigned asked[2];
	uint32_t n;

	(void)state;
	for (n = 1; n < 60; n++) {
		uint32_t row = row_of(n);

		change(n, LSSOCK_ESTABLISHED, LSSOCK_FIN_WAIT1, 11, "server");
		mem_fail_at(n);
		drain();
		owner_of(row);
		news_forget(&world.w.news, keep_odd, asked);
		mem_fail_at(0);
		world.s->failed = false;
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_first), T(test_kept), T(test_flood), T(test_owner), T(test_known),
		T(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
