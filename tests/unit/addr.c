/* SPDX-License-Identifier: MIT */
/* Addresses and networks: what is read, how it is written, what lies where. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "model/addr.h"

static struct lssock_addr addr(const char *text)
{
	struct lssock_addr a = { 0 };

	if (!addr_parse(text, strlen(text), &a))
		fail_msg("not read: '%s'", text);
	return a;
}

static void reads_and_writes(void **state)
{
	static const char *const t[][2] = {
		{ "10.0.0.5", "10.0.0.5" }, { "0.0.0.0", "0.0.0.0" },
		{ "255.255.255.255", "255.255.255.255" }, { "10.1.2.3/8", "10.0.0.0/8" },
		{ "10.1.2.3/32", "10.1.2.3" }, { "10.1.2.3/0", "0.0.0.0/0" },
		{ "172.31.255.1/12", "172.16.0.0/12" },
		{ "192.168.1.129/25", "192.168.1.128/25" },
		{ "::", "::" }, { "::/0", "::/0" }, { "::1", "::1" }, { "[::1]", "::1" },
		{ "2001:DB8::1", "2001:db8::1" }, { "[2001:db8:ffff::]/32", "2001:db8::/32" },
		{ "2001:db8::ffff/127", "2001:db8::fffe/127" }, { "fe80::1", "fe80::1" },
		{ "[::ffff:10.0.0.1]", "10.0.0.1" }, { "::ffff:10.9.9.9/104", "10.0.0.0/8" },
		{ "::ffff:0:0/96", "0.0.0.0/0" }, { "::ffff:10.0.0.1/95", "::fffe:0:0/95" },
		/* RFC 5952: the longest run, the first of equals, never a single group */
		{ "2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "1:0:0:2:0:0:0:3", "1:0:0:2::3" }, { "0:0:1:2:3:4:0:0", "::1:2:3:4:0:0" },
		{ "1:2:3:4:5:6:0:0", "1:2:3:4:5:6::" },
		{ "0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7" },
		{ "1::", "1::" }, { "64:ff9b::1.2.3.4", "64:ff9b::102:304" },
		{ "::1.2.3.4", "::102:304" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct lssock_addr a = addr(t[i][0]), again;
		struct buf b = { 0 };

		addr_put(&b, &a);
		assert_string_equal(buf_cstr(&b), t[i][1]);
		again = addr(buf_cstr(&b));
		assert_memory_equal(&again, &a, sizeof(a));
		buf_release(&b);
	}
}

static void refuses(void **state)
{
	static const char *const bad[] = {
		"", "/", "/8", "10", "10.0.0", "10.0.0.0.0", "256.0.0.1", "010.0.0.1",
			"10.0.0.1/",
		"10.0.0.1/33", "10.0.0.1/-1", "10.0.0.1/8/8", "10.0.0.1/ 8", " 10.0.0.1",
		"10.0.0.1 ", "[10.0.0.1]", "[::1", "::1]", "[]", ":", ":::", "1::2::3",
			"::/129",
		"1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::g", "fe80::1%eth0", "localhost", "*",
		"::ffff:10.0.0.256", "12345::", "0x7f.0.0.1",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd",
	};
	struct lssock_addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (addr_parse(bad[i], strlen(bad[i]), &a))
			fail_msg("taken: '%s'", bad[i]);
	assert_false(addr_parse("10.0.0.1\0", 9, &a));
	assert_false(addr_parse("::1\0\0", 5, &a));
	assert_true(addr_parse("10.0.0.12", 8, &a));
	assert_int_equal(a.ip[3], 1);
}

/* Every shape of zero and nonzero groups is as the C library writes it. */
static void as_the_library(void **state)
{
	(void)state;
	for (unsigned shape = 0; shape < 256; shape++) {
		struct lssock_addr a = { .family = AF_INET6, .prefix = 128 };
		struct buf b = { 0 };
		char want[INET6_ADDRSTRLEN];

		for (unsigned i = 0; i < 8; i++)
			a.ip[2 * i + i % 2] = shape >> i & 1 ? (uint8_t)(0x90 + i) : 0;
		/* ::1.2.3.4 is long dead; the library still writes it */
		if ((shape & 0x3f) == 0 && shape & 0x40)
			continue;
		inet_ntop(AF_INET6, a.ip, want, sizeof(want));
		addr_put(&b, &a);
		assert_string_equal(buf_cstr(&b), want);
		buf_release(&b);
	}
}

static void of_an_end(void **state)
{
	union lssock_end end = { { 0 } };
	struct lssock_addr a;
	struct buf b = { 0 };
	bool mapped = true;

	(void)state;
	memset(&end, 0xee, sizeof(end));	/* only the first four are IPv4's */
	memcpy(end.ip, "\x7f\0\0\x35", 4);
	a = addr_of_end(AF_INET, &end, &mapped);
	assert_false(mapped);
	addr_put(&b, &a);
	memcpy(end.ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\x05", 16);
	a = addr_of_end(AF_INET6, &end, &mapped);
	assert_true(mapped);
	assert_int_equal(a.family, AF_INET);
	addr_put(&b, &a);
	end.ip[10] = 0;
	a = addr_of_end(AF_INET6, &end, NULL);
	assert_int_equal(a.family, AF_INET6);
	a = addr_of_end(AF_UNIX, &end, NULL);
	assert_int_equal(a.family, 0);
	addr_put(&b, &a);
	assert_string_equal(buf_cstr(&b), "127.0.0.5310.0.0.5*");
	buf_release(&b);
}

static bool in(const char *net, const char *host)
{
	struct lssock_addr n = addr(net), a = addr(host);

	return addr_in(&n, &a);
}

static void containment(void **state)
{
	struct lssock_addr any = { 0 }, net = addr("10.0.0.0/8");
	struct lssock_addr mapped = { .family = AF_INET6, .prefix = 128 };

	(void)state;
	assert_true(in("10.0.0.0/8", "10.255.255.255"));
	assert_false(in("10.0.0.0/8", "11.0.0.0"));
	assert_true(in("10.0.0.0/8", "10.1.0.0/16"));
	assert_false(in("10.0.0.0/8", "10.0.0.0/7"));
	assert_true(in("192.168.1.128/25", "192.168.1.200"));
	assert_false(in("192.168.1.128/25", "192.168.1.127"));
	assert_true(in("0.0.0.0/0", "1.2.3.4"));
	assert_false(in("0.0.0.0/0", "::1"));
	assert_false(in("::/0", "1.2.3.4"));
	assert_true(in("::/0", "fe80::1"));
	assert_true(in("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(in("2001:db8::/33", "2001:db8:8000::1"));
	assert_true(in("::1", "::1"));
	assert_false(in("::1", "::2"));
	memcpy(mapped.ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\1\1\1", 16);
	assert_true(addr_in(&net, &mapped));
	mapped.ip[12] = 11;
	assert_false(addr_in(&net, &mapped));
	assert_true(addr_in(&any, &mapped));
	assert_false(addr_in(&net, &any));
}

static void classes(void **state)
{
	static const struct { const char *text; enum addr_class class; } t[] = {
		{ "0.0.0.0", ADDR_ANY }, { "::", ADDR_ANY }, { "::ffff:0.0.0.0", ADDR_ANY },
		{ "127.0.0.1", ADDR_LOOPBACK }, { "127.255.0.9", ADDR_LOOPBACK },
		{ "::1", ADDR_LOOPBACK }, { "::ffff:127.0.0.1", ADDR_LOOPBACK },
		{ "64:ff9b::127.0.0.1", ADDR_LOOPBACK }, { "::2", ADDR_GLOBAL },
		{ "169.254.1.1", ADDR_LINK }, { "169.253.1.1", ADDR_GLOBAL },
		{ "fe80::1", ADDR_LINK }, { "febf::1", ADDR_LINK },
		{ "10.0.0.1", ADDR_PRIVATE }, { "172.16.0.1", ADDR_PRIVATE },
		{ "172.31.255.255", ADDR_PRIVATE }, { "172.32.0.0", ADDR_GLOBAL },
		{ "172.15.255.255", ADDR_GLOBAL }, { "192.168.0.1", ADDR_PRIVATE },
		{ "192.169.0.1", ADDR_GLOBAL }, { "100.64.0.1", ADDR_PRIVATE },
		{ "100.127.255.255", ADDR_PRIVATE }, { "100.128.0.0", ADDR_GLOBAL },
		{ "fc00::1", ADDR_PRIVATE }, { "fdff::1", ADDR_PRIVATE },
		{ "fec0::1", ADDR_PRIVATE },
		{ "fbff::1", ADDR_GLOBAL }, { "64:ff9b::10.0.0.1", ADDR_PRIVATE },
		{ "64:ff9b::8.8.8.8", ADDR_GLOBAL }, { "224.0.0.251", ADDR_MULTICAST },
		{ "239.1.1.1", ADDR_MULTICAST }, { "255.255.255.255", ADDR_MULTICAST },
		{ "240.0.0.1", ADDR_GLOBAL }, { "ff02::fb", ADDR_MULTICAST },
		{ "8.8.8.8", ADDR_GLOBAL }, { "2001:db8::1", ADDR_GLOBAL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct lssock_addr a = addr(t[i].text);

		if (addr_class(&a) != t[i].class)
			fail_msg("%s: class %d", t[i].text, addr_class(&a));
		assert_int_equal(addr_is_any(&a), t[i].class == ADDR_ANY);
	}
}

static void order(void **state)
{
	static const char *const sorted[] = {
		"0.0.0.0/0", "9.255.0.0", "10.0.0.0/8", "10.0.0.0", "10.0.0.1", "192.168.0.0",
		"::", "::1", "2001:db8::/32", "2001:db8::", "ff02::1",
	};
	size_t n = sizeof(sorted) / sizeof(*sorted);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < n; k++) {
			struct lssock_addr a = addr(sorted[i]), b = addr(sorted[k]);
			int r = addr_compare(&a, &b);

			assert_int_equal((r > 0) - (r < 0), (i > k) - (i < k));
		}
	}
}

static void test_octets(void **state)
{
	struct lssock_addr a = { .family = AF_INET, .prefix = 32 };
	char want[INET_ADDRSTRLEN];
	struct buf b = { 0 };
	unsigned i;

	(void)state;
	for (i = 0; i < 256; i++) {
		a.ip[0] = a.ip[3] = (uint8_t)i;
		a.ip[1] = (uint8_t)(255 - i);
		buf_reset(&b);
		addr_put(&b, &a);
		assert_string_equal(buf_cstr(&b), inet_ntop(AF_INET, a.ip, want, sizeof(want)));
	}
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_octets),
		cmocka_unit_test(reads_and_writes),
		cmocka_unit_test(refuses),
		cmocka_unit_test(as_the_library),
		cmocka_unit_test(of_an_end),
		cmocka_unit_test(containment),
		cmocka_unit_test(classes),
		cmocka_unit_test(order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
