/* SPDX-License-Identifier: MIT */
/*
 * Who may hold a socket and where: processes, the chains of owners of an inode,
 * namespaces and interfaces, each row made once. What they mean for a socket is
 * link.c's.
 */
#include <errno.h>

#include "model/mix.h"
#include "model/snap.h"

/* A chain longer than this has its members and its end in indexes. */
#define SHORT_CHAIN 8
#define MAX_U16_ROWS 0xffffu

static void meet_proc(struct lssock_proc *o, const struct lssock_proc *p)
{
	o->ppid = p->ppid;
	o->uid = p->uid;
	if (p->comm)
		o->comm = p->comm;
	if (p->ns != 0xffff)
		o->ns = p->ns;
	o->flags = (o->flags & ~(LSSOCK_P_KTHREAD | LSSOCK_P_ZOMBIE)) | p->flags;
}

static uint32_t add_proc(struct lssock_snap *s, const struct lssock_proc *p)
{
	uint32_t *newest = index_put(&s->by_pid, (uint32_t)p->pid);
	struct lssock_proc *o = newest ? vec_push(&s->procs) : NULL;

	if (!o)
		return 0;
	*o = *p;
	if (*newest == INDEX_NONE || s->procs.v[*newest].start_ns <= p->start_ns)
		*newest = s->procs.n - 1;
	return s->procs.n - 1;
}

uint32_t snap_proc(struct lssock_snap *s, const struct lssock_proc *p)
{
	uint64_t key = mix2(p->start_ns, (uint32_t)p->pid);
	uint32_t *slot, row;

	while ((slot = index_put(&s->by_proc, key)) && *slot != INDEX_NONE) {
		struct lssock_proc *o = &s->procs.v[*slot];

		if (o->pid == p->pid && o->start_ns == p->start_ns) {
			meet_proc(o, p);
			return *slot;
		}
		key = mix(key);
	}
	row = slot ? add_proc(s, p) : 0;
	if (slot)
		*slot = row ? row : INDEX_NONE;
	if (!row)
		s->failed = true;
	return row;
}

/* A thread's table of its own begins as a copy: what is in both is one holder. */
static bool same_owner(const struct lssock_owner *a, const struct lssock_owner *b)
{
	return a->proc == b->proc && a->fd == b->fd && a->how == b->how;
}

/* Known in several tables: that of the process comes first, then the oldest. */
static void meet_owner(struct lssock_owner *known, const struct lssock_owner *again)
{
	if (again->tid < known->tid)
		known->tid = again->tid;
}

/* For equal (proc, fd, how) it is a bijection of the inode, so an equal
 * key and same_owner() are the same owner of the same inode. */
static uint64_t holder_key(const struct lssock_owner *o, uint32_t inode)
{
	uint64_t h = mix2(pair(o->proc, (uint32_t)o->fd), o->how);

	return mix(h ^ inode);
}

static int index_holder(struct lssock_snap *s, uint32_t inode, uint32_t row, bool *ret_known)
{
	const struct lssock_owner *o = &s->owners.v[row];
	uint64_t key = holder_key(o, inode);
	uint32_t *slot;

	while ((slot = index_put(&s->by_holder, key)) && *slot != INDEX_NONE) {
		if (same_owner(&s->owners.v[*slot], o)) {
			if (*slot != row)
				meet_owner(&s->owners.v[*slot], o);
			*ret_known = true;
			return 0;
		}
		key = mix(key);
	}
	if (!slot)
		return -ENOMEM;
	*slot = row;
	return 0;
}

/* The chain has just become long: its members go into the index. */
static int index_chain(struct lssock_snap *s, uint32_t inode, uint32_t first)
{
	uint32_t *tail, last = 0;
	bool known = false;

	for (uint32_t r = first; r; r = s->owners.v[r].next) {
		if (index_holder(s, inode, r, &known) < 0)
			return -ENOMEM;
		last = r;
	}
	tail = index_put(&s->by_tail, inode);
	if (!tail)
		return -ENOMEM;
	*tail = last;
	return 0;
}

/* Row `row` is the candidate, at the end of owners[]. 1: added, 0: known. */
static int append_long(struct lssock_snap *s, uint32_t inode, uint32_t first, uint32_t row)
{
	bool known = false;
	uint32_t *tail;

	if (index_get(&s->by_tail, inode) == INDEX_NONE && index_chain(s, inode, first) < 0)
		return -ENOMEM;
	if (index_holder(s, inode, row, &known) < 0)
		return -ENOMEM;
	if (known)
		return 0;
	tail = index_put(&s->by_tail, inode);
	if (!tail)
		return -ENOMEM;
	s->owners.v[*tail].next = row;
	*tail = row;
	return 1;
}

static int append_owner(struct lssock_snap *s, uint32_t inode, uint32_t first, uint32_t row)
{
	uint32_t r = first;

	for (unsigned i = 0; i < SHORT_CHAIN; i++) {
		if (same_owner(&s->owners.v[r], &s->owners.v[row])) {
			meet_owner(&s->owners.v[r], &s->owners.v[row]);
			return 0;
		}
		if (!s->owners.v[r].next) {
			s->owners.v[r].next = row;
			return 1;
		}
		r = s->owners.v[r].next;
	}
	return append_long(s, inode, first, row);
}

int snap_owner(struct lssock_snap *s, uint32_t inode, const struct lssock_owner *o)
{
	uint32_t *first, row = s->owners.n;
	int r = 1;

	if (!inode || o->proc >= s->procs.n)
		return -EINVAL;
	first = row < LSSOCK_NONE - 1 ? index_put(&s->by_inode, inode) : NULL;
	if (!first || !vec_push(&s->owners)) {
		if (first && *first == INDEX_NONE)
			*first = 0;
		s->failed = true;
		return -ENOMEM;
	}
	s->changes++;
	s->owners.v[row] = *o;
	s->owners.v[row].next = 0;
	if (*first == INDEX_NONE || !*first)
		*first = row;
	else
		r = append_owner(s, inode, *first, row);
	if (r < 0)
		s->failed = true;
	if (r <= 0)
		s->owners.n--;
	return r < 0 ? r : 0;
}

uint32_t snap_owner_of(const struct lssock_snap *s, uint32_t inode)
{
	uint32_t row = inode ? index_get(&s->by_inode, inode) : INDEX_NONE;

	return row == INDEX_NONE ? 0 : row;
}

/* Plain owners first, then the process that is older: a parent before those that
 * inherited from it, in whatever order they were read. */
static bool owner_before(const struct lssock_snap *s, uint32_t x, uint32_t y)
{
	const struct lssock_owner *a = &s->owners.v[x], *b = &s->owners.v[y];
	const struct lssock_proc *p = &s->procs.v[a->proc], *q = &s->procs.v[b->proc];

	if ((a->how == LSSOCK_HOW_FD) != (b->how == LSSOCK_HOW_FD))
		return a->how == LSSOCK_HOW_FD;
	if (p->start_ns != q->start_ns)
		return p->start_ns < q->start_ns;
	if (p->pid != q->pid)
		return p->pid < q->pid;
	if (a->tid != b->tid)
		return a->tid < b->tid;
	return a->fd < b->fd;
}

static uint32_t merge_chains(struct lssock_snap *s, uint32_t x, uint32_t y)
{
	uint32_t first = 0, *end = &first;

	while (x && y) {
		uint32_t *least = owner_before(s, y, x) ? &y : &x;

		*end = *least;
		end = &s->owners.v[*least].next;
		*least = *end;
	}
	*end = x ? x : y;
	return first;
}

/* runs[i]: a sorted chain of 2^i owners, or none. Returns the new first. */
static uint32_t sort_chain(struct lssock_snap *s, uint32_t first)
{
	uint32_t runs[32] = { 0 }, next, chain, i;

	for (; first; first = next) {
		next = s->owners.v[first].next;
		s->owners.v[first].next = 0;
		for (chain = first, i = 0; i < 31 && runs[i]; i++) {
			chain = merge_chains(s, runs[i], chain);
			runs[i] = 0;
		}
		runs[i] = chain;
	}
	for (chain = 0, i = 0; i < 32; i++)
		chain = merge_chains(s, runs[i], chain);
	return chain;
}

static bool chain_sorted(const struct lssock_snap *s, uint32_t first)
{
	for (uint32_t next; (next = s->owners.v[first].next); first = next)
		if (owner_before(s, next, first))
			return false;
	return true;
}

static uint32_t chain_end(const struct lssock_snap *s, uint32_t row)
{
	while (s->owners.v[row].next)
		row = s->owners.v[row].next;
	return row;
}

/* Nearly always every chain is in order as it was read. */
static bool all_sorted(const struct lssock_snap *s)
{
	uint32_t row, next;

	for (row = 1; row < s->owners.n; row++) {
		next = s->owners.v[row].next;
		if (next && owner_before(s, next, row))
			return false;
	}
	return true;
}

void snap_sort_owners(struct lssock_snap *s)
{
	const struct index *x = &s->by_inode;
	uint64_t inode;

	if (all_sorted(s))
		return;
	for (uint32_t i = 0; x->slots && i <= x->mask; i++) {
		uint32_t first = index_at(x, i, &inode), *slot;

		if (first == INDEX_NONE || !first || chain_sorted(s, first))
			continue;
		first = sort_chain(s, first);
		slot = index_put(&s->by_inode, inode);	/* known: needs no memory */
		if (slot)
			*slot = first;
		if (index_get(&s->by_tail, inode) == INDEX_NONE)
			continue;
		slot = index_put(&s->by_tail, inode);
		if (slot)
			*slot = chain_end(s, first);
	}
}

void snap_in_flight(struct lssock_snap *s, const struct snap_in_flight *f)
{
	uint32_t *slot = index_put(&s->by_flight, f->inode);
	struct snap_in_flight *o;

	if (slot && *slot != INDEX_NONE) {
		o = &s->in_flight.v[*slot];
		o->count = f->count;
		if (o->proc != f->proc)
			o->proc = 0;
		return;
	}
	o = slot && s->in_flight.n < INDEX_NONE - 1 ? vec_push(&s->in_flight) : NULL;
	if (o)
		*o = *f;
	else
		s->failed = true;
	if (slot)
		*slot = o ? s->in_flight.n - 1 : INDEX_NONE;
}

/* ---- namespaces and interfaces ------------------------------------------- */

static bool same_ns(const struct lssock_ns *a, const struct lssock_ns *b)
{
	if (a->ino != b->ino)
		return false;
	if (!a->ino)
		return a->path == b->path && a->name == b->name;
	/* Inode numbers are used again at once, cookies never. */
	return !a->cookie || !b->cookie || a->cookie == b->cookie;
}

static uint32_t find_ns(const struct lssock_snap *s, const struct lssock_ns *n)
{
	uint32_t row = n->ino ? index_get(&s->by_ns, n->ino) : INDEX_NONE;

	if (n->flags & LSSOCK_NS_OWN && s->ns.n)
		return 0;
	if (n->ino)
		return row < s->ns.n && same_ns(&s->ns.v[row], n) ? row : s->ns.n;
	for (row = 1; row < s->ns.n; row++)
		if (same_ns(&s->ns.v[row], n))
			return row;
	return s->ns.n;
}

static void meet_ns(struct lssock_ns *o, const struct lssock_ns *n)
{
	o->flags |= n->flags;
	if (n->ino)
		o->ino = n->ino;
	if (n->cookie)
		o->cookie = n->cookie;
	if (n->name)
		o->name = n->name;
	if (n->path)
		o->path = n->path;
	if (n->container)
		o->container = n->container;
	o->nprocs = n->nprocs;
	o->pid = n->pid;
	o->err = n->err;
}

uint16_t snap_ns(struct lssock_snap *s, const struct lssock_ns *n)
{
	uint32_t row = find_ns(s, n), *slot = NULL;

	if (n->ino) {
		slot = index_put(&s->by_ns, n->ino);
		if (!slot) {
			s->failed = true;
			return 0xffff;
		}
		if (*slot == INDEX_NONE || row == s->ns.n)
			*slot = row;
	}
	if (row < s->ns.n) {
		meet_ns(&s->ns.v[row], n);
		return (uint16_t)row;
	}
	if (row >= MAX_U16_ROWS || !vec_push(&s->ns)) {
		if (slot)
			*slot = 0;
		s->failed = true;
		return 0xffff;
	}
	s->ns.v[row] = *n;
	return (uint16_t)row;
}

static uint32_t home_of(const struct lssock_snap *s, uint32_t ns_ino)
{
	if (s->ns.n && s->ns.v[0].ino == ns_ino)
		return 0;
	return index_get(&s->by_ns, ns_ino);
}

void snap_lives_in(struct lssock_snap *s, uint32_t proc, uint32_t ns_ino)
{
	uint32_t row = home_of(s, ns_ino);
	struct snap_living *l;

	if (!ns_ino || proc >= s->procs.n)
		return;
	if (row < s->ns.n) {
		s->procs.v[proc].ns = (uint16_t)row;
		return;
	}
	l = vec_push(&s->living);
	if (l)
		*l = (struct snap_living){ proc, ns_ino };
	else
		s->failed = true;
}

void snap_find_homes(struct lssock_snap *s)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->living.n; i++) {
		uint32_t row = home_of(s, s->living.v[i].ns_ino);

		if (row < s->ns.n)
			s->procs.v[s->living.v[i].proc].ns = (uint16_t)row;
		else
			s->living.v[kept++] = s->living.v[i];
	}
	s->living.n = kept;
}

uint16_t snap_iface(struct lssock_snap *s, uint16_t ns, uint32_t ifindex)
{
	uint32_t *slot;

	if (!ifindex)
		return 0;
	slot = index_put(&s->by_iface, pair(ns, ifindex));
	if (slot && *slot != INDEX_NONE)
		return (uint16_t)*slot;
	if (slot)
		*slot = 0;
	if (slot && s->ifaces.n > MAX_U16_ROWS) {
		snap_note(s, LSSOCK_NOTE_LIMIT, ns, 0, 1, "interfaces");
		return 0;
	}
	if (!slot || !vec_push(&s->ifaces)) {
		s->failed = true;
		return 0;
	}
	*slot = s->ifaces.n - 1;
	s->ifaces.v[*slot].ifindex = ifindex;
	s->ifaces.v[*slot].ns = ns;
	s->ifaces.v[*slot].peer_ns = 0xffff;
	return (uint16_t)*slot;
}
