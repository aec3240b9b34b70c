/* SPDX-License-Identifier: MIT */
/*
 * What /proc says of one process (command line, executable, limits), of one of
 * its files, and of the machine. All but the facts can block on other people's
 * locks and mounts: callers run them where that holds up nobody, so nothing
 * here is shared or locked. The walk over all processes: procscan.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "source/parts.h"
#include "wire/procfs.h"

#define CMDLINE_MAX 4096
#define SECTION_MAX 65536
#define FILE_CALLS 11		/* of the system, for one question */
#define PROTONAME_CALLS 12
#define ALIVE_CALLS 3
#define CLOCK_READINGS 5
#define FACTS_CALLS 13
#define MOUNTINFO_MAX (64u << 20)
#define INITIAL_PIDNS 0xEFFFFFFCu	/* PROC_PID_INIT_INO */

/* About as many as it takes; what is tried again is not counted. */
static void count_calls(const struct procscan *s, uint64_t n)
{
	if (s->calls)
		atomic_fetch_add(s->calls, n);
}

/* ---- details of a process ----------------------------------------------- */

static void section(struct buf *b, uint16_t tag, int err, const struct buf *body)
{
	static const char zeros[4];
	uint16_t errnum = (uint16_t)(err < 0 ? -err : 0);
	uint32_t len = err < 0 ? 0 : (uint32_t)body->len;

	buf_put(b, &tag, sizeof(tag));
	buf_put(b, &errnum, sizeof(errnum));
	buf_put(b, &len, sizeof(len));
	if (len)
		buf_put(b, body->data, len);
	buf_put(b, zeros, -len & 3);
}

/* The size of the directory says it even where it may not be listed (6.2). */
static int count_fds(const struct procscan *s, int dir, struct buf *b)
{
	struct dents *d;
	struct stat st;
	uint64_t n = 0;
	int r;

	if (s->fd_sizes && proc_stat_at(dir, "fd", 0, &st) == 0) {
		buf_u64(b, (uint64_t)st.st_size);
		return 0;
	}
	d = mem_alloc(sizeof(*d));
	if (!d)
		return -ENOMEM;
	r = dents_open(d, dir, "fd");
	if (r == 0) {
		const char *name;

		while ((name = dents_next(d)))
			n += *name != '.';
		r = d->err;
		dents_close(d);
	}
	mem_free(d);
	if (r == 0)
		buf_u64(b, n);
	return r;
}

static int read_section(const struct procscan *s, int dir, int tag, struct buf *b)
{
	switch (tag) {
	case PROC_CMDLINE:
		return io_read_at(dir, "cmdline", b, CMDLINE_MAX);
	case PROC_EXE:
		return io_readlink_at(dir, "exe", b);
	case PROC_CGROUP:
		return io_read_at(dir, "cgroup", b, SECTION_MAX);
	case PROC_LIMITS:
		return io_read_at(dir, "limits", b, SECTION_MAX);
	case PROC_NFDS:
		return count_fds(s, dir, b);
	case PROC_STAT:
		return io_read_at(dir, "stat", b, SECTION_MAX);
	case PROC_COMM:
		return io_read_at(dir, "comm", b, SECTION_MAX);
	}
	return -EINVAL;
}

int procscan_details(const struct procscan *s, const struct ask_proc *arg, chunk_fn fn,
		     void *ctx)
{
	struct buf all = { 0 }, body = { 0 };
	int dir = procscan_open(s, arg->pid, arg->start_ns);
	uint64_t calls = 1;
	int tag, r;

	count_calls(s, arg->start_ns ? 4 : 1);
	if (dir < 0)
		return dir;
	for (tag = PROC_CMDLINE; tag < PROC_N; tag++) {
		if (!(arg->sections & 1u << tag))
			continue;
		buf_reset(&body);
		r = read_section(s, dir, tag, &body);
		calls += tag == PROC_EXE || tag == PROC_NFDS ? 1 : READ_CALLS;
		section(&all, (uint16_t)tag, r < 0 ? r : body.failed ? -ENOMEM : 0, &body);
	}
	close(dir);
	count_calls(s, calls);
	r = all.failed ? -ENOMEM : all.len ? fn(ctx, all.data, all.len) : 0;
	buf_release(&body);
	buf_release(&all);
	return r < 0 ? r : 0;
}

/* ---- files of a process ------------------------------------------------- */

/* The look of the owner: its root, or its directory for a relative name. */
static int stat_as_owner(int dir, const char *path, struct stat *st)
{
	bool absolute = *path == '/';
	int base = proc_open_at(dir, absolute ? "root" : "cwd", O_PATH | O_DIRECTORY);
	int fd, r = 0;

	if (base < 0)
		return base;
	if (absolute) {
		fd = proc_open_inside(base, path, O_NOFOLLOW);
		r = fd < 0 ? fd : proc_stat_fd(fd, st);
		if (fd >= 0)
			close(fd);
	} else {
		r = proc_stat_at(base, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, st);
	}
	close(base);
	return r;
}

/* Ours. A relative name is looked at below the owner's directory by name. */
static int stat_as_us(int dir, const char *path, struct stat *st)
{
	struct buf b = { 0 };
	int r = 0;

	if (*path != '/') {
		r = dir < 0 ? -ENOENT : io_readlink_at(dir, "cwd", &b);
		buf_putc(&b, '/');
	}
	buf_puts(&b, path);
	if (r == 0 && b.failed)
		r = -ENOMEM;
	if (r == 0)
		r = proc_stat_at(AT_FDCWD, buf_cstr(&b), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
				 st);
	buf_release(&b);
	return r;
}

static void set_mode(struct wire_file *w, const struct stat *st)
{
	w->mode = st->st_mode;
	w->uid = st->st_uid;
	w->gid = st->st_gid;
}

static void look_at_file(int dir, const char *path, struct wire_file *ret)
{
	struct stat st = { 0 };
	int r = dir < 0 ? dir : stat_as_owner(dir, path, &st);

	ret->err = -r;
	if (r == 0) {
		set_mode(ret, &st);
		ret->ino = (uint32_t)st.st_ino;
		ret->major = major(st.st_dev);
		ret->minor = minor(st.st_dev);
	}
	r = stat_as_us(dir, path, &st);
	ret->our_err = -r;
	if (r == 0) {
		if (ret->err)
			set_mode(ret, &st);
		ret->our_ino = (uint32_t)st.st_ino;
		ret->our_major = major(st.st_dev);
		ret->our_minor = minor(st.st_dev);
	}
}

int procscan_file(const struct procscan *s, const struct ask_file *arg, size_t arg_len,
		  chunk_fn fn, void *ctx)
{
	struct ask_file want;
	struct wire_file answer = { 0 };
	struct buf path = { 0 };
	int dir, r;

	if (arg_len < sizeof(want))
		return -EINVAL;
	memcpy(&want, arg, sizeof(want));
	if (!want.path_len || want.path_len > arg_len - sizeof(want))
		return -EINVAL;
	buf_put(&path, (const char *)arg + sizeof(want), want.path_len);
	/* pid 0: no owner is known, our look only */
	dir = want.pid ? procscan_open(s, want.pid, want.start_ns) : -ESRCH;
	if (!*buf_cstr(&path)) {
		r = -EINVAL;	/* abstract, or no memory */
	} else if (want.pid && dir == -ESRCH) {
		r = -ESRCH;
	} else {
		look_at_file(dir, buf_cstr(&path), &answer);
		count_calls(s, FILE_CALLS);
		r = fn(ctx, &answer, sizeof(answer));
	}
	if (dir >= 0)
		close(dir);
	buf_release(&path);
	return r < 0 ? r : 0;
}

static bool is_socket(int dir, const char *name, uint32_t inode)
{
	char link[64];
	int n = proc_link_at(dir, name, link, sizeof(link));

	return n > 0 && procfs_socket_link(link, (size_t)n) == inode && inode;
}

/* The path fd keeps the inode: what is asked by it cannot become another file,
 * one that hangs, between the look and the question. */
static int protoname_of(const struct procscan *s, int path_fd, uint32_t inode, char *name,
			size_t size)
{
	char own[PROC_PATH], path[PROC_PATH + 24] = "/proc/thread-self/";
	int self = procscan_self(s->proc_fd);
	ssize_t n;

	if (self < 0)
		return self;
	proc_path(own, 0, 0, "fd/", path_fd);
	n = is_socket(self, own, inode) ? 0 : -ESTALE;
	close(self);
	if (n < 0)
		return (int)n;
	memcpy(path + strlen(path), own, strlen(own) + 1);
	do
		n = getxattr(path, "system.sockprotoname", name, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (int)n;
}

int procscan_protoname(const struct procscan *s, const struct ask_fd *arg, chunk_fn fn,
		       void *ctx)
{
	char path[PROC_PATH], name[256];
	int dir = procscan_open(s, arg->pid, arg->start_ns);
	int fd, n;

	count_calls(s, PROTONAME_CALLS);
	if (dir < 0)
		return dir;
	proc_path(path, 0, arg->tid, "fd/", arg->fd);
	if (arg->fd < 0 || !is_socket(dir, path, arg->inode))
		n = -ESTALE;
	else
		n = fd = proc_open_at(dir, path, O_PATH);
	close(dir);
	if (n < 0)
		return n == -ENOENT ? -ESTALE : n;
	n = protoname_of(s, fd, arg->inode, name, sizeof(name));
	close(fd);
	while (n > 0 && !name[n - 1])
		n--;		/* the kernel counts its NUL */
	n = n < 0 ? n : fn(ctx, name, (size_t)n);
	return n < 0 ? n : 0;
}

/* ---- facts of the machine ----------------------------------------------- */

static void fact(struct buf *b, const char *key, uint64_t value)
{
	buf_puts(b, key);
	buf_putc(b, ' ');
	buf_u64(b, value);
	buf_putc(b, '\n');
}

/* A host name may hold any byte; a line of ours ends at the newline. */
static void text_fact(struct buf *b, const char *key, const char *value)
{
	buf_puts(b, key);
	buf_putc(b, ' ');
	for (; *value; value++)
		buf_putc(b, *value == '\n' ? ' ' : *value);
	buf_putc(b, '\n');
}

static uint64_t clock_ns(clockid_t which)
{
	struct timespec t = { 0 };

	clock_gettime(which, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t own_cookie(void)
{
	uint64_t cookie;
	int fd;

	do
		fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return 0;
	cookie = nlsock_cookie(fd);
	close(fd);
	return cookie;
}

/* Of /proc/1 if it may be read, else ours: a /proc of another pid namespace can
 * be mounted here. */
static const char *sees_initial_pidns(const struct procscan *s, int self)
{
	struct stat st;

	if (s->proc_fd >= 0 && proc_stat_at(s->proc_fd, "1/ns/pid", 0, &st) == 0)
		return st.st_ino == INITIAL_PIDNS ? "1" : "0";
	if (self >= 0 && proc_stat_at(self, "ns/pid", 0, &st) == 0)
		return st.st_ino == INITIAL_PIDNS ? "1" : "0";
	return "-";
}

static bool proc_has_processes(const struct procscan *s)
{
	struct dents *d;
	const char *name;
	char link[16];
	bool found = false;

	if (s->real && proc_link_at(s->proc_fd, "self", link, sizeof(link)) > 0)
		return true;	/* we are in it */
	d = s->proc_fd < 0 ? NULL : mem_alloc(sizeof(*d));
	if (d && dents_open(d, s->proc_fd, ".") == 0) {
		while (!found && (name = dents_next(d)))
			found = *name >= '1' && *name <= '9';
		dents_close(d);
	}
	mem_free(d);
	return found;
}

/* The number after `key` in a text of lines; false: no such line. */
static bool line_number(const struct buf *b, const char *key, uint64_t *ret)
{
	size_t key_len = strlen(key), at, end;

	for (at = 0; at < b->len; at = end + 1) {
		for (end = at; end < b->len && b->data[end] != '\n'; end++)
			;
		if (end - at <= key_len || memcmp(b->data + at, key, key_len))
			continue;
		for (at += key_len; at < end && (b->data[at] == ' ' || b->data[at] == '\t');
		     at++)
			;
		return num_u64(b->data + at, end - at, UINT64_MAX, ret);
	}
	return false;
}

static bool option_is(const struct mount_text *o, const char *name, size_t name_len,
		      struct mount_text *ret)
{
	size_t at, end;

	for (at = 0; at < o->len; at = end + 1) {
		for (end = at; end < o->len && o->s[end] != ','; end++)
			;
		if (end - at > name_len && !memcmp(o->s + at, name, name_len)) {
			*ret = (struct mount_text){ o->s + at + name_len, end - at - name_len };
			return true;
		}
	}
	return false;
}

static bool in_group(uint64_t gid)
{
	gid_t groups[1024];
	int i, n = getgroups(1024, groups);

	for (i = 0; i < n; i++)
		if (groups[i] == gid)
			return true;
	return getegid() == gid;
}

/* 0 none, 1 noaccess, 2 invisible or ptraceable; names since 5.8. */
static unsigned hidepid_value(const struct mount_text *v)
{
	if (!v->len || *v->s == '0' || *v->s == 'o')
		return 0;
	return *v->s == '1' || *v->s == 'n' ? 1 : 2;
}

static unsigned hidepid_of(const struct mount_text *options)
{
	struct mount_text value;
	uint64_t gid = 0;
	unsigned hidepid;

	if (!option_is(options, "hidepid=", 8, &value))
		return 0;
	hidepid = hidepid_value(&value);
	if (option_is(options, "gid=", 4, &value))
		num_u64(value.s, value.len, UINT32_MAX, &gid);
	return in_group(gid) ? 0 : hidepid;
}

static int read_number(int dir, const char *file, const char *key, uint64_t *ret)
{
	struct buf b = { 0 };
	int r = io_read_at(dir, file, &b, SECTION_MAX);

	if (r == 0 && !line_number(&b, key, ret))
		r = -ENOENT;
	buf_release(&b);
	return r;
}

/* The mount is found by its id: the same /proc may be mounted at many places. */
static int hidepid_of_mount(const struct procscan *s, int self, unsigned *ret)
{
	struct buf b = { 0 };
	char path[PROC_PATH];
	struct mount_text text;
	struct mount_line line;
	uint64_t id;
	int r;

	r = read_number(self, proc_path(path, 0, 0, "fdinfo/", s->proc_fd), "mnt_id:", &id);
	if (r == 0)
		r = io_read_at(self, "mountinfo", &b, MOUNTINFO_MAX);
	text = (struct mount_text){ b.data, r == 0 ? b.len : 0 };
	while (mount_next(&text, &line))
		if (line.id == id)
			*ret = hidepid_of(&line.options);
	buf_release(&b);
	return r;
}

static bool may_trace(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2] = { { 0 } };

	return syscall(SYS_capget, &head, sets) == 0 &&
	       sets[0].effective & CAP_TO_MASK(CAP_SYS_PTRACE);
}

/* How much is hidden from us: what may be traced is always seen. */
static unsigned hidepid(const struct procscan *s, int self)
{
	unsigned found = 0;
	struct stat st;

	if (self < 0 || !s->real || may_trace())
		return 0;
	if (hidepid_of_mount(s, self, &found) == 0)
		return found;
	return proc_stat_at(s->proc_fd, "1", 0, &st) == -ENOENT ? 2 : 0;
}

static bool is_alive(const struct procscan *s, const struct ask_alive *a)
{
	struct procfs_stat st;
	char path[PROC_PATH];

	return a->pid > 0 &&
	       procscan_stat_at(s->proc_fd, proc_path(path, a->pid, 0, "stat", -1), &st) == 0 &&
	       st.start_ticks * s->ns_per_tick == a->start_ns && st.state != 'Z' &&
	       st.state != 'X';
}

int procscan_alive(const struct procscan *s, const void *asked, size_t len, chunk_fn fn,
		   void *ctx)
{
	struct buf b = { 0 };
	struct ask_alive a;
	size_t at;
	int r;

	for (at = 0; s->proc_fd >= 0 && len - at >= sizeof(a); at += sizeof(a)) {
		memcpy(&a, (const char *)asked + at, sizeof(a));
		buf_putc(&b, is_alive(s, &a));
	}
	count_calls(s, (uint32_t)(len / sizeof(a)) * ALIVE_CALLS);
	r = b.failed ? -ENOMEM : fn(ctx, b.data, b.len);
	buf_release(&b);
	return r < 0 ? r : 0;
}

/* When the machine was booted, by two clocks that are not read at the same time:
 * the closest of some readings, so that it is the same each time but for less
 * than a microsecond. */
static uint64_t boot_ns(void)
{
	uint64_t gap = UINT64_MAX, boot = 0;
	int i;

	for (i = 0; i < CLOCK_READINGS; i++) {
		uint64_t before = clock_ns(CLOCK_BOOTTIME), now = clock_ns(CLOCK_REALTIME);
		uint64_t after = clock_ns(CLOCK_BOOTTIME);

		if (after - before < gap) {
			gap = after - before;
			boot = now - before - gap / 2;
		}
	}
	return boot;
}

int procscan_facts(const struct procscan *s, chunk_fn fn, void *ctx)
{
	uint64_t now = clock_ns(CLOCK_REALTIME);
	int self = procscan_self(s->proc_fd), r;
	struct utsname u = { 0 };
	struct buf b = { 0 };
	struct stat st;

	uname(&u);
	fact(&b, "now", now);
	fact(&b, "boot", boot_ns());
	fact(&b, "pid", (uint64_t)getpid());
	fact(&b, "uid", geteuid());
	fact(&b, "netns",
	     self >= 0 && proc_stat_at(self, "ns/net", 0, &st) == 0 ? st.st_ino : 0);
	fact(&b, "netns_cookie", own_cookie());
	text_fact(&b, "pidns_root", sees_initial_pidns(s, self));
	fact(&b, "hidepid", hidepid(s, self));
	fact(&b, "proc", proc_has_processes(s));
	fact(&b, "fd_sizes", s->fd_sizes);
	text_fact(&b, "kernel", u.release);
	text_fact(&b, "host", u.nodename);
	if (self >= 0)
		close(self);
	count_calls(s, FACTS_CALLS);
	r = b.failed ? -ENOMEM : fn(ctx, b.data, b.len);
	buf_release(&b);
	return r < 0 ? r : 0;
}
