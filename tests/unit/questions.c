/* SPDX-License-Identifier: MIT */
/* Questions to a source some of whose answers never come. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "engine/engine.h"

#define SHORT_NS 300000000ull	/* in which a thread begins, whatever else runs */

/* Answers with the argument; the questions that hang wait for the pipe's end. */
struct slow { struct source source; int pipe[2]; uint64_t hung; atomic_uint asked[64]; };

static int slow_ask(struct source *s, const struct ask *a, chunk_fn fn, void *ctx)
{
	struct slow *w = (struct slow *)s;
	char c;

	atomic_fetch_add(&w->asked[a->id], 1);
	if (w->hung >> a->id & 1) {
		while (read(w->pipe[0], &c, 1) < 0 && errno == EINTR)
			;
		return -EIO;
	}
	return fn(ctx, a->arg, a->arg_len);
}

struct scene { struct slow slow; struct lssock ctx; struct collect c; struct questions q; };
static struct { uint32_t row[64], n; } taken;

static void take(struct collect *c, uint32_t row, int result, const struct buf *answer)
{
	(void)c;
	if (result == -ENOMEM)
		return;
	assert_int_equal(result, 0);
	assert_int_equal(answer->len, row % 5 + 1);
	assert_int_equal(answer->data[0], 'A' + row);
	taken.row[taken.n++] = row;
}

static void begin(struct scene *t, bool live, uint32_t n, uint64_t hung)
{
	uint32_t i;

	memset(t, 0, sizeof(*t));
	taken.n = 0;
	assert_int_equal(pipe(t->slow.pipe), 0);
	t->slow.source = (struct source){ .ask = slow_ask, .live = live };
	t->slow.hung = hung;
	t->ctx.source = &t->slow.source;
	t->ctx.pool = pool_new(1);
	t->c.ctx = &t->ctx;
	t->c.s = snap_new();
	t->q.c = &t->c;
	t->q.take = take;
	t->q.what = "things";
	t->q.patience_ns = SHORT_NS;
	for (i = 0; i < n; i++) {
		char text[5] = { (char)('A' + i), 1, 2, 3, 4 };
		struct ask ask = { .kind = ASK_FILE, .id = i, .arg = text, .arg_len = i % 5 + 1 };

		questions_add(&t->q, &ask, i, i / 4);
	}
}

static void end(struct scene *t)
{
	lssock_snap_free(t->c.s);
	close(t->slow.pipe[1]);
	pool_free(t->ctx.pool);
	close(t->slow.pipe[0]);
}

static void all_answered_in_order(void **state)
{
	static struct scene t;
	uint32_t i;

	for (int live = 0; live < 2; live++) {
		begin(&t, live, 40, 0);
		assert_int_equal(questions_ask(&t.q), 0);
		assert_int_equal(taken.n, 40);
		for (i = 0; i < 40; i++)
			assert_int_equal(taken.row[i], i);
		assert_int_equal(t.c.s->notes.n, 0);
		assert_int_equal(questions_ask(&t.q), 0);	/* nothing is left */
		assert_int_equal(taken.n, 40);
		end(&t);
	}
	(void)state;
}

/* 4 to 7 are of one place: after 5 hung alone too, 6 and 7 are not tried. */
static void only_what_hangs_is_late(void **state)
{
	static struct scene t;	/* its late workers outlive the test */
	uint32_t i, missing = 0;

	(void)state;
	begin(&t, true, 40, 1u << 5 | 1u << 6);
	assert_int_equal(questions_ask(&t.q), 3);
	assert_int_equal(taken.n, 37);
	for (i = 0; i < 40; i++) {
		if (i - missing >= taken.n || taken.row[i - missing] != i) {
			assert_in_range(i, 5, 7);
			missing++;
		}
	}
	assert_int_equal(missing, 3);
	assert_int_equal(atomic_load(&t.slow.asked[5]), 2);
	assert_int_equal(atomic_load(&t.slow.asked[6]), 0);
	assert_int_equal(atomic_load(&t.slow.asked[20]), 1);
	assert_int_equal(t.c.s->notes.n, 1);
	assert_int_equal(t.c.s->notes.v[0].kind, LSSOCK_NOTE_LATE);
	assert_int_equal(t.c.s->notes.v[0].count, 3);
	end(&t);
}

static void one_alone_is_not_asked_twice(void **state)
{
	static struct scene t;

	(void)state;
	begin(&t, true, 1, 1);
	assert_int_equal(questions_ask(&t.q), 1);
	assert_int_equal(taken.n, 0);
	assert_int_equal(atomic_load(&t.slow.asked[0]), 1);
	end(&t);
}

static void no_memory_is_said(void **state)
{
	static struct scene t;
	uint64_t n;

	(void)state;
	for (n = 1; n < 40; n++) {
		begin(&t, false, 20, 0);
		mem_fail_at(n);
		questions_ask(&t.q);
		mem_fail_at(0);
		assert_true(taken.n == 20 || t.c.s->notes.n || t.c.s->failed);
		end(&t);
		if (taken.n == 20)
			break;
	}
	assert_in_range(n, 3, 39);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_answered_in_order),
		cmocka_unit_test(only_what_hangs_is_late),
		cmocka_unit_test(one_alone_is_not_asked_twice),
		cmocka_unit_test(no_memory_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
