/* SPDX-License-Identifier: MIT */
/*
 * Relations between the rows of a snapshot: the row of the other end, and how many
 * came through or to a row. As in link.c what is not certain stays unset.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "model/link.h"
#include "model/mix.h"
#include "model/spelt.h"

/* ---- peers --------------------------------------------------------------- */

struct tuple { struct address l, r; uint16_t lport, rport, ns; uint8_t proto; };

struct ends {
	struct index by_tuple;		/* -> row */
	struct index by_inode;		/* unix -> row */
	struct index by_addr;		/* configured address -> first in ifaddrs[] */
	uint32_t *next;			/* per ifaddr: the next of the same key; NONE */
	uint32_t *keys;			/* per row, of its tuple; 0: it has no peer */
	bool failed;
};

static bool may_have_peer(const struct lssock_sock *k)
{
	if (k->proto == LSSOCK_UDP || k->proto == LSSOCK_UDPLITE)
		return snap_is_inet(k) && k->rport && k->state == LSSOCK_ESTABLISHED;
	return has_listeners(k->proto) && snap_is_inet(k) && k->rport &&
	       k->state != LSSOCK_BOUND && k->state != LSSOCK_LISTEN &&
	       k->state != LSSOCK_CLOSE;
}

static struct tuple tuple_of(const struct lssock_sock *k)
{
	return (struct tuple){address_of(k->family, &k->local),
			      address_of(k->family, &k->remote),
			      k->lport,
			      k->rport,
			      k->ns,
			      k->proto};
}

static struct tuple mirrored(const struct tuple *t, uint16_t ns, uint8_t proto)
{
	return (struct tuple){ t->r, t->l, t->rport, t->lport, ns, proto };
}

static bool same_tuple(const struct tuple *t, const struct lssock_sock *k)
{
	struct tuple o = tuple_of(k);

	return t->lport == o.lport && t->rport == o.rport && t->ns == o.ns &&
	       t->proto == o.proto && same_address(t->l, o.l) && same_address(t->r, o.r);
}

static uint64_t end_key(struct address a, uint16_t port, uint64_t seed)
{
	uint64_t h = (a.w[0] ^ seed) * 0x9e3779b97f4a7c15u ^ a.w[1] ^ (uint64_t)port << 8;

	return mix(h);
}

/* The same for a tuple and its mirror: both ends are looked for in one place.
 * Never 0. */
static uint32_t tuple_key(const struct tuple *t, uint64_t seed)
{
	uint64_t about = (uint64_t)t->ns << 8 | t->proto;
	uint64_t h = end_key(t->l, t->lport, seed) + end_key(t->r, t->rport, seed);

	return (uint32_t)((h ^ about) * 0xd6e8feb86659fd93u >> 32) | 1;
}

/* Nearly always both are of one family, and address and rest compare at once. */
static bool is_mirror(const struct lssock_sock *a, const struct lssock_sock *b)
{
	if (a->lport != b->rport || a->rport != b->lport || a->ns != b->ns ||
	    a->proto != b->proto)
		return false;
	if (a->family == b->family)
		return !memcmp(&a->local, &b->remote, sizeof(a->local)) &&
		       !memcmp(&a->remote, &b->local, sizeof(a->remote));
	return same_address(address_of(a->family, &a->local),
			    address_of(b->family, &b->remote)) &&
	       same_address(address_of(a->family, &a->remote),
			    address_of(b->family, &b->local));
}

/* Of rows with one key each has its own place, found by going on from it. */
static uint32_t next_key(uint32_t key)
{
	return key + 0x9e3779b1u;
}

static uint32_t find_tuple(const struct ends *e, const struct lssock_snap *s,
			   const struct tuple *t, uint32_t key)
{
	uint32_t row;

	while ((row = index_get(&e->by_tuple, key)) != INDEX_NONE) {
		if (same_tuple(t, &s->socks.v[row]))
			return row;
		key = next_key(key);
	}
	return LSSOCK_NONE;
}

/* Of several with one tuple the living one counts, not its TIME_WAIT. */
static void add_tuple(struct ends *e, const struct lssock_snap *s, uint32_t row)
{
	const struct lssock_sock *k = &s->socks.v[row];
	struct tuple t = tuple_of(k);
	uint32_t key = e->keys[row], *slot;

	while ((slot = index_put(&e->by_tuple, key)) && *slot != INDEX_NONE) {
		const struct lssock_sock *o = &s->socks.v[*slot];

		if (o->lport == k->lport && same_tuple(&t, o)) {
			if (o->state == LSSOCK_TIME_WAIT)
				*slot = row;
			return;
		}
		key = next_key(key);
	}
	if (slot)
		*slot = row;
	else
		e->failed = true;
}

static void add_unix(struct ends *e, const struct lssock_snap *s, uint32_t row)
{
	uint32_t inode = s->socks.v[row].inode, *slot;

	if (!inode)
		return;
	slot = index_put(&e->by_inode, inode);
	if (slot)
		*slot = row;
	else
		e->failed = true;
}

static uint64_t address_key(struct address a)
{
	return mix2(a.w[0], a.w[1]);
}

static void add_addresses(struct ends *e, const struct lssock_snap *s)
{
	uint32_t n = s->ifaddrs.n, *slot;

	if (s->ns.n < 2 || !n)
		return;
	e->next = mem_alloc(n * sizeof(*e->next));
	if (!e->next) {
		e->failed = true;
		return;
	}
	for (uint32_t i = n; i-- > 0;) {
		const struct lssock_ifaddr *a = &s->ifaddrs.v[i];

		slot = index_put(&e->by_addr, address_key(address_of(a->family, a->ip)));
		if (!slot) {
			e->failed = true;
			return;
		}
		e->next[i] = *slot;
		*slot = i;
	}
}

/* The one row of another namespace that has the remote address configured. */
static uint32_t peer_elsewhere(const struct ends *e, const struct lssock_snap *s,
			       const struct tuple *t)
{
	uint32_t found = LSSOCK_NONE, i, row;

	if (!e->next || is_loopback(t->r) || is_any(t->r))
		return LSSOCK_NONE;
	for (i = index_get(&e->by_addr, address_key(t->r)); i != INDEX_NONE; i = e->next[i]) {
		const struct lssock_ifaddr *a = &s->ifaddrs.v[i];
		struct tuple m;

		if (a->iface >= s->ifaces.n || s->ifaces.v[a->iface].ns == t->ns ||
		    !same_address(address_of(a->family, a->ip), t->r))
			continue;
		m = mirrored(t, s->ifaces.v[a->iface].ns, t->proto);
		row = find_tuple(e, s, &m, tuple_key(&m, s->strings.seed));
		if (row != LSSOCK_NONE && found != LSSOCK_NONE && row != found)
			return LSSOCK_NONE;
		if (row != LSSOCK_NONE)
			found = row;
	}
	return found;
}

static uint32_t inet_peer(const struct ends *e, const struct lssock_snap *s, uint32_t i)
{
	const struct lssock_sock *k = &s->socks.v[i];
	uint32_t key = e->keys[i], row;
	struct tuple t;

	for (; (row = index_get(&e->by_tuple, key)) != INDEX_NONE; key = next_key(key))
		if (is_mirror(k, &s->socks.v[row]))
			return row;
	if (!e->next)
		return LSSOCK_NONE;
	t = tuple_of(k);
	return peer_elsewhere(e, s, &t);
}

/* The end of a stream whose peer is another socket by now has none. */
static uint32_t unix_peer(const struct ends *e, const struct lssock_snap *s,
			  const struct lssock_sock *k)
{
	uint32_t inode = k->local.w[3], row, back;

	if (!inode || inode == LSSOCK_NONE)
		return LSSOCK_NONE;
	row = index_get(&e->by_inode, inode);
	if (row == INDEX_NONE)
		return LSSOCK_NONE;
	back = s->socks.v[row].local.w[3];
	return k->type == SOCK_DGRAM || back == k->inode ? row : LSSOCK_NONE;
}

static void ends_release(struct ends *e)
{
	index_release(&e->by_tuple);
	index_release(&e->by_inode);
	index_release(&e->by_addr);
	mem_free(e->keys);
	mem_free(e->next);
}

static uint32_t key_of(const struct lssock_snap *s, const struct lssock_sock *k)
{
	struct tuple t;

	if (!may_have_peer(k))
		return 0;
	t = tuple_of(k);
	return tuple_key(&t, s->strings.seed);
}

/* Keys of all rows, and room for all ends at once. */
static void ends_make(struct ends *e, const struct lssock_snap *s)
{
	uint32_t inet = 0, local = 0;

	e->keys = mem_realloc(NULL, s->socks.n * sizeof(*e->keys));
	for (uint32_t i = 0; e->keys && i < s->socks.n; i++) {
		const struct lssock_sock *k = &s->socks.v[i];

		e->keys[i] = k->proto == LSSOCK_UNIX ? 0 : key_of(s, k);
		local += k->proto == LSSOCK_UNIX;
		inet += e->keys[i] != 0;
	}
	e->failed = !e->keys || (inet && index_reserve(&e->by_tuple, inet) < 0) ||
		    (local && index_reserve(&e->by_inode, local) < 0);
}

static void expect_slot(const struct ends *e, const struct lssock_snap *s, uint32_t i,
			uint32_t inode)
{
	if (s->socks.v[i].proto == LSSOCK_UNIX)
		index_expect(&e->by_inode, inode);
	else if (e->keys[i])
		index_expect(&e->by_tuple, e->keys[i]);
}

static void ends_add(struct ends *e, const struct lssock_snap *s)
{
	for (uint32_t i = 0; i < s->socks.n; i++) {
		if (i + INDEX_AHEAD < s->socks.n)
			expect_slot(e, s, i + INDEX_AHEAD, s->socks.v[i + INDEX_AHEAD].inode);
		if (s->socks.v[i].proto == LSSOCK_UNIX)
			add_unix(e, s, i);
		else if (e->keys[i])
			add_tuple(e, s, i);
	}
}

/* Fetches what will be looked at for the rows behind row i: its slot first, then
 * the row that stands in it. */
static void expect_peer(const struct ends *e, const struct lssock_snap *s, uint32_t i)
{
	uint32_t near = i + INDEX_AHEAD / 2, far = i + INDEX_AHEAD, row = INDEX_NONE;

	if (far >= s->socks.n)
		return;
	expect_slot(e, s, far, s->socks.v[far].local.w[3]);
	if (s->socks.v[near].proto == LSSOCK_UNIX)
		row = index_get(&e->by_inode, s->socks.v[near].local.w[3]);
	else if (e->keys[near])
		row = index_get(&e->by_tuple, e->keys[near]);
	if (row < s->socks.n) {		/* it may lie on two lines */
		__builtin_prefetch(&s->socks.v[row]);
		__builtin_prefetch((const char *)&s->socks.v[row + 1] - 1);
	}
}

int link_peers(struct lssock_snap *s)
{
	struct ends e = { 0 };

	ends_make(&e, s);
	if (!e.failed)
		ends_add(&e, s);
	add_addresses(&e, s);
	for (uint32_t i = 0; i < s->socks.n; i++) {
		struct lssock_sock *k = &s->socks.v[i];

		k->peer = LSSOCK_NONE;
		if (e.failed)
			continue;
		expect_peer(&e, s, i);
		if (k->proto == LSSOCK_UNIX)
			k->peer = unix_peer(&e, s, k);
		else if (e.keys[i])
			k->peer = inet_peer(&e, s, i);
	}
	s->failed |= e.failed;
	ends_release(&e);
	return e.failed ? -ENOMEM : 0;
}

/* ---- clients ------------------------------------------------------------- */

/* The server a datagram socket sends to; both ends of a pair are none. */
static uint32_t dgram_server(const struct lssock_snap *s, uint32_t row)
{
	const struct lssock_sock *k = &s->socks.v[row];

	if (k->proto != LSSOCK_UNIX || k->type != SOCK_DGRAM || k->peer >= s->socks.n ||
	    s->socks.v[k->peer].peer == row)
		return LSSOCK_NONE;
	return k->peer;
}

int link_clients(struct lssock_snap *s)
{
	uint32_t *n = mem_alloc((s->socks.n + (size_t)1) * sizeof(*n));

	if (!n) {
		s->failed = true;
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < s->socks.n; i++) {
		uint32_t server = s->socks.v[i].via;

		if (server >= s->socks.n)
			server = dgram_server(s, i);
		if (server < s->socks.n)
			n[server]++;
	}
	mem_free(s->clients);
	s->clients = n;
	return 0;
}
