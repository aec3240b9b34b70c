/* SPDX-License-Identifier: MIT */
/* Addresses: reading, printing, prefixes, classes. */
#ifndef MODEL_ADDR_H
#define MODEL_ADDR_H

#include "base/buf.h"
#include "lssock.h"

enum addr_class {
	ADDR_ANY,
	ADDR_LOOPBACK,
	ADDR_LINK,
	ADDR_PRIVATE,
	ADDR_MULTICAST,
	ADDR_GLOBAL
};

/* Of an end: a v4-mapped IPv6 address becomes IPv4 (shown so everywhere).
 * *ret_mapped, if not NULL, tells. prefix = 32 or 128. */
struct lssock_addr addr_of_end(uint8_t family, const union lssock_end *end, bool *ret_mapped);
/* "10.0.0.0/8", "::1", "[2001:db8::]/32", "fe80::1" (no scope). Host bits past
 * the prefix are cleared. false: not an address. */
bool addr_parse(const char *s, size_t len, struct lssock_addr *ret);
/* Dotted, or RFC 5952 without brackets; "/n" when prefix is not the full one. */
void addr_put(struct buf *b, const struct lssock_addr *a);
void addr_put_v4(struct buf *b, const uint8_t *ip);
/* Whether a lies in net (families equal; a v4 net matches v4-mapped too). */
bool addr_in(const struct lssock_addr *net, const struct lssock_addr *a);
bool addr_is_any(const struct lssock_addr *a);
/* Loopback 127/8, ::1; link 169.254/16, fe80::/10; private RFC 1918, RFC 6598,
 * fc00::/7; v4-mapped and 64:ff9b:: by their IPv4. */
enum addr_class addr_class(const struct lssock_addr *a);
/* memcmp order: family, bytes, prefix. For sorting. */
int addr_compare(const struct lssock_addr *a, const struct lssock_addr *b);

#endif
