/* SPDX-License-Identifier: MIT */
/* The event stream: byte 0 whether keys are taken out of it first. */
#include <sys/socket.h>

#include "fuzz.h"
#include "wire/events.h"

static void closed(void *ctx, uint16_t ns, uint64_t time_ns, const struct lssock_sock *k,
		   const void *attrs, size_t len)
{
	uint64_t *sum = ctx;

	promise(k->cookie && k->state == LSSOCK_CLOSE && k->ns == ns);
	promise(k->proto == LSSOCK_TCP || k->proto == LSSOCK_UDP);
	*sum += hash_bytes(attrs, len) + time_ns;	/* every byte may be read */
}

static void state(void *ctx, uint16_t ns, uint64_t time_ns, const struct wire_state *s)
{
	uint64_t *sum = ctx;

	promise(s->cookie && s->was && s->state && s->pid >= 0);
	promise(s->family == AF_INET || s->family == AF_INET6);
	*sum += ns + time_ns;
}

static void tells(void *ctx, uint16_t ns, unsigned bits, int err)
{
	(void)ctx;
	(void)bits;
	(void)err;
	promise(ns == 0);
}

static void untold(void *ctx, uint16_t ns, int err)
{
	(void)ctx;
	(void)err;
	promise(ns != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct events_sink sink = { closed, state, NULL, tells, untold };
	bool scrub = take_byte(&data, &size) & 1;
	char *copy = exact(data, size);
	uint64_t sum = 0;

	if (scrub)
		events_scrub(copy, size);
	events_decode(copy, size, &sink, &sum);
	free(copy);
	return 0;
}
