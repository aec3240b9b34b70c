/* SPDX-License-Identifier: MIT */
/*
 * The expressions of one rule, register by register, and the targets and matches of
 * iptables inside them. An expression that is not known may write any register, so all
 * are forgotten then; a port that cannot be read makes the rule vague, never narrow.
 */
#include "wire/natrule.h"

#include <netinet/in.h>
/* before those of the kernel, which then leave out what it has */
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <string.h>
#include <sys/socket.h>

#include "wire/attr.h"

#define REGISTERS 24			/* 0 is the verdict; 1 to 4, 8 to 23 */

enum meaning { M_NONE, M_FAMILY, M_L4PROTO, M_DPORT, M_DADDR, M_IFACE, M_DATA };
struct reg {
	uint8_t meaning, len;
	uint8_t prefix;			/* of M_DADDR */
	unsigned char data[16];		/* of M_DATA */
};

struct reading {
	struct nat_rule *r;
	struct reg regs[REGISTERS];
};

struct expr { struct slice name; const unsigned char *data; size_t len; };

/* ---- attributes ------------------------------------------------------------ */

struct slice natrule_name(const struct attr *a)
{
	const char *p = (const char *)a->data;

	return (struct slice){ p, strnlen(p, a->len) };
}

/* Numbers of netfilter are in network byte order. */
static uint32_t number(const struct expr *e, unsigned type, uint32_t none)
{
	struct attr a;
	uint32_t v;

	return attr_find(e->data, e->len, type, &a) && attr_u32(&a, 0, &v) ? be32toh(v) : none;
}

static struct reg *reg_of(struct reading *in, const struct expr *e, unsigned type)
{
	uint32_t n = number(e, type, 0);

	return n && n < REGISTERS ? &in->regs[n] : NULL;
}

/* The value inside a NFTA_DATA_VALUE: its length, at most `size`. */
static size_t value_of(const struct expr *e, unsigned type, void *ret, size_t size)
{
	struct attr outer, a;

	if (!attr_find(e->data, e->len, type, &outer) ||
	    !attr_find(outer.data, outer.len, NFTA_DATA_VALUE, &a))
		return 0;
	memcpy(ret, a.data, a.len < size ? a.len : size);
	return a.len < size ? a.len : size;
}

static uint16_t port_at(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return be16toh(v);
}

/* ---- matches ------------------------------------------------------------ */

struct nat_match natrule_both(const struct nat_match *a, const struct nat_match *b)
{
	struct nat_match m = *a;

	m.vague |= b->vague;
	m.never |= b->never || (a->family && b->family && a->family != b->family) ||
		   (a->l4proto && b->l4proto && a->l4proto != b->l4proto);
	m.family = a->family ? a->family : b->family;
	m.l4proto = a->l4proto ? a->l4proto : b->l4proto;
	m.lo = a->lo > b->lo ? a->lo : b->lo;
	m.hi = a->hi < b->hi ? a->hi : b->hi;
	m.never |= m.lo > m.hi;
	if (!a->daddr.family || (b->daddr.family && b->daddr.prefix > a->daddr.prefix))
		m.daddr = b->daddr;
	if (!a->iface.len)
		m.iface = b->iface;
	m.never |= a->iface.len && b->iface.len &&
		   (a->iface.len != b->iface.len ||
		    memcmp(a->iface.p, b->iface.p, a->iface.len) != 0);
	return m;
}

static void narrow(struct reading *in, const struct nat_match *m)
{
	in->r->match = natrule_both(&in->r->match, m);
}

#define ANY { .hi = UINT16_MAX }

static void must_port(struct reading *in, uint16_t lo, uint16_t hi)
{
	struct nat_match m = { .lo = lo, .hi = hi };

	narrow(in, &m);
}

static void must_l4proto(struct reading *in, uint8_t l4proto)
{
	struct nat_match m = ANY;

	m.l4proto = l4proto;
	narrow(in, &m);
}

static void must_daddr(struct reading *in, const struct reg *reg, const unsigned char *ip)
{
	struct nat_match m = ANY;

	m.family = m.daddr.family = reg->len > 4 ? AF_INET6 : AF_INET;
	m.daddr.prefix = reg->prefix;
	memcpy(m.daddr.ip, ip, m.family == AF_INET ? 4 : 16);
	narrow(in, &m);
}

/* A name that is not ended is the head of several. */
static void must_iface(struct reading *in, const struct attr *a)
{
	struct nat_match m = ANY;

	m.iface = natrule_name(a);
	if (m.iface.len == a->len && a->len < 16)
		m.iface.len = 0;
	narrow(in, &m);
}

static void must_family(struct reading *in, uint8_t nfproto)
{
	struct nat_match m = ANY;

	m.family = nfproto == NFPROTO_IPV4 ? AF_INET : nfproto == NFPROTO_IPV6 ? AF_INET6 : 0;
	narrow(in, &m);
}

static void cmp_port(struct reading *in, uint32_t op, uint16_t port)
{
	if (op == NFT_CMP_EQ)
		must_port(in, port, port);
	else if (op == NFT_CMP_LTE || (op == NFT_CMP_LT && port))
		must_port(in, 0, op == NFT_CMP_LT ? port - 1 : port);
	else if (op == NFT_CMP_GTE || (op == NFT_CMP_GT && port < UINT16_MAX))
		must_port(in, op == NFT_CMP_GT ? port + 1 : port, UINT16_MAX);
}

static void do_cmp(struct reading *in, const struct expr *e)
{
	const struct reg *reg = reg_of(in, e, NFTA_CMP_SREG);
	uint32_t op = number(e, NFTA_CMP_OP, UINT32_MAX);
	unsigned char v[16] = { 0 };
	size_t len = value_of(e, NFTA_CMP_DATA, v, sizeof(v));
	struct attr outer, a;

	if (!reg || !len)
		return;
	if (reg->meaning == M_DPORT && len >= 2)
		cmp_port(in, op, port_at(v));
	if (op != NFT_CMP_EQ)
		return;			/* all but one: nearly any */
	if (reg->meaning == M_L4PROTO)
		must_l4proto(in, v[0]);
	else if (reg->meaning == M_FAMILY)
		must_family(in, v[0]);
	else if (reg->meaning == M_DADDR)
		must_daddr(in, reg, v);
	else if (reg->meaning == M_IFACE &&
		 attr_find(e->data, e->len, NFTA_CMP_DATA, &outer) &&
		 attr_find(outer.data, outer.len, NFTA_DATA_VALUE, &a))
		must_iface(in, &a);
}

static void do_range(struct reading *in, const struct expr *e)
{
	const struct reg *reg = reg_of(in, e, NFTA_RANGE_SREG);
	unsigned char from[16] = { 0 }, to[16] = { 0 };

	if (!reg || reg->meaning != M_DPORT || number(e, NFTA_RANGE_OP, 1) != NFT_RANGE_EQ)
		return;
	if (value_of(e, NFTA_RANGE_FROM_DATA, from, sizeof(from)) >= 2 &&
	    value_of(e, NFTA_RANGE_TO_DATA, to, sizeof(to)) >= 2)
		must_port(in, port_at(from), port_at(to));
	else
		in->r->match.vague = true;
}

/* ---- registers ------------------------------------------------------------ */

static void do_meta(struct reading *in, const struct expr *e)
{
	struct reg *reg = reg_of(in, e, NFTA_META_DREG);
	uint32_t key = number(e, NFTA_META_KEY, UINT32_MAX);

	if (!reg)
		return;
	*reg = (struct reg){ .meaning = key == NFT_META_L4PROTO ? M_L4PROTO :
			     key == NFT_META_NFPROTO ? M_FAMILY :
			     key == NFT_META_IIFNAME ? M_IFACE : M_NONE };
}

/* The first bytes of an address are a prefix of it. */
static void do_payload(struct reading *in, const struct expr *e)
{
	struct reg *reg = reg_of(in, e, NFTA_PAYLOAD_DREG);
	uint32_t base = number(e, NFTA_PAYLOAD_BASE, UINT32_MAX);
	uint32_t at = number(e, NFTA_PAYLOAD_OFFSET, UINT32_MAX);
	uint32_t len = number(e, NFTA_PAYLOAD_LEN, 0);
	bool v4 = in->r->match.family == AF_INET, v6 = in->r->match.family == AF_INET6;

	if (!reg)
		return;
	*reg = (struct reg){ .len = v6 ? 16 : 4, .prefix = (uint8_t)(len * 8) };
	if (base == NFT_PAYLOAD_TRANSPORT_HEADER && at == 2 && len == 2)
		reg->meaning = M_DPORT;
	else if (base == NFT_PAYLOAD_TRANSPORT_HEADER && at <= 3 && at + len > 2)
		in->r->match.vague = true;	/* both ports at once */
	else if (base == NFT_PAYLOAD_NETWORK_HEADER && len == 1 &&
		 ((v4 && at == 9) || (v6 && at == 6)))
		reg->meaning = M_L4PROTO;
	else if (base == NFT_PAYLOAD_NETWORK_HEADER && len &&
		 ((v4 && at == 16 && len <= 4) || (v6 && at == 24 && len <= 16)))
		reg->meaning = M_DADDR;
}

/* -1: the bits are not all in front. */
static int prefix_of(const unsigned char *mask, size_t len)
{
	int n = 0;
	size_t i;

	while ((size_t)n < len * 8 && mask[n / 8] & 0x80 >> n % 8)
		n++;
	for (i = (size_t)n; i < len * 8; i++)
		if (mask[i / 8] & 0x80 >> i % 8)
			return -1;
	return n;
}

static void do_bitwise(struct reading *in, const struct expr *e)
{
	const struct reg *from = reg_of(in, e, NFTA_BITWISE_SREG);
	struct reg *to = reg_of(in, e, NFTA_BITWISE_DREG), was;
	unsigned char mask[16] = { 0 }, flip[16] = { 0 };
	size_t len = value_of(e, NFTA_BITWISE_MASK, mask, sizeof(mask));
	int prefix = prefix_of(mask, len);

	if (!to)
		return;
	was = from ? *from : (struct reg){ 0 };
	*to = (struct reg){ 0 };
	value_of(e, NFTA_BITWISE_XOR, flip, sizeof(flip));
	if (was.meaning == M_DPORT)
		in->r->match.vague = true;
	else if (was.meaning == M_DADDR && len == was.len && prefix >= 0 &&
		 !memcmp(flip, (unsigned char[16]){ 0 }, sizeof(flip))) {
		*to = was;
		to->prefix = (uint8_t)prefix;
	}
}

/* A set of addresses narrows; what a set says of ports is not known, and what is looked
 * up may begin in any register before. */
static void do_lookup(struct reading *in, const struct expr *e)
{
	const struct reg *reg = reg_of(in, e, NFTA_LOOKUP_SREG);
	struct reg *to = reg_of(in, e, NFTA_LOOKUP_DREG);
	struct attr a;

	for (unsigned i = 1; i < REGISTERS; i++)
		in->r->match.vague |= in->regs[i].meaning == M_DPORT;
	if (reg && reg->meaning == M_L4PROTO)
		in->r->match.vague = true;
	if (to)
		*to = (struct reg){ 0 };
	else if (attr_find(e->data, e->len, NFTA_LOOKUP_DREG, &a))
		in->r->does = NAT_VAGUE;	/* a verdict: any chain */
}

static void do_verdict(struct reading *in, const struct expr *e)
{
	struct expr data = { .name = e->name }, verdict = { .name = e->name };
	struct attr a, chain;
	int32_t code;

	if (!attr_find(e->data, e->len, NFTA_IMMEDIATE_DATA, &a))
		return;
	data.data = a.data;
	data.len = a.len;
	if (!attr_find(data.data, data.len, NFTA_DATA_VERDICT, &a))
		return;
	verdict.data = a.data;
	verdict.len = a.len;
	code = (int32_t)number(&verdict, NFTA_VERDICT_CODE, 0);
	if ((code != NFT_JUMP && code != NFT_GOTO) ||
	    !attr_find(verdict.data, verdict.len, NFTA_VERDICT_CHAIN, &chain))
		return;
	in->r->does = NAT_JUMP;
	in->r->to_chain = natrule_name(&chain);
}

static void do_immediate(struct reading *in, const struct expr *e)
{
	struct reg *reg = reg_of(in, e, NFTA_IMMEDIATE_DREG);

	if (!reg) {
		do_verdict(in, e);
		return;
	}
	*reg = (struct reg){ .meaning = M_DATA };
	reg->len = (uint8_t)value_of(e, NFTA_IMMEDIATE_DATA, reg->data, sizeof(reg->data));
}

/* ---- passing on ------------------------------------------------------------ */

static bool has(const struct expr *e, unsigned type)
{
	struct attr a;

	return attr_find(e->data, e->len, type, &a);
}

/* false: it is not a port that the rule says itself. */
static bool take_port(struct reading *in, const struct expr *e, unsigned type, uint16_t *ret)
{
	const struct reg *reg;

	if (!has(e, type))
		return true;
	reg = reg_of(in, e, type);
	if (!reg || reg->meaning != M_DATA || reg->len < 2)
		return false;
	*ret = port_at(reg->data);
	return true;
}

static bool take_ports(struct reading *in, const struct expr *e, unsigned min, unsigned max)
{
	if (!take_port(in, e, min, &in->r->to_lo))
		return false;
	in->r->to_hi = in->r->to_lo;
	return take_port(in, e, max, &in->r->to_hi);
}

static bool take_address(struct reading *in, const struct expr *e)
{
	const struct reg *min, *max;
	uint32_t family = number(e, NFTA_NAT_FAMILY, 0);

	if (!has(e, NFTA_NAT_REG_ADDR_MIN))
		return true;
	min = reg_of(in, e, NFTA_NAT_REG_ADDR_MIN);
	max = has(e, NFTA_NAT_REG_ADDR_MAX) ? reg_of(in, e, NFTA_NAT_REG_ADDR_MAX) : min;
	if (!min || !max || min->meaning != M_DATA || max->meaning != M_DATA ||
	    min->len != max->len || memcmp(min->data, max->data, min->len) != 0)
		return false;
	in->r->to.family = family == NFPROTO_IPV4 && min->len == 4 ? AF_INET :
			   family == NFPROTO_IPV6 && min->len == 16 ? AF_INET6 : 0;
	in->r->to.prefix = min->len * 8;
	memcpy(in->r->to.ip, min->data, min->len);
	return in->r->to.family != 0;
}

static void do_nat(struct reading *in, const struct expr *e)
{
	if (number(e, NFTA_NAT_TYPE, UINT32_MAX) != NFT_NAT_DNAT)
		return;
	in->r->does = take_address(in, e) && take_ports(in, e, NFTA_NAT_REG_PROTO_MIN,
							NFTA_NAT_REG_PROTO_MAX) ?
		      NAT_PASS : NAT_VAGUE;
}

static void do_redir(struct reading *in, const struct expr *e)
{
	in->r->does = take_ports(in, e, NFTA_REDIR_REG_PROTO_MIN, NFTA_REDIR_REG_PROTO_MAX) ?
		      NAT_PASS : NAT_VAGUE;
}

/* ---- of iptables ------------------------------------------------------------ */

/* linux/netfilter/nf_nat.h: the older range is for IPv4 and stands in an array. */
#define RANGE_OLD 20			/* u32 size; u32 flags, addresses and ports */
#define RANGE 40			/* u32 flags, two addresses of 16 bytes, two ports */

static bool take_range(struct nat_rule *r, uint32_t flags, const unsigned char *min,
		       const unsigned char *max, unsigned len, const unsigned char *ports)
{
	if (flags & NF_NAT_RANGE_MAP_IPS) {
		if (memcmp(min, max, len) != 0)
			return false;
		r->to.family = len == 4 ? AF_INET : AF_INET6;
		r->to.prefix = (uint8_t)(len * 8);
		memcpy(r->to.ip, min, len);
	}
	if (flags & NF_NAT_RANGE_PROTO_SPECIFIED) {
		r->to_lo = port_at(ports);
		r->to_hi = port_at(ports + 2);
	}
	return !(flags & NF_NAT_RANGE_PROTO_OFFSET);
}

static bool take_target(struct nat_rule *r, const struct attr *info, bool old)
{
	unsigned len = r->family == NFPROTO_IPV6 ? 16 : 4;
	const unsigned char *p = info->data;
	uint32_t flags, size;

	if (!attr_u32(info, old ? 4 : 0, &flags) || info->len < (old ? RANGE_OLD : RANGE))
		return false;
	if (!old)
		return take_range(r, flags, p + 4, p + 20, len, p + 36);
	return attr_u32(info, 0, &size) && size == 1 &&
	       take_range(r, flags, p + 8, p + 12, 4, p + 16);
}

static void do_target(struct reading *in, const struct expr *e)
{
	struct nat_rule *r = in->r;
	struct attr name, info;
	struct slice s;
	bool old;

	if (!attr_find(e->data, e->len, NFTA_TARGET_NAME, &name))
		return;
	s = natrule_name(&name);
	old = r->family == NFPROTO_IPV4 && number(e, NFTA_TARGET_REV, 0) == 0;
	if (slice_is(s, "DNAT") || slice_is(s, "REDIRECT"))
		r->does = attr_find(e->data, e->len, NFTA_TARGET_INFO, &info) &&
			  take_target(r, &info, old) ? NAT_PASS : NAT_VAGUE;
	else if (slice_is(s, "NETMAP"))
		r->does = NAT_VAGUE;
}

/* struct xt_tcp and xt_udp: four ports of this machine's byte order, flags behind. */
static void do_match(struct reading *in, const struct expr *e)
{
	struct attr name, info;
	uint16_t ports[2];
	struct slice s;
	bool tcp, udp;
	unsigned char inverted;

	if (!attr_find(e->data, e->len, NFTA_MATCH_NAME, &name))
		return;
	s = natrule_name(&name);
	tcp = slice_is(s, "tcp");
	udp = slice_is(s, "udp");
	if (slice_is(s, "multiport") || slice_is(s, "sctp") || slice_is(s, "dccp"))
		in->r->match.vague = true;
	if (!tcp && !udp)
		return;
	must_l4proto(in, tcp ? IPPROTO_TCP : IPPROTO_UDP);
	if (!attr_find(e->data, e->len, NFTA_MATCH_INFO, &info) ||
	    !attr_read(&info, 4, ports, sizeof(ports)) ||
	    !attr_read(&info, tcp ? 11 : 8, &inverted, 1))
		in->r->match.vague = true;
	else if (!(inverted & 2))	/* XT_TCP_INV_DSTPT, XT_UDP_INV_DSTPT */
		must_port(in, ports[0], ports[1]);
}

/* ---- the rule ------------------------------------------------------------ */

/* Those that write no register, and say nothing that is looked at here. */
static bool is_idle(struct slice name)
{
	static const char *const names[] = { "counter", "log", "limit", "quota", "last",
					     "notrack", "masq", "connlimit", "objref" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_is(name, names[i]))
			return true;
	return false;
}

static void do_expr(struct reading *in, const struct expr *e)
{
	static const struct {
		const char *name;
		void (*fn)(struct reading *, const struct expr *);
	} known[] = {
		{ "meta", do_meta }, { "payload", do_payload }, { "cmp", do_cmp },
		{ "range", do_range }, { "bitwise", do_bitwise }, { "lookup", do_lookup },
		{ "immediate", do_immediate }, { "nat", do_nat }, { "redir", do_redir },
		{ "target", do_target }, { "match", do_match },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_is(e->name, known[i].name)) {
			known[i].fn(in, e);
			return;
		}
	if (!is_idle(e->name))
		memset(in->regs, 0, sizeof(in->regs));
}

static void read_expressions(struct reading *in, const struct attr *list)
{
	struct attr_walk w = { list->data, list->len };
	struct attr elem, name, data;

	while (attr_next(&w, &elem)) {
		struct expr e = { .data = NULL };

		if (!attr_find(elem.data, elem.len, NFTA_EXPR_NAME, &name))
			continue;
		e.name = natrule_name(&name);
		if (attr_find(elem.data, elem.len, NFTA_EXPR_DATA, &data)) {
			e.data = data.data;
			e.len = data.len;
		}
		do_expr(in, &e);
	}
}

void natrule_read(struct nat_rule *r, const void *attrs, size_t len)
{
	struct reading in = { .r = r };
	struct attr a;

	r->match = (struct nat_match)ANY;
	must_family(&in, r->family);
	if (attr_find(attrs, len, NFTA_RULE_TABLE, &a))
		r->table = natrule_name(&a);
	if (attr_find(attrs, len, NFTA_RULE_CHAIN, &a))
		r->chain = natrule_name(&a);
	if (attr_find(attrs, len, NFTA_RULE_EXPRESSIONS, &a))
		read_expressions(&in, &a);
}
