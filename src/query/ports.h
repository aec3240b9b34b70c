/* SPDX-License-Identifier: MIT */
/* Ports of the range for automatic use that connections take up. */
#ifndef QUERY_PORTS_H
#define QUERY_PORTS_H

#include "model/snap.h"

/* How many ports the range of a namespace has; 0: it is not known. */
uint32_t ports_range(const struct lssock_snap *s, uint16_t ns);
/* A TCP connection, time-wait included, whose local port lies in that range. */
bool ports_takes_one(const struct lssock_snap *s, const struct lssock_sock *k);
/* By row: ports that connections from its local address to its remote take up, 0: it
 * takes none. To be freed; NULL: no memory. */
uint32_t *ports_by_row(const struct lssock_snap *s);
/* Each remote of each local address, by one of the connections to it. -ENOMEM. */
int ports_each_remote(const struct lssock_snap *s,
		      void (*fn)(void *ctx, uint32_t row, uint32_t ports), void *ctx);

#endif
