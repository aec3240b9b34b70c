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
#include "source/parts.h"
#include "wire/procfs.h"

#define PF_KTHREAD 0x00200000u	/* include/linux/sched.h */
#define RING_LINK "anon_inode:[io_uring]"
#define RING_TRIES 5
#define RING_PAUSE_NS 1000000
#define TEXT_MAX (16u << 20)	/* of an fdinfo */
#define MAPS_MAX (256u << 20)
#define OUT_SIZE 32768

#define READ_CALLS 4		/* of io_read_at for a small file */
#define STAT_CALLS 3
#define FIRST_FD 2		/* where the entry of fd 0 is: behind . and .. */
#define FIRST_ROOM 4096		/* for entries: about 170 */
#define MANY 128		/* fds: then numbers are tried */
#define GAP_MAX 4		/* so many in a row are not open */

/* ---- writing the stream ------------------------------------------------- */

struct scan {
	const struct procscan *s;
	chunk_fn fn;
	void *ctx;
	int err;			/* of fn, or out of memory: ends the scan */
	bool deep, maps, new_only;
	uint32_t fds, procs;
	uint64_t calls;			/* of the system */
	uint64_t netns;			/* of the last NET record */
	uint32_t out_len;
	struct { struct own_fd *v; uint32_t n, cap; } table;	/* one thread's */
	struct { uint64_t *v; uint32_t n, cap; } tables;	/* hashes of those seen */
	struct { uint32_t *v; uint32_t n, cap; } inodes;	/* with maps: held by fds */
	struct numbers tids;
	struct buf text;
	/* from here on not zeroed: each of many small scans has one of these */
	struct dents dents;
	_Alignas(8) char out[OUT_SIZE];
};

struct task {
	int dir;			/* of the process; in_fds: of its fds, the scan's */
	bool in_fds;
	int32_t pid;
	uint32_t tid;			/* whose table is read, 0: the process's */
	uint32_t entries, lost;		/* lost: not there when their link was read */
	uint64_t hash;			/* of the sockets in the table */
	bool told, stop;
	int gap;
};

static void flush(struct scan *sc)
{
	int r = sc->out_len && !sc->err ? sc->fn(sc->ctx, sc->out, sc->out_len) : 0;

	if (r < 0)
		sc->err = r;
	sc->out_len = 0;
}

static void put(struct scan *sc, const void *rec, uint32_t len)
{
	if (sc->out_len + len > sizeof(sc->out))
		flush(sc);
	memcpy(sc->out + sc->out_len, rec, len);
	sc->out_len += len;
}

static void put_rec(struct scan *sc, uint32_t type, uint32_t a, uint32_t b)
{
	struct own_rec rec = { .type = type, .a = a, .b = b };

	put(sc, &rec, sizeof(rec));
}

/* One gap per process; whatever failed first is why. */
static void gap(struct scan *sc, struct task *t, int err)
{
	if (t->gap)
		return;
	t->gap = err == -ENOENT && t->pid ? ESRCH : err == -ENFILE ? EMFILE : -err;
	put_rec(sc, OWN_GAP, (uint32_t)t->gap, (uint32_t)t->pid);
}

/* What is written "../NAME" here is below the process. */
static const char *below(const struct task *t, const char *name)
{
	return t->in_fds ? name : name + 3;
}

static int read_file(struct scan *sc, const struct task *t, const char *name, size_t limit)
{
	buf_reset(&sc->text);
	sc->calls += READ_CALLS;
	return io_read_at(t->dir, below(t, name), &sc->text, limit);
}

static int read_stat(struct scan *sc, const struct task *t, struct procfs_stat *ret)
{
	sc->calls += STAT_CALLS;
	return procscan_stat_at(t->dir, below(t, "../stat"), ret);
}

static int stat_below(struct scan *sc, const struct task *t, const char *name, struct stat *ret)
{
	sc->calls++;
	return proc_stat_at(t->dir, below(t, name), 0, ret);
}

/* The owner of /proc/PID is the effective uid, of non-dumpable processes too
 * (task_dump_owner spares directories of mode 0555). A copy of a tree has its
 * own owners. */
static int effective_uid(struct scan *sc, const struct task *t, uint32_t *ret)
{
	struct stat st;
	int r;

	if (!sc->s->real) {
		r = read_file(sc, t, "../status", 65536);
		if (r == 0 && procfs_status_uid(sc->text.data, sc->text.len, ret))
			return 0;
		if (r < 0 && r != -ENOENT)
			return r;
	}
	r = stat_below(sc, t, "../.", &st);
	if (r == 0)
		*ret = st.st_uid;
	return r;
}

static void read_comm(struct scan *sc, const struct task *t, struct procfs_stat *st)
{
	if (read_file(sc, t, "../comm", 256) == 0)
		procfs_comm(sc->text.data, sc->text.len, st);
}

static void tell_netns(struct scan *sc, const struct task *t)
{
	char link[64];
	int n = proc_link_at(t->dir, below(t, "../ns/net"), link, sizeof(link));
	uint64_t ino = n > 0 ? procfs_net_link(link, (size_t)n) : 0;

	sc->calls++;
	if (ino != sc->netns)
		put_rec(sc, OWN_NET, (uint32_t)ino, 0);
	sc->netns = ino;
}

/* Says who it is, once, before the first thing it holds. False: it cannot be
 * said, so what it holds may not be either. */
static bool tell(struct scan *sc, struct task *t)
{
	struct own_task rec = { .type = OWN_TASK, .pid = t->pid };
	struct procfs_stat st;
	int r;

	if (t->told)
		return true;
	if (t->stop)
		return false;
	r = read_stat(sc, t, &st);
	if (r == 0)
		r = effective_uid(sc, t, &rec.uid);
	if (r == 0 && procfs_comm_is_unsure(&st))
		read_comm(sc, t, &st);
	if (r < 0) {
		gap(sc, t, r);
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
	put(sc, &rec, sizeof(rec));
	t->told = true;
	return true;
}

/* ---- what a first look leaves out --------------------------------------- */

struct held { struct scan *sc; struct task *t; int32_t fd; };

static void ring_file(void *ctx, uint32_t inode)
{
	struct held *h = ctx;
	struct own_fd rec = {
		.inode = inode, .pid = (uint32_t)h->t->pid, .fd = h->fd, .tid = h->t->tid,
		.how = LSSOCK_HOW_RING,
	};

	if (inode && tell(h->sc, h->t))
		put(h->sc, &rec, sizeof(rec));
}

static int read_fdinfo(struct scan *sc, struct task *t, int32_t fd)
{
	char path[PROC_PATH];

	buf_reset(&sc->text);
	sc->calls += READ_CALLS;
	return io_read_at(t->dir, proc_path(path, 0, t->tid, "fdinfo/", fd), &sc->text,
			  TEXT_MAX);
}

static bool is_gone(int err)
{
	return err == -ENOENT || err == -ESRCH;
}

/* io_uring leaves its files out while its lock is held (io_uring_show_fdinfo
 * only tries it): not there is not none. */
static void look_into_ring(struct scan *sc, struct task *t, int32_t fd)
{
	static const struct timespec pause = { .tv_nsec = RING_PAUSE_NS };
	struct held h = { sc, t, fd };
	int try, r = -EAGAIN;

	for (try = 0; r == -EAGAIN && try < RING_TRIES; try++) {
		if (try)
			nanosleep(&pause, NULL);
		r = read_fdinfo(sc, t, fd);
		if (r == 0)
			r = procfs_ring_files(sc->text.data, sc->text.len, ring_file, &h);
	}
	if (r < 0 && !is_gone(r))
		gap(sc, t, r);
}

/* Descriptors in flight lie in the receive queue of a unix socket. */
static void look_into_queue(struct scan *sc, struct task *t, int32_t fd, uint32_t inode)
{
	struct own_fd tail = { .inode = inode, .pid = (uint32_t)t->pid };
	int r = read_fdinfo(sc, t, fd);
	uint32_t count;

	if (r < 0) {
		if (!is_gone(r))
			gap(sc, t, r);
		return;
	}
	count = procfs_scm_fds(sc->text.data, sc->text.len);
	if (!count || !tell(sc, t))
		return;
	if (sc->out_len + sizeof(struct own_rec) + sizeof(tail) > sizeof(sc->out))
		flush(sc);	/* the two belong together */
	put_rec(sc, OWN_IN_FLIGHT, (uint32_t)fd, count);
	put(sc, &tail, sizeof(tail));
}

static void mapped_socket(void *ctx, uint32_t inode)
{
	struct held *h = ctx;
	struct own_fd rec = {
		.inode = inode, .pid = (uint32_t)h->t->pid, .fd = -1, .how = LSSOCK_HOW_MAPPED,
	};
	uint32_t i;

	for (i = 0; i < h->sc->inodes.n; i++)
		if (h->sc->inodes.v[i] == inode)
			return;
	if (inode && tell(h->sc, h->t))
		put(h->sc, &rec, sizeof(rec));
}

static void look_into_maps(struct scan *sc, struct task *t)
{
	struct held h = { sc, t, -1 };
	int r;

	r = read_file(sc, t, "../maps", MAPS_MAX);
	if (r == 0)
		procfs_map_sockets(sc->text.data, sc->text.len, mapped_socket, &h);
	else if (!is_gone(r))	/* of a zombie or kernel thread it is ESRCH */
		gap(sc, t, r);
}

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
	else if (tell(sc, t))
		put(sc, &rec, sizeof(rec));
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
		look_into_queue(sc, t, fd, inode);
}

static void look_at_fd(struct scan *sc, struct task *t, const char *name, int32_t fd)
{
	char link[64];
	int n = proc_link_at(sc->dents.fd, name, link, sizeof(link));
	uint32_t inode;

	t->entries++;
	if (n < 0) {
		/* closed meanwhile, or a path no page can hold: no socket */
		if (is_gone(n) || n == -ENAMETOOLONG) {
			t->lost += is_gone(n);
			return;
		}
		gap(sc, t, n);
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
		look_into_ring(sc, t, fd);
	}
}

static bool is_dense(uint32_t entries, int32_t next)
{
	return entries >= MANY && (uint32_t)next <= entries + entries / 8;
}

/* Large tables are dense: to ask for one number after the other spares the list
 * of them, which costs half as much as the links. Where there are too many holes,
 * or that was the last, the list goes on: so none is left out. */
static void try_numbers(struct scan *sc, struct task *t, int32_t fd)
{
	char name[PROC_PATH];
	uint32_t lost, row = 0;
	int32_t first = fd;

	for (; row < GAP_MAX && is_dense(t->entries - t->lost, fd); fd++) {
		if (sc->err || t->stop)
			return;
		lost = t->lost;
		look_at_fd(sc, t, proc_path(name, 0, 0, "", fd), fd);
		row = t->lost > lost ? row + 1 : 0;
	}
	sc->calls += (uint32_t)(fd - first);
	if (lseek(sc->dents.fd, FIRST_FD + fd, SEEK_SET) < 0)
		gap(sc, t, -errno);
}

/* Of the process, or of thread t->tid. -errno: it cannot be opened. */
static int read_table(struct scan *sc, struct task *t)
{
	char path[PROC_PATH];
	const char *name;
	int r = 0;

	t->hash = t->entries = t->lost = 0;
	if (!t->in_fds)
		r = dents_open(&sc->dents, t->dir, proc_path(path, 0, t->tid, "fd", -1));
	if (r < 0)
		return r;
	sc->dents.room = FIRST_ROOM;
	while (!sc->err && !t->stop && (name = dents_next(&sc->dents))) {
		int32_t fd = proc_number(name);

		sc->dents.room = sizeof(sc->dents.bytes);
		if (*name == '.')
			continue;
		look_at_fd(sc, t, name, fd);
		sc->calls++;
		if (sc->s->real && sc->dents.at >= sc->dents.len &&
		    is_dense(t->entries - t->lost, fd + 1))
			try_numbers(sc, t, fd + 1);
	}
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

	if (!sc->table.n || !table_is_new(sc, t->hash) || !tell(sc, t))
		return;
	for (i = 0; i < sc->table.n; i++)
		put(sc, &sc->table.v[i], sizeof(sc->table.v[i]));
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
	if (r < 0 && !is_gone(r) &&
	    !(sc->s->fd_sizes &&
	      proc_stat_at(t->dir, proc_path(path, 0, t->tid, "fd", -1), 0, &st) == 0 &&
	      st.st_size == 0))
		gap(sc, t, r);
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
	if (sc->s->real && stat_below(sc, t, "../task", &st) == 0 &&
	    st.st_nlink <= PROC_ALONE)
		return;
	sc->tids.n = 0;
	r = leave_fds(sc, t);
	if (r == 0)
		r = dents_numbers(&sc->dents, t->dir, "task", &sc->tids);
	if (r == -ENOMEM)
		out_of_memory(sc);
	else if (r < 0 && (sc->s->real || !is_gone(r)))
		gap(sc, t, r);
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

/* The leader ended while its table was read; its threads hold the rest. */
static bool leader_left(struct scan *sc, const struct task *t)
{
	struct procfs_stat st;

	if (t->lost == t->entries)
		return true;
	return t->lost && read_stat(sc, t, &st) == 0 &&
	       (st.state == 'Z' || st.state == 'X');
}

static bool is_new(struct scan *sc, const struct task *t)
{
	struct procfs_stat st;

	if (!sc->s->since_ns || read_stat(sc, t, &st) < 0)
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
		gap(sc, t, r);
	if (t->gap || sc->err)
		return;
	if (sc->deep && !none)
		table_is_new(sc, t->hash);
	if (sc->deep || none)
		read_threads(sc, t, !none);
	if (sc->maps && !t->gap && !sc->err)
		look_into_maps(sc, t);
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

	sc->procs++;
	sc->tables.n = sc->inodes.n = 0;
	r = open_task(sc, &t);
	if (r < 0)
		gap(sc, &t, r);
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
	put_rec(sc, OWN_STAT, sc->fds, sc->procs);
	flush(sc);
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
	uint64_t fds;
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
	if (want.n_pids)
		r = pids_asked(&want, arg, arg_len, &pids);
	else
		r = procscan_list(s, FDS_MANY, &pids, &fds);
	if (r == -ENOMEM || r == -EINVAL)
		sc->err = r;
	else if (r < 0)
		gap(sc, &all, r);
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
