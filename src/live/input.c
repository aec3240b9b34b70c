/* SPDX-License-Identifier: MIT */
/* Names of keys, for scripts, help and messages. */
#include "live/input.h"

#include <stdio.h>
#include <string.h>

static const struct { const char *name; uint32_t key;
} names[] = {
	{ "Enter", IN_ENTER },	  { "Tab", IN_TAB },	   { "Esc", IN_ESC },
	{ "Space", ' ' },	  { "Up", IN_UP },	   { "Down", IN_DOWN },
	{ "Left", IN_LEFT },	  { "Right", IN_RIGHT },   { "PgUp", IN_PAGE_UP },
	{ "PgDn", IN_PAGE_DOWN }, { "Home", IN_HOME },	   { "End", IN_END },
	{ "Ins", IN_INSERT },	  { "Del", IN_DELETE },	   { "Backspace", IN_BACKSPACE },
	{ "S-Tab", IN_BACKTAB },  { "S-Up", IN_SHIFT_UP }, { "S-Down", IN_SHIFT_DOWN },
	{ "F1", IN_F1 },	  { "F2", IN_F2 },	   { "F3", IN_F3 },
	{ "F4", IN_F4 },	  { "F5", IN_F5 },	   { "F6", IN_F6 },
	{ "F7", IN_F7 },	  { "F8", IN_F8 },	   { "F9", IN_F9 },
	{ "F10", IN_F10 },	  { "F11", IN_F11 },	   { "F12", IN_F12 },
};

uint32_t input_key(const char *name, uint32_t len)
{
	uint32_t i;

	if (len == 1 && name[0] > ' ' && name[0] < 0x7f)
		return (unsigned char)name[0];
	if (len == 3 && name[1] == '-' && name[0] == 'C' && name[2] >= 'a' && name[2] <= 'z')
		return (uint32_t)(name[2] - 'a' + 1);
	if (len == 3 && name[1] == '-' && name[0] == 'M' && name[2] > ' ' && name[2] < 0x7f)
		return IN_ALT | (unsigned char)name[2];
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strlen(names[i].name) == len && !memcmp(names[i].name, name, len))
			return names[i].key;
	return IN_NONE;
}

const char *input_key_name(uint32_t key, char buf[16])
{
	uint32_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].key == key)
			return names[i].name;
	if (key >= IN_ALT && key < IN_ALT + 0x7f && key > IN_ALT + ' ')
		snprintf(buf, 16, "Alt-%c", (char)(key - IN_ALT));
	else if (key < ' ')
		snprintf(buf, 16, "^%c", (char)(key + '@'));
	else if (key < 0x7f)
		snprintf(buf, 16, "%c", (char)key);
	else
		snprintf(buf, 16, "this key");
	return buf;
}
