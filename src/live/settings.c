/* SPDX-License-Identifier: MIT */
/*
 * Keys of configuration and state, and what their values may be: a value that is not one
 * changes nothing and is complained about. Lines and files are config.c's.
 */
#include "live/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "live/term.h"
#include "live/ui.h"

#define NAME_MAX_LEN 40u	/* of a saved filter: inih keeps 49 bytes of a key */
#define INTERVAL_MAX 3600000000u

/* ---- texts ------------------------------------------------------------------------ */

static char *copy_of(const char *text, size_t len)
{
	char *copy = mem_alloc(len + 1);

	if (copy)
		memcpy(copy, text, len);
	return copy;
}

/* What was there stays if there is no memory. */
static bool keep(char **to, const char *text, size_t len)
{
	char *copy = copy_of(text, len);

	if (!copy)
		return false;
	mem_free(*to);
	*to = copy;
	return true;
}

void setting_add(setting_texts *v, const char *text, size_t len, uint32_t max)
{
	char *copy = copy_of(text, len), **place = copy ? vec_push(v) : NULL;

	if (!place) {
		mem_free(copy);
		return;
	}
	*place = copy;
	if (v->n <= max)
		return;
	mem_free(v->v[0]);
	v->n--;
	memmove(v->v, v->v + 1, v->n * sizeof(*v->v));
}

static const char *nearer(const char *typed, const char *word, const char *best,
			  unsigned *distance)
{
	unsigned d = text_distance(typed, word, *distance);

	if (d >= *distance || d >= strlen(typed))
		return best;
	*distance = d;
	return word;
}

/* ---- values --------------------------------------------------------------------------- */

struct given {
	struct reading *r;
	void *at;			/* its place in struct config */
	const char *part;		/* what follows the dot, NULL */
	const char *value;
};

struct key {
	const char *name;		/* one with a dot at its end has a second part */
	const char *shown;
	bool (*set)(const struct given *g);	/* false: it was complained about */
	size_t at;			/* in struct config */
	unsigned id;
	bool state_only;
};

/* The number of a word; -1: it is none of them, and that is said. */
static int choose(struct reading *r, const char *what, const char *value,
		  const char *const *words)
{
	struct buf all = { 0 };
	int i;

	for (i = 0; words[i]; i++)
		if (!strcmp(words[i], value))
			return i;
	for (i = 0; words[i]; i++)
		buf_printf(&all, "%s%s", i ? ", " : "", words[i]);
	complain(r, "unknown %s `%.80s': one of %s", what, value, buf_cstr(&all));
	buf_release(&all);
	return -1;
}

static bool set_theme(const struct given *g)
{
	return choose(g->r, "theme", g->value, term_themes()) >= 0 &&
	       keep(g->at, g->value, strlen(g->value));
}

static bool set_group(const struct given *g)
{
	const char *words[N_GROUPS + 1] = { NULL };
	unsigned i;

	for (i = 0; i < N_GROUPS; i++)
		words[i] = group_name((enum group)i);
	return choose(g->r, "group", g->value, words) >= 0 &&
	       keep(g->at, g->value, strlen(g->value));
}

static bool set_keymap(const struct given *g)
{
	static const char *const words[] = { "default", "htop", NULL };
	int i = choose(g->r, "keymap", g->value, words);

	if (i >= 0)
		*(bool *)g->at = i;
	return i >= 0;
}

static bool store(const struct given *g, int value)
{
	if (value >= 0)
		*(int8_t *)g->at = (int8_t)value;
	return value >= 0;
}

static bool set_switch(const struct given *g)
{
	static const char *const words[] = { "off", "on", "no", "yes", "0", "1", NULL };
	int i = choose(g->r, "value", g->value, words);

	return store(g, i < 0 ? i : i & 1);
}

static bool set_header(const struct given *g)
{
	static const char *const words[] = { "0", "1", "2", NULL };

	return store(g, choose(g->r, "value", g->value, words));
}

const char *const setting_tabs[CONFIG_TABS + 1] = {
	"sockets", "listen", "groups", "closed", "unix", NULL
};

static bool set_tab(const struct given *g)
{
	return store(g, choose(g->r, "tab", g->value, setting_tabs));
}

static bool set_interval(const struct given *g)
{
	struct buf text = { 0 };
	size_t len = strlen(g->value);
	uint64_t us = 0;
	bool ok;

	buf_puts(&text, g->value);
	if (len && g->value[len - 1] >= '0' && g->value[len - 1] <= '9')
		buf_putc(&text, 's');
	ok = !text.failed && num_duration(text.data, text.len, &us) && us >= INTERVAL_MIN &&
	     us <= INTERVAL_MAX;
	buf_release(&text);
	if (!ok)
		return complain(g->r, "interval `%.80s' is not 0.1 to 3600 seconds",
				g->value);
	*(uint64_t *)g->at = us;
	return true;
}

static bool is_filter(struct reading *r, const char *value)
{
	struct lssock_question q = {
		.size = sizeof(q), .filter = value, .flags = LSSOCK_Q_WATCH,
	};
	struct lssock_err err = { .pos = -1 };
	struct lssock_query *query = NULL;
	int e = lssock_query_new(&q, &query, &err);

	lssock_query_free(query);
	if (e == 0 || e == -ENOMEM)
		return e == 0;
	if (err.pos >= 0)
		return complain(r, "filter, at byte %d: %s", err.pos + 1, err.msg);
	return complain(r, "filter: %s", err.msg);
}

static bool set_filter(const struct given *g)
{
	return is_filter(g->r, g->value) && keep(g->at, g->value, strlen(g->value));
}

/* It will be shown as it is. */
static bool is_name(struct reading *r, const char *name)
{
	size_t len = strlen(name);

	if (!len || len > NAME_MAX_LEN)
		return complain(r, "a name has 1 to %u bytes", NAME_MAX_LEN);
	if (!text_is_safe(name, len, 0))
		return complain(r, "name `%s' cannot be shown", name);
	return true;
}

static bool set_saved(const struct given *g)
{
	struct config *c = g->r->c;
	struct config_filter f, *at;
	uint32_t i;

	if (!is_name(g->r, g->part) || !is_filter(g->r, g->value))
		return false;
	for (i = 0; i < c->filters.n; i++)
		if (!strcmp(c->filters.v[i].name, g->part))
			return keep(&c->filters.v[i].text, g->value, strlen(g->value));
	f.name = copy_of(g->part, strlen(g->part));
	f.text = copy_of(g->value, strlen(g->value));
	at = f.name && f.text ? vec_push(&c->filters) : NULL;
	if (at) {
		*at = f;
	} else {
		mem_free(f.name);
		mem_free(f.text);
	}
	return at;
}

static bool set_alias(const struct given *g)
{
	struct config *c = g->r->c;
	struct config_alias *at;
	uint64_t port;
	uint32_t i;
	char *name;

	if (!num_u64(g->part, strlen(g->part), UINT16_MAX, &port) || !port)
		return complain(g->r, "`%.80s' is no port", g->part);
	if (!is_name(g->r, g->value))
		return false;
	for (i = 0; i < c->aliases.n; i++)
		if (c->aliases.v[i].port == port)
			return keep(&c->aliases.v[i].name, g->value, strlen(g->value));
	name = copy_of(g->value, strlen(g->value));
	at = name ? vec_push(&c->aliases) : NULL;
	if (at)
		*at = (struct config_alias){ .port = (uint16_t)port, .name = name };
	else
		mem_free(name);
	return at;
}

/* A field of the list; ends and the like that only a filter knows are none. */
static bool is_field(struct reading *r, const char *name)
{
	struct lssock_field_info info;
	int f = lssock_field_find(name);
	const char *near = NULL;
	unsigned distance = 3;
	uint32_t i;

	if (f >= 0 && lssock_field_info((uint32_t)f, &info) == 0 && !info.both_ends &&
	    !info.names_only)
		return true;
	if (f >= 0 && info.names_only)
		return complain(r, "`%s' is for lists with -r: see the key hosts", name);
	if (f >= 0)
		return complain(r, "`%s' is for filters only: l%s or r%s?", name, name,
				name);
	for (i = 0; i < lssock_fields(); i++)
		if (lssock_field_info(i, &info) == 0 && !info.both_ends && !info.names_only)
			near = nearer(name, info.name, near, &distance);
	if (near)
		return complain(r, "unknown field `%.80s': did you mean %s?", name, near);
	return complain(r, "unknown field `%.80s'; see lssock-fields(7)", name);
}

static void add_column(struct reading *r, struct buf *list, const char *name, size_t len)
{
	char word[64];

	while (len && (*name == ' ' || *name == '\t')) {
		name++;
		len--;
	}
	while (len && (name[len - 1] == ' ' || name[len - 1] == '\t'))
		len--;
	if (!len)
		return;
	if (len >= sizeof(word))
		len = sizeof(word) - 1;
	memcpy(word, name, len);
	word[len] = '\0';
	if (is_field(r, word))
		buf_printf(list, "%s%s", list->len ? "," : "", word);
}

static bool set_columns(const struct given *g)
{
	char **to = g->at;
	const char *at;
	struct buf list = { 0 };
	int tab = choose(g->r, "tab", g->part, setting_tabs);
	size_t len;
	bool ok;

	if (tab < 0)
		return false;
	for (at = g->value; *at; at += len + (at[len] == ',')) {
		len = strcspn(at, ",");
		add_column(g->r, &list, at, len);
	}
	ok = list.len && !list.failed && keep(&to[tab], list.data, list.len);
	if (ok && !g->r->is_state)
		g->r->c->fixed |= 1ull << (SET_COLUMNS + tab);
	buf_release(&list);
	return ok;
}

static bool set_sort(const struct given *g)
{
	char **to = g->at;
	int tab = g->part ? choose(g->r, "tab", g->part, setting_tabs) : 0;

	if (tab < 0 || !is_field(g->r, g->value + (*g->value == '-')) ||
	    !keep(&to[tab], g->value, strlen(g->value)))
		return false;
	if (!g->r->is_state)
		g->r->c->fixed |= 1ull << (SET_SORT + tab);
	return true;
}

/* What was typed into a prompt; it was escaped when it was written. */
static bool set_past(const struct given *g)
{
	struct buf raw = { 0 };
	size_t i;
	bool ok;

	ok = text_unescape(&raw, g->value, strlen(g->value)) == 0 && !raw.failed;
	for (i = 0; ok && i < raw.len; i++)
		ok = (unsigned char)raw.data[i] >= ' ' && raw.data[i] != 0x7f;
	if (ok && raw.len)
		setting_add(g->at, raw.data, raw.len, PAST_MAX);
	else if (!ok)
		complain(g->r, "`%.80s' was never typed", g->value);
	buf_release(&raw);
	return ok;
}

/* ---- keys ---------------------------------------------------------------------------- */

#define AT(member) offsetof(struct config, member)
static const struct key keys[] = {
	{ "theme", "theme", set_theme, AT(theme), SET_THEME, false },
	{ "interval", "interval", set_interval, AT(interval_us), SET_INTERVAL, false },
	{ "columns.", "columns.TAB", set_columns, AT(columns), SET_OTHER, false },
	{ "sort", "sort", set_sort, AT(sort), SET_OTHER, false },
	{ "sort.", "sort.TAB", set_sort, AT(sort), SET_OTHER, false },
	{ "filter", "filter", set_filter, AT(filter), SET_FILTER, false },
	{ "filter.", "filter.NAME", set_saved, 0, SET_OTHER, false },
	{ "group", "group", set_group, AT(group), SET_GROUP, false },
	{ "keymap", "keymap", set_keymap, AT(htop_keys), SET_KEYMAP, false },
	{ "mouse", "mouse", set_switch, AT(mouse), SET_MOUSE, false },
	{ "ascii", "ascii", set_switch, AT(ascii), SET_ASCII, false },
	{ "names", "names", set_switch, AT(names), SET_NAMES, false },
	{ "hosts", "hosts", set_switch, AT(hosts), SET_HOSTS, false },
	{ "hold", "hold", set_switch, AT(hold), SET_HOLD, false },
	{ "marks", "marks", set_switch, AT(marks), SET_MARKS, false },
	{ "loopback", "loopback", set_switch, AT(loopback), SET_LOOPBACK, false },
	{ "readonly", "readonly", set_switch, AT(readonly), SET_READONLY, false },
	{ "header", "header", set_header, AT(header), SET_HEADER, false },
	{ "alias.", "alias.PORT", set_alias, 0, SET_OTHER, false },
	{ "tab", "tab", set_tab, AT(tab), SET_TAB, true },
	{ "find.", "find.N", set_past, AT(finds), SET_OTHER, true },
	{ "past.", "past.N", set_past, AT(past_filters), SET_OTHER, true },
};
#define N_KEYS (sizeof(keys) / sizeof(*keys))
#undef AT

/* What others call it. */
static const struct { const char *word, *meant; } habits[] = {
	{ "colour", "theme" }, { "color", "theme" }, { "colors", "theme" },
	{ "delay", "interval" }, { "refresh", "interval" }, { "keys", "keymap" },
	{ "bookmark", "filter.NAME" }, { "port", "alias.PORT" },
};

/* A key without the part that was written is another. */
static const struct key *find_key(const char *name, bool is_state, const char **ret_part)
{
	size_t i, len;

	for (i = 0; i < N_KEYS; i++) {
		len = strlen(keys[i].name);
		if (keys[i].state_only && !is_state)
			continue;
		*ret_part = keys[i].name[len - 1] == '.' ? name + len : NULL;
		if (*ret_part ? !strncmp(keys[i].name, name, len) : !strcmp(keys[i].name, name))
			return &keys[i];
	}
	return NULL;
}

static void unknown_key(struct reading *r, const char *name)
{
	const char *near = NULL;
	unsigned distance = 3;
	char head[16];
	size_t i;

	snprintf(head, sizeof(head), "%.*s", (int)strcspn(name, "."), name);
	for (i = 0; i < sizeof(habits) / sizeof(*habits) && !near; i++)
		if (!strcmp(head, habits[i].word))
			near = habits[i].meant;
	for (i = 0; i < N_KEYS && (!near || distance < 3); i++) {
		char word[16];

		if (keys[i].state_only && !r->is_state)
			continue;
		snprintf(word, sizeof(word), "%.*s", (int)strcspn(keys[i].name, "."),
			 keys[i].name);
		if (nearer(head, word, NULL, &distance) || !strcmp(head, word))
			near = keys[i].shown;
	}
	if (near)
		complain(r, "unknown key `%.80s': did you mean %s?", name, near);
	else
		complain(r, "unknown key `%.80s'", name);
}

void setting_apply(struct reading *r, const char *name, const char *value)
{
	struct given g = { .r = r, .value = value };
	const struct key *k = find_key(name, r->is_state, &g.part);

	if (!k) {
		unknown_key(r, name);
		return;
	}
	g.at = (char *)r->c + k->at;
	if (!*value)
		complain(r, "%s has no value", k->shown);
	else if (k->set(&g) && !r->is_state && k->id != SET_OTHER)
		r->c->fixed |= 1ull << k->id;
}
