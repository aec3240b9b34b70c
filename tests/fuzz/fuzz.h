/* SPDX-License-Identifier: MIT */
/* What the fuzz targets share: input taken piece by piece, and promises. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/link.h"
#include "model/snap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define promise(x) ((x) ? (void)0 : __builtin_trap())

static inline uint8_t take_byte(const uint8_t **data, size_t *size)
{
	uint8_t b = *size ? **data : 0;

	*data += *size > 0;
	*size -= *size > 0;
	return b;
}

/* A copy of exact size: a read past its end is seen. */
static inline char *exact(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);

	promise(copy);
	memcpy(copy, data, size);
	return copy;
}

/* Text for people: nothing in it but what the gate gives. */
static inline int is_shown(const char *text, size_t len)
{
	struct buf b = { 0 };
	int r = text_unescape(&b, text, len);

	buf_release(&b);
	return r == 0;
}

/* Whatever the rows are: every relation, every field, as text that is safe. */
static inline void read_all(struct lssock_snap *s)
{
	static const struct link_why known;
	struct lssock_value v;
	char text[512];
	uint32_t n;

	promise(!link_owners(s) && !link_via(s) && !link_peers(s) && !link_clients(s));
	link_why(s, &known);
	if (snap_seal(s))
		return;
	lssock_socks(s, &n);
	for (uint32_t row = 0; row < n && row < 50; row++)
		for (uint32_t f = 0; f < lssock_fields(); f++) {
			size_t len;

			lssock_get(s, row, s->socks.v[row].owner, f, &v);
			len = lssock_value_text(&v, text, sizeof(text));
			promise(len < sizeof(text) && strlen(text) == len);
			promise(is_shown(text, len));
		}
}

#endif
