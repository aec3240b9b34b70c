/* SPDX-License-Identifier: MIT */
/*
 * A view: the rows of a snapshot that a query asks for, in its order; and the
 * sheets of it, one line per socket or one per group. Which rows those are is
 * found in rows.c, what a cell says by the fields.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "query/getters.h"
#include "query/metrics.h"
#include "query/rows.h"

#define EXPECT_ROW 16		/* rows ahead */
#define EXPECT_OWNER 8

/* ---- public ------------------------------------------------------------------- */

void lssock_view_free(struct lssock_view *v)
{
	if (!v)
		return;
	vec_release(&v->rows.list);
	lssock_snap_free(v->snap);
	mem_free(v);
}

int lssock_view_new(struct lssock_snap *s, const struct lssock_query *q,
		    struct lssock_view **ret, struct lssock_err *err)
{
	struct lssock_view *v = mem_alloc(sizeof(*v));
	int r = -ENOMEM;

	if (v) {
		v->snap = lssock_snap_hold(s);
		v->query = q;
		r = rows_select(&v->rows, s, q);
		if (!r && !(q->flags & LSSOCK_Q_UNSORTED))
			r = rows_sort(&v->rows, s, q);
	}
	if (r) {
		lssock_view_free(v);
		if (err) {
			*err = (struct lssock_err){ .code = r, .pos = -1 };
			snprintf(err->msg, sizeof(err->msg), "out of memory");
		}
		return r;
	}
	*ret = v;
	return 0;
}

const uint32_t *lssock_view_rows(const struct lssock_view *v, uint32_t *ret_n)
{
	if (ret_n)
		*ret_n = v->rows.list.n;
	return v->rows.list.v;
}

int lssock_view_pick(struct lssock_view *v, const uint32_t *rows, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		if (rows[i] >= v->snap->socks.n)
			return -EINVAL;
	if (!vec_reserve(&v->rows.list, n))
		return -ENOMEM;
	if (n)
		memcpy(v->rows.list.v, rows, n * sizeof(*rows));
	v->rows.list.n = n;
	return 0;
}

uint32_t lssock_view_unknown(const struct lssock_view *v)
{
	return v->rows.unknown;
}

uint32_t lssock_view_hidden(const struct lssock_view *v, enum lssock_state st)
{
	return (unsigned)st < LSSOCK_N_STATE ? v->rows.hidden[st] : 0;
}

bool lssock_view_owner_matched(const struct lssock_view *v, uint32_t row, uint32_t owner)
{
	return filter_pair(v->query->filter, v->snap, row, owner) == TRI_YES;
}

/* ---- the owners of a row ---------------------------------------------------------- */

struct owners {
	VEC(uint32_t) list;
	uint32_t row;			/* whose they are, LSSOCK_NONE: nobody's yet */
};

static uint32_t most_owners(const struct lssock_snap *s)
{
	uint32_t i, o, n, most = 1;

	for (i = 1; i < s->owners.n && !s->owners.v[i].next; i++)
		;
	if (i == s->owners.n)
		return most;		/* no socket is shared */
	for (i = 0; i < s->socks.n; i++) {
		n = 0;
		for (o = snap_row(s, i)->owner; o; o = s->owners.v[o].next)
			n++;
		if (n > most)
			most = n;
	}
	return most;
}

/* Room for the owners of any row, so that no cell can fail later. */
static bool owners_init(struct owners *w, const struct lssock_view *v)
{
	w->row = LSSOCK_NONE;
	return vec_reserve(&w->list, most_owners(v->snap));
}

static void owners_add(struct owners *w, const struct lssock_snap *s, const struct filter *f,
		       bool matched)
{
	uint32_t o = field_owner(s, snap_row(s, w->row));
	/* A row with one owner is here because of it. */
	bool all = (o && !s->owners.v[o].next) || !(f->needs & NEED_OWNERS);

	for (; o && s->owners.v[o].how == LSSOCK_HOW_FD; o = s->owners.v[o].next) {
		bool yes = all || filter_pair(f, s, w->row, o) == TRI_YES;

		if (yes == matched)
			*vec_push(&w->list) = o;
	}
}

/* All plain owners, those that matched first: they are why the row is shown. */
static void owners_of(struct owners *w, const struct lssock_snap *s, const struct filter *f,
		      uint32_t row)
{
	if (w->row == row)
		return;
	w->row = row;
	w->list.n = 0;
	owners_add(w, s, f, true);
	owners_add(w, s, f, false);
}

/* ---- sheet of sockets ----------------------------------------------------------------- */

struct sockets_sheet {
	struct lssock_sheet sheet;
	const struct lssock_query *query;
	VEC(uint32_t) rows;
	VEC(const struct field *) fields;
	VEC(struct sheet_column) columns;
	struct owners owners;		/* of the row that was asked about last */
	bool is_twin;			/* the arrays are another's */
};

static struct sheet_column column_of(const struct field *f)
{
	bool right = f->type == FT_UINT || f->type == FT_INT || f->type == FT_REAL ||
		     f->type == FT_SIZE || f->type == FT_RATE || f->type == FT_DURATION ||
		     f->type == FT_PORT;

	return (struct sheet_column){
		.name = f->name, .head = f->head, .nest = f->nest, .unit = f->unit,
		.right = right, .min = f->width, .give = f->give, .cut = f->cut,
		.of_proc = get_is_of_proc(f),
	};
}

static bool of_owner(const struct field *f)
{
	return f->nest == LSSOCK_NEST_OWNER;
}

static void sockets_cell(const struct lssock_sheet *sheet, uint32_t row, uint32_t sub,
			 uint32_t col, struct lssock_value *ret)
{
	struct sockets_sheet *t = sheet->ctx;
	const struct field *f = t->fields.v[col];
	uint32_t at = t->rows.v[row], owner = 0;

	if (of_owner(f)) {
		owners_of(&t->owners, sheet->snap, t->query->filter, at);
		if (sub < t->owners.list.n)
			owner = t->owners.list.v[sub];
	}
	field_get(f, sheet->snap, at, owner, ret);
}

/* The row first, then what it points to. */
static void sockets_expect(const struct lssock_sheet *sheet, uint32_t row)
{
	const struct sockets_sheet *t = sheet->ctx;
	const struct lssock_snap *s = sheet->snap;

	if (row + EXPECT_ROW < t->rows.n) {
		const char *k = (const char *)snap_row(s, t->rows.v[row + EXPECT_ROW]);

		__builtin_prefetch(k);
		__builtin_prefetch(k + sizeof(struct lssock_sock) - 1);
	}
	if (row + EXPECT_OWNER < t->rows.n)
		__builtin_prefetch(s->owners.v +
				   snap_row(s, t->rows.v[row + EXPECT_OWNER])->owner);
}

static uint32_t sockets_subs(const struct lssock_sheet *sheet, uint32_t row)
{
	struct sockets_sheet *t = sheet->ctx;

	owners_of(&t->owners, sheet->snap, t->query->filter, t->rows.v[row]);
	return t->owners.list.n;
}

static uint32_t sockets_proc(const struct lssock_sheet *sheet, uint32_t row, uint32_t sub)
{
	const struct sockets_sheet *t = sheet->ctx;
	const struct lssock_snap *s = sheet->snap;
	uint32_t proc = sub < sockets_subs(sheet, row) ?
			s->owners.v[t->owners.list.v[sub]].proc : 0;

	return proc < s->procs.n ? proc : 0;
}

static uint32_t sockets_origin(const struct lssock_sheet *sheet, uint32_t row)
{
	const struct sockets_sheet *t = sheet->ctx;

	return t->rows.v[row];
}

static void sockets_free(struct lssock_sheet *sheet)
{
	struct sockets_sheet *t = sheet->ctx;

	vec_release(&t->owners.list);
	if (!t->is_twin) {
		vec_release(&t->rows);
		vec_release(&t->fields);
		vec_release(&t->columns);
		lssock_snap_free(sheet->snap);
	}
	mem_free(t);
}

static struct lssock_sheet *sockets_twin(const struct lssock_sheet *sheet)
{
	const struct sockets_sheet *of = sheet->ctx;
	struct sockets_sheet *t = mem_alloc(sizeof(*t));

	if (!t)
		return NULL;
	*t = *of;
	t->is_twin = true;
	t->sheet.ctx = t;
	memset(&t->owners, 0, sizeof(t->owners));
	t->owners.row = LSSOCK_NONE;
	if (!vec_reserve(&t->owners.list, of->owners.list.cap)) {
		mem_free(t);
		return NULL;
	}
	return &t->sheet;
}

static bool sockets_column(struct sockets_sheet *t, const struct field *f)
{
	const struct field **place = vec_push(&t->fields);
	struct sheet_column *c = vec_push(&t->columns);

	if (!place || !c)
		return false;
	*place = f;
	*c = column_of(f);
	t->sheet.has_nest[f->nest] = true;
	return true;
}

static bool sockets_fill(struct sockets_sheet *t, const struct lssock_view *v)
{
	const struct lssock_query *q = v->query;
	uint32_t i;

	for (i = 0; i < q->columns.n; i++)
		if (!sockets_column(t, q->columns.v[i]))
			return false;
	if (!vec_reserve(&t->rows, v->rows.list.n))
		return false;
	if (v->rows.list.n)
		memcpy(t->rows.v, v->rows.list.v, v->rows.list.n * sizeof(*v->rows.list.v));
	t->rows.n = v->rows.list.n;
	return true;
}

static int sockets_sheet(const struct lssock_view *v, struct lssock_sheet **ret)
{
	struct sockets_sheet *t = mem_alloc(sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->query = v->query;
	t->sheet = (struct lssock_sheet){
		.kind = SHEET_SOCKETS, .snap = lssock_snap_hold(v->snap),
		.cell = sockets_cell, .subs = sockets_subs, .proc = sockets_proc,
		.origin = sockets_origin, .expect = sockets_expect,
		.free = sockets_free, .twin = sockets_twin,
		.owners_asked = v->snap->meta.owners_asked, .ctx = t,
	};
	if (!owners_init(&t->owners, v) || !sockets_fill(t, v)) {
		sockets_free(&t->sheet);
		return -ENOMEM;
	}
	t->sheet.n_rows = t->rows.n;
	t->sheet.n_columns = t->columns.n;
	t->sheet.columns = t->columns.v;
	*ret = &t->sheet;
	return 0;
}

/* ---- sheet of groups -------------------------------------------------------------------- */

struct group {
	uint32_t row, owner;		/* one that stands for all */
	uint32_t sockets, listen, estab, other;
	uint32_t last;			/* row + 1 that was counted last */
};

struct groups_sheet {
	struct lssock_sheet sheet;
	const struct lssock_query *query;
	uint32_t n_keys;
	VEC(struct group) groups;
	VEC(struct sheet_column) columns;
	/* while it is made */
	struct strings keys;
	struct index by_key;		/* string id of the key -> place in groups */
	struct buf key;
	struct owners owners;
	bool per_owner;
};

enum { GROUP_SOCKETS, GROUP_LISTEN, GROUP_ESTAB, GROUP_OTHER, GROUP_COUNTS };

static void groups_cell(const struct lssock_sheet *sheet, uint32_t row, uint32_t sub,
			uint32_t col, struct lssock_value *ret)
{
	const struct groups_sheet *t = sheet->ctx;
	const struct group *g = &t->groups.v[row];
	const uint32_t counts[GROUP_COUNTS] = { g->sockets, g->listen, g->estab, g->other };

	(void)sub;
	if (col < t->n_keys) {
		field_get(t->query->groups.v[col], sheet->snap, g->row, g->owner, ret);
		return;
	}
	ret->unit = LSSOCK_U_NONE;
	value_uint(ret, counts[col - t->n_keys]);
}

static void groups_free(struct lssock_sheet *sheet)
{
	struct groups_sheet *t = sheet->ctx;

	vec_release(&t->groups);
	vec_release(&t->columns);
	strings_release(&t->keys);
	index_release(&t->by_key);
	buf_release(&t->key);
	vec_release(&t->owners.list);
	lssock_snap_free(sheet->snap);
	mem_free(t);
}

static struct group *group_of(struct groups_sheet *t, uint32_t row, uint32_t owner)
{
	const struct lssock_query *q = t->query;
	struct lssock_value value;
	struct group *g;
	uint32_t i, id, *slot;

	buf_reset(&t->key);
	for (i = 0; i < q->groups.n; i++) {
		field_get(q->groups.v[i], t->sheet.snap, row, owner, &value);
		value_key(&t->key, &value);
	}
	id = t->key.failed ? 0 : strings_put(&t->keys, t->key.data, t->key.len);
	slot = id ? index_put(&t->by_key, id) : NULL;
	if (!slot)
		return NULL;
	if (*slot != INDEX_NONE)
		return &t->groups.v[*slot];
	*slot = t->groups.n;
	g = vec_push(&t->groups);
	if (g) {
		g->row = row;
		g->owner = owner;
	}
	return g;
}

/* A socket counts once in each group that one of its owners puts it into. */
static bool count_into(struct groups_sheet *t, uint32_t row, uint32_t owner)
{
	struct group *g = group_of(t, row, owner);
	uint8_t state = snap_row(t->sheet.snap, row)->state;

	if (!g)
		return false;
	if (g->last == row + 1)
		return true;
	g->last = row + 1;
	g->sockets++;
	g->listen += state == LSSOCK_LISTEN;
	g->estab += state == LSSOCK_ESTABLISHED;
	g->other += state != LSSOCK_LISTEN && state != LSSOCK_ESTABLISHED;
	return true;
}

static bool count_row(struct groups_sheet *t, uint32_t row)
{
	const struct lssock_snap *s = t->sheet.snap;
	uint32_t i, counted = 0;

	if (!t->per_owner)
		return count_into(t, row, 0);
	owners_of(&t->owners, s, t->query->filter, row);
	for (i = 0; i < t->owners.list.n; i++) {
		uint32_t o = t->owners.list.v[i];

		if (t->owners.list.n > 1 &&
		    filter_pair(t->query->filter, s, row, o) != TRI_YES)
			continue;
		counted++;
		if (!count_into(t, row, o))
			return false;
	}
	return counted || count_into(t, row, 0);
}

static bool groups_count(struct groups_sheet *t, const struct lssock_view *v)
{
	uint32_t i;

	for (i = 0; i < t->n_keys; i++)
		t->per_owner |= of_owner(t->query->groups.v[i]);
	for (i = 0; i < v->rows.list.n; i++)
		if (!count_row(t, v->rows.list.v[i]))
			return false;
	return true;
}

/* By --sort as far as it is given, else the largest first; then by the keys. */
static int groups_sort(struct groups_sheet *t)
{
	const struct lssock_query *q = t->query;
	struct lssock_value value;
	struct order o = { 0 };
	struct group *sorted = mem_alloc((t->groups.n + 1ull) * sizeof(*sorted));
	uint32_t i, k;
	int err;

	for (i = 0; i < t->groups.n; i++) {
		const struct group *g = &t->groups.v[i];

		order_item(&o, i);
		rows_key(&o, q, t->sheet.snap, g->row, g->owner);
		order_u32(&o, ~g->sockets);
		for (k = 0; k < q->groups.n; k++) {
			field_get(q->groups.v[k], t->sheet.snap, g->row, g->owner, &value);
			order_value(&o, &value, false);
		}
	}
	err = sorted ? order_sort(&o) : -ENOMEM;
	for (i = 0; !err && i < t->groups.n; i++)
		sorted[i] = t->groups.v[o.items.v[i].item];
	if (!err && t->groups.n)
		memcpy(t->groups.v, sorted, t->groups.n * sizeof(*sorted));
	mem_free(sorted);
	order_release(&o);
	return err;
}

static bool groups_columns(struct groups_sheet *t)
{
	static const struct sheet_column counts[GROUP_COUNTS] = {
		[GROUP_SOCKETS] = { .name = "sockets", .head = "SOCKETS", .right = true },
		[GROUP_LISTEN] = { .name = "listen", .head = "LISTEN", .right = true },
		[GROUP_ESTAB] = { .name = "estab", .head = "ESTAB", .right = true },
		[GROUP_OTHER] = { .name = "other", .head = "OTHER", .right = true },
	};
	uint32_t i;

	for (i = 0; i < t->n_keys + GROUP_COUNTS; i++) {
		struct sheet_column *c = vec_push(&t->columns);

		if (!c)
			return false;
		*c = i < t->n_keys ? column_of(t->query->groups.v[i]) : counts[i - t->n_keys];
		c->nest = LSSOCK_NEST_ROW;
	}
	return true;
}

static int groups_sheet(const struct lssock_view *v, struct lssock_sheet **ret)
{
	struct groups_sheet *t = mem_alloc(sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->query = v->query;
	t->n_keys = v->query->groups.n;
	t->sheet = (struct lssock_sheet){
		.kind = SHEET_GROUPS, .snap = lssock_snap_hold(v->snap), .cell = groups_cell,
		.free = groups_free, .owners_asked = v->snap->meta.owners_asked, .ctx = t,
	};
	if (!owners_init(&t->owners, v) || !groups_columns(t) || !groups_count(t, v) ||
	    groups_sort(t)) {
		groups_free(&t->sheet);
		return -ENOMEM;
	}
	if (v->query->limit && t->groups.n > v->query->limit)
		t->groups.n = v->query->limit;
	t->sheet.n_rows = t->groups.n;
	t->sheet.n_columns = t->columns.n;
	t->sheet.columns = t->columns.v;
	*ret = &t->sheet;
	return 0;
}

int lssock_view_sheet(struct lssock_view *v, struct lssock_sheet **ret)
{
	return v->query->groups.n ? groups_sheet(v, ret) : sockets_sheet(v, ret);
}

int lssock_view_metrics_sheet(struct lssock_view *v, struct lssock_sheet **ret)
{
	const uint32_t none = 0;
	struct metrics m;
	int r = metrics_begin(&m, v->snap, v->rows.list.n ? v->rows.list.v : &none,
			      v->rows.list.n);

	return r < 0 ? r : metrics_end(&m, ret);
}
