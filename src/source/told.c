/* SPDX-License-Identifier: MIT */
/* Writing the owner stream of the walk: records, gaps, and who a process is. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "source/scan.h"

void scan_flush(struct scan *sc)
{
	int r = sc->out_len && !sc->err ? sc->fn(sc->ctx, sc->out, sc->out_len) : 0;

	if (r < 0)
		sc->err = r;
	sc->out_len = 0;
}

void scan_put(struct scan *sc, const void *rec, uint32_t len)
{
	if (sc->out_len + len > sizeof(sc->out))
		scan_flush(sc);
	memcpy(sc->out + sc->out_len, rec, len);
	sc->out_len += len;
}

void scan_put_rec(struct scan *sc, uint32_t type, uint32_t a, uint32_t b)
{
	struct own_rec rec = { .type = type, .a = a, .b = b };

	scan_put(sc, &rec, sizeof(rec));
}

void scan_gap(struct scan *sc, struct task *t, int err)
{
	if (t->gap)
		return;
	t->gap = err == -ENOENT && t->pid ? ESRCH : err == -ENFILE ? EMFILE : -err;
	scan_put_rec(sc, OWN_GAP, (uint32_t)t->gap, (uint32_t)t->pid);
}

const char *scan_below(const struct task *t, const char *name)
{
	return t->in_fds ? name : name + 3;
}

int scan_read(struct scan *sc, const struct task *t, const char *name, size_t limit)
{
	buf_reset(&sc->text);
	sc->calls += READ_CALLS;
	return io_read_at(t->dir, scan_below(t, name), &sc->text, limit);
}

int scan_stat(struct scan *sc, const struct task *t, struct procfs_stat *ret)
{
	sc->calls += STAT_CALLS;
	return procscan_stat_at(t->dir, scan_below(t, "../stat"), ret);
}

int scan_stat_of(struct scan *sc, const struct task *t, const char *name, struct stat *ret)
{
	sc->calls++;
	return proc_stat_at(t->dir, scan_below(t, name), 0, ret);
}

/* The owner of /proc/PID is the effective uid, of non-dumpable processes too
 * (task_dump_owner spares directories of mode 0555). A copy of a tree has its
 * own owners. */
static int effective_uid(struct scan *sc, const struct task *t, uint32_t *ret)
{
	struct stat st;
	int r;

	if (!sc->s->real) {
		r = scan_read(sc, t, "../status", 65536);
		if (r == 0 && procfs_status_uid(sc->text.data, sc->text.len, ret))
			return 0;
		if (r < 0 && r != -ENOENT)
			return r;
	}
	r = scan_stat_of(sc, t, "../.", &st);
	if (r == 0)
		*ret = st.st_uid;
	return r;
}

static void read_comm(struct scan *sc, const struct task *t, struct procfs_stat *st)
{
	if (scan_read(sc, t, "../comm", 256) == 0)
		procfs_comm(sc->text.data, sc->text.len, st);
}

static void tell_netns(struct scan *sc, const struct task *t)
{
	char link[64];
	int n = proc_link_at(t->dir, scan_below(t, "../ns/net"), link, sizeof(link));
	uint64_t ino = n > 0 ? procfs_net_link(link, (size_t)n) : 0;

	sc->calls++;
	if (ino != sc->netns)
		scan_put_rec(sc, OWN_NET, (uint32_t)ino, 0);
	sc->netns = ino;
}

bool scan_tell(struct scan *sc, struct task *t)
{
	struct own_task rec = { .type = OWN_TASK, .pid = t->pid };
	struct procfs_stat st;
	int r;

	if (t->told)
		return true;
	if (t->stop)
		return false;
	r = scan_stat(sc, t, &st);
	if (r == 0)
		r = effective_uid(sc, t, &rec.uid);
	if (r == 0 && procfs_comm_is_unsure(&st))
		read_comm(sc, t, &st);
	if (r < 0) {
		scan_gap(sc, t, r);
		t->stop = true;
		return false;
	}
	rec.ppid = st.ppid;
	rec.flags = (st.flags & PF_KTHREAD ? LSSOCK_P_KTHREAD : 0) |
		    (st.state == 'Z' || st.state == 'X' ? LSSOCK_P_ZOMBIE : 0);
	rec.start_ns = st.start_ticks * sc->s->ns_per_tick;
	memcpy(rec.comm, st.comm,
	       st.comm_len < sizeof(rec.comm) ? st.comm_len : sizeof(rec.comm));
	tell_netns(sc, t);
	scan_put(sc, &rec, sizeof(rec));
	t->told = true;
	return true;
}
