/* SPDX-License-Identifier: MIT */
/*
 * Work inside a network namespace. Only a thread of its own enters, does one
 * errand and ends (P22), so no other thread is ever in a foreign namespace; if
 * the way in hangs (a path may lie on a dead mount), that thread is left behind.
 * Which namespaces there are and what is kept of a visit is netns.c's.
 */
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "source/space.h"

#define WAY_IN_S 2
#define STACK_SIZE (256u << 10)

/* /proc/sys/net follows the calling thread too. */
int visit_read_here(int proc_fd, const char *path, struct buf *b)
{
	int dir, r;

	if (!strncmp(path, "sys/", 4)) {
		if (proc_fd >= 0)
			return io_read_at(proc_fd, path, b, TABLE_MAX);
		return -ENOENT;
	}
	dir = procscan_self(proc_fd);
	if (dir < 0)
		return dir;
	r = io_read_at(dir, path, b, TABLE_MAX);
	close(dir);
	return r;
}

/* Shared by the thread that goes in and the one that waits; the last frees it. */
struct visit {
	pthread_mutex_t lock;
	pthread_cond_t news;
	int holders;
	enum { ON_THE_WAY, INSIDE, BACK } where;
	bool entered;
	int proc_fd;			/* of its own */
	uint64_t dev;
	struct space space;
	struct errand errand;
	char file[64];
	struct brought brought;
	int err;
};

static void visit_release(struct visit *v)
{
	bool last;
	int i;

	pthread_mutex_lock(&v->lock);
	last = --v->holders == 0;
	pthread_mutex_unlock(&v->lock);
	if (!last)
		return;
	for (i = 0; i < NL_N; i++)
		if (v->brought.nl[i])
			mnl_socket_close(v->brought.nl[i]);
	if (v->proc_fd >= 0)
		close(v->proc_fd);
	buf_release(&v->brought.text);
	space_release(&v->space);
	pthread_cond_destroy(&v->news);
	pthread_mutex_destroy(&v->lock);
	mem_free(v);
}

static void visit_is(struct visit *v, int where, int err)
{
	pthread_mutex_lock(&v->lock);
	v->where = where;
	v->entered |= where == INSIDE;
	v->err = err;
	if (where == BACK)
		pthread_cond_signal(&v->news);
	pthread_mutex_unlock(&v->lock);
}

static int visit_enter(struct visit *v)
{
	int fd = space_open(v->proc_fd, &v->space, v->dev, false);
	int r;

	if (fd < 0)
		return fd;
	do
		r = setns(fd, CLONE_NEWNET);
	while (r < 0 && errno == EINTR);
	r = r < 0 ? -errno : 0;
	close(fd);
	return r;
}

/* What is wanted first, where there are few fds. */
static int visit_work(struct visit *v)
{
	struct brought *b = &v->brought;
	int want = v->errand.socket, i, r;

	r = want < 0 ? visit_read_here(v->proc_fd, v->file, &b->text) :
	    nlsock_open(nl_protocols[want], &b->nl[want]);
	for (i = 0; i < NL_N && r == 0; i++)
		if (v->errand.also[i] && !b->nl[i])
			nlsock_open(nl_protocols[i], &b->nl[i]);
	for (i = 0; i < NL_N && !b->cookie; i++)
		if (b->nl[i])
			b->cookie = nlsock_cookie(mnl_socket_get_fd(b->nl[i]));
	return r;
}

static void *visit_main(void *arg)
{
	struct visit *v = arg;
	int r = visit_enter(v);

	if (r == 0) {
		visit_is(v, INSIDE, 0);
		r = visit_work(v);
	}
	visit_is(v, BACK, r);
	visit_release(v);
	return NULL;
}

static int visit_new(const struct horizon *h, const struct space *s, const struct errand *e,
		     struct visit **ret)
{
	struct visit *v = mem_alloc(sizeof(*v));
	pthread_condattr_t attr;
	int r = 0;

	if (!v)
		return -ENOMEM;
	pthread_mutex_init(&v->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&v->news, &attr);
	pthread_condattr_destroy(&attr);
	v->holders = 1;
	v->dev = h->dev;
	v->errand = *e;
	v->errand.file = NULL;
	if (e->file)
		memcpy(v->file, e->file, strlen(e->file));
	do
		v->proc_fd = fcntl(h->scan.proc_fd, F_DUPFD_CLOEXEC, 0);
	while (v->proc_fd < 0 && errno == EINTR);
	if (v->proc_fd < 0)
		r = -errno;
	else if (!space_copy(s, &v->space))
		r = -ENOMEM;
	if (r < 0)
		visit_release(v);
	else
		*ret = v;
	return r;
}

/* Signals are for the threads of the program, not for this one. */
static int visit_start(struct visit *v)
{
	pthread_attr_t attr;
	sigset_t all, before;
	pthread_t id;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	v->holders = 2;
	r = pthread_create(&id, &attr, visit_main, v);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (r)
		v->holders = 1;
	return -r;
}

/* The way in may hang; what is done inside may only take long. */
static int visit_wait(struct visit *v, bool *ret_entered)
{
	struct timespec end;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += WAY_IN_S;
	pthread_mutex_lock(&v->lock);
	while (v->where != BACK && r == 0)
		r = pthread_cond_timedwait(&v->news, &v->lock, &end);
	while (v->where == INSIDE)
		pthread_cond_wait(&v->news, &v->lock);
	*ret_entered = v->entered;
	r = v->where == BACK ? v->err : -ETIMEDOUT;
	pthread_mutex_unlock(&v->lock);
	return r;
}

int visit(const struct horizon *h, const struct space *s, const struct errand *e,
	  struct brought *ret, bool *ret_entered)
{
	struct visit *v;
	int r;

	*ret_entered = false;
	if (e->file && strlen(e->file) >= sizeof(v->file))
		return -ENAMETOOLONG;
	r = visit_new(h, s, e, &v);
	if (r < 0)
		return r;
	r = visit_start(v);
	if (r == 0)
		r = visit_wait(v, ret_entered);
	if (r == 0) {
		*ret = v->brought;
		v->brought = (struct brought){ 0 };
	}
	visit_release(v);
	return r;
}
