/* SPDX-License-Identifier: MIT */
/*
 * The parts of the detail pane. Values come by the names of fields, so every text is safe;
 * what does not apply or was not asked for is left out, what may not be known is a `?`.
 */
#include "live/details.h"

#include <math.h>
#include <sys/socket.h>
#include <time.h>

#include "base/num.h"
#include "base/text.h"
#include "live/ui.h"

/* ---- text in the making ---------------------------------------------------------- */

void details_say(struct details *d, const char *text)
{
	buf_puts(&d->b, text);
}

bool details_value(const struct details *d, uint32_t row, uint32_t owner, const char *field,
		   struct lssock_value *ret)
{
	return row_value(d->p->snap, row, owner, field, ret);
}

/* An escaped byte takes four; what is no text is short. */
static void put_value(struct details *d, const struct lssock_value *v)
{
	bool bytes = v->kind == LSSOCK_V_TEXT || v->kind == LSSOCK_V_NAME ||
		     v->kind == LSSOCK_V_END;
	size_t most = (bytes ? v->len * 4 : 0) + 512;

	if (buf_reserve(&d->b, most))
		d->b.len += lssock_value_text(v, d->b.data + d->b.len, most);
}

static bool put_of(struct details *d, uint32_t row, uint32_t owner, const char *field)
{
	struct lssock_value v;

	details_value(d, row, owner, field, &v);
	if (v.kind == LSSOCK_V_NA || v.kind == LSSOCK_V_LATER)
		return false;
	put_value(d, &v);
	return true;
}

bool details_put(struct details *d, const char *field)
{
	return put_of(d, d->p->row, d->owner, field);
}

void details_item(struct details *d)
{
	d->f->failed |= d->b.failed;
	flow_item(d->f, d->b.data, d->b.len);
	buf_reset(&d->b);
}

void details_words(struct details *d)
{
	d->f->failed |= d->b.failed;
	flow_words(d->f, d->b.data, d->b.len);
	buf_reset(&d->b);
}

void details_field(struct details *d, const char *before, const char *field,
		   const char *after)
{
	details_say(d, before);
	if (!details_put(d, field)) {
		buf_reset(&d->b);
		return;
	}
	details_say(d, after);
	details_item(d);
}

/* The same to the last digit: a size of which every byte counts. */
static void exact(struct details *d, const char *before, const char *field)
{
	struct lssock_value v;

	if (!details_value(d, d->p->row, 0, field, &v))
		return;
	details_say(d, before);
	buf_u64(&d->b, v.u);
	details_item(d);
}

/* "sending 3.1K of 213K": two fields that belong together. */
static void both(struct details *d, const char *what, const char *field, const char *between,
		 const char *other)
{
	struct lssock_value v;

	details_say(d, what);
	if (details_put(d, field)) {
		if (details_value(d, d->p->row, 0, other, &v)) {
			details_say(d, between);
			put_value(d, &v);
		}
		details_item(d);
	}
	buf_reset(&d->b);
}

void details_text(struct details *d, const char *text)
{
	details_say(d, text);
	details_words(d);
}

void details_clock(struct details *d, uint64_t ns)
{
	time_t s = (time_t)(ns / 1000000000);
	char text[16] = "";
	struct tm tm;

	if (localtime_r(&s, &tm) && strftime(text, sizeof(text), "%H:%M:%S", &tm))
		details_say(d, text);
}

void details_line(struct details *d, const char *label)
{
	flow_line(d->f, label, ROLE_PLAIN);
}

bool details_is_tcp(const struct details *d)
{
	return d->k->proto == LSSOCK_TCP && d->k->state != LSSOCK_LISTEN &&
	       d->k->state != LSSOCK_BOUND && d->k->state != LSSOCK_STATE_NONE;
}

bool details_listens(const struct details *d)
{
	return d->k->state == LSSOCK_LISTEN ||
	       (d->k->state == LSSOCK_UNCONNECTED && d->k->proto != LSSOCK_UNIX);
}

/* ---- where it leads -------------------------------------------------------------- */

static void direction(struct details *d)
{
	struct lssock_value v;
	uint32_t n;

	lssock_socks(d->p->snap, &n);
	if (!details_value(d, d->p->row, 0, "dir", &v))
		return;
	details_say(d, v.len == 2 ? "in" : "out");
	if (v.len == 2 && d->k->via < n) {
		details_say(d, " via ");
		put_of(d, d->k->via, 0, "local");
	}
	details_item(d);
}

/* The bytes of an address; one that came as v4-mapped IPv6 is IPv4. */
static const uint8_t *ip_of(uint8_t family, const union lssock_end *end, size_t *ret_len)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool v4 = family == AF_INET6 && !memcmp(end->ip, mapped, sizeof(mapped));

	*ret_len = v4 || family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
	return end->ip + (v4 ? sizeof(mapped) : 0);
}

/* The interface with our address, 0: none or several. Packets may take another way. */
static uint32_t iface_with(const struct details *d)
{
	uint32_t n, n_ifaces, i, found = 0;
	const struct lssock_ifaddr *a = lssock_ifaddrs(d->p->snap, &n);
	const struct lssock_iface *ifaces = lssock_ifaces(d->p->snap, &n_ifaces);
	size_t len;
	const uint8_t *ip = ip_of(d->k->family, &d->k->local, &len);

	for (i = 0; i < n && len; i++) {
		if ((a[i].family == AF_INET ? 4 : 16) != len || memcmp(a[i].ip, ip, len) ||
		    a[i].iface >= n_ifaces || ifaces[a[i].iface].ns != d->k->ns)
			continue;
		if (found && found != a[i].iface)
			return 0;
		found = a[i].iface;
	}
	return found;
}

/* What it is bound to, or else whose its address is: not if it need not leave here. */
static void interface(struct details *d)
{
	struct lssock_value v;
	const struct lssock_iface *ifaces = lssock_ifaces(d->p->snap, NULL);
	uint32_t row;
	const char *name;
	size_t len;

	details_field(d, "on ", "iface", "");
	if (details_listens(d) || details_value(d, d->p->row, 0, "iface", &v) ||
	    details_value(d, d->p->row, 0, "peer", &v))
		return;
	row = iface_with(d);
	name = row ? lssock_string(d->p->snap, ifaces[row].name, &len) : NULL;
	if (!name)
		return;
	details_say(d, "address on ");
	text_safe(&d->b, name, len, 0);
	details_item(d);
}

static void reach(struct details *d)
{
	static const struct { const char *scope, *words; } all[] = {
		{ "all", "every interface" }, { "public", "a public address" },
		{ "lan", "a private address" }, { "link", "a link-local address" },
		{ "local", "this machine alone" }, { "owner", "its owner may connect" },
		{ "group", "its group may connect" }, { "world", "everybody may connect" },
		{ "abstract", "everybody in the namespace may connect" },
	};
	struct lssock_value v;
	size_t i;

	if (!details_value(d, d->p->row, 0, "scope", &v))
		return;
	for (i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (v.len == strlen(all[i].scope) && !memcmp(v.s, all[i].scope, v.len))
			details_say(d, all[i].words);
	details_item(d);
}

static void name(struct details *d)
{
	struct lssock_value v;

	details_line(d, "Name");
	if (!details_put(d, "path"))
		details_say(d, "none");
	details_words(d);
	details_field(d, "file of ", "file_user", "");
	details_field(d, "mode ", "file_mode", "");
	details_field(d, "file ", "file_state", "");
	reach(d);
	details_line(d, "Peer");
	if (!details_put(d, "peer"))
		details_say(d, "none");
	details_item(d);
	if (details_value(d, d->p->row, 0, "remote", &v) && v.kind == LSSOCK_V_NAME)
		details_field(d, "bound to ", "remote", "");
	details_field(d, "clients ", "clients", "");
}

static void host(struct details *d, const char *before)
{
	if (!d->p->host)
		return;
	details_say(d, before);
	details_say(d, d->p->host);
	details_item(d);
}

void details_path(struct details *d)
{
	if (d->k->proto == LSSOCK_UNIX) {
		name(d);
		return;
	}
	details_line(d, details_listens(d) ? "Reach" : "Path");
	if (details_listens(d)) {
		details_field(d, "bound to ", "local", "");
		reach(d);
	} else {
		direction(d);
	}
	interface(d);
	details_field(d, "clients ", "clients", "");
	host(d, "host ");
	details_field(d, "peer ", "peer", "");
	details_field(d, "ns ", "space", "");
}

/* As many as R shows besides: what is left of connections is not in the list. */
static void same_host(struct details *d)
{
	uint32_t there, i, n = 0;
	const struct lssock_sock *k = lssock_socks(d->p->snap, NULL);
	size_t len, other;
	const uint8_t *ip = ip_of(d->k->family, &d->k->remote, &len), *p;

	lssock_tracks(d->p->snap, &there);
	for (i = 0; i < there && len; i++) {
		p = ip_of(k[i].family, &k[i].remote, &other);
		n += i != d->p->row && k[i].ns == d->k->ns && k[i].rport && other == len &&
		     k[i].state != LSSOCK_TIME_WAIT && !memcmp(p, ip, len);
	}
	if (!n)
		return;
	details_line(d, "More");
	buf_u64(&d->b, n);
	details_say(d, n == 1 ? " socket with this host" : " sockets with this host");
	details_item(d);
	details_say(d, n == 1 ? "(R: show it)" : "(R: show them)");
	details_item(d);
}

void details_remote(struct details *d)
{
	struct lssock_value v;

	if (details_listens(d) || d->k->proto == LSSOCK_UNIX) {
		details_path(d);
		return;
	}
	flow_head(d->f, "PEER");
	details_line(d, "Remote");
	details_field(d, "", "remote", "");
	host(d, "");
	details_field(d, "on this machine: ", "peer", "");
	if (details_value(d, d->p->row, 0, "dir", &v) && v.len == 2)
		direction(d);		/* the title has the arrow */
	interface(d);
	if (details_value(d, d->p->row, 0, "raddr", &v))
		same_host(d);
}

void details_ids(struct details *d)
{
	details_line(d, "Socket");
	details_field(d, "", "proto", "");
	details_field(d, "ns ", "space", "");
	details_field(d, "cookie ", "cookie", "");
	details_field(d, "inode ", "inode", "");
	details_field(d, "mark ", "mark", "");
	details_say(d, "seen ");
	if (details_put(d, "seen")) {
		details_say(d, d->t->flags & LSSOCK_T_OLDER ? ", at least" : "");
		details_item(d);
	}
	buf_reset(&d->b);
}

/* ---- how it is ------------------------------------------------------------------- */

static void round_trip(struct details *d)
{
	struct lssock_value v;

	if (!details_value(d, d->p->row, 0, "rtt", &v))
		return;
	details_say(d, "rtt ");
	details_put(d, "rtt");
	details_say(d, " +-");
	details_put(d, "rttvar");
	if (details_value(d, d->p->row, 0, "minrtt", &v)) {
		details_say(d, " (min ");
		details_put(d, "minrtt");
		details_say(d, ")");
	}
	details_item(d);
}

static void retransmits(struct details *d)
{
	struct lssock_value some, all;

	if (!details_value(d, d->p->row, 0, "retrans_total", &some))
		return;
	details_say(d, "retrans ");
	buf_u64(&d->b, some.u);
	if (details_value(d, d->p->row, 0, "segs_out", &all) && all.u) {
		details_say(d, " of ");
		buf_u64(&d->b, all.u);
		buf_printf(&d->b, " (%.2f%%)", (double)some.u * 100 / (double)all.u);
	}
	details_item(d);
}

void details_health(struct details *d)
{
	details_line(d, "Health");
	round_trip(d);
	details_field(d, "cwnd ", "cwnd", "");
	details_field(d, "ssthresh ", "ssthresh", "");
	exact(d, "mss ", "mss");
	details_field(d, "", "cong", "");
	details_line(d, "");
	retransmits(d);
	details_field(d, "lost ", "lost", "");
	details_field(d, "reord ", "reordering", "");
	details_field(d, "in flight ", "unacked", "");
	details_field(d, "rto ", "rto", "");
	both(d, "timer ", "timer", " in ", "expires");
	if (!d->full)
		return;
	details_line(d, "");
	exact(d, "pmtu ", "pmtu");
	details_field(d, "sacked ", "sacked", "");
	details_field(d, "options ", "options", "");
	both(d, "window here ", "rcv_wnd", ", there ", "snd_wnd");
	details_field(d, "pacing ", "pacing_rate", "");
	details_field(d, "idle ", "idle", "");
}

void details_limits(struct details *d)
{
	struct lssock_value busy;

	details_line(d, "Limits");
	if (!details_put(d, "limits") && details_value(d, d->p->row, 0, "busy", &busy) &&
	    !busy.u && d->k->state != LSSOCK_SYN_SENT)
		details_say(d, "nothing waits to be sent");
	details_words(d);
}

void details_bytes(struct details *d)
{
	details_line(d, "Bytes");
	details_field(d, "in ", "in", "");
	details_field(d, "out ", "out", "");
	details_field(d, "queued in ", "recvq", "");
	both(d, "out ", "sendq", " of ", "sndbuf");
	details_field(d, "delivers ", "delivery_rate", "");
}

void details_queue(struct details *d)
{
	details_line(d, "Queue");
	if (d->k->state == LSSOCK_LISTEN) {
		details_field(d, "", "queue", " to be accepted");
		details_field(d, "limit ", "limit", "");
	} else {
		both(d, "unread ", "recvq", " of ", "rcvbuf");
		both(d, "to be sent ", "sendq", " of ", "sndbuf");
	}
	details_field(d, "drops ", "drops", "");
}

void details_memory(struct details *d)
{
	details_line(d, "Memory");
	both(d, "received ", "rmem", " of ", "rcvbuf");
	both(d, "sending ", "wmem", " of ", "sndbuf");
	details_field(d, "queued ", "wqueued", "");
	details_field(d, "set aside ", "fwd", "");
	details_field(d, "options ", "optmem", "");
	details_field(d, "backlog ", "backlog", "");
	details_field(d, "drops ", "drops", "");
}

/* ---- how it ended ---------------------------------------------------------------- */

void details_closed(struct details *d)
{
	if (!d->t || !d->t->gone_ns)
		return;
	flow_line(d->f, "Closed", ROLE_CLOSED);
	details_clock(d, d->t->gone_ns);
	details_item(d);
	details_field(d, d->t->flags & LSSOCK_T_OLDER ? "after more than " : "after ",
		      "lasted", "");
	details_field(d, "in ", "in", "");
	details_field(d, "out ", "out", "");
	if (d->k->proto == LSSOCK_TCP && !(d->t->flags & LSSOCK_T_FINAL)) {
		details_say(d, "(as of the round before)");
		details_item(d);
	}
}

/* ---- the last minute ------------------------------------------------------------- */

static void put_sample(struct details *d, const float *v, float sample)
{
	const struct pane_history *h = d->p->h;

	if (!(sample >= 0) || sample > 1e18f)
		details_say(d, "?");
	else if (v == h->rtt_us)
		num_put_duration(&d->b, (uint64_t)sample);
	else if (v == h->cwnd)
		buf_u64(&d->b, (uint64_t)sample);
	else
		num_put_size(&d->b, (uint64_t)sample);
}

static void graph(struct details *d, const char *label, const float *v, bool peaks)
{
	uint32_t n = d->p->h->n < PANE_SAMPLES ? d->p->h->n : PANE_SAMPLES, i;
	float peak = NAN;

	for (i = 0; i < n; i++)
		if (!(peak >= v[i]) && v[i] == v[i])
			peak = v[i];
	put_sample(d, v, n ? v[n - 1] : NAN);
	if (peaks) {
		details_say(d, "  peak ");
		put_sample(d, v, peak);
	}
	flow_graph(d->f, label, v, n, peaks ? 20 : 8, d->b.data, d->b.len);
	buf_reset(&d->b);
}

void details_graphs(struct details *d, bool all)
{
	const struct pane_history *h = d->p->h;
	bool peaks = d->f->width > 60;

	if (!h || !h->n) {
		flow_line(d->f, "", ROLE_DIM);
		details_text(d, !details_is_tcp(d) ?
			     "the kernel counts no bytes of this socket" :
			     d->t && !d->t->gone_ns ? "no samples yet" : "no samples");
		return;
	}
	graph(d, "rx/s", h->rx, peaks);
	if (all)
		graph(d, "tx/s", h->tx, peaks);
	graph(d, "rtt", h->rtt_us, peaks);
	if (all)
		graph(d, "cwnd", h->cwnd, peaks);
}

static void put_state(struct details *d, uint8_t state)
{
	const char *s = lssock_state_name((enum lssock_state)state);

	for (; state && state < LSSOCK_N_STATE && *s; s++)
		buf_putc(&d->b, *s == '_' ? '-' : *s);
}

/* "retrans 3 in 1s" */
static void put_count(struct details *d, const struct hist_event *e)
{
	unsigned s = (e->tenths + 5u) / 10;

	details_say(d, e->kind == HIST_RETRANS ? "retrans " : "drops ");
	buf_u64(&d->b, e->n);
	details_say(d, e->n == UINT16_MAX ? " or more" : "");
	if (!e->tenths || e->tenths == UINT16_MAX)
		return;
	details_say(d, " in ");
	if (s >= 60)
		buf_printf(&d->b, "%um", (s + 30) / 60);
	else if (s)
		buf_printf(&d->b, "%us", s);
	else
		num_put_duration(&d->b, e->tenths * 100000ull);
}

static void put_rate(struct details *d, const struct hist_event *e)
{
	details_say(d, e->kind == HIST_RATE_UP ? "rate up" : "rate down");
	if (e->n)
		buf_printf(&d->b, " %ux", (unsigned)e->n);
	else
		details_say(d, e->kind == HIST_RATE_UP ? "" : " to 0");
}

static const char *problem_words(const struct hist_event *e)
{
	bool begins = e->kind == HIST_BEGINS;

	switch ((enum lssock_problem)e->problem) {
	case LSSOCK_PROBLEM_CLOSE_WAIT:
		return begins ? "not closed for a minute" : "in use again";
	case LSSOCK_PROBLEM_RETRANS:
		return "no retransmits for 10s";
	case LSSOCK_PROBLEM_STUCK:
		return !begins ? "send queue drains" :
		       e->n ? "zero window, send queue stuck" : "send queue stuck";
	case LSSOCK_PROBLEM_SYN_SENT:
		return "no answer";
	case LSSOCK_PROBLEM_PORTS:
		return begins ? "ports run out" : "ports to spare again";
	case LSSOCK_PROBLEM_DELETED:
		return "program deleted or replaced";
	case LSSOCK_PROBLEM_NONE: case LSSOCK_PROBLEM_BACKLOG: case LSSOCK_N_PROBLEM:
		break;
	}
	return "";
}

/* The listener that it came through, as long as that is there. */
static void put_opened(struct details *d)
{
	uint32_t n;

	details_say(d, "opened");
	lssock_socks(d->p->snap, &n);
	if (d->k->via >= n)
		return;
	details_say(d, " (listener ");
	put_of(d, d->k->via, 0, "local");
	details_say(d, ")");
}

static void put_event(struct details *d, const struct hist_event *e)
{
	switch (e->kind) {
	case LSSOCK_EVENT_OPEN:
		put_opened(d);
		break;
	case LSSOCK_EVENT_STATE:
		put_state(d, e->was);
		details_say(d, " to ");
		put_state(d, e->state);
		break;
	case LSSOCK_EVENT_CLOSE:
		details_say(d, "closed");
		break;
	case HIST_RETRANS: case HIST_DROPS:
		put_count(d, e);
		break;
	case HIST_RATE_UP: case HIST_RATE_DOWN:
		put_rate(d, e);
		break;
	case HIST_FULL:
		details_say(d, "queue full");
		break;
	case HIST_NOT_FULL:
		details_say(d, "queue no longer full");
		break;
	default:
		details_say(d, problem_words(e));
	}
}

void details_events(struct details *d, const char *label)
{
	const struct pane_history *h = d->p->h;
	uint32_t i;

	for (i = 0; h && i < h->n_events && i < HIST_EVENTS; i++) {
		details_line(d, i ? "" : label);
		details_clock(d, h->events[i].time_ns);
		details_say(d, "  ");
		put_event(d, &h->events[i]);
		details_item(d);
	}
}

void details_verdict(struct details *d, const char *label)
{
	enum role role = d->t && d->t->problems ? ROLE_PROBLEM : ROLE_PLAIN;

	flow_line(d->f, label, role);
	details_put(d, "verdict");
	details_words(d);
	if (role == ROLE_PLAIN)
		return;
	details_say(d, "! ");
	details_put(d, "problem");
	details_item(d);
}
