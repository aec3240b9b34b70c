/* SPDX-License-Identifier: MIT */
/* Growth, numbers, sticky failure of buffers; arrays; the failing allocator. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

static void empty_is_valid(void **state)
{
	struct buf b = { 0 };

	(void)state;
	assert_string_equal(buf_cstr(&b), "");
	buf_put(&b, NULL, 0);
	buf_puts(&b, "");
	buf_fill(&b, 'x', 0);
	assert_int_equal(b.len, 0);
	assert_non_null(buf_add(&b, 0));
	assert_false(b.failed);
	buf_release(&b);
	buf_release(&b);
	buf_release(NULL);
}

static void grows_and_keeps(void **state)
{
	struct buf b = { 0 };

	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		buf_putc(&b, (char)i);
	assert_int_equal(b.len, 100000);
	for (unsigned i = 0; i < 100000; i++)
		assert_int_equal((unsigned char)b.data[i], i & 255);
	buf_reset(&b);
	assert_int_equal(b.len, 0);
	assert_true(b.cap >= 100000);
	buf_fill(&b, 'a', 3);
	buf_put(&b, "\0b", 2);
	assert_memory_equal(b.data, "aaa\0b", 5);
	buf_cstr(&b);
	assert_int_equal(b.len, 5);
	assert_int_equal(b.data[5], 0);
	buf_release(&b);
}

static void check_numbers(uint64_t v)
{
	struct buf b = { 0 };
	char want[256];

	buf_u64(&b, v);
	buf_putc(&b, ' ');
	buf_i64(&b, (int64_t)v);
	buf_putc(&b, ' ');
	buf_hex(&b, v, 1);
	buf_putc(&b, ' ');
	buf_hex(&b, v, 0);
	buf_putc(&b, ' ');
	buf_hex(&b, v, 20);
	snprintf(want, sizeof(want),
		"%" PRIu64 " %" PRId64 " %" PRIx64 " %" PRIx64 " %020" PRIx64,
		 v, (int64_t)v, v, v, v);
	assert_string_equal(buf_cstr(&b), want);
	buf_release(&b);
}

static void numbers(void **state)
{
	uint64_t p = 1;

	(void)state;
	for (unsigned i = 0; i < 20; i++, p *= 10) {
		check_numbers(p - 1);
		check_numbers(p);
		check_numbers(p + 1);
		check_numbers(0 - p);
	}
	for (unsigned i = 0; i < 64; i++)
		check_numbers(1ull << i);
	check_numbers(UINT64_MAX);
	check_numbers((uint64_t)INT64_MIN);
}

static void formatted(void **state)
{
	struct buf b = { 0 };

	(void)state;
	/* exactly the capacity: vsnprintf needs one byte more than it counts */
	buf_fill(&b, 'x', 32);
	buf_printf(&b, "%032d", 7);
	assert_int_equal(b.len, 64);
	assert_string_equal(buf_cstr(&b) + 32, "00000000000000000000000000000007");
	buf_printf(&b, "%*d", 5000, 1);
	assert_int_equal(b.len, 5064);
	buf_release(&b);
}

static void overflow_is_failure(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_puts(&b, "abc");
	assert_false(buf_reserve(&b, SIZE_MAX));
	assert_true(b.failed);
	assert_null(buf_add(&b, 1));
	buf_puts(&b, "dropped");
	assert_int_equal(b.len, 3);
	assert_string_equal(buf_cstr(&b), "");
	buf_reset(&b);
	buf_puts(&b, "ok");
	assert_string_equal(buf_cstr(&b), "ok");
	assert_null(buf_add(&b, SIZE_MAX / 2 + 2));
	assert_int_equal(b.len, 2);
	buf_release(&b);
}

static void failing_allocator(void **state)
{
	struct buf b = { 0 };
	VEC(uint64_t) v = { 0 };
	void *first, *third;

	(void)state;
	mem_fail_at(2);
	first = mem_alloc(1);
	assert_non_null(first);
	assert_null(mem_alloc(1));
	third = mem_alloc(1);
	assert_non_null(third);
	mem_free(first);
	mem_free(third);

	mem_fail_at(1);
	buf_puts(&b, "x");
	assert_true(b.failed);
	mem_fail_at(1);
	assert_null(vec_push(&v));
	assert_int_equal(v.n, 0);
	mem_fail_at(0);
	assert_non_null(vec_push(&v));
	vec_release(&v);
	buf_release(&b);
}

static void arrays(void **state)
{
	struct odd { char c[7]; };
	VEC(struct odd) v = { 0 };

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		struct odd *o = vec_push(&v);

		assert_non_null(o);
		for (unsigned k = 0; k < sizeof(o->c); k++)
			assert_int_equal(o->c[k], 0);
		memset(o, 0xee, sizeof(*o));
	}
	assert_int_equal(v.n, 1000);
	assert_int_equal(v.cap, 1024);
	vec_release(&v);
	assert_null(v.v);

	assert_true(vec_reserve(&v, 100));
	assert_int_equal(v.cap, 100);
	assert_int_equal(v.n, 0);
	assert_true(vec_reserve(&v, 101));
	assert_int_equal(v.cap, 200);
	assert_true(vec_reserve(&v, 5));
	assert_int_equal(v.cap, 200);
	vec_release(&v);
}

static void array_is_full(void **state)
{
	uint32_t n = UINT32_MAX, cap = UINT32_MAX;
	void *v = NULL;

	(void)state;
	assert_null(vec_push_(&v, &n, &cap, 1));
	assert_int_equal(n, UINT32_MAX);
	/* 2^64 bytes and more are refused, not wrapped */
	cap = 0;
	assert_false(vec_reserve_(&v, &cap, UINT32_MAX, SIZE_MAX / 4));
	assert_int_equal(cap, 0);
	assert_null(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_is_valid),
		cmocka_unit_test(grows_and_keeps),
		cmocka_unit_test(numbers),
		cmocka_unit_test(formatted),
		cmocka_unit_test(overflow_is_failure),
		cmocka_unit_test(failing_allocator),
		cmocka_unit_test(arrays),
		cmocka_unit_test(array_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
