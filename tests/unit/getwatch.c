/* SPDX-License-Identifier: MIT */
/* What a watch knows, as fields and in filters: of rows that are there, of closed ones,
 * in the first round, and where there is no watch. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "query/rows.h"
#include "watched.h"

#define NONE UINT32_MAX
#define BIT(state) (1u << LSSOCK_##state)

enum { CONN, FIRST, UDP, LISTENER, OLD, LINGERS, FORGOTTEN, CLOSED, UNSEEN, N_ROWS };

/* A row of each kind. */
static struct lssock_snap *watched(void)
{
	struct lssock_snap *s = watched_new();
	struct tcp i = tcp_well();
	struct lssock_sock k[N_ROWS];
	const struct lssock_track t[N_ROWS] = {
		[CONN] = { .first_ns = NOW - 2 * SEC, .flags = LSSOCK_T_COUNTED | LSSOCK_T_RATES,
			   .in = 5000, .out = 70, .rx = 2200000.4f, .tx = 96000, .rx_avg = 1000,
			   .tx_avg = 500, .was = LSSOCK_SYN_SENT, .changed_ns = NOW - SEC,
			   .problems = 1u << LSSOCK_PROBLEM_RETRANS |
				       1u << LSSOCK_PROBLEM_STUCK },
		[FIRST] = { .first_ns = NOW, .flags = LSSOCK_T_COUNTED | LSSOCK_T_OLDER },
		[UDP] = { .first_ns = NOW - 60 * SEC },
		[LISTENER] = { .first_ns = NOW - 60 * SEC, .flags = LSSOCK_T_OLDER },
		[OLD] = { .first_ns = NOW - 60 * SEC, .flags = LSSOCK_T_COUNTED, .in = 1 },
		[LINGERS] = { .first_ns = NOW - 60 * SEC, .flags = LSSOCK_T_COUNTED, .in = 9,
			      .was = LSSOCK_FIN_WAIT2, .changed_ns = NOW - 9 * SEC },
		[FORGOTTEN] = { .first_ns = NOW - 60 * SEC, .was = LSSOCK_FIN_WAIT2,
				.changed_ns = NOW - 11 * SEC },
		[CLOSED] = { .first_ns = NOW - 60 * SEC, .gone_ns = NOW - 29 * SEC, .in = 48000,
			     .flags = LSSOCK_T_COUNTED | LSSOCK_T_FINAL },
		[UNSEEN] = { .gone_ns = NOW - SEC, .flags = LSSOCK_T_UNSEEN },
	};
	uint32_t r;

	for (r = 0; r < N_ROWS; r++)
		k[r] = watched_sock(r == UDP ? LSSOCK_UDP : LSSOCK_TCP,
				    r == UDP ? LSSOCK_UNCONNECTED : r == LISTENER ? LSSOCK_LISTEN :
				    r == LINGERS || r == FORGOTTEN ? LSSOCK_TIME_WAIT :
				    r == UNSEEN ? LSSOCK_CLOSE : LSSOCK_ESTABLISHED);
	for (r = 0; r < N_ROWS; r++)
		watched_add(s, &k[r], r == CONN || r == FIRST || r == OLD ? &i : NULL, NONE, &t[r]);
	assert_int_equal(s->there, CLOSED);
	assert_int_equal(snap_seal(s), 0);
	return s;
}

static void text_of(const struct lssock_snap *s, uint32_t row, const char *name, const char *want)
{
	struct lssock_value v;
	char text[300];

	memset(&v, 0xaa, sizeof(v));
	lssock_get(s, row, 0, (uint32_t)lssock_field_find(name), &v);
	lssock_value_text(&v, text, sizeof(text));
	if (strcmp(text, want))
		print_error("row %u: %s\n", row, name);
	assert_string_equal(text, want);
}

/* ---- fields --------------------------------------------------------------------- */

static void test_rates(void **state)
{
	struct lssock_snap *s = watched();

	(void)state;
	text_of(s, CONN, "rx", "2.2M/s");
	text_of(s, CONN, "tx", "96K/s");
	text_of(s, CONN, "rate", "2.3M/s");
	text_of(s, CONN, "rx_avg", "1K/s");
	text_of(s, CONN, "tx_avg", "500/s");
	text_of(s, FIRST, "rx", "?");	/* not 0: nobody knows yet */
	text_of(s, FIRST, "rate", "?");
	text_of(s, UDP, "rx", "-");
	text_of(s, LISTENER, "tx", "-");
	text_of(s, LINGERS, "tx_avg", "-");
	text_of(s, CLOSED, "rx", "-");
	lssock_snap_free(s);
}

static void test_bytes(void **state)
{
	struct lssock_snap *s = watched();

	(void)state;
	text_of(s, CONN, "in", "5K");
	text_of(s, CONN, "out", "70");
	text_of(s, LINGERS, "in", "9");
	text_of(s, CLOSED, "in", "48K");
	text_of(s, UNSEEN, "in", "?");
	text_of(s, UDP, "in", "-");
	text_of(s, LISTENER, "out", "-");
	lssock_snap_free(s);
}

static void test_times(void **state)
{
	struct lssock_snap *s = watched();

	(void)state;
	text_of(s, CONN, "seen", "2s");
	text_of(s, UNSEEN, "seen", "?");
	text_of(s, CONN, "lasted", "-");
	text_of(s, CLOSED, "lasted", "31s");
	text_of(s, UNSEEN, "lasted", "?");
	text_of(s, CONN, "closed", "-");
	text_of(s, CLOSED, "closed", "1970-01-12T13:46:11Z");
	text_of(s, CONN, "was", "SYN_SENT");
	text_of(s, OLD, "was", "-");
	text_of(s, CLOSED, "state", "ESTABLISHED");
	lssock_snap_free(s);
}

static void test_problem(void **state)
{
	struct lssock_snap *s = watched();

	(void)state;
	text_of(s, CONN, "problem", "retrans,stuck");
	text_of(s, OLD, "problem", "-");
	lssock_snap_free(s);
}

static void test_no_watch(void **state)
{
	static const char *const names[] = { "rx", "tx", "rate", "rx_avg", "tx_avg", "seen",
					     "lasted", "closed", "was", "problem" };
	struct lssock_snap *s = watched_new();
	struct lssock_sock k = watched_sock(LSSOCK_TCP, LSSOCK_ESTABLISHED);
	struct lssock_field_info info;
	struct tcp i = tcp_well();
	uint32_t row, n;

	(void)state;
	tcp_set(&i, INFO_RECEIVED, 8, 1200);
	tcp_set(&i, INFO_ACKED, 8, 34);
	row = watched_add(s, &k, &i, NONE, NULL);
	for (n = 0; n < sizeof(names) / sizeof(*names); n++) {
		int f = lssock_field_find(names[n]);
		struct lssock_value v;

		assert_int_equal(lssock_field_info((uint32_t)f, &info), 0);
		assert_true(info.watch_only);
		lssock_get(s, row, 0, (uint32_t)f, &v);
		assert_int_equal(v.kind, LSSOCK_V_LATER);	/* the tracks may come */
	}
	text_of(s, row, "verdict", "?");
	assert_int_equal(snap_seal(s), 0);
	for (n = 0; n < sizeof(names) / sizeof(*names); n++)
		text_of(s, row, names[n], "-");
	text_of(s, row, "in", "1.2K");
	text_of(s, row, "out", "34");
	assert_int_equal(lssock_field_info((uint32_t)lssock_field_find("in"), &info), 0);
	assert_false(info.watch_only);
	lssock_snap_free(s);
}

/* ---- filters ---------------------------------------------------------------------- */

static struct lssock_query *asked(const char *filter, uint32_t flags)
{
	struct lssock_question ask = { .size = sizeof(ask), .filter = filter,
				       .flags = flags | LSSOCK_Q_WATCH, .columns = "lport" };
	struct lssock_err err = { 0 };
	struct lssock_query *q = NULL;

	if (lssock_query_new(&ask, &q, &err) < 0)
		fail_msg("%s: %s", filter, err.msg);
	return q;
}

/* rows: bits of those that are shown. */
static void shows(const char *filter, uint32_t flags, uint32_t rows)
{
	struct lssock_query *q = asked(filter, flags);
	struct lssock_snap *s = watched();
	struct rows r = { 0 };
	uint32_t i, got = 0;

	assert_int_equal(rows_select(&r, s, q), 0);
	for (i = 0; i < r.list.n; i++)
		got |= 1u << r.list.v[i];
	if (got != rows)
		print_error("%s: %x, not %x\n", filter ? filter : "", got, rows);
	assert_int_equal(got, rows);
	vec_release(&r.list);
	lssock_snap_free(s);
	lssock_query_free(q);
}
#define R(row) (1u << (row))
#define THERE (R(CONN) | R(FIRST) | R(UDP) | R(LISTENER) | R(OLD) | R(LINGERS))

static void test_shown(void **state)
{
	(void)state;
	shows(NULL, 0, THERE);
	shows(NULL, LSSOCK_Q_ALL, THERE | R(FORGOTTEN));
	shows(NULL, LSSOCK_Q_CLOSED, THERE | R(CLOSED) | R(UNSEEN));
	shows("is:closed", 0, R(CLOSED) | R(UNSEEN));
	shows("state:estab", 0, R(CONN) | R(FIRST) | R(OLD));
	shows("state:estab is:closed", 0, R(CLOSED));
	shows("not is:closed", 0, THERE);
	shows("lasted>30s", 0, R(CLOSED));
	shows("lasted<1m", 0, R(CLOSED));
	shows("has:closed", 0, R(CLOSED) | R(UNSEEN));
	shows("closed>1970-01-12T13:46:30Z", 0, R(UNSEEN));
}

static void test_filtered(void **state)
{
	(void)state;
	shows("is:new", 0, R(CONN));
	shows("is:problem", 0, R(CONN));
	shows("problem~stuck", 0, R(CONN));
	shows("rx>1M", 0, R(CONN));
	shows("not rx>1M", 0, THERE & ~(R(CONN) | R(FIRST) | R(OLD)));
	shows("in>=5K", 0, R(CONN));
	shows("in in 1,9", 0, R(OLD) | R(LINGERS));
	shows("out < 100", 0, R(CONN) | R(FIRST) | R(OLD) | R(LINGERS));
	shows("seen>=1m", 0, R(UDP) | R(LISTENER) | R(OLD) | R(LINGERS));
	shows("was:syn-sent", 0, R(CONN));
	shows("was:estab,fin-wait-2", 0, R(LINGERS));
	shows("was != fin-wait-2 state:time-wait", 0, 0);
	shows("verdict~sends", 0, 0);
	shows("verdict~nobody", 0, R(LISTENER));
}

/* Whether a row would be worth a look into its processes, before tracks are made. */
static void test_later(void **state)
{
	static const char *const filters[] = { "is:new", "is:closed", "is:problem", "rx>1",
					       "was:estab", "problem~stuck" };
	struct lssock_snap *s = watched_new();
	struct lssock_sock k = watched_sock(LSSOCK_TCP, LSSOCK_ESTABLISHED);
	uint32_t row = watched_add(s, &k, NULL, NONE, NULL), i;

	(void)state;
	for (i = 0; i < sizeof(filters) / sizeof(*filters); i++) {
		struct lssock_query *q = asked(filters[i], 0);

		assert_int_equal(query_row(q, s, row), TRI_UNKNOWN);
		lssock_query_free(q);
	}
	assert_int_equal(snap_seal(s), 0);
	for (i = 0; i < sizeof(filters) / sizeof(*filters); i++) {
		struct lssock_query *q = asked(filters[i], 0);

		assert_int_equal(query_row(q, s, row), TRI_NO);
		lssock_query_free(q);
	}
	lssock_snap_free(s);
}

static void refused(struct lssock_question ask, const char *field)
{
	struct lssock_query *q = NULL;
	struct lssock_err err = { 0 };

	ask.size = sizeof(ask);
	assert_int_equal(lssock_query_new(&ask, &q, &err), -EINVAL);
	assert_non_null(strstr(err.msg, field));
	assert_non_null(strstr(err.msg, "only in watch and events"));
}

static void test_refused(void **state)
{
	(void)state;
	refused((struct lssock_question){ .filter = "lport:22 rx>1M" }, "rx");
	refused((struct lssock_question){ .filter = "has:was" }, "was");
	refused((struct lssock_question){ .filter = "is:problem" }, "is:problem");
	refused((struct lssock_question){ .columns = "+rate" }, "rate");
	refused((struct lssock_question){ .sort = "-tx" }, "tx");
	refused((struct lssock_question){ .group_by = "problem" }, "problem");
}

/* ---- the plan ----------------------------------------------------------------------- */

static void test_plan(void **state)
{
	const uint32_t all = (1u << LSSOCK_N_STATE) - 2, kept = 1u << INET_DIAG_INFO |
			     1u << INET_DIAG_SKMEMINFO;
	struct lssock_query *q = asked("state:estab port:443", 0);

	(void)state;
	assert_int_equal(q->plan.keep[DIAG_INET] & kept, kept);
	assert_int_equal(q->plan.states[LSSOCK_TCP], all & ~BIT(CLOSE));
	assert_int_equal(q->plan.states[LSSOCK_UDP] & BIT(ESTABLISHED), BIT(ESTABLISHED));
	lssock_query_free(q);
	q = asked("proto:udp", 0);	/* nothing of TCP can match */
	assert_int_equal(q->plan.protos & 1u << LSSOCK_TCP, 0);
	lssock_query_free(q);
}

static void test_summary(void **state)
{
	struct lssock_snap *s = watched();
	struct lssock_sheet *sheet;
	struct lssock_value v;

	(void)state;
	assert_int_equal(lssock_summary_sheet(s, &sheet), 0);
	sheet->cell(sheet, 0, 0, 2, &v);	/* sockets: total */
	assert_int_equal(v.u, s->there);
	lssock_sheet_free(sheet);
	lssock_snap_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates), cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_times), cmocka_unit_test(test_problem),
		cmocka_unit_test(test_no_watch), cmocka_unit_test(test_shown),
		cmocka_unit_test(test_filtered), cmocka_unit_test(test_later),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_plan),
		cmocka_unit_test(test_summary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
