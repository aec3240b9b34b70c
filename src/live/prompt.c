/* SPDX-License-Identifier: MIT */
/* The line that is typed into: find, filter, interval, export. It edits UTF-8, keeps a
 * history, and a filter takes effect with every key that leaves it valid. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "live/ui.h"

#define TYPED_MAX 1000

void prompt_release(struct prompt *p)
{
	buf_release(&p->text);
	buf_release(&p->before);
	*p = (struct prompt){ 0 };
}

static void set(struct buf *b, const char *text, size_t len)
{
	buf_reset(b);
	buf_put(b, text, len);
}

void prompt_open(struct ui *ui, enum prompt_kind kind, const char *text)
{
	struct prompt *p = &ui->prompt;

	set(&p->before, text, strlen(text));
	set(&p->text, text, strlen(text));
	p->kind = kind;
	p->at = p->text.len;
	p->past = 0;
	p->error[0] = '\0';
	p->error_at = -1;
	ui->status[0] = '\0';
}

static void shut(struct ui *ui)
{
	ui->prompt.kind = PROMPT_NONE;
	ui->hold_until_ns = ui->now_ns + HOLD_NS;
	ui->list_due = true;
}

/* ---- editing ------------------------------------------------------------------- */

static bool goes_on(const struct buf *b, size_t at)
{
	return at < b->len && (b->data[at] & 0xc0) == 0x80;
}

static size_t before(const struct buf *b, size_t at)
{
	while (at > 0 && goes_on(b, --at))
		;
	return at;
}

static size_t after(const struct buf *b, size_t at)
{
	if (at < b->len)
		for (at++; goes_on(b, at); at++)
			;
	return at;
}

static void cut(struct prompt *p, size_t from, size_t to)
{
	if (to < p->text.len)
		memmove(p->text.data + from, p->text.data + to, p->text.len - to);
	p->text.len -= to - from;
	p->at = from;
}

static size_t utf8(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static void insert(struct prompt *p, uint32_t c)
{
	char bytes[4];
	size_t n = utf8(c, bytes);

	if (p->text.len + n > TYPED_MAX || !buf_add(&p->text, n))
		return;
	memmove(p->text.data + p->at + n, p->text.data + p->at, p->text.len - n - p->at);
	memcpy(p->text.data + p->at, bytes, n);
	p->at += n;
}

static void cut_word(struct prompt *p)
{
	size_t at = p->at;

	while (at > 0 && p->text.data[at - 1] == ' ')
		at--;
	while (at > 0 && p->text.data[at - 1] != ' ')
		at--;
	cut(p, at, p->at);
}

/* True: the text may have changed. */
static bool edit(struct prompt *p, uint32_t key)
{
	switch (key) {
	case IN_LEFT: p->at = before(&p->text, p->at); return false;
	case IN_RIGHT: p->at = after(&p->text, p->at); return false;
	case IN_HOME: case 1: p->at = 0; return false;
	case IN_END: case 5: p->at = p->text.len; return false;
	case IN_BACKSPACE: case 8: cut(p, before(&p->text, p->at), p->at); return true;
	case IN_DELETE: cut(p, p->at, after(&p->text, p->at)); return true;
	case 21: cut(p, 0, p->at); return true;
	case 11: cut(p, p->at, p->text.len); return true;
	case 23: cut_word(p); return true;
	}
	if (key < ' ' || key >= IN_SPECIAL)
		return false;
	insert(p, key);
	return true;
}

/* ---- history --------------------------------------------------------------------- */

/* The n-th last text of this prompt's history, behind it saved filters; NULL: there is
 * none. */
static const char *past(const struct ui *ui, uint32_t n)
{
	const struct config *c = ui->config;
	bool find = ui->prompt.kind == PROMPT_FIND;
	uint32_t typed = !c ? 0 : find ? c->finds.n : c->past_filters.n;

	if (n <= typed)
		return (find ? c->finds.v : c->past_filters.v)[typed - n];
	n -= typed + 1;
	return c && !find && n < c->filters.n ? c->filters.v[n].text : NULL;
}

static void go_back(struct ui *ui, int by)
{
	struct prompt *p = &ui->prompt;
	uint32_t to = by > 0 ? p->past + 1 : p->past - 1;
	const char *text;

	if (by < 0 && !p->past)
		return;
	text = to ? past(ui, to) : buf_cstr(&p->before);
	if (!text)
		return;
	p->past = to;
	set(&p->text, text, strlen(text));
	p->at = p->text.len;
}

static void remember(struct ui *ui)
{
	const char *text = buf_cstr(&ui->prompt.text), *last = past(ui, 1);
	char **place, *copy;

	if (!ui->config || !*text || (last && !strcmp(last, text)))
		return;
	copy = mem_alloc(strlen(text) + 1);
	place = !copy ? NULL : ui->prompt.kind == PROMPT_FIND ? vec_push(&ui->config->finds) :
		vec_push(&ui->config->past_filters);
	if (!place) {
		mem_free(copy);
		return;
	}
	memcpy(copy, text, strlen(text) + 1);
	*place = copy;
	ui->due |= DUE_SAVE;
}

/* ---- what the text does ------------------------------------------------------------- */

/* A filter that is not finished leaves the last valid one in force. */
static void try_filter(struct ui *ui)
{
	struct prompt *p = &ui->prompt;
	struct lssock_err err = { .pos = -1 };

	p->error[0] = '\0';
	p->error_at = -1;
	if (ui_filter(ui, buf_cstr(&p->text), &err) == 0)
		return;
	snprintf(p->error, sizeof(p->error), "%s", err.msg);
	p->error_at = err.pos;
}

static void changed(struct ui *ui)
{
	struct prompt *p = &ui->prompt;

	if (p->kind == PROMPT_FILTER)
		try_filter(ui);
	if (p->kind == PROMPT_FIND && p->text.len)
		set(&ui->find, p->text.data, p->text.len);
}

static void set_interval(struct ui *ui)
{
	struct prompt *p = &ui->prompt;
	char *end;
	double s = strtod(buf_cstr(&p->text), &end);

	if (*end || !(s >= 0.1) || s > 3600) {
		snprintf(p->error, sizeof(p->error), "seconds, from 0.1 to 3600");
		p->error_at = 0;
		return;
	}
	ui->interval_us = (uint64_t)(s * 1e6);
	if (ui->config)
		ui->config->interval_us = ui->interval_us;
	ui->due |= DUE_ASK;
	shut(ui);
}

static void enter(struct ui *ui)
{
	struct prompt *p = &ui->prompt;
	struct input next = { .type = INPUT_KEY, .key = 'n' };

	switch (p->kind) {
	case PROMPT_FILTER:
		try_filter(ui);
		if (p->error[0])
			return;
		remember(ui);
		shut(ui);
		return;
	case PROMPT_FIND:
		remember(ui);
		shut(ui);
		ui_input(ui, &next);
		return;
	case PROMPT_INTERVAL:
		set_interval(ui);
		return;
	case PROMPT_EXPORT:
		shut(ui);
		ui->due |= DUE_EXPORT;
		return;
	case PROMPT_NONE:
		return;
	}
}

static void give_up(struct ui *ui)
{
	struct prompt *p = &ui->prompt;

	if (p->kind == PROMPT_FILTER)
		ui_filter(ui, buf_cstr(&p->before), NULL);
	shut(ui);
}

/* What was typed to find something filters as well, and the other way round. */
static void flip(struct ui *ui)
{
	struct prompt *p = &ui->prompt;

	if (p->kind == PROMPT_FIND) {
		p->kind = PROMPT_FILTER;
		set(&p->before, ui->filter.data, ui->filter.len);
	} else if (p->kind == PROMPT_FILTER) {
		ui_filter(ui, buf_cstr(&p->before), NULL);
		p->kind = PROMPT_FIND;
		p->error[0] = '\0';
	}
	changed(ui);
}

void prompt_key(struct ui *ui, uint32_t key)
{
	struct prompt *p = &ui->prompt;

	if (key == IN_ESC || key == 3) {
		give_up(ui);
	} else if (key == IN_ENTER || key == 10) {
		enter(ui);
	} else if (key == IN_TAB) {
		flip(ui);
	} else if (key == IN_UP || key == IN_DOWN) {
		go_back(ui, key == IN_UP ? 1 : -1);
		changed(ui);
	} else if (edit(p, key)) {
		changed(ui);
	}
}

/* ---- drawing ------------------------------------------------------------------------- */

static const char *label(const struct ui *ui)
{
	switch (ui->prompt.kind) {
	case PROMPT_FIND: return "/ find: ";
	case PROMPT_FILTER: return "& filter: ";
	case PROMPT_INTERVAL: return "every how many seconds: ";
	case PROMPT_EXPORT: return "export to: ";
	case PROMPT_NONE: break;
	}
	return "";
}

static void draw_hint(const struct ui *ui, struct grid *g, unsigned y, unsigned x)
{
	const struct prompt *p = &ui->prompt;
	char text[300];
	enum role role = p->error[0] ? ROLE_ERROR : ROLE_DIM;

	if (p->error[0])
		snprintf(text, sizeof(text), "%s", p->error);
	else if (p->kind == PROMPT_FILTER)
		snprintf(text, sizeof(text), "%u of %u  (Tab finds, Esc undoes)", ui->matched,
			 ui->total);
	else if (p->kind == PROMPT_FIND)
		snprintf(text, sizeof(text), "(Tab filters)");
	else if (p->kind == PROMPT_EXPORT)
		snprintf(text, sizeof(text), "(.json, .csv or .txt)");
	else
		text[0] = '\0';
	if (g->cols > x + 2)
		grid_puts(g, y, x + 2, g->cols - x - 2, role, text);
}

void prompt_draw(const struct ui *ui, struct grid *g, unsigned y)
{
	const struct prompt *p = &ui->prompt;
	struct buf safe = { 0 }, head = { 0 };
	unsigned x = grid_puts(g, y, 0, g->cols, ROLE_TITLE, label(ui)), width, seen;
	size_t from = 0;

	grid_fill(g, y, x, g->cols - x, ROLE_INPUT, ' ');
	/* What is left of the cursor is seen, with room to the right of it. */
	for (;;) {
		buf_reset(&head);
		text_safe(&head, p->text.data + from, p->at - from, 0);
		width = (unsigned)text_width(head.data, head.len);
		if (x + width + 1 < g->cols || from >= p->at)
			break;
		from = after(&p->text, from);
	}
	text_safe(&safe, p->text.data + from, p->text.len - from, 0);
	seen = grid_put(g, y, x, g->cols - x, ROLE_INPUT, safe.data, safe.len);
	if (p->error_at >= 0 && (size_t)p->error_at >= from &&
	    x + (size_t)p->error_at - from < g->cols)
		grid_role(g, y, x + (unsigned)((size_t)p->error_at - from), 1, ROLE_ERROR);
	g->cursor = true;
	g->cursor_y = (uint16_t)y;
	g->cursor_x = (uint16_t)(x + width < g->cols ? x + width : g->cols - 1u);
	draw_hint(ui, g, y, x + (seen > width ? seen : width));
	buf_release(&safe);
	buf_release(&head);
}
