/* SPDX-License-Identifier: MIT */
/*
 * How an anonymous tape changes words and addresses; which bytes are some is
 * anon.c's. Words (runs of letters and digits) become other words of the same
 * length, each character by a shift that hangs on the ones before it: different
 * words stay different, and a name cut short stays the head of the long one.
 * Addresses keep their class and their common prefixes, so networks still hold
 * what they held. The key is random and never written.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "source/anon.h"

enum { TWEAK_WORD = 1, TWEAK_V4, TWEAK_V6 };

int anon_init(struct anon *a)
{
	ssize_t n;

	do {
		n = getrandom(a->key, sizeof(a->key), 0);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n == sizeof(a->key) ? 0 : -EIO;
}

/* ---- a keyed hash of two numbers: SipHash-2-4 -------------------------- */

static uint64_t rotate(uint64_t v, unsigned n)
{
	return v << n | v >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static uint64_t sip(const struct anon *a, uint64_t x, uint64_t y)
{
	const uint64_t words[3] = { x, y, (uint64_t)16 << 56 };
	uint64_t v[4] = { a->key[0] ^ 0x736f6d6570736575, a->key[1] ^ 0x646f72616e646f6d,
			  a->key[0] ^ 0x6c7967656e657261, a->key[1] ^ 0x7465646279746573 };

	for (unsigned i = 0; i < 3; i++) {
		v[3] ^= words[i];
		sip_round(v);
		sip_round(v);
		v[0] ^= words[i];
	}
	v[2] ^= 0xff;
	for (unsigned i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* ---- words ------------------------------------------------------------- */

/* What paths, units and control groups are made of, on any machine. */
static const char *const plain_words[] = {
	"app", "besteffort", "bin", "burstable", "conmon", "containerd", "cri", "crio",
	"default", "deleted", "dev", "docker", "etc", "home", "init", "kubepods", "lib",
	"lib64", "libpod", "local", "lxc", "machine", "monitor", "mount", "net", "netns",
	"nerdctl", "opt", "payload", "pod", "podman", "proc", "root", "run", "sbin", "scope",
	"service", "session", "share", "slice", "sock", "socket", "sys", "system", "systemd",
	"tmp", "user", "usr", "var",
};

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(unsigned char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_word(unsigned char c)
{
	return is_digit(c) || is_letter(c) || c >= 0x80;
}

static bool is_plain(const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < sizeof(plain_words) / sizeof(plain_words[0]); i++)
		if (strlen(plain_words[i]) == len && !memcmp(plain_words[i], p, len))
			return true;
	return false;
}

/* Ids of containers and pods must stay hexadecimal to be known as such. */
static bool is_hex_id(const unsigned char *p, size_t len)
{
	size_t digits = 0;

	for (size_t i = 0; i < len; i++) {
		if (!is_digit(p[i]) && (p[i] < 'a' || p[i] > 'f'))
			return false;
		digits += is_digit(p[i]);
	}
	return len >= 4 && digits;
}

static unsigned char shift(unsigned char c, unsigned char first, unsigned n, uint64_t by)
{
	return first + (c - first + by % n) % n;
}

static unsigned char shift_hex(unsigned char c, uint64_t by)
{
	unsigned v = ((c <= '9' ? c - '0' : c - 'a' + 10) + by % 16) % 16;

	return v < 10 ? '0' + v : 'a' + v - 10;
}

static unsigned char shift_char(unsigned char c, uint64_t by, bool hex)
{
	if (hex)
		return shift_hex(c, by);
	if (is_digit(c))
		return shift(c, '0', 10, by);
	if (c >= 0x80)
		return shift(c, 0x80, 128, by);
	return c >= 'a' ? shift(c, 'a', 26, by) : shift(c, 'A', 26, by);
}

static void mask_word(const struct anon *a, unsigned char *p, size_t len)
{
	uint64_t state = sip(a, TWEAK_WORD, 0);
	bool hex;

	if (is_plain(p, len))
		return;
	if (len > 6 && !memcmp(p, "pod", 3) && is_hex_id(p + 3, len - 3)) {
		p += 3;
		len -= 3;
	}
	hex = is_hex_id(p, len);
	for (size_t i = 0; i < len; i++) {
		unsigned char was = p[i];

		p[i] = shift_char(was, state, hex);
		state = sip(a, state, was);
	}
}

void mask_text(const struct anon *a, void *bytes, size_t len)
{
	unsigned char *p = bytes;
	size_t at = 0, n;

	while (at < len) {
		for (n = 0; at + n < len && is_word(p[at + n]); n++)
			;
		mask_word(a, p + at, n);
		at += n ? n : 1;
	}
}

/* ---- addresses --------------------------------------------------------- */

/* Each byte from the first not kept bit on, by what all before it are. */
static void scramble(const struct anon *a, unsigned char *ip, size_t len, unsigned kept,
		     uint64_t tweak)
{
	uint64_t state = sip(a, tweak, 0);

	for (size_t i = 0; i < len; i++) {
		unsigned char was = ip[i];
		unsigned fixed = kept > i * 8 ? kept - i * 8 : 0;

		if (fixed < 8)
			ip[i] ^= state & (0xffu >> fixed);
		state = sip(a, state, was);
	}
}

/* Leading bits that make the class of an address. */
static unsigned v4_kept(const unsigned char *ip)
{
	if (ip[0] == 0 || ip[0] == 127 || ip[0] >= 224)
		return 32;
	if (ip[0] == 10)
		return 8;
	if (ip[0] == 172 && (ip[1] & 0xf0) == 16)
		return 12;
	if (ip[0] == 100 && (ip[1] & 0xc0) == 64)
		return 10;
	if ((ip[0] == 192 && ip[1] == 168) || (ip[0] == 169 && ip[1] == 254))
		return 16;
	return 0;
}

/* A public address that would become one of a class is sent on until it is
 * public again: still one to one. */
static void mask_v4(const struct anon *a, unsigned char *ip)
{
	unsigned kept = v4_kept(ip);

	do {
		scramble(a, ip, 4, kept, TWEAK_V4);
	} while (v4_kept(ip) != kept);
}

static bool holds_v4(const unsigned char *ip)
{
	static const unsigned char mapped[12] = { [10] = 0xff, 0xff };
	static const unsigned char nat64[12] = { 0, 0x64, 0xff, 0x9b };

	return !memcmp(ip, mapped, 12) || !memcmp(ip, nat64, 12);
}

static unsigned v6_kept(const unsigned char *ip)
{
	static const unsigned char zero[15];

	if ((!memcmp(ip, zero, 15) && ip[15] <= 1) || ip[0] == 0xff)
		return 128;
	if (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80)
		return 64;
	if ((ip[0] & 0xfe) == 0xfc)
		return 8;
	return (ip[0] & 0xe0) == 0x20 ? 3 : 16;
}

static void mask_v6(const struct anon *a, unsigned char *ip)
{
	if (holds_v4(ip))
		mask_v4(a, ip + 12);
	else
		scramble(a, ip, 16, v6_kept(ip), TWEAK_V6);
}

void mask_ip(const struct anon *a, int family, unsigned char *ip, size_t room)
{
	if (family == AF_INET && room >= 4)
		mask_v4(a, ip);
	else if (family == AF_INET6 && room >= 16)
		mask_v6(a, ip);
}
