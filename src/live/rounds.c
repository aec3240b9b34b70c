/* SPDX-License-Identifier: MIT */
/* Rounds of all that the live view shows: the questions, and what a round took. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/io.h"
#include "live/rounds.h"

#define JUDGE_NS 10000000000ull
#define JUDGE_LEAST_NS 2000000000ull
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
	struct lssock_audit *audit;
	struct lssock_query *judging;	/* its question */
	struct lssock_report *report;	/* that no frame has taken yet */
	uint64_t judged_ns, judging_ns;	/* when the last began, what it took */
	uint64_t listening, judged;	/* a sum of what listens: now, when it was judged */
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

/* Of all namespaces, as lssock audit does. */
static int ask_audit(struct rounds *r, const struct feed_options *opt, struct lssock_err *err)
{
	struct lssock_question q = opt->ask;

	if (!q.netns)
		q.netns = "all";
	r->audit = opt->audit;
	return r->audit ? lssock_audit_query(r->audit, &q, &r->judging, err) : 0;
}

int rounds_open(const struct feed_options *opt, struct rounds **ret, struct lssock_err *err)
{
	struct rounds *r = mem_alloc(sizeof(*r));
	struct lssock_watch_options w = { .size = sizeof(w) };
	int e = r ? compile(r, &opt->ask, err) : -ENOMEM;

	if (e == 0)
		e = ask_audit(r, opt, err);
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
	lssock_report_free(r->report);
	lssock_query_free(r->judging);
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

/* ---- what listens ---------------------------------------------------------------- */

static uint64_t sum_listening(const struct lssock_snap *s)
{
	uint32_t n, i;
	const struct lssock_sock *socks = lssock_socks(s, NULL);
	uint64_t sum = 0;

	lssock_tracks(s, &n);
	for (i = 0; i < n; i++)
		if (socks[i].state == LSSOCK_LISTEN || socks[i].state == LSSOCK_UNCONNECTED)
			sum += hash_u64(socks[i].cookie);
	return sum;
}

static void judge(struct rounds *r)
{
	struct lssock_snap *s;

	r->judged_ns = io_now_ns();
	r->judged = r->listening;
	if (lssock_take(r->ctx, r->judging, &s, NULL) < 0)
		return;
	lssock_report_free(r->report);
	r->report = NULL;
	lssock_audit_run(r->audit, s, r->judging, &r->report, NULL);
	lssock_snap_free(s);
	r->judging_ns = io_now_ns() - r->judged_ns;
}

/* A twentieth of the time at most. */
static bool is_due(const struct rounds *r)
{
	uint64_t since = io_now_ns() - r->judged_ns;

	if (!r->judged_ns)
		return true;
	return since >= JUDGE_LEAST_NS && since >= 20 * r->judging_ns &&
	       (r->listening != r->judged || since >= JUDGE_NS);
}

bool rounds_judge(struct rounds *r, unsigned also)
{
	if (!r->audit || r->tape || !(also & ALSO_AUDIT) || !r->done || !is_due(r))
		return false;
	judge(r);
	return r->report;
}

/* ---- rounds ------------------------------------------------------------------------ */

void frame_release(struct frame *f)
{
	lssock_snap_free(f->snap);
	lssock_report_free(f->report);
	f->snap = NULL;
	f->report = NULL;
}

void rounds_next(struct rounds *r, unsigned also, struct frame *ret)
{
	struct lssock_err err = { .pos = -1 };
	uint64_t began = io_now_ns();
	int e;

	*ret = (struct frame){ .snap = NULL };
	lssock_watch_ask(r->watch, r->queries[which(r, also & ALSO_UNIX)]);
	e = lssock_watch_next(r->watch, &ret->snap, &err);
	ret->scan_us = (io_now_ns() - began) / 1000;
	ret->tells = lssock_watch_tells(r->watch);
	if (e == 0) {
		lssock_tracks(ret->snap, &r->n);
		r->done++;
		if (r->audit && also & ALSO_AUDIT)
			r->listening = sum_listening(ret->snap);
		if (r->audit && r->tape)
			judge(r);
		ret->report = r->report;
		r->report = NULL;
		return;
	}
	ret->snap = NULL;
	ret->ended = r->tape && e == -ENODATA;
	if (!ret->ended)
		snprintf(ret->error, sizeof(ret->error), "%s",
			 err.msg[0] ? err.msg : strerror(-e));
}
