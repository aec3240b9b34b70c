/* SPDX-License-Identifier: MIT */
/* One rule of nftables, as far as passing on ports goes: natrule.c for nat.c. */
#ifndef WIRE_NATRULE_H
#define WIRE_NATRULE_H

#include "model/addr.h"
#include "wire/lines.h"

enum nat_does { NAT_NOTHING, NAT_JUMP, NAT_PASS, NAT_VAGUE };

/* What a packet must be. */
struct nat_match {
	uint8_t family;			/* AF_*, 0: any */
	uint8_t l4proto;		/* IPPROTO_*, 0: any */
	uint16_t lo, hi;		/* destination port */
	struct lssock_addr daddr;	/* family 0: any */
	struct slice iface;		/* len 0: any */
	bool never;			/* conditions contradict each other */
	bool vague;			/* a set decides of which nothing is known */
};

struct nat_rule {
	struct slice table, chain;
	uint8_t family;			/* NFPROTO_* of the table */
	enum nat_does does;
	struct nat_match match;
	struct slice to_chain;		/* JUMP */
	struct lssock_addr to;		/* PASS; family 0: this machine */
	uint16_t to_lo, to_hi;		/* 0: the port stays */
};

/* Attributes of a rule message. */
void natrule_read(struct nat_rule *r, const void *attrs, size_t len);
/* The text of a name attribute, without its NUL. */
struct attr;
struct slice natrule_name(const struct attr *a);
/* Both must hold. */
struct nat_match natrule_both(const struct nat_match *a, const struct nat_match *b);

#endif
