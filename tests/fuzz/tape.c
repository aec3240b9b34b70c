/* SPDX-License-Identifier: MIT */
/* A recording: what opens answers every question with something bounded. */
#include "fuzz.h"
#include "source/source.h"
#include "wire/diag.h"

static int count(void *ctx, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		*(uint64_t *)ctx += ((const uint8_t *)bytes)[i];
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lssock_err err = { .pos = -1 };
	struct source *s;
	uint64_t sum = 0;

	if (tape_open_bytes(data, size, &s, &err)) {
		promise(err.msg[0] && is_shown(err.msg, strlen(err.msg)));
		return 0;
	}
	do {
		for (uint16_t kind = 0; kind < ASK_N_KIND; kind++)
			for (uint64_t id = 0; id < 40; id++) {
				struct ask a = { .kind = kind, .id = id };

				s->ask(s, &a, count, &sum);
			}
	} while (s->next(s) == 1);
	s->close(s);
	return 0;
}
