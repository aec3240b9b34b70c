/* SPDX-License-Identifier: MIT */
/* Rows in slices: whatever the number of threads, the bytes are the same, in
 * order, and written by the caller's thread. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "out/slices.h"
#include "query/value.h"

/* Enough for threads, and more than that. */
#define MANY (12 * SLICE_ROWS)
#define ROWS (28 * SLICE_ROWS + 13)

/* A sheet that remembers its last row, as that of sockets does: two threads on
 * one of them would mix rows up. */
struct fake {
	struct lssock_sheet sheet;
	uint32_t last, text[64];
	bool is_twin;
};

static void fake_cell(const struct lssock_sheet *s, uint32_t row, uint32_t sub, uint32_t col,
		      struct lssock_value *ret)
{
	struct fake *f = s->ctx;
	uint32_t i;

	(void)sub;
	if (f->last != row)
		for (f->last = row, i = 0; i < 64; i++)
			f->text[i] = row * 7 + i;
	if (col == 0)
		value_uint(ret, f->text[row % 64]);
	else if (row % 5 == 0)
		value_na(ret);
	else
		value_text(ret, "x\n\"y, z", row % 8);
}

static void fake_free(struct lssock_sheet *s)
{
	struct fake *f = s->ctx;

	assert_true(f->is_twin);
	mem_free(f);
}

static struct lssock_sheet *fake_twin(const struct lssock_sheet *s)
{
	struct fake *f = mem_alloc(sizeof(*f));

	if (!f)
		return NULL;
	*f = *(const struct fake *)s->ctx;
	f->is_twin = true;
	f->sheet.ctx = f;
	return &f->sheet;
}

static const struct sheet_column columns[] = {
	{ .name = "n", .head = "N", .right = true }, { .name = "text", .head = "TEXT" },
};

static void fake_init(struct fake *f, uint32_t rows)
{
	memset(f, 0, sizeof(*f));
	f->last = LSSOCK_NONE;
	f->sheet = (struct lssock_sheet){
		.kind = SHEET_GROUPS, .n_rows = rows, .n_columns = 2, .columns = columns,
		.cell = fake_cell, .free = fake_free, .twin = fake_twin, .ctx = f,
	};
}

struct page {
	struct buf text;
	pthread_t thread;
	size_t room;			/* then writing fails */
	bool late;			/* written to after that */
};

static int page_write(void *ctx, const void *bytes, size_t len)
{
	struct page *p = ctx;

	assert_true(pthread_equal(p->thread, pthread_self()));
	if (p->text.len + len > p->room) {
		p->late = !p->room;
		p->room = 0;
		return -ENOSPC;
	}
	buf_put(&p->text, bytes, len);
	return 0;
}

static int print(const char *format, uint32_t rows, int threads, size_t room, struct page *p)
{
	struct fake f;
	struct lssock_render r = { .size = sizeof(r), .format = format, .write = page_write,
				   .wctx = p, .threads = threads };

	fake_init(&f, rows);
	*p = (struct page){ .thread = pthread_self(), .room = room };
	return lssock_render(&f.sheet, &r);
}

static void test_same_bytes(void **state)
{
	static const char *const formats[] = { "table", "json", "jsonl", "csv", "tsv" };
	static const uint32_t rows[] = { 0, 1, SLICE_ROWS, SLICE_ROWS + 1, MANY, ROWS };
	struct page one, many;
	size_t i, k;
	int threads;

	(void)state;
	for (i = 0; i < 5; i++)
		for (k = 0; k < 6; k++)
			for (threads = 1; threads <= 5; threads += 2) {
				assert_int_equal(print(formats[i], rows[k], -1, SIZE_MAX, &one), 0);
				assert_int_equal(print(formats[i], rows[k], threads, SIZE_MAX,
						       &many), 0);
				assert_int_equal(one.text.len, many.text.len);
				if (one.text.len)
					assert_memory_equal(one.text.data, many.text.data,
							    one.text.len);
				buf_release(&one.text);
				buf_release(&many.text);
			}
}

/* Rows beyond those whose text is kept are made twice, and must come out alike. */
static void test_more_than_is_kept(void **state)
{
	struct page p;
	const char *at;
	uint32_t row, n = 160 * SLICE_ROWS;

	(void)state;
	assert_int_equal(print("table", n, 2, SIZE_MAX, &p), 0);
	at = memchr(p.text.data, '\n', p.text.len);
	for (row = 0; row < n; row++) {
		char *end;

		assert_non_null(at);
		assert_int_equal(strtoul(at + 1, &end, 10), row * 7 + row % 64);
		at = memchr(at + 1, '\n', p.text.len - (size_t)(at + 1 - p.text.data));
	}
	buf_release(&p.text);
}

static void test_write_error(void **state)
{
	static const char *const formats[] = { "table", "json", "csv" };
	size_t i;
	int threads;

	(void)state;
	for (i = 0; i < 3; i++)
		for (threads = -1; threads <= 3; threads += 2) {
			struct page p;

			assert_int_equal(print(formats[i], ROWS, threads, 200000, &p), -ENOSPC);
			assert_false(p.late);
			buf_release(&p.text);
		}
}

/* Without memory it says so, and nothing is lost or waits for ever. */
static void test_no_memory(void **state)
{
	static const char *const formats[] = { "table", "csv" };
	struct page p;
	size_t i;
	int at, r = -1;

	(void)state;
	for (i = 0; i < 2; i++) {
		for (at = 1, r = -1; r < 0; at += 1 + at / 8) {
			mem_fail_at((uint64_t)at);
			r = print(formats[i], MANY, 2, SIZE_MAX, &p);
			mem_fail_at(0);
			assert_true(r == 0 || r == -ENOMEM);
			buf_release(&p.text);
		}
		assert_true(at > 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_bytes),
		cmocka_unit_test(test_more_than_is_kept),
		cmocka_unit_test(test_write_error),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
