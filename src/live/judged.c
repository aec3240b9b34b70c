/* SPDX-License-Identifier: MIT */
/* What an audit said of what listens, for the tab that shows it: marks, a line of the
 * header, a part of the pane. The audit looks at a snapshot of its own, so a finding is
 * about a socket by what that is, not by its row. */
#include <stdio.h>
#include <string.h>

#include "live/details.h"
#include "live/ui.h"

static void keep_worst(struct judged *j, uint32_t row, uint8_t severity)
{
	struct row_id id = row_id(lssock_report_snap(j->report), row);
	uint32_t *slot = index_put(&j->worst, row_key(id));

	if (slot && (*slot == INDEX_NONE || *slot < severity))
		*slot = severity;
}

static void add_finding(struct judged *j, const struct lssock_finding *f)
{
	const struct lssock_service *services = lssock_services(j->report, NULL);
	const uint32_t *rows = lssock_report_rows(j->report, NULL);
	uint32_t i;

	if (!strcmp(f->code, "baseline-added"))
		j->added++;
	else if (!strcmp(f->code, "baseline-removed"))
		j->removed++;
	else if (!strcmp(f->code, "baseline-changed"))
		j->changed++;
	else
		j->counts[f->severity < LSSOCK_N_SEVERITY ? f->severity : 0]++;
	if (f->row != LSSOCK_NONE)
		keep_worst(j, f->row, f->severity);
	else if (f->service != LSSOCK_NONE)
		for (i = 0; i < services[f->service].n; i++)
			keep_worst(j, rows[services[f->service].first + i], f->severity);
}

void ui_judge(struct ui *ui, struct lssock_report *report)
{
	struct judged *j = &ui->judged;
	uint32_t i;

	lssock_report_free(j->report);
	index_release(&j->worst);
	*j = (struct judged){ .report = report };
	for (i = 0; report && i < lssock_findings(report); i++)
		add_finding(j, lssock_finding(report, i));
}

static bool is_bad(const struct ui *ui, uint32_t row)
{
	uint32_t worst = index_get(&ui->judged.worst, row_key(row_id(ui->snap, row)));

	return worst != INDEX_NONE && worst >= LSSOCK_MEDIUM;
}

bool ui_is_judged_bad(const struct ui *ui, const struct item *i)
{
	const struct rollup *g = i->kind == ITEM_SERVICE ? &ui->groups.v[i->group] : NULL;
	uint32_t n;

	if (ui->tab != TAB_LISTEN || !ui->judged.report)
		return false;
	for (n = 0; g && n < g->n; n++)
		if (is_bad(ui, ui->members.v[g->first + n]))
			return true;
	return !g && is_bad(ui, i->row);
}

/* ---- the header ---------------------------------------------------------------------- */

void judged_text(const struct ui *ui, struct buf *b)
{
	const struct judged *j = &ui->judged;
	const char *comma = "  audit: ";
	uint32_t i;

	if (!ui->judges)
		return;
	if (!j->report) {
		buf_puts(b, "  audit: ...");
		return;
	}
	for (i = LSSOCK_N_SEVERITY; i-- > 0;) {
		if (!j->counts[i])
			continue;
		buf_printf(b, "%s%u %s", comma, j->counts[i],
			   lssock_severity_name((enum lssock_severity)i));
		comma = ", ";
	}
	if (comma[0] != ',')
		buf_puts(b, "  audit: nothing found");
	if (!lssock_report_complete(j->report))
		buf_puts(b, " (incomplete)");
	if (ui->has_baseline)
		buf_printf(b, "  baseline: +%u -%u ~%u", j->added, j->removed, j->changed);
}

/* ---- the pane ------------------------------------------------------------------------ */

static bool is_about(const struct lssock_report *r, const struct lssock_finding *f,
		     struct row_id id)
{
	const struct lssock_snap *s = lssock_report_snap(r);
	const uint32_t *rows = lssock_report_rows(r, NULL);
	const struct lssock_service *service;
	uint32_t i;

	if (f->service == LSSOCK_NONE)
		return f->row != LSSOCK_NONE && same_id(row_id(s, f->row), id);
	service = &lssock_services(r, NULL)[f->service];
	for (i = 0; i < service->n; i++)
		if (same_id(row_id(s, rows[service->first + i]), id))
			return true;
	return false;
}

void details_findings(struct details *d, const char *label)
{
	const struct lssock_report *r = d->p->report;
	struct row_id id = row_id(d->p->snap, d->p->row);
	const struct lssock_finding *f;
	char text[1024];
	uint32_t i, n = 0;

	for (i = 0; r && i < lssock_findings(r); i++) {
		f = lssock_finding(r, i);
		if (!is_about(r, f, id))
			continue;
		lssock_finding_text(r, i, text, sizeof(text));
		if (!label && !n++)
			flow_head(d->f, "AUDIT");
		details_line(d, label ? label : "");
		details_say(d, lssock_severity_name((enum lssock_severity)f->severity));
		details_say(d, " ");
		details_say(d, f->code);
		details_say(d, ": ");
		details_say(d, text);
		if (f->fix && d->full) {
			details_say(d, ". ");
			details_say(d, f->fix);
		}
		details_words(d);
		label = label ? "" : NULL;
	}
}
