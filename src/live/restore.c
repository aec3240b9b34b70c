/* SPDX-License-Identifier: MIT */
/*
 * Handlers of signals and all that they may reach: a pipe to wake the loop by, and
 * what a terminal needs to be what it was. Knows no curses: what is to be written was
 * prepared before.
 */
#include "live/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/buf.h"

#define N_HANDLED 12
#define STACK_SIZE (64u << 10)

/* A handler is given nothing, so this is the one state at file scope. */
static struct {
	atomic_int ours, ended;
	atomic_uint noted;
	atomic_int wake;		/* the end of the pipe to write into */
	int fd;				/* the other one */
	bool begun;
	struct termios before;
	char bytes[256];
	size_t len;
	void *stack;			/* of handlers: the usual one may have overflowed */
	stack_t stack_before;
	struct sigaction old[N_HANDLED];
} restore = { .wake = -1, .fd = -1 };

bool restore_foreground(void)
{
	return tcgetpgrp(STDIN_FILENO) == getpgrp();
}

void restore_modes(void)
{
	if (restore.begun && restore_foreground())
		tcsetattr(STDIN_FILENO, TCSANOW, &restore.before);
}

/* Async-signal-safe, and without waiting: the terminal may have stopped taking output. */
static void bring_back(void)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);
	size_t at = 0;

	if (!atomic_exchange(&restore.ours, 0) || !restore_foreground())
		return;
	if (flags >= 0)
		fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK);
	while (at < restore.len) {
		ssize_t n = write(STDOUT_FILENO, restore.bytes + at, restore.len - at);

		if (n < 0 && errno != EINTR)
			break;
		at += n > 0 ? (size_t)n : 0;
	}
	if (flags >= 0)
		fcntl(STDOUT_FILENO, F_SETFL, flags);
	restore_modes();
}

static void set_default(int sig)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };

	sigaction(sig, &standard, NULL);
}

/* ---- handlers --------------------------------------------------------------------- */

/* The signal comes again when the handler has returned. */
static void on_crash(int sig)
{
	bring_back();
	set_default(sig);
	raise(sig);
}

/* A full pipe is readable, too. */
static void wake(void)
{
	int saved = errno;
	ssize_t n = write(atomic_load(&restore.wake), "", 1);

	(void)n;
	errno = saved;
}

/* A second one while the first was not answered: nobody is there to do so. */
static void on_end(int sig)
{
	int none = 0;

	if (atomic_compare_exchange_strong(&restore.ended, &none, sig))
		wake();
	else
		on_crash(sig);
}

static void on_note(int sig)
{
	atomic_fetch_or(&restore.noted, sig == SIGWINCH ? NOTED_RESIZE :
			sig == SIGTSTP ? NOTED_STOP : NOTED_CONTINUE);
	wake();
}

static const struct { int sig; void (*run)(int sig); } handled[N_HANDLED] = {
	{ SIGINT, on_end }, { SIGTERM, on_end }, { SIGHUP, on_end }, { SIGQUIT, on_end },
	{ SIGTSTP, on_note }, { SIGCONT, on_note }, { SIGWINCH, on_note },
	{ SIGSEGV, on_crash }, { SIGBUS, on_crash }, { SIGFPE, on_crash },
	{ SIGILL, on_crash }, { SIGABRT, on_crash },
};

/* What is ignored, as SIGHUP is under nohup, stays so; but nobody means a crash. */
static void take_signals(void)
{
	for (size_t i = 0; i < N_HANDLED; i++) {
		struct sigaction a = { .sa_handler = handled[i].run,
				       .sa_flags = SA_RESTART | SA_ONSTACK };

		sigfillset(&a.sa_mask);
		sigaction(handled[i].sig, NULL, &restore.old[i]);
		if (restore.old[i].sa_handler != SIG_IGN || handled[i].run == on_crash)
			sigaction(handled[i].sig, &a, NULL);
	}
}

/* Without memory, a crash by overflow is one without handler. */
static void take_stack(void)
{
	stack_t s = { .ss_size = STACK_SIZE };

	restore.stack = s.ss_sp = mem_alloc(STACK_SIZE);
	if (restore.stack && sigaltstack(&s, &restore.stack_before) == 0)
		return;
	mem_free(restore.stack);
	restore.stack = NULL;
}

static void give_stack_back(void)
{
	if (restore.stack)
		sigaltstack(&restore.stack_before, NULL);
	mem_free(restore.stack);
	restore.stack = NULL;
}

/* ---- from outside ----------------------------------------------------------------- */

int restore_begin(void)
{
	int ends[2];

	if (tcgetattr(STDIN_FILENO, &restore.before) < 0)
		return -errno;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	restore.fd = ends[0];
	atomic_store(&restore.wake, ends[1]);
	atomic_store(&restore.ended, 0);
	atomic_store(&restore.noted, 0);
	restore.len = 0;
	restore.begun = true;
	take_stack();
	take_signals();
	return 0;
}

void restore_end(void)
{
	int fd;

	if (!restore.begun)
		return;
	restore.begun = false;
	restore_arm(false);
	for (size_t i = 0; i < N_HANDLED; i++)
		sigaction(handled[i].sig, &restore.old[i], NULL);
	give_stack_back();
	fd = atomic_exchange(&restore.wake, -1);
	close(fd);
	close(restore.fd);
	restore.fd = -1;
}

int restore_fd(void)
{
	return restore.fd;
}

void restore_add(const char *bytes)
{
	while (*bytes && restore.len < sizeof(restore.bytes)) {
		/* $<2>: milliseconds to wait, for terminals of old */
		if (bytes[0] == '$' && bytes[1] == '<' && strchr(bytes, '>'))
			bytes = strchr(bytes, '>') + 1;
		else
			restore.bytes[restore.len++] = *bytes++;
	}
}

void restore_arm(bool ours)
{
	atomic_store(&restore.ours, ours);
}

unsigned restore_noted(void)
{
	char bytes[64];

	while (read(restore.fd, bytes, sizeof(bytes)) > 0)
		;
	return atomic_exchange(&restore.noted, 0);
}

int restore_ended(void)
{
	return atomic_load(&restore.ended);
}

void restore_stop(void)
{
	struct sigaction ours;

	sigaction(SIGTSTP, NULL, &ours);
	set_default(SIGTSTP);
	raise(SIGTSTP);
	sigaction(SIGTSTP, &ours, NULL);
}

void restore_raise(int sig)
{
	set_default(sig);
	raise(sig);
}
