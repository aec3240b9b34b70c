/* SPDX-License-Identifier: MIT */
/* Checks of what runs out: accept queues, file descriptors, ephemeral ports. */
#include "audit/check.h"
#include "query/problem.h"

#define FDS_PERCENT 80
#define FDS_NEARLY_ALL 95

/* ---- queues ---------------------------------------------------------------------------- */

void check_queue_full(struct judge *j)
{
	for (uint32_t i = 0; i < j->r->services.n; i++) {
		const struct lssock_service *v = service_at(j, i);
		uint32_t full = LSSOCK_NONE, n = 0;
		const struct lssock_sock *k;

		for (uint32_t at = 0; at < v->n; at++) {
			if (!accept_queue_full(snap_row(j->s, service_row(j, v, at))))
				continue;
			if (!n++)
				full = service_row(j, v, at);
		}
		if (!n)
			continue;
		k = snap_row(j->s, full);
		found(j, LSSOCK_MEDIUM, i, full);
		tell_count(j, k->rqueue, "connection");
		tell(j, k->rqueue == 1 ? " waits to be accepted, " : " wait to be accepted, ");
		tell_number(j, k->wqueue);
		tell(j, k->wqueue == 1 ? " is the limit: new ones are turned away" :
		    " are the limit: new ones are turned away");
		if (n < 2)
			continue;
		tell(j, "; the same of ");
		tell_count(j, n - 1, "more socket");
	}
}

/* Something waits in a queue of a TCP listener there, now. */
static bool has_queue(const struct judge *j, uint16_t ns)
{
	for (uint32_t i = 0; i < j->r->rows.n; i++) {
		const struct lssock_sock *k = snap_row(j->s, j->r->rows.v[i]);

		if (k->ns == ns && k->proto == LSSOCK_TCP && k->state == LSSOCK_LISTEN &&
		    k->flags & LSSOCK_F_QUEUES && k->rqueue)
			return true;
	}
	return false;
}

static void tell_ns(struct judge *j, uint16_t ns)
{
	const struct lssock_ns *n = &j->s->ns.v[ns];

	tell(j, "network namespace ");
	if (n->name)
		tell_string(j, n->name);
	else if (n->flags & LSSOCK_NS_HOST)
		tell(j, "host");
	else if (n->ino)
		tell_number(j, n->ino);
	else
		tell(j, n->flags & LSSOCK_NS_OWN ? "own" : "?");
}

static void found_in_ns(struct judge *j, enum lssock_severity severity, uint16_t ns,
			uint32_t row)
{
	struct finding *f = found(j, severity, LSSOCK_NONE, row);

	if (f)
		f->public.ns = ns;
	tell_ns(j, ns);
	report_about_end(j->r);
}

/* Counters only ever grow: an old overflow is told of, it is no fault of today. */
void check_queue_drops(struct judge *j)
{
	for (uint16_t i = 0; i < j->s->ns.n; i++) {
		const struct lssock_ns *n = &j->s->ns.v[i];
		uint64_t overflows = n->overflows == UINT64_MAX ? 0 : n->overflows;
		uint64_t drops = n->drops == UINT64_MAX ? 0 : n->drops;

		if (!(n->flags & LSSOCK_NS_ASKED) || !(overflows | drops))
			continue;
		found_in_ns(j, has_queue(j, i) ? LSSOCK_LOW : LSSOCK_INFO, i, LSSOCK_NONE);
		tell_count(j, overflows, "connection");
		tell(j, " met a full accept queue and ");
		tell_number(j, drops);
		tell(j, " were dropped by listeners since the namespace was made; of which "
		       "listener is not counted");
	}
}

/* ---- descriptors ----------------------------------------------------------------------- */

static bool accepts(const struct judge *j, const struct lssock_service *v)
{
	return v->n && snap_row(j->s, v->row)->state == LSSOCK_LISTEN;
}

static void judge_fds(struct judge *j, uint32_t service, const struct holder *h)
{
	const struct lssock_proc *p = &j->s->procs.v[h->proc];
	uint64_t used = p->nfds, most = p->nofile;
	struct finding *f;

	if (p->nfds == LSSOCK_NONE || p->nofile == LSSOCK_NONE ||
	    used * 100 < most * FDS_PERCENT)
		return;
	f = found(j, used * 100 >= most * FDS_NEARLY_ALL ? LSSOCK_HIGH : LSSOCK_MEDIUM, service,
		  h->row);
	if (f)
		f->public.owner = h->owner;
	tell_process(j, h->proc);
	tell(j, " has ");
	tell_number(j, used);
	tell(j, " of at most ");
	tell_number(j, most);
	tell(j, " descriptors open");
}

void check_fd_limit(struct judge *j)
{
	look_anew(j);
	for (uint32_t i = 0; i < j->r->services.n; i++) {
		const struct lssock_service *v = service_at(j, i);
		struct holder h = { 0 };

		while (accepts(j, v) && next_holder(j, v, &h))
			if (j->s->procs.v[h.proc].flags & LSSOCK_P_DETAILS && once(j, h.proc))
				judge_fds(j, i, &h);
	}
}

/* ---- ephemeral ports ------------------------------------------------------------------- */

static void tell_ports(void *ctx, const struct ports_used *p)
{
	struct judge *j = ctx;
	uint16_t ns = snap_row(j->s, p->row)->ns;

	found_in_ns(j, LSSOCK_MEDIUM, ns, p->row);
	tell_number(j, p->used);
	tell(j, " of ");
	tell_number(j, p->range);
	tell(j, " ephemeral ports are in use from ");
	tell_field(j, p->row, 0, "laddr");
	tell(j, " to ");
	tell_field(j, p->row, 0, "remote");
}

void check_ports_used(struct judge *j)
{
	if (problem_ports_used(j->s, tell_ports, j) < 0)
		j->r->failed = true;
}
