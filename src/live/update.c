/* SPDX-License-Identifier: MIT */
/*
 * What input does to the list: one table of keys, each with its handler and its words
 * for help and manual. Prompts and boxes take the keys while they are open.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "live/deed.h"

#define STATUS_NS (4 * NS_PER_S)

void ui_say(struct ui *ui, bool bad, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ui->status, sizeof(ui->status), fmt, ap);
	va_end(ap);
	ui->status_bad = bad;
	ui->status_until_ns = ui->now_ns + STATUS_NS;
}

static struct tab_state *tab(struct ui *ui)
{
	return &ui->tabs[ui->tab];
}

/* ---- moving --------------------------------------------------------------------- */

static void key_up(struct ui *ui) { move_by(ui, -1); }
static void key_down(struct ui *ui) { move_by(ui, 1); }
static void key_page_up(struct ui *ui) { move_by(ui, -move_page(ui)); }
static void key_page_down(struct ui *ui) { move_by(ui, move_page(ui)); }
static void key_half_up(struct ui *ui) { move_by(ui, -(move_page(ui) + 1) / 2); }
static void key_half_down(struct ui *ui) { move_by(ui, (move_page(ui) + 1) / 2); }
static void key_home(struct ui *ui) { move_to(ui, 0); }
static void key_end(struct ui *ui) { move_to(ui, (int64_t)ui->items.n - 1); }
static void key_scroll_up(struct ui *ui) { move_view(ui, -1); }
static void key_scroll_down(struct ui *ui) { move_view(ui, 1); }

/* ---- tabs, groups ------------------------------------------------------------------ */

static void list_again(struct ui *ui)
{
	ui->list_due = true;
}

void ui_reorder(struct ui *ui)
{
	ui->hold_until_ns = 0;
	index_clear(&ui->places);
	ui->placed = ui->sticky.n = 0;
	list_again(ui);
}

/* The same filter may mean another list here; it was valid, so it still is. */
static void ask_again(struct ui *ui)
{
	struct lssock_err err = { .pos = -1 };
	struct buf text = { 0 };

	buf_put(&text, ui->filter.data, ui->filter.len);
	if (ui_filter(ui, buf_cstr(&text), &err) < 0)
		ui_say(ui, true, "%s", err.msg);
	buf_release(&text);
	ui_reorder(ui);
}

static void to_tab(struct ui *ui, int which)
{
	if ((unsigned)which >= N_TABS || which == (int)ui->tab)
		return;
	if (which == TAB_UNIX || which == TAB_LISTEN || ui->tab == TAB_LISTEN)
		ui->due |= DUE_ASK;
	ui->tab = (enum tab)which;
	ask_again(ui);
}

static void key_tab(struct ui *ui) { to_tab(ui, (ui->tab + 1) % N_TABS); }
static void key_back_tab(struct ui *ui) { to_tab(ui, (ui->tab + N_TABS - 1) % N_TABS); }
static void key_tab_1(struct ui *ui) { to_tab(ui, TAB_SOCKETS); }
static void key_tab_2(struct ui *ui) { to_tab(ui, TAB_LISTEN); }
static void key_tab_3(struct ui *ui) { to_tab(ui, TAB_GROUPS); }
static void key_tab_4(struct ui *ui) { to_tab(ui, TAB_CLOSED); }
static void key_tab_5(struct ui *ui) { to_tab(ui, TAB_UNIX); }

static bool is_rolled(const struct ui *ui)
{
	return ui->tab == TAB_GROUPS || ui->tab == TAB_LISTEN;
}

static void key_group(struct ui *ui)
{
	if (ui->tab != TAB_GROUPS) {
		to_tab(ui, TAB_GROUPS);
		return;
	}
	ui->group = (ui->group + 1) % N_GROUPS;
	ui->open.n = 0;
	ui->all_open = false;
	tab(ui)->anchored = false;
	tab(ui)->top = 0;
	ui_say(ui, false, "by %s", group_name(ui->group));
	ui_reorder(ui);
}

/* The group of the line or of its parent; its place in the list, -1. */
static int64_t parent_at(const struct ui *ui)
{
	const struct item *i = ui_current(ui);
	int64_t at = i ? i - ui->items.v : -1;

	while (at >= 0 && ui->items.v[at].kind == ITEM_SOCKET)
		at--;
	return is_rolled(ui) ? at : -1;
}

static void unfold(struct ui *ui, bool open)
{
	int64_t at = parent_at(ui);
	uint32_t i;
	uint64_t key, *place;

	if (at < 0) {
		ui_say(ui, false, "only groups fold (t shows them)");
		return;
	}
	key = ui->items.v[at].id.id;
	for (i = 0; i < ui->open.n && ui->open.v[i] != key; i++)
		;
	if (open != ui->all_open && i == ui->open.n) {
		place = vec_push(&ui->open);
		if (place)
			*place = key;
	} else if (open == ui->all_open && i < ui->open.n) {
		ui->open.v[i] = ui->open.v[--ui->open.n];
	}
	move_to(ui, at);
	list_again(ui);
}

static void key_unfold(struct ui *ui) { unfold(ui, true); }
static void key_fold(struct ui *ui) { unfold(ui, false); }

static void key_fold_all(struct ui *ui)
{
	ui->all_open = !ui->all_open;
	ui->open.n = 0;
	list_again(ui);
}

static void key_parent(struct ui *ui)
{
	int64_t at = parent_at(ui);

	if (at >= 0)
		move_to(ui, at);
}

static void key_left(struct ui *ui)
{
	if (is_rolled(ui))
		unfold(ui, false);
	else if (tab(ui)->sideways >= 8)
		tab(ui)->sideways -= 8;
}

static void key_right(struct ui *ui)
{
	if (is_rolled(ui))
		unfold(ui, true);
	else if (tab(ui)->sideways < 400)
		tab(ui)->sideways += 8;
}

/* ---- filters ------------------------------------------------------------------------ */

static void key_find(struct ui *ui) { prompt_open(ui, PROMPT_FIND, ""); }
static void key_filter(struct ui *ui) { prompt_open(ui, PROMPT_FILTER, buf_cstr(&ui->filter)); }

static void key_this_process(struct ui *ui) { find_only(ui, "pid", "process"); }
static void key_this_remote(struct ui *ui) { find_only(ui, "raddr", "remote address"); }
static void key_user(struct ui *ui) { box_open(ui, BOX_USER); }

static void key_all(struct ui *ui)
{
	ui->all = !ui->all;
	ui_say(ui, false, ui->all ? "all states are shown" : "time-wait and closed are hidden");
	ask_again(ui);
}

static void key_loopback(struct ui *ui)
{
	ui->no_loopback = !ui->no_loopback;
	ui_say(ui, false, ui->no_loopback ? "loopback is hidden" : "loopback is shown");
	ask_again(ui);
}

static void key_problems(struct ui *ui)
{
	ui->problems_only = !ui->problems_only;
	ui_say(ui, false, ui->problems_only ? "only problems" : "not only problems");
	ask_again(ui);
}

static void key_next(struct ui *ui) { find_next(ui, 1); }
static void key_previous(struct ui *ui) { find_next(ui, -1); }

/* ---- order ----------------------------------------------------------------------------- */

static void key_sort(struct ui *ui) { box_open(ui, BOX_SORT); }

/* The numbers at the right end of a list are its usual keys. */
static const char *const sort_fields[N_TABS][9] = {
	[TAB_SOCKETS] = { "proc", "pid", "local", "remote", "state", "rx", "tx", "rtt", NULL },
	[TAB_LISTEN] = { "lport", "proto", "scope", "queue", "clients", "user", "pid", "proc" },
	[TAB_GROUPS] = { "proc", "nowners", "rx", "tx", NULL },
	[TAB_CLOSED] = { "closed", "lasted", "proc", "pid", "local", "remote", "in", "out" },
	[TAB_UNIX] = { "proc", "pid", "path", "peer", "state", "recvq", NULL },
};

static void step_sort(struct ui *ui, int by)
{
	struct sort *s = &tab(ui)->sort;
	const char *const *list = sort_fields[ui->tab];
	int n, i;
	struct lssock_field_info info;

	for (n = 0; n < 9 && list[n]; n++)
		;
	for (i = 0; i < n && lssock_field_find(list[i]) != s->field; i++)
		;
	i = i == n ? 0 : (i + by + n) % n;
	s->field = lssock_field_find(list[i]);
	if (s->field >= 0 && lssock_field_info((uint32_t)s->field, &info) == 0)
		ui_say(ui, false, "sorted by %s", info.head);
	ui_reorder(ui);
}

static void key_sort_left(struct ui *ui) { step_sort(ui, -1); }
static void key_sort_right(struct ui *ui) { step_sort(ui, 1); }

static void key_reverse(struct ui *ui)
{
	tab(ui)->sort.descending = !tab(ui)->sort.descending;
	ui_say(ui, false, tab(ui)->sort.descending ? "largest first" : "smallest first");
	ui_reorder(ui);
}

static void sort_by(struct ui *ui, const char *field, const char *what)
{
	tab(ui)->sort = (struct sort){ .field = lssock_field_find(field), .descending = true };
	ui_say(ui, false, "sorted by %s", what);
	ui_reorder(ui);
}

static void key_by_rate(struct ui *ui) { sort_by(ui, "rate", "rate, both ways"); }
static void key_by_memory(struct ui *ui) { sort_by(ui, "rmem", "receive memory"); }
static void key_by_idle(struct ui *ui) { sort_by(ui, "idle", "idle time"); }

static void key_lock(struct ui *ui)
{
	ui->locked = !ui->locked;
	ui_say(ui, false, ui->locked ? "the order is locked (o unlocks)" : "the order is free");
	list_again(ui);
}

static void key_pause(struct ui *ui)
{
	ui->paused = !ui->paused;
	if (!ui->paused && ui->fresh) {
		lssock_snap_free(ui->snap);
		ui->snap = ui->fresh;
		ui->fresh = NULL;
	}
	ui_say(ui, false,
	       ui->paused ? "paused: the picture stands, all else works (Z goes on)"
			  : "goes on");
	list_again(ui);
}

/* ---- tags, pins ------------------------------------------------------------------------- */

static void put_id(struct ui *ui, bool pin, struct row_id id)
{
	struct row_id **v = pin ? &ui->pinned.v : &ui->tagged.v;
	uint32_t *n = pin ? &ui->pinned.n : &ui->tagged.n, i;
	struct row_id *place;

	for (i = 0; i < *n; i++)
		if (same_id((*v)[i], id)) {
			(*v)[i] = (*v)[--*n];
			return;
		}
	place = pin ? vec_push(&ui->pinned) : vec_push(&ui->tagged);
	if (place)
		*place = id;
}

static void key_tag(struct ui *ui)
{
	const struct item *i = ui_current(ui);

	if (!i)
		return;
	put_id(ui, false, i->id);
	move_by(ui, 1);
	ui_say(ui, false, "%u tagged (U: none)", ui->tagged.n);
}

static void key_untag(struct ui *ui)
{
	ui->tagged.n = 0;
	ui_say(ui, false, "nothing is tagged");
	list_again(ui);
}

static void key_pin(struct ui *ui)
{
	const struct item *i = ui_current(ui);

	if (!i)
		return;
	put_id(ui, true, i->id);
	ui_reorder(ui);
}

static void key_unpin(struct ui *ui)
{
	ui->pinned.n = 0;
	ui_say(ui, false, "nothing is pinned");
	ui_reorder(ui);
}

/* ---- acting, copying, export ------------------------------------------------------ */

static bool may_act(struct ui *ui, const char *verb)
{
	if (ui->readonly)
		ui_say(ui, true, "--readonly: nothing is %s", verb);
	else if (ui->replay)
		ui_say(ui, true, "this is a recording: nothing can be %s", verb);
	else if (!ui->tagged.n && !tab(ui)->anchored)
		ui_say(ui, true, "no row is chosen: move there, or tag some with Space");
	else
		return true;
	return false;
}

static void key_kill(struct ui *ui)
{
	if (may_act(ui, "signalled"))
		box_open(ui, BOX_KILL);
}

static void key_close(struct ui *ui)
{
	if (may_act(ui, "closed"))
		box_open(ui, BOX_CLOSE);
}

static void key_copy(struct ui *ui) { deed_copy(ui, false); }
static void key_copy_row(struct ui *ui) { deed_copy(ui, true); }

static void key_export(struct ui *ui)
{
	char name[160];

	if (!ui->snap)
		return;
	deed_export_name(ui, name, sizeof(name));
	prompt_open(ui, PROMPT_EXPORT, name);
}

/* ---- the rest --------------------------------------------------------------------- */

static void key_pane(struct ui *ui)
{
	if (!tab(ui)->anchored)
		move_to(ui, tab(ui)->top);
	ui->pane = (ui->pane + 1) % 3;
	ui->pane_top = 0;
	ui->list_due = true;
}

static void key_names(struct ui *ui)
{
	ui->service_names = !ui->service_names;
	ui_say(ui, false, ui->service_names ? "ports by name" : "ports by number");
}

static void key_hosts(struct ui *ui)
{
	if (ui->replay) {
		ui_say(ui, true, "this is a recording: names of hosts are not looked up");
		return;
	}
	ui->host_names = !ui->host_names;
	ui_say(ui, false, ui->host_names ? "hosts by name, as they are found" :
	       "hosts by number");
}

static void key_process(struct ui *ui)
{
	static const char *const as[] = { "name", "path", "command line" };

	ui->proc_as = (ui->proc_as + 1) % 3;
	ui_say(ui, false, "processes by %s", as[ui->proc_as]);
}

static void key_columns(struct ui *ui) { box_open(ui, BOX_COLUMNS); }
static void key_setup(struct ui *ui) { box_open(ui, BOX_SETUP); }
static void key_help(struct ui *ui) { box_open(ui, BOX_HELP); }
static void key_interval(struct ui *ui) { prompt_open(ui, PROMPT_INTERVAL, ""); }

static void key_mouse(struct ui *ui)
{
	ui->mouse = !ui->mouse;
	ui->due |= DUE_MOUSE;
	ui_say(ui, false, ui->mouse ? "mouse on (Shift selects text)" : "mouse off");
}

static void key_header(struct ui *ui)
{
	ui->header = (ui->header + 2) % 3;
}

static void key_refresh(struct ui *ui)
{
	ui->due |= DUE_REFRESH;
	ui_say(ui, false, "asked again");
}

static void key_repaint(struct ui *ui) { ui->due |= DUE_REPAINT; }
static void key_suspend(struct ui *ui) { ui->due |= DUE_SUSPEND; }
static void key_exit(struct ui *ui) { ui->due |= DUE_QUIT; }

static void key_quit(struct ui *ui)
{
	if (ui->pane)
		ui->pane = 0;
	else
		ui->due |= DUE_QUIT;
}

/* A step back: pane, filter, hold, cursor. */
static void key_back(struct ui *ui)
{
	struct tab_state *t = tab(ui);

	if (ui->pane) {
		ui->pane = 0;
	} else if (ui->filter.len || ui->problems_only) {
		ui->problems_only = false;
		ui_filter(ui, "", NULL);
		ui_reorder(ui);
		ui_say(ui, false, "no filter");
	} else if (ui->locked) {
		key_lock(ui);
	} else {
		t->anchored = false;
		t->top = 0;
		ui_reorder(ui);
	}
}

/* ---- the table -------------------------------------------------------------------- */

#define QUIET 1			/* the order is not held because of it */

struct binding {
	uint32_t keys[5];
	void (*handle)(struct ui *ui);
	unsigned flags;
	const char *words, *help;	/* NULL: said by the row before */
};

static const struct binding bindings[] = {
	{ { IN_UP, 'k' }, key_up, 0, "Up Down j k", "move" },
	{ { IN_DOWN, 'j' }, key_down, 0, NULL, NULL },
	{ { IN_PAGE_UP, 2 }, key_page_up, 0, "PgUp PgDn ^F ^B", "a page" },
	{ { IN_PAGE_DOWN, 6 }, key_page_down, 0, NULL, NULL },
	{ { 4 }, key_half_down, 0, "^D ^U", "half a page" },
	{ { 21 }, key_half_up, 0, NULL, NULL },
	{ { IN_HOME, 'g' }, key_home, 0, "Home End g G", "first, last row" },
	{ { IN_END, 'G' }, key_end, 0, NULL, NULL },
	{ { IN_SHIFT_UP }, key_scroll_up, 0, "Shift-Up Down", "move only the view" },
	{ { IN_SHIFT_DOWN }, key_scroll_down, 0, NULL, NULL },
	{ { IN_LEFT }, key_left, 0, "Left Right", "sideways; (un)fold" },
	{ { IN_RIGHT }, key_right, 0, NULL, NULL },
	{ { 0 }, NULL, 0, "0-9", "to port, else to pid" },
	{ { IN_ENTER, 'i', 10 }, key_pane, 0, "Enter i", "details, full screen" },
	{ { '/', IN_F3 }, key_find, 0, "/ F3 n N", "find, next, previous" },
	{ { 'n' }, key_next, 0, NULL, NULL },
	{ { 'N' }, key_previous, 0, NULL, NULL },
	{ { '&', '\\', IN_F4 }, key_filter, 0, "& \\ F4", "filter" },
	{ { 'l' }, key_this_process, QUIET, "l", "only this process" },
	{ { 'R' }, key_this_remote, QUIET, "R", "only this remote" },
	{ { 'u' }, key_user, QUIET, "u", "only one user" },
	{ { 'a' }, key_all, QUIET, "a", "all states, or not" },
	{ { 'L' }, key_loopback, QUIET, "L", "loopback, or not" },
	{ { '!' }, key_problems, QUIET, "!", "only problems" },
	{ { IN_ESC }, key_back, QUIET, "Esc", "a step back" },
	{ { 't', IN_F5 }, key_group, QUIET, "t F5", "groups, the next key" },
	{ { '+' }, key_unfold, 0, "+ - *", "unfold, fold, all" },
	{ { '-' }, key_fold, 0, NULL, NULL },
	{ { '*' }, key_fold_all, 0, NULL, NULL },
	{ { IN_BACKSPACE }, key_parent, 0, "Backspace", "to its group" },
	{ { 's', IN_F6 }, key_sort, 0, "s F6", "sort by" },
	{ { '<', ',' }, key_sort_left, QUIET, "< >", "by the next column" },
	{ { '>', '.' }, key_sort_right, QUIET, NULL, NULL },
	{ { 'I', 'S' }, key_reverse, QUIET, "I S", "the other way round" },
	{ { 'P' }, key_by_rate, QUIET, "P M T", "by rate, memory, idle" },
	{ { 'M' }, key_by_memory, QUIET, NULL, NULL },
	{ { 'T' }, key_by_idle, QUIET, NULL, NULL },
	{ { 'o' }, key_lock, QUIET, "o", "lock the order" },
	{ { 'Z', IN_F7 }, key_pause, 0, "Z F7", "pause" },
	{ { 'w' }, key_pin, QUIET, "w W", "pin the row, unpin all" },
	{ { 'W' }, key_unpin, QUIET, NULL, NULL },
	{ { ' ' }, key_tag, 0, "Space U", "tag, untag all" },
	{ { 'U' }, key_untag, 0, NULL, NULL },
	{ { 'K', IN_F9 }, key_kill, 0, "K F9", "kill the process" },
	{ { 'X', IN_F8 }, key_close, 0, "X F8", "close the socket" },
	{ { 'c', 'y' }, key_copy, 0, "c y", "copy the remote end" },
	{ { 'Y' }, key_copy_row, 0, "Y", "copy the row" },
	{ { 'x' }, key_export, 0, "x", "export what is shown" },
	{ { 'd' }, key_hosts, QUIET, "d p", "hosts, ports by name" },
	{ { 'p' }, key_names, QUIET, NULL, NULL },
	{ { 'e' }, key_process, QUIET, "e", "name, path or command" },
	{ { 'f' }, key_columns, 0, "f", "columns" },
	{ { IN_F2, 'C' }, key_setup, 0, "F2 C", "setup" },
	{ { 'D' }, key_interval, 0, "D", "interval" },
	{ { 'm' }, key_mouse, QUIET, "m", "mouse on, off" },
	{ { '#' }, key_header, QUIET, "#", "lines of the header" },
	{ { 'r' }, key_refresh, QUIET, "r ^L", "ask again; repaint" },
	{ { 12 }, key_repaint, QUIET, NULL, NULL },
	{ { IN_TAB }, key_tab, QUIET, "Tab Alt-1..5", "tabs" },
	{ { IN_BACKTAB }, key_back_tab, QUIET, NULL, NULL },
	{ { IN_ALT | '1' }, key_tab_1, QUIET, NULL, NULL },
	{ { IN_ALT | '2' }, key_tab_2, QUIET, NULL, NULL },
	{ { IN_ALT | '3' }, key_tab_3, QUIET, NULL, NULL },
	{ { IN_ALT | '4' }, key_tab_4, QUIET, NULL, NULL },
	{ { IN_ALT | '5' }, key_tab_5, QUIET, NULL, NULL },
	{ { '?', 'h', IN_F1 }, key_help, 0, "? h F1", "help" },
	{ { 'q' }, key_quit, 0, "q F10 ^C", "quit" },
	{ { IN_F10, 3 }, key_exit, 0, NULL, NULL },
	{ { 26 }, key_suspend, 0, "^Z", "suspend" },
};
#define N_BINDINGS (sizeof(bindings) / sizeof(bindings[0]))

uint32_t ui_help_rows(void)
{
	return N_BINDINGS;
}

bool ui_help_row(uint32_t i, const char **ret_keys, const char **ret_help)
{
	if (i >= N_BINDINGS || !bindings[i].words)
		return false;
	*ret_keys = bindings[i].words;
	*ret_help = bindings[i].help;
	return true;
}

/* keymap = htop: k kills, and K does what k did. */
static uint32_t mapped(const struct ui *ui, uint32_t key)
{
	if (!ui->htop_keys)
		return key;
	return key == 'k' ? 'K' : key == 'K' ? 'k' : key;
}

static void list_key(struct ui *ui, uint32_t key)
{
	char name[16];
	size_t i, n;

	if (key >= '0' && key <= '9') {
		find_digit(ui, key);
		ui->hold_until_ns = ui->now_ns + HOLD_NS;
		return;
	}
	key = mapped(ui, key);
	for (i = 0; i < N_BINDINGS; i++)
		for (n = 0; n < 5 && bindings[i].keys[n]; n++) {
			if (bindings[i].keys[n] != key)
				continue;
			if (!(bindings[i].flags & QUIET))
				ui->hold_until_ns = ui->now_ns + HOLD_NS;
			bindings[i].handle(ui);
			return;
		}
	ui_say(ui, false, "%s does nothing here (? lists the keys)", input_key_name(key, name));
}

/* ---- the mouse -------------------------------------------------------------------- */

static void click(struct ui *ui, const struct input *in)
{
	unsigned top = ui_list_top(ui);
	struct sort *s = &tab(ui)->sort;
	int found;

	if (in->y + 1u == ui->lines) {
		uint32_t key = ui_key_at(ui, in->x);

		if (key)
			list_key(ui, key);
		return;
	}
	if (top >= 2 && in->y + 2u == top && (found = ui_tab_at(ui, in->x)) >= 0) {
		to_tab(ui, found);
		return;
	}
	if (top >= 1 && in->y + 1u == top) {
		found = ui_column_at(ui, in->x);
		if (found < 0)
			return;
		s->descending = s->field == found ? !s->descending : true;
		s->field = found;
		ui_reorder(ui);
		return;
	}
	if (in->y < top || in->y >= top + ui_list_lines(ui))
		return;
	move_to(ui, (int64_t)tab(ui)->top + in->y - top);
	ui->hold_until_ns = ui->now_ns + HOLD_NS;
	if (in->mouse == MOUSE_DOUBLE && !ui->pane)
		key_pane(ui);
}

static void mouse(struct ui *ui, const struct input *in)
{
	if (ui->box.kind || ui->prompt.kind)
		return;
	if (in->mouse == MOUSE_WHEEL_UP || in->mouse == MOUSE_WHEEL_DOWN)
		move_view(ui, in->mouse == MOUSE_WHEEL_UP ? -3 : 3);
	else
		click(ui, in);
}

/* ---- input ------------------------------------------------------------------------ */

void ui_input(struct ui *ui, const struct input *in)
{
	switch (in->type) {
	case INPUT_RESIZE:
		ui->cols = in->x;
		ui->lines = in->y;
		ui->due |= DUE_REPAINT;
		ui->list_due = true;
		break;
	case INPUT_MOUSE:
		mouse(ui, in);
		break;
	case INPUT_KEY:
		if (ui->box.kind)
			box_key(ui, in->key);
		else if (ui->prompt.kind)
			prompt_key(ui, in->key);
		else
			list_key(ui, in->key);
		break;
	case INPUT_NONE: case INPUT_PASTE:
		break;
	}
}

void ui_tick(struct ui *ui, uint64_t now_ns)
{
	bool held = ui_held(ui);

	ui->now_ns = now_ns;
	if (ui->status_until_ns && now_ns > ui->status_until_ns) {
		ui->status[0] = '\0';
		ui->status_until_ns = 0;
	}
	if (held && !ui_held(ui))
		ui->list_due = true;
}
