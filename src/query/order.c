/* SPDX-License-Identifier: MIT */
/*
 * Keys of bytes for sorting, and the sort. What is sorted by what is decided
 * by the views.
 */
#include "query/order.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void order_release(struct order *o)
{
	buf_release(&o->keys);
	vec_release(&o->items);
}

void order_u8(struct order *o, uint8_t v)
{
	buf_putc(&o->keys, (char)v);
}

void order_u16(struct order *o, uint16_t v)
{
	v = htobe16(v);
	buf_put(&o->keys, &v, sizeof(v));
}

void order_u32(struct order *o, uint32_t v)
{
	v = htobe32(v);
	buf_put(&o->keys, &v, sizeof(v));
}

void order_u64(struct order *o, uint64_t v)
{
	v = htobe64(v);
	buf_put(&o->keys, &v, sizeof(v));
}

/* An end mark that sorts before any byte, so that a shorter text is first and
 * what follows in the key does not mix in: 0 becomes 0 ff, the end is 0 0. */
void order_bytes(struct order *o, const void *p, size_t len)
{
	const char *s = p, *zero;

	while (len && (zero = memchr(s, 0, len))) {
		buf_put(&o->keys, s, (size_t)(zero - s));
		buf_put(&o->keys, "\0\xff", 2);
		len -= (size_t)(zero - s) + 1;
		s = zero + 1;
	}
	if (len)
		buf_put(&o->keys, s, len);
	buf_put(&o->keys, "\0\0", 2);
}

static uint64_t real_bits(double r)
{
	uint64_t u;

	memcpy(&u, &r, sizeof(u));
	return u >> 63 ? ~u : u | 1ull << 63;
}

static void order_addr(struct order *o, const struct lssock_addr *a)
{
	order_u8(o, a->family);
	buf_put(&o->keys, a->ip, sizeof(a->ip));
	order_u8(o, a->prefix);
}

/* A field's values are of one class, but for the odd text among addresses. */
static void put_value(struct order *o, const struct lssock_value *v)
{
	switch (v->kind) {
	case LSSOCK_V_BOOL: case LSSOCK_V_UINT: case LSSOCK_V_TIME:
		order_u64(o, v->u);
		break;
	case LSSOCK_V_INT:
		order_u64(o, (uint64_t)v->i ^ 1ull << 63);
		break;
	case LSSOCK_V_REAL:
		order_u64(o, real_bits(v->r));
		break;
	case LSSOCK_V_WORD: case LSSOCK_V_TEXT: case LSSOCK_V_NAME:
		order_u8(o, 1);
		order_bytes(o, v->s, v->len);
		break;
	case LSSOCK_V_ADDR:
		order_u8(o, 0);
		order_addr(o, &v->a);
		break;
	case LSSOCK_V_END:
		order_u8(o, 0);
		order_addr(o, &v->a);
		order_u32(o, v->port);
		order_bytes(o, v->s, v->len);
		break;
	case LSSOCK_V_NA: case LSSOCK_V_UNKNOWN: case LSSOCK_V_LATER:
		break;
	}
}

void order_value(struct order *o, const struct lssock_value *v, bool descending)
{
	bool missing = v->kind == LSSOCK_V_NA || v->kind == LSSOCK_V_UNKNOWN ||
		       v->kind == LSSOCK_V_LATER;
	size_t from;

	order_u8(o, missing);
	from = o->keys.len;
	put_value(o, v);
	for (; descending && from < o->keys.len; from++)
		o->keys.data[from] = (char)~o->keys.data[from];
}

/* Ends the key that is open: its length and head are known now. */
static void close_last(struct order *o)
{
	struct order_item *last = o->items.n ? &o->items.v[o->items.n - 1] : NULL;
	unsigned char head[8] = { 0 };

	if (!last || o->keys.failed)
		return;
	last->len = (uint32_t)(o->keys.len - last->at);
	if (last->len)
		memcpy(head, o->keys.data + last->at, last->len < 8 ? last->len : 8);
	memcpy(&last->head, head, sizeof(head));
	last->head = be64toh(last->head);
}

void order_item(struct order *o, uint32_t item)
{
	struct order_item *i;

	close_last(o);
	i = vec_push(&o->items);
	if (!i) {
		o->keys.failed = true;
		return;
	}
	i->at = o->keys.len;
	i->item = item;
}

static int compare(const void *pa, const void *pb, void *pkeys)
{
	const struct order_item *a = pa, *b = pb;
	const char *keys = pkeys;
	uint32_t n = a->len < b->len ? a->len : b->len;
	int d;

	if (a->head != b->head)
		return a->head < b->head ? -1 : 1;
	d = n ? memcmp(keys + a->at, keys + b->at, n) : 0;
	if (d)
		return d;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

int order_sort(struct order *o)
{
	close_last(o);
	if (o->keys.failed)
		return -ENOMEM;
	if (o->items.n > 1)
		qsort_r(o->items.v, o->items.n, sizeof(*o->items.v), compare, o->keys.data);
	return 0;
}
