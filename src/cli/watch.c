/* SPDX-License-Identifier: MIT */
/* `lssock watch`: the live view, if there is a terminal that does; else a list per round.
 * What the view needs of the environment is looked up here. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "cli/cli.h"
#include "live/live.h"

#define SCRIPT_MAX 1000000
#define SERVICES_MAX 1000000

static int batch_instead(struct cli *c, const char *why)
{
	say("watch: %s: a list per round instead (--batch)", why);
	return cmd_batch(c);
}

static bool is_theme(const char *name)
{
	const char *const *t = live_themes();

	while (*t && strcmp(*t, name))
		t++;
	return *t;
}

static int check(const struct cli *c)
{
	struct buf b = { 0 };

	if (c->theme && !is_theme(c->theme)) {
		say("--theme: `%s' is none: default, light, mono, contrast, cvd",
		    safe(&b, c->theme));
		buf_release(&b);
		return EXIT_USAGE;
	}
	if (c->format || c->pids || c->summary || c->quiet || c->wait || c->ask.group_by ||
	    c->ask.sort || c->columns.len) {
		say("watch: columns, order and format are chosen in the view (or add --batch)");
		return EXIT_USAGE;
	}
	if (c->speed > 0 && !c->open.tape_in) {
		say("watch: --speed is for a recording (--from FILE)");
		return EXIT_USAGE;
	}
	return 0;
}

static int read_script(const char *path, struct buf *b)
{
	struct buf name = { 0 };
	int r = io_read_at(AT_FDCWD, path, b, SCRIPT_MAX);

	if (r < 0)
		say("%s: %s", safe(&name, path), strerror(-r));
	buf_release(&name);
	return r < 0 ? EXIT_USAGE : 0;
}

static int ended(struct cli *c, int r, const struct lssock_err *err)
{
	if (r == -ENOTTY || r == -ENOENT)
		return batch_instead(c, err->msg[0] ? err->msg : strerror(-r));
	if (r > 0)
		live_raise(r);
	if (r >= 0)
		return EXIT_DONE;
	say_filter(c->ask.filter, err->msg[0] ? err : &(struct lssock_err){ .pos = -1 });
	return r == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
}

static bool has_alias(const struct config *config, uint64_t port)
{
	uint32_t i;

	for (i = 0; i < config->aliases.n; i++)
		if (config->aliases.v[i].port == port)
			return true;
	return false;
}

/* One line of services(5): "https 443/tcp www". */
static void add_service(struct config *config, const char *line)
{
	size_t name = strcspn(line, " \t#\n"), at = name + strspn(line + name, " \t");
	size_t len = strcspn(line + at, "/ \t\n");
	struct config_alias *a;
	uint64_t port;

	if (!name || name > 64 || !num_u64(line + at, len, 65535, &port) || !port ||
	    has_alias(config, port))
		return;
	a = vec_push(&config->aliases);
	if (!a)
		return;
	a->port = (uint16_t)port;
	a->name = mem_alloc(name + 1);
	if (a->name)
		memcpy(a->name, line, name);
	else
		config->aliases.n--;
}

/* Names of ports, behind those that the user gave. */
static void read_services(struct config *config)
{
	struct buf b = { 0 };
	char *line, *end;

	if (io_read_at(AT_FDCWD, "/etc/services", &b, SERVICES_MAX) < 0 || !b.len)
		goto out;
	for (line = (char *)(uintptr_t)buf_cstr(&b); *line; line = end + (*end == '\n')) {
		end = line + strcspn(line, "\n");
		if (*line != '#')
			add_service(config, line);
	}
out:
	buf_release(&b);
}

/* A script has the same screens everywhere. */
static void read_config(const struct cli *c, struct config *config, struct config_paths *paths)
{
	uint32_t i;

	config_init(config);
	if (c->no_config || c->script)
		return;
	paths_find(paths);
	config_read(config, paths);
	read_services(config);
	for (i = 0; i < config->complaints.n; i++)
		say("%s", config->complaints.v[i]);
}

/* Each round makes arrays of megabytes and frees those of the last but one: left to
 * itself malloc begins to keep them, and half of the memory is in nobody's use. */
static void give_back_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
	mallopt(M_TRIM_THRESHOLD, 1 << 20);
}

static int put_text(void *ctx, const void *bytes, size_t len)
{
	buf_put(ctx, bytes, len);
	return ((struct buf *)ctx)->failed ? -ENOMEM : 0;
}

/* Names of hosts in the filter become addresses here and now: the view compiles it again
 * with each key, and must not wait for a name server. */
static int settle_names(struct cli *c, struct buf *text)
{
	struct lssock_question q = c->ask;
	struct lssock_query *query = NULL;
	struct lssock_err err = { .pos = -1 };
	int r;

	if (!(c->ask.flags & LSSOCK_Q_RESOLVE) || !c->ask.filter)
		return 0;
	q.flags |= LSSOCK_Q_WATCH;
	r = lssock_query_new(&q, &query, &err);
	if (r == 0)
		r = lssock_query_filter(query, put_text, text);
	lssock_query_free(query);
	if (r == 0)
		c->ask.filter = buf_cstr(text);
	else
		say_filter(c->ask.filter, &err);
	return r == 0 ? 0 : r == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
}

int cmd_watch(struct cli *c)
{
	struct lssock_err err = { .pos = -1 };
	struct config config;
	struct config_paths paths = { 0 };
	struct buf script = { 0 }, filter = { 0 };
	struct live_options o = {
		.config = &config, .paths = &paths, .interval_us = c->interval_us,
		.rounds = c->rounds, .speed = c->speed,
		.theme = c->theme, .ssh_connection = getenv("SSH_CONNECTION"),
		.color = c->use_color, .ascii = c->ascii || !c->utf8, .readonly = c->readonly,
		.no_mouse = c->no_mouse, .cols = c->script_cols, .lines = c->script_lines,
		.write = put_write,
	};
	int r;

	if (c->audit.baseline && (c->batch || (!c->script && !c->tty))) {
		say("watch: --baseline is for the tab Listening of the live view");
		return EXIT_USAGE;
	}
	if (c->audit.baseline && c->ask.flags & LSSOCK_Q_NO_OWNERS) {
		say("watch: --baseline compares programs: not with --no-owners");
		return EXIT_USAGE;
	}
	if (c->batch)
		return cmd_batch(c);
	if (!c->script && (!c->tty || !isatty(STDIN_FILENO)))
		return batch_instead(c, "not a terminal");
	r = check(c);
	if (r == 0 && c->script)
		r = read_script(c->script, &script);
	if (r == 0 && !(c->ask.flags & LSSOCK_Q_NO_OWNERS))
		r = audit_make(c, true, &o.audit);
	if (r)
		goto out;
	args_filter(c);
	r = settle_names(c, &filter);
	if (r)
		goto out;
	give_back_memory();
	read_config(c, &config, &paths);
	o.has_baseline = c->audit.baseline;
	o.open = c->open;
	o.ask = c->ask;
	o.script = c->script ? buf_cstr(&script) : NULL;
	r = ended(c, live_run(&o, &err), &err);
	config_release(&config);
	paths_release(&paths);
out:
	lssock_audit_free(o.audit);
	buf_release(&filter);
	buf_release(&script);
	return r;
}
