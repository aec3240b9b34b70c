/* SPDX-License-Identifier: MIT */
/*
 * Boxes over the list: help, kill and close, the choosers of sort key, columns, user and
 * settings. Each has what it says, its keys and its drawing here; the list behind keeps
 * its order while one is open. Acting itself is left to live.c.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "live/columns.h"

#define SIGNALS 8
static const int signals[SIGNALS] = {
	SIGTERM, SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGUSR1, SIGUSR2, SIGSTOP
};
static const char *const signal_words[SIGNALS] = {
	"ask it to stop", "reload, for many daemons", "interrupt", "force", "quit, with a core",
	"what it makes of it", "what it makes of it", "stop, until CONT"
};

/* ---- settings ---------------------------------------------------------------------- */

enum setting { SET_THEME, SET_HEADER, SET_LOOPBACK, SET_ALL, SET_NAMES, SET_HOSTS, SET_MOUSE,
	       SET_ASCII, SET_PROC, SET_KEYS, N_SETTINGS };

static const char *const themes[] = { "default", "light", "mono", "contrast", "cvd" };

static unsigned theme_at(const struct ui *ui)
{
	unsigned i;

	for (i = 0; i < 5 && strcmp(themes[i], ui->theme ? ui->theme : "default"); i++)
		;
	return i < 5 ? i : 0;
}

static void setting_text(const struct ui *ui, uint32_t which, char *buf, size_t size)
{
	static const char *const procs[] = { "name", "path", "command line" };
	static const char *const headers[] = { "none", "one", "all" };

	switch ((enum setting)which) {
	case SET_THEME:
		snprintf(buf, size, "theme            %s", themes[theme_at(ui)]);
		break;
	case SET_HEADER:
		snprintf(buf, size, "header lines     %s", headers[ui->header % 3]);
		break;
	case SET_LOOPBACK:
		snprintf(buf, size, "loopback         %s",
			 ui->no_loopback ? "hidden" : "shown");
		break;
	case SET_ALL:
		snprintf(buf, size, "all states       %s", ui->all ? "yes" : "no");
		break;
	case SET_NAMES:
		snprintf(buf, size, "ports by name    %s", ui->service_names ? "yes" : "no");
		break;
	case SET_HOSTS:
		snprintf(buf, size, "hosts by name    %s", ui->host_names ? "yes" : "no");
		break;
	case SET_MOUSE:
		snprintf(buf, size, "mouse            %s", ui->mouse ? "on" : "off");
		break;
	case SET_ASCII:
		snprintf(buf, size, "ASCII only       %s", ui->ascii ? "yes" : "no");
		break;
	case SET_PROC:
		snprintf(buf, size, "process as       %s", procs[ui->proc_as % 3]);
		break;
	case SET_KEYS:
		snprintf(buf, size, "k                %s",
			 ui->htop_keys ? "kills (htop)" : "moves up");
		break;
	case N_SETTINGS:
		break;
	}
}

static void press(struct ui *ui, uint32_t key)
{
	const struct input in = { .type = INPUT_KEY, .key = key };
	enum box_kind kind = ui->box.kind;

	ui->box.kind = BOX_NONE;
	ui_input(ui, &in);
	ui->box.kind = kind;
}

static void change_setting(struct ui *ui, uint32_t which)
{
	switch ((enum setting)which) {
	case SET_THEME:
		ui->theme = themes[(theme_at(ui) + 1) % 5];
		ui->due |= DUE_THEME;
		break;
	case SET_HEADER: press(ui, '#'); break;
	case SET_LOOPBACK: press(ui, 'L'); break;
	case SET_ALL: press(ui, 'a'); break;
	case SET_NAMES: press(ui, 'p'); break;
	case SET_HOSTS: press(ui, 'd'); break;
	case SET_MOUSE: press(ui, 'm'); break;
	case SET_ASCII:
		ui->ascii = !ui->ascii;
		ui->due |= DUE_THEME;
		break;
	case SET_PROC: press(ui, 'e'); break;
	case SET_KEYS: ui->htop_keys = !ui->htop_keys; break;
	case N_SETTINGS: break;
	}
	ui->due |= DUE_SAVE | DUE_REPAINT;
}

/* ---- opening -------------------------------------------------------------------------- */

static int *add(struct box *b, int v)
{
	int *place = vec_push(&b->list);

	if (place)
		*place = v;
	return place;
}

static void list_fields(struct ui *ui)
{
	static const char *const first[] = { "proc",  "pid", "user",   "unit",	"proto",
					     "local", "dir", "remote", "state", "idle",
					     "rx",    "tx",  "rtt",    "cmd" };
	struct box *b = &ui->box;
	struct lssock_field_info info;
	uint32_t i, k;

	for (i = 0; i < sizeof(first) / sizeof(*first); i++)
		if (lssock_field_find(first[i]) >= 0)
			add(b, lssock_field_find(first[i]));
	for (i = 0; i < lssock_fields(); i++) {
		if (lssock_field_info(i, &info) < 0 || info.both_ends || info.names_only)
			continue;
		for (k = 0; k < b->list.n && b->list.v[k] != (int)i; k++)
			;
		if (k == b->list.n)
			add(b, (int)i);
	}
}

struct tally { int uid; uint32_t n; };

static int by_count(const void *x, const void *y)
{
	const struct tally *a = x, *b = y;

	return a->n != b->n ? (a->n < b->n ? 1 : -1) : (a->uid > b->uid) - (a->uid < b->uid);
}

static void list_users(struct ui *ui)
{
	VEC(struct tally) t = { 0 };
	struct index by_uid = { 0 };
	uint32_t i, there, *slot;
	const struct lssock_sock *socks;

	if (!ui->snap)
		return;
	socks = lssock_socks(ui->snap, NULL);
	lssock_tracks(ui->snap, &there);
	for (i = 0; i < there; i++) {
		if (!(socks[i].flags & LSSOCK_F_UID) ||
		    !(slot = index_put(&by_uid, socks[i].uid + 1ull)))
			continue;
		if (*slot == INDEX_NONE) {
			*slot = t.n;
			if (!vec_push(&t))
				break;
			t.v[*slot].uid = (int)socks[i].uid;
		}
		t.v[*slot].n++;
	}
	if (t.n)
		qsort(t.v, t.n, sizeof(*t.v), by_count);
	for (i = 0; i < t.n; i++) {
		uint32_t *count = vec_push(&ui->box.counts);

		if (count && add(&ui->box, t.v[i].uid))
			*count = t.v[i].n;
	}
	vec_release(&t);
	index_release(&by_uid);
}

void box_open(struct ui *ui, enum box_kind kind)
{
	struct box *b = &ui->box;
	uint32_t i;

	box_close(ui);
	b->kind = kind;
	if (kind == BOX_SORT || kind == BOX_COLUMNS)
		list_fields(ui);
	if (kind == BOX_USER)
		list_users(ui);
	if (kind == BOX_KILL)
		for (i = 0; i < SIGNALS; i++)
			add(b, signals[i]);
	if (kind == BOX_SORT)
		for (i = 0; i < b->list.n; i++)
			if (b->list.v[i] == ui->tabs[ui->tab].sort.field)
				b->at = i;
	if (kind == BOX_KILL || kind == BOX_CLOSE)
		ui->due |= DUE_ACT;
}

void box_close(struct ui *ui)
{
	struct box *b = &ui->box;

	lssock_act_free(b->act);
	vec_release(&b->list);
	vec_release(&b->counts);
	buf_release(&b->typed);
	*b = (struct box){ 0 };
	ui->hold_until_ns = ui->now_ns + HOLD_NS;
	ui->list_due = true;
}

/* ---- keys ------------------------------------------------------------------------- */

static uint32_t lines_of(const struct ui *ui)
{
	return ui->box.kind == BOX_SETUP ? N_SETTINGS : ui->box.list.n;
}

static void move(struct ui *ui, int64_t by)
{
	struct box *b = &ui->box;
	int64_t at = (int64_t)b->at + by;
	int64_t n = b->kind == BOX_HELP ? help_most(ui) + 1 : lines_of(ui);

	b->at = (uint32_t)(at < 0 || !n ? 0 : at >= n ? n - 1 : at);
}

static bool is_guarded(const struct box *b)
{
	const struct lssock_target *t;
	uint32_t n = b->act ? lssock_act_targets(b->act, &t) : 0, i;

	for (i = 0; i < n; i++)
		if (t[i].protect)
			return true;
	return false;
}

static void do_it(struct ui *ui)
{
	struct box *b = &ui->box;

	if (!b->act || b->done)
		return;
	if (is_guarded(b) && (b->typed.len != 3 || memcmp(b->typed.data, "yes", 3))) {
		ui_say(ui, true, "it is protected: type yes, then Enter");
		return;
	}
	ui->signal = b->kind == BOX_KILL && b->at < b->list.n ? b->list.v[b->at] : 0;
	ui->due |= DUE_DO;
}

static void act_key(struct ui *ui, uint32_t key)
{
	struct box *b = &ui->box;

	if (b->done) {
		if (key == IN_ESC || key == IN_ENTER || key == 10 || key == 'q')
			box_close(ui);
		return;
	}
	if (key == IN_ENTER || key == 10) {
		do_it(ui);
	} else if (is_guarded(b) && key >= 'a' && key <= 'z') {
		buf_putc(&b->typed, (char)key);
	} else if (is_guarded(b) && key == IN_BACKSPACE) {
		buf_reset(&b->typed);
	} else if (key == 'y') {
		do_it(ui);
	} else if (key == 'q' || key == 'n') {
		box_close(ui);
	}
}

static void choose_sort(struct ui *ui)
{
	struct tab_state *t = &ui->tabs[ui->tab];
	struct lssock_field_info info;
	bool text;

	if (ui->box.at < ui->box.list.n &&
	    lssock_field_info((uint32_t)ui->box.list.v[ui->box.at], &info) == 0) {
		text = !strcmp(info.type, "text") || !strcmp(info.type, "word") ||
		       !strcmp(info.type, "address");
		t->sort = (struct sort){ .field = ui->box.list.v[ui->box.at],
					 .descending = !text };
		ui->due |= DUE_SAVE;
	}
	box_close(ui);
	ui_reorder(ui);
}

static void choose_user(struct ui *ui)
{
	struct lssock_err err = { .pos = -1 };
	char text[40];

	if (ui->box.at < ui->box.list.n) {
		snprintf(text, sizeof(text), "uid:%u", (unsigned)ui->box.list.v[ui->box.at]);
		if (ui_filter(ui, text, &err) < 0)
			ui_say(ui, true, "%s", err.msg);
	}
	box_close(ui);
}

static bool has_column(const struct ui *ui, int field, uint32_t *ret_at)
{
	const struct tab_state *t = &ui->tabs[ui->tab];
	struct column usual[COLUMNS_MAX];
	unsigned n = t->columns.n ? 0 : columns_of(ui, ui->cols, usual);
	uint32_t i;

	for (i = 0; i < t->columns.n + n; i++)
		if ((t->columns.n ? t->columns.v[i] : usual[i].index) == field) {
			*ret_at = i;
			return true;
		}
	return false;
}

/* The first change makes the usual columns one's own. */
static void own_columns(struct ui *ui)
{
	struct tab_state *t = &ui->tabs[ui->tab];
	struct column usual[COLUMNS_MAX];
	unsigned n, i;
	int *place;

	if (t->columns.n)
		return;
	n = columns_of(ui, ui->cols, usual);
	for (i = 0; i < n; i++)
		if (usual[i].index >= 0 && (place = vec_push(&t->columns)))
			*place = usual[i].index;
}

static void toggle_column(struct ui *ui)
{
	struct tab_state *t = &ui->tabs[ui->tab];
	int field = ui->box.list.v[ui->box.at], *place;
	uint32_t at;

	if (ui->tab == TAB_GROUPS) {
		ui_say(ui, true, "groups have the columns they have");
		return;
	}
	own_columns(ui);
	if (has_column(ui, field, &at)) {
		memmove(t->columns.v + at, t->columns.v + at + 1,
			(t->columns.n - at - 1) * sizeof(*t->columns.v));
		t->columns.n--;
	} else if (t->columns.n < COLUMNS_MAX && (place = vec_push(&t->columns))) {
		*place = field;
	}
	ui->due |= DUE_SAVE;
}

static void chooser_key(struct ui *ui, uint32_t key)
{
	struct box *b = &ui->box;
	bool enter = key == IN_ENTER || key == 10;

	if (key == 'q') {
		box_close(ui);
	} else if (b->kind == BOX_SORT && enter) {
		choose_sort(ui);
	} else if (b->kind == BOX_USER && enter) {
		choose_user(ui);
	} else if (b->kind == BOX_SETUP && (enter || key == ' ')) {
		change_setting(ui, b->at);
	} else if (b->kind == BOX_COLUMNS && key == ' ' && b->at < b->list.n) {
		toggle_column(ui);
	} else if (b->kind == BOX_COLUMNS && key == 'r') {
		ui->tabs[ui->tab].columns.n = 0;
		ui->due |= DUE_SAVE;
	} else if (b->kind == BOX_COLUMNS && enter) {
		box_close(ui);
	}
}

void box_key(struct ui *ui, uint32_t key)
{
	struct box *b = &ui->box;

	if (key == IN_ESC || key == 3) {
		box_close(ui);
		return;
	}
	switch (key) {
	case IN_UP: move(ui, -1); return;
	case IN_DOWN: move(ui, 1); return;
	case IN_PAGE_UP: move(ui, -10); return;
	case IN_PAGE_DOWN: move(ui, 10); return;
	case IN_HOME: move(ui, -INT32_MAX); return;
	case IN_END: move(ui, INT32_MAX); return;
	}
	if (b->kind == BOX_HELP)
		box_close(ui);
	else if (b->kind == BOX_KILL || b->kind == BOX_CLOSE)
		act_key(ui, key);
	else
		chooser_key(ui, key);
}

/* ---- drawing ---------------------------------------------------------------------- */

struct frame { unsigned y, x, height, width; };

/* In the middle of the screen, as large as it may be. */
static struct frame frame_for(const struct grid *g, unsigned width, unsigned height)
{
	struct frame f = { .width = width + 4 < g->cols ? width + 4 : g->cols,
			   .height = height + 2 < g->rows ? height + 2 : g->rows };

	f.x = (g->cols - f.width) / 2;
	f.y = (g->rows - f.height) / 2;
	return f;
}

static unsigned line(struct grid *g, const struct frame *f, unsigned at, enum role role,
		     const char *text)
{
	if (at + 2 < f->height && f->width > 4)
		grid_puts(g, f->y + 1 + at, f->x + 2, f->width - 4, role, text);
	return at + 1;
}

/* Long lines go on below. */
static unsigned wrapped(struct grid *g, const struct frame *f, unsigned at, enum role role,
			const char *text)
{
	size_t len = strlen(text), cut, width;

	while (len && f->width > 4) {
		cut = text_cut(text, len, f->width - 4, &width);
		if (!cut)
			break;
		if (cut < len) {
			size_t blank = cut;

			while (blank > cut / 2 && text[blank] != ' ')
				blank--;
			cut = text[blank] == ' ' ? blank : cut;
		}
		if (at + 2 < f->height)
			grid_put(g, f->y + 1 + at, f->x + 2, f->width - 4, role, text, cut);
		at++;
		text += cut;
		len -= cut;
		while (len && *text == ' ') {
			text++;
			len--;
		}
	}
	return at;
}

static void target_lines(const struct ui *ui, struct grid *g, const struct frame *f,
			 unsigned *at, uint32_t i)
{
	static const enum lssock_act_text parts[] = {
		LSSOCK_ACT_TITLE, LSSOCK_ACT_COMMAND, LSSOCK_ACT_ENDS, LSSOCK_ACT_RESTARTS,
		LSSOCK_ACT_REFUSED
	};
	const struct box *b = &ui->box;
	const struct lssock_target *t;
	char text[512];
	size_t p;

	lssock_act_targets(b->act, &t);
	for (p = 0; p < sizeof(parts) / sizeof(*parts); p++) {
		lssock_act_text(b->act, i, parts[p], text, sizeof(text));
		if (text[0])
			*at = wrapped(g, f, *at,
				      parts[p] == LSSOCK_ACT_TITLE     ? ROLE_TITLE
				      : parts[p] == LSSOCK_ACT_REFUSED ? ROLE_PROBLEM
								       : ROLE_PLAIN,
				      text);
	}
	if (t[i].tried || b->done) {
		lssock_act_text(b->act, i, LSSOCK_ACT_OUTCOME, text, sizeof(text));
		if (text[0])
			*at = wrapped(g, f, *at, t[i].err ? ROLE_ERROR : ROLE_NEW, text);
	}
}

static void draw_signals(const struct ui *ui, struct grid *g, const struct frame *f,
			 unsigned at)
{
	const struct box *b = &ui->box;
	unsigned i, shown = f->height > at + 5 ? f->height - at - 5 : 1;
	char text[80];

	for (i = b->at >= shown ? b->at - shown + 1 : 0; i < b->list.n && shown; i++, shown--) {
		snprintf(text, sizeof(text), "%c %2d %-5s %s", i == b->at ? '>' : ' ',
			 b->list.v[i], lssock_signal_name(b->list.v[i]), signal_words[i]);
		at = line(g, f, at, i == b->at ? ROLE_TITLE : ROLE_PLAIN, text);
	}
}

/* Lines of a box for so many targets: what is said of each, then signals and keys. */
static unsigned act_height(const struct box *b, uint32_t n, unsigned width)
{
	char text[512];
	unsigned lines = 3, what;
	uint32_t i;

	for (i = 0; i < n && i < 3; i++)
		for (what = LSSOCK_ACT_TITLE; what <= LSSOCK_ACT_OUTCOME; what++) {
			if (what == LSSOCK_ACT_STOP && n > 1)
				continue;
			lssock_act_text(b->act, i, (enum lssock_act_text)what, text,
					sizeof(text));
			lines += ((unsigned)text_width(text, strlen(text)) + width - 1) / width;
		}
	return lines + (n > 3) + (b->kind == BOX_KILL && !b->done ? b->list.n + 1 : 0);
}

static void draw_act(const struct ui *ui, struct grid *g)
{
	const struct box *b = &ui->box;
	bool kill = b->kind == BOX_KILL;
	const struct lssock_target *t;
	uint32_t n = b->act ? lssock_act_targets(b->act, &t) : 0, i, shown;
	unsigned width = g->cols > 90 ? 86 : 72;
	struct frame f = frame_for(g, width, act_height(b, n, width));
	char text[512];
	unsigned at = 0;

	snprintf(text, sizeof(text), n > 1 ? "%s %u" : "%s", kill ? "Kill" : "Close", n);
	grid_frame(g, f.y, f.x, f.height, f.width, text, ui->ascii);
	if (!b->act) {
		line(g, &f, 0, ROLE_DIM, ui->status[0] ? ui->status : "looking …");
		return;
	}
	shown = n > 1 ? (f.height > 12 ? (f.height - 10) / 5 : 1) : 1;
	for (i = 0; i < n && i < (shown ? shown : 1); i++)
		target_lines(ui, g, &f, &at, i);
	if (i < n) {
		snprintf(text, sizeof(text), "and %u more", n - i);
		at = line(g, &f, at, ROLE_PLAIN, text);
	}
	if (kill && n == 1) {
		lssock_act_text(b->act, 0, LSSOCK_ACT_STOP, text, sizeof(text) - 8);
		if (text[0])
			at = wrapped(g, &f, at, ROLE_DIM, text);
	}
	at++;
	if (!b->done && kill)
		draw_signals(ui, g, &f, at);
	snprintf(text, sizeof(text), "%s", b->done ? "Enter goes back" : is_guarded(b) ?
		 "protected: type yes, then Enter; Esc does nothing" : kill ?
		 "y or Enter sends, Up/Down chooses, Esc does nothing" :
		 "y or Enter resets the connection, Esc does nothing");
	if (is_guarded(b) && b->typed.len && !b->done)
		snprintf(text, sizeof(text), "> %.*s",
			 (int)(b->typed.len < 40 ? b->typed.len : 40), b->typed.data);
	if (f.height > 2)
		line(g, &f, f.height - 3, ROLE_KEY_TEXT, text);
}

static void chooser_line(const struct ui *ui, uint32_t i, char *buf, size_t size)
{
	const struct box *b = &ui->box;
	const struct tab_state *t = &ui->tabs[ui->tab];
	struct lssock_field_info info;
	uint32_t at;
	size_t len;
	const char *name;

	buf[0] = '\0';
	if (b->kind == BOX_SETUP) {
		setting_text(ui, i, buf, size);
	} else if (b->kind == BOX_USER) {
		struct buf safe = { 0 };

		name = lssock_user(ui->snap, (uint32_t)b->list.v[i], &len);
		text_safe(&safe, name, name ? len : 0, 0);
		snprintf(buf, size, "%6u  %-20s uid %u", b->counts.v[i],
			 name ? buf_cstr(&safe) : "?", (unsigned)b->list.v[i]);
		buf_release(&safe);
	} else if (lssock_field_info((uint32_t)b->list.v[i], &info) == 0) {
		const char *box = b->kind == BOX_SORT
					  ? (t->sort.field == b->list.v[i] ? "*" : " ")
				  : has_column(ui, b->list.v[i], &at) ? "[x]"
								     : "[ ]";

		snprintf(buf, size, "%s %-15s %s", box, info.name, info.help);
	}
}

static void draw_chooser(const struct ui *ui, struct grid *g)
{
	static const char *const titles[] = {
		[BOX_SORT] = "Sort by",
		[BOX_COLUMNS] = "Columns",
		[BOX_USER] = "Only the sockets of",
		[BOX_SETUP] = "Setup",
	};
	static const char *const keys[] = {
		[BOX_SORT] = "Enter sorts, Esc goes back (I: the other way round)",
		[BOX_COLUMNS] = "Space takes or leaves, r the usual ones, Enter goes back",
		[BOX_USER] = "Enter shows only these, Esc goes back",
		[BOX_SETUP] = "Space changes, Esc goes back; kept for the next time",
	};
	const struct box *b = &ui->box;
	uint32_t n = lines_of(ui), room, top, i;
	struct frame f = frame_for(g, g->cols > 90 ? 80 : 68, n + 2);
	char text[200];

	grid_frame(g, f.y, f.x, f.height, f.width, titles[b->kind], ui->ascii);
	room = f.height > 4 ? f.height - 4 : 0;
	top = b->at >= room && room ? b->at - room + 1 : 0;
	for (i = 0; i < room && top + i < n; i++) {
		chooser_line(ui, top + i, text, sizeof(text));
		if (f.width > 4)
			grid_field(g, f.y + 1 + i, f.x + 2, f.width - 4, ROLE_PLAIN, text,
				   strlen(text), false, GRID_CUT_END, ui->ascii ? '+' : 0x2026);
		if (top + i == b->at && f.width > 2) {
			grid_flag(g, f.y + 1 + i, f.x + 1, f.width - 2, CELL_CURSOR);
			g->cursor_y = (uint16_t)(f.y + 1 + i);
			g->cursor_x = (uint16_t)(f.x + 1);
		}
	}
	if (f.height > 2)
		line(g, &f, f.height - 3, ROLE_DIM, keys[b->kind]);
}

void box_draw(const struct ui *ui, struct grid *g)
{
	switch (ui->box.kind) {
	case BOX_HELP:
		help_draw(ui, g);
		break;
	case BOX_KILL: case BOX_CLOSE:
		draw_act(ui, g);
		break;
	case BOX_SORT: case BOX_COLUMNS: case BOX_USER: case BOX_SETUP:
		draw_chooser(ui, g);
		break;
	case BOX_NONE:
		break;
	}
}
