/* SPDX-License-Identifier: MIT */
/*
 * Questions whose answers others can hold up for ever: a command line by its
 * memory lock, a path by a dead mount. They are asked on workers in batches,
 * with a deadline. What is left of a late batch is asked one by one, so that
 * only what really hangs goes without an answer.
 */
#include <errno.h>

#include "base/io.h"
#include "engine/engine.h"

#define BATCH 16
#define PATIENCE_NS 2000000000ull
#define ALONE_NS 1000000000ull	/* for one question by itself */
#define GRACE_NS 250000000ull	/* for a batch, once another one was late */
#define HUNG_MAX 8		/* then nothing is asked again */

/* Owns all it touches: a late one is used by its worker for as long as it hangs. */
struct batch {
	struct pool_job job;
	struct source *source;
	struct buf args;
	uint32_t n;
	struct { struct ask ask; size_t at; struct buf answer; int result; } item[BATCH];
};

static void batch_run(struct pool_job *job)
{
	struct batch *b = (struct batch *)job;
	uint32_t i;

	for (i = 0; i < b->n; i++) {
		b->item[i].ask.arg = b->args.data + b->item[i].at;
		b->item[i].result = b->source->ask(b->source, &b->item[i].ask, ask_chunk,
						   &b->item[i].answer);
	}
}

static void batch_drop(struct pool_job *job)
{
	struct batch *b = (struct batch *)job;
	uint32_t i;

	for (i = 0; i < b->n; i++)
		buf_release(&b->item[i].answer);
	buf_release(&b->args);
	mem_free(b);
}

static void put_arg(struct buf *args, const void *arg, uint32_t len)
{
	buf_put(args, arg, len);
	buf_fill(args, 0, -args->len & 7);
}

static struct batch *batch_new(const struct questions *q, uint32_t first, uint32_t n)
{
	struct batch *b = mem_alloc(sizeof(*b));
	uint32_t i;

	if (!b)
		return NULL;
	b->job.run = batch_run;
	b->job.drop = batch_drop;
	b->job.may_block = true;
	b->source = q->c->ctx->source;
	b->n = n;
	for (i = 0; i < n; i++) {
		const struct question *from = &q->list.v[first + i];

		b->item[i].ask = from->ask;
		b->item[i].at = b->args.len;
		put_arg(&b->args, q->args.data + from->at, from->ask.arg_len);
	}
	if (!b->args.failed)
		return b;
	batch_drop(&b->job);
	return NULL;
}

/* 0: it ran. -ETIMEDOUT: it is late, and no longer ours. */
static int batch_wait(struct lssock *ctx, struct batch *b, uint64_t deadline)
{
	int r = -EAGAIN;

	if (ctx->source->live)
		r = pool_wait_until(ctx->pool, &b->job, deadline);
	if (r == -EAGAIN && ctx->late) {
		/* No thread is left for it, and such reads do hang here. */
		batch_drop(&b->job);
		return -ETIMEDOUT;
	}
	if (r == -EAGAIN)
		batch_run(&b->job);
	else if (r == -ETIMEDOUT)
		ctx->late++;
	return r == -ETIMEDOUT ? r : 0;
}

static void no_memory(struct questions *q, uint32_t n)
{
	snap_note(q->c->s, LSSOCK_NOTE_LIMIT, 0, ENOMEM, n, q->what);
}

static void batch_take(struct questions *q, struct batch *b, uint32_t first)
{
	uint32_t i;

	q->c->s->meta.asks += b->n;
	for (i = 0; i < b->n; i++) {
		if (b->item[i].result == -ENOMEM)
			no_memory(q, 1);
		q->take(q->c, q->list.v[first + i].row, b->item[i].result, &b->item[i].answer);
	}
	batch_drop(&b->job);
}

/* ---- what hangs ----------------------------------------------------------------- */

static bool hangs(const struct questions *q, uint32_t place)
{
	uint32_t i;

	for (i = 0; i < q->hung.n; i++)
		if (q->hung.v[i] == place)
			return true;
	return q->hung.n >= HUNG_MAX;
}

static bool all_hang(const struct questions *q, uint32_t first, uint32_t n)
{
	while (n && hangs(q, q->list.v[first + n - 1].place))
		n--;
	return !n;
}

static void is_late(struct questions *q, uint32_t i)
{
	uint32_t place = q->list.v[i].place, *slot;

	q->late++;
	snap_note(q->c->s, LSSOCK_NOTE_LATE, 0, ETIMEDOUT, 1, q->what);
	slot = hangs(q, place) ? NULL : vec_push(&q->hung);
	if (slot)
		*slot = place;
}

static void ask_alone(struct questions *q, uint32_t i)
{
	struct batch *b;

	if (hangs(q, q->list.v[i].place)) {
		is_late(q, i);
		return;
	}
	b = batch_new(q, i, 1);
	if (!b)
		no_memory(q, 1);
	else if (batch_wait(q->c->ctx, b, io_now_ns() + ALONE_NS) < 0)
		is_late(q, i);
	else
		batch_take(q, b, i);
}

/* ---- all of them ------------------------------------------------------------------ */

void questions_add(struct questions *q, const struct ask *ask, uint32_t row, uint32_t place)
{
	struct question *one = vec_push(&q->list);

	if (!one) {
		no_memory(q, 1);
		return;
	}
	*one = (struct question){ .ask = *ask, .at = q->args.len, .row = row, .place = place };
	one->ask.arg = NULL;
	put_arg(&q->args, ask->arg, ask->arg_len);
}

static uint32_t batch_size(const struct questions *q, uint32_t first)
{
	return q->list.n - first < BATCH ? q->list.n - first : BATCH;
}

static void finish_batch(struct questions *q, struct batch *b, uint32_t first,
			 uint64_t deadline)
{
	uint32_t n = batch_size(q, first), i;
	uint64_t now = io_now_ns();

	if (!b) {
		no_memory(q, n);
		return;
	}
	if (q->late && deadline < now + GRACE_NS)
		deadline = all_hang(q, first, n) ? now : now + GRACE_NS;
	if (batch_wait(q->c->ctx, b, deadline) == 0)
		batch_take(q, b, first);
	else if (n == 1)
		is_late(q, first);
	else
		for (i = 0; i < n; i++)
			ask_alone(q, first + i);
}

uint32_t questions_ask(struct questions *q)
{
	uint64_t deadline = io_now_ns() + (q->patience_ns ? q->patience_ns : PATIENCE_NS);
	VEC(struct batch *) batches = { 0 };
	uint32_t i, n = q->args.failed ? 0 : q->list.n;

	if (q->args.failed)
		no_memory(q, q->list.n);
	if (!vec_reserve(&batches, n / BATCH + 1)) {
		no_memory(q, n);
		n = 0;
	}
	for (i = 0; i < n; i += BATCH) {
		struct batch **slot = vec_push(&batches);

		*slot = batch_new(q, i, batch_size(q, i));
		if (*slot && q->c->ctx->source->live)
			pool_post(q->c->ctx->pool, &(*slot)->job);
	}
	for (i = 0; i < batches.n; i++)
		finish_batch(q, batches.v[i], i * BATCH, deadline);
	vec_release(&batches);
	vec_release(&q->list);
	vec_release(&q->hung);
	buf_release(&q->args);
	return q->late;
}
