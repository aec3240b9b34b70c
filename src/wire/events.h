/* SPDX-License-Identifier: MIT */
/* The event stream of ASK_EVENTS as records: who closed, who changed its state. */
#ifndef WIRE_EVENTS_H
#define WIRE_EVENTS_H

#include "model/snap.h"
#include "wire/records.h"

/* What is told; any may be NULL. Times are since boot. */
struct events_sink {
	/* k: family, proto, ends, ports, cookie; attrs: as they came, valid now only. */
	void (*closed)(void *ctx, uint16_t ns, uint64_t time_ns, const struct lssock_sock *k,
		       const void *attrs, size_t len);
	void (*state)(void *ctx, uint16_t ns, uint64_t time_ns, const struct wire_state *st);
	void (*lost)(void *ctx, uint16_t ns, uint32_t count);
	/* tells: bit 0 closing, bit 1 states; err: why no states. */
	void (*tells)(void *ctx, uint16_t ns, unsigned tells, int err);
};
/* One chunk. How many records were nonsense. */
uint32_t events_decode(const void *bytes, size_t len, const struct events_sink *sink, void *ctx);

#endif
