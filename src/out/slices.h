/* SPDX-License-Identifier: MIT */
/* Many rows made by several threads at once, and handed on in their order. */
#ifndef OUT_SLICES_H
#define OUT_SLICES_H

#include "base/pool.h"
#include "out/out.h"

#define SLICE_ROWS 1024u

struct slice {
	struct pool_job job;
	const struct lssock_sheet *sheet;	/* for this slice alone */
	struct lssock_sheet *twin;		/* the same if it is a copy, NULL: it is not */
	uint32_t number, from, to;		/* rows */
	void *ctx;
	void (*make)(struct slice *s);
	struct buf text;			/* what make() made */
	int err;				/* of make(): -errno */
};

/* Cuts the rows of a sheet into slices, lets make() do each, with threads as in
 * the render where there are many rows, and gives them to take() in order, on the
 * caller's thread. take() may take the text away. The first error ends it. */
struct slicing {
	const struct lssock_sheet *sheet;
	const struct lssock_render *render;
	void *ctx;				/* handed to both */
	void (*make)(struct slice *s);
	int (*take)(struct slice *s);
};
int slices_run(const struct slicing *w);
static inline uint32_t slices_of(const struct lssock_sheet *s)
{
	return s->n_rows / SLICE_ROWS + (s->n_rows % SLICE_ROWS != 0);
}

#endif
