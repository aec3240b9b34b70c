/* SPDX-License-Identifier: MIT */
/*
 * Fields of what has become of a socket: rates, times, the state before; and what that
 * means, which problem.c and verdict.c say. Without a watch most have no value.
 */
#include <string.h>

#include "query/getters.h"
#include "query/problem.h"

/* Tracks come last, so while a snapshot is being made they are to be waited for. */
static const struct lssock_track *track_of(const struct lssock_snap *s, uint32_t row,
					   struct lssock_value *ret)
{
	const struct lssock_track *t = field_track(s, row);

	if (!t && s->sealed)
		value_na(ret);
	else if (!t)
		ret->kind = LSSOCK_V_LATER;
	return t;
}

/* ---- bytes ------------------------------------------------------------------------ */

static void set_rate(const struct lssock_snap *s, uint32_t row, const struct lssock_track *t,
		     float rate, struct lssock_value *ret)
{
	if (field_is_closed(s, row))
		value_na(ret);
	else if (t->flags & LSSOCK_T_RATES && rate >= 0 && rate < 1e18f)
		value_uint(ret, (uint64_t)(rate + 0.5f));
	else
		value_unknown(ret);
}

GETTER(get_rx)
{
	const struct lssock_track *t = track_of(s, row, ret);

	if (t)
		set_rate(s, row, t, t->rx, ret);
}

GETTER(get_tx)
{
	const struct lssock_track *t = track_of(s, row, ret);

	if (t)
		set_rate(s, row, t, t->tx, ret);
}

GETTER(get_rate)
{
	const struct lssock_track *t = track_of(s, row, ret);

	if (t)
		set_rate(s, row, t, t->rx + t->tx, ret);
}

GETTER(get_rx_avg)
{
	const struct lssock_track *t = track_of(s, row, ret);

	if (t)
		set_rate(s, row, t, t->rx_avg, ret);
}

GETTER(get_tx_avg)
{
	const struct lssock_track *t = track_of(s, row, ret);

	if (t)
		set_rate(s, row, t, t->tx_avg, ret);
}

/* Since it was opened: by its last numbers where a watch kept them. */
static void set_bytes(const struct field *f, const struct lssock_snap *s, uint32_t row,
		      bool out, struct lssock_value *ret)
{
	const struct lssock_sock *k = snap_row(s, row);
	const struct lssock_track *t = field_track(s, row);
	/* in struct mptcp_info; else that of struct tcp_info */
	size_t at = k->proto != LSSOCK_MPTCP ? f->raw.off : out ? 72 : 64, len = 0;
	const uint32_t none = 1u << LSSOCK_LISTEN | 1u << LSSOCK_BOUND;
	const char *p;

	if (t && t->flags & LSSOCK_T_COUNTED) {
		value_uint(ret, out ? t->out : t->in);
		return;
	}
	if (none & 1u << k->state) {
		value_na(ret);
		return;
	}
	p = get_attr(f, s, row, &len, ret);
	if (p && len >= at + sizeof(ret->u)) {
		memcpy(&ret->u, p + at, sizeof(ret->u));
		ret->kind = LSSOCK_V_UINT;
	} else if (p || field_is_closed(s, row)) {
		value_unknown(ret);
	}
}

GETTER(get_in)
{
	set_bytes(f, s, row, false, ret);
}

GETTER(get_out)
{
	set_bytes(f, s, row, true, ret);
}

/* ---- times ------------------------------------------------------------------------ */

GETTER(get_seen)
{
	const struct lssock_track *t = track_of(s, row, ret);

	if (t && t->first_ns)
		value_uint(ret, snap_ago_us(s, t->first_ns));
	else if (t)
		value_unknown(ret);
}

GETTER(get_lasted)
{
	const struct lssock_track *t = track_of(s, row, ret);

	if (!t)
		return;
	if (!t->gone_ns)
		value_na(ret);
	else if (!t->first_ns || t->first_ns > t->gone_ns)
		value_unknown(ret);
	else
		value_uint(ret, (t->gone_ns - t->first_ns) / 1000);
}

GETTER(get_closed)
{
	const struct lssock_track *t = track_of(s, row, ret);

	if (!t)
		return;
	ret->kind = t->gone_ns ? LSSOCK_V_TIME : LSSOCK_V_NA;
	ret->u = t->gone_ns;
}

GETTER(get_was)
{
	const struct lssock_track *t = track_of(s, row, ret);

	if (t && t->changed_ns && t->was && t->was < LSSOCK_N_STATE)
		value_word(ret, lssock_state_name((enum lssock_state)t->was));
	else if (t)
		value_na(ret);
}

/* ---- meaning ------------------------------------------------------------------------ */

GETTER(get_problem)
{
	const struct lssock_track *t = track_of(s, row, ret);
	unsigned i;

	if (!t)
		return;
	value_tmp(ret);
	for (i = 1; i < LSSOCK_N_PROBLEM; i++) {
		if (!(t->problems & 1u << i))
			continue;
		if (ret->len)
			value_tmp_puts(ret, ",");
		value_tmp_puts(ret, lssock_problem_name((enum lssock_problem)i));
	}
	if (!ret->len)
		value_na(ret);
}

static void set_text(const struct buf *b, struct lssock_value *ret)
{
	value_tmp(ret);
	value_tmp_put(ret, b->data, b->failed ? 0 : b->len);
}

/* Owners are named in it: it is no use before they are known. */
GETTER(get_verdict)
{
	struct buf b = { 0 };

	if (!s->sealed) {
		ret->kind = LSSOCK_V_LATER;
		return;
	}
	verdict_put(s, row, &b);
	set_text(&b, ret);
	if (!ret->len)
		value_unknown(ret);
	buf_release(&b);
}

GETTER(get_limits)
{
	struct buf b = { 0 };
	size_t len;

	if (!get_attr(f, s, row, &len, ret))
		return;
	verdict_limits(s, row, &b);
	if (b.len)
		set_text(&b, ret);
	else if (len < (size_t)f->raw.off + f->raw.len)
		value_unknown(ret);
	else
		value_na(ret);
	buf_release(&b);
}
