/* SPDX-License-Identifier: MIT */
/*
 * Question -> plan: which tables, states, attributes and facts answer it, and
 * no more; which rows it selects before the filter speaks. How the plan is told
 * to people is in explain.c.
 */
#include <errno.h>
#include <linux/inet_diag.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "query/plan.h"
#include "wire/diag.h"

#define ALL_STATES ((1u << LSSOCK_N_STATE) - 2)
#define HIDDEN (1u << LSSOCK_TIME_WAIT | 1u << LSSOCK_CLOSE)
#define LINGER_NS 10000000000ull
#define PROTOS_STREAM (1u << LSSOCK_TCP | 1u << LSSOCK_MPTCP | 1u << LSSOCK_SCTP | \
		       1u << LSSOCK_DCCP)
#define PROTOS_UDP (1u << LSSOCK_UDP | 1u << LSSOCK_UDPLITE)
#define NEEDS_OF_OWNERS (NEED_OWNERS | NEED_DETAILS | NEED_WHY)
#define PROTOS_AUDIT (LSSOCK_PROTOS_INET | 1u << LSSOCK_UNIX | 1u << LSSOCK_PACKET | \
		      1u << LSSOCK_VSOCK | 1u << LSSOCK_XDP | 1u << LSSOCK_TIPC)
#define NEEDS_AUDIT_ONLY (NEED_LISTEN_COUNTERS | NEED_EXE_FILE | NEED_UNITS | NEED_NAT)
#define NEEDS_AUDIT (NEED_OWNERS | NEED_WHY | NEED_DETAILS | NEED_FILE | NEED_NETNS | \
		     NEED_IFACE | NEED_ADDRS | NEED_USERS | NEED_AUTOBOUND | NEED_PORTRANGE | \
		     NEEDS_AUDIT_ONLY)
#define NEEDS_METRICS (NEED_PROC | NEED_FDS | NEED_FILE | NEED_VIA | NEED_IFACE | NEED_ADDRS | \
		       NEED_AUTOBOUND | NEED_PORTRANGE)
#define NEEDS_ALL (NEED_OWNERS | NEED_DETAILS | NEED_FILE | NEED_VIA | NEED_PEER | \
		   NEED_NETNS | NEED_IFACE | NEED_ADDRS | NEED_USERS | NEED_AUTOBOUND | \
		   NEED_CLIENTS | NEED_WHY | NEED_PORTRANGE | NEED_CGROUP | NEED_COUNTERS | \
		   NEED_STATE)

int plan_fail(struct lssock_err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -EINVAL;
	err->code = -EINVAL;
	err->pos = -1;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int plan_no_memory(struct lssock_err *err)
{
	plan_fail(err, "out of memory");
	if (err)
		err->code = -ENOMEM;
	return -ENOMEM;
}

/* ---- which rows ----------------------------------------------------------- */

static bool in_family(const struct lssock_query *q, const struct lssock_sock *k)
{
	if (!(1u << k->proto & LSSOCK_PROTOS_INET) || !k->family)
		return true;
	return q->families & (k->family == AF_INET ? 1 : k->family == AF_INET6 ? 2 : 3);
}

/* An audit's rows are what takes from anybody: also what listens in without a port. */
static enum tri audited(const struct lssock_snap *s, uint32_t row)
{
	const struct lssock_sock *k = snap_row(s, row);

	if (k->proto == LSSOCK_RAW && k->state)
		return TRI_YES;
	return filter_listens(s, row);
}

/* Everything but what is hidden by default. */
static enum tri inside(const struct lssock_query *q, const struct lssock_snap *s, uint32_t row)
{
	const struct lssock_sock *k = snap_row(s, row);

	if (!(q->protos & 1u << k->proto) || !in_family(q, k))
		return TRI_NO;
	if (field_is_closed(s, row) && !(q->flags & LSSOCK_Q_CLOSED) && !q->filter->closed)
		return TRI_NO;
	if (q->flags & LSSOCK_Q_BOUND_ONLY && k->state != LSSOCK_BOUND)
		return k->state ? TRI_NO : TRI_UNKNOWN;
	if (q->flags & LSSOCK_Q_AUDIT)
		return audited(s, row);
	return q->flags & LSSOCK_Q_LISTEN ? filter_listens(s, row) : TRI_YES;
}

/* A watch has looked already, and attributes of many rows are far apart. */
static bool is_subflow(const struct lssock_snap *s, uint32_t row)
{
	const struct lssock_track *t = field_track(s, row);
	size_t len = 0;
	const void *ulp;

	if (t)
		return t->flags & LSSOCK_T_SUBFLOW;
	ulp = snap_attr(s, snap_row(s, row), INET_DIAG_ULP_INFO, &len);
	return ulp && diag_is_subflow(ulp, len);
}

/* Known by an fd alone, so bound to nothing; or a unix socket of no name that
 * talks to nobody. */
static bool is_unbound(const struct lssock_sock *k)
{
	if ((k->flags & LSSOCK_F_SOURCE) == LSSOCK_SRC_FD)
		return 1u << k->proto & LSSOCK_PROTOS_INET;
	if (k->state != LSSOCK_UNCONNECTED)
		return false;
	if (k->proto == LSSOCK_UNIX)
		return !k->name;
	return 1u << k->proto & PROTOS_UDP && !k->lport;
}

/* Time-wait that ends a connection which a watch has seen stays a while. */
static bool lingers(const struct lssock_snap *s, uint32_t row)
{
	const struct lssock_track *t = field_track(s, row);

	return t && snap_row(s, row)->state == LSSOCK_TIME_WAIT && t->was &&
	       t->changed_ns + LINGER_NS > s->meta.now_ns;
}

static bool is_hidden(const struct lssock_query *q, const struct lssock_snap *s, uint32_t row)
{
	const struct lssock_sock *k = snap_row(s, row);
	bool closed = field_is_closed(s, row);	/* in whatever state */

	if (q->hidden_states & 1u << k->state && !closed)
		return !lingers(s, row);
	if (q->flags & LSSOCK_Q_ALL)
		return false;
	if (k->proto == LSSOCK_TCP && k->attrs && q->protos & 1u << LSSOCK_MPTCP &&
	    !(q->protos_asked & 1u << LSSOCK_TCP))
		return is_subflow(s, row);
	return !closed && is_unbound(k) && q->hidden_states;
}

enum tri query_selects(const struct lssock_query *q, const struct lssock_snap *s, uint32_t row)
{
	enum tri t = inside(q, s, row);

	return t != TRI_NO && is_hidden(q, s, row) ? TRI_NO : t;
}

bool query_hides(const struct lssock_query *q, const struct lssock_snap *s, uint32_t row)
{
	return inside(q, s, row) == TRI_YES && is_hidden(q, s, row);
}

enum tri query_row(const struct lssock_query *q, const struct lssock_snap *s, uint32_t row)
{
	enum tri t = query_selects(q, s, row);

	return t == TRI_NO ? t : tri_and(t, filter_row(q->filter, s, row));
}

/* ---- selection -------------------------------------------------------------- */

#define COUNTS (LSSOCK_Q_SUMMARY | LSSOCK_Q_NETNS_LIST | LSSOCK_Q_METRICS)
#define WHOLE (LSSOCK_Q_FULLEST | LSSOCK_Q_STORY | COUNTS)

static void set_protos(struct lssock_query *q, const struct lssock_question *ask)
{
	q->protos = ask->protos & LSSOCK_PROTOS_ALL;
	q->protos_asked = q->protos;
	/* A whole family was chosen, not each of its members. */
	if ((q->protos & LSSOCK_PROTOS_INET) == LSSOCK_PROTOS_INET)
		q->protos_asked &= ~LSSOCK_PROTOS_INET;
	if (q->protos == LSSOCK_PROTOS_ALL)
		q->protos_asked = 0;
	if (q->protos)
		return;
	q->protos = LSSOCK_PROTOS_INET | q->filter->protos_named;
	if (ask->flags & (LSSOCK_Q_FULLEST | COUNTS) && !(ask->flags & LSSOCK_Q_AUDIT))
		q->protos = LSSOCK_PROTOS_ALL;
	if (ask->flags & LSSOCK_Q_AUDIT)
		q->protos |= PROTOS_AUDIT;
	if (ask->flags & LSSOCK_Q_MAP)
		q->protos |= 1u << LSSOCK_UNIX;
}

static void set_hidden(struct lssock_query *q)
{
	if (!(q->flags & (LSSOCK_Q_ALL | WHOLE)))
		q->hidden_states = HIDDEN & ~q->filter->states_named;
}

/* Of what listens, as -l and an audit mean it. */
static uint32_t listen_states(unsigned proto)
{
	if (1u << proto & (PROTOS_STREAM | 1u << LSSOCK_VSOCK | 1u << LSSOCK_TIPC))
		return 1u << LSSOCK_LISTEN;
	if (1u << proto & (PROTOS_UDP | 1u << LSSOCK_RAW | 1u << LSSOCK_ICMP))
		return 1u << LSSOCK_UNCONNECTED;
	return 1u << LSSOCK_LISTEN | 1u << LSSOCK_UNCONNECTED;
}

/* ---- namespaces ------------------------------------------------------------- */

static int set_netns(struct plan *p, const struct lssock_query *q, const char *spec,
		     struct lssock_err *err)
{
	size_t len = spec ? strlen(spec) : 0;

	p->ns_which = NS_OWN;
	if (!spec) {
		if (q->filter->names_netns || q->flags & (LSSOCK_Q_FULLEST | LSSOCK_Q_STORY |
							  LSSOCK_Q_NETNS_LIST | LSSOCK_Q_AUDIT))
			p->ns_which = NS_ALL;
	} else if (!len) {
		return plan_fail(err,
				 "a namespace is missing: name, pid, path, inode, or `all`");
	} else if (len > 4096) {
		return plan_fail(err, "the name of the namespace is too long");
	} else if (!strcmp(spec, "all")) {
		p->ns_which = NS_ALL;
	} else {
		p->ns_which = NS_ONE;
		p->ns_one = mem_alloc(len + 1);
		if (!p->ns_one)
			return plan_no_memory(err);
		memcpy(p->ns_one, spec, len);
	}
	p->deep = p->ns_which == NS_ALL;
	return 0;
}

/* ---- needs ------------------------------------------------------------------ */

static void need_shown(struct lssock_query *q, uint32_t *needs, uint32_t keep[DIAG_N_CLASS])
{
	uint32_t i;

	for (i = 0; i < q->columns.n; i++)
		filter_add_needs(q->columns.v[i], needs, keep);
	for (i = 0; i < q->sort.n; i++)
		filter_add_needs(q->sort.v[i].field, needs, keep);
	for (i = 0; i < q->groups.n; i++)
		filter_add_needs(q->groups.v[i], needs, keep);
	if (*needs & NEED_OWNERS)
		*needs |= NEED_WHY;
	if (!(q->protos & 1u << LSSOCK_UNIX))
		*needs &= ~(uint32_t)(NEED_FILE | NEED_UNIX_PEER);
	/* A path is looked at in the root of the process that bound it. */
	if (*needs & NEED_FILE)
		*needs |= NEED_OWNERS | NEED_VIA;
}

static uint32_t needs_of_kind(uint32_t flags)
{
	uint32_t needs = flags & (LSSOCK_Q_FULLEST | LSSOCK_Q_STORY) ? NEEDS_ALL : 0;

	if (flags & LSSOCK_Q_FULLEST)
		needs |= NEEDS_AUDIT_ONLY;
	if (flags & COUNTS)
		needs |= NEED_COUNTERS | NEED_LISTEN_COUNTERS | NEED_NETNS | NEED_OWNERS |
			 NEED_WHY;
	if (flags & LSSOCK_Q_SUMMARY)
		needs |= NEED_PORTRANGE;
	if (flags & LSSOCK_Q_NETNS_LIST)
		needs |= NEED_IFACE | NEED_ADDRS;
	if (flags & LSSOCK_Q_METRICS)
		needs |= NEEDS_METRICS;
	if (flags & (LSSOCK_Q_MAP | LSSOCK_Q_ACT))
		needs |= NEED_OWNERS | NEED_WHY | NEED_VIA;
	if (flags & LSSOCK_Q_MAP)
		needs |= NEED_PEER | NEED_PROC | NEED_UNIT;
	if (flags & LSSOCK_Q_AUDIT)
		needs |= NEEDS_AUDIT;
	if (flags & LSSOCK_Q_FOOTER)
		needs |= NEED_NETNS | NEED_COUNTERS;
	return needs;
}

/* Columns of a table that have names in place of numbers. */
static bool shows_ends(const struct lssock_query *q)
{
	bool any = false;
	uint32_t i;

	if (q->layout != LSSOCK_LAYOUT_TABLE)
		return false;
	for (i = 0; i < q->columns.n && !q->groups.n; i++)
		any |= q->columns.v[i]->type == FT_END;
	for (i = 0; i < q->groups.n; i++)
		any |= q->groups.v[i]->type == FT_END;
	return any;
}

static void set_needs(struct lssock_query *q)
{
	struct plan *p = &q->plan;
	uint32_t *keep = p->keep;
	bool only_count = q->flags & (LSSOCK_Q_EXISTS | COUNTS);
	unsigned c;

	if (!only_count)
		need_shown(q, &p->needs, keep);
	p->needs |= needs_of_kind(q->flags);
	if (q->flags & LSSOCK_Q_NAMES &&
	    (q->flags & (LSSOCK_Q_FULLEST | LSSOCK_Q_STORY) || (!only_count && shows_ends(q))))
		p->needs |= NEED_HOSTS | NEED_SERVICES;
	if (q->flags & LSSOCK_Q_NO_OWNERS)
		p->needs &= ~(uint32_t)NEEDS_OF_OWNERS;
	p->needs |= q->filter->needs;
	for (c = 0; c < DIAG_N_CLASS; c++) {
		keep[c] |= q->filter->keep[c];
		if (q->flags & LSSOCK_Q_FULLEST)
			keep[c] = UINT32_MAX;
	}
	/* Rates, counters and problems are made of these. */
	if (q->flags & FILTER_WATCHES)
		keep[DIAG_INET] |= 1u << INET_DIAG_INFO | 1u << INET_DIAG_SKMEMINFO;
	/* Keys of TCP-MD5 are nobody's business. */
	keep[DIAG_INET] &= ~(1u << INET_DIAG_MD5SIG);
	if (p->needs & NEED_UNITS)
		keep[DIAG_INET] |= 1u << INET_DIAG_CGROUP_ID;
	if (q->flags & LSSOCK_Q_LISTEN && q->protos & PROTOS_UDP)
		p->needs |= NEED_AUTOBOUND | NEED_PORTRANGE;
	if (q->protos & 1u << LSSOCK_MPTCP && q->protos & 1u << LSSOCK_TCP &&
	    !(q->protos_asked & 1u << LSSOCK_TCP) && !(q->flags & LSSOCK_Q_ALL) &&
	    !(keep[DIAG_INET] & 1u << INET_DIAG_ULP_INFO)) {
		keep[DIAG_INET] |= 1u << INET_DIAG_ULP_INFO;
		p->subflows_only = true;
	}
}

/* ---- tables ----------------------------------------------------------------- */

static uint32_t any_ifindex(void *ctx, const char *name, size_t len)
{
	(void)ctx;
	(void)name;
	(void)len;
	return 1;
}

static uint64_t any_cgroup(void *ctx, const char *path, size_t len)
{
	(void)ctx;
	(void)path;
	(void)len;
	return 1;
}

/* Whether a collector that knows every name would have a program. */
static int has_program(const struct filter *f, uint8_t proto, bool *ret)
{
	const struct push_env env = { .mark = true, .ifindex = any_ifindex,
				      .cgroup_id = any_cgroup };
	struct buf code = { 0 };
	int r = push_filter(f, proto, &env, &code);

	*ret = code.len > 0;
	buf_release(&code);
	return r;
}

static uint32_t states_wanted(const struct lssock_query *q, unsigned proto)
{
	uint32_t states = ALL_STATES;

	if (q->flags & LSSOCK_Q_METRICS)	/* -l is what is judged, not what is counted */
		return push_states(q->filter, (uint8_t)proto);
	if (q->flags & LSSOCK_Q_LISTEN)
		states = listen_states(proto);
	else if (q->flags & LSSOCK_Q_AUDIT)
		states = proto == LSSOCK_RAW ? ALL_STATES : listen_states(proto);
	else if (q->flags & LSSOCK_Q_BOUND_ONLY)
		states = 1u << LSSOCK_BOUND;
	else
		states &= ~q->hidden_states;
	states &= push_states(q->filter, (uint8_t)proto);
	/* A socket that only changed its state must not seem closed. */
	if (states && q->flags & FILTER_WATCHES && !(q->flags & LSSOCK_Q_LISTEN))
		states = ALL_STATES & ~(q->hidden_states & ~(1u << LSSOCK_TIME_WAIT));
	return states;
}

/* Rows of others, or of the same table in other states, decide a field. */
#define NEEDS_MIRROR (NEED_PEER | NEED_CLIENTS)

static bool counts_ports(const struct lssock_query *q)
{
	return q->plan.needs & NEED_PORT_USE || q->flags & LSSOCK_Q_AUDIT;
}

static int plan_table(struct lssock_query *q, unsigned proto)
{
	struct plan *p = &q->plan;
	uint32_t bit = 1u << proto, states = states_wanted(q, proto);
	int r = has_program(q->filter, (uint8_t)proto, &p->push[proto]);

	if (r < 0)
		return r;
	if (q->flags & LSSOCK_Q_ACT) {	/* all that owners hold is counted */
		p->push[proto] = false;
		states |= ALL_STATES & ~HIDDEN;
	}
	if (!states) {			/* nothing can match there */
		p->push[proto] = false;
		return 0;
	}
	p->protos |= bit;
	/* Connections take ports, whatever the filter selects. */
	if (counts_ports(q) && proto == LSSOCK_TCP) {
		p->push[proto] = false;
		states |= ALL_STATES & ~(1u << LSSOCK_CLOSE);
	}
	if (p->needs & NEEDS_MIRROR || (proto == LSSOCK_UNIX && p->needs & NEED_UNIX_PEER)) {
		p->push[proto] = false;
		states |= ALL_STATES & ~HIDDEN;
	}
	if (p->needs & NEED_VIA &&
	    bit & (PROTOS_STREAM | 1u << LSSOCK_UNIX | 1u << LSSOCK_VSOCK)) {
		if (p->push[proto])
			p->extra_listen |= bit;
		else
			states |= 1u << LSSOCK_LISTEN;
	}
	p->states[proto] = states;
	p->stated |= p->push[proto] || states != ALL_STATES;
	return 0;
}

int plan_make(struct lssock_query *q, const struct lssock_question *ask, struct lssock_err *err)
{
	struct plan *p = &q->plan;
	unsigned proto;
	int r = set_netns(p, q, ask->netns, err);
	uint32_t protos = q->protos;

	if (r < 0)
		return r;
	set_needs(q);
	/* Another namespace's end is known by the addresses configured there. */
	if (p->needs & NEED_PEER && p->ns_which != NS_OWN)
		p->needs |= NEED_ADDRS;
	p->families = q->families;
	/* A v6 listener takes v4 connections; the other end may be v4-mapped. */
	if (p->needs & (NEED_VIA | NEED_PEER | NEED_CLIENTS) || counts_ports(q))
		p->families = 3;
	if (q->flags & LSSOCK_Q_ACT)
		protos |= LSSOCK_PROTOS_INET | 1u << LSSOCK_UNIX;
	for (proto = 1; proto < LSSOCK_N_PROTO; proto++) {
		if (!(protos & 1u << proto))
			continue;
		r = plan_table(q, proto);
		if (r < 0)
			return plan_no_memory(err);
	}
	return 0;
}

void plan_listen_only(struct lssock_query *q)
{
	struct plan *p = &q->plan;
	uint32_t listen = listen_states(LSSOCK_TCP);

	if (!(p->states[LSSOCK_TCP] & ~listen))
		return;
	p->states[LSSOCK_TCP] = listen;
	p->stated = true;
}

void plan_release(struct plan *p)
{
	mem_free(p->ns_one);
	p->ns_one = NULL;
}

/* ---- public ----------------------------------------------------------------- */

static int fill(struct lssock_query *q, const struct lssock_question *ask,
		struct lssock_err *err)
{
	int r = filter_new(ask->filter, ask->flags, &q->filter, err);

	if (r == 0 && ask->flags & LSSOCK_Q_ACT &&
	    q->filter->nodes.v[q->filter->root].kind == NODE_ALL)
		r = plan_fail(err, "the filter lets everything through");
	q->flags = ask->flags;
	q->families = ask->families & 3 ? ask->families & 3 : 3;
	q->width = ask->width;
	q->layout = ask->layout;
	q->limit = ask->limit;
	if (r == 0)
		r = plan_lists(q, ask, err);
	if (r < 0)
		return r;
	set_protos(q, ask);
	set_hidden(q);
	return plan_make(q, ask, err);
}

int lssock_query_new(const struct lssock_question *ask, struct lssock_query **ret,
		     struct lssock_err *err)
{
	struct lssock_question known = { 0 };
	struct lssock_query *q;
	int r;

	/* A caller of another version has a shorter or a longer struct. */
	if (!ask || ask->size < sizeof(ask->size))
		return plan_fail(err, "the question has no size");
	memcpy(&known, ask, ask->size < sizeof(known) ? ask->size : sizeof(known));
	q = mem_alloc(sizeof(*q));
	if (!q)
		return plan_no_memory(err);
	r = fill(q, &known, err);
	if (r < 0)
		lssock_query_free(q);
	else
		*ret = q;
	return r;
}

void lssock_query_free(struct lssock_query *q)
{
	if (!q)
		return;
	filter_free(q->filter);
	plan_release(&q->plan);
	vec_release(&q->columns);
	vec_release(&q->sort);
	vec_release(&q->groups);
	mem_free(q);
}
