/* SPDX-License-Identifier: MIT */
/* Names both ways, and the spellings of other tools. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>

#include "model/names.h"

#define BIT(s) (1u << LSSOCK_##s)

static uint32_t set_of(const char *s)
{
	return names_states(s, strlen(s));
}

static void states_both_ways(void **state)
{
	(void)state;
	for (unsigned i = 1; i < LSSOCK_N_STATE; i++) {
		assert_int_equal(set_of(names_state(i)), 1u << i);
		assert_int_equal(set_of(names_state_short(i)), 1u << i);
		assert_in_range(strlen(names_state_short(i)), 1, 7);
	}
	assert_string_equal(names_state(0), "?");
	assert_string_equal(names_state(255), "?");
	assert_string_equal(names_state_short(255), "?");
}

static void other_spellings(void **state)
{
	static const struct { const char *word; uint32_t set; } t[] = {
		{ "established", BIT(ESTABLISHED) }, { "ESTAB", BIT(ESTABLISHED) },
		{ "syn-sent", BIT(SYN_SENT) }, { "syn-recv", BIT(SYN_RECV) },
		{ "syn-rcv", BIT(SYN_RECV) }, { "SYN_RCVD", BIT(SYN_RECV) },
		{ "fin-wait-1", BIT(FIN_WAIT1) }, { "FIN_WAIT_2", BIT(FIN_WAIT2) },
		{ "FIN_WAIT1", BIT(FIN_WAIT1) }, { "finwait2", BIT(FIN_WAIT2) },
		{ "time-wait", BIT(TIME_WAIT) }, { "TIMEWAIT", BIT(TIME_WAIT) },
		{ "closed", BIT(CLOSE) }, { "close", BIT(CLOSE) },
		{ "unconnected", BIT(UNCONNECTED) }, { "unconn", BIT(UNCONNECTED) },
		{ "close-wait", BIT(CLOSE_WAIT) }, { "CLOSE_WAIT", BIT(CLOSE_WAIT) },
		{ "last-ack", BIT(LAST_ACK) }, { "listening", BIT(LISTEN) },
		{ "LISTEN", BIT(LISTEN) }, { "closing", BIT(CLOSING) },
		{ "bound-inactive", BIT(BOUND) }, { "bound", BIT(BOUND) },
		{ "bucket", BIT(SYN_RECV) | BIT(TIME_WAIT) },
		{ "", 0 }, { "-", 0 }, { "estab ", 0 }, { "wait", 0 },
		{ "listen-", BIT(LISTEN) },
		{ "fin-wait-3", 0 }, { "established-and-a-lot-more-than-fits-in-a-word", 0 },
	};
	uint32_t all = set_of("all"), connected = set_of("connected");

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++)
		if (set_of(t[i].word) != t[i].set)
			fail_msg("%s: %x", t[i].word, set_of(t[i].word));
	assert_int_equal(names_states("listen\0", 7), 0);
	assert_int_equal(names_states("listening", 6), BIT(LISTEN));

	assert_int_equal(all, (1u << LSSOCK_N_STATE) - 2);
	assert_int_equal(connected,
		all & ~(BIT(LISTEN) | BIT(CLOSE) | BIT(BOUND) | BIT(UNCONNECTED)));
	assert_int_equal(set_of("synchronized"), connected & ~BIT(SYN_SENT));
	assert_int_equal(set_of("big"), all & ~set_of("bucket"));
}

static void protos_and_whys(void **state)
{
	(void)state;
	for (unsigned i = 1; i < LSSOCK_N_PROTO; i++)
		assert_int_equal(names_proto_find(names_proto(i), strlen(names_proto(i))), i);
	for (unsigned i = 1; i < LSSOCK_N_WHY; i++)
		assert_int_equal(names_why_find(names_why(i), strlen(names_why(i))), i);
	assert_string_equal(names_proto(0), "?");
	assert_string_equal(names_proto(LSSOCK_N_PROTO), "?");
	assert_null(names_why(0));
	assert_null(names_why(LSSOCK_N_WHY));
	assert_int_equal(names_proto_find("TCP", 3), LSSOCK_TCP);
	assert_int_equal(names_proto_find("tcpx", 3), LSSOCK_TCP);
	assert_int_equal(names_proto_find("tcp", 2), -1);
	assert_int_equal(names_proto_find("", 0), -1);
	assert_int_equal(names_proto_find("?", 1), -1);
	assert_int_equal(names_why_find("IO_URING", 8), LSSOCK_WHY_IO_URING);
}

/* No enum value without a name. */
static void lists_are_complete(void **state)
{
	(void)state;
	for (unsigned i = 1; i < LSSOCK_N_NOTE; i++) {
		assert_string_not_equal(names_note(i), "?");
		for (unsigned k = 1; k < i; k++)
			assert_string_not_equal(names_note(i), names_note(k));
	}
	for (unsigned i = LSSOCK_HOW_FD; i <= LSSOCK_HOW_MAPPED; i++)
		assert_string_not_equal(names_how(i), "?");
	for (unsigned i = LSSOCK_FILE_LIVE; i <= LSSOCK_FILE_OTHER_MOUNT; i++)
		assert_non_null(names_file_state(i));
	assert_null(names_file_state(LSSOCK_FILE_UNKNOWN));
	assert_string_equal(names_source(LSSOCK_SRC_DIAG | LSSOCK_F_UID), "diag");
	assert_string_equal(names_source(LSSOCK_SRC_PROCFS | LSSOCK_F_STATE), "procfs");
	assert_string_equal(names_source(LSSOCK_SRC_FD | 7), "fd");
}

static void kernel_numbers(void **state)
{
	(void)state;
	assert_string_equal(names_netlink(0), "route");
	assert_string_equal(names_netlink(4), "sock_diag");
	assert_string_equal(names_netlink(12), "netfilter");
	assert_string_equal(names_netlink(16), "generic");
	assert_null(names_netlink(17));
	assert_string_equal(names_netlink(18), "scsitransport");
	assert_string_equal(names_netlink(22), "smc");
	assert_null(names_netlink(23));
	assert_null(names_netlink(UINT32_MAX));
	assert_string_equal(names_ethertype(3), "all");
	assert_string_equal(names_ethertype(0x800), "ip");
	assert_string_equal(names_ethertype(0x806), "arp");
	assert_string_equal(names_ethertype(0x86dd), "ipv6");
	assert_string_equal(names_ethertype(0x88cc), "lldp");
	assert_null(names_ethertype(0x1234));
	assert_string_equal(names_ip_protocol(1), "icmp");
	assert_string_equal(names_ip_protocol(58), "icmpv6");
	assert_string_equal(names_ip_protocol(255), "raw");
	assert_null(names_ip_protocol(254));
	assert_string_equal(names_family(AF_INET6), "inet6");
	assert_string_equal(names_family(44), "xdp");
	assert_string_equal(names_family(250), "?");
	assert_string_equal(names_type(SOCK_SEQPACKET), "seqpacket");
	assert_null(names_type(0));
	assert_null(names_type(99));
	assert_null(names_timer(0));
	assert_string_equal(names_timer(3), "timewait");
	assert_null(names_timer(7));
	assert_string_equal(names_ca_state(4), "loss");
	assert_string_equal(names_ca_state(5), "?");
}

static void socket_names_of_the_kernel(void **state)
{
	static const struct { const char *name; unsigned proto, family, type; } t[] = {
		{ "TCP", LSSOCK_TCP, AF_INET, SOCK_STREAM },
		{ "TCPv6", LSSOCK_TCP, AF_INET6, SOCK_STREAM },
		{ "UDP", LSSOCK_UDP, AF_INET, SOCK_DGRAM },
		{ "UDP-Lite", LSSOCK_UDPLITE, AF_INET, SOCK_DGRAM },
		{ "UDPLITEv6", LSSOCK_UDPLITE, AF_INET6, SOCK_DGRAM },
		{ "PINGv6", LSSOCK_ICMP, AF_INET6, SOCK_DGRAM },
		{ "MPTCP", LSSOCK_MPTCP, AF_INET, SOCK_STREAM },
		{ "UNIX", LSSOCK_UNIX, AF_UNIX, 0 },
		{ "UNIX-STREAM", LSSOCK_UNIX, AF_UNIX, SOCK_STREAM },
		{ "AF_VSOCK", LSSOCK_VSOCK, AF_VSOCK, 0 },
		{ "ALG", LSSOCK_OTHER, 0, 0 }, { "tcp", LSSOCK_OTHER, 0, 0 },
		{ "TCPv", LSSOCK_OTHER, 0, 0 }, { "", LSSOCK_OTHER, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		uint8_t family = 99, type = 99;

		assert_int_equal(names_sockproto(t[i].name, strlen(t[i].name), &family, &type),
				 t[i].proto);
		assert_int_equal(family, t[i].family);
		assert_int_equal(type, t[i].type);
	}
}

static void selections(void **state)
{
	static const struct { const char *word; uint32_t protos, families, type; } t[] = {
		{ "tcp", 1u << LSSOCK_TCP, 0, 0 }, { "ALL", LSSOCK_PROTOS_ALL, 0, 0 },
		{ "inet", LSSOCK_PROTOS_INET, 1, 0 }, { "inet6", LSSOCK_PROTOS_INET, 2, 0 },
		{ "unix", 1u << LSSOCK_UNIX, 0, 0 },
		{ "u_str", 1u << LSSOCK_UNIX, 0, SOCK_STREAM },
		{ "unix_dgram", 1u << LSSOCK_UNIX, 0, SOCK_DGRAM },
		{ "u_seq", 1u << LSSOCK_UNIX, 0, SOCK_SEQPACKET },
		{ "link", 1u << LSSOCK_PACKET, 0, 0 }, { "raw", 1u << LSSOCK_RAW, 0, 0 },
		{ "p_raw", 1u << LSSOCK_PACKET, 0, SOCK_RAW },
		{ "vsock", 1u << LSSOCK_VSOCK, 0, 0 }, { "xdp", 1u << LSSOCK_XDP, 0, 0 },
	};
	uint32_t protos = 77, families = 77;
	uint8_t type = 77;

	(void)state;
	assert_int_equal(names_selection("tcp6x", 5, &protos, &families, &type), -1);
	assert_int_equal(names_selection("", 0, &protos, &families, &type), -1);
	assert_true(protos == 77 && families == 77 && type == 77);
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		assert_int_equal(names_selection(t[i].word, strlen(t[i].word), &protos,
						 &families, &type), 0);
		assert_int_equal(protos, t[i].protos);
		assert_int_equal(families, t[i].families);
		assert_int_equal(type, t[i].type);
	}
}

static void nearest(void **state)
{
	static const char *const list[] = { "state", "sport", "proc", "pid", "rtt", NULL };
	static const char *const none[] = { NULL };

	(void)state;
	assert_string_equal(names_nearest("porc", 4, list), "proc");
	assert_string_equal(names_nearest("Staet", 5, list), "state");
	assert_string_equal(names_nearest("sprt", 4, list), "sport");
	assert_string_equal(names_nearest("procqqq", 4, list), "proc");
	assert_null(names_nearest("zzzzzz", 6, list));
	assert_null(names_nearest("x", 1, list));
	assert_null(names_nearest("", 0, list));
	assert_null(names_nearest("state", 5, none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_both_ways),
		cmocka_unit_test(other_spellings),
		cmocka_unit_test(protos_and_whys),
		cmocka_unit_test(lists_are_complete),
		cmocka_unit_test(kernel_numbers),
		cmocka_unit_test(socket_names_of_the_kernel),
		cmocka_unit_test(selections),
		cmocka_unit_test(nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
