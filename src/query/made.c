/* SPDX-License-Identifier: MIT */
/* Sheets whose cells are made before they are printed. */
#include <errno.h>

#include "base/hash.h"
#include "query/made.h"

static void cell_of(const struct lssock_sheet *sheet, uint32_t row, uint32_t sub,
		    uint32_t col, struct lssock_value *ret)
{
	const struct made *m = sheet->ctx;
	const struct made_cell *c = &m->cells.v[(size_t)row * sheet->n_columns + col];

	(void)sub;
	ret->kind = c->kind;
	ret->unit = sheet->columns[col].unit;
	ret->more = c->more;
	ret->u = c->u;
	if (c->kind == LSSOCK_V_TEXT || c->kind == LSSOCK_V_WORD) {
		ret->s = c->len ? m->text.data + c->u : "";
		ret->len = c->len;
	}
	if (c->kind == LSSOCK_V_REAL)
		memcpy(&ret->r, &c->u, sizeof(ret->r));
}

static void sheet_free(struct lssock_sheet *sheet)
{
	struct made *m = sheet->ctx;

	vec_release(&m->cells);
	buf_release(&m->text);
	lssock_snap_free(sheet->snap);
	mem_free(m);
}

struct made *made_new(enum sheet_kind kind, const struct sheet_column *columns,
		      uint32_t n_columns, struct lssock_snap *s)
{
	struct made *m = mem_alloc(sizeof(*m));

	if (!m)
		return NULL;
	m->failures = mem_failures();
	m->sheet = (struct lssock_sheet){
		.kind = kind, .columns = columns, .n_columns = n_columns, .cell = cell_of,
		.free = sheet_free, .snap = s ? lssock_snap_hold(s) : NULL, .ctx = m,
		.owners_asked = s && s->meta.owners_asked,
	};
	return m;
}

int made_end(struct made *m, struct lssock_sheet **ret)
{
	if (m->failed || m->text.failed || mem_failures() != m->failures) {
		sheet_free(&m->sheet);
		return -ENOMEM;
	}
	m->sheet.n_rows = m->cells.n / m->sheet.n_columns;
	*ret = &m->sheet;
	return 0;
}

void made_kind(struct made *m, enum lssock_kind kind, uint64_t u, size_t len)
{
	struct made_cell *c = vec_push(&m->cells);

	if (c)
		*c = (struct made_cell){ .kind = kind, .u = u, .len = len };
	else
		m->failed = true;
}

void made_number(struct made *m, uint64_t u)
{
	made_kind(m, LSSOCK_V_UINT, u, 0);
}

void made_real(struct made *m, double r)
{
	uint64_t u;

	memcpy(&u, &r, sizeof(u));
	made_kind(m, LSSOCK_V_REAL, u, 0);
}

void made_na(struct made *m)
{
	made_kind(m, LSSOCK_V_NA, 0, 0);
}

void made_text(struct made *m, enum lssock_kind kind, size_t at)
{
	made_kind(m, kind, at, m->text.len - at);
}

void made_word(struct made *m, const char *word)
{
	size_t at = m->text.len;

	buf_puts(&m->text, word);
	made_text(m, LSSOCK_V_WORD, at);
}

void made_put(struct made *m, uint32_t id)
{
	size_t len = 0;
	const char *p = id ? strings_get(&m->sheet.snap->strings, id, &len) : NULL;

	if (p)
		buf_put(&m->text, p, len);
}

void made_more(struct made *m, uint32_t more)
{
	if (m->cells.n)
		m->cells.v[m->cells.n - 1].more = more;
}

void made_string(struct made *m, uint32_t id)
{
	size_t at = m->text.len;

	made_put(m, id);
	if (m->text.len > at)
		made_text(m, LSSOCK_V_TEXT, at);
	else
		made_na(m);
}

/* ---- any sheet --------------------------------------------------------------- */

void lssock_sheet_free(struct lssock_sheet *sheet)
{
	struct lssock_sheet *next;

	for (; sheet; sheet = next) {
		next = sheet->next;
		sheet->free(sheet);
	}
}

uint32_t lssock_sheet_rows(const struct lssock_sheet *sheet)
{
	return sheet->n_rows;
}
