/* SPDX-License-Identifier: MIT */
/* Whole reads relative to a directory, full writes, atomic replacement. EINTR
 * is always retried. Every fd is close-on-exec. */
#ifndef BASE_IO_H
#define BASE_IO_H

#include "base/buf.h"

#define IO_LIMIT (64u << 20)

/* Appends the whole file, at most `limit` bytes (more is left unread and is no
 * error). AT_FDCWD allowed. 0 or -errno; on error b keeps what it had. */
int io_read_at(int dirfd, const char *name, struct buf *b, size_t limit);
/* Appends what readlinkat gives (any length). 0 or -errno. */
int io_readlink_at(int dirfd, const char *name, struct buf *b);
/* Writes all of it. 0 or -errno (EPIPE, ENOSPC, EIO …). */
int io_write_all(int fd, const void *bytes, size_t len);
/* A file that takes the place of another, or of none, at once and when it is whole.
 * Until then it has a name of its own beside it. */
struct io_file {
	int dir, fd;
	char temp[48];
	char *name;			/* in dir */
	unsigned mode;
};
/* Begins it: -errno where path cannot be replaced. A symlink at its end is not
 * followed (-ELOOP), a device is none to be replaced (-EINVAL). mode: of a new file;
 * one that is there keeps its own. */
int io_file_open(struct io_file *f, const char *path, unsigned mode);
/* Gives it its name if keep; else, or if that fails, no trace of it is left and what
 * was there is there. 0 or -errno. To be called once after io_file_open() gave 0. */
int io_file_close(struct io_file *f, bool keep);
/* The same with all its bytes, and this mode whatever was there. */
int io_replace(const char *path, const void *bytes, size_t len, unsigned mode);
uint64_t io_now_ns(void);	/* CLOCK_MONOTONIC */

#endif
