/* SPDX-License-Identifier: MIT */
/*
 * Sockets and processes that come and go without pause, each socket with a name
 * that says whose it may be, so that any owner shown can be judged:
 *
 *	127.0.0.0 to 127.63.255.255	that of the process whose pid are the
 *	@churn-PID-N			low 22 bits, of nobody else
 *	127.128+G.0.1			of processes called gG: they fork, exec and
 *					pass sockets to each other
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load.h"

#define LONERS 12
#define GROUPS 3
#define CHILDREN 4		/* of a group, at a time */
#define HELD 32			/* sockets of a process, at most */

/* Whom to connect to; port 0: nobody. */
struct target {
	uint32_t ip;
	uint16_t port;
};

struct party {
	uint32_t ip;			/* its address, host order */
	struct target *targets;
	int held[HELD];			/* -1: none */
	int listener;
	unsigned unix_names;
	unsigned seed;
};

static void party_init(struct party *p, uint32_t ip, struct target *targets)
{
	*p = (struct party){ .ip = ip, .targets = targets, .listener = -1,
			     .seed = (unsigned)getpid() };
	memset(p->held, -1, sizeof(p->held));
}

static unsigned one_in(struct party *p, unsigned n)
{
	return rand_r(&p->seed) / 7 % n == 0;
}

static int bound(struct party *p, int type)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(p->ip) };
	struct linger off = { .l_onoff = !one_in(p, 20) };	/* some stay in TIME_WAIT */
	int fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof(off));
	if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* A listener anew, and its place among the targets. */
static void listen_again(struct party *p, unsigned slot)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	if (p->listener >= 0)
		close(p->listener);
	p->listener = bound(p, SOCK_STREAM);
	if (p->listener < 0 || listen(p->listener, 64) ||
	    getsockname(p->listener, (struct sockaddr *)&a, &len))
		return;
	p->targets[slot] = (struct target){ .ip = p->ip, .port = ntohs(a.sin_port) };
}

static int connected(struct party *p)
{
	struct target to = p->targets[(unsigned)rand_r(&p->seed) / 7 % (LONERS + GROUPS)];
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(to.port),
				 .sin_addr.s_addr = htonl(to.ip) };
	int fd = to.port ? bound(p, SOCK_STREAM) : -1;

	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) && errno != EINPROGRESS) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int named(struct party *p)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, one_in(p, 2) ? SOCK_DGRAM : SOCK_STREAM, 0), n;

	n = snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "churn-%d-%u", (int)getpid(),
		     p->unix_names++);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&a,
			    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* One of the held ones, gone or replaced. */
static void step(struct party *p, unsigned slot, bool unix_too)
{
	int *at = &p->held[(unsigned)rand_r(&p->seed) / 7 % HELD];

	if (*at >= 0)
		close(*at);
	*at = -1;
	if (one_in(p, 40))
		listen_again(p, slot);
	else if (one_in(p, 3))
		*at = accept(p->listener, NULL, NULL);
	else if (one_in(p, 6))
		*at = bound(p, SOCK_DGRAM);
	else if (unix_too && one_in(p, 6))
		*at = named(p);
	else if (!one_in(p, 4))
		*at = connected(p);
	if (one_in(p, 4))
		poll(NULL, 0, 1);
}

static _Noreturn void loner(struct target *targets, unsigned slot)
{
	struct party p;
	unsigned life;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	party_init(&p, 0x7f000000u | (uint32_t)getpid(), targets);
	listen_again(&p, slot);
	for (life = 50 + (unsigned)rand_r(&p.seed) % 500; life; life--)
		step(&p, slot, true);
	_exit(0);
}

/* Passes a socket on, so that for a while it is in nobody's hands. */
static void pass(int to, int *fd)
{
	union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } c;
	struct iovec iov = { .iov_base = (char *)"x", .iov_len = 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c,
			    .msg_controllen = sizeof(c) };

	if (*fd < 0)
		return;
	memset(&c, 0, sizeof(c));
	c.head.cmsg_len = CMSG_LEN(sizeof(int));
	c.head.cmsg_level = SOL_SOCKET;
	c.head.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&c.head), fd, sizeof(int));
	if (sendmsg(to, &m, MSG_DONTWAIT | MSG_NOSIGNAL) == 1) {
		close(*fd);
		*fd = -1;
	}
}

static void receive(int from)
{
	union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } c;
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c,
			    .msg_controllen = sizeof(c) };

	recvmsg(from, &m, MSG_DONTWAIT);	/* and keeps it as long as it lives */
}

/* Has what its parent had, gets more, and ends or goes on as another program. */
static _Noreturn void child(struct party *p, unsigned slot, int from, const char *self)
{
	unsigned life = 5 + (unsigned)rand_r(&p->seed) % 30;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	p->seed ^= (unsigned)getpid();
	while (life--) {
		receive(from);
		step(p, slot, false);
	}
	if (one_in(p, 2))
		execl(self, self, "nap", (char *)NULL);
	_exit(0);
}

static _Noreturn void group(struct target *targets, unsigned slot, const char *self)
{
	unsigned g = slot - LONERS, children = 0;
	struct party p;
	int ends[2];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, strrchr(self, '/') + 1);
	party_init(&p, 0x7f800001u + (g << 16), targets);
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends))
		die("socketpair");
	listen_again(&p, slot);
	for (;;) {
		step(&p, slot, false);
		pass(ends[0], &p.held[(unsigned)rand_r(&p.seed) % HELD]);
		if (children < CHILDREN && one_in(&p, 4)) {
			if (fork() == 0)
				child(&p, slot, ends[1], self);
			children++;
		}
		while (children && waitpid(-1, NULL, WNOHANG) > 0)
			children--;
	}
}

static pid_t start(struct target *targets, unsigned slot, const char *dir)
{
	char self[4096];
	pid_t pid = fork();

	if (pid)
		return pid;
	if (slot < LONERS)
		loner(targets, slot);
	/* By this name it is executed again, so that it keeps it. */
	snprintf(self, sizeof(self), "%s/g%u", dir, slot - LONERS);
	if (symlink("/proc/self/exe", self) && errno != EEXIST)
		die(self);
	group(targets, slot, self);
}

int churn(const char *dir)
{
	struct pollfd in = { .fd = 0, .events = POLLIN };
	pid_t pids[LONERS + GROUPS], gone;
	struct target *targets = mmap(NULL, sizeof(*targets) * (LONERS + GROUPS),
				      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned i;

	if (targets == MAP_FAILED)
		die("mmap");
	for (i = 0; i < LONERS + GROUPS; i++)
		pids[i] = start(targets, i, dir);
	puts("ready");
	fflush(stdout);
	while (poll(&in, 1, 2) == 0)
		while ((gone = waitpid(-1, NULL, WNOHANG)) > 0)
			for (i = 0; i < LONERS + GROUPS; i++)
				if (pids[i] == gone)
					pids[i] = start(targets, i, dir);
	for (i = 0; i < LONERS + GROUPS; i++)
		kill(pids[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	return 0;
}
