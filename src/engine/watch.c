/* SPDX-License-Identifier: MIT */
/*
 * Rounds: each relies on the one before, and says what has changed since. Sockets
 * that are gone stay as rows behind the others, with the last that is known of them:
 * what the round before saw, or what their end told, which also shows those that came
 * and went between two rounds. What a row was, track.c knows; what events told, news.c.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/watch.h"
#include "query/problem.h"

#define CLOSED_MAX 10000
#define NS_PER_S 1000000000ull

/* ---- one round ------------------------------------------------------------------ */

struct round {
	struct lssock_watch *w;
	struct collect *c;
	struct lssock_snap *s;
	const struct lssock_snap *prev;	/* NULL: the first */
	uint64_t boot_ns;
	VEC(uint32_t) order;		/* closed rows of prev, then rows that are gone now */
	VEC(uint32_t) listeners;
};

/* ---- time-wait as the end of a connection ----------------------------------------- */

/* The kernel frees the socket and goes on with a smaller one (inet_twsk_alloc). Where
 * that has another cookie the addresses are what they have in common. */
static uint64_t tuple_key(const struct lssock_sock *k)
{
	struct { union lssock_end a, b; uint16_t lport, rport, family, ns; } t = {
		k->local, k->remote, k->lport, k->rport, k->family, k->ns
	};

	return hash_bytes(&t, sizeof(t));
}

static bool same_tuple(const struct lssock_sock *a, const struct lssock_sock *b)
{
	return a->ns == b->ns && a->family == b->family && a->lport == b->lport &&
	       a->rport == b->rport && !memcmp(&a->local, &b->local, sizeof(a->local)) &&
	       !memcmp(&a->remote, &b->remote, sizeof(a->remote));
}

static bool is_new(const struct round *r, uint32_t row)
{
	return !r->prev || row >= r->c->carry.n_rows || r->c->carry.rows[row] == LSSOCK_NONE;
}

static void index_time_waits(struct round *r)
{
	uint32_t i, *slot;

	index_clear(&r->w->by_tuple);
	for (i = 0; i < r->s->there; i++) {
		if (snap_row(r->s, i)->state != LSSOCK_TIME_WAIT || !is_new(r, i))
			continue;
		slot = index_put(&r->w->by_tuple, tuple_key(snap_row(r->s, i)));
		if (slot)
			*slot = i;
	}
}

/* The time-wait row that goes on for a row of prev; LSSOCK_NONE. */
static uint32_t successor(struct round *r, uint32_t prev_row)
{
	struct lssock_sock k = *snap_row(r->prev, prev_row);
	uint32_t row;

	if (k.proto != LSSOCK_TCP || k.state == LSSOCK_LISTEN || k.state == LSSOCK_TIME_WAIT)
		return LSSOCK_NONE;
	k.ns = carry_space(&r->c->carry, k.ns);
	row = index_get(&r->w->by_tuple, tuple_key(&k));
	return row < r->s->there && same_tuple(&k, snap_row(r->s, row)) ? row : LSSOCK_NONE;
}

static void succeed(struct round *r, uint32_t prev_row, uint32_t row)
{
	const struct lssock_track *p = &r->prev->tracks.v[prev_row];
	struct lssock_track *t = &r->s->tracks.v[row];
	uint16_t kept = p->flags & (LSSOCK_T_OLDER | LSSOCK_T_COUNTED);

	t->id = p->id;
	t->first_ns = p->first_ns;
	t->was = snap_row(r->prev, prev_row)->state;
	t->changed_ns = r->s->meta.now_ns;
	t->in = p->in;
	t->out = p->out;
	t->flags = kept;
}

/* ---- closed rows -------------------------------------------------------------------- */

static struct lssock_track *new_track(struct lssock_snap *s, uint32_t row)
{
	if (!vec_reserve(&s->tracks, row + 1))
		return NULL;
	while (s->tracks.n <= row)
		s->tracks.v[s->tracks.n++] = (struct lssock_track){ 0 };
	return &s->tracks.v[row];
}

static uint32_t mapped(const struct round *r, uint32_t prev_row)
{
	return prev_row != LSSOCK_NONE && prev_row < r->prev->socks.n ?
		r->c->carry.now[prev_row] : LSSOCK_NONE;
}

/* What was closed before, or is now. */
static void close_row(struct round *r, uint32_t prev_row)
{
	const struct lssock_sock *k = snap_row(r->prev, prev_row);
	bool before = prev_row >= r->prev->there;
	struct closing *c = news_closing(&r->w->news, k->cookie);
	const void *attrs = c && c->attrs_len ? news_attrs(&r->w->news, c) : NULL;
	uint32_t row = carry_closed(&r->c->carry, prev_row, attrs, c ? c->attrs_len : 0);
	struct lssock_track *t = row == LSSOCK_NONE ? NULL : new_track(r->s, row);
	uint32_t after;

	if (!t)
		return;
	*t = r->prev->tracks.v[prev_row];
	r->s->socks.v[row].via = mapped(r, k->via);
	if (!before)
		watch_holder(r->w, r->s, row);
	if (c) {
		c->used = true;
		t->flags |= LSSOCK_T_FINAL;
		track_count(r->s, row, t);
	}
	if (before)
		return;
	t->rx = t->tx = t->rx_avg = t->tx_avg = 0;
	t->flags &= (uint16_t)~LSSOCK_T_RATES;
	t->problems = t->had = t->rose = 0;
	t->gone_ns = c ? watch_epoch(r->s, c->time_ns) : r->s->meta.now_ns;
	after = successor(r, prev_row);
	if (after != LSSOCK_NONE) {
		succeed(r, prev_row, after);
		t->flags |= LSSOCK_T_SUCCEEDED;
	}
	if (!c || !c->said)
		watch_event(r->s, t->gone_ns, row, LSSOCK_EVENT_CLOSE, k->state, k->state);
}

/* A row that was there: is its end worth a row? The end of time-wait is none, the
 * connection's was. */
static bool is_end(const struct lssock_sock *k)
{
	return k->state != LSSOCK_TIME_WAIT && k->cookie &&
	       (k->flags & LSSOCK_F_SOURCE) != LSSOCK_SRC_FD;
}

static bool is_kept(const struct round *r, uint32_t prev_row)
{
	const struct lssock_track *t = &r->prev->tracks.v[prev_row];

	return !r->w->opt.closed_ns || t->gone_ns + r->w->opt.closed_ns > r->s->meta.now_ns;
}

static void add_order(struct round *r, uint32_t row)
{
	uint32_t *place = vec_push(&r->order);

	if (place)
		*place = row;
}

static uint32_t closed_max(const struct lssock_watch *w)
{
	return w->opt.closed_max ? w->opt.closed_max : CLOSED_MAX;
}

static void close_rows(struct round *r)
{
	uint32_t i, first, most;

	if (!r->prev)
		return;
	for (i = r->prev->there; i < r->prev->socks.n; i++)
		if (is_kept(r, i))
			add_order(r, i);
	for (i = 0; i < r->prev->there; i++)
		if (r->c->carry.now[i] == LSSOCK_NONE && is_end(snap_row(r->prev, i)))
			add_order(r, i);
	/* Those that only events told of come behind, and have to fit in as well. */
	most = closed_max(r->w);
	most -= r->w->news.closings.n < most ? r->w->news.closings.n : most;
	first = r->order.n > most ? r->order.n - most : 0;
	for (i = first; i < r->order.n; i++)
		close_row(r, r->order.v[i]);
}

/* ---- what no round has seen ------------------------------------------------------------ */

static void find_listeners(struct round *r)
{
	uint32_t i, *place;

	for (i = 0; i < r->s->there; i++)
		if (snap_row(r->s, i)->state == LSSOCK_LISTEN &&
		    snap_is_inet(snap_row(r->s, i))) {
			place = vec_push(&r->listeners);
			if (place)
				*place = i;
		}
}

static uint32_t listener_of(const struct round *r, const struct lssock_sock *k)
{
	uint32_t i;

	for (i = 0; i < r->listeners.n; i++) {
		const struct lssock_sock *l = snap_row(r->s, r->listeners.v[i]);

		if (l->ns == k->ns && l->lport == k->lport && l->proto == k->proto)
			return r->listeners.v[i];
	}
	return LSSOCK_NONE;
}

static void close_unseen(struct round *r, struct closing *c)
{
	const struct change *born = news_birth(&r->w->news, c->k.cookie);
	uint32_t row = watch_unseen(r->w, r->s, c);
	struct lssock_track *t = row == LSSOCK_NONE ? NULL : new_track(r->s, row);

	c->used = true;
	if (!t)
		return;
	*t = (struct lssock_track){
		.id = c->k.cookie, .flags = LSSOCK_T_UNSEEN | LSSOCK_T_FINAL,
		.gone_ns = watch_epoch(r->s, c->time_ns),
		.first_ns = born ? watch_epoch(r->s, born->time_ns) : 0,
	};
	track_count(r->s, row, t);
	r->s->socks.v[row].via = listener_of(r, snap_row(r->s, row));
	if (born && !born->said)
		watch_event(r->s, t->first_ns, row, LSSOCK_EVENT_OPEN, 0, born->st.state);
	if (!c->said)
		watch_event(r->s, t->gone_ns, row, LSSOCK_EVENT_CLOSE, 0, c->k.state);
}

/* What is left of a connection that has ended. */
static bool is_time_wait(const struct lssock_sock *k)
{
	return k->state == LSSOCK_TIME_WAIT || (k->state == LSSOCK_FIN_WAIT2 && !k->inode);
}

/* Its row goes on under the same cookie, as a time-wait socket. */
static void close_succeeded(struct round *r, struct closing *c, uint32_t row)
{
	uint32_t before = row < r->c->carry.n_rows ? r->c->carry.rows[row] : LSSOCK_NONE;
	uint32_t closed;

	c->used = true;
	if (before == LSSOCK_NONE) {
		close_unseen(r, c);
		return;
	}
	if (is_time_wait(snap_row(r->prev, before)))
		return;			/* its end was told before */
	closed = r->s->socks.n;
	close_row(r, before);
	if (closed < r->s->tracks.n)
		r->s->tracks.v[closed].flags |= LSSOCK_T_SUCCEEDED;
}

/* An end that came after the dump is that of the next round. */
static void close_rest(struct round *r)
{
	struct news *n = &r->w->news;
	uint32_t most = closed_max(r->w), i;
	uint32_t old = n->closings.n > most ? n->closings.n - most : 0;

	find_listeners(r);
	for (i = 0; i < n->closings.n; i++) {
		struct closing *c = &n->closings.v[i];
		struct lssock_sock k = c->k;
		uint32_t row;

		c->used |= i < old;
		if (c->used)
			continue;
		k.ns = watch_space(r->s, c->ns_ino);
		row = k.ns == 0xffff ? LSSOCK_NONE : snap_find(r->s, &k);
		if (k.ns == 0xffff)
			c->used = true;
		else if (row == LSSOCK_NONE)
			close_unseen(r, c);
		else if (is_time_wait(snap_row(r->s, row)))
			close_succeeded(r, c, row);
	}
}

/* ---- events of rows that are there ------------------------------------------------ */

static uint64_t opened_ns(const struct round *r, const struct lssock_track *t)
{
	const struct change *born = news_birth(&r->w->news, t->id);

	return born ? watch_epoch(r->s, born->time_ns) : t->first_ns;
}

static void say_row(struct round *r, uint32_t row)
{
	const struct lssock_sock *k = snap_row(r->s, row);
	struct lssock_track *t = &r->s->tracks.v[row];
	const struct change *last = news_change(&r->w->news, k->cookie);
	bool new = is_new(r, row);

	if (k->state == LSSOCK_TIME_WAIT && (new || r->w->news.tells & EVENT_TELLS_DESTROY))
		return;			/* its end is told, and that is what this is */
	if (new && !(t->flags & LSSOCK_T_OLDER) && !t->was) {
		t->first_ns = opened_ns(r, t);
		if (!last || !last->said)
			watch_event(r->s, t->first_ns, row, LSSOCK_EVENT_OPEN, 0, k->state);
	} else if (!new && t->changed_ns == r->s->meta.now_ns && !(last && last->said)) {
		watch_event(r->s, last ? watch_epoch(r->s, last->time_ns) : t->changed_ns, row,
		      LSSOCK_EVENT_STATE, t->was, k->state);
	}
}

static void say_events(struct round *r)
{
	uint32_t i;

	if (r->prev)
		for (i = 0; i < r->s->there; i++)
			say_row(r, i);
	watch_lost(r->w, r->s);
	watch_order(r->s);
}

/* Of a socket that is not there yet: between its opening and the dump. Who held one is
 * kept as long as nobody is known to hold it: its last acks may be long in coming. */
static bool keep_change(void *ctx, const struct change *c, bool holds)
{
	struct round *r = ctx;
	const struct closing *end = news_closing(&r->w->news, c->st.cookie);
	struct lssock_sock k = { .cookie = c->st.cookie, .proto = LSSOCK_TCP };
	uint32_t row;

	k.ns = watch_space(r->s, c->ns_ino);
	if (k.ns == 0xffff || (end && end->used))
		return false;
	row = snap_find(r->s, &k);
	if (row != LSSOCK_NONE)
		return holds && !snap_row(r->s, row)->owner;
	return watch_epoch(r->s, c->time_ns) + 60 * NS_PER_S > r->s->meta.now_ns;
}

static int finish(struct collect *c, void *ctx)
{
	struct lssock_watch *w = ctx;
	struct round r = { .w = w, .c = c, .s = c->s, .prev = w->prev };
	int e = 0;

	if (!w->opt.no_events)
		watch_drain(w, c->s);
	if (r.prev)
		e = carry_again(&c->carry);
	if (e == 0)
		e = track_rows(c, w->protos);
	if (e < 0)
		return e;
	problem_all(c->s);
	index_time_waits(&r);
	close_rows(&r);
	close_rest(&r);
	say_events(&r);
	e = news_forget(&w->news, keep_change, &r);
	vec_release(&r.order);
	vec_release(&r.listeners);
	return e;
}

/* ---- public ----------------------------------------------------------------------- */

int lssock_watch_new(struct lssock *ctx, const struct lssock_query *q,
		     const struct lssock_watch_options *opt, struct lssock_watch **ret,
		     struct lssock_err *err)
{
	struct lssock_watch *w = mem_alloc(sizeof(*w));

	if (!w) {
		if (err)
			*err = (struct lssock_err){ .code = -ENOMEM, .pos = -1,
						    .msg = "out of memory" };
		return -ENOMEM;
	}
	w->ctx = ctx;
	w->q = q;
	if (opt)
		memcpy(&w->opt, opt, opt->size < sizeof(w->opt) ? opt->size : sizeof(w->opt));
	*ret = w;
	return 0;
}

void lssock_watch_free(struct lssock_watch *w)
{
	if (!w)
		return;
	lssock_snap_free(w->prev);
	news_release(&w->news);
	index_release(&w->by_tuple);
	index_release(&w->by_cookie);
	mem_free(w);
}

void lssock_watch_ask(struct lssock_watch *w, const struct lssock_query *q)
{
	w->q = q;
}

int lssock_watch_next(struct lssock_watch *w, struct lssock_snap **ret, struct lssock_err *err)
{
	struct lssock_snap *s;
	int r;

	/* The rounds of a recording are its frames. */
	if (w->begun && (!w->ctx->source->live || w->ctx->taping)) {
		r = lssock_next_round(w->ctx);
		if (r <= 0)
			return r < 0 ? r : -ENODATA;
	}
	w->begun = true;
	r = collect_take(w->ctx, w->q, w->prev, finish, w, &s, err);
	if (r < 0)
		return r;
	lssock_snap_free(w->prev);
	w->prev = lssock_snap_hold(s);
	index_clear(&w->by_cookie);
	w->protos = w->q->protos;
	*ret = s;
	return 0;
}

int lssock_watch_fd(const struct lssock_watch *w)
{
	return w->opt.no_events ? -1 : w->ctx->source->events_fd;
}

unsigned lssock_watch_tells(const struct lssock_watch *w)
{
	return w->news.tells;
}
