/* SPDX-License-Identifier: MIT */
/*
 * Strict JSON (RFC 8259): the document and its lines. Knows how columns nest
 * (owners, tcp, mem) and builds `peer` and `why_procs` from the snapshot. Text
 * that is not clean is escaped, and a twin key NAME_b64 carries its bytes.
 */
#include "out/slices.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/socket.h>

#include "base/num.h"
#include "base/text.h"
#include "model/addr.h"
#include "model/names.h"

struct json {
	const struct lssock_sheet *sheet;
	struct buf *b;			/* of the sink, or of a slice */
	struct buf tmp;
	bool comma;			/* something stands before in this object */
	uint32_t peer, why;		/* columns, or n_columns */
	bool owners, tcp, mem, flat;
};

/* ---- strings and members -------------------------------------------------- */

/* Bytes that are safe text already: only " and \ are left to escape. */
static void put_escaped(struct buf *b, const char *s, size_t len)
{
	size_t i;

	buf_putc(b, '"');
	for (i = 0; i < len; i++) {
		if (s[i] == '"' || s[i] == '\\')
			buf_putc(b, '\\');
		buf_putc(b, s[i]);
	}
	buf_putc(b, '"');
}

static void put_string(struct buf *b, const char *s, size_t len)
{
	char *at;

	if (len && (memchr(s, '"', len) || memchr(s, '\\', len))) {
		put_escaped(b, s, len);
		return;
	}
	at = buf_add(b, len + 2);
	if (!at)
		return;
	*at++ = '"';
	if (len)
		memcpy(at, s, len);
	at[len] = '"';
}

/* Keys are most of what is written: one addition each. */
static void key(struct json *j, const char *name, const char *suffix)
{
	size_t n = strlen(name), more = strlen(suffix), comma = j->comma;
	char *at = buf_add(j->b, comma + n + more + 3);

	j->comma = true;
	if (!at)
		return;
	*at = ',';
	at += comma;
	*at++ = '"';
	memcpy(at, name, n);
	memcpy(at + n, suffix, more);
	memcpy(at + n + more, "\":", 2);
}

static void open_object(struct json *j)
{
	buf_putc(j->b, '{');
	j->comma = false;
}

static void close_object(struct json *j)
{
	buf_putc(j->b, '}');
	j->comma = true;
}

/* Starts an element of an array. */
static void element(struct json *j, bool first)
{
	if (!first)
		buf_putc(j->b, ',');
	open_object(j);
}

static void member_null(struct json *j, const char *name)
{
	key(j, name, "");
	buf_put(j->b, "null", 4);
}

static void member_word(struct json *j, const char *name, const char *word)
{
	key(j, name, "");
	if (word)
		put_string(j->b, word, strlen(word));
	else
		buf_put(j->b, "null", 4);
}

static void member_u64(struct json *j, const char *name, uint64_t v)
{
	key(j, name, "");
	buf_u64(j->b, v);
}

static void member_id(struct json *j, const char *name, uint64_t v)
{
	if (v)
		member_u64(j, name, v);
	else
		member_null(j, name);
}

static void member_bool(struct json *j, const char *name, bool v)
{
	key(j, name, "");
	buf_puts(j->b, v ? "true" : "false");
}

/* The safe text in j->tmp. */
static void put_tmp(struct json *j)
{
	if (j->tmp.failed)
		j->b->failed = true;
	put_string(j->b, j->tmp.data, j->tmp.len);
}

static void member_b64(struct json *j, const char *name, const void *raw, size_t len)
{
	key(j, name, "_b64");
	buf_putc(j->b, '"');
	text_base64(j->b, raw, len);
	buf_putc(j->b, '"');
}

static void member_text(struct json *j, const char *name, const char *raw,
			size_t len, uint32_t more)
{
	bool clean = text_is_safe(raw, len, 0);

	key(j, name, "");
	if (clean && !more) {
		put_string(j->b, raw, len);
		return;
	}
	buf_reset(&j->tmp);
	text_safe(&j->tmp, raw, len, 0);
	if (more) {
		buf_puts(&j->tmp, " +");
		buf_u64(&j->tmp, more);
	}
	put_tmp(j);
	if (!clean)
		member_b64(j, name, raw, len);
}

static void member_name(struct json *j, const char *name, const struct lssock_value *v)
{
	bool abstract = v->len && !v->s[0];
	bool clean = text_is_safe(v->s + abstract, v->len - abstract,
				  abstract ? 0 : TEXT_AT);

	key(j, name, "");
	buf_reset(&j->tmp);
	out_name(&j->tmp, v, 0);
	put_tmp(j);
	if (!clean)
		member_b64(j, name, v->s, v->len);
}

/* A string of the snapshot; id 0 is null. */
static void member_str(struct json *j, const char *name, uint32_t id)
{
	size_t len;
	const char *s = strings_get(&j->sheet->snap->strings, id, &len);

	if (s)
		member_text(j, name, s, len, 0);
	else
		member_null(j, name);
}

static void put_real(struct json *j, double r)
{
	if (isfinite(r))
		num_put_real(j->b, r);
	else
		buf_put(j->b, "null", 4);
}

/* Values whose text is ours but for an interface's name in it. */
static void put_printed(struct json *j, struct lssock_value *v)
{
	buf_reset(&j->tmp);
	if (v->kind == LSSOCK_V_END)
		v->i = 0;		/* the direction is a key of its own */
	if (v->kind == LSSOCK_V_TIME)
		num_put_time(&j->tmp, v->u, true);
	else
		value_put(&j->tmp, v, false, 0);
	put_tmp(j);
}

static void member(struct json *j, const char *name, struct lssock_value *v)
{
	switch (v->kind) {
	case LSSOCK_V_TEXT:
		member_text(j, name, v->s, v->len, v->more);
		return;
	case LSSOCK_V_NAME:
		member_name(j, name, v);
		return;
	case LSSOCK_V_BOOL:
		member_bool(j, name, v->u);
		return;
	case LSSOCK_V_UINT:
		member_u64(j, name, v->u);
		return;
	case LSSOCK_V_INT:
		key(j, name, "");
		buf_i64(j->b, v->i);
		return;
	case LSSOCK_V_REAL:
		key(j, name, "");
		put_real(j, v->r);
		return;
	case LSSOCK_V_WORD:
		key(j, name, "");
		put_string(j->b, v->s, v->len);
		return;
	case LSSOCK_V_TIME:
	case LSSOCK_V_ADDR:
	case LSSOCK_V_END:
		key(j, name, "");
		put_printed(j, v);
		return;
	case LSSOCK_V_NA:
	case LSSOCK_V_UNKNOWN:
	case LSSOCK_V_LATER:
		break;
	}
	member_null(j, name);
}

/* ---- a row ----------------------------------------------------------------- */

static void put_holder(struct json *j, const struct lssock_owner *o, bool first)
{
	const struct lssock_snap *s = j->sheet->snap;
	const struct lssock_proc *p = o->proc < s->procs.n ? &s->procs.v[o->proc] : NULL;

	element(j, first);
	if (p) {
		key(j, "pid", "");
		buf_i64(j->b, p->pid);
	} else {
		member_null(j, "pid");
	}
	if (o->fd >= 0)
		member_u64(j, "fd", o->fd);
	else
		member_null(j, "fd");
	member_str(j, "proc", p ? p->comm : 0);
	close_object(j);
}

static void put_peer(struct json *j, const struct lssock_sock *k)
{
	const struct lssock_snap *s = j->sheet->snap;
	const struct lssock_owner *o;
	bool first = true;

	if (!k || k->peer >= s->socks.n) {
		member_null(j, "peer");
		return;
	}
	k = snap_row(s, k->peer);
	key(j, "peer", "");
	open_object(j);
	member_id(j, "netns", k->ns < s->ns.n ? s->ns.v[k->ns].ino : 0);
	member_id(j, "inode", k->inode);
	member_id(j, "cookie", k->cookie);
	key(j, "owners", "");
	buf_putc(j->b, '[');
	for (o = out_holder(s, k->owner); o; o = out_holder(s, o->next)) {
		put_holder(j, o, first);
		first = false;
	}
	buf_putc(j->b, ']');
	close_object(j);
}

static void put_why_procs(struct json *j, const struct lssock_sock *k)
{
	const struct lssock_owner *o;
	struct why_walk w;
	bool first = true;

	key(j, "why_procs", "");
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

/* Members of one nest; false if none of them applies. */
static bool put_nest(struct json *j, uint32_t row, uint32_t sub, enum lssock_nest nest)
{
	const struct lssock_sheet *s = j->sheet;
	struct lssock_value v;
	bool any = false;
	uint32_t i;

	for (i = 0; i < s->n_columns; i++) {
		if (s->columns[i].nest != nest)
			continue;
		out_cell(s, row, sub, i, &v);
		any |= v.kind != LSSOCK_V_NA;
		if (nest == LSSOCK_NEST_OWNER)
			v.more = 0;	/* the others have objects of their own */
		member(j, s->columns[i].name, &v);
	}
	return any;
}

static void put_owners(struct json *j, uint32_t row)
{
	const struct lssock_sheet *s = j->sheet;
	uint32_t i, n = s->subs ? s->subs(s, row) : 0;

	key(j, "owners", "");
	buf_putc(j->b, '[');
	for (i = 0; i < n; i++) {
		element(j, !i);
		put_nest(j, row, i, LSSOCK_NEST_OWNER);
		close_object(j);
	}
	buf_putc(j->b, ']');
	j->comma = true;
}

/* An object of attributes; null where none applies (tcp of a UDP row). */
static void put_group(struct json *j, uint32_t row, const char *name, enum lssock_nest nest)
{
	size_t at;

	key(j, name, "");
	at = j->b->len;
	open_object(j);
	if (put_nest(j, row, 0, nest) || j->b->failed) {
		close_object(j);
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

	key(j, "addresses", "");
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
		member_null(j, "peer");
		return;
	}
	for (i = 1; i < s->ifaces.n; i++)
		if (s->ifaces.v[i].ns == f->peer_ns &&
		    s->ifaces.v[i].ifindex == (uint32_t)f->peer_ifindex)
			break;
	key(j, "peer", "");
	open_object(j);
	member_u64(j, "ifindex", (uint32_t)f->peer_ifindex);
	member_str(j, "name", i < s->ifaces.n ? s->ifaces.v[i].name : 0);
	member_id(j, "netns", f->peer_ns < s->ns.n ? s->ns.v[f->peer_ns].ino : 0);
	close_object(j);
}

static void put_interfaces(struct json *j, uint32_t ns)
{
	const struct lssock_snap *s = j->sheet->snap;
	bool first = true;
	uint32_t i;

	key(j, "interfaces", "");
	buf_putc(j->b, '[');
	for (i = 1; i < s->ifaces.n; i++) {
		const struct lssock_iface *f = &s->ifaces.v[i];

		if (f->ns != ns)
			continue;
		element(j, first);
		first = false;
		member_u64(j, "ifindex", f->ifindex);
		member_str(j, "name", f->name);
		member_str(j, "kind", f->kind);
		put_iface_addresses(j, i);
		put_iface_peer(j, f);
		close_object(j);
	}
	buf_putc(j->b, ']');
	j->comma = true;
}

static void put_columns(struct json *j, uint32_t row, const struct lssock_sock *k)
{
	const struct lssock_sheet *s = j->sheet;
	struct lssock_value v;
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
		out_cell(s, row, 0, i, &v);
		member(j, s->columns[i].name, &v);
		if (i == j->why)
			put_why_procs(j, k);
	}
}

static void put_row(struct json *j, uint32_t row)
{
	const struct lssock_sock *k = j->flat ? NULL : out_origin(j->sheet, row);

	open_object(j);
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
	close_object(j);
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
	j->tcp = nests(s, LSSOCK_NEST_TCP);
	j->mem = nests(s, LSSOCK_NEST_MEM);
}

/* ---- the document ----------------------------------------------------------- */

static void member_errno(struct json *j, int err)
{
	if (!err) {
		member_null(j, "errno");
		return;
	}
	key(j, "errno", "");
	buf_putc(j->b, '"');
	names_put_errno(j->b, err);
	buf_putc(j->b, '"');
}

static void put_note(struct json *j, const struct lssock_note *n, bool first)
{
	const struct lssock_snap *s = j->sheet->snap;
	char text[512];

	element(j, first);
	member_word(j, "kind", names_note(n->kind));
	member_u64(j, "count", n->count);
	member_errno(j, n->err);
	member_id(j, "netns", n->ns < s->ns.n ? s->ns.v[n->ns].ino : 0);
	member_str(j, "what", n->what);
	member_word(j, "text", lssock_note_text(s, n, text, sizeof(text)) ? text : NULL);
	close_object(j);
}

static void put_not_asked(struct json *j, bool first)
{
	element(j, first);
	member_word(j, "kind", "owners-not-asked");
	member_u64(j, "count", j->sheet->n_rows);
	member_null(j, "errno");
	member_null(j, "netns");
	member_null(j, "what");
	member_word(j, "text", "owners were not asked for");
	close_object(j);
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

	member_str(j, "host", m->host);
	key(j, "time", "");
	buf_putc(j->b, '"');
	num_put_time(j->b, m->now_ns, true);
	buf_putc(j->b, '"');
	member_bool(j, "complete", m->complete);
	put_notes(j);
}

static void put_head(struct json *j)
{
	open_object(j);
	key(j, "lssock", "");
	open_object(j);
	member_word(j, "version", LSSOCK_VERSION);
	member_u64(j, "schema", LSSOCK_SCHEMA);
	close_object(j);
	if (j->sheet->snap)
		put_meta(j);
}

static const char *rows_key(enum sheet_kind kind)
{
	switch (kind) {
	case SHEET_SOCKETS:	return "sockets";
	case SHEET_GROUPS:	return "groups";
	case SHEET_NETNS:	return "namespaces";
	case SHEET_SUMMARY:	return "summary";
	case SHEET_FIELDS:	return "fields";
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
	for (row = c->from; row < c->to; row++) {
		if (!rows->lines)
			buf_puts(j.b, row ? ",\n" : "\n");
		put_row(&j, row);
		if (rows->lines)
			buf_putc(j.b, '\n');
	}
	buf_release(&j.tmp);
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
	int err;

	json_init(&j, s, &k->buf);
	put_head(&j);
	buf_puts(j.b, ",\n\"");
	buf_puts(j.b, rows_key(s->kind));
	buf_puts(j.b, "\":[");
	buf_release(&j.tmp);
	err = put_rows(s, r, k, false);
	buf_puts(&k->buf, "\n]}\n");
	return err < 0 ? err : k->err;
}

int out_jsonl(const struct lssock_sheet *s, const struct lssock_render *r, struct sink *k)
{
	return put_rows(s, r, k, true);
}
