/* SPDX-License-Identifier: MIT */
/* The two lines at the bottom: what there is to say about the row under the cursor, or
 * what went wrong; and the keys. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "live/ui.h"

#define MANY_ROWS 5000

/* ---- the status line ----------------------------------------------------------------- */

/* The line about a row: what does not fit is left out, not cut ("16ms" is not "16m"). */
struct about {
	const struct ui *ui;
	const struct item *i;
	struct buf *b;
	size_t room;			/* columns */
};

static void add(const struct about *a, const char *field, const char *before)
{
	const struct ui *ui = a->ui;
	const struct item *i = a->i;
	const struct lssock_sock *k = &lssock_socks(ui->snap, NULL)[i->row];
	bool own = k->owner && lssock_owners(ui->snap, NULL)[k->owner].how == LSSOCK_HOW_FD;
	struct lssock_value v;
	char text[512];

	if (!row_value(ui->snap, i->row, own ? k->owner : 0, field, &v))
		return;
	lssock_value_text(&v, text, sizeof(text));
	buf_puts(a->b, before);
	buf_puts(a->b, text);
}

/* Takes back what was added since, if that is too much. */
static void fit(const struct about *a, size_t was)
{
	if (was && text_width(a->b->data, a->b->len) > a->room)
		a->b->len = was;
}

static void add_field(const struct about *a, const char *field, const char *before)
{
	size_t was = a->b->len;

	add(a, field, before);
	fit(a, was);
}

/* Both or none: one end alone reads as if it were not connected. */
static void add_ends(const struct about *a)
{
	size_t was = a->b->len;

	add(a, "local", "  ");
	add(a, "path", " ");
	add(a, "remote", " - ");
	fit(a, was);
}

/* The row the cursor is on, the most telling first. */
static void row_text(const struct ui *ui, struct buf *b, size_t room)
{
	const struct item *i = ui_current(ui);
	const struct rollup *g = i && i->group < ui->groups.n ? &ui->groups.v[i->group] : NULL;
	const struct about about = { ui, i, b, room };

	if (!i || !ui->snap)
		return;
	if (i->kind == ITEM_GROUP) {
		buf_printf(b, "%s: %u pid%s, %u socket%s, %u remote%s", g->name, g->pids,
			   g->pids == 1 ? "" : "s", g->n, g->n == 1 ? "" : "s", g->remotes,
			   g->remotes == 1 ? "" : "s");
		return;
	}
	add_field(&about, "proc", "");
	if (b->len) {
		add_field(&about, "pid", "[");
		buf_puts(b, "]");
	} else {
		add_field(&about, "why", "no owner: ");
	}
	add_field(&about, "user", " ");
	add_field(&about, "unit", " ");
	add_ends(&about);
	add_field(&about, "problem", "  ! ");
	add_field(&about, "rtt", "  rtt ");
	add_field(&about, "idle", "  idle ");
}

/* Why the picture is not whole, as long as no row is spoken of. */
static bool missing_text(const struct ui *ui, struct buf *b)
{
	uint32_t n, i;
	const struct lssock_note *notes = ui->snap ? lssock_notes(ui->snap, &n) : NULL;
	char text[320];

	if (!notes || ui->tabs[ui->tab].anchored)
		return false;
	for (i = 0; i < n && !lssock_note_incomplete(&notes[i]); i++)
		;
	if (i == n)
		return false;
	lssock_note_text(ui->snap, &notes[i], text, sizeof(text));
	buf_puts(b, "incomplete: ");
	buf_puts(b, text);
	return true;
}

/* "  1-18 of 120", where the list does not fit on the screen. */
static void seen_text(const struct ui *ui, char *buf, size_t size)
{
	const struct tab_state *t = &ui->tabs[ui->tab];
	uint32_t lines = ui_list_lines(ui), last = t->top + lines;

	buf[0] = '\0';
	if (lines && ui->items.n > lines)
		snprintf(buf, size, "  %u-%u of %u%s", t->top + 1,
			 last < ui->items.n ? last : ui->items.n, ui->items.n,
			 ui->items.n > MANY_ROWS && ui->tab != TAB_GROUPS ? " (t groups)" : "");
}

void ui_status(const struct ui *ui, struct grid *g, unsigned y)
{
	struct buf b = { 0 };
	enum role role;
	unsigned room;
	char seen[64];

	if (ui->prompt.kind) {
		prompt_draw(ui, g, y);
		return;
	}
	if (ui->status[0]) {
		grid_puts(g, y, 0, g->cols, ui->status_bad ? ROLE_ERROR : ROLE_PLAIN,
			  ui->status);
		return;
	}
	if (ui->feed_error[0]) {
		grid_puts(g, y, 0, g->cols, ROLE_ERROR, ui->feed_error);
		return;
	}
	seen_text(ui, seen, sizeof(seen));
	room = g->cols > strlen(seen) ? g->cols - (unsigned)strlen(seen) : 0;
	role = missing_text(ui, &b) ? ROLE_PROBLEM : ROLE_PLAIN;
	if (role == ROLE_PLAIN)
		row_text(ui, &b, room);
	grid_field(g, y, 0, room, role, b.data, b.len, false, GRID_CUT_END,
		   ui->ascii ? '+' : 0x2026);
	if (room)
		grid_puts(g, y, room, g->cols - room, ROLE_DIM, seen);
	buf_release(&b);
}

/* ---- the key line ------------------------------------------------------------------------ */

struct hint { const char *key, *word; uint32_t in; bool wide, acts; };
static const struct hint hints[] = {
	{ "?", "Help", '?', false, false }, { "/", "Find", '/', false, false },
	{ "&", "Filter", '&', false, false }, { "t", "Group", 't', false, false },
	{ "s", "Sort", 's', false, false }, { "Ret", "Info", IN_ENTER, false, false },
	{ "o", "Hold", 'o', false, false }, { "K", "Kill", 'K', false, true },
	{ "q", "Quit", 'q', false, false },
};
static const struct hint wide_hints[] = {
	{ "F1", "Help", '?', true, false }, { "F2", "Setup", IN_F2, true, false },
	{ "F3", "Find", '/', true, false }, { "F4", "Filter", '&', true, false },
	{ "F5", "Group", 't', true, false }, { "F6", "Sort", 's', true, false },
	{ "F7", "Pause", 'Z', true, false }, { "F8", "Close", 'X', true, true },
	{ "F9", "Kill", 'K', true, true }, { "F10", "Quit", IN_F10, true, false },
	{ "Enter", "Details", IN_ENTER, true, false }, { "o", "Hold", 'o', true, false },
	{ "w", "Pin", 'w', true, false }, { "l", "This process", 'l', true, false },
	{ "c", "Copy", 'c', true, false },
};

/* Walks the key line; draws it, or finds what is at x. */
static uint32_t key_line(const struct ui *ui, struct grid *g, unsigned y, int find)
{
	bool wide = ui->cols >= 140;
	const struct hint *h = wide ? wide_hints : hints;
	unsigned n = wide ? sizeof(wide_hints) / sizeof(*h) : sizeof(hints) / sizeof(*h);
	unsigned x = 1, i, from;

	for (i = 0; i < n; i++) {
		if (h[i].acts && (ui->readonly || ui->replay))
			continue;
		/* Quit is never lost. */
		if (!wide && i + 1 < n &&
		    x + strlen(h[i].key) + strlen(h[i].word) + 9 > ui->cols)
			continue;
		from = x;
		if (g)
			grid_puts(g, y, x, x < g->cols ? g->cols - x : 0, ROLE_KEY, h[i].key);
		x += (unsigned)strlen(h[i].key) + 1;
		if (g)
			grid_puts(g, y, x, x < g->cols ? g->cols - x : 0, ROLE_KEY_TEXT,
				  h[i].word);
		x += (unsigned)strlen(h[i].word);
		if (find >= 0 && (unsigned)find >= from && (unsigned)find < x)
			return h[i].in;
		x += 2;
	}
	return 0;
}

void ui_keys(const struct ui *ui, struct grid *g, unsigned y)
{
	key_line(ui, g, y, -1);
}

uint32_t ui_key_at(const struct ui *ui, unsigned x)
{
	return key_line(ui, NULL, 0, (int)x);
}
