/* SPDX-License-Identifier: MIT */
/*
 * sock_diag as bytes: requests, and replies into rows. No I/O. One bad message
 * is counted and passed over, never an error of the whole.
 */
#ifndef WIRE_DIAG_H
#define WIRE_DIAG_H

#include "model/snap.h"

/* Attribute classes: the same number means another thing in another class. */
enum diag_class { DIAG_INET, DIAG_UNIX, DIAG_NETLINK, DIAG_PACKET, DIAG_VSOCK,
		  DIAG_XDP, DIAG_TIPC, DIAG_N_CLASS };
enum diag_class diag_class(unsigned proto);

/* Kernel state masks (bit 1 << state, 12 NEW_SYN_RECV, 13 BOUND_INACTIVE). */
#define DIAG_STATES_ALL 0xffffffffu
uint32_t diag_kernel_states(uint32_t states);	/* set of lssock_state bits -> mask */

struct diag_request {
	uint8_t proto;			/* enum lssock_proto */
	uint8_t family;			/* AF_INET, AF_INET6; 0: both (v1 request) */
	uint8_t ext;			/* idiag_ext */
	uint32_t states;		/* kernel mask */
	uint32_t show;			/* unix, netlink, packet, xdp */
	uint16_t sport, dport;		/* header filter, 0: any */
	const void *bytecode;		/* INET_DIAG_REQ_BYTECODE, or NULL */
	uint32_t bytecode_len;
};
/* Appends a whole dump request (nlmsghdr, seq 0, body). -EOPNOTSUPP: this
 * (proto, family) has no request of its own (icmp, other). */
int diag_request(struct buf *b, const struct diag_request *r);
/* Appends a whole request that destroys this socket and no other: its ends, its
 * interface, its cookie. rport, if not 0, goes in place of the remote port: of
 * sockets that share a port it chooses which one the kernel looks at. -ENODATA:
 * without the exact cookie the kernel could take the listener instead;
 * -EOPNOTSUPP: it destroys none of this protocol. */
int diag_destroy(struct buf *b, const struct lssock_sock *k, uint32_t ifindex, uint16_t rport);
/* Fills ext/show so that the attributes of the keep set are sent. */
void diag_want(struct diag_request *r, uint32_t keep);
/* How to ask for every socket of a protocol: families to ask one by one,
 * ended by -1; {0, -1} is one request for all. */
const int *diag_families(unsigned proto);

/* A dump being decoded. Zero it, set the first part. */
struct diag_dump {
	struct lssock_snap *snap;
	uint16_t ns;
	uint8_t proto;
	const uint32_t *keep;		/* by class: attributes to keep, bit = type; NULL: no */
	bool mark_autobound;		/* variant 1: rows that are known get F_AUTOBOUND */
	/* results */
	bool done;			/* DONE or ERROR came */
	int err;			/* of ERROR, or of the int inside DONE; negative */
	uint32_t rows, fresh, bad, messages;
	bool interrupted;		/* NLM_F_DUMP_INTR */
};
/* One chunk: chunk_fn with a struct diag_dump as ctx. Always 0 or -ENOMEM. */
int diag_decode(void *dump, const void *bytes, size_t len);

/* Whether INET_DIAG_ULP_INFO says that a TCP socket belongs to an MPTCP connection
 * (inet_csk_diag_fill_ulp, mptcp's subflow_get_info). */
bool diag_is_subflow(const void *ulp, size_t len);

/* Zeroes the keys of INET_DIAG_MD5SIG in received messages, in place, so that
 * no recording holds them. */
void diag_scrub(void *bytes, size_t len);

/* wire/family: one netlink message of a protocol -> a row. Payload of the
 * message without nlmsghdr. 0, or -EBADMSG. *ret_attrs: where attributes start. */
int family_row(uint8_t proto, const void *payload, size_t len, struct lssock_snap *s,
	       uint16_t ns, struct lssock_sock *ret, size_t *ret_attrs_at);
/* What the attributes say about the record itself (flags, name, uid, queues …).
 * `attrs` are well-formed netlink attributes. */
void family_attrs(uint8_t proto, const void *attrs, size_t len, struct lssock_snap *s,
		  struct lssock_sock *k);

/* The message of a destroy group (tcp, udp): what is still true of the socket. 0 or
 * -EBADMSG. */
int family_closed(uint8_t proto, const void *payload, size_t len, struct lssock_sock *ret);

/* tcp_info fields by offset, each known to be inside len. See fieldtab. */

#endif
