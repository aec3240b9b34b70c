/* SPDX-License-Identifier: MIT */
/*
 * Details asked only for rows the filter has not excluded: what a process is
 * (command line, executable, unit …), what a unix path is now, where a cgroup
 * id lives, what an interface is called. Reads that others can block (a command
 * line by its memory lock, a path by a dead mount) are jobs with a deadline.
 */
#include <errno.h>
#include <linux/inet_diag.h>
#include <string.h>

#include "base/io.h"
#include "engine/engine.h"
#include "wire/procfs.h"
#include "wire/route.h"

#define DEADLINE_NS 2000000000ull
#define BATCH 16

/* Questions of one kind, asked one after the other on a worker. */
struct detail_job {
	struct pool_job job;
	struct source *source;
	uint32_t n;
	struct {
		struct ask ask;
		union {
			struct ask_proc proc;
			struct { struct ask_file head; char path[256]; } file;
		} arg;
		uint32_t row;
		struct buf answer;
		int result;
	} item[BATCH];
};

static int job_chunk(void *ctx, const void *bytes, size_t len)
{
	buf_put(ctx, bytes, len);
	return 0;
}

static void job_run(struct pool_job *j)
{
	struct detail_job *d = (struct detail_job *)j;
	uint32_t i;

	for (i = 0; i < d->n; i++) {
		d->item[i].ask.arg = &d->item[i].arg;
		d->item[i].result = d->source->ask(d->source, &d->item[i].ask, job_chunk,
						   &d->item[i].answer);
	}
}

static void job_drop(struct pool_job *j)
{
	struct detail_job *d = (struct detail_job *)j;
	uint32_t i;

	for (i = 0; i < d->n; i++)
		buf_release(&d->item[i].answer);
	mem_free(d);
}

struct detail_jobs {
	struct collect *c;
	VEC(struct detail_job *) jobs;
	/* Takes one answer; result is that of ask. */
	void (*take)(struct collect *c, uint32_t row, int result, const struct buf *answer);
	const char *what;
};

/* A free place in the last job, or in a new one. NULL: out of memory. */
static void *jobs_place(struct detail_jobs *js, struct detail_job **ret)
{
	struct detail_job *d = js->jobs.n ? js->jobs.v[js->jobs.n - 1] : NULL;

	if (!d || d->n == BATCH) {
		struct detail_job **slot;

		d = mem_alloc(sizeof(*d));
		slot = d ? vec_push(&js->jobs) : NULL;
		if (!slot) {
			mem_free(d);
			return NULL;
		}
		d->job.run = job_run;
		d->job.drop = job_drop;
		d->job.may_block = true;
		d->source = js->c->ctx->source;
		*slot = d;
	}
	*ret = d;
	return &d->item[d->n++];
}

/* Posts all, waits for each until the deadline, takes the answers in order. */
static void jobs_finish(struct detail_jobs *js)
{
	struct lssock *ctx = js->c->ctx;
	uint64_t deadline;
	uint32_t i, k;

	if (ctx->source->live)
		for (i = 0; i < js->jobs.n; i++)
			pool_post(ctx->pool, &js->jobs.v[i]->job);
	for (i = 0; i < js->jobs.n; i++) {
		struct detail_job *d = js->jobs.v[i];
		uint32_t n = d->n;
		int r = -EAGAIN;

		deadline = io_now_ns() + DEADLINE_NS;
		if (ctx->source->live)
			r = pool_wait_until(ctx->pool, &d->job, deadline);
		if (r == -EAGAIN && ctx->late) {
			/* No thread is left for it, and such reads do hang here. */
			job_drop(&d->job);
			r = -ETIMEDOUT;
		} else if (r == -ETIMEDOUT) {
			ctx->late++;
		}
		if (r == -ETIMEDOUT) {
			snap_note(js->c->s, LSSOCK_NOTE_LATE, 0, ETIMEDOUT, n, js->what);
			continue;
		}
		if (r == -EAGAIN)
			job_run(&d->job);
		js->c->s->meta.asks += n;
		for (k = 0; k < n; k++)
			js->take(js->c, d->item[k].row, d->item[k].result, &d->item[k].answer);
		job_drop(&d->job);
	}
	vec_release(&js->jobs);
}

/* ---- processes ---------------------------------------------------------- */

static void take_proc(struct collect *c, uint32_t row, int result, const struct buf *answer)
{
	if (result == 0)
		procfs_details(c->s, row, answer->data, answer->len);
}

static void post_proc(struct detail_jobs *js, uint32_t proc, uint32_t sections)
{
	const struct lssock_proc *p = &js->c->s->procs.v[proc];
	struct detail_job *d;
	uint32_t i;

	if (!jobs_place(js, &d))
		return;
	i = d->n - 1;
	d->item[i].arg.proc = (struct ask_proc){ .pid = p->pid, .sections = sections,
						 .start_ns = p->start_ns };
	d->item[i].ask = (struct ask){ .kind = ASK_PROC, .id = ask_proc_id(p->pid, p->start_ns),
				       .arg_len = sizeof(struct ask_proc) };
	d->item[i].row = proc;
}

/* Marks the processes that hold row `row`. */
static void mark_owners(const struct lssock_snap *s, uint32_t row, uint8_t *marks)
{
	uint32_t o;

	if (row == LSSOCK_NONE)
		return;
	for (o = s->socks.v[row].owner; o; o = s->owners.v[o].next)
		marks[s->owners.v[o].proc] = 1;
}

static void enrich_procs(struct collect *c, const uint8_t *in_play)
{
	struct detail_jobs js = { .c = c, .take = take_proc, .what = "process details" };
	struct lssock_snap *s = c->s;
	uint32_t sections = 1u << PROC_CMDLINE | 1u << PROC_EXE | 1u << PROC_CGROUP |
			    1u << PROC_LIMITS | 1u << PROC_NFDS;
	uint8_t *marks = mem_alloc(s->procs.n + 1);
	uint32_t i;

	if (!marks)
		return;
	for (i = 0; i < s->socks.n; i++)
		if (in_play[i])
			mark_owners(s, i, marks);
	for (i = 1; i < s->procs.n; i++)
		if (marks[i] && !(s->procs.v[i].flags & LSSOCK_P_DETAILS))
			post_proc(&js, i, sections);
	jobs_finish(&js);
	mem_free(marks);
}

/* The ancestors of the owners, for "systemd > dockerd > docker-proxy". */
static void enrich_ancestors(struct collect *c, const uint8_t *in_play)
{
	struct lssock_snap *s = c->s;
	uint32_t first = 1, depth, i;
	uint8_t *marks = mem_alloc(s->procs.n + 1);

	if (!marks)
		return;
	for (i = 0; i < s->socks.n; i++)
		if (in_play[i])
			mark_owners(s, i, marks);
	for (depth = 0; depth < 32; depth++) {
		uint32_t n = s->procs.n;

		for (i = first; i < n; i++) {
			struct ask_proc ask = { .pid = s->procs.v[i].ppid,
						.sections = 1u << PROC_STAT | 1u << PROC_COMM };
			struct lssock_proc p = { .pid = ask.pid, .nofile = LSSOCK_NONE,
						 .nfds = LSSOCK_NONE, .ns = 0xffff };
			struct procfs_stat st;
			struct buf b = { 0 };

			if ((depth == 0 && !marks[i]) || ask.pid <= 0 ||
			    index_get(&s->by_pid, (uint64_t)ask.pid) != INDEX_NONE)
				continue;
			if (ask_bytes(c, ASK_PROC, 0, ask_proc_id(ask.pid, 0), &ask,
				      sizeof(ask), &b) == 0 &&
			    procfs_section_stat(b.data, b.len, &st) == 0) {
				p.ppid = st.ppid;
				p.comm = snap_string(s, st.comm, st.comm_len);
				snap_proc(s, &p);
			}
			buf_release(&b);
		}
		if (s->procs.n == n)
			break;
		first = n;
	}
	mem_free(marks);
}

/* ---- unix socket files ---------------------------------------------------- */

static void take_file(struct collect *c, uint32_t row, int result, const struct buf *answer)
{
	if (result == 0)
		procfs_file(c->s, row, answer->data, answer->len);
}

static bool has_path(const struct lssock_snap *s, const struct lssock_sock *k, size_t *len)
{
	const char *name = NULL;

	if (k->proto == LSSOCK_UNIX)
		name = strings_get(&s->strings, k->name, len);
	return name && *len && name[0] && k->local.w[0];
}

/* The process in whose root and directory the path was bound: the listener's
 * for sockets that were accepted, since they carry its name. */
static const struct lssock_proc *path_owner(const struct lssock_snap *s,
					    const struct lssock_sock *k)
{
	uint32_t o = k->owner;

	if (k->via != LSSOCK_NONE && s->socks.v[k->via].owner)
		o = s->socks.v[k->via].owner;
	return o ? &s->procs.v[s->owners.v[o].proc] : NULL;
}

static void post_file(struct detail_jobs *js, uint32_t row)
{
	struct lssock_snap *s = js->c->s;
	const struct lssock_sock *k = &s->socks.v[row];
	const struct lssock_proc *p = path_owner(s, k);
	struct detail_job *d;
	struct ask_file *head;
	size_t len;
	uint32_t i;
	const char *name = strings_get(&s->strings, k->name, &len);

	if (len > sizeof(d->item[0].arg.file.path) || !jobs_place(js, &d))
		return;
	i = d->n - 1;
	head = &d->item[i].arg.file.head;
	*head = (struct ask_file){ .pid = p ? p->pid : 0, .path_len = (uint32_t)len,
				   .start_ns = p ? p->start_ns : 0 };
	memcpy(d->item[i].arg.file.path, name, len);
	d->item[i].ask = (struct ask){
		.kind = ASK_FILE, .arg_len = (uint32_t)(sizeof(*head) + len),
		.id = hash_bytes(head, sizeof(*head) + len),
	};
	d->item[i].row = row;
}

/* One look per bound file; sockets of the same name and file share its row. */
static void enrich_files(struct collect *c, const uint8_t *in_play)
{
	struct detail_jobs js = { .c = c, .take = take_file, .what = "socket files" };
	struct lssock_snap *s = c->s;
	struct index seen = { 0 };
	uint32_t i, *slot;
	size_t len;
	int pass;

	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < s->socks.n; i++) {
			struct lssock_sock *k = &s->socks.v[i];
			uint64_t file = (uint64_t)k->local.w[1] << 32 | k->local.w[0];
			uint64_t key = hash_u64(k->name) ^ file;

			if (!in_play[i] || !has_path(s, k, &len))
				continue;
			slot = index_put(&seen, key);
			if (!slot)
				break;
			if (*slot == INDEX_NONE) {
				*slot = i;
				post_file(&js, i);
			} else if (pass) {
				k->local.w[2] = s->socks.v[*slot].local.w[2];
			}
		}
		if (!pass)
			jobs_finish(&js);
	}
	index_release(&seen);
}

/* ---- the rest ----------------------------------------------------------------- */

static void enrich_cgroups(struct collect *c, const uint8_t *in_play)
{
	struct lssock_snap *s = c->s;
	struct index seen = { 0 };
	uint32_t i;

	for (i = 0; i < s->socks.n; i++) {
		size_t len;
		const void *p = in_play[i] && snap_is_inet(&s->socks.v[i]) ?
			snap_attr(s, &s->socks.v[i], INET_DIAG_CGROUP_ID, &len) : NULL;
		struct snap_cgroup *g;
		struct buf b = { 0 };
		uint32_t *slot;
		uint64_t id;

		if (!p || len < sizeof(id))
			continue;
		memcpy(&id, p, sizeof(id));
		slot = index_put(&seen, id);
		if (!slot || *slot != INDEX_NONE)
			continue;
		*slot = i;
		if (ask_bytes(c, ASK_CGROUP, 0, id, NULL, 0, &b) == 0) {
			g = vec_push(&s->cgroups);
			if (g)
				*g = (struct snap_cgroup){ id, snap_string(s, b.data, b.len) };
		}
		buf_release(&b);
	}
	index_release(&seen);
}

/* Names of the interfaces that rows are bound to. */
static void enrich_ifaces(struct collect *c)
{
	struct lssock_snap *s = c->s;
	uint32_t i, n = s->ifaces.n;
	uint16_t done = 0xffff;

	for (i = 1; i < n; i++) {
		struct route_dump d = { .snap = s, .ns = s->ifaces.v[i].ns };
		struct buf b = { 0 };

		if (s->ifaces.v[i].name || s->ifaces.v[i].ns == done)
			continue;
		done = s->ifaces.v[i].ns;
		if (ask_bytes(c, ASK_ROUTE, done, ASK_ROUTE_LINKS, NULL, 0, &b) == 0)
			route_decode(&d, b.data, b.len);
		buf_release(&b);
	}
}

static void enrich_users(struct collect *c)
{
	struct buf b = { 0 };

	if (ask_bytes(c, ASK_TEXT, 0, TEXT_PASSWD, NULL, 0, &b) == 0)
		snap_users(c->s, b.data, b.len);
	buf_reset(&b);
	if ((c->plan->needs & NEED_FILE) &&
	    ask_bytes(c, ASK_TEXT, 0, TEXT_GROUP, NULL, 0, &b) == 0)
		snap_groups(c->s, b.data, b.len);
	buf_release(&b);
}

/* Rows the filter may still match, with what it needs to judge them: their
 * listeners and other ends. */
static uint8_t *rows_in_play(struct collect *c)
{
	struct lssock_snap *s = c->s;
	uint8_t *in_play = mem_alloc(s->socks.n + 1);
	uint32_t i;

	for (i = 0; in_play && i < s->socks.n; i++) {
		const struct lssock_sock *k = &s->socks.v[i];

		if (query_row(c->q, s, i) == TRI_NO)
			continue;
		in_play[i] = 1;
		if (k->via != LSSOCK_NONE)
			in_play[k->via] = 1;
	}
	return in_play;
}

void enrich(struct collect *c)
{
	uint32_t needs = c->plan->needs;
	uint8_t *in_play;

	if (needs & (NEED_USERS | NEED_FILE))
		enrich_users(c);
	if (needs & NEED_IFACE)
		enrich_ifaces(c);
	if (!(needs & (NEED_PROC | NEED_FILE | NEED_CGROUP)))
		return;
	in_play = rows_in_play(c);
	if (!in_play) {
		snap_note(c->s, LSSOCK_NOTE_LIMIT, 0, ENOMEM, 1, "details");
		return;
	}
	if (needs & NEED_PROC)
		enrich_procs(c, in_play);
	if ((needs & NEED_PROC) && (c->q->flags & LSSOCK_Q_STORY))
		enrich_ancestors(c, in_play);
	if (needs & NEED_FILE)
		enrich_files(c, in_play);
	if (needs & NEED_CGROUP)
		enrich_cgroups(c, in_play);
	mem_free(in_play);
}
