/* SPDX-License-Identifier: MIT */
/* What `lssock kill` and `lssock close` would do or have done, for programs. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/act.h"

/* Safe text as a JSON string. */
static void put_quoted(struct buf *b, const char *text)
{
	buf_putc(b, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_putc(b, '\\');
		buf_putc(b, *text);
	}
	buf_putc(b, '"');
}

static void put_key(struct buf *b, const char *key)
{
	char last = b->len && b->data ? b->data[b->len - 1] : '{';

	buf_puts(b, last == '{' || last == '[' ? "" : ",");
	put_quoted(b, key);
	buf_putc(b, ':');
}

static void put_number(struct buf *b, const char *key, uint64_t v)
{
	put_key(b, key);
	buf_u64(b, v);
}

/* "" is null. */
static void put_text(struct buf *b, const char *key, const char *text)
{
	put_key(b, key);
	if (text && *text)
		put_quoted(b, text);
	else
		buf_puts(b, "null");
}

static void put_bool(struct buf *b, const char *key, bool v)
{
	put_key(b, key);
	buf_puts(b, v ? "true" : "false");
}

/* A field of the list, by its name. */
static void put_field(struct acting *g, uint32_t row, const char *name)
{
	int f = lssock_field_find(name);
	struct lssock_value v;

	if (f < 0)
		return;
	lssock_get(g->a.snap, row, 0, (uint32_t)f, &v);
	if (v.kind == LSSOCK_V_NA || v.kind == LSSOCK_V_UNKNOWN || v.kind == LSSOCK_V_LATER) {
		put_text(&g->out, name, NULL);
	} else if (v.kind == LSSOCK_V_UINT) {
		put_number(&g->out, name, v.u);
	} else {
		lssock_value_text(&v, g->text, sizeof(g->text));
		put_text(&g->out, name, g->text);
	}
}

static void put_told(struct acting *g, uint32_t i, const char *key, enum lssock_act_text what)
{
	lssock_act_text(g->act, i, what, g->text, sizeof(g->text));
	put_text(&g->out, key, g->text);
}

static void put_process(struct acting *g, uint32_t i)
{
	const struct lssock_target *t = &g->targets[i];
	const struct lssock_proc *p = &lssock_procs(g->a.snap, NULL)[t->proc];
	const char *comm;
	size_t len = 0;

	put_key(&g->out, "pid");
	if (t->proc)
		buf_i64(&g->out, p->pid);
	else
		buf_puts(&g->out, "null");
	comm = t->proc ? lssock_string(g->a.snap, p->comm, &len) : NULL;
	lssock_escape(comm, comm ? len : 0, g->text, sizeof(g->text));
	put_text(&g->out, "proc", g->text);
}

static void put_socket(struct acting *g, uint32_t row)
{
	static const char *const fields[] = { "netns", "proto", "state", "laddr", "lport",
					      "raddr", "rport", "cookie" };
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		put_field(g, row, fields[i]);
}

static void put_counts(struct acting *g, const struct lssock_target *t)
{
	put_number(&g->out, "chosen", t->chosen);
	put_number(&g->out, "sockets", t->sockets);
	put_number(&g->out, "listening", t->listening);
	put_number(&g->out, "established", t->estab);
	put_number(&g->out, "shared", t->shared);
}

static void put_outcome(struct acting *g, uint32_t i)
{
	const struct lssock_target *t = &g->targets[i];

	put_key(&g->out, "done");
	buf_puts(&g->out, !t->tried ? "null" : act_failed(g, i) ? "false" : "true");
	put_key(&g->out, "errno");
	if (t->err)
		buf_i64(&g->out, -t->err);
	else
		buf_puts(&g->out, "null");
	if (g->kill)
		put_bool(&g->out, "gone", g->gone[i]);
	put_told(g, i, "outcome", LSSOCK_ACT_OUTCOME);
}

static void put_target(struct acting *g, uint32_t i)
{
	static const char *const protect[] = { NULL, "init", "self", "session", "kernel" };
	const struct lssock_target *t = &g->targets[i];

	buf_putc(&g->out, '{');
	if (!g->kill)
		put_socket(g, t->row);
	put_process(g, i);
	put_told(g, i, "title", LSSOCK_ACT_TITLE);
	put_told(g, i, "command", LSSOCK_ACT_COMMAND);
	if (g->kill)
		put_counts(g, t);
	put_told(g, i, "ends", LSSOCK_ACT_ENDS);
	if (g->kill) {
		put_told(g, i, "restarts", LSSOCK_ACT_RESTARTS);
		put_told(g, i, "stop", LSSOCK_ACT_STOP);
	}
	put_text(&g->out, "protected", t->protect < 5 ? protect[t->protect] : NULL);
	put_told(g, i, "refused", LSSOCK_ACT_REFUSED);
	put_outcome(g, i);
	buf_putc(&g->out, '}');
}

static void put_head(struct acting *g)
{
	const char *name = lssock_signal_name(g->signal);
	char number[16];

	snprintf(number, sizeof(number), "%d", g->signal);
	buf_puts(&g->out, "{\"lssock\":{\"version\":\"" LSSOCK_VERSION "\"");
	put_number(&g->out, "schema", LSSOCK_SCHEMA);
	buf_putc(&g->out, '}');
	put_text(&g->out, "action", g->verb);
	if (g->kill)
		put_text(&g->out, "signal", name ? name : number);
	put_bool(&g->out, "complete", lssock_snap_meta(g->a.snap)->complete);
	put_bool(&g->out, "dry_run", g->c->dry_run);
	put_key(&g->out, "targets");
	buf_putc(&g->out, '[');
}

int act_json(struct acting *g)
{
	bool lines = !strcmp(g->c->format, "jsonl");
	uint32_t i;

	if (!lines)
		put_head(g);
	for (i = 0; i < g->n; i++) {
		buf_puts(&g->out, lines || !i ? "" : ",\n");
		put_target(g, i);
		buf_puts(&g->out, lines ? "\n" : "");
	}
	buf_puts(&g->out, lines ? "" : "]}\n");
	return put_buf(&g->out);
}
