/* SPDX-License-Identifier: MIT */
/*
 * Metrics as text that both OpenMetrics and the older format of Prometheus (promtool,
 * node_exporter's textfile collector) read alike. Which metrics there are is the
 * sheet's: name, type, help, then labels, the value last.
 */
#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "out/out.h"

#define FIRST_LABEL 3

struct lines {
	const struct lssock_sheet *sheet;
	struct buf *b;			/* the sink's */
	struct buf safe;
	uint32_t value;			/* column */
};

static void put_quoted(struct buf *b, const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (s[i] == '\\' || s[i] == '"')
			buf_putc(b, '\\');
		if (s[i] == '\n')
			buf_puts(b, "\\n");
		else
			buf_putc(b, s[i]);
	}
}

/* What others chose passes the gate first: no byte of it ends a line or a label. */
static void put_label(struct lines *x, uint32_t col, const struct lssock_value *v, char before)
{
	buf_putc(x->b, before);
	buf_puts(x->b, x->sheet->columns[col].name);
	buf_puts(x->b, "=\"");
	buf_reset(&x->safe);
	value_put(&x->safe, v, false, 0);
	if (x->safe.failed)
		x->b->failed = true;
	put_quoted(x->b, x->safe.data, x->safe.len);
	buf_putc(x->b, '"');
}

static void put_labels(struct lines *x, uint32_t row)
{
	struct lssock_value v;
	char before = '{';
	uint32_t col;

	for (col = FIRST_LABEL; col < x->value; col++) {
		out_cell(x->sheet, row, 0, col, &v);
		if (v.kind <= LSSOCK_V_LATER)
			continue;
		put_label(x, col, &v, before);
		before = ',';
	}
	if (before == ',')
		buf_putc(x->b, '}');
}

static void put_meta(struct lines *x, const char *what, const struct lssock_value *name,
		     const struct lssock_value *text)
{
	buf_puts(x->b, what);
	buf_put(x->b, name->s, name->len);
	buf_putc(x->b, ' ');
	put_quoted(x->b, text->s, text->len);
	buf_putc(x->b, '\n');
}

/* A counter gets no TYPE: OpenMetrics wants the name without _total there, Prometheus
 * with it, and without any the two agree. Neither computes with the type. */
static void put_head(struct lines *x, uint32_t row, const struct lssock_value *name)
{
	struct lssock_value v;

	out_cell(x->sheet, row, 0, 2, &v);
	put_meta(x, "# HELP ", name, &v);
	out_cell(x->sheet, row, 0, 1, &v);
	if (v.len != strlen("counter") || memcmp(v.s, "counter", v.len))
		put_meta(x, "# TYPE ", name, &v);
}

static void put_line(struct lines *x, uint32_t row, const struct lssock_value *name)
{
	struct lssock_value v;

	buf_put(x->b, name->s, name->len);
	put_labels(x, row);
	buf_putc(x->b, ' ');
	out_cell(x->sheet, row, 0, x->value, &v);
	if (v.kind == LSSOCK_V_REAL)
		num_put_real(x->b, v.r);
	else
		buf_u64(x->b, v.u);
	buf_putc(x->b, '\n');
}

int out_openmetrics(const struct lssock_sheet *s, const struct lssock_render *r, struct sink *k)
{
	struct lines x = { .sheet = s, .b = &k->buf, .value = s->n_columns - 1 };
	struct lssock_value name, last = { .len = 0 };
	uint32_t row;

	(void)r;
	if (s->kind != SHEET_METRICS)
		return -ENOTSUP;
	for (row = 0; row < s->n_rows; row++) {
		out_cell(s, row, 0, 0, &name);
		if (name.len != last.len || memcmp(name.s, last.s, name.len))
			put_head(&x, row, &name);
		last = name;
		put_line(&x, row, &name);
		if (!sink_row(k))
			break;
	}
	buf_puts(&k->buf, "# EOF\n");
	buf_release(&x.safe);
	return 0;
}
