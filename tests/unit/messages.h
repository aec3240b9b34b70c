/* SPDX-License-Identifier: MIT */
/* Netlink messages made by hand, for families this machine may not list. */
#ifndef TESTS_UNIT_MESSAGES_H
#define TESTS_UNIT_MESSAGES_H

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>

#include "base/buf.h"
#include "wire/diag.h"

/* Begins a message; returns where, for msg_end. */
static inline size_t msg_begin(struct buf *b, uint16_t type, uint16_t flags)
{
	struct nlmsghdr h = { .nlmsg_type = type, .nlmsg_flags = flags };
	size_t at = b->len;

	buf_put(b, &h, sizeof(h));
	return at;
}

static inline void msg_end(struct buf *b, size_t at)
{
	uint32_t len = b->len - at;

	memcpy(b->data + at, &len, sizeof(len));
	buf_fill(b, 0, -b->len & 3);
}

static inline void msg_attr(struct buf *b, uint16_t type, const void *p, size_t len)
{
	struct nlattr a = { .nla_len = 4 + len, .nla_type = type };

	buf_put(b, &a, sizeof(a));
	if (len)
		buf_put(b, p, len);
	buf_fill(b, 0, -len & 3);
}

static inline void msg_u32(struct buf *b, uint16_t type, uint32_t v)
{
	msg_attr(b, type, &v, sizeof(v));
}

static inline void msg_u8(struct buf *b, uint16_t type, uint8_t v)
{
	msg_attr(b, type, &v, sizeof(v));
}

static inline size_t nest_begin(struct buf *b, uint16_t type)
{
	struct nlattr a = { .nla_type = type };
	size_t at = b->len;

	buf_put(b, &a, sizeof(a));
	return at;
}

static inline void nest_end(struct buf *b, size_t at)
{
	uint16_t len = b->len - at;

	memcpy(b->data + at, &len, sizeof(len));
}

static inline void msg_done(struct buf *b, int err)
{
	size_t at = msg_begin(b, NLMSG_DONE, NLM_F_MULTI);

	buf_put(b, &err, sizeof(err));
	msg_end(b, at);
}

/* 10.0.0.1:80 to 192.0.2.7:4711, or the same mapped into IPv6. */
static inline struct inet_diag_msg inet_msg(uint8_t family, uint8_t state, uint32_t cookie)
{
	struct inet_diag_msg m = {
		.idiag_family = family, .idiag_state = state,
		.idiag_rqueue = 3, .idiag_wqueue = 4, .idiag_uid = 1000, .idiag_inode = 77,
		.id = { .idiag_sport = htons(80), .idiag_dport = htons(4711),
			.idiag_cookie = { cookie, 1 } },
	};
	const char *src = family == AF_INET ? "10.0.0.1" : "::ffff:10.0.0.1";
	const char *dst = family == AF_INET ? "192.0.2.7" : "::ffff:192.0.2.7";

	inet_pton(family, src, m.id.idiag_src);
	inet_pton(family, dst, m.id.idiag_dst);
	return m;
}

#endif
