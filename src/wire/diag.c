/* SPDX-License-Identifier: MIT */
/*
 * sock_diag requests, and the walk over replies: messages, errors in both their
 * forms, which attributes are kept with a row. What a message means is in
 * family.c; nothing here opens a socket.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tipc_sockets_diag.h>
#include <linux/unix_diag.h>
#include <linux/vm_sockets_diag.h>
#include <linux/xdp_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "wire/attr.h"
#include "wire/diag.h"

#define PROTO_MPTCP 262
#define BIT(n) (1u << (n))

/* ---- tables ------------------------------------------------------------ */

static const int ask_once[] = { 0, -1 };
static const int ask_both[] = { AF_INET, AF_INET6, -1 };
static const int ask_never[] = { -1 };

/* number: sdiag_protocol. show: what a row is not complete without. */
static const struct ask_how {
	const int *families;
	uint8_t class, af, number;
	uint32_t show;
} hows[LSSOCK_N_PROTO] = {
	[LSSOCK_TCP] = { ask_once, DIAG_INET, 0, IPPROTO_TCP, 0 },
	[LSSOCK_MPTCP] = { ask_both, DIAG_INET, 0, 0, 0 },
	[LSSOCK_SCTP] = { ask_both, DIAG_INET, 0, IPPROTO_SCTP, 0 },
	[LSSOCK_DCCP] = { ask_both, DIAG_INET, 0, IPPROTO_DCCP, 0 },
	[LSSOCK_UDP] = { ask_both, DIAG_INET, 0, IPPROTO_UDP, 0 },
	[LSSOCK_UDPLITE] = { ask_both, DIAG_INET, 0, IPPROTO_UDPLITE, 0 },
	[LSSOCK_RAW] = { ask_both, DIAG_INET, 0, IPPROTO_RAW, 0 },
	[LSSOCK_UNIX] = { ask_once, DIAG_UNIX, AF_UNIX, 0,
			  UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_PEER |
			  UDIAG_SHOW_RQLEN | UDIAG_SHOW_UID },
	[LSSOCK_NETLINK] = { ask_once, DIAG_NETLINK, AF_NETLINK, NDIAG_PROTO_ALL,
			     NDIAG_SHOW_MEMINFO | NDIAG_SHOW_GROUPS | NDIAG_SHOW_FLAGS },
	[LSSOCK_PACKET] = { ask_once, DIAG_PACKET, AF_PACKET, 0,
			    PACKET_SHOW_INFO | PACKET_SHOW_MEMINFO },
	[LSSOCK_VSOCK] = { ask_once, DIAG_VSOCK, AF_VSOCK, 0, 0 },
	[LSSOCK_XDP] = { ask_once, DIAG_XDP, AF_XDP, 0,
			 XDP_SHOW_INFO | XDP_SHOW_MEMINFO },
	[LSSOCK_TIPC] = { ask_once, DIAG_TIPC, AF_TIPC, 0, 0 },
};

/* Bit to set in the request for an attribute. UNIX_DIAG_ICONS is not here: a
 * listener whose list does not fit ends the dump without an error. */
static const struct attr_bit { uint8_t class, attr; uint32_t bit; } attr_bits[] = {
	{ DIAG_INET, INET_DIAG_MEMINFO, BIT(INET_DIAG_MEMINFO - 1) },
	{ DIAG_INET, INET_DIAG_INFO, BIT(INET_DIAG_INFO - 1) },
	{ DIAG_INET, INET_DIAG_ULP_INFO, BIT(INET_DIAG_INFO - 1) },
	{ DIAG_INET, INET_DIAG_VEGASINFO, BIT(INET_DIAG_VEGASINFO - 1) },
	{ DIAG_INET, INET_DIAG_DCTCPINFO, BIT(INET_DIAG_VEGASINFO - 1) },
	{ DIAG_INET, INET_DIAG_BBRINFO, BIT(INET_DIAG_VEGASINFO - 1) },
	{ DIAG_INET, INET_DIAG_CONG, BIT(INET_DIAG_CONG - 1) },
	{ DIAG_INET, INET_DIAG_TOS, BIT(INET_DIAG_TOS - 1) },
	{ DIAG_INET, INET_DIAG_TCLASS, BIT(INET_DIAG_TCLASS - 1) },
	{ DIAG_INET, INET_DIAG_CLASS_ID, BIT(INET_DIAG_TCLASS - 1) },
	{ DIAG_INET, INET_DIAG_SKMEMINFO, BIT(INET_DIAG_SKMEMINFO - 1) },
	{ DIAG_UNIX, UNIX_DIAG_MEMINFO, UDIAG_SHOW_MEMINFO },
	{ DIAG_PACKET, PACKET_DIAG_MCLIST, PACKET_SHOW_MCLIST },
	{ DIAG_PACKET, PACKET_DIAG_RX_RING, PACKET_SHOW_RING_CFG },
	{ DIAG_PACKET, PACKET_DIAG_TX_RING, PACKET_SHOW_RING_CFG },
	{ DIAG_PACKET, PACKET_DIAG_FANOUT, PACKET_SHOW_FANOUT },
	{ DIAG_PACKET, PACKET_DIAG_FILTER, PACKET_SHOW_FILTER },
	{ DIAG_XDP, XDP_DIAG_RX_RING, XDP_SHOW_RING_CFG },
	{ DIAG_XDP, XDP_DIAG_TX_RING, XDP_SHOW_RING_CFG },
	{ DIAG_XDP, XDP_DIAG_UMEM, XDP_SHOW_UMEM },
	{ DIAG_XDP, XDP_DIAG_UMEM_FILL_RING, XDP_SHOW_UMEM },
	{ DIAG_XDP, XDP_DIAG_UMEM_COMPLETION_RING, XDP_SHOW_UMEM },
	{ DIAG_XDP, XDP_DIAG_STATS, XDP_SHOW_STATS },
};

static const struct ask_how *how_of(unsigned proto)
{
	return proto < LSSOCK_N_PROTO && hows[proto].families ? &hows[proto] : NULL;
}

enum diag_class diag_class(unsigned proto)
{
	const struct ask_how *how = how_of(proto);

	return how ? how->class : DIAG_INET;
}

const int *diag_families(unsigned proto)
{
	const struct ask_how *how = how_of(proto);

	return how ? how->families : ask_never;
}

uint32_t diag_kernel_states(uint32_t states)
{
	const uint32_t all = BIT(LSSOCK_N_STATE) - 2;
	uint32_t mask = states & (BIT(LSSOCK_BOUND) - 2);

	if ((states & all) == all)
		return DIAG_STATES_ALL;
	if (states & BIT(LSSOCK_SYN_RECV))
		mask |= BIT(12);
	if (states & BIT(LSSOCK_BOUND))
		mask |= BIT(13);
	/* A unix datagram server that others connected to says 1. */
	if (states & BIT(LSSOCK_UNCONNECTED))
		mask |= BIT(7) | BIT(1);
	return mask;
}

/* ---- requests ---------------------------------------------------------- */

void diag_want(struct diag_request *r, uint32_t keep)
{
	enum diag_class class = diag_class(r->proto);
	uint32_t bits = 0;

	for (size_t i = 0; i < sizeof(attr_bits) / sizeof(attr_bits[0]); i++)
		if (attr_bits[i].class == class && keep & BIT(attr_bits[i].attr))
			bits |= attr_bits[i].bit;
	if (class == DIAG_INET)
		r->ext |= bits;
	else
		r->show |= bits;
}

static void put_attr(struct buf *b, uint16_t type, const void *bytes, size_t len)
{
	struct nlattr head = { .nla_len = sizeof(head) + len, .nla_type = type };

	buf_put(b, &head, sizeof(head));
	buf_put(b, bytes, len);
	buf_fill(b, 0, NLA_ALIGN(len) - len);
}

static struct inet_diag_sockid sockid(const struct diag_request *r)
{
	return (struct inet_diag_sockid){
		.idiag_sport = htons(r->sport),
		.idiag_dport = htons(r->dport),
		.idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE },
	};
}

/* The old request: both families in one walk of the kernel's table. */
static void put_inet_v1(struct buf *b, const struct diag_request *r)
{
	struct inet_diag_req q = { .idiag_ext = r->ext, .id = sockid(r),
				   .idiag_states = r->states };

	buf_put(b, &q, sizeof(q));
}

/* MPTCP does not fit sdiag_protocol. With 0 there, a kernel that does not know
 * the attribute says ENOENT; with TCP's number it would list TCP. */
static void put_inet_v2(struct buf *b, const struct diag_request *r)
{
	struct inet_diag_req_v2 q = { .sdiag_family = r->family,
				      .sdiag_protocol = hows[r->proto].number,
				      .idiag_ext = r->ext, .idiag_states = r->states,
				      .id = sockid(r) };
	const uint32_t mptcp = PROTO_MPTCP;

	buf_put(b, &q, sizeof(q));
	if (r->proto == LSSOCK_MPTCP)
		put_attr(b, INET_DIAG_REQ_PROTOCOL, &mptcp, sizeof(mptcp));
}

static void put_inet(struct buf *b, const struct diag_request *r)
{
	if (r->family)
		put_inet_v2(b, r);
	else
		put_inet_v1(b, r);
	if (r->bytecode && r->bytecode_len)
		put_attr(b, INET_DIAG_REQ_BYTECODE, r->bytecode, r->bytecode_len);
}

static void put_other(struct buf *b, const struct diag_request *r)
{
	const struct ask_how *how = &hows[r->proto];
	const uint32_t show = r->show | how->show;
	struct unix_diag_req masked = { .sdiag_family = how->af, .udiag_states = r->states,
					.udiag_show = show };
	struct netlink_diag_req plain = { .sdiag_family = how->af,
					  .sdiag_protocol = how->number,
					  .ndiag_show = show };
	struct tipc_sock_diag_req tipc = { .sdiag_family = how->af,
					   .tidiag_states = r->states };

	/* vsock's request has unix's layout; those of packet and xdp, netlink's. */
	if (r->proto == LSSOCK_TIPC)
		buf_put(b, &tipc, sizeof(tipc));
	else if (r->proto == LSSOCK_UNIX || r->proto == LSSOCK_VSOCK)
		buf_put(b, &masked, sizeof(masked));
	else
		buf_put(b, &plain, sizeof(plain));
}

_Static_assert(sizeof(struct vsock_diag_req) == sizeof(struct unix_diag_req) &&
	       offsetof(struct vsock_diag_req, vdiag_states) ==
		       offsetof(struct unix_diag_req, udiag_states), "vsock request");
_Static_assert(sizeof(struct packet_diag_req) == sizeof(struct netlink_diag_req) &&
	       offsetof(struct packet_diag_req, pdiag_show) ==
		       offsetof(struct netlink_diag_req, ndiag_show), "packet request");
_Static_assert(sizeof(struct xdp_diag_req) == sizeof(struct netlink_diag_req) &&
	       offsetof(struct xdp_diag_req, xdiag_show) ==
		       offsetof(struct netlink_diag_req, ndiag_show), "xdp request");

/* Only TCP may be asked for both families at once: before 5.9 the old request
 * ignores the protocol attribute and lists TCP whatever was meant. */
static bool askable(const struct diag_request *r)
{
	if (!how_of(r->proto))
		return false;
	if (diag_class(r->proto) != DIAG_INET)
		return true;
	if (r->family == 0)
		return r->proto == LSSOCK_TCP;
	return r->family == AF_INET || r->family == AF_INET6;
}

int diag_request(struct buf *b, const struct diag_request *r)
{
	const size_t start = b->len;
	struct nlmsghdr head = { .nlmsg_type = SOCK_DIAG_BY_FAMILY,
				 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP };

	if (!askable(r))
		return -EOPNOTSUPP;
	if (r->bytecode_len > UINT16_MAX - NLA_HDRLEN)
		return -EMSGSIZE;
	if (r->proto == LSSOCK_TCP && !r->family)
		head.nlmsg_type = TCPDIAG_GETSOCK;
	buf_put(b, &head, sizeof(head));
	if (diag_class(r->proto) == DIAG_INET)
		put_inet(b, r);
	else
		put_other(b, r);
	if (b->failed)
		return -ENOMEM;
	head.nlmsg_len = b->len - start;
	memcpy(b->data + start, &head, sizeof(head));
	return 0;
}

/* Protocols with a destroy handler in the kernel. */
static bool destroyable(unsigned proto)
{
	return proto == LSSOCK_TCP || proto == LSSOCK_UDP || proto == LSSOCK_UDPLITE ||
	       proto == LSSOCK_RAW;
}

/* All ones stand for any cookie, and no socket has 0. */
static bool cookie_is_exact(uint64_t cookie)
{
	return cookie && cookie != UINT64_MAX;
}

int diag_destroy(struct buf *b, const struct lssock_sock *k, uint32_t ifindex, uint16_t rport)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} q = {
		.head = { .nlmsg_len = sizeof(q), .nlmsg_type = SOCK_DESTROY,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.body = { .sdiag_family = k->family, .idiag_states = DIAG_STATES_ALL },
	};
	struct inet_diag_sockid *id = &q.body.id;

	if (!destroyable(k->proto) || (k->family != AF_INET && k->family != AF_INET6))
		return -EOPNOTSUPP;
	if (!cookie_is_exact(k->cookie))
		return -ENODATA;
	q.body.sdiag_protocol = hows[k->proto].number;
	if (k->proto == LSSOCK_RAW)
		q.body.pad = (uint8_t)k->lport;		/* sdiag_raw_protocol */
	id->idiag_sport = htons(k->lport);
	id->idiag_dport = htons(rport ? rport : k->rport);
	memcpy(id->idiag_src, k->local.ip, sizeof(id->idiag_src));
	memcpy(id->idiag_dst, k->remote.ip, sizeof(id->idiag_dst));
	id->idiag_if = ifindex;
	id->idiag_cookie[0] = (uint32_t)k->cookie;
	id->idiag_cookie[1] = (uint32_t)(k->cookie >> 32);
	buf_put(b, &q, sizeof(q));
	return b->failed ? -ENOMEM : 0;
}

/* ---- replies ----------------------------------------------------------- */

/* INET_DIAG_MD5SIG holds the keys themselves: nobody can ask for it. */
static bool kept(enum diag_class class, uint32_t keep, unsigned type)
{
	if (class == DIAG_INET && type == INET_DIAG_MD5SIG)
		return false;
	return type < 32 && keep & BIT(type);
}

/* The attributes of one message. */
struct attrs {
	struct attr_walk whole;		/* those at the front that are */
	enum diag_class class;
	uint32_t keep, size;		/* which to keep, and what they take */
};

static void measure(struct attrs *t, const unsigned char *bytes, size_t len)
{
	struct attr_walk w = { bytes, len };
	struct attr a;

	while (attr_next(&w, &a))
		if (kept(t->class, t->keep, a.type))
			t->size += (uint32_t)(NLA_HDRLEN + NLA_ALIGN(a.len));
	t->whole = (struct attr_walk){ bytes, len - w.left };
}

/* Room for t->size bytes at `to`. */
static void keep_attrs(const struct attrs *t, unsigned char *to)
{
	struct attr_walk w = t->whole;
	struct attr a;

	while (attr_next(&w, &a)) {
		struct nlattr head = { .nla_len = NLA_HDRLEN + a.len, .nla_type = a.type };

		if (!kept(t->class, t->keep, a.type))
			continue;
		memcpy(to, &head, sizeof(head));
		memcpy(to + NLA_HDRLEN, a.data, a.len);
		memset(to + NLA_HDRLEN + a.len, 0, NLA_ALIGN(a.len) - a.len);
		to += NLA_HDRLEN + NLA_ALIGN(a.len);
	}
}

static int add_row(struct diag_dump *d, const struct lssock_sock *k, const struct attrs *t)
{
	void *kept = t->size ? snap_attrs_room(d->snap, t->size) : NULL;
	bool fresh = false;
	uint32_t row;

	if (t->size && !kept)
		return -ENOMEM;
	if (kept)
		keep_attrs(t, kept);
	row = snap_add(d->snap, k, kept, t->size, &fresh);
	if (row == LSSOCK_NONE || d->snap->failed)
		return -ENOMEM;
	d->rows++;
	d->fresh += fresh;
	return 0;
}

static int take_row(struct diag_dump *d, const unsigned char *body, size_t len)
{
	struct attrs t = { .class = diag_class(d->proto) };
	struct lssock_sock k;
	size_t at;

	if (family_row(d->proto, body, len, d->snap, d->ns, &k, &at) < 0) {
		d->bad++;
		return 0;
	}
	t.keep = d->keep ? d->keep[t.class] : 0;
	measure(&t, body + at, len - at);
	if (t.whole.left < len - at)
		d->bad++;
	family_attrs(d->proto, t.whole.at, t.whole.left, d->snap, &k);
	if (d->mark_autobound) {
		uint16_t mark = LSSOCK_F_AUTOBOUND | LSSOCK_F_AUTOBOUND_KNOWN;
		uint32_t known = snap_find(d->snap, &k);

		/* This dump asks for no attributes: a row that is known keeps its own. */
		if (known != LSSOCK_NONE) {
			d->rows++;
			d->snap->socks.v[known].flags |= mark;
			return 0;
		}
		k.flags |= mark;
	}
	return add_row(d, &k, &t);
}

bool diag_is_subflow(const void *ulp, size_t len)
{
	static const char want[] = "mptcp";
	struct attr name;

	return attr_find(ulp, len, INET_ULP_INFO_NAME, &name) && name.len >= sizeof(want) - 1 &&
	       !memcmp(name.data, want, sizeof(want) - 1);
}

static int take_message(struct diag_dump *d, const struct nlmsghdr *h,
			const unsigned char *body)
{
	size_t len = h->nlmsg_len - sizeof(*h);

	d->messages++;
	if (h->nlmsg_flags & NLM_F_DUMP_INTR)
		d->interrupted = true;
	switch (h->nlmsg_type) {
	case SOCK_DIAG_BY_FAMILY:
	case TCPDIAG_GETSOCK:
		return take_row(d, body, len);
	case NLMSG_DONE:
	case NLMSG_ERROR:
		d->done = true;
		if (!d->err)
			d->err = attr_end_error(h->nlmsg_type, body, len);
		return 0;
	case NLMSG_NOOP:
		return 0;
	}
	d->bad++;
	return 0;
}

/* NLM_F_MULTI is not looked at: rows of SCTP associations lack it. */
int diag_decode(void *dump, const void *bytes, size_t len)
{
	struct diag_dump *d = dump;
	struct attr_walk w = { bytes, len };
	const unsigned char *body;
	struct nlmsghdr h;
	int err = 0;

	while (!err && attr_message(&w, &h, &body))
		err = take_message(d, &h, body);
	if (!err && w.left)
		d->bad++;
	return err;
}

/* ---- keys -------------------------------------------------------------- */

/* struct tcp_diag_md5sig: family, prefix, length, address, key. */
enum { MD5_RECORD = 100, MD5_KEY = 20 };

static void scrub_keys(unsigned char *p, size_t len)
{
	if (len % MD5_RECORD)		/* not the record we know */
		memset(p, 0, len);
	for (size_t at = 0; at + MD5_RECORD <= len; at += MD5_RECORD)
		memset(p + at + MD5_KEY, 0, MD5_RECORD - MD5_KEY);
}

static void scrub_attrs(unsigned char *p, size_t len)
{
	struct attr_walk w = { p, len };
	struct attr a;

	while (attr_next(&w, &a))
		if (a.type == INET_DIAG_MD5SIG)
			scrub_keys(p + (a.data - p), a.len);
	/* What no attribute explains may be the rest of one. */
	memset(p + (len - w.left), 0, w.left);
}

static void scrub_message(const struct nlmsghdr *h, unsigned char *body, size_t len)
{
	const size_t head = sizeof(struct inet_diag_msg);

	if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY && h->nlmsg_type != TCPDIAG_GETSOCK)
		return;
	if (len > head && (body[0] == AF_INET || body[0] == AF_INET6))
		scrub_attrs(body + head, len - head);
}

void diag_scrub(void *bytes, size_t len)
{
	unsigned char *p = bytes;
	struct attr_walk w = { p, len };
	const unsigned char *body;
	struct nlmsghdr h;

	while (attr_message(&w, &h, &body))
		scrub_message(&h, p + (body - p), h.nlmsg_len - sizeof(h));
	if (w.left > sizeof(h)) {	/* a message cut short has what is there */
		memcpy(&h, w.at, sizeof(h));
		scrub_message(&h, p + (w.at - p) + sizeof(h), w.left - sizeof(h));
	}
}
