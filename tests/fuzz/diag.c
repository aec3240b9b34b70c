/* SPDX-License-Identifier: MIT */
/* Netlink replies: byte 0 the protocol, byte 1 where the dump is cut in two. */
#include "fuzz.h"
#include "wire/diag.h"
#include "wire/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t keep[DIAG_N_CLASS] = { ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u };
	uint8_t proto = take_byte(&data, &size) % (LSSOCK_N_PROTO + 1);
	size_t cut = take_byte(&data, &size) * 4u;
	struct lssock_snap *s = snap_new();
	struct diag_dump d = { .snap = s, .proto = proto, .keep = keep };
	struct route_dump r = { .snap = s };
	char *head, *tail;

	promise(s);
	memcpy(s->kept, keep, sizeof(s->kept));
	cut = cut < size ? cut : size;
	head = exact(data, cut);
	tail = exact(data + cut, size - cut);
	if (proto == LSSOCK_N_PROTO) {
		route_decode(&r, head, cut);
		route_decode(&r, tail, size - cut);
		route_nsids(s, 0, tail, size - cut);
	} else {
		promise(!diag_decode(&d, head, cut) && !diag_decode(&d, tail, size - cut));
		diag_scrub(tail, size - cut);
	}
	free(head);
	free(tail);
	read_all(s);
	lssock_snap_free(s);
	return 0;
}
