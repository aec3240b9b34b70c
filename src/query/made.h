/* SPDX-License-Identifier: MIT */
/*
 * Sheets whose cells are made before they are printed: begun, filled cell by cell and
 * row by row, ended. Out of memory is found at the end.
 */
#ifndef QUERY_MADE_H
#define QUERY_MADE_H

#include "model/snap.h"
#include "query/value.h"

struct made_cell {
	enum lssock_kind kind;
	uint64_t u;			/* number, or where the text begins */
	size_t len;
	uint32_t more;			/* text: so many others beside it */
};

struct made {
	struct lssock_sheet sheet;
	VEC(struct made_cell) cells;	/* row by row */
	struct buf text;
	uint64_t failures;		/* of memory, before it was begun */
	bool failed;
};

/* Holds s (NULL: of no snapshot). columns outlive it. NULL: no memory. */
struct made *made_new(enum sheet_kind kind, const struct sheet_column *columns,
		      uint32_t n_columns, struct lssock_snap *s);
/* 0, or -ENOMEM and it is freed. */
int made_end(struct made *m, struct lssock_sheet **ret);

void made_kind(struct made *m, enum lssock_kind kind, uint64_t u, size_t len);
void made_number(struct made *m, uint64_t u);
void made_real(struct made *m, double r);
void made_na(struct made *m);
void made_word(struct made *m, const char *word);	/* one of ours, safe */
/* The text from `at` to the end of m->text: where it was put before. */
void made_text(struct made *m, enum lssock_kind kind, size_t at);
/* A string of the snapshot; 0: not applicable. */
void made_string(struct made *m, uint32_t id);
void made_put(struct made *m, uint32_t id);		/* the same into m->text */
/* There are so many others beside what the last cell says ("nginx +2"). */
void made_more(struct made *m, uint32_t more);

#endif
