/* SPDX-License-Identifier: MIT */
/*
 * A bound filter: whether it holds for a row and an owner, in three values. What
 * the kernel and the plan make of it is in push.c and plan.c.
 */
#include <errno.h>
#include <regex.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/num.h"
#include "base/text.h"
#include "model/addr.h"
#include "query/parse.h"

/* ---- life ----------------------------------------------------------------- */

static const char *const known_names[K_N] = {
	[K_STATE] = "state", [K_PROTO] = "proto", [K_LPORT] = "lport", [K_RPORT] = "rport",
	[K_LADDR] = "laddr", [K_RADDR] = "raddr", [K_PROC] = "proc", [K_UNIT] = "unit",
	[K_CONTAINER] = "container", [K_USER] = "user", [K_PUSER] = "puser",
	[K_PATH] = "path", [K_DIR] = "dir", [K_PID] = "pid", [K_PUID] = "puid",
};

/* How deep the tree is: what evaluating it costs in stack. Chains are level. */
static uint32_t depth_of(const struct filter *f, uint32_t i)
{
	enum node_kind kind = f->nodes.v[i].kind;
	uint32_t deepest = 0, one;

	for (; f->nodes.v[i].kind == kind; i = f->nodes.v[i].b) {
		if (kind != NODE_AND && kind != NODE_OR && kind != NODE_NOT)
			return 0;
		one = 1 + depth_of(f, f->nodes.v[i].a);
		deepest = one > deepest ? one : deepest;
		if (kind == NODE_NOT)
			return deepest;
	}
	one = 1 + depth_of(f, i);
	return one > deepest ? one : deepest;
}

int filter_new(const char *text, uint32_t flags, struct filter **ret, struct lssock_err *err)
{
	struct parse p = { .flags = flags, .err = err };
	size_t len = text ? strlen(text) : 0, i;
	struct filter *f = mem_alloc(sizeof(*f));

	p.f = f;
	if (f)
		f->text = mem_alloc(len + 1);
	if (!f || !f->text) {
		parse_no_memory(&p);
		goto out;
	}
	if (len)
		memcpy(f->text, text, len);
	if (len > PARSE_TEXT_MAX) {
		parse_fail(&p, PARSE_TEXT_MAX, "the filter is longer than 64 KiB");
		goto out;
	}
	for (i = 0; i < K_N; i++)
		f->known[i] = field_find(known_names[i], strlen(known_names[i]));
	p.text = f->text;
	p.len = (uint32_t)len;
	f->root = parse_filter(&p);
	if (!p.code && depth_of(f, f->root) > PARSE_DEPTH_MAX)
		parse_fail(&p, 0, "the filter is nested too deep");
out:
	buf_release(&p.shown);
	if (p.code)
		filter_free(f);
	else
		*ret = f;
	return p.code;
}

void filter_free(struct filter *f)
{
	uint32_t i;

	if (!f)
		return;
	for (i = 0; i < f->operands.n; i++) {
		if (f->operands.v[i].regex)
			regfree(f->operands.v[i].regex);
		mem_free(f->operands.v[i].regex);
	}
	for (i = 0; i < f->strings.n; i++)
		mem_free(f->strings.v[i]);
	vec_release(&f->nodes);
	vec_release(&f->operands);
	vec_release(&f->strings);
	mem_free(f->text);
	mem_free(f);
}

/* ---- one operand ---------------------------------------------------------- */

static bool is_missing(const struct lssock_value *v)
{
	return v->kind == LSSOCK_V_UNKNOWN || v->kind == LSSOCK_V_LATER;
}

static bool is_bytes(const struct lssock_value *v)
{
	return v->kind == LSSOCK_V_TEXT || v->kind == LSSOCK_V_WORD || v->kind == LSSOCK_V_NAME;
}

static bool regex_holds(const regex_t *re, const char *s, size_t len)
{
	regmatch_t range = { .rm_so = 0, .rm_eo = (regoff_t)len };

	return !regexec(re, s, 1, &range, REG_STARTEND);
}

/* An abstract name is matched as it is shown: with an @ for its leading NUL. */
static bool name_holds(const regex_t *re, const struct lssock_value *v)
{
	char copy[256];

	if (v->kind != LSSOCK_V_NAME || !v->len || v->s[0] || v->len > sizeof(copy))
		return regex_holds(re, v->s, v->len);
	memcpy(copy, v->s, v->len);
	copy[0] = '@';
	return regex_holds(re, copy, v->len);
}

static bool text_holds(const struct operand *o, const struct lssock_value *v, bool blind)
{
	uint64_t number;

	if (v->kind == LSSOCK_V_UINT)	/* an interface without a name */
		return num_u64(o->text, o->len, UINT64_MAX, &number) && number == v->u;
	if (!is_bytes(v))
		return false;
	if (o->glob)
		return text_glob(o->text, o->len, v->s, v->len, blind);
	return v->len == o->len &&
	       (blind ? !strncasecmp(v->s, o->text, o->len) : !memcmp(v->s, o->text, o->len));
}

/* A wildcard of both families (*) is :: to the kernel, and 0.0.0.0 to whoever
 * asks for that. */
static bool addr_holds(const struct lssock_addr *net, const struct lssock_addr *a)
{
	static const struct lssock_addr any = { .family = AF_INET6, .prefix = 128 };

	if (a->family)
		return addr_in(net, a);
	return addr_in(net, &any) ||
	       (net->family == AF_INET && net->prefix == 32 && addr_is_any(net));
}

static bool number_holds(enum cmp_op op, const struct operand *o, const struct lssock_value *v)
{
	int c;

	if (o->masked)
		return (v->u & o->hi.u) == o->lo.u;
	c = value_compare(v, &o->lo);
	switch (op) {
	case OP_LT:
		return c < 0;
	case OP_LE:
		return c <= 0;
	case OP_GT:
		return c > 0;
	case OP_GE:
		return c >= 0;
	case OP_EQ: case OP_NE:
		return o->is_range ? c >= 0 && value_compare(v, &o->hi) <= 0 : c == 0;
	case OP_MATCH: case OP_NOMATCH:
		break;
	}
	return false;
}

static bool operand_holds(const struct field *f, enum cmp_op op, const struct operand *o,
			  const struct lssock_value *v)
{
	if (o->regex)
		return is_bytes(v) && name_holds(o->regex, v);
	if (o->text && (f->type == FT_WORD || bind_is_text(f)))
		return text_holds(o, v, f->type == FT_WORD);
	if (o->lo.kind == LSSOCK_V_ADDR)
		return v->kind == LSSOCK_V_ADDR && addr_holds(&o->lo.a, &v->a);
	return !is_bytes(v) && v->kind != LSSOCK_V_ADDR && number_holds(op, o, v);
}

/* ---- one condition -------------------------------------------------------- */

struct at {
	const struct filter *f;
	const struct lssock_snap *s;
	uint32_t row, owner;
};

/* Every operand against one value; negation is the caller's. */
static enum tri value_holds(const struct at *at, const struct node *n, const struct field *f,
			    const struct lssock_value *v)
{
	uint32_t i;

	if (v->kind == LSSOCK_V_NA)
		return TRI_NO;
	if (is_missing(v))
		return TRI_UNKNOWN;
	for (i = 0; i < n->count; i++) {
		if (operand_holds(f, n->op, &at->f->operands.v[n->first + i], v))
			return TRI_YES;
	}
	return TRI_NO;
}

static enum tri field_holds(const struct at *at, const struct node *n, const struct field *f)
{
	struct lssock_value v;

	if (!f)
		return TRI_NO;
	field_get(f, at->s, at->row, at->owner, &v);
	return value_holds(at, n, f, &v);
}

/* The state, or the one before. */
static enum tri state_holds(const struct at *at, const struct node *n, const struct field *f)
{
	unsigned state = snap_row(at->s, at->row)->state;
	struct lssock_value v;

	if (f != at->f->known[K_STATE]) {
		field_get(f, at->s, at->row, at->owner, &v);
		if (is_missing(&v) || v.kind == LSSOCK_V_NA)
			return is_missing(&v) ? TRI_UNKNOWN : TRI_NO;
		state = at->s->tracks.v[at->row].was;
	}
	if (!state)
		return TRI_UNKNOWN;
	return at->f->operands.v[n->first].states & 1u << state ? TRI_YES : TRI_NO;
}

/* Which two fields a field of either end stands for. */
static const struct field *end_of(const struct filter *f, const struct field *field,
				  bool remote)
{
	if (field->type == FT_ADDR)
		return f->known[remote ? K_RADDR : K_LADDR];
	return f->known[remote ? K_RPORT : K_LPORT];
}

static enum tri compare_holds(const struct at *at, const struct node *n)
{
	const struct field *f = &field_table[n->field];
	enum tri t;

	if (f->type == FT_STATE && n->op != OP_MATCH && n->op != OP_NOMATCH)
		t = state_holds(at, n, f);
	else if (f->filter_only)
		t = tri_or(field_holds(at, n, end_of(at->f, f, false)),
			   field_holds(at, n, end_of(at->f, f, true)));
	else
		t = field_holds(at, n, f);
	return n->op == OP_NE || n->op == OP_NOMATCH ? tri_not(t) : t;
}

static enum tri has_value(const struct at *at, const struct field *f)
{
	struct lssock_value v;

	if (!f)
		return TRI_NO;
	field_get(f, at->s, at->row, at->owner, &v);
	if (v.kind == LSSOCK_V_LATER)
		return TRI_UNKNOWN;
	return v.kind == LSSOCK_V_NA || v.kind == LSSOCK_V_UNKNOWN ? TRI_NO : TRI_YES;
}

static enum tri has_holds(const struct at *at, const struct node *n)
{
	const struct field *f = &field_table[n->field];

	if (!f->filter_only)
		return has_value(at, f);
	return tri_or(has_value(at, end_of(at->f, f, false)),
		      has_value(at, end_of(at->f, f, true)));
}

/* ---- bare words ----------------------------------------------------------- */

static bool bytes_have(const char *s, size_t len, const char *part, size_t n)
{
	size_t i;

	for (i = 0; i + n <= len; i++) {
		if (!strncasecmp(s + i, part, n))
			return true;
	}
	return false;
}

static bool word_in(const struct operand *o, const char *s, size_t len)
{
	char around[256];

	if (!o->glob)
		return bytes_have(s, len, o->text, o->len);
	if (o->len + 2 > sizeof(around))
		return false;
	around[0] = '*';
	memcpy(around + 1, o->text, o->len);
	around[o->len + 1] = '*';
	return text_glob(around, o->len + 2, s, len, true);
}

static bool may_be_address(const struct operand *o)
{
	size_t i;

	for (i = 0; i < o->len; i++) {
		if (!o->text[i] || !strchr("0123456789abcdefABCDEF.:*", o->text[i]))
			return false;
	}
	return true;
}

static enum tri word_in_addr(const struct operand *o, const struct lssock_value *v)
{
	struct buf b = { 0 };
	bool found;

	if (!may_be_address(o) || v->kind != LSSOCK_V_ADDR || !v->a.family)
		return TRI_NO;
	addr_put(&b, &v->a);
	found = b.len && word_in(o, b.data, b.len);
	buf_release(&b);
	return found ? TRI_YES : TRI_NO;
}

static enum tri word_in_field(const struct at *at, const struct node *n, enum known_field k)
{
	const struct field *f = at->f->known[k];
	const struct operand *o = &at->f->operands.v[n->first];
	struct lssock_value v;
	uint32_t i;

	if (!f)
		return TRI_NO;
	field_get(f, at->s, at->row, at->owner, &v);
	if (is_missing(&v))
		return TRI_UNKNOWN;
	if (v.kind == LSSOCK_V_ADDR)
		return word_in_addr(o, &v);
	if (is_bytes(&v))
		return word_in(o, v.s, v.len) ? TRI_YES : TRI_NO;
	for (i = 1; i < n->count && v.kind == LSSOCK_V_UINT; i++) {	/* service ports */
		if (at->f->operands.v[n->first + i].lo.u == v.u)
			return TRI_YES;
	}
	return TRI_NO;
}

static enum tri word_holds(const struct at *at, const struct node *n)
{
	static const uint8_t fields[] = { K_LPORT, K_RPORT, K_PATH, K_LADDR, K_RADDR, K_PROC,
					  K_UNIT, K_CONTAINER, K_USER, K_PUSER };
	enum tri t = TRI_NO;
	size_t i;

	for (i = 0; i < sizeof(fields) && t != TRI_YES; i++) {
		if ((fields[i] == K_LPORT || fields[i] == K_RPORT) && n->count < 2)
			continue;
		t = tri_or(t, word_in_field(at, n, (enum known_field)fields[i]));
	}
	return t;
}

/* ---- is: ------------------------------------------------------------------ */

/* Ports outside of the ephemeral range were never given by the kernel. */
static enum tri bound_on_purpose(const struct lssock_snap *s, const struct lssock_sock *k)
{
	const struct lssock_ns *ns = k->ns < s->ns.n ? &s->ns.v[k->ns] : NULL;

	if (!k->lport)
		return TRI_NO;
	if (k->flags & LSSOCK_F_AUTOBOUND_KNOWN)
		return k->flags & LSSOCK_F_AUTOBOUND ? TRI_NO : TRI_YES;
	if (ns && ns->port_hi && (k->lport < ns->port_lo || k->lport > ns->port_hi))
		return TRI_YES;
	return TRI_UNKNOWN;
}

enum tri filter_listens(const struct lssock_snap *s, uint32_t row)
{
	const struct lssock_sock *k = snap_row(s, row);

	if (k->state == LSSOCK_LISTEN)
		return TRI_YES;
	if (k->state == LSSOCK_STATE_NONE) {
		/* In no table of a namespace that was looked at: it listens nowhere. */
		if (k->ns < s->ns.n && !(s->ns.v[k->ns].flags & LSSOCK_NS_REFUSED) &&
		    1u << k->proto & LSSOCK_PROTOS_INET)
			return TRI_NO;
		return k->proto == LSSOCK_OTHER ? TRI_NO : TRI_UNKNOWN;
	}
	if (k->state != LSSOCK_UNCONNECTED)
		return TRI_NO;
	switch ((enum lssock_proto)k->proto) {
	case LSSOCK_UDP: case LSSOCK_UDPLITE:
		return bound_on_purpose(s, k);
	case LSSOCK_UNIX:
		return k->name && (k->type == SOCK_DGRAM || !k->type) ? TRI_YES : TRI_NO;
	case LSSOCK_RAW: case LSSOCK_NETLINK: case LSSOCK_XDP:
		return TRI_YES;
	case LSSOCK_PACKET:		/* without an ethertype it gets nothing */
		return k->local.w[0] ? TRI_YES : TRI_NO;
	case LSSOCK_PROTO_NONE: case LSSOCK_TCP: case LSSOCK_MPTCP: case LSSOCK_SCTP:
	case LSSOCK_DCCP: case LSSOCK_ICMP: case LSSOCK_VSOCK: case LSSOCK_TIPC:
	case LSSOCK_OTHER: case LSSOCK_N_PROTO:
		break;
	}
	return TRI_NO;
}

static enum tri is_loopback(const struct at *at, enum known_field k)
{
	const struct field *f = at->f->known[k];
	struct lssock_value v;

	if (!f)
		return TRI_NO;
	field_get(f, at->s, at->row, at->owner, &v);
	if (is_missing(&v))
		return TRI_UNKNOWN;
	return v.kind == LSSOCK_V_ADDR && v.a.family && addr_class(&v.a) == ADDR_LOOPBACK
		? TRI_YES : TRI_NO;
}

static enum tri is_direction(const struct at *at, const char *word)
{
	struct lssock_value v = { .kind = LSSOCK_V_NA };

	if (at->f->known[K_DIR])
		field_get(at->f->known[K_DIR], at->s, at->row, at->owner, &v);
	if (is_missing(&v))
		return TRI_UNKNOWN;
	return is_bytes(&v) && v.len == strlen(word) && !memcmp(v.s, word, v.len) ? TRI_YES
										  : TRI_NO;
}

/* Nobody holds it, and that is known: a holder that may not be seen is not it. */
static enum tri is_unowned(const struct at *at)
{
	struct lssock_value v = { .kind = LSSOCK_V_UNKNOWN };

	if (at->f->known[K_PID])
		field_get(at->f->known[K_PID], at->s, at->row, at->owner, &v);
	if (is_missing(&v))
		return TRI_UNKNOWN;
	return v.kind == LSSOCK_V_NA ? TRI_YES : TRI_NO;
}

static enum tri is_mine(const struct at *at)
{
	struct lssock_value v = { .kind = LSSOCK_V_NA };

	if (at->f->known[K_PUID])
		field_get(at->f->known[K_PUID], at->s, at->row, at->owner, &v);
	if (is_missing(&v))
		return TRI_UNKNOWN;
	return v.kind == LSSOCK_V_UINT && v.u == at->s->meta.self_uid ? TRI_YES : TRI_NO;
}

#define NEW_NS 3000000000ull

/* is:new, is:closed, is:problem. As long as a snapshot is being made its tracks are
 * still to come. */
static enum tri is_tracked(const struct at *at, enum filter_is is)
{
	const struct lssock_track *t = field_track(at->s, at->row);
	uint64_t now = at->s->meta.now_ns;
	bool yes;

	if (!t)
		return at->s->sealed ? TRI_NO : TRI_UNKNOWN;
	yes = is == IS_CLOSED ? t->gone_ns != 0 : is == IS_PROBLEM ? t->problems != 0 :
	      !(t->flags & LSSOCK_T_OLDER) && t->first_ns && t->first_ns + NEW_NS > now;
	return yes ? TRI_YES : TRI_NO;
}

static enum tri is_holds(const struct at *at, const struct node *n)
{
	unsigned state = snap_row(at->s, at->row)->state;

	switch ((enum filter_is)n->field) {
	case IS_LISTEN:
		return filter_listens(at->s, at->row);
	case IS_ESTAB:
		return !state ? TRI_UNKNOWN : state == LSSOCK_ESTABLISHED ? TRI_YES : TRI_NO;
	case IS_LOOPBACK:
		return tri_or(is_loopback(at, K_LADDR), is_loopback(at, K_RADDR));
	case IS_INBOUND:
		return is_direction(at, "in");
	case IS_OUTBOUND:
		return is_direction(at, "out");
	case IS_UNOWNED:
		return is_unowned(at);
	case IS_MINE:
		return is_mine(at);
	case IS_NEW: case IS_CLOSED: case IS_PROBLEM:
		return is_tracked(at, (enum filter_is)n->field);
	case IS_N:
		break;
	}
	return TRI_UNKNOWN;
}

/* ---- the tree ------------------------------------------------------------- */

/* Chains lean to the right: the loop goes along them, recursion only as deep as
 * the text is nested. */
static enum tri holds(const struct at *at, uint32_t i)
{
	const struct node *n = &at->f->nodes.v[i];
	enum node_kind kind = n->kind;
	enum tri t, stop = kind == NODE_AND ? TRI_NO : TRI_YES;

	switch (kind) {
	case NODE_ALL:
		return TRI_YES;
	case NODE_NOT:
		return tri_not(holds(at, n->a));
	case NODE_CMP:
		return compare_holds(at, n);
	case NODE_HAS:
		return has_holds(at, n);
	case NODE_WORD:
		return word_holds(at, n);
	case NODE_IS:
		return is_holds(at, n);
	case NODE_AND: case NODE_OR:
		break;
	}
	for (t = tri_not(stop); n->kind == kind && t != stop; n = &at->f->nodes.v[i]) {
		t = kind == NODE_AND ? tri_and(t, holds(at, n->a)) : tri_or(t, holds(at, n->a));
		i = n->b;
	}
	if (t == stop)
		return t;
	return kind == NODE_AND ? tri_and(t, holds(at, i)) : tri_or(t, holds(at, i));
}

enum tri filter_pair(const struct filter *f, const struct lssock_snap *s, uint32_t row,
		     uint32_t owner)
{
	struct at at = { .f = f, .s = s, .row = row, .owner = owner };

	return holds(&at, f->root);
}

enum tri filter_row(const struct filter *f, const struct lssock_snap *s, uint32_t row)
{
	uint32_t owner = f->per_owner ? snap_row(s, row)->owner : 0;
	enum tri best = TRI_NO, t;
	bool any = false;

	if (f->nodes.v[f->root].kind == NODE_ALL)
		return TRI_YES;
	for (; owner && owner < s->owners.n && best != TRI_YES;
	     owner = s->owners.v[owner].next) {
		if (s->owners.v[owner].how != LSSOCK_HOW_FD)
			continue;
		any = true;
		t = filter_pair(f, s, row, owner);
		best = t == TRI_NO ? best : t;
	}
	return any ? best : filter_pair(f, s, row, 0);
}
