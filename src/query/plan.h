/* SPDX-License-Identifier: MIT */
/* Question -> plan: what to ask of the kernel. And the compiled question. */
#ifndef QUERY_PLAN_H
#define QUERY_PLAN_H

#include "query/filter.h"

struct plan {
	uint32_t protos;		/* tables to ask, bits of lssock_proto */
	uint32_t families;		/* 1 IPv4, 2 IPv6 */
	uint32_t states[LSSOCK_N_PROTO];/* lssock_state bits to ask per protocol */
	uint32_t keep[DIAG_N_CLASS];
	uint32_t needs;
	bool push[LSSOCK_N_PROTO];	/* push_filter gives a program for it */
	uint32_t extra_listen;		/* protos that need one more dump: LISTEN alone,
					   without a program (via, dir) */
	bool subflows_only;		/* INET_DIAG_ULP_INFO is kept to tell subflows only */
	/* namespaces */
	enum { NS_OWN, NS_ALL, NS_ONE } ns_which;
	char *ns_one;			/* name, pid, path or inode */
	bool deep;			/* look for namespaces behind open fds */
	bool stated;			/* the question was narrowed by state or code: rows
					   that are absent are not proof of anything */
};

struct sort_key { const struct field *field; bool descending; };

struct lssock_query {
	uint32_t flags;			/* LSSOCK_Q_* */
	uint32_t protos;		/* chosen or default */
	uint32_t protos_asked;		/* those named one by one: unlistable is an error */
	uint32_t families;
	uint32_t width;
	enum lssock_layout layout;
	struct filter *filter;		/* the user's */
	VEC(const struct field *) columns;
	VEC(struct sort_key) sort;
	VEC(const struct field *) groups;
	uint32_t limit;
	uint32_t hidden_states;		/* not shown unless -a or named */
	struct plan plan;
};

/* Whether a row is inside the selection (protocols, families, -l, hidden
 * states): everything of the question but the filter text. */
enum tri query_selects(const struct lssock_query *q, const struct lssock_snap *s, uint32_t row);
/* Is it hidden by default rather than deselected? */
bool query_hides(const struct lssock_query *q, const struct lssock_snap *s, uint32_t row);
/* Selection and filter. */
enum tri query_row(const struct lssock_query *q, const struct lssock_snap *s, uint32_t row);

/* Plan of a question; called by lssock_query_new. */
int plan_make(struct lssock_query *q, const struct lssock_question *ask,
	      struct lssock_err *err);
void plan_release(struct plan *p);
/* Columns, sort keys and groups (lists.c). */
int plan_lists(struct lssock_query *q, const struct lssock_question *ask,
	       struct lssock_err *err);
/* -EINVAL with a message, -ENOMEM. */
int plan_fail(struct lssock_err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int plan_no_memory(struct lssock_err *err);
/* Of an audit: without connections, which only tell how many ports they use. */
void plan_listen_only(struct lssock_query *q);

/* ---- push-down (push.c) -------------------------------------------------- */

/* What only the collector can tell the compiler; names differ by namespace. */
struct push_env {
	bool mark;			/* CAP_NET_ADMIN: mark terms may be used */
	/* 0: no such interface / cgroup: the term is not pushed. May be NULL. */
	uint32_t (*ifindex)(void *ctx, const char *name, size_t len);
	uint64_t (*cgroup_id)(void *ctx, const char *path, size_t len);
	void *ctx;
};
/* Bytecode of a filter for an inet protocol: accepts every row the filter may
 * match (weaker or equal). Empty: everything. env NULL: only what needs none. */
int push_filter(const struct filter *f, uint8_t proto, const struct push_env *env,
		struct buf *ret_code);
/* lssock_states in which rows of the protocol can match at all; 0: none can, so
 * the protocol need not be asked. By abstract evaluation: unknown stays in. */
uint32_t push_states(const struct filter *f, uint8_t proto);
/* One line an instruction, for --explain and goldens. */
void push_disassemble(const void *code, size_t len, struct buf *out);

/* ---- view (view.c): public functions in lssock.h ------------------------- */

#endif
