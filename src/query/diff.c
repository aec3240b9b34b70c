/* SPDX-License-Identifier: MIT */
/*
 * The sheet of differences between two views: which sockets are gone, new or changed,
 * and what changed, in words and in numbers. Which are the same is found in match.c.
 */
#include <errno.h>

#include "model/names.h"
#include "query/getters.h"
#include "query/match.h"
#include "query/rows.h"

enum change { GONE, FRESH, CHANGED, SAME };

struct pair {
	uint32_t old, now;		/* rows, LSSOCK_NONE: none */
	enum change change;
	size_t what;			/* where its words begin in the text */
	uint32_t what_len;
};

struct diff {
	struct lssock_sheet sheet;
	struct match match;
	const struct lssock_view *old, *now; /* while it is made */
	uint8_t *in_old, *in_now;	/* by row: the view has it */
	VEC(struct pair) pairs;
	VEC(struct sheet_column) columns;
	VEC(const struct diff_column *) kinds;
	struct buf text;
	struct lssock_diff_info info;
	bool traffic;			/* counts as a change */
};

/* ---- words of what changed ------------------------------------------------------- */

static bool is_known(const struct lssock_value *v)
{
	return v->kind != LSSOCK_V_UNKNOWN && v->kind != LSSOCK_V_LATER;
}

/* "; user www-data -> eve" */
static void put_change(struct diff *d, const struct pair *p, const char *what,
		       const struct lssock_value *old, const struct lssock_value *now)
{
	struct buf *b = &d->text;

	if (b->len > p->what)
		buf_puts(b, "; ");
	buf_puts(b, what);
	buf_putc(b, ' ');
	if (old->kind == LSSOCK_V_NA)
		buf_puts(b, "none");
	value_put_raw(b, old, true);
	buf_puts(b, " -> ");
	if (now->kind == LSSOCK_V_NA)
		buf_puts(b, "none");
	value_put_raw(b, now, true);
}

static void put_word(struct diff *d, const struct pair *p, const char *word)
{
	if (d->text.len > p->what)
		buf_puts(&d->text, "; ");
	buf_puts(&d->text, word);
}

static void get(const char *name, const struct lssock_snap *s, uint32_t row,
		struct lssock_value *ret)
{
	const struct field *f = field_find(name, strlen(name));

	value_na(ret);
	if (f)
		field_get(f, s, row, 0, ret);
}

/* Of the one owner that is named. */
static void get_one(const char *name, const struct lssock_snap *s, uint32_t row,
		    struct lssock_value *ret)
{
	get(name, s, row, ret);
	ret->more = 0;
}

static bool compare(struct diff *d, const struct pair *p, const char *field, const char *what)
{
	struct lssock_value old, now;

	get_one(field, d->match.old, p->old, &old);
	get_one(field, d->match.now, p->now, &now);
	if (!is_known(&old) || !is_known(&now) || !value_compare(&old, &now))
		return false;
	put_change(d, p, what, &old, &now);
	return true;
}

/* ---- who holds it ---------------------------------------------------------------- */

static const struct lssock_proc *holder(const struct lssock_snap *s, uint32_t row)
{
	uint32_t o = field_owner(s, snap_row(s, row));

	return o && s->owners.v[o].proc < s->procs.n ? &s->procs.v[s->owners.v[o].proc] : NULL;
}

static void process_text(const struct lssock_snap *s, uint32_t row, struct lssock_value *ret)
{
	get_one("proc", s, row, ret);
	if (!holder(s, row))
		return;
	value_tmp(ret);
	put_owner(s, field_owner(s, snap_row(s, row)), ret);
}

static void put_process(struct diff *d, const struct pair *p)
{
	struct lssock_value old, now;

	process_text(d->match.old, p->old, &old);
	process_text(d->match.now, p->now, &now);
	if (is_known(&old) && is_known(&now))
		put_change(d, p, "process", &old, &now);
}

static bool differs(const struct diff *d, const struct pair *p, const char *field)
{
	struct lssock_value old, now;

	get_one(field, d->match.old, p->old, &old);
	get_one(field, d->match.now, p->now, &now);
	return is_known(&old) && is_known(&now) && value_compare(&old, &now);
}

/* Numbers of processes mean nothing to another boot. A number may have been taken by
 * another process since: the same one has the same start. */
static void compare_process(struct diff *d, const struct pair *p)
{
	const struct lssock_proc *old = holder(d->match.old, p->old);
	const struct lssock_proc *now = holder(d->match.now, p->now);
	bool boot = d->match.same_boot;

	if (!old || !now) {
		if (differs(d, p, "proc"))
			put_process(d, p);
		return;
	}
	if (differs(d, p, "proc")) {
		if (boot)
			put_process(d, p);
		else
			compare(d, p, "proc", "process");
	} else if (boot && old->pid != now->pid) {
		compare(d, p, "pid", "pid");
	} else if (boot && old->start_ns != now->start_ns) {
		put_word(d, p, "process restarted");
	}
	compare(d, p, "exe", "program");
}

/* ---- traffic --------------------------------------------------------------------- */

/* How far a counter has come. false: it is not known of both, or went back. */
static bool delta(const struct diff *d, const struct pair *p, const char *field, uint64_t *ret)
{
	struct lssock_value old, now;

	if (p->old == LSSOCK_NONE || p->now == LSSOCK_NONE)
		return false;
	get(field, d->match.old, p->old, &old);
	get(field, d->match.now, p->now, &now);
	if (old.kind != LSSOCK_V_UINT || now.kind != LSSOCK_V_UINT || now.u < old.u)
		return false;
	*ret = now.u - old.u;
	return true;
}

static bool has_traffic(const struct diff *d, const struct pair *p)
{
	static const char *const counters[] = { "bytes_sent", "bytes_received",
						"retrans_total" };
	uint64_t n;
	size_t i;

	for (i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		if (delta(d, p, counters[i], &n) && n)
			return true;
	return false;
}

/* ---- a pair ---------------------------------------------------------------------- */

/* In a few letters, as the table has it beside. */
static void compare_state(struct diff *d, const struct pair *p)
{
	const struct lssock_sock *old = snap_row(d->match.old, p->old);
	const struct lssock_sock *now = snap_row(d->match.now, p->now);
	struct lssock_value a, b;

	if (!row_has_state(old) || !row_has_state(now) || old->state == now->state)
		return;
	value_word(&a, names_state_short(old->state));
	value_word(&b, names_state_short(now->state));
	put_change(d, p, "state", &a, &b);
}

static bool is_another(const struct diff *d, const struct pair *p)
{
	uint64_t old = snap_row(d->match.old, p->old)->cookie;
	uint64_t now = snap_row(d->match.now, p->now)->cookie;

	return d->match.same_boot && old && now && old != now;
}

static void compare_all(struct diff *d, const struct pair *p)
{
	const struct lssock_sock *k = snap_row(d->match.now, p->now);

	compare_state(d, p);
	if (snap_is_inet(k) || k->proto == LSSOCK_UNIX || k->proto == LSSOCK_PACKET)
		compare(d, p, "local", "local");
	if (snap_is_inet(k) || k->proto == LSSOCK_VSOCK)
		compare(d, p, "remote", "remote");
	if (k->state == LSSOCK_TIME_WAIT)
		return;			/* what the kernel keeps of it is nobody's */
	compare_process(d, p);
	if (!compare(d, p, "puser", "user"))
		compare(d, p, "user", "user");
	compare(d, p, "unit", "unit");
	compare(d, p, "scope", "scope");
	if (k->state == LSSOCK_LISTEN)
		compare(d, p, "limit", "limit");
	compare(d, p, "nowners", "processes");
	/* A listener in the place of one that it is not, although nothing else tells. */
	if (d->text.len == p->what && is_another(d, p))
		put_word(d, p, "opened again");
	if (d->traffic && d->text.len == p->what && has_traffic(d, p))
		put_word(d, p, "traffic");
}

static void add_pair(struct diff *d, struct pair p)
{
	struct pair *place;

	p.what_len = (uint32_t)(d->text.len - p.what);
	switch (p.change) {
	case GONE: d->info.gone++; break;
	case FRESH: d->info.fresh++; break;
	case CHANGED: d->info.changed++; break;
	case SAME: d->info.same++; return;
	}
	place = vec_push(&d->pairs);
	if (place)
		*place = p;
}

static bool in_view(const uint8_t *in, uint32_t row)
{
	return row != LSSOCK_NONE && in[row];
}

/* Whether the question takes the row that its view lacks: it may not be known. */
static bool is_unknown(const struct lssock_view *v, uint32_t row)
{
	return query_row(v->query, v->snap, row) == TRI_UNKNOWN;
}

static void judge_both(struct diff *d, uint32_t old, uint32_t now)
{
	struct pair p = { .old = old, .now = now, .change = CHANGED, .what = d->text.len };
	bool was = in_view(d->in_old, old), is = in_view(d->in_now, now);

	if (snap_row(d->match.now, now)->state == LSSOCK_TIME_WAIT && !is) {
		p.change = GONE;	/* its remains are not asked for */
		p.now = LSSOCK_NONE;
		add_pair(d, p);
		return;
	}
	compare_all(d, &p);
	if (d->text.len == p.what && was && is) {
		p.change = SAME;
	} else if (d->text.len == p.what) {
		if (was ? is_unknown(d->now, now) : is_unknown(d->old, old)) {
			d->info.unjudged++;
			return;
		}
		put_word(d, &p, was ? "matches no longer" : "matches now");
	}
	add_pair(d, p);
}

static void judge_one(struct diff *d, bool is_old, uint32_t row)
{
	struct pair p = { .old = is_old ? row : LSSOCK_NONE, .now = is_old ? LSSOCK_NONE : row,
			  .change = is_old ? GONE : FRESH, .what = d->text.len };

	if (match_would_show(&d->match, is_old, row))
		add_pair(d, p);
	else
		d->info.unjudged++;
}

/* Rows of which no view says whether they match: some of them were met above. */
static void count_unknown(struct diff *d)
{
	uint32_t n = d->old->rows.unknown > d->now->rows.unknown ? d->old->rows.unknown :
		     d->now->rows.unknown;

	if (n > d->info.unjudged)
		d->info.unjudged = n;
}

/* What is gone, what is new, what changed; within that as the views stand. */
static void judge(struct diff *d)
{
	const struct rows *old = &d->old->rows, *now = &d->now->rows;
	uint32_t i, row, other;

	for (i = 0; i < old->list.n; i++)
		if (d->match.to_now[old->list.v[i]] == LSSOCK_NONE)
			judge_one(d, true, old->list.v[i]);
	for (i = 0; i < now->list.n; i++)
		if (d->match.to_old[now->list.v[i]] == LSSOCK_NONE)
			judge_one(d, false, now->list.v[i]);
	for (i = 0; i < old->list.n; i++) {
		row = old->list.v[i];
		other = d->match.to_now[row];
		if (other != LSSOCK_NONE && !d->in_now[other])
			judge_both(d, row, other);
	}
	for (i = 0; i < now->list.n; i++) {
		row = now->list.v[i];
		if (d->match.to_old[row] != LSSOCK_NONE)
			judge_both(d, d->match.to_old[row], row);
	}
}

/* ---- columns --------------------------------------------------------------------- */

enum diff_kind { D_CHANGE, D_FIELD, D_OLD_FIELD, D_WHAT, D_DELTA, D_RATE };

struct diff_column {
	struct sheet_column column;
	enum diff_kind kind;
	const char *field;
	uint8_t where;			/* bits of the below */
};
#define IN_TABLE 1
#define IN_RECORD 2
#define IN_TRAFFIC 4			/* a table that is asked for it */
#define IN_SPACES 8			/* a table with rows of other namespaces */
#define IN_WIDE 16			/* a table with room */
#define BOTH (IN_TABLE | IN_RECORD)

static const struct diff_column diff_columns[] = {
	{ { .name = "change", .head = "CHANGE" }, D_CHANGE, NULL, BOTH },
	{ { .name = "netns", .head = "NETNS", .right = true }, D_FIELD, "netns", IN_RECORD },
	{ { .name = "nsname", .head = "NSNAME" }, D_FIELD, "nsname", IN_RECORD },
	{ { .name = "space", .head = "NETNS", .min = 6, .give = 7, .cut = 'e' }, D_FIELD,
	  "space", IN_SPACES },
	{ { .name = "proto", .head = "PROT" }, D_FIELD, "proto", BOTH },
	{ { .name = "local", .head = "LOCAL", .min = 12, .give = 3, .cut = 'm' }, D_FIELD,
	  "local", BOTH },
	{ { .name = "remote", .head = "REMOTE", .min = 12, .give = 3, .cut = 'm' }, D_FIELD,
	  "remote", BOTH },
	{ { .name = "lport", .head = "PORT", .right = true }, D_FIELD, "lport", IN_RECORD },
	{ { .name = "rport", .head = "RPORT", .right = true }, D_FIELD, "rport", IN_RECORD },
	{ { .name = "path", .head = "PATH" }, D_FIELD, "path", IN_RECORD },
	{ { .name = "state", .head = "STATE" }, D_FIELD, "state", BOTH },
	{ { .name = "was", .head = "WAS" }, D_OLD_FIELD, "state", IN_RECORD },
	{ { .name = "user", .head = "USER", .min = 6, .give = 7, .cut = 'e' }, D_FIELD,
	  "user", IN_WIDE | IN_RECORD },
	{ { .name = "pid", .head = "PID", .right = true }, D_FIELD, "pid", BOTH },
	{ { .name = "process", .head = "PROCESS", .min = 7, .give = 5, .cut = 'e' }, D_FIELD,
	  "process", IN_TABLE },
	{ { .name = "proc", .head = "PROC" }, D_FIELD, "proc", IN_RECORD },
	{ { .name = "old_pid", .head = "OLD-PID", .right = true }, D_OLD_FIELD, "pid",
	  IN_RECORD },
	{ { .name = "old_proc", .head = "OLD-PROC" }, D_OLD_FIELD, "proc", IN_RECORD },
	{ { .name = "sent", .head = "SENT", .right = true, .unit = LSSOCK_U_BYTES }, D_DELTA,
	  "bytes_sent", IN_TRAFFIC | IN_RECORD },
	{ { .name = "received", .head = "RECEIVED", .right = true, .unit = LSSOCK_U_BYTES },
	  D_DELTA, "bytes_received", IN_TRAFFIC | IN_RECORD },
	{ { .name = "retrans", .head = "RETRANS", .right = true }, D_DELTA, "retrans_total",
	  IN_TRAFFIC | IN_RECORD },
	{ { .name = "tx", .head = "TX", .right = true, .unit = LSSOCK_U_RATE }, D_RATE,
	  "bytes_sent", IN_TRAFFIC | IN_RECORD },
	{ { .name = "rx", .head = "RX", .right = true, .unit = LSSOCK_U_RATE }, D_RATE,
	  "bytes_received", IN_TRAFFIC | IN_RECORD },
	{ { .name = "what", .head = "WHAT", .min = 24, .give = 2, .cut = 'e' }, D_WHAT, NULL,
	  BOTH },
};

static void get_number(const struct diff *d, const struct pair *p,
		       const struct diff_column *c, struct lssock_value *ret)
{
	uint64_t n;

	if (!delta(d, p, c->field, &n) || (c->kind == D_RATE && d->info.apart_us <= 0)) {
		value_na(ret);
		return;
	}
	if (c->kind == D_RATE)
		n = (uint64_t)((double)n * 1e6 / (double)d->info.apart_us);
	value_uint(ret, n);
}

static void cell_of(const struct lssock_sheet *sheet, uint32_t row, uint32_t sub, uint32_t col,
		    struct lssock_value *ret)
{
	static const char *const words[] = { "gone", "new", "changed", "same" };
	const struct diff *d = sheet->ctx;
	const struct pair *p = &d->pairs.v[row];
	const struct diff_column *c = d->kinds.v[col];

	(void)sub;
	switch (c->kind) {
	case D_CHANGE:
		value_word(ret, words[p->change]);
		break;
	case D_FIELD:
		if (p->now != LSSOCK_NONE)
			get(c->field, d->match.now, p->now, ret);
		else
			get(c->field, d->match.old, p->old, ret);
		break;
	case D_OLD_FIELD:
		if (p->change == CHANGED)
			get(c->field, d->match.old, p->old, ret);
		break;
	case D_WHAT:
		if (p->what_len)
			value_text(ret, d->text.data + p->what, p->what_len);
		break;
	case D_DELTA: case D_RATE:
		get_number(d, p, c, ret);
		break;
	}
	ret->unit = c->column.unit;
}

/* ---- the sheet ------------------------------------------------------------------- */

static bool has_other_space(const struct diff *d)
{
	uint32_t i;

	for (i = 0; i < d->pairs.n; i++) {
		const struct pair *p = &d->pairs.v[i];
		const struct lssock_snap *s = p->now != LSSOCK_NONE ? d->match.now :
					      d->match.old;
		uint16_t ns = snap_row(s, p->now != LSSOCK_NONE ? p->now : p->old)->ns;

		if (ns >= s->ns.n || !(s->ns.v[ns].flags & LSSOCK_NS_OWN))
			return true;
	}
	return false;
}

static bool add_columns(struct diff *d)
{
	const struct lssock_query *q = d->now->query;
	unsigned where = q->layout == LSSOCK_LAYOUT_RECORD ? IN_RECORD : IN_TABLE;
	size_t i;

	if (where == IN_TABLE && (!q->width || q->width >= 100))
		where |= IN_WIDE;
	if (where & IN_TABLE && d->traffic)
		where |= IN_TRAFFIC;
	if (where & IN_TABLE && has_other_space(d))
		where |= IN_SPACES;
	for (i = 0; i < sizeof(diff_columns) / sizeof(diff_columns[0]); i++) {
		const struct diff_column **kind;
		struct sheet_column *c;

		if (!(diff_columns[i].where & where))
			continue;
		kind = vec_push(&d->kinds);
		c = vec_push(&d->columns);
		if (!kind || !c)
			return false;
		*kind = &diff_columns[i];
		*c = diff_columns[i].column;
	}
	return true;
}

static void sheet_free(struct lssock_sheet *sheet)
{
	struct diff *d = sheet->ctx;

	match_release(&d->match);
	vec_release(&d->pairs);
	vec_release(&d->columns);
	vec_release(&d->kinds);
	buf_release(&d->text);
	mem_free(d->in_old);
	mem_free(d->in_now);
	lssock_snap_free(sheet->snap);
	lssock_snap_free(sheet->before);
	mem_free(d);
}

static uint8_t *mark(const struct lssock_view *v)
{
	uint8_t *in = mem_alloc(v->snap->socks.n + 1ull);
	uint32_t i;

	for (i = 0; in && i < v->rows.list.n; i++)
		in[v->rows.list.v[i]] = 1;
	return in;
}

static int fill(struct diff *d)
{
	uint64_t failures = mem_failures();
	int r = match_make(&d->match, d->old->snap, d->now->snap);

	d->in_old = mark(d->old);
	d->in_now = mark(d->now);
	if (r < 0 || !d->in_old || !d->in_now)
		return -ENOMEM;
	d->info.same_host = d->match.same_host;
	d->info.same_boot = d->match.same_boot;
	d->info.apart_us = (int64_t)(d->now->snap->meta.now_ns / 1000) -
			   (int64_t)(d->old->snap->meta.now_ns / 1000);
	d->traffic = d->now->query->flags & LSSOCK_Q_INFO && d->match.same_boot;
	judge(d);
	count_unknown(d);
	if (!add_columns(d) || mem_failures() != failures)
		return -ENOMEM;
	return 0;
}

int lssock_diff_sheet(struct lssock_view *old, struct lssock_view *now,
		      struct lssock_sheet **ret)
{
	struct diff *d = mem_alloc(sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->old = old;
	d->now = now;
	d->sheet = (struct lssock_sheet){
		.kind = SHEET_DIFF, .cell = cell_of, .free = sheet_free, .ctx = d,
		.snap = lssock_snap_hold(now->snap), .before = lssock_snap_hold(old->snap),
		.owners_asked = now->snap->meta.owners_asked,
	};
	if (fill(d) < 0) {
		sheet_free(&d->sheet);
		return -ENOMEM;
	}
	d->sheet.n_rows = d->pairs.n;
	d->sheet.n_columns = d->columns.n;
	d->sheet.columns = d->columns.v;
	d->sheet.incomplete = !old->snap->meta.complete || d->info.unjudged;
	*ret = &d->sheet;
	return 0;
}

int lssock_diff_info(const struct lssock_sheet *sheet, struct lssock_diff_info *ret)
{
	const struct diff *d = sheet->ctx;

	if (sheet->kind != SHEET_DIFF)
		return -EINVAL;
	*ret = d->info;
	return 0;
}
