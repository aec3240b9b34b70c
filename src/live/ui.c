/* SPDX-License-Identifier: MIT */
/* The state of the screen at its beginning and its end, and what was chosen before. */
#include "live/ui.h"

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

	*ui = (struct ui){ .config = config, .interval_us = 1000000, .header = 2, .mouse = true };
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
	vec_release(&ui->order);
	vec_release(&ui->sticky);
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
