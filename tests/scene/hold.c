/* SPDX-License-Identifier: MIT */
/* Who holds a socket: rings, messages in flight, threads, processes; and what
 * those are called. */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scene.h"

static int close_last(struct scene *s, const char *arg)
{
	drop(s, arg ? (int)strtol(arg, NULL, 10) : s->fd);
	return 0;
}

static int to_ring(struct scene *s, const char *arg)
{
	struct io_uring_params p = { .flags = 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 4, &p);

	(void)arg;
	if (ring < 0)
		return -errno;
	if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, &s->fd, 1))
		return -errno;
	say(s, "ring", s->fd, "ring");
	drop(s, s->fd);
	return 0;
}

static int to_flight(struct scene *s, const char *arg)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} c = { .bytes = { 0 } };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = c.bytes, .msg_controllen = sizeof(c.bytes) };
	int fd = s->fd, r;

	(void)arg;
	r = unix_pair(s, NULL);
	if (r < 0)
		return r;
	c.align = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
				    .cmsg_len = CMSG_LEN(sizeof(int)) };
	memcpy(CMSG_DATA(&c.align), &fd, sizeof(fd));
	if (sendmsg(s->client, &m, 0) < 0)
		return -errno;
	say(s, "flying", fd, "flight");
	drop(s, fd);
	return 0;
}

struct holder {
	struct scene *s;
	int fd;
	pthread_barrier_t *both;
};

/* A thread with a table of its own, in which it keeps only fd. */
static void *hold(void *arg)
{
	struct holder h = *(struct holder *)arg;

	if (unshare(CLONE_FILES))
		dprintf(1, "unsupported %s %s\n", h.s->what, strerrorname_np(errno));
	else
		dprintf(1, "what=%s role=thread pid=%d tid=%d fd=%d\n", h.s->what, getpid(),
			gettid(), h.fd);
	syscall(SYS_close_range, 3, h.fd - 1, 0);
	syscall(SYS_close_range, h.fd + 1, ~0u, 0);
	pthread_barrier_wait(h.both);
	rest();
}

static int to_thread(struct scene *s, const char *arg)
{
	pthread_barrier_t both;
	struct holder h = { s, s->fd, &both };
	pthread_t t;

	(void)arg;
	say(s, "private", s->fd, "thread");
	pthread_barrier_init(&both, NULL, 2);
	if (pthread_create(&t, NULL, hold, &h))
		return -EAGAIN;
	pthread_barrier_wait(&both);
	drop(s, s->fd);
	return 0;
}

static void *stay(void *arg)
{
	int done = *(int *)arg;
	char byte = 1;
	char stat[64];

	/* the leader is gone when its task is a zombie */
	for (char state = 0; state != 'Z';) {
		int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? 0 : read(fd, stat, sizeof(stat) - 1);

		if (fd < 0 || n <= 0)
			_exit(1);
		close(fd);
		stat[n] = 0;
		state = strrchr(stat, ')') ? strrchr(stat, ')')[2] : 'Z';
		sched_yield();
	}
	if (write(done, &byte, 1) < 0)
		_exit(1);
	rest();
}

void rest(void)
{
	for (;;)
		pause();
}

pid_t child(struct scene *s)
{
	pid_t pid;

	if (s->n_children == (int)(sizeof(s->children) / sizeof(s->children[0])))
		return -EAGAIN;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		s->n_children = 0;
		return 0;
	}
	s->children[s->n_children++] = pid;
	return pid;
}

/* Waits for the byte a child sends when it has made its things. */
int child_done(int pipe_read)
{
	char byte;
	ssize_t n = read(pipe_read, &byte, 1);

	close(pipe_read);
	return n == 1 ? 0 : -ECHILD;
}

static int zombie_leader(struct scene *s, const char *arg)
{
	int ends[2], fd = s->fd;
	pthread_t t;
	pid_t pid;

	(void)arg;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = child(s);
	if (pid < 0)
		return pid;
	if (pid == 0) {
		say(s, "leader", fd, "fd");
		if (pthread_create(&t, NULL, stay, &ends[1]))
			_exit(1);
		syscall(SYS_exit, 0);
	}
	close(ends[1]);
	drop(s, fd);
	return child_done(ends[0]);
}

static int forked(struct scene *s, const char *arg)
{
	int n = arg ? (int)strtol(arg, NULL, 10) : 5;

	for (int i = 1; i < n; i++) {
		pid_t pid = child(s);

		if (pid < 0)
			return pid;
		if (pid == 0)
			rest();
		dprintf(1, "what=forked role=twin pid=%d fd=%d\n", pid, s->fd);
	}
	return 0;
}

static int set_comm(struct scene *s, const char *arg)
{
	char name[16] = "";

	(void)s;
	unescape(arg, name, sizeof(name) - 1);
	return prctl(PR_SET_NAME, name) ? -errno : 0;
}

/* The bytes of the command line: the area of argv, at most as long as it was. */
static int set_argv0(struct scene *s, const char *arg)
{
	char *copy = calloc(1, s->args_len + 1);
	size_t n;

	if (!copy)
		return -ENOMEM;
	n = unescape(arg, copy, s->args_len - 1);
	memset(s->args, 0, s->args_len);
	memcpy(s->args, copy, n);
	free(copy);
	return 0;
}

static int set_uid(struct scene *s, const char *arg)
{
	uid_t uid = (uid_t)strtoul(arg ? arg : "65534", NULL, 10);

	(void)s;
	if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		return -errno;
	prctl(PR_SET_PDEATHSIG, SIGKILL);	/* a change of uid forgets it */
	return 0;
}

static int new_netns(struct scene *s, const char *arg)
{
	struct ifreq req = { .ifr_flags = IFF_UP };
	int fd;

	(void)s, (void)arg;
	if (unshare(CLONE_NEWNET))
		return -errno;
	memcpy(req.ifr_name, "lo", 3);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &req))
		return -errno;
	close(fd);
	return 0;
}

static int enter_netns(struct scene *s, const char *arg)
{
	int fd = open(arg ? arg : "", O_RDONLY | O_CLOEXEC), r = 0;

	(void)s;
	if (fd < 0)
		return -errno;
	if (setns(fd, CLONE_NEWNET))
		r = -errno;
	close(fd);
	return r;
}

static int send_bytes(struct scene *s, const char *arg)
{
	size_t n = strtoul(arg ? arg : "1", NULL, 10);
	char *bytes = calloc(1, n);
	ssize_t sent = bytes ? send(s->client, bytes, n, MSG_DONTWAIT) : -1;

	free(bytes);
	if (sent < 0)
		return -errno;
	return wait_for(s->server, POLLIN);
}

/* many=CONNECTIONS:PROCESSES, each process with a listener of its own. */
static int many(struct scene *s, const char *arg)
{
	unsigned n = 0, procs = 1;

	if (!arg || sscanf(arg, "%u:%u", &n, &procs) != 2 || !procs || n / procs > 500)
		return -EINVAL;
	for (unsigned p = 0; p < procs; p++) {
		int ends[2], r;
		pid_t pid;

		if (pipe2(ends, O_CLOEXEC))
			return -errno;
		pid = child(s);
		if (pid < 0)
			return pid;
		if (pid == 0) {
			r = tcp_listen(s, "127.0.0.1:0");
			for (unsigned i = p; i < n && r >= 0; i += procs)
				r = tcp_conn(s, NULL);
			if (r >= 0 && write(ends[1], "", 1) == 1)
				rest();
			_exit(1);
		}
		close(ends[1]);
		r = child_done(ends[0]);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct thing things_hold[] = {
	{ "close", close_last }, { "to-ring", to_ring }, { "to-flight", to_flight },
	{ "to-thread", to_thread }, { "zombie-leader", zombie_leader },
	{ "forked", forked }, { "comm", set_comm }, { "argv0", set_argv0 },
	{ "uid", set_uid }, { "newnet", new_netns }, { "setns", enter_netns },
	{ "send", send_bytes }, { "many", many },
	{ NULL, NULL }
};
