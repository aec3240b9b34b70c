/* SPDX-License-Identifier: MIT */
/*
 * Many namespaces asked at once. What will be asked of the next ones is known
 * before: workers ask it and keep the answers, and whoever then asks the same is
 * given them. Nothing depends on it: any other question, and one whose answer was
 * too long to be kept, goes to the source; so the rows and their order are the
 * same with any number of workers.
 */
#include <errno.h>
#include <string.h>

#include "engine/engine.h"

#define SPACES_FROM 4		/* so many are worth a thread */
#define GROUP 16	/* namespaces of one job, aligned: one visit brings all */
#define GROUPS_AHEAD 3
#define GROUP_BYTES (1u << 20)	/* of answers; what does not fit is asked in its turn */

struct answer {
	struct ask ask;
	size_t arg_at;			/* in args of its group */
	struct group *of;
	struct buf chunks;		/* each behind its length, size_t */
	int result;
	bool taken;
};

struct group {
	struct pool_job job;
	struct source *source;
	VEC(struct answer) list;
	struct buf args;
	size_t bytes;
	bool posted, waited;
};

struct ahead {
	struct group *groups;
	uint32_t n, now;		/* now: the one that is being consumed */
};

/* ---- on a worker -------------------------------------------------------------- */

static int keep_chunk(void *ctx, const void *bytes, size_t len)
{
	struct answer *a = ctx;

	a->of->bytes += len;
	if (a->of->bytes > GROUP_BYTES)
		return -ENOBUFS;
	buf_put(&a->chunks, &len, sizeof(len));
	buf_put(&a->chunks, bytes, len);
	return a->chunks.failed ? -ENOBUFS : 0;
}

static void group_run(struct pool_job *job)
{
	struct group *g = (struct group *)job;
	uint32_t i;

	for (i = 0; i < g->list.n; i++) {
		struct answer *a = &g->list.v[i];

		a->of = g;
		if (a->ask.arg_len)
			a->ask.arg = g->args.data + a->arg_at;
		a->result = g->source->ask(g->source, &a->ask, keep_chunk, a);
	}
}

/* ---- on the collecting thread --------------------------------------------------- */

void ahead_expect(struct collect *c, const struct ask *ask)
{
	struct ahead *h = c->ahead;
	struct group *g = &h->groups[ask->ns / GROUP];
	size_t at = g->args.len;
	struct answer *a;

	buf_put(&g->args, ask->arg, ask->arg_len);
	a = g->args.failed ? NULL : vec_push(&g->list);
	if (!a)
		return;
	a->ask = *ask;
	a->arg_at = at;
}

static void group_post(struct collect *c, uint32_t number)
{
	struct group *g = &c->ahead->groups[number];
	uint32_t ns = number * GROUP, end = ns + GROUP;

	g->source = c->ctx->source;
	g->job.run = group_run;
	for (ns = ns ? ns : 1; ns < end && ns < c->s->ns.n; ns++)
		if (c->s->ns.v[ns].flags & LSSOCK_NS_ASKED) {
			namespace_expect(c, (uint16_t)ns);
			tables_expect(c, (uint16_t)ns);
		}
	pool_post(c->ctx->pool, &g->job);
	g->posted = true;
}

static void group_wait(struct collect *c, struct group *g)
{
	if (g->posted && !g->waited)
		pool_wait(c->ctx->pool, &g->job);
	g->waited = true;
}

static void group_release(struct group *g)
{
	uint32_t i;

	for (i = 0; i < g->list.n; i++)
		buf_release(&g->list.v[i].chunks);
	vec_release(&g->list);
	buf_release(&g->args);
}

void ahead_start(struct collect *c)
{
	struct ahead *h;

	if (!c->ctx->share || c->plan->ns_which != NS_ALL || c->s->ns.n <= SPACES_FROM)
		return;
	h = mem_alloc(sizeof(*h));
	if (h)
		h->groups = mem_alloc((c->s->ns.n / GROUP + 1) * sizeof(*h->groups));
	if (!h || !h->groups) {
		mem_free(h);
		return;			/* then one after the other */
	}
	h->n = c->s->ns.n / GROUP + 1;
	c->ahead = h;
	ahead_reach(c, 0);
}

void ahead_reach(struct collect *c, uint16_t ns)
{
	struct ahead *h = c->ahead;
	uint32_t number = ns / GROUP, i;

	if (!h)
		return;
	for (; h->now < number; h->now++) {
		group_wait(c, &h->groups[h->now]);
		group_release(&h->groups[h->now]);
	}
	for (i = number; i < h->n && i <= number + GROUPS_AHEAD; i++)
		if (!h->groups[i].posted)
			group_post(c, i);
	if (ns)				/* ours is not asked ahead */
		group_wait(c, &h->groups[number]);
}

void ahead_end(struct collect *c)
{
	struct ahead *h = c->ahead;
	uint32_t i;

	c->ahead = NULL;
	for (i = 0; h && i < h->n; i++)
		if (i >= h->now) {
			group_wait(c, &h->groups[i]);
			group_release(&h->groups[i]);
		}
	if (h)
		mem_free(h->groups);
	mem_free(h);
}

static bool is_answer(const struct answer *a, const struct ask *ask)
{
	return !a->taken && a->ask.ns == ask->ns && a->ask.kind == ask->kind &&
	       a->ask.id == ask->id && a->ask.arg_len == ask->arg_len &&
	       (!ask->arg_len || !memcmp(a->ask.arg, ask->arg, ask->arg_len)) &&
	       a->result != -ENOBUFS;
}

static struct answer *find_answer(struct collect *c, const struct ask *ask)
{
	struct group *g = c->ahead && ask->ns / GROUP == c->ahead->now ?
			  &c->ahead->groups[c->ahead->now] : NULL;
	uint32_t i;

	for (i = 0; g && g->waited && i < g->list.n; i++)
		if (is_answer(&g->list.v[i], ask))
			return &g->list.v[i];
	return NULL;
}

int ahead_ask(struct collect *c, const struct ask *ask, chunk_fn fn, void *ctx)
{
	struct answer *a = find_answer(c, ask);
	size_t at = 0, len;
	int r = 0;

	c->s->meta.asks++;
	if (!a)
		return c->ctx->source->ask(c->ctx->source, ask, fn, ctx);
	a->taken = true;
	while (r >= 0 && at < a->chunks.len) {
		memcpy(&len, a->chunks.data + at, sizeof(len));
		at += sizeof(len);
		r = fn(ctx, a->chunks.data + at, len);
		at += len;
	}
	buf_release(&a->chunks);
	return r < 0 ? r : a->result;
}
