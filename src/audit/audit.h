/* SPDX-License-Identifier: MIT */
/*
 * Judging what listens: the report that is made of one snapshot, and the three that
 * judge it, which know nothing of each other: built-in checks, a policy, a baseline.
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include "query/plan.h"

struct span { size_t at, len; };	/* of report.text */

struct finding {
	struct lssock_finding public;
	struct span text, about;
};

struct lssock_report {
	struct lssock_snap *snap;	/* held */
	const struct lssock_query *query;
	VEC(uint32_t) rows;		/* selected, service by service */
	VEC(struct lssock_service) services;
	VEC(struct finding) findings;
	VEC(struct span) unjudged;
	struct buf text;		/* raw until it is asked for */
	bool all;			/* nothing but listening was asked for: what a baseline
					   has and this lacks is gone */
	bool failed;			/* out of memory */
	enum { OPEN_NONE, OPEN_TEXT, OPEN_ABOUT, OPEN_UNJUDGED } open; /* what grows */
};

/* ---- report.c ------------------------------------------------------------------ */

/* Begins a finding about a service; row NONE: the service's own. Its sentence is what
 * is put into r->text until the next begins. NULL: no memory. With service NONE, what
 * it is about is put first, then report_about_end() is called, the sentence follows. */
struct finding *report_find(struct lssock_report *r, const char *code,
			    enum lssock_severity severity, uint32_t service, uint32_t row);
void report_about_end(struct lssock_report *r);
/* The same for a sentence about what could not be judged. */
void report_unjudged(struct lssock_report *r);
/* field_put() into r->text. */
void report_put(struct lssock_report *r, uint32_t row, uint32_t owner, const char *field);
/* "tcp 0.0.0.0:6379 redis-server[812]" into r->text. */
void report_put_service(struct lssock_report *r, uint32_t service);

/* As lssock_finding_about(), raw, into b. */
void finding_about(const struct lssock_report *r, const struct finding *f, struct buf *b);
/* Ends the last sentence and sorts. 0 or -ENOMEM. */
int report_end(struct lssock_report *r);

/* ---- service.c ----------------------------------------------------------------- */

/* Fills r->services and r->rows from the rows of a view. */
void services_make(struct lssock_report *r, const uint32_t *rows, uint32_t n);
/* As lssock_service_address(), raw, into b. */
void service_address(const struct lssock_report *r, const struct lssock_service *s,
		     struct buf *b);
/* Where the kernel passes it on to: "172.17.0.4:80". */
void service_target(const struct lssock_nat *n, struct buf *b);
/* What makes two listeners the same program: of the owner the exe (else comm), user,
 * unit and container; appended as length-prefixed strings. Without an owner the uid of
 * the socket and the why. */
void service_identity(const struct lssock_snap *s, uint32_t row, uint32_t owner, struct buf *b);
/* scope as a word ("all", "local" …) of a row, "" if it is not known. */
const char *service_scope(const struct lssock_snap *s, uint32_t row);

/* ---- check.c ------------------------------------------------------------------- */

/* Place of a code in the table, -1. */
int check_find(const char *code, size_t len);
/* off: bits 1u << check of those that are left out. */
void checks_judge(struct lssock_report *r, uint64_t off);
/* What they need beside what an audit asks for anyway. */
void checks_needs(uint64_t off, uint32_t *needs, uint32_t keep[DIAG_N_CLASS]);
/* Whether one of them looks at connections too. */
bool checks_need_connections(uint64_t off);

/* ---- policy.c ------------------------------------------------------------------ */

typedef void (*fault_fn)(void *ctx, const struct lssock_fault *f);
struct policy;

/* All faults are told of before -EINVAL; -ENOMEM. */
int policy_new(const char *text, size_t len, fault_fn fault, void *ctx, struct policy **ret);
void policy_free(struct policy *p);
void policy_needs(const struct policy *p, uint32_t *needs, uint32_t keep[DIAG_N_CLASS]);
void policy_judge(const struct policy *p, struct lssock_report *r);

/* ---- baseline.c ---------------------------------------------------------------- */

struct baseline;

/* -EBADMSG after all faults are told of; -ENOMEM. */
int baseline_new(const char *text, size_t len, fault_fn fault, void *ctx,
		 struct baseline **ret);
void baseline_free(struct baseline *b);
void baseline_judge(const struct baseline *b, struct lssock_report *r);

/* ---- fault.c ------------------------------------------------------------------- */

/* Lines of a text: { .text, .end, .fault, .ctx } and then lines_next(), until it gives
 * false. A line has no newline; one with a NUL byte, or over 8 KiB, is told of as a
 * fault and empty. */
struct lines {
	const char *text, *end;
	const char *at;			/* this line */
	size_t len;
	uint32_t number;		/* from 1 */
	fault_fn fault;
	void *ctx;
	uint32_t faults;
};
bool lines_next(struct lines *l);
/* A fault of this line at byte `column` (from 0). */
void lines_fault(struct lines *l, size_t column, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
