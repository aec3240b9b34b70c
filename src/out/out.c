/* SPDX-License-Identifier: MIT */
/*
 * The list of formats, the sink they write to, what they share, and the
 * separated ones (CSV by RFC 4180, TSV). What a cell says is the sheet's.
 */
#include "out/memo.h"
#include "out/slices.h"

#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"

#define SINK_SIZE (64u << 10)

/* ---- sink --------------------------------------------------------------- */

void sink_flush(struct sink *k)
{
	int r;

	if (k->err)
		return;
	if (k->buf.failed) {
		k->err = -ENOMEM;
		return;
	}
	if (!k->buf.len)
		return;
	r = k->write(k->ctx, k->buf.data, k->buf.len);
	if (r < 0)
		k->err = r;
	buf_reset(&k->buf);
}

bool sink_row(struct sink *k)
{
	if (k->buf.len >= SINK_SIZE || k->buf.failed)
		sink_flush(k);
	return !k->err;
}

int sink_take(struct sink *k, const struct buf *text)
{
	int r;

	sink_flush(k);
	if (k->err || !text->len)
		return k->err;
	r = k->write(k->ctx, text->data, text->len);
	if (r < 0)
		k->err = r;
	return k->err;
}

int sink_end(struct sink *k)
{
	sink_flush(k);
	buf_release(&k->buf);
	return k->err;
}

/* ---- shared -------------------------------------------------------------- */

uint32_t out_column(const struct lssock_sheet *s, const char *name)
{
	uint32_t i;

	for (i = 0; i < s->n_columns; i++)
		if (!strcmp(s->columns[i].name, name))
			break;
	return i;
}

const struct lssock_sock *out_origin(const struct lssock_sheet *s, uint32_t row)
{
	uint32_t at;

	if (!s->snap || !s->origin)
		return NULL;
	at = s->origin(s, row);
	return at < s->snap->socks.n ? snap_row(s->snap, at) : NULL;
}

void out_name(struct buf *b, const struct lssock_value *v, unsigned text_flags)
{
	if (v->len && !v->s[0]) {
		buf_putc(b, '@');
		text_safe(b, v->s + 1, v->len - 1, text_flags);
	} else {
		text_safe(b, v->s, v->len, text_flags | TEXT_AT);
	}
}

static const struct lssock_owner *owner_at(const struct lssock_snap *s, uint32_t at)
{
	return at && at < s->owners.n ? &s->owners.v[at] : NULL;
}

const struct lssock_owner *out_holder(const struct lssock_snap *s, uint32_t at)
{
	const struct lssock_owner *o;

	while ((o = owner_at(s, at)) && o->how != LSSOCK_HOW_FD)
		at = o->next;
	return o;
}

void why_start(struct why_walk *w, const struct lssock_snap *s, const struct lssock_sock *k)
{
	bool queued = k->why == LSSOCK_WHY_ACCEPT_QUEUE ||
		      k->why == LSSOCK_WHY_SYN_RECV;

	w->snap = s;
	w->next = k->owner;
	w->at_via = false;
	w->via = queued && k->via < s->socks.n ? snap_row(s, k->via)->owner : 0;
}

const struct lssock_owner *why_next(struct why_walk *w)
{
	const struct lssock_owner *o;

	for (;;) {
		o = owner_at(w->snap, w->next);
		if (!o && w->at_via)
			return NULL;
		if (!o) {
			w->at_via = true;
			w->next = w->via;
			continue;
		}
		w->next = o->next;
		if ((o->how == LSSOCK_HOW_FD) == w->at_via)
			return o;
	}
}

/* ---- CSV and TSV --------------------------------------------------------- */

struct sep {
	const struct lssock_sheet *sheet;
	struct buf *out;
	struct buf cell;
	struct memo *memos;		/* by column, NULL: nothing is remembered */
	uint32_t owners, proc;		/* of the row; proc 0: of several, or not known */
	bool same;			/* the process of the row before */
	bool csv;
};

/* An abstract name keeps its NUL in CSV, as \x00: with a @ in front it would be
 * a formula, and with that escaped it would be another name. */
static void sep_name(struct sep *x, const struct lssock_value *v, unsigned flags)
{
	if (x->csv)
		text_safe(&x->cell, v->s, v->len, flags);
	else
		out_name(&x->cell, v, flags);
}

static void sep_value(struct sep *x, struct lssock_value *v, unsigned flags)
{
	struct buf *b = &x->cell;

	switch (v->kind) {
	case LSSOCK_V_NA:
	case LSSOCK_V_UNKNOWN:
	case LSSOCK_V_LATER:
		break;
	case LSSOCK_V_TEXT:
		text_safe(b, v->s, v->len, flags);
		if (v->more) {
			buf_puts(b, " +");
			buf_u64(b, v->more);
		}
		break;
	case LSSOCK_V_NAME:
		sep_name(x, v, flags);
		break;
	case LSSOCK_V_TIME:
		num_put_time(b, v->u, true);
		break;
	case LSSOCK_V_WORD:
		buf_put(b, v->s, v->len);
		break;
	case LSSOCK_V_BOOL:
		buf_puts(b, v->u ? "true" : "false");
		break;
	case LSSOCK_V_END:
		v->i = 0;		/* the direction is a column of its own */
		value_put(b, v, false, flags);
		break;
	case LSSOCK_V_UINT:
	case LSSOCK_V_INT:
	case LSSOCK_V_REAL:
	case LSSOCK_V_ADDR:
		value_put(b, v, false, flags);
		break;
	}
}

static void csv_quoted(struct buf *b, const char *s, size_t len)
{
	const char *q;

	buf_putc(b, '"');
	while (len && (q = memchr(s, '"', len))) {
		buf_put(b, s, q + 1 - s);
		buf_putc(b, '"');
		len -= q + 1 - s;
		s = q + 1;
	}
	buf_put(b, s, len);
	buf_putc(b, '"');
}

static void sep_put(struct sep *x, bool is_text)
{
	const char *s = x->cell.data;
	size_t len = x->cell.len;

	if (x->cell.failed)
		x->out->failed = true;
	/* "" is an empty text, nothing is null. */
	if (x->csv && (len ? memchr(s, '"', len) || memchr(s, ',', len) : is_text))
		csv_quoted(x->out, s, len);
	else
		buf_put(x->out, s, len);
}

/* All owners of a row in one cell. */
static void sep_list(struct sep *x, uint32_t row, uint32_t col, unsigned flags)
{
	struct lssock_value v;
	bool text = false;
	uint32_t i;

	buf_reset(&x->cell);
	for (i = 0; i < x->owners; i++) {
		if (i)
			buf_putc(&x->cell, ';');
		out_cell(x->sheet, row, i, col, &v);
		v.more = 0;		/* the others are in the list */
		text = v.kind == LSSOCK_V_TEXT || v.kind == LSSOCK_V_NAME;
		sep_value(x, &v, flags);
	}
	sep_put(x, text);
}

static void sep_one(struct sep *x, uint32_t row, uint32_t col, bool list, unsigned flags)
{
	struct memo *m = x->memos ? &x->memos[col] : NULL;
	size_t at = x->out->len;
	struct lssock_value v;

	out_cell(x->sheet, row, 0, col, &v);
	if (list)
		v.more = 0;
	if (m && memo_is(m, &v)) {
		memo_copy(m, x->out);
		return;
	}
	if (v.kind == LSSOCK_V_UINT || v.kind == LSSOCK_V_ADDR) {
		value_put(x->out, &v, false, 0);	/* needs no quotes */
	} else {
		buf_reset(&x->cell);
		sep_value(x, &v, flags);
		sep_put(x, v.kind == LSSOCK_V_TEXT || v.kind == LSSOCK_V_NAME);
	}
	if (m && !x->out->failed)
		memo_set(m, &v, at, x->out->len - at);
}

static void sep_cell(struct sep *x, uint32_t row, uint32_t col)
{
	const struct lssock_sheet *s = x->sheet;
	bool list = s->columns[col].nest == LSSOCK_NEST_OWNER && s->subs;
	unsigned flags = (x->csv ? TEXT_FORMULA : 0) | (list ? TEXT_SEMI : 0);

	if (list && x->same && s->columns[col].of_proc && x->memos[col].known)
		memo_copy(&x->memos[col], x->out);
	else if (list && x->owners != 1)
		sep_list(x, row, col, flags);
	else
		sep_one(x, row, col, list, flags);
}

static void sep_end(struct sep *x, uint32_t col)
{
	struct buf *b = x->out;

	if (col + 1 < x->sheet->n_columns)
		buf_putc(b, x->csv ? ',' : '\t');
	else
		buf_puts(b, x->csv ? "\r\n" : "\n");
}

struct sep_rows { struct sink *sink; bool csv; };

static void sep_row(struct sep *x, uint32_t row)
{
	const struct lssock_sheet *s = x->sheet;
	uint32_t col, proc = 0;

	x->owners = s->subs ? s->subs(s, row) : 0;
	if (x->memos && x->owners == 1 && s->proc)
		proc = s->proc(s, row, 0);
	x->same = proc && proc == x->proc;
	if (x->owners == 1)
		x->proc = proc;		/* lists leave what is remembered alone */
	for (col = 0; col < s->n_columns; col++) {
		sep_cell(x, row, col);
		sep_end(x, col);
	}
}

static void sep_make(struct slice *c)
{
	const struct sep_rows *rows = c->ctx;
	struct sep x = { .sheet = c->sheet, .out = &c->text, .csv = rows->csv };
	uint32_t row;

	/* Without memory nothing is remembered, and all is written anew. */
	if (c->sheet->kind == SHEET_SOCKETS)
		x.memos = mem_alloc(c->sheet->n_columns * sizeof(*x.memos));
	for (row = c->from; row < c->to; row++) {
		out_expect(c->sheet, row);
		sep_row(&x, row);
	}
	mem_free(x.memos);
	buf_release(&x.cell);
}

static int sep_take(struct slice *c)
{
	struct sep_rows *rows = c->ctx;

	return sink_take(rows->sink, &c->text);
}

static int sep_sheet(const struct lssock_sheet *s, const struct lssock_render *r,
		     struct sink *k, bool csv)
{
	struct sep x = { .sheet = s, .out = &k->buf, .csv = csv };
	struct sep_rows rows = { k, csv };
	const struct slicing w = { .sheet = s, .render = r, .ctx = &rows, .make = sep_make,
				   .take = sep_take };
	uint32_t col;

	for (col = 0; col < s->n_columns && !r->no_header; col++) {
		buf_puts(&k->buf, s->columns[col].name);
		sep_end(&x, col);
	}
	return slices_run(&w);
}

int out_csv(const struct lssock_sheet *s, const struct lssock_render *r, struct sink *k)
{
	return sep_sheet(s, r, k, true);
}

int out_tsv(const struct lssock_sheet *s, const struct lssock_render *r, struct sink *k)
{
	return sep_sheet(s, r, k, false);
}

/* ---- formats ------------------------------------------------------------- */

static const char *const format_names[] = {
	"table", "json", "jsonl", "csv", "tsv", "openmetrics", "dot", NULL
};
static const out_fn format_fns[] = {
	out_table, out_json, out_jsonl, out_csv, out_tsv, out_openmetrics, out_dot
};

const char *const *lssock_formats(void)
{
	return format_names;
}

int lssock_render(const struct lssock_sheet *sheet, const struct lssock_render *r)
{
	struct sink k = { .write = r->write, .ctx = r->wctx };
	const char *name = r->format ? r->format : "table";
	uint64_t failures = mem_failures();
	unsigned i;
	int err;

	if (r->size < sizeof(*r) || !r->write)
		return -EINVAL;
	for (i = 0; format_names[i] && strcmp(format_names[i], name); i++)
		;
	if (!format_names[i])
		return -ENOTSUP;
	err = format_fns[i](sheet, r, &k);
	if (!err && mem_failures() != failures)
		err = -ENOMEM;	/* a cell may have been cut short */
	if (err < 0 && !k.err)
		k.err = err;
	return sink_end(&k);
}
