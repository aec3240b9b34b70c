/* SPDX-License-Identifier: MIT */
/* Rounds of all that the live view shows: the questions, and what a round took. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "live/rounds.h"

#define MANY 20000		/* so many rows: the other ends are not looked for */

/* Every field that a list, the pane, a filter or a problem may need at once. */
#define FIELDS "proto,state,local,remote,iface,user,uid,recvq,sendq,queue,limit,rtt," \
	"retrans_total,idle,rmem,drops,cong,dir"
#define OWNER_FIELDS ",pid,fd,proc,puser,ppid,start,cmd,exe,exe_deleted,unit,container," \
	"why,scope,clients,nsname,nowners"
#define UNIX_FIELDS ",path,type,peer"

enum { Q_FIRST, Q_MANY, Q_FEW, Q_UNIX, N_QUERIES };
static const char *const columns[N_QUERIES] = {
	FIELDS, FIELDS OWNER_FIELDS, FIELDS OWNER_FIELDS ",peer",
	FIELDS OWNER_FIELDS UNIX_FIELDS
};

struct rounds {
	struct lssock *ctx;
	struct lssock_query *queries[N_QUERIES];
	struct lssock_watch *watch;
	bool tape, owners;
	uint32_t done;			/* rounds */
	uint32_t n;			/* rows of the last one */
};

static int compile(struct rounds *r, const struct lssock_question *ask, struct lssock_err *err)
{
	int i, e = 0;

	for (i = 0; e == 0 && i < N_QUERIES; i++) {
		struct lssock_question q = *ask;

		q.protos = ask->protos ? ask->protos : LSSOCK_PROTOS_INET;
		if (i == Q_UNIX)
			q.protos |= 1u << LSSOCK_UNIX;
		q.columns = columns[i];
		q.sort = "inode";
		q.flags |= LSSOCK_Q_ALL | LSSOCK_Q_INFO | LSSOCK_Q_MEMORY | LSSOCK_Q_WATCH |
			   (i == Q_FIRST ? LSSOCK_Q_NO_OWNERS : 0) |
			   (i >= Q_FEW ? LSSOCK_Q_ANCESTORS : 0);
		e = lssock_query_new(&q, &r->queries[i], err);
	}
	return e;
}

int rounds_open(const struct feed_options *opt, struct rounds **ret, struct lssock_err *err)
{
	struct rounds *r = mem_alloc(sizeof(*r));
	struct lssock_watch_options w = { .size = sizeof(w) };
	int e = r ? compile(r, &opt->ask, err) : -ENOMEM;

	if (e == 0)
		e = lssock_open(&opt->open, &r->ctx, err);
	if (e == 0)
		e = lssock_watch_new(r->ctx, r->queries[Q_FIRST], &w, &r->watch, err);
	if (e < 0) {
		rounds_close(r);
		return e;
	}
	r->tape = opt->open.tape_in;
	r->owners = !(opt->ask.flags & LSSOCK_Q_NO_OWNERS);
	*ret = r;
	return 0;
}

void rounds_close(struct rounds *r)
{
	int i;

	if (!r)
		return;
	lssock_watch_free(r->watch);
	for (i = 0; i < N_QUERIES; i++)
		lssock_query_free(r->queries[i]);
	lssock_close(r->ctx);
	mem_free(r);
}

/* The first frame has no owners: it is there at once. A recording has no hurry. */
static int which(const struct rounds *r, bool with_unix)
{
	if (with_unix)
		return Q_UNIX;
	if (!r->tape && (!r->done || !r->owners))
		return Q_FIRST;
	return r->n > MANY ? Q_MANY : Q_FEW;
}

bool rounds_want_more(const struct rounds *r)
{
	return r->done == 1 && r->owners && !r->tape;
}

void rounds_next(struct rounds *r, bool with_unix, struct frame *ret)
{
	struct lssock_err err = { .pos = -1 };
	uint64_t began = io_now_ns();
	int e;

	*ret = (struct frame){ .snap = NULL };
	lssock_watch_ask(r->watch, r->queries[which(r, with_unix)]);
	e = lssock_watch_next(r->watch, &ret->snap, &err);
	ret->scan_us = (io_now_ns() - began) / 1000;
	ret->tells = lssock_watch_tells(r->watch);
	if (e == 0) {
		lssock_tracks(ret->snap, &r->n);
		r->done++;
		return;
	}
	ret->snap = NULL;
	ret->ended = r->tape && e == -ENODATA;
	if (!ret->ended)
		snprintf(ret->error, sizeof(ret->error), "%s",
			 err.msg[0] ? err.msg : strerror(-e));
}
