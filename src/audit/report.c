/* SPDX-License-Identifier: MIT */
/* The report while it is made: findings, their sentences, their order. */
#include <errno.h>

#include "audit/audit.h"
#include "base/text.h"
#include "model/names.h"
#include "query/order.h"

/* ---- sentences --------------------------------------------------------------------- */

/* Ends what is being written. */
static void close_text(struct lssock_report *r)
{
	struct span *span = NULL;

	switch (r->open) {
	case OPEN_NONE:
		return;
	case OPEN_TEXT:
		span = &r->findings.v[r->findings.n - 1].text;
		break;
	case OPEN_ABOUT:
		span = &r->findings.v[r->findings.n - 1].about;
		break;
	case OPEN_UNJUDGED:
		span = &r->unjudged.v[r->unjudged.n - 1];
		break;
	}
	span->len = r->text.len - span->at;
	r->open = OPEN_NONE;
}

struct finding *report_find(struct lssock_report *r, const char *code,
			    enum lssock_severity severity, uint32_t service, uint32_t row)
{
	const struct lssock_service *v =
		service != LSSOCK_NONE ? &r->services.v[service] : NULL;
	struct finding *f;

	close_text(r);
	f = vec_push(&r->findings);
	if (!f) {
		r->failed = true;
		return NULL;
	}
	f->public = (struct lssock_finding){ .code = code, .severity = (uint8_t)severity,
					     .ns = 0xffff, .service = service, .row = row };
	if (v) {
		f->public.ns = v->ns;
		f->public.row = row == LSSOCK_NONE ? v->row : row;
		f->public.owner = row == LSSOCK_NONE || row == v->row ? v->owner :
				  field_owner(r->snap, snap_row(r->snap, row));
		f->text.at = r->text.len;
		r->open = OPEN_TEXT;
	} else {
		f->about.at = r->text.len;
		r->open = OPEN_ABOUT;
	}
	return f;
}

void report_about_end(struct lssock_report *r)
{
	if (r->open != OPEN_ABOUT)
		return;
	close_text(r);
	r->findings.v[r->findings.n - 1].text.at = r->text.len;
	r->open = OPEN_TEXT;
}

void report_unjudged(struct lssock_report *r)
{
	struct span *span;

	close_text(r);
	span = vec_push(&r->unjudged);
	if (!span) {
		r->failed = true;
		return;
	}
	span->at = r->text.len;
	r->open = OPEN_UNJUDGED;
}

void report_put(struct lssock_report *r, uint32_t row, uint32_t owner, const char *field)
{
	field_put(r->snap, row, owner, field, &r->text);
}

/* ---- what a finding is about --------------------------------------------------------- */

static void about_nat(const struct lssock_report *r, const struct lssock_service *v,
		      struct buf *b)
{
	const struct lssock_nat *n = &r->snap->nats.v[v->nat];

	buf_puts(b, "port ");
	buf_u64(b, n->port_lo);
	if (n->port_hi > n->port_lo) {
		buf_putc(b, '-');
		buf_u64(b, n->port_hi);
	}
	buf_puts(b, " > ");
	service_target(n, b);
}

static void about_service(const struct lssock_report *r, uint32_t service, uint32_t row,
			  uint32_t owner, struct buf *b)
{
	const struct lssock_service *v = &r->services.v[service];
	const struct lssock_snap *s = r->snap;
	const struct lssock_proc *p = owner ? &s->procs.v[s->owners.v[owner].proc] : NULL;
	const char *why = v->n ? names_why(snap_row(s, row)->why) : NULL;

	buf_puts(b, names_proto(v->proto));
	buf_putc(b, ' ');
	if (!v->n) {
		about_nat(r, v, b);
		return;
	}
	field_put(s, row, 0, "local", b);
	buf_putc(b, ' ');
	if (!p) {
		buf_puts(b, why ? why : "?");
		return;
	}
	field_put(s, row, owner, "proc", b);
	buf_putc(b, '[');
	buf_i64(b, p->pid);
	buf_putc(b, ']');
}

void report_put_service(struct lssock_report *r, uint32_t service)
{
	const struct lssock_service *v = &r->services.v[service];

	about_service(r, service, v->row, v->owner, &r->text);
}

/* ---- order ----------------------------------------------------------------------------- */

int report_end(struct lssock_report *r)
{
	VEC(struct finding) sorted = { 0 };
	struct order o = { 0 };
	uint32_t i;

	close_text(r);
	for (i = 0; i < r->findings.n; i++) {
		order_item(&o, i);
		order_u8(&o, (uint8_t)(LSSOCK_HIGH - r->findings.v[i].public.severity));
		order_bytes(&o, r->findings.v[i].public.code,
			    strlen(r->findings.v[i].public.code));
		order_u32(&o, r->findings.v[i].public.service);
	}
	if (order_sort(&o) < 0 || !vec_reserve(&sorted, r->findings.n ? r->findings.n : 1)) {
		r->failed = true;
	} else if (r->findings.n) {
		for (i = 0; i < r->findings.n; i++)
			sorted.v[i] = r->findings.v[o.items.v[i].item];
		memcpy(r->findings.v, sorted.v, r->findings.n * sizeof(*sorted.v));
	}
	vec_release(&sorted);
	order_release(&o);
	return r->failed || r->text.failed ? -ENOMEM : 0;
}

/* ---- public ---------------------------------------------------------------------------- */

static size_t give(struct buf *b, char *out, size_t size)
{
	struct buf safe = { 0 };

	text_safe(&safe, b->data, b->len, 0);
	safe.failed |= b->failed;
	buf_release(b);
	return text_out(&safe, out, size);
}

static size_t give_span(const struct lssock_report *r, struct span span, char *out, size_t size)
{
	struct buf b = { 0 };

	buf_put(&b, r->text.data ? r->text.data + span.at : "", span.len);
	return give(&b, out, size);
}

const struct lssock_service *lssock_services(const struct lssock_report *r, uint32_t *ret_n)
{
	if (ret_n)
		*ret_n = r->services.n;
	return r->services.v;
}

const uint32_t *lssock_report_rows(const struct lssock_report *r, uint32_t *ret_n)
{
	if (ret_n)
		*ret_n = r->rows.n;
	return r->rows.v;
}

uint32_t lssock_findings(const struct lssock_report *r)
{
	return r->findings.n;
}

const struct lssock_finding *lssock_finding(const struct lssock_report *r, uint32_t finding)
{
	return finding < r->findings.n ? &r->findings.v[finding].public : NULL;
}

size_t lssock_finding_text(const struct lssock_report *r, uint32_t finding, char *buf,
			   size_t size)
{
	return give_span(r, r->findings.v[finding].text, buf, size);
}

void finding_about(const struct lssock_report *r, const struct finding *f, struct buf *b)
{
	if (f->public.service == LSSOCK_NONE)
		buf_put(b, r->text.data ? r->text.data + f->about.at : "", f->about.len);
	else
		about_service(r, f->public.service, f->public.row, f->public.owner, b);
}

size_t lssock_finding_about(const struct lssock_report *r, uint32_t finding, char *buf,
			    size_t size)
{
	struct buf b = { 0 };

	finding_about(r, &r->findings.v[finding], &b);
	return give(&b, buf, size);
}

size_t lssock_service_address(const struct lssock_report *r, uint32_t service, char *buf,
			      size_t size)
{
	struct buf b = { 0 };

	service_address(r, &r->services.v[service], &b);
	return give(&b, buf, size);
}

uint32_t lssock_unjudged(const struct lssock_report *r)
{
	return r->unjudged.n;
}

size_t lssock_unjudged_text(const struct lssock_report *r, uint32_t i, char *buf, size_t size)
{
	return give_span(r, r->unjudged.v[i], buf, size);
}

bool lssock_report_complete(const struct lssock_report *r)
{
	return r->snap->meta.complete && !r->unjudged.n;
}

struct lssock_snap *lssock_report_snap(const struct lssock_report *r)
{
	return r->snap;
}

void lssock_report_free(struct lssock_report *r)
{
	if (!r)
		return;
	lssock_snap_free(r->snap);
	vec_release(&r->rows);
	vec_release(&r->services);
	vec_release(&r->findings);
	vec_release(&r->unjudged);
	buf_release(&r->text);
	mem_free(r);
}
