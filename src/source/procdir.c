/* SPDX-License-Identifier: MIT */
/*
 * Ways through /proc that its readers share: paths below a process, directories
 * by getdents64, the directory of one process or of ourselves, lines of
 * mountinfo. EINTR is retried; nothing is kept.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/num.h"
#include "source/parts.h"
#include "wire/procfs.h"

#define PROC_MAGIC 0x9fa0
#define FEW_PIDS 300

/* ---- paths, links, directories ------------------------------------------ */

int proc_open_at(int dirfd, const char *name, int flags)
{
	int fd;

	do
		fd = openat(dirfd, name, flags | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

int proc_link_at(int dirfd, const char *name, char *link, size_t size)
{
	ssize_t n;

	do
		n = readlinkat(dirfd, name, link, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (int)n;
}

int proc_stat_at(int dirfd, const char *name, int flags, struct stat *ret)
{
	int r;

	do
		r = fstatat(dirfd, name, ret, flags);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

int proc_stat_fd(int fd, struct stat *ret)
{
	int r;

	do
		r = fstat(fd, ret);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static char *add_text(char *p, const char *s)
{
	size_t len = strlen(s);

	memcpy(p, s, len);
	return p + len;
}

static char *add_number(char *p, uint32_t v)
{
	char digits[10];
	int n = 0;

	do
		digits[n++] = (char)('0' + v % 10);
	while (v /= 10);
	while (n)
		*p++ = digits[--n];
	return p;
}

const char *proc_path(char path[PROC_PATH], int32_t pid, uint32_t tid, const char *name,
		      int32_t number)
{
	char *p = path;

	if (pid) {
		p = add_number(p, (uint32_t)pid);
		*p++ = '/';
	}
	if (tid) {
		p = add_number(add_text(p, "task/"), tid);
		*p++ = '/';
	}
	p = add_text(p, name);
	if (number >= 0)
		p = add_number(p, (uint32_t)number);
	*p = '\0';
	return path;
}

/* As the kernel writes it: linux/dirent.h is not for user space. */
struct dent { uint64_t ino; int64_t off; uint16_t len; uint8_t type; char name[]; };

int dents_open(struct dents *d, int dirfd, const char *name)
{
	d->at = d->len = 0;
	d->err = 0;
	d->calls = 1;
	d->room = sizeof(d->bytes);
	d->fd = proc_open_at(dirfd, name, O_RDONLY | O_DIRECTORY);
	return d->fd < 0 ? d->fd : 0;
}

static bool dents_fill(struct dents *d)
{
	long n;

	do
		n = syscall(SYS_getdents64, d->fd, d->bytes, d->room);
	while (n < 0 && errno == EINTR);
	d->err = n < 0 ? -errno : 0;
	d->calls++;
	d->at = 0;
	d->len = n > 0 ? (uint32_t)n : 0;
	return n > 0;
}

const char *dents_next(struct dents *d)
{
	const struct dent *e;

	if (d->at >= d->len && !dents_fill(d))
		return NULL;
	e = (const struct dent *)(d->bytes + d->at);
	d->at += e->len;
	return e->name;
}

void dents_close(struct dents *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

int32_t proc_number(const char *name)
{
	uint32_t v = 0;

	if (!*name)
		return -1;
	for (; *name; name++) {
		if (*name < '0' || *name > '9' || v > INT32_MAX / 10 - 1)
			return -1;
		v = v * 10 + (uint32_t)(*name - '0');
	}
	return (int32_t)v;
}

int dents_numbers(struct dents *d, int dirfd, const char *name, struct numbers *ret)
{
	const char *entry;
	int r = dents_open(d, dirfd, name);

	ret->n = 0;
	if (r < 0)
		return r;
	while (r == 0 && (entry = dents_next(d))) {
		int32_t number = proc_number(entry), *slot;

		if (number < 0)
			continue;
		slot = vec_push(ret);
		if (slot)
			*slot = number;
		else
			r = -ENOMEM;
	}
	dents_close(d);
	return r ? r : d->err;
}

int procscan_stat_at(int dirfd, const char *name, struct procfs_stat *ret)
{
	char text[1024];
	int fd = proc_open_at(dirfd, name, O_RDONLY);
	ssize_t n;
	int err;

	if (fd < 0)
		return fd;
	do
		n = read(fd, text, sizeof(text));
	while (n < 0 && errno == EINTR);
	err = errno;
	close(fd);
	return n < 0 ? -err : procfs_stat(text, (size_t)n, ret);
}

int procscan_stat(int dirfd, struct procfs_stat *ret)
{
	return procscan_stat_at(dirfd, "stat", ret);
}

void procscan_init(struct procscan *s, int proc_fd)
{
	long ticks = sysconf(_SC_CLK_TCK);
	struct statfs fs;
	struct stat st;
	char link[16], own[PROC_PATH];
	int self, n;

	*s = (struct procscan){ .proc_fd = proc_fd };
	s->ns_per_tick = 1000000000u / (uint64_t)(ticks > 0 ? ticks : 100);
	if (proc_fd < 0)
		return;
	do
		n = fstatfs(proc_fd, &fs);
	while (n < 0 && errno == EINTR);
	s->real = n == 0 && fs.f_type == PROC_MAGIC;
	n = proc_link_at(proc_fd, "self", link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	s->own_pids = s->real && n > 0 && !strcmp(link, proc_path(own, 0, 0, "", getpid()));
	/* The size is 0 before Linux 6.2, here too where at least one is open. */
	self = s->real ? procscan_self(proc_fd) : -1;
	s->fd_sizes = self >= 0 && proc_stat_at(self, "fd", 0, &st) == 0 && st.st_size > 0;
	if (self >= 0)
		close(self);
}

/* ---- who can hold something ---------------------------------------------- */

/* How many fds a process has open. 0: neither it nor a thread of it holds any
 * (kernel threads, zombies); -1: not known, as of threads whose leader ended. */
static int64_t fds_open(const struct procscan *s, int32_t pid)
{
	char path[PROC_PATH];
	struct stat st;

	if (proc_stat_at(s->proc_fd, proc_path(path, pid, 0, "fd", -1), 0, &st) < 0)
		return -1;
	if (st.st_size > 0)
		return st.st_size;
	if (proc_stat_at(s->proc_fd, proc_path(path, pid, 0, "task", -1), 0, &st) < 0)
		return -1;
	return st.st_nlink <= PROC_ALONE ? 0 : -1;
}

uint64_t procscan_drop_idle(const struct procscan *s, uint64_t enough, struct numbers *pids,
			    uint32_t *fds)
{
	uint32_t i, kept = 0;
	uint64_t sum = 0;

	for (i = 0; s->fd_sizes && i < pids->n; i++) {
		bool ask = sum < enough || (fds && i < FEW_PIDS);
		int64_t n = ask ? fds_open(s, pids->v[i]) : -1;

		pids->v[kept] = pids->v[i];
		if (fds)
			fds[kept] = n > 0 && n < INT32_MAX ? (uint32_t)n : 0;
		kept += n != 0;
		sum += n > 0 ? (uint64_t)n : 0;
	}
	if (s->fd_sizes)
		pids->n = kept;
	return sum;
}

int procscan_list(const struct procscan *s, struct numbers *ret)
{
	struct dents *dents = mem_realloc(NULL, sizeof(*dents));
	int r = -ENOENT;

	if (!dents)
		return -ENOMEM;
	if (s->proc_fd >= 0)
		r = dents_numbers(dents, s->proc_fd, ".", ret);
	mem_free(dents);
	return r;
}

int64_t procscan_fd_count(const struct procscan *s, uint64_t enough)
{
	struct numbers pids = { 0 };
	int r = s->fd_sizes ? procscan_list(s, &pids) : -EOPNOTSUPP;
	uint64_t fds = procscan_drop_idle(s, enough, &pids, NULL);

	vec_release(&pids);
	return r < 0 ? r : (int64_t)fds;
}

/* ---- directories and mounts --------------------------------------------- */

int procscan_open(const struct procscan *s, int32_t pid, uint64_t start_ns)
{
	char path[PROC_PATH];
	struct procfs_stat st;
	int dir, r;

	if (s->proc_fd < 0 || pid <= 0)
		return -ESRCH;
	dir = proc_open_at(s->proc_fd, proc_path(path, 0, 0, "", pid), O_PATH | O_DIRECTORY);
	if (dir < 0)
		return dir == -ENOENT ? -ESRCH : dir;
	if (!start_ns)
		return dir;
	r = procscan_stat(dir, &st);
	if (r == 0 && st.start_ticks * s->ns_per_tick != start_ns)
		r = -ESRCH;
	if (r < 0)
		close(dir);
	return r == -ENOENT ? -ESRCH : r < 0 ? r : dir;
}

int procscan_self(int proc_fd)
{
	int fd = -ENOENT;

	if (proc_fd >= 0)
		fd = proc_open_at(proc_fd, "thread-self", O_PATH | O_DIRECTORY);
	return fd >= 0 ? fd : proc_open_at(AT_FDCWD, "/proc/thread-self", O_PATH | O_DIRECTORY);
}

int proc_open_inside(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(O_PATH | O_CLOEXEC | flags),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int tries = 0;
	long fd;

	do	/* EAGAIN: something was renamed on the way */
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++tries < 16)));
	if (fd >= 0)
		return (int)fd;
	if (errno != ENOSYS && errno != EPERM)	/* EPERM: some seccomp filters */
		return -errno;
	while (*path == '/')
		path++;
	return proc_open_at(root, *path ? path : ".", O_PATH | flags);
}

static struct mount_text next_word(struct mount_text *line)
{
	struct mount_text word = { line->s, 0 };

	while (word.len < line->len && line->s[word.len] != ' ')
		word.len++;
	line->s += word.len + (word.len < line->len);
	line->len -= word.len + (word.len < line->len);
	return word;
}

static bool mount_parse(struct mount_text line, struct mount_line *ret)
{
	struct mount_text id = next_word(&line), word;

	if (!num_u64(id.s, id.len, UINT64_MAX, &ret->id))
		return false;
	next_word(&line);	/* parent */
	next_word(&line);	/* device */
	ret->root = next_word(&line);
	ret->point = next_word(&line);
	next_word(&line);	/* options of the mount */
	do
		word = next_word(&line);	/* any number of optional fields */
	while (line.len && !(word.len == 1 && *word.s == '-'));
	ret->type = next_word(&line);
	next_word(&line);	/* source */
	ret->options = next_word(&line);
	return ret->options.len > 0;
}

bool mount_next(struct mount_text *text, struct mount_line *ret)
{
	while (text->len) {
		const char *end = memchr(text->s, '\n', text->len);
		struct mount_text line = { text->s, end ? (size_t)(end - text->s) : text->len };
		size_t step = line.len + (end ? 1 : 0);

		text->s += step;
		text->len -= step;
		if (mount_parse(line, ret))
			return true;
	}
	return false;
}
