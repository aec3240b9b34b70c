/* SPDX-License-Identifier: MIT */
/*
 * The text of a table's cells: what a reader sees of a value, and that nothing
 * of others looks like what only we say.
 */
#include "out/table.h"

#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "model/addr.h"
#include "model/names.h"

/* Eight bytes at a time: nearly all text is ASCII. */
uint32_t table_columns(const char *s, size_t len)
{
	uint64_t any = 0, eight;
	size_t i;

	for (i = 0; i + sizeof(eight) <= len; i += sizeof(eight)) {
		memcpy(&eight, s + i, sizeof(eight));
		any |= eight;
	}
	for (; i < len; i++)
		any |= (unsigned char)s[i];
	return any & 0x8080808080808080ull ? text_width(s, len) : len;
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

/* What most ends are. */
static bool put_end_v4(struct table *t, struct cell *c, const struct lssock_value *v)
{
	size_t at;

	if (v->a.family != AF_INET || v->a.prefix != 32 || v->len || v->port == LSSOCK_NONE)
		return false;
	addr_put_v4(&t->text, v->a.ip);
	at = t->text.len;
	buf_putc(&t->text, ':');
	buf_u64(&t->text, v->port);
	c->keep = t->text.len - at;
	return true;
}

/* The address that a name stands for, where nothing is cut anyway. */
static void put_number(struct table *t, const struct lssock_value *v)
{
	struct lssock_value number = *v;

	number.port = LSSOCK_NONE;
	number.s = v->s == v->tmp ? number.tmp : v->s;
	value_put(&t->text, &number, true, t->flags);
}

/* Names are plain (model/host.h): none has a blank, a bracket or a colon. */
static bool put_end_named(struct table *t, struct cell *c, const struct lssock_value *v)
{
	struct buf *b = &t->text;
	size_t at;

	if (!v->host && !v->service)
		return false;
	if (!v->host) {
		put_number(t, v);
	} else {
		buf_put(b, v->host, v->host_len);
		if (t->render->wide) {
			buf_putc(b, '(');
			put_number(t, v);
			buf_putc(b, ')');
		} else if (v->len) {
			buf_putc(b, '%');
			text_safe(b, v->s, v->len, t->flags);
		}
	}
	if (v->port == LSSOCK_NONE)
		return true;
	at = b->len;
	buf_putc(b, ':');
	if (v->service)
		buf_put(b, v->service, v->service_len);
	else
		buf_u64(b, v->port);
	c->keep = b->len - at;
	return true;
}

static void put_end(struct table *t, struct cell *c, struct lssock_value *v,
		    uint32_t row, uint32_t col)
{
	const char *port;

	if (col == t->remote)
		put_dir(t, v->i, row);
	if (put_end_named(t, c, v) || put_end_v4(t, c, v))
		return;
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

/* Whether the text depends on more than the value. */
static bool row_decides(const struct table *t, uint32_t col, const struct lssock_value *v)
{
	return col == t->more || (col == t->why && v->kind == LSSOCK_V_WORD) ||
	       (col == t->process && (v->kind == LSSOCK_V_NA || v->kind == LSSOCK_V_UNKNOWN));
}

static void put_again(struct table *t, struct cell *c, const struct cell_memo *m)
{
	*c = m->cell;
	c->off = t->text.len;
	/* More than its length: a copy of fixed size is a few instructions. */
	if (!buf_reserve(&t->text, sizeof(m->text)))
		return;
	memcpy(t->text.data + t->text.len, m->text, sizeof(m->text));
	t->text.len += c->len;
}

static void remember(struct cell_memo *m, const struct table *t, const struct cell *c,
		     const struct lssock_value *v)
{
	m->memo.known = m->memo.comparable = false;
	if (t->text.failed || c->len > sizeof(m->text))
		return;
	memo_set(&m->memo, v, 0, c->len);
	m->cell = *c;
	memcpy(m->text, t->text.data + c->off, c->len);
}

static void put_cell(struct table *t, struct cell *c, struct lssock_value *v, uint32_t row,
		     uint32_t col)
{
	uint32_t subs;

	c->off = t->text.len;
	c->keep = 0;
	c->role = ROLE_PLAIN;
	c->reason = false;
	put_value(t, c, v, row, col);
	if (col == t->more && !c->keep) {
		subs = t->sheet->subs(t->sheet, row);
		put_more(t, c, subs > 1 ? subs - 1 : 0);
	}
	if (t->text.len == c->off)
		buf_putc(&t->text, '-');
	c->len = t->text.len - c->off;
	c->width = t->text.failed ? 0 : table_columns(t->text.data + c->off, c->len);
}

void table_row(struct table *t, uint32_t row, struct cell *c)
{
	const struct lssock_sheet *s = t->sheet;
	uint32_t col, proc = t->memos && s->proc ? s->proc(s, row, 0) : 0;
	bool same = proc && proc == t->proc;
	struct lssock_value v;

	for (col = 0; col < t->n; col++, c++) {
		struct cell_memo *m = t->memos ? &t->memos[col] : NULL;

		if (same && m->memo.known && s->columns[col].of_proc) {
			put_again(t, c, m);
			continue;
		}
		out_cell(s, row, 0, col, &v);
		if (m && memo_is(&m->memo, &v) && !row_decides(t, col, &v)) {
			put_again(t, c, m);
			continue;
		}
		put_cell(t, c, &v, row, col);
		if (m && !row_decides(t, col, &v))
			remember(m, t, c, &v);
	}
	t->proc = proc;
}
