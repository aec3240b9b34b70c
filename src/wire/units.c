/* SPDX-License-Identifier: MIT */
/*
 * Socket units of systemd: which file of a name counts, what drop-ins change, and
 * Listen…= as addresses (systemd.socket(5)). What depends on anything but the name of
 * the unit is left out, so that no unit is named that may be the wrong one.
 */
#include "wire/units.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "model/addr.h"
#include "wire/lines.h"
#include "wire/records.h"

#define MAX_FILES 4096
#define MAX_ADDRESSES 65536

struct unit_file { struct slice unit, dropin, text; };

/* ---- values ------------------------------------------------------------------------- */

static struct slice trim(struct slice s)
{
	while (s.len && strchr(" \t\r", *s.p)) {
		s.p++;
		s.len--;
	}
	while (s.len && strchr(" \t\r", s.p[s.len - 1]))
		s.len--;
	return s;
}

/* %t, %n, %N, %p, %%; false: another one, nobody knows here what it is. */
static bool put_specifier(struct buf *b, char c, struct slice unit)
{
	struct slice stem = unit;

	slice_drop(&stem, ".socket");
	if (c == 't')
		buf_puts(b, "/run");
	else if (c == 'n')
		buf_put(b, unit.p, unit.len);
	else if (c == 'N' || c == 'p')
		buf_put(b, stem.p, stem.len);
	else if (c == '%')
		buf_putc(b, '%');
	else
		return false;
	return true;
}

static bool resolve(struct buf *b, struct slice value, struct slice unit)
{
	for (size_t i = 0; i < value.len; i++) {
		if (value.p[i] != '%')
			buf_putc(b, value.p[i]);
		else if (++i == value.len || !put_specifier(b, value.p[i], unit))
			return false;
	}
	return !b->failed && !memchr(b->data ? b->data : "", 0, b->len);
}

static bool parse_ip(struct slice s, int family, struct lssock_addr *ret)
{
	char text[INET6_ADDRSTRLEN];

	if (!s.len || s.len >= sizeof(text))
		return false;
	memcpy(text, s.p, s.len);
	text[s.len] = 0;
	ret->family = (uint8_t)family;
	ret->prefix = family == AF_INET ? 32 : 128;
	return inet_pton(family, text, ret->ip) == 1;
}

static bool parse_port(struct slice s, uint16_t *ret)
{
	uint64_t v;

	if (!slice_u64(s, UINT16_MAX, &v) || !v)
		return false;
	*ret = (uint16_t)v;
	return true;
}

/* "22", "10.0.0.1:22", "[::1]:22". */
static bool parse_endpoint(struct slice s, struct units_address *ret)
{
	const char *colon = memrchr(s.p, ':', s.len);
	struct slice host, port;

	if (!colon)
		return parse_port(s, &ret->port);
	host = (struct slice){ s.p, (size_t)(colon - s.p) };
	port = (struct slice){ colon + 1, s.len - host.len - 1 };
	if (slice_skip(&host, "["))
		return slice_drop(&host, "]") && parse_ip(host, AF_INET6, &ret->addr) &&
		       parse_port(port, &ret->port);
	return parse_ip(host, AF_INET, &ret->addr) && parse_port(port, &ret->port);
}

static bool parse_netlink(struct slice s, struct units_address *ret)
{
	static const struct { const char *name; uint8_t number; } known[] = {
		{ "route", 0 }, { "audit", 9 }, { "netfilter", 12 }, { "kobject-uevent", 15 },
	};
	struct slice family;

	word_next(&s, &family);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_is(family, known[i].name)) {
			ret->port = known[i].number;
			return true;
		}
	return false;
}

static bool parse_address(struct lssock_snap *s, struct slice text, struct units_address *ret)
{
	char abstract[256] = { 0 };

	if (!text.len)
		return false;
	if (ret->type == SOCK_RAW) {
		ret->kind = UNITS_NETLINK;
		return parse_netlink(text, ret);
	}
	ret->kind = UNITS_NAME;
	if (*text.p == '/') {
		ret->name = snap_string(s, text.p, text.len);
		return ret->name != 0;
	}
	if (*text.p == '@') {
		if (text.len > sizeof(abstract))
			return false;
		memcpy(abstract + 1, text.p + 1, text.len - 1);
		ret->name = snap_string(s, abstract, text.len);
		return ret->name != 0;
	}
	ret->kind = UNITS_PORT;
	return ret->type != SOCK_SEQPACKET && parse_endpoint(text, ret);
}

/* ---- lines ---------------------------------------------------------------------------- */

struct reading {
	struct units *units;
	struct lssock_snap *s;
	struct slice unit;
	uint32_t first;			/* of this unit in the list */
	bool in_section;
};

static uint8_t type_of_key(struct slice key)
{
	static const struct { const char *key; uint8_t type; } keys[] = {
		{ "ListenStream", SOCK_STREAM }, { "ListenDatagram", SOCK_DGRAM },
		{ "ListenSequentialPacket", SOCK_SEQPACKET }, { "ListenNetlink", SOCK_RAW },
		/* no sockets, but an empty one of these empties the list too */
		{ "ListenFIFO", SOCK_PACKET }, { "ListenSpecial", SOCK_PACKET },
		{ "ListenMessageQueue", SOCK_PACKET }, { "ListenUSBFunction", SOCK_PACKET },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (slice_is(key, keys[i].key))
			return keys[i].type;
	return 0;
}

static void take_listen(struct reading *r, uint8_t type, struct slice value)
{
	struct units_address a = { .type = type }, *slot;
	struct buf b = { 0 };

	if (!value.len)
		r->units->list.n = r->first;
	else if (type != SOCK_PACKET && r->units->list.n < MAX_ADDRESSES &&
		 resolve(&b, value, r->unit) &&
		 parse_address(r->s, (struct slice){ b.data, b.len }, &a)) {
		a.unit = snap_string(r->s, r->unit.p, r->unit.len);
		slot = vec_push(&r->units->list);
		if (slot)
			*slot = a;
		r->s->failed |= !slot;
	}
	buf_release(&b);
}

static void take_line(struct reading *r, struct slice line)
{
	struct slice key;
	uint8_t type;

	line = trim(line);
	if (!line.len || *line.p == '#' || *line.p == ';')
		return;
	if (*line.p == '[') {
		r->in_section = slice_is(line, "[Socket]");
		return;
	}
	if (!r->in_section || !memchr(line.p, '=', line.len))
		return;
	part_next(&line, '=', &key);
	type = type_of_key(trim(key));
	if (type)
		take_listen(r, type, line.p ? trim(line) : (struct slice){ "", 0 });
}

/* A backslash before the newline is a blank, and the line goes on. */
static void take_text(struct reading *r, struct slice text)
{
	struct buf joined = { 0 };
	struct slice line;

	r->in_section = false;
	while (line_next(&text, &line)) {
		bool more = slice_drop(&line, "\\");

		if (joined.len && line.len && strchr("#;", *line.p))
			continue;	/* a comment in between */
		buf_put(&joined, line.p, line.len);
		if (more) {
			buf_putc(&joined, ' ');
			continue;
		}
		take_line(r, (struct slice){ joined.data, joined.len });
		buf_reset(&joined);
	}
	take_line(r, (struct slice){ joined.data, joined.len });
	r->s->failed |= joined.failed;
	buf_release(&joined);
}

/* ---- files ------------------------------------------------------------------------------ */

struct files { VEC(struct unit_file) list; };

static int read_files(struct files *f, const char *p, size_t len)
{
	struct unit_file *slot;
	struct wire_unit w;

	while (len >= sizeof(w) && f->list.n < MAX_FILES) {
		memcpy(&w, p, sizeof(w));
		if (w.len < sizeof(w) || w.len > len || w.text_len > w.len ||
		    sizeof(w) + w.unit_len + w.dropin_len + w.text_len > w.len)
			return -EBADMSG;
		slot = vec_push(&f->list);
		if (!slot)
			return -ENOMEM;
		slot->unit = (struct slice){ p + sizeof(w), w.unit_len };
		slot->dropin = (struct slice){ slot->unit.p + w.unit_len, w.dropin_len };
		slot->text = (struct slice){ slot->dropin.p + w.dropin_len, w.text_len };
		p += w.len;
		len -= w.len;
	}
	return len ? -EBADMSG : 0;
}

static int compare(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int r = n ? memcmp(a.p, b.p, n) : 0;

	return r ? r : a.len < b.len ? -1 : a.len > b.len;
}

/* Sorting keeps files of the same name in the order of their folders: by address. */
static int by_name(const void *a, const void *b)
{
	const struct unit_file *x = a, *y = b;
	int r = compare(x->unit, y->unit);

	if (r == 0)
		r = compare(x->dropin, y->dropin);
	return r ? r : x->text.p < y->text.p ? -1 : x->text.p > y->text.p;
}

/* A unit's own file has an empty drop-in, so it comes first. Templates have an
 * instance in their addresses, drop-ins alone make no unit. */
static void take_files(struct reading *r, const struct files *f)
{
	const struct unit_file *last = NULL;
	bool wanted = false;

	for (uint32_t i = 0; i < f->list.n; i++) {
		const struct unit_file *file = &f->list.v[i];

		if (!last || compare(file->unit, last->unit)) {
			wanted = !file->dropin.len && file->unit.len && file->text.len &&
				 !memchr(file->unit.p, '@', file->unit.len);
			r->unit = file->unit;
			r->first = r->units->list.n;
		} else if (!compare(file->dropin, last->dropin)) {
			continue;	/* hidden by one that counts more */
		}
		last = file;
		if (wanted)
			take_text(r, file->text);
	}
}

int units_read(struct units *u, struct lssock_snap *s, const void *bytes, size_t len)
{
	struct reading r = { .units = u, .s = s };
	struct files f = { { 0 } };
	int err = read_files(&f, bytes, len);

	if (err == 0 && f.list.n)
		qsort(f.list.v, f.list.n, sizeof(*f.list.v), by_name);
	if (err == 0)
		take_files(&r, &f);
	vec_release(&f.list);
	return err ? err : s->failed ? -ENOMEM : 0;
}

void units_release(struct units *u)
{
	vec_release(&u->list);
}

/* ---- whose it is ------------------------------------------------------------------------ */

static bool has_type(const struct lssock_sock *k, uint8_t type)
{
	if (1u << k->proto & (1u << LSSOCK_TCP | 1u << LSSOCK_MPTCP | 1u << LSSOCK_SCTP))
		return type == SOCK_STREAM;
	if (1u << k->proto & (1u << LSSOCK_UDP | 1u << LSSOCK_UDPLITE))
		return type == SOCK_DGRAM;
	return k->proto == LSSOCK_UNIX && (k->type == type || !k->type);
}

static bool is_at(const struct lssock_sock *k, const struct units_address *a)
{
	struct lssock_addr local;

	if (a->kind == UNITS_NETLINK)
		return k->proto == LSSOCK_NETLINK && k->local.w[1] == a->port;
	if (!has_type(k, a->type))
		return false;
	if (a->kind == UNITS_NAME)
		return k->proto == LSSOCK_UNIX && k->name && k->name == a->name;
	if (k->proto == LSSOCK_UNIX || k->lport != a->port)
		return false;
	local = addr_of_end(k->family, &k->local, NULL);
	if (!a->addr.family)
		return addr_is_any(&local);
	return local.family == a->addr.family &&
	       !memcmp(local.ip, a->addr.ip, sizeof(local.ip));
}

uint32_t units_find(const struct units *u, const struct lssock_snap *s, uint32_t row)
{
	uint32_t i, found = 0;

	for (i = 0; i < u->list.n; i++) {
		const struct units_address *a = &u->list.v[i];

		if (a->unit == found || !is_at(snap_row(s, row), a))
			continue;
		if (found)
			return LSSOCK_NONE;
		found = a->unit;
	}
	return found;
}
