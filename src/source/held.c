/* SPDX-License-Identifier: MIT */
/*
 * Sockets that no descriptor holds, but what a descriptor stands for: files
 * registered in an io_uring, descriptors in flight, mapped packet rings. For the
 * second look: each costs a read of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "source/scan.h"

#define RING_TRIES 5
#define RING_PAUSE_NS 1000000
#define TEXT_MAX (16u << 20)	/* of an fdinfo */
#define MAPS_MAX (256u << 20)

struct held { struct scan *sc; struct task *t; int32_t fd; };

static void ring_file(void *ctx, uint32_t inode)
{
	struct held *h = ctx;
	struct own_fd rec = {
		.inode = inode, .pid = (uint32_t)h->t->pid, .fd = h->fd, .tid = h->t->tid,
		.how = LSSOCK_HOW_RING,
	};

	if (inode && scan_tell(h->sc, h->t))
		scan_put(h->sc, &rec, sizeof(rec));
}

static int read_fdinfo(struct scan *sc, struct task *t, int32_t fd)
{
	char path[PROC_PATH];

	buf_reset(&sc->text);
	sc->calls += READ_CALLS;
	return io_read_at(t->dir, proc_path(path, 0, t->tid, "fdinfo/", fd), &sc->text,
			  TEXT_MAX);
}

/* io_uring leaves its files out while its lock is held (io_uring_show_fdinfo
 * only tries it): not there is not none. */
void scan_ring(struct scan *sc, struct task *t, int32_t fd)
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
	if (r < 0 && !scan_is_gone(r))
		scan_gap(sc, t, r);
}

/* Descriptors in flight lie in the receive queue of a unix socket. */
void scan_queue(struct scan *sc, struct task *t, int32_t fd, uint32_t inode)
{
	struct own_fd tail = { .inode = inode, .pid = (uint32_t)t->pid };
	int r = read_fdinfo(sc, t, fd);
	uint32_t count;

	if (r < 0) {
		if (!scan_is_gone(r))
			scan_gap(sc, t, r);
		return;
	}
	count = procfs_scm_fds(sc->text.data, sc->text.len);
	if (!count || !scan_tell(sc, t))
		return;
	if (sc->out_len + sizeof(struct own_rec) + sizeof(tail) > sizeof(sc->out))
		scan_flush(sc);	/* the two belong together */
	scan_put_rec(sc, OWN_IN_FLIGHT, (uint32_t)fd, count);
	scan_put(sc, &tail, sizeof(tail));
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
	if (inode && scan_tell(h->sc, h->t))
		scan_put(h->sc, &rec, sizeof(rec));
}

void scan_maps(struct scan *sc, struct task *t)
{
	struct held h = { sc, t, -1 };
	int r;

	r = scan_read(sc, t, "../maps", MAPS_MAX);
	if (r == 0)
		procfs_map_sockets(sc->text.data, sc->text.len, mapped_socket, &h);
	else if (!scan_is_gone(r))	/* of a zombie or kernel thread it is ESRCH */
		scan_gap(sc, t, r);
}

static void look_at_places(struct scan *sc, const struct fd_place *v, uint32_t n)
{
	struct task t = { .pid = v->pid };
	char path[PROC_PATH];
	uint32_t i;

	t.dir = proc_open_at(sc->s->proc_fd, proc_path(path, 0, 0, "", t.pid),
			     O_PATH | O_DIRECTORY);
	if (t.dir < 0) {
		scan_gap(sc, &t, t.dir);
		return;
	}
	for (i = 0; i < n && !sc->err; i++) {
		t.tid = v[i].tid;
		if (v[i].inode)
			scan_queue(sc, &t, v[i].fd, v[i].inode);
		else
			scan_ring(sc, &t, v[i].fd);
	}
	close(t.dir);
}

int procscan_places(const struct procscan *s, const struct places *places, chunk_fn fn,
		    void *ctx)
{
	struct scan *sc = places->n ? mem_realloc(NULL, sizeof(*sc)) : NULL;
	uint32_t from, to;
	int r;

	if (!sc)
		return places->n ? -ENOMEM : 0;
	memset(sc, 0, offsetof(struct scan, dents));
	sc->s = s;
	sc->fn = fn;
	sc->ctx = ctx;
	sc->netns = UINT64_MAX;
	for (from = 0; from < places->n && !sc->err; from = to) {
		for (to = from + 1; to < places->n &&
		     places->v[to].pid == places->v[from].pid; to++)
			;
		look_at_places(sc, places->v + from, to - from);
	}
	scan_flush(sc);
	r = sc->err;
	if (s->calls)
		atomic_fetch_add(s->calls, sc->calls);
	buf_release(&sc->text);
	mem_free(sc);
	return r;
}
