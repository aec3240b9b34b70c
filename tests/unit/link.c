/* SPDX-License-Identifier: MIT */
/* Owners, listeners, peers and the reasons of sockets without an owner. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "model/link.h"

#define LISTEN LSSOCK_LISTEN
#define ESTAB LSSOCK_ESTABLISHED
#define NONE LSSOCK_NONE

static struct lssock_snap *snap;
static uint64_t cookie;

static int setup(void **state)
{
	(void)state;
	cookie = 0;
	snap = snap_new();
	return !snap;
}

static int teardown(void **state)
{
	(void)state;
	mem_fail_at(0);
	lssock_snap_free(snap);
	return 0;
}

static uint32_t put(const struct lssock_sock *k)
{
	return snap_add(snap, k, NULL, 0, NULL);
}

static void set_end(union lssock_end *end, uint8_t family, const char *text)
{
	memset(end, 0, sizeof(*end));
	assert_int_equal(inet_pton(family, text, end->ip), 1);
}

/* The family is that of the local address. Inode: the row's number + 100. */
static struct lssock_sock sock(uint8_t proto, uint8_t state, const char *local, uint16_t lport,
			       const char *remote, uint16_t rport)
{
	struct lssock_sock k = {
		.cookie = ++cookie, .inode = 100 + snap->socks.n, .proto = proto, .state = state,
		.lport = lport, .rport = rport, .flags = LSSOCK_F_STATE | LSSOCK_F_UID, .uid = 1000,
	};

	k.family = strchr(local, ':') ? AF_INET6 : AF_INET;
	set_end(&k.local, k.family, local);
	set_end(&k.remote, k.family, remote ? remote : k.family == AF_INET ? "0.0.0.0" : "::");
	return k;
}

static uint32_t tcp(uint8_t state, const char *local, uint16_t lport, const char *remote,
		    uint16_t rport)
{
	struct lssock_sock k = sock(LSSOCK_TCP, state, local, lport, remote, rport);

	return put(&k);
}

static uint32_t proc(int32_t pid)
{
	struct lssock_proc p = { .pid = pid, .ns = 0xffff };

	return snap_proc(snap, &p);
}

static void hold(uint32_t inode, uint32_t p, int32_t fd, uint8_t how)
{
	struct lssock_owner o = { .proc = p, .fd = fd, .how = how };

	assert_int_equal(snap_owner(snap, inode, &o), 0);
}

static uint32_t via(uint32_t row)
{
	assert_int_equal(link_via(snap), 0);
	return snap->socks.v[row].via;
}

static uint32_t peer(uint32_t row)
{
	assert_int_equal(link_peers(snap), 0);
	return snap->socks.v[row].peer;
}

static void test_owners(void **state)
{
	uint32_t a = tcp(LISTEN, "0.0.0.0", 80, NULL, 0), b = tcp(LISTEN, "0.0.0.0", 81, NULL, 0);

	(void)state;
	hold(100, proc(1), 3, LSSOCK_HOW_RING);
	hold(100, proc(1), 4, LSSOCK_HOW_FD);
	assert_int_equal(link_owners(snap), 0);
	assert_int_equal(snap->owners.v[snap->socks.v[a].owner].fd, 4);
	assert_int_equal(snap->socks.v[b].owner, 0);
	assert_int_equal(link_unowned(snap), 1);
	hold(101, proc(2), 5, LSSOCK_HOW_FD);
	link_owners(snap);
	assert_int_equal(link_unowned(snap), 0);
}

/* Asked again without a change they do nothing; a row that is met again with
 * another inode, an owner that comes later and an older process are changes. */
static void test_linked_again(void **state)
{
	struct lssock_sock k = sock(LSSOCK_TCP, ESTAB, "127.0.0.1", 80, "127.0.0.1", 5000);
	uint32_t row = put(&k), l = tcp(LISTEN, "127.0.0.1", 80, NULL, 0);

	(void)state;
	link_owners(snap);
	link_via(snap);
	assert_int_equal(snap->socks.v[row].owner, 0);
	assert_int_equal(snap->socks.v[row].via, l);
	hold(7, proc(10), 3, LSSOCK_HOW_FD);
	link_owners(snap);
	assert_int_equal(snap->socks.v[row].owner, 0);
	k.inode = 7;
	put(&k);
	link_owners(snap);
	assert_int_equal(snap->socks.v[row].owner, 1);
	snap->socks.v[row].owner = 0;	/* untouched, since nothing has changed */
	link_owners(snap);
	assert_int_equal(snap->socks.v[row].owner, 0);
	tcp(LISTEN, "0.0.0.0", 81, NULL, 0);
	snap->socks.v[row].via = NONE;
	link_owners(snap);
	link_via(snap);
	assert_int_equal(snap->socks.v[row].owner, 1);
	assert_int_equal(snap->socks.v[row].via, l);
}

static void test_via_most_specific(void **state)
{
	uint32_t any = tcp(LISTEN, "0.0.0.0", 80, NULL, 0);
	uint32_t exact = tcp(LISTEN, "10.0.0.1", 80, NULL, 0);
	uint32_t a = tcp(ESTAB, "10.0.0.1", 80, "10.0.0.9", 999);
	uint32_t b = tcp(ESTAB, "10.0.0.2", 80, "10.0.0.9", 999);
	uint32_t client = tcp(ESTAB, "10.0.0.2", 50000, "10.0.0.1", 80);
	uint32_t bound = tcp(LSSOCK_BOUND, "10.0.0.1", 80, NULL, 0);
	uint32_t syn_sent = tcp(LSSOCK_SYN_SENT, "10.0.0.1", 80, "10.0.0.9", 1);
	struct lssock_sock k = sock(LSSOCK_TCP, ESTAB, "10.0.0.1", 80, "10.0.0.9", 5);
	uint32_t elsewhere;

	(void)state;
	k.ns = 1;
	elsewhere = put(&k);
	assert_int_equal(via(a), exact);
	assert_int_equal(via(b), any);
	assert_int_equal(via(client), NONE);
	assert_int_equal(via(exact), NONE);
	assert_int_equal(via(bound), NONE);
	assert_int_equal(via(syn_sent), NONE);
	assert_int_equal(via(elsewhere), NONE);
}

static void test_via_dual_stack(void **state)
{
	struct lssock_sock k = sock(LSSOCK_TCP, LISTEN, "::", 80, NULL, 0);
	uint32_t dual = put(&k), only, mapped, v4, v6, v4_only;

	(void)state;
	k = sock(LSSOCK_TCP, LISTEN, "::", 81, NULL, 0);
	k.flags |= LSSOCK_F_V6ONLY | LSSOCK_F_V6ONLY_KNOWN;
	only = put(&k);
	mapped = tcp(ESTAB, "::ffff:10.0.0.1", 80, "::ffff:10.0.0.9", 5);
	v4 = tcp(LSSOCK_TIME_WAIT, "10.0.0.1", 80, "10.0.0.9", 6);
	v6 = tcp(ESTAB, "2001:db8::1", 81, "2001:db8::2", 7);
	v4_only = tcp(ESTAB, "::ffff:10.0.0.1", 81, "::ffff:10.0.0.9", 5);
	assert_int_equal(via(mapped), dual);
	assert_int_equal(via(v4), dual);
	assert_int_equal(via(v6), only);
	assert_int_equal(via(v4_only), NONE);
}

static void test_via_interface(void **state)
{
	struct lssock_sock k = sock(LSSOCK_TCP, LISTEN, "0.0.0.0", 80, NULL, 0);
	uint32_t bound, open, on_it, off_it;

	(void)state;
	k.iface = 3;
	bound = put(&k);
	k = sock(LSSOCK_TCP, ESTAB, "10.0.0.1", 80, "10.0.0.9", 5);
	off_it = put(&k);
	k = sock(LSSOCK_TCP, ESTAB, "10.0.0.1", 80, "10.0.0.9", 6);
	k.iface = 3;
	on_it = put(&k);
	assert_int_equal(via(off_it), NONE);
	assert_int_equal(via(on_it), bound);
	open = tcp(LISTEN, "0.0.0.0", 80, NULL, 0);
	assert_int_equal(via(off_it), open);
	assert_int_equal(via(on_it), bound);
}

/* SO_REUSEPORT: the holder tells which one; what nobody holds yet waits where
 * there is a queue. */
static void test_via_of_a_group(void **state)
{
	struct lssock_sock k;
	uint32_t rows[3], c, waiting;

	(void)state;
	for (int i = 0; i < 3; i++) {
		k = sock(LSSOCK_TCP, LISTEN, "0.0.0.0", 80, NULL, 0);
		k.rqueue = i == 1;
		rows[i] = put(&k);
		hold(k.inode, proc(i + 1), 3, LSSOCK_HOW_FD);
	}
	c = tcp(ESTAB, "10.0.0.1", 80, "10.0.0.9", 5);
	k = sock(LSSOCK_TCP, ESTAB, "10.0.0.1", 80, "10.0.0.9", 6);
	k.inode = 0;
	waiting = put(&k);
	hold(snap->socks.v[c].inode, proc(3), 7, LSSOCK_HOW_FD);
	link_owners(snap);
	assert_int_equal(via(c), rows[2]);
	assert_int_equal(via(waiting), rows[1]);
}

static void test_via_mptcp(void **state)
{
	struct lssock_sock k = sock(LSSOCK_MPTCP, LISTEN, "0.0.0.0", 80, NULL, 0);
	uint32_t listener = put(&k), conn, subflow, udp;

	(void)state;
	k = sock(LSSOCK_MPTCP, ESTAB, "10.0.0.1", 80, "10.0.0.9", 5);
	conn = put(&k);
	subflow = tcp(ESTAB, "10.0.0.1", 80, "10.0.0.9", 5);
	k = sock(LSSOCK_UDP, ESTAB, "10.0.0.1", 80, "10.0.0.9", 5);
	udp = put(&k);
	assert_int_equal(via(conn), listener);
	assert_int_equal(via(subflow), listener);
	assert_int_equal(via(udp), NONE);
}

static struct lssock_sock unix_sock(uint8_t type, uint8_t state, uint32_t inode, const char *name)
{
	struct lssock_sock k = {
		.cookie = ++cookie, .inode = inode, .proto = LSSOCK_UNIX, .family = AF_UNIX,
		.type = type, .state = state, .flags = LSSOCK_F_STATE,
	};

	k.local.w[3] = NONE;
	if (name)
		k.name = snap_string(snap, name, strlen(name) + !*name);
	return k;
}

/* A server's accepted socket lives in the client's namespace. */
static void test_via_unix(void **state)
{
	struct lssock_sock k = unix_sock(SOCK_STREAM, LISTEN, 10, "/run/a");
	uint32_t l, accepted, other_file, dgram, abstract, far;

	(void)state;
	k.local.w[0] = 77;
	l = put(&k);
	k = unix_sock(SOCK_STREAM, ESTAB, 11, "/run/a");
	k.local.w[0] = 77;
	k.ns = 4;
	accepted = put(&k);
	k = unix_sock(SOCK_STREAM, ESTAB, 12, "/run/a");
	k.local.w[0] = 78;		/* of the server before */
	other_file = put(&k);
	k = unix_sock(SOCK_DGRAM, ESTAB, 13, "/run/a");
	k.local.w[0] = 77;
	dgram = put(&k);
	k = unix_sock(SOCK_STREAM, LISTEN, 14, "");
	abstract = put(&k);
	k = unix_sock(SOCK_STREAM, ESTAB, 15, "");
	k.ns = 4;			/* abstract names end at their namespace */
	far = put(&k);
	assert_int_equal(via(accepted), l);
	assert_int_equal(via(other_file), NONE);
	assert_int_equal(via(dgram), NONE);
	assert_int_equal(via(far), NONE);
	assert_int_equal(via(abstract), NONE);
	link_clients(snap);
	assert_int_equal(snap->clients[l], 1);
	assert_int_equal(snap->clients[abstract], 0);
}

static void test_peer_mirrored(void **state)
{
	uint32_t a = tcp(ESTAB, "127.0.0.1", 80, "127.0.0.1", 5000);
	uint32_t b = tcp(ESTAB, "::ffff:127.0.0.1", 5000, "::ffff:127.0.0.1", 80);
	uint32_t self = tcp(ESTAB, "127.0.0.1", 7, "127.0.0.1", 7);
	uint32_t alone = tcp(ESTAB, "10.0.0.1", 80, "10.0.0.2", 5000);
	struct lssock_sock k = sock(LSSOCK_UDP, ESTAB, "127.0.0.1", 5000, "127.0.0.1", 80);
	uint32_t udp = put(&k), waits;

	(void)state;
	assert_int_equal(peer(a), b);
	assert_int_equal(peer(b), a);
	assert_int_equal(peer(self), self);
	assert_int_equal(peer(alone), NONE);
	assert_int_equal(peer(udp), NONE);
	waits = tcp(LSSOCK_TIME_WAIT, "10.0.0.2", 5000, "10.0.0.1", 80);
	assert_int_equal(peer(alone), waits);
	b = tcp(ESTAB, "10.0.0.2", 5000, "10.0.0.1", 80);
	assert_int_equal(peer(alone), b);
}

/* Thousands of pairs, some ends of them in both spellings, some twice: everyone
 * finds its own, the living before its TIME_WAIT. */
static void test_peers_of_many(void **state)
{
	uint32_t n = 4000, i;

	(void)state;
	for (i = 0; i < n; i++) {
		bool mapped = i % 3 == 0;

		tcp(ESTAB, "10.0.0.1", (uint16_t)(1000 + i % 50), "10.0.0.2", (uint16_t)(20000 + i));
		tcp(i % 5 ? ESTAB : LSSOCK_TIME_WAIT, mapped ? "::ffff:10.0.0.2" : "10.0.0.2",
		    (uint16_t)(20000 + i), mapped ? "::ffff:10.0.0.1" : "10.0.0.1",
		    (uint16_t)(1000 + i % 50));
	}
	for (i = 0; i < n; i += 5)
		tcp(ESTAB, "10.0.0.2", (uint16_t)(20000 + i), "10.0.0.1", (uint16_t)(1000 + i % 50));
	assert_int_equal(link_peers(snap), 0);
	for (i = 0; i < n; i++) {
		assert_int_equal(snap->socks.v[2 * i].peer, i % 5 ? 2 * i + 1 : 2 * n + i / 5);
		assert_int_equal(snap->socks.v[2 * i + 1].peer, 2 * i);
	}
}

static void configure(uint16_t ns, const char *address)
{
	struct lssock_ifaddr *a = vec_push(&snap->ifaddrs);

	a->iface = snap_iface(snap, ns, 1);
	a->family = AF_INET;
	assert_int_equal(inet_pton(AF_INET, address, a->ip), 1);
}

static uint32_t tcp_in(uint16_t ns, const char *local, uint16_t lport, const char *remote,
		       uint16_t rport)
{
	struct lssock_sock k = sock(LSSOCK_TCP, ESTAB, local, lport, remote, rport);

	k.ns = ns;
	return put(&k);
}

static void test_peer_in_another_namespace(void **state)
{
	uint32_t a, b;

	(void)state;
	for (uint64_t i = 1; i < 4; i++)
		snap_ns(snap, &(struct lssock_ns){ .ino = i });
	a = tcp_in(0, "10.0.0.1", 5000, "10.0.0.2", 80);
	b = tcp_in(1, "10.0.0.2", 80, "10.0.0.1", 5000);
	assert_int_equal(peer(a), NONE);	/* no address says so */
	configure(1, "10.0.0.2");
	configure(0, "10.0.0.1");
	assert_int_equal(peer(a), b);
	assert_int_equal(peer(b), a);
	tcp_in(2, "10.0.0.2", 80, "10.0.0.1", 5000);
	assert_int_equal(peer(a), b);		/* the address is not that one's */
	configure(2, "10.0.0.2");
	assert_int_equal(peer(a), NONE);	/* two candidates */
}

static void test_no_loopback_peer_elsewhere(void **state)
{
	uint32_t a;

	(void)state;
	for (uint64_t i = 1; i < 3; i++)
		snap_ns(snap, &(struct lssock_ns){ .ino = i });
	configure(1, "127.0.0.1");
	a = tcp_in(0, "127.0.0.1", 5000, "127.0.0.1", 80);
	tcp_in(1, "127.0.0.1", 80, "127.0.0.1", 5000);
	assert_int_equal(peer(a), NONE);
}

static void test_peer_unix(void **state)
{
	struct lssock_sock k = unix_sock(SOCK_STREAM, ESTAB, 10, NULL);
	uint32_t a, b, moved, server, client, lone;

	(void)state;
	k.local.w[3] = 11;
	a = put(&k);
	k = unix_sock(SOCK_STREAM, ESTAB, 11, NULL);
	k.local.w[3] = 10;
	k.ns = 1;
	b = put(&k);
	k = unix_sock(SOCK_STREAM, ESTAB, 12, NULL);
	k.local.w[3] = 11;		/* 11 has another peer by now */
	moved = put(&k);
	k = unix_sock(SOCK_DGRAM, ESTAB, 13, "/dev/log");
	server = put(&k);
	k = unix_sock(SOCK_DGRAM, ESTAB, 14, NULL);
	k.local.w[3] = 13;
	client = put(&k);
	k = unix_sock(SOCK_STREAM, ESTAB, 15, NULL);
	k.local.w[3] = 0;		/* not accepted yet */
	lone = put(&k);
	assert_int_equal(peer(a), b);
	assert_int_equal(peer(b), a);
	assert_int_equal(peer(moved), NONE);
	assert_int_equal(peer(client), server);
	assert_int_equal(peer(server), NONE);
	assert_int_equal(peer(lone), NONE);
	link_via(snap);
	link_clients(snap);
	assert_int_equal(snap->clients[server], 1);
	assert_int_equal(snap->clients[a], 0);
}

static void assert_why(uint32_t row, enum lssock_why want, struct link_why known)
{
	link_why(snap, &known);
	assert_int_equal(snap->socks.v[row].why, want);
}

static const struct link_why nothing = { 0 };

static uint32_t no_inode(uint8_t state, uint16_t lport, uint16_t timer)
{
	struct lssock_sock k = sock(LSSOCK_TCP, state, "10.0.0.1", lport, "10.0.0.9", state);

	k.inode = 0;
	k.flags |= timer;
	return put(&k);
}

static void test_why_without_inode(void **state)
{
	uint32_t l = tcp(LISTEN, "0.0.0.0", 80, NULL, 0);
	uint32_t waiting = no_inode(ESTAB, 80, 0), fin = no_inode(LSSOCK_CLOSE_WAIT, 80, 0);
	uint32_t orphan = no_inode(ESTAB, 81, 0), closing = no_inode(LSSOCK_FIN_WAIT1, 80, 1);
	uint32_t tw = no_inode(LSSOCK_TIME_WAIT, 80, 3), fw2 = no_inode(LSSOCK_FIN_WAIT2, 80, 3);
	uint32_t syn = no_inode(LSSOCK_SYN_RECV, 80, 1);

	(void)state;
	hold(100, proc(1), 3, LSSOCK_HOW_FD);
	link_owners(snap);
	link_via(snap);
	assert_why(l, LSSOCK_WHY_NONE, nothing);
	assert_why(waiting, LSSOCK_WHY_ACCEPT_QUEUE, nothing);
	assert_why(fin, LSSOCK_WHY_ACCEPT_QUEUE, nothing);
	assert_why(orphan, LSSOCK_WHY_ORPHAN, nothing);
	assert_why(closing, LSSOCK_WHY_ORPHAN, nothing);
	assert_why(tw, LSSOCK_WHY_TIME_WAIT, nothing);
	assert_why(fw2, LSSOCK_WHY_TIME_WAIT, nothing);
	assert_why(syn, LSSOCK_WHY_SYN_RECV, nothing);
	assert_int_equal(link_unowned(snap), 0);
}

static void test_why_held_otherwise(void **state)
{
	uint32_t ring = tcp(ESTAB, "10.0.0.1", 1, "10.0.0.2", 1);
	uint32_t map = tcp(ESTAB, "10.0.0.1", 1, "10.0.0.2", 2);
	struct lssock_sock k = { .proto = LSSOCK_NETLINK, .family = AF_NETLINK, .inode = 9 };
	uint32_t kernel = put(&k);

	(void)state;
	hold(100, proc(1), 3, LSSOCK_HOW_RING);
	hold(101, proc(1), 3, LSSOCK_HOW_MAPPED);
	link_owners(snap);
	assert_why(ring, LSSOCK_WHY_IO_URING, nothing);
	assert_why(map, LSSOCK_WHY_MMAP, nothing);
	assert_why(kernel, LSSOCK_WHY_KERNEL, (struct link_why){ .unreadable = 1 });
	assert_int_equal(link_unowned(snap), 0);
}

static void test_why_unseen(void **state)
{
	uint32_t row = tcp(ESTAB, "10.0.0.1", 1, "10.0.0.2", 1);
	struct link_why twice = { .looked_twice = true };

	(void)state;
	assert_why(row, LSSOCK_WHY_UNKNOWN, nothing);
	assert_why(row, LSSOCK_WHY_UNKNOWN, twice);
	assert_why(row, LSSOCK_WHY_NO_PERMISSION,
		   (struct link_why){ .unreadable = 1, .nested_pidns = true });
	assert_why(row, LSSOCK_WHY_OTHER_PIDNS, (struct link_why){ .nested_pidns = true });
	snap->socks.v[row].uid = 0;
	assert_why(row, LSSOCK_WHY_UNKNOWN, nothing);
	assert_why(row, LSSOCK_WHY_KERNEL, twice);
	snap_note(snap, LSSOCK_NOTE_RING_BUSY, 0, 0, 1, NULL);
	assert_why(row, LSSOCK_WHY_UNKNOWN, twice);	/* a ring may hold it */
}

static void test_why_in_flight(void **state)
{
	uint32_t a = tcp(ESTAB, "10.0.0.1", 1, "10.0.0.2", 1), o;
	struct snap_in_flight f = { .inode = 500, .proc = proc(8), .count = 1, .fd = 6 };

	(void)state;
	snap_in_flight(snap, &f);
	assert_why(a, LSSOCK_WHY_IN_FLIGHT, nothing);
	assert_why(a, LSSOCK_WHY_IN_FLIGHT, nothing);
	o = snap->socks.v[a].owner;
	assert_int_not_equal(o, 0);
	assert_int_equal(snap->owners.v[o].how, LSSOCK_HOW_IN_FLIGHT);
	assert_int_equal(snap->owners.v[o].fd, 6);
	assert_int_equal(snap->owners.v[o].next, 0);
	assert_int_equal(snap->owners.n, 2);
}

/* Two sockets, one fd in flight: which one it is, cannot be known. */
static void test_why_in_flight_uncertain(void **state)
{
	uint32_t a = tcp(ESTAB, "10.0.0.1", 1, "10.0.0.2", 1), b;
	struct snap_in_flight f = { .inode = 500, .proc = proc(8), .count = 1, .fd = 6 };

	(void)state;
	snap_in_flight(snap, &f);
	b = tcp(ESTAB, "10.0.0.1", 1, "10.0.0.2", 2);
	assert_why(a, LSSOCK_WHY_UNKNOWN, nothing);
	f.inode = 501;
	f.proc = proc(9);
	snap_in_flight(snap, &f);
	assert_why(b, LSSOCK_WHY_IN_FLIGHT, nothing);
	assert_int_equal(snap->socks.v[b].owner, 0);	/* two receivers */
	f.inode = 500;
	snap_in_flight(snap, &f);
	assert_int_equal(snap->in_flight.n, 2);
	assert_int_equal(snap->in_flight.v[0].proc, 0);
}

static void test_out_of_memory(void **state)
{
	struct lssock_sock k;
	int r = -ENOMEM;

	(void)state;
	snap_ns(snap, &(struct lssock_ns){ .ino = 1 });
	snap_ns(snap, &(struct lssock_ns){ .ino = 2 });
	configure(0, "10.0.0.1");
	for (uint16_t i = 1; i < 100; i++) {
		tcp(LISTEN, "0.0.0.0", i, NULL, 0);
		tcp(ESTAB, "10.0.0.1", i, "10.0.0.2", 1);
		k = unix_sock(SOCK_STREAM, LISTEN, 1000u + i, "/x");
		put(&k);
	}
	for (uint64_t n = 1; r && n < 100; n++) {
		snap->failed = false;
		mem_fail_at(n);
		r = link_via(snap) || link_peers(snap) || link_clients(snap);
		assert_int_equal(r, snap->failed);
	}
	assert_int_equal(r, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_owners),
		TEST(test_linked_again),
		TEST(test_via_most_specific),
		TEST(test_via_dual_stack),
		TEST(test_via_interface),
		TEST(test_via_of_a_group),
		TEST(test_via_mptcp),
		TEST(test_via_unix),
		TEST(test_peer_mirrored),
		TEST(test_peers_of_many),
		TEST(test_peer_in_another_namespace),
		TEST(test_no_loopback_peer_elsewhere),
		TEST(test_peer_unix),
		TEST(test_why_without_inode),
		TEST(test_why_held_otherwise),
		TEST(test_why_unseen),
		TEST(test_why_in_flight),
		TEST(test_why_in_flight_uncertain),
		TEST(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
