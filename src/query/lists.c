/* SPDX-License-Identifier: MIT */
/* The lists of fields in a question: columns, sort keys, keys of groups. */
#include <string.h>

#include "base/text.h"
#include "query/plan.h"

/* "a, b" item by item; false: the end. */
static bool next_item(const char **list, const char **ret, size_t *ret_len)
{
	const char *s = *list;

	while (*s == ' ' || *s == ',')
		s++;
	*ret = s;
	while (*s && *s != ' ' && *s != ',')
		s++;
	*ret_len = (size_t)(s - *ret);
	*list = s;
	return *ret_len > 0;
}

static void shown(const char *s, size_t len, char out[64])
{
	struct buf b = { 0 };
	size_t width, n;

	text_safe(&b, s, len, TEXT_ASCII);
	n = text_cut(b.data, b.len, 60, &width);
	memcpy(out, b.data ? b.data : "", b.data ? n : 0);
	out[b.data ? n : 0] = 0;
	buf_release(&b);
}

/* what: "column", "sort key" … */
static int find_shown(const struct lssock_query *q, const char *what, const char *s, size_t len,
		      const struct field **ret, struct lssock_err *err)
{
	const struct field *f = field_find(s, len);
	const char *near = f ? NULL : field_nearest(s, len);
	char name[64];

	shown(s, len, name);
	if (f && f->filter_only)
		return plan_fail(err,
			    "`%s` means either end and is for filters: as a %s take l%s or r%s",
			    f->name, what, f->name, f->name);
	if (!f && near)
		return plan_fail(err, "unknown %s `%s`: did you mean `%s`?", what, name, near);
	if (!f)
		return plan_fail(err, "unknown %s `%s` (--columns help lists them)", what,
				 name);
	if (f->needs & NEED_TRACK && !(q->flags & FILTER_WATCHES))
		return plan_fail(err, "`%s` is known only in watch and events", f->name);
	if (f->needs & NEED_HOSTS && !(q->flags & LSSOCK_Q_NAMES))
		return plan_fail(err, "`%s` is looked up only with -r, and only for lists",
				 f->name);
	*ret = f;
	return 0;
}

static int add_column(struct lssock_query *q, const struct field *f, struct lssock_err *err)
{
	const struct field **slot;
	uint32_t i;

	for (i = 0; i < q->columns.n; i++) {
		if (q->columns.v[i] == f)
			return 0;
	}
	slot = vec_push(&q->columns);
	if (!slot)
		return plan_no_memory(err);
	*slot = f;
	return 0;
}

static int add_names(struct lssock_query *q, const char *const *names, struct lssock_err *err)
{
	const struct field *f;
	int r;

	for (; names && *names; names++) {
		f = field_find(*names, strlen(*names));
		r = f ? add_column(q, f, err) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_defaults(struct lssock_query *q, const struct lssock_question *ask,
			struct lssock_err *err)
{
	static const char *const hosts[] = { "lhost", "rhost", NULL };
	static const uint32_t groups[] = { LSSOCK_Q_EXTENDED, LSSOCK_Q_TIMERS, LSSOCK_Q_MEMORY,
					   LSSOCK_Q_INFO };
	bool record = ask->layout == LSSOCK_LAYOUT_RECORD;
	bool spaces = ask->netns && !strcmp(ask->netns, "all");
	size_t i;
	int r = 0;

	if (spaces && !record && !(ask->group_by && *ask->group_by))
		r = add_column(q, field_find("space", 5), err);
	if (r == 0)
		r = add_names(q, field_defaults(ask), err);
	if (r == 0 && record && ask->flags & LSSOCK_Q_NAMES && !(ask->flags & LSSOCK_Q_MAP))
		r = add_names(q, hosts, err);

	for (i = 0; r == 0 && i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (ask->flags & groups[i])
			r = add_names(
				q,
				field_option_group(groups[i] | (record ? LSSOCK_Q_FULLEST : 0)),
				err);
	}
	return r;
}

static int set_columns(struct lssock_query *q, const struct lssock_question *ask,
		       struct lssock_err *err)
{
	const char *list = ask->columns, *item;
	const struct field *f;
	size_t len;
	int r = 0;

	if (!list || memchr(list, '+', strlen(list)))
		r = add_defaults(q, ask, err);
	while (r == 0 && list && next_item(&list, &item, &len)) {
		if (*item == '+') {
			item++;
			len--;
		}
		r = find_shown(q, "column", item, len, &f, err);
		if (r == 0)
			r = add_column(q, f, err);
	}
	if (r == 0 && !q->columns.n)
		return plan_fail(err, "no columns are named");
	return r;
}

static int set_sort(struct lssock_query *q, const char *list, struct lssock_err *err)
{
	const struct field *f;
	struct sort_key *key;
	const char *item;
	size_t len;
	bool down;
	int r;

	while (list && next_item(&list, &item, &len)) {
		down = *item == '-';
		if (down || *item == '+') {
			item++;
			len--;
		}
		r = find_shown(q, "sort key", item, len, &f, err);
		if (r < 0)
			return r;
		key = vec_push(&q->sort);
		if (!key)
			return plan_no_memory(err);
		key->field = f;
		key->descending = down;
	}
	return 0;
}

static int set_groups(struct lssock_query *q, const char *list, struct lssock_err *err)
{
	const struct field *f, **slot;
	const char *item;
	size_t len;
	int r;

	while (list && next_item(&list, &item, &len)) {
		r = find_shown(q, "group key", item, len, &f, err);
		if (r < 0)
			return r;
		slot = vec_push(&q->groups);
		if (!slot)
			return plan_no_memory(err);
		*slot = f;
	}
	return 0;
}

int plan_lists(struct lssock_query *q, const struct lssock_question *ask,
	       struct lssock_err *err)
{
	int r = set_columns(q, ask, err);

	if (r == 0)
		r = set_sort(q, ask->sort, err);
	return r ? r : set_groups(q, ask->group_by, err);
}
