/* SPDX-License-Identifier: MIT */
/*
 * Checks of who can reach a service and who answers there: services meant for this
 * machine alone, an open IPv6 side, low ports of ordinary users, ports that several
 * programs share.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "audit/check.h"
#include "model/addr.h"
#include "query/getters.h"

#define UID_MIN 1000			/* login.defs */
#define UID_DYNAMIC_MIN 61184		/* systemd gives them to services (DynamicUser=) */
#define UID_DYNAMIC_MAX 65519
#define LOW_PORTS 1024

/* ---- how far ------------------------------------------------------------------------- */

enum reach { REACH_HERE, REACH_LINK, REACH_LAN, REACH_PUBLIC, REACH_ALL, REACH_UNKNOWN };

static enum reach reach_of_addr(const struct lssock_addr *a)
{
	switch (addr_class(a)) {
	case ADDR_LOOPBACK:
		return REACH_HERE;
	case ADDR_LINK:
		return REACH_LINK;
	case ADDR_PRIVATE:
		return REACH_LAN;
	case ADDR_GLOBAL:
		return REACH_PUBLIC;
	case ADDR_ANY: case ADDR_MULTICAST:
		break;
	}
	return REACH_ALL;
}

static enum reach reach_of_row(const struct judge *j, uint32_t row)
{
	static const char *const words[] = { "local", "link", "lan", "public", "all" };
	const char *scope = service_scope(j->s, row);

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(scope, words[i]))
			return (enum reach)i;
	return REACH_UNKNOWN;
}

/* "All" of another namespace is what its addresses are, a container's mostly a private
 * one of a bridge. Without any that is known it stays what it is. */
static enum reach reach_in_ns(const struct judge *j, uint16_t ns)
{
	enum reach widest = REACH_UNKNOWN, one;

	if (ns >= j->s->ns.n || j->s->ns.v[ns].flags & (LSSOCK_NS_OWN | LSSOCK_NS_HOST))
		return REACH_ALL;
	for (uint32_t i = 0; i < j->s->ifaddrs.n; i++) {
		const struct lssock_ifaddr *ia = &j->s->ifaddrs.v[i];
		struct lssock_addr a = { .family = ia->family,
					 .prefix = ia->family == AF_INET ? 32 : 128 };

		if (ia->iface >= j->s->ifaces.n || j->s->ifaces.v[ia->iface].ns != ns)
			continue;
		memcpy(a.ip, ia->ip, sizeof(a.ip));
		one = reach_of_addr(&a);
		if (widest == REACH_UNKNOWN || one > widest)
			widest = one;
	}
	return widest == REACH_UNKNOWN ? REACH_ALL : widest;
}

static enum reach reach_of_nat(const struct lssock_nat *n)
{
	struct lssock_addr a = { .family = n->family };

	if (!n->daddr_prefix)
		return REACH_ALL;
	a.prefix = n->family == AF_INET ? 32 : 128;
	memcpy(a.ip, n->daddr, sizeof(a.ip));
	return reach_of_addr(&a);
}

static enum reach reach_of(const struct judge *j, const struct lssock_service *v)
{
	enum reach reach;
	uint32_t n;
	const struct lssock_nat *nats = lssock_nats(j->s, &n);

	if (!v->n)
		return v->nat < n ? reach_of_nat(&nats[v->nat]) : REACH_UNKNOWN;
	reach = reach_of_row(j, v->row);
	return reach == REACH_ALL ? reach_in_ns(j, v->ns) : reach;
}

/* ---- exposed-service ------------------------------------------------------------------- */

static void tell_reach(struct judge *j, enum reach reach)
{
	static const char *const words[] = {
		[REACH_HERE] = "this machine", [REACH_LINK] = "the same link",
		[REACH_LAN] = "the local network", [REACH_PUBLIC] = "a public address",
		[REACH_ALL] = "every address", [REACH_UNKNOWN] = "?",
	};

	tell(j, reach == REACH_PUBLIC || reach == REACH_ALL ? " on " : " from ");
	tell(j, words[reach]);
}

static void tell_known(struct judge *j, const char *name, bool by_program,
		      const struct lssock_service *v)
{
	if (by_program) {
		tell(j, name);
		return;
	}
	tell(j, "port ");
	tell_number(j, v->port);
	tell(j, port_that_serves(j, v) == v->port ? ", that of " : ", passed on to that of ");
	tell(j, name);
	tell(j, ",");
}

void check_exposed(struct judge *j)
{
	for (uint32_t i = 0; i < j->r->services.n; i++) {
		const struct lssock_service *v = service_at(j, i);
		bool by_program;
		const char *name = known_service(j, v, &by_program);
		enum reach reach = name ? reach_of(j, v) : REACH_HERE;

		if (reach == REACH_HERE)
			continue;
		if (reach == REACH_UNKNOWN) {
			not_judged(j);
			tell_service(j, i);
			tell(j, ": from where it can be reached is not known");
			continue;
		}
		found(j, reach >= REACH_PUBLIC ? LSSOCK_HIGH : LSSOCK_MEDIUM, i, LSSOCK_NONE);
		tell_known(j, name, by_program, v);
		tell(j, " can be reached");
		tell_reach(j, reach);
	}
}

/* ---- v6-exposed ------------------------------------------------------------------------ */

struct sides { bool v4, v4_open; uint32_t v6_row; enum reach v6; };

static void add_side(const struct judge *j, uint32_t row, struct sides *sides)
{
	const struct lssock_sock *k = snap_row(j->s, row);
	enum reach reach = snap_is_inet(k) && k->lport ? reach_of_row(j, row) : REACH_UNKNOWN;
	struct lssock_addr a;

	if (reach == REACH_UNKNOWN)
		return;
	a = local_addr(k);
	if (a.family != AF_INET6) {	/* one for both families is one for IPv4 */
		sides->v4 = true;
		sides->v4_open |= reach != REACH_HERE;
	} else if (reach > sides->v6) {
		sides->v6 = reach;
		sides->v6_row = row;
	}
}

void check_v6_exposed(struct judge *j)
{
	for (uint32_t i = 0; i < j->r->services.n; i++) {
		const struct lssock_service *v = service_at(j, i);
		struct sides sides = { .v6 = REACH_HERE };

		for (uint32_t k = 0; k < v->n; k++)
			add_side(j, service_row(j, v, k), &sides);
		if (!sides.v4 || sides.v4_open || sides.v6 < REACH_LAN)
			continue;
		found(j, LSSOCK_HIGH, i, sides.v6_row);
		tell(j, "IPv4 is for this machine alone, but by IPv6 it can be reached");
		tell_reach(j, sides.v6);
		tell(j, " (");
		tell_field(j, sides.v6_row, 0, "laddr");
		tell(j, ")");
	}
}

/* ---- low-port -------------------------------------------------------------------------- */

static bool is_ordinary(uint32_t uid)
{
	return uid >= UID_MIN && !(uid >= UID_DYNAMIC_MIN && uid <= UID_DYNAMIC_MAX);
}

static uint16_t first_free_port(const struct judge *j, uint16_t ns)
{
	uint16_t port = ns < j->s->ns.n ? j->s->ns.v[ns].unpriv_port : 0;

	return port ? port : LOW_PORTS;
}

/* What root opened and handed on, or holds as well, is as root wants it. */
static bool is_ordinary_service(const struct judge *j, const struct lssock_service *v,
				uint32_t *ret_uid)
{
	struct holder h = { 0 };
	uint32_t n = 0;

	for (uint32_t i = 0; i < v->n; i++) {
		const struct lssock_sock *k = snap_row(j->s, service_row(j, v, i));

		if (!(k->flags & LSSOCK_F_UID) || !is_ordinary(k->uid))
			return false;
	}
	for (; next_holder(j, v, &h); n++) {
		*ret_uid = j->s->procs.v[h.proc].uid;
		if (!is_ordinary(*ret_uid))
			return false;
	}
	return n;
}

void check_low_port(struct judge *j)
{
	for (uint32_t i = 0; i < j->r->services.n; i++) {
		const struct lssock_service *v = service_at(j, i);
		bool has_ports = v->n && 1u << v->proto & LSSOCK_PROTOS_INET &&
				 v->proto != LSSOCK_RAW && v->proto != LSSOCK_ICMP;
		uint32_t uid = 0;

		if (!has_ports || !v->port || v->port >= first_free_port(j, v->ns) ||
		    !is_ordinary_service(j, v, &uid))
			continue;
		found(j, LSSOCK_MEDIUM, i, LSSOCK_NONE);
		tell(j, "port ");
		tell_number(j, v->port);
		tell(j, " was opened by an ordinary user, ");
		tell_user(j, uid);
	}
}

/* ---- shared-port ----------------------------------------------------------------------- */

struct place {				/* of a socket; sorted, those of a port are together */
	uint64_t port;			/* namespace, protocol, port */
	uint32_t service, row;
};

struct places { VEC(struct place) list; };

static int by_port(const void *x, const void *y)
{
	const struct place *a = x, *b = y;

	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	if (a->service != b->service)
		return a->service < b->service ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

/* MPTCP takes its ports from TCP. */
static void add_places(struct judge *j, struct places *p, uint32_t service)
{
	const struct lssock_service *v = service_at(j, service);
	uint8_t proto = v->proto == LSSOCK_MPTCP ? LSSOCK_TCP : v->proto;
	struct place *at;

	if (!v->port || !(1u << v->proto & LSSOCK_PROTOS_INET) || v->proto == LSSOCK_RAW ||
	    v->proto == LSSOCK_ICMP)
		return;
	for (uint32_t i = 0; i < v->n; i++) {
		at = vec_push(&p->list);
		if (!at) {
			j->r->failed = true;
			return;
		}
		at->port = (uint64_t)v->ns << 32 | (uint64_t)proto << 16 | v->port;
		at->service = service;
		at->row = service_row(j, v, i);
	}
}

/* Whether both can get what is sent to one address; *ret_narrow: the first one has an
 * address of its own where the other one takes every one. */
static bool overlap(const struct judge *j, uint32_t row, uint32_t other, bool *ret_narrow)
{
	const struct lssock_sock *k = snap_row(j->s, row), *o = snap_row(j->s, other);
	struct lssock_addr a = local_addr(k), b = local_addr(o);
	bool any_a = !a.family || addr_is_any(&a), any_b = !b.family || addr_is_any(&b);

	*ret_narrow = (any_b && !any_a) || (k->iface && !o->iface);
	if (k->iface && o->iface && k->iface != o->iface)
		return false;
	if (a.family && b.family && a.family != b.family)
		return false;
	return any_a || any_b || !memcmp(a.ip, b.ip, sizeof(a.ip));
}

static uint32_t user_of(const struct judge *j, const struct lssock_service *v)
{
	const struct lssock_proc *p = proc_of_owner(j, v->owner);

	return p ? p->uid : snap_row(j->s, v->row)->uid;
}

static uint64_t start_of(const struct judge *j, const struct lssock_service *v)
{
	const struct lssock_proc *p = proc_of_owner(j, v->owner);

	return p ? p->start_ns : 0;
}

/* Datagrams to a group reach every socket there: that is what these ports are for. */
static bool is_for_groups(const struct lssock_service *v)
{
	return v->proto == LSSOCK_UDP && (v->port == 5353 || v->port == 1900 ||
					  v->port == 3702);
}

/* A socket of MPTCP is in the table of TCP as well. */
static bool is_same(const struct judge *j, const struct lssock_service *v,
		    const struct lssock_service *w)
{
	struct buf a = { 0 }, b = { 0 };
	bool same;

	if (v->proto == w->proto)
		return false;
	service_identity(j->s, v->row, v->owner, &a);
	service_identity(j->s, w->row, w->owner, &b);
	same = a.len == b.len && !memcmp(buf_cstr(&a), buf_cstr(&b), a.len);
	buf_release(&a);
	buf_release(&b);
	return same;
}

/* Sockets of one service, of those of one port. */
struct group {
	const struct place *first, *end;
	const struct lssock_service *v;
};

struct taken {
	const struct place *by;
	uint32_t from;			/* service, LSSOCK_NONE: from nobody */
	bool narrow;
	uint32_t others;
};

/* Whether a gets what comes in for w: by the narrower address, else as the later one. */
static bool takes(const struct judge *j, const struct group *a, const struct group *w,
		  struct taken *ret)
{
	uint64_t mine = start_of(j, a->v), theirs = start_of(j, w->v);
	bool later = mine != theirs ? mine > theirs : a->first->service > w->first->service;
	bool narrow, wider;

	ret->by = NULL;
	for (const struct place *at = a->first; at < a->end; at++)
		for (const struct place *with = w->first; with < w->end; with++) {
			if (!overlap(j, at->row, with->row, &narrow))
				continue;
			overlap(j, with->row, at->row, &wider);
			if (narrow == wider ? !later || ret->by : !narrow)
				continue;
			ret->by = at;
			ret->narrow = narrow && !wider;
			if (ret->narrow)
				return true;
		}
	return ret->by;
}

static void tell_taken(struct judge *j, const struct group *a, const struct taken *t)
{
	const struct lssock_service *w = service_at(j, t->from);
	uint32_t user = user_of(j, w);
	bool differ = user_of(j, a->v) != user;

	found(j, is_for_groups(a->v) ? LSSOCK_INFO : differ ? LSSOCK_HIGH : LSSOCK_MEDIUM,
	      a->first->service, t->by->row);
	tell(j, t->narrow ? "its address is narrower, so it gets what comes in there and not " :
	    "it shares the port and what comes in with ");
	tell_service(j, t->from);
	tell(j, differ ? " of another user, " : " of the same user, ");
	tell_user(j, user);
	if (!t->others)
		return;
	tell(j, ", and the same of ");
	tell_count(j, t->others, "other service");
}

static struct group group_at(const struct judge *j, const struct place *at,
			     const struct place *end)
{
	struct group g = { .first = at, .end = at, .v = service_at(j, at->service) };

	while (g.end < end && g.end->service == at->service)
		g.end++;
	return g;
}

/* Sockets [first, end) of one port: one finding for each service that takes. Where who
 * holds one of two of the same user is not known, that is said elsewhere. */
static void judge_port(struct judge *j, const struct place *first, const struct place *end)
{
	struct group a, w;

	for (const struct place *at = first; at < end; at = a.end) {
		struct taken worst = { .from = LSSOCK_NONE }, one = { .by = NULL };

		a = group_at(j, at, end);
		for (const struct place *with = first; with < end; with = w.end) {
			w = group_at(j, with, end);
			if (w.v == a.v || is_same(j, a.v, w.v) ||
			    ((!a.v->owner || !w.v->owner) &&
			     user_of(j, a.v) == user_of(j, w.v)) ||
			    !takes(j, &a, &w, &one))
				continue;
			one.from = w.first->service;
			one.others = worst.others + (worst.from != LSSOCK_NONE);
			if (worst.from == LSSOCK_NONE || (one.narrow && !worst.narrow))
				worst = one;
			worst.others = one.others;
		}
		if (worst.from != LSSOCK_NONE)
			tell_taken(j, &a, &worst);
	}
}

void check_shared_port(struct judge *j)
{
	struct places p = { 0 };
	uint32_t i, end;

	for (i = 0; i < j->r->services.n; i++)
		add_places(j, &p, i);
	if (p.list.n)
		qsort(p.list.v, p.list.n, sizeof(*p.list.v), by_port);
	for (i = 0; i < p.list.n; i = end) {
		for (end = i + 1; end < p.list.n && p.list.v[end].port == p.list.v[i].port;)
			end++;
		if (p.list.v[i].service != p.list.v[end - 1].service)
			judge_port(j, &p.list.v[i], p.list.v + end);
	}
	vec_release(&p.list);
}
