/* SPDX-License-Identifier: MIT */
/* The rules of a policy, and what can be said of conditions without any socket. */
#ifndef AUDIT_POLICY_H
#define AUDIT_POLICY_H

#include "audit/audit.h"

/* From the best to the worst. */
enum verdict { VERDICT_ALLOW, VERDICT_WARN, VERDICT_DENY, VERDICT_N };

/* What a port must lie in for a condition to fit; all of them: it need not have one. */
struct ports { uint32_t lo, hi; };
#define PORTS_ALL ((struct ports){ 0, UINT32_MAX })

struct rule {
	uint32_t name;			/* string */
	uint32_t line;
	struct ports ports;		/* most rules are passed over by these */
	enum verdict verdict;
	struct filter *when;
};

struct policy {
	VEC(struct rule) rules;
	struct strings strings;		/* names */
	struct index by_name;		/* string -> rule */
	enum verdict otherwise;		/* what no rule fits */
	uint32_t otherwise_line;	/* 0: the text has no such line */
};

#define POLICY_NAME_MAX 64
bool policy_name_char(char c);		/* may be in a name; not every one may begin it */
bool policy_name_start(char c);
const char *policy_name(const struct policy *p, uint32_t rule, size_t *ret_len);
/* Adds a rule, and takes its filter over. -ENOMEM: the filter is freed. */
int policy_add(struct policy *p, const struct rule *r);
/* The rule that takes all that this condition fits, LSSOCK_NONE: none that is found. */
uint32_t policy_covers(const struct policy *p, const struct filter *when);

/* ---- within.c ------------------------------------------------------------------ */

/* Whatever fits a fits b as well: false where that cannot be shown, or is not within
 * so many steps, which are counted down. */
bool condition_within(const struct filter *a, const struct filter *b, uint32_t *steps);
struct ports condition_ports(const struct filter *f);
/* No listening socket fits: *ret_pos is where in the text that shows. */
bool condition_never(const struct filter *f, uint32_t *ret_pos);

#endif
