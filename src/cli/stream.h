/* SPDX-License-Identifier: MIT */
/* What the commands that go on and on (stream.c) and their lines (line.c) share. */
#ifndef CLI_STREAM_H
#define CLI_STREAM_H

#include "cli/cli.h"

enum line_field { LINE_PROTO, LINE_LOCAL, LINE_REMOTE, LINE_DIR, LINE_PROC, LINE_PID,
		  LINE_WHY, LINE_NETNS, LINE_NSNAME, LINE_FIELDS };
struct line_fields { int field[LINE_FIELDS]; };
void line_fields(struct line_fields *f);

/* Where an event happened. */
struct line_at {
	const struct line_fields *f;
	const struct lssock_snap *s;
	const struct lssock_track *track;
	uint32_t row;			/* not of LOST */
	uint64_t interval_us;		/* from one round to the next, 0: not known */
	bool with_ns;
};
/* "14:02:27", local time. */
void line_clock(struct buf *b, uint64_t epoch_ns);
/* The whole line. */
void line_put(struct buf *b, const struct line_at *at, const struct lssock_event *e);
/* The head of an object up to the members of the socket, which end it; of LOST all. */
void line_json(struct buf *b, const struct line_at *at, const struct lssock_event *e);

#endif
