/* SPDX-License-Identifier: MIT */
/* Sheets -> bytes. Every format is a function over a sheet; a row of out.c. */
#ifndef OUT_OUT_H
#define OUT_OUT_H

#include "base/buf.h"
#include "model/snap.h"
#include "query/value.h"

/* A sink with a buffer; the first error of write sticks. */
struct sink {
	lssock_write_fn write;
	void *ctx;
	struct buf buf;
	int err;
};
void sink_flush(struct sink *k);	/* writes what is there */
/* Call after each row: flushes when the buffer is large. false: stop, it failed. */
bool sink_row(struct sink *k);
/* Writes text that was made elsewhere, and what stands before it. 0, or the error
 * of the sink. */
int sink_take(struct sink *k, const struct buf *text);
int sink_end(struct sink *k);		/* flushes, frees, 0 or -errno */

typedef int (*out_fn)(const struct lssock_sheet *s, const struct lssock_render *r,
		      struct sink *k);
int out_table(const struct lssock_sheet *s, const struct lssock_render *r, struct sink *k);
int out_json(const struct lssock_sheet *s, const struct lssock_render *r, struct sink *k);
int out_jsonl(const struct lssock_sheet *s, const struct lssock_render *r, struct sink *k);
int out_csv(const struct lssock_sheet *s, const struct lssock_render *r, struct sink *k);
int out_tsv(const struct lssock_sheet *s, const struct lssock_render *r, struct sink *k);
int out_openmetrics(const struct lssock_sheet *s, const struct lssock_render *r,
		    struct sink *k);
int out_dot(const struct lssock_sheet *s, const struct lssock_render *r, struct sink *k);

/* A cell; what setters of values may leave alone is cleared before. */
static inline void out_cell(const struct lssock_sheet *s, uint32_t row, uint32_t sub,
			    uint32_t col, struct lssock_value *ret)
{
	ret->kind = LSSOCK_V_NA;
	ret->unit = s->columns[col].unit;
	ret->more = 0;
	ret->i = 0;
	s->cell(s, row, sub, col, ret);
}
static inline void out_expect(const struct lssock_sheet *s, uint32_t row)
{
	if (s->expect)
		s->expect(s, row);
}
/* Column by name, n_columns: there is none. */
uint32_t out_column(const struct lssock_sheet *s, const char *name);
/* Row of the snapshot behind a row, NULL: none. */
const struct lssock_sock *out_origin(const struct lssock_sheet *s, uint32_t row);
/* A unix name: @ for abstract, a literal leading @ escaped. */
void out_name(struct buf *b, const struct lssock_value *v, unsigned text_flags);

/* The processes a `why` concerns (why_procs): holders that are no owners in the
 * plain sense, then for what waits in a listener the listener's owners. */
struct why_walk {
	const struct lssock_snap *snap;
	uint32_t next, via;		/* owner rows */
	bool at_via;
};
void why_start(struct why_walk *w, const struct lssock_snap *s, const struct lssock_sock *k);
const struct lssock_owner *why_next(struct why_walk *w);	/* NULL: end */
/* First owner from owner row `at` on that has an fd, NULL: none. */
const struct lssock_owner *out_holder(const struct lssock_snap *s, uint32_t at);

#endif
