/* SPDX-License-Identifier: MIT */
/* Which sockets of two snapshots are the same one. */
#ifndef QUERY_MATCH_H
#define QUERY_MATCH_H

#include "model/snap.h"

struct match {
	const struct lssock_snap *old, *now;
	bool same_host, same_boot;
	uint32_t *to_now, *to_old;	/* row -> row of the other, LSSOCK_NONE: none */
	uint16_t *ns_now, *ns_old;	/* the same of namespaces, 0xffff: none */
};

/* Within one boot of one machine a socket is the same by its cookie. What is left, and
 * everything else, is the same by what it is: a listener by its local end, of several
 * that of the same program first; others by both ends and program, and only where no
 * cookie says that they are not. 0 or -ENOMEM; release in any case. */
int match_make(struct match *m, const struct lssock_snap *old, const struct lssock_snap *now);
void match_release(struct match *m);

/* Whether the other snapshot would have a row that is in one of them, had it been there:
 * its namespace and its table were looked at. is_old: the row is of the old one. */
bool match_would_show(const struct match *m, bool is_old, uint32_t row);

#endif
