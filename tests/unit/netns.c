/* SPDX-License-Identifier: MIT */
/* Namespaces of children: by process, by fd, by a socket alone; work inside one,
 * and where the calling thread is afterwards. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "source/parts.h"

/* ---- children ----------------------------------------------------------- */

struct told { uint64_t ino; uint32_t inode; int32_t fd; uint16_t port; };
struct child { pid_t pid; int in, out; struct told told; };

static uint64_t own_space(void)
{
	struct stat st;

	assert_int_equal(stat("/proc/thread-self/ns/net", &st), 0);
	return st.st_ino;
}

static bool child_start(struct child *c, bool (*work)(struct told *ret))
{
	int up[2], down[2];

	assert_int_equal(pipe2(up, O_CLOEXEC), 0);
	assert_int_equal(pipe2(down, O_CLOEXEC), 0);
	c->pid = fork();
	if (c->pid == 0) {
		struct told told = { 0 };
		char byte;

		close(up[0]);
		close(down[1]);
		if (!work(&told))
			told.ino = 0;
		if (write(up[1], &told, sizeof(told)) != sizeof(told))
			_exit(1);
		while (read(down[0], &byte, 1) < 0 && errno == EINTR)
			;
		_exit(0);
	}
	close(up[1]);
	close(down[0]);
	c->in = up[0];
	c->out = down[1];
	return read(c->in, &c->told, sizeof(c->told)) == sizeof(c->told) && c->told.ino;
}

static void child_end(struct child *c)
{
	close(c->in);
	close(c->out);
	waitpid(c->pid, NULL, 0);
}

/* In a namespace of its own, listening there. */
static bool work_listen(struct told *ret)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		return false;
	ret->ino = own_space();
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) < 0 || listen(fd, 1) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		return false;
	ret->port = ntohs(a.sin_port);
	return true;
}

/* A namespace that only an fd keeps, or only a socket. */
static bool leave_behind(struct told *ret, bool socket_only)
{
	int home = open("/proc/self/ns/net", O_RDONLY), there, fd;
	struct stat st;

	if (home < 0 || unshare(CLONE_NEWNET) < 0)
		return false;
	ret->ino = own_space();
	there = open("/proc/self/ns/net", O_RDONLY);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (there < 0 || fd < 0 || setns(home, CLONE_NEWNET) < 0 || fstat(fd, &st) < 0)
		return false;
	ret->inode = (uint32_t)st.st_ino;
	ret->fd = fd;
	close(socket_only ? there : fd);
	return true;
}

static bool work_fd(struct told *ret)
{
	return leave_behind(ret, false);
}

static bool work_socket(struct told *ret)
{
	return leave_behind(ret, true);
}

/* ---- records ------------------------------------------------------------ */

#define MAX 512
struct listed { struct wire_ns ns[MAX]; char path[MAX][128]; uint32_t n; };

static int take(void *ctx, const void *bytes, size_t len)
{
	struct listed *l = ctx;
	size_t at = 0;

	while (at < len && l->n < MAX) {
		struct wire_ns *r = &l->ns[l->n];
		const char *tail = (const char *)bytes + at + sizeof(*r);

		assert_true(len - at >= sizeof(*r));
		memcpy(r, (const char *)bytes + at, sizeof(*r));
		assert_true(r->len % 8 == 0 && r->len <= len - at);
		assert_true(sizeof(*r) + r->name_len + r->path_len <= r->len);
		snprintf(l->path[l->n++], 128, "%.*s", r->path_len, tail + r->name_len);
		at += r->len;
	}
	return 0;
}

static int row_of(const struct listed *l, uint64_t ino)
{
	uint32_t i;

	for (i = 0; i < l->n; i++)
		if (l->ns[i].ino == ino)
			return (int)i;
	return -1;
}

static struct listed *list(struct netns *n, bool deep)
{
	struct listed *l = mem_alloc(sizeof(*l));

	assert_int_equal(netns_find(n, deep, NULL, take, l), 0);
	assert_true(l->n >= 1);
	assert_true(l->ns[0].flags & LSSOCK_NS_OWN);
	assert_true(l->ns[0].ino == own_space());
	return l;
}

static int proc(void)
{
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void skip_without(bool could, const char *what)
{
	if (could)
		return;
	print_message("%s: skipped\n", what);
	skip();
}

/* ---- dumps -------------------------------------------------------------- */

struct ports { uint16_t wanted; unsigned found, rows; };

static int take_rows(void *ctx, const void *bytes, size_t len)
{
	struct ports *p = ctx;
	size_t at = 0;

	while (len - at >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr h;
		struct inet_diag_msg m;

		memcpy(&h, (const char *)bytes + at, sizeof(h));
		if (h.nlmsg_type == SOCK_DIAG_BY_FAMILY) {
			memcpy(&m, (const char *)bytes + at + NLMSG_HDRLEN, sizeof(m));
			p->rows++;
			p->found += ntohs(m.id.idiag_sport) == p->wanted;
		}
		at += NLMSG_ALIGN(h.nlmsg_len);
	}
	return 0;
}

static struct ports dump(struct mnl_socket *nl, uint16_t port)
{
	struct { struct nlmsghdr h; struct inet_diag_req_v2 body; } r = {
		.h = { .nlmsg_len = sizeof(r), .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_TCP,
			  .idiag_states = 1u << 10 },
	};
	struct ports p = { .wanted = port };

	assert_int_equal(nlsock_dump(nl, &r, sizeof(r), NULL, take_rows, &p), 0);
	return p;
}

/* ---- tests -------------------------------------------------------------- */

static void namespace_of_a_child(void **state)
{
	int proc_fd = proc(), row;
	struct netns *n = netns_new(proc_fd, NULL);
	uint64_t before = own_space(), cookie;
	struct mnl_socket *nl, *again;
	struct buf text = { 0 };
	struct listed *l;
	struct child c;
	struct ports p;
	bool could = child_start(&c, work_listen);

	(void)state;
	l = list(n, false);
	row = could ? row_of(l, c.told.ino) : 0;
	if (could) {
		assert_true(row > 0);
		assert_int_equal(l->ns[row].pid, c.pid);
		assert_int_equal(l->ns[row].nprocs, 1);
		assert_int_equal(l->ns[row].err, 0);
		assert_int_equal(netns_socket(n, (uint16_t)row, NETLINK_SOCK_DIAG, &nl), 0);
		assert_true(own_space() == before);
		p = dump(nl, c.told.port);
		assert_int_equal(p.found, 1);
		assert_int_equal(p.rows, 1);	/* and nothing of ours */
		netns_socket_back(n, (uint16_t)row, NETLINK_SOCK_DIAG, nl, true);
		/* it is kept for the next dump, not for another namespace */
		assert_int_equal(netns_socket(n, (uint16_t)row, NETLINK_SOCK_DIAG, &again), 0);
		assert_ptr_equal(again, nl);
		netns_socket_back(n, (uint16_t)row, NETLINK_SOCK_DIAG, again, true);
		assert_int_equal(netns_socket(n, 0, NETLINK_SOCK_DIAG, &again), 0);
		assert_ptr_not_equal(again, nl);
		netns_socket_back(n, 0, NETLINK_SOCK_DIAG, again, false);
		assert_int_equal(netns_read(n, (uint16_t)row, "net/tcp", &text), 0);
		assert_non_null(strchr(buf_cstr(&text), '\n'));
		assert_int_equal(netns_read(n, (uint16_t)row, "sys/net/ipv4/ip_local_port_range",
					    &text), 0);
		assert_int_equal(netns_read(n, (uint16_t)row, "net/none", &text), -ENOENT);
		assert_int_equal(netns_read(n, (uint16_t)row, "net/tcp", &text), 0);
		assert_true(own_space() == before);
		cookie = l->ns[0].cookie;
		mem_free(l);
		l = list(n, false);
		assert_int_equal(row_of(l, c.told.ino), row);
		assert_true(!cookie || l->ns[row].cookie != cookie);
	}
	mem_free(l);
	child_end(&c);
	if (could) {	/* our kept socket must not make it seem alive */
		l = list(n, false);
		assert_int_equal(row_of(l, c.told.ino), -1);
		mem_free(l);
	}
	assert_int_equal(netns_socket(n, 59999, NETLINK_SOCK_DIAG, &nl), -ENOENT);
	buf_release(&text);
	netns_free(n);
	close(proc_fd);
	skip_without(could, "no network namespace to be had");
}

static void find_one(struct netns *n, const char *spec, struct listed *ret, int wanted)
{
	ret->n = 0;
	assert_int_equal(netns_find_one(n, spec, strlen(spec), take, ret), wanted);
	assert_int_equal(ret->n, wanted == 0);
}

static void by_pid_and_path(void **state)
{
	int proc_fd = proc();
	struct netns *n = netns_new(proc_fd, NULL);
	struct listed *l = mem_alloc(sizeof(*l));
	struct mnl_socket *nl;
	char spec[64];
	struct child c;
	bool could = child_start(&c, work_listen);

	(void)state;
	if (could) {
		snprintf(spec, sizeof(spec), "%d", c.pid);
		find_one(n, spec, l, 0);
		assert_true(l->ns[0].ino == c.told.ino);
		snprintf(spec, sizeof(spec), "/proc/%d/ns/net", c.pid);
		find_one(n, spec, l, 0);
		assert_true(l->ns[0].ino == c.told.ino);
		/* both are row 1 */
		assert_int_equal(netns_socket(n, 1, NETLINK_SOCK_DIAG, &nl), 0);
		assert_int_equal(dump(nl, c.told.port).found, 1);
		netns_socket_back(n, 1, NETLINK_SOCK_DIAG, nl, true);
		assert_int_equal(netns_socket(n, 2, NETLINK_SOCK_DIAG, &nl), -ENOENT);
	}
	child_end(&c);
	if (could) {
		snprintf(spec, sizeof(spec), "%d", c.pid);
		find_one(n, spec, l, -ESRCH);
	}
	snprintf(spec, sizeof(spec), "%d", getpid());
	find_one(n, spec, l, 0);
	assert_true(l->ns[0].flags & LSSOCK_NS_OWN);
	find_one(n, "/proc/self/ns/mnt", l, -EINVAL);
	find_one(n, "/etc/passwd", l, -EINVAL);
	find_one(n, "/does/not/exist", l, -ENOENT);
	find_one(n, "", l, -EINVAL);
	find_one(n, "0", l, -ESRCH);
	mem_free(l);
	netns_free(n);
	close(proc_fd);
	skip_without(could, "no network namespace to be had");
}

/* Without privilege the namespace of a pid is named by its pid only, and its
 * tables are read through the process. */
static bool as_nobody(pid_t pid, uint16_t port)
{
	struct listed *l = mem_alloc(sizeof(*l));
	struct buf text = { 0 };
	struct mnl_socket *nl;
	char spec[16], line[16];
	struct netns *n;
	uint32_t row;
	bool ok;

	if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
		return false;
	n = netns_new(open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC), NULL);
	snprintf(spec, sizeof(spec), "%d", pid);
	ok = netns_find(n, true, NULL, take, l) == 0;
	row = l->n;	/* behind those that were listed */
	l->n = 0;
	ok &= netns_find_one(n, spec, strlen(spec), take, l) == 0 && l->n == 1 &&
	      l->ns[0].ino == 0 && l->ns[0].pid == pid && l->ns[0].err == EACCES &&
	      (l->ns[0].flags & LSSOCK_NS_REFUSED);
	ok &= netns_socket(n, (uint16_t)row, NETLINK_SOCK_DIAG, &nl) == -EACCES;
	ok &= netns_read(n, (uint16_t)row, "net/tcp", &text) == 0;
	snprintf(line, sizeof(line), ":%04X ", port);
	ok &= strstr(buf_cstr(&text), line) != NULL;
	ok &= netns_read(n, (uint16_t)row, "sys/net/ipv4/ip_local_port_range", &text) < 0;
	netns_free(n);
	buf_release(&text);
	mem_free(l);
	return ok;
}

static void by_pid_without_privilege(void **state)
{
	struct child c;
	bool could = getuid() == 0 && child_start(&c, work_listen);
	int status = 0;
	pid_t pid;

	(void)state;
	if (could) {
		pid = fork();
		if (pid == 0)
			_exit(as_nobody(c.pid, c.told.port) ? 0 : 1);
		waitpid(pid, &status, 0);
		child_end(&c);
	}
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	skip_without(could, "needs root and a network namespace");
}

static void kept_by_an_fd_only(void **state)
{
	int proc_fd = proc(), row;
	struct netns *n = netns_new(proc_fd, NULL);
	struct listed *shallow, *deep;
	struct mnl_socket *nl;
	struct child c;
	bool could = child_start(&c, work_fd);

	(void)state;
	shallow = list(n, false);
	deep = list(n, true);
	if (could) {
		assert_int_equal(row_of(shallow, c.told.ino), -1);
		row = row_of(deep, c.told.ino);
		assert_true(row > 0);
		assert_int_equal(netns_socket(n, (uint16_t)row, NETLINK_ROUTE, &nl), 0);
		netns_socket_back(n, (uint16_t)row, NETLINK_ROUTE, nl, true);
	}
	child_end(&c);
	mem_free(shallow);
	mem_free(deep);
	netns_free(n);
	close(proc_fd);
	skip_without(could, "no network namespace to be had");
}

static void kept_by_a_socket_only(void **state)
{
	int proc_fd = proc();
	struct netns *n = netns_new(proc_fd, NULL);
	struct listed *l = mem_alloc(sizeof(*l));
	struct mnl_socket *nl;
	struct child c;
	bool could = child_start(&c, work_socket);
	struct ask_fd fds[2] = {
		{ .pid = c.pid, .fd = c.told.fd, .inode = c.told.inode + 1 },	/* another file now */
		{ .pid = c.pid, .fd = c.told.fd, .inode = c.told.inode },
	};

	(void)state;
	if (could) {
		assert_int_equal(netns_of_sockets(n, fds, 1, take, l), 0);
		assert_int_equal(l->n, 0);
		assert_int_equal(netns_of_sockets(n, fds, 2, take, l), 0);
		assert_int_equal(l->n, 1);
		assert_true(l->ns[0].ino == c.told.ino);
		/* known now: not given twice */
		assert_int_equal(netns_of_sockets(n, fds, 2, take, l), 0);
		assert_int_equal(l->n, 1);
		assert_int_equal(netns_socket(n, 1, NETLINK_SOCK_DIAG, &nl), 0);
		netns_socket_back(n, 1, NETLINK_SOCK_DIAG, nl, true);
	}
	child_end(&c);
	mem_free(l);
	netns_free(n);
	close(proc_fd);
	skip_without(could, "no network namespace to be had");
}

/* A number that is another namespace by now is not entered. */
static void gone_is_not_entered(void **state)
{
	int proc_fd = proc(), row;
	struct netns *n = netns_new(proc_fd, NULL);
	struct mnl_socket *nl;
	struct listed *l;
	struct child c;
	bool could = child_start(&c, work_listen);

	(void)state;
	l = list(n, false);
	row = could ? row_of(l, c.told.ino) : 0;
	child_end(&c);
	if (could) {
		assert_true(row > 0);
		assert_true(netns_socket(n, (uint16_t)row, NETLINK_SOCK_DIAG, &nl) < 0);
	}
	mem_free(l);
	netns_free(n);
	close(proc_fd);
	skip_without(could, "no network namespace to be had");
}

static void without_proc(void **state)
{
	struct netns *n = netns_new(-1, NULL);
	struct listed *l;
	struct mnl_socket *nl;

	(void)state;
	l = list(n, true);
	assert_int_equal(netns_socket(n, 0, NETLINK_SOCK_DIAG, &nl), 0);
	netns_socket_back(n, 0, NETLINK_SOCK_DIAG, nl, true);
	mem_free(l);
	netns_free(n);
}

static void out_of_memory(void **state)
{
	int proc_fd = proc(), r = -ENOMEM;
	uint64_t i;

	(void)state;
	for (i = 1; r != 0; i++) {
		struct listed *l = mem_alloc(sizeof(*l));
		struct netns *n;

		mem_fail_at(i);
		n = netns_new(proc_fd, NULL);
		r = n ? netns_find(n, true, NULL, take, l) : -ENOMEM;
		netns_free(n);
		mem_fail_at(0);
		assert_true(r == 0 || r == -ENOMEM);
		mem_free(l);
		if (i > 12)	/* past the first ones each costs a whole walk */
			break;
	}
	close(proc_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(namespace_of_a_child),
		cmocka_unit_test(by_pid_and_path),
		cmocka_unit_test(by_pid_without_privilege),
		cmocka_unit_test(kept_by_an_fd_only),
		cmocka_unit_test(kept_by_a_socket_only),
		cmocka_unit_test(gone_is_not_entered),
		cmocka_unit_test(without_proc),
		cmocka_unit_test(out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
