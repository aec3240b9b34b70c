/* SPDX-License-Identifier: MIT */
/*
 * From the chains that see what comes in along their jumps to every rule that passes
 * something on. What one rule says is natrule.c's.
 */
#include "wire/nat.h"

#include <netinet/in.h>
/* before those of the kernel, which then leave out what it has */
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "wire/attr.h"
#include "wire/natrule.h"
#include "wire/records.h"

#define DEPTH 16			/* of jumps: NFT_JUMP_STACK_SIZE */
#define STEPS 200000			/* rules that are met on all ways */
#define MAX_RULES 1000000

struct nat_dump {
	VEC(struct nat_rule) rules;
	VEC(struct nat_rule) bases;	/* chains: table, chain and family alone */
	VEC(struct buf) bytes;		/* that names lie in */
	int err;
	bool torn;
};

int nat_request(struct buf *b, int what)
{
	struct {
		struct nlmsghdr h;
		struct nfgenmsg body;
	} req = {
		.h = { .nlmsg_len = sizeof(req), .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0 },
	};
	const int op = what == ASK_NAT_CHAINS ? NFT_MSG_GETCHAIN : NFT_MSG_GETRULE;

	if (what != ASK_NAT_CHAINS && what != ASK_NAT_RULES)
		return -EINVAL;
	req.h.nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | op);
	buf_put(b, &req, sizeof(req));
	return b->failed ? -ENOMEM : 0;
}

struct nat_dump *nat_new(void)
{
	return mem_alloc(sizeof(struct nat_dump));
}

void nat_free(struct nat_dump *d)
{
	uint32_t i;

	if (!d)
		return;
	for (i = 0; i < d->bytes.n; i++)
		buf_release(&d->bytes.v[i]);
	vec_release(&d->bytes);
	vec_release(&d->rules);
	vec_release(&d->bases);
	mem_free(d);
}

int nat_error(const struct nat_dump *d)
{
	return d->err ? d->err : d->torn ? -EAGAIN : 0;
}

/* ---- messages ------------------------------------------------------------------------- */

static bool sees_what_comes_in(const struct attr *hook, const struct attr *type)
{
	struct attr num;
	uint32_t v;

	return slice_is(natrule_name(type), "nat") &&
	       attr_find(hook->data, hook->len, NFTA_HOOK_HOOKNUM, &num) &&
	       attr_u32(&num, 0, &v) && be32toh(v) == NF_INET_PRE_ROUTING;
}

static void take_chain(struct nat_dump *d, uint8_t family, const unsigned char *p, size_t len)
{
	struct attr table, name, hook, type;
	struct nat_rule *r;

	if (!attr_find(p, len, NFTA_CHAIN_TABLE, &table) ||
	    !attr_find(p, len, NFTA_CHAIN_NAME, &name) ||
	    !attr_find(p, len, NFTA_CHAIN_HOOK, &hook) ||
	    !attr_find(p, len, NFTA_CHAIN_TYPE, &type) || !sees_what_comes_in(&hook, &type))
		return;
	r = vec_push(&d->bases);
	if (!r) {
		d->err = -ENOMEM;
		return;
	}
	r->family = family;
	r->table = natrule_name(&table);
	r->chain = natrule_name(&name);
}

static void take_rule(struct nat_dump *d, uint8_t family, const unsigned char *p, size_t len)
{
	struct nat_rule rule = { .family = family }, *r;

	natrule_read(&rule, p, len);
	if (rule.does == NAT_NOTHING || rule.match.never)
		return;
	r = d->rules.n < MAX_RULES ? vec_push(&d->rules) : NULL;
	if (r)
		*r = rule;
	else
		d->err = -ENOMEM;
}

static void take_message(struct nat_dump *d, const struct nlmsghdr *h,
			 const unsigned char *body)
{
	size_t len = h->nlmsg_len - sizeof(*h), head = NLMSG_ALIGN(sizeof(struct nfgenmsg));
	int r;

	d->torn |= !!(h->nlmsg_flags & NLM_F_DUMP_INTR);
	if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE) {
		r = attr_end_error(h->nlmsg_type, body, len);
		d->err = d->err ? d->err : r;
	} else if (len < head) {
		d->err = d->err ? d->err : -EBADMSG;
	} else if (h->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN)) {
		take_chain(d, body[0], body + head, len - head);
	} else if (h->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE)) {
		take_rule(d, body[0], body + head, len - head);
	}
}

int nat_decode(void *dump, const void *bytes, size_t len)
{
	struct nat_dump *d = dump;
	struct buf *copy = vec_push(&d->bytes);
	const unsigned char *body;
	struct attr_walk w;
	struct nlmsghdr h;

	if (!copy)
		return -ENOMEM;
	buf_put(copy, bytes, len);
	if (copy->failed)
		return -ENOMEM;
	w = (struct attr_walk){ (const unsigned char *)copy->data, copy->len };
	while (attr_message(&w, &h, &body))
		take_message(d, &h, body);
	if (w.left)
		d->err = d->err ? d->err : -EBADMSG;
	return d->err == -ENOMEM ? d->err : 0;
}

/* ---- along the jumps --------------------------------------------------------------------- */

struct walk {
	const struct nat_rule **rules;	/* by chain, else in order */
	uint32_t n;
	struct lssock_snap *s;
	struct index seen;		/* rows of this namespace */
	uint32_t steps, unknown;
	uint16_t ns;
};

static int compare(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int r = n ? memcmp(a.p, b.p, n) : 0;

	return r ? r : (a.len > b.len) - (a.len < b.len);
}

static int by_chain(const struct nat_rule *a, const struct nat_rule *b)
{
	int r = a->family - b->family;

	if (r == 0)
		r = compare(a->table, b->table);
	return r ? r : compare(a->chain, b->chain);
}

static int by_chain_and_place(const void *a, const void *b)
{
	const struct nat_rule *x = *(const struct nat_rule *const *)a;
	const struct nat_rule *y = *(const struct nat_rule *const *)b;
	int r = by_chain(x, y);

	return r ? r : (x > y) - (x < y);
}

static uint32_t first_of(const struct walk *w, const struct nat_rule *chain)
{
	uint32_t lo = 0, hi = w->n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (by_chain(w->rules[mid], chain) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void add_row(struct walk *w, const struct lssock_nat *n)
{
	uint32_t *place = index_put(&w->seen, hash_bytes(n, sizeof(*n)));
	struct lssock_nat *slot;

	if (place && *place != INDEX_NONE && !memcmp(&w->s->nats.v[*place], n, sizeof(*n)))
		return;			/* by another way */
	slot = vec_push(&w->s->nats);
	w->s->failed |= !slot || !place;
	if (slot)
		*slot = *n;
	if (slot && place)
		*place = w->s->nats.n - 1;
}

static uint8_t proto_of(uint8_t l4proto)
{
	switch (l4proto) {
	case IPPROTO_TCP:
		return LSSOCK_TCP;
	case IPPROTO_UDP:
		return LSSOCK_UDP;
	case IPPROTO_SCTP:
		return LSSOCK_SCTP;
	case IPPROTO_DCCP:
		return LSSOCK_DCCP;
	}
	return LSSOCK_PROTO_NONE;
}

/* A rule that names no protocol takes all of them. */
static void pass(struct walk *w, const struct nat_rule *r, const struct nat_match *m)
{
	struct lssock_nat n;

	memset(&n, 0, sizeof(n));	/* rows are compared byte by byte */
	n.ns = w->ns;
	n.family = m->family;
	n.port_lo = m->lo ? m->lo : 1;
	n.port_hi = m->hi;
	n.to_lo = r->to_lo;
	n.to_hi = r->to_hi;
	n.to_family = r->to.family;
	n.daddr_prefix = m->daddr.family ? m->daddr.prefix : 0;
	memcpy(n.to, r->to.ip, sizeof(n.to));
	if (n.daddr_prefix)
		memcpy(n.daddr, m->daddr.ip, sizeof(n.daddr));
	if (r->to.family && !n.family)
		n.family = r->to.family;
	if (m->iface.len)
		n.iface = snap_string(w->s, m->iface.p, m->iface.len);
	if (!m->hi)
		return;
	n.proto = proto_of(m->l4proto ? m->l4proto : IPPROTO_TCP);
	if (n.proto)
		add_row(w, &n);
	if (m->l4proto)
		return;
	n.proto = LSSOCK_UDP;
	add_row(w, &n);
}

static void follow(struct walk *w, const struct nat_rule *chain, const struct nat_match *so_far,
		   unsigned depth)
{
	for (uint32_t i = first_of(w, chain); i < w->n && !by_chain(w->rules[i], chain); i++) {
		const struct nat_rule *r = w->rules[i];
		struct nat_match m = natrule_both(so_far, &r->match);
		struct nat_rule next = { .family = r->family, .table = r->table,
					 .chain = r->to_chain };

		if (++w->steps > STEPS)
			return;
		if (m.never)
			continue;
		if (r->does == NAT_JUMP && depth < DEPTH)
			follow(w, &next, &m, depth + 1);
		else if (r->does != NAT_PASS || m.vague)
			w->unknown++;
		else
			pass(w, r, &m);
	}
}

int nat_end(const struct nat_dump *d, struct lssock_snap *s, uint16_t ns)
{
	struct walk w = { .s = s, .ns = ns, .n = d->rules.n };
	const struct nat_match any = { .hi = UINT16_MAX };
	uint32_t i;

	if (!d->rules.n)
		return 0;
	w.rules = mem_alloc(d->rules.n * sizeof(*w.rules));
	if (!w.rules)
		return -ENOMEM;
	for (i = 0; i < d->rules.n; i++)
		w.rules[i] = &d->rules.v[i];
	qsort(w.rules, w.n, sizeof(*w.rules), by_chain_and_place);
	for (i = 0; i < d->bases.n; i++)
		follow(&w, &d->bases.v[i], &any, 0);
	mem_free(w.rules);
	index_release(&w.seen);
	w.unknown += w.steps > STEPS;
	return s->failed ? -ENOMEM : w.unknown < INT32_MAX ? (int)w.unknown : INT32_MAX;
}
