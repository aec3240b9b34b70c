/* SPDX-License-Identifier: MIT */
/* The gate for untrusted bytes: what comes out, that it can be undone, and how
 * wide it is. The judge here knows UTF-8 and the promised classes by itself. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/text.h"

#define FLAGS 64		/* all sets of flags */

static void check_text(const char *in, size_t len, unsigned flags, const char *want)
{
	struct buf b = { 0 };

	text_safe(&b, in, len, flags);
	assert_string_equal(buf_cstr(&b), want);
	buf_release(&b);
}

static void known_answers(void **state)
{
	(void)state;
	check_text("nginx: worker", 13, 0, "nginx: worker");
	check_text("a\\b", 3, 0, "a\\\\b");
	check_text("\0\n\r\t\033[31m\x7f", 10, 0, "\\x00\\x0a\\x0d\\x09\\x1b[31m\\x7f");
	check_text("caf\xc3\xa9", 5, 0, "caf\xc3\xa9");
	check_text("caf\xc3\xa9", 5, TEXT_ASCII, "caf\\xc3\\xa9");
	check_text("caf\xc3", 4, 0, "caf\\xc3");
	check_text("\xc2\x9b" "1m", 4, 0, "\\xc2\\x9b1m");
	check_text("\xe2\x80\xae" "cod", 6, 0, "\\xe2\\x80\\xae" "cod");
	check_text("a b;c,d", 7, TEXT_BLANK, "a\\x20b;c,d");
	check_text("a b;c,d", 7, TEXT_SEMI, "a b\\x3bc,d");
	check_text("a b;c,d", 7, TEXT_COMMA, "a b;c\\x2cd");
	check_text("@a@", 3, TEXT_AT, "\\x40a@");
	check_text("@a@", 3, 0, "@a@");
	check_text("=1+1", 4, TEXT_FORMULA, "\\x3d1+1");
	check_text("+1", 2, TEXT_FORMULA, "\\x2b1");
	check_text("-1-1", 4, TEXT_FORMULA, "\\x2d1-1");
	check_text("@x", 2, TEXT_FORMULA, "\\x40x");
	check_text("a\xc2\xa0" "b\xe3\x80\x80", 7, TEXT_BLANK, "a\\xc2\\xa0b\\xe3\\x80\\x80");
	/* a mark at the start would strike through what stands before */
	check_text("\xcc\xb8x\xcc\xb8", 5, 0, "\\xcc\\xb8x\xcc\xb8");
}

static size_t encode(uint32_t c, unsigned char *s)
{
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; c >>= 6)
		s[i] = (unsigned char)(0x80 | (c & 0x3f));
	s[0] = (unsigned char)(n == 1 ? c : lead[n] | c);
	return n;
}

static bool must_be_unsafe(uint32_t c)
{
	return c < 0x20 || c == '\\' || (c >= 0x7f && c <= 0x9f) ||
	       c == 0xad || c == 0x61c || (c >= 0xd800 && c <= 0xf8ff) ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || c == 0x180e ||
	       c == 0x115f || c == 0x1160 || c == 0x3164 || c == 0xffa0 ||
	       (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xfdd0 && c <= 0xfdef) ||
	       (c & 0xfffe) == 0xfffe || c >= 0x40000;
}

static void every_code_point(void **state)
{
	static const uint32_t must_stay[] = {
		' ', 'a', '~', 0xa1, 0xe9, 0x3b1, 0x416, 0x5d0, 0x627, 0x905, 0xe01, 0x2026,
		0x20ac, 0x3042, 0x4e2d, 0xac00, 0xfffd, 0x1f600, 0x20000, 0x30000,
	};
	unsigned char s[5] = "x";

	(void)state;
	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		size_t n = 1 + encode(c, s + 1);

		if (must_be_unsafe(c) && text_is_safe(s, n, 0))
			fail_msg("U+%04X is let through", c);
	}
	for (size_t i = 0; i < sizeof(must_stay) / sizeof(*must_stay); i++)
		assert_true(text_is_safe(s, 1 + encode(must_stay[i], s + 1), 0));
}

static void malformed_is_unsafe(void **state)
{
	static const char *const bad[] = {
		"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf",
		"\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff",
		"\xe2\x82", "\xf0\x9f\x98", "\xc3(", "\xe2(\xa1", "\xe2\x82(",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct buf b = { 0 };

		assert_false(text_is_safe(bad[i], strlen(bad[i]), 0));
		text_safe(&b, bad[i], strlen(bad[i]), 0);
		for (size_t k = 0; k < b.len; k++)
			assert_in_range((unsigned char)b.data[k], 0x20, 0x7e);
		buf_release(&b);
	}
}

/* All promises about one string under one set of flags. */
static void check_promises(const unsigned char *s, size_t len, unsigned flags,
			   struct buf *out, struct buf *back)
{
	buf_reset(out);
	buf_reset(back);
	text_safe(out, s, len, flags);
	if (text_unescape(back, out->data, out->len) != 0 || back->len != len ||
	    (len && memcmp(back->data, s, len) != 0))
		fail_msg("not undone: '%s', flags %x", buf_cstr(out), flags);
	if (text_is_safe(s, len, flags) !=
	    (out->len == len && (!len || !memcmp(out->data, s, len))))
		fail_msg("text_is_safe is wrong: '%s', flags %x", buf_cstr(out), flags);
	for (size_t i = 0; i < out->len; i++) {
		unsigned char c = (unsigned char)out->data[i];

		if (c < 0x20 || c == 0x7f || (flags & TEXT_BLANK && c == ' ') ||
		    (flags & TEXT_SEMI && c == ';') || (flags & TEXT_COMMA && c == ',') ||
		    (flags & TEXT_ASCII && c > 0x7e) ||
		    (!i && flags & (TEXT_AT | TEXT_FORMULA) && c == '@') ||
		    (!i && flags & TEXT_FORMULA && strchr("=+-", c)))
			fail_msg("byte %02x is let through, flags %x", c, flags);
	}
}

static void short_strings(void **state)
{
	struct buf out = { 0 }, back = { 0 };
	unsigned char s[2];

	(void)state;
	for (unsigned flags = 0; flags < FLAGS; flags++) {
		check_promises(s, 0, flags, &out, &back);
		for (unsigned v = 0; v < 65536; v++) {
			s[0] = (unsigned char)v;
			s[1] = (unsigned char)(v >> 8);
			if (v < 256)
				check_promises(s, 1, flags, &out, &back);
			check_promises(s, 2, flags, &out, &back);
		}
	}
	buf_release(&out);
	buf_release(&back);
}

static uint32_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

/* Random bytes with a taste for what is special. */
static size_t hostile(uint64_t *seed, unsigned char *s, size_t room)
{
	static const char special[] =
		"\\x\\\\x41 ;,@=+-\xe2\x80\xae\xcc\x81\xf0\x9f\x98\x80\xc3\xa9\x1b[\n";
	size_t len = next_random(seed) % room;

	for (size_t i = 0; i < len;) {
		unsigned kind = next_random(seed) % 4;

		if (kind == 0) {
			s[i++] = (unsigned char)next_random(seed);
		} else if (kind == 1) {
			s[i++] = (unsigned char)special[next_random(seed) %
							(sizeof(special) - 1)];
		} else if (kind == 2) {
			s[i++] = (unsigned char)('a' + next_random(seed) % 26);
		} else if (len - i >= 4) {
			i += encode(next_random(seed) % 0x110000, s + i);
		} else {
			s[i++] = '\\';
		}
	}
	return len;
}

static void random_strings(void **state)
{
	struct buf out = { 0 }, back = { 0 };
	unsigned char s[40];
	uint64_t seed = 20261121;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		size_t len = hostile(&seed, s, sizeof(s));

		check_promises(s, len, next_random(&seed) % FLAGS, &out, &back);
	}
	buf_release(&out);
	buf_release(&back);
}

static void refused_escapes(void **state)
{
	static const char *const bad[] = {
		"\\", "a\\", "\\x", "\\x4", "\\xZZ", "\\x0G", "\\X00", "\\n", "\\0", "\\x5c",
		"\\x1B", "\\x41", "a\\x40", "a\\x2d", "\n", "\xff", "\xc3", "\xe2\x80\xae",
		"\\\\\\", "\xcc\x81",
	};
	struct buf b = { 0 };

	(void)state;
	buf_puts(&b, "kept");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(text_unescape(&b, bad[i], strlen(bad[i])), -EINVAL);
		assert_string_equal(buf_cstr(&b), "kept");
	}
	assert_int_equal(text_unescape(&b, "\\x2d\\\\x\\x1b-", 12), 0);
	assert_string_equal(buf_cstr(&b), "kept-\\x\x1b-");
	assert_int_equal(text_unescape(&b, "\0", 1), -EINVAL);
	buf_release(&b);
}

/* Any text is taken whole or refused without a trace. */
static void unescape_any(void **state)
{
	struct buf back = { 0 };
	unsigned char s[24];
	uint64_t seed = 7;
	unsigned taken = 0;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		size_t len = hostile(&seed, s, sizeof(s));

		buf_reset(&back);
		if (text_unescape(&back, (char *)s, len) == 0) {
			taken++;
			assert_true(back.len <= len);
		} else {
			assert_int_equal(back.len, 0);
		}
	}
	assert_true(taken > 1000 && taken < 99000);
	buf_release(&back);
}

static void out_of_memory(void **state)
{
	struct buf b = { 0 };

	(void)state;
	mem_fail_at(1);
	text_safe(&b, "\x1b", 1, 0);
	assert_true(b.failed);
	buf_reset(&b);
	mem_fail_at(1);
	assert_int_equal(text_unescape(&b, "\\x1b", 4), -ENOMEM);
	mem_fail_at(0);
	buf_release(&b);
}

static void widths(void **state)
{
	static const struct { const char *text; size_t width; } t[] = {
		{ "", 0 }, { "sshd", 4 }, { "caf\xc3\xa9", 4 }, { "cafe\xcc\x81", 4 },
		{ "\xe4\xb8\xad\xe6\x96\x87", 4 }, { "\xf0\x9f\x98\x80", 2 },
		{ "\xea\xb0\x80", 2 }, { "\xe1\x84\x80\xe1\x85\xa1", 2 },
		{ "\xef\xbc\xa1", 2 }, { "\xef\xbd\xb1", 1 }, { "\xd7\x90", 1 },
		{ "\\x1b[m", 6 }, { "\\\\", 2 }, { "\xe0\xa4\x95\xe0\xa5\x8d", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++)
		assert_int_equal(text_width(t[i].text, strlen(t[i].text)), t[i].width);
}

static void cuts(void **state)
{
	static const struct { const char *text; size_t width, len, used; } t[] = {
		{ "sshd", 0, 0, 0 }, { "sshd", 2, 2, 2 }, { "sshd", 4, 4, 4 },
		{ "sshd", 9, 4, 4 },
		{ "a\\x1bb", 1, 1, 1 }, { "a\\x1bb", 4, 1, 1 }, { "a\\x1bb", 5, 5, 5 },
		{ "\\\\", 1, 0, 0 }, { "\\\\\\x0a", 3, 2, 2 },
		{ "\xe4\xb8\xad\xe6\x96\x87", 3, 3, 2 }, { "\xe4\xb8\xad", 1, 0, 0 },
		{ "e\xcc\x81z", 1, 3, 1 }, { "\xc3\xa9\xc3\xa9", 1, 2, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		size_t used = 99;

		assert_int_equal(text_cut(t[i].text, strlen(t[i].text), t[i].width, &used),
			t[i].len);
		assert_int_equal(used, t[i].used);
	}
}

static void base64(void **state)
{
	static const struct { const char *in; size_t len; const char *want; } t[] = {
		{ "", 0, "" }, { "f", 1, "Zg==" }, { "fo", 2, "Zm8=" }, { "foo", 3, "Zm9v" },
		{ "foob", 4, "Zm9vYg==" }, { "\xff\xef\xbe\0", 4, "/+++AA==" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct buf b = { 0 };

		text_base64(&b, t[i].in, t[i].len);
		assert_string_equal(buf_cstr(&b), t[i].want);
		buf_release(&b);
	}
}

static void distances(void **state)
{
	char longer[100];

	(void)state;
	memset(longer, 'a', 99);
	longer[99] = '\0';
	assert_int_equal(text_distance("state", "state", 3), 0);
	assert_int_equal(text_distance("State", "sTATE", 3), 0);
	assert_int_equal(text_distance("sate", "state", 3), 1);
	assert_int_equal(text_distance("satte", "state", 3), 1);
	assert_int_equal(text_distance("", "abc", 3), 3);
	assert_int_equal(text_distance("abc", "", 2), 3);
	assert_int_equal(text_distance("kitten", "sitting", 5), 3);
	assert_int_equal(text_distance("abcdef", "uvwxyz", 2), 3);
	assert_int_equal(text_distance(longer, longer, 2), 3);
	assert_int_equal(text_distance(longer + 35, longer + 36, 2), 1);
}

static bool glob(const char *pattern, const char *s, bool blind)
{
	return text_glob(pattern, strlen(pattern), s, strlen(s), blind);
}

static void globs(void **state)
{
	char as[3000], pattern[64];

	(void)state;
	assert_true(glob("", "", false));
	assert_false(glob("", "a", false));
	assert_true(glob("*", "", false));
	assert_true(glob("**", "abc", false));
	assert_true(glob("ssh*", "sshd", false));
	assert_false(glob("sshd", "sshd-evil", false));
	assert_true(glob("*d", "sshd", false));
	assert_true(glob("a*b*c", "aXbYbZc", false));
	assert_false(glob("a*b*c", "aXbYbZ", false));
	assert_true(glob("*ab", "aab", false));
	assert_false(glob("SSH*", "sshd", false));
	assert_true(glob("SSH*", "sshd", true));
	assert_true(glob("[a]?", "[a]?", false));
	assert_false(glob("?", "a", false));
	assert_true(text_glob("a*\0", 3, "a\xff\0", 3, false));
	assert_false(text_glob("a", 1, "a\0", 2, false));
	/* a pattern made to backtrack ends at once */
	memset(as, 'a', sizeof(as));
	for (unsigned i = 0; i < 31; i++)
		memcpy(pattern + 2 * i, "*a", 2);
	memcpy(pattern + 62, "*b", 2);
	assert_false(text_glob(pattern, 64, as, sizeof(as), false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(every_code_point),
		cmocka_unit_test(malformed_is_unsafe),
		cmocka_unit_test(short_strings),
		cmocka_unit_test(random_strings),
		cmocka_unit_test(refused_escapes),
		cmocka_unit_test(unescape_any),
		cmocka_unit_test(out_of_memory),
		cmocka_unit_test(widths),
		cmocka_unit_test(cuts),
		cmocka_unit_test(base64),
		cmocka_unit_test(distances),
		cmocka_unit_test(globs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
