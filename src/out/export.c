/* SPDX-License-Identifier: MIT */
/*
 * The map for Graphviz: processes, what they listen on, and who talks to whom.
 * Connections between the same two ends and port are one edge with a count, so
 * that the map of a busy machine stays readable.
 */
#include "out/out.h"

#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "model/addr.h"
#include "model/names.h"

enum dot_kind { DOT_PROC, DOT_SOCKET, DOT_REMOTE, DOT_UNOWNED };

struct dot_node {
	uint8_t kind;			/* enum dot_kind */
	uint8_t why;			/* DOT_UNOWNED */
	uint16_t ns;			/* row, 0xffff: outside of all */
	uint32_t ref;			/* DOT_PROC: row in procs[]; DOT_SOCKET: row */
	uint32_t label;			/* DOT_SOCKET, DOT_REMOTE: string */
};

struct dot_edge {
	uint32_t from, to, count;
	uint16_t port;			/* 0: none */
	uint8_t proto;
	bool holds;			/* a process and its own socket */
};

struct map {
	const struct lssock_sheet *sheet;
	const struct lssock_snap *snap;
	struct buf *b;			/* the sink's */
	VEC(struct dot_node) nodes;
	VEC(struct dot_edge) edges;
	struct strings keys;		/* of nodes and edges, and labels */
	struct index node_by_key, edge_by_key;
	uint8_t *shown;			/* bit per row: it is on the sheet */
	struct buf tmp;
	int local;			/* field */
	bool failed;
};

/* ---- nodes and edges -------------------------------------------------------- */

/* Keys start with a letter of their own kind, so none is another's. */
struct dot_key { char kind; uint8_t proto; uint16_t ns; uint32_t a, b; };

static uint32_t *slot(struct map *m, struct index *x, const void *bytes, size_t len)
{
	uint32_t id = strings_put(&m->keys, bytes, len);
	uint32_t *row = id ? index_put(x, id) : NULL;

	if (!row)
		m->failed = true;
	return row;
}

static uint32_t node(struct map *m, char letter, struct dot_node n)
{
	struct dot_key k;
	struct dot_node *new;
	uint32_t *row;

	memset(&k, 0, sizeof(k));
	k.kind = letter;
	k.proto = n.why;
	k.ns = n.ns;
	k.a = n.kind == DOT_PROC ? n.ref : 0;
	k.b = n.label;
	row = slot(m, &m->node_by_key, &k, sizeof(k));
	if (!row)
		return 0;
	if (*row != INDEX_NONE)
		return *row;
	*row = m->nodes.n;
	new = vec_push(&m->nodes);
	if (!new) {
		m->failed = true;
		*row = 0;
		return 0;
	}
	*new = n;
	return *row;
}

static void edge(struct map *m, struct dot_edge e)
{
	struct dot_edge *new;
	struct dot_key k;
	uint32_t *row;

	memset(&k, 0, sizeof(k));
	k.kind = e.holds ? 'h' : 'e';
	k.proto = e.proto;
	k.ns = e.port;
	k.a = e.from;
	k.b = e.to;
	row = slot(m, &m->edge_by_key, &k, sizeof(k));
	if (!row)
		return;
	if (*row != INDEX_NONE) {
		m->edges.v[*row].count++;
		return;
	}
	*row = m->edges.n;
	new = vec_push(&m->edges);
	if (!new) {
		m->failed = true;
		*row = 0;
		return;
	}
	*new = e;
	new->count = 1;
}

static uint32_t proc_node(struct map *m, uint32_t proc)
{
	return node(m, 'p', (struct dot_node) { .kind = DOT_PROC, .ref = proc,
			    .ns = m->snap->procs.v[proc].ns });
}

/* The process that holds a row, else why there is none. */
static uint32_t holder_node(struct map *m, const struct lssock_sock *k)
{
	const struct lssock_owner *o = out_holder(m->snap, k->owner);

	if (o && o->proc < m->snap->procs.n)
		return proc_node(m, o->proc);
	return node(m, 'u', (struct dot_node) { .kind = DOT_UNOWNED, .ns = k->ns,
			    .why = k->why });
}

/* What is in tmp, kept. */
static uint32_t keep_label(struct map *m)
{
	uint32_t id = m->tmp.failed ? 0 : strings_put(&m->keys, m->tmp.data, m->tmp.len);

	if (!id)
		m->failed = true;
	return id;
}

static uint32_t socket_node(struct map *m, const struct lssock_sock *k)
{
	struct lssock_value v;

	buf_reset(&m->tmp);
	buf_puts(&m->tmp, names_proto(k->proto));
	v.kind = LSSOCK_V_NA;
	v.more = 0;
	if (m->local >= 0)
		lssock_get(m->snap, k - m->snap->socks.v, 0, m->local, &v);
	if (v.kind == LSSOCK_V_NAME || v.kind == LSSOCK_V_END ||
	    v.kind == LSSOCK_V_TEXT || v.kind == LSSOCK_V_WORD) {
		buf_putc(&m->tmp, ' ');
		if (v.kind == LSSOCK_V_NAME)
			out_name(&m->tmp, &v, 0);
		else
			value_put(&m->tmp, &v, true, 0);
	}
	return node(m, 's', (struct dot_node) { .kind = DOT_SOCKET, .ns = k->ns,
			    .ref = k - m->snap->socks.v,
			    .label = keep_label(m) });
}

static uint32_t remote_node(struct map *m, const struct lssock_sock *k)
{
	struct lssock_addr a = addr_of_end(k->family, &k->remote, NULL);

	buf_reset(&m->tmp);
	addr_put(&m->tmp, &a);
	return node(m, 'r', (struct dot_node) { .kind = DOT_REMOTE, .ns = 0xffff,
			    .label = keep_label(m) });
}

/* ---- rows -> map -------------------------------------------------------------- */

static bool connected(const struct lssock_sock *k)
{
	struct lssock_addr a;

	if (k->state == LSSOCK_LISTEN)
		return false;
	if (!snap_is_inet(k))
		return k->state != LSSOCK_UNCONNECTED && k->state != LSSOCK_BOUND;
	a = addr_of_end(k->family, &k->remote, NULL);
	return k->rport || !addr_is_any(&a);
}

static void add_socket(struct map *m, const struct lssock_sock *k)
{
	const struct lssock_owner *o = out_holder(m->snap, k->owner);
	uint32_t to = socket_node(m, k);

	if (!o)
		edge(m, (struct dot_edge) { .from = holder_node(m, k), .to = to,
					    .holds = true });
	for (; o; o = out_holder(m->snap, o->next))
		if (o->proc < m->snap->procs.n)
			edge(m, (struct dot_edge) { .from = proc_node(m, o->proc),
						    .to = to, .holds = true });
}

static const struct lssock_sock *row_or_null(const struct map *m, uint32_t row)
{
	return row < m->snap->socks.n ? snap_row(m->snap, row) : NULL;
}

/* Towards the server: to its listener's node where that is known. */
static void add_local_pair(struct map *m, const struct lssock_sock *k,
			   const struct lssock_sock *peer)
{
	const struct lssock_sock *via = row_or_null(m, k->via), *swap;

	if (via) {
		swap = k;
		k = peer;
		peer = swap;
	} else {
		via = row_or_null(m, peer->via);
	}
	edge(m, (struct dot_edge) {
		.from = holder_node(m, k), .proto = k->proto,
		.to = via ? socket_node(m, via) : holder_node(m, peer),
		.port = snap_is_inet(k) && !via ? k->rport : 0 });
}

static void add_remote(struct map *m, const struct lssock_sock *k)
{
	const struct lssock_sock *via = row_or_null(m, k->via);

	if (!snap_is_inet(k))
		return;
	if (via)
		edge(m, (struct dot_edge) { .from = remote_node(m, k), .proto = k->proto,
					    .to = socket_node(m, via) });
	else
		edge(m, (struct dot_edge) { .from = holder_node(m, k), .proto = k->proto,
					    .to = remote_node(m, k), .port = k->rport });
}

static bool is_shown(const struct map *m, uint32_t row)
{
	return m->shown[row / 8] >> row % 8 & 1;
}

static void add_row(struct map *m, const struct lssock_sock *k)
{
	uint32_t row = k - m->snap->socks.v;
	const struct lssock_sock *peer = row_or_null(m, k->peer);

	if (!connected(k))
		add_socket(m, k);
	else if (!peer)
		add_remote(m, k);
	else if (!is_shown(m, k->peer) || row <= k->peer)	/* each pair once */
		add_local_pair(m, k, peer);
}

static bool add_rows(struct map *m)
{
	const struct lssock_sock *k;
	uint32_t i, row;

	m->shown = mem_alloc(m->snap->socks.n / 8 + 1);
	if (!m->shown)
		return false;
	for (i = 0; i < m->sheet->n_rows; i++) {
		k = out_origin(m->sheet, i);
		if (!k)
			continue;
		row = k - m->snap->socks.v;
		m->shown[row / 8] |= 1u << row % 8;
	}
	for (i = 0; i < m->sheet->n_rows && !m->failed; i++) {
		k = out_origin(m->sheet, i);
		if (k)
			add_row(m, k);
	}
	return !m->failed;
}

/* ---- printing ------------------------------------------------------------------ */

/* Inside quotes: a backslash starts an escape of labels, & an entity. */
static void put_label(struct buf *b, const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (s[i] == '&') {
			buf_puts(b, "&amp;");
			continue;
		}
		if (s[i] == '"' || s[i] == '\\')
			buf_putc(b, '\\');
		buf_putc(b, s[i]);
	}
}

static void put_raw(struct map *m, const char *s, size_t len)
{
	buf_reset(&m->tmp);
	text_safe(&m->tmp, s, len, 0);
	put_label(m->b, m->tmp.data, m->tmp.len);
	m->failed |= m->tmp.failed;
}

static void put_string(struct map *m, uint32_t id)
{
	size_t len;
	const char *s = strings_get(&m->snap->strings, id, &len);

	if (s)
		put_raw(m, s, len);
	else
		buf_putc(m->b, '?');
}

static void put_proc(struct map *m, const struct lssock_proc *p)
{
	buf_puts(m->b, "shape=box,label=\"");
	put_string(m, p->comm);
	buf_puts(m->b, "\\n");
	buf_i64(m->b, p->pid);
	if (p->unit) {
		buf_puts(m->b, "\\n");
		put_string(m, p->unit);
	}
}

static void put_unowned(struct map *m, const struct dot_node *n)
{
	const char *why = names_why(n->why);

	buf_puts(m->b, "shape=box,style=dashed,label=\"");
	if (m->sheet->owners_asked)
		buf_puts(m->b, why ? why : "no owner");
	else
		buf_puts(m->b, "owners not asked");
}

static void put_node(struct map *m, uint32_t at)
{
	const struct dot_node *n = &m->nodes.v[at];
	const char *s;
	size_t len;

	buf_puts(m->b, "\tn");
	buf_u64(m->b, at);
	buf_puts(m->b, " [");
	switch ((enum dot_kind)n->kind) {
	case DOT_PROC:
		put_proc(m, &m->snap->procs.v[n->ref]);
		break;
	case DOT_UNOWNED:
		put_unowned(m, n);
		break;
	case DOT_SOCKET:
	case DOT_REMOTE:
		s = strings_get(&m->keys, n->label, &len);
		buf_puts(m->b, n->kind == DOT_SOCKET ? "shape=ellipse,label=\"" :
						       "shape=plaintext,label=\"");
		put_label(m->b, s, len);
		break;
	}
	buf_puts(m->b, "\"];\n");
}

static void put_edge(struct map *m, const struct dot_edge *e)
{
	struct buf *b = m->b;

	buf_puts(b, "\tn");
	buf_u64(b, e->from);
	buf_puts(b, " -> n");
	buf_u64(b, e->to);
	if (e->holds) {
		buf_puts(b, " [style=dotted,arrowhead=none];\n");
		return;
	}
	buf_puts(b, " [label=\"");
	buf_puts(b, names_proto(e->proto));
	if (e->port) {
		buf_putc(b, ' ');
		buf_u64(b, e->port);
	}
	if (e->count > 1) {
		buf_puts(b, " x");
		buf_u64(b, e->count);
	}
	buf_puts(b, "\"];\n");
}

static void put_cluster_head(struct map *m, uint32_t ns)
{
	const struct lssock_ns *n = &m->snap->ns.v[ns];

	buf_puts(m->b, "\tsubgraph cluster_");
	buf_u64(m->b, ns);
	buf_puts(m->b, " {\n\tlabel=\"");
	if (n->name)
		put_string(m, n->name);
	else
		buf_u64(m->b, n->ino);
	buf_puts(m->b, "\";\n");
}

/* Nodes of a namespace; ns 0xffff: those of none. False: it has none. */
static bool put_nodes(struct map *m, uint32_t ns, bool cluster)
{
	bool any = false;
	uint32_t i, of;

	for (i = 0; i < m->nodes.n; i++) {
		of = m->nodes.v[i].ns < m->snap->ns.n ? m->nodes.v[i].ns : 0xffff;
		if (of != ns)
			continue;
		if (!any && cluster)
			put_cluster_head(m, ns);
		any = true;
		put_node(m, i);
	}
	if (any && cluster)
		buf_puts(m->b, "\t}\n");
	return any;
}

static bool several_namespaces(const struct map *m)
{
	uint32_t i, first = 0xffff, ns;

	for (i = 0; i < m->nodes.n; i++) {
		ns = m->nodes.v[i].ns;
		if (ns >= m->snap->ns.n)
			continue;
		if (first == 0xffff)
			first = ns;
		if (ns != first)
			return true;
	}
	return false;
}

static void put_map(struct map *m, struct sink *k)
{
	bool clusters = several_namespaces(m);
	uint32_t i;

	buf_puts(m->b, "digraph lssock {\n\trankdir=LR;\n");
	for (i = 0; i < m->snap->ns.n && sink_row(k); i++)
		put_nodes(m, i, clusters);
	put_nodes(m, 0xffff, false);
	for (i = 0; i < m->edges.n && sink_row(k); i++)
		put_edge(m, &m->edges.v[i]);
	buf_puts(m->b, "}\n");
}

int out_dot(const struct lssock_sheet *s, const struct lssock_render *r, struct sink *k)
{
	struct map m = { .sheet = s, .snap = s->snap, .b = &k->buf };

	(void)r;
	if (s->kind != SHEET_SOCKETS || !s->snap || !s->origin)
		return -ENOTSUP;
	m.local = lssock_field_find("local");
	if (add_rows(&m))
		put_map(&m, k);
	else
		m.failed = true;
	vec_release(&m.nodes);
	vec_release(&m.edges);
	strings_release(&m.keys);
	index_release(&m.node_by_key);
	index_release(&m.edge_by_key);
	mem_free(m.shown);
	buf_release(&m.tmp);
	return m.failed ? -ENOMEM : k->err;
}
