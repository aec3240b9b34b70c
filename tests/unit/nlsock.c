/* SPDX-License-Identifier: MIT */
/* The dump loop against the real kernel: it needs no privilege. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "source/parts.h"

#define PAIRS 400		/* more than one chunk of the kernel */

struct request {
	struct nlmsghdr h;
	struct unix_diag_req body;
};
struct seen { unsigned chunks, rows, ends; int error, stop_after; };

static struct request unix_dump(void)
{
	struct request r = {
		.h = { .nlmsg_len = sizeof(r), .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .sdiag_family = AF_UNIX, .udiag_states = ~0u, .udiag_show = UDIAG_SHOW_PEER },
	};

	return r;
}

static int take(void *ctx, const void *bytes, size_t len)
{
	struct seen *s = ctx;
	const struct nlmsghdr *h = bytes;
	int left = (int)len;

	s->chunks++;
	for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR) {
			s->ends++;
			s->error = ((const struct nlmsgerr *)mnl_nlmsg_get_payload(h))->error;
		} else {
			s->rows++;
		}
	}
	return s->stop_after && s->chunks >= (unsigned)s->stop_after ? -ECANCELED : 0;
}

static int make_pairs(void **state)
{
	int *fds = mem_alloc(2 * PAIRS * sizeof(*fds)), i;

	for (i = 0; i < PAIRS; i++)
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds + 2 * i) < 0)
			return -1;
	*state = fds;
	return 0;
}

static int close_pairs(void **state)
{
	int *fds = *state, i;

	for (i = 0; i < 2 * PAIRS; i++)
		close(fds[i]);
	mem_free(fds);
	return 0;
}

static void whole_answer_and_reuse(void **state)
{
	struct request r = unix_dump();
	struct mnl_socket *nl;
	int round;

	(void)state;
	assert_int_equal(nlsock_open(NETLINK_SOCK_DIAG, &nl), 0);
	assert_true(fcntl(mnl_socket_get_fd(nl), F_GETFD) & FD_CLOEXEC);
	for (round = 0; round < 3; round++) {
		struct seen s = { 0 };

		assert_int_equal(nlsock_dump(nl, &r, sizeof(r), NULL, take, &s), 0);
		assert_true(s.rows >= 2 * PAIRS);
		assert_int_equal(s.ends, 1);
		assert_int_equal(s.error, 0);
	}
	mnl_socket_close(nl);
}

static void error_of_kernel_is_handed_on(void **state)
{
	struct request r = unix_dump();
	struct mnl_socket *nl;
	struct seen s = { 0 };

	(void)state;
	r.body.sdiag_family = 255;
	assert_int_equal(nlsock_open(NETLINK_SOCK_DIAG, &nl), 0);
	assert_int_equal(nlsock_dump(nl, &r, sizeof(r), NULL, take, &s), 0);
	assert_int_equal(s.rows, 0);
	assert_int_equal(s.ends, 1);
	assert_int_equal(s.error, -EINVAL);
	mnl_socket_close(nl);
}

/* What is left of an abandoned dump must not pass for the next answer. */
static void abandoned_dump_does_not_leak_into_next(void **state)
{
	struct request r = unix_dump();
	struct mnl_socket *nl;
	struct seen s = { .stop_after = 1 }, second = { 0 };

	(void)state;
	assert_int_equal(nlsock_open(NETLINK_SOCK_DIAG, &nl), 0);
	assert_int_equal(nlsock_dump(nl, &r, sizeof(r), NULL, take, &s), -ECANCELED);
	assert_int_equal(s.ends, 0);
	if (nlsock_dump(nl, &r, sizeof(r), NULL, take, &second) == 0) {
		assert_int_equal(second.ends, 1);	/* the kernel had already made it all */
		assert_true(second.rows >= 2 * PAIRS);
	} else {
		assert_int_equal(second.chunks, 0);
	}
	mnl_socket_close(nl);
}

static void refuses_what_is_no_message(void **state)
{
	struct request r = unix_dump();
	struct mnl_socket *nl;
	struct seen s = { 0 };

	(void)state;
	assert_int_equal(nlsock_open(NETLINK_SOCK_DIAG, &nl), 0);
	assert_int_equal(nlsock_dump(nl, &r, 3, NULL, take, &s), -EINVAL);
	assert_int_equal(nlsock_dump(nl, &r, 1 << 20, NULL, take, &s), -EINVAL);
	mem_fail_at(1);
	assert_int_equal(nlsock_dump(nl, &r, sizeof(r), NULL, take, &s), -ENOMEM);
	mem_fail_at(0);
	assert_int_equal(s.chunks, 0);
	assert_true(nlsock_open(77, &nl) < 0);
	mnl_socket_close(nl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_answer_and_reuse),
		cmocka_unit_test(error_of_kernel_is_handed_on),
		cmocka_unit_test(abandoned_dump_does_not_leak_into_next),
		cmocka_unit_test(refuses_what_is_no_message),
	};

	return cmocka_run_group_tests(tests, make_pairs, close_pairs);
}
