/* SPDX-License-Identifier: MIT */
/*
 * What a screen shows, as plain cells: a glyph and what it means. Drawing is
 * writing cells; the terminal gets them in term.c, a test as text. Nothing is ever
 * written outside, whatever the place: the grid may be 1x1.
 */
#ifndef LIVE_GRID_H
#define LIVE_GRID_H

#include "base/buf.h"

/* What a cell means; a theme says how that looks. */
enum role {
	ROLE_PLAIN, ROLE_TITLE, ROLE_HEAD, ROLE_HEAD_SORT, ROLE_DIM,
	ROLE_NEW, ROLE_CLOSED, ROLE_CHANGED, ROLE_PROBLEM, ROLE_ERROR, ROLE_OWN,
	ROLE_MATCH,			/* what a find found */
	ROLE_TAB, ROLE_TAB_ON, ROLE_KEY, ROLE_KEY_TEXT, ROLE_FRAME, ROLE_GRAPH,
	ROLE_INPUT,
	ROLE_N
};
#define CELL_CURSOR 0x01		/* on the selected row: role and this together */
#define CELL_TAGGED 0x02
#define CELL_WIDE 0x04			/* two columns; the next cell is its other half */

struct cell {
	uint32_t ch;			/* Unicode; 0: right half of a wide one */
	uint8_t role, flags;
	uint16_t mark;			/* a combining mark on it, 0: none */
};

struct grid {
	struct cell *cells;		/* rows * cols */
	uint16_t cols, rows;
	uint16_t cursor_x, cursor_y;	/* of the hardware cursor */
	bool cursor;			/* it is to be seen (a prompt) */
};

/* What a terminal says of its size is taken up to here, and from 1x1 on. */
#define GRID_COLS_MAX 2000u
#define GRID_ROWS_MAX 1000u

/* 0, or -ENOMEM: it stays as it was. Else the cells are blank. */
int grid_resize(struct grid *g, unsigned cols, unsigned rows);
void grid_release(struct grid *g);
void grid_clear(struct grid *g);
/* Writes text that is safe already (UTF-8 without control characters) from (y, x) on, in
 * at most `width` columns and inside the grid. Returns the columns written. */
unsigned grid_put(struct grid *g, unsigned y, unsigned x, unsigned width, enum role role,
		  const char *text, size_t len);
unsigned grid_puts(struct grid *g, unsigned y, unsigned x, unsigned width, enum role role,
		   const char *text);
/* The same in a field: cut at its end or in the middle with `cut` (a character, `+` or
 * an ellipsis) if it is too long, else filled with blanks; right: at the right end. */
enum grid_cut { GRID_CUT_END, GRID_CUT_MIDDLE };
void grid_field(struct grid *g, unsigned y, unsigned x, unsigned width, enum role role,
		const char *text, size_t len, bool right, enum grid_cut how, uint32_t cut);
void grid_fill(struct grid *g, unsigned y, unsigned x, unsigned width, enum role role,
	       uint32_t ch);
/* A frame with a title and blanks inside. ascii: . - ' | instead of lines. */
void grid_frame(struct grid *g, unsigned y, unsigned x, unsigned height, unsigned width,
		const char *title, bool ascii);
/* Sets a flag (CELL_CURSOR …) on cells, whatever they show. */
void grid_flag(struct grid *g, unsigned y, unsigned x, unsigned width, uint8_t flag);
/* The role of cells that are written already. */
void grid_role(struct grid *g, unsigned y, unsigned x, unsigned width, enum role role);
/* The screen as lines of text without blanks at their ends. roles: below each line one of
 * a letter per cell, upper case under the cursor bar; plain is '.', '>' under the bar and
 * '*' if tagged, and left away at the end. */
void grid_dump(const struct grid *g, bool roles, struct buf *out);

#endif
