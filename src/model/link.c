/* SPDX-License-Identifier: MIT */
/*
 * Relations between the rows of a snapshot: owner and via. It asks nothing of
 * anyone; what is not certain from the rows at hand stays unset. Peers and
 * clients are peer.c's, why a socket has no owner why.c's.
 */
#include "model/link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "model/mix.h"
#include "model/spelt.h"

/* ---- owners -------------------------------------------------------------- */

int link_owners(struct lssock_snap *s)
{
	uint32_t n = s->socks.n;

	if (s->owners_as_of == s->changes)
		return s->failed ? -ENOMEM : 0;
	snap_sort_owners(s);
	/* with no owner at all nobody has any */
	for (uint32_t i = 0; i < n && s->by_inode.n; i++) {
		if (i + INDEX_AHEAD < n)
			index_expect(&s->by_inode, s->socks.v[i + INDEX_AHEAD].inode);
		s->socks.v[i].owner = snap_owner_of(s, s->socks.v[i].inode);
	}
	s->owners_as_of = s->changes;
	s->via_as_of = 0;
	return s->failed ? -ENOMEM : 0;
}

/* ---- via ----------------------------------------------------------------- */

/* Listeners bound alike (SO_REUSEPORT). */
struct group { uint32_t row, queued, n; };

struct listeners {
	struct index by_bind;		/* -> groups[] */
	struct index by_proc;		/* of groups of several: bind and holder -> row */
	struct index by_file;		/* unix: name and file -> row */
	VEC(struct group) groups;
	uint8_t ports[65536 / 8];	/* most connections are told apart by this alone */
	bool any_unix, failed;
};

struct bind { struct address a; uint16_t ns, port, iface; uint8_t proto, family; };

static struct bind bind_of(const struct lssock_sock *k)
{
	return (struct bind){ address_of(k->family, &k->local), k->ns, k->lport, k->iface,
			      k->proto, k->family };
}

static bool same_bind(const struct bind *b, const struct lssock_sock *k)
{
	return b->ns == k->ns && b->port == k->lport && b->iface == k->iface &&
	       b->proto == k->proto && b->family == k->family &&
	       same_address(b->a, address_of(k->family, &k->local));
}

static uint64_t bind_key(const struct bind *b)
{
	uint64_t about = (uint64_t)b->ns << 48 | (uint64_t)b->port << 32 |
			 (uint64_t)b->iface << 16 | (uint64_t)b->proto << 8 | b->family;

	return mix2(mix2(about, b->a.w[0]), b->a.w[1]);
}

static struct group *find_group(const struct listeners *l, const struct lssock_snap *s,
				const struct bind *b)
{
	uint64_t key = bind_key(b);
	uint32_t g;

	while ((g = index_get(&l->by_bind, key)) != INDEX_NONE) {
		if (same_bind(b, &s->socks.v[l->groups.v[g].row]))
			return &l->groups.v[g];
		key = mix(key);
	}
	return NULL;
}

static struct group *make_group(struct listeners *l, const struct bind *b, uint32_t row)
{
	struct group *g = vec_push(&l->groups);
	uint64_t key = bind_key(b);
	uint32_t *slot;

	while ((slot = index_put(&l->by_bind, key)) && *slot != INDEX_NONE)
		key = mix(key);
	if (slot)
		*slot = l->groups.n - 1;
	if (!slot || !g) {
		l->failed = true;
		return NULL;
	}
	*g = (struct group){ .row = row, .queued = LSSOCK_NONE };
	return g;
}

static void add_holders(struct listeners *l, const struct lssock_snap *s, uint32_t row)
{
	const struct lssock_sock *k = &s->socks.v[row];
	struct bind b = bind_of(k);

	for (uint32_t o = k->owner; o; o = s->owners.v[o].next) {
		uint64_t key = mix2(bind_key(&b), s->owners.v[o].proc);
		uint32_t *slot = index_put(&l->by_proc, key);

		if (!slot) {
			l->failed = true;
			return;
		}
		if (*slot == INDEX_NONE)
			*slot = row;
	}
}

static void add_listener(struct listeners *l, const struct lssock_snap *s, uint32_t row)
{
	const struct lssock_sock *k = &s->socks.v[row];
	struct bind b = bind_of(k);
	struct group *g = find_group(l, s, &b);

	l->ports[k->lport / 8] |= 1u << k->lport % 8;
	if (!g)
		g = make_group(l, &b, row);
	if (!g)
		return;
	if (++g->n > 1)
		add_holders(l, s, row);
	if (g->n == 2)
		add_holders(l, s, g->row);
	if (k->rqueue && g->queued == LSSOCK_NONE)
		g->queued = row;
}

/* A pathname's file is one in all namespaces, and the accepted socket lives in
 * that of the client; an abstract name is one of its namespace. */
static uint64_t file_key(const struct lssock_sock *k)
{
	uint64_t file = (uint64_t)k->local.w[1] << 32 | k->local.w[0];

	uint64_t name = (uint64_t)k->name << 8 | k->type;

	return mix2(mix2(name, file), k->local.w[0] ? 0 : 1u + k->ns);
}

static bool same_file(const struct lssock_sock *a, const struct lssock_sock *b)
{
	return a->name == b->name && a->type == b->type && a->local.w[0] == b->local.w[0] &&
	       a->local.w[1] == b->local.w[1] && (a->local.w[0] || a->ns == b->ns);
}

static void add_unix_listener(struct listeners *l, const struct lssock_snap *s, uint32_t row)
{
	const struct lssock_sock *k = &s->socks.v[row];
	uint64_t key = file_key(k);
	uint32_t *slot;

	if (!k->name)
		return;
	while ((slot = index_put(&l->by_file, key)) && *slot != INDEX_NONE) {
		if (same_file(k, &s->socks.v[*slot]))
			return;
		key = mix(key);
	}
	if (slot)
		*slot = row;
	else
		l->failed = true;
	l->any_unix = true;
}

static uint32_t unix_via(const struct listeners *l, const struct lssock_snap *s,
			 const struct lssock_sock *k)
{
	uint64_t key;
	uint32_t row;

	if (!l->any_unix || k->state != LSSOCK_ESTABLISHED || !k->name ||
	    (k->type != SOCK_STREAM && k->type != SOCK_SEQPACKET))
		return LSSOCK_NONE;
	key = file_key(k);
	while ((row = index_get(&l->by_file, key)) != INDEX_NONE) {
		if (same_file(k, &s->socks.v[row]))
			return row;
		key = mix(key);
	}
	return LSSOCK_NONE;
}

/* Which of a group took it: the one of the same process; what is still waiting
 * is with one that has a queue. */
static uint32_t pick(const struct listeners *l, const struct lssock_snap *s,
		     const struct group *g, const struct bind *b, const struct lssock_sock *k)
{
	uint32_t row = INDEX_NONE;

	if (g->n > 1 && k->owner)
		row = index_get(&l->by_proc, mix2(bind_key(b), s->owners.v[k->owner].proc));
	if (row != INDEX_NONE && same_bind(b, &s->socks.v[row]))
		return row;
	if (g->n > 1 && !k->inode && g->queued != LSSOCK_NONE)
		return g->queued;
	return g->row;
}

/* As the kernel's lookup scores: address, then device, then family. */
static uint32_t best_listener(const struct listeners *l, const struct lssock_snap *s,
			      const struct lssock_sock *k, uint8_t proto)
{
	struct address own = address_of(k->family, &k->local);

	for (unsigned try = 0; try < 8; try++) {
		bool wild = try & 4, unbound = try & 2, other = try & 1;
		bool v6 = (k->family == AF_INET6) != other;
		struct bind b = { own, k->ns, k->lport, unbound ? 0 : k->iface, proto,
				  v6 ? AF_INET6 : AF_INET };
		const struct group *g;

		if ((unbound && !k->iface) || (!v6 && !is_v4(own)))
			continue;
		if (wild)
			b.a = address_of(AF_INET6, v6 ? any6 : any4);
		g = find_group(l, s, &b);
		if (g && !(wild && v6 && is_v4(own) &&
			   s->socks.v[g->row].flags & LSSOCK_F_V6ONLY))
			return pick(l, s, g, &b, k);
	}
	return LSSOCK_NONE;
}

static bool is_connection(const struct lssock_sock *k)
{
	switch (k->state) {
	case LSSOCK_STATE_NONE: case LSSOCK_LISTEN: case LSSOCK_BOUND:
	case LSSOCK_CLOSE: case LSSOCK_UNCONNECTED: case LSSOCK_SYN_SENT:
		return false;
	default:
		return snap_is_inet(k) && k->rport;
	}
}

static uint32_t inet_via(const struct listeners *l, const struct lssock_snap *s,
			 const struct lssock_sock *k)
{
	uint32_t row;

	if (!(l->ports[k->lport / 8] & 1u << k->lport % 8) || !is_connection(k))
		return LSSOCK_NONE;
	row = best_listener(l, s, k, k->proto);
	if (row == LSSOCK_NONE && k->proto == LSSOCK_TCP)
		row = best_listener(l, s, k, LSSOCK_MPTCP);	/* a subflow */
	return row;
}

static void find_listeners(struct listeners *l, const struct lssock_snap *s)
{
	for (uint32_t i = 0; i < s->socks.n; i++) {
		const struct lssock_sock *k = &s->socks.v[i];

		if (k->state != LSSOCK_LISTEN)
			continue;
		if (k->proto == LSSOCK_UNIX)
			add_unix_listener(l, s, i);
		else if (has_listeners(k->proto) && snap_is_inet(k))
			add_listener(l, s, i);
	}
}

int link_via(struct lssock_snap *s)
{
	struct listeners *l;
	bool failed;

	if (s->via_as_of == s->changes)
		return s->failed ? -ENOMEM : 0;
	l = mem_alloc(sizeof(*l));
	if (!l) {
		s->failed = true;
		return -ENOMEM;
	}
	find_listeners(l, s);
	for (uint32_t i = 0; i < s->socks.n; i++) {
		struct lssock_sock *k = &s->socks.v[i];

		if (k->proto == LSSOCK_UNIX)
			k->via = unix_via(l, s, k);
		else
			k->via = has_listeners(k->proto) ? inet_via(l, s, k) : LSSOCK_NONE;
	}
	failed = l->failed;
	s->failed |= failed;
	s->via_as_of = s->changes;
	index_release(&l->by_bind);
	index_release(&l->by_proc);
	index_release(&l->by_file);
	vec_release(&l->groups);
	mem_free(l);
	return failed ? -ENOMEM : 0;
}
