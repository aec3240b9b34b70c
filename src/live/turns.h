/* SPDX-License-Identifier: MIT */
/*
 * What happens to a socket between its opening and its end, for its history: it
 * retransmits or drops, its rate leaves the average, its queue fills, a problem begins.
 */
#ifndef LIVE_TURNS_H
#define LIVE_TURNS_H

#include "live/hist.h"
#include "lssock.h"

#define TURNS_RATE 10000.0f		/* bytes/s: below that a rate is noise */

struct turns { uint64_t time_ns; float seconds; };	/* a frame and how long it took; 0 */

/* Whether there may be something to tell besides its rates. */
static inline bool turns_may(const struct lssock_track *t)
{
	return t->rose || t->had != t->problems >> 1 ||
	       t->problems & 1u << LSSOCK_PROBLEM_BACKLOG;
}

/* One that moves nothing now did so a while ago. */
static inline bool turns_slows(const struct lssock_track *t)
{
	return t->rx_avg + t->tx_avg >= TURNS_RATE;
}

void turns_add(struct ring *r, const struct lssock_snap *s, uint32_t row,
	       const struct turns *now);

#endif
