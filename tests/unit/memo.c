/* SPDX-License-Identifier: MIT */
/* What is copied from the row before is what would have been written: a list
 * printed at once is the same as each of its rows printed alone. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>

#include "out/out.h"

enum { ROWS = 600, NUMBER, WORD, KEPT, MADE, ADDRESS, OWN_PID, OWN_FD, OWN_NAME, OWN_MADE };

static const struct { struct sheet_column column; int what; } kinds[] = {
	{ { .name = "n", .head = "N", .right = true }, NUMBER },
	{ { .name = "state", .head = "STATE" }, WORD },
	{ { .name = "kept", .head = "KEPT" }, KEPT },
	{ { .name = "why", .head = "WHY" }, WORD },
	{ { .name = "made", .head = "MADE" }, MADE },
	{ { .name = "addr", .head = "ADDR" }, ADDRESS },
	{ { .name = "pid", .head = "PID", .nest = LSSOCK_NEST_OWNER, .of_proc = true }, OWN_PID },
	{ { .name = "fd", .head = "FD", .nest = LSSOCK_NEST_OWNER }, OWN_FD },
	{ { .name = "proc", .head = "PROC", .nest = LSSOCK_NEST_OWNER, .of_proc = true },
	  OWN_NAME },
	{ { .name = "puser", .head = "PUSER", .nest = LSSOCK_NEST_OWNER, .of_proc = true },
	  OWN_MADE },
	{ { .name = "process", .head = "PROCESS", .nest = LSSOCK_NEST_OWNER }, KEPT },
};
enum { COLUMNS = sizeof(kinds) / sizeof(*kinds) };

/* As wild as can be, and the same for the same place. */
static uint32_t draw(uint32_t row, uint32_t what, uint32_t below)
{
	uint64_t x = (row * 64ull + what + 1) * 0x9e3779b97f4a7c15ull;

	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9ull;
	return (uint32_t)(x >> 40) % below;
}

struct list {
	struct lssock_sheet sheet;
	uint32_t from;
};

static uint32_t n_owners(const struct lssock_sheet *s, uint32_t row)
{
	const struct list *l = s->ctx;

	return draw(row + l->from, 60, 6) ? draw(row + l->from, 61, 2) : 2;
}

static uint32_t proc_of(const struct lssock_sheet *s, uint32_t row, uint32_t sub)
{
	const struct list *l = s->ctx;

	return sub < n_owners(s, row) ? draw((row + l->from) / 3, 62 + sub, 3) : 0;
}

static void kept(uint32_t row, uint32_t what, struct lssock_value *v)
{
	static const char *const texts[] = {
		"a", "b,c", "-", "", "\"q\"", "bad\n\xff", "x ,+2",
		"a name that is longer than what a table keeps of it, by far",
	};
	const char *s = texts[draw(row, what, 8)];

	value_text(v, s, strlen(s));
	v->more = draw(row, what + 20, 5) ? 0 : 3;
}

static void made(uint32_t number, struct lssock_value *v)
{
	value_tmp(v);
	value_tmp_puts(v, "made-");
	value_tmp_u64(v, number);
}

static void get(const struct lssock_sheet *s, uint32_t at, uint32_t sub, uint32_t col,
		struct lssock_value *v)
{
	static const char *const words[] = { "LISTEN", "CLOSE-WAIT", "orphan" };
	uint32_t row = at + ((const struct list *)s->ctx)->from, proc = proc_of(s, at, sub);
	bool own = s->columns[col].nest == LSSOCK_NEST_OWNER;

	if (own ? sub >= n_owners(s, at) : !draw(row, col + 10, 4)) {
		v->kind = (enum lssock_kind)draw(row, col + 30, 3);
		return;
	}
	switch (kinds[col].what) {
	case NUMBER:
		value_uint(v, draw(row, col, 3));
		break;
	case WORD:
		value_word(v, words[draw(row, col, 3)]);
		break;
	case KEPT:
		kept(row, col, v);
		break;
	case MADE:
		made(draw(row, col, 3), v);
		break;
	case ADDRESS:
		v->kind = LSSOCK_V_ADDR;
		v->a = (struct lssock_addr){ .family = AF_INET, .prefix = 32 };
		v->a.ip[3] = (uint8_t)draw(row, col, 3);
		break;
	case OWN_FD:
		value_uint(v, draw(row, col + sub, 4));
		break;
	case OWN_PID:
		value_uint(v, proc ? proc * 100 : draw(row, col, 50));
		break;
	case OWN_NAME:
		if (proc)
			kept(proc, 0, v);
		else
			kept(row, col, v);
		break;
	default:
		made(proc ? proc : draw(row, col, 50), v);
	}
}

static uint32_t nobody(const struct lssock_sheet *s, uint32_t row)
{
	(void)s;
	(void)row;
	return LSSOCK_NONE;
}

static int append(void *ctx, const void *bytes, size_t len)
{
	buf_put(ctx, bytes, len);
	return 0;
}

static void print(struct lssock_snap *snap, const char *format, uint32_t from, uint32_t n,
		  struct buf *out)
{
	struct sheet_column columns[COLUMNS];
	struct list l = { .from = from };
	struct lssock_render r = { .size = sizeof(r), .format = format, .no_header = true,
				   .write = append, .wctx = out, .threads = -1 };
	uint32_t i;

	for (i = 0; i < COLUMNS; i++)
		columns[i] = kinds[i].column;
	l.sheet = (struct lssock_sheet){
		.kind = SHEET_SOCKETS, .n_rows = n, .n_columns = COLUMNS, .columns = columns,
		.snap = snap, .cell = get, .subs = n_owners, .proc = proc_of, .origin = nobody,
		.owners_asked = true, .ctx = &l,
	};
	assert_int_equal(lssock_render(&l.sheet, &r), 0);
}

/* A table of one row has other widths. */
static void squeeze(struct buf *b)
{
	size_t i, n = 0;

	for (i = 0; i < b->len; i++)
		if (b->data[i] != ' ' || (n && b->data[n - 1] != ' ' && b->data[n - 1] != '\n'))
			b->data[n++] = b->data[i];
	b->len = n;
}

static void test_alike(void **state)
{
	static const char *const formats[] = { "jsonl", "csv", "tsv", "table" };
	struct lssock_snap *snap = snap_new();
	struct buf all = { 0 }, each = { 0 };
	uint32_t i, row;

	(void)state;
	for (i = 0; i < 4; i++) {
		buf_reset(&all);
		buf_reset(&each);
		print(snap, formats[i], 0, ROWS, &all);
		for (row = 0; row < ROWS; row++)
			print(snap, formats[i], row, 1, &each);
		if (i == 3) {
			squeeze(&all);
			squeeze(&each);
		}
		assert_string_equal(buf_cstr(&all), buf_cstr(&each));
	}
	buf_release(&all);
	buf_release(&each);
	lssock_snap_free(snap);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_alike) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
