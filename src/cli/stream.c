/* SPDX-License-Identifier: MIT */
/*
 * Commands that go on until they are ended: `events`, a line per change, and
 * `watch --batch`, a list per round. Both are rounds of a watch; each line is out
 * before the next wait.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "cli/stream.h"

#define CLOSED_MAX 1000000	/* of one round: each is a line */

struct stream {
	struct cli *c;
	struct cli_answer a;
	struct lssock_watch *watch;
	struct line_fields fields;
	struct buf out, lines;
	VEC(uint32_t) rows;		/* that lines are made of */
	uint64_t interval_us;
	uint64_t next_ns;		/* when the next round begins (io_now_ns) */
	uint32_t round;
	int signals;			/* readable: somebody wants us to end */
	bool json, batch, live, over;
};

/* ---- lines of JSON ------------------------------------------------------ */

static int keep(void *ctx, const void *bytes, size_t len)
{
	struct buf *b = ctx;

	buf_put(b, bytes, len);
	return b->failed ? -ENOMEM : 0;
}

/* The rows of the view, an object and a line each, into s->lines. */
static int make_lines(struct stream *s, struct lssock_view *v)
{
	struct lssock_render r = { .size = sizeof(r), .format = "jsonl", .write = keep,
				   .wctx = &s->lines, .threads = s->c->open.threads };
	struct lssock_sheet *sheet;
	int e = lssock_view_sheet(v, &sheet);

	buf_reset(&s->lines);
	if (e == 0) {
		e = lssock_render(sheet, &r);
		lssock_sheet_free(sheet);
	}
	if (e < 0)
		say("%s", strerror(-e));
	return e < 0 ? EXIT_FAILED : 0;
}

/* The next of these lines behind a head that it goes on. */
static void put_line(struct stream *s, size_t *at)
{
	const char *p = s->lines.data + *at;
	const char *end = *at < s->lines.len ? memchr(p, '\n', s->lines.len - *at) : NULL;

	if (!end)
		return;
	buf_put(&s->out, p + 1, (size_t)(end - p));	/* without its brace */
	*at += (size_t)(end - p) + 1;
}

/* ---- events ------------------------------------------------------------- */

/* Events of rows that match, and losses, which concern everybody. */
struct picked { const struct lssock_event **v; uint32_t n, cap; };

static int pick(struct stream *s, const struct lssock_snap *snap,
		const struct lssock_view *view, struct picked *ret)
{
	uint32_t n, n_socks, n_rows, i;
	const struct lssock_event *e = lssock_events(snap, &n), **place;
	const uint32_t *rows = lssock_view_rows(view, &n_rows);
	uint32_t *row;
	struct buf shown = { 0 };
	int r = 0;

	lssock_socks(snap, &n_socks);
	buf_fill(&shown, 0, n_socks);
	for (i = 0; i < n_rows && !shown.failed; i++)
		shown.data[rows[i]] = 1;
	s->rows.n = 0;
	for (i = 0; i < n && r == 0; i++) {
		bool lost = e[i].kind == LSSOCK_EVENT_LOST;

		if (e[i].kind > LSSOCK_EVENT_LOST || shown.failed ||
		    (!lost && (e[i].row >= n_socks || !shown.data[e[i].row])))
			continue;
		place = vec_push(ret);
		row = lost || !place ? NULL : vec_push(&s->rows);
		if (place)
			*place = &e[i];
		if (row)
			*row = e[i].row;
		r = place && (row || lost) ? 0 : -ENOMEM;
	}
	if (shown.failed)
		r = -ENOMEM;
	buf_release(&shown);
	return r;
}

static int put_events(struct stream *s, const struct lssock_snap *snap,
		      const struct picked *events)
{
	struct line_at at = { .f = &s->fields, .s = snap, .with_ns = s->c->ask.netns != NULL,
			      .interval_us = s->live ? s->interval_us : 0 };
	const struct lssock_track *tracks = lssock_tracks(snap, NULL);
	static const struct lssock_track none;
	size_t line = 0;
	uint32_t i;

	for (i = 0; i < events->n; i++) {
		const struct lssock_event *e = events->v[i];

		at.row = e->row;
		at.track = tracks && e->kind != LSSOCK_EVENT_LOST ? &tracks[e->row] : &none;
		if (s->json)
			line_json(&s->out, &at, e);
		else
			line_put(&s->out, &at, e);
		if (s->json && e->kind != LSSOCK_EVENT_LOST)
			put_line(s, &line);
	}
	return put_buf(&s->out);
}

static int show_events(struct stream *s, struct lssock_snap *snap)
{
	struct picked events = { 0 };
	struct lssock_view *v;
	uint32_t n;
	int r;

	lssock_events(snap, &n);
	if (!n)
		return 0;
	r = lssock_view_new(snap, s->a.query, &v, NULL);
	if (r < 0) {
		say("%s", strerror(-r));
		return EXIT_FAILED;
	}
	r = pick(s, snap, v, &events);
	if (r == 0 && s->json)
		r = lssock_view_pick(v, s->rows.v, s->rows.n);
	if (r < 0)
		say("%s", strerror(-r));
	r = r < 0 ? EXIT_FAILED : s->json && s->rows.n ? make_lines(s, v) : 0;
	if (r == 0)
		r = put_events(s, snap, &events);
	vec_release(&events);
	lssock_view_free(v);
	return r;
}

/* ---- a list per round --------------------------------------------------- */

/* Each object with the time of its round: a line says all that is known of it. */
static int put_objects(struct stream *s, const char *time)
{
	size_t at = 0;

	while (at < s->lines.len) {
		size_t before = at;

		buf_printf(&s->out, "{\"time\":\"%s\",", time);
		put_line(s, &at);
		if (at == before)
			break;
	}
	return put_buf(&s->out);
}

static int put_block(struct stream *s, uint64_t now_ns, uint32_t n)
{
	struct lssock_sheet *sheet;
	int r;

	if (s->round > 1)
		buf_putc(&s->out, '\n');
	line_clock(&s->out, now_ns);
	buf_printf(&s->out, "  %u socket%s\n", n, n == 1 ? "" : "s");
	r = put_buf(&s->out);
	if (r == 0 && lssock_view_sheet(s->a.view, &sheet) < 0) {
		say("out of memory");
		r = EXIT_FAILED;
	} else if (r == 0) {
		r = answer_render(s->c, sheet);
		lssock_sheet_free(sheet);
	}
	return r;
}

static int show_list(struct stream *s, struct lssock_snap *snap)
{
	uint64_t now_ns = lssock_snap_meta(snap)->now_ns;
	struct buf time = { 0 };
	uint32_t n;
	int r;

	s->a.snap = snap;
	r = answer_view(s->c, &s->a);
	s->a.snap = NULL;
	if (r)
		return r;
	lssock_view_rows(s->a.view, &n);
	if (s->json) {
		num_put_time(&time, now_ns, true);
		r = make_lines(s, s->a.view);
		if (r == 0)
			r = put_objects(s, buf_cstr(&time));
		buf_release(&time);
	} else {
		r = put_block(s, now_ns, n);
	}
	lssock_view_free(s->a.view);
	s->a.view = NULL;
	return r;
}

/* ---- rounds ------------------------------------------------------------- */

static int show(struct stream *s, struct lssock_snap *snap)
{
	int r = s->c->quiet ? 0 : s->batch ? show_list(s, snap) : show_events(s, snap);

	lssock_snap_free(snap);
	return r;
}

/* What the first round found out about what there is to come. */
static void say_first(struct stream *s, const struct lssock_snap *snap)
{
	unsigned tells = lssock_watch_tells(s->watch);

	say_notes(snap);
	if (s->batch || !s->live)
		return;
	if (!(tells & 1))
		say("the kernel does not tell of closed sockets: what opens and closes within "
		    "a round is missed");
	else if (!(tells & 2))
		say("changes of state are seen once a round only, not as they happen (that "
		    "takes CAP_BPF and CAP_PERFMON)");
}

static int next_round(struct stream *s)
{
	struct lssock_err err = { .pos = -1 };
	struct lssock_snap *snap;
	int r = lssock_watch_next(s->watch, &snap, &err);

	if (r == -ENODATA && s->round && !s->live) {	/* the recording is at its end */
		s->over = true;
		return 0;
	}
	if (r < 0) {
		say("%s", err.msg[0] ? err.msg : strerror(-r));
		return r == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
	}
	if (!s->round++)
		say_first(s, snap);
	if (s->c->rounds && s->round >= s->c->rounds)
		s->over = true;
	return show(s, snap);
}

static int pending(struct stream *s)
{
	struct lssock_err err = { .pos = -1 };
	struct lssock_snap *snap;
	int r = lssock_watch_pending(s->watch, &snap, &err);

	if (r < 0) {
		say("%s", err.msg[0] ? err.msg : strerror(-r));
		return EXIT_FAILED;
	}
	return r ? show(s, snap) : 0;
}

/* Until the next round, an event, a signal, or nobody reads any more. */
static int wait_for_more(struct stream *s)
{
	uint64_t now = io_now_ns();
	uint64_t left = now < s->next_ns ? (s->next_ns - now) / 1000000 + 1 : 0;
	int ms = !s->live ? 0 : left < INT_MAX ? (int)left : INT_MAX;
	struct pollfd p[3] = {
		{ .fd = s->signals, .events = POLLIN },
		{ .fd = STDOUT_FILENO },	/* POLLERR: the pipe has no reader */
		{ .fd = s->batch || !s->live ? -1 : lssock_watch_fd(s->watch),
		  .events = POLLIN },
	};

	if (poll(p, 3, ms) < 0 && errno != EINTR) {
		say("%s", strerror(errno));
		return EXIT_FAILED;
	}
	if (p[0].revents || p[1].revents & (POLLERR | POLLNVAL))
		s->over = true;
	return !s->over && p[2].revents ? pending(s) : 0;
}

static int go_on(struct stream *s)
{
	int r = 0;

	s->next_ns = io_now_ns();
	while (r == 0 && !s->over) {
		if (!s->live || io_now_ns() >= s->next_ns) {
			r = next_round(s);
			s->next_ns += s->interval_us * 1000;
			if (s->next_ns < io_now_ns())	/* it took longer: no haste */
				s->next_ns = io_now_ns() + s->interval_us * 1000;
		}
		if (r == 0 && !s->over)
			r = wait_for_more(s);
	}
	return r;
}

/* ---- commands ----------------------------------------------------------- */

static int refuse(const struct stream *s, const char *name)
{
	const struct cli *c = s->c;
	bool table = !c->format || (s->batch && !strcmp(c->format, "table"));

	if (!table && !s->json)
		say("lssock %s prints %s, --json or --jsonl", name,
		    s->batch ? "a table" : "lines of text");
	else if (c->pids || c->summary || c->wait || c->explain || c->open.anon)
		say("lssock %s does not take --pids, --summary, --wait, --explain or --anon",
		    name);
	else if (!s->batch && (c->ask.group_by || c->ask.sort || c->ask.limit))
		say("lssock %s does not take --group-by, --sort or --limit: events come in "
		    "order of time", name);
	else if (!s->batch && !s->json && c->columns.len)
		say("lssock %s takes --columns with --json only", name);
	else if (s->json && c->ask.group_by)
		say("lssock %s takes --group-by with a table only", name);
	else
		return 0;
	return EXIT_USAGE;
}

static void question(struct stream *s)
{
	struct cli *c = s->c;

	c->ask.layout = s->json ? LSSOCK_LAYOUT_RECORD : LSSOCK_LAYOUT_TABLE;
	c->ask.flags |= LSSOCK_Q_WATCH;
	if (s->batch) {
		if (c->ask.flags & LSSOCK_Q_RESOLVE)
			c->ask.flags |= LSSOCK_Q_NAMES;
		c->ask.width = c->tty && !s->json ? c->width : 0;
		return;
	}
	c->ask.flags |= LSSOCK_Q_CLOSED;
	if (!(c->ask.flags & LSSOCK_Q_LISTEN))
		c->ask.flags |= LSSOCK_Q_ALL;
	if (!s->json)
		buf_puts(&c->columns, "proto,local,remote,dir,state,pid,proc,why,netns,nsname");
}

/* Signals that end it wait until a line is whole. */
static int hold_signals(struct stream *s, sigset_t *before)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, before);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals >= 0)
		return 0;
	say("%s", strerror(errno));
	return EXIT_FAILED;
}

static int stream(struct stream *s)
{
	const struct lssock_watch_options opt = {
		.size = sizeof(opt), .no_events = s->batch,
		.closed_max = s->batch ? 1 : CLOSED_MAX, .closed_ns = 1,
	};
	struct lssock_err err = { .pos = -1 };
	int r = answer_query(s->c, &s->a);

	if (r == 0)
		r = answer_open(s->c, &s->a);
	if (r)
		return r;
	r = lssock_watch_new(s->a.ctx, s->a.query, &opt, &s->watch, &err);
	if (r < 0) {
		say("%s", err.msg[0] ? err.msg : strerror(-r));
		return EXIT_FAILED;
	}
	return go_on(s);
}

static int run(struct cli *c, const char *name, bool batch)
{
	struct stream s = {
		.c = c, .batch = batch, .signals = -1, .live = !c->open.tape_in,
		.interval_us = c->interval_us ? c->interval_us : 1000000,
		.json = c->format &&
			(!strcmp(c->format, "json") || !strcmp(c->format, "jsonl")),
	};
	sigset_t before;
	int r = refuse(&s, name);

	if (r)
		return r;
	question(&s);
	line_fields(&s.fields);
	r = hold_signals(&s, &before);
	if (r == 0)
		r = stream(&s);
	lssock_watch_free(s.watch);
	answer_release(&s.a);
	buf_release(&s.out);
	buf_release(&s.lines);
	vec_release(&s.rows);
	if (s.signals >= 0)
		close(s.signals);
	return r;
}

int cmd_events(struct cli *c)
{
	return run(c, "events", false);
}

int cmd_batch(struct cli *c)
{
	return run(c, "watch --batch", true);
}
