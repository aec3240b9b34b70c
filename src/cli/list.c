/* SPDX-License-Identifier: MIT */
/* The list and its kin: -s, -q, --pids, --wait, `netns`. And the steps that all
 * commands share: open, ask, take, view, render. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/io.h"
#include "cli/cli.h"

/* ---- shared steps --------------------------------------------------------------- */

int answer_open(struct cli *c, struct cli_answer *a)
{
	struct lssock_err err = { .pos = -1 };
	int r = lssock_open(&c->open, &a->ctx, &err);

	if (r == 0)
		return 0;
	say("%s", err.msg[0] ? err.msg : strerror(-r));
	/* A file to be read that is not there is a slip of the user's. */
	if (c->open.tape_out)
		return EXIT_FAILED;
	return r == -ENOENT || r == -EACCES || r == -EISDIR ? EXIT_USAGE : EXIT_FAILED;
}

int answer_query(struct cli *c, struct cli_answer *a)
{
	struct lssock_err err = { .pos = -1 };
	int r;

	args_filter(c);
	r = lssock_query_new(&c->ask, &a->query, &err);
	if (r == 0)
		return 0;
	if (r == -ENOMEM) {
		say("out of memory");
		return EXIT_FAILED;
	}
	say_filter(c->ask.filter, &err);
	return EXIT_USAGE;
}

int answer_prepare(struct cli *c, struct cli_answer *a)
{
	int r = a->query ? 0 : answer_query(c, a);

	return r || a->ctx ? r : answer_open(c, a);
}

int answer_take(struct cli *c, struct cli_answer *a)
{
	struct lssock_err err = { .pos = -1 };
	int r = answer_prepare(c, a);

	if (r)
		return r;
	r = lssock_take(a->ctx, a->query, &a->snap, &err);
	if (r == 0)
		return 0;
	say("%s", err.msg[0] ? err.msg : strerror(-r));
	return r == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
}

int answer_view(struct cli *c, struct cli_answer *a)
{
	struct lssock_err err = { .pos = -1 };
	uint64_t began = io_now_ns();
	int r;

	lssock_view_free(a->view);
	a->view = NULL;
	r = lssock_view_new(a->snap, a->query, &a->view, &err);
	c->sort_us = (io_now_ns() - began) / 1000;
	if (r < 0)
		say("%s", err.msg[0] ? err.msg : strerror(-r));
	return r < 0 ? EXIT_FAILED : 0;
}

void answer_release(struct cli_answer *a)
{
	lssock_view_free(a->view);
	lssock_snap_free(a->snap);
	lssock_query_free(a->query);
	lssock_close(a->ctx);
}

int answer_render(struct cli *c, const struct lssock_sheet *sheet)
{
	struct lssock_render r = {
		.size = sizeof(r), .format = c->format ? c->format : "table",
		.width = c->tty ? c->width : 0, .color = c->use_color,
		.no_header = c->no_header, .wide = c->wide, .utf8 = c->utf8,
		.write = put_write, .threads = c->open.threads,
	};
	int e = lssock_render(sheet, &r);

	if (e == -ENOTSUP) {
		say("--format %s does not fit this list", r.format);
		return EXIT_USAGE;
	}
	if (e < 0 && !put_error())
		say("%s", strerror(-e));
	return e < 0 ? EXIT_FAILED : 0;
}

int answer_sheet(struct cli *c, int made, struct lssock_sheet *sheet)
{
	int r;

	if (made < 0) {
		say("%s", strerror(-made));
		return EXIT_FAILED;
	}
	r = answer_render(c, sheet);
	lssock_sheet_free(sheet);
	return r;
}

/* ---- the list -------------------------------------------------------------------- */

static int compare_pids(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

/* Owners' pids, each once, in order (lsof -t). */
static int put_pids(struct cli_answer *a)
{
	const struct lssock_sock *socks = lssock_socks(a->snap, NULL);
	const struct lssock_owner *owners = lssock_owners(a->snap, NULL);
	const struct lssock_proc *procs = lssock_procs(a->snap, NULL);
	struct { int32_t *v; uint32_t n, cap; } pids = { 0 };
	struct buf b = { 0 };
	uint32_t n, i, o;
	const uint32_t *rows = lssock_view_rows(a->view, &n);

	for (i = 0; i < n; i++)
		for (o = socks[rows[i]].owner; o; o = owners[o].next) {
			int32_t *place;

			if (owners[o].how != LSSOCK_HOW_FD ||
			    !lssock_view_owner_matched(a->view, rows[i], o))
				continue;
			place = vec_push(&pids);
			if (place)
				*place = procs[owners[o].proc].pid;
		}
	if (pids.n)
		qsort(pids.v, pids.n, sizeof(*pids.v), compare_pids);
	for (i = 0; i < pids.n; i++) {
		if (i && pids.v[i] == pids.v[i - 1])
			continue;
		buf_i64(&b, pids.v[i]);
		buf_putc(&b, '\n');
	}
	vec_release(&pids);
	n = (uint32_t)put_buf(&b);
	buf_release(&b);
	return (int)n;
}

static void put_count(struct buf *b, uint32_t n, const char *what, const char **comma)
{
	if (!n)
		return;
	buf_puts(b, *comma);
	buf_u64(b, n);
	buf_putc(b, ' ');
	buf_puts(b, what);
	*comma = ", ";
}

static void put_shown(struct buf *b, const uint32_t *counts, uint32_t n)
{
	static const struct { uint8_t state; const char *what; } table[] = {
		{ LSSOCK_LISTEN, "listening" }, { LSSOCK_ESTABLISHED, "established" },
		{ LSSOCK_UNCONNECTED, "unconnected" }, { LSSOCK_CLOSE_WAIT, "close-wait" },
	};
	const char *comma = "";
	uint32_t others = n;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		put_count(b, counts[table[i].state], table[i].what, &comma);
		others -= counts[table[i].state];
	}
	put_count(b, others, n != others ? others == 1 ? "other" : "others" :
		  n == 1 ? "socket" : "sockets", &comma);
	buf_puts(b, n ? " shown." : "No socket matches.");
	buf_putc(b, '\n');
}

static uint32_t count_time_wait(const struct lssock_snap *s)
{
	uint32_t n, i, sum = 0;
	const struct lssock_ns *ns = lssock_namespaces(s, &n);

	for (i = 0; i < n; i++)
		if ((ns[i].flags & LSSOCK_NS_ASKED) && ns[i].time_wait != LSSOCK_NONE)
			sum += ns[i].time_wait;
	return sum;
}

/* One sentence more of the line that began at `line`. */
static void next_sentence(struct buf *b, size_t line)
{
	if (b->len > line)
		buf_putc(b, ' ');
}

static void put_hidden(struct buf *b, const struct cli *c, const struct lssock_snap *s,
		       const uint32_t *counts, uint32_t unknown)
{
	const struct lssock_meta *m = lssock_snap_meta(s);
	uint32_t waiting = count_time_wait(s);
	size_t line = b->len;

	if (!(c->ask.flags & (LSSOCK_Q_ALL | LSSOCK_Q_LISTEN | LSSOCK_Q_BOUND_ONLY)) &&
	    waiting && !counts[LSSOCK_TIME_WAIT]) {
		buf_puts(b, "Hidden: ");
		buf_u64(b, waiting);
		buf_puts(b, " time-wait (-a).");
	}
	if (!c->ask.netns && m->n_ns > 1) {
		next_sentence(b, line);
		buf_u64(b, m->n_ns - 1);
		buf_puts(b, m->n_ns == 2 ? " other network namespace (-N all)." :
			    " other network namespaces (-N all).");
	}
	if (unknown) {
		next_sentence(b, line);
		buf_puts(b, "Owner unknown for ");
		buf_u64(b, unknown);
		buf_puts(b, m->self_uid ? ": try sudo." : ".");
	}
	if (b->len > line)
		buf_putc(b, '\n');
}

/* Two lines below the table on a terminal: what is shown, what is hidden. */
static int put_footer(struct cli *c, struct cli_answer *a)
{
	const struct lssock_sock *socks = lssock_socks(a->snap, NULL);
	uint32_t counts[LSSOCK_N_STATE] = { 0 }, unknown = 0, n, i;
	const uint32_t *rows = lssock_view_rows(a->view, &n);
	struct buf b = { 0 };
	int r;

	for (i = 0; i < n; i++) {
		const struct lssock_sock *k = &socks[rows[i]];

		if (k->state < LSSOCK_N_STATE)
			counts[k->state]++;
		unknown += k->why == LSSOCK_WHY_NO_PERMISSION;
	}
	buf_putc(&b, '\n');
	put_shown(&b, counts, n);
	put_hidden(&b, c, a->snap, counts, unknown);
	r = put_buf(&b);
	buf_release(&b);
	return r;
}

bool answer_lacks_rows(const struct lssock_snap *s)
{
	const uint32_t lost = 1u << LSSOCK_NOTE_UNLISTABLE | 1u << LSSOCK_NOTE_FALLBACK |
		1u << LSSOCK_NOTE_FORGEABLE | 1u << LSSOCK_NOTE_DUMP_FAILED |
		1u << LSSOCK_NOTE_BAD_MESSAGE |
		1u << LSSOCK_NOTE_NETNS_REFUSED | 1u << LSSOCK_NOTE_NOT_RECORDED;
	uint32_t n, i;
	const struct lssock_note *notes = lssock_notes(s, &n);

	for (i = 0; i < n; i++)
		if (lssock_note_incomplete(&notes[i]) && lost & 1u << notes[i].kind)
			return true;
	return false;
}

int answer_nothing(struct cli *c, struct cli_answer *a)
{
	uint32_t unknown = lssock_view_unknown(a->view);

	if (!c->ask.filter)
		return EXIT_DONE;
	if (!unknown)
		return answer_lacks_rows(a->snap) ? EXIT_INCOMPLETE : EXIT_NOTHING;
	say("%u socket%s could not be judged: what the filter asks about could not be read",
	    unknown, unknown == 1 ? "" : "s");
	return EXIT_INCOMPLETE;
}

static int list_status(struct cli *c, struct cli_answer *a)
{
	uint32_t n;
	int r = EXIT_DONE;

	lssock_view_rows(a->view, &n);
	if (n == 0)
		r = answer_nothing(c, a);
	if (r == EXIT_DONE && c->strict && !lssock_snap_meta(a->snap)->complete)
		r = EXIT_INCOMPLETE;
	return r;
}

static bool is_metrics(const struct cli *c)
{
	return c->format && !strcmp(c->format, "openmetrics");
}

static int list_show(struct cli *c, struct cli_answer *a)
{
	struct lssock_sheet *sheet = NULL;
	int r;

	if (c->quiet)
		return 0;
	if (c->pids)
		return put_pids(a);
	r = is_metrics(c) ? lssock_view_metrics_sheet(a->view, &sheet) :
	    c->summary ? lssock_summary_sheet(a->snap, &sheet) :
	    lssock_view_sheet(a->view, &sheet);
	r = answer_sheet(c, r, sheet);
	if (!r && c->tty && !c->format && !c->summary && !c->ask.group_by)
		r = put_footer(c, a);
	return r;
}

/* Takes and selects; with --wait again and again until something matches. */
static int list_take(struct cli *c, struct cli_answer *a)
{
	uint64_t until = io_now_ns() + c->wait_us * 1000;
	int pause_ms = 20, r;
	uint32_t n;

	for (;;) {
		r = answer_take(c, a);
		if (r)
			return r;
		r = answer_view(c, a);
		if (r)
			return r;
		lssock_view_rows(a->view, &n);
		if (n || !c->wait || (!c->wait_forever && io_now_ns() >= until))
			return 0;
		lssock_view_free(a->view);
		lssock_snap_free(a->snap);
		a->view = NULL;
		a->snap = NULL;
		poll(NULL, 0, pause_ms);
		pause_ms = pause_ms < 500 ? pause_ms * 2 : 500;
	}
}

static int list_explain(struct cli *c, struct cli_answer *a)
{
	int r = answer_query(c, a);

	if (r)
		return r;
	return lssock_query_explain(a->query, put_write, NULL) < 0 ? EXIT_FAILED : 0;
}

static void list_question(struct cli *c)
{
	bool table = !c->format || !strcmp(c->format, "table");

	c->ask.layout = table ? LSSOCK_LAYOUT_TABLE : LSSOCK_LAYOUT_RECORD;
	c->ask.width = c->tty && table ? c->width : 0;
	if (c->format && !strcmp(c->format, "dot"))
		c->ask.flags |= LSSOCK_Q_MAP;
	if (c->ask.flags & LSSOCK_Q_RESOLVE)
		c->ask.flags |= LSSOCK_Q_NAMES;
	if (c->ask.flags & LSSOCK_Q_RESOLVE && c->pids && !c->columns.len)
		buf_puts(&c->columns, "pid");	/* no ends are shown, so none are named */
	if (is_metrics(c))
		c->ask.flags |= LSSOCK_Q_METRICS | LSSOCK_Q_UNSORTED;
	if (c->tty && table && !c->quiet && !c->summary && !c->ask.group_by && !c->pids)
		c->ask.flags |= LSSOCK_Q_FOOTER;
	/* --strict asks whether all could be seen, owners included. */
	if (c->quiet && !c->strict)
		c->ask.flags |= LSSOCK_Q_EXISTS;
}

/* Metrics are numbers of all that matches; what else would be left out of them is
 * refused rather than ignored. */
static bool list_fits(const struct cli *c)
{
	if (!is_metrics(c) || !(c->columns.len || c->ask.sort || c->ask.group_by ||
				c->ask.limit || c->pids))
		return true;
	say("--format openmetrics takes no --columns, --sort, --group-by, --limit or --pids");
	return false;
}

int cmd_list(struct cli *c)
{
	struct cli_answer a = { 0 };
	uint64_t began;
	int r, status;

	if (!list_fits(c))
		return EXIT_USAGE;
	list_question(c);
	if (c->explain) {
		r = list_explain(c, &a);
		answer_release(&a);
		return r;
	}
	r = list_take(c, &a);
	if (r == 0) {
		status = list_status(c, &a);
		say_notes(a.snap);
		began = io_now_ns();
		r = list_show(c, &a);
		c->print_us = (io_now_ns() - began) / 1000;
		if (r == 0)
			r = status;
		if (c->wait && status == EXIT_NOTHING)
			r = EXIT_NOTHING;
		if (c->stats)
			answer_stats(c, a.snap);
	}
	answer_release(&a);
	return r;
}

/* ---- netns ------------------------------------------------------------------------ */

int cmd_netns(struct cli *c)
{
	struct cli_answer a = { 0 };
	struct lssock_sheet *sheet = NULL;
	uint64_t began;
	int r;

	if (c->n_operands) {
		say("netns takes no filter");
		return EXIT_USAGE;
	}
	list_question(c);
	c->ask.flags |= LSSOCK_Q_NETNS_LIST;
	c->ask.netns = c->ask.netns ? c->ask.netns : "all";
	c->ask.columns = NULL;
	r = answer_take(c, &a);
	if (r == 0) {
		say_notes(a.snap);
		began = io_now_ns();
		r = lssock_netns_sheet(a.snap, &sheet) < 0 ? EXIT_FAILED : 0;
		if (r == 0 && !c->quiet)
			r = answer_render(c, sheet);
		c->print_us = (io_now_ns() - began) / 1000;
		if (c->stats)
			answer_stats(c, a.snap);
		if (r == 0 && c->strict && !lssock_snap_meta(a.snap)->complete)
			r = EXIT_INCOMPLETE;
		lssock_sheet_free(sheet);
	}
	answer_release(&a);
	return r;
}
