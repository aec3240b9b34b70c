/* SPDX-License-Identifier: MIT */
/*
 * What the file of a running program is now: its mode, and what its name leads to. The
 * name is told as our own root sees it, or as the root of its mount namespace if that
 * is another one; only there another file of that name means anything.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "source/parts.h"

#define EXE_CALLS 20			/* of the system, for one question */

static const char deleted[] = " (deleted)";

/* The root where its name is meant: an O_PATH fd or -errno. */
static int root_of(const struct procscan *s, int dir)
{
	struct stat its = { 0 }, ours = { 0 };
	int self = procscan_self(s->proc_fd);
	int r = proc_stat_at(dir, "ns/mnt", 0, &its);

	if (r == 0)
		r = self < 0 ? self : proc_stat_at(self, "ns/mnt", 0, &ours);
	if (self >= 0)
		close(self);
	if (r == 0 && its.st_ino == ours.st_ino && its.st_dev == ours.st_dev)
		return proc_open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
	return r < 0 ? r : proc_open_at(dir, "root", O_PATH | O_DIRECTORY);
}

static int stat_inside(int root, const char *path, struct stat *ret)
{
	int fd = proc_open_inside(root, path, O_NOFOLLOW), r;

	if (fd < 0)
		return fd;
	r = proc_stat_fd(fd, ret);
	close(fd);
	return r;
}

static int32_t look(int root, const char *path, const struct stat *runs, uint32_t *ret_same)
{
	struct stat st;
	int r = stat_inside(root, path, &st);

	*ret_same = r == 0 && st.st_ino == runs->st_ino && st.st_dev == runs->st_dev;
	return -r;
}

/* Looks by its name, which is cut to its folder. */
static void look_by_name(int root, char *name, const struct stat *runs, struct wire_exe *w)
{
	const size_t tail = sizeof(deleted) - 1;
	size_t len = strlen(name);
	struct stat st = { 0 };
	char *slash;

	w->err = look(root, name, runs, &w->same);
	w->bare_err = -1;
	if (len > tail && !memcmp(name + len - tail, deleted, tail)) {
		name[len - tail] = 0;
		w->bare_err = look(root, name, runs, &w->bare_same);
	}
	slash = strrchr(name, '/');
	if (slash)
		slash[slash == name] = 0;
	w->dir_err = slash ? -stat_inside(root, name, &st) : ENOENT;
	w->dir_mode = st.st_mode;
}

static int look_at_exe(const struct procscan *s, int dir, struct wire_exe *w)
{
	struct buf name = { 0 };
	struct stat runs;
	int root = -1, r = io_readlink_at(dir, "exe", &name);

	buf_putc(&name, 0);
	if (r == 0 && name.failed)
		r = -ENOMEM;
	if (r == 0)
		r = proc_stat_at(dir, "exe", 0, &runs);
	if (r == 0)
		r = root = root_of(s, dir);
	if (r >= 0) {
		w->mode = runs.st_mode;
		w->nlink = (uint32_t)runs.st_nlink;
		look_by_name(root, name.data, &runs, w);
		close(root);
	}
	buf_release(&name);
	return r < 0 ? r : 0;
}

int procscan_exe(const struct procscan *s, const struct ask_proc *arg, chunk_fn fn, void *ctx)
{
	int dir = procscan_open(s, arg->pid, arg->start_ns), r;
	struct wire_exe w = { 0 };

	if (s->calls)
		atomic_fetch_add(s->calls, EXE_CALLS);
	if (dir < 0)
		return dir;
	r = look_at_exe(s, dir, &w);
	close(dir);
	if (r == 0)
		r = fn(ctx, &w, sizeof(w));
	return r < 0 ? r : 0;
}
