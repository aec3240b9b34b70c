/* SPDX-License-Identifier: MIT */
/*
 * Decoding one step behind receiving. A long answer is gathered in batches; a
 * worker decodes one while the collecting thread, which touches nothing of what
 * is decoded meanwhile, receives the next. Chunks are decoded in their order, one
 * at a time, so what comes of them is the same with any number of workers.
 */
#include <errno.h>
#include <string.h>

#include "engine/engine.h"

#define INLINE_CHUNKS 12	/* decoded at once: a short answer is not worth a thread */
#define BATCH_BYTES (256u << 10)

struct batch {
	struct pool_job job;
	struct behind *of;
	struct buf chunks;		/* each behind its length, size_t */
	int err;
};

static void batch_run(struct pool_job *job)
{
	struct batch *b = (struct batch *)job;
	size_t at = 0, len;

	while (at < b->chunks.len && b->err >= 0) {
		memcpy(&len, b->chunks.data + at, sizeof(len));
		at += sizeof(len);
		b->err = b->of->decode(b->of->ctx, b->chunks.data + at, len);
		at += len;
	}
}

/* Until the batch that was handed over is decoded; then it can be filled again. */
static void take_back(struct behind *b)
{
	struct batch *done = b->handed;

	if (!done)
		return;
	pool_wait(b->pool, &done->job);
	if (done->err < 0 && b->err >= 0)
		b->err = done->err;
	buf_reset(&done->chunks);
	done->job = (struct pool_job){ .run = batch_run };
	b->spare = done;
	b->handed = NULL;
}

static struct batch *batch_new(struct behind *of)
{
	struct batch *b = mem_alloc(sizeof(*b));

	if (!b)
		return NULL;
	b->job.run = batch_run;
	b->of = of;
	if (buf_reserve(&b->chunks, BATCH_BYTES + BATCH_BYTES / 2))
		return b;
	mem_free(b);
	return NULL;
}

static void batch_free(struct batch *b)
{
	if (b)
		buf_release(&b->chunks);
	mem_free(b);
}

static void hand_over(struct behind *b)
{
	take_back(b);
	if (b->err < 0)
		return;
	b->handed = b->filling;
	b->filling = NULL;
	pool_post(b->pool, &b->handed->job);
}

static int gather(struct behind *b, const void *bytes, size_t len)
{
	if (!b->filling) {
		b->filling = b->spare ? b->spare : batch_new(b);
		b->spare = NULL;
	}
	if (!b->filling)
		return -ENOMEM;
	buf_put(&b->filling->chunks, &len, sizeof(len));
	buf_put(&b->filling->chunks, bytes, len);
	if (b->filling->chunks.failed)
		return -ENOMEM;
	if (b->filling->chunks.len >= BATCH_BYTES)
		hand_over(b);
	return b->err;
}

int behind_chunk(void *behind, const void *bytes, size_t len)
{
	struct behind *b = behind;

	if (!b->pool || b->chunks++ < INLINE_CHUNKS)
		b->err = b->decode(b->ctx, bytes, len);
	else
		b->err = gather(b, bytes, len);
	return b->err;
}

int behind_end(struct behind *b)
{
	take_back(b);
	if (b->filling && b->err >= 0) {
		batch_run(&b->filling->job);
		b->err = b->filling->err;
	}
	batch_free(b->filling);
	batch_free(b->spare);
	b->filling = b->spare = NULL;
	return b->err;
}
