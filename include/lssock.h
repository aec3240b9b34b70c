/* SPDX-License-Identifier: MIT */
/*
 * lssock.h - which process owns which socket, as a library.
 *
 *	context  (lssock)        where the facts come from: this machine or a tape
 *	query    (lssock_query)  what is asked: filter, columns, sort, namespaces
 *	snapshot (lssock_snap)   the answer: plain arrays, never changed once taken
 *	view     (lssock_view)   the rows of a snapshot that match, in order
 *	sheet    (lssock_sheet)  anything printable: typed cells
 *
 * Functions returning int give 0 or a count, or a negative errno. Where a
 * struct lssock_err is taken it is filled on failure and untouched on success.
 * Out parameters are written on success only. Every destructor takes NULL.
 * The library never prints, exits, or changes signals or privileges. A context
 * and its queries belong to one thread; a snapshot may be read by any number.
 *
 * No ABI promise before 1.0: structs and enums only grow at their end.
 */
#ifndef LSSOCK_H
#define LSSOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The shared library hides everything else. */
#pragma GCC visibility push(default)

#define LSSOCK_VERSION "0.1.0"
#define LSSOCK_SCHEMA 1			/* of the JSON documents */
#define LSSOCK_NONE 0xffffffffu		/* "no row" */

struct lssock;
struct lssock_query;
struct lssock_snap;
struct lssock_view;
struct lssock_sheet;

struct lssock_err {
	int code;			/* negative errno */
	int pos;			/* byte offset in the text at fault, -1: none */
	char msg[240];			/* one line, safe to print, no newline */
};

/* ---- records ----------------------------------------------------------- */

/* Protocols, in the order of the default list. Bits of lssock_question.protos
 * are 1u << value. */
enum lssock_proto {
	LSSOCK_PROTO_NONE,
	LSSOCK_TCP, LSSOCK_MPTCP, LSSOCK_SCTP, LSSOCK_DCCP,
	LSSOCK_UDP, LSSOCK_UDPLITE, LSSOCK_RAW, LSSOCK_ICMP,
	LSSOCK_UNIX, LSSOCK_NETLINK, LSSOCK_PACKET, LSSOCK_VSOCK,
	LSSOCK_XDP, LSSOCK_TIPC,
	LSSOCK_OTHER,			/* any other family: known by an fd only */
	LSSOCK_N_PROTO
};
#define LSSOCK_PROTOS_INET (1u << LSSOCK_TCP | 1u << LSSOCK_MPTCP | \
	1u << LSSOCK_SCTP | 1u << LSSOCK_DCCP | 1u << LSSOCK_UDP | \
	1u << LSSOCK_UDPLITE | 1u << LSSOCK_RAW | 1u << LSSOCK_ICMP)
#define LSSOCK_PROTOS_ALL ((1u << LSSOCK_N_PROTO) - 2)

/* 1 to 11: include/net/tcp_states.h. The rest are the kernel's state 7 told
 * apart: CLOSE is a TCP socket in no table, BOUND is bound but neither
 * listening nor connected (INET_DIAG bit 13), UNCONNECTED a datagram, raw,
 * unix, netlink or packet socket without a peer. */
enum lssock_state {
	LSSOCK_STATE_NONE, LSSOCK_ESTABLISHED, LSSOCK_SYN_SENT, LSSOCK_SYN_RECV,
	LSSOCK_FIN_WAIT1, LSSOCK_FIN_WAIT2, LSSOCK_TIME_WAIT, LSSOCK_CLOSE,
	LSSOCK_CLOSE_WAIT, LSSOCK_LAST_ACK, LSSOCK_LISTEN, LSSOCK_CLOSING,
	LSSOCK_BOUND, LSSOCK_UNCONNECTED,
	LSSOCK_N_STATE
};

/* Why a socket has no owner. */
enum lssock_why {
	LSSOCK_WHY_NONE,		/* it has one, or owners were not asked for */
	LSSOCK_WHY_TIME_WAIT, LSSOCK_WHY_SYN_RECV, LSSOCK_WHY_ACCEPT_QUEUE,
	LSSOCK_WHY_ORPHAN, LSSOCK_WHY_KERNEL, LSSOCK_WHY_IN_FLIGHT,
	LSSOCK_WHY_IO_URING, LSSOCK_WHY_MMAP, LSSOCK_WHY_NO_PERMISSION,
	LSSOCK_WHY_OTHER_PIDNS, LSSOCK_WHY_VANISHED, LSSOCK_WHY_UNKNOWN,
	LSSOCK_WHY_LATER,		/* lssock_refresh: nobody has looked yet */
	LSSOCK_N_WHY
};

/* lssock_sock.flags */
#define LSSOCK_F_TIMER		0x0007	/* timer: 0 off 1 on 2 keepalive 3 timewait 4 probe */
#define LSSOCK_F_SOURCE		0x0018	/* mask; see LSSOCK_SRC_* */
#define LSSOCK_SRC_DIAG		0x0000
#define LSSOCK_SRC_PROCFS	0x0008
#define LSSOCK_SRC_FD		0x0010	/* in no table, only an fd shows it */
#define LSSOCK_F_SHUT_RD	0x0020
#define LSSOCK_F_SHUT_WR	0x0040
#define LSSOCK_F_SHUT_KNOWN	0x0080
#define LSSOCK_F_V6ONLY		0x0100
#define LSSOCK_F_V6ONLY_KNOWN	0x0200
#define LSSOCK_F_UID		0x0400	/* uid is known */
#define LSSOCK_F_QUEUES		0x0800	/* rqueue and wqueue are known */
#define LSSOCK_F_LIMIT		0x1000	/* a listener's wqueue is its backlog limit */
#define LSSOCK_F_AUTOBOUND	0x2000
#define LSSOCK_F_AUTOBOUND_KNOWN 0x4000
#define LSSOCK_F_STATE		0x8000	/* state and ends are known (not with SRC_FD) */

/* One end. Inet: network byte order, IPv4 in the first four bytes, a v4-mapped
 * address as the kernel gives it (16 bytes). Others use w[]:
 *	unix     local: w0 inode of the socket file, w1 its device (kernel
 *	         encoding: major = w1 >> 20), w2 row in files[] or 0, w3 peer inode
 *	         (LSSOCK_NONE: no peer attribute, 0: not accepted yet or gone)
 *	netlink  local: w0 portid, w1 netlink protocol; remote: w0 portid, w1 group
 *	packet   local: w0 ethertype (host order)
 *	vsock    w0 cid, w1 port
 *	xdp      local: w0 queue
 *	tipc     w0 node, w1 port reference */
union lssock_end {
	uint8_t ip[16];
	uint32_t w[4];
};

struct lssock_sock {			/* 96 bytes, no padding */
	uint64_t cookie;		/* 0: the source has none */
	union lssock_end local, remote;
	uint32_t inode;			/* 0: no inode (time-wait, not accepted, orphan) */
	uint32_t uid;
	uint32_t rqueue, wqueue;	/* bytes; LISTEN: accept queue now, backlog limit */
	uint32_t expires_ms;		/* of the timer */
	uint32_t name;			/* string: unix name, or an fd's protocol name */
	uint32_t attrs;			/* offset in the attribute bytes, 0: none kept */
	uint32_t owner;			/* row in owners[], 0: none */
	uint32_t peer;			/* row of the other end, or LSSOCK_NONE */
	uint32_t via;			/* row of the listener it came through, or NONE */
	uint16_t lport, rport;		/* host order; raw: IP protocol; icmp: echo id */
	uint16_t ns;			/* row in namespaces */
	uint16_t iface;			/* row in interfaces, 0: not bound to one */
	uint16_t flags;
	uint8_t family;			/* AF_* */
	uint8_t proto;			/* enum lssock_proto */
	uint8_t type;			/* SOCK_*, 0: not known */
	uint8_t state;			/* enum lssock_state */
	uint8_t retrans;
	uint8_t why;			/* enum lssock_why */
};

/* How an owner holds the socket. Only HOW_FD is an owner in the plain sense;
 * the others explain a `why` (JSON: why_procs). */
enum lssock_how { LSSOCK_HOW_FD, LSSOCK_HOW_RING, LSSOCK_HOW_IN_FLIGHT, LSSOCK_HOW_MAPPED };

struct lssock_owner {
	uint32_t next;			/* next owner of the same socket, 0: end */
	uint32_t proc;			/* row in procs[] */
	int32_t fd;			/* -1: none */
	uint32_t tid:24, how:8;		/* tid 0: the process's own fd table */
};

#define LSSOCK_P_KTHREAD	0x0001
#define LSSOCK_P_DETAILS	0x0002	/* cmdline, exe, unit … were read */
#define LSSOCK_P_EXE_DELETED	0x0004
#define LSSOCK_P_ZOMBIE		0x0008
#define LSSOCK_P_NO_EXE		0x0010	/* exe may not be read */
#define LSSOCK_P_NO_CMD		0x0020
#define LSSOCK_P_NO_CGROUP	0x0040
#define LSSOCK_P_EXE_REPLACED	0x0080	/* deleted, and another file has its name now */
#define LSSOCK_P_EXE_WRITABLE	0x0100	/* everybody may write it or the folder it is in */
#define LSSOCK_P_EXE_FILE	0x0200	/* these two were looked at */

struct lssock_proc {
	uint64_t start_ns;		/* since boot */
	int32_t pid, ppid;
	uint32_t uid;			/* effective */
	uint32_t comm, cmdline, exe;	/* strings, 0: not known; cmdline with NULs */
	uint32_t unit, container, runtime, pod;	/* strings, 0: none */
	uint32_t nofile;		/* soft limit, LSSOCK_NONE: not known */
	uint32_t nfds;			/* open fds, LSSOCK_NONE: not known */
	uint16_t ns;			/* network namespace row, 0xffff: not known */
	uint16_t flags;
	uint32_t cmd;			/* string: cmdline to show, NULs as blanks */
	uint32_t manager;		/* string: uid of the user whose manager the unit is
					   of, "1000"; 0: the system's */
};

#define LSSOCK_NS_OWN		0x0001	/* ours */
#define LSSOCK_NS_ASKED		0x0002	/* its sockets were asked for */
#define LSSOCK_NS_REFUSED	0x0004	/* may not be entered; err says why */
#define LSSOCK_NS_HOST		0x0008	/* that of pid 1, of our pid namespace */

struct lssock_ns {
	uint64_t ino;			/* inode of the namespace, 0: not known */
	uint64_t cookie;		/* SO_NETNS_COOKIE, 0: not known */
	uint32_t name;			/* string: `ip netns` name, container …, 0: none */
	uint32_t path;			/* string: where it is mounted, 0: nowhere */
	uint32_t container;		/* string: short id, 0: none */
	uint32_t nprocs;		/* processes living in it */
	int32_t pid;			/* lowest such process, 0: none */
	int32_t err;
	uint32_t time_wait;		/* from sockstat; LSSOCK_NONE: not known */
	uint16_t flags;
	uint16_t port_lo, port_hi;	/* ip_local_port_range; 0: not known */
	uint16_t unpriv_port;		/* ip_unprivileged_port_start; 0: not known, or all */
	uint64_t overflows, drops;	/* TcpExt ListenOverflows and ListenDrops since the
					   namespace was made; UINT64_MAX: not known */
};

struct lssock_iface {			/* row 0: none */
	uint32_t ifindex;
	uint32_t name;			/* string, 0: not known */
	int32_t peer_ifindex;		/* veth: in the namespace peer_ns; 0: none */
	uint16_t peer_ns;		/* row, 0xffff: not known */
	uint16_t ns;
	uint32_t flags;			/* IFF_* */
	uint32_t kind;			/* string: "veth", "bridge" …, 0: none */
};

struct lssock_ifaddr {
	uint16_t iface;			/* row */
	uint8_t family, prefix;
	uint8_t ip[16];
};

enum lssock_file_state {
	LSSOCK_FILE_UNKNOWN, LSSOCK_FILE_LIVE, LSSOCK_FILE_DELETED,
	LSSOCK_FILE_REPLACED,
	LSSOCK_FILE_OTHER_MOUNT		/* seen from us the path is another file or none */
};

struct lssock_file {			/* row 0: none */
	uint32_t mode, uid, gid;	/* valid with LIVE and OTHER_MOUNT */
	uint32_t state;
};

/* A port that the kernel passes on to another address (nftables: DNAT, redirect). */
struct lssock_nat {
	uint16_t ns;
	uint8_t proto;			/* LSSOCK_TCP, UDP, SCTP, DCCP */
	uint8_t family;			/* AF_INET, AF_INET6; 0: both */
	uint16_t port_lo, port_hi;	/* as they come in, host order */
	uint16_t to_lo, to_hi;		/* 0: the port stays as it is */
	uint32_t iface;			/* string: interface it comes in by; 0: any */
	uint8_t to_family;		/* 0: to this machine (redirect) */
	uint8_t daddr_prefix;		/* of daddr; 0: any address */
	uint8_t daddr[16], to[16];
	uint8_t unused[2];
};

/* "Could not look". A snapshot without notes is complete. */
enum lssock_note_kind {
	LSSOCK_NOTE_UNREADABLE_PROC = 1, /* a process whose fds may not be read */
	LSSOCK_NOTE_VANISHED_PROC,	/* ended while being read; only informs */
	LSSOCK_NOTE_NO_PROC,		/* /proc is not usable */
	LSSOCK_NOTE_HIDDEN_PROCS,	/* hidepid */
	LSSOCK_NOTE_UNLISTABLE,		/* this kernel cannot list `what` */
	LSSOCK_NOTE_FALLBACK,		/* `what` from /proc/net; informs, unless refused */
	LSSOCK_NOTE_FORGEABLE,		/* unix rows from /proc/net/unix */
	LSSOCK_NOTE_DUMP_FAILED,	/* a dump of `what` ended early */
	LSSOCK_NOTE_BAD_MESSAGE,	/* replies that could not be decoded */
	LSSOCK_NOTE_OTHER_PIDNS,	/* holders outside our pid namespace */
	LSSOCK_NOTE_NETNS_REFUSED,	/* `what` may not be entered */
	LSSOCK_NOTE_RING_BUSY,		/* an io_uring did not show its files */
	LSSOCK_NOTE_LATE,		/* a read that did not end in time was left */
	LSSOCK_NOTE_LIMIT,		/* too many fds open, out of memory for `what` */
	LSSOCK_NOTE_NOT_RECORDED,	/* the tape does not hold `what` */
	LSSOCK_NOTE_DETAILS,		/* details of a process may not be read */
	LSSOCK_NOTE_OWN_NETNS,		/* which namespace is ours cannot be told */
	LSSOCK_NOTE_NAT_REFUSED,	/* ports that `what` passes on could not be read */
	LSSOCK_NOTE_NAT_UNKNOWN,	/* rules that pass on ports nobody can tell */
	LSSOCK_NOTE_NAMES_LATE,		/* names of LSSOCK_Q_NAMES; only informs */
	LSSOCK_N_NOTE
};
struct lssock_note {
	uint16_t kind, ns;
	int32_t err;			/* positive errno, 0: none */
	uint32_t count;
	uint32_t what;			/* string, 0: none */
};

struct lssock_meta {
	uint64_t now_ns;		/* epoch */
	uint64_t boot_ns;		/* epoch of boot: start = boot_ns + start_ns */
	uint32_t host;			/* string */
	uint32_t kernel;		/* string: release */
	uint32_t self_pid, self_uid;
	uint32_t n_ns;			/* namespaces that exist, as far as known */
	bool owners_asked, complete;
	/* what it cost, for --stats */
	uint64_t dump_us, owners_us, link_us, enrich_us, total_us;
	uint64_t messages, bytes, fds, procs, asks, dumps;
	uint64_t calls;			/* system calls of the collectors */
	uint8_t collector;		/* enum lssock_collector, of owners; 0: nobody */
	int32_t bpf_err;		/* positive errno: why not BPF, 0: no need */
	/* lssock_refresh: rows not in the one before, rows of that one that are gone,
	 * and age of the oldest look at owners that this one relies on */
	uint32_t fresh, gone;
	uint64_t owners_age_us;
};

/* ---- context ----------------------------------------------------------- */

/* Who finds the owners: the walk over /proc/PID/fd, or the kernel's own
 * (a BPF task_file iterator; needs CAP_BPF and CAP_PERFMON). Both give the same
 * answer; where BPF is not to be had, /proc is walked. */
enum lssock_collector {
	LSSOCK_COLLECTOR_AUTO,		/* what is faster */
	LSSOCK_COLLECTOR_PROC, LSSOCK_COLLECTOR_BPF
};

struct lssock_options {
	size_t size;			/* sizeof(struct lssock_options) */
	const char *proc_root;		/* NULL: /proc */
	const char *tape_in;		/* replay this recording */
	const char *tape_out;		/* record every answer here */
	int threads;			/* workers; 0: as the machine has, -1: none */
	bool anon;			/* tape_out: rewrite addresses and names */
	enum lssock_collector collector;
};

/* Opens a context. -ENOENT/-EACCES … on a tape, -EBADMSG on a damaged one
 * (err names the chunk). */
int lssock_open(const struct lssock_options *opt, struct lssock **ret,
		struct lssock_err *err);
/* Closes it. With tape_out: -errno if the tape could not be written whole. */
int lssock_close(struct lssock *ctx);
/* The next round of a tape; 0 if there is none. With tape_out: begins a round. */
int lssock_next_round(struct lssock *ctx);

/* ---- questions --------------------------------------------------------- */

enum lssock_layout {
	LSSOCK_LAYOUT_TABLE,		/* columns for `width` (0: not a terminal) */
	LSSOCK_LAYOUT_RECORD		/* json, csv …: the base set of fields */
};

#define LSSOCK_Q_LISTEN		0x0001	/* -l */
#define LSSOCK_Q_ALL		0x0002	/* -a */
#define LSSOCK_Q_NO_OWNERS	0x0004
#define LSSOCK_Q_EXTENDED	0x0008	/* -e */
#define LSSOCK_Q_INFO		0x0010	/* -i */
#define LSSOCK_Q_MEMORY		0x0020	/* -m */
#define LSSOCK_Q_TIMERS		0x0040	/* -o */
#define LSSOCK_Q_RESOLVE	0x0080	/* -r: names by NSS allowed in the filter, and of
					   users who are not in /etc/passwd */
#define LSSOCK_Q_FOOTER		0x0100	/* hidden rows and namespaces are counted */
#define LSSOCK_Q_FULLEST	0x0200	/* keep everything (record) */
#define LSSOCK_Q_STORY		0x0400	/* one port: every state, namespace and need */
#define LSSOCK_Q_SUMMARY	0x0800	/* -s */
#define LSSOCK_Q_NETNS_LIST	0x1000	/* `netns`: interfaces, addresses, counts */
#define LSSOCK_Q_EXISTS		0x2000	/* may stop at the first match */
#define LSSOCK_Q_MAP		0x4000	/* dot: both ends of everything */
#define LSSOCK_Q_BOUND_ONLY	0x8000	/* ss -B */
#define LSSOCK_Q_CLOSED		0x10000	/* closed sockets of a watch are rows as well */
#define LSSOCK_Q_WATCH		0x20000	/* for a watch: what only that knows may be asked */
#define LSSOCK_Q_ACT		0x40000	/* to act on: all sockets of each owner; a port without
					   a key is a local one, a bare number refused, and so
					   is a filter that lets all through */
#define LSSOCK_Q_UNSORTED	0x80000	/* a view has the rows as they come */
#define LSSOCK_Q_AUDIT		0x100000 /* listening sockets of every family and namespace,
					   and all that checks look at */
#define LSSOCK_Q_METRICS	0x200000 /* every family, and all that metrics tell of */
#define LSSOCK_Q_ANCESTORS	0x400000 /* names of the owners' parents, and of theirs */
#define LSSOCK_Q_NAMES		0x800000 /* -r: hosts and services of what is shown are
					   looked up, see lssock_host_name(); at most 3 s */

struct lssock_question {
	size_t size;
	const char *filter;		/* section 2 of the manual, or NULL */
	uint32_t protos;		/* bits 1u << lssock_proto; 0: every inet one */
	uint32_t families;		/* bit 0: IPv4, bit 1: IPv6; 0: both */
	uint32_t flags;			/* LSSOCK_Q_* */
	const char *columns;		/* "a,b" or "+a,b"; NULL: by layout */
	const char *sort;		/* "-rtt,pid" or NULL */
	const char *group_by;		/* "proc,state" or NULL */
	uint32_t limit;			/* 0: none */
	const char *netns;		/* NULL: own; else name, pid, path, inode, "all" */
	enum lssock_layout layout;
	uint32_t width;			/* columns of the terminal, 0: not a terminal */
};

/* Compiles a question. err->pos is the offset in filter where that is at
 * fault, and err->msg has a "did you mean" where one is near. -EINVAL. */
int lssock_query_new(const struct lssock_question *q, struct lssock_query **ret,
		     struct lssock_err *err);
void lssock_query_free(struct lssock_query *q);

typedef int (*lssock_write_fn)(void *ctx, const void *bytes, size_t len);

/* The filter in its canonical form, as text: a name of a host or a service has become
 * what it stood for. */
int lssock_query_filter(const struct lssock_query *q, lssock_write_fn w, void *wctx);
/* What will be asked of the kernel and why, as text (--explain). */
int lssock_query_explain(const struct lssock_query *q, lssock_write_fn w, void *wctx);

/* ---- snapshots --------------------------------------------------------- */

/* Takes a snapshot that answers the query. Partial success is success with
 * notes; negative only if nothing at all could be collected. */
int lssock_take(struct lssock *ctx, const struct lssock_query *q,
		struct lssock_snap **ret, struct lssock_err *err);
/* The next snapshot of a series. prev: the last one of the same context and query,
 * NULL: there is none. The tables are asked as in lssock_take(); owners and
 * details of processes are carried over for rows that are in both. All owners are
 * looked for again where rows are new and that is cheap, and every 10 s anyway,
 * since a descriptor can be passed on or closed unseen: meta.owners_age_us says
 * how old that look is, and rows nobody has looked for yet have WHY_LATER. prev
 * stays the caller's and is not changed. Errors as lssock_take(). */
int lssock_refresh(struct lssock *ctx, const struct lssock_query *q,
		   const struct lssock_snap *prev, struct lssock_snap **ret,
		   struct lssock_err *err);
struct lssock_snap *lssock_snap_hold(struct lssock_snap *s);
void lssock_snap_free(struct lssock_snap *s);

/* The arrays; they live as long as the snapshot. ret_n and ret_len may be NULL. */
const struct lssock_meta *lssock_snap_meta(const struct lssock_snap *s);
const struct lssock_sock *lssock_socks(const struct lssock_snap *s, uint32_t *ret_n);
const struct lssock_owner *lssock_owners(const struct lssock_snap *s, uint32_t *ret_n);
const struct lssock_proc *lssock_procs(const struct lssock_snap *s, uint32_t *ret_n);
const struct lssock_ns *lssock_namespaces(const struct lssock_snap *s, uint32_t *ret_n);
const struct lssock_iface *lssock_ifaces(const struct lssock_snap *s, uint32_t *ret_n);
const struct lssock_ifaddr *lssock_ifaddrs(const struct lssock_snap *s, uint32_t *ret_n);
const struct lssock_file *lssock_files(const struct lssock_snap *s, uint32_t *ret_n);
const struct lssock_nat *lssock_nats(const struct lssock_snap *s, uint32_t *ret_n);
const struct lssock_note *lssock_notes(const struct lssock_snap *s, uint32_t *ret_n);

/* Bytes of a string id; not NUL-terminated, may hold any byte. NULL for 0. */
const char *lssock_string(const struct lssock_snap *s, uint32_t id, size_t *ret_len);
/* Payload of a kept kernel attribute (INET_DIAG_*, UNIX_DIAG_* …) of a row, or
 * NULL. Bound every read by *ret_len: the kernel's structs grow at their end. */
const void *lssock_attr(const struct lssock_snap *s, uint32_t row, unsigned type,
			size_t *ret_len);
/* A user's name by /etc/passwd as it was, NULL if there is none. */
const char *lssock_user(const struct lssock_snap *s, uint32_t uid, size_t *ret_len);
/* One sentence for a note, safe to print; returns its length. */
size_t lssock_note_text(const struct lssock_snap *s, const struct lssock_note *n,
			char *buf, size_t size);
/* Whether the note makes the answer incomplete (some only inform). */
bool lssock_note_incomplete(const struct lssock_note *n);

/* ---- watching ------------------------------------------------------------- */

/* What a watch knows of a row beside what the kernel says now. Rows of snapshots
 * of a watch have one each; closed sockets are rows too, behind the others. */
struct lssock_track {
	uint64_t id;			/* cookie; of a time-wait socket its connection's */
	uint64_t first_ns;		/* epoch: first seen */
	uint64_t changed_ns;		/* epoch: the state changed; 0: not while we looked */
	uint64_t gone_ns;		/* epoch: closed; 0: it is there */
	uint64_t in, out;		/* bytes since it was opened, as the kernel counts */
	uint64_t base_ns, base_in, base_out; /* what the next rates are reckoned from */
	uint64_t retrans_ns;		/* epoch: retransmits rose last; 0: never */
	uint64_t stuck_ns;		/* epoch: since then nothing of the send queue was
					   acked; 0: it drains */
	uint64_t drops_ns;		/* epoch: drops rose last; 0: never */
	float rx, tx;			/* bytes/s, in and out, of late */
	float rx_avg, tx_avg;		/* over 10 s */
	uint32_t retrans, drops;	/* as of this round */
	uint16_t flags;			/* LSSOCK_T_* */
	uint16_t problems;		/* bits 1u << lssock_problem */
	uint8_t was;			/* state before changed_ns */
	uint8_t had;			/* problems of the round before, >> 1 */
	uint16_t rose;			/* so many retransmits more than then, or drops of
					   what counts no retransmits; 65535: or more */
};
#define LSSOCK_T_COUNTED	0x0001	/* in and out are known */
#define LSSOCK_T_RATES		0x0002	/* so are rx and tx */
#define LSSOCK_T_OLDER		0x0004	/* it was there before the watch */
#define LSSOCK_T_UNSEEN		0x0008	/* closed, and no round had seen it */
#define LSSOCK_T_FINAL		0x0010	/* closed: in and out are the last ones */
#define LSSOCK_T_RESET		0x0020	/* closed without a time-wait of either end known */
#define LSSOCK_T_SUCCEEDED	0x0040	/* closed, and a time-wait row goes on in its place */
#define LSSOCK_T_SUBFLOW	0x0080	/* of an MPTCP connection */

enum lssock_problem {
	LSSOCK_PROBLEM_NONE,
	LSSOCK_PROBLEM_CLOSE_WAIT,	/* the program does not close it */
	LSSOCK_PROBLEM_BACKLOG,		/* accept queue full, or drops rising */
	LSSOCK_PROBLEM_RETRANS,		/* retransmits in the last 10 s */
	LSSOCK_PROBLEM_STUCK,		/* the send queue does not drain */
	LSSOCK_PROBLEM_SYN_SENT,	/* no answer for 3 s */
	LSSOCK_PROBLEM_PORTS,		/* ephemeral ports to this remote run out */
	LSSOCK_PROBLEM_DELETED,		/* a listener's program was deleted or replaced */
	LSSOCK_N_PROBLEM
};
const char *lssock_problem_name(enum lssock_problem p);	/* "close-wait" */

/* NULL: not a snapshot of a watch. *ret_there: rows from there on are closed. */
const struct lssock_track *lssock_tracks(const struct lssock_snap *s, uint32_t *ret_there);

enum lssock_event_kind { LSSOCK_EVENT_OPEN, LSSOCK_EVENT_STATE, LSSOCK_EVENT_CLOSE,
			 LSSOCK_EVENT_LOST /* row: NONE, so many or more were missed */ };
struct lssock_event {
	uint64_t time_ns;		/* epoch */
	uint32_t row;
	uint32_t count;			/* LOST; 0: nobody knows */
	uint8_t kind, was, state, unused;
};
/* What has changed since the snapshot before, in order of time. */
const struct lssock_event *lssock_events(const struct lssock_snap *s, uint32_t *ret_n);

struct lssock_watch_options {
	size_t size;
	bool no_events;			/* rounds alone: nothing is subscribed to */
	bool no_bpf;			/* of events, only what every user may have */
	uint32_t closed_max;		/* closed sockets that are kept; 0: 10,000 */
	uint64_t closed_ns;		/* and for how long; 0: for ever */
};
struct lssock_watch;

/* Rounds of a question. ctx and q stay the caller's and must outlive it. Events
 * are subscribed to by the first round. -ENOMEM. */
int lssock_watch_new(struct lssock *ctx, const struct lssock_query *q,
		     const struct lssock_watch_options *opt, struct lssock_watch **ret,
		     struct lssock_err *err);
void lssock_watch_free(struct lssock_watch *w);
/* From the next round on. Sockets of protocols that were not asked before are not
 * new because of that. */
void lssock_watch_ask(struct lssock_watch *w, const struct lssock_query *q);
/* A round: what lssock_refresh() gives, with tracks, closed sockets and events.
 * Errors as there; the watch can go on after one. */
int lssock_watch_next(struct lssock_watch *w, struct lssock_snap **ret, struct lssock_err *err);
/* Between rounds: a snapshot of those rows alone that events since the last call of
 * either speak of. 0: there were none, *ret is not set; 1: it is. */
int lssock_watch_pending(struct lssock_watch *w, struct lssock_snap **ret,
			 struct lssock_err *err);
/* Readable when events are pending; -1: there are none to come. */
int lssock_watch_fd(const struct lssock_watch *w);
/* Who tells: bit 0 closing (sock_diag), bit 1 state changes (BPF). */
unsigned lssock_watch_tells(const struct lssock_watch *w);

/* ---- acting ---------------------------------------------------------------- */

enum lssock_act_kind { LSSOCK_ACT_KILL, LSSOCK_ACT_CLOSE };

/* What is not touched unless forced. */
enum lssock_protect {
	LSSOCK_PROTECT_NONE,
	LSSOCK_PROTECT_INIT,		/* pid 1 */
	LSSOCK_PROTECT_SELF,		/* the caller's own process */
	LSSOCK_PROTECT_SESSION,		/* it carries the caller's own ssh session */
	LSSOCK_PROTECT_KERNEL		/* a kernel thread, never */
};

struct lssock_target {
	uint32_t row;			/* close: the socket. kill: the first one chosen */
	uint32_t proc;			/* row in procs[]; close: first owner's, 0: none */
	uint32_t chosen;		/* kill: so many of the rows that were added */
	uint32_t sockets, listening, estab; /* of the snapshot, that end with it */
	uint32_t shared;		/* kill: sockets that others hold too */
	uint8_t protect;		/* enum lssock_protect */
	bool ready;			/* prepared: kill has a pidfd and the right process */
	bool tried;			/* lssock_act_do was called */
	int err;			/* why it cannot be done or failed: negative errno */
};

/* Parts of the text about a target; each one line, safe to print. */
enum lssock_act_text {
	LSSOCK_ACT_TITLE,	/* "nginx[1234] www-data nginx.service, started 3d ago" */
	LSSOCK_ACT_COMMAND,		/* its command line; close: both ends */
	LSSOCK_ACT_ENDS,		/* "ends 189 sockets: 1 listening, 188 established" */
	LSSOCK_ACT_RESTARTS,		/* what would start it again, "" if nothing is known */
	LSSOCK_ACT_STOP,		/* how to stop it for good: a command, "" */
	LSSOCK_ACT_REFUSED,		/* why it is protected or cannot be done, "" */
	LSSOCK_ACT_OUTCOME		/* after lssock_act_do */
};

struct lssock_act_options {
	size_t size;
	enum lssock_act_kind kind;
	const char *ssh_connection;	/* SSH_CONNECTION of the caller, NULL: none */
	bool force;			/* protected ones too (not kernel threads) */
};
struct lssock_act;

/* Holds the snapshot; ctx must outlive it. -EROFS: a recording. */
int lssock_act_new(struct lssock *ctx, struct lssock_snap *s,
		   const struct lssock_act_options *opt, struct lssock_act **ret,
		   struct lssock_err *err);
void lssock_act_free(struct lssock_act *a);
/* Adds a row. kill: its owner (row in owners[]; 0: every plain one), each process
 * is one target. close: the row is the target. -ESRCH: no owner is known. */
int lssock_act_add(struct lssock_act *a, uint32_t row, uint32_t owner);
/* Opens what is needed to hit these processes and no others, counts what ends.
 * After that the list of targets stays as it is. */
int lssock_act_prepare(struct lssock_act *a);
uint32_t lssock_act_targets(const struct lssock_act *a, const struct lssock_target **ret);
/* Signals the process, or destroys the socket (signal is ignored), of one
 * target: 0 or the negative errno that is its err then. -EPERM also where it is
 * protected and force was not said. */
int lssock_act_do(struct lssock_act *a, uint32_t target, int signal);
/* Readable once the process has ended; -1: not prepared, or a socket. */
int lssock_act_fd(const struct lssock_act *a, uint32_t target);
/* A later snapshot, held: of what has ended, OUTCOME then says too whether the ports
 * it listened on are free. */
void lssock_act_look(struct lssock_act *a, struct lssock_snap *later);
size_t lssock_act_text(const struct lssock_act *a, uint32_t target, enum lssock_act_text what,
		       char *buf, size_t size);
/* The command that stops the service or container of a process for good, one line,
 * safe to print; "": it is in none that is known. Returns its length. */
size_t lssock_stop_text(const struct lssock_snap *s, uint32_t proc, char *buf, size_t size);
/* "TERM", "SIGTERM", "15": the signal, or -EINVAL. And its name without SIG, NULL. */
int lssock_signal_find(const char *text);
/* Whether a process is expected to end by it: TERM INT QUIT KILL ABRT. */
bool lssock_signal_ends(int signal);
const char *lssock_signal_name(int signal);

/* ---- fields and values ------------------------------------------------- */

enum lssock_kind {
	LSSOCK_V_NA,			/* not applicable: compares false */
	LSSOCK_V_UNKNOWN,		/* not known: neither it nor its negation matches */
	LSSOCK_V_LATER,			/* not asked yet */
	LSSOCK_V_BOOL, LSSOCK_V_UINT, LSSOCK_V_INT, LSSOCK_V_REAL,
	LSSOCK_V_TIME,			/* u: epoch ns */
	LSSOCK_V_WORD,			/* s: a word of ours, safe */
	LSSOCK_V_TEXT,			/* s: raw bytes from outside: escape to print */
	LSSOCK_V_NAME,			/* s: raw unix name, abstract with leading NUL */
	LSSOCK_V_ADDR,			/* a */
	LSSOCK_V_END			/* a, port, s (interface): an endpoint to print */
};
enum lssock_unit {
	LSSOCK_U_NONE, LSSOCK_U_BYTES, LSSOCK_U_RATE /* bytes/s */, LSSOCK_U_US,
	LSSOCK_U_SEGMENTS, LSSOCK_U_PORT, LSSOCK_U_OCTAL, LSSOCK_U_HEX,
	LSSOCK_U_PERCENT
};

struct lssock_addr {
	uint8_t family;			/* AF_INET or AF_INET6, 0: any of both (*) */
	uint8_t prefix;			/* length; 32 or 128 for a host */
	uint8_t ip[16];
};

struct lssock_value {
	enum lssock_kind kind;
	enum lssock_unit unit;
	uint64_t u;			/* UINT, TIME, BOOL */
	int64_t i;
	double r;
	const char *s;			/* valid as long as the snapshot and this value */
	size_t len;
	uint32_t more;			/* TEXT: so many others beside this one */
	struct lssock_addr a;
	uint32_t port;			/* END; LSSOCK_NONE: none */
	char tmp[192];			/* storage of computed text */
	/* END, with LSSOCK_Q_NAMES: what host and port are called, plain ASCII; NULL: that
	 * is not known. lssock_value_text() gives the numbers. */
	const char *host, *service;
	uint32_t host_len, service_len;
};

/* Where a field nests in JSON. */
enum lssock_nest { LSSOCK_NEST_ROW, LSSOCK_NEST_OWNER, LSSOCK_NEST_TCP,
		   LSSOCK_NEST_MEM, LSSOCK_NEST_PEER };

struct lssock_field_info {
	const char *name, *head, *help;	/* head: table heading */
	const char *type;		/* "bool" "number" "text" "address" … for manuals */
	const char *group;		/* "socket", "owner", "tcp", "memory" … */
	enum lssock_unit unit;
	enum lssock_nest nest;
	bool both_ends;			/* `port`, `addr`: filter only */
	bool watch_only;		/* LSSOCK_Q_WATCH */
	bool names_only;		/* LSSOCK_Q_NAMES */
};

uint32_t lssock_fields(void);		/* how many there are */
int lssock_field_info(uint32_t field, struct lssock_field_info *ret);
int lssock_field_find(const char *name);	/* index or -ENOENT */
/* The value of a field of a row. owner: row in owners[] for owner fields, 0:
 * the first (or none). */
void lssock_get(const struct lssock_snap *s, uint32_t row, uint32_t owner,
		uint32_t field, struct lssock_value *ret);
/* A value as text for people (units, escapes); returns the length written.
 * Always safe to print, always NUL-terminated if size > 0. */
size_t lssock_value_text(const struct lssock_value *v, char *buf, size_t size);
/* Untrusted bytes made safe and reversible: \xNN, \\ (see lssock(1)). */
size_t lssock_escape(const void *bytes, size_t len, char *buf, size_t size);

const char *lssock_state_name(enum lssock_state state);	/* "ESTABLISHED" */
/* A word of ss -f or -A ("inet", "tcp", "u_str", "all"): bits of protos and
 * families for a question, and the SOCK_* type of unix sockets (0: any). -EINVAL. */
int lssock_selection(const char *word, size_t len, uint32_t *ret_protos,
		     uint32_t *ret_families, uint8_t *ret_type);

/* ---- names of hosts ------------------------------------------------------- */

/* The name of a host by its address (a whole one, prefix 32 or 128), as NSS gives it:
 * from /etc/hosts, a name server or whatever nsswitch.conf(5) says. It may take many
 * seconds, and send packets; nothing else here but the two flags of -r does. Of any
 * thread, also of several at once. Whoever owns an address can call it what he likes:
 * a name is given only if it leads back to the address, is made of letters, digits,
 * '-', '_' and '.', and does not look like a number. buf is the caller's and is
 * NUL-terminated. The length; -ENOENT: there is no such name, -EINVAL: it is no
 * address of a host, -ENOSPC: 254 bytes would do. */
int lssock_host_name(const struct lssock_addr *addr, char *buf, size_t size);

/* ---- views and sheets -------------------------------------------------- */

/* Selects, sorts, limits. Holds the snapshot; the query must outlive it. */
int lssock_view_new(struct lssock_snap *s, const struct lssock_query *q,
		    struct lssock_view **ret, struct lssock_err *err);
void lssock_view_free(struct lssock_view *v);
const uint32_t *lssock_view_rows(const struct lssock_view *v, uint32_t *ret_n);
/* Only these rows, in this order; whether they match is not asked. -EINVAL: one is
 * no row of the snapshot. */
int lssock_view_pick(struct lssock_view *v, const uint32_t *rows, uint32_t n);
/* How many rows matched only because of what could not be known: rows whose
 * match is unknown, and rows hidden by default (by state and by protocol). */
uint32_t lssock_view_unknown(const struct lssock_view *v);
uint32_t lssock_view_hidden(const struct lssock_view *v, enum lssock_state st);
/* Owner `owner` (row in owners[]) of this row matched too (ruling 3). */
bool lssock_view_owner_matched(const struct lssock_view *v, uint32_t row, uint32_t owner);

/* Sheets: free with lssock_sheet_free; they hold what they speak of. */
int lssock_view_sheet(struct lssock_view *v, struct lssock_sheet **ret);
int lssock_netns_sheet(struct lssock_snap *s, struct lssock_sheet **ret);
int lssock_summary_sheet(struct lssock_snap *s, struct lssock_sheet **ret);
/* Gauges and counters for Prometheus, of what the view selects; a question with
 * LSSOCK_Q_METRICS asks for all that they tell. */
int lssock_view_metrics_sheet(struct lssock_view *v, struct lssock_sheet **ret);
int lssock_fields_sheet(struct lssock_sheet **ret);	/* --columns help */
void lssock_sheet_free(struct lssock_sheet *sheet);
uint32_t lssock_sheet_rows(const struct lssock_sheet *sheet);

struct lssock_render {
	size_t size;
	const char *format;		/* table json jsonl csv tsv openmetrics dot */
	uint32_t width;			/* table: 0 not a terminal: nothing is cut */
	bool color, no_header, wide;	/* wide: never cut */
	bool utf8;			/* cut mark … instead of + */
	lssock_write_fn write;		/* called by the caller's thread only */
	void *wctx;
	int threads;			/* as in lssock_options; many rows only */
};
/* Formats known, NULL-terminated. */
const char *const *lssock_formats(void);
/* Prints a sheet. -ENOTSUP: the format does not fit this sheet; any error of
 * write is passed on. */
int lssock_render(const struct lssock_sheet *sheet, const struct lssock_render *r);

/* ---- auditing ------------------------------------------------------------- */

enum lssock_severity { LSSOCK_INFO, LSSOCK_LOW, LSSOCK_MEDIUM, LSSOCK_HIGH, LSSOCK_N_SEVERITY };
const char *lssock_severity_name(enum lssock_severity s);	/* "medium" */
int lssock_severity_find(const char *name);	/* or -EINVAL */

struct lssock_check_info {
	const char *code;		/* stable: "exposed-service" */
	enum lssock_severity severity;	/* the worst it gives */
	const char *why, *fix;		/* one sentence each */
};
uint32_t lssock_checks(void);		/* how many are built in */
int lssock_check_info(uint32_t check, struct lssock_check_info *ret);

/* What is wrong in the text of a policy or a baseline. Lines and columns from 1. */
struct lssock_fault {
	uint32_t line, column;
	const char *text;		/* the line, not NUL-terminated, raw */
	size_t len;
	char msg[240];			/* safe to print */
};

struct lssock_audit_options {
	size_t size;
	const char *policy;		/* its text; NULL: none */
	size_t policy_len;
	const char *baseline;		/* the text of one that was saved; NULL: none */
	size_t baseline_len;
	const char *disable;		/* "code,code": built-in checks to leave out, or NULL */
	bool checks;			/* the built-in ones beside a policy or a baseline */
	/* Called for every fault of the texts, in order. */
	void (*fault)(void *ctx, const struct lssock_fault *f);
	void *ctx;
};
struct lssock_audit;
struct lssock_report;

/* -EINVAL: faults were told of, or `disable` names no check (err says which);
 * -EBADMSG: the baseline is damaged. The texts are not needed afterwards. */
int lssock_audit_new(const struct lssock_audit_options *opt, struct lssock_audit **ret,
		     struct lssock_err *err);
void lssock_audit_free(struct lssock_audit *a);
/* A question for it: q has the filter, namespaces, protocols; NULL: everything. */
int lssock_audit_query(const struct lssock_audit *a, const struct lssock_question *q,
		       struct lssock_query **ret, struct lssock_err *err);

struct lssock_finding {
	const char *code;		/* of a check; "policy-deny", "baseline-added" … */
	const char *why, *fix;		/* may be NULL */
	uint8_t severity, unused;
	uint16_t ns;			/* row in namespaces, 0xffff: of none */
	uint32_t service;		/* place in services, LSSOCK_NONE: of none of them */
	uint32_t row;			/* socket, LSSOCK_NONE: none */
	uint32_t owner;			/* row in owners[], 0: none */
};

/* Listening sockets of one program on one port: several addresses and families, or
 * sockets that share the port, if and only if program, user, unit and namespace are
 * the same. What the kernel passes on itself (lssock_nat) is a service too. */
struct lssock_service {
	uint32_t first, n;		/* places in lssock_report_rows(); n 0: of a nat */
	uint32_t row;			/* the socket that is reachable from furthest */
	uint32_t owner;			/* row in owners[]: the process that serves; 0: none */
	uint32_t nprocs;		/* processes that hold it */
	uint32_t nat;			/* place in lssock_nats(), LSSOCK_NONE: none */
	uint16_t ns, port;
	uint8_t proto;
};

/* Judges what the query selects in a snapshot taken with it. The report holds the
 * snapshot; audit and query must outlive it. -ENOMEM. */
int lssock_audit_run(struct lssock_audit *a, struct lssock_snap *s,
		     const struct lssock_query *q, struct lssock_report **ret,
		     struct lssock_err *err);
void lssock_report_free(struct lssock_report *r);
/* What it judges; it stays the report's. */
struct lssock_snap *lssock_report_snap(const struct lssock_report *r);
/* In order of severity, the worst first, then of code, then as the services stand. */
uint32_t lssock_findings(const struct lssock_report *r);	/* how many */
const struct lssock_finding *lssock_finding(const struct lssock_report *r, uint32_t finding);
const struct lssock_service *lssock_services(const struct lssock_report *r, uint32_t *ret_n);
const uint32_t *lssock_report_rows(const struct lssock_report *r, uint32_t *ret_n);
/* What was found, one sentence; what it is about ("tcp 0.0.0.0:6379 redis-server[812]"):
 * both safe to print. They return the length. */
size_t lssock_finding_text(const struct lssock_report *r, uint32_t finding, char *buf,
			   size_t size);
size_t lssock_finding_about(const struct lssock_report *r, uint32_t finding, char *buf,
			    size_t size);
/* "* (v4+v6)", "10.0.0.5, lo": where a service is reached; safe to print. */
size_t lssock_service_address(const struct lssock_report *r, uint32_t service, char *buf,
			      size_t size);
/* What could not be judged, one sentence each, safe to print. An audit is complete if
 * there is none, and no note that makes it incomplete. */
uint32_t lssock_unjudged(const struct lssock_report *r);	/* how many */
size_t lssock_unjudged_text(const struct lssock_report *r, uint32_t i, char *buf,
			    size_t size);
bool lssock_report_complete(const struct lssock_report *r);
int lssock_services_sheet(struct lssock_report *r, struct lssock_sheet **ret);
/* JSON has the services in the same document. */
int lssock_findings_sheet(struct lssock_report *r, struct lssock_sheet **ret);
int lssock_checks_sheet(struct lssock_sheet **ret);
/* Gauges and counters for Prometheus; report NULL: of the snapshot alone. */
int lssock_metrics_sheet(struct lssock_snap *s, const struct lssock_report *r,
			 struct lssock_sheet **ret);
/* A policy that allows exactly what listens now; what a later audit compares with. */
int lssock_policy_write(const struct lssock_report *r, lssock_write_fn w, void *wctx);
int lssock_baseline_write(const struct lssock_report *r, lssock_write_fn w, void *wctx);

/* ---- differences ------------------------------------------------------------ */

/* What is in one view and not in the other, or has changed, of sockets that both
 * questions select. Sockets are the same by cookie within one boot of one machine,
 * else by protocol, namespace, ends and program. Holds both snapshots. -ENOMEM. */
int lssock_diff_sheet(struct lssock_view *old, struct lssock_view *now,
		      struct lssock_sheet **ret);

struct lssock_diff_info {
	uint32_t gone, fresh, changed, same;
	uint32_t unjudged;		/* that one side could not have seen, or whose match
					   is not known there: in no row */
	int64_t apart_us;		/* from old to now */
	bool same_host, same_boot;
};
/* -EINVAL: another kind of sheet. */
int lssock_diff_info(const struct lssock_sheet *sheet, struct lssock_diff_info *ret);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif
#endif
