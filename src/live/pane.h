/* SPDX-License-Identifier: MIT */
/* The detail pane: all that is known of one socket, in so much room as there is. */
#ifndef LIVE_PANE_H
#define LIVE_PANE_H

#include "live/flow.h"
#include "live/hist.h"
#include "lssock.h"

#define PANE_SAMPLES 60

/* One sample a second, the oldest first; NaN: not known. */
struct pane_history {
	uint32_t n, n_events;
	float rx[PANE_SAMPLES], tx[PANE_SAMPLES], rtt_us[PANE_SAMPLES], cwnd[PANE_SAMPLES];
	struct hist_event events[HIST_EVENTS];	/* the newest first */
};

struct pane {
	const struct lssock_snap *snap;
	uint32_t row;
	const struct pane_history *h;	/* NULL: none was kept */
	const struct lssock_report *report;	/* of an audit, NULL: none */
	const char *host;		/* name of the remote end, plain ASCII; NULL */
	uint16_t top;			/* so many lines are scrolled away */
	bool ascii;
	bool gone;			/* it is not there any more, and no closed row either */
};

/* A title line, then below it columns side by side from PANE_WIDE columns on. Returns how
 * many lines there are to see, the title too: more than `height` can be scrolled. */
#define PANE_WIDE 132
unsigned pane_draw(const struct pane *p, struct grid *g, unsigned y, unsigned x,
		   unsigned height, unsigned width);

#endif
