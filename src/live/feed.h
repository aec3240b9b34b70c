/* SPDX-License-Identifier: MIT */
/*
 * The collector beside the screen: a thread that does round after round and leaves the
 * newest frame where the screen finds it, so no key ever waits for a collection.
 */
#ifndef LIVE_FEED_H
#define LIVE_FEED_H

#include "live/rounds.h"

struct feed;
/* Starts the thread. The recording or the machine is opened before it returns. */
int feed_start(const struct feed_options *opt, struct feed **ret, struct lssock_err *err);
void feed_stop(struct feed *f);		/* waits for the round that runs; takes NULL */
int feed_fd(const struct feed *f);	/* readable when there is a frame */
bool feed_take(struct feed *f, struct frame *ret);
/* From the next round on; now: do not wait for it. */
void feed_ask(struct feed *f, uint64_t interval_us, unsigned also, bool now);

#endif
