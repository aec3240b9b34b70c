/* SPDX-License-Identifier: MIT */
/* What the header says of a frame, and the histories that it goes on with. */
#include <string.h>
#include <sys/socket.h>

#include "live/turns.h"
#include "live/ui.h"

/* Offsets in struct tcp_info (include/uapi/linux/tcp.h). */
#define INFO_RTT 68
#define INFO_CWND 80
#define DIAG_INFO 2		/* INET_DIAG_INFO */

uint64_t hist_key(struct row_id id)
{
	return row_key(id) | 2;
}

static bool is_inet(const struct lssock_sock *k)
{
	return 1u << k->proto & LSSOCK_PROTOS_INET;
}

/* Whether nothing better can be said of its owner: it is known, or why there is none. */
static bool is_named(const struct lssock_sock *k)
{
	switch ((enum lssock_why)k->why) {
	case LSSOCK_WHY_NO_PERMISSION: case LSSOCK_WHY_OTHER_PIDNS: case LSSOCK_WHY_UNKNOWN:
	case LSSOCK_WHY_VANISHED: case LSSOCK_WHY_LATER:
		return false;
	default:
		return true;
	}
}

static void count_rows(struct ui *ui, const struct lssock_snap *s, uint32_t there)
{
	const struct lssock_sock *socks = lssock_socks(s, NULL);
	const struct lssock_track *tracks = lssock_tracks(s, NULL);
	uint32_t i, p;

	for (i = 0; i < there; i++) {
		if (!is_inet(&socks[i])) {
			ui->n_unix += socks[i].proto == LSSOCK_UNIX;
			continue;
		}
		ui->n_sockets++;
		ui->counts[socks[i].state < LSSOCK_N_STATE ? socks[i].state : 0]++;
		ui->ownable++;
		ui->owned += is_named(&socks[i]);
		if (!tracks)
			continue;
		ui->rx += tracks[i].rx;
		ui->tx += tracks[i].tx;
		ui->rates |= tracks[i].flags & LSSOCK_T_RATES;
		for (p = 1; p < LSSOCK_N_PROBLEM && tracks[i].problems; p++)
			ui->problems[p] += tracks[i].problems >> p & 1;
		ui->n_problems += tracks[i].problems != 0;
	}
}

static float seconds_between(const struct lssock_snap *a, const struct lssock_snap *b)
{
	uint64_t from = a ? lssock_snap_meta(a)->now_ns : 0, to = lssock_snap_meta(b)->now_ns;

	return from && to > from ? (float)(to - from) / 1e9f : 0;
}

static void count_events(struct ui *ui, const struct lssock_snap *s, float seconds)
{
	const struct lssock_sock *socks = lssock_socks(s, NULL);
	uint32_t i, n, opened = 0, closed = 0, lost = 0;
	const struct lssock_event *e = lssock_events(s, &n);

	for (i = 0; i < n; i++) {
		bool listens = e[i].row != LSSOCK_NONE &&
			       socks[e[i].row].state == LSSOCK_LISTEN &&
			       is_inet(&socks[e[i].row]);

		if (e[i].kind == LSSOCK_EVENT_LOST) {
			ui->missed += e[i].count;
			lost++;
			ui->missed_unknown |= !e[i].count;
		} else if (is_inet(&socks[e[i].row])) {
			opened += e[i].kind == LSSOCK_EVENT_OPEN;
			closed += e[i].kind == LSSOCK_EVENT_CLOSE;
			ui->listen_added += listens && e[i].kind == LSSOCK_EVENT_OPEN;
			ui->listen_removed += listens && e[i].kind == LSSOCK_EVENT_CLOSE;
		}
	}
	ui->opened = seconds > 0 ? (float)opened / seconds : 0;
	ui->closed = seconds > 0 ? (float)closed / seconds : 0;
	ui->more_changed = lost > 0;
}

static uint32_t info_u32(const struct lssock_snap *s, uint32_t row, size_t at)
{
	size_t len = 0;
	const char *info = lssock_attr(s, row, DIAG_INFO, &len);
	uint32_t v = 0;

	if (info && at + sizeof(v) <= len)
		memcpy(&v, info + at, sizeof(v));
	return v;
}

static void add_events(struct ui *ui, const struct lssock_snap *s)
{
	uint32_t i, n;
	const struct lssock_event *e = lssock_events(s, &n);
	struct hist_event h;
	struct ring *r;

	for (i = 0; i < n; i++) {
		if (e[i].row == LSSOCK_NONE)
			continue;
		r = hist_make(&ui->hist, hist_key(row_id(s, e[i].row)), e[i].time_ns);
		h = (struct hist_event){ .time_ns = e[i].time_ns, .kind = e[i].kind,
					 .was = e[i].was, .state = e[i].state };
		if (r)
			ring_event(r, &h);
	}
}

/* Of the many that are idle and have no problem nothing is looked at but their track. */
static void add_row(struct ui *ui, const struct lssock_snap *s, uint32_t row,
		    const struct turns *now, bool wanted)
{
	const struct lssock_track *t = lssock_tracks(s, NULL) + row;
	bool moves = t->flags & LSSOCK_T_RATES && (wanted || t->rx + t->tx > 0 ||
						   turns_slows(t));
	struct sample sample = { .rx = t->rx, .tx = t->tx };
	struct ring *r;

	if (!moves && !turns_may(t))
		return;
	r = hist_make(&ui->hist, hist_key(row_id(s, row)), now->time_ns);
	if (!r)
		return;
	if (moves) {
		sample.rtt_us = (float)info_u32(s, row, INFO_RTT);
		sample.cwnd = (float)info_u32(s, row, INFO_CWND);
		ring_add(r, &sample, now->time_ns, ui->interval_us * 1000);
	}
	turns_add(r, s, row, now);
}

static void add_samples(struct ui *ui, const struct lssock_snap *s, uint32_t there,
			float seconds)
{
	const struct lssock_track *tracks = lssock_tracks(s, NULL);
	struct row_id cursor = ui->tabs[ui->tab].cursor;
	const struct turns now = { .time_ns = lssock_snap_meta(s)->now_ns, .seconds = seconds };
	const struct sample total = { .rx = ui->rx, .tx = ui->tx };
	struct ring *r = hist_make(&ui->hist, HIST_TOTAL, now.time_ns);
	uint32_t i;

	if (r && ui->rates)
		ring_add(r, &total, now.time_ns, ui->interval_us * 1000);
	for (i = 0; tracks && i < there; i++)
		add_row(ui, s, i, &now, ui->pane && tracks[i].id == cursor.id);
}

void ui_count(struct ui *ui, const struct lssock_snap *s, const struct lssock_snap *before)
{
	uint32_t n, there;

	lssock_socks(s, &n);
	lssock_tracks(s, &there);
	memset(ui->counts, 0, sizeof(ui->counts));
	memset(ui->problems, 0, sizeof(ui->problems));
	ui->n_sockets = ui->n_unix = ui->n_problems = ui->owned = ui->ownable = 0;
	ui->rx = ui->tx = 0;
	ui->rates = false;
	ui->n_closed = n - there;
	count_rows(ui, s, there);
	ui->n_listen = ui->counts[LSSOCK_LISTEN];
	count_events(ui, s, seconds_between(before, s));
	add_events(ui, s);
	add_samples(ui, s, there, seconds_between(before, s));
}
