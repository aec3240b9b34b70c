/* SPDX-License-Identifier: MIT */
/*
 * The seam between the program and the world. A source is asked and answers in
 * bytes, in as many chunks as it likes; it may answer more than was asked,
 * never less. The live machine (kernel.c), a replayed tape and a tee that
 * records (tape.c) are sources. User space always filters again.
 *
 * An answer is known by (kind, ns, id): a tape finds it by these, so whatever
 * selects *another* answer must be in them; arg may only narrow it (state mask,
 * bytecode) or say the same as id in full (a path, of which id is the hash).
 *
 * ask() gives 0, or a negative errno if there is no answer (or only a part:
 * chunks may have come before). It may be called from pool workers when
 * `concurrent` below says so for the kind.
 */
#ifndef SOURCE_SOURCE_H
#define SOURCE_SOURCE_H

#include "base/buf.h"
#include "base/hash.h"
#include "lssock.h"
#include "wire/records.h"

enum ask_kind {
	/* ns 0, id 0. Text, "key value\n": now (epoch ns), boot (epoch ns), host,
	 * kernel, pid, uid, netns (inode of ours), netns_cookie, pidns_root (1: we see
	 * the initial pid namespace, 0: not, -: not known), hidepid (0 1 2;
	 * 0 too where it does not hold for us), proc (1:
	 * /proc is there, 0: not), fd_sizes (1: st_size of fd directories counts). */
	ASK_FACTS,

	/* id: ask_diag_id(). arg: a whole netlink message (header and body), made by
	 * wire/diag. Chunks: netlink messages as received, up to and with DONE or
	 * ERROR. Answered for namespace ns. Concurrent. */
	ASK_DIAG,

	/* ns: of a namespace. id: enum ask_text. The file's text. Concurrent. */
	ASK_TEXT,

	/* id 0. Owner stream of every process and of threads that can differ (leader
	 * is a zombie). arg: struct ask_owners or none. Concurrent, each for some of
	 * the processes of ASK_PIDS. */
	ASK_OWNERS,

	/* id: 0. Owner stream of what a first look does not see: threads with a
	 * table of their own, files registered in io_urings (how RING), sockets mapped
	 * but closed (how MAPPED; only if arg.maps), receivers of fds in flight (type
	 * IN_FLIGHT), and processes that were not there before. arg: struct
	 * ask_owners. Blocks if arg.maps; concurrent. */
	ASK_HOLDERS,

	/* id: pid | (hash32 of start ns) << 32. arg: struct ask_proc. Sections {u16
	 * tag, i16 errno, u32 len, bytes, padded to 4} of enum proc_section. -ESRCH: it
	 * is gone, or the pid is another process now. Blocks; concurrent. */
	ASK_PROC,

	/* id: hash of arg. arg: struct ask_file and the path. One struct
	 * wire_file: what the path is, as the owner sees it and as we see it.
	 * Blocks; concurrent. */
	ASK_FILE,

	/* id: hash of arg. arg: struct ask_fd. The text of getxattr
	 * system.sockprotoname; -ESTALE: the fd is another file now. */
	ASK_PROTONAME,

	/* ns 0, id: 0 shallow, 1 deep. Namespace records (struct wire_ns): ours
	 * first, then those of processes, named mounts and mountinfo; deep adds open
	 * namespace fds. The source then knows them: their place in the answer is the
	 * `ns` of later asks. */
	ASK_NETNS,

	/* id: 0. arg: array of struct ask_fd, socket fds without a row.
	 * struct wire_ns of namespaces that only these sockets keep; they are added
	 * behind those of ASK_NETNS. -EPERM: beside these there is one that may not
	 * be opened. */
	ASK_SOCKET_NETNS,

	/* id: hash of arg. arg: text, a pid or the path of a namespace file. One
	 * struct wire_ns, also if it is known already (same inode); a new one is
	 * added behind. -ENOENT, -ESRCH, -EACCES, -EINVAL: not a network namespace. */
	ASK_NETNS_FIND,

	/* ns, id: enum ask_route. rtnetlink messages as received; for
	 * ASK_ROUTE_NSID: array of struct wire_nsid. */
	ASK_ROUTE,

	/* id: cgroup v2 id. The path of the cgroup below its mount. */
	ASK_CGROUP,

	/* id: hash of arg. arg: such a path. Its id, u64; -ENOENT. */
	ASK_CGROUP_ID,

	/* id 0. Array of struct wire_pid, all processes that can hold something: to
	 * share a walk between workers. Of a live source only. -EALREADY: there is
	 * nothing to share, one ASK_OWNERS without pids gives all in one pass (BPF). */
	ASK_PIDS,

	/* id 0. arg: array of struct ask_alive. One byte each: 1, it is still there and
	 * can hold something; 0. Of a live source only. */
	ASK_ALIVE,

	/* ns 0, id 0. arg: struct ask_events or none. Never blocks: the event stream
	 * (struct wire_event) of what came since the last ask, oldest first per origin. The
	 * first one subscribes, for every namespace known then, and later ones for
	 * those that came to be known; it gives what can be told (EVENT_TELLS). */
	ASK_EVENTS,

	/* id: as of ASK_PROC. arg: struct ask_proc, sections 0. One struct wire_exe.
	 * -ESRCH as there, -ENOENT: it has no program. Blocks; concurrent. */
	ASK_EXE,

	/* ns 0, id 0. struct wire_unit of every file of systemd's socket units here.
	 * -EOPNOTSUPP: /proc is that of another machine. Blocks; concurrent. */
	ASK_UNITS,

	/* ns, id: enum ask_nat. nfnetlink messages as received. -EPERM: it takes
	 * CAP_NET_ADMIN there; -EPROTONOSUPPORT: this kernel has no nftables. */
	ASK_NAT,

	/* ns 0, id: hash of arg. arg: struct ask_host. The name of a host that leads back
	 * to this address; -ENOENT. Asks a name server; blocks; concurrent. */
	ASK_HOST,

	/* ns 0, id: enum lssock_proto << 16 | port. What services are called there;
	 * -ENOENT. Blocks; concurrent. */
	ASK_SERVICE,

	/* ns 0, id: of a user. His name by NSS; -ENOENT, -EOPNOTSUPP: /proc is that of
	 * another machine. Blocks; concurrent. */
	ASK_USER,

	ASK_N_KIND
};

/* family 0: both in one dump. variant 1: auto-bound sockets only (bytecode). */
static inline uint64_t ask_diag_id(unsigned proto, unsigned family, unsigned variant)
{
	return proto | (uint64_t)family << 8 | (uint64_t)variant << 16;
}

/* The id of ASK_PROC. */
static inline uint64_t ask_proc_id(int32_t pid, uint64_t start_ns)
{
	return (uint32_t)pid | (hash_u64(start_ns) & 0xffffffffu) << 32;
}

struct ask {
	uint16_t kind;
	uint16_t ns;
	uint64_t id;
	const void *arg;
	uint32_t arg_len;
};
/* Takes one chunk; negative ends the answer and is returned by ask. */
typedef int (*chunk_fn)(void *ctx, const void *bytes, size_t len);

struct source {
	/* Readable when ASK_EVENTS would give something; -1: not subscribed, or a tape. */
	int events_fd;
	int (*ask)(struct source *s, const struct ask *a, chunk_fn fn, void *ctx);
	/* A new round (tapes: the next frame). 1, or 0: there is none. */
	int (*next)(struct source *s);
	/* Sends one request that changes something (of wire/diag) into a namespace,
	 * known by inode and cookie since numbers do not outlive a round. 0 or the
	 * kernel's -errno. -EROFS: a tape; -ENOENT: the namespace is gone. */
	int (*act)(struct source *s, const struct lssock_ns *where, const void *request,
		   size_t len);
	/* Frees it. A tee: frees its inner source too; -errno: the tape is not whole. */
	int (*close)(struct source *s);
	bool live;			/* false: answers are from a tape */
	bool own_pids;			/* pids are those of our own pid namespace */
	_Atomic uint64_t calls;		/* system calls made for answers so far */
};

/* This machine. */
int kernel_open(const char *proc_root, enum lssock_collector collector, struct source **ret,
		struct lssock_err *err);
/* A recording. -EBADMSG: err names the chunk. */
int tape_open(const char *path, struct source **ret, struct lssock_err *err);
/* The same from memory (copied). */
int tape_open_bytes(const void *bytes, size_t len, struct source **ret,
		    struct lssock_err *err);
/* Records every answer of inner (which it then owns, on success) into a new file,
 * which takes its name at close. close() may be called while a late ask is still
 * on its way; both sources are then left to it. */
int tape_tee(struct source *inner, const char *path, bool anon, struct source **ret,
	     struct lssock_err *err);

/* ---- what kinds are given ---------------------------------------------- */

struct ask_owners {
	uint32_t n_pids;		/* > 0: only these (struct followed by i32 pids) */
	uint32_t maps;			/* look for mapped sockets (packet rings) */
	uint32_t new_only;		/* ASK_HOLDERS: only what was not there before */
	/* ASK_OWNERS of one pid: fds from here on, below `to` (0: all). Threads are
	 * the first part's. */
	uint32_t from, to;
};
struct ask_events { uint32_t no_bpf; uint32_t own; };	/* own: of namespace 0 alone */
struct ask_proc { int32_t pid; uint32_t sections; uint64_t start_ns; };	/* bits 1u << tag */
struct ask_fd { int32_t pid; uint32_t tid; int32_t fd; uint32_t inode; uint64_t start_ns; };
struct ask_alive { int32_t pid; uint32_t zero; uint64_t start_ns; };
struct ask_host { uint8_t family, zero[3], ip[16]; };
struct ask_file { int32_t pid; uint32_t path_len; uint64_t start_ns; };

#endif
