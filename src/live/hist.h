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

struct sample { float rx, tx, rtt_us, cwnd; };
struct hist_event { uint64_t time_ns; uint8_t kind, was, state; };
struct ring {
	uint64_t key;			/* 0: free */
	uint64_t busy_ns;		/* last sample that was not 0 */
	uint64_t last_ns;
	uint32_t next, n;
	uint32_t n_events;		/* all so far; the last HIST_EVENTS are kept */
	struct sample samples[HIST_LEN];
	struct hist_event events[HIST_EVENTS];
};
struct hist {
	struct index by_key;
	struct ring *rings;
	uint32_t n, clock;
};

void hist_release(struct hist *h);
/* The ring of a key, NULL: none. */
const struct ring *hist_get(const struct hist *h, uint64_t key);
/* The same; made if need be (NULL: no memory, or every ring is busier). */
struct ring *hist_make(struct hist *h, uint64_t key, uint64_t now_ns);
/* Samples that are missing since the last one were 0 (rates) or the same. */
void ring_add(struct ring *r, const struct sample *s, uint64_t now_ns, uint64_t interval_ns);
void ring_event(struct ring *r, const struct hist_event *e);
/* The i-th of the last n samples, oldest first. */
const struct sample *ring_at(const struct ring *r, uint32_t i, uint32_t n);
uint32_t ring_len(const struct ring *r);

#endif
