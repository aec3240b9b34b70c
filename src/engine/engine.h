/* SPDX-License-Identifier: MIT */
/* What the engine's files share: the context and the stages of a collection. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/pool.h"
#include "query/plan.h"
#include "source/source.h"

struct lssock {
	struct source *source;
	struct pool *pool;
	unsigned threads;
};

/* Details of processes, files, cgroups for rows the filter has not excluded.
 * Unsealed snapshot. Blocking reads are jobs with deadlines. */
int enrich_snap(struct lssock *ctx, const struct lssock_query *q, struct lssock_snap *s);

#endif
