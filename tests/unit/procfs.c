/* SPDX-License-Identifier: MIT */
/* Texts of one process, the owner stream, details, namespaces, socket files. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "wire/procfs.h"
#include "wire/records.h"

#define LEN(text) text, sizeof(text) - 1
#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2 "fedcba98765432100123456789abcdef0123456789abcdef0123456789abcdef"

/* ---- one process's files ------------------------------------------------- */

static void test_stat(void **state)
{
	static const char text[] = "812 (a) b\nc) S 1 812 812 0 -1 4194560 5 0 0 0 1 2 3 4 "
		"20 0 1 0 123456789 1000 200 18446744073709551615\n";
	struct procfs_stat st;

	(void)state;
	assert_int_equal(procfs_stat(LEN(text), &st), 0);
	assert_int_equal(st.pid, 812);
	assert_int_equal(st.ppid, 1);
	assert_int_equal(st.state, 'S');
	assert_int_equal(st.flags, 4194560);
	assert_int_equal(st.start_ticks, 123456789);
	assert_int_equal(st.comm_len, 6);
	assert_memory_equal(st.comm, "a) b\nc", 6);
	assert_false(procfs_comm_is_unsure(&st));
}

/* Escaped or not: only comm tells. */
static void test_comm(void **state)
{
	static const char text[] = "7 (x\\n) S 1 2 3 0 -1 64 0 0 0 0 0 0 0 0 20 0 1 0 55 0\n";
	struct procfs_stat st;

	(void)state;
	assert_int_equal(procfs_stat(LEN(text), &st), 0);
	assert_true(procfs_comm_is_unsure(&st));
	procfs_comm(LEN(""), &st);
	procfs_comm(LEN("cut"), &st);
	assert_int_equal(st.comm_len, 3);
	assert_memory_equal(st.comm, "x\\n", 3);
	procfs_comm(LEN("x\n\n"), &st);
	assert_int_equal(st.comm_len, 2);
	assert_memory_equal(st.comm, "x\n", 2);
}

/* Any head of a good text is either refused or has all it needs. */
static void test_stat_cut(void **state)
{
	static const char text[] = "7 (x) S 1 2 3 0 -1 64 0 0 0 0 0 0 0 0 20 0 1 0 55 0";
	struct procfs_stat st;

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		int r = procfs_stat(text, len, &st);

		assert_int_equal(r, len < strlen(text) - 3 ? -EBADMSG : 0);
	}
	assert_int_equal(procfs_stat(LEN(") ( S 1"), &st), -EBADMSG);
	assert_int_equal(procfs_stat(LEN("(x) S 1"), &st), -EBADMSG);
	assert_int_equal(procfs_stat(LEN("-1 (x) S 1 2 3 0 -1 64 0 0 0 0 0 0 0 0 0 0 0 0 5"), &st),
			 -EBADMSG);
}

static void test_links(void **state)
{
	(void)state;
	assert_int_equal(procfs_socket_link(LEN("socket:[123]")), 123);
	assert_int_equal(procfs_socket_link(LEN("socket:[4294967295]")), 4294967295u);
	assert_int_equal(procfs_socket_link(LEN("socket:[4294967296]")), 0);
	assert_int_equal(procfs_socket_link(LEN("socket:[]")), 0);
	assert_int_equal(procfs_socket_link(LEN("socket:[12]x")), 0);
	assert_int_equal(procfs_socket_link(LEN("/socket:[12]")), 0);
	assert_int_equal(procfs_socket_link(LEN("socket:[-1]")), 0);
	assert_int_equal(procfs_socket_link("socket:[12]", 10), 0);
	assert_int_equal(procfs_net_link(LEN("net:[4026531840]")), 4026531840u);
	assert_int_equal(procfs_net_link(LEN("mnt:[4026531840]")), 0);
}

static void test_status_uid(void **state)
{
	uint32_t uid = 0;

	(void)state;
	assert_true(procfs_status_uid(LEN("Name:\tUid:\nUid:\t1\t2\t3\t4\nGid:\t9\n"), &uid));
	assert_int_equal(uid, 2);
	assert_false(procfs_status_uid(LEN("Uid:\t1"), &uid));
	assert_false(procfs_status_uid(LEN("Name:\tx\n"), &uid));
}

struct seen { uint32_t n, v[8]; };

static void see(void *ctx, uint32_t inode)
{
	struct seen *s = ctx;

	assert_in_range(s->n, 0, 7);
	s->v[s->n++] = inode;
}

static void test_ring_files(void **state)
{
	static const char good[] = "pos:\t0\nSqMask:\t0x7\nUserFiles:\t4\n    0: socket:[12]\n"
		"    1: /tmp/a\\040b\n    3: socket:[13]\nUserBufs:\t1\n    0: 0x10/4096\nPollList:\n";
	struct seen s = { 0 };

	(void)state;
	assert_int_equal(procfs_ring_files(LEN(good), see, &s), 4);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.v[0], 12);
	assert_int_equal(s.v[1], 13);
	s.n = 0;
	assert_int_equal(procfs_ring_files(LEN("UserFiles:\t0\nPollList:\n"), see, &s), 0);
	assert_int_equal(procfs_ring_files(LEN("UserFiles:\t2\nPollList:\n"), see, &s), 2);
	assert_int_equal(procfs_ring_files(LEN("UserFiles:\t2\nUserBufs:\t0\n"), see, &s), -EAGAIN);
	assert_int_equal(procfs_ring_files(LEN("pos:\t0\nflags:\t02\n"), see, &s), -EAGAIN);
	assert_int_equal(procfs_ring_files(LEN("UserFiles:\tx\n"), see, &s), -EAGAIN);
	assert_int_equal(procfs_ring_files("", 0, see, &s), -EAGAIN);
	assert_int_equal(s.n, 0);
}

/* Old kernels print names of files raw: one with a newline is not believed. */
static void test_ring_files_forged(void **state)
{
	static const char forged[] = "UserFiles:\t2\n    0: a\n    1: socket:[666]\n    1: b\n";
	static const char beyond[] = "UserFiles:\t1\n    0: a\n    1: socket:[666]\n";
	struct seen s = { 0 };

	(void)state;
	assert_int_equal(procfs_ring_files(LEN(forged), see, &s), -EAGAIN);
	assert_int_equal(procfs_ring_files(LEN(beyond), see, &s), -EAGAIN);
	assert_int_equal(s.n, 0);
}

static void test_fdinfo_and_maps(void **state)
{
	static const char maps[] =
		"7f00-7f01 rw-s 00000000 00:08 77                         socket:[77]\n"
		"7f02-7f03 rw-s 00000000 00:08 78                         /socket:[78]\n"
		"7f04-7f05 rw-s 00000000 00:08 79                         socket:[80]\n"
		"7f06-7f07 rw-p 00000000 00:00 0 \n7f08";
	struct seen s = { 0 };

	(void)state;
	assert_int_equal(procfs_scm_fds(LEN("pos:\t0\nscm_fds: 3\n")), 3);
	assert_int_equal(procfs_scm_fds(LEN("pos:\t0\n")), 0);
	procfs_map_sockets(LEN(maps), see, &s);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.v[0], 77);
}

static void see_mount(void *ctx, const char *path, size_t len, uint64_t ino)
{
	struct seen *s = ctx;

	assert_int_equal(len, 12);
	assert_memory_equal(path, "/run/netns/\n", 12);
	see(s, (uint32_t)ino);
}

static void test_mount_netns(void **state)
{
	static const char text[] =
		"21 1 0:20 / /proc rw,relatime shared:5 - proc proc rw\n"
		"90 1 0:4 net:[4026532] /run/netns/\\012 rw shared:1 master:2 - nsfs nsfs rw\n"
		"91 1 0:4 mnt:[4026533] /x rw - nsfs nsfs rw\n"
		"92 1 0:4 net:[4026534] /x rw - ext4 /dev/a rw\n"
		"93 1 0:4 net:[4026535] /x rw - nsfs\n93 1 0:4 net:[1]";
	struct seen s = { 0 };
	struct seen short_names = { 0 };

	(void)state;
	procfs_mount_netns(text, (size_t)(strstr(text, "93 1 0:4 net:[4026535]") - text),
			   see_mount, &s);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.v[0], 4026532);
	procfs_mount_netns(LEN("9 1 0:4 net:[5] /run/netns/\\012 rw -"), see_mount, &short_names);
	assert_int_equal(short_names.n, 0);
}

/* ---- cgroups ------------------------------------------------------------- */

#define POD_ID "1a2b3c4d-0000-1111-2222-333344445555"
#define POD_SLICE "1a2b3c4d_0000_1111_2222_333344445555"
#define SHORT "0123456789ab"

static const struct { const char *text, *unit, *container, *runtime, *pod; } cgroups[] = {
	/* systemd */
	{ "0::/system.slice/ssh.service\n", "ssh.service", "", NULL, "" },
	{ "0::/init.scope\n", "", "", NULL, "" },
	{ "0::/\n", "", "", NULL, "" },
	{ "0::/user.slice/user-1000.slice/session-12.scope\n", "session-12.scope", "", NULL, "" },
	{ "0::/user.slice/user-1000.slice/user@1000.service/init.scope", "user@1000.service", "",
	  NULL, "" },
	{ "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-x\\x2dy.service\n",
	  "app-x\\x2dy.service", "", NULL, "" },
	{ "0::/system.slice/a.service (deleted)\n", "a.service", "", NULL, "" },
	{ "0::/system.slice/_cpu.service\n", "cpu.service", "", NULL, "" },
	{ "0::/../../system.slice/a.service\n", "a.service", "", NULL, "" },
	{ "0::/.service/x\n", "", "", NULL, "" },
	/* docker */
	{ "0::/system.slice/docker-" ID ".scope\n", "docker-" ID ".scope", SHORT, "docker", "" },
	{ "12:pids:/docker/" ID "\n1:name=systemd:/docker/" ID "\n", "", SHORT, "docker", "" },
	{ "0::/docker/" ID2 "/docker/" ID "\n", "", SHORT, "docker", "" },
	{ "0::/system.slice/docker-" ID2 ".scope/docker-" ID ".scope", "docker-" ID ".scope", SHORT,
	  "docker", "" },
	{ "0::/system.slice/docker-" ID ".scope/system.slice/b.service", "b.service", SHORT,
	  "docker", "" },
	{ "0::/system.slice/docker-abc.scope\n", "docker-abc.scope", "", NULL, "" },
	/* podman */
	{ "0::/machine.slice/libpod-" ID ".scope/container\n", "libpod-" ID ".scope", SHORT,
	  "podman", "" },
	{ "0::/machine.slice/libpod-conmon-" ID ".scope\n", "libpod-conmon-" ID ".scope", "", NULL,
	  "" },
	{ "0::/machine.slice/libpod_pod_" ID2 ".slice/libpod-" ID ".scope\n",
	  "libpod-" ID ".scope", SHORT, "podman", "fedcba987654" },
	{ "4:memory:/libpod_parent/libpod-" ID "\n", "", SHORT, "podman", "" },
	/* kubernetes */
	{ "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" POD_SLICE ".slice/"
	  "cri-containerd-" ID ".scope\n", "cri-containerd-" ID ".scope", SHORT, "containerd", POD_ID },
	{ "0::/kubepods.slice/kubepods-pod" POD_SLICE ".slice/crio-" ID ".scope\n",
	  "crio-" ID ".scope", SHORT, "cri-o", POD_ID },
	{ "0::/kubepods.slice/kubepods-pod" POD_SLICE ".slice/crio-conmon-" ID ".scope\n",
	  "crio-conmon-" ID ".scope", "", NULL, POD_ID },
	{ "0::/kubepods/besteffort/pod" POD_ID "/" ID "\n", "", SHORT, NULL, POD_ID },
	{ "0::/kubepods/pod" POD_ID "/crio-" ID "\n", "", SHORT, "cri-o", POD_ID },
	{ "0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" POD_SLICE
	  ".slice/docker-" ID ".scope", "docker-" ID ".scope", SHORT, "docker", POD_ID },
	{ "0::/podman\n", "", "", NULL, "" },
	/* containerd */
	{ "0::/default/" ID "\n", "", SHORT, "containerd", "" },
	{ "0::/system.slice/nerdctl-" ID ".scope\n", "nerdctl-" ID ".scope", SHORT, "containerd", "" },
	{ "0::/system.slice:default:" ID "\n", "", SHORT, "containerd", "" },
	{ "0::/ecs/task/" ID "\n", "", SHORT, NULL, "" },
	/* lxc, nspawn, libvirt */
	{ "0::/lxc.payload.web/system.slice/nginx.service\n", "nginx.service", "web", "lxc", "" },
	{ "0::/lxc.monitor.web\n", "", "", NULL, "" },
	{ "3:pids:/lxc/web\n", "", "web", "lxc", "" },
	{ "0::/lxc.payload/web\n", "", "web", "lxc", "" },
	{ "0::/machine.slice/machine-my\\x2dbox.scope/payload\n", "machine-my\\x2dbox.scope", "my-box",
	  "nspawn", "" },
	{ "0::/machine.slice/systemd-nspawn@box.service/payload\n", "systemd-nspawn@box.service",
	  "box", "nspawn", "" },
	{ "0::/machine.slice/machine-qemu\\x2d1\\x2dvm.scope\n", "machine-qemu\\x2d1\\x2dvm.scope",
	  "qemu-1-vm", "libvirt", "" },
	{ "0::/machine.slice/machine-a\\x00\\xzz.scope\n", "machine-a\\x00\\xzz.scope", "a\\x00\\xzz",
	  "nspawn", "" },
	/* hybrid: systemd's hierarchy first, then what has more to say */
	{ "0::/\n1:name=systemd:/system.slice/a.service\n4:memory:/system.slice/b.service\n",
	  "a.service", "", NULL, "" },
	{ "0::/docker/" ID "\n1:name=systemd:/system.slice/a.service\n", "a.service", SHORT, "docker", "" },
	{ "9:cpuset:/x/c.service\n0::/\n3:cpu,memory:/y/b.service\n", "b.service", "", NULL, "" },
	/* no cgroup text */
	{ "", "", "", NULL, "" }, { "0:", "", "", NULL, "" }, { "\n\n::\n", "", "", NULL, "" },
};

static void test_cgroups(void **state)
{
	struct procfs_cgroup c;

	(void)state;
	for (size_t i = 0; i < sizeof(cgroups) / sizeof(cgroups[0]); i++) {
		procfs_cgroup(cgroups[i].text, strlen(cgroups[i].text), &c);
		if (strcmp(c.unit, cgroups[i].unit) || strcmp(c.container, cgroups[i].container) ||
		    strcmp(c.pod, cgroups[i].pod) || !c.runtime != !cgroups[i].runtime ||
		    (c.runtime && strcmp(c.runtime, cgroups[i].runtime)))
			fail_msg("%s -> %s | %s | %s | %s", cgroups[i].text, c.unit, c.container,
				 c.runtime ? c.runtime : "-", c.pod);
	}
}

#define USERS "0::/user.slice/user-1000.slice/user@1000.service/"

static const struct { const char *text, *unit, *manager; } user_units[] = {
	{ USERS "app.slice/foo.service\n", "foo.service", "1000" },
	{ USERS "app.slice/run-1.scope\n", "run-1.scope", "1000" },
	{ USERS "app.slice/foo.service/bar.service (deleted)\n", "bar.service", "1000" },
	{ "0::/user.slice/user-0.slice/user@0.service/foo.service\n", "foo.service", "0" },
	/* units of the system: the manager itself, a login, a service */
	{ USERS "init.scope\n", "user@1000.service", "" },
	{ "0::/user.slice/user-1000.slice/session-12.scope\n", "session-12.scope", "" },
	{ "0::/system.slice/foo.service\n", "foo.service", "" },
	/* below a manager everything is its user's, and so are the names */
	{ USERS "user-0.slice/user@0.service/foo.service\n", "foo.service", "1000" },
	{ "0::/system.slice/user@0.service/foo.service\n", "foo.service", "" },
	{ "0::/user-1.slice/user@2.service/foo.service\n", "foo.service", "" },
	{ "0::/user-x.slice/user@x.service/foo.service\n", "foo.service", "" },
	{ "0::/user-.slice/user@.service/foo.service\n", "foo.service", "" },
	{ "0::/user-00000001000.slice/user@00000001000.service/foo.service\n", "foo.service",
	  "" },
	/* both are said by one hierarchy */
	{ USERS "foo.service\n1:name=systemd:/system.slice/a.service\n", "a.service", "" },
	{ "0::/system.slice/a.service\n1:name=systemd:/user.slice/user-1000.slice/"
	  "user@1000.service/foo.service\n", "foo.service", "1000" },
};

static void test_units_of_users(void **state)
{
	struct procfs_cgroup c;

	(void)state;
	for (size_t i = 0; i < sizeof(user_units) / sizeof(user_units[0]); i++) {
		procfs_cgroup(user_units[i].text, strlen(user_units[i].text), &c);
		if (strcmp(c.unit, user_units[i].unit) || strcmp(c.manager, user_units[i].manager))
			fail_msg("%s -> %s | %s", user_units[i].text, c.unit, c.manager);
	}
}

static void test_cgroup_names_of_any_length(void **state)
{
	char text[2000];
	struct procfs_cgroup c;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "0::/lxc.payload.", 16);
	memcpy(text + sizeof(text) - 9, "/y.service", 9);
	procfs_cgroup(text, sizeof(text), &c);
	assert_int_equal(strlen(c.container), sizeof(c.container) - 1);
}

/* ---- the owner stream ---------------------------------------------------- */

struct stream { char v[1024]; size_t len; };

static void put(struct stream *b, const void *p, size_t len)
{
	memcpy(b->v + b->len, p, len);
	b->len += len;
}

static void put_task(struct stream *b, int32_t pid, const char *comm)
{
	struct own_task t = { .type = OWN_TASK, .pid = pid, .ppid = 1, .uid = 33, .start_ns = 5,
			      .flags = LSSOCK_P_ZOMBIE | LSSOCK_P_DETAILS };

	memcpy(t.comm, comm, strnlen(comm, sizeof(t.comm)));
	put(b, &t, sizeof(t));
}

static void put_fd(struct stream *b, uint32_t inode, uint32_t pid, int32_t fd, uint8_t how)
{
	struct own_fd f = { .inode = inode, .pid = pid, .fd = fd, .tid = 7, .how = how };

	put(b, &f, sizeof(f));
}

static void put_rec(struct stream *b, uint32_t type, uint32_t x, uint32_t y)
{
	struct own_rec r = { .type = type, .a = x, .b = y };

	put(b, &r, sizeof(r));
}

static void test_owner_stream(void **state)
{
	struct lssock_snap *s = snap_new();
	struct procfs_owners o = { .snap = s };
	struct stream b = { .len = 0 };
	const struct lssock_owner *own;
	size_t len;

	(void)state;
	put_rec(&b, OWN_NET, 4026, 0);
	put_task(&b, 12, "sixteen bytes co");
	put_fd(&b, 99, 12, 3, LSSOCK_HOW_FD);
	put_rec(&b, OWN_IN_FLIGHT, 3, 2);
	put_fd(&b, 99, 12, 0, 0);
	put_fd(&b, 98, 13, 4, LSSOCK_HOW_FD);	/* of nobody that was named */
	put_fd(&b, 98, 12, 4, 9);
	put_rec(&b, OWN_STAT, 10, 2);
	put_rec(&b, 77, 1, 1);
	assert_int_equal(procfs_owner_stream(&o, b.v, b.len), 0);
	assert_int_equal(o.bad, 3);
	assert_int_equal(o.fds, 10);
	assert_int_equal(o.procs, 2);
	own = &s->owners.v[snap_owner_of(s, 99)];
	assert_int_equal(own->fd, 3);
	assert_int_equal(own->tid, 7);
	assert_int_equal(s->procs.v[own->proc].pid, 12);
	assert_int_equal(s->procs.v[own->proc].uid, 33);
	assert_int_equal(s->procs.v[own->proc].flags, LSSOCK_P_ZOMBIE);
	assert_int_equal(s->procs.v[own->proc].nofile, LSSOCK_NONE);
	assert_memory_equal(lssock_string(s, s->procs.v[own->proc].comm, &len), "sixteen bytes co", 16);
	assert_int_equal(len, 16);
	assert_int_equal(snap_owner_of(s, 98), 0);
	assert_int_equal(s->in_flight.v[0].inode, 99);
	assert_int_equal(s->in_flight.v[0].count, 2);
	lssock_snap_free(s);
}

static void test_owner_stream_gaps(void **state)
{
	struct lssock_snap *s = snap_new();
	struct procfs_owners o = { .snap = s };
	struct stream b = { .len = 0 };

	(void)state;
	put_rec(&b, OWN_GAP, EACCES, 5);
	put_rec(&b, OWN_GAP, EACCES, 6);
	put_rec(&b, OWN_GAP, ESRCH, 7);
	put_rec(&b, OWN_GAP, EAGAIN, 8);
	put_rec(&b, OWN_GAP, EMFILE, 9);
	put_rec(&b, OWN_GAP, ENOENT, 0);
	procfs_owner_stream(&o, b.v, b.len);
	assert_int_equal(o.unreadable, 4);
	assert_int_equal(o.vanished, 1);
	assert_int_equal(s->notes.n, 5);
	procfs_owner_stream(&o, b.v, 16);	/* the same process once more */
	assert_int_equal(s->notes.v[0].kind, LSSOCK_NOTE_UNREADABLE_PROC);
	assert_int_equal(s->notes.v[0].count, 2);
	assert_int_equal(s->notes.v[2].kind, LSSOCK_NOTE_RING_BUSY);
	assert_int_equal(s->notes.v[4].kind, LSSOCK_NOTE_NO_PROC);
	lssock_snap_free(s);
}

/* Every length of a good stream, each in a block of its own for the sanitiser. */
static void test_owner_stream_cut(void **state)
{
	struct stream b = { .len = 0 };

	(void)state;
	put_task(&b, 12, "x");
	put_fd(&b, 99, 12, 3, LSSOCK_HOW_FD);
	put_rec(&b, OWN_IN_FLIGHT, 3, 2);
	put_fd(&b, 99, 12, 0, 0);
	for (size_t len = 0; len <= b.len; len++) {
		struct lssock_snap *s = snap_new();
		struct procfs_owners o = { .snap = s };
		char *copy = mem_alloc(len + 1);

		memcpy(copy, b.v, len);
		procfs_owner_stream(&o, copy, len);
		assert_int_equal(o.bad, len % 16 || len == 16 || len == 32 || len == 80);
		mem_free(copy);
		lssock_snap_free(s);
	}
}

/* ---- details ------------------------------------------------------------- */

static void put_section(struct stream *b, uint16_t tag, int16_t err, const void *p, uint32_t len)
{
	put(b, &tag, 2);
	put(b, &err, 2);
	put(b, &len, 4);
	put(b, p, len);
	put(b, "\0\0\0", -len & 3);
}

static void assert_text(const struct lssock_snap *s, uint32_t id, const char *want, size_t len)
{
	size_t got;
	const char *p = lssock_string(s, id, &got);

	assert_non_null(p);
	assert_int_equal(got, len);
	assert_memory_equal(p, want, len);
}

static void test_details(void **state)
{
	static const char limits[] = "Limit                     Soft Limit           Hard Limit\n"
		"Max open files            1024                 1048576              files     \n";
	struct lssock_snap *s = snap_new();
	struct lssock_proc p = { .pid = 3, .nofile = LSSOCK_NONE, .nfds = LSSOCK_NONE };
	uint32_t row = snap_proc(s, &p);
	struct stream b = { .len = 0 };

	(void)state;
	put_section(&b, PROC_CMDLINE, 0, LEN("a\0b c\0\0"));
	put_section(&b, PROC_EXE, 0, LEN("/bin/a (deleted)"));
	put_section(&b, PROC_CGROUP, 0, LEN("0::/x/a.service\n"));
	put_section(&b, PROC_LIMITS, 0, LEN(limits));
	put_section(&b, PROC_NFDS, 0, LEN("17"));
	assert_int_equal(procfs_details(s, row, b.v, b.len), 0);
	p = s->procs.v[row];
	assert_text(s, p.cmdline, LEN("a\0b c\0\0"));
	assert_text(s, p.cmd, LEN("a b c"));
	assert_text(s, p.exe, LEN("/bin/a"));
	assert_text(s, p.unit, LEN("a.service"));
	assert_int_equal(p.container, 0);
	assert_int_equal(p.nofile, 1024);
	assert_int_equal(p.nfds, 17);
	assert_int_equal(p.flags, LSSOCK_P_DETAILS | LSSOCK_P_EXE_DELETED);
	assert_int_equal(s->notes.n, 0);
	lssock_snap_free(s);
}

static uint16_t exe_flags(const char *link, struct wire_exe w, const char *name)
{
	struct lssock_snap *s = snap_new();
	struct lssock_proc p = { .pid = 3 };
	uint32_t row = snap_proc(s, &p);
	struct stream b = { .len = 0 };
	uint16_t flags;

	put_section(&b, PROC_EXE, 0, link, strlen(link));
	assert_int_equal(procfs_details(s, row, b.v, b.len), 0);
	procfs_exe(s, row, &w, sizeof(w) - 1);
	assert_false(s->procs.v[row].flags & LSSOCK_P_EXE_FILE);
	procfs_exe(s, 9, &w, sizeof(w));
	procfs_exe(s, row, &w, sizeof(w));
	assert_text(s, s->procs.v[row].exe, name, strlen(name));
	flags = s->procs.v[row].flags;
	lssock_snap_free(s);
	assert_true(flags & LSSOCK_P_EXE_FILE);
	return flags & (LSSOCK_P_EXE_DELETED | LSSOCK_P_EXE_REPLACED | LSSOCK_P_EXE_WRITABLE);
}

/* " (deleted)" can be said by the kernel, and be the end of a name. */
static void test_exe(void **state)
{
	struct wire_exe w = { .mode = 0100755, .nlink = 1, .same = 1, .bare_err = -1,
			      .dir_mode = 040755 };

	(void)state;
	assert_int_equal(exe_flags("/bin/a", w, "/bin/a"), 0);
	w.dir_mode = 041777;
	assert_int_equal(exe_flags("/tmp/a", w, "/tmp/a"), LSSOCK_P_EXE_WRITABLE);
	w.dir_err = EACCES;
	assert_int_equal(exe_flags("/tmp/a", w, "/tmp/a"), 0);
	w.mode = 0100702;
	assert_int_equal(exe_flags("/bin/a", w, "/bin/a"), LSSOCK_P_EXE_WRITABLE);
	w.nlink = 0;			/* nor has it a name: memfd, or deleted */
	w.same = 0;
	w.err = w.bare_err = ENOENT;
	assert_int_equal(exe_flags("/bin/a (deleted)", w, "/bin/a"), LSSOCK_P_EXE_DELETED);
	w.bare_err = 0;
	assert_int_equal(exe_flags("/bin/a (deleted)", w, "/bin/a"),
			 LSSOCK_P_EXE_DELETED | LSSOCK_P_EXE_REPLACED);
	w.err = 0;			/* a decoy */
	assert_int_equal(exe_flags("/bin/a (deleted)", w, "/bin/a"),
			 LSSOCK_P_EXE_DELETED | LSSOCK_P_EXE_REPLACED);
	w.nlink = 1;
	w.mode = 0100755;
	w.bare_same = 1;		/* linked again */
	assert_int_equal(exe_flags("/bin/a (deleted)", w, "/bin/a"), 0);
	w.bare_same = 0;
	w.same = 1;
	assert_int_equal(exe_flags("/bin/a (deleted)", w, "/bin/a (deleted)"), 0);
}

static void test_details_refused(void **state)
{
	struct lssock_snap *s = snap_new();
	struct lssock_proc p = { .pid = 3, .nofile = LSSOCK_NONE };
	uint32_t row = snap_proc(s, &p);
	struct stream b = { .len = 0 };

	(void)state;
	put_section(&b, PROC_CMDLINE, EACCES, "", 0);
	put_section(&b, PROC_EXE, -EACCES, "", 0);
	put_section(&b, PROC_CGROUP, ENOENT, "", 0);
	put_section(&b, PROC_LIMITS, 0, LEN("Max open files            unlimited    unlimited\n"));
	assert_int_equal(procfs_details(s, row, b.v, b.len), 0);
	assert_int_equal(s->procs.v[row].flags, LSSOCK_P_DETAILS | LSSOCK_P_NO_CMD |
			 LSSOCK_P_NO_EXE | LSSOCK_P_NO_CGROUP);
	assert_int_equal(s->procs.v[row].nofile, LSSOCK_NONE);
	assert_int_equal(s->notes.n, 1);
	assert_int_equal(s->notes.v[0].kind, LSSOCK_NOTE_DETAILS);
	assert_int_equal(procfs_details(s, row, b.v, 7), -EBADMSG);
	b.v[4] = 100;
	assert_int_equal(procfs_details(s, row, b.v, 16), -EBADMSG);
	assert_int_equal(procfs_details(s, 9, b.v, 16), -EINVAL);
	lssock_snap_free(s);
}

static void test_section_stat(void **state)
{
	struct stream b = { .len = 0 };
	struct procfs_stat st;

	(void)state;
	put_section(&b, PROC_CMDLINE, 0, "x", 1);
	assert_int_equal(procfs_section_stat(b.v, b.len, &st), -ENOENT);
	put_section(&b, PROC_STAT, 0, LEN("7 (x) S 1 2 3 0 -1 64 0 0 0 0 0 0 0 0 20 0 1 0 55 0\n"));
	assert_int_equal(procfs_section_stat(b.v, b.len, &st), 0);
	assert_int_equal(st.start_ticks, 55);
	put_section(&b, PROC_COMM, ENOENT, "", 0);
	assert_int_equal(procfs_section_stat(b.v, b.len, &st), 0);
	assert_memory_equal(st.comm, "x", st.comm_len);
	put_section(&b, PROC_COMM, 0, LEN("a\\b\n"));
	assert_int_equal(procfs_section_stat(b.v, b.len, &st), 0);
	assert_int_equal(st.comm_len, 3);
}

/* ---- facts, namespaces, files -------------------------------------------- */

static void test_facts(void **state)
{
	struct lssock_snap *s = snap_new();
	struct procfs_facts f = { .hidepid = 0, .proc = -1 };

	(void)state;
	procfs_facts(s, LEN("now 5\nboot 3\nhost a b\nkernel 6.1\npid 9\nuid 1000\nnetns 4026\n"
			    "pidns_root -\nhidepid 2\nfd_sizes 1\nodd\n\nnow x\nproc 99999999999\n"), &f);
	assert_int_equal(s->meta.now_ns, 5);
	assert_int_equal(s->meta.boot_ns, 3);
	assert_text(s, s->meta.host, LEN("a b"));
	assert_text(s, s->meta.kernel, LEN("6.1"));
	assert_int_equal(s->meta.self_pid, 9);
	assert_int_equal(s->meta.self_uid, 1000);
	assert_int_equal(f.netns, 4026);
	assert_int_equal(f.pidns_root, -1);
	assert_int_equal(f.hidepid, 2);
	assert_int_equal(f.proc, -1);
	assert_int_equal(f.fd_sizes, 1);
	lssock_snap_free(s);
}

static void put_ns(struct stream *b, uint64_t ino, uint16_t flags, int32_t err, const char *name)
{
	struct wire_ns w = { .flags = flags, .ino = ino, .err = err, .pid = 4, .nprocs = 2,
			     .name_len = (uint16_t)strlen(name), .path_len = 2 };

	w.len = (uint32_t)(sizeof(w) + w.name_len + 2 + 7) & ~7u;
	put(b, &w, sizeof(w));
	put(b, name, w.name_len);
	put(b, "/p\0\0\0\0\0\0", w.len - sizeof(w) - w.name_len);
}

static void test_namespaces(void **state)
{
	struct lssock_snap *s = snap_new();
	struct procfs_owners o = { .snap = s };
	struct stream b = { .len = 0 }, task = { .len = 0 };

	(void)state;
	put_rec(&task, OWN_NET, 11, 0);
	put_task(&task, 5, "x");
	procfs_owner_stream(&o, task.v, task.len);
	put_ns(&b, 10, LSSOCK_NS_OWN, 0, "");
	put_ns(&b, 11, 0, -EPERM, "blue");
	procfs_netns(s, b.v, b.len);
	procfs_netns(s, b.v, b.len);
	assert_int_equal(s->ns.n, 2);
	assert_int_equal(s->ns.v[0].ino, 10);
	assert_text(s, s->ns.v[1].name, LEN("blue"));
	assert_text(s, s->ns.v[1].path, LEN("/p"));
	assert_int_equal(s->ns.v[1].flags, LSSOCK_NS_REFUSED);
	assert_int_equal(s->ns.v[1].err, EPERM);
	assert_int_equal(s->ns.v[1].time_wait, LSSOCK_NONE);
	assert_int_equal(s->procs.v[1].ns, 1);
	((struct wire_ns *)(void *)b.v)->name_len = 0xffff;
	procfs_netns(s, b.v, b.len);
	((struct wire_ns *)(void *)b.v)->len = 0;
	procfs_netns(s, b.v, b.len);
	assert_int_equal(s->ns.n, 2);
	lssock_snap_free(s);
}

static enum lssock_file_state look(struct lssock_snap *s, struct wire_file w)
{
	procfs_file(s, 0, &w, sizeof(w));
	return s->files.v[s->socks.v[0].local.w[2]].state;
}

static void test_files(void **state)
{
	struct lssock_snap *s = snap_new();
	struct lssock_sock k = { .cookie = 1, .proto = LSSOCK_UNIX, .family = AF_UNIX };
	struct wire_file w = { .mode = S_IFSOCK | 0600, .uid = 5, .ino = 7, .major = 254, .minor = 1,
			       .our_ino = 7, .our_major = 254, .our_minor = 1 };

	(void)state;
	k.local.w[0] = 7;
	k.local.w[1] = 254u << 20 | 1;
	snap_add(s, &k, NULL, 0, NULL);
	procfs_file(s, 0, &w, sizeof(w) - 1);
	assert_int_equal(s->files.n, 1);
	assert_int_equal(look(s, w), LSSOCK_FILE_LIVE);
	assert_int_equal(s->files.v[1].uid, 5);
	w.our_err = ENOENT;
	assert_int_equal(look(s, w), LSSOCK_FILE_OTHER_MOUNT);
	w.minor = 2;
	assert_int_equal(look(s, w), LSSOCK_FILE_UNKNOWN);
	w.ino = 8;
	assert_int_equal(look(s, w), LSSOCK_FILE_REPLACED);
	assert_int_equal(s->files.v[1].uid, 0);
	w.err = ENOENT;
	assert_int_equal(look(s, w), LSSOCK_FILE_DELETED);
	w.err = -EACCES;
	assert_int_equal(look(s, w), LSSOCK_FILE_UNKNOWN);
	/* no owner is known: our look counts only where it finds the same file */
	w.err = ESRCH;
	w.our_err = 0;
	assert_int_equal(look(s, w), LSSOCK_FILE_LIVE);
	assert_int_equal(s->files.v[1].uid, 5);
	w.our_minor = 2;
	assert_int_equal(look(s, w), LSSOCK_FILE_UNKNOWN);
	w.our_minor = 1;
	w.our_ino = 8;
	assert_int_equal(look(s, w), LSSOCK_FILE_UNKNOWN);
	w.our_ino = 7;
	w.mode = S_IFREG;
	assert_int_equal(look(s, w), LSSOCK_FILE_UNKNOWN);
	assert_int_equal(s->files.n, 2);
	lssock_snap_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_comm),
		cmocka_unit_test(test_stat_cut),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_status_uid),
		cmocka_unit_test(test_ring_files),
		cmocka_unit_test(test_ring_files_forged),
		cmocka_unit_test(test_fdinfo_and_maps),
		cmocka_unit_test(test_mount_netns),
		cmocka_unit_test(test_cgroups),
		cmocka_unit_test(test_units_of_users),
		cmocka_unit_test(test_cgroup_names_of_any_length),
		cmocka_unit_test(test_owner_stream),
		cmocka_unit_test(test_owner_stream_gaps),
		cmocka_unit_test(test_owner_stream_cut),
		cmocka_unit_test(test_details),
		cmocka_unit_test(test_exe),
		cmocka_unit_test(test_details_refused),
		cmocka_unit_test(test_section_stat),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
