/* SPDX-License-Identifier: MIT */
/* Messages of nftables, in one chunk and in two. */
#include "fuzz.h"
#include "wire/nat.h"

static void decode(struct lssock_snap *s, const char *bytes, size_t size, size_t cut)
{
	struct nat_dump *d = nat_new();
	uint32_t i;

	promise(d);
	nat_decode(d, bytes, cut);
	nat_decode(d, bytes + cut, size - cut);
	nat_error(d);
	nat_end(d, s, 0);
	nat_free(d);
	for (i = 0; i < s->nats.n; i++) {
		const struct lssock_nat *n = &s->nats.v[i];

		promise(n->proto && n->port_lo && n->port_lo <= n->port_hi);
		promise(!n->to_family || n->to_family == 2 || n->to_family == 10);
		promise(n->daddr_prefix <= 128);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lssock_snap *s = snap_new();
	size_t cut = take_byte(&data, &size) * 4u;
	char *bytes = exact(data, size);

	decode(s, bytes, size, 0);
	decode(s, bytes, size, cut < size ? cut : size);
	free(bytes);
	lssock_snap_free(s);
	return 0;
}
