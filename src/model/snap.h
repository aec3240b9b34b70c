/* SPDX-License-Identifier: MIT */
/*
 * The snapshot: builder (one writer), then sealed and shared. Rows are in
 * arrays; rows refer to each other by number, to text by string id, and to the
 * kernel's attributes by offset.
 */
#ifndef MODEL_SNAP_H
#define MODEL_SNAP_H

#include "base/buf.h"
#include "base/hash.h"
#include "lssock.h"
#include "model/kind.h"

struct snap_user { uint32_t uid, name; };	/* sorted by uid; so are groups */
struct snap_host { uint8_t ip[16]; uint32_t name; uint8_t family; };	/* name 0: none */
/* A unix socket with `count` fds of others in its receive queue (SCM_RIGHTS).
 * proc 0: several processes could receive them. */
struct snap_in_flight { uint32_t inode, proc, count; int32_t fd; };

/* Path of a cgroup v2 id below its mount; path 0: there is none (any more). */
struct snap_cgroup { uint64_t id; uint32_t path; };

/* The socket unit of a row that pid 1 holds; NONE: several could be it. */
struct snap_sock_unit { uint32_t row, unit; };

struct snap_living { uint32_t proc, ns_ino; };

/* The last look at all owners that a snapshot relies on. */
struct snap_look {
	uint64_t at_ns;			/* io_now_ns(), 0: there was none */
	uint64_t fds;			/* that were open then */
	uint32_t rounds;		/* that relied on it since */
	uint32_t unreadable;		/* processes */
	bool twice;			/* the second look took place */
};

struct lssock_snap {
	struct lssock_meta meta;
	VEC(struct lssock_sock) socks;
	VEC(struct lssock_owner) owners;	/* row 0 unused */
	VEC(struct lssock_proc) procs;		/* row 0 unused */
	VEC(struct lssock_ns) ns;		/* row 0: our own */
	VEC(struct lssock_iface) ifaces;	/* row 0 unused */
	VEC(struct lssock_ifaddr) ifaddrs;
	VEC(struct lssock_file) files;		/* row 0 unused */
	VEC(struct lssock_nat) nats;
	bool nats_known;
	VEC(struct lssock_note) notes;
	VEC(struct snap_user) users, groups;
	VEC(struct snap_user) services;		/* sorted: proto << 16 | port */
	VEC(struct snap_host) hosts;		/* addresses whose names were asked */
	struct index by_host;			/* stays when it is sealed */
	bool hosts_known;
	VEC(struct snap_in_flight) in_flight;
	VEC(struct snap_cgroup) cgroups;
	VEC(struct snap_sock_unit) sock_units;	/* in order of rows */
	bool sock_units_known;
	uint32_t kept[7]; /* by diag_class: attributes that were kept (bit = type) */
	uint64_t files_open, files_max;	/* of the machine (file-nr); 0: not known */
	uint32_t *port_use; /* per row: see query/ports.h; NULL: not asked */
	uint32_t *clients; /* per row: connected through or to it; NULL: not asked */
	struct buf attrs;  /* per row: u32 length, attributes as they came; from offset 4 */
	struct strings strings;
	struct index by_id;		/* identity -> row */
	struct index by_inode;		/* inode -> first owner row */
	struct index by_pid;		/* pid -> newest proc row */
	struct index by_proc;		/* pid and start -> proc row */
	struct index by_holder;		/* owners of long chains, by what they are */
	struct index by_tail;		/* inode of a long chain -> its last owner */
	struct index by_iface;		/* ns and ifindex -> row */
	struct index by_ns;		/* inode of a namespace -> newest row */
	struct index by_flight;		/* inode of a receiver -> row of in_flight */
	struct index by_gap;		/* pid and errno of processes that were noted */
	VEC(struct snap_living) living;	/* processes in namespaces without a row yet */
	struct snap_kinds kinds;	/* of sockets, by owner; while building */
	uint64_t changes;		/* of rows and owners, so far; from 1 */
	uint64_t owners_as_of, via_as_of; /* changes when they were linked, 0: never */
	struct snap_look look;
	VEC(struct lssock_track) tracks; /* of a watch: by row; else empty */
	uint32_t there;			/* of a watch: rows from here on are closed */
	VEC(struct lssock_event) events; /* of a watch: since the snapshot before */
	uint32_t holds;
	struct snap_bin *bin;		/* of the series; NULL: of none */
	bool sealed, failed;		/* failed: out of memory while building */
};

/* A snapshot with one hold, or NULL. */
struct lssock_snap *snap_new(void);
/* One that follows `before`, or NULL: with room for as much and a little more. The
 * memory of the last of the series that nobody holds any more serves again: a round of
 * 100,000 rows would give the kernel back 60 MB, and take them again page by page. */
struct lssock_snap *snap_after(const struct lssock_snap *before);
/* 0 or -ENOMEM: something could not be kept. Frees the building indexes. */
int snap_seal(struct lssock_snap *s);

/* Adds a socket, or meets it again: rows are the same when (proto, ns, cookie)
 * are (before Linux 5.4 each namespace counts cookies for itself; SCTP and MPTCP
 * share them between a listener and its connections: and the ends; cookie 0:
 * proto, ns, ends, ports and inode). Met again, the later record wins, but keeps
 * a name, attributes or flags that only the earlier one had. attrs: netlink
 * attributes as they came (may be NULL).
 * owner, peer, via of *k are ignored. Returns the row, LSSOCK_NONE: no memory;
 * *ret_new (may be NULL): whether it is new. */
uint32_t snap_add(struct lssock_snap *s, const struct lssock_sock *k,
		  const void *attrs, uint32_t attrs_len, bool *ret_new);
/* Room for len bytes of attributes where those of a new row belong: made there, they
 * need not be copied. Until the next row is added; NULL: no memory. */
void *snap_attrs_room(struct lssock_snap *s, uint32_t len);
/* A row of its own, whatever has the same identity; it is not found by that. */
uint32_t snap_append(struct lssock_snap *s, const struct lssock_sock *k, const void *attrs,
		     uint32_t attrs_len);
/* Row by identity as above, LSSOCK_NONE: none. guess: a row to look at first. */
uint32_t snap_find(const struct lssock_snap *s, const struct lssock_sock *k);
uint32_t snap_find_near(const struct lssock_snap *s, const struct lssock_sock *k,
			uint32_t guess);

/* Adds a process as seen by one look at it. The same (pid, start_ns) gives the
 * same row. Returns the row, 0: no memory. */
uint32_t snap_proc(struct lssock_snap *s, const struct lssock_proc *p);
/* Adds an owner of an inode. The same (proc, fd, how) twice is one, with the
 * lower tid. */
int snap_owner(struct lssock_snap *s, uint32_t inode, const struct lssock_owner *o);
/* Puts the owners of how FD first on every chain, of these the oldest process. */
void snap_sort_owners(struct lssock_snap *s);
/* First owner row of an inode, 0: none. */
uint32_t snap_owner_of(const struct lssock_snap *s, uint32_t inode);

/* Adds a namespace, or meets it again (ours: row 0; else the same inode, and no
 * other cookie). Returns the row, 0xffff: no room. */
uint16_t snap_ns(struct lssock_snap *s, const struct lssock_ns *n);
/* Adds what a receiver has in its queue; the same inode again is one. */
void snap_in_flight(struct lssock_snap *s, const struct snap_in_flight *f);
/* The process lives in the namespace of this inode, whose row may come later. */
void snap_lives_in(struct lssock_snap *s, uint32_t proc, uint32_t ns_ino);
void snap_find_homes(struct lssock_snap *s);	/* once more rows of namespaces came */

/* Row of an interface of a namespace, made if it is new; ifindex 0 gives 0. */
uint16_t snap_iface(struct lssock_snap *s, uint16_t ns, uint32_t ifindex);
/* Notes of the same (kind, ns, err, what) are one, counts are added. what: a
 * string of ours or from outside, may be NULL. */
void snap_note(struct lssock_snap *s, enum lssock_note_kind kind, uint16_t ns,
	       int err, uint32_t count, const char *what);
uint32_t snap_string(struct lssock_snap *s, const void *p, size_t len);
/* From the text of /etc/passwd or /etc/group. */
void snap_users(struct lssock_snap *s, const char *text, size_t len);
void snap_groups(struct lssock_snap *s, const char *text, size_t len);
/* One more user, who had no name. */
void snap_user(struct lssock_snap *s, uint32_t uid, const char *name, size_t len);
const char *snap_group(const struct lssock_snap *s, uint32_t gid, size_t *ret_len);

/* Payload of an attribute in a row's kept attributes; as lssock_attr. */
struct snap_attr { unsigned type; const void *p; size_t len; };
/* Of several at once: their types are set, p is NULL and stays so if it is not there. */
void snap_attrs(const struct lssock_snap *s, const struct lssock_sock *k,
		struct snap_attr *wanted, unsigned n);
const void *snap_attr(const struct lssock_snap *s, const struct lssock_sock *k,
		      unsigned type, size_t *ret_len);
static inline const struct lssock_sock *snap_row(const struct lssock_snap *s, uint32_t row)
{
	return &s->socks.v[row];
}
bool snap_is_inet(const struct lssock_sock *k);	/* has addresses and ports */

#endif
