/* SPDX-License-Identifier: MIT */
/*
 * JSON: the document and its lines. Knows how columns nest (owners, tcp, mem)
 * and builds `peer` and `why_procs` from the snapshot. How a member is written
 * is member.c's.
 */
#include "out/json.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/num.h"
#include "model/addr.h"
#include "model/names.h"
#include "out/slices.h"

/* ---- a row ----------------------------------------------------------------- */

static void put_holder(struct json *j, const struct lssock_owner *o, bool first)
{
	const struct lssock_snap *s = j->sheet->snap;
	const struct lssock_proc *p = o->proc < s->procs.n ? &s->procs.v[o->proc] : NULL;

	json_element(j, first);
	if (p) {
		json_key(j, "pid");
		buf_i64(j->b, p->pid);
	} else {
		json_null(j, "pid");
	}
	if (o->fd >= 0)
		json_u64(j, "fd", o->fd);
	else
		json_null(j, "fd");
	json_str(j, "proc", p ? p->comm : 0);
	json_close(j);
}

static void put_peer(struct json *j, const struct lssock_sock *k)
{
	const struct lssock_snap *s = j->sheet->snap;
	const struct lssock_owner *o;
	bool first = true;

	if (!k || k->peer >= s->socks.n) {
		json_null(j, "peer");
		return;
	}
	k = snap_row(s, k->peer);
	json_key(j, "peer");
	json_open(j);
	json_id(j, "netns", k->ns < s->ns.n ? s->ns.v[k->ns].ino : 0);
	json_id(j, "inode", k->inode);
	json_id(j, "cookie", k->cookie);
	json_key(j, "owners");
	buf_putc(j->b, '[');
	for (o = out_holder(s, k->owner); o; o = out_holder(s, o->next)) {
		put_holder(j, o, first);
		first = false;
	}
	buf_putc(j->b, ']');
	json_close(j);
}

static void put_why_procs(struct json *j, const struct lssock_sock *k)
{
	const struct lssock_owner *o;
	struct why_walk w;
	bool first = true;

	json_key(j, "why_procs");
	buf_putc(j->b, '[');
	if (k) {
		why_start(&w, j->sheet->snap, k);
		while ((o = why_next(&w))) {
			put_holder(j, o, first);
			first = false;
		}
	}
	buf_putc(j->b, ']');
	j->comma = true;
}

/* Whether the column's last member can stand here too. */
static bool fits(const struct json *j, const struct json_column *c)
{
	return c->memo.known && (j->b->data[c->memo.at] == ',') == j->comma;
}

static void put_again(struct json *j, const struct json_column *c)
{
	memo_copy(&c->memo, j->b);
	j->comma = true;
}

static void put_cell(struct json *j, uint32_t row, uint32_t sub, uint32_t col)
{
	const struct sheet_column *column = &j->sheet->columns[col];
	struct json_column *c = j->columns ? &j->columns[col] : NULL;
	struct lssock_value v;
	size_t at = j->b->len;

	out_cell(j->sheet, row, sub, col, &v);
	if (column->nest == LSSOCK_NEST_OWNER)
		v.more = 0;	/* the others have objects of their own */
	if (!c) {
		json_value(j, column->name, strlen(column->name), &v);
	} else if (fits(j, c) && memo_is(&c->memo, &v)) {
		put_again(j, c);
	} else {
		json_value(j, column->name, c->name_len, &v);
		if (!j->b->failed)
			memo_set(&c->memo, &v, at, j->b->len - at);
	}
}

/* One owner. What depends on the process alone is not even asked for again. */
static void put_owner(struct json *j, uint32_t row, uint32_t sub)
{
	const struct lssock_sheet *s = j->sheet;
	uint32_t proc = j->columns && s->proc ? s->proc(s, row, sub) : 0, i;
	bool same = proc && proc == j->proc && !j->b->failed;

	for (i = j->own_from; i < j->own_to; i++) {
		if (s->columns[i].nest != LSSOCK_NEST_OWNER)
			continue;
		if (same && s->columns[i].of_proc && fits(j, &j->columns[i]))
			put_again(j, &j->columns[i]);
		else
			put_cell(j, row, sub, i);
	}
	j->proc = proc;
}

static void put_owners(struct json *j, uint32_t row)
{
	const struct lssock_sheet *s = j->sheet;
	uint32_t i, n = s->subs ? s->subs(s, row) : 0;

	json_key(j, "owners");
	buf_putc(j->b, '[');
	for (i = 0; i < n; i++) {
		json_element(j, !i);
		put_owner(j, row, i);
		json_close(j);
	}
	buf_putc(j->b, ']');
	j->comma = true;
}

/* Members of one nest; false if none of them applies. */
static bool put_nest(struct json *j, uint32_t row, enum lssock_nest nest)
{
	const struct lssock_sheet *s = j->sheet;
	struct lssock_value v;
	bool any = false;
	uint32_t i;

	for (i = 0; i < s->n_columns; i++) {
		if (s->columns[i].nest != nest)
			continue;
		out_cell(s, row, 0, i, &v);
		any |= v.kind != LSSOCK_V_NA;
		json_value(j, s->columns[i].name, strlen(s->columns[i].name), &v);
	}
	return any;
}

/* An object of attributes; null where none applies (tcp of a UDP row). */
static void put_group(struct json *j, uint32_t row, const char *name, enum lssock_nest nest)
{
	size_t at;

	json_key(j, name);
	at = j->b->len;
	json_open(j);
	if (put_nest(j, row, nest) || j->b->failed) {
		json_close(j);
		return;
	}
	j->b->len = at;
	buf_put(j->b, "null", 4);
	j->comma = true;
}

/* ---- namespaces -------------------------------------------------------------- */

static void put_iface_addresses(struct json *j, uint32_t iface)
{
	const struct lssock_snap *s = j->sheet->snap;
	bool first = true;
	uint32_t i;

	json_key(j, "addresses");
	buf_putc(j->b, '[');
	for (i = 0; i < s->ifaddrs.n; i++) {
		const struct lssock_ifaddr *ia = &s->ifaddrs.v[i];
		struct lssock_addr a = { .family = ia->family,
					 .prefix = ia->family == AF_INET ? 32 : 128 };

		if (ia->iface != iface)
			continue;
		memcpy(a.ip, ia->ip, sizeof(a.ip));
		buf_puts(j->b, first ? "\"" : ",\"");
		addr_put(j->b, &a);
		buf_putc(j->b, '/');
		buf_u64(j->b, ia->prefix);
		buf_putc(j->b, '"');
		first = false;
	}
	buf_putc(j->b, ']');
	j->comma = true;
}

/* The other end of a veth: its interface and namespace, as far as known. */
static void put_iface_peer(struct json *j, const struct lssock_iface *f)
{
	const struct lssock_snap *s = j->sheet->snap;
	uint32_t i;

	if (f->peer_ifindex <= 0) {
		json_null(j, "peer");
		return;
	}
	for (i = 1; i < s->ifaces.n; i++)
		if (s->ifaces.v[i].ns == f->peer_ns &&
		    s->ifaces.v[i].ifindex == (uint32_t)f->peer_ifindex)
			break;
	json_key(j, "peer");
	json_open(j);
	json_u64(j, "ifindex", (uint32_t)f->peer_ifindex);
	json_str(j, "name", i < s->ifaces.n ? s->ifaces.v[i].name : 0);
	json_id(j, "netns", f->peer_ns < s->ns.n ? s->ns.v[f->peer_ns].ino : 0);
	json_close(j);
}

static void put_interfaces(struct json *j, uint32_t ns)
{
	const struct lssock_snap *s = j->sheet->snap;
	bool first = true;
	uint32_t i;

	json_key(j, "interfaces");
	buf_putc(j->b, '[');
	for (i = 1; i < s->ifaces.n; i++) {
		const struct lssock_iface *f = &s->ifaces.v[i];

		if (f->ns != ns)
			continue;
		json_element(j, first);
		first = false;
		json_u64(j, "ifindex", f->ifindex);
		json_str(j, "name", f->name);
		json_str(j, "kind", f->kind);
		put_iface_addresses(j, i);
		put_iface_peer(j, f);
		json_close(j);
	}
	buf_putc(j->b, ']');
	j->comma = true;
}

static void put_columns(struct json *j, uint32_t row, const struct lssock_sock *k)
{
	const struct lssock_sheet *s = j->sheet;
	uint32_t i;

	for (i = 0; i < s->n_columns; i++) {
		if (i == j->peer) {
			put_peer(j, k);
			continue;
		}
		if (!j->flat && s->columns[i].nest != LSSOCK_NEST_ROW)
			continue;
		if (s->kind == SHEET_NETNS && !strcmp(s->columns[i].name, "interfaces")) {
			put_interfaces(j, row);
			continue;
		}
		put_cell(j, row, 0, i);
		if (i == j->why)
			put_why_procs(j, k);
	}
}

static void put_row(struct json *j, uint32_t row)
{
	const struct lssock_sock *k = j->flat ? NULL : out_origin(j->sheet, row);

	json_open(j);
	put_columns(j, row, k);
	if (!j->flat && j->peer == j->sheet->n_columns &&
	    j->sheet->has_nest[LSSOCK_NEST_PEER])
		put_peer(j, k);
	if (j->owners)
		put_owners(j, row);
	if (j->tcp)
		put_group(j, row, "tcp", LSSOCK_NEST_TCP);
	if (j->mem)
		put_group(j, row, "mem", LSSOCK_NEST_MEM);
	json_close(j);
}

static void find_owners(struct json *j)
{
	uint32_t i;

	for (i = j->sheet->n_columns; i-- > 0; )
		if (j->sheet->columns[i].nest == LSSOCK_NEST_OWNER) {
			j->own_to = j->own_to ? j->own_to : i + 1;
			j->own_from = i;
		}
}

static bool nests(const struct lssock_sheet *s, enum lssock_nest nest)
{
	uint32_t i;

	if (s->has_nest[nest])
		return true;
	for (i = 0; i < s->n_columns; i++)
		if (s->columns[i].nest == nest)
			return true;
	return false;
}

static uint32_t peer_column(const struct lssock_sheet *s)
{
	uint32_t i;

	for (i = 0; i < s->n_columns; i++)
		if (s->columns[i].nest == LSSOCK_NEST_PEER ||
		    !strcmp(s->columns[i].name, "peer"))
			break;
	return i;
}

static void json_init(struct json *j, const struct lssock_sheet *s, struct buf *b)
{
	memset(j, 0, sizeof(*j));
	j->sheet = s;
	j->b = b;
	j->flat = s->kind != SHEET_SOCKETS;
	j->peer = j->why = s->n_columns;
	if (j->flat)
		return;
	j->peer = peer_column(s);
	j->why = out_column(s, "why");
	j->owners = nests(s, LSSOCK_NEST_OWNER);
	find_owners(j);
	j->tcp = nests(s, LSSOCK_NEST_TCP);
	j->mem = nests(s, LSSOCK_NEST_MEM);
}

/* Without memory nothing is remembered, and all is written anew. */
static void json_remember(struct json *j)
{
	const struct lssock_sheet *s = j->sheet;
	uint32_t i;

	j->columns = j->flat ? NULL : mem_alloc(s->n_columns * sizeof(*j->columns));
	for (i = 0; j->columns && i < s->n_columns; i++)
		j->columns[i].name_len = (uint32_t)strlen(s->columns[i].name);
}

static void json_release(struct json *j)
{
	mem_free(j->columns);
	buf_release(&j->tmp);
}

/* ---- the document ----------------------------------------------------------- */

static void member_errno(struct json *j, int err)
{
	if (!err) {
		json_null(j, "errno");
		return;
	}
	json_key(j, "errno");
	buf_putc(j->b, '"');
	names_put_errno(j->b, err);
	buf_putc(j->b, '"');
}

static void put_note(struct json *j, const struct lssock_note *n, bool first)
{
	const struct lssock_snap *s = j->sheet->snap;
	char text[512];

	json_element(j, first);
	json_word(j, "kind", names_note(n->kind));
	json_u64(j, "count", n->count);
	member_errno(j, n->err);
	json_id(j, "netns", n->ns < s->ns.n ? s->ns.v[n->ns].ino : 0);
	json_str(j, "what", n->what);
	json_word(j, "text", lssock_note_text(s, n, text, sizeof(text)) ? text : NULL);
	json_close(j);
}

static void put_not_asked(struct json *j, bool first)
{
	json_element(j, first);
	json_word(j, "kind", "owners-not-asked");
	json_u64(j, "count", j->sheet->n_rows);
	json_null(j, "errno");
	json_null(j, "netns");
	json_null(j, "what");
	json_word(j, "text", "owners were not asked for");
	json_close(j);
}

static void put_notes(struct json *j)
{
	const struct lssock_snap *s = j->sheet->snap;
	uint32_t i;

	buf_puts(j->b, ",\n\"notes\":[");
	for (i = 0; i < s->notes.n; i++)
		put_note(j, &s->notes.v[i], !i);
	if (j->owners && !j->sheet->owners_asked)
		put_not_asked(j, !i);
	buf_putc(j->b, ']');
	j->comma = true;
}

static void put_meta(struct json *j)
{
	const struct lssock_meta *m = &j->sheet->snap->meta;

	json_str(j, "host", m->host);
	json_key(j, "time");
	buf_putc(j->b, '"');
	num_put_time(j->b, m->now_ns, true);
	buf_putc(j->b, '"');
	json_bool(j, "complete", m->complete && !j->sheet->incomplete);
	put_notes(j);
}

/* The same of what it is compared with. */
static void put_before(struct json *j)
{
	const struct lssock_sheet *now = j->sheet;
	struct lssock_sheet old = { .kind = now->kind, .snap = now->before };

	j->sheet = &old;
	buf_puts(j->b, ",\n\"old\":");
	json_open(j);
	put_meta(j);
	json_close(j);
	j->sheet = now;
}

static void put_head(struct json *j)
{
	json_open(j);
	json_key(j, "lssock");
	json_open(j);
	json_word(j, "version", LSSOCK_VERSION);
	json_u64(j, "schema", LSSOCK_SCHEMA);
	json_close(j);
	if (j->sheet->snap)
		put_meta(j);
	if (j->sheet->before)
		put_before(j);
}

static const char *rows_key(enum sheet_kind kind)
{
	switch (kind) {
	case SHEET_SOCKETS:	return "sockets";
	case SHEET_GROUPS:	return "groups";
	case SHEET_NETNS:	return "namespaces";
	case SHEET_SUMMARY:	return "summary";
	case SHEET_FIELDS:	return "fields";
	case SHEET_SERVICES:	return "services";
	case SHEET_FINDINGS:	return "findings";
	case SHEET_UNJUDGED:	return "unjudged";
	case SHEET_CHECKS:	return "checks";
	case SHEET_METRICS:	return "metrics";
	case SHEET_DIFF:	return "differences";
	}
	return "rows";
}

/* ---- rows in slices ---------------------------------------------------------- */

struct rows { struct sink *sink; bool lines; };

static void make_rows(struct slice *c)
{
	const struct rows *rows = c->ctx;
	struct json j;
	uint32_t row;

	json_init(&j, c->sheet, &c->text);
	json_remember(&j);
	for (row = c->from; row < c->to; row++) {
		out_expect(c->sheet, row);
		if (!rows->lines)
			buf_puts(j.b, row ? ",\n" : "\n");
		put_row(&j, row);
		if (rows->lines)
			buf_putc(j.b, '\n');
	}
	json_release(&j);
}

static int take_rows(struct slice *c)
{
	struct rows *rows = c->ctx;

	return sink_take(rows->sink, &c->text);
}

static int put_rows(const struct lssock_sheet *s, const struct lssock_render *r,
		    struct sink *k, bool lines)
{
	struct rows rows = { k, lines };
	const struct slicing w = { .sheet = s, .render = r, .ctx = &rows, .make = make_rows,
				   .take = take_rows };

	return slices_run(&w);
}

int out_json(const struct lssock_sheet *s, const struct lssock_render *r, struct sink *k)
{
	struct json j;
	int err = 0;

	json_init(&j, s, &k->buf);
	put_head(&j);
	json_release(&j);
	for (; s && err >= 0; s = s->next) {
		buf_puts(&k->buf, ",\n\"");
		buf_puts(&k->buf, rows_key(s->kind));
		buf_puts(&k->buf, "\":[");
		err = put_rows(s, r, k, false);
		buf_puts(&k->buf, "\n]");
	}
	buf_puts(&k->buf, "}\n");
	return err < 0 ? err : k->err;
}

int out_jsonl(const struct lssock_sheet *s, const struct lssock_render *r, struct sink *k)
{
	return put_rows(s, r, k, true);
}
