/* SPDX-License-Identifier: MIT */
/*
 * The story of one port, or of one socket file: who holds it, since when, who
 * is connected, what else is on it, and how to stop it. Sentences over the
 * snapshot; it never acts.
 */
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "base/num.h"
#include "base/text.h"
#include "cli/story.h"

/* ---- the rest of the port ---------------------------------------------------- */

/* What is left of connections, or not one yet. */
static const char *rest_words(unsigned state)
{
	switch (state) {
	case LSSOCK_SYN_RECV:
		return "being opened";
	case LSSOCK_TIME_WAIT:
		return "time-wait left over";
	case LSSOCK_CLOSE_WAIT:
		return "closed by the client but not here (close-wait)";
	case LSSOCK_FIN_WAIT1:
	case LSSOCK_FIN_WAIT2:
	case LSSOCK_CLOSING:
	case LSSOCK_LAST_ACK:
		return "being closed";
	}
	return NULL;
}

struct rest {
	uint32_t counts[LSSOCK_N_STATE], local, remote;
	struct names from, to;
};

static void count_rest(struct story *st, struct rest *r, uint32_t row)
{
	const struct lssock_sock *k = &st->socks[row];
	struct names *names = story_on_port(st, k) ? &r->from : &r->to;
	size_t at = st->out.len;
	uint32_t o = story_owner(st, k->owner);

	if (k->state < LSSOCK_N_STATE && rest_words(k->state) &&
	    (k->state == LSSOCK_TIME_WAIT || k->via != LSSOCK_NONE || !o)) {
		r->counts[k->state]++;
		return;
	}
	if (story_on_port(st, k))
		r->local++;
	else
		r->remote++;
	if (o)
		story_process(st, st->owners[o].proc);
	else
		story_field(st, row, 0, "why");
	if (story_on_port(st, k))
		story_field(st, row, 0, "local");
	buf_puts(&st->out, " > ");
	story_field(st, row, 0, "remote");
	name_add(names, &st->out, at);
}

static void put_also(struct story *st, uint32_t n, const char *words, const struct names *names,
		     const char **sep)
{
	if (!n)
		return;
	if (*sep)
		buf_puts(&st->out, *sep);
	else
		story_line(st, "also");
	*sep = "; ";
	buf_u64(&st->out, n);
	buf_putc(&st->out, ' ');
	buf_puts(&st->out, words);
	if (names)
		put_names(&st->out, names);
}

/* "nothing on udp 8080" where TCP was told of; and the other way round. */
static void put_other_proto(struct story *st, const char **sep)
{
	uint32_t tcp = st->told_protos & 1u << LSSOCK_TCP;
	uint32_t udp = st->told_protos & 1u << LSSOCK_UDP;

	if (!st->port || st->one_proto || !tcp == !udp)
		return;
	story_line(st, "also");
	buf_puts(&st->out, tcp ? "nothing on udp " : "nothing on tcp ");
	buf_u64(&st->out, st->port);
	*sep = "; ";
}

static void put_rest(struct story *st)
{
	struct rest r = { .local = 0 };
	const char *sep = NULL, *words;
	uint32_t i, j, n;

	for (i = 0; i < st->n_rows; i++)
		if (!st->told[st->rows[i]])
			count_rest(st, &r, st->rows[i]);
	put_other_proto(st, &sep);
	for (i = 0; i < LSSOCK_N_STATE; i++) {
		words = rest_words(i);
		for (n = 0, j = i; words && j < LSSOCK_N_STATE; j++)
			if (rest_words(j) && !strcmp(rest_words(j), words)) {
				n += r.counts[j];
				r.counts[j] = 0;
			}
		put_also(st, n, words, NULL, &sep);
	}
	put_also(st, r.local, r.local == 1 ? "connection from this port: " :
		 "connections from this port: ", &r.from, &sep);
	put_also(st, r.remote, r.remote == 1 ? "connection to this port elsewhere: " :
		 "connections to this port elsewhere: ", &r.to, &sep);
	if (sep)
		buf_putc(&st->out, '\n');
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
	buf_puts(&st->out, st->one_proto == 1u << LSSOCK_TCP ? " (tcp, " :
		 st->one_proto == 1u << LSSOCK_UDP ? " (udp, " : " (tcp, udp, ");
	put_looked_at(st);
	buf_puts(&st->out, "bound or listening)\n");
}

static void tell(struct story *st)
{
	uint32_t last = LSSOCK_NONE, i;

	if (!st->n_rows) {
		put_nothing(st);
		return;
	}
	for (i = 0; i < st->n_rows; i++) {
		uint32_t row = st->rows[i];

		if (st->told[row] || !story_is_service(&st->socks[row]) ||
		    !story_on_port(st, &st->socks[row]))
			continue;
		if (last != LSSOCK_NONE) {
			story_stop(st, last);
			buf_putc(&st->out, '\n');
		}
		story_service(st, i);
		last = row;
	}
	if (last == LSSOCK_NONE) {
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
	if (last != LSSOCK_NONE)
		story_stop(st, last);
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
	if (c->ask.flags & LSSOCK_Q_RESOLVE)
		c->ask.flags |= LSSOCK_Q_NAMES;
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
	if (slash) {
		st->one_proto = 1u << (slash[1] == 't' ? LSSOCK_TCP : LSSOCK_UDP);
		c->ask.protos = st->one_proto;
	}
	buf_puts(f, "port:");
	buf_u64(f, n);
}

int cmd_story(struct cli *c)
{
	struct story st = { .c = c };
	uint64_t began;
	int r, status;

	story_question(&st);
	if (c->explain)
		return cmd_list(c);
	r = answer_take(c, &st.a);
	if (!r)
		r = answer_view(c, &st.a);
	if (!r) {
		st.socks = lssock_socks(st.a.snap, &st.n_socks);
		st.owners = lssock_owners(st.a.snap, NULL);
		st.procs = lssock_procs(st.a.snap, &st.n_procs);
		st.ns = lssock_namespaces(st.a.snap, &st.n_ns);
		st.rows = lssock_view_rows(st.a.view, &st.n_rows);
		st.told = mem_alloc(st.n_socks + 1);
		status = st.n_rows ? EXIT_DONE :
			 lssock_view_unknown(st.a.view) || answer_lacks_rows(st.a.snap) ?
			 EXIT_INCOMPLETE : EXIT_NOTHING;
		if (c->strict && status == EXIT_DONE && !lssock_snap_meta(st.a.snap)->complete)
			status = EXIT_INCOMPLETE;
		began = io_now_ns();
		if (st.told && !c->quiet)
			tell(&st);
		say_notes(st.a.snap);
		r = put_buf(&st.out);
		c->print_us = (io_now_ns() - began) / 1000;
		if (!r)
			r = status;
		if (c->stats)
			answer_stats(c, st.a.snap);
	}
	mem_free(st.told);
	buf_release(&st.out);
	answer_release(&st.a);
	return r;
}
