/* SPDX-License-Identifier: MIT */
/* The sink, the list of formats, CSV, TSV, and the map for Graphviz. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "cells.h"

static const struct sheet_column columns[] = {
	{ .name = "lport", .head = "LPORT" },
	{ .name = "path", .head = "PATH" },
	{ .name = "proc", .head = "PROC", .nest = LSSOCK_NEST_OWNER },
	{ .name = "pid", .head = "PID", .nest = LSSOCK_NEST_OWNER },
};

static void assert_prints(const struct cells *c, const char *format, const char *want)
{
	struct buf b = { 0 };

	assert_int_equal(cells_print(c, format, (struct lssock_render) { 0 }, &b), 0);
	assert_string_equal(buf_cstr(&b), want);
	buf_release(&b);
}

/* ---- formats and sink ---------------------------------------------------------- */

static void test_formats(void **state)
{
	const char *const *f;
	struct buf b = { 0 };
	struct cells c;

	(void)state;
	cells_init(&c, columns, 4, NULL, 0);
	for (f = lssock_formats(); *f; f++)
		if (strcmp(*f, "dot") && strcmp(*f, "openmetrics"))
			assert_int_equal(cells_print(&c, *f, (struct lssock_render) { 0 }, &b), 0);
	/* Metrics are a sheet of their own; a map needs the snapshot. */
	assert_int_equal(cells_print(&c, "openmetrics", (struct lssock_render) { 0 }, &b),
			 -ENOTSUP);
	assert_int_equal(cells_print(&c, "dot", (struct lssock_render) { 0 }, &b), -ENOTSUP);
	buf_reset(&b);
	assert_int_equal(cells_print(&c, "xml", (struct lssock_render) { 0 }, &b), -ENOTSUP);
	assert_int_equal(b.len, 0);
	assert_int_equal(cells_print(&c, NULL, (struct lssock_render) { 0 }, &b), 0);
	assert_string_equal(buf_cstr(&b), "LPORT  PATH  PROC  PID\n");
	buf_release(&b);
}

struct full { unsigned calls, cells; };

static int disk_full(void *ctx, const void *bytes, size_t len)
{
	struct full *f = ctx;

	(void)bytes;
	(void)len;
	f->calls++;
	return -ENOSPC;
}

static void count_cell(const struct lssock_sheet *s, uint32_t row, uint32_t sub,
		       uint32_t col, struct lssock_value *ret)
{
	struct full *f = s->ctx;

	(void)sub;
	(void)col;
	f->cells++;
	ret->kind = LSSOCK_V_UINT;
	ret->u = row;
}

/* The first error is the result, and no more work is done. */
static void test_lost_output(void **state)
{
	static const char *const formats[] = { "json", "jsonl", "csv", "tsv", "table" };
	struct full f;
	struct lssock_sheet s = { .n_rows = 60000, .n_columns = 4, .columns = columns,
				  .cell = count_cell, .ctx = &f };
	struct lssock_render r = { .size = sizeof(r), .write = disk_full, .wctx = &f };
	unsigned i;

	(void)state;
	for (i = 0; i < COUNT(formats); i++) {
		f = (struct full) { 0 };
		r.format = formats[i];
		assert_int_equal(lssock_render(&s, &r), -ENOSPC);
		assert_int_equal(f.calls, 1);
		if (strcmp(formats[i], "table"))
			assert_in_range(f.cells, 1, 60000);
	}
	r.size = 8;
	assert_int_equal(lssock_render(&s, &r), -EINVAL);
}

/* ---- CSV and TSV ------------------------------------------------------------------ */

static void test_separated(void **state)
{
	static const struct lssock_value v[] = {
		U(443), N("/run/a b,\"c\""), TMORE("ng;inx", 1), U(812),
			NA, NA, T("=cmd"), U(813),
		U(22), N("\0=x"), T(""), I(-1),		NA, NA, NA, NA,
		NA, N("@x"), NA, NA,			NA, NA, NA, NA,
		UNKNOWN, T("+1\t2"), NA, NA,		NA, NA, NA, LATER,
	};
	static const uint32_t n_owners[] = { 2, 1, 0, 2 };
	struct cells c;

	(void)state;
	cells_init(&c, columns, 4, v, 4);
	cells_owners(&c, 2, n_owners);
	assert_prints(&c, "csv",
		"lport,path,proc,pid\r\n"
		"443,\"/run/a b,\"\"c\"\"\",ng\\x3binx;\\x3dcmd,812;813\r\n"
		"22,\\x00=x,\"\",-1\r\n"
		",\\x40x,,\r\n"
		",\\x2b1\\x092,;,;\r\n");
	assert_prints(&c, "tsv",
		"lport\tpath\tproc\tpid\n"
		"443\t/run/a b,\"c\"\tng\\x3binx;=cmd\t812;813\n"
		"22\t@=x\t\t-1\n"
		"\t\\x40x\t\t\n"
		"\t+1\\x092\t;\t;\n");
}

static void test_separated_hostile(void **state)
{
	struct lssock_value v[4] = { 0 };
	struct buf b = { 0 };
	struct cells c;
	char byte;
	unsigned i, k;
	size_t j, n;

	(void)state;
	for (i = 0; i < 256; i++) {
		byte = (char)i;
		for (k = 0; k < 4; k++)
			v[k] = (struct lssock_value) { .kind = k & 1 ? LSSOCK_V_NAME : LSSOCK_V_TEXT,
						       .s = &byte, .len = 1 };
		cells_init(&c, columns, 4, v, 1);
		buf_reset(&b);
		assert_int_equal(cells_print(&c, "tsv", (struct lssock_render) {
					     .no_header = true }, &b), 0);
		for (j = n = 0; j < b.len; j++)
			n += b.data[j] == '\t';
		assert_int_equal(n, 3);
		assert_ptr_equal(memchr(b.data, '\n', b.len), b.data + b.len - 1);
		buf_reset(&b);
		assert_int_equal(cells_print(&c, "csv", (struct lssock_render) {
					     .no_header = true }, &b), 0);
		assert_ptr_equal(memchr(b.data, '\r', b.len), b.data + b.len - 2);
		assert_null(memchr("=+-@", b.data[0], 4));
	}
	buf_release(&b);
}

/* ---- map ----------------------------------------------------------------------------- */

#define WEB "\"}; evil\\"

/* A listener of a process with a hostile name; two connections of a local
 * client to it; two from one remote address; one to a remote address. */
static struct lssock_snap *scene(void)
{
	static struct lssock_owner owners[] = {
		{ 0 }, { .proc = 1, .fd = 3 }, { .proc = 2, .fd = 4 }, { .proc = 1, .fd = 5 },
	};
	static struct lssock_proc procs[3];
	static struct lssock_ns ns[2] = { { .ino = 4026531833u }, { .ino = 4026532000u } };
	static struct lssock_sock socks[8];
	const struct lssock_sock base = { .family = AF_INET, .proto = LSSOCK_TCP,
		.state = LSSOCK_ESTABLISHED, .peer = LSSOCK_NONE, .via = LSSOCK_NONE };
	struct lssock_snap *s = mem_alloc(sizeof(*s));
	unsigned i;

	assert_non_null(s);
	for (i = 0; i < 8; i++)
		socks[i] = base;
	socks[0].state = LSSOCK_LISTEN;
	socks[0].lport = 80;
	socks[0].owner = 1;
	for (i = 1; i < 5; i++) {		/* pairs 1-2 and 3-4 */
		socks[i].peer = i & 1 ? i + 1 : i - 1;
		socks[i].owner = i & 1 ? 3 : 2;
		socks[i].via = i & 1 ? 0 : LSSOCK_NONE;
		memcpy(socks[i].remote.ip, "\x7f\0\0\1", 4);
	}
	for (i = 5; i < 8; i++) {
		socks[i].owner = i < 7 ? 3 : 2;
		socks[i].via = i < 7 ? 0 : LSSOCK_NONE;
		socks[i].rport = i < 7 ? 1000 + i : 443;
		memcpy(socks[i].remote.ip, i < 7 ? "\xcb\0\x71\7" : "\xc6\x33\x64\1", 4);
	}
	procs[1] = (struct lssock_proc) { .pid = 80 };
	procs[2] = (struct lssock_proc) { .pid = 90 };
	procs[1].comm = strings_put(&s->strings, WEB, strlen(WEB));
	procs[2].comm = strings_put(&s->strings, "curl&", 5);
	s->owners.v = owners, s->owners.n = 4;
	s->procs.v = procs, s->procs.n = 3;
	s->ns.v = ns, s->ns.n = 2;
	s->socks.v = socks, s->socks.n = 8;
	return s;
}

static unsigned occurs(const char *text, const char *what)
{
	unsigned n = 0;

	while ((text = strstr(text, what))) {
		text += strlen(what);
		n++;
	}
	return n;
}

static void map_cells(struct cells *c, struct lssock_snap *s)
{
	static const uint32_t origins[] = { 0, 1, 2, 3, 4, 5, 6, 7 };

	cells_init(c, columns, 4, NULL, 8);
	cells_snap(c, s, origins);
}

static void test_map(void **state)
{
	struct lssock_snap *s = scene();
	struct buf b = { 0 };
	struct cells c;

	(void)state;
	map_cells(&c, s);
	assert_int_equal(cells_print(&c, "dot", (struct lssock_render) { 0 }, &b), 0);
	buf_cstr(&b);
	assert_non_null(strstr(b.data, "label=\"\\\"}; evil\\\\\\\\\\n80\"];"));
	assert_non_null(strstr(b.data, "label=\"curl&amp;\\n90\"];"));
	/* Both local connections are one edge, both remote clients another. */
	assert_int_equal(occurs(b.data, "[label=\"tcp x2\"]"), 2);
	assert_int_equal(occurs(b.data, "[label=\"tcp 443\"]"), 1);
	assert_int_equal(occurs(b.data, " -> "), 4);
	assert_int_equal(occurs(b.data, "203.0.113.7"), 1);
	assert_null(strstr(b.data, "cluster"));
	s->procs.v[2].ns = 1;
	buf_reset(&b);
	assert_int_equal(cells_print(&c, "dot", (struct lssock_render) { 0 }, &b), 0);
	assert_int_equal(occurs(buf_cstr(&b), "subgraph cluster_"), 2);
	assert_non_null(strstr(b.data, "label=\"4026532000\";"));
	s->procs.v[2].ns = 0;
	buf_release(&b);
	strings_release(&s->strings);
	mem_free(s);
}

/* ---- memory ---------------------------------------------------------------------------- */

/* Every allocation fails once: the error is said, or the output is whole. */
static void sweep(const struct cells *c, const char *format)
{
	struct buf whole = { 0 }, b;
	unsigned n;
	int r = -1;

	assert_int_equal(cells_print(c, format, (struct lssock_render) { 0 }, &whole), 0);
	for (n = 1; n < 200 && r; n++) {
		b = (struct buf) { 0 };
		assert_true(buf_reserve(&b, 1 << 17));
		mem_fail_at(n);
		r = cells_print(c, format, (struct lssock_render) { 0 }, &b);
		mem_fail_at(0);
		if (r)
			assert_int_equal(r, -ENOMEM);
		else
			assert_int_equal(b.len, whole.len);
		buf_release(&b);
	}
	assert_in_range(n, 3, 199);
	buf_release(&whole);
}

static void test_no_memory(void **state)
{
	static const struct lssock_value v[] = {
		U(443), N("/run/a\n,\"c\""), T("ng;inx"), U(812),
		U(443), N("\0x"), T("ng inx"), U(812),
	};
	struct lssock_snap *s = scene();
	struct cells c;

	(void)state;
	cells_init(&c, columns, 4, v, 2);
	sweep(&c, "csv");
	sweep(&c, "tsv");
	sweep(&c, "table");
	map_cells(&c, s);
	sweep(&c, "dot");
	strings_release(&s->strings);
	mem_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_lost_output),
		cmocka_unit_test(test_separated),
		cmocka_unit_test(test_separated_hostile),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
