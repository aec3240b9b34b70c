/* SPDX-License-Identifier: MIT */
/* The walk: over a made tree (what is complete, what is hostile) and over the
 * processes of the test itself (what only a kernel can show). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "source/parts.h"

/* ---- reading the stream ------------------------------------------------- */

#define MAX_SEEN 4096
struct seen {
	struct own_fd fds[MAX_SEEN];
	struct own_task tasks[1024];
	struct own_rec gaps[1024], flights[16];
	uint32_t flight_inode[16];
	uint32_t n_fds, n_tasks, n_gaps, n_flights, looked_at, procs, chunks;
	int stop;			/* after so many chunks */
	int32_t task;			/* of the last task record */
	bool disorder;			/* an fd before its task */
};

static size_t take_record(struct seen *s, const char *p, size_t left)
{
	struct own_rec rec;
	struct own_fd fd;

	assert_true(left >= sizeof(rec));
	memcpy(&rec, p, sizeof(rec));
	memcpy(&fd, p, sizeof(fd));
	if (fd.inode) {
		s->disorder |= (int32_t)fd.pid != s->task;
		assert_true(s->n_fds < MAX_SEEN);
		s->fds[s->n_fds++] = fd;
		return sizeof(fd);
	}
	switch (rec.type) {
	case OWN_TASK:
		assert_true(left >= sizeof(struct own_task));
		memcpy(&s->tasks[s->n_tasks], p, sizeof(struct own_task));
		s->task = s->tasks[s->n_tasks++].pid;
		return sizeof(struct own_task);
	case OWN_GAP:
		s->gaps[s->n_gaps++] = rec;
		break;
	case OWN_IN_FLIGHT:
		assert_true(left >= 2 * sizeof(rec));
		memcpy(&fd, p + sizeof(rec), sizeof(fd));
		s->flights[s->n_flights] = rec;
		s->flight_inode[s->n_flights++] = fd.inode;
		return 2 * sizeof(rec);
	case OWN_STAT:
		s->looked_at += rec.a;
		s->procs += rec.b;
		break;
	default:
		assert_int_equal(rec.type, OWN_NET);
	}
	return sizeof(rec);
}

static int take(void *ctx, const void *bytes, size_t len)
{
	struct seen *s = ctx;
	size_t at = 0;

	while (at < len)
		at += take_record(s, (const char *)bytes + at, len - at);
	return s->stop && (int)++s->chunks >= s->stop ? -ECANCELED : 0;
}

static const struct own_fd *find_fd(const struct seen *s, uint32_t inode, uint32_t how)
{
	uint32_t i;

	for (i = 0; i < s->n_fds; i++)
		if (s->fds[i].inode == inode && s->fds[i].how == how)
			return &s->fds[i];
	return NULL;
}

static struct seen *look(const struct procscan *p, bool deep, int32_t pid, bool maps)
{
	struct { struct ask_owners head; int32_t pid; } arg = { { .n_pids = 1, .maps = maps }, pid };
	struct seen *s = mem_alloc(sizeof(*s));

	if (deep)
		assert_int_equal(procscan_holders(p, &arg.head, sizeof(arg), take, s), 0);
	else
		assert_int_equal(procscan_owners(p, &arg.head, sizeof(arg), take, s), 0);
	assert_false(s->disorder);
	return s;
}

/* ---- a made tree -------------------------------------------------------- */

#define N_PIDS 300
struct tree { char path[64]; int fd; };

static void put_file(struct tree *t, int pid, const char *name, const char *text, size_t len)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%d/%s", t->path, pid, name);
	assert_int_equal(io_replace(path, text, len, 0644), 0);
}

static void put_link(struct tree *t, int pid, const char *name, const char *target)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%d/fd/%s", t->path, pid, name);
	assert_int_equal(symlink(target, path), 0);
}

static void put_process(struct tree *t, int pid, const char *comm)
{
	char path[128], text[256];
	int n;

	snprintf(path, sizeof(path), "%s/%d", t->path, pid);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/%d/fd", t->path, pid);
	assert_int_equal(mkdir(path, 0755), 0);
	n = snprintf(text, sizeof(text),
		     "%d (%s) S 7 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 %d 0 0 0\n", pid, comm,
		     pid * 3);
	put_file(t, pid, "stat", text, (size_t)n);
	n = snprintf(text, sizeof(text), "Name:\tx\nUid:\t1\t%d\t1\t1\n", pid + 5);
	put_file(t, pid, "status", text, (size_t)n);
}

static int tree_make(void **state)
{
	struct tree *t = mem_alloc(sizeof(*t));
	char link[64], name[16];
	int i;

	strcpy(t->path, "/tmp/lssock-unit-XXXXXX");
	if (!mkdtemp(t->path))
		return -1;
	for (i = 1; i <= N_PIDS; i++) {
		put_process(t, i, "a) b (c\nd");
		snprintf(link, sizeof(link), "socket:[%d]", 1000 + i);
		snprintf(name, sizeof(name), "%d", i % 7);
		put_link(t, i, name, link);
		put_link(t, i, "900", "/dev/null");
	}
	put_link(t, 1, "901", "socket:[12");
	put_link(t, 1, "902", "socket:[0]");
	put_link(t, 1, "903", "socket:[99999999999]");
	put_link(t, 1, "904", "net:[12]");
	t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = t;
	return t->fd < 0 ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *f)
{
	(void)st;
	(void)kind;
	(void)f;
	return remove(path);
}

static int tree_remove(void **state)
{
	struct tree *t = *state;
	int r = nftw(t->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	close(t->fd);
	mem_free(t);
	return r;
}

static void whole_tree(void **state)
{
	struct tree *t = *state;
	struct seen *s = mem_alloc(sizeof(*s));
	struct procscan p;
	uint32_t i;

	procscan_init(&p, t->fd);
	assert_false(p.real);
	assert_int_equal(procscan_owners(&p, NULL, 0, take, s), 0);
	assert_int_equal(s->n_fds, N_PIDS);
	assert_int_equal(s->n_tasks, N_PIDS);
	assert_int_equal(s->n_gaps, 0);
	assert_int_equal(s->procs, N_PIDS);
	assert_false(s->disorder);
	for (i = 0; i < s->n_fds; i++) {
		assert_int_equal(s->fds[i].inode, 1000 + s->fds[i].pid);
		assert_int_equal(s->fds[i].fd, s->fds[i].pid % 7);
		assert_int_equal(s->tasks[i].uid, s->tasks[i].pid + 5);
		assert_int_equal(s->tasks[i].ppid, 7);
		assert_true(s->tasks[i].start_ns == (uint64_t)s->tasks[i].pid * 3 * p.ns_per_tick);
		assert_memory_equal(s->tasks[i].comm, "a) b (c\nd\0\0\0\0\0\0", 16);
	}
	mem_free(s);
}

/* Scans of some processes each are the whole: nothing is left out or twice. */
static void parts_are_the_whole(void **state)
{
	struct tree *t = *state;
	struct { struct ask_owners head; int32_t pids[70]; } arg = { 0 };
	struct seen *s = mem_alloc(sizeof(*s));
	struct numbers all = { 0 };
	bool seen[N_PIDS + 1] = { false };
	struct procscan p;
	uint32_t i;

	procscan_init(&p, t->fd);
	assert_int_equal(procscan_list(&p, &all), 0);
	assert_true(procscan_drop_idle(&p, 1, &all, NULL) == 0);
	assert_int_equal(all.n, N_PIDS);
	for (i = 0; i < all.n; i += arg.head.n_pids) {
		arg.head.n_pids = all.n - i < 70 ? all.n - i : 70;
		memcpy(arg.pids, all.v + i, arg.head.n_pids * sizeof(*all.v));
		assert_int_equal(procscan_owners(&p, &arg.head, sizeof(arg), take, s), 0);
	}
	assert_int_equal(s->n_fds, N_PIDS);
	assert_int_equal(s->procs, N_PIDS);
	for (i = 0; i < s->n_fds; i++) {
		assert_false(seen[s->fds[i].pid]);
		seen[s->fds[i].pid] = true;
	}
	vec_release(&all);
	mem_free(s);
}

static void error_of_taker_ends_it(void **state)
{
	struct tree *t = *state;
	struct seen *s = mem_alloc(sizeof(*s));
	struct procscan p;

	s->stop = 1;
	procscan_init(&p, t->fd);
	assert_int_equal(procscan_owners(&p, NULL, 0, take, s), -ECANCELED);
	assert_int_equal(s->chunks, 1);
	mem_free(s);
}

/* A list of pids that says it is longer than it is. */
static void lying_length(void **state)
{
	struct tree *t = *state;
	struct ask_owners arg = { .n_pids = 0x40000001 };
	struct seen *s = mem_alloc(sizeof(*s));
	struct procscan p;

	procscan_init(&p, t->fd);
	assert_int_equal(procscan_owners(&p, &arg, sizeof(arg), take, s), -EINVAL);
	assert_int_equal(s->n_fds, 0);
	mem_free(s);
}

static void out_of_memory_is_an_error(void **state)
{
	struct tree *t = *state;
	struct procscan p;
	uint64_t n;
	int r = -ENOMEM;

	procscan_init(&p, t->fd);
	for (n = 1; r != 0; n++) {
		struct seen *s = mem_alloc(sizeof(*s));

		mem_fail_at(n);
		r = procscan_holders(&p, NULL, 0, take, s);
		mem_fail_at(0);
		/* either it failed, or what is missing is said */
		assert_true(r == 0 || r == -ENOMEM);
		assert_true(r || s->n_fds == N_PIDS || s->n_gaps);
		r = r || s->n_gaps;
		mem_free(s);
		assert_true(n < 1000);
	}
	assert_true(n > 2);
}

/* As kernels that escape in stat show it; comm never is. */
static void escaped_name(void **state)
{
	struct tree *t = *state;
	struct procscan p;
	struct seen *s;
	int pid = N_PIDS + 1;

	put_process(t, pid, "a\\nb");
	put_link(t, pid, "3", "socket:[77]");
	procscan_init(&p, t->fd);
	s = look(&p, false, pid, false);
	assert_memory_equal(s->tasks[0].comm, "a\\nb\0", 5);	/* no comm: as it is */
	mem_free(s);
	put_file(t, pid, "comm", "a\nb\n", 4);
	s = look(&p, false, pid, false);
	assert_memory_equal(s->tasks[0].comm, "a\nb\0", 4);
	mem_free(s);
}

static void torn_processes_are_said(void **state)
{
	struct tree *t = *state, broken;
	struct procscan p;
	struct seen *s;
	char path[128];

	(void)t;
	strcpy(broken.path, "/tmp/lssock-unit-XXXXXX");
	assert_non_null(mkdtemp(broken.path));
	put_process(&broken, 4, "x");
	put_link(&broken, 4, "3", "socket:[77]");
	put_file(&broken, 4, "stat", "4 (x", 4);
	snprintf(path, sizeof(path), "%s/5", broken.path);
	assert_int_equal(mkdir(path, 0755), 0);
	broken.fd = open(broken.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	procscan_init(&p, broken.fd);
	s = look(&p, false, 4, false);
	assert_int_equal(s->n_fds, 0);
	assert_int_equal(s->n_gaps, 1);
	assert_int_equal(s->gaps[0].b, 4);
	mem_free(s);
	s = look(&p, false, 5, false);
	assert_int_equal(s->n_gaps, 1);
	assert_int_equal(s->gaps[0].a, ESRCH);
	mem_free(s);
	close(broken.fd);
	nftw(broken.path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void no_proc_is_said(void **state)
{
	struct seen *s = mem_alloc(sizeof(*s));
	struct procscan p;

	(void)state;
	procscan_init(&p, -1);
	assert_int_equal(procscan_owners(&p, NULL, 0, take, s), 0);
	assert_int_equal(s->n_gaps, 1);
	assert_int_equal(s->gaps[0].a, ENOENT);
	assert_int_equal(s->gaps[0].b, 0);
	mem_free(s);
}

/* ---- real processes ----------------------------------------------------- */

struct child { pid_t pid; int out, in; uint32_t inode[2]; };

static uint32_t inode_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return (uint32_t)st.st_ino;
}

/* The child does `work`, writes two numbers, waits until we close. Numbers of 0:
 * it could not. */
static bool child_start(struct child *c, void (*work)(uint32_t ret[2]))
{
	int up[2], down[2];

	assert_int_equal(pipe2(up, O_CLOEXEC), 0);
	assert_int_equal(pipe2(down, O_CLOEXEC), 0);
	c->pid = fork();
	assert_true(c->pid >= 0);
	if (c->pid == 0) {
		uint32_t ret[2] = { 0, 0 };
		char byte;

		close(up[0]);
		close(down[1]);
		work(ret);
		if (write(up[1], ret, sizeof(ret)) != sizeof(ret))
			_exit(1);
		while (read(down[0], &byte, 1) < 0 && errno == EINTR)
			;
		_exit(0);
	}
	close(up[1]);
	close(down[0]);
	c->in = up[0];
	c->out = down[1];
	return read(c->in, c->inode, sizeof(c->inode)) == sizeof(c->inode) && c->inode[0];
}

static void child_end(struct child *c)
{
	close(c->in);
	close(c->out);
	waitpid(c->pid, NULL, 0);
}

static void live(struct procscan *p)
{
	procscan_init(p, open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	assert_true(p->proc_fd >= 0);
	assert_true(p->real);
}

static bool is_listed(const struct procscan *p, int32_t pid)
{
	struct numbers pids = { 0 };
	uint64_t fds;
	uint32_t i;
	bool found = false;

	assert_int_equal(procscan_list(p, &pids), 0);
	fds = procscan_drop_idle(p, UINT64_MAX, &pids, NULL);
	assert_int_equal(fds > 0, p->fd_sizes);
	for (i = 0; i < pids.n; i++)
		found |= pids.v[i] == pid;
	vec_release(&pids);
	return found;
}

static void work_socket(uint32_t ret[2])
{
	ret[0] = inode_of(socket(AF_UNIX, SOCK_DGRAM, 0));
}

static void work_not_dumpable(uint32_t ret[2])
{
	work_socket(ret);
	if (getuid() == 0 && setresuid(0, 4711, 0) < 0)
		ret[0] = 0;
	ret[1] = geteuid();
	prctl(PR_SET_DUMPABLE, 0);
}

static void child_and_its_socket(void **state)
{
	struct procscan p;
	struct child c;
	struct seen *s;
	const struct own_fd *fd;

	(void)state;
	live(&p);
	assert_true(child_start(&c, work_socket));
	s = look(&p, false, c.pid, false);
	assert_int_equal(s->n_gaps, 0);
	assert_int_equal(s->n_tasks, 1);
	assert_int_equal(s->tasks[0].ppid, getpid());
	assert_int_equal(s->tasks[0].uid, geteuid());
	fd = find_fd(s, c.inode[0], LSSOCK_HOW_FD);
	assert_non_null(fd);
	assert_int_equal(fd->pid, c.pid);
	assert_int_equal(fd->tid, 0);
	child_end(&c);
	mem_free(s);
	/* it has ended: no other process may be blamed, and it is said */
	s = look(&p, false, c.pid, false);
	assert_int_equal(s->n_fds, 0);
	assert_int_equal(s->n_gaps, 1);
	assert_int_equal(s->gaps[0].a, ESRCH);
	mem_free(s);
	close(p.proc_fd);
}

/* Files of a non-dumpable process belong to root: the uid must not. */
static void uid_of_not_dumpable(void **state)
{
	struct procscan p;
	struct child c;
	struct seen *s;

	(void)state;
	if (getuid() != 0) {
		print_message("needs root: skipped\n");
		skip();
	}
	live(&p);
	assert_true(child_start(&c, work_not_dumpable));
	s = look(&p, false, c.pid, false);
	child_end(&c);
	if (s->n_tasks) {	/* else it may not be read here, and that is said */
		assert_int_equal(c.inode[1], 4711);
		assert_int_equal(s->tasks[0].uid, c.inode[1]);
	} else {
		assert_int_equal(s->n_gaps, 1);
	}
	mem_free(s);
	close(p.proc_fd);
}

/* ---- threads ---- */

static int thread_pipe[2];
static uint32_t thread_inode;

static void *thread_private(void *arg)
{
	char done = 1;

	(void)arg;
	if (unshare(CLONE_FILES) == 0)
		thread_inode = inode_of(socket(AF_UNIX, SOCK_STREAM, 0));
	if (write(thread_pipe[1], &done, 1) != 1)
		_exit(1);
	for (;;)
		pause();
	return NULL;
}

static void work_thread_table(uint32_t ret[2])
{
	pthread_t id;
	char done;

	ret[1] = inode_of(socket(AF_UNIX, SOCK_STREAM, 0));
	if (pipe(thread_pipe) < 0 || pthread_create(&id, NULL, thread_private, NULL) ||
	    read(thread_pipe[0], &done, 1) != 1)
		return;
	ret[0] = thread_inode;
}

static void thread_with_own_table(void **state)
{
	struct procscan p;
	struct child c;
	struct seen *s;
	const struct own_fd *fd;

	(void)state;
	live(&p);
	assert_true(child_start(&c, work_thread_table));
	s = look(&p, false, c.pid, false);
	assert_null(find_fd(s, c.inode[0], LSSOCK_HOW_FD));
	mem_free(s);
	s = look(&p, true, c.pid, false);
	fd = find_fd(s, c.inode[0], LSSOCK_HOW_FD);
	assert_non_null(fd);
	assert_int_equal(fd->pid, c.pid);
	assert_true(fd->tid != 0 && (pid_t)fd->tid != c.pid);
	fd = find_fd(s, c.inode[1], LSSOCK_HOW_FD);
	assert_non_null(fd);
	assert_int_equal(fd->tid, 0);
	child_end(&c);
	mem_free(s);
	close(p.proc_fd);
}

static void *thread_waits(void *arg)
{
	int *fds = arg;
	uint32_t ret[2] = { 0, 0 };
	char byte;
	int fd = open("/proc/self/stat", O_RDONLY);
	char text[512];

	/* until the leader is a zombie */
	for (;;) {
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
		char *end;

		text[n > 0 ? n : 0] = '\0';
		end = strrchr(text, ')');
		if (end && end[1] == ' ' && end[2] == 'Z')
			break;
		sched_yield();
	}
	ret[0] = thread_inode;
	if (write(fds[1], ret, sizeof(ret)) == sizeof(ret))
		while (read(fds[0], &byte, 1) < 0 && errno == EINTR)
			;
	_exit(0);
}

static void *thread_idle(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

/* The fds of a process whose leader ended are in its threads only; each of them
 * is told once, though all threads share them. */
static void zombie_leader(void **state)
{
	static int fds[2];
	int up[2], down[2];
	struct procscan p;
	uint32_t ret[2] = { 0, 0 }, i, n = 0;
	struct seen *s;
	pid_t pid;

	(void)state;
	live(&p);
	assert_int_equal(pipe(up), 0);
	assert_int_equal(pipe(down), 0);
	pid = fork();
	if (pid == 0) {
		pthread_t id;

		close(up[0]);
		close(down[1]);
		fds[0] = down[0];
		fds[1] = up[1];
		thread_inode = inode_of(socket(AF_UNIX, SOCK_STREAM, 0));
		if (pthread_create(&id, NULL, thread_idle, NULL) ||
		    pthread_create(&id, NULL, thread_waits, fds))
			_exit(1);
		syscall(SYS_exit, 0);
	}
	close(up[1]);
	close(down[0]);
	assert_int_equal(read(up[0], ret, sizeof(ret)), sizeof(ret));
	s = look(&p, false, pid, false);
	assert_int_equal(s->n_tasks, 1);
	assert_true(s->tasks[0].flags & LSSOCK_P_ZOMBIE);
	assert_true(is_listed(&p, pid));
	for (i = 0; i < s->n_fds; i++)
		n += s->fds[i].inode == ret[0];
	assert_int_equal(n, 1);
	assert_true(find_fd(s, ret[0], LSSOCK_HOW_FD)->tid != 0);
	mem_free(s);
	close(down[1]);
	close(up[0]);
	waitpid(pid, NULL, 0);
	close(p.proc_fd);
}

/* ---- holders without an fd ---- */

static void work_in_flight(uint32_t ret[2])
{
	union { struct cmsghdr h; char room[CMSG_SPACE(sizeof(int))]; } control = { 0 };
	struct iovec iov = { .iov_base = (char[]){ 'x' }, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	int pair[2], passed = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (passed < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return;
	control.h.cmsg_level = SOL_SOCKET;
	control.h.cmsg_type = SCM_RIGHTS;
	control.h.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.h), &passed, sizeof(int));
	if (sendmsg(pair[0], &msg, 0) != 1)
		return;
	ret[0] = inode_of(pair[1]);
	ret[1] = inode_of(passed);
	close(passed);
}

static void fds_in_flight(void **state)
{
	struct procscan p;
	struct child c;
	struct seen *s;

	(void)state;
	live(&p);
	assert_true(child_start(&c, work_in_flight));
	s = look(&p, true, c.pid, false);
	child_end(&c);
	assert_null(find_fd(s, c.inode[1], LSSOCK_HOW_FD));
	assert_int_equal(s->n_flights, 1);
	assert_int_equal(s->flights[0].b, 1);
	assert_int_equal(s->flight_inode[0], c.inode[0]);
	mem_free(s);
	close(p.proc_fd);
}

static void work_ring(uint32_t ret[2])
{
	struct io_uring_params params = { 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 4, &params);
	int passed = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (ring < 0 || syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, &passed, 1) < 0)
		return;
	ret[0] = inode_of(passed);
	ret[1] = (uint32_t)ring;
	close(passed);
}

static void files_of_a_ring(void **state)
{
	struct procscan p;
	struct child c;
	struct seen *s;
	const struct own_fd *fd;
	bool made;

	(void)state;
	live(&p);
	made = child_start(&c, work_ring);
	s = look(&p, true, c.pid, false);
	child_end(&c);
	if (!made) {
		mem_free(s);
		close(p.proc_fd);
		print_message("no io_uring here: skipped\n");
		skip();
	}
	fd = find_fd(s, c.inode[0], LSSOCK_HOW_RING);
	assert_non_null(fd);
	assert_int_equal(fd->fd, c.inode[1]);
	assert_null(find_fd(s, c.inode[0], LSSOCK_HOW_FD));
	mem_free(s);
	close(p.proc_fd);
}

#ifndef PACKET_RX_RING
#define PACKET_RX_RING 5
#endif
struct ring_request { unsigned block_size, blocks, frame_size, frames; };

static void work_mapped(uint32_t ret[2])
{
	struct ring_request req = { 65536, 1, 2048, 32 };
	int fd;

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return;
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0 || setsockopt(fd, 263, PACKET_RX_RING, &req, sizeof(req)) < 0 ||
	    mmap(NULL, req.block_size, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
		return;
	ret[0] = inode_of(fd);
	close(fd);
}

static void packet_ring_in_a_mapping(void **state)
{
	struct procscan p;
	struct child c;
	struct seen *s, *without;
	bool made;

	(void)state;
	live(&p);
	made = child_start(&c, work_mapped);
	s = look(&p, true, c.pid, true);
	without = look(&p, true, c.pid, false);
	child_end(&c);
	if (made) {
		assert_non_null(find_fd(s, c.inode[0], LSSOCK_HOW_MAPPED));
		assert_int_equal(find_fd(s, c.inode[0], LSSOCK_HOW_MAPPED)->fd, -1);
		assert_null(find_fd(without, c.inode[0], LSSOCK_HOW_MAPPED));
	}
	mem_free(s);
	mem_free(without);
	close(p.proc_fd);
	if (!made) {
		print_message("no packet ring to be had: skipped\n");
		skip();
	}
}

/* ---- large tables ---- */

#define LARGE 900

static int max_of(const int *v, int n)
{
	int i, max = 0;

	for (i = 0; i < n; i++)
		max = v[i] > max ? v[i] : max;
	return max;
}

/* As workers share one table. */
static struct seen *look_in_parts(const struct procscan *p)
{
	struct { struct ask_owners head; int32_t pid; } arg = { { .n_pids = 1 }, getpid() };
	static const uint32_t ends[] = { 256, 257, 510, 905, 0 };
	struct seen *s = mem_alloc(sizeof(*s));
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		arg.head.to = ends[i];
		assert_int_equal(procscan_owners(p, &arg.head, sizeof(arg), take, s), 0);
		arg.head.from = arg.head.to;
	}
	assert_int_equal(s->procs, 1);
	return s;
}

/* Numbers are tried where a table is dense: whatever the holes, each fd is told
 * once, and those far behind the others too. */
static void holes_hide_nothing(void **state)
{
	static const struct { int from, to, step; } hole[] = {
		{ 300, 301, 1 }, { 400, 403, 1 }, { 500, 512, 1 }, { 600, 700, 2 },
		{ LARGE - 9, LARGE - 1, 1 },
	};
	int mine = socket(AF_UNIX, SOCK_DGRAM, 0), fds[LARGE + 1], i;
	uint32_t inode = inode_of(mine), n = 1;
	bool told[4096] = { false };
	struct procscan p;
	struct seen *s;
	size_t h;

	(void)state;
	live(&p);
	for (i = 0; i < LARGE; i++)
		fds[i] = dup(mine);
	fds[LARGE] = fcntl(mine, F_DUPFD_CLOEXEC, max_of(fds, LARGE) + 40);
	if (fds[LARGE] < 0 || fds[LARGE] >= 4096)
		fail_msg("this test needs 1024 open files");
	for (h = 0; h < sizeof(hole) / sizeof(hole[0]); h++)
		for (i = hole[h].from; i < hole[h].to; i += hole[h].step) {
			close(fds[i]);
			fds[i] = -1;
		}
	for (i = 0; i <= LARGE; i++)
		n += fds[i] >= 0;
	for (int way = 0; way < 3; way++) {
		memset(told, 0, sizeof(told));
		s = way == 2 ? look_in_parts(&p) : look(&p, way, getpid(), false);
		assert_int_equal(s->n_gaps, 0);
		for (h = 0; h < s->n_fds; h++)
			if (s->fds[h].inode == inode) {
				assert_false(told[s->fds[h].fd]);
				told[s->fds[h].fd] = true;
			}
		for (i = 0; i <= LARGE; i++)
			assert_true(fds[i] < 0 || told[fds[i]]);
		for (i = 0, h = 0; i < 4096; i++)
			h += told[i];
		assert_int_equal(h, n);
		mem_free(s);
	}
	for (i = 0; i <= LARGE; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	close(mine);
	close(p.proc_fd);
}

/* ---- who can hold something ---- */

/* A made tree has no sizes: all of it, and no number. */
static void a_copy_cannot_be_counted(void **state)
{
	struct tree *t = *state;
	struct procscan p;

	procscan_init(&p, t->fd);
	assert_false(p.fd_sizes);
	assert_int_equal(procscan_fd_count(&p, 10), -EOPNOTSUPP);
	p.proc_fd = -1;
	assert_int_equal(procscan_fd_count(&p, 10), -EOPNOTSUPP);
}

static void open_fds_are_counted(void **state)
{
	int64_t before, after;
	struct procscan p;
	int mine[100], i;

	(void)state;
	live(&p);
	if (!p.fd_sizes) {
		close(p.proc_fd);
		skip();
	}
	before = procscan_fd_count(&p, UINT64_MAX);
	assert_true(before > 3);
	assert_true(procscan_fd_count(&p, 1) >= 1 && procscan_fd_count(&p, 1) <= before);
	for (i = 0; i < 100; i++)
		mine[i] = dup(p.proc_fd);
	after = procscan_fd_count(&p, UINT64_MAX);
	for (i = 0; i < 100; i++)
		close(mine[i]);
	/* others come and go meanwhile */
	assert_true(after > before + 50);
	close(p.proc_fd);
}

/* Left out of the list: an ended process nobody waited for. Not one that lives. */
static void nothing_open_is_not_listed(void **state)
{
	struct procscan p;
	struct child c;
	siginfo_t info;

	(void)state;
	live(&p);
	assert_true(child_start(&c, work_socket));
	assert_true(is_listed(&p, c.pid));
	close(c.out);
	assert_int_equal(waitid(P_PID, (id_t)c.pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(is_listed(&p, c.pid), !p.fd_sizes);
	close(c.in);
	waitpid(c.pid, NULL, 0);
	close(p.proc_fd);
}

/* ---- limits ---- */

/* With too few fds it says so; with three it is complete. */
static void works_with_three_fds(void **state)
{
	struct procscan p;
	struct rlimit lim, few;
	struct seen *s, *starved;
	int mine = socket(AF_UNIX, SOCK_DGRAM, 0), probe;
	uint32_t inode = inode_of(mine);

	(void)state;
	live(&p);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &lim), 0);
	probe = dup(mine);	/* the lowest free number */
	close(probe);
	few = lim;
	few.rlim_cur = (rlim_t)probe + 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	s = look(&p, true, getpid(), false);
	few.rlim_cur = (rlim_t)probe + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	starved = look(&p, false, getpid(), false);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &lim), 0);
	assert_non_null(find_fd(s, inode, LSSOCK_HOW_FD));
	assert_int_equal(s->n_gaps, 0);
	assert_int_equal(starved->n_gaps, 1);
	assert_int_equal(starved->gaps[0].a, EMFILE);
	mem_free(s);
	mem_free(starved);
	close(mine);
	close(p.proc_fd);
}

/* new_only: a process that was there before is left out, a later one is not. */
static void only_new_processes(void **state)
{
	struct { struct ask_owners head; int32_t pid; } arg = { { .n_pids = 1, .new_only = 1 }, 0 };
	struct procscan p;
	struct child c;
	struct seen *s = mem_alloc(sizeof(*s));

	(void)state;
	live(&p);
	assert_true(child_start(&c, work_socket));
	arg.pid = c.pid;
	p.since_ns = 1;
	assert_int_equal(procscan_holders(&p, &arg.head, sizeof(arg), take, s), 0);
	assert_non_null(find_fd(s, c.inode[0], LSSOCK_HOW_FD));
	memset(s, 0, sizeof(*s));
	p.since_ns = UINT64_MAX;
	assert_int_equal(procscan_holders(&p, &arg.head, sizeof(arg), take, s), 0);
	assert_int_equal(s->n_fds, 0);
	child_end(&c);
	mem_free(s);
	close(p.proc_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_tree),
		cmocka_unit_test(parts_are_the_whole),
		cmocka_unit_test(error_of_taker_ends_it),
		cmocka_unit_test(lying_length),
		cmocka_unit_test(out_of_memory_is_an_error),
		cmocka_unit_test(torn_processes_are_said),
		cmocka_unit_test(escaped_name),
		cmocka_unit_test(no_proc_is_said),
		cmocka_unit_test(child_and_its_socket),
		cmocka_unit_test(uid_of_not_dumpable),
		cmocka_unit_test(thread_with_own_table),
		cmocka_unit_test(zombie_leader),
		cmocka_unit_test(fds_in_flight),
		cmocka_unit_test(files_of_a_ring),
		cmocka_unit_test(packet_ring_in_a_mapping),
		cmocka_unit_test(holes_hide_nothing),
		cmocka_unit_test(a_copy_cannot_be_counted),
		cmocka_unit_test(open_fds_are_counted),
		cmocka_unit_test(nothing_open_is_not_listed),
		cmocka_unit_test(works_with_three_fds),
		cmocka_unit_test(only_new_processes),
	};

	return cmocka_run_group_tests(tests, tree_make, tree_remove);
}
