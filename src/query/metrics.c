/* SPDX-License-Identifier: MIT */
/*
 * A snapshot as numbers for Prometheus: listeners, sockets, accept queues, counters of
 * namespaces. What an audit found is added by audit/metrics.c; how it is written is
 * out/openmetrics.c's.
 */
#include <errno.h>
#include <string.h>

#include "model/names.h"
#include "query/filter.h"
#include "query/metrics.h"
#include "query/order.h"
#include "query/plan.h"

#define OTHER "other"

/* ---- samples --------------------------------------------------------------------- */

uint32_t metrics_word(struct metrics *m, const char *word)
{
	uint32_t id = strings_put(&m->strings, word, strlen(word));

	m->failed |= !id;
	return id;
}

/* The same in the strings of the metrics; a name that is empty is none. */
static uint32_t own_string(struct metrics *m, uint32_t id)
{
	size_t len = 0;
	const char *p = id ? strings_get(&m->snap->strings, id, &len) : NULL;

	if (!p || !len)
		return 0;
	id = strings_put(&m->strings, p, len);
	m->failed |= !id;
	return id;
}

struct sample *metrics_sample(struct metrics *m, struct series *t,
			      const uint32_t label[N_METRIC_LABEL])
{
	const size_t size = N_METRIC_LABEL * sizeof(*label);
	uint32_t key = strings_put(&m->strings, label, size);
	uint32_t *row = key ? index_put(&t->by_labels, key) : NULL;
	struct sample *x = NULL;

	if (row && *row != INDEX_NONE)
		return &t->samples.v[*row];
	if (row)
		x = vec_push(&t->samples);
	if (x) {
		*row = t->samples.n - 1;
		memcpy(x->label, label, size);
	}
	m->failed |= !x;
	return x;
}

static void count(struct metrics *m, struct series *t, const uint32_t label[N_METRIC_LABEL],
		  uint64_t n)
{
	struct sample *x = metrics_sample(m, t, label);

	if (x)
		x->value += n;
}

static void series_release(struct series *t)
{
	vec_release(&t->samples);
	index_release(&t->by_labels);
}

static void begin_row(struct metrics *m, const struct metric *what)
{
	made_word(m->made, what->name);
	made_word(m->made, what->type);
	made_word(m->made, what->help);
}

static void put_sample(struct metrics *m, const struct metric *what, const struct sample *x,
		       uint64_t value)
{
	struct made *made = m->made;
	unsigned i;

	begin_row(m, what);
	for (i = 0; i < N_METRIC_LABEL; i++) {
		size_t at = made->text.len, len = 0;
		const char *p = strings_get(&m->strings, x->label[i], &len);

		buf_put(&made->text, p, len);
		if (p)
			made_text(made, LSSOCK_V_TEXT, at);
		else
			made_na(made);
	}
	made_number(made, value);
}

static void put_real(struct metrics *m, const struct metric *what, double value)
{
	unsigned i;

	begin_row(m, what);
	for (i = 0; i < N_METRIC_LABEL; i++)
		made_na(m->made);
	made_real(m->made, value);
}

void metrics_number(struct metrics *m, const struct metric *what, uint64_t value)
{
	const struct sample none = { .value = value };

	put_sample(m, what, &none, value);
}

/* By labels, so that two runs over the same are the same. */
static int sort_samples(struct metrics *m, const struct series *t, struct order *o)
{
	uint32_t i, l;

	for (i = 0; i < t->samples.n; i++) {
		order_item(o, i);
		for (l = 0; l < N_METRIC_LABEL; l++) {
			size_t len = 0;
			const char *p = strings_get(&m->strings, t->samples.v[i].label[l],
						    &len);

			if (l == LABEL_PORT)	/* 80 before 443 */
				order_u8(o, (uint8_t)len);
			order_bytes(o, p, len);
		}
	}
	return order_sort(o);
}

static void put_both(struct metrics *m, const struct metric *value, const struct metric *limit,
		     struct series *t)
{
	struct order o = { 0 };
	uint32_t i;

	m->failed |= sort_samples(m, t, &o) < 0;
	for (i = 0; i < o.items.n && !m->failed; i++)
		put_sample(m, value, &t->samples.v[o.items.v[i].item],
			   t->samples.v[o.items.v[i].item].value);
	for (i = 0; limit && i < o.items.n && !m->failed; i++)
		put_sample(m, limit, &t->samples.v[o.items.v[i].item],
			   t->samples.v[o.items.v[i].item].limit);
	order_release(&o);
	series_release(t);
}

void metrics_put(struct metrics *m, const struct metric *what, struct series *t)
{
	put_both(m, what, NULL, t);
}

/* ---- programs -------------------------------------------------------------------- */

/* Those that get a name of their own: of the lowest users first, so that nobody can
 * push a daemon out by opening sockets under a hundred names; then by number. */
struct programs {
	uint32_t *label;		/* by row of procs[], 0: none */
	uint32_t other;
};

struct program { uint32_t name, uid, sockets; };

static uint32_t program_of(const struct metrics *m, const struct programs *p, uint32_t row)
{
	const struct lssock_snap *s = m->snap;
	uint32_t o = field_owner(s, snap_row(s, row));
	uint32_t proc = o ? s->owners.v[o].proc : 0;

	return proc < s->procs.n ? p->label[proc] : 0;
}

static bool listens(const struct lssock_snap *s, uint32_t row)
{
	uint8_t proto = snap_row(s, row)->proto;

	return proto != LSSOCK_NETLINK && proto != LSSOCK_XDP &&
	       filter_listens(s, row) == TRI_YES;
}

typedef VEC(struct program) program_list;

static void add_program(struct metrics *m, program_list *list, struct index *by_name,
			uint32_t row)
{
	const struct lssock_snap *s = m->snap;
	uint32_t o = field_owner(s, snap_row(s, row));
	const struct lssock_proc *p = o ? &s->procs.v[s->owners.v[o].proc] : NULL;
	uint32_t name = p ? own_string(m, p->comm) : 0, *at;
	struct program *x;

	if (!name)
		return;
	at = index_put(by_name, name);
	if (at && *at == INDEX_NONE) {
		x = vec_push(list);
		if (x) {
			*at = list->n - 1;
			*x = (struct program){ .name = name, .uid = p->uid };
		}
	}
	if (!at || *at == INDEX_NONE) {
		m->failed = true;
		return;
	}
	x = &list->v[*at];
	x->sockets++;
	if (p->uid < x->uid)
		x->uid = p->uid;
}

/* Leaves in by_name the programs that keep their names. */
static void choose_programs(struct metrics *m, const program_list *list, struct index *by_name)
{
	struct order o = { 0 };
	uint32_t i;

	if (list->n <= METRICS_MOST)
		return;
	for (i = 0; i < list->n; i++) {
		size_t len = 0;
		const char *p = strings_get(&m->strings, list->v[i].name, &len);

		order_item(&o, i);
		order_u32(&o, list->v[i].uid);
		order_u32(&o, UINT32_MAX - list->v[i].sockets);
		order_bytes(&o, p, len);
	}
	m->failed |= order_sort(&o) < 0;
	index_clear(by_name);
	for (i = 0; i < METRICS_MOST && !m->failed; i++) {
		uint32_t *at = index_put(by_name, list->v[o.items.v[i].item].name);

		m->failed |= !at;
		if (at)
			*at = i;
	}
	order_release(&o);
}

static void name_programs(struct metrics *m, struct programs *p, const uint32_t *rows,
			  uint32_t n)
{
	struct lssock_snap *s = m->snap;
	struct index by_name = { 0 };
	program_list list = { 0 };
	uint32_t i;

	p->other = metrics_word(m, OTHER);
	p->label = mem_alloc((s->procs.n + 1ull) * sizeof(*p->label));
	m->failed |= !p->label;
	for (i = 0; i < n; i++)
		if (listens(s, rows[i]))
			add_program(m, &list, &by_name, rows[i]);
	choose_programs(m, &list, &by_name);
	for (i = 1; i < s->procs.n && !m->failed; i++) {
		uint32_t name = own_string(m, s->procs.v[i].comm);

		if (name)
			p->label[i] = index_get(&by_name, name) != INDEX_NONE ? name : p->other;
	}
	index_release(&by_name);
	vec_release(&list);
}

/* ---- namespaces ------------------------------------------------------------------ */

/* As a list of several namespaces names them. */
static uint32_t ns_label(struct metrics *m, uint16_t row)
{
	const struct lssock_ns *ns = row < m->snap->ns.n ? &m->snap->ns.v[row] : NULL;
	struct buf b = { 0 };
	uint32_t id;

	if (!ns)
		return 0;
	if (ns->name || ns->container)
		return own_string(m, ns->name ? ns->name : ns->container);
	if (ns->flags & (LSSOCK_NS_HOST | LSSOCK_NS_OWN))
		return metrics_word(m, ns->flags & LSSOCK_NS_HOST ? "host" : "own");
	buf_u64(&b, ns->ino);
	id = metrics_word(m, buf_cstr(&b));
	buf_release(&b);
	return id;
}

/* Since they were made, the most first; what is beyond the hundredth is one. */
static void put_ns_counter(struct metrics *m, const struct metric *what, bool drops)
{
	const struct lssock_snap *s = m->snap;
	uint32_t label[N_METRIC_LABEL] = { 0 }, i, at;
	struct order o = { 0 };
	struct series t = { 0 };

	for (i = 0; i < s->ns.n; i++) {
		const struct lssock_ns *ns = &s->ns.v[i];
		uint64_t n = drops ? ns->drops : ns->overflows;

		if (!(ns->flags & LSSOCK_NS_ASKED) || n == UINT64_MAX)
			continue;
		order_item(&o, i);
		order_u8(&o, !(ns->flags & (LSSOCK_NS_HOST | LSSOCK_NS_OWN)));
		order_u64(&o, UINT64_MAX - n);
	}
	m->failed |= order_sort(&o) < 0;
	for (i = 0; i < o.items.n && !m->failed; i++) {
		at = o.items.v[i].item;
		label[LABEL_NETNS] = i < METRICS_MOST ? ns_label(m, (uint16_t)at) :
				     metrics_word(m, OTHER);
		count(m, &t, label, drops ? s->ns.v[at].drops : s->ns.v[at].overflows);
	}
	order_release(&o);
	metrics_put(m, what, &t);
}

static void put_namespaces(struct metrics *m)
{
	static const struct metric overflows = {
		"lssock_listen_overflows_total", "counter",
		"Connections that found an accept queue full, since the namespace was made."
	}, drops = {
		"lssock_listen_drops_total", "counter",
		"Connections that a listener lost for any reason, since the namespace was made."
	};

	put_ns_counter(m, &overflows, false);
	put_ns_counter(m, &drops, true);
}

/* ---- sockets --------------------------------------------------------------------- */

static void put_sockets(struct metrics *m, const uint32_t *rows, uint32_t n)
{
	static const struct metric what = {
		"lssock_sockets", "gauge", "Sockets that were asked for, by protocol and state."
	};
	uint32_t label[N_METRIC_LABEL] = { 0 }, i;
	struct series t = { 0 };

	for (i = 0; i < n && !m->failed; i++) {
		const struct lssock_sock *k = snap_row(m->snap, rows[i]);

		label[LABEL_PROTO] = metrics_word(m, names_proto(k->proto));
		label[LABEL_STATE] = metrics_word(m, k->state && k->state < LSSOCK_N_STATE ?
						  names_state(k->state) : "unknown");
		count(m, &t, label, 1);
	}
	metrics_put(m, &what, &t);
}

static uint32_t scope_label(struct metrics *m, const struct field *scope, uint32_t row)
{
	struct lssock_value v = { 0 };
	uint32_t id;

	field_get(scope, m->snap, row, 0, &v);
	if (v.kind == LSSOCK_V_NA)
		return 0;
	if (v.kind != LSSOCK_V_WORD)
		return metrics_word(m, "unknown");
	id = strings_put(&m->strings, v.s, v.len);
	m->failed |= !id;
	return id;
}

static void put_listeners(struct metrics *m, const struct programs *p, const uint32_t *rows,
			  uint32_t n)
{
	static const struct metric what = {
		"lssock_listeners", "gauge",
		"Listening sockets by protocol, where they can be reached from, and program; "
		"no program: nobody holds it."
	};
	const struct field *scope = field_find("scope", 5);
	uint32_t label[N_METRIC_LABEL] = { 0 }, i;
	struct series t = { 0 };

	for (i = 0; i < n && !m->failed; i++) {
		if (!listens(m->snap, rows[i]))
			continue;
		label[LABEL_PROTO] =
			metrics_word(m, names_proto(snap_row(m->snap, rows[i])->proto));
		label[LABEL_SCOPE] = scope_label(m, scope, rows[i]);
		label[LABEL_PROGRAM] = program_of(m, p, rows[i]);
		count(m, &t, label, 1);
	}
	metrics_put(m, &what, &t);
}

static void put_unowned(struct metrics *m, const uint32_t *rows, uint32_t n)
{
	static const struct metric what = {
		"lssock_unowned_sockets", "gauge",
		"Sockets that no process holds, by the reason why."
	};
	uint32_t label[N_METRIC_LABEL] = { 0 }, why, i;
	uint64_t counts[LSSOCK_N_WHY] = { 0 };
	struct series t = { 0 };

	if (!m->snap->meta.owners_asked)
		return;
	for (i = 0; i < n; i++) {
		const struct lssock_sock *k = snap_row(m->snap, rows[i]);

		if (k->why < LSSOCK_N_WHY && !field_owner(m->snap, k))
			counts[k->why]++;
	}
	for (why = LSSOCK_WHY_NONE + 1; why < LSSOCK_WHY_LATER; why++) {
		label[LABEL_WHY] = metrics_word(m, names_why(why));
		count(m, &t, label, counts[why]);
	}
	metrics_put(m, &what, &t);
}

/* ---- accept queues ---------------------------------------------------------------- */

static bool has_queue(const struct lssock_sock *k)
{
	const uint16_t known = LSSOCK_F_QUEUES | LSSOCK_F_LIMIT;

	return k->state == LSSOCK_LISTEN && snap_is_inet(k) && (k->flags & known) == known;
}

/* In thousandths; a limit of 0 lets one in (sk_acceptq_is_full). */
static uint64_t fullness(uint64_t used, uint64_t limit)
{
	return used * 1000 / (limit ? limit : 1);
}

/* Of the sockets that share a port the fullest: one that starves is not hidden by
 * those that do not. */
static void add_queue(struct metrics *m, struct series *t, const struct programs *p,
		      uint32_t row)
{
	const struct lssock_sock *k = snap_row(m->snap, row);
	uint32_t label[N_METRIC_LABEL] = { 0 }, before = t->samples.n;
	struct buf port = { 0 };
	struct sample *x;

	buf_u64(&port, k->lport);
	label[LABEL_NETNS] = ns_label(m, k->ns);
	label[LABEL_PROTO] = metrics_word(m, names_proto(k->proto));
	label[LABEL_PORT] = metrics_word(m, buf_cstr(&port));
	label[LABEL_PROGRAM] = program_of(m, p, row);
	buf_release(&port);
	x = metrics_sample(m, t, label);
	if (x && (t->samples.n > before ||
		  fullness(k->rqueue, k->wqueue) > fullness(x->value, x->limit))) {
		x->value = k->rqueue;
		x->limit = k->wqueue;
	}
}

/* Only the fullest, of those the first by port. */
static void keep_fullest(struct metrics *m, struct series *t)
{
	struct order o = { 0 };
	struct series kept = { 0 };
	uint32_t i;

	for (i = 0; i < t->samples.n; i++) {
		const struct sample *x = &t->samples.v[i];
		size_t len = 0;
		const char *port = strings_get(&m->strings, x->label[LABEL_PORT], &len);

		order_item(&o, i);
		order_u64(&o, UINT64_MAX - fullness(x->value, x->limit));
		order_u8(&o, (uint8_t)len);
		order_bytes(&o, port, len);
	}
	m->failed |= order_sort(&o) < 0;
	for (i = 0; i < o.items.n && i < METRICS_MOST && !m->failed; i++) {
		const struct sample *x = &t->samples.v[o.items.v[i].item];
		struct sample *copy = metrics_sample(m, &kept, x->label);

		if (copy)
			*copy = *x;
	}
	order_release(&o);
	series_release(t);
	*t = kept;
}

static void put_queues(struct metrics *m, const struct programs *p, const uint32_t *rows,
		       uint32_t n)
{
	static const struct metric used = {
		"lssock_accept_queue_used", "gauge",
		"Connections that wait to be accepted, of the fullest socket of a service; of "
		"the 100 fullest services."
	}, limit = {
		"lssock_accept_queue_limit", "gauge", "How many connections may wait there."
	};
	struct series t = { 0 };
	uint32_t i;

	for (i = 0; i < n && !m->failed; i++)
		if (has_queue(snap_row(m->snap, rows[i])))
			add_queue(m, &t, p, rows[i]);
	if (t.samples.n > METRICS_MOST)
		keep_fullest(m, &t);
	put_both(m, &used, &limit, &t);
}

/* ---- the rest --------------------------------------------------------------------- */

const struct lssock_proc *metrics_fullest(const struct lssock_snap *s)
{
	const struct lssock_proc *worst = NULL, *p;
	uint32_t i;

	for (i = 1; i < s->procs.n; i++) {
		p = &s->procs.v[i];
		if (p->nofile == LSSOCK_NONE || p->nfds == LSSOCK_NONE || !p->nofile ||
		    (uint32_t)p->pid == s->meta.self_pid)
			continue;
		if (!worst ||
		    (uint64_t)p->nfds * worst->nofile > (uint64_t)worst->nfds * p->nofile)
			worst = p;
	}
	return worst;
}

static void put_files(struct metrics *m)
{
	static const struct metric used = {
		"lssock_fds_used", "gauge",
		"Open files of the process with sockets that is nearest to its limit."
	}, limit = {
		"lssock_fds_limit", "gauge", "How many files that process may open."
	};
	const struct lssock_proc *p = metrics_fullest(m->snap);
	uint32_t label[N_METRIC_LABEL] = { 0 };
	struct series t = { 0 };
	struct sample *x;

	if (!p)
		return;
	label[LABEL_PROGRAM] = own_string(m, p->comm);
	x = metrics_sample(m, &t, label);
	if (x) {
		x->value = p->nfds;
		x->limit = p->nofile;
	}
	put_both(m, &used, &limit, &t);
}

static void put_collection(struct metrics *m)
{
	static const struct metric build = {
		"lssock_build_info", "gauge",
		"Always 1; the version of lssock that collected this."
	}, complete = {
		"lssock_complete", "gauge", "1 if everything that was asked for could be seen."
	}, seconds = {
		"lssock_collection_seconds", "gauge", "What collecting took."
	}, when = {
		"lssock_collection_timestamp_seconds", "gauge", "When this was collected."
	};
	const struct lssock_meta *meta = &m->snap->meta;
	uint32_t label[N_METRIC_LABEL] = { 0 };
	struct series t = { 0 };

	label[LABEL_VERSION] = metrics_word(m, LSSOCK_VERSION);
	count(m, &t, label, 1);
	metrics_put(m, &build, &t);
	metrics_number(m, &complete, meta->complete);
	put_real(m, &seconds, (double)meta->total_us / 1e6);
	metrics_number(m, &when, meta->now_ns / 1000000000u);
}

static void put_rows(struct metrics *m, const uint32_t *rows, uint32_t n)
{
	struct programs p = { 0 };

	name_programs(m, &p, rows, n);
	if (!m->failed) {
		put_listeners(m, &p, rows, n);
		put_sockets(m, rows, n);
		put_unowned(m, rows, n);
		put_queues(m, &p, rows, n);
	}
	mem_free(p.label);
}

/* ---- begin and end ------------------------------------------------------------------ */

static const struct sheet_column columns[] = {
	{ .name = "name", .head = "NAME" },
	{ .name = "type", .head = "TYPE" },
	{ .name = "help", .head = "HELP", .min = 8, .give = 9, .cut = 'e' },
	{ .name = "version", .head = "VERSION" },
	{ .name = "netns", .head = "NETNS" },
	{ .name = "proto", .head = "PROTO" },
	{ .name = "state", .head = "STATE" },
	{ .name = "scope", .head = "SCOPE" },
	{ .name = "port", .head = "PORT" },
	{ .name = "program", .head = "PROGRAM", .min = 8, .give = 1, .cut = 'e' },
	{ .name = "why", .head = "WHY" },
	{ .name = "code", .head = "CODE" },
	{ .name = "severity", .head = "SEVERITY" },
	{ .name = "value", .head = "VALUE", .right = true },
};
#define N_COLUMNS (sizeof(columns) / sizeof(*columns))
_Static_assert(N_COLUMNS == N_METRIC_LABEL + 4, "a column for each label");

static uint32_t *all_rows(const struct lssock_snap *s, uint32_t *ret_n)
{
	uint32_t n = s->tracks.n ? s->there : s->socks.n, i;
	uint32_t *rows = mem_alloc((n + 1ull) * sizeof(*rows));

	for (i = 0; rows && i < n; i++)
		rows[i] = i;
	*ret_n = n;
	return rows;
}

int metrics_begin(struct metrics *m, struct lssock_snap *s, const uint32_t *rows, uint32_t n)
{
	uint32_t *all = NULL;

	*m = (struct metrics){ .snap = s };
	m->made = made_new(SHEET_METRICS, columns, N_COLUMNS, s);
	if (!rows)
		rows = all = all_rows(s, &n);
	if (!m->made || !rows) {
		lssock_sheet_free(m->made ? &m->made->sheet : NULL);
		mem_free(all);
		return -ENOMEM;
	}
	put_rows(m, rows, n);
	put_namespaces(m);
	put_files(m);
	put_collection(m);
	mem_free(all);
	return 0;
}

int metrics_end(struct metrics *m, struct lssock_sheet **ret)
{
	strings_release(&m->strings);
	m->made->failed |= m->failed;
	return made_end(m->made, ret);
}
