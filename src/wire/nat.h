/* SPDX-License-Identifier: MIT */
/*
 * Rules of nftables -> ports that the kernel passes on. No I/O. All input is hostile.
 * Conditions that are not read (a source address, a mark) only narrow what a rule
 * takes: the port is passed on for somebody.
 */
#ifndef WIRE_NAT_H
#define WIRE_NAT_H

#include "model/snap.h"

/* A dump request: enum ask_nat. */
int nat_request(struct buf *b, int what);

struct nat_dump;
struct nat_dump *nat_new(void);		/* NULL: no memory */
void nat_free(struct nat_dump *d);
/* chunk_fn: messages of chains and rules, whichever come. */
int nat_decode(void *dump, const void *bytes, size_t len);
/* What the dumps ended with: 0, or the kernel's -errno; -EAGAIN: something changed
 * meanwhile, and they do not fit together. */
int nat_error(const struct nat_dump *d);
/* Adds what is passed on of what comes in. How many rules pass on what could not be
 * understood; -ENOMEM. */
int nat_end(const struct nat_dump *d, struct lssock_snap *s, uint16_t ns);

#endif
