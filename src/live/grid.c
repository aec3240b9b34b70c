/* SPDX-License-Identifier: MIT */
/* See grid.h. Text comes safe; what is not a character all the same becomes `?`, so
 * that no cell can ever hold a control. */
#include "live/grid.h"

#include <errno.h>

#include "base/text.h"

int grid_resize(struct grid *g, unsigned cols, unsigned rows)
{
	struct cell *cells;

	if (cols > 4096 || rows > 4096)
		return -ENOMEM;
	cells = mem_alloc(((size_t)cols * rows + 1) * sizeof(*cells));
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
	size_t i, n = (size_t)g->cols * g->rows;

	for (i = 0; i < n; i++)
		g->cells[i] = (struct cell){ .ch = ' ' };
}

static struct cell *cell_at(struct grid *g, unsigned y, unsigned x)
{
	return y < g->rows && x < g->cols ? &g->cells[(size_t)y * g->cols + x] : NULL;
}

/* A half of a wide character that is left alone becomes a blank. */
static void set(struct grid *g, unsigned y, unsigned x, struct cell what)
{
	struct cell *c = cell_at(g, y, x), *next;

	if (!c)
		return;
	if (!c->ch && x > 0 && (next = cell_at(g, y, x - 1)))
		*next = (struct cell){ .ch = ' ', .role = next->role };
	if (c->flags & CELL_WIDE && (next = cell_at(g, y, x + 1)) && !next->ch)
		*next = (struct cell){ .ch = ' ', .role = next->role };
	*c = what;
}

/* The next character; 0xfffd for what is none. Returns its length. */
static size_t next_char(const char *s, size_t len, uint32_t *ret)
{
	unsigned char c = (unsigned char)s[0];
	size_t n = c < 0x80   ? 1
		   : c < 0xc2 ? 0
		   : c < 0xe0 ? 2
		   : c < 0xf0 ? 3
		   : c < 0xf5 ? 4
			      : 0,
	       i;
	uint32_t v = n < 2 ? c : n == 2 ? c & 0x1fu : n == 3 ? c & 0xfu : c & 7u;

	*ret = '?';
	if (!n || n > len)
		return 1;
	for (i = 1; i < n; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 1;
		v = v << 6 | ((unsigned char)s[i] & 0x3fu);
	}
	if (v >= ' ' && v != 0x7f && !(v >= 0x80 && v < 0xa0))
		*ret = v;
	return n;
}

static void mark(struct grid *g, unsigned y, unsigned x, uint32_t ch)
{
	struct cell *c = cell_at(g, y, x);

	if (c && ch < 0x10000 && !c->mark)
		c->mark = (uint16_t)ch;
}

unsigned grid_put(struct grid *g, unsigned y, unsigned x, unsigned width, enum role role,
		  const char *text, size_t len)
{
	unsigned at = 0;

	if (x >= g->cols || y >= g->rows)
		return 0;
	if (width > g->cols - x)
		width = g->cols - x;
	while (len) {
		uint32_t ch;
		size_t n = next_char(text, len, &ch);
		size_t w = text_width(text, n);

		if (w == 0 && at > 0)
			mark(g, y, x + at - 1, ch);
		if (at + w > width)
			break;
		if (w)
			set(g, y, x + at, (struct cell){ .ch = ch, .role = (uint8_t)role,
							 .flags = w == 2 ? CELL_WIDE : 0 });
		if (w == 2)
			*cell_at(g, y, x + at + 1) = (struct cell){ .ch = 0,
								    .role = (uint8_t)role };
		at += (unsigned)w;
		text += n;
		len -= n;
	}
	return at;
}

unsigned grid_puts(struct grid *g, unsigned y, unsigned x, unsigned width, enum role role,
		   const char *text)
{
	return grid_put(g, y, x, width, role, text, strlen(text));
}

void grid_fill(struct grid *g, unsigned y, unsigned x, unsigned width, enum role role,
	       uint32_t ch)
{
	unsigned i;

	for (i = 0; i < width && x + i < g->cols; i++)
		set(g, y, x + i, (struct cell){ .ch = ch, .role = (uint8_t)role });
}

/* Where a text may be cut so that its end takes at most `width`; *ret_width: it does. */
static size_t tail_of(const char *text, size_t len, size_t width, size_t *ret_width)
{
	size_t from, w;

	for (from = 0; from < len; ) {
		uint32_t ch;

		w = text_width(text + from, len - from);
		if (w <= width) {
			*ret_width = w;
			return from;
		}
		from += next_char(text + from, len - from, &ch);
	}
	*ret_width = 0;
	return len;
}

static void cut_middle(struct grid *g, unsigned y, unsigned x, unsigned width, enum role role,
		       const char *text, size_t len, uint32_t cut)
{
	size_t head_width, tail_width, head, tail;

	head = text_cut(text, len, (width - 1) / 3, &head_width);
	tail = tail_of(text, len, width - 1 - head_width, &tail_width);
	grid_put(g, y, x, width, role, text, head);
	grid_fill(g, y, x + (unsigned)head_width, 1, role, cut);
	grid_put(g, y, x + (unsigned)head_width + 1, width, role, text + tail, len - tail);
}

void grid_field(struct grid *g, unsigned y, unsigned x, unsigned width, enum role role,
		const char *text, size_t len, bool right, enum grid_cut how, uint32_t cut)
{
	size_t need = text_width(text, len), head_width, head;

	if (x >= g->cols)
		return;
	if (width > g->cols - x)
		width = g->cols - x;
	grid_fill(g, y, x, width, role, ' ');
	if (need <= width) {
		grid_put(g, y, right ? x + width - (unsigned)need : x, width, role, text, len);
	} else if (width < 3) {
		grid_put(g, y, x, width, role, text, len);
	} else if (how == GRID_CUT_MIDDLE) {
		cut_middle(g, y, x, width, role, text, len, cut);
	} else {
		head = text_cut(text, len, width - 1, &head_width);
		grid_put(g, y, x, width, role, text, head);
		grid_fill(g, y, x + (unsigned)head_width, 1, role, cut);
	}
}

void grid_frame(struct grid *g, unsigned y, unsigned x, unsigned height, unsigned width,
		const char *title, bool ascii)
{
	uint32_t h = ascii ? '-' : 0x2500, v = ascii ? '|' : 0x2502;
	unsigned i;

	if (height < 2 || width < 2)
		return;
	for (i = 0; i < height; i++) {
		bool edge = i == 0 || i + 1 == height;

		grid_fill(g, y + i, x, width, edge ? ROLE_FRAME : ROLE_PLAIN, edge ? h : ' ');
		if (!edge) {
			grid_fill(g, y + i, x, 1, ROLE_FRAME, v);
			grid_fill(g, y + i, x + width - 1, 1, ROLE_FRAME, v);
		}
	}
	grid_fill(g, y, x, 1, ROLE_FRAME, ascii ? '.' : 0x250c);
	grid_fill(g, y, x + width - 1, 1, ROLE_FRAME, ascii ? '.' : 0x2510);
	grid_fill(g, y + height - 1, x, 1, ROLE_FRAME, ascii ? '\'' : 0x2514);
	grid_fill(g, y + height - 1, x + width - 1, 1, ROLE_FRAME, ascii ? '\'' : 0x2518);
	if (width > 8) {
		i = grid_puts(g, y, x + 4, width - 6, ROLE_TITLE, title);
		grid_fill(g, y, x + 3, 1, ROLE_FRAME, ' ');
		grid_fill(g, y, x + 4 + i, 1, ROLE_FRAME, ' ');
	}
}

void grid_flag(struct grid *g, unsigned y, unsigned x, unsigned width, uint8_t flag)
{
	unsigned i;

	for (i = 0; i < width && y < g->rows && x + i < g->cols; i++)
		cell_at(g, y, x + i)->flags |= flag;
}

void grid_role(struct grid *g, unsigned y, unsigned x, unsigned width, enum role role)
{
	unsigned i;

	for (i = 0; i < width && y < g->rows && x + i < g->cols; i++)
		cell_at(g, y, x + i)->role = (uint8_t)role;
}

/* ---- as text ------------------------------------------------------------------ */

static void put_char(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_putc(b, (char)c);
	} else if (c < 0x800) {
		buf_putc(b, (char)(0xc0 | c >> 6));
		buf_putc(b, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_putc(b, (char)(0xe0 | c >> 12));
		buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(b, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_putc(b, (char)(0xf0 | c >> 18));
		buf_putc(b, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(b, (char)(0x80 | (c & 0x3f)));
	}
}

static void end_line(struct buf *b, size_t from, char blank)
{
	while (b->len > from && b->data[b->len - 1] == blank)
		b->len--;
	buf_putc(b, '\n');
}

static char role_letter(const struct cell *c)
{
	static const char letters[ROLE_N + 1] = ".thHdncxpeomabkKfgi";
	char l = c->role < ROLE_N ? letters[c->role] : '?';

	if (c->flags & CELL_CURSOR)
		return l == '.' ? '>' : (char)((unsigned)(l - 'a') < 26 ? l - 32 : l);
	return c->flags & CELL_TAGGED && l == '.' ? '*' : l;
}

void grid_dump(const struct grid *g, bool roles, struct buf *out)
{
	unsigned x, y;
	size_t from;

	for (y = 0; y < g->rows; y++) {
		const struct cell *row = &g->cells[(size_t)y * g->cols];

		from = out->len;
		for (x = 0; x < g->cols; x++) {
			if (!row[x].ch)
				continue;
			put_char(out, row[x].ch);
			if (row[x].mark)
				put_char(out, row[x].mark);
		}
		end_line(out, from, ' ');
		if (!roles)
			continue;
		from = out->len;
		for (x = 0; x < g->cols; x++)
			buf_putc(out, role_letter(&row[x]));
		end_line(out, from, '.');
	}
}
