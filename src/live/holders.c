/* SPDX-License-Identifier: MIT */
/*
 * The part of the detail pane about processes: who holds the socket and where these come
 * from, or in words why nobody does.
 */
#include "base/num.h"
#include "base/text.h"
#include "live/details.h"

#define ANCESTORS 8
#define FEW_OWNERS 3

static void put_string(struct details *d, uint32_t id)
{
	size_t len = 0;
	const char *s = lssock_string(d->p->snap, id, &len);

	if (s)
		text_safe(&d->b, s, len, 0);
	else
		details_say(d, "?");
}

static void put_proc(struct details *d, uint32_t proc)
{
	const struct lssock_proc *p = &lssock_procs(d->p->snap, NULL)[proc];

	put_string(d, p->comm);
	details_say(d, "[");
	buf_i64(&d->b, p->pid);
	details_say(d, "]");
}

static void put_fd(struct details *d, const struct lssock_owner *o)
{
	if (o->fd < 0)
		return;
	details_say(d, "fd ");
	buf_i64(&d->b, o->fd);
}

static uint32_t find_pid(const struct details *d, int32_t pid)
{
	uint32_t n, i;
	const struct lssock_proc *p = lssock_procs(d->p->snap, &n);

	for (i = n; pid > 0 && i-- > 1;)
		if (p[i].pid == pid)
			return i;
	return 0;
}

/* "systemd[1] > nginx[1230] > nginx[1234]", as far as they are known. */
static void parents(struct details *d, uint32_t proc)
{
	const struct lssock_proc *p = lssock_procs(d->p->snap, NULL);
	uint32_t chain[ANCESTORS], n = 0, row;

	for (row = proc; row && n < ANCESTORS; row = find_pid(d, p[row].ppid)) {
		chain[n++] = row;
		if (p[row].ppid == p[row].pid)
			break;
	}
	if (!n)
		return;
	row = chain[n - 1];
	if (n < 2 && p[row].ppid > 0) {
		details_say(d, "parent ");
		buf_i64(&d->b, p[row].ppid);
	} else if (n > 1) {
		while (n--) {
			put_proc(d, chain[n]);
			details_say(d, n ? " > " : "");
		}
	}
	details_item(d);
}

static void others(struct details *d)
{
	const struct lssock_owner *o = lssock_owners(d->p->snap, NULL);
	uint32_t at = o[d->owner].next, most = d->full ? 200 : FEW_OWNERS, n = 0;

	for (; at && o[at].how == LSSOCK_HOW_FD; at = o[at].next) {
		if (n++ >= most)
			continue;
		details_say(d, "also ");
		put_fd(d, &o[at]);
		details_say(d, o[at].fd < 0 ? "" : " of ");
		put_proc(d, o[at].proc);
		details_item(d);
	}
	if (n <= most)
		return;
	details_say(d, "and ");
	buf_u64(&d->b, n - most);
	details_say(d, " more");
	details_item(d);
}

static void started(struct details *d)
{
	const struct lssock_meta *m = lssock_snap_meta(d->p->snap);
	struct lssock_value v;

	if (!details_value(d, d->p->row, d->owner, "start", &v) || v.u > m->now_ns)
		return;
	details_say(d, "started ");
	num_put_duration(&d->b, (m->now_ns - v.u) / 1000);
	details_say(d, " ago");
	details_item(d);
}

static const char *why_words(enum lssock_why why)
{
	switch (why) {
	case LSSOCK_WHY_TIME_WAIT:
		return "no process: the kernel only remembers the connection";
	case LSSOCK_WHY_SYN_RECV:
		return "no process yet: the handshake has not ended";
	case LSSOCK_WHY_ACCEPT_QUEUE:
		return "no process yet: it waits to be accepted";
	case LSSOCK_WHY_ORPHAN:
		return "no process any more: it was closed, the kernel ends it";
	case LSSOCK_WHY_KERNEL:
		return "the kernel itself";
	case LSSOCK_WHY_IN_FLIGHT:
		return "no process: it is on its way through a unix socket";
	case LSSOCK_WHY_IO_URING:
		return "no descriptor: it is registered in an io_uring";
	case LSSOCK_WHY_MMAP:
		return "no descriptor: its ring is mapped";
	case LSSOCK_WHY_NO_PERMISSION:
		return "not to be seen: open files of other users may not be read";
	case LSSOCK_WHY_OTHER_PIDNS:
		return "a process in a pid namespace that is not seen from here";
	case LSSOCK_WHY_VANISHED:
		return "its process has ended in the meantime";
	case LSSOCK_WHY_LATER:
		return "nobody has looked yet";
	case LSSOCK_WHY_UNKNOWN: case LSSOCK_WHY_NONE: case LSSOCK_N_WHY:
		break;
	}
	return "not known";
}

/* Why there is none, and whom that concerns: the listener's owner, a ring's holder. */
static void unowned(struct details *d)
{
	uint32_t n, at = d->k->owner, via;
	const struct lssock_owner *o = lssock_owners(d->p->snap, &n);
	const struct lssock_sock *socks = lssock_socks(d->p->snap, &via);
	struct lssock_value v;

	if (!lssock_snap_meta(d->p->snap)->owners_asked)
		details_text(d, "was not asked for");
	else
		details_text(d, why_words((enum lssock_why)d->k->why));
	if (d->k->via < via && !at)
		at = socks[d->k->via].owner;
	if (at && at < n) {
		details_say(d, "by ");
		put_proc(d, o[at].proc);
		details_item(d);
	}
	if (details_value(d, d->p->row, 0, "user", &v))
		details_field(d, "created by user ", "user", "");
}

static void belongs_to(struct details *d)
{
	struct lssock_value v;

	if (details_value(d, d->p->row, d->owner, "container", &v))
		details_field(d, "container ", "container", "");
	else
		details_field(d, "", "unit", "");
	details_field(d, "pod ", "pod", "");
}

void details_owner(struct details *d)
{
	const struct lssock_owner *o = lssock_owners(d->p->snap, NULL);

	details_line(d, "Owner");
	if (!d->owner) {
		unowned(d);
		return;
	}
	put_proc(d, o[d->owner].proc);
	details_say(d, " ");
	put_fd(d, &o[d->owner]);
	details_item(d);
	details_field(d, "", "puser", "");
	belongs_to(d);
	started(d);
	details_line(d, "");
	parents(d, o[d->owner].proc);
	others(d);
	if (!d->full)
		return;
	details_line(d, "Program");
	details_field(d, "", "exe", "");
	details_line(d, "Command");
	details_put(d, "cmd");
	details_words(d);
}

void details_process(struct details *d)
{
	const struct lssock_owner *o = lssock_owners(d->p->snap, NULL);
	struct lssock_value v;

	flow_head(d->f, "OWNER");
	details_line(d, "Process");
	if (!d->owner) {
		unowned(d);
		return;
	}
	if (details_put(d, "cmd"))
		details_words(d);
	else
		details_field(d, "", "proc", "");
	details_line(d, "Exe");
	details_field(d, "", "exe", "");
	details_line(d, "Parents");
	parents(d, o[d->owner].proc);
	details_line(d, "User");
	details_put(d, "puser");
	details_say(d, " (uid ");
	details_put(d, "puid");
	details_say(d, ")");
	details_item(d);
	if (details_value(d, d->p->row, d->owner, "nfds", &v))
		details_field(d, "fds ", "nfds", "");
	started(d);
	details_line(d, "Unit");
	belongs_to(d);
	details_line(d, "Fd");
	if (o[d->owner].fd >= 0)
		buf_i64(&d->b, o[d->owner].fd);
	details_item(d);
	others(d);
}
