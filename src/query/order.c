/* SPDX-License-Identifier: MIT */
/*
 * Keys of bytes for sorting, and the sort. What is sorted by what is decided
 * by the views.
 */
#include "query/order.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

/* So many heads are sorted faster by their bytes than by comparing. */
#define RADIX_FROM 128

void order_release(struct order *o)
{
	buf_release(&o->keys);
	vec_release(&o->items);
	vec_release(&o->spans);
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

/* A key's 8 bytes from `depth` on as a number; past its end it has zeros. */
static uint64_t head_at(const struct order *o, const struct order_span *k, uint32_t depth)
{
	uint32_t left = k->len > depth ? k->len - depth : 0;
	unsigned char head[8] = { 0 };
	uint64_t u;

	if (left)
		memcpy(head, o->keys.data + k->at + depth, left < 8 ? left : 8);
	memcpy(&u, head, sizeof(u));
	return be64toh(u);
}

/* Ends the key that is open: its length and head are known now. */
static void close_last(struct order *o)
{
	struct order_span *last = o->spans.n ? &o->spans.v[o->spans.n - 1] : NULL;

	if (!last || o->keys.failed)
		return;
	last->len = (uint32_t)(o->keys.len - last->at);
	o->items.v[o->items.n - 1].head = head_at(o, last, 0);
}

void order_reserve(struct order *o, uint32_t items)
{
	/* Only a hope: without room it grows, or fails, as it goes. */
	(void)vec_reserve(&o->items, items);
}

void order_head(struct order *o, uint32_t item, uint64_t head)
{
	if (o->items.n == o->items.cap) {
		if (!vec_push(&o->items)) {
			o->keys.failed = true;
			return;
		}
		o->items.n--;
	}
	o->items.v[o->items.n++] = (struct order_item){ .head = head, .item = item };
}

void order_item(struct order *o, uint32_t item)
{
	struct order_span *k;

	close_last(o);
	order_head(o, item, 0);
	k = o->keys.failed ? NULL : vec_push(&o->spans);
	if (!k) {
		o->keys.failed = true;
		return;
	}
	k->at = o->keys.len;
	o->items.v[o->items.n - 1].key = o->spans.n - 1;
}

/* ---- the sort -------------------------------------------------------------- */

struct sorting {
	const struct order *o;
	struct order_item *spare;	/* for all of the items */
	uint32_t depth;			/* where the heads were taken */
	bool heads_only;
};

static int compare_rest(const struct sorting *s, const struct order_item *a,
			const struct order_item *b)
{
	const struct order_span *k = &s->o->spans.v[a->key], *l = &s->o->spans.v[b->key];
	uint32_t from = s->depth + 8, n = k->len < l->len ? k->len : l->len;
	const char *keys = s->o->keys.data;
	int d = n > from ? memcmp(keys + k->at + from, keys + l->at + from, n - from) : 0;

	return d ? d : k->len < l->len ? -1 : k->len > l->len;
}

static bool less(const struct sorting *s, const struct order_item *a,
		 const struct order_item *b)
{
	if (a->head != b->head || s->heads_only)
		return a->head < b->head;
	return compare_rest(s, a, b) < 0;
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

/* By the bytes of the heads, the last one first, each pass stable; a byte that is
 * the same in all heads needs none. */
static void radix_sort(struct order_item *v, struct order_item *spare, uint32_t n)
{
	uint32_t count[8][256] = { { 0 } }, i, at, c;
	struct order_item *from = v, *to = spare, *swap;
	unsigned byte, shift;

	for (i = 0; i < n; i++)
		for (byte = 0; byte < 8; byte++)
			count[byte][v[i].head >> byte * 8 & 0xff]++;
	for (byte = 0; byte < 8; byte++) {
		shift = byte * 8;
		if (count[byte][v[0].head >> shift & 0xff] == n)
			continue;
		for (i = at = 0; i < 256; i++) {
			c = count[byte][i];
			count[byte][i] = at;
			at += c;
		}
		for (i = 0; i < n; i++)
			to[count[byte][from[i].head >> shift & 0xff]++] = from[i];
		swap = from;
		from = to;
		to = swap;
	}
	if (from != v)
		memcpy(v, from, n * sizeof(*v));
}

/* Takes heads anew where the keys of items with the same head differ first.
 * false: they differ nowhere. */
static bool deepen(struct sorting *s, struct order_item *v, uint32_t n)
{
	const struct order_span *first = &s->o->spans.v[v[0].key], *k;
	const char *keys = s->o->keys.data;
	uint32_t same = first->len, longest = same, i, at;

	for (i = 1; i < n; i++) {
		k = &s->o->spans.v[v[i].key];
		if (k->len < same)
			same = k->len;
		if (k->len > longest)
			longest = k->len;
		for (at = 8; at < same && keys[k->at + at] == keys[first->at + at]; at++)
			;
		same = at < same ? at : same;
	}
	for (i = 0; i < n && same < longest; i++)
		v[i].head = head_at(s->o, &s->o->spans.v[v[i].key], same);
	s->depth = same;
	return same < longest;
}

static int sort_items(struct sorting *s, struct order_item *v, uint32_t n);

/* Items with the same head that have no keys yet. */
static int sort_by_keys(const struct order *o, struct order *keyed, struct sorting *s,
			struct order_item *v, uint32_t n)
{
	struct sorting inner = { .o = keyed, .spare = s->spare };
	uint32_t i;
	int r;

	keyed->keys.len = 0;
	keyed->items.n = keyed->spans.n = 0;
	for (i = 0; i < n; i++) {
		order_item(keyed, v[i].item);
		o->put(keyed, o->ctx, v[i].item);
	}
	close_last(keyed);
	if (keyed->keys.failed)
		return -ENOMEM;
	r = sort_items(&inner, keyed->items.v, n);
	for (i = 0; i < n; i++)
		v[i].item = keyed->items.v[i].item;
	return r;
}

static void sort_heads(struct sorting *s, struct order_item *v, uint32_t n)
{
	s->heads_only = true;
	if (n < RADIX_FROM)
		merge_sort(s, v, n);
	else
		radix_sort(v, s->spare, n);
	s->heads_only = false;
}

static uint32_t same_heads(const struct order_item *v, uint32_t n)
{
	uint32_t i = 1;

	while (i < n && v[i].head == v[0].head)
		i++;
	return i;
}

/* Items with the same first head by their second ones. false: they have none. */
static bool sort_again(struct sorting *s, struct order_item *v, uint32_t n)
{
	const struct order *o = s->o;
	uint32_t i;

	for (i = 0; o->next && i < n; i++)
		if (!o->next(o->ctx, v[i].item, &v[i].head))
			break;
	if (i < n)
		return false;
	sort_heads(s, v, n);
	return true;
}

static int sort_ties(struct sorting *s, struct order *keyed, struct order_item *v, uint32_t n)
{
	uint32_t from, same;
	int r = 0;

	if (!s->o->put) {
		if (deepen(s, v, n))
			merge_sort(s, v, n);
		return 0;
	}
	if (!sort_again(s, v, n))
		return sort_by_keys(s->o, keyed, s, v, n);
	for (from = 0; from < n && !r; from += same) {
		same = same_heads(v + from, n - from);
		if (same > 1)
			r = sort_by_keys(s->o, keyed, s, v + from, same);
	}
	return r;
}

static int sort_items(struct sorting *s, struct order_item *v, uint32_t n)
{
	struct order keyed = { 0 };
	uint32_t from, same;
	int r = 0;

	sort_heads(s, v, n);
	for (from = 0; from < n && !r; from += same) {
		same = same_heads(v + from, n - from);
		if (same > 1)
			r = sort_ties(s, &keyed, v + from, same);
	}
	order_release(&keyed);
	return r;
}

/* ---- the first alone --------------------------------------------------------- */

/* The greatest is the root; the one at `i` may be too small for its place. */
static void sink_down(uint64_t *heap, uint32_t n, uint32_t i)
{
	uint64_t v = heap[i];
	uint64_t child;

	for (; (child = 2ull * i + 1) < n; i = (uint32_t)child) {
		if (child + 1 < n && heap[child + 1] > heap[child])
			child++;
		if (heap[child] <= v)
			break;
		heap[i] = heap[child];
	}
	heap[i] = v;
}

int order_first(struct order *o, uint32_t n)
{
	uint64_t *heap;
	uint32_t i, kept = 0;

	if (o->keys.failed)
		return -ENOMEM;
	if (!n || n >= o->items.n / 2)
		return 0;
	heap = mem_realloc(NULL, n * sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		heap[i] = o->items.v[i].head;
	for (i = n / 2; i-- > 0; )
		sink_down(heap, n, i);
	for (i = n; i < o->items.n; i++)
		if (o->items.v[i].head < heap[0]) {
			heap[0] = o->items.v[i].head;
			sink_down(heap, n, 0);
		}
	for (i = 0; i < o->items.n; i++)
		if (o->items.v[i].head <= heap[0])
			o->items.v[kept++] = o->items.v[i];
	o->items.n = kept;
	mem_free(heap);
	return 0;
}

int order_sort(struct order *o)
{
	struct sorting s = { .o = o };
	int r;

	close_last(o);
	if (o->keys.failed)
		return -ENOMEM;
	if (o->items.n < 2)
		return 0;
	s.spare = mem_realloc(NULL, o->items.n * sizeof(*s.spare));
	if (!s.spare)
		return -ENOMEM;
	r = sort_items(&s, o->items.v, o->items.n);
	mem_free(s.spare);
	return r;
}
