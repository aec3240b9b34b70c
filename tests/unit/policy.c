/* SPDX-License-Identifier: MIT */
/*
 * Policies: every fault of a text and where it is, rules that decide nothing, the
 * verdict over several owners, what is not known, and that the policy made of what
 * listens finds nothing there. With files as arguments: they parse.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/policy.h"
#include "base/text.h"
#include "watched.h"

/* ---- faults --------------------------------------------------------------------- */

struct heard { struct buf b; uint32_t n; };

/* "LINE:COLUMN MESSAGE\n" */
static void hear(void *ctx, const struct lssock_fault *f)
{
	struct heard *h = ctx;

	assert_true(f->line && f->column && f->column <= f->len + 1);
	assert_true(f->msg[0] && (text_is_safe(f->msg, strlen(f->msg), 0) ||
				  strchr(f->msg, 92)));
	buf_printf(&h->b, "%u:%u %s\n", f->line, f->column, f->msg);
	h->n++;
}

static struct policy *read_bytes(const char *text, size_t len, struct heard *h)
{
	struct policy *p = NULL;
	int r = policy_new(text, len, hear, h, &p);

	assert_int_equal(r, h->n ? -EINVAL : 0);
	assert_true(!p == (r != 0));
	return p;
}

static void faulty_bytes(const char *text, size_t len, const char *want)
{
	struct heard h = { 0 };

	assert_null(read_bytes(text, len, &h));
	assert_string_equal(buf_cstr(&h.b), want);
	buf_release(&h.b);
}

static void faulty(const char *text, const char *want)
{
	faulty_bytes(text, strlen(text), want);
}

static struct policy *read_policy(const char *text)
{
	struct heard h = { 0 };
	struct policy *p = read_bytes(text, strlen(text), &h);

	if (h.n)
		fail_msg("%s%s", text, buf_cstr(&h.b));
	return p;
}

static void fine(const char *text)
{
	policy_free(read_policy(text));
}

static void test_grammar(void **state)
{
	struct policy *p;
	size_t len;

	(void)state;
	fine("");
	fine("\n\n# nothing\n \t \n");
	fine("default deny");
	fine("\xef\xbb\xbf# of another system\r\nallow ssh when port:22\r\n\r\ndefault warn\r\n");
	p = read_policy("  allow\tssh  when\t port:22 proc:sshd \t\n"
			"# comment\n"
			"warn db-1 when port:5432 not scope:local   # why\n"
			"deny x/y@z when path:'/run/a #b' or path:/run/x#1 # 'quoted\n"
			"allow when-2 when *\n"
			"default allow # all else\n");
	assert_int_equal(p->rules.n, 4);
	assert_string_equal(policy_name(p, 0, &len), "ssh");
	assert_int_equal(p->rules.v[1].verdict, VERDICT_WARN);
	assert_int_equal(p->rules.v[2].line, 4);
	assert_string_equal(p->rules.v[2].when->text, "path:'/run/a #b' or path:/run/x#1");
	assert_int_equal(p->otherwise, VERDICT_ALLOW);
	assert_int_equal(p->otherwise_line, 6);
	policy_free(p);
	p = read_policy("allow a when port:1");
	assert_int_equal(p->otherwise, VERDICT_DENY);
	assert_int_equal(p->otherwise_line, 0);
	policy_free(p);
}

static void test_faults(void **state)
{
	(void)state;
	faulty("alow a when port:1", "1:1 unknown verdict `alow`: did you mean `allow`?\n");
	faulty("Allow a when port:1", "1:1 unknown verdict `Allow`: did you mean `allow`?\n");
	faulty("permit a when port:1",
	       "1:1 unknown verdict `permit`: a line begins with allow, warn, deny or default\n");
	faulty("deny", "1:5 the rule has no name: deny NAME when CONDITION\n");
	faulty(" allow when port:1", "1:8 the rule has no name: allow NAME when CONDITION\n");
	faulty("allow a", "1:8 `when` and a condition are missing\n");
	faulty("allow a port:1", "1:9 `when` is missing before `port:1`\n");
	faulty("allow a when", "1:13 a condition is missing behind `when`; * is everything\n");
	faulty("allow a when # *", "1:13 a condition is missing behind `when`; * is "
	       "everything\n");
	faulty("allow -a when port:1",
	       "1:7 `-a` is no name: letters, digits and - . _ : @ + / are\n");
	faulty("allow a'b when port:1",
	       "1:7 `a'b` is no name: letters, digits and - . _ : @ + / are\n");
	faulty("allow a123456789b123456789c123456789d123456789e123456789f123456789g12345 "
	       "when port:1",
	       "1:7 `a123456789b123456789c123456789d123456789e1234567...` is too long for a "
	       "name (64 characters)\n");
	faulty("allow a when port:1\nwarn a when port:2",
	       "2:6 the name `a` is taken: line 1 has it\n");
	faulty("default", "1:8 a verdict is missing behind `default`: allow, warn or deny\n");
	faulty("default dney", "1:9 unknown verdict `dney`: did you mean `deny`?\n");
	faulty("default never", "1:9 unknown verdict `never`: it is allow, warn or deny\n");
	faulty("default deny all", "1:14 nothing is expected behind the default, but `all`\n");
	faulty("default deny\ndefault deny", "2:1 a second default: line 1 has the first\n");
	faulty("default deny\n\nallow a when port:1",
	       "3:1 no rule behind the default (line 1) is ever reached\n");
}

static void test_fault_in_condition(void **state)
{
	(void)state;
	faulty("allow a when prot:1", "1:14 unknown field `prot`: did you mean `proto`?\n");
	faulty("allow a when\t port:1 (proc:x", "1:22 the parenthesis is not closed\n");
	faulty("allow a when port:htpp", "1:19 `htpp` is no port: did you mean `http`?\n");
	faulty("allow a when rx>1M", "1:14 `rx` is known only in watch and events\n");
	faulty("allow a when is:new", "1:17 `is:new` is known only in watch and events\n");
	/* Of one line all that is wrong, and of all lines. */
	faulty("alow - when prt:1\n\ndeny b when port:70000",
	       "1:1 unknown verdict `alow`: did you mean `allow`?\n"
	       "1:6 `-` is no name: letters, digits and - . _ : @ + / are\n"
	       "1:13 unknown field `prt`: did you mean `port`?\n"
	       "3:18 `70000` is no port: ports end at 65535\n");
}

static void test_bytes(void **state)
{
	(void)state;
	faulty("allow a when port:1\rallow b when port:2\r",
	       "1:20 a carriage return inside of a line: lines end with a newline\n");
	faulty("# \x1b[2J", "1:3 a byte that cannot be seen, or is no UTF-8: in a value write "
	       "\\x1b\n");
	faulty("allow a when proc:\xe9",
	       "1:19 a byte that cannot be seen, or is no UTF-8: in a value write \\xe9\n");
	/* A bidi override would have the text read as another. */
	faulty("# \xe2\x80\xae\nallow a when port:1\n# \xef\xbb\xbf",
	       "1:3 a byte that cannot be seen, or is no UTF-8: in a value write \\xe2\n"
	       "3:3 a byte that cannot be seen, or is no UTF-8: in a value write \\xef\n");
	faulty_bytes("allow a when port:1\nallow b\0 when port:2", 40,
		     "2:8 a NUL byte: this is no text\n");
	faulty("allow a when proc~'b\\'  # c' ",
	       "1:25 whether a comment begins here is not clear: write it on a line of its "
	       "own\n");
	fine("allow a when proc~'b\\.' # it is");
	fine("# \xc3\xa9t\xc3\xa9\nallow a when path:/run/\xc3\xa9t\xc3\xa9");
}

/* ---- rules that decide nothing ------------------------------------------------------ */

/* Everything that fits `later` fits `before`. */
static void covers(const char *before, const char *later, bool want)
{
	struct buf text = { 0 };
	struct heard h = { 0 };
	struct policy *p;

	buf_printf(&text, "deny first when %s\nallow second when %s\n", before, later);
	p = read_bytes(text.data, text.len, &h);
	if (!want && h.n)
		fail_msg("%s%s", buf_cstr(&text), buf_cstr(&h.b));
	if (want && !h.n)
		fail_msg("%s", buf_cstr(&text));
	if (want)
		assert_string_equal(buf_cstr(&h.b), "2:19 this is never reached: all that fits "
				    "it fits the rule first of line 1 before\n");
	policy_free(p);
	buf_release(&text);
	buf_release(&h.b);
}

static void test_covered(void **state)
{
	static const char *const yes[][2] = {
		{ "*", "port:22" }, { "port:22", "port:22" }, { "port=22", "port == 22" },
		{ "port:80,443", "port:80" }, { "port:80,443", "port:443,80" },
		{ "port:1-1023", "port:80,443" }, { "port:1-1023", "port:100-200" },
		{ "port<1024", "port:22" }, { "port<1024", "port<=1023" },
		{ "port<1024", "port:1-1023" }, { "port>=1024", "port>1024" },
		{ "port:22", "lport:22" }, { "has:port", "lport:22" },
		{ "port:22", "port:22 proc:sshd" }, { "port:22", "proc:sshd :22 user:root" },
		{ "port:22 proc:sshd", "user:root proc:sshd port:22" },
		{ "port:22 or port:23", "port:23 proc:x" },
		{ "port:22 or port:23", "port:22 or port:23 proc:x" },
		{ "port:22 or (port:23 proc:x)", "proc:x user:y port:23" },
		{ "scope:all,public", "scope:public" }, { "scope:a*", "scope:all" },
		{ "not scope:local", "scope:all,lan" }, { "scope!=local", "scope:all" },
		{ "not scope:local", "not scope:local,lan" },
		{ "path:/run/*", "path:/run/x.sock" }, { "path:/run/*", "path:/run/a/*" },
		{ "/run/", "path:/run/a/b" }, { "path:@a*", "path:@ab" },
		{ "laddr:10.0.0.0/8", "laddr:10.1.0.0/16" }, { "addr:10.0.0.0/8",
		  "laddr:10.1.2.3" }, { "laddr:::/0", "laddr:2001:db8::1" },
		{ "state:listen,established", "state:listen" }, { "proc:ng*", "proc:nginx" },
		{ "nginx", "nginx port:80" }, { "is:mine", "is:mine port:80" },
		{ "has:container", "container:abc" }, { "proc~^a", "proc~^a port:1" },
		{ "not (port:1 proc:x)", "not (port:1 proc:x) user:y" },
		{ "proc:x user:y or port:1", "port:1 or proc:x user:y unit:z" },
		{ "port:1-9 or port:20-30", "port:25 proc:x or lport:3" },
		{ "port:22 or proc:x", "proc:x" }, { "not port>80", "not port:81-90 not port>80" },
		{ "file_mode:600-777", "file_mode:640" }, { "autobound:no", "not autobound:yes "
		  "autobound:no" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		covers(yes[i][0], yes[i][1], true);
}

static void test_not_covered(void **state)
{
	static const char *const no[][2] = {
		{ "port:22", "port:23" }, { "port:22", "port:22-23" }, { "port:80", "port:80,443" },
		{ "port<1024", "port<=1024" }, { "port<1024", "port>10" },
		{ "port:1-1023", "port<1024" }, { "lport:22", "port:22" },
		{ "port:22 proc:sshd", "port:22" }, { "port:22", "port:22 or port:23" },
		{ "scope:all", "not scope:local" }, { "not scope:local,lan", "not scope:local" },
		{ "not port:22", "lport:22 or port:23" },
		{ "path:/run/x*", "path:/run/*" }, { "path:/run/\\*", "path:/run/x" },
		{ "path:/run/a*b", "path:/run/a*" }, { "proc:Nginx", "proc:nginx" },
		{ "laddr:10.1.0.0/16", "laddr:10.0.0.0/8" },
		/* * is 0.0.0.0, but in no wider network of IPv4 */
		{ "laddr:0.0.0.0/0", "laddr:0.0.0.0" },
		{ "user:root", "user:1000" }, { "proc~^a", "proc:abc" },
		{ "nginx", "proc:nginx" }, { "not (port:1 proc:x)", "not port:1" },
		{ "proc:x port:1", "proc:x" }, { "exe:/bin/*", "exe:/bin*" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		covers(no[i][0], no[i][1], false);
}

static void test_never(void **state)
{
	(void)state;
	faulty("deny a when rtt>1ms", "1:13 no listening socket can fit this\n");
	faulty("deny a when port:22 state:established",
	       "1:21 no listening socket can fit this\n");
	faulty("deny a when is:estab or cwnd>3", "1:13 no listening socket can fit this\n");
	faulty("deny a when proto:tcp user:x proto:udp",
	       "1:30 no listening socket can fit this\n");
	faulty("deny a when port:22 lport:23", "1:21 no listening socket can fit this\n");
	faulty("deny a when port:80 not port:1-1023", "1:25 no listening socket can fit this\n");
	faulty("deny a when port<80 port:80-90", "1:21 no listening socket can fit this\n");
	faulty("deny a when proto:unix port:22", "1:13 no listening socket can fit this\n");
	fine("deny a when proto:tcp,udp proto:udp");
	fine("deny a when not rtt>1ms");
	fine("deny a when port:22 or state:established");
	fine("deny a when laddr:0.0.0.0 laddr:[::]");
	fine("deny a when proc:a or proc:b");
	fine("deny a when path:/a* path:*b");
	fine("deny a when port>80 port<90");
}

/* Rules are passed over by their ports alone. */
static void ports_are(const char *text, uint32_t lo, uint32_t hi)
{
	struct filter *f;
	struct ports p;

	assert_int_equal(filter_new(text, 0, &f, NULL), 0);
	p = condition_ports(f);
	if (p.lo != lo || p.hi != hi)
		fail_msg("%s: %u-%u", text, p.lo, p.hi);
	filter_free(f);
}

static void test_ports(void **state)
{
	(void)state;
	ports_are("port:22", 22, 22);
	ports_are("proc:x (lport:80,443 or :8000-8010 user:y) scope:all", 80, 8010);
	ports_are("port:1-99 port:50-150", 50, 99);
	ports_are("port<1024", 0, 1024);
	ports_are("port>1024", 1024, UINT32_MAX - 1);
	ports_are("not port:22", 0, UINT32_MAX);
	ports_are("port!=22", 0, UINT32_MAX);
	ports_are("not port!=22", 22, 22);
	ports_are("port:22 or proc:x", 0, UINT32_MAX);
	ports_are("not (port:22 or proc:x)", 0, UINT32_MAX);
	ports_are("rport:22", 0, UINT32_MAX);
	ports_are("has:port", 0, UINT32_MAX);
	ports_are("ssh", 0, UINT32_MAX);
}

/* ---- a snapshot ---------------------------------------------------------------------- */

struct part { const char *s; size_t len; };
#define PART(text) { text, sizeof(text) - 1 }

struct holder {
	int32_t pid;			/* 0: the end */
	uint32_t uid;
	struct part comm, exe, unit, container;
	uint16_t flags;			/* beside P_DETAILS */
};

struct listener {
	uint8_t proto;			/* 0: TCP */
	const char *ip;
	struct part path;
	uint16_t port, ns, iface;
	uint32_t word, uid;
	uint8_t why;
	uint16_t source;
	struct holder by[4];
};

static uint32_t string(struct lssock_snap *s, struct part p)
{
	return p.s ? snap_string(s, p.s, p.len) : 0;
}

static void hold(struct lssock_snap *s, uint32_t inode, const struct holder *h)
{
	struct lssock_proc p = {
		.pid = h->pid, .start_ns = (uint64_t)h->pid, .uid = h->uid,
		.comm = string(s, h->comm), .exe = string(s, h->exe),
		.unit = string(s, h->unit), .container = string(s, h->container),
		.flags = LSSOCK_P_DETAILS | h->flags,
	};
	struct lssock_owner o = { .fd = 3 };

	o.proc = snap_proc(s, &p);
	assert_true(o.proc);
	assert_int_equal(snap_owner(s, inode, &o), 0);
}

static void add(struct lssock_snap *s, const struct listener *l)
{
	uint8_t proto = l->path.s ? LSSOCK_UNIX : l->proto ? l->proto : LSSOCK_TCP;
	bool listens = proto == LSSOCK_TCP || proto == LSSOCK_UNIX || proto == LSSOCK_VSOCK;
	struct lssock_sock k = watched_sock(proto, listens ? LSSOCK_LISTEN :
					    LSSOCK_UNCONNECTED);
	uint32_t row, i;

	memset(&k.remote, 0, sizeof(k.remote));
	memset(&k.local, 0, sizeof(k.local));
	k.lport = l->port;
	k.rport = 0;
	k.ns = l->ns;
	k.iface = l->iface;
	k.uid = l->uid;
	k.flags |= LSSOCK_F_UID | l->source;
	k.name = string(s, l->path);
	k.family = proto == LSSOCK_UNIX ? AF_UNIX : proto == LSSOCK_PACKET ? AF_PACKET :
		   proto == LSSOCK_VSOCK ? AF_VSOCK :
		   l->ip && strchr(l->ip, ':') ? AF_INET6 : AF_INET;
	if (l->ip)
		assert_int_equal(inet_pton(k.family, l->ip, k.local.ip), 1);
	else
		k.local.w[proto == LSSOCK_VSOCK] = l->word;
	row = snap_add(s, &k, NULL, 0, NULL);
	for (i = 0; i < 4 && l->by[i].pid; i++)
		hold(s, k.inode, &l->by[i]);
	if (i)
		s->socks.v[row].owner = snap_owner_of(s, k.inode);
	else
		s->socks.v[row].why = l->why;
}

static struct lssock_report *report_new(const struct listener *l, uint32_t n)
{
	static const char users[] = "root:x:0:0::/:/\nwww-data:x:33:33::/:/\n"
				    "1000-2000:x:7:7::/:/\nmysql:x:34:34::/:/\n"
				    "systemd-resolve:x:101:101::/:/\navahi:x:104:1::/:/\n"
				    "77:x:8:8::/:/\n";
	struct lssock_report *r = mem_alloc(sizeof(*r));
	uint32_t rows[64], i;

	assert_true(r && n <= 64);
	r->snap = watched_new();
	r->snap->meta.complete = true;
	r->snap->ns.v[0].flags = LSSOCK_NS_OWN | LSSOCK_NS_HOST;
	*vec_push(&r->snap->ns) = (struct lssock_ns){
		.ino = 78, .name = snap_string(r->snap, "bl ue", 5) };
	*vec_push(&r->snap->ns) = (struct lssock_ns){ .ino = 79 };
	snap_users(r->snap, users, sizeof(users) - 1);
	i = snap_iface(r->snap, 0, 2);
	r->snap->ifaces.v[i].name = snap_string(r->snap, "eth0", 4);
	for (i = 0; i < n; i++) {
		add(r->snap, &l[i]);
		rows[i] = i;
	}
	snap_sort_owners(r->snap);
	for (i = 0; i < n; i++)
		if (r->snap->socks.v[i].owner)
			r->snap->socks.v[i].owner =
				snap_owner_of(r->snap, r->snap->socks.v[i].inode);
	assert_int_equal(snap_seal(r->snap), 0);
	services_make(r, rows, n);
	assert_false(r->failed);
	return r;
}

/* "CODE: ABOUT: TEXT\n", then "? TEXT\n" of what could not be judged. */
static void judged(const struct listener *l, uint32_t n, const char *policy, const char *want)
{
	struct lssock_report *r = report_new(l, n);
	struct policy *p = read_policy(policy);
	struct buf got = { 0 };
	char about[1024], text[1024];
	uint32_t i;

	policy_judge(p, r);
	assert_int_equal(report_end(r), 0);
	for (i = 0; i < lssock_findings(r); i++) {
		lssock_finding_about(r, i, about, sizeof(about));
		lssock_finding_text(r, i, text, sizeof(text));
		buf_printf(&got, "%s: %s: %s\n", lssock_finding(r, i)->code, about, text);
		assert_int_equal(lssock_finding(r, i)->severity,
				 strcmp(lssock_finding(r, i)->code, "policy-deny") ?
				 LSSOCK_MEDIUM : LSSOCK_HIGH);
	}
	for (i = 0; i < lssock_unjudged(r); i++) {
		lssock_unjudged_text(r, i, text, sizeof(text));
		buf_printf(&got, "? %s\n", text);
	}
	assert_string_equal(buf_cstr(&got), want);
	buf_release(&got);
	policy_free(p);
	lssock_report_free(r);
}
#define JUDGED(policy, want, ...) do { \
	const struct listener l_[] = { __VA_ARGS__ }; \
	judged(l_, sizeof(l_) / sizeof(*l_), policy, want); \
} while (0)

#define SSHD { .pid = 7, .comm = PART("sshd"), .exe = PART("/usr/sbin/sshd"), \
	       .unit = PART("ssh.service") }
#define WWW(p) { .pid = (p), .uid = 33, .comm = PART("nginx"), \
		 .exe = PART("/usr/sbin/nginx"), .unit = PART("nginx.service") }
#define EVIL { .pid = 9, .uid = 1000, .comm = PART("sshd"), .exe = PART("/tmp/x") }
#define SECRET { .pid = 10, .comm = PART("dark"), .flags = LSSOCK_P_NO_EXE | \
		 LSSOCK_P_NO_CGROUP }

/* ---- verdicts -------------------------------------------------------------------------- */

static void test_verdicts(void **state)
{
	static const char policy[] = "allow ssh when port:22 proc:sshd puser:root\n"
				     "warn web when port:80,443\ndefault deny\n";

	(void)state;
	JUDGED(policy, "", { .ip = "0.0.0.0", .port = 22, .by = { SSHD } });
	JUDGED(policy, "policy-warn: tcp 0.0.0.0:80 nginx[8]: the rule web (line 2) warns "
	       "of it; held by user www-data in nginx.service\n",
	       { .ip = "0.0.0.0", .port = 80, .by = { WWW(8) } });
	JUDGED(policy, "policy-deny: tcp 127.0.0.1:22 sshd[9]: no rule fits, and the "
	       "default (line 3) denies it; held by user 1000\n",
	       { .ip = "127.0.0.1", .port = 22, .by = { EVIL } });
	JUDGED("", "policy-deny: tcp 127.0.0.1:22 sshd[9]: no rule fits, and a policy "
	       "without a default denies it; held by user 1000\n",
	       { .ip = "127.0.0.1", .port = 22, .by = { EVIL } });
	JUDGED("default allow", "", { .ip = "127.0.0.1", .port = 22, .by = { EVIL } });
	JUDGED("default deny", "policy-deny: tcp 0.0.0.0:2049 kernel: no rule fits, and the "
	       "default (line 1) denies it; no process is known to hold it "
	       "(kernel), made by user root, in the network namespace bl ue\n",
	       { .ip = "0.0.0.0", .port = 2049, .why = LSSOCK_WHY_KERNEL, .ns = 1 });
}

static void test_services(void **state)
{
	(void)state;
	/* One finding for what one rule says of all sockets of a service, else each. */
	JUDGED("deny x when port:80",
	       "policy-deny: tcp 10.0.0.5:80 nginx[8]: the rule x (line 1) denies "
	       "it on 10.0.0.5, ::1; held by user www-data in nginx.service\n",
	       { .ip = "10.0.0.5", .port = 80, .by = { WWW(8) } },
	       { .ip = "::1", .port = 80, .by = { WWW(8) } });
	JUDGED("allow l when scope:local\ndefault deny",
	       "policy-deny: tcp 10.0.0.5:80 nginx[8]: no rule fits, and the "
	       "default (line 2) denies it; held by user www-data in "
	       "nginx.service\n",
	       { .ip = "10.0.0.5", .port = 80, .by = { WWW(8) } },
	       { .ip = "::1", .port = 80, .by = { WWW(8) } });
}

static void test_worst_owner(void **state)
{
	static const char policy[] = "allow ssh when port:22 puser:root\n"
				     "warn odd when port:22 puser:www-data\ndefault deny\n";

	(void)state;
	JUDGED(policy, "policy-warn: tcp 0.0.0.0:22 nginx[8]: the rule odd (line 2) warns "
	       "of it; held by user www-data in nginx.service\n",
	       { .ip = "0.0.0.0", .port = 22, .by = { SSHD, WWW(8) } });
	JUDGED(policy, "policy-deny: tcp 0.0.0.0:22 sshd[9]: no rule fits, and the default "
	       "(line 3) denies it; held by user 1000\n",
	       { .ip = "0.0.0.0", .port = 22, .by = { SSHD, EVIL, WWW(8) } });
}

static void test_unknown(void **state)
{
	static const char policy[] = "allow a when port:22 exe:/usr/sbin/sshd\n"
				     "allow b when port:22 unit:x.service\ndefault allow\n";

	(void)state;
	JUDGED(policy, "? tcp 0.0.0.0:22 dark[10]: whether the rule a (line 1) fits is not "
	       "known: its exe could not be read\n",
	       { .ip = "0.0.0.0", .port = 22, .by = { SECRET } });
	JUDGED(policy, "? tcp 0.0.0.0:22: whether the rule a (line 1) fits is not known: the "
	       "process that holds it could not be seen (no-permission)\n",
	       { .ip = "0.0.0.0", .port = 22, .why = LSSOCK_WHY_NO_PERMISSION });
	/* What is certain before it decides. */
	JUDGED("deny all when port:22\nallow a when port:1-99 exe:/usr/sbin/sshd",
	       "policy-deny: tcp 0.0.0.0:22 dark[10]: the rule all (line 1) denies "
	       "it; held by user root\n",
	       { .ip = "0.0.0.0", .port = 22, .by = { SECRET } });
	/* Another port: the rule does not fit, whoever holds it. */
	JUDGED(policy, "", { .ip = "0.0.0.0", .port = 23, .by = { SECRET } });
	/* Of two owners one is certain: a warning stands, and so does the doubt. */
	JUDGED("allow a when exe:/usr/sbin/sshd\ndefault warn",
	       "policy-warn: tcp 0.0.0.0:22 nginx[8]: no rule fits, and the "
	       "default (line 2) warns of it; held by user www-data in "
	       "nginx.service\n"
	       "? tcp 0.0.0.0:22 dark[10]: whether the rule a (line 1) fits is not "
	       "known: its exe could not be read\n",
	       { .ip = "0.0.0.0", .port = 22, .by = { WWW(8), SECRET } });
	/* And it cannot become worse than denied. */
	JUDGED("allow a when exe:/usr/sbin/sshd\ndefault deny",
	       "policy-deny: tcp 0.0.0.0:22 nginx[8]: no rule fits, and the "
	       "default (line 2) denies it; held by user www-data in "
	       "nginx.service\n",
	       { .ip = "0.0.0.0", .port = 22, .by = { WWW(8), SECRET } });
	JUDGED("allow a when scope:owner\ndefault allow",
	       "? unix /run/x: whether the rule a (line 1) fits is not known: its scope is not "
	       "known\n",
	       { .path = PART("/run/x"), .why = LSSOCK_WHY_KERNEL });
	JUDGED("allow a when root\ndefault allow",
	       "? tcp 0.0.0.0:22 dark[10]: whether the rule a (line 1) fits is not known: its "
	       "owner could not be read\n",
	       { .ip = "0.0.0.0", .port = 22, .uid = 33, .by = {
	         { .pid = 10, .uid = 33, .comm = PART("dark"), .flags = LSSOCK_P_NO_CGROUP } } });
	/* Rows that anybody can write are no matter of rules. */
	JUDGED("default deny", "", { .path = PART("/run/x"), .why = LSSOCK_WHY_UNKNOWN,
	       .source = LSSOCK_SRC_PROCFS });
}

/* ---- what listens as a policy ------------------------------------------------------------ */

static int into(void *ctx, const void *bytes, size_t len)
{
	buf_put(ctx, bytes, len);
	return 0;
}

/* The policy of what listens; it finds nothing there. */
static struct buf round_trip(const struct listener *l, uint32_t n)
{
	struct lssock_report *r = report_new(l, n);
	struct heard h = { 0 };
	struct buf text = { 0 };
	struct policy *p;

	assert_int_equal(lssock_policy_write(r, into, &text), 0);
	p = read_bytes(text.data, text.len, &h);
	if (!p)
		fail_msg("%s\n%s", buf_cstr(&text), buf_cstr(&h.b));
	assert_int_equal(p->otherwise, VERDICT_DENY);
	policy_judge(p, r);
	assert_int_equal(report_end(r), 0);
	if (r->findings.n || r->unjudged.n)
		fail_msg("%s", buf_cstr(&text));
	policy_free(p);
	lssock_report_free(r);
	return text;
}

/* Its rules alone. */
static void writes(const struct listener *l, uint32_t n, const char *want)
{
	struct buf text = round_trip(l, n), rules = { 0 };
	const char *at = buf_cstr(&text), *end;

	for (; *at; at = end + 1) {
		end = strchr(at, '\n');
		assert_non_null(end);
		if (end > at && *at != '#')
			buf_put(&rules, at, (size_t)(end + 1 - at));
	}
	assert_string_equal(buf_cstr(&rules), want);
	buf_release(&rules);
	buf_release(&text);
}
#define WRITES(want, ...) do { \
	const struct listener l_[] = { __VA_ARGS__ }; \
	writes(l_, sizeof(l_) / sizeof(*l_), want "default    deny\n"); \
} while (0)

static void test_written(void **state)
{
	(void)state;
	WRITES("");
	WRITES("allow      sshd-22             when lport:22 proto:tcp scope:all,local proc:sshd "
	       "exe:/usr/sbin/sshd puser:root unit:ssh.service\n",
	       { .ip = "0.0.0.0", .port = 22, .by = { SSHD } },
	       { .ip = "::1", .port = 22, .by = { SSHD } });
	/* Each owner; who made the socket where that is not the owner. */
	WRITES("allow      nginx-80            when lport:80 proto:tcp scope:all proc:nginx "
	       "exe:/usr/sbin/nginx puser:www-data unit:nginx.service user:root\n"
	       "allow      sshd-80             when lport:80 proto:tcp scope:all proc:sshd "
	       "exe:/tmp/x puid:1000 user:root not container:*\n",
	       { .ip = "0.0.0.0", .port = 80, .by = { WWW(8), WWW(11), EVIL } });
	/* Names are said once, and a number is a field of its own. */
	WRITES("allow      a-53                when lport:53 proto:tcp scope:all proc:a "
	       "puid:7 not container:*\n"
	       "allow      a-53-2              when lport:53 proto:udp scope:all proc:a "
	       "puid:8 not container:*\n",
	       { .ip = "::", .port = 53, .uid = 7, .by = { { .pid = 3, .uid = 7, .comm =
	         PART("a") } } },
	       { .ip = "::", .port = 53, .uid = 8, .proto = LSSOCK_UDP, .by = {
	         { .pid = 4, .uid = 8, .comm = PART("a") } } });
	/* A rule of the host would take what is elsewhere. */
	WRITES("allow      sshd-22             when lport:22 proto:tcp netns:79 scope:all "
	       "proc:sshd exe:/usr/sbin/sshd puser:root unit:ssh.service\n"
	       "allow      sshd-22-2           when lport:22 proto:tcp nsname:'bl ue' scope:all "
	       "proc:sshd exe:/usr/sbin/sshd puser:root unit:ssh.service\n"
	       "allow      sshd-22-3           when lport:22 proto:tcp scope:all proc:sshd "
	       "exe:/usr/sbin/sshd puser:root unit:ssh.service\n",
	       { .ip = "0.0.0.0", .port = 22, .by = { SSHD } },
	       { .ip = "0.0.0.0", .port = 22, .ns = 1, .by = { SSHD } },
	       { .ip = "0.0.0.0", .port = 22, .ns = 2, .by = { SSHD } });
	/* What has no process. */
	WRITES("allow      kernel-2049         when lport:2049 proto:tcp scope:all user:root "
	       "why:kernel\n"
	       "allow      in-flight           when path:@x proto:unix scope:abstract user:root "
	       "why:in-flight\n",
	       { .ip = "0.0.0.0", .port = 2049, .why = LSSOCK_WHY_KERNEL },
	       { .path = PART("\0x"), .why = LSSOCK_WHY_IN_FLIGHT });
	/* The unit of a container says it once more; one inside says something else. */
	WRITES("allow      sshd-22             when lport:22 proto:tcp scope:all proc:sshd "
	       "puser:root unit:ssh.service container:vm\n"
	       "allow      app-8080            when lport:8080 proto:tcp scope:all proc:app "
	       "exe:/app puser:www-data container:ab12 user:root\n",
	       { .ip = "0.0.0.0", .port = 8080, .by = { { .pid = 3, .uid = 33, .comm =
	         PART("app"), .exe = PART("/app"), .unit = PART("docker-ab12.scope"),
		 .container = PART("ab12") } } },
	       { .ip = "0.0.0.0", .port = 22, .by = { { .pid = 4, .comm = PART("sshd"),
		 .unit = PART("ssh.service"), .container = PART("vm") } } });
	WRITES("allow      sniff               when ipproto:icmp proto:raw scope:all proc:sniff "
	       "puser:root not container:*\n"
	       "allow      sniff-2             when ethertype:all proto:packet iface:eth0 "
	       "proc:sniff puser:root not container:*\n"
	       "allow      sniff-3             when lport:1024 proto:vsock proc:sniff puser:root "
	       "not container:*\n",
	       { .proto = LSSOCK_PACKET, .iface = 1, .word = 3, .by = { { .pid = 3, .comm =
	         PART("sniff") } } },
	       { .proto = LSSOCK_RAW, .ip = "0.0.0.0", .port = 1, .by = { { .pid = 3, .comm =
	         PART("sniff") } } },
	       { .proto = LSSOCK_VSOCK, .word = 1024, .by = { { .pid = 3, .comm =
	         PART("sniff") } } });
}

static void test_hostile(void **state)
{
	static const char evil[] = "\n\r\x1b[2J\t '\"\\*,;#|&()<>=~!:@\xe2\x80\xae\xff\x01";
	char all[108], *path;
	struct listener l[64];
	struct buf text;
	uint32_t n = 0, i;

	(void)state;
	memset(l, 0, sizeof(l));
	/* Every byte is in some name, and begins and ends one. */
	path = mem_alloc(3 * 256);
	for (i = 0; i < 256; i++)
		path[i] = (char)i;
	for (i = 0; i + 64 <= 256; i += 64) {
		l[n++].path = (struct part){ path + i, 64 };
		l[n++].path = (struct part){ path + i + 63, 1 };
	}
	for (i = 0; i < sizeof(evil) - 1; i++)
		l[n++].path = (struct part){ evil + i, sizeof(evil) - 1 - i };
	memset(all, 0xff, sizeof(all));
	l[n++].path = (struct part){ all, sizeof(all) };
	l[n++].path = (struct part)PART("\0");
	for (i = 0; i < n; i++) {
		l[i].by[0] = (struct holder){ .pid = (int32_t)i + 2, .uid = i % 2 ? 8 : 4711,
			.comm = { evil + i % 16, 9 }, .exe = { evil, sizeof(evil) - 1 },
			.unit = { evil + i % 8, 12 } };
		l[i].uid = l[i].by[0].uid;
	}
	text = round_trip(l, n);
	assert_true(text_is_safe("a", 1, 0));
	for (i = 0; i < text.len; i++)
		assert_true(text.data[i] == '\n' || (text.data[i] >= ' ' && text.data[i] < 127));
	buf_release(&text);
	mem_free(path);
}

static void test_long(void **state)
{
	struct listener l = { .ip = "0.0.0.0", .port = 1 };
	char exe[4096];
	struct buf text;

	(void)state;
	memset(exe, 1, sizeof(exe));
	l.by[0] = (struct holder){ .pid = 2, .comm = PART(""), .exe = { exe, sizeof(exe) },
				   .unit = { exe, 255 }, .container = { exe, 255 } };
	text = round_trip(&l, 1);
	buf_release(&text);
}

/* What cannot be known is left out, and the rule says so. */
static void test_wide(void **state)
{
	const struct listener l = { .ip = "0.0.0.0", .port = 1, .by = { SECRET } };
	struct buf text = round_trip(&l, 1);

	(void)state;
	assert_non_null(strstr(buf_cstr(&text), "\n# Not all of this could be seen: the rule may "
			       "allow more than what was there.\nallow      dark-1 "));
	buf_release(&text);
}

static void test_many(void **state)
{
	struct listener l[60];
	uint32_t i;
	struct buf text;

	(void)state;
	memset(l, 0, sizeof(l));
	for (i = 0; i < 60; i++)
		l[i] = (struct listener){ .ip = i % 2 ? "127.0.0.1" : "10.1.2.3", .port =
			(uint16_t)(1 + i / 4), .proto = i % 3 ? LSSOCK_TCP : LSSOCK_UDP,
			.ns = i % 3, .by = { WWW((int32_t)i + 2), SSHD } };
	text = round_trip(l, 60);
	buf_release(&text);
}

/* ---- memory ------------------------------------------------------------------------------ */

static void test_memory(void **state)
{
	const struct listener l[] = {
		{ .ip = "0.0.0.0", .port = 22, .by = { SSHD, EVIL } },
		{ .path = PART("/run/a b"), .by = { WWW(8) } },
		{ .ip = "0.0.0.0", .port = 22, .ns = 1, .by = { SECRET } },
	};
	static const char text[] = "allow a when port:22 proc:sshd\nwarn b when port:1-9 "
				   "unit~'x y'\ndefault deny\n";
	struct lssock_report *r;
	struct buf out = { 0 };
	struct policy *p = NULL;
	uint64_t n;
	int e = -ENOMEM;

	(void)state;
	for (n = 1; e == -ENOMEM; n++) {
		mem_fail_at(n);
		e = policy_new(text, sizeof(text) - 1, NULL, NULL, &p);
	}
	mem_fail_at(0);
	assert_int_equal(e, 0);
	assert_true(n > 20);
	r = report_new(l, 3);
	for (n = 1, e = -ENOMEM; e == -ENOMEM; n++) {
		buf_reset(&out);
		mem_fail_at(n);
		e = lssock_policy_write(r, into, &out);
	}
	mem_fail_at(0);
	assert_int_equal(e, 0);
	assert_true(n > 40);
	buf_release(&out);
	lssock_report_free(r);
	for (n = 1, e = -ENOMEM; e == -ENOMEM; n++) {
		r = report_new(l, 3);
		mem_fail_at(n);
		policy_judge(p, r);
		e = report_end(r);
		mem_fail_at(0);
		if (!e)
			assert_int_equal(r->findings.n + r->unjudged.n, 2);
		lssock_report_free(r);
	}
	policy_free(p);
}

/* ---- files ------------------------------------------------------------------------------- */

static char *read_file(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "r");
	char *text = f ? mem_alloc(65536) : NULL;

	*ret_len = text ? fread(text, 1, 65535, f) : 0;
	if (f)
		fclose(f);
	return text;
}

/* The policies that are installed; tests/run runs this in the top directory. */
static void example(const char *name, const struct listener *l, uint32_t n, const char *want)
{
	char path[64], *text;
	size_t len;

	snprintf(path, sizeof(path), "src/policies/%s.policy", name);
	text = read_file(path, &len);
	if (!text) {
		print_message("skipped: %s is not in this directory\n", path);
		skip();
	}
	judged(l, n, text, want);
	mem_free(text);
}
#define EXAMPLE(name, want, ...) do { \
	const struct listener l_[] = { __VA_ARGS__ }; \
	example(name, l_, sizeof(l_) / sizeof(*l_), want); \
} while (0)
#define BY(p, u, c, un) { .pid = (p), .uid = (u), .comm = PART(c), .exe = PART("/usr/bin/" c), \
			  .unit = PART(un) }
#define SYSTEMD BY(1, 0, "systemd", "init.scope")

static void test_web_server(void **state)
{
	(void)state;
	EXAMPLE("web-server", "",
		{ .ip = "::", .port = 443, .by = { WWW(8), WWW(11) } },
		{ .ip = "::", .port = 22, .by = { SYSTEMD, SSHD } },
		{ .ip = "127.0.0.1", .port = 3306, .by = { BY(20, 34, "mariadbd",
							      "mariadb.service") } },
		{ .proto = LSSOCK_UDP, .ip = "127.0.0.53", .port = 53, .iface = 1, .by = {
		  BY(21, 101, "systemd-resolve", "systemd-resolved.service") } },
		{ .path = PART("/run/systemd/private"), .by = { SYSTEMD } });
	EXAMPLE("web-server",
		"policy-deny: tcp *:443 nginx[30]: no rule fits, and the default "
		"(line 35) denies it; held by user 1000 in nginx.service\n"
		"policy-deny: tcp 0.0.0.0:3306 mariadbd[20]: the rule "
		"open-database (line 9) denies it; held by user mysql in "
		"mariadb.service\n"
		"policy-warn: packet all:* tcpdump[31]: the rule sniffer (line 26) "
		"warns of it; held by user root in session-2.scope\n",
		{ .ip = "0.0.0.0", .port = 3306, .by = { BY(20, 34, "mariadbd",
							    "mariadb.service") } },
		{ .ip = "::", .port = 443, .by = { BY(30, 1000, "nginx", "nginx.service") } },
		{ .proto = LSSOCK_PACKET, .word = 3, .by = { BY(31, 0, "tcpdump",
								"session-2.scope") } });
}

#define INSIDE { .pid = 40, .uid = 0, .comm = PART("app"), .exe = PART("/app"), \
		 .unit = PART("docker-ab12.scope"), .container = PART("ab12") }

static void test_container_host(void **state)
{
	(void)state;
	EXAMPLE("container-host", "",
		{ .ip = "::", .port = 22, .by = { SSHD } },
		{ .ip = "::", .port = 8080, .by = { { .pid = 41, .comm = PART("docker-proxy"),
		  .exe = PART("/usr/bin/docker-proxy"), .unit = PART("docker.service") } } },
		{ .ip = "::", .port = 80, .ns = 1, .by = { INSIDE } },
		{ .proto = LSSOCK_UDP, .ip = "::", .port = 4789, .why = LSSOCK_WHY_KERNEL });
	EXAMPLE("container-host",
		"policy-deny: tcp *:2375 dockerd[42]: the rule docker-tcp (line 6) "
		"denies it; held by user root in docker.service\n"
		"policy-deny: tcp *:8080 docker-proxy[43]: no rule fits, and the "
		"default (line 40) denies it; held by user 1000 in docker.service\n"
		"policy-warn: tcp *:80 app[40]: the rule host-network (line 16) "
		"warns of it; held by user root in container ab12\n",
		{ .ip = "::", .port = 2375, .by = { BY(42, 0, "dockerd", "docker.service") } },
		{ .ip = "::", .port = 8080, .by = { BY(43, 1000, "docker-proxy",
						       "docker.service") } },
		{ .ip = "::", .port = 80, .by = { INSIDE } });
}

static void test_laptop(void **state)
{
	(void)state;
	EXAMPLE("laptop", "",
		{ .ip = "127.0.0.1", .port = 3000, .by = { BY(50, 1000, "node",
							      "user@1000.service") } },
		{ .proto = LSSOCK_UDP, .ip = "0.0.0.0", .port = 5353, .by = {
		  BY(51, 104, "avahi-daemon", "avahi-daemon.service") } });
	EXAMPLE("laptop",
		"policy-deny: tcp *:80 node[50]: the rule own-privileged (line 24) "
		"denies it; held by user 1000 in user@1000.service\n"
		"policy-deny: tcp *:6379 redis[53]: no rule fits, and the default "
		"(line 35) denies it; held by user www-data in redis.service\n"
		"policy-warn: tcp *:3000 node[50]: the rule own (line 25) warns of "
		"it; held by user 1000 in user@1000.service\n",
		{ .ip = "::", .port = 80, .by = { BY(50, 1000, "node", "user@1000.service") } },
		{ .ip = "::", .port = 3000, .by = { BY(50, 1000, "node", "user@1000.service") } },
		{ .ip = "::", .port = 6379, .by = { BY(53, 33, "redis", "redis.service") } });
}

static int check_file(const char *path)
{
	size_t len;
	char *text = read_file(path, &len);
	struct heard h = { 0 };
	struct policy *p = NULL;

	if (!text || policy_new(text, len, hear, &h, &p))
		fprintf(stderr, "%s:\n%s", path, text ? buf_cstr(&h.b) : "cannot be read\n");
	mem_free(text);
	buf_release(&h.b);
	policy_free(p);
	return p ? 0 : 1;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grammar), cmocka_unit_test(test_faults),
		cmocka_unit_test(test_fault_in_condition), cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_covered), cmocka_unit_test(test_not_covered),
		cmocka_unit_test(test_never), cmocka_unit_test(test_ports),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_services), cmocka_unit_test(test_worst_owner),
		cmocka_unit_test(test_unknown), cmocka_unit_test(test_written),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_long),
		cmocka_unit_test(test_wide), cmocka_unit_test(test_many),
		cmocka_unit_test(test_memory), cmocka_unit_test(test_web_server),
		cmocka_unit_test(test_container_host), cmocka_unit_test(test_laptop),
	};
	int bad = 0;

	for (int i = 1; i < argc; i++)
		bad |= check_file(argv[i]);
	return argc > 1 ? bad : cmocka_run_group_tests(tests, NULL, NULL);
}
