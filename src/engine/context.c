/* SPDX-License-Identifier: MIT */
/* Opening and closing a context: the source, the tape around it, the workers.
 * What is asked is collect.c's business. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/engine.h"

static int open_source(const struct lssock_options *opt, struct source **ret,
		       struct lssock_err *err)
{
	struct source *source = NULL;
	int r;

	if (opt->tape_in)
		r = tape_open(opt->tape_in, &source, err);
	else
		r = kernel_open(opt->proc_root ? opt->proc_root : "/proc", opt->collector,
				&source, err);
	if (r < 0 || !opt->tape_out) {
		*ret = source;
		return r;
	}
	r = tape_tee(source, opt->tape_out, opt->anon, ret, err);
	if (r < 0)
		source->close(source);
	return r;
}

int lssock_open(const struct lssock_options *opt, struct lssock **ret, struct lssock_err *err)
{
	struct lssock_options none = { .size = sizeof(none) }, own = none;
	uint64_t failures = mem_failures();
	struct lssock *ctx;
	int r;

	if (opt)
		memcpy(&own, opt, opt->size < sizeof(own) ? opt->size : sizeof(own));
	ctx = mem_alloc(sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	r = open_source(&own, &ctx->source, err);
	if (r < 0)
		goto out;
	ctx->pool = pool_new(pool_workers(own.threads));
	if (!ctx->pool || mem_failures() != failures) {
		r = -ENOMEM;
		goto out;
	}
	ctx->taping = own.tape_out;
	ctx->share = !own.tape_in && !own.tape_out && pool_workers(own.threads) > 0;
	*ret = ctx;
	return 0;
out:
	lssock_close(ctx);
	return r;
}

int lssock_close(struct lssock *ctx)
{
	int r = 0;

	if (!ctx)
		return 0;
	if (ctx->pool)
		pool_free(ctx->pool);
	named_free(ctx->named);
	/* A late job still reads through the source: leave it to the process's end.
	 * A tee leaves itself to its late jobs, and has a file to finish. */
	if (ctx->source && (!ctx->late || !ctx->source->live || ctx->taping))
		r = ctx->source->close(ctx->source);
	mem_free(ctx);
	return r;
}

int lssock_next_round(struct lssock *ctx)
{
	return ctx->source->next(ctx->source);
}
