/* SPDX-License-Identifier: MIT */
/*
 * The filter language: what is printed parses to the same, messages point at the
 * fault, three-valued logic, owners in pairs. With files as arguments: their
 * triples (tests/cli/filter.t).
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "query/filter.h"

#define BIT(state) (1u << LSSOCK_##state)

/* ---- helpers -------------------------------------------------------------- */

static struct filter *parsed(const char *text)
{
	struct lssock_err err = { 0 };
	struct filter *f = NULL;

	if (filter_new(text, 0, &f, &err) < 0)
		fail_msg("%s: %d: %s", text, err.pos, err.msg);
	return f;
}

static char *canonical(const char *text)
{
	struct filter *f = parsed(text);
	struct buf b = { 0 };

	filter_print(f, &b);
	filter_free(f);
	return (char *)(uintptr_t)buf_cstr(&b);	/* the caller's: mem_free */
}

static void expect_canonical(const char *text, const char *want)
{
	char *got = canonical(text);

	assert_string_equal(got, want);
	mem_free(got);
}

static struct lssock_err refused(const char *text)
{
	struct lssock_err err = { .pos = -7 };
	struct filter *f = NULL;

	assert_int_equal(filter_new(text, 0, &f, &err), -EINVAL);
	assert_null(f);
	assert_int_equal(err.code, -EINVAL);
	assert_true(err.pos >= -1 && err.pos <= (int)strlen(text));
	assert_true(err.msg[0] && (text_is_safe(err.msg, strlen(err.msg), 0) ||
				     strchr(err.msg, 92)));
	return err;
}

/* A snapshot of a few rows; its fields are set by the tests. */
struct world {
	struct lssock_snap *s;
	uint32_t cookie;
};

static struct lssock_sock base(uint8_t proto, uint8_t state)
{
	struct lssock_sock k = {
		.family = AF_INET, .proto = proto, .state = state, .type = SOCK_STREAM,
		.flags = LSSOCK_F_STATE | LSSOCK_F_UID, .peer = LSSOCK_NONE, .via = LSSOCK_NONE,
	};

	return k;
}

static uint32_t add(struct world *w, struct lssock_sock k, const void *attrs, uint32_t len)
{
	k.cookie = ++w->cookie;
	return snap_add(w->s, &k, attrs, len, NULL);
}

static uint32_t add_proc(struct world *w, int pid, const char *comm, uint32_t uid)
{
	struct lssock_proc p = { .pid = pid, .uid = uid, .start_ns = (uint64_t)pid, .ns = 0,
				 .flags = LSSOCK_P_DETAILS };

	p.comm = snap_string(w->s, comm, strlen(comm));
	return snap_proc(w->s, &p);
}

static void own(struct world *w, uint32_t row, uint32_t proc, int fd)
{
	struct lssock_owner o = { .proc = proc, .fd = fd };
	uint32_t inode = w->s->socks.v[row].inode;

	assert_int_equal(snap_owner(w->s, inode, &o), 0);
	w->s->socks.v[row].owner = snap_owner_of(w->s, inode);
}

static enum tri row_is(const struct world *w, const char *text, uint32_t row)
{
	struct filter *f = parsed(text);
	enum tri t = filter_row(f, w->s, row);

	filter_free(f);
	return t;
}

static int world_new(void **state)
{
	struct world *w = mem_alloc(sizeof(*w));

	w->s = snap_new();
	w->s->meta.owners_asked = true;
	w->s->kept[DIAG_INET] = 1u << INET_DIAG_INFO;
	*state = w;
	return 0;
}

static int world_free(void **state)
{
	struct world *w = *state;

	lssock_snap_free(w->s);
	mem_free(w);
	return 0;
}

/* ---- language ------------------------------------------------------------- */

static void test_precedence(void **state)
{
	(void)state;
	expect_canonical("port:1 or port:2 port:3", "port = 1 or port = 2 and port = 3");
	expect_canonical("(port:1 or port:2) & port:3", "(port = 1 or port = 2) and port = 3");
	expect_canonical("not port:1 port:2", "not port = 1 and port = 2");
	expect_canonical("!(port:1||port:2)", "not (port = 1 or port = 2)");
}

static void test_a_quoted_word_is_never_a_key(void **state)
{
	(void)state;
	expect_canonical("'port:1'", "'port:1'");
	expect_canonical("\"and\" and 'not'", "'and' and 'not'");
	expect_canonical("'10.0.0.1'", "'10.0.0.1'");
}

static void test_table_text_can_be_pasted_back(void **state)
{
	struct filter *f = parsed("proc:a\\x20b\\\\c\\x2a");

	(void)state;
	assert_int_equal(f->operands.v[0].len, 6);
	assert_memory_equal(f->operands.v[0].text, "a b\\c*", 6);
	assert_false(f->operands.v[0].glob);
	filter_free(f);
	f = parsed("path:@a\\x00b");
	assert_int_equal(f->operands.v[0].len, 4);
	assert_memory_equal(f->operands.v[0].text, "\0a\0b", 4);
	filter_free(f);
	f = parsed("path:\\x40a");
	assert_memory_equal(f->operands.v[0].text, "@a", 2);
	filter_free(f);
}

static void test_messages(void **state)
{
	struct lssock_err e = refused("port:1 lprt:80");

	(void)state;
	assert_int_equal(e.pos, 7);
	assert_non_null(strstr(e.msg, "did you mean `lport`?"));
	e = refused("rtt>100");
	assert_int_equal(e.pos, 4);
	assert_non_null(strstr(e.msg, "100ms"));
	e = refused("is:new");
	assert_non_null(strstr(e.msg, "only in watch and events"));
	e = refused("(port:1 or (port:2)");
	assert_int_equal(e.pos, 0);
	e = refused("port:1)");
	assert_int_equal(e.pos, 6);
	e = refused("proc ~ '*('");
	assert_int_equal(e.pos, 7);
}

/* What a user typed comes back safe, and a long text does not fill the message. */
static void test_messages_are_safe(void **state)
{
	char text[600];
	struct lssock_err e;

	(void)state;
	e = refused("\x1b[31mport:\xe2\x80\xae" "1\n:x");
	assert_null(strchr(e.msg, 0x1b));
	e = refused("pid:\x1b[31m");
	assert_null(strchr(e.msg, 0x1b));
	assert_non_null(strstr(e.msg, "\\x1b"));
	memset(text, 'x', sizeof(text));
	memcpy(text, "pid:", 4);
	text[sizeof(text) - 1] = 0;
	e = refused(text);
	assert_non_null(strstr(e.msg, "is none"));
}

static void test_limits(void **state)
{
	size_t n = 70000;
	char *text = malloc(n + 1);
	size_t i;

	(void)state;
	memset(text, ' ', n);
	text[n] = 0;
	refused(text);
	memset(text, '(', 2000);
	text[2000] = 0;
	refused(text);
	for (i = 0; i < 2000; i++)
		text[i] = '!';
	refused(text);
	for (i = 0; i < 10000; i += 2)
		memcpy(text + i, "x ", 3);
	refused(text);
	memcpy(text, "proc~", 5);
	memset(text + 5, 'a', 2000);
	text[2005] = 0;
	refused(text);
	refused("proc~((((a{255}){255}){255}){255})");
	refused("proc~(a)\\1");
	free(text);
}

/* ---- what it names and needs ------------------------------------------------ */

static void test_names_hidden_states(void **state)
{
	struct filter *f = parsed("state:time-wait or port:1");

	(void)state;
	assert_int_equal(f->states_named, BIT(TIME_WAIT));
	filter_free(f);
	f = parsed("exclude time-wait");
	assert_int_equal(f->states_named, 0);
	filter_free(f);
	f = parsed("why:time-wait");
	assert_int_equal(f->states_named, BIT(TIME_WAIT));
	filter_free(f);
}

static void test_names_protocols_and_namespaces(void **state)
{
	struct filter *f = parsed("/run/x.sock");

	(void)state;
	assert_int_equal(f->protos_named, BIT(UNIX));
	assert_false(f->names_netns);
	filter_free(f);
	f = parsed("proto:vsock or pid:7");
	assert_int_equal(f->protos_named, BIT(VSOCK));
	assert_true(f->names_netns);
	filter_free(f);
	f = parsed("rtt>1ms cmd~x");
	assert_int_equal(f->needs & (NEED_OWNERS | NEED_PROC), NEED_OWNERS | NEED_PROC);
	assert_true(f->keep[DIAG_INET] & 1u << INET_DIAG_INFO);
	filter_free(f);
}

/* ---- evaluation ------------------------------------------------------------- */

static void test_not_applicable_compares_false(void **state)
{
	struct world *w = *state;
	struct lssock_sock k = base(LSSOCK_TCP, LSSOCK_LISTEN);
	uint32_t row;

	k.lport = 80;
	row = add(w, k, NULL, 0);
	assert_int_equal(row_is(w, "rtt>1ms", row), TRI_NO);
	assert_int_equal(row_is(w, "not rtt>1ms", row), TRI_YES);
	assert_int_equal(row_is(w, "rport = 9", row), TRI_NO);
	assert_int_equal(row_is(w, "rport != 9", row), TRI_YES);
	assert_int_equal(row_is(w, "not dport = :9", row), TRI_YES);
	assert_int_equal(row_is(w, "has:rport", row), TRI_NO);
	assert_int_equal(row_is(w, "port:80", row), TRI_YES);
	assert_int_equal(row_is(w, "port != 80", row), TRI_NO);
	assert_int_equal(row_is(w, "http", row), TRI_YES);
}

static void test_not_known_is_neither(void **state)
{
	struct world *w = *state;
	struct lssock_sock k = base(LSSOCK_TCP, LSSOCK_ESTABLISHED);
	uint32_t row;

	k.inode = 5;
	k.why = LSSOCK_WHY_NO_PERMISSION;
	row = add(w, k, NULL, 0);
	w->s->socks.v[row].why = LSSOCK_WHY_NO_PERMISSION;
	assert_int_equal(row_is(w, "proc:nginx", row), TRI_UNKNOWN);
	assert_int_equal(row_is(w, "not proc:nginx", row), TRI_UNKNOWN);
	assert_int_equal(row_is(w, "proc:nginx or state:estab", row), TRI_YES);
	assert_int_equal(row_is(w, "proc:nginx state:listen", row), TRI_NO);
	assert_int_equal(row_is(w, "has:proc", row), TRI_NO);
	assert_int_equal(row_is(w, "is:unowned", row), TRI_UNKNOWN);
	w->s->meta.owners_asked = false;
	assert_int_equal(row_is(w, "has:proc", row), TRI_UNKNOWN);
}

static void test_owners_in_pairs(void **state)
{
	struct world *w = *state;
	struct lssock_sock k = base(LSSOCK_TCP, LSSOCK_LISTEN);
	uint32_t row, nginx, cron;

	k.inode = 9;
	row = add(w, k, NULL, 0);
	nginx = add_proc(w, 10, "nginx", 33);
	cron = add_proc(w, 11, "cron", 0);
	own(w, row, nginx, 3);
	own(w, row, cron, 4);
	assert_int_equal(row_is(w, "proc:nginx pid:10", row), TRI_YES);
	assert_int_equal(row_is(w, "proc:nginx pid:11", row), TRI_NO);
	assert_int_equal(row_is(w, "not proc:nginx", row), TRI_YES);
	assert_int_equal(row_is(w, "not proc:nginx not proc:cron", row), TRI_NO);
	assert_int_equal(row_is(w, "ngin", row), TRI_YES);
	assert_int_equal(row_is(w, "puid:33", row), TRI_YES);
	w->s->meta.self_uid = 33;
	assert_int_equal(row_is(w, "is:mine", row), TRI_YES);
	w->s->meta.self_uid = 34;
	assert_int_equal(row_is(w, "is:mine", row), TRI_NO);
	assert_int_equal(row_is(w, "is:unowned", row), TRI_NO);
}

static void test_whole_values_and_globs(void **state)
{
	struct world *w = *state;
	struct lssock_sock k = base(LSSOCK_TCP, LSSOCK_LISTEN);
	uint32_t row;

	k.inode = 9;
	row = add(w, k, NULL, 0);
	own(w, row, add_proc(w, 10, "sshd-evil", 0), 3);
	assert_int_equal(row_is(w, "proc:sshd", row), TRI_NO);
	assert_int_equal(row_is(w, "proc:sshd*", row), TRI_YES);
	assert_int_equal(row_is(w, "proc:'sshd*'", row), TRI_NO);
	assert_int_equal(row_is(w, "proc~^sshd", row), TRI_YES);
	assert_int_equal(row_is(w, "proc !~ evil$", row), TRI_NO);
	assert_int_equal(row_is(w, "SSHD", row), TRI_YES);
}

static void test_addresses(void **state)
{
	struct world *w = *state;
	struct lssock_sock k = base(LSSOCK_TCP, LSSOCK_ESTABLISHED);
	static const uint8_t mapped[16] = { [10] = 0xff, 0xff, 10, 0, 0, 5 };
	uint32_t plain, six, any;

	memcpy(k.local.ip, "\x0a\x00\x00\x05", 4);
	memcpy(k.remote.ip, "\x7f\x00\x00\x01", 4);
	k.lport = 443;
	k.rport = 5000;
	plain = add(w, k, NULL, 0);
	k.family = AF_INET6;
	memcpy(k.local.ip, mapped, 16);
	six = add(w, k, NULL, 0);
	assert_int_equal(row_is(w, "src 10.0.0.0/8", plain), TRI_YES);
	assert_int_equal(row_is(w, "src 10.0.0.0/8", six), TRI_YES);
	assert_int_equal(row_is(w, "src ::ffff:10.0.0.0/104", plain), TRI_YES);
	assert_int_equal(row_is(w, "dst 10.0.0.0/8", plain), TRI_NO);
	assert_int_equal(row_is(w, "10.0.0.5:443", plain), TRI_YES);
	assert_int_equal(row_is(w, "10.0.0.5:5000", plain), TRI_NO);
	assert_int_equal(row_is(w, "10.0.0.5", plain), TRI_YES);
	assert_int_equal(row_is(w, "addr != 10.0.0.5", plain), TRI_NO);
	assert_int_equal(row_is(w, "is:loopback", plain), TRI_YES);
	assert_int_equal(row_is(w, "10.0.0.5:443 or x", plain), TRI_YES);
	k = base(LSSOCK_TCP, LSSOCK_LISTEN);
	k.family = AF_INET6;
	any = add(w, k, NULL, 0);
	assert_int_equal(row_is(w, "laddr:0.0.0.0", any), TRI_YES);
	assert_int_equal(row_is(w, "laddr:::", any), TRI_YES);
	assert_int_equal(row_is(w, "laddr:10.0.0.0/8", any), TRI_NO);
}

static void test_numbers(void **state)
{
	struct world *w = *state;
	struct lssock_sock k = base(LSSOCK_TCP, LSSOCK_ESTABLISHED);
	char attrs[4 + 232] = { 0 };
	struct nlattr head = { .nla_len = sizeof(attrs), .nla_type = INET_DIAG_INFO };
	uint32_t rtt = 18000, row;

	memcpy(attrs, &head, sizeof(head));
	memcpy(attrs + 4 + 68, &rtt, 4);
	row = add(w, k, attrs, sizeof(attrs));
	assert_int_equal(row_is(w, "rtt>17ms", row), TRI_YES);
	assert_int_equal(row_is(w, "rtt>18ms", row), TRI_NO);
	assert_int_equal(row_is(w, "rtt>=18ms", row), TRI_YES);
	assert_int_equal(row_is(w, "rtt:10ms-20ms", row), TRI_YES);
	assert_int_equal(row_is(w, "rtt != 10ms-20ms", row), TRI_NO);
	assert_int_equal(row_is(w, "rtt < 0.018s", row), TRI_NO);
	w->s->kept[DIAG_INET] = 0;
	w->s->socks.v[row].attrs = 0;
	assert_int_equal(row_is(w, "not rtt>17ms", row), TRI_UNKNOWN);
}

static void test_listening(void **state)
{
	struct world *w = *state;
	struct lssock_sock k = base(LSSOCK_UDP, LSSOCK_UNCONNECTED);
	struct lssock_ns ns = { .port_lo = 32768, .port_hi = 60999 };
	uint32_t own_port, high, row;

	if (!w->s->ns.n)
		snap_ns(w->s, &ns);
	w->s->ns.v[0].port_lo = ns.port_lo;
	w->s->ns.v[0].port_hi = ns.port_hi;
	k.lport = 53;
	own_port = add(w, k, NULL, 0);
	k.lport = 40000;
	high = add(w, k, NULL, 0);
	assert_int_equal(row_is(w, "is:listen", own_port), TRI_YES);
	assert_int_equal(row_is(w, "is:listen", high), TRI_UNKNOWN);
	w->s->socks.v[high].flags |= LSSOCK_F_AUTOBOUND_KNOWN;
	assert_int_equal(row_is(w, "is:listen", high), TRI_YES);
	w->s->socks.v[high].flags |= LSSOCK_F_AUTOBOUND;
	assert_int_equal(row_is(w, "is:listen", high), TRI_NO);
	k = base(LSSOCK_UNIX, LSSOCK_UNCONNECTED);
	k.family = AF_UNIX;
	k.type = SOCK_DGRAM;
	row = add(w, k, NULL, 0);
	assert_int_equal(row_is(w, "is:listen", row), TRI_NO);
	w->s->socks.v[row].name = snap_string(w->s, "/dev/log", 8);
	assert_int_equal(row_is(w, "is:listen", row), TRI_YES);
	assert_int_equal(row_is(w, "/dev/log", row), TRI_YES);
	assert_int_equal(row_is(w, "/dev/", row), TRI_YES);
	assert_int_equal(row_is(w, "/dev/lo", row), TRI_NO);
}

static void test_abstract_names(void **state)
{
	struct world *w = *state;
	struct lssock_sock k = base(LSSOCK_UNIX, LSSOCK_LISTEN);
	uint32_t row;

	k.family = AF_UNIX;
	k.name = snap_string(w->s, "\0x\0y", 4);
	row = add(w, k, NULL, 0);
	assert_int_equal(row_is(w, "@x*", row), TRI_YES);
	assert_int_equal(row_is(w, "@x", row), TRI_NO);
	assert_int_equal(row_is(w, "@x\\x00y", row), TRI_YES);
	assert_int_equal(row_is(w, "path:\\x40x*", row), TRI_NO);
	assert_int_equal(row_is(w, "path ~ ^@x", row), TRI_YES);
}

/* ---- generated ---------------------------------------------------------------- */

static uint32_t seed = 12345;

static uint32_t dice(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void put_random(struct buf *b, unsigned depth)
{
	static const char *const terms[] = {
		"port:80,443", ":1000-2000", "10.0.0.0/8", "[2001:db8::]/32", "10.0.0.5:443",
		"proc:ssh*", "proc:'a b'", "proc:'a*b'", "proc~'it'\"'\"'s \\('", "cmd !~ a|b",
		"state:listen,estab", "state != time-wait", "is:listen", "is:mine,unowned",
		"has:unit", "nginx", "'two words'", "n*x", "\\xff\\x00'", "'*'", "user:root,7",
		"rtt>1.5ms", "rtt:1ms-2s", "bytes_sent>10Ki", "start<2026-02-03T04:05:06.789Z",
		"mark:0x10/0xf0", "@abs*", "/run/", "path:\\x40x", "src [::1]:443", "dst *",
		"exclude listening", "autobound", "iface:eth0", "scope:a*", "uid != 0-99",
		"retrans>=2", "netns:blue", "laddr:*", "fe80::1%eth0", "443/tcp", "v6only:no",
		"proc:", "shutdown:both", "proc:\xc3\xa9", "proc:\\xc3", "dst != 10.0.0.1:5",
	};

	switch (depth ? dice(6) : 5) {
	case 0:
		buf_puts(b, dice(2) ? "not " : "!");
		put_random(b, depth - 1);
		return;
	case 1:
		buf_putc(b, '(');
		put_random(b, depth - 1);
		buf_putc(b, ')');
		return;
	case 2:
		put_random(b, depth - 1);
		buf_puts(b, dice(2) ? " or " : " || ");
		put_random(b, depth - 1);
		return;
	case 3: case 4:
		put_random(b, depth - 1);
		buf_puts(b, dice(2) ? " and " : " ");
		put_random(b, depth - 1);
		return;
	}
	buf_puts(b, terms[dice(sizeof(terms) / sizeof(terms[0]))]);
}

static void same_structure(const struct filter *a, uint32_t i, const struct filter *b,
			   uint32_t j)
{
	const struct node *x = &a->nodes.v[i], *y = &b->nodes.v[j];

	assert_int_equal(x->kind, y->kind);
	if (x->kind == NODE_AND || x->kind == NODE_OR || x->kind == NODE_NOT)
		same_structure(a, x->a, b, y->a);
	if (x->kind == NODE_AND || x->kind == NODE_OR)
		same_structure(a, x->b, b, y->b);
	if (x->kind == NODE_CMP)
		assert_int_equal(x->op, y->op);
	assert_int_equal(x->field, y->field);
	assert_int_equal(x->count, y->count);
}

static void test_printed_parses_to_the_same(void **state)
{
	struct buf text = { 0 };
	unsigned i, good = 0;

	(void)state;
	for (i = 0; i < 3000; i++) {
		struct lssock_err err;
		struct filter *f, *again;
		struct buf printed = { 0 }, twice = { 0 };

		buf_reset(&text);
		put_random(&text, 4);
		if (filter_new(buf_cstr(&text), 0, &f, &err) < 0)
			continue;
		good++;
		filter_print(f, &printed);
		again = parsed(buf_cstr(&printed));
		same_structure(f, f->root, again, again->root);
		filter_print(again, &twice);
		assert_string_equal(buf_cstr(&printed), buf_cstr(&twice));
		assert_true(text_is_safe(printed.data, printed.len, 0) ||
			    memchr(printed.data, '\\', printed.len));
		filter_free(f);
		filter_free(again);
		buf_release(&printed);
		buf_release(&twice);
	}
	assert_true(good > 1500);
	buf_release(&text);
}

static void test_no_memory(void **state)
{
	const char *text = "port:80,443 (proc~^a or '@x' nginx) not user:root,7 10.0.0.1:4";
	struct lssock_err err;
	struct filter *f = NULL;
	uint64_t n;
	int r;

	(void)state;
	for (n = 1; ; n++) {
		mem_fail_at(n);
		r = filter_new(text, 0, &f, &err);
		mem_fail_at(0);
		if (r == 0)
			break;
		assert_int_equal(r, -ENOMEM);
		assert_true(n < 1000);
	}
	assert_true(n > 10);
	filter_free(f);
}

/* ---- triples ------------------------------------------------------------------ */

/* "text", then "= canonical" or "! column message-part"; blank lines and # apart. */
static bool check_one(const char *text, const char *want)
{
	struct lssock_err err = { .pos = -1 };
	struct filter *f = NULL;
	struct buf got = { 0 };
	bool ok;

	if (filter_new(text, 0, &f, &err) < 0)
		buf_printf(&got, "! %d %s", err.pos, err.msg);
	else
		buf_puts(&got, "= ");
	if (f)
		filter_print(f, &got);
	ok = !strcmp(buf_cstr(&got), want);
	if (!ok)
		printf("# %s\n#  want %s\n#  got  %s\n", text, want, buf_cstr(&got));
	buf_release(&got);
	filter_free(f);
	return ok;
}

static int check_file(const char *name, unsigned *n)
{
	FILE *file = fopen(name, "re");
	char line[4096], text[4096] = "";
	int failed = 0;

	if (!file)
		return 1;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		if (!*line || (*line == '#' && line[1] == ' '))
			continue;
		if ((*line == '=' || *line == '!') && line[1] == ' ' && *text) {
			bool ok = check_one(text, line);

			printf("%s %u - %s\n", ok ? "ok" : "not ok", ++*n, text);
			failed += !ok;
			*text = 0;
			continue;
		}
		snprintf(text, sizeof(text), "%s", line);
	}
	fclose(file);
	return failed;
}

static int check_files(int argc, char **argv)
{
	unsigned n = 0;
	int i, failed = 0;

	for (i = 1; i < argc; i++)
		failed += check_file(argv[i], &n);
	printf("1..%u\n", n);
	return failed != 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_a_quoted_word_is_never_a_key),
		cmocka_unit_test(test_table_text_can_be_pasted_back),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_messages_are_safe),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_names_hidden_states),
		cmocka_unit_test(test_names_protocols_and_namespaces),
		cmocka_unit_test_setup_teardown(test_not_applicable_compares_false, world_new,
						world_free),
		cmocka_unit_test_setup_teardown(test_not_known_is_neither, world_new,
						world_free),
		cmocka_unit_test_setup_teardown(test_owners_in_pairs, world_new, world_free),
		cmocka_unit_test_setup_teardown(test_whole_values_and_globs, world_new,
						world_free),
		cmocka_unit_test_setup_teardown(test_addresses, world_new, world_free),
		cmocka_unit_test_setup_teardown(test_numbers, world_new, world_free),
		cmocka_unit_test_setup_teardown(test_listening, world_new, world_free),
		cmocka_unit_test_setup_teardown(test_abstract_names, world_new, world_free),
		cmocka_unit_test(test_printed_parses_to_the_same),
		cmocka_unit_test(test_no_memory),
	};

	if (argc > 1)
		return check_files(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
