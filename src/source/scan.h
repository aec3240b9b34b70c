/* SPDX-License-Identifier: MIT */
/* What the walk over /proc (procscan.c) and its parts share: told.c writes the
 * stream, held.c looks at what descriptors hold themselves. */
#ifndef SOURCE_SCAN_H
#define SOURCE_SCAN_H

#include <errno.h>

#include "source/parts.h"
#include "wire/procfs.h"

#define PF_KTHREAD 0x00200000u	/* include/linux/sched.h */
#define OUT_SIZE 32768
#define STAT_CALLS 3

struct scan {
	const struct procscan *s;
	chunk_fn fn;
	void *ctx;
	int err;			/* of fn, or out of memory: ends the scan */
	bool deep, maps, new_only;
	uint32_t from, to;		/* of a table; to 0: all */
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

static inline bool scan_is_gone(int err)
{
	return err == -ENOENT || err == -ESRCH;
}

/* ---- told.c ---------------------------------------------------------------- */

void scan_flush(struct scan *sc);
void scan_put(struct scan *sc, const void *rec, uint32_t len);
void scan_put_rec(struct scan *sc, uint32_t type, uint32_t a, uint32_t b);
/* One gap per process; whatever failed first is why. */
void scan_gap(struct scan *sc, struct task *t, int err);
/* What is written "../NAME" here is below the process. */
const char *scan_below(const struct task *t, const char *name);
/* Such a file into sc->text. */
int scan_read(struct scan *sc, const struct task *t, const char *name, size_t limit);
int scan_stat(struct scan *sc, const struct task *t, struct procfs_stat *ret);
int scan_stat_of(struct scan *sc, const struct task *t, const char *name, struct stat *ret);
/* Says who it is, once, before the first thing it holds. False: it cannot be
 * said, so what it holds may not be either. */
bool scan_tell(struct scan *sc, struct task *t);

/* ---- held.c ---------------------------------------------------------------- */

/* Files registered in an io_uring. */
void scan_ring(struct scan *sc, struct task *t, int32_t fd);
/* Descriptors in flight, in the queue of a unix socket. */
void scan_queue(struct scan *sc, struct task *t, int32_t fd, uint32_t inode);
/* Sockets that are mapped, but no longer in sc->inodes. */
void scan_maps(struct scan *sc, struct task *t);

#endif
