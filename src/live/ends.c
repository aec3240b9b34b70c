/* SPDX-License-Identifier: MIT */
/* Both ends of a socket as they are shown: numbers, or names of hosts where they are
 * wanted and known; and which names the picture wants. */
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "live/hosts.h"
#include "live/ui.h"

const char *ui_host(const struct ui *ui, uint32_t row, const char *field)
{
	struct lssock_value v;

	if (!ui->host_names || !ui->hosts || !row_value(ui->snap, row, 0, field, &v) ||
	    v.kind != LSSOCK_V_ADDR)
		return NULL;
	return hosts_name(ui->hosts, &v.a);
}

/* A name is cut at its end, so that the port is seen. */
static void put_named(const struct ui *ui, const char *name, const struct lssock_value *v,
		      unsigned width, char *buf, size_t size)
{
	size_t len = strlen(name), tail;
	char iface[80] = "", port[16] = "";

	if (v->port != LSSOCK_NONE)
		snprintf(port, sizeof(port), ":%u", v->port);
	if (v->len)
		lssock_escape(v->s, v->len, iface, sizeof(iface));
	tail = strlen(port) + strlen(iface) + (v->len > 0);
	if (!width || len + tail <= width) {
		snprintf(buf, size, "%s%s%s%s", name, v->len ? "%" : "", iface, port);
		return;
	}
	tail = strlen(port);
	if (len + tail > width)
		len = width > tail + 2 ? width - tail - 1 : 1;
	snprintf(buf, size, "%.*s%s%s", (int)len, name, ui->ascii ? "+" : "…", port);
}

void ui_end(const struct ui *ui, uint32_t row, const char *field, unsigned width, char *buf,
	    size_t size)
{
	const char *name = NULL;
	struct lssock_value v;

	if (!row_value(ui->snap, row, 0, field, &v)) {
		snprintf(buf, size, "*");
		return;
	}
	if (v.kind == LSSOCK_V_END && ui->host_names && ui->hosts)
		name = hosts_name(ui->hosts, &v.a);
	if (name)
		put_named(ui, name, &v, width, buf, size);
	else
		lssock_value_text(&v, buf, size);
}

static void want(const struct ui *ui, uint32_t row, uint64_t now_ns)
{
	static const char *const fields[] = { "raddr", "laddr" };
	struct lssock_value v;
	unsigned i;

	for (i = 0; i < 2; i++)
		if (row_value(ui->snap, row, 0, fields[i], &v) && v.kind == LSSOCK_V_ADDR)
			hosts_want(ui->hosts, &v.a, now_ns);
}

void ui_want_hosts(const struct ui *ui)
{
	const struct item *at = ui_current(ui);
	uint64_t now = io_now_ns();
	uint32_t top = ui->tabs[ui->tab].top, i;

	if (!ui->host_names || !ui->hosts || !ui->snap)
		return;
	if (ui->pane && at && at->kind != ITEM_GROUP)
		want(ui, at->row, now);
	for (i = top; i < ui->items.n && i - top < ui_list_lines(ui); i++)
		if (ui->items.v[i].kind != ITEM_GROUP)
			want(ui, ui->items.v[i].row, now);
}
