/* SPDX-License-Identifier: MIT */
/*
 * Worker threads and the jobs they run. One lock guards all: jobs are coarse
 * (a slice of /proc, one file), so nothing finer is worth its risk. Knows
 * nothing of what a job does.
 *
 * A worker whose job is late may be stuck in the kernel for good. It holds a
 * share of the pool, so that the pool can be given up without it: the last to
 * leave frees it.
 */
#include "base/pool.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

#include "base/buf.h"
#include "base/io.h"

#define MAX_WORKERS 128		/* late ones included */
#define STACK_BYTES (512u << 10) /* a small address space limit is no obstacle */
#define STALL_NS 5000000 /* workers that begin no job for so long have got stuck */

enum { NEW, QUEUED, RUNNING, DONE, LATE };	/* fate of a job */

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	struct pool_job *head;
	unsigned wanted;	/* workers to keep */
	unsigned workers, late, idle;
	unsigned begun;		/* jobs, so far */
	bool stopping, abandoned;
};

unsigned pool_workers(int wanted)
{
	cpu_set_t set;
	int cpus;

	if (wanted)
		return wanted > 0 ? (unsigned)wanted : 0;
	cpus = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
	return cpus < 2 ? 0 : cpus > 4 ? 3 : (unsigned)cpus - 1;
}

struct pool *pool_new(unsigned threads)
{
	struct pool *p = mem_alloc(sizeof(*p));
	pthread_condattr_t attr;

	if (!p)
		return NULL;
	p->wanted = threads < MAX_WORKERS ? threads : MAX_WORKERS;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->done, &attr);
	pthread_condattr_destroy(&attr);
	return p;
}

static void destroy(struct pool *p)
{
	pthread_cond_destroy(&p->work);
	pthread_cond_destroy(&p->done);
	pthread_mutex_destroy(&p->lock);
	mem_free(p);
}

static void enqueue(struct pool *p, struct pool_job *job)
{
	struct pool_job **at = &p->head;

	while (*at)
		at = &(*at)->next;
	*at = job;
	job->next = NULL;
	job->fate = QUEUED;
}

static void dequeue(struct pool *p, struct pool_job *job)
{
	struct pool_job **at = &p->head;

	while (*at && *at != job)
		at = &(*at)->next;
	if (*at)
		*at = job->next;
	job->next = NULL;
}

/* Number of jobs queued up to this one; with NULL, of all. */
static unsigned queued_to(const struct pool *p, const struct pool_job *job)
{
	unsigned n = 0;

	for (const struct pool_job *j = p->head; j; j = j->next) {
		n++;
		if (j == job)
			break;
	}
	return n;
}

/* Runs a job that was taken from the queue; called and left with the lock held. */
static void run(struct pool *p, struct pool_job *job)
{
	job->fate = RUNNING;
	p->begun++;
	pthread_mutex_unlock(&p->lock);
	job->run(job);
	pthread_mutex_lock(&p->lock);
	if (job->fate == LATE) {
		p->late--;
		pthread_mutex_unlock(&p->lock);
		job->drop(job);
		pthread_mutex_lock(&p->lock);
	} else {
		job->fate = DONE;
		pthread_cond_broadcast(&p->done);
	}
}

static void *worker(void *arg)
{
	struct pool *p = arg;
	bool last;

	pthread_mutex_lock(&p->lock);
	while (!p->stopping) {	/* it was counted idle by whoever started it */
		struct pool_job *job = p->head;

		if (!job) {
			pthread_cond_wait(&p->work, &p->lock);
			continue;
		}
		dequeue(p, job);
		p->idle--;
		run(p, job);
		p->idle++;
	}
	p->idle--;
	p->workers--;
	/* pool_free, if it still waits, is the one to destroy. */
	last = p->abandoned && !p->workers;
	pthread_cond_broadcast(&p->done);
	pthread_mutex_unlock(&p->lock);
	if (last)
		destroy(p);
	return NULL;
}

/* Signals are for the threads of the program that uses us, never for these. */
static bool start_worker(struct pool *p)
{
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_t id;
	int r;

	if (p->workers >= MAX_WORKERS)
		return false;
	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&id, &attr, worker, p);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (r)
		return false;
	p->workers++;
	p->idle++;
	return true;
}

/* Queued jobs are left as they are: their owner never waited for them. */
void pool_free(struct pool *p)
{
	bool last;

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	pthread_cond_broadcast(&p->work);
	while (p->workers > p->late)
		pthread_cond_wait(&p->done, &p->lock);
	p->abandoned = true;
	last = !p->workers;
	pthread_mutex_unlock(&p->lock);
	if (last)
		destroy(p);
}

static void post(struct pool *p, struct pool_job *job)
{
	enqueue(p, job);
	if (p->idle < queued_to(p, NULL) && p->workers - p->late < p->wanted)
		start_worker(p);
	pthread_cond_signal(&p->work);
}

void pool_post(struct pool *p, struct pool_job *job)
{
	pthread_mutex_lock(&p->lock);
	post(p, job);
	pthread_mutex_unlock(&p->lock);
}

/* What a waiter for `job` may run itself: that job, or any that can't block. */
static struct pool_job *runnable(const struct pool *p, struct pool_job *job)
{
	struct pool_job *j = p->head;

	if (job->fate == QUEUED)
		return job;
	while (j && j->may_block)
		j = j->next;
	return j;
}

void pool_wait(struct pool *p, struct pool_job *job)
{
	pthread_mutex_lock(&p->lock);
	if (job->fate == NEW)
		enqueue(p, job);
	while (job->fate != DONE) {
		struct pool_job *next = runnable(p, job);

		if (next) {
			dequeue(p, next);
			run(p, next);
		} else {
			pthread_cond_wait(&p->done, &p->lock);
		}
	}
	pthread_mutex_unlock(&p->lock);
}

/* Makes sure that somebody will come to the job. One worker more than usual may
 * be busy, in the place of the caller, who waits; if they do not get on, so many
 * are added that the job runs. false: nobody can come. */
static bool has_worker(struct pool *p, const struct pool_job *job, bool stalled)
{
	if (p->head && !p->idle && p->workers - p->late <= p->wanted)
		start_worker(p);
	while (stalled && job->fate == QUEUED && p->idle < queued_to(p, job) && start_worker(p))
		;
	return job->fate != QUEUED || p->workers > p->late;
}

/* Gives the job up. true: the caller is to drop it. */
static bool give_up(struct pool *p, struct pool_job *job)
{
	bool queued = job->fate == QUEUED;

	if (queued)
		dequeue(p, job);
	else
		p->late++;
	job->fate = LATE;
	return queued;
}

static void wait_done(struct pool *p, uint64_t until_ns)
{
	struct timespec t = {
		.tv_sec = (time_t)(until_ns / 1000000000),
		.tv_nsec = (long)(until_ns % 1000000000),
	};

	pthread_cond_timedwait(&p->done, &p->lock, &t);
}

int pool_wait_until(struct pool *p, struct pool_job *job, uint64_t deadline_ns)
{
	uint64_t now = io_now_ns(), stall_ns = now + STALL_NS;
	unsigned begun;
	bool drop;
	int r = 0;

	pthread_mutex_lock(&p->lock);
	if (job->fate == NEW)
		post(p, job);
	begun = p->begun;
	for (; job->fate != DONE && !r; now = io_now_ns()) {
		if (begun != p->begun)
			stall_ns = now + STALL_NS;
		begun = p->begun;
		if (!has_worker(p, job, now >= stall_ns)) {
			dequeue(p, job);
			job->fate = NEW;
			r = -EAGAIN;
		} else if (now >= deadline_ns) {
			r = -ETIMEDOUT;
		} else {
			wait_done(p, job->fate == QUEUED && now < stall_ns &&
				  stall_ns < deadline_ns ? stall_ns : deadline_ns);
		}
	}
	drop = r == -ETIMEDOUT && give_up(p, job);
	pthread_mutex_unlock(&p->lock);
	if (drop)
		job->drop(job);
	return r;
}

struct pool_lock {
	pthread_mutex_t mutex;
};

struct pool_lock *pool_lock_new(void)
{
	struct pool_lock *l = mem_alloc(sizeof(*l));

	if (l)
		pthread_mutex_init(&l->mutex, NULL);
	return l;
}

void pool_lock_free(struct pool_lock *l)
{
	if (l)
		pthread_mutex_destroy(&l->mutex);
	mem_free(l);
}

void pool_lock(struct pool_lock *l)
{
	pthread_mutex_lock(&l->mutex);
}

void pool_unlock(struct pool_lock *l)
{
	pthread_mutex_unlock(&l->mutex);
}
