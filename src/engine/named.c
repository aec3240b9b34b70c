/* SPDX-License-Identifier: MIT */
/*
 * Names of hosts, services and users, asked of the name service switch at the end, of what
 * will be shown and nothing else. A lookup can hang: a few workers share a board of
 * questions, and when the time is over the board is closed and whoever still waits for
 * an answer is left behind. What was found is kept for later rounds.
 */
#include <errno.h>
#include <string.h>

#include "base/io.h"
#include "engine/engine.h"
#include "model/addr.h"
#include "model/host.h"
#include "query/rows.h"

#define TOGETHER_NS 3000000000ull	/* for all names of one collection */
#define WORKERS 32			/* they wait, and do not work */
#define KEPT_MAX 4096u
#define FOUND_NS (600 * 1000000000ull)	/* so long an answer serves … */
#define MISSED_NS (60 * 1000000000ull)	/* … and that there was none */

struct lookup {
	uint16_t kind;			/* ASK_HOST, ASK_SERVICE, ASK_USER */
	struct ask_host host;
	uint64_t id;
	bool done;
	size_t at, len;			/* the answer, in the board's text; len 0: none */
};

/* ---- what is kept ------------------------------------------------------------------ */

struct kept {
	struct lookup what;
	uint64_t until_ns;
	uint32_t name;			/* string, 0: none */
};

struct named {
	struct pool *pool;
	VEC(struct kept) kept;
	struct index by_what;
	struct strings strings;
};

static uint64_t what_key(const struct named *n, const struct lookup *l)
{
	uint64_t w[2];

	memcpy(w, l->host.ip, sizeof(w));
	return hash_u64(w[0] ^ hash_u64(w[1] ^ hash_u64(l->id ^ n->strings.seed))) + l->kind;
}

static bool same_what(const struct lookup *a, const struct lookup *b)
{
	return a->kind == b->kind && a->id == b->id &&
	       !memcmp(&a->host, &b->host, sizeof(a->host));
}

static void forget_all(struct named *n)
{
	uint64_t seed = n->strings.seed;

	n->kept.n = 0;
	index_clear(&n->by_what);
	strings_release(&n->strings);
	n->strings.seed = seed;
}

static struct kept *kept_of(struct named *n, const struct lookup *l)
{
	uint32_t at = index_get(&n->by_what, what_key(n, l));

	return at < n->kept.n && same_what(&n->kept.v[at].what, l) ? &n->kept.v[at] : NULL;
}

/* A name that did not come in time is one that is missed, for a while. */
static void keep(struct named *n, const struct lookup *l, const char *text)
{
	uint32_t name = l->len ? strings_put(&n->strings, text + l->at, l->len) : 0, *slot;
	struct kept *k = kept_of(n, l);

	if (!k) {
		slot = index_put(&n->by_what, what_key(n, l));
		k = slot ? vec_push(&n->kept) : NULL;
		if (!k)
			return;
		*slot = n->kept.n - 1;
		k->what = *l;
	}
	k->name = name;
	k->until_ns = io_now_ns() + (name ? FOUND_NS : MISSED_NS);
}

static struct named *named_of(struct lssock *ctx)
{
	struct named *n = ctx->named ? ctx->named : mem_alloc(sizeof(*n));

	if (n && !ctx->named)
		n->strings.seed = hash_seed(n);
	ctx->named = n;
	if (n && !n->pool)
		n->pool = pool_new(WORKERS);
	return n;
}

void named_free(struct named *n)
{
	if (!n)
		return;
	pool_free(n->pool);
	vec_release(&n->kept);
	index_release(&n->by_what);
	strings_release(&n->strings);
	mem_free(n);
}

/* ---- the board --------------------------------------------------------------------- */

struct board {
	struct pool_lock *lock;
	struct source *source;
	unsigned holds;			/* the collector's, and one each worker */
	bool closed;
	uint32_t next;
	VEC(struct lookup) list;
	struct buf text;
};

struct board_job { struct pool_job job; struct board *board; };

static void board_leave(struct board *b)
{
	bool last;

	pool_lock(b->lock);
	last = !--b->holds;
	pool_unlock(b->lock);
	if (!last)
		return;
	pool_lock_free(b->lock);
	vec_release(&b->list);
	buf_release(&b->text);
	mem_free(b);
}

static struct board *board_new(struct source *source)
{
	struct board *b = mem_alloc(sizeof(*b));

	if (!b)
		return NULL;
	b->lock = pool_lock_new();
	b->source = source;
	b->holds = 1;
	if (b->lock)
		return b;
	mem_free(b);
	return NULL;
}

/* The next question; false: there is none. */
static bool board_next(struct board *b, uint32_t *ret, struct lookup *l)
{
	bool any;

	pool_lock(b->lock);
	any = !b->closed && b->next < b->list.n;
	if (any) {
		*ret = b->next++;
		*l = b->list.v[*ret];
	}
	pool_unlock(b->lock);
	return any;
}

static void board_put(struct board *b, uint32_t i, int result, const struct buf *answer)
{
	struct lookup *l;

	pool_lock(b->lock);
	if (!b->closed) {
		l = &b->list.v[i];
		l->done = true;
		l->at = b->text.len;
		l->len = result == 0 && !answer->failed ? answer->len : 0;
		buf_put(&b->text, answer->data, l->len);
		if (b->text.failed)
			l->len = 0;
	}
	pool_unlock(b->lock);
}

static void board_work(struct board *b)
{
	struct buf answer = { 0 };
	struct lookup l;
	uint32_t i;

	while (board_next(b, &i, &l)) {
		struct ask ask = { .kind = l.kind, .id = l.id };
		int r;

		if (l.kind == ASK_HOST) {
			ask.arg = &l.host;
			ask.arg_len = sizeof(l.host);
		}
		buf_reset(&answer);
		r = b->source->ask(b->source, &ask, ask_chunk, &answer);
		board_put(b, i, r, &answer);
	}
	buf_release(&answer);
}

static void job_run(struct pool_job *job)
{
	board_work(((struct board_job *)job)->board);
}

static void job_drop(struct pool_job *job)
{
	board_leave(((struct board_job *)job)->board);
	mem_free(job);
}

static struct board_job *job_new(struct board *b)
{
	struct board_job *j = mem_alloc(sizeof(*j));

	if (!j)
		return NULL;
	j->job.run = job_run;
	j->job.drop = job_drop;
	j->job.may_block = true;
	j->board = b;
	pool_lock(b->lock);
	b->holds++;
	pool_unlock(b->lock);
	return j;
}

/* A recording has its answers at hand; of a live source workers ask. */
static void board_ask(struct lssock *ctx, struct board *b, uint64_t deadline_ns)
{
	struct board_job *jobs[WORKERS];
	uint32_t i, n = b->list.n < WORKERS ? b->list.n : WORKERS;
	int r;

	if (!ctx->source->live) {
		board_work(b);
		return;
	}
	for (i = 0; i < n; i++) {
		jobs[i] = job_new(b);
		if (jobs[i])
			pool_post(ctx->named->pool, &jobs[i]->job);
	}
	for (i = 0; i < n; i++) {
		r = jobs[i] ? pool_wait_until(ctx->named->pool, &jobs[i]->job, deadline_ns) : 0;
		if (r == -ETIMEDOUT)
			ctx->late++;	/* it is not ours any more */
		else if (jobs[i])
			job_drop(&jobs[i]->job);
	}
	pool_lock(b->lock);
	b->closed = true;
	pool_unlock(b->lock);
}

/* ---- questions and answers ----------------------------------------------------------- */

static void take(struct collect *c, const struct lookup *l, const char *name, size_t len)
{
	struct lssock_addr a = { .family = l->host.family };

	switch (l->kind) {
	case ASK_HOST:
		memcpy(a.ip, l->host.ip, sizeof(a.ip));
		snap_host(c->s, &a, name, len);
		break;
	case ASK_SERVICE:
		snap_service(c->s, (uint8_t)(l->id >> 16), (uint16_t)l->id, name, len);
		break;
	case ASK_USER:
		snap_user(c->s, (uint32_t)l->id, name, len);
		break;
	}
}

/* What later rounds need not ask again; false: it must be asked. */
static bool take_kept(struct collect *c, const struct lookup *l)
{
	struct named *n = c->ctx->named;
	struct kept *k = c->ctx->source->live && !c->ctx->taping ? kept_of(n, l) : NULL;
	const char *name;
	size_t len = 0;

	if (!k || k->until_ns < io_now_ns())
		return false;
	name = k->name ? strings_get(&n->strings, k->name, &len) : NULL;
	take(c, l, name, len);
	return true;
}

static void take_answers(struct collect *c, struct board *b)
{
	struct named *n = c->ctx->named;
	uint32_t i, late = 0;

	if (n->kept.n + b->list.n > KEPT_MAX)
		forget_all(n);
	for (i = 0; i < b->list.n; i++) {
		struct lookup *l = &b->list.v[i];

		late += !l->done;
		take(c, l, b->text.data + l->at, l->len);
		if (n->kept.n < KEPT_MAX || kept_of(n, l))
			keep(n, l, b->text.data);
	}
	c->s->meta.asks += i;
	if (late)
		snap_note(c->s, LSSOCK_NOTE_NAMES_LATE, 0, 0, late, NULL);
}

/* Asks all that is on the board, and leaves it. */
static void ask_names(struct collect *c, struct board *b)
{
	if (!c->names_until_ns)
		c->names_until_ns = io_now_ns() + TOGETHER_NS;
	if (b->list.n) {
		board_ask(c->ctx, b, c->names_until_ns);
		take_answers(c, b);
	}
	board_leave(b);
}

/* One question each: seen has the numbers, or hashes of them, that were met. */
static void add(struct collect *c, struct board *b, struct index *seen, uint64_t key,
		const struct lookup *l)
{
	uint32_t *slot = index_put(seen, key);
	struct lookup *place;

	if (!slot || *slot != INDEX_NONE)
		return;
	*slot = 0;
	if (take_kept(c, l))
		return;
	place = vec_push(&b->list);
	if (place)
		*place = *l;
}

/* NULL: no memory, which is noted. */
static struct board *begin(struct collect *c)
{
	struct named *n = named_of(c->ctx);
	struct board *b = n && n->pool ? board_new(c->ctx->source) : NULL;

	if (!b)
		snap_note(c->s, LSSOCK_NOTE_LIMIT, 0, ENOMEM, 1, "names");
	return b;
}

/* ---- users --------------------------------------------------------------------------- */

struct users {
	struct collect *c;
	struct board *board;
	struct index seen;
};

static void add_user(struct users *u, uint32_t uid)
{
	const struct lookup l = { .kind = ASK_USER, .id = uid };
	size_t len;

	if (!lssock_user(u->c->s, uid, &len))
		add(u->c, u->board, &u->seen, uid, &l);
}

void name_users(struct collect *c)
{
	struct users u = { .c = c, .board = begin(c) };
	const struct lssock_snap *s = c->s;
	uint32_t i;

	if (!u.board)
		return;
	for (i = 0; i < s->socks.n; i++)
		if (s->socks.v[i].flags & LSSOCK_F_UID)
			add_user(&u, s->socks.v[i].uid);
	for (i = 1; i < s->procs.n; i++)
		add_user(&u, s->procs.v[i].uid);
	for (i = 1; i < s->files.n; i++)
		if (s->files.v[i].state == LSSOCK_FILE_LIVE ||
		    s->files.v[i].state == LSSOCK_FILE_OTHER_MOUNT)
			add_user(&u, s->files.v[i].uid);
	index_release(&u.seen);
	ask_names(c, u.board);
}

/* ---- hosts and services ---------------------------------------------------------------- */

struct ends {
	struct collect *c;
	struct board *board;
	struct index hosts, services;
	uint64_t seed;
};

static void add_host(struct ends *e, uint8_t family, const union lssock_end *end)
{
	struct lssock_addr a = addr_of_end(family, end, NULL);
	struct lookup l = { .kind = ASK_HOST, .host = { .family = a.family } };
	uint64_t w[2];

	if (addr_is_any(&a))
		return;
	memcpy(l.host.ip, a.ip, sizeof(l.host.ip));
	l.id = hash_bytes(&l.host, sizeof(l.host));
	memcpy(w, a.ip, sizeof(w));
	add(e->c, e->board, &e->hosts, hash_u64(w[0] ^ hash_u64(w[1] ^ e->seed)), &l);
}

/* A port that the kernel chose is no service, but for whoever listens there. */
static void add_service(struct ends *e, const struct lssock_sock *k, uint16_t port)
{
	const struct lssock_ns *ns = k->ns < e->c->s->ns.n ? &e->c->s->ns.v[k->ns] : NULL;
	struct lookup l = { .kind = ASK_SERVICE, .id = (uint64_t)k->proto << 16 | port };

	if (!port || !service_proto(k->proto))
		return;
	if (ns && ns->port_lo && port >= ns->port_lo && port <= ns->port_hi &&
	    !field_listens(k))
		return;
	add(e->c, e->board, &e->services, l.id, &l);
}

static void add_row(struct ends *e, uint32_t row)
{
	const struct lssock_sock *k = snap_row(e->c->s, row);

	if (!snap_is_inet(k) || !(k->flags & LSSOCK_F_STATE))
		return;
	if (e->c->plan->needs & NEED_HOSTS) {
		add_host(e, k->family, &k->local);
		add_host(e, k->family, &k->remote);
	}
	if (e->c->plan->needs & NEED_SERVICES) {
		add_service(e, k, k->lport);
		add_service(e, k, k->rport);
	}
}

/* Whether which rows are shown hangs on names. */
static bool by_names(const struct lssock_query *q)
{
	uint32_t i, needs = q->filter->needs;

	for (i = 0; i < q->sort.n; i++)
		needs |= q->sort.v[i].field->needs;
	return needs & NEED_HOSTS;
}

static void add_shown(struct ends *e)
{
	const struct lssock_query *q = e->c->q;
	const struct lssock_snap *s = e->c->s;
	struct rows r = { .unknown = 0 };
	uint32_t i;

	if (q->limit && !q->groups.n && !by_names(q)) {
		if (rows_select(&r, s, q) == 0 && rows_sort(&r, s, q) == 0)
			for (i = 0; i < r.list.n; i++)
				add_row(e, r.list.v[i]);
		vec_release(&r.list);
		return;
	}
	for (i = 0; i < s->socks.n; i++)
		if (query_row(q, s, i) != TRI_NO)
			add_row(e, i);
}

void name_ends(struct collect *c)
{
	struct ends e = { .c = c, .board = begin(c) };

	if (!e.board)
		return;
	e.seed = hash_seed(&e);
	add_shown(&e);
	index_release(&e.hosts);
	index_release(&e.services);
	ask_names(c, e.board);
	snap_services(c->s);
	c->s->hosts_known = true;	/* a filter that asks for them is decided from now on */
}
