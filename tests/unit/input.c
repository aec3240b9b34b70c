/* SPDX-License-Identifier: MIT */
/* Names of keys, there and back. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "live/input.h"

static uint32_t key(const char *name)
{
	return input_key(name, (uint32_t)strlen(name));
}

static void names(void **state)
{
	(void)state;
	assert_int_equal(key("j"), 'j');
	assert_int_equal(key("J"), 'J');
	assert_int_equal(key("\\"), '\\');
	assert_int_equal(key("-"), '-');
	assert_int_equal(key("\u00e9"), 0xe9);
	assert_int_equal(key("Enter"), IN_ENTER);
	assert_int_equal(key("ret"), IN_ENTER);
	assert_int_equal(key("Esc"), IN_ESC);
	assert_int_equal(key("Space"), ' ');
	assert_int_equal(key("F1"), IN_F1);
	assert_int_equal(key("F12"), IN_F12);
	assert_int_equal(key("C-l"), 12);
	assert_int_equal(key("C-L"), 12);
	assert_int_equal(key("M-1"), IN_ALT | '1');
	assert_int_equal(key("M-Enter"), IN_ALT | IN_ENTER);
	assert_int_equal(key("S-Up"), IN_SHIFT_UP);
	assert_int_equal(key("S-Tab"), IN_BACKTAB);
}

static void no_names(void **state)
{
	static const char *const bad[] = { "", " ", "F13", "C-1", "C-", "M-", "Entry", "jj",
					   "C-Enter", "\033", "\xff", "\u0301", "X-a", "\u202e" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(key(bad[i]), IN_NONE);
}

static void there_and_back(void **state)
{
	char buf[16];

	(void)state;
	for (uint32_t k = 1; k < 0x500; k++) {
		const char *name = input_key_name(k, buf);

		assert_in_range(strlen(name), 1, 15);
		for (const char *s = name; *s; s++)
			assert_in_range((unsigned char)*s, 0x21, 0xff);
		if (strncmp(name, "U+", 2) || k == 'U')
			assert_int_equal(key(name), k);
	}
	for (uint32_t k = IN_UP; k <= IN_F12; k++) {
		assert_int_equal(key(input_key_name(k, buf)), k);
		assert_int_equal(key(input_key_name(k | IN_ALT, buf)), k | IN_ALT);
	}
	assert_string_equal(input_key_name(12, buf), "C-l");
	assert_string_equal(input_key_name(IN_ALT | '1', buf), "M-1");
	assert_string_equal(input_key_name(0x202e, buf), "U+202E");
	assert_string_equal(input_key_name(UINT32_MAX, buf), "M-U+BFFFFF");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names), cmocka_unit_test(no_names),
		cmocka_unit_test(there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
