/* SPDX-License-Identifier: MIT */
/*
 * Small sheets: summary, namespaces, fields. The list of sockets is in view.c.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "model/addr.h"
#include "model/names.h"
#include "query/field.h"
#include "query/made.h"
#include "query/metrics.h"
#include "query/ports.h"

/* ---- summary --------------------------------------------------------------------- */

struct tally {
	uint32_t states[LSSOCK_N_PROTO][LSSOCK_N_STATE];
	uint32_t protos[LSSOCK_N_PROTO];
	uint32_t why[LSSOCK_N_WHY];
	uint32_t owned, total;
};

static void add_count(struct made *m, const char *section, const char *name, uint64_t value)
{
	made_word(m, section);
	made_word(m, name);
	made_number(m, value);
}

static void count_rows(const struct lssock_snap *s, struct tally *t)
{
	uint32_t i;

	for (i = 0; i < s->socks.n && !field_is_closed(s, i); i++) {
		const struct lssock_sock *k = &s->socks.v[i];

		if (k->proto >= LSSOCK_N_PROTO || k->state >= LSSOCK_N_STATE)
			continue;
		t->total++;
		t->protos[k->proto]++;
		t->states[k->proto][k->state]++;
		if (field_owner(s, k))
			t->owned++;
		else if (k->why < LSSOCK_N_WHY)
			t->why[k->why]++;
	}
}

/* Where time-wait was not listed the counters of the namespaces know it. */
static void count_time_wait(const struct lssock_snap *s, struct tally *t)
{
	uint32_t i, n = 0;

	if (t->states[LSSOCK_TCP][LSSOCK_TIME_WAIT])
		return;
	for (i = 0; i < s->ns.n; i++)
		if (s->ns.v[i].flags & LSSOCK_NS_ASKED && s->ns.v[i].time_wait != LSSOCK_NONE)
			n += s->ns.v[i].time_wait;
	t->states[LSSOCK_TCP][LSSOCK_TIME_WAIT] = n;
	t->protos[LSSOCK_TCP] += n;
	t->total += n;
}

static void sum_sockets(struct made *m, const struct tally *t)
{
	unsigned proto, state;

	add_count(m, "sockets", "total", t->total);
	for (proto = 1; proto < LSSOCK_N_PROTO; proto++) {
		if (!t->protos[proto] && proto != LSSOCK_TCP && proto != LSSOCK_UDP)
			continue;
		add_count(m, names_proto(proto), "total", t->protos[proto]);
		for (state = 0; state < LSSOCK_N_STATE; state++)
			if (t->states[proto][state])
				add_count(m, names_proto(proto),
					  state ? names_state(state) : "unknown",
					  t->states[proto][state]);
	}
}

static void sum_owners(struct made *m, const struct tally *t)
{
	unsigned why;

	if (!m->sheet.snap->meta.owners_asked)
		return;
	add_count(m, "owners", "owned", t->owned);
	for (why = 1; why < LSSOCK_N_WHY; why++)
		if (t->why[why])
			add_count(m, "owners", names_why(why), t->why[why]);
}

static void sum_namespaces(struct made *m)
{
	const struct lssock_snap *s = m->sheet.snap;
	uint32_t i, listed = 0, refused = 0;

	for (i = 0; i < s->ns.n; i++) {
		listed += !!(s->ns.v[i].flags & LSSOCK_NS_ASKED);
		refused += !!(s->ns.v[i].flags & LSSOCK_NS_REFUSED);
	}
	add_count(m, "namespaces", "known", s->meta.n_ns > s->ns.n ? s->meta.n_ns : s->ns.n);
	add_count(m, "namespaces", "listed", listed);
	add_count(m, "namespaces", "refused", refused);
}

/* Ports of the range for automatic use that sockets of a protocol have. */
static uint32_t ports_used(struct made *m, uint16_t ns, unsigned proto)
{
	const struct lssock_snap *s = m->sheet.snap;
	uint32_t lo = s->ns.v[ns].port_lo, hi = s->ns.v[ns].port_hi, i, n = 0;
	uint32_t *seen = mem_alloc(65536 / 8);

	m->failed |= !seen;
	for (i = 0; seen && i < s->socks.n && !field_is_closed(s, i); i++) {
		const struct lssock_sock *k = &s->socks.v[i];
		uint32_t bit = 1u << k->lport % 32;

		if (k->proto != proto || k->ns != ns || k->lport < lo || k->lport > hi ||
		    seen[k->lport / 32] & bit)
			continue;
		seen[k->lport / 32] |= bit;
		n++;
	}
	mem_free(seen);
	return n;
}

static bool asks_several(const struct lssock_snap *s)
{
	uint32_t i, asked = 0;

	for (i = 0; i < s->ns.n; i++)
		asked += !!(s->ns.v[i].flags & LSSOCK_NS_ASKED);
	return asked > 1;
}

/* Section and name of a row about one namespace, which is said where there are others. */
static void name_in_ns(struct made *m, uint16_t row, const char *section, const char *what)
{
	const struct lssock_ns *ns = &m->sheet.snap->ns.v[row];
	size_t at;

	made_word(m, section);
	at = m->text.len;
	buf_puts(&m->text, what);
	if (asks_several(m->sheet.snap)) {
		buf_putc(&m->text, '@');
		if (ns->name)
			made_put(m, ns->name);
		else
			buf_u64(&m->text, ns->ino);
	}
	made_text(m, LSSOCK_V_TEXT, at);
}

static void count_in_ns(struct made *m, uint16_t ns, const char *section, const char *what,
			uint64_t value)
{
	name_in_ns(m, ns, section, what);
	made_number(m, value);
}

/* The remote to which most ports are taken: "203.0.113.7:443:21000/28232". */
static void sum_fullest_remote(struct made *m, uint16_t ns, const uint32_t *by_row)
{
	const struct lssock_snap *s = m->sheet.snap;
	uint32_t i, most = LSSOCK_NONE;
	struct lssock_addr a;
	size_t at;

	for (i = 0; by_row && i < s->socks.n; i++)
		if (snap_row(s, i)->ns == ns && by_row[i] &&
		    (most == LSSOCK_NONE || by_row[i] > by_row[most]))
			most = i;
	if (most == LSSOCK_NONE)
		return;
	a = addr_of_end(snap_row(s, most)->family, &snap_row(s, most)->remote, NULL);
	name_in_ns(m, ns, "ports", "fullest-remote");
	at = m->text.len;
	buf_puts(&m->text, a.family == AF_INET6 ? "[" : "");
	addr_put(&m->text, &a);
	buf_puts(&m->text, a.family == AF_INET6 ? "]:" : ":");
	buf_u64(&m->text, snap_row(s, most)->rport);
	buf_putc(&m->text, ':');
	buf_u64(&m->text, by_row[most]);
	buf_putc(&m->text, '/');
	buf_u64(&m->text, ports_range(s, ns));
	made_text(m, LSSOCK_V_TEXT, at);
}

static void sum_ports(struct made *m)
{
	const struct lssock_snap *s = m->sheet.snap;
	uint32_t *by_row = ports_by_row(s);
	uint16_t i;

	m->failed |= !by_row;
	for (i = 0; i < s->ns.n; i++) {
		if (!(s->ns.v[i].flags & LSSOCK_NS_ASKED) || !ports_range(s, i))
			continue;
		count_in_ns(m, i, "ports", "range", ports_range(s, i));
		count_in_ns(m, i, "ports", "tcp-used", ports_used(m, i, LSSOCK_TCP));
		count_in_ns(m, i, "ports", "udp-used", ports_used(m, i, LSSOCK_UDP));
		sum_fullest_remote(m, i, by_row);
	}
	mem_free(by_row);
}

static void sum_listeners(struct made *m)
{
	const struct lssock_snap *s = m->sheet.snap;
	uint16_t i;

	for (i = 0; i < s->ns.n; i++) {
		if (s->ns.v[i].overflows != UINT64_MAX)
			count_in_ns(m, i, "listen", "overflows", s->ns.v[i].overflows);
		if (s->ns.v[i].drops != UINT64_MAX)
			count_in_ns(m, i, "listen", "drops", s->ns.v[i].drops);
	}
}

static void sum_files(struct made *m)
{
	const struct lssock_snap *s = m->sheet.snap;
	const struct lssock_proc *p = metrics_fullest(s);
	size_t at;

	if (s->files_open)
		add_count(m, "files", "open", s->files_open);
	if (s->files_max && s->files_max < INT64_MAX)	/* as good as none */
		add_count(m, "files", "limit", s->files_max);
	if (!p)
		return;
	made_word(m, "files");
	made_word(m, "fullest-process");
	at = m->text.len;
	made_put(m, p->comm);
	buf_putc(&m->text, '[');
	buf_i64(&m->text, p->pid);
	buf_puts(&m->text, "]:");
	buf_u64(&m->text, p->nfds);
	buf_putc(&m->text, '/');
	buf_u64(&m->text, p->nofile);
	made_text(m, LSSOCK_V_TEXT, at);
}

int lssock_summary_sheet(struct lssock_snap *s, struct lssock_sheet **ret)
{
	static const struct sheet_column columns[] = {
		{ .name = "section", .head = "SECTION" },
		{ .name = "name", .head = "NAME" },
		{ .name = "value", .head = "VALUE", .right = true },
	};
	struct made *m = made_new(SHEET_SUMMARY, columns, 3, s);
	struct tally *t = mem_alloc(sizeof(*t));

	if (!m || !t) {
		mem_free(t);
		lssock_sheet_free(m ? &m->sheet : NULL);
		return -ENOMEM;
	}
	count_rows(s, t);
	count_time_wait(s, t);
	sum_sockets(m, t);
	sum_owners(m, t);
	sum_namespaces(m);
	sum_listeners(m);
	sum_ports(m);
	sum_files(m);
	mem_free(t);
	return made_end(m, ret);
}

/* ---- namespaces ------------------------------------------------------------------------ */

static void put_ns_name(struct made *m, uint16_t row)
{
	const struct lssock_snap *s = m->sheet.snap;

	if (row >= s->ns.n)
		buf_putc(&m->text, '?');
	else if (s->ns.v[row].name)
		made_put(m, s->ns.v[row].name);
	else
		buf_u64(&m->text, s->ns.v[row].ino);
}

static void put_iface_name(struct made *m, const struct lssock_iface *i)
{
	if (i->name)
		made_put(m, i->name);
	else
		buf_u64(&m->text, i->ifindex);
}

/* ">veth1@red": the other end of a veth. */
static void put_veth_peer(struct made *m, const struct lssock_iface *iface)
{
	const struct lssock_snap *s = m->sheet.snap;
	uint32_t i;

	if (iface->peer_ifindex <= 0)
		return;
	buf_putc(&m->text, '>');
	for (i = 1; i < s->ifaces.n; i++)
		if (s->ifaces.v[i].ns == iface->peer_ns &&
		    s->ifaces.v[i].ifindex == (uint32_t)iface->peer_ifindex)
			break;
	if (i < s->ifaces.n)
		put_iface_name(m, &s->ifaces.v[i]);
	else
		buf_i64(&m->text, iface->peer_ifindex);
	if (iface->peer_ns == iface->ns)
		return;
	buf_putc(&m->text, '@');
	put_ns_name(m, iface->peer_ns);
}

/* "=10.0.0.2/24,fe80::2/64" */
static void put_addresses(struct made *m, uint32_t iface)
{
	const struct lssock_snap *s = m->sheet.snap;
	char before = '=';
	uint32_t i;

	for (i = 0; i < s->ifaddrs.n; i++) {
		const struct lssock_ifaddr *ia = &s->ifaddrs.v[i];
		struct lssock_addr a = { .family = ia->family, .prefix = 128 };

		if (ia->iface != iface)
			continue;
		memcpy(a.ip, ia->ip, sizeof(a.ip));
		if (a.family == AF_INET)
			a.prefix = 32;
		buf_putc(&m->text, before);
		before = ',';
		addr_put(&m->text, &a);
		buf_putc(&m->text, '/');
		buf_u64(&m->text, ia->prefix);
	}
}

static void add_interfaces(struct made *m, uint16_t ns)
{
	const struct lssock_snap *s = m->sheet.snap;
	size_t at = m->text.len;
	uint32_t i;

	for (i = 1; i < s->ifaces.n; i++) {
		if (s->ifaces.v[i].ns != ns)
			continue;
		if (m->text.len > at)
			buf_putc(&m->text, ';');
		put_iface_name(m, &s->ifaces.v[i]);
		put_addresses(m, i);
		put_veth_peer(m, &s->ifaces.v[i]);
	}
	if (m->text.len > at)
		made_text(m, LSSOCK_V_TEXT, at);
	else
		made_na(m);
}

static void count_or_unknown(struct made *m, uint64_t n)
{
	if (n == UINT64_MAX)
		made_kind(m, LSSOCK_V_UNKNOWN, 0, 0);
	else
		made_number(m, n);
}

static void add_ns(struct made *m, uint16_t row, uint32_t sockets)
{
	const struct lssock_ns *ns = &m->sheet.snap->ns.v[row];

	if (ns->ino)
		made_number(m, ns->ino);
	else
		made_kind(m, LSSOCK_V_UNKNOWN, 0, 0);
	made_string(m, ns->name);
	made_string(m, ns->container);
	made_number(m, ns->nprocs);
	if (ns->pid)
		made_number(m, (uint32_t)ns->pid);
	else
		made_na(m);
	if (ns->flags & LSSOCK_NS_ASKED)
		made_number(m, sockets);
	else
		made_kind(m, LSSOCK_V_UNKNOWN, 0, 0);
	count_or_unknown(m, ns->overflows);
	count_or_unknown(m, ns->drops);
	add_interfaces(m, row);
	made_word(m, ns->flags & LSSOCK_NS_REFUSED ? "refused" :
		    ns->flags & LSSOCK_NS_OWN ? "own" :
		    ns->flags & LSSOCK_NS_ASKED ? "listed" : "known");
}

int lssock_netns_sheet(struct lssock_snap *s, struct lssock_sheet **ret)
{
	static const struct sheet_column columns[] = {
		{ .name = "netns", .head = "NETNS", .right = true },
		{ .name = "nsname", .head = "NAME", .min = 6, .give = 2, .cut = 'e' },
		{ .name = "container", .head = "CONTAINER", .min = 9, .give = 2, .cut = 'e' },
		{ .name = "procs", .head = "PROCS", .right = true },
		{ .name = "pid", .head = "PID", .right = true },
		{ .name = "sockets", .head = "SOCKETS", .right = true },
		{ .name = "overflows", .head = "OVERFLOWS", .right = true },
		{ .name = "drops", .head = "DROPS", .right = true },
		{ .name = "interfaces", .head = "INTERFACES",
		  .min = 16, .give = 9, .cut = 'e' },
		{ .name = "state", .head = "STATE" },
	};
	struct made *m = made_new(SHEET_NETNS, columns, sizeof(columns) / sizeof(*columns), s);
	uint32_t *counts = mem_alloc((s->ns.n + 1ull) * sizeof(*counts)), i;

	if (!m || !counts) {
		mem_free(counts);
		lssock_sheet_free(m ? &m->sheet : NULL);
		return -ENOMEM;
	}
	for (i = 0; i < s->socks.n && !field_is_closed(s, i); i++)
		if (s->socks.v[i].ns < s->ns.n)
			counts[s->socks.v[i].ns]++;
	for (i = 0; i < s->ns.n; i++)
		add_ns(m, (uint16_t)i, counts[i]);
	mem_free(counts);
	return made_end(m, ret);
}

/* ---- fields ------------------------------------------------------------------------------ */

int lssock_fields_sheet(struct lssock_sheet **ret)
{
	static const struct sheet_column columns[] = {
		{ .name = "name", .head = "NAME" },
		{ .name = "type", .head = "TYPE" },
		{ .name = "group", .head = "GROUP" },
		{ .name = "help", .head = "HELP", .min = 20, .give = 1, .cut = 'e' },
	};
	struct made *m = made_new(SHEET_FIELDS, columns, 4, NULL);
	struct lssock_field_info info;
	uint32_t i;

	if (!m)
		return -ENOMEM;
	for (i = 0; i < lssock_fields(); i++) {
		lssock_field_info(i, &info);
		made_word(m, info.name);
		made_word(m, info.type);
		made_word(m, info.group);
		made_word(m, info.help);
	}
	return made_end(m, ret);
}
