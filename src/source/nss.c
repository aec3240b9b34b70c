/* SPDX-License-Identifier: MIT */
/*
 * Names of hosts, services and users through the C library's name service switch. This
 * may reach a name server and hang as long as that likes, so it is asked on threads that
 * can be left behind, and only if somebody wants names.
 *
 * The name of an address is what its owner has written: it is believed only if looking
 * it up gives the address back.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>

#include "model/addr.h"
#include "model/host.h"
#include "source/parts.h"

#define ENTRY_MAX (1u << 20)	/* of a user or a service, with all that belongs to it */

union end {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Its length, 0: it is no address of a host. The scope of a link is left out: no name
 * server knows it. */
static socklen_t fill(union end *e, uint8_t family, const uint8_t *ip)
{
	memset(e, 0, sizeof(*e));
	e->any.sa_family = family;
	if (family == AF_INET)
		memcpy(&e->v4.sin_addr, ip, 4);
	else if (family == AF_INET6)
		memcpy(&e->v6.sin6_addr, ip, 16);
	return family == AF_INET ? sizeof(e->v4) : family == AF_INET6 ? sizeof(e->v6) : 0;
}

static bool same_host(const union end *e, const struct addrinfo *i)
{
	union end other;

	if (i->ai_family != e->any.sa_family || i->ai_addrlen > sizeof(other))
		return false;
	memset(&other, 0, sizeof(other));
	memcpy(&other, i->ai_addr, i->ai_addrlen);
	if (i->ai_family == AF_INET)
		return !memcmp(&other.v4.sin_addr, &e->v4.sin_addr, 4);
	return !memcmp(&other.v6.sin6_addr, &e->v6.sin6_addr, 16);
}

static bool leads_back(const char *name, const union end *e)
{
	const struct addrinfo hints = { .ai_family = e->any.sa_family,
					.ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL, *i;

	if (getaddrinfo(name, NULL, &hints, &list))
		return false;
	for (i = list; i && !same_host(e, i); i = i->ai_next)
		;
	freeaddrinfo(list);
	return i != NULL;
}

static int host_name(uint8_t family, const uint8_t *ip, char name[NI_MAXHOST])
{
	union end e;
	socklen_t len = fill(&e, family, ip);

	if (!len)
		return -EINVAL;
	if (getnameinfo(&e.any, len, name, NI_MAXHOST, NULL, 0, NI_NAMEREQD))
		return -ENOENT;
	return host_is_plain(name, strlen(name)) && leads_back(name, &e) ? 0 : -ENOENT;
}

int lssock_host_name(const struct lssock_addr *addr, char *buf, size_t size)
{
	char name[NI_MAXHOST];
	size_t len;
	int r;

	if (addr->prefix != (addr->family == AF_INET ? 32 : 128))
		return -EINVAL;
	r = host_name(addr->family, addr->ip, name);
	if (r < 0)
		return r;
	len = strlen(name);
	if (len >= size)
		return -ENOSPC;
	memcpy(buf, name, len + 1);
	return (int)len;
}

/* ---- answers -------------------------------------------------------------------- */

static int answer_host(const struct ask *a, struct buf *ret)
{
	struct ask_host arg;
	char name[NI_MAXHOST];
	int r;

	if (a->arg_len < sizeof(arg))
		return -EINVAL;
	memcpy(&arg, a->arg, sizeof(arg));
	r = host_name(arg.family, arg.ip, name);
	if (r == 0)
		buf_puts(ret, name);
	return r;
}

static int service(uint64_t id, struct buf *room, struct buf *ret)
{
	const char *proto = service_proto((uint8_t)(id >> 16));
	struct servent entry, *found = NULL;
	int e;

	if (!proto)
		return -EINVAL;
	e = getservbyport_r(htons((uint16_t)id), proto, &entry, room->data, room->cap, &found);
	if (e == 0 && found)
		buf_puts(ret, found->s_name);
	return e ? -e : found ? 0 : -ENOENT;
}

static int user(uint64_t id, struct buf *room, struct buf *ret)
{
	struct passwd entry, *found = NULL;
	int e = getpwuid_r((uid_t)id, &entry, room->data, room->cap, &found);

	if (e == 0 && found)
		buf_puts(ret, found->pw_name);
	return e ? -e : found ? 0 : -ENOENT;
}

static int answer_entry(const struct ask *a, struct buf *ret)
{
	struct buf room = { 0 };
	size_t size = 1024;
	int r = -ERANGE;

	while (r == -ERANGE && size < ENTRY_MAX) {
		size *= 4;
		r = buf_reserve(&room, size) ?
			(a->kind == ASK_USER ? user : service)(a->id, &room, ret) : -ENOMEM;
	}
	buf_release(&room);
	return r;
}

int nss_ask(const struct ask *a, chunk_fn fn, void *ctx)
{
	struct buf b = { 0 };
	int r = a->kind == ASK_HOST ? answer_host(a, &b) : answer_entry(a, &b);

	return source_give(&b, r, fn, ctx);
}
