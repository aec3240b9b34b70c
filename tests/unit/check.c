/* SPDX-License-Identifier: MIT */
/* The built-in checks over snapshots made by hand: what no scene can bring about, and
 * memory that runs out. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "audit/audit.h"
#include "model/link.h"

/* ---- a small machine ------------------------------------------------------------------ */

struct machine {
	struct lssock_snap *s;
	struct lssock_audit *audit;
	struct lssock_query *query;
	struct lssock_report *report;
	int32_t pid;			/* of the next process */
};

static struct machine machine_new(void)
{
	struct machine m = { .s = snap_new(), .pid = 10 };

	assert_non_null(m.s);
	if (!m.s->ns.n)
		assert_non_null(vec_push(&m.s->ns));
	m.s->ns.v[0] = (struct lssock_ns){
		.ino = 77, .flags = LSSOCK_NS_OWN | LSSOCK_NS_ASKED, .port_lo = 32768,
		.port_hi = 60999, .overflows = UINT64_MAX, .drops = UINT64_MAX,
	};
	m.s->meta.owners_asked = true;
	return m;
}

static uint32_t listener_of(struct machine *m, uint8_t proto, const char *ip, uint16_t port,
			    uint32_t uid)
{
	bool v6 = strchr(ip, ':');
	struct lssock_sock k = {
		.proto = proto, .family = v6 ? AF_INET6 : AF_INET, .lport = port,
		.state = proto == LSSOCK_UDP ? LSSOCK_UNCONNECTED : LSSOCK_LISTEN,
		.type = proto == LSSOCK_UDP ? SOCK_DGRAM : SOCK_STREAM, .uid = uid,
		.cookie = m->s->socks.n + 100, .inode = m->s->socks.n + 100,
		.flags = LSSOCK_F_STATE | LSSOCK_F_UID | LSSOCK_F_AUTOBOUND_KNOWN |
			 LSSOCK_F_V6ONLY | LSSOCK_F_V6ONLY_KNOWN,
		.peer = LSSOCK_NONE, .via = LSSOCK_NONE,
	};

	assert_int_equal(inet_pton(k.family, ip, k.local.ip), 1);
	return snap_add(m->s, &k, NULL, 0, NULL);
}

static uint32_t text(struct machine *m, const char *s)
{
	return snap_string(m->s, s, strlen(s));
}

static uint32_t process(struct machine *m, const char *comm, const char *exe, uint32_t uid)
{
	int32_t pid = m->pid++;
	struct lssock_proc p = {
		.pid = pid, .start_ns = (uint64_t)pid,
		.comm = text(m, comm), .exe = text(m, exe), .uid = uid,
		.flags = LSSOCK_P_DETAILS, .nofile = LSSOCK_NONE, .nfds = LSSOCK_NONE,
	};

	return snap_proc(m->s, &p);
}

static void held_by(struct machine *m, uint32_t row, uint32_t proc, uint8_t how)
{
	struct lssock_owner o = { .proc = proc, .fd = how == LSSOCK_HOW_FD ? 3 : -1, .how = how };

	assert_int_equal(snap_owner(m->s, m->s->socks.v[row].inode, &o), 0);
}

static int judge_without(struct machine *m, const char *disable)
{
	struct lssock_audit_options opt = { .size = sizeof(opt), .disable = disable };
	struct lssock_err err = { 0 };
	int r = lssock_audit_new(&opt, &m->audit, &err);

	if (r == 0)
		r = lssock_audit_query(m->audit, NULL, &m->query, &err);
	return r == 0 ? lssock_audit_run(m->audit, m->s, m->query, &m->report, &err) : r;
}

static void judge(struct machine *m)
{
	assert_int_equal(link_owners(m->s), 0);
	m->s->meta.complete = true;
	assert_int_equal(snap_seal(m->s), 0);
	assert_int_equal(judge_without(m, NULL), 0);
}

static void machine_free(struct machine *m)
{
	lssock_report_free(m->report);
	lssock_query_free(m->query);
	lssock_audit_free(m->audit);
	lssock_snap_free(m->s);
}

/* "high exposed-service: …" of every finding, one a line. */
static void finds(struct machine *m, const char *want)
{
	char one[1024], all[8192] = "";
	size_t n = 0;

	for (uint32_t i = 0; i < lssock_findings(m->report); i++) {
		const struct lssock_finding *f = lssock_finding(m->report, i);

		lssock_finding_text(m->report, i, one, sizeof(one));
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s %s: %s\n",
				      lssock_severity_name(f->severity), f->code, one);
		assert_true(n < sizeof(all));
		assert_non_null(f->why);
		assert_non_null(f->fix);
	}
	assert_string_equal(all, want);
}

static void leaves(struct machine *m, const char *want)
{
	char one[1024];

	if (!want) {
		assert_int_equal(lssock_unjudged(m->report), 0);
		assert_true(lssock_report_complete(m->report));
		return;
	}
	assert_int_equal(lssock_unjudged(m->report), 1);
	lssock_unjudged_text(m->report, 0, one, sizeof(one));
	assert_string_equal(one, want);
	assert_false(lssock_report_complete(m->report));
}

/* ---- the table ------------------------------------------------------------------------- */

static void is_sentence(const char *s)
{
	size_t len = strlen(s);

	assert_in_range(s[0], 'A', 'Z');
	assert_in_range(len, 20, 200);
	assert_int_equal(s[len - 1], '.');
	assert_null(strstr(s, ". "));
	assert_null(strstr(s, "  "));
}

static void test_table(void **state)
{
	struct lssock_check_info a, b;
	struct lssock_sheet *sheet;

	(void)state;
	assert_in_range(lssock_checks(), 15, 64);
	for (uint32_t i = 0; i < lssock_checks(); i++) {
		assert_int_equal(lssock_check_info(i, &a), 0);
		assert_int_equal(strspn(a.code, "abcdefghijklmnopqrstuvwxyz0123456789-"),
				 strlen(a.code));
		assert_in_range(strlen(a.code), 5, 16);
		assert_in_range(a.severity, LSSOCK_INFO, LSSOCK_HIGH);
		is_sentence(a.why);
		is_sentence(a.fix);
		assert_int_equal(check_find(a.code, strlen(a.code)), (int)i);
		assert_int_equal(check_find(a.code, strlen(a.code) - 1), -1);
		for (uint32_t j = 0; j < i; j++) {
			assert_int_equal(lssock_check_info(j, &b), 0);
			assert_string_not_equal(a.code, b.code);
		}
	}
	assert_int_equal(lssock_check_info(lssock_checks(), &a), -ENOENT);
	assert_int_equal(lssock_checks_sheet(&sheet), 0);
	assert_int_equal(lssock_sheet_rows(sheet), lssock_checks());
	lssock_sheet_free(sheet);
	for (int i = 0; i < LSSOCK_N_SEVERITY; i++)
		assert_int_equal(lssock_severity_find(lssock_severity_name(i)), i);
	assert_int_equal(lssock_severity_find("HIGH"), LSSOCK_HIGH);
	assert_int_equal(lssock_severity_find(""), -EINVAL);
	assert_int_equal(lssock_severity_find("higher"), -EINVAL);
	assert_null(lssock_severity_name(LSSOCK_N_SEVERITY));
}

static void test_disable(void **state)
{
	struct machine m = machine_new();

	(void)state;
	listener_of(&m, LSSOCK_TCP, "0.0.0.0", 6379, 0);
	m.s->socks.v[0].why = LSSOCK_WHY_KERNEL;
	assert_int_equal(snap_seal(m.s), 0);
	assert_int_equal(judge_without(&m, "exposed-service,kernel-socket"), 0);
	finds(&m, "");
	machine_free(&m);
	m = machine_new();
	assert_int_equal(judge_without(&m, "exposed"), -EINVAL);
	assert_int_equal(judge_without(&m, "exposed-service,,vanished"), -EINVAL);
	machine_free(&m);
}

/* ---- nobody holds it ---------------------------------------------------------------------- */

static void alone(uint8_t why, const char *want, const char *left)
{
	struct machine m = machine_new();

	listener_of(&m, LSSOCK_TCP, "127.0.0.1", 99, 0);
	m.s->socks.v[0].why = why;
	judge(&m);
	finds(&m, want);
	leaves(&m, left);
	machine_free(&m);
}

static void test_unheld(void **state)
{
	(void)state;
	alone(LSSOCK_WHY_UNKNOWN, "medium no-process: every process was looked at and none "
	      "holds it: unknown, opened by 0\n", NULL);
	alone(LSSOCK_WHY_KERNEL, "info kernel-socket: the kernel itself holds it (NFS, "
	      "WireGuard, VXLAN and the like)\n", NULL);
	alone(LSSOCK_WHY_VANISHED, "info vanished: it was gone while its holder was looked "
	      "for\n", NULL);
	alone(LSSOCK_WHY_NO_PERMISSION, "", "tcp 127.0.0.1:99 no-permission: who holds it "
	      "could not be seen");
	alone(LSSOCK_WHY_OTHER_PIDNS, "", "tcp 127.0.0.1:99 other-pidns: who holds it could "
	      "not be seen");
	alone(LSSOCK_WHY_LATER, "", "tcp 127.0.0.1:99 later: who holds it could not be seen");
	/* in flight, but it is not known to whom */
	alone(LSSOCK_WHY_IN_FLIGHT, "high hidden-listener: no process has a descriptor of it: "
	      "it lies in a message that nobody has received\n", NULL);
}

static void test_not_asked(void **state)
{
	struct machine m = machine_new();

	(void)state;
	listener_of(&m, LSSOCK_TCP, "127.0.0.1", 99, 0);
	m.s->meta.owners_asked = false;
	judge(&m);
	finds(&m, "");
	leaves(&m, "who holds the sockets was not asked for");
	machine_free(&m);
}

static void add_packet(struct machine *m)
{
	struct lssock_sock k = {
		.proto = LSSOCK_PACKET, .family = AF_PACKET, .state = LSSOCK_UNCONNECTED,
		.type = SOCK_RAW, .cookie = 5, .inode = 5, .flags = LSSOCK_F_STATE,
		.local.w = { 3 }, .peer = LSSOCK_NONE, .via = LSSOCK_NONE,
	};

	assert_int_equal(snap_add(m->s, &k, NULL, 0, NULL), 0);
}

static void test_mapped(void **state)
{
	struct machine m = machine_new();

	(void)state;
	add_packet(&m);
	m.s->socks.v[0].why = LSSOCK_WHY_MMAP;
	held_by(&m, 0, process(&m, "dump", "/usr/bin/tcpdump", 0), LSSOCK_HOW_MAPPED);
	judge(&m);
	finds(&m, "high hidden-listener: no process has a descriptor of it: it lives in a "
	      "mapping of memory of dump[10]\n"
	      "medium sniffer: it reads all packets of every interface\n");
	machine_free(&m);
}

/* Held by a process of this program, and by one of the other unless that is NULL. */
static void sniffs(const char *exe, const char *other, uint16_t flags, bool container,
		   const char *severity)
{
	struct machine m = machine_new();
	uint32_t p = process(&m, "lldpd", exe, 0);
	char want[128];

	add_packet(&m);
	m.s->procs.v[p].flags |= flags;
	if (container)
		m.s->procs.v[p].container = text(&m, "c0ffee");
	held_by(&m, 0, p, LSSOCK_HOW_FD);
	if (other)
		held_by(&m, 0, process(&m, "lldpd", other, 0), LSSOCK_HOW_FD);
	judge(&m);
	snprintf(want, sizeof(want), "%s sniffer: it reads all packets of every interface\n",
		 severity);
	finds(&m, want);
	machine_free(&m);
}

static void test_sniffers(void **state)
{
	(void)state;
	sniffs("/usr/sbin/lldpd", NULL, 0, false, "info");
	sniffs("/lib/systemd/systemd-networkd", NULL, 0, false, "info");
	sniffs("/usr/sbin/lldpd", "/usr/sbin/lldpd", 0, false, "info");
	sniffs("/usr/sbin/lldpd", "/usr/sbin/evil", 0, false, "medium");
	sniffs("/usr/sbin/lldpd", NULL, 0, true, "medium");
	sniffs("/usr/local/sbin/lldpd", NULL, 0, false, "medium");
	sniffs("/opt/usr/sbin/lldpd", NULL, 0, false, "medium");
	sniffs("/usr/sbin/lldpd2", NULL, 0, false, "medium");
	sniffs("/usr/sbin/tcpdump", NULL, 0, false, "medium");
	sniffs("lldpd", NULL, 0, false, "medium");
}

/* ---- programs ------------------------------------------------------------------------------- */

static void program(uint16_t flags, const char *want, const char *left)
{
	struct machine m = machine_new();
	uint32_t p = process(&m, "web", "/srv/web", 0), row;

	m.s->procs.v[p].flags |= flags;
	row = listener_of(&m, LSSOCK_TCP, "127.0.0.1", 8000, 0);
	held_by(&m, row, p, LSSOCK_HOW_FD);
	row = listener_of(&m, LSSOCK_TCP, "127.0.0.1", 8001, 0);	/* said once */
	held_by(&m, row, p, LSSOCK_HOW_FD);
	judge(&m);
	finds(&m, want);
	leaves(&m, left);
	machine_free(&m);
}

static void test_programs(void **state)
{
	(void)state;
	program(0, "", NULL);
	program(LSSOCK_P_EXE_DELETED,
		"medium exe-deleted: web[10] runs /srv/web, which has been deleted\n", NULL);
	program(LSSOCK_P_EXE_DELETED | LSSOCK_P_EXE_REPLACED,
		"high exe-replaced: web[10] runs /srv/web, but another file has that name now\n",
		NULL);
	program(LSSOCK_P_EXE_WRITABLE, "high exe-writable: web[10] runs /srv/web, which every "
		"user can change or put another file in place of\n", NULL);
	program(LSSOCK_P_NO_EXE, "",
		"tcp 127.0.0.1:8000 web[10]: the program of web[10] may not be read");
	program(LSSOCK_P_NO_EXE | LSSOCK_P_KTHREAD, "", NULL);
}

/* ---- ports ------------------------------------------------------------------------------------ */

static void low(uint16_t unpriv, uint16_t port, uint32_t uid, uint32_t puid, bool found)
{
	struct machine m = machine_new();
	uint32_t row = listener_of(&m, LSSOCK_TCP, "127.0.0.1", port, uid);
	char want[128];

	m.s->ns.v[0].unpriv_port = unpriv;
	held_by(&m, row, process(&m, "web", "/srv/web", puid), LSSOCK_HOW_FD);
	judge(&m);
	snprintf(want, sizeof(want),
		 "medium low-port: port %u was opened by an ordinary user, %u\n", port, puid);
	finds(&m, found ? want : "");
	machine_free(&m);
}

static void test_low_port(void **state)
{
	(void)state;
	low(0, 1023, 1000, 1000, true);
	low(0, 1024, 1000, 1000, false);
	low(80, 80, 1000, 1000, false);
	low(80, 79, 1000, 1000, true);
	low(2000, 1999, 1000, 1000, true);
	low(0, 79, 0, 1000, false);	/* root opened it and went on as another user */
	low(0, 79, 1000, 0, false);
	low(0, 79, 999, 999, false);
	low(0, 79, 61184, 61184, false);
	low(0, 79, 65519, 65519, false);
	low(0, 79, 100000, 100000, true);
}

static void test_nat(void **state)
{
	struct machine m = machine_new();
	struct lssock_nat n = { .proto = LSSOCK_TCP, .family = AF_INET, .port_lo = 8000,
				.port_hi = 8000, .to_lo = 6379, .to_hi = 6379,
				.to_family = AF_INET }, *at;

	(void)state;
	at = vec_push(&m.s->nats);
	*at = n;			/* into a container's Redis */
	n.port_lo = n.port_hi = 8001;
	n.daddr_prefix = 32;
	memcpy(n.daddr, "\x0a\0\0\1", 4);
	at = vec_push(&m.s->nats);
	*at = n;
	n.port_lo = n.port_hi = 8002;
	memcpy(n.daddr, "\x7f\0\0\1", 4);
	at = vec_push(&m.s->nats);
	*at = n;
	n.port_lo = n.port_hi = 8003;
	n.daddr_prefix = 0;
	n.to_lo = n.to_hi = 80;
	at = vec_push(&m.s->nats);
	*at = n;
	judge(&m);
	finds(&m, "high exposed-service: port 8000, passed on to that of Redis, can be reached "
	      "on every address\n"
	      "medium exposed-service: port 8001, passed on to that of Redis, can be reached "
	      "from the local network\n");
	leaves(&m, NULL);
	machine_free(&m);
}

static void test_no_scope(void **state)
{
	struct machine m = machine_new();
	uint32_t row = listener_of(&m, LSSOCK_TCP, "0.0.0.0", 6379, 0);

	(void)state;
	m.s->socks.v[row].iface = snap_iface(m.s, 0, 3);	/* nobody knows its addresses */
	held_by(&m, row, process(&m, "cache", "/srv/cache", 0), LSSOCK_HOW_FD);
	judge(&m);
	finds(&m, "");
	assert_int_equal(lssock_unjudged(m.report), 1);
	machine_free(&m);
}

/* ---- namespaces ---------------------------------------------------------------------------------- */

static void test_drops(void **state)
{
	struct machine m = machine_new();

	(void)state;
	m.s->ns.v[0].overflows = 1;
	m.s->ns.v[0].drops = 3;
	judge(&m);
	finds(&m, "info queue-drops: 1 connection met a full accept queue and 3 were dropped by "
	      "listeners since the namespace was made; of which listener is not counted\n");
	assert_int_equal(lssock_finding(m.report, 0)->service, LSSOCK_NONE);
	machine_free(&m);
	m = machine_new();
	m.s->ns.v[0].overflows = m.s->ns.v[0].drops = 0;
	judge(&m);
	finds(&m, "");
	machine_free(&m);
}

/* ---- memory ----------------------------------------------------------------------------------------- */

static struct machine busy(void)
{
	struct machine m = machine_new();
	uint32_t p = process(&m, "redis-server", "/tmp/redis-server", 1000), i, row;

	m.s->procs.v[p].flags |= LSSOCK_P_EXE_DELETED;
	for (i = 0; i < 5; i++) {
		row = listener_of(&m, LSSOCK_TCP, i & 1 ? "127.0.0.1" : "0.0.0.0", 79, 1000);
		held_by(&m, row, i ? p : process(&m, "late", "/tmp/late", 1001), LSSOCK_HOW_FD);
	}
	m.s->ns.v[0].overflows = 7;
	assert_int_equal(link_owners(m.s), 0);
	assert_int_equal(snap_seal(m.s), 0);
	return m;
}

static void test_memory(void **state)
{
	struct machine m;
	uint64_t n;
	int r;

	(void)state;
	for (n = 1;; n++) {
		m = busy();
		mem_fail_at(n);
		r = judge_without(&m, NULL);
		mem_fail_at(0);
		if (r == 0)
			break;
		assert_int_equal(r, -ENOMEM);
		assert_null(m.report);
		machine_free(&m);
	}
	assert_true(n > 20);
	assert_true(lssock_findings(m.report) >= 4);
	machine_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table), cmocka_unit_test(test_disable),
		cmocka_unit_test(test_unheld), cmocka_unit_test(test_not_asked),
		cmocka_unit_test(test_mapped), cmocka_unit_test(test_sniffers),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_low_port), cmocka_unit_test(test_nat),
		cmocka_unit_test(test_no_scope), cmocka_unit_test(test_drops),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
