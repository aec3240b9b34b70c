/* SPDX-License-Identifier: MIT */
/* Names of keys, both ways. What bytes a terminal sends for them is term.c's. */
#include "live/input.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* The first name of a key is the one that is shown. */
static const struct { const char *name; uint32_t key; } names[] = {
	{ "Enter", IN_ENTER }, { "Ret", IN_ENTER }, { "Return", IN_ENTER },
	{ "Tab", IN_TAB }, { "Esc", IN_ESC }, { "Space", ' ' },
	{ "Up", IN_UP }, { "Down", IN_DOWN }, { "Left", IN_LEFT }, { "Right", IN_RIGHT },
	{ "PgUp", IN_PAGE_UP }, { "PgDn", IN_PAGE_DOWN }, { "Home", IN_HOME },
	{ "End", IN_END }, { "Ins", IN_INSERT }, { "Del", IN_DELETE },
	{ "Backspace", IN_BACKSPACE }, { "S-Tab", IN_BACKTAB }, { "BackTab", IN_BACKTAB },
	{ "S-Up", IN_SHIFT_UP }, { "S-Down", IN_SHIFT_DOWN },
	{ "F1", IN_F1 }, { "F2", IN_F2 }, { "F3", IN_F3 }, { "F4", IN_F4 },
	{ "F5", IN_F5 }, { "F6", IN_F6 }, { "F7", IN_F7 }, { "F8", IN_F8 },
	{ "F9", IN_F9 }, { "F10", IN_F10 }, { "F11", IN_F11 }, { "F12", IN_F12 },
};
#define N_NAMES (sizeof(names) / sizeof(names[0]))

/* A name of one character is that character. */
static uint32_t plain_key(const char *name, uint32_t len)
{
	unsigned width;
	uint32_t c = 0;

	if (len && text_char(name, len, &c, &width) == len && width && c != ' ')
		return c;
	for (size_t i = 0; i < N_NAMES; i++)
		if (strlen(names[i].name) == len && !strncasecmp(names[i].name, name, len))
			return names[i].key;
	return IN_NONE;
}

uint32_t input_key(const char *name, uint32_t len)
{
	uint32_t key;

	if (len < 3 || name[1] != '-' || (name[0] != 'C' && name[0] != 'M'))
		return plain_key(name, len);
	key = plain_key(name + 2, len - 2);
	if (name[0] == 'M')
		return key ? IN_ALT | key : IN_NONE;
	if (key >= 'A' && key <= 'Z')
		key += 'a' - 'A';
	return key >= 'a' && key <= 'z' ? key - 'a' + 1 : IN_NONE;
}

const char *input_key_name(uint32_t key, char buf[16])
{
	const char *alt = key & IN_ALT ? "M-" : "";
	char s[4];
	size_t n;

	key &= ~(uint32_t)IN_ALT;
	for (size_t i = 0; i < N_NAMES; i++) {
		if (names[i].key == key) {
			snprintf(buf, 16, "%s%s", alt, names[i].name);
			return buf;
		}
	}
	n = text_encode(key < IN_SPECIAL ? key : 0, s);
	if (key >= 1 && key <= 26)
		snprintf(buf, 16, "%sC-%c", alt, (char)('a' + key - 1));
	else if (key != '\\' && (key > 0x10ffff || !text_is_safe(s, n, 0)))
		snprintf(buf, 16, "%sU+%04X", alt, (unsigned)key & 0xffffff);
	else
		snprintf(buf, 16, "%s%.*s", alt, (int)n, s);
	return buf;
}
