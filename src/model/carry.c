/* SPDX-License-Identifier: MIT */
/* See carry.h. A row is the same by its identity, a process by pid and start. */
#include "model/carry.h"

#include <errno.h>
#include <string.h>

static uint32_t copy_string(struct carry *c, uint32_t id)
{
	size_t len;
	const char *s = strings_get(&c->from->strings, id, &len);

	return s ? snap_string(c->to, s, len) : 0;
}

/* ---- the same rows ---------------------------------------------------------- */

static uint16_t space_in(const struct lssock_snap *s, const struct lssock_ns *n)
{
	uint32_t i;

	for (i = 0; i < s->ns.n; i++)
		if (s->ns.v[i].ino == n->ino &&
		    (!n->cookie || !s->ns.v[i].cookie || s->ns.v[i].cookie == n->cookie))
			return (uint16_t)i;
	return 0xffff;
}

/* The kernel lists what is still there in the order it did before, mostly. */
static uint32_t same_row(struct carry *c, const struct lssock_sock *k)
{
	struct lssock_sock there = *k;
	uint32_t row;

	there.ns = k->ns < c->from->ns.n ? c->spaces[k->ns] : 0xffff;
	if (there.ns == 0xffff)
		return LSSOCK_NONE;
	row = snap_find_near(c->to, &there, c->guess);
	if (row != LSSOCK_NONE)
		c->guess = row + 1;
	return row;
}

int carry_init(struct carry *c, const struct lssock_snap *from, struct lssock_snap *to)
{
	uint32_t i, row, met = 0;

	*c = (struct carry){ .from = from, .to = to, .n_rows = to->socks.n };
	lssock_tracks(from, &c->n_there);
	c->spaces = mem_alloc((from->ns.n + 1ul) * sizeof(*c->spaces));
	c->procs = mem_alloc((from->procs.n + 1ul) * sizeof(*c->procs));
	c->rows = mem_alloc((to->socks.n + 1ul) * sizeof(*c->rows));
	if (!c->spaces || !c->procs || !c->rows)
		return -ENOMEM;
	for (i = 0; i < from->ns.n; i++)
		c->spaces[i] = space_in(to, &from->ns.v[i]);
	memset(c->rows, 0xff, to->socks.n * sizeof(*c->rows));
	for (i = 0; i < c->n_there && to->socks.n; i++) {
		row = same_row(c, &from->socks.v[i]);
		if (row == LSSOCK_NONE || c->rows[row] != LSSOCK_NONE)
			continue;
		c->rows[row] = i;
		met++;
	}
	to->meta.fresh = to->socks.n - met;
	to->meta.gone = c->n_there - met;
	return 0;
}

void carry_release(struct carry *c)
{
	mem_free(c->spaces);
	mem_free(c->procs);
	mem_free(c->rows);
	mem_free(c->now);
	*c = (struct carry){ 0 };
}

int carry_again(struct carry *c)
{
	uint32_t i, *rows = mem_realloc(c->rows, (c->to->socks.n + 1ul) * sizeof(*rows));

	if (rows)
		c->rows = rows;
	c->now = mem_alloc((c->from->socks.n + 1ul) * sizeof(*c->now));
	if (!rows || !c->now)
		return -ENOMEM;
	for (i = c->n_rows; i < c->to->socks.n; i++)
		rows[i] = LSSOCK_NONE;
	c->n_rows = c->to->socks.n;
	memset(c->now, 0xff, c->from->socks.n * sizeof(*c->now));
	for (i = 0; i < c->n_rows; i++)
		if (rows[i] != LSSOCK_NONE)
			c->now[rows[i]] = i;
	for (i = 0; i < c->n_there; i++) {
		if (c->now[i] != LSSOCK_NONE)
			continue;
		c->now[i] = same_row(c, &c->from->socks.v[i]);
		if (c->now[i] == LSSOCK_NONE)
			continue;
		if (rows[c->now[i]] == LSSOCK_NONE)
			rows[c->now[i]] = i;
	}
	return 0;
}

/* The row before, if it had the same inode. */
static const struct lssock_sock *before(const struct carry *c, uint32_t row)
{
	const struct lssock_sock *k;

	if (row >= c->n_rows || c->rows[row] == LSSOCK_NONE)
		return NULL;
	k = &c->from->socks.v[c->rows[row]];
	return k->inode == c->to->socks.v[row].inode ? k : NULL;
}

/* ---- processes ---------------------------------------------------------------- */

static bool is_alive(const struct carry *c, uint32_t proc)
{
	return proc && proc < c->from->procs.n && (!c->alive || c->alive[proc]);
}

static void copy_details(struct carry *c, struct lssock_proc *to, const struct lssock_proc *p)
{
	to->cmdline = copy_string(c, p->cmdline);
	to->cmd = copy_string(c, p->cmd);
	to->exe = copy_string(c, p->exe);
	to->unit = copy_string(c, p->unit);
	to->manager = copy_string(c, p->manager);
	to->container = copy_string(c, p->container);
	to->runtime = copy_string(c, p->runtime);
	to->pod = copy_string(c, p->pod);
	to->nofile = p->nofile;
	to->nfds = p->nfds;
	to->flags |= p->flags;
}

/* The row of a process of from, made if need be; 0: no memory. */
static uint32_t copy_proc(struct carry *c, uint32_t proc)
{
	const struct lssock_proc *p = &c->from->procs.v[proc];
	struct lssock_proc new = *p;
	uint32_t row = c->procs[proc];

	if (row)
		return row;
	new.comm = copy_string(c, p->comm);
	new.ns = p->ns < c->from->ns.n ? c->spaces[p->ns] : 0xffff;
	copy_details(c, &new, p);
	c->procs[proc] = snap_proc(c->to, &new);
	return c->procs[proc];
}

static bool same_text(const struct carry *c, uint32_t from, uint32_t to)
{
	size_t n, m;
	const char *a = strings_get(&c->from->strings, from, &n);
	const char *b = strings_get(&c->to->strings, to, &m);

	return a && b && n == m && !memcmp(a, b, n);
}

/* Another name is another program: its details are asked for again. */
static bool same_program(const struct carry *c, const struct lssock_proc *from,
			 const struct lssock_proc *to)
{
	return from->pid == to->pid && from->start_ns == to->start_ns &&
	       same_text(c, from->comm, to->comm);
}

int carry_details(struct carry *c)
{
	struct lssock_snap *s = c->to;
	uint32_t i, row;

	for (i = 1; i < c->from->procs.n; i++) {
		const struct lssock_proc *p = &c->from->procs.v[i];

		if (!(p->flags & LSSOCK_P_DETAILS))
			continue;
		row = index_get(&s->by_pid, (uint32_t)p->pid);
		if (row < s->procs.n && !(s->procs.v[row].flags & LSSOCK_P_DETAILS) &&
		    same_program(c, p, &s->procs.v[row]))
			copy_details(c, &s->procs.v[row], p);
	}
	return s->failed ? -ENOMEM : 0;
}

/* ---- owners -------------------------------------------------------------------- */

static void copy_owners(struct carry *c, const struct lssock_sock *k)
{
	uint32_t o;

	for (o = k->owner; o; o = c->from->owners.v[o].next) {
		struct lssock_owner owner = c->from->owners.v[o];

		if (!is_alive(c, owner.proc))
			continue;
		owner.proc = copy_proc(c, owner.proc);
		if (owner.proc)
			snap_owner(c->to, k->inode, &owner);
	}
}

int carry_owners(struct carry *c)
{
	uint32_t i;

	for (i = 0; i < c->to->socks.n; i++) {
		const struct lssock_sock *k = before(c, i);

		if (k && k->inode && k->owner)
			copy_owners(c, k);
	}
	for (i = 0; i < c->from->in_flight.n; i++) {
		struct snap_in_flight f = c->from->in_flight.v[i];

		if (f.proc && !is_alive(c, f.proc))
			continue;
		f.proc = f.proc ? copy_proc(c, f.proc) : 0;
		snap_in_flight(c->to, &f);
	}
	return c->to->failed ? -ENOMEM : 0;
}

bool carry_misses(const struct carry *c, uint32_t row)
{
	const struct lssock_sock *k = before(c, row);
	uint32_t o;

	if (!c->to->socks.v[row].inode)
		return false;
	if (!k || k->why == LSSOCK_WHY_LATER)
		return true;
	for (o = k->owner; o; o = c->from->owners.v[o].next)
		if (is_alive(c, c->from->owners.v[o].proc))
			return false;
	return k->owner != 0;	/* one that had no owner has none */
}

/* ---- the rest --------------------------------------------------------------------- */

void carry_notes(struct carry *c)
{
	uint32_t i;

	for (i = 0; i < c->from->notes.n; i++) {
		const struct lssock_note *n = &c->from->notes.v[i];
		size_t len;
		const char *what = strings_get(&c->from->strings, n->what, &len);
		struct buf b = { 0 };

		switch (n->kind) {
		case LSSOCK_NOTE_UNREADABLE_PROC: case LSSOCK_NOTE_NO_PROC:
		case LSSOCK_NOTE_HIDDEN_PROCS: case LSSOCK_NOTE_RING_BUSY:
		case LSSOCK_NOTE_LATE: case LSSOCK_NOTE_LIMIT: case LSSOCK_NOTE_DETAILS:
			if (what)
				buf_put(&b, what, len);
			snap_note(c->to, n->kind, 0, n->err, n->count,
				  what ? buf_cstr(&b) : NULL);
			buf_release(&b);
			break;
		default:
			break;		/* of tables and namespaces: asked anew */
		}
	}
}

uint32_t carry_fd_row(struct carry *c, uint32_t row)
{
	struct lssock_sock k = c->from->socks.v[row];

	if (k.ns >= c->from->ns.n || c->spaces[k.ns] == 0xffff)
		return LSSOCK_NONE;
	copy_owners(c, &k);
	k.ns = c->spaces[k.ns];
	k.name = copy_string(c, k.name);
	k.iface = 0;
	k.attrs = k.owner = 0;
	k.peer = k.via = LSSOCK_NONE;
	return snap_add(c->to, &k, NULL, 0, NULL);
}

void carry_users(struct carry *c)
{
	uint32_t i;

	for (i = 0; i < c->from->users.n; i++) {
		struct snap_user *u = vec_push(&c->to->users);

		if (!u)
			return;
		u->uid = c->from->users.v[i].uid;
		u->name = copy_string(c, c->from->users.v[i].name);
	}
}

/* ---- closed sockets ----------------------------------------------------------------- */

uint16_t carry_space(const struct carry *c, uint16_t ns)
{
	return ns < c->from->ns.n ? c->spaces[ns] : 0xffff;
}

/* Not by inode: that may be another socket's by now. */
static uint32_t copy_chain(struct carry *c, uint32_t first)
{
	struct lssock_owner owner;
	uint32_t o, last = 0, head = 0;

	for (o = first; o; o = c->from->owners.v[o].next) {
		owner = c->from->owners.v[o];
		owner.proc = copy_proc(c, owner.proc);
		owner.next = 0;
		if (!owner.proc || !vec_push(&c->to->owners))
			break;
		c->to->owners.v[c->to->owners.n - 1] = owner;
		if (last)
			c->to->owners.v[last].next = c->to->owners.n - 1;
		last = c->to->owners.n - 1;
		head = head ? head : last;
	}
	return head;
}

static uint16_t copy_iface(struct carry *c, uint16_t ns, uint16_t iface)
{
	const struct lssock_iface *f;
	uint16_t row;

	if (!iface || iface >= c->from->ifaces.n)
		return 0;
	f = &c->from->ifaces.v[iface];
	row = snap_iface(c->to, ns, f->ifindex);
	if (row && !c->to->ifaces.v[row].name)
		c->to->ifaces.v[row].name = copy_string(c, f->name);
	return row;
}

static const char *attrs_of(const struct lssock_snap *s, uint32_t at, uint32_t *ret_len)
{
	if (!at || at > s->attrs.len || s->attrs.len - at < sizeof(*ret_len))
		return NULL;
	memcpy(ret_len, s->attrs.data + at, sizeof(*ret_len));
	return *ret_len <= s->attrs.len - at - sizeof(*ret_len) ?
		s->attrs.data + at + sizeof(*ret_len) : NULL;
}

uint32_t carry_closed(struct carry *c, uint32_t row, const void *attrs, uint32_t len)
{
	struct lssock_sock k = c->from->socks.v[row];
	uint32_t owner = k.owner;

	if (!attrs)
		attrs = attrs_of(c->from, k.attrs, &len);
	k.ns = carry_space(c, k.ns);
	if (k.ns == 0xffff)
		return LSSOCK_NONE;
	k.name = copy_string(c, k.name);
	k.iface = copy_iface(c, k.ns, k.iface);
	if (k.proto == LSSOCK_UNIX)
		k.local.w[2] = 0;
	k.attrs = k.owner = 0;
	k.peer = k.via = LSSOCK_NONE;
	row = snap_append(c->to, &k, attrs, attrs ? len : 0);
	if (row != LSSOCK_NONE) {
		c->to->socks.v[row].owner = copy_chain(c, owner);
		c->to->socks.v[row].why = k.why;
		c->to->socks.v[row].via = LSSOCK_NONE;
		c->to->socks.v[row].peer = LSSOCK_NONE;
	}
	return row;
}
