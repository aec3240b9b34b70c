/* SPDX-License-Identifier: MIT */
/* A script in place of a terminal: every screen is a test. One command a line:
 *	frame			the next round of the recording
 *	key NAME …		keys by name (input.h)
 *	type TEXT		the rest of the line, key by key
 *	click X Y / double X Y / wheel up|down
 *	wait MS			time passes
 *	size COLUMNS LINES
 *	screen [roles]		prints the screen
 *	state			prints where cursor, order and filter are
 */
#ifndef LIVE_SCRIPT_H
#define LIVE_SCRIPT_H

#include "live/rounds.h"
#include "live/ui.h"

struct script {
	const char *text;
	struct ui *ui;
	struct grid *grid;
	lssock_write_fn write;
	void *wctx;
};
/* -EINVAL: err says which line. */
int script_play(const struct script *s, struct rounds *r, struct lssock_err *err);

#endif
