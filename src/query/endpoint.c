/* SPDX-License-Identifier: MIT */
/*
 * Addresses, ports, ends of sockets and service names in filters: which texts
 * are such, and the conditions they become. Names are looked up through NSS
 * only where the question allows it (-r).
 */
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/num.h"
#include "model/addr.h"
#include "model/names.h"
#include "query/parse.h"

/* ---- services ------------------------------------------------------------- */

static const struct service { char name[14]; uint16_t port; } services[] = {
	{ "echo", 7 }, { "discard", 9 }, { "daytime", 13 }, { "ftp-data", 20 },
	{ "ftp", 21 }, { "ssh", 22 }, { "telnet", 23 }, { "smtp", 25 },
	{ "time", 37 }, { "whois", 43 }, { "tacacs", 49 }, { "domain", 53 },
	{ "dns", 53 }, { "bootps", 67 }, { "dhcp", 67 }, { "bootpc", 68 },
	{ "tftp", 69 }, { "gopher", 70 }, { "finger", 79 }, { "http", 80 },
	{ "kerberos", 88 }, { "pop3", 110 }, { "sunrpc", 111 }, { "rpcbind", 111 },
	{ "auth", 113 }, { "ident", 113 }, { "nntp", 119 }, { "ntp", 123 },
	{ "netbios-ns", 137 }, { "netbios-dgm", 138 }, { "netbios-ssn", 139 },
	{ "imap", 143 }, { "imap2", 143 }, { "snmp", 161 }, { "snmp-trap", 162 },
	{ "bgp", 179 }, { "irc", 194 }, { "ldap", 389 }, { "https", 443 },
	{ "microsoft-ds", 445 }, { "submissions", 465 }, { "isakmp", 500 },
	{ "syslog", 514 }, { "printer", 515 }, { "submission", 587 }, { "ipp", 631 },
	{ "ldaps", 636 }, { "domain-s", 853 }, { "rsync", 873 }, { "ftps", 990 },
	{ "imaps", 993 }, { "pop3s", 995 }, { "socks", 1080 }, { "openvpn", 1194 },
	{ "ms-sql-s", 1433 }, { "mqtt", 1883 }, { "radius", 1812 }, { "nfs", 2049 },
	{ "docker", 2375 }, { "etcd", 2379 }, { "mysql", 3306 }, { "rdp", 3389 },
	{ "iscsi", 3260 }, { "svn", 3690 }, { "ipsec-nat-t", 4500 }, { "sip", 5060 },
	{ "xmpp-client", 5222 }, { "mdns", 5353 }, { "postgresql", 5432 },
	{ "amqp", 5672 }, { "x11", 6000 }, { "redis", 6379 }, { "ircd", 6667 },
	{ "http-alt", 8080 }, { "git", 9418 }, { "memcached", 11211 },
	{ "mongodb", 27017 }, { "wireguard", 51820 },
};
#define N_SERVICES (sizeof(services) / sizeof(services[0]))

const char *bind_service(uint32_t *i, uint16_t *ret_port)
{
	if (*i >= N_SERVICES)
		return NULL;
	*ret_port = services[*i].port;
	return services[(*i)++].name;
}

static bool service_port(const struct parse *p, const char *s, size_t len, uint64_t *ret)
{
	size_t i;

	for (i = 0; i < N_SERVICES; i++) {
		if (strlen(services[i].name) == len &&
		    !strncasecmp(services[i].name, s, len)) {
			*ret = services[i].port;
			return true;
		}
	}
	return p->flags & LSSOCK_Q_RESOLVE && resolve_service(s, len, ret);
}

static void bad_port(struct parse *p, const struct word *w)
{
	const char *list[N_SERVICES + 1], *near;
	const char *shown = parse_shown(p, w->s, w->len);
	uint64_t number;
	size_t i;

	if (num_u64(w->s, w->len, UINT64_MAX, &number)) {
		parse_fail(p, w->pos, "`%s` is no port: ports end at 65535", shown);
		return;
	}
	for (i = 0; i < N_SERVICES; i++)
		list[i] = services[i].name;
	list[i] = NULL;
	near = names_nearest(w->s, w->len, list);
	if (near)
		parse_fail(p, w->pos, "`%s` is no port: did you mean `%s`?", shown, near);
	else if (p->flags & LSSOCK_Q_RESOLVE)
		parse_fail(p, w->pos, "`%s` is no port or service", shown);
	else
		parse_fail(p, w->pos,
			   "`%s` is no port or well-known service (-r asks for more)", shown);
}

/* 443, 1000-2000, ssh; ss puts a colon before it. */
bool bind_port(struct parse *p, const struct word *w, struct operand *ret)
{
	const char *s = w->s, *dash;
	uint64_t lo, hi;
	size_t len = w->len;

	if (len && *s == ':') {
		s++;
		len--;
	}
	dash = memchr(s, '-', len);
	if (num_u64(s, len, 65535, &lo) || service_port(p, s, len, &lo)) {
		hi = lo;
	} else if (dash && num_u64(s, (size_t)(dash - s), 65535, &lo) &&
		   num_u64(dash + 1, len - (size_t)(dash + 1 - s), 65535, &hi)) {
		if (lo > hi) {
			parse_fail(p, w->pos, "the range `%s` is empty",
				   parse_shown(p, s, len));
			return false;
		}
		ret->is_range = lo != hi;
	} else {
		bad_port(p, w);
		return false;
	}
	value_uint(&ret->lo, lo);
	value_uint(&ret->hi, hi);
	return true;
}

/* ---- addresses ------------------------------------------------------------ */

/* A v4-mapped address is shown, and so asked for, as IPv4. */
static void unmap(struct lssock_addr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (a->family != AF_INET6 || a->prefix < 96 || memcmp(a->ip, mapped, 12))
		return;
	memmove(a->ip, a->ip + 12, 4);
	memset(a->ip + 4, 0, 12);
	a->family = AF_INET;
	a->prefix = (uint8_t)(a->prefix - 96);
}

bool bind_address(struct parse *p, const char *s, size_t len, struct lssock_addr *ret)
{
	(void)p;
	if (!addr_parse(s, len, ret))
		return false;
	unmap(ret);
	return true;
}

/* A text cut into its parts; len 0: not there. */
struct host {
	bool any;			/* the address is * or left out */
	struct lssock_addr a;
	struct word port, zone;
};

static struct word part(const struct word *w, const char *from, const char *to)
{
	struct word r = { .s = from, .len = (size_t)(to - from) };

	r.pos = w->pos + (uint32_t)(from - w->s);
	r.end = r.pos + (uint32_t)r.len;
	return r;
}

/* The address (and /prefix) may be cut in two by a zone. */
static bool address_of(struct parse *p, const char *s, size_t len, const char *prefix,
		       size_t prefix_len, struct lssock_addr *ret)
{
	char text[96];

	if (len + prefix_len >= sizeof(text))
		return false;
	memcpy(text, s, len);
	memcpy(text + len, prefix, prefix_len);
	return bind_address(p, text, len + prefix_len, ret);
}

/* Behind the address: [%zone][/prefix][:port], up to the end. */
static bool host_tail(struct parse *p, const struct word *w, const char *addr, size_t len,
		      const char *s, struct host *h)
{
	const char *end = w->s + w->len, *prefix, *from;

	if (s < end && *s == '%') {
		for (from = ++s; s < end && *s != '/' && *s != ':' && *s != ']'; )
			s++;
		h->zone = part(w, from, s);
		if (!h->zone.len)
			return false;
	}
	if (s < end && *s == ']')
		s++;
	for (prefix = s; s < end && *s != ':'; )
		s++;
	if (s > prefix && *prefix != '/')
		return false;
	if (!address_of(p, addr, len, prefix, (size_t)(s - prefix), &h->a))
		return false;
	if (s < end)
		h->port = part(w, s + 1, end);
	return s == end || h->port.len;
}

static bool host_brackets(struct parse *p, const struct word *w, struct host *h)
{
	const char *in = w->s + 1, *end = w->s + w->len, *s = in;

	while (s < end && *s != ']' && *s != '%' && *s != '/')
		s++;
	if (s == end || !memchr(in, ':', (size_t)(s - in)) ||
	    !memchr(s, ']', (size_t)(end - s)))
		return false;
	if (*s == '/') {		/* [2001:db8::/32] */
		const char *close = memchr(s, ']', (size_t)(end - s));

		if (!address_of(p, in, (size_t)(close - in), "", 0, &h->a))
			return false;
		if (close + 1 < end && close[1] == ':')
			h->port = part(w, close + 2, end);
		return close + 1 == end || h->port.len;
	}
	return host_tail(p, w, in, (size_t)(s - in), *s == ']' ? s + 1 : s, h);
}

static bool host_plain(struct parse *p, const struct word *w, struct host *h)
{
	const char *end = w->s + w->len, *s = w->s;

	if (bind_address(p, w->s, w->len, &h->a))
		return true;
	while (s < end && *s != '%')
		s++;
	if (s < end)
		return host_tail(p, w, w->s, (size_t)(s - w->s), s, h);
	for (s = w->s; s < end && *s != '/' && *s != ':'; )
		s++;			/* IPv4 only: IPv6 with a port needs brackets */
	return s < end && host_tail(p, w, w->s, (size_t)(s - w->s), s, h);
}

static bool host_split(struct parse *p, const struct word *w, struct host *h)
{
	const char *end = w->s + w->len;

	memset(h, 0, sizeof(*h));
	if (!w->len)
		return false;
	if (w->s[0] == '[')
		return host_brackets(p, w, h);
	if (w->s[0] == '*' && (w->len == 1 || (w->s[1] == ':' && w->len > 2))) {
		h->any = true;
		h->port = part(w, w->len == 1 ? end : w->s + 2, end);
		return true;
	}
	return host_plain(p, w, h);
}

/* ---- conditions ----------------------------------------------------------- */

/* What a port without a key is compared with: who acts means the port that the
 * target has, not whoever is connected to such a port. */
static const char *port_field(const struct parse *p)
{
	return p->flags & LSSOCK_Q_ACT ? "lport" : "port";
}

static uint32_t port_term(struct parse *p, const char *field, const struct word *port)
{
	return bind_field(p, field_find(field, strlen(field)), OP_EQ, port, 1);
}

static uint32_t addr_term(struct parse *p, const char *field, const struct lssock_addr *a)
{
	struct operand o = { .lo.kind = LSSOCK_V_ADDR, .lo.a = *a };

	return bind_made(p, field_find(field, strlen(field)), &o);
}

/* One end: address and port and interface, whichever are there. */
static uint32_t host_terms(struct parse *p, const struct host *h, const char *addr,
			   const char *port)
{
	uint32_t node = NODE_NONE, more;

	if (!h->any)
		node = addr_term(p, addr, &h->a);
	if (h->port.len && !(h->port.len == 1 && *h->port.s == '*')) {
		more = port_term(p, port, &h->port);
		node = node == NODE_NONE && !p->code ? more
						     : bind_join(p, NODE_AND, node, more);
	}
	if (h->zone.len) {
		more = bind_field(p, field_find("iface", 5), OP_EQ, &h->zone, 1);
		node = bind_join(p, NODE_AND, node, more);
	}
	if (node == NODE_NONE && !p->code)
		node = parse_node(p, NODE_ALL, NODE_NONE, NODE_NONE);
	return node;
}

/* 443/tcp */
static uint32_t port_slash_proto(struct parse *p, const struct word *w)
{
	const char *slash = memchr(w->s, '/', w->len);
	struct word port, proto;
	uint64_t number;

	if (!slash)
		return NODE_NONE;
	port = part(w, w->s, slash);
	proto = part(w, slash + 1, w->s + w->len);
	if (!num_u64(port.s, port.len, UINT64_MAX, &number) ||
	    names_proto_find(proto.s, proto.len) <= 0)
		return NODE_NONE;
	return bind_join(p, NODE_AND, port_term(p, port_field(p), &port),
			 port_term(p, "proto", &proto));
}

static bool is_port_range(const struct word *w)
{
	const char *dash = memchr(w->s, '-', w->len);
	uint64_t number;

	return dash && num_u64(w->s, (size_t)(dash - w->s), 65535, &number) &&
	       num_u64(dash + 1, w->len - (size_t)(dash + 1 - w->s), 65535, &number);
}

/* Not an address, and not a word that anybody would look for either. */
static bool is_failed_address(const struct word *w)
{
	bool tail = false;
	size_t i;

	for (i = 0; i < w->len; i++) {
		if (!w->s[i] || !strchr("0123456789.:/[]", w->s[i]))
			return false;
		tail |= w->s[i] == '/' || w->s[i] == ':' || w->s[i] == '[';
	}
	return tail && w->s[0] != ':';
}

/* A number alone is a port, but to those who kill often a process. */
static uint32_t number_term(struct parse *p, const struct word *w, bool may_be_pid)
{
	const char *shown;

	if (!(p->flags & LSSOCK_Q_ACT))
		return port_term(p, "port", w);
	shown = parse_shown(p, w->s, w->len);
	if (may_be_pid)
		return parse_fail(p, w->pos, "`%s` may be a port or a process: write :%s or "
				  "pid:%s", shown, shown, shown);
	return parse_fail(p, w->pos, "`%s` may be ports or processes: write :%s", shown, shown);
}

uint32_t bind_endpoint(struct parse *p, const struct word *w)
{
	struct host h;
	uint64_t number;
	uint32_t node;

	if (num_u64(w->s, w->len, UINT64_MAX, &number)) {
		if (number > 65535)
			return parse_fail(p, w->pos,
					  "no port is above 65535; a process is pid:%s",
					  parse_shown(p, w->s, w->len));
		return number_term(p, w, true);
	}
	if (is_port_range(w))
		return number_term(p, w, false);
	node = port_slash_proto(p, w);
	if (node != NODE_NONE || p->code)
		return node;
	if (!host_split(p, w, &h))
		return !is_failed_address(w) ? NODE_NONE :
		       parse_fail(p, w->pos, "`%s` is no address, network or port",
				  parse_shown(p, w->s, w->len));
	if (h.any || !h.port.len)
		return host_terms(p, &h, "addr", port_field(p));
	if (p->flags & LSSOCK_Q_ACT)
		return host_terms(p, &h, "laddr", "lport");
	return bind_join(p, NODE_OR, host_terms(p, &h, "laddr", "lport"),
			 host_terms(p, &h, "raddr", "rport"));
}

/* A host name: every address of it. */
static uint32_t resolved(struct parse *p, const struct word *w, const char *addr,
			 const char *port)
{
	const char *colon = memrchr(w->s, ':', w->len);
	struct word name = part(w, w->s, colon ? colon : w->s + w->len);
	struct lssock_addr found[RESOLVE_MAX];
	struct host h = { 0 };
	uint32_t node = NODE_NONE, tail = NODE_NONE, one;
	unsigned n = resolve_host(name.s, name.len, found), i;

	if (!n)
		return parse_fail(p, w->pos, "`%s` is no address and no host that can be found",
				  parse_shown(p, name.s, name.len));
	if (colon)
		h.port = part(w, colon + 1, w->s + w->len);
	for (i = 0; i < n; i++) {
		h.a = found[i];
		one = host_terms(p, &h, addr, port);
		node = i ? parse_join(p, NODE_OR, node, &tail, one) : one;
	}
	return node;
}

/* ss: inet:10.0.0.1, unix:/run/x */
static struct word without_family(const struct word *w)
{
	static const char *const families[] = { "inet6:", "inet:", "unix:", NULL };
	struct word r = *w;
	size_t i, n;

	for (i = 0; families[i]; i++) {
		n = strlen(families[i]);
		if (w->len > n && !strncasecmp(w->s, families[i], n)) {
			r = part(w, w->s + n, w->s + w->len);
			r.glob = w->glob;
			r.at = r.s[0] == '@';
			return r;
		}
	}
	return r;
}

static uint32_t side_term(struct parse *p, char side, const struct word *w)
{
	const char *addr = side == 'l' ? "laddr" : "raddr";
	const char *port = side == 'l' ? "lport" : "rport";
	struct word bare = without_family(w);
	struct host h;

	if (side == 'l' && bare.len && (bare.s[0] == '/' || bare.at))
		return bind_path(p, &bare, 1);
	if (bare.len > 1 && bare.s[0] == ':' && !memchr(bare.s + 1, ':', bare.len - 1)) {
		h = (struct host){.any = true,
				  .port = part(&bare, bare.s + 1, bare.s + bare.len)};
		return host_terms(p, &h, addr, port);
	}
	if (host_split(p, &bare, &h))
		return host_terms(p, &h, addr, port);
	if (p->flags & LSSOCK_Q_RESOLVE)
		return resolved(p, &bare, addr, port);
	return parse_fail(p, bare.pos, "`%s` is no address or network (host names need -r)",
			  parse_shown(p, bare.s, bare.len));
}

uint32_t bind_side(struct parse *p, char side, enum cmp_op op, const struct word *w, uint32_t n)
{
	uint32_t node = NODE_NONE, tail = NODE_NONE, one, i;

	if (op != OP_EQ && op != OP_NE)
		return parse_fail(p, w->pos, "an end is compared with = and != only");
	for (i = 0; i < n; i++) {
		one = side_term(p, side, &w[i]);
		node = i ? parse_join(p, NODE_OR, node, &tail, one) : one;
		if (node == NODE_NONE)
			return node;
	}
	return op == OP_NE ? bind_not(p, node) : node;
}
