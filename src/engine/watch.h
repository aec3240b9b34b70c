/* SPDX-License-Identifier: MIT */
/* What rounds (watch.c) and the time between them (pending.c) share. */
#ifndef ENGINE_WATCH_H
#define ENGINE_WATCH_H

#include "engine/engine.h"

struct lssock_watch {
	struct lssock *ctx;
	const struct lssock_query *q;
	struct lssock_watch_options opt;
	struct lssock_snap *prev;	/* the last round */
	uint32_t protos;		/* that prev was asked for */
	bool begun;			/* the source's first round */
	struct news news;
	struct index by_tuple;		/* time-wait rows of a round, while it is made */
	struct index by_cookie;		/* rows of prev that are there; empty: not made yet */
};

/* The epoch time of a time since boot; of 0, now. */
uint64_t watch_epoch(const struct lssock_snap *s, uint64_t boot_time_ns);
struct lssock_event *watch_event(struct lssock_snap *s, uint64_t time_ns, uint32_t row,
				 enum lssock_event_kind kind, uint8_t was, uint8_t state);
/* The event that says how many were lost since the last one, if any. */
void watch_lost(struct lssock_watch *w, struct lssock_snap *s);
/* In order of time. */
void watch_order(struct lssock_snap *s);
/* What events came: s numbers the namespaces. */
void watch_drain(struct lssock_watch *w, const struct lssock_snap *s);
/* Row of a namespace by its inode, 0xffff: it is not there. */
uint16_t watch_space(const struct lssock_snap *s, uint64_t ino);
/* The owner of a row of which none is known, if a change of its state names one. */
void watch_holder(struct lssock_watch *w, struct lssock_snap *s, uint32_t row);
/* A row of a closed socket that no round has seen; LSSOCK_NONE: it was not asked
 * for, or nobody could say what it was. */
uint32_t watch_unseen(struct lssock_watch *w, struct lssock_snap *s, const struct closing *c);
/* The same of one that was opened. */
uint32_t watch_opened(struct lssock_watch *w, struct lssock_snap *s, const struct change *c);

#endif
