/* SPDX-License-Identifier: MIT */
/*
 * Who can reach a listener: by the address or device it is bound to, or by the
 * file of a unix socket; and the fields of that file. What a firewall or the
 * folders above let through is not looked at.
 */
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "model/addr.h"
#include "model/names.h"
#include "query/getters.h"

/* ---- addresses ----------------------------------------------------------------------- */

/* From the narrowest to the widest. */
enum scope { SCOPE_LOCAL, SCOPE_LINK, SCOPE_LAN, SCOPE_PUBLIC, SCOPE_ALL, SCOPE_NONE };

static enum scope scope_of_addr(const struct lssock_addr *a)
{
	switch (addr_class(a)) {
	case ADDR_LOOPBACK:
		return SCOPE_LOCAL;
	case ADDR_LINK:
		return SCOPE_LINK;
	case ADDR_PRIVATE:
		return SCOPE_LAN;
	case ADDR_GLOBAL:
		return SCOPE_PUBLIC;
	case ADDR_ANY:
	case ADDR_MULTICAST:	/* says what is taken, not from where */
		break;
	}
	return SCOPE_ALL;
}

/* The widest of the addresses of a device; family 0: of both. */
static enum scope scope_of_iface(const struct lssock_snap *s, uint16_t iface, uint8_t family)
{
	enum scope widest = SCOPE_NONE, one;
	uint32_t i;

	if (s->ifaces.v[iface].flags & IFF_LOOPBACK)
		return SCOPE_LOCAL;
	for (i = 0; i < s->ifaddrs.n; i++) {
		const struct lssock_ifaddr *ia = &s->ifaddrs.v[i];
		struct lssock_addr a = { .family = ia->family,
					 .prefix = ia->family == AF_INET ? 32 : 128 };

		if (ia->iface != iface || (family && ia->family != family))
			continue;
		memcpy(a.ip, ia->ip, sizeof(a.ip));
		one = scope_of_addr(&a);
		if (widest == SCOPE_NONE || one > widest)
			widest = one;
	}
	return widest;
}

static void inet_scope(const struct lssock_snap *s, const struct lssock_sock *k,
		       struct lssock_value *ret)
{
	static const char *const words[] = { "local", "link", "lan", "public", "all" };
	struct lssock_addr a = local_addr(k);
	enum scope scope;

	if (a.family && !addr_is_any(&a))
		scope = scope_of_addr(&a);
	else if (k->iface && k->iface < s->ifaces.n)
		scope = scope_of_iface(s, k->iface, a.family);
	else
		scope = SCOPE_ALL;
	if (scope != SCOPE_NONE)
		value_word(ret, words[scope]);
	else
		ret->kind = s->ifaddrs.n ? LSSOCK_V_UNKNOWN : LSSOCK_V_LATER;
}

/* ---- ports that are passed on ---------------------------------------------------------- */

/* The word behind `option` in a command line, whose words end with NULs. */
static bool option_of(const char *cmd, size_t len, const char *option, const char **ret,
		      size_t *ret_len)
{
	size_t n;
	bool next = false;

	for (; len; cmd += n, len -= n) {
		n = strnlen(cmd, len);
		if (next) {
			*ret = cmd;
			*ret_len = n;
			return n > 0;
		}
		next = n == strlen(option) && !memcmp(cmd, option, n);
		n += n < len;
	}
	return false;
}

static bool is_called(const struct lssock_snap *s, const struct lssock_proc *p,
		      const char *name)
{
	size_t len = 0;
	const char *comm = p->comm ? strings_get(&s->strings, p->comm, &len) : NULL;

	return comm && len == strlen(name) && !memcmp(comm, name, len);
}

/* docker-proxy says on its command line where it passes to. */
static bool published_by(const struct lssock_snap *s, uint32_t owner, struct lssock_value *ret)
{
	const struct lssock_proc *p = &s->procs.v[s->owners.v[owner].proc];
	const char *cmd, *ip, *port;
	size_t len = 0, ip_len, port_len;

	if (!is_called(s, p, "docker-proxy") && !is_called(s, p, "rootlessport"))
		return false;
	cmd = p->cmdline ? strings_get(&s->strings, p->cmdline, &len) : NULL;
	if (!cmd || !option_of(cmd, len, "-container-ip", &ip, &ip_len) ||
	    !option_of(cmd, len, "-container-port", &port, &port_len))
		return false;
	value_tmp(ret);
	value_tmp_puts(ret, memchr(ip, ':', ip_len) ? "[" : "");
	value_tmp_put(ret, ip, ip_len);
	value_tmp_puts(ret, memchr(ip, ':', ip_len) ? "]:" : ":");
	value_tmp_put(ret, port, port_len);
	return true;
}

static bool has_address(const struct lssock_snap *s, uint16_t ns, uint8_t family,
			const uint8_t *ip)
{
	const size_t len = family == AF_INET ? 4 : 16;
	uint32_t i;

	for (i = 0; i < s->ifaddrs.n; i++)
		if (s->ifaddrs.v[i].family == family &&
		    s->ifaces.v[s->ifaddrs.v[i].iface].ns == ns &&
		    !memcmp(s->ifaddrs.v[i].ip, ip, len))
			return true;
	return false;
}

/* What comes by this rule reaches the socket. */
static bool passes_to(const struct lssock_snap *s, const struct lssock_nat *n,
		      const struct lssock_sock *k)
{
	const uint16_t lo = n->to_lo ? n->to_lo : n->port_lo;
	const uint16_t hi = n->to_lo ? n->to_hi : n->port_hi;
	struct lssock_addr local = local_addr(k), to = { .family = n->to_family };

	if (n->ns == k->ns || n->proto != k->proto || k->lport < lo || k->lport > hi ||
	    !n->to_family || (local.family && local.family != n->to_family))
		return false;
	memcpy(to.ip, n->to, sizeof(to.ip));
	if (local.family && !addr_is_any(&local))
		return !memcmp(local.ip, to.ip, n->to_family == AF_INET ? 4 : 16);
	return has_address(s, k->ns, n->to_family, to.ip);
}

static void put_outside(const struct lssock_snap *s, const struct lssock_nat *n,
			const struct lssock_sock *k, struct lssock_value *ret)
{
	const struct lssock_ns *ns = &s->ns.v[n->ns];
	size_t len = 0;
	const char *name = ns->name ? strings_get(&s->strings, ns->name, &len) : NULL;

	if (ret->len)
		value_tmp_puts(ret, ",");
	if (ns->flags & LSSOCK_NS_HOST)
		value_tmp_puts(ret, "host");
	else if (name)
		value_tmp_put(ret, name, len);
	else
		value_tmp_u64(ret, ns->ino);
	value_tmp_puts(ret, ":");
	if (!n->to_lo) {
		value_tmp_u64(ret, k->lport);
		return;
	}
	value_tmp_u64(ret, n->port_lo);
	if (n->port_hi == n->port_lo)
		return;
	value_tmp_puts(ret, "-");
	value_tmp_u64(ret, n->port_hi);
}

static bool rules_unknown(const struct lssock_snap *s)
{
	uint32_t i;

	for (i = 0; i < s->notes.n; i++)
		if (s->notes.v[i].kind == LSSOCK_NOTE_NAT_REFUSED ||
		    s->notes.v[i].kind == LSSOCK_NOTE_NAT_UNKNOWN)
			return true;
	return false;
}

GETTER(get_published)
{
	const struct lssock_sock *k = snap_row(s, row);
	uint32_t i;

	owner = owner ? owner : field_owner(s, k);
	if (!field_listens(k)) {
		value_na(ret);
		return;
	}
	if (owner && owner < s->owners.n && published_by(s, owner, ret))
		return;
	if (!s->nats_known) {
		ret->kind = LSSOCK_V_LATER;
		return;
	}
	value_tmp(ret);
	for (i = 0; i < s->nats.n; i++)
		if (passes_to(s, &s->nats.v[i], k))
			put_outside(s, &s->nats.v[i], k, ret);
	if (!ret->len && rules_unknown(s))
		value_unknown(ret);
	else if (!ret->len)
		value_na(ret);
}

/* ---- files of unix sockets ----------------------------------------------------------- */

static bool is_path(const struct lssock_snap *s, const struct lssock_sock *k)
{
	size_t len = 0;
	const char *name = k->name ? strings_get(&s->strings, k->name, &len) : NULL;

	return name && len && name[0];
}

static const struct lssock_file *file_of(const struct lssock_snap *s, uint32_t row,
					 struct lssock_value *ret)
{
	const struct lssock_sock *k = snap_row(s, row);
	uint32_t i = k->local.w[2];

	if (!is_path(s, k))
		value_na(ret);
	else if (!i || i >= s->files.n)
		ret->kind = LSSOCK_V_LATER;
	else
		return &s->files.v[i];
	return NULL;
}

/* Who it belongs to is only known of a file that is there. */
static const struct lssock_file *live_file(const struct lssock_snap *s, uint32_t row,
					   struct lssock_value *ret)
{
	const struct lssock_file *f = file_of(s, row, ret);

	if (!f || f->state == LSSOCK_FILE_LIVE || f->state == LSSOCK_FILE_OTHER_MOUNT)
		return f;
	if (f->state == LSSOCK_FILE_UNKNOWN)
		value_unknown(ret);
	else
		value_na(ret);
	return NULL;
}

GETTER(get_file_state)
{
	const struct lssock_file *file = file_of(s, row, ret);

	if (file && file->state != LSSOCK_FILE_UNKNOWN)
		value_word(ret, names_file_state(file->state));
	else if (file)
		value_unknown(ret);
}

static void name_or_number(const char *name, size_t len, uint32_t id, struct lssock_value *ret)
{
	if (name) {
		value_text(ret, name, len);
	} else {
		value_tmp(ret);
		value_tmp_u64(ret, id);
	}
}

GETTER(get_file_user)
{
	const struct lssock_file *file = live_file(s, row, ret);
	const char *name;
	size_t len = 0;

	if (!file)
		return;
	name = lssock_user(s, file->uid, &len);
	name_or_number(name, len, file->uid, ret);
}

GETTER(get_file_group)
{
	const struct lssock_file *file = live_file(s, row, ret);
	const char *name;
	size_t len = 0;

	if (!file)
		return;
	name = snap_group(s, file->gid, &len);
	name_or_number(name, len, file->gid, ret);
}

GETTER(get_file_mode)
{
	const struct lssock_file *file = live_file(s, row, ret);

	if (file)
		value_uint(ret, file->mode & 07777);
}

GETTER(get_file_ino)
{
	const struct lssock_sock *k = snap_row(s, row);

	if (is_path(s, k) && k->local.w[0])
		value_uint(ret, k->local.w[0]);
	else
		value_na(ret);
}

/* Connecting needs the right to write to the socket's file. */
static void unix_scope(const struct lssock_snap *s, uint32_t row, struct lssock_value *ret)
{
	const struct lssock_sock *k = snap_row(s, row);
	const struct lssock_file *file;

	if (k->name && !is_path(s, k)) {
		value_word(ret, "abstract");
		return;
	}
	file = live_file(s, row, ret);
	if (file)
		value_word(ret, file->mode & 0002 ? "world" :
				file->mode & 0020 ? "group" : "owner");
}

GETTER(get_scope)
{
	const struct lssock_sock *k = snap_row(s, row);

	if (!row_has_state(k))
		value_unknown(ret);
	else if (!field_listens(k))
		value_na(ret);
	else if (k->proto == LSSOCK_UNIX)
		unix_scope(s, row, ret);
	else if (snap_is_inet(k))
		inet_scope(s, k, ret);
	else
		value_na(ret);
}
