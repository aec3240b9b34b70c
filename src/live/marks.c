/* SPDX-License-Identifier: MIT */
/* What the mark column says of a line. */
#include <string.h>

#include "live/ui.h"

static bool is_in(const struct row_id *list, uint32_t n, struct row_id id)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		if (same_id(list[i], id))
			return true;
	return false;
}

bool ui_is_tagged(const struct ui *ui, struct row_id id)
{
	return is_in(ui->tagged.v, ui->tagged.n, id);
}

bool ui_is_pinned(const struct ui *ui, struct row_id id)
{
	return is_in(ui->pinned.v, ui->pinned.n, id);
}

/* Text of an address as SSH_CONNECTION has it. */
static bool is_text(const struct lssock_snap *s, uint32_t row, const char *field,
		    const char *want)
{
	char text[64];
	struct lssock_value v;

	if (!row_value(s, row, 0, field, &v))
		return false;
	lssock_value_text(&v, text, sizeof(text));
	return !strcmp(text, want);
}

bool ui_is_session(const struct ui *ui, uint32_t row)
{
	const struct lssock_sock *k = &lssock_socks(ui->snap, NULL)[row];

	return ui->ssh[0][0] && k->proto == LSSOCK_TCP && k->rport &&
	       is_text(ui->snap, row, "rport", ui->ssh[1]) &&
	       is_text(ui->snap, row, "lport", ui->ssh[3]) &&
	       is_text(ui->snap, row, "raddr", ui->ssh[0]);
}

static bool just(uint64_t then_ns, uint64_t for_ns, uint64_t now_ns)
{
	return then_ns && then_ns + for_ns > now_ns;
}

static char row_mark(const struct ui *ui, uint32_t row)
{
	const struct lssock_track *t = lssock_tracks(ui->snap, NULL);

	if (t && t[row].gone_ns)
		return ui->tab == TAB_CLOSED ? ' ' : 'x';
	if (ui_is_session(ui, row))
		return 'Y';
	if (!t)
		return ' ';
	if (t[row].problems)
		return '!';
	if (t[row].changed_ns > t[row].first_ns && just(t[row].changed_ns, MARK_NS, ui->now_ns))
		return '~';
	if (!(t[row].flags & LSSOCK_T_OLDER) && just(t[row].first_ns, MARK_NS, ui->now_ns))
		return '+';
	return ' ';
}

/* What comes and goes may be switched off. */
static char wanted(const struct ui *ui, char mark)
{
	bool quiet = ui->config && ui->config->marks == 0;

	return quiet && strchr("+~x", mark) ? ' ' : mark;
}

char ui_mark(const struct ui *ui, const struct item *i)
{
	char mark = ' ';

	if (ui_is_tagged(ui, i->id))
		return '*';
	if (i->kind == ITEM_SOCKET)
		mark = row_mark(ui, i->row);
	else if (i->group < ui->groups.n)
		mark = ui->groups.v[i->group].problem ? '!' :
		       ui->groups.v[i->group].fresh ? '+' : ' ';
	if (mark == ' ' && ui_is_judged_bad(ui, i))
		mark = '!';
	mark = wanted(ui, mark);
	return mark == ' ' && ui_is_pinned(ui, i->id) ? '^' : mark;
}
