/* SPDX-License-Identifier: MIT */
/*
 * Aligned text: cells become text once (cells.c), widths follow from them,
 * columns that may give are cut to the terminal, and one row is one line always.
 * Off a terminal nothing is cut and every row splits at blanks into its columns.
 */
#include "out/table.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "out/slices.h"

/* Slices whose text is kept between measuring and printing; later ones are made
 * twice, so that a million rows do not cost a second copy of everything. */
#define CACHE_SLICES 128u
#define CACHE_BYTES (1u << 19)		/* of one slice */

/* ---- widths ----------------------------------------------------------------- */

static void widen(struct table *t, const struct cell *c)
{
	uint32_t col;

	for (col = 0; col < t->n; col++)
		if (c[col].width > t->width[col])
			t->width[col] = c[col].width;
	col = t->process;
	if (col < t->n && !c[col].reason && c[col].width > *t->owner_width)
		*t->owner_width = c[col].width;
}

static bool measure_rows(struct table *t, uint32_t from, uint32_t to, uint32_t keep)
{
	uint32_t row;

	t->cells = mem_realloc(NULL, sizeof(*t->cells) * t->n * (keep + 1ul));
	for (row = from; t->cells && row < to; row++) {
		struct cell *c = &t->cells[(size_t)t->cached * t->n];
		size_t mark = t->text.len;

		out_expect(t->sheet, row);
		table_row(t, row, c);
		if (t->text.failed)
			return false;
		widen(t, c);
		if (row - from == t->cached && t->cached < keep && t->text.len < CACHE_BYTES)
			t->cached++;
		else
			t->text.len = mark;
	}
	return t->cells;
}

static void part_free(struct table *t)
{
	if (t) {
		mem_free(t->cells);
		buf_release(&t->text);
	}
	mem_free(t);
}

/* A part has what it remembers and its widths behind it. */
static struct table *part_new(const struct table *of, const struct lssock_sheet *sheet)
{
	bool memos = sheet->kind == SHEET_SOCKETS;
	size_t widths = (of->n + 1ul) * sizeof(*of->width);
	struct table *t = mem_alloc(sizeof(*t) + memos * of->n * sizeof(*of->memos) + widths);

	if (!t)
		return NULL;
	*t = *of;
	t->sheet = sheet;
	t->memos = memos ? (struct cell_memo *)(t + 1) : NULL;
	t->width = memos ? (uint32_t *)(t->memos + of->n) : (uint32_t *)(t + 1);
	t->owner_width = t->width + t->n;
	t->text = (struct buf){ 0 };
	t->cells = NULL;
	t->cached = 0;
	return t;
}

static void measure_slice(struct slice *c)
{
	struct table *whole = c->ctx, *t = part_new(whole, c->sheet);
	uint32_t keep = c->number < CACHE_SLICES ? c->to - c->from : 0;

	whole->parts[c->number] = t;
	if (!t || !measure_rows(t, c->from, c->to, keep))
		c->err = -ENOMEM;
}

static int take_widths(struct slice *c)
{
	struct table *whole = c->ctx, *t = whole->parts[c->number];
	uint32_t col;

	for (col = 0; col <= t->n; col++)
		if (t->width[col] > whole->width[col])
			whole->width[col] = t->width[col];
	if (!t->cached) {
		whole->parts[c->number] = NULL;
		part_free(t);
	}
	return 0;
}

static int measure(struct table *t)
{
	const struct slicing w = { .sheet = t->sheet, .render = t->render, .ctx = t,
				   .make = measure_slice, .take = take_widths };

	t->parts = mem_alloc((slices_of(t->sheet) + 1ul) * sizeof(struct table *));
	return t->parts ? slices_run(&w) : -ENOMEM;
}

static uint64_t line_width(const struct table *t, uint32_t gap)
{
	uint64_t sum = (uint64_t)gap * (t->n - 1);
	uint32_t i;

	for (i = 0; i < t->n; i++)
		sum += t->width[i];
	return sum;
}

static uint32_t least(const struct sheet_column *c)
{
	uint32_t head = table_columns(c->head, strlen(c->head));

	return c->min > head ? c->min : head ? head : 1;
}

/* The columns of one `give` shrink, the widest first. What is still over. */
static uint64_t shrink(struct table *t, unsigned give, uint64_t over)
{
	const struct sheet_column *c = t->sheet->columns;
	uint32_t i, at;

	while (over) {
		at = t->n;
		for (i = 0; i < t->n; i++)
			if (c[i].give == give && t->width[i] > least(&c[i]) &&
			    (at == t->n || t->width[i] > t->width[at]))
				at = i;
		if (at == t->n)
			break;
		t->width[at]--;
		over--;
	}
	return over;
}

/* Reasons are long: they get what room there is. */
static void shrink_reasons(struct table *t)
{
	uint64_t all = line_width(t, t->gap), over;
	uint32_t min, *w;

	if (t->process == t->n || all <= t->render->width)
		return;
	over = all - t->render->width;
	w = &t->width[t->process];
	min = least(&t->sheet->columns[t->process]);
	if (*t->owner_width > min)
		min = *t->owner_width;
	if (*w > min)
		*w = over < *w - min ? *w - (uint32_t)over : min;
}

/* Whether all fits with this gap, if need be with short reasons. */
static bool fits(struct table *t, uint32_t gap)
{
	uint32_t before = t->process < t->n ? t->width[t->process] : 0;

	t->gap = gap;
	if (!t->render->wide)
		shrink_reasons(t);
	if (line_width(t, gap) <= t->render->width)
		return true;
	if (before && gap > 1)
		t->width[t->process] = before;
	return false;
}

static void fit(struct table *t)
{
	unsigned give, next;
	uint64_t over;
	uint32_t i;

	if (!t->tty) {
		t->gap = 2;
		return;
	}
	if (fits(t, 2) || fits(t, 1) || t->render->wide)
		return;
	over = line_width(t, t->gap) - t->render->width;
	for (give = 255; give && over; give = next) {
		over = shrink(t, give, over);
		next = 0;
		for (i = 0; i < t->n; i++)
			if (t->sheet->columns[i].give < give &&
			    t->sheet->columns[i].give > next)
				next = t->sheet->columns[i].give;
	}
}

/* ---- printing --------------------------------------------------------------- */

static const char *sgr(enum role role)
{
	switch (role) {
	case ROLE_HEAD:	return "\033[1m";
	case ROLE_DIM:	return "\033[2m";
	case ROLE_WARN:	return "\033[33m";
	case ROLE_BAD:	return "\033[35m";
	case ROLE_PLAIN: break;
	}
	return NULL;
}

/* Where the longest tail of at most `width` columns starts, not inside a
 * character or an escape. */
static size_t tail_start(const char *s, size_t len, uint32_t total, uint32_t width)
{
	size_t at, got;
	uint32_t want;

	if (width >= total)
		return 0;
	for (want = total - width; want <= total; want++) {
		at = text_cut(s, len, want, &got);
		if (total - got <= width)
			return at;
	}
	return len;
}

/* Cuts to w columns, with a mark; returns the columns written. What must be
 * kept at the end (a port, "+2") is, even if the cell gets longer by it. */
static uint32_t put_cut(struct table *t, const struct cell *c, const char *s,
			uint32_t w, uint8_t how)
{
	struct buf *b = t->out;
	uint32_t room = w ? w - 1 : 0, tail = c->keep;
	size_t from, got = 0, n;

	if (how == 'm' && room / 2 > tail)
		tail = room / 2;
	from = tail ? tail_start(s, c->len, c->width, tail) : c->len;
	if (from > c->len - c->keep)
		from = c->len - c->keep;
	tail = table_columns(s + from, c->len - from);
	n = text_cut(s, from, room > tail ? room - tail : 0, &got);
	buf_put(b, s, n);
	buf_puts(b, t->render->utf8 ? "…" : "+");
	buf_put(b, s + from, c->len - from);
	return got + 1 + tail;
}

static void put_cell(struct table *t, uint32_t col, const struct cell *c, const char *s)
{
	const struct sheet_column *column = &t->sheet->columns[col];
	const char *on = t->render->color ? sgr(c->role) : NULL;
	struct buf *b = t->out;
	uint32_t w = t->width[col], used, pad = c->width < w ? w - c->width : 0;
	bool last = col + 1 == t->n;
	size_t before = column->right ? pad : 0;
	size_t after = last ? 0 : t->gap + pad - before;

	buf_fill(b, ' ', before);
	if (on)
		buf_puts(b, on);
	used = w;
	if (c->width > w)
		used = put_cut(t, c, s, w, column->cut);
	else
		buf_put(b, s, c->len);
	/* A cut that may not split an escape can leave it short. */
	if (used < w && !last)
		after += w - used;
	if (on)
		buf_puts(b, "\033[0m");
	buf_fill(b, ' ', after);
	if (last)
		buf_putc(b, '\n');
}

/* Whether all cells fit, are as wide as they are long and have no colour. */
static bool row_is_plain(const struct table *t, const struct cell *c)
{
	uint32_t col;

	for (col = 0; col < t->n; col++)
		if (c[col].len != c[col].width || c[col].width > t->width[col] ||
		    (t->render->color && c[col].role != ROLE_PLAIN))
			return false;
	return true;
}

/* The usual row at once: blanks, and the cells written over them. */
static void put_plain_row(struct table *t, const struct cell *c)
{
	const struct sheet_column *column = t->sheet->columns;
	const struct cell *last = &c[t->n - 1];
	size_t len = line_width(t, t->gap) - t->width[t->n - 1];
	uint32_t col, pad;
	char *at;

	len += column[t->n - 1].right ? t->width[t->n - 1] : last->len;
	at = buf_add(t->out, len + 1);
	if (!at)
		return;
	memset(at, ' ', len);
	at[len] = '\n';
	for (col = 0; col < t->n; col++) {
		pad = column[col].right ? t->width[col] - c[col].len : 0;
		memcpy(at + pad, t->text.data + c[col].off, c[col].len);
		at += t->width[col] + t->gap;
	}
}

static void put_head(struct table *t)
{
	struct cell c = { .role = ROLE_HEAD };
	const char *head;
	uint32_t col;

	for (col = 0; col < t->n; col++) {
		head = t->sheet->columns[col].head;
		c.len = strlen(head);
		c.width = table_columns(head, c.len);
		put_cell(t, col, &c, head);
	}
}

static void put_row(struct table *t, const struct cell *c)
{
	uint32_t col;

	if (row_is_plain(t, c))
		put_plain_row(t, c);
	else
		for (col = 0; col < t->n; col++)
			put_cell(t, col, &c[col], t->text.data + c[col].off);
}

static void print_rows(struct table *t, uint32_t from, uint32_t to)
{
	const size_t mark = t->text.len;
	struct cell *again = &t->cells[(size_t)t->cached * t->n];
	uint32_t row;

	for (row = 0; row < t->cached; row++)
		put_row(t, &t->cells[(size_t)row * t->n]);
	for (row += from; row < to && !t->text.failed; row++) {
		t->text.len = mark;
		out_expect(t->sheet, row);
		table_row(t, row, again);
		put_row(t, again);
	}
}

static void print_slice(struct slice *c)
{
	struct table *whole = c->ctx, *t = whole->parts[c->number];

	if (!t) {
		t = whole->parts[c->number] = part_new(whole, c->sheet);
		if (t)
			t->cells = mem_realloc(NULL, sizeof(*t->cells) * t->n);
	}
	if (!t || !t->cells) {
		c->err = -ENOMEM;
		return;
	}
	t->sheet = c->sheet;
	t->width = whole->width;
	t->gap = whole->gap;
	t->out = &c->text;
	print_rows(t, c->from, c->to);
	if (t->text.failed)
		c->err = -ENOMEM;
}

static int take_text(struct slice *c)
{
	struct table *whole = c->ctx;

	part_free(whole->parts[c->number]);
	whole->parts[c->number] = NULL;
	return sink_take(whole->sink, &c->text);
}

static int print_all(struct table *t)
{
	const struct slicing w = { .sheet = t->sheet, .render = t->render, .ctx = t,
				   .make = print_slice, .take = take_text };

	return slices_run(&w);
}

/* ---- the table --------------------------------------------------------------- */

/* The column that says how many more owners there are, where none does so by
 * itself: the first one about owners. */
static uint32_t more_column(const struct lssock_sheet *s)
{
	uint32_t i;

	if (!s->subs || out_column(s, "process") < s->n_columns ||
	    out_column(s, "nowners") < s->n_columns)
		return s->n_columns;
	for (i = 0; i < s->n_columns; i++)
		if (s->columns[i].nest == LSSOCK_NEST_OWNER)
			break;
	return i;
}

static void find_columns(struct table *t)
{
	const struct lssock_sheet *s = t->sheet;
	bool sockets = s->kind == SHEET_SOCKETS;

	t->state = out_column(s, "state");
	t->why = sockets ? out_column(s, "why") : t->n;
	t->process = sockets ? out_column(s, "process") : t->n;
	t->more = sockets ? more_column(s) : t->n;
	t->remote = t->n;
	t->dir = -1;
	if (!sockets || !t->tty || out_column(s, "dir") < t->n)
		return;
	t->remote = out_column(s, "remote");
	if (t->remote < t->n && s->snap && s->origin)
		t->dir = lssock_field_find("dir");
}

static int print(struct table *t)
{
	uint32_t col;
	int r;

	t->width = mem_alloc(sizeof(*t->width) * (t->n + 1ul));
	if (!t->width)
		return -ENOMEM;
	t->owner_width = t->width + t->n;
	for (col = 0; col < t->n && !t->render->no_header; col++)
		t->width[col] = table_columns(t->sheet->columns[col].head,
					     strlen(t->sheet->columns[col].head));
	r = measure(t);
	if (r < 0)
		return r;
	fit(t);
	if (!t->render->no_header)
		put_head(t);
	return print_all(t);
}

int out_table(const struct lssock_sheet *s, const struct lssock_render *r, struct sink *k)
{
	struct table t = { .sheet = s, .render = r, .sink = k, .out = &k->buf,
			   .n = s->n_columns };
	uint32_t i;
	int err;

	if (!t.n)
		return 0;
	t.tty = r->width > 0;
	if (!t.tty && s->kind != SHEET_FIELDS && s->kind != SHEET_CHECKS)
		t.flags = TEXT_BLANK;
	if (!r->utf8)
		t.flags |= TEXT_ASCII;
	find_columns(&t);
	err = print(&t);
	for (i = 0; t.parts && i < slices_of(s); i++)
		part_free(t.parts[i]);
	mem_free(t.parts);
	mem_free(t.width);
	return err;
}
