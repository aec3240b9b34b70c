/* SPDX-License-Identifier: MIT */
/* Tables: every row splits into the header's columns, cutting, colours. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "cells.h"

static const struct sheet_column list_columns[] = {
	{ .name = "proto", .head = "PROT" },
	{ .name = "local", .head = "LOCAL", .give = 1, .min = 9, .cut = 'm' },
	{ .name = "remote", .head = "REMOTE", .give = 1, .min = 9, .cut = 'm' },
	{ .name = "state", .head = "STATE" },
	{ .name = "pid", .head = "PID", .right = true },
	{ .name = "process", .head = "PROCESS", .give = 3, .min = 7, .cut = 'e' },
};
#define N_LIST COUNT(list_columns)

static const struct lssock_value list_values[] = {
	W("tcp"), ENDANY(22), NA, W("LISTEN"), U(812), T("sshd"),
	W("tcp"), ENDANY(443), NA, W("LISTEN"), U(1230), TMORE("nginx", 2),
	W("tcp"), END4(22, 0, 10, 0, 0, 5), END4(51022, -1, 10, 0, 0, 99),
		W("ESTABLISHED"), U(1500), T("sshd"),
	W("tcp"), END4(39310, 0, 10, 0, 0, 5), END4(9092, 1, 10, 0, 0, 44),
		W("CLOSE_WAIT"), UNKNOWN, UNKNOWN,
};

static void list(struct cells *c)
{
	cells_init(c, list_columns, N_LIST, list_values, COUNT(list_values) / N_LIST);
}

static void assert_prints(const struct cells *c, struct lssock_render r, const char *want)
{
	struct buf b = { 0 };

	assert_int_equal(cells_print(c, "table", r, &b), 0);
	assert_string_equal(buf_cstr(&b), want);
	buf_release(&b);
}

static void test_terminal(void **state)
{
	struct cells c;

	(void)state;
	list(&c);
	assert_prints(&c, (struct lssock_render) { .width = 80, .utf8 = true },
		"PROT  LOCAL           REMOTE             STATE    PID  PROCESS\n"
		"tcp   *:22            -                  listen   812  sshd\n"
		"tcp   *:443           -                  listen  1230  nginx +2\n"
		"tcp   10.0.0.5:22     < 10.0.0.99:51022  estab   1500  sshd\n"
		"tcp   10.0.0.5:39310  > 10.0.0.44:9092   clo-wt     ?  ?\n");
	/* One blank where two do not fit. */
	assert_prints(&c, (struct lssock_render) { .width = 58, .utf8 = true, .no_header = true },
		"tcp *:22           -                 listen  812 sshd\n"
		"tcp *:443          -                 listen 1230 nginx +2\n"
		"tcp 10.0.0.5:22    < 10.0.0.99:51022 estab  1500 sshd\n"
		"tcp 10.0.0.5:39310 > 10.0.0.44:9092  clo-wt    ? ?\n");
}

static void test_pipe(void **state)
{
	struct cells c;

	(void)state;
	list(&c);
	assert_prints(&c, (struct lssock_render) { .no_header = true },
		"tcp  *:22            -                listen   812  sshd\n"
		"tcp  *:443           -                listen  1230  nginx,+2\n"
		"tcp  10.0.0.5:22     10.0.0.99:51022  estab   1500  sshd\n"
		"tcp  10.0.0.5:39310  10.0.0.44:9092   clo-wt     ?  ?\n");
}

/* Ports, pids and "+2" survive any width; a line may then be too long. */
static void test_cutting(void **state)
{
	struct cells c;

	(void)state;
	list(&c);
	assert_prints(&c, (struct lssock_render) { .width = 48, .utf8 = true },
		"PROT LOCAL       REMOTE      STATE   PID PROCESS\n"
		"tcp  *:22        -           listen  812 sshd\n"
		"tcp  *:443       -           listen 1230 ngi… +2\n"
		"tcp  10.0.0.5:22 < 10…:51022 estab  1500 sshd\n"
		"tcp  10.0…:39310 > 10.…:9092 clo-wt    ? ?\n");
	assert_prints(&c, (struct lssock_render) { .width = 1, .no_header = true },
		"tcp *:22      -         listen  812 sshd\n"
		"tcp *:443     -         listen 1230 ngi+ +2\n"
		"tcp 10.0+5:22 < +:51022 estab  1500 sshd\n"
		"tcp 10+:39310 > 1+:9092 clo-wt    ? ?\n");
}

static void test_never_cut_when_wide(void **state)
{
	struct cells c;
	struct buf b = { 0 };

	(void)state;
	list(&c);
	assert_int_equal(cells_print(&c, "table", (struct lssock_render) {
				     .width = 20, .wide = true }, &b), 0);
	assert_non_null(strstr(buf_cstr(&b), "nginx +2\n"));
	assert_non_null(strstr(buf_cstr(&b), "10.0.0.5:39310 "));
	buf_release(&b);
}

static void test_colour(void **state)
{
	struct cells c;
	struct buf b = { 0 };
	const char *p;

	(void)state;
	list(&c);
	assert_int_equal(cells_print(&c, "table", (struct lssock_render) {
				     .width = 80, .color = true }, &b), 0);
	assert_memory_equal(buf_cstr(&b), "\033[1mPROT\033[0m", 12);
	assert_non_null(strstr(buf_cstr(&b), "\033[33mclo-wt\033[0m"));
	assert_non_null(strstr(buf_cstr(&b), "\033[35m?\033[0m"));
	assert_null(strstr(buf_cstr(&b), "\033[33mlisten"));
	for (p = b.data; (p = memchr(p, '\033', b.data + b.len - p)); p++)
		assert_true(!memcmp(p, "\033[0m", 4) || !memcmp(p, "\033[1m", 4) ||
			    !memcmp(p, "\033[33m", 5) || !memcmp(p, "\033[35m", 5));
	buf_release(&b);
}

static unsigned count_fields(const char *s, const char *end)
{
	unsigned n = 0;

	while (s < end) {
		while (s < end && *s == ' ')
			s++;
		if (s < end)
			n++;
		while (s < end && *s != ' ')
			s++;
	}
	return n;
}

static const struct sheet_column text_columns[] = {
	{ .name = "path", .head = "PATH", .give = 1, .min = 4, .cut = 'm' },
	{ .name = "proc", .head = "PROC", .nest = LSSOCK_NEST_ROW, .give = 2, .min = 4, .cut = 'e' },
	{ .name = "local", .head = "LOCAL", .give = 1, .min = 4, .cut = 'm' },
};

/* Each single byte and some sequences in every place text can stand. */
static void hostile(struct lssock_value v[3], char bytes[8], unsigned i)
{
	static const char *const extra[] = { "", " ", "\xe2\x80\xae", "\xc2\x85", "a b", "\r\n",
		"x\ny z", "\xe2\x80\xa8", "\xe3\x80\x80", "\xff\xfe", "@x", "-", "?", "." };
	size_t len = 3;

	memset(v, 0, 3 * sizeof(*v));
	memcpy(bytes, "a?b", 4);
	bytes[1] = (char)i;
	if (i >= 256) {
		memset(bytes, 0, 8);
		len = strlen(extra[i - 256]);
		memcpy(bytes, extra[i - 256], len);
	}
	v[0] = (struct lssock_value) { .kind = LSSOCK_V_NAME, .s = bytes, .len = len };
	v[1] = (struct lssock_value) { .kind = LSSOCK_V_TEXT, .s = bytes, .len = len };
	v[2] = (struct lssock_value) END6(1, 0, "");
	v[2].s = bytes;
	v[2].len = len;
}

static void check_clean(const struct buf *b)
{
	size_t i;

	for (i = 0; i < b->len; i++)
		assert_true((unsigned char)b->data[i] >= 0x20 || b->data[i] == '\n');
	assert_null(memmem(b->data, b->len, "\x7f", 1));
	assert_null(memmem(b->data, b->len, "\xc2\x85", 2));
	assert_null(memmem(b->data, b->len, "\xe2\x80\xae", 3));
}

static void test_forging(void **state)
{
	struct lssock_value v[3];
	struct buf b = { 0 };
	struct cells c;
	char bytes[8];
	unsigned i;

	(void)state;
	for (i = 0; i < 256 + 14; i++) {
		hostile(v, bytes, i);
		cells_init(&c, text_columns, 3, v, 1);
		buf_reset(&b);
		assert_int_equal(cells_print(&c, "table", (struct lssock_render) {
					     .no_header = true }, &b), 0);
		check_clean(&b);
		assert_ptr_equal(memchr(b.data, '\n', b.len), b.data + b.len - 1);
		assert_int_equal(count_fields(b.data, b.data + b.len - 1), 3);
		buf_reset(&b);
		assert_int_equal(cells_print(&c, "table", (struct lssock_render) {
					     .width = 12 }, &b), 0);
		check_clean(&b);
	}
	buf_release(&b);
}

/* What we say ourselves cannot be said by a name. */
static void test_own_words(void **state)
{
	static const struct lssock_value v[] = {
		T("-"), T("?"), T(""),
		T("nginx +2"), T("nginx,+2"), T("@x"),
		N("@x"), N("\0x"), N("-"),
	};
	struct cells c;

	(void)state;
	cells_init(&c, text_columns, 3, v, 3);
	assert_prints(&c, (struct lssock_render) { .no_header = true },
		"\\x2d         \\x3f         -\n"
		"nginx\\x20+2  nginx\\x2c+2  @x\n"
		"\\x40x        @x           \\x2d\n");
	assert_prints(&c, (struct lssock_render) { .no_header = true, .width = 80, .utf8 = true },
		"\\x2d         \\x3f      -\n"
		"nginx\\x20+2  nginx,+2  @x\n"
		"\\x40x        @x        \\x2d\n");
}

static void test_wide_characters(void **state)
{
	static const struct lssock_value v[] = {
		T("\xe6\xbc\xa2\xe5\xad\x97"), T("e\xcc\x81"), T("x"),
		T("abcd"), T("ab"), T("y"),
	};
	struct cells c;

	(void)state;
	cells_init(&c, text_columns, 3, v, 2);
	assert_prints(&c, (struct lssock_render) { .no_header = true, .width = 80, .utf8 = true },
		"\xe6\xbc\xa2\xe5\xad\x97  e\xcc\x81   x\n"
		"abcd  ab  y\n");
	/* A terminal that is not UTF-8 gets none. */
	assert_prints(&c, (struct lssock_render) { .no_header = true, .width = 80 },
		"\\xe6\\xbc\\xa2\\xe5\\xad\\x97  e\\xcc\\x81  x\n"
		"abcd                      ab         y\n");
}

/* A cut splits neither an escape nor a character, and the rest still aligns. */
static void test_cut_units(void **state)
{
	static const struct lssock_value v[] = {
		T("ab\x01" "cdef"), T("x"), T("y"),
		T("a\xe6\xbc\xa2\xe5\xad\x97" "bcd"), T("x"), T("y"),
	};
	struct cells c;

	(void)state;
	cells_init(&c, text_columns, 3, v, 2);
	assert_prints(&c, (struct lssock_render) { .no_header = true, .width = 8, .utf8 = true },
		"ab…f x y\n"
		"a…d  x y\n");
}

/* Owners cut to one without a word would be a lie. */
static void test_more_owners(void **state)
{
	static const struct sheet_column columns[] = {
		{ .name = "lport", .head = "LPORT", .right = true },
		{ .name = "pid", .head = "PID", .nest = LSSOCK_NEST_OWNER, .right = true },
		{ .name = "fd", .head = "FD", .nest = LSSOCK_NEST_OWNER, .right = true },
	};
	static const struct lssock_value v[] = {
		U(22), U(812), U(3),	U(22), NA, NA,
		U(443), U(1230), U(6),	U(443), U(1231), U(6),
	};
	static const uint32_t owners[] = { 1, 2 };
	struct cells c;

	(void)state;
	cells_init(&c, columns, 3, v, 2);
	cells_owners(&c, 2, owners);
	assert_prints(&c, (struct lssock_render) { 0 },
		"LPORT      PID  FD\n"
		"   22      812   3\n"
		"  443  1230,+1   6\n");
}

static void test_why(void **state)
{
	static const struct sheet_column columns[] = { { .name = "why", .head = "WHY" } };
	static const struct lssock_value v[] = { W("accept-queue") };
	static const uint32_t origins[] = { 1 };
	struct lssock_owner owners[2] = { [1] = { .proc = 1, .fd = 6 } };
	struct lssock_proc procs[2] = { [1] = { .pid = 812 } };
	struct lssock_sock socks[2] = {
		{ .state = LSSOCK_LISTEN, .owner = 1, .via = LSSOCK_NONE, .peer = LSSOCK_NONE },
		{ .why = LSSOCK_WHY_ACCEPT_QUEUE, .via = 0, .peer = LSSOCK_NONE },
	};
	struct lssock_snap s = {
		.socks = { socks, 2, 2 }, .owners = { owners, 2, 2 }, .procs = { procs, 2, 2 },
	};
	struct cells c;

	(void)state;
	procs[1].comm = strings_put(&s.strings, "ng inx", 6);
	cells_init(&c, columns, 1, v, 1);
	cells_snap(&c, &s, origins);
	assert_prints(&c, (struct lssock_render) { .no_header = true },
		      "accept-queue\\x20of\\x20ng\\x20inx[812]\n");
	assert_prints(&c, (struct lssock_render) { .no_header = true, .width = 80 },
		      "accept-queue of ng inx[812]\n");
	strings_release(&s.strings);
}

/* In the place of an owner, where there is none; columns do not give for it. */
static void test_reason(void **state)
{
	static const struct sheet_column columns[] = {
		{ .name = "user", .head = "USER", .give = 7, .min = 4, .cut = 'e' },
		{ .name = "process", .head = "PROCESS", .give = 3, .min = 8, .cut = 'e' },
	};
	static const struct lssock_value v[] = {
		T("someone"), T("nginx"), T("someone"), NA, T("someone"), NA, T("someone"), UNKNOWN,
	};
	static const uint32_t origins[] = { 0, 1, 2, 3 };
	struct lssock_owner owners[3] = { [1] = { .proc = 1, .fd = 6, .next = 2 },
					  [2] = { .proc = 1, .fd = 7 } };
	struct lssock_proc procs[2] = { [1] = { .pid = 812 } };
	struct lssock_sock socks[4] = {
		{ .state = LSSOCK_LISTEN, .owner = 1, .via = LSSOCK_NONE, .peer = LSSOCK_NONE },
		{ .why = LSSOCK_WHY_ACCEPT_QUEUE, .via = 0, .peer = LSSOCK_NONE },
		{ .why = LSSOCK_WHY_TIME_WAIT, .via = 0, .peer = LSSOCK_NONE },
		{ .why = LSSOCK_WHY_NO_PERMISSION, .via = 0, .peer = LSSOCK_NONE },
	};
	struct lssock_snap s = {
		.socks = { socks, 4, 4 }, .owners = { owners, 3, 3 }, .procs = { procs, 2, 2 },
	};
	struct cells c;

	(void)state;
	procs[1].comm = strings_put(&s.strings, "nginx", 5);
	cells_init(&c, columns, 2, v, 4);
	cells_snap(&c, &s, origins);
	assert_prints(&c, (struct lssock_render) { .no_header = true },
		      "someone  nginx\n"
		      "someone  accept-queue\\x20of\\x20nginx[812],+1\n"
		      "someone  -\n"
		      "someone  ?\n");
	assert_prints(&c, (struct lssock_render) { .no_header = true, .width = 80 },
		      "someone  nginx\n"
		      "someone  accept-queue of nginx[812] +1\n"
		      "someone  -\n"
		      "someone  ?\n");
	assert_prints(&c, (struct lssock_render) { .no_header = true, .width = 24 },
		      "someone  nginx\n"
		      "someone  accept-queue o+\n"
		      "someone  -\n"
		      "someone  ?\n");
	assert_prints(&c, (struct lssock_render) { .no_header = true, .width = 14 },
		      "some+ nginx\n"
		      "some+ accept-+\n"
		      "some+ -\n"
		      "some+ ?\n");
	strings_release(&s.strings);
}

/* A pipe too, where the locale is not UTF-8. */
static void test_ascii(void **state)
{
	static const struct sheet_column columns[] = { { .name = "x", .head = "X" } };
	static const struct lssock_value v[] = { T("\xe4\xb8\xad") };
	struct cells c;

	(void)state;
	cells_init(&c, columns, 1, v, 1);
	assert_prints(&c, (struct lssock_render) { .no_header = true, .utf8 = true },
		      "\xe4\xb8\xad\n");
	assert_prints(&c, (struct lssock_render) { .no_header = true },
		      "\\xe4\\xb8\\xad\n");
}

static void count_cell(const struct lssock_sheet *s, uint32_t row, uint32_t sub,
		       uint32_t col, struct lssock_value *ret)
{
	(void)s;
	(void)sub;
	ret->kind = LSSOCK_V_UINT;
	ret->u = col ? row : 7;
}

static int check_rows(void *ctx, const void *bytes, size_t len)
{
	const char *p = bytes, *end = p + len;
	uint32_t *row = ctx, got;
	int used;

	while (p < end) {
		assert_int_equal(sscanf(p, "7 %u\n%n", &got, &used), 1);
		assert_int_equal(got, *row);
		++*row;
		p = (const char *)memchr(p, '\n', end - p) + 1;
	}
	return 0;
}

/* More rows than are kept between measuring and printing. */
static void test_many_rows(void **state)
{
	static const struct sheet_column columns[] = {
		{ .name = "a", .head = "A" }, { .name = "b", .head = "B" },
	};
	struct lssock_sheet s = { .n_rows = 100123, .n_columns = 2, .columns = columns,
				  .cell = count_cell };
	uint32_t row = 0;
	struct lssock_render r = { .size = sizeof(r), .no_header = true,
				   .write = check_rows, .wctx = &row };

	(void)state;
	assert_int_equal(lssock_render(&s, &r), 0);
	assert_int_equal(row, 100123);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_cutting),
		cmocka_unit_test(test_never_cut_when_wide),
		cmocka_unit_test(test_colour),
		cmocka_unit_test(test_forging),
		cmocka_unit_test(test_own_words),
		cmocka_unit_test(test_wide_characters),
		cmocka_unit_test(test_cut_units),
		cmocka_unit_test(test_more_owners),
		cmocka_unit_test(test_why),
		cmocka_unit_test(test_reason),
		cmocka_unit_test(test_ascii),
		cmocka_unit_test(test_many_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
