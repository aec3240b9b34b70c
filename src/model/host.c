/* SPDX-License-Identifier: MIT */
/*
 * See host.h. A name of a host is text that whoever owns its address has chosen, maybe
 * to be taken for another one or for a number: here is what may pass.
 */
#include "model/host.h"

#include <stdlib.h>
#include <string.h>

/* ---- what may pass ------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(const char *s, size_t len)
{
	size_t i;

	if (len < 2 || s[0] != '0' || (s[1] | 0x20) != 'x')
		return false;
	for (i = 2; i < len; i++)
		if (!is_digit(s[i]) && ((s[i] | 0x20) < 'a' || (s[i] | 0x20) > 'f'))
			return false;
	return true;
}

/* The last label of a name is never a number, so what ends in one is an address in one
 * of its many spellings: 10.0.0.1, 127.1, 0x7f.1, 2130706433. */
static bool ends_in_number(const char *s, size_t len)
{
	const char *dot = memrchr(s, '.', len);
	const char *last = dot ? dot + 1 : s;
	size_t n = len - (size_t)(last - s), i;

	for (i = 0; i < n && !is_letter(last[i]); i++)
		;
	return i == n || is_hex(last, n);
}

bool host_is_plain(const char *s, size_t len)
{
	size_t i, label = 0;

	if (!len || len > HOST_MAX || s[0] == '-')
		return false;
	for (i = 0; i < len; i++) {
		if (s[i] == '.') {
			if (!label)
				return false;
			label = 0;
		} else if (is_letter(s[i]) || is_digit(s[i]) || s[i] == '-' || s[i] == '_') {
			label++;
		} else {
			return false;
		}
		if (label > 63)
			return false;
	}
	return label && !ends_in_number(s, len);
}

/* ---- hosts --------------------------------------------------------------------- */

static uint64_t host_key(const struct lssock_snap *s, const struct lssock_addr *a)
{
	uint64_t w[2];

	memcpy(w, a->ip, sizeof(w));
	return hash_u64(w[0] ^ hash_u64(w[1] ^ hash_u64(a->family ^ s->strings.seed)));
}

/* Of two addresses with one key the second has no name. */
void snap_host(struct lssock_snap *s, const struct lssock_addr *a, const char *name, size_t len)
{
	uint32_t *slot = index_put(&s->by_host, host_key(s, a));
	struct snap_host *h = slot && *slot == INDEX_NONE ? vec_push(&s->hosts) : NULL;

	s->failed |= !slot || (*slot == INDEX_NONE && !h);
	if (!h)
		return;
	*slot = s->hosts.n - 1;
	h->family = a->family;
	memcpy(h->ip, a->ip, sizeof(h->ip));
	h->name = len && host_is_plain(name, len) ? snap_string(s, name, len) : 0;
}

const char *snap_host_name(const struct lssock_snap *s, const struct lssock_addr *a,
			   size_t *ret_len)
{
	uint32_t at = s->hosts.n ? index_get(&s->by_host, host_key(s, a)) : INDEX_NONE;
	const struct snap_host *h = at < s->hosts.n ? &s->hosts.v[at] : NULL;

	if (!h || !h->name || h->family != a->family || memcmp(h->ip, a->ip, sizeof(h->ip)))
		return NULL;
	return strings_get(&s->strings, h->name, ret_len);
}

/* ---- services ------------------------------------------------------------------ */

const char *service_proto(uint8_t proto)
{
	switch (proto) {
	case LSSOCK_TCP: case LSSOCK_MPTCP: return "tcp";
	case LSSOCK_UDP: case LSSOCK_UDPLITE: return "udp";
	case LSSOCK_SCTP: return "sctp";
	case LSSOCK_DCCP: return "dccp";
	}
	return NULL;
}

static uint32_t service_key(uint8_t proto, uint16_t port)
{
	return (uint32_t)proto << 16 | port;
}

static int compare_services(const void *a, const void *b)
{
	const struct snap_user *x = a, *y = b;

	return (x->uid > y->uid) - (x->uid < y->uid);
}

void snap_service(struct lssock_snap *s, uint8_t proto, uint16_t port, const char *name,
		  size_t len)
{
	struct snap_user *v;

	if (!len || len > SERVICE_MAX || !host_is_plain(name, len))
		return;
	v = vec_push(&s->services);
	s->failed |= !v;
	if (v)
		*v = (struct snap_user){ service_key(proto, port), snap_string(s, name, len) };
}

void snap_services(struct lssock_snap *s)
{
	if (s->services.n)
		qsort(s->services.v, s->services.n, sizeof(*s->services.v), compare_services);
}

const char *snap_service_name(const struct lssock_snap *s, uint8_t proto, uint16_t port,
			      size_t *ret_len)
{
	struct snap_user key = { .uid = service_key(proto, port) }, *v;

	v = s->services.n ? bsearch(&key, s->services.v, s->services.n, sizeof(key),
				    compare_services) : NULL;
	return v ? strings_get(&s->strings, v->name, ret_len) : NULL;
}
