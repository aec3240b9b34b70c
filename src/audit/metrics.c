/* SPDX-License-Identifier: MIT */
/*
 * What a report adds to the metrics of its snapshot: findings by code, and whether
 * all could be judged. The rest is query/metrics.c.
 */
#include "audit/audit.h"
#include "query/metrics.h"

static struct sample *finding(struct metrics *m, struct series *t, const char *code,
			      enum lssock_severity severity)
{
	uint32_t label[N_METRIC_LABEL] = { 0 };

	label[LABEL_CODE] = metrics_word(m, code);
	label[LABEL_SEVERITY] = metrics_word(m, lssock_severity_name(severity));
	return metrics_sample(m, t, label);
}

/* Every check is there, so that an alert sees the step from 0 to 1. */
static void put_findings(struct metrics *m, const struct lssock_report *r)
{
	static const struct metric what = {
		"lssock_audit_findings", "gauge",
		"What was found, by code and severity; 0 too of checks that were left out."
	};
	struct lssock_check_info info;
	struct series t = { 0 };
	uint32_t i;

	for (i = 0; i < lssock_checks(); i++)
		if (lssock_check_info(i, &info) == 0)
			finding(m, &t, info.code, info.severity);
	for (i = 0; i < r->findings.n; i++) {
		const struct lssock_finding *f = &r->findings.v[i].public;
		struct sample *x = finding(m, &t, f->code, f->severity);

		if (x)
			x->value++;
	}
	metrics_put(m, &what, &t);
}

static void put_report(struct metrics *m, const struct lssock_report *r)
{
	static const struct metric complete = {
		"lssock_audit_complete", "gauge",
		"1 if all that listens could be seen and judged."
	}, unjudged = {
		"lssock_audit_unjudged", "gauge", "What could not be judged."
	}, services = {
		"lssock_audit_services", "gauge", "Services that were judged."
	};

	metrics_number(m, &complete, lssock_report_complete(r));
	put_findings(m, r);
	metrics_number(m, &services, r->services.n);
	metrics_number(m, &unjudged, r->unjudged.n);
}

int lssock_metrics_sheet(struct lssock_snap *s, const struct lssock_report *r,
			 struct lssock_sheet **ret)
{
	const uint32_t none = 0;
	bool all = !r || (r->all && r->query->flags & LSSOCK_Q_METRICS);
	struct metrics m;
	int e = all ? metrics_begin(&m, s, NULL, 0) :
		      metrics_begin(&m, s, r->rows.n ? r->rows.v : &none, r->rows.n);

	if (e < 0)
		return e;
	if (r)
		put_report(&m, r);
	return metrics_end(&m, ret);
}
