/* SPDX-License-Identifier: MIT */
/*
 * Sorting by bytes: each item gets a key whose bytes are in the wanted order,
 * so that a sort of 100,000 rows looks each value up once and then compares
 * memory. Items with the same key keep their order.
 */
#ifndef QUERY_ORDER_H
#define QUERY_ORDER_H

#include "query/value.h"

struct order_item {
	uint64_t head;			/* the key's first 8 bytes, as a number */
	uint32_t item, key;		/* key: a place in spans */
};

struct order {
	struct buf keys;
	VEC(struct order_item) items;
	VEC(struct order_span { size_t at; uint32_t len; }) spans;
	/* Where items come with a head alone: adds the key of an item to o->keys. Only
	 * those whose heads are the same get one. */
	void (*put)(struct order *o, const void *ctx, uint32_t item);
	/* For these, if not NULL: 8 bytes that follow the head in the key, or that are
	 * in the same order. false: none such. */
	bool (*next)(const void *ctx, uint32_t item, uint64_t *ret_head);
	const void *ctx;
};

/* Expected items. */
void order_reserve(struct order *o, uint32_t items);
/* An item with its head, where there is `put`. */
void order_head(struct order *o, uint32_t item, uint64_t head);
/* Drops what can't be among the first n by its head, where there is `put`. What is
 * level with the n-th stays. 0 or -ENOMEM. */
int order_first(struct order *o, uint32_t n);
/* Begins the key of the next item; parts are added to o->keys. */
void order_item(struct order *o, uint32_t item);
void order_u8(struct order *o, uint8_t v);
void order_u16(struct order *o, uint16_t v);
void order_u32(struct order *o, uint32_t v);
void order_u64(struct order *o, uint64_t v);
void order_bytes(struct order *o, const void *p, size_t len);	/* of any length */
/* Missing values are last, descending or not. */
void order_value(struct order *o, const struct lssock_value *v, bool descending);
/* 0 or -ENOMEM. Afterwards items are in order. */
int order_sort(struct order *o);
void order_release(struct order *o);

#endif
