/* SPDX-License-Identifier: MIT */
/*
 * /proc/net texts -> rows, where sock_diag cannot be had. All rows are marked
 * LSSOCK_SRC_PROCFS and have no cookie. unix: only rows whose inode `believed`
 * says yes to are taken (any user can forge lines there: interface ruling 20).
 */
#ifndef WIRE_PROCNET_H
#define WIRE_PROCNET_H

#include "model/snap.h"

struct procnet {
	struct lssock_snap *snap;
	uint16_t ns;
	bool (*believed)(void *ctx, uint32_t inode);	/* unix only */
	void *ctx;
	uint32_t rows, bad;		/* results: lines taken; lines that make no sense */
};
/* text: the whole file; which: enum ask_text of a TEXT_NET_* table. */
int procnet_table(struct procnet *p, int which, const char *text, size_t len);
/* The tables of a protocol, ended by 0; NULL: there is none. */
const int *procnet_tables(unsigned proto);

/* sockstat's "tw N" of TCP; LSSOCK_NONE: not there. */
uint32_t procnet_time_wait(const char *text, size_t len);
/* A number of sockstat/sockstat6: line "TCP:", word "inuse". UINT64_MAX: absent. */
uint64_t procnet_sockstat(const char *text, size_t len, const char *line, const char *word);
/* A counter of netstat (or snmp): a line "TcpExt:" of names, the next of their values.
 * UINT64_MAX: absent. */
uint64_t procnet_netstat(const char *text, size_t len, const char *line, const char *name);
/* "sockets" column of /proc/net/protocols for a protocol name. LSSOCK_NONE. */
uint32_t procnet_protocol_count(const char *text, size_t len, const char *name);
/* Whether sockets of it may exist: not if it is not registered or counts none. */
bool procnet_protocol_held(const char *text, size_t len, const char *name);
bool procnet_port_range(const char *text, size_t len, uint16_t *ret_lo, uint16_t *ret_hi);
bool procnet_port(const char *text, size_t len, uint16_t *ret);	/* one number */

#endif
