/* SPDX-License-Identifier: MIT */
/* Text for a terminal's clipboard. */
#ifndef LIVE_CLIP_H
#define LIVE_CLIP_H

#include "base/buf.h"

/* The bytes that ask a terminal of that name (TERM) to take the text, by OSC 52. Nothing
 * if the terminal would show them instead: known (terminfo says it takes them) is false
 * and the name is none of an xterm, tmux or screen; nor if the text is too long. */
void clip_put(struct buf *out, const char *term, bool known, const char *text, size_t len);

#endif
