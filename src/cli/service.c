/* SPDX-License-Identifier: MIT */
/*
 * One service of a story: its addresses, who holds it and since when, who is
 * connected, how to stop it.
 */
#include <string.h>
#include <sys/socket.h>

#include "base/num.h"
#include "base/text.h"
#include "cli/story.h"

void story_field(struct story *st, uint32_t row, uint32_t owner, const char *name)
{
	struct lssock_value v;
	char text[512];
	int f = lssock_field_find(name);
	size_t n;

	if (f < 0)
		return;
	lssock_get(st->a.snap, row, owner, (uint32_t)f, &v);
	if (v.kind == LSSOCK_V_END && v.host && !strcmp(name, "remote")) {
		buf_put(&st->out, v.host, v.host_len);
		buf_putc(&st->out, ':');
		buf_u64(&st->out, v.port);
		return;
	}
	n = lssock_value_text(&v, text, sizeof(text));
	buf_put(&st->out, text, n < sizeof(text) ? n : sizeof(text) - 1);
}

static bool get_field(struct story *st, uint32_t row, uint32_t owner, const char *name,
		      struct lssock_value *v)
{
	int f = lssock_field_find(name);

	if (f < 0)
		return false;
	lssock_get(st->a.snap, row, owner, (uint32_t)f, v);
	return v->kind != LSSOCK_V_NA && v->kind != LSSOCK_V_UNKNOWN &&
	       v->kind != LSSOCK_V_LATER;
}

static void put_string(struct story *st, uint32_t id)
{
	size_t len;
	const char *p = lssock_string(st->a.snap, id, &len);

	if (p)
		text_safe(&st->out, p, len, 0);
}

bool story_is_service(const struct lssock_sock *k)
{
	return k->state == LSSOCK_LISTEN || k->state == LSSOCK_BOUND ||
	       (k->state == LSSOCK_UNCONNECTED && (k->lport || k->proto == LSSOCK_UNIX));
}

bool story_on_port(const struct story *st, const struct lssock_sock *k)
{
	return !st->port || k->lport == st->port;
}

static const struct lssock_sock *sock_at(const struct story *st, uint32_t place)
{
	return &st->socks[st->rows[place]];
}

/* Sockets of one service: same protocol, namespace, kind and first owner. */
static bool same_service(const struct story *st, const struct lssock_sock *a,
			 const struct lssock_sock *b)
{
	uint32_t x = a->owner ? st->owners[a->owner].proc : 0;
	uint32_t y = b->owner ? st->owners[b->owner].proc : 0;

	return a->proto == b->proto && a->ns == b->ns && a->state == b->state && x == y;
}

/* ---- one service ------------------------------------------------------------ */

void story_line(struct story *st, const char *label)
{
	buf_puts(&st->out, "  ");
	buf_puts(&st->out, label);
	buf_fill(&st->out, ' ', 10 - strlen(label));
}

static void put_place(struct story *st, const struct lssock_sock *k)
{
	const struct lssock_ns *n = &st->ns[k->ns];

	if (n->flags & LSSOCK_NS_OWN)
		return;
	buf_puts(&st->out, ", in network namespace ");
	if (n->name)
		put_string(st, n->name);
	else if (n->container)
		put_string(st, n->container);
	else
		buf_u64(&st->out, n->ino);
}

/* The widest first. */
static const struct { const char *word, *says; } scopes[] = {
	{ "all", "bound to every interface" },
	{ "public", "bound to a public address" },
	{ "lan", "bound to a private address" },
	{ "link", "bound to a link-local address" },
	{ "local", "reachable from this machine only" },
	{ "owner", "its owner may connect" },
	{ "group", "its group may connect" },
	{ "world", "everybody may connect" },
	{ "abstract", "everybody in this network namespace may connect" },
};
#define N_SCOPES (sizeof(scopes) / sizeof(scopes[0]))

static size_t scope_of(struct story *st, uint32_t row)
{
	struct lssock_value v;
	size_t i = N_SCOPES;

	if (get_field(st, row, 0, "scope", &v))
		for (i = 0; i < N_SCOPES; i++)
			if (strlen(scopes[i].word) == v.len &&
			    !memcmp(scopes[i].word, v.s, v.len))
				break;
	return i;
}

/* Bit 0: a wildcard that takes IPv4, bit 1: one that takes IPv6. */
static unsigned wildcard_of(struct story *st, uint32_t row)
{
	static const uint8_t any[16];
	struct lssock_value v;

	if (!get_field(st, row, 0, "laddr", &v) || v.kind != LSSOCK_V_ADDR ||
	    memcmp(v.a.ip, any, sizeof(any)))
		return 0;
	return v.a.family == AF_INET ? 1 : v.a.family == AF_INET6 ? 2 : 3;
}

/* The addresses of a service, which are told by this. */
static void put_ends(struct story *st, uint32_t first, size_t *ret_scope, unsigned *ret_wild)
{
	const struct lssock_sock *k = sock_at(st, first);
	const char *comma = " ";
	uint32_t i;

	*ret_scope = N_SCOPES;
	*ret_wild = 0;
	for (i = first; i < st->n_rows; i++) {
		const struct lssock_sock *o = sock_at(st, i);
		size_t scope;

		if (i != first &&
		    (!story_is_service(o) || !story_on_port(st, o) || !same_service(st, k, o)))
			continue;
		buf_puts(&st->out, comma);
		story_field(st, st->rows[i], 0, "local");
		st->told[st->rows[i]] = 1;
		scope = scope_of(st, st->rows[i]);
		*ret_scope = scope < *ret_scope ? scope : *ret_scope;
		*ret_wild |= wildcard_of(st, st->rows[i]);
		comma = ", ";
	}
}

static void put_headline(struct story *st, uint32_t first)
{
	static const char *const takes[] = {
		"", " (IPv4 only)", " (IPv6 only)", " (IPv4 and IPv6)"
	};
	const struct lssock_sock *k = sock_at(st, first);
	const char *is = k->state == LSSOCK_LISTEN ? " is listening" :
			 k->state == LSSOCK_BOUND ? " is bound but not listening" : " is bound";
	const char *says = NULL;
	unsigned wild;
	size_t scope;

	st->told_protos |= 1u << k->proto;
	story_field(st, st->rows[first], 0, "proto");
	put_ends(st, first, &scope, &wild);
	if (scope < N_SCOPES)
		says = scopes[scope].says;
	if (says && k->state == LSSOCK_UNCONNECTED && !strncmp(says, "bound", 5)) {
		buf_puts(&st->out, " is ");	/* not: is bound, bound to */
	} else {
		buf_puts(&st->out, is);
		buf_puts(&st->out, says ? ", " : "");
	}
	buf_puts(&st->out, says ? says : "");
	buf_puts(&st->out, takes[wild]);
	put_place(st, k);
	buf_puts(&st->out, "\n\n");
}

uint32_t story_owner(const struct story *st, uint32_t o)
{
	while (o && st->owners[o].how != LSSOCK_HOW_FD)
		o = st->owners[o].next;
	return o;
}

static uint32_t count_owners(const struct story *st, uint32_t row)
{
	uint32_t o, n = 0;

	for (o = st->socks[row].owner; o; o = st->owners[o].next)
		n += st->owners[o].how == LSSOCK_HOW_FD;
	return n;
}

void story_process(struct story *st, uint32_t proc)
{
	put_string(st, st->procs[proc].comm);
	buf_putc(&st->out, '[');
	buf_i64(&st->out, st->procs[proc].pid);
	buf_putc(&st->out, ']');
}

/* Why there is no owner, and whom that concerns. */
static void put_no_owner(struct story *st, uint32_t row)
{
	static const char *const says[LSSOCK_N_WHY] = {
		[LSSOCK_WHY_ACCEPT_QUEUE] = "nobody yet: it waits to be accepted",
		[LSSOCK_WHY_ORPHAN] = "nobody any more: it is closed, the kernel finishes",
		[LSSOCK_WHY_KERNEL] = "the kernel",
		[LSSOCK_WHY_IN_FLIGHT] = "nobody now: in a message that was not read yet",
		[LSSOCK_WHY_IO_URING] = "no open file: registered in an io_uring",
		[LSSOCK_WHY_MMAP] = "no open file: mapped into memory",
		[LSSOCK_WHY_NO_PERMISSION] = "not known: its process may not be looked at",
		[LSSOCK_WHY_OTHER_PIDNS] = "not known: a process outside of what is seen here",
		[LSSOCK_WHY_VANISHED] = "gone while it was looked for",
	};
	const struct lssock_sock *k = &st->socks[row];
	const char *text = k->why < LSSOCK_N_WHY ? says[k->why] : NULL;
	const char *comma = k->why == LSSOCK_WHY_IN_FLIGHT ? ", for " : " of ";
	uint32_t o;

	buf_puts(&st->out, text ? text : "not known");
	for (o = k->owner; o; o = st->owners[o].next) {
		buf_puts(&st->out, comma);
		story_process(st, st->owners[o].proc);
		comma = ", ";
	}
	buf_putc(&st->out, '\n');
}

/* "nginx[26, 27, 28] fd 7": one name and number are said once. Returns the owner
 * after the last that was told. */
static uint32_t put_alike(struct story *st, uint32_t o, uint32_t *shown)
{
	const struct lssock_owner *first = &st->owners[o];

	put_string(st, st->procs[first->proc].comm);
	buf_putc(&st->out, '[');
	buf_i64(&st->out, st->procs[first->proc].pid);
	while (++*shown < MAX_NAMED) {
		const struct lssock_owner *next;

		o = story_owner(st, st->owners[o].next);
		next = &st->owners[o];
		if (!o || next->fd != first->fd || next->proc == first->proc ||
		    st->procs[next->proc].comm != st->procs[first->proc].comm)
			break;
		buf_puts(&st->out, ", ");
		buf_i64(&st->out, st->procs[next->proc].pid);
	}
	if (*shown >= MAX_NAMED)
		o = 0;
	buf_puts(&st->out, "] fd ");
	buf_i64(&st->out, first->fd);
	return o;
}

static void put_owners(struct story *st, uint32_t row)
{
	uint32_t first = story_owner(st, st->socks[row].owner), o, shown = 0;
	uint32_t n = count_owners(st, row);
	const struct lssock_proc *p;

	story_line(st, "owner");
	if (!n) {
		put_no_owner(st, row);
		return;
	}
	for (o = first; o && shown < MAX_NAMED; ) {
		buf_puts(&st->out, shown ? ", " : "");
		o = put_alike(st, o, &shown);
	}
	if (n > shown) {
		buf_puts(&st->out, " and ");
		buf_u64(&st->out, n - shown);
		buf_puts(&st->out, " more");
	}
	p = &st->procs[st->owners[first].proc];
	buf_puts(&st->out, "  ");
	story_field(st, row, first, "puser");
	if (p->container) {
		buf_puts(&st->out, "  in ");
		put_string(st, p->runtime);
		buf_puts(&st->out, p->runtime ? " container " : "container ");
		put_string(st, p->container);
	}
	buf_putc(&st->out, '\n');
}

static uint32_t parent_of(const struct story *st, uint32_t proc)
{
	uint32_t i;

	for (i = 1; i < st->n_procs; i++)
		if (st->procs[i].pid == st->procs[proc].ppid)
			return i;
	return 0;
}

static void put_ancestry(struct story *st, uint32_t proc, int depth)
{
	uint32_t parent = depth < 8 ? parent_of(st, proc) : 0;

	if (parent && parent != proc)
		put_ancestry(st, parent, depth + 1);
	buf_puts(&st->out, depth && !parent ? "" : parent ? " > " : "");
	put_string(st, st->procs[proc].comm);
}

static void put_started(struct story *st, uint32_t row)
{
	const struct lssock_meta *m = lssock_snap_meta(st->a.snap);
	const struct lssock_proc *p;
	uint64_t began;

	if (!st->socks[row].owner || !count_owners(st, row))
		return;
	p = &st->procs[st->owners[st->socks[row].owner].proc];
	began = m->boot_ns + p->start_ns;
	story_line(st, "started");
	if (m->now_ns > began)
		num_put_duration(&st->out, (m->now_ns - began) / 1000);
	else
		buf_puts(&st->out, "0s");
	buf_puts(&st->out, " ago");
	if (p->unit && !p->container) {
		buf_puts(&st->out, " by ");
		put_string(st, p->unit);
	}
	buf_puts(&st->out, ": ");
	put_ancestry(st, st->owners[st->socks[row].owner].proc, 0);
	buf_putc(&st->out, '\n');
}

static void put_file(struct story *st, uint32_t row)
{
	struct lssock_value v;

	if (st->socks[row].proto != LSSOCK_UNIX || !get_field(st, row, 0, "file_state", &v))
		return;
	story_line(st, "file");
	story_field(st, row, 0, "file_state");
	if (get_field(st, row, 0, "file_mode", &v)) {
		buf_puts(&st->out, ", mode ");
		story_field(st, row, 0, "file_mode");
		buf_puts(&st->out, ", ");
		story_field(st, row, 0, "file_user");
		buf_putc(&st->out, ':');
		story_field(st, row, 0, "file_group");
	}
	buf_putc(&st->out, '\n');
}

void name_add(struct names *names, struct buf *b, size_t at)
{
	const char *text = buf_cstr(b) + at;
	uint32_t i;

	for (i = 0; i < names->n; i++)
		if (!strcmp(names->v[i].text, text))
			break;
	if (i == MAX_NAMED || b->len - at >= sizeof(names->v[i].text)) {
		names->others++;
	} else {
		memcpy(names->v[i].text, text, b->len - at + 1);
		names->v[i].n++;
		names->n += i == names->n;
	}
	b->len = at;
}

void put_names(struct buf *b, const struct names *names)
{
	uint32_t i;

	for (i = 0; i < names->n; i++) {
		buf_puts(b, i ? ", " : "");
		buf_puts(b, names->v[i].text);
		if (names->v[i].n > 1) {
			buf_puts(b, " x");
			buf_u64(b, names->v[i].n);
		}
	}
	buf_puts(b, names->others ? ", …" : "");
}

/* A process where it is one of ours, else an address. */
static void add_client(struct story *st, const struct lssock_sock *o, uint32_t row,
		       struct names *names)
{
	size_t at = st->out.len;
	struct lssock_value v;

	if (o->peer < st->n_socks && story_owner(st, st->socks[o->peer].owner))
		story_field(st, row, 0, "peer");
	else if (get_field(st, row, 0, "rhost", &v))
		story_field(st, row, 0, "rhost");
	else if (get_field(st, row, 0, "raddr", &v))
		story_field(st, row, 0, "raddr");
	if (st->out.len > at)
		name_add(names, &st->out, at);
}

static bool came_through(const struct story *st, const struct lssock_sock *o,
			 const struct lssock_sock *service)
{
	return o->via < st->n_socks && same_service(st, service, &st->socks[o->via]);
}

static void put_queue(struct story *st, uint32_t row)
{
	struct lssock_value queue, limit;

	if (!get_field(st, row, 0, "queue", &queue))
		return;
	buf_puts(&st->out, ", queue ");
	story_field(st, row, 0, "queue");
	buf_putc(&st->out, '/');
	story_field(st, row, 0, "limit");
	if (get_field(st, row, 0, "limit", &limit) && queue.u > limit.u)
		buf_puts(&st->out, ": full");
}

/* The connections that came through this service, by their remote side. Their
 * other ends on this machine are told by that too. */
static void put_clients(struct story *st, uint32_t first)
{
	const struct lssock_sock *k = sock_at(st, first);
	struct names names = { .n = 0 };
	struct lssock_value v;
	uint32_t i, n = 0;

	for (i = 0; i < st->n_rows; i++) {
		const struct lssock_sock *o = sock_at(st, i);

		if (!came_through(st, o, k))
			continue;
		if (o->peer < st->n_socks)
			st->told[o->peer] = 1;
		if (o->state != LSSOCK_ESTABLISHED)
			continue;
		st->told[st->rows[i]] = 1;
		add_client(st, o, st->rows[i], &names);
		n++;
	}
	if (k->state != LSSOCK_LISTEN) {	/* a datagram server of unix sockets */
		if (!get_field(st, st->rows[first], 0, "clients", &v) || !v.u)
			return;
		n = (uint32_t)v.u;
	}
	story_line(st, "clients");
	buf_u64(&st->out, n);
	buf_puts(&st->out, " connected now");
	buf_puts(&st->out, names.n ? " (" : "");
	put_names(&st->out, &names);
	buf_puts(&st->out, names.n ? ")" : "");
	put_queue(st, st->rows[first]);
	buf_putc(&st->out, '\n');
}

/* All that hold it: with one less it is still there. */
static void put_kill(struct story *st, uint32_t row)
{
	uint32_t o, last = 0;

	buf_puts(&st->out, "kill");
	for (o = st->socks[row].owner; o; o = st->owners[o].next) {
		if (st->owners[o].how != LSSOCK_HOW_FD || st->owners[o].proc == last)
			continue;
		last = st->owners[o].proc;
		buf_putc(&st->out, ' ');
		buf_i64(&st->out, st->procs[last].pid);
	}
}

/* What a person would type; only on a terminal, and never done by us. */
void story_stop(struct story *st, uint32_t row)
{
	uint32_t proc;
	char command[512];

	if (!st->c->tty || !st->socks[row].owner || !count_owners(st, row))
		return;
	proc = st->owners[st->socks[row].owner].proc;
	story_line(st, "to stop");
	if (lssock_stop_text(st->a.snap, proc, command, sizeof(command)))
		buf_puts(&st->out, command);
	else
		put_kill(st, row);
	buf_putc(&st->out, '\n');
}

void story_service(struct story *st, uint32_t first)
{
	const struct lssock_sock *k = sock_at(st, first);

	put_headline(st, first);
	put_owners(st, st->rows[first]);
	put_started(st, st->rows[first]);
	put_file(st, st->rows[first]);
	if (k->state == LSSOCK_LISTEN || k->proto == LSSOCK_UNIX)
		put_clients(st, first);
}
