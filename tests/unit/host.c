/* SPDX-License-Identifier: MIT */
/* What may be shown as the name of a host, and the names that a snapshot knows. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>

#include "model/host.h"

#define PLAIN(s) assert_true(host_is_plain(s, sizeof(s) - 1))
#define NOT_PLAIN(s) assert_false(host_is_plain(s, sizeof(s) - 1))

static void plain_names(void **state)
{
	char name[300];

	(void)state;
	PLAIN("localhost");
	PLAIN("a");
	PLAIN("web1.example.net");
	PLAIN("1.example");
	PLAIN("10.0.0.1.example");
	PLAIN("_dmarc.example_x");
	PLAIN("3com");
	PLAIN("cafe");
	PLAIN("0xyz");
	PLAIN("a-b.C-D");
	memset(name, 'a', sizeof(name));
	name[63] = name[127] = name[191] = '.';
	assert_true(host_is_plain(name, 253));
	assert_false(host_is_plain(name, 254));
	assert_false(host_is_plain(name, 300));
	name[63] = 'a';
	assert_false(host_is_plain(name, 64));	/* a label has 63 bytes */
}

static void what_looks_like_a_number(void **state)
{
	(void)state;
	NOT_PLAIN("10.0.0.1");
	NOT_PLAIN("10.0.0.1.");
	NOT_PLAIN("127.1");
	NOT_PLAIN("2130706433");
	NOT_PLAIN("0x7f.1");
	NOT_PLAIN("0x7f000001");
	NOT_PLAIN("1.0x");
	NOT_PLAIN("example.0X1F");
	NOT_PLAIN("example.42");
	NOT_PLAIN("42");
	NOT_PLAIN("_");
	NOT_PLAIN("a.-_");
	NOT_PLAIN("::1");
	NOT_PLAIN("[::1]");
	NOT_PLAIN("fe80::1%eth0");
}

static void hostile_names(void **state)
{
	unsigned c;

	(void)state;
	NOT_PLAIN("");
	NOT_PLAIN(".");
	NOT_PLAIN("..");
	NOT_PLAIN(".a");
	NOT_PLAIN("a.");
	NOT_PLAIN("a..b");
	NOT_PLAIN("-rf");
	NOT_PLAIN("a b");
	NOT_PLAIN("a:22");
	NOT_PLAIN("a(10.0.0.1)");
	NOT_PLAIN("\303\274mlaut.test");
	NOT_PLAIN("a\0b");
	for (c = 0; c < 256; c++) {
		char name[] = { 'a', (char)c, 'b' };
		bool may = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			   (c >= 'A' && c <= 'Z') || strchr("-_.", (int)c);

		assert_int_equal(host_is_plain(name, 3), may && c);
	}
}

static struct lssock_addr v4(uint8_t last)
{
	return (struct lssock_addr){ .family = AF_INET, .prefix = 32, .ip = { 10, 0, 0, last } };
}

static void names_of_a_snapshot(void **state)
{
	struct lssock_snap *s = snap_new();
	struct lssock_addr a = v4(1), b = v4(2), c = v4(3), d = a;
	const char *p;
	size_t len;

	(void)state;
	assert_null(snap_host_name(s, &a, &len));
	snap_host(s, &a, "one.test", 8);
	snap_host(s, &b, "10.0.0.9", 8);	/* a recording may hold anything */
	snap_host(s, &c, NULL, 0);
	snap_host(s, &a, "two.test", 8);	/* the first one stays */
	d.family = AF_INET6;
	p = snap_host_name(s, &a, &len);
	assert_memory_equal(p, "one.test", len);
	assert_int_equal(len, 8);
	assert_null(snap_host_name(s, &b, &len));
	assert_null(snap_host_name(s, &c, &len));
	assert_null(snap_host_name(s, &d, &len));
	snap_service(s, LSSOCK_UDP, 514, "syslog", 6);
	snap_service(s, LSSOCK_TCP, 514, "shell", 5);
	snap_service(s, LSSOCK_TCP, 22, "42", 2);
	snap_service(s, LSSOCK_TCP, 23, "this-name-is-longer-than-any-service", 36);
	snap_services(s);
	snap_user(s, 7, "seven", 5);
	snap_user(s, 3, "three", 5);
	snap_user(s, 5, "", 0);
	assert_int_equal(snap_seal(s), 0);
	p = snap_service_name(s, LSSOCK_TCP, 514, &len);
	assert_memory_equal(p, "shell", 5);
	p = snap_service_name(s, LSSOCK_UDP, 514, &len);
	assert_memory_equal(p, "syslog", 6);
	assert_null(snap_service_name(s, LSSOCK_TCP, 22, &len));
	assert_null(snap_service_name(s, LSSOCK_TCP, 23, &len));
	assert_null(snap_service_name(s, LSSOCK_SCTP, 514, &len));
	assert_memory_equal(lssock_user(s, 3, &len), "three", 5);
	assert_memory_equal(lssock_user(s, 7, &len), "seven", 5);
	assert_null(lssock_user(s, 5, &len));
	p = snap_host_name(s, &a, &len);	/* sealed, they are still there */
	assert_memory_equal(p, "one.test", 8);
	lssock_snap_free(s);
}

static void no_memory(void **state)
{
	struct lssock_addr a = v4(1);
	struct lssock_snap *s;
	uint64_t n;
	size_t len;
	int r = -1;

	(void)state;
	for (n = 1; r < 0; n++) {
		s = snap_new();
		mem_fail_at(n);
		snap_host(s, &a, "one.test", 8);
		snap_service(s, LSSOCK_TCP, 80, "http", 4);
		snap_user(s, 3, "three", 5);
		mem_fail_at(0);
		r = snap_seal(s);
		snap_host_name(s, &a, &len);
		lssock_snap_free(s);
	}
	assert_true(n > 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_names),
		cmocka_unit_test(what_looks_like_a_number),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(names_of_a_snapshot),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
