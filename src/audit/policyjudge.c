/* SPDX-License-Identifier: MIT */
/*
 * What a policy says of the sockets that listen. The first rule that fits decides for
 * one socket and one of its owners, the worst of these for the socket. Where it is not
 * known whether a rule fits, none behind it may decide.
 */
#include "audit/policy.h"
#include "model/names.h"

/* Of one socket. */
struct outcome {
	enum verdict verdict;		/* the worst that is certain */
	uint32_t rule;			/* that says so, LSSOCK_NONE: the default */
	uint32_t owner;			/* about whom */
	uint32_t unsure;		/* rule of which nobody knows, LSSOCK_NONE: none … */
	uint32_t unsure_owner;		/* … with this owner */
};

struct judge {
	const struct policy *p;
	struct lssock_report *r;
	const struct lssock_snap *s;
	const struct field *lport, *rport;
};

/* ---- one socket --------------------------------------------------------------------- */

/* The ports of a row, where they are known: no condition about others fits. */
static struct ports ports_of(const struct judge *j, uint32_t row)
{
	struct lssock_value here = { .kind = LSSOCK_V_NA }, there = { .kind = LSSOCK_V_NA };

	field_get(j->lport, j->s, row, 0, &here);
	field_get(j->rport, j->s, row, 0, &there);
	if (there.kind != LSSOCK_V_NA || here.kind == LSSOCK_V_UNKNOWN)
		return PORTS_ALL;
	if (here.kind == LSSOCK_V_NA)
		return (struct ports){ UINT32_MAX, UINT32_MAX };
	return (struct ports){ (uint32_t)here.u, (uint32_t)here.u };
}

/* VERDICT_N: not known; *ret_rule is the rule that would have to be. */
static enum verdict judge_pair(const struct judge *j, uint32_t row, uint32_t owner,
			       uint32_t *ret_rule)
{
	struct ports ports = ports_of(j, row);
	const struct policy *p = j->p;
	uint32_t i;
	enum tri t;

	for (i = 0; i < p->rules.n; i++) {
		if (ports.lo > p->rules.v[i].ports.hi || ports.hi < p->rules.v[i].ports.lo)
			continue;
		t = filter_pair(p->rules.v[i].when, j->s, row, owner);
		if (t == TRI_NO)
			continue;
		*ret_rule = i;
		return t == TRI_YES ? p->rules.v[i].verdict : VERDICT_N;
	}
	*ret_rule = LSSOCK_NONE;
	return p->otherwise;
}

static void add_pair(const struct judge *j, uint32_t row, uint32_t owner, bool first,
		     struct outcome *o)
{
	uint32_t rule;
	enum verdict v = judge_pair(j, row, owner, &rule);

	if (v == VERDICT_N && o->unsure == LSSOCK_NONE) {
		o->unsure = rule;
		o->unsure_owner = owner;
	} else if (v != VERDICT_N && (first || v > o->verdict)) {
		o->verdict = v;
		o->rule = rule;
		o->owner = owner;
	}
}

static struct outcome judge_row(const struct judge *j, uint32_t row)
{
	struct outcome o = { .rule = LSSOCK_NONE, .unsure = LSSOCK_NONE };
	const struct lssock_snap *s = j->s;
	uint32_t first = field_owner(s, snap_row(s, row)), owner;

	if (!first)
		add_pair(j, row, 0, true, &o);
	for (owner = first; owner; owner = s->owners.v[owner].next)
		if (s->owners.v[owner].how == LSSOCK_HOW_FD)
			add_pair(j, row, owner, owner == first, &o);
	if (o.verdict == VERDICT_DENY)
		o.unsure = LSSOCK_NONE;	/* it cannot become worse */
	return o;
}

/* Any user can write such rows, so no rule is asked: unjudged_unix() tells of them. */
static bool is_forgeable(const struct lssock_sock *k)
{
	return k->proto == LSSOCK_UNIX && (k->flags & LSSOCK_F_SOURCE) == LSSOCK_SRC_PROCFS;
}

/* ---- sentences ---------------------------------------------------------------------- */

/* before, the field and after it, where the field is known. */
static bool put_known(const struct judge *j, uint32_t row, uint32_t owner, const char *before,
		      const char *field, const char *after)
{
	struct lssock_value v = { .kind = LSSOCK_V_NA };
	struct buf *b = &j->r->text;

	field_get(field_find(field, strlen(field)), j->s, row, owner, &v);
	if (v.kind <= LSSOCK_V_LATER)
		return false;
	buf_puts(b, before);
	value_put_raw(b, &v, false);
	buf_puts(b, after);
	return true;
}

static void put_rule(const struct judge *j, uint32_t rule)
{
	struct buf *b = &j->r->text;
	const char *name;
	size_t len;

	if (rule == LSSOCK_NONE) {
		buf_puts(b, j->p->otherwise_line ? "no rule fits, and the default (line " :
			 "no rule fits, and a policy without a default");
		if (j->p->otherwise_line) {
			buf_u64(b, j->p->otherwise_line);
			buf_putc(b, ')');
		}
		return;
	}
	name = policy_name(j->p, rule, &len);
	buf_puts(b, "the rule ");
	buf_put(b, name, len);
	buf_puts(b, " (line ");
	buf_u64(b, j->p->rules.v[rule].line);
	buf_putc(b, ')');
}

/* Who it is, beside the name and the pid that every finding is about. */
static void put_holder(const struct judge *j, uint32_t row, uint32_t owner)
{
	struct buf *b = &j->r->text;
	const char *why = names_why(snap_row(j->s, row)->why);

	if (!owner) {
		buf_puts(b, "; no process is known to hold it (");
		buf_puts(b, why ? why : "?");
		buf_putc(b, ')');
		put_known(j, row, 0, ", made by user ", "user", "");
		return;
	}
	put_known(j, row, owner, "; held by user ", "puser", "");
	if (!put_known(j, row, owner, " in container ", "container", ""))
		put_known(j, row, owner, " in ", "unit", "");
}

static void put_namespace(const struct judge *j, uint32_t row)
{
	const struct lssock_ns *ns = &j->s->ns.v[snap_row(j->s, row)->ns];

	if (ns->flags & (LSSOCK_NS_OWN | LSSOCK_NS_HOST))
		return;
	buf_puts(&j->r->text, ", in the network namespace ");
	report_put(j->r, row, 0, "space");
}

static void tell_verdict(const struct judge *j, const struct outcome *o, uint32_t service,
			 uint32_t row)
{
	const struct lssock_service *v = &j->r->services.v[service];
	bool deny = o->verdict == VERDICT_DENY;
	struct finding *f;

	f = report_find(j->r, deny ? "policy-deny" : "policy-warn",
			deny ? LSSOCK_HIGH : LSSOCK_MEDIUM, service, row);
	if (!f)
		return;
	f->public.why = deny ? "The policy denies what listens here."
			     : "The policy warns of what listens here.";
	f->public.fix = "Stop it, or have a rule of the policy allow it.";
	if (o->owner)
		f->public.owner = o->owner;
	put_rule(j, o->rule);
	buf_puts(&j->r->text, deny ? " denies it" : " warns of it");
	if (row == LSSOCK_NONE && v->n > 1) {
		buf_puts(&j->r->text, " on ");
		service_address(j->r, v, &j->r->text);
	}
	put_holder(j, f->public.row, o->owner);
	put_namespace(j, f->public.row);
}

/* The condition that is not known: every node that is not is so by one below it. */
static const struct node *unknown_leaf(const struct judge *j, const struct filter *f,
				       uint32_t row, uint32_t owner)
{
	struct filter part = *f;
	const struct node *n = &f->nodes.v[f->root];

	while (n->kind == NODE_AND || n->kind == NODE_OR || n->kind == NODE_NOT) {
		part.root = n->a;
		if (n->kind != NODE_NOT &&
		    filter_pair(&part, j->s, row, owner) != TRI_UNKNOWN)
			part.root = n->b;
		n = &f->nodes.v[part.root];
	}
	return n;
}

static void put_unknown(const struct judge *j, const struct node *n, uint32_t row,
			uint32_t owner)
{
	bool field = n->kind == NODE_CMP || n->kind == NODE_HAS;
	bool of_owner = n->kind == NODE_WORD || n->kind == NODE_IS ||
			(field && field_table[n->field].nest == LSSOCK_NEST_OWNER);
	const char *why = names_why(snap_row(j->s, row)->why);
	struct buf *b = &j->r->text;

	if (of_owner && !owner) {
		buf_puts(b, "the process that holds it could not be seen");
		if (why) {
			buf_puts(b, " (");
			buf_puts(b, why);
			buf_putc(b, ')');
		}
		return;
	}
	buf_puts(b, "its ");
	buf_puts(b, field ? field_table[n->field].name : "owner");
	buf_puts(b, owner && of_owner ? " could not be read" : " is not known");
}

static void tell_unsure(const struct judge *j, const struct outcome *o, uint32_t row)
{
	struct lssock_report *r = j->r;
	const struct filter *when = j->p->rules.v[o->unsure].when;

	report_unjudged(r);
	report_put(r, row, 0, "proto");
	buf_putc(&r->text, ' ');
	report_put(r, row, 0, "local");
	if (o->unsure_owner) {
		buf_putc(&r->text, ' ');
		report_put(r, row, o->unsure_owner, "proc");
		put_known(j, row, o->unsure_owner, "[", "pid", "]");
	}
	buf_puts(&r->text, ": whether ");
	put_rule(j, o->unsure);
	buf_puts(&r->text, " fits is not known: ");
	put_unknown(j, unknown_leaf(j, when, row, o->unsure_owner), row, o->unsure_owner);
}

/* ---- services ----------------------------------------------------------------------- */

static void tell(const struct judge *j, const struct outcome *o, uint32_t service, uint32_t row)
{
	if (o->verdict != VERDICT_ALLOW)
		tell_verdict(j, o, service, row);
	if (o->unsure != LSSOCK_NONE)
		tell_unsure(j, o, row != LSSOCK_NONE ? row : j->r->services.v[service].row);
}

static bool same_outcome(const struct outcome *a, const struct outcome *b)
{
	return a->verdict == b->verdict && a->rule == b->rule && a->unsure == b->unsure;
}

static void judge_service(const struct judge *j, uint32_t service)
{
	const struct lssock_service *v = &j->r->services.v[service];
	const uint32_t *rows = j->r->rows.v + v->first;
	struct outcome whole = judge_row(j, v->row), one;
	bool same = !is_forgeable(snap_row(j->s, v->row));
	uint32_t i;

	for (i = 0; i < v->n && same; i++) {
		if (rows[i] == v->row)
			continue;
		one = judge_row(j, rows[i]);
		same = same_outcome(&whole, &one) && !is_forgeable(snap_row(j->s, rows[i]));
	}
	if (same) {
		tell(j, &whole, service, LSSOCK_NONE);
		return;
	}
	for (i = 0; i < v->n; i++) {
		if (is_forgeable(snap_row(j->s, rows[i])))
			continue;
		one = judge_row(j, rows[i]);
		tell(j, &one, service, rows[i]);
	}
}

/* Conditions speak of sockets, and there is none: nothing is known to allow it. */
static void tell_nat(const struct judge *j, uint32_t service)
{
	if (j->p->otherwise == VERDICT_ALLOW)
		return;
	report_unjudged(j->r);
	report_put_service(j->r, service);
	buf_puts(&j->r->text, ": no rule can speak of it");
}

void policy_judge(const struct policy *p, struct lssock_report *r)
{
	const struct judge j = { .p = p, .r = r, .s = r->snap,
				 .lport = field_find("lport", 5),
				 .rport = field_find("rport", 5) };
	uint32_t i;

	for (i = 0; i < r->services.n && !r->failed; i++)
		if (r->services.v[i].n)
			judge_service(&j, i);
		else
			tell_nat(&j, i);
}
