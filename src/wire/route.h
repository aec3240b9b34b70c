/* SPDX-License-Identifier: MIT */
/* rtnetlink answers -> interfaces, their addresses, veth peers. */
#ifndef WIRE_ROUTE_H
#define WIRE_ROUTE_H

#include "model/snap.h"

/* A dump request: RTM_GETLINK or RTM_GETADDR (enum ask_route). */
int route_request(struct buf *b, int what);
struct route_dump { struct lssock_snap *snap; uint16_t ns; bool done; int err; uint32_t bad; };
/* chunk_fn: RTM_NEWLINK and RTM_NEWADDR messages, whichever come. A veth's
 * peer: IFLA_LINK is its ifindex there, IFLA_LINK_NETNSID is kept in peer_ns as
 * nsid + 0x8000 until route_nsids resolves it; absent: the same namespace. */
int route_decode(void *dump, const void *bytes, size_t len);
/* Resolves peer_ns of the interfaces of ns with ASK_ROUTE_NSID's answer. */
void route_nsids(struct lssock_snap *s, uint16_t ns, const void *bytes, size_t len);

#endif
