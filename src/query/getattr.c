/* SPDX-License-Identifier: MIT */
/*
 * Fields read from kernel attributes that are more than one plain number: sets
 * of flags, nested attributes, values made of two. Every read is bounded by
 * the attribute's length.
 */
#include <endian.h>
#include <linux/inet_diag.h>
#include <linux/tls.h>
#include <string.h>

#include "model/names.h"
#include "query/getters.h"
#include "wire/attr.h"

/* The field's bytes: NULL if there are none, and *ret says why. */
static const unsigned char *bytes_of(const struct field *f, const struct lssock_snap *s,
				     uint32_t row, size_t size, struct lssock_value *ret)
{
	size_t len;
	const unsigned char *p = get_attr(f, s, row, &len, ret);

	if (!p)
		return NULL;
	if (len >= f->raw.off + size)
		return p + f->raw.off;
	value_unknown(ret);
	return NULL;
}

static uint32_t u32_at(const unsigned char *p)
{
	uint32_t u;

	memcpy(&u, p, sizeof(u));
	return u;
}

/* ---- sets of flags -------------------------------------------------------------- */

/* Names of the bits that are set, joined by commas; none: not applicable. */
static void set_words(uint32_t bits, const char *const *names, struct lssock_value *ret)
{
	uint32_t i;

	value_tmp(ret);
	for (i = 0; bits && names[i]; i++, bits >>= 1) {
		if (!(bits & 1))
			continue;
		if (ret->len)
			value_tmp_puts(ret, ",");
		value_tmp_puts(ret, names[i]);
	}
	if (!ret->len)
		value_na(ret);
}

GETTER(get_options)
{
	static const char *const names[] = {
		"ts", "sack", "wscale", "ecn", "ecnseen", "fastopen", "usec_ts", NULL
	};
	const unsigned char *p = bytes_of(f, s, row, 1, ret);

	if (p)
		set_words(*p, names, ret);
}

/* The order of a C bit field within its byte follows the machine's. */
static uint32_t bit_field(unsigned char byte)
{
	uint32_t ret = 0, i;

	if (__BYTE_ORDER == __LITTLE_ENDIAN)
		return byte;
	for (i = 0; i < 8; i++)
		ret |= (uint32_t)(byte >> i & 1) << (7 - i);
	return ret;
}

/* What every full socket has on a kernel that tells it at all. */
static void absent_is_unknown(struct lssock_value *ret)
{
	if (ret->kind == LSSOCK_V_NA)
		value_unknown(ret);
}

GETTER(get_sockopt)
{
	static const char *const names[] = {
		"recverr", "icsk", "freebind", "hdrincl", "mc_loop", "transparent", "mc_all",
		"nodefrag", "bind_no_port", "recverr_rfc4884", "defer_connect", NULL
	};
	const unsigned char *p = bytes_of(f, s, row, 2, ret);

	if (p)
		set_words(bit_field(p[0]) | bit_field(p[1]) << 8, names, ret);
	else
		absent_is_unknown(ret);
}

GETTER(get_mptcp_flags)
{
	static const char *const names[] = { "fallback", "remote_key", NULL };
	const unsigned char *p = bytes_of(f, s, row, 4, ret);

	if (p)
		set_words(u32_at(p), names, ret);
}

GETTER(get_words)
{
	const unsigned char *p = bytes_of(f, s, row, 4, ret);

	if (p)
		set_words(u32_at(p), f->words, ret);
}

/* ---- words and numbers ------------------------------------------------------------ */

GETTER(get_mem)
{
	unsigned cls = diag_class(snap_row(s, row)->proto);
	int attr = mem_attr(cls);
	const unsigned char *p;
	size_t len;

	if (attr < 0) {
		value_na(ret);
		return;
	}
	p = get_attr_of((uint8_t)cls, (uint8_t)attr, s, row, &len, ret);
	if (p && len >= f->raw.off + 4u)
		value_uint(ret, u32_at(p + f->raw.off));
	else if (p)
		value_unknown(ret);
}

GETTER(get_cong)
{
	size_t len;
	const char *p = get_attr(f, s, row, &len, ret);

	if (p && strnlen(p, len))
		value_text(ret, p, strnlen(p, len));
	else if (p)
		value_na(ret);
}

GETTER(get_ca_state)
{
	const unsigned char *p = bytes_of(f, s, row, 1, ret);

	if (p)
		value_word(ret, names_ca_state(*p));
}

/* Milliseconds since data last went either way. */
GETTER(get_idle)
{
	const unsigned char *p = bytes_of(f, s, row, 12, ret);
	uint32_t sent, received;

	if (!p)
		return;
	sent = u32_at(p);
	received = u32_at(p + 8);
	value_uint(ret, (sent < received ? sent : received) * 1000ull);
}

/* Only sent to those with CAP_NET_ADMIN: absent is not 0. */
GETTER(get_mark)
{
	const unsigned char *p = bytes_of(f, s, row, 4, ret);

	if (p)
		value_uint(ret, u32_at(p));
	else
		absent_is_unknown(ret);
}

GETTER(get_cgroup)
{
	const unsigned char *p = bytes_of(f, s, row, 8, ret);
	uint64_t id;
	uint32_t i;

	if (!p) {
		absent_is_unknown(ret);
		return;
	}
	memcpy(&id, p, sizeof(id));
	ret->kind = LSSOCK_V_LATER;
	for (i = 0; i < s->cgroups.n; i++)
		if (s->cgroups.v[i].id == id) {
			get_string(s, s->cgroups.v[i].path, ret);
			return;
		}
}

static bool held_by_init(const struct lssock_snap *s, const struct lssock_sock *k)
{
	uint32_t o;

	for (o = k->owner; o; o = s->owners.v[o].next)
		if (s->owners.v[o].how == LSSOCK_HOW_FD &&
		    s->procs.v[s->owners.v[o].proc].pid == 1)
			return true;
	return false;
}

/* systemd makes IP sockets in the cgroup of their unit, where it has BPF. Anybody's
 * cgroup may be called so, which is why pid 1 must hold the socket. */
static bool unit_of_cgroup(const struct field *f, const struct lssock_snap *s, uint32_t row,
			   struct lssock_value *ret)
{
	static const char tail[] = ".socket";
	const size_t n = sizeof(tail) - 1;
	const char *slash;

	if (!snap_is_inet(snap_row(s, row)))
		return false;
	get_cgroup(f, s, row, 0, ret);
	if (ret->kind != LSSOCK_V_TEXT || ret->len <= n ||
	    memcmp(ret->s + ret->len - n, tail, n) != 0)
		return false;
	slash = memrchr(ret->s, '/', ret->len);
	if (slash)
		value_text(ret, slash + 1, ret->len - (size_t)(slash + 1 - ret->s));
	return true;
}

GETTER(get_socket_unit)
{
	const struct lssock_sock *k = snap_row(s, row);
	uint32_t i;

	if (!field_listens(k) && k->proto != LSSOCK_NETLINK)
		value_na(ret);
	else if (!s->meta.owners_asked || k->why == LSSOCK_WHY_LATER)
		ret->kind = LSSOCK_V_LATER;
	else if (!field_owner(s, k))	/* pid 1's may be those that cannot be read */
		k->why == LSSOCK_WHY_KERNEL ? value_na(ret) : value_unknown(ret);
	else if (!held_by_init(s, k))
		value_na(ret);
	else if (!unit_of_cgroup(f, s, row, ret)) {
		for (i = 0; i < s->sock_units.n && s->sock_units.v[i].row != row; i++)
			;
		if (i < s->sock_units.n && s->sock_units.v[i].unit != LSSOCK_NONE)
			get_string(s, s->sock_units.v[i].unit, ret);
		else if (i < s->sock_units.n || !s->sock_units_known)
			value_unknown(ret);
		else
			value_na(ret);
	}
}

GETTER(get_bbr_bw)
{
	const unsigned char *p = bytes_of(f, s, row, 8, ret);

	if (p)
		value_uint(ret, u32_at(p) | (uint64_t)u32_at(p + 4) << 32);
}

GETTER(get_bbr_gain)
{
	const unsigned char *p = bytes_of(f, s, row, 4, ret);

	if (p)
		value_real(ret, u32_at(p) / 256.0);
}

/* Before Linux 6.5 padding ended the struct where this is now. */
GETTER(get_mptcp_retransmits)
{
	const unsigned char *p = bytes_of(f, s, row, 8, ret);

	if (p)
		value_uint(ret, u32_at(p));
}

/* ---- upper layer protocols ------------------------------------------------------------ */

static bool ulp_part(const struct field *f, const struct lssock_snap *s, uint32_t row,
		     unsigned part, struct attr *ret_attr, struct lssock_value *ret)
{
	size_t len;
	const void *p = get_attr(f, s, row, &len, ret);

	if (!p)
		return false;
	value_na(ret);
	return attr_find(p, len, part, ret_attr);
}

GETTER(get_ulp)
{
	struct attr name;

	if (ulp_part(f, s, row, INET_ULP_INFO_NAME, &name, ret) && name.len)
		value_text(ret, (const char *)name.data,
			   strnlen((const char *)name.data, name.len));
}

static bool tls_part(const struct field *f, const struct lssock_snap *s, uint32_t row,
		     unsigned part, uint16_t *ret_u16, struct lssock_value *ret)
{
	struct attr tls, a;

	return ulp_part(f, s, row, INET_ULP_INFO_TLS, &tls, ret) &&
	       attr_find(tls.data, tls.len, part, &a) &&
	       attr_read(&a, 0, ret_u16, sizeof(*ret_u16));
}

GETTER(get_tls_version)
{
	uint16_t version;

	if (!tls_part(f, s, row, TLS_INFO_VERSION, &version, ret))
		return;
	value_tmp(ret);
	if (version == 0x0303 || version == 0x0304)
		value_tmp_puts(ret, version == 0x0303 ? "1.2" : "1.3");
	else
		value_tmp_hex(ret, version);
}

GETTER(get_tls_cipher)
{
	static const char *const names[] = {
		"aes-gcm-128", "aes-gcm-256", "aes-ccm-128", "chacha20-poly1305", "sm4-gcm",
		"sm4-ccm", "aria-gcm-128", "aria-gcm-256",
	};
	const unsigned first = 51;	/* TLS_CIPHER_AES_GCM_128 */
	uint16_t cipher;

	if (!tls_part(f, s, row, TLS_INFO_CIPHER, &cipher, ret))
		return;
	if (cipher >= first && cipher - first < sizeof(names) / sizeof(*names)) {
		value_word(ret, names[cipher - first]);
	} else {
		value_tmp(ret);
		value_tmp_u64(ret, cipher);
	}
}

/* raw.off is the number of the attribute inside the nested ones. */
GETTER(get_tls_conf)
{
	static const char *const names[] = { NULL, "base", "sw", "hw", "hw-record" };
	uint16_t conf;

	if (!tls_part(f, s, row, f->raw.off, &conf, ret))
		return;
	if (conf < sizeof(names) / sizeof(*names))
		value_word(ret, names[conf]);
	else
		value_unknown(ret);
}

/* Equal to mptcp_token of the connection this is a subflow of. */
GETTER(get_subflow_token)
{
	const unsigned token_loc = 2;	/* MPTCP_SUBFLOW_ATTR_TOKEN_LOC */
	struct attr sub, a;
	uint32_t token;

	if (ulp_part(f, s, row, INET_ULP_INFO_MPTCP, &sub, ret) &&
	    attr_find(sub.data, sub.len, token_loc, &a) && attr_u32(&a, 0, &token))
		value_uint(ret, token);
}

/* ---- netlink and packet ---------------------------------------------------------------- */

static bool in_map(const unsigned char *map, size_t bits, size_t g)
{
	return g < bits && u32_at(map + g / 32 * 4) >> g % 32 & 1;
}

static void put_range(size_t from, size_t to, struct lssock_value *ret)
{
	if (ret->len)
		value_tmp_puts(ret, ",");
	value_tmp_u64(ret, from + 1);
	if (to > from) {
		value_tmp_puts(ret, to == from + 1 ? "," : "-");
		value_tmp_u64(ret, to + 1);
	}
}

/* Numbers of the groups, runs as 4-9; "..." where there is no room for more. */
static void put_groups(const unsigned char *map, size_t bits, struct lssock_value *ret)
{
	const size_t longest = sizeof(ret->tmp) - 32;
	size_t g, from;

	for (g = 0; g < bits; g++) {
		if (!in_map(map, bits, g))
			continue;
		if (ret->len > longest) {
			value_tmp_puts(ret, ",...");
			return;
		}
		for (from = g; in_map(map, bits, g + 1); g++)
			;
		put_range(from, g, ret);
	}
}

GETTER(get_groups)
{
	size_t len;
	const unsigned char *p = get_attr(f, s, row, &len, ret);

	if (!p)
		return;
	value_tmp(ret);
	put_groups(p, len / 4 * 32, ret);
	if (!ret->len)
		value_na(ret);
}

/* Block size and number of blocks. */
GETTER(get_ring)
{
	const unsigned char *p = bytes_of(f, s, row, 8, ret);

	if (!p)
		return;
	value_tmp(ret);
	value_tmp_u64(ret, u32_at(p));
	value_tmp_puts(ret, "x");
	value_tmp_u64(ret, u32_at(p + 4));
}

GETTER(get_fanout)
{
	static const char *const names[] = {
		"hash", "lb", "cpu", "rollover", "rnd", "qm", "cbpf", "ebpf"
	};
	const unsigned char *p = bytes_of(f, s, row, 4, ret);
	uint32_t type;

	if (!p)
		return;
	type = u32_at(p) >> 16 & 0xff;	/* above are flags */
	value_tmp(ret);
	if (type < sizeof(names) / sizeof(*names))
		value_tmp_puts(ret, names[type]);
	else
		value_tmp_u64(ret, type);
	value_tmp_puts(ret, ":");
	value_tmp_u64(ret, u32_at(p) & 0xffff);
}
