/* SPDX-License-Identifier: MIT */
/*
 * Growable bytes and typed arrays. Out of memory is sticky: a buf that failed
 * to grow stays `failed`, later additions are dropped, and whoever ends the
 * work checks once. A zeroed buf is a valid empty one.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *data;
	size_t len, cap;
	bool failed;
};

void buf_release(struct buf *b);	/* frees; b is empty afterwards */
void buf_reset(struct buf *b);		/* keeps the memory, clears failed */
bool buf_grow(struct buf *b, size_t more);	/* only for buf_reserve */

/* Room for `more` bytes; false: out of memory. Here and not in buf.c, like what
 * follows: a cell of a table is a handful of such additions. */
static inline bool buf_reserve(struct buf *b, size_t more)
{
	if (!b->failed && b->data && more <= b->cap - b->len)
		return true;
	return buf_grow(b, more);
}

/* len bytes to fill, NULL: no memory. */
static inline char *buf_add(struct buf *b, size_t len)
{
	char *at;

	if (!buf_reserve(b, len))
		return NULL;
	at = b->data + b->len;
	b->len += len;
	return at;
}

static inline void buf_put(struct buf *b, const void *bytes, size_t len)
{
	char *at = len ? buf_add(b, len) : NULL;

	if (at)
		memcpy(at, bytes, len);
}

static inline void buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

static inline void buf_putc(struct buf *b, char c)
{
	char *at = buf_add(b, 1);

	if (at)
		*at = c;
}

void buf_fill(struct buf *b, char c, size_t n);	/* n times c */
void buf_u64(struct buf *b, uint64_t v);	/* decimal, fast */
void buf_i64(struct buf *b, int64_t v);
void buf_hex(struct buf *b, uint64_t v, unsigned digits); /* lower case, at least digits */
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* NUL-terminates without counting the NUL; "" if failed or empty. */
const char *buf_cstr(struct buf *b);

/* Typed arrays: struct { T *v; uint32_t n, cap; }. A zeroed one is empty. */
#define VEC(T) struct { T *v; uint32_t n, cap; }
/* Pointer to a new zeroed element at the end, NULL: out of memory. */
#define vec_push(a) ((__typeof__((a)->v))vec_push_((void **)&(a)->v, &(a)->n, \
						   &(a)->cap, sizeof(*(a)->v)))
/* Room for `want` elements in all; false: out of memory. */
#define vec_reserve(a, want) vec_reserve_((void **)&(a)->v, &(a)->cap, (want), sizeof(*(a)->v))
#define vec_release(a) vec_release_((void **)&(a)->v, &(a)->n, &(a)->cap)

void *vec_push_(void **v, uint32_t *n, uint32_t *cap, size_t size);
bool vec_reserve_(void **v, uint32_t *cap, uint32_t want, size_t size);
void vec_release_(void **v, uint32_t *n, uint32_t *cap);

/* All allocation of the program goes through these two, so that a test can
 * fail the n-th: mem_fail_at(n) makes the n-th call from now fail, 0: never. */
void *mem_alloc(size_t size);		/* zeroed, NULL: out of memory */
void *mem_realloc(void *p, size_t size);
void mem_free(void *p);			/* takes NULL */
void mem_fail_at(uint64_t n);
/* How many calls have failed so far, of any thread: whoever can't hand every
 * failure on compares it before and after, and says so. */
uint64_t mem_failures(void);

#endif
