/* SPDX-License-Identifier: MIT */
/* What the parts of the live source give each other: nlsock, netns, procscan. */
#ifndef SOURCE_PARTS_H
#define SOURCE_PARTS_H

#include "base/buf.h"
#include "source/source.h"

/* ---- nlsock: a netlink socket and its dump loop ------------------------- */

struct mnl_socket;
/* In the namespace of the calling thread. protocol: NETLINK_SOCK_DIAG or
 * NETLINK_ROUTE. 0 or -errno. */
int nlsock_open(int protocol, struct mnl_socket **ret);
/* Sends the request (a whole message; seq is set here) and gives every received
 * buffer to fn until DONE, ERROR or an error of fn. Messages of another seq or
 * port are dropped before fn. 64 KiB buffer; EINTR is retried; EBUSY retried
 * after a reopen by the caller. 0 or -errno of the transport. */
int nlsock_dump(struct mnl_socket *nl, const void *request, size_t len, chunk_fn fn, void *ctx);

/* ---- netns: which namespaces there are; sockets inside one --------------- */

struct netns;				/* the list, thread-safe */
struct netns *netns_new(int proc_fd);	/* proc_fd: of the proc root, borrowed */
void netns_free(struct netns *n);
/* Finds and appends what is new; gives struct wire_ns of all. deep: fds too. */
int netns_find(struct netns *n, bool deep, chunk_fn fn, void *ctx);
/* Those that only sockets keep (ASK_SOCKET_NETNS). */
int netns_of_sockets(struct netns *n, const struct ask_fd *fds, size_t n_fds, chunk_fn fn, void *ctx);
/* A netlink socket inside namespace ns (0: ours). Kept and reused; give it back.
 * Opened from a thread of its own that enters, opens and ends. */
int netns_socket(struct netns *n, uint16_t ns, int protocol, struct mnl_socket **ret);
void netns_socket_back(struct netns *n, uint16_t ns, int protocol, struct mnl_socket *nl, bool usable);
/* A file below /proc/thread-self/net or /proc/sys/net of a namespace. */
int netns_read(struct netns *n, uint16_t ns, const char *path, struct buf *b);
/* ASK_ROUTE_NSID: ids of the known namespaces as ns numbers them. */
int netns_ids(struct netns *n, uint16_t ns, chunk_fn fn, void *ctx);

/* ---- procscan: /proc -> owner stream ------------------------------------ */

struct procscan { int proc_fd; uint64_t ns_per_tick; bool fd_sizes; };
/* Fills fd_sizes by a look at our own fd directory. */
void procscan_init(struct procscan *s, int proc_fd);
int procscan_owners(const struct procscan *s, uint64_t slice, const struct ask_owners *arg,
		    size_t arg_len, chunk_fn fn, void *ctx);
int procscan_holders(const struct procscan *s, const struct ask_owners *arg, size_t arg_len,
		     chunk_fn fn, void *ctx);
int procscan_details(const struct procscan *s, const struct ask_proc *arg, chunk_fn fn, void *ctx);
int procscan_file(const struct procscan *s, const struct ask_file *arg, size_t arg_len,
		  chunk_fn fn, void *ctx);
int procscan_protoname(const struct procscan *s, const struct ask_fd *arg, chunk_fn fn, void *ctx);
int procscan_facts(const struct procscan *s, chunk_fn fn, void *ctx);
/* /proc/PID as a directory fd whose process started at start_ns (0: any).
 * -ESRCH: another one. */
int procscan_open(const struct procscan *s, int32_t pid, uint64_t start_ns);

#endif
