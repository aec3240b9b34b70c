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
	struct lssock_audit *audit;	/* borrowed; NULL: nothing is judged */
	unsigned also;			/* at first */
};
/* What is asked for besides. */
enum { ALSO_UNIX = 1 /* from then on */, ALSO_AUDIT = 2 };

struct frame {
	struct lssock_snap *snap;	/* the taker's; NULL: none came, see error */
	struct lssock_report *report;	/* so; NULL: no new one */
	uint64_t scan_us, auto_us;	/* what it took; the interval if it was stretched */
	unsigned tells;			/* lssock_watch_tells() */
	bool ended;			/* a recording has no more rounds */
	char error[240];		/* safe, "" if all is well */
};

struct rounds;
int rounds_open(const struct feed_options *opt, struct rounds **ret, struct lssock_err *err);
void rounds_close(struct rounds *r);	/* takes NULL */
void rounds_next(struct rounds *r, unsigned also, struct frame *ret);
void frame_release(struct frame *f);
/* Judges what listens, if that is due: when it has changed, or after some time. True: a
 * report goes with the next frame. In a recording rounds_next() does it. */
bool rounds_judge(struct rounds *r, unsigned also);
/* The next round is due at once: the first one left the owners out. */
bool rounds_want_more(const struct rounds *r);

#endif
