/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Changes of state of TCP sockets (struct wire_state) as the kernel makes them:
 * each goes into a ring that the reader empties. All namespaces; whose events are
 * given is the reader's affair. Members are found by name, as in own.bpf.c.
 */
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

#include "source/bpf/event.h"

#define PF_KTHREAD 0x00200000		/* include/linux/sched.h */
#define PIDNS_LEVELS 33			/* MAX_PID_NS_LEVEL, and the initial one */
#define AF_INET 2
#define AF_INET6 10
enum { TCP_ESTABLISHED = 1, TCP_SYN_SENT, TCP_SYN_RECV, TCP_FIN_WAIT1, TCP_CLOSE = 7,
       TCP_CLOSE_WAIT, TCP_LAST_ACK, TCP_LISTEN };
#define PROTO_TCP 6

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common { unsigned int inum; };
struct net { struct ns_common ns; };
typedef struct { struct net *net; } possible_net_t;
typedef struct { unsigned int val; } kuid_t;
struct in6_addr { unsigned char in6_u[16]; };
struct sock_common {
	__be32 skc_daddr, skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};
struct inode { unsigned long i_ino; };
struct file { struct inode *f_inode; };
struct socket { struct file *file; };
struct sock {
	struct sock_common __sk_common;
	struct socket *sk_socket;
	kuid_t sk_uid;
	__u16 sk_protocol;
};
struct inet_sock { struct sock sk; __be16 inet_sport; };

struct pid_namespace { struct ns_common ns; };
struct upid { int nr; struct pid_namespace *ns; };
struct pid { unsigned int level; struct upid numbers[1]; };	/* level + 1 of them */
struct task_struct {
	unsigned int flags;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	__u64 start_boottime;
	char comm[16];
};

#pragma clang attribute pop

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, EVENT_RING_SIZE);
} ring SEC(".maps");

struct event_told told;

static struct upid number_at(struct pid *pid, unsigned int level)
{
	struct upid at = { 0 };

	bpf_probe_read_kernel(&at, sizeof(at), (const char *)&pid->numbers + level * sizeof(at));
	return at;
}

/* As the reader numbers it; 0: it does not see the process. */
static int number_in(struct task_struct *leader)
{
	struct pid *pid = BPF_CORE_READ(leader, thread_pid);
	unsigned int i, top = pid ? BPF_CORE_READ(pid, level) : 0;

	for (i = 0; pid && i < PIDNS_LEVELS && i <= top; i++) {
		struct upid at = number_at(pid, i);

		if (BPF_CORE_READ(at.ns, ns.inum) == told.pidns)
			return at.nr;
	}
	return 0;
}

/* Changes that only a system call on this very socket makes. Of others the
 * current task is whoever was interrupted. */
static bool by_call(int was, int state)
{
	return (was == TCP_CLOSE && (state == TCP_SYN_SENT || state == TCP_LISTEN)) ||
	       (was == TCP_ESTABLISHED && state == TCP_FIN_WAIT1) ||
	       (was == TCP_CLOSE_WAIT && state == TCP_LAST_ACK);
}

/* Workers of the kernel close and connect on behalf of others. */
static void describe_task(struct wire_state *s)
{
	struct task_struct *self = (struct task_struct *)bpf_get_current_task();
	struct task_struct *leader = BPF_CORE_READ(self, group_leader);

	if (BPF_CORE_READ(self, flags) & PF_KTHREAD)
		return;
	s->pid = number_in(leader);
	if (!s->pid)
		return;
	s->start_ns = BPF_CORE_READ(leader, start_boottime);
	BPF_CORE_READ_INTO(&s->comm, leader, comm);
}

/* The port is taken off the table before a socket is closed, but stays here. */
static __u16 local_port(struct sock *sk)
{
	__u16 port = bpf_ntohs(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));

	return port ? port : BPF_CORE_READ(sk, __sk_common.skc_num);
}

static void describe_ends(struct wire_state *s, struct sock *sk)
{
	s->lport = local_port(sk);
	s->rport = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (s->family == AF_INET) {
		BPF_CORE_READ_INTO((__be32 *)s->laddr, sk, __sk_common.skc_rcv_saddr);
		BPF_CORE_READ_INTO((__be32 *)s->raddr, sk, __sk_common.skc_daddr);
	} else {
		BPF_CORE_READ_INTO(&s->laddr, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&s->raddr, sk, __sk_common.skc_v6_daddr);
	}
}

/* Other protocols have no end that is told by sock_diag. A child of a listener has its
 * parent's ends, and no cookie that lasts, until inet_csk_clone_lock() is through: its
 * next change is the first that is told. */
SEC("tp_btf/inet_sock_set_state")
int event(__u64 *args)
{
	struct sock *sk = (struct sock *)args[0];
	int was = (int)args[1], state = (int)args[2];
	struct event_entry *e;
	struct wire_state *s;
	__u32 netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);

	if (told.netns && told.netns != netns)
		return 0;
	if (BPF_CORE_READ(sk, sk_protocol) != PROTO_TCP ||
	    (was == TCP_LISTEN && state == TCP_SYN_RECV))
		return 0;
	e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);
	if (!e) {
		__sync_fetch_and_add(&told.lost, 1);
		return 0;
	}
	__builtin_memset(e, 0, sizeof(*e));
	s = &e->state;
	e->time_ns = bpf_ktime_get_boot_ns();
	s->cookie = bpf_get_socket_cookie(sk);
	s->was = (__u8)was;
	s->state = (__u8)state;
	s->protocol = PROTO_TCP;
	s->family = (__u8)BPF_CORE_READ(sk, __sk_common.skc_family);
	s->netns_ino = netns;
	s->inode = (__u32)BPF_CORE_READ(sk, sk_socket, file, f_inode, i_ino);
	s->uid = BPF_CORE_READ(sk, sk_uid.val);
	describe_ends(s, sk);
	if (s->inode && by_call(was, state))	/* none: a socket of the kernel's own */
		describe_task(s);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
