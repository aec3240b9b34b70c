/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The owner stream (wire/records.h) as the kernel itself tells it: a record per
 * descriptor of a socket, of every process in the pid namespace of the reader,
 * in one pass (iterator task_file). The few members it reads are found by name
 * in the running kernel (CO-RE), so it is built without that kernel's headers.
 * It does not know what was asked: telling everything is cheaper than judging.
 */
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_core_read.h>

#include "source/bpf/own.h"
#include "wire/records.h"

#define PF_KTHREAD 0x00200000		/* include/linux/sched.h */
#define EXIT_ZOMBIE_OR_DEAD 0x30
#define TCP_CLOSE 7
#define NSFS_MAGIC 0x6e736673		/* include/uapi/linux/magic.h */

/* include/linux/pid.h, so since 2.6.24. */
struct pid_namespace;
struct upid { int nr; struct pid_namespace *ns; };

/* Members are found by name, so only those that are read stand here. Each type
 * costs the load a search through all of the kernel's types. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common { unsigned int inum; };
struct net { struct ns_common ns; };
typedef struct { struct net *net; } possible_net_t;
struct sock_common {
	unsigned short skc_family;
	volatile unsigned char skc_state;
	possible_net_t skc_net;
};
struct sock { struct sock_common __sk_common; __u16 sk_protocol; };
struct socket { short type; struct sock *sk; };
struct super_block { unsigned long s_magic; };
struct inode { unsigned long i_ino; struct super_block *i_sb; };
struct qstr { const unsigned char *name; };
struct dentry { struct qstr d_name; };
struct path { struct dentry *dentry; };
struct file { struct inode *f_inode; struct path f_path; };

struct nsproxy { struct net *net_ns; };
struct pid { unsigned int level; struct upid numbers[1]; };	/* level + 1 of them */
typedef struct { unsigned int val; } kuid_t;
struct cred { kuid_t euid; };
struct task_struct {
	unsigned int flags;
	int exit_state;
	int pid, tgid;
	struct task_struct *real_parent, *group_leader;
	struct pid *thread_pid;
	__u64 start_boottime;
	const struct cred *real_cred;
	char comm[16];
	struct nsproxy *nsproxy;
};

#pragma clang attribute pop

/* The context, as the verifier lays it out (DEFINE_BPF_ITER_FUNC). */
struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; };
struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u64 fd;
	struct file *file;
};

struct own_told told;

/* What is read once per task is copied: the verifier takes longer to follow a
 * pointer than the copying ever will. */
static struct upid number_at(struct pid *pid, unsigned int level)
{
	struct upid at = { 0 };

	bpf_probe_read_kernel(&at, sizeof(at), (const char *)&pid->numbers + level * sizeof(at));
	return at;
}

static int number_in(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct upid at;

	if (!pid || BPF_CORE_READ(pid, level) < told.level)
		return 0;
	at = number_at(pid, told.level);
	return (__u64)at.ns == told.ns ? at.nr : 0;
}

/* Whose numbers are given: the namespace of the reader. */
static void know_reader(void)
{
	struct task_struct *self = (struct task_struct *)bpf_get_current_task();
	struct pid *pid = BPF_CORE_READ(self, thread_pid);

	told.level = BPF_CORE_READ(pid, level);
	told.ns = (__u64)number_at(pid, told.level).ns;
}

static void describe(struct own_task *t, __u32 *tid, struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	t->zero = 0;
	t->type = OWN_TASK;
	t->pid = number_in(leader);
	t->ppid = number_in(BPF_CORE_READ(leader, real_parent, group_leader));
	t->uid = BPF_CORE_READ(leader, real_cred, euid.val);
	t->flags = BPF_CORE_READ(leader, flags) & PF_KTHREAD ? OWN_KTHREAD : 0;
	if (BPF_CORE_READ(leader, exit_state) & EXIT_ZOMBIE_OR_DEAD)
		t->flags |= OWN_ZOMBIE;
	t->start_ns = BPF_CORE_READ(leader, start_boottime);
	BPF_CORE_READ_INTO(&t->comm, leader, comm);
	*tid = task == leader ? 0 : (__u32)number_in(task);
}

static long put_rec(struct seq_file *seq, __u32 type, __u32 a, __u32 b)
{
	struct own_rec rec = { .type = type, .a = a, .b = b };

	return bpf_seq_write(seq, &rec, sizeof(rec));
}

/* Who it is, once. */
static long put_task(struct seq_file *seq, struct task_struct *task, struct own_told *next)
{
	struct own_task rec;
	long r = 0;

	if (next->task == (__u64)task)
		return 0;
	describe(&rec, &next->tid, task);
	next->task = (__u64)task;
	next->tgid = rec.pid;
	next->task_net = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	if (next->task_net != told.task_net || !told.tasks)
		r = put_rec(seq, OWN_NET, next->task_net, 0);
	next->tasks++;
	return r ? r : bpf_seq_write(seq, &rec, sizeof(rec));
}

/* What it is. A cookie only of those that may be in no table. */
static long put_kind(struct seq_file *seq, struct socket *socket, struct sock *sk,
		     struct own_told *next)
{
	__u32 net = sk->__sk_common.skc_net.net->ns.inum;
	__u32 kind = (__u32)sk->__sk_common.skc_family << 24 |
		     (__u32)(socket->type & 0xff) << 16 | sk->sk_protocol;
	__u64 cookie;
	long r = 0;

	if (net != next->sock_net || kind != next->kind)
		r = put_rec(seq, OWN_SOCK, net, kind);
	next->sock_net = net;
	next->kind = kind;
	if (r || sk->__sk_common.skc_state != TCP_CLOSE)
		return r;
	cookie = bpf_get_socket_cookie(sk);
	return put_rec(seq, OWN_COOKIE, (__u32)cookie, (__u32)(cookie >> 32));
}

/* By the name of its anonymous inode. Anybody may call a file so. */
static bool is_ring(struct file *file)
{
	union { char text[16]; __u64 half[2]; } name = { .half = { 0, 0 } },
					ring = { .text = "[io_uring]" };

	bpf_probe_read_kernel_str(name.text, sizeof(name.text),
				  BPF_CORE_READ(file, f_path.dentry, d_name.name));
	/* one comparison: each branch is a way more for the verifier to go */
	return !((name.half[0] ^ ring.half[0]) | (name.half[1] ^ ring.half[1]));
}

/* What is told by its place alone: whoever is told looks what it is. */
static bool is_placed(struct file *file, bool is_socket)
{
	if (told.spaces)
		return BPF_CORE_READ(file, f_inode, i_sb, s_magic) == NSFS_MAGIC;
	return told.rings && !is_socket && is_ring(file);
}

/* That its table was read at all: a process that is never spoken of was not. */
static long put_seen(struct seq_file *seq, struct task_struct *task, struct own_told *next)
{
	if (next->seen == (__u64)task)
		return 0;
	next->seen = (__u64)task;
	return put_rec(seq, OWN_SEEN, (__u32)number_in(BPF_CORE_READ(task, group_leader)), 0);
}

/* The kernel drops what an object wrote, and brings it again, if not all of it
 * had room: what was told counts only at the end. */
SEC("iter/task_file")
int own(struct bpf_iter__task_file *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct own_told next;
	struct own_fd rec;
	struct socket *socket;
	struct sock *sk;

	if (!task || !file)
		return 0;
	if (!told.ns)
		know_reader();
	next = told;
	if (put_seen(seq, task, &next))
		return 0;
	next.fds++;
	socket = told.spaces ? NULL : bpf_sock_from_file(file);
	sk = socket ? socket->sk : NULL;
	rec.inode = sk ? (__u32)file->f_inode->i_ino : 0;
	if (!rec.inode && !is_placed(file, socket)) {
		told = next;
		return 0;
	}
	if (put_task(seq, task, &next))
		return 0;
	if (!rec.inode) {
		if (!put_rec(seq, OWN_RING, (__u32)ctx->fd, next.tid))
			told = next;
		return 0;
	}
	if (!sk || put_kind(seq, socket, sk, &next))
		return 0;
	rec.pid = (__u32)next.tgid;
	rec.fd = (int)ctx->fd;
	rec.tid = next.tid;
	rec.how = 0;		/* LSSOCK_HOW_FD */
	if (!bpf_seq_write(seq, &rec, sizeof(rec)))
		told = next;
	return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
