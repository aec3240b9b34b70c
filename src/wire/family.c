/* SPDX-License-Identifier: MIT */
/*
 * One sock_diag message of each address family -> a row, and what its
 * attributes say about the row itself. Knows nothing of requests, dumps, or of
 * which attributes are kept.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/tipc_netlink.h>
#include <linux/unix_diag.h>
#include <linux/vm_sockets_diag.h>
#include <linux/xdp_diag.h>
#include <sys/socket.h>

#include "wire/attr.h"
#include "wire/diag.h"

/* include/net/tcp_states.h, as replies number them. */
enum { KERNEL_CLOSE = 7, KERNEL_LISTEN = 10, KERNEL_CLOSING = 11,
       KERNEL_NEW_SYN_RECV = 12, KERNEL_BOUND_INACTIVE = 13 };

/* Words of SK_MEMINFO. */
enum { MEM_RMEM_ALLOC = 0, MEM_WMEM_ALLOC = 2 };

static uint64_t cookie_of(const uint32_t c[2])
{
	if (c[0] == INET_DIAG_NOCOOKIE && c[1] == INET_DIAG_NOCOOKIE)
		return 0;
	return c[0] | (uint64_t)c[1] << 32;
}

static void set_shutdown(struct lssock_sock *k, unsigned bits)
{
	k->flags |= LSSOCK_F_SHUT_KNOWN;
	if (bits & 1)
		k->flags |= LSSOCK_F_SHUT_RD;
	if (bits & 2)
		k->flags |= LSSOCK_F_SHUT_WR;
}

static void set_uid(struct lssock_sock *k, const struct attr *a)
{
	if (attr_u32(a, 0, &k->uid))
		k->flags |= LSSOCK_F_UID;
}

static void set_queues(struct lssock_sock *k, uint32_t rqueue, uint32_t wqueue)
{
	k->rqueue = rqueue;
	k->wqueue = wqueue;
	k->flags |= LSSOCK_F_QUEUES;
}

static void set_meminfo(struct lssock_sock *k, const struct attr *a)
{
	uint32_t rmem, wmem;

	if (attr_u32(a, MEM_RMEM_ALLOC * 4, &rmem) && attr_u32(a, MEM_WMEM_ALLOC * 4, &wmem))
		set_queues(k, rmem, wmem);
}

static void set_state(struct lssock_sock *k, uint8_t state)
{
	k->state = state;
	if (state != LSSOCK_STATE_NONE)
		k->flags |= LSSOCK_F_STATE;
}

/* ---- states ------------------------------------------------------------ */

static uint8_t same_state(unsigned st)
{
	return st <= KERNEL_CLOSING ? st : LSSOCK_STATE_NONE;
}

/* A TCP dump gives state 7 only for sockets found by the bind table: those
 * that are closed are in no table at all. */
static uint8_t tcp_state(unsigned st)
{
	if (st == KERNEL_CLOSE || st == KERNEL_BOUND_INACTIVE)
		return LSSOCK_BOUND;
	return st == KERNEL_NEW_SYN_RECV ? LSSOCK_SYN_RECV : same_state(st);
}

static uint8_t mptcp_state(unsigned st)
{
	return st == KERNEL_NEW_SYN_RECV ? LSSOCK_SYN_RECV : same_state(st);
}

/* PARTOPEN is TCP_MAX_STATES, 13 or 14 by kernel: it may carry data already. */
static uint8_t dccp_state(unsigned st)
{
	if (st > KERNEL_NEW_SYN_RECV)
		return LSSOCK_ESTABLISHED;
	return st == KERNEL_NEW_SYN_RECV ? LSSOCK_SYN_RECV : same_state(st);
}

static uint8_t plain_state(unsigned st)
{
	return st == KERNEL_CLOSE ? LSSOCK_UNCONNECTED : same_state(st);
}

/* enum sctp_state, the nearest of ours. */
static uint8_t association_state(unsigned st)
{
	static const uint8_t states[] = {
		LSSOCK_CLOSE, LSSOCK_SYN_SENT, LSSOCK_SYN_SENT, LSSOCK_ESTABLISHED,
		LSSOCK_FIN_WAIT1, LSSOCK_FIN_WAIT2, LSSOCK_CLOSE_WAIT, LSSOCK_LAST_ACK,
	};

	return st < sizeof(states) ? states[st] : LSSOCK_STATE_NONE;
}

static uint8_t inet_state(uint8_t proto, unsigned st, const unsigned char *attrs, size_t len)
{
	struct attr a;

	switch (proto) {
	case LSSOCK_TCP:
		return tcp_state(st);
	case LSSOCK_MPTCP:
		return mptcp_state(st);
	case LSSOCK_DCCP:
		return dccp_state(st);
	case LSSOCK_SCTP:
		/* Only associations list peers (inet_sctp_diag_fill); a connected
		 * one-to-one endpoint has a remote port too, but TCP's numbers. */
		if (attr_find(attrs, len, INET_DIAG_PEERS, &a))
			return association_state(st);
		return plain_state(st);
	}
	return plain_state(st);
}

/* ---- internet ---------------------------------------------------------- */

static uint8_t inet_type(uint8_t proto)
{
	switch (proto) {
	case LSSOCK_UDP:
	case LSSOCK_UDPLITE:
		return SOCK_DGRAM;
	case LSSOCK_RAW:
		return SOCK_RAW;
	}
	return SOCK_STREAM;
}

/* Minisockets (time-wait, requests) have no uid and say 0; so do sockets that
 * lost their file, before sk_uid was used (sock_i_uid, up to 6.12 or so). */
static bool inet_uid_known(const struct lssock_sock *k, const struct inet_diag_msg *m)
{
	if (k->state == LSSOCK_TIME_WAIT || k->state == LSSOCK_SYN_RECV)
		return false;
	return m->idiag_inode || m->idiag_uid;
}

/* SCTP puts the number of its own timer there (SCTP_EVENT_TIMEOUT_T3_RTX, 4). */
static unsigned inet_timer(uint8_t proto, unsigned timer)
{
	if (proto == LSSOCK_SCTP)
		return timer != 0;
	return timer <= 4 ? timer : 0;
}

static void inet_ends(struct lssock_sock *k, const struct inet_diag_sockid *id)
{
	size_t len = k->family == AF_INET ? 4 : 16;

	memcpy(k->local.ip, id->idiag_src, len);
	k->lport = ntohs(id->idiag_sport);
	/* A socket whose connect failed keeps the address it tried. */
	if (k->state == LSSOCK_BOUND)
		return;
	memcpy(k->remote.ip, id->idiag_dst, len);
	if (k->proto != LSSOCK_RAW)
		k->rport = ntohs(id->idiag_dport);
}

static int inet_row(const unsigned char *p, size_t len, struct lssock_snap *s,
		    struct lssock_sock *k)
{
	struct inet_diag_msg m;

	memcpy(&m, p, sizeof(m));
	if (m.idiag_family != AF_INET && m.idiag_family != AF_INET6)
		return -EBADMSG;
	k->type = inet_type(k->proto);
	set_state(k, inet_state(k->proto, m.idiag_state, p + sizeof(m), len - sizeof(m)));
	inet_ends(k, &m.id);
	k->cookie = cookie_of(m.id.idiag_cookie);
	k->inode = m.idiag_inode;
	k->uid = m.idiag_uid;
	if (inet_uid_known(k, &m))
		k->flags |= LSSOCK_F_UID;
	set_queues(k, m.idiag_rqueue, m.idiag_wqueue);
	if (k->state == LSSOCK_LISTEN)
		k->flags |= LSSOCK_F_LIMIT;
	k->flags |= inet_timer(k->proto, m.idiag_timer);
	k->expires_ms = m.idiag_expires;
	k->retrans = m.idiag_retrans;
	k->iface = snap_iface(s, k->ns, m.id.idiag_if);
	return 0;
}

/* It has neither file nor creator any more, and what it says of queues is what
 * its memory happens to hold. */
int family_closed(uint8_t proto, const void *payload, size_t len, struct lssock_sock *ret)
{
	struct lssock_sock k = { .proto = proto, .type = inet_type(proto),
				 .peer = LSSOCK_NONE, .via = LSSOCK_NONE };
	struct inet_diag_msg m;

	if (len < sizeof(m))
		return -EBADMSG;
	memcpy(&m, payload, sizeof(m));
	if (m.idiag_family != AF_INET && m.idiag_family != AF_INET6)
		return -EBADMSG;
	k.family = m.idiag_family;
	set_state(&k, LSSOCK_CLOSE);
	inet_ends(&k, &m.id);
	k.cookie = cookie_of(m.id.idiag_cookie);
	*ret = k;
	return 0;
}

static void inet_attr(const struct attr *a, struct lssock_snap *s, struct lssock_sock *k)
{
	(void)s;
	if (!a->len)
		return;
	switch (a->type) {
	case INET_DIAG_SHUTDOWN:
		set_shutdown(k, a->data[0]);
		break;
	case INET_DIAG_SKV6ONLY:
		k->flags |= LSSOCK_F_V6ONLY_KNOWN | (a->data[0] ? LSSOCK_F_V6ONLY : 0);
		break;
	case INET_DIAG_PROTOCOL:
		if (k->proto == LSSOCK_RAW)
			k->lport = a->data[0];
		break;
	}
}

/* ---- unix -------------------------------------------------------------- */

static int unix_row(const unsigned char *p, size_t len, struct lssock_snap *s,
		    struct lssock_sock *k)
{
	struct unix_diag_msg m;

	(void)len, (void)s;
	memcpy(&m, p, sizeof(m));
	k->type = m.udiag_type;
	set_state(k, plain_state(m.udiag_state));
	k->inode = m.udiag_ino;
	k->cookie = cookie_of(m.udiag_cookie);
	k->local.w[3] = LSSOCK_NONE;
	return 0;
}

/* A path comes with the NUL behind it; an abstract name is every byte of it. */
static void unix_name(const struct attr *a, struct lssock_snap *s, struct lssock_sock *k)
{
	size_t len = a->len;

	if (len && a->data[0] && !a->data[len - 1])
		len--;
	if (len)
		k->name = snap_string(s, a->data, len);
}

static void unix_attr(const struct attr *a, struct lssock_snap *s, struct lssock_sock *k)
{
	struct unix_diag_vfs vfs;
	struct unix_diag_rqlen queues;

	switch (a->type) {
	case UNIX_DIAG_NAME:
		unix_name(a, s, k);
		break;
	case UNIX_DIAG_VFS:
		if (!attr_read(a, 0, &vfs, sizeof(vfs)))
			break;
		k->local.w[0] = vfs.udiag_vfs_ino;
		k->local.w[1] = vfs.udiag_vfs_dev;
		break;
	case UNIX_DIAG_PEER:
		attr_u32(a, 0, &k->local.w[3]);
		break;
	case UNIX_DIAG_RQLEN:
		if (!attr_read(a, 0, &queues, sizeof(queues)))
			break;
		set_queues(k, queues.udiag_rqueue, queues.udiag_wqueue);
		if (k->state == LSSOCK_LISTEN)
			k->flags |= LSSOCK_F_LIMIT;
		break;
	case UNIX_DIAG_SHUTDOWN:
		if (a->len)
			set_shutdown(k, a->data[0]);
		break;
	case UNIX_DIAG_UID:
		set_uid(k, a);
		break;
	}
}

/* unix_dgram_connect() marks both ends ESTABLISHED, but only the one that
 * connected has a peer. */
static void unix_after(struct lssock_sock *k)
{
	if (k->type == SOCK_DGRAM && k->state == LSSOCK_ESTABLISHED &&
	    k->local.w[3] == LSSOCK_NONE)
		k->state = LSSOCK_UNCONNECTED;
}

/* ---- netlink, packet, vsock, xdp --------------------------------------- */

static int netlink_row(const unsigned char *p, size_t len, struct lssock_snap *s,
		       struct lssock_sock *k)
{
	struct netlink_diag_msg m;

	(void)len, (void)s;
	memcpy(&m, p, sizeof(m));
	k->type = m.ndiag_type;
	k->local.w[0] = m.ndiag_portid;
	k->local.w[1] = m.ndiag_protocol;
	k->remote.w[0] = m.ndiag_dst_portid;
	k->remote.w[1] = m.ndiag_dst_group;
	k->inode = m.ndiag_ino;
	k->cookie = cookie_of(m.ndiag_cookie);
	/* Numbers of its own: NETLINK_UNCONNECTED 0, NETLINK_CONNECTED 1. */
	set_state(k, m.ndiag_state == 1 ? LSSOCK_ESTABLISHED : LSSOCK_UNCONNECTED);
	return 0;
}

static void netlink_attr(const struct attr *a, struct lssock_snap *s, struct lssock_sock *k)
{
	(void)s;
	if (a->type == NETLINK_DIAG_MEMINFO)
		set_meminfo(k, a);
}

static int packet_row(const unsigned char *p, size_t len, struct lssock_snap *s,
		      struct lssock_sock *k)
{
	struct packet_diag_msg m;

	(void)len, (void)s;
	memcpy(&m, p, sizeof(m));
	k->type = m.pdiag_type;
	k->local.w[0] = m.pdiag_num;
	k->inode = m.pdiag_ino;
	k->cookie = cookie_of(m.pdiag_cookie);
	set_state(k, LSSOCK_UNCONNECTED);
	return 0;
}

static void packet_attr(const struct attr *a, struct lssock_snap *s, struct lssock_sock *k)
{
	uint32_t index;

	switch (a->type) {
	case PACKET_DIAG_INFO:
		if (attr_u32(a, offsetof(struct packet_diag_info, pdi_index), &index))
			k->iface = snap_iface(s, k->ns, index);
		break;
	case PACKET_DIAG_UID:
		set_uid(k, a);
		break;
	case PACKET_DIAG_MEMINFO:
		set_meminfo(k, a);
		break;
	}
}

static int vsock_row(const unsigned char *p, size_t len, struct lssock_snap *s,
		     struct lssock_sock *k)
{
	struct vsock_diag_msg m;

	(void)len, (void)s;
	memcpy(&m, p, sizeof(m));
	k->type = m.vdiag_type;
	set_state(k, plain_state(m.vdiag_state));
	set_shutdown(k, m.vdiag_shutdown);
	k->local.w[0] = m.vdiag_src_cid;
	k->local.w[1] = m.vdiag_src_port;
	k->remote.w[0] = m.vdiag_dst_cid;
	k->remote.w[1] = m.vdiag_dst_port;
	k->inode = m.vdiag_ino;
	k->cookie = cookie_of(m.vdiag_cookie);
	return 0;
}

static int xdp_row(const unsigned char *p, size_t len, struct lssock_snap *s,
		   struct lssock_sock *k)
{
	struct xdp_diag_msg m;

	(void)len, (void)s;
	memcpy(&m, p, sizeof(m));
	k->type = m.xdiag_type;
	k->inode = m.xdiag_ino;
	k->cookie = cookie_of(m.xdiag_cookie);
	set_state(k, LSSOCK_UNCONNECTED);
	return 0;
}

static void xdp_attr(const struct attr *a, struct lssock_snap *s, struct lssock_sock *k)
{
	struct xdp_diag_info info;

	switch (a->type) {
	case XDP_DIAG_INFO:
		if (!attr_read(a, 0, &info, sizeof(info)))
			break;
		k->iface = snap_iface(s, k->ns, info.ifindex);
		k->local.w[0] = info.queue_id;
		break;
	case XDP_DIAG_UID:
		set_uid(k, a);
		break;
	case XDP_DIAG_MEMINFO:
		set_meminfo(k, a);
		break;
	}
}

/* ---- tipc: no header, one nest holds it all ---------------------------- */

static int tipc_row(const unsigned char *p, size_t len, struct lssock_snap *s,
		    struct lssock_sock *k)
{
	struct attr a;

	(void)s;
	k->family = AF_TIPC;
	return attr_find(p, len, TIPC_NLA_SOCK, &a) ? 0 : -EBADMSG;
}

static void tipc_connection(const struct attr *nest, struct lssock_sock *k)
{
	struct attr_walk w = { nest->data, nest->len };
	struct attr a;

	while (attr_next(&w, &a)) {
		if (a.type == TIPC_NLA_CON_NODE)
			attr_u32(&a, 0, &k->remote.w[0]);
		if (a.type == TIPC_NLA_CON_SOCK)
			attr_u32(&a, 0, &k->remote.w[1]);
	}
}

/* Queue lengths are there too, but counted in packets. */
static void tipc_sock_attr(const struct attr *a, struct lssock_sock *k)
{
	uint32_t v;

	switch (a->type) {
	case TIPC_NLA_SOCK_ADDR:
		attr_u32(a, 0, &k->local.w[0]);
		break;
	case TIPC_NLA_SOCK_REF:
		attr_u32(a, 0, &k->local.w[1]);
		break;
	case TIPC_NLA_SOCK_CON:
		tipc_connection(a, k);
		break;
	case TIPC_NLA_SOCK_TYPE:
		if (attr_u32(a, 0, &v))
			k->type = v;
		break;
	case TIPC_NLA_SOCK_INO:
		attr_u32(a, 0, &k->inode);
		break;
	case TIPC_NLA_SOCK_UID:
		set_uid(k, a);
		break;
	case TIPC_NLA_SOCK_TIPC_STATE:
		if (attr_u32(a, 0, &v))
			set_state(k, plain_state(v));
		break;
	case TIPC_NLA_SOCK_COOKIE:
		attr_read(a, 0, &k->cookie, sizeof(k->cookie));
		break;
	}
}

static void tipc_attr(const struct attr *nest, struct lssock_snap *s, struct lssock_sock *k)
{
	struct attr_walk w = { nest->data, nest->len };
	struct attr a;

	(void)s;
	if (nest->type != TIPC_NLA_SOCK)
		return;
	while (attr_next(&w, &a))
		tipc_sock_attr(&a, k);
}

/* ---- the families ------------------------------------------------------ */

struct family {
	size_t head;			/* bytes before the attributes */
	uint8_t af;			/* what the first byte must be, 0: read it not */
	int (*row)(const unsigned char *p, size_t len, struct lssock_snap *s,
		   struct lssock_sock *k);
	void (*attr)(const struct attr *a, struct lssock_snap *s, struct lssock_sock *k);
	void (*after)(struct lssock_sock *k);
};

static const struct family inet_family = {
	sizeof(struct inet_diag_msg), 0, inet_row, inet_attr, NULL
};
static const struct family unix_family = {
	sizeof(struct unix_diag_msg), AF_UNIX, unix_row, unix_attr, unix_after
};
static const struct family netlink_family = {
	sizeof(struct netlink_diag_msg), AF_NETLINK, netlink_row, netlink_attr, NULL
};
static const struct family packet_family = {
	sizeof(struct packet_diag_msg), AF_PACKET, packet_row, packet_attr, NULL
};
static const struct family vsock_family = {
	sizeof(struct vsock_diag_msg), AF_VSOCK, vsock_row, NULL, NULL
};
static const struct family xdp_family = {
	sizeof(struct xdp_diag_msg), AF_XDP, xdp_row, xdp_attr, NULL
};
static const struct family tipc_family = { 0, 0, tipc_row, tipc_attr, NULL };

static const struct family *const families[LSSOCK_N_PROTO] = {
	[LSSOCK_TCP] = &inet_family,
	[LSSOCK_MPTCP] = &inet_family,
	[LSSOCK_SCTP] = &inet_family,
	[LSSOCK_DCCP] = &inet_family,
	[LSSOCK_UDP] = &inet_family,
	[LSSOCK_UDPLITE] = &inet_family,
	[LSSOCK_RAW] = &inet_family,
	[LSSOCK_UNIX] = &unix_family,
	[LSSOCK_NETLINK] = &netlink_family,
	[LSSOCK_PACKET] = &packet_family,
	[LSSOCK_VSOCK] = &vsock_family,
	[LSSOCK_XDP] = &xdp_family,
	[LSSOCK_TIPC] = &tipc_family,
};

static const struct family *family_of(uint8_t proto)
{
	return proto < LSSOCK_N_PROTO ? families[proto] : NULL;
}

int family_row(uint8_t proto, const void *payload, size_t len, struct lssock_snap *s,
	       uint16_t ns, struct lssock_sock *ret, size_t *ret_attrs_at)
{
	const struct family *f = family_of(proto);
	const unsigned char *p = payload;
	struct lssock_sock k = { .proto = proto, .ns = ns,
				 .peer = LSSOCK_NONE, .via = LSSOCK_NONE };

	if (!f || len < f->head || (f->af && p[0] != f->af))
		return -EBADMSG;
	if (f->head)
		k.family = p[0];
	if (f->row(p, len, s, &k) < 0)
		return -EBADMSG;
	*ret = k;
	*ret_attrs_at = f->head;
	return 0;
}

void family_attrs(uint8_t proto, const void *attrs, size_t len, struct lssock_snap *s,
		  struct lssock_sock *k)
{
	const struct family *f = family_of(proto);
	struct attr_walk w = { attrs, len };
	struct attr a;

	if (!f)
		return;
	while (f->attr && attr_next(&w, &a))
		f->attr(&a, s, k);
	if (f->after)
		f->after(k);
}
