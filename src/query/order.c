/* SPDX-License-Identifier: MIT */
/*
 * Keys of bytes for sorting, and the sort. What is sorted by what is decided
 * by the views.
 */
#include "query/order.h"

#include <endian.h>
#include <errno.h>
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

/* The key's 8 bytes from `depth` on as a number; past its end it has zeros. */
static uint64_t head_at(const struct order *o, const struct order_item *i, uint32_t depth)
{
	uint32_t left = i->len > depth ? i->len - depth : 0;
	unsigned char head[8] = { 0 };
	uint64_t u;

	if (left)
		memcpy(head, o->keys.data + i->at + depth, left < 8 ? left : 8);
	memcpy(&u, head, sizeof(u));
	return be64toh(u);
}

/* Ends the key that is open: its length and head are known now. */
static void close_last(struct order *o)
{
	struct order_item *last = o->items.n ? &o->items.v[o->items.n - 1] : NULL;

	if (!last || o->keys.failed)
		return;
	last->len = (uint32_t)(o->keys.len - last->at);
	last->head = head_at(o, last, 0);
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

/* ---- the sort -------------------------------------------------------------- */

struct sorting {
	const struct order *o;
	struct order_item *spare;	/* for half of the items */
	bool heads_only;
	uint32_t depth;			/* where the heads were taken */
};

static bool less(const struct sorting *s, const struct order_item *a,
		 const struct order_item *b)
{
	const char *keys = s->o->keys.data;
	uint32_t from = s->depth + 8, n = a->len < b->len ? a->len : b->len;
	int d;

	if (a->head != b->head || s->heads_only)
		return a->head < b->head;
	d = n > from ? memcmp(keys + a->at + from, keys + b->at + from, n - from) : 0;
	return d ? d < 0 : a->len < b->len;
}

/* By merging and not by qsort(): no call per comparison, and it is stable. */
static void merge_sort(const struct sorting *s, struct order_item *v, uint32_t n)
{
	uint32_t half = n / 2, i = 0, j = half, k = 0;

	if (n < 2)
		return;
	merge_sort(s, v, half);
	merge_sort(s, v + half, n - half);
	if (!less(s, &v[half], &v[half - 1]))
		return;
	memcpy(s->spare, v, half * sizeof(*v));
	while (i < half)
		v[k++] = j < n && less(s, &v[j], &s->spare[i]) ? v[j++] : s->spare[i++];
}

/* Items with the same head: heads are taken anew where the keys differ first. */
static void sort_ties(struct sorting *s, struct order_item *v, uint32_t n)
{
	const char *keys = s->o->keys.data;
	uint32_t same = v[0].len, i, at;

	for (i = 1; i < n; i++) {
		if (v[i].len < same)
			same = v[i].len;
		for (at = 8; at < same && keys[v[i].at + at] == keys[v[0].at + at]; at++)
			;
		same = at < same ? at : same;
	}
	for (i = 0; i < n; i++)
		v[i].head = head_at(s->o, &v[i], same);
	s->depth = same;
	merge_sort(s, v, n);
}

static void sort_items(struct sorting *s, struct order_item *v, uint32_t n)
{
	uint32_t from, to;

	s->heads_only = true;
	merge_sort(s, v, n);
	s->heads_only = false;
	for (from = 0; from < n; from = to) {
		for (to = from + 1; to < n && v[to].head == v[from].head; to++)
			;
		if (to - from > 1)
			sort_ties(s, v + from, to - from);
	}
}

int order_sort(struct order *o)
{
	struct sorting s = { .o = o };

	close_last(o);
	if (o->keys.failed)
		return -ENOMEM;
	if (o->items.n < 2)
		return 0;
	s.spare = mem_alloc(o->items.n / 2 * sizeof(*s.spare));
	if (!s.spare)
		return -ENOMEM;
	sort_items(&s, o->items.v, o->items.n);
	mem_free(s.spare);
	return 0;
}
