/* SPDX-License-Identifier: MIT */
/*
 * What an anonymous tape changes. Words (runs of letters and digits) become
 * other words of the same length, each character by a shift that hangs on the
 * ones before it: different words stay different, and a name cut short stays
 * the head of the long one. Addresses keep their class and their common
 * prefixes, so networks still hold what they held. Numbers of users, processes,
 * ports, inodes and interfaces stay. The key is random and never written.
 */
#include "source/anon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/inet_diag.h>
#include <linux/packet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/num.h"
#include "wire/attr.h"
#include "wire/diag.h"

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

static void mask_text(const struct anon *a, void *bytes, size_t len)
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

static void mask_ip(const struct anon *a, int family, unsigned char *ip, size_t room)
{
	if (family == AF_INET && room >= 4)
		mask_v4(a, ip);
	else if (family == AF_INET6 && room >= 16)
		mask_v6(a, ip);
}

/* ---- sock_diag --------------------------------------------------------- */

/* Arrays of struct sockaddr_storage: what SCTP lists. */
static void mask_sockaddrs(const struct anon *a, unsigned char *p, size_t len)
{
	const size_t each = sizeof(struct sockaddr_storage);
	sa_family_t family;

	for (; len >= each; p += each, len -= each) {
		memcpy(&family, p, sizeof(family));
		if (family == AF_INET)
			mask_v4(a, p + offsetof(struct sockaddr_in, sin_addr));
		if (family == AF_INET6)
			mask_v6(a, p + offsetof(struct sockaddr_in6, sin6_addr));
	}
}

static void inet_attr(const struct anon *a, unsigned type, unsigned char *p, size_t len)
{
	if (type == INET_DIAG_LOCALS || type == INET_DIAG_PEERS)
		mask_sockaddrs(a, p, len);
	if (type == INET_DIAG_MD5SIG || type == INET_DIAG_SK_BPF_STORAGES)
		memset(p, 0, len);
}

static void unix_attr(const struct anon *a, unsigned type, unsigned char *p, size_t len)
{
	if (type == UNIX_DIAG_NAME)
		mask_text(a, p, len);
}

/* Hardware addresses, and programs that compare with addresses. */
static void packet_attr(const struct anon *a, unsigned type, unsigned char *p, size_t len)
{
	(void)a;
	if (type == PACKET_DIAG_MCLIST || type == PACKET_DIAG_FILTER)
		memset(p, 0, len);
}

/* rtnetlink: what is read here, and nothing else. */
static void kind_attr(const struct anon *a, unsigned type, unsigned char *p, size_t len)
{
	(void)a;
	if (type != IFLA_INFO_KIND)
		memset(p, 0, len);
}

typedef void (*attr_fn)(const struct anon *a, unsigned type, unsigned char *p, size_t len);

/* What no attribute explains is not left behind. */
static void each_attr(const struct anon *a, unsigned char *p, size_t len, attr_fn fn)
{
	struct attr_walk w = { p, len };
	struct attr t;

	while (attr_next(&w, &t))
		fn(a, t.type, p + (t.data - p), t.len);
	memset(p + (len - w.left), 0, w.left);
}

static void link_attr(const struct anon *a, unsigned type, unsigned char *p, size_t len)
{
	switch (type) {
	case IFLA_IFNAME:
	case IFLA_LINK:
	case IFLA_LINK_NETNSID:
		break;
	case IFLA_LINKINFO:
		each_attr(a, p, len, kind_attr);
		break;
	default:
		memset(p, 0, len);
	}
}

static void addr_attr(const struct anon *a, unsigned type, unsigned char *p, size_t len)
{
	if (type == IFA_ADDRESS || type == IFA_LOCAL)
		mask_ip(a, len == 4 ? AF_INET : AF_INET6, p, len);
	else
		memset(p, 0, len);
}

static void inet_message(const struct anon *a, unsigned char *p, size_t len)
{
	const size_t id = offsetof(struct inet_diag_msg, id);

	if (len < sizeof(struct inet_diag_msg)) {
		memset(p, 0, len);
		return;
	}
	mask_ip(a, p[0], p + id + offsetof(struct inet_diag_sockid, idiag_src), 16);
	mask_ip(a, p[0], p + id + offsetof(struct inet_diag_sockid, idiag_dst), 16);
	each_attr(a, p + sizeof(struct inet_diag_msg), len - sizeof(struct inet_diag_msg),
		  inet_attr);
}

static void after_head(const struct anon *a, unsigned char *p, size_t len, size_t head,
		       attr_fn fn)
{
	if (len < head)
		memset(p, 0, len);
	else
		each_attr(a, p + head, len - head, fn);
}

static void socket_message(const struct anon *a, unsigned proto, unsigned char *p, size_t len)
{
	switch (diag_class(proto)) {
	case DIAG_INET:
		inet_message(a, p, len);
		break;
	case DIAG_UNIX:
		after_head(a, p, len, sizeof(struct unix_diag_msg), unix_attr);
		break;
	case DIAG_PACKET:
		after_head(a, p, len, sizeof(struct packet_diag_msg), packet_attr);
		break;
	default:		/* no addresses of people's networks, no names */
		break;
	}
}

static void message(const struct anon *a, const struct ask *ask, unsigned type,
		    unsigned char *p, size_t len)
{
	const size_t head = sizeof(int) + sizeof(struct nlmsghdr);

	switch (type) {
	case TCPDIAG_GETSOCK:
	case SOCK_DIAG_BY_FAMILY:
		if (ask->kind == ASK_DIAG)	/* 20 is RTM_NEWADDR there */
			socket_message(a, ask->id & 0xff, p, len);
		else
			after_head(a, p, len, sizeof(struct ifaddrmsg), addr_attr);
		break;
	case RTM_NEWLINK:
		after_head(a, p, len, sizeof(struct ifinfomsg), link_attr);
		break;
	case NLMSG_ERROR:	/* the request is quoted, with its filter */
		if (len > head)
			memset(p + head, 0, len - head);
		break;
	case NLMSG_DONE:
		break;
	default:
		memset(p, 0, len);
	}
}

static void messages(const struct anon *a, const struct ask *ask, unsigned char *p, size_t len)
{
	struct attr_walk w = { p, len };
	const unsigned char *body;
	struct nlmsghdr h;

	while (attr_message(&w, &h, &body))
		message(a, ask, h.nlmsg_type, p + (body - p), h.nlmsg_len - sizeof(h));
	memset(p + (len - w.left), 0, w.left);
}

/* ---- owners, processes, namespaces ------------------------------------- */

static void task(const struct anon *a, unsigned char *p)
{
	char *comm = (char *)p + offsetof(struct own_task, comm);
	uint32_t flags;

	memcpy(&flags, p + offsetof(struct own_task, flags), sizeof(flags));
	if (!(flags & LSSOCK_P_KTHREAD))
		mask_text(a, comm, strnlen(comm, 16));
}

static void owners(const struct anon *a, unsigned char *p, size_t len)
{
	struct own_rec r;
	size_t size;

	for (; len >= sizeof(r); p += size, len -= size) {
		memcpy(&r, p, sizeof(r));
		size = sizeof(r);
		if (!r.zero && r.type == OWN_TASK)
			size = sizeof(struct own_task);
		if (!r.zero && r.type == OWN_IN_FLIGHT)
			size = 2 * sizeof(r);
		if (size > len)
			break;
		if (size == sizeof(struct own_task))
			task(a, p);
	}
	memset(p, 0, len);
}

static void details(const struct anon *a, unsigned char *p, size_t len)
{
	while (len >= 8) {
		uint16_t tag;
		uint32_t n;
		size_t step;

		memcpy(&tag, p, 2);
		memcpy(&n, p + 4, 4);
		p += 8;
		len -= 8;
		if (n > len)
			break;
		if (tag != PROC_LIMITS && tag != PROC_NFDS)
			mask_text(a, p, n);
		step = ((size_t)n + 3) & ~(size_t)3;
		if (step > len)
			step = len;
		p += step;
		len -= step;
	}
	memset(p, 0, len);
}

static void namespaces(const struct anon *a, unsigned char *p, size_t len)
{
	struct wire_ns n;

	while (len >= sizeof(n)) {
		memcpy(&n, p, sizeof(n));
		if (n.len < sizeof(n) || n.len > len)
			break;
		mask_text(a, p + sizeof(n), n.len - sizeof(n));
		p += n.len;
		len -= n.len;
	}
	memset(p, 0, len);
}

/* ---- texts ------------------------------------------------------------- */

typedef void (*line_fn)(const struct anon *a, unsigned char *p, size_t len);

static void each_line(const struct anon *a, unsigned char *p, size_t len, line_fn fn)
{
	while (len) {
		unsigned char *end = memchr(p, '\n', len);
		size_t n = end ? (size_t)(end - p) : len;

		fn(a, p, n);
		n += end != NULL;
		p += n;
		len -= n;
	}
}

static void fact(const struct anon *a, unsigned char *p, size_t len)
{
	if (len > 5 && !memcmp(p, "host ", 5))
		mask_text(a, p + 5, len - 5);
}

/* name:password:number[:number]:rest */
static void account(const struct anon *a, unsigned char *p, size_t len)
{
	while (len) {
		unsigned char *end = memchr(p, ':', len);
		size_t n = end ? (size_t)(end - p) : len;
		uint64_t id;

		if (!num_u64((char *)p, n, UINT32_MAX, &id))
			mask_text(a, p, n);
		n += end != NULL;
		p += n;
		len -= n;
	}
}

static size_t hex_run(const unsigned char *p, size_t len)
{
	size_t n = 0;

	while (n < len && (is_digit(p[n]) || ((p[n] | 0x20) >= 'a' && (p[n] | 0x20) <= 'f')))
		n++;
	return n;
}

/* 32 bits at a time, each printed as a number of this machine. */
static void mask_hex_ip(const struct anon *a, unsigned char *p, size_t digits)
{
	unsigned char ip[16];
	char text[9];
	uint64_t v;
	uint32_t word;

	for (size_t i = 0; i < digits / 8; i++) {
		num_hex((char *)p + i * 8, 8, UINT32_MAX, &v);
		word = v;
		memcpy(ip + i * 4, &word, 4);
	}
	mask_ip(a, digits == 8 ? AF_INET : AF_INET6, ip, sizeof(ip));
	for (size_t i = 0; i < digits / 8; i++) {
		memcpy(&word, ip + i * 4, 4);
		snprintf(text, sizeof(text), "%08X", word);
		memcpy(p + i * 8, text, 8);
	}
}

/* ADDRESS:PORT; queue lengths have eight digits on both sides. */
static void inet_line(const struct anon *a, unsigned char *p, size_t len)
{
	while (len) {
		size_t n = hex_run(p, len);

		if ((n == 8 || n == 32) && n < len && p[n] == ':' &&
		    hex_run(p + n + 1, len - n - 1) == 4)
			mask_hex_ip(a, p, n);
		n += n < len;
		p += n;
		len -= n;
	}
}

static bool starts_record(const unsigned char *p, size_t len)
{
	size_t n = hex_run(p, len);

	return n >= 8 && n < len && p[n] == ':';
}

/* The path is the eighth word; a line that begins no record is the rest of one
 * with a newline in it. */
static void unix_line(const struct anon *a, unsigned char *p, size_t len)
{
	size_t at = 0;

	if (len > 3 && !memcmp(p, "Num", 3))
		return;
	for (unsigned word = 0; word < 7 && starts_record(p, len); word++) {
		while (at < len && p[at] == ' ')
			at++;
		while (at < len && p[at] != ' ')
			at++;
	}
	mask_text(a, p + at, len - at);
}

static line_fn line_of(uint64_t which)
{
	if (which >= TEXT_NET_TCP && which <= TEXT_NET_ICMP6)
		return inet_line;
	if (which == TEXT_NET_UNIX)
		return unix_line;
	return which == TEXT_PASSWD || which == TEXT_GROUP ? account : NULL;
}

/* ---- the answers ------------------------------------------------------- */

void anon_chunk(const struct anon *a, const struct ask *ask, void *bytes, size_t len)
{
	switch ((enum ask_kind)ask->kind) {
	case ASK_FACTS:
		each_line(a, bytes, len, fact);
		break;
	case ASK_TEXT:
		if (line_of(ask->id))
			each_line(a, bytes, len, line_of(ask->id));
		break;
	case ASK_DIAG:
		messages(a, ask, bytes, len);
		break;
	case ASK_ROUTE:
		if (ask->id != ASK_ROUTE_NSID)
			messages(a, ask, bytes, len);
		break;
	case ASK_OWNERS:
	case ASK_HOLDERS:
		owners(a, bytes, len);
		break;
	case ASK_PROC:
		details(a, bytes, len);
		break;
	case ASK_NETNS:
	case ASK_SOCKET_NETNS:
	case ASK_NETNS_FIND:
		namespaces(a, bytes, len);
		break;
	case ASK_CGROUP:
		mask_text(a, bytes, len);
		break;
	case ASK_FILE:
	case ASK_PROTONAME:
	case ASK_CGROUP_ID:
	case ASK_N_KIND:
		break;
	}
}

/* Bytes of the argument before the path; SIZE_MAX: there is no path in it. */
static size_t path_at(const struct ask *ask)
{
	switch (ask->kind) {
	case ASK_FILE:
		return sizeof(struct ask_file);
	case ASK_CGROUP_ID:
	case ASK_NETNS_FIND:
		return 0;
	}
	return SIZE_MAX;
}

int anon_id(const struct anon *a, const struct ask *ask, uint64_t *ret)
{
	size_t at = path_at(ask);
	unsigned char *arg;
	uint64_t pid;

	*ret = ask->id;
	if (at >= ask->arg_len || num_u64(ask->arg, ask->arg_len, INT32_MAX, &pid))
		return 0;
	arg = mem_alloc(ask->arg_len);
	if (!arg)
		return -ENOMEM;
	memcpy(arg, ask->arg, ask->arg_len);
	mask_text(a, arg + at, ask->arg_len - at);
	*ret = hash_bytes(arg, ask->arg_len);
	mem_free(arg);
	return 0;
}
