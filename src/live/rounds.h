/* SPDX-License-Identifier: MIT */
/* Rounds of all that the live view shows, one at a time. */
#ifndef LIVE_ROUNDS_H
#define LIVE_ROUNDS_H

#include "base/buf.h"
#include "lssock.h"

struct feed_options {
	struct lssock_options open;
	struct lssock_question ask;	/* filter, protocols, namespaces; text is borrowed */
	uint64_t interval_us;
	bool with_unix;
};
struct frame {
	struct lssock_snap *snap;	/* the taker's; NULL: none came, see error */
	uint64_t scan_us, auto_us;	/* what it took; the interval if it was stretched */
	unsigned tells;			/* lssock_watch_tells() */
	bool ended;			/* a recording has no more rounds */
	char error[240];		/* safe, "" if all is well */
};

struct rounds;
int rounds_open(const struct feed_options *opt, struct rounds **ret, struct lssock_err *err);
void rounds_close(struct rounds *r);	/* takes NULL */
void rounds_next(struct rounds *r, bool with_unix, struct frame *ret);
/* The next round is due at once: the first one left the owners out. */
bool rounds_want_more(const struct rounds *r);

#endif
