/* SPDX-License-Identifier: MIT */
/* The names that the screen remembers, and lookups that never end. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "live/hosts.h"

#define SECOND 1000000000ull

/* 10.0.x.y is hostY, but for y of 0; what begins with 9 hangs until the pipe's end. */
static int hang[2];
static atomic_uint asked;

static int look(const struct lssock_addr *a, char *buf, size_t size)
{
	char c;

	atomic_fetch_add(&asked, 1);
	if (a->ip[0] == 9) {
		while (read(hang[0], &c, 1) < 0 && errno == EINTR)
			;
		return -ENOENT;
	}
	if (!a->ip[3])
		return -ENOENT;
	return snprintf(buf, size, "host%u", a->ip[3]);
}

static struct lssock_addr addr(uint8_t first, uint8_t third, uint8_t last)
{
	return (struct lssock_addr){ .family = AF_INET, .prefix = 32,
				     .ip = { first, 0, third, last } };
}

/* Until so many were asked and have come. */
static void wait_for(struct hosts *h, unsigned n, uint64_t now)
{
	struct pollfd p = { .fd = hosts_fd(h), .events = POLLIN };

	while (atomic_load(&asked) < n)
		poll(NULL, 0, 1);
	assert_int_equal(poll(&p, 1, 10000), 1);
	hosts_take(h, now);
}

static void found_and_missed(void **state)
{
	struct hosts *h = hosts_new(look);
	struct lssock_addr one = addr(10, 0, 1), none = addr(10, 0, 0);
	struct lssock_addr any = { .family = AF_INET }, every = { .family = 0 };
	unsigned n;

	(void)state;
	atomic_store(&asked, 0);
	assert_null(hosts_name(h, &one));
	hosts_want(h, &any, SECOND);
	hosts_want(h, &every, SECOND);
	hosts_want(h, &one, SECOND);
	hosts_want(h, &one, SECOND);
	while (!hosts_name(h, &one))
		wait_for(h, 1, SECOND);
	assert_string_equal(hosts_name(h, &one), "host1");
	assert_int_equal(atomic_load(&asked), 1);
	hosts_want(h, &none, SECOND);
	wait_for(h, 2, SECOND);
	for (n = 0; n < 50; n++) {		/* it is remembered that there is none */
		hosts_want(h, &none, 60 * SECOND);
		hosts_want(h, &one, 60 * SECOND);
	}
	assert_int_equal(atomic_load(&asked), 2);
	hosts_want(h, &none, 62 * SECOND);
	wait_for(h, 3, 62 * SECOND);
	assert_null(hosts_name(h, &none));
	assert_string_equal(hosts_name(h, &one), "host1");
	hosts_want(h, &one, 602 * SECOND);	/* old: asked again, and shown meanwhile */
	assert_string_equal(hosts_name(h, &one), "host1");
	wait_for(h, 4, 602 * SECOND);
	hosts_free(h);
}

/* All threads hang: after a while others come to the next ones. */
static void what_hangs_is_left_behind(void **state)
{
	struct hosts *h = hosts_new(look);
	struct lssock_addr one = addr(10, 0, 1), a;
	uint8_t i;

	(void)state;
	atomic_store(&asked, 0);
	for (i = 0; i < 10; i++) {
		a = addr(9, 0, i);
		hosts_want(h, &a, SECOND);
	}
	while (atomic_load(&asked) < 8)
		poll(NULL, 0, 1);
	hosts_want(h, &one, 2 * SECOND);	/* no thread is free */
	hosts_take(h, 3 * SECOND);
	hosts_want(h, &one, 3 * SECOND);
	assert_int_equal(atomic_load(&asked), 8);
	hosts_take(h, 4 * SECOND);		/* too late for these */
	hosts_want(h, &one, 4 * SECOND);
	while (!hosts_name(h, &one))
		wait_for(h, 9, 4 * SECOND);
	a = addr(9, 0, 0);
	hosts_want(h, &a, 30 * SECOND);		/* not at once again */
	assert_int_equal(atomic_load(&asked), 9);
	a = addr(9, 0, 9);
	hosts_want(h, &a, 5 * SECOND);
	hosts_free(h);				/* waits for none of them */
}

static void there_is_an_end_of_it(void **state)
{
	struct hosts *h = hosts_new(look);
	struct lssock_addr a;
	unsigned i, n = 0;

	(void)state;
	atomic_store(&asked, 0);
	for (i = 0; i < 5000; i++) {
		a = addr(10, (uint8_t)(i >> 7), (uint8_t)(i % 128 + 1));
		hosts_want(h, &a, SECOND);
		while (!hosts_name(h, &a))
			wait_for(h, i + 1, SECOND);
	}
	for (i = 0; i < 5000; i++) {
		a = addr(10, (uint8_t)(i >> 7), (uint8_t)(i % 128 + 1));
		n += hosts_name(h, &a) != NULL;
	}
	assert_in_range(n, 1, 4096);
	hosts_free(h);
}

static void no_memory(void **state)
{
	struct lssock_addr one = addr(10, 0, 1);
	struct hosts *h;
	uint64_t n, failed;

	(void)state;
	for (n = 1;; n++) {
		failed = mem_failures();
		mem_fail_at(n);
		h = hosts_new(look);
		if (h)
			hosts_want(h, &one, SECOND);
		mem_fail_at(0);
		hosts_free(h);
		if (mem_failures() == failed)
			break;
	}
	assert_true(n > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found_and_missed),
		cmocka_unit_test(what_hangs_is_left_behind),
		cmocka_unit_test(there_is_an_end_of_it),
		cmocka_unit_test(no_memory),
	};
	int r;

	if (pipe(hang) < 0)
		return 1;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	close(hang[1]);
	return r;
}
