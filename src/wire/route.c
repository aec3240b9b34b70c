/* SPDX-License-Identifier: MIT */
/*
 * rtnetlink: requests for links and addresses, their answers into interfaces
 * and interface addresses, and the namespaces of veth peers. No I/O.
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "wire/attr.h"
#include "wire/records.h"
#include "wire/route.h"

#define PEER_UNKNOWN 0xffff
#define PEER_NSID 0x8000	/* + nsid, until route_nsids */

int route_request(struct buf *b, int what)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg body;
		struct nlattr ext;
		uint32_t mask;
	} links = {
		.head = { .nlmsg_len = sizeof(links), .nlmsg_type = RTM_GETLINK,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.ext = { .nla_len = sizeof(links.ext) + sizeof(links.mask),
			 .nla_type = IFLA_EXT_MASK },
		.mask = RTEXT_FILTER_SKIP_STATS,
	};
	struct {
		struct nlmsghdr head;
		struct ifaddrmsg body;
	} addrs = {
		.head = { .nlmsg_len = sizeof(addrs), .nlmsg_type = RTM_GETADDR,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
	};

	if (what == ASK_ROUTE_LINKS)
		buf_put(b, &links, sizeof(links));
	else if (what == ASK_ROUTE_ADDRS)
		buf_put(b, &addrs, sizeof(addrs));
	else
		return -EOPNOTSUPP;
	return b->failed ? -ENOMEM : 0;
}

/* ---- links ------------------------------------------------------------- */

struct link {
	struct attr name, kind;		/* data NULL: not there */
	uint32_t peer;
	int32_t nsid;
	bool has_nsid;
};

static void link_attr(const struct attr *a, struct link *l)
{
	switch (a->type) {
	case IFLA_IFNAME:
		l->name = *a;
		break;
	case IFLA_LINK:
		attr_u32(a, 0, &l->peer);
		break;
	case IFLA_LINK_NETNSID:
		l->has_nsid = attr_read(a, 0, &l->nsid, sizeof(l->nsid));
		break;
	case IFLA_LINKINFO:
		if (!attr_find(a->data, a->len, IFLA_INFO_KIND, &l->kind))
			l->kind.data = NULL;
		break;
	}
}

static uint32_t text_of(struct lssock_snap *s, const struct attr *a)
{
	size_t len = a->data ? strnlen((const char *)a->data, a->len) : 0;

	return len ? snap_string(s, a->data, len) : 0;
}

static bool is_kind(const struct attr *a, const char *kind)
{
	size_t len = strlen(kind);

	return a->data && strnlen((const char *)a->data, a->len) == len &&
	       !memcmp(a->data, kind, len);
}

static uint16_t peer_ns(const struct link *l, uint16_t ns)
{
	if (!l->has_nsid)
		return ns;
	if (l->nsid < 0 || l->nsid >= PEER_UNKNOWN - PEER_NSID)
		return PEER_UNKNOWN;
	return PEER_NSID + l->nsid;
}

static void take_link(struct route_dump *d, const unsigned char *body, size_t len)
{
	struct link l = { .peer = 0 };
	struct lssock_iface *iface;
	struct ifinfomsg m;
	struct attr_walk w;
	struct attr a;
	uint32_t name, kind;
	uint16_t row;

	if (len < sizeof(m)) {
		d->bad++;
		return;
	}
	memcpy(&m, body, sizeof(m));
	w = (struct attr_walk){ body + sizeof(m), len - sizeof(m) };
	while (attr_next(&w, &a))
		link_attr(&a, &l);
	if (w.left || m.ifi_index <= 0)
		d->bad++;
	if (m.ifi_index <= 0)
		return;
	row = snap_iface(d->snap, d->ns, m.ifi_index);
	if (!row)
		return;
	name = text_of(d->snap, &l.name);
	kind = text_of(d->snap, &l.kind);
	iface = &d->snap->ifaces.v[row];
	iface->name = name;
	iface->kind = kind;
	iface->flags = m.ifi_flags;
	iface->peer_ns = PEER_UNKNOWN;
	iface->peer_ifindex = 0;
	/* Of other kinds IFLA_LINK is the device below, not the other end. */
	if (is_kind(&l.kind, "veth") && l.peer && l.peer <= INT32_MAX) {
		iface->peer_ifindex = l.peer;
		iface->peer_ns = peer_ns(&l, d->ns);
	}
}

/* ---- addresses --------------------------------------------------------- */

/* On a point-to-point link IFA_ADDRESS is the other side's. */
static bool own_address(const unsigned char *attrs, size_t len, struct attr *ret)
{
	return attr_find(attrs, len, IFA_LOCAL, ret) || attr_find(attrs, len, IFA_ADDRESS, ret);
}

static void take_addr(struct route_dump *d, const unsigned char *body, size_t len)
{
	struct lssock_ifaddr *addr;
	struct ifaddrmsg m;
	struct attr a;
	size_t size;
	uint16_t row;

	if (len < sizeof(m)) {
		d->bad++;
		return;
	}
	memcpy(&m, body, sizeof(m));
	if (m.ifa_family != AF_INET && m.ifa_family != AF_INET6)
		return;
	size = m.ifa_family == AF_INET ? 4 : 16;
	if (!own_address(body + sizeof(m), len - sizeof(m), &a) || a.len != size ||
	    m.ifa_prefixlen > size * 8) {
		d->bad++;
		return;
	}
	row = snap_iface(d->snap, d->ns, m.ifa_index);
	if (!row)
		return;
	addr = vec_push(&d->snap->ifaddrs);
	if (!addr) {
		d->snap->failed = true;
		return;
	}
	addr->iface = row;
	addr->family = m.ifa_family;
	addr->prefix = m.ifa_prefixlen;
	memcpy(addr->ip, a.data, size);
}

/* ---- the walk ---------------------------------------------------------- */

static void take_message(struct route_dump *d, const struct nlmsghdr *h,
			 const unsigned char *body)
{
	size_t len = h->nlmsg_len - sizeof(*h);

	switch (h->nlmsg_type) {
	case RTM_NEWLINK:
		take_link(d, body, len);
		break;
	case RTM_NEWADDR:
		take_addr(d, body, len);
		break;
	case NLMSG_DONE:
	case NLMSG_ERROR:
		d->done = true;
		if (!d->err)
			d->err = attr_end_error(h->nlmsg_type, body, len);
		break;
	case NLMSG_NOOP:
		break;
	default:
		d->bad++;
	}
}

int route_decode(void *dump, const void *bytes, size_t len)
{
	struct route_dump *d = dump;
	struct attr_walk w = { bytes, len };
	const unsigned char *body;
	struct nlmsghdr h;

	while (attr_message(&w, &h, &body))
		take_message(d, &h, body);
	if (w.left)
		d->bad++;
	return d->snap->failed ? -ENOMEM : 0;
}

static uint16_t resolve(const struct lssock_snap *s, const unsigned char *bytes, size_t len,
			int32_t nsid)
{
	struct wire_nsid id;

	for (size_t at = 0; at + sizeof(id) <= len; at += sizeof(id)) {
		memcpy(&id, bytes + at, sizeof(id));
		if (id.nsid == nsid)
			return id.ns < s->ns.n ? id.ns : PEER_UNKNOWN;
	}
	return PEER_UNKNOWN;
}

void route_nsids(struct lssock_snap *s, uint16_t ns, const void *bytes, size_t len)
{
	for (uint32_t i = 1; i < s->ifaces.n; i++) {
		struct lssock_iface *iface = &s->ifaces.v[i];

		if (iface->ns != ns || !iface->peer_ifindex)
			continue;
		if (iface->peer_ns >= PEER_NSID && iface->peer_ns != PEER_UNKNOWN)
			iface->peer_ns = resolve(s, bytes, len, iface->peer_ns - PEER_NSID);
	}
}
