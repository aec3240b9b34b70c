/* SPDX-License-Identifier: MIT */
/* A report as sheets: services, findings, what could not be judged. */
#include <errno.h>

#include "audit/audit.h"
#include "model/names.h"
#include "query/made.h"

/* What is put into m->text stands in a cell; "" does not apply. */
static void end_text(struct made *m, size_t at)
{
	if (m->text.len > at)
		made_text(m, LSSOCK_V_TEXT, at);
	else
		made_na(m);
}

/* The field of a row as a cell of its own kind, so far as made cells have it. */
static void put_field(struct made *m, uint32_t row, uint32_t owner, const char *name)
{
	struct lssock_value v = { .kind = LSSOCK_V_NA };
	size_t at = m->text.len;

	if (row != LSSOCK_NONE)
		field_get(field_find(name, strlen(name)), m->sheet.snap, row, owner, &v);
	if (v.kind == LSSOCK_V_UINT || v.kind == LSSOCK_V_BOOL || v.kind <= LSSOCK_V_LATER) {
		made_kind(m, v.kind == LSSOCK_V_LATER ? LSSOCK_V_UNKNOWN : v.kind, v.u, 0);
		return;
	}
	value_put_raw(&m->text, &v, false);
	made_text(m, v.kind == LSSOCK_V_WORD ? LSSOCK_V_WORD : LSSOCK_V_TEXT, at);
}

static void put_netns(struct made *m, uint16_t ns)
{
	const struct lssock_ns *n = &m->sheet.snap->ns.v[ns];

	if (n->ino)
		made_number(m, n->ino);
	else
		made_kind(m, LSSOCK_V_UNKNOWN, 0, 0);
	made_string(m, n->name);
}

static void put_port(struct made *m, const struct lssock_report *r,
		     const struct lssock_service *v)
{
	bool ports = !v->n || (snap_is_inet(snap_row(r->snap, v->row)) &&
			       v->proto != LSSOCK_RAW && v->proto != LSSOCK_ICMP);

	if (ports)
		made_number(m, v->port);
	else
		made_na(m);
}

/* bare: without the blanks, for a table that is split at them. */
static void put_address(struct made *m, const struct lssock_report *r,
			const struct lssock_service *v, bool bare)
{
	size_t at = m->text.len, i, n = at;

	service_address(r, v, &m->text);
	bare &= !v->n || snap_is_inet(snap_row(r->snap, v->row));
	for (i = at; bare && !m->text.failed && i < m->text.len; i++)
		if (m->text.data[i] != ' ')
			m->text.data[n++] = m->text.data[i];
	if (bare)
		m->text.len = n;
	end_text(m, at);
}

/* Whether there are services of more than one namespace. */
static bool many_spaces(const struct lssock_report *r)
{
	uint32_t i;

	for (i = 1; i < r->services.n; i++)
		if (r->services.v[i].ns != r->services.v[0].ns)
			return true;
	return false;
}

/* ---- services for people -------------------------------------------------------------- */

/* "0/128", with a mark where it is full. */
static void queue_cell(struct made *m, const struct lssock_service *v)
{
	const struct lssock_sock *k = v->n ? snap_row(m->sheet.snap, v->row) : NULL;
	size_t at = m->text.len;

	if (k && k->flags & LSSOCK_F_LIMIT && k->flags & LSSOCK_F_QUEUES) {
		buf_u64(&m->text, k->rqueue);
		buf_putc(&m->text, '/');
		buf_u64(&m->text, k->wqueue);
		if (k->rqueue > k->wqueue)
			buf_putc(&m->text, '!');
	}
	end_text(m, at);
}

/* A name that has in it what is put behind names stands in quotes. */
static void put_name(struct made *m, uint32_t comm)
{
	size_t len = 0;
	const char *p = comm ? strings_get(&m->sheet.snap->strings, comm, &len) : NULL;
	bool quote = p && (memchr(p, '(', len) || memchr(p, '>', len) || memchr(p, '\'', len));

	buf_puts(&m->text, quote ? "'" : "");
	made_put(m, comm);
	buf_puts(&m->text, quote ? "'" : "");
}

/* "nginx +2", "app (docker)", "accept-queue", "docker-proxy > 172.17.0.4:80". */
static void process_cell(struct made *m, const struct lssock_service *v, bool bare)
{
	const char *blank = bare ? "" : " ";
	const struct lssock_snap *s = m->sheet.snap;
	const struct lssock_proc *p = v->owner ? &s->procs.v[s->owners.v[v->owner].proc] : NULL;
	size_t at = m->text.len;

	if (p) {
		put_name(m, p->comm);
		if (p->runtime) {
			buf_puts(&m->text, blank);
			buf_putc(&m->text, '(');
			made_put(m, p->runtime);
			buf_putc(&m->text, ')');
		}
	} else if (v->n) {
		buf_puts(&m->text, names_why(snap_row(s, v->row)->why) ?
			 names_why(snap_row(s, v->row)->why) : "?");
	}
	if (v->nat != LSSOCK_NONE) {
		buf_puts(&m->text, m->text.len > at ? blank : "");
		buf_putc(&m->text, '>');
		buf_puts(&m->text, blank);
		service_target(&s->nats.v[v->nat], &m->text);
	}
	end_text(m, at);
	if (v->nprocs > 1)
		made_more(m, v->nprocs - 1);
}

/* Of a port on which systemd listens for a service, the unit that says so. */
static void unit_cell(struct made *m, const struct lssock_report *r,
		      const struct lssock_service *v)
{
	const struct lssock_snap *s = r->snap;
	bool init = v->owner && s->procs.v[s->owners.v[v->owner].proc].pid == 1;
	struct lssock_value unit = { .kind = LSSOCK_V_NA };

	if (init)
		field_get(field_find("socket_unit", 11), s, v->row, 0, &unit);
	put_field(m, v->n ? v->row : LSSOCK_NONE, v->owner,
		  unit.kind > LSSOCK_V_LATER ? "socket_unit" : "unit");
}

static void scope_cell(struct made *m, const struct lssock_report *r,
		       const struct lssock_service *v)
{
	if (!v->n && !r->snap->nats.v[v->nat].daddr_prefix)
		made_word(m, "all");
	else
		put_field(m, v->n ? v->row : LSSOCK_NONE, 0, "scope");
}

static int services_table(struct lssock_report *r, struct lssock_sheet **ret)
{
	static const struct sheet_column columns[] = {
		{ .name = "port", .head = "PORT", .right = true },
		{ .name = "proto", .head = "PROT" },
		{ .name = "address", .head = "ADDRESS", .min = 13, .give = 3, .cut = 'm' },
		{ .name = "scope", .head = "SCOPE" },
		{ .name = "queue", .head = "QUEUE", .right = true },
		{ .name = "user", .head = "USER", .min = 8, .give = 2, .cut = 'e' },
		{ .name = "pid", .head = "PID", .right = true },
		{ .name = "process", .head = "PROCESS", .min = 12, .give = 1, .cut = 'e' },
		{ .name = "unit", .head = "UNIT", .min = 8, .give = 4, .cut = 'e' },
		{ .name = "space", .head = "NETNS", .min = 6, .give = 4, .cut = 'e' },
	};
	uint32_t n = sizeof(columns) / sizeof(*columns), i;
	bool wide = !r->query->width || r->query->width >= 100;
	bool many = many_spaces(r);
	struct made *m;

	n -= !many;
	n -= !many && !wide;
	m = made_new(SHEET_SERVICES, columns, n, r->snap);
	if (!m)
		return -ENOMEM;
	for (i = 0; i < r->services.n; i++) {
		const struct lssock_service *v = &r->services.v[i];
		uint32_t row = v->n ? v->row : LSSOCK_NONE;

		put_port(m, r, v);
		made_word(m, names_proto(v->proto));
		put_address(m, r, v, !r->query->width);
		scope_cell(m, r, v);
		queue_cell(m, v);
		put_field(m, row, v->owner, "user");
		put_field(m, row, v->owner, "pid");
		process_cell(m, v, !r->query->width);
		if (n > 8)
			unit_cell(m, r, v);
		if (n > 9)
			put_field(m, row, 0, "space");
	}
	return made_end(m, ret);
}

/* ---- for programs ---------------------------------------------------------------------- */

static const char *const row_fields[] = { "scope", "user", "iface", "socket_unit",
					  "published" };
static const char *const owner_fields[] = { "pid", "proc", "exe", "puser", "unit", "container",
					    "runtime" };
#define N_OF(a) (sizeof(a) / sizeof(*(a)))

static void put_place(struct made *m, const struct lssock_report *r,
		      const struct lssock_service *v, uint32_t row, uint32_t owner)
{
	size_t i;

	put_netns(m, v->ns);
	made_word(m, names_proto(v->proto));
	put_port(m, r, v);
	put_address(m, r, v, false);
	for (i = 0; i < N_OF(row_fields); i++)
		put_field(m, v->n ? row : LSSOCK_NONE, 0, row_fields[i]);
	for (i = 0; i < N_OF(owner_fields); i++)
		put_field(m, v->n ? row : LSSOCK_NONE, owner, owner_fields[i]);
}

#define PLACE_COLUMNS \
	{ .name = "netns", .head = "NETNS" }, { .name = "nsname", .head = "NSNAME" }, \
	{ .name = "proto", .head = "PROT" }, { .name = "port", .head = "PORT" }, \
	{ .name = "address", .head = "ADDRESS" }, { .name = "scope", .head = "SCOPE" }, \
	{ .name = "user", .head = "USER" }, { .name = "iface", .head = "IFACE" }, \
	{ .name = "socket_unit", .head = "SOCKET_UNIT" }, \
	{ .name = "published", .head = "PUBLISHED" }, \
	{ .name = "pid", .head = "PID" }, { .name = "proc", .head = "PROCESS" }, \
	{ .name = "exe", .head = "EXE" }, { .name = "puser", .head = "PUSER" }, \
	{ .name = "unit", .head = "UNIT" }, { .name = "container", .head = "CONTAINER" }, \
	{ .name = "runtime", .head = "RUNTIME" }
#define N_PLACE 17

static int services_record(struct lssock_report *r, struct lssock_sheet **ret)
{
	static const struct sheet_column columns[] = {
		PLACE_COLUMNS,
		{ .name = "nprocs", .head = "NPROCS" },
		{ .name = "sockets", .head = "SOCKETS" },
		{ .name = "queue", .head = "QUEUE" }, { .name = "limit", .head = "LIMIT" },
		{ .name = "why", .head = "WHY" }, { .name = "passed_to", .head = "PASSED_TO" },
	};
	struct made *m = made_new(SHEET_SERVICES, columns, N_OF(columns), r->snap);
	uint32_t i;
	size_t at;

	if (!m)
		return -ENOMEM;
	for (i = 0; i < r->services.n; i++) {
		const struct lssock_service *v = &r->services.v[i];
		uint32_t row = v->n ? v->row : LSSOCK_NONE;

		put_place(m, r, v, row, v->owner);
		made_number(m, v->nprocs);
		made_number(m, v->n);
		put_field(m, row, 0, "queue");
		put_field(m, row, 0, "limit");
		put_field(m, row, 0, "why");
		at = m->text.len;
		if (v->nat != LSSOCK_NONE)
			service_target(&r->snap->nats.v[v->nat], &m->text);
		end_text(m, at);
	}
	return made_end(m, ret);
}

int lssock_services_sheet(struct lssock_report *r, struct lssock_sheet **ret)
{
	return r->query->layout == LSSOCK_LAYOUT_TABLE ? services_table(r, ret) :
		services_record(r, ret);
}

/* ---- findings ------------------------------------------------------------------------- */

static void put_text(struct made *m, const char *text)
{
	if (text)
		made_word(m, text);
	else
		made_na(m);
}

/* What is about a namespace as a whole, or about nothing that is there. */
static void put_space(struct made *m, uint16_t ns)
{
	int i = 0;

	if (ns < m->sheet.snap->ns.n) {
		put_netns(m, ns);
		i = 2;
	}
	for (; i < N_PLACE; i++)
		made_na(m);
}

static void add_finding(struct made *m, const struct lssock_report *r, const struct finding *f)
{
	const struct lssock_finding *p = &f->public;
	size_t at;

	made_word(m, lssock_severity_name((enum lssock_severity)p->severity));
	made_word(m, p->code);
	if (p->service != LSSOCK_NONE)
		put_place(m, r, &r->services.v[p->service], p->row, p->owner);
	else
		put_space(m, p->ns);
	at = m->text.len;
	finding_about(r, f, &m->text);
	end_text(m, at);
	at = m->text.len;
	buf_put(&m->text, r->text.data + f->text.at, f->text.len);
	end_text(m, at);
	put_text(m, p->why);
	put_text(m, p->fix);
}

static int unjudged_sheet(struct lssock_report *r, struct lssock_sheet **ret)
{
	static const struct sheet_column columns[] = { { .name = "text", .head = "TEXT" } };
	struct made *m = made_new(SHEET_UNJUDGED, columns, 1, r->snap);
	uint32_t i;
	size_t at;

	if (!m)
		return -ENOMEM;
	for (i = 0; i < r->unjudged.n; i++) {
		at = m->text.len;
		buf_put(&m->text, r->text.data + r->unjudged.v[i].at, r->unjudged.v[i].len);
		end_text(m, at);
	}
	return made_end(m, ret);
}

int lssock_findings_sheet(struct lssock_report *r, struct lssock_sheet **ret)
{
	static const struct sheet_column columns[] = {
		{ .name = "severity", .head = "SEVERITY" }, { .name = "code", .head = "CODE" },
		PLACE_COLUMNS,
		{ .name = "about", .head = "ABOUT" }, { .name = "text", .head = "TEXT" },
		{ .name = "why", .head = "WHY" }, { .name = "fix", .head = "FIX" },
	};
	struct made *m = made_new(SHEET_FINDINGS, columns, N_OF(columns), r->snap);
	struct lssock_sheet *sheet;
	uint32_t i;
	int e;

	if (!m)
		return -ENOMEM;
	for (i = 0; i < r->findings.n; i++)
		add_finding(m, r, &r->findings.v[i]);
	m->sheet.incomplete = !lssock_report_complete(r);
	e = made_end(m, &sheet);
	if (e < 0)
		return e;
	e = services_record(r, &sheet->next);
	if (e == 0)
		e = unjudged_sheet(r, &sheet->next->next);
	if (e < 0)
		lssock_sheet_free(sheet);
	else
		*ret = sheet;
	return e;
}
