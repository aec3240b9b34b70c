/* SPDX-License-Identifier: MIT */
/*
 * The tables of /proc/net -> rows, for kernels and sandboxes that refuse
 * sock_diag. They say less (no cookie, no device, no backlog limit), and lines
 * of the unix table can be forged by anyone who may bind a socket.
 */
#include "wire/procnet.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "wire/lines.h"
#include "wire/records.h"

#define TICK_MS 10		/* USER_HZ is 100 everywhere */

/* ---- inet tables --------------------------------------------------------- */

struct table { uint8_t proto, family, type; };

static const struct table tables[TEXT_N] = {
	[TEXT_NET_TCP] = { LSSOCK_TCP, AF_INET, SOCK_STREAM },
	[TEXT_NET_TCP6] = { LSSOCK_TCP, AF_INET6, SOCK_STREAM },
	[TEXT_NET_UDP] = { LSSOCK_UDP, AF_INET, SOCK_DGRAM },
	[TEXT_NET_UDP6] = { LSSOCK_UDP, AF_INET6, SOCK_DGRAM },
	[TEXT_NET_UDPLITE] = { LSSOCK_UDPLITE, AF_INET, SOCK_DGRAM },
	[TEXT_NET_UDPLITE6] = { LSSOCK_UDPLITE, AF_INET6, SOCK_DGRAM },
	[TEXT_NET_RAW] = { LSSOCK_RAW, AF_INET, SOCK_RAW },
	[TEXT_NET_RAW6] = { LSSOCK_RAW, AF_INET6, SOCK_RAW },
	[TEXT_NET_ICMP] = { LSSOCK_ICMP, AF_INET, SOCK_DGRAM },
	[TEXT_NET_ICMP6] = { LSSOCK_ICMP, AF_INET6, SOCK_DGRAM },
	[TEXT_NET_UNIX] = { LSSOCK_UNIX, AF_UNIX, 0 },
	[TEXT_NET_NETLINK] = { LSSOCK_NETLINK, AF_NETLINK, 0 },
	[TEXT_NET_PACKET] = { LSSOCK_PACKET, AF_PACKET, 0 },
};

const int *procnet_tables(unsigned proto)
{
	static const int of[LSSOCK_N_PROTO][3] = {
		[LSSOCK_TCP] = { TEXT_NET_TCP, TEXT_NET_TCP6 },
		[LSSOCK_UDP] = { TEXT_NET_UDP, TEXT_NET_UDP6 },
		[LSSOCK_UDPLITE] = { TEXT_NET_UDPLITE, TEXT_NET_UDPLITE6 },
		[LSSOCK_RAW] = { TEXT_NET_RAW, TEXT_NET_RAW6 },
		[LSSOCK_ICMP] = { TEXT_NET_ICMP, TEXT_NET_ICMP6 },
		[LSSOCK_UNIX] = { TEXT_NET_UNIX },
		[LSSOCK_NETLINK] = { TEXT_NET_NETLINK },
		[LSSOCK_PACKET] = { TEXT_NET_PACKET },
	};

	return proto < LSSOCK_N_PROTO && of[proto][0] ? of[proto] : NULL;
}

static bool word_hex(struct slice *line, uint64_t max, uint64_t *ret)
{
	struct slice w;

	return word_next(line, &w) && num_hex(w.p, w.len, max, ret);
}

/* "A:B" of hex numbers. */
static bool word_pair(struct slice *line, uint64_t *ret_a, uint64_t *ret_b)
{
	struct slice w, a;

	return word_next(line, &w) && part_next(&w, ':', &a) && w.p &&
	       num_hex(a.p, a.len, UINT32_MAX, ret_a) && num_hex(w.p, w.len, UINT32_MAX, ret_b);
}

/* Each 32-bit word of the address is printed as a number of this machine. */
static bool word_end(struct slice *line, uint8_t family, union lssock_end *ret,
		     uint16_t *ret_port)
{
	struct slice w, a;
	unsigned words = family == AF_INET ? 1 : 4;
	uint64_t v;

	if (!word_next(line, &w) || !part_next(&w, ':', &a) || !w.p || a.len != words * 8)
		return false;
	for (unsigned i = 0; i < words; i++) {
		uint32_t number;

		if (!num_hex(a.p + i * (size_t)8, 8, UINT32_MAX, &v))
			return false;
		number = (uint32_t)v;
		memcpy(ret->ip + i * (size_t)4, &number, 4);
	}
	if (!num_hex(w.p, w.len, UINT16_MAX, &v))
		return false;
	*ret_port = (uint16_t)v;
	return true;
}

static uint8_t inet_state(uint8_t proto, uint64_t st)
{
	if (proto != LSSOCK_TCP)
		return st == LSSOCK_ESTABLISHED ? LSSOCK_ESTABLISHED : LSSOCK_UNCONNECTED;
	if (st == 12)			/* TCP_NEW_SYN_RECV */
		return LSSOCK_SYN_RECV;
	return st <= LSSOCK_CLOSING ? (uint8_t)st : LSSOCK_STATE_NONE;
}

/* Minisockets print 0; so did kernels up to 6.15 for a socket without inode. */
static bool uid_known(const struct lssock_sock *k)
{
	return k->state != LSSOCK_TIME_WAIT && k->state != LSSOCK_SYN_RECV &&
	       (k->flags & LSSOCK_F_TIMER) != 3 && (k->inode || k->uid);
}

static bool inet_line(struct slice line, struct lssock_sock *k)
{
	struct slice slot;
	uint64_t st, tx, rx, timer, when, retrans, uid, probes, inode;

	if (!word_next(&line, &slot) || !slice_drop(&slot, ":") ||
	    !word_end(&line, k->family, &k->local, &k->lport) ||
	    !word_end(&line, k->family, &k->remote, &k->rport) ||
	    !word_hex(&line, UINT8_MAX, &st) || !word_pair(&line, &tx, &rx) ||
	    !word_pair(&line, &timer, &when) || !word_hex(&line, UINT32_MAX, &retrans) ||
	    !word_u64(&line, UINT32_MAX, &uid) || !word_u64(&line, UINT32_MAX, &probes) ||
	    !word_u64(&line, UINT32_MAX, &inode))
		return false;
	k->state = inet_state(k->proto, st);
	k->wqueue = (uint32_t)tx;
	k->rqueue = (uint32_t)rx;
	k->flags |= (timer & LSSOCK_F_TIMER) | LSSOCK_F_QUEUES | LSSOCK_F_STATE;
	k->expires_ms = when * TICK_MS > UINT32_MAX ? UINT32_MAX : (uint32_t)when * TICK_MS;
	retrans = retrans ? retrans : probes;
	k->retrans = retrans > UINT8_MAX ? UINT8_MAX : (uint8_t)retrans;
	k->uid = (uint32_t)uid;
	k->inode = (uint32_t)inode;
	if (uid_known(k))
		k->flags |= LSSOCK_F_UID;
	return true;
}

/* ---- netlink and packet -------------------------------------------------- */

/* sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode */
static bool netlink_line(struct slice line, struct lssock_sock *k)
{
	struct slice w[10];
	uint64_t protocol, portid, rmem, wmem, inode;

	for (unsigned i = 0; i < 10; i++)
		if (!word_next(&line, &w[i]))
			return false;
	if (slice_skip(&w[2], "-")) {		/* port ids were printed signed once */
		if (!slice_u64(w[2], INT32_MAX + (uint64_t)1, &portid))
			return false;
		portid = (uint32_t)-portid;
	} else if (!slice_u64(w[2], UINT32_MAX, &portid)) {
		return false;
	}
	if (!slice_u64(w[1], UINT32_MAX, &protocol) || !slice_u64(w[4], UINT32_MAX, &rmem) ||
	    !slice_u64(w[5], UINT32_MAX, &wmem) || !slice_u64(w[9], UINT32_MAX, &inode))
		return false;
	k->local.w[0] = (uint32_t)portid;
	k->local.w[1] = (uint32_t)protocol;
	k->rqueue = (uint32_t)rmem;
	k->wqueue = (uint32_t)wmem;
	k->inode = (uint32_t)inode;
	k->state = LSSOCK_UNCONNECTED;
	k->flags |= LSSOCK_F_QUEUES | LSSOCK_F_STATE;
	return true;
}

/* sk RefCnt Type Proto Iface R Rmem User Inode */
static bool packet_line(struct procnet *p, struct slice line, struct lssock_sock *k)
{
	struct slice pointer, w;
	uint64_t refs, type, protocol, ifindex, running, rmem, uid, inode;

	if (!word_next(&line, &pointer) || !word_next(&line, &w) ||
	    !slice_u64(w, UINT32_MAX, &refs) || !word_u64(&line, UINT8_MAX, &type) ||
	    !word_hex(&line, UINT16_MAX, &protocol) || !word_u64(&line, INT32_MAX, &ifindex) ||
	    !word_u64(&line, UINT32_MAX, &running) || !word_u64(&line, UINT32_MAX, &rmem) ||
	    !word_u64(&line, UINT32_MAX, &uid) || !word_u64(&line, UINT32_MAX, &inode))
		return false;
	k->type = (uint8_t)type;
	k->local.w[0] = (uint32_t)protocol;
	k->iface = snap_iface(p->snap, p->ns, (uint32_t)ifindex);
	k->rqueue = (uint32_t)rmem;
	k->uid = (uint32_t)uid;
	k->inode = (uint32_t)inode;
	k->state = LSSOCK_UNCONNECTED;
	k->flags |= LSSOCK_F_QUEUES | LSSOCK_F_STATE | LSSOCK_F_UID;
	return true;
}

/* ---- unix ---------------------------------------------------------------- */

/* What one record claims about an inode. */
struct claim { uint32_t inode; uint8_t state, type; struct slice name; };

static bool starts_record(const char *p, size_t len)
{
	uint64_t v;

	return len > 16 && p[16] == ':' && num_hex(p, 16, UINT64_MAX, &v);
}

/* A path may hold newlines: the record ends where another begins. */
static struct slice unix_record(struct slice *text)
{
	struct slice ret = { text->p, 0 }, line;

	while (line_next(text, &line)) {
		ret.len = (size_t)(line.p + line.len - ret.p);
		if (starts_record(text->p, text->len))
			break;
	}
	return ret;
}

static uint8_t unix_state(uint64_t flags, uint64_t st)
{
	if (flags & 0x10000)		/* __SO_ACCEPTCON */
		return LSSOCK_LISTEN;
	return st == 2 || st == 3 ? LSSOCK_ESTABLISHED : LSSOCK_UNCONNECTED;
}

static bool unix_claim(struct slice line, struct claim *ret)
{
	struct slice w;
	uint64_t refs, protocol, flags, type, st, inode;

	if (!starts_record(line.p, line.len) || !word_next(&line, &w) ||
	    !word_hex(&line, UINT32_MAX, &refs) || !word_hex(&line, UINT32_MAX, &protocol) ||
	    !word_hex(&line, UINT32_MAX, &flags) || !word_hex(&line, UINT16_MAX, &type) ||
	    !word_hex(&line, UINT8_MAX, &st) || !word_u64(&line, UINT32_MAX, &inode))
		return false;
	slice_skip(&line, " ");
	*ret = (struct claim){
		.inode = (uint32_t)inode, .name = line, .type = type > 10 ? 0 : (uint8_t)type,
		.state = unix_state(flags, st),
	};
	return true;
}

struct claims {
	struct index known;		/* inodes of rows that no line of this table is */
	struct index by_inode;		/* -> list[] */
	VEC(struct claim) list;
	bool failed;
};

static bool same_claim(const struct claim *a, const struct claim *b)
{
	return a->state == b->state && a->type == b->type && a->name.len == b->name.len &&
	       !memcmp(a->name.p, b->name.p, a->name.len);
}

/* Anyone can write lines into the table by the name of a socket. Of an inode
 * with two different stories none is believed. */
static void add_claim(struct claims *c, const struct claim *claim)
{
	uint32_t *slot = index_put(&c->by_inode, claim->inode);
	struct claim *had;

	if (slot && *slot != INDEX_NONE) {
		had = &c->list.v[*slot];
		if (!same_claim(had, claim))
			*had = (struct claim){ .inode = claim->inode, .name = { "", 0 } };
		return;
	}
	had = slot ? vec_push(&c->list) : NULL;
	if (had)
		*had = *claim;
	else
		c->failed = true;
	if (slot)
		*slot = had ? c->list.n - 1 : INDEX_NONE;
}

static void find_known(struct claims *c, const struct procnet *p)
{
	const struct lssock_snap *s = p->snap;

	for (uint32_t i = 0; i < s->socks.n; i++) {
		const struct lssock_sock *k = &s->socks.v[i];
		uint32_t *slot;

		if (!k->inode || (k->proto == LSSOCK_UNIX && k->ns == p->ns))
			continue;
		slot = index_put(&c->known, k->inode);
		if (slot)
			*slot = i;
		else
			c->failed = true;
	}
}

/* An inode is in one table of one namespace only: here it is a forgery, or was
 * where it was seen before. */
static bool is_elsewhere(const struct claims *c, struct lssock_snap *s, uint32_t inode)
{
	uint32_t row = index_get(&c->known, inode);
	struct lssock_sock *k = row != INDEX_NONE ? &s->socks.v[row] : NULL;

	if (k && k->proto == LSSOCK_UNIX && k->flags & LSSOCK_SRC_PROCFS) {
		k->state = LSSOCK_STATE_NONE;
		k->flags &= (uint16_t)~LSSOCK_F_STATE;
		k->name = 0;
	}
	return k;
}

static uint32_t unix_name(struct lssock_snap *s, struct slice name)
{
	struct buf b = { 0 };
	uint32_t id;

	if (!name.len)
		return 0;
	buf_put(&b, name.p, name.len);
	if (!b.failed && b.data[0] == '@')
		b.data[0] = '\0';	/* abstract; a path of this kind looks the same */
	id = b.failed ? 0 : snap_string(s, b.data, b.len);
	s->failed |= b.failed;
	buf_release(&b);
	return id;
}

static void add_unix_row(struct procnet *p, const struct claim *claim)
{
	struct lssock_sock k = {
		.proto = LSSOCK_UNIX, .family = AF_UNIX, .ns = p->ns, .inode = claim->inode,
		.type = claim->type, .state = claim->state, .flags = LSSOCK_SRC_PROCFS,
	};

	k.local.w[3] = LSSOCK_NONE;
	if (k.state) {
		k.flags |= LSSOCK_F_STATE;
		k.name = unix_name(p->snap, claim->name);
	}
	if (snap_add(p->snap, &k, NULL, 0, NULL) != LSSOCK_NONE)
		p->rows++;
}

static int unix_table(struct procnet *p, struct slice text)
{
	struct claims c = { 0 };
	struct slice record;
	struct claim claim;

	find_known(&c, p);
	record = unix_record(&text);	/* the heading */
	while (text.len) {
		record = unix_record(&text);
		if (!unix_claim(record, &claim))
			p->bad++;
		else if (claim.inode && p->believed && p->believed(p->ctx, claim.inode) &&
			 !is_elsewhere(&c, p->snap, claim.inode))
			add_claim(&c, &claim);
	}
	for (uint32_t i = 0; i < c.list.n; i++)
		add_unix_row(p, &c.list.v[i]);
	p->snap->failed |= c.failed;
	index_release(&c.known);
	index_release(&c.by_inode);
	vec_release(&c.list);
	return p->snap->failed ? -ENOMEM : 0;
}

/* ---- all ----------------------------------------------------------------- */

static bool table_line(struct procnet *p, struct slice line, struct lssock_sock *k)
{
	if (k->family == AF_NETLINK)
		return netlink_line(line, k);
	return k->family == AF_PACKET ? packet_line(p, line, k) : inet_line(line, k);
}

int procnet_table(struct procnet *p, int which, const char *text, size_t len)
{
	const struct table *t = which > 0 && which < TEXT_N ? &tables[which] : NULL;
	struct slice all = { text, len }, line;

	if (!t || !t->proto)
		return -EINVAL;
	if (t->family == AF_UNIX)
		return unix_table(p, all);
	line_next(&all, &line);		/* the heading */
	while (line_next(&all, &line)) {
		struct lssock_sock k = {
			.proto = t->proto, .family = t->family, .type = t->type, .ns = p->ns,
			.flags = LSSOCK_SRC_PROCFS,
		};

		if (!table_line(p, line, &k))
			p->bad++;
		else if (snap_add(p->snap, &k, NULL, 0, NULL) != LSSOCK_NONE)
			p->rows++;
	}
	return p->snap->failed ? -ENOMEM : 0;
}

/* ---- counters ------------------------------------------------------------ */

uint64_t procnet_sockstat(const char *text, size_t len, const char *name, const char *word)
{
	struct slice all = { text, len }, line, w;
	uint64_t v;

	while (line_next(&all, &line)) {
		if (!word_next(&line, &w) || !slice_is(w, name))
			continue;
		while (word_next(&line, &w)) {
			bool found = slice_is(w, word);

			if (!word_u64(&line, UINT64_MAX - 1, &v))
				break;
			if (found)
				return v;
		}
	}
	return UINT64_MAX;
}

uint64_t procnet_netstat(const char *text, size_t len, const char *key, const char *name)
{
	struct slice all = { text, len }, line, names = { 0 }, w, v;
	uint64_t n;

	while (line_next(&all, &line)) {
		if (!word_next(&line, &w) || !slice_is(w, key))
			continue;
		if (!names.p) {
			names = line;
			continue;
		}
		while (word_next(&names, &w) && word_next(&line, &v))
			if (slice_is(w, name))
				return slice_u64(v, UINT64_MAX - 1, &n) ? n : UINT64_MAX;
		names = (struct slice){ 0 };
	}
	return UINT64_MAX;
}

uint32_t procnet_time_wait(const char *text, size_t len)
{
	uint64_t v = procnet_sockstat(text, len, "TCP:", "tw");

	return v < LSSOCK_NONE ? (uint32_t)v : LSSOCK_NONE;
}

/* protocol size sockets … */
uint32_t procnet_protocol_count(const char *text, size_t len, const char *name)
{
	struct slice all = { text, len }, line, w;
	uint64_t size, sockets;

	while (line_next(&all, &line))
		if (word_next(&line, &w) && slice_is(w, name) &&
		    word_u64(&line, UINT32_MAX, &size) &&
		    word_u64(&line, LSSOCK_NONE - 1, &sockets))
			return (uint32_t)sockets;
	return LSSOCK_NONE;
}

bool procnet_protocol_held(const char *text, size_t len, const char *name)
{
	struct slice all = { text, len }, line, w;

	while (line_next(&all, &line))
		if (word_next(&line, &w) && slice_is(w, name))
			return procnet_protocol_count(text, len, name) != 0;
	return false;
}

bool procnet_port_range(const char *text, size_t len, uint16_t *ret_lo, uint16_t *ret_hi)
{
	struct slice all = { text, len }, line;
	uint64_t lo, hi;

	if (!line_next(&all, &line) || !word_u64(&line, UINT16_MAX, &lo) ||
	    !word_u64(&line, UINT16_MAX, &hi) || lo > hi)
		return false;
	*ret_lo = (uint16_t)lo;
	*ret_hi = (uint16_t)hi;
	return true;
}

bool procnet_port(const char *text, size_t len, uint16_t *ret)
{
	struct slice all = { text, len }, line;
	uint64_t v;

	if (!line_next(&all, &line) || !word_u64(&line, UINT16_MAX, &v))
		return false;
	*ret = (uint16_t)v;
	return true;
}
