/* SPDX-License-Identifier: MIT */
/*
 * The little records that sources write and decoders read, and the numbers of
 * the texts. Host byte order; nothing is read past the bytes that came.
 */
#ifndef WIRE_RECORDS_H
#define WIRE_RECORDS_H

#include <stdint.h>

/* Texts of ASK_TEXT. */
enum ask_text {
	TEXT_NET_TCP = 1, TEXT_NET_TCP6, TEXT_NET_UDP, TEXT_NET_UDP6,
	TEXT_NET_UDPLITE, TEXT_NET_UDPLITE6, TEXT_NET_RAW, TEXT_NET_RAW6,
	TEXT_NET_ICMP, TEXT_NET_ICMP6, TEXT_NET_UNIX, TEXT_NET_NETLINK,
	TEXT_NET_PACKET, TEXT_NET_SOCKSTAT, TEXT_NET_SOCKSTAT6, TEXT_NET_PROTOCOLS,
	TEXT_PORT_RANGE,		/* sys/net/ipv4/ip_local_port_range */
	TEXT_PASSWD, TEXT_GROUP,	/* ns 0 */
	TEXT_FILE_NR,			/* sys/fs/file-nr */
	TEXT_NET_NETSTAT,
	TEXT_IPTABLES, TEXT_IP6TABLES,	/* names of tables of the older kind */
	TEXT_UNPRIV_PORT,		/* sys/net/ipv4/ip_unprivileged_port_start */
	TEXT_N
};

/* What ASK_NAT asks for. */
enum ask_nat { ASK_NAT_CHAINS = 1, ASK_NAT_RULES };

/* What ASK_ROUTE asks for. */
enum ask_route { ASK_ROUTE_LINKS = 1, ASK_ROUTE_ADDRS, ASK_ROUTE_NSID };

/* ---- owner stream: records of 16 bytes, a task has 3 --------------------- */
/* Little structs in host byte order, in any number per chunk, never split
 * between chunks. A task record precedes the fds of the task. */

#define OWN_FD 0
#define OWN_TASK 1
#define OWN_NET 2
#define OWN_GAP 3
#define OWN_IN_FLIGHT 4
#define OWN_STAT 5
#define OWN_BY 6
#define OWN_SOCK 7
#define OWN_COOKIE 8
#define OWN_RING 9
#define OWN_SEEN 10

struct own_fd {				/* inode != 0 */
	uint32_t inode, pid;
	int32_t fd;
	uint32_t tid:24, how:8;		/* enum lssock_how */
};
struct own_rec {			/* inode word 0: the other records */
	uint32_t zero, type;
	uint32_t a, b;
};
/* BY: a = enum lssock_collector that writes this stream, b = positive errno: why
 *   it is not BPF, 0: that does not pay. First, if at all.
 * SOCK: of the fds that follow, until the next one: a = namespace inode of the
 *   socket itself, b = family << 24 | type << 16 | protocol. Only BPF knows it.
 * COOKIE: of the one fd that follows, a = low, b = high half; of sockets that
 *   may be in no table.
 * RING: a = fd, b = tid or 0, of an io_uring; which files it holds others tell.
 * SEEN: a = pid of a process some of whose files were seen, sockets or not.
 * NET: a = namespace inode of the tasks that follow, 0: not known.
 * GAP: a = errno, b = pid: its fds could not be read (ESRCH: it vanished;
 *   EAGAIN: an io_uring was busy; EMFILE: no fd left; pid 0: /proc itself).
 * STAT: a = fds looked at, b = processes looked at.
 * IN_FLIGHT: a = fd of the receiver, b = number of fds, then one more 16 bytes
 *   {inode of the receiver, pid, 0, 0}. */
struct own_task {
	uint32_t zero, type;		/* 0, OWN_TASK */
	int32_t pid, ppid;
	uint32_t uid;			/* effective */
	uint32_t flags;			/* LSSOCK_P_KTHREAD, _ZOMBIE */
	uint64_t start_ns;		/* since boot */
	char comm[16];			/* as the kernel has it: not escaped, NUL-padded */
};

enum proc_section { PROC_CMDLINE = 1, PROC_EXE, PROC_CGROUP, PROC_LIMITS,
		    PROC_NFDS /* decimal */,
		    PROC_STAT /* text of stat: for ancestors */, PROC_COMM, PROC_N };

struct wire_file {
	int32_t err;			/* errno of the look in the owner's root; 0 */
	int32_t our_err;		/* … of ours */
	uint32_t mode, uid, gid;	/* by the owner's look, with err by ours */
	uint32_t ino, major, minor;	/* owner's look */
	uint32_t our_ino, our_major, our_minor;
	uint32_t zero;
};
/* The program that runs, and what its name leads to. same: to this very file. */
struct wire_exe {
	uint32_t mode, nlink;
	int32_t err;			/* errno of the look by the name as it is told; 0 */
	uint32_t same;
	int32_t bare_err;		/* by the name without " (deleted)"; -1: it has none */
	uint32_t bare_same;
	int32_t dir_err;		/* the folder of that name */
	uint32_t dir_mode;
};
struct wire_ns {
	uint32_t len;			/* of record and tail, padded to 8 */
	uint16_t flags;			/* LSSOCK_NS_* */
	uint16_t name_len;
	uint64_t ino, cookie;
	int32_t pid;
	uint32_t nprocs;
	int32_t err;			/* why it may not be entered, 0: it may */
	uint16_t path_len, zero;
	/* name, path, without NUL */
};
/* A file of a socket unit, in the order of systemd's folders. */
struct wire_unit {
	uint32_t len;			/* of record and tail, padded to 8 */
	uint16_t unit_len, dropin_len;	/* dropin_len 0: the unit's own file */
	uint32_t text_len, zero;
	/* name of the unit, of the drop-in, the file's text */
};
struct wire_pid { int32_t pid; uint32_t fds; };	/* open fds, 0: not known */
struct wire_nsid { int32_t nsid; uint16_t ns, zero; };

/* ---- event stream ------------------------------------------------------------ */
/* A wire_event and len bytes, padded to 8; in any number per chunk, never split. */
enum event_type {
	EVENT_DESTROY = 1,	/* netlink messages of the destroy groups, as received */
	EVENT_STATE,		/* struct wire_state, by BPF */
	EVENT_LOST,		/* u32: so many were lost, 0: nobody knows; u32: their type */
	/* u32: bit 0 DESTROY, bit 1 STATE; i32: positive errno, why not both. With ns 0:
	 * of ours, and of every namespace that is not spoken of behind it. Comes first,
	 * and again when that or the list of namespaces has changed. */
	EVENT_TELLS
};
#define EVENT_TELLS_DESTROY 1u
#define EVENT_TELLS_STATE 2u
#define EVENT_NS_GONE 0xffffu	/* ns: it had a place, but is not there any more */
struct wire_event {
	uint16_t type, ns;
	uint32_t len;
	uint64_t time_ns;	/* since boot (CLOCK_BOOTTIME), when it happened or was read */
};
/* inet_sock_set_state. A local port of 0 is not chosen yet (CLOSE to SYN_SENT). A
 * connection that was accepted begins with SYN_RECV to ESTABLISHED. */
struct wire_state {
	uint64_t cookie;
	uint64_t start_ns;	/* of the process, since boot; 0 with pid 0 */
	uint32_t netns_ino;
	uint32_t uid;		/* of the socket */
	uint32_t inode;		/* 0: none (yet) */
	int32_t pid;		/* as the reader numbers it, of the process that did it by a
				   system call; 0: not certain */
	uint8_t was, state;	/* the kernel's numbers (tcp_states.h) */
	uint8_t family;
	uint8_t protocol;	/* IPPROTO_TCP */
	uint16_t lport, rport;	/* host order */
	uint8_t laddr[16], raddr[16];	/* as in union lssock_end */
	char comm[16];
};
_Static_assert(sizeof(struct wire_event) == 16, "event stream");
_Static_assert(sizeof(struct wire_state) == 88, "event stream");

_Static_assert(sizeof(struct own_fd) == 16, "owner stream");
_Static_assert(sizeof(struct own_rec) == 16, "owner stream");
_Static_assert(sizeof(struct own_task) == 48, "owner stream");

#endif
