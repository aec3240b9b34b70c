/* SPDX-License-Identifier: MIT */
/*
 * Requests that change something in the kernel: each is sent once, into the
 * namespace it was made for, and its acknowledgement is what the caller gets.
 * What is asked for is the caller's; nothing is made up or repeated here.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <string.h>

#include "source/parts.h"

/* The acknowledgement: an error message, of 0 where it was done. */
static int take_word(void *ctx, const void *bytes, size_t len)
{
	struct nlmsghdr h;
	int32_t word;

	if (len < sizeof(h) + sizeof(word))
		return 0;
	memcpy(&h, bytes, sizeof(h));
	if (h.nlmsg_type != NLMSG_ERROR || h.nlmsg_len < sizeof(h) + sizeof(word))
		return 0;
	memcpy(&word, (const char *)bytes + sizeof(h), sizeof(word));
	*(int32_t *)ctx = word;
	return 0;
}

/* The inode of a namespace is given to another one as soon as it is gone. */
static bool is_there(struct mnl_socket *nl, const struct lssock_ns *where)
{
	uint64_t cookie = where->cookie ? nlsock_cookie(mnl_socket_get_fd(nl)) : 0;

	return !cookie || where->flags & LSSOCK_NS_OWN || cookie == where->cookie;
}

int order_send(struct netns *n, const struct lssock_ns *where, const void *request, size_t len,
	       uint32_t *ret_calls)
{
	int ns = netns_row(n, where), r;
	int32_t word = -EPROTO;
	struct mnl_socket *nl;

	if (ns < 0)
		return ns;
	r = netns_socket(n, (uint16_t)ns, NETLINK_SOCK_DIAG, &nl);
	if (r < 0)
		return r;
	r = is_there(nl, where) ? nlsock_dump(nl, request, len, ret_calls, take_word, &word) :
	    -ENOENT;
	netns_socket_back(n, (uint16_t)ns, NETLINK_SOCK_DIAG, nl, r == 0);
	return r < 0 ? r : word > 0 ? -EPROTO : word;
}
