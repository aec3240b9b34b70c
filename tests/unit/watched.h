/* SPDX-License-Identifier: MIT */
/* Snapshots of a watch made by hand: rows with tracks, tcp_info and owners. */
#ifndef TESTS_UNIT_WATCHED_H
#define TESTS_UNIT_WATCHED_H

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "model/link.h"
#include "query/problem.h"

#define SEC 1000000000ull
#define NOW (1000000 * SEC)

static inline struct lssock_snap *watched_new(void)
{
	struct lssock_snap *s = snap_new();

	assert_non_null(s);
	if (!s->ns.n)
		assert_non_null(vec_push(&s->ns));
	s->ns.v[0] = (struct lssock_ns){ .ino = 77, .port_lo = 32768, .port_hi = 60999 };
	s->meta.now_ns = NOW;
	s->meta.owners_asked = true;
	s->kept[DIAG_INET] = 1u << INET_DIAG_INFO | 1u << INET_DIAG_SKMEMINFO;
	return s;
}

static inline struct lssock_sock watched_sock(uint8_t proto, uint8_t state)
{
	static uint32_t n;
	struct lssock_sock k = {
		.proto = proto, .family = AF_INET, .state = state, .cookie = ++n, .inode = n,
		.flags = LSSOCK_F_STATE | LSSOCK_F_QUEUES, .lport = 443, .rport = 51514,
		.peer = LSSOCK_NONE, .via = LSSOCK_NONE, .type = SOCK_STREAM,
	};

	assert_int_equal(inet_pton(AF_INET, "10.0.0.5", k.local.ip), 1);
	assert_int_equal(inet_pton(AF_INET, "203.0.113.7", k.remote.ip), 1);
	if (state == LSSOCK_LISTEN)
		k.flags |= LSSOCK_F_LIMIT;
	return k;
}

/* tcp_info of an established connection that nothing ails, 280 bytes of it. */
struct tcp { unsigned char b[280]; uint32_t len; };

static inline void tcp_set(struct tcp *t, enum tcp_info_at at, unsigned size, uint64_t u)
{
	uint32_t u32 = (uint32_t)u;

	if (size == 1)
		t->b[at] = (unsigned char)u;
	else if (size == 4)
		memcpy(t->b + at, &u32, 4);
	else
		memcpy(t->b + at, &u, 8);
}

static inline struct tcp tcp_well(void)
{
	struct tcp t = { .len = sizeof(t.b) };

	tcp_set(&t, INFO_SND_WND, 4, 65535);
	tcp_set(&t, INFO_LAST_SENT, 4, 200);
	tcp_set(&t, INFO_LAST_RECV, 4, 300);
	tcp_set(&t, INFO_LAST_ACK, 4, 150);
	return t;
}

static inline void watched_attr(struct buf *b, unsigned type, const void *p, size_t len)
{
	struct nlattr head = { .nla_len = (uint16_t)(sizeof(head) + len),
			       .nla_type = (uint16_t)type };

	buf_put(b, &head, sizeof(head));
	buf_put(b, p, len);
	buf_fill(b, 0, -len & 3);
}

/* A row with its track; info may be NULL, drops UINT32_MAX: no SKMEMINFO. */
static inline uint32_t watched_add(struct lssock_snap *s, const struct lssock_sock *k,
				   const struct tcp *info, uint32_t drops,
				   const struct lssock_track *t)
{
	uint32_t mem[9] = { [1] = 131072, [3] = 212992, [8] = drops }, row;
	struct buf b = { 0 };

	if (info)
		watched_attr(&b, INET_DIAG_INFO, info->b, info->len);
	if (drops != UINT32_MAX)
		watched_attr(&b, INET_DIAG_SKMEMINFO, mem, sizeof(mem));
	row = snap_add(s, k, b.data, (uint32_t)b.len, NULL);
	buf_release(&b);
	assert_int_not_equal(row, LSSOCK_NONE);
	s->socks.v[row].via = k->via;
	s->socks.v[row].why = k->why;
	if (t) {
		*vec_push(&s->tracks) = *t;
		assert_int_equal(s->tracks.n, s->socks.n);
		if (!t->gone_ns)
			s->there = s->socks.n;
	}
	return row;
}

static inline void watched_own(struct lssock_snap *s, uint32_t row, const char *comm,
			       uint16_t flags)
{
	struct lssock_proc p = { .pid = (int32_t)row + 100, .start_ns = row + 1, .flags = flags };
	struct lssock_owner o = { .fd = 3 };

	p.comm = snap_string(s, comm, strlen(comm));
	o.proc = snap_proc(s, &p);
	assert_true(o.proc);
	assert_int_equal(snap_owner(s, s->socks.v[row].inode, &o), 0);
	s->socks.v[row].owner = snap_owner_of(s, s->socks.v[row].inode);
}

#endif
