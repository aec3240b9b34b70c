/* SPDX-License-Identifier: MIT */
/*
 * Conditions get their meaning: key -> field, nodes of comparisons, is: and has:,
 * bare words; and what the filter thereby needs and names.
 */
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "model/names.h"
#include "query/parse.h"

/* ---- fields --------------------------------------------------------------- */

static const struct { char from[8], to[8]; } aliases[] = {
	{ "sport", "lport" }, { "dport", "rport" }, { "dev", "iface" },
	{ "fwmark", "mark" }, { "process", "proc" }, { "comm", "proc" },
	{ "ns", "netns" },
};
/* Values of the other kind belong to the twin: user:1000 is a uid. */
static const struct { char name[8], number[8]; } twins[] = {
	{ "user", "uid" }, { "puser", "puid" }, { "nsname", "netns" },
};
#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

/* Lower case, - as _; false: too long to be any name of ours. */
static bool plain_key(const struct word *key, char out[32], size_t *ret_len)
{
	size_t i;

	if (key->len >= 32)
		return false;
	for (i = 0; i < key->len; i++) {
		char c = key->s[i];

		out[i] = c == '-' ? '_' : c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
	}
	out[i] = 0;
	*ret_len = key->len;
	return true;
}

static const struct field *find_field(const struct word *key)
{
	char name[32];
	size_t len, i;

	if (!plain_key(key, name, &len))
		return NULL;
	for (i = 0; i < N_OF(aliases); i++) {
		if (!strcmp(name, aliases[i].from))
			return field_find(aliases[i].to, strlen(aliases[i].to));
	}
	return field_find(name, len);
}

static uint32_t unknown_field(struct parse *p, const struct word *key)
{
	const char *near = field_nearest(key->s, key->len);
	const char *shown = parse_shown(p, key->s, key->len);

	if (near)
		return parse_fail(p, key->pos, "unknown field `%s`: did you mean `%s`?", shown,
				  near);
	if (memchr(key->s, '.', key->len))
		return parse_fail(p, key->pos,
				  "unknown field `%s` (host names: src or dst, with -r)",
				  shown);
	return parse_fail(p, key->pos, "unknown field `%s` (--columns help lists them)", shown);
}

void filter_add_needs(const struct field *f, uint32_t *needs, uint32_t keep[DIAG_N_CLASS])
{
	*needs |= f->needs;
	field_keep(f, keep);
}

/* What only a watch knows is not for other questions, nor is what must be looked up. */
static bool fits_question(struct parse *p, const struct field *f, uint32_t pos)
{
	if (f->needs & NEED_HOSTS && !(p->flags & LSSOCK_Q_NAMES)) {
		parse_fail(p, pos, "`%s` is looked up only with -r, and only for lists "
			   "(host names: src or dst, with -r)", f->name);
		return false;
	}
	if (!(f->needs & NEED_TRACK) || p->flags & FILTER_WATCHES)
		return true;
	parse_fail(p, pos, "`%s` is known only in watch and events", f->name);
	return false;
}

static void add_known(struct filter *f, enum known_field k)
{
	if (f->known[k])
		filter_add_needs(f->known[k], &f->needs, f->keep);
}

/* ---- comparisons ---------------------------------------------------------- */

static bool op_fits(struct parse *p, const struct field *f, enum cmp_op op,
		    const struct word *w, uint32_t n)
{
	bool order = op == OP_LT || op == OP_LE || op == OP_GT || op == OP_GE;
	bool match = op == OP_MATCH || op == OP_NOMATCH;

	if (order && (bind_is_text(f) || f->type == FT_WORD || f->type == FT_STATE ||
		      f->type == FT_ADDR || f->type == FT_BOOL))
		parse_fail(p, w->pos, "`%s` has no order: compare it with = or !=", f->name);
	else if (order && n > 1)
		parse_fail(p, w[1].pos, "a list fits = and != only");
	else if (match && !bind_is_text(f) && f->type != FT_WORD)
		parse_fail(p, w->pos, "`%s` is not text: compare it with = or !=", f->name);
	else
		return true;
	return false;
}

/* Rows that are hidden or not asked for by default are spoken of. */
static void name_things(struct filter *f, const struct field *fld, enum cmp_op op,
			const struct operand *o)
{
	uint32_t protos, families;
	uint8_t type;
	int proto;

	if (op == OP_NE || op == OP_NOMATCH)
		return;
	if (fld == f->known[K_STATE])
		f->states_named |= o->states;
	if (o->text && (!strcmp(fld->name, "why") || !strcmp(fld->name, "timer")) &&
	    (bind_same_word("time-wait", o->text, o->len) ||
	     bind_same_word("timewait", o->text, o->len)))
		f->states_named |= 1u << LSSOCK_TIME_WAIT;
	if (!strcmp(fld->name, "proto") && o->text) {
		proto = names_proto_find(o->text, o->len);
		f->protos_named |= o->glob ? LSSOCK_PROTOS_ALL : proto > 0 ? 1u << proto : 0;
	}
	if (!strcmp(fld->name, "family") && o->text &&
	    !names_selection(o->text, o->len, &protos, &families, &type))
		f->protos_named |= protos;
	if (fld->protos && !(fld->protos & LSSOCK_PROTOS_INET))
		f->protos_named |= fld->protos;
}

static void name_field(struct filter *f, const struct field *fld)
{
	static const char *const elsewhere[] = { "netns", "nsname", "container", "pid", NULL };
	size_t i;

	f->closed |= !strcmp(fld->name, "closed") || !strcmp(fld->name, "lasted");
	filter_add_needs(fld, &f->needs, f->keep);
	f->per_owner |= fld->nest == LSSOCK_NEST_OWNER;
	if (!strcmp(fld->name, "path"))
		f->protos_named |= 1u << LSSOCK_UNIX;
	for (i = 0; elsewhere[i]; i++)
		f->names_netns |= !strcmp(fld->name, elsewhere[i]);
	if (!strcmp(fld->name, "port")) {
		add_known(f, K_LPORT);
		add_known(f, K_RPORT);
	} else if (!strcmp(fld->name, "addr")) {
		add_known(f, K_LADDR);
		add_known(f, K_RADDR);
	}
}

static uint32_t compare_node(struct parse *p, const struct field *f, enum cmp_op op,
			     uint32_t first)
{
	uint32_t id = parse_node(p, NODE_CMP, NODE_NONE, NODE_NONE);
	struct node *node;

	if (id == NODE_NONE)
		return id;
	node = &p->f->nodes.v[id];
	node->op = op;
	node->field = (int)(f - field_table);
	node->first = first;
	node->count = p->f->operands.n - first;
	if (p->f->operands.n > PARSE_OPERANDS_MAX)
		return parse_fail(p, node->pos, "the filter has too many values");
	name_field(p->f, f);
	return id;
}

uint32_t bind_made(struct parse *p, const struct field *f, const struct operand *o)
{
	uint32_t first = p->f->operands.n;
	struct operand *new;

	if (!f)
		return parse_fail(p, p->at, "this build has no such field");
	new = vec_push(&p->f->operands);
	if (!new)
		return parse_no_memory(p);
	*new = *o;
	return compare_node(p, f, OP_EQ, first);
}

uint32_t bind_field(struct parse *p, const struct field *f, enum cmp_op op,
		    const struct word *w, uint32_t n)
{
	uint32_t first = p->f->operands.n, i;
	struct operand *o;

	if (!f)
		return parse_fail(p, w->pos, "this build has no such field");
	if (!op_fits(p, f, op, w, n))
		return NODE_NONE;
	for (i = 0; i < n; i++) {
		o = vec_push(&p->f->operands);
		if (!o)
			return parse_no_memory(p);
		if (!bind_operand(p, f, op, &w[i], o))
			return NODE_NONE;
		name_things(p->f, f, op, o);
		if (f->type == FT_STATE && i) {	/* one set */
			p->f->operands.v[first].states |= o->states;
			p->f->operands.n--;
		}
	}
	return compare_node(p, f, op, first);
}

uint32_t bind_join(struct parse *p, enum node_kind kind, uint32_t a, uint32_t b)
{
	return a == NODE_NONE || b == NODE_NONE ? NODE_NONE : parse_node(p, kind, a, b);
}

uint32_t bind_not(struct parse *p, uint32_t a)
{
	return a == NODE_NONE ? a : parse_node(p, NODE_NOT, a, NODE_NONE);
}

/* ---- is: and has: --------------------------------------------------------- */

static const char *const is_names[IS_N + 1] = {
	[IS_LISTEN] = "listen", [IS_ESTAB] = "estab", [IS_LOOPBACK] = "loopback",
	[IS_INBOUND] = "inbound", [IS_OUTBOUND] = "outbound", [IS_UNOWNED] = "unowned",
	[IS_MINE] = "mine", [IS_NEW] = "new", [IS_CLOSED] = "closed",
	[IS_PROBLEM] = "problem",
};

const char *filter_is_name(unsigned is)
{
	return is < IS_N ? is_names[is] : NULL;
}

static void is_needs(struct filter *f, enum filter_is is)
{
	switch (is) {
	case IS_LISTEN:
		f->needs |= NEED_AUTOBOUND | NEED_PORTRANGE;
		f->states_named |= 1u << LSSOCK_LISTEN;
		break;
	case IS_ESTAB:
		f->states_named |= 1u << LSSOCK_ESTABLISHED;
		break;
	case IS_LOOPBACK:
		add_known(f, K_LADDR);
		add_known(f, K_RADDR);
		break;
	case IS_INBOUND: case IS_OUTBOUND:
		add_known(f, K_DIR);
		break;
	case IS_UNOWNED:
		add_known(f, K_PID);
		f->needs |= NEED_OWNERS | NEED_WHY;
		break;
	case IS_MINE:
		add_known(f, K_PUID);
		f->needs |= NEED_OWNERS;
		f->per_owner = true;
		break;
	case IS_CLOSED:
		f->closed = true;
		break;
	case IS_NEW: case IS_PROBLEM: case IS_N:
		break;
	}
}

static uint32_t bind_is(struct parse *p, const struct word *w)
{
	const char *near, *shown;
	uint32_t node, i;

	for (i = 0; i < IS_N; i++) {
		if (bind_same_word(is_names[i], w->s, w->len))
			break;
	}
	if (i == IS_N) {
		near = names_nearest(w->s, w->len, is_names);
		shown = parse_shown(p, w->s, w->len);
		if (near)
			return parse_fail(p, w->pos, "unknown `is:%s`: did you mean `is:%s`?",
					  shown, near);
		return parse_fail(p, w->pos, "unknown `is:%s` (listen estab loopback inbound "
				  "outbound unowned mine%s)", shown,
				  p->flags & FILTER_WATCHES ? " new closed problem" : "");
	}
	if ((i == IS_NEW || i == IS_CLOSED || i == IS_PROBLEM) && !(p->flags & FILTER_WATCHES))
		return parse_fail(p, w->pos, "`is:%s` is known only in watch and events",
				  is_names[i]);
	node = parse_node(p, NODE_IS, NODE_NONE, NODE_NONE);
	if (node != NODE_NONE) {
		p->f->nodes.v[node].field = (int)i;
		is_needs(p->f, (enum filter_is)i);
	}
	return node;
}

static uint32_t has_node(struct parse *p, const struct field *f)
{
	uint32_t node = parse_node(p, NODE_HAS, NODE_NONE, NODE_NONE);

	if (node != NODE_NONE) {
		p->f->nodes.v[node].field = (int)(f - field_table);
		name_field(p->f, f);
	}
	return node;
}

static uint32_t bind_has(struct parse *p, const struct word *w)
{
	const struct field *f = find_field(w);

	if (!f)
		return unknown_field(p, w);
	return fits_question(p, f, w->pos) ? has_node(p, f) : NODE_NONE;
}

static uint32_t bind_special(struct parse *p, bool has, enum cmp_op op,
			     const struct word *w, uint32_t n)
{
	uint32_t node = NODE_NONE, tail = NODE_NONE, one, i;

	if (op != OP_EQ)
		return parse_fail(p, w->pos, "`%s:` takes words only", has ? "has" : "is");
	for (i = 0; i < n; i++) {
		one = has ? bind_has(p, &w[i]) : bind_is(p, &w[i]);
		node = i ? parse_join(p, NODE_OR, node, &tail, one) : one;
		if (node == NODE_NONE)
			break;
	}
	return node;
}

/* ---- keys ----------------------------------------------------------------- */

static bool is_number(const struct word *w)
{
	uint64_t number;
	size_t i;

	for (i = 0; i < w->len; i++) {
		if ((w->s[i] < '0' || w->s[i] > '9') && w->s[i] != '-')
			return false;
	}
	return i && w->s[0] != '-' && (num_u64(w->s, w->len, UINT64_MAX, &number) || i > 2);
}

static bool wants_twin(const struct field *f, const struct word *w)
{
	return bind_is_text(f) ? is_number(w)
			       : !is_number(w) && !(w->len > 1 && w->s[1] == 'x');
}

/* The names and the numbers of a list go to fields of their own. */
static uint32_t compare_twins(struct parse *p, const struct field *f, const struct field *twin,
			      enum cmp_op op, const struct word *w, uint32_t n)
{
	uint32_t node = NODE_NONE, tail = NODE_NONE, one, i;

	for (i = 0; i < n; i++) {
		one = bind_field(p, wants_twin(f, &w[i]) ? twin : f, OP_EQ, &w[i], 1);
		node = i ? parse_join(p, NODE_OR, node, &tail, one) : one;
		if (node == NODE_NONE)
			return node;
	}
	return op == OP_NE ? bind_not(p, node) : node;
}

static const struct field *twin_of(const struct field *f)
{
	const char *name;
	size_t i;

	for (i = 0; i < N_OF(twins); i++) {
		name = !strcmp(f->name, twins[i].name) ? twins[i].number :
		       !strcmp(f->name, twins[i].number) ? twins[i].name : NULL;
		/* a name of a namespace may well be a number */
		if (name && strcmp(f->name, "nsname"))
			return field_find(name, strlen(name));
	}
	return NULL;
}

static uint32_t compare_field(struct parse *p, const struct field *f, enum cmp_op op,
			      const struct word *w, uint32_t n)
{
	const struct field *twin = twin_of(f);
	uint32_t i, node;

	if (n == 1 && w->glob && w->len == 1 && !bind_is_text(f) &&
	    (op == OP_EQ || op == OP_NE)) {
		node = has_node(p, f);
		return op == OP_NE ? bind_not(p, node) : node;
	}
	for (i = 0; twin && i < n; i++) {
		if ((op == OP_EQ || op == OP_NE) && wants_twin(f, &w[i]))
			return compare_twins(p, f, twin, op, w, n);
	}
	if (twin && !bind_is_text(f) && (op == OP_MATCH || op == OP_NOMATCH))
		f = twin;
	return bind_field(p, f, op, w, n);
}

uint32_t bind_compare(struct parse *p, const struct word *key, enum cmp_op op,
		      const struct word *w, uint32_t n)
{
	const struct field *f;
	char name[32];
	size_t len;

	if (!plain_key(key, name, &len))
		return unknown_field(p, key);
	if (!strcmp(name, "is") || !strcmp(name, "has"))
		return bind_special(p, name[0] == 'h', op, w, n);
	if (!strcmp(name, "src") || !strcmp(name, "local"))
		return bind_side(p, 'l', op, w, n);
	if (!strcmp(name, "dst") || !strcmp(name, "remote"))
		return bind_side(p, 'r', op, w, n);
	f = find_field(key);
	if (!f)
		return unknown_field(p, key);
	if (f->table_only || f->type == FT_END)
		return parse_fail(p, key->pos, "`%s` is a column, not something to filter by",
				  f->name);
	return fits_question(p, f, key->pos) ? compare_field(p, f, op, w, n) : NODE_NONE;
}

uint32_t bind_path(struct parse *p, const struct word *w, uint32_t n)
{
	const struct field *f = field_find("path", 4);
	struct word one = *w;
	char *text;

	if (n != 1 || w->glob || w->len < 2 || w->s[w->len - 1] != '/')
		return bind_field(p, f, OP_EQ, w, n);
	text = (char *)(uintptr_t)parse_keep(p, w->s, w->len + 1); /* /run/ is all below it */
	if (!text)
		return NODE_NONE;
	text[w->len] = '*';
	one.s = text;
	one.len++;
	one.glob = true;
	return bind_field(p, f, OP_EQ, &one, 1);
}

uint32_t bind_state_sets(struct parse *p, uint32_t states, uint32_t excluded)
{
	const struct field *f = field_find("state", 5);
	struct operand in = { .states = states }, out = { .states = excluded };
	uint32_t node = NODE_NONE, not_in;

	if (states & ~excluded) {
		in.states &= ~excluded;
		excluded = 0;
	}
	if (states) {
		p->f->states_named |= in.states;
		node = bind_made(p, f, &in);
	}
	if (!excluded)
		return node;
	not_in = bind_made(p, f, &out);
	if (not_in != NODE_NONE)
		p->f->nodes.v[not_in].op = OP_NE;
	return states ? bind_join(p, NODE_AND, node, not_in) : not_in;
}

/* ---- bare words ----------------------------------------------------------- */

static bool has_blind(const char *s, const char *part, size_t len)
{
	for (; strlen(s) >= len; s++) {
		if (!strncasecmp(s, part, len))
			return true;
	}
	return false;
}

/* Ports whose service name has the word in it. */
static bool word_ports(struct parse *p, const struct word *w)
{
	struct operand *o;
	const char *name;
	uint32_t i = 0;
	uint16_t port;

	while ((name = bind_service(&i, &port))) {
		if (w->glob || !has_blind(name, w->s, w->len))
			continue;
		o = vec_push(&p->f->operands);
		if (!o)
			return false;
		value_uint(&o->lo, port);
	}
	return true;
}

uint32_t bind_word(struct parse *p, const struct word *w)
{
	static const uint8_t looks_at[] = { K_PROC, K_UNIT, K_CONTAINER, K_USER, K_PUSER,
					    K_LADDR, K_RADDR, K_LPORT, K_RPORT, K_PATH };
	uint32_t first = p->f->operands.n, id;
	struct operand *o;
	size_t i;

	if (!w->len)
		return parse_fail(p, w->pos, "there is nothing between the quotes");
	o = vec_push(&p->f->operands);
	if (!o)
		return parse_no_memory(p);
	o->text = w->s;
	o->len = w->len;
	o->glob = w->glob;
	if (!word_ports(p, w))
		return parse_no_memory(p);
	id = parse_node(p, NODE_WORD, NODE_NONE, NODE_NONE);
	if (id == NODE_NONE)
		return id;
	p->f->nodes.v[id].first = first;
	p->f->nodes.v[id].count = p->f->operands.n - first;
	p->f->per_owner = true;
	for (i = 0; i < N_OF(looks_at); i++)
		add_known(p->f, looks_at[i]);
	return id;
}
