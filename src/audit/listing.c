/* SPDX-License-Identifier: MIT */
/*
 * What listens now as entries. Whatever a restart or a reboot changes must not get into
 * one.
 */
#include <sys/socket.h>

#include "audit/entry.h"
#include "model/names.h"

static void set_field(struct entries *e, struct entry *x, enum part part,
		      const struct lssock_snap *s, uint32_t owner, const char *field)
{
	struct lssock_value v = { .kind = LSSOCK_V_NA };
	const struct field *f = field_find(field, strlen(field));

	if (f)
		field_get(f, s, x->row, owner, &v);
	entry_set_value(e, x, part, &v);
}

/* ---- names ----------------------------------------------------------------------- */

static void put_string(struct buf *b, const struct lssock_snap *s, uint32_t id)
{
	size_t len = 0;
	const char *p = id ? strings_get(&s->strings, id, &len) : NULL;

	buf_put(b, p, p ? len : 0);
}

static bool is_hex(const char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!memchr("0123456789abcdef-", p[i], 17))
			return false;
	return len > 0;
}

/* Names of namespaces that a container's network is given are as new as its id. */
static bool is_made_up(const char *name, size_t len)
{
	return len > 4 && !memcmp(name, "cni-", 4) && is_hex(name + 4, len - 4);
}

static void put_netns(const struct lssock_snap *s, uint16_t ns, struct buf *b)
{
	const struct lssock_ns *n = ns < s->ns.n ? &s->ns.v[ns] : NULL;
	size_t len = 0;
	const char *name = n && n->name ? strings_get(&s->strings, n->name, &len) : NULL;

	if (n && n->flags & LSSOCK_NS_HOST) {
		buf_puts(b, "host");
	} else if (name && !is_made_up(name, len)) {
		buf_puts(b, "name:");
		buf_put(b, name, len);
	} else if (name || (n && n->container)) {
		buf_puts(b, "container");
	} else {
		buf_puts(b, n && n->flags & LSSOCK_NS_OWN ? "own" : "unnamed");
	}
}

/* ---- who ------------------------------------------------------------------------- */

/* "docker", "nspawn:web": an id is of no use the next time. */
static void set_container(struct entries *e, struct entry *x, const struct lssock_snap *s,
			  const struct lssock_proc *p)
{
	struct buf b = { 0 };
	size_t len = 0;
	const char *name = strings_get(&s->strings, p->container, &len);

	put_string(&b, s, p->runtime);
	if (!is_hex(name, len)) {
		buf_putc(&b, ':');
		buf_put(&b, name, len);
	}
	entry_set_text(e, x, PART_CONTAINER, &b);
}

static bool ends_with(const char *p, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && !memcmp(p + len - n, end, n);
}

/* Scopes and what systemd-run starts are numbered: "session-12.scope" is another one
 * after the next login. A container's scope has its id in it. */
static void set_unit(struct entries *e, struct entry *x, const struct lssock_snap *s,
		     const struct lssock_proc *p)
{
	size_t len = 0, n = 0, i;
	const char *unit = strings_get(&s->strings, p->unit, &len);
	const char *id = p->container ? strings_get(&s->strings, p->container, &n) : NULL;
	struct buf b = { 0 };

	if (id && is_hex(id, n) && memmem(unit, len, id, n))
		return;
	if (len > 4 && !memcmp(unit, "run-", 4)) {
		buf_puts(&b, ends_with(unit, len, ".scope") ? "run-*.scope" : "run-*.service");
	} else if (ends_with(unit, len, ".scope")) {
		for (i = 0; i < len; i++)
			if (unit[i] < '0' || unit[i] > '9')
				buf_putc(&b, unit[i]);
			else if (!b.len || b.data[b.len - 1] != '*')
				buf_putc(&b, '*');
	} else {
		buf_put(&b, unit, len);
	}
	entry_set_text(e, x, PART_UNIT, &b);
}

/* Who nobody knows now cannot be compared; what nobody holds has its creator. */
static void set_nobody(struct entries *e, struct entry *x, const struct lssock_snap *s)
{
	struct lssock_value v;
	bool known;

	field_get(field_find("pid", 3), s, x->row, 0, &v);
	known = v.kind == LSSOCK_V_NA;
	entry_set(e, x, PART_PROC, known ? "-" : "?");
	entry_set(e, x, PART_EXE, known ? "-" : "?");
	entry_set(e, x, PART_UNIT, known ? "-" : "?");
	entry_set(e, x, PART_CONTAINER, known ? "-" : "?");
	if (known)
		set_field(e, x, PART_USER, s, 0, "user");
	else
		entry_set(e, x, PART_USER, "?");
	if (known)
		set_field(e, x, PART_WHY, s, 0, "why");
}

/* The oldest of those who hold it: what it starts comes and goes, and what systemd
 * listens on for a service is systemd's, whether that runs or not. */
static void set_who(struct entries *e, struct entry *x, const struct lssock_snap *s)
{
	uint32_t owner = field_owner(s, snap_row(s, x->row));
	const struct lssock_proc *p = owner ? &s->procs.v[s->owners.v[owner].proc] : NULL;

	if (!p) {
		set_nobody(e, x, s);
		return;
	}
	set_field(e, x, PART_PROC, s, owner, "proc");
	set_field(e, x, PART_EXE, s, owner, "exe");
	set_field(e, x, PART_USER, s, owner, "puser");
	if (p->pid == 1)
		set_field(e, x, PART_UNIT, s, owner, "socket_unit");
	else if (p->flags & LSSOCK_P_DETAILS && p->unit)
		set_unit(e, x, s, p);
	else
		set_field(e, x, PART_UNIT, s, owner, "unit");
	if (p->flags & LSSOCK_P_DETAILS && p->container)
		set_container(e, x, s, p);
	else
		set_field(e, x, PART_CONTAINER, s, owner, "container");
}

/* ---- where ----------------------------------------------------------------------- */

static bool chosen_by_kernel(const struct lssock_sock *k)
{
	return k->flags & LSSOCK_F_AUTOBOUND_KNOWN && k->flags & LSSOCK_F_AUTOBOUND;
}

/* The kernel gives an abstract socket without a name five hexadecimal digits. */
static bool named_by_kernel(const struct lssock_snap *s, const struct lssock_sock *k)
{
	size_t len = 0;
	const char *name = k->name ? strings_get(&s->strings, k->name, &len) : NULL;

	return name && len == 6 && !name[0] && is_hex(name + 1, 5);
}

static void set_address(struct entries *e, struct entry *x, const struct lssock_snap *s)
{
	const struct lssock_sock *k = snap_row(s, x->row);
	struct buf b = { 0 };

	if (snap_is_inet(k) || k->proto == LSSOCK_VSOCK)
		field_put(s, x->row, 0, "laddr", &b);
	else
		buf_putc(&b, '*');
	if (k->iface) {
		buf_putc(&b, '%');
		field_put(s, x->row, 0, "iface", &b);
	}
	entry_set_text(e, x, PART_ADDRESS, &b);
}

static void set_port(struct entries *e, struct entry *x, const struct lssock_snap *s)
{
	const struct lssock_sock *k = snap_row(s, x->row);

	if (chosen_by_kernel(k))
		entry_set(e, x, PART_PORT, "auto");
	else
		set_field(e, x, PART_PORT, s, 0,
			  k->proto == LSSOCK_RAW ? "ipproto" :
			  k->proto == LSSOCK_ICMP ? "icmp_id" :
			  k->proto == LSSOCK_PACKET ? "ethertype" :
			  k->proto == LSSOCK_XDP ? "xdp_queue" : "lport");
}

static void set_where(struct entries *e, struct entry *x, const struct lssock_snap *s)
{
	const struct lssock_sock *k = snap_row(s, x->row);

	if (k->proto != LSSOCK_UNIX) {
		set_port(e, x, s);
		set_address(e, x, s);
		return;
	}
	set_field(e, x, PART_TYPE, s, 0, "type");
	if (named_by_kernel(s, k))
		entry_set(e, x, PART_PATH, ENTRY_AUTO_PATH);
	else
		set_field(e, x, PART_PATH, s, 0, "path");
}

static void set_options(struct entries *e, struct entry *x, const struct lssock_sock *k)
{
	const uint16_t both = LSSOCK_F_V6ONLY | LSSOCK_F_V6ONLY_KNOWN;

	if (k->family == AF_INET6 && !(k->flags & LSSOCK_F_V6ONLY_KNOWN))
		entry_set(e, x, PART_OPTIONS, "?");
	else if (k->family == AF_INET6 && (k->flags & both) == both)
		entry_set(e, x, PART_OPTIONS, "v6only");
}
static void set_netns(struct entries *e, struct entry *x, const struct lssock_snap *s,
		      uint16_t ns)
{
	struct buf b = { 0 };

	put_netns(s, ns, &b);
	entry_set_text(e, x, PART_NETNS, &b);
}

static void add_row(struct entries *e, const struct lssock_snap *s, uint32_t service,
		    uint32_t row)
{
	const struct lssock_sock *k = snap_row(s, row);
	struct entry *x;

	if (k->proto == LSSOCK_UDP && chosen_by_kernel(k))
		return;			/* a client */
	x = entry_begin(e);
	if (!x)
		return;
	x->service = service;
	x->row = row;
	set_netns(e, x, s, k->ns);
	entry_set(e, x, PART_PROTO, names_proto(k->proto));
	set_where(e, x, s);
	set_field(e, x, PART_SCOPE, s, 0, "scope");
	set_who(e, x, s);
	set_options(e, x, k);
	entry_finish(e, x);
}

/* What the kernel passes on. Of where to, the port alone: a container's address is
 * another one the next time. */
static void add_nat(struct entries *e, const struct lssock_report *r, uint32_t service)
{
	const struct lssock_service *v = &r->services.v[service];
	const struct lssock_nat *n = &r->snap->nats.v[v->nat];
	struct entry *x = entry_begin(e);
	struct buf b = { 0 };

	if (!x)
		return;
	x->service = service;
	x->row = LSSOCK_NONE;
	set_netns(e, x, r->snap, n->ns);
	entry_set(e, x, PART_PROTO, names_proto(n->proto));
	buf_u64(&b, n->port_lo);
	if (n->port_hi > n->port_lo) {
		buf_putc(&b, '-');
		buf_u64(&b, n->port_hi);
	}
	entry_set_text(e, x, PART_PORT, &b);
	service_address(r, v, &b);
	entry_set_text(e, x, PART_ADDRESS, &b);
	buf_puts(&b, n->to_family ? "port:" : "here:");
	buf_u64(&b, n->to_lo ? n->to_lo : n->port_lo);
	entry_set_text(e, x, PART_TO, &b);
	entry_finish(e, x);
}

void entries_of_report(struct entries *e, const struct lssock_report *r)
{
	uint32_t i, k;

	for (i = 0; i < r->services.n; i++) {
		const struct lssock_service *v = &r->services.v[i];

		if (!v->n)
			add_nat(e, r, i);
		for (k = v->first; k < v->first + v->n; k++)
			add_row(e, r->snap, i, r->rows.v[k]);
	}
	e->failed |= e->text.failed;
	if (!e->failed && entries_sort(e) < 0)
		e->failed = true;
}
