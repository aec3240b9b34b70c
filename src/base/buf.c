/* SPDX-License-Identifier: MIT */
/*
 * Growable bytes and arrays, and the allocator under them. Nothing here prints
 * for people: numbers are written plainly, text is copied as it is (making it
 * safe is text.c's business).
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 64
#define FIRST_ITEMS 16

/* The mutable variables at file scope of the program: tests of out-of-memory
 * paths count allocations down (0 in every other run), and failed ones are
 * counted. */
static _Atomic uint64_t mem_countdown, mem_failed;

void mem_fail_at(uint64_t n)
{
	atomic_store(&mem_countdown, n);
}

static bool refused(size_t size)
{
	uint64_t left = atomic_load_explicit(&mem_countdown, memory_order_relaxed);

	if (size > PTRDIFF_MAX)
		return true;
	while (left) {
		if (atomic_compare_exchange_weak(&mem_countdown, &left, left - 1))
			return left == 1;
	}
	return false;
}

static void *counted(void *p)
{
	if (!p)
		atomic_fetch_add(&mem_failed, 1);
	return p;
}

uint64_t mem_failures(void)
{
	return atomic_load(&mem_failed);
}

void *mem_alloc(size_t size)
{
	return counted(refused(size) ? NULL : calloc(1, size ? size : 1));
}

void *mem_realloc(void *p, size_t size)
{
	return counted(refused(size) ? NULL : realloc(p, size ? size : 1));
}

void mem_free(void *p)
{
	free(p);
}

void buf_release(struct buf *b)
{
	if (!b)
		return;
	mem_free(b->data);
	*b = (struct buf){ 0 };
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

bool buf_grow(struct buf *b, size_t more)
{
	size_t cap = b->cap ? b->cap : FIRST_BYTES, want;
	char *data;

	if (b->failed)
		return false;
	if (__builtin_add_overflow(b->len, more, &want)) {
		b->failed = true;
		return false;
	}
	while (cap < want)
		cap = cap > SIZE_MAX / 2 ? want : cap * 2;
	data = mem_realloc(b->data, cap);
	if (!data) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->cap = cap;
	return true;
}

void buf_fill(struct buf *b, char c, size_t n)
{
	char *at = n ? buf_add(b, n) : NULL;

	if (at)
		memset(at, c, n);
}

static const char pairs[201] =
	"00010203040506070809101112131415161718192021222324"
	"25262728293031323334353637383940414243444546474849"
	"50515253545556575859606162636465666768697071727374"
	"75767778798081828384858687888990919293949596979899";

/* By the number of bits: 1233 / 4096 is a little more than log10(2). */
static unsigned count_digits(uint64_t v)
{
	static const uint64_t least[] = {
		0, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
		10000000000, 100000000000, 1000000000000, 10000000000000, 100000000000000,
		1000000000000000, 10000000000000000, 100000000000000000,
		1000000000000000000, 10000000000000000000ull,
	};
	unsigned n = (64u - (unsigned)__builtin_clzll(v | 1)) * 1233 >> 12;

	return n + (v >= least[n]);
}

void buf_u64(struct buf *b, uint64_t v)
{
	unsigned n = count_digits(v);
	char *at = buf_add(b, n);

	if (!at)
		return;
	for (; v >= 100; v /= 100)
		memcpy(at + (n -= 2), pairs + v % 100 * 2, 2);
	if (v >= 10)
		memcpy(at, pairs + v * 2, 2);
	else
		*at = (char)('0' + v);
}

void buf_i64(struct buf *b, int64_t v)
{
	if (v < 0)
		buf_putc(b, '-');
	buf_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void buf_hex(struct buf *b, uint64_t v, unsigned digits)
{
	char tmp[16], *at = tmp + sizeof(tmp);

	for (; v; v >>= 4)
		*--at = "0123456789abcdef"[v & 15];
	if (digits > (size_t)(tmp + sizeof(tmp) - at))
		buf_fill(b, '0', digits - (size_t)(tmp + sizeof(tmp) - at));
	else if (at == tmp + sizeof(tmp))
		*--at = '0';
	buf_put(b, at, (size_t)(tmp + sizeof(tmp) - at));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	/* vsnprintf wants room for its NUL, which is not counted. */
	if (n < 0 || !buf_reserve(b, (size_t)n + 1)) {
		b->failed = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

const char *buf_cstr(struct buf *b)
{
	if (!b->len || !buf_reserve(b, 1))
		return "";
	b->data[b->len] = '\0';
	return b->data;
}

bool vec_reserve_(void **v, uint32_t *cap, uint32_t want, size_t size)
{
	uint32_t room = want;
	size_t bytes;
	void *p;

	if (want <= *cap)
		return true;
	/* The first reservation is taken at its word, later ones double. */
	if (*cap && *cap <= UINT32_MAX / 2 && room < *cap * 2)
		room = *cap * 2;
	if (__builtin_mul_overflow((size_t)room, size, &bytes))
		return false;
	p = mem_realloc(*v, bytes);
	if (!p)
		return false;
	*v = p;
	*cap = room;
	return true;
}

void *vec_push_(void **v, uint32_t *n, uint32_t *cap, size_t size)
{
	char *at;

	if (*n == UINT32_MAX)	/* would be row LSSOCK_NONE */
		return NULL;
	if (*n == *cap && !vec_reserve_(v, cap, *n ? *n + 1 : FIRST_ITEMS, size))
		return NULL;
	at = (char *)*v + (size_t)*n * size;
	memset(at, 0, size);
	++*n;
	return at;
}

void vec_release_(void **v, uint32_t *n, uint32_t *cap)
{
	mem_free(*v);
	*v = NULL;
	*n = *cap = 0;
}
