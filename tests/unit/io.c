/* SPDX-License-Identifier: MIT */
/* Whole reads, full writes and atomic replacement, in a directory of its own. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

static int enter_directory(void **state)
{
	const char *top = getenv("TMPDIR");
	struct buf name = { 0 };

	buf_printf(&name, "%s/lssock-io-", top ? top : P_tmpdir);
	buf_fill(&name, 'X', 6);
	buf_cstr(&name);
	*state = name.data;
	return name.failed || !mkdtemp(name.data) || chdir(name.data) < 0;
}

static int leave_directory(void **state)
{
	char *name = *state;
	DIR *d = opendir(".");
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			unlinkat(AT_FDCWD, e->d_name, e->d_type == DT_DIR ? AT_REMOVEDIR : 0);
	if (d)
		closedir(d);
	if (chdir("/") < 0 || rmdir(name) < 0)
		return -1;
	mem_free(name);
	return 0;
}

static unsigned count_files(void)
{
	DIR *d = opendir(".");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void check_content(const char *name, const char *want, size_t len)
{
	struct buf b = { 0 };

	assert_int_equal(io_read_at(AT_FDCWD, name, &b, IO_LIMIT), 0);
	assert_int_equal(b.len, len);
	assert_memory_equal(b.data, want, len);
	buf_release(&b);
}

static void reads_all_or_the_limit(void **state)
{
	static char bytes[100003];
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 31);
	assert_int_equal(io_replace("big", bytes, sizeof(bytes), 0600), 0);
	check_content("big", bytes, sizeof(bytes));
	buf_puts(&b, "head");
	assert_int_equal(io_read_at(AT_FDCWD, "big", &b, 4096), 0);
	assert_int_equal(b.len, 4100);
	assert_memory_equal(b.data, "head", 4);
	assert_memory_equal(b.data + 4, bytes, 4096);
	assert_int_equal(io_read_at(AT_FDCWD, "big", &b, 0), 0);
	assert_int_equal(b.len, 4100);
	buf_release(&b);
}

static void errors_keep_the_buffer(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_puts(&b, "kept");
	assert_int_equal(io_read_at(AT_FDCWD, "absent", &b, 10), -ENOENT);
	assert_int_equal(io_read_at(AT_FDCWD, ".", &b, 10), -EISDIR);
	assert_int_equal(io_read_at(-1, "absent", &b, 10), -EBADF);
	assert_int_equal(io_readlink_at(AT_FDCWD, "absent", &b), -ENOENT);
	assert_int_equal(io_readlink_at(AT_FDCWD, ".", &b), -EINVAL);
	assert_string_equal(buf_cstr(&b), "kept");
	assert_int_equal(io_replace("f", "text", 4, 0600), 0);
	mem_fail_at(1);
	assert_int_equal(io_read_at(AT_FDCWD, "f", &b, 10000), -ENOMEM);
	mem_fail_at(0);
	assert_int_equal(b.len, 4);
	buf_release(&b);
}

static void links_of_any_length(void **state)
{
	char target[4000];

	(void)state;
	memset(target, 'x', sizeof(target));
	for (size_t len = 1; len < sizeof(target); len += len < 300 ? 1 : 997) {
		struct buf b = { 0 };

		target[len] = '\0';
		assert_int_equal(symlink(target, "link"), 0);
		buf_puts(&b, "to ");
		assert_int_equal(io_readlink_at(AT_FDCWD, "link", &b), 0);
		assert_int_equal(b.len, len + 3);
		assert_memory_equal(b.data + 3, target, len);
		assert_int_equal(unlink("link"), 0);
		target[len] = 'x';
		buf_release(&b);
	}
}

struct reader { int fd; size_t total; };

static void *read_slowly(void *arg)
{
	struct reader *r = arg;
	char tmp[777];
	ssize_t n;

	while ((n = read(r->fd, tmp, sizeof(tmp))) > 0)
		r->total += (size_t)n;
	return NULL;
}

/* A pipe that somebody made non-blocking loses nothing. */
static void writes_all(void **state)
{
	static char bytes[1 << 20];
	struct reader r = { 0 };
	pthread_t thread;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	r.fd = fds[0];
	assert_int_equal(pthread_create(&thread, NULL, read_slowly, &r), 0);
	assert_int_equal(io_write_all(fds[1], bytes, sizeof(bytes)), 0);
	close(fds[1]);
	pthread_join(thread, NULL);
	close(fds[0]);
	assert_int_equal(r.total, sizeof(bytes));
}

static void write_errors(void **state)
{
	int fds[2], full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	close(fds[0]);
	assert_int_equal(io_write_all(fds[1], "x", 1), -EPIPE);
	close(fds[1]);
	assert_int_equal(io_write_all(-1, "x", 1), -EBADF);
	assert_int_equal(io_write_all(-1, "", 0), 0);
	if (full >= 0) {
		assert_int_equal(io_write_all(full, "x", 1), -ENOSPC);
		close(full);
	}
}

static void replaces(void **state)
{
	struct stat st;
	mode_t old = umask(077);

	(void)state;
	assert_int_equal(io_replace("f", "one", 3, 0644), 0);
	assert_int_equal(stat("f", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(link("f", "other"), 0);
	assert_int_equal(io_replace("./f", "second", 6, 0600), 0);
	assert_int_equal(stat("f", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	check_content("f", "second", 6);
	check_content("other", "one", 3);	/* a new file, not the old one rewritten */
	assert_int_equal(io_replace("f", NULL, 0, 0600), 0);
	check_content("f", "", 0);
	assert_int_equal(count_files(), 2);
	umask(old);
}

/* Written in pieces; until it has its name the old one is there, and so it is if it
 * never gets it. */
static void takes_the_place(void **state)
{
	struct io_file f, g;
	struct stat st;

	(void)state;
	assert_int_equal(io_replace("f", "old", 3, 0640), 0);
	assert_int_equal(io_file_open(&f, "f", 0644), 0);
	assert_int_equal(io_write_all(f.fd, "ne", 2), 0);
	check_content("f", "old", 3);
	assert_int_equal(io_file_open(&g, "./f", 0644), 0);	/* another at once */
	assert_int_equal(io_write_all(g.fd, "never", 5), 0);
	assert_int_equal(io_write_all(f.fd, "w", 1), 0);
	assert_int_equal(io_file_close(&f, true), 0);
	check_content("f", "new", 3);
	assert_int_equal(io_file_close(&g, false), 0);
	check_content("f", "new", 3);
	assert_int_equal(stat("f", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);	/* the old one's */
	assert_int_equal(count_files(), 1);

	/* What came in its place meanwhile is not replaced. */
	assert_int_equal(io_file_open(&f, "f", 0644), 0);
	assert_int_equal(unlink("f"), 0);
	assert_int_equal(mkdir("f", 0700), 0);
	assert_int_equal(io_file_close(&f, true), -EISDIR);
	assert_int_equal(count_files(), 1);

	assert_int_equal(symlink("f", "link"), 0);
	assert_int_equal(io_file_open(&f, "link", 0644), -ELOOP);
	mem_fail_at(1);
	assert_int_equal(io_file_open(&f, "g", 0644), -ENOMEM);
	mem_fail_at(0);
	assert_int_equal(count_files(), 2);
}

/* What must not be replaced stays as it is, and no file is left behind. */
static void refuses(void **state)
{
	char longest[300];
	struct stat st;

	(void)state;
	assert_int_equal(io_replace("victim", "precious", 8, 0600), 0);
	assert_int_equal(symlink("victim", "link"), 0);
	assert_int_equal(io_replace("link", "x", 1, 0600), -ELOOP);
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	assert_int_equal(io_replace("dangling", "x", 1, 0600), -ELOOP);
	assert_int_equal(mkdir("dir", 0700), 0);
	assert_int_equal(io_replace("dir", "x", 1, 0600), -EISDIR);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(io_replace("fifo", "x", 1, 0600), -EINVAL);
	assert_int_equal(io_replace("dir/", "x", 1, 0600), -EISDIR);
	assert_int_equal(io_replace("", "x", 1, 0600), -EISDIR);
	assert_int_equal(io_replace("..", "x", 1, 0600), -EISDIR);
	assert_int_equal(io_replace("absent/f", "x", 1, 0600), -ENOENT);
	assert_int_equal(io_replace("victim/f", "x", 1, 0600), -ENOTDIR);
	memset(longest, 'n', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(io_replace(longest, "x", 1, 0600), -ENAMETOOLONG);
	longest[255] = '\0';
	assert_int_equal(io_replace(longest, "x", 1, 0600), 0);
	check_content("victim", "precious", 8);
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(count_files(), 6);
}

static void in_another_directory(void **state)
{
	(void)state;
	assert_int_equal(mkdir("sub", 0700), 0);
	assert_int_equal(io_replace("sub/f", "here", 4, 0600), 0);
	check_content("sub/f", "here", 4);
	assert_int_equal(unlink("sub/f"), 0);
	assert_int_equal(rmdir("sub"), 0);	/* empty: nothing else was left */
}

static void clock_moves_on(void **state)
{
	uint64_t a = io_now_ns(), b = io_now_ns();

	(void)state;
	assert_true(a > 0 && b >= a && b - a < 60000000000);
}

#define IN_DIRECTORY(f) cmocka_unit_test_setup_teardown(f, enter_directory, leave_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(reads_all_or_the_limit),
		IN_DIRECTORY(errors_keep_the_buffer),
		IN_DIRECTORY(links_of_any_length),
		IN_DIRECTORY(writes_all),
		IN_DIRECTORY(write_errors),
		IN_DIRECTORY(replaces),
		IN_DIRECTORY(takes_the_place),
		IN_DIRECTORY(refuses),
		IN_DIRECTORY(in_another_directory),
		cmocka_unit_test(clock_moves_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
