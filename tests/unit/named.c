/* SPDX-License-Identifier: MIT */
/* Names asked of a source some of whose answers never come. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"
#include "engine/engine.h"
#include "model/host.h"

/* A host is named by the last byte of its address, 9: hangs until the pipe's end, 8: by
 * a number, 7: not at all; services and users by their numbers. */
struct names { struct source source; int pipe[2]; atomic_uint asked[3]; };

static int names_ask(struct source *s, const struct ask *a, chunk_fn fn, void *ctx)
{
	struct names *n = (struct names *)s;
	const struct ask_host *h = a->arg;
	char text[32], c;
	int len = 0;

	assert_in_range(a->kind, ASK_HOST, ASK_USER);
	atomic_fetch_add(&n->asked[a->kind - ASK_HOST], 1);
	if (a->kind != ASK_HOST) {
		len = snprintf(text, sizeof(text), "%s%u",
			       a->kind == ASK_USER ? "user" : "service", (unsigned)a->id & 0xffff);
	} else if (h->ip[3] == 9) {
		while (read(n->pipe[0], &c, 1) < 0 && errno == EINTR)
			;
		return -EIO;
	} else if (h->ip[3] == 7) {
		return -ENOENT;
	} else {
		assert_int_equal(a->arg_len, sizeof(*h));
		assert_int_equal(a->id, hash_bytes(h, sizeof(*h)));
		len = snprintf(text, sizeof(text), h->ip[3] == 8 ? "10.0.0.%u" : "host%u.test",
			       h->ip[3]);
	}
	return fn(ctx, text, (size_t)len);
}

struct scene {
	struct names names;
	struct lssock ctx;
	struct collect c;
	struct lssock_query *q;
};

static void add_row(struct lssock_snap *s, uint8_t last, uint16_t rport)
{
	struct lssock_sock k = { .family = AF_INET, .proto = LSSOCK_TCP, .state = LSSOCK_ESTABLISHED,
				 .flags = LSSOCK_F_STATE | LSSOCK_F_UID, .uid = 1000u + last,
				 .lport = 40000, .rport = rport, .cookie = s->socks.n + 1u };
	const uint8_t local[4] = { 10, 0, 0, 1 }, remote[4] = { 10, 0, 0, last };

	memcpy(k.local.ip, local, 4);
	memcpy(k.remote.ip, remote, 4);
	snap_add(s, &k, NULL, 0, NULL);
}

static void begin(struct scene *t, bool live, const char *filter, uint32_t limit)
{
	const struct lssock_question ask = {
		.size = sizeof(ask), .filter = filter, .limit = limit,
		.columns = "local,remote,user",
		.flags = LSSOCK_Q_RESOLVE | LSSOCK_Q_NAMES | LSSOCK_Q_NO_OWNERS,
	};
	struct lssock_ns ns = { .port_lo = 32768, .port_hi = 60999, .flags = LSSOCK_NS_OWN };
	struct lssock_err err;
	struct lssock_ns *own;

	memset(t, 0, sizeof(*t));
	assert_int_equal(pipe(t->names.pipe), 0);
	t->names.source = (struct source){ .ask = names_ask, .live = live };
	t->ctx.source = &t->names.source;
	assert_int_equal(lssock_query_new(&ask, &t->q, &err), 0);
	t->c = (struct collect){ .ctx = &t->ctx, .q = t->q, .plan = &t->q->plan, .s = snap_new() };
	own = vec_push(&t->c.s->ns);
	*own = ns;
}

static void end(struct scene *t)
{
	lssock_snap_free(t->c.s);
	lssock_query_free(t->q);
	close(t->names.pipe[1]);
	named_free(t->ctx.named);
}

static unsigned asked(const struct scene *t, enum ask_kind kind)
{
	return atomic_load(&t->names.asked[kind - ASK_HOST]);
}

static void is_named(const struct scene *t, uint8_t last, const char *want)
{
	struct lssock_addr a = { .family = AF_INET, .prefix = 32, .ip = { 10, 0, 0, last } };
	size_t len = 0;
	const char *name = snap_host_name(t->c.s, &a, &len);

	if (!want) {
		assert_null(name);
		return;
	}
	assert_non_null(name);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(name, want, len);
}

/* Each once, and no port that the kernel chose. */
static void all_at_once(void **state)
{
	static struct scene t;
	size_t len;
	int live, i;

	(void)state;
	for (live = 0; live < 2; live++) {
		begin(&t, live, NULL, 0);
		for (i = 0; i < 100; i++)
			add_row(t.c.s, (uint8_t)(2 + i % 50 * 5), (uint16_t)(i % 2 ? 80 : 50000));
		add_row(t.c.s, 8, 80);
		name_users(&t.c);
		name_ends(&t.c);
		assert_int_equal(asked(&t, ASK_HOST), 52);
		assert_int_equal(asked(&t, ASK_SERVICE), 1);
		assert_int_equal(asked(&t, ASK_USER), 51);
		is_named(&t, 1, "host1.test");
		is_named(&t, 12, "host12.test");
		is_named(&t, 8, NULL);
		is_named(&t, 7, NULL);
		assert_memory_equal(snap_service_name(t.c.s, LSSOCK_TCP, 80, &len), "service80", 9);
		assert_null(snap_service_name(t.c.s, LSSOCK_TCP, 50000, &len));
		assert_memory_equal(lssock_user(t.c.s, 1002, &len), "user1002", 8);
		assert_int_equal(t.c.s->notes.n, 0);
		end(&t);
	}
}

static void only_what_is_shown(void **state)
{
	static struct scene t;

	(void)state;
	begin(&t, true, "raddr:10.0.0.2 or rhost:host4*", 0);
	add_row(t.c.s, 2, 80);
	add_row(t.c.s, 3, 80);
	add_row(t.c.s, 4, 80);
	name_ends(&t.c);
	assert_int_equal(asked(&t, ASK_HOST), 4);	/* a filter by names asks for all */
	assert_int_equal(query_row(t.q, t.c.s, 1), TRI_NO);
	assert_int_equal(query_row(t.q, t.c.s, 2), TRI_YES);
	end(&t);
	begin(&t, true, "raddr:10.0.0.2", 0);
	add_row(t.c.s, 2, 80);
	add_row(t.c.s, 3, 80);
	name_ends(&t.c);
	assert_int_equal(asked(&t, ASK_HOST), 2);
	end(&t);
	begin(&t, true, NULL, 2);
	add_row(t.c.s, 2, 80);
	add_row(t.c.s, 3, 80);
	add_row(t.c.s, 4, 80);
	name_ends(&t.c);
	assert_int_equal(asked(&t, ASK_HOST), 3);
	end(&t);
}

static void what_hangs_is_left_behind(void **state)
{
	static struct scene t;		/* its late worker outlives the test */
	uint64_t began = io_now_ns();
	uint8_t i;

	(void)state;
	begin(&t, true, NULL, 0);
	t.c.names_until_ns = io_now_ns() + 100000000;
	for (i = 2; i < 20; i++)
		add_row(t.c.s, i, 80);
	name_ends(&t.c);
	assert_true(io_now_ns() - began < 10000000000ull);
	is_named(&t, 2, "host2.test");
	is_named(&t, 19, "host19.test");
	is_named(&t, 9, NULL);
	assert_int_equal(t.ctx.late, 1);
	assert_int_equal(t.c.s->notes.n, 1);
	assert_int_equal(t.c.s->notes.v[0].kind, LSSOCK_NOTE_NAMES_LATE);
	assert_int_equal(t.c.s->notes.v[0].count, 1);
	assert_false(lssock_note_incomplete(&t.c.s->notes.v[0]));
	/* The next round waits for nothing, and asks nothing again. */
	lssock_snap_free(t.c.s);
	t.c.s = snap_new();
	vec_push(&t.c.s->ns);
	t.c.names_until_ns = 0;
	began = io_now_ns();
	for (i = 2; i < 20; i++)
		add_row(t.c.s, i, 80);
	name_ends(&t.c);
	is_named(&t, 19, "host19.test");
	is_named(&t, 9, NULL);
	assert_int_equal(asked(&t, ASK_HOST), 19);
	assert_int_equal(t.c.s->notes.n, 0);
	end(&t);
}

/* More than are kept: what is shown is named all the same. */
static void very_many(void **state)
{
	static struct scene t;
	int round, i;

	(void)state;
	for (round = 0; round < 2; round++) {
		begin(&t, true, NULL, 0);
		for (i = 0; i < 5000; i++) {
			add_row(t.c.s, 2, 80);
			t.c.s->socks.v[i].remote.ip[1] = (uint8_t)(i >> 8);
			t.c.s->socks.v[i].remote.ip[2] = (uint8_t)i;
		}
		name_ends(&t.c);
		assert_int_equal(asked(&t, ASK_HOST), 5001);
		is_named(&t, 2, "host2.test");
		is_named(&t, 1, "host1.test");
		end(&t);
	}
}

static void no_memory(void **state)
{
	static struct scene t;
	uint64_t n, failed;

	(void)state;
	for (n = 1;; n++) {
		begin(&t, false, NULL, 0);
		add_row(t.c.s, 2, 80);
		failed = mem_failures();
		mem_fail_at(n);
		name_users(&t.c);
		name_ends(&t.c);
		mem_fail_at(0);
		if (mem_failures() == failed)
			break;
		end(&t);
	}
	end(&t);
	assert_true(n > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_at_once),
		cmocka_unit_test(only_what_is_shown),
		cmocka_unit_test(what_hangs_is_left_behind),
		cmocka_unit_test(very_many),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
