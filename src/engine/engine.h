/* SPDX-License-Identifier: MIT */
/* What the engine's files share: the context and the stages of a collection. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/pool.h"
#include "model/carry.h"
#include "query/plan.h"
#include "source/source.h"

struct lssock {
	struct source *source;
	struct pool *pool;
	bool share;		/* the owner scan, between workers; not with a tape */
	bool taping;
	unsigned late;		/* jobs left behind: they still use the source */
	struct named *named;	/* names that were found; NULL: nobody has asked */
};

/* One collection. */
struct collect {
	struct lssock *ctx;
	const struct lssock_query *q;
	const struct plan *plan;
	struct lssock_snap *s;
	struct ahead *ahead;	/* NULL: nothing is asked ahead */
	const struct lssock_snap *prev;	/* of a series, NULL: the first */
	const uint8_t *later;		/* by row: nobody has looked for its owner; NULL: all */
	uint32_t n_later;
	struct carry carry;		/* of a series: what is in both; from NULL: none */
	uint32_t unlisted;	/* protocols this kernel cannot list, bits of lssock_proto */
	uint32_t unlisted_held;	/* of them, those of which sockets may exist */
	uint32_t held;		/* what /proc/net/protocols of held_ns counts */
	uint16_t held_ns;
	bool held_known;
	uint32_t refused;	/* protocols whose dump was refused or failed */
	int refused_err;
	uint32_t listed, failed;	/* protocols of which a dump answered, did not */
	int failed_err;
	bool mptcp;		/* there are MPTCP sockets, as far as known */
	uint32_t unreadable;	/* processes */
	bool nested_pidns;
	bool hidden;		/* /proc does not show every process (hidepid) */
	bool looked_twice;
	bool netlink_gone;	/* NETLINK_SOCK_DIAG cannot be had at all */
	uint64_t names_until_ns;	/* then the time for names is over; 0: not begun */
};

/* ---- collect.c: the stages ------------------------------------------------ */

/* A whole collection, lssock_refresh() with a last stage before the snapshot is
 * sealed; finish may be NULL. */
typedef int (*finish_fn)(struct collect *c, void *ctx);
int collect_take(struct lssock *ctx, const struct lssock_query *q,
		 const struct lssock_snap *prev, finish_fn finish, void *fctx,
		 struct lssock_snap **ret, struct lssock_err *err);
/* All of them; what lssock_take() is. */
int collect_all(struct collect *c, struct lssock_err *err);
/* In their order: */
int collect_facts(struct collect *c);
void collect_tables(struct collect *c);
void collect_owners(struct collect *c);
void collect_owners_of(struct collect *c, const int32_t *pids, uint32_t n);
void collect_rest(struct collect *c);	/* links, second look, details */

/* ---- refresh.c: a round that relies on the one before ----------------------- */

int refresh_all(struct collect *c, struct lssock_err *err);

/* ---- news.c: what events told -------------------------------------------------- */

/* The end of a socket. ns_ino: of its namespace, which has another row in every
 * snapshot. */
struct closing {
	struct lssock_sock k;
	uint64_t ns_ino, time_ns;	/* since boot */
	size_t attrs;			/* in news.attrs */
	uint32_t attrs_len;
	bool used, said;		/* is a row; is an event already */
};
/* A state change that the kernel told of. */
struct change {
	struct wire_state st;
	uint64_t ns_ino, time_ns;
	bool said;
};
struct news {
	VEC(struct closing) closings;
	VEC(struct change) changes;	/* of sockets that no round has seen yet */
	VEC(struct change) holders;	/* the first of each socket that names a process */
	struct index by_cookie;		/* of closings */
	struct index by_birth;		/* cookie -> its first change */
	struct index by_change;		/* cookie -> its last change */
	struct index by_holder;		/* cookie -> of holders */
	struct buf attrs;
	uint32_t lost, lost_times;	/* since the last frame */
	unsigned tells;
	int bpf_err;
};
void news_release(struct news *n);
/* Asks for events; s: the snapshot that numbers namespaces now. */
void news_drain(struct news *n, struct lssock *ctx, const struct lssock_snap *s,
		const struct ask_events *arg);
struct closing *news_closing(struct news *n, uint64_t cookie);	/* NULL: none */
/* The first and the last change of a socket, NULL: none. */
const struct change *news_birth(const struct news *n, uint64_t cookie);
const struct change *news_change(const struct news *n, uint64_t cookie);
const struct change *news_holder(const struct news *n, uint64_t cookie);	/* NULL */
const void *news_attrs(const struct news *n, const struct closing *c);
/* Forgets closings that were used, and what keep() does not want: changes of the socket
 * that began with c, or (holds) the one that tells who held it. */
int news_forget(struct news *n, bool (*keep)(void *ctx, const struct change *c, bool holds),
		void *ctx);

/* ---- track.c: what a row was -------------------------------------------------------- */

/* Tracks of all rows so far. was_asked: protocols the round before asked for. */
int track_rows(struct collect *c, uint32_t was_asked);
/* in and out of a track by the row's tcp_info; false: there is none. */
bool track_count(const struct lssock_snap *s, uint32_t row, struct lssock_track *t);

/* ---- ask.c: questions to the source -------------------------------------- */

/* A chunk_fn: into the struct buf that is its ctx. */
int ask_chunk(void *answer, const void *bytes, size_t len);
/* The whole answer in one buffer. */
int ask_bytes(struct collect *c, enum ask_kind kind, uint16_t ns, uint64_t id, const void *arg,
	      uint32_t arg_len, struct buf *ret);

/* ---- behind.c: decoding while more is received --------------------------------- */

struct batch;
/* Set pool (NULL: everything is decoded as it comes), decode and ctx. */
struct behind {
	struct pool *pool;
	chunk_fn decode;
	void *ctx;
	/* its own */
	struct batch *filling, *handed, *spare;
	uint32_t chunks;
	int err;
};
/* A chunk_fn with a struct behind as ctx. Until behind_end() what decode() works
 * on is not to be touched. */
int behind_chunk(void *behind, const void *bytes, size_t len);
/* Until all is decoded. 0, or the first error of decode. */
int behind_end(struct behind *b);

/* ---- ahead.c: many namespaces at once ---------------------------------------------- */

/* While the tables are collected: before the first namespace, at each, at the end. */
void ahead_start(struct collect *c);
void ahead_reach(struct collect *c, uint16_t ns);
void ahead_end(struct collect *c);
/* For namespace_expect() and tables_expect(): this will be asked. */
void ahead_expect(struct collect *c, const struct ask *ask);
/* Asks the source, unless the answer is there already. */
int ahead_ask(struct collect *c, const struct ask *ask, chunk_fn fn, void *ctx);

/* ---- questions.c: those that may never be answered --------------------------- */

struct question {
	struct ask ask;
	size_t at;			/* its argument in args */
	uint32_t row, place;
};

struct questions {
	struct collect *c;
	/* Takes one answer; result is that of ask. Not called for late ones. */
	void (*take)(struct collect *c, uint32_t row, int result, const struct buf *answer);
	const char *what;		/* for the notes */
	uint64_t patience_ns;		/* 0: the usual */
	/* its own */
	VEC(struct question) list;
	VEC(uint32_t) hung;
	struct buf args;
	uint32_t late;
};
/* place: if one hangs, others of the same place are not tried again. */
void questions_add(struct questions *q, const struct ask *ask, uint32_t row, uint32_t place);
/* Asks all, takes the answers in order and forgets the questions. How many were
 * late; they are noted. */
uint32_t questions_ask(struct questions *q);

/* ---- netns.c: which namespaces are asked ---------------------------------- */

int namespaces_find(struct collect *c, struct lssock_err *err);
/* Container of a namespace; interfaces, addresses, port range and counters of an
 * asked one. */
void namespace_detail(struct collect *c, uint16_t ns);
void namespace_expect(struct collect *c, uint16_t ns);	/* what that will ask: ahead.c */
/* Links and addresses of namespaces where a row is bound to an interface. */
void namespaces_bound(struct collect *c);
/* Namespaces that only these sockets keep: appended and to be asked. How many. */
uint32_t namespaces_of_sockets(struct collect *c, const struct ask_fd *fds, uint32_t n);

/* ---- tables.c: the sockets of a namespace ---------------------------------- */

void tables_collect(struct collect *c, uint16_t ns);
void tables_expect(struct collect *c, uint16_t ns);	/* what that will ask: ahead.c */
/* What may be read only after the owners are known: /proc/net/unix. */
void tables_after_owners(struct collect *c, uint16_t ns);
/* Asks a protocol's table once more into `into` (the snapshot itself or a scratch
 * one). Returns how many rows were new to it, or -errno. */
int tables_again(struct collect *c, struct lssock_snap *into, uint16_t ns, uint8_t proto);
/* Every socket of a protocol that was not asked for, into a scratch snapshot. */
void tables_sieve(struct collect *c, struct lssock_snap *into, uint8_t proto);
/* Whether every socket of the protocol that has a row anywhere was asked for. */
bool tables_whole(const struct collect *c, uint8_t proto);

/* ---- second.c: the second look --------------------------------------------- */

void second_look(struct collect *c);

/* ---- enrich.c: details of what the filter has not excluded ------------------ */

void enrich(struct collect *c);
/* The row of a process by its number, asked for if it is new; 0: not to be had. */
uint32_t enrich_proc(struct collect *c, int32_t pid);

/* ---- named.c: names of numbers, with -r --------------------------------------- */

/* Of users who have none; again when more users have come. */
void name_users(struct collect *c);
/* Of hosts and services in what is shown. */
void name_ends(struct collect *c);
void named_free(struct named *n);	/* takes NULL */

#endif
