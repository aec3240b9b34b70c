/* SPDX-License-Identifier: MIT */
/*
 * A policy that allows what listens now and nothing else: what a person would begin
 * with. A rule is made of what each socket and its owner are; what cannot be known is
 * left out, and the rule says so.
 */
#include <errno.h>

#include "audit/policy.h"
#include "base/text.h"
#include "query/order.h"

#define EXE_MAX 512			/* longer paths are cut: a line has an end */
#define PROGRAM_MAX 40			/* of a name */
#define NAME_COLUMN 20

static const char *const scopes[] = { "all", "public", "lan", "link", "local", "owner",
				      "group", "world", "abstract" };
#define N_SCOPES (sizeof(scopes) / sizeof(scopes[0]))

/* A rule to be: sockets and owners that differ in their scope at most. */
struct entry {
	uint32_t row, owner;		/* the first of them */
	uint32_t head, tail;		/* strings: what stands before the scope and behind */
	uint32_t scopes;		/* bits, by place in scopes[] */
	bool unscoped;			/* one of them has none */
	bool wide;			/* something was not known */
};

struct writer {
	const struct lssock_report *r;
	const struct lssock_snap *s;
	VEC(struct entry) entries;
	struct strings texts;
	struct index by_text;		/* head and tail -> entry */
	struct policy *p;		/* the rules so far: what they cover, their names */
	struct index numbers;		/* string -> names that begin with it */
	struct buf line, out;
	uint16_t host;			/* namespace that needs no name */
	int err;
};

/* ---- terms -------------------------------------------------------------------------- */

/* The text would be taken for a number, which is a field of its own. */
static bool is_digits(const struct lssock_value *v)
{
	size_t i;

	for (i = 0; i < v->len; i++)
		if ((v->s[i] < '0' || v->s[i] > '9') && v->s[i] != '-')
			return false;
	return true;
}

static void put_value(struct buf *b, const struct field *f, const struct lssock_value *v)
{
	bool cut = v->len > EXE_MAX;

	buf_putc(b, ' ');
	buf_puts(b, f->name);
	buf_putc(b, ':');
	if (v->kind == LSSOCK_V_TEXT || v->kind == LSSOCK_V_NAME) {
		filter_put_text(b, f, v->s, cut ? EXE_MAX : v->len, false);
		if (cut)
			buf_putc(b, '*');
	} else {
		value_put_raw(b, v, false);
	}
}

/* Whether the field is known, or does not apply. */
static bool put_term(struct writer *w, const struct entry *e, const char *name)
{
	const struct field *f = field_find(name, strlen(name));
	struct lssock_value v = { .kind = LSSOCK_V_NA };

	field_get(f, w->s, e->row, e->owner, &v);
	if (v.kind == LSSOCK_V_TEXT && (!strcmp(name, "user") || !strcmp(name, "puser")) &&
	    is_digits(&v))
		return put_term(w, e, name[0] == 'p' ? "puid" : "uid");
	if (v.kind == LSSOCK_V_UNKNOWN || v.kind == LSSOCK_V_LATER)
		return false;
	if (f->type == FT_PORT && v.kind == LSSOCK_V_UINT && v.u > 65535)
		return false;		/* vsock: the language has no such port */
	if (v.kind != LSSOCK_V_NA)
		put_value(&w->line, f, &v);
	return true;
}

static bool has_field(const struct writer *w, const struct entry *e, const char *name)
{
	struct lssock_value v = { .kind = LSSOCK_V_NA };

	field_get(field_find(name, strlen(name)), w->s, e->row, e->owner, &v);
	return v.kind != LSSOCK_V_NA;
}

/* What it listens on. The port is first: most rules fail there. */
static void put_head(struct writer *w, struct entry *e)
{
	static const char *const names[] = { "lport", "path", "ipproto", "ethertype", "nlproto",
					     "icmp_id", "xdp_queue", "proto", "iface" };
	const struct lssock_sock *k = snap_row(w->s, e->row);
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		e->wide |= !put_term(w, e, names[i]);
	if (k->ns != w->host)
		e->wide |= !put_term(w, e, has_field(w, e, "nsname") ? "nsname" : "netns");
}

/* The unit of a container is its id once more, and longer. */
static bool unit_says_no_more(const struct writer *w, const struct entry *e)
{
	const struct lssock_snap *s = w->s;
	const struct lssock_proc *p = &s->procs.v[s->owners.v[e->owner].proc];
	size_t len = 0, id_len = 0;
	const char *unit = p->unit ? strings_get(&s->strings, p->unit, &len) : NULL;
	const char *id = p->container ? strings_get(&s->strings, p->container, &id_len) : NULL;

	return unit && id && memmem(unit, len, id, id_len);
}

/* Who holds it. Who made the socket is said where that is another user. */
static void put_tail(struct writer *w, struct entry *e)
{
	static const char *const names[] = { "proc", "exe", "puser", "unit", "container" };
	const struct lssock_sock *k = snap_row(w->s, e->row);
	size_t i;

	if (!e->owner) {
		e->wide |= !put_term(w, e, "user");
		e->wide |= !put_term(w, e, "why");
		return;
	}
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], "unit") || !unit_says_no_more(w, e))
			e->wide |= !put_term(w, e, names[i]);
	if (k->flags & LSSOCK_F_UID &&
	    k->uid != w->s->procs.v[w->s->owners.v[e->owner].proc].uid)
		put_term(w, e, "user");
	if (!has_field(w, e, "unit") && !has_field(w, e, "container"))
		buf_puts(&w->line, " not container:*");
}

static uint32_t take_text(struct writer *w)
{
	uint32_t id = w->line.failed ? 0 : strings_put(&w->texts, w->line.data, w->line.len);

	if (!id)
		w->err = -ENOMEM;
	buf_reset(&w->line);
	return id;
}

/* ---- entries ------------------------------------------------------------------------ */

static void add_scope(struct writer *w, const struct entry *of, struct entry *e)
{
	struct lssock_value v = { .kind = LSSOCK_V_NA };
	unsigned i;

	field_get(field_find("scope", 5), w->s, of->row, 0, &v);
	for (i = 0; v.kind == LSSOCK_V_WORD && i < N_SCOPES; i++)
		if (!strcmp(v.s, scopes[i])) {
			e->scopes |= 1u << i;
			return;
		}
	e->unscoped = true;
	e->wide |= v.kind != LSSOCK_V_NA;
}

static void add_pair(struct writer *w, uint32_t row, uint32_t owner)
{
	struct entry new = { .row = row, .owner = owner }, *e;
	uint32_t *slot;

	put_head(w, &new);
	new.head = take_text(w);
	buf_putc(&w->line, ' ');	/* a tail may well be empty */
	put_tail(w, &new);
	new.tail = take_text(w);
	slot = w->err ? NULL : index_put(&w->by_text, (uint64_t)new.head << 32 | new.tail);
	if (!slot) {
		w->err = -ENOMEM;
		return;
	}
	if (*slot == INDEX_NONE) {
		*slot = w->entries.n;
		e = vec_push(&w->entries);
		if (!e) {
			w->err = -ENOMEM;
			return;
		}
		*e = new;
	}
	e = &w->entries.v[*slot];
	e->wide |= new.wide;
	add_scope(w, &new, e);
}

static void add_row(struct writer *w, uint32_t row)
{
	const struct lssock_snap *s = w->s;
	const struct lssock_sock *k = snap_row(s, row);
	uint32_t first = field_owner(s, k), owner;

	if (k->proto == LSSOCK_UNIX && (k->flags & LSSOCK_F_SOURCE) == LSSOCK_SRC_PROCFS)
		return;			/* may be forged: no rule is asked about it */
	if (!first)
		add_pair(w, row, 0);
	for (owner = first; owner && !w->err; owner = s->owners.v[owner].next)
		if (s->owners.v[owner].how == LSSOCK_HOW_FD)
			add_pair(w, row, owner);
}

/* Rules that name their namespace are first: those of the host do not, and would take
 * what these are for. */
static void put_order(struct writer *w, struct order *o, uint32_t i)
{
	const struct entry *e = &w->entries.v[i];
	const struct lssock_sock *k = snap_row(w->s, e->row);
	struct buf ns = { 0 };
	const char *text;
	size_t len;

	order_item(o, i);
	order_u8(o, k->ns == w->host);
	field_put(w->s, e->row, 0, "space", &ns);
	order_bytes(o, ns.data, ns.len);
	w->err = ns.failed ? -ENOMEM : w->err;
	buf_release(&ns);
	order_u8(o, !snap_is_inet(k));
	order_u16(o, k->lport);
	order_u8(o, k->proto);
	text = strings_get(&w->texts, e->head, &len);
	order_bytes(o, text, len);
	text = strings_get(&w->texts, e->tail, &len);
	order_bytes(o, text, len);
}

/* ---- names -------------------------------------------------------------------------- */

static void put_program(struct writer *w, const struct entry *e)
{
	struct buf name = { 0 }, *b = &w->line;
	size_t i;

	if (e->owner)
		field_put(w->s, e->row, e->owner, "proc", &name);
	else
		field_put(w->s, e->row, 0, "why", &name);
	for (i = 0; i < name.len && b->len < PROGRAM_MAX; i++) {
		bool ok = b->len ? policy_name_char(name.data[i])
				 : policy_name_start(name.data[i]);

		if (ok)
			buf_putc(b, name.data[i]);
		else if (b->len && b->data[b->len - 1] != '-')
			buf_putc(b, '-');
	}
	b->failed |= name.failed;
	buf_release(&name);
	while (b->len && b->data[b->len - 1] == '-')
		b->len--;
	if (!b->len)
		buf_puts(b, "rule");
}

/* What stands in w->line, with a number where another rule has that name. */
static uint32_t take_name(struct writer *w)
{
	size_t len = w->line.len;
	uint32_t id = w->line.failed ? 0 : strings_put(&w->p->strings, w->line.data, len);
	uint32_t *number = id ? index_put(&w->numbers, id) : NULL, *slot, n;

	if (!number) {
		w->err = -ENOMEM;
		return 0;
	}
	n = *number == INDEX_NONE ? 1 : *number;
	while (index_get(&w->p->by_name, id) != INDEX_NONE) {
		w->line.len = len;
		buf_putc(&w->line, '-');
		buf_u64(&w->line, ++n);
		id = w->line.failed ? 0 :
		     strings_put(&w->p->strings, w->line.data, w->line.len);
		if (!id)
			break;
	}
	*number = n;
	slot = id ? index_put(&w->p->by_name, id) : NULL;
	if (slot)
		*slot = 1;
	else
		w->err = -ENOMEM;
	buf_reset(&w->line);
	return id;
}

static uint32_t name_of(struct writer *w, const struct entry *e)
{
	const struct lssock_sock *k = snap_row(w->s, e->row);

	put_program(w, e);
	if (k->lport && snap_is_inet(k) && k->proto != LSSOCK_RAW) {
		buf_putc(&w->line, '-');
		buf_u64(&w->line, k->lport);
	}
	return take_name(w);
}

/* ---- rules -------------------------------------------------------------------------- */

static void put_condition(struct writer *w, const struct entry *e)
{
	const char *text, *comma = " scope:";
	size_t len;
	unsigned i;

	text = strings_get(&w->texts, e->head, &len);
	buf_put(&w->line, text + 1, len - 1);
	for (i = 0; i < N_SCOPES && !e->unscoped; i++) {
		if (!(e->scopes & 1u << i))
			continue;
		buf_puts(&w->line, comma);
		buf_puts(&w->line, scopes[i]);
		comma = ",";
	}
	text = strings_get(&w->texts, e->tail, &len);
	buf_put(&w->line, text + 1, len - 1);
}

static void put_rule(struct writer *w, const struct entry *e, const struct filter *when,
		     const struct buf *condition)
{
	struct rule rule = { .name = name_of(w, e), .when = (struct filter *)(uintptr_t)when };
	const char *name;
	size_t len;

	if (w->err || policy_add(w->p, &rule)) {
		if (w->err)
			filter_free(rule.when);
		w->err = -ENOMEM;
		return;
	}
	if (e->wide)
		buf_puts(&w->out, "# Not all of this could be seen: the rule may allow more "
			 "than what was there.\n");
	name = policy_name(w->p, w->p->rules.n - 1, &len);
	buf_puts(&w->out, "allow      ");
	buf_put(&w->out, name, len);
	buf_fill(&w->out, ' ', len < NAME_COLUMN ? NAME_COLUMN - len : 1);
	buf_puts(&w->out, "when ");
	buf_put(&w->out, condition->data, condition->len);
	buf_putc(&w->out, '\n');
}

/* A rule that the ones before make needless would be a fault. */
static void write_entry(struct writer *w, const struct entry *e)
{
	struct buf condition;
	struct filter *when = NULL;

	buf_reset(&w->line);
	put_condition(w, e);
	buf_cstr(&w->line);
	condition = w->line;
	w->line = (struct buf){ 0 };
	w->err = condition.failed ? -ENOMEM : filter_new(condition.data, 0, &when, NULL);
	if (!w->err && policy_covers(w->p, when) != LSSOCK_NONE)
		filter_free(when);
	else if (!w->err)
		put_rule(w, e, when, &condition);
	buf_release(&condition);
}

static void put_heading(struct writer *w, const struct entry *e, const struct entry *last)
{
	uint16_t ns = snap_row(w->s, e->row)->ns;
	struct buf name = { 0 };

	if (last ? snap_row(w->s, last->row)->ns == ns : ns == w->host)
		return;
	buf_puts(&w->out, !last ? "" : "\n");
	buf_puts(&w->out, ns == w->host ? "# The host" : "# The network namespace ");
	if (ns != w->host)
		field_put(w->s, e->row, 0, "space", &name);
	text_safe(&w->out, name.data, name.len, 0);
	w->out.failed |= name.failed;
	buf_putc(&w->out, '\n');
	buf_release(&name);
}

static void write_rules(struct writer *w)
{
	const struct entry *e, *last = NULL;
	struct order o = { 0 };
	uint32_t i;

	for (i = 0; i < w->entries.n; i++)
		put_order(w, &o, i);
	if (order_sort(&o) < 0)
		w->err = -ENOMEM;
	for (i = 0; i < w->entries.n && !w->err; i++, last = e) {
		e = &w->entries.v[o.items.v[i].item];
		put_heading(w, e, last);
		write_entry(w, e);
	}
	order_release(&o);
}

/* ---- the whole ---------------------------------------------------------------------- */

static const char about_fields[] =
	"# The first rule that fits decides; lssock-policy(5) has the grammar. What a rule\n"
	"# asks for is worth as much as it is hard to have:\n"
	"#\n"
	"#   lport proto scope netns   the kernel's: nobody can pretend\n"
	"#   puser user                the kernel's: who holds the socket, who made it\n"
	"#   unit container            the name of a cgroup: root, systemd, and users who\n"
	"#                             may make cgroups; it wants the user beside it\n"
	"#   path                      whoever may write to its directory; @names: anybody\n"
	"#   exe                       whoever may put a file there, or has a mount namespace\n"
	"#   proc                      any process, by a call: never let it stand alone\n"
	"#\n"
	"# What changes from start to start (a session, the id of a container, the number of\n"
	"# a namespace) may be written with * or be left out.\n";

static void write_head(struct writer *w)
{
	const struct lssock_snap *s = w->s;
	size_t len = 0;
	const char *host = s->meta.host ? strings_get(&s->strings, s->meta.host, &len) : NULL;

	buf_puts(&w->out, "# What listens on ");
	if (host)
		text_safe(&w->out, host, len, 0);
	else
		buf_puts(&w->out, "this machine");
	buf_puts(&w->out, ", and nothing else.\n#\n");
	buf_puts(&w->out, about_fields);
	if (!lssock_report_complete(w->r))
		buf_puts(&w->out, "#\n# Not everything could be seen when this was written.\n");
	buf_putc(&w->out, '\n');
}

/* That of pid 1; where that is not among them, our own. */
static uint16_t host_of(const struct lssock_snap *s)
{
	uint32_t i;

	for (i = 0; i < s->ns.n; i++)
		if (s->ns.v[i].flags & LSSOCK_NS_HOST)
			return (uint16_t)i;
	return 0;
}

int lssock_policy_write(const struct lssock_report *r, lssock_write_fn write, void *wctx)
{
	struct writer w = { .r = r, .s = r->snap, .host = host_of(r->snap) };
	uint64_t failures = mem_failures();
	uint32_t i;

	w.p = mem_alloc(sizeof(*w.p));
	w.err = w.p ? 0 : -ENOMEM;
	for (i = 0; i < r->rows.n && !w.err; i++)
		add_row(&w, r->rows.v[i]);
	write_head(&w);
	if (!w.err)
		write_rules(&w);
	buf_puts(&w.out, w.entries.n ? "\ndefault    deny\n" : "default    deny\n");
	if (!w.err && (w.out.failed || mem_failures() != failures))
		w.err = -ENOMEM;
	if (!w.err)
		w.err = write(wctx, w.out.data, w.out.len);
	policy_free(w.p);
	vec_release(&w.entries);
	strings_release(&w.texts);
	index_release(&w.by_text);
	index_release(&w.numbers);
	buf_release(&w.line);
	buf_release(&w.out);
	return w.err;
}
