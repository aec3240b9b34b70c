/* SPDX-License-Identifier: MIT */
/* See deed.h. Files are never overwritten, and only chosen rows are acted on. */
#include "live/deed.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"

#define OUTCOME_NS (2 * NS_PER_S)

/* ---- copies -------------------------------------------------------------------- */

static void copy_field(struct ui *ui, const struct item *i, const char *field, const char *gap)
{
	const struct lssock_sock *k = &lssock_socks(ui->snap, NULL)[i->row];
	int f = lssock_field_find(field);
	struct lssock_value v;
	char text[256];

	if (f < 0)
		return;
	lssock_get(ui->snap, i->row, k->owner, (uint32_t)f, &v);
	lssock_value_text(&v, text, sizeof(text));
	buf_puts(&ui->copied, gap);
	buf_puts(&ui->copied, text[0] ? text : "-");
}

void deed_copy(struct ui *ui, bool whole)
{
	static const char *const fields[] = { "proto", "local", "remote", "state", "user",
					      "pid", "proc", "unit" };
	const struct item *i = ui_current(ui);
	size_t n;

	if (!i || !ui->snap)
		return;
	buf_reset(&ui->copied);
	for (n = 0; whole && n < sizeof(fields) / sizeof(*fields); n++)
		copy_field(ui, i, fields[n], n ? " " : "");
	if (!whole && lssock_socks(ui->snap, NULL)[i->row].rport)
		copy_field(ui, i, "remote", "");
	else if (!whole)
		copy_field(ui, i, "local", "");
	ui->due |= DUE_COPY;
}

/* ---- export -------------------------------------------------------------------- */

void deed_export_name(const struct ui *ui, char *buf, size_t size)
{
	size_t len = 0, i;
	const char *host = lssock_string(ui->snap, lssock_snap_meta(ui->snap)->host, &len);
	char name[65] = "", stamp[32] = "";
	time_t s = (time_t)(ui->now_ns / NS_PER_S);
	struct tm tm;

	for (i = 0; i < len && i < sizeof(name) - 1; i++) {
		char c = host[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || c == '-' || c == '.';

		name[i] = plain ? c : '_';
	}
	if (localtime_r(&s, &tm))
		strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	snprintf(buf, size, "lssock-%s-%s.json", name, stamp);
}

static const char *format_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	if (dot && !strcmp(dot, ".csv"))
		return "csv";
	if (dot && !strcmp(dot, ".txt"))
		return "table";
	return dot && !strcmp(dot, ".json") ? "json" : NULL;
}

static int put(void *ctx, const void *bytes, size_t len)
{
	return io_write_all(*(int *)ctx, bytes, len);
}

static int export_to(struct ui *ui, int fd, const char *format, uint32_t *ret_n)
{
	const struct lssock_render render = { .size = sizeof(render), .format = format,
					      .write = put, .wctx = &fd };
	struct lssock_query *query;
	struct lssock_view *view = NULL;
	struct lssock_sheet *sheet = NULL;
	int r = ui_question(ui, buf_cstr(&ui->filter), format, &query, NULL);

	if (r < 0)
		return r;
	r = lssock_view_new(ui->snap, query, &view, NULL);
	if (r == 0)
		r = lssock_view_sheet(view, &sheet);
	if (r == 0) {
		*ret_n = lssock_sheet_rows(sheet);
		r = lssock_render(sheet, &render);
	}
	lssock_sheet_free(sheet);
	lssock_view_free(view);
	lssock_query_free(query);
	return r;
}

void deed_export(struct ui *ui)
{
	const char *name = buf_cstr(&ui->prompt.text), *format = format_of(name);
	struct buf safe = { 0 };
	uint32_t n = 0;
	int fd, r;

	text_safe(&safe, name, strlen(name), 0);
	if (!format) {
		ui_say(ui, true, "`%.100s': a name ends in .json, .csv or .txt",
		       buf_cstr(&safe));
		buf_release(&safe);
		return;
	}
	do
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	while (fd < 0 && errno == EINTR);
	r = fd < 0 ? -errno : export_to(ui, fd, format, &n);
	if (fd >= 0 && close(fd) < 0 && r == 0)
		r = -errno;
	if (r < 0)
		ui_say(ui, true, "%.100s: %s", buf_cstr(&safe), r == -EEXIST ?
		       "is there already; nothing is overwritten" : strerror(-r));
	else
		ui_say(ui, false, "%u rows in %.150s", n, buf_cstr(&safe));
	buf_release(&safe);
}

/* ---- kill and close --------------------------------------------------------------- */

static void add_item(struct ui *ui, struct lssock_act *a, const struct item *i)
{
	const struct rollup *g;
	uint32_t k;

	if (i->kind == ITEM_SOCKET) {
		lssock_act_add(a, i->row, 0);
		return;
	}
	g = &ui->groups.v[i->group];
	for (k = 0; i->kind == ITEM_SERVICE && k < g->n; k++)
		lssock_act_add(a, ui->members.v[g->first + k], 0);
}

static void add_chosen(struct ui *ui, struct lssock_act *a)
{
	const struct tab_state *t = &ui->tabs[ui->tab];
	uint32_t i;

	for (i = 0; i < ui->items.n; i++)
		if (ui->tagged.n ? ui_is_tagged(ui, ui->items.v[i].id) : i == t->at)
			add_item(ui, a, &ui->items.v[i]);
}

void deed_prepare(struct ui *ui, struct lssock **ctx, const char *ssh_connection)
{
	const struct lssock_options open = { .size = sizeof(open) };
	const struct lssock_act_options opt = {
		.size = sizeof(opt), .ssh_connection = ssh_connection, .force = true,
		.kind = ui->box.kind == BOX_KILL ? LSSOCK_ACT_KILL : LSSOCK_ACT_CLOSE,
	};
	struct lssock_err err = { .pos = -1 };
	int r = *ctx ? 0 : lssock_open(&open, ctx, &err);

	if (r == 0)
		r = lssock_act_new(*ctx, ui->snap, &opt, &ui->box.act, &err);
	if (r == 0) {
		add_chosen(ui, ui->box.act);
		if (!lssock_act_targets(ui->box.act, NULL)) {
			box_close(ui);
			ui_say(ui, true, "no process is known that holds this row");
			return;
		}
		lssock_act_prepare(ui->box.act);
		return;
	}
	box_close(ui);
	ui_say(ui, true, "%s", err.msg[0] ? err.msg : strerror(-r));
}

/* Protection is box.c's: by now `yes` was typed. */
void deed_do(struct ui *ui)
{
	struct box *b = &ui->box;
	uint32_t n = b->act ? lssock_act_targets(b->act, NULL) : 0, i;

	for (i = 0; i < n; i++)
		lssock_act_do(b->act, i, ui->signal);
	b->done = true;
	b->until_ns = ui->now_ns + OUTCOME_NS;
	ui->due |= DUE_REFRESH;
}

bool deed_pending(const struct ui *ui)
{
	return ui->box.done && ui->now_ns < ui->box.until_ns;
}
