/* SPDX-License-Identifier: MIT */
/*
 * Fields of a socket's two ends: addresses, names, the direction between them.
 * Which row is the other end was decided when the snapshot was linked.
 */
#include <string.h>
#include <sys/socket.h>

#include "model/addr.h"
#include "model/host.h"
#include "model/names.h"
#include "query/getters.h"

/* ---- addresses and ports ----------------------------------------------------- */

/* Without a word of the kernel a v6 wildcard is taken as the wider one. */
struct lssock_addr local_addr(const struct lssock_sock *k)
{
	bool mapped;
	struct lssock_addr a = addr_of_end(k->family, &k->local, &mapped);

	if (k->family == AF_INET6 && !mapped && !row_has_peer(k) && addr_is_any(&a) &&
	    !(k->flags & LSSOCK_F_V6ONLY))
		a.family = 0;
	return a;
}

static bool has_local(const struct lssock_sock *k)
{
	return k->state != LSSOCK_CLOSE || k->lport;
}

static bool has_remote(const struct lssock_sock *k)
{
	struct lssock_addr a;

	if (!row_has_peer(k) || k->rport)
		return row_has_peer(k);
	a = addr_of_end(k->family, &k->remote, NULL);
	return !addr_is_any(&a);
}

static void set_addr(const struct lssock_addr *a, struct lssock_value *ret)
{
	ret->kind = LSSOCK_V_ADDR;
	ret->a = *a;
}

static void put_cid(uint32_t cid, struct lssock_value *ret)
{
	if (cid == 2)
		value_tmp_puts(ret, "host");
	else if (cid == 1)
		value_tmp_puts(ret, "local");
	else if (cid == 0)
		value_tmp_puts(ret, "hypervisor");
	else if (cid == UINT32_MAX)
		value_tmp_puts(ret, "any");
	else
		value_tmp_u64(ret, cid);
}

static void set_cid(uint32_t cid, struct lssock_value *ret)
{
	memset(&ret->a, 0, sizeof(ret->a));
	value_tmp(ret);
	put_cid(cid, ret);
}

GETTER(get_laddr)
{
	const struct lssock_sock *k = snap_row(s, row);
	struct lssock_addr a;

	if (!row_has_state(k)) {
		value_unknown(ret);
	} else if (!has_local(k)) {
		value_na(ret);
	} else if (k->proto == LSSOCK_VSOCK) {
		set_cid(k->local.w[0], ret);
	} else {
		a = local_addr(k);
		set_addr(&a, ret);
	}
}

GETTER(get_raddr)
{
	const struct lssock_sock *k = snap_row(s, row);
	struct lssock_addr a;

	if (!row_has_state(k)) {
		value_unknown(ret);
	} else if (!row_has_peer(k)) {
		value_na(ret);
	} else if (k->proto == LSSOCK_VSOCK) {
		set_cid(k->remote.w[0], ret);
	} else if (has_remote(k)) {
		a = addr_of_end(k->family, &k->remote, NULL);
		set_addr(&a, ret);
	} else {
		value_na(ret);
	}
}

static void set_port(uint32_t port, struct lssock_value *ret)
{
	if (port && port != LSSOCK_NONE)
		value_uint(ret, port);
	else
		value_na(ret);
}

GETTER(get_lport)
{
	const struct lssock_sock *k = snap_row(s, row);

	if (!row_has_state(k))
		value_unknown(ret);
	else if (!has_local(k))
		value_na(ret);
	else
		set_port(k->proto == LSSOCK_VSOCK ? k->local.w[1] : k->lport, ret);
}

GETTER(get_rport)
{
	const struct lssock_sock *k = snap_row(s, row);

	if (!row_has_state(k))
		value_unknown(ret);
	else if (!row_has_peer(k))
		value_na(ret);
	else
		set_port(k->proto == LSSOCK_VSOCK ? k->remote.w[1] : k->rport, ret);
}

/* ---- names of hosts -------------------------------------------------------------- */

static void set_host(const struct lssock_snap *s, const struct lssock_addr *a,
		     struct lssock_value *ret)
{
	size_t len = 0;
	const char *name = snap_host_name(s, a, &len);

	if (s->hosts_known)
		value_text(ret, name, len);
	else
		ret->kind = LSSOCK_V_LATER;
}

GETTER(get_lhost)
{
	const struct lssock_sock *k = snap_row(s, row);
	struct lssock_addr a = local_addr(k);

	if (!row_has_state(k))
		value_unknown(ret);
	else if (!has_local(k))
		value_na(ret);
	else
		set_host(s, &a, ret);
}

GETTER(get_rhost)
{
	const struct lssock_sock *k = snap_row(s, row);
	struct lssock_addr a = addr_of_end(k->family, &k->remote, NULL);

	if (!row_has_state(k))
		value_unknown(ret);
	else if (!has_remote(k))
		value_na(ret);
	else
		set_host(s, &a, ret);
}

/* ---- names of other families --------------------------------------------------- */

static void put_number_or(const char *name, uint32_t number, struct lssock_value *ret)
{
	if (name)
		value_tmp_puts(ret, name);
	else
		value_tmp_u64(ret, number);
}

static void put_ethertype(uint32_t type, struct lssock_value *ret)
{
	const char *name = names_ethertype(type);

	if (name)
		value_tmp_puts(ret, name);
	else if (type)
		value_tmp_hex(ret, type);
	else
		value_tmp_puts(ret, "none");	/* it gets nothing until it is bound */
}

GETTER(get_nlproto)
{
	uint32_t protocol = snap_row(s, row)->local.w[1];

	value_tmp(ret);
	put_number_or(names_netlink(protocol), protocol, ret);
}

GETTER(get_portid)
{
	value_uint(ret, snap_row(s, row)->local.w[0]);
}

GETTER(get_ethertype)
{
	value_tmp(ret);
	put_ethertype(snap_row(s, row)->local.w[0], ret);
}

GETTER(get_ipproto)
{
	uint16_t protocol = snap_row(s, row)->lport;

	value_tmp(ret);
	put_number_or(names_ip_protocol(protocol), protocol, ret);
}

GETTER(get_icmp_id)
{
	set_port(snap_row(s, row)->lport, ret);
}

GETTER(get_xdp_queue)
{
	value_uint(ret, snap_row(s, row)->local.w[0]);
}

GETTER(get_path)
{
	const struct lssock_sock *k = snap_row(s, row);

	if (!k->name && (k->flags & LSSOCK_F_SOURCE) == LSSOCK_SRC_FD) {
		value_unknown(ret);
		return;
	}
	get_string(s, k->name, ret);
	if (ret->kind == LSSOCK_V_TEXT)
		ret->kind = LSSOCK_V_NAME;
}

/* ---- whole ends, for tables --------------------------------------------------- */

static const struct lssock_iface *bound_to(const struct lssock_snap *s,
					   const struct lssock_sock *k)
{
	return k->iface && k->iface < s->ifaces.n ? &s->ifaces.v[k->iface] : NULL;
}

/* Name of the interface, or its number where the name is not known. */
static void put_iface(const struct lssock_snap *s, const struct lssock_iface *i,
		      struct lssock_value *ret)
{
	size_t len = 0;
	const char *name = i->name ? strings_get(&s->strings, i->name, &len) : NULL;

	if (name)
		value_tmp_put(ret, name, len);
	else
		value_tmp_u64(ret, i->ifindex);
}

static void set_end(const struct lssock_addr *a, uint32_t port, struct lssock_value *ret)
{
	ret->kind = LSSOCK_V_END;
	ret->s = ret->tmp;
	ret->len = 0;
	ret->a = *a;
	ret->port = port;
	ret->host = ret->service = NULL;
}

/* What it is called, if somebody has asked. */
static void name_end(const struct lssock_snap *s, uint8_t proto, struct lssock_value *ret)
{
	size_t len = 0;

	ret->host = snap_host_name(s, &ret->a, &len);
	ret->host_len = (uint32_t)len;
	if (ret->port && ret->port <= UINT16_MAX)
		ret->service = snap_service_name(s, proto, (uint16_t)ret->port, &len);
	ret->service_len = (uint32_t)len;
}

static void inet_local(const struct lssock_snap *s, const struct lssock_sock *k, uint32_t port,
		       struct lssock_value *ret)
{
	const struct lssock_iface *i = bound_to(s, k);
	struct lssock_addr a = local_addr(k);

	set_end(&a, port, ret);
	if (i)
		put_iface(s, i, ret);
	if (s->hosts_known)
		name_end(s, k->proto, ret);
}

/* The "port" of a raw socket is the protocol it takes. */
static void raw_local(const struct lssock_snap *s, const struct lssock_sock *k,
		      struct lssock_value *ret)
{
	struct lssock_value end;
	struct buf b = { 0 };

	inet_local(s, k, LSSOCK_NONE, &end);
	value_put_raw(&b, &end, false);
	value_tmp(ret);
	value_tmp_put(ret, b.data, b.len);
	value_tmp_puts(ret, ":");
	put_number_or(names_ip_protocol(k->lport), k->lport, ret);
	buf_release(&b);
}

static void put_vsock(const union lssock_end *e, struct lssock_value *ret)
{
	if (e->w[0] == UINT32_MAX)
		value_tmp_puts(ret, "*");
	else
		put_cid(e->w[0], ret);
	value_tmp_puts(ret, ":");
	if (e->w[1] == UINT32_MAX)
		value_tmp_puts(ret, "*");
	else
		value_tmp_u64(ret, e->w[1]);
}

static void put_tipc(const union lssock_end *e, struct lssock_value *ret)
{
	value_tmp_u64(ret, e->w[0]);
	value_tmp_puts(ret, ":");
	value_tmp_u64(ret, e->w[1]);
}

static void put_device(const struct lssock_snap *s, const struct lssock_sock *k,
		       struct lssock_value *ret)
{
	const struct lssock_iface *i = bound_to(s, k);

	if (i)
		put_iface(s, i, ret);
	else
		value_tmp_puts(ret, "*");
}

static void other_local(const struct lssock_snap *s, const struct lssock_sock *k,
			struct lssock_value *ret)
{
	const union lssock_end *e = &k->local;

	value_tmp(ret);
	switch (k->proto) {
	case LSSOCK_NETLINK:
		put_number_or(names_netlink(e->w[1]), e->w[1], ret);
		value_tmp_puts(ret, ":");
		put_number_or(e->w[0] ? NULL : "kernel", e->w[0], ret);
		break;
	case LSSOCK_PACKET:
		put_ethertype(e->w[0], ret);
		value_tmp_puts(ret, ":");
		put_device(s, k, ret);
		break;
	case LSSOCK_VSOCK:
		put_vsock(e, ret);
		break;
	case LSSOCK_XDP:
		put_device(s, k, ret);
		value_tmp_puts(ret, ":");
		value_tmp_u64(ret, e->w[0]);
		break;
	case LSSOCK_TIPC:
		put_tipc(e, ret);
		break;
	default:
		value_unknown(ret);
	}
}

GETTER(get_local)
{
	const struct lssock_sock *k = snap_row(s, row);

	if (k->proto == LSSOCK_UNIX)
		get_path(f, s, row, owner, ret);
	else if (k->proto == LSSOCK_OTHER)
		get_string(s, k->name, ret);
	else if (!row_has_state(k))
		value_unknown(ret);
	else if (!has_local(k))
		value_na(ret);
	else if (k->proto == LSSOCK_RAW)
		raw_local(s, k, ret);
	else if (snap_is_inet(k))
		inet_local(s, k, k->lport, ret);
	else
		other_local(s, k, ret);
}

GETTER(get_address)
{
	const struct lssock_sock *k = snap_row(s, row);

	if (!snap_is_inet(k) || k->proto == LSSOCK_RAW)
		get_local(f, s, row, owner, ret);
	else if (!row_has_state(k))
		value_unknown(ret);
	else if (!has_local(k))
		value_na(ret);
	else
		inet_local(s, k, LSSOCK_NONE, ret);
}

/* The name the other end is bound to, else who holds it, else its inode. */
static void unix_remote(const struct field *f, const struct lssock_snap *s, uint32_t row,
			struct lssock_value *ret)
{
	const struct lssock_sock *k = snap_row(s, row);

	if (k->peer < s->socks.n && snap_row(s, k->peer)->name)
		get_path(f, s, k->peer, 0, ret);
	else
		get_peer(f, s, row, 0, ret);
}

static void netlink_remote(const union lssock_end *e, struct lssock_value *ret)
{
	if (!e->w[0] && !e->w[1]) {
		value_na(ret);
		return;
	}
	value_tmp(ret);
	value_tmp_puts(ret, e->w[1] ? "group:" : "port:");
	value_tmp_u64(ret, e->w[1] ? e->w[1] : e->w[0]);
}

GETTER(get_remote)
{
	const struct lssock_sock *k = snap_row(s, row);
	struct lssock_addr a;

	if (k->proto == LSSOCK_OTHER || !row_has_state(k)) {
		value_unknown(ret);
	} else if (k->proto == LSSOCK_NETLINK) {
		netlink_remote(&k->remote, ret);
	} else if (!row_has_peer(k)) {
		value_na(ret);
	} else if (k->proto == LSSOCK_UNIX) {
		unix_remote(f, s, row, ret);
	} else if (k->proto == LSSOCK_VSOCK) {
		value_tmp(ret);
		put_vsock(&k->remote, ret);
	} else if (k->proto == LSSOCK_TIPC) {
		value_tmp(ret);
		put_tipc(&k->remote, ret);
	} else if (snap_is_inet(k) && has_remote(k)) {
		a = addr_of_end(k->family, &k->remote, NULL);
		set_end(&a, k->proto == LSSOCK_RAW ? LSSOCK_NONE : k->rport, ret);
		if (s->hosts_known)
			name_end(s, k->proto, ret);
	} else {
		value_na(ret);
	}
}

/* ---- direction ----------------------------------------------------------------- */

enum way { WAY_NONE, WAY_IN, WAY_OUT, WAY_UNKNOWN };

static enum way unix_way(const struct lssock_snap *s, const struct lssock_sock *k)
{
	if (k->via != LSSOCK_NONE)
		return WAY_IN;
	if (k->peer < s->socks.n && snap_row(s, k->peer)->via != LSSOCK_NONE)
		return WAY_OUT;
	return WAY_NONE;
}

static enum way row_way(const struct lssock_snap *s, const struct lssock_sock *k)
{
	const struct lssock_ns *ns = k->ns < s->ns.n ? &s->ns.v[k->ns] : NULL;

	if (!row_has_state(k))
		return WAY_UNKNOWN;
	if (!row_has_peer(k))
		return WAY_NONE;
	if (k->proto == LSSOCK_UNIX)
		return unix_way(s, k);
	if (!snap_is_inet(k) || k->proto == LSSOCK_RAW || k->proto == LSSOCK_ICMP)
		return WAY_NONE;
	if (k->via != LSSOCK_NONE)
		return WAY_IN;
	if (!ns || !ns->port_lo)
		return WAY_UNKNOWN;
	return k->lport >= ns->port_lo && k->lport <= ns->port_hi ? WAY_OUT : WAY_NONE;
}

GETTER(get_dir)
{
	switch (row_way(s, snap_row(s, row))) {
	case WAY_NONE:
		value_na(ret);
		break;
	case WAY_IN:
		value_word(ret, "in");
		break;
	case WAY_OUT:
		value_word(ret, "out");
		break;
	case WAY_UNKNOWN:
		value_unknown(ret);
		break;
	}
}

/* ---- the other end on this machine ----------------------------------------------------- */

static void put_inode(uint32_t inode, struct lssock_value *ret)
{
	value_tmp(ret);
	value_tmp_puts(ret, "inode:");
	value_tmp_u64(ret, inode);
}

GETTER(get_peer)
{
	const struct lssock_sock *k = snap_row(s, row), *p;
	uint32_t o;

	if (k->peer >= s->socks.n) {
		if (k->proto == LSSOCK_UNIX && k->local.w[3] && k->local.w[3] != LSSOCK_NONE)
			put_inode(k->local.w[3], ret);
		else if (row_has_state(k))
			value_na(ret);
		else
			value_unknown(ret);
		return;
	}
	p = snap_row(s, k->peer);
	o = field_owner(s, p);
	if (o) {
		value_tmp(ret);
		put_owner(s, o, ret);
	} else if (p->inode) {
		put_inode(p->inode, ret);
	} else if (names_why(p->why)) {
		value_word(ret, names_why(p->why));
	} else {
		value_unknown(ret);
	}
}

GETTER(get_peer_proc)
{
	const struct lssock_sock *k = snap_row(s, row);

	if (k->peer < s->socks.n)
		get_proc(f, s, k->peer, 0, ret);
	else
		value_na(ret);
}

GETTER(get_peer_pid)
{
	const struct lssock_sock *k = snap_row(s, row);

	if (k->peer < s->socks.n)
		get_pid(f, s, k->peer, 0, ret);
	else
		value_na(ret);
}

GETTER(get_peer_ns)
{
	const struct lssock_sock *k = snap_row(s, row);

	if (k->peer < s->socks.n)
		get_netns(f, s, k->peer, 0, ret);
	else
		value_na(ret);
}
