/* SPDX-License-Identifier: MIT */
/*
 * Aligned text: cells become text once, widths follow from them, columns that
 * may give are cut to the terminal, and one row is one line always. Off a
 * terminal nothing is cut and every row splits at blanks into its columns.
 */
#include "out/out.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "model/names.h"

/* Rows whose text is kept between measuring and printing; later ones are made
 * twice, so that a million rows do not cost a second copy of everything. */
#define CACHE_ROWS 100000u
#define CACHE_BYTES (64u << 20)

enum role { ROLE_PLAIN, ROLE_HEAD, ROLE_DIM, ROLE_WARN, ROLE_BAD };

struct cell {
	uint32_t off, len, width;
	uint8_t keep;			/* bytes at the end that are never cut */
	uint8_t role;
	bool reason;			/* instead of an owner: cut before any column gives */
};

struct table {
	const struct lssock_sheet *sheet;
	const struct lssock_render *render;
	struct sink *sink;
	bool tty;
	unsigned flags;			/* TEXT_* */
	uint32_t n;			/* columns */
	uint32_t state, why, process, remote, more;	/* columns, or n */
	uint32_t owner_width;		/* of `process` without the reasons */
	int dir;			/* field, < 0: none */
	uint32_t *width;		/* by column */
	uint32_t gap;
	struct buf text;
	struct cell *cells;		/* of the cached rows and one more */
	uint32_t cached;
};

/* ---- text of cells --------------------------------------------------------- */

static uint32_t text_columns(const char *s, size_t len)
{
	unsigned char any = 0;
	size_t i;

	for (i = 0; i < len; i++)
		any |= (unsigned char)s[i];
	return any < 0x80 ? len : text_width(s, len);
}

static void put_more(struct table *t, struct cell *c, uint32_t more)
{
	size_t at = t->text.len;

	if (!more)
		return;
	buf_puts(&t->text, t->tty ? " +" : ",+");
	buf_u64(&t->text, more);
	c->keep = t->text.len - at;
}

/* Does it end like what put_more writes? */
static bool ends_like_more(const struct table *t, const char *s, size_t len)
{
	size_t n = len;

	while (n && s[n - 1] >= '0' && s[n - 1] <= '9')
		n--;
	return n < len && n >= 2 && s[n - 1] == '+' && s[n - 2] == (t->tty ? ' ' : ',');
}

/* Text of others must not look like what only we say: no owner, not known, and
 * so many more. */
static void put_text(struct table *t, struct cell *c, const struct lssock_value *v)
{
	struct buf *b = &t->text;
	unsigned flags = t->flags;

	if (!v->len) {
		buf_putc(b, '-');
	} else if (v->len == 1 && memchr("-?.", v->s[0], 3)) {
		buf_puts(b, "\\x");
		buf_hex(b, (unsigned char)v->s[0], 2);
	} else {
		if (!v->more && ends_like_more(t, v->s, v->len))
			flags |= t->tty ? TEXT_BLANK : TEXT_COMMA;
		text_safe(b, v->s, v->len, flags);
	}
	put_more(t, c, v->more);
}

static enum role state_role(unsigned state)
{
	switch (state) {
	case LSSOCK_CLOSE_WAIT:
	case LSSOCK_CLOSING:
	case LSSOCK_LAST_ACK:
	case LSSOCK_FIN_WAIT1:
	case LSSOCK_FIN_WAIT2:
	case LSSOCK_SYN_SENT:
	case LSSOCK_SYN_RECV:
		return ROLE_WARN;
	case LSSOCK_TIME_WAIT:
	case LSSOCK_CLOSE:
		return ROLE_DIM;
	default:
		return ROLE_PLAIN;
	}
}

/* The word is the table's own where it comes from a field; 0: no state. */
static unsigned state_of(const char *word, size_t len)
{
	const char *name;
	unsigned i;

	for (i = LSSOCK_N_STATE - 1; i; i--)
		if (names_state(i) == word)
			return i;
	for (i = LSSOCK_N_STATE - 1; i; i--) {
		name = names_state(i);
		if (strlen(name) == len && !memcmp(name, word, len))
			break;
	}
	return i;
}

static void put_state(struct table *t, struct cell *c, const struct lssock_value *v)
{
	unsigned state = state_of(v->s, v->len);

	if (state)
		buf_puts(&t->text, names_state_short(state));
	else
		text_safe(&t->text, v->s, v->len, t->flags);
	c->role = state_role(state);
}

/* The first process that a row's `why` concerns, NULL: none. */
static const struct lssock_proc *why_proc(const struct table *t, uint32_t row,
					  struct why_walk *w)
{
	const struct lssock_sock *k = out_origin(t->sheet, row);
	const struct lssock_snap *s = t->sheet->snap;
	const struct lssock_owner *o;

	if (!k)
		return NULL;
	why_start(w, s, k);
	o = why_next(w);
	return o && o->proc < s->procs.n ? &s->procs.v[o->proc] : NULL;
}

/* "accept-queue of nginx[812]" */
static void put_why(struct table *t, const char *why, uint32_t row)
{
	const struct lssock_snap *s = t->sheet->snap;
	struct why_walk w;
	const struct lssock_proc *p = why_proc(t, row, &w);
	struct cell ignored;
	size_t len = 0;
	const char *comm;
	uint32_t others = 0;

	text_safe(&t->text, why, strlen(why), t->flags);
	if (!p)
		return;
	comm = strings_get(&s->strings, p->comm, &len);
	text_safe(&t->text, " of ", 4, t->flags);
	if (comm)
		text_safe(&t->text, comm, len, t->flags);
	buf_putc(&t->text, '[');
	buf_i64(&t->text, p->pid);
	buf_putc(&t->text, ']');
	while (why_next(&w))
		others++;
	put_more(t, &ignored, others);
}

/* Who has to do with a row that nobody holds. false: nobody, or nobody knows. */
static bool put_reason(struct table *t, struct cell *c, uint32_t row)
{
	const struct lssock_sock *k = out_origin(t->sheet, row);
	const char *why = k ? names_why(k->why) : NULL;
	struct why_walk w;

	if (!why || !why_proc(t, row, &w))
		return false;
	put_why(t, why, row);
	c->reason = true;
	return true;
}

/* A blank mark where the direction is not known, so that addresses align. */
static void put_dir(struct table *t, int64_t dir, uint32_t row)
{
	struct lssock_value v;
	uint32_t at;

	v.kind = LSSOCK_V_NA;
	if (!dir && t->dir >= 0 &&
	    (at = t->sheet->origin(t->sheet, row)) < t->sheet->snap->socks.n)
		lssock_get(t->sheet->snap, at, 0, t->dir, &v);
	if (v.kind == LSSOCK_V_WORD && v.len)
		dir = v.s[0] == 'i' ? -1 : 1;
	buf_puts(&t->text, dir < 0 ? "< " : dir > 0 ? "> " : "  ");
}

static void put_end(struct table *t, struct cell *c, struct lssock_value *v,
		    uint32_t row, uint32_t col)
{
	const char *port;

	if (col == t->remote)
		put_dir(t, v->i, row);
	v->i = 0;
	value_put(&t->text, v, true, t->flags);
	if (t->text.failed || t->text.len <= c->off)
		return;
	port = memrchr(t->text.data + c->off, ':', t->text.len - c->off);
	if (port && v->port != LSSOCK_NONE)
		c->keep = t->text.data + t->text.len - port;
}

static void put_value(struct table *t, struct cell *c, struct lssock_value *v,
		      uint32_t row, uint32_t col)
{
	struct buf *b = &t->text;

	if (col == t->process && (v->kind == LSSOCK_V_NA || v->kind == LSSOCK_V_UNKNOWN) &&
	    put_reason(t, c, row))
		return;
	switch (v->kind) {
	case LSSOCK_V_NA:
		buf_putc(b, '-');
		break;
	case LSSOCK_V_UNKNOWN:
		buf_putc(b, '?');
		c->role = ROLE_BAD;
		break;
	case LSSOCK_V_LATER:
		buf_putc(b, '.');
		break;
	case LSSOCK_V_TEXT:
		put_text(t, c, v);
		break;
	case LSSOCK_V_NAME:
		if (!v->len || (v->len == 1 && memchr("-?.", v->s[0], 3)))
			put_text(t, c, v);
		else
			out_name(b, v, t->flags);
		break;
	case LSSOCK_V_WORD:
		if (col == t->state)
			put_state(t, c, v);
		else if (col == t->why)
			put_why(t, v->s, row);
		else
			text_safe(b, v->s, v->len, t->flags);
		break;
	case LSSOCK_V_END:
		put_end(t, c, v, row, col);
		break;
	case LSSOCK_V_BOOL:
	case LSSOCK_V_UINT:
	case LSSOCK_V_INT:
	case LSSOCK_V_REAL:
	case LSSOCK_V_TIME:
	case LSSOCK_V_ADDR:
		value_put(b, v, true, t->flags);
		break;
	}
}

static void make_row(struct table *t, uint32_t row, struct cell *c)
{
	const struct lssock_sheet *s = t->sheet;
	struct lssock_value v;
	uint32_t col, subs;

	for (col = 0; col < t->n; col++, c++) {
		c->off = t->text.len;
		c->keep = 0;
		c->role = ROLE_PLAIN;
		c->reason = false;
		out_cell(s, row, 0, col, &v);
		put_value(t, c, &v, row, col);
		if (col == t->more && !c->keep) {
			subs = s->subs(s, row);
			put_more(t, c, subs > 1 ? subs - 1 : 0);
		}
		if (t->text.len == c->off)
			buf_putc(&t->text, '-');
		c->len = t->text.len - c->off;
		c->width = t->text.failed ? 0 :
			   text_columns(t->text.data + c->off, c->len);
	}
}

/* ---- widths ----------------------------------------------------------------- */

static bool measure(struct table *t)
{
	uint32_t row, col, max = t->sheet->n_rows < CACHE_ROWS ? t->sheet->n_rows : CACHE_ROWS;
	struct cell *c;
	size_t mark;

	t->cells = mem_alloc(sizeof(*t->cells) * t->n * (max + 1ul));
	if (!t->cells)
		return false;
	for (row = 0; row < t->sheet->n_rows; row++) {
		c = &t->cells[(size_t)t->cached * t->n];
		mark = t->text.len;
		make_row(t, row, c);
		if (t->text.failed)
			return false;
		for (col = 0; col < t->n; col++)
			if (c[col].width > t->width[col])
				t->width[col] = c[col].width;
		col = t->process;
		if (col < t->n && !c[col].reason && c[col].width > t->owner_width)
			t->owner_width = c[col].width;
		if (row == t->cached && t->cached < max && t->text.len < CACHE_BYTES)
			t->cached++;
		else
			t->text.len = mark;
	}
	return true;
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
	uint32_t head = text_columns(c->head, strlen(c->head));

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
	if (t->owner_width > min)
		min = t->owner_width;
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
	struct buf *b = &t->sink->buf;
	uint32_t room = w ? w - 1 : 0, tail = c->keep;
	size_t from, got = 0, n;

	if (how == 'm' && room / 2 > tail)
		tail = room / 2;
	from = tail ? tail_start(s, c->len, c->width, tail) : c->len;
	if (from > c->len - c->keep)
		from = c->len - c->keep;
	tail = text_columns(s + from, c->len - from);
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
	struct buf *b = &t->sink->buf;
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
	at = buf_add(&t->sink->buf, len + 1);
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
		c.width = text_columns(head, c.len);
		put_cell(t, col, &c, head);
	}
}

static void put_rows(struct table *t)
{
	const size_t mark = t->text.len;
	struct cell *c;
	uint32_t row, col;

	for (row = 0; row < t->sheet->n_rows; row++) {
		c = &t->cells[(size_t)(row < t->cached ? row : t->cached) * t->n];
		if (row >= t->cached) {
			t->text.len = mark;
			make_row(t, row, c);
			if (t->text.failed)
				break;
		}
		if (row_is_plain(t, c))
			put_plain_row(t, c);
		else
			for (col = 0; col < t->n; col++)
				put_cell(t, col, &c[col], t->text.data + c[col].off);
		if (!sink_row(t->sink))
			break;
	}
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

	t->width = mem_alloc(sizeof(*t->width) * t->n);
	if (!t->width)
		return -ENOMEM;
	for (col = 0; col < t->n && !t->render->no_header; col++)
		t->width[col] = text_columns(t->sheet->columns[col].head,
					     strlen(t->sheet->columns[col].head));
	if (!measure(t))
		return -ENOMEM;
	fit(t);
	if (!t->render->no_header)
		put_head(t);
	put_rows(t);
	return t->text.failed ? -ENOMEM : t->sink->err;
}

int out_table(const struct lssock_sheet *s, const struct lssock_render *r, struct sink *k)
{
	struct table t = { .sheet = s, .render = r, .sink = k, .n = s->n_columns };
	int err;

	if (!t.n)
		return 0;
	t.tty = r->width > 0;
	if (!t.tty && s->kind != SHEET_FIELDS)
		t.flags = TEXT_BLANK;
	if (!r->utf8)
		t.flags |= TEXT_ASCII;
	find_columns(&t);
	err = print(&t);
	mem_free(t.width);
	mem_free(t.cells);
	buf_release(&t.text);
	return err;
}
