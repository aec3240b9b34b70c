/* SPDX-License-Identifier: MIT */
/* The arguments of things, and the lines of facts about sockets. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "scene.h"

/* Value of ",key=value" or ",key" (then "") in a thing's argument, or NULL. */
const char *option(const char *arg, const char *key, char *buf, size_t size)
{
	size_t klen = strlen(key);

	for (const char *p = arg ? strchr(arg, ',') : NULL; p; p = strchr(p, ',')) {
		size_t len = strcspn(++p, ",");

		if (len < klen || memcmp(p, key, klen) || (len > klen && p[klen] != '='))
			continue;
		if (len > klen)
			snprintf(buf, size, "%.*s", (int)(len - klen - 1), p + klen + 1);
		else
			buf[0] = 0;
		return buf;
	}
	return NULL;
}

long option_number(const char *arg, const char *key, long def)
{
	char buf[64];
	const char *v = option(arg, key, buf, sizeof(buf));

	return v ? *v ? strtol(v, NULL, 0) : 1 : def;
}

/* Undoes \xNN and \\ up to the first comma; returns the length. */
size_t unescape(const char *s, char *out, size_t size)
{
	size_t n = 0;

	while (s && *s && *s != ',' && n < size) {
		unsigned byte;

		if (s[0] == '\\' && s[1] == 'x' && sscanf(s + 2, "%2x", &byte) == 1) {
			out[n++] = (char)byte;
			s += 4;
		} else {
			s += s[0] == '\\' && s[1] == '\\';
			out[n++] = *s++;
		}
	}
	return n;
}

/* "127.0.0.1:80" "[::1]:80" "*:80" (dual stack), port 0 where none is given. */
int parse_inet(const char *arg, struct addr *a)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a->ss;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a->ss;
	char host[64];
	const char *s = arg ? arg : "127.0.0.1:0", *end;
	size_t len;

	memset(&a->ss, 0, sizeof(a->ss));
	s += *s == '[';
	len = strcspn(s, *s && s > arg && arg ? "]" : ":,");
	snprintf(host, sizeof(host), "%.*s", (int)len, s);
	end = s + len + (s[len] == ']');
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		a->len = sizeof(*v4);
	} else if (!strcmp(host, "*") || inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		a->len = sizeof(*v6);
	} else {
		return -EINVAL;
	}
	if (*end == ':')		/* the port is at one place in both */
		v4->sin_port = htons((uint16_t)strtoul(end + 1, NULL, 10));
	return 0;
}

void parse_unix(const char *arg, struct addr *a)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&a->ss;
	bool abstract = arg[0] == '@';
	size_t n;

	memset(&a->ss, 0, sizeof(a->ss));
	un->sun_family = AF_UNIX;
	n = unescape(arg + abstract, un->sun_path + abstract, sizeof(un->sun_path) - abstract);
	a->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + abstract + n);
}

struct line {
	char s[4096];
	size_t n;
};

static void put(struct line *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	l->n += (size_t)vsnprintf(l->s + l->n, sizeof(l->s) - l->n, fmt, ap);
	va_end(ap);
}

static void put_bytes(struct line *l, const char *key, const char *p, size_t len)
{
	put(l, " %s=", key);
	for (size_t i = 0; i < len; i++)
		put(l, p[i] > ' ' && p[i] < 0x7f && p[i] != '\\' ? "%c" : "\\x%02x",
		    (unsigned char)p[i]);
}

static void put_end(struct line *l, char side, const struct sockaddr_storage *ss, socklen_t len)
{
	const struct sockaddr_in *v4 = (const void *)ss;
	const struct sockaddr_in6 *v6 = (const void *)ss;
	const struct sockaddr_un *un = (const void *)ss;
	size_t head = offsetof(struct sockaddr_un, sun_path);
	char text[64];

	if (ss->ss_family == AF_INET)
		put(l, " %caddr=%s %cport=%u", side,
		    inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text)), side,
		    ntohs(v4->sin_port));
	else if (ss->ss_family == AF_INET6)
		put(l, " %caddr=%s %cport=%u", side,
		    inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text)), side,
		    ntohs(v6->sin6_port));
	else if (ss->ss_family == AF_UNIX && side == 'l' && len > head)
		put_bytes(l, "path", un->sun_path,
			  un->sun_path[0] ? strnlen(un->sun_path, len - head) : len - head);
}

/* One line about a socket, in one write: children print too. */
void say(struct scene *s, const char *role, int fd, const char *held)
{
	struct line l = { .n = 0 };
	struct stat st = { 0 };
	struct sockaddr_storage ss;
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	fstat(fd, &st);
	getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len);
	put(&l, "what=%s role=%s pid=%d fd=%d inode=%lu cookie=%llu held=%s", s->what, role,
	    getpid(), strcmp(held, "fd") ? -1 : fd, (unsigned long)st.st_ino,
	    (unsigned long long)cookie, held);
	len = sizeof(ss);
	if (!getsockname(fd, (struct sockaddr *)&ss, &len))
		put_end(&l, 'l', &ss, len);
	len = sizeof(ss);
	if (!getpeername(fd, (struct sockaddr *)&ss, &len))
		put_end(&l, 'r', &ss, len);
	put(&l, "\n");
	if (write(1, l.s, l.n) < 0)
		_exit(1);
}

int keep(struct scene *s, const char *role, int fd)
{
	if (s->n_fds < (int)(sizeof(s->fds) / sizeof(s->fds[0])))
		s->fds[s->n_fds++] = fd;
	s->fd = fd;
	say(s, role, fd, "fd");
	return 0;
}

void drop(struct scene *s, int fd)
{
	close(fd);
	for (int i = 0; i < s->n_fds; i++)
		if (s->fds[i] == fd)
			s->fds[i] = s->fds[--s->n_fds];
}
