/* SPDX-License-Identifier: MIT */
/*
 * Relations between rows of an unsealed snapshot, one function each. All may
 * run again after more rows or owners came; they set, never add. Owners and via
 * cost nothing where snap_add() and snap_owner() were not called since.
 */
#ifndef MODEL_LINK_H
#define MODEL_LINK_H

#include "model/snap.h"

/* Whether connections of the protocol come through a listener. */
static inline bool has_listeners(uint8_t proto)
{
	return proto == LSSOCK_TCP || proto == LSSOCK_MPTCP || proto == LSSOCK_SCTP ||
	       proto == LSSOCK_DCCP;
}

/* owner = first owner of the row's inode (over all namespaces). Owners with a
 * `how` other than HOW_FD stay on the chain behind the others. */
int link_owners(struct lssock_snap *s);
/* via = the listener a connection came through: same namespace, protocol and
 * port, most specific address first, a v6 listener that is not v6only for v4
 * connections; a listener with bound interface only for rows of that interface.
 * Unix: the listening row whose name and file the accepted socket carries. */
int link_via(struct lssock_snap *s);
/* peer = the row of the other end: unix by peer inode; inet by the mirrored
 * tuple (v4 and v4-mapped are the same): the same namespace first, else the one
 * other namespace that has the remote address configured (ifaddrs), is not
 * loopback and has that row. UDP connected both ways likewise. A socket
 * connected to itself is its own peer. */
int link_peers(struct lssock_snap *s);
/* clients[]: rows whose via, or unix dgram peer, is this row. */
int link_clients(struct lssock_snap *s);

struct link_why {
	uint32_t unreadable;	/* processes whose fds could not be read */
	bool nested_pidns;	/* our /proc may not show all pid namespaces */
	bool looked_twice;	/* the second look took place */
};
/* why of every row without an owner of HOW_FD (kernel.md 3.5, features.md 2.1).
 * Only meaningful when owners were asked for. */
void link_why(struct lssock_snap *s, const struct link_why *known);
/* Rows with an inode that still have no owner at all; for the second look. */
uint32_t link_unowned(const struct lssock_snap *s);

#endif
