/* SPDX-License-Identifier: MIT */
/*
 * lssock diff: two recordings, or one and what is now, by the same question. Both are
 * taken whole, as they were recorded, and filtered afterwards: what a filter keeps the
 * kernel from telling would look as if it were gone.
 */
#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "cli/cli.h"

struct side {
	struct cli_answer a;
	const char *file;		/* NULL: now */
};

struct diff {
	struct cli *c;
	struct side old, now;
	struct lssock_query *query;	/* what is compared */
	struct lssock_sheet *sheet;
	struct lssock_diff_info info;
};

/* ---- operands -------------------------------------------------------------------- */

/* OLD, then NEW unless it is left out before a --; what follows is a filter. */
static int take_operands(struct diff *d)
{
	struct cli *c = d->c;
	int files = c->search ? c->n_before : c->n_operands;

	if (files < 1) {
		say("diff needs a recording: lssock diff OLD [NEW [FILTER]]");
		return EXIT_USAGE;
	}
	files = files > 2 ? 2 : files;
	d->old.file = c->operands[0];
	if (files == 2 && strcmp(c->operands[1], "now"))
		d->now.file = c->operands[1];
	c->operands += files;
	c->n_operands -= files;
	return 0;
}

static int check_options(const struct cli *c)
{
	if (c->open.tape_in) {
		say("diff takes recordings as operands: lssock diff OLD [NEW]");
		return EXIT_USAGE;
	}
	if (c->pids || c->summary || c->wait || c->ask.group_by || c->columns.len ||
	    c->ask.limit || c->explain || c->interval_us || c->rounds) {
		say("diff has its own columns: no --pids, -s, --wait, --columns, --group-by, "
		    "--limit, --explain, --interval or --rounds");
		return EXIT_USAGE;
	}
	return 0;
}

/* ---- two answers ----------------------------------------------------------------- */

/* Everything that a recording may hold. */
static struct lssock_question whole_question(const struct cli *c)
{
	return (struct lssock_question){
		.size = sizeof(struct lssock_question), .protos = LSSOCK_PROTOS_ALL,
		.flags = LSSOCK_Q_FULLEST | LSSOCK_Q_ALL | LSSOCK_Q_EXTENDED |
			 LSSOCK_Q_INFO | LSSOCK_Q_MEMORY | LSSOCK_Q_TIMERS |
			 (c->ask.flags & LSSOCK_Q_NO_OWNERS),
		.netns = c->ask.netns, .layout = LSSOCK_LAYOUT_RECORD,
	};
}

static int no_answer(const struct side *s, int code, const struct lssock_err *err)
{
	struct buf b = { 0 };

	if (s->file && code != -ENOMEM && !err->msg[0])
		say("%s: %s", safe(&b, s->file), strerror(-code));
	else
		say("%s", err->msg[0] ? err->msg : strerror(-code));
	buf_release(&b);
	return code == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
}

/* Later rounds of a series rely on the owners of those before. */
static int take_round(struct side *s, struct lssock_err *err)
{
	struct lssock_snap *next;
	int r = lssock_refresh(s->a.ctx, s->a.query, s->a.snap, &next, err);

	if (r < 0)
		return r;
	lssock_snap_free(s->a.snap);
	s->a.snap = next;
	return 0;
}

/* Of a series, the first round of OLD and the last of NEW. */
static int take(struct diff *d, struct side *s, bool last)
{
	struct lssock_question ask = whole_question(d->c);
	struct lssock_err err = { .pos = -1 };
	struct cli c = { .open = d->c->open };
	int r;

	c.open.tape_in = s->file;
	r = answer_open(&c, &s->a);
	if (r)
		return r;
	r = lssock_query_new(&ask, &s->a.query, &err);
	if (r == 0)
		r = lssock_take(s->a.ctx, s->a.query, &s->a.snap, &err);
	while (r == 0 && last && s->file && lssock_next_round(s->a.ctx) > 0)
		r = take_round(s, &err);
	if (r == 0)
		r = lssock_view_new(s->a.snap, d->query, &s->a.view, &err);
	return r < 0 ? no_answer(s, r, &err) : 0;
}

static int make_query(struct diff *d)
{
	struct cli *c = d->c;
	struct lssock_err err = { .pos = -1 };
	bool table = !c->format || !strcmp(c->format, "table");
	int r;

	args_filter(c);
	c->ask.netns = c->ask.netns ? c->ask.netns : "all";
	c->ask.width = c->tty && table && !c->wide ? c->width : 0;
	c->ask.layout = table ? LSSOCK_LAYOUT_TABLE : LSSOCK_LAYOUT_RECORD;
	r = lssock_query_new(&c->ask, &d->query, &err);
	if (r == 0)
		return 0;
	say_filter(c->ask.filter, &err);
	return r == -ENOMEM ? EXIT_FAILED : EXIT_USAGE;
}

/* ---- what is said ---------------------------------------------------------------- */

/* "3 gone, 5 new, 2 changed of 120 sockets; 4m10s apart." */
static int put_counts(const struct diff *d)
{
	const struct lssock_diff_info *i = &d->info;
	uint32_t all = i->gone + i->fresh + i->changed + i->same;
	struct buf b = { 0 };
	int r;

	buf_putc(&b, '\n');
	buf_u64(&b, i->gone);
	buf_puts(&b, " gone, ");
	buf_u64(&b, i->fresh);
	buf_puts(&b, " new, ");
	buf_u64(&b, i->changed);
	buf_puts(&b, " changed of ");
	buf_u64(&b, all);
	buf_puts(&b, all == 1 ? " socket; " : " sockets; ");
	num_put_duration(&b, (uint64_t)(i->apart_us < 0 ? -i->apart_us : i->apart_us));
	buf_puts(&b, i->apart_us < 0 ? " apart, backwards" : " apart");
	buf_puts(&b, !i->same_host ? ", on two machines.\n" :
		 !i->same_boot ? ", booted in between.\n" : ".\n");
	r = put_buf(&b);
	buf_release(&b);
	return r;
}

static void say_doubts(const struct diff *d)
{
	say_notes_of("OLD is ", d->old.a.snap);
	say_notes_of(d->now.file ? "NEW is " : "", d->now.a.snap);
	if (d->info.apart_us < 0)
		say("OLD is younger than %s: what is new was there before",
		    d->now.file ? "NEW" : "now");
	if (d->info.unjudged)
		say("%u socket%s could not be compared: the other side did not or could not "
		    "look there", d->info.unjudged, d->info.unjudged == 1 ? "" : "s");
}

static int tell(struct diff *d)
{
	struct cli *c = d->c;
	int r = 0;

	say_doubts(d);
	if (!c->quiet)
		r = answer_render(c, d->sheet);
	if (!r && !c->quiet && c->tty && !c->format)
		r = put_counts(d);
	if (c->stats)
		answer_stats(c, d->now.a.snap);
	return r;
}

static int exit_status(const struct diff *d)
{
	if (lssock_sheet_rows(d->sheet))
		return EXIT_NOTHING;
	if (d->info.unjudged)
		return EXIT_INCOMPLETE;
	if (d->c->strict && !(lssock_snap_meta(d->old.a.snap)->complete &&
			      lssock_snap_meta(d->now.a.snap)->complete))
		return EXIT_INCOMPLETE;
	return EXIT_DONE;
}

int cmd_diff(struct cli *c)
{
	struct diff d = { .c = c };
	int r = check_options(c);

	if (!r)
		r = take_operands(&d);
	if (!r)
		r = make_query(&d);
	if (!r)
		r = take(&d, &d.old, false);
	if (!r)
		r = take(&d, &d.now, true);
	if (!r && lssock_diff_sheet(d.old.a.view, d.now.a.view, &d.sheet) < 0) {
		say("out of memory");
		r = EXIT_FAILED;
	}
	if (!r)
		r = lssock_diff_info(d.sheet, &d.info) < 0 ? EXIT_FAILED : tell(&d);
	if (!r)
		r = exit_status(&d);
	lssock_sheet_free(d.sheet);
	answer_release(&d.old.a);
	answer_release(&d.now.a);
	lssock_query_free(d.query);
	return r;
}
