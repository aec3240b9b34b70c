/* SPDX-License-Identifier: MIT */
/*
 * The screen from the state: header, tabs and list. It changes nothing; the same state
 * gives the same cells. Boxes and prompts draw themselves (box.c, prompt.c), the pane is in
 * pane.c, the two lines below all that in status.c.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "live/columns.h"

#define PANE_LINES 15			/* on a screen of 50 lines and more */

static const char *const tab_names[N_TABS] = {
	"Sockets", "Listening", "Groups", "Closed", "Unix"
};

/* ---- where things are --------------------------------------------------------------- */

static unsigned header_lines(const struct ui *ui)
{
	unsigned most = ui->lines < 10 ? 0 : ui->lines < 14 ? 1 : 2;

	return ui->header < most ? ui->header : most;
}

static unsigned pane_lines(const struct ui *ui)
{
	unsigned rest = ui->lines > header_lines(ui) + 4 ? ui->lines - header_lines(ui) - 4 : 0;

	if (!ui->pane || !rest)
		return 0;
	if (ui->pane == 2 || rest < 6)
		return rest;
	if (ui->lines > 60)
		return PANE_LINES + (ui->lines - 60) / 3;
	return ui->lines >= 50 ? PANE_LINES : rest * 13 / 18;
}

unsigned ui_list_top(const struct ui *ui)
{
	return header_lines(ui) + 2;
}

unsigned ui_list_lines(const struct ui *ui)
{
	unsigned used = ui_list_top(ui) + 2 + pane_lines(ui);

	return ui->lines > used ? ui->lines - used : 0;
}

/* ---- header ---------------------------------------------------------------------------- */

static void right(struct grid *g, unsigned y, unsigned from, enum role role, const char *text)
{
	unsigned width = (unsigned)text_width(text, strlen(text));

	if (from + width <= g->cols)
		grid_puts(g, y, g->cols - width, width, role, text);
	else if (from < g->cols)
		grid_puts(g, y, from, g->cols - from, role, text);
}

static void interval(const struct ui *ui, char *buf, size_t size)
{
	char every[16], scan[16];
	uint64_t us = ui->auto_us ? ui->auto_us : ui->interval_us;

	if (us % 1000000)
		snprintf(every, sizeof(every), "%.1fs", (double)us / 1e6);
	else
		snprintf(every, sizeof(every), "%us", (unsigned)(us / 1000000));
	short_time(ui->scan_us, scan);
	snprintf(buf, size, ui->cols >= 120 ? "every %s%s (scan %s)" : "every %s%s", every,
		 ui->auto_us ? " (auto)" : "", scan);
}

static void put_text(struct buf *b, const struct lssock_snap *s, uint32_t id)
{
	size_t len;
	const char *text = lssock_string(s, id, &len);

	if (text)
		text_safe(b, text, len, 0);
}

static void clock_text(uint64_t ns, char *buf, size_t size)
{
	time_t s = (time_t)(ns / NS_PER_S);
	struct tm tm;

	buf[0] = '\0';
	if (localtime_r(&s, &tm))
		strftime(buf, size, "%H:%M:%S", &tm);
}

/* As many words as there is room for. */
static void counts(const struct ui *ui, size_t room, char *buf, size_t size)
{
	uint32_t listen = ui->n_listen, estab = ui->counts[LSSOCK_ESTABLISHED];
	uint32_t cwait = ui->counts[LSSOCK_CLOSE_WAIT], twait = ui->counts[LSSOCK_TIME_WAIT];
	uint32_t other = ui->n_sockets - listen - estab - cwait - twait;

	if (ui->tab == TAB_GROUPS) {
		snprintf(buf, size, "%u socket%s in %u group%s", ui->matched,
			 ui->matched == 1 ? "" : "s", ui->groups.n,
			 ui->groups.n == 1 ? "" : "s");
		return;
	}
	if (ui->tab == TAB_LISTEN) {
		snprintf(buf, size, "%u listening, %u service%s", ui->n_listen, ui->groups.n,
			 ui->groups.n == 1 ? "" : "s");
		return;
	}
	snprintf(buf, size, "%u sockets: %u listen  %u estab  %u close-wait  %u time-wait  "
		 "%u other", ui->n_sockets, listen, estab, cwait, twait, other);
	if (strlen(buf) > room)
		snprintf(buf, size, "%u sockets: %u listen %u estab %u t-wait %u c-wait",
			 ui->n_sockets, listen, estab, twait, cwait);
	if (strlen(buf) > room)
		snprintf(buf, size, "%u sockets: %u listen %u estab", ui->n_sockets, listen,
			 estab);
	if (strlen(buf) > room)
		snprintf(buf, size, "%u sockets", ui->n_sockets);
}

static void draw_title(const struct ui *ui, struct grid *g)
{
	const struct lssock_meta *m = lssock_snap_meta(ui->snap);
	struct buf b = { 0 };
	char text[160];
	unsigned x;

	x = grid_puts(g, 0, 0, g->cols, ROLE_TITLE, "lssock  ");
	put_text(&b, ui->snap, m->host);
	if (ui->cols >= 120) {
		buf_puts(&b, "  Linux ");
		put_text(&b, ui->snap, m->kernel);
		clock_text(m->now_ns, text, sizeof(text));
		buf_puts(&b, "  ");
		buf_puts(&b, text);
	}
	buf_puts(&b, "  ");
	interval(ui, text, sizeof(text));
	buf_puts(&b, text);
	if (ui->paused)
		buf_puts(&b, "  PAUSED");
	if (ui->replay)
		buf_puts(&b, "  recording");
	if (!m->complete)
		buf_puts(&b, "  INCOMPLETE");
	x += grid_put(g, 0, x, g->cols - x, ROLE_PLAIN, b.data, b.len);
	counts(ui, ui->cols > x + 2 ? ui->cols - x - 2 : 0, text, sizeof(text));
	right(g, 0, x + 2, ROLE_PLAIN, text);
	buf_release(&b);
}

static void list_problems(const struct ui *ui, struct buf *b)
{
	const char *gap = ": ";
	unsigned p;

	for (p = 1; p < LSSOCK_N_PROBLEM; p++)
		if (ui->problems[p]) {
			buf_printf(b, "%s%u %s", gap, ui->problems[p],
				   lssock_problem_name((enum lssock_problem)p));
			gap = ", ";
		}
}

/* "owners 330/342": of how many it is known who has them, or why nobody. */
static bool put_owners(const struct ui *ui, struct buf *b)
{
	if (!ui->snap || !lssock_snap_meta(ui->snap)->owners_asked) {
		buf_puts(b, ui->owners ? "owners ..." : "owners not asked");
		return false;
	}
	buf_printf(b, "owners %u/%u", ui->owned, ui->ownable);
	return ui->owned < ui->ownable;
}

static void draw_problems(const struct ui *ui, struct grid *g, unsigned y, unsigned from)
{
	struct buf b = { 0 }, owners = { 0 };
	bool missing = false;
	unsigned width;

	if (ui->n_problems) {
		buf_printf(&b, "! %u problem%s", ui->n_problems,
			   ui->n_problems == 1 ? "" : "s");
		if (ui->cols >= 150)
			list_problems(ui, &b);
	}
	if (ui->cols < 150) {
		buf_puts(&owners, "   ");
		missing = put_owners(ui, &owners);
	}
	/* how much is known is always said */
	width = (unsigned)(b.len + owners.len);
	if (from + width < g->cols)
		grid_put(g, y, g->cols - width, width, ROLE_PROBLEM, b.data, b.len);
	if (from + owners.len <= g->cols) {
		grid_put(g, y, g->cols - (unsigned)owners.len, (unsigned)owners.len,
			 missing ? ROLE_PROBLEM : ROLE_PLAIN, owners.data, owners.len);
	}
	buf_release(&b);
	buf_release(&owners);
}

static void draw_rates(const struct ui *ui, struct grid *g, unsigned y)
{
	const char *more = ui->more_changed ? ">" : "";
	char rx[16], tx[16], text[160];
	struct buf b = { 0 };
	unsigned x;

	short_rate((double)ui->rx, rx);
	short_rate((double)ui->tx, tx);
	if (!ui->rates)
		rx[0] = tx[0] = '.', rx[1] = tx[1] = '\0';
	if (ui->tab == TAB_LISTEN)
		snprintf(text, sizeof(text), "%ssince start: +%u -%u",
			 g->cols < 120 ? "" : "changed ", ui->listen_added,
			 ui->listen_removed);
	else
		snprintf(text, sizeof(text), g->cols < 72 ? "rx %s%s  tx %s%s" :
			 "rx %s%s  tx %s%s  opened %s%.0f/s  closed %s%.0f/s", rx,
			 ui->rates ? "/s" : "", tx, ui->rates ? "/s" : "",
			 more, (double)ui->opened, more, (double)ui->closed);
	buf_puts(&b, text);
	if (ui->tab == TAB_LISTEN)
		judged_text(ui, &b);
	x = grid_puts(g, y, 0, g->cols, ROLE_PLAIN, buf_cstr(&b));
	buf_release(&b);
	if (ui->missed || ui->missed_unknown) {
		snprintf(text, sizeof(text), "  %s%u events missed",
			 ui->missed_unknown ? ">=" : "", ui->missed);
		x += grid_puts(g, y, x, g->cols - x, ROLE_PROBLEM, text);
	}
	draw_problems(ui, g, y, x + 2);
}

static void draw_header(const struct ui *ui, struct grid *g)
{
	unsigned lines = header_lines(ui);

	if (lines && !ui->snap)
		grid_puts(g, 0, 0, g->cols, ROLE_TITLE, "lssock");
	if (!ui->snap)
		return;
	if (lines)
		draw_title(ui, g);
	if (lines > 1)
		draw_rates(ui, g, 1);
}

/* ---- tabs ------------------------------------------------------------------------- */

static void tab_text(const struct ui *ui, enum tab tab, char buf[40])
{
	char count[16] = "";

	if (ui->cols >= 120 && tab == TAB_CLOSED)
		snprintf(count, sizeof(count), " %u", ui->n_closed);
	if (ui->cols >= 120 && tab == TAB_UNIX && ui->n_unix)
		snprintf(count, sizeof(count), " %u", ui->n_unix);
	if (ui->cols < 60)
		snprintf(buf, 40, tab == ui->tab ? "[%.3s]" : " %.3s ", tab_names[tab]);
	else
		snprintf(buf, 40, tab == ui->tab ? "[%s%s]" : " %s%s ", tab_names[tab], count);
}

int ui_tab_at(const struct ui *ui, unsigned x)
{
	char text[40];
	unsigned at = 0, tab;

	for (tab = 0; tab < N_TABS; tab++) {
		tab_text(ui, (enum tab)tab, text);
		at += (unsigned)strlen(text);
		if (x < at)
			return (int)tab;
	}
	return -1;
}

static const char *sort_head(const struct ui *ui)
{
	static struct lssock_field_info none;
	const struct sort *s = &ui->tabs[ui->tab].sort;
	struct lssock_field_info info = none;

	if (s->field < 0 || lssock_field_info((uint32_t)s->field, &info) < 0)
		return "-";
	if (!strcmp(info.name, "rx"))
		return "RX/s";
	if (!strcmp(info.name, "tx"))
		return "TX/s";
	return info.head;
}

static void order_text(const struct ui *ui, struct buf *b)
{
	uint64_t left = ui->hold_until_ns > ui->now_ns ? ui->hold_until_ns - ui->now_ns : 0;

	if (ui->tab == TAB_GROUPS)
		buf_printf(b, "by %s (t: next)  ", group_name(ui->group));
	if (ui->paused)
		buf_puts(b, "paused");
	else if (ui->locked)
		buf_puts(b, "order locked");
	else if (ui->box.kind || ui->prompt.kind)
		buf_puts(b, "order held");
	else if (left)
		buf_printf(b, "order held %us", (unsigned)((left + NS_PER_S - 1) / NS_PER_S));
	else
		buf_printf(b, "sort %s %c", sort_head(ui),
			   ui->tabs[ui->tab].sort.descending ? 'v' : '^');
}

/* Where there is not room for both: the filter if there is one, else the order. */
static void order_and_filter(const struct ui *ui, struct buf *b, size_t room)
{
	bool filtered = ui->filter.len || ui->problems_only || ui->no_loopback;
	size_t before = b->len, order;

	order_text(ui, b);
	order = b->len;
	if (filtered)
		buf_printf(b, "   filter: %u/%u (Esc)", ui->matched, ui->total);
	else if (ui->tab != TAB_GROUPS || ui->cols >= 100)
		buf_puts(b, "   filter: none");
	if (text_width(b->data, b->len) <= room)
		return;
	b->len = filtered ? before : order;
	if (filtered)
		buf_printf(b, "filter: %u/%u (Esc)", ui->matched, ui->total);
}

static void draw_tabs(const struct ui *ui, struct grid *g, unsigned y)
{
	struct buf b = { 0 };
	char text[40];
	unsigned tab, x = 0;

	for (tab = 0; tab < N_TABS; tab++) {
		tab_text(ui, (enum tab)tab, text);
		x += grid_puts(g, y, x, g->cols - x,
			       tab == ui->tab ? ROLE_TAB_ON : ROLE_TAB, text);
	}
	if (ui->cols >= 150) {
		if (put_owners(ui, &b))
			buf_printf(&b, " (%u not to be had)", ui->ownable - ui->owned);
		if (ui->snap && lssock_snap_meta(ui->snap)->n_ns > 1)
			buf_printf(&b, "   of %u namespaces", lssock_snap_meta(ui->snap)->n_ns);
		buf_puts(&b, "   ");
	}
	order_and_filter(ui, &b, x + 1 < g->cols ? g->cols - x - 1 : 0);
	right(g, y, x + 1, ROLE_PLAIN, buf_cstr(&b));
	buf_release(&b);
}

/* ---- the list --------------------------------------------------------------------- */

static bool is_sorted_by(const struct ui *ui, const struct column *c)
{
	return c->index >= 0 && ui->tabs[ui->tab].sort.field == c->index;
}

int ui_column_at(const struct ui *ui, unsigned x)
{
	struct column columns[COLUMNS_MAX];
	unsigned n = columns_of(ui, ui->cols, columns), i;

	x += ui->tabs[ui->tab].sideways;
	for (i = 0; i < n; i++)
		if (x >= columns[i].x && x < columns[i].x + columns[i].width)
			return columns[i].index;
	return -1;
}

/* Columns of a wide list are reached sideways. */
static bool visible(const struct ui *ui, const struct column *c, unsigned cols, unsigned *ret_x,
		    unsigned *ret_width)
{
	unsigned shift = ui->tabs[ui->tab].sideways;

	if (c->x < shift + 1 || c->x - shift >= cols)
		return false;
	*ret_x = c->x - shift;
	*ret_width = *ret_x + c->width <= cols ? c->width : cols - *ret_x;
	return true;
}

static void draw_heads(const struct ui *ui, struct grid *g, unsigned y, const struct column *c,
		       unsigned n)
{
	unsigned i, x, width;
	char text[64];

	grid_fill(g, y, 0, g->cols, ROLE_HEAD, ' ');
	for (i = 0; i < n; i++) {
		bool sorted = is_sorted_by(ui, &c[i]);

		if (!visible(ui, &c[i], g->cols, &x, &width))
			continue;
		snprintf(text, sizeof(text), "%s%s", c[i].head,
			 !sorted ? "" : ui->tabs[ui->tab].sort.descending ? "v" : "^");
		grid_field(g, y, x, width, sorted ? ROLE_HEAD_SORT : ROLE_HEAD, text,
			   strlen(text), c[i].right, GRID_CUT_END, '+');
	}
}

static enum role role_of(char mark)
{
	switch (mark) {
	case 'x': return ROLE_CLOSED;
	case '+': return ROLE_NEW;
	case '!': return ROLE_PROBLEM;
	case 'Y': return ROLE_OWN;
	}
	return ROLE_PLAIN;
}

static void underline_found(const struct ui *ui, struct grid *g, unsigned y, unsigned x,
			    const char *text)
{
	const char *find = ui->find.len ? buf_cstr((struct buf *)&ui->find) : "", *at;

	if (!*find || !(at = strcasestr(text, find)))
		return;
	grid_role(g, y, x + (unsigned)text_width(text, (size_t)(at - text)),
		  (unsigned)text_width(at, strlen(find)), ROLE_MATCH);
}

static void draw_row(const struct ui *ui, struct grid *g, unsigned y, const struct item *item,
		     const struct column *c, unsigned n, bool chosen)
{
	char mark = ui_mark(ui, item), shown = chosen && mark == ' ' ? '>' : mark;
	enum role row = mark == 'x' ? ROLE_CLOSED : mark == '+' ? ROLE_NEW : ROLE_PLAIN;
	unsigned i, x, width;
	char text[512];

	grid_fill(g, y, 0, 1, role_of(mark), (unsigned char)(chosen ? '>' : shown));
	for (i = 0; i < n; i++) {
		enum role role = row;
		bool wide = g->cols >= 60;

		if (!visible(ui, &c[i], g->cols, &x, &width))
			continue;
		if (!wide && !strcmp(c[i].field, "user"))
			continue;
		column_text(ui, item, &c[i], text, sizeof(text), &role);
		if (row == ROLE_CLOSED)
			role = row;
		grid_field(g, y, x, width, role, text, strlen(text), c[i].right,
			   c[i].middle ? GRID_CUT_MIDDLE : GRID_CUT_END,
			   ui->ascii ? '+' : 0x2026);
		underline_found(ui, g, y, x, text);
	}
	if (ui_is_tagged(ui, item->id))
		grid_flag(g, y, 0, g->cols, CELL_TAGGED);
	if (chosen) {
		grid_flag(g, y, 0, g->cols, CELL_CURSOR);
		if (mark != ' ' && g->cols > 1)
			grid_fill(g, y, 0, 1, role_of(mark), (unsigned char)mark);
		grid_flag(g, y, 0, 1, CELL_CURSOR);
		g->cursor_y = (uint16_t)y;
		g->cursor_x = 0;
	}
}

static void draw_empty(const struct ui *ui, struct grid *g, unsigned y)
{
	const char *why = "nothing here";

	if (!ui->snap)
		why = ui->feed_error[0] ? ui->feed_error : "looking …";
	else if (ui->filter.len)
		why = "no row matches the filter (Esc shows all again)";
	else if (ui->tab == TAB_CLOSED)
		why = ui->tells & 1 ? "nothing has closed since the start" :
		      "nothing has closed since the start, as far as rounds show";
	grid_puts(g, y, 1, g->cols - 1, ROLE_DIM, why);
}

static void draw_list(const struct ui *ui, struct grid *g)
{
	struct column columns[COLUMNS_MAX];
	const struct tab_state *t = &ui->tabs[ui->tab];
	unsigned n = columns_of(ui, g->cols, columns), top = ui_list_top(ui), i;
	unsigned lines = ui_list_lines(ui);

	if (!lines)
		return;
	draw_heads(ui, g, top - 1, columns, n);
	if (!ui->items.n)
		draw_empty(ui, g, top);
	for (i = 0; i < lines && t->top + i < ui->items.n; i++)
		draw_row(ui, g, top + i, &ui->items.v[t->top + i], columns, n,
			 t->anchored && t->top + i == t->at);
}

/* ---- the pane --------------------------------------------------------------------- */

static void draw_pane(const struct ui *ui, struct grid *g)
{
	const struct item *i = ui_current(ui);
	unsigned lines = pane_lines(ui), y = ui_list_top(ui) + ui_list_lines(ui);

	if (!lines || !i || !ui->snap)
		return;
	if (!ui_list_lines(ui))
		y = ui_list_top(ui) - 1;
	ui_pane(ui, i, g, y, lines);
}

void ui_draw(const struct ui *ui, struct grid *g)
{
	grid_clear(g);
	g->cursor = false;
	g->cursor_x = 0;
	g->cursor_y = 0;
	if (ui->lines < 1 || ui->cols < 1)
		return;
	draw_header(ui, g);
	if (ui->lines >= 4)
		draw_tabs(ui, g, header_lines(ui));
	if (ui->lines >= 5)
		draw_list(ui, g);
	if (ui->pane)
		draw_pane(ui, g);
	if (ui->lines >= 2)
		ui_status(ui, g, ui->lines - 2);
	ui_keys(ui, g, ui->lines - 1);
	if (ui->box.kind)
		box_draw(ui, g);
}
