/* SPDX-License-Identifier: MIT */
/* See turns.h. What a problem is, the engine has found; this tells when it came and went. */
#include "live/turns.h"

#include <string.h>

#define FACTOR 3.0f			/* so far from the average it is told, */
#define NEAR 1.5f			/* and not again until it is so near */
#define BIT(problem) (1u << (problem))
#define DIAG_INFO 2			/* INET_DIAG_INFO */
#define INFO_SND_WND 228		/* offset in struct tcp_info */

static void rose(struct ring *r, const struct lssock_sock *k, const struct lssock_track *t,
		 const struct turns *now)
{
	bool retrans = k->proto == LSSOCK_TCP && k->state != LSSOCK_LISTEN;
	float tenths = now->seconds * 10 + 0.5f;
	const struct hist_event e = {
		.time_ns = now->time_ns, .kind = retrans ? HIST_RETRANS : HIST_DROPS,
		.n = t->rose, .tenths = tenths < UINT16_MAX ? (uint16_t)tenths : 0,
	};

	if (t->rose)
		ring_count(r, &e);
}

static void rate(struct ring *r, const struct lssock_track *t, uint64_t now)
{
	float of_late = t->rx_avg + t->tx_avg, v = t->rx + t->tx;
	float more = v > of_late ? v : of_late, less = v > of_late ? of_late : v;
	struct hist_event e = { .time_ns = now,
				.kind = v > of_late ? HIST_RATE_UP : HIST_RATE_DOWN };

	if (!(t->flags & LSSOCK_T_RATES))
		return;
	if (more < TURNS_RATE || more <= less * NEAR)
		r->turned = false;
	if (r->turned || more < TURNS_RATE || more < less * FACTOR)
		return;
	if (more < less * 1000)
		e.n = (uint16_t)(more / less + 0.5f);
	r->turned = true;
	ring_event(r, &e);
}

/* As the kernel counts: one more than the limit gets in. */
static void queue(struct ring *r, const struct lssock_sock *k, uint64_t now, bool first)
{
	bool full = k->state == LSSOCK_LISTEN && k->flags & LSSOCK_F_QUEUES &&
		    k->flags & LSSOCK_F_LIMIT && k->rqueue > k->wqueue;
	struct hist_event e = { .time_ns = now, .kind = full ? HIST_FULL : HIST_NOT_FULL };

	if (full != r->full && !first)
		ring_event(r, &e);
	r->full = full;
}

static bool is_window_closed(const struct lssock_snap *s, uint32_t row)
{
	size_t len = 0;
	const char *info = lssock_attr(s, row, DIAG_INFO, &len);
	uint32_t window = 1;

	if (info && len >= INFO_SND_WND + sizeof(window))
		memcpy(&window, info + INFO_SND_WND, sizeof(window));
	return !window;
}

/* What begins with a number, or ends with a change of state, is told by that. */
static void problems(struct ring *r, const struct lssock_snap *s, uint32_t row, uint64_t now)
{
	const struct lssock_track *t = lssock_tracks(s, NULL) + row;
	const unsigned begins = BIT(LSSOCK_PROBLEM_CLOSE_WAIT) | BIT(LSSOCK_PROBLEM_STUCK) |
		BIT(LSSOCK_PROBLEM_SYN_SENT) | BIT(LSSOCK_PROBLEM_PORTS) |
		BIT(LSSOCK_PROBLEM_DELETED);
	const unsigned ends = BIT(LSSOCK_PROBLEM_RETRANS) | BIT(LSSOCK_PROBLEM_STUCK) |
		BIT(LSSOCK_PROBLEM_PORTS) | BIT(LSSOCK_PROBLEM_CLOSE_WAIT);
	unsigned had = (unsigned)t->had << 1, has = t->problems, p;
	unsigned told = (has & ~had & begins) |
			(t->changed_ns == now ? 0 : had & ~has & ends);

	for (p = 1; p < LSSOCK_N_PROBLEM; p++) {
		struct hist_event e = { .time_ns = now, .problem = (uint8_t)p,
					.kind = has & BIT(p) ? HIST_BEGINS : HIST_ENDS };

		if (!(told & BIT(p)))
			continue;
		e.n = p == LSSOCK_PROBLEM_STUCK && is_window_closed(s, row);
		ring_event(r, &e);
	}
}

void turns_add(struct ring *r, const struct lssock_snap *s, uint32_t row,
	       const struct turns *now)
{
	const struct lssock_sock *k = lssock_socks(s, NULL) + row;
	const struct lssock_track *t = lssock_tracks(s, NULL) + row;
	bool first = t->first_ns == now->time_ns;	/* nobody knows since when */

	rate(r, t, now->time_ns);
	rose(r, k, t, now);
	queue(r, k, now->time_ns, first);
	if (!first)
		problems(r, s, row, now->time_ns);
}
