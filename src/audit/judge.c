/* SPDX-License-Identifier: MIT */
/*
 * The vocabulary of the built-in checks: sentences put together from raw names, and
 * the processes behind a service. What is wrong with them is said in checks_*.c.
 */
#include <string.h>

#include "audit/check.h"
#include "base/text.h"

/* ---- sentences ----------------------------------------------------------------------- */

struct finding *found(struct judge *j, enum lssock_severity severity, uint32_t service,
		      uint32_t row)
{
	struct finding *f = report_find(j->r, j->code, severity, service, row);

	if (!f)
		j->r->failed = true;
	return f;
}

void not_judged(struct judge *j)
{
	report_unjudged(j->r);
}

void tell(struct judge *j, const char *words)
{
	buf_puts(&j->r->text, words);
}

void tell_number(struct judge *j, uint64_t n)
{
	buf_u64(&j->r->text, n);
}

void tell_count(struct judge *j, uint64_t n, const char *thing)
{
	size_t len = strlen(thing);

	tell_number(j, n);
	tell(j, " ");
	tell(j, thing);
	if (n != 1)
		tell(j, len && thing[len - 1] == 's' ? "es" : "s");
}

void tell_string(struct judge *j, uint32_t id)
{
	size_t len = 0;
	const char *p = id ? strings_get(&j->s->strings, id, &len) : NULL;

	if (p)
		buf_put(&j->r->text, p, len);
	else
		tell(j, "?");
}

void tell_field(struct judge *j, uint32_t row, uint32_t owner, const char *field)
{
	report_put(j->r, row, owner, field);
}

void tell_process(struct judge *j, uint32_t proc)
{
	if (!proc || proc >= j->s->procs.n) {
		tell(j, "?");
		return;
	}
	tell_string(j, j->s->procs.v[proc].comm);
	tell(j, "[");
	buf_i64(&j->r->text, j->s->procs.v[proc].pid);
	tell(j, "]");
}

void tell_user(struct judge *j, uint32_t uid)
{
	size_t len = 0;
	const char *name = lssock_user(j->s, uid, &len);

	if (name && len)
		buf_put(&j->r->text, name, len);
	else
		tell_number(j, uid);
}

void tell_service(struct judge *j, uint32_t service)
{
	report_put_service(j->r, service);
}

/* ---- processes ----------------------------------------------------------------------- */

const struct lssock_proc *proc_of_owner(const struct judge *j, uint32_t owner)
{
	uint32_t proc = owner && owner < j->s->owners.n ? j->s->owners.v[owner].proc : 0;

	return proc && proc < j->s->procs.n ? &j->s->procs.v[proc] : NULL;
}

void look_anew(struct judge *j)
{
	j->round++;
}

bool once(struct judge *j, uint32_t proc)
{
	bool first = proc < j->s->procs.n && j->looked[proc] != j->round;

	if (first)
		j->looked[proc] = j->round;
	return first;
}

bool next_holder(const struct judge *j, const struct lssock_service *v, struct holder *h)
{
	for (;;) {
		while (!h->next && h->at < v->n) {
			h->row = service_row(j, v, h->at++);
			h->next = field_owner(j->s, snap_row(j->s, h->row));
		}
		if (!h->next)
			return false;
		h->owner = h->next;
		h->next = j->s->owners.v[h->owner].next;
		if (h->next >= j->s->owners.n ||
		    j->s->owners.v[h->next].how != LSSOCK_HOW_FD)
			h->next = 0;	/* those that only explain come last */
		h->proc = j->s->owners.v[h->owner].proc;
		if (h->proc && h->proc < j->s->procs.n)
			return true;
	}
}

/* ---- names --------------------------------------------------------------------------- */

bool exe_name(const struct judge *j, const struct lssock_proc *p, const char **ret,
	      size_t *ret_len)
{
	size_t len = 0, at;
	const char *exe = p->exe ? strings_get(&j->s->strings, p->exe, &len) : NULL;

	if (!exe || !len)
		return false;
	for (at = len; at && exe[at - 1] != '/';)
		at--;
	*ret = exe + at;
	*ret_len = len - at;
	return len > at;
}

bool name_in(const char *names, const char *s, size_t len, size_t most)
{
	size_t plen;

	for (; *names; names += plen + (names[plen] == ' ')) {
		plen = strcspn(names, " ");
		if (text_glob(names, plen, s, len, false))
			return true;
		if (most && len == most && plen > most && !memcmp(names, s, len))
			return true;
	}
	return false;
}
