/* SPDX-License-Identifier: MIT */
/*
 * What is safe to show and how to write the rest, how wide it is, and the small
 * text jobs that go with it. Tables of its own, so that the answer depends
 * neither on the locale nor on the C library. Nothing else in the program
 * decides what may reach a terminal or a file.
 */
#include "base/text.h"

#include <errno.h>
#include <string.h>

struct range { uint32_t from, to; };

/* Not shown as they are, above ASCII: controls, what reorders or breaks lines,
 * what cannot be seen (two names that look alike must not be two), what is for
 * private use or assigned in no plane. Surrogates never decode. */
static const struct range unsafe[] = {
	{ 0x0080, 0x009f }, /* C1 */
	{ 0x00ad, 0x00ad }, /* soft hyphen */
	{ 0x034f, 0x034f }, /* grapheme joiner */
	{ 0x061c, 0x061c }, /* arabic letter mark */
	{ 0x115f, 0x1160 }, /* Hangul fillers */
	{ 0x17b4, 0x17b5 }, /* Khmer inherent vowels */
	{ 0x180b, 0x180f }, /* Mongolian variation selectors, vowel separator */
	{ 0x200b, 0x200f }, /* zero width, LRM, RLM */
	{ 0x2028, 0x202e }, /* line and paragraph separator, bidi embedding */
	{ 0x2060, 0x206f }, /* word joiner, invisible operators, bidi isolates */
	{ 0x2800, 0x2800 }, /* a Braille pattern without dots */
	{ 0x3164, 0x3164 }, /* Hangul filler */
	{ 0xe000, 0xf8ff }, /* private use */
	{ 0xfdd0, 0xfdef }, /* noncharacters */
	{ 0xfe00, 0xfe0f }, /* variation selectors */
	{ 0xfeff, 0xfeff }, /* byte order mark */
	{ 0xffa0, 0xffa0 }, /* halfwidth Hangul filler */
	{ 0xfff0, 0xfffb }, /* unassigned specials, interlinear annotation */
	{ 0xfffe, 0xffff },
	{ 0x13430, 0x1343f }, /* hieroglyph format controls */
	{ 0x1bca0, 0x1bca3 }, /* shorthand format controls */
	{ 0x1d159, 0x1d159 }, /* null notehead */
	{ 0x1d173, 0x1d17a }, /* musical format controls */
	{ 0x1fffe, 0x1ffff }, { 0x2fffe, 0x2ffff },
	{ 0x3fffe, 0x10ffff }, /* no plane, tags, selectors, private planes */
};

/* Blanks above ASCII; many programs split columns at them. */
static const struct range blanks[] = {
	{ 0x00a0, 0x00a0 }, { 0x1680, 0x1680 }, { 0x2000, 0x200a }, { 0x202f, 0x202f },
	{ 0x205f, 0x205f }, { 0x3000, 0x3000 },
};

/* East Asian wide and fullwidth (Unicode 14; unassigned gaps are bridged). */
static const struct range wide[] = {
	{ 0x1100, 0x115f }, { 0x231a, 0x231b }, { 0x2329, 0x232a }, { 0x23e9, 0x23ec },
	{ 0x23f0, 0x23f0 }, { 0x23f3, 0x23f3 }, { 0x25fd, 0x25fe }, { 0x2614, 0x2615 },
	{ 0x2648, 0x2653 }, { 0x267f, 0x267f }, { 0x2693, 0x2693 }, { 0x26a1, 0x26a1 },
	{ 0x26aa, 0x26ab }, { 0x26bd, 0x26be }, { 0x26c4, 0x26c5 }, { 0x26ce, 0x26ce },
	{ 0x26d4, 0x26d4 }, { 0x26ea, 0x26ea }, { 0x26f2, 0x26f3 }, { 0x26f5, 0x26f5 },
	{ 0x26fa, 0x26fa }, { 0x26fd, 0x26fd }, { 0x2705, 0x2705 }, { 0x270a, 0x270b },
	{ 0x2728, 0x2728 }, { 0x274c, 0x274c }, { 0x274e, 0x274e }, { 0x2753, 0x2755 },
	{ 0x2757, 0x2757 }, { 0x2795, 0x2797 }, { 0x27b0, 0x27b0 }, { 0x27bf, 0x27bf },
	{ 0x2b1b, 0x2b1c }, { 0x2b50, 0x2b50 }, { 0x2b55, 0x2b55 }, { 0x2e80, 0x303e },
	{ 0x3041, 0x3247 }, { 0x3250, 0x4dbf }, { 0x4e00, 0xa4c6 }, { 0xa960, 0xa97c },
	{ 0xac00, 0xd7a3 }, { 0xf900, 0xfad9 }, { 0xfe10, 0xfe19 }, { 0xfe30, 0xfe6b },
	{ 0xff01, 0xff60 }, { 0xffe0, 0xffe6 }, { 0x16fe0, 0x1b2fb }, { 0x1f004, 0x1f004 },
	{ 0x1f0cf, 0x1f0cf }, { 0x1f18e, 0x1f18e }, { 0x1f191, 0x1f19a }, { 0x1f200, 0x1f320 },
	{ 0x1f32d, 0x1f335 }, { 0x1f337, 0x1f37c }, { 0x1f37e, 0x1f393 }, { 0x1f3a0, 0x1f3ca },
	{ 0x1f3cf, 0x1f3d3 }, { 0x1f3e0, 0x1f3f0 }, { 0x1f3f4, 0x1f3f4 }, { 0x1f3f8, 0x1f43e },
	{ 0x1f440, 0x1f440 }, { 0x1f442, 0x1f4fc }, { 0x1f4ff, 0x1f53d }, { 0x1f54b, 0x1f54e },
	{ 0x1f550, 0x1f567 }, { 0x1f57a, 0x1f57a }, { 0x1f595, 0x1f596 }, { 0x1f5a4, 0x1f5a4 },
	{ 0x1f5fb, 0x1f64f }, { 0x1f680, 0x1f6c5 }, { 0x1f6cc, 0x1f6cc }, { 0x1f6d0, 0x1f6d2 },
	{ 0x1f6d5, 0x1f6df }, { 0x1f6eb, 0x1f6ec }, { 0x1f6f4, 0x1f6fc }, { 0x1f7e0, 0x1f7f0 },
	{ 0x1f90c, 0x1f93a }, { 0x1f93c, 0x1f945 }, { 0x1f947, 0x1f9ff }, { 0x1fa70, 0x1faf6 },
	{ 0x20000, 0x3fffd },
};

/* No column of their own: nonspacing and enclosing marks, Hangul vowels and
 * finals that join the consonant before them. */
static const struct range marks[] = {
	{ 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x05bf, 0x05bf },
	{ 0x05c1, 0x05c2 }, { 0x05c4, 0x05c5 }, { 0x05c7, 0x05c7 }, { 0x0610, 0x061a },
	{ 0x064b, 0x065f }, { 0x0670, 0x0670 }, { 0x06d6, 0x06dc }, { 0x06df, 0x06e4 },
	{ 0x06e7, 0x06e8 }, { 0x06ea, 0x06ed }, { 0x0711, 0x0711 }, { 0x0730, 0x074a },
	{ 0x07a6, 0x07b0 }, { 0x07eb, 0x07f3 }, { 0x07fd, 0x07fd }, { 0x0816, 0x0819 },
	{ 0x081b, 0x0823 }, { 0x0825, 0x0827 }, { 0x0829, 0x082d }, { 0x0859, 0x085b },
	{ 0x0898, 0x089f }, { 0x08ca, 0x08e1 }, { 0x08e3, 0x0902 }, { 0x093a, 0x093a },
	{ 0x093c, 0x093c }, { 0x0941, 0x0948 }, { 0x094d, 0x094d }, { 0x0951, 0x0957 },
	{ 0x0962, 0x0963 }, { 0x0981, 0x0981 }, { 0x09bc, 0x09bc }, { 0x09c1, 0x09c4 },
	{ 0x09cd, 0x09cd }, { 0x09e2, 0x09e3 }, { 0x09fe, 0x0a02 }, { 0x0a3c, 0x0a3c },
	{ 0x0a41, 0x0a51 }, { 0x0a70, 0x0a71 }, { 0x0a75, 0x0a75 }, { 0x0a81, 0x0a82 },
	{ 0x0abc, 0x0abc }, { 0x0ac1, 0x0ac8 }, { 0x0acd, 0x0acd }, { 0x0ae2, 0x0ae3 },
	{ 0x0afa, 0x0b01 }, { 0x0b3c, 0x0b3c }, { 0x0b3f, 0x0b3f }, { 0x0b41, 0x0b44 },
	{ 0x0b4d, 0x0b56 }, { 0x0b62, 0x0b63 }, { 0x0b82, 0x0b82 }, { 0x0bc0, 0x0bc0 },
	{ 0x0bcd, 0x0bcd }, { 0x0c00, 0x0c00 }, { 0x0c04, 0x0c04 }, { 0x0c3c, 0x0c3c },
	{ 0x0c3e, 0x0c40 }, { 0x0c46, 0x0c56 }, { 0x0c62, 0x0c63 }, { 0x0c81, 0x0c81 },
	{ 0x0cbc, 0x0cbc }, { 0x0cbf, 0x0cbf }, { 0x0cc6, 0x0cc6 }, { 0x0ccc, 0x0ccd },
	{ 0x0ce2, 0x0ce3 }, { 0x0d00, 0x0d01 }, { 0x0d3b, 0x0d3c }, { 0x0d41, 0x0d44 },
	{ 0x0d4d, 0x0d4d }, { 0x0d62, 0x0d63 }, { 0x0d81, 0x0d81 }, { 0x0dca, 0x0dca },
	{ 0x0dd2, 0x0dd6 }, { 0x0e31, 0x0e31 }, { 0x0e34, 0x0e3a }, { 0x0e47, 0x0e4e },
	{ 0x0eb1, 0x0eb1 }, { 0x0eb4, 0x0ebc }, { 0x0ec8, 0x0ecd }, { 0x0f18, 0x0f19 },
	{ 0x0f35, 0x0f35 }, { 0x0f37, 0x0f37 }, { 0x0f39, 0x0f39 }, { 0x0f71, 0x0f7e },
	{ 0x0f80, 0x0f84 }, { 0x0f86, 0x0f87 }, { 0x0f8d, 0x0fbc }, { 0x0fc6, 0x0fc6 },
	{ 0x102d, 0x1030 }, { 0x1032, 0x1037 }, { 0x1039, 0x103a }, { 0x103d, 0x103e },
	{ 0x1058, 0x1059 }, { 0x105e, 0x1060 }, { 0x1071, 0x1074 }, { 0x1082, 0x1082 },
	{ 0x1085, 0x1086 }, { 0x108d, 0x108d }, { 0x109d, 0x109d }, { 0x1160, 0x11ff },
	{ 0x135d, 0x135f }, { 0x1712, 0x1714 }, { 0x1732, 0x1733 }, { 0x1752, 0x1753 },
	{ 0x1772, 0x1773 }, { 0x17b4, 0x17b5 }, { 0x17b7, 0x17bd }, { 0x17c6, 0x17c6 },
	{ 0x17c9, 0x17d3 }, { 0x17dd, 0x17dd }, { 0x180b, 0x180d }, { 0x180f, 0x180f },
	{ 0x1885, 0x1886 }, { 0x18a9, 0x18a9 }, { 0x1920, 0x1922 }, { 0x1927, 0x1928 },
	{ 0x1932, 0x1932 }, { 0x1939, 0x193b }, { 0x1a17, 0x1a18 }, { 0x1a1b, 0x1a1b },
	{ 0x1a56, 0x1a56 }, { 0x1a58, 0x1a60 }, { 0x1a62, 0x1a62 }, { 0x1a65, 0x1a6c },
	{ 0x1a73, 0x1a7f }, { 0x1ab0, 0x1b03 }, { 0x1b34, 0x1b34 }, { 0x1b36, 0x1b3a },
	{ 0x1b3c, 0x1b3c }, { 0x1b42, 0x1b42 }, { 0x1b6b, 0x1b73 }, { 0x1b80, 0x1b81 },
	{ 0x1ba2, 0x1ba5 }, { 0x1ba8, 0x1ba9 }, { 0x1bab, 0x1bad }, { 0x1be6, 0x1be6 },
	{ 0x1be8, 0x1be9 }, { 0x1bed, 0x1bed }, { 0x1bef, 0x1bf1 }, { 0x1c2c, 0x1c33 },
	{ 0x1c36, 0x1c37 }, { 0x1cd0, 0x1cd2 }, { 0x1cd4, 0x1ce0 }, { 0x1ce2, 0x1ce8 },
	{ 0x1ced, 0x1ced }, { 0x1cf4, 0x1cf4 }, { 0x1cf8, 0x1cf9 }, { 0x1dc0, 0x1dff },
	{ 0x20d0, 0x20f0 }, { 0x2cef, 0x2cf1 }, { 0x2d7f, 0x2d7f }, { 0x2de0, 0x2dff },
	{ 0x302a, 0x302d }, { 0x3099, 0x309a }, { 0xa66f, 0xa672 }, { 0xa674, 0xa67d },
	{ 0xa69e, 0xa69f }, { 0xa6f0, 0xa6f1 }, { 0xa802, 0xa802 }, { 0xa806, 0xa806 },
	{ 0xa80b, 0xa80b }, { 0xa825, 0xa826 }, { 0xa82c, 0xa82c }, { 0xa8c4, 0xa8c5 },
	{ 0xa8e0, 0xa8f1 }, { 0xa8ff, 0xa8ff }, { 0xa926, 0xa92d }, { 0xa947, 0xa951 },
	{ 0xa980, 0xa982 }, { 0xa9b3, 0xa9b3 }, { 0xa9b6, 0xa9b9 }, { 0xa9bc, 0xa9bd },
	{ 0xa9e5, 0xa9e5 }, { 0xaa29, 0xaa2e }, { 0xaa31, 0xaa32 }, { 0xaa35, 0xaa36 },
	{ 0xaa43, 0xaa43 }, { 0xaa4c, 0xaa4c }, { 0xaa7c, 0xaa7c }, { 0xaab0, 0xaab0 },
	{ 0xaab2, 0xaab4 }, { 0xaab7, 0xaab8 }, { 0xaabe, 0xaabf }, { 0xaac1, 0xaac1 },
	{ 0xaaec, 0xaaed }, { 0xaaf6, 0xaaf6 }, { 0xabe5, 0xabe5 }, { 0xabe8, 0xabe8 },
	{ 0xabed, 0xabed }, { 0xd7b0, 0xd7fb }, { 0xfb1e, 0xfb1e }, { 0xfe00, 0xfe0f },
	{ 0xfe20, 0xfe2f }, { 0x101fd, 0x101fd }, { 0x102e0, 0x102e0 }, { 0x10376, 0x1037a },
	{ 0x10a01, 0x10a0f }, { 0x10a38, 0x10a3f }, { 0x10ae5, 0x10ae6 }, { 0x10d24, 0x10d27 },
	{ 0x10eab, 0x10eac }, { 0x10f46, 0x10f50 }, { 0x10f82, 0x10f85 }, { 0x11001, 0x11001 },
	{ 0x11038, 0x11046 }, { 0x11070, 0x11070 }, { 0x11073, 0x11074 }, { 0x1107f, 0x11081 },
	{ 0x110b3, 0x110b6 }, { 0x110b9, 0x110ba }, { 0x110c2, 0x110c2 }, { 0x11100, 0x11102 },
	{ 0x11127, 0x1112b }, { 0x1112d, 0x11134 }, { 0x11173, 0x11173 }, { 0x11180, 0x11181 },
	{ 0x111b6, 0x111be }, { 0x111c9, 0x111cc }, { 0x111cf, 0x111cf }, { 0x1122f, 0x11231 },
	{ 0x11234, 0x11234 }, { 0x11236, 0x11237 }, { 0x1123e, 0x1123e }, { 0x112df, 0x112df },
	{ 0x112e3, 0x112ea }, { 0x11300, 0x11301 }, { 0x1133b, 0x1133c }, { 0x11340, 0x11340 },
	{ 0x11366, 0x11374 }, { 0x11438, 0x1143f }, { 0x11442, 0x11444 }, { 0x11446, 0x11446 },
	{ 0x1145e, 0x1145e }, { 0x114b3, 0x114b8 }, { 0x114ba, 0x114ba }, { 0x114bf, 0x114c0 },
	{ 0x114c2, 0x114c3 }, { 0x115b2, 0x115b5 }, { 0x115bc, 0x115bd }, { 0x115bf, 0x115c0 },
	{ 0x115dc, 0x115dd }, { 0x11633, 0x1163a }, { 0x1163d, 0x1163d }, { 0x1163f, 0x11640 },
	{ 0x116ab, 0x116ab }, { 0x116ad, 0x116ad }, { 0x116b0, 0x116b5 }, { 0x116b7, 0x116b7 },
	{ 0x1171d, 0x1171f }, { 0x11722, 0x11725 }, { 0x11727, 0x1172b }, { 0x1182f, 0x11837 },
	{ 0x11839, 0x1183a }, { 0x1193b, 0x1193c }, { 0x1193e, 0x1193e }, { 0x11943, 0x11943 },
	{ 0x119d4, 0x119db }, { 0x119e0, 0x119e0 }, { 0x11a01, 0x11a0a }, { 0x11a33, 0x11a38 },
	{ 0x11a3b, 0x11a3e }, { 0x11a47, 0x11a47 }, { 0x11a51, 0x11a56 }, { 0x11a59, 0x11a5b },
	{ 0x11a8a, 0x11a96 }, { 0x11a98, 0x11a99 }, { 0x11c30, 0x11c3d }, { 0x11c3f, 0x11c3f },
	{ 0x11c92, 0x11ca7 }, { 0x11caa, 0x11cb0 }, { 0x11cb2, 0x11cb3 }, { 0x11cb5, 0x11cb6 },
	{ 0x11d31, 0x11d45 }, { 0x11d47, 0x11d47 }, { 0x11d90, 0x11d91 }, { 0x11d95, 0x11d95 },
	{ 0x11d97, 0x11d97 }, { 0x11ef3, 0x11ef4 }, { 0x16af0, 0x16af4 }, { 0x16b30, 0x16b36 },
	{ 0x16f4f, 0x16f4f }, { 0x16f8f, 0x16f92 }, { 0x16fe4, 0x16fe4 }, { 0x1bc9d, 0x1bc9e },
	{ 0x1cf00, 0x1cf46 }, { 0x1d167, 0x1d169 }, { 0x1d17b, 0x1d182 }, { 0x1d185, 0x1d18b },
	{ 0x1d1aa, 0x1d1ad }, { 0x1d242, 0x1d244 }, { 0x1da00, 0x1da36 }, { 0x1da3b, 0x1da6c },
	{ 0x1da75, 0x1da75 }, { 0x1da84, 0x1da84 }, { 0x1da9b, 0x1daaf }, { 0x1e000, 0x1e02a },
	{ 0x1e130, 0x1e136 }, { 0x1e2ae, 0x1e2ae }, { 0x1e2ec, 0x1e2ef }, { 0x1e8d0, 0x1e8d6 },
	{ 0x1e944, 0x1e94a },
};

#define IN(table, c) in_table(table, sizeof(table) / sizeof(*(table)), c)

static bool in_table(const struct range *t, size_t n, uint32_t c)
{
	while (n) {
		size_t half = n / 2;

		if (c < t[half].from) {
			n = half;
		} else if (c > t[half].to) {
			t += half + 1;
			n -= half + 1;
		} else {
			return true;
		}
	}
	return false;
}

/* Length of the character at s (len > 0), 0: not UTF-8. Overlong forms,
 * surrogates and what lies past U+10FFFF are not. */
static size_t decode(const unsigned char *s, size_t len, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 :
		   s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
	uint32_t c;

	if (!n || n > len)
		return 0;
	c = n == 1 ? s[0] : s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return n;
}

static bool ascii_is_safe(unsigned char c, bool first, unsigned flags)
{
	switch (c) {
	case '\\':
		return false;
	case ' ':
		return !(flags & TEXT_BLANK);
	case ';':
		return !(flags & TEXT_SEMI);
	case ',':
		return !(flags & TEXT_COMMA);
	case '@':
		return !first || !(flags & (TEXT_AT | TEXT_FORMULA));
	case '=':
	case '+':
	case '-':
		return !first || !(flags & TEXT_FORMULA);
	default:
		return c >= 0x20 && c < 0x7f;
	}
}

/* The character at s (len > 0): its length, and whether it may stay. Bytes that
 * are no character are taken one at a time. */
static size_t judge(const unsigned char *s, size_t len, bool first, unsigned flags,
		    bool *ret_safe)
{
	uint32_t c;
	size_t n;

	if (s[0] < 0x80) {
		*ret_safe = ascii_is_safe(s[0], first, flags);
		return 1;
	}
	n = decode(s, len, &c);
	/* A mark at the start would change what stands before the text. */
	*ret_safe = n && !(flags & TEXT_ASCII) && !IN(unsafe, c) &&
		    !(flags & TEXT_BLANK && IN(blanks, c)) && !(first && IN(marks, c));
	return n ? n : 1;
}

/* ASCII that stays whatever the flags. */
static const bool plain[256] = {
	['!' ... '*'] = true, ['.' ... ':'] = true, ['<'] = true, ['>' ... '?'] = true,
	['A' ... '['] = true, [']' ... '~'] = true,
};

/* Length of the head of s that may stay. */
static size_t safe_head(const unsigned char *s, size_t len, bool first, unsigned flags)
{
	size_t i = 0;

	for (;;) {
		bool safe;
		size_t n;

		while (i < len && plain[s[i]])
			i++;
		if (i == len)
			break;
		n = judge(s + i, len - i, first && !i, flags, &safe);
		if (!safe)
			break;
		i += n;
	}
	return i;
}

static void put_escaped(struct buf *out, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	const char code[4] = { '\\', 'x', hex[c >> 4], hex[c & 15] };

	if (c == '\\')
		buf_put(out, "\\\\", 2);
	else
		buf_put(out, code, 4);
}

void text_safe(struct buf *out, const void *bytes, size_t len, unsigned flags)
{
	const unsigned char *s = bytes;
	size_t i = 0;

	while (i < len) {
		size_t n = safe_head(s + i, len - i, !i, flags);
		bool safe;

		buf_put(out, s + i, n);
		i += n;
		if (i == len)
			break;
		for (n = judge(s + i, len - i, !i, flags, &safe); n; n--)
			put_escaped(out, s[i++]);
	}
}

bool text_is_safe(const void *bytes, size_t len, unsigned flags)
{
	return safe_head(bytes, len, true, flags) == len;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte written as an escape at s (s[0] is a backslash) and the length of
 * that, 0: no escape of ours. Printable ASCII is only written so where some
 * flag may ask for it: every text has one way to be written, not several. */
static size_t read_escape(const char *s, size_t len, bool first, unsigned char *ret)
{
	unsigned every = TEXT_BLANK | TEXT_AT | TEXT_SEMI | TEXT_FORMULA | TEXT_COMMA;
	int high, low;

	if (len >= 2 && s[1] == '\\') {
		*ret = '\\';
		return 2;
	}
	if (len < 4 || s[1] != 'x')
		return 0;
	high = hex_value(s[2]);
	low = hex_value(s[3]);
	if (high < 0 || low < 0)
		return 0;
	*ret = (unsigned char)(high << 4 | low);
	if (*ret == '\\' || (*ret < 0x80 && ascii_is_safe(*ret, first, every)))
		return 0;
	return 4;
}

static int unescape(struct buf *out, const char *s, size_t len)
{
	size_t i = 0;

	while (i < len) {
		size_t n = safe_head((const unsigned char *)s + i, len - i, !i, 0);
		unsigned char c;

		buf_put(out, s + i, n);
		i += n;
		if (i == len)
			break;
		n = s[i] == '\\' ? read_escape(s + i, len - i, !i, &c) : 0;
		if (!n)
			return -EINVAL;
		buf_putc(out, (char)c);
		i += n;
	}
	return out->failed ? -ENOMEM : 0;
}

int text_unescape(struct buf *out, const char *s, size_t len)
{
	size_t had = out->len;
	int r = unescape(out, s, len);

	if (r < 0)
		out->len = had;
	return r;
}

/* The unit at s that is not to be split, and its columns. */
static size_t unit(const char *s, size_t len, size_t *ret_columns)
{
	unsigned char byte;
	uint32_t c;
	size_t n;

	n = s[0] == '\\' ? read_escape(s, len, true, &byte) : 0;
	if (n) {
		*ret_columns = n;
		return n;
	}
	*ret_columns = 1;
	if ((unsigned char)s[0] < 0x80)
		return 1;
	n = decode((const unsigned char *)s, len, &c);
	if (n)
		*ret_columns = IN(marks, c) ? 0 : IN(wide, c) ? 2 : 1;
	return n ? n : 1;
}

size_t text_width(const char *s, size_t len)
{
	size_t width;

	text_cut(s, len, SIZE_MAX, &width);
	return width;
}

size_t text_cut(const char *s, size_t len, size_t width, size_t *ret_width)
{
	size_t i = 0, used = 0;

	while (i < len) {
		size_t columns, n = unit(s + i, len - i, &columns);

		if (columns > width - used)
			break;
		used += columns;
		i += n;
	}
	*ret_width = used;
	return i;
}

size_t text_char(const char *s, size_t len, uint32_t *ret, unsigned *ret_width)
{
	uint32_t c = 0;
	size_t n = decode((const unsigned char *)s, len, &c);

	*ret = n && c >= 0x20 && c != 0x7f && !IN(unsafe, c) ? c : 0;
	*ret_width = !*ret ? 1 : IN(marks, c) ? 0 : IN(wide, c) ? 2 : 1;
	return n ? n : 1;
}

size_t text_encode(uint32_t c, char s[4])
{
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; c >>= 6)
		s[i] = (char)(0x80 | (c & 0x3f));
	s[0] = (char)(n == 1 ? c : lead[n] | c);
	return n;
}

void text_base64(struct buf *out, const void *bytes, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *s = bytes;

	for (size_t i = 0; i < len; i += 3) {
		size_t have = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)s[i] << 16;

		v |= have > 1 ? (uint32_t)s[i + 1] << 8 : 0;
		v |= have > 2 ? s[i + 2] : 0;
		buf_putc(out, digits[v >> 18]);
		buf_putc(out, digits[v >> 12 & 63]);
		buf_putc(out, have > 1 ? digits[v >> 6 & 63] : '=');
		buf_putc(out, have > 2 ? digits[v & 63] : '=');
	}
}

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

#define DISTANCE_MAX 64		/* longer words are near to nothing */

unsigned text_distance(const char *a, const char *b, unsigned limit)
{
	unsigned rows[3][DISTANCE_MAX + 1], *row = rows[0], *last = rows[1], *before = rows[2];
	size_t na = strlen(a), nb = strlen(b);

	if (na > DISTANCE_MAX || nb > DISTANCE_MAX)
		return limit + 1;
	for (size_t j = 0; j <= nb; j++)
		row[j] = last[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned *free_row = before;

		before = last;
		last = row;
		row = free_row;
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			bool same = lower(a[i - 1]) == lower(b[j - 1]);
			unsigned d = last[j - 1] + !same;

			d = last[j] + 1 < d ? last[j] + 1 : d;
			d = row[j - 1] + 1 < d ? row[j - 1] + 1 : d;
			/* two neighbours swapped: the commonest slip */
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]) && before[j - 2] + 1 < d)
				d = before[j - 2] + 1;
			row[j] = d;
		}
	}
	return row[nb] > limit ? limit + 1 : row[nb];
}

bool text_glob(const char *pattern, size_t plen, const char *s, size_t len, bool case_blind)
{
	size_t p = 0, i = 0, star = SIZE_MAX, from = 0;

	/* Only the last * need ever be tried again: what stands before it has
	 * matched as early as it can. */
	while (i < len) {
		if (p < plen && pattern[p] == '*') {
			star = p++;
			from = i;
		} else if (p < plen && (pattern[p] == s[i] ||
			   (case_blind && lower(pattern[p]) == lower(s[i])))) {
			p++;
			i++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			i = ++from;
		} else {
			return false;
		}
	}
	while (p < plen && pattern[p] == '*')
		p++;
	return p == plen;
}

/* ---- into a caller's room ------------------------------------------------ */

/* Longest head of at most max bytes that ends between characters and escapes. */
static size_t cut_bytes(const char *s, size_t len, size_t max)
{
	size_t n = max, i;

	if (len <= max)
		return len;
	while (n && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	for (i = 0; i < n; ) {
		size_t step = s[i] != '\\' ? 1 : i + 1 < len && s[i + 1] == 'x' ? 4 : 2;

		if (i + step > n)
			return i;
		i += step;
	}
	return n;
}

size_t text_out(struct buf *b, char *out, size_t size)
{
	size_t len = size && b->data && !b->failed ? cut_bytes(b->data, b->len, size - 1) : 0;

	if (len)
		memcpy(out, b->data, len);
	if (size)
		out[len] = '\0';
	buf_release(b);
	return len;
}
