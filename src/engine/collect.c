/* SPDX-License-Identifier: MIT */
/*
 * One collection from beginning to end: the list of stages and the clock. The
 * owner scan runs on the workers while the tables are dumped here; answers are
 * decoded here in a fixed order, so the result does not depend on the number of
 * threads. What a stage does lives elsewhere.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "engine/engine.h"
#include "model/link.h"
#include "model/names.h"
#include "query/ports.h"
#include "wire/procfs.h"

#define SLICES 64		/* of the owner scan; some are far larger than others */
#define SLICE_PIDS 64		/* at most */
#define SLICE_FDS 4096		/* of one process: it is shared as well */
/* So long the scan goes on here before workers join in, if there are no more fds:
 * an idle machine is done by then, and a thread costs more. */
#define ALONE_NS 500000
#define ALONE_FDS 1500

/* ---- the owner scan --------------------------------------------------------- */

struct owner_job {
	struct pool_job job;
	struct source *source;
	struct ask ask;
	struct { struct ask_owners head; int32_t pids[SLICE_PIDS]; } arg;
	struct buf answer;
	int result;
	bool ran;
};

static void owner_run(struct pool_job *job)
{
	struct owner_job *j = (struct owner_job *)job;

	j->result = j->source->ask(j->source, &j->ask, ask_chunk, &j->answer);
}

static void owner_drop(struct pool_job *job)
{
	struct owner_job *j = (struct owner_job *)job;

	buf_release(&j->answer);
	mem_free(j);
}

struct owner_scan {
	VEC(struct owner_job *) jobs;
	bool alone;			/* little to do: begin without workers */
};

/* n_pids 0: every process. */
static void add_slice(struct collect *c, struct owner_scan *scan, const struct ask_owners *head,
		      const struct wire_pid *pids)
{
	struct owner_job *j = mem_alloc(sizeof(*j));
	struct owner_job **slot = j ? vec_push(&scan->jobs) : NULL;
	uint32_t i;

	if (!slot) {
		mem_free(j);
		snap_note(c->s, LSSOCK_NOTE_LIMIT, 0, ENOMEM, 1, "owners");
		return;
	}
	j->job.run = owner_run;
	j->job.drop = owner_drop;
	j->source = c->ctx->source;
	j->ask.kind = ASK_OWNERS;
	if (head->n_pids) {
		j->arg.head = *head;
		for (i = 0; i < head->n_pids; i++)
			j->arg.pids[i] = pids[i].pid;
		j->ask.arg = &j->arg;
		j->ask.arg_len = (uint32_t)(sizeof(j->arg.head) + i * sizeof(j->arg.pids[0]));
	}
	c->s->meta.asks++;
	*slot = j;
}

/* A process with so many fds that they are read in parts. */
static void add_parts(struct collect *c, struct owner_scan *scan, const struct wire_pid *pid)
{
	struct ask_owners head = { .n_pids = 1 };
	uint32_t parts = pid->fds / SLICE_FDS;

	for (; parts; parts--, head.from = head.to) {
		head.to = parts > 1 ? head.from + SLICE_FDS : 0;
		add_slice(c, scan, &head, pid);
	}
}

/* Up to `most` processes whose fds are not too many for one slice. */
static uint32_t slice_len(const struct wire_pid *pids, uint32_t most)
{
	uint32_t n = 0;
	uint64_t fds = 0;

	while (n < most && (fds += pids[n].fds) < SLICE_FDS)
		n++;
	return n;
}

static void make_slices(struct collect *c, struct owner_scan *scan)
{
	struct ask_owners head = { 0 };
	struct buf pids = { 0 };
	const struct wire_pid *pid;
	uint32_t n = 0, each, i;
	uint64_t fds = 0;
	int r = -ENODATA;

	if (c->ctx->share)
		r = ask_bytes(c, ASK_PIDS, 0, 0, NULL, 0, &pids);
	if (r == 0)
		n = (uint32_t)(pids.len / sizeof(*pid));
	pid = (const void *)pids.data;
	for (i = 0; i < n; i++)
		fds += pid[i].fds;
	scan->alone = c->ctx->share && r != -EALREADY && fds < ALONE_FDS;
	each = n / SLICES + 1 < SLICE_PIDS ? n / SLICES + 1 : SLICE_PIDS;
	for (i = 0; i < n; i += head.n_pids ? head.n_pids : 1) {
		head.n_pids = slice_len(pid + i, n - i < each ? n - i : each);
		if (head.n_pids)
			add_slice(c, scan, &head, pid + i);
		else
			add_parts(c, scan, pid + i);
	}
	if (!n)
		add_slice(c, scan, &head, NULL);
	buf_release(&pids);
}

static void start_owners(struct collect *c, struct owner_scan *scan)
{
	uint64_t began = io_now_ns();
	uint32_t i;

	if (!(c->plan->needs & NEED_OWNERS))
		return;
	c->s->meta.owners_asked = true;
	make_slices(c, scan);
	for (i = 0; i < scan->jobs.n; i++) {
		struct owner_job *j = scan->jobs.v[i];

		j->ran = scan->alone && io_now_ns() - began < ALONE_NS;
		if (j->ran)
			owner_run(&j->job);
		else
			pool_post(c->ctx->pool, &j->job);
	}
}

static void finish_owners(struct collect *c, struct owner_scan *scan)
{
	struct procfs_owners in = { .snap = c->s };
	uint64_t began = io_now_ns();
	uint32_t i;

	for (i = 0; i < scan->jobs.n; i++) {
		struct owner_job *j = scan->jobs.v[i];

		if (!j->ran)
			pool_wait(c->ctx->pool, &j->job);
		procfs_owner_stream(&in, j->answer.data, j->answer.len);
		if (j->result == -ENODATA)
			snap_note(c->s, LSSOCK_NOTE_NOT_RECORDED, 0, 0, 1, "owners");
		else if (j->result < 0)
			snap_note(c->s, LSSOCK_NOTE_NO_PROC, 0, -j->result, 1, NULL);
		owner_drop(&j->job);
	}
	vec_release(&scan->jobs);
	if (in.bad)
		snap_note(c->s, LSSOCK_NOTE_BAD_MESSAGE, 0, 0, in.bad, "owners");
	c->unreadable += in.unreadable;
	c->s->meta.collector = in.collector;
	c->s->meta.bpf_err = in.bpf_err;
	if (c->hidden && in.collector != LSSOCK_COLLECTOR_BPF) {
		snap_note(c->s, LSSOCK_NOTE_HIDDEN_PROCS, 0, 0, 1, NULL);
		c->unreadable++;
	}
	c->s->meta.fds = in.fds;
	c->s->meta.procs = in.procs;
	c->s->meta.owners_us = (io_now_ns() - began) / 1000;
}

void collect_owners(struct collect *c)
{
	struct owner_scan scan = { 0 };

	start_owners(c, &scan);
	finish_owners(c, &scan);
}

/* Of these processes alone. */
void collect_owners_of(struct collect *c, const int32_t *pids, uint32_t n)
{
	struct ask_owners head = { .n_pids = n };
	struct procfs_owners in = { .snap = c->s };
	struct buf arg = { 0 }, answer = { 0 };

	buf_put(&arg, &head, sizeof(head));
	buf_put(&arg, pids, n * sizeof(*pids));
	if (!arg.failed)
		ask_bytes(c, ASK_OWNERS, 0, 0, arg.data, (uint32_t)arg.len, &answer);
	procfs_owner_stream(&in, answer.data, answer.len);
	c->s->meta.fds += in.fds;
	c->s->meta.procs += in.procs;
	buf_release(&arg);
	buf_release(&answer);
}

/* ---- stages ------------------------------------------------------------------ */

int collect_facts(struct collect *c)
{
	struct procfs_facts f = { .pidns_root = -1, .hidepid = 0, .proc = -1 };
	struct lssock_ns *own;
	struct buf b = { 0 };
	int r = ask_bytes(c, ASK_FACTS, 0, 0, NULL, 0, &b);

	if (r == 0)
		procfs_facts(c->s, b.data, b.len, &f);
	buf_release(&b);
	if (r < 0)
		return r;
	own = vec_push(&c->s->ns);
	if (!own)
		return -ENOMEM;
	own->ino = f.netns;
	own->cookie = f.netns_cookie;
	own->flags = LSSOCK_NS_OWN;
	own->overflows = own->drops = UINT64_MAX;
	c->nested_pidns = f.pidns_root == 0;
	if (f.proc > 0 && !f.netns)
		snap_note(c->s, LSSOCK_NOTE_OWN_NETNS, 0, 0, 1, NULL);
	if (f.proc == 0 && (c->plan->needs & NEED_OWNERS))
		snap_note(c->s, LSSOCK_NOTE_NO_PROC, 0, ENOENT, 1, NULL);
	c->hidden = f.hidepid >= 2 && (c->plan->needs & NEED_OWNERS);
	return 0;
}

void collect_tables(struct collect *c)
{
	uint64_t began = io_now_ns();
	uint16_t ns;

	ahead_start(c);
	/* All of one before the next: going in costs more than the questions. */
	for (ns = 0; ns < c->s->ns.n; ns++) {
		ahead_reach(c, ns);
		namespace_detail(c, ns);
		if (c->s->ns.v[ns].flags & LSSOCK_NS_ASKED)
			tables_collect(c, ns);
	}
	ahead_end(c);
	c->s->meta.dump_us = (io_now_ns() - began) / 1000;
}

static void collect_links(struct collect *c)
{
	struct lssock_snap *s = c->s;
	uint32_t needs = c->plan->needs;

	link_owners(s);
	if (needs & (NEED_VIA | NEED_WHY | NEED_CLIENTS | NEED_FILE))
		link_via(s);
	second_look(c);
	if (needs & (NEED_VIA | NEED_WHY | NEED_CLIENTS | NEED_FILE))
		link_via(s);	/* the second look may have brought rows */
	if (needs & (NEED_PEER | NEED_UNIX_PEER | NEED_CLIENTS))
		link_peers(s);
	if (needs & NEED_CLIENTS)
		link_clients(s);
	if (needs & NEED_PORT_USE)
		s->port_use = ports_by_row(s);
}

/* True if nothing of what was asked could be listed. */
static bool all_failed(const struct collect *c)
{
	uint32_t asked = c->plan->protos & ~(1u << LSSOCK_OTHER);
	uint32_t failed = c->failed & ~c->listed;

	return asked && c->s->socks.n == 0 && !(asked & ~(c->unlisted | failed)) &&
	       (c->q->protos_asked || c->refused || failed);
}

static void say_failed(const struct collect *c, struct lssock_err *err)
{
	struct buf names = { 0 };
	unsigned proto;

	for (proto = 1; proto < LSSOCK_OTHER; proto++)
		if (c->plan->protos & 1u << proto) {
			buf_puts(&names, names.len ? ", " : "");
			buf_puts(&names, names_proto(proto));
		}
	if (c->refused)
		snprintf(err->msg, sizeof(err->msg),
			 "%s sockets: sock_diag and /proc/net are both refused: %s",
			 buf_cstr(&names), strerror(-c->refused_err));
	else if (c->failed)
		snprintf(err->msg, sizeof(err->msg), "%s sockets cannot be listed: %s",
			 buf_cstr(&names), strerror(-c->failed_err));
	else
		snprintf(err->msg, sizeof(err->msg), "this kernel cannot list %s sockets",
			 buf_cstr(&names));
	buf_release(&names);
}

static void finish_notes(struct collect *c)
{
	uint32_t i;

	c->s->meta.complete = true;
	for (i = 0; i < c->s->notes.n; i++)
		if (lssock_note_incomplete(&c->s->notes.v[i]))
			c->s->meta.complete = false;
}

/* What a later round may rely on. */
static void remember_look(struct collect *c, uint64_t began)
{
	c->s->look = (struct snap_look){
		.at_ns = began, .fds = c->s->meta.fds, .unreadable = c->unreadable,
		.twice = c->looked_twice,
	};
}

int collect_all(struct collect *c, struct lssock_err *err)
{
	struct owner_scan scan = { 0 };
	uint64_t began = io_now_ns();
	int r;

	r = collect_facts(c);
	if (r < 0)
		return r;
	start_owners(c, &scan);
	r = namespaces_find(c, err);
	if (r == 0)
		collect_tables(c);
	finish_owners(c, &scan);
	if (r < 0)
		return r;
	collect_rest(c);
	remember_look(c, began);
	return 0;
}

void collect_rest(struct collect *c)
{
	uint64_t began, t;
	uint16_t ns;

	for (ns = 0; ns < c->s->ns.n; ns++)
		if (c->s->ns.v[ns].flags & LSSOCK_NS_ASKED)
			tables_after_owners(c, ns);
	began = io_now_ns();
	collect_links(c);
	t = io_now_ns();
	c->s->meta.link_us = (t - began) / 1000;
	enrich(c);
	c->s->meta.enrich_us = (io_now_ns() - t) / 1000;
}

static int collect(struct collect *c, struct lssock_err *err)
{
	uint64_t failures = mem_failures();
	int r = c->prev ? refresh_all(c, err) : collect_all(c, err);

	if (r < 0)
		return r;
	if (mem_failures() != failures)
		snap_note(c->s, LSSOCK_NOTE_LIMIT, 0, ENOMEM, 1, "memory");
	finish_notes(c);
	return 0;
}

int collect_take(struct lssock *ctx, const struct lssock_query *q,
		 const struct lssock_snap *prev, finish_fn finish, void *fctx,
		 struct lssock_snap **ret, struct lssock_err *err)
{
	struct collect c = { .ctx = ctx, .q = q, .plan = &q->plan, .prev = prev,
			     .s = prev ? snap_after(prev) : snap_new() };
	struct lssock_err local = { .pos = -1 };
	uint64_t began = io_now_ns(), calls = ctx->source->calls;
	int r = c.s ? 0 : -ENOMEM;

	if (r == 0) {
		memcpy(c.s->kept, q->plan.keep, sizeof(c.s->kept));
		r = collect(&c, &local);
	}
	if (r == 0 && finish)
		r = finish(&c, fctx);
	carry_release(&c.carry);
	if (r == 0)
		r = snap_seal(c.s);
	if (r == 0 && all_failed(&c)) {
		local.code = r = c.refused_err ? c.refused_err :
				 c.failed_err ? c.failed_err : -EOPNOTSUPP;
		say_failed(&c, &local);
	}
	if (r < 0) {
		if (!local.msg[0])
			snprintf(local.msg, sizeof(local.msg), "%s", strerror(-r));
		local.code = r;
		if (err)
			*err = local;
		lssock_snap_free(c.s);
		return r;
	}
	c.s->meta.calls = ctx->source->calls - calls;
	c.s->meta.total_us = (io_now_ns() - began) / 1000;
	*ret = c.s;
	return 0;
}

int lssock_take(struct lssock *ctx, const struct lssock_query *q, struct lssock_snap **ret,
		struct lssock_err *err)
{
	return collect_take(ctx, q, NULL, NULL, NULL, ret, err);
}

int lssock_refresh(struct lssock *ctx, const struct lssock_query *q,
		   const struct lssock_snap *prev, struct lssock_snap **ret,
		   struct lssock_err *err)
{
	return collect_take(ctx, q, prev, NULL, NULL, ret, err);
}
