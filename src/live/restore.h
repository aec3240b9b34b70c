/* SPDX-License-Identifier: MIT */
/*
 * Signals of the live view, and the terminal as it was. Signals are noted and make a
 * descriptor readable; those of a crash, and one that ends the program and was not
 * answered, bring the terminal back first.
 */
#ifndef LIVE_RESTORE_H
#define LIVE_RESTORE_H

#include <stdbool.h>

#define NOTED_RESIZE	0x1
#define NOTED_STOP	0x2		/* ^Z */
#define NOTED_CONTINUE	0x4

/* Remembers the terminal's modes and takes the signals. -ENOTTY … */
int restore_begin(void);
void restore_end(void);			/* gives the signals back; also when not begun */
/* Readable when something was noted. */
int restore_fd(void);
/* What a crash has to write, added to what is there. Padding is left out. */
void restore_add(const char *bytes);
/* The terminal is ours (or not): only then is it brought back by a crash. */
void restore_arm(bool ours);
/* NOTED_* since the last call. */
unsigned restore_noted(void);
/* The signal that wants the program to end, 0: none. */
int restore_ended(void);
/* The modes as they were before. */
void restore_modes(void);
/* Whether changing the terminal would not stop us. */
bool restore_foreground(void);
/* Stops the program as if nobody had taken SIGTSTP. */
void restore_stop(void);
/* The default action of a signal. */
void restore_raise(int sig);

#endif
