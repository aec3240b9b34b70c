/* SPDX-License-Identifier: MIT */
/*
 * What the collector itself knows of the sockets behind descriptors: protocol,
 * namespace, cookie. Only BPF does; from /proc there is nothing here. For
 * descriptors without a row, so that nobody need be asked about each.
 */
#ifndef MODEL_KIND_H
#define MODEL_KIND_H

#include "base/buf.h"
#include "base/hash.h"

struct snap_kind { uint32_t ns_ino; uint8_t proto; };	/* enum lssock_proto */

struct snap_kinds {
	VEC(struct snap_kind) rows;	/* row 0: not known */
	VEC(uint16_t) of_owner;		/* owner row -> row, as far as it reaches */
	VEC(uint64_t) cookies;
	struct index by_key;
	struct index by_cookie;		/* inode -> row of cookies */
};

void kinds_release(struct snap_kinds *k);
/* The row of a kind; kind: family << 24 | type << 16 | protocol. 0: no room. */
uint16_t kinds_row(struct snap_kinds *k, uint32_t ns_ino, uint32_t kind);
/* Nothing is said when there is no memory: the kind is then not known. */
void kinds_set(struct snap_kinds *k, uint32_t owner, uint16_t row);
void kinds_set_cookie(struct snap_kinds *k, uint32_t inode, uint64_t cookie);
static inline uint16_t kinds_of(const struct snap_kinds *k, uint32_t owner)
{
	return owner < k->of_owner.n ? k->of_owner.v[owner] : 0;
}
uint64_t kinds_cookie(const struct snap_kinds *k, uint32_t inode);	/* 0: not known */

#endif
