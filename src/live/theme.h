/* SPDX-License-Identifier: MIT */
/* How what cells mean looks: themes, and glyphs where there is only ASCII. */
#ifndef LIVE_THEME_H
#define LIVE_THEME_H

#include "live/grid.h"

#define LOOK_BOLD	0x01
#define LOOK_DIM	0x02
#define LOOK_UNDERLINE	0x04
#define LOOK_REVERSE	0x08

struct look {
	int8_t color;			/* of the 16; -1: the terminal's own */
	uint8_t style;			/* LOOK_* */
};

/* NULL-terminated. */
const char *const *theme_names(void);
/* Its number or -EINVAL. */
int theme_find(const char *name);
/* theme -1: none, the look without colours. flags: CELL_* */
struct look theme_look(int theme, enum role role, uint8_t flags);
/* The ASCII character that stands for a glyph, `?` for those of others. */
char theme_ascii(uint32_t ch);

#endif
