/* SPDX-License-Identifier: MIT */
/* The whole way from a recording to text, with memory that ends at each of the
 * places where it is asked for: an error, or an answer that says that it is not
 * whole, or the answer. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "lssock.h"

#define TAPES "fixtures/tapes/"

struct asking {
	const char *tape, *filter, *columns, *group_by, *format;
	uint32_t protos, flags;
	enum { ROWS, SUMMARY, NETNS } sheet;
};

static int collect(void *ctx, const void *bytes, size_t len)
{
	buf_put(ctx, bytes, len);
	return ((struct buf *)ctx)->failed ? -ENOMEM : 0;
}

static int make_sheet(const struct asking *a, struct lssock_snap *s, struct lssock_view *v,
		      struct lssock_sheet **ret)
{
	switch (a->sheet) {
	case SUMMARY:
		return lssock_summary_sheet(s, ret);
	case NETNS:
		return lssock_netns_sheet(s, ret);
	case ROWS:
		break;
	}
	return lssock_view_sheet(v, ret);
}

static int print(const struct asking *a, struct lssock_snap *s, const struct lssock_query *q,
		 struct buf *out, struct lssock_err *err)
{
	struct lssock_render r = { .size = sizeof(r), .format = a->format, .utf8 = true,
				   .write = collect, .wctx = out };
	struct lssock_sheet *sheet = NULL;
	struct lssock_view *v = NULL;
	int e = lssock_view_new(s, q, &v, err);

	if (!e)
		e = make_sheet(a, s, v, &sheet);
	if (e >= 0)
		e = lssock_render(sheet, &r);
	lssock_sheet_free(sheet);
	lssock_view_free(v);
	return e;
}

/* Sets *ret_whole if the answer says that it is complete. */
static int answer(const struct asking *a, struct buf *out, bool *ret_whole, struct lssock_err *err)
{
	struct lssock_options o = { .size = sizeof(o), .tape_in = a->tape, .threads = -1 };
	struct lssock_question ask = {
		.size = sizeof(ask), .filter = a->filter, .columns = a->columns,
		.group_by = a->group_by, .protos = a->protos, .flags = a->flags, .netns = "all",
		.layout = strcmp(a->format, "table") ? LSSOCK_LAYOUT_RECORD : LSSOCK_LAYOUT_TABLE,
	};
	struct lssock_query *q = NULL;
	struct lssock_snap *s = NULL;
	struct lssock *ctx = NULL;
	int r = lssock_query_new(&ask, &q, err);

	if (!r)
		r = lssock_open(&o, &ctx, err);
	if (!r)
		r = lssock_take(ctx, q, &s, err);
	if (!r) {
		*ret_whole = lssock_snap_meta(s)->complete;
		r = print(a, s, q, out, err);
	}
	lssock_snap_free(s);
	lssock_close(ctx);
	lssock_query_free(q);
	return r;
}

/* The next allocation is the one that was to fail: none of the run was. */
static bool is_over(void)
{
	void *p = mem_alloc(1);
	bool over = !p;

	mem_free(p);
	mem_fail_at(0);
	return over;
}

static void sweep(const struct asking *a)
{
	struct buf want = { 0 };
	struct lssock_err err;
	bool whole = false, wanted = false;
	uint64_t n, failed = 0, wrong = 0;

	if (access(a->tape, R_OK))
		skip();
	assert_int_equal(answer(a, &want, &wanted, &err), 0);
	assert_true(want.len > 40);
	for (n = 1; ; n++) {
		/* Kept outside of what fails. */
		struct buf got = { 0 };
		int r;

		assert_true(buf_reserve(&got, want.len * 2 + 4096));
		err = (struct lssock_err){ .pos = -1 };
		mem_fail_at(n);
		r = answer(a, &got, &whole, &err);
		if (is_over()) {
			assert_int_equal(r, 0);
			buf_release(&got);
			break;
		}
		failed += r < 0;
		if (r >= 0 && whole &&
		    (got.len != want.len || memcmp(got.data, want.data, got.len)))
			print_error("%s: allocation %llu failed, and the answer is another "
				    "without a word\n", a->tape, (unsigned long long)n), wrong++;
		if (r < 0 && r != -ENOMEM)
			print_error("%s: allocation %llu: error %d\n", a->tape,
				    (unsigned long long)n, r), wrong++;
		buf_release(&got);
	}
	assert_int_equal(wrong, 0);
	assert_true(failed > 10);
	buf_release(&want);
}

static void json(void **state)
{
	const struct asking a = { .tape = TAPES "owners.tape", .format = "json",
				  .protos = LSSOCK_PROTOS_ALL, .flags = LSSOCK_Q_ALL };

	(void)state;
	sweep(&a);
}

static void table(void **state)
{
	const struct asking a = { .tape = TAPES "hostile.tape", .format = "table",
				  .protos = LSSOCK_PROTOS_ALL, .flags = LSSOCK_Q_ALL,
				  .filter = "port:1001-1005 or proto:unix or cmd~x" };

	(void)state;
	sweep(&a);
}

static void csv_of_everything(void **state)
{
	const struct asking a = {
		.tape = TAPES "tcp.tape", .format = "csv", .filter = "not is:loopback",
		.flags = LSSOCK_Q_ALL | LSSOCK_Q_EXTENDED | LSSOCK_Q_INFO | LSSOCK_Q_MEMORY |
			 LSSOCK_Q_TIMERS,
	};

	(void)state;
	sweep(&a);
}

static void groups(void **state)
{
	const struct asking a = { .tape = TAPES "netns.tape", .format = "jsonl",
				  .group_by = "proc,nsname" };

	(void)state;
	sweep(&a);
}

static void map(void **state)
{
	const struct asking a = { .tape = TAPES "unix.tape", .format = "dot",
				  .flags = LSSOCK_Q_MAP };

	(void)state;
	sweep(&a);
}

static void summary(void **state)
{
	const struct asking a = { .tape = TAPES "udp.tape", .format = "json",
				  .flags = LSSOCK_Q_SUMMARY, .sheet = SUMMARY };

	(void)state;
	sweep(&a);
}

static void namespaces(void **state)
{
	const struct asking a = { .tape = TAPES "netns.tape", .format = "json",
				  .flags = LSSOCK_Q_NETNS_LIST, .sheet = NETNS };

	(void)state;
	sweep(&a);
}

static void families(void **state)
{
	const struct asking a = { .tape = TAPES "families.tape", .format = "json",
				  .protos = LSSOCK_PROTOS_ALL,
				  .flags = LSSOCK_Q_FULLEST | LSSOCK_Q_ALL };

	(void)state;
	sweep(&a);
}

static void procfs(void **state)
{
	const struct asking a = { .tape = TAPES "procfs.tape", .format = "json",
				  .protos = LSSOCK_PROTOS_ALL, .flags = LSSOCK_Q_STORY };

	(void)state;
	sweep(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json),
		cmocka_unit_test(table),
		cmocka_unit_test(csv_of_everything),
		cmocka_unit_test(groups),
		cmocka_unit_test(map),
		cmocka_unit_test(summary),
		cmocka_unit_test(namespaces),
		cmocka_unit_test(families),
		cmocka_unit_test(procfs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
