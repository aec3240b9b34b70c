/* SPDX-License-Identifier: MIT */
/*
 * enum <-> names: the only copy of every list of names. All `*_find` are
 * case-blind and give -1 for a name that is none.
 */
#ifndef MODEL_NAMES_H
#define MODEL_NAMES_H

#include "base/buf.h"
#include "lssock.h"

const char *names_proto(unsigned proto);		/* "tcp" … "?" out of range */
int names_proto_find(const char *s, size_t len);
const char *names_state(unsigned state);		/* "ESTABLISHED" */
const char *names_state_short(unsigned state);		/* "estab", at most 7 characters */
/* A state or a group by any spelling of ours, ss, lsof or netstat: a set of
 * bits 1u << state ("connected" "synchronized" "bucket" "big" "all" too).
 * 0: no such name. '-' and '_' are the same. */
uint32_t names_states(const char *s, size_t len);
const char *names_why(unsigned why);			/* "time-wait" … NULL for NONE */
int names_why_find(const char *s, size_t len);
const char *names_family(unsigned af);			/* "inet" "inet6" "unix" … "?" */
const char *names_type(unsigned type); /* "stream" "dgram" …, NULL: not known */
const char *names_timer(unsigned timer);		/* "on" "keepalive" …, NULL for 0 */
const char *names_source(unsigned flags);		/* "diag" "procfs" "fd" */
const char *names_file_state(unsigned state);		/* "live" … NULL for UNKNOWN */
const char *names_netlink(unsigned protocol);		/* "route" …, NULL */
const char *names_ethertype(unsigned type);		/* "all" "ip" "arp" …, NULL */
const char *names_ip_protocol(unsigned protocol);	/* "icmp" …, NULL */
const char *names_ca_state(unsigned ca);		/* "open" … */
const char *names_note(unsigned kind);			/* "unreadable-process" … (JSON kind) */
void names_put_errno(struct buf *b, int err);		/* "EACCES", "errno 4095" */
const char *names_how(unsigned how);
/* The protocol of a socket by AF_*, SOCK_* and IPPROTO_*. */
enum lssock_proto names_socket(unsigned family, unsigned type, unsigned protocol);
/* Protocol and family of a `system.sockprotoname` value ("TCPv6", "UNIX-STREAM",
 * "NETLINK", …): *ret_family AF_* or 0, *ret_type SOCK_* or 0; LSSOCK_OTHER for a
 * name we have no table for. */
enum lssock_proto names_sockproto(const char *s, size_t len, uint8_t *ret_family,
				  uint8_t *ret_type);
/* ss -f / -A words: "inet" "tcp" "u_str" "unix_dgram" "raw" "all" …: the bits
 * of protos, of families (1 IPv4, 2 IPv6; 0: no say) and the unix, packet or
 * vsock type (0: any). -1: no such word. "inet" says IPv4, as -f means it; -A
 * means both and ignores families. */
int names_selection(const char *s, size_t len, uint32_t *ret_protos,
		    uint32_t *ret_families, uint8_t *ret_type);
/* The name nearest to s in a NULL-terminated list, NULL if none is near. */
const char *names_nearest(const char *s, size_t len, const char *const *list);

#endif
