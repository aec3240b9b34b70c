/* SPDX-License-Identifier: MIT */
/*
 * The event stream (records.h) taken apart: sockets that were closed, changes of
 * state, what was lost, who tells. No I/O, no snapshot: whose row an event speaks
 * of the caller knows, by cookie.
 */
#ifndef WIRE_EVENTS_H
#define WIRE_EVENTS_H

#include <stddef.h>

#include "lssock.h"
#include "wire/records.h"

/* A TCP or UDP socket that is no more. Its state is CLOSE; inode, uid and queues
 * are not known any more, and ends of one that was never connected, or destroyed,
 * are zero. Cookie 0 never comes. */
struct events_closed {
	struct lssock_sock sock;	/* ns as in the record, iface 0: see ifindex */
	uint32_t ifindex;		/* bound to; 0: to none */
	const void *attrs;		/* well-formed; INET_DIAG_INFO: the last tcp_info */
	size_t attrs_len;
};

/* NULL: not wanted. Negative ends the decoding and is returned. The record's head
 * says when and where (ns, EVENT_NS_GONE). */
struct events_sink {
	int (*closed)(void *ctx, const struct wire_event *e, const struct events_closed *c);
	/* states are ones of the kernel (1 to 12), addresses zero where unknown */
	int (*state)(void *ctx, const struct wire_event *e, const struct wire_state *s);
	/* type: EVENT_DESTROY or EVENT_STATE. count 0: nobody knows. */
	int (*lost)(void *ctx, const struct wire_event *e, unsigned type, uint32_t count);
	int (*tells)(void *ctx, const struct wire_event *e, uint32_t bits, int err);
};

struct events_in {			/* zero it, set the first two */
	const struct events_sink *sink;
	void *ctx;
	uint32_t bad;			/* records and messages that made no sense */
};
/* One chunk: chunk_fn with a struct events_in as ctx. */
int events_decode(void *in, const void *bytes, size_t len);

/* Calls fn for each record of a chunk, with its bytes; what is left at the end is
 * not one. Returns how many bytes that is. */
typedef void (*events_fn)(void *ctx, const struct wire_event *e, unsigned char *body);
size_t events_each(void *bytes, size_t len, events_fn fn, void *ctx);

/* diag_scrub() on the messages in it. */
void events_scrub(void *bytes, size_t len);

#endif
