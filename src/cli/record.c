/* SPDX-License-Identifier: MIT */
/* `lssock record FILE`: the fullest question, its answers kept as they came. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "cli/cli.h"

static int take_round(struct cli_answer *a, struct lssock_watch *w)
{
	struct lssock_err err = { .pos = -1 };
	int e = lssock_watch_next(w, &a->snap, &err);

	if (e < 0)
		say("%s", err.msg[0] ? err.msg : strerror(-e));
	return e < 0 ? EXIT_FAILED : 0;
}

/* A series holds what happened between its rounds too. */
static int record_rounds(struct cli *c, struct cli_answer *a)
{
	struct lssock_watch *w = NULL;
	uint32_t i;
	int r = answer_prepare(c, a);

	if (r == 0 && lssock_watch_new(a->ctx, a->query, NULL, &w, NULL) < 0)
		r = EXIT_FAILED;
	for (i = 0; i < c->rounds && !r; i++) {
		if (i)
			poll(NULL, 0, (int)(c->interval_us / 1000));
		lssock_snap_free(a->snap);
		a->snap = NULL;
		r = take_round(a, w);
	}
	lssock_watch_free(w);
	return r;
}

int cmd_record(struct cli *c)
{
	struct cli_answer a = { 0 };
	struct buf b = { 0 };
	const char *file;
	int r, e;

	if (c->n_operands < 1) {
		say("record needs a file: lssock record FILE");
		return EXIT_USAGE;
	}
	if (c->n_operands > 1) {
		say("record takes everything, no filter; use one with --from");
		return EXIT_USAGE;
	}
	if (c->interval_us && !c->rounds) {
		say("record --interval needs --rounds N");
		return EXIT_USAGE;
	}
	file = c->operands[0];
	c->n_operands = 0;
	c->open.tape_out = file;
	c->ask.protos = LSSOCK_PROTOS_ALL;
	c->ask.flags |= LSSOCK_Q_FULLEST | LSSOCK_Q_ALL | LSSOCK_Q_EXTENDED | LSSOCK_Q_INFO |
			LSSOCK_Q_MEMORY | LSSOCK_Q_TIMERS | LSSOCK_Q_FOOTER;
	if (c->ask.flags & LSSOCK_Q_RESOLVE)
		c->ask.flags |= LSSOCK_Q_NAMES;
	c->ask.netns = c->ask.netns ? c->ask.netns : "all";
	c->ask.layout = LSSOCK_LAYOUT_RECORD;
	r = c->rounds > 1 ? record_rounds(c, &a) : answer_take(c, &a);
	if (r == 0)
		say_notes(a.snap);
	if (r == 0 && c->stats)
		answer_stats(c, a.snap);
	e = a.ctx ? lssock_close(a.ctx) : 0;
	a.ctx = NULL;
	if (e < 0 && r == 0) {
		say("%s: %s", safe(&b, file), strerror(-e));
		r = EXIT_FAILED;
	}
	buf_release(&b);
	answer_release(&a);
	return r;
}
