/* SPDX-License-Identifier: MIT */
/* Jobs, deadlines and abandoned jobs. A job that must hang reads from a pipe
 * that the test fills when it wants it to go on. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/pool.h"

#define SOON (io_now_ns() + 20000000)		/* 20 ms: to let pass */
#define ALL_START (io_now_ns() + 500000000)	/* for ten threads on a busy machine */
#define LATER (io_now_ns() + 60000000000)	/* a minute: never to be reached */

struct sum { struct pool_job job; unsigned in, out, runs; pthread_t ran_on; };

static void sum_run(struct pool_job *job)
{
	struct sum *s = (struct sum *)job;

	for (unsigned i = 1; i <= s->in; i++)
		s->out += i;
	s->runs++;
	s->ran_on = pthread_self();
}

static void many_jobs(unsigned threads)
{
	struct pool *p = pool_new(threads);
	static struct sum jobs[300];

	assert_non_null(p);
	for (unsigned i = 0; i < 300; i++) {
		jobs[i] = (struct sum){ .job.run = sum_run, .in = i };
		pool_post(p, &jobs[i].job);
	}
	for (unsigned i = 300; i-- > 0;) {
		pool_wait(p, &jobs[i].job);
		pool_wait(p, &jobs[i].job);	/* again: it is done */
		assert_int_equal(jobs[i].out, i * (i + 1) / 2);
		assert_int_equal(jobs[i].runs, 1);
		if (!threads)
			assert_true(pthread_equal(jobs[i].ran_on, pthread_self()));
	}
	pool_free(p);
}

static void every_job_once(void **state)
{
	(void)state;
	many_jobs(0);
	many_jobs(1);
	many_jobs(3);
	many_jobs(100000);
}

static void unused_pool(void **state)
{
	struct pool *p = pool_new(2);
	struct sum never_posted = { .job.run = sum_run, .in = 3 };

	(void)state;
	pool_wait(p, &never_posted.job);
	assert_int_equal(never_posted.out, 6);
	pool_free(p);
	pool_free(pool_new(3));
	pool_free(NULL);
	mem_fail_at(1);
	assert_null(pool_new(1));
	mem_fail_at(0);
}

static void queued_jobs_stay_ours(void **state)
{
	struct pool *p = pool_new(0);
	struct sum s = { .job.run = sum_run, .in = 3 };

	(void)state;
	pool_post(p, &s.job);
	pool_free(p);
	assert_int_equal(s.runs, 0);
}

/* A job that says when it started and ends when it may. On the heap, as the
 * contract wants it; `dropped` outlives it. */
struct stuck {
	struct pool_job job;
	int started, gate, dropped;	/* fds: written, read, written */
	bool ended;
};

static void stuck_run(struct pool_job *job)
{
	struct stuck *s = (struct stuck *)job;
	char c = 's';

	io_write_all(s->started, &c, 1);
	while (read(s->gate, &c, 1) < 0 && errno == EINTR)
		;
	s->ended = true;
}

static void stuck_drop(struct pool_job *job)
{
	struct stuck *s = (struct stuck *)job;
	char c = s->ended ? 'e' : 'n';

	io_write_all(s->dropped, &c, 1);
	mem_free(s);
}

struct pipes { int started[2], gate[2], dropped[2]; };

static int open_pipes(void **state)
{
	struct pipes *p = mem_alloc(sizeof(*p));

	*state = p;
	return !p || pipe2(p->started, O_CLOEXEC) || pipe2(p->gate, O_CLOEXEC) ||
	       pipe2(p->dropped, O_CLOEXEC);
}

static int close_pipes(void **state)
{
	struct pipes *p = *state;

	for (unsigned i = 0; i < 2; i++) {
		close(p->started[i]);
		close(p->gate[i]);
		close(p->dropped[i]);
	}
	mem_free(p);
	return 0;
}

static struct stuck *new_stuck(const struct pipes *p)
{
	struct stuck *s = mem_alloc(sizeof(*s));

	assert_non_null(s);
	s->job.run = stuck_run;
	s->job.drop = stuck_drop;
	s->job.may_block = true;
	s->started = p->started[1];
	s->gate = p->gate[0];
	s->dropped = p->dropped[1];
	return s;
}

static char read_one(int fd)
{
	char c = 0;

	assert_int_equal(read(fd, &c, 1), 1);
	return c;
}

static bool has_byte(int fd)
{
	struct pollfd f = { .fd = fd, .events = POLLIN };

	return poll(&f, 1, 0) == 1;
}

static void in_time(void **state)
{
	struct pipes *io = *state;
	struct pool *p = pool_new(1);
	struct stuck *s = new_stuck(io);

	pool_post(p, &s->job);
	assert_int_equal(read_one(io->started[0]), 's');
	io_write_all(io->gate[1], "x", 1);
	assert_int_equal(pool_wait_until(p, &s->job, LATER), 0);
	assert_true(s->ended);
	/* done is done, whatever the clock says */
	assert_int_equal(pool_wait_until(p, &s->job, 0), 0);
	pool_free(p);
	assert_false(has_byte(io->dropped[0]));
	mem_free(s);
}

/* A hanging job costs its thread; others go on, and the pool can be freed. */
static void late_job(void **state)
{
	struct pipes *io = *state;

	for (unsigned threads = 0; threads < 3; threads++) {
		struct pool *p = pool_new(threads);
		struct stuck *s = new_stuck(io);
		struct sum after = { .job.run = sum_run, .in = 4 };

		pool_post(p, &s->job);
		assert_int_equal(pool_wait_until(p, &s->job, SOON), -ETIMEDOUT);
		assert_int_equal(read_one(io->started[0]), 's');
		pool_post(p, &after.job);
		assert_int_equal(pool_wait_until(p, &after.job, LATER), 0);
		assert_int_equal(after.out, 10);
		assert_false(has_byte(io->dropped[0]));
		pool_free(p);	/* does not wait for it */
		io_write_all(io->gate[1], "x", 1);
		assert_int_equal(read_one(io->dropped[0]), 'e');
	}
}

/* A late worker that comes back works on. */
static void late_worker_returns(void **state)
{
	struct pipes *io = *state;
	struct pool *p = pool_new(1);
	struct stuck *s = new_stuck(io);
	static struct sum jobs[50];

	pool_post(p, &s->job);
	assert_int_equal(read_one(io->started[0]), 's');
	assert_int_equal(pool_wait_until(p, &s->job, 0), -ETIMEDOUT);
	io_write_all(io->gate[1], "x", 1);
	assert_int_equal(read_one(io->dropped[0]), 'e');
	for (unsigned i = 0; i < 50; i++) {
		jobs[i] = (struct sum){ .job.run = sum_run, .in = i };
		pool_post(p, &jobs[i].job);
	}
	for (unsigned i = 0; i < 50; i++) {
		pool_wait(p, &jobs[i].job);
		assert_int_equal(jobs[i].runs, 1);
	}
	pool_free(p);
}

/* Workers are added while all are busy with jobs that hang. */
static void all_hang_at_once(void **state)
{
	struct pipes *io = *state;
	struct pool *p = pool_new(1);
	struct stuck *s[10];
	struct sum plain = { .job.run = sum_run, .in = 2 };

	for (unsigned i = 0; i < 10; i++) {
		s[i] = new_stuck(io);
		pool_post(p, &s[i]->job);
	}
	/* waiting for a plain job never runs one that may block */
	pool_wait(p, &plain.job);
	assert_int_equal(plain.out, 3);
	assert_int_equal(pool_wait_until(p, &s[9]->job, ALL_START), -ETIMEDOUT);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(read_one(io->started[0]), 's');
	io_write_all(io->gate[1], "xxxxxxxxxx", 10);
	for (unsigned i = 0; i < 9; i++) {
		assert_int_equal(pool_wait_until(p, &s[i]->job, LATER), 0);
		assert_true(s[i]->ended);
		mem_free(s[i]);
	}
	assert_int_equal(read_one(io->dropped[0]), 'e');
	pool_free(p);
}

/* Late threads are bounded: at some point there is nobody to run the next job,
 * which then stays with its owner. A job that was late before any worker came
 * to it is dropped at once, without having run. */
static void more_hang_than_threads(void **state)
{
	struct pipes *io = *state;
	struct pool *p = pool_new(0);
	unsigned hanging = 0;
	int r = 0;

	for (unsigned i = 0; i < 10000 && r != -EAGAIN; i++) {
		struct stuck *s = new_stuck(io);

		pool_post(p, &s->job);
		r = pool_wait_until(p, &s->job, io_now_ns() + 1000000);
		if (r == -EAGAIN) {
			mem_free(s);
		} else {
			assert_int_equal(r, -ETIMEDOUT);
			if (has_byte(io->dropped[0]))
				assert_int_equal(read_one(io->dropped[0]), 'n');
			else
				hanging++;
		}
	}
	assert_int_equal(r, -EAGAIN);
	assert_in_range(hanging, 1, 1000);
	for (unsigned i = 0; i < hanging; i++)
		io_write_all(io->gate[1], "x", 1);
	for (unsigned i = 0; i < hanging; i++)
		assert_int_equal(read_one(io->dropped[0]), 'e');
	pool_free(p);
}

static void blocks_no_signals_of_ours(void **state)
{
	struct pool *p = pool_new(1);
	struct sum s = { .job.run = sum_run };
	sigset_t before, after;

	(void)state;
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	assert_int_equal(pool_wait_until(p, &s.job, LATER), 0);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (int i = 1; i < 32; i++)
		assert_int_equal(sigismember(&before, i), sigismember(&after, i));
	assert_false(pthread_equal(s.ran_on, pthread_self()));
	pool_free(p);
}

#define WITH_PIPES(f) cmocka_unit_test_setup_teardown(f, open_pipes, close_pipes)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_job_once),
		cmocka_unit_test(unused_pool),
		cmocka_unit_test(queued_jobs_stay_ours),
		WITH_PIPES(in_time),
		WITH_PIPES(late_job),
		WITH_PIPES(late_worker_returns),
		WITH_PIPES(all_hang_at_once),
		WITH_PIPES(more_hang_than_threads),
		cmocka_unit_test(blocks_no_signals_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
