/* SPDX-License-Identifier: MIT */
/* Asking the source for whole answers. */
#include <errno.h>

#include "engine/engine.h"

int ask_chunk(void *answer, const void *bytes, size_t len)
{
	struct buf *b = answer;

	buf_put(b, bytes, len);
	return b->failed ? -ENOMEM : 0;
}

int ask_bytes(struct collect *c, enum ask_kind kind, uint16_t ns, uint64_t id, const void *arg,
	      uint32_t arg_len, struct buf *ret)
{
	struct ask a = {
		.kind = (uint16_t)kind, .ns = ns, .id = id, .arg = arg, .arg_len = arg_len,
	};

	return ahead_ask(c, &a, ask_chunk, ret);
}
