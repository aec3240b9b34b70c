/* SPDX-License-Identifier: MIT */
/* Cells: nothing outside, no halves of wide characters, no controls; fields and what
 * is cut off them; how themes tell roles apart. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "live/clip.h"
#include "live/grid.h"
#include "live/theme.h"

static void check_dump(const struct grid *g, bool roles, const char *want)
{
	struct buf b = { 0 };

	grid_dump(g, roles, &b);
	assert_string_equal(buf_cstr(&b), want);
	buf_release(&b);
}

/* One row of `cols` columns of dots. */
static void make_row(struct grid *g, unsigned cols)
{
	assert_int_equal(grid_resize(g, cols, 1), 0);
	grid_fill(g, 0, 0, cols, ROLE_PLAIN, '.');
}

static void check_put(unsigned cols, unsigned x, unsigned width, const char *text,
		      unsigned used, const char *want)
{
	struct grid g = { 0 };

	make_row(&g, cols);
	assert_int_equal(grid_puts(&g, 0, x, width, ROLE_PLAIN, text), used);
	check_dump(&g, false, want);
	grid_release(&g);
}

static void put(void **state)
{
	(void)state;
	check_put(8, 2, 99, "abc", 3, "..abc...\n");
	check_put(8, 2, 2, "abc", 2, "..ab....\n");
	check_put(8, 6, 99, "abc", 2, "......ab\n");
	check_put(8, 8, 99, "abc", 0, "........\n");
	check_put(8, UINT32_MAX, 99, "abc", 0, "........\n");
	check_put(8, 1, UINT32_MAX, "abc", 3, ".abc....\n");
	check_put(8, 0, 0, "abc", 0, "........\n");
	/* wide: two columns, or none at all */
	check_put(8, 0, 8, "a\u65e5\u672cb", 6, "a\u65e5\u672cb..\n");
	check_put(4, 0, 4, "a\u65e5\u672cb", 3, "a\u65e5.\n");
	check_put(4, 3, 4, "\u65e5", 0, "....\n");
	/* marks: one on each, none on what stood there before */
	check_put(4, 0, 4, "e\u0301\u0302x", 2, "e\u0301x..\n");
	check_put(4, 1, 4, "\u0301x", 1, ".x..\n");
	check_put(4, 0, 2, "\u65e5\u0301", 2, "\u65e5\u0301..\n");
	check_put(2, 0, 1, "e\u0301", 1, "e\u0301.\n");
	/* what never should have come */
	check_put(8, 0, 8, "a\033[m\n\x7f\xff\xc2\x85", 8, "a?[m????\n");
	check_put(4, 0, 4, "a\u202eb", 3, "a?b.\n");
	check_put(4, 0, 4, "\xe2\x82", 2, "??..\n");
}

static void outside(void **state)
{
	struct grid g = { 0 };

	(void)state;
	assert_int_equal(grid_resize(&g, 0, 0), 0);
	assert_int_equal(g.cols, 1);
	assert_int_equal(g.rows, 1);
	for (unsigned y = 0; y < 3; y++) {
		for (unsigned x = 0; x < 3; x++) {
			grid_puts(&g, y, x, 9, ROLE_PLAIN, "\u65e5\u672c");
			grid_field(&g, y, x, 9, ROLE_PLAIN, "long text", 9, true, GRID_CUT_MIDDLE,
				   '+');
			grid_frame(&g, y, x, 9, 9, "title", true);
			grid_frame(&g, y, x, UINT32_MAX, UINT32_MAX, "title", true);
			grid_flag(&g, y, x, 9, CELL_CURSOR);
			grid_role(&g, y, x, 9, ROLE_DIM);
		}
	}
	grid_fill(&g, UINT32_MAX, UINT32_MAX, UINT32_MAX, ROLE_PLAIN, 'x');
	assert_int_equal(grid_resize(&g, UINT32_MAX, UINT32_MAX), 0);
	assert_int_equal(g.cols, GRID_COLS_MAX);
	assert_int_equal(g.rows, GRID_ROWS_MAX);
	mem_fail_at(1);
	assert_int_equal(grid_resize(&g, 5, 5), -ENOMEM);
	mem_fail_at(0);
	assert_int_equal(g.cols, GRID_COLS_MAX);
	grid_release(&g);
	grid_release(&g);
}

/* Whatever is written over a wide character, no half of it stays. */
static void halves(void **state)
{
	struct grid g = { 0 };

	(void)state;
	make_row(&g, 6);
	grid_puts(&g, 0, 1, 9, ROLE_PLAIN, "\u65e5\u672c");
	grid_puts(&g, 0, 2, 9, ROLE_PLAIN, "x");
	check_dump(&g, false, ". x\u672c.\n");
	grid_fill(&g, 0, 3, 1, ROLE_PLAIN, 'y');
	check_dump(&g, false, ". xy .\n");
	grid_puts(&g, 0, 0, 9, ROLE_PLAIN, "\u65e5\u672c\u8a9e");
	grid_puts(&g, 0, 1, 9, ROLE_PLAIN, "\u65e5\u672c");
	check_dump(&g, false, " \u65e5\u672c\n");
	for (unsigned x = 0; x < g.cols; x++) {
		bool right = x && g.cells[x - 1].flags & CELL_WIDE;

		assert_int_equal(g.cells[x].ch == 0, right);
	}
	/* a flag cannot make a cell wide */
	grid_flag(&g, 0, 5, 1, CELL_WIDE | CELL_TAGGED);
	assert_int_equal(g.cells[5].flags, CELL_TAGGED);
	grid_release(&g);
}

static void check_field(unsigned width, const char *text, bool right, enum grid_cut how,
			const char *want)
{
	struct grid g = { 0 };

	make_row(&g, 12);
	grid_field(&g, 0, 1, width, ROLE_PLAIN, text, strlen(text), right, how, '+');
	check_dump(&g, false, want);
	grid_release(&g);
}

static void fields(void **state)
{
	(void)state;
	check_field(6, "abc", false, GRID_CUT_END, ".abc   .....\n");
	check_field(6, "abc", true, GRID_CUT_END, ".   abc.....\n");
	check_field(6, "abcdef", true, GRID_CUT_END, ".abcdef.....\n");
	check_field(6, "abcdefg", true, GRID_CUT_END, ".abcde+.....\n");
	check_field(7, "abcdefghij", false, GRID_CUT_MIDDLE, ".ab+ghij....\n");
	check_field(2, "abc", false, GRID_CUT_END, ".a+.........\n");
	check_field(2, "abc", false, GRID_CUT_MIDDLE, ".+c.........\n");
	check_field(1, "abc", false, GRID_CUT_MIDDLE, ".+..........\n");
	check_field(0, "abc", false, GRID_CUT_END, "............\n");
	check_field(4, "", false, GRID_CUT_END, ".    .......\n");
	/* beyond the right end: what there is of it is the field */
	check_field(99, "abcdefghijklmn", false, GRID_CUT_END, ".abcdefghij+\n");
	/* wide characters are not halved, escapes not torn */
	check_field(4, "\u65e5\u672c\u8a9e", false, GRID_CUT_END, ".\u65e5+ .......\n");
	check_field(5, "\u65e5\u672c\u8a9e", false, GRID_CUT_MIDDLE, ".+\u672c\u8a9e......\n");
	check_field(6, "\u65e5\u672c\u8a9e\u65e5", false, GRID_CUT_MIDDLE,
		    ".+\u8a9e\u65e5 .....\n");
	check_field(5, "a\\x1bcdef", false, GRID_CUT_END, ".a+   ......\n");
	check_field(7, "abcd\\x1bfg", false, GRID_CUT_MIDDLE, ".ab+fg  ....\n");
	/* a mark stays with its letter */
	check_field(3, "abe\u0301", false, GRID_CUT_MIDDLE, ".abe\u0301........\n");
	check_field(2, "abe\u0301", false, GRID_CUT_MIDDLE, ".+e\u0301.........\n");
}

static void frames(void **state)
{
	struct grid g = { 0 };

	(void)state;
	assert_int_equal(grid_resize(&g, 16, 4), 0);
	for (unsigned y = 0; y < 4; y++)
		grid_fill(&g, y, 0, 16, ROLE_PLAIN, '#');
	grid_frame(&g, 0, 1, 3, 14, "Kill", true);
	check_dump(&g, false, "#.-- Kill ----.#\n#|            |#\n#'------------'#\n"
		   "################\n");
	grid_frame(&g, 1, 12, 9, 9, "", false);
	check_dump(&g, false, "#.-- Kill ----.#\n#|          \u250c\u2500\u2500\u2500\n"
		   "#'----------\u2502\n############\u2502\n");
	grid_clear(&g);
	grid_frame(&g, 0, 0, 3, 12, "much too long", true);
	check_dump(&g, false, ".-- much --.\n|          |\n'----------'\n\n");
	grid_frame(&g, 0, 0, 1, 12, "", true);
	grid_frame(&g, 0, 0, 3, 1, "", true);
	check_dump(&g, false, ".-- much --.\n|          |\n'----------'\n\n");
	grid_release(&g);
}

static void roles(void **state)
{
	struct grid g = { 0 };

	(void)state;
	assert_int_equal(grid_resize(&g, 8, 2), 0);
	grid_puts(&g, 0, 0, 8, ROLE_NEW, "new");
	grid_puts(&g, 0, 4, 8, ROLE_PLAIN, "old");
	grid_puts(&g, 1, 0, 8, ROLE_PROBLEM, "bad");
	grid_flag(&g, 1, 0, 5, CELL_CURSOR);
	grid_flag(&g, 1, 5, 2, CELL_TAGGED);
	check_dump(&g, true, "new old\nnnn\nbad\nPPP>>**\n");
	grid_role(&g, 0, 1, 2, ROLE_DIM);
	check_dump(&g, true, "new old\nndd\nbad\nPPP>>**\n");
	grid_clear(&g);
	check_dump(&g, true, "\n\n\n\n");
	grid_release(&g);
}

/* Any bytes, anywhere: cells stay what they must be. */
static void hostile(void **state)
{
	static const char bytes[] = "a\u65e5\u0301\\x1b\033\xff\u202e\U0001f600 \n\x80";
	struct grid g = { 0 };
	uint64_t seed = 4;

	(void)state;
	assert_int_equal(grid_resize(&g, 9, 3), 0);
	for (unsigned i = 0; i < 200000; i++) {
		unsigned r[6];
		size_t from, len;

		for (unsigned k = 0; k < 6; k++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			r[k] = (unsigned)(seed >> 33);
		}
		from = r[0] % sizeof(bytes);
		len = r[1] % (sizeof(bytes) - from);
		if (r[5] & 1)
			grid_put(&g, r[2] % 4, r[3] % 11, r[4] % 11, r[5] % ROLE_N,
				 bytes + from, len);
		else
			grid_field(&g, r[2] % 4, r[3] % 11, r[4] % 11, r[5] % ROLE_N,
				   bytes + from, len, r[5] & 2, r[5] & 4 ? GRID_CUT_END :
				   GRID_CUT_MIDDLE, r[5] & 8 ? 0x2026 : r[5] & 16 ? '\033' : '+');
		for (unsigned c = 0; c < 27; c++) {
			const struct cell *cell = &g.cells[c];
			bool right = c % 9 && cell[-1].flags & CELL_WIDE;

			if ((cell->ch == 0) != right || (cell->ch && cell->ch < ' ') ||
			    (cell->ch >= 0x7f && cell->ch < 0xa0) || cell->ch == 0x202e ||
			    (cell->flags & CELL_WIDE && c % 9 == 8))
				fail_msg("round %u, cell %u: U+%04X", i, c, (unsigned)cell->ch);
		}
	}
	grid_release(&g);
}

/* ---- themes ------------------------------------------------------------------------ */

static void themes(void **state)
{
	static const enum role seen[] = { ROLE_PROBLEM, ROLE_ERROR, ROLE_MATCH, ROLE_TAB_ON,
					  ROLE_HEAD_SORT, ROLE_INPUT, ROLE_NEW, ROLE_CHANGED,
					  ROLE_OWN, ROLE_KEY };
	const char *const *names = theme_names();
	int n = 0;

	(void)state;
	for (; names[n]; n++) {
		assert_int_equal(theme_find(names[n]), n);
		for (unsigned r = 0; r < ROLE_N; r++) {
			struct look plain = theme_look(n, (enum role)r, 0);
			struct look bar = theme_look(n, (enum role)r, CELL_CURSOR);

			assert_in_range(plain.color + 1, 0, 16);
			assert_int_equal(bar.color, plain.color);
			assert_int_equal((bar.style ^ plain.style) & LOOK_REVERSE, LOOK_REVERSE);
			assert_true(theme_look(n, (enum role)r, CELL_TAGGED).style & LOOK_BOLD);
			if (!strcmp(names[n], "mono"))
				assert_int_equal(plain.color, -1);
			if (!strcmp(names[n], "contrast"))
				assert_false(plain.style & LOOK_DIM);
		}
		/* never by colour alone */
		for (unsigned i = 0; i < sizeof(seen) / sizeof(*seen); i++)
			assert_int_not_equal(theme_look(n, seen[i], 0).style,
					     theme_look(n, ROLE_PLAIN, 0).style);
		assert_int_not_equal(theme_look(n, ROLE_PROBLEM, 0).style | 0x100 *
				     (theme_look(n, ROLE_PROBLEM, 0).color + 1),
				     theme_look(n, ROLE_ERROR, 0).style | 0x100 *
				     (theme_look(n, ROLE_ERROR, 0).color + 1));
		assert_int_not_equal(theme_look(n, ROLE_HEAD, 0).style,
				     theme_look(n, ROLE_HEAD_SORT, 0).style);
	}
	assert_int_equal(n, 5);
	assert_int_equal(theme_find("pink"), -EINVAL);
	assert_int_equal(theme_look(-1, ROLE_NEW, 0).color, -1);
}

static void ascii(void **state)
{
	static const char *const glyphs = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
		"\u2502\u2500\u2514\u251c\u2026\u25bc\u25b2\u65e5\u00e9a~";
	static const char want[] = "._-=+*#%|-`|+v^??a~";
	size_t i = 0, len = strlen(glyphs);

	(void)state;
	for (size_t n = 0; i < len; n++) {
		unsigned width;
		uint32_t ch;

		i += text_char(glyphs + i, len - i, &ch, &width);
		assert_int_equal(theme_ascii(ch), want[n]);
	}
	for (uint32_t ch = 0; ch < 0x30000; ch++)
		assert_in_range(theme_ascii(ch), ' ', '~');
}

/* ---- the clipboard ------------------------------------------------------------------- */

static void check_clip(const char *term, bool known, const char *text, const char *want)
{
	struct buf b = { 0 };

	clip_put(&b, term, known, text, strlen(text));
	assert_string_equal(buf_cstr(&b), want);
	buf_release(&b);
}

static void clip(void **state)
{
	char text[56300];
	struct buf b = { 0 };

	(void)state;
	check_clip("xterm-256color", true, "10.0.0.5:443", "\033]52;c;MTAuMC4wLjU6NDQz\a");
	check_clip("foot", true, "a", "\033]52;c;YQ==\a");
	check_clip("tmux-256color", true, "a",
		   "\033]52;c;YQ==\a\033Ptmux;\033\033]52;c;YQ==\a\033\\");
	check_clip("screen.xterm", false, "a",
		   "\033]52;c;YQ==\a\033P\033]52;c;YQ==\a\033\\");
	/* these would print it */
	check_clip("linux", false, "a", "");
	check_clip("vt100", false, "a", "");
	memset(text, 'x', sizeof(text));
	clip_put(&b, "xterm", true, text, sizeof(text));
	assert_int_equal(b.len, 0);
	clip_put(&b, "xterm", true, text, 56244);
	assert_int_equal(b.len, 7 + 74992 + 1);
	buf_reset(&b);
	/* in pieces that screen lets through, which are the whole */
	clip_put(&b, "screen", true, text, 1000);
	for (size_t i = (size_t)((char *)memchr(b.data, '\a', b.len) + 1 - b.data);
	     i < b.len; ) {
		char *end = memmem(b.data + i, b.len - i, "\033\\", 2);

		assert_non_null(end);
		assert_memory_equal(b.data + i, "\033P", 2);
		assert_in_range(end - b.data - i, 3, 202);
		i = (size_t)(end - b.data) + 2;
	}
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(put), cmocka_unit_test(outside), cmocka_unit_test(halves),
		cmocka_unit_test(fields), cmocka_unit_test(frames), cmocka_unit_test(roles),
		cmocka_unit_test(hostile), cmocka_unit_test(themes), cmocka_unit_test(ascii),
		cmocka_unit_test(clip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
