/* SPDX-License-Identifier: MIT */
/* Why a socket has no owner: the one place that decides it. */
#include "model/link.h"

static bool is_kernel_netlink(const struct lssock_sock *k)
{
	return k->proto == LSSOCK_NETLINK && k->local.w[0] == 0;
}

uint32_t link_unowned(const struct lssock_snap *s)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->socks.n; i++) {
		const struct lssock_sock *k = &s->socks.v[i];

		n += k->inode && !k->owner && !is_kernel_netlink(k);
	}
	return n;
}

/*
 * In this order:
 *	an owner with an fd					none
 *	TIME_WAIT; inode 0 with the time-wait timer (FIN_WAIT2)	time-wait
 *	inode 0, SYN_RECV					syn-recv
 *	inode 0, ESTABLISHED or CLOSE_WAIT, and a listener	accept-queue
 *	inode 0, any other connection				orphan
 *	inode 0, anything else					unknown
 *	netlink with port id 0					kernel
 *	held by a ring, a mapping, a message			io_uring, mmap, in-flight
 *	no more such rows than fds are in flight		in-flight
 *	some processes could not be read			no-permission
 *	some pid namespaces are out of sight			other-pidns
 *	everything was read, twice; root's, inet		kernel
 *	else							unknown
 * A second dump may still show that a row has vanished: the collector says so.
 */
struct reasons {
	bool unreadable, nested_pidns, by_elimination, in_flight;
	struct lssock_owner receiver;	/* proc 0: not one process alone */
};

static enum lssock_why why_held(const struct lssock_snap *s, const struct lssock_sock *k)
{
	static const uint8_t of_how[] = {
		[LSSOCK_HOW_RING] = LSSOCK_WHY_IO_URING,
		[LSSOCK_HOW_MAPPED] = LSSOCK_WHY_MMAP,
		[LSSOCK_HOW_IN_FLIGHT] = LSSOCK_WHY_IN_FLIGHT,
	};
	uint8_t how = s->owners.v[k->owner].how;

	return how < sizeof(of_how) ? of_how[how] : LSSOCK_WHY_UNKNOWN;
}

static enum lssock_why why_no_inode(const struct lssock_sock *k)
{
	if (k->state == LSSOCK_TIME_WAIT || (k->flags & LSSOCK_F_TIMER) == 3)
		return LSSOCK_WHY_TIME_WAIT;
	if (k->state == LSSOCK_SYN_RECV)
		return LSSOCK_WHY_SYN_RECV;
	if ((k->state == LSSOCK_ESTABLISHED || k->state == LSSOCK_CLOSE_WAIT) &&
	    k->via != LSSOCK_NONE)
		return LSSOCK_WHY_ACCEPT_QUEUE;
	if (k->proto >= LSSOCK_TCP && k->proto <= LSSOCK_DCCP)
		return LSSOCK_WHY_ORPHAN;
	return is_kernel_netlink(k) ? LSSOCK_WHY_KERNEL : LSSOCK_WHY_UNKNOWN;
}

static enum lssock_why why_unheld(const struct reasons *r, const struct lssock_sock *k)
{
	if (is_kernel_netlink(k))
		return LSSOCK_WHY_KERNEL;
	if (r->in_flight)
		return LSSOCK_WHY_IN_FLIGHT;
	if (r->unreadable)
		return LSSOCK_WHY_NO_PERMISSION;
	if (r->nested_pidns)
		return LSSOCK_WHY_OTHER_PIDNS;
	if (r->by_elimination && snap_is_inet(k) && k->flags & LSSOCK_F_UID && !k->uid)
		return LSSOCK_WHY_KERNEL;
	return LSSOCK_WHY_UNKNOWN;
}

/* Something about owners was not read, though no process was closed to us. */
static bool looked_past(const struct lssock_snap *s)
{
	for (uint32_t i = 0; i < s->notes.n; i++) {
		switch (s->notes.v[i].kind) {
		case LSSOCK_NOTE_NO_PROC: case LSSOCK_NOTE_HIDDEN_PROCS:
		case LSSOCK_NOTE_RING_BUSY: case LSSOCK_NOTE_LATE:
		case LSSOCK_NOTE_LIMIT: case LSSOCK_NOTE_NOT_RECORDED:
			return true;
		default:
			break;
		}
	}
	return false;
}

/* Which socket is in which message is not to be seen, only how many are. */
static void count_in_flight(const struct lssock_snap *s, struct reasons *r)
{
	uint32_t unowned = link_unowned(s), proc = 0;
	uint64_t total = 0;
	bool one = true;

	for (uint32_t i = 0; i < s->in_flight.n; i++) {
		const struct snap_in_flight *f = &s->in_flight.v[i];

		total += f->count;
		one &= f->proc && (!i || f->proc == proc);
		proc = f->proc;
	}
	r->in_flight = total && unowned <= total;
	if (!r->in_flight || !one)
		return;
	r->receiver.proc = proc;
	r->receiver.fd = s->in_flight.n == 1 ? s->in_flight.v[0].fd : -1;
	r->receiver.how = LSSOCK_HOW_IN_FLIGHT;
}

void link_why(struct lssock_snap *s, const struct link_why *known)
{
	struct reasons r = {
		.unreadable = known->unreadable > 0, .nested_pidns = known->nested_pidns,
		.by_elimination = known->looked_twice && !looked_past(s),
	};

	count_in_flight(s, &r);
	for (uint32_t i = 0; i < s->socks.n; i++) {
		struct lssock_sock *k = &s->socks.v[i];

		k->why = LSSOCK_WHY_NONE;
		if (k->owner && s->owners.v[k->owner].how == LSSOCK_HOW_FD)
			continue;
		if (k->owner)
			k->why = why_held(s, k);
		else if (!k->inode || k->state == LSSOCK_TIME_WAIT)
			k->why = why_no_inode(k);
		else
			k->why = why_unheld(&r, k);
		if (!k->owner && k->why == LSSOCK_WHY_IN_FLIGHT && r.receiver.proc &&
		    snap_owner(s, k->inode, &r.receiver) == 0)
			k->owner = snap_owner_of(s, k->inode);
	}
}
