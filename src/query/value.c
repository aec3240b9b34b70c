/* SPDX-License-Identifier: MIT */
/*
 * Typed values: setting, ordering, keys, text. What a value means for a field,
 * and whether a comparison of a filter holds, is not decided here.
 */
#include "query/value.h"

#include <endian.h>
#include <string.h>
#include <sys/socket.h>

#include "base/num.h"
#include "base/text.h"
#include "model/addr.h"

/* ---- setting ------------------------------------------------------------ */

void value_na(struct lssock_value *v)
{
	v->kind = LSSOCK_V_NA;
}

void value_unknown(struct lssock_value *v)
{
	v->kind = LSSOCK_V_UNKNOWN;
}

void value_uint(struct lssock_value *v, uint64_t u)
{
	v->kind = LSSOCK_V_UINT;
	v->u = u;
}

void value_int(struct lssock_value *v, int64_t i)
{
	v->kind = LSSOCK_V_INT;
	v->i = i;
}

void value_real(struct lssock_value *v, double r)
{
	v->kind = LSSOCK_V_REAL;
	v->r = r;
}

void value_bool(struct lssock_value *v, bool b)
{
	v->kind = LSSOCK_V_BOOL;
	v->u = b;
}

static void set_bytes(struct lssock_value *v, enum lssock_kind kind, const char *s, size_t len)
{
	v->kind = s ? kind : LSSOCK_V_NA;
	v->s = s;
	v->len = s ? len : 0;
	v->more = 0;
}

void value_word(struct lssock_value *v, const char *word)
{
	set_bytes(v, LSSOCK_V_WORD, word, word ? strlen(word) : 0);
}

void value_text(struct lssock_value *v, const char *s, size_t len)
{
	set_bytes(v, LSSOCK_V_TEXT, s, len);
}

void value_tmp(struct lssock_value *v)
{
	value_text(v, v->tmp, 0);
}

void value_tmp_put(struct lssock_value *v, const char *s, size_t len)
{
	size_t room = sizeof(v->tmp) - v->len;

	if (len > room)
		len = room;
	if (!len)
		return;
	memcpy(v->tmp + v->len, s, len);
	v->len += len;
}

void value_tmp_puts(struct lssock_value *v, const char *s)
{
	value_tmp_put(v, s, strlen(s));
}

void value_tmp_u64(struct lssock_value *v, uint64_t u)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + u % 10);
	while (u /= 10);
	value_tmp_put(v, digits + at, sizeof(digits) - at);
}

void value_tmp_hex(struct lssock_value *v, uint64_t u)
{
	char digits[16];
	size_t at = sizeof(digits);

	do
		digits[--at] = "0123456789abcdef"[u & 15];
	while (u >>= 4);
	value_tmp_puts(v, "0x");
	value_tmp_put(v, digits + at, sizeof(digits) - at);
}

/* ---- order and equality ------------------------------------------------- */

/* Kinds that can be compared with each other share a class; missing ones are
 * last and all alike. */
static int order_class(enum lssock_kind kind)
{
	switch (kind) {
	case LSSOCK_V_BOOL: case LSSOCK_V_UINT: case LSSOCK_V_INT: case LSSOCK_V_REAL:
		return 1;
	case LSSOCK_V_TIME:
		return 2;
	case LSSOCK_V_WORD: case LSSOCK_V_TEXT: case LSSOCK_V_NAME:
		return 3;
	case LSSOCK_V_ADDR:
		return 4;
	case LSSOCK_V_END:
		return 5;
	case LSSOCK_V_NA: case LSSOCK_V_UNKNOWN: case LSSOCK_V_LATER:
		break;
	}
	return 6;
}

static double as_real(const struct lssock_value *v)
{
	return v->kind == LSSOCK_V_REAL ? v->r :
	       v->kind == LSSOCK_V_INT ? (double)v->i : (double)v->u;
}

static int compare_numbers(const struct lssock_value *a, const struct lssock_value *b)
{
	bool ai = a->kind == LSSOCK_V_INT, bi = b->kind == LSSOCK_V_INT;
	double x, y;

	if (a->kind != LSSOCK_V_REAL && b->kind != LSSOCK_V_REAL) {
		if (ai && bi)
			return (a->i > b->i) - (a->i < b->i);
		if ((ai && a->i < 0) || (bi && b->i < 0))
			return ai && a->i < 0 ? -1 : 1;
		uint64_t u = ai ? (uint64_t)a->i : a->u, w = bi ? (uint64_t)b->i : b->u;
		return (u > w) - (u < w);
	}
	x = as_real(a);
	y = as_real(b);
	return (x > y) - (x < y);
}

static int compare_bytes(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t n = alen < blen ? alen : blen;
	int d = n ? memcmp(a, b, n) : 0;

	return d ? d : (alen > blen) - (alen < blen);
}

int value_compare(const struct lssock_value *a, const struct lssock_value *b)
{
	int c = order_class(a->kind), d = c - order_class(b->kind);

	if (d)
		return d;
	switch (c) {
	case 1:
		return compare_numbers(a, b);
	case 2:
		return (a->u > b->u) - (a->u < b->u);
	case 3:
		d = compare_bytes(a->s, a->len, b->s, b->len);
		return d ? d : (a->more > b->more) - (a->more < b->more);
	case 4:
		return addr_compare(&a->a, &b->a);
	case 5:
		d = addr_compare(&a->a, &b->a);
		if (!d)
			d = (a->port > b->port) - (a->port < b->port);
		return d ? d : compare_bytes(a->s, a->len, b->s, b->len);
	}
	return 0;
}

static void key_u64(struct buf *b, uint64_t u)
{
	uint64_t be = htobe64(u);

	buf_put(b, &be, sizeof(be));
}

void value_key(struct buf *b, const struct lssock_value *v)
{
	uint32_t len = (uint32_t)v->len;

	/* A word and a text of the same bytes are equal. */
	buf_putc(b, (char)(v->kind == LSSOCK_V_WORD ? LSSOCK_V_TEXT : v->kind));
	switch (v->kind) {
	case LSSOCK_V_NA: case LSSOCK_V_UNKNOWN: case LSSOCK_V_LATER:
		break;
	case LSSOCK_V_BOOL: case LSSOCK_V_UINT: case LSSOCK_V_TIME:
		key_u64(b, v->u);
		break;
	case LSSOCK_V_INT:
		key_u64(b, (uint64_t)v->i);
		break;
	case LSSOCK_V_REAL:
		buf_put(b, &v->r, sizeof(v->r));
		break;
	case LSSOCK_V_END:
		key_u64(b, v->port);
		buf_put(b, &v->a, sizeof(v->a));
		/* fall through */
	case LSSOCK_V_WORD: case LSSOCK_V_TEXT: case LSSOCK_V_NAME:
		buf_put(b, &len, sizeof(len));
		buf_put(b, v->s, v->len);
		break;
	case LSSOCK_V_ADDR:
		buf_put(b, &v->a, sizeof(v->a));
		break;
	}
}

/* ---- text --------------------------------------------------------------- */

/* How bytes from outside get into the text: as they are, or made safe. */
struct style {
	bool human, safe;
	unsigned flags;
};

static void put_bytes(struct buf *b, const char *s, size_t len, const struct style *st)
{
	if (st->safe)
		text_safe(b, s, len, st->flags);
	else
		buf_put(b, s, len);
}

static void put_octal(struct buf *b, uint64_t u)
{
	char digits[24];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + (u & 7));
	while (u >>= 3);
	buf_putc(b, '0');
	buf_put(b, digits + at, sizeof(digits) - at);
}

static void put_uint(struct buf *b, const struct lssock_value *v, bool human)
{
	if (v->unit == LSSOCK_U_OCTAL) {
		put_octal(b, v->u);
	} else if (v->unit == LSSOCK_U_HEX) {
		buf_puts(b, "0x");
		buf_hex(b, v->u, 1);
	} else if (!human) {
		buf_u64(b, v->u);
	} else if (v->unit == LSSOCK_U_US) {
		num_put_duration(b, v->u);
	} else if (v->unit == LSSOCK_U_BYTES) {
		num_put_size(b, v->u);
	} else if (v->unit == LSSOCK_U_RATE) {
		num_put_size(b, v->u);
		buf_puts(b, "/s");
	} else {
		buf_u64(b, v->u);
		if (v->unit == LSSOCK_U_PERCENT)
			buf_putc(b, '%');
	}
}

static void put_name(struct buf *b, const struct lssock_value *v, const struct style *st)
{
	struct style rest = *st;

	if (v->len && !v->s[0]) {
		buf_putc(b, '@');
		put_bytes(b, v->s + 1, v->len - 1, st);
		return;
	}
	/* An @ that a file's name begins with is not the one of an abstract name. */
	rest.flags |= TEXT_AT;
	put_bytes(b, v->s, v->len, &rest);
}

static void put_address(struct buf *b, const struct lssock_addr *a)
{
	if (a->family == AF_INET && a->prefix == 32)
		addr_put_v4(b, a->ip);
	else
		addr_put(b, a);
}

static void put_end(struct buf *b, const struct lssock_value *v, const struct style *st)
{
	bool bracket = v->a.family == AF_INET6;

	if (bracket)
		buf_putc(b, '[');
	put_address(b, &v->a);
	if (bracket)
		buf_putc(b, ']');
	if (v->len) {
		buf_putc(b, '%');
		put_bytes(b, v->s, v->len, st);
	}
	if (v->port != LSSOCK_NONE) {
		buf_putc(b, ':');
		buf_u64(b, v->port);
	}
}

static void put_text(struct buf *b, const struct lssock_value *v, const struct style *st)
{
	put_bytes(b, v->s, v->len, st);
	if (!v->more)
		return;
	if (!(st->safe && st->flags & TEXT_BLANK))
		buf_putc(b, ' ');
	buf_putc(b, '+');
	buf_u64(b, v->more);
}

static void put_value(struct buf *b, const struct lssock_value *v, const struct style *st)
{
	switch (v->kind) {
	case LSSOCK_V_NA: case LSSOCK_V_UNKNOWN: case LSSOCK_V_LATER:
		break;
	case LSSOCK_V_BOOL:
		buf_puts(b, st->human ? (v->u ? "yes" : "no") : (v->u ? "true" : "false"));
		break;
	case LSSOCK_V_UINT:
		put_uint(b, v, st->human);
		break;
	case LSSOCK_V_INT:
		buf_i64(b, v->i);
		break;
	case LSSOCK_V_REAL:
		num_put_real(b, v->r);
		break;
	case LSSOCK_V_TIME:
		num_put_time(b, v->u, false);
		break;
	case LSSOCK_V_WORD:
		buf_put(b, v->s, v->len);
		break;
	case LSSOCK_V_TEXT:
		put_text(b, v, st);
		break;
	case LSSOCK_V_NAME:
		put_name(b, v, st);
		break;
	case LSSOCK_V_ADDR:
		put_address(b, &v->a);
		break;
	case LSSOCK_V_END:
		put_end(b, v, st);
		break;
	}
}

void value_put_raw(struct buf *b, const struct lssock_value *v, bool human)
{
	put_value(b, v, &(struct style){ .human = human });
}

void value_put(struct buf *b, const struct lssock_value *v, bool human, unsigned text_flags)
{
	put_value(b, v, &(struct style){ human, true, text_flags });
}

/* ---- public text -------------------------------------------------------- */

size_t lssock_value_text(const struct lssock_value *v, char *out, size_t size)
{
	struct buf b = { 0 };

	if (v->kind == LSSOCK_V_NA)
		buf_putc(&b, '-');
	else if (v->kind == LSSOCK_V_UNKNOWN || v->kind == LSSOCK_V_LATER)
		buf_putc(&b, '?');
	else
		value_put(&b, v, true, 0);
	return text_out(&b, out, size);
}

size_t lssock_escape(const void *bytes, size_t len, char *out, size_t size)
{
	struct buf b = { 0 };

	text_safe(&b, bytes, len, 0);
	return text_out(&b, out, size);
}
