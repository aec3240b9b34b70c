/* SPDX-License-Identifier: MIT */
/* What there is to say of one socket, part by part, as lines of a flow. */
#ifndef LIVE_DETAILS_H
#define LIVE_DETAILS_H

#include "live/pane.h"

struct details {
	const struct pane *p;
	const struct lssock_sock *k;
	const struct lssock_track *t;	/* NULL: no watch */
	uint32_t owner;			/* row in owners[], 0: none that holds it plainly */
	bool full;			/* there is room for everything */
	struct flow *f;			/* where it goes */
	struct buf b;			/* an item in the making */
};

/* Text in the making: words of ours, the text of a field. put: false, and nothing added,
 * where the field has no value. */
void details_say(struct details *d, const char *text);
bool details_put(struct details *d, const char *field);
bool details_value(const struct details *d, uint32_t row, uint32_t owner, const char *field,
		   struct lssock_value *ret);
/* What was made so far becomes an item of the flow, or its words do. */
void details_item(struct details *d);
void details_words(struct details *d);
/* An item "cwnd 48", if the field has a value; a line; an item of words of ours. */
void details_field(struct details *d, const char *before, const char *field,
		   const char *after);
void details_line(struct details *d, const char *label);
void details_text(struct details *d, const char *text);
/* "14:02:27", the local time. */
void details_clock(struct details *d, uint64_t ns);

bool details_is_tcp(const struct details *d);	/* a connection of TCP: it has numbers */
bool details_listens(const struct details *d);

/* Parts of a narrow pane: lines with labels. */
void details_owner(struct details *d);		/* holders.c */
void details_path(struct details *d);
void details_health(struct details *d);
void details_limits(struct details *d);
void details_bytes(struct details *d);
void details_queue(struct details *d);
void details_memory(struct details *d);
void details_closed(struct details *d);
void details_graphs(struct details *d, bool all);
void details_events(struct details *d, const char *label);
void details_verdict(struct details *d, const char *label);
void details_findings(struct details *d, const char *label);	/* judged.c; NULL: a head */
/* And of a wide one. */
void details_process(struct details *d);	/* holders.c */
void details_remote(struct details *d);
void details_ids(struct details *d);

#endif
