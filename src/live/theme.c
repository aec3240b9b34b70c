/* SPDX-License-Identifier: MIT */
/*
 * Themes: what a role looks like. The background is always the terminal's own, and
 * nothing is told by colour alone: what must be seen differs in style as well, or has
 * a glyph of its own. Knows no terminal.
 */
#include "live/theme.h"

#include <errno.h>

#define NONE -1
enum { BLACK, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, WHITE, BRIGHT };

struct theme {
	const char *name;
	struct look looks[ROLE_N];
};

/* What is the same in all: where one reads and where one is. */
#define STRUCTURE(accent) \
	[ROLE_PLAIN] = { NONE, 0 }, [ROLE_TITLE] = { NONE, LOOK_BOLD }, \
	[ROLE_HEAD] = { NONE, LOOK_UNDERLINE }, \
	[ROLE_HEAD_SORT] = { NONE, LOOK_BOLD | LOOK_UNDERLINE }, \
	[ROLE_TAB] = { NONE, 0 }, [ROLE_TAB_ON] = { NONE, LOOK_BOLD | LOOK_REVERSE }, \
	[ROLE_KEY] = { accent, LOOK_BOLD }, [ROLE_KEY_TEXT] = { NONE, 0 }, \
	[ROLE_FRAME] = { accent, 0 }, [ROLE_GRAPH] = { accent, 0 }, \
	[ROLE_INPUT] = { NONE, LOOK_UNDERLINE }, \
	[ROLE_MATCH] = { NONE, LOOK_BOLD | LOOK_UNDERLINE }

static const struct theme themes[] = {
	/* Readable on dark and on light: neither blue nor white, grey by dimming. */
	{ "default", {
		STRUCTURE(CYAN),
		[ROLE_DIM] = { NONE, LOOK_DIM }, [ROLE_CLOSED] = { NONE, LOOK_DIM },
		[ROLE_NEW] = { CYAN, LOOK_BOLD }, [ROLE_CHANGED] = { CYAN, LOOK_UNDERLINE },
		[ROLE_PROBLEM] = { YELLOW, LOOK_BOLD },
		[ROLE_ERROR] = { MAGENTA, LOOK_BOLD | LOOK_UNDERLINE },
		[ROLE_OWN] = { GREEN, LOOK_UNDERLINE },
	} },
	{ "light", {
		STRUCTURE(BLUE),
		[ROLE_DIM] = { NONE, LOOK_DIM }, [ROLE_CLOSED] = { NONE, LOOK_DIM },
		[ROLE_NEW] = { BLUE, LOOK_BOLD }, [ROLE_CHANGED] = { BLUE, LOOK_UNDERLINE },
		[ROLE_PROBLEM] = { RED, LOOK_BOLD },
		[ROLE_ERROR] = { MAGENTA, LOOK_BOLD | LOOK_UNDERLINE },
		[ROLE_OWN] = { CYAN, LOOK_UNDERLINE },
	} },
	{ "mono", {
		STRUCTURE(NONE),
		[ROLE_DIM] = { NONE, LOOK_DIM }, [ROLE_CLOSED] = { NONE, LOOK_DIM },
		[ROLE_NEW] = { NONE, LOOK_BOLD }, [ROLE_CHANGED] = { NONE, LOOK_UNDERLINE },
		[ROLE_PROBLEM] = { NONE, LOOK_BOLD },
		[ROLE_ERROR] = { NONE, LOOK_BOLD | LOOK_REVERSE },
		[ROLE_OWN] = { NONE, LOOK_UNDERLINE },
	} },
	/* Nothing is dimmed, and what is urgent stands in a block. */
	{ "contrast", {
		STRUCTURE(NONE),
		[ROLE_DIM] = { NONE, 0 }, [ROLE_CLOSED] = { NONE, LOOK_UNDERLINE },
		[ROLE_NEW] = { BRIGHT + CYAN, LOOK_BOLD },
		[ROLE_CHANGED] = { NONE, LOOK_BOLD | LOOK_UNDERLINE },
		[ROLE_PROBLEM] = { BRIGHT + YELLOW, LOOK_BOLD | LOOK_REVERSE },
		[ROLE_ERROR] = { BRIGHT + MAGENTA, LOOK_BOLD | LOOK_REVERSE },
		[ROLE_OWN] = { NONE, LOOK_BOLD | LOOK_UNDERLINE },
	} },
	/* Blue and orange, which is what terminals show for yellow, and light for dark:
	 * told apart with any colour vision. */
	{ "cvd", {
		STRUCTURE(BRIGHT + BLUE),
		[ROLE_DIM] = { NONE, LOOK_DIM }, [ROLE_CLOSED] = { NONE, LOOK_DIM },
		[ROLE_NEW] = { BRIGHT + BLUE, LOOK_BOLD },
		[ROLE_CHANGED] = { BRIGHT + BLUE, LOOK_UNDERLINE },
		[ROLE_PROBLEM] = { YELLOW, LOOK_BOLD },
		[ROLE_ERROR] = { YELLOW, LOOK_BOLD | LOOK_REVERSE },
		[ROLE_OWN] = { NONE, LOOK_UNDERLINE },
	} },
};
#define N_THEMES (sizeof(themes) / sizeof(themes[0]))
#define MONO 2

const char *const *theme_names(void)
{
	static const char *const names[N_THEMES + 1] = {
		"default", "light", "mono", "contrast", "cvd", NULL
	};

	return names;
}

int theme_find(const char *name)
{
	for (size_t i = 0; i < N_THEMES; i++)
		if (!strcmp(themes[i].name, name))
			return (int)i;
	return -EINVAL;
}

struct look theme_look(int theme, enum role role, uint8_t flags)
{
	const struct theme *t = &themes[theme >= 0 && theme < (int)N_THEMES ? theme : MONO];
	struct look look = t->looks[role < ROLE_N ? role : ROLE_PLAIN];

	if (flags & CELL_TAGGED)
		look.style |= LOOK_BOLD;
	/* The bar: what is reversed anyway stands out of it by not being so. */
	if (flags & CELL_CURSOR)
		look.style = (look.style & (uint8_t)~LOOK_DIM) ^ LOOK_REVERSE;
	return look;
}

struct glyphs { uint32_t from, to; char ascii; };

static const struct glyphs glyphs[] = {
	{ 0x00b1, 0x00b1, '~' },	/* plus or minus */
	{ 0x00b7, 0x00b7, '.' }, { 0x00d7, 0x00d7, 'x' },
	{ 0x2010, 0x2015, '-' }, { 0x2018, 0x2019, '\'' }, { 0x201c, 0x201d, '"' },
	{ 0x2022, 0x2022, '*' }, { 0x2026, 0x2026, '+' },
	{ 0x2190, 0x2190, '<' }, { 0x2191, 0x2191, '^' },
	{ 0x2192, 0x2192, '>' }, { 0x2193, 0x2193, 'v' },
	{ 0x2500, 0x2501, '-' }, { 0x2502, 0x2503, '|' },
	{ 0x2504, 0x2505, '-' }, { 0x2506, 0x2507, '|' },
	{ 0x2508, 0x2509, '-' }, { 0x250a, 0x250b, '|' },
	{ 0x250c, 0x2513, '.' }, { 0x2514, 0x2517, '`' }, { 0x2518, 0x251b, '\'' },
	{ 0x251c, 0x252b, '|' }, { 0x252c, 0x254b, '+' },
	{ 0x254c, 0x254d, '-' }, { 0x254e, 0x254f, '|' },
	{ 0x2550, 0x2550, '=' }, { 0x2551, 0x2551, '|' },
	{ 0x256d, 0x256e, '.' }, { 0x256f, 0x256f, '\'' }, { 0x2570, 0x2570, '`' },
	{ 0x2581, 0x2581, '.' }, { 0x2582, 0x2582, '_' }, { 0x2583, 0x2583, '-' },
	{ 0x2584, 0x2584, '=' }, { 0x2585, 0x2585, '+' }, { 0x2586, 0x2586, '*' },
	{ 0x2587, 0x2587, '#' }, { 0x2588, 0x2588, '%' },
	{ 0x25b2, 0x25b5, '^' }, { 0x25b6, 0x25b9, '>' },
	{ 0x25bc, 0x25bf, 'v' }, { 0x25c0, 0x25c3, '<' }, { 0x25cf, 0x25cf, '*' },
};

char theme_ascii(uint32_t ch)
{
	if (ch < 0x80)
		return ch >= ' ' && ch < 0x7f ? (char)ch : '?';
	for (size_t i = 0; i < sizeof(glyphs) / sizeof(glyphs[0]); i++)
		if (ch >= glyphs[i].from && ch <= glyphs[i].to)
			return glyphs[i].ascii;
	return '?';
}
