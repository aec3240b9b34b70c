/* SPDX-License-Identifier: MIT */
/* TCP, MPTCP, UDP, raw and ping sockets, in every state a socket can rest in. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scene.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static int bound(const char *arg, int type, int protocol, struct addr *a)
{
	char dev[64];
	int fd, one = 1, r = parse_inet(arg, a), v6only = (int)option_number(arg, "v6only", 0);

	if (r < 0)
		return r;
	a->type = type;
	a->protocol = protocol;
	fd = socket(a->ss.ss_family, type | SOCK_CLOEXEC, protocol);
	if (fd < 0)
		return -errno;
	if (option_number(arg, "reuseaddr", type == SOCK_STREAM))
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (option_number(arg, "reuseport", 0))
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	if (a->ss.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, 26 /* IPV6_V6ONLY */, &v6only, sizeof(v6only));
	if (option(arg, "dev", dev, sizeof(dev)) &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, dev, (socklen_t)strlen(dev)))
		return -errno;
	if (bind(fd, (struct sockaddr *)&a->ss, a->len))
		return -errno;
	a->len = sizeof(a->ss);
	getsockname(fd, (struct sockaddr *)&a->ss, &a->len);
	return fd;
}

static int listen_inet(struct scene *s, const char *arg, int protocol)
{
	struct addr *a = &s->last->tcp;
	int fd = bound(arg, SOCK_STREAM, protocol, a);
	int defer = (int)option_number(arg, "defer", 0);

	if (fd < 0)
		return fd;
	if (defer)			/* requests stay in SYN_RECV until data comes */
		setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &defer, sizeof(defer));
	if (listen(fd, (int)option_number(arg, "backlog", 128)))
		return -errno;
	s->tcp = fd;
	return keep(s, "listener", fd);
}

int tcp_listen(struct scene *s, const char *arg)
{
	return listen_inet(s, arg, 0);
}

static int mptcp_listen(struct scene *s, const char *arg)
{
	return listen_inet(s, arg, IPPROTO_MPTCP);
}

/* ",from=ADDRESS": an address of ours to come from. */
static int bind_from(int fd, const char *arg)
{
	char text[64];
	struct addr a;

	if (!option(arg, "from", text, sizeof(text)))
		return 0;
	if (parse_inet(text, &a))
		return -EINVAL;
	return bind(fd, (struct sockaddr *)&a.ss, a.len) ? -errno : 0;
}

/* To the last listener: with its port where `arg` is an address alone. */
static int connect_inet(struct scene *s, const char *arg, int flags)
{
	const struct addr *to = &s->last->tcp;
	struct addr a = *to;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a.ss;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a.ss;
	in_port_t port = ((const struct sockaddr_in *)&to->ss)->sin_port;
	int fd, one = 1;

	if (arg && arg[0] != ',' && parse_inet(arg, &a))
		return -EINVAL;
	if (!v4->sin_port)
		v4->sin_port = port;
	if (a.ss.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))
		v6->sin6_addr = in6addr_loopback;
	if (a.ss.ss_family == AF_INET && !v4->sin_addr.s_addr)
		v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(a.ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | flags, to->protocol);
	if (fd < 0)
		return -errno;
	if (option_number(arg, "keepalive", 0))
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	if (bind_from(fd, arg))
		return -EADDRNOTAVAIL;
	if (connect(fd, (struct sockaddr *)&a.ss, a.len) && errno != EINPROGRESS)
		return -errno;
	s->client = fd;
	return keep(s, "client", fd);
}

static int tcp_connect(struct scene *s, const char *arg)
{
	return connect_inet(s, arg, 0);
}

int accept_one(struct scene *s, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return -errno;
	s->server = fd;
	return keep(s, "server", fd);
}

static int accept_tcp(struct scene *s, const char *arg)
{
	(void)arg;
	return accept_one(s, s->tcp);
}

int tcp_conn(struct scene *s, const char *arg)
{
	int r = tcp_connect(s, arg);

	return r < 0 ? r : accept_one(s, s->tcp);
}

static int tcp_pair(struct scene *s, const char *arg)
{
	int r = tcp_listen(s, arg);

	return r < 0 ? r : tcp_conn(s, NULL);
}

static int mptcp_pair(struct scene *s, const char *arg)
{
	int r = mptcp_listen(s, arg);

	return r < 0 ? r : tcp_conn(s, NULL);
}

static int tcp_bound(struct scene *s, const char *arg)
{
	struct addr a;
	int fd = bound(arg, SOCK_STREAM, 0, &a);

	return fd < 0 ? fd : keep(s, "bound", fd);
}

int plain(struct scene *s, int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	return fd < 0 ? -errno : keep(s, "plain", fd);
}

static int tcp_unbound(struct scene *s, const char *arg)
{
	(void)arg;
	return plain(s, AF_INET, SOCK_STREAM, 0);
}

int wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, 5000) == 1 ? 0 : -ETIMEDOUT;
}

static int tcp_state(int fd)
{
	struct tcp_info info = { .tcpi_state = 0 };
	socklen_t len = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) ? -errno : info.tcpi_state;
}

/* The other end's acknowledgement comes late: only then nothing changes any more. */
static int close_wait(struct scene *s, const char *arg)
{
	int r = tcp_conn(s, arg);

	if (r < 0)
		return r;
	shutdown(s->client, SHUT_WR);
	r = wait_for(s->server, POLLRDHUP);
	while (r == 0 && tcp_state(s->client) == TCP_FIN_WAIT1)
		sched_yield();
	drop(s, s->client);
	return r;
}

static int time_wait(struct scene *s, const char *arg)
{
	int r = close_wait(s, arg);

	if (r == 0)
		drop(s, s->server);
	return r;
}

/* Data the other end does not take: the FIN waits behind it. */
static int orphan(struct scene *s, const char *arg)
{
	static const char block[65536];
	int r = tcp_conn(s, arg);

	if (r < 0)
		return r;
	while (send(s->client, block, sizeof(block), MSG_DONTWAIT) > 0)
		;
	drop(s, s->client);
	return 0;
}

/* Connections until the queue is full: the next one gets no answer. */
static int syn_sent(struct scene *s, const char *arg)
{
	int r = tcp_listen(s, arg ? arg : "127.0.0.1:0,backlog=1");

	for (int i = 0; i < 8 && r >= 0; i++) {
		r = connect_inet(s, NULL, SOCK_NONBLOCK);
		if (r >= 0 && wait_for(s->client, POLLOUT)) {
			say(s, "syn-sent", s->client, "fd");
			return 0;
		}
	}
	return r < 0 ? r : -EPROTO;
}

static int syn_recv(struct scene *s, const char *arg)
{
	int r = tcp_listen(s, arg ? arg : "127.0.0.1:0,defer=60");

	return r < 0 ? r : tcp_connect(s, NULL);
}

static int udp_bound(struct scene *s, const char *arg)
{
	struct addr a;
	int fd = bound(arg, SOCK_DGRAM, 0, &a);

	return fd < 0 ? fd : keep(s, "bound", fd);
}

static int udp_pair(struct scene *s, const char *arg)
{
	struct addr a, b;
	int x = bound(arg, SOCK_DGRAM, 0, &a), y = bound(arg, SOCK_DGRAM, 0, &b);

	if (x < 0 || y < 0)
		return x < 0 ? x : y;
	if (connect(x, (struct sockaddr *)&b.ss, b.len) ||
	    connect(y, (struct sockaddr *)&a.ss, a.len))
		return -errno;
	keep(s, "client", x);
	return keep(s, "server", y);
}

static int udp_auto(struct scene *s, const char *arg)
{
	struct addr a;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	r = parse_inet(arg ? arg : "127.0.0.1:9", &a);
	if (fd < 0 || r < 0)
		return fd < 0 ? -errno : r;
	if (connect(fd, (struct sockaddr *)&a.ss, a.len))
		return -errno;
	return keep(s, "client", fd);
}

static int udp_unbound(struct scene *s, const char *arg)
{
	(void)arg;
	return plain(s, AF_INET, SOCK_DGRAM, 0);
}

static int udplite(struct scene *s, const char *arg)
{
	struct addr a;
	int fd = bound(arg, SOCK_DGRAM, IPPROTO_UDPLITE, &a);

	return fd < 0 ? fd : keep(s, "bound", fd);
}

static int raw(struct scene *s, const char *arg)
{
	return plain(s, AF_INET, SOCK_RAW, arg ? (int)strtol(arg, NULL, 0) : IPPROTO_ICMP);
}

static int raw6(struct scene *s, const char *arg)
{
	return plain(s, AF_INET6, SOCK_RAW, arg ? (int)strtol(arg, NULL, 0) : IPPROTO_ICMPV6);
}

static int ping(struct scene *s, const char *arg)
{
	struct addr a;
	int fd = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY | O_CLOEXEC);

	/* where that is not allowed, socket() says so */
	if (fd >= 0 && write(fd, "0 65535", 7) > 0)
		errno = 0;
	close(fd);
	fd = bound(arg ? arg : "127.0.0.1:77", SOCK_DGRAM, IPPROTO_ICMP, &a);
	return fd < 0 ? fd : keep(s, "bound", fd);
}

const struct thing things_inet[] = {
	{ "tcp-listen", tcp_listen }, { "tcp-connect", tcp_connect },
	{ "accept", accept_tcp }, { "tcp-conn", tcp_conn }, { "tcp-pair", tcp_pair },
	{ "tcp-bound", tcp_bound }, { "tcp-unbound", tcp_unbound },
	{ "close-wait", close_wait }, { "time-wait", time_wait }, { "orphan", orphan },
	{ "syn-sent", syn_sent }, { "syn-recv", syn_recv },
	{ "mptcp-listen", mptcp_listen }, { "mptcp-pair", mptcp_pair },
	{ "udp", udp_bound }, { "udp-pair", udp_pair }, { "udp-auto", udp_auto },
	{ "udp-unbound", udp_unbound }, { "udplite", udplite }, { "raw", raw },
	{ "raw6", raw6 }, { "ping", ping },
	{ NULL, NULL }
};
