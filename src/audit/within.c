/* SPDX-License-Identifier: MIT */
/*
 * What can be said of conditions without any socket: that all that fits one fits
 * another, that nothing fits. Found are the plain cases, in which people err; what is
 * found is certain.
 */
#include <strings.h>

#include "audit/policy.h"
#include "base/text.h"
#include "model/addr.h"
#include "query/plan.h"

struct sides {
	const struct filter *a, *b;
	uint32_t *steps;
};

/* A condition without its nots. */
struct term {
	const struct filter *f;
	const struct node *n;
	bool negated;
};

static struct term term_of(const struct filter *f, uint32_t i)
{
	struct term t = { .f = f, .n = &f->nodes.v[i] };

	for (; t.n->kind == NODE_NOT; t.n = &f->nodes.v[t.n->a])
		t.negated = !t.negated;
	if (t.n->kind == NODE_CMP && (t.n->op == OP_NE || t.n->op == OP_NOMATCH))
		t.negated = !t.negated;
	return t;
}

/* The comparison, negation apart. */
static enum cmp_op op_of(const struct node *n)
{
	return n->op == OP_NE ? OP_EQ : n->op == OP_NOMATCH ? OP_MATCH : n->op;
}

static const struct operand *operand(const struct term *t, uint32_t i)
{
	return &t->f->operands.v[t->n->first + i];
}

/* ---- values ------------------------------------------------------------------------ */

static bool is_text(const struct operand *o)
{
	return o->text && !o->lo.kind;
}

static bool same_text(const struct operand *a, const struct operand *b)
{
	return a->len == b->len && a->glob == b->glob && !memcmp(a->text, b->text, a->len);
}

static bool same_operand(const struct operand *a, const struct operand *b)
{
	if (!a->regex != !b->regex || a->is_range != b->is_range || a->masked != b->masked ||
	    a->states != b->states || a->lo.kind != b->lo.kind || is_text(a) != is_text(b))
		return false;
	if (a->regex || is_text(a))
		return same_text(a, b);
	if (a->lo.kind == LSSOCK_V_ADDR)
		return !addr_compare(&a->lo.a, &b->lo.a);
	return !a->lo.kind || (!value_compare(&a->lo, &b->lo) &&
			       (!(a->is_range || a->masked) || !value_compare(&a->hi, &b->hi)));
}

/* A star of a pattern is only ever matched by a star, so a pattern may stand for the
 * texts it fits. */
static bool text_within(const struct field *f, const struct operand *a, const struct operand *b)
{
	bool blind = f->type == FT_WORD;

	if (b->glob)
		return text_glob(b->text, b->len, a->text, a->len, blind);
	return !a->glob && a->len == b->len &&
	       (blind ? !strncasecmp(a->text, b->text, a->len) :
		!memcmp(a->text, b->text, a->len));
}

/* * is 0.0.0.0 to whoever asks for that, but in no wider network of IPv4. */
static bool addr_within(const struct lssock_addr *a, const struct lssock_addr *b)
{
	if (a->family != b->family || (a->prefix == 32 && addr_is_any(a)))
		return !addr_compare(a, b);
	return addr_in(b, a);
}

static const struct lssock_value *highest(const struct operand *o)
{
	return o->is_range ? &o->hi : &o->lo;
}

static bool number_fits(enum cmp_op op, const struct lssock_value *v, const struct operand *o)
{
	int c = value_compare(v, &o->lo);

	switch (op) {
	case OP_LT:
		return c < 0;
	case OP_LE:
		return c <= 0;
	case OP_GT:
		return c > 0;
	case OP_GE:
		return c >= 0;
	default:
		return c >= 0 && value_compare(v, highest(o)) <= 0;
	}
}

static bool number_within(enum cmp_op op_a, const struct operand *a, enum cmp_op op_b,
			  const struct operand *b)
{
	bool up = op_a == OP_GT || op_a == OP_GE;

	if (op_a == OP_EQ)
		return number_fits(op_b, &a->lo, b) && number_fits(op_b, highest(a), b);
	if (op_b == OP_EQ || up != (op_b == OP_GT || op_b == OP_GE))
		return false;
	return number_fits(op_b, &a->lo, b) ||
	       (!value_compare(&a->lo, &b->lo) && (op_a == OP_LT || op_a == OP_GT));
}

static bool operand_within(const struct term *a, const struct operand *x, const struct term *b,
			   const struct operand *y)
{
	const struct field *f = &field_table[a->n->field];

	if (same_operand(x, y) && op_of(a->n) == op_of(b->n))
		return true;
	if (x->regex || y->regex || x->masked || y->masked)
		return false;
	if (f->type == FT_STATE)
		return !(x->states & ~y->states);
	if (is_text(x) || is_text(y))
		return is_text(x) && is_text(y) && text_within(f, x, y);
	if (x->lo.kind == LSSOCK_V_ADDR || y->lo.kind == LSSOCK_V_ADDR)
		return x->lo.kind == y->lo.kind && addr_within(&x->lo.a, &y->lo.a);
	return number_within(op_of(a->n), x, op_of(b->n), y);
}

/* Every value of a list is in one of the other. */
static bool values_within(const struct term *a, const struct term *b)
{
	uint32_t i, j;

	for (i = 0; i < a->n->count; i++) {
		for (j = 0; j < b->n->count; j++)
			if (operand_within(a, operand(a, i), b, operand(b, j)))
				break;
		if (j == b->n->count)
			return false;
	}
	return true;
}

/* Half of all numbers holds none of a range if neither of its ends. */
static bool numbers_apart(enum cmp_op op_a, const struct operand *x, enum cmp_op op_b,
			  const struct operand *y)
{
	if (op_a != OP_EQ && op_b != OP_EQ)
		return false;
	if (op_a != OP_EQ)
		return numbers_apart(op_b, y, op_a, x);
	if (op_b != OP_EQ)
		return !number_fits(op_b, &x->lo, y) && !number_fits(op_b, highest(x), y);
	return value_compare(highest(x), &y->lo) < 0 || value_compare(highest(y), &x->lo) < 0;
}

static bool operands_apart(const struct term *a, const struct operand *x,
			   const struct term *b, const struct operand *y)
{
	const struct field *f = &field_table[a->n->field];

	if (x->regex || y->regex || x->masked || y->masked || x->glob || y->glob)
		return false;
	if (f->type == FT_STATE)
		return !(x->states & y->states);
	if (is_text(x) || is_text(y))
		return is_text(x) && is_text(y) && !text_within(f, x, y);
	if (!x->lo.kind || x->lo.kind == LSSOCK_V_ADDR || x->lo.kind != y->lo.kind)
		return false;
	return numbers_apart(op_of(a->n), x, op_of(b->n), y);
}

/* No value is in both lists. */
static bool values_apart(const struct term *a, const struct term *b)
{
	uint32_t i, j;

	for (i = 0; i < a->n->count; i++)
		for (j = 0; j < b->n->count; j++)
			if (!operands_apart(a, operand(a, i), b, operand(b, j)))
				return false;
	return true;
}

/* ---- conditions -------------------------------------------------------------------- */

static bool is_leaf(const struct node *n)
{
	return n->kind != NODE_AND && n->kind != NODE_OR && n->kind != NODE_NOT;
}

static bool same_leaf(const struct term *a, const struct term *b)
{
	uint32_t i;

	if (a->n->kind != b->n->kind || a->n->field != b->n->field ||
	    a->n->count != b->n->count)
		return false;
	if (a->n->kind == NODE_CMP && op_of(a->n) != op_of(b->n))
		return false;
	for (i = 0; i < a->n->count; i++)
		if (!same_operand(operand(a, i), operand(b, i)))
			return false;
	return true;
}

/* The one end is within either. */
static bool field_within(int a, int b)
{
	const struct field *one = &field_table[a], *either = &field_table[b];

	return a == b || (either->filter_only && one->type == either->type &&
			  (one->type == FT_PORT || one->type == FT_ADDR));
}

static bool leaf_within(const struct term *a, const struct term *b)
{
	if (a->negated == b->negated && same_leaf(a, b))
		return true;
	if (a->n->kind != NODE_CMP)
		return false;
	if (b->n->kind == NODE_HAS)
		return !a->negated && !b->negated && field_within(a->n->field, b->n->field);
	if (b->n->kind != NODE_CMP)
		return false;
	if (!a->negated && !b->negated)
		return field_within(a->n->field, b->n->field) && values_within(a, b);
	if (a->negated && b->negated)
		return field_within(b->n->field, a->n->field) && values_within(b, a);
	return !a->negated && a->n->field == b->n->field &&
	       !field_table[a->n->field].filter_only && values_apart(a, b);
}

/* Of what is negated as a whole, only the same text is found. */
static bool same_tree(const struct filter *fa, uint32_t i, const struct filter *fb, uint32_t j)
{
	struct term a = term_of(fa, i), b = term_of(fb, j);

	for (;;) {
		if (a.negated != b.negated || a.n->kind != b.n->kind)
			return false;
		if (is_leaf(a.n))
			return same_leaf(&a, &b);
		if (!same_tree(fa, a.n->a, fb, b.n->a))
			return false;
		i = a.n->b;
		j = b.n->b;
		a = term_of(fa, i);
		b = term_of(fb, j);
	}
}

/* Each value of a list may be compared with each of the other. */
static bool take_steps(uint32_t *steps, const struct term *a, const struct term *b)
{
	uint64_t cost = 1 + (uint64_t)a->n->count * b->n->count;

	*steps = cost < *steps ? *steps - (uint32_t)cost : 0;
	return *steps;
}

static bool within(const struct sides *s, uint32_t i, uint32_t j);

/* A conjunction: all of it lies within an alternative that is one itself, or one of its
 * parts within the whole. */
static bool parts_within(const struct sides *s, uint32_t i, uint32_t j)
{
	const struct node *b = &s->b->nodes.v[j];

	for (; b->kind == NODE_OR; j = b->b, b = &s->b->nodes.v[j])
		if (s->b->nodes.v[b->a].kind == NODE_AND && within(s, i, b->a))
			return true;
	return b->kind == NODE_AND && within(s, i, j);
}

static bool within(const struct sides *s, uint32_t i, uint32_t j)
{
	const struct node *a = &s->a->nodes.v[i], *b = &s->b->nodes.v[j];
	struct term x, y;
	uint32_t k;

	if (!*s->steps)
		return false;
	--*s->steps;
	if (b->kind == NODE_ALL)
		return true;
	for (; a->kind == NODE_OR; i = a->b, a = &s->a->nodes.v[i])
		if (!within(s, a->a, j))
			return false;
	for (; b->kind == NODE_AND; j = b->b, b = &s->b->nodes.v[j])
		if (!within(s, i, b->a))
			return false;
	if (a->kind == NODE_AND && b->kind == NODE_OR && parts_within(s, i, j))
		return true;
	if (a->kind == NODE_AND) {
		for (; a->kind == NODE_AND; i = a->b, a = &s->a->nodes.v[i])
			if (within(s, a->a, j))
				return true;
		return within(s, i, j);
	}
	for (k = j; b->kind == NODE_OR; k = b->b, b = &s->b->nodes.v[k])
		if (within(s, i, b->a))
			return true;
	x = term_of(s->a, i);
	y = term_of(s->b, k);
	if (is_leaf(x.n) && is_leaf(y.n))
		return take_steps(s->steps, &x, &y) && leaf_within(&x, &y);
	return same_tree(s->a, i, s->b, k);
}

bool condition_within(const struct filter *a, const struct filter *b, uint32_t *steps)
{
	struct sides s = { .a = a, .b = b, .steps = steps };

	return within(&s, a->root, b->root);
}

/* ---- ports ---------------------------------------------------------------------------- */

static struct ports operand_ports(enum cmp_op op, const struct operand *o)
{
	uint32_t lo = (uint32_t)o->lo.u;

	switch (op) {
	case OP_LT: case OP_LE:
		return (struct ports){ 0, lo };
	case OP_GT: case OP_GE:
		return (struct ports){ lo, UINT32_MAX - 1 };
	default:
		return (struct ports){ lo, (uint32_t)highest(o)->u };
	}
}

static struct ports either(struct ports a, struct ports b)
{
	return (struct ports){ a.lo < b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi };
}

static struct ports both(struct ports a, struct ports b)
{
	return (struct ports){ a.lo > b.lo ? a.lo : b.lo, a.hi < b.hi ? a.hi : b.hi };
}

static struct ports leaf_ports(const struct filter *f, uint32_t i)
{
	struct term t = term_of(f, i);
	struct ports ret;
	const char *name;
	uint32_t k;

	if (t.n->kind != NODE_CMP || t.negated || op_of(t.n) == OP_MATCH)
		return PORTS_ALL;
	name = field_table[t.n->field].name;
	if (strcmp(name, "port") && strcmp(name, "lport"))
		return PORTS_ALL;
	ret = operand_ports(op_of(t.n), operand(&t, 0));
	for (k = 1; k < t.n->count; k++)
		ret = either(ret, operand_ports(op_of(t.n), operand(&t, k)));
	return ret;
}

static struct ports node_ports(const struct filter *f, uint32_t i)
{
	enum node_kind kind = f->nodes.v[i].kind;
	bool and = kind == NODE_AND;
	struct ports ret, one;

	if (!and && kind != NODE_OR)
		return leaf_ports(f, i);
	ret = and ? PORTS_ALL : (struct ports){ UINT32_MAX, 0 };
	for (; f->nodes.v[i].kind == kind; i = f->nodes.v[i].b) {
		one = node_ports(f, f->nodes.v[i].a);
		ret = and ? both(ret, one) : either(ret, one);
	}
	one = node_ports(f, i);
	return and ? both(ret, one) : either(ret, one);
}

struct ports condition_ports(const struct filter *f)
{
	return node_ports(f, f->root);
}

/* ---- what nothing fits ---------------------------------------------------------------- */

/* States in which a socket of the protocol listens. */
static uint32_t listening_states(uint8_t proto)
{
	switch (proto) {
	case LSSOCK_TCP: case LSSOCK_MPTCP: case LSSOCK_SCTP: case LSSOCK_DCCP:
	case LSSOCK_VSOCK:
		return 1u << LSSOCK_LISTEN;
	case LSSOCK_UDP: case LSSOCK_UDPLITE: case LSSOCK_RAW: case LSSOCK_ICMP:
	case LSSOCK_NETLINK: case LSSOCK_PACKET: case LSSOCK_XDP:
		return 1u << LSSOCK_UNCONNECTED;
	}
	return 1u << LSSOCK_LISTEN | 1u << LSSOCK_UNCONNECTED;
}

static bool may_listen(const struct filter *f)
{
	uint8_t proto;

	for (proto = 1; proto < LSSOCK_N_PROTO; proto++)
		if (push_states(f, proto) & listening_states(proto))
			return true;
	return false;
}

/* A listener has no other end. */
static int local_field(int field)
{
	const struct field *either = &field_table[field];
	const char *name = either->type == FT_ADDR ? "laddr" : "lport";

	return either->filter_only ? (int)(field_find(name, 5) - field_table) : field;
}

static bool contradict(const struct term *a, const struct term *b)
{
	if (a->n->kind != NODE_CMP || b->n->kind != NODE_CMP ||
	    local_field(a->n->field) != local_field(b->n->field))
		return false;
	if (!a->negated && !b->negated)
		return values_apart(a, b);
	return a->negated != b->negated &&
	       (a->negated ? values_within(b, a) : values_within(a, b));
}

/* Where a condition begins: joined and negated ones have no place of their own. */
static uint32_t begins(const struct filter *f, uint32_t i)
{
	while (f->nodes.v[i].kind == NODE_AND || f->nodes.v[i].kind == NODE_OR ||
	       f->nodes.v[i].kind == NODE_NOT)
		i = f->nodes.v[i].a;
	return f->nodes.v[i].pos;
}

/* Where two conditions of which both are asked exclude each other. */
static bool contradicts(const struct filter *f, uint32_t root, uint32_t *ret_pos)
{
	uint32_t i, j, steps = 1u << 18;

	for (i = root; f->nodes.v[i].kind == NODE_AND; i = f->nodes.v[i].b) {
		struct term a = term_of(f, f->nodes.v[i].a);

		for (j = f->nodes.v[i].b;; j = f->nodes.v[j].b) {
			bool more = f->nodes.v[j].kind == NODE_AND;
			uint32_t other = more ? f->nodes.v[j].a : j;
			struct term b = term_of(f, other);

			if (!take_steps(&steps, &a, &b))
				return false;
			if (contradict(&a, &b)) {
				*ret_pos = begins(f, other);
				return true;
			}
			if (!more)
				break;
		}
	}
	return false;
}

bool condition_never(const struct filter *f, uint32_t *ret_pos)
{
	struct filter part = *f;
	uint32_t i = f->root;

	if (contradicts(f, i, ret_pos))
		return true;
	if (may_listen(f))
		return false;
	for (; f->nodes.v[i].kind == NODE_AND; i = f->nodes.v[i].b) {
		part.root = f->nodes.v[i].a;
		if (!may_listen(&part)) {
			*ret_pos = begins(f, part.root);
			return true;
		}
	}
	part.root = i;
	*ret_pos = begins(f, may_listen(&part) ? f->root : i);
	return true;
}
