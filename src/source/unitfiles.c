/* SPDX-License-Identifier: MIT */
/*
 * The files of systemd's socket units, as they lie below its folders, the ones that
 * count most first. They are read as they are: which of two counts and what is in
 * them is wire/units.c's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "source/parts.h"

#define FILE_MAX 65536
#define ALL_MAX (8u << 20)
#define FILE_CALLS 6

/* systemd.unit(5), of the system's manager. */
static const char *const folders[] = {
	"/etc/systemd/system.control", "/run/systemd/system.control", "/run/systemd/transient",
	"/run/systemd/generator.early", "/etc/systemd/system", "/run/systemd/system",
	"/run/systemd/generator", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
	"/lib/systemd/system", "/run/systemd/generator.late",
};

static bool ends(const char *name, const char *suffix)
{
	size_t n = strlen(name), tail = strlen(suffix);

	return n > tail && !memcmp(name + n - tail, suffix, tail);
}

/* unit: with length, since it may be the name of a folder without its ".d". */
static void put_record(struct buf *b, const char *unit, size_t unit_len, const char *dropin,
		       const struct buf *text)
{
	struct wire_unit w = { .unit_len = (uint16_t)unit_len,
			       .dropin_len = (uint16_t)(dropin ? strlen(dropin) : 0),
			       .text_len = (uint32_t)text->len };
	size_t len = sizeof(w) + w.unit_len + w.dropin_len + w.text_len;

	w.len = (uint32_t)((len + 7) & ~(size_t)7);
	buf_put(b, &w, sizeof(w));
	buf_put(b, unit, unit_len);
	buf_put(b, dropin ? dropin : "", w.dropin_len);
	buf_put(b, text->data ? text->data : "", text->len);
	buf_fill(b, 0, w.len - len);
}

/* A link to a unit of another name is a second name of that one. */
static bool is_alias(int dir, const char *name)
{
	struct buf link = { 0 };
	const char *target;
	bool ret = false;

	if (io_readlink_at(dir, name, &link) == 0) {
		target = strrchr(buf_cstr(&link), '/');
		target = target ? target + 1 : buf_cstr(&link);
		ret = ends(target, ".socket") && strcmp(target, name) != 0;
	}
	buf_release(&link);
	return ret;
}

/* What is no regular file, as /dev/null, is an empty one: the unit is masked. */
static int read_file(int dir, const char *name, struct buf *text)
{
	int fd = proc_open_at(dir, name, O_RDONLY | O_NONBLOCK), r = 0;
	char own[PROC_PATH];
	struct stat st;

	buf_reset(text);
	if (fd < 0)
		return fd;
	r = proc_stat_fd(fd, &st);
	if (r == 0 && S_ISREG(st.st_mode)) {
		int self = procscan_self(-1);

		r = self < 0 ? self :
		    io_read_at(self, proc_path(own, 0, 0, "fd/", fd), text, FILE_MAX);
		if (self >= 0)
			close(self);
	}
	close(fd);
	return r;
}

struct reading {
	struct buf all, text;
	uint32_t calls;
};

static void add_file(struct reading *r, int dir, const char *name, const char *unit,
		     size_t unit_len, const char *dropin)
{
	r->calls += FILE_CALLS;
	if (r->all.len < ALL_MAX && read_file(dir, name, &r->text) == 0)
		put_record(&r->all, unit, unit_len, dropin, &r->text);
}

/* NAME.socket.d */
static void add_dropins(struct reading *r, int dir, const char *folder)
{
	struct dents *d = mem_alloc(sizeof(*d));
	const char *name;

	if (d && dents_open(d, dir, folder) == 0) {
		while ((name = dents_next(d)))
			if (ends(name, ".conf"))
				add_file(r, d->fd, name, folder, strlen(folder) - 2, name);
		r->calls += d->calls;
		dents_close(d);
	}
	mem_free(d);
}

static int add_folder(struct reading *r, const char *path)
{
	struct dents *d = mem_alloc(sizeof(*d));
	const char *name;
	int err = d ? dents_open(d, AT_FDCWD, path) : -ENOMEM;

	if (err == 0) {
		while ((name = dents_next(d))) {
			if (ends(name, ".socket.d"))
				add_dropins(r, d->fd, name);
			else if (ends(name, ".socket") && !is_alias(d->fd, name))
				add_file(r, d->fd, name, name, strlen(name), NULL);
		}
		r->calls += d->calls;
		err = d->err;
		dents_close(d);
	}
	mem_free(d);
	return err == -ENOENT || err == -ENOTDIR ? 0 : err;
}

int unitfiles_read(_Atomic uint64_t *calls, chunk_fn fn, void *ctx)
{
	struct reading r = { .calls = 0 };
	int err = 0;
	size_t i;

	for (i = 0; err == 0 && i < sizeof(folders) / sizeof(folders[0]); i++)
		err = add_folder(&r, folders[i]);
	buf_release(&r.text);
	atomic_fetch_add(calls, r.calls);
	return source_give(&r.all, err, fn, ctx);
}
