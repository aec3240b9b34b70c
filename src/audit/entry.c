/* SPDX-License-Identifier: MIT */
/*
 * Listeners as lines: how values are written and read, and which lines are alike. What
 * others chose must not get out of its value.
 */
#include "audit/entry.h"

#include <errno.h>

#include "base/num.h"
#include "base/text.h"
#include "model/names.h"
#include "query/order.h"

#define TEXT_VALUE (TEXT_BLANK | TEXT_FORMULA)

static const char *const part_names[N_PART] = {
	[PART_NETNS] = "netns", [PART_PROTO] = "proto", [PART_TYPE] = "type",
	[PART_PORT] = "port", [PART_PATH] = "path", [PART_ADDRESS] = "address",
	[PART_SCOPE] = "scope", [PART_PROC] = "proc", [PART_EXE] = "exe",
	[PART_USER] = "user", [PART_UNIT] = "unit", [PART_CONTAINER] = "container",
	[PART_WHY] = "why", [PART_TO] = "to", [PART_OPTIONS] = "options",
};

void entries_release(struct entries *e)
{
	vec_release(&e->list);
	buf_release(&e->text);
}

/* ---- values ---------------------------------------------------------------------- */

/* A "-" of ours says that there is none, a "?" that it is not known: text of others that
 * would read the same has a backslash before it, as has text of no bytes. */
static void put_text(struct buf *b, const char *p, size_t len)
{
	if (!len)
		buf_puts(b, "\\-");
	else if (len == 1 && *p == '?')
		buf_puts(b, "\\?");
	else
		text_safe(b, p, len, TEXT_VALUE);
}

/* The inverse; -EINVAL: not something put_text gives. */
static int get_text(struct buf *b, const char *p, size_t len)
{
	if (len == 2 && !memcmp(p, "\\-", 2))
		return 0;
	if (len == 2 && !memcmp(p, "\\?", 2)) {
		buf_putc(b, '?');
		return b->failed ? -ENOMEM : 0;
	}
	return text_unescape(b, p, len);
}

static void put_name(struct buf *b, const char *p, size_t len)
{
	if (len && !*p) {
		buf_putc(b, '@');
		text_safe(b, p + 1, len - 1, TEXT_BLANK);
	} else {
		put_text(b, p, len);
	}
}

static void put_value(struct buf *b, const struct lssock_value *v)
{
	struct buf raw = { 0 };

	switch (v->kind) {
	case LSSOCK_V_NA:
		buf_putc(b, '-');
		break;
	case LSSOCK_V_UNKNOWN: case LSSOCK_V_LATER:
		buf_putc(b, '?');
		break;
	case LSSOCK_V_NAME:
		put_name(b, v->s, v->len);
		break;
	case LSSOCK_V_TEXT:
		put_text(b, v->s, v->len);
		break;
	default:
		value_put_raw(&raw, v, false);
		put_text(b, raw.data, raw.len);
		b->failed |= raw.failed;
		buf_release(&raw);
	}
}
/* ---- parts ----------------------------------------------------------------------- */

static struct span end_part(struct entries *e, size_t at)
{
	if (e->text.len == at)
		buf_putc(&e->text, '-');
	return (struct span){ at, e->text.len - at };
}

void entry_set(struct entries *e, struct entry *x, enum part part, const char *word)
{
	size_t at = e->text.len;

	buf_puts(&e->text, word);
	x->part[part] = end_part(e, at);
}

void entry_set_value(struct entries *e, struct entry *x, enum part part,
		     const struct lssock_value *v)
{
	size_t at = e->text.len;

	put_value(&e->text, v);
	x->part[part] = end_part(e, at);
}

void entry_set_text(struct entries *e, struct entry *x, enum part part, struct buf *raw)
{
	size_t at = e->text.len;

	put_text(&e->text, raw->data, raw->len);
	e->failed |= raw->failed;
	buf_release(raw);
	x->part[part] = end_part(e, at);
}
/* ---- lines ----------------------------------------------------------------------- */

/* Parts that every line has, and those of unix sockets or of all others. */
static bool is_written(const struct entries *e, const struct entry *x, enum part part)
{
	bool is_unix = entry_is(e, x, PART_PROTO, "unix");

	switch (part) {
	case PART_TYPE: case PART_PATH:
		return is_unix;
	case PART_PORT: case PART_ADDRESS:
		return !is_unix;
	case PART_WHY: case PART_TO:
		return !entry_is(e, x, part, "-");
	default:
		return true;
	}
}

/* The whole of it, of which the head up to the address is where it listens. */
void entry_finish(struct entries *e, struct entry *x)
{
	struct buf *b = &e->text;
	size_t at = b->len;
	unsigned part;

	buf_puts(b, "listener");
	for (part = 0; part < N_PART; part++) {
		if (part == PART_ADDRESS)
			x->place = b->len - at;
		if (!is_written(e, x, (enum part)part))
			continue;
		buf_putc(b, ' ');
		buf_puts(b, part_names[part]);
		buf_putc(b, '=');
		if (buf_reserve(b, x->part[part].len))
			buf_put(b, b->data + x->part[part].at, x->part[part].len);
	}
	x->line = (struct span){ at, b->len - at };
}

struct entry *entry_begin(struct entries *e)
{
	struct entry *x = vec_push(&e->list);
	size_t at = e->text.len;
	unsigned part;

	if (!x) {
		e->failed = true;
		return NULL;
	}
	buf_putc(&e->text, '-');
	for (part = 0; part < N_PART; part++)
		x->part[part] = (struct span){ at, 1 };
	return x;
}
/* ---- from text ------------------------------------------------------------------- */

static int find_part(const char *name, size_t len)
{
	int i;

	for (i = 0; i < N_PART; i++)
		if (strlen(part_names[i]) == len && !memcmp(part_names[i], name, len))
			return i;
	return -1;
}

static bool is_netns(const char *p, size_t len)
{
	static const char *const words[] = { "host", "own", "unnamed", "container" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == len && !memcmp(words[i], p, len))
			return true;
	return len > 5 && !memcmp(p, "name:", 5);
}

/* Every value has one way to be written, so that lines are compared as they stand. */
static bool is_canonical(const char *p, size_t len, enum part part)
{
	struct buf raw = { 0 }, again = { 0 };
	bool abstract = part == PART_PATH && len && *p == '@', same;

	if (len == 1 && (*p == '-' || *p == '?'))
		return true;
	if (part == PART_PATH && len == strlen(ENTRY_AUTO_PATH) &&
	    !memcmp(p, ENTRY_AUTO_PATH, len))
		return true;
	p += abstract;
	len -= abstract;
	if (abstract && !len)
		return true;
	same = get_text(&raw, p, len) == 0;
	if (same && abstract)
		text_safe(&again, raw.data, raw.len, TEXT_BLANK);
	else if (same)
		put_text(&again, raw.data, raw.len);
	same = same && again.len == len && !memcmp(again.data, p, len);
	buf_release(&raw);
	buf_release(&again);
	return same;
}

static bool check_value(struct lines *l, enum part part, size_t at, size_t len)
{
	const char *p = l->at + at;
	uint64_t port;

	if (!len)
		lines_fault(l, at, "`%s=' has no value; what there is none of is `-'",
			    part_names[part]);
	else if (!is_canonical(p, len, part))
		lines_fault(l, at,
			    "this is not written as values are (\\xNN for other bytes)");
	else if (part == PART_NETNS && !is_netns(p, len))
		lines_fault(l, at, "no namespace: host, own, unnamed, container or name:NAME");
	else if (part == PART_PROTO && names_proto_find(p, len) <= 0)
		lines_fault(l, at, "no protocol: tcp, udp, unix, raw, packet …");
	else if (part == PART_PORT && *p >= '0' && *p <= '9' && !memchr(p, '-', len) &&
		 !num_u64(p, len, UINT32_MAX, &port))
		lines_fault(l, at, "no port: a number, `auto', or the name of a protocol");
	else
		return true;
	return false;
}

static bool take_token(struct entries *e, struct entry *x, struct lines *l, size_t at,
		       size_t len, uint32_t *seen)
{
	const char *p = l->at + at, *equals = memchr(p, '=', len);
	size_t name = equals ? (size_t)(equals - p) : len, value = name + !!equals;
	int part = equals ? find_part(p, name) : -1;
	size_t from;

	if (part < 0) {
		lines_fault(l, at, equals ? "no such key" : "KEY=VALUE is expected here");
		return false;
	}
	if (*seen & 1u << part) {
		lines_fault(l, at, "`%s=' is there twice", part_names[part]);
		return false;
	}
	*seen |= 1u << part;
	if (!check_value(l, (enum part)part, at + value, len - value))
		return false;
	from = e->text.len;
	buf_put(&e->text, p + value, len - value);
	x->part[part] = end_part(e, from);
	return true;
}

static bool check_parts(const struct entries *e, const struct entry *x, struct lines *l,
			uint32_t seen)
{
	bool ok = true;
	unsigned part;

	for (part = 0; part < N_PART; part++) {
		bool wanted = is_written(e, x, (enum part)part), is = seen & 1u << part;

		if (wanted && !is) {
			lines_fault(l, l->len, "`%s=' is missing", part_names[part]);
			ok = false;
		} else if (is && !wanted && part != PART_WHY && part != PART_TO) {
			lines_fault(l, 0, "`%s=' does not belong to this protocol",
				    part_names[part]);
			ok = false;
		}
	}
	return ok;
}

bool entries_of_line(struct entries *e, struct lines *l)
{
	struct entry *x = entry_begin(e);
	uint32_t seen = 0;
	size_t at = 0, end;
	bool ok = true;

	for (; x && at < l->len; at = end) {
		while (at < l->len && l->at[at] == ' ')
			at++;
		for (end = at; end < l->len && l->at[end] != ' '; end++)
			;
		if (at == end || (!at && end == 8 && !memcmp(l->at, "listener", 8)))
			continue;
		if (!at) {
			lines_fault(l, 0, "a line begins with `listener', or is `end'");
			ok = false;
			break;
		}
		ok &= take_token(e, x, l, at, end - at, &seen);
	}
	if (!x || e->text.failed) {
		e->failed = true;
		return false;
	}
	ok = ok && check_parts(e, x, l, seen);
	x->number = l->number;
	x->service = x->row = LSSOCK_NONE;
	entry_finish(e, x);
	if (!ok)
		e->list.n--;
	return ok;
}

/* ---- order ----------------------------------------------------------------------- */

static bool same_line(const struct entries *e, const struct entry *x, const struct entry *y)
{
	return x->line.len == y->line.len &&
	       !memcmp(e->text.data + x->line.at, e->text.data + y->line.at, x->line.len);
}

int entries_sort(struct entries *e)
{
	VEC(struct entry) sorted = { 0 };
	struct order o = { 0 };
	uint32_t i;
	int r;

	for (i = 0; i < e->list.n; i++) {
		order_item(&o, i);
		order_bytes(&o, e->text.data + e->list.v[i].line.at, e->list.v[i].line.len);
	}
	r = order_sort(&o);
	if (r == 0 && !vec_reserve(&sorted, e->list.n ? e->list.n : 1))
		r = -ENOMEM;
	for (i = 0; r == 0 && i < e->list.n; i++) {
		const struct entry *x = &e->list.v[o.items.v[i].item];

		if (!sorted.n || !same_line(e, &sorted.v[sorted.n - 1], x))
			sorted.v[sorted.n++] = *x;
	}
	if (r == 0 && sorted.n)
		memcpy(e->list.v, sorted.v, sorted.n * sizeof(*sorted.v));
	if (r == 0)
		e->list.n = sorted.n;
	vec_release(&sorted);
	order_release(&o);
	return r;
}

/* ---- comparing ------------------------------------------------------------------- */

bool entry_is(const struct entries *e, const struct entry *x, enum part part, const char *word)
{
	return x->part[part].len == strlen(word) && !e->text.failed &&
	       !memcmp(entry_part(e, x, part), word, x->part[part].len);
}

bool entry_same(const struct entries *e, const struct entry *x, const struct entries *f,
		const struct entry *y, enum part part)
{
	return x->part[part].len == y->part[part].len &&
	       !memcmp(entry_part(e, x, part), entry_part(f, y, part), x->part[part].len);
}

int entry_compare_place(const struct entries *e, const struct entry *x,
			const struct entries *f, const struct entry *y)
{
	size_t n = x->place < y->place ? x->place : y->place;
	int d = memcmp(e->text.data + x->line.at, f->text.data + y->line.at, n);

	return d ? d : (x->place > y->place) - (x->place < y->place);
}

static void put_abstract(struct buf *b, const char *p, size_t len)
{
	buf_putc(b, '@');
	text_unescape(b, p + 1, len - 1);
}

void entry_put_raw(const struct entries *e, const struct entry *x, enum part part,
		   struct buf *b)
{
	const char *p = entry_part(e, x, part);
	size_t len = x->part[part].len;

	if (len == 1 && *p == '-')
		buf_puts(b, "none");
	else if (part == PART_PATH && *p == '@')
		put_abstract(b, p, len);
	else
		get_text(b, p, len);
}
