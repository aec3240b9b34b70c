/* SPDX-License-Identifier: MIT */
/*
 * What a row was in the round before: since when it is there, how its state and
 * its counters have changed. Closed rows and events are watch.c's business.
 */
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <string.h>

#include "engine/engine.h"
#include "wire/diag.h"

#define AVERAGE_S 10.0f
#define SHORTEST_S 0.25f
_Static_assert(LSSOCK_N_PROBLEM <= 9, "lssock_track.had");
/* Offsets in struct tcp_info (include/uapi/linux/tcp.h). */
#define INFO_RETRANS 100
#define INFO_ACKED 120
#define INFO_RECEIVED 128
#define INFO_DATA_SEGS_IN 152
#define INFO_SENT 200
#define INFO_BYTES_RETRANS 208

static bool word(const void *p, size_t len, size_t at, size_t size, void *ret)
{
	if (!p || at + size > len)
		return false;
	memcpy(ret, (const char *)p + at, size);
	return true;
}

/* What was sent is told without SYN and FIN since Linux 4.19, what was acked counts
 * one for each. What was received counts the FIN, which may have been all. */
static bool count_bytes(const void *info, size_t len, struct lssock_track *t)
{
	uint64_t sent, again;
	uint32_t segs;

	if (!word(info, len, INFO_ACKED, 8, &t->out) ||
	    !word(info, len, INFO_RECEIVED, 8, &t->in))
		return false;
	if (word(info, len, INFO_SENT, 8, &sent) &&
	    word(info, len, INFO_BYTES_RETRANS, 8, &again) && again <= sent)
		t->out = sent - again;
	if (word(info, len, INFO_DATA_SEGS_IN, 4, &segs) && !segs)
		t->in = 0;
	return true;
}

bool track_count(const struct lssock_snap *s, uint32_t row, struct lssock_track *t)
{
	const struct lssock_sock *k = snap_row(s, row);
	struct snap_attr mem_info_ulp[] = {
		{ .type = INET_DIAG_SKMEMINFO }, { .type = INET_DIAG_INFO },
		{ .type = INET_DIAG_ULP_INFO },
	}, *mem = &mem_info_ulp[0], *info = &mem_info_ulp[1], *ulp = &mem_info_ulp[2];

	if (!snap_is_inet(k))
		return false;
	snap_attrs(s, k, mem_info_ulp, 3);
	if (ulp->p && diag_is_subflow(ulp->p, ulp->len))
		t->flags |= LSSOCK_T_SUBFLOW;
	if (!word(mem->p, mem->len, SK_MEMINFO_DROPS * 4, 4, &t->drops))
		t->drops = 0;
	if (k->proto != LSSOCK_TCP || k->state == LSSOCK_LISTEN)
		return false;
	if (!count_bytes(info->p, info->len, t))
		return false;
	word(info->p, info->len, INFO_RETRANS, 4, &t->retrans);
	t->flags |= LSSOCK_T_COUNTED;
	return true;
}

static float per_second(uint64_t now, uint64_t before, float seconds)
{
	return now > before ? (float)(now - before) / seconds : 0;
}

static float average(float before, float now, float seconds, bool first)
{
	float part = seconds / (AVERAGE_S + seconds);

	return first ? now : before + (now - before) * part;
}

/* Rounds that follow each other at once say nothing of rates: these stay what they
 * were until there is a time to reckon with. */
static void rate(struct lssock_track *t, const struct lssock_track *p, uint64_t now)
{
	bool first = !(p->flags & LSSOCK_T_RATES);
	float seconds;

	if (p->base_ns && now >= p->base_ns) {
		seconds = (float)(now - p->base_ns) / 1e9f;
		t->flags |= first && seconds < SHORTEST_S ? 0 : LSSOCK_T_RATES;
		if (seconds < SHORTEST_S)
			return;
		t->rx = per_second(t->in, p->base_in, seconds);
		t->tx = per_second(t->out, p->base_out, seconds);
		t->rx_avg = average(p->rx_avg, t->rx, seconds, first);
		t->tx_avg = average(p->tx_avg, t->tx, seconds, first);
	}
	t->base_ns = now;
	t->base_in = t->in;
	t->base_out = t->out;
}

static bool has_to_send(const struct lssock_sock *k)
{
	return k->flags & LSSOCK_F_QUEUES && k->state != LSSOCK_LISTEN && k->wqueue;
}

/* A connection of TCP drops duplicates and probes all the time: that is not told. */
static uint16_t rise(const struct lssock_track *t, const struct lssock_track *p,
		     const struct lssock_sock *k)
{
	bool drops = k->proto != LSSOCK_TCP || k->state == LSSOCK_LISTEN;
	uint32_t then = drops ? p->drops : p->retrans, now = drops ? t->drops : t->retrans;

	return now <= then ? 0 : now - then < UINT16_MAX ? (uint16_t)(now - then) : UINT16_MAX;
}

/* The times of what has just happened. */
static void date(struct lssock_track *t, const struct lssock_track *p,
		 const struct lssock_sock *k, uint64_t now, uint64_t before)
{
	if (t->retrans > p->retrans)
		t->retrans_ns = now;
	if (t->drops > p->drops)
		t->drops_ns = now;
	if (!has_to_send(k) || !(t->flags & LSSOCK_T_COUNTED) || t->out != p->out)
		t->stuck_ns = 0;
	else if (!t->stuck_ns)
		t->stuck_ns = before;
}

static void track_again(struct collect *c, uint32_t row, uint32_t prev_row)
{
	const struct lssock_track *p = &c->prev->tracks.v[prev_row];
	const struct lssock_sock *k = snap_row(c->s, row);
	struct lssock_track *t = &c->s->tracks.v[row];
	uint64_t now = c->s->meta.now_ns;
	uint8_t was = snap_row(c->prev, prev_row)->state;

	*t = *p;
	t->flags &= LSSOCK_T_OLDER;
	t->had = (uint8_t)(p->problems >> 1);
	t->problems = 0;
	if (was != k->state) {
		t->was = was;
		t->changed_ns = now;
	}
	if (track_count(c->s, row, t))
		rate(t, p, now);
	else		/* time-wait moves nothing, whatever the connection did */
		t->rx = t->tx = t->rx_avg = t->tx_avg = 0;
	date(t, p, k, now, c->prev->meta.now_ns);
	t->rose = rise(t, p, k);
}

static void track_new(struct collect *c, uint32_t row, uint32_t was_asked)
{
	const struct lssock_sock *k = snap_row(c->s, row);
	struct lssock_track *t = &c->s->tracks.v[row];

	*t = (struct lssock_track){ .id = k->cookie, .first_ns = c->s->meta.now_ns };
	if (!c->prev || !(was_asked & 1u << k->proto))
		t->flags |= LSSOCK_T_OLDER;
	if (track_count(c->s, row, t))
		rate(t, &(struct lssock_track){ .base_ns = 0 }, t->first_ns);
}

int track_rows(struct collect *c, uint32_t was_asked)
{
	uint32_t i, n = c->s->socks.n;

	if (!vec_reserve(&c->s->tracks, n + 1))
		return -ENOMEM;
	c->s->tracks.n = n;
	c->s->there = n;
	for (i = 0; i < n; i++) {
		uint32_t before = i < c->carry.n_rows ? c->carry.rows[i] : LSSOCK_NONE;

		if (before != LSSOCK_NONE && before < c->prev->tracks.n)
			track_again(c, i, before);
		else
			track_new(c, i, was_asked);
	}
	return 0;
}
