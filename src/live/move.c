/* SPDX-License-Identifier: MIT */
/* Moving the cursor and the view of the list. */
#include "live/ui.h"

void move_to(struct ui *ui, int64_t at)
{
	struct tab_state *t = &ui->tabs[ui->tab];
	unsigned lines = ui_list_lines(ui);

	if (!ui->items.n)
		return;
	if (at < 0)
		at = 0;
	if (at >= ui->items.n)
		at = ui->items.n - 1;
	t->at = (uint32_t)at;
	t->cursor = ui->items.v[at].id;
	t->anchored = true;
	if (t->top > t->at)
		t->top = t->at;
	if (lines && t->at >= t->top + lines)
		t->top = t->at - lines + 1;
	ui->pane_top = 0;
}

/* The first movement makes the cursor, where one looks already. */
void move_by(struct ui *ui, int64_t by)
{
	struct tab_state *t = &ui->tabs[ui->tab];

	if (!t->anchored)
		move_to(ui, by > 0 ? (int64_t)t->top + (by > 1 ? by : 0) :
		      (int64_t)t->top + (by < -1 ? by : 0));
	else
		move_to(ui, (int64_t)t->at + by);
}

void move_view(struct ui *ui, int by)
{
	struct tab_state *t = &ui->tabs[ui->tab];
	uint32_t lines = ui_list_lines(ui);
	uint32_t most = ui->items.n > lines ? ui->items.n - lines : 0;

	if (by < 0)
		t->top = t->top > (uint32_t)-by ? t->top - (uint32_t)-by : 0;
	else
		t->top = t->top + (uint32_t)by < most ? t->top + (uint32_t)by : most;
	if (!t->anchored || !lines)
		return;
	if (t->at < t->top)
		move_to(ui, t->top);
	else if (t->at >= t->top + lines)
		move_to(ui, t->top + lines - 1);
}

int64_t move_page(const struct ui *ui)
{
	unsigned lines = ui_list_lines(ui);

	return lines > 2 ? lines - 1 : 1;
}
