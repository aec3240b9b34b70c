/* SPDX-License-Identifier: MIT */
/*
 * The life of a snapshot, identity of its rows and their kept attributes, and
 * the arrays as they are handed out. Holders are holder.c's, notes and users
 * note.c's, relations between rows link.c's; where facts come from is not known
 * here.
 */
#include "model/snap.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "model/mix.h"

/* ---- life ---------------------------------------------------------------- */

static bool first_rows(struct lssock_snap *s)
{
	buf_fill(&s->attrs, 0, 4);
	return vec_push(&s->owners) && vec_push(&s->procs) &&
	       vec_push(&s->ifaces) && vec_push(&s->files) && !s->attrs.failed;
}

static struct lssock_snap *begin(struct lssock_snap *s)
{
	if (!s)
		return NULL;
	s->holds = 1;
	s->changes = 1;
	s->strings.seed = hash_seed(s);
	if (first_rows(s))
		return s;
	lssock_snap_free(s);
	return NULL;
}

struct lssock_snap *snap_new(void)
{
	return begin(mem_alloc(sizeof(struct lssock_snap)));
}

static void free_indexes(struct lssock_snap *s)
{
	index_release(&s->by_id);
	index_release(&s->by_inode);
	index_release(&s->by_pid);
	index_release(&s->by_proc);
	index_release(&s->by_holder);
	index_release(&s->by_tail);
	index_release(&s->by_iface);
	index_release(&s->by_ns);
	index_release(&s->by_flight);
	index_release(&s->by_gap);
	index_release(&s->strings.by_hash);
	vec_release(&s->living);
	kinds_release(&s->kinds);
}

int snap_seal(struct lssock_snap *s)
{
	free_indexes(s);
	s->sealed = true;
	return s->failed || s->attrs.failed || s->strings.bytes.failed ? -ENOMEM : 0;
}

struct lssock_snap *lssock_snap_hold(struct lssock_snap *s)
{
	if (s)
		__atomic_add_fetch(&s->holds, 1, __ATOMIC_RELAXED);
	return s;
}

/* All but what keep_memory() keeps. */
static void free_details(struct lssock_snap *s)
{
	free_indexes(s);
	vec_release(&s->procs);
	vec_release(&s->ns);
	vec_release(&s->ifaces);
	vec_release(&s->ifaddrs);
	vec_release(&s->files);
	vec_release(&s->nats);
	vec_release(&s->notes);
	vec_release(&s->users);
	vec_release(&s->groups);
	vec_release(&s->services);
	vec_release(&s->hosts);
	index_release(&s->by_host);
	vec_release(&s->in_flight);
	vec_release(&s->cgroups);
	vec_release(&s->events);
	vec_release(&s->sock_units);
	mem_free(s->clients);
	mem_free(s->port_use);
	strings_release(&s->strings);
}

static void free_all(struct lssock_snap *s)
{
	if (!s)
		return;
	free_details(s);
	vec_release(&s->socks);
	vec_release(&s->owners);
	vec_release(&s->tracks);
	buf_release(&s->attrs);
	mem_free(s);
}

/* ---- the series: memory that is used again ------------------------------------ */

/* Held by each snapshot of the series but the spare one, which any thread may leave
 * here and the one that makes the next takes. */
struct snap_bin {
	struct lssock_snap *spare;
	uint32_t holds;
};

static void leave(struct snap_bin *b)
{
	if (__atomic_sub_fetch(&b->holds, 1, __ATOMIC_ACQ_REL))
		return;
	free_all(b->spare);
	mem_free(b);
}

/* Much of it lies idle: there were more sockets once. */
#define TOO_LARGE(used, cap) ((cap) / 4 > (used))

/* An empty snapshot with the large arrays of s. */
static void keep_memory(struct lssock_snap *s)
{
	struct lssock_snap kept = { .holds = 0 };

	if (TOO_LARGE(s->socks.n, s->socks.cap))
		vec_release(&s->socks);
	if (TOO_LARGE(s->owners.n, s->owners.cap))
		vec_release(&s->owners);
	if (TOO_LARGE(s->tracks.n, s->tracks.cap))
		vec_release(&s->tracks);
	if (TOO_LARGE(s->attrs.len, s->attrs.cap))
		buf_release(&s->attrs);
	kept.socks.v = s->socks.v;
	kept.socks.cap = s->socks.cap;
	kept.owners.v = s->owners.v;
	kept.owners.cap = s->owners.cap;
	kept.tracks.v = s->tracks.v;
	kept.tracks.cap = s->tracks.cap;
	kept.attrs.data = s->attrs.data;
	kept.attrs.cap = s->attrs.cap;
	*s = kept;
}

static void recycle(struct lssock_snap *s)
{
	struct snap_bin *b = s->bin;

	free_details(s);
	keep_memory(s);
	free_all(__atomic_exchange_n(&b->spare, s, __ATOMIC_ACQ_REL));
	leave(b);
}

void lssock_snap_free(struct lssock_snap *s)
{
	struct snap_bin *b = s ? s->bin : NULL;

	if (!s || __atomic_sub_fetch(&s->holds, 1, __ATOMIC_ACQ_REL))
		return;
#ifndef __SANITIZE_ADDRESS__	/* which is to see that nobody looks back */
	if (b) {
		recycle(s);
		return;
	}
#endif
	s->bin = NULL;
	free_all(s);
	if (b)
		leave(b);
}

static struct snap_bin *bin_of(const struct lssock_snap *s)
{
	struct snap_bin *b = s->bin ? s->bin : mem_alloc(sizeof(*b));

	if (b)
		__atomic_add_fetch(&b->holds, 1, __ATOMIC_RELAXED);
	return b;
}

static uint32_t and_more(uint32_t n)
{
	return n < UINT32_MAX / 2 ? n + n / 32 + 1 : n;
}

struct lssock_snap *snap_after(const struct lssock_snap *before)
{
	struct snap_bin *b = bin_of(before);
	struct lssock_snap *s = b ? __atomic_exchange_n(&b->spare, NULL, __ATOMIC_ACQ_REL) :
				    NULL;

	if (!s)
		s = mem_alloc(sizeof(*s));
	if (s)
		s->bin = b;
	else if (b)
		leave(b);
	s = begin(s);
	/* Only a hope: a failure here shows again, and is told, on adding. */
	if (s && vec_reserve(&s->socks, and_more(before->socks.n)))
		(void)index_reserve(&s->by_id, and_more(before->socks.n));
	if (s && vec_reserve(&s->owners, and_more(before->owners.n)))
		(void)index_reserve(&s->by_inode, and_more(before->owners.n));
	if (s && before->attrs.len < UINT32_MAX)
		(void)buf_reserve(&s->attrs, before->attrs.len + before->attrs.len / 32);
	return s;
}

const struct lssock_track *lssock_tracks(const struct lssock_snap *s, uint32_t *ret_there)
{
	if (ret_there)
		*ret_there = s->tracks.n ? s->there : s->socks.n;
	return s->tracks.v;
}

const struct lssock_event *lssock_events(const struct lssock_snap *s, uint32_t *ret_n)
{
	if (ret_n)
		*ret_n = s->events.n;
	return s->events.v;
}

/* ---- sockets ------------------------------------------------------------- */

bool snap_is_inet(const struct lssock_sock *k)
{
	return k->family == AF_INET || k->family == AF_INET6;
}

/* SCTP lists an endpoint and its associations with one cookie. */
static bool is_endpoint(const struct lssock_sock *k)
{
	return k->state == LSSOCK_LISTEN || k->state == LSSOCK_CLOSE ||
	       k->state == LSSOCK_BOUND || k->state == LSSOCK_UNCONNECTED;
}

/* What an MPTCP listener accepts is a copy of it, the cookie included once that
 * has been asked for (mptcp_sk_clone_init). It has an inode only when accepted. */
static bool same_mptcp(const struct lssock_sock *a, const struct lssock_sock *b)
{
	return (a->state == LSSOCK_LISTEN) == (b->state == LSSOCK_LISTEN) &&
	       (a->inode == b->inode || !a->inode || !b->inode);
}

static bool same_ends(const struct lssock_sock *a, const struct lssock_sock *b)
{
	return a->lport == b->lport && a->rport == b->rport &&
	       !memcmp(&a->local, &b->local, sizeof(a->local)) &&
	       !memcmp(&a->remote, &b->remote, sizeof(a->remote));
}

/* Where the source gives an inode and the ends say no more than it. */
static bool by_inode_alone(const struct lssock_sock *k)
{
	return k->inode && !snap_is_inet(k);
}

static bool same_socket(const struct lssock_sock *a, const struct lssock_sock *b)
{
	if (a->proto != b->proto || a->ns != b->ns || a->cookie != b->cookie)
		return false;
	if (!a->cookie)
		return a->inode == b->inode && a->family == b->family &&
		       (by_inode_alone(a) || same_ends(a, b));
	switch (a->proto) {
	case LSSOCK_SCTP:
		return is_endpoint(a) == is_endpoint(b) && same_ends(a, b);
	case LSSOCK_MPTCP:
		return same_mptcp(a, b) && same_ends(a, b);
	default:
		return true;
	}
}

static bool cookie_is_shared(uint8_t proto)
{
	return proto == LSSOCK_SCTP || proto == LSSOCK_MPTCP;
}

static uint64_t ends_key(const struct lssock_sock *k)
{
	uint64_t w[4], h = pair(k->lport, k->rport);

	memcpy(w, &k->local, 16);
	memcpy(w + 2, &k->remote, 16);
	for (unsigned i = 0; i < 4; i++)
		h = mix2(h, w[i]);
	return h;
}

/* Cookies come in runs (per CPU); unmixed, a run stays on few cache lines. */
static uint64_t identity_key(const struct lssock_sock *k)
{
	uint64_t about = (uint64_t)k->proto << 60 ^ (uint64_t)k->ns << 44;

	if (k->cookie && !cookie_is_shared(k->proto))
		return k->cookie ^ about;
	if (!k->cookie && by_inode_alone(k))
		return mix2(about, k->inode);
	return mix2(ends_key(k), about ^ (k->cookie ? k->cookie : k->inode));
}

static bool only_before(uint16_t now, uint16_t before, uint16_t known)
{
	return !(now & known) && before & known;
}

/* What only the earlier record said is carried into the later one. */
static void carry(struct lssock_sock *k, const struct lssock_sock *o)
{
	uint16_t kept = 0;

	if (only_before(k->flags, o->flags, LSSOCK_F_SHUT_KNOWN))
		kept |= LSSOCK_F_SHUT_RD | LSSOCK_F_SHUT_WR | LSSOCK_F_SHUT_KNOWN;
	if (only_before(k->flags, o->flags, LSSOCK_F_V6ONLY_KNOWN))
		kept |= LSSOCK_F_V6ONLY | LSSOCK_F_V6ONLY_KNOWN;
	if (only_before(k->flags, o->flags, LSSOCK_F_AUTOBOUND_KNOWN))
		kept |= LSSOCK_F_AUTOBOUND | LSSOCK_F_AUTOBOUND_KNOWN;
	if (only_before(k->flags, o->flags, LSSOCK_F_UID)) {
		kept |= LSSOCK_F_UID;
		k->uid = o->uid;
	}
	if (only_before(k->flags, o->flags, LSSOCK_F_QUEUES)) {
		kept |= LSSOCK_F_QUEUES | LSSOCK_F_LIMIT;
		k->rqueue = o->rqueue;
		k->wqueue = o->wqueue;
	}
	if (only_before(k->flags, o->flags, LSSOCK_F_STATE)) {
		kept |= LSSOCK_F_STATE;
		k->state = o->state;
		k->local = o->local;
		k->remote = o->remote;
		k->lport = o->lport;
		k->rport = o->rport;
	}
	k->flags |= o->flags & kept;
	if (!k->name)
		k->name = o->name;
	if (!k->type)
		k->type = o->type;
	if (k->proto == LSSOCK_UNIX && !k->local.w[2])
		k->local.w[2] = o->local.w[2];
}

static uint32_t attrs_append(struct lssock_snap *s, const void *attrs, uint32_t len)
{
	static const char pad[4];
	uint32_t at = (uint32_t)s->attrs.len;

	if (s->attrs.len > UINT32_MAX - len - 8u) {
		s->failed = true;
		return 0;
	}
	if (!buf_reserve(&s->attrs, (size_t)len + 8)) {
		s->failed = true;
		return 0;
	}
	if (attrs != s->attrs.data + at + 4)
		memcpy(s->attrs.data + at + 4, attrs, len);
	memcpy(s->attrs.data + at, &len, 4);
	s->attrs.len += 4 + len;
	buf_put(&s->attrs, pad, -len & 3);
	return at;
}

void *snap_attrs_room(struct lssock_snap *s, uint32_t len)
{
	if (buf_reserve(&s->attrs, (size_t)len + 8))
		return s->attrs.data + s->attrs.len + 4;
	s->failed = true;
	return NULL;
}

static uint32_t attrs_at(const struct lssock_snap *s, uint32_t at, uint32_t *ret_len)
{
	if (!at || at > s->attrs.len || s->attrs.len - at < 4)
		return 0;
	memcpy(ret_len, s->attrs.data + at, 4);
	return *ret_len <= s->attrs.len - at - 4 ? at + 4 : 0;
}

/* In place if they fit where the old ones are. */
static uint32_t attrs_replace(struct lssock_snap *s, uint32_t old,
			      const void *attrs, uint32_t len)
{
	uint32_t had, at = attrs_at(s, old, &had);

	if (!at || len > ((had + 3) & ~3u))
		return attrs_append(s, attrs, len);
	memcpy(s->attrs.data + old, &len, 4);
	memcpy(s->attrs.data + at, attrs, len);
	return old;
}

static void meet_again(struct lssock_snap *s, uint32_t row, const struct lssock_sock *k,
		       const void *attrs, uint32_t attrs_len)
{
	struct lssock_sock *o = &s->socks.v[row], now = *k;

	carry(&now, o);
	now.owner = o->owner;
	now.peer = o->peer;
	now.via = o->via;
	now.why = o->why;
	now.attrs = o->attrs;
	if (attrs && attrs_len)
		now.attrs = attrs_replace(s, o->attrs, attrs, attrs_len);
	*o = now;
}

static uint32_t add_new(struct lssock_snap *s, const struct lssock_sock *k,
			const void *attrs, uint32_t attrs_len)
{
	struct lssock_sock *o = s->socks.n < LSSOCK_NONE - 1 ? vec_push(&s->socks) : NULL;

	if (!o)
		return LSSOCK_NONE;
	*o = *k;
	o->owner = 0;
	o->peer = o->via = LSSOCK_NONE;
	o->why = LSSOCK_WHY_NONE;
	o->attrs = attrs && attrs_len ? attrs_append(s, attrs, attrs_len) : 0;
	return s->socks.n - 1;
}

uint32_t snap_append(struct lssock_snap *s, const struct lssock_sock *k, const void *attrs,
		     uint32_t attrs_len)
{
	uint32_t row = add_new(s, k, attrs, attrs_len);

	if (row == LSSOCK_NONE)
		s->failed = true;
	return row;
}

uint32_t snap_add(struct lssock_snap *s, const struct lssock_sock *k,
		  const void *attrs, uint32_t attrs_len, bool *ret_new)
{
	uint64_t key = identity_key(k), seed = s->strings.seed;
	uint32_t *slot, row;

	s->changes++;
	/* Two sockets may share a key: then the next one is tried. */
	while ((slot = index_put(&s->by_id, hash_fold(key, seed))) && *slot != INDEX_NONE) {
		if (same_socket(&s->socks.v[*slot], k)) {
			row = *slot;
			meet_again(s, row, k, attrs, attrs_len);
			if (ret_new)
				*ret_new = false;
			return row;
		}
		key = mix(key);
	}
	row = slot ? add_new(s, k, attrs, attrs_len) : LSSOCK_NONE;
	if (slot)
		*slot = row;
	if (row == LSSOCK_NONE)
		s->failed = true;
	else if (ret_new)
		*ret_new = true;
	return row;
}

uint32_t snap_find(const struct lssock_snap *s, const struct lssock_sock *k)
{
	uint64_t key = identity_key(k);
	uint32_t row;

	while ((row = index_get(&s->by_id, hash_fold(key, s->strings.seed))) != INDEX_NONE) {
		if (same_socket(&s->socks.v[row], k))
			return row;
		key = mix(key);
	}
	return LSSOCK_NONE;
}

uint32_t snap_find_near(const struct lssock_snap *s, const struct lssock_sock *k,
			uint32_t guess)
{
	if (guess < s->socks.n && same_socket(&s->socks.v[guess], k))
		return guess;
	return snap_find(s, k);
}

/* One step over attributes as netlink lays them out; false: that was all. */
static bool next_attr(const char **p, uint32_t *left, struct snap_attr *ret)
{
	uint16_t head[2];		/* struct nlattr: length with head, type */
	uint32_t step;

	if (!*p || *left < sizeof(head))
		return false;
	memcpy(head, *p, sizeof(head));
	if (head[0] < sizeof(head) || head[0] > *left)
		return false;
	*ret = (struct snap_attr){ .type = head[1] & 0x3fff, .p = *p + sizeof(head),
				   .len = head[0] - sizeof(head) };
	step = (head[0] + 3u) & ~3u;
	step = step < *left ? step : *left;
	*p += step;
	*left -= step;
	return true;
}

void snap_attrs(const struct lssock_snap *s, const struct lssock_sock *k,
		struct snap_attr *wanted, unsigned n)
{
	uint32_t left = 0, at = attrs_at(s, k->attrs, &left);
	const char *p = at ? s->attrs.data + at : NULL;
	struct snap_attr a;
	unsigned i;

	while (next_attr(&p, &left, &a))
		for (i = 0; i < n; i++)
			if (wanted[i].type == a.type && !wanted[i].p)
				wanted[i] = a;
}

const void *snap_attr(const struct lssock_snap *s, const struct lssock_sock *k,
		      unsigned type, size_t *ret_len)
{
	uint32_t left = 0, at = attrs_at(s, k->attrs, &left);
	const char *p = at ? s->attrs.data + at : NULL;
	struct snap_attr a;

	while (next_attr(&p, &left, &a))
		if (a.type == type) {
			*ret_len = a.len;
			return a.p;
		}
	return NULL;
}

uint32_t snap_string(struct lssock_snap *s, const void *p, size_t len)
{
	uint32_t id = strings_put(&s->strings, p, len);

	if (!id)
		s->failed = true;
	return id;
}

/* ---- the arrays ---------------------------------------------------------- */

const struct lssock_meta *lssock_snap_meta(const struct lssock_snap *s)
{
	return &s->meta;
}

#define ARRAY(type, name, list) \
	const struct type *name(const struct lssock_snap *s, uint32_t *ret_n) \
	{ \
		if (ret_n) \
			*ret_n = s->list.n; \
		return s->list.v; \
	}

ARRAY(lssock_sock, lssock_socks, socks)
ARRAY(lssock_owner, lssock_owners, owners)
ARRAY(lssock_proc, lssock_procs, procs)
ARRAY(lssock_ns, lssock_namespaces, ns)
ARRAY(lssock_iface, lssock_ifaces, ifaces)
ARRAY(lssock_ifaddr, lssock_ifaddrs, ifaddrs)
ARRAY(lssock_file, lssock_files, files)
ARRAY(lssock_nat, lssock_nats, nats)
ARRAY(lssock_note, lssock_notes, notes)

const char *lssock_string(const struct lssock_snap *s, uint32_t id, size_t *ret_len)
{
	return strings_get(&s->strings, id, ret_len);
}

const void *lssock_attr(const struct lssock_snap *s, uint32_t row, unsigned type,
			size_t *ret_len)
{
	return row < s->socks.n ? snap_attr(s, &s->socks.v[row], type, ret_len) : NULL;
}
