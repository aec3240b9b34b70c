/* SPDX-License-Identifier: MIT */
/*
 * The walk over /proc: which process holds which socket, as an owner stream.
 * Everything about a process is read through one directory fd that was opened
 * once, so nothing can be blamed on another process that got its pid: for a first
 * look that of its fds, whose parent stays its own. Links of fds are only read,
 * never followed: what they lead to may be a dead mount. At most three fds are
 * open at a time. Details of one process: procinfo.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "source/scan.h"

#define RING_LINK "anon_inode:[io_uring]"
#define FIRST_FD 2		/* where the entry of fd 0 is: behind . and .. */
#define FIRST_ROOM 4096		/* for entries: about 170 */
#define MANY 128		/* fds: then numbers are tried */
#define GAP_MAX 4		/* so many in a row are not open */

/* ---- one fd table ------------------------------------------------------- */

static void out_of_memory(struct scan *sc)
{
	if (!sc->err)
		sc->err = -ENOMEM;
}

static void take_socket(struct scan *sc, struct task *t, int32_t fd, uint32_t inode)
{
	struct own_fd rec = {
		.inode = inode, .pid = (uint32_t)t->pid, .fd = fd, .tid = t->tid,
		.how = LSSOCK_HOW_FD,
	}, *kept = &rec;
	uint32_t *held;

	if (t->tid)
		kept = vec_push(&sc->table);	/* it may prove to be a shared one */
	else if (scan_tell(sc, t))
		scan_put(sc, &rec, sizeof(rec));
	if (kept)
		*kept = rec;
	else
		out_of_memory(sc);
	if (!sc->deep)
		return;
	t->hash = hash_u64(t->hash ^ ((uint64_t)inode << 32 | (uint32_t)fd));
	held = sc->maps ? vec_push(&sc->inodes) : NULL;
	if (held)
		*held = inode;
	else if (sc->maps)
		out_of_memory(sc);
	if (!sc->new_only && (!sc->s->queued || index_get(sc->s->queued, inode) != INDEX_NONE))
		scan_queue(sc, t, fd, inode);
}

static void look_at_fd(struct scan *sc, struct task *t, const char *name, int32_t fd)
{
	char link[64];
	int n = proc_link_at(sc->dents.fd, name, link, sizeof(link));
	uint32_t inode;

	t->entries++;
	if (n < 0) {
		/* closed meanwhile, or a path no page can hold: no socket */
		if (scan_is_gone(n) || n == -ENAMETOOLONG) {
			t->lost += scan_is_gone(n);
			return;
		}
		scan_gap(sc, t, n);
		t->stop = t->stop || n == -EACCES || n == -EPERM;
		return;
	}
	sc->fds++;
	if (n > 8 && !memcmp(link, "socket:[", 8)) {
		inode = procfs_socket_link(link, (size_t)n);
		if (inode)
			take_socket(sc, t, fd, inode);
	} else if (sc->deep && n == sizeof(RING_LINK) - 1 &&
		   !memcmp(link, RING_LINK, (size_t)n)) {
		scan_ring(sc, t, fd);
	}
}

static bool is_dense(const struct scan *sc, const struct task *t, int32_t next)
{
	uint32_t found = t->entries - t->lost;

	return found >= MANY && (uint32_t)next - sc->from <= found + found / 8;
}

static bool is_beyond(const struct scan *sc, int32_t fd)
{
	return sc->to && (uint32_t)fd >= sc->to;
}

static void list_from(struct scan *sc, struct task *t, int32_t fd)
{
	sc->calls++;
	if (lseek(sc->dents.fd, FIRST_FD + (off_t)fd, SEEK_SET) < 0)
		scan_gap(sc, t, -errno);
}

/* Large tables are dense: to ask for one number after the other spares the list
 * of them, which costs half as much as the links. Where there are too many holes,
 * or that was the last, the list goes on: so none is left out. */
static void try_numbers(struct scan *sc, struct task *t, int32_t fd)
{
	char name[PROC_PATH];
	uint32_t lost, row = 0;
	int32_t first = fd;

	for (; row < GAP_MAX && is_dense(sc, t, fd) && !is_beyond(sc, fd); fd++) {
		if (sc->err || t->stop)
			return;
		lost = t->lost;
		look_at_fd(sc, t, proc_path(name, 0, 0, "", fd), fd);
		row = t->lost > lost ? row + 1 : 0;
	}
	sc->calls += (uint32_t)(fd - first);
	list_from(sc, t, fd);
}

static void read_entries(struct scan *sc, struct task *t)
{
	const char *name;

	sc->dents.room = FIRST_ROOM;
	while (!sc->err && !t->stop && (name = dents_next(&sc->dents))) {
		int32_t fd = proc_number(name);

		sc->dents.room = sizeof(sc->dents.bytes);
		if (*name == '.')
			continue;
		if (is_beyond(sc, fd))
			break;
		look_at_fd(sc, t, name, fd);
		sc->calls++;
		if (sc->s->real && sc->dents.at >= sc->dents.len &&
		    is_dense(sc, t, fd + 1))
			try_numbers(sc, t, fd + 1);
	}
}

/* Of the process, or of thread t->tid. -errno: it cannot be opened. */
static int read_table(struct scan *sc, struct task *t)
{
	char path[PROC_PATH];
	int r = 0;

	t->hash = t->entries = t->lost = 0;
	if (!t->in_fds)
		r = dents_open(&sc->dents, t->dir, proc_path(path, 0, t->tid, "fd", -1));
	if (r < 0)
		return r;
	if (sc->from)
		list_from(sc, t, (int32_t)sc->from);
	read_entries(sc, t);
	r = sc->dents.err;	/* ENOENT: it ended while being read */
	sc->calls += sc->dents.calls + 1;
	if (!t->in_fds)
		dents_close(&sc->dents);
	return r;
}

/* ---- threads ------------------------------------------------------------ */

static bool table_is_new(struct scan *sc, uint64_t hash)
{
	uint64_t *slot;
	uint32_t i;

	for (i = 0; i < sc->tables.n; i++)
		if (sc->tables.v[i] == hash)
			return false;
	slot = vec_push(&sc->tables);
	if (slot)
		*slot = hash;
	else
		out_of_memory(sc);
	return true;
}

static void put_table(struct scan *sc, struct task *t)
{
	uint32_t i;

	if (!sc->table.n || !table_is_new(sc, t->hash) || !scan_tell(sc, t))
		return;
	for (i = 0; i < sc->table.n; i++)
		scan_put(sc, &sc->table.v[i], sizeof(sc->table.v[i]));
}

/* A table equal to one already told of is taken for the same: kcmp may not be
 * allowed, and equal contents add no holder. */
static void read_thread(struct scan *sc, struct task *t, int32_t tid, bool compare)
{
	struct stat st;
	char path[PROC_PATH];
	long k = -1;
	int r;

	if (compare && sc->s->own_pids)
		k = syscall(SYS_kcmp, t->pid, tid, KCMP_FILES, 0, 0);
	if (k == 0)
		return;
	t->tid = (uint32_t)tid;
	t->hash = 0;
	sc->table.n = 0;
	r = read_table(sc, t);
	if (r < 0 && !scan_is_gone(r) &&
	    !(sc->s->fd_sizes &&
	      proc_stat_at(t->dir, proc_path(path, 0, t->tid, "fd", -1), 0, &st) == 0 &&
	      st.st_size == 0))
		scan_gap(sc, t, r);
	put_table(sc, t);
	t->tid = 0;
}

/* Where more than fds is looked at: the directory of the process in their place. */
static int leave_fds(struct scan *sc, struct task *t)
{
	if (!t->in_fds)
		return 0;
	t->dir = proc_open_at(sc->dents.fd, "..", O_PATH | O_DIRECTORY);
	t->in_fds = false;
	dents_close(&sc->dents);
	sc->calls++;
	return t->dir < 0 ? t->dir : 0;
}

/* Threads can have fd tables of their own; that of a leader that ended is gone
 * while its threads live on. */
static void read_threads(struct scan *sc, struct task *t, bool compare)
{
	struct stat st;
	uint32_t i;
	int r;

	/* proc_task_getattr counts the threads into the links */
	if (sc->s->real && scan_stat_of(sc, t, "../task", &st) == 0 &&
	    st.st_nlink <= PROC_ALONE)
		return;
	sc->tids.n = 0;
	r = leave_fds(sc, t);
	if (r == 0)
		r = dents_numbers(&sc->dents, t->dir, "task", &sc->tids);
	if (r == -ENOMEM)
		out_of_memory(sc);
	else if (r < 0 && (sc->s->real || !scan_is_gone(r)))
		scan_gap(sc, t, r);
	for (i = 0; i < sc->tids.n && !sc->err && !t->stop; i++)
		if (sc->tids.v[i] != t->pid)
			read_thread(sc, t, sc->tids.v[i], compare);
}

/* ---- processes ---------------------------------------------------------- */

/* Whether an unreadable fd directory hides nothing: kernel threads, zombies. */
static bool has_no_fds(struct scan *sc, int dir)
{
	struct procfs_stat ps;
	struct stat st;

	if (sc->s->fd_sizes)
		return proc_stat_at(dir, "fd", 0, &st) == 0 && st.st_size == 0;
	return procscan_stat(dir, &ps) == 0 &&
	       ((ps.flags & PF_KTHREAD) || ps.state == 'Z' || ps.state == 'X');
}

/* The leader ended while its table was read; its threads hold the rest. That is
 * the business of who reads the first part; should it end later, the second look
 * finds what is missing. */
static bool leader_left(struct scan *sc, const struct task *t)
{
	struct procfs_stat st;

	if (sc->from)
		return false;
	if (t->lost == t->entries)
		return true;
	return t->lost && scan_stat(sc, t, &st) == 0 &&
	       (st.state == 'Z' || st.state == 'X');
}

static bool is_new(struct scan *sc, const struct task *t)
{
	struct procfs_stat st;

	if (!sc->s->since_ns || scan_stat(sc, t, &st) < 0)
		return true;
	return st.start_ticks * sc->s->ns_per_tick + sc->s->ns_per_tick >= sc->s->since_ns;
}

static void read_process(struct scan *sc, struct task *t)
{
	int r = read_table(sc, t);
	bool none = r == 0 && leader_left(sc, t);

	if ((r == -EACCES || r == -EPERM) && has_no_fds(sc, t->dir)) {
		r = 0;
		none = true;
	}
	if (r < 0)
		scan_gap(sc, t, r);
	if (t->gap || sc->err)
		return;
	if (sc->deep && !none)
		table_is_new(sc, t->hash);
	if (sc->deep || none)
		read_threads(sc, t, !none);
	if (sc->maps && !t->gap && !sc->err)
		scan_maps(sc, t);
}

/* A first look at a process that lets us needs no more than its fds. */
static int open_task(struct scan *sc, struct task *t)
{
	char path[PROC_PATH];

	if (!sc->deep) {
		proc_path(path, t->pid, 0, "fd", -1);
		t->in_fds = dents_open(&sc->dents, sc->s->proc_fd, path) == 0;
	}
	sc->calls++;
	t->dir = sc->dents.fd;
	if (t->in_fds)
		return 0;
	sc->calls += 2;
	t->dir = proc_open_at(sc->s->proc_fd, proc_path(path, 0, 0, "", t->pid),
			      O_PATH | O_DIRECTORY);
	return t->dir < 0 ? t->dir : 0;
}

static void scan_process(struct scan *sc, int32_t pid)
{
	struct task t = { .pid = pid };
	int r;

	sc->procs += !sc->from;
	sc->tables.n = sc->inodes.n = 0;
	r = open_task(sc, &t);
	if (r < 0)
		scan_gap(sc, &t, r);
	else if (!sc->new_only || is_new(sc, &t))
		read_process(sc, &t);
	if (t.in_fds)
		dents_close(&sc->dents);
	else if (t.dir >= 0)
		close(t.dir);
}

static int pids_asked(const struct ask_owners *want, const void *arg, size_t arg_len,
		      struct numbers *ret)
{
	const char *at = (const char *)arg + sizeof(*want);
	uint32_t i;

	if (want->n_pids > (arg_len - sizeof(*want)) / sizeof(int32_t))
		return -EINVAL;
	for (i = 0; i < want->n_pids; i++) {
		int32_t *slot = vec_push(ret);

		if (!slot)
			return -ENOMEM;
		memcpy(slot, at + i * sizeof(*slot), sizeof(*slot));
	}
	return 0;
}

static void scan_pids(struct scan *sc, const struct numbers *pids)
{
	uint32_t i;

	for (i = 0; i < pids->n && !sc->err; i++)
		if (pids->v[i] > 0)
			scan_process(sc, pids->v[i]);
	scan_put_rec(sc, OWN_STAT, sc->fds, sc->procs);
	scan_flush(sc);
	if (sc->s->calls)
		atomic_fetch_add(sc->s->calls, sc->calls);
}

static int scan(const struct procscan *s, const struct ask_owners *arg, size_t arg_len,
		bool deep, chunk_fn fn, void *ctx)
{
	struct ask_owners want = { 0 };
	struct numbers pids = { 0 };
	struct task all = { 0 };
	struct scan *sc = mem_realloc(NULL, sizeof(*sc));
	int r = 0;

	if (!sc)
		return -ENOMEM;
	memset(sc, 0, offsetof(struct scan, dents));
	if (arg && arg_len >= sizeof(want))
		memcpy(&want, arg, sizeof(want));
	sc->s = s;
	sc->fn = fn;
	sc->ctx = ctx;
	sc->netns = UINT64_MAX;		/* nothing said yet, not even that it is not known */
	sc->deep = deep;
	sc->maps = deep && want.maps;
	sc->new_only = deep && want.new_only;
	if (s->real && !deep && want.n_pids == 1 && want.from <= INT32_MAX / 2) {
		sc->from = want.from;
		sc->to = want.to;
	}
	if (want.n_pids)
		r = pids_asked(&want, arg, arg_len, &pids);
	else
		r = procscan_list(s, &pids);
	if (!want.n_pids)
		procscan_drop_idle(s, FDS_MANY, &pids, NULL);
	if (r == -ENOMEM || r == -EINVAL)
		sc->err = r;
	else if (r < 0)
		scan_gap(sc, &all, r);
	scan_pids(sc, &pids);
	r = sc->err;
	vec_release(&pids);
	vec_release(&sc->table);
	vec_release(&sc->tables);
	vec_release(&sc->inodes);
	vec_release(&sc->tids);
	buf_release(&sc->text);
	mem_free(sc);
	return r;
}

int procscan_owners(const struct procscan *s, const struct ask_owners *arg, size_t arg_len,
		    chunk_fn fn, void *ctx)
{
	return scan(s, arg, arg_len, false, fn, ctx);
}

int procscan_holders(const struct procscan *s, const struct ask_owners *arg, size_t arg_len,
		     chunk_fn fn, void *ctx)
{
	return scan(s, arg, arg_len, true, fn, ctx);
}
