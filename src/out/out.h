/* SPDX-License-Identifier: MIT */
/* Sheets -> bytes. Every format is a function over a sheet; a row of out.c. */
#ifndef OUT_OUT_H
#define OUT_OUT_H

#include "base/buf.h"
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
int sink_end(struct sink *k);		/* flushes, frees, 0 or -errno */

typedef int (*out_fn)(const struct lssock_sheet *s, const struct lssock_render *r, struct sink *k);
int out_table(const struct lssock_sheet *s, const struct lssock_render *r, struct sink *k);
int out_json(const struct lssock_sheet *s, const struct lssock_render *r, struct sink *k);
int out_jsonl(const struct lssock_sheet *s, const struct lssock_render *r, struct sink *k);
int out_csv(const struct lssock_sheet *s, const struct lssock_render *r, struct sink *k);
int out_tsv(const struct lssock_sheet *s, const struct lssock_render *r, struct sink *k);
int out_dot(const struct lssock_sheet *s, const struct lssock_render *r, struct sink *k);

#endif
