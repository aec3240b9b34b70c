/* SPDX-License-Identifier: MIT */
/*
 * The terminal: the only file that knows curses. It takes grids and gives input, and
 * brings the terminal back to what it was after every way out.
 */
#ifndef LIVE_TERM_H
#define LIVE_TERM_H

#include "live/grid.h"
#include "live/input.h"
#include "lssock.h"

struct term;
struct term_options {
	const char *theme;		/* "default" "light" "mono" "contrast" "cvd" */
	bool color;			/* false: mono, whatever the theme */
	bool mouse;
	bool ascii;			/* the terminal gets no other glyphs */
};

/* The themes' names, NULL-terminated. */
const char *const *term_themes(void);
/* Takes the terminal (stdin and stdout must be one). -ENOTTY; -ENOENT: TERM is unset or
 * not known; -EINVAL: unknown theme. Signals that end the program (and SIGTSTP, SIGCONT,
 * SIGWINCH) are handled from here on until term_close(): the terminal is restored first,
 * also by a crash. */
int term_open(const struct term_options *opt, struct term **ret, struct lssock_err *err);
void term_close(struct term *t);	/* takes NULL */
void term_size(const struct term *t, unsigned *ret_cols, unsigned *ret_rows);
/* Sends what has changed since the last one; repaint: everything. */
void term_draw(struct term *t, const struct grid *g, bool repaint);
/* The next input, not waiting: 1, or 0: none. -EIO: the terminal is gone. */
int term_input(struct term *t, struct input *ret);
/* To poll: input and signals (both need term_input). */
int term_fd(const struct term *t);
/* A signal that wants the program to end, 0: none; after term_close() it is to be
 * raised again with its default action: term_raise(). */
int term_ended(const struct term *t);
void term_raise(int signal);
/* Stops the program as ^Z would and comes back after SIGCONT, with a repaint due. */
void term_suspend(struct term *t);
void term_mouse(struct term *t, bool on);
int term_theme(struct term *t, const char *theme);	/* -EINVAL */
void term_ascii(struct term *t, bool ascii);
/* Into the clipboard by OSC 52, through tmux and screen too. False: it is not known
 * whether this terminal takes it. */
bool term_copy(struct term *t, const char *text, size_t len);
#endif
