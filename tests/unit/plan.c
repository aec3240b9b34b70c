/* SPDX-License-Identifier: MIT */
/*
 * Questions into plans: what is asked follows what is shown, sorted and filtered,
 * and what a row is selected by. What is wrong in a question is said.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "query/plan.h"

#define BIT(state) (1u << LSSOCK_##state)
#define ALL_STATES ((1u << LSSOCK_N_STATE) - 2)

static struct lssock_query *asked(struct lssock_question ask)
{
	struct lssock_err err = { 0 };
	struct lssock_query *q = NULL;

	ask.size = sizeof(ask);
	if (lssock_query_new(&ask, &q, &err) < 0)
		fail_msg("%s", err.msg);
	return q;
}
#define ASK(...) asked((struct lssock_question){ __VA_ARGS__ })

static struct lssock_err refused(struct lssock_question ask)
{
	struct lssock_err err = { 0 };
	struct lssock_query *q = NULL;

	ask.size = sizeof(ask);
	assert_int_equal(lssock_query_new(&ask, &q, &err), -EINVAL);
	assert_null(q);
	assert_true(err.msg[0]);
	return err;
}
#define REFUSED(...) refused((struct lssock_question){ __VA_ARGS__ })

static bool has_column(const struct lssock_query *q, const char *name)
{
	uint32_t i;

	for (i = 0; i < q->columns.n; i++) {
		if (!strcmp(q->columns.v[i]->name, name))
			return true;
	}
	return false;
}

/* ---- columns -------------------------------------------------------------------- */

static void test_columns(void **state)
{
	struct lssock_query *q = ASK(.columns = "pid, lport");

	(void)state;
	assert_int_equal(q->columns.n, 2);
	assert_string_equal(q->columns.v[0]->name, "pid");
	assert_string_equal(q->columns.v[1]->name, "lport");
	lssock_query_free(q);
	q = ASK(.columns = "+rtt,+proto");
	assert_true(q->columns.n > 4 && has_column(q, "rtt") && has_column(q, "state"));
	lssock_query_free(q);
	q = ASK(.flags = LSSOCK_Q_MEMORY | LSSOCK_Q_INFO);
	assert_true(has_column(q, "rmem") && has_column(q, "cwnd"));
	assert_true(q->plan.keep[DIAG_INET] & 1u << INET_DIAG_SKMEMINFO);
	lssock_query_free(q);
	q = ASK(.columns = "pid", .flags = LSSOCK_Q_MEMORY);
	assert_int_equal(q->columns.n, 1);
	lssock_query_free(q);
}

static void test_unknown_names(void **state)
{
	struct lssock_err e = REFUSED(.columns = "pid,lprt");

	(void)state;
	assert_int_equal(e.pos, -1);
	assert_non_null(strstr(e.msg, "did you mean `lport`?"));
	e = REFUSED(.sort = "-pdi");
	assert_non_null(strstr(e.msg, "sort key"));
	e = REFUSED(.group_by = "\x1b[1m");
	assert_null(strchr(e.msg, 0x1b));
	e = REFUSED(.columns = "port");
	assert_non_null(strstr(e.msg, "lport or rport"));
	REFUSED(.columns = ",");
	REFUSED(.netns = "");
	e = REFUSED(.filter = "port:1 lprt:2");
	assert_int_equal(e.pos, 7);
}

static void test_sort_and_groups(void **state)
{
	struct lssock_query *q =
		ASK(.sort = "-rtt,pid", .group_by = "proc,state", .columns = "proto");

	(void)state;
	assert_int_equal(q->sort.n, 2);
	assert_true(q->sort.v[0].descending);
	assert_false(q->sort.v[1].descending);
	assert_int_equal(q->groups.n, 2);
	assert_true(q->plan.keep[DIAG_INET] & 1u << INET_DIAG_INFO);
	assert_true(q->plan.needs & NEED_OWNERS);
	lssock_query_free(q);
}

/* ---- selection ------------------------------------------------------------------ */

static void test_protocols(void **state)
{
	struct lssock_query *q = ASK(.columns = "proto");

	(void)state;
	assert_int_equal(q->protos, LSSOCK_PROTOS_INET);
	assert_int_equal(q->protos_asked, 0);
	lssock_query_free(q);
	q = ASK(.columns = "proto", .filter = "/run/x.sock");	/* only unix can match */
	assert_int_equal(q->protos, LSSOCK_PROTOS_INET | BIT(UNIX));
	assert_int_equal(q->plan.protos, BIT(UNIX));
	lssock_query_free(q);
	q = ASK(.columns = "proto", .filter = "/run/x.sock", .protos = BIT(TCP));
	assert_int_equal(q->protos, BIT(TCP));
	assert_int_equal(q->plan.protos, 0);
	lssock_query_free(q);
	q = ASK(.columns = "proto", .protos = BIT(SCTP) | BIT(XDP));
	assert_int_equal(q->protos_asked, BIT(SCTP) | BIT(XDP));
	lssock_query_free(q);
	q = ASK(.columns = "proto", .protos = LSSOCK_PROTOS_ALL);
	assert_int_equal(q->protos_asked, 0);
	lssock_query_free(q);
}

static void test_hidden_states(void **state)
{
	struct lssock_query *q = ASK(.columns = "proto");

	(void)state;
	assert_int_equal(q->hidden_states, BIT(TIME_WAIT) | BIT(CLOSE));
	assert_int_equal(q->plan.states[LSSOCK_TCP],
			 ALL_STATES & ~(BIT(TIME_WAIT) | BIT(CLOSE)));
	lssock_query_free(q);
	q = ASK(.columns = "proto", .flags = LSSOCK_Q_FOOTER);	/* counters know how many */
	assert_int_equal(q->plan.states[LSSOCK_TCP],
			 ALL_STATES & ~(BIT(TIME_WAIT) | BIT(CLOSE)));
	assert_true(q->plan.needs & NEED_COUNTERS);
	assert_true(q->hidden_states & BIT(TIME_WAIT));
	lssock_query_free(q);
	q = ASK(.columns = "proto", .filter = "state:time-wait");
	assert_int_equal(q->hidden_states, BIT(CLOSE));
	assert_int_equal(q->plan.states[LSSOCK_TCP], BIT(TIME_WAIT));
	lssock_query_free(q);
	q = ASK(.columns = "proto", .flags = LSSOCK_Q_ALL);
	assert_int_equal(q->hidden_states, 0);
	assert_false(q->plan.stated);
	lssock_query_free(q);
}

static struct lssock_sock sock(uint8_t proto, uint8_t st, uint64_t cookie)
{
	struct lssock_sock k = {
		.family = AF_INET, .proto = proto, .state = st, .cookie = cookie,
		.flags = LSSOCK_F_STATE, .peer = LSSOCK_NONE, .via = LSSOCK_NONE, .lport = 99,
	};

	return k;
}

static void test_rows_selected(void **state)
{
	struct lssock_snap *s = snap_new();
	struct lssock_query *q = ASK(.columns = "proto", .families = 1);
	struct lssock_sock k = sock(LSSOCK_TCP, LSSOCK_TIME_WAIT, 1);
	uint32_t wait = snap_add(s, &k, NULL, 0, NULL), six, listens, unix_row, unbound;

	(void)state;
	k = sock(LSSOCK_TCP, LSSOCK_LISTEN, 2);
	listens = snap_add(s, &k, NULL, 0, NULL);
	k.family = AF_INET6;
	k.cookie = 3;
	six = snap_add(s, &k, NULL, 0, NULL);
	k = sock(LSSOCK_UNIX, LSSOCK_LISTEN, 4);
	k.family = AF_UNIX;
	unix_row = snap_add(s, &k, NULL, 0, NULL);
	k = sock(LSSOCK_TCP, LSSOCK_STATE_NONE, 0);
	k.flags = LSSOCK_SRC_FD;
	k.inode = 77;
	unbound = snap_add(s, &k, NULL, 0, NULL);
	assert_int_equal(query_row(q, s, wait), TRI_NO);
	assert_true(query_hides(q, s, wait));
	assert_int_equal(query_row(q, s, listens), TRI_YES);
	assert_int_equal(query_row(q, s, six), TRI_NO);
	assert_false(query_hides(q, s, six));
	assert_int_equal(query_row(q, s, unix_row), TRI_NO);
	assert_int_equal(query_row(q, s, unbound), TRI_NO);
	assert_true(query_hides(q, s, unbound));
	lssock_query_free(q);
	q = ASK(.columns = "proto", .flags = LSSOCK_Q_ALL);
	assert_int_equal(query_row(q, s, wait), TRI_YES);
	assert_int_equal(query_row(q, s, unbound), TRI_YES);
	lssock_query_free(q);
	q = ASK(.columns = "proto", .flags = LSSOCK_Q_LISTEN);
	assert_int_equal(query_row(q, s, wait), TRI_NO);
	assert_false(query_hides(q, s, wait));
	assert_int_equal(query_row(q, s, six), TRI_YES);
	assert_int_equal(q->plan.states[LSSOCK_TCP], BIT(LISTEN));
	assert_true(q->plan.needs & NEED_AUTOBOUND);
	lssock_query_free(q);
	lssock_snap_free(s);
}

/* An audit has what takes from anybody, in every family, and reads connections only for
 * the ports they use. */
static void test_audit(void **state)
{
	struct lssock_snap *s = snap_new();
	struct lssock_sock k = { .cookie = 1, .proto = LSSOCK_TCP, .family = AF_INET,
				 .state = LSSOCK_ESTABLISHED, .flags = LSSOCK_F_STATE };
	uint32_t estab = snap_add(s, &k, NULL, 0, NULL), listens, raw, sniffs, deaf;
	struct lssock_query *q = ASK(.filter = "port:22", .flags = LSSOCK_Q_AUDIT);

	(void)state;
	k.cookie = 2;
	k.state = LSSOCK_LISTEN;
	k.lport = 22;
	listens = snap_add(s, &k, NULL, 0, NULL);
	k.cookie = 3;
	k.proto = LSSOCK_RAW;
	k.state = LSSOCK_ESTABLISHED;
	k.lport = 22;
	raw = snap_add(s, &k, NULL, 0, NULL);
	k = (struct lssock_sock){ .cookie = 4, .proto = LSSOCK_PACKET, .family = AF_PACKET,
				  .state = LSSOCK_UNCONNECTED, .local.w[0] = 3 };
	sniffs = snap_add(s, &k, NULL, 0, NULL);
	k.cookie = 5;
	k.local.w[0] = 0;
	deaf = snap_add(s, &k, NULL, 0, NULL);
	assert_int_equal(query_selects(q, s, estab), TRI_NO);
	assert_int_equal(query_selects(q, s, listens), TRI_YES);
	assert_int_equal(query_selects(q, s, raw), TRI_YES);
	assert_int_equal(query_selects(q, s, sniffs), TRI_YES);
	assert_int_equal(query_selects(q, s, deaf), TRI_NO);
	assert_int_equal(q->plan.ns_which, NS_ALL);
	assert_false(q->plan.push[LSSOCK_TCP]);
	assert_int_equal(q->plan.states[LSSOCK_TCP], ALL_STATES & ~BIT(CLOSE));
	assert_int_equal(q->plan.states[LSSOCK_UDP], BIT(UNCONNECTED));
	assert_true(q->plan.needs & NEED_NAT && q->plan.needs & NEED_FILE);
	plan_listen_only(q);
	assert_int_equal(q->plan.states[LSSOCK_TCP], BIT(LISTEN));
	assert_true(q->plan.stated);
	lssock_query_free(q);
	q = ASK(.flags = LSSOCK_Q_AUDIT);
	assert_true(q->plan.protos & BIT(XDP) && q->plan.protos & BIT(UDP));
	assert_false(q->plan.protos & BIT(NETLINK));
	lssock_query_free(q);
	q = ASK(.protos = BIT(UDP), .flags = LSSOCK_Q_AUDIT, .netns = "blue");
	assert_int_equal(q->plan.protos, BIT(UDP));
	assert_int_equal(q->plan.ns_which, NS_ONE);
	plan_listen_only(q);
	assert_int_equal(q->plan.states[LSSOCK_TCP], 0);
	lssock_query_free(q);
	lssock_snap_free(s);
}

/* A subflow is shown where TCP was asked for, not beside its connection. */
static void test_subflows(void **state)
{
	struct {
		struct nlattr outer, name;
		char text[8];
	} ulp = {
		.outer = { sizeof(ulp), INET_DIAG_ULP_INFO | NLA_F_NESTED },
		.name = { 4 + 6, INET_ULP_INFO_NAME }, .text = "mptcp",
	};
	struct lssock_snap *s = snap_new();
	struct lssock_sock k = sock(LSSOCK_TCP, LSSOCK_ESTABLISHED, 1);
	struct lssock_query *q = ASK(.columns = "proto"),
			    *t = ASK(.columns = "proto", .protos = BIT(TCP));
	uint32_t subflow = snap_add(s, &k, &ulp, sizeof(ulp), NULL), tls;

	(void)state;
	memcpy(ulp.text, "tls\0\0", 6);
	k.cookie = 2;
	tls = snap_add(s, &k, &ulp, sizeof(ulp), NULL);
	assert_true(q->plan.keep[DIAG_INET] & 1u << INET_DIAG_ULP_INFO);
	assert_false(t->plan.keep[DIAG_INET] & 1u << INET_DIAG_ULP_INFO);
	assert_int_equal(query_row(q, s, subflow), TRI_NO);
	assert_true(query_hides(q, s, subflow));
	assert_int_equal(query_row(q, s, tls), TRI_YES);
	assert_int_equal(query_row(t, s, subflow), TRI_YES);
	/* a watch has read it before: what it found is believed */
	assert_non_null(vec_push(&s->tracks));
	s->there = s->socks.n;
	s->tracks.v[subflow].flags = LSSOCK_T_SUBFLOW;
	assert_int_equal(query_row(q, s, subflow), TRI_NO);
	s->tracks.v[subflow].flags = 0;
	assert_int_equal(query_row(q, s, subflow), TRI_YES);
	vec_release(&s->tracks);
	ulp.name.nla_len = 200;		/* lies */
	k.cookie = 3;
	assert_int_equal(query_row(q, s, snap_add(s, &k, &ulp, sizeof(ulp), NULL)), TRI_YES);
	lssock_query_free(q);
	lssock_query_free(t);
	lssock_snap_free(s);
}

/* ---- cost follows the question ------------------------------------------------------ */

static void test_needs(void **state)
{
	struct lssock_query *q = ASK(.columns = "proto,lport,rport");

	(void)state;
	assert_int_equal(q->plan.needs & ~NEED_STATE, 0);
	lssock_query_free(q);
	q = ASK(.width = 0);
	assert_int_equal(q->plan.needs & (NEED_OWNERS | NEED_WHY | NEED_VIA | NEED_PORTRANGE |
					  NEED_USERS),
			 NEED_OWNERS | NEED_WHY | NEED_VIA | NEED_PORTRANGE | NEED_USERS);
	lssock_query_free(q);
	q = ASK(.columns = "pid,unit");
	assert_int_equal(q->plan.needs & NEED_DETAILS, NEED_PROC | NEED_UNIT);
	lssock_query_free(q);
	q = ASK(.columns = "pid", .filter = "cmd:x or nfds>9");
	assert_int_equal(q->plan.needs & NEED_DETAILS, NEED_PROC | NEED_CMD | NEED_FDS);
	lssock_query_free(q);
	q = ASK(.flags = LSSOCK_Q_NO_OWNERS);
	assert_int_equal(q->plan.needs & (NEED_OWNERS | NEED_WHY), 0);
	lssock_query_free(q);
	q = ASK(.flags = LSSOCK_Q_NO_OWNERS, .filter = "proc:x");	/* it is asked for */
	assert_true(q->plan.needs & NEED_OWNERS);
	lssock_query_free(q);
	q = ASK(.flags = LSSOCK_Q_EXISTS, .filter = "port:80");
	assert_int_equal(q->plan.needs & ~NEED_STATE, 0);
	lssock_query_free(q);
	q = ASK(.flags = LSSOCK_Q_FULLEST);
	assert_false(q->plan.keep[DIAG_INET] & 1u << INET_DIAG_MD5SIG);
	assert_int_equal(q->protos, LSSOCK_PROTOS_ALL);
	assert_false(q->plan.stated);
	lssock_query_free(q);
}

/* Listeners decide `dir`, the mirror decides `peer`: neither is filtered away. */
static void test_rows_of_others(void **state)
{
	struct lssock_query *q =
		ASK(.columns = "rport", .filter = "dport = :443", .families = 1);

	(void)state;
	assert_true(q->plan.push[LSSOCK_TCP]);
	assert_int_equal(q->plan.extra_listen, 0);
	assert_int_equal(q->plan.families, 1);
	lssock_query_free(q);
	q = ASK(.columns = "dir", .filter = "dport = :443", .families = 1);
	assert_true(q->plan.push[LSSOCK_TCP]);
	assert_true(q->plan.extra_listen & BIT(TCP));
	assert_int_equal(q->plan.families, 3);
	lssock_query_free(q);
	q = ASK(.columns = "dir", .filter = "state:estab proc:x");
	assert_false(q->plan.push[LSSOCK_TCP]);
	assert_int_equal(q->plan.states[LSSOCK_TCP], BIT(ESTABLISHED) | BIT(LISTEN));
	lssock_query_free(q);
	q = ASK(.columns = "peer", .filter = "dport = :443 state:close-wait");
	assert_false(q->plan.push[LSSOCK_TCP]);
	assert_true(q->plan.states[LSSOCK_TCP] & BIT(FIN_WAIT2));
	lssock_query_free(q);
}

static void test_namespaces(void **state)
{
	struct lssock_query *q = ASK(.columns = "pid");

	(void)state;
	assert_int_equal(q->plan.ns_which, NS_OWN);
	lssock_query_free(q);
	q = ASK(.columns = "pid", .filter = "container:web");
	assert_int_equal(q->plan.ns_which, NS_ALL);
	lssock_query_free(q);
	q = ASK(.columns = "pid", .filter = "container:web", .netns = "blue");
	assert_int_equal(q->plan.ns_which, NS_ONE);
	assert_string_equal(q->plan.ns_one, "blue");
	lssock_query_free(q);
	q = ASK(.columns = "pid", .netns = "all");
	assert_int_equal(q->plan.ns_which, NS_ALL);
	assert_true(q->plan.deep);
	lssock_query_free(q);
}

/* ---- callers of other versions, no memory ------------------------------------------- */

static void test_size_of_the_question(void **state)
{
	struct { struct lssock_question ask; char later[64]; } longer = {
		.ask = { .size = sizeof(longer), .columns = "pid", .width = 80 },
	};
	struct lssock_question shorter = {
		.size = offsetof(struct lssock_question, columns), .columns = (const char *)1,
	};
	struct lssock_query *q = NULL;

	(void)state;
	memset(longer.later, 0xff, sizeof(longer.later));
	assert_int_equal(lssock_query_new(&longer.ask, &q, NULL), 0);
	lssock_query_free(q);
	assert_int_equal(lssock_query_new(&shorter, &q, NULL), 0);
	lssock_query_free(q);
	shorter.size = 0;
	assert_int_equal(lssock_query_new(&shorter, &q, NULL), -EINVAL);
	lssock_query_free(NULL);
}

static int into_buf(void *ctx, const void *bytes, size_t len)
{
	buf_put(ctx, bytes, len);
	return 0;
}

static int failing(void *ctx, const void *bytes, size_t len)
{
	(void)ctx;
	(void)bytes;
	(void)len;
	return -EPIPE;
}

static void test_explain(void **state)
{
	struct lssock_query *q = ASK(.columns = "dir,pid", .filter = "dport = :443 or /run/x",
				     .netns = "\x1b[1m");
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(lssock_query_explain(q, into_buf, &b), 0);
	assert_non_null(strstr(buf_cstr(&b), "rport = 443 or path = /run/x"));
	assert_non_null(strstr(buf_cstr(&b), "widened    unix"));
	assert_null(strchr(buf_cstr(&b), 0x1b));
	assert_int_equal(lssock_query_explain(q, failing, NULL), -EPIPE);
	buf_release(&b);
	lssock_query_free(q);
}

static void test_no_memory(void **state)
{
	struct lssock_question ask = { .size = sizeof(ask), .filter = "port:80 proc:x",
				       .columns = "+rtt", .sort = "pid", .netns = "x" };
	struct lssock_query *q = NULL;
	struct lssock_err err;
	uint64_t n;
	int r;

	(void)state;
	for (n = 1; ; n++) {
		mem_fail_at(n);
		r = lssock_query_new(&ask, &q, &err);
		mem_fail_at(0);
		if (r == 0)
			break;
		assert_int_equal(r, -ENOMEM);
		assert_true(n < 1000);
	}
	assert_true(n > 10);
	lssock_query_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_unknown_names),
		cmocka_unit_test(test_sort_and_groups),
		cmocka_unit_test(test_protocols),
		cmocka_unit_test(test_hidden_states),
		cmocka_unit_test(test_rows_selected),
		cmocka_unit_test(test_audit),
		cmocka_unit_test(test_subflows),
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_rows_of_others),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_size_of_the_question),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
