/* SPDX-License-Identifier: MIT */
/* Decoding behind receiving: every chunk once, in order, with any number of
 * workers; the first error is the one that is told. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "engine/engine.h"

#define CHUNKS 500u

struct seen {
	uint32_t n, wrong, bad_at;
	uint64_t bytes;
};

/* A chunk is its number, again and again. */
static uint32_t make(uint32_t *chunk, uint32_t number)
{
	uint32_t words = 1 + number * 7919 % 8192;

	for (uint32_t i = 0; i < words; i++)
		chunk[i] = number;
	return words * 4;
}

static int look(void *ctx, const void *bytes, size_t len)
{
	struct seen *s = ctx;
	uint32_t word;

	for (size_t at = 0; at < len; at += 4) {
		memcpy(&word, (const char *)bytes + at, 4);
		s->wrong += word != s->n;
	}
	s->bytes += len;
	return s->n++ == s->bad_at ? -EBADMSG : 0;
}

/* Stops at an error, as a source does. Returns what behind_end() says. */
static int feed(unsigned workers, bool with_pool, uint32_t chunks, struct seen *s)
{
	struct pool *p = with_pool ? pool_new(workers) : NULL;
	struct behind b = { .pool = p, .decode = look, .ctx = s };
	static uint32_t chunk[8192];
	uint64_t bytes = 0;
	int r = 0;

	for (uint32_t i = 0; i < chunks && r == 0; i++) {
		uint32_t len = make(chunk, i);

		r = behind_chunk(&b, chunk, len);
		bytes += len;
	}
	r = behind_end(&b);
	if (r == 0)
		assert_int_equal(s->bytes, bytes);
	pool_free(p);
	return r;
}

static void every_chunk_in_order(void **state)
{
	static const uint32_t counts[] = { 0, 1, 11, 12, 13, 40, CHUNKS };

	(void)state;
	for (unsigned i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		for (unsigned workers = 0; workers < 5; workers++) {
			struct seen s = { .bad_at = UINT32_MAX };

			assert_int_equal(feed(workers, workers < 4, counts[i], &s), 0);
			assert_int_equal(s.n, counts[i]);
			assert_int_equal(s.wrong, 0);
		}
}

static void first_error_is_told(void **state)
{
	(void)state;
	for (uint32_t at = 0; at < CHUNKS; at += 9)
		for (unsigned workers = 0; workers < 4; workers++) {
			struct seen s = { .bad_at = at };

			assert_int_equal(feed(workers, true, CHUNKS, &s), -EBADMSG);
			assert_int_equal(s.n, at + 1);	/* nothing behind it */
			assert_int_equal(s.wrong, 0);
		}
}

static void no_memory(void **state)
{
	int r = -1;

	(void)state;
	for (uint64_t n = 3; r < 0; n++) {	/* the pool and its worker first */
		struct seen s = { .bad_at = UINT32_MAX };

		mem_fail_at(n);
		r = feed(0, true, CHUNKS, &s);
		mem_fail_at(0);
		assert_true(r == 0 || r == -ENOMEM);
		assert_int_equal(s.wrong, 0);
		assert_true(s.n == CHUNKS || r < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_chunk_in_order),
		cmocka_unit_test(first_error_is_told),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
