/* SPDX-License-Identifier: MIT */
/* What reaches the screen's state: keys, the mouse, time, frames. Plain data, so that a
 * script can give them as well as a terminal. */
#ifndef LIVE_INPUT_H
#define LIVE_INPUT_H

#include <stdbool.h>
#include <stdint.h>

/* Keys: a Unicode character as it is (control keys 1 to 26, ESC 27, DEL 127 is
 * IN_BACKSPACE), or one of these. */
enum input_key {
	IN_NONE,
	IN_ENTER = 13, IN_TAB = 9, IN_ESC = 27,
	IN_SPECIAL = 0x200000,
	IN_UP, IN_DOWN, IN_LEFT, IN_RIGHT, IN_PAGE_UP, IN_PAGE_DOWN, IN_HOME, IN_END,
	IN_INSERT, IN_DELETE, IN_BACKSPACE, IN_BACKTAB, IN_SHIFT_UP, IN_SHIFT_DOWN,
	IN_F1, IN_F2, IN_F3, IN_F4, IN_F5, IN_F6, IN_F7, IN_F8, IN_F9, IN_F10, IN_F11, IN_F12
};
#define IN_ALT 0x400000			/* or-ed to a character */

enum input_type { INPUT_NONE, INPUT_KEY, INPUT_MOUSE, INPUT_RESIZE, INPUT_PASTE };
enum input_mouse { MOUSE_CLICK, MOUSE_DOUBLE, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };

struct input {
	enum input_type type;
	uint32_t key;			/* KEY */
	enum input_mouse mouse;		/* MOUSE, at x and y */
	uint16_t x, y;			/* RESIZE: columns and rows */
};

/* "Enter", "F9", "C-l", "M-1", "j", "Space": the key of a name, as in scripts and in the
 * configuration; 0: none. And the shortest name, for help and messages. */
uint32_t input_key(const char *name, uint32_t len);
const char *input_key_name(uint32_t key, char buf[16]);

#endif
