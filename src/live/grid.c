/* SPDX-License-Identifier: MIT */
/*
 * Writing text into cells: places, widths, what does not fit. Text comes safe; what
 * would be unsafe on a terminal all the same becomes `?`, so that no cell ever holds a
 * control character. How a cell looks is not known here.
 */
#include "live/grid.h"

#include <errno.h>

#include "base/text.h"

static unsigned at_least_one(unsigned n, unsigned max)
{
	return n < 1 ? 1 : n > max ? max : n;
}

int grid_resize(struct grid *g, unsigned cols, unsigned rows)
{
	struct cell *cells;

	cols = at_least_one(cols, GRID_COLS_MAX);
	rows = at_least_one(rows, GRID_ROWS_MAX);
	cells = mem_alloc(sizeof(*cells) * cols * rows);
	if (!cells)
		return -ENOMEM;
	mem_free(g->cells);
	*g = (struct grid){ .cells = cells, .cols = (uint16_t)cols, .rows = (uint16_t)rows };
	grid_clear(g);
	return 0;
}

void grid_release(struct grid *g)
{
	mem_free(g->cells);
	*g = (struct grid){ 0 };
}

void grid_clear(struct grid *g)
{
	size_t n = (size_t)g->cols * g->rows;

	for (size_t i = 0; i < n; i++)
		g->cells[i] = (struct cell){ .ch = ' ' };
	g->cursor_x = g->cursor_y = 0;
	g->cursor = false;
}

/* The part of a row from x on and how much of `width` it has; NULL: outside. */
static struct cell *cells_at(struct grid *g, unsigned y, unsigned x, unsigned *width)
{
	if (y >= g->rows || x >= g->cols)
		return NULL;
	if (*width > g->cols - x)
		*width = g->cols - x;
	return &g->cells[(size_t)y * g->cols + x];
}

/* A wide character of which the cell is one half becomes a blank: what is left of it
 * must not be half of something. */
static void part(struct grid *g, struct cell *c)
{
	size_t x = (size_t)(c - g->cells) % g->cols;

	if (!c->ch && x > 0 && c[-1].flags & CELL_WIDE) {
		c[-1].ch = ' ';
		c[-1].mark = 0;
		c[-1].flags &= (uint8_t)~CELL_WIDE;
	}
	if (c->flags & CELL_WIDE && x + 1 < g->cols)
		c[1].ch = ' ';
}

static void set(struct grid *g, struct cell *c, uint32_t ch, enum role role)
{
	part(g, c);
	*c = (struct cell){ .ch = ch, .role = (uint8_t)role };
}

unsigned grid_put(struct grid *g, unsigned y, unsigned x, unsigned width, enum role role,
		  const char *text, size_t len)
{
	struct cell *c = cells_at(g, y, x, &width);
	unsigned used = 0;

	if (!c)
		return 0;
	for (size_t i = 0; i < len; ) {
		unsigned columns;
		uint32_t ch;

		i += text_char(text + i, len - i, &ch, &columns);
		if (columns > width - used)
			break;
		if (!columns) {
			/* the first of several, on what this text has written */
			struct cell *base = !used ? NULL :
				c[used - 1].ch ? &c[used - 1] : &c[used - 2];

			if (base && !base->mark && ch <= 0xffff)
				base->mark = (uint16_t)ch;
			continue;
		}
		set(g, &c[used], ch ? ch : '?', role);
		if (columns == 2) {
			set(g, &c[used + 1], 0, role);
			c[used].flags = CELL_WIDE;
		}
		used += columns;
	}
	return used;
}

unsigned grid_puts(struct grid *g, unsigned y, unsigned x, unsigned width, enum role role,
		   const char *text)
{
	return grid_put(g, y, x, width, role, text, strlen(text));
}

void grid_fill(struct grid *g, unsigned y, unsigned x, unsigned width, enum role role,
	       uint32_t ch)
{
	struct cell *c = cells_at(g, y, x, &width);

	if (ch < ' ' || (ch >= 0x7f && ch < 0xa0))
		ch = ' ';
	for (unsigned i = 0; c && i < width; i++)
		set(g, &c[i], ch, role);
}

/* Where the end of a text begins that takes at most `width` columns. */
static size_t tail_from(const char *text, size_t len, size_t width)
{
	size_t total = text_width(text, len), columns = 0, i = 0, n;

	while (total > width && i < len) {
		/* one character, or a \xNN, which takes 4 columns */
		for (size_t k = 1; !columns && k <= 4; k++)
			n = text_cut(text + i, len - i, k, &columns);
		if (!columns)
			break;
		i += n;
		total -= columns;
		columns = 0;
	}
	return i;
}

/* Text that is too long for width columns, which are at least 2. */
static void put_cut(struct grid *g, unsigned y, unsigned x, unsigned width, enum role role,
		    const char *text, size_t len, enum grid_cut how, uint32_t cut)
{
	size_t columns, room = width - 1, tail = len;
	size_t head = text_cut(text, len, how == GRID_CUT_END ? room : room / 3, &columns);

	if (how == GRID_CUT_MIDDLE)
		tail = tail_from(text, len, room - columns);
	x += grid_put(g, y, x, width, role, text, head);
	grid_fill(g, y, x, 1, role, cut);
	grid_put(g, y, x + 1, (unsigned)(room - columns), role, text + tail, len - tail);
}

void grid_field(struct grid *g, unsigned y, unsigned x, unsigned width, enum role role,
		const char *text, size_t len, bool right, enum grid_cut how, uint32_t cut)
{
	size_t columns = text_width(text, len);

	if (!cells_at(g, y, x, &width))
		return;
	grid_fill(g, y, x, width, role, ' ');
	if (columns > width && width > 1)
		put_cut(g, y, x, width, role, text, len, how, cut);
	else if (columns > width)
		grid_fill(g, y, x, width, role, cut);
	else
		grid_put(g, y, right ? x + width - (unsigned)columns : x, width, role, text,
			 len);
}

static void put_title(struct grid *g, unsigned y, unsigned x, unsigned width,
		      const char *title)
{
	unsigned n;

	if (!*title || width < 9)
		return;
	grid_fill(g, y, x + 3, 1, ROLE_FRAME, ' ');
	n = grid_puts(g, y, x + 4, width - 8, ROLE_TITLE, title);
	grid_fill(g, y, x + 4 + n, 1, ROLE_FRAME, ' ');
}

void grid_frame(struct grid *g, unsigned y, unsigned x, unsigned height, unsigned width,
		const char *title, bool ascii)
{
	uint32_t line = ascii ? '-' : 0x2500, side = ascii ? '|' : 0x2502;
	unsigned last = y + height - 1, right = x + width - 1;

	/* None of it is seen from y and x on; and beyond them nothing may wrap round. */
	if (height < 2 || width < 2 || y >= g->rows || x >= g->cols ||
	    height > UINT16_MAX || width > UINT16_MAX)
		return;
	grid_fill(g, y, x, width, ROLE_FRAME, line);
	for (unsigned row = y + 1; row < last && row < g->rows; row++) {
		grid_fill(g, row, x, width, ROLE_PLAIN, ' ');
		grid_fill(g, row, x, 1, ROLE_FRAME, side);
		grid_fill(g, row, right, 1, ROLE_FRAME, side);
	}
	grid_fill(g, last, x, width, ROLE_FRAME, line);
	grid_fill(g, y, x, 1, ROLE_FRAME, ascii ? '.' : 0x250c);
	grid_fill(g, y, right, 1, ROLE_FRAME, ascii ? '.' : 0x2510);
	grid_fill(g, last, x, 1, ROLE_FRAME, ascii ? '\'' : 0x2514);
	grid_fill(g, last, right, 1, ROLE_FRAME, ascii ? '\'' : 0x2518);
	put_title(g, y, x, width, title);
}

void grid_flag(struct grid *g, unsigned y, unsigned x, unsigned width, uint8_t flag)
{
	struct cell *c = cells_at(g, y, x, &width);

	for (unsigned i = 0; c && i < width; i++)
		c[i].flags |= flag & (uint8_t)~CELL_WIDE;
}

void grid_role(struct grid *g, unsigned y, unsigned x, unsigned width, enum role role)
{
	struct cell *c = cells_at(g, y, x, &width);

	for (unsigned i = 0; c && i < width; i++)
		c[i].role = (uint8_t)role;
}

/* ---- as text ---------------------------------------------------------------- */

static char role_letter(const struct cell *c)
{
	static const char letters[ROLE_N + 1] = ".thHdncxpeomabkKfgi";
	char l = c->role < ROLE_N ? letters[c->role] : '?';

	if (c->flags & CELL_CURSOR)
		return l == '.' ? '>' : l >= 'a' && l <= 'z' ? (char)(l - 'a' + 'A') : l;
	return c->flags & CELL_TAGGED && l == '.' ? '*' : l;
}

static void put_char(struct buf *out, uint32_t c)
{
	char s[4];

	buf_put(out, s, text_encode(c, s));
}

static void end_line(struct buf *out, size_t from, char blank)
{
	while (out->len > from && out->data[out->len - 1] == blank)
		out->len--;
	buf_putc(out, '\n');
}

void grid_dump(const struct grid *g, bool roles, struct buf *out)
{
	for (unsigned y = 0; y < g->rows; y++) {
		const struct cell *row = &g->cells[(size_t)y * g->cols];
		size_t from = out->len;

		for (unsigned x = 0; x < g->cols; x++) {
			if (row[x].ch)
				put_char(out, row[x].ch);
			if (row[x].ch && row[x].mark)
				put_char(out, row[x].mark);
		}
		end_line(out, from, ' ');
		from = out->len;
		for (unsigned x = 0; roles && x < g->cols; x++)
			buf_putc(out, role_letter(&row[x]));
		if (roles)
			end_line(out, from, '.');
	}
}
