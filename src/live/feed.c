/* SPDX-License-Identifier: MIT */
/* See feed.h. A mailbox of one: a frame that nobody took makes room for the next. */
#include "live/feed.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/io.h"

#define SLOWEST_US 10000000ull

struct feed {
	pthread_t thread;
	pthread_mutex_t lock;
	struct rounds *rounds;
	int out, wake;			/* eventfds */
	/* under the lock */
	struct frame frame;
	bool full, stop, now;
	unsigned also;
	uint64_t interval_us;
	/* the thread's */
	uint64_t auto_us;
	unsigned slow;			/* rounds in a row that took too long */
};

static void ring(int fd)
{
	const uint64_t one = 1;

	while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void hush(int fd)
{
	uint64_t n;

	while (read(fd, &n, sizeof(n)) < 0 && errno == EINTR)
		;
}

/* Collecting is to take a quarter of the time at most. */
static void stretch(struct feed *f, uint64_t interval_us, uint64_t scan_us)
{
	uint64_t now_us = f->auto_us ? f->auto_us : interval_us;

	f->slow = scan_us * 4 > now_us ? f->slow + 1 : 0;
	if (f->slow >= 2 && now_us < SLOWEST_US) {
		f->auto_us = now_us * 2 < SLOWEST_US ? now_us * 2 : SLOWEST_US;
		f->slow = 0;
	} else if (f->auto_us && scan_us * 10 < f->auto_us) {
		f->auto_us /= 2;
		if (f->auto_us <= interval_us)
			f->auto_us = 0;
	}
}

static void post(struct feed *f, struct frame *frame)
{
	struct frame old = { .snap = NULL };

	pthread_mutex_lock(&f->lock);
	if (f->full)
		old = f->frame;
	f->frame = *frame;
	if (!f->frame.report) {
		f->frame.report = old.report;
		old.report = NULL;
	}
	f->full = true;
	pthread_mutex_unlock(&f->lock);
	frame_release(&old);
	ring(f->out);
}

/* Until the next round is due, or somebody rings. */
static void rest(struct feed *f, uint64_t began_ns)
{
	struct pollfd p = { .fd = f->wake, .events = POLLIN };
	uint64_t until, now;
	bool go;

	for (;;) {
		pthread_mutex_lock(&f->lock);
		until = began_ns +
			(f->auto_us > f->interval_us ? f->auto_us : f->interval_us) * 1000;
		go = f->stop || f->now;
		f->now = false;
		pthread_mutex_unlock(&f->lock);
		now = io_now_ns();
		if (go || now >= until)
			return;
		if (poll(&p, 1, (int)((until - now) / 1000000 + 1)) > 0)
			hush(f->wake);
	}
}

static void *collect(void *ctx)
{
	struct feed *f = ctx;
	struct frame frame;
	bool stop = false;
	unsigned also;
	uint64_t began, interval;

	while (!stop) {
		pthread_mutex_lock(&f->lock);
		also = f->also;
		interval = f->interval_us;
		pthread_mutex_unlock(&f->lock);
		began = io_now_ns();
		rounds_next(f->rounds, also, &frame);
		stretch(f, interval, frame.scan_us);
		frame.auto_us = f->auto_us;
		post(f, &frame);
		if (frame.error[0] || (!rounds_want_more(f->rounds) &&
				       !rounds_judge(f->rounds, also)))
			rest(f, began);
		pthread_mutex_lock(&f->lock);
		stop = f->stop || frame.ended;
		pthread_mutex_unlock(&f->lock);
	}
	return NULL;
}

/* Signals are the screen's. */
static int start_thread(struct feed *f)
{
	sigset_t all, old;
	int e;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	e = pthread_create(&f->thread, NULL, collect, f);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -e;
}

static void release(struct feed *f)
{
	if (f->out >= 0)
		close(f->out);
	if (f->wake >= 0)
		close(f->wake);
	rounds_close(f->rounds);
	pthread_mutex_destroy(&f->lock);
	mem_free(f);
}

int feed_start(const struct feed_options *opt, struct feed **ret, struct lssock_err *err)
{
	struct feed *f = mem_alloc(sizeof(*f));
	int e;

	if (!f)
		return -ENOMEM;
	pthread_mutex_init(&f->lock, NULL);
	f->interval_us = opt->interval_us;
	f->also = opt->also;
	f->out = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	f->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	e = f->out < 0 || f->wake < 0 ? -errno : rounds_open(opt, &f->rounds, err);
	if (e == 0)
		e = start_thread(f);
	if (e < 0) {
		release(f);
		return e;
	}
	*ret = f;
	return 0;
}

void feed_stop(struct feed *f)
{
	if (!f)
		return;
	pthread_mutex_lock(&f->lock);
	f->stop = true;
	pthread_mutex_unlock(&f->lock);
	ring(f->wake);
	pthread_join(f->thread, NULL);
	if (f->full)
		frame_release(&f->frame);
	release(f);
}

int feed_fd(const struct feed *f)
{
	return f->out;
}

bool feed_take(struct feed *f, struct frame *ret)
{
	bool full;

	hush(f->out);
	pthread_mutex_lock(&f->lock);
	full = f->full;
	if (full)
		*ret = f->frame;
	f->full = false;
	pthread_mutex_unlock(&f->lock);
	return full;
}

void feed_ask(struct feed *f, uint64_t interval_us, unsigned also, bool now)
{
	pthread_mutex_lock(&f->lock);
	if (f->interval_us != interval_us)
		f->auto_us = 0;
	f->interval_us = interval_us;
	f->also = (f->also & ALSO_UNIX) | also;
	f->now |= now;
	pthread_mutex_unlock(&f->lock);
	ring(f->wake);
}
