/* SPDX-License-Identifier: MIT */
/* What table.c and cells.c share: a table being laid out. */
#ifndef OUT_TABLE_H
#define OUT_TABLE_H

#include "out/memo.h"

enum role { ROLE_PLAIN, ROLE_HEAD, ROLE_DIM, ROLE_WARN, ROLE_BAD };

struct cell {
	uint32_t off, len, width;
	uint8_t keep;			/* bytes at the end that are never cut */
	uint8_t role;
	bool reason;			/* instead of an owner: cut before any column gives */
};

/* What a column showed last, with its text unless that is long. */
struct cell_memo {
	struct memo memo;
	struct cell cell;
	char text[40];
};

/* The whole, and a copy of it for each slice with its own text and widths. */
struct table {
	const struct lssock_sheet *sheet;
	const struct lssock_render *render;
	struct sink *sink;
	struct buf *out;		/* of the sink, or of a slice */
	struct table **parts;		/* of the whole: slices as they were measured */
	bool tty;
	unsigned flags;			/* TEXT_* */
	uint32_t n;			/* columns */
	uint32_t state, why, process, remote, more;	/* columns, or n */
	uint32_t *owner_width;		/* of `process` without the reasons */
	int dir;			/* field, < 0: none */
	struct cell_memo *memos;	/* by column, NULL: nothing is remembered */
	uint32_t proc;			/* whose owner's columns were the last, 0: nobody's */
	uint32_t *width;		/* by column, then owner_width */
	uint32_t gap;
	struct buf text;
	struct cell *cells;		/* of the cached rows and one more */
	uint32_t cached;		/* rows, from the first of the slice on */
};

/* How wide a safe text is. */
uint32_t table_columns(const char *s, size_t len);
/* The cells of a row, one for each column; their text is added to t->text. */
void table_row(struct table *t, uint32_t row, struct cell *c);

#endif
