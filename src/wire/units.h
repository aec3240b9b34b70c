/* SPDX-License-Identifier: MIT */
/* Files of socket units -> the addresses they listen on. No I/O. All input is hostile. */
#ifndef WIRE_UNITS_H
#define WIRE_UNITS_H

#include "base/buf.h"
#include "model/snap.h"

enum units_kind { UNITS_PORT, UNITS_NAME, UNITS_NETLINK };
struct units_address {
	uint32_t unit;			/* string of the snapshot */
	uint8_t kind;			/* enum units_kind */
	uint8_t type;			/* SOCK_STREAM, _DGRAM, _SEQPACKET, _RAW: netlink */
	uint16_t port;			/* netlink: its protocol */
	struct lssock_addr addr;	/* family 0: any of this machine */
	uint32_t name;			/* string: path, or abstract with leading NUL */
};
struct units { VEC(struct units_address) list; };

/* ASK_UNITS' answer, added to the list. -EBADMSG: records that make no sense. */
int units_read(struct units *u, struct lssock_snap *s, const void *bytes, size_t len);
void units_release(struct units *u);
/* String of the unit that listens on just this address. 0: none, LSSOCK_NONE: several
 * do. */
uint32_t units_find(const struct units *u, const struct lssock_snap *s, uint32_t row);

#endif
