/* SPDX-License-Identifier: MIT */
/*
 * The story of one port, or of one socket file: who holds it, since when, who
 * is connected, what else is on it, and how to stop it. Sentences over the
 * snapshot; it never acts.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "cli/cli.h"

#define MAX_NAMED 5	/* clients, holders named one by one */

struct story {
	struct cli *c;
	struct cli_answer a;
	const struct lssock_sock *socks;
	const struct lssock_owner *owners;
	const struct lssock_proc *procs;
	const struct lssock_ns *ns;
	const uint32_t *rows;
	uint32_t n_rows, n_ns, n_procs;
	uint32_t port;			/* 0: a path */
	const char *path;
	uint8_t *told;			/* by place in rows */
	struct buf out;
};

static void put_field(struct story *st, uint32_t row, uint32_t owner, const char *name)
{
	struct lssock_value v;
	char text[512];
	int f = lssock_field_find(name);
	size_t n;

	if (f < 0)
		return;
	lssock_get(st->a.snap, row, owner, (uint32_t)f, &v);
	n = lssock_value_text(&v, text, sizeof(text));
	buf_put(&st->out, text, n < sizeof(text) ? n : sizeof(text) - 1);
}

static bool get_field(struct story *st, uint32_t row, uint32_t owner, const char *name,
		      struct lssock_value *v)
{
	int f = lssock_field_find(name);

	if (f < 0)
		return false;
	lssock_get(st->a.snap, row, owner, (uint32_t)f, v);
	return v->kind != LSSOCK_V_NA && v->kind != LSSOCK_V_UNKNOWN &&
	       v->kind != LSSOCK_V_LATER;
}

static void put_string(struct story *st, uint32_t id)
{
	size_t len;
	const char *p = lssock_string(st->a.snap, id, &len);

	if (p)
		text_safe(&st->out, p, len, 0);
}

static bool is_service(const struct lssock_sock *k)
{
	return k->state == LSSOCK_LISTEN || k->state == LSSOCK_BOUND ||
	       (k->state == LSSOCK_UNCONNECTED && (k->lport || k->proto == LSSOCK_UNIX));
}

static bool on_port(const struct story *st, const struct lssock_sock *k)
{
	return !st->port || k->lport == st->port;
}

/* Sockets of one service: same protocol, namespace, kind and first owner. */
static bool same_service(const struct story *st, const struct lssock_sock *a,
			 const struct lssock_sock *b)
{
	uint32_t x = a->owner ? st->owners[a->owner].proc : 0;
	uint32_t y = b->owner ? st->owners[b->owner].proc : 0;

	return a->proto == b->proto && a->ns == b->ns && a->state == b->state && x == y;
}

/* ---- one service ------------------------------------------------------------ */

static void put_line(struct story *st, const char *label)
{
	buf_puts(&st->out, "  ");
	buf_puts(&st->out, label);
	buf_fill(&st->out, ' ', 10 - strlen(label));
}

static void put_place(struct story *st, const struct lssock_sock *k)
{
	const struct lssock_ns *n = &st->ns[k->ns];

	if (n->flags & LSSOCK_NS_OWN)
		return;
	buf_puts(&st->out, ", in network namespace ");
	if (n->name)
		put_string(st, n->name);
	else if (n->container)
		put_string(st, n->container);
	else
		buf_u64(&st->out, n->ino);
}

static const char *scope_words(const char *scope, size_t len)
{
	static const struct { const char *word, *says; } table[] = {
		{ "all", "bound to every interface" },
		{ "public", "bound to a public address" },
		{ "lan", "bound to a private address" },
		{ "link", "bound to a link-local address" },
		{ "local", "reachable from this machine only" },
		{ "owner", "its owner may connect" },
		{ "group", "its group may connect" },
		{ "world", "everybody may connect" },
		{ "abstract", "everybody in this network namespace may connect" },
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strlen(table[i].word) == len && !memcmp(table[i].word, scope, len))
			return table[i].says;
	return NULL;
}

static void put_headline(struct story *st, uint32_t first)
{
	const struct lssock_sock *k = &st->socks[st->rows[first]];
	struct lssock_value v;
	const char *comma = " ";
	uint32_t i;

	put_field(st, st->rows[first], 0, "proto");
	for (i = first; i < st->n_rows; i++) {
		const struct lssock_sock *o = &st->socks[st->rows[i]];

		if (i != first &&
		    (!is_service(o) || !on_port(st, o) || !same_service(st, k, o)))
			continue;
		buf_puts(&st->out, comma);
		put_field(st, st->rows[i], 0, "local");
		st->told[i] = 1;
		comma = ", ";
	}
	buf_puts(&st->out, k->state == LSSOCK_LISTEN ? " is listening" :
		 k->state == LSSOCK_BOUND ? " is bound but not listening" : " is bound");
	if (get_field(st, st->rows[first], 0, "scope", &v)) {
		const char *says = scope_words(v.s, v.len);

		buf_puts(&st->out, says ? ", " : "");
		buf_puts(&st->out, says ? says : "");
	}
	if (k->family == 2 && comma[0] == ',')
		buf_puts(&st->out, k->local.w[0] == 0 ? " (IPv4 only)" : "");
	put_place(st, k);
	buf_puts(&st->out, "\n\n");
}

static uint32_t count_owners(const struct story *st, uint32_t row)
{
	uint32_t o, n = 0;

	for (o = st->socks[row].owner; o; o = st->owners[o].next)
		n += st->owners[o].how == LSSOCK_HOW_FD;
	return n;
}

static void put_process(struct story *st, uint32_t proc)
{
	put_string(st, st->procs[proc].comm);
	buf_putc(&st->out, '[');
	buf_i64(&st->out, st->procs[proc].pid);
	buf_putc(&st->out, ']');
}

static void put_owners(struct story *st, uint32_t row)
{
	uint32_t o, shown = 0, n = count_owners(st, row);

	put_line(st, "owner");
	if (!n) {
		buf_puts(&st->out, "none: ");
		put_field(st, row, 0, "why");
		buf_putc(&st->out, '\n');
		return;
	}
	for (o = st->socks[row].owner; o && shown < MAX_NAMED; o = st->owners[o].next) {
		if (st->owners[o].how != LSSOCK_HOW_FD)
			continue;
		buf_puts(&st->out, shown++ ? ", " : "");
		put_process(st, st->owners[o].proc);
		buf_puts(&st->out, " fd ");
		buf_i64(&st->out, st->owners[o].fd);
	}
	if (n > shown) {
		buf_puts(&st->out, " and ");
		buf_u64(&st->out, n - shown);
		buf_puts(&st->out, " more");
	}
	o = st->socks[row].owner;
	buf_puts(&st->out, "  ");
	put_field(st, row, o, "puser");
	if (st->procs[st->owners[o].proc].container) {
		buf_puts(&st->out, "  in container ");
		put_string(st, st->procs[st->owners[o].proc].container);
	}
	buf_putc(&st->out, '\n');
}

static uint32_t parent_of(const struct story *st, uint32_t proc)
{
	uint32_t i;

	for (i = 1; i < st->n_procs; i++)
		if (st->procs[i].pid == st->procs[proc].ppid)
			return i;
	return 0;
}

static void put_ancestry(struct story *st, uint32_t proc, int depth)
{
	uint32_t parent = depth < 8 ? parent_of(st, proc) : 0;

	if (parent && parent != proc)
		put_ancestry(st, parent, depth + 1);
	buf_puts(&st->out, depth && !parent ? "" : parent ? " > " : "");
	put_string(st, st->procs[proc].comm);
}

static void put_started(struct story *st, uint32_t row)
{
	const struct lssock_meta *m = lssock_snap_meta(st->a.snap);
	const struct lssock_proc *p;
	uint64_t began;

	if (!st->socks[row].owner || !count_owners(st, row))
		return;
	p = &st->procs[st->owners[st->socks[row].owner].proc];
	began = m->boot_ns + p->start_ns;
	put_line(st, "started");
	if (m->now_ns > began)
		num_put_duration(&st->out, (m->now_ns - began) / 1000);
	else
		buf_puts(&st->out, "0s");
	buf_puts(&st->out, " ago");
	if (p->unit) {
		buf_puts(&st->out, " by ");
		put_string(st, p->unit);
	}
	buf_puts(&st->out, ": ");
	put_ancestry(st, st->owners[st->socks[row].owner].proc, 0);
	buf_putc(&st->out, '\n');
}

static void put_file(struct story *st, uint32_t row)
{
	struct lssock_value v;

	if (st->socks[row].proto != LSSOCK_UNIX || !get_field(st, row, 0, "file_state", &v))
		return;
	put_line(st, "file");
	put_field(st, row, 0, "file_state");
	if (get_field(st, row, 0, "file_mode", &v)) {
		buf_puts(&st->out, ", mode ");
		put_field(st, row, 0, "file_mode");
		buf_puts(&st->out, ", ");
		put_field(st, row, 0, "file_user");
		buf_putc(&st->out, ':');
		put_field(st, row, 0, "file_group");
	}
	buf_putc(&st->out, '\n');
}

/* The connections that came through this service, by their remote side. */
static void put_clients(struct story *st, uint32_t first)
{
	const struct lssock_sock *k = &st->socks[st->rows[first]];
	uint32_t i, n = 0, named = 0;
	struct lssock_value v;

	put_line(st, "clients");
	for (i = 0; i < st->n_rows; i++) {
		const struct lssock_sock *o = &st->socks[st->rows[i]];

		n += o->via != LSSOCK_NONE && o->state == LSSOCK_ESTABLISHED &&
		     same_service(st, k, &st->socks[o->via]);
	}
	buf_u64(&st->out, n);
	buf_puts(&st->out, " connected now");
	for (i = 0; n && i < st->n_rows; i++) {
		const struct lssock_sock *o = &st->socks[st->rows[i]];

		if (o->via == LSSOCK_NONE || !same_service(st, k, &st->socks[o->via]))
			continue;
		st->told[i] = o->state == LSSOCK_ESTABLISHED;
		if (o->state != LSSOCK_ESTABLISHED || named >= MAX_NAMED)
			continue;
		buf_puts(&st->out, named++ ? ", " : " (");
		if (get_field(st, st->rows[i], 0, "peer", &v))
			put_field(st, st->rows[i], 0, "peer");
		else
			put_field(st, st->rows[i], 0, "raddr");
	}
	if (named)
		buf_puts(&st->out, n > named ? ", …)" : ")");
	if (get_field(st, st->rows[first], 0, "queue", &v)) {
		buf_puts(&st->out, ", queue ");
		put_field(st, st->rows[first], 0, "queue");
		buf_putc(&st->out, '/');
		put_field(st, st->rows[first], 0, "limit");
	}
	buf_putc(&st->out, '\n');
}

/* What a person would type; only on a terminal, and never done by us. */
static void put_stop(struct story *st, uint32_t row)
{
	const struct lssock_proc *p;
	size_t n = 0;
	const char *runtime, *unit;

	if (!st->c->tty || !st->socks[row].owner || !count_owners(st, row))
		return;
	p = &st->procs[st->owners[st->socks[row].owner].proc];
	put_line(st, "to stop");
	runtime = lssock_string(st->a.snap, p->runtime, &n);
	unit = lssock_string(st->a.snap, p->unit, NULL);
	if (p->container && runtime) {
		buf_put(&st->out, runtime, n);
		buf_puts(&st->out, " stop ");
		put_string(st, p->container);
	} else if (unit && p->pid != 1) {
		buf_puts(&st->out, "systemctl stop ");
		put_string(st, p->unit);
	} else {
		buf_puts(&st->out, "kill ");
		buf_i64(&st->out, p->pid);
	}
	buf_putc(&st->out, '\n');
}

/* ---- the rest of the port ---------------------------------------------------- */

static void put_rest(struct story *st)
{
	uint32_t counts[LSSOCK_N_STATE] = { 0 }, local = 0, remote = 0, i;
	uint32_t first_local = LSSOCK_NONE, first_remote = LSSOCK_NONE;
	int s;

	for (i = 0; i < st->n_rows; i++) {
		const struct lssock_sock *k = &st->socks[st->rows[i]];

		if (st->told[i])
			continue;
		if (k->state == LSSOCK_TIME_WAIT || k->via != LSSOCK_NONE) {
			counts[k->state < LSSOCK_N_STATE ? k->state : 0]++;
		} else if (on_port(st, k)) {
			if (!local++)
				first_local = st->rows[i];
		} else if (!remote++) {
			first_remote = st->rows[i];
		}
	}
	for (s = 0; s < LSSOCK_N_STATE; s++) {
		if (!counts[s])
			continue;
		put_line(st, "also");
		buf_u64(&st->out, counts[s]);
		buf_putc(&st->out, ' ');
		buf_puts(&st->out, lssock_state_name((enum lssock_state)s));
		buf_putc(&st->out, '\n');
	}
	if (local) {
		put_line(st, "also");
		buf_u64(&st->out, local);
		buf_puts(&st->out, " with this as the local port of a connection, such as ");
		put_field(st, first_local, 0, "local");
		buf_puts(&st->out, " > ");
		put_field(st, first_local, 0, "remote");
		buf_puts(&st->out, " of ");
		put_field(st, first_local, 0, "process");
		buf_putc(&st->out, '\n');
	}
	if (remote) {
		put_line(st, "also");
		buf_u64(&st->out, remote);
		buf_puts(&st->out, " to this port of others, such as ");
		put_field(st, first_remote, 0, "remote");
		buf_puts(&st->out, " from ");
		put_field(st, first_remote, 0, "process");
		buf_putc(&st->out, '\n');
	}
}

static void put_looked_at(struct story *st)
{
	uint32_t seen = 0, i;

	for (i = 0; i < st->n_ns; i++)
		seen += (st->ns[i].flags & (LSSOCK_NS_ASKED | LSSOCK_NS_REFUSED)) ==
			LSSOCK_NS_ASKED;
	if (st->n_ns < 2)
		return;
	buf_puts(&st->out, seen == st->n_ns ? "all " : "");
	buf_u64(&st->out, seen);
	if (seen < st->n_ns) {
		buf_puts(&st->out, " of ");
		buf_u64(&st->out, st->n_ns);
	}
	buf_puts(&st->out, " namespaces, ");
}

static void put_nothing(struct story *st)
{
	if (!st->port) {
		buf_puts(&st->out, "nothing is using the socket ");
		text_safe(&st->out, st->path, strlen(st->path), 0);
		buf_putc(&st->out, '\n');
		return;
	}
	buf_puts(&st->out, "nothing is using port ");
	buf_u64(&st->out, st->port);
	buf_puts(&st->out, " (tcp, udp, ");
	put_looked_at(st);
	buf_puts(&st->out, "bound or listening)\n");
}

static void tell(struct story *st)
{
	uint32_t i, services = 0;

	for (i = 0; i < st->n_rows; i++) {
		const struct lssock_sock *k = &st->socks[st->rows[i]];

		if (st->told[i] || !is_service(k) || !on_port(st, k))
			continue;
		buf_puts(&st->out, services++ ? "\n" : "");
		put_headline(st, i);
		put_owners(st, st->rows[i]);
		put_started(st, st->rows[i]);
		put_file(st, st->rows[i]);
		if (k->state == LSSOCK_LISTEN)
			put_clients(st, i);
		put_stop(st, st->rows[i]);
	}
	if (!st->n_rows) {
		put_nothing(st);
		return;
	}
	if (!services) {
		buf_puts(&st->out, "nothing is listening on ");
		if (st->port) {
			buf_puts(&st->out, "port ");
			buf_u64(&st->out, st->port);
		} else {
			text_safe(&st->out, st->path, strlen(st->path), 0);
		}
		buf_puts(&st->out, "\n\n");
	}
	put_rest(st);
}

/* A character of a path as a filter takes it without a special meaning. */
static void put_plain(struct buf *f, char ch)
{
	if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
	    strchr("/._-", ch)) {
		buf_putc(f, ch);
		return;
	}
	buf_puts(f, "\\x");
	buf_hex(f, (unsigned char)ch, 2);
}

/* "8080", "443/tcp", "/run/x.sock" -> filter text. */
static void story_question(struct story *st)
{
	struct cli *c = st->c;
	const char *what = c->operands[0], *slash = strchr(what, '/');
	struct buf *f = &c->filter;
	uint64_t n = 0;

	c->n_operands = 0;
	c->ask.flags |= LSSOCK_Q_STORY | LSSOCK_Q_ALL;
	c->ask.netns = c->ask.netns ? c->ask.netns : "all";
	if (*what == '/') {
		st->path = what;
		c->ask.protos = 1u << LSSOCK_UNIX;
		buf_puts(f, "path:");
		for (; *what; what++)
			put_plain(f, *what);
		return;
	}
	num_u64(what, slash ? (size_t)(slash - what) : strlen(what), 65535, &n);
	st->port = (uint32_t)n;
	if (slash)
		c->ask.protos = slash[1] == 't' ? 1u << LSSOCK_TCP : 1u << LSSOCK_UDP;
	buf_puts(f, "port:");
	buf_u64(f, n);
}

int cmd_story(struct cli *c)
{
	struct story st = { .c = c };
	int r, status;

	story_question(&st);
	if (c->explain)
		return cmd_list(c);
	r = answer_take(c, &st.a);
	if (!r)
		r = answer_view(c, &st.a);
	if (!r) {
		st.socks = lssock_socks(st.a.snap, NULL);
		st.owners = lssock_owners(st.a.snap, NULL);
		st.procs = lssock_procs(st.a.snap, &st.n_procs);
		st.ns = lssock_namespaces(st.a.snap, &st.n_ns);
		st.rows = lssock_view_rows(st.a.view, &st.n_rows);
		st.told = mem_alloc(st.n_rows + 1);
		status = st.n_rows ? EXIT_DONE :
			 lssock_view_unknown(st.a.view) || answer_lacks_rows(st.a.snap) ?
			 EXIT_INCOMPLETE : EXIT_NOTHING;
		if (c->strict && status == EXIT_DONE && !lssock_snap_meta(st.a.snap)->complete)
			status = EXIT_INCOMPLETE;
		if (st.told && !c->quiet)
			tell(&st);
		say_notes(st.a.snap);
		r = put_buf(&st.out);
		if (!r)
			r = status;
		if (c->stats)
			answer_stats(st.a.snap);
	}
	mem_free(st.told);
	buf_release(&st.out);
	answer_release(&st.a);
	return r;
}
