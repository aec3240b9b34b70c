/* SPDX-License-Identifier: MIT */
/* The way into the live view, for cli/. */
#ifndef LIVE_LIVE_H
#define LIVE_LIVE_H

#include "live/config.h"
#include "lssock.h"

struct live_options {
	struct lssock_options open;
	struct lssock_question ask;	/* filter, protocols, namespaces; borrowed */
	const struct config *config;	/* borrowed and, for histories, changed */
	const struct config_paths *paths;	/* NULL: no state is written */
	struct lssock_audit *audit;	/* of what listens; borrowed; NULL: none */
	bool has_baseline;		/* it compares with one */
	uint32_t rounds;		/* it ends after so many; 0: never */
	uint64_t interval_us;		/* 0: the configuration's, or 1 s */
	double speed;			/* of a recording; 0: 1 */
	const char *theme;		/* NULL: the configuration's */
	const char *ssh_connection;	/* SSH_CONNECTION, NULL */
	bool color, ascii, readonly, no_mouse, no_events;
	/* A script in place of a terminal (tests): its text, and where screens go. */
	const char *script;
	unsigned cols, lines;
	lssock_write_fn write;
	void *wctx;
};

/* Until the user quits: 0, the number of the signal that ended it (the terminal is
 * restored; raise it again), or a negative errno with *err: -ENOTTY and -ENOENT if the
 * terminal does not do. */
int live_run(const struct live_options *opt, struct lssock_err *err);
/* Ends the program as that signal would have. */
void live_raise(int signal);
/* The themes' names, NULL-terminated. */
const char *const *live_themes(void);
/* The table of keys, for the manual: false past its end. "" where a row belongs to the
 * one before. */
bool live_key(uint32_t i, const char **ret_keys, const char **ret_help);

#endif
