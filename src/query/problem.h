/* SPDX-License-Identifier: MIT */
/* What is wrong with a socket, and the sentence that says how it is doing. */
#ifndef QUERY_PROBLEM_H
#define QUERY_PROBLEM_H

#include "query/field.h"

/* ---- problem.c ---------------------------------------------------------------- */

/* Problems of one row, bits 1u << lssock_problem, but for PROBLEM_PORTS. What is not
 * known is no problem, and a closed socket has none. */
uint16_t problem_bits(const struct lssock_snap *s, uint32_t row);
/* Sets the problems of every track of a snapshot that is being made. Without memory
 * PROBLEM_PORTS is not found. */
void problem_all(struct lssock_snap *s);

/* Remotes to which more than four in five ephemeral ports are in use from one address. */
struct ports_used {
	uint32_t row;			/* one of the connections */
	uint32_t used, range;		/* ports */
};
/* -ENOMEM. */
int problem_ports_used(const struct lssock_snap *s,
		       void (*tell)(void *ctx, const struct ports_used *p), void *ctx);

/* Offsets in struct tcp_info (include/uapi/linux/tcp.h). */
enum tcp_info_at {
	INFO_CA_STATE = 1, INFO_RETRANSMITS = 2, INFO_PROBES = 3, INFO_APP_LIMITED = 7,
	INFO_UNACKED = 24, INFO_LOST = 32, INFO_RETRANS = 36, INFO_LAST_SENT = 44,
	INFO_LAST_RECV = 52, INFO_LAST_ACK = 56, INFO_RETRANS_TOTAL = 100, INFO_ACKED = 120,
	INFO_RECEIVED = 128, INFO_NOTSENT = 144, INFO_BUSY = 168, INFO_RWND_LIMITED = 176,
	INFO_SNDBUF_LIMITED = 184, INFO_SND_WND = 228,
};
#define INFO_NONE UINT64_MAX
/* A number of `size` bytes (1 4 8) in a TCP row's tcp_info; INFO_NONE: it is not known. */
uint64_t tcp_info_at(const struct lssock_snap *s, uint32_t row, enum tcp_info_at at,
		     unsigned size);
/* Time since data went either way, in us; INFO_NONE. */
uint64_t tcp_idle_us(const struct lssock_snap *s, uint32_t row);
/* How long the row has been in its state, or for how long at least; INFO_NONE. */
uint64_t tcp_since_us(const struct lssock_snap *s, uint32_t row, bool *ret_exact);
/* More wait to be accepted than the backlog allows. */
bool accept_queue_full(const struct lssock_sock *k);
/* Time from then until the snapshot was taken, in us. */
uint64_t snap_ago_us(const struct lssock_snap *s, uint64_t then_ns);

/* ---- verdict.c ---------------------------------------------------------------- */

/* One sentence, never empty. It is raw: names of processes are in it. */
void verdict_put(const struct lssock_snap *s, uint32_t row, struct buf *b);
/* What held up sending, in shares of the time; nothing where that is not known. */
void verdict_limits(const struct lssock_snap *s, uint32_t row, struct buf *b);

#endif
