/* SPDX-License-Identifier: MIT */
/* Acting: who is a target, what ends with it, what is protected, and that nothing
 * but the target is hit: by a source that notes what it is told to destroy. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/act.h"
#include "model/link.h"
#include "wire/diag.h"

#define SELF 5000000		/* above PID_MAX_LIMIT: no process has such a number */

struct request {
	struct nlmsghdr head;
	struct inet_diag_req_v2 body;
};

struct world {
	struct source source;
	struct request sent[600];
	uint32_t n_sent;
	uint64_t where;		/* inode of the namespace of the last */
	uint16_t found_at;	/* answers ENOENT until this remote port is tried */
	int answer;
	bool dead;		/* ASK_ALIVE: another process has the pid by now */
	struct { int32_t pid, ppid; const char *exe, *cgroup; } procs[16];
};

static struct world world;
static struct lssock ctx;
static struct lssock_snap *snap;
static struct lssock_act *act;
static uint64_t cookie;

static void put_section(struct buf *b, uint16_t tag, const char *text)
{
	struct { uint16_t tag; int16_t err; uint32_t len; } head = { tag, 0, strlen(text) };

	buf_put(b, &head, sizeof(head));
	buf_puts(b, text);
	buf_fill(b, 0, -strlen(text) & 3);
}

static int tell_proc(const struct ask *a, chunk_fn fn, void *to)
{
	const struct ask_proc *arg = a->arg;
	struct buf b = { 0 };
	char stat[300];
	int r = -ESRCH, i;

	for (i = 0; i < 16 && r < 0; i++) {
		if (world.procs[i].pid != arg->pid)
			continue;
		snprintf(stat, sizeof(stat), "%d (p%d) S %d 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 "
			 "20 0 1 0 77 0 0\n", arg->pid, arg->pid, world.procs[i].ppid);
		if (arg->sections & 1u << PROC_STAT)
			put_section(&b, PROC_STAT, stat);
		if (arg->sections & 1u << PROC_EXE && world.procs[i].exe)
			put_section(&b, PROC_EXE, world.procs[i].exe);
		if (arg->sections & 1u << PROC_CGROUP && world.procs[i].cgroup)
			put_section(&b, PROC_CGROUP, world.procs[i].cgroup);
		r = fn(to, b.data, b.len);
		buf_release(&b);
	}
	return r;
}

static int world_ask(struct source *s, const struct ask *a, chunk_fn fn, void *to)
{
	static const char alive[64];
	char yes[64];

	(void)s;
	memset(yes, !world.dead, sizeof(yes));
	switch (a->kind) {
	case ASK_ALIVE:
		return fn(to, world.dead ? alive : yes, a->arg_len / sizeof(struct ask_alive));
	case ASK_PROC:
		return tell_proc(a, fn, to);
	case ASK_TEXT:
		return fn(to, "www:x:33:33::/:\n", 16);
	}
	return -ENODATA;
}

static int world_act(struct source *s, const struct lssock_ns *where, const void *request,
		     size_t len)
{
	struct request *r = &world.sent[world.n_sent++];

	(void)s;
	assert_true(world.n_sent <= 600);
	assert_int_equal(len, sizeof(*r));
	memcpy(r, request, len);
	world.where = where->ino;
	return world.found_at && ntohs(r->body.id.idiag_dport) != world.found_at ? -ENOENT :
	       world.answer;
}

static int setup(void **state)
{
	struct lssock_ns own = { .ino = 4026531840u, .flags = LSSOCK_NS_OWN };
	struct lssock_ns other = { .ino = 4026532000u, .cookie = 77 };

	(void)state;
	world = (struct world){ .source = { .ask = world_ask, .act = world_act, .live = true,
					    .own_pids = true } };
	ctx = (struct lssock){ .source = &world.source, .pool = pool_new(0) };
	snap = snap_new();
	snap_ns(snap, &own);
	snap_ns(snap, &other);
	snap->meta.self_pid = SELF;
	snap->meta.owners_asked = true;
	cookie = 0x100000000ull;
	act = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	mem_fail_at(0);
	lssock_act_free(act);
	lssock_snap_free(snap);
	pool_free(ctx.pool);
	return 0;
}

/* ---- making a snapshot ---------------------------------------------------------- */

static void set_end(union lssock_end *end, uint8_t family, const char *text)
{
	memset(end, 0, sizeof(*end));
	assert_int_equal(inet_pton(family, text, end->ip), 1);
}

/* Inode: the row's number + 100. */
static struct lssock_sock sock(uint8_t proto, uint8_t state, const char *local, uint16_t lport,
			       const char *remote, uint16_t rport)
{
	struct lssock_sock k = {
		.cookie = ++cookie, .inode = 100 + snap->socks.n, .proto = proto, .state = state,
		.lport = lport, .rport = rport, .flags = LSSOCK_F_STATE,
	};

	k.family = strchr(local, ':') ? AF_INET6 : AF_INET;
	set_end(&k.local, k.family, local);
	set_end(&k.remote, k.family, remote);
	return k;
}

static uint32_t add(const struct lssock_sock *k)
{
	return snap_add(snap, k, NULL, 0, NULL);
}

static uint32_t listener(uint16_t port)
{
	struct lssock_sock k = sock(LSSOCK_TCP, LSSOCK_LISTEN, "0.0.0.0", port, "0.0.0.0", 0);

	return add(&k);
}

static uint32_t conn(uint16_t port, uint16_t rport)
{
	struct lssock_sock k = sock(LSSOCK_TCP, LSSOCK_ESTABLISHED, "10.0.0.5", port, "10.0.0.9",
				    rport);

	return add(&k);
}

static uint32_t proc(int32_t pid, int32_t ppid, const char *comm)
{
	struct lssock_proc p = { .pid = pid, .ppid = ppid, .start_ns = 1000 + (uint32_t)pid,
				 .uid = 33, .ns = 0xffff };
	uint32_t i;

	for (i = 0; world.procs[i].pid && world.procs[i].pid != pid; i++)
		assert_true(i < 15);
	world.procs[i].pid = pid;
	world.procs[i].ppid = ppid;
	p.comm = snap_string(snap, comm, strlen(comm));
	return snap_proc(snap, &p);
}

static void hold(uint32_t row, uint32_t p, int32_t fd)
{
	struct lssock_owner o = { .proc = p, .fd = fd, .how = LSSOCK_HOW_FD };

	assert_int_equal(snap_owner(snap, snap->socks.v[row].inode, &o), 0);
}

static void seal(void)
{
	assert_int_equal(link_owners(snap), 0);
	assert_int_equal(link_via(snap), 0);
	assert_int_equal(snap_seal(snap), 0);
}

static int begin_with(enum lssock_act_kind kind, const char *ssh, bool force)
{
	struct lssock_act_options opt = { .size = sizeof(opt), .kind = kind, .force = force,
					  .ssh_connection = ssh };
	struct lssock_err err = { .pos = -1 };

	return lssock_act_new(&ctx, snap, &opt, &act, &err);
}

static void begin(enum lssock_act_kind kind)
{
	assert_int_equal(begin_with(kind, NULL, false), 0);
}

static const struct lssock_target *target(uint32_t i)
{
	const struct lssock_target *t;

	assert_true(i < lssock_act_targets(act, &t));
	return &t[i];
}

static const char *text(uint32_t i, enum lssock_act_text what)
{
	static char out[1024];
	size_t n = lssock_act_text(act, i, what, out, sizeof(out));

	assert_int_equal(n, strlen(out));
	return out;
}

/* ---- requests ------------------------------------------------------------------------ */

static void check_request(const struct lssock_sock *k, uint8_t number, uint32_t ifindex)
{
	struct buf b = { 0 };
	struct request q;

	assert_int_equal(diag_destroy(&b, k, ifindex, 0), 0);
	assert_int_equal(b.len, sizeof(q));
	memcpy(&q, b.data, sizeof(q));
	assert_int_equal(q.head.nlmsg_len, sizeof(q));
	assert_int_equal(q.head.nlmsg_type, SOCK_DESTROY);
	assert_int_equal(q.head.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	assert_int_equal(q.body.sdiag_family, k->family);
	assert_int_equal(q.body.sdiag_protocol, number);
	assert_int_equal(q.body.id.idiag_sport, htons(k->lport));
	assert_int_equal(q.body.id.idiag_dport, htons(k->rport));
	assert_memory_equal(q.body.id.idiag_src, k->local.ip, 16);
	assert_memory_equal(q.body.id.idiag_dst, k->remote.ip, 16);
	assert_int_equal(q.body.id.idiag_if, ifindex);
	assert_int_equal(q.body.id.idiag_cookie[0], (uint32_t)k->cookie);
	assert_int_equal(q.body.id.idiag_cookie[1], k->cookie >> 32);
	buf_release(&b);
}

static void test_request(void **state)
{
	struct lssock_sock k = sock(LSSOCK_TCP, LSSOCK_ESTABLISHED, "10.0.0.5", 443, "10.0.0.9",
				    51000);
	struct buf b = { 0 };
	struct request q;

	(void)state;
	check_request(&k, IPPROTO_TCP, 0);
	k = sock(LSSOCK_TCP, LSSOCK_TIME_WAIT, "::ffff:10.0.0.5", 443, "::ffff:10.0.0.9", 51000);
	check_request(&k, IPPROTO_TCP, 0);
	k = sock(LSSOCK_UDP, LSSOCK_UNCONNECTED, "fe80::1", 53, "::", 0);
	check_request(&k, IPPROTO_UDP, 3);
	k.proto = LSSOCK_UDPLITE;
	check_request(&k, IPPROTO_UDPLITE, 0);
	k = sock(LSSOCK_RAW, LSSOCK_UNCONNECTED, "0.0.0.0", 89, "0.0.0.0", 0);
	check_request(&k, IPPROTO_RAW, 0);
	assert_int_equal(diag_destroy(&b, &k, 0, 700), 0);
	memcpy(&q, b.data, sizeof(q));
	assert_int_equal(q.body.pad, 89);
	assert_int_equal(q.body.id.idiag_dport, htons(700));
	buf_release(&b);
}

/* Without the exact cookie the kernel may take the listener. */
static void test_no_request(void **state)
{
	static const uint8_t never[] = { LSSOCK_MPTCP, LSSOCK_UNIX, LSSOCK_SCTP, LSSOCK_DCCP,
					 LSSOCK_ICMP, LSSOCK_NETLINK, LSSOCK_PACKET };
	struct lssock_sock k = sock(LSSOCK_TCP, LSSOCK_ESTABLISHED, "10.0.0.5", 443, "10.0.0.9",
				    51000);
	struct buf b = { 0 };
	size_t i;

	(void)state;
	k.cookie = 0;
	assert_int_equal(diag_destroy(&b, &k, 0, 0), -ENODATA);
	k.cookie = UINT64_MAX;
	assert_int_equal(diag_destroy(&b, &k, 0, 0), -ENODATA);
	k.cookie = 1;
	for (i = 0; i < sizeof(never); i++) {
		k.proto = never[i];
		assert_int_equal(diag_destroy(&b, &k, 0, 0), -EOPNOTSUPP);
	}
	assert_int_equal(b.len, 0);
	buf_release(&b);
}

/* ---- targets -------------------------------------------------------------------------- */

static void test_targets(void **state)
{
	uint32_t a = listener(80), b = listener(81), c = conn(80, 9), none = conn(80, 10);
	uint32_t x = proc(SELF + 1, 1, "x"), y = proc(SELF + 2, 1, "y");

	(void)state;
	hold(a, x, 3);
	hold(a, x, 4);
	hold(a, y, 3);
	hold(b, y, 5);
	hold(c, x, 6);
	seal();
	begin(LSSOCK_ACT_KILL);
	assert_int_equal(lssock_act_add(act, none, 0), -ESRCH);
	assert_int_equal(lssock_act_add(act, snap->socks.n, 0), -EINVAL);
	assert_int_equal(lssock_act_add(act, a, snap->socks.v[c].owner), -ESRCH);
	assert_int_equal(lssock_act_targets(act, NULL), 0);
	assert_int_equal(lssock_act_add(act, c, snap->socks.v[c].owner), 0);
	assert_int_equal(lssock_act_targets(act, NULL), 1);
	assert_int_equal(lssock_act_add(act, a, 0), 0);
	assert_int_equal(lssock_act_targets(act, NULL), 2);
	assert_int_equal(target(0)->proc, x);
	assert_int_equal(target(0)->chosen, 2);		/* sockets, not descriptors */
	assert_int_equal(target(1)->proc, y);
	assert_int_equal(target(1)->chosen, 1);
	assert_int_equal(lssock_act_do(act, 0, SIGTERM), -EINVAL);	/* not prepared */
	assert_int_equal(lssock_act_prepare(act), 0);
	assert_int_equal(lssock_act_add(act, b, 0), -EINVAL);
	assert_int_equal(lssock_act_prepare(act), -EINVAL);
	assert_int_equal(lssock_act_do(act, 2, SIGTERM), -EINVAL);
	/* No such process lives. */
	assert_false(target(0)->ready);
	assert_int_equal(target(0)->err, -ESRCH);
	assert_int_equal(lssock_act_fd(act, 0), -1);
	assert_int_equal(lssock_act_do(act, 0, SIGTERM), -ESRCH);
	assert_true(target(0)->tried);
	assert_string_equal(text(0, LSSOCK_ACT_OUTCOME), "it is gone already");
	assert_string_equal(text(1, LSSOCK_ACT_OUTCOME), "");
}

static void test_counts(void **state)
{
	uint32_t own = listener(80), shared = listener(81), both = listener(82), c = conn(80, 9);
	uint32_t close_wait = conn(80, 11), queued;
	uint32_t x = proc(SELF + 1, 1, "x"), y = proc(SELF + 2, 1, "y"), z = proc(SELF + 3, 1, "z");
	struct lssock_sock k = sock(LSSOCK_TCP, LSSOCK_ESTABLISHED, "10.0.0.5", 80, "10.0.0.9", 12);

	(void)state;
	snap->socks.v[close_wait].state = LSSOCK_CLOSE_WAIT;
	k.inode = 0;
	queued = add(&k);
	snap->socks.v[queued].why = LSSOCK_WHY_ACCEPT_QUEUE;
	/* an MPTCP connection has the inode of its first subflow */
	k = sock(LSSOCK_MPTCP, LSSOCK_ESTABLISHED, "10.0.0.5", 80, "10.0.0.9", 9);
	k.inode = snap->socks.v[c].inode;
	add(&k);
	hold(own, x, 3);
	hold(shared, x, 4);
	hold(shared, x, 5);
	hold(shared, z, 4);
	hold(both, x, 6);
	hold(both, y, 6);
	hold(c, x, 7);
	hold(close_wait, x, 8);
	seal();
	begin(LSSOCK_ACT_KILL);
	assert_int_equal(lssock_act_add(act, own, 0), 0);
	assert_int_equal(lssock_act_add(act, both, 0), 0);
	lssock_act_prepare(act);
	assert_int_equal(lssock_act_targets(act, NULL), 2);
	assert_int_equal(target(0)->sockets, 4);
	assert_int_equal(target(0)->listening, 1);
	assert_int_equal(target(0)->estab, 2);
	assert_int_equal(target(0)->shared, 2);
	assert_string_equal(text(0, LSSOCK_ACT_ENDS), "ends 4 sockets: 1 listening, 2 established, "
			    "1 other; 1 more with the other processes; 1 more is held by others too");
	assert_int_equal(target(1)->sockets, 0);
	assert_int_equal(target(1)->shared, 1);
	assert_string_equal(text(1, LSSOCK_ACT_ENDS),
			    "ends no socket of its own; 1 more with the other processes");
}

/* ---- what is protected ------------------------------------------------------------------ */

static void test_protected(void **state)
{
	uint32_t row = listener(80), i;
	uint32_t kernel = proc(SELF + 1, 2, "kworker");
	/* owners come by their start, here by pid */
	static const uint8_t want[] = { LSSOCK_PROTECT_INIT, LSSOCK_PROTECT_SESSION,
					LSSOCK_PROTECT_SESSION, LSSOCK_PROTECT_SELF,
					LSSOCK_PROTECT_KERNEL, LSSOCK_PROTECT_NONE };

	(void)state;
	snap->procs.v[kernel].flags = LSSOCK_P_KTHREAD;
	hold(row, proc(1, 0, "systemd"), 3);
	hold(row, proc(SELF, SELF - 1, "lssock"), 3);
	hold(row, kernel, 3);
	hold(row, proc(SELF - 1, SELF - 2, "sh"), 3);
	hold(row, proc(SELF - 2, 1, "sshd"), 3);
	hold(row, proc(SELF + 5, SELF - 2, "other"), 3);
	seal();
	assert_int_equal(begin_with(LSSOCK_ACT_KILL, NULL, true), 0);
	assert_int_equal(lssock_act_add(act, row, 0), 0);
	lssock_act_prepare(act);
	assert_int_equal(lssock_act_targets(act, NULL), 6);
	for (i = 0; i < 6; i++)
		assert_int_equal(target(i)->protect, want[i]);
	assert_string_equal(text(5, LSSOCK_ACT_REFUSED), "it is gone already");
}

/* Its owner, that one's parents, and nobody else. */
static void ssh_as(const char *ssh, bool protects)
{
	struct lssock_sock k = sock(LSSOCK_TCP, LSSOCK_ESTABLISHED, "::ffff:10.0.0.5", 22,
				    "::ffff:10.0.0.99", 51022);
	uint32_t session = add(&k), other = conn(22, 51023), row = listener(22);
	uint32_t x = proc(SELF + 1, SELF + 2, "sshd"), y = proc(SELF + 3, SELF + 2, "sshd");
	uint32_t parent = proc(SELF + 2, 1, "sshd");

	hold(session, x, 4);
	hold(other, y, 4);
	hold(row, parent, 3);
	seal();
	assert_int_equal(begin_with(LSSOCK_ACT_KILL, ssh, false), 0);
	lssock_act_add(act, session, 0);
	lssock_act_add(act, other, 0);
	lssock_act_add(act, row, 0);
	lssock_act_prepare(act);
	assert_int_equal(target(0)->protect, protects ? LSSOCK_PROTECT_SESSION : 0);
	assert_int_equal(target(1)->protect, LSSOCK_PROTECT_NONE);
	assert_int_equal(target(2)->protect, protects ? LSSOCK_PROTECT_SESSION : 0);
	lssock_act_free(act);
	act = NULL;
	assert_int_equal(begin_with(LSSOCK_ACT_CLOSE, ssh, false), 0);
	lssock_act_add(act, session, 0);
	lssock_act_add(act, other, 0);
	lssock_act_add(act, row, 0);
	lssock_act_prepare(act);
	assert_int_equal(target(0)->protect, protects ? LSSOCK_PROTECT_SESSION : 0);
	assert_int_equal(target(1)->protect, LSSOCK_PROTECT_NONE);
	assert_int_equal(target(2)->protect, protects ? LSSOCK_PROTECT_SESSION : 0);
	if (protects) {
		assert_string_equal(text(0, LSSOCK_ACT_REFUSED),
				    "your own ssh session goes through it");
		assert_int_equal(lssock_act_do(act, 0, 0), -EPERM);
		assert_string_equal(text(0, LSSOCK_ACT_OUTCOME),
				    "left alone: your own ssh session goes through it");
		assert_int_equal(world.n_sent, 0);
	}
}

static void test_ssh(void **state)
{
	static const struct { const char *text; bool protects; } cases[] = {
		{ "10.0.0.99 51022 10.0.0.5 22", true },
		{ "::ffff:10.0.0.99 51022 ::ffff:10.0.0.5 22", true },
		{ "10.0.0.99 51024 10.0.0.5 22", false },
		{ "10.0.0.5 22 10.0.0.99 51022", false },
		{ "10.0.0.99 51022 10.0.0.5", false },
		{ "", false }, { " ", false }, { "a b c d", false },
		{ "10.0.0.99 51022 10.0.0.5 99999999999999999999", false },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ssh_as(cases[i].text, cases[i].protects);
		teardown(state);
		setup(state);
	}
}

/* ---- signals ------------------------------------------------------------------------------- */

static pid_t child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		signal(SIGTERM, SIG_DFL);
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	return pid;
}

static bool ended(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) == pid;
}

static void test_kill(void **state)
{
	pid_t pid = child();
	uint32_t row = listener(80);
	struct pollfd p = { .events = POLLIN };

	hold(row, proc(pid, SELF + 7, "web\n\x1b[2J"), 3);
	seal();
	begin(LSSOCK_ACT_KILL);
	lssock_act_add(act, row, 0);
	assert_int_equal(lssock_act_prepare(act), 0);
	assert_true(target(0)->ready);
	assert_memory_equal(text(0, LSSOCK_ACT_TITLE), "web\\x0a\\x1b[2J[", 15);
	assert_non_null(strstr(text(0, LSSOCK_ACT_TITLE), "] www, started "));
	assert_int_equal(lssock_act_do(act, 0, 0), -EINVAL);
	assert_int_equal(lssock_act_do(act, 0, 65), -EINVAL);
	assert_int_equal(lssock_act_do(act, 0, SIGCONT), 0);
	assert_string_equal(text(0, LSSOCK_ACT_OUTCOME), "CONT sent");
	assert_int_equal(lssock_act_do(act, 0, SIGTERM), 0);
	p.fd = lssock_act_fd(act, 0);
	assert_int_equal(poll(&p, 1, 60000), 1);
	assert_true(ended(pid));
	assert_string_equal(text(0, LSSOCK_ACT_OUTCOME), "gone");
	assert_int_equal(lssock_act_do(act, 0, SIGTERM), -ESRCH);
	assert_string_equal(text(0, LSSOCK_ACT_OUTCOME), "it is gone already");
	(void)state;
}

/* OUTCOME after a second look with this there. */
static void outcome_with(uint64_t same_cookie, bool other_port, bool incomplete, const char *want)
{
	pid_t pid = child();
	uint32_t row = listener(80), next, web;
	struct pollfd p = { .events = POLLIN };
	struct lssock_snap *before = snap;

	hold(row, proc(pid, SELF + 7, "web"), 3);
	seal();
	begin(LSSOCK_ACT_KILL);
	lssock_act_add(act, row, 0);
	lssock_act_prepare(act);
	assert_int_equal(lssock_act_do(act, 0, SIGKILL), 0);
	p.fd = lssock_act_fd(act, 0);
	assert_int_equal(poll(&p, 1, 60000), 1);
	snap = snap_new();
	snap_ns(snap, &before->ns.v[0]);
	next = listener(other_port ? 81 : 80);
	if (same_cookie)
		snap->socks.v[next].cookie = before->socks.v[row].cookie;
	web = proc(SELF + 9, 1, "web");
	snap->procs.v[web].unit = snap_string(snap, "web.service", 11);
	hold(next, web, 3);
	if (incomplete)
		snap_note(snap, LSSOCK_NOTE_DUMP_FAILED, 0, EIO, 1, "tcp");
	seal();
	lssock_act_look(act, snap);
	assert_string_equal(text(0, LSSOCK_ACT_OUTCOME), want);
	assert_true(ended(pid));
	lssock_snap_free(before);
}

static void test_look(void **state)
{
	static const struct { bool same, other, incomplete; const char *want; } cases[] = {
		{ false, false, false,
		  "gone; tcp port 80 is taken again by web[5000009], started by web.service" },
		{ true, false, false,
		  "gone; tcp port 80 is still held by web[5000009], started by web.service" },
		{ false, true, false, "gone; tcp port 80 is free" },
		{ false, true, true, "gone" },
	};
	size_t i;

	for (i = 0; i < 4; i++) {
		outcome_with(cases[i].same, cases[i].other, cases[i].incomplete, cases[i].want);
		teardown(state);
		setup(state);
	}
}

/* The number is another process's by now: it is not hit. */
static void test_reused(void **state)
{
	pid_t pid = child();
	uint32_t row = listener(80);

	(void)state;
	world.dead = true;
	hold(row, proc(pid, 1, "web"), 3);
	seal();
	begin(LSSOCK_ACT_KILL);
	lssock_act_add(act, row, 0);
	assert_int_equal(lssock_act_prepare(act), 0);
	assert_false(target(0)->ready);
	assert_int_equal(lssock_act_do(act, 0, SIGKILL), -ESRCH);
	assert_int_equal(lssock_act_fd(act, 0), -1);
	assert_int_equal(kill(pid, 0), 0);
	assert_false(ended(pid));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Of protected ones only what is forced, of kernel threads never. */
static void test_force(void **state)
{
	pid_t pid = child();
	uint32_t row = listener(80), p;

	(void)state;
	p = proc(pid, 1, "sh");
	proc(SELF, pid, "lssock");
	hold(row, p, 3);
	seal();
	begin(LSSOCK_ACT_KILL);
	lssock_act_add(act, row, 0);
	lssock_act_prepare(act);
	assert_int_equal(target(0)->protect, LSSOCK_PROTECT_SESSION);
	assert_true(target(0)->ready);
	assert_int_equal(lssock_act_do(act, 0, SIGKILL), -EPERM);
	assert_string_equal(text(0, LSSOCK_ACT_OUTCOME),
			    "left alone: this program was started from it");
	assert_false(ended(pid));
	lssock_act_free(act);
	snap->procs.v[p].flags |= LSSOCK_P_KTHREAD;
	assert_int_equal(begin_with(LSSOCK_ACT_KILL, NULL, true), 0);
	lssock_act_add(act, row, 0);
	lssock_act_prepare(act);
	assert_int_equal(lssock_act_do(act, 0, SIGKILL), -EPERM);
	assert_false(ended(pid));
	lssock_act_free(act);
	snap->procs.v[p].flags = 0;
	assert_int_equal(begin_with(LSSOCK_ACT_KILL, NULL, true), 0);
	lssock_act_add(act, row, 0);
	lssock_act_prepare(act);
	assert_int_equal(lssock_act_do(act, 0, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* ---- closing --------------------------------------------------------------------------------- */

static void test_close(void **state)
{
	uint32_t c = conn(80, 9), l = listener(80);

	(void)state;
	snap->socks.v[c].ns = snap->socks.v[l].ns = 1;
	hold(c, proc(SELF + 1, 1, "web"), 3);
	seal();
	begin(LSSOCK_ACT_CLOSE);
	assert_int_equal(lssock_act_add(act, c, 0), 0);
	assert_int_equal(lssock_act_add(act, c, 0), 0);
	assert_int_equal(lssock_act_add(act, l, 0), 0);
	assert_int_equal(lssock_act_prepare(act), 0);
	assert_int_equal(lssock_act_targets(act, NULL), 2);
	assert_int_equal(target(0)->estab, 1);
	assert_int_equal(target(1)->listening, 1);
	assert_string_equal(text(0, LSSOCK_ACT_COMMAND),
			    "tcp 10.0.0.5:80 < 10.0.0.9:9 ESTABLISHED");
	assert_int_equal(lssock_act_do(act, 0, 0), 0);
	assert_string_equal(text(0, LSSOCK_ACT_OUTCOME), "closed");
	assert_int_equal(world.n_sent, 1);
	assert_int_equal(world.where, 4026532000u);
	assert_int_equal(world.sent[0].body.id.idiag_cookie[0], (uint32_t)snap->socks.v[c].cookie);
	assert_int_equal(world.sent[0].body.id.idiag_cookie[1], 1);
	assert_int_equal(lssock_act_fd(act, 0), -1);
	/* a connection that is not found is gone: once is enough */
	world.answer = -ENOENT;
	assert_int_equal(lssock_act_do(act, 0, 0), -ENOENT);
	assert_int_equal(world.n_sent, 2);
	assert_string_equal(text(0, LSSOCK_ACT_OUTCOME), "it is gone already");
	world.answer = -EPERM;
	assert_int_equal(lssock_act_do(act, 0, 0), -EPERM);
	assert_non_null(strstr(text(0, LSSOCK_ACT_OUTCOME), "CAP_NET_ADMIN"));
}

/* Of those that share a port others are looked at, always with this one's cookie. */
static void test_shared_port(void **state)
{
	uint32_t l = listener(80), i;

	(void)state;
	world.found_at = 7;
	seal();
	begin(LSSOCK_ACT_CLOSE);
	lssock_act_add(act, l, 0);
	lssock_act_prepare(act);
	assert_int_equal(lssock_act_do(act, 0, 0), 0);
	assert_int_equal(world.n_sent, 8);
	for (i = 0; i < 8; i++)
		assert_int_equal(world.sent[i].body.id.idiag_cookie[0],
				 (uint32_t)snap->socks.v[l].cookie);
	world.n_sent = 0;
	world.found_at = 60000;
	assert_int_equal(lssock_act_do(act, 0, 0), -ENOENT);
	assert_true(world.n_sent > 100 && world.n_sent < 600);
	assert_non_null(strstr(text(0, LSSOCK_ACT_OUTCOME), "others of its port"));
}

static void test_not_closable(void **state)
{
	struct lssock_sock k = sock(LSSOCK_UNIX, LSSOCK_LISTEN, "0.0.0.0", 0, "0.0.0.0", 0);
	uint32_t bound = listener(80), unix_row, blind = listener(81), i;

	(void)state;
	k.family = AF_UNIX;
	unix_row = add(&k);
	snap->socks.v[bound].state = LSSOCK_BOUND;
	snap->socks.v[blind].cookie = 0;
	seal();
	begin(LSSOCK_ACT_CLOSE);
	lssock_act_add(act, bound, 0);
	lssock_act_add(act, unix_row, 0);
	lssock_act_add(act, blind, 0);
	lssock_act_prepare(act);
	for (i = 0; i < 3; i++) {
		assert_false(target(i)->ready);
		assert_int_equal(lssock_act_do(act, i, 0), i == 2 ? -ENODATA : -EOPNOTSUPP);
		assert_true(*text(i, LSSOCK_ACT_REFUSED));
	}
	assert_int_equal(world.n_sent, 0);
}

/* ---- texts, refusals, memory --------------------------------------------------------------------- */

static void test_texts(void **state)
{
	uint32_t row = listener(80), x = proc(SELF + 1, SELF + 2, "nginx");
	uint32_t y = proc(SELF + 3, 1, "app"), fact, i;
	char small[12];

	(void)state;
	proc(SELF + 2, 1, "nginx");
	for (i = 0; i < 16; i++) {
		world.procs[i].exe = "/usr/sbin/nginx";
		world.procs[i].cgroup = world.procs[i].pid == SELF + 3 ?
			"0::/user.slice/session-3.scope\n" : "0::/system.slice/nginx.service\n";
	}
	hold(row, x, 3);
	hold(row, y, 3);
	seal();
	begin(LSSOCK_ACT_KILL);
	lssock_act_add(act, row, 0);
	lssock_act_prepare(act);
	assert_string_equal(text(0, LSSOCK_ACT_RESTARTS),
			    "it is a worker: p5000002[5000002] may start a new one");
	assert_string_equal(text(0, LSSOCK_ACT_STOP), "systemctl stop nginx.service");
	/* a scope is not started again, and to stop it would end a login */
	assert_string_equal(text(1, LSSOCK_ACT_RESTARTS), "");
	assert_string_equal(text(1, LSSOCK_ACT_STOP), "");
	assert_int_equal(lssock_act_text(act, 0, LSSOCK_ACT_STOP, small, sizeof(small)), 11);
	assert_string_equal(small, "systemctl s");
	assert_int_equal(lssock_act_text(act, 9, LSSOCK_ACT_STOP, small, sizeof(small)), 0);
	assert_int_equal(lssock_act_text(act, 0, 99, small, sizeof(small)), 0);
	fact = act->hits.v[0].fact;
	act->facts->procs.v[fact].container = snap_string(act->facts, "4f2c", 4);
	act->facts->procs.v[fact].runtime = snap_string(act->facts, "docker", 6);
	assert_string_equal(text(0, LSSOCK_ACT_STOP), "docker stop 4f2c");
}

/* How the service of a user is stopped, who runs this program himself or not. */
static const char *stop_of_user(uint32_t self_uid, uint32_t uid)
{
	static char cgroup[200];
	uint32_t row = listener(80), x = proc(SELF + 1, 1, "app");

	snprintf(cgroup, sizeof(cgroup), "0::/user.slice/user-%u.slice/user@%u.service/"
		 "app.slice/app-a\\x2db.service\n", uid, uid);
	world.procs[0].cgroup = cgroup;
	snap->meta.self_uid = self_uid;
	hold(row, x, 3);
	seal();
	begin(LSSOCK_ACT_KILL);
	lssock_act_add(act, row, 0);
	lssock_act_prepare(act);
	return text(0, LSSOCK_ACT_STOP);
}

static void test_stop_own(void **state)
{
	(void)state;
	assert_string_equal(stop_of_user(33, 33),
			    "systemctl --user stop app-a\\\\x2db.service");
}

static void test_stop_others(void **state)
{
	(void)state;
	assert_string_equal(stop_of_user(0, 33),
			    "systemctl --user -M www@ stop app-a\\\\x2db.service");
}

static void test_stop_unnamed(void **state)
{
	(void)state;
	assert_string_equal(stop_of_user(0, 1000),
			    "systemctl --user -M 1000@ stop app-a\\\\x2db.service");
}

static void test_refused(void **state)
{
	(void)state;
	seal();
	world.source.live = false;
	assert_int_equal(begin_with(LSSOCK_ACT_CLOSE, NULL, false), -EROFS);
	world.source.live = true;
	world.source.own_pids = false;
	assert_int_equal(begin_with(LSSOCK_ACT_KILL, NULL, false), -EXDEV);
	assert_int_equal(begin_with(LSSOCK_ACT_CLOSE, NULL, false), 0);
}

/* Where memory runs out nothing is done that was not made sure of. */
static void test_memory(void **state)
{
	pid_t pid = child();
	uint32_t row = listener(80), p = proc(pid, 1, "sh");
	uint64_t n, failures = 0;
	int r;

	(void)state;
	proc(SELF, pid, "lssock");	/* protected */
	hold(row, p, 3);
	seal();
	for (n = 1; n == 1 || mem_failures() != failures; n++) {
		failures = mem_failures();
		mem_fail_at(n);
		r = begin_with(LSSOCK_ACT_KILL, NULL, false);
		if (r == 0)
			r = lssock_act_add(act, row, 0);
		if (r == 0)
			r = lssock_act_prepare(act);
		if (r == 0 && lssock_act_targets(act, NULL))
			assert_int_not_equal(lssock_act_do(act, 0, SIGKILL), 0);
		mem_fail_at(0);
		lssock_act_free(act);
		act = NULL;
	}
	assert_true(n > 20);
	assert_false(ended(pid));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_signals(void **state)
{
	(void)state;
	assert_int_equal(lssock_signal_find("TERM"), SIGTERM);
	assert_int_equal(lssock_signal_find("sigKILL"), SIGKILL);
	assert_int_equal(lssock_signal_find("9"), 9);
	assert_int_equal(lssock_signal_find("64"), 64);
	assert_int_equal(lssock_signal_find("0"), -EINVAL);
	assert_int_equal(lssock_signal_find("65"), -EINVAL);
	assert_int_equal(lssock_signal_find("-9"), -EINVAL);
	assert_int_equal(lssock_signal_find(""), -EINVAL);
	assert_int_equal(lssock_signal_find("SIG"), -EINVAL);
	assert_int_equal(lssock_signal_find("SIGSIGTERM"), -EINVAL);
	assert_string_equal(lssock_signal_name(SIGHUP), "HUP");
	assert_string_equal(lssock_signal_name(SIGABRT), "ABRT");
	assert_null(lssock_signal_name(0));
	assert_null(lssock_signal_name(64));
	assert_true(lssock_signal_ends(SIGTERM));
	assert_false(lssock_signal_ends(SIGHUP));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_request), T(test_no_request), T(test_targets), T(test_counts),
		T(test_protected), T(test_ssh), T(test_kill), T(test_look), T(test_reused),
		T(test_force), T(test_close), T(test_shared_port), T(test_not_closable),
		T(test_texts), T(test_stop_own), T(test_stop_others), T(test_stop_unnamed),
		T(test_refused), T(test_memory), T(test_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
