/* SPDX-License-Identifier: MIT */
/* The computed fields: what fieldtab.c names beside plain attribute bytes. */
#ifndef QUERY_GETTERS_H
#define QUERY_GETTERS_H

#include "query/field.h"

typedef void field_getter(const struct field *f, const struct lssock_snap *s, uint32_t row,
			  uint32_t owner, struct lssock_value *ret);

#define GETTER(name) void name(__attribute__((unused)) const struct field *f, \
			       __attribute__((unused)) const struct lssock_snap *s, \
			       __attribute__((unused)) uint32_t row, \
			       __attribute__((unused)) uint32_t owner, struct lssock_value *ret)

/* ---- field.c ------------------------------------------------------------- */

static inline bool row_has_state(const struct lssock_sock *k)
{
	return k->flags & LSSOCK_F_STATE;
}

static inline bool row_has_peer(const struct lssock_sock *k)	/* it may have another end */
{
	if (k->state == LSSOCK_CLOSE)
		return k->rport;	/* its end was told of, with the ends it had */
	return 1u << k->state & ~(1u << LSSOCK_STATE_NONE | 1u << LSSOCK_LISTEN |
				  1u << LSSOCK_BOUND | 1u << LSSOCK_CLOSE |
				  1u << LSSOCK_UNCONNECTED);
}

/* Text of a string id; id 0: not applicable. */
void get_string(const struct lssock_snap *s, uint32_t id, struct lssock_value *ret);
/* Attribute of the field. NULL: *ret says why there is none (see field_get). */
const void *get_attr(const struct field *f, const struct lssock_snap *s, uint32_t row,
		     size_t *ret_len, struct lssock_value *ret);
/* The same, in the class of the row's family for attributes that all have. */
const void *get_attr_of(uint8_t cls, uint8_t attr, const struct lssock_snap *s, uint32_t row,
			size_t *ret_len, struct lssock_value *ret);
/* Attribute number of the SK_MEMINFO words in a class, -1: it has none. */
int mem_attr(unsigned cls);

/* ---- getsock.c: the socket itself ------------------------------------------ */

field_getter get_proto, get_family, get_type, get_state, get_source, get_inode, get_cookie,
    get_netns, get_nsname, get_space, get_iface, get_ifindex, get_uid, get_user, get_recvq,
    get_sendq, get_queue, get_limit, get_queues, get_autobound, get_timer, get_expires,
    get_retrans, get_v6only, get_shutdown, get_clients, get_why,
    get_ports_used;

/* ---- getend.c: its two ends ------------------------------------------------- */

field_getter get_laddr, get_raddr, get_lport, get_rport, get_path, get_local, get_remote,
	get_lhost, get_rhost, get_address, get_dir, get_peer, get_peer_proc, get_peer_pid,
	get_peer_ns, get_nlproto, get_portid, get_ethertype, get_ipproto, get_icmp_id,
	get_xdp_queue;
/* The local address; family 0 where it stands for every one of both families. */
struct lssock_addr local_addr(const struct lssock_sock *k);

/* ---- getscope.c: who can reach it -------------------------------------------- */

field_getter get_scope, get_published, get_file_state, get_file_user, get_file_group,
	get_file_mode, get_file_ino;

/* ---- getowner.c: who holds it ----------------------------------------------- */

field_getter get_pid, get_tid, get_fd, get_proc, get_process, get_cmd, get_exe, get_exe_deleted,
    get_exe_replaced, get_exe_writable,
    get_ppid, get_puid, get_puser, get_start, get_unit, get_service, get_container, get_runtime,
    get_pod, get_nowners, get_nofile, get_nfds, get_fd_use;
/* Whether all that one process holds has the same value of the field. */
bool get_is_of_proc(const struct field *f);
/* "name[pid]" of an owner, added to ret's text. */
void put_owner(const struct lssock_snap *s, uint32_t owner, struct lssock_value *ret);

/* ---- getattr.c: attributes that are not one plain number ----------------------- */

field_getter get_mem, get_cong, get_ca_state, get_options, get_idle, get_sockopt, get_mark,
	get_cgroup, get_socket_unit, get_bbr_bw, get_bbr_gain, get_ulp, get_tls_version,
	get_tls_cipher, get_tls_conf, get_mptcp_retransmits, get_mptcp_flags, get_subflow_token,
	get_groups, get_ring, get_fanout, get_words;
/* get_words: f->words names the bits of 4 bytes, from bit 0. */

/* ---- getwatch.c: what has become of it, and what that means ---------------------- */

field_getter get_rx, get_tx, get_rate, get_rx_avg, get_tx_avg, get_in, get_out, get_seen,
	get_lasted, get_closed, get_was, get_problem, get_verdict, get_limits;

#endif
