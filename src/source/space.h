/* SPDX-License-Identifier: MIT */
/* A network namespace as the places where it can be opened. horizon.c finds them,
 * netns.c keeps the list, visit.c goes in. */
#ifndef SOURCE_SPACE_H
#define SOURCE_SPACE_H

#include "source/parts.h"

#define SPACES_MAX 60000	/* row numbers have 16 bits */
#define PLACES 3
#define TABLE_MAX (1u << 30)	/* of a table in /proc/net: 7 million lines */

enum place_kind { BY_PID, BY_PATH, BY_FD, BY_SOCKET };
struct place {
	enum place_kind kind;
	int32_t pid;			/* BY_PATH: in whose root, 0: ours */
	uint32_t tid;
	int32_t fd;
	uint32_t inode;			/* BY_SOCKET: of the socket */
	char *path;
};

struct space {
	uint64_t ino;			/* 0: may not be known */
	uint64_t cookie;
	uint64_t key;			/* of /proc/PID/net/dev where ino may not be known */
	char *name, *path;
	int32_t pid;
	uint32_t nprocs;
	int err;			/* positive; why it was not entered */
	uint16_t flags;
	bool taken;
	uint8_t n_places;
	struct place places[PLACES];
};
struct spaces { struct space *v; uint32_t n, cap; };

/* What is needed to look for them. */
struct horizon {
	struct procscan scan;
	uint64_t dev;			/* of nsfs */
	uint64_t own_ino, own_key;
	int err;			/* why ours is not known */
};

void horizon_init(struct horizon *h, int proc_fd);
/* The inode of /proc/PID/net/dev, which is another one in each namespace; 0: none. */
uint64_t horizon_key(int proc_fd, int32_t pid);

void space_release(struct space *s);
void spaces_release(struct spaces *l);
/* All but the name: to work with outside of a lock. False: no memory; release
 * what there is. */
bool space_copy(const struct space *s, struct space *ret);
struct space *spaces_find(const struct spaces *l, uint64_t ino);
/* A string of its own, mem_free(); NULL: no memory. */
char *space_text(const char *s, size_t len);
/* One more place where it can be opened, copied. */
void space_place(struct space *s, const struct place *p);
/* As struct wire_ns. */
void space_put(struct buf *b, const struct space *s);
/* An fd of the namespace itself, or -errno. hang_free: leaves out paths in the
 * roots of others. */
int space_open(int proc_fd, const struct space *s, uint64_t dev, bool hang_free);

/* All there are, ours first; deep, held: as netns_find(). -errno: not all (those found
 * are in the list). */
int spaces_look(const struct horizon *h, bool deep, const struct bpf_look *held,
		struct spaces *ret, uint32_t *ret_calls);
/* One. To be released in any case. */
int space_of_pid(const struct horizon *h, int32_t pid, struct space *ret);
int space_of_path(const struct horizon *h, const char *path, struct space *ret);
/* -EPERM: the socket could be had, its namespace not; ret->cookie may tell which. */
int space_of_socket(const struct horizon *h, const struct ask_fd *fd, struct space *ret);

/* ---- visit: work inside one ---------------------------------------------- */

enum { NL_DIAG, NL_ROUTE, NL_NETFILTER, NL_N };
extern const int nl_protocols[NL_N];

struct errand {
	int socket;			/* NL_* that is wanted; -1: the file */
	const char *file;		/* "net/NAME" or "sys/net/NAME" */
};
struct brought {
	struct mnl_socket *nl[NL_N];
	uint64_t cookie;		/* of the namespace, 0: not known */
	struct buf text;
};
#define STOPS 16
#define STOP_CALLS 4			/* system calls of going in */
/* One namespace of a visit; the caller's, with what is brought. */
struct stop {
	struct space space;
	bool also[NL_N];		/* sockets to bring if they can be had */
	struct brought brought;
	int err;			/* of the errand; -EAGAIN: it was not come to */
	bool entered;			/* it was not the way in that failed */
};
/* Does the errand in each of at most STOPS namespaces, in their order. If a way in
 * hangs, what is behind is not come to. 0, or why there was no visit at all. */
int visit(const struct horizon *h, const struct errand *e, struct stop *stops, uint32_t n);
/* A file in the namespace of the calling thread. */
int visit_read_here(int proc_fd, const char *path, struct buf *b);

#endif
