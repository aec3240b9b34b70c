/* SPDX-License-Identifier: MIT */
/*
 * Bytecode against a model of the kernel's interpreter and verifier
 * (net/ipv4/inet_diag.c): whatever a filter may match is let through. States
 * pruned, jumps over long programs, golden texts.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "query/plan.h"

#define BIT(state) (1u << LSSOCK_##state)
#define CGROUP_COND 13

/* ---- the kernel, modelled --------------------------------------------------- */

struct entry {
	uint8_t family;
	uint8_t src[16], dst[16];
	uint16_t sport, dport;
	uint32_t ifindex, mark;
	uint64_t cgroup;
	bool bound;			/* SOCK_BINDPORT_LOCK */
};

static bool bits_match(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	if (memcmp(a, b, bits / 8))
		return false;
	return bits % 8 == 0 || !((a[bits / 8] ^ b[bits / 8]) >> (8 - bits % 8));
}

static bool run_hostcond(const uint8_t *at, bool source, const struct entry *e)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const uint8_t *addr = source ? e->src : e->dst;
	struct inet_diag_hostcond c;

	memcpy(&c, at, sizeof(c));
	at += sizeof(c);
	if (c.port != -1 && c.port != (source ? e->sport : e->dport))
		return false;
	if (c.family != AF_UNSPEC && c.family != e->family)
		return e->family == AF_INET6 && c.family == AF_INET &&
		       !memcmp(addr, mapped, 12) && bits_match(addr + 12, at, c.prefix_len);
	return bits_match(addr, at, c.prefix_len);
}

static bool run_op(const uint8_t *at, const struct entry *e)
{
	struct inet_diag_bc_op op, next;
	uint32_t u32[2];
	uint64_t u64;

	memcpy(&op, at, sizeof(op));
	memcpy(&next, at + 4, op.yes >= 8 ? 4 : 0);
	switch (op.code) {
	case INET_DIAG_BC_S_GE:
		return e->sport >= next.no;
	case INET_DIAG_BC_S_LE:
		return e->sport <= next.no;
	case INET_DIAG_BC_D_GE:
		return e->dport >= next.no;
	case INET_DIAG_BC_D_LE:
		return e->dport <= next.no;
	case INET_DIAG_BC_AUTO:
		return !e->bound;
	case INET_DIAG_BC_S_COND: case INET_DIAG_BC_D_COND:
		return run_hostcond(at + 4, op.code == INET_DIAG_BC_S_COND, e);
	case INET_DIAG_BC_DEV_COND:
		memcpy(u32, at + 4, 4);
		return u32[0] == e->ifindex;
	case INET_DIAG_BC_MARK_COND:
		memcpy(u32, at + 4, 8);
		return (e->mark & u32[1]) == u32[0];
	case CGROUP_COND:
		memcpy(&u64, at + 4, 8);
		return u64 == e->cgroup;
	}
	assert_int_equal(op.code, INET_DIAG_BC_JMP);
	return false;
}

static bool accepts(const struct buf *code, const struct entry *e)
{
	const uint8_t *bytes = (const uint8_t *)code->data;
	struct inet_diag_bc_op op;
	long at = 0, len = (long)code->len;

	while (at < len) {
		memcpy(&op, bytes + at, sizeof(op));
		at += run_op(bytes + at, e) ? op.yes : op.no;
	}
	return at == len;
}

static unsigned span_of(uint8_t code, const uint8_t *at)
{
	struct inet_diag_hostcond c;

	switch (code) {
	case INET_DIAG_BC_JMP: case INET_DIAG_BC_AUTO:
		return 4;
	case INET_DIAG_BC_S_COND: case INET_DIAG_BC_D_COND:
		memcpy(&c, at + 4, sizeof(c));
		assert_true(c.family == AF_UNSPEC || c.family == AF_INET ||
			    c.family == AF_INET6);
		assert_true(c.prefix_len <= (c.family == AF_INET ? 32 : c.family ? 128 : 0));
		return c.family == AF_INET ? 16 : c.family ? 28 : 12;
	case INET_DIAG_BC_MARK_COND: case CGROUP_COND:
		return 12;
	case INET_DIAG_BC_S_GE: case INET_DIAG_BC_S_LE: case INET_DIAG_BC_D_GE:
	case INET_DIAG_BC_D_LE: case INET_DIAG_BC_DEV_COND:
		return 8;
	}
	fail_msg("code %u", code);
	return 0;
}

/* inet_diag_bc_audit(), valid_cc() */
static void audit(const struct buf *code)
{
	const uint8_t *bytes = (const uint8_t *)code->data;
	uint8_t *starts = calloc(code->len + 8, 1);
	struct inet_diag_bc_op op;
	size_t at;

	for (at = 0; at < code->len; at += op.yes) {
		unsigned span;

		assert_true(code->len - at >= sizeof(op));
		starts[at] = 1;
		memcpy(&op, bytes + at, sizeof(op));
		span = span_of(op.code, bytes + at);
		assert_int_equal(op.yes % 4, 0);
		assert_int_equal(op.no % 4, 0);
		assert_true(op.yes >= span && op.yes <= code->len - at);
		assert_true(op.no >= (op.code == INET_DIAG_BC_JMP ? 4 : span));
		assert_true(op.no <= code->len - at + 4);
	}
	starts[code->len] = starts[code->len + 4] = 1;
	for (at = 0; at < code->len; at += op.yes) {
		memcpy(&op, bytes + at, sizeof(op));
		assert_true(starts[at + op.no]);
	}
	free(starts);
}

/* ---- worlds ------------------------------------------------------------------- */

static uint32_t seed = 99;

static uint32_t dice(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static uint32_t find_ifindex(void *ctx, const char *name, size_t len)
{
	(void)ctx;
	return len == 4 && !memcmp(name, "eth0", 4) ? 2 : len == 2 && !memcmp(name, "lo", 2);
}

static uint64_t find_cgroup(void *ctx, const char *path, size_t len)
{
	(void)ctx;
	return len == 2 && !memcmp(path, "/a", 2) ? 1000 : 0;
}

static const struct push_env env = { .mark = true, .ifindex = find_ifindex,
				     .cgroup_id = find_cgroup };

struct row { struct entry e; uint32_t row; };
struct world { struct lssock_snap *s; struct row rows[600]; uint32_t n; };

static void random_addr(uint8_t *out, uint8_t family)
{
	static const uint8_t v4[][4] = {
		{0}, {10, 0, 0, 5}, {10, 9, 8, 7}, {127, 0, 0, 1}, {192, 0, 2, 1}};
	static const char *const v6[] = {"::", "2001:db8::5", "::1", "fe80::1", "2001:db9::1"};

	memset(out, 0, 16);
	if (family == AF_INET) {
		memcpy(out, v4[dice(5)], 4);
	} else if (dice(3) == 0) {
		out[10] = out[11] = 0xff;
		memcpy(out + 12, v4[dice(5)], 4);
	} else {
		inet_pton(AF_INET6, v6[dice(5)], out);
	}
}

static uint16_t random_port(void)
{
	static const uint16_t ports[] = { 0, 1, 22, 80, 443, 1023, 1024, 5000, 65534, 65535 };

	return ports[dice(10)];
}

static const uint8_t tcp_states[] = {
	LSSOCK_ESTABLISHED, LSSOCK_SYN_SENT,   LSSOCK_SYN_RECV, LSSOCK_FIN_WAIT2,
	LSSOCK_TIME_WAIT,   LSSOCK_CLOSE_WAIT, LSSOCK_LISTEN,	LSSOCK_LISTEN,
	LSSOCK_BOUND,	    LSSOCK_BOUND,
};

static size_t put_attr(char *to, uint16_t type, const void *p, uint16_t len)
{
	struct nlattr head = { .nla_len = (uint16_t)(4 + len), .nla_type = type };

	memcpy(to, &head, 4);
	memcpy(to + 4, p, len);
	return 4 + (len + 3u) / 4 * 4;
}

/* A row and what the kernel's own record of it says. */
static void random_row(struct world *w, uint8_t proto)
{
	struct row *r = &w->rows[w->n++];
	struct entry *e = &r->e;
	struct lssock_sock k = { .proto = proto, .cookie = w->n, .peer = LSSOCK_NONE,
				 .via = LSSOCK_NONE, .flags = LSSOCK_F_STATE };
	char attrs[64];
	size_t len;
	bool small;

	k.state = proto == LSSOCK_TCP ? tcp_states[dice(sizeof(tcp_states))]
				      : dice(2) ? LSSOCK_ESTABLISHED : LSSOCK_UNCONNECTED;
	k.family = e->family = dice(2) ? AF_INET : AF_INET6;
	random_addr(e->src, e->family);
	e->sport = random_port();
	/* Sockets without a connection have no remote end; a bound one may show the
	 * end of a connection that failed (kernel.md, bound-inactive rows). */
	if (k.state != LSSOCK_LISTEN && k.state != LSSOCK_UNCONNECTED) {
		random_addr(e->dst, e->family);
		e->dport = random_port();
	}
	small = k.state == LSSOCK_TIME_WAIT || k.state == LSSOCK_SYN_RECV;
	e->ifindex = dice(3);
	e->mark = dice(3) * 0x11;
	e->cgroup = small ? 0 : 999 + dice(2);
	e->bound = !small && dice(2);
	k.lport = e->sport;
	memcpy(k.local.ip, e->src, 16);
	if (k.state != LSSOCK_BOUND) {
		k.rport = e->dport;
		memcpy(k.remote.ip, e->dst, 16);
	}
	k.iface = snap_iface(w->s, 0, e->ifindex);
	k.flags |= LSSOCK_F_AUTOBOUND_KNOWN | (e->bound ? 0 : LSSOCK_F_AUTOBOUND);
	if (k.family == AF_INET6 && dice(2))
		k.flags |= LSSOCK_F_V6ONLY | LSSOCK_F_V6ONLY_KNOWN;
	len = put_attr(attrs, INET_DIAG_MARK, &e->mark, 4);
	if (!small)
		len += put_attr(attrs + len, INET_DIAG_CGROUP_ID, &e->cgroup, 8);
	r->row = snap_add(w->s, &k, attrs, (uint32_t)len, NULL);
}

static void name_iface(struct lssock_snap *s, uint32_t ifindex, const char *name)
{
	uint16_t row = snap_iface(s, 0, ifindex);

	s->ifaces.v[row].name = snap_string(s, name, strlen(name));
}

static void name_cgroup(struct lssock_snap *s, uint64_t id, const char *path)
{
	struct snap_cgroup *c = vec_push(&s->cgroups);

	c->id = id;
	c->path = snap_string(s, path, strlen(path));
}

static int world_new(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	unsigned i;

	w->s = snap_new();
	w->s->kept[DIAG_INET] = 1u << INET_DIAG_MARK | 1u << INET_DIAG_CGROUP_ID;
	name_iface(w->s, 1, "lo");
	name_iface(w->s, 2, "eth0");
	name_cgroup(w->s, 999, "/b");
	name_cgroup(w->s, 1000, "/a");
	for (i = 0; i < 600; i++)
		random_row(w, i < 400 ? LSSOCK_TCP : LSSOCK_UDP);
	*state = w;
	return 0;
}

static int world_free(void **state)
{
	struct world *w = *state;

	lssock_snap_free(w->s);
	free(w);
	return 0;
}

/* ---- the promise ---------------------------------------------------------------- */

static void put_random(struct buf *b, unsigned depth)
{
	static const char *const terms[] = {
		"lport:80",
		"lport:22,443,5000-65535",
		"rport:80",
		"rport:0-1024",
		"port:80,22",
		"port != 80",
		"rport != 5000",
		"lport<1024",
		"lport>=1024",
		"rport<=443",
		"rport>65534",
		"lport<1",
		"port>=1024",
		"port<80",
		"lport:0-65535",
		"src 10.0.0.0/8",
		"dst 10.0.0.0/8",
		"src 0.0.0.0",
		"src ::",
		"src ::/0",
		"src 0.0.0.0/0",
		"dst 0.0.0.0/0",
		"dst ::/0",
		"src 2001:db8::/32",
		"src ::/8",
		"addr:10.0.0.5",
		"addr != 127.0.0.1",
		"10.0.0.5:443",
		"dst [::1]:80",
		"dst ::",
		"src ::ffff:10.0.0.0/104",
		"laddr != 10.0.0.0/8",
		"raddr != 10.0.0.0/8",
		"iface:eth0",
		"iface:eth0,lo",
		"iface != lo",
		"iface:x",
		"iface:e*",
		"mark:0x11",
		"mark != 0x11",
		"mark:0x10/0xf0",
		"mark>5",
		"mark:0x11,0x22",
		"cgroup:/a",
		"cgroup != /a",
		"cgroup:/b",
		"autobound",
		"autobound:no",
		"state:listen",
		"state:estab,bound",
		"has:rport",
		"is:loopback",
		"proto:tcp",
		"dst *",
		"ssh",
		"is:listen",
		"has:iface",
	};

	switch (depth ? dice(6) : 5) {
	case 0: case 1:
		buf_puts(b, "not (");
		put_random(b, depth - 1);
		buf_putc(b, ')');
		return;
	case 2:
		buf_putc(b, '(');
		put_random(b, depth - 1);
		buf_puts(b, " or ");
		put_random(b, depth - 1);
		buf_putc(b, ')');
		return;
	case 3: case 4:
		put_random(b, depth - 1);
		buf_puts(b, " and ");
		put_random(b, depth - 1);
		return;
	}
	buf_puts(b, terms[dice(sizeof(terms) / sizeof(terms[0]))]);
}

static struct filter *parsed(const char *text)
{
	struct lssock_err err = { 0 };
	struct filter *f = NULL;

	if (filter_new(text, 0, &f, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return f;
}

/* Returns how many rows the program refused. */
static unsigned check(const struct world *w, const char *text, const struct push_env *with)
{
	struct filter *f = parsed(text);
	uint32_t states[2] = { push_states(f, LSSOCK_TCP), push_states(f, LSSOCK_UDP) };
	struct buf code[2] = { { 0 }, { 0 } };
	unsigned i, refused = 0;

	assert_int_equal(push_filter(f, LSSOCK_TCP, with, &code[0]), 0);
	assert_int_equal(push_filter(f, LSSOCK_UDP, with, &code[1]), 0);
	audit(&code[0]);
	audit(&code[1]);
	for (i = 0; i < w->n; i++) {
		const struct lssock_sock *k = snap_row(w->s, w->rows[i].row);
		unsigned udp = k->proto == LSSOCK_UDP;
		bool passed = accepts(&code[udp], &w->rows[i].e);

		refused += !passed;
		if (filter_row(f, w->s, w->rows[i].row) == TRI_NO)
			continue;
		if (!passed || !(states[udp] & 1u << k->state))
			fail_msg("%s: row %u is lost (%s)", text, i, passed ? "state" : "code");
	}
	buf_release(&code[0]);
	buf_release(&code[1]);
	filter_free(f);
	return refused;
}

static void test_nothing_is_lost(void **state)
{
	const struct world *w = *state;
	struct buf text = { 0 };
	unsigned i, narrowed = 0;

	for (i = 0; i < 3000; i++) {
		buf_reset(&text);
		put_random(&text, 3);
		narrowed += check(w, buf_cstr(&text), i % 4 ? &env : NULL) > 0;
	}
	assert_true(narrowed > 900);
	buf_release(&text);
}

/* A listener has no remote port: it is in the complement of every dport. */
static void test_listeners_and_negated_remote_ports(void **state)
{
	const struct world *w = *state;

	check(w, "not dport = :0", &env);
	check(w, "not dport = :9", &env);
	check(w, "dport != :9", &env);
	check(w, "not dport < :1024", &env);
	assert_true(check(w, "dport = :80", &env) > 0);
	assert_true(check(w, "sport != :80", &env) > 0);
	assert_true(check(w, "not (sport = :80 or src 10.0.0.0/8)", &env) > 0);
}

/* ---- programs ------------------------------------------------------------------- */

static void expect_code(const char *text, uint8_t proto, const char *want)
{
	struct filter *f = parsed(text);
	struct buf code = { 0 }, out = { 0 };

	assert_int_equal(push_filter(f, proto, &env, &code), 0);
	push_disassemble(code.data, code.len, &out);
	assert_string_equal(buf_cstr(&out), want);
	buf_release(&code);
	buf_release(&out);
	filter_free(f);
}

static void test_programs(void **state)
{
	(void)state;
	expect_code("sport = :22", LSSOCK_TCP, "    0  s_cond  * port 22, else reject\n");
	expect_code("port:22 proc:sshd", LSSOCK_TCP,
		    "    0  s_cond  * port 22, else 16\n"
		    "   12  jmp to accept\n"
		    "   16  d_cond  * port 22, else reject\n");
	expect_code("lport>=1024 dst 10.0.0.0/8", LSSOCK_TCP,
		    "    0  s_ge    1024, else reject\n"
		    "    8  d_cond  10.0.0.0/8, else reject\n");
	expect_code("not lport:80", LSSOCK_UDP,
		    "    0  s_cond  * port 80, else accept\n"
		    "   12  jmp to reject\n");
	expect_code("lport:80 or proc:x", LSSOCK_TCP, "");
	expect_code("lport:80", LSSOCK_RAW, "");
	expect_code("lport:80", LSSOCK_SCTP, "");
	expect_code("lport:80", LSSOCK_UNIX, "");
	expect_code("not rport:80", LSSOCK_TCP, "");
	expect_code("autobound", LSSOCK_TCP, "    0  auto, else reject\n");
	expect_code("autobound", LSSOCK_MPTCP, "");
	expect_code("iface:nowhere", LSSOCK_TCP, "");
	expect_code("mark:0x10/0xf0 iface:lo", LSSOCK_TCP,
		    "    0  mark    0x10/0xf0, else reject\n"
		    "   12  dev     1, else reject\n");
}

static void test_long_programs(void **state)
{
	const struct world *w = *state;
	struct filter *f;
	struct buf text = { 0 }, code = { 0 };
	unsigned i;

	buf_puts(&text, "lport:1");
	for (i = 3; i < 3000; i += 2)
		buf_printf(&text, ",%u", i);
	assert_true(check(w, buf_cstr(&text), NULL) > 0);
	for (; i < 12000; i += 2)	/* more than an attribute holds: not narrowed */
		buf_printf(&text, ",%u", i);
	f = parsed(buf_cstr(&text));
	assert_int_equal(push_filter(f, LSSOCK_TCP, NULL, &code), 0);
	assert_int_equal(code.len, 0);
	filter_free(f);
	buf_release(&text);
	buf_release(&code);
}

static void test_disassembly_of_rubbish(void **state)
{
	uint8_t bytes[64];
	struct buf out = { 0 };
	unsigned i, j;

	(void)state;
	for (i = 0; i < 5000; i++) {
		size_t len = dice(sizeof(bytes) + 1);
		uint8_t *exact = malloc(len + 1);

		for (j = 0; j < len; j++)
			bytes[j] = (uint8_t)(dice(4) ? dice(20) : dice(256));
		memcpy(exact, bytes, len);
		buf_reset(&out);
		push_disassemble(exact, len, &out);
		free(exact);
	}
	buf_release(&out);
}

/* ---- states ----------------------------------------------------------------------- */

static uint32_t states_of(const char *text, uint8_t proto)
{
	struct filter *f = parsed(text);
	uint32_t r = push_states(f, proto);

	filter_free(f);
	return r;
}

static void test_states(void **state)
{
	const uint32_t all = (1u << LSSOCK_N_STATE) - 2;

	(void)state;
	assert_int_equal(states_of("", LSSOCK_TCP), all);
	assert_int_equal(states_of("proc:x", LSSOCK_UDP), all);
	assert_int_equal(states_of("rtt>1ms", LSSOCK_TCP) & (BIT(LISTEN) | BIT(TIME_WAIT)), 0);
	assert_true(states_of("rtt>1ms", LSSOCK_TCP) & BIT(ESTABLISHED));
	assert_int_equal(states_of("rtt>1ms", LSSOCK_UDP), 0);
	assert_int_equal(states_of("not rtt>1ms", LSSOCK_UDP), all);
	assert_int_equal(states_of("state:listen", LSSOCK_TCP), BIT(LISTEN));
	assert_int_equal(states_of("state:listen", LSSOCK_UDP), 0);
	assert_int_equal(states_of("state:listen or port:53", LSSOCK_UDP), all);
	assert_int_equal(states_of("/run/x", LSSOCK_TCP), 0);
	assert_int_equal(states_of("not path:/run/x", LSSOCK_TCP), all);
	assert_int_equal(states_of("proto:udp", LSSOCK_TCP), 0);
	assert_int_equal(states_of("proto != udp", LSSOCK_TCP), all);
	assert_int_equal(states_of("port:80", LSSOCK_RAW), 0);
	assert_int_equal(states_of("is:listen", LSSOCK_TCP) & BIT(ESTABLISHED), 0);
}

static void test_no_memory(void **state)
{
	struct filter *f = parsed("(port:80 or src 10.0.0.1) not lport:1,2,3");
	struct buf code = { 0 };
	uint64_t n;

	(void)state;
	for (n = 1; n < 20; n++) {
		int r;

		mem_fail_at(n);
		r = push_filter(f, LSSOCK_TCP, &env, &code);
		mem_fail_at(0);
		assert_true(r == 0 || (r == -12 && code.len == 0));
		if (r == 0)
			audit(&code);
		buf_release(&code);
	}
	filter_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_is_lost, world_new, world_free),
		cmocka_unit_test_setup_teardown(test_listeners_and_negated_remote_ports,
						world_new, world_free),
		cmocka_unit_test(test_programs),
		cmocka_unit_test_setup_teardown(test_long_programs, world_new, world_free),
		cmocka_unit_test(test_disassembly_of_rubbish),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
