/* SPDX-License-Identifier: MIT */
/* Network namespaces of a collection: which there are, which are asked, and
 * their facts (interfaces, addresses, port range, counters, container). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "engine/engine.h"
#include "wire/lines.h"
#include "wire/nat.h"
#include "wire/procfs.h"
#include "wire/procnet.h"
#include "wire/route.h"

#define NAT_TRIES 4		/* rules may change while they are dumped */
#define PID_LIMIT 4194304	/* larger numbers are namespace inodes (ruling 6) */

static bool text_is(const struct lssock_snap *s, uint32_t id, const char *text)
{
	size_t len;
	const char *p = strings_get(&s->strings, id, &len);

	return p && len == strlen(text) && !memcmp(p, text, len);
}

static bool space_is(const struct lssock_snap *s, const struct lssock_ns *n, const char *spec)
{
	uint64_t number;

	if (num_u64(spec, strlen(spec), UINT64_MAX, &number))
		return (number > PID_LIMIT && n->ino == number) || text_is(s, n->name, spec);
	return text_is(s, n->name, spec) || text_is(s, n->path, spec);
}

/* By what the source can find out: the namespace of a pid, a file elsewhere. */
static int space_find_outside(struct collect *c, const char *spec)
{
	struct lssock_snap *s = c->s;
	struct buf b = { 0 };
	struct wire_ns rec;
	uint32_t i, before = s->ns.n;
	int r;

	r = ask_bytes(c, ASK_NETNS_FIND, 0, hash_bytes(spec, strlen(spec)), spec,
		      (uint32_t)strlen(spec), &b);
	if (r == 0 && b.len < sizeof(rec))
		r = -ENOENT;
	if (r == 0) {
		memcpy(&rec, b.data, sizeof(rec));
		for (i = 0; i < before && s->ns.v[i].ino != rec.ino; i++)
			;
		if (i == before)
			procfs_netns(s, b.data, b.len);
		if (i < s->ns.n)
			s->ns.v[i].flags |= LSSOCK_NS_ASKED;
		else
			r = -ENOENT;
	}
	buf_release(&b);
	return r;
}

static int space_choose(struct collect *c, struct lssock_err *err)
{
	const char *spec = c->plan->ns_one;
	struct lssock_snap *s = c->s;
	struct buf shown = { 0 };
	bool found = false;
	uint32_t i;
	int r = 0;

	for (i = 0; i < s->ns.n; i++)
		if (space_is(s, &s->ns.v[i], spec)) {
			s->ns.v[i].flags |= LSSOCK_NS_ASKED;
			found = true;
		}
	if (!found)
		r = space_find_outside(c, spec);
	if (r < 0 && err) {
		text_safe(&shown, spec, strlen(spec), 0);
		err->code = -EINVAL;
		err->pos = -1;
		snprintf(err->msg, sizeof(err->msg), "no network namespace `%.150s' (%s)",
			 buf_cstr(&shown), r == -ENOENT || r == -ENODATA || r == -ESRCH ?
			 "see lssock netns" : strerror(-r));
		buf_release(&shown);
	}
	return r < 0 ? -EINVAL : 0;
}

static bool listing_needed(const struct collect *c)
{
	return c->plan->ns_which != NS_OWN || (c->plan->needs & NEED_NETNS) ||
	       (c->q->flags & (LSSOCK_Q_FOOTER | LSSOCK_Q_NETNS_LIST));
}

int namespaces_find(struct collect *c, struct lssock_err *err)
{
	struct lssock_snap *s = c->s;
	struct buf b = { 0 };
	uint64_t own = s->ns.n ? s->ns.v[0].ino : 0;
	uint64_t cookie = s->ns.n ? s->ns.v[0].cookie : 0;
	uint32_t i;

	if (listing_needed(c)) {
		int r = ask_bytes(c, ASK_NETNS, 0, c->plan->deep, NULL, 0, &b);

		if (r == -ENODATA)	/* a tape of a shallow search */
			r = ask_bytes(c, ASK_NETNS, 0, !c->plan->deep, NULL, 0, &b);
		procfs_netns(s, b.data, b.len);
		if (r < 0 && c->plan->ns_which == NS_ALL)
			snap_note(s, LSSOCK_NOTE_NETNS_REFUSED, 0, -r, 1, "of some processes");
		buf_release(&b);
		s->meta.n_ns = s->ns.n;
	}
	if (s->ns.n == 0) {
		struct lssock_ns *n = vec_push(&s->ns);

		if (!n)
			return -ENOMEM;
		n->ino = own;
		n->cookie = cookie;
		n->time_wait = LSSOCK_NONE;
		n->overflows = n->drops = UINT64_MAX;
		n->flags = LSSOCK_NS_OWN;
	}
	if (c->plan->ns_which == NS_ONE)
		return space_choose(c, err);
	for (i = 0; i < (c->plan->ns_which == NS_ALL ? s->ns.n : 1); i++)
		s->ns.v[i].flags |= LSSOCK_NS_ASKED;
	return 0;
}

static void read_route(struct collect *c, uint16_t ns, enum ask_route what)
{
	struct route_dump d = { .snap = c->s, .ns = ns };
	struct buf b = { 0 };
	int r = ask_bytes(c, ASK_ROUTE, ns, what, NULL, 0, &b);

	if (r == 0 && what == ASK_ROUTE_NSID)
		route_nsids(c->s, ns, b.data, b.len);
	else if (r == 0)
		route_decode(&d, b.data, b.len);
	buf_release(&b);
}

static void read_port_range(struct collect *c, uint16_t ns)
{
	struct lssock_ns *n = &c->s->ns.v[ns];
	struct buf b = { 0 };

	if (ask_bytes(c, ASK_TEXT, ns, TEXT_PORT_RANGE, NULL, 0, &b) == 0)
		procnet_port_range(b.data, b.len, &n->port_lo, &n->port_hi);
	buf_release(&b);
}

static void read_counters(struct collect *c, uint16_t ns)
{
	struct buf b = { 0 };

	if (ask_bytes(c, ASK_TEXT, ns, TEXT_NET_SOCKSTAT, NULL, 0, &b) == 0)
		c->s->ns.v[ns].time_wait = procnet_time_wait(b.data, b.len);
	buf_release(&b);
}

static void read_listen_counters(struct collect *c, uint16_t ns)
{
	struct lssock_ns *n = &c->s->ns.v[ns];
	struct buf b = { 0 };

	if (ask_bytes(c, ASK_TEXT, ns, TEXT_NET_NETSTAT, NULL, 0, &b) == 0) {
		n->overflows = procnet_netstat(b.data, b.len, "TcpExt:", "ListenOverflows");
		n->drops = procnet_netstat(b.data, b.len, "TcpExt:", "ListenDrops");
	}
	buf_reset(&b);
	if (ask_bytes(c, ASK_TEXT, ns, TEXT_UNPRIV_PORT, NULL, 0, &b) == 0)
		procnet_port(b.data, b.len, &n->unpriv_port);
	buf_release(&b);
}

static void refused_nat(struct collect *c, uint16_t ns, int err, const char *what)
{
	/* No nftables, or no namespace any more: nothing is passed on. A recording has
	 * what whoever replays it will be told of. */
	if (err != -EPROTONOSUPPORT && err != -EOPNOTSUPP && err != -EINVAL && err != -ENOENT &&
	    !(c->q->flags & LSSOCK_Q_FULLEST))
		snap_note(c->s, LSSOCK_NOTE_NAT_REFUSED, ns, err, 1, what);
}

static int read_rules(struct collect *c, uint16_t ns, struct nat_dump *d)
{
	static const enum ask_nat parts[] = { ASK_NAT_CHAINS, ASK_NAT_RULES };
	struct buf b = { 0 };
	int r = 0, err;
	size_t i;

	for (i = 0; r == 0 && i < 2; i++) {
		buf_reset(&b);
		r = ask_bytes(c, ASK_NAT, ns, parts[i], NULL, 0, &b);
		err = r == 0 ? nat_decode(d, b.data, b.len) : 0;
		r = r ? r : err ? err : nat_error(d);
	}
	buf_release(&b);
	return r;
}

/* Iptables as it was before nftables has no dump; that it is in use can be told. */
static void note_iptables(struct collect *c, uint16_t ns)
{
	static const enum ask_text names[] = { TEXT_IPTABLES, TEXT_IP6TABLES };
	struct slice text, line;
	struct buf b = { 0 };
	bool nat = false;
	size_t i;

	for (i = 0; i < 2; i++) {
		buf_reset(&b);
		if (ask_bytes(c, ASK_TEXT, ns, names[i], NULL, 0, &b) < 0)
			continue;
		text = (struct slice){ b.data, b.len };
		while (line_next(&text, &line))
			nat |= slice_is(line, "nat");
	}
	buf_release(&b);
	if (nat)
		snap_note(c->s, LSSOCK_NOTE_NAT_REFUSED, ns, 0, 1, "legacy iptables");
}

static void read_nat(struct collect *c, uint16_t ns)
{
	int r = -EAGAIN, tries;

	for (tries = 0; r == -EAGAIN && tries < NAT_TRIES; tries++) {
		struct nat_dump *d = nat_new();

		r = d ? read_rules(c, ns, d) : -ENOMEM;
		if (r == 0)
			r = nat_end(d, c->s, ns);
		nat_free(d);
	}
	if (r > 0)
		snap_note(c->s, LSSOCK_NOTE_NAT_UNKNOWN, ns, 0, (uint32_t)r, "nftables");
	else if (r < 0)
		refused_nat(c, ns, r, "nftables");
	note_iptables(c, ns);
	c->s->nats_known = true;
}

/* Open files of the machine and how many there may be: "2112	0	99999". */
static void read_file_counts(struct collect *c)
{
	struct buf b = { 0 };
	struct slice text, line;
	uint64_t unused;

	if (ask_bytes(c, ASK_TEXT, 0, TEXT_FILE_NR, NULL, 0, &b) == 0) {
		text = (struct slice){ b.data, b.len };
		if (line_next(&text, &line) &&
		    word_u64(&line, UINT64_MAX, &c->s->files_open) &&
		    word_u64(&line, UINT64_MAX, &unused))
			word_u64(&line, UINT64_MAX, &c->s->files_max);
	}
	buf_release(&b);
}

static struct ask_proc container_arg(const struct lssock_ns *n)
{
	return (struct ask_proc){ .pid = n->pid, .sections = 1u << PROC_CGROUP };
}

/* A namespace without a name is known by the container that lives in it. */
static void read_container(struct collect *c, struct lssock_ns *n)
{
	struct lssock_snap *scratch = snap_new();
	struct ask_proc ask = container_arg(n);
	struct lssock_proc p = { .pid = n->pid };
	struct buf b = { 0 };
	uint32_t row;
	size_t len;
	const char *name;

	if (!scratch)
		return;
	row = snap_proc(scratch, &p);
	if (row &&
	    ask_bytes(c, ASK_PROC, 0, ask_proc_id(n->pid, 0), &ask, sizeof(ask), &b) == 0 &&
	    procfs_details(scratch, row, b.data, b.len) == 0) {
		name = strings_get(&scratch->strings, scratch->procs.v[row].container, &len);
		if (name)
			n->container = snap_string(c->s, name, len);
	}
	buf_release(&b);
	lssock_snap_free(scratch);
}

static bool container_wanted(const struct collect *c, const struct lssock_ns *n)
{
	uint32_t all = LSSOCK_Q_NETNS_LIST | LSSOCK_Q_FULLEST | LSSOCK_Q_STORY;

	return (c->plan->needs & NEED_NETNS) && n->pid && !(n->flags & LSSOCK_NS_OWN) &&
	       (!n->name || c->q->flags & all);
}

/* For another reason than sockets that are bound to an interface. */
static bool addresses_wanted(const struct collect *c)
{
	uint32_t all = LSSOCK_Q_NETNS_LIST | LSSOCK_Q_FULLEST | LSSOCK_Q_STORY;

	return (c->plan->needs & NEED_ADDRS) &&
	       (c->plan->needs & (NEED_PEER | NEED_NAT) || c->q->flags & all);
}

void namespace_detail(struct collect *c, uint16_t ns)
{
	struct lssock_ns *n = &c->s->ns.v[ns];
	uint32_t needs = c->plan->needs;

	if (ns == 0 && c->q->flags & (LSSOCK_Q_SUMMARY | LSSOCK_Q_FULLEST))
		read_file_counts(c);
	if (container_wanted(c, n))
		read_container(c, n);
	if (!(n->flags & LSSOCK_NS_ASKED))
		return;
	if (needs & NEED_PORTRANGE)
		read_port_range(c, ns);
	if (needs & NEED_COUNTERS)
		read_counters(c, ns);
	if (needs & NEED_LISTEN_COUNTERS)
		read_listen_counters(c, ns);
	if (needs & NEED_NAT && !(n->flags & LSSOCK_NS_REFUSED))
		read_nat(c, ns);
	if (addresses_wanted(c)) {
		read_route(c, ns, ASK_ROUTE_LINKS);
		read_route(c, ns, ASK_ROUTE_ADDRS);
	}
	if (c->q->flags & (LSSOCK_Q_NETNS_LIST | LSSOCK_Q_FULLEST))
		read_route(c, ns, ASK_ROUTE_NSID);
}

static void expect(struct collect *c, enum ask_kind kind, uint16_t ns, uint64_t id)
{
	struct ask ask = { .kind = (uint16_t)kind, .ns = ns, .id = id };

	ahead_expect(c, &ask);
}

void namespace_expect(struct collect *c, uint16_t ns)
{
	uint32_t needs = c->plan->needs;

	if (needs & NEED_PORTRANGE)
		expect(c, ASK_TEXT, ns, TEXT_PORT_RANGE);
	if (needs & NEED_COUNTERS)
		expect(c, ASK_TEXT, ns, TEXT_NET_SOCKSTAT);
	if (needs & NEED_LISTEN_COUNTERS) {
		expect(c, ASK_TEXT, ns, TEXT_NET_NETSTAT);
		expect(c, ASK_TEXT, ns, TEXT_UNPRIV_PORT);
	}
	if (needs & NEED_NAT) {
		expect(c, ASK_NAT, ns, ASK_NAT_CHAINS);
		expect(c, ASK_NAT, ns, ASK_NAT_RULES);
	}
	if (addresses_wanted(c)) {
		expect(c, ASK_ROUTE, ns, ASK_ROUTE_LINKS);
		expect(c, ASK_ROUTE, ns, ASK_ROUTE_ADDRS);
	}
}

void namespaces_bound(struct collect *c)
{
	struct lssock_snap *s = c->s;
	bool *done = mem_alloc(s->ns.n * sizeof(*done));
	uint32_t i;

	for (i = 1; done && i < s->ifaces.n; i++) {
		uint16_t ns = s->ifaces.v[i].ns;

		if (!(c->plan->needs & NEED_ADDRS) || addresses_wanted(c) || done[ns])
			continue;
		done[ns] = true;
		read_route(c, ns, ASK_ROUTE_LINKS);
		read_route(c, ns, ASK_ROUTE_ADDRS);
	}
	mem_free(done);
}

uint32_t namespaces_of_sockets(struct collect *c, const struct ask_fd *fds, uint32_t n)
{
	uint32_t before = c->s->ns.n, i;
	struct buf b = { 0 };
	int r;

	/* One question of this kind per collection: a replay need not ask alike. */
	r = ask_bytes(c, ASK_SOCKET_NETNS, 0, 0, fds, n * (uint32_t)sizeof(*fds), &b);
	procfs_netns(c->s, b.data, b.len);
	if (r == -EPERM)
		snap_note(c->s, LSSOCK_NOTE_NETNS_REFUSED, 0, EPERM, 1,
			  "that only a socket keeps");
	buf_release(&b);
	for (i = before; i < c->s->ns.n; i++) {
		c->s->ns.v[i].flags |= LSSOCK_NS_ASKED;
		namespace_detail(c, (uint16_t)i);
	}
	c->s->meta.n_ns = c->s->ns.n;
	return c->s->ns.n - before;
}
