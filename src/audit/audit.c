/* SPDX-License-Identifier: MIT */
/*
 * An audit: what judges, the question that has all they look at, and the report. The
 * judges know nothing of each other and see the same services.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "audit/audit.h"

struct lssock_audit {
	struct policy *policy;		/* NULL: none */
	struct baseline *baseline;	/* NULL: none */
	uint64_t off;			/* checks left out, bits 1u << check */
};

static int fail(struct lssock_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(struct lssock_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	*err = (struct lssock_err){ .code = code, .pos = -1 };
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return code;
}

/* ---- what judges ------------------------------------------------------------------- */

static int disable(struct lssock_audit *a, const char *list, struct lssock_err *err)
{
	size_t len;
	int check;

	for (; list && *list; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		check = len ? check_find(list, len) : -1;
		if (check < 0) {
			fail(err, -EINVAL, "no such check (--checks lists them)");
			if (err)
				err->pos = (int)(len ? 0 : -1);
			return -EINVAL;
		}
		a->off |= 1ull << check;
	}
	return 0;
}

static int fill(struct lssock_audit *a, const struct lssock_audit_options *opt,
		struct lssock_err *err)
{
	bool texts = opt->policy || opt->baseline;
	int r = disable(a, opt->disable, err);

	if (r == 0 && texts && !opt->checks)
		a->off = UINT64_MAX;
	if (r == 0 && opt->policy)
		r = policy_new(opt->policy, opt->policy_len, opt->fault, opt->ctx, &a->policy);
	if (r == -EINVAL && opt->policy)
		return fail(err, r, "the policy has faults: nothing was judged");
	if (r == 0 && opt->baseline)
		r = baseline_new(opt->baseline, opt->baseline_len, opt->fault, opt->ctx,
				 &a->baseline);
	if (r == -EBADMSG)
		return fail(err, r, "the baseline is damaged: nothing was judged");
	return r == -ENOMEM ? fail(err, r, "out of memory") : r;
}

int lssock_audit_new(const struct lssock_audit_options *opt, struct lssock_audit **ret,
		     struct lssock_err *err)
{
	struct lssock_audit_options known = { 0 };
	struct lssock_audit *a = mem_alloc(sizeof(*a));
	int r;

	if (!a)
		return fail(err, -ENOMEM, "out of memory");
	memcpy(&known, opt, opt->size < sizeof(known) ? opt->size : sizeof(known));
	r = fill(a, &known, err);
	if (r < 0)
		lssock_audit_free(a);
	else
		*ret = a;
	return r;
}

void lssock_audit_free(struct lssock_audit *a)
{
	if (!a)
		return;
	policy_free(a->policy);
	baseline_free(a->baseline);
	mem_free(a);
}

/* ---- the question ------------------------------------------------------------------ */

int lssock_audit_query(const struct lssock_audit *a, const struct lssock_question *q,
		       struct lssock_query **ret, struct lssock_err *err)
{
	struct lssock_question ask = { 0 };
	struct lssock_query *query;
	int r;

	if (q)
		memcpy(&ask, q, q->size < sizeof(ask) ? q->size : sizeof(ask));
	ask.size = sizeof(ask);
	ask.flags |= LSSOCK_Q_AUDIT;
	r = lssock_query_new(&ask, &query, err);
	if (r < 0)
		return r;
	checks_needs(a->off, &query->plan.needs, query->plan.keep);
	if (a->policy)
		policy_needs(a->policy, &query->plan.needs, query->plan.keep);
	if (!checks_need_connections(a->off) && !(ask.flags & LSSOCK_Q_METRICS) &&
	    !(query->plan.needs & (NEED_CLIENTS | NEED_PEER)))
		plan_listen_only(query);
	*ret = query;
	return 0;
}

/* ---- the report -------------------------------------------------------------------- */

static bool asks_all(const struct lssock_query *q)
{
	return q->filter->nodes.v[q->filter->root].kind == NODE_ALL && !q->protos_asked &&
	       q->families == 3 && q->plan.ns_which == NS_ALL && !q->limit;
}

static int judge(const struct lssock_audit *a, struct lssock_report *r)
{
	struct lssock_view *v;
	const uint32_t *rows;
	uint32_t n;
	int e = lssock_view_new(r->snap, r->query, &v, NULL);

	if (e < 0)
		return e;
	rows = lssock_view_rows(v, &n);
	services_make(r, rows, n);
	lssock_view_free(v);
	if (r->failed)
		return -ENOMEM;
	checks_judge(r, a->off);
	if (a->policy)
		policy_judge(a->policy, r);
	if (a->baseline)
		baseline_judge(a->baseline, r);
	return report_end(r);
}

int lssock_audit_run(struct lssock_audit *a, struct lssock_snap *s,
		     const struct lssock_query *q, struct lssock_report **ret,
		     struct lssock_err *err)
{
	struct lssock_report *r = mem_alloc(sizeof(*r));
	uint64_t failures = mem_failures();
	int e;

	if (!r)
		return fail(err, -ENOMEM, "out of memory");
	r->snap = lssock_snap_hold(s);
	r->query = q;
	r->all = asks_all(q);
	e = judge(a, r);
	if (e == 0 && mem_failures() != failures)
		e = -ENOMEM;
	if (e < 0) {
		lssock_report_free(r);
		return fail(err, e, "out of memory");
	}
	*ret = r;
	return 0;
}
