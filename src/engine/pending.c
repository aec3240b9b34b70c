/* SPDX-License-Identifier: MIT */
/*
 * Between rounds: a snapshot of those sockets alone that events speak of. What they
 * were the last round knows, and of those that it has not seen the events. Also what
 * both make of events: rows and their times.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/watch.h"

uint64_t watch_epoch(const struct lssock_snap *s, uint64_t boot_time_ns)
{
	return boot_time_ns ? s->meta.boot_ns + boot_time_ns : s->meta.now_ns;
}

struct lssock_event *watch_event(struct lssock_snap *s, uint64_t time_ns, uint32_t row,
				 enum lssock_event_kind kind, uint8_t was, uint8_t state)
{
	struct lssock_event *e = vec_push(&s->events);

	if (e)
		*e = (struct lssock_event){ .time_ns = time_ns,
					    .row = row,
					    .kind = (uint8_t)kind,
					    .was = was,
					    .state = state };
	return e;
}

void watch_lost(struct lssock_watch *w, struct lssock_snap *s)
{
	struct lssock_event *e;

	if (!w->news.lost_times)
		return;
	e = watch_event(s, s->meta.now_ns, LSSOCK_NONE, LSSOCK_EVENT_LOST, 0, 0);
	if (e)
		e->count = w->news.lost;
	w->news.lost = w->news.lost_times = 0;
}

static int by_time(const void *a, const void *b)
{
	const struct lssock_event *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	return (x->kind > y->kind) - (x->kind < y->kind);
}

void watch_order(struct lssock_snap *s)
{
	if (s->events.n)
		qsort(s->events.v, s->events.n, sizeof(*s->events.v), by_time);
}

uint16_t watch_space(const struct lssock_snap *s, uint64_t ino)
{
	uint32_t i;

	for (i = 0; i < s->ns.n; i++)
		if (s->ns.v[i].ino == ino)
			return (uint16_t)i;
	return 0xffff;
}

void watch_drain(struct lssock_watch *w, const struct lssock_snap *s)
{
	const struct ask_events arg = { .no_bpf = w->opt.no_bpf,
					.own = w->q->plan.ns_which == NS_OWN };

	news_drain(&w->news, w->ctx, s, &arg);
}

/* ---- rows of events alone --------------------------------------------------------- */

/* A process that is known is left as it is: more was read of it than an event says. */
static uint32_t process(struct lssock_snap *s, const struct wire_state *st)
{
	struct lssock_proc p = {
		.start_ns = st->start_ns, .pid = st->pid, .uid = st->uid,
		.nofile = LSSOCK_NONE, .nfds = LSSOCK_NONE, .ns = 0xffff,
	};
	uint32_t known = index_get(&s->by_pid, (uint32_t)st->pid);

	if (known < s->procs.n && s->procs.v[known].start_ns == st->start_ns)
		return known;
	p.comm = snap_string(s, st->comm, strnlen(st->comm, sizeof(st->comm)));
	return snap_proc(s, &p);
}

/* The process that made a change by a system call, as the kernel saw it then: it held
 * the socket, whatever has become of it since. */
static uint32_t add_owner(struct lssock_snap *s, const struct wire_state *st)
{
	struct lssock_owner *o = vec_push(&s->owners);

	if (!o)
		return 0;
	*o = (struct lssock_owner){ .proc = process(s, st), .fd = -1 };
	return o->proc ? s->owners.n - 1 : 0;
}

void watch_holder(struct lssock_watch *w, struct lssock_snap *s, uint32_t row)
{
	struct lssock_sock *k = &s->socks.v[row];
	const struct change *c = k->owner ? NULL : news_holder(&w->news, k->cookie);

	if (!c)
		return;
	k->owner = add_owner(s, &c->st);
	if (k->owner)
		k->why = LSSOCK_WHY_NONE;
}

static bool is_asked(const struct lssock_watch *w, const struct lssock_sock *k)
{
	unsigned family = k->family == AF_INET ? 1 : 2;

	return w->q->protos & 1u << k->proto && (!w->q->families || w->q->families & family);
}

/* Sockets that were never bound or connected end too; nobody could say what they
 * were. */
static bool has_ends(const struct lssock_sock *k)
{
	return k->lport || k->rport;
}

static uint32_t add_row(struct lssock_watch *w, struct lssock_snap *s, struct lssock_sock *k,
			uint64_t ns_ino, const struct wire_state *born, const void *attrs,
			uint32_t len)
{
	struct lssock_sock *added;
	uint32_t row;

	k->ns = watch_space(s, ns_ino);
	if (k->ns == 0xffff || !(s->ns.v[k->ns].flags & LSSOCK_NS_ASKED) || !is_asked(w, k) ||
	    !has_ends(k))
		return LSSOCK_NONE;
	k->flags &= (uint16_t)~(LSSOCK_F_QUEUES | LSSOCK_F_UID);
	if (born) {
		k->uid = born->uid;
		k->flags |= LSSOCK_F_UID;
	}
	row = snap_append(s, k, attrs, attrs ? len : 0);
	if (row == LSSOCK_NONE)
		return row;
	added = &s->socks.v[row];
	added->via = added->peer = LSSOCK_NONE;
	added->owner = 0;
	added->why = LSSOCK_WHY_VANISHED;
	watch_holder(w, s, row);
	return row;
}

/* The kernel's 12 is a SYN_RECV without a socket yet. */
static uint8_t state_of(uint8_t kernel)
{
	return kernel == 12 ? LSSOCK_SYN_RECV : kernel < LSSOCK_N_STATE ? kernel : 0;
}

uint32_t watch_unseen(struct lssock_watch *w, struct lssock_snap *s, const struct closing *c)
{
	const struct change *born = news_birth(&w->news, c->k.cookie);
	struct lssock_sock k = c->k;

	return add_row(w, s, &k, c->ns_ino, born ? &born->st : NULL, news_attrs(&w->news, c),
		       c->attrs_len);
}

uint32_t watch_opened(struct lssock_watch *w, struct lssock_snap *s, const struct change *c)
{
	const struct change *born = news_birth(&w->news, c->st.cookie);
	struct lssock_sock k = {
		.cookie = c->st.cookie, .inode = c->st.inode, .lport = c->st.lport,
		.rport = c->st.rport, .family = c->st.family, .type = SOCK_STREAM,
		.proto = LSSOCK_TCP, .state = state_of(c->st.state), .flags = LSSOCK_F_STATE,
	};

	memcpy(k.local.ip, c->st.laddr, sizeof(k.local.ip));
	memcpy(k.remote.ip, c->st.raddr, sizeof(k.remote.ip));
	return add_row(w, s, &k, c->ns_ino, born ? &born->st : NULL, NULL, 0);
}

/* ---- the snapshot between rounds --------------------------------------------------- */

static uint32_t row_before(struct lssock_watch *w, uint64_t cookie)
{
	uint32_t i, *slot;

	for (i = 0; !w->by_cookie.n && i < w->prev->there; i++) {
		slot = index_put(&w->by_cookie, snap_row(w->prev, i)->cookie);
		if (slot)
			*slot = i;
	}
	i = index_get(&w->by_cookie, cookie);
	return i < w->prev->there ? i : LSSOCK_NONE;
}

static int begin(struct lssock_watch *w, struct lssock_snap *s, struct carry *k)
{
	struct lssock_ns *ns;
	uint32_t i;

	s->meta = w->prev->meta;
	memcpy(s->kept, w->prev->kept, sizeof(s->kept));
	for (i = 0; i < w->prev->ns.n; i++) {
		ns = vec_push(&s->ns);
		if (!ns)
			return -ENOMEM;
		*ns = w->prev->ns.v[i];
		ns->name = ns->path = ns->container = 0;
	}
	return carry_init(k, w->prev, s);
}

static struct lssock_track *track_of(struct lssock_snap *s, uint32_t row)
{
	while (s->tracks.n <= row)
		if (!vec_push(&s->tracks))
			return NULL;
	return &s->tracks.v[row];
}

/* The listener a connection came through, so that its direction can be told. */
static uint32_t listener_of(struct lssock_watch *w, struct carry *k, uint32_t before,
			    uint32_t row)
{
	const struct lssock_sock *s = snap_row(k->to, row), *l;
	uint32_t via = before == LSSOCK_NONE ? LSSOCK_NONE : snap_row(w->prev, before)->via, i;

	for (i = 0; before == LSSOCK_NONE && via == LSSOCK_NONE && i < w->prev->there; i++) {
		l = snap_row(w->prev, i);
		if (l->state == LSSOCK_LISTEN && l->lport == s->lport && l->proto == s->proto &&
		    carry_space(k, l->ns) == s->ns)
			via = i;
	}
	if (via == LSSOCK_NONE || via == before || via >= w->prev->socks.n)
		return LSSOCK_NONE;
	return carry_closed(k, via, NULL, 0);
}

static void link_row(struct lssock_watch *w, struct carry *k, uint32_t before, uint32_t row)
{
	uint32_t via = listener_of(w, k, before, row);

	k->to->socks.v[row].via = via;
	if (via != LSSOCK_NONE)
		track_of(k->to, via);
}

static void say_closing(struct lssock_watch *w, struct carry *k, struct closing *c)
{
	const void *attrs = c->attrs_len ? news_attrs(&w->news, c) : NULL;
	uint32_t before = row_before(w, c->k.cookie), row;
	const struct change *born = news_birth(&w->news, c->k.cookie);
	struct lssock_track *t;

	c->said = true;
	row = before != LSSOCK_NONE ? carry_closed(k, before, attrs, c->attrs_len) :
	      watch_unseen(w, k->to, c);
	if (row != LSSOCK_NONE) {
		watch_holder(w, k->to, row);
		link_row(w, k, before, row);	/* a track for the listener: others move */
	}
	t = row == LSSOCK_NONE ? NULL : track_of(k->to, row);
	if (!t)
		return;
	if (before != LSSOCK_NONE)
		*t = w->prev->tracks.v[before];
	else
		*t = (struct lssock_track){ .id = c->k.cookie, .flags = LSSOCK_T_UNSEEN,
			.first_ns = born ? watch_epoch(k->to, born->time_ns) : 0 };
	t->flags |= LSSOCK_T_FINAL;
	t->gone_ns = watch_epoch(k->to, c->time_ns);
	track_count(k->to, row, t);
	watch_event(k->to, t->gone_ns, row, LSSOCK_EVENT_CLOSE,
		    before != LSSOCK_NONE ? snap_row(w->prev, before)->state : 0, c->k.state);
}

static void say_change(struct lssock_watch *w, struct carry *k, struct change *c)
{
	uint32_t before = row_before(w, c->st.cookie), row;
	bool first = before == LSSOCK_NONE && news_birth(&w->news, c->st.cookie) == c;
	struct lssock_track *t;

	c->said = true;
	if (c->st.state == LSSOCK_CLOSE)
		return;			/* its end is told with the last counters */
	row = before != LSSOCK_NONE ? carry_closed(k, before, NULL, 0) :
	      watch_opened(w, k->to, c);
	t = row == LSSOCK_NONE ? NULL : track_of(k->to, row);
	if (!t)
		return;
	if (before != LSSOCK_NONE)
		*t = w->prev->tracks.v[before];
	k->to->socks.v[row].state = state_of(c->st.state);
	link_row(w, k, before, row);
	watch_event(k->to, watch_epoch(k->to, c->time_ns), row,
		    first ? LSSOCK_EVENT_OPEN : LSSOCK_EVENT_STATE, state_of(c->st.was),
		    state_of(c->st.state));
}

static int fill(struct lssock_watch *w, struct carry *k)
{
	uint32_t i;

	for (i = 0; i < w->news.changes.n; i++)
		if (!w->news.changes.v[i].said)
			say_change(w, k, &w->news.changes.v[i]);
	for (i = 0; i < w->news.closings.n; i++)
		if (!w->news.closings.v[i].said)
			say_closing(w, k, &w->news.closings.v[i]);
	k->to->there = k->to->socks.n;
	watch_lost(w, k->to);
	watch_order(k->to);
	if (k->to->events.n)
		carry_users(k);
	return k->to->events.n ? 1 : 0;
}

int lssock_watch_pending(struct lssock_watch *w, struct lssock_snap **ret,
			 struct lssock_err *err)
{
	struct lssock_snap *s;
	struct carry k = { 0 };
	int r;

	if (!w->prev || w->opt.no_events || !w->ctx->source->live)
		return 0;
	watch_drain(w, w->prev);
	s = snap_new();
	r = s ? begin(w, s, &k) : -ENOMEM;
	if (r == 0)
		r = fill(w, &k);
	carry_release(&k);
	if (r > 0 && snap_seal(s) < 0)
		r = -ENOMEM;
	if (r > 0)
		*ret = s;
	else
		lssock_snap_free(s);
	if (r < 0 && err)
		*err = (struct lssock_err){ .code = r, .pos = -1, .msg = "out of memory" };
	return r;
}
