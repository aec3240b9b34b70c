/* SPDX-License-Identifier: MIT */
/* Values: order, keys, text; nothing is cut where it would change meaning. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "query/order.h"
#include "query/value.h"

static struct lssock_value text(const char *s, enum lssock_kind kind)
{
	struct lssock_value v = { 0 };

	value_text(&v, s, strlen(s));
	v.kind = kind;
	return v;
}

static struct lssock_value number(uint64_t u)
{
	struct lssock_value v = { 0 };

	value_uint(&v, u);
	return v;
}

static struct lssock_value end(uint8_t family, const char *ip, uint32_t port, const char *iface)
{
	struct lssock_value v = { .kind = LSSOCK_V_END, .port = port, .s = iface,
				  .len = strlen(iface) };

	v.a.family = family;
	v.a.prefix = family == AF_INET6 ? 128 : 32;
	memcpy(v.a.ip, ip, family == AF_INET6 ? 16 : 4);
	return v;
}

static void is_text(const struct lssock_value *v, bool human, unsigned flags, const char *want)
{
	struct buf b = { 0 };

	value_put(&b, v, human, flags);
	assert_string_equal(buf_cstr(&b), want);
	buf_release(&b);
}

static void test_compare(void **state)
{
	struct lssock_value a = number(7), b = number(UINT64_MAX), c = { 0 }, na = { 0 };

	(void)state;
	assert_true(value_compare(&a, &b) < 0);
	value_int(&c, -1);
	assert_true(value_compare(&c, &a) < 0);
	assert_true(value_compare(&a, &c) > 0);
	value_real(&c, 7.5);
	assert_true(value_compare(&a, &c) < 0);
	value_na(&na);
	assert_true(value_compare(&b, &na) < 0);
	assert_true(value_compare(&na, &a) > 0);
	value_unknown(&c);
	assert_int_equal(value_compare(&na, &c), 0);
	a = text("ab", LSSOCK_V_TEXT);
	b = text("abc", LSSOCK_V_WORD);
	assert_true(value_compare(&a, &b) < 0);
	a = end(AF_INET, "\x0a\0\0\1", 443, "");
	b = end(AF_INET, "\x0a\0\0\1", 80, "");
	assert_true(value_compare(&a, &b) > 0);
}

static bool same_key(const struct lssock_value *a, const struct lssock_value *b)
{
	struct buf x = { 0 }, y = { 0 };
	bool same;

	value_key(&x, a);
	value_key(&y, b);
	same = x.len == y.len && !memcmp(x.data, y.data, x.len);
	buf_release(&x);
	buf_release(&y);
	return same;
}

static void test_key(void **state)
{
	struct lssock_value a = text("tcp", LSSOCK_V_TEXT), b = text("tcp", LSSOCK_V_WORD);
	struct buf x = { 0 }, y = { 0 };

	(void)state;
	assert_true(same_key(&a, &b));
	value_na(&a);
	value_unknown(&b);
	assert_false(same_key(&a, &b));
	/* "a","bc" is not "ab","c" */
	a = text("a", LSSOCK_V_TEXT);
	value_key(&x, &a);
	a = text("bc", LSSOCK_V_TEXT);
	value_key(&x, &a);
	a = text("ab", LSSOCK_V_TEXT);
	value_key(&y, &a);
	a = text("c", LSSOCK_V_TEXT);
	value_key(&y, &a);
	assert_true(x.len == y.len && memcmp(x.data, y.data, x.len));
	buf_release(&x);
	buf_release(&y);
}

static void test_numbers(void **state)
{
	struct lssock_value v = number(0660);

	(void)state;
	v.unit = LSSOCK_U_OCTAL;
	is_text(&v, true, 0, "0660");
	v.unit = LSSOCK_U_HEX;
	is_text(&v, false, 0, "0x1b0");
	v.u = 0;
	is_text(&v, false, 0, "0x0");
	v.unit = LSSOCK_U_US;
	v.u = 18000;
	is_text(&v, false, 0, "18000");
	is_text(&v, true, 0, "18ms");
	v.unit = LSSOCK_U_NONE;
	v.u = UINT64_MAX;
	is_text(&v, true, 0, "18446744073709551615");
	value_bool(&v, true);
	is_text(&v, true, 0, "yes");
	is_text(&v, false, 0, "true");
	value_na(&v);
	is_text(&v, true, 0, "");
}

static void test_end(void **state)
{
	static const char v6[16] = "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\5";
	struct lssock_value v = end(0, "\0\0\0\0", 22, "");

	(void)state;
	is_text(&v, true, 0, "*:22");
	v = end(AF_INET, "\0\0\0\0", 22, "");
	is_text(&v, true, 0, "0.0.0.0:22");
	v = end(AF_INET6, (char[16]){ 0 }, 22, "");
	is_text(&v, true, 0, "[::]:22");
	v = end(AF_INET6, v6, 443, "");
	is_text(&v, true, 0, "[2001:db8::5]:443");
	v = end(AF_INET, "\x0a\0\0\5", 53, "eth0");
	is_text(&v, true, 0, "10.0.0.5%eth0:53");
	v.port = LSSOCK_NONE;
	is_text(&v, true, 0, "10.0.0.5%eth0");
	v = end(AF_INET, "\x0a\0\0\5", 53, "e\033[0m");
	is_text(&v, true, 0, "10.0.0.5%e\\x1b[0m:53");
}

static void test_names(void **state)
{
	struct lssock_value v = text("@file", LSSOCK_V_NAME);

	(void)state;
	is_text(&v, true, 0, "\\x40file");
	v.s = "\0a\0b";
	v.len = 4;
	is_text(&v, true, 0, "@a\\x00b");
	v.len = 1;
	is_text(&v, true, 0, "@");
	v = text("nginx", LSSOCK_V_TEXT);
	v.more = 2;
	is_text(&v, true, 0, "nginx +2");
	is_text(&v, true, TEXT_BLANK, "nginx+2");
}

static void test_cut(void **state)
{
	struct lssock_value v = text("ab\033cd", LSSOCK_V_TEXT);
	char out[32];

	(void)state;
	assert_int_equal(lssock_value_text(&v, out, sizeof(out)), 8);
	assert_string_equal(out, "ab\\x1bcd");
	assert_int_equal(lssock_value_text(&v, out, 6), 2);	/* not inside \x1b */
	assert_string_equal(out, "ab");
	assert_int_equal(lssock_value_text(&v, out, 7), 6);
	assert_string_equal(out, "ab\\x1b");
	v = text("a\\b", LSSOCK_V_TEXT);
	assert_int_equal(lssock_value_text(&v, out, 3), 1);	/* nor inside \\ */
	v = text("a\xc3\xa9", LSSOCK_V_TEXT);
	assert_int_equal(lssock_value_text(&v, out, 3), 1);	/* nor a character */
	assert_int_equal(lssock_value_text(&v, out, 1), 0);
	assert_string_equal(out, "");
	memset(out, 'x', sizeof(out));
	assert_int_equal(lssock_value_text(&v, out, 0), 0);
	assert_int_equal(out[0], 'x');
	value_na(&v);
	lssock_value_text(&v, out, sizeof(out));
	assert_string_equal(out, "-");
	assert_int_equal(lssock_escape("\n", 1, out, sizeof(out)), 4);
	assert_string_equal(out, "\\x0a");
}

static void test_no_memory(void **state)
{
	struct lssock_value v = text("abc", LSSOCK_V_TEXT);
	char out[8] = "zzz";

	(void)state;
	mem_fail_at(1);
	assert_int_equal(lssock_value_text(&v, out, sizeof(out)), 0);
	mem_fail_at(0);
	assert_string_equal(out, "");
}

static void test_tmp(void **state)
{
	struct lssock_value v;
	char big[400];

	(void)state;
	memset(big, 'a', sizeof(big));
	value_tmp(&v);
	value_tmp_u64(&v, UINT64_MAX);
	value_tmp_puts(&v, ":");
	value_tmp_hex(&v, 0);
	assert_int_equal(v.len, 24);
	assert_memory_equal(v.s, "18446744073709551615:0x0", 24);
	value_tmp_put(&v, big, sizeof(big));
	assert_int_equal(v.len, sizeof(v.tmp));
	value_tmp_puts(&v, "more");
	assert_int_equal(v.len, sizeof(v.tmp));
}

/* The order of keys is that of value_compare; ties keep their place. */
static void test_order(void **state)
{
	static const char *const words[] = { "b", "", "ab", "a", "b", "abc" };
	static const uint32_t want[] = { 1, 3, 2, 5, 0, 4 }, back[] = { 0, 4, 5, 2, 3, 1 };
	struct lssock_value v;
	struct order o;
	uint32_t i, down;

	(void)state;
	for (down = 0; down < 2; down++) {
		memset(&o, 0, sizeof(o));
		for (i = 0; i < 6; i++) {
			v = text(words[i], LSSOCK_V_TEXT);
			order_item(&o, i);
			order_value(&o, &v, down);
		}
		value_unknown(&v);
		order_item(&o, 6);
		order_value(&o, &v, down);
		assert_int_equal(order_sort(&o), 0);
		for (i = 0; i < 6; i++)
			assert_int_equal(o.items.v[i].item, down ? back[i] : want[i]);
		assert_int_equal(o.items.v[6].item, 6);	/* missing: last both ways */
		order_release(&o);
	}
}

/* A text does not run over into the next part of the key. */
static void test_order_parts(void **state)
{
	struct { const char *s; size_t len; uint64_t n; } in[] = {
		{ "a\0", 2, 1 }, { "a", 1, 9 }, { "a", 1, 2 }, { "a\1", 2, 0 },
	};
	static const uint32_t want[] = { 2, 1, 0, 3 };
	struct order o = { 0 };
	uint32_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		order_item(&o, i);
		order_bytes(&o, in[i].s, in[i].len);
		order_u64(&o, in[i].n);
	}
	assert_int_equal(order_sort(&o), 0);
	for (i = 0; i < 4; i++)
		assert_int_equal(o.items.v[i].item, want[i]);
	order_release(&o);
}

static void test_order_numbers(void **state)
{
	struct lssock_value v[4] = { 0 };
	struct order o = { 0 };
	uint32_t i;

	(void)state;
	value_real(&v[0], 1.5);
	value_real(&v[1], -2);
	value_real(&v[2], -1);
	value_real(&v[3], 0);
	for (i = 0; i < 4; i++) {
		order_item(&o, i);
		order_value(&o, &v[i], false);
	}
	assert_int_equal(order_sort(&o), 0);
	assert_int_equal(o.items.v[0].item, 1);
	assert_int_equal(o.items.v[1].item, 2);
	assert_int_equal(o.items.v[2].item, 3);
	order_release(&o);
}

struct sample { unsigned char key[24]; uint32_t len; };

static int compare_samples(const void *pa, const void *pb)
{
	const struct sample *a = pa, *b = pb;
	int d = memcmp(a->key, b->key, a->len < b->len ? a->len : b->len);

	return d ? d : a->len < b->len ? -1 : a->len > b->len;
}

/* Many keys that begin alike, of all lengths: as memcmp has it, a shorter one
 * first, equal ones as they came. */
static void test_order_many(void **state)
{
	enum { N = 3000 };
	struct sample *in = calloc(N, sizeof(*in));
	uint64_t random = 88172645463325252ull;
	struct order o = { 0 };
	uint32_t i, k;

	(void)state;
	for (i = 0; i < N; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		in[i].len = random % sizeof(in[i].key);
		for (k = 0; k < in[i].len; k++)
			in[i].key[k] = k < 12 ? random >> 20 & 1 : random >> k & 3;
		order_item(&o, i);
		buf_put(&o.keys, in[i].key, in[i].len);
	}
	assert_int_equal(order_sort(&o), 0);
	for (i = 1; i < N; i++) {
		uint32_t a = o.items.v[i - 1].item, b = o.items.v[i].item;
		int d = compare_samples(&in[a], &in[b]);

		assert_true(d < 0 || (d == 0 && a < b));
	}
	order_release(&o);
	free(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare), cmocka_unit_test(test_key),
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_end),
		cmocka_unit_test(test_names), cmocka_unit_test(test_cut),
		cmocka_unit_test(test_no_memory), cmocka_unit_test(test_tmp),
		cmocka_unit_test(test_order), cmocka_unit_test(test_order_parts),
		cmocka_unit_test(test_order_many),
		cmocka_unit_test(test_order_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
