/* SPDX-License-Identifier: MIT */
/* The sentence about each kind of socket, and that every one has one. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "watched.h"

#define NONE UINT32_MAX

/* A row in the making: what a test does not set is that of a healthy connection. */
struct made {
	struct lssock_sock k;
	struct tcp info;
	struct lssock_track t;
	uint32_t drops;
	bool no_info, watched;
	const char *comm;
};

static struct made made(uint8_t proto, uint8_t state)
{
	return (struct made){ .k = watched_sock(proto, state), .info = tcp_well(), .drops = NONE,
			      .t = { .first_ns = NOW - 100 * SEC } };
}

static void says(const struct made *m, const char *want)
{
	struct lssock_snap *s = watched_new();
	bool info = m->k.proto == LSSOCK_TCP && !m->no_info;
	uint32_t row = watched_add(s, &m->k, info ? &m->info : NULL, m->drops,
				   m->watched ? &m->t : NULL);
	struct lssock_value v;
	char text[300];

	if (m->comm)
		watched_own(s, row, m->comm, 0);
	assert_int_equal(snap_seal(s), 0);
	lssock_get(s, row, 0, (uint32_t)lssock_field_find("verdict"), &v);
	lssock_value_text(&v, text, sizeof(text));
	assert_string_equal(text, want);
	lssock_snap_free(s);
}

/* ---- connections ---------------------------------------------------------------- */

static void test_healthy(void **state)
{
	struct made m = made(LSSOCK_TCP, LSSOCK_ESTABLISHED);

	(void)state;
	m.comm = "nginx";
	says(&m, "healthy; mostly waiting for the application (nginx) to send more");
	tcp_set(&m.info, INFO_RECEIVED, 8, 5000);
	says(&m, "healthy; mostly waiting for the other end to send more");
	m.watched = true;
	m.t.flags = LSSOCK_T_RATES;
	m.t.rx = 2200000;
	says(&m, "healthy; receives 2.2M/s, and the application (nginx) keeps up with it");
	m.t.rx = 0;
	m.k.wqueue = 17000;
	says(&m, "healthy; sends as fast as the network allows, 17K are on their way or wait");
	tcp_set(&m.info, INFO_APP_LIMITED, 1, 1);
	says(&m, "healthy; sends as fast as the application (nginx) writes");
}

static void test_idle(void **state)
{
	struct made m = made(LSSOCK_TCP, LSSOCK_ESTABLISHED);

	(void)state;
	tcp_set(&m.info, INFO_LAST_SENT, 4, 12000);
	tcp_set(&m.info, INFO_LAST_RECV, 4, 13000);
	says(&m, "healthy; idle for 12s, nothing is left to send or to read");
	tcp_set(&m.info, INFO_LAST_SENT, 4, 11520000);
	tcp_set(&m.info, INFO_LAST_RECV, 4, 11520000);
	m.k.flags |= 2;			/* keepalive */
	says(&m, "healthy; idle for 3h12m, nothing is left to send or to read");
	m.k.flags &= (uint16_t)~LSSOCK_F_TIMER;
	says(&m, "idle for 3h12m without keepalive: nobody would notice if the other end "
		 "were gone");
}

static void test_held_up(void **state)
{
	struct made m = made(LSSOCK_TCP, LSSOCK_ESTABLISHED);

	(void)state;
	m.k.wqueue = 3800000;
	tcp_set(&m.info, INFO_BUSY, 8, 100000000);
	tcp_set(&m.info, INFO_RWND_LIMITED, 8, 62000000);
	tcp_set(&m.info, INFO_SNDBUF_LIMITED, 8, 10000000);
	says(&m, "held up by the receive window of the other end for 62% of the time it had "
		 "to send");
	m.watched = true;		/* over its whole life the program was slower */
	m.t.first_ns = NOW - 400 * SEC;
	says(&m, "healthy; sends as fast as the network allows, 3.8M are on their way or wait");
	m.t.first_ns = NOW - 124 * SEC;
	says(&m, "held up by the receive window of the other end for 50% of its time");
	m.watched = false;
	tcp_set(&m.info, INFO_RWND_LIMITED, 8, 0);
	tcp_set(&m.info, INFO_SNDBUF_LIMITED, 8, 30000000);
	says(&m, "held up by our send buffer for 30% of the time it had to send");
	tcp_set(&m.info, INFO_SND_WND, 4, 0);
	tcp_set(&m.info, INFO_NOTSENT, 4, 3800000);
	says(&m, "the other end does not read: its window is closed, 3.8M wait to be sent");
	m.info.len = 232 - 4;		/* an older kernel: the probe tells */
	says(&m, "held up by our send buffer for 30% of the time it had to send");
	m.k.flags |= 4;
	m.k.retrans = 2;
	says(&m, "the other end does not read: its window is closed, 3.8M wait to be sent");
}

static void test_loss(void **state)
{
	struct made m = made(LSSOCK_TCP, LSSOCK_ESTABLISHED);

	(void)state;
	m.watched = true;
	m.t.retrans_ns = NOW - 4 * SEC;
	m.t.retrans = 3;
	says(&m, "segments were retransmitted 4s ago, 3 in all");
	m.k.wqueue = 17000;
	m.t.stuck_ns = NOW - 42 * SEC;
	says(&m, "the other end has acked nothing of 17K for 42s");
	tcp_set(&m.info, INFO_RETRANS, 4, 2);
	says(&m, "retransmitting: 2 segments are on their way again");
	tcp_set(&m.info, INFO_LOST, 4, 1);
	says(&m, "retransmitting: 1 segment is taken for lost");
	tcp_set(&m.info, INFO_RETRANSMITS, 1, 4);
	tcp_set(&m.info, INFO_LAST_ACK, 4, 12000);
	says(&m, "retransmitting: 4 timeouts in a row, the last ack came 12s ago");
}

static void test_unread(void **state)
{
	struct made m = made(LSSOCK_TCP, LSSOCK_ESTABLISHED);

	(void)state;
	m.comm = "nginx";
	m.k.rqueue = 4200;
	tcp_set(&m.info, INFO_LAST_RECV, 4, 12000);
	says(&m, "the application (nginx) has not read 4.2K; the last of it came 12s ago");
	m.k.why = LSSOCK_WHY_ACCEPT_QUEUE;
	m.comm = NULL;
	says(&m, "connected, and waits to be accepted by the application; 4.2K have come "
		 "already");
}

static void test_closing(void **state)
{
	struct made m = made(LSSOCK_TCP, LSSOCK_CLOSE_WAIT);

	(void)state;
	m.comm = "java";
	m.k.rqueue = 1;			/* the FIN */
	tcp_set(&m.info, INFO_LAST_ACK, 4, 9600000);
	says(&m, "the other end has closed; the application (java) has not closed it for at "
		 "least 2h40m");
	m.watched = true;
	m.t.changed_ns = NOW - 90 * SEC;
	m.k.rqueue = 4201;
	says(&m, "the other end has closed; 4.2K of what it sent is unread, and the application "
		 "(java) has not closed it for 1m30s");
	m.k.rqueue = 2;
	says(&m, "the other end has closed; 1 byte of what it sent is unread, and the "
		 "application (java) has not closed it for 1m30s");
	m.t.changed_ns = NOW;
	m.k.rqueue = 1;
	says(&m, "the other end has closed; the application (java) has not closed it yet");
	m = made(LSSOCK_TCP, LSSOCK_FIN_WAIT2);
	says(&m, "closed here for sending; the other end has not closed");
	m.no_info = true;
	m.k.flags |= 3;
	m.k.expires_ms = 19000;
	says(&m, "closed here; the kernel waits for the other end to close for another 19s");
	m.k.state = LSSOCK_TIME_WAIT;
	says(&m, "closed; the kernel remembers it for another 19s");
	m = made(LSSOCK_TCP, LSSOCK_LAST_ACK);
	says(&m, "both ends have closed; the last ack has not come");
}

static void test_opening(void **state)
{
	struct made m = made(LSSOCK_TCP, LSSOCK_SYN_SENT);

	(void)state;
	m.k.retrans = 1;
	says(&m, "no answer from the other end yet; asked again 1 time");
	m.watched = true;
	m.t.first_ns = NOW - 12 * SEC;
	m.k.retrans = 3;
	says(&m, "no answer from the other end for 12s; asked again 3 times");
	m = made(LSSOCK_TCP, LSSOCK_SYN_RECV);
	says(&m, "asked to connect; the end of the handshake has not come");
}

static void test_closed(void **state)
{
	struct made m = made(LSSOCK_TCP, LSSOCK_ESTABLISHED);

	(void)state;
	m.watched = true;
	m.t.gone_ns = m.t.first_ns + 31 * SEC;
	m.t.retrans = 2;
	says(&m, "closed after 31s; 2 segments were retransmitted");
	m.t.flags = LSSOCK_T_OLDER | LSSOCK_T_SUCCEEDED;
	m.t.retrans = 0;
	says(&m, "closed after more than 31s; the kernel remembers the connection "
		 "(time-wait)");
	m.t.first_ns = 0;
	m.t.flags = LSSOCK_T_UNSEEN;
	says(&m, "closed, before any round had seen it");
}

/* ---- others -------------------------------------------------------------------------- */

static void test_listening(void **state)
{
	struct made m = made(LSSOCK_TCP, LSSOCK_LISTEN);

	(void)state;
	m.k.wqueue = 128;
	says(&m, "listening; nobody waits to be accepted");
	m.k.rqueue = 3;
	says(&m, "listening; 3 of 128 wait to be accepted");
	m.k.flags &= (uint16_t)~LSSOCK_F_LIMIT;
	says(&m, "listening; 3 wait to be accepted");
	m.k.flags &= (uint16_t)~LSSOCK_F_QUEUES;
	says(&m, "listening");
	m.k.flags |= LSSOCK_F_LIMIT | LSSOCK_F_QUEUES;
	m.k.rqueue = 129;
	m.comm = "node";
	says(&m, "the accept queue is full (129 of 128): the application (node) does not "
		 "accept them as fast as they come");
	m.k.rqueue = 0;
	m.watched = true;
	m.t.drops_ns = NOW - SEC;
	m.drops = 7;
	says(&m, "listening; nobody waits to be accepted; drops connections, so far 7 packets");
}

static void test_datagrams(void **state)
{
	struct made m = made(LSSOCK_UDP, LSSOCK_UNCONNECTED);

	(void)state;
	says(&m, "takes packets of anybody (the kernel counts no bytes)");
	m.drops = 0;
	says(&m, "takes packets of anybody (the kernel counts no bytes); no packet was dropped");
	m.k.rqueue = 832;
	m.k.state = LSSOCK_ESTABLISHED;
	m.drops = 1;
	says(&m, "exchanges packets with one other end (the kernel counts no bytes); 832 bytes of "
		 "memory are unread; has dropped 1 packet");
	m.watched = true;
	m.t.drops_ns = NOW - SEC;
	m.k.rqueue = 0;
	m.drops = 9;
	says(&m, "exchanges packets with one other end (the kernel counts no bytes); drops "
		 "packets, so far 9 packets");
}

static void test_little_known(void **state)
{
	struct made m = made(LSSOCK_TCP, LSSOCK_ESTABLISHED);

	(void)state;
	m.no_info = true;
	says(&m, "connected; nothing waits to be read or sent");
	m.k.rqueue = 5;
	m.k.wqueue = 1700;
	says(&m, "connected; 5 bytes unread; 1.7K not taken by the other end yet");
	m.k.flags &= (uint16_t)~LSSOCK_F_QUEUES;
	says(&m, "connected");
	m = made(LSSOCK_TCP, LSSOCK_CLOSE_WAIT);
	m.no_info = true;
	says(&m, "the other end has closed; the application has not closed it yet");
	m = made(LSSOCK_UNIX, LSSOCK_UNCONNECTED);
	says(&m, "neither listening nor connected");
	m = made(LSSOCK_OTHER, LSSOCK_STATE_NONE);
	says(&m, "in no table of the kernel; only a descriptor shows it");
}

/* Whatever a row says, there is a sentence that fits into a value. */
static void test_every_row(void **state)
{
	const uint16_t flags[] = { LSSOCK_F_STATE, LSSOCK_F_STATE | LSSOCK_F_QUEUES | 4 };
	unsigned proto, st, i, filled;

	(void)state;
	for (proto = 1; proto < LSSOCK_N_PROTO; proto++)
		for (st = 0; st < LSSOCK_N_STATE; st++)
			for (i = 0; i < 8; i++) {
				struct made m = made((uint8_t)proto, (uint8_t)st);
				struct lssock_snap *s = watched_new();
				struct buf b = { 0 };
				uint32_t row;

				for (filled = 0; filled < sizeof(m.info.b); filled++)
					m.info.b[filled] = i & 1 ? 0xff : 0;
				m.k.flags = flags[i >> 1 & 1];
				m.k.rqueue = m.k.wqueue = i & 1 ? UINT32_MAX : 0;
				m.k.expires_ms = UINT32_MAX;
				m.k.retrans = 255;
				m.t.drops_ns = m.t.retrans_ns = m.t.stuck_ns = i & 1 ? NOW : 1;
				row = watched_add(s, &m.k, &m.info, i & 1 ? UINT32_MAX - 1 : 0,
						  i & 4 ? &m.t : NULL);
				watched_own(s, row, "fifteen-letters", 0);
				verdict_put(s, row, &b);
				assert_true(b.len > 5 && !b.failed);
				assert_true(b.len <= sizeof(((struct lssock_value *)0)->tmp));
				buf_release(&b);
				lssock_snap_free(s);
			}
}

static void limits_are(const struct made *m, const char *want)
{
	struct lssock_snap *s = watched_new();
	uint32_t row = watched_add(s, &m->k, &m->info, NONE, m->watched ? &m->t : NULL);
	struct lssock_value v;
	char text[300];

	lssock_get(s, row, 0, (uint32_t)lssock_field_find("limits"), &v);
	lssock_value_text(&v, text, sizeof(text));
	assert_string_equal(text, want);
	lssock_snap_free(s);
}

static void test_limits(void **state)
{
	struct made m = made(LSSOCK_TCP, LSSOCK_ESTABLISHED);

	(void)state;
	limits_are(&m, "-");		/* nothing was ever to be sent */
	tcp_set(&m.info, INFO_BUSY, 8, 29000000);
	tcp_set(&m.info, INFO_RWND_LIMITED, 8, 22000000);
	tcp_set(&m.info, INFO_SNDBUF_LIMITED, 8, 7000000);
	limits_are(&m, "receiver window 76%, our send buffer 24% of the time it had to send");
	m.watched = true;
	limits_are(&m, "app 71%, receiver window 22%, our send buffer 7%");
	m.t.flags = LSSOCK_T_OLDER;
	limits_are(&m, "receiver window 76%, our send buffer 24% of the time it had to send");
	tcp_set(&m.info, INFO_RWND_LIMITED, 8, 30000000);	/* no sense in it */
	limits_are(&m, "-");
	m.info.len = 168;
	limits_are(&m, "?");
	m.k.state = LSSOCK_LISTEN;
	limits_are(&m, "-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_healthy), cmocka_unit_test(test_idle),
		cmocka_unit_test(test_held_up), cmocka_unit_test(test_loss),
		cmocka_unit_test(test_unread), cmocka_unit_test(test_closing),
		cmocka_unit_test(test_opening), cmocka_unit_test(test_closed),
		cmocka_unit_test(test_listening), cmocka_unit_test(test_datagrams),
		cmocka_unit_test(test_little_known), cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
