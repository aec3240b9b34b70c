/* SPDX-License-Identifier: MIT */
/*
 * `lssock kill FILTER` and `lssock close FILTER`: who is meant, what ends, the
 * question, the deed, what became of it. How a target is made sure of and hit is
 * the library's; without having been told yes nothing is done here.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"
#include "cli/act.h"

#define WAIT_MS 2000		/* for processes to end */

/* ---- usage -------------------------------------------------------------------- */

static bool is_blank(const struct cli *c)
{
	int i;

	for (i = 0; i < c->n_operands; i++)
		if (c->operands[i][strspn(c->operands[i], " \t\n")])
			return false;
	return true;
}

/* Options of the list that would hide or change who is meant. */
static const char *unsuited(const struct cli *c)
{
	if (c->open.tape_in)
		return "what a recording shows cannot be acted on (--from)";
	if (c->open.proc_root)
		return "a foreign /proc cannot be acted on (--proc-root)";
	if (c->ask.flags & LSSOCK_Q_NO_OWNERS)
		return "who holds a socket must be known (--no-owners)";
	if (c->ask.limit)
		return "nothing is left out silently: --max N does nothing if there are more "
		       "(--limit)";
	if (c->summary)
		return "a signal is --signal SIG (-s)";
	if (c->pids || c->ask.group_by || c->ask.sort || c->columns.len || c->wait || c->quiet)
		return "of the options of the list only those that select sockets are taken";
	if (c->format && strcmp(c->format, "table") && strcmp(c->format, "json") &&
	    strcmp(c->format, "jsonl"))
		return "there is table, json and jsonl (--format)";
	return NULL;
}

static int check_usage(const struct acting *g)
{
	const struct cli *c = g->c;
	const char *why = unsuited(c);
	bool asks = !c->yes && !c->dry_run;

	if (c->readonly) {
		say("%s: nothing is done with --readonly", g->verb);
		return EXIT_USAGE;
	}
	if (is_blank(c)) {
		say("%s needs a filter: lssock %s FILTER", g->verb, g->verb);
		return EXIT_USAGE;
	}
	if (!why && c->signal && !g->kill)
		why = "it sends no signal (--signal)";
	if (!why && asks && g->json)
		why = "with --json nobody is asked: say --yes or --dry-run";
	if (!why && asks && !(c->tty && isatty(STDIN_FILENO)))
		why = "there is no terminal to ask on: say --yes or --dry-run";
	if (why)
		say("%s: %s", g->verb, why);
	return why ? EXIT_USAGE : 0;
}

/* ---- targets -------------------------------------------------------------------- */

/* Sockets of nobody (time-wait, not accepted yet) are not in the way of an exit
 * status; those whose owner could not be found out are. */
static void count_unowned(struct acting *g, uint32_t row)
{
	const struct lssock_sock *k = &lssock_socks(g->a.snap, NULL)[row];

	if (k->why == LSSOCK_WHY_NO_PERMISSION || k->why == LSSOCK_WHY_OTHER_PIDNS ||
	    k->why == LSSOCK_WHY_VANISHED || k->why == LSSOCK_WHY_UNKNOWN ||
	    k->why == LSSOCK_WHY_IO_URING || k->why == LSSOCK_WHY_MMAP)
		g->unknown++;
	else
		g->nobody++;
}

/* The owners of a row that matched. */
static int add_owners(struct acting *g, uint32_t row)
{
	const struct lssock_owner *owners = lssock_owners(g->a.snap, NULL);
	uint32_t o = lssock_socks(g->a.snap, NULL)[row].owner;
	bool any = false;
	int r = 0;

	for (; o && r == 0; o = owners[o].next) {
		if (owners[o].how != LSSOCK_HOW_FD)
			continue;
		any = true;
		if (lssock_view_owner_matched(g->a.view, row, o))
			r = lssock_act_add(g->act, row, o);
	}
	if (!any)
		count_unowned(g, row);
	return r;
}

static int add_targets(struct acting *g)
{
	struct lssock_act_options opt = {
		.size = sizeof(opt), .ssh_connection = getenv("SSH_CONNECTION"),
		.kind = g->kill ? LSSOCK_ACT_KILL : LSSOCK_ACT_CLOSE, .force = !g->c->yes,
	};
	struct lssock_err err = { .pos = -1 };
	uint32_t n, i;
	const uint32_t *rows = lssock_view_rows(g->a.view, &n);
	int r = lssock_act_new(g->a.ctx, g->a.snap, &opt, &g->act, &err);

	if (r < 0) {
		say("%s: %s", g->verb, err.msg[0] ? err.msg : strerror(-r));
		return EXIT_FAILED;
	}
	for (i = 0; i < n && r == 0; i++)
		r = g->kill ? add_owners(g, rows[i]) : lssock_act_add(g->act, rows[i], 0);
	if (r == 0)
		r = lssock_act_prepare(g->act);
	if (r < 0)
		say("%s: %s", g->verb, strerror(-r));
	g->n = lssock_act_targets(g->act, &g->targets);
	return r < 0 ? EXIT_FAILED : 0;
}

static const char *plural(uint32_t n)
{
	return n == 1 ? "" : "s";
}

static void say_unowned(const struct acting *g)
{
	if (g->nobody)
		say("%u socket%s that match%s belong to no process", g->nobody,
		    plural(g->nobody), g->nobody == 1 ? "es" : "");
	if (g->unknown)
		say("%u socket%s that match%s: the owner is not known%s", g->unknown,
		    plural(g->unknown), g->unknown == 1 ? "es" : "",
		    lssock_snap_meta(g->a.snap)->self_uid ? " (try sudo)" : "");
}

/* ---- the preview ------------------------------------------------------------------ */

static const char *told(struct acting *g, uint32_t i, enum lssock_act_text what)
{
	lssock_act_text(g->act, i, what, g->text, sizeof(g->text));
	return g->text;
}

/* A command line can be longer than a screen. */
static void put_cut(struct acting *g, const char *text, size_t width)
{
	size_t len = strlen(text), taken;

	if (!g->c->tty || g->c->wide || text_cut(text, len, width, &taken) == len) {
		buf_puts(&g->out, text);
		return;
	}
	buf_put(&g->out, text, text_cut(text, len, width - 1, &taken));
	buf_puts(&g->out, g->c->utf8 ? "…" : "+");
}

static void put_told(struct acting *g, uint32_t i, enum lssock_act_text what, const char *label)
{
	const char *text = told(g, i, what);

	if (!*text)
		return;
	buf_puts(&g->out, "  ");
	buf_puts(&g->out, label);
	if (what == LSSOCK_ACT_COMMAND)
		put_cut(g, text, g->c->width > 20 ? g->c->width - 2 : 20);
	else
		buf_puts(&g->out, text);
	buf_putc(&g->out, '\n');
}

static void put_target(struct acting *g, uint32_t i)
{
	buf_puts(&g->out, told(g, i, g->kill ? LSSOCK_ACT_TITLE : LSSOCK_ACT_COMMAND));
	buf_putc(&g->out, '\n');
	if (g->kill)
		put_told(g, i, LSSOCK_ACT_COMMAND, "");
	else
		put_told(g, i, LSSOCK_ACT_TITLE, "of ");
	put_told(g, i, LSSOCK_ACT_ENDS, "");
	put_told(g, i, LSSOCK_ACT_RESTARTS, "");
	if (g->kill)
		put_told(g, i, LSSOCK_ACT_STOP, "to stop it for good: ");
	put_told(g, i, LSSOCK_ACT_REFUSED,
		 g->targets[i].ready ? "protected: " : "cannot be done: ");
}

static int preview(struct acting *g)
{
	uint32_t i;

	for (i = 0; i < g->n && !g->json; i++)
		put_target(g, i);
	return put_buf(&g->out);
}

/* ---- the question ------------------------------------------------------------------- */

static bool can_be_done(const struct lssock_target *t)
{
	return t->ready && t->protect != LSSOCK_PROTECT_KERNEL;
}

static void put_deed(struct acting *g, uint32_t n)
{
	const char *name = lssock_signal_name(g->signal);

	if (!g->kill)
		buf_printf(&g->out, "Close %u socket%s", n, plural(n));
	else if (name)
		buf_printf(&g->out, "Send %s to %u process%s", name, n, n == 1 ? "" : "es");
	else
		buf_printf(&g->out, "Send signal %d to %u process%s", g->signal, n,
			   n == 1 ? "" : "es");
}

/* A line of the terminal without its end. */
static void read_line(char *line, size_t size)
{
	size_t len = 0;
	ssize_t n = 1;
	char ch;

	while (n > 0) {
		n = read(STDIN_FILENO, &ch, 1);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n <= 0 || ch == '\n')
			break;
		else if (len < size)
			line[len++] = ch;
	}
	/* No answer is cut short, and none is as long as the line. */
	line[n > 0 && len < size ? len : 0] = '\0';
}

/* Whether to go on; what is protected takes a whole word. */
static bool confirm(struct acting *g)
{
	uint32_t plain = 0, guarded = 0, i;
	char line[16];
	bool yes;

	for (i = 0; i < g->n; i++)
		if (can_be_done(&g->targets[i])) {
			guarded += g->targets[i].protect != LSSOCK_PROTECT_NONE;
			plain += g->targets[i].protect == LSSOCK_PROTECT_NONE;
		}
	if (g->c->yes || !(plain + guarded))
		return true;
	put_deed(g, plain ? plain : guarded);
	if (plain && guarded)
		buf_printf(&g->out, ", or with yes to %u protected too", guarded);
	buf_puts(&g->out, plain ? "? [y/N] " : "? Protected: type yes in full: ");
	if (put_buf(&g->out))
		return false;
	read_line(line, sizeof(line));
	yes = !strcmp(line, "yes");
	g->guarded_too = yes;
	return yes || (plain && (!strcmp(line, "y") || !strcmp(line, "Y")));
}

/* ---- the deed ---------------------------------------------------------------------- */

static void wait_for_ends(struct acting *g)
{
	uint64_t now = io_now_ns(), until = now + WAIT_MS * 1000000ull;
	struct pollfd *fds = mem_alloc((g->n + 1) * sizeof(*fds));
	uint32_t i, left = 0;

	for (i = 0; fds && i < g->n; i++) {
		bool sent = g->targets[i].tried && !g->targets[i].err;

		fds[i].fd = sent ? lssock_act_fd(g->act, i) : -1;
		fds[i].events = POLLIN;
		left += fds[i].fd >= 0;
	}
	for (; left && now < until; now = io_now_ns()) {
		if (poll(fds, g->n, (int)((until - now) / 1000000) + 1) < 0 && errno != EINTR)
			break;
		for (i = 0; i < g->n; i++)
			if (fds[i].fd >= 0 && fds[i].revents) {
				fds[i].fd = -1;
				left--;
				g->gone[i] = true;
			}
	}
	mem_free(fds);
}

/* Whether the ports are free: only if there were any. */
static void look_again(struct acting *g)
{
	struct lssock_err err = { .pos = -1 };
	struct lssock_snap *later;
	uint32_t i;

	for (i = 0; i < g->n; i++)
		if (g->gone[i] && (g->targets[i].listening || g->targets[i].shared))
			break;
	if (i == g->n || lssock_take(g->a.ctx, g->a.query, &later, &err) < 0)
		return;
	lssock_act_look(g->act, later);
	lssock_snap_free(later);
}

static void do_all(struct acting *g)
{
	uint32_t i;

	for (i = 0; i < g->n; i++) {
		/* The answer was for the others alone. */
		if (g->targets[i].protect && can_be_done(&g->targets[i]) && !g->c->yes &&
		    !g->guarded_too)
			continue;
		lssock_act_do(g->act, i, g->signal);
	}
	if (g->kill && lssock_signal_ends(g->signal)) {
		wait_for_ends(g);
		look_again(g);
	}
}

/* ---- what became of it ------------------------------------------------------------ */

static void put_name(struct acting *g, uint32_t i)
{
	const struct lssock_proc *p = &lssock_procs(g->a.snap, NULL)[g->targets[i].proc];
	size_t len = 0;
	const char *comm = lssock_string(g->a.snap, p->comm, &len);

	if (g->kill) {
		text_safe(&g->out, comm, comm ? len : 0, 0);
		buf_printf(&g->out, "[%d]", p->pid);
	} else {
		buf_puts(&g->out, told(g, i, LSSOCK_ACT_COMMAND));
	}
}

bool act_failed(const struct acting *g, uint32_t i)
{
	const struct lssock_target *t = &g->targets[i];

	bool goes_on = g->kill && lssock_signal_ends(g->signal) && !g->gone[i];

	return t->tried && (t->err || goes_on);
}

static int put_results(struct acting *g)
{
	uint32_t i;

	for (i = 0; i < g->n; i++) {
		put_name(g, i);
		buf_puts(&g->out, ": ");
		buf_puts(&g->out, g->targets[i].tried ? told(g, i, LSSOCK_ACT_OUTCOME) :
			 "left alone");
		buf_putc(&g->out, '\n');
	}
	return put_buf(&g->out);
}

static int finish(struct acting *g)
{
	int r = g->json ? act_json(g) : g->c->dry_run ? 0 : put_results(g);
	uint32_t i;

	for (i = 0; i < g->n && !g->c->dry_run; i++)
		if (act_failed(g, i))
			r = EXIT_FAILED;
	if (g->unknown && g->kill)
		r = EXIT_FAILED;
	return r;
}

/* ---- all of it ------------------------------------------------------------------ */

static bool too_many(const struct acting *g)
{
	uint32_t max = g->c->max ? g->c->max : g->c->yes ? 1 : g->n;

	if (g->n <= max)
		return false;
	say("%s: %u targets, %u at most: nothing was done (--max N)", g->verb, g->n, max);
	return true;
}

static int decide(struct acting *g)
{
	int r = preview(g);

	say_unowned(g);
	if (r)
		return r;
	if (!g->n) {
		r = g->json ? act_json(g) : 0;
		return r || g->unknown ? EXIT_FAILED : EXIT_NOTHING;
	}
	g->gone = mem_alloc(g->n * sizeof(*g->gone));
	if (!g->gone) {
		say("out of memory");
		return EXIT_FAILED;
	}
	if (!g->c->dry_run) {
		if (too_many(g))
			return EXIT_USAGE;
		if (!confirm(g)) {
			say("nothing was done");
			return EXIT_NOTHING;
		}
		do_all(g);
	}
	return finish(g);
}

/* What is there; 0: targets are known. */
static int gather(struct acting *g)
{
	uint32_t n;
	int r = answer_take(g->c, &g->a);

	if (!r)
		r = answer_view(g->c, &g->a);
	if (r)
		return r;
	say_notes(g->a.snap);
	lssock_view_rows(g->a.view, &n);
	if (!n) {
		r = answer_nothing(g->c, &g->a);
		if (r == EXIT_NOTHING)
			say("%s: nothing matches", g->verb);
		if (g->json && act_json(g))
			r = EXIT_FAILED;
		return r;
	}
	if (g->c->strict && !lssock_snap_meta(g->a.snap)->complete) {
		say("%s: nothing was done with an incomplete answer (--strict)", g->verb);
		return EXIT_INCOMPLETE;
	}
	return add_targets(g);
}

static int act(struct cli *c, bool kill)
{
	struct acting g = {
		.c = c, .kill = kill, .verb = kill ? "kill" : "close",
		.signal = c->signal ? c->signal : SIGTERM,
		.json = c->format && strcmp(c->format, "table"),
	};
	int r = check_usage(&g);

	if (r)
		return r;
	c->ask.flags |= LSSOCK_Q_ACT;
	buf_puts(&c->columns, "pid");	/* none is shown */
	if (c->explain)
		return cmd_list(c);
	r = gather(&g);
	if (!r)
		r = decide(&g);
	if (c->stats && g.a.snap)
		answer_stats(c, g.a.snap);
	lssock_act_free(g.act);
	mem_free(g.gone);
	buf_release(&g.out);
	answer_release(&g.a);
	return r;
}

int cmd_kill(struct cli *c)
{
	return act(c, true);
}

int cmd_close(struct cli *c)
{
	return act(c, false);
}
