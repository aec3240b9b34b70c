/* SPDX-License-Identifier: MIT */
/*
 * Acting: signals to processes, destroying sockets. Targets come from a
 * snapshot; before anything is done each is made sure of, a process by a pidfd
 * and its start time, a socket by its cookie. The only file that does either.
 * What is said about targets is in tell.c, who may be asked is the client's.
 */
#include "engine/act.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "model/addr.h"
#include "query/field.h"
#include "wire/diag.h"
#include "wire/procfs.h"

#define ANCESTORS_MAX 64
#define TRIES_MAX 512		/* made-up remote ports for sockets that share one */

/* ---- ends -------------------------------------------------------------- */

/* One word up to a blank. */
static bool next_word(const char **p, const char **ret, size_t *ret_len)
{
	*p += strspn(*p, " ");
	*ret = *p;
	*ret_len = strcspn(*p, " ");
	*p += *ret_len;
	return *ret_len > 0;
}

static bool ssh_end(const char **p, struct lssock_addr *ret, uint16_t *ret_port)
{
	const char *s, *zone;
	uint64_t port;
	size_t len;

	if (!next_word(p, &s, &len))
		return false;
	zone = memchr(s, '%', len);
	if (!addr_parse(s, zone ? (size_t)(zone - s) : len, ret))
		return false;
	if (!next_word(p, &s, &len) || !num_u64(s, len, UINT16_MAX, &port))
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

/* "client port server port". What makes no sense protects nothing. */
static struct act_ssh ssh_read(const char *text)
{
	struct act_ssh s = { .known = false };

	s.known = text && ssh_end(&text, &s.remote, &s.rport) &&
		  ssh_end(&text, &s.local, &s.lport);
	return s;
}

static bool is_ssh(const struct act_ssh *ssh, const struct lssock_sock *k)
{
	struct lssock_addr local, remote;

	if (!ssh->known || k->proto != LSSOCK_TCP || k->lport != ssh->lport ||
	    k->rport != ssh->rport)
		return false;
	local = addr_of_end(k->family, &k->local, NULL);
	remote = addr_of_end(k->family, &k->remote, NULL);
	return !addr_compare(&local, &ssh->local) && !addr_compare(&remote, &ssh->remote);
}

/* ---- making one -------------------------------------------------------- */

static int refuse(struct lssock_err *err, int code, const char *why)
{
	if (err) {
		err->code = code;
		err->pos = -1;
		snprintf(err->msg, sizeof(err->msg), "%s", why);
	}
	return code;
}

int lssock_act_new(struct lssock *ctx, struct lssock_snap *s,
		   const struct lssock_act_options *opt, struct lssock_act **ret,
		   struct lssock_err *err)
{
	struct lssock_act_options own = { .size = sizeof(own) };
	struct lssock_act *a;

	if (!opt || opt->size < sizeof(opt->size))
		return refuse(err, -EINVAL, "the options have no size");
	memcpy(&own, opt, opt->size < sizeof(own) ? opt->size : sizeof(own));
	if (!ctx->source->live || !ctx->source->act)
		return refuse(err, -EROFS, "what a recording shows cannot be acted on");
	if (own.kind == LSSOCK_ACT_KILL && !ctx->source->own_pids)
		return refuse(err, -EXDEV, "processes can be signalled only where /proc "
			      "is that of our own pid namespace");
	a = mem_alloc(sizeof(*a));
	if (a)
		a->facts = snap_new();
	if (!a || !a->facts) {
		mem_free(a);
		return refuse(err, -ENOMEM, "out of memory");
	}
	a->ctx = ctx;
	a->snap = lssock_snap_hold(s);
	a->kind = own.kind;
	a->force = own.force;
	a->ssh = ssh_read(own.ssh_connection);
	*ret = a;
	return 0;
}

void lssock_act_free(struct lssock_act *a)
{
	uint32_t i;

	if (!a)
		return;
	for (i = 0; i < a->hits.n; i++)
		if (a->hits.v[i].pidfd >= 0)
			close(a->hits.v[i].pidfd);
	vec_release(&a->targets);
	vec_release(&a->hits);
	index_release(&a->by_key);
	index_release(&a->session);
	lssock_snap_free(a->snap);
	lssock_snap_free(a->facts);
	lssock_snap_free(a->later);
	mem_free(a);
}

/* ---- targets ----------------------------------------------------------- */

uint32_t act_owner(const struct lssock_snap *s, uint32_t o)
{
	while (o && s->owners.v[o].how != LSSOCK_HOW_FD)
		o = s->owners.v[o].next;
	return o;
}

/* The target of this key (a process, a row), made if it is new. LSSOCK_NONE: no
 * memory. */
static uint32_t target_of(struct lssock_act *a, uint32_t key, uint32_t row, uint32_t proc)
{
	uint32_t *slot = index_put(&a->by_key, key), i = a->targets.n;
	struct lssock_target *t;
	struct act_hit *h;

	if (!slot)
		return LSSOCK_NONE;
	if (*slot != INDEX_NONE)
		return *slot;
	*slot = i;
	t = vec_push(&a->targets);
	h = t ? vec_push(&a->hits) : NULL;
	if (!h) {
		a->targets.n = i;
		*slot = INDEX_NONE;
		return LSSOCK_NONE;
	}
	t->row = row;
	t->proc = proc;
	h->pidfd = -1;
	return i;
}

static int add_proc(struct lssock_act *a, uint32_t row, uint32_t proc)
{
	uint32_t i = target_of(a, proc, row, proc);

	if (i == LSSOCK_NONE)
		return -ENOMEM;
	/* Several descriptors of one socket are one that was chosen. */
	a->targets.v[i].chosen += a->hits.v[i].met != row + 1;
	a->hits.v[i].met = row + 1;
	return 0;
}

static int add_owners(struct lssock_act *a, uint32_t row, uint32_t owner)
{
	const struct lssock_snap *s = a->snap;
	uint32_t o = act_owner(s, snap_row(s, row)->owner);
	int r = -ESRCH;

	for (; o; o = act_owner(s, s->owners.v[o].next)) {
		if (owner && o != owner)
			continue;
		r = add_proc(a, row, s->owners.v[o].proc);
		if (r < 0)
			break;
	}
	return r;
}

int lssock_act_add(struct lssock_act *a, uint32_t row, uint32_t owner)
{
	const struct lssock_snap *s = a->snap;
	uint32_t o;

	if (a->prepared || row >= s->socks.n)
		return -EINVAL;
	if (a->kind == LSSOCK_ACT_KILL)
		return add_owners(a, row, owner);
	o = act_owner(s, snap_row(s, row)->owner);
	return target_of(a, row, row, o ? s->owners.v[o].proc : 0) == LSSOCK_NONE ? -ENOMEM : 0;
}

uint32_t lssock_act_targets(const struct lssock_act *a, const struct lssock_target **ret)
{
	if (ret)
		*ret = a->targets.v;
	return a->targets.n;
}

/* ---- what they are now ------------------------------------------------- */

static void take_details(struct collect *c, uint32_t row, int result, const struct buf *answer)
{
	if (result == 0)
		procfs_details(c->s, row, answer->data, answer->len);
}

static void ask_details(struct questions *q, uint32_t fact, uint32_t sections)
{
	const struct lssock_proc *p = &q->c->s->procs.v[fact];
	struct ask_proc arg = { .pid = p->pid, .sections = sections, .start_ns = p->start_ns };
	struct ask ask = { .kind = ASK_PROC, .id = ask_proc_id(p->pid, p->start_ns),
			   .arg = &arg, .arg_len = sizeof(arg) };

	if (!(p->flags & LSSOCK_P_DETAILS))
		questions_add(q, &ask, fact, fact);
}

/* A copy of the process without what its strings mean elsewhere. */
static uint32_t copy_proc(struct lssock_act *a, uint32_t proc)
{
	const struct lssock_proc *p = &a->snap->procs.v[proc];
	struct lssock_proc own = { .pid = p->pid, .ppid = p->ppid, .start_ns = p->start_ns,
				   .uid = p->uid, .flags = p->flags & LSSOCK_P_KTHREAD,
				   .nofile = LSSOCK_NONE, .nfds = LSSOCK_NONE, .ns = 0xffff };
	size_t len = 0;
	const char *comm = strings_get(&a->snap->strings, p->comm, &len);

	own.comm = comm ? snap_string(a->facts, comm, len) : 0;
	return snap_proc(a->facts, &own);
}

static void learn_users(struct collect *c)
{
	struct buf b = { 0 };

	if (ask_bytes(c, ASK_TEXT, 0, TEXT_PASSWD, NULL, 0, &b) == 0)
		snap_users(c->s, b.data, b.len);
	buf_release(&b);
}

/* The processes concerned, their parents, and what both are. */
static void learn_procs(struct lssock_act *a, struct collect *c)
{
	const uint32_t all = 1u << PROC_CMDLINE | 1u << PROC_EXE | 1u << PROC_CGROUP;
	struct questions q = { .c = c, .take = take_details, .what = "process details" };
	uint32_t i;

	for (i = 0; i < a->targets.n; i++)
		if (a->targets.v[i].proc)
			a->hits.v[i].fact = copy_proc(a, a->targets.v[i].proc);
	for (i = 0; i < a->hits.n; i++)
		if (a->hits.v[i].fact)
			ask_details(&q, a->hits.v[i].fact, all);
	questions_ask(&q);
	q = (struct questions){ .c = c, .take = take_details, .what = "process details" };
	for (i = 0; i < a->hits.n; i++) {
		struct act_hit *h = &a->hits.v[i];
		int32_t ppid = h->fact ? a->facts->procs.v[h->fact].ppid : 0;

		h->parent = ppid > 1 ? enrich_proc(c, ppid) : 0;
		if (h->parent)
			ask_details(&q, h->parent, 1u << PROC_EXE);
	}
	questions_ask(&q);
}

/* ---- what is protected ------------------------------------------------- */

static int mark_session(struct lssock_act *a, int32_t pid, unsigned why)
{
	uint32_t *slot = index_put(&a->session, (uint32_t)pid);

	if (!slot)
		return -ENOMEM;
	*slot = (*slot == INDEX_NONE ? 0 : *slot) | why;
	return 0;
}

/* A process's ancestors without process 1, by the parents that there are now. */
static int mark_ancestors(struct lssock_act *a, struct collect *c, int32_t pid, unsigned why)
{
	uint32_t row, depth;
	int r = 0;

	for (depth = 0; r == 0 && depth < ANCESTORS_MAX; depth++) {
		row = enrich_proc(c, pid);
		pid = row ? a->facts->procs.v[row].ppid : 0;
		if (pid <= 1)
			break;
		r = mark_session(a, pid, why);
	}
	return r;
}

static int mark_ssh_owners(struct lssock_act *a, struct collect *c, uint32_t row)
{
	const struct lssock_snap *s = a->snap;
	uint32_t o = act_owner(s, snap_row(s, row)->owner);
	int r = 0;

	for (; o && r == 0; o = act_owner(s, s->owners.v[o].next)) {
		int32_t pid = s->procs.v[s->owners.v[o].proc].pid;

		r = mark_session(a, pid, SESSION_SSH);
		if (r == 0)
			r = mark_ancestors(a, c, pid, SESSION_SSH);
	}
	return r;
}

static int find_session(struct lssock_act *a, struct collect *c)
{
	uint32_t row;
	int r = mark_ancestors(a, c, (int32_t)a->snap->meta.self_pid, SESSION_ANCESTOR);

	for (row = 0; a->ssh.known && r == 0 && row < a->snap->socks.n; row++)
		if (is_ssh(&a->ssh, snap_row(a->snap, row)))
			r = mark_ssh_owners(a, c, row);
	return r;
}

static enum lssock_protect proc_protected(const struct lssock_act *a, uint32_t proc,
					  struct act_hit *h)
{
	const struct lssock_proc *p = &a->snap->procs.v[proc];
	uint32_t session = index_get(&a->session, (uint32_t)p->pid);

	if (p->flags & LSSOCK_P_KTHREAD)
		return LSSOCK_PROTECT_KERNEL;
	if (p->pid == 1)
		return LSSOCK_PROTECT_INIT;
	if ((uint32_t)p->pid == a->snap->meta.self_pid)
		return LSSOCK_PROTECT_SELF;
	if (session == INDEX_NONE)
		return LSSOCK_PROTECT_NONE;
	h->session |= (uint8_t)session;
	return LSSOCK_PROTECT_SESSION;
}

/* A socket is as precious as any of its owners. */
static void protect(struct lssock_act *a, uint32_t i)
{
	struct lssock_target *t = &a->targets.v[i];
	const struct lssock_snap *s = a->snap;
	struct act_hit *h = &a->hits.v[i];
	uint32_t o;

	if (a->kind == LSSOCK_ACT_KILL) {
		t->protect = proc_protected(a, t->proc, h);
		return;
	}
	o = act_owner(s, snap_row(s, t->row)->owner);
	for (; o && !t->protect; o = act_owner(s, s->owners.v[o].next))
		t->protect = proc_protected(a, s->owners.v[o].proc, h);
	if (is_ssh(&a->ssh, snap_row(s, t->row))) {
		t->protect = LSSOCK_PROTECT_SESSION;
		h->session |= SESSION_SSH;
	}
}

/* ---- what ends --------------------------------------------------------- */

static bool listens(const struct lssock_sock *k)
{
	return field_listens(k) && !(k->flags & LSSOCK_F_AUTOBOUND);
}

static void count_socket(struct lssock_target *t, const struct lssock_sock *k)
{
	t->sockets++;
	t->listening += listens(k);
	t->estab += k->state == LSSOCK_ESTABLISHED;
}

static void note_listener(struct lssock_act *a, struct act_hit *h, uint32_t row)
{
	const struct lssock_sock *k = snap_row(a->snap, row), *o;
	uint32_t i;

	if (!listens(k) || !snap_is_inet(k))
		return;
	for (i = 0; i < h->n_listens; i++) {
		o = snap_row(a->snap, h->listens[i]);
		if (o->proto == k->proto && o->lport == k->lport && o->ns == k->ns)
			return;
	}
	if (h->n_listens < ACT_LISTENS)
		h->listens[h->n_listens++] = row;
}

/* Who holds a row: one process alone (or 0), and whether all are targets. */
static uint32_t sole_holder(const struct lssock_act *a, const struct lssock_sock *k,
			    bool *ret_all)
{
	const struct lssock_snap *s = a->snap;
	uint32_t o, proc, sole = s->owners.v[k->owner].proc;

	*ret_all = true;
	for (o = k->owner; o; o = s->owners.v[o].next) {
		proc = s->owners.v[o].proc;
		if (proc != sole)
			sole = 0;
		if (index_get(&a->by_key, proc) == INDEX_NONE)
			*ret_all = false;
	}
	return sole;
}

/* What was not accepted yet ends with its listener. */
static const struct lssock_sock *held_by(const struct lssock_snap *s, uint32_t row)
{
	const struct lssock_sock *k = snap_row(s, row);

	return k->why == LSSOCK_WHY_ACCEPT_QUEUE && k->via != LSSOCK_NONE ?
	       snap_row(s, k->via) : k;
}

static void count_row(struct lssock_act *a, uint32_t row)
{
	const struct lssock_snap *s = a->snap;
	const struct lssock_sock *k = snap_row(s, row), *held = held_by(s, row);
	uint32_t o = act_owner(s, held->owner), i;
	bool all = false, sole = o && sole_holder(a, held, &all);

	for (; o; o = act_owner(s, s->owners.v[o].next)) {
		i = index_get(&a->by_key, s->owners.v[o].proc);
		if (i == INDEX_NONE || a->hits.v[i].met == row + 1)
			continue;
		a->hits.v[i].met = row + 1;
		note_listener(a, &a->hits.v[i], row);
		if (sole) {
			count_socket(&a->targets.v[i], k);
		} else {
			a->targets.v[i].shared++;
			a->hits.v[i].with += all;
		}
	}
}

/* An MPTCP connection and its first subflow have one inode and are one socket. */
static int count_ends(struct lssock_act *a)
{
	struct index seen = { 0 };
	uint32_t i, *slot;
	int r = 0;

	for (i = 0; i < a->hits.n; i++)
		a->hits.v[i].met = 0;
	for (i = 0; r == 0 && i < a->snap->socks.n; i++) {
		const struct lssock_sock *k = snap_row(a->snap, i);

		slot = k->owner ? index_put(&seen, k->inode) : NULL;
		r = k->owner && !slot ? -ENOMEM : 0;
		if (slot && *slot != INDEX_NONE)
			continue;
		if (slot)
			*slot = i;
		if (r == 0)
			count_row(a, i);
	}
	index_release(&seen);
	return r;
}

/* ---- making sure ------------------------------------------------------- */

/* The pidfd first: what lives under this number after that, with the start time of
 * the snapshot, is what the pidfd stands for. */
static void open_procs(struct lssock_act *a)
{
	struct buf asked = { 0 }, told = { 0 };
	struct ask ask = { .kind = ASK_ALIVE };
	uint32_t i;
	int r;

	for (i = 0; i < a->targets.n; i++) {
		const struct lssock_proc *p = &a->snap->procs.v[a->targets.v[i].proc];
		struct ask_alive one = { .pid = p->pid, .start_ns = p->start_ns };
		int fd = p->pid > 0 ? (int)syscall(SYS_pidfd_open, p->pid, 0) : -1;

		a->hits.v[i].pidfd = fd;
		if (fd < 0)
			a->hits.v[i].barred = errno == EINVAL ? -ESRCH : -errno;
		buf_put(&asked, &one, sizeof(one));
	}
	ask.arg = asked.data;
	ask.arg_len = (uint32_t)asked.len;
	r = asked.failed ? -ENOMEM : asked.len ?
	    a->ctx->source->ask(a->ctx->source, &ask, ask_chunk, &told) : 0;
	for (i = 0; i < a->hits.n; i++)
		if (a->hits.v[i].pidfd >= 0 && (r < 0 || i >= told.len || !told.data[i]))
			a->hits.v[i].barred = r < 0 ? r : -ESRCH;
	buf_release(&asked);
	buf_release(&told);
}

static int destroy_request(const struct lssock_act *a, uint32_t row, uint16_t rport,
			   struct buf *b)
{
	const struct lssock_sock *k = snap_row(a->snap, row);
	const struct lssock_iface *f = k->iface < a->snap->ifaces.n ?
				       &a->snap->ifaces.v[k->iface] : NULL;

	/* Neither is in a table where the kernel would look for it. */
	if (k->state == LSSOCK_BOUND || (k->flags & LSSOCK_F_SOURCE) == LSSOCK_SRC_FD)
		return -EOPNOTSUPP;
	return diag_destroy(b, k, k->iface && f ? f->ifindex : 0, rport);
}

static void check_sockets(struct lssock_act *a)
{
	uint32_t i;

	for (i = 0; i < a->targets.n; i++) {
		const struct lssock_sock *k = snap_row(a->snap, a->targets.v[i].row);
		struct buf b = { 0 };

		a->hits.v[i].barred = destroy_request(a, a->targets.v[i].row, 0, &b);
		count_socket(&a->targets.v[i], k);
		buf_release(&b);
	}
}

int lssock_act_prepare(struct lssock_act *a)
{
	struct collect c = { .ctx = a->ctx, .s = a->facts };
	uint64_t failures = mem_failures();
	uint32_t i;
	int r;

	if (a->prepared)
		return -EINVAL;
	a->prepared = true;
	learn_procs(a, &c);
	learn_users(&c);
	r = find_session(a, &c);
	if (a->facts->failed || mem_failures() != failures)
		r = -ENOMEM;
	if (r == 0 && a->kind == LSSOCK_ACT_KILL)
		r = count_ends(a);
	if (a->kind == LSSOCK_ACT_KILL)
		open_procs(a);
	else
		check_sockets(a);
	for (i = 0; i < a->targets.n; i++) {
		/* What is protected could not be told: nothing is done. */
		if (r < 0)
			a->hits.v[i].barred = r;
		protect(a, i);
		a->targets.v[i].err = a->hits.v[i].barred;
		a->targets.v[i].ready = !a->hits.v[i].barred;
	}
	return r;
}

/* ---- doing it ---------------------------------------------------------- */

static int send_signal(const struct act_hit *h, int signal)
{
	if (signal < 1 || signal > SIGRTMAX)
		return -EINVAL;
	return syscall(SYS_pidfd_send_signal, h->pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

static int destroy_once(struct lssock_act *a, uint32_t row, uint16_t rport)
{
	const struct lssock_sock *k = snap_row(a->snap, row);
	struct source *source = a->ctx->source;
	struct buf b = { 0 };
	int r = destroy_request(a, row, rport, &b);

	if (r == 0)
		r = source->act(source, &a->snap->ns.v[k->ns], b.data, b.len);
	buf_release(&b);
	return r;
}

/* Of sockets that share a port the kernel looks at one, chosen by both ends; the
 * cookie lets it take no other. A made-up remote port has it look elsewhere. */
static int destroy(struct lssock_act *a, uint32_t row)
{
	const struct lssock_sock *k = snap_row(a->snap, row);
	bool may_share = !k->rport && (k->state == LSSOCK_LISTEN ||
				       k->state == LSSOCK_UNCONNECTED);
	uint32_t port;
	int r = destroy_once(a, row, 0);

	for (port = 1; may_share && port <= TRIES_MAX && (r == -ENOENT || r == -ESTALE); port++)
		r = destroy_once(a, row, (uint16_t)port);
	return r;
}

int lssock_act_do(struct lssock_act *a, uint32_t target, int signal)
{
	struct lssock_target *t;
	struct act_hit *h;

	if (!a->prepared || target >= a->targets.n)
		return -EINVAL;
	t = &a->targets.v[target];
	h = &a->hits.v[target];
	t->tried = true;
	h->done_ns = io_now_ns();
	h->signal = signal;
	if (h->barred)
		t->err = h->barred;
	else if (t->protect == LSSOCK_PROTECT_KERNEL || (t->protect && !a->force))
		t->err = -EPERM;
	else if (a->kind == LSSOCK_ACT_KILL)
		t->err = send_signal(h, signal);
	else
		t->err = destroy(a, t->row);
	return t->err;
}

int lssock_act_fd(const struct lssock_act *a, uint32_t target)
{
	return target < a->hits.n && a->targets.v[target].ready ? a->hits.v[target].pidfd : -1;
}

bool act_is_gone(const struct lssock_act *a, uint32_t target)
{
	struct pollfd p = { .fd = lssock_act_fd(a, target), .events = POLLIN };

	return p.fd >= 0 && poll(&p, 1, 0) > 0 && p.revents & POLLIN;
}

void lssock_act_look(struct lssock_act *a, struct lssock_snap *later)
{
	lssock_snap_free(a->later);
	a->later = later ? lssock_snap_hold(later) : NULL;
}
