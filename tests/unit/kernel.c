/* SPDX-License-Identifier: MIT */
/* Every kind of question to the live machine, by facts the test knows of itself. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"
#include "source/source.h"
#include "wire/procfs.h"

static int take(void *ctx, const void *bytes, size_t len)
{
	buf_put(ctx, bytes, len);
	return 0;
}

static int refuse(void *ctx, const void *bytes, size_t len)
{
	(void)ctx;
	(void)bytes;
	(void)len;
	return -ECANCELED;
}

static int open_kernel(void **state)
{
	struct source *s = NULL;

	if (kernel_open(NULL, LSSOCK_COLLECTOR_AUTO, &s, NULL) < 0 || !s->live || s->next(s) != 1)
		return -1;
	*state = s;
	return 0;
}

static int close_kernel(void **state)
{
	struct source *s = *state;

	return s->close(s);
}

static int ask(struct source *s, int kind, uint64_t id, const void *arg, size_t arg_len,
	       struct buf *ret)
{
	struct ask a = { .kind = (uint16_t)kind, .id = id, .arg = arg, .arg_len = (uint32_t)arg_len };

	buf_reset(ret);
	return s->ask(s, &a, take, ret);
}

static uint64_t start_of(int dirfd)
{
	struct procfs_stat st;
	struct buf b = { 0 };

	assert_int_equal(io_read_at(dirfd, "/proc/self/stat", &b, 4096), 0);
	assert_int_equal(procfs_stat(b.data, b.len, &st), 0);
	buf_release(&b);
	return st.start_ticks * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
}

static uint64_t fact(struct buf *b, const char *key)
{
	const char *at = strstr(buf_cstr(b), key);

	assert_non_null(at);
	return strtoull(at + strlen(key), NULL, 10);
}

static void facts(void **state)
{
	struct buf b = { 0 };
	struct stat st;

	assert_int_equal(ask(*state, ASK_FACTS, 0, NULL, 0, &b), 0);
	buf_putc(&b, '\0');
	assert_int_equal(fact(&b, "\npid "), getpid());
	assert_int_equal(fact(&b, "\nuid "), geteuid());
	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	assert_true(fact(&b, "\nnetns ") == st.st_ino);
	assert_int_equal(fact(&b, "\nproc "), 1);
	assert_true(fact(&b, "now ") > fact(&b, "\nboot "));
	assert_true(fact(&b, "\nboot ") > 1000000000000000000u);
	buf_release(&b);
}

/* ---- processes ---------------------------------------------------------- */

static bool has_section(const struct buf *b, uint16_t tag, const char *text)
{
	size_t at = 0;

	while (at + 8 <= b->len) {
		struct { uint16_t tag; int16_t err; uint32_t len; } head;

		memcpy(&head, b->data + at, sizeof(head));
		assert_true(head.len <= b->len - at - 8);
		if (head.tag == tag && !head.err)
			return memmem(b->data + at + 8, head.len, text, strlen(text)) != NULL;
		at += 8 + head.len + (-head.len & 3);
	}
	assert_int_equal(at, b->len);
	return false;
}

static void details_of_a_process(void **state)
{
	struct ask_proc arg = { .pid = getpid(), .sections = ~1u, .start_ns = start_of(AT_FDCWD) };
	char exe[4096], name[32];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	struct buf b = { 0 };

	exe[n] = '\0';
	assert_int_equal(ask(*state, ASK_PROC, 0, &arg, sizeof(arg), &b), 0);
	assert_true(has_section(&b, PROC_EXE, exe));
	assert_true(has_section(&b, PROC_LIMITS, "Max open files"));
	assert_true(has_section(&b, PROC_CGROUP, ":"));
	snprintf(name, sizeof(name), "%d (", getpid());
	assert_true(has_section(&b, PROC_STAT, name));
	assert_true(has_section(&b, PROC_NFDS, ""));
	/* the same pid, another process */
	arg.start_ns++;
	assert_int_equal(ask(*state, ASK_PROC, 0, &arg, sizeof(arg), &b), -ESRCH);
	assert_int_equal(b.len, 0);
	arg.pid = -3;
	assert_int_equal(ask(*state, ASK_PROC, 0, &arg, sizeof(arg), &b), -ESRCH);
	assert_int_equal(ask(*state, ASK_PROC, 0, &arg, 3, &b), -EINVAL);
	buf_release(&b);
}

static void owners_and_holders(void **state)
{
	struct { struct ask_owners head; int32_t pid; } arg = { { .n_pids = 1 }, getpid() };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0), round;
	struct buf b = { 0 };
	struct stat st;
	bool found;
	size_t at;

	assert_int_equal(fstat(fd, &st), 0);
	for (round = 0; round < 2; round++) {
		assert_int_equal(ask(*state, round ? ASK_HOLDERS : ASK_OWNERS, 0, &arg, sizeof(arg), &b), 0);
		for (found = false, at = 0; at + 16 <= b.len; at += 16) {
			struct own_fd f;

			memcpy(&f, b.data + at, sizeof(f));
			found |= f.inode == st.st_ino && f.fd == fd && f.pid == (uint32_t)getpid();
		}
		assert_true(found);
	}
	close(fd);
	buf_release(&b);
}

/* A datagram of no bytes shows in no queue length, but carries descriptors. */
static void in_flight_without_a_byte(void **state)
{
	struct { struct ask_owners head; int32_t pid; } arg = { { .n_pids = 1 }, getpid() };
	union { struct cmsghdr h; char room[CMSG_SPACE(sizeof(int))]; } control = { 0 };
	struct msghdr msg = { .msg_control = &control, .msg_controllen = sizeof(control) };
	int pair[2], passed = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct buf b = { 0 };
	uint32_t found = 0;
	struct own_rec r;
	size_t at;

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	control.h.cmsg_level = SOL_SOCKET;
	control.h.cmsg_type = SCM_RIGHTS;
	control.h.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.h), &passed, sizeof(int));
	assert_int_equal(sendmsg(pair[0], &msg, 0), 0);
	assert_int_equal(ask(*state, ASK_HOLDERS, 0, &arg, sizeof(arg), &b), 0);
	for (at = 0; at + sizeof(r) <= b.len; at += sizeof(r)) {
		memcpy(&r, b.data + at, sizeof(r));
		if (r.zero == 0 && r.type == OWN_TASK)
			at += sizeof(struct own_task) - sizeof(r);
		else if (r.zero == 0 && r.type == OWN_IN_FLIGHT && r.a == (uint32_t)pair[1])
			found = r.b;
	}
	assert_int_equal(found, 1);
	close(pair[0]);
	close(pair[1]);
	close(passed);
	buf_release(&b);
}

static void name_of_a_protocol(void **state)
{
	struct ask_fd arg = { .pid = getpid(), .start_ns = start_of(AT_FDCWD) };
	struct buf b = { 0 };
	struct stat st;

	arg.fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(fstat(arg.fd, &st), 0);
	arg.inode = (uint32_t)st.st_ino;
	assert_int_equal(ask(*state, ASK_PROTONAME, 0, &arg, sizeof(arg), &b), 0);
	assert_int_equal(b.len, 3);
	assert_memory_equal(b.data, "TCP", 3);
	arg.inode++;
	assert_int_equal(ask(*state, ASK_PROTONAME, 0, &arg, sizeof(arg), &b), -ESTALE);
	arg.inode--;
	close(arg.fd);
	assert_int_equal(ask(*state, ASK_PROTONAME, 0, &arg, sizeof(arg), &b), -ESTALE);
	arg.start_ns++;
	assert_int_equal(ask(*state, ASK_PROTONAME, 0, &arg, sizeof(arg), &b), -ESRCH);
	buf_release(&b);
}

/* ---- files -------------------------------------------------------------- */

struct file_arg { struct ask_file head; char path[128]; };

static struct wire_file look(void **state, struct file_arg *arg, const char *path)
{
	struct wire_file w;
	struct buf b = { 0 };

	arg->head.path_len = (uint32_t)strlen(path);
	memcpy(arg->path, path, arg->head.path_len);
	assert_int_equal(ask(*state, ASK_FILE, 0, arg, sizeof(arg->head) + arg->head.path_len, &b), 0);
	assert_int_equal(b.len, sizeof(w));
	memcpy(&w, b.data, sizeof(w));
	buf_release(&b);
	return w;
}

static void file_of_a_socket(void **state)
{
	struct file_arg arg = { .head = { .pid = getpid(), .start_ns = start_of(AT_FDCWD) } };
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char dir[] = "/tmp/lssock-unit-XXXXXX", link[64], was[4096];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct wire_file w;
	struct stat st;

	assert_non_null(mkdtemp(dir));
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/s", dir);
	snprintf(link, sizeof(link), "%s/l", dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(symlink(a.sun_path, link), 0);
	assert_int_equal(stat(a.sun_path, &st), 0);
	w = look(state, &arg, a.sun_path);
	assert_int_equal(w.err, 0);
	assert_int_equal(w.our_err, 0);
	assert_int_equal(w.ino, (uint32_t)st.st_ino);
	assert_int_equal(w.our_ino, (uint32_t)st.st_ino);
	assert_int_equal(w.major, major(st.st_dev));
	assert_int_equal(w.minor, minor(st.st_dev));
	assert_true(S_ISSOCK(w.mode));
	/* no owner is known */
	arg.head.pid = 0;
	w = look(state, &arg, a.sun_path);
	assert_int_equal(w.err, ESRCH);
	assert_int_equal(w.our_ino, (uint32_t)st.st_ino);
	assert_true(S_ISSOCK(w.mode));
	arg.head.pid = getpid();
	/* a link at the end is another file, not what it leads to */
	w = look(state, &arg, link);
	assert_true(S_ISLNK(w.mode));
	assert_int_not_equal(w.our_ino, (uint32_t)st.st_ino);
	/* relative to the owner's directory */
	assert_non_null(getcwd(was, sizeof(was)));
	assert_int_equal(chdir(dir), 0);
	w = look(state, &arg, "s");
	assert_int_equal(w.ino, (uint32_t)st.st_ino);
	assert_int_equal(w.our_ino, (uint32_t)st.st_ino);
	assert_int_equal(chdir(was), 0);
	unlink(a.sun_path);
	w = look(state, &arg, a.sun_path);
	assert_int_equal(w.err, ENOENT);
	assert_int_equal(w.our_err, ENOENT);
	unlink(link);
	rmdir(dir);
	close(fd);
}

static void file_arguments_are_checked(void **state)
{
	struct file_arg arg = { .head = { .pid = getpid(), .path_len = 1000 } };
	struct buf b = { 0 };

	assert_int_equal(ask(*state, ASK_FILE, 0, &arg, sizeof(arg.head) + 5, &b), -EINVAL);
	assert_int_equal(ask(*state, ASK_FILE, 0, &arg, 3, &b), -EINVAL);
	arg.head.path_len = 4;	/* abstract */
	assert_int_equal(ask(*state, ASK_FILE, 0, &arg, sizeof(arg), &b), -EINVAL);
	arg.path[0] = '/';
	arg.head.path_len = 1;
	arg.head.start_ns = 1;
	assert_int_equal(ask(*state, ASK_FILE, 0, &arg, sizeof(arg), &b), -ESRCH);
	buf_release(&b);
}

/* ---- the rest ----------------------------------------------------------- */

static void texts(void **state)
{
	struct buf b = { 0 };
	int id;

	assert_int_equal(ask(*state, ASK_TEXT, TEXT_NET_UNIX, NULL, 0, &b), 0);
	assert_true(b.len > 0);
	assert_int_equal(ask(*state, ASK_TEXT, TEXT_FILE_NR, NULL, 0, &b), 0);
	assert_true(b.len > 0);
	for (id = 1; id < TEXT_N; id++)		/* the kernel may lack one */
		assert_true(ask(*state, ASK_TEXT, (uint64_t)id, NULL, 0, &b) == 0 || b.len == 0);
	assert_int_equal(ask(*state, ASK_TEXT, 0, NULL, 0, &b), -EINVAL);
	assert_int_equal(ask(*state, ASK_TEXT, TEXT_N, NULL, 0, &b), -EINVAL);
	assert_int_equal(ask(*state, ASK_TEXT, ~0ull, NULL, 0, &b), -EINVAL);
	buf_release(&b);
}

static void links_of_our_namespace(void **state)
{
	struct buf b = { 0 };
	struct nlmsghdr h;

	assert_int_equal(ask(*state, ASK_ROUTE, ASK_ROUTE_LINKS, NULL, 0, &b), 0);
	assert_true(b.len >= sizeof(h));
	memcpy(&h, b.data, sizeof(h));
	assert_int_equal(h.nlmsg_type, RTM_NEWLINK);
	assert_int_equal(ask(*state, ASK_ROUTE, ASK_ROUTE_NSID, NULL, 0, &b), 0);
	assert_int_equal(b.len % sizeof(struct wire_nsid), 0);
	assert_true(ask(*state, ASK_ROUTE, 77, NULL, 0, &b) < 0);
	buf_release(&b);
}

/* A cgroup's path gives its id and the id gives the path. */
static void cgroup_both_ways(void **state)
{
	struct buf text = { 0 }, b = { 0 };
	char path[4096];
	const char *at;
	uint64_t id;
	size_t len;

	assert_int_equal(io_read_at(AT_FDCWD, "/proc/self/cgroup", &text, 65536), 0);
	at = strstr(buf_cstr(&text), "0::/");
	if (!at || ask(*state, ASK_CGROUP_ID, 0, "/", 1, &b) < 0) {
		buf_release(&text);
		buf_release(&b);
		print_message("no cgroup2 mounted: skipped\n");
		skip();
	}
	len = strcspn(at + 3, "\n");
	assert_true(len < sizeof(path));
	memcpy(path, at + 3, len);
	assert_int_equal(ask(*state, ASK_CGROUP_ID, 0, path, len, &b), 0);
	assert_int_equal(b.len, sizeof(id));
	memcpy(&id, b.data, sizeof(id));
	assert_int_equal(ask(*state, ASK_CGROUP, id, NULL, 0, &b), 0);
	assert_int_equal(b.len, len);
	assert_memory_equal(b.data, path, len);
	assert_int_equal(ask(*state, ASK_CGROUP, 0x7fffffffffff, NULL, 0, &b), -ENOENT);
	assert_int_equal(ask(*state, ASK_CGROUP_ID, 0, "/../../../..", 12, &b), -ENOENT);
	assert_int_equal(ask(*state, ASK_CGROUP_ID, 0, "/no such", 8, &b), -ENOENT);
	assert_int_equal(ask(*state, ASK_CGROUP_ID, 0, "", 0, &b), -ENOENT);
	buf_release(&text);
	buf_release(&b);
}

static void what_is_no_question(void **state)
{
	struct source *s = *state;
	struct buf b = { 0 };
	struct ask a = { .kind = ASK_FACTS };

	assert_int_equal(ask(s, ASK_N_KIND, 0, NULL, 0, &b), -EOPNOTSUPP);
	assert_int_equal(ask(s, ASK_DIAG, 0, NULL, 0, &b), -EINVAL);
	assert_int_equal(ask(s, ASK_DIAG, 0, "short", 5, &b), -EINVAL);
	assert_int_equal(s->ask(s, &a, refuse, NULL), -ECANCELED);
	a.kind = ASK_NETNS;
	assert_int_equal(s->ask(s, &a, refuse, NULL), -ECANCELED);
	buf_release(&b);
}

static void root_that_is_not_there(void **state)
{
	struct lssock_err err = { 0 };
	struct source *s;

	(void)state;
	assert_int_equal(kernel_open("/no\x1b[2J/such", LSSOCK_COLLECTOR_AUTO, &s, &err), -ENOENT);
	assert_int_equal(err.code, -ENOENT);
	assert_null(strchr(err.msg, '\x1b'));
	assert_non_null(strstr(err.msg, "such"));
	/* one that is empty is opened, and says that it has no process */
	{
		char dir[] = "/tmp/lssock-unit-XXXXXX";
		struct buf b = { 0 };

		assert_non_null(mkdtemp(dir));
		assert_int_equal(kernel_open(dir, LSSOCK_COLLECTOR_AUTO, &s, &err), 0);
		assert_int_equal(ask(s, ASK_FACTS, 0, NULL, 0, &b), 0);
		assert_int_equal(fact(&b, "\nproc "), 0);
		buf_release(&b);
		assert_int_equal(s->close(s), 0);
		rmdir(dir);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts),
		cmocka_unit_test(details_of_a_process),
		cmocka_unit_test(owners_and_holders),
		cmocka_unit_test(in_flight_without_a_byte),
		cmocka_unit_test(name_of_a_protocol),
		cmocka_unit_test(file_of_a_socket),
		cmocka_unit_test(file_arguments_are_checked),
		cmocka_unit_test(texts),
		cmocka_unit_test(links_of_our_namespace),
		cmocka_unit_test(cgroup_both_ways),
		cmocka_unit_test(what_is_no_question),
		cmocka_unit_test(root_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, open_kernel, close_kernel);
}
