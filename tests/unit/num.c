/* SPDX-License-Identifier: MIT */
/* Numbers read strictly and written for people. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/num.h"

#define BAD UINT64_MAX		/* no row of a table wants it as a value */

struct row { const char *text; uint64_t value; };

static void check_rows(bool (*read)(const char *, size_t, uint64_t *), const struct row *t)
{
	for (; t->text; t++) {
		uint64_t v = 12345;
		bool ok = read(t->text, strlen(t->text), &v);

		if (ok != (t->value != BAD) || v != (ok ? t->value : 12345))
			fail_msg("'%s': %d, %llu", t->text, ok, (unsigned long long)v);
	}
}

static bool read_u16(const char *s, size_t len, uint64_t *ret)
{
	return num_u64(s, len, 65535, ret);
}

static bool read_hex32(const char *s, size_t len, uint64_t *ret)
{
	return num_hex(s, len, UINT32_MAX, ret);
}

static void integers(void **state)
{
	static const struct row dec[] = {
		{ "0", 0 }, { "65535", 65535 }, { "00080", 80 }, { "65536", BAD }, { "", BAD },
		{ "+1", BAD }, { "-1", BAD }, { " 1", BAD }, { "1 ", BAD }, { "0x10", BAD },
		{ "1e3", BAD }, { "18446744073709551616", BAD },
		{ "99999999999999999999999", BAD },
		{ NULL, 0 },
	};
	static const struct row hex[] = {
		{ "0", 0 }, { "0100007F", 0x100007f }, { "ffffffff", UINT32_MAX },
		{ "100000000", BAD }, { "00000000000000000001", 1 },
		{ "fffffffffffffffff", BAD },
		{ "g", BAD }, { "", BAD }, { "0x1", BAD }, { "@", BAD }, { "`", BAD },
		{ NULL, 0 },
	};
	uint64_t v;

	(void)state;
	check_rows(read_u16, dec);
	check_rows(read_hex32, hex);
	assert_true(num_u64("18446744073709551615", 20, UINT64_MAX, &v));
	assert_true(v == UINT64_MAX);
	assert_false(num_u64("18446744073709551616", 20, UINT64_MAX, &v));
	assert_true(num_hex("FFFFFFFFFFFFFFFF", 16, UINT64_MAX, &v));
	assert_false(num_hex("10000000000000000", 17, UINT64_MAX, &v));
	assert_false(num_u64("12\0", 3, 100, &v));
	assert_true(num_u64("12x", 2, 100, &v));	/* only the length counts */
}

static void sizes(void **state)
{
	static const struct row t[] = {
		{ "0", 0 }, { "10K", 10000 }, { "10k", 10000 }, { "10Ki", 10240 },
		{ "10KiB", 10240 }, { "10KB", 10000 }, { "1.5M", 1500000 },
		{ "1.5Mi", 1572864 },
		{ "2G", 2000000000 }, { "1T", 1000000000000 }, { "1Ti", 1ull << 40 },
		{ "7B", 7 }, { "0.001K", 1 }, { "1.0005K", 1000 },
		{ "16777215Ti", 16777215ull << 40 },
		{ "16777216Ti", BAD }, { "18446744073709551615K", BAD }, { "", BAD },
		{ "K", BAD },
		{ "1.5", BAD }, { "1.", BAD }, { ".5K", BAD }, { "1.0000000001K", BAD },
		{ "-1K", BAD }, { "1KK", BAD }, { "1i", BAD }, { "1 K", BAD }, { "1KBx", BAD },
		{ "1X", BAD }, { "1.5.5K", BAD },
		{ NULL, 0 },
	};

	(void)state;
	check_rows(num_size, t);
}

static void durations(void **state)
{
	static const struct row t[] = {
		{ "100ms", 100000 }, { "1.5s", 1500000 }, { "2h", 7200000000 },
		{ "3d", 259200000000 }, { "250us", 250 }, { "10min", 600000000 },
		{ "10m", 600000000 }, { "1w", 604800000000 }, { "2h40m", 9600000000 },
		{ "3d4h", 273600000000 }, { "0s", 0 }, { "1m0.5s", 60500000 },
		{ "", BAD }, { "100", BAD }, { "0", BAD }, { "ms", BAD }, { "1 s", BAD },
		{ "-1s", BAD }, { "1y", BAD }, { "40m2h", BAD }, { "1s1s", BAD },
		{ "1s5", BAD },
		{ "1S", BAD }, { "1.s", BAD }, { "18446744073709551615s", BAD },
		{ "213503982334601d", BAD }, { "213503982d", 213503982ull * 86400000000 },
		{ "213503983d", BAD }, { "213503982d23h", BAD },
		{ NULL, 0 },
	};

	(void)state;
	check_rows(num_duration, t);
}

static void check_put(void (*put)(struct buf *, uint64_t), const struct row *t)
{
	for (; t->text; t++) {
		struct buf b = { 0 };

		put(&b, t->value);
		assert_string_equal(buf_cstr(&b), t->text);
		buf_release(&b);
	}
}

static void put_durations(void **state)
{
	static const struct row t[] = {
		{ "0s", 0 }, { "1us", 1 }, { "999us", 999 }, { "1ms", 1000 },
		{ "1.2ms", 1234 }, { "9.9ms", 9949 }, { "10ms", 9950 }, { "18ms", 18000 },
		{ "18ms", 18249 }, { "99ms", 99499 }, { "0.1s", 99500 }, { "0.2s", 176000 },
		{ "0.9s", 949999 }, { "1s", 950000 }, { "1.3s", 1260000 }, { "9.9s", 9949999 },
		{ "10s", 9950000 }, { "12s", 12345678 },
		{ "59s", 59499999 }, { "1m", 59500000 }, { "1m", 60000000 },
		{ "2m5s", 125999999 },
		{ "59m", 3599999999 }, { "1h", 3600000000 }, { "2h40m", 9600000000 },
		{ "9h59m", 35999999999 }, { "10h", 36000000000 }, { "23h", 86399999999 },
		{ "1d", 86400000000 }, { "3d4h", 273600000000 },
		{ "99d", 8639999999999 }, { "100d", 8640000000000 },
		{ "213503982d", UINT64_MAX },
		{ NULL, 0 },
	};

	(void)state;
	check_put(num_put_duration, t);
}

static void put_sizes(void **state)
{
	static const struct row t[] = {
		{ "0", 0 }, { "1", 1 }, { "999", 999 }, { "1K", 1000 }, { "1K", 1049 },
		{ "1.1K", 1050 }, { "9.9K", 9949 }, { "10K", 9950 }, { "17K", 17499 },
		{ "18K", 17500 }, { "999K", 999499 }, { "1M", 999500 }, { "1.2M", 1234567 },
		{ "170M", 170000000 }, { "3.8M", 3800000 }, { "1G", 999999999 },
		{ "18T", 18000000000000 },
		{ "1P", 1000000000000000 }, { "18E", UINT64_MAX },
		{ NULL, 0 },
	};

	(void)state;
	check_put(num_put_size, t);
}

/* What is shown of a duration can be typed again, and comes near. */
static void shown_is_readable(void **state)
{
	(void)state;
	for (uint64_t us = 1; us < 1ull << 62; us += us / 7 + 1) {
		struct buf b = { 0 };
		uint64_t back;

		num_put_duration(&b, us);
		assert_true(num_duration(b.data, b.len, &back));
		/* up to 10 s it is the nearest tenth, minutes and more are cut */
		assert_true(back <= us + us / 2 && back >= us - us / 3);
		assert_true(us < 10000000 || (back <= us + us / 20 && back >= us - us / 10));
		buf_release(&b);
	}
}

static void check_time(uint64_t seconds)
{
	struct buf b = { 0 };
	char want[64];
	time_t t = (time_t)seconds;
	struct tm tm;

	num_put_time(&b, seconds * 1000000000, false);
	gmtime_r(&t, &tm);
	strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%SZ", &tm);
	assert_string_equal(buf_cstr(&b), want);
	buf_release(&b);
}

static void times(void **state)
{
	struct buf b = { 0 };

	(void)state;
	for (uint64_t s = 0; s < 18446744073; s += 86399 * 13)
		check_time(s);
	check_time(951782400);		/* 29 February 2000 */
	check_time(4107542399);		/* 28 February 2100, the last second */
	check_time(4107542400);		/* 1 March 2100 */
	num_put_time(&b, 1795225449007999999, true);
	assert_string_equal(buf_cstr(&b), "2026-11-21T01:44:09.007Z");
	buf_release(&b);
}

static void reals(void **state)
{
	static const struct { double v; const char *text; } t[] = {
		{ 0, "0" }, { 1, "1" }, { -1.5, "-1.5" }, { 0.1, "0.1" },
		{ 12.3456789, "12.3457" },
		{ 99999.96, "100000" }, { 9.9999999, "10" }, { 1234567.6, "1234568" },
		{ 1e14, "100000000000000" }, { 123456789012345.0, "123456789012345" },
		{ 1e15, "1e+15" }, { 1.5e15, "1.5e+15" }, { 1.23456789e20, "1.23457e+20" },
		{ 9.9999999e99, "1e+100" }, { 1e-6, "0.000001" },
		{ 0.000123456789, "0.000123457" },
		{ 1e-300, "0" }, { 1.7976931348623157e308, "1.79769e+308" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct buf b = { 0 };

		num_put_real(&b, t[i].v);
		assert_string_equal(buf_cstr(&b), t[i].text);
		buf_release(&b);
	}
}

/* Between 1e-4 and 1e5 it is printf's %g. */
static void reals_as_printf(void **state)
{
	(void)state;
	for (double v = 0.000100001; v < 99999; v *= 1.0037) {
		struct buf b = { 0 };
		char want[32];

		num_put_real(&b, v);
		snprintf(want, sizeof(want), "%g", v);
		assert_string_equal(buf_cstr(&b), want);
		buf_release(&b);
	}
}

static void not_numbers(void **state)
{
	double zero = 0, big = 1e308;
	struct buf b = { 0 };

	(void)state;
	num_put_real(&b, big * 10);
	num_put_real(&b, -big * 10);
	num_put_real(&b, big * 10 * zero);
	assert_string_equal(buf_cstr(&b), "inf-infnan");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers),
		cmocka_unit_test(sizes),
		cmocka_unit_test(durations),
		cmocka_unit_test(put_durations),
		cmocka_unit_test(put_sizes),
		cmocka_unit_test(shown_is_readable),
		cmocka_unit_test(times),
		cmocka_unit_test(reals),
		cmocka_unit_test(reals_as_printf),
		cmocka_unit_test(not_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
