/* SPDX-License-Identifier: MIT */
/*
 * Fields by name, their values, and the sets of columns asked for by default.
 * A field of plain attribute bytes is read here; what is computed is in get*.c,
 * and which fields there are is in fieldtab.c.
 */
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/unix_diag.h>
#include <linux/xdp_diag.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "query/getters.h"

/* ---- names ---------------------------------------------------------------- */

const struct field *field_find(const char *name, size_t len)
{
	uint32_t i;

	for (i = 0; i < field_count; i++)
		if (strlen(field_table[i].name) == len &&
		    !strncasecmp(field_table[i].name, name, len))
			return &field_table[i];
	return NULL;
}

const char *field_nearest(const char *name, size_t len)
{
	unsigned best = len < 4 ? 1 : len < 8 ? 2 : 3, d;
	const char *ret = NULL;
	char typed[32];
	uint32_t i;

	if (!len || len >= sizeof(typed) || memchr(name, 0, len))
		return NULL;
	memcpy(typed, name, len);
	typed[len] = '\0';
	for (i = 0; i < field_count; i++) {
		d = text_distance(typed, field_table[i].name, best);
		if (d < best || (d == best && !ret)) {
			best = d;
			ret = field_table[i].name;
		}
	}
	return ret;
}

/* ---- rows ----------------------------------------------------------------- */

bool field_listens(const struct lssock_sock *k)
{
	const uint32_t takers = 1u << LSSOCK_UDP | 1u << LSSOCK_UDPLITE | 1u << LSSOCK_RAW |
				1u << LSSOCK_ICMP;

	if (!row_has_state(k))
		return false;
	if (k->state == LSSOCK_LISTEN)
		return true;
	if (k->state != LSSOCK_UNCONNECTED)
		return false;
	return takers & 1u << k->proto || (k->proto == LSSOCK_UNIX && k->name);
}

uint32_t field_owner(const struct lssock_snap *s, const struct lssock_sock *k)
{
	uint32_t o = k->owner;

	return o && o < s->owners.n && s->owners.v[o].how == LSSOCK_HOW_FD ? o : 0;
}

void get_string(const struct lssock_snap *s, uint32_t id, struct lssock_value *ret)
{
	size_t len = 0;
	const char *p = id ? strings_get(&s->strings, id, &len) : NULL;

	value_text(ret, p, len);
}

/* ---- attributes ------------------------------------------------------------- */

/* A row of a dump that kept the attribute has it unless it does not apply; one
 * from elsewhere never has any. */
const void *get_attr_of(uint8_t cls, uint8_t attr, const struct lssock_snap *s, uint32_t row,
			size_t *ret_len, struct lssock_value *ret)
{
	const struct lssock_sock *k = snap_row(s, row);
	const void *p = diag_class(k->proto) == (enum diag_class)cls ?
		snap_attr(s, k, attr, ret_len) : NULL;

	if (p)
		return p;
	if ((k->flags & LSSOCK_F_SOURCE) != LSSOCK_SRC_DIAG)
		value_unknown(ret);
	else if (s->kept[cls] & 1u << attr)
		value_na(ret);
	else
		ret->kind = LSSOCK_V_LATER;
	return NULL;
}

const void *get_attr(const struct field *f, const struct lssock_snap *s, uint32_t row,
		     size_t *ret_len, struct lssock_value *ret)
{
	return get_attr_of(f->raw.cls, f->raw.attr, s, row, ret_len, ret);
}

int mem_attr(unsigned cls)
{
	switch (cls) {
	case DIAG_INET:
		return INET_DIAG_SKMEMINFO;
	case DIAG_UNIX:
		return UNIX_DIAG_MEMINFO;
	case DIAG_NETLINK:
		return NETLINK_DIAG_MEMINFO;
	case DIAG_PACKET:
		return PACKET_DIAG_MEMINFO;
	case DIAG_XDP:
		return XDP_DIAG_MEMINFO;
	}
	return -1;
}

void field_keep(const struct field *f, uint32_t keep[DIAG_N_CLASS])
{
	unsigned cls;

	if (f->get == get_mem)
		for (cls = 0; cls < DIAG_N_CLASS; cls++)
			keep[cls] |= mem_attr(cls) < 0 ? 0 : 1u << mem_attr(cls);
	else if (f->raw.len)
		keep[f->raw.cls] |= 1u << f->raw.attr;
	if (f->get == get_verdict)
		keep[DIAG_INET] |= 1u << INET_DIAG_SKMEMINFO;
}

static uint64_t read_native(const unsigned char *p, unsigned len)
{
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;

	switch (len) {
	case 8:
		memcpy(&u64, p, 8);
		return u64;
	case 4:
		memcpy(&u32, p, 4);
		return u32;
	case 2:
		memcpy(&u16, p, 2);
		return u16;
	}
	return *p;
}

static void set_raw(const struct field *f, uint64_t u, struct lssock_value *ret)
{
	if (f->raw.bits)
		u = u >> f->raw.shift & ((1ull << f->raw.bits) - 1);
	if ((f->none || f->has_none) && u == f->none)
		value_na(ret);
	else if (f->type == FT_BOOL)
		value_bool(ret, u);
	else
		value_uint(ret, u * (f->scale ? f->scale : 1));
}

static void get_raw(const struct field *f, const struct lssock_snap *s, uint32_t row,
		    struct lssock_value *ret)
{
	size_t len;
	const unsigned char *p = get_attr(f, s, row, &len, ret);

	if (!p)
		return;
	/* The kernel's structs grow at their end: an older kernel does not say. */
	if (len < (size_t)f->raw.off + f->raw.len)
		value_unknown(ret);
	else
		set_raw(f, read_native(p + f->raw.off, f->raw.len), ret);
}

void field_get(const struct field *f, const struct lssock_snap *s, uint32_t row,
	       uint32_t owner, struct lssock_value *ret)
{
	const struct lssock_sock *k = snap_row(s, row);

	ret->unit = f->unit;
	ret->more = 0;
	ret->i = 0;
	if (f->get && !(f->protos | f->states))
		f->get(f, s, row, owner, ret);
	else if (f->protos && !(f->protos & 1u << k->proto))
		value_na(ret);
	else if (f->states && row_has_state(k) && !(f->states & 1u << k->state))
		value_na(ret);
	else if (f->states && !row_has_state(k))
		value_unknown(ret);
	else if (f->get)
		f->get(f, s, row, owner, ret);
	else if (f->raw.len)
		get_raw(f, s, row, ret);
	else
		value_na(ret);
}

void field_put(const struct lssock_snap *s, uint32_t row, uint32_t owner, const char *name,
	       struct buf *b)
{
	const struct field *f = field_find(name, strlen(name));
	struct lssock_value v = { .kind = LSSOCK_V_NA };

	if (f)
		field_get(f, s, row, owner, &v);
	if (v.kind == LSSOCK_V_NA)
		buf_putc(b, '-');
	else if (v.kind <= LSSOCK_V_LATER)
		buf_putc(b, '?');
	else
		value_put_raw(b, &v, true);
}

/* ---- sets of columns ---------------------------------------------------------- */

static const char *const cols_piped[] = {
	"proto", "local", "dir", "remote", "state", "user", "pid", "process", NULL
};
static const char *const cols_80[] = {
	"proto", "local", "remote", "state", "user", "pid", "process", NULL
};
static const char *const cols_100[] = {
	"proto", "local", "remote", "state", "user", "pid", "process", "service", NULL
};
static const char *const cols_140[] = {
	"proto", "local", "remote", "state", "idle", "rtt", "user", "pid", "process",
	"service", "cmd", NULL
};
static const char *const cols_listen[] = {
	"lport", "proto", "address", "scope", "queues", "user", "pid", "process", NULL
};
static const char *const cols_listen_any[] = {
	"proto", "local", "scope", "queues", "user", "pid", "process", NULL
};
static const char *const cols_record[] = {
	"netns", "proto", "family", "type", "state", "laddr", "lport", "raddr", "rport",
	"iface", "scope", "dir", "recvq", "sendq", "uid", "user", "inode", "cookie", "path",
	"peer", "why", "pid", "tid", "fd", "proc", "cmd", "exe", "puid", "puser", "ppid",
	"start", "unit", "container", NULL
};
static const char *const cols_extended[] = {
	"uid", "inode", "cookie", "iface", "v6only", "shutdown", "autobound", "mark", "tos",
	"tclass", "class", "cgroup", "sockopt", "peer", "clients", "source", "nsname", NULL
};
static const char *const cols_memory[] = {
	"rmem", "rcvbuf", "wmem", "sndbuf", "fwd", "wqueued", "optmem", "backlog", "drops", NULL
};
static const char *const cols_timers[] = { "timer", "expires", "retrans", NULL };
static const char *const cols_tcp[] = {
	"cong", "options", "rtt", "rttvar", "minrtt", "rto", "cwnd", "ssthresh", "mss", "pmtu",
	"bytes_sent", "bytes_acked", "bytes_received", "bytes_retrans", "retrans_total",
	"lost", "unacked", "notsent", "delivery_rate", "pacing_rate", "idle", NULL
};
static const char *const cols_tcp_all[] = {
	"cong", "ca_state", "options", "rtt", "rttvar", "minrtt", "rcv_rtt", "rto", "ato",
	"cwnd", "ssthresh", "rcv_ssthresh", "mss", "rcv_mss", "advmss", "pmtu", "snd_wscale",
	"rcv_wscale", "bytes_sent", "bytes_acked", "bytes_received", "bytes_retrans",
	"segs_out", "segs_in", "data_segs_out", "data_segs_in", "delivered", "delivered_ce",
	"retransmits", "retrans_now", "retrans_total", "probes", "backoff", "lost", "unacked",
	"sacked", "notsent", "reordering", "reord_seen", "dsack_dups", "rcv_ooopack",
	"delivery_rate", "app_limited", "pacing_rate", "max_pacing_rate", "busy",
	"rwnd_limited", "sndbuf_limited", "snd_wnd", "rcv_wnd", "rcv_space", "rehash",
	"total_rto", "total_rto_recoveries", "total_rto_time", "fastopen_fail", "received_ce",
	"delivered_e1_bytes", "delivered_e0_bytes", "delivered_ce_bytes", "received_e1_bytes",
	"received_e0_bytes", "received_ce_bytes", "idle", "last_data_sent", "last_data_recv",
	"last_ack_recv", "bbr_bw", "bbr_minrtt", "bbr_pacing_gain", "bbr_cwnd_gain",
	"dctcp_enabled", "dctcp_ce_state", "dctcp_alpha", "dctcp_ab_ecn", "dctcp_ab_tot",
	"vegas_enabled", "vegas_rttcnt", "vegas_rtt", "vegas_minrtt", "ulp", "tls_version",
	"tls_cipher", "tls_txconf", "tls_rxconf", NULL
};

const char *const *field_defaults(const struct lssock_question *q)
{
	if (q->layout == LSSOCK_LAYOUT_RECORD)
		return cols_record;
	if (q->flags & LSSOCK_Q_LISTEN && !(q->group_by && *q->group_by))
		return q->protos & ~LSSOCK_PROTOS_INET ? cols_listen_any : cols_listen;
	if (!q->width)
		return cols_piped;
	return q->width < 100 ? cols_80 : q->width < 140 ? cols_100 : cols_140;
}

const char *const *field_option_group(uint32_t flags)
{
	static const char *const none[] = { NULL };

	if (flags & LSSOCK_Q_INFO)
		return flags & LSSOCK_Q_FULLEST ? cols_tcp_all : cols_tcp;
	if (flags & LSSOCK_Q_EXTENDED)
		return cols_extended;
	if (flags & LSSOCK_Q_MEMORY)
		return cols_memory;
	return flags & LSSOCK_Q_TIMERS ? cols_timers : none;
}

/* ---- public --------------------------------------------------------------- */

uint32_t lssock_fields(void)
{
	return field_count;
}

static const char *type_name(enum field_type type)
{
	static const char *const names[] = {
		[FT_BOOL] = "bool", [FT_UINT] = "number", [FT_INT] = "number",
		[FT_REAL] = "real", [FT_SIZE] = "size", [FT_RATE] = "rate",
		[FT_DURATION] = "duration", [FT_TIME] = "time", [FT_WORD] = "word",
		[FT_TEXT] = "text", [FT_NAME] = "name", [FT_ADDR] = "address",
		[FT_PORT] = "port", [FT_STATE] = "state", [FT_END] = "endpoint",
	};

	return names[type];
}

int lssock_field_info(uint32_t field, struct lssock_field_info *ret)
{
	const struct field *f = &field_table[field];

	if (field >= field_count)
		return -ENOENT;
	*ret = (struct lssock_field_info){
		.name = f->name, .head = f->head, .help = f->help,
		.type = type_name(f->type), .group = f->group, .unit = f->unit,
		.nest = f->nest, .both_ends = f->filter_only,
		.watch_only = f->needs & NEED_TRACK,
		.names_only = f->needs & NEED_HOSTS,
	};
	return 0;
}

int lssock_field_find(const char *name)
{
	const struct field *f = field_find(name, strlen(name));

	return f ? (int)(f - field_table) : -ENOENT;
}

void lssock_get(const struct lssock_snap *s, uint32_t row, uint32_t owner,
		uint32_t field, struct lssock_value *ret)
{
	if (field < field_count && row < s->socks.n)
		field_get(&field_table[field], s, row, owner, ret);
	else
		*ret = (struct lssock_value){ .kind = LSSOCK_V_UNKNOWN };
}
