/* SPDX-License-Identifier: MIT */
/* Fields: the table is sound, and a value is never made up where the kernel or
 * /proc did not say it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/tls.h>
#include <linux/unix_diag.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "model/host.h"
#include "model/link.h"
#include "model/names.h"
#include "query/field.h"

/* ---- making rows ------------------------------------------------------------ */

static uint64_t cookies;

static struct lssock_sock sock(uint8_t proto, uint8_t family, uint8_t state)
{
	return (struct lssock_sock){
		.proto = proto, .family = family, .state = state, .cookie = ++cookies,
		.flags = LSSOCK_F_STATE, .peer = LSSOCK_NONE, .via = LSSOCK_NONE,
	};
}

static void set_ip(union lssock_end *e, int family, const char *ip)
{
	assert_int_equal(inet_pton(family, ip, e->ip), 1);
}

static void put_attr(struct buf *b, unsigned type, const void *p, size_t len)
{
	struct nlattr head = { .nla_len = (uint16_t)(sizeof(head) + len),
			       .nla_type = (uint16_t)type };

	buf_put(b, &head, sizeof(head));
	buf_put(b, p, len);
	buf_fill(b, 0, -len & 3);
}

static uint32_t add(struct lssock_snap *s, const struct lssock_sock *k, struct buf *attrs)
{
	uint32_t row = snap_add(s, k, attrs ? attrs->data : NULL,
				attrs ? (uint32_t)attrs->len : 0, NULL);

	assert_int_not_equal(row, LSSOCK_NONE);
	/* What the builder leaves to link.c, the tests set. */
	s->socks.v[row].via = k->via;
	s->socks.v[row].peer = k->peer;
	if (attrs)
		buf_release(attrs);
	return row;
}

static struct lssock_snap *new_snap(void)
{
	struct lssock_snap *s = snap_new();

	assert_non_null(s);
	if (!s->ns.n)
		*vec_push(&s->ns) = (struct lssock_ns){ .ino = 77 };
	s->ns.v[0].port_lo = 32768;
	s->ns.v[0].port_hi = 60999;
	return s;
}

static void get(const struct lssock_snap *s, uint32_t row, const char *name,
		struct lssock_value *v)
{
	const struct field *f = field_find(name, strlen(name));

	assert_non_null(f);
	memset(v, 0xaa, sizeof(*v));	/* no getter may lean on what was there */
	field_get(f, s, row, 0, v);
}

static void is_kind(const struct lssock_snap *s, uint32_t row, const char *name,
		    enum lssock_kind want)
{
	struct lssock_value v;

	get(s, row, name, &v);
	if (v.kind != want)
		print_error("field %s\n", name);
	assert_int_equal(v.kind, want);
}

static void is_number(const struct lssock_snap *s, uint32_t row, const char *name,
		      uint64_t want)
{
	struct lssock_value v;

	get(s, row, name, &v);
	if (v.kind != LSSOCK_V_UINT || v.u != want)
		print_error("field %s\n", name);
	assert_int_equal(v.kind, LSSOCK_V_UINT);
	assert_int_equal(v.u, want);
}

static void says(const struct lssock_snap *s, uint32_t row, const char *name, const char *want)
{
	struct lssock_value v;
	char text[300];

	get(s, row, name, &v);
	lssock_value_text(&v, text, sizeof(text));
	if (strcmp(text, want))
		print_error("field %s\n", name);
	assert_string_equal(text, want);
}

/* ---- the table ----------------------------------------------------------------- */

static void test_table(void **state)
{
	uint32_t i, j;

	(void)state;
	assert_int_equal(lssock_fields(), field_count);
	for (i = 0; i < field_count; i++) {
		const struct field *f = &field_table[i];

		assert_true(f->name && f->head && f->help && f->group);
		assert_ptr_equal(field_find(f->name, strlen(f->name)), f);
		assert_null(strpbrk(f->head, " \t"));
		assert_true(f->raw.attr < 32 && f->raw.cls < DIAG_N_CLASS);
		assert_true(f->get || f->raw.len || f->filter_only);
		if (!f->get && f->raw.len)
			assert_true(f->raw.len == 1 || f->raw.len == 2 || f->raw.len == 4 ||
				    f->raw.len == 8);
		if (f->raw.bits)
			assert_true(f->raw.shift + f->raw.bits <= f->raw.len * 8);
		assert_true(f->type != FT_WORD || f->words);
		for (j = 0; j < i; j++)
			assert_string_not_equal(field_table[j].name, f->name);
	}
	assert_int_equal(lssock_field_find("no_such"), -2);
	assert_string_equal(field_nearest("lprt", 4), "lport");
	assert_null(field_nearest("zzzzzzzz", 8));
	assert_null(field_nearest("a\0b", 3));
}

/* Two fields of one attribute do not overlap by a slip of the offset, but for
 * those that read the same bytes on purpose. */
static void test_offsets(void **state)
{
	uint32_t i, j;

	(void)state;
	for (i = 0; i < field_count; i++)
		for (j = 0; j < i; j++) {
			const struct field *a = &field_table[i], *b = &field_table[j];

			if (a->get || b->get || !a->raw.len || !b->raw.len ||
			    a->raw.cls != b->raw.cls || a->raw.attr != b->raw.attr ||
			    a->protos != b->protos || a->raw.bits || b->raw.bits)
				continue;
			assert_true(a->raw.off + a->raw.len <= b->raw.off ||
				    b->raw.off + b->raw.len <= a->raw.off);
		}
}

static bool has_word(const char *field, const char *word)
{
	const struct field *f = field_find(field, strlen(field));
	uint32_t i;

	for (i = 0; f->words[i]; i++)
		if (!strcmp(f->words[i], word))
			return true;
	return false;
}

/* The lists of words are those of model/names. */
static void test_words(void **state)
{
	unsigned i;

	(void)state;
	for (i = 1; i < LSSOCK_N_PROTO; i++)
		assert_true(has_word("proto", names_proto(i)));
	for (i = 1; i < LSSOCK_N_WHY; i++)
		assert_true(has_word("why", names_why(i)));
	for (i = 1; i <= 4; i++)
		assert_true(has_word("timer", names_timer(i)));
	for (i = 0; i <= 4; i++)
		assert_true(has_word("ca_state", names_ca_state(i)));
	for (i = LSSOCK_FILE_LIVE; i <= LSSOCK_FILE_OTHER_MOUNT; i++)
		assert_true(has_word("file_state", names_file_state(i)));
	for (i = 1; i <= 10; i++)
		if (names_type(i))
			assert_true(has_word("type", names_type(i)));
	assert_true(has_word("source", names_source(LSSOCK_SRC_FD)));
	assert_true(has_word("family", names_family(AF_INET6)));
	assert_true(has_word("family", names_family(AF_XDP)));
}

static void exist(const char *const *names)
{
	uint32_t i, j;

	assert_non_null(names[0]);
	for (i = 0; names[i]; i++) {
		assert_non_null(field_find(names[i], strlen(names[i])));
		assert_false(field_find(names[i], strlen(names[i]))->filter_only);
		for (j = 0; j < i; j++)
			assert_string_not_equal(names[i], names[j]);
	}
}

static void test_defaults(void **state)
{
	static const uint32_t widths[] = { 0, 80, 99, 100, 139, 140, 400 };
	struct lssock_question q = { .size = sizeof(q) };
	uint32_t i;

	(void)state;
	for (i = 0; i < 7; i++) {
		q.width = widths[i];
		q.flags = 0;
		exist(field_defaults(&q));
		q.flags = LSSOCK_Q_LISTEN;
		exist(field_defaults(&q));
		assert_string_equal(field_defaults(&q)[0], "lport");
		q.protos = 1u << LSSOCK_UNIX;
		assert_string_equal(field_defaults(&q)[1], "local");
		q.protos = 0;
	}
	q.layout = LSSOCK_LAYOUT_RECORD;
	exist(field_defaults(&q));
	exist(field_option_group(LSSOCK_Q_EXTENDED));
	exist(field_option_group(LSSOCK_Q_INFO));
	exist(field_option_group(LSSOCK_Q_INFO | LSSOCK_Q_FULLEST));
	exist(field_option_group(LSSOCK_Q_MEMORY));
	exist(field_option_group(LSSOCK_Q_TIMERS));
	assert_null(field_option_group(0)[0]);
}

static void test_keep(void **state)
{
	uint32_t keep[DIAG_N_CLASS] = { 0 };

	(void)state;
	field_keep(field_find("drops", 5), keep);
	assert_int_equal(keep[DIAG_INET], 1u << INET_DIAG_SKMEMINFO);
	assert_int_equal(keep[DIAG_UNIX], 1u << UNIX_DIAG_MEMINFO);
	assert_int_equal(keep[DIAG_NETLINK], 1u << NETLINK_DIAG_MEMINFO);
	assert_int_equal(keep[DIAG_PACKET], 1u << PACKET_DIAG_MEMINFO);
	memset(keep, 0, sizeof(keep));
	field_keep(field_find("pid", 3), keep);
	assert_int_equal(keep[DIAG_INET], 0);
	field_keep(field_find("idle", 4), keep);
	assert_int_equal(keep[DIAG_INET], 1u << INET_DIAG_INFO);
}

/* ---- attributes ---------------------------------------------------------------------- */

static void make_info(unsigned char info[280])
{
	static const struct { unsigned off; uint32_t u; } in[] = {
		{ 8, 204000 }, { 44, 900 }, { 52, 300 }, { 68, 18000 }, { 76, 0x7fffffff },
		{ 80, 10 }, { 148, 0xffffffff }, { 228, 65535 }, { 244, 12 },
	};
	uint64_t rate = UINT64_MAX;
	unsigned i;

	memset(info, 0, 280);
	info[1] = 3;
	info[5] = 1 | 2 | 0x40;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	info[6] = 9 << 4 | 7;
	info[7] = 1;
#else
	info[6] = 7 << 4 | 9;
	info[7] = 0x80;
#endif
	for (i = 0; i < sizeof(in) / sizeof(*in); i++)
		memcpy(info + in[i].off, &in[i].u, 4);
	memcpy(info + 104, &rate, 8);
	rate = 5000;
	memcpy(info + 160, &rate, 8);
}

static uint32_t add_tcp(struct lssock_snap *s, uint8_t state, const void *info, size_t len)
{
	struct lssock_sock k = sock(LSSOCK_TCP, AF_INET, state);
	struct buf b = { 0 };

	if (len)
		put_attr(&b, INET_DIAG_INFO, info, len);
	return add(s, &k, &b);
}

static void test_tcp_info(void **state)
{
	struct lssock_snap *s = new_snap();
	unsigned char info[280];
	uint32_t row;

	(void)state;
	make_info(info);
	row = add_tcp(s, LSSOCK_ESTABLISHED, info, sizeof(info));
	is_number(s, row, "rtt", 18000);
	is_number(s, row, "cwnd", 10);
	is_number(s, row, "snd_wscale", 7);
	is_number(s, row, "rcv_wscale", 9);
	is_number(s, row, "delivery_rate", 5000);
	is_number(s, row, "last_data_sent", 900000);
	is_number(s, row, "idle", 300000);
	is_number(s, row, "total_rto_time", 12000);
	is_number(s, row, "snd_wnd", 65535);
	says(s, row, "options", "ts,sack,usec_ts");
	says(s, row, "ca_state", "recovery");
	says(s, row, "app_limited", "yes");
	is_number(s, row, "fastopen_fail", 0);
	is_kind(s, row, "ssthresh", LSSOCK_V_NA);	/* infinite */
	is_kind(s, row, "minrtt", LSSOCK_V_NA);
	is_kind(s, row, "pacing_rate", LSSOCK_V_NA);
	is_kind(s, row, "ato", LSSOCK_V_NA);
	lssock_snap_free(s);
}

/* A kernel that does not say is unknown; a row that has none does not apply;
 * what was not kept comes later. */
static void test_absent(void **state)
{
	struct lssock_snap *s = new_snap();
	struct lssock_sock k;
	unsigned char info[280];
	uint32_t row;

	(void)state;
	make_info(info);
	row = add_tcp(s, LSSOCK_ESTABLISHED, info, 104);
	is_number(s, row, "rtt", 18000);
	is_kind(s, row, "pacing_rate", LSSOCK_V_UNKNOWN);
	is_kind(s, row, "rcv_wnd", LSSOCK_V_UNKNOWN);
	row = add_tcp(s, LSSOCK_ESTABLISHED, info, 70);
	is_kind(s, row, "rtt", LSSOCK_V_UNKNOWN);
	is_number(s, row, "pmtu", 0);
	row = add_tcp(s, LSSOCK_ESTABLISHED, NULL, 0);
	is_kind(s, row, "rtt", LSSOCK_V_LATER);
	is_kind(s, row, "mark", LSSOCK_V_LATER);
	s->kept[DIAG_INET] = UINT32_MAX;
	is_kind(s, row, "rtt", LSSOCK_V_NA);
	is_kind(s, row, "mark", LSSOCK_V_UNKNOWN);	/* told to the privileged only */
	is_kind(s, row, "cgroup", LSSOCK_V_UNKNOWN);
	is_kind(s, row, "sockopt", LSSOCK_V_UNKNOWN);
	row = add_tcp(s, LSSOCK_LISTEN, info, sizeof(info));
	is_kind(s, row, "rtt", LSSOCK_V_NA);		/* the bytes mean other things there */
	is_kind(s, row, "unacked", LSSOCK_V_NA);
	row = add_tcp(s, LSSOCK_TIME_WAIT, NULL, 0);
	is_kind(s, row, "mark", LSSOCK_V_NA);
	k = sock(LSSOCK_TCP, AF_INET, LSSOCK_ESTABLISHED);
	k.flags |= LSSOCK_SRC_PROCFS;
	row = add(s, &k, NULL);
	is_kind(s, row, "rtt", LSSOCK_V_UNKNOWN);
	is_kind(s, row, "drops", LSSOCK_V_UNKNOWN);
	k = sock(LSSOCK_UDP, AF_INET, LSSOCK_ESTABLISHED);
	row = add(s, &k, NULL);
	is_kind(s, row, "rtt", LSSOCK_V_NA);
	lssock_snap_free(s);
}

static void test_fd_only(void **state)
{
	struct lssock_snap *s = new_snap();
	struct lssock_sock k = sock(LSSOCK_TCP, AF_INET, LSSOCK_STATE_NONE);
	static const char *const unknown[] = {
		"state", "laddr", "lport", "raddr", "rport", "local", "remote", "recvq",
		"sendq", "uid", "user", "rtt", "scope", "dir", "queue", "shutdown", "address",
	};
	uint32_t row, i;

	(void)state;
	k.flags = LSSOCK_SRC_FD;
	k.cookie = 0;
	k.inode = 5;
	row = add(s, &k, NULL);
	for (i = 0; i < sizeof(unknown) / sizeof(*unknown); i++)
		is_kind(s, row, unknown[i], LSSOCK_V_UNKNOWN);
	is_number(s, row, "inode", 5);
	says(s, row, "source", "fd");
	lssock_snap_free(s);
}

static void test_mem(void **state)
{
	struct lssock_snap *s = new_snap();
	struct lssock_sock k = sock(LSSOCK_UNIX, AF_UNIX, LSSOCK_ESTABLISHED);
	uint32_t mem[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, row;
	struct buf b = { 0 };

	(void)state;
	put_attr(&b, UNIX_DIAG_MEMINFO, mem, sizeof(mem));
	row = add(s, &k, &b);
	is_number(s, row, "rmem", 1);
	is_number(s, row, "drops", 9);
	memset(&b, 0, sizeof(b));
	put_attr(&b, NETLINK_DIAG_MEMINFO, mem, 32);	/* no drops before 4.6 */
	k = sock(LSSOCK_NETLINK, AF_NETLINK, LSSOCK_UNCONNECTED);
	row = add(s, &k, &b);
	is_number(s, row, "backlog", 8);
	is_kind(s, row, "drops", LSSOCK_V_UNKNOWN);
	k = sock(LSSOCK_VSOCK, AF_VSOCK, LSSOCK_LISTEN);
	row = add(s, &k, NULL);
	is_kind(s, row, "rmem", LSSOCK_V_NA);
	lssock_snap_free(s);
}

static void test_tls(void **state)
{
	struct lssock_snap *s = new_snap();
	struct lssock_sock k = sock(LSSOCK_TCP, AF_INET, LSSOCK_ESTABLISHED);
	struct buf tls = { 0 }, ulp = { 0 }, b = { 0 };
	struct nlattr liar = { .nla_len = 400, .nla_type = INET_ULP_INFO_TLS };
	uint16_t version = 0x0304, cipher = 52, sw = 2;
	uint32_t row;

	(void)state;
	put_attr(&tls, TLS_INFO_VERSION, &version, 2);
	put_attr(&tls, TLS_INFO_CIPHER, &cipher, 2);
	put_attr(&tls, TLS_INFO_TXCONF, &sw, 2);
	put_attr(&ulp, INET_ULP_INFO_NAME, "tls", 4);
	put_attr(&ulp, INET_ULP_INFO_TLS, tls.data, tls.len);
	put_attr(&b, INET_DIAG_ULP_INFO, ulp.data, ulp.len);
	row = add(s, &k, &b);
	says(s, row, "ulp", "tls");
	says(s, row, "tls_version", "1.3");
	says(s, row, "tls_cipher", "aes-gcm-256");
	says(s, row, "tls_txconf", "sw");
	is_kind(s, row, "tls_rxconf", LSSOCK_V_NA);
	is_kind(s, row, "subflow_token", LSSOCK_V_NA);
	memset(&b, 0, sizeof(b));
	put_attr(&b, INET_DIAG_ULP_INFO, &liar, sizeof(liar));
	k = sock(LSSOCK_TCP, AF_INET, LSSOCK_ESTABLISHED);
	row = add(s, &k, &b);
	is_kind(s, row, "tls_version", LSSOCK_V_NA);
	is_kind(s, row, "ulp", LSSOCK_V_NA);
	buf_release(&tls);
	buf_release(&ulp);
	lssock_snap_free(s);
}

static void test_other_attrs(void **state)
{
	struct lssock_snap *s = new_snap();
	struct lssock_sock k = sock(LSSOCK_NETLINK, AF_NETLINK, LSSOCK_UNCONNECTED);
	uint32_t groups[20] = { 0x80000007, 1 }, ring[7] = { 65536, 64 };
	uint32_t fanout = 3 << 16 | 1234;
	unsigned char mptcp[48] = { 2 };
	struct buf b = { 0 };
	uint32_t row;

	(void)state;
	put_attr(&b, NETLINK_DIAG_GROUPS, groups, 8);
	k.local.w[0] = 1234;
	row = add(s, &k, &b);
	says(s, row, "groups", "1-3,32,33");
	says(s, row, "local", "route:1234");
	is_kind(s, row, "remote", LSSOCK_V_NA);
	memset(groups, 0x55, sizeof(groups));
	memset(&b, 0, sizeof(b));
	put_attr(&b, NETLINK_DIAG_GROUPS, groups, sizeof(groups));
	k = sock(LSSOCK_NETLINK, AF_NETLINK, LSSOCK_UNCONNECTED);
	row = add(s, &k, &b);
	struct lssock_value v;
	get(s, row, "groups", &v);
	assert_true(v.len < sizeof(v.tmp) && !memcmp(v.s + v.len - 4, ",...", 4));
	says(s, row, "local", "route:kernel");
	memset(&b, 0, sizeof(b));
	put_attr(&b, PACKET_DIAG_RX_RING, ring, sizeof(ring));
	put_attr(&b, PACKET_DIAG_FANOUT, &fanout, 4);
	k = sock(LSSOCK_PACKET, AF_PACKET, LSSOCK_UNCONNECTED);
	k.local.w[0] = 0x88cc;
	row = add(s, &k, &b);
	says(s, row, "rx_ring", "65536x64");
	says(s, row, "fanout", "rollover:1234");
	assert_int_equal(snap_row(s, row)->local.w[0], 0x88cc);
	is_kind(s, row, "laddr", LSSOCK_V_NA);
	is_kind(s, row, "lport", LSSOCK_V_NA);
	memset(&b, 0, sizeof(b));
	put_attr(&b, INET_DIAG_INFO, mptcp, sizeof(mptcp));
	k = sock(LSSOCK_MPTCP, AF_INET, LSSOCK_ESTABLISHED);
	row = add(s, &k, &b);
	is_number(s, row, "mptcp_subflows", 2);
	is_kind(s, row, "mptcp_retransmits", LSSOCK_V_UNKNOWN);	/* padding there */
	is_kind(s, row, "rtt", LSSOCK_V_NA);
	lssock_snap_free(s);
}

/* ---- ends --------------------------------------------------------------------------- */

/* Nobody has asked, there is none, there is one. */
static void test_names_of_hosts(void **state)
{
	struct lssock_snap *s = new_snap();
	struct lssock_sock k = sock(LSSOCK_TCP, AF_INET6, LSSOCK_ESTABLISHED);
	struct lssock_addr near = { .family = AF_INET, .prefix = 32, .ip = { 10, 0, 0, 1 } };
	struct lssock_value v;
	uint32_t row;

	(void)state;
	set_ip(&k.local, AF_INET6, "::ffff:10.0.0.1");
	set_ip(&k.remote, AF_INET6, "fe80::1");
	k.lport = 22;
	k.rport = 40000;
	row = add(s, &k, NULL);
	is_kind(s, row, "lhost", LSSOCK_V_LATER);
	snap_host(s, &near, "near.test", 9);
	snap_service(s, LSSOCK_TCP, 22, "ssh", 3);
	snap_services(s);
	s->hosts_known = true;
	says(s, row, "lhost", "near.test");
	is_kind(s, row, "rhost", LSSOCK_V_NA);
	says(s, row, "laddr", "10.0.0.1");
	says(s, row, "local", "10.0.0.1:22");	/* the text of a value is the number */
	get(s, row, "local", &v);
	assert_memory_equal(v.host, "near.test", 9);
	assert_int_equal(v.host_len, 9);
	assert_memory_equal(v.service, "ssh", 3);
	get(s, row, "remote", &v);
	assert_null(v.host);
	assert_null(v.service);
	k = sock(LSSOCK_TCP, AF_INET6, LSSOCK_LISTEN);
	row = add(s, &k, NULL);
	is_kind(s, row, "lhost", LSSOCK_V_NA);
	is_kind(s, row, "rhost", LSSOCK_V_NA);
	k = sock(LSSOCK_UNIX, AF_UNIX, LSSOCK_LISTEN);
	row = add(s, &k, NULL);
	is_kind(s, row, "lhost", LSSOCK_V_NA);
	lssock_snap_free(s);
}

static void test_wildcards(void **state)
{
	struct lssock_snap *s = new_snap();
	struct lssock_sock k = sock(LSSOCK_TCP, AF_INET6, LSSOCK_LISTEN);
	struct lssock_value v;
	uint32_t row;

	(void)state;
	k.lport = 22;
	k.flags |= LSSOCK_F_V6ONLY_KNOWN;
	row = add(s, &k, NULL);
	says(s, row, "local", "*:22");
	says(s, row, "address", "*");
	says(s, row, "laddr", "*");
	says(s, row, "scope", "all");
	get(s, row, "laddr", &v);
	assert_int_equal(v.a.family, 0);
	says(s, row, "remote", "-");
	is_kind(s, row, "raddr", LSSOCK_V_NA);
	is_kind(s, row, "rport", LSSOCK_V_NA);
	k = sock(LSSOCK_TCP, AF_INET6, LSSOCK_LISTEN);
	k.lport = 22;
	k.flags |= LSSOCK_F_V6ONLY_KNOWN | LSSOCK_F_V6ONLY;
	row = add(s, &k, NULL);
	says(s, row, "local", "[::]:22");
	says(s, row, "v6only", "yes");
	k = sock(LSSOCK_TCP, AF_INET, LSSOCK_LISTEN);
	k.lport = 22;
	row = add(s, &k, NULL);
	says(s, row, "local", "0.0.0.0:22");
	is_kind(s, row, "v6only", LSSOCK_V_NA);
	lssock_snap_free(s);
}

static void test_ends(void **state)
{
	struct lssock_snap *s = new_snap();
	struct lssock_sock k = sock(LSSOCK_TCP, AF_INET6, LSSOCK_ESTABLISHED);
	uint32_t row;
	uint16_t eth0 = snap_iface(s, 0, 7);

	(void)state;
	s->ifaces.v[eth0].name = snap_string(s, "eth0", 4);
	set_ip(&k.local, AF_INET6, "::ffff:10.0.0.5");
	set_ip(&k.remote, AF_INET6, "::ffff:10.0.0.9");
	k.lport = 443;
	k.rport = 50000;
	row = add(s, &k, NULL);
	says(s, row, "local", "10.0.0.5:443");
	says(s, row, "remote", "10.0.0.9:50000");
	says(s, row, "raddr", "10.0.0.9");
	says(s, row, "family", "inet6");
	k = sock(LSSOCK_UDP, AF_INET, LSSOCK_UNCONNECTED);
	set_ip(&k.local, AF_INET, "127.0.0.53");
	k.lport = 53;
	k.iface = eth0;
	row = add(s, &k, NULL);
	says(s, row, "local", "127.0.0.53%eth0:53");
	says(s, row, "iface", "eth0");
	k = sock(LSSOCK_RAW, AF_INET, LSSOCK_UNCONNECTED);
	set_ip(&k.local, AF_INET, "10.0.0.1");
	k.lport = 1;
	row = add(s, &k, NULL);
	says(s, row, "local", "10.0.0.1:icmp");
	says(s, row, "ipproto", "icmp");
	is_kind(s, row, "lport", LSSOCK_V_NA);		/* it is no port */
	k = sock(LSSOCK_VSOCK, AF_VSOCK, LSSOCK_LISTEN);
	k.local.w[0] = UINT32_MAX;
	k.local.w[1] = 1234;
	row = add(s, &k, NULL);
	says(s, row, "laddr", "any");
	is_number(s, row, "lport", 1234);
	says(s, row, "local", "*:1234");
	k = sock(LSSOCK_TCP, AF_INET, LSSOCK_CLOSE);
	row = add(s, &k, NULL);
	is_kind(s, row, "laddr", LSSOCK_V_NA);
	is_kind(s, row, "local", LSSOCK_V_NA);
	is_kind(s, row, "lport", LSSOCK_V_NA);
	lssock_snap_free(s);
}

static void test_dir(void **state)
{
	struct lssock_snap *s = new_snap();
	struct lssock_sock k = sock(LSSOCK_TCP, AF_INET, LSSOCK_ESTABLISHED);
	uint32_t row;

	(void)state;
	set_ip(&k.remote, AF_INET, "10.0.0.9");
	k.lport = 40000;
	k.rport = 443;
	row = add(s, &k, NULL);
	says(s, row, "dir", "out");
	s->socks.v[row].via = row;
	says(s, row, "dir", "in");
	s->socks.v[row].via = LSSOCK_NONE;
	s->socks.v[row].lport = 1023;
	is_kind(s, row, "dir", LSSOCK_V_NA);
	s->ns.v[0].port_lo = 0;
	is_kind(s, row, "dir", LSSOCK_V_UNKNOWN);
	s->socks.v[row].state = LSSOCK_LISTEN;
	is_kind(s, row, "dir", LSSOCK_V_NA);
	lssock_snap_free(s);
}

static void test_scope(void **state)
{
	struct lssock_snap *s = new_snap();
	struct lssock_sock k = sock(LSSOCK_TCP, AF_INET, LSSOCK_LISTEN);
	static const char *const at[][2] = {
		{ "127.0.0.1", "local" }, { "10.1.2.3", "lan" }, { "8.8.8.8", "public" },
		{ "169.254.1.1", "link" },
	};
	uint16_t eth0 = snap_iface(s, 0, 7), lo = snap_iface(s, 0, 1);
	struct lssock_ifaddr *a;
	uint32_t row, i;

	(void)state;
	k.lport = 22;
	for (i = 0; i < 4; i++) {
		k.cookie = ++cookies;
		set_ip(&k.local, AF_INET, at[i][0]);
		says(s, add(s, &k, NULL), "scope", at[i][1]);
	}
	memset(&k.local, 0, sizeof(k.local));
	k.cookie = ++cookies;
	k.iface = eth0;
	row = add(s, &k, NULL);
	is_kind(s, row, "scope", LSSOCK_V_LATER);
	a = vec_push(&s->ifaddrs);
	*a = (struct lssock_ifaddr){ .iface = eth0, .family = AF_INET, .prefix = 8,
				     .ip = { 10, 0, 0, 1 } };
	a = vec_push(&s->ifaddrs);
	*a = (struct lssock_ifaddr){ .iface = eth0, .family = AF_INET6, .prefix = 64,
				     .ip = { 0x20, 0x01, 0x48, 0x60 } };
	says(s, row, "scope", "lan");		/* an IPv4 socket */
	s->socks.v[row].family = AF_INET6;
	says(s, row, "scope", "public");	/* the widest of both */
	s->ifaces.v[lo].flags = IFF_LOOPBACK;
	s->socks.v[row].iface = lo;
	says(s, row, "scope", "local");
	s->socks.v[row].state = LSSOCK_ESTABLISHED;
	is_kind(s, row, "scope", LSSOCK_V_NA);
	lssock_snap_free(s);
}

static void test_unix(void **state)
{
	struct lssock_snap *s = new_snap();
	struct lssock_sock k = sock(LSSOCK_UNIX, AF_UNIX, LSSOCK_LISTEN);
	uint32_t row;

	(void)state;
	if (!s->files.n)
		assert_non_null(vec_push(&s->files));
	k.name = snap_string(s, "/run/x", 6);
	k.local.w[0] = 99;
	k.local.w[3] = LSSOCK_NONE;
	row = add(s, &k, NULL);
	says(s, row, "path", "/run/x");
	is_number(s, row, "file_ino", 99);
	is_kind(s, row, "scope", LSSOCK_V_LATER);
	is_kind(s, row, "file_mode", LSSOCK_V_LATER);
	s->socks.v[row].local.w[2] = s->files.n;
	*vec_push(&s->files) = (struct lssock_file){ .mode = 0140660, .uid = 5, .gid = 6,
						      .state = LSSOCK_FILE_LIVE };
	says(s, row, "scope", "group");
	says(s, row, "file_mode", "0660");
	says(s, row, "file_user", "5");
	snap_users(s, "a:x:4::\nuser5:x:5::\n", 19);
	says(s, row, "file_user", "user5");
	s->files.v[s->files.n - 1].mode = 0140777;
	says(s, row, "scope", "world");
	s->files.v[s->files.n - 1].state = LSSOCK_FILE_DELETED;
	is_kind(s, row, "scope", LSSOCK_V_NA);
	says(s, row, "file_state", "deleted");
	is_kind(s, row, "file_user", LSSOCK_V_NA);
	s->files.v[s->files.n - 1].state = LSSOCK_FILE_UNKNOWN;
	is_kind(s, row, "scope", LSSOCK_V_UNKNOWN);
	k = sock(LSSOCK_UNIX, AF_UNIX, LSSOCK_LISTEN);
	k.name = snap_string(s, "\0a\n", 3);
	k.local.w[3] = LSSOCK_NONE;
	row = add(s, &k, NULL);
	says(s, row, "path", "@a\\x0a");
	says(s, row, "scope", "abstract");
	is_kind(s, row, "file_state", LSSOCK_V_NA);
	k = sock(LSSOCK_UNIX, AF_UNIX, LSSOCK_ESTABLISHED);
	k.local.w[3] = 4711;
	row = add(s, &k, NULL);
	is_kind(s, row, "path", LSSOCK_V_NA);
	says(s, row, "peer", "inode:4711");
	lssock_snap_free(s);
}

static void test_queues(void **state)
{
	struct lssock_snap *s = new_snap();
	struct lssock_sock k = sock(LSSOCK_TCP, AF_INET, LSSOCK_LISTEN);
	uint32_t row;

	(void)state;
	k.flags |= LSSOCK_F_QUEUES;
	k.rqueue = 3;
	row = add(s, &k, NULL);
	is_number(s, row, "queue", 3);
	is_kind(s, row, "limit", LSSOCK_V_UNKNOWN);	/* /proc/net/tcp does not tell */
	is_kind(s, row, "sendq", LSSOCK_V_UNKNOWN);
	says(s, row, "queues", "3/?");
	s->socks.v[row].flags |= LSSOCK_F_LIMIT;
	s->socks.v[row].wqueue = 128;
	is_number(s, row, "limit", 128);
	says(s, row, "queues", "3/128");
	s->socks.v[row].state = LSSOCK_ESTABLISHED;
	is_kind(s, row, "queue", LSSOCK_V_NA);
	is_number(s, row, "sendq", 128);
	is_kind(s, row, "uid", LSSOCK_V_UNKNOWN);
	is_kind(s, row, "shutdown", LSSOCK_V_UNKNOWN);
	s->socks.v[row].flags |= LSSOCK_F_SHUT_KNOWN | LSSOCK_F_SHUT_WR;
	says(s, row, "shutdown", "wr");
	lssock_snap_free(s);
}

/* ---- owners ----------------------------------------------------------------------------- */

static uint32_t add_proc(struct lssock_snap *s, int32_t pid, const char *comm)
{
	struct lssock_proc p = { .pid = pid, .ppid = 1, .start_ns = 5000000000u, .ns = 0xffff,
				 .nofile = LSSOCK_NONE, .nfds = LSSOCK_NONE };

	p.comm = snap_string(s, comm, strlen(comm));
	return snap_proc(s, &p);
}

static void own(struct lssock_snap *s, uint32_t inode, uint32_t proc, int fd, unsigned how)
{
	struct lssock_owner o = { .proc = proc, .fd = fd };

	o.how = how & 0xff;
	assert_int_equal(snap_owner(s, inode, &o), 0);
}

static void is_text(const struct lssock_snap *s, uint32_t row, const char *name,
		    const char *want)
{
	struct lssock_value v;

	get(s, row, name, &v);
	assert_int_equal(v.kind, LSSOCK_V_TEXT);
	assert_int_equal(v.len, strlen(want));
	assert_memory_equal(v.s, want, v.len);
}

/* The cgroup of a socket names its unit if pid 1 holds it; who else does may have made
 * that cgroup. */
static void test_socket_unit(void **state)
{
	static const char path[] = "/system.slice/ssh.socket";
	struct lssock_snap *s = new_snap();
	struct lssock_sock k = sock(LSSOCK_TCP, AF_INET6, LSSOCK_LISTEN);
	uint64_t id = 77;
	struct buf attrs = { 0 };
	uint32_t init, other;

	(void)state;
	*vec_push(&s->cgroups) = (struct snap_cgroup){ id, snap_string(s, path,
								       sizeof(path) - 1) };
	k.inode = 1000;
	put_attr(&attrs, INET_DIAG_CGROUP_ID, &id, sizeof(id));
	s->kept[DIAG_INET] = 1u << INET_DIAG_CGROUP_ID;
	init = add(s, &k, &attrs);
	is_kind(s, init, "socket_unit", LSSOCK_V_LATER);
	k.inode = 1001;
	k.cookie++;
	put_attr(&attrs, INET_DIAG_CGROUP_ID, &id, sizeof(id));
	other = add(s, &k, &attrs);
	own(s, 1000, add_proc(s, 1, "systemd"), 3, LSSOCK_HOW_FD);
	own(s, 1001, add_proc(s, 2, "systemd"), 3, LSSOCK_HOW_FD);
	s->meta.owners_asked = true;
	link_owners(s);
	is_text(s, init, "socket_unit", "ssh.socket");
	is_kind(s, other, "socket_unit", LSSOCK_V_NA);
	s->cgroups.n = 0;
	is_kind(s, init, "socket_unit", LSSOCK_V_UNKNOWN);
	*vec_push(&s->sock_units) = (struct snap_sock_unit){ init, LSSOCK_NONE };
	s->sock_units_known = true;
	is_kind(s, init, "socket_unit", LSSOCK_V_UNKNOWN);
	s->sock_units.n = 0;
	is_kind(s, init, "socket_unit", LSSOCK_V_NA);
	lssock_snap_free(s);
}

/* docker-proxy says where it passes to; a name alone says nothing. */
static void test_published(void **state)
{
	static const char cmd[] = "/usr/bin/docker-proxy\0-proto\0tcp\0-container-ip\0"
				  "172.17.0.4\0-container-port\080";
	struct lssock_snap *s = new_snap();
	struct lssock_sock k = sock(LSSOCK_TCP, AF_INET, LSSOCK_LISTEN);
	struct lssock_nat n = { .ns = 1, .proto = LSSOCK_TCP, .family = AF_INET,
				.port_lo = 9000, .port_hi = 9000, .to_lo = 8080, .to_hi = 8080,
				.to_family = AF_INET, .to = { 10, 0, 0, 2 } };
	uint32_t row, proc;

	(void)state;
	k.inode = 1000;
	k.lport = 8080;
	set_ip(&k.local, AF_INET, "10.0.0.2");
	row = add(s, &k, NULL);
	proc = add_proc(s, 7, "docker-proxy");
	own(s, 1000, proc, 3, LSSOCK_HOW_FD);
	s->meta.owners_asked = true;
	link_owners(s);
	is_kind(s, row, "published", LSSOCK_V_LATER);
	s->nats_known = true;
	is_kind(s, row, "published", LSSOCK_V_NA);
	snap_note(s, LSSOCK_NOTE_NAT_REFUSED, 0, 1, 1, "nftables");
	is_kind(s, row, "published", LSSOCK_V_UNKNOWN);
	*vec_push(&s->ns) = (struct lssock_ns){ .ino = 78, .flags = LSSOCK_NS_HOST };
	*vec_push(&s->nats) = n;
	is_text(s, row, "published", "host:9000");
	n.to_lo = n.to_hi = 0;		/* another port there */
	*vec_push(&s->nats) = n;
	is_text(s, row, "published", "host:9000");
	s->procs.v[proc].cmdline = snap_string(s, cmd, sizeof(cmd) - 3);
	is_text(s, row, "published", "host:9000");	/* cut before the port */
	s->procs.v[proc].cmdline = snap_string(s, cmd, sizeof(cmd));
	is_text(s, row, "published", "172.17.0.4:80");
	lssock_snap_free(s);
}

static void test_owners(void **state)
{
	struct lssock_snap *s = new_snap();
	struct lssock_sock k = sock(LSSOCK_TCP, AF_INET, LSSOCK_LISTEN);
	struct lssock_proc *p;
	struct lssock_value v;
	uint32_t row, a, b;

	(void)state;
	k.inode = 1000;
	row = add(s, &k, NULL);
	is_kind(s, row, "pid", LSSOCK_V_LATER);
	is_kind(s, row, "why", LSSOCK_V_LATER);
	s->meta.owners_asked = true;
	is_kind(s, row, "pid", LSSOCK_V_UNKNOWN);
	s->socks.v[row].why = LSSOCK_WHY_NO_PERMISSION;
	is_kind(s, row, "proc", LSSOCK_V_UNKNOWN);
	s->socks.v[row].why = LSSOCK_WHY_TIME_WAIT;
	is_kind(s, row, "proc", LSSOCK_V_NA);
	is_number(s, row, "nowners", 0);
	says(s, row, "why", "time-wait");
	s->socks.v[row].why = LSSOCK_WHY_NONE;

	a = add_proc(s, 10, "nginx");
	b = add_proc(s, 11, "nginx");
	own(s, 1000, a, 3, LSSOCK_HOW_FD);
	own(s, 1000, b, 3, LSSOCK_HOW_FD);
	own(s, 1000, a, 9, LSSOCK_HOW_FD);
	assert_int_equal(link_owners(s), 0);
	get(s, row, "process", &v);
	assert_int_equal(v.kind, LSSOCK_V_TEXT);
	assert_int_equal(v.more, 1);		/* one other process, not two other fds */
	is_number(s, row, "nowners", 2);
	is_kind(s, row, "tid", LSSOCK_V_NA);
	is_kind(s, row, "cmd", LSSOCK_V_LATER);
	s->meta.boot_ns = 1000000000;
	get(s, row, "start", &v);
	assert_int_equal(v.kind, LSSOCK_V_TIME);
	assert_int_equal(v.u, 6000000000u);
	for (a = 1; a < s->procs.n; a++) {
		p = &s->procs.v[a];
		p->flags |= LSSOCK_P_DETAILS;
		p->cmdline = snap_string(s, "nginx\0-g\0x y\0", 13);
	}
	says(s, row, "cmd", "nginx -g x y");
	is_kind(s, row, "unit", LSSOCK_V_NA);
	is_kind(s, row, "nofile", LSSOCK_V_UNKNOWN);
	for (a = 1; a < s->procs.n; a++)
		s->procs.v[a].flags |= LSSOCK_P_NO_CMD | LSSOCK_P_NO_EXE | LSSOCK_P_NO_CGROUP;
	is_kind(s, row, "cmd", LSSOCK_V_UNKNOWN);
	is_kind(s, row, "exe", LSSOCK_V_UNKNOWN);
	is_kind(s, row, "unit", LSSOCK_V_UNKNOWN);
	lssock_snap_free(s);
}

/* Held in a ring only: that explains, it does not own. */
static void test_ring(void **state)
{
	struct lssock_snap *s = new_snap();
	struct lssock_sock k = sock(LSSOCK_TCP, AF_INET, LSSOCK_LISTEN);
	uint32_t row;

	(void)state;
	k.inode = 1000;
	row = add(s, &k, NULL);
	s->meta.owners_asked = true;
	own(s, 1000, add_proc(s, 10, "uring"), -1, LSSOCK_HOW_RING);
	assert_int_equal(link_owners(s), 0);
	s->socks.v[row].why = LSSOCK_WHY_IO_URING;
	assert_int_equal(field_owner(s, snap_row(s, row)), 0);
	is_kind(s, row, "pid", LSSOCK_V_NA);
	is_number(s, row, "nowners", 0);
	lssock_snap_free(s);
}

static void test_peer(void **state)
{
	struct lssock_snap *s = new_snap();
	struct lssock_sock k = sock(LSSOCK_TCP, AF_INET, LSSOCK_ESTABLISHED);
	uint32_t a, b;

	(void)state;
	k.inode = 1;
	a = add(s, &k, NULL);
	k.cookie = ++cookies;
	k.inode = 2;
	k.peer = a;
	b = add(s, &k, NULL);
	says(s, b, "peer", "inode:1");
	is_kind(s, a, "peer", LSSOCK_V_NA);
	own(s, 1, add_proc(s, 10, "cu]rl"), 3, LSSOCK_HOW_FD);
	assert_int_equal(link_owners(s), 0);
	says(s, b, "peer", "cu]rl[10]");
	is_number(s, b, "peer_pid", 10);
	is_number(s, b, "peer_ns", 77);
	lssock_snap_free(s);
}

static void test_public(void **state)
{
	struct lssock_snap *s = new_snap();
	struct lssock_sock k = sock(LSSOCK_TCP, AF_INET, LSSOCK_LISTEN);
	struct lssock_field_info info;
	struct lssock_value v;

	(void)state;
	k.lport = 22;
	add(s, &k, NULL);
	lssock_get(s, 0, 0, (uint32_t)lssock_field_find("lport"), &v);
	assert_int_equal(v.u, 22);
	lssock_get(s, 99, 0, 0, &v);
	assert_int_equal(v.kind, LSSOCK_V_UNKNOWN);
	lssock_get(s, 0, 0, UINT32_MAX, &v);
	assert_int_equal(v.kind, LSSOCK_V_UNKNOWN);
	assert_int_equal(lssock_field_info(field_count, &info), -2);
	assert_int_equal(lssock_field_info((uint32_t)lssock_field_find("port"), &info), 0);
	assert_true(info.both_ends);
	lssock_snap_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table), cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_words), cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_keep), cmocka_unit_test(test_tcp_info),
		cmocka_unit_test(test_absent), cmocka_unit_test(test_fd_only),
		cmocka_unit_test(test_mem), cmocka_unit_test(test_tls),
		cmocka_unit_test(test_other_attrs), cmocka_unit_test(test_names_of_hosts),
		cmocka_unit_test(test_wildcards),
		cmocka_unit_test(test_ends), cmocka_unit_test(test_dir),
		cmocka_unit_test(test_scope), cmocka_unit_test(test_unix),
		cmocka_unit_test(test_queues), cmocka_unit_test(test_owners),
		cmocka_unit_test(test_ring), cmocka_unit_test(test_peer),
		cmocka_unit_test(test_public), cmocka_unit_test(test_socket_unit),
		cmocka_unit_test(test_published),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
