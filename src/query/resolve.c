/* SPDX-License-Identifier: MIT */
/*
 * Names of hosts and services through NSS, for filters. The one place of the
 * query side that asks anything of the world: only where the question allows it
 * (-r), since it may reach a name server.
 */
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "model/addr.h"
#include "query/parse.h"

static bool as_string(const char *s, size_t len, char *out, size_t size)
{
	if (!len || len >= size || memchr(s, 0, len))
		return false;
	memcpy(out, s, len);
	out[len] = 0;
	return true;
}

bool resolve_service(const char *s, size_t len, uint64_t *ret_port)
{
	struct servent entry, *found = NULL;
	char name[64], buf[2048];

	if (!as_string(s, len, name, sizeof(name)) ||
	    getservbyname_r(name, NULL, &entry, buf, sizeof(buf), &found) || !found)
		return false;
	*ret_port = ntohs((uint16_t)found->s_port);
	return true;
}

static bool address(const struct addrinfo *i, struct lssock_addr *ret)
{
	union lssock_end end = { { 0 } };

	if (i->ai_family == AF_INET)
		memcpy(end.ip,
		       &((const struct sockaddr_in *)(const void *)i->ai_addr)->sin_addr, 4);
	else if (i->ai_family == AF_INET6)
		memcpy(end.ip,
		       &((const struct sockaddr_in6 *)(const void *)i->ai_addr)->sin6_addr, 16);
	else
		return false;
	*ret = addr_of_end((uint8_t)i->ai_family, &end, NULL);
	return true;
}

unsigned resolve_host(const char *s, size_t len, struct lssock_addr ret[RESOLVE_MAX])
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL, *i;
	char name[256];
	unsigned n = 0;

	if (!as_string(s, len, name, sizeof(name)) || getaddrinfo(name, NULL, &hints, &list))
		return 0;
	for (i = list; i && n < RESOLVE_MAX; i = i->ai_next)
		n += address(i, &ret[n]);
	freeaddrinfo(list);
	return n;
}
