/* SPDX-License-Identifier: MIT */
/*
 * A filter as inet_diag bytecode, and the states in which it can hold at all.
 * Both may let more through than the filter, never less: user space filters
 * again. What the kernel cannot say is "all" and drops out of a conjunction.
 */
#include <errno.h>
#include <linux/inet_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "model/addr.h"
#include "model/names.h"
#include "query/parse.h"
#include "query/plan.h"

/* Constants younger than the headers we build with. */
enum { BC_CGROUP = 13 };

/* Netlink attributes are at most 64 KiB, and so are jumps. */
#define CODE_MAX 65000

/* ---- atoms ---------------------------------------------------------------- */

/* One or two instructions, both of which must hold. Two: a port range. */
struct atom {
	uint8_t n;
	struct { uint8_t code, len; uint32_t word[6]; } op[2];
};

struct push {
	const struct filter *f;
	const struct push_env *env;
	uint8_t proto;
	struct buf *out;
	uint8_t *known;			/* per node: CAN_* */
	VEC(struct atom) atoms;		/* of the leaf at hand */
	bool exact;			/* … which holds exactly when the filter's does */
	bool failed;			/* no memory or too large */
};

#define CAN_ASKED 0x01
#define CAN_HOLD 0x02			/* there is code for it */
#define CAN_FAIL 0x04			/* and for its negation */

static struct atom *atom(struct push *p)
{
	struct atom *a = vec_push(&p->atoms);

	p->failed |= !a;
	return a;
}

/* Port comparisons carry the port in `no` of a second op. */
static void add_port_op(struct atom *a, uint8_t code, uint32_t port)
{
	struct inet_diag_bc_op op = { .no = (uint16_t)port };

	a->op[a->n].code = code;
	a->op[a->n].len = 8;
	memcpy(a->op[a->n].word, &op, sizeof(op));
	a->n++;
}

static void add_cond(struct atom *a, bool remote, uint8_t family, uint8_t prefix,
		     int port, const void *ip, size_t len)
{
	struct inet_diag_hostcond cond = {.family = family, .prefix_len = prefix, .port = port};

	a->op[a->n].code = remote ? INET_DIAG_BC_D_COND : INET_DIAG_BC_S_COND;
	a->op[a->n].len = (uint8_t)(4 + sizeof(cond) + len);
	memcpy(a->op[a->n].word, &cond, sizeof(cond));
	memcpy((char *)a->op[a->n].word + sizeof(cond), ip, len);
	a->n++;
}

/* A port that is 0 or a connection that is none is "not applicable" to the
 * filter and just a number here; bound sockets may carry a stale remote end. So
 * neither may be negated. */
static void port_atom(struct push *p, bool remote, uint32_t lo, uint32_t hi)
{
	struct atom *a = atom(p);

	p->exact &= !remote && lo > 0;
	if (!a)
		return;
	if (lo == hi) {			/* S_EQ is too young (5.12) */
		add_cond(a, remote, AF_UNSPEC, 0, (int)lo, "", 0);
		return;
	}
	if (lo > 0 || hi == 65535)
		add_port_op(a, remote ? INET_DIAG_BC_D_GE : INET_DIAG_BC_S_GE, lo);
	if (hi < 65535)
		add_port_op(a, remote ? INET_DIAG_BC_D_LE : INET_DIAG_BC_S_LE, hi);
}

/* Range of ports that an operand means; false: none. */
static bool port_range(enum cmp_op op, const struct operand *o, uint32_t *lo, uint32_t *hi)
{
	uint32_t from = (uint32_t)o->lo.u, to = o->is_range ? (uint32_t)o->hi.u : from;

	*lo = op == OP_EQ || op == OP_NE || op == OP_GE ? from : op == OP_GT ? from + 1 : 0;
	*hi = op == OP_EQ || op == OP_NE ? to : op == OP_LE ? from :
	      op == OP_LT ? from - 1 : 65535;
	return from <= 65535 && to <= 65535 && *lo <= *hi && *hi <= 65535;
}

static bool port_atoms(struct push *p, const struct node *n, bool local, bool remote)
{
	uint32_t i, lo, hi;

	for (i = 0; i < n->count; i++) {
		if (!port_range(n->op, &p->f->operands.v[n->first + i], &lo, &hi))
			return false;
		if (local)
			port_atom(p, false, lo, hi);
		if (remote)
			port_atom(p, true, lo, hi);
	}
	return true;
}

static bool contains(const struct lssock_addr *net, uint8_t family, bool mapped)
{
	struct lssock_addr a = { .family = family, .prefix = family == AF_INET ? 32 : 128 };

	if (mapped)
		a.ip[10] = a.ip[11] = 0xff;
	return net->family == family && !memcmp(net->ip, a.ip, net->prefix / 8) &&
	       (net->prefix % 8 == 0 ||
		!((net->ip[net->prefix / 8] ^ a.ip[net->prefix / 8]) >> (8 - net->prefix % 8)));
}

/* 0.0.0.0 also means the wildcard of both families, which the kernel's IPv4
 * condition does not match. */
static bool addr_atom(struct push *p, bool remote, const struct lssock_addr *net)
{
	bool v6 = net->family == AF_INET6;
	struct atom *a;

	if (net->family != AF_INET && !v6)
		return false;
	if (!v6 && net->prefix == 32 && addr_is_any(net))
		return false;
	p->exact &= !remote && !contains(net, net->family, false) &&
		    !(v6 && net->prefix < 96 && contains(net, AF_INET6, true));
	a = atom(p);
	if (a)
		add_cond(a, remote, net->family, net->prefix, -1, net->ip, v6 ? 16 : 4);
	return true;
}

static bool addr_atoms(struct push *p, const struct node *n, bool local, bool remote)
{
	const struct operand *o = &p->f->operands.v[n->first];
	uint32_t i;

	for (i = 0; i < n->count; i++, o++) {
		if (o->lo.kind != LSSOCK_V_ADDR || (local && !addr_atom(p, false, &o->lo.a)) ||
		    (remote && !addr_atom(p, true, &o->lo.a)))
			return false;
	}
	return true;
}

static void word_atom(struct push *p, uint8_t code, const void *operand, size_t len)
{
	struct atom *a = atom(p);

	if (!a)
		return;
	a->n = 1;
	a->op[0].code = code;
	a->op[0].len = (uint8_t)(4 + len);
	memcpy(a->op[0].word, operand, len);
}

/* The filter has no marks of time-wait and half-open sockets, the kernel has. */
static bool mark_atoms(struct push *p, const struct node *n)
{
	const struct operand *o = &p->f->operands.v[n->first];
	struct inet_diag_markcond cond;
	uint32_t i;

	p->exact = false;
	if (!p->env || !p->env->mark || (n->op != OP_EQ && n->op != OP_NE))
		return false;
	for (i = 0; i < n->count; i++, o++) {
		if (o->is_range || o->lo.u > UINT32_MAX || (o->masked && o->hi.u > UINT32_MAX))
			return false;
		cond.mark = (uint32_t)o->lo.u;
		cond.mask = o->masked ? (uint32_t)o->hi.u : UINT32_MAX;
		word_atom(p, INET_DIAG_BC_MARK_COND, &cond, sizeof(cond));
	}
	return true;
}

/* Names have aliases (an interface's altname, a cgroup seen from a namespace), so
 * these are never exact. */
static bool name_atoms(struct push *p, const struct node *n, bool cgroup)
{
	const struct operand *o = &p->f->operands.v[n->first];
	const struct push_env *env = p->env;
	uint32_t i, ifindex;
	uint64_t id;

	p->exact = false;
	if (!env || n->op != OP_EQ || (cgroup ? !env->cgroup_id : !env->ifindex))
		return false;
	for (i = 0; i < n->count; i++, o++) {
		if (o->glob || !o->text)
			return false;
		id = cgroup ? env->cgroup_id(env->ctx, o->text, o->len)
			    : env->ifindex(env->ctx, o->text, o->len);
		if (!id)
			return false;
		ifindex = (uint32_t)id;
		if (cgroup)
			word_atom(p, BC_CGROUP, &id, sizeof(id));
		else
			word_atom(p, INET_DIAG_BC_DEV_COND, &ifindex, sizeof(ifindex));
	}
	return true;
}

/* Of the others the collector cannot tell, so their rows are "not known". */
#define PROTOS_AUTO (1u << LSSOCK_TCP | 1u << LSSOCK_UDP | 1u << LSSOCK_UDPLITE)

static bool auto_atoms(struct push *p, const struct node *n)
{
	p->exact = false;
	if (!(PROTOS_AUTO & 1u << p->proto) || n->op != OP_EQ || n->count != 1 ||
	    !p->f->operands.v[n->first].lo.u)
		return false;
	word_atom(p, INET_DIAG_BC_AUTO, "", 0);
	return true;
}

/* The leaf as atoms of which one must hold, before negation. */
static bool leaf_atoms(struct push *p, const struct node *n)
{
	const char *name;

	p->atoms.n = 0;
	p->exact = true;
	if (n->kind != NODE_CMP || n->op == OP_MATCH || n->op == OP_NOMATCH)
		return false;
	name = field_table[n->field].name;
	if (!strcmp(name, "lport") || !strcmp(name, "rport") || !strcmp(name, "port"))
		return port_atoms(p, n, *name != 'r', *name != 'l');
	if (!strcmp(name, "laddr") || !strcmp(name, "raddr") || !strcmp(name, "addr"))
		return addr_atoms(p, n, *name != 'r', *name != 'l');
	if (!strcmp(name, "mark"))
		return mark_atoms(p, n);
	if (!strcmp(name, "iface") || !strcmp(name, "cgroup"))
		return name_atoms(p, n, *name == 'c');
	return !strcmp(name, "autobound") && auto_atoms(p, n);
}

/* ---- what can be said ----------------------------------------------------- */

static bool negates(const struct node *n)
{
	return n->op == OP_NE || n->op == OP_NOMATCH;
}

static uint8_t leaf_can(struct push *p, const struct node *n)
{
	bool code = leaf_atoms(p, n) && p->atoms.n && !p->failed;

	if (!code)
		return 0;
	if (negates(n))
		return (uint8_t)(CAN_FAIL | (p->exact ? CAN_HOLD : 0));
	return (uint8_t)(CAN_HOLD | (p->exact ? CAN_FAIL : 0));
}

static uint8_t can(struct push *p, uint32_t i)
{
	const struct node *n = &p->f->nodes.v[i];
	uint8_t a, b, r = 0;

	if (p->known[i])
		return p->known[i];
	switch (n->kind) {
	case NODE_AND: case NODE_OR:
		a = can(p, n->a);
		b = can(p, n->b);
		r = n->kind == NODE_AND ? (uint8_t)(((a | b) & CAN_HOLD) | (a & b & CAN_FAIL))
					: (uint8_t)((a & b & CAN_HOLD) | ((a | b) & CAN_FAIL));
		break;
	case NODE_NOT:
		a = can(p, n->a);
		r = (uint8_t)((a & CAN_HOLD ? CAN_FAIL : 0) | (a & CAN_FAIL ? CAN_HOLD : 0));
		break;
	case NODE_CMP:
		r = leaf_can(p, n);
		break;
	case NODE_HAS: case NODE_WORD: case NODE_IS: case NODE_ALL:
		break;
	}
	p->known[i] = r | CAN_ASKED;
	return p->known[i];
}

/* ---- code ------------------------------------------------------------------ */

/* Jumps forward to a place not yet known: a list through the `no` fields, in
 * units of 4 from the last one; 0: none. */
struct label { uint32_t last; bool used; };

static void emit(struct push *p, uint8_t code, uint8_t len, const void *operand,
		 struct label *no)
{
	struct inet_diag_bc_op op = { .code = code, .yes = len };
	uint32_t at = (uint32_t)p->out->len;

	if (at + len > CODE_MAX) {
		p->failed = true;
		return;
	}
	op.no = no->used ? (uint16_t)((at - no->last) / 4) : 0;
	no->last = at;
	no->used = true;
	buf_put(p->out, &op, sizeof(op));
	buf_put(p->out, operand, (size_t)len - sizeof(op));
}

/* Every jump of the label goes to here; reject: 4 bytes past the end. */
static void place(struct push *p, struct label *l, bool reject)
{
	uint32_t target = (uint32_t)p->out->len + (reject ? 4 : 0), at = l->last, back;
	struct inet_diag_bc_op op;

	if (p->failed || p->out->failed || !l->used)
		return;
	do {
		memcpy(&op, p->out->data + at, sizeof(op));
		back = op.no * 4u;
		op.no = (uint16_t)(target - at);
		memcpy(p->out->data + at, &op, sizeof(op));
		at -= back;
	} while (back);
}

static void jump(struct push *p, struct label *to)
{
	emit(p, INET_DIAG_BC_JMP, 4, "", to);
}

/* Falls through if the atom holds. */
static void atom_holds(struct push *p, const struct atom *a, struct label *no)
{
	unsigned i;

	for (i = 0; i < a->n; i++)
		emit(p, a->op[i].code, a->op[i].len, a->op[i].word, no);
}

/* Falls through if it does not, else jumps. */
static void atom_fails(struct push *p, const struct atom *a, struct label *yes)
{
	struct label after = { 0 };

	atom_holds(p, a, &after);
	jump(p, yes);
	place(p, &after, false);
}

/* Falls through when the leaf's value is `want`, else jumps to `other`. */
static void gen_leaf(struct push *p, const struct node *n, bool want, struct label *other)
{
	struct label found = { 0 };
	uint32_t i;

	leaf_atoms(p, n);
	if (negates(n))
		want = !want;
	for (i = 0; i + 1 < p->atoms.n; i++)
		atom_fails(p, &p->atoms.v[i], want ? &found : other);
	if (want)
		atom_holds(p, &p->atoms.v[i], other);
	else
		atom_fails(p, &p->atoms.v[i], other);
	place(p, &found, false);
}

/* Code that falls through where the node may be `want`, and jumps to `other`
 * only where it certainly is not. The caller knows there is such code. */
static void gen(struct push *p, uint32_t i, bool want, struct label *other)
{
	const struct node *n = &p->f->nodes.v[i];
	uint8_t bit = want ? CAN_HOLD : CAN_FAIL;
	struct label found = { 0 };

	if (n->kind == NODE_NOT) {
		gen(p, n->a, !want, other);
	} else if (n->kind == NODE_CMP) {
		gen_leaf(p, n, want, other);
	} else if ((n->kind == NODE_AND) == want) { /* both must hold: one may be left out */
		if (can(p, n->a) & bit)
			gen(p, n->a, want, other);
		if (can(p, n->b) & bit)
			gen(p, n->b, want, other);
	} else { /* one of both is enough */
		struct label next = { 0 };

		gen(p, n->a, want, &next);
		jump(p, &found);
		place(p, &next, false);
		gen(p, n->b, want, other);
		place(p, &found, false);
	}
}

/* Raw keeps its protocol where ports are; SCTP's handler judges the endpoint, not
 * the association it lists. */
static bool has_ports(uint8_t proto)
{
	return proto == LSSOCK_TCP || proto == LSSOCK_MPTCP || proto == LSSOCK_DCCP ||
	       proto == LSSOCK_UDP || proto == LSSOCK_UDPLITE;
}

int push_filter(const struct filter *f, uint8_t proto, const struct push_env *env,
		struct buf *ret_code)
{
	struct push p = { .f = f, .env = env, .proto = proto, .out = ret_code };
	struct label reject = { 0 };
	int err;

	buf_reset(ret_code);
	if (!has_ports(proto))
		return 0;
	p.known = mem_alloc(f->nodes.n);
	if (!p.known)
		return -ENOMEM;
	if (can(&p, f->root) & CAN_HOLD && !p.failed) {
		gen(&p, f->root, true, &reject);
		place(&p, &reject, true);
	}
	err = ret_code->failed ? -ENOMEM : 0;
	if (p.failed || err)
		buf_reset(ret_code);
	vec_release(&p.atoms);
	mem_free(p.known);
	return err;
}

/* ---- states --------------------------------------------------------------- */

struct abstract { const struct filter *f; uint8_t proto; unsigned state; };

static bool never_applies(const struct abstract *at, const struct field *f)
{
	return (f->protos && !(f->protos & 1u << at->proto)) ||
	       (f->states && !(f->states & 1u << at->state));
}

/* port and addr stand for two fields each. */
static bool never_has(const struct abstract *at, const struct field *f)
{
	const struct field *local, *remote;

	if (!f->filter_only)
		return never_applies(at, f);
	local = at->f->known[f->type == FT_ADDR ? K_LADDR : K_LPORT];
	remote = at->f->known[f->type == FT_ADDR ? K_RADDR : K_RPORT];
	return local && remote && never_applies(at, local) && never_applies(at, remote);
}

static enum tri abstract_proto(const struct abstract *at, const struct node *n)
{
	const struct operand *o = &at->f->operands.v[n->first];
	const char *name = names_proto(at->proto);
	uint32_t i;

	for (i = 0; i < n->count; i++, o++) {
		if (o->glob || o->regex)
			return TRI_UNKNOWN;
		if (bind_same_word(name, o->text, o->len))
			return TRI_YES;
	}
	return TRI_NO;
}

static enum tri abstract_compare(const struct abstract *at, const struct node *n)
{
	const struct field *f = &field_table[n->field];
	enum tri t = TRI_UNKNOWN;

	if (f == at->f->known[K_STATE] && n->op != OP_MATCH && n->op != OP_NOMATCH)
		t = at->f->operands.v[n->first].states & 1u << at->state ? TRI_YES : TRI_NO;
	else if (f == at->f->known[K_PROTO])
		t = abstract_proto(at, n);
	else if (never_has(at, f))
		t = TRI_NO;
	return negates(n) ? tri_not(t) : t;
}

static enum tri abstract_is(const struct abstract *at, unsigned is)
{
	const struct field *dir = at->f->known[K_DIR];

	if (is == IS_ESTAB)
		return at->state == LSSOCK_ESTABLISHED ? TRI_YES : TRI_NO;
	if (is == IS_LISTEN)
		return at->state == LSSOCK_LISTEN ? TRI_YES :
		       at->state == LSSOCK_UNCONNECTED ? TRI_UNKNOWN : TRI_NO;
	if ((is == IS_INBOUND || is == IS_OUTBOUND) && dir && never_applies(at, dir))
		return TRI_NO;
	return TRI_UNKNOWN;
}

static enum tri abstract(const struct abstract *at, uint32_t i)
{
	const struct node *n = &at->f->nodes.v[i];

	switch (n->kind) {
	case NODE_AND:
		return tri_and(abstract(at, n->a), abstract(at, n->b));
	case NODE_OR:
		return tri_or(abstract(at, n->a), abstract(at, n->b));
	case NODE_NOT:
		return tri_not(abstract(at, n->a));
	case NODE_CMP:
		return abstract_compare(at, n);
	case NODE_HAS:
		return never_has(at, &field_table[n->field]) ? TRI_NO : TRI_UNKNOWN;
	case NODE_IS:
		return abstract_is(at, (unsigned)n->field);
	case NODE_WORD:
		return TRI_UNKNOWN;
	case NODE_ALL:
		return TRI_YES;
	}
	return TRI_UNKNOWN;
}

/* States that rows of a protocol can have at all. */
static uint32_t states_of(uint8_t proto)
{
	switch (proto) {
	case LSSOCK_TCP: case LSSOCK_MPTCP: case LSSOCK_DCCP:
		return ~(1u << LSSOCK_UNCONNECTED);
	case LSSOCK_UDP: case LSSOCK_UDPLITE: case LSSOCK_RAW: case LSSOCK_ICMP:
	case LSSOCK_NETLINK: case LSSOCK_PACKET: case LSSOCK_XDP:
		return 1u << LSSOCK_ESTABLISHED | 1u << LSSOCK_UNCONNECTED;
	}
	return UINT32_MAX;
}

/* Bits of states that the protocol does not know are kept like the others: a
 * filter that excludes nothing gives all of them. */
uint32_t push_states(const struct filter *f, uint8_t proto)
{
	struct abstract at = { .f = f, .proto = proto };
	uint32_t ret = 0;

	for (at.state = 1; at.state < LSSOCK_N_STATE; at.state++) {
		if (abstract(&at, f->root) != TRI_NO)
			ret |= 1u << at.state;
	}
	return ret & states_of(proto) ? ret : 0;
}

/* ---- disassembly ---------------------------------------------------------- */

static void put_hostcond(const char *operand, size_t len, struct buf *out)
{
	struct inet_diag_hostcond cond;
	struct lssock_addr a = { 0 };
	size_t want;

	if (len < sizeof(cond))
		return;
	memcpy(&cond, operand, sizeof(cond));
	want = cond.family == AF_INET ? 4 : cond.family == AF_INET6 ? 16 : 0;
	if (want && len >= sizeof(cond) + want) {
		a.family = cond.family;
		a.prefix = cond.prefix_len;
		memcpy(a.ip, operand + sizeof(cond), want);
		addr_put(out, &a);
	} else {
		buf_putc(out, '*');
	}
	if (cond.port != -1) {
		buf_puts(out, " port ");
		buf_i64(out, cond.port);
	}
}

static void put_operand(uint8_t code, const char *s, size_t len, struct buf *out)
{
	struct inet_diag_bc_op port;
	uint64_t u64 = 0;
	uint32_t u32[2] = { 0, 0 };

	switch (code) {
	case INET_DIAG_BC_S_COND: case INET_DIAG_BC_D_COND:
		put_hostcond(s, len, out);
		break;
	case INET_DIAG_BC_DEV_COND:
		memcpy(u32, s, len < 4 ? len : 4);
		buf_u64(out, u32[0]);
		break;
	case INET_DIAG_BC_MARK_COND:
		memcpy(u32, s, len < 8 ? len : 8);
		buf_puts(out, "0x");
		buf_hex(out, u32[0], 1);
		buf_puts(out, "/0x");
		buf_hex(out, u32[1], 1);
		break;
	case BC_CGROUP:
		memcpy(&u64, s, len < 8 ? len : 8);
		buf_u64(out, u64);
		break;
	default:
		if (len >= sizeof(port)) {
			memcpy(&port, s, sizeof(port));
			buf_u64(out, port.no);
		}
	}
}

static void put_target(const struct inet_diag_bc_op *op, size_t target, size_t len,
		       struct buf *out)
{
	if (op->code == INET_DIAG_BC_NOP)
		return;
	buf_puts(out, op->code == INET_DIAG_BC_JMP ? " to " : ", else ");
	if (target < len)
		buf_u64(out, target);
	else
		buf_puts(out, target == len ? "accept" : "reject");
}

void push_disassemble(const void *code, size_t len, struct buf *out)
{
	static const char names[][8] = { "nop", "jmp", "s_ge", "s_le", "d_ge", "d_le", "auto",
					 "s_cond", "d_cond", "dev", "mark", "s_eq", "d_eq",
					 "cgroup" };
	const char *bytes = code, *name;
	struct inet_diag_bc_op op;
	size_t at = 0, span;

	while (at + sizeof(op) <= len) {
		memcpy(&op, bytes + at, sizeof(op));
		span = op.yes < sizeof(op) || op.yes > len - at ? len - at : op.yes;
		name = op.code < sizeof(names) / sizeof(names[0]) ? names[op.code] : "?";
		buf_printf(out, "%5zu  %s", at, name);
		if (span > sizeof(op)) {
			buf_fill(out, ' ', 8 - strlen(name));
			put_operand(op.code, bytes + at + sizeof(op), span - sizeof(op), out);
		}
		put_target(&op, at + op.no, len, out);
		buf_putc(out, '\n');
		at += span;
	}
}
