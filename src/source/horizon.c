/* SPDX-License-Identifier: MIT */
/*
 * Finds network namespaces: by processes, threads, mounts, names and open descriptors.
 * What one is, and ways into it, are in space.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/io.h"
#include "base/num.h"
#include "source/space.h"
#include "wire/procfs.h"

#define NAMED_DIR "/run/netns"
#define MOUNTINFO_MAX (64u << 20)

void horizon_init(struct horizon *h, int proc_fd)
{
	struct stat st;
	int self;

	*h = (struct horizon){ 0 };
	procscan_init(&h->scan, proc_fd);
	self = procscan_self(proc_fd);
	h->err = self < 0 ? self : proc_stat_at(self, "ns/net", 0, &st);
	if (h->err == 0) {
		h->dev = st.st_dev;
		h->own_ino = st.st_ino;
	}
	if (self < 0)
		return;
	if (proc_stat_at(self, "net/dev", 0, &st) == 0)
		h->own_key = st.st_ino;
	close(self);
}

/* Where ns/net may not be looked at, net/ may: its files have one inode number
 * per namespace (proc_net of struct net), enough to know our own. */
uint64_t horizon_key(int proc_fd, int32_t pid)
{
	char path[PROC_PATH];
	struct stat st;

	return proc_stat_at(proc_fd, proc_path(path, pid, 0, "net/dev", -1), 0, &st) == 0
		   ? st.st_ino
		   : 0;
}

struct finder {
	const struct horizon *h;
	struct spaces *list;
	struct index by_ino, mounts;	/* mounts: mount namespaces that were read */
	struct numbers pids, tids;
	struct buf text;
	struct dents dents;
	int32_t root;			/* whose mountinfo is read, 0: ours */
	bool trusted;			/* names in it are the administrator's */
	int err;
	uint32_t calls;			/* of the system, about */
};

static struct space *found(struct finder *f, uint64_t ino)
{
	uint32_t row = ino ? index_get(&f->by_ino, ino) : INDEX_NONE, *slot;
	struct space *s = NULL;

	if (row != INDEX_NONE)
		return &f->list->v[row];
	if (f->list->n < SPACES_MAX)
		s = vec_push(f->list);
	slot = s && ino ? index_put(&f->by_ino, ino) : NULL;
	if (slot)
		*slot = f->list->n - 1;
	if (!s || (ino && !slot)) {
		f->list->n -= s != NULL;
		f->err = -ENOMEM;
		return NULL;
	}
	s->ino = ino;
	return s;
}

/* What is gone or not ours to see is no failure; the rest may hide some. */
static void failed(struct finder *f, int err)
{
	if (err && err != -ENOENT && err != -ESRCH && err != -ENOTDIR && err != -EACCES &&
	    err != -EPERM && !f->err)
		f->err = err;
}

static void found_at(struct finder *f, uint64_t ino, const struct place *p)
{
	struct space *s = found(f, ino);

	if (s)
		space_place(s, p);
}

static void found_process(struct finder *f, uint64_t ino, int32_t pid)
{
	struct place p = { .kind = BY_PID, .pid = pid };
	struct space *s = ino ? found(f, ino) : NULL;

	if (!s)
		return;
	s->nprocs++;
	if (!s->pid || pid < s->pid)
		s->pid = pid;
	if (pid == 1)
		s->flags |= LSSOCK_NS_HOST;
	space_place(s, &p);
}

static void found_path(struct finder *f, uint64_t ino, const char *path, size_t len)
{
	static const char *const named[] = { NAMED_DIR "/", "/var/run/netns/" };
	struct place p = { .kind = BY_PATH, .pid = f->root };
	struct space *s = found(f, ino);
	size_t i;

	if (!s || memchr(path, '\0', len) || !(p.path = space_text(path, len)))
		return;
	space_place(s, &p);
	for (i = 0; i < 2 && f->trusted && !s->name; i++) {
		size_t dir = strlen(named[i]);

		if (len > dir && !memcmp(path, named[i], dir) &&
		    !memchr(path + dir, '/', len - dir))
			s->name = space_text(path + dir, len - dir);
	}
	if (!f->root && !s->path)
		s->path = space_text(path, len);
	mem_free(p.path);
}

static void mounted(void *ctx, const char *path, size_t len, uint64_t ino)
{
	found_path(ctx, ino, path, len);
}

static bool mounts_are_new(struct finder *f, int dirfd, const char *path)
{
	struct stat st;
	uint32_t *row;
	int r = proc_stat_at(dirfd, path, 0, &st);

	f->calls++;
	if (r < 0) {
		failed(f, r);
		return false;
	}
	row = index_put(&f->mounts, st.st_ino);
	if (!row || *row != INDEX_NONE)
		return false;
	*row = 0;
	return true;
}

static void read_mounts(struct finder *f, int dirfd, const char *path)
{
	int r;

	buf_reset(&f->text);
	f->calls += READ_CALLS;
	r = io_read_at(dirfd, path, &f->text, MOUNTINFO_MAX);
	if (r == 0)
		procfs_mount_netns(f->text.data, f->text.len, mounted, f);
	else
		failed(f, r);
}

static void find_own_mounts(struct finder *f)
{
	int self = procscan_self(f->h->scan.proc_fd);

	if (self < 0) {
		failed(f, self);
		return;
	}
	f->root = 0;
	f->trusted = true;
	mounts_are_new(f, self, "ns/mnt");
	read_mounts(f, self, "mountinfo");
	close(self);
}

/* Links that `ip netns` users put there are no mounts. */
static void find_named(struct finder *f)
{
	char path[sizeof(NAMED_DIR) + NAME_MAX + 1] = NAMED_DIR "/";
	size_t dir = sizeof(NAMED_DIR), len;
	const char *name;
	struct stat st;
	int r = dents_open(&f->dents, AT_FDCWD, NAMED_DIR);

	f->root = 0;
	f->trusted = true;
	if (r < 0) {
		failed(f, r);
		return;
	}
	while ((name = dents_next(&f->dents))) {
		len = strlen(name);
		if (*name == '.' || len > NAME_MAX)
			continue;
		memcpy(path + dir, name, len + 1);
		if (proc_stat_at(f->dents.fd, name, AT_NO_AUTOMOUNT, &st) == 0 &&
		    st.st_dev == f->h->dev)
			found_path(f, st.st_ino, path, dir + len);
	}
	dents_close(&f->dents);
}

static void find_of_process(struct finder *f, int32_t pid)
{
	int proc_fd = f->h->scan.proc_fd;
	char path[PROC_PATH];
	struct stat st;
	int r = proc_stat_at(proc_fd, proc_path(path, pid, 0, "ns/net", -1), 0, &st);

	f->calls++;
	if (r == -EACCES || r == -EPERM) {
		if (f->h->own_key && horizon_key(proc_fd, pid) == f->h->own_key)
			found_process(f, f->h->own_ino, pid);
		return;
	}
	if (r < 0)
		failed(f, r);
	else if (st.st_dev == f->h->dev)
		found_process(f, st.st_ino, pid);
	if (!mounts_are_new(f, proc_fd, proc_path(path, pid, 0, "ns/mnt", -1)))
		return;
	f->root = pid;
	f->trusted = pid == 1;
	read_mounts(f, proc_fd, proc_path(path, pid, 0, "mountinfo", -1));
}

static void find_of_threads(struct finder *f, int32_t pid)
{
	int proc_fd = f->h->scan.proc_fd;
	char path[PROC_PATH];
	struct stat st;
	uint32_t i;
	int r = proc_stat_at(proc_fd, proc_path(path, pid, 0, "task", -1), 0, &st);

	f->calls++;
	if (r == 0 && st.st_nlink <= 3)
		return;
	r = dents_numbers(&f->dents, proc_fd, path, &f->tids);
	f->calls += f->dents.calls + f->tids.n;
	if (r < 0)
		failed(f, r);
	for (i = 0; i < f->tids.n; i++) {
		struct place p = { .kind = BY_PID, .pid = pid, .tid = (uint32_t)f->tids.v[i] };

		if (proc_stat_at(proc_fd, proc_path(path, pid, p.tid, "ns/net", -1), 0, &st) ==
			0 &&
		    st.st_dev == f->h->dev)
			found_at(f, st.st_ino, &p);
	}
}

/* Whether it is the descriptor of a network namespace, by its link. */
static void find_at_fd(struct finder *f, const struct place *p, int dirfd, const char *name)
{
	char link[64];
	int len = proc_link_at(dirfd, name, link, sizeof(link));
	uint64_t ino = len > 5 && !memcmp(link, "net:[", 5) ?
		       procfs_net_link(link, (size_t)len) : 0;

	f->calls++;
	if (ino)
		found_at(f, ino, p);
}

static void find_in_fds(struct finder *f, int32_t pid)
{
	char path[PROC_PATH];
	const char *name;
	uint64_t fd;
	int r = dents_open(&f->dents, f->h->scan.proc_fd, proc_path(path, pid, 0, "fd", -1));

	if (r < 0) {
		failed(f, r);
		return;
	}
	while ((name = dents_next(&f->dents)))
		if (num_u64(name, strlen(name), INT32_MAX, &fd)) {
			const struct place p = { .kind = BY_FD, .pid = pid, .fd = (int32_t)fd };

			find_at_fd(f, &p, f->dents.fd, name);
		}
	failed(f, f->dents.err);
	f->calls += f->dents.calls;
	dents_close(&f->dents);
}

/* Where BPF saw open namespaces, and which processes it saw: those are done. */
static int find_held(struct finder *f, const struct bpf_look *held, struct index *done)
{
	char path[PROC_PATH];
	uint32_t i, *slot;

	for (i = 0; i < held->found.n; i++) {
		const struct fd_place *at = &held->found.v[i];
		const struct place p = { .kind = BY_FD, .pid = at->pid, .tid = at->tid,
					 .fd = at->fd };

		find_at_fd(f, &p, f->h->scan.proc_fd,
			   proc_path(path, at->pid, at->tid, "fd/", at->fd));
	}
	for (i = 0; i < held->seen.n; i++) {
		slot = index_put(done, (uint32_t)held->seen.v[i]);
		if (!slot)
			return -ENOMEM;
		*slot = i;
	}
	return 0;
}

static void find_deep(struct finder *f, const struct bpf_look *held)
{
	struct index done = { 0 };
	uint32_t i;
	int r = held ? find_held(f, held, &done) : 0;

	if (r < 0 && !f->err)
		f->err = r;
	for (i = 0; i < f->pids.n; i++) {
		find_of_threads(f, f->pids.v[i]);
		if (index_get(&done, (uint32_t)f->pids.v[i]) == INDEX_NONE)
			find_in_fds(f, f->pids.v[i]);
	}
	index_release(&done);
}

static void find_all(struct finder *f, bool deep, const struct bpf_look *held)
{
	struct space *own = found(f, f->h->own_ino);
	uint32_t i;
	int r;

	if (!own)
		return;
	own->flags = LSSOCK_NS_OWN;
	if (f->h->err < 0) {
		f->err = f->h->err;	/* no other can be told from ours */
		return;
	}
	find_own_mounts(f);
	find_named(f);
	if (f->h->scan.proc_fd < 0)
		return;
	r = dents_numbers(&f->dents, f->h->scan.proc_fd, ".", &f->pids);
	if (r < 0 && !f->err)
		f->err = r;
	for (i = 0; i < f->pids.n; i++)
		find_of_process(f, f->pids.v[i]);
	if (deep)
		find_deep(f, held);
}

int spaces_look(const struct horizon *h, bool deep, const struct bpf_look *held,
		struct spaces *ret, uint32_t *ret_calls)
{
	struct finder *f = mem_alloc(sizeof(*f));
	int r;

	if (!f)
		return -ENOMEM;
	f->h = h;
	f->list = ret;
	find_all(f, deep, held);
	r = f->err;
	*ret_calls = f->calls;
	index_release(&f->by_ino);
	index_release(&f->mounts);
	vec_release(&f->pids);
	vec_release(&f->tids);
	buf_release(&f->text);
	mem_free(f);
	return r;
}
