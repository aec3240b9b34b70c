/* SPDX-License-Identifier: MIT */
/* The columns of a tab: which there are depends on the width and on what was chosen, never
 * on the rows, so nothing jumps while one scrolls. */
#ifndef LIVE_COLUMNS_H
#define LIVE_COLUMNS_H

#include "live/ui.h"

struct column {
	const char *field;		/* of lssock_field_info, or a word of ours */
	const char *head;
	int index;			/* of the field, -1: none */
	uint16_t x, width;
	bool right, middle;		/* middle: cut there */
};
#define COLUMNS_MAX 40

/* Fills out[], left to right; how many. cols: of the list, without the mark. */
unsigned columns_of(const struct ui *ui, unsigned cols, struct column out[COLUMNS_MAX]);
/* The text of a cell, safe to print; *ret_role may be set. */
void column_text(const struct ui *ui, const struct item *i, const struct column *c, char *buf,
		 size_t size, enum role *ret_role);
/* "8.1M", "402K", "0"; the same without a unit. */
void short_rate(double v, char buf[16]);
/* "0.4ms", "34ms", "2h40m", "3d". */
void short_time(uint64_t us, char buf[16]);

#endif
