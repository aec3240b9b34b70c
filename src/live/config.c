/* SPDX-License-Identifier: MIT */
/*
 * The user's configuration and the state of the screen between two runs: reading ini
 * files that may be anybody's, line by line, and writing the second. What keys there are
 * and what they take is settings.c's.
 */
#include "live/config.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"
#include "live/settings.h"

#define FILE_MAX (64u << 10)
#define COMPLAINTS_MAX 20u
#define WRITTEN_MAX 180u	/* of a line: inih takes 197 bytes */

void config_init(struct config *c)
{
	*c = (struct config){ .mouse = -1, .ascii = -1, .names = -1, .hosts = -1, .hold = -1,
			      .marks = -1, .loopback = -1, .header = -1, .readonly = -1,
			      .tab = -1 };
}

static void free_texts(char **v, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		mem_free(v[i]);
}

void config_release(struct config *c)
{
	uint32_t i;

	mem_free(c->theme);
	mem_free(c->filter);
	mem_free(c->group);
	free_texts(c->columns, CONFIG_TABS);
	free_texts(c->sort, CONFIG_TABS);
	for (i = 0; i < c->filters.n; i++) {
		mem_free(c->filters.v[i].name);
		mem_free(c->filters.v[i].text);
	}
	for (i = 0; i < c->aliases.n; i++)
		mem_free(c->aliases.v[i].name);
	free_texts(c->finds.v, c->finds.n);
	free_texts(c->past_filters.v, c->past_filters.n);
	free_texts(c->complaints.v, c->complaints.n);
	vec_release(&c->filters);
	vec_release(&c->aliases);
	vec_release(&c->finds);
	vec_release(&c->past_filters);
	vec_release(&c->complaints);
	config_init(c);
}

/* ---- complaints --------------------------------------------------------------------- */

/* line 0: of the file. What others wrote is made safe here, all at once. */
__attribute__((format(printf, 4, 0)))
static void complain_v(struct config *c, const char *what, unsigned line, const char *fmt,
		       va_list ap)
{
	struct buf said = { 0 };
	char text[512];
	int n = vsnprintf(text, sizeof(text), fmt, ap);

	if (n < 0)
		return;
	buf_puts(&said, what);
	if (line)
		buf_printf(&said, ":%u", line);
	buf_puts(&said, ": ");
	text_safe(&said, text, strlen(text), 0);
	if (!said.failed)
		setting_add(&c->complaints, said.data, said.len, UINT32_MAX);
	buf_release(&said);
}

__attribute__((format(printf, 3, 4)))
static void complain_file(struct config *c, const char *what, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain_v(c, what, 0, fmt, ap);
	va_end(ap);
}

bool complain(struct reading *r, const char *fmt, ...)
{
	va_list ap;

	if (r->complaints++ >= COMPLAINTS_MAX) {
		r->unsaid++;
		return false;
	}
	va_start(ap, fmt);
	complain_v(r->c, r->what, r->pending ? r->pending_line : r->line, fmt, ap);
	va_end(ap);
	return false;
}

/* ---- lines ------------------------------------------------------------------------------ */

static void apply(struct reading *r)
{
	if (!r->pending)
		return;
	if (r->name.failed || r->value.failed)
		complain(r, "%s", strerror(ENOMEM));
	else
		setting_apply(r, buf_cstr(&r->name), buf_cstr(&r->value));
	r->pending = false;
	buf_reset(&r->name);
	buf_reset(&r->value);
}

/* inih gives no numbers and says nothing of lines it makes no sense of: that is told by
 * what it calls, and when. */
static int on_key(void *ctx, const char *section, const char *name, const char *value)
{
	struct reading *r = ctx;

	r->called = true;
	if (section && *section)
		return 1;		/* it was complained about */
	if (r->pending && r->indented && !strcmp(name, buf_cstr(&r->name))) {
		buf_putc(&r->value, ' ');
		buf_puts(&r->value, value);
		return 1;
	}
	apply(r);
	r->pending = true;
	r->pending_line = r->line;
	buf_puts(&r->name, name);
	buf_puts(&r->value, value ? value : "");
	return 1;
}

static void end_line(struct reading *r)
{
	if (!r->expected || r->called)
		return;
	apply(r);
	complain(r, "neither `key = value' nor a comment");
}

/* Whether inih is to see it. */
static bool check_line(struct reading *r, const char *line, size_t len, size_t max)
{
	size_t i = r->line == 1 && len >= 3 && !memcmp(line, "\xef\xbb\xbf", 3) ? 3 : 0;

	r->indented = len && (*line == ' ' || *line == '\t');
	while (i < len && (line[i] == ' ' || line[i] == '\t' || line[i] == '\r'))
		i++;
	if (i == len || line[i] == '#' || line[i] == ';')
		return false;
	if (len <= max && !memchr(line, 0, len) && line[i] != '[') {
		r->expected = true;
		return true;
	}
	apply(r);
	if (memchr(line, 0, len))
		complain(r, "a zero byte");
	else if (len > max)
		complain(r, "longer than %zu bytes: go on in an indented line", max);
	else
		complain(r, "unknown section `%.*s': what follows is passed over",
			 len - i < 80 ? (int)(len - i) : 80, line + i);
	return line[i] == '[' && len <= max && !memchr(line, 0, len);
}

/* An ini_reader: like fgets(), but that every line is a whole one. */
static char *next_line(char *line, int size, void *ctx)
{
	struct reading *r = ctx;
	const char *end;
	size_t len;

	end_line(r);
	if (!r->left || size < 3)
		return NULL;
	end = memchr(r->at, '\n', r->left);
	len = end ? (size_t)(end - r->at) : r->left;
	r->line++;
	r->expected = r->called = false;
	if (check_line(r, r->at, len, (size_t)size - 2)) {
		memcpy(line, r->at, len);
		line[len] = '\n';
		line[len + 1] = '\0';
	} else {
		memcpy(line, "\n", 2);
	}
	len += end != NULL;
	r->at += len;
	r->left -= len;
	return line;
}

void config_parse(struct config *c, const char *what, bool is_state, const char *text,
		  size_t len)
{
	struct reading r = {
		.c = c, .what = what, .is_state = is_state, .at = text, .left = len,
	};

	if (ini_parse_stream(next_line, &r, on_key, &r) == -2)
		complain_file(c, what, "%s", strerror(ENOMEM));
	apply(&r);
	if (r.unsaid)
		complain_file(c, what, "and %u more that make no sense", r.unsaid);
	buf_release(&r.name);
	buf_release(&r.value);
}

/* ---- files ------------------------------------------------------------------------------ */

/* Why a file is not read, NULL: it is. What belongs to root is read for him, but not
 * for somebody whom sudo lets run this program and no other: the complaints would show
 * him files that he may not read. */
static const char *refused(const struct stat *st, uint32_t uid)
{
	if (!S_ISREG(st->st_mode))
		return "is no regular file";
	if (st->st_uid != uid && (st->st_uid || uid != geteuid()))
		return "belongs to somebody else";
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return "may be written by others (chmod go-w)";
	if (st->st_size > FILE_MAX)
		return "is larger than 64 KiB";
	return NULL;
}

/* Nothing is opened before it is known to be a file: a device would feel it. */
static int open_file(const char *path)
{
	int fd;

	do
		fd = open(path, O_PATH | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

static int read_file(int fd, uint32_t uid, struct buf *b, const char **ret_refused)
{
	struct stat st;
	char name[40];
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ret_refused = refused(&st, uid);
	if (*ret_refused)
		return -EPERM;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	r = io_read_at(AT_FDCWD, name, b, FILE_MAX + 1);
	if (r == 0 && b->len > FILE_MAX) {
		*ret_refused = "is larger than 64 KiB";
		return -EFBIG;
	}
	return r;
}

static void read_one(struct config *c, const char *what, const char *path, bool is_state,
		     uint32_t uid)
{
	const char *why = NULL;
	struct buf b = { 0 };
	int fd, r;

	if (!path)
		return;
	fd = open_file(path);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return;
	r = fd < 0 ? fd : read_file(fd, uid, &b, &why);
	if (fd >= 0)
		close(fd);
	if (r == 0)
		config_parse(c, what, is_state, b.data, b.len);
	else
		complain_file(c, what, "%s %s: not read", path, why ? why : strerror(-r));
	buf_release(&b);
}

void config_read(struct config *c, const struct config_paths *paths)
{
	read_one(c, "state", paths->state, true, paths->uid);
	read_one(c, "config", paths->config, false, paths->uid);
}

/* ---- writing ---------------------------------------------------------------------------- */

static bool is_kept(const struct config *c, unsigned id)
{
	return !(c->fixed >> id & 1);
}

static void put_text(const struct config *c, struct buf *b, unsigned id, const char *key,
		     const char *tab, const char *value)
{
	if (value && is_kept(c, id))
		buf_printf(b, "%s%s%s = %s\n", key, tab ? "." : "", tab ? tab : "", value);
}

static void put_switch(const struct config *c, struct buf *b, unsigned id, const char *key,
		       int value)
{
	if (value >= 0 && is_kept(c, id))
		buf_printf(b, "%s = %s\n", key, value ? "on" : "off");
}

/* A list may be longer than a line. */
static void put_columns(const struct config *c, struct buf *b, unsigned tab)
{
	const char *list = c->columns[tab];
	size_t line = b->len, len;

	if (!list || !is_kept(c, SET_COLUMNS + tab))
		return;
	buf_printf(b, "columns.%s = ", setting_tabs[tab]);
	for (; *list; list += len) {
		len = strcspn(list, ",") + 1;
		len -= !list[len - 1];
		if (b->len - line + len > WRITTEN_MAX) {
			buf_puts(b, "\n\t");
			line = b->len;
		}
		buf_put(b, list, len);
	}
	buf_putc(b, '\n');
}

/* A `;` would begin a comment, blanks at the ends would be lost. */
static void put_past(struct buf *b, const char *key, const setting_texts *v)
{
	struct buf safe = { 0 };
	uint32_t i, n = 0;
	size_t len;

	for (i = v->n > PAST_MAX ? v->n - PAST_MAX : 0; i < v->n; i++) {
		len = strlen(v->v[i]);
		if (!len)
			continue;
		buf_reset(&safe);
		text_safe(&safe, v->v[i], len, TEXT_SEMI |
			  (v->v[i][0] == ' ' || v->v[i][len - 1] == ' ' ? TEXT_BLANK : 0));
		b->failed |= safe.failed;
		if (safe.len <= WRITTEN_MAX)
			buf_printf(b, "%s.%u = %s\n", key, ++n, buf_cstr(&safe));
	}
	buf_release(&safe);
}

static void put_state(const struct config *c, struct buf *b)
{
	unsigned i;

	buf_puts(b, "# Made by lssock watch, and made anew whenever it ends; see "
		    "lssock-config(5).\n");
	if (c->tab >= 0 && c->tab < CONFIG_TABS)
		put_text(c, b, SET_TAB, "tab", NULL, setting_tabs[c->tab]);
	put_text(c, b, SET_THEME, "theme", NULL, c->theme);
	put_text(c, b, SET_GROUP, "group", NULL, c->group);
	put_text(c, b, SET_KEYMAP, "keymap", NULL, c->htop_keys ? "htop" : "default");
	if (c->interval_us >= INTERVAL_MIN && is_kept(c, SET_INTERVAL))
		buf_printf(b, "interval = %lluus\n", (unsigned long long)c->interval_us);
	if (c->header >= 0 && is_kept(c, SET_HEADER))
		buf_printf(b, "header = %d\n", c->header);
	put_switch(c, b, SET_MOUSE, "mouse", c->mouse);
	put_switch(c, b, SET_ASCII, "ascii", c->ascii);
	put_switch(c, b, SET_NAMES, "names", c->names);
	put_switch(c, b, SET_HOLD, "hold", c->hold);
	put_switch(c, b, SET_MARKS, "marks", c->marks);
	put_switch(c, b, SET_LOOPBACK, "loopback", c->loopback);
	for (i = 0; i < CONFIG_TABS; i++) {
		put_columns(c, b, i);
		put_text(c, b, SET_SORT + i, "sort", setting_tabs[i], c->sort[i]);
	}
	put_past(b, "find", &c->finds);
	put_past(b, "past", &c->past_filters);
}

/* Makes what is missing of the directory of a path, and wants the last one to be the
 * user's alone. */
static int make_directory(const char *path, uint32_t uid)
{
	struct buf dir = { 0 };
	const char *slash;
	struct stat st;
	int r;

	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		buf_reset(&dir);
		buf_put(&dir, path, (size_t)(slash - path));
		buf_cstr(&dir);
		/* One that cannot be made is there, or else the last one is not. */
		mkdir(buf_cstr(&dir), 0700);
	}
	r = dir.failed ? -ENOMEM : !dir.len ? -EINVAL : stat(dir.data, &st) < 0 ? -errno : 0;
	if (r == 0 && (!S_ISDIR(st.st_mode) || st.st_uid != uid ||
		       st.st_mode & (S_IWGRP | S_IWOTH)))
		r = -EPERM;
	buf_release(&dir);
	return r;
}

int config_write(const struct config *c, const struct config_paths *paths)
{
	struct buf b = { 0 };
	struct stat st;
	int r;

	if (!paths->write_state || !paths->state || paths->uid != geteuid())
		return -EPERM;
	r = make_directory(paths->state, paths->uid);
	if (r == 0 && lstat(paths->state, &st) == 0 && st.st_uid != paths->uid)
		r = -EPERM;
	if (r < 0)
		return r;
	put_state(c, &b);
	r = b.failed ? -ENOMEM : io_replace(paths->state, b.data, b.len, 0600);
	buf_release(&b);
	return r;
}
