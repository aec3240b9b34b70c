/* SPDX-License-Identifier: MIT */
/*
 * Labelled lines that are made first and drawn then: text that is too long goes on in
 * the next line, so that nothing is lost, and a part of a pane knows how high it is.
 */
#ifndef LIVE_FLOW_H
#define LIVE_FLOW_H

#include "live/grid.h"

struct flow_line {
	const char *label;		/* of ours */
	uint32_t at, len;		/* text in bytes */
	const float *v;			/* a graph of n values in front of it; NULL: none */
	uint32_t n;
	uint8_t behind;			/* columns for the text then */
	uint8_t role;
	bool blank;			/* on purpose */
};

struct flow {
	unsigned width, label_width;	/* of a line, of its label; set by the caller */
	struct buf bytes;
	VEC(struct flow_line) lines;
	bool failed;
};

void flow_release(struct flow *f);
/* A new line, which items are added to. label "": it only goes on. A line that got no
 * item gives way to the next. */
void flow_line(struct flow *f, const char *label, enum role role);
/* Safe text with blanks in front, in a new line if need be; empty text is none. What is
 * longer than a line goes on word by word. */
void flow_item(struct flow *f, const char *text, size_t len);
/* The same word by word, where a line may end at every blank. */
void flow_words(struct flow *f, const char *text, size_t len);
/* A heading, below a blank line if it is not the first. */
void flow_head(struct flow *f, const char *title);
/* A graph of the last values with a text in so many columns behind it. v must live on. */
void flow_graph(struct flow *f, const char *label, const float *v, uint32_t n,
		unsigned behind, const char *text, size_t len);
/* Draws the lines from `top` on in a field; the last one says how many are not seen. */
void flow_draw(const struct flow *f, struct grid *g, unsigned y, unsigned x, unsigned height,
	       unsigned top, bool ascii);

/* The last values that fit, the newest at the right end; a value that is not known (NaN)
 * is a blank. Scaled from 0 to the highest. */
void spark(struct grid *g, unsigned y, unsigned x, unsigned width, const float *v, uint32_t n,
	   bool ascii);

#endif
