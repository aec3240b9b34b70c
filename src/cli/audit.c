/* SPDX-License-Identifier: MIT */
/*
 * lssock audit: reads the policy or the baseline, asks, has what listens judged, says
 * what was found and what could not be judged. For people it is told here, programs
 * get the sheets.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "base/text.h"
#include "cli/cli.h"

#define TEXT_MAX_BYTES (16u << 20)	/* of a policy or a baseline */

struct audit {
	struct cli *c;
	struct cli_answer a;
	struct lssock_audit *audit;
	struct lssock_report *report;
	bool judges;			/* not only --policy-init or --save */
	int fail_on;			/* enum lssock_severity */
};

/* ---- what is to judge ---------------------------------------------------------------- */

static int read_text(const char *path, struct buf *ret)
{
	struct buf b = { 0 };
	int r = io_read_at(AT_FDCWD, path, ret, TEXT_MAX_BYTES);

	if (r >= 0)
		return 0;
	say("%s: %s", safe(&b, path), strerror(-r));
	buf_release(&b);
	return EXIT_USAGE;
}

static void on_fault(void *file, const struct lssock_fault *f)
{
	say_fault(file, f);
}

int audit_make(const struct cli *c, bool checks, struct lssock_audit **ret)
{
	const struct cli_audit *o = &c->audit;
	struct lssock_audit_options opt = {
		.size = sizeof(opt), .disable = o->disable, .fault = on_fault, .checks = checks,
		.ctx = (char *)(uintptr_t)(o->policy ? o->policy : o->baseline),
	};
	struct buf policy = { 0 }, baseline = { 0 };
	struct lssock_err err = { .pos = -1 };
	int r = o->policy ? read_text(o->policy, &policy) : 0;

	if (r == 0 && o->baseline)
		r = read_text(o->baseline, &baseline);
	if (r == 0) {
		opt.policy = o->policy ? buf_cstr(&policy) : NULL;
		opt.policy_len = policy.len;
		opt.baseline = o->baseline ? buf_cstr(&baseline) : NULL;
		opt.baseline_len = baseline.len;
		r = lssock_audit_new(&opt, ret, &err);
		if (r < 0)
			say("%s", err.msg[0] ? err.msg : strerror(-r));
		r = r == 0 ? 0 : r == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
	}
	buf_release(&policy);
	buf_release(&baseline);
	return r;
}

/* The audit's own options, before anything is asked. */
static int check_options(struct audit *u)
{
	const struct cli *c = u->c;
	struct buf b = { 0 };

	u->judges = (!c->audit.save && !c->audit.policy_init) || c->audit.policy ||
		    c->audit.baseline;
	u->fail_on = LSSOCK_LOW;
	if (c->audit.fail_on)
		u->fail_on = lssock_severity_find(c->audit.fail_on);
	if (u->fail_on < 0) {
		say("--fail-on: `%s' is not info, low, medium or high",
		    safe(&b, c->audit.fail_on));
		buf_release(&b);
		return EXIT_USAGE;
	}
	if (c->pids || c->summary || c->wait || c->ask.group_by || c->columns.len ||
	    c->ask.sort || c->ask.limit) {
		say("an audit has its own columns and order: no --pids, -s, --wait, --columns, "
		    "--sort, --group-by or --limit");
		return EXIT_USAGE;
	}
	if (c->ask.flags & (LSSOCK_Q_NO_OWNERS | LSSOCK_Q_ALL | LSSOCK_Q_BOUND_ONLY)) {
		say("an audit looks at everything that listens, and at who holds it: no "
		    "--no-owners, -a or -B");
		return EXIT_USAGE;
	}
	return 0;
}

static int take(struct audit *u)
{
	struct lssock_err err = { .pos = -1 };
	int r = audit_make(u->c, u->c->audit.list_checks, &u->audit);

	if (r)
		return r;
	args_filter(u->c);
	if (!u->c->ask.netns)
		u->c->ask.netns = "all";
	if (u->c->format && !strcmp(u->c->format, "openmetrics"))
		u->c->ask.flags |= LSSOCK_Q_METRICS;
	if (u->c->format)
		u->c->ask.layout = LSSOCK_LAYOUT_RECORD;
	u->c->ask.width = u->c->tty && !u->c->wide ? u->c->width : 0;
	r = lssock_audit_query(u->audit, &u->c->ask, &u->a.query, &err);
	if (r < 0) {
		say_filter(u->c->ask.filter, &err);
		return r == -ENOMEM ? EXIT_FAILED : EXIT_USAGE;
	}
	if (u->c->explain)
		return 0;
	r = answer_take(u->c, &u->a);
	if (r)
		return r;
	r = lssock_audit_run(u->audit, u->a.snap, u->a.query, &u->report, &err);
	if (r < 0)
		say("%s", err.msg[0] ? err.msg : strerror(-r));
	return r < 0 ? EXIT_FAILED : 0;
}

/* ---- for people ------------------------------------------------------------------------ */

/* One paragraph, indented, at blanks where the terminal ends. */
static void put_wrapped(const struct audit *u, struct buf *b, unsigned indent, const char *text)
{
	size_t room = u->c->tty && !u->c->wide && u->c->width > indent + 20 ?
		      u->c->width - indent : SIZE_MAX, width, n, len = strlen(text);

	while (len) {
		n = text_cut(text, len, room, &width);
		if (n < len)
			while (n && text[n] != ' ')
				n--;
		if (!n)
			n = strcspn(text, " ");
		buf_fill(b, ' ', indent);
		buf_put(b, text, n);
		buf_putc(b, '\n');
		text += n;
		len -= n;
		while (len && *text == ' ') {
			text++;
			len--;
		}
	}
}

static void put_color(const struct audit *u, struct buf *b, const char *sequence)
{
	if (u->c->use_color)
		buf_puts(b, sequence);
}

static void put_heading(const struct audit *u, const struct lssock_finding *f, struct buf *b)
{
	static const char *const colors[] = { "\033[1m", "\033[1;36m", "\033[1;33m",
					      "\033[1;31m" };
	const char *name = lssock_severity_name((enum lssock_severity)f->severity);
	char upper[16];
	size_t i;

	for (i = 0; name[i] && i + 1 < sizeof(upper); i++)
		upper[i] = (char)(name[i] - 'a' + 'A');
	upper[i] = '\0';
	buf_putc(b, '\n');
	put_color(u, b, colors[f->severity & 3]);
	buf_puts(b, upper);
	put_color(u, b, "\033[0m");
	buf_putc(b, ' ');
	buf_puts(b, f->code);
	buf_putc(b, '\n');
	if (f->why)
		put_wrapped(u, b, 2, f->why);
	if (f->fix)
		put_wrapped(u, b, 2, f->fix);
}

static void put_findings(const struct audit *u, struct buf *b)
{
	const struct lssock_finding *f, *last = NULL;
	char about[512], text[2048], line[2600];
	uint32_t i;

	for (i = 0; i < lssock_findings(u->report); i++, last = f) {
		f = lssock_finding(u->report, i);
		if (!last || last->severity != f->severity || strcmp(last->code, f->code))
			put_heading(u, f, b);
		lssock_finding_about(u->report, i, about, sizeof(about));
		lssock_finding_text(u->report, i, text, sizeof(text));
		snprintf(line, sizeof(line), "%s: %s", about, text);
		put_wrapped(u, b, 4, line);
	}
}

static void put_unjudged(const struct audit *u, struct buf *b)
{
	uint32_t i, n = lssock_unjudged(u->report);
	char text[2048];

	if (n) {
		buf_putc(b, '\n');
		put_color(u, b, "\033[1m");
		buf_puts(b, "NOT JUDGED");
		put_color(u, b, "\033[0m");
		buf_putc(b, '\n');
	}
	for (i = 0; i < n; i++) {
		lssock_unjudged_text(u->report, i, text, sizeof(text));
		put_wrapped(u, b, 4, text);
	}
}

static void put_counts(const struct audit *u, struct buf *b)
{
	uint32_t counts[LSSOCK_N_SEVERITY] = { 0 }, i, n = lssock_findings(u->report), services;
	const char *comma = ": ";

	lssock_services(u->report, &services);
	for (i = 0; i < n; i++)
		counts[lssock_finding(u->report, i)->severity]++;
	buf_putc(b, '\n');
	buf_u64(b, services);
	buf_puts(b, services == 1 ? " service, " : " services, ");
	buf_u64(b, n);
	buf_puts(b, n == 1 ? " finding" : " findings");
	for (i = LSSOCK_N_SEVERITY; i-- > 0; ) {
		if (!counts[i])
			continue;
		buf_puts(b, comma);
		buf_u64(b, counts[i]);
		buf_putc(b, ' ');
		buf_puts(b, lssock_severity_name((enum lssock_severity)i));
		comma = ", ";
	}
	if (lssock_unjudged(u->report)) {
		buf_puts(b, "; ");
		buf_u64(b, lssock_unjudged(u->report));
		buf_puts(b, " could not be judged");
	}
	buf_puts(b, lssock_report_complete(u->report) ? ".\n" : "; incomplete.\n");
}

static int tell(struct audit *u)
{
	struct lssock_sheet *sheet = NULL;
	struct buf b = { 0 };
	int r = lssock_services_sheet(u->report, &sheet);

	r = answer_sheet(u->c, r, sheet);
	put_findings(u, &b);
	put_unjudged(u, &b);
	put_counts(u, &b);
	if (!r)
		r = put_buf(&b);
	buf_release(&b);
	return r;
}

/* ---- what is asked for ------------------------------------------------------------------ */

static int render(struct audit *u)
{
	struct lssock_sheet *sheet = NULL;
	int r;

	if (!u->c->format || !strcmp(u->c->format, "table"))
		return tell(u);
	r = !strcmp(u->c->format, "openmetrics") ?
		lssock_metrics_sheet(u->a.snap, u->report, &sheet) :
		lssock_findings_sheet(u->report, &sheet);
	return answer_sheet(u->c, r, sheet);
}

static int into_buf(void *ctx, const void *bytes, size_t len)
{
	struct buf *b = ctx;

	buf_put(b, bytes, len);
	return b->failed ? -ENOMEM : 0;
}

static int save(struct audit *u)
{
	struct buf b = { 0 }, name = { 0 };
	int r = lssock_baseline_write(u->report, into_buf, &b);

	if (r == 0)
		r = io_replace(u->c->audit.save, b.data, b.len, 0666);
	if (r < 0)
		say("%s: %s", safe(&name, u->c->audit.save), strerror(-r));
	buf_release(&b);
	buf_release(&name);
	return r < 0 ? EXIT_FAILED : 0;
}

static int exit_status(const struct audit *u)
{
	uint32_t i;

	for (i = 0; u->judges && i < lssock_findings(u->report); i++)
		if (lssock_finding(u->report, i)->severity >= u->fail_on)
			return EXIT_NOTHING;
	if (lssock_report_complete(u->report) || u->c->audit.allow_partial)
		return 0;
	return EXIT_INCOMPLETE;
}

static int answer(struct audit *u)
{
	int r = 0;

	if (u->c->audit.save)
		r = save(u);
	if (!r && u->c->audit.policy_init)
		r = lssock_policy_write(u->report, put_write, NULL) < 0 ? EXIT_FAILED : 0;
	else if (!r && u->judges && !u->c->quiet)
		r = render(u);
	say_notes(u->a.snap);
	if (u->c->stats)
		answer_stats(u->c, u->a.snap);
	return r ? r : exit_status(u);
}

static int list_checks(struct cli *c)
{
	struct lssock_sheet *sheet = NULL;
	int r = lssock_checks_sheet(&sheet);

	return answer_sheet(c, r, sheet);
}

int cmd_audit(struct cli *c)
{
	struct audit u = { .c = c };
	int r = check_options(&u);

	if (!r && c->audit.list_checks && !c->audit.policy && !c->audit.baseline)
		return list_checks(c);
	if (!r)
		r = take(&u);
	if (!r && c->explain)
		r = lssock_query_explain(u.a.query, put_write, NULL) < 0 ? EXIT_FAILED : 0;
	else if (!r)
		r = answer(&u);
	lssock_report_free(u.report);
	answer_release(&u.a);
	lssock_audit_free(u.audit);
	return r;
}
