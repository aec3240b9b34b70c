/* SPDX-License-Identifier: MIT */
/* Finding lines: by what they say, by a number that is a port or a pid; and showing only
 * those that are like one. */
#include <stdio.h>
#include <string.h>

#include "live/columns.h"

#define NUMBER_NS NS_PER_S

/* Whether a cell of the line has the text, cut or not; ASCII case does not count. */
static bool line_has(const struct ui *ui, const struct item *i, const char *text)
{
	struct column columns[COLUMNS_MAX];
	unsigned n = columns_of(ui, ui->cols, columns), k;
	enum role none;
	char cell[512];

	for (k = 0; k < n; k++) {
		column_text(ui, i, &columns[k], cell, sizeof(cell), &none);
		if (strcasestr(cell, text))
			return true;
	}
	return false;
}

void find_next(struct ui *ui, int step)
{
	const char *text = buf_cstr(&ui->find);
	const struct tab_state *t = &ui->tabs[ui->tab];
	uint32_t i, n = ui->items.n;
	int64_t at = t->anchored ? t->at : (int64_t)t->top - (step > 0);

	if (!*text) {
		ui_say(ui, false, "nothing to find (/ asks what)");
		return;
	}
	for (i = 0; i < n; i++) {
		at += step;
		if (at < 0 || at >= n) {
			at = step > 0 ? 0 : (int64_t)n - 1;
			ui_say(ui, false, "found from the %s again",
			       step > 0 ? "top" : "bottom");
		}
		if (line_has(ui, &ui->items.v[at], text)) {
			move_to(ui, at);
			return;
		}
	}
	ui_say(ui, true, "`%s' is on no line", text);
}

/* ---- numbers ------------------------------------------------------------------------- */

static bool has_number(const struct ui *ui, const struct item *i, unsigned what,
		       uint32_t number)
{
	const struct lssock_sock *k = &lssock_socks(ui->snap, NULL)[i->row];
	const struct lssock_owner *owners = lssock_owners(ui->snap, NULL);
	char start[16], have[16];
	uint32_t value = what == 0 ? k->lport : what == 1 ? k->rport : 0;

	if (what == 2 && k->owner && owners[k->owner].how == LSSOCK_HOW_FD)
		value = (uint32_t)lssock_procs(ui->snap, NULL)[owners[k->owner].proc].pid;
	snprintf(start, sizeof(start), "%u", number);
	snprintf(have, sizeof(have), "%u", value);
	return value && !strncmp(have, start, strlen(start));
}

/* First a local port that is this number, then a remote one, then a pid; then those
 * that only begin with it. */
static void jump(struct ui *ui)
{
	const struct lssock_sock *socks = lssock_socks(ui->snap, NULL);
	uint32_t i;
	unsigned what;

	for (i = 0; i < ui->items.n; i++)
		if (socks[ui->items.v[i].row].lport == ui->number) {
			move_to(ui, i);
			return;
		}
	for (what = 0; what < 3; what++)
		for (i = 0; i < ui->items.n; i++)
			if (has_number(ui, &ui->items.v[i], what, ui->number)) {
				move_to(ui, i);
				return;
			}
	ui_say(ui, true, "no port and no pid begins with %u", ui->number);
}

void find_digit(struct ui *ui, uint32_t key)
{
	if (ui->now_ns > ui->number_ns + NUMBER_NS)
		ui->number = 0;
	if (ui->number < 10000000)
		ui->number = ui->number * 10 + (key - '0');
	ui->number_ns = ui->now_ns;
	ui_say(ui, false, "to %u", ui->number);
	if (ui->snap)
		jump(ui);
}

/* Narrows the filter to the value a field has in the current row. */
void find_only(struct ui *ui, const char *field, const char *what)
{
	const struct item *i = ui_current(ui);
	int f = lssock_field_find(field);
	struct lssock_err err = { .pos = -1 };
	struct lssock_value v = { .kind = LSSOCK_V_NA };
	char text[256], filter[320];

	if (i && f >= 0)
		lssock_get(ui->snap, i->row, 0, (uint32_t)f, &v);
	if (v.kind <= LSSOCK_V_LATER) {
		ui_say(ui, true, "this row has no %s", what);
		return;
	}
	v.more = 0;
	lssock_value_text(&v, text, sizeof(text));
	snprintf(filter, sizeof(filter), "%s:%s", field, text);
	if (ui_filter(ui, filter, &err) < 0)
		ui_say(ui, true, "%s", err.msg);
	else
		ui_say(ui, false, "only %s (Esc shows all again)", filter);
	ui_reorder(ui);
}
