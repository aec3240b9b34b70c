/* SPDX-License-Identifier: MIT */
/* Tables of /proc/net, with the lines of hostile unix names among them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "wire/procnet.h"
#include "wire/records.h"

#define LEN(text) text, sizeof(text) - 1
#define TCP_HEAD "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt" \
	"   uid  timeout inode" "                                                     \n"
#define UNIX_HEAD "Num       RefCount Protocol Flags    Type St Inode Path\n"
#define PTR "00000000abcdef01"

static bool below_1000(void *ctx, uint32_t inode)
{
	(void)ctx;
	return inode < 1000;
}

static struct lssock_snap *snap;
static struct procnet in;

static int setup(void **state)
{
	(void)state;
	snap = snap_new();
	in = (struct procnet){ .snap = snap, .ns = 2, .believed = below_1000 };
	return !snap;
}

static int teardown(void **state)
{
	(void)state;
	lssock_snap_free(snap);
	return 0;
}

/* As the kernel prints an address: words of network bytes as numbers of this
 * machine. */
static const char *hex_end(char *out, int family, const char *text, unsigned port)
{
	uint32_t w[4] = { 0 };
	int words = family == AF_INET ? 1 : 4, n = 0;

	assert_int_equal(inet_pton(family, text, w), 1);
	for (int i = 0; i < words; i++)
		n += snprintf(out + n, 40 - (size_t)n, "%08X", w[i]);
	snprintf(out + n, 48 - (size_t)n, ":%04X", port);
	return out;
}

static int table(int which, const char *text)
{
	return procnet_table(&in, which, text, strlen(text));
}

static void test_tcp(void **state)
{
	char text[2000], a[48], b[48], c[48], d[48];
	const struct lssock_sock *k;
	uint8_t ip[16];

	(void)state;
	hex_end(a, AF_INET, "127.0.0.1", 8080);
	hex_end(b, AF_INET, "0.0.0.0", 0);
	hex_end(c, AF_INET, "10.0.0.1", 8080);
	hex_end(d, AF_INET, "10.0.0.9", 999);
	snprintf(text, sizeof(text), TCP_HEAD
		 "   0: %s %s 0A 00000000:00000003 00:00000000 00000000  1000        0 77 1 " PTR
		 " 100 0 0 10 0                     \n"
		 "   1: %s %s 01 00000005:00000006 02:000000C8 00000300     0        2 78 1 " PTR
		 " 20 4 30 10 -1\n"
		 "   2: %s %s 06 00000000:00000000 03:00001770 00000000     0        0 0 3 " PTR "\n"
		 "   3: %s %s 0C 00000000:00000000 01:00000064 00000001     0        0 0 0 " PTR "\n"
		 "   4: %s %s 04 00000001:00000000 01:00000064 00000001     0        0 0 1 " PTR "\n",
		 a, b, c, d, d, c, c, d, a, d);
	assert_int_equal(table(TEXT_NET_TCP, text), 0);
	assert_int_equal(in.rows, 5);
	assert_int_equal(in.bad, 0);
	k = snap_row(snap, 0);
	inet_pton(AF_INET, "127.0.0.1", ip);
	assert_memory_equal(k->local.ip, ip, 4);
	assert_int_equal(k->state, LSSOCK_LISTEN);
	assert_int_equal(k->lport, 8080);
	assert_int_equal(k->rqueue, 3);
	assert_int_equal(k->uid, 1000);
	assert_int_equal(k->inode, 77);
	assert_int_equal(k->ns, 2);
	assert_int_equal(k->flags, LSSOCK_SRC_PROCFS | LSSOCK_F_UID | LSSOCK_F_QUEUES |
			 LSSOCK_F_STATE);
	k = snap_row(snap, 1);
	assert_int_equal(k->state, LSSOCK_ESTABLISHED);
	assert_int_equal(k->rport, 999);
	assert_int_equal(k->wqueue, 5);
	assert_int_equal(k->rqueue, 6);
	assert_int_equal(k->flags & LSSOCK_F_TIMER, 2);
	assert_int_equal(k->expires_ms, 2000);
	assert_int_equal(k->retrans, 255);
	assert_true(k->flags & LSSOCK_F_UID);
	for (uint32_t i = 2; i < 5; i++)	/* uid 0 without an inode is no one's */
		assert_false(snap_row(snap, i)->flags & LSSOCK_F_UID);
	assert_int_equal(snap_row(snap, 3)->state, LSSOCK_SYN_RECV);
}

static void test_inet_families(void **state)
{
	char text[1000], a[48], b[48];
	const struct lssock_sock *k;
	uint8_t ip[16];

	(void)state;
	hex_end(a, AF_INET6, "::ffff:127.0.0.1", 53);
	hex_end(b, AF_INET6, "2001:db8::1", 0xffff);
	snprintf(text, sizeof(text), TCP_HEAD "  10: %s %s 07 00000000:00000000 00:00000000 "
		 "00000000     5        0 9 2 " PTR " 0\n", a, b);
	assert_int_equal(table(TEXT_NET_UDP6, text), 0);
	k = snap_row(snap, 0);
	inet_pton(AF_INET6, "::ffff:127.0.0.1", ip);
	assert_memory_equal(k->local.ip, ip, 16);
	inet_pton(AF_INET6, "2001:db8::1", ip);
	assert_memory_equal(k->remote.ip, ip, 16);
	assert_int_equal(k->family, AF_INET6);
	assert_int_equal(k->type, SOCK_DGRAM);
	assert_int_equal(k->state, LSSOCK_UNCONNECTED);
	assert_int_equal(k->rport, 0xffff);
	hex_end(a, AF_INET, "0.0.0.0", 1);
	snprintf(text, sizeof(text), "h\n  10: %s %s 01 00000000:00000000 00:00000000 "
		 "00000000     5        0 9 2 " PTR " 0", a, a);
	assert_int_equal(table(TEXT_NET_RAW, text), 0);
	assert_int_equal(snap_row(snap, 1)->proto, LSSOCK_RAW);
	assert_int_equal(snap_row(snap, 1)->lport, 1);
	assert_int_equal(snap_row(snap, 1)->state, LSSOCK_ESTABLISHED);
	assert_int_equal(table(TEXT_NET_ICMP, text), 0);
	assert_int_equal(snap_row(snap, 2)->proto, LSSOCK_ICMP);
	assert_int_equal(in.bad, 0);
}

static void test_bad_inet_lines(void **state)
{
	static const char *const lines[] = {
		"", "x", "   0: 0100007F:1F90", "   0: 0100007F:1F90 00000000:0000 0A",
		"   0: 0100007:1F90 00000000:0000 0A 0:0 0:0 0 0 0 5 1 0",
		"   0: 0100007F:1F900 00000000:0000 0A 0:0 0:0 0 0 0 5 1 0",
		"   0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 -1 0 5 1 0",
		"   0: 0100007F:1F90 00000000:0000 0A 00 0:0 0 0 0 5 1 0",
		"   0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 4294967296 1 0",
		"   0  0100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 5 1 0",
		"   0: 0100007F1F90 00000000:0000 0A 0:0 0:0 0 0 0 5 1 0",
	};
	char text[200];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(text, sizeof(text), TCP_HEAD "%s\n", lines[i]);
		table(TEXT_NET_TCP, text);
	}
	assert_int_equal(in.rows, 0);
	assert_int_equal(in.bad, sizeof(lines) / sizeof(lines[0]));
	assert_int_equal(table(0, ""), -EINVAL);
	assert_int_equal(table(TEXT_PASSWD, ""), -EINVAL);
	assert_int_equal(table(TEXT_N, ""), -EINVAL);
	assert_int_equal(table(TEXT_NET_TCP, ""), 0);
	assert_int_equal(table(TEXT_NET_UNIX, ""), 0);
}

static void test_netlink_and_packet(void **state)
{
	const struct lssock_sock *k;

	(void)state;
	table(TEXT_NET_NETLINK,
	      "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n"
	      PTR " 0   812        00000111 5        6        0     2        0        18      \n"
	      PTR " 15  -4100      00000000 0        0        0     2        0        19      \n"
	      PTR " 15  1 00000000 0 0 0 2 0\n");
	table(TEXT_NET_PACKET,
	      "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n"
	      PTR " 3      3    0003   2     1 7      33     20    \n" PTR " 3 3 zz 2 1 7 33 21\n");
	assert_int_equal(in.rows, 3);
	assert_int_equal(in.bad, 2);
	k = snap_row(snap, 0);
	assert_int_equal(k->proto, LSSOCK_NETLINK);
	assert_int_equal(k->local.w[0], 812);
	assert_int_equal(k->local.w[1], 0);
	assert_int_equal(k->rqueue, 5);
	assert_int_equal(k->wqueue, 6);
	assert_int_equal(k->inode, 18);
	assert_int_equal(snap_row(snap, 1)->local.w[0], (uint32_t)-4100);
	k = snap_row(snap, 2);
	assert_int_equal(k->proto, LSSOCK_PACKET);
	assert_int_equal(k->type, SOCK_RAW);
	assert_int_equal(k->local.w[0], 3);
	assert_int_equal(k->uid, 33);
	assert_int_equal(k->inode, 20);
	assert_int_equal(snap->ifaces.v[k->iface].ifindex, 2);
	assert_int_equal(snap->ifaces.v[k->iface].ns, 2);
}

static const struct lssock_sock *by_inode(uint32_t inode)
{
	const struct lssock_sock *found = NULL;

	for (uint32_t i = 0; i < snap->socks.n; i++)
		if (snap->socks.v[i].inode == inode) {
			assert_null(found);
			found = &snap->socks.v[i];
		}
	return found;
}

static void assert_name(const struct lssock_sock *k, const char *want, size_t len)
{
	size_t got;
	const char *name = lssock_string(snap, k->name, &got);

	assert_non_null(name);
	assert_int_equal(got, len);
	assert_memory_equal(name, want, len);
}

static void test_unix(void **state)
{
	const struct lssock_sock *k;

	(void)state;
	table(TEXT_NET_UNIX, UNIX_HEAD
	      PTR ": 00000002 00000000 00010000 0001 01    10 /run/a b\n"
	      PTR ": 00000003 00000000 00000000 0001 03    11\n"
	      PTR ": 00000003 00000000 00000000 0002 01    12 @log@@\n"
	      PTR ": 00000003 00000000 00000000 0005 02     0 /run/embryo\n"
	      PTR ": 00000003 00000000 00000000 0001 03  5000 /run/not-held\n"
	      "garbage\n");
	k = by_inode(10);
	assert_name(k, LEN("/run/a b"));
	assert_int_equal(k->state, LSSOCK_LISTEN);
	assert_int_equal(k->type, SOCK_STREAM);
	assert_int_equal(k->flags, LSSOCK_SRC_PROCFS | LSSOCK_F_STATE);
	assert_int_equal(k->local.w[3], LSSOCK_NONE);
	assert_int_equal(by_inode(11)->state, LSSOCK_ESTABLISHED);
	assert_int_equal(by_inode(11)->name, 0);
	assert_name(by_inode(12), LEN("\0log@@"));
	assert_int_equal(by_inode(12)->state, LSSOCK_UNCONNECTED);
	assert_int_equal(in.rows, 3);
	assert_null(by_inode(5000));
}

static void test_unix_newlines(void **state)
{
	(void)state;
	table(TEXT_NET_UNIX, UNIX_HEAD
	      PTR ": 00000002 00000000 00010000 0001 01    10 /tmp/a\n\nb\n: c\n"
	      PTR ": 00000002 00000000 00010000 0001 01    11 /tmp/d\n");
	assert_name(by_inode(10), LEN("/tmp/a\n\nb\n: c"));
	assert_name(by_inode(11), LEN("/tmp/d"));
	assert_int_equal(in.bad, 0);
}

/* A name writes a line about somebody else's socket: before, after, or both. */
static void test_unix_forged(void **state)
{
	static const char forged[] = PTR ": 00000002 00000000 00000000 0001 03    10 /forged\n";
	static const char real[] = PTR ": 00000002 00000000 00010000 0001 01    10 /run/real\n";
	char text[1000];

	(void)state;
	for (int order = 0; order < 3; order++) {
		teardown(NULL);
		setup(NULL);
		snprintf(text, sizeof(text), UNIX_HEAD "%s" PTR
			 ": 00000002 00000000 00010000 0001 01    20 x\n%s%s",
			 order ? real : "", forged, order != 1 ? real : "");
		table(TEXT_NET_UNIX, text);
		assert_int_equal(by_inode(10)->name, 0);
		assert_int_equal(by_inode(10)->state, LSSOCK_STATE_NONE);
		assert_int_equal(by_inode(10)->flags, LSSOCK_SRC_PROCFS);
		assert_name(by_inode(20), LEN("x"));
	}
	/* what a read met twice is no forgery */
	teardown(NULL);
	setup(NULL);
	snprintf(text, sizeof(text), UNIX_HEAD "%s%s", real, real);
	table(TEXT_NET_UNIX, text);
	assert_name(by_inode(10), LEN("/run/real"));
}

/* The inode of a TCP listener is held by an fd too, and is no unix socket. */
static void test_unix_forged_for_others(void **state)
{
	struct lssock_sock k = { .cookie = 1, .proto = LSSOCK_TCP, .family = AF_INET, .inode = 10 };

	(void)state;
	snap_add(snap, &k, NULL, 0, NULL);
	table(TEXT_NET_UNIX, UNIX_HEAD
	      PTR ": 00000002 00000000 00010000 0001 01    10 /run/forged\n"
	      PTR ": 00000002 00000000 00010000 0001 01    11 /run/a\n");
	assert_int_equal(by_inode(10)->proto, LSSOCK_TCP);
	in.ns = 3;
	table(TEXT_NET_UNIX, UNIX_HEAD PTR ": 00000002 00000000 00000000 0001 03    11 /run/b\n");
	assert_int_equal(by_inode(11)->name, 0);
	assert_int_equal(by_inode(11)->flags & LSSOCK_F_STATE, 0);
}

static void test_unix_without_belief(void **state)
{
	(void)state;
	in.believed = NULL;
	table(TEXT_NET_UNIX, UNIX_HEAD PTR ": 00000002 00000000 00010000 0001 01    11 /run/a\n");
	assert_int_equal(snap->socks.n, 0);
}

static void test_tables(void **state)
{
	const int *t = procnet_tables(LSSOCK_UDP);

	(void)state;
	assert_int_equal(t[0], TEXT_NET_UDP);
	assert_int_equal(t[1], TEXT_NET_UDP6);
	assert_int_equal(t[2], 0);
	assert_int_equal(procnet_tables(LSSOCK_UNIX)[1], 0);
	assert_null(procnet_tables(LSSOCK_MPTCP));
	assert_null(procnet_tables(LSSOCK_N_PROTO));
}

/* Names and values are on two lines that may differ in length. */
static void test_netstat(void **state)
{
	static const char text[] = "TcpExt: SyncookiesSent ListenOverflows ListenDrops\n"
				   "TcpExt: 0 7 18446744073709551614\n"
				   "IpExt: InNoRoutes ListenDrops\nIpExt: 4 5\n"
				   "MPTcpExt: A\nMPTcpExt:\n";
	uint16_t port = 9;

	(void)state;
	assert_int_equal(procnet_netstat(LEN(text), "TcpExt:", "ListenOverflows"), 7);
	assert_true(procnet_netstat(LEN(text), "TcpExt:", "ListenDrops") == UINT64_MAX - 1);
	assert_int_equal(procnet_netstat(LEN(text), "IpExt:", "ListenDrops"), 5);
	assert_true(procnet_netstat(LEN(text), "IpExt:", "7") == UINT64_MAX);
	assert_true(procnet_netstat(LEN(text), "MPTcpExt:", "A") == UINT64_MAX);
	assert_true(procnet_netstat(text, 60, "TcpExt:", "ListenDrops") == UINT64_MAX);
	assert_true(procnet_netstat(LEN("TcpExt: A\nTcpExt: -1\n"), "TcpExt:", "A") ==
		    UINT64_MAX);
	assert_false(procnet_port(LEN(""), &port));
	assert_false(procnet_port(LEN("70000\n"), &port));
	assert_int_equal(port, 9);
	assert_true(procnet_port(LEN("1024\n"), &port));
	assert_int_equal(port, 1024);
}

static void test_counters(void **state)
{
	static const char sockstat[] = "sockets: used 8\nTCP: inuse 5 orphan 0 tw 7 alloc 9 mem 1\n"
		"UDP: inuse 2 mem 3\nUDPLITE: inuse\n";
	static const char protocols[] = "protocol  size sockets  memory press maxhdr  slab module\n"
		"TCPv6     2816     12       1   no      304   yes  kernel\nTCP 2624 -1 1\n";
	uint16_t lo = 1, hi = 2;

	(void)state;
	assert_int_equal(procnet_time_wait(LEN(sockstat)), 7);
	assert_int_equal(procnet_time_wait(LEN("TCP: inuse 5\n")), LSSOCK_NONE);
	assert_int_equal(procnet_sockstat(LEN(sockstat), "UDP:", "mem"), 3);
	assert_true(procnet_sockstat(LEN(sockstat), "UDPLITE:", "inuse") == UINT64_MAX);
	assert_true(procnet_sockstat(LEN(sockstat), "TCP:", "5") == UINT64_MAX);
	assert_int_equal(procnet_protocol_count(LEN(protocols), "TCPv6"), 12);
	assert_int_equal(procnet_protocol_count(LEN(protocols), "TCP"), LSSOCK_NONE);
	assert_int_equal(procnet_protocol_count(LEN(protocols), "UDP"), LSSOCK_NONE);
	assert_false(procnet_port_range(LEN("5\t4\n"), &lo, &hi));
	assert_false(procnet_port_range(LEN("5 70000\n"), &lo, &hi));
	assert_false(procnet_port_range(LEN(""), &lo, &hi));
	assert_int_equal(lo, 1);
	assert_true(procnet_port_range(LEN("32768\t60999\n"), &lo, &hi));
	assert_int_equal(lo, 32768);
	assert_int_equal(hi, 60999);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tcp),
		TEST(test_inet_families),
		TEST(test_bad_inet_lines),
		TEST(test_netlink_and_packet),
		TEST(test_unix),
		TEST(test_unix_newlines),
		TEST(test_unix_forged),
		TEST(test_unix_forged_for_others),
		TEST(test_unix_without_belief),
		TEST(test_tables),
		TEST(test_counters),
		TEST(test_netstat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
