/* SPDX-License-Identifier: MIT */
/*
 * Checks of who holds a service: programs whose file is not what it was, sockets
 * without a process or hidden from the table of descriptors, programs that read what
 * is meant for others.
 */
#include <linux/if_ether.h>

#include "audit/check.h"
#include "model/names.h"

#define RAW_ONLY_SENDS 255		/* IPPROTO_RAW */

/* ---- programs -------------------------------------------------------------------------- */

/* One finding for all processes of a service that have the flag, and of which it has
 * not been said for another service. */
static void judge_exe(struct judge *j, uint32_t service, uint16_t flag, uint16_t but,
		      enum lssock_severity severity, const char *what)
{
	struct holder h = { 0 }, first = { 0 };
	uint32_t n = 0;
	struct finding *f;

	while (next_holder(j, service_at(j, service), &h)) {
		uint16_t flags = j->s->procs.v[h.proc].flags;

		if (!(flags & flag) || flags & but || !once(j, h.proc))
			continue;
		if (!n++)
			first = h;
	}
	if (!n)
		return;
	f = found(j, severity, service, first.row);
	if (f)
		f->public.owner = first.owner;
	tell_process(j, first.proc);
	if (n > 1) {
		tell(j, " and ");
		tell_count(j, n - 1, "more process");
	}
	tell(j, n > 1 ? " run " : " runs ");
	tell_field(j, first.row, first.owner, "exe");
	tell(j, what);
}

static void judge_exes(struct judge *j, uint16_t flag, uint16_t but,
		       enum lssock_severity severity, const char *what)
{
	look_anew(j);
	for (uint32_t i = 0; i < j->r->services.n; i++)
		judge_exe(j, i, flag, but, severity, what);
}

void check_exe_deleted(struct judge *j)
{
	judge_exes(j, LSSOCK_P_EXE_DELETED, LSSOCK_P_EXE_REPLACED, LSSOCK_MEDIUM,
		   ", which has been deleted");
}

void check_exe_replaced(struct judge *j)
{
	judge_exes(j, LSSOCK_P_EXE_REPLACED, 0, LSSOCK_HIGH,
		   ", but another file has that name now");
}

void check_exe_writable(struct judge *j)
{
	judge_exes(j, LSSOCK_P_EXE_WRITABLE, 0, LSSOCK_HIGH,
		   ", which every user can change or put another file in place of");
}

/* ---- no process ------------------------------------------------------------------------ */

static bool has_holder(const struct judge *j, const struct lssock_service *v)
{
	return !v->n || field_owner(j->s, snap_row(j->s, v->row));
}

/* Nobody holds it, and the reason is one of these bits. */
static bool lacks_holder(const struct judge *j, const struct lssock_service *v, uint32_t whys)
{
	return !has_holder(j, v) && whys & 1u << snap_row(j->s, v->row)->why;
}

#define WHY_HIDDEN (1u << LSSOCK_WHY_IN_FLIGHT | 1u << LSSOCK_WHY_IO_URING | \
		    1u << LSSOCK_WHY_MMAP)
#define WHY_NOT_SEEN (1u << LSSOCK_WHY_NO_PERMISSION | 1u << LSSOCK_WHY_OTHER_PIDNS | \
		      1u << LSSOCK_WHY_LATER | 1u << LSSOCK_WHY_NONE)
#define WHY_SAID (WHY_HIDDEN | WHY_NOT_SEEN | 1u << LSSOCK_WHY_KERNEL | \
		  1u << LSSOCK_WHY_VANISHED)

void check_no_process(struct judge *j)
{
	for (uint32_t i = 0; i < j->r->services.n; i++) {
		const struct lssock_service *v = service_at(j, i);
		const struct lssock_sock *k;

		if (!lacks_holder(j, v, ~WHY_SAID))
			continue;
		k = snap_row(j->s, v->row);
		found(j, LSSOCK_MEDIUM, i, LSSOCK_NONE);
		tell(j, "every process was looked at and none holds it: ");
		tell(j, names_why(k->why));
		if (!(k->flags & LSSOCK_F_UID))
			continue;
		tell(j, ", opened by ");
		tell_user(j, k->uid);
	}
}

void check_kernel(struct judge *j)
{
	for (uint32_t i = 0; i < j->r->services.n; i++) {
		if (!lacks_holder(j, service_at(j, i), 1u << LSSOCK_WHY_KERNEL))
			continue;
		found(j, LSSOCK_INFO, i, LSSOCK_NONE);
		tell(j, "the kernel itself holds it (NFS, WireGuard, VXLAN and the like)");
	}
}

void check_vanished(struct judge *j)
{
	for (uint32_t i = 0; i < j->r->services.n; i++) {
		if (!lacks_holder(j, service_at(j, i), 1u << LSSOCK_WHY_VANISHED))
			continue;
		found(j, LSSOCK_INFO, i, LSSOCK_NONE);
		tell(j, "it was gone while its holder was looked for");
	}
}

static const char *hidden_words(uint8_t why)
{
	switch (why) {
	case LSSOCK_WHY_IO_URING:
		return "no process has a descriptor of it: it lives in an io_uring";
	case LSSOCK_WHY_IN_FLIGHT:
		return "no process has a descriptor of it: it lies in a message that nobody "
		       "has received";
	default:
		return "no process has a descriptor of it: it lives in a mapping of memory";
	}
}

void check_hidden(struct judge *j)
{
	for (uint32_t i = 0; i < j->r->services.n; i++) {
		const struct lssock_service *v = service_at(j, i);
		const struct lssock_sock *k;
		struct finding *f;

		if (!lacks_holder(j, v, WHY_HIDDEN))
			continue;
		k = snap_row(j->s, v->row);
		f = found(j, LSSOCK_HIGH, i, v->row);
		if (f)
			f->public.owner = k->owner;
		tell(j, hidden_words(k->why));
		if (!proc_of_owner(j, k->owner))
			continue;
		tell(j, k->why == LSSOCK_WHY_IN_FLIGHT ? ", on its way to " : " of ");
		tell_process(j, j->s->owners.v[k->owner].proc);
	}
}

static void unjudged_programs(struct judge *j, uint32_t service)
{
	const uint16_t want = LSSOCK_P_DETAILS | LSSOCK_P_NO_EXE;
	struct holder h = { 0 };

	while (next_holder(j, service_at(j, service), &h)) {
		uint16_t flags = j->s->procs.v[h.proc].flags;

		if ((flags & want) != want || flags & (LSSOCK_P_KTHREAD | LSSOCK_P_ZOMBIE) ||
		    !once(j, h.proc))
			continue;
		not_judged(j);
		tell_service(j, service);
		tell(j, ": the program of ");
		tell_process(j, h.proc);
		tell(j, " may not be read");
	}
}

void unjudged_holders(struct judge *j)
{
	if (!j->s->meta.owners_asked) {
		not_judged(j);
		tell(j, "who holds the sockets was not asked for");
		return;
	}
	look_anew(j);
	for (uint32_t i = 0; i < j->r->services.n; i++) {
		const struct lssock_service *v = service_at(j, i);

		unjudged_programs(j, i);
		if (!lacks_holder(j, v, WHY_NOT_SEEN))
			continue;
		not_judged(j);
		tell_service(j, i);
		tell(j, ": who holds it could not be seen");
	}
}

/* ---- sniffer --------------------------------------------------------------------------- */

/* In a container, or in a namespace of somebody's own, a path says nothing. */
static bool is_known_sniffer(const struct judge *j, const struct lssock_proc *p)
{
	const uint16_t doubt = LSSOCK_P_EXE_DELETED | LSSOCK_P_EXE_REPLACED |
			       LSSOCK_P_EXE_WRITABLE;
	size_t len = 0;
	const char *exe = p->exe ? strings_get(&j->s->strings, p->exe, &len) : NULL;

	return exe && !(p->flags & doubt) && !p->container && known_sniffer(exe, len);
}

/* Who has got the socket from a known program is none. */
static bool is_trusted(const struct judge *j, const struct lssock_service *v)
{
	struct holder h = { 0 };
	uint32_t n = 0;

	if (v->ns >= j->s->ns.n ||
	    !(j->s->ns.v[v->ns].flags & (LSSOCK_NS_OWN | LSSOCK_NS_HOST)))
		return false;
	for (; next_holder(j, v, &h); n++)
		if (!is_known_sniffer(j, &j->s->procs.v[h.proc]))
			return false;
	return n;
}

static void tell_place(struct judge *j, const struct lssock_sock *k, uint32_t row)
{
	if (!k->iface) {
		tell(j, " of every interface");
		return;
	}
	tell(j, " of ");
	tell_field(j, row, 0, "iface");
}

static void tell_packets(struct judge *j, const struct lssock_sock *k, uint32_t row)
{
	const char *name = names_ethertype(k->local.w[0]);

	if (k->local.w[0] == ETH_P_ALL) {
		tell(j, "it reads all packets");
	} else {
		tell(j, "it reads packets of type ");
		if (name)
			tell(j, name);
		else
			tell_number(j, k->local.w[0]);
	}
	tell_place(j, k, row);
}

static void tell_raw(struct judge *j, const struct lssock_sock *k)
{
	const char *name = names_ip_protocol(k->lport);

	if (k->lport == RAW_ONLY_SENDS) {
		tell(j, "it can send IP packets with any address");
		return;
	}
	tell(j, "it reads all packets of IP protocol ");
	if (name)
		tell(j, name);
	else
		tell_number(j, k->lport);
}

static enum lssock_severity sniffer_severity(const struct judge *j,
					     const struct lssock_service *v,
					     const struct lssock_sock *k)
{
	bool sends = k->proto == LSSOCK_RAW && k->lport == RAW_ONLY_SENDS;

	if (is_trusted(j, v))
		return LSSOCK_INFO;
	return k->proto == LSSOCK_XDP || sends ? LSSOCK_LOW : LSSOCK_MEDIUM;
}

void check_sniffer(struct judge *j)
{
	const uint32_t protos = 1u << LSSOCK_PACKET | 1u << LSSOCK_RAW | 1u << LSSOCK_XDP;

	for (uint32_t i = 0; i < j->r->services.n; i++) {
		const struct lssock_service *v = service_at(j, i);
		const struct lssock_sock *k;

		if (!v->n || !(protos & 1u << v->proto) ||
		    lacks_holder(j, v, 1u << LSSOCK_WHY_KERNEL | 1u << LSSOCK_WHY_VANISHED))
			continue;
		k = snap_row(j->s, v->row);
		found(j, sniffer_severity(j, v, k), i, LSSOCK_NONE);
		if (k->proto == LSSOCK_PACKET)
			tell_packets(j, k, v->row);
		else if (k->proto == LSSOCK_RAW)
			tell_raw(j, k);
		else
			tell(j, "it gets packets of an interface before the kernel does (XDP)");
		if (v->n < 2)
			continue;
		tell(j, ", and has ");
		tell_count(j, v->n - 1, "more such socket");
	}
}
