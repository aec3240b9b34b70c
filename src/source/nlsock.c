/* SPDX-License-Identifier: MIT */
/*
 * One netlink socket: open it, send one request, hand on what comes back. It
 * looks at message headers only as far as needed to know whose they are and
 * when the answer ends; what they say is wire/'s business.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/io.h"
#include "source/parts.h"

#define RECV_SIZE 65536		/* a dump fills at most 32 KiB; less costs calls */
#define PATIENCE_S 10
#define EVENT_SIZE 8192		/* a message of these groups has some 500 bytes */
#define EVENT_ROOM (16 << 20)	/* of the queue: some 10,000 of them */
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* A bind that was interrupted after its first half cannot be repeated on the
 * same socket. */
static int open_bound(int protocol, struct mnl_socket **ret)
{
	struct mnl_socket *nl = mnl_socket_open2(protocol, SOCK_CLOEXEC);
	int r;

	if (!nl)
		return -errno;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = -errno;
		mnl_socket_close(nl);
		return r;
	}
	*ret = nl;
	return 0;
}

int nlsock_open(int protocol, struct mnl_socket **ret)
{
	/* A dump's next part is made when it is fetched, so there is always one.
	 * If a kernel ever owes one, this is an error and not a hang. */
	static const struct timeval patience = { .tv_sec = PATIENCE_S };
	int r;

	do
		r = open_bound(protocol, ret);
	while (r == -EINTR);
	if (r == 0)
		setsockopt(mnl_socket_get_fd(*ret), SOL_SOCKET, SO_RCVTIMEO, &patience,
			   sizeof(patience));
	return r;
}

static int send_request(struct mnl_socket *nl, const void *request, size_t len)
{
	ssize_t n;

	do
		n = mnl_socket_sendto(nl, request, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* One datagram of the kernel, -EAGAIN: there is none (yet). libmnl's own function
 * does not say who sent it. */
static ssize_t receive(struct mnl_socket *nl, char *bytes, size_t size, int flags)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { .iov_base = bytes, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_name = &from };

	for (;;) {
		ssize_t n;

		msg.msg_namelen = sizeof(from);
		n = recvmsg(mnl_socket_get_fd(nl), &msg, flags);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (msg.msg_flags & MSG_TRUNC)
			return -EMSGSIZE;
		if (msg.msg_namelen == sizeof(from) && from.nl_pid == 0)
			return n;
	}
}

struct answer { uint32_t seq, port, calls; bool ended, busy; };

static void look_at_end(struct answer *a, const struct nlmsghdr *h, const char *payload)
{
	int32_t err = 0;

	if (h->nlmsg_type != NLMSG_DONE && h->nlmsg_type != NLMSG_ERROR)
		return;
	a->ended = true;
	if (h->nlmsg_type == NLMSG_ERROR && h->nlmsg_len >= NLMSG_HDRLEN + sizeof(err))
		memcpy(&err, payload, sizeof(err));
	a->busy = err == -EBUSY;
}

/* Moves the messages of this answer to the front and returns their length. A
 * tail that is no message stays: the decoder counts it. */
static size_t keep_ours(struct answer *a, char *bytes, size_t len)
{
	size_t at = 0, kept = 0;

	while (len - at >= NLMSG_HDRLEN && !a->ended) {
		struct nlmsghdr h;
		size_t step;

		memcpy(&h, bytes + at, sizeof(h));
		if (h.nlmsg_len < NLMSG_HDRLEN || h.nlmsg_len > len - at)
			break;
		step = NLMSG_ALIGN((size_t)h.nlmsg_len);
		if (step > len - at)
			step = len - at;
		if (h.nlmsg_seq == a->seq && h.nlmsg_pid == a->port) {
			look_at_end(a, &h, bytes + at + NLMSG_HDRLEN);
			if (kept != at)
				memmove(bytes + kept, bytes + at, step);
			kept += step;
		}
		at += step;
	}
	if (!a->ended && at < len) {
		memmove(bytes + kept, bytes + at, len - at);
		kept += len - at;
	}
	return kept;
}

static int take_answer(struct mnl_socket *nl, struct answer *a, char *bytes, chunk_fn fn,
		       void *ctx)
{
	while (!a->ended) {
		ssize_t n = receive(nl, bytes, RECV_SIZE, 0);
		size_t kept;
		int r;

		a->calls++;
		if (n < 0)
			return n == -EAGAIN ? -ETIMEDOUT : (int)n;
		kept = keep_ours(a, bytes, (size_t)n);
		if (a->busy)
			return -EBUSY;
		r = kept ? fn(ctx, bytes, kept) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

uint64_t nlsock_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	int r;

	do
		r = getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len);
	while (r < 0 && errno == EINTR);
	return r < 0 ? 0 : cookie;	/* before Linux 5.14 */
}

int nlsock_dump(struct mnl_socket *nl, const void *request, size_t len, uint32_t *ret_calls,
		chunk_fn fn, void *ctx)
{
	struct answer a = { .seq = (uint32_t)io_now_ns(), .port = mnl_socket_get_portid(nl) };
	char *bytes;
	int r;

	if (len < NLMSG_HDRLEN || len > RECV_SIZE)
		return -EINVAL;
	bytes = mem_alloc(RECV_SIZE);
	if (!bytes)
		return -ENOMEM;
	memcpy(bytes, request, len);
	((struct nlmsghdr *)bytes)->nlmsg_seq = a.seq;
	r = send_request(nl, bytes, len);
	if (r == 0)
		r = take_answer(nl, &a, bytes, fn, ctx);
	mem_free(bytes);
	if (ret_calls)
		*ret_calls = 1 + a.calls;
	return r;
}

/* ---- groups ------------------------------------------------------------- */

int nlsock_join_destroy(struct mnl_socket *nl)
{
	static const int groups[] = { SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET_UDP_DESTROY,
				      SKNLGRP_INET6_TCP_DESTROY, SKNLGRP_INET6_UDP_DESTROY };
	const int room = EVENT_ROOM;
	size_t i;
	int fd = mnl_socket_get_fd(nl);

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i],
			       sizeof(groups[i])) < 0)
			return -errno;
	return 0;
}

ssize_t nlsock_read(struct mnl_socket *nl, struct buf *b)
{
	ssize_t n;

	if (!buf_reserve(b, EVENT_SIZE))
		return -ENOMEM;
	n = receive(nl, b->data + b->len, EVENT_SIZE, MSG_DONTWAIT);
	if (n == -EAGAIN)
		return 0;
	b->len += n > 0 ? (size_t)n : 0;
	return n;
}
