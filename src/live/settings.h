/* SPDX-License-Identifier: MIT */
/* The keys of configuration and state; for config.c. */
#ifndef LIVE_SETTINGS_H
#define LIVE_SETTINGS_H

#include "live/config.h"

#define PAST_MAX 50u			/* of a history */
#define INTERVAL_MIN 100000u		/* us */

/* What is kept from one run to the next; bits of config.fixed. */
enum setting {
	SET_THEME, SET_INTERVAL, SET_FILTER, SET_GROUP, SET_KEYMAP, SET_MOUSE, SET_ASCII,
	SET_NAMES, SET_HOSTS, SET_HOLD, SET_MARKS, SET_LOOPBACK, SET_READONLY, SET_HEADER,
	SET_TAB, SET_OTHER,
	SET_COLUMNS,			/* and SORT: one each tab */
	SET_SORT = SET_COLUMNS + CONFIG_TABS
};
extern const char *const setting_tabs[];	/* NULL-terminated */

typedef __typeof__(((struct config *)0)->finds) setting_texts;
/* At most max of them, the last ones. */
void setting_add(setting_texts *v, const char *text, size_t len, uint32_t max);

/* A text on its way into a configuration. */
struct reading {
	struct config *c;
	const char *what;		/* the file, in complaints */
	bool is_state;
	const char *at;			/* what is left of the text */
	size_t left;
	unsigned line;			/* the one inih has */
	bool expected, called;		/* it should give a key; it did */
	bool indented;
	uint32_t complaints, unsaid;
	/* A key whose value may go on in the next, indented, line. */
	bool pending;
	unsigned pending_line;
	struct buf name, value;
};

void setting_apply(struct reading *r, const char *name, const char *value);
/* About the key that is pending or, without one, the line; always false. */
bool complain(struct reading *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
