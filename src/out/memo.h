/* SPDX-License-Identifier: MIT */
/*
 * The value that a column showed last, and where its text stands: in a sorted
 * list neighbours are alike, and copying is cheaper than writing anew. Only for
 * sheets of sockets, whose texts stay where they are.
 */
#ifndef OUT_MEMO_H
#define OUT_MEMO_H

#include "out/out.h"

struct memo {
	enum lssock_kind kind;		/* NA, UNKNOWN and LATER are values too */
	bool known, comparable;
	uint32_t more;
	uint64_t u;			/* number, or length of the text */
	const char *s;
	size_t at, len;
};

/* Computed text is in the value itself, and the next one's is in the same place. */
static inline bool memo_is_computed(const struct lssock_value *v)
{
	return (uintptr_t)v->s - (uintptr_t)v->tmp < sizeof(v->tmp);
}

static inline bool memo_is(const struct memo *m, const struct lssock_value *v)
{
	if (m->kind != v->kind || !m->comparable)
		return false;
	switch (v->kind) {
	case LSSOCK_V_BOOL: case LSSOCK_V_UINT: case LSSOCK_V_TIME:
		return m->u == v->u;
	case LSSOCK_V_WORD: case LSSOCK_V_TEXT: case LSSOCK_V_NAME:
		return m->s == v->s && m->u == v->len && m->more == v->more;
	default:
		return true;
	}
}

/* The text of v is the len bytes at `at` of a buffer that only grows. */
static inline void memo_set(struct memo *m, const struct lssock_value *v, size_t at, size_t len)
{
	m->known = m->comparable = true;
	m->kind = v->kind;
	m->at = at;
	m->len = len;
	switch (v->kind) {
	case LSSOCK_V_BOOL: case LSSOCK_V_UINT: case LSSOCK_V_TIME:
		m->u = v->u;
		break;
	case LSSOCK_V_WORD: case LSSOCK_V_TEXT: case LSSOCK_V_NAME:
		m->s = v->s;
		m->u = v->len;
		m->more = v->more;
		m->comparable = !memo_is_computed(v);
		break;
	case LSSOCK_V_NA: case LSSOCK_V_UNKNOWN: case LSSOCK_V_LATER:
		break;
	case LSSOCK_V_INT: case LSSOCK_V_REAL: case LSSOCK_V_ADDR: case LSSOCK_V_END:
		m->comparable = false;
		break;
	}
}

static inline void memo_copy(const struct memo *m, struct buf *b)
{
	char *at = buf_add(b, m->len);

	if (at)
		memcpy(at, b->data + m->at, m->len);
}

#endif
