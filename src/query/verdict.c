/* SPDX-License-Identifier: MIT */
/*
 * How a socket is doing, in one plain sentence: what it waits for, and for whom. Each
 * kind of socket has rules that are tried in turn; the first that has something to say
 * says it. Nothing is said that the numbers of the row do not show.
 */
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "base/num.h"
#include "query/getters.h"
#include "query/problem.h"

#define S_US 1000000ull
#define RECENT_US (10 * S_US)
#define MUTE_US (3 * 3600 * S_US)	/* idle for so long, it may be dead */
#define HELD_PERCENT 20			/* of the time it had to send: worth saying */
#define TIMER_TIME_WAIT 3
#define TIMER_PROBE 4

struct verdict {
	const struct lssock_snap *s;
	uint32_t row;
	const struct lssock_sock *k;
	const struct lssock_track *t;	/* NULL: no watch */
	struct buf *b;
};
typedef bool rule(const struct verdict *v);

/* ---- words ----------------------------------------------------------------------- */

static void say(const struct verdict *v, const char *text)
{
	buf_puts(v->b, text);
}

static void say_time(const struct verdict *v, const char *before, uint64_t us)
{
	say(v, before);
	num_put_duration(v->b, us);
}

static void say_size(const struct verdict *v, const char *before, uint64_t bytes)
{
	say(v, before);
	num_put_size(v->b, bytes);
	if (bytes < 1000)
		say(v, bytes == 1 ? " byte" : " bytes");
}

static void say_count(const struct verdict *v, const char *before, uint64_t n,
		      const char *thing)
{
	say(v, before);
	buf_u64(v->b, n);
	say(v, " ");
	say(v, thing);
	if (n != 1)
		say(v, "s");
}

static void say_program(const struct verdict *v, uint32_t row, const char *what)
{
	const struct lssock_snap *s = v->s;
	uint32_t owner = row < s->socks.n ? field_owner(s, snap_row(s, row)) : 0;
	uint32_t proc = owner ? s->owners.v[owner].proc : 0;
	size_t len = 0;
	const char *name = proc && proc < s->procs.n ?
		strings_get(&s->strings, s->procs.v[proc].comm, &len) : NULL;

	say(v, what);
	if (!name || !len)
		return;
	say(v, " (");
	buf_put(v->b, name, len);
	say(v, ")");
}

static void say_app(const struct verdict *v)
{
	say_program(v, v->row, "the application");
}

/* ---- numbers --------------------------------------------------------------------- */

static uint64_t info(const struct verdict *v, enum tcp_info_at at, unsigned size)
{
	return tcp_info_at(v->s, v->row, at, size);
}

static bool above(uint64_t n, uint64_t least)
{
	return n != INFO_NONE && n > least;
}

static bool known_queues(const struct verdict *v)
{
	return v->k->flags & LSSOCK_F_QUEUES;
}

static uint64_t unsent(const struct verdict *v)		/* or not acked */
{
	return known_queues(v) ? v->k->wqueue : 0;
}

/* The FIN of the other end counts as one. */
static uint64_t unread(const struct verdict *v)
{
	bool fin = v->k->proto == LSSOCK_TCP && v->k->state != LSSOCK_ESTABLISHED &&
		   v->k->state != LSSOCK_FIN_WAIT1 && v->k->state != LSSOCK_FIN_WAIT2;
	uint64_t n = known_queues(v) ? v->k->rqueue : 0;

	return n && fin ? n - 1 : n;
}

static uint64_t drops(const struct verdict *v)
{
	unsigned cls = diag_class(v->k->proto);
	int attr = mem_attr(cls);
	size_t len = 0;
	const char *p = attr < 0 ? NULL : snap_attr(v->s, v->k, (unsigned)attr, &len);
	uint32_t n;

	if (!p || len < (SK_MEMINFO_DROPS + 1) * sizeof(n))
		return INFO_NONE;
	memcpy(&n, p + SK_MEMINFO_DROPS * sizeof(n), sizeof(n));
	return n;
}

static bool drops_now(const struct verdict *v)
{
	return v->t && v->t->drops_ns && snap_ago_us(v->s, v->t->drops_ns) < RECENT_US;
}

static uint64_t percent(uint64_t part, uint64_t whole)
{
	return (uint64_t)(((__uint128_t)part * 100 + whole / 2) / whole);
}

/* What times of sending are shares of: its whole life if that was seen, else the time in
 * which there was something to send. */
static uint64_t sending_whole(const struct verdict *v, bool *ret_life)
{
	uint64_t busy = info(v, INFO_BUSY, 8), life;

	*ret_life = v->t && v->t->first_ns && !(v->t->flags & LSSOCK_T_OLDER);
	life = *ret_life ? snap_ago_us(v->s, v->t->first_ns) : 0;
	return busy == INFO_NONE || life < busy ? busy : life;
}

/* ---- closed, or nearly ----------------------------------------------------------- */

static void say_lasted(const struct verdict *v)
{
	const struct lssock_track *t = v->t;

	if (!t->first_ns || t->gone_ns < t->first_ns) {
		if (t->flags & LSSOCK_T_UNSEEN)
			say(v, ", before any round had seen it");
		return;
	}
	say_time(v, t->flags & LSSOCK_T_OLDER ? " after more than " : " after ",
		 (t->gone_ns - t->first_ns) / 1000);
}

static bool is_closed(const struct verdict *v)
{
	if (!v->t || !field_is_closed(v->s, v->row))
		return false;
	say(v, "closed");
	say_lasted(v);
	if (v->t->retrans)
		say_count(v, "; ", v->t->retrans, "segment");
	if (v->t->retrans)
		say(v, v->t->retrans == 1 ? " was retransmitted" : " were retransmitted");
	if (v->t->flags & LSSOCK_T_SUCCEEDED)
		say(v, "; the kernel remembers the connection (time-wait)");
	else if (v->t->flags & LSSOCK_T_RESET)
		say(v, "; no time-wait followed, so it was reset or refused");
	return true;
}

static bool is_remembered(const struct verdict *v)
{
	bool timer = (v->k->flags & LSSOCK_F_TIMER) == TIMER_TIME_WAIT;

	if (v->k->state != LSSOCK_TIME_WAIT && !(v->k->state == LSSOCK_FIN_WAIT2 && timer))
		return false;
	say(v, v->k->state == LSSOCK_TIME_WAIT ? "closed; the kernel remembers it" :
	    "closed here; the kernel waits for the other end to close");
	if (timer && v->k->expires_ms)
		say_time(v, " for another ", v->k->expires_ms * 1000ull);
	return true;
}

/* ---- opening --------------------------------------------------------------------- */

static bool is_asking(const struct verdict *v)
{
	bool exact;
	uint64_t since = tcp_since_us(v->s, v->row, &exact);

	if (v->k->state != LSSOCK_SYN_SENT)
		return false;
	say(v, "no answer from the other end");
	if (since == INFO_NONE)
		say(v, " yet");
	else
		say_time(v, exact ? " for " : " for at least ", since);
	if (v->k->retrans)
		say_count(v, "; asked again ", v->k->retrans, "time");
	return true;
}

static bool is_half_open(const struct verdict *v)
{
	if (v->k->state != LSSOCK_SYN_RECV)
		return false;
	say(v, "asked to connect; the end of the handshake has not come");
	if (v->k->retrans)
		say_count(v, ", our answer was repeated ", v->k->retrans, "time");
	return true;
}

static bool waits_for_accept(const struct verdict *v)
{
	if (v->k->why != LSSOCK_WHY_ACCEPT_QUEUE)
		return false;
	say(v, "connected, and waits to be accepted by ");
	say_program(v, v->k->via, "the application");
	if (unread(v))
		say_size(v, "; ", unread(v));
	if (unread(v))
		say(v, " have come already");
	return true;
}

/* ---- listening ------------------------------------------------------------------- */

static void say_waiting(const struct verdict *v)
{
	if (!known_queues(v))
		return;
	say(v, "; ");
	if (v->k->rqueue)
		buf_u64(v->b, v->k->rqueue);
	else
		say(v, "nobody");
	if (v->k->rqueue && v->k->flags & LSSOCK_F_LIMIT) {
		say(v, " of ");
		buf_u64(v->b, v->k->wqueue);
	}
	say(v, v->k->rqueue > 1 ? " wait to be accepted" : " waits to be accepted");
}

static bool is_full(const struct verdict *v)
{
	if (!accept_queue_full(v->k))
		return false;
	say(v, "the accept queue is full (");
	buf_u64(v->b, v->k->rqueue);
	say(v, " of ");
	buf_u64(v->b, v->k->wqueue);
	say(v, "): ");
	say_app(v);
	say(v, " does not accept them as fast as they come");
	return true;
}

static bool is_listening(const struct verdict *v)
{
	if (v->k->state != LSSOCK_LISTEN)
		return false;
	if (is_full(v))
		return true;
	say(v, problem_bits(v->s, v->row) & 1u << LSSOCK_PROBLEM_DELETED ?
	    "listening for a program whose file was deleted or replaced" : "listening");
	say_waiting(v);
	if (drops_now(v))
		say_count(v, "; drops connections, so far ", drops(v), "packet");
	return true;
}

/* ---- sending --------------------------------------------------------------------- */

/* Before Linux 5.4 the window is not told, but the probes are. */
static bool is_window_closed(const struct verdict *v)
{
	uint64_t window = info(v, INFO_SND_WND, 4);
	bool probing = (v->k->flags & LSSOCK_F_TIMER) == TIMER_PROBE;

	if (window == INFO_NONE)
		return probing && v->k->retrans;
	return !window && (probing || info(v, INFO_NOTSENT, 4));
}

static bool is_shut_out(const struct verdict *v)
{
	if (!unsent(v) || !is_window_closed(v))
		return false;
	say_size(v, "the other end does not read: its window is closed, ", unsent(v));
	say(v, " wait to be sent");
	return true;
}

static bool is_retransmitting(const struct verdict *v)
{
	uint64_t timeouts = info(v, INFO_RETRANSMITS, 1), lost = info(v, INFO_LOST, 4);
	uint64_t repeated = info(v, INFO_RETRANS, 4), ack = info(v, INFO_LAST_ACK, 4);

	if (above(timeouts, 0)) {
		say_count(v, "retransmitting: ", timeouts, "timeout");
		say(v, " in a row");
		if (above(ack, 0))
			say_time(v, ", the last ack came ", ack * 1000);
		say(v, above(ack, 0) ? " ago" : "");
	} else if (above(lost, 0)) {
		say_count(v, "retransmitting: ", lost, "segment");
		say(v, lost == 1 ? " is taken for lost" : " are taken for lost");
	} else if (above(repeated, 0)) {
		say_count(v, "retransmitting: ", repeated, "segment");
		say(v, repeated == 1 ? " is on its way again" : " are on their way again");
	} else {
		return false;
	}
	return true;
}

static bool is_stuck(const struct verdict *v)
{
	if (!(problem_bits(v->s, v->row) & 1u << LSSOCK_PROBLEM_STUCK))
		return false;
	say_size(v, "the other end has acked nothing of ", unsent(v));
	say_time(v, " for ", snap_ago_us(v->s, v->t->stuck_ns));
	return true;
}

static bool is_crowded(const struct verdict *v)
{
	if (!v->t || !(v->t->problems & 1u << LSSOCK_PROBLEM_PORTS))
		return false;
	say(v, "one of so many connections that local ports to this remote run out");
	return true;
}

static bool has_retransmitted(const struct verdict *v)
{
	if (!(problem_bits(v->s, v->row) & 1u << LSSOCK_PROBLEM_RETRANS))
		return false;
	say_time(v, "segments were retransmitted ", snap_ago_us(v->s, v->t->retrans_ns));
	say(v, " ago, ");
	buf_u64(v->b, v->t->retrans);
	say(v, " in all");
	return true;
}

/* Something was there to send for long enough that its shares mean something, and that
 * is not too long ago. */
static bool has_lately_sent(const struct verdict *v)
{
	return above(info(v, INFO_BUSY, 8), S_US) &&
	       (unsent(v) || !above(tcp_idle_us(v->s, v->row), RECENT_US));
}

static bool is_held_up(const struct verdict *v)
{
	uint64_t window = info(v, INFO_RWND_LIMITED, 8),
		 buffer = info(v, INFO_SNDBUF_LIMITED, 8);
	uint64_t most = window > buffer ? window : buffer, whole;
	bool life;

	whole = sending_whole(v, &life);
	if (!has_lately_sent(v) || buffer == INFO_NONE || most > whole ||
	    percent(most, whole) < HELD_PERCENT || most < whole - info(v, INFO_BUSY, 8))
		return false;
	say(v, most == window ? "held up by the receive window of the other end" :
	    "held up by our send buffer");
	say(v, " for ");
	buf_u64(v->b, percent(most, whole));
	say(v, life ? "% of its time" : "% of the time it had to send");
	return true;
}

static bool is_sending(const struct verdict *v)
{
	uint64_t limited = info(v, INFO_APP_LIMITED, 1);

	if (!unsent(v) || limited == INFO_NONE)
		return false;
	if (limited & 1) {
		say(v, "healthy; sends as fast as ");
		say_app(v);
		say(v, " writes");
	} else {
		say_size(v, "healthy; sends as fast as the network allows, ", unsent(v));
		say(v, " are on their way or wait");
	}
	return true;
}

/* ---- closing --------------------------------------------------------------------- */

static void say_for(const struct verdict *v)
{
	bool exact;
	uint64_t since = tcp_since_us(v->s, v->row, &exact);

	if (since == INFO_NONE || since < S_US)
		say(v, " yet");
	else
		say_time(v, exact ? " for " : " for at least ", since);
}

static bool is_left(const struct verdict *v)
{
	if (v->k->state != LSSOCK_CLOSE_WAIT)
		return false;
	say(v, "the other end has closed");
	if (unread(v))
		say_size(v, "; ", unread(v));
	say(v, unread(v) ? " of what it sent is unread, and " : "; ");
	say_app(v);
	say(v, " has not closed it");
	say_for(v);
	return true;
}

static bool is_ending(const struct verdict *v)
{
	switch ((enum lssock_state)v->k->state) {
	case LSSOCK_FIN_WAIT1:
		say(v, "closed here; what was sent last is not acked yet");
		return true;
	case LSSOCK_FIN_WAIT2:
		say(v, v->k->why == LSSOCK_WHY_ORPHAN ?
		    "closed here; the other end has not closed" :
		    "closed here for sending; the other end has not closed");
		return true;
	case LSSOCK_LAST_ACK:
		say(v, "both ends have closed; the last ack has not come");
		return true;
	case LSSOCK_CLOSING:
		say(v, "both ends have closed at once; the last ack has not come");
		return true;
	default:
		return false;
	}
}

/* ---- receiving, or nothing ------------------------------------------------------- */

static bool is_unread(const struct verdict *v)
{
	uint64_t last = info(v, INFO_LAST_RECV, 4);

	if (!unread(v) || last == INFO_NONE || last < 1000)
		return false;
	say_app(v);
	say_size(v, " has not read ", unread(v));
	say_time(v, "; the last of it came ", last * 1000);
	say(v, " ago");
	return true;
}

static bool is_receiving(const struct verdict *v)
{
	if (!v->t || !(v->t->flags & LSSOCK_T_RATES) || v->t->rx < 1 || v->t->rx < v->t->tx)
		return false;
	say(v, "healthy; receives ");
	num_put_size(v->b, (uint64_t)v->t->rx);
	say(v, "/s, and ");
	say_app(v);
	say(v, " keeps up with it");
	return true;
}

/* The timer is off only if keepalive is, as nothing is to be sent. */
static bool is_idle(const struct verdict *v)
{
	uint64_t idle = tcp_idle_us(v->s, v->row);

	if (!above(idle, RECENT_US) || v->k->state != LSSOCK_ESTABLISHED)
		return false;
	if (idle >= MUTE_US && !(v->k->flags & LSSOCK_F_TIMER) && !unsent(v)) {
		say_time(v, "idle for ", idle);
		say(v, " without keepalive: nobody would notice if the other end were gone");
		return true;
	}
	say_time(v, "healthy; idle for ", idle);
	say(v, ", nothing is left to send or to read");
	return true;
}

static bool waits_for_more(const struct verdict *v)
{
	uint64_t in = info(v, INFO_RECEIVED, 8), out = info(v, INFO_ACKED, 8);

	if (tcp_idle_us(v->s, v->row) == INFO_NONE || v->k->state != LSSOCK_ESTABLISHED)
		return false;
	say(v, "healthy; mostly waiting for ");
	if (in != INFO_NONE && in > out)
		say(v, "the other end");
	else
		say_app(v);
	say(v, " to send more");
	return true;
}

/* Without tcp_info there are only the queues, whose units differ (kernel's truesize). */
static bool is_connected(const struct verdict *v)
{
	bool tcp = v->k->proto == LSSOCK_TCP;

	if (!row_has_peer(v->k))
		return false;
	say(v, "connected");
	if (known_queues(v) && !unread(v) && !unsent(v))
		say(v, "; nothing waits to be read or sent");
	if (unread(v)) {
		say_size(v, "; ", unread(v));
		say(v, tcp || v->k->proto == LSSOCK_UNIX ? " unread" : " of memory unread");
	}
	if (unsent(v)) {
		say_size(v, "; ", unsent(v));
		say(v, tcp ? "" : " of memory");
		say(v, " not taken by the other end yet");
	}
	return true;
}

/* ---- other kinds ----------------------------------------------------------------- */

static void say_drops(const struct verdict *v)
{
	uint64_t n = drops(v);

	if (n == INFO_NONE)
		return;
	if (drops_now(v))
		say_count(v, "; drops packets, so far ", n, "packet");
	else if (n)
		say_count(v, "; has dropped ", n, "packet");
	else
		say(v, "; no packet was dropped");
}

static bool is_datagram(const struct verdict *v)
{
	bool udp = v->k->proto == LSSOCK_UDP || v->k->proto == LSSOCK_UDPLITE;

	if (!(udp || v->k->proto == LSSOCK_RAW || v->k->proto == LSSOCK_ICMP) || !v->k->state)
		return false;
	if (v->k->state == LSSOCK_ESTABLISHED)
		say(v, "exchanges packets with one other end");
	else
		say(v, udp ? "takes packets of anybody" : "takes packets of its protocol");
	if (udp)
		say(v, " (the kernel counts no bytes)");
	if (unread(v))
		say_size(v, "; ", unread(v));
	if (unread(v))
		say(v, " of memory are unread");
	say_drops(v);
	return true;
}

static bool is_unix(const struct verdict *v)
{
	if (v->k->proto != LSSOCK_UNIX || v->k->state != LSSOCK_UNCONNECTED || !v->k->name)
		return false;
	if (v->k->type == SOCK_DGRAM)
		say(v, "takes packets of everybody who may write to its name");
	else
		say(v, "has a name, but is neither listening nor connected");
	say(v, unread(v) ? "; something is unread" : "");
	return true;
}

static bool is_other(const struct verdict *v)
{
	switch ((enum lssock_proto)v->k->proto) {
	case LSSOCK_NETLINK:
		say(v, v->k->local.w[0] ? "takes what the kernel sends to it" :
		    "the kernel's own end");
		break;
	case LSSOCK_PACKET:
		say(v, v->k->local.w[0] ? "sees packets of the device" :
		    "sees no packets before it is bound");
		break;
	case LSSOCK_XDP:
		say(v, "takes packets off a queue of the device");
		break;
	case LSSOCK_TIPC:
		say(v, "a socket of TIPC; the kernel tells no more");
		break;
	default:
		return false;
	}
	say_drops(v);
	return true;
}

/* What is left has neither another end nor waits for one. */
static bool is_nothing(const struct verdict *v)
{
	switch ((enum lssock_state)v->k->state) {
	case LSSOCK_BOUND:
		say(v, "bound, but neither listening nor connected");
		break;
	case LSSOCK_CLOSE:
		say(v, "closed, but a descriptor is still open");
		break;
	case LSSOCK_STATE_NONE:
		say(v, "in no table of the kernel; only a descriptor shows it");
		break;
	default:
		say(v, "neither listening nor connected");
	}
	return true;
}

void verdict_put(const struct lssock_snap *s, uint32_t row, struct buf *b)
{
	static rule *const rules[] = {
		is_closed, is_remembered, is_asking, is_half_open, is_listening, is_datagram,
		is_unix, is_other, waits_for_accept, is_shut_out, is_retransmitting, is_stuck,
		is_left, is_ending, is_unread, is_crowded, has_retransmitted, is_held_up,
		is_sending, is_receiving, is_idle, waits_for_more, is_connected, is_nothing,
	};
	const struct verdict v = { .s = s, .row = row, .k = snap_row(s, row),
				   .t = field_track(s, row), .b = b };
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(*rules) && !rules[i](&v); i++)
		;
}

/* ---- limits ---------------------------------------------------------------------- */

static void say_share(const struct verdict *v, const char *what, uint64_t part, uint64_t whole)
{
	if (!percent(part, whole))
		return;
	if (v->b->len)
		say(v, ", ");
	say(v, what);
	say(v, " ");
	buf_u64(v->b, percent(part, whole));
	say(v, "%");
}

void verdict_limits(const struct lssock_snap *s, uint32_t row, struct buf *b)
{
	const struct verdict v = { .s = s, .row = row, .k = snap_row(s, row),
				   .t = field_track(s, row), .b = b };
	uint64_t busy = info(&v, INFO_BUSY, 8), whole;
	uint64_t window = info(&v, INFO_RWND_LIMITED, 8);
	uint64_t buffer = info(&v, INFO_SNDBUF_LIMITED, 8);
	bool life;

	whole = sending_whole(&v, &life);
	if (busy == INFO_NONE || window == INFO_NONE || buffer == INFO_NONE)
		return;
	if (!whole || window > busy || buffer > busy - window)
		return;
	say_share(&v, "app", whole - busy, whole);
	say_share(&v, "receiver window", window, whole);
	say_share(&v, "our send buffer", buffer, whole);
	say_share(&v, "network", busy - window - buffer, whole);
	if (!life)
		say(&v, " of the time it had to send");
}
