/* SPDX-License-Identifier: MIT */
/*
 * Fields of the socket itself that its record holds. Its ends are in getend.c.
 */
#include <string.h>
#include <sys/socket.h>

#include "model/names.h"
#include "query/getters.h"
#include "query/ports.h"

static void known_word(const char *word, struct lssock_value *ret)
{
	if (word)
		value_word(ret, word);
	else
		value_unknown(ret);
}

GETTER(get_proto)
{
	value_word(ret, names_proto(snap_row(s, row)->proto));
}

GETTER(get_family)
{
	uint8_t af = snap_row(s, row)->family;

	known_word(af ? names_family(af) : NULL, ret);
}

GETTER(get_type)
{
	known_word(names_type(snap_row(s, row)->type), ret);
}

GETTER(get_state)
{
	const struct lssock_sock *k = snap_row(s, row);

	known_word(row_has_state(k) ? names_state(k->state) : NULL, ret);
}

GETTER(get_source)
{
	value_word(ret, names_source(snap_row(s, row)->flags));
}

GETTER(get_inode)
{
	uint32_t inode = snap_row(s, row)->inode;

	if (inode)
		value_uint(ret, inode);
	else
		value_na(ret);
}

GETTER(get_cookie)
{
	uint64_t cookie = snap_row(s, row)->cookie;

	if (cookie)
		value_uint(ret, cookie);
	else
		value_unknown(ret);
}

/* ---- where it lives --------------------------------------------------------- */

static const struct lssock_ns *ns_of(const struct lssock_snap *s, uint32_t row,
				     struct lssock_value *ret)
{
	uint16_t ns = snap_row(s, row)->ns;

	if (ns < s->ns.n)
		return &s->ns.v[ns];
	value_unknown(ret);
	return NULL;
}

GETTER(get_netns)
{
	const struct lssock_ns *ns = ns_of(s, row, ret);

	if (ns && ns->ino)
		value_uint(ret, ns->ino);
	else
		value_unknown(ret);
}

GETTER(get_nsname)
{
	const struct lssock_ns *ns = ns_of(s, row, ret);

	if (ns)
		get_string(s, ns->name ? ns->name : ns->container, ret);
}

/* For a table of several namespaces: always something to tell them apart. */
GETTER(get_space)
{
	const struct lssock_ns *ns = ns_of(s, row, ret);

	if (!ns)
		return;
	if (ns->name || ns->container)
		get_string(s, ns->name ? ns->name : ns->container, ret);
	else if (ns->flags & (LSSOCK_NS_HOST | LSSOCK_NS_OWN))
		value_word(ret, ns->flags & LSSOCK_NS_HOST ? "host" : "own");
	else
		get_netns(f, s, row, owner, ret);
}

static const struct lssock_iface *iface_of(const struct lssock_snap *s, uint32_t row,
					   struct lssock_value *ret)
{
	uint16_t i = snap_row(s, row)->iface;

	if (i && i < s->ifaces.n)
		return &s->ifaces.v[i];
	value_na(ret);
	return NULL;
}

GETTER(get_iface)
{
	const struct lssock_iface *i = iface_of(s, row, ret);

	if (i && i->name)
		get_string(s, i->name, ret);
	else if (i)
		value_unknown(ret);
}

GETTER(get_ifindex)
{
	const struct lssock_iface *i = iface_of(s, row, ret);

	if (i)
		value_uint(ret, i->ifindex);
}

/* ---- whose it is ------------------------------------------------------------- */

/* What the kernel itself keeps belongs to nobody: requests, remains of
 * connections, its own ends of netlink. */
static bool has_user(const struct lssock_sock *k)
{
	if (k->proto == LSSOCK_NETLINK)
		return k->local.w[0];
	return k->state != LSSOCK_TIME_WAIT && k->state != LSSOCK_SYN_RECV &&
	       (k->flags & LSSOCK_F_TIMER) != 3;
}

static void no_user(const struct lssock_sock *k, struct lssock_value *ret)
{
	if (has_user(k))
		value_unknown(ret);
	else
		value_na(ret);
}

GETTER(get_uid)
{
	const struct lssock_sock *k = snap_row(s, row);

	if (k->flags & LSSOCK_F_UID)
		value_uint(ret, k->uid);
	else
		no_user(k, ret);
}

GETTER(get_user)
{
	const struct lssock_sock *k = snap_row(s, row);
	const char *name;
	size_t len;

	if (!(k->flags & LSSOCK_F_UID)) {
		no_user(k, ret);
		return;
	}
	name = lssock_user(s, k->uid, &len);
	if (name) {
		value_text(ret, name, len);
	} else {
		value_tmp(ret);
		value_tmp_u64(ret, k->uid);
	}
}

GETTER(get_why)
{
	const struct lssock_sock *k = snap_row(s, row);

	if (s->meta.owners_asked)
		value_word(ret, names_why(k->why));
	else
		ret->kind = LSSOCK_V_LATER;
}

/* ---- queues ------------------------------------------------------------------ */

GETTER(get_recvq)
{
	const struct lssock_sock *k = snap_row(s, row);

	if (k->flags & LSSOCK_F_QUEUES)
		value_uint(ret, k->rqueue);
	else
		value_unknown(ret);
}

GETTER(get_sendq)
{
	const struct lssock_sock *k = snap_row(s, row);
	bool known = k->flags & LSSOCK_F_QUEUES;

	/* /proc/net/tcp gives 0 for the limit of every listener. */
	if (k->state == LSSOCK_LISTEN)
		known = k->flags & LSSOCK_F_LIMIT;
	if (known)
		value_uint(ret, k->wqueue);
	else
		value_unknown(ret);
}

GETTER(get_queue)
{
	get_recvq(f, s, row, owner, ret);
}

GETTER(get_limit)
{
	get_sendq(f, s, row, owner, ret);
}

GETTER(get_queues)
{
	const struct lssock_sock *k = snap_row(s, row);

	if (!(k->flags & LSSOCK_F_QUEUES)) {
		value_unknown(ret);
		return;
	}
	value_tmp(ret);
	value_tmp_u64(ret, k->rqueue);
	value_tmp_puts(ret, "/");
	if (k->flags & LSSOCK_F_LIMIT)
		value_tmp_u64(ret, k->wqueue);
	else
		value_tmp_puts(ret, "?");
}

GETTER(get_clients)
{
	const struct lssock_sock *k = snap_row(s, row);

	if (!field_listens(k) || (k->state != LSSOCK_LISTEN && k->proto != LSSOCK_UNIX))
		value_na(ret);
	else if (s->clients)
		value_uint(ret, s->clients[row]);
	else
		ret->kind = LSSOCK_V_LATER;
}

/* 100 per cent: no port is left for one more connection to this remote. */
GETTER(get_ports_used)
{
	const struct lssock_sock *k = snap_row(s, row);
	uint32_t range = ports_range(s, k->ns);

	if (k->proto == LSSOCK_TCP && row_has_peer(k) && !range)
		value_unknown(ret);
	else if (!ports_takes_one(s, k) || field_is_closed(s, row))
		value_na(ret);
	else if (!s->port_use)
		ret->kind = LSSOCK_V_LATER;
	else
		value_real(ret, s->port_use[row] * 100.0 / range);
}

/* ---- flags --------------------------------------------------------------------- */

GETTER(get_autobound)
{
	uint16_t flags = snap_row(s, row)->flags;

	if (flags & LSSOCK_F_AUTOBOUND_KNOWN)
		value_bool(ret, flags & LSSOCK_F_AUTOBOUND);
	else if ((flags & LSSOCK_F_SOURCE) == LSSOCK_SRC_DIAG)
		ret->kind = LSSOCK_V_LATER;
	else
		value_unknown(ret);
}

GETTER(get_v6only)
{
	const struct lssock_sock *k = snap_row(s, row);

	if (k->family == AF_INET)
		value_na(ret);
	else if (k->flags & LSSOCK_F_V6ONLY_KNOWN)
		value_bool(ret, k->flags & LSSOCK_F_V6ONLY);
	else
		value_unknown(ret);
}

GETTER(get_shutdown)
{
	uint16_t flags = snap_row(s, row)->flags;
	bool rd = flags & LSSOCK_F_SHUT_RD, wr = flags & LSSOCK_F_SHUT_WR;

	if (flags & LSSOCK_F_SHUT_KNOWN)
		value_word(ret, rd && wr ? "both" : rd ? "rd" : wr ? "wr" : "none");
	else
		value_unknown(ret);
}

GETTER(get_timer)
{
	value_word(ret, names_timer(snap_row(s, row)->flags & LSSOCK_F_TIMER));
}

GETTER(get_expires)
{
	const struct lssock_sock *k = snap_row(s, row);

	if (k->flags & LSSOCK_F_TIMER)
		value_uint(ret, k->expires_ms * 1000ull);
	else
		value_na(ret);
}

GETTER(get_retrans)
{
	value_uint(ret, snap_row(s, row)->retrans);
}
