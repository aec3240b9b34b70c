/* SPDX-License-Identifier: MIT */
/*
 * Loads to measure against: load NAME [DIVISOR] makes it, prints "ready" and
 * what there is, and ends with its stdin. To be run in namespaces of its own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

struct load {
	const char *name;
	unsigned conns, procs;		/* TCP connections, both ends, over so many processes */
	unsigned listeners, pairs, udp;	/* in all */
	unsigned files;			/* plain ones, per process */
	unsigned twins;			/* processes that are forked once more */
	unsigned spaces, per_space;	/* network namespaces, listeners in each */
};

static const struct load loads[] = {
	{ .name = "W0", .procs = 130, .listeners = 10, .pairs = 30, .udp = 5, .files = 5 },
	{ .name = "W1", .conns = 1000, .procs = 10, .listeners = 50, .pairs = 100, .udp = 50,
	  .files = 5, .twins = 2 },
	{ .name = "W2", .conns = 50000, .procs = 50, .listeners = 200, .pairs = 500, .udp = 500,
	  .files = 10, .twins = 5 },
	{ .name = "W3", .conns = 500000, .procs = 100, .listeners = 100 },
	{ .name = "W4", .conns = 5000, .procs = 5000, .files = 15 },
	{ .name = "W5", .procs = 50, .pairs = 50000 },
	{ .name = "W6", .spaces = 200, .per_space = 5 },
};

void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int tcp_socket(int family)
{
	struct linger off = { .l_onoff = 1 };	/* nothing stays in TIME_WAIT */
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof(off));
	return fd;
}

/* A listener of process p; every tenth process uses IPv6. */
static int listener(unsigned p, bool six, struct sockaddr_storage *ret, socklen_t *ret_len)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(0x7f010001 + (p << 8)) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = tcp_socket(six ? AF_INET6 : AF_INET);

	memset(ret, 0, sizeof(*ret));
	*ret_len = six ? sizeof(v6) : sizeof(v4);
	memcpy(ret, six ? (void *)&v6 : (void *)&v4, *ret_len);
	if (bind(fd, (struct sockaddr *)ret, *ret_len) || listen(fd, 4096) ||
	    getsockname(fd, (struct sockaddr *)ret, ret_len))
		die("listener");
	return fd;
}

static void connections(unsigned p, unsigned n)
{
	bool six = p % 10 == 9;
	struct sockaddr_storage to;
	socklen_t len;
	int l;

	if (!n)
		return;
	l = listener(p, six, &to, &len);
	while (n--) {
		int fd = tcp_socket(to.ss_family);

		if (connect(fd, (struct sockaddr *)&to, len))
			die("connect");
		if (accept4(l, NULL, NULL, SOCK_CLOEXEC) < 0)
			die("accept");
	}
	close(l);
}

/* Share of process p when n things go to m processes. */
static unsigned share(unsigned n, unsigned p, unsigned m)
{
	return n / m + (p < n % m);
}

static void fill(const struct load *w, unsigned p)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_storage a;
	socklen_t len;
	unsigned i;
	int v[2];

	for (i = 0; i < w->files; i++)
		if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
			die("open");
	for (i = share(w->listeners, p, w->procs); i; i--)
		listener(p, i % 10 == 0, &a, &len);
	for (i = share(w->pairs, p, w->procs); i; i--)
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, v))
			die("socketpair");
	for (i = share(w->udp, p, w->procs); i; i--)
		if (bind(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), (struct sockaddr *)&any,
			 sizeof(any)))
			die("udp");
	connections(p, share(w->conns, p, w->procs));
}

static pid_t twin(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

/* A process that says by a byte that it is done, and stays. */
static void process(const struct load *w, unsigned p)
{
	int ends[2];
	char byte;

	if (pipe2(ends, O_CLOEXEC))
		die("pipe");
	switch (fork()) {
	case -1:
		die("fork");
	case 0:
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ends[0]);
		fill(w, p);
		if (p < w->twins && twin() < 0)
			die("fork");
		if (write(ends[1], "", 1) != 1)
			exit(1);
		close(ends[1]);
		for (;;)
			pause();
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		exit(1);
	close(ends[0]);
}

/* A namespace kept by a mount, as `ip netns` does, and by a process. */
static void space(const struct load *w, unsigned n)
{
	struct load inside = { .procs = 1, .listeners = w->per_space };
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), fd;
	char path[64];

	snprintf(path, sizeof(path), "/run/netns/n%u", n);
	fd = open(path, O_CREAT | O_RDONLY | O_CLOEXEC, 0444);
	if (own < 0 || fd < 0 || unshare(CLONE_NEWNET) ||
	    mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL))
		die(path);
	close(fd);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (ioctl(fd, SIOCSIFFLAGS, &up))
		die("lo");
	close(fd);
	process(&inside, 0);
	if (setns(own, CLONE_NEWNET))
		die("setns");
	close(own);
}

static void scale(struct load *w, unsigned by)
{
	bool each = w->procs == w->conns;

	w->conns /= by;
	w->pairs /= by;
	w->spaces /= by;
	if (each)
		w->procs = w->conns;
}

static pid_t timed;

static void too_long(int sig)
{
	(void)sig;
	kill(timed, SIGKILL);
}

/* Runs a command and prints what it took: wall and processor time in us, largest
 * resident size in KiB, exit status (-1: it was ended after so many seconds). wait4()
 * counts what a process was before exec() too, so its parent must be small. */
static int measure(unsigned seconds, char **argv)
{
	struct timespec a, b;
	struct rusage use;
	int status, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	signal(SIGALRM, too_long);
	clock_gettime(CLOCK_MONOTONIC, &a);
	timed = fork();
	if (timed == 0) {
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execvp(argv[0], argv);
		_exit(127);
	}
	alarm(seconds);
	while (timed > 0 && wait4(timed, &status, 0, &use) < 0)
		if (errno != EINTR)
			die(argv[0]);
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("%lld %lld %ld %d\n",
	       (b.tv_sec - a.tv_sec) * 1000000LL + (b.tv_nsec - a.tv_nsec) / 1000,
	       (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000LL + use.ru_utime.tv_usec +
	       use.ru_stime.tv_usec, use.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned by = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1, i;
	struct rlimit files;
	struct load w = { .name = NULL };
	char byte;

	if (argc > 3 && !strcmp(argv[1], "measure"))
		return measure(by, argv + 3);
	if (argc > 2 && !strcmp(argv[1], "churn"))
		return churn(argv[2]);
	if (argc > 1 && !strcmp(argv[1], "nap"))
		return poll(NULL, 0, 2);
	for (i = 0; argc > 1 && i < sizeof(loads) / sizeof(loads[0]); i++)
		if (!strcmp(loads[i].name, argv[1]))
			w = loads[i];
	if (!w.name || !by) {
		fprintf(stderr, "usage: load W0|W1|W2|W3|W4|W5|W6 [DIVISOR]\n"
			"       load churn DIR\n"
			"       load measure SECONDS COMMAND…\n");
		return 2;
	}
	scale(&w, by);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (w.spaces && (mount("none", "/run", "tmpfs", 0, NULL) || mkdir("/run/netns", 0755)))
		die("/run");
	for (i = 0; i < w.procs; i++)
		process(&w, i);
	for (i = 0; i < w.spaces; i++)
		space(&w, i);
	printf("ready %u TCP sockets, %u unix, %u UDP, %u processes, %u namespaces\n",
	       2 * w.conns + w.listeners + w.spaces * w.per_space, 2 * w.pairs, w.udp,
	       w.procs + w.twins + w.spaces, w.spaces);
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
