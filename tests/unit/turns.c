/* SPDX-License-Identifier: MIT */
/*
 * What happens to a socket while it is watched: that it is told once, with its numbers,
 * of those it happens to alone, and in as much room as before.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/sock_diag.h>

#include "engine/engine.h"
#include "live/turns.h"
#include "live/ui.h"
#include "unit/watched.h"

#define K (LSSOCK_T_RATES | LSSOCK_T_COUNTED)
#define P(problem) (1u << LSSOCK_PROBLEM_##problem)

static struct ring ring;

/* The next second of a row that is like this. */
static void second(const struct lssock_sock *k, const struct lssock_track *t,
		   const struct tcp *info)
{
	static uint64_t now = NOW;
	struct lssock_snap *s = watched_new();
	struct lssock_track track = *t;
	struct turns frame = { .seconds = 1 };
	uint32_t row;

	now = ring.n_events || ring.last_ns ? now + SEC : NOW;
	ring.last_ns = frame.time_ns = s->meta.now_ns = now;
	if (track.first_ns == NOW)
		track.first_ns = now;
	if (track.changed_ns == NOW)
		track.changed_ns = now;
	row = watched_add(s, k, info, UINT32_MAX, &track);
	turns_add(&ring, s, row, &frame);
	lssock_snap_free(s);
}

static int setup(void **state)
{
	(void)state;
	ring = (struct ring){ .key = 1 };
	return 0;
}

/* The i-th event; a negative one counts from the last. */
static struct hist_event event(int i)
{
	return ring.events[(uint32_t)(i < 0 ? (int)ring.n_events + i : i) % HIST_EVENTS];
}

static void is(int i, unsigned kind, unsigned n)
{
	assert_true(ring.n_events > (uint32_t)(i < 0 ? -i - 1 : i));
	assert_int_equal(event(i).kind, kind);
	assert_int_equal(event(i).n, n);
}

/* ---- numbers --------------------------------------------------------------------- */

static void test_counts(void **state)
{
	struct lssock_sock k = watched_sock(LSSOCK_TCP, LSSOCK_ESTABLISHED);
	struct lssock_track t = { .rose = 3 }, calm = { .rose = 0 };
	uint64_t began;
	int i;

	(void)state;
	second(&k, &t, NULL);
	is(0, HIST_RETRANS, 3);
	assert_int_equal(event(0).tenths, 10);
	began = event(0).time_ns;
	/* again soon: more of the same */
	second(&k, &calm, NULL);
	second(&k, &t, NULL);
	assert_int_equal(ring.n_events, 1);
	is(0, HIST_RETRANS, 6);
	assert_int_equal(event(0).tenths, 30);
	assert_int_equal(event(0).time_ns, began + 2 * SEC);
	/* and later once more */
	for (i = 0; i < 10; i++)
		second(&k, &calm, NULL);
	t.rose = UINT16_MAX;
	second(&k, &t, NULL);
	second(&k, &t, NULL);
	assert_int_equal(ring.n_events, 2);
	is(1, HIST_RETRANS, UINT16_MAX);
	/* what retransmits nothing drops */
	k = watched_sock(LSSOCK_UDP, LSSOCK_UNCONNECTED);
	t.rose = 5;
	second(&k, &t, NULL);
	is(2, HIST_DROPS, 5);
	k = watched_sock(LSSOCK_TCP, LSSOCK_LISTEN);
	k.wqueue = 10;
	second(&k, &t, NULL);
	is(2, HIST_DROPS, 10);
}

/* ---- rates ------------------------------------------------------------------------ */

static void rates(float v, float average)
{
	const struct lssock_sock k = watched_sock(LSSOCK_TCP, LSSOCK_ESTABLISHED);
	const struct lssock_track t = { .flags = K, .rx = v / 2, .tx = v / 2,
					.rx_avg = average, .tx_avg = 0 };

	second(&k, &t, NULL);
}

static void test_rates(void **state)
{
	(void)state;
	rates(1e6f, 1e6f);
	rates(2.9e6f, 1e6f);
	rates(9000, 1000);		/* noise */
	rates(0, 9000);
	assert_int_equal(ring.n_events, 0);
	rates(3e6f, 1e6f);
	is(0, HIST_RATE_UP, 3);
	/* not again, whatever it does, until it was near */
	rates(9e6f, 2e6f);
	rates(0, 2e6f);
	rates(9e6f, 2e6f);
	assert_int_equal(ring.n_events, 1);
	rates(3e6f, 2.5e6f);
	rates(5e5f, 2.6e6f);
	is(1, HIST_RATE_DOWN, 5);
	rates(0, 2e6f);
	rates(0, 9000);			/* at rest is near, too */
	assert_int_equal(ring.n_events, 2);
	rates(1e6f, 1e5f);
	is(2, HIST_RATE_UP, 10);
	rates(1e6f, 9e5f);
	rates(0, 9e5f);
	is(3, HIST_RATE_DOWN, 0);
}

/* One that was not counted in this round has no rate. */
static void test_no_rates(void **state)
{
	const struct lssock_sock k = watched_sock(LSSOCK_TCP, LSSOCK_ESTABLISHED);
	const struct lssock_track t = { .rx = 9e6f, .rx_avg = 1e6f };

	(void)state;
	second(&k, &t, NULL);
	assert_int_equal(ring.n_events, 0);
}

/* ---- problems --------------------------------------------------------------------- */

static void queue(uint32_t n, uint64_t first_ns)
{
	struct lssock_sock k = watched_sock(LSSOCK_TCP, LSSOCK_LISTEN);
	struct lssock_track t = { .problems = P(BACKLOG), .first_ns = first_ns };

	k.rqueue = n;
	k.wqueue = 10;
	t.had = t.problems >> 1;
	second(&k, &t, NULL);
}

static void test_queue(void **state)
{
	(void)state;
	queue(10, 5);
	assert_int_equal(ring.n_events, 0);
	queue(11, 5);
	queue(11, 5);
	assert_int_equal(ring.n_events, 1);
	is(0, HIST_FULL, 0);
	queue(3, 5);			/* its drops are still a problem */
	is(1, HIST_NOT_FULL, 0);
	/* full when it is seen first: nobody knows since when */
	setup(NULL);
	queue(11, NOW);
	assert_int_equal(ring.n_events, 0);
	queue(0, 5);
	is(0, HIST_NOT_FULL, 0);
}

static void problem(unsigned had, unsigned has, const struct tcp *info)
{
	const struct lssock_sock k = watched_sock(LSSOCK_TCP, LSSOCK_ESTABLISHED);
	const struct lssock_track t = { .had = (uint8_t)(had >> 1), .first_ns = 5,
					.problems = (uint16_t)has };

	second(&k, &t, info);
}

static void test_problems(void **state)
{
	struct lssock_sock k = watched_sock(LSSOCK_TCP, LSSOCK_ESTABLISHED);
	struct lssock_track t = { .problems = P(DELETED), .first_ns = NOW };
	struct tcp info = tcp_well();

	(void)state;
	problem(0, P(STUCK), &info);
	is(0, HIST_BEGINS, 0);
	assert_int_equal(event(0).problem, LSSOCK_PROBLEM_STUCK);
	problem(P(STUCK), P(STUCK), &info);
	assert_int_equal(ring.n_events, 1);
	problem(P(STUCK), 0, &info);
	is(1, HIST_ENDS, 0);
	tcp_set(&info, INFO_SND_WND, 4, 0);
	problem(0, P(STUCK), &info);
	is(2, HIST_BEGINS, 1);
	problem(0, P(STUCK), NULL);
	is(3, HIST_BEGINS, 0);
	/* told by numbers when it begins */
	problem(P(STUCK), P(STUCK) | P(RETRANS), NULL);
	assert_int_equal(ring.n_events, 4);
	problem(P(RETRANS), 0, NULL);
	is(4, HIST_ENDS, 0);
	assert_int_equal(event(4).problem, LSSOCK_PROBLEM_RETRANS);
	/* a change of state says that one ends; at first sight none begins */
	problem(0, P(CLOSE_WAIT), NULL);
	is(5, HIST_BEGINS, 0);
	t = (struct lssock_track){ .had = P(CLOSE_WAIT) >> 1, .changed_ns = NOW, .first_ns = 5 };
	second(&k, &t, NULL);
	t = (struct lssock_track){ .problems = P(DELETED), .first_ns = NOW };
	second(&k, &t, NULL);
	assert_int_equal(ring.n_events, 6);
	problem(0, P(SYN_SENT) | P(PORTS) | P(DELETED), NULL);
	assert_int_equal(ring.n_events, 9);
}

/* ---- where the numbers come from ----------------------------------------------------- */

static struct lssock_snap *round_of(uint32_t retrans, uint32_t drops, uint32_t listen_drops,
				    uint16_t problems)
{
	struct lssock_snap *s = watched_new();
	struct lssock_sock k = watched_sock(LSSOCK_TCP, LSSOCK_ESTABLISHED);
	struct tcp info = tcp_well();
	uint32_t i;

	tcp_set(&info, (enum tcp_info_at)100, 4, retrans);
	watched_add(s, &k, &info, drops, NULL);
	k = watched_sock(LSSOCK_TCP, LSSOCK_LISTEN);
	watched_add(s, &k, NULL, listen_drops, NULL);
	for (i = 0; problems && i < 2; i++)
		*vec_push(&s->tracks) = (struct lssock_track){ .problems = problems,
			.retrans = i ? 0 : retrans, .drops = i ? listen_drops : drops };
	return s;
}

static void test_track(void **state)
{
	uint32_t rows[2] = { 0, 1 };
	struct lssock_snap *prev = round_of(4, 7, 100, P(STUCK) | P(DELETED));
	struct collect c = { .prev = prev, .s = round_of(9, 70, 90100, 0),
			     .carry = { .rows = rows, .n_rows = 2 } };
	const struct lssock_track *t;

	(void)state;
	assert_int_equal(track_rows(&c, 0), 0);
	t = c.s->tracks.v;
	assert_int_equal(t[0].rose, 5);	/* a connection's drops are no loss */
	assert_int_equal(t[1].rose, UINT16_MAX);
	assert_int_equal(t[0].had, (P(STUCK) | P(DELETED)) >> 1);
	assert_int_equal(t[0].problems, 0);
	lssock_snap_free(c.s);
	/* nothing more, or a counter that began again */
	c.s = round_of(4, 7, 3, 0);
	assert_int_equal(track_rows(&c, 0), 0);
	assert_int_equal(c.s->tracks.v[0].rose, 0);
	assert_int_equal(c.s->tracks.v[1].rose, 0);
	lssock_snap_free(c.s);
	lssock_snap_free(prev);
}

/* ---- which of many ------------------------------------------------------------------- */

static struct lssock_snap *many(uint32_t n, const struct lssock_track *t)
{
	struct lssock_snap *s = watched_new();
	uint32_t i;

	for (i = 0; i < n; i++) {
		struct lssock_sock k = watched_sock(LSSOCK_TCP, LSSOCK_ESTABLISHED);
		struct lssock_track one = *t;

		one.id = k.cookie;
		watched_add(s, &k, NULL, UINT32_MAX, &one);
	}
	return s;
}

static uint32_t rings_of(uint32_t n, const struct lssock_track *t)
{
	struct lssock_snap *s = many(n, t);
	struct ui ui = { .interval_us = 1000000 };
	uint32_t ret;

	ui_count(&ui, s, NULL);
	ret = ui.hist.n;
	assert_true(ui.hist.failed <= HIST_RINGS / 64);
	hist_release(&ui.hist);
	lssock_snap_free(s);
	return ret - 1;			/* the header's */
}

static void test_many(void **state)
{
	const struct lssock_track idle = { .flags = K, .first_ns = 5 };
	const struct lssock_track waits = { .flags = K, .first_ns = 5, .problems = P(CLOSE_WAIT),
					    .had = P(CLOSE_WAIT) >> 1 };
	const struct lssock_track begins = { .flags = K, .first_ns = 5,
					     .problems = P(CLOSE_WAIT) };
	const struct lssock_track again = { .flags = K, .first_ns = 5, .rose = 1 };
	const struct lssock_track slows = { .flags = K, .first_ns = 5, .rx_avg = 20000 };
	const struct lssock_track slowed = { .flags = K, .first_ns = 5, .rx_avg = 9000 };

	(void)state;
	assert_int_equal(rings_of(500, &idle), 0);
	assert_int_equal(rings_of(500, &waits), 0);
	assert_int_equal(rings_of(500, &slowed), 0);
	assert_int_equal(rings_of(20, &begins), 20);
	assert_int_equal(rings_of(20, &again), 20);
	assert_int_equal(rings_of(20, &slows), 20);
	assert_int_equal(rings_of(5000, &begins), HIST_RINGS - 1);
	/* the budget: 2 MB and a bit */
	assert_true(sizeof(struct hist_event) == 16);
	assert_true(sizeof(struct ring) <= 1128);
	assert_true(sizeof(struct lssock_track) <= 128);
}

#define T(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_counts), T(test_rates), T(test_no_rates), T(test_queue),
		T(test_problems), T(test_track), T(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
