/* SPDX-License-Identifier: MIT */
/* What a question makes the collector do and why, as text for --explain. */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "model/names.h"
#include "query/plan.h"

static void put_label(struct buf *b, const char *label)
{
	buf_puts(b, label);
	buf_fill(b, ' ', strlen(label) < 11 ? 11 - strlen(label) : 1);
}

/* ---- filter and namespaces ------------------------------------------------ */

static void put_filter(const struct lssock_query *q, struct buf *b)
{
	put_label(b, "filter");
	filter_print(q->filter, b);
	buf_putc(b, '\n');
}

static void put_netns(const struct lssock_query *q, struct buf *b)
{
	const struct plan *p = &q->plan;

	put_label(b, "namespaces");
	switch (p->ns_which) {
	case NS_OWN:
		buf_puts(b, "our own");
		break;
	case NS_ALL:
		buf_puts(b, "every one that may be entered");
		if (q->filter->names_netns)
			buf_puts(b, " (the filter names a namespace, container or process)");
		break;
	case NS_ONE:
		buf_puts(b, "only ");
		text_safe(b, p->ns_one, strlen(p->ns_one), 0);
		break;
	}
	buf_putc(b, '\n');
}

static void put_words(struct buf *b, uint32_t bits, const char *(*name)(unsigned))
{
	const char *blank = "";
	unsigned i;

	for (i = 1; i < 32; i++) {
		if (bits & 1u << i) {
			buf_puts(b, blank);
			buf_puts(b, name(i));
			blank = " ";
		}
	}
}

static void put_widened(const struct lssock_query *q, struct buf *b)
{
	uint32_t more = q->protos & ~LSSOCK_PROTOS_INET & q->filter->protos_named;

	if (!more || q->protos_asked & more)
		return;
	put_label(b, "widened");
	put_words(b, more, names_proto);
	buf_puts(b, ": the filter speaks of it\n");
}

/* ---- tables --------------------------------------------------------------- */

#define ALL_STATES ((1u << LSSOCK_N_STATE) - 2)

static void put_states(struct buf *b, uint32_t states)
{
	uint32_t missing = ALL_STATES & ~states;

	if (!missing) {
		buf_puts(b, "all states");
	} else if (__builtin_popcount(missing) <= 4) {
		buf_puts(b, "all states but ");
		put_words(b, missing, names_state);
	} else {
		buf_puts(b, "only ");
		put_words(b, states, names_state);
	}
}

/* Indented lines of a program. */
static void put_code(struct buf *b, const struct filter *f, uint8_t proto)
{
	struct buf code = { 0 }, text = { 0 };
	const char *line, *end, *stop;

	push_filter(f, proto, NULL, &code);
	push_disassemble(code.data, code.len, &text);
	stop = text.data + text.len;
	for (line = text.data; text.len && line < stop; line = end + 1) {
		end = memchr(line, '\n', (size_t)(stop - line));
		if (!end)
			break;
		buf_fill(b, ' ', 11);
		buf_put(b, line, (size_t)(end - line) + 1);
	}
	if (!code.len)
		buf_puts(b, "           (needs names that are looked up when it is asked)\n");
	buf_release(&code);
	buf_release(&text);
}

static void put_table(const struct lssock_query *q, unsigned proto, struct buf *b)
{
	const struct plan *p = &q->plan;

	put_label(b, names_proto(proto));
	if (!(p->protos & 1u << proto)) {
		buf_puts(b, "not asked: no row of it can match\n");
		return;
	}
	put_states(b, p->states[proto]);
	if (p->push[proto])
		buf_puts(b, ", filtered by the kernel:");
	buf_putc(b, '\n');
	if (p->push[proto])
		put_code(b, q->filter, (uint8_t)proto);
	if (p->extra_listen & 1u << proto)
		buf_puts(b, "           and every listener, to tell connections in from out\n");
}

/* ---- needs ---------------------------------------------------------------- */

static const struct { uint32_t bit; const char *text; } facts[] = {
	{ NEED_OWNERS, "owners: open files of every process" },
	{ NEED_PROC, "details of the owners: command line, program, unit, container" },
	{ NEED_FDS, "how many files the owners have open, and may have" },
	{ NEED_WHY, "a second look for sockets without an owner" },
	{ NEED_VIA, "listeners that connections came through" },
	{ NEED_PEER, "the other ends on this machine (not filtered by the kernel)" },
	{ NEED_UNIX_PEER, "the other ends of unix sockets" },
	{ NEED_CLIENTS, "connections of each listener (not filtered by the kernel)" },
	{ NEED_FILE, "files of unix sockets" },
	{ NEED_NETNS, "network namespaces and their names" },
	{ NEED_IFACE, "interfaces" },
	{ NEED_ADDRS, "addresses of interfaces" },
	{ NEED_USERS, "/etc/passwd" },
	{ NEED_AUTOBOUND, "which ports the kernel chose (one more dump)" },
	{ NEED_PORTRANGE, "range of ephemeral ports" },
	{ NEED_CGROUP, "paths of cgroups" },
	{ NEED_COUNTERS, "counters (sockstat)" },
	{ NEED_LISTEN_COUNTERS, "overflows of listeners, ports that need no privilege" },
	{ NEED_PORT_USE, "every connection, for the ports they take" },
	{ NEED_EXE_FILE, "what the files of the owners' programs are now" },
	{ NEED_UNITS, "unit files of the sockets that pid 1 holds" },
	{ NEED_NAT, "ports that nftables passes on" },
	{ NEED_HOSTS, "names of the hosts that are shown, by the resolver" },
	{ NEED_SERVICES, "names of their services" },
};

/* "for the filter, pid, process": who asks for it. */
static void put_reasons(const struct lssock_query *q, uint32_t bit, struct buf *b)
{
	const char *comma = " (for ";
	uint32_t i;

	if (q->filter->needs & bit) {
		buf_puts(b, comma);
		buf_puts(b, "the filter");
		comma = ", ";
	}
	for (i = 0; i < q->columns.n; i++) {
		if (!(q->columns.v[i]->needs & bit) || q->flags & LSSOCK_Q_EXISTS)
			continue;
		buf_puts(b, comma);
		buf_puts(b, q->columns.v[i]->name);
		comma = ", ";
	}
	for (i = 0; i < q->sort.n; i++) {
		if (!(q->sort.v[i].field->needs & bit))
			continue;
		buf_puts(b, comma);
		buf_puts(b, "sorting");
		comma = ", ";
		break;
	}
	if (*comma == ',')
		buf_putc(b, ')');
}

static void put_needs(const struct lssock_query *q, struct buf *b)
{
	const char *label = "reads";
	size_t i;

	for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		if (!(q->plan.needs & facts[i].bit))
			continue;
		put_label(b, label);
		label = "";
		buf_puts(b, facts[i].text);
		put_reasons(q, facts[i].bit, b);
		buf_putc(b, '\n');
	}
	if (!*label)
		return;
	put_label(b, label);
	buf_puts(b, "nothing but the tables\n");
}

int lssock_query_filter(const struct lssock_query *q, lssock_write_fn w, void *wctx)
{
	struct buf b = { 0 };
	int r;

	filter_print(q->filter, &b);
	r = b.failed ? -ENOMEM : w(wctx, b.data, b.len);
	buf_release(&b);
	return r;
}

int lssock_query_explain(const struct lssock_query *q, lssock_write_fn w, void *wctx)
{
	struct buf b = { 0 };
	unsigned proto;
	int r;

	put_filter(q, &b);
	put_netns(q, &b);
	put_widened(q, &b);
	if (q->hidden_states) {
		put_label(&b, "hidden");
		put_words(&b, q->hidden_states, names_state);
		buf_puts(&b, " (-a shows them)\n");
	}
	for (proto = 1; proto < LSSOCK_N_PROTO; proto++) {
		if (q->protos & 1u << proto)
			put_table(q, proto, &b);
	}
	put_needs(q, &b);
	r = b.failed ? -ENOMEM : w(wctx, b.data, b.len);
	buf_release(&b);
	return r;
}
