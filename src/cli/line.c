/* SPDX-License-Identifier: MIT */
/* One event as a line for people, and what JSON has of it beside the socket. */
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "base/text.h"
#include "cli/stream.h"

#define NS_PER_S 1000000000u

void line_fields(struct line_fields *f)
{
	static const char *const names[LINE_FIELDS] = {
		[LINE_PROTO] = "proto", [LINE_LOCAL] = "local", [LINE_REMOTE] = "remote",
		[LINE_DIR] = "dir", [LINE_PROC] = "proc", [LINE_PID] = "pid",
		[LINE_WHY] = "why", [LINE_NETNS] = "netns", [LINE_NSNAME] = "nsname",
	};
	int i;

	for (i = 0; i < LINE_FIELDS; i++)
		f->field[i] = lssock_field_find(names[i]);
}

void line_clock(struct buf *b, uint64_t epoch_ns)
{
	time_t t = (time_t)(epoch_ns / NS_PER_S);
	struct tm tm = { 0 };

	localtime_r(&t, &tm);
	buf_printf(b, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* ---- the socket ---------------------------------------------------------------- */

/* The value, false: there is none to print. */
static bool get(const struct line_at *at, enum line_field which, struct lssock_value *ret)
{
	lssock_get(at->s, at->row, 0, (uint32_t)at->f->field[which], ret);
	return ret->kind != LSSOCK_V_NA && ret->kind != LSSOCK_V_UNKNOWN &&
	       ret->kind != LSSOCK_V_LATER;
}

/* A line splits at blanks, so a blank of a name is none. */
static void put_word(struct buf *b, const struct lssock_value *v)
{
	char text[512];
	size_t i, len = lssock_value_text(v, text, sizeof(text));

	len = len < sizeof(text) ? len : sizeof(text) - 1;
	for (i = 0; i < len; i++)
		if (text[i] == ' ')
			buf_puts(b, "\\x20");
		else
			buf_putc(b, text[i]);
}

static void put_field(struct buf *b, const struct line_at *at, enum line_field which)
{
	struct lssock_value v;

	if (get(at, which, &v))
		put_word(b, &v);
	else
		buf_putc(b, v.kind == LSSOCK_V_NA ? '-' : '?');
}

/* A port that is 0 is not chosen yet: connect() tells of itself before it does. */
static void put_local(struct buf *b, const struct line_at *at)
{
	struct lssock_value v;

	if (!get(at, LINE_LOCAL, &v) || v.kind != LSSOCK_V_END || v.port) {
		put_field(b, at, LINE_LOCAL);
		return;
	}
	put_field(b, at, LINE_LOCAL);
	if (!b->failed && b->len && b->data[b->len - 1] == '0')
		b->data[b->len - 1] = '?';
}

static const char *arrow(const struct line_at *at)
{
	struct lssock_value v;

	if (!get(at, LINE_DIR, &v))
		return "-";
	return v.len == 2 ? "<" : ">";	/* in, out */
}

static uint32_t count_owners(const struct line_at *at)
{
	const struct lssock_owner *owners = lssock_owners(at->s, NULL);
	uint32_t o, n = 0;

	for (o = lssock_socks(at->s, NULL)[at->row].owner; o; o = owners[o].next)
		n += owners[o].how == LSSOCK_HOW_FD;
	return n;
}

/* "curl[9970]", "nginx[12] +2", or in brackets why there is none. */
static void put_owner(struct buf *b, const struct line_at *at)
{
	struct lssock_value v;
	uint32_t n = count_owners(at);

	buf_putc(b, ' ');
	if (get(at, LINE_PROC, &v)) {
		put_word(b, &v);
		buf_putc(b, '[');
		put_field(b, at, LINE_PID);
		buf_putc(b, ']');
		if (n > 1)
			buf_printf(b, " +%u", n - 1);
	} else if (get(at, LINE_WHY, &v)) {
		buf_putc(b, '(');
		put_word(b, &v);
		buf_putc(b, ')');
	} else {
		buf_putc(b, '-');
	}
}

static void put_socket(struct buf *b, const struct line_at *at)
{
	buf_putc(b, ' ');
	put_field(b, at, LINE_PROTO);
	buf_putc(b, ' ');
	put_local(b, at);
	buf_printf(b, " %s ", arrow(at));
	put_field(b, at, LINE_REMOTE);
}

/* ---- what it was ------------------------------------------------------------------ */

/* How long it was there; *ret_sign: < less than that, > more, ~ just that. */
static bool lifetime(const struct lssock_track *t, uint64_t interval_us, uint64_t *ret_us,
		     char *ret_sign)
{
	*ret_sign = t->flags & LSSOCK_T_OLDER ? '>' : '~';
	if (t->first_ns && t->gone_ns >= t->first_ns) {
		*ret_us = (t->gone_ns - t->first_ns) / 1000;
		return true;
	}
	*ret_us = interval_us;		/* it came and went between two rounds */
	*ret_sign = '<';
	return interval_us && t->flags & LSSOCK_T_UNSEEN;
}

static void put_lifetime(struct buf *b, const struct line_at *at)
{
	uint64_t us;
	char sign;

	buf_putc(b, ' ');
	if (!lifetime(at->track, at->interval_us, &us, &sign)) {
		buf_putc(b, '?');
	} else if (us < 1000000 && sign != '>') {
		buf_puts(b, "<1s");
	} else {
		if (sign != '~')
			buf_putc(b, sign);
		num_put_duration(b, us);
	}
}

static void put_end(struct buf *b, const struct line_at *at)
{
	const struct lssock_track *t = at->track;

	put_lifetime(b, at);
	if (t->flags & LSSOCK_T_COUNTED) {
		buf_puts(b, " in=");
		num_put_size(b, t->in);
		buf_puts(b, " out=");
		num_put_size(b, t->out);
		buf_printf(b, " retrans=%u", t->retrans);
	}
	if (t->flags & LSSOCK_T_RESET)
		buf_puts(b, " reset");
}

static const char *const words[] = {
	[LSSOCK_EVENT_OPEN] = "open", [LSSOCK_EVENT_STATE] = "state",
	[LSSOCK_EVENT_CLOSE] = "closed", [LSSOCK_EVENT_LOST] = "lost",
};

static const char *state_word(uint8_t state)
{
	return state ? lssock_state_name((enum lssock_state)state) : NULL;
}

static void put_states(struct buf *b, const struct lssock_event *e)
{
	const char *was = state_word(e->was), *now = state_word(e->state);

	if (e->kind == LSSOCK_EVENT_STATE)
		buf_printf(b, " %s >", was ? was : "?");
	buf_printf(b, " %s", now ? now : "?");
}

void line_put(struct buf *b, const struct line_at *at, const struct lssock_event *e)
{
	line_clock(b, e->time_ns);
	buf_printf(b, " %s", words[e->kind]);
	if (e->kind == LSSOCK_EVENT_LOST) {
		if (e->count)
			buf_printf(b, " %u events\n", e->count);
		else
			buf_puts(b, " events, nobody knows how many\n");
		return;
	}
	put_socket(b, at);
	if (e->kind == LSSOCK_EVENT_CLOSE)
		put_end(b, at);
	else
		put_states(b, e);
	put_owner(b, at);
	if (at->with_ns) {
		struct lssock_value v;

		buf_puts(b, " netns=");
		put_field(b, at, get(at, LINE_NSNAME, &v) ? LINE_NSNAME : LINE_NETNS);
	}
	buf_putc(b, '\n');
}

/* ---- JSON -------------------------------------------------------------------------- */

static void json_word(struct buf *b, const char *key, const char *word)
{
	if (word)
		buf_printf(b, ",\"%s\":\"%s\"", key, word);
	else
		buf_printf(b, ",\"%s\":null", key);
}

static void json_end(struct buf *b, const struct line_at *at)
{
	const struct lssock_track *t = at->track;
	uint64_t us;
	char sign;

	buf_puts(b, ",\"final\":{\"lived\":");
	if (lifetime(t, 0, &us, &sign))
		buf_u64(b, us);
	else
		buf_puts(b, "null");
	buf_printf(b, ",\"older\":%s", t->flags & LSSOCK_T_OLDER ? "true" : "false");
	if (t->flags & LSSOCK_T_COUNTED)
		buf_printf(b, ",\"in\":%llu,\"out\":%llu,\"retrans\":%u",
			   (unsigned long long)t->in, (unsigned long long)t->out, t->retrans);
	else
		buf_puts(b, ",\"in\":null,\"out\":null,\"retrans\":null");
	buf_puts(b, "}");
}

void line_json(struct buf *b, const struct line_at *at, const struct lssock_event *e)
{
	buf_puts(b, "{\"time\":\"");
	num_put_time(b, e->time_ns, true);
	buf_printf(b, "\",\"event\":\"%s\"", words[e->kind]);
	if (e->kind == LSSOCK_EVENT_LOST) {
		if (e->count)
			buf_printf(b, ",\"count\":%u}\n", e->count);
		else
			buf_puts(b, ",\"count\":null}\n");
		return;
	}
	json_word(b, "was", state_word(e->was));
	json_word(b, "now", state_word(e->state));
	if (e->kind == LSSOCK_EVENT_CLOSE)
		json_end(b, at);
	buf_putc(b, ',');
}
