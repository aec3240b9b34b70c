/* SPDX-License-Identifier: MIT */
/*
 * What the user wrote ($XDG_CONFIG_HOME/lssock/config, never written by us) and what
 * was chosen on the screen last time ($XDG_STATE_HOME/lssock/live). Both are ini files.
 * A line that makes no sense is passed over and said, with its number and why.
 */
#ifndef LIVE_CONFIG_H
#define LIVE_CONFIG_H

#include "base/buf.h"
#include "lssock.h"

#define CONFIG_TABS 5			/* sockets, listen, groups, closed, unix */

struct config_filter { char *name, *text; };
struct config_alias { uint16_t port; char *name; };

struct config {
	char *theme;			/* NULL: default */
	uint64_t interval_us;		/* 0: not said */
	char *columns[CONFIG_TABS];	/* NULL: the usual ones */
	char *sort[CONFIG_TABS];
	char *filter;
	char *group;
	bool htop_keys;			/* keymap = htop: k kills */
	int8_t mouse, ascii, names, hold, marks, loopback;	/* 1, 0, -1: not said */
	int8_t hosts;			/* never kept: it sends packets */
	int8_t header;			/* lines of it: 0 none, 1 one, 2 all; -1: not said */
	int8_t readonly;
	int8_t tab;			/* state file only; -1 */
	VEC(struct config_filter) filters;
	VEC(struct config_alias) aliases;
	/* Prompts' histories (state file), oldest first; and what was wrong, safe to print:
	 * "config:3: unknown key `colour': …". */
	VEC(char *) finds, past_filters, complaints;
	uint64_t fixed;			/* keys that the user wrote: never kept in the state
					   file, or they would outlive his line */
};

/* Where the files are; NULL: nowhere. Filled by cli from the environment (only absolute
 * paths count, XDG Base Directory Specification). */
struct config_paths {
	char *config, *state;		/* whole paths of the files */
	uint32_t uid;			/* whose they must be: under sudo the caller's */
	bool write_state;		/* false under sudo */
};

void config_init(struct config *c);
void config_release(struct config *c);
/* Reads both, the state file first, so that what the user wrote wins where he wrote it.
 * Files that are not there are no complaint; such that are another's, or may be
 * written by others, are not read and complained about. */
void config_read(struct config *c, const struct config_paths *paths);
/* Text of one file, for tests; what: its name in complaints. */
void config_parse(struct config *c, const char *what, bool is_state, const char *text,
		  size_t len);
/* Writes the state file atomically, 0600, making its directory (0700). 0 or -errno;
 * -EPERM: not ours to write. */
int config_write(const struct config *c, const struct config_paths *paths);

#endif
