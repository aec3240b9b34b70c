/* SPDX-License-Identifier: MIT */
/*
 * The last minute of what is looked at or busy: a ring of samples for each, in a fixed
 * number of rings. The one that was idle longest makes room.
 */
#ifndef LIVE_HIST_H
#define LIVE_HIST_H

#include "base/buf.h"
#include "base/hash.h"

#define HIST_LEN 60
#define HIST_RINGS 2048		/* 2 MB */
#define HIST_EVENTS 8
#define HIST_AGAIN_NS (10ull * 1000000000ull)	/* so soon it is the same event */

/* What happens to a socket besides what lssock_event_kind has. */
enum { HIST_RETRANS = 16, HIST_DROPS, HIST_RATE_UP, HIST_RATE_DOWN, HIST_FULL, HIST_NOT_FULL,
       HIST_BEGINS, HIST_ENDS };

struct sample { float rx, tx, rtt_us, cwnd; };
struct hist_event {
	uint64_t time_ns;
	uint8_t kind, was, state;	/* lssock_event_kind, or one of these */
	uint8_t problem;		/* BEGINS, ENDS: lssock_problem */
	uint16_t n;			/* so many, so many times; 65535: or more */
	uint16_t tenths;		/* of a second, that it took; 0: not known */
};
struct ring {
	uint64_t key;			/* 0: free */
	uint64_t busy_ns;		/* last sample that was not 0 */
	uint64_t last_ns;
	uint32_t next, n;
	uint32_t n_events;		/* all so far; the last HIST_EVENTS are kept */
	struct sample samples[HIST_LEN];
	bool turned;			/* its rate has left the average */
	bool full;			/* its accept queue is */
	struct hist_event events[HIST_EVENTS];
};
struct hist {
	struct index by_key;
	struct ring *rings;
	uint32_t n, clock;
	uint64_t failed_ns;		/* when nothing could go, */
	uint32_t failed;		/* and how often */
};

void hist_release(struct hist *h);
/* The ring of a key, NULL: none. */
const struct ring *hist_get(const struct hist *h, uint64_t key);
/* The same; made if need be (NULL: no memory, or every ring is busier). */
struct ring *hist_make(struct hist *h, uint64_t key, uint64_t now_ns);
/* Samples that are missing since the last one were 0 (rates) or the same. */
void ring_add(struct ring *r, const struct sample *s, uint64_t now_ns, uint64_t interval_ns);
void ring_event(struct ring *r, const struct hist_event *e);
/* The same of what is counted: soon after the last of its kind it adds to that. */
void ring_count(struct ring *r, const struct hist_event *e);
/* The i-th of the last n samples, oldest first. */
const struct sample *ring_at(const struct ring *r, uint32_t i, uint32_t n);
uint32_t ring_len(const struct ring *r);

#endif
