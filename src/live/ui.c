/* SPDX-License-Identifier: MIT */
/* The state of the screen at its beginning and its end, and what was chosen before. */
#include "live/ui.h"

#include <stdio.h>
#include <string.h>

static int field(const char *name)
{
	return lssock_field_find(name);
}

static void usual_sort(struct ui *ui)
{
	ui->tabs[TAB_SOCKETS].sort = (struct sort){ field("rx"), true };
	ui->tabs[TAB_LISTEN].sort = (struct sort){ field("scope"), false };
	ui->tabs[TAB_GROUPS].sort = (struct sort){ field("rx"), true };
	ui->tabs[TAB_CLOSED].sort = (struct sort){ field("closed"), true };
	ui->tabs[TAB_UNIX].sort = (struct sort){ field("proc"), false };
}

/* "-rtt": descending. Unknown names were complained about when they were read. */
static void chosen_sort(struct ui *ui, unsigned tab, const char *text)
{
	bool descending = *text == '-';
	int f = field(text + descending);

	if (f >= 0)
		ui->tabs[tab].sort = (struct sort){ f, descending };
}

static void chosen_columns(struct ui *ui, unsigned tab, const char *text)
{
	char name[64];
	size_t len;
	int f, *place;

	for (; *text; text += len + (text[len] == ',')) {
		len = strcspn(text, ",");
		if (len >= sizeof(name))
			continue;
		memcpy(name, text, len);
		name[len] = '\0';
		f = field(name);
		if (f >= 0 && (place = vec_push(&ui->tabs[tab].columns)))
			*place = f;
	}
}

void ui_init(struct ui *ui, struct config *config)
{
	unsigned i;

	*ui = (struct ui){
		.config = config, .interval_us = 1000000, .header = 2, .mouse = true
	};
	usual_sort(ui);
	if (!config)
		return;
	for (i = 0; i < N_TABS && i < CONFIG_TABS; i++) {
		if (config->sort[i])
			chosen_sort(ui, i, config->sort[i]);
		if (config->columns[i])
			chosen_columns(ui, i, config->columns[i]);
	}
	if (config->interval_us)
		ui->interval_us = config->interval_us;
	for (i = 0; config->group && i < N_GROUPS; i++)
		if (!strcmp(config->group, group_name((enum group)i)))
			ui->group = (enum group)i;
	if (config->filter)
		buf_puts(&ui->filter, config->filter);
	ui->theme = config->theme;
	ui->htop_keys = config->htop_keys;
	ui->mouse = config->mouse != 0;
	ui->ascii = config->ascii == 1;
	ui->service_names = config->names == 1;
	ui->host_names = config->hosts == 1;
	ui->locked = config->hold == 1;
	ui->no_loopback = config->loopback == 0;
	ui->readonly = config->readonly == 1;
	if (config->header >= 0)
		ui->header = (uint8_t)config->header;
	if (config->tab >= 0 && config->tab < N_TABS)
		ui->tab = (enum tab)config->tab;
}

void ui_release(struct ui *ui)
{
	unsigned i;

	box_close(ui);
	prompt_release(&ui->prompt);
	for (i = 0; i < N_TABS; i++)
		vec_release(&ui->tabs[i].columns);
	vec_release(&ui->items);
	vec_release(&ui->members);
	vec_release(&ui->groups);
	index_release(&ui->places);
	vec_release(&ui->sticky);
	ui_judge(ui, NULL);
	vec_release(&ui->tagged);
	vec_release(&ui->pinned);
	vec_release(&ui->open);
	lssock_query_free(ui->query);
	buf_release(&ui->base);
	buf_release(&ui->filter);
	buf_release(&ui->find);
	buf_release(&ui->copied);
	hist_release(&ui->hist);
	lssock_snap_free(ui->snap);
	lssock_snap_free(ui->fresh);
}

/* ---- kept for the next time -------------------------------------------------------- */

static void keep_text(char **to, const char *text)
{
	size_t len = strlen(text);
	char *copy = mem_alloc(len + 1);

	if (!copy)
		return;
	memcpy(copy, text, len);
	mem_free(*to);
	*to = copy;
}

static void keep_columns(struct config *c, const struct ui *ui, unsigned tab)
{
	struct lssock_field_info info;
	struct buf b = { 0 };
	uint32_t i;

	for (i = 0; i < ui->tabs[tab].columns.n; i++)
		if (lssock_field_info((uint32_t)ui->tabs[tab].columns.v[i], &info) == 0) {
			buf_puts(&b, b.len ? "," : "");
			buf_puts(&b, info.name);
		}
	if (b.len) {
		keep_text(&c->columns[tab], buf_cstr(&b));
	} else {
		mem_free(c->columns[tab]);
		c->columns[tab] = NULL;
	}
	buf_release(&b);
}

static void keep_sort(struct config *c, const struct ui *ui, unsigned tab)
{
	const struct sort *s = &ui->tabs[tab].sort;
	struct lssock_field_info info;
	char text[80];

	if (s->field < 0 || lssock_field_info((uint32_t)s->field, &info) < 0)
		return;
	snprintf(text, sizeof(text), "%s%s", s->descending ? "-" : "", info.name);
	keep_text(&c->sort[tab], text);
}

void ui_keep(const struct ui *ui, struct config *c)
{
	unsigned i;

	for (i = 0; i < N_TABS && i < CONFIG_TABS; i++) {
		keep_columns(c, ui, i);
		keep_sort(c, ui, i);
	}
	if (ui->theme && ui->theme != c->theme)
		keep_text(&c->theme, ui->theme);
	keep_text(&c->group, group_name(ui->group));
	c->htop_keys = ui->htop_keys;
	c->mouse = ui->mouse;
	c->ascii = ui->ascii;
	c->names = ui->service_names;
	c->hold = ui->locked;
	c->loopback = !ui->no_loopback;
	c->header = (int8_t)ui->header;
	c->tab = (int8_t)ui->tab;
}
