/* SPDX-License-Identifier: MIT */
/*
 * ASK_EVENTS: what the kernel tells without being asked. One netlink socket in each
 * namespace that is known, joined to the groups that tell of closed sockets, and
 * the ring of the BPF program; an epoll fd over all of them says when there is
 * something. What an event means is not known here. Sockets are had from netns.c
 * and never go back, and none outlives the namespace's place in the list: it would
 * keep the namespace.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "source/parts.h"

#define FLUSH_AT 65536		/* bytes of a chunk */
#define MESSAGES_MAX 65536	/* of one ask: it must end although more come */
#define READY_MAX 64
#define SUBSCRIBED_MAX 4096
#define RING UINT32_MAX		/* as epoll names it */

struct subscription {
	uint64_t ino;			/* 0: not known */
	struct mnl_socket *nl;		/* NULL: there is none, err says why */
	int err;			/* positive */
};
struct subscriptions { struct subscription *v; uint32_t n, cap; };

struct events {
	struct netns *netns;
	int epoll_fd;
	uint64_t ns_per_tick;
	uint64_t version;		/* of the list of namespaces; 0: not looked yet */
	uint32_t max;			/* subscriptions */
	struct subscriptions subs;	/* by the place of their namespace */
	struct index places;		/* inode -> place */
	struct bpf_events *bpf;
	int bpf_err;			/* positive: why there is none */
	bool bpf_tried, told;
	bool own;			/* only our own namespace is asked about */
	struct buf late;		/* records of namespaces that are gone */
};

int events_new(struct netns *netns, uint64_t ns_per_tick, struct events **ret)
{
	struct events *e = mem_alloc(sizeof(*e));
	struct rlimit lim = { .rlim_cur = 0 };
	int r = 0;

	if (!e)
		return -ENOMEM;
	e->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (e->epoll_fd < 0)
		r = -errno;
	if (r < 0) {
		mem_free(e);
		return r;
	}
	getrlimit(RLIMIT_NOFILE, &lim);
	e->max = lim.rlim_cur / 4 < SUBSCRIBED_MAX ? (uint32_t)(lim.rlim_cur / 4) + 1 :
						     SUBSCRIBED_MAX;
	e->netns = netns;
	e->ns_per_tick = ns_per_tick;
	*ret = e;
	return 0;
}

void events_free(struct events *e)
{
	uint32_t i;

	if (!e)
		return;
	for (i = 0; i < e->subs.n; i++)
		if (e->subs.v[i].nl)
			mnl_socket_close(e->subs.v[i].nl);
	bpf_events_free(e->bpf);
	close(e->epoll_fd);
	vec_release(&e->subs);
	index_release(&e->places);
	buf_release(&e->late);
	mem_free(e);
}

int events_fd(const struct events *e)
{
	return e->epoll_fd;
}

/* ---- records ------------------------------------------------------------- */

/* An answer being written. */
struct telling {
	struct events *e;
	struct buf b;
	chunk_fn fn;
	void *ctx;
	uint32_t left;			/* messages that may still be taken */
	uint32_t calls;
	int err;
};

static uint64_t now_ns(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void put_record(struct buf *b, const struct wire_event *e, const void *body)
{
	buf_put(b, e, sizeof(*e));
	buf_put(b, body, e->len);
	buf_fill(b, 0, -(size_t)e->len & 7);
}

static void put_two(struct buf *b, unsigned type, uint16_t ns, uint32_t first, uint32_t second)
{
	const uint32_t body[2] = { first, second };
	const struct wire_event e = { .type = (uint16_t)type, .ns = ns, .len = sizeof(body),
				      .time_ns = now_ns() };

	put_record(b, &e, body);
}

static void flush(struct telling *t, size_t above)
{
	if (t->b.failed)
		t->err = -ENOMEM;
	if (t->err || t->b.len <= above)
		return;
	t->err = t->fn(t->ctx, t->b.data, t->b.len);
	buf_reset(&t->b);
}

/* Datagrams go straight behind a head, which is completed then. How many were
 * taken, of at most max; *ret_dead: nothing more will come from it. */
static uint32_t drain(struct subscription *s, uint16_t ns, uint32_t max, struct buf *b,
		      bool *ret_dead)
{
	uint32_t n;

	*ret_dead = false;
	for (n = 0; n < max; n++) {
		struct wire_event head = { .type = EVENT_DESTROY, .ns = ns };
		size_t at = b->len;
		ssize_t len;

		buf_put(b, &head, sizeof(head));
		len = b->failed ? -ENOMEM : nlsock_read(s->nl, b);
		if (len <= 0) {
			b->len = at;
			if (len == -ENOBUFS || len == -EMSGSIZE) {
				put_two(b, EVENT_LOST, ns, len == -EMSGSIZE, EVENT_DESTROY);
				continue;
			}
			*ret_dead = len < 0 && len != -ENOMEM;
			break;
		}
		head.len = (uint32_t)len;
		head.time_ns = now_ns();
		memcpy(b->data + at, &head, sizeof(head));
		buf_fill(b, 0, -(size_t)len & 7);
	}
	return n;
}

/* ---- namespaces ------------------------------------------------------------ */

static int watch_fd(const struct events *e, int fd, uint32_t name)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = name };

	return epoll_ctl(e->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

static void rename_fd(const struct events *e, const struct subscription *s, uint32_t name)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = name };

	if (s->nl)
		epoll_ctl(e->epoll_fd, EPOLL_CTL_MOD, mnl_socket_get_fd(s->nl), &ev);
}

static void unsubscribe(struct subscription *s, int err)
{
	if (s->nl)
		mnl_socket_close(s->nl);	/* and out of the epoll fd */
	s->nl = NULL;
	s->err = err;
}

static bool for_want_of_fds(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOMEM || err == ENOBUFS;
}

static void subscribe(struct events *e, uint16_t place)
{
	struct subscription *s = &e->subs.v[place];
	struct mnl_socket *nl;
	int r = netns_socket(e->netns, place, NETLINK_SOCK_DIAG, &nl);

	if (r == 0) {
		s->nl = nl;
		r = nlsock_join_destroy(nl);
	}
	if (r == 0)
		r = watch_fd(e, mnl_socket_get_fd(nl), place);
	if (r < 0)
		unsubscribe(s, -r);
	else
		s->err = 0;
}

/* A last word, and no more. */
static void drop_gone(struct events *e, struct subscription *s)
{
	bool dead;

	if (s->nl)
		drain(s, EVENT_NS_GONE, MESSAGES_MAX, &e->late, &dead);
	unsubscribe(s, 0);
}

static void take_over(struct events *e, struct subscription *to, uint32_t place)
{
	uint32_t old = place ? index_get(&e->places, to->ino) : 0;

	if (old >= e->subs.n)
		return;
	to->nl = e->subs.v[old].nl;
	to->err = e->subs.v[old].err;
	e->subs.v[old].nl = NULL;
	if (old != place)
		rename_fd(e, to, place);
}

/* Known ones go to their new places, others are there without a socket. */
static int place_all(struct events *e, const struct inodes *inodes)
{
	struct subscriptions now = { 0 };
	struct index places = { 0 };
	uint32_t i, *slot;

	if (!vec_reserve(&now, inodes->n) || index_reserve(&places, inodes->n) < 0) {
		vec_release(&now);
		return -ENOMEM;
	}
	for (i = 0; i < inodes->n; i++) {
		now.v[i] = (struct subscription){ .ino = inodes->v[i] };
		take_over(e, &now.v[i], i);
		slot = now.v[i].ino ? index_put(&places, now.v[i].ino) : NULL;
		if (slot)	/* there is room for each */
			*slot = i;
	}
	now.n = inodes->n;
	for (i = 0; i < e->subs.n; i++)
		drop_gone(e, &e->subs.v[i]);
	vec_release(&e->subs);
	index_release(&e->places);
	e->subs = now;
	e->places = places;
	return 0;
}

/* 1: the list is another one than the last time. */
static int follow(struct events *e)
{
	struct inodes inodes = { 0 };
	uint64_t version;
	int r = netns_inodes(e->netns, &inodes, &version);

	if (r == 0 && version != e->version) {
		r = place_all(e, &inodes);
		if (r == 0) {
			e->version = version;
			r = 1;
		}
	}
	vec_release(&inodes);
	return r;
}

void events_prune(struct events *e)
{
	if (follow(e) == 1)
		e->told = false;
}

/* One that may not be entered stays so; for want of descriptors it is tried again
 * when the list changes, and not for each that follows. */
static void subscribe_all(struct events *e)
{
	uint32_t i, n = 0;
	int err = 0;

	for (i = 0; i < e->subs.n && !(e->own && i); i++) {
		struct subscription *s = &e->subs.v[i];

		n += s->nl != NULL;
		if (s->nl || (s->err && !for_want_of_fds(s->err)))
			continue;
		if (i && !s->ino)
			s->err = EACCES;
		else if (err || n >= e->max)
			s->err = err ? err : EMFILE;
		else
			subscribe(e, (uint16_t)i);
		n += s->nl != NULL;
		if (for_want_of_fds(s->err))
			err = s->err;
	}
}

/* ---- changes of state ---------------------------------------------------------- */

/* Which events are ours to tell is known by inode alone. */
static void load_bpf(struct events *e)
{
	int r = -ENOENT;

	e->bpf_tried = true;
	if (e->subs.n && e->subs.v[0].ino)
		r = bpf_events_new(e->ns_per_tick, e->own ? (uint32_t)e->subs.v[0].ino : 0,
				   &e->bpf);
	if (r == 0) {
		r = watch_fd(e, bpf_events_fd(e->bpf), RING);
		if (r < 0) {
			bpf_events_free(e->bpf);
			e->bpf = NULL;
		}
	}
	e->bpf_err = -r;
	e->told = false;
}

static void take_state(void *ctx, uint64_t time_ns, const struct wire_state *s)
{
	struct telling *t = ctx;
	struct wire_event head = { .type = EVENT_STATE, .len = sizeof(*s), .time_ns = time_ns };
	uint32_t place = index_get(&t->e->places, s->netns_ino);

	if (place == INDEX_NONE)
		return;
	head.ns = (uint16_t)place;
	put_record(&t->b, &head, s);
	flush(t, FLUSH_AT);
}

static void tell_states(struct telling *t)
{
	uint64_t lost;

	if (!t->e->bpf)
		return;
	bpf_events_take(t->e->bpf, MESSAGES_MAX, take_state, t);
	lost = bpf_events_lost(t->e->bpf);
	if (lost)
		put_two(&t->b, EVENT_LOST, 0, lost < UINT32_MAX ? (uint32_t)lost : UINT32_MAX,
			EVENT_STATE);
}

/* ---- the answer ------------------------------------------------------------------ */

static void tell_who(struct telling *t)
{
	struct events *e = t->e;
	const uint32_t state = e->bpf ? EVENT_TELLS_STATE : 0;
	uint32_t i;

	for (i = 0; i < e->subs.n && !(e->own && i); i++) {
		const struct subscription *s = &e->subs.v[i];

		if (i == 0 || !s->nl)
			put_two(&t->b, EVENT_TELLS, (uint16_t)i,
				state | (s->nl ? EVENT_TELLS_DESTROY : 0),
				(uint32_t)(s->nl ? e->bpf_err : s->err));
	}
	e->told = true;
}

static void tell_closed(struct telling *t, uint16_t place)
{
	struct subscription *s = &t->e->subs.v[place];
	bool dead;
	uint32_t n = drain(s, place, t->left, &t->b, &dead);

	t->calls += n + 1;
	t->left -= n;
	if (dead) {
		unsubscribe(s, EIO);
		t->e->told = false;
	}
	flush(t, FLUSH_AT);
}

/* Those with something to say, whatever their number. */
static void tell_ready(struct telling *t)
{
	struct epoll_event ready[READY_MAX];
	int i, n, seen;

	do {
		n = epoll_wait(t->e->epoll_fd, ready, READY_MAX, 0);
		t->calls++;
		for (i = seen = 0; i < n; i++) {
			uint32_t which = ready[i].data.u32;

			if (which >= t->e->subs.n || !t->e->subs.v[which].nl)
				continue;
			tell_closed(t, (uint16_t)which);
			seen++;
		}
	} while (seen && t->left && !t->err);
}

int events_ask(struct events *e, const struct ask_events *arg, uint32_t *ret_calls,
	       chunk_fn fn, void *ctx)
{
	struct telling t = { .e = e, .fn = fn, .ctx = ctx, .left = MESSAGES_MAX };
	int r = follow(e);

	if (r == 1 || e->own != arg->own)
		e->told = false;
	e->own = arg->own;
	if (!e->told)
		subscribe_all(e);
	if (!arg->no_bpf && !e->bpf_tried)
		load_bpf(e);
	if (!e->told)
		tell_who(&t);
	buf_put(&t.b, e->late.data, e->late.len);
	t.b.failed |= e->late.failed;
	buf_release(&e->late);
	tell_ready(&t);
	tell_states(&t);	/* whose end was told has had its changes by now */
	flush(&t, 0);
	buf_release(&t.b);
	*ret_calls = t.calls;
	return r < 0 ? r : t.err;
}
