/* SPDX-License-Identifier: MIT */
/*
 * Rows in slices: each a job with a copy of the sheet to itself, so that what a
 * sheet remembers of its last row is nobody else's. Some are made ahead while
 * the first is handed on; what a slice makes is the format's.
 */
#include "out/slices.h"

#include <errno.h>

#define AHEAD 4			/* slices per thread that are under way */
#define MANY_ROWS 8192u		/* fewer are done before a thread has started */

static void run(struct pool_job *job)
{
	struct slice *s = (struct slice *)job;

	s->make(s);
	if (s->text.failed)
		s->err = -ENOMEM;
}

static void drop(struct pool_job *job)
{
	struct slice *s = (struct slice *)job;

	if (s->twin)
		s->twin->free(s->twin);
	buf_release(&s->text);
	mem_free(s);
}

/* text: one to write into that was used before, empty afterwards. */
static struct slice *slice_new(const struct slicing *w, uint32_t number, bool alone,
			       struct buf *text)
{
	struct slice *s = mem_alloc(sizeof(*s));
	uint32_t left;

	if (!s)
		return NULL;
	s->job.run = run;
	s->job.drop = drop;
	s->number = number;
	s->from = number * SLICE_ROWS;
	left = w->sheet->n_rows - s->from;
	s->to = s->from + (left < SLICE_ROWS ? left : SLICE_ROWS);
	s->ctx = w->ctx;
	s->make = w->make;
	s->twin = alone ? NULL : w->sheet->twin(w->sheet);
	s->sheet = s->twin ? s->twin : w->sheet;
	if (!alone && !s->twin) {
		mem_free(s);
		return NULL;
	}
	s->text = *text;
	*text = (struct buf){ 0 };
	return s;
}

/* The memory of its text is warm: the next one takes it. */
static void slice_end(struct slice *s, struct buf *text)
{
	*text = s->text;
	s->text = (struct buf){ 0 };
	buf_reset(text);
	drop(&s->job);
}

static int in_turn(const struct slicing *w)
{
	uint32_t i, n = slices_of(w->sheet);
	struct buf text = { 0 };
	int r = 0;

	for (i = 0; i < n && r >= 0; i++) {
		struct slice *s = slice_new(w, i, true, &text);

		if (!s) {
			r = -ENOMEM;
			break;
		}
		run(&s->job);
		r = s->err < 0 ? s->err : w->take(s);
		slice_end(s, &text);
	}
	buf_release(&text);
	return r;
}

struct ring {
	uint32_t room, posted, taken;
	struct { struct slice *slice; struct buf text; } *v;
};

/* Posts what there is room for. 0 or -ENOMEM. */
static int post_some(const struct slicing *w, struct pool *pool, struct ring *g)
{
	uint32_t n = slices_of(w->sheet);

	while (g->posted < n && g->posted - g->taken < g->room) {
		uint32_t at = g->posted % g->room;
		struct slice *s = slice_new(w, g->posted, false, &g->v[at].text);

		if (!s)
			return -ENOMEM;
		g->v[at].slice = s;
		g->posted++;
		pool_post(pool, &s->job);
	}
	return 0;
}

/* After an error those under way are only waited for. */
static int at_once(const struct slicing *w, struct pool *pool, unsigned threads)
{
	struct ring g = { .room = (threads + 1) * AHEAD };
	uint32_t i, at;
	int r = 0;

	g.v = mem_alloc(g.room * sizeof(*g.v));
	if (!g.v)
		return -ENOMEM;
	for (;;) {
		struct slice *s;

		if (r >= 0)
			r = post_some(w, pool, &g);
		if (g.taken == g.posted)
			break;
		at = g.taken++ % g.room;
		s = g.v[at].slice;
		pool_wait(pool, &s->job);
		if (r >= 0)
			r = s->err < 0 ? s->err : w->take(s);
		slice_end(s, &g.v[at].text);
	}
	for (i = 0; i < g.room; i++)
		buf_release(&g.v[i].text);
	mem_free(g.v);
	return r;
}

int slices_run(const struct slicing *w)
{
	unsigned threads = pool_workers(w->render->threads);
	struct pool *pool;
	int r;

	if (w->sheet->n_rows < MANY_ROWS || !w->sheet->twin)
		threads = 0;
	pool = threads ? pool_new(threads) : NULL;
	if (!pool)
		return in_turn(w);
	r = at_once(w, pool, threads);
	pool_free(pool);
	return r;
}
