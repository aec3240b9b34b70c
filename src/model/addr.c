/* SPDX-License-Identifier: MIT */
/*
 * IP addresses and networks: text, containment, classes. An IPv4 address that
 * came as v4-mapped IPv6 is IPv4 here, in rows and in what a user types alike,
 * so that both meet. Names and interfaces are not resolved here.
 */
#include "model/addr.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "base/num.h"

static const uint8_t mapped_head[12] = { [10] = 0xff, [11] = 0xff };
static const uint8_t nat64_head[12] = { 0x00, 0x64, 0xff, 0x9b };

struct lssock_addr addr_of_end(uint8_t family, const union lssock_end *end, bool *ret_mapped)
{
	struct lssock_addr a = { .family = family };
	bool mapped = family == AF_INET6 && !memcmp(end->ip, mapped_head, 12);

	if (ret_mapped)
		*ret_mapped = mapped;
	if (mapped || family == AF_INET) {
		a.family = AF_INET;
		a.prefix = 32;
		memcpy(a.ip, end->ip + (mapped ? 12 : 0), 4);
	} else if (family == AF_INET6) {
		a.prefix = 128;
		memcpy(a.ip, end->ip, 16);
	} else {
		a.family = 0;
	}
	return a;
}

static unsigned full_prefix(const struct lssock_addr *a)
{
	return a->family == AF_INET ? 32 : 128;
}

static void clear_host_bits(struct lssock_addr *a)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned first = i * 8;

		if (first >= a->prefix)
			a->ip[i] = 0;
		else if (first + 8 > a->prefix)
			a->ip[i] &= (uint8_t)(0xff00 >> (a->prefix - first));
	}
}

static void unmap(struct lssock_addr *a)
{
	if (a->family != AF_INET6 || a->prefix < 96 || memcmp(a->ip, mapped_head, 12))
		return;
	a->family = AF_INET;
	a->prefix -= 96;
	memmove(a->ip, a->ip + 12, 4);
	memset(a->ip + 4, 0, 12);
}

static bool parse_host(const char *s, size_t len, struct lssock_addr *a)
{
	char text[INET6_ADDRSTRLEN];
	bool brackets = len >= 2 && s[0] == '[' && s[len - 1] == ']';

	if (brackets) {
		s++;
		len -= 2;
	}
	if (len >= sizeof(text) || memchr(s, '\0', len))
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	a->family = brackets || memchr(s, ':', len) ? AF_INET6 : AF_INET;
	a->prefix = (uint8_t)full_prefix(a);
	return inet_pton(a->family, text, a->ip) == 1;
}

bool addr_parse(const char *s, size_t len, struct lssock_addr *ret)
{
	struct lssock_addr a = { 0 };
	const char *slash = len ? memchr(s, '/', len) : NULL;
	size_t host = slash ? (size_t)(slash - s) : len;
	uint64_t prefix;

	if (!host || !parse_host(s, host, &a))
		return false;
	if (slash) {
		if (!num_u64(slash + 1, len - host - 1, full_prefix(&a), &prefix))
			return false;
		a.prefix = (uint8_t)prefix;
	}
	unmap(&a);
	clear_host_bits(&a);
	*ret = a;
	return true;
}

#define TEN(tens) tens "0", tens "1", tens "2", tens "3", tens "4", \
		  tens "5", tens "6", tens "7", tens "8", tens "9"

/* Addresses are most of a list: an octet is one copy, not two divisions. */
static const char octets[256][4] = {
	TEN(""), TEN("1"), TEN("2"), TEN("3"), TEN("4"), TEN("5"), TEN("6"), TEN("7"),
	TEN("8"), TEN("9"), TEN("10"), TEN("11"), TEN("12"), TEN("13"), TEN("14"), TEN("15"),
	TEN("16"), TEN("17"), TEN("18"), TEN("19"), TEN("20"), TEN("21"), TEN("22"), TEN("23"),
	TEN("24"), "250", "251", "252", "253", "254", "255",
};

void addr_put_v4(struct buf *b, const uint8_t *ip)
{
	char *at;

	if (!buf_reserve(b, 4 * sizeof(*octets) + 1))
		return;
	at = b->data + b->len;
	for (unsigned i = 0; i < 4; i++) {
		memcpy(at, octets[ip[i]], sizeof(*octets));
		at += 1 + (ip[i] >= 10) + (ip[i] >= 100);
		*at++ = '.';
	}
	b->len = (size_t)(at - b->data) - 1;
}

/* First of the longest runs of zero groups, if it has at least two; *ret_len 0:
 * none. */
static unsigned longest_zeros(const uint16_t *groups, unsigned *ret_len)
{
	unsigned at = 0;

	*ret_len = 0;
	for (unsigned i = 0; i < 8; i++) {
		unsigned n = 0;

		while (i + n < 8 && !groups[i + n])
			n++;
		if (n > 1 && n > *ret_len) {
			at = i;
			*ret_len = n;
		}
		i += n;
	}
	return at;
}

static void put_v6(struct buf *b, const uint8_t *ip)
{
	uint16_t groups[8];
	unsigned gap, gap_len;

	if (!memcmp(ip, mapped_head, 12)) {
		buf_puts(b, "::ffff:");
		addr_put_v4(b, ip + 12);
		return;
	}
	for (unsigned i = 0; i < 8; i++)
		groups[i] = (uint16_t)(ip[2 * i] << 8 | ip[2 * i + 1]);
	gap = longest_zeros(groups, &gap_len);
	for (unsigned i = 0; i < 8; i++) {
		if (gap_len && i == gap) {
			buf_puts(b, "::");
			i += gap_len - 1;
			continue;
		}
		if (i && !(gap_len && i == gap + gap_len))
			buf_putc(b, ':');
		buf_hex(b, groups[i], 1);
	}
}

void addr_put(struct buf *b, const struct lssock_addr *a)
{
	if (a->family == AF_INET) {
		addr_put_v4(b, a->ip);
	} else if (a->family == AF_INET6) {
		put_v6(b, a->ip);
	} else {
		buf_putc(b, '*');
		return;
	}
	if (a->prefix < full_prefix(a)) {
		buf_putc(b, '/');
		buf_u64(b, a->prefix);
	}
}

static bool same_head(const uint8_t *x, const uint8_t *y, unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;

	if (memcmp(x, y, bytes))
		return false;
	return !rest || !((x[bytes] ^ y[bytes]) & (0xff00 >> rest) & 0xff);
}

bool addr_in(const struct lssock_addr *net, const struct lssock_addr *a)
{
	const uint8_t *ip = a->ip;
	unsigned family = a->family, prefix = a->prefix;

	if (!net->family)
		return family != 0;
	if (net->family == AF_INET && family == AF_INET6 && prefix >= 96 &&
	    !memcmp(ip, mapped_head, 12)) {
		family = AF_INET;
		prefix -= 96;
		ip += 12;
	}
	return family == net->family && prefix >= net->prefix &&
	       same_head(net->ip, ip, net->prefix);
}

bool addr_is_any(const struct lssock_addr *a)
{
	return addr_class(a) == ADDR_ANY;
}

static const struct {
	uint8_t ip[4], prefix, class;
} v4_classes[] = {
	{ { 0, 0, 0, 0 }, 32, ADDR_ANY },
	{ { 127, 0, 0, 0 }, 8, ADDR_LOOPBACK },
	{ { 169, 254, 0, 0 }, 16, ADDR_LINK },
	{ { 10, 0, 0, 0 }, 8, ADDR_PRIVATE },
	{ { 172, 16, 0, 0 }, 12, ADDR_PRIVATE },
	{ { 192, 168, 0, 0 }, 16, ADDR_PRIVATE },
	{ { 100, 64, 0, 0 }, 10, ADDR_PRIVATE },
	{ { 224, 0, 0, 0 }, 4, ADDR_MULTICAST },
	{ { 255, 255, 255, 255 }, 32, ADDR_MULTICAST },	/* broadcast reaches many too */
};

static enum addr_class class_v4(const uint8_t *ip)
{
	for (size_t i = 0; i < sizeof(v4_classes) / sizeof(*v4_classes); i++) {
		if (same_head(v4_classes[i].ip, ip, v4_classes[i].prefix))
			return v4_classes[i].class;
	}
	return ADDR_GLOBAL;
}

static enum addr_class class_v6(const uint8_t *ip)
{
	static const uint8_t zeros[15];

	if (!memcmp(ip, mapped_head, 12) || !memcmp(ip, nat64_head, 12))
		return class_v4(ip + 12);
	if (!memcmp(ip, zeros, 15) && ip[15] < 2)
		return ip[15] ? ADDR_LOOPBACK : ADDR_ANY;
	if (ip[0] == 0xff)
		return ADDR_MULTICAST;
	if (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80)
		return ADDR_LINK;
	/* fc00::/7, and the site-local fec0::/10 it replaced */
	if ((ip[0] & 0xfe) == 0xfc || (ip[0] == 0xfe && (ip[1] & 0xc0) == 0xc0))
		return ADDR_PRIVATE;
	return ADDR_GLOBAL;
}

enum addr_class addr_class(const struct lssock_addr *a)
{
	if (a->family == AF_INET)
		return class_v4(a->ip);
	return a->family == AF_INET6 ? class_v6(a->ip) : ADDR_ANY;
}

int addr_compare(const struct lssock_addr *a, const struct lssock_addr *b)
{
	size_t len = a->family == AF_INET ? 4 : 16;
	int r;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	r = memcmp(a->ip, b->ip, len);
	return r ? r : (int)a->prefix - (int)b->prefix;
}
