/* SPDX-License-Identifier: MIT */
/*
 * The second look: dump and owner scan are two moments, so some rows have no
 * holder and some fds no row. Each is looked at once more, cheapest first, and
 * only if something is left: dumps again for fds without a row (sock_diag loses
 * sockets under churn), then processes again for rows without a holder (new
 * ones, private fd tables, io_uring, fds in flight).
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/engine.h"
#include "model/link.h"
#include "model/names.h"
#include "wire/procfs.h"

#define DUMP_ROUNDS 3		/* the union of three was complete in 100 of 100 runs */
#define SIEVE_FROM 64		/* fds without a row that make an extra dump pay */
#define SPACES_ASKED 4096	/* fds asked for the namespace they live in */
#define STRAYS_MANY 512		/* more are not asked one by one */
#define MAPS_NS 5000000000ull	/* for the mappings of all processes */

struct stray { uint32_t inode, owner; };
struct strays { VEC(struct stray) list; };

/* Which kinds of sockets are worth a look, where the collector knew kinds. */
struct interest {
	uint32_t protos;
	bool spaces;			/* those of namespaces that have no row instead */
};

/* Row of the namespace, or ns.n. */
static uint32_t space_of(const struct lssock_snap *s, const struct snap_kind *k)
{
	uint32_t row = 0;

	while (row < s->ns.n && s->ns.v[row].ino != k->ns_ino)
		row++;
	return row;
}

static bool space_asked(const struct lssock_snap *s, uint32_t row)
{
	return row < s->ns.n && s->ns.v[row].flags & LSSOCK_NS_ASKED;
}

static bool kind_matters(const struct lssock_snap *s, const struct snap_kind *k,
			 const struct interest *in)
{
	uint32_t row = space_of(s, k);

	return in->spaces ? row == s->ns.n :
			    space_asked(s, row) && in->protos & 1u << k->proto;
}

/* A verdict per kind; of one that is not known, yes. NULL: no memory. */
static bool *judge_kinds(const struct lssock_snap *s, const struct interest *in)
{
	bool *verdict = mem_alloc((s->kinds.rows.n + 1) * sizeof(*verdict));
	uint32_t i;

	if (verdict)
		verdict[0] = true;
	for (i = 1; verdict && i < s->kinds.rows.n; i++)
		verdict[i] = kind_matters(s, &s->kinds.rows.v[i], in);
	return verdict;
}

/* Inodes that some fd holds and no row has, as of the last link_owners(). */
static void find_strays(struct collect *c, const struct interest *in, struct strays *ret)
{
	struct lssock_snap *s = c->s;
	bool *met = mem_alloc(s->owners.n * sizeof(*met));	/* first owners of a row */
	bool *matters = judge_kinds(s, in);
	uint64_t inode;
	uint32_t i;

	ret->list.n = 0;
	for (i = 0; met && i < s->socks.n; i++)
		met[s->socks.v[i].owner] = true;
	for (i = 0; met && matters && i <= s->by_inode.mask && s->by_inode.slots; i++) {
		uint32_t first = index_at(&s->by_inode, i, &inode);
		struct stray *t;

		if (first == INDEX_NONE || !first || met[first] ||
		    !matters[kinds_of(&s->kinds, first)])
			continue;
		t = vec_push(&ret->list);
		if (t)
			*t = (struct stray){ (uint32_t)inode, first };
	}
	mem_free(met);
	mem_free(matters);
}

/* Most fds without a row are of families that were not asked for. A dump of
 * those is cheaper than a question per fd. */
static void sieve_family(struct collect *c, struct strays *t, uint8_t proto)
{
	struct lssock_snap *scratch = snap_new();
	struct index known = { 0 };
	uint32_t i, n = 0;

	if (!scratch)
		return;
	tables_sieve(c, scratch, proto);
	if (index_reserve(&known, scratch->socks.n) == 0) {
		for (i = 0; i < scratch->socks.n; i++) {
			uint32_t *slot = index_put(&known, scratch->socks.v[i].inode);

			if (slot)
				*slot = i;
		}
		for (i = 0; i < t->list.n; i++)
			if (index_get(&known, t->list.v[i].inode) == INDEX_NONE)
				t->list.v[n++] = t->list.v[i];
		t->list.n = n;
	}
	index_release(&known);
	lssock_snap_free(scratch);
}

static struct ask_fd stray_fd(const struct lssock_snap *s, const struct stray *t)
{
	const struct lssock_owner *o = &s->owners.v[t->owner];
	const struct lssock_proc *p = &s->procs.v[o->proc];

	return (struct ask_fd){ .pid = p->pid, .tid = o->tid, .fd = o->fd, .inode = t->inode,
				.start_ns = p->start_ns };
}

/* The protocol of a stray, by the name its file answers to. */
static enum lssock_proto stray_proto(struct collect *c, const struct stray *t,
				     struct lssock_sock *k, struct buf *name)
{
	struct lssock_snap *s = c->s;
	struct ask_fd fd = stray_fd(s, t);

	buf_reset(name);
	if (s->owners.v[t->owner].how != LSSOCK_HOW_FD ||
	    ask_bytes(c, ASK_PROTONAME, 0, hash_bytes(&fd, sizeof(fd)), &fd, sizeof(fd),
		      name) < 0)
		return LSSOCK_PROTO_NONE;
	return names_sockproto(name->data, name->len, &k->family, &k->type);
}

struct sorted { struct stray stray; struct lssock_sock sock; uint32_t name; bool found; };
struct sorted_list {
	VEC(struct sorted) list;
	struct index by_inode;		/* -> place in list */
	uint32_t protos;
};

static void sort_strays(struct collect *c, const struct strays *t, struct sorted_list *ret)
{
	struct buf name = { 0 };
	uint32_t i, *slot;

	for (i = 0; i < t->list.n; i++) {
		struct sorted one = { .stray = t->list.v[i] }, *kept;
		enum lssock_proto proto = stray_proto(c, &one.stray, &one.sock, &name);

		if (proto == LSSOCK_PROTO_NONE)
			continue;	/* closed meanwhile, or not to be read */
		one.sock.proto = (uint8_t)proto;
		one.name = snap_string(c->s, name.data, name.len);
		ret->protos |= 1u << proto;
		slot = index_put(&ret->by_inode, one.stray.inode);
		kept = slot ? vec_push(&ret->list) : NULL;
		if (kept)
			*kept = one;
		if (slot)
			*slot = ret->list.n - 1;
	}
	buf_release(&name);
}

/* Strays that have a row by now. */
static void mark_found(const struct lssock_snap *s, struct sorted_list *t)
{
	uint32_t i, at;

	for (i = 0; i < s->socks.n; i++) {
		at = index_get(&t->by_inode, s->socks.v[i].inode);
		if (at < t->list.n)
			t->list.v[at].found = true;
	}
}

/* Sockets of protocols that were asked whole: dump again until they appear. */
static void dump_again(struct collect *c, struct sorted_list *t)
{
	struct lssock_snap *s = c->s;
	int round;

	for (round = 1; round < DUMP_ROUNDS; round++) {
		uint32_t protos = 0, i;
		uint16_t ns;
		uint8_t proto;

		for (i = 0; i < t->list.n; i++)
			if (!t->list.v[i].found && tables_whole(c, t->list.v[i].sock.proto))
				protos |= 1u << t->list.v[i].sock.proto;
		if (!protos)
			return;
		for (proto = 1; proto < LSSOCK_OTHER; proto++)
			for (ns = 0; (protos & 1u << proto) && ns < s->ns.n; ns++)
				if (s->ns.v[ns].flags & LSSOCK_NS_ASKED)
					tables_again(c, s, ns, proto);
		mark_found(s, t);
	}
}

/* In a namespace of which there is not even a row: it was not asked. */
static bool lives_elsewhere(const struct lssock_snap *s, uint32_t proc)
{
	uint32_t i;

	for (i = 0; i < s->living.n; i++)
		if (s->living.v[i].proc == proc)
			return true;
	return false;
}

/* Its own where the collector knows it, else that of its process, as far as one
 * can tell. ns.n: none that has a row. */
static uint32_t stray_space(const struct lssock_snap *s, const struct stray *t)
{
	uint16_t kind = kinds_of(&s->kinds, t->owner);
	uint32_t proc = s->owners.v[t->owner].proc;

	if (kind)
		return space_of(s, &s->kinds.rows.v[kind]);
	if (s->procs.v[proc].ns < s->ns.n)
		return s->procs.v[proc].ns;
	return lives_elsewhere(s, proc) ? s->ns.n : 0;
}

/* A socket that only an fd shows: unbound, closed, of a family without table,
 * or in a namespace that was not asked. */
static void add_fd_row(struct collect *c, const struct sorted *t)
{
	const uint32_t in_tables = 1u << LSSOCK_TCP | 1u << LSSOCK_UDP |
		1u << LSSOCK_UDPLITE | 1u << LSSOCK_MPTCP | 1u << LSSOCK_SCTP |
		1u << LSSOCK_DCCP | 1u << LSSOCK_NETLINK | 1u << LSSOCK_VSOCK;
	struct lssock_snap *s = c->s;
	struct lssock_sock k = t->sock;
	uint32_t ns = stray_space(s, &t->stray);

	if (!space_asked(s, ns))
		return;
	k.ns = (uint16_t)ns;
	k.inode = t->stray.inode;
	k.cookie = kinds_cookie(&s->kinds, k.inode);
	k.name = t->name;
	k.flags = LSSOCK_SRC_FD;
	k.peer = k.via = LSSOCK_NONE;
	if (in_tables & ~c->unlisted & 1u << k.proto) {
		k.state = LSSOCK_CLOSE;		/* in no table: neither bound nor connected */
		k.flags |= LSSOCK_F_STATE;
	}
	snap_add(s, &k, NULL, 0, NULL);
}

/* Sieves out what cheap dumps of other families explain. */
static void sieve(struct collect *c, struct strays *t, bool large_too)
{
	static const uint8_t small[] = {
		LSSOCK_UNIX, LSSOCK_NETLINK, LSSOCK_PACKET, LSSOCK_UDP
	};
	size_t i;

	for (i = 0; i < sizeof(small) && t->list.n > SIEVE_FROM; i++)
		if (!tables_whole(c, small[i]))
			sieve_family(c, t, small[i]);
	if (large_too && t->list.n > SIEVE_FROM && !tables_whole(c, LSSOCK_TCP))
		sieve_family(c, t, LSSOCK_TCP);
}

/* Many fds of a family that was not asked, and nothing to show of those without
 * a row: it is enough that a further dump brings nothing new. */
static void dump_until_stable(struct collect *c, uint32_t whole)
{
	int round, fresh = 1;

	for (round = 1; fresh > 0 && round < DUMP_ROUNDS; round++) {
		uint16_t ns;
		uint8_t proto;

		fresh = 0;
		for (proto = 1; proto < LSSOCK_OTHER; proto++)
			for (ns = 0; (whole & 1u << proto) && ns < c->s->ns.n; ns++)
				if (c->s->ns.v[ns].flags & LSSOCK_NS_ASKED)
					fresh += tables_again(c, c->s, ns, proto) > 0;
	}
}

/* Protocols whose sockets without a row are rows of their own: those in no
 * table when closed ones are to be shown, and those that have no table here.
 * Unix, packet and raw sockets are in theirs from the beginning. */
static uint32_t rows_from_fds(const struct collect *c)
{
	const uint32_t listed = 1u << LSSOCK_UNIX | 1u << LSSOCK_PACKET | 1u << LSSOCK_RAW;
	uint32_t protos = c->unlisted_held, asked = c->plan->protos;
	uint8_t proto;

	for (proto = 1; proto < LSSOCK_OTHER; proto++)
		if ((asked & ~listed & 1u << proto) &&
		    (c->plan->states[proto] & 1u << LSSOCK_CLOSE))
			protos |= 1u << proto;
	return (protos | 1u << LSSOCK_OTHER) & asked;
}

static void take_strays(struct collect *c, const struct strays *t, uint32_t whole)
{
	struct sorted_list sorted = { 0 };
	uint32_t i;

	sort_strays(c, t, &sorted);
	if (sorted.protos & whole)
		dump_again(c, &sorted);
	for (i = 0; i < sorted.list.n; i++) {
		const struct sorted *k = &sorted.list.v[i];

		if (!k->found && (whole & 1u << k->sock.proto))
			add_fd_row(c, k);
	}
	index_release(&sorted.by_inode);
	vec_release(&sorted.list);
}

/* A socket without a row in any namespace may live in one that nothing else
 * keeps: no process, no mount, no open file. */
static void look_for_spaces(struct collect *c)
{
	struct { struct ask_fd *v; uint32_t n, cap; } fds = { 0 };
	const struct interest in = { .spaces = true };
	uint32_t first = c->s->ns.n, i;
	struct strays t = { 0 };

	if (c->plan->ns_which != NS_ALL)
		return;
	find_strays(c, &in, &t);
	sieve(c, &t, true);
	for (i = 0; i < t.list.n && i < SPACES_ASKED; i++)
		if (c->s->owners.v[t.list.v[i].owner].how == LSSOCK_HOW_FD) {
			struct ask_fd *fd = vec_push(&fds);

			if (fd)
				*fd = stray_fd(c->s, &t.list.v[i]);
		}
	if (fds.n && namespaces_of_sockets(c, fds.v, fds.n))
		for (i = first; i < c->s->ns.n; i++)
			tables_collect(c, (uint16_t)i);
	if (c->s->ns.n > first)
		link_owners(c->s);
	vec_release(&fds);
	vec_release(&t.list);
}

/* Sockets of processes in namespaces that were not asked: most of them live there
 * too. Where that is not known and they are many, they are not looked at. */
static void drop_foreign(const struct lssock_snap *s, struct strays *t)
{
	uint32_t i, n = 0;

	for (i = 0; i < t->list.n; i++)
		n += !space_asked(s, stray_space(s, &t->list.v[i]));
	if (n <= STRAYS_MANY)
		return;
	for (i = n = 0; i < t->list.n; i++)
		if (space_asked(s, stray_space(s, &t->list.v[i])))
			t->list.v[n++] = t->list.v[i];
	t->list.n = n;
}

static void look_at_strays(struct collect *c)
{
	uint32_t from_fds = rows_from_fds(c), whole = 0;
	struct interest in = { 0 };
	struct strays t = { 0 };
	uint8_t proto;

	for (proto = 1; proto < LSSOCK_OTHER; proto++)
		if (tables_whole(c, proto) && !(c->unlisted & 1u << proto))
			whole |= 1u << proto;
	if (!(whole | from_fds))
		return;
	in.protos = whole | from_fds;
	find_strays(c, &in, &t);
	drop_foreign(c->s, &t);
	sieve(c, &t, from_fds != 0);
	if (t.list.n > STRAYS_MANY && !from_fds)
		dump_until_stable(c, whole);
	else if (t.list.n)
		take_strays(c, &t, whole | from_fds);
	vec_release(&t.list);
}

/* Rows with an inode that nobody is seen to hold, but not the kernel's own. */
static bool holders_missing(const struct lssock_snap *s, bool *ret_packet)
{
	bool missing = false;
	uint32_t i;

	*ret_packet = false;
	for (i = 0; i < s->socks.n; i++) {
		const struct lssock_sock *k = &s->socks.v[i];

		if (!k->inode || k->owner || (k->proto == LSSOCK_NETLINK && k->local.w[0] == 0))
			continue;
		missing = true;
		if (k->proto == LSSOCK_PACKET)
			*ret_packet = true;
	}
	return missing;
}

static void take_holders(struct collect *c, uint32_t row, int result, const struct buf *answer)
{
	struct procfs_owners in = { .snap = c->s };

	(void)row;
	if (result == 0 || answer->len)
		procfs_owner_stream(&in, answer->data, answer->len);
	c->looked_twice = result == 0;
}

/* Mappings are read under the memory lock of their process, which others can
 * hold: without an answer in time the rest is asked without them. */
static void look_at_holders(struct collect *c)
{
	struct questions q = { .c = c, .take = take_holders, .what = "mappings",
			       .patience_ns = MAPS_NS };
	struct ask_owners arg = { .maps = true };
	struct ask ask = { .kind = ASK_HOLDERS, .arg = &arg, .arg_len = sizeof(arg) };
	struct buf b = { 0 };
	bool packet, late = true;
	int r;

	if (!holders_missing(c->s, &packet))
		return;
	if (packet) {
		questions_add(&q, &ask, 0, 0);
		late = questions_ask(&q) > 0;
	}
	if (late) {
		arg.maps = false;
		r = ask_bytes(c, ASK_HOLDERS, 0, 0, &arg, sizeof(arg), &b);
		take_holders(c, 0, r, &b);
		buf_release(&b);
	}
	link_owners(c->s);
}

/* Rows still without a holder may have closed since the dump: who is not in a
 * second dump, or has lost its inode there, has vanished. */
static void look_for_vanished(struct collect *c)
{
	struct lssock_snap *s = c->s, *now;
	uint32_t missing = 0, i;
	uint16_t ns;
	uint8_t proto;

	if (c->unreadable)
		return;		/* that explains them */
	for (i = 0; i < s->socks.n; i++)
		if (s->socks.v[i].inode && !s->socks.v[i].owner && s->socks.v[i].cookie &&
		    !(s->socks.v[i].proto == LSSOCK_NETLINK && s->socks.v[i].local.w[0] == 0))
			missing |= 1u << s->socks.v[i].proto;
	now = missing ? snap_new() : NULL;
	if (!now)
		return;
	for (proto = 1; proto < LSSOCK_OTHER; proto++)
		for (ns = 0; (missing & 1u << proto) && ns < s->ns.n; ns++)
			if ((s->ns.v[ns].flags & LSSOCK_NS_ASKED) &&
			    tables_again(c, now, ns, proto) < 0)
				missing &= ~(1u << proto);
	for (i = 0; i < s->socks.n; i++) {
		struct lssock_sock *k = &s->socks.v[i];
		uint32_t row;

		if (!k->inode || k->owner || !k->cookie || !(missing & 1u << k->proto))
			continue;
		row = snap_find(now, k);
		if (row == LSSOCK_NONE || now->socks.v[row].inode != k->inode)
			k->why = LSSOCK_WHY_VANISHED;
	}
	lssock_snap_free(now);
}

/* Protocols that could not be listed count only if they were asked for by name
 * or someone holds such a socket. */
static void note_unlisted(struct collect *c)
{
	uint32_t held = 0, i;
	uint8_t proto;

	for (i = 0; i < c->s->socks.n; i++)
		if ((c->s->socks.v[i].flags & LSSOCK_F_SOURCE) == LSSOCK_SRC_FD)
			held |= 1u << c->s->socks.v[i].proto;
	for (proto = 1; proto < LSSOCK_OTHER; proto++)
		if (c->unlisted & (c->q->protos_asked | held) & 1u << proto)
			snap_note(c->s, LSSOCK_NOTE_UNLISTABLE, 0, 0, 1, names_proto(proto));
}

static void note_hidden(struct lssock_snap *s)
{
	uint32_t i, n = 0;

	for (i = 0; i < s->socks.n; i++)
		n += s->socks.v[i].why == LSSOCK_WHY_OTHER_PIDNS;
	if (n)
		snap_note(s, LSSOCK_NOTE_OTHER_PIDNS, 0, 0, n, NULL);
}

/* Rows that came after the look at owners this round relies on. */
static void say_later(struct collect *c)
{
	uint32_t i;

	for (i = 0; i < c->n_later && i < c->s->socks.n; i++)
		if (c->later[i] && !c->s->socks.v[i].owner)
			c->s->socks.v[i].why = LSSOCK_WHY_LATER;
}

void second_look(struct collect *c)
{
	bool relies = c->later;		/* on the look of an earlier round */
	struct link_why known;

	if (!relies && (c->plan->needs & NEED_OWNERS) && (c->plan->needs & NEED_WHY)) {
		look_for_spaces(c);
		look_at_strays(c);
		link_owners(c->s);
		look_at_holders(c);
	}
	note_unlisted(c);
	if (!(c->plan->needs & NEED_WHY))
		return;
	known = (struct link_why){
		.unreadable = c->unreadable, .nested_pidns = c->nested_pidns,
		.looked_twice = c->looked_twice,
	};
	link_why(c->s, &known);
	say_later(c);
	if (c->looked_twice && !relies)
		look_for_vanished(c);
	note_hidden(c->s);
}
