/* SPDX-License-Identifier: MIT */
/* The index under keys that hurt other hashes; interned strings. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define COUNT 200000u

static uint64_t consecutive(uint32_t i) { return 1000003 + i; }
static uint64_t by8(uint32_t i) { return (uint64_t)i * 8; }
static uint64_t by64(uint32_t i) { return (uint64_t)i * 64; }
static uint64_t by4096(uint32_t i) { return (uint64_t)i * 4096; }
static uint64_t high_bits(uint32_t i) { return (uint64_t)i << 44; }
static uint64_t mixed(uint32_t i) { return hash_u64(i); }
/* Two ranges far apart that coincide in their low bits. */
static uint64_t twin_ranges(uint32_t i) { return (i & 1 ? 0 : 1ull << 32) + i / 2; }

static uint64_t (*const key_sets[])(uint32_t) = {
	consecutive, by8, by64, by4096, high_bits, mixed, twin_ranges,
};

/* Groups a search for the key looks at; the same walk as hash.c's. */
static unsigned groups_seen(const struct index *x, uint64_t key)
{
	uint32_t groups = x->mask / 8, at = (uint32_t)hash_u64(key >> 3);

	for (uint32_t step = 1;; at += step++) {
		for (unsigned i = 0; i < 8; i++) {
			uint32_t slot = (at & groups) * 8 + ((key + i) & 7);
			uint64_t there;

			if (index_at(x, slot, &there) == INDEX_NONE || there == key)
				return step;
		}
	}
}

static void check_keys(uint64_t (*key)(uint32_t), bool presized)
{
	struct index x = { 0 };
	uint64_t hits = 0, misses = 0;

	if (presized)
		assert_int_equal(index_reserve(&x, COUNT), 0);
	for (uint32_t i = 0; i < COUNT; i++) {
		uint32_t *row = index_put(&x, key(i));

		assert_non_null(row);
		assert_int_equal(*row, INDEX_NONE);
		*row = i;
	}
	assert_int_equal(x.n, COUNT);
	for (uint32_t i = 0; i < COUNT; i++) {
		assert_int_equal(index_get(&x, key(i)), i);
		assert_int_equal(index_get(&x, key(COUNT + i)), INDEX_NONE);
		hits += groups_seen(&x, key(i));
		misses += groups_seen(&x, key(COUNT + i));
	}
	/* quadratic behaviour would be thousands, not 3 */
	assert_true(hits < 3 * (uint64_t)COUNT);
	assert_true(misses < 4 * (uint64_t)COUNT);
	index_release(&x);
}

static void all_kinds_of_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(key_sets) / sizeof(*key_sets); i++) {
		check_keys(key_sets[i], false);
		check_keys(key_sets[i], true);
	}
}

static void fullest_table(void **state)
{
	/* 196608 = three quarters of 2^18: the most that table takes */
	struct index x = { 0 };
	uint32_t worst = 0;
	uint64_t sum = 0;

	(void)state;
	for (uint32_t i = 0; i < 196608; i++)
		*index_put(&x, consecutive(i)) = i;
	assert_int_equal(x.mask, (1u << 18) - 1);
	for (uint32_t i = 0; i < 196608; i++) {
		unsigned n = groups_seen(&x, consecutive(i));

		sum += n;
		worst = n > worst ? n : worst;
	}
	assert_true(sum < 4 * 196608);
	assert_true(worst < 200);
	index_release(&x);
}

static void same_key_same_row(void **state)
{
	static const uint64_t keys[] = { 0, 1, 7, 8, UINT64_MAX, UINT64_MAX - 1, 1ull << 63 };
	struct index x = { 0 };

	(void)state;
	assert_int_equal(index_get(&x, 5), INDEX_NONE);
	for (uint32_t i = 0; i < 7; i++)
		*index_put(&x, keys[i]) = i;
	for (uint32_t i = 0; i < 7; i++) {
		assert_int_equal(*index_put(&x, keys[i]), i);
		*index_put(&x, keys[i]) = i + 100;
	}
	assert_int_equal(x.n, 7);
	assert_int_equal(index_get(&x, UINT64_MAX), 104);
	index_clear(&x);
	assert_int_equal(x.n, 0);
	for (uint32_t i = 0; i < 7; i++)
		assert_int_equal(index_get(&x, keys[i]), INDEX_NONE);
	index_release(&x);
	index_clear(&x);
	index_release(NULL);
}

/* Small keys first: the wide one that comes then changes nothing for them. */
static void keys_grow_wide(void **state)
{
	static const uint64_t wide = 1ull << 32, twin = (1ull << 32) + 5;
	struct index x = { 0 };
	uint64_t key;
	uint32_t seen = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		*index_put(&x, i) = i;
	*index_put(&x, UINT32_MAX) = 1000;
	assert_false(x.wide);
	assert_int_equal(index_get(&x, twin), INDEX_NONE);
	assert_int_equal(index_get(&x, UINT64_MAX), INDEX_NONE);
	index_expect(&x, twin);
	mem_fail_at(1);
	assert_null(index_put(&x, wide));
	mem_fail_at(0);
	*index_put(&x, wide) = 1001;
	*index_put(&x, twin) = 1002;
	assert_true(x.wide);
	assert_int_equal(x.n, 1003);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(index_get(&x, i), i);
	assert_int_equal(index_get(&x, UINT32_MAX), 1000);
	assert_int_equal(index_get(&x, wide), 1001);
	assert_int_equal(index_get(&x, twin), 1002);
	for (uint32_t i = 0; i <= x.mask; i++)
		if (index_at(&x, i, &key) != INDEX_NONE)
			seen += index_get(&x, key) == index_at(&x, i, &key);
	assert_int_equal(seen, 1003);
	index_release(&x);
	index_expect(&x, 1);
}

static void no_memory(void **state)
{
	struct index x = { 0 };
	uint32_t i = 0, *row;

	(void)state;
	mem_fail_at(1);
	assert_null(index_put(&x, 1));
	mem_fail_at(1);
	assert_int_equal(index_reserve(&x, 10), -ENOMEM);
	mem_fail_at(0);
	assert_int_equal(index_reserve(&x, UINT32_MAX), -ENOMEM);
	mem_fail_at(2);
	for (; (row = index_put(&x, i)); i++)
		*row = i;
	/* what was in it stays, and a known key still needs no memory */
	assert_true(i > 0);
	mem_fail_at(1);
	for (uint32_t k = 0; k < i; k++)
		assert_int_equal(*index_put(&x, k), k);
	mem_fail_at(0);
	*index_put(&x, i) = i;
	assert_int_equal(index_get(&x, i), i);
	index_release(&x);
}

static void hash_is_stable(void **state)
{
	(void)state;
	/* published test values of FNV-1a; tapes depend on them */
	assert_true(hash_bytes("", 0) == 0xcbf29ce484222325);
	assert_true(hash_bytes("a", 1) == 0xaf63dc4c8601ec8c);
	assert_true(hash_bytes("foobar", 6) == 0x85944171f73967e8);
}

static void strings_are_interned(void **state)
{
	static const char odd[] = { 0, 'x', (char)0xff, 0 };
	struct strings s = { 0 };
	uint32_t empty, a, b, c;
	size_t len;

	(void)state;
	assert_null(strings_get(&s, 0, &len));
	assert_int_equal(len, 0);
	empty = strings_put(&s, NULL, 0);
	a = strings_put(&s, "nginx", 5);
	b = strings_put(&s, "nginx2", 6);
	c = strings_put(&s, odd, sizeof(odd));
	assert_true(empty && a && b && c && a != b && b != c && empty != a);
	assert_int_equal(strings_put(&s, "", 0), empty);
	assert_int_equal(strings_put(&s, "nginx!", 5), a);
	assert_int_equal(strings_put(&s, odd, sizeof(odd)), c);
	assert_non_null(strings_get(&s, empty, &len));
	assert_int_equal(len, 0);
	assert_memory_equal(strings_get(&s, b, &len), "nginx2", 6);
	assert_int_equal(len, 6);
	assert_memory_equal(strings_get(&s, c, &len), odd, sizeof(odd));
	assert_int_equal(len, sizeof(odd));
	assert_null(strings_get(&s, UINT32_MAX, &len));
	strings_release(&s);
	strings_release(NULL);
}

static void part_of_a_string(void **state)
{
	struct strings s = { 0 };
	char name[40] = "/usr/lib/systemd/systemd-resolved-0000";
	size_t len;

	(void)state;
	/* the bytes given lie in the store itself, which moves while it grows */
	for (unsigned i = 0; i < 2000; i++) {
		uint32_t id, part;
		const char *p;

		for (unsigned k = 0, v = i; k < 4; k++, v /= 10)
			name[37 - k] = (char)('0' + v % 10);
		id = strings_put(&s, name, 38);
		p = strings_get(&s, id, &len);
		part = strings_put(&s, p + 17, len - 17);
		p = strings_get(&s, part, &len);
		assert_int_equal(len, 21);
		assert_memory_equal(p, name + 17, 21);
	}
	strings_release(&s);
}

static void strings_without_memory(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 6; n++) {
		struct strings s = { 0 };
		uint32_t first = strings_put(&s, "first", 5), got = 1;
		size_t len;

		mem_fail_at(n);
		for (uint32_t i = 0; i < 1000 && got; i++)
			got = strings_put(&s, &i, sizeof(i));
		mem_fail_at(0);
		assert_int_equal(got, 0);
		assert_int_equal(strings_put(&s, "first", 5), first);
		assert_memory_equal(strings_get(&s, first, &len), "first", 5);
		strings_release(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_kinds_of_keys),
		cmocka_unit_test(fullest_table),
		cmocka_unit_test(same_key_same_row),
		cmocka_unit_test(keys_grow_wide),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(hash_is_stable),
		cmocka_unit_test(strings_are_interned),
		cmocka_unit_test(part_of_a_string),
		cmocka_unit_test(strings_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
