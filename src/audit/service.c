/* SPDX-License-Identifier: MIT */
/*
 * Services: which listening sockets are one, who serves, and what its addresses are
 * called. Sockets are put together only where namespace, protocol, port, program,
 * user, unit and container are the same; what differs in any of these is a line of
 * its own, since just that may be the finding.
 */
#include <sys/socket.h>

#include "audit/audit.h"
#include "base/hash.h"
#include "model/addr.h"
#include "model/mix.h"
#include "query/order.h"

/* ---- who serves ---------------------------------------------------------------- */

/* What systemd listens on it keeps beside the service that it started for it. */
static uint32_t server_of(const struct lssock_snap *s, uint32_t row)
{
	uint32_t o, first = field_owner(s, snap_row(s, row));

	for (o = first; o; o = s->owners.v[o].next)
		if (s->owners.v[o].how == LSSOCK_HOW_FD &&
		    s->procs.v[s->owners.v[o].proc].pid != 1)
			return o;
	return first;
}

static void put_part(struct buf *b, const void *bytes, size_t len)
{
	uint32_t n = (uint32_t)len;

	buf_put(b, &n, sizeof(n));
	buf_put(b, bytes, len);
}

static void put_string(const struct lssock_snap *s, uint32_t id, struct buf *b)
{
	size_t len = 0;
	const char *p = id ? strings_get(&s->strings, id, &len) : NULL;

	put_part(b, p, p ? len : 0);
}

void service_identity(const struct lssock_snap *s, uint32_t row, uint32_t owner, struct buf *b)
{
	const struct lssock_sock *k = snap_row(s, row);
	const struct lssock_proc *p = owner ? &s->procs.v[s->owners.v[owner].proc] : NULL;

	if (!p) {
		put_part(b, &k->why, sizeof(k->why));
		put_part(b, &k->uid, sizeof(k->uid));
		return;
	}
	put_string(s, p->exe ? p->exe : p->comm, b);
	put_part(b, &p->uid, sizeof(p->uid));
	put_string(s, p->unit, b);
	put_string(s, p->container, b);
}

/* ---- how far it reaches ---------------------------------------------------------- */

const char *service_scope(const struct lssock_snap *s, uint32_t row)
{
	struct lssock_value v = { .kind = LSSOCK_V_NA };

	field_get(field_find("scope", 5), s, row, 0, &v);
	return v.kind == LSSOCK_V_WORD ? v.s : "";
}

/* The furthest first. */
static unsigned reach_of(const struct lssock_snap *s, uint32_t row)
{
	static const char *const words[] = { "all", "public", "lan", "link", "local",
					     "world", "abstract", "group", "owner" };
	const char *scope = service_scope(s, row);
	unsigned i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]) && strcmp(scope, words[i]); i++)
		;
	return i;
}

/* ---- addresses --------------------------------------------------------------------- */

struct binds { bool v4, v6; };

static bool is_wildcard(const struct lssock_sock *k)
{
	struct lssock_addr a = addr_of_end(k->family, &k->local, NULL);

	return !k->iface && (!a.family || addr_is_any(&a));
}

static void add_wildcard(const struct lssock_sock *k, struct binds *b)
{
	b->v4 |= k->family == AF_INET ||
		 (k->flags & LSSOCK_F_V6ONLY_KNOWN && !(k->flags & LSSOCK_F_V6ONLY));
	b->v6 |= k->family == AF_INET6;
}

/* "10.0.0.5%eth0": two sockets may have the same (SO_REUSEPORT), which is said once. */
static void put_address(const struct lssock_snap *s, uint32_t row, size_t begin, struct buf *b)
{
	size_t comma = b->len, at, i, len;

	if (b->len > begin)
		buf_puts(b, ", ");
	at = b->len;
	field_put(s, row, 0, "laddr", b);
	if (snap_row(s, row)->iface) {
		buf_putc(b, '%');
		field_put(s, row, 0, "iface", b);
	}
	len = b->len - at;
	for (i = begin; !b->failed && i + len <= comma; i++)
		if ((i == begin || b->data[i - 1] == ' ') &&
		    !memcmp(b->data + i, b->data + at, len) &&
		    (i + len == comma || b->data[i + len] == ',')) {
			b->len = comma;
			return;
		}
}

static void put_nat(const struct lssock_snap *s, const struct lssock_nat *n, struct buf *b)
{
	struct lssock_addr a = { .family = n->family, .prefix = n->daddr_prefix };

	if (n->daddr_prefix) {
		memcpy(a.ip, n->daddr, sizeof(a.ip));
		addr_put(b, &a);
	} else {
		buf_puts(b, n->family == AF_INET ? "* (v4)" : n->family == AF_INET6 ? "* (v6)" :
			 "* (v4+v6)");
	}
	if (n->iface) {
		size_t len = 0;
		const char *p = strings_get(&s->strings, n->iface, &len);

		buf_putc(b, '%');
		buf_put(b, p, len);
	}
}

void service_target(const struct lssock_nat *n, struct buf *b)
{
	struct lssock_addr a = { .family = n->to_family,
				 .prefix = n->to_family == AF_INET ? 32 : 128 };

	if (a.family) {
		memcpy(a.ip, n->to, sizeof(a.ip));
		buf_puts(b, a.family == AF_INET6 ? "[" : "");
		addr_put(b, &a);
		buf_puts(b, a.family == AF_INET6 ? "]" : "");
	} else {
		buf_puts(b, "localhost");
	}
	buf_putc(b, ':');
	buf_u64(b, n->to_lo ? n->to_lo : n->port_lo);
	if (n->to_hi > n->to_lo) {
		buf_putc(b, '-');
		buf_u64(b, n->to_hi);
	}
}

void service_address(const struct lssock_report *r, const struct lssock_service *v,
		     struct buf *b)
{
	const struct lssock_snap *s = r->snap;
	struct binds binds = { false, false };
	size_t begin;
	uint32_t i;

	if (!v->n) {
		put_nat(s, &s->nats.v[v->nat], b);
		return;
	}
	if (!snap_is_inet(snap_row(s, v->row))) {
		field_put(s, v->row, 0, "local", b);
		return;
	}
	for (i = v->first; i < v->first + v->n; i++)
		if (is_wildcard(snap_row(s, r->rows.v[i])))
			add_wildcard(snap_row(s, r->rows.v[i]), &binds);
	begin = b->len;
	if (binds.v4 || binds.v6)
		buf_puts(b, binds.v4 && binds.v6 ? "* (v4+v6)" :
			 binds.v4 ? "* (v4)" : "* (v6)");
	for (i = v->first; i < v->first + v->n; i++)
		if (!is_wildcard(snap_row(s, r->rows.v[i])))
			put_address(s, r->rows.v[i], begin, b);
}

/* ---- folding ----------------------------------------------------------------------- */

struct fold {
	struct lssock_report *r;
	struct strings keys;
	struct index by_key;		/* id of the key -> place in services */
	VEC(uint32_t) service_of;	/* by place in the rows that came */
	struct buf key;
};

static void put_key(struct fold *f, uint32_t row)
{
	const struct lssock_snap *s = f->r->snap;
	const struct lssock_sock *k = snap_row(s, row);
	size_t len = 0;
	const char *name;

	buf_reset(&f->key);
	put_part(&f->key, &k->ns, sizeof(k->ns));
	put_part(&f->key, &k->proto, sizeof(k->proto));
	put_part(&f->key, &k->lport, sizeof(k->lport));
	if (!snap_is_inet(k)) {		/* its name, or what it takes */
		name = k->name ? strings_get(&s->strings, k->name, &len) : NULL;
		put_part(&f->key, name, name ? len : 0);
		put_part(&f->key, k->local.w, k->proto == LSSOCK_UNIX ? 8 : 4);
		put_part(&f->key, &k->iface, sizeof(k->iface));
	}
	service_identity(s, row, server_of(s, row), &f->key);
}

static void count_processes(struct lssock_report *r, struct lssock_service *v)
{
	const struct lssock_snap *s = r->snap;
	struct index seen = { 0 };
	uint32_t i, o, *slot;

	for (i = v->first; i < v->first + v->n; i++)
		for (o = snap_row(s, r->rows.v[i])->owner; o; o = s->owners.v[o].next) {
			if (s->owners.v[o].how != LSSOCK_HOW_FD)
				continue;
			slot = index_put(&seen, s->owners.v[o].proc);
			r->failed |= !slot;
			if (slot)
				*slot = 1;
		}
	v->nprocs = seen.n;
	index_release(&seen);
}

static void add_row(struct fold *f, uint32_t row)
{
	struct lssock_report *r = f->r;
	const struct lssock_sock *k = snap_row(r->snap, row);
	uint32_t id, *slot, *of = vec_push(&f->service_of);
	struct lssock_service *v;

	put_key(f, row);
	id = f->key.failed ? 0 : strings_put(&f->keys, f->key.data, f->key.len);
	slot = id ? index_put(&f->by_key, id) : NULL;
	if (!slot || !of) {
		r->failed = true;
		return;
	}
	if (*slot == INDEX_NONE) {
		*slot = r->services.n;
		v = vec_push(&r->services);
		if (!v) {
			r->failed = true;
			return;
		}
		*v = (struct lssock_service){ .row = row, .owner = server_of(r->snap, row),
					      .nat = LSSOCK_NONE, .ns = k->ns,
					      .port = k->lport, .proto = k->proto };
	}
	*of = *slot;
	v = &r->services.v[*slot];
	v->n++;
	if (reach_of(r->snap, row) < reach_of(r->snap, v->row)) {
		v->row = row;
		v->owner = server_of(r->snap, row);
	}
}

/* Docker has a proxy listen on each port that the kernel passes on: one service. */
static bool is_proxy_of(const struct lssock_snap *s, const struct lssock_service *v,
			const struct lssock_nat *n)
{
	static const char proxy[] = "docker-proxy";
	uint32_t comm = v->owner ? s->procs.v[s->owners.v[v->owner].proc].comm : 0;
	size_t len = 0;
	const char *name = comm ? strings_get(&s->strings, comm, &len) : NULL;

	return v->ns == n->ns && v->proto == n->proto && v->port == n->port_lo &&
	       n->port_lo == n->port_hi && name && len == sizeof(proxy) - 1 &&
	       !memcmp(name, proxy, len);
}

static bool has_proxy(struct lssock_report *r, uint32_t nat)
{
	bool any = false;

	for (uint32_t i = 0; i < r->services.n; i++) {
		struct lssock_service *v = &r->services.v[i];

		if (!v->n || !is_proxy_of(r->snap, v, &r->snap->nats.v[nat]))
			continue;
		v->nat = nat;
		any = true;
	}
	return any;
}

static void add_nats(struct lssock_report *r)
{
	const struct lssock_snap *s = r->snap;
	struct lssock_service *v;
	uint32_t i;

	for (i = 0; i < s->nats.n; i++) {
		if (has_proxy(r, i))
			continue;
		v = vec_push(&r->services);
		r->failed |= !v;
		if (v)
			*v = (struct lssock_service){ .row = LSSOCK_NONE, .nat = i,
						      .ns = s->nats.v[i].ns,
						      .port = s->nats.v[i].port_lo,
						      .proto = s->nats.v[i].proto };
	}
}

/* The services in order: how far they reach, then protocol family, port, name. */
static void put_order(struct lssock_report *r, struct order *o, uint32_t i)
{
	const struct lssock_service *v = &r->services.v[i];
	bool inet = !v->n || snap_is_inet(snap_row(r->snap, v->row));
	struct buf text = { 0 };

	order_item(o, i);
	order_u8(o, !inet);
	order_u8(o, (uint8_t)(v->n ? reach_of(r->snap, v->row) : 0));
	order_u16(o, inet ? v->port : 0);
	order_u8(o, v->proto);
	service_address(r, v, &text);
	order_bytes(o, text.data, text.len);
	buf_release(&text);
	order_u16(o, v->ns);
	order_u32(o, v->n ? snap_row(r->snap, v->row)->inode : 0);
}

static void sort_services(struct lssock_report *r)
{
	VEC(struct lssock_service) sorted = { 0 };
	struct order o = { 0 };
	uint32_t i;

	for (i = 0; i < r->services.n; i++)
		put_order(r, &o, i);
	if (order_sort(&o) < 0 || !vec_reserve(&sorted, r->services.n ? r->services.n : 1)) {
		r->failed = true;
	} else if (r->services.n) {
		for (i = 0; i < r->services.n; i++)
			sorted.v[i] = r->services.v[o.items.v[i].item];
		memcpy(r->services.v, sorted.v, r->services.n * sizeof(*sorted.v));
	}
	vec_release(&sorted);
	order_release(&o);
}

/* Rows of a service stand together. */
static void gather(struct fold *f, const uint32_t *rows)
{
	struct lssock_report *r = f->r;
	uint32_t i, at = 0;

	if (!vec_reserve(&r->rows, f->service_of.n ? f->service_of.n : 1)) {
		r->failed = true;
		return;
	}
	for (i = 0; i < r->services.n; i++) {
		r->services.v[i].first = at;
		at += r->services.v[i].n;
		r->services.v[i].n = 0;
	}
	for (i = 0; i < f->service_of.n; i++) {
		struct lssock_service *v = &r->services.v[f->service_of.v[i]];

		r->rows.v[v->first + v->n++] = rows[i];
	}
	r->rows.n = f->service_of.n;
}

void services_make(struct lssock_report *r, const uint32_t *rows, uint32_t n)
{
	struct fold f = { .r = r };
	uint32_t i;

	for (i = 0; i < n && !r->failed; i++)
		add_row(&f, rows[i]);
	if (!r->failed)
		gather(&f, rows);
	for (i = 0; i < r->services.n && !r->failed; i++)
		count_processes(r, &r->services.v[i]);
	if (!r->failed)
		add_nats(r);
	if (!r->failed)
		sort_services(r);
	strings_release(&f.keys);
	index_release(&f.by_key);
	vec_release(&f.service_of);
	buf_release(&f.key);
}
