/* SPDX-License-Identifier: MIT */
/* What each family's messages and attributes make of a row. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/tipc_netlink.h>
#include <linux/unix_diag.h>
#include <linux/vm_sockets_diag.h>
#include <linux/xdp_diag.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "messages.h"

static struct lssock_snap *snap;

static int make(void **state)
{
	(void)state;
	snap = snap_new();
	return snap ? 0 : -1;
}

static int drop(void **state)
{
	(void)state;
	lssock_snap_free(snap);
	return 0;
}

/* The row of a payload, which is given in memory of exactly its size. */
static struct lssock_sock row(uint8_t proto, const struct buf *b)
{
	unsigned char *exact = malloc(b->len ? b->len : 1);
	struct lssock_sock k;
	size_t at;

	memcpy(exact, b->data, b->len);
	assert_int_equal(family_row(proto, exact, b->len, snap, 3, &k, &at), 0);
	assert_true(at <= b->len);
	family_attrs(proto, exact + at, b->len - at, snap, &k);
	assert_int_equal(k.proto, proto);
	assert_int_equal(k.ns, 3);
	assert_int_equal(k.flags & LSSOCK_F_SOURCE, LSSOCK_SRC_DIAG);
	free(exact);
	return k;
}

static struct lssock_sock inet_row(uint8_t proto, const struct inet_diag_msg *m)
{
	struct buf b = { 0 };
	struct lssock_sock k;

	buf_put(&b, m, sizeof(*m));
	k = row(proto, &b);
	buf_release(&b);
	return k;
}

static struct lssock_sock inet(uint8_t proto, uint8_t family, uint8_t state)
{
	struct inet_diag_msg m = inet_msg(family, state, 5);

	return inet_row(proto, &m);
}

static void tcp4(void **state)
{
	struct inet_diag_msg m = inet_msg(AF_INET, 1, 5);
	struct lssock_sock k;

	(void)state;
	m.idiag_timer = 2;
	m.idiag_retrans = 9;
	m.idiag_expires = 1234;
	m.id.idiag_if = 6;
	/* the kernel does not clear what IPv4 leaves over */
	m.id.idiag_src[1] = m.id.idiag_dst[3] = 0xdeadbeef;
	k = inet_row(LSSOCK_TCP, &m);
	assert_int_equal(k.family, AF_INET);
	assert_int_equal(k.type, SOCK_STREAM);
	assert_int_equal(k.state, LSSOCK_ESTABLISHED);
	assert_int_equal(k.cookie, 5 | 1ull << 32);
	assert_memory_equal(k.local.ip, "\12\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_memory_equal(k.remote.ip, "\300\0\2\7\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_int_equal(k.lport, 80);
	assert_int_equal(k.rport, 4711);
	assert_int_equal(k.inode, 77);
	assert_int_equal(k.rqueue, 3);
	assert_int_equal(k.wqueue, 4);
	assert_int_equal(k.uid, 1000);
	assert_int_equal(k.retrans, 9);
	assert_int_equal(k.expires_ms, 1234);
	assert_int_equal(k.flags, 2 | LSSOCK_F_UID | LSSOCK_F_QUEUES | LSSOCK_F_STATE);
	assert_int_equal(snap->ifaces.v[k.iface].ifindex, 6);
	assert_int_equal(snap->ifaces.v[k.iface].ns, 3);
}

static void tcp6_mapped(void **state)
{
	struct lssock_sock k = inet(LSSOCK_TCP, AF_INET6, 1);

	(void)state;
	assert_int_equal(k.family, AF_INET6);
	assert_memory_equal(k.local.ip, "\0\0\0\0\0\0\0\0\0\0\377\377\12\0\0\1", 16);
	assert_memory_equal(k.remote.ip, "\0\0\0\0\0\0\0\0\0\0\377\377\300\0\2\7", 16);
}

static void states(void **state)
{
	static const struct { uint8_t proto, kernel, ours; } list[] = {
		{ LSSOCK_TCP, 7, LSSOCK_BOUND }, { LSSOCK_TCP, 12, LSSOCK_SYN_RECV },
		{ LSSOCK_TCP, 3, LSSOCK_SYN_RECV }, { LSSOCK_TCP, 11, LSSOCK_CLOSING },
		{ LSSOCK_MPTCP, 10, LSSOCK_LISTEN }, { LSSOCK_MPTCP, 7, LSSOCK_CLOSE },
		{ LSSOCK_UDP, 7, LSSOCK_UNCONNECTED }, { LSSOCK_UDP, 1, LSSOCK_ESTABLISHED },
		{ LSSOCK_UDPLITE, 7, LSSOCK_UNCONNECTED },
		{ LSSOCK_RAW, 7, LSSOCK_UNCONNECTED },
		{ LSSOCK_DCCP, 12, LSSOCK_SYN_RECV }, { LSSOCK_DCCP, 13, LSSOCK_ESTABLISHED },
		{ LSSOCK_SCTP, 10, LSSOCK_LISTEN }, { LSSOCK_SCTP, 7, LSSOCK_UNCONNECTED },
		{ LSSOCK_SCTP, 1, LSSOCK_ESTABLISHED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		assert_int_equal(inet(list[i].proto, AF_INET, list[i].kernel).state,
				 list[i].ours);
	assert_int_equal(inet(LSSOCK_TCP, AF_INET, 99).state, LSSOCK_STATE_NONE);
	assert_false(inet(LSSOCK_TCP, AF_INET, 99).flags & LSSOCK_F_STATE);
}

static void a_bound_socket_has_no_remote(void **state)
{
	struct lssock_sock k = inet(LSSOCK_TCP, AF_INET, 7);

	(void)state;
	assert_int_equal(k.lport, 80);
	assert_int_equal(k.rport, 0);
	assert_int_equal(k.remote.w[0], 0);
}

static void uid_is_not_root_where_it_is_not_known(void **state)
{
	struct inet_diag_msg m = inet_msg(AF_INET, 6, 5);

	(void)state;
	m.idiag_uid = m.idiag_inode = 0;
	m.idiag_timer = 3;
	assert_false(inet_row(LSSOCK_TCP, &m).flags & LSSOCK_F_UID);
	m.idiag_state = 3;
	m.idiag_timer = 1;
	assert_false(inet_row(LSSOCK_TCP, &m).flags & LSSOCK_F_UID);
	m.idiag_state = 5;	/* a closed FIN_WAIT2 */
	m.idiag_timer = 3;
	assert_false(inet_row(LSSOCK_TCP, &m).flags & LSSOCK_F_UID);
	m.idiag_state = 1;	/* not accepted, Linux 6.1 */
	m.idiag_timer = 0;
	assert_false(inet_row(LSSOCK_TCP, &m).flags & LSSOCK_F_UID);
	m.idiag_uid = 33;
	assert_true(inet_row(LSSOCK_TCP, &m).flags & LSSOCK_F_UID);
	m.idiag_uid = 0;
	m.idiag_inode = 9;
	assert_true(inet_row(LSSOCK_TCP, &m).flags & LSSOCK_F_UID);
}

static void a_listener_has_a_limit(void **state)
{
	(void)state;
	assert_true(inet(LSSOCK_TCP, AF_INET, 10).flags & LSSOCK_F_LIMIT);
	assert_false(inet(LSSOCK_TCP, AF_INET, 1).flags & LSSOCK_F_LIMIT);
	assert_false(inet(LSSOCK_UDP, AF_INET, 7).flags & LSSOCK_F_LIMIT);
}

static void inet_attributes(void **state)
{
	struct inet_diag_msg m = inet_msg(AF_INET6, 10, 5);
	struct buf b = { 0 };
	struct lssock_sock k;

	(void)state;
	buf_put(&b, &m, sizeof(m));
	msg_u8(&b, INET_DIAG_SHUTDOWN, 2);
	msg_u8(&b, INET_DIAG_SKV6ONLY | NLA_F_NET_BYTEORDER, 1);
	msg_u8(&b, INET_DIAG_PROTOCOL, 58);
	k = row(LSSOCK_TCP, &b);
	assert_int_equal(k.flags & ~(LSSOCK_F_UID | LSSOCK_F_QUEUES | LSSOCK_F_STATE),
			 LSSOCK_F_LIMIT | LSSOCK_F_SHUT_KNOWN | LSSOCK_F_SHUT_WR |
			 LSSOCK_F_V6ONLY_KNOWN | LSSOCK_F_V6ONLY);
	assert_int_equal(k.lport, 80);
	buf_reset(&b);
	buf_put(&b, &m, sizeof(m));
	msg_u8(&b, INET_DIAG_SHUTDOWN, 0);
	msg_u8(&b, INET_DIAG_SKV6ONLY, 0);
	k = row(LSSOCK_TCP, &b);
	assert_int_equal(k.flags & (LSSOCK_F_SHUT_KNOWN | LSSOCK_F_SHUT_WR | LSSOCK_F_SHUT_RD |
				    LSSOCK_F_V6ONLY_KNOWN | LSSOCK_F_V6ONLY),
			 LSSOCK_F_SHUT_KNOWN | LSSOCK_F_V6ONLY_KNOWN);
	buf_reset(&b);		/* empty attributes say nothing */
	buf_put(&b, &m, sizeof(m));
	msg_attr(&b, INET_DIAG_SHUTDOWN, NULL, 0);
	msg_attr(&b, INET_DIAG_SKV6ONLY, NULL, 0);
	assert_false(row(LSSOCK_TCP, &b).flags & (LSSOCK_F_SHUT_KNOWN | LSSOCK_F_V6ONLY_KNOWN));
	buf_release(&b);
}

static void raw_port_is_the_protocol(void **state)
{
	struct inet_diag_msg m = inet_msg(AF_INET, 1, 5);
	struct buf b = { 0 };
	struct lssock_sock k;

	(void)state;
	k = inet_row(LSSOCK_RAW, &m);
	assert_int_equal(k.lport, 80);
	assert_int_equal(k.rport, 0);
	assert_int_equal(k.type, SOCK_RAW);
	m.id.idiag_sport = 0;
	buf_put(&b, &m, sizeof(m));
	msg_u8(&b, INET_DIAG_PROTOCOL, 1);
	assert_int_equal(row(LSSOCK_RAW, &b).lport, 1);
	buf_release(&b);
}

static void sctp_endpoints_and_associations(void **state)
{
	static const uint8_t ours[] = {
		LSSOCK_CLOSE, LSSOCK_SYN_SENT, LSSOCK_SYN_SENT, LSSOCK_ESTABLISHED,
		LSSOCK_FIN_WAIT1, LSSOCK_FIN_WAIT2, LSSOCK_CLOSE_WAIT, LSSOCK_LAST_ACK,
		LSSOCK_STATE_NONE,
	};
	struct sockaddr_storage peer = { .ss_family = AF_INET };

	(void)state;
	for (uint8_t st = 0; st < sizeof(ours); st++) {
		struct inet_diag_msg m = inet_msg(AF_INET, st, 5);
		struct buf b = { 0 };
		struct lssock_sock k;

		m.idiag_timer = 4;	/* SCTP's T3, not a window probe */
		buf_put(&b, &m, sizeof(m));
		msg_attr(&b, INET_DIAG_LOCALS, &peer, sizeof(peer));
		msg_attr(&b, INET_DIAG_PEERS, &peer, sizeof(peer));
		k = row(LSSOCK_SCTP, &b);
		assert_int_equal(k.state, ours[st]);
		assert_int_equal(k.flags & LSSOCK_F_TIMER, 1);
		buf_release(&b);
	}
}

/* ---- unix -------------------------------------------------------------- */

static struct lssock_sock unix_sock(uint8_t type, uint8_t st, const void *name, size_t len,
				    uint32_t peer)
{
	struct unix_diag_msg m = { AF_UNIX, type, st, 0, 42, { 7, 0 } };
	struct unix_diag_vfs vfs = { 99, 0x0fe00000 };
	struct unix_diag_rqlen q = { 5, 6 };
	struct buf b = { 0 };
	struct lssock_sock k;

	buf_put(&b, &m, sizeof(m));
	if (name)
		msg_attr(&b, UNIX_DIAG_NAME, name, len);
	msg_attr(&b, UNIX_DIAG_VFS, &vfs, sizeof(vfs));
	if (peer != LSSOCK_NONE)
		msg_u32(&b, UNIX_DIAG_PEER, peer);
	msg_attr(&b, UNIX_DIAG_RQLEN, &q, sizeof(q));
	msg_u8(&b, UNIX_DIAG_SHUTDOWN, 3);
	msg_u32(&b, UNIX_DIAG_UID, 1001);
	k = row(LSSOCK_UNIX, &b);
	buf_release(&b);
	return k;
}

static void unix_rows(void **state)
{
	struct lssock_sock k = unix_sock(SOCK_STREAM, 10, "/run/x", 7, LSSOCK_NONE);

	(void)state;
	assert_int_equal(k.family, AF_UNIX);
	assert_int_equal(k.type, SOCK_STREAM);
	assert_int_equal(k.state, LSSOCK_LISTEN);
	assert_int_equal(k.inode, 42);
	assert_int_equal(k.cookie, 7);
	assert_int_equal(k.local.w[0], 99);
	assert_int_equal(k.local.w[1] >> 20, 254);
	assert_int_equal(k.local.w[2], 0);
	assert_int_equal(k.local.w[3], LSSOCK_NONE);
	assert_int_equal(k.rqueue, 5);
	assert_int_equal(k.wqueue, 6);
	assert_int_equal(k.uid, 1001);
	assert_int_equal(k.flags, LSSOCK_F_STATE | LSSOCK_F_QUEUES | LSSOCK_F_LIMIT |
			 LSSOCK_F_UID | LSSOCK_F_SHUT_KNOWN | LSSOCK_F_SHUT_RD |
			 LSSOCK_F_SHUT_WR);
	k = unix_sock(SOCK_STREAM, 1, NULL, 0, 0);
	assert_int_equal(k.state, LSSOCK_ESTABLISHED);
	assert_int_equal(k.local.w[3], 0);
	assert_int_equal(k.name, 0);
	assert_int_equal(unix_sock(SOCK_DGRAM, 7, NULL, 0, LSSOCK_NONE).state,
			 LSSOCK_UNCONNECTED);
	assert_int_equal(unix_sock(SOCK_STREAM, 2, NULL, 0, LSSOCK_NONE).state,
			 LSSOCK_SYN_SENT);
}

static void a_datagram_server_has_no_peer(void **state)
{
	(void)state;
	assert_int_equal(unix_sock(SOCK_DGRAM, 1, NULL, 0, LSSOCK_NONE).state,
			 LSSOCK_UNCONNECTED);
	assert_int_equal(unix_sock(SOCK_DGRAM, 1, NULL, 0, 8).state, LSSOCK_ESTABLISHED);
	assert_int_equal(unix_sock(SOCK_SEQPACKET, 1, NULL, 0, LSSOCK_NONE).state,
			 LSSOCK_ESTABLISHED);
}

static void expect_name(const void *raw, size_t len, const void *want, size_t want_len)
{
	struct lssock_sock k = unix_sock(SOCK_STREAM, 7, raw, len, LSSOCK_NONE);
	const char *name = strings_get(&snap->strings, k.name, &len);

	assert_non_null(name);
	assert_int_equal(len, want_len);
	assert_memory_equal(name, want, len);
}

static void unix_names(void **state)
{
	(void)state;
	expect_name("/run/x", 7, "/run/x", 6);
	expect_name("rel\n\xff", 6, "rel\n\xff", 5);
	expect_name("/no/nul", 7, "/no/nul", 7);
	expect_name("\0abs", 4, "\0abs", 4);
	expect_name("\0pad\0\0", 6, "\0pad\0\0", 6);
	expect_name("\0", 1, "\0", 1);
	assert_int_equal(unix_sock(SOCK_STREAM, 7, "", 0, LSSOCK_NONE).name, 0);
}

/* ---- the others -------------------------------------------------------- */

static void netlink_rows(void **state)
{
	struct netlink_diag_msg m = { AF_NETLINK, SOCK_RAW, 16, 0, 0xfffffff0, 0, 0, 12,
				      { 3, 0 } };
	uint32_t mem[9] = { 100, 1, 200 };
	struct buf b = { 0 };
	struct lssock_sock k;

	(void)state;
	buf_put(&b, &m, sizeof(m));
	msg_attr(&b, NETLINK_DIAG_MEMINFO, mem, sizeof(mem));
	k = row(LSSOCK_NETLINK, &b);
	assert_int_equal(k.family, AF_NETLINK);
	assert_int_equal(k.type, SOCK_RAW);
	assert_int_equal(k.local.w[0], 0xfffffff0);
	assert_int_equal(k.local.w[1], 16);
	assert_int_equal(k.state, LSSOCK_UNCONNECTED);
	assert_int_equal(k.rqueue, 100);
	assert_int_equal(k.wqueue, 200);
	assert_int_equal(k.flags, LSSOCK_F_STATE | LSSOCK_F_QUEUES);
	buf_reset(&b);
	m.ndiag_state = 1;
	m.ndiag_dst_portid = 44;
	m.ndiag_dst_group = 2;
	buf_put(&b, &m, sizeof(m));
	msg_attr(&b, NETLINK_DIAG_MEMINFO, mem, 8);	/* too short for wmem */
	k = row(LSSOCK_NETLINK, &b);
	assert_int_equal(k.state, LSSOCK_ESTABLISHED);
	assert_int_equal(k.remote.w[0], 44);
	assert_int_equal(k.remote.w[1], 2);
	assert_int_equal(k.flags, LSSOCK_F_STATE);
	buf_release(&b);
}

static void packet_rows(void **state)
{
	struct packet_diag_msg m = { AF_PACKET, SOCK_RAW, 3, 12, { 3, 0 } };
	struct packet_diag_info info = { .pdi_index = 4 };
	uint32_t mem[9] = { 100, 1, 200 };
	struct buf b = { 0 };
	struct lssock_sock k;

	(void)state;
	buf_put(&b, &m, sizeof(m));
	msg_attr(&b, PACKET_DIAG_INFO, &info, sizeof(info));
	msg_u32(&b, PACKET_DIAG_UID, 0);
	msg_attr(&b, PACKET_DIAG_MEMINFO, mem, sizeof(mem));
	k = row(LSSOCK_PACKET, &b);
	assert_int_equal(k.local.w[0], 3);
	assert_int_equal(k.state, LSSOCK_UNCONNECTED);
	assert_int_equal(snap->ifaces.v[k.iface].ifindex, 4);
	assert_int_equal(k.flags, LSSOCK_F_STATE | LSSOCK_F_QUEUES | LSSOCK_F_UID);
	assert_int_equal(k.rqueue, 100);
	buf_release(&b);
}

static void vsock_rows(void **state)
{
	struct vsock_diag_msg m = { AF_VSOCK, SOCK_STREAM, 1, 1, 2, 1024, 3, 55, 12, { 3, 9 } };
	struct buf b = { 0 };
	struct lssock_sock k;

	(void)state;
	buf_put(&b, &m, sizeof(m));
	k = row(LSSOCK_VSOCK, &b);
	assert_int_equal(k.state, LSSOCK_ESTABLISHED);
	assert_int_equal(k.local.w[0], 2);
	assert_int_equal(k.local.w[1], 1024);
	assert_int_equal(k.remote.w[0], 3);
	assert_int_equal(k.remote.w[1], 55);
	assert_int_equal(k.inode, 12);
	assert_int_equal(k.cookie, 3 | 9ull << 32);
	assert_int_equal(k.flags, LSSOCK_F_STATE | LSSOCK_F_SHUT_KNOWN | LSSOCK_F_SHUT_RD);
	buf_release(&b);
}

static void xdp_rows(void **state)
{
	struct xdp_diag_msg m = { AF_XDP, SOCK_RAW, 0, 12, { 3, 0 } };
	struct xdp_diag_info info = { 7, 2 };
	struct buf b = { 0 };
	struct lssock_sock k;

	(void)state;
	buf_put(&b, &m, sizeof(m));
	msg_attr(&b, XDP_DIAG_INFO, &info, sizeof(info));
	msg_u32(&b, XDP_DIAG_UID, 5);
	k = row(LSSOCK_XDP, &b);
	assert_int_equal(k.local.w[0], 2);
	assert_int_equal(k.uid, 5);
	assert_int_equal(snap->ifaces.v[k.iface].ifindex, 7);
	buf_release(&b);
}

static void tipc_rows(void **state)
{
	struct buf b = { 0 };
	struct lssock_sock k;
	uint64_t cookie = 1ull << 40;
	size_t nest, con;

	(void)state;
	nest = nest_begin(&b, TIPC_NLA_SOCK | NLA_F_NESTED);
	msg_u32(&b, TIPC_NLA_SOCK_TYPE, SOCK_SEQPACKET);
	msg_u32(&b, TIPC_NLA_SOCK_TIPC_STATE, 1);
	msg_u32(&b, TIPC_NLA_SOCK_INO, 12);
	msg_u32(&b, TIPC_NLA_SOCK_UID, 5);
	msg_u32(&b, TIPC_NLA_SOCK_ADDR, 0x1001);
	msg_u32(&b, TIPC_NLA_SOCK_REF, 600);
	msg_attr(&b, TIPC_NLA_SOCK_COOKIE, &cookie, sizeof(cookie));
	con = nest_begin(&b, TIPC_NLA_SOCK_CON);
	msg_u32(&b, TIPC_NLA_CON_NODE, 0x1002);
	msg_u32(&b, TIPC_NLA_CON_SOCK, 601);
	nest_end(&b, con);
	nest_end(&b, nest);
	k = row(LSSOCK_TIPC, &b);
	assert_int_equal(k.family, AF_TIPC);
	assert_int_equal(k.type, SOCK_SEQPACKET);
	assert_int_equal(k.state, LSSOCK_ESTABLISHED);
	assert_int_equal(k.cookie, cookie);
	assert_int_equal(k.inode, 12);
	assert_int_equal(k.uid, 5);
	assert_int_equal(k.local.w[0], 0x1001);
	assert_int_equal(k.local.w[1], 600);
	assert_int_equal(k.remote.w[0], 0x1002);
	assert_int_equal(k.remote.w[1], 601);
	buf_release(&b);
}

/* ---- what is not a row ------------------------------------------------- */

static void short_and_foreign_messages_are_refused(void **state)
{
	static const size_t heads[LSSOCK_N_PROTO] = {
		[LSSOCK_TCP] = 72, [LSSOCK_MPTCP] = 72, [LSSOCK_SCTP] = 72,
		[LSSOCK_DCCP] = 72, [LSSOCK_UDP] = 72, [LSSOCK_UDPLITE] = 72,
		[LSSOCK_RAW] = 72, [LSSOCK_UNIX] = 16, [LSSOCK_NETLINK] = 28,
		[LSSOCK_PACKET] = 16, [LSSOCK_VSOCK] = 32, [LSSOCK_XDP] = 16, [LSSOCK_TIPC] = 8,
	};
	struct lssock_sock k;
	size_t at;

	(void)state;
	for (unsigned proto = 0; proto < LSSOCK_N_PROTO + 2; proto++) {
		size_t head = proto < LSSOCK_N_PROTO ? heads[proto] : 0;

		for (size_t len = 0; len < head; len++) {
			char *exact = calloc(1, len ? len : 1);

			assert_int_equal(family_row(proto, exact, len, snap, 0, &k, &at),
					 -EBADMSG);
			free(exact);
		}
	}
	for (unsigned proto = 0; proto < LSSOCK_N_PROTO + 2; proto++) {
		char wrong[128];

		memset(wrong, 0x77, sizeof(wrong));
		assert_int_equal(family_row(proto, wrong, 128, snap, 0, &k, &at), -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp4),
		cmocka_unit_test(tcp6_mapped),
		cmocka_unit_test(states),
		cmocka_unit_test(a_bound_socket_has_no_remote),
		cmocka_unit_test(uid_is_not_root_where_it_is_not_known),
		cmocka_unit_test(a_listener_has_a_limit),
		cmocka_unit_test(inet_attributes),
		cmocka_unit_test(raw_port_is_the_protocol),
		cmocka_unit_test(sctp_endpoints_and_associations),
		cmocka_unit_test(unix_rows),
		cmocka_unit_test(a_datagram_server_has_no_peer),
		cmocka_unit_test(unix_names),
		cmocka_unit_test(netlink_rows),
		cmocka_unit_test(packet_rows),
		cmocka_unit_test(vsock_rows),
		cmocka_unit_test(xdp_rows),
		cmocka_unit_test(tipc_rows),
		cmocka_unit_test(short_and_foreign_messages_are_refused),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
