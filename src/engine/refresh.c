/* SPDX-License-Identifier: MIT */
/*
 * A round that relies on the one before: the tables are dumped anew, owners and
 * details of what is in both are carried over. All owners are looked for again
 * where rows are new and that costs little, and at the latest after some seconds,
 * since a descriptor can be closed or passed on unseen.
 */
#include <errno.h>
#include <string.h>

#include "base/io.h"
#include "engine/engine.h"
#include "model/carry.h"
#include "model/link.h"

#define OWNERS_EVERY_NS 10000000000ull
#define EVERY_ROUND_FDS 2000	/* so few are looked at every round */
#define WALK_ROUNDS 3		/* a walk for new rows alone, at most so often */
#define HOLDERS_MAX 16		/* processes asked for what came through a listener */

/* Whether nothing of the look before can serve. */
static bool look_anew(const struct collect *c)
{
	const struct snap_look *look = &c->prev->look;

	return !c->ctx->source->live || c->ctx->taping || !look->at_ns ||
	       look->fds < EVERY_ROUND_FDS || io_now_ns() - look->at_ns >= OWNERS_EVERY_NS;
}

static void count_changes(struct collect *c)
{
	(void)carry_init(&c->carry, c->prev, c->s);
}

/* One byte per process of the round before; NULL: no memory. */
static uint8_t *who_lives(struct collect *c)
{
	const struct lssock_snap *prev = c->prev;
	uint8_t *alive = mem_alloc(prev->procs.n + 1ul);
	struct buf asked = { 0 }, answer = { 0 };
	uint32_t i;

	for (i = 1; i < prev->procs.n; i++) {
		const struct ask_alive a = { .pid = prev->procs.v[i].pid,
					     .start_ns = prev->procs.v[i].start_ns };

		buf_put(&asked, &a, sizeof(a));
	}
	if (alive && asked.len && !asked.failed &&
	    ask_bytes(c, ASK_ALIVE, 0, 0, asked.data, (uint32_t)asked.len, &answer) == 0)
		memcpy(alive + 1, answer.data,
		       answer.len < prev->procs.n ? answer.len : prev->procs.n - 1);
	buf_release(&asked);
	buf_release(&answer);
	return alive;
}

static bool only_an_fd_shows(const struct lssock_sock *s)
{
	return (s->flags & LSSOCK_F_SOURCE) == LSSOCK_SRC_FD && s->owner;
}

static bool is_still_there(struct collect *c, const struct lssock_sock *s)
{
	const struct lssock_owner *o = &c->prev->owners.v[s->owner];
	const struct lssock_proc *p = &c->prev->procs.v[o->proc];
	struct ask_fd fd = { .pid = p->pid, .tid = o->tid, .fd = o->fd, .inode = s->inode,
			     .start_ns = p->start_ns };
	struct buf name = { 0 };
	int r = ask_bytes(c, ASK_PROTONAME, 0, hash_bytes(&fd, sizeof(fd)), &fd, sizeof(fd),
			  &name);

	buf_release(&name);
	return r == 0;
}

/* Sockets that are in no table are asked one by one whether they are still what
 * they were; by now they may be in one. */
static void keep_fd_rows(struct collect *c, struct carry *k)
{
	const struct lssock_snap *prev = c->prev;
	struct index listed = { 0 };
	uint32_t i, *slot;

	for (i = 0; i < k->n_there && !only_an_fd_shows(&prev->socks.v[i]); i++)
		;
	if (i == k->n_there || index_reserve(&listed, k->n_rows) < 0)
		return;
	for (i = 0; i < k->n_rows; i++) {
		slot = index_put(&listed, c->s->socks.v[i].inode);
		if (slot)
			*slot = i;
	}
	for (i = 0; i < k->n_there; i++)
		if (only_an_fd_shows(&prev->socks.v[i]) &&
		    index_get(&listed, prev->socks.v[i].inode) == INDEX_NONE &&
		    is_still_there(c, &prev->socks.v[i]))
			carry_fd_row(k, i);
	index_release(&listed);
}

/* What was accepted is held by those that hold the listener, mostly. */
static void look_at_listeners(struct collect *c, const uint8_t *missing)
{
	struct lssock_snap *s = c->s;
	int32_t pids[HOLDERS_MAX];
	uint32_t i, k, o, n = 0;

	link_owners(s);
	link_via(s);
	for (i = 0; i < c->n_later; i++) {
		uint32_t via = missing[i] ? s->socks.v[i].via : LSSOCK_NONE;

		for (o = via == LSSOCK_NONE ? 0 : s->socks.v[via].owner; o;
		     o = s->owners.v[o].next) {
			int32_t pid = s->procs.v[s->owners.v[o].proc].pid;

			for (k = 0; k < n && pids[k] != pid; k++)
				;
			if (k == n && n < HOLDERS_MAX)
				pids[n++] = pid;
		}
	}
	if (n)
		collect_owners_of(c, pids, n);
}

/* Relies on the look of the round before, and says of which rows it can't. */
static int rely(struct collect *c, struct carry *k, const uint8_t *missing)
{
	int r = carry_owners(k);

	if (r < 0)
		return r;
	keep_fd_rows(c, k);
	carry_notes(k);
	c->s->look = c->prev->look;
	c->s->look.rounds++;
	c->s->meta.collector = c->prev->meta.collector;
	c->s->meta.bpf_err = c->prev->meta.bpf_err;
	c->s->meta.owners_asked = c->prev->meta.owners_asked;
	c->unreadable = c->s->look.unreadable;
	c->looked_twice = c->s->look.twice;
	c->later = missing;
	c->n_later = k->n_rows;
	look_at_listeners(c, missing);
	return 0;
}

static int owners_of_round(struct collect *c, struct carry *k, uint8_t *missing)
{
	uint32_t i, n = 0;

	for (i = 0; i < k->n_rows; i++)
		n += missing[i] = carry_misses(k, i);
	if (!(c->plan->needs & NEED_OWNERS))
		return 0;
	if (n && (c->prev->meta.collector == LSSOCK_COLLECTOR_BPF ||
		  c->prev->look.rounds + 1 >= WALK_ROUNDS)) {
		c->s->look.at_ns = io_now_ns();
		collect_owners(c);
		c->s->look.fds = c->s->meta.fds;
		c->s->look.unreadable = c->unreadable;
		return 0;
	}
	return rely(c, k, missing);
}

static int carried_round(struct collect *c, struct carry *k)
{
	uint8_t *alive = who_lives(c);
	uint8_t *missing = mem_alloc(k->n_rows + 1ul);
	int r = alive && missing ? 0 : -ENOMEM;

	k->alive = alive;
	if (r == 0)
		r = owners_of_round(c, k, missing);
	if (r == 0)
		r = carry_details(k);
	if (r == 0)
		collect_rest(c);
	if (!c->later)
		c->s->look.twice = c->looked_twice;
	c->later = NULL;
	k->alive = NULL;
	mem_free(alive);
	mem_free(missing);
	return r;
}

int refresh_all(struct collect *c, struct lssock_err *err)
{
	struct carry *k = &c->carry;
	int r;

	if (look_anew(c)) {
		r = collect_all(c, err);
		if (r == 0)
			count_changes(c);
		return r;
	}
	r = collect_facts(c);
	if (r == 0)
		r = namespaces_find(c, err);
	if (r < 0)
		return r;
	collect_tables(c);
	r = carry_init(k, c->prev, c->s);
	if (r == 0)
		r = carried_round(c, k);
	if (r == 0 && c->s->look.at_ns)
		c->s->meta.owners_age_us = (io_now_ns() - c->s->look.at_ns) / 1000;
	return r;
}
