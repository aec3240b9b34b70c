/* SPDX-License-Identifier: MIT */
/* Addresses of rows in one form, to be compared: all in that of IPv6, IPv4 as
 * v4-mapped, so both spellings are one. For link.c and peer.c. */
#ifndef MODEL_SPELT_H
#define MODEL_SPELT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

struct address { uint64_t w[2]; };

static const uint8_t any4[16] = { [10] = 0xff, 0xff };
static const uint8_t any6[16];

static inline struct address address_of(uint8_t family, const void *ip)
{
	struct address a;
	uint32_t mapped[2];

	if (family == AF_INET) {
		memcpy(mapped, any4 + 8, 4);
		memcpy(mapped + 1, ip, 4);
		a.w[0] = 0;
		memcpy(&a.w[1], mapped, 8);
	} else {
		memcpy(&a, ip, sizeof(a));
	}
	return a;
}

static inline bool same_address(struct address a, struct address b)
{
	return a.w[0] == b.w[0] && a.w[1] == b.w[1];
}

static inline bool is_v4(struct address a)
{
	return !memcmp(&a, any4, 12);
}

static inline bool is_any(struct address a)
{
	return !memcmp(&a, any4, 16) || !memcmp(&a, any6, 16);
}

static inline bool is_loopback(struct address a)
{
	static const uint8_t one[16] = { [15] = 1 };
	uint8_t bytes[16];

	memcpy(bytes, &a, sizeof(bytes));
	return (is_v4(a) && bytes[12] == 127) || !memcmp(bytes, one, 16);
}

#endif
