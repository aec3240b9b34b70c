/* SPDX-License-Identifier: MIT */
/* What the parts of the live source give each other: nlsock, netns, procdir,
 * procscan, procinfo. */
#ifndef SOURCE_PARTS_H
#define SOURCE_PARTS_H

#include <sys/types.h>

#include "base/buf.h"
#include "source/source.h"

/* ---- nlsock: a netlink socket and its dump loop ------------------------- */

struct mnl_socket;
/* In the namespace of the calling thread. protocol: NETLINK_SOCK_DIAG or
 * NETLINK_ROUTE. 0 or -errno. */
#define NLSOCK_CALLS 5		/* system calls of opening and closing one */
int nlsock_open(int protocol, struct mnl_socket **ret);
/* Sends the request (a whole message; seq is set here) and gives every received
 * buffer to fn until DONE, ERROR or an error of fn. Messages of another seq or
 * port are dropped before fn. 64 KiB buffer; EINTR is retried. 0 or -errno of
 * the transport. -EBUSY: a dump is still running on this socket, nothing was
 * given to fn: take another socket. After an error the socket is not to be
 * used again. ret_calls: of the system, may be NULL. */
int nlsock_dump(struct mnl_socket *nl, const void *request, size_t len, uint32_t *ret_calls,
		chunk_fn fn, void *ctx);

/* SO_NETNS_COOKIE of any socket, 0: not to be had. */
uint64_t nlsock_cookie(int fd);

/* Joins the groups that tell of closed sockets; a large buffer. Such a socket is no
 * longer fit for dumps. 0 or -errno. */
int nlsock_join_destroy(struct mnl_socket *nl);
/* One datagram that is there already, into b at its end. Its length, 0: there is
 * none, -ENOBUFS: some were lost before, -errno. */
ssize_t nlsock_read(struct mnl_socket *nl, struct buf *b);

/* ---- netns: which namespaces there are; sockets inside one --------------- */

struct netns;				/* the list, thread-safe */
struct bpf_look;
/* proc_fd: of the proc root, borrowed. calls: system calls are added there. */
struct netns *netns_new(int proc_fd, _Atomic uint64_t *calls);
void netns_free(struct netns *n);
/* Finds all and gives struct wire_ns of each: ours, those known before that are
 * still there, new ones. The others are forgotten. deep: fds and threads too; fds
 * that BPF has looked at are not looked at again (held: with spaces; NULL: none). */
int netns_find(struct netns *n, bool deep, const struct bpf_look *held, chunk_fn fn,
	       void *ctx);
/* Those that only sockets keep (ASK_SOCKET_NETNS). */
int netns_of_sockets(struct netns *n, const struct ask_fd *fds, size_t n_fds, chunk_fn fn,
		     void *ctx);
/* One, by pid or path (ASK_NETNS_FIND). */
int netns_find_one(struct netns *n, const char *spec, size_t len, chunk_fn fn, void *ctx);
uint32_t netns_count(struct netns *n);
/* Inodes of those known, in their order, 0: not known. *ret_version changes when
 * the list does. 0 or -ENOMEM. */
struct inodes { uint64_t *v; uint32_t n, cap; };
int netns_inodes(struct netns *n, struct inodes *ret, uint64_t *ret_version);
/* A netlink socket inside namespace ns (0: ours). Kept and reused; give it back.
 * Opened from a thread of its own that enters, opens and ends. */
int netns_socket(struct netns *n, uint16_t ns, int protocol, struct mnl_socket **ret);
void netns_socket_back(struct netns *n, uint16_t ns, int protocol, struct mnl_socket *nl,
		       bool usable);
/* A file of a namespace: "net/NAME" or "sys/net/NAME". Where the namespace may
 * not be entered, net/NAME of a process living in it. */
int netns_read(struct netns *n, uint16_t ns, const char *path, struct buf *b);
/* ASK_ROUTE_NSID: ids of the known namespaces as ns numbers them. */
int netns_ids(struct netns *n, uint16_t ns, chunk_fn fn, void *ctx);

/* The row of the namespace with this inode and, as far as both are known, this
 * cookie; ours, whatever they are, if it is marked so. -ENOENT. */
int netns_row(struct netns *n, const struct lssock_ns *where);

/* ---- order: requests that change something -------------------------------- */

/* Sends it there once and waits for the kernel's word (source.act). */
int order_send(struct netns *n, const struct lssock_ns *where, const void *request, size_t len,
	       uint32_t *ret_calls);

/* ---- procdir: ways through /proc ----------------------------------------- */

struct procscan {
	int proc_fd;			/* -1: there is no /proc */
	_Atomic uint64_t *calls;	/* system calls are added here; may be NULL */
	uint64_t ns_per_tick;
	uint64_t since_ns;		/* new_only: processes that started from here on */
	/* Sockets whose queue may hold descriptors in flight (inodes); NULL: any.
	 * Asking each socket's fdinfo costs twice as much as the walk itself. */
	const struct index *queued;
	bool fd_sizes;
	bool real;			/* a proc file system, not a copy of one */
	bool own_pids;			/* its pids are those of our pid namespace */
};
/* Fills fd_sizes by a look at our own fd directory. */
void procscan_init(struct procscan *s, int proc_fd);

/* A directory being read. */
struct dents {
	int fd, err;			/* err: why it ended, 0: at its end */
	uint32_t at, len;
	uint32_t room;			/* how many bytes are asked for at once */
	uint32_t calls;			/* of the system, since it was opened */
	_Alignas(8) char bytes[32768];
};
int dents_open(struct dents *d, int dirfd, const char *name);
/* The next name (. and .. too), valid until the next call; NULL: the end. */
const char *dents_next(struct dents *d);
void dents_close(struct dents *d);

struct numbers { int32_t *v; uint32_t n, cap; };
/* The entries of a directory whose names are numbers (pids, tids, fds). */
int dents_numbers(struct dents *d, int dirfd, const char *name, struct numbers *ret);

/* Every process. On an error what was read until then is there. */
int procscan_list(const struct procscan *s, struct numbers *ret);
/* How many fds they have open, counted until these are `enough` (but of a few
 * hundred processes always); those that turned out to hold none are taken out.
 * Where sizes do not count (fd_sizes): 0, and none. fds: of each, 0 not known, may
 * be NULL. */
uint64_t procscan_drop_idle(const struct procscan *s, uint64_t enough, struct numbers *pids,
			    uint32_t *fds);
/* The number of open fds alone, at most about `enough`. -EOPNOTSUPP: sizes do not
 * count. Processes that may not be looked at count 0. */
int64_t procscan_fd_count(const struct procscan *s, uint64_t enough);

#define READ_CALLS 4		/* system calls of io_read_at for a small file */
#define FDS_MANY 5000		/* by /proc they take what loading BPF takes */
#define PROC_ALONE 3		/* links of a task directory: one thread, or none */
#define PROC_PATH 64
/* "PID/", or "PID/task/TID/" if tid, or "task/TID/" if pid is 0; then name and,
 * if it is not negative, a number. */
const char *proc_path(char path[PROC_PATH], int32_t pid, uint32_t tid, const char *name,
		      int32_t number);

/* A whole name as a number, -1: it is not one. */
int32_t proc_number(const char *name);
/* openat and readlinkat with EINTR retried: fd or length, or -errno. */
int proc_open_at(int dirfd, const char *name, int flags);
int proc_link_at(int dirfd, const char *name, char *link, size_t size);
/* fstatat and fstat likewise: 0 or -errno. */
struct stat;
int proc_stat_at(int dirfd, const char *name, int flags, struct stat *ret);
int proc_stat_fd(int fd, struct stat *ret);
/* /proc/PID/stat through the directory of the process. */
struct procfs_stat;
int procscan_stat(int dirfd, struct procfs_stat *ret);
int procscan_stat_at(int dirfd, const char *name, struct procfs_stat *ret);
/* /proc/PID as a directory fd whose process started at start_ns (0: any).
 * -ESRCH: another one. */
int procscan_open(const struct procscan *s, int32_t pid, uint64_t start_ns);
/* Our own thread's directory below the proc root, or below /proc. */
int procscan_self(int proc_fd);
/* A file in a foreign root: absolute links stay inside. flags: O_NOFOLLOW or 0.
 * O_PATH fd or -errno. */
int proc_open_inside(int root, const char *path, int flags);

/* A line of mountinfo; texts as they are there (octal escapes). */
struct mount_text { const char *s; size_t len; };
struct mount_line { uint64_t id; struct mount_text root, point, type, options; };
/* Takes the next line that makes sense; false: no more. */
bool mount_next(struct mount_text *text, struct mount_line *ret);

/* ---- procscan: /proc -> owner stream ------------------------------------ */

int procscan_owners(const struct procscan *s, const struct ask_owners *arg, size_t arg_len,
		    chunk_fn fn, void *ctx);
int procscan_holders(const struct procscan *s, const struct ask_owners *arg, size_t arg_len,
		     chunk_fn fn, void *ctx);

/* Descriptors worth a look of their own: io_urings (inode 0) and sockets that may
 * have others in their queue. */
struct fd_place { int32_t pid; uint32_t tid; int32_t fd; uint32_t inode; };
struct places { struct fd_place *v; uint32_t n, cap; };
/* What they hold, as records RING and IN_FLIGHT. Those of a process stand
 * together. */
int procscan_places(const struct procscan *s, const struct places *places, chunk_fn fn,
		    void *ctx);

/* ---- bpf: the owner stream from the kernel itself ------------------------ */

struct bpf_owners;			/* the program, loaded */
/* 0, -EOPNOTSUPP: it is not built in, -EPERM: it takes CAP_BPF and CAP_PERFMON, or
 * the capability they came from. */
int bpf_owners_may(void);
bool bpf_owners_likely(void);		/* by its version this kernel takes it */
/* Errors: this kernel does not take it, or not from us. */
int bpf_owners_new(uint64_t ns_per_tick, struct bpf_owners **ret);
void bpf_owners_free(struct bpf_owners *b);	/* takes NULL */
/* One pass over all processes of our pid namespace, private tables of threads
 * included, without BY. One at a time. After an error a part may have been
 * given. look: what to look for besides; what it has found is the caller's to free,
 * in any case. */
struct bpf_look {
	const struct index *queued;	/* inodes whose holders are wanted; NULL: none */
	bool rings;			/* io_urings are wanted too */
	bool spaces;			/* only open namespaces are wanted, of any kind */
	struct places found;		/* where they are */
	struct numbers seen;		/* pids of processes whose files were seen */
};
int bpf_owners_read(struct bpf_owners *b, struct bpf_look *look, uint64_t *ret_calls,
		    chunk_fn fn, void *ctx);
/* How far the clock of our time namespace is from the kernel's. */
uint64_t bpf_clock_offset(void);

/* ---- bpfevent: changes of state from the kernel ---------------------------- */

struct bpf_events;			/* the program, loaded, and its ring */
/* netns: inode of the only namespace whose events are wanted, 0: of all. Errors as of
 * bpf_owners_may() and bpf_owners_new(). */
int bpf_events_new(uint64_t ns_per_tick, uint32_t netns, struct bpf_events **ret);
void bpf_events_free(struct bpf_events *b);	/* takes NULL */
int bpf_events_fd(const struct bpf_events *b);	/* readable: there are some */
/* Takes what is there, at most so many. time_ns: as our clock has it. */
typedef void (*bpf_event_fn)(void *ctx, uint64_t time_ns, const struct wire_state *s);
void bpf_events_take(struct bpf_events *b, uint32_t max, bpf_event_fn fn, void *ctx);
/* How many were lost since the last call. */
uint64_t bpf_events_lost(struct bpf_events *b);

/* ---- events: what is told without being asked ------------------------------ */

struct events;
/* Subscribes to nothing yet. */
int events_new(struct netns *netns, uint64_t ns_per_tick, struct events **ret);
void events_free(struct events *e);		/* takes NULL */
int events_fd(const struct events *e);
/* ASK_EVENTS. */
int events_ask(struct events *e, const struct ask_events *arg, uint32_t *ret_calls,
	       chunk_fn fn, void *ctx);
/* Namespaces were looked for: lets go of those that are not there any more. What
 * their sockets had still to say is given at the next ask. */
void events_prune(struct events *e);

/* ---- unitfiles: files of systemd's socket units ---------------------------- */

int unitfiles_read(_Atomic uint64_t *calls, chunk_fn fn, void *ctx);

/* ---- nss: names that others keep -------------------------------------------- */

/* ASK_HOST, ASK_SERVICE, ASK_USER. */
int nss_ask(const struct ask *a, chunk_fn fn, void *ctx);

/* ---- procexe: the file of its program ------------------------------------- */

int procscan_exe(const struct procscan *s, const struct ask_proc *arg, chunk_fn fn, void *ctx);

/* ---- procinfo: one process, and the machine ------------------------------ */

int procscan_details(const struct procscan *s, const struct ask_proc *arg, chunk_fn fn,
		     void *ctx);
int procscan_file(const struct procscan *s, const struct ask_file *arg, size_t arg_len,
		  chunk_fn fn, void *ctx);
int procscan_protoname(const struct procscan *s, const struct ask_fd *arg, chunk_fn fn,
		       void *ctx);
/* ASK_ALIVE. */
int procscan_alive(const struct procscan *s, const void *asked, size_t len, chunk_fn fn,
		   void *ctx);
int procscan_facts(const struct procscan *s, chunk_fn fn, void *ctx);

/* ---- cgroups: the tree of cgroup2 ----------------------------------------- */

/* The path of an id below the mount, -ENOENT: there is none (any more). */
int cgroup_path(uint64_t id, chunk_fn fn, void *ctx);
/* The id of such a path, u64; -ENOENT. */
int cgroup_id(const char *below, size_t len, chunk_fn fn, void *ctx);

/* ---- kernel ---------------------------------------------------------------- */

/* Gives a whole answer, unless r or the buffer say why not, and frees it. */
int source_give(struct buf *b, int r, chunk_fn fn, void *ctx);

#endif
