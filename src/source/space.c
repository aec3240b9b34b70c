/* SPDX-License-Identifier: MIT */
/*
 * A network namespace is remembered as places where it can be opened, not as an
 * open fd: there may be more of them than fds. Whatever is opened is compared with
 * the inode that was found. Finding them is horizon.c's business, going in visit.c's.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "source/space.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

/* ---- a namespace -------------------------------------------------------- */

char *space_text(const char *s, size_t len)
{
	char *p = mem_alloc(len + 1);

	if (p)
		memcpy(p, s, len);
	return p;
}

void space_release(struct space *s)
{
	uint32_t i;

	for (i = 0; i < s->n_places; i++)
		mem_free(s->places[i].path);
	mem_free(s->name);
	mem_free(s->path);
}

void spaces_release(struct spaces *l)
{
	uint32_t i;

	for (i = 0; i < l->n; i++)
		space_release(&l->v[i]);
	vec_release(l);
}

bool space_copy(const struct space *s, struct space *ret)
{
	uint32_t i;

	*ret = *s;
	ret->name = NULL;
	ret->path = s->path ? space_text(s->path, strlen(s->path)) : NULL;
	ret->n_places = 0;
	for (i = 0; i < s->n_places; i++) {
		struct place *p = &ret->places[ret->n_places];

		*p = s->places[i];
		if (p->path && !(p->path = space_text(p->path, strlen(p->path))))
			continue;
		ret->n_places++;
	}
	return ret->n_places == s->n_places && !ret->path == !s->path;
}

struct space *spaces_find(const struct spaces *l, uint64_t ino)
{
	uint32_t i;

	for (i = 0; i < l->n && ino; i++)
		if (l->v[i].ino == ino)
			return &l->v[i];
	return NULL;
}

void space_put(struct buf *b, const struct space *s)
{
	size_t name_len = s->name ? strlen(s->name) : 0,
	       path_len = s->path ? strlen(s->path) : 0;
	struct wire_ns rec = { 0 };
	size_t len;

	if (path_len > 65535)
		path_len = 0;
	if (name_len > 65535)
		name_len = 0;
	len = sizeof(rec) + name_len + path_len;
	rec.len = (uint32_t)(len + (-len & 7));
	rec.flags = s->flags;
	rec.name_len = (uint16_t)name_len;
	rec.path_len = (uint16_t)path_len;
	rec.ino = s->ino;
	rec.cookie = s->cookie;
	rec.pid = s->pid;
	rec.nprocs = s->nprocs;
	rec.err = s->err;
	buf_put(b, &rec, sizeof(rec));
	buf_put(b, s->name, name_len);
	buf_put(b, s->path, path_len);
	buf_fill(b, '\0', -len & 7);
}

/* ---- places ------------------------------------------------------------- */

/* The last place is left for what is not a process: processes end. */
void space_place(struct space *s, const struct place *p)
{
	uint32_t room = p->kind == BY_PID ? PLACES - 1 : PLACES;
	struct place own = *p;

	if (s->n_places >= room)
		return;
	if (p->path && !(own.path = space_text(p->path, strlen(p->path))))
		return;
	s->places[s->n_places++] = own;
}

/* A path fd opened for reading. The link is ours, so it cannot hang by itself. */
static int open_again(int proc_fd, int path_fd)
{
	char own[PROC_PATH];
	int self = procscan_self(proc_fd), fd = self;

	if (self >= 0) {
		proc_path(own, 0, 0, "fd/", path_fd);
		fd = proc_open_at(self, own, O_RDONLY | O_NONBLOCK | O_NOCTTY);
		close(self);
	}
	close(path_fd);
	return fd;
}

static int open_path(int proc_fd, const struct place *p)
{
	char own[PROC_PATH];
	int root, fd;

	if (!p->pid)
		return proc_open_at(AT_FDCWD, p->path, O_PATH);
	root =
	    proc_open_at(proc_fd, proc_path(own, p->pid, 0, "root", -1), O_PATH | O_DIRECTORY);
	if (root < 0)
		return root;
	fd = proc_open_inside(root, p->path, 0);
	close(root);
	return fd;
}

/* First whether it is a socket: fstat of another file may hang. *cookie: of a
 * namespace that only CAP_NET_ADMIN there may open (-EPERM), 0: not known. */
static int space_of_fd(int fd, uint32_t inode, uint64_t *cookie)
{
	struct stat st;
	socklen_t len = sizeof(int);
	int r, domain;

	do
		r = getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
	while (r < 0 && errno == EINTR);
	if (r < 0 || proc_stat_fd(fd, &st) < 0 || st.st_ino != inode)
		return -ESTALE;
	do
		r = ioctl(fd, SIOCGSKNS);
	while (r < 0 && errno == EINTR);
	if (r >= 0)
		return r;		/* close-on-exec: open_related_ns */
	r = -errno;
	*cookie = r == -EPERM ? nlsock_cookie(fd) : 0;
	return r;
}

/* The namespace of a socket of another process, by a copy of its fd that is
 * closed at once. */
static int open_by_socket(const struct place *p, uint64_t *cookie)
{
	int pidfd, fd, r;

	do
		pidfd = (int)syscall(SYS_pidfd_open, p->tid ? (int32_t)p->tid : p->pid,
				     p->tid ? PIDFD_THREAD : 0);
	while (pidfd < 0 && errno == EINTR);
	if (pidfd < 0)
		return -errno;
	do
		fd = (int)syscall(SYS_pidfd_getfd, pidfd, p->fd, 0);
	while (fd < 0 && errno == EINTR);
	r = fd < 0 ? -errno : 0;
	close(pidfd);
	if (r < 0)
		return r;
	r = space_of_fd(fd, p->inode, cookie);
	close(fd);
	return r;
}

static bool is_space(int fd, uint64_t dev, uint64_t ino)
{
	struct stat st;

	return proc_stat_fd(fd, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

static int place_open(int proc_fd, const struct place *p, uint64_t dev, uint64_t ino)
{
	char own[PROC_PATH];
	uint64_t cookie;
	int fd = -ENOENT;

	switch (p->kind) {
	case BY_PID:
		fd = proc_open_at(proc_fd, proc_path(own, p->pid, p->tid, "ns/net", -1),
				  O_RDONLY);
		break;
	case BY_PATH:
		fd = open_path(proc_fd, p);
		break;
	case BY_FD:
		fd =
		    proc_open_at(proc_fd, proc_path(own, p->pid, p->tid, "fd/", p->fd), O_PATH);
		break;
	case BY_SOCKET:
		fd = open_by_socket(p, &cookie);
		break;
	}
	if (fd < 0)
		return fd;
	if (!is_space(fd, dev, ino)) {
		close(fd);
		return -ENOENT;		/* something else is there now */
	}
	return p->kind == BY_PATH || p->kind == BY_FD ? open_again(proc_fd, fd) : fd;
}

/* What refuses tells more than what is gone. */
static int worse(int a, int b)
{
	return a == -ENOENT || a == -ESRCH ? b : a;
}

int space_open(int proc_fd, const struct space *s, uint64_t dev, bool hang_free)
{
	int err = -ENOENT, fd;
	uint32_t i;

	for (i = 0; i < s->n_places && s->ino; i++) {
		const struct place *p = &s->places[i];

		if (hang_free && p->kind == BY_PATH && p->pid)
			continue;
		fd = place_open(proc_fd, p, dev, s->ino);
		if (fd >= 0)
			return fd;
		err = worse(err, fd);
	}
	return err;
}

/* ---- one by one --------------------------------------------------------- */

int space_of_pid(const struct horizon *h, int32_t pid, struct space *ret)
{
	struct place p = { .kind = BY_PID, .pid = pid };
	char path[PROC_PATH];
	struct stat st;
	int r;

	if (h->scan.proc_fd < 0)
		return -ESRCH;
	ret->pid = pid;
	ret->nprocs = 1;
	r = proc_stat_at(h->scan.proc_fd, proc_path(path, pid, 0, "ns/net", -1), 0, &st);
	if (r == 0) {
		ret->ino = st.st_ino;
		space_place(ret, &p);
		return st.st_dev == h->dev ? 0 : -EINVAL;
	}
	if (r == -ENOENT || r == -ENOTDIR)
		return -ESRCH;	/* a zombie has none either */
	ret->key = horizon_key(h->scan.proc_fd, pid);
	if ((r != -EACCES && r != -EPERM) || !ret->key)
		return r;
	if (ret->key == h->own_key) {
		ret->ino = h->own_ino;
		return 0;
	}
	ret->flags = LSSOCK_NS_REFUSED;	/* its net/ can still be read */
	ret->err = -r;
	return 0;
}

int space_of_path(const struct horizon *h, const char *path, struct space *ret)
{
	struct place p = { .kind = BY_PATH };
	int fd = proc_open_at(AT_FDCWD, path, O_PATH);
	struct stat st;

	if (fd < 0)
		return fd;
	if (proc_stat_fd(fd, &st) < 0 || st.st_dev != h->dev) {
		close(fd);
		return -EINVAL;
	}
	fd = open_again(h->scan.proc_fd, fd);
	if (fd < 0)
		return fd;
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET) {
		close(fd);
		return -EINVAL;
	}
	close(fd);
	ret->ino = st.st_ino;
	ret->path = space_text(path, strlen(path));
	p.path = ret->path;
	if (!p.path)
		return -ENOMEM;
	space_place(ret, &p);
	return 0;
}

int space_of_socket(const struct horizon *h, const struct ask_fd *want, struct space *ret)
{
	struct place p = { .kind = BY_SOCKET, .pid = want->pid, .tid = want->tid,
			   .fd = want->fd, .inode = want->inode };
	struct stat st;
	int fd, r = 0;

	if (!h->scan.own_pids)
		return -EOPNOTSUPP;	/* pidfds are of our pid namespace */
	fd = open_by_socket(&p, &ret->cookie);
	if (fd < 0)
		return fd;
	if (proc_stat_fd(fd, &st) < 0 || st.st_dev != h->dev)
		r = -EINVAL;
	close(fd);
	if (r == 0) {
		ret->ino = st.st_ino;
		space_place(ret, &p);
	}
	return r;
}
