/* SPDX-License-Identifier: MIT */
/*
 * Jobs on worker threads. A job is a heap object that owns all it touches:
 * embed struct pool_job as its first member. Whoever is first decides its fate:
 * the worker (done) or a waiter that gave up (late); a late job is freed by its
 * own `drop` when its worker comes back, so a read that hangs for ever costs a
 * thread and a note, not an answer.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stdbool.h>
#include <stdint.h>

struct pool;
struct pool_job {
	void (*run)(struct pool_job *job);
	void (*drop)(struct pool_job *job);	/* frees a job nobody waits for */
	bool may_block;		/* pool_wait for another job never runs it */
	/* the pool's; zero at first */
	struct pool_job *next;
	int fate;
};

/* So many workers to start: wanted > 0 as it is, -1 none, 0 by the CPUs this
 * process may use: one less, at most 3. */
unsigned pool_workers(int wanted);
/* threads 0: no worker (but see pool_wait_until), jobs run inside pool_wait.
 * Threads start with the first job. NULL: out of memory. */
struct pool *pool_new(unsigned threads);
/* Waits for running jobs, except late ones (their threads are left behind).
 * Jobs still queued are not run; like all but late ones they are the caller's. */
void pool_free(struct pool *p);
/* Queues a job. If no worker can be started it runs inside pool_wait. */
void pool_post(struct pool *p, struct pool_job *job);
/* Until the job is done, running queued jobs meanwhile (this one or others). */
void pool_wait(struct pool *p, struct pool_job *job);
/* The same with a deadline (io_now_ns). The job must be of a kind that may
 * block, so it is never run by the caller; a worker is added for it if all are
 * busy. -ETIMEDOUT: the job is late and no longer the caller's.
 * -EAGAIN: no thread could be had; the job is the caller's, not run. */
int pool_wait_until(struct pool *p, struct pool_job *job, uint64_t deadline_ns);

/* A lock for what workers write together. NULL: out of memory. */
struct pool_lock *pool_lock_new(void);
void pool_lock_free(struct pool_lock *l);
void pool_lock(struct pool_lock *l);
void pool_unlock(struct pool_lock *l);

#endif
