/* SPDX-License-Identifier: MIT */
/* The owner stream by BPF, against what this process knows of itself and what
 * /proc says. Skipped aloud where the kernel or the build has no BPF for us. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "source/parts.h"
#include "wire/procfs.h"
#include "wire/records.h"

#define MANY 900		/* of 48 bytes each: more than the kernel hands out at a time */

/* What a stream says of one process: its task record and its descriptors. */
struct seen {
	int32_t pid;
	struct own_task task;
	uint32_t tasks, n, bad;
	bool ours, spoken_of;
	uint32_t net, kind, next_net, next_kind;
	uint64_t cookie;
	struct { struct own_fd fd; uint32_t net, kind; uint64_t cookie; } v[MANY + 64];
};

static size_t take(struct seen *s, const char *p)
{
	struct own_rec r;

	memcpy(&r, p, sizeof(r));
	if (r.zero) {
		if (s->ours && s->n < MANY + 64) {
			memcpy(&s->v[s->n].fd, p, sizeof(r));
			s->v[s->n].net = s->next_net;
			s->v[s->n].kind = s->next_kind;
			s->v[s->n++].cookie = s->cookie;
		}
		s->cookie = 0;
	} else if (r.type == OWN_TASK) {
		struct own_task t;

		memcpy(&t, p, sizeof(t));
		s->ours = t.pid == s->pid;
		s->tasks += s->ours;
		if (s->ours)
			s->task = t;
		return sizeof(t);
	} else if (r.type == OWN_SOCK) {
		s->next_net = r.a;
		s->next_kind = r.b;
	} else if (r.type == OWN_COOKIE) {
		s->cookie = (uint64_t)r.b << 32 | r.a;
	} else if (r.type != OWN_NET && r.type != OWN_STAT && r.type != OWN_SEEN) {
		s->bad++;
	}
	return sizeof(r);
}

static int chunk(void *ctx, const void *bytes, size_t len)
{
	size_t at = 0;

	while (at < len)
		at += take(ctx, (const char *)bytes + at);
	return at == len ? 0 : -EBADMSG;
}

static int read_pass(struct bpf_owners *b, struct seen *s)
{
	struct bpf_look look = { .queued = NULL };
	uint64_t calls = 0;
	uint32_t i;
	int r = bpf_owners_read(b, &look, &calls, chunk, s);

	s->spoken_of = false;
	for (i = 0; i < look.seen.n; i++)
		s->spoken_of |= look.seen.v[i] == s->pid;
	vec_release(&look.seen);
	return r < 0 ? r : calls >= 2 && !look.found.n ? 0 : -EBADMSG;
}

static struct bpf_owners *loaded(void)
{
	struct bpf_owners *b;
	int r;

	r = bpf_owners_may();
	if (r == 0)
		r = bpf_owners_new(1000000000u / (uint64_t)sysconf(_SC_CLK_TCK), &b);
	if (r == -EOPNOTSUPP || r == -EPERM || (r < 0 && !bpf_owners_likely())) {
		print_message("skipped: no BPF here: %s\n", strerror(-r));
		skip();
	}
	assert_int_equal(r, 0);	/* it may, so this kernel must take the program */
	return b;
}

static void read_all(struct seen *s, int32_t pid)
{
	struct bpf_owners *b = loaded();

	memset(s, 0, sizeof(*s));
	s->pid = pid;
	assert_int_equal(read_pass(b, s), 0);
	/* the same program once more: it must not remember the first pass */
	memset(s, 0, sizeof(*s));
	s->pid = pid;
	assert_int_equal(read_pass(b, s), 0);
	bpf_owners_free(b);
	assert_true(s->spoken_of);
	assert_int_equal(s->bad, 0);
}

static int find(const struct seen *s, int fd, uint32_t tid)
{
	uint32_t i;

	for (i = 0; i < s->n; i++)
		if (s->v[i].fd.fd == fd && s->v[i].fd.tid == tid)
			return (int)i;
	return -1;
}

static uint32_t inode_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return (uint32_t)st.st_ino;
}

static uint32_t own_netns(void)
{
	struct stat st;

	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	return (uint32_t)st.st_ino;
}

static void test_own_sockets(void **state)
{
	struct seen *s = calloc(1, sizeof(*s));
	int tcp = socket(AF_INET6, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
	int file = open("/dev/null", O_RDONLY), v[2], i;
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	struct procfs_stat st;
	int dir = open("/proc/self", O_PATH | O_DIRECTORY);

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, v), 0);
	assert_int_equal(prctl(PR_SET_NAME, "a\n\"b", 0, 0, 0), 0);
	read_all(s, getpid());
	assert_int_equal(s->tasks, 1);
	assert_true(dir >= 0 && procscan_stat(dir, &st) == 0);
	assert_int_equal(s->task.ppid, getppid());
	assert_int_equal(s->task.uid, geteuid());
	assert_int_equal(s->task.start_ns,
			 st.start_ticks * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK)));
	assert_string_equal(s->task.comm, "a\n\"b");
	i = find(s, tcp, 0);
	assert_true(i >= 0);
	assert_int_equal(s->v[i].fd.inode, inode_of(tcp));
	assert_int_equal(s->v[i].fd.how, LSSOCK_HOW_FD);
	assert_int_equal(s->v[i].net, own_netns());
	assert_int_equal(s->v[i].kind, AF_INET6 << 24 | SOCK_STREAM << 16 | IPPROTO_TCP);
	assert_int_equal(getsockopt(tcp, SOL_SOCKET, SO_COOKIE, &cookie, &len), 0);
	assert_true(s->v[i].cookie == cookie);
	i = find(s, udp, 0);
	assert_true(i >= 0);
	assert_int_equal(s->v[i].kind, AF_INET << 24 | SOCK_DGRAM << 16 | IPPROTO_UDP);
	i = find(s, v[1], 0);
	assert_true(i >= 0);
	assert_int_equal(s->v[i].kind, AF_UNIX << 24 | SOCK_SEQPACKET << 16);
	assert_true(find(s, file, 0) < 0);
	close(tcp);
	close(udp);
	close(file);
	close(v[0]);
	close(v[1]);
	close(dir);
	free(s);
}

struct apart { int go[2], done[2], fd; pid_t tid; };

static void *own_table(void *arg)
{
	struct apart *a = arg;
	char byte = 0;

	if (unshare(CLONE_FILES) == 0)
		a->fd = socket(AF_INET, SOCK_STREAM, 0);
	a->tid = (pid_t)syscall(SYS_gettid);
	if (write(a->done[1], &byte, 1) == 1)
		(void)!read(a->go[0], &byte, 1);
	return NULL;
}

static void test_thread_with_own_table(void **state)
{
	struct seen *s = calloc(1, sizeof(*s));
	struct apart a = { .fd = -1 };
	pthread_t t;
	char byte;
	int i;

	(void)state;
	assert_int_equal(pipe2(a.go, O_CLOEXEC), 0);
	assert_int_equal(pipe2(a.done, O_CLOEXEC), 0);
	assert_int_equal(pthread_create(&t, NULL, own_table, &a), 0);
	assert_int_equal(read(a.done[0], &byte, 1), 1);
	assert_true(a.fd >= 0);
	read_all(s, getpid());
	i = find(s, a.fd, (uint32_t)a.tid);
	assert_true(i >= 0);
	assert_int_equal(s->v[i].fd.pid, getpid());
	assert_true(find(s, a.fd, 0) < 0);
	assert_int_equal(write(a.go[1], "", 1), 1);
	pthread_join(t, NULL);
	free(s);
}

/* A first process of a namespace sees itself as 1, and nobody outside. */
static int inside(void)
{
	struct seen *s = calloc(1, sizeof(*s));
	int fd = socket(AF_INET, SOCK_DGRAM, 0), i;
	struct bpf_owners *b;

	if (!s || fd < 0 || getpid() != 1 || bpf_owners_new(10000000, &b) < 0)
		return 2;
	s->pid = 1;
	if (read_pass(b, s) < 0)
		return 3;
	i = find(s, fd, 0);
	if (i < 0 || s->tasks != 1 || s->task.ppid != 0)
		return 4;
	s->pid = 0;
	s->tasks = 0;
	read_pass(b, s);
	return s->tasks ? 5 : 0;
}

static void test_pids_are_the_readers(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	bpf_owners_free(loaded());
	pid = fork();
	if (pid == 0) {
		pid_t child;

		if (unshare(CLONE_NEWPID) < 0)
			_exit(77);
		child = fork();
		if (child == 0)
			_exit(inside());
		if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
			_exit(6);
		_exit(WEXITSTATUS(status));
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("skipped: no pid namespace may be made\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* More than one read of the kernel's buffer: nothing is cut, lost or doubled. */
static void test_many(void **state)
{
	struct seen *s = calloc(1, sizeof(*s));
	bool met[MANY + 64] = { false };
	int status, ends[2];
	char byte;
	pid_t pid;
	uint32_t i;

	(void)state;
	bpf_owners_free(loaded());
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		for (i = 0; i < MANY; i++)
			if (socket(i % 2 ? AF_INET : AF_UNIX, SOCK_DGRAM, 0) < 0)
				_exit(1);
		if (write(ends[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ends[0], &byte, 1), 1);
	read_all(s, pid);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(s->n >= MANY);	/* and what the test was started with */
	for (i = 0; i < s->n; i++) {
		assert_in_range(s->v[i].fd.fd, 0, MANY + 63);
		assert_false(met[s->v[i].fd.fd]);
		met[s->v[i].fd.fd] = true;
	}
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_sockets),
		cmocka_unit_test(test_thread_with_own_table),
		cmocka_unit_test(test_pids_are_the_readers),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
