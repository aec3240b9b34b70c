/* SPDX-License-Identifier: MIT */
/* Texts and records about processes -> rows. No I/O. All input is hostile. */
#ifndef WIRE_PROCFS_H
#define WIRE_PROCFS_H

#include "model/snap.h"
#include "base/buf.h"

/* ---- for the scanner: one process's files ------------------------------- */

struct procfs_stat { int32_t pid, ppid; char state; uint64_t start_ticks; uint32_t flags;
		     char comm[64]; uint32_t comm_len; };	/* comm as it is there */
/* /proc/PID/stat; parsed from the last ')'. -EBADMSG. */
int procfs_stat(const char *text, size_t len, struct procfs_stat *ret);
/* Some kernels write a newline of the name as \n there and a backslash as \\,
 * others write them as they are: a name with a backslash can be either. */
bool procfs_comm_is_unsure(const struct procfs_stat *st);
/* The name from the text of /proc/PID/comm, which never escapes. */
void procfs_comm(const char *text, size_t len, struct procfs_stat *st);
/* "socket:[123]" -> inode; 0: not a socket link. */
uint32_t procfs_socket_link(const char *link, size_t len);
/* "net:[4026531840]" -> inode; 0: not one. */
uint64_t procfs_net_link(const char *link, size_t len);
/* Effective uid of /proc/PID/status. false: not there. */
bool procfs_status_uid(const char *text, size_t len, uint32_t *ret);
/* fdinfo of an io_uring: calls fn for each registered socket inode. Returns how
 * many files it says it has ("UserFiles: N") or -EAGAIN when the list is left
 * out (the ring is busy), 0 when it has none. */
int procfs_ring_files(const char *text, size_t len, void (*fn)(void *, uint32_t inode),
		      void *ctx);
/* fdinfo of a unix socket: scm_fds, 0 if not there. */
uint32_t procfs_scm_fds(const char *text, size_t len);
/* maps: calls fn for each "socket:[N]" mapping. */
void procfs_map_sockets(const char *text, size_t len, void (*fn)(void *, uint32_t inode),
			void *ctx);
/* mountinfo: calls fn(mount point, namespace inode) for nsfs mounts of network
 * namespaces; octal escapes of the mount point are decoded. */
void procfs_mount_netns(const char *text, size_t len,
			void (*fn)(void *, const char *path, size_t len, uint64_t ino),
			void *ctx);

/* ---- into a snapshot ---------------------------------------------------- */

struct procfs_owners {			/* state between chunks of one owner stream; zero it */
	struct lssock_snap *snap;
	uint32_t proc;			/* row of the last task */
	uint64_t netns;
	uint16_t kind;			/* of the fds that follow, a row; 0: not known */
	uint64_t cookie;		/* of the next fd, 0: not known */
	/* results */
	uint32_t unreadable;		/* GAP other than ESRCH, EAGAIN */
	uint32_t vanished, fds, procs;
	uint32_t bad;			/* records that make no sense */
	uint8_t collector;		/* enum lssock_collector, 0: the stream does not say */
	int bpf_err;
};
/* chunk_fn with a struct procfs_owners as ctx. Notes are added for gaps. */
int procfs_owner_stream(void *owners, const void *bytes, size_t len);
/* ASK_PROC's sections into a process row. */
int procfs_details(struct lssock_snap *s, uint32_t proc, const void *bytes, size_t len);

/* ASK_EXE's answer into a row that has its details. */
void procfs_exe(struct lssock_snap *s, uint32_t proc, const void *bytes, size_t len);

/* The PROC_STAT section of such an answer, with the name of PROC_COMM if that
 * follows. -ENOENT: no stat. */
int procfs_section_stat(const void *bytes, size_t len, struct procfs_stat *ret);

/* What a cgroup path says; slices of `text`, len 0: nothing. Container ids are
 * cut to 12 characters; runtime "docker" "podman" "containerd" "cri-o" "lxc"
 * "nspawn" …; escapes \xNN of systemd undone in names (buf owns those). */
struct procfs_cgroup {
	char unit[256], container[128], pod[64];
	char manager[12];		/* uid of the user whose manager's the unit is, or "" */
	const char *runtime;
};
void procfs_cgroup(const char *text, size_t len, struct procfs_cgroup *ret);

/* ASK_FACTS' text into the snapshot's meta, and what else the collector needs. */
struct procfs_facts { uint64_t netns, netns_cookie; int pidns_root, hidepid, proc, fd_sizes; };
void procfs_facts(struct lssock_snap *s, const char *text, size_t len,
		  struct procfs_facts *ret);
/* ASK_NETNS' records appended to ns[]. */
void procfs_netns(struct lssock_snap *s, const void *bytes, size_t len);
/* ASK_FILE's answer -> a row of files[] for this socket row, in local.w[2]. */
void procfs_file(struct lssock_snap *s, uint32_t row, const void *bytes, size_t len);

#endif
