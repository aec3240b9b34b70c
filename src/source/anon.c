/* SPDX-License-Identifier: MIT */
/*
 * Where names and addresses are in the answers, for an anonymous tape; how they
 * change is mask.c's. Numbers of users, processes, ports, inodes and interfaces
 * stay. What no decoder here reads, and might name somebody, becomes zeros.
 */
#include "source/anon.h"

#include <ctype.h>
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

#include "base/num.h"
#include "wire/attr.h"
#include "wire/diag.h"
#include "wire/events.h"

/* ---- sock_diag --------------------------------------------------------- */

/* Arrays of struct sockaddr_storage: what SCTP lists. */
static void mask_sockaddrs(const struct anon *a, unsigned char *p, size_t len)
{
	const size_t each = sizeof(struct sockaddr_storage);
	sa_family_t family;

	for (; len >= each; p += each, len -= each) {
		memcpy(&family, p, sizeof(family));
		if (family == AF_INET)
			mask_ip(a, AF_INET, p + offsetof(struct sockaddr_in, sin_addr), 4);
		if (family == AF_INET6)
			mask_ip(a, AF_INET6, p + offsetof(struct sockaddr_in6, sin6_addr),
				16);
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

/* hierarchy:controllers:path */
static void cgroup_line(const struct anon *a, unsigned char *p, size_t len)
{
	unsigned char *end = p + len;

	for (unsigned i = 0; i < 2; i++) {
		unsigned char *colon = memchr(p, ':', end - p);

		p = colon ? colon + 1 : p;
	}
	mask_text(a, p, end - p);
}

static void section(const struct anon *a, unsigned tag, unsigned char *p, size_t len)
{
	switch (tag) {
	case PROC_LIMITS:
	case PROC_NFDS:
		break;
	case PROC_CGROUP:
		each_line(a, p, len, cgroup_line);
		break;
	default:
		mask_text(a, p, len);
	}
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
		section(a, tag, p, n);
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

/* ---- events -------------------------------------------------------------- */

static void state_event(const struct anon *a, unsigned char *p, size_t len)
{
	struct wire_state s;

	if (len < sizeof(s)) {
		memset(p, 0, len);
		return;
	}
	memcpy(&s, p, sizeof(s));
	mask_ip(a, s.family, s.laddr, sizeof(s.laddr));
	mask_ip(a, s.family, s.raddr, sizeof(s.raddr));
	mask_text(a, s.comm, strnlen(s.comm, sizeof(s.comm)));
	memcpy(p, &s, sizeof(s));
	memset(p + sizeof(s), 0, len - sizeof(s));
}

static void event(void *ctx, const struct wire_event *e, unsigned char *body)
{
	const struct ask tcp = { .kind = ASK_DIAG, .id = LSSOCK_TCP };

	switch (e->type) {
	case EVENT_DESTROY:
		messages(ctx, &tcp, body, e->len);
		break;
	case EVENT_STATE:
		state_event(ctx, body, e->len);
		break;
	case EVENT_LOST:
	case EVENT_TELLS:
		break;
	default:
		memset(body, 0, e->len);
	}
}

static void events(const struct anon *a, unsigned char *p, size_t len)
{
	size_t left = events_each(p, len, event, (void *)a);

	memset(p + (len - left), 0, left);
}

/* ---- texts ------------------------------------------------------------- */

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

	while (n < len && isxdigit(p[n]))
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
	case ASK_HOST:
	case ASK_USER:
		mask_text(a, bytes, len);
		break;
	case ASK_EVENTS:
		events(a, bytes, len);
		break;
	case ASK_NAT:
	case ASK_UNITS:			/* nothing is left, nor that there is nothing */
		memset(bytes, 0, len);
		break;
	case ASK_FILE:
	case ASK_EXE:
	case ASK_PROTONAME:
	case ASK_CGROUP_ID:
	case ASK_PIDS:
	case ASK_ALIVE:
	case ASK_SERVICE:
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

static uint64_t host_id(const struct anon *a, struct ask_host h)
{
	mask_ip(a, h.family, h.ip, sizeof(h.ip));
	return hash_bytes(&h, sizeof(h));
}

int anon_id(const struct anon *a, const struct ask *ask, uint64_t *ret)
{
	size_t at = path_at(ask);
	struct ask_host host;
	unsigned char *arg;
	uint64_t pid;

	*ret = ask->id;
	if (ask->kind == ASK_HOST && ask->arg_len == sizeof(host)) {
		memcpy(&host, ask->arg, sizeof(host));
		*ret = host_id(a, host);
		return 0;
	}
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
