/* SPDX-License-Identifier: MIT */
/*
 * Which lines the list has, and in what order. Lines are known by what they are: the
 * cursor, tags and pins hold on to that. While somebody acts, the order of the list
 * before holds; else rates sort by what they were until they differ by a tenth, so that
 * lines don't change places for nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "live/ui.h"

/* ---- identity ------------------------------------------------------------------- */

struct row_id row_id(const struct lssock_snap *s, uint32_t row)
{
	const struct lssock_sock *k = &lssock_socks(s, NULL)[row];
	const struct lssock_track *t = lssock_tracks(s, NULL);
	uint64_t id = t ? t[row].id : k->cookie;

	/* Without a cookie it is known by its inode; those are never as large. */
	if (!id)
		id = 1ull << 63 | k->inode;
	return (struct row_id){ .ns = lssock_namespaces(s, NULL)[k->ns].ino, .id = id };
}

bool row_value(const struct lssock_snap *s, uint32_t row, uint32_t owner, const char *field,
	       struct lssock_value *ret)
{
	int f = lssock_field_find(field);

	ret->kind = LSSOCK_V_NA;
	if (f >= 0)
		lssock_get(s, row, owner, (uint32_t)f, ret);
	return ret->kind > LSSOCK_V_LATER;
}

static struct row_id group_id(uint64_t key)
{
	return (struct row_id){ .ns = 0, .id = key };
}

static bool was_at(const struct ui *ui, uint32_t at, struct row_id id)
{
	return at < ui->placed && same_id(ui->items.v[at].id, id);
}

/* Half of a hash is half the memory; two lines may share it: then the next is tried. */
static uint32_t place_before(const struct ui *ui, struct row_id id)
{
	uint32_t key = (uint32_t)row_key(id), at;

	for (;; key++) {
		at = index_get(&ui->places, key);
		if (at == INDEX_NONE || was_at(ui, at, id))
			return at;
	}
}

uint32_t ui_find_row(const struct ui *ui, struct row_id id)
{
	uint32_t i, n;

	if (!ui->snap)
		return LSSOCK_NONE;
	lssock_socks(ui->snap, &n);
	for (i = 0; i < n; i++)
		if (same_id(row_id(ui->snap, i), id))
			return i;
	return LSSOCK_NONE;
}

const struct item *ui_current(const struct ui *ui)
{
	const struct tab_state *t = &ui->tabs[ui->tab];
	uint32_t at = t->anchored ? t->at : t->top;

	return at < ui->items.n ? &ui->items.v[at] : NULL;
}

bool ui_held(const struct ui *ui)
{
	return ui->locked || ui->paused || ui->box.kind || ui->prompt.kind ||
	       ui->now_ns < ui->hold_until_ns;
}

static bool just(uint64_t then_ns, uint64_t for_ns, uint64_t now_ns)
{
	return then_ns && then_ns + for_ns > now_ns;
}

/* ---- the question of the tab --------------------------------------------------------- */

/* The filter first, so that an error is where the user sees it. */
static void question_text(const struct ui *ui, const char *filter, struct buf *b)
{
	if (*filter)
		buf_printf(b, "( %s )", filter);
	if (ui->base.len) {
		buf_puts(b, b->len ? " and ( " : "( ");
		buf_put(b, ui->base.data, ui->base.len);
		buf_puts(b, " )");
	}
	if (ui->no_loopback && ui->tab != TAB_UNIX)
		buf_puts(b, b->len ? " and not is:loopback" : "not is:loopback");
	if (ui->problems_only)
		buf_puts(b, b->len ? " and is:problem" : "is:problem");
}

int ui_question(const struct ui *ui, const char *text, const char *export,
		struct lssock_query **ret, struct lssock_err *err)
{
	static const uint32_t protos[N_TABS] = {
		[TAB_SOCKETS] = LSSOCK_PROTOS_INET, [TAB_LISTEN] = LSSOCK_PROTOS_INET,
		[TAB_GROUPS] = LSSOCK_PROTOS_INET, [TAB_UNIX] = 1u << LSSOCK_UNIX,
		[TAB_CLOSED] = LSSOCK_PROTOS_INET | 1u << LSSOCK_UNIX,
	};
	struct buf b = { 0 };
	struct lssock_question q = {
		.size = sizeof(q),
		.protos = protos[ui->tab],
		.layout = export && !strcmp(export, "table") ? LSSOCK_LAYOUT_TABLE
							     : LSSOCK_LAYOUT_RECORD,
		.flags = LSSOCK_Q_WATCH | LSSOCK_Q_CLOSED |
			 (export ? 0 : LSSOCK_Q_UNSORTED) |
			 (ui->tab == TAB_LISTEN ? LSSOCK_Q_LISTEN : 0) |
			 (ui->all || ui->tab == TAB_CLOSED ? LSSOCK_Q_ALL : 0),
	};
	int r;

	question_text(ui, text, &b);
	q.filter = b.len ? buf_cstr(&b) : NULL;
	r = lssock_query_new(&q, ret, err);
	buf_release(&b);
	if (r < 0 && err && err->pos >= 2)
		err->pos -= 2;		/* the parenthesis is ours */
	return r;
}

int ui_filter(struct ui *ui, const char *text, struct lssock_err *err)
{
	struct lssock_query *query;
	struct buf valid = { 0 };
	int r = ui_question(ui, text, NULL, &query, err);

	if (r < 0)
		return r;
	buf_puts(&valid, text);
	buf_release(&ui->filter);
	ui->filter = valid;
	lssock_query_free(ui->query);
	ui->query = query;
	ui->asked_anew = true;
	ui->list_due = true;
	return 0;
}

/* ---- choosing -------------------------------------------------------------------------- */

static bool is_wanted(const struct ui *ui, uint32_t row, uint32_t there)
{
	const struct lssock_track *t = lssock_tracks(ui->snap, NULL);
	struct row_id id;

	if (ui->tab == TAB_CLOSED)
		return row >= there;
	if (row < there)
		return true;
	if (ui->tab == TAB_GROUPS || t[row].flags & (LSSOCK_T_SUCCEEDED | LSSOCK_T_UNSEEN))
		return false;
	if (just(t[row].gone_ns, CLOSED_NS, ui->now_ns))
		return true;
	id = row_id(ui->snap, row);
	return (ui->tabs[ui->tab].anchored && same_id(id, ui->tabs[ui->tab].cursor)) ||
	       ui_is_pinned(ui, id) || ui_is_tagged(ui, id);
}

/* The row under the cursor stays until the cursor leaves it, though the filter may not let
 * it through any more: what has closed is no problem. Another question has other rows. */
static uint32_t row_to_keep(const struct ui *ui)
{
	const struct tab_state *t = &ui->tabs[ui->tab];

	if (!t->anchored || ui->asked_anew || ui->tab == TAB_GROUPS || ui->tab == TAB_LISTEN)
		return LSSOCK_NONE;
	return place_before(ui, t->cursor) == LSSOCK_NONE ? LSSOCK_NONE :
							    ui_find_row(ui, t->cursor);
}

/* Rows of the snapshot that the tab shows; false: no memory. */
static bool choose(struct ui *ui, uint32_t **ret, uint32_t *ret_n)
{
	uint32_t i, n, all, there, *chosen, keep = row_to_keep(ui);
	struct lssock_view *view;
	const uint32_t *rows;

	if (lssock_view_new(ui->snap, ui->query, &view, NULL) < 0)
		return false;
	rows = lssock_view_rows(view, &all);
	lssock_tracks(ui->snap, &there);
	chosen = mem_alloc((all + 1ul) * sizeof(*chosen));
	for (i = n = 0; chosen && i < all; i++) {
		if (!is_wanted(ui, rows[i], there))
			continue;
		chosen[n++] = rows[i];
		keep = rows[i] == keep ? LSSOCK_NONE : keep;
	}
	lssock_view_free(view);
	ui->matched = n;
	if (chosen && keep != LSSOCK_NONE)
		chosen[n++] = keep;
	*ret = chosen;
	*ret_n = n;
	return chosen != NULL;
}

/* ---- order ------------------------------------------------------------------------------- */

/* Ascending; what is not known or does not apply comes last either way. */
struct sort_key {
	uint64_t a, b;
	uint64_t sticky;
	uint32_t before;		/* the place before: for equal keys */
	uint32_t line;			/* its place in what is sorted */
	uint8_t rank;			/* pinned ones first, those without a key last */
};
struct key_list { struct sort_key *v; uint32_t n, cap; };

static uint64_t real_key(double v)
{
	uint64_t u;

	memcpy(&u, &v, sizeof(u));
	return u >> 63 ? ~u : u | 1ull << 63;
}

static uint64_t head_of(const char *s, size_t len, size_t from)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < 8; i++)
		v = v << 8 | (from + i < len ? (unsigned char)s[from + i] : 0);
	return v;
}

static void text_key(struct sort_key *k, const char *s, size_t len)
{
	k->a = head_of(s, len, 0);
	k->b = head_of(s, len, 8);
}

/* How far a listener can be reached, the widest first. */
static uint64_t scope_key(const char *s, size_t len)
{
	static const char *const order[] = { "all", "public", "lan", "link", "local" };
	uint64_t i;

	for (i = 0; i < 5; i++)
		if (strlen(order[i]) == len && !memcmp(order[i], s, len))
			return i;
	return i;
}

static bool value_key(struct sort_key *k, const struct lssock_value *v, bool scope)
{
	switch (v->kind) {
	case LSSOCK_V_NA: case LSSOCK_V_UNKNOWN: case LSSOCK_V_LATER:
		return false;
	case LSSOCK_V_BOOL: case LSSOCK_V_UINT: case LSSOCK_V_TIME:
		k->a = v->u;
		return true;
	case LSSOCK_V_INT:
		k->a = (uint64_t)v->i ^ 1ull << 63;
		return true;
	case LSSOCK_V_REAL:
		k->a = real_key(v->r);
		return true;
	case LSSOCK_V_WORD: case LSSOCK_V_TEXT: case LSSOCK_V_NAME:
		if (scope)
			k->a = scope_key(v->s, v->len);
		else
			text_key(k, v->s, v->len);
		return true;
	case LSSOCK_V_ADDR: case LSSOCK_V_END:
		text_key(k, (const char *)v->a.ip, sizeof(v->a.ip));
		if (v->kind == LSSOCK_V_END && v->port != LSSOCK_NONE)
			k->b ^= v->port;
		return true;
	}
	return false;
}

struct sorting {
	struct ui *ui;
	uint32_t guess;			/* the place before of the line after this one */
	struct sort sort;
	bool scope, is_rate, held;
	int rank_field;			/* rates sort by their average */
	const struct lssock_owner *owners;
	const struct lssock_sock *socks;
};

static bool group_rate(const struct rollup *g, const char *name, double *ret)
{
	if (!strcmp(name, "rx") || !strcmp(name, "rx_avg"))
		*ret = g->rx_avg;
	else if (!strcmp(name, "tx") || !strcmp(name, "tx_avg"))
		*ret = g->tx_avg;
	else if (!strcmp(name, "rate"))
		*ret = g->rx_avg + g->tx_avg;
	else
		return false;
	return true;
}

static const char *field_name(int field)
{
	struct lssock_field_info info;

	return field >= 0 && lssock_field_info((uint32_t)field, &info) == 0 ? info.name : "";
}

static bool item_key(const struct sorting *by, const struct item *i, struct sort_key *k)
{
	const struct ui *ui = by->ui;
	struct lssock_value v;
	uint32_t o;
	double rate;

	if (i->kind == ITEM_GROUP) {
		const struct rollup *g = &ui->groups.v[i->group];

		if (group_rate(g, field_name(by->sort.field), &rate))
			k->a = (uint64_t)rate;
		else if (!strcmp(field_name(by->sort.field), "proc"))
			text_key(k, g->name, strlen(g->name));
		else
			k->a = g->n;
		return true;
	}
	if (by->rank_field < 0)
		return false;
	o = by->socks[i->row].owner;
	lssock_get(ui->snap, i->row, o && by->owners[o].how == LSSOCK_HOW_FD ? o : 0,
		   (uint32_t)by->rank_field, &v);
	return value_key(k, &v, by->scope);
}

/* Lines mostly come in the order that they had. */
static uint32_t next_place(struct sorting *by, struct row_id id)
{
	uint32_t at = was_at(by->ui, by->guess, id) ? by->guess : place_before(by->ui, id);

	by->guess = at + 1;
	return at;
}

/* A rate is what it was, unless it is far from that. */
static uint64_t stick(const struct sorting *by, const struct sort_key *k)
{
	uint64_t old;

	if (!by->is_rate || k->before == LSSOCK_NONE || k->before >= by->ui->sticky.n)
		return k->a;
	old = by->ui->sticky.v[k->before];
	return k->a > old + old / 10 || k->a + k->a / 10 < old ? k->a : old;
}

static void make_key(struct sorting *by, const struct item *i, struct sort_key *k)
{
	bool known;

	*k = (struct sort_key){ .before = next_place(by, i->id) };
	known = item_key(by, i, k);
	k->a = stick(by, k);
	k->sticky = k->a;
	if (by->sort.descending) {
		k->a = ~k->a;
		k->b = ~k->b;
	}
	k->rank = ui_is_pinned(by->ui, i->id) ? 0 : known || by->held ? 1 : 2;
	if (!by->held || !k->rank)
		return;
	k->a = k->before;		/* NONE is the largest: new ones at the bottom */
	k->b = 0;
}

static int compare_keys(const void *x, const void *y)
{
	const struct sort_key *a = x, *b = y;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->a != b->a)
		return a->a < b->a ? -1 : 1;
	if (a->b != b->b)
		return a->b < b->b ? -1 : 1;
	if (a->before != b->before)
		return a->before < b->before ? -1 : 1;
	return (a->line > b->line) - (a->line < b->line);
}

static bool is_sorted(const struct key_list *keys)
{
	uint32_t i;

	for (i = 1; i < keys->n; i++)
		if (compare_keys(&keys->v[i - 1], &keys->v[i]) > 0)
			return false;
	return true;
}

/* Lines to sort: the sockets of these rows, or with another kind all that is folded. */
struct lines {
	const uint32_t *rows;
	uint32_t n;
	enum item_kind kind;
	bool child;
};

static struct item line_at(const struct ui *ui, const struct lines *l, uint32_t i)
{
	struct item item = { .kind = (uint8_t)l->kind, .child = l->child };

	if (l->kind == ITEM_SOCKET) {
		item.row = l->rows[i];
		item.group = LSSOCK_NONE;
		item.id = row_id(ui->snap, item.row);
	} else {
		item.row = ui->members.v[ui->groups.v[i].first];
		item.group = i;
		item.id = group_id(ui->groups.v[i].key);
	}
	return item;
}

#define NO_LINE LSSOCK_NONE

/* The keys of what was there before in the order it had, those of the others behind:
 * mostly that is the order. */
static bool make_keys(struct sorting *by, const struct lines *l, struct key_list *keys)
{
	uint32_t n_before = by->ui->placed, i, at, end = n_before;
	struct sort_key k;

	if (l->n > UINT32_MAX - n_before || !vec_reserve(keys, n_before + l->n))
		return false;
	for (i = 0; i < n_before; i++)
		keys->v[i].line = NO_LINE;
	for (i = 0; i < l->n; i++) {
		struct item item = line_at(by->ui, l, i);

		make_key(by, &item, &k);
		k.line = i;
		at = k.before < n_before && keys->v[k.before].line == NO_LINE ? k.before :
										end++;
		keys->v[at] = k;
	}
	for (i = 0; i < end; i++)
		if (keys->v[i].line != NO_LINE && keys->n++ != i)
			keys->v[keys->n - 1] = keys->v[i];
	return true;
}

static bool sort_lines(struct sorting *by, const struct lines *l, struct key_list *keys)
{
	by->guess = 0;
	if (!make_keys(by, l, keys))
		return false;
	if (!is_sorted(keys))
		qsort(keys->v, keys->n, sizeof(*keys->v), compare_keys);
	return true;
}

/* ---- the list --------------------------------------------------------------------- */

struct listing {
	struct sorting by;
	struct item_list done;
	struct number_list sticky;	/* of those that are done */
};

static void add_done(struct listing *l, const struct item *i, const struct sort_key *k)
{
	uint64_t *sticky = vec_push(&l->sticky);
	struct item *place = sticky ? vec_push(&l->done) : NULL;

	if (!place)
		return;
	*place = *i;
	*sticky = k->sticky;
}

static void add_children(struct listing *l, const struct rollup *g)
{
	struct ui *ui = l->by.ui;
	const struct lines lines = { .rows = ui->members.v + g->first, .n = g->n,
				     .kind = ITEM_SOCKET, .child = true };
	struct key_list keys = { 0 };
	uint32_t i;

	if (sort_lines(&l->by, &lines, &keys)) {
		for (i = 0; i < keys.n; i++) {
			struct item item = line_at(ui, &lines, keys.v[i].line);

			item.last = i + 1 == keys.n;
			add_done(l, &item, &keys.v[i]);
		}
	}
	vec_release(&keys);
}

static bool same_order(const struct ui *ui, const struct item_list *items)
{
	uint32_t i;

	for (i = 0; i < items->n && was_at(ui, i, items->v[i].id); i++)
		;
	return i == items->n && i == ui->placed;
}

static void keep_places(struct ui *ui)
{
	uint32_t i, key, *slot;

	index_clear(&ui->places);
	index_reserve(&ui->places, ui->items.n);
	for (i = 0; i < ui->items.n; i++) {
		key = (uint32_t)row_key(ui->items.v[i].id);
		while ((slot = index_put(&ui->places, key)) && *slot != INDEX_NONE)
			key++;
		if (slot)
			*slot = i;
	}
	ui->placed = ui->items.n;
}

/* The new list becomes the one before. */
static void keep_order(struct ui *ui, struct listing *l)
{
	bool same = same_order(ui, &l->done);

	vec_release(&ui->items);
	vec_release(&ui->sticky);
	ui->items = l->done;
	ui->sticky = l->sticky;
	if (!same)
		keep_places(ui);
}

/* The line stays where it is on the screen; the list moves around it. */
static void follow_cursor(struct ui *ui)
{
	struct tab_state *t = &ui->tabs[ui->tab];
	uint32_t at, lines = ui_list_lines(ui), n = ui->items.n;

	if (t->anchored && n) {
		at = place_before(ui, t->cursor);
		if (at == LSSOCK_NONE) {
			at = t->at < n ? t->at : n - 1;
			t->cursor = ui->items.v[at].id;
		}
		if (at >= t->at)
			t->top += at - t->at;
		else
			t->top = t->top > t->at - at ? t->top - (t->at - at) : 0;
		t->at = at;
		if (t->top > at)
			t->top = at;
		if (lines && at >= t->top + lines)
			t->top = at - lines + 1;
	}
	if (t->top + lines > n)
		t->top = n > lines ? n - lines : 0;
}

static struct sorting sorting_of(struct ui *ui)
{
	struct sort sort = ui->tabs[ui->tab].sort;
	const char *name = field_name(sort.field);
	struct sorting by = {
		.ui = ui, .sort = sort, .rank_field = sort.field,
		/* those that another question brings back have no place to hold */
		.held = ui_held(ui) && !ui->asked_anew,
		.scope = !strcmp(name, "scope"), .owners = lssock_owners(ui->snap, NULL),
		.socks = lssock_socks(ui->snap, NULL),
	};

	by.is_rate = !strcmp(name, "rx") || !strcmp(name, "tx") || !strcmp(name, "rate");
	if (!strcmp(name, "rx"))
		by.rank_field = lssock_field_find("rx_avg");
	else if (!strcmp(name, "tx"))
		by.rank_field = lssock_field_find("tx_avg");
	return by;
}

static void add_group_samples(struct ui *ui)
{
	uint64_t now = lssock_snap_meta(ui->snap)->now_ns;
	uint32_t i;

	for (i = 0; i < ui->groups.n; i++) {
		const struct rollup *g = &ui->groups.v[i];
		const struct sample s = { .rx = g->rx, .tx = g->tx };
		struct ring *r = g->counted ? hist_make(&ui->hist, g->key | 2, now) : NULL;

		if (r && r->last_ns != now)
			ring_add(r, &s, now, ui->interval_us * 1000);
	}
}

static void list_lines(struct ui *ui, const struct lines *lines)
{
	struct listing l = { .by = sorting_of(ui) };
	struct key_list keys = { 0 };
	uint32_t i;

	if (sort_lines(&l.by, lines, &keys)) {
		vec_reserve(&l.done, keys.n + 1);
		vec_reserve(&l.sticky, keys.n + 1);
		for (i = 0; i < keys.n; i++) {
			struct item item = line_at(ui, lines, keys.v[i].line);

			add_done(&l, &item, &keys.v[i]);
			if (item.kind != ITEM_SOCKET && ui->groups.v[item.group].open)
				add_children(&l, &ui->groups.v[item.group]);
		}
		keep_order(ui, &l);
	}
	vec_release(&keys);
}

static void build(struct ui *ui, const uint32_t *rows, uint32_t n)
{
	struct lines lines = { .rows = rows, .n = n, .kind = ITEM_SOCKET };
	int r = 0;

	ui->groups.n = ui->members.n = 0;
	if (ui->tab == TAB_GROUPS) {
		r = rollup_groups(ui, rows, n);
		lines.kind = ITEM_GROUP;
	} else if (ui->tab == TAB_LISTEN) {
		r = rollup_services(ui, rows, n);
		lines.kind = ITEM_SERVICE;
	}
	if (lines.kind != ITEM_SOCKET)
		lines.n = r == 0 ? ui->groups.n : 0;
	if (ui->tab == TAB_GROUPS && r == 0)
		add_group_samples(ui);
	list_lines(ui, &lines);
}

void ui_list(struct ui *ui)
{
	uint32_t *rows, n;

	if (!ui->list_due || !ui->snap)
		return;
	if (!ui->query && ui_filter(ui, buf_cstr(&ui->filter), NULL) < 0)
		return;
	ui->list_due = false;
	if (!choose(ui, &rows, &n))
		return;
	ui->total = ui->tab == TAB_CLOSED ? ui->n_closed : ui->tab == TAB_UNIX ? ui->n_unix :
		    ui->tab == TAB_LISTEN ? ui->n_listen : ui->n_sockets;
	build(ui, rows, n);
	mem_free(rows);
	ui->asked_anew = false;
	follow_cursor(ui);
}

void ui_frame(struct ui *ui, struct lssock_snap *s)
{
	struct lssock_snap *before = ui->fresh ? ui->fresh : ui->snap;

	ui_count(ui, s, before);
	lssock_snap_hold(s);
	if (ui->paused && ui->snap) {
		lssock_snap_free(ui->fresh);
		ui->fresh = s;
		return;
	}
	lssock_snap_free(ui->snap);
	ui->snap = s;
	ui->list_due = true;
}
