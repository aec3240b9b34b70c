/* SPDX-License-Identifier: MIT */
/* Files of socket units: which of them count, and what they listen on. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "wire/records.h"
#include "wire/units.h"

static struct buf files;
static struct lssock_snap *s;
static struct units u;

static void put_file(const char *unit, const char *dropin, const char *text)
{
	struct wire_unit w = { .unit_len = (uint16_t)strlen(unit),
			       .dropin_len = (uint16_t)strlen(dropin),
			       .text_len = (uint32_t)strlen(text) };
	size_t len = sizeof(w) + w.unit_len + w.dropin_len + w.text_len;

	w.len = (uint32_t)((len + 7) & ~(size_t)7);
	buf_put(&files, &w, sizeof(w));
	buf_puts(&files, unit);
	buf_puts(&files, dropin);
	buf_puts(&files, text);
	buf_fill(&files, 0, w.len - len);
}

static int setup(void **state)
{
	(void)state;
	s = snap_new();
	return s ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	buf_release(&files);
	units_release(&u);
	lssock_snap_free(s);
	return 0;
}

static void read_files(void)
{
	assert_int_equal(units_read(&u, s, files.data, files.len), 0);
}

/* The unit of a TCP listener, "" for none, "?" for several. */
static const char *at(int family, const char *ip, uint16_t port)
{
	struct lssock_sock k = { .proto = LSSOCK_TCP, .family = (uint8_t)family, .lport = port,
				 .state = LSSOCK_LISTEN, .flags = LSSOCK_F_STATE };
	static char name[64];
	const char *text;
	uint32_t id;
	size_t len;

	k.cookie = s->socks.n + 1;
	assert_int_equal(inet_pton(family, ip, k.local.ip), 1);
	id = units_find(&u, s, snap_add(s, &k, NULL, 0, NULL));
	if (!id || id == LSSOCK_NONE)
		return id ? "?" : "";
	memset(name, 0, sizeof(name));
	text = strings_get(&s->strings, id, &len);
	memcpy(name, text, len < 63 ? len : 63);
	return name;
}

static void test_addresses(void **state)
{
	(void)state;
	put_file("a.socket", "", "[Socket]\nListenStream=22\nListenStream=127.0.0.1:23\n"
		 "ListenStream=[::1]:24\nListenStream=0\nListenStream=65536\nListenStream=x:25\n"
		 "ListenStream=[::1:26\nListenStream=127.0.0.1:\nListenStream=:27\n"
		 "ListenDatagram=28\nListenStream\n=29\nListenStream=%i30\nListenStream=3%\n");
	read_files();
	assert_int_equal(u.list.n, 4);
	assert_string_equal(at(AF_INET6, "::", 22), "a.socket");
	assert_string_equal(at(AF_INET, "0.0.0.0", 22), "a.socket");
	assert_string_equal(at(AF_INET, "127.0.0.1", 22), "");
	assert_string_equal(at(AF_INET, "127.0.0.1", 23), "a.socket");
	assert_string_equal(at(AF_INET6, "::ffff:127.0.0.1", 23), "a.socket");
	assert_string_equal(at(AF_INET, "0.0.0.0", 23), "");
	assert_string_equal(at(AF_INET6, "::1", 24), "a.socket");
	assert_string_equal(at(AF_INET6, "::", 28), "");
}

static void test_precedence(void **state)
{
	(void)state;
	put_file("a.socket", "", "[Socket]\nListenStream=1\n");
	put_file("a.socket", "10.conf", "[Socket]\nListenStream=2\n");
	put_file("b.socket", "10.conf", "[Socket]\nListenStream=3\n");
	put_file("a.socket", "", "[Socket]\nListenStream=4\n");
	put_file("a.socket", "10.conf", "[Socket]\nListenStream=5\n");
	put_file("a.socket", "05.conf", "[Socket]\nListenFIFO=\nListenStream=6\n");
	put_file("c.socket", "", "");	/* masked */
	put_file("c.socket", "1.conf", "[Socket]\nListenStream=7\n");
	put_file("d.socket", "", "ListenStream=8\n[Service]\nListenStream=9\n"
		 "[Socket]\n;ListenStream=10\nListenStream=11\\\n#ListenStream=12\n");
	read_files();
	assert_string_equal(at(AF_INET6, "::", 1), "");
	assert_string_equal(at(AF_INET6, "::", 2), "a.socket");
	assert_string_equal(at(AF_INET6, "::", 3), "");
	assert_string_equal(at(AF_INET6, "::", 4), "");
	assert_string_equal(at(AF_INET6, "::", 5), "");
	assert_string_equal(at(AF_INET6, "::", 6), "a.socket");
	assert_string_equal(at(AF_INET6, "::", 7), "");
	assert_string_equal(at(AF_INET6, "::", 8), "");
	assert_string_equal(at(AF_INET6, "::", 11), "d.socket");
	assert_int_equal(u.list.n, 3);
}

static void test_several(void **state)
{
	(void)state;
	put_file("a.socket", "", "[Socket]\nListenStream=1\nListenStream=1\n");
	put_file("b.socket", "", "[Socket]\nListenStream=2\n");
	put_file("c.socket", "", "[Socket]\nListenStream=2\n");
	read_files();
	assert_string_equal(at(AF_INET6, "::", 1), "a.socket");
	assert_string_equal(at(AF_INET6, "::", 2), "?");
}

static void test_broken(void **state)
{
	size_t len;

	(void)state;
	put_file("a.socket", "x", "[Socket]\nListenStream=1\n");
	for (len = 1; len < files.len; len++)
		assert_true(units_read(&u, s, files.data, len) < 0);
	memset(files.data + 8, 0xff, 4);	/* a text that is longer than its record */
	assert_true(units_read(&u, s, files.data, files.len) < 0);
	memset(files.data, 0, files.len);	/* of a tape without names */
	assert_true(units_read(&u, s, files.data, files.len) < 0);
	assert_int_equal(units_read(&u, s, NULL, 0), 0);
	assert_int_equal(u.list.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_precedence, setup, teardown),
		cmocka_unit_test_setup_teardown(test_several, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
