/* SPDX-License-Identifier: MIT */
/*
 * Work inside network namespaces. Only a thread of its own enters, does an errand
 * in each of a few and ends (P22), so no other thread is ever in a foreign
 * namespace; if a way in hangs (a path may lie on a dead mount), that thread is
 * left behind. Which namespaces there are and what is kept of a visit is netns.c's.
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
	bool inside;			/* of the stop that is next to be done */
	uint32_t n, done;
	int proc_fd;			/* of its own */
	uint64_t dev;
	int socket;
	char file[64];
	struct stop stops[STOPS];
};

static void brought_release(struct brought *b)
{
	int i;

	for (i = 0; i < NL_N; i++)
		if (b->nl[i])
			mnl_socket_close(b->nl[i]);
	buf_release(&b->text);
}

static void visit_release(struct visit *v)
{
	bool last;
	uint32_t i;

	pthread_mutex_lock(&v->lock);
	last = --v->holders == 0;
	pthread_mutex_unlock(&v->lock);
	if (!last)
		return;
	for (i = 0; i < v->n; i++) {
		brought_release(&v->stops[i].brought);
		space_release(&v->stops[i].space);
	}
	if (v->proc_fd >= 0)
		close(v->proc_fd);
	pthread_cond_destroy(&v->news);
	pthread_mutex_destroy(&v->lock);
	mem_free(v);
}

static void visit_enters(struct visit *v, struct stop *s)
{
	pthread_mutex_lock(&v->lock);
	v->inside = true;
	s->entered = true;
	pthread_mutex_unlock(&v->lock);
}

/* Where fds are few there is no use in going on. */
static bool visit_done(struct visit *v, struct stop *s, const struct brought *b, int err)
{
	bool on = err != -EMFILE && err != -ENFILE && err != -ENOMEM;

	pthread_mutex_lock(&v->lock);
	s->brought = *b;
	s->err = err;
	v->inside = false;
	v->done = on ? v->done + 1 : v->n;
	if (v->done == v->n)
		pthread_cond_signal(&v->news);
	pthread_mutex_unlock(&v->lock);
	return on;
}

static int visit_enter(const struct visit *v, const struct stop *s)
{
	int fd = space_open(v->proc_fd, &s->space, v->dev, false);
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
static int visit_work(const struct visit *v, const struct stop *s, struct brought *b)
{
	int want = v->socket, i, r;

	r = want < 0 ? visit_read_here(v->proc_fd, v->file, &b->text) :
	    nlsock_open(nl_protocols[want], &b->nl[want]);
	for (i = 0; i < NL_N && r == 0; i++)
		if (s->also[i] && !b->nl[i])
			nlsock_open(nl_protocols[i], &b->nl[i]);
	for (i = 0; i < NL_N && !b->cookie; i++)
		if (b->nl[i])
			b->cookie = nlsock_cookie(mnl_socket_get_fd(b->nl[i]));
	return r;
}

static void *visit_main(void *arg)
{
	struct visit *v = arg;
	bool on = true;
	uint32_t i;

	for (i = 0; i < v->n && on; i++) {
		struct stop *s = &v->stops[i];
		struct brought b = { 0 };
		int r = visit_enter(v, s);

		if (r == 0) {
			visit_enters(v, s);
			r = visit_work(v, s, &b);
		}
		on = visit_done(v, s, &b, r);
	}
	visit_release(v);
	return NULL;
}

static int visit_new(const struct horizon *h, const struct errand *e, struct visit **ret)
{
	struct visit *v = mem_alloc(sizeof(*v));
	pthread_condattr_t attr;
	int r;

	if (!v)
		return -ENOMEM;
	pthread_mutex_init(&v->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&v->news, &attr);
	pthread_condattr_destroy(&attr);
	v->holders = 1;
	v->dev = h->dev;
	v->socket = e->socket;
	if (e->file)
		memcpy(v->file, e->file, strlen(e->file));
	do
		v->proc_fd = fcntl(h->scan.proc_fd, F_DUPFD_CLOEXEC, 0);
	while (v->proc_fd < 0 && errno == EINTR);
	r = v->proc_fd < 0 ? -errno : 0;
	if (r < 0)
		visit_release(v);
	else
		*ret = v;
	return r;
}

/* Copies the way, since the thread may outlive whoever waits for it. */
static int visit_plan(struct visit *v, const struct stop *stops, uint32_t n)
{
	for (; v->n < n; v->n++) {
		struct stop *s = &v->stops[v->n];

		*s = stops[v->n];
		s->err = -EAGAIN;
		if (!space_copy(&stops[v->n].space, &s->space)) {
			space_release(&s->space);
			return -ENOMEM;
		}
	}
	return 0;
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

/* The ways in may hang; what is done inside may only take long. Only the end is
 * told, so that nobody is woken for each: a time without a step is a hang. */
static void wait_for_all(struct visit *v)
{
	struct timespec end;
	uint32_t seen;
	int r;

	do {
		seen = v->done;
		clock_gettime(CLOCK_MONOTONIC, &end);
		end.tv_sec += WAY_IN_S;
		for (r = 0; v->done < v->n && r == 0;)
			r = pthread_cond_timedwait(&v->news, &v->lock, &end);
	} while (v->done < v->n && (v->inside || v->done > seen));
}

static void visit_wait(struct visit *v, struct stop *stops)
{
	uint32_t i;

	pthread_mutex_lock(&v->lock);
	wait_for_all(v);
	i = v->done;
	if (i < v->n)
		v->stops[i].err = -ETIMEDOUT;
	for (i = 0; i < v->n; i++) {
		stops[i].err = v->stops[i].err;
		stops[i].entered = v->stops[i].entered;
		if (i >= v->done)
			continue;
		stops[i].brought = v->stops[i].brought;
		v->stops[i].brought = (struct brought){ 0 };
	}
	pthread_mutex_unlock(&v->lock);
}

int visit(const struct horizon *h, const struct errand *e, struct stop *stops, uint32_t n)
{
	struct visit *v = NULL;
	int r;

	if (e->file && strlen(e->file) >= sizeof(v->file))
		return -ENAMETOOLONG;
	r = visit_new(h, e, &v);
	if (r < 0)
		return r;
	r = visit_plan(v, stops, n);
	if (r == 0)
		r = visit_start(v);
	if (r == 0)
		visit_wait(v, stops);
	visit_release(v);
	return r;
}
