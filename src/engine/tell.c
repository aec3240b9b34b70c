/* SPDX-License-Identifier: MIT */
/*
 * What is said about the targets of an action: who they are, what ends with them
 * and what would bring it back, why one is not touched, what became of it.
 * Nothing is decided or done here. Every text is one line and safe to print.
 */
#include <errno.h>
#include <string.h>

#include "base/io.h"
#include "base/num.h"
#include "base/text.h"
#include "engine/act.h"
#include "model/names.h"
#include "query/field.h"
#include "query/value.h"

static void put_string(struct buf *b, const struct lssock_snap *s, uint32_t id)
{
	size_t len;
	const char *p = strings_get(&s->strings, id, &len);

	if (p)
		text_safe(b, p, len, 0);
}

static void put_field(struct buf *b, const struct lssock_snap *s, uint32_t row,
		      const char *name)
{
	const struct field *f = field_find(name, strlen(name));
	struct lssock_value v;

	field_get(f, s, row, 0, &v);
	value_put(b, &v, true, 0);
}

static void put_process(struct buf *b, const struct lssock_snap *s, uint32_t proc)
{
	put_string(b, s, s->procs.v[proc].comm);
	buf_putc(b, '[');
	buf_i64(b, s->procs.v[proc].pid);
	buf_putc(b, ']');
}

/* ---- how to stop it for good ---------------------------------------------------- */

/* The command that stops a container of a runtime, NULL: none is known. */
static const char *container_stop(const struct lssock_snap *s, uint32_t runtime)
{
	static const struct { const char *runtime, *command; } table[] = {
		{ "docker", "docker stop " }, { "podman", "podman stop " },
		{ "containerd", "crictl stop " }, { "cri-o", "crictl stop " },
		{ "lxc", "lxc-stop -n " }, { "nspawn", "machinectl stop " },
	};
	size_t len, i;
	const char *name = strings_get(&s->strings, runtime, &len);

	for (i = 0; name && i < sizeof(table) / sizeof(table[0]); i++)
		if (strlen(table[i].runtime) == len && !memcmp(table[i].runtime, name, len))
			return table[i].command;
	return NULL;
}

/* A scope is not started again by anybody, and may be a whole login. */
static bool is_service(const struct lssock_snap *s, const struct lssock_proc *p)
{
	static const char end[] = ".service";
	size_t len, n = sizeof(end) - 1;
	const char *unit = strings_get(&s->strings, p->unit, &len);

	return unit && p->pid != 1 && len > n && !memcmp(unit + len - n, end, n);
}

/* number: what stands before it, where there is no name. */
static void put_user(struct buf *b, const struct lssock_snap *s, uint32_t uid,
		     const char *number)
{
	size_t len;
	const char *name = lssock_user(s, uid, &len);

	if (name) {
		text_safe(b, name, len, TEXT_BLANK);
	} else {
		buf_puts(b, number);
		buf_u64(b, uid);
	}
}

/* Of another user it takes his name to reach his manager: systemctl(1), --machine. */
static void put_stop_unit(struct buf *b, const struct lssock_snap *s,
			  const struct lssock_proc *p, uint32_t self_uid)
{
	size_t len;
	const char *manager = strings_get(&s->strings, p->manager, &len);
	bool user;
	uint64_t uid;

	user = manager && num_u64(manager, len, UINT32_MAX, &uid);
	buf_puts(b, user ? "systemctl --user " : "systemctl ");
	if (user && uid != self_uid) {
		buf_puts(b, "-M ");
		put_user(b, s, (uint32_t)uid, "");
		buf_puts(b, "@ ");
	}
	buf_puts(b, "stop ");
	put_string(b, s, p->unit);
}

/* self_uid: of the user who is told. */
static void put_stop(struct buf *b, const struct lssock_snap *s, uint32_t proc,
		     uint32_t self_uid)
{
	const struct lssock_proc *p = &s->procs.v[proc];
	const char *command = p->container ? container_stop(s, p->runtime) : NULL;

	if (command) {
		buf_puts(b, command);
		put_string(b, s, p->container);
	} else if (is_service(s, p)) {
		put_stop_unit(b, s, p, self_uid);
	}
}

size_t lssock_stop_text(const struct lssock_snap *s, uint32_t proc, char *out, size_t size)
{
	struct buf b = { 0 };

	if (proc && proc < s->procs.n)
		put_stop(&b, s, proc, s->meta.self_uid);
	return text_out(&b, out, size);
}

/* ---- before ----------------------------------------------------------------------- */

static void put_place(struct buf *b, const struct lssock_snap *s, const struct lssock_proc *p)
{
	if (p->container) {
		buf_puts(b, " in ");
		put_string(b, s, p->runtime);
		buf_puts(b, p->runtime ? " container " : "container ");
		put_string(b, s, p->container);
	} else if (p->unit) {
		buf_putc(b, ' ');
		put_string(b, s, p->unit);
	}
}

/* "nginx[1234] www-data nginx.service, started 3d ago" */
static void put_title(struct buf *b, const struct lssock_act *a, uint32_t i)
{
	const struct lssock_meta *m = &a->snap->meta;
	uint32_t fact = a->hits.v[i].fact;
	const struct lssock_proc *p = &a->facts->procs.v[fact];
	uint64_t began = m->boot_ns + p->start_ns;

	put_process(b, a->facts, fact);
	buf_putc(b, ' ');
	put_user(b, a->facts, p->uid, "uid ");
	put_place(b, a->facts, p);
	buf_puts(b, ", started ");
	num_put_duration(b, m->now_ns > began ? (m->now_ns - began) / 1000 : 0);
	buf_puts(b, " ago");
}

/* Whether there is nobody, and not only nobody known. */
static bool is_ownerless(const struct lssock_sock *k)
{
	return k->why == LSSOCK_WHY_TIME_WAIT || k->why == LSSOCK_WHY_SYN_RECV ||
	       k->why == LSSOCK_WHY_ACCEPT_QUEUE || k->why == LSSOCK_WHY_ORPHAN ||
	       k->why == LSSOCK_WHY_KERNEL || k->why == LSSOCK_WHY_IN_FLIGHT;
}

/* Who loses it; several owners are counted. */
static void put_losers(struct buf *b, const struct lssock_act *a, uint32_t i)
{
	const struct lssock_snap *s = a->snap;
	const struct lssock_sock *k = snap_row(s, a->targets.v[i].row);
	uint32_t o = act_owner(s, k->owner), n = 0;
	const char *why = names_why(k->why);

	if (a->hits.v[i].fact) {
		put_title(b, a, i);
		while ((o = act_owner(s, s->owners.v[o].next)))
			n++;
		if (n)
			buf_printf(b, ", and %u more descriptor%s", n, n == 1 ? "" : "s");
		return;
	}
	buf_puts(b, is_ownerless(k) ? "nobody" : "a process that is not known");
	if (why)
		buf_printf(b, " (%s)", why);
}

static void put_ends(struct buf *b, const struct lssock_act *a, uint32_t row)
{
	const struct lssock_sock *k = snap_row(a->snap, row);

	put_field(b, a->snap, row, "proto");
	buf_putc(b, ' ');
	put_field(b, a->snap, row, "local");
	if (snap_is_inet(k) && k->state != LSSOCK_LISTEN && k->rport) {
		buf_puts(b, k->via != LSSOCK_NONE ? " < " : " > ");
		put_field(b, a->snap, row, "remote");
	}
	buf_putc(b, ' ');
	buf_puts(b, names_state(k->state));
}

static void put_command(struct buf *b, const struct lssock_act *a, uint32_t i)
{
	const struct lssock_proc *p = &a->facts->procs.v[a->hits.v[i].fact];

	if (a->kind == LSSOCK_ACT_CLOSE)
		put_ends(b, a, a->targets.v[i].row);
	else
		put_string(b, a->facts, p->cmd ? p->cmd : p->exe);
}

static const char *plural(uint32_t n)
{
	return n == 1 ? "" : "s";
}

static void put_kinds(struct buf *b, const struct lssock_target *t)
{
	uint32_t others = t->sockets - t->listening - t->estab;
	const char *sep = ": ";

	if (t->listening)
		buf_printf(b, "%s%u listening", sep, t->listening);
	sep = t->listening ? ", " : sep;
	if (t->estab)
		buf_printf(b, "%s%u established", sep, t->estab);
	sep = t->listening || t->estab ? ", " : sep;
	if (others && others != t->sockets)
		buf_printf(b, "%s%u other%s", sep, others, plural(others));
}

static void put_kill_ends(struct buf *b, const struct lssock_act *a, uint32_t i)
{
	const struct lssock_target *t = &a->targets.v[i];
	uint32_t with = a->hits.v[i].with, left = t->shared - with;

	buf_puts(b, "ends ");
	if (t->sockets)
		buf_printf(b, "%u socket%s", t->sockets, plural(t->sockets));
	else
		buf_puts(b, "no socket of its own");
	put_kinds(b, t);
	if (with)
		buf_printf(b, "; %u more with the other processes", with);
	if (left)
		buf_printf(b, "; %u more %s held by others too", left,
			   left == 1 ? "is" : "are");
}

/* By what the kernel's tcp_abort(), udp_abort() and raw_abort() do. */
static void put_close_ends(struct buf *b, const struct lssock_sock *k)
{
	bool stays = k->proto != LSSOCK_RAW && !(k->flags & LSSOCK_F_AUTOBOUND);

	if (k->proto != LSSOCK_TCP)
		buf_puts(b, stays && k->state != LSSOCK_ESTABLISHED ?
			 "the program sees ECONNABORTED; bound on purpose, it stays bound" :
			 "disconnects it; the program sees ECONNABORTED");
	else if (k->state == LSSOCK_LISTEN)
		buf_puts(b, "nobody can connect any more, what waits to be accepted is "
			 "dropped; the program sees EINVAL and keeps the port");
	else if (k->state == LSSOCK_TIME_WAIT)
		buf_puts(b, "forgets what is left of the connection");
	else if (k->state == LSSOCK_SYN_RECV)
		buf_puts(b, "forgets the request; the listener stays");
	else
		buf_puts(b, "sends a reset; the program sees ECONNABORTED");
}

static bool same_program(const struct lssock_snap *s, uint32_t x, uint32_t y)
{
	const struct lssock_proc *p = &s->procs.v[x], *q = &s->procs.v[y];

	return p->exe && q->exe ? p->exe == q->exe : p->comm && p->comm == q->comm;
}

static void put_restarts(struct buf *b, const struct lssock_act *a, uint32_t i)
{
	const struct act_hit *h = &a->hits.v[i];
	const struct lssock_proc *p = &a->facts->procs.v[h->fact];

	if (!h->fact || a->kind == LSSOCK_ACT_CLOSE)
		return;
	if (h->parent && same_program(a->facts, h->fact, h->parent)) {
		buf_puts(b, "it is a worker: ");
		put_process(b, a->facts, h->parent);
		buf_puts(b, " may start a new one");
	} else if (p->container && container_stop(a->facts, p->runtime)) {
		buf_puts(b, "its runtime may start container ");
		put_string(b, a->facts, p->container);
		buf_puts(b, " again");
	} else if (is_service(a->facts, p)) {
		buf_puts(b, "systemd may start ");
		put_string(b, a->facts, p->unit);
		buf_puts(b, " again");
	}
}

/* ---- why not ---------------------------------------------------------------------- */

static const char *protect_words(const struct lssock_act *a, uint32_t i)
{
	bool close = a->kind == LSSOCK_ACT_CLOSE;

	switch ((enum lssock_protect)a->targets.v[i].protect) {
	case LSSOCK_PROTECT_INIT:
		return close ? "process 1 holds it" : "process 1: everything else would end";
	case LSSOCK_PROTECT_SELF:
		return close ? "this program holds it" : "it is this program";
	case LSSOCK_PROTECT_SESSION:
		if (a->hits.v[i].session & SESSION_SSH)
			return "your own ssh session goes through it";
		return close ? "an ancestor of this program holds it" :
			       "this program was started from it";
	case LSSOCK_PROTECT_KERNEL:
		return "it is a thread of the kernel";
	case LSSOCK_PROTECT_NONE:
		break;
	}
	return NULL;
}

static const char *kill_error(int err)
{
	switch (-err) {
	case ESRCH: return "it is gone already";
	case EPERM: return "not permitted: it is another user's (CAP_KILL)";
	case EINVAL: return "there is no such signal";
	}
	return strerror(-err);
}

static const char *close_error(const struct lssock_sock *k, int err)
{
	switch (-err) {
	case ENOENT:
	case ESTALE:
		return k->state == LSSOCK_LISTEN || k->state == LSSOCK_UNCONNECTED ?
		       "the kernel does not find it: it is gone, or others of its port are "
		       "in the way" : "it is gone already";
	case EPERM: return "not permitted: it takes CAP_NET_ADMIN in its network namespace";
	case ENODATA: return "its cookie is not known, so another socket could be hit";
	case EOPNOTSUPP:
		return k->proto == LSSOCK_TCP && k->state != LSSOCK_BOUND &&
		       (k->flags & LSSOCK_F_SOURCE) != LSSOCK_SRC_FD ?
		       "this kernel closes no sockets (CONFIG_INET_DIAG_DESTROY)" :
		       "the kernel closes TCP, UDP and raw sockets only, and none that is "
		       "merely bound";
	}
	return strerror(-err);
}

static const char *error_words(const struct lssock_act *a, uint32_t i, int err)
{
	return a->kind == LSSOCK_ACT_KILL ? kill_error(err) :
	       close_error(snap_row(a->snap, a->targets.v[i].row), err);
}

static void put_refused(struct buf *b, const struct lssock_act *a, uint32_t i)
{
	const char *words = protect_words(a, i);

	if (a->hits.v[i].barred)
		words = error_words(a, i, a->hits.v[i].barred);
	buf_puts(b, words ? words : "");
}

/* ---- after ------------------------------------------------------------------------ */

/* Whether a later snapshot may lack rows, not only what is known of them. */
static bool lacks_rows(const struct lssock_snap *s)
{
	const uint32_t harmless = 1u << LSSOCK_NOTE_UNREADABLE_PROC |
		1u << LSSOCK_NOTE_VANISHED_PROC | 1u << LSSOCK_NOTE_NO_PROC |
		1u << LSSOCK_NOTE_HIDDEN_PROCS | 1u << LSSOCK_NOTE_OTHER_PIDNS |
		1u << LSSOCK_NOTE_RING_BUSY | 1u << LSSOCK_NOTE_LATE |
		1u << LSSOCK_NOTE_DETAILS;
	uint32_t i;

	for (i = 0; i < s->notes.n; i++)
		if (lssock_note_incomplete(&s->notes.v[i]) &&
		    !(harmless & 1u << s->notes.v[i].kind))
			return true;
	return false;
}

static bool same_place(const struct lssock_snap *s, const struct lssock_sock *k,
		       const struct lssock_snap *later, const struct lssock_sock *l)
{
	const struct lssock_ns *x = &s->ns.v[k->ns], *y = &later->ns.v[l->ns];

	return l->proto == k->proto && l->lport == k->lport && field_listens(l) &&
	       x->ino == y->ino && (!x->cookie || !y->cookie || x->cookie == y->cookie);
}

/* Who listens there in the later snapshot, LSSOCK_NONE: nobody. The same socket
 * first. */
static uint32_t find_later(const struct lssock_act *a, const struct lssock_sock *k)
{
	uint32_t row, found = LSSOCK_NONE;

	for (row = 0; row < a->later->socks.n; row++) {
		const struct lssock_sock *l = snap_row(a->later, row);

		if (!same_place(a->snap, k, a->later, l))
			continue;
		if (k->cookie && l->cookie == k->cookie)
			return row;
		if (found == LSSOCK_NONE)
			found = row;
	}
	return found;
}

/* "nginx[9993], started by nginx.service" */
static void put_successor(struct buf *b, const struct lssock_snap *s, uint32_t row)
{
	uint32_t o = act_owner(s, snap_row(s, row)->owner);
	uint32_t proc = o ? s->owners.v[o].proc : 0;

	if (!proc) {
		buf_puts(b, "a process that is not known");
		return;
	}
	put_process(b, s, proc);
	if (is_service(s, &s->procs.v[proc])) {
		buf_puts(b, ", started by ");
		put_string(b, s, s->procs.v[proc].unit);
	}
}

static void put_port(struct buf *b, const struct lssock_act *a, uint32_t row)
{
	const struct lssock_sock *k = snap_row(a->snap, row), *l;
	uint32_t now = find_later(a, k);

	if (now == LSSOCK_NONE && lacks_rows(a->later))
		return;
	buf_printf(b, "; %s port %u ", names_proto(k->proto), k->lport);
	if (now == LSSOCK_NONE) {
		buf_puts(b, "is free");
		return;
	}
	l = snap_row(a->later, now);
	buf_puts(b, k->cookie && l->cookie == k->cookie ? "is still held by " :
		    "is taken again by ");
	put_successor(b, a->later, now);
}

static void put_gone(struct buf *b, const struct lssock_act *a, uint32_t i)
{
	const struct act_hit *h = &a->hits.v[i];
	uint32_t n;

	buf_puts(b, "gone");
	for (n = 0; a->later && n < h->n_listens; n++)
		put_port(b, a, h->listens[n]);
}

static void put_signal(struct buf *b, int signal)
{
	const char *name = lssock_signal_name(signal);

	if (name)
		buf_puts(b, name);
	else
		buf_printf(b, "signal %d", signal);
}

static void put_kill_outcome(struct buf *b, const struct lssock_act *a, uint32_t i)
{
	const struct act_hit *h = &a->hits.v[i];

	if (act_is_gone(a, i)) {
		put_gone(b, a, i);
	} else if (lssock_signal_ends(h->signal)) {
		buf_puts(b, "still there ");
		num_put_duration(b, (io_now_ns() - h->done_ns) / 1000);
		buf_puts(b, " after ");
		put_signal(b, h->signal);
	} else {
		put_signal(b, h->signal);
		buf_puts(b, " sent");
	}
}

static void put_outcome(struct buf *b, const struct lssock_act *a, uint32_t i)
{
	const struct lssock_target *t = &a->targets.v[i];
	const char *words = protect_words(a, i);
	bool spared = t->err == -EPERM && !a->hits.v[i].barred && words &&
		      (!a->force || t->protect == LSSOCK_PROTECT_KERNEL);

	if (!t->tried)
		return;
	if (spared)
		buf_printf(b, "left alone: %s", words);
	else if (t->err)
		buf_puts(b, error_words(a, i, t->err));
	else if (a->kind == LSSOCK_ACT_CLOSE)
		buf_puts(b, "closed");
	else
		put_kill_outcome(b, a, i);
}

/* ---- all of it -------------------------------------------------------------------- */

size_t lssock_act_text(const struct lssock_act *a, uint32_t target, enum lssock_act_text what,
		       char *out, size_t size)
{
	const bool known = a->prepared && target < a->targets.n;
	const bool kill = a->kind == LSSOCK_ACT_KILL;
	struct buf b = { 0 };

	switch (known ? (int)what : -1) {
	case LSSOCK_ACT_TITLE:
		if (kill)
			put_title(&b, a, target);
		else
			put_losers(&b, a, target);
		break;
	case LSSOCK_ACT_COMMAND:
		put_command(&b, a, target);
		break;
	case LSSOCK_ACT_ENDS:
		if (kill)
			put_kill_ends(&b, a, target);
		else
			put_close_ends(&b, snap_row(a->snap, a->targets.v[target].row));
		break;
	case LSSOCK_ACT_RESTARTS:
		put_restarts(&b, a, target);
		break;
	case LSSOCK_ACT_STOP:
		if (a->hits.v[target].fact)
			put_stop(&b, a->facts, a->hits.v[target].fact,
				 a->snap->meta.self_uid);
		break;
	case LSSOCK_ACT_REFUSED:
		put_refused(&b, a, target);
		break;
	case LSSOCK_ACT_OUTCOME:
		put_outcome(&b, a, target);
		break;
	}
	return text_out(&b, out, size);
}
