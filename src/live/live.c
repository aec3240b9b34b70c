/* SPDX-License-Identifier: MIT */
/*
 * The loop: input, frames and time into the state, the state onto the terminal, and what
 * the state wants done. With a script in place of a terminal the same state and the same
 * screens, one round at a time and with the clock of the frames.
 */
#include "live/live.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/io.h"
#include "live/deed.h"
#include "live/feed.h"
#include "live/hosts.h"
#include "live/script.h"
#include "live/term.h"

struct live {
	const struct live_options *opt;
	struct ui ui;
	struct grid grid;
	struct term *term;
	struct feed *feed;		/* of this machine */
	struct rounds *rounds;		/* of a recording: its rounds come by the clock */
	uint64_t next_ns;		/* the next one */
	bool ended;			/* there is none */
	uint32_t done;			/* rounds */
	struct lssock *act;		/* for kill and close */
};

bool live_key(uint32_t i, const char **ret_keys, const char **ret_help)
{
	if (i >= ui_help_rows())
		return false;
	if (!ui_help_row(i, ret_keys, ret_help))
		*ret_keys = *ret_help = "";
	return true;
}

void live_raise(int sig)
{
	term_raise(sig);
}

const char *const *live_themes(void)
{
	return term_themes();
}

static uint64_t clock_ns(clockid_t which)
{
	struct timespec t = { 0 };

	clock_gettime(which, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* ---- the state at first ------------------------------------------------------------ */

static void read_session(struct ui *ui, const char *ssh)
{
	size_t len;
	unsigned i;

	for (i = 0; ssh && i < 4 && *ssh; i++) {
		len = strcspn(ssh, " ");
		if (len >= sizeof(ui->ssh[i]))
			break;
		memcpy(ui->ssh[i], ssh, len);
		ui->ssh[i][len] = '\0';
		ssh += len + (ssh[len] == ' ');
	}
	if (i < 4)
		ui->ssh[0][0] = '\0';
}

static void begin(struct ui *ui, const struct live_options *opt)
{
	ui_init(ui, (struct config *)opt->config);
	if (opt->interval_us)
		ui->interval_us = opt->interval_us;
	if (opt->theme)
		ui->theme = opt->theme;
	ui->ascii |= opt->ascii;
	ui->readonly |= opt->readonly;
	ui->replay = opt->open.tape_in;
	ui->judges = opt->audit;
	ui->has_baseline = opt->has_baseline;
	ui->owners = !(opt->ask.flags & LSSOCK_Q_NO_OWNERS);
	ui->host_names |= opt->ask.flags & LSSOCK_Q_RESOLVE;
	ui->host_names &= !ui->replay;
	ui->mouse &= !opt->no_mouse;
	if (opt->ask.filter)
		buf_puts(&ui->base, opt->ask.filter);
	read_session(ui, opt->ssh_connection);
}

static unsigned also_of(const struct ui *ui)
{
	return ui->tab == TAB_UNIX ? ALSO_UNIX : ui->tab == TAB_LISTEN ? ALSO_AUDIT : 0u;
}

static void feed_options(const struct live *l, struct feed_options *ret)
{
	*ret = (struct feed_options){
		.open = l->opt->open, .ask = l->opt->ask, .interval_us = l->ui.interval_us,
		.audit = l->opt->audit, .also = also_of(&l->ui),
	};
}

static void take_frame(struct live *l, const struct frame *f)
{
	struct ui *ui = &l->ui;

	snprintf(ui->feed_error, sizeof(ui->feed_error), "%s", f->error);
	if (f->report)
		ui_judge(ui, f->report);
	if (!f->snap)
		return;
	ui->scan_us = f->scan_us;
	ui->auto_us = f->auto_us;
	ui->tells = f->tells;
	ui_frame(ui, f->snap);
	lssock_snap_free(f->snap);
	if (++l->done == l->opt->rounds)
		ui->due |= DUE_QUIT;
}

/* ---- deeds ---------------------------------------------------------------------------- */

static void copy(struct live *l)
{
	struct ui *ui = &l->ui;
	bool known = l->term && term_copy(l->term, ui->copied.data, ui->copied.len);

	ui_say(ui, false, known ? "copied: %s" : "copied, if the terminal takes it: %s",
	       buf_cstr(&ui->copied));
}

static void look(struct live *l)
{
	const struct ui *ui = &l->ui;
	const char *theme = ui->theme ? ui->theme : "default";

	term_theme(l->term, l->opt->color ? theme : "mono");
	term_ascii(l->term, ui->ascii);
}

static void save(struct live *l)
{
	struct config *c = l->ui.config;

	if (!c || !l->opt->paths)
		return;
	ui_keep(&l->ui, c);
	config_write(c, l->opt->paths);
}

static void do_deeds(struct live *l)
{
	struct ui *ui = &l->ui;
	unsigned due = ui->due;

	ui->due &= DUE_QUIT | DUE_SUSPEND | DUE_REPAINT;
	if (due & DUE_EXPORT)
		deed_export(ui);
	if (due & DUE_COPY)
		copy(l);
	if (due & DUE_ACT)
		deed_prepare(ui, &l->act, l->opt->ssh_connection);
	if (due & DUE_DO)
		deed_do(ui);
	if (due & DUE_SAVE)
		save(l);
	if (l->term && due & DUE_MOUSE)
		term_mouse(l->term, ui->mouse);
	if (l->term && due & DUE_THEME)
		look(l);
	if (l->feed && (due | ui->due) & (DUE_ASK | DUE_REFRESH))
		feed_ask(l->feed, ui->interval_us, also_of(ui),
			 (due | ui->due) & DUE_REFRESH || ui->tab == TAB_UNIX ||
			 (ui->tab == TAB_LISTEN && !ui->judged.report));
	if (l->rounds && (due | ui->due) & DUE_REFRESH)
		l->next_ns = 0;
	ui->due &= DUE_QUIT | DUE_SUSPEND | DUE_REPAINT;
}

/* ---- a terminal ------------------------------------------------------------------- */

/* Names of hosts are asked from when they are wanted on. */
static void want_hosts(struct live *l)
{
	struct ui *ui = &l->ui;

	if (ui->host_names && !ui->hosts)
		ui->hosts = hosts_new(lssock_host_name);
	if (!ui->hosts)
		return;
	hosts_take(ui->hosts, io_now_ns());
	ui_want_hosts(ui);
}

static void show(struct live *l)
{
	struct ui *ui = &l->ui;
	unsigned cols, lines;

	term_size(l->term, &cols, &lines);
	if (cols != l->grid.cols || lines != l->grid.rows) {
		if (grid_resize(&l->grid, cols, lines) < 0)
			return;
		ui->cols = cols;
		ui->lines = lines;
		ui->list_due = true;
		ui->due |= DUE_REPAINT;
	}
	ui_list(ui);
	want_hosts(l);
	ui_draw(ui, &l->grid);
	term_draw(l->term, &l->grid, ui->due & DUE_REPAINT);
	ui->due &= ~(unsigned)DUE_REPAINT;
}

/* The clock of a recording is that of its frames. */
static void tick(struct live *l)
{
	uint64_t now = clock_ns(CLOCK_REALTIME);

	if (l->rounds && l->ui.snap)
		now = lssock_snap_meta(l->ui.snap)->now_ns;
	ui_tick(&l->ui, now);
}

static void next_round(struct live *l)
{
	double speed = l->opt->speed > 0 ? l->opt->speed : 1;
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	struct frame f;

	if (l->ended || now < l->next_ns || (l->ui.paused && l->next_ns))
		return;
	rounds_next(l->rounds, ALSO_UNIX | ALSO_AUDIT, &f);
	l->next_ns = now + (uint64_t)((double)l->ui.interval_us * 1000 / speed);
	l->ended = f.ended;
	if (f.ended)
		ui_say(&l->ui, false, "the recording ends here");
	else
		take_frame(l, &f);
}

static int wait_ms(const struct live *l)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	int ms = 1000;

	if (deed_pending(&l->ui))
		ms = 100;
	if (l->rounds && !l->ended && !l->ui.paused)
		ms = l->next_ns > now && l->next_ns - now < NS_PER_S ?
			(int)((l->next_ns - now) / 1000000 + 1) : l->next_ns > now ? 1000 : 0;
	return ms;
}

static void handle_input(struct live *l)
{
	struct input in;
	int n = 0, r;

	/* A flood of input must not keep the screen from being drawn. */
	while (n++ < 1000 && (r = term_input(l->term, &in)) > 0) {
		ui_input(&l->ui, &in);
		do_deeds(l);
		if (l->ui.list_due)
			ui_list(&l->ui);
		if (l->ui.due & DUE_SUSPEND) {
			l->ui.due &= ~(unsigned)DUE_SUSPEND;
			term_suspend(l->term);
			l->ui.due |= DUE_REPAINT;
		}
		if (l->ui.due & DUE_QUIT)
			return;
	}
	if (r < 0)
		l->ui.due |= DUE_QUIT;
}

static int loop(struct live *l)
{
	struct pollfd p[3] = {
		{ .fd = term_fd(l->term), .events = POLLIN },
		{ .fd = l->feed ? feed_fd(l->feed) : -1, .events = POLLIN },
		{ .fd = -1, .events = POLLIN },
	};
	struct frame f;

	while (!(l->ui.due & DUE_QUIT) && !term_ended(l->term)) {
		show(l);
		p[2].fd = l->ui.hosts ? hosts_fd(l->ui.hosts) : -1;
		if (poll(p, 3, wait_ms(l)) < 0 && errno != EINTR)
			return -errno;
		tick(l);
		if (p[0].revents & (POLLHUP | POLLERR | POLLNVAL))
			break;		/* the terminal is gone */
		handle_input(l);
		if (l->feed && feed_take(l->feed, &f))
			take_frame(l, &f);
		if (l->rounds)
			next_round(l);
		tick(l);
		do_deeds(l);
	}
	return term_ended(l->term);
}

static int run(struct live *l, struct lssock_err *err)
{
	const struct live_options *o = l->opt;
	const struct term_options t = {
		.theme = l->ui.theme ? l->ui.theme : "default", .color = o->color,
		.mouse = l->ui.mouse, .ascii = l->ui.ascii,
	};
	struct feed_options f;
	int r;

	feed_options(l, &f);
	r = o->open.tape_in ? rounds_open(&f, &l->rounds, err) : feed_start(&f, &l->feed, err);
	if (r == 0)
		r = term_open(&t, &l->term, err);
	if (r == 0)
		r = loop(l);
	term_close(l->term);
	save(l);
	return r;
}

/* ---- a script --------------------------------------------------------------------- */

static int play(struct live *l, struct lssock_err *err)
{
	const struct script s = {
		.text = l->opt->script, .ui = &l->ui, .grid = &l->grid,
		.write = l->opt->write, .wctx = l->opt->wctx,
	};
	struct feed_options f;
	int r;

	feed_options(l, &f);
	r = rounds_open(&f, &l->rounds, err);
	l->ui.cols = l->opt->cols ? l->opt->cols : 80;
	l->ui.lines = l->opt->lines ? l->opt->lines : 24;
	return r < 0 ? r : script_play(&s, l->rounds, err);
}

int live_run(const struct live_options *opt, struct lssock_err *err)
{
	struct live l = { .opt = opt };
	int r;

	begin(&l.ui, opt);
	r = opt->script ? play(&l, err) : run(&l, err);
	ui_judge(&l.ui, NULL);		/* before the question that it answers */
	feed_stop(l.feed);
	rounds_close(l.rounds);
	hosts_free(l.ui.hosts);
	ui_release(&l.ui);
	lssock_close(l.act);
	grid_release(&l.grid);
	return r;
}
