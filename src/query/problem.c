/* SPDX-License-Identifier: MIT */
/*
 * The rules by which a socket has a problem, for the rows of a watch. They only read
 * what is there: a number that was not asked for, or that this kernel does not give,
 * never makes a problem. How it is told in words is in verdict.c.
 */
#include <errno.h>
#include <linux/inet_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "query/ports.h"
#include "query/problem.h"

#define S_US 1000000ull
#define CLOSE_WAIT_US (60 * S_US)
#define RECENT_US (10 * S_US)
#define STUCK_US (30 * S_US)
#define SYN_SENT_US (3 * S_US)
#define REMOTE_PORTS 65536
#define PORTS_PERCENT 80

#define BIT(problem) ((uint16_t)(1u << (problem)))

const char *lssock_problem_name(enum lssock_problem p)
{
	static const char *const names[LSSOCK_N_PROBLEM] = {
		[LSSOCK_PROBLEM_CLOSE_WAIT] = "close-wait",
		[LSSOCK_PROBLEM_BACKLOG] = "backlog",
		[LSSOCK_PROBLEM_RETRANS] = "retrans", [LSSOCK_PROBLEM_STUCK] = "stuck",
		[LSSOCK_PROBLEM_SYN_SENT] = "syn-sent", [LSSOCK_PROBLEM_PORTS] = "ports",
		[LSSOCK_PROBLEM_DELETED] = "deleted",
	};

	return (unsigned)p < LSSOCK_N_PROBLEM ? names[p] : NULL;
}

/* ---- what rows say ------------------------------------------------------------- */

uint64_t tcp_info_at(const struct lssock_snap *s, uint32_t row, enum tcp_info_at at,
		     unsigned size)
{
	const struct lssock_sock *k = snap_row(s, row);
	const unsigned char *p = NULL;
	size_t len = 0;
	uint64_t u64;
	uint32_t u32;

	if (k->proto == LSSOCK_TCP && k->state != LSSOCK_LISTEN)
		p = snap_attr(s, k, INET_DIAG_INFO, &len);
	if (!p || len < (size_t)at + size)
		return INFO_NONE;
	if (size == 1)
		return p[at];
	if (size == 8) {
		memcpy(&u64, p + at, sizeof(u64));
		return u64;
	}
	memcpy(&u32, p + at, sizeof(u32));
	return u32;
}

static uint64_t info_ms(const struct lssock_snap *s, uint32_t row, enum tcp_info_at at)
{
	uint64_t ms = tcp_info_at(s, row, at, 4);

	return ms == INFO_NONE ? ms : ms * 1000;
}

uint64_t tcp_idle_us(const struct lssock_snap *s, uint32_t row)
{
	uint64_t sent = info_ms(s, row, INFO_LAST_SENT);
	uint64_t received = info_ms(s, row, INFO_LAST_RECV);

	return sent < received ? sent : received;
}

uint64_t snap_ago_us(const struct lssock_snap *s, uint64_t then_ns)
{
	return s->meta.now_ns > then_ns ? (s->meta.now_ns - then_ns) / 1000 : 0;
}

/* The FIN of the other end came with an ack, so the last ack is no older than it. */
uint64_t tcp_since_us(const struct lssock_snap *s, uint32_t row, bool *ret_exact)
{
	const struct lssock_track *t = field_track(s, row);
	bool half = snap_row(s, row)->state == LSSOCK_CLOSE_WAIT;
	uint64_t ack = half ? info_ms(s, row, INFO_LAST_ACK) : INFO_NONE, seen = 0;

	*ret_exact = t && (t->changed_ns || (t->first_ns && !(t->flags & LSSOCK_T_OLDER)));
	if (t)
		seen = snap_ago_us(s, t->changed_ns ? t->changed_ns : t->first_ns);
	if (*ret_exact)
		return seen;
	if (ack != INFO_NONE)
		return ack > seen ? ack : seen;
	return t && t->first_ns ? seen : INFO_NONE;
}

/* As the kernel counts (sk_acceptq_is_full): one more than the limit gets in. */
bool accept_queue_full(const struct lssock_sock *k)
{
	return k->state == LSSOCK_LISTEN && k->flags & LSSOCK_F_QUEUES &&
	       k->flags & LSSOCK_F_LIMIT && k->rqueue > k->wqueue;
}

static bool recently(const struct lssock_snap *s, uint64_t then_ns)
{
	return then_ns && snap_ago_us(s, then_ns) < RECENT_US;
}

/* ---- rules for one row ----------------------------------------------------------- */

/* One that still sends is half-closed on purpose. */
static bool is_left_open(const struct lssock_snap *s, uint32_t row)
{
	uint64_t idle = tcp_idle_us(s, row), since;
	bool exact;

	if (idle == INFO_NONE || idle <= CLOSE_WAIT_US)
		return false;
	since = tcp_since_us(s, row, &exact);
	return since != INFO_NONE && since > CLOSE_WAIT_US;
}

/* TCP drops duplicates and probes all the time: only what a listener drops is lost. */
static bool is_overrun(const struct lssock_snap *s, const struct lssock_sock *k,
		       const struct lssock_track *t)
{
	bool counts = k->state == LSSOCK_LISTEN || k->proto != LSSOCK_TCP;

	return accept_queue_full(k) || (t && counts && recently(s, t->drops_ns));
}

/* Without a watch the timeouts tell: the third comes after three seconds. */
static bool is_unanswered(const struct lssock_snap *s, uint32_t row)
{
	bool exact;
	uint64_t since = tcp_since_us(s, row, &exact);

	return snap_row(s, row)->retrans >= 3 || (since != INFO_NONE && since > SYN_SENT_US);
}

static bool is_deleted(const struct lssock_snap *s, const struct lssock_sock *k)
{
	const uint16_t want = LSSOCK_P_DETAILS | LSSOCK_P_EXE_DELETED;
	uint32_t o = field_listens(k) ? field_owner(s, k) : 0, proc;

	for (; o && o < s->owners.n && s->owners.v[o].how == LSSOCK_HOW_FD;
	     o = s->owners.v[o].next) {
		proc = s->owners.v[o].proc;
		if (proc && proc < s->procs.n && (s->procs.v[proc].flags & want) == want)
			return true;
	}
	return false;
}

uint16_t problem_bits(const struct lssock_snap *s, uint32_t row)
{
	const struct lssock_sock *k = snap_row(s, row);
	const struct lssock_track *t = field_track(s, row);
	uint16_t bits = 0;

	if (field_is_closed(s, row))
		return 0;
	if (k->proto == LSSOCK_TCP && k->state == LSSOCK_CLOSE_WAIT && is_left_open(s, row))
		bits |= BIT(LSSOCK_PROBLEM_CLOSE_WAIT);
	if (k->proto == LSSOCK_TCP && k->state == LSSOCK_SYN_SENT && is_unanswered(s, row))
		bits |= BIT(LSSOCK_PROBLEM_SYN_SENT);
	if (is_overrun(s, k, t))
		bits |= BIT(LSSOCK_PROBLEM_BACKLOG);
	if (t && recently(s, t->retrans_ns))
		bits |= BIT(LSSOCK_PROBLEM_RETRANS);
	if (t && t->stuck_ns && snap_ago_us(s, t->stuck_ns) >= STUCK_US)
		bits |= BIT(LSSOCK_PROBLEM_STUCK);
	if (is_deleted(s, k))
		bits |= BIT(LSSOCK_PROBLEM_DELETED);
	return bits;
}

/* ---- ephemeral ports ---------------------------------------------------------------- */

static uint32_t most_ports(const struct lssock_snap *s, uint16_t ns)
{
	return ports_range(s, ns) * PORTS_PERCENT / 100;
}

/* Nobody can have used up the ports to a remote if all connections of its namespace to
 * that port, wherever, are fewer; others may be counted there as well. */
static bool may_run_out(const struct lssock_snap *s)
{
	uint32_t *counts = mem_alloc(REMOTE_PORTS * sizeof(*counts)), i, least = UINT32_MAX;
	bool ret = !counts;

	for (i = 0; i < s->ns.n; i++)
		if (s->ns.v[i].port_hi && most_ports(s, (uint16_t)i) < least)
			least = most_ports(s, (uint16_t)i);
	for (i = 0; counts && i < s->socks.n && !field_is_closed(s, i); i++) {
		const struct lssock_sock *k = snap_row(s, i);

		if (ports_takes_one(s, k))
			ret |= ++counts[(k->ns * 40503u + k->rport) % REMOTE_PORTS] > least;
	}
	mem_free(counts);
	return ret;
}

static void problem_ports(struct lssock_snap *s)
{
	uint32_t *ports = ports_by_row(s), i;

	for (i = 0; ports && i < s->there; i++)
		if (ports[i] && ports[i] > most_ports(s, snap_row(s, i)->ns))
			s->tracks.v[i].problems |= BIT(LSSOCK_PROBLEM_PORTS);
	mem_free(ports);
}

struct telling {
	const struct lssock_snap *s;
	void (*tell)(void *ctx, const struct ports_used *p);
	void *ctx;
};

static void tell_if_most(void *ctx, uint32_t row, uint32_t ports)
{
	const struct telling *t = ctx;
	uint16_t ns = snap_row(t->s, row)->ns;

	if (ports > most_ports(t->s, ns))
		t->tell(t->ctx, &(struct ports_used){ row, ports, ports_range(t->s, ns) });
}

int problem_ports_used(const struct lssock_snap *s,
		       void (*tell)(void *ctx, const struct ports_used *p), void *ctx)
{
	struct telling t = { s, tell, ctx };

	return may_run_out(s) ? ports_each_remote(s, tell_if_most, &t) : 0;
}

void problem_all(struct lssock_snap *s)
{
	uint32_t i;

	for (i = 0; i < s->tracks.n; i++)
		s->tracks.v[i].problems = problem_bits(s, i);
	if (s->tracks.n && may_run_out(s))
		problem_ports(s);
}
