/* SPDX-License-Identifier: MIT */
/*
 * Sockets of two snapshots that are the same: in passes, the surest sign first. What
 * has become of them is told in diff.c.
 */
#include "query/match.h"

#include <errno.h>
#include <sys/socket.h>

#include "model/names.h"
#include "query/field.h"

/* A clock that was set moves what is reckoned as the time of boot. */
#define BOOT_TOLERANCE_NS 2000000000ull

/* ---- the machine ----------------------------------------------------------------- */

static bool same_string(const struct match *m, uint32_t old, uint32_t now)
{
	size_t n = 0, len = 0;
	const char *a = strings_get(&m->old->strings, old, &n);
	const char *b = strings_get(&m->now->strings, now, &len);

	return a && b && n == len && !memcmp(a, b, n);
}

static void compare_machines(struct match *m)
{
	const struct lssock_meta *a = &m->old->meta, *b = &m->now->meta;
	uint64_t apart = a->boot_ns > b->boot_ns ? a->boot_ns - b->boot_ns :
			 b->boot_ns - a->boot_ns;

	m->same_host = same_string(m, a->host, b->host);
	m->same_boot = m->same_host && a->boot_ns && b->boot_ns &&
		       apart <= BOOT_TOLERANCE_NS;
}

/* ---- namespaces ------------------------------------------------------------------ */

static bool same_space(const struct lssock_ns *a, const struct lssock_ns *b)
{
	return a->ino && a->ino == b->ino &&
	       (!a->cookie || !b->cookie || a->cookie == b->cookie);
}

/* One that was made anew has the name of the one before. */
static bool same_name(const struct match *m, const struct lssock_ns *a,
		      const struct lssock_ns *b)
{
	const uint16_t ours = LSSOCK_NS_HOST | LSSOCK_NS_OWN;

	if ((a->flags | b->flags) & LSSOCK_NS_HOST)
		return a->flags & b->flags & LSSOCK_NS_HOST;
	if (a->name || b->name)
		return same_string(m, a->name, b->name);
	if (a->container || b->container)
		return same_string(m, a->container, b->container);
	return a->flags & b->flags & ours;
}

static void pair_spaces(struct match *m, bool by_name)
{
	uint32_t i, j;

	for (i = 0; i < m->old->ns.n; i++)
		for (j = 0; j < m->now->ns.n && m->ns_now[i] == 0xffff; j++) {
			const struct lssock_ns *a = &m->old->ns.v[i], *b = &m->now->ns.v[j];

			if (m->ns_old[j] != 0xffff ||
			    !(by_name ? same_name(m, a, b) : same_space(a, b)))
				continue;
			m->ns_now[i] = (uint16_t)j;
			m->ns_old[j] = (uint16_t)i;
		}
}

/* ---- keys ------------------------------------------------------------------------ */

#define NO_MORE 0xfffffffeu	/* in an index a row of INDEX_NONE would be a free place */

enum pass {
	PASS_COOKIE,			/* within a boot */
	PASS_INODE,			/* the same, where a table gave no cookie */
	PASS_WAITING,			/* the same: a connection and its time-wait */
	PASS_SERVER,			/* what listens, by its end and its program */
	PASS_LISTENER,			/* by its end alone */
	PASS_ENDS,			/* across boots: the rest */
	N_PASS
};

struct keys {
	const struct match *m;
	struct strings seen;
	struct buf key;
	struct index first;		/* key -> first old row that has it */
	uint32_t *next;			/* old row -> the next one, NO_MORE: none */
	struct index last;
};

static void put_text(struct buf *b, const struct lssock_snap *s, uint32_t id)
{
	size_t len = 0;
	const char *p = id ? strings_get(&s->strings, id, &len) : NULL;
	uint32_t n = p ? (uint32_t)len : UINT32_MAX;

	buf_put(b, &n, sizeof(n));
	buf_put(b, p, p ? len : 0);
}

static void put_iface(struct buf *b, const struct lssock_snap *s, const struct lssock_sock *k)
{
	if (k->iface && k->iface < s->ifaces.n)
		put_text(b, s, s->ifaces.v[k->iface].name);
}

/* The end that is its own. Of netlink the number is chosen by chance, but the family
 * it talks to is not. */
static void put_local(struct buf *b, const struct lssock_snap *s, const struct lssock_sock *k)
{
	buf_put(b, &k->family, sizeof(k->family));
	buf_put(b, &k->type, sizeof(k->type));
	put_iface(b, s, k);
	if (snap_is_inet(k)) {
		buf_put(b, k->local.ip, k->family == AF_INET ? 4 : 16);
		buf_put(b, &k->lport, sizeof(k->lport));
	} else if (k->proto == LSSOCK_UNIX || k->proto == LSSOCK_OTHER) {
		put_text(b, s, k->name);
	} else {
		buf_put(b, &k->local.w[k->proto == LSSOCK_NETLINK], 4);
		if (k->proto == LSSOCK_VSOCK)
			buf_put(b, &k->local.w[1], 4);
	}
}

static void put_remote(struct buf *b, const struct lssock_sock *k)
{
	if (snap_is_inet(k)) {
		buf_put(b, k->remote.ip, k->family == AF_INET ? 4 : 16);
		buf_put(b, &k->rport, sizeof(k->rport));
	} else if (k->proto == LSSOCK_VSOCK) {
		buf_put(b, k->remote.w, 8);
	}
}

static void put_program(struct buf *b, const struct lssock_snap *s,
			const struct lssock_sock *k)
{
	uint32_t o = field_owner(s, k);
	const struct lssock_proc *p = o ? &s->procs.v[s->owners.v[o].proc] : NULL;

	if (!p)
		return;
	put_text(b, s, p->exe ? p->exe : p->comm);
	buf_put(b, &p->uid, sizeof(p->uid));
}

static bool is_connection(const struct lssock_sock *k)
{
	return k->proto == LSSOCK_TCP && k->rport;
}

/* The key of a row in a pass; false: it takes no part. */
static bool put_key(struct keys *y, enum pass pass, const struct lssock_snap *s,
		    const struct lssock_sock *k)
{
	struct buf *b = &y->key;

	switch (pass) {
	case PASS_COOKIE:
		buf_put(b, &k->cookie, sizeof(k->cookie));
		if (k->proto == LSSOCK_SCTP || k->proto == LSSOCK_MPTCP) {
			put_local(b, s, k);
			put_remote(b, k);
		}
		return k->cookie;
	case PASS_INODE:
		buf_put(b, &k->inode, sizeof(k->inode));
		return k->inode;
	case PASS_WAITING:
		put_local(b, s, k);
		put_remote(b, k);
		return is_connection(k) && (s == y->m->old || k->state == LSSOCK_TIME_WAIT);
	case PASS_SERVER:
		put_program(b, s, k);
		/* fall through */
	case PASS_LISTENER:
		put_local(b, s, k);
		return field_listens(k) && (k->lport || !snap_is_inet(k));
	case PASS_ENDS:
		put_local(b, s, k);
		put_remote(b, k);
		put_program(b, s, k);
		return !field_listens(k);
	case N_PASS:
		break;
	}
	return false;
}

/* As a number; 0: it has none. The namespace is that of now. */
static uint32_t key_of(struct keys *y, enum pass pass, const struct lssock_snap *s,
		       uint32_t row)
{
	const struct lssock_sock *k = snap_row(s, row);
	uint16_t ns = k->ns;

	if (s == y->m->old)
		ns = ns < s->ns.n ? y->m->ns_now[ns] : 0xffff;
	if (ns == 0xffff)
		return 0;
	buf_reset(&y->key);
	buf_put(&y->key, &ns, sizeof(ns));
	buf_put(&y->key, &k->proto, sizeof(k->proto));
	if (!put_key(y, pass, s, k) || y->key.failed)
		return 0;
	return strings_put(&y->seen, y->key.data, y->key.len);
}

/* ---- passes ---------------------------------------------------------------------- */

static int gather(struct keys *y, enum pass pass)
{
	const struct lssock_snap *s = y->m->old;
	uint32_t i, id, *slot;

	for (i = 0; i < s->socks.n; i++) {
		y->next[i] = NO_MORE;
		id = y->m->to_now[i] == LSSOCK_NONE ? key_of(y, pass, s, i) : 0;
		if (!id)
			continue;
		slot = index_put(&y->last, id);
		if (!slot)
			return -ENOMEM;
		if (*slot != INDEX_NONE)
			y->next[*slot] = i;
		*slot = i;
		slot = index_put(&y->first, id);
		if (!slot)
			return -ENOMEM;
		if (*slot == INDEX_NONE)
			*slot = i;
	}
	return 0;
}

/* Rows that are alike are paired in order. */
static int pair(struct keys *y, enum pass pass)
{
	const struct lssock_snap *s = y->m->now;
	uint32_t i, id, old, *slot;

	for (i = 0; i < s->socks.n; i++) {
		id = y->m->to_old[i] == LSSOCK_NONE ? key_of(y, pass, s, i) : 0;
		old = id ? index_get(&y->first, id) : INDEX_NONE;
		if (old == INDEX_NONE || old == NO_MORE ||
		    (pass == PASS_INODE && snap_row(s, i)->cookie &&
		     snap_row(y->m->old, old)->cookie))
			continue;
		slot = index_put(&y->first, id);
		if (!slot)
			return -ENOMEM;
		*slot = y->next[old];
		y->m->to_now[old] = i;
		y->m->to_old[i] = old;
	}
	return y->key.failed ? -ENOMEM : 0;
}

static int run_pass(const struct match *m, enum pass pass)
{
	struct keys y = { .m = m };
	uint64_t failures = mem_failures();
	int r = -ENOMEM;

	y.next = mem_alloc((m->old->socks.n + 1ull) * sizeof(*y.next));
	if (y.next)
		r = gather(&y, pass);
	if (r == 0)
		r = pair(&y, pass);
	if (mem_failures() != failures)
		r = -ENOMEM;
	strings_release(&y.seen);
	buf_release(&y.key);
	index_release(&y.first);
	index_release(&y.last);
	mem_free(y.next);
	return r;
}

static bool takes_place(const struct match *m, enum pass pass)
{
	switch (pass) {
	case PASS_COOKIE: case PASS_INODE: case PASS_WAITING:
		return m->same_boot;
	case PASS_ENDS:
		return !m->same_boot;
	case PASS_SERVER: case PASS_LISTENER: case N_PASS:
		break;
	}
	return true;
}

static void *filled(uint32_t n, size_t size)
{
	void *p = mem_alloc((n + 1ull) * size);

	if (p)
		memset(p, 0xff, (n + 1ull) * size);
	return p;
}

int match_make(struct match *m, const struct lssock_snap *old, const struct lssock_snap *now)
{
	unsigned pass;
	int r = 0;

	*m = (struct match){ .old = old, .now = now };
	m->to_now = filled(old->socks.n, sizeof(*m->to_now));
	m->to_old = filled(now->socks.n, sizeof(*m->to_old));
	m->ns_now = filled(old->ns.n, sizeof(*m->ns_now));
	m->ns_old = filled(now->ns.n, sizeof(*m->ns_old));
	if (!m->to_now || !m->to_old || !m->ns_now || !m->ns_old)
		return -ENOMEM;
	compare_machines(m);
	if (m->same_boot)
		pair_spaces(m, false);
	pair_spaces(m, true);
	for (pass = 0; pass < N_PASS && r == 0; pass++)
		if (takes_place(m, (enum pass)pass))
			r = run_pass(m, (enum pass)pass);
	return r;
}

void match_release(struct match *m)
{
	mem_free(m->to_now);
	mem_free(m->to_old);
	mem_free(m->ns_now);
	mem_free(m->ns_old);
	*m = (struct match){ 0 };
}

/* ---- what was looked at ---------------------------------------------------------- */

static bool is_about(const struct lssock_snap *s, const struct lssock_note *n, uint8_t proto)
{
	const char *name = names_proto(proto), *what;
	size_t len = 0;

	what = n->what ? strings_get(&s->strings, n->what, &len) : NULL;
	return !what || (len == strlen(name) && !memcmp(what, name, len));
}

/* Whether a note says that rows of this protocol may be missing. ns 0xffff: in a
 * namespace that is not known. */
static bool lacks(const struct lssock_snap *s, uint16_t ns, const struct lssock_sock *k)
{
	const uint32_t of_table = 1u << LSSOCK_NOTE_UNLISTABLE | 1u << LSSOCK_NOTE_FALLBACK |
		1u << LSSOCK_NOTE_DUMP_FAILED | 1u << LSSOCK_NOTE_NOT_RECORDED;
	const uint32_t of_procs = 1u << LSSOCK_NOTE_UNREADABLE_PROC |
		1u << LSSOCK_NOTE_NO_PROC | 1u << LSSOCK_NOTE_HIDDEN_PROCS;
	bool by_fd = (k->flags & LSSOCK_F_SOURCE) == LSSOCK_SRC_FD;
	uint32_t i;

	for (i = 0; i < s->notes.n; i++) {
		const struct lssock_note *n = &s->notes.v[i];

		if (!lssock_note_incomplete(n))
			continue;
		if (ns == 0xffff && n->kind == LSSOCK_NOTE_NETNS_REFUSED)
			return true;
		if (by_fd && of_procs & 1u << n->kind)
			return true;
		if (of_table & 1u << n->kind && (n->ns == ns || !n->ns) &&
		    is_about(s, n, k->proto))
			return true;
	}
	return by_fd && !s->meta.owners_asked;
}

bool match_would_show(const struct match *m, bool is_old, uint32_t row)
{
	const struct lssock_snap *of = is_old ? m->old : m->now, *s = is_old ? m->now : m->old;
	const struct lssock_sock *k = snap_row(of, row);
	uint16_t ns = 0xffff;

	if (k->ns < of->ns.n)
		ns = (is_old ? m->ns_now : m->ns_old)[k->ns];
	if (ns == 0xffff && s->meta.n_ns > s->ns.n)
		return false;
	if (ns < s->ns.n && (s->ns.v[ns].flags & (LSSOCK_NS_ASKED | LSSOCK_NS_REFUSED)) !=
			    LSSOCK_NS_ASKED)
		return false;
	return !lacks(s, ns, k);
}
