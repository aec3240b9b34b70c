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

/* What is told; any may be NULL. Times are since boot, places of namespaces as in the
 * record (EVENT_NS_GONE too). */
struct events_sink {
	/* A TCP or UDP socket is no more: its state is CLOSE; inode, uid and queues are
	 * not known any more, and the ends of one that was never connected, or was
	 * destroyed, are zero. attrs: well-formed, as they came, valid now only;
	 * INET_DIAG_INFO has the last tcp_info. */
	void (*closed)(void *ctx, uint16_t ns, uint64_t time_ns, const struct lssock_sock *k,
		       const void *attrs, size_t len);
	/* States are the kernel's, 1 to 12. */
	void (*state)(void *ctx, uint16_t ns, uint64_t time_ns, const struct wire_state *st);
	/* count 0: nobody knows how many. */
	void (*lost)(void *ctx, uint16_t ns, uint32_t count);
	/* EVENT_TELLS_*, of every namespace that untold() does not name; err: positive,
	 * why not both. */
	void (*tells)(void *ctx, uint16_t ns, unsigned tells, int err);
	/* Until tells() is called again: nothing that closes in this one is told of. */
	void (*untold)(void *ctx, uint16_t ns, int err);
};
/* One chunk. How many records and messages were nonsense. */
uint32_t events_decode(const void *bytes, size_t len, const struct events_sink *sink,
		       void *ctx);

/* Calls fn for each record of a chunk, with its bytes; what is left at the end is
 * not one. Returns how many bytes that is. */
typedef void (*events_fn)(void *ctx, const struct wire_event *e, unsigned char *body);
size_t events_each(void *bytes, size_t len, events_fn fn, void *ctx);

/* diag_scrub() on the messages in it. */
void events_scrub(void *bytes, size_t len);

#endif
