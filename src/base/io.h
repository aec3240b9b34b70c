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
/* Creates or replaces the file atomically with mode; never follows a symlink at
 * the end of path; no trace of it is left on failure. */
int io_replace(const char *path, const void *bytes, size_t len, unsigned mode);
uint64_t io_now_ns(void);	/* CLOCK_MONOTONIC */

#endif
