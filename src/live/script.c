/* SPDX-License-Identifier: MIT */
/* See script.h. */
#include "live/script.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "live/deed.h"

struct player {
	const struct script *s;
	struct rounds *rounds;
	const char *word;		/* of the line, after the command */
	size_t len;
};

/* The next word of the line; false: there is none. */
static bool next(struct player *p, const char **ret, size_t *ret_len)
{
	while (p->len && *p->word == ' ') {
		p->word++;
		p->len--;
	}
	*ret = p->word;
	for (*ret_len = 0; *ret_len < p->len && p->word[*ret_len] != ' '; (*ret_len)++)
		;
	p->word += *ret_len;
	p->len -= *ret_len;
	return *ret_len;
}

static bool number(struct player *p, uint64_t *ret)
{
	const char *w;
	size_t len;

	return next(p, &w, &len) && num_u64(w, len, UINT32_MAX, ret);
}

static bool frame(struct player *p)
{
	struct ui *ui = p->s->ui;
	struct frame f;

	rounds_next(p->rounds, ALSO_UNIX | ALSO_AUDIT, &f);
	snprintf(ui->feed_error, sizeof(ui->feed_error), "%s", f.error);
	if (f.ended)
		ui_say(ui, false, "the recording ends here");
	if (f.report)
		ui_judge(ui, f.report);
	if (!f.snap)
		return true;
	ui->tells = f.tells;
	ui_tick(ui, lssock_snap_meta(f.snap)->now_ns);
	ui_frame(ui, f.snap);
	lssock_snap_free(f.snap);
	return true;
}

static void press(struct player *p, uint32_t key)
{
	const struct input in = { .type = INPUT_KEY, .key = key };
	struct ui *ui = p->s->ui;

	ui_list(ui);
	ui_input(ui, &in);
	ui->due &= ~(unsigned)(DUE_SAVE | DUE_ASK);
}

static bool keys(struct player *p)
{
	const char *w;
	size_t len;
	uint32_t key;

	while (next(p, &w, &len)) {
		key = input_key(w, (uint32_t)len);
		if (!key)
			return false;
		press(p, key);
	}
	return true;
}

static bool type(struct player *p)
{
	size_t i;

	for (i = 0; i < p->len; i++)
		press(p, (unsigned char)p->word[i]);
	return true;
}

static bool mouse(struct player *p, enum input_mouse what)
{
	struct input in = { .type = INPUT_MOUSE, .mouse = what };
	uint64_t x, y;

	if (!number(p, &x) || !number(p, &y))
		return false;
	in.x = (uint16_t)x;
	in.y = (uint16_t)y;
	ui_list(p->s->ui);
	ui_input(p->s->ui, &in);
	return true;
}

static bool wheel(struct player *p)
{
	struct input in = { .type = INPUT_MOUSE };
	const char *w;
	size_t len;

	if (!next(p, &w, &len))
		return false;
	in.mouse = len == 2 ? MOUSE_WHEEL_UP : MOUSE_WHEEL_DOWN;
	ui_input(p->s->ui, &in);
	return true;
}

static bool wait(struct player *p)
{
	uint64_t ms;

	if (!number(p, &ms))
		return false;
	ui_tick(p->s->ui, p->s->ui->now_ns + ms * 1000000);
	return true;
}

static bool size(struct player *p)
{
	struct input in = { .type = INPUT_RESIZE };
	uint64_t cols, lines;

	if (!number(p, &cols) || !number(p, &lines) || cols > 1000 || lines > 1000)
		return false;
	in.x = (uint16_t)cols;
	in.y = (uint16_t)lines;
	ui_input(p->s->ui, &in);
	return true;
}

static bool screen(struct player *p)
{
	struct ui *ui = p->s->ui;
	struct grid *g = p->s->grid;
	struct buf b = { 0 };
	const char *w;
	size_t len;
	bool roles = next(p, &w, &len);

	if (grid_resize(g, ui->cols, ui->lines) < 0)
		return false;
	ui->list_due = true;
	ui_list(ui);
	ui_draw(ui, g);
	buf_printf(&b, "--- %ux%u cursor %u,%u%s\n", ui->cols, ui->lines, g->cursor_x,
		   g->cursor_y, g->cursor ? " seen" : "");
	grid_dump(g, roles, &b);
	p->s->write(p->s->wctx, b.data, b.len);
	buf_release(&b);
	return true;
}

static bool state(struct player *p)
{
	struct ui *ui = p->s->ui;
	const struct tab_state *t = &ui->tabs[ui->tab];
	struct buf b = { 0 };

	ui_list(ui);
	buf_printf(&b, "--- tab %d lines %u top %u ", ui->tab, ui->items.n, t->top);
	if (t->anchored)
		buf_printf(&b, "cursor %u id %llx ", t->at, (unsigned long long)t->cursor.id);
	buf_printf(&b, "%s%s%s", ui_held(ui) ? "held " : "", ui->paused ? "paused " : "",
		   ui->locked ? "locked " : "");
	buf_printf(&b, "tagged %u pinned %u matched %u of %u filter \"%s\" due %x\n",
		   ui->tagged.n, ui->pinned.n, ui->matched, ui->total, buf_cstr(&ui->filter),
		   ui->due);
	p->s->write(p->s->wctx, b.data, b.len);
	buf_release(&b);
	return true;
}

static bool is(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && !memcmp(word, name, len);
}

static bool command(struct player *p)
{
	const char *w;
	size_t len;

	if (!next(p, &w, &len) || *w == '#')
		return true;
	if (p->len)			/* the blank behind it */
		p->word++, p->len--;
	if (is(w, len, "frame"))
		return frame(p);
	if (is(w, len, "key"))
		return keys(p);
	if (is(w, len, "type"))
		return type(p);
	if (is(w, len, "click"))
		return mouse(p, MOUSE_CLICK);
	if (is(w, len, "double"))
		return mouse(p, MOUSE_DOUBLE);
	if (is(w, len, "wheel"))
		return wheel(p);
	if (is(w, len, "wait"))
		return wait(p);
	if (is(w, len, "size"))
		return size(p);
	if (is(w, len, "screen"))
		return screen(p);
	return is(w, len, "state") && state(p);
}

int script_play(const struct script *s, struct rounds *r, struct lssock_err *err)
{
	struct player p = { .s = s, .rounds = r };
	const char *at = s->text;
	unsigned line;

	for (line = 1; *at; line++) {
		p.word = at;
		p.len = strcspn(at, "\n");
		at += p.len + (at[p.len] == '\n');
		if (command(&p))
			continue;
		*err = (struct lssock_err){ .code = -EINVAL, .pos = -1 };
		snprintf(err->msg, sizeof(err->msg), "line %u of the script makes no sense",
			 line);
		return -EINVAL;
	}
	return 0;
}
