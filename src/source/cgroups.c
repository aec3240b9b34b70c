/* SPDX-License-Identifier: MIT */
/* The tree of cgroup2: the path of an id and the id of a path. What a path says
 * of units and containers is wire's. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "source/parts.h"

#define TEXT_MAX (16u << 20)
#define WALK_MAX 20000		/* directories looked at for an id */
#define FILEID_KERNFS 0xfe	/* include/linux/exportfs.h */

static bool octal(const char *s)
{
	return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' &&
	       s[2] <= '7';
}

static void put_unescaped(struct buf *b, const struct mount_text *t)
{
	size_t i;

	for (i = 0; i < t->len; i++)
		if (t->s[i] == '\\' && t->len - i > 3 && octal(t->s + i + 1)) {
			buf_putc(b, (char)((t->s[i + 1] - '0') << 6 | (t->s[i + 2] - '0') << 3 |
					   (t->s[i + 3] - '0')));
			i += 3;
		} else {
			buf_putc(b, t->s[i]);
		}
}

static bool text_is(const struct mount_text *t, const char *s)
{
	return t->len == strlen(s) && !memcmp(t->s, s, t->len);
}

/* The mount of cgroup2, the whole tree rather than a part of it. */
static int cgroup_mount(struct buf *ret)
{
	struct buf b = { 0 };
	struct mount_text text;
	struct mount_line line;
	int self = procscan_self(-1);
	int r = self < 0 ? self : io_read_at(self, "mountinfo", &b, TEXT_MAX);
	bool whole = false;

	if (self >= 0)
		close(self);
	text = (struct mount_text){ b.data, r < 0 ? 0 : b.len };
	while (!whole && mount_next(&text, &line)) {
		if (!text_is(&line.type, "cgroup2"))
			continue;
		buf_reset(ret);
		put_unescaped(ret, &line.point);
		whole = text_is(&line.root, "/");
	}
	buf_release(&b);
	if (r == 0 && ret->failed)
		r = -ENOMEM;
	return r < 0 ? r : ret->len ? 0 : -ENOENT;
}

/* By handle: needs CAP_DAC_READ_SEARCH (Linux 5.10 gives cgroups an id that is
 * the handle). */
static int cgroup_by_handle(int mount, const char *point, size_t point_len, uint64_t id,
			    struct buf *ret)
{
	struct { struct file_handle h; unsigned char id[8]; } handle = {
		.h = { .handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS },
	};
	struct buf link = { 0 };
	char own[PROC_PATH];
	int fd, self, r;

	memcpy(handle.h.f_handle, &id, sizeof(id));
	do
		fd = open_by_handle_at(mount, &handle.h, O_PATH | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return -errno;
	self = procscan_self(-1);
	r = self < 0 ? self : io_readlink_at(self, proc_path(own, 0, 0, "fd/", fd), &link);
	if (self >= 0)
		close(self);
	close(fd);
	/* a removed cgroup's link ends in " (deleted)" and may be any other name */
	if (r == 0 && (link.len < point_len || memcmp(link.data, point, point_len) ||
		       (link.len > point_len && link.data[point_len] != '/')))
		r = -ENOENT;
	if (r == 0)
		buf_put(ret, link.data + point_len, link.len - point_len);
	if (r == 0 && link.len == point_len)
		buf_putc(ret, '/');
	buf_release(&link);
	return r;
}

/* Directories still to be looked into, as paths below the mount. */
struct walk { struct dents dents; struct buf queue; size_t at; uint32_t seen; };

static int walk_directory(struct walk *w, int mount, uint64_t id, struct buf *ret)
{
	size_t dir_len = strlen(w->queue.data + w->at);
	const char *name;
	struct stat st;
	int r = dents_open(&w->dents, mount, dir_len ? w->queue.data + w->at + 1 : ".");

	if (r < 0)
		return 0;	/* removed meanwhile, or not ours to see */
	while (w->seen < WALK_MAX && (name = dents_next(&w->dents))) {
		size_t len = strlen(name);
		char *p;

		if (!strcmp(name, ".") || !strcmp(name, "..") ||
		    proc_stat_at(w->dents.fd, name, AT_SYMLINK_NOFOLLOW, &st) < 0 ||
		    !S_ISDIR(st.st_mode))
			continue;
		w->seen++;
		p = buf_add(&w->queue, dir_len + len + 2);
		if (!p)
			break;
		memcpy(p, w->queue.data + w->at, dir_len);
		p[dir_len] = '/';
		memcpy(p + dir_len + 1, name, len + 1);
		if (st.st_ino == id) {
			buf_put(ret, p, dir_len + len + 1);
			r = 1;
			break;
		}
	}
	dents_close(&w->dents);
	return w->queue.failed ? -ENOMEM : r;
}

static int cgroup_by_walk(int mount, uint64_t id, struct buf *ret)
{
	struct walk *w = mem_alloc(sizeof(*w));
	struct stat st;
	int r = 0;

	if (!w)
		return -ENOMEM;
	buf_putc(&w->queue, '\0');	/* the root: an empty path */
	if (proc_stat_fd(mount, &st) == 0 && st.st_ino == id) {
		buf_putc(ret, '/');
		r = 1;
	}
	while (r == 0 && !w->queue.failed && w->at < w->queue.len && w->seen < WALK_MAX) {
		r = walk_directory(w, mount, id, ret);
		w->at += strlen(w->queue.data + w->at) + 1;
	}
	buf_release(&w->queue);
	mem_free(w);
	return r < 0 ? r : r ? 0 : -ENOENT;
}

int cgroup_path(uint64_t id, chunk_fn fn, void *ctx)
{
	struct buf point = { 0 }, path = { 0 };
	int r = cgroup_mount(&point), mount;

	if (r == 0) {
		mount = proc_open_at(AT_FDCWD, buf_cstr(&point), O_RDONLY | O_DIRECTORY);
		r = mount < 0 ? mount : 0;
		if (r == 0)
			r = cgroup_by_handle(mount, point.data, point.len, id, &path);
		if (mount >= 0 && r < 0 && r != -ESTALE)
			r = cgroup_by_walk(mount, id, &path);
		if (mount >= 0)
			close(mount);
	}
	buf_release(&point);
	return source_give(&path, r == -ESTALE ? -ENOENT : r, fn, ctx);
}

int cgroup_id(const char *below, size_t len, chunk_fn fn, void *ctx)
{
	struct buf path = { 0 };
	struct stat top, st;
	uint64_t id;
	int r = cgroup_mount(&path);

	if (r == 0 && (!len || memchr(below, '\0', len)))
		r = -ENOENT;
	if (r == 0 && proc_stat_at(AT_FDCWD, buf_cstr(&path), 0, &top) < 0)
		r = -ENOENT;
	buf_putc(&path, '/');
	buf_put(&path, below, len);
	if (r == 0 && path.failed)
		r = -ENOMEM;
	if (r == 0)
		r = proc_stat_at(AT_FDCWD, buf_cstr(&path), AT_SYMLINK_NOFOLLOW, &st);
	/* the path is a user's: it must not lead out of the tree */
	if (r == 0 && (st.st_dev != top.st_dev || !S_ISDIR(st.st_mode)))
		r = -ENOENT;
	buf_release(&path);
	if (r < 0)
		return r;
	id = st.st_ino;
	r = fn(ctx, &id, sizeof(id));
	return r < 0 ? r : 0;
}
