/* SPDX-License-Identifier: MIT */
/*
 * Reading whole files relative to a directory, writing all of something, and
 * replacing a file in one step. Knows nothing of what the bytes mean.
 */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 4096u		/* most files of /proc fit */
#define LINK_LIMIT (64u << 10)

static int open_retry(int dirfd, const char *name, int flags, mode_t mode)
{
	int fd;

	do
		fd = openat(dirfd, name, flags | O_CLOEXEC, mode);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

static int read_whole(int fd, struct buf *b, size_t limit)
{
	size_t end = b->len;	/* of what is read; b->len follows on success */

	while (end - b->len < limit) {
		size_t room = limit - (end - b->len);
		ssize_t n;

		if (!buf_reserve(b, end - b->len + (room < CHUNK ? room : CHUNK)))
			return -ENOMEM;
		if (room > b->cap - end)
			room = b->cap - end;
		n = read(fd, b->data + end, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		end += (size_t)n;
	}
	b->len = end;
	return 0;
}

int io_read_at(int dirfd, const char *name, struct buf *b, size_t limit)
{
	int fd, r;

	fd = open_retry(dirfd, name, O_RDONLY | O_NOCTTY, 0);
	if (fd < 0)
		return fd;
	r = b->failed ? -ENOMEM : read_whole(fd, b, limit);
	close(fd);
	return r;
}

int io_readlink_at(int dirfd, const char *name, struct buf *b)
{
	for (size_t room = 128; room <= LINK_LIMIT; room *= 2) {
		ssize_t n;

		if (!buf_reserve(b, room))
			return -ENOMEM;
		do
			n = readlinkat(dirfd, name, b->data + b->len, room);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return -errno;
		if ((size_t)n < room) {
			b->len += (size_t)n;
			return 0;
		}
	}
	return -ENAMETOOLONG;
}

/* Somebody else may have made the file non-blocking: a terminal or pipe that is
 * shared shares that flag too. */
static int wait_writable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, -1) < 0 && errno != EINTR ? -errno : 0;
}

int io_write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n > 0) {
			at += n;
			len -= (size_t)n;
		} else if (!n) {
			return -EIO;
		} else if (errno == EAGAIN) {
			int r = wait_writable(fd);

			if (r < 0)
				return r;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

/* Opens the directory of a path; *ret_base: the rest. */
static int open_parent(const char *path, const char **ret_base)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	char dir[PATH_MAX] = ".";
	size_t len = slash ? (size_t)(slash - path) : 0;
	int fd;

	if (!*base || !strcmp(base, ".") || !strcmp(base, ".."))
		return -EISDIR;
	if (len >= sizeof(dir))
		return -ENAMETOOLONG;
	if (slash) {
		memcpy(dir, len ? path : "/", len ? len : 1);
		dir[len ? len : 1] = '\0';
	}
	fd = open_retry(AT_FDCWD, dir, O_PATH | O_DIRECTORY, 0);
	if (fd >= 0)
		*ret_base = base;
	return fd;
}

/* Replacing is for plain files: root asking for /dev/null or /dev/stdout must
 * not turn a device, or the link to one, into a file. *mode: of what is there. */
static int check_target(int dir, const char *base, unsigned *mode)
{
	struct stat st;

	if (fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISREG(st.st_mode)) {
		*mode = st.st_mode & 0777;
		return 0;
	}
	return S_ISLNK(st.st_mode) ? -ELOOP : S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
}

static int open_temp(int dir, char *name, size_t size)
{
	int fd = -EEXIST;

	for (unsigned i = 0; fd == -EEXIST && i < 100; i++) {
		snprintf(name, size, ".lssock-%x-%llx", (unsigned)getpid(),
			 (unsigned long long)io_now_ns() + i);
		fd = open_retry(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	}
	return fd;
}

int io_file_open(struct io_file *f, const char *path, unsigned mode)
{
	const char *base = NULL;
	int r = open_parent(path, &base);

	if (r < 0)
		return r;
	*f = (struct io_file){ .dir = r, .fd = -1, .mode = mode };
	r = check_target(f->dir, base, &f->mode);
	if (!r) {
		f->name = mem_alloc(strlen(base) + 1);
		r = f->name ? 0 : -ENOMEM;
	}
	if (!r) {
		memcpy(f->name, base, strlen(base) + 1);
		r = f->fd = open_temp(f->dir, f->temp, sizeof(f->temp));
	}
	if (r >= 0)
		return 0;
	mem_free(f->name);
	close(f->dir);
	return r;
}

int io_file_close(struct io_file *f, bool keep)
{
	int r = 0;

	if (keep && (fchmod(f->fd, f->mode) < 0 || fsync(f->fd) < 0))
		r = -errno;
	if (close(f->fd) < 0 && !r)
		r = -errno;
	if (keep && !r && renameat(f->dir, f->temp, f->dir, f->name) < 0)
		r = -errno;
	if (!keep || r)
		unlinkat(f->dir, f->temp, 0);
	mem_free(f->name);
	close(f->dir);
	return r;
}

int io_replace(const char *path, const void *bytes, size_t len, unsigned mode)
{
	struct io_file f;
	int r = io_file_open(&f, path, mode), closed;

	if (r < 0)
		return r;
	f.mode = mode;
	r = io_write_all(f.fd, bytes, len);
	closed = io_file_close(&f, !r);
	return r ? r : closed;
}

uint64_t io_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
