/* SPDX-License-Identifier: MIT */
/* Which rows of a snapshot a query shows, and in which order. */
#ifndef QUERY_ROWS_H
#define QUERY_ROWS_H

#include "query/order.h"
#include "query/plan.h"

struct rows {
	VEC(uint32_t) list;
	uint32_t unknown;		/* rows whose match is not known */
	uint32_t hidden[LSSOCK_N_STATE];/* rows that match but for their state */
};

/* A view is these and where they are from. */
struct lssock_view {
	struct lssock_snap *snap;	/* held */
	const struct lssock_query *query;
	struct rows rows;
};

/* 0 or -ENOMEM. */
int rows_select(struct rows *r, const struct lssock_snap *s, const struct lssock_query *q);
/* Orders the list and, unless the groups are what is limited, cuts it to the
 * limit. 0 or -ENOMEM. */
int rows_sort(struct rows *r, const struct lssock_snap *s, const struct lssock_query *q);
/* Adds what --sort asks for of a row to the key that is open. */
void rows_key(struct order *o, const struct lssock_query *q, const struct lssock_snap *s,
	      uint32_t row, uint32_t owner);

#endif
