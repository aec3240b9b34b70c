/* SPDX-License-Identifier: MIT */
/*
 * The owner stream (records.h) into a snapshot: processes, who holds which
 * inode, what kind of socket that is where the stream knows, and gaps. Whoever
 * wrote it, /proc or BPF or a tape, is not believed to have made sense.
 */
#include <errno.h>
#include <string.h>

#include "wire/procfs.h"
#include "wire/records.h"

static void take_task(struct procfs_owners *o, const struct own_task *t)
{
	struct lssock_snap *s = o->snap;
	struct lssock_proc p = {
		.start_ns = t->start_ns, .pid = t->pid, .ppid = t->ppid, .uid = t->uid,
		.nofile = LSSOCK_NONE, .nfds = LSSOCK_NONE, .ns = 0xffff,
		.flags = t->flags & (LSSOCK_P_KTHREAD | LSSOCK_P_ZOMBIE),
	};

	p.comm = snap_string(s, t->comm, strnlen(t->comm, sizeof(t->comm)));
	o->proc = snap_proc(s, &p);
	if (o->proc)
		snap_lives_in(s, o->proc, (uint32_t)o->netns);
}

static bool is_of_task(const struct procfs_owners *o, uint32_t pid)
{
	return o->proc && (uint32_t)o->snap->procs.v[o->proc].pid == pid;
}

static void take_fd(struct procfs_owners *o, const struct own_fd *f)
{
	struct lssock_owner owner = {
		.proc = o->proc, .fd = f->fd, .tid = f->tid, .how = f->how,
	};
	struct lssock_snap *s = o->snap;
	uint32_t rows;

	if (!is_of_task(o, f->pid) || f->how > LSSOCK_HOW_MAPPED) {
		o->bad++;
		return;
	}
	rows = s->owners.n;
	snap_owner(s, f->inode, &owner);
	if (o->kind && s->owners.n > rows)
		kinds_set(&s->kinds, rows, o->kind);
	if (o->cookie)
		kinds_set_cookie(&s->kinds, f->inode, o->cookie);
	o->cookie = 0;
}

/* The second look meets the same closed doors: each counts once. */
static bool gap_is_new(struct lssock_snap *s, uint32_t err, uint32_t pid)
{
	uint32_t *slot = index_put(&s->by_gap, (uint64_t)pid << 32 | err);

	if (!slot || *slot != INDEX_NONE)
		return false;
	*slot = 0;
	return true;
}

static void take_gap(struct procfs_owners *o, uint32_t err, uint32_t pid)
{
	struct lssock_snap *s = o->snap;

	if (err == ESRCH) {
		o->vanished++;
		snap_note(s, LSSOCK_NOTE_VANISHED_PROC, 0, 0, 1, NULL);
		return;
	}
	if (err != EAGAIN)
		o->unreadable++;
	if (!gap_is_new(s, err, pid))
		return;
	if (err == EAGAIN)
		snap_note(s, LSSOCK_NOTE_RING_BUSY, 0, 0, 1, NULL);
	else if (err == EMFILE || err == ENFILE || err == ENOMEM)
		snap_note(s, LSSOCK_NOTE_LIMIT, 0, (int)err, 1, "files open");
	else if (!pid)
		snap_note(s, LSSOCK_NOTE_NO_PROC, 0, (int)err, 1, NULL);
	else
		snap_note(s, LSSOCK_NOTE_UNREADABLE_PROC, 0, (int)err, 1, NULL);
}

static void take_in_flight(struct procfs_owners *o, const struct own_rec *r, const void *more)
{
	struct own_fd of;
	struct snap_in_flight f = { .proc = o->proc, .count = r->b, .fd = (int32_t)r->a };

	memcpy(&of, more, sizeof(of));
	if (!is_of_task(o, of.pid) || !of.inode || !r->b) {
		o->bad++;
		return;
	}
	f.inode = of.inode;
	snap_in_flight(o->snap, &f);
}

static void take_record(struct procfs_owners *o, const struct own_rec *r, const char *p)
{
	struct own_task t;

	switch (r->type) {
	case OWN_TASK:
		memcpy(&t, p, sizeof(t));
		take_task(o, &t);
		break;
	case OWN_NET:
		o->netns = r->a;
		break;
	case OWN_GAP:
		take_gap(o, r->a, r->b);
		break;
	case OWN_IN_FLIGHT:
		take_in_flight(o, r, p + sizeof(*r));
		break;
	case OWN_STAT:
		o->fds += r->a;
		o->procs += r->b;
		break;
	case OWN_BY:
		o->collector = r->a <= LSSOCK_COLLECTOR_BPF ? (uint8_t)r->a : 0;
		o->bpf_err = r->b <= 4095 ? (int)r->b : 0;
		break;
	case OWN_SOCK:
		o->kind = kinds_row(&o->snap->kinds, r->a, r->b);
		break;
	case OWN_RING:
	case OWN_SEEN:
		break;
	case OWN_COOKIE:
		o->cookie = (uint64_t)r->b << 32 | r->a;
		break;
	default:
		o->bad++;
	}
}

int procfs_owner_stream(void *owners, const void *bytes, size_t len)
{
	struct procfs_owners *o = owners;
	const char *p = bytes, *end = p + len;

	while ((size_t)(end - p) >= sizeof(struct own_rec)) {
		struct own_rec r;
		struct own_fd f;
		size_t size = sizeof(r);

		memcpy(&r, p, sizeof(r));
		if (r.zero) {
			memcpy(&f, p, sizeof(f));
			take_fd(o, &f);
		} else {
			if (r.type == OWN_TASK)
				size = sizeof(struct own_task);
			else if (r.type == OWN_IN_FLIGHT)
				size = 2 * sizeof(r);
			if ((size_t)(end - p) < size)
				break;
			take_record(o, &r, p);
		}
		p += size;
	}
	if (p != end)
		o->bad++;
	return o->snap->failed ? -ENOMEM : 0;
}
