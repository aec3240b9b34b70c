/* SPDX-License-Identifier: MIT */
/* JSON: strict whatever the bytes are, nested as documented, reversible. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/text.h"
#include "cells.h"

/* ---- a small strict reader (RFC 8259) ---------------------------------------- */

static const char *value(const char *p, const char *end);

static const char *literal(const char *p, const char *end, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(end - p) >= n && !memcmp(p, word, n) ? p + n : NULL;
}

static const char *digits(const char *p, const char *end)
{
	const char *from = p;

	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p > from ? p : NULL;
}

static const char *number(const char *p, const char *end)
{
	if (p < end && *p == '-')
		p++;
	p = p < end && *p == '0' ? p + 1 : digits(p, end);
	if (p && p < end && *p == '.')
		p = digits(p + 1, end);
	if (p && p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		p = digits(p, end);
	}
	return p;
}

static const char *string(const char *p, const char *end)
{
	if (p == end || *p++ != '"')
		return NULL;
	for (; p < end && *p != '"'; p++) {
		if ((unsigned char)*p < 0x20)
			return NULL;
		/* We write no other escapes than these two. */
		if (*p == '\\' && (++p == end || (*p != '"' && *p != '\\')))
			return NULL;
	}
	return p < end ? p + 1 : NULL;
}

static const char *blank(const char *p, const char *end)
{
	while (p && p < end && (*p == '\n' || *p == ' '))
		p++;
	return p;
}

static const char *list(const char *p, const char *end, bool object)
{
	const char close = object ? '}' : ']';

	p = blank(p + 1, end);
	if (p < end && *p == close)
		return p + 1;
	for (;;) {
		if (object) {
			p = blank(string(p, end), end);
			if (!p || p == end || *p++ != ':')
				return NULL;
		}
		p = blank(value(p, end), end);
		if (!p || p == end)
			return NULL;
		if (*p == close)
			return p + 1;
		if (*p++ != ',')
			return NULL;
		p = blank(p, end);
	}
}

static const char *value(const char *p, const char *end)
{
	p = blank(p, end);
	if (p == end)
		return NULL;
	switch (*p) {
	case '{': return list(p, end, true);
	case '[': return list(p, end, false);
	case '"': return string(p, end);
	case 't': return literal(p, end, "true");
	case 'f': return literal(p, end, "false");
	case 'n': return literal(p, end, "null");
	default:  return number(p, end);
	}
}

static bool is_utf8(const unsigned char *s, size_t len)
{
	size_t i, n;

	for (i = 0; i < len; i += n) {
		n = s[i] < 0x80 ? 1 : s[i] >= 0xc2 && s[i] < 0xe0 ? 2 :
		    s[i] >= 0xe0 && s[i] < 0xf0 ? 3 : s[i] >= 0xf0 && s[i] < 0xf5 ? 4 : 0;
		if (!n || n > len - i)
			return false;
		for (size_t k = 1; k < n; k++)
			if ((s[i + k] & 0xc0) != 0x80)
				return false;
		if ((s[i] == 0xe0 && s[i + 1] < 0xa0) || (s[i] == 0xed && s[i + 1] > 0x9f) ||
		    (s[i] == 0xf0 && s[i + 1] < 0x90) || (s[i] == 0xf4 && s[i + 1] > 0x8f))
			return false;
	}
	return true;
}

static bool is_json(const char *p, size_t len)
{
	const char *end = p + len;

	return is_utf8((const unsigned char *)p, len) && blank(value(p, end), end) == end;
}

static void test_reader(void **state)
{
	static const char *const good[] = { "{}", "[1,-0.5e+3,\"a\\\"\"]\n", "{\"a\":{\"b\":[]}}" };
	static const char *const bad[] = { "{,}", "[1,]", "01", "\"\x1f\"", "{\"a\"}", "nan",
		"\"\xff\"", "[1] x", "\"\\x41\"", "-", "{\"a\":1", "\"\xed\xa0\x80\"" };
	unsigned i;

	(void)state;
	for (i = 0; i < COUNT(good); i++)
		assert_true(is_json(good[i], strlen(good[i])));
	for (i = 0; i < COUNT(bad); i++)
		assert_false(is_json(bad[i], strlen(bad[i])));
}

/* ---- documents ------------------------------------------------------------------ */

static struct buf print(const struct cells *c, const char *format)
{
	struct buf b = { 0 };

	assert_int_equal(cells_print(c, format, (struct lssock_render) { 0 }, &b), 0);
	buf_cstr(&b);
	return b;
}

static void assert_lines(const struct cells *c, const char *want)
{
	struct buf b = print(c, "jsonl");

	assert_string_equal(b.data, want);
	buf_release(&b);
	b = print(c, "json");
	assert_true(is_json(b.data, b.len));
	buf_release(&b);
}

static void test_kinds(void **state)
{
	static const struct sheet_column columns[] = {
		{ .name = "a" }, { .name = "b" }, { .name = "c" }, { .name = "d" },
	};
	static const struct lssock_value v[] = {
		U(0), U(UINT64_MAX), I(-5), R(0.5),
		B(1), B(0), NA, UNKNOWN,
		LATER, TIME(1782006249123000000u), W("LISTEN"), T(""),
		R(0.0 / 0.0), R(1.0 / 0.0), END4(443, -1, 10, 0, 0, 5), END6(1, 0, ""),
		T("a\"b"), TMORE("nginx", 2), N("/run/x"), N("\0x"),
	};
	struct cells c;

	(void)state;
	cells_init(&c, columns, 4, v, 5);
	assert_lines(&c,
		"{\"a\":0,\"b\":18446744073709551615,\"c\":-5,\"d\":0.5}\n"
		"{\"a\":true,\"b\":false,\"c\":null,\"d\":null}\n"
		"{\"a\":null,\"b\":\"2026-06-21T01:44:09.123Z\",\"c\":\"LISTEN\",\"d\":\"\"}\n"
		"{\"a\":null,\"b\":null,\"c\":\"10.0.0.5:443\","
			"\"d\":\"[2001:db8:77::9]:1\"}\n"
		"{\"a\":\"a\\\"b\",\"b\":\"nginx +2\",\"c\":\"/run/x\",\"d\":\"@x\"}\n");
}

static void test_twins(void **state)
{
	static const struct sheet_column columns[] = { { .name = "x" } };
	static const struct lssock_value v[] = {
		T("a\\b"), T("\xff"), T("a\nb"), N("@x"), N("\0\n"), T("\xe6\xbc\xa2"),
	};
	struct cells c;

	(void)state;
	cells_init(&c, columns, 1, v, 6);
	assert_lines(&c,
		"{\"x\":\"a\\\\\\\\b\",\"x_b64\":\"YVxi\"}\n"
		"{\"x\":\"\\\\xff\",\"x_b64\":\"/w==\"}\n"
		"{\"x\":\"a\\\\x0ab\",\"x_b64\":\"YQpi\"}\n"
		"{\"x\":\"\\\\x40x\",\"x_b64\":\"QHg=\"}\n"
		"{\"x\":\"@\\\\x0a\",\"x_b64\":\"AAo=\"}\n"
		"{\"x\":\"\xe6\xbc\xa2\"}\n");
}

static const struct sheet_column nested[] = {
	{ .name = "lport" },
	{ .name = "pid", .nest = LSSOCK_NEST_OWNER },
	{ .name = "rtt", .nest = LSSOCK_NEST_TCP },
	{ .name = "proc", .nest = LSSOCK_NEST_OWNER },
	{ .name = "peer", .nest = LSSOCK_NEST_PEER },
	{ .name = "rmem", .nest = LSSOCK_NEST_MEM },
	{ .name = "why" },
};

/* A listener with two owners and a ring, and a connection in its queue. */
static struct lssock_snap *scene(void)
{
	static struct lssock_owner owners[] = {
		{ 0 }, { .next = 2, .proc = 1, .fd = 6 }, { .next = 3, .proc = 2, .fd = 7 },
		{ .proc = 2, .fd = -1, .how = LSSOCK_HOW_RING },
	};
	static struct lssock_sock socks[] = {
		{ .owner = 1, .inode = 77, .cookie = 9, .via = LSSOCK_NONE, .peer = LSSOCK_NONE },
		{ .via = 0, .peer = 0, .why = LSSOCK_WHY_ACCEPT_QUEUE },
	};
	static struct lssock_proc procs[3];
	static struct lssock_ns ns[] = { { .ino = 4026531833u } };
	static struct lssock_note notes[] = {
		{ .kind = LSSOCK_NOTE_UNREADABLE_PROC, .err = 13, .count = 12 },
	};
	struct lssock_snap *s = mem_alloc(sizeof(*s));

	assert_non_null(s);
	procs[1] = (struct lssock_proc) { .pid = 812, .comm = strings_put(&s->strings, "a\n", 2) };
	procs[2] = (struct lssock_proc) { .pid = 813 };
	s->owners.v = owners, s->owners.n = 4;
	s->socks.v = socks, s->socks.n = 2;
	s->procs.v = procs, s->procs.n = 3;
	s->ns.v = ns, s->ns.n = 1;
	s->notes.v = notes, s->notes.n = 1;
	s->meta.host = strings_put(&s->strings, "web1", 4);
	return s;
}

static void scene_free(struct lssock_snap *s)
{
	strings_release(&s->strings);
	mem_free(s);
}

static void nested_cells(struct cells *c, struct lssock_snap *s)
{
	static const struct lssock_value v[] = {
		U(443), U(812), U(900), T("a"), NA, U(0), NA,
		NA, U(813), NA, T("b"), NA, NA, NA,
		U(443), NA, NA, NA, NA, UNKNOWN, W("accept-queue"),
		NA, NA, NA, NA, NA, NA, NA,
	};
	static const uint32_t n_owners[] = { 2, 0 }, origins[] = { 0, 1 };

	cells_init(c, nested, COUNT(nested), v, 2);
	cells_owners(c, 2, n_owners);
	cells_snap(c, s, origins);
}

static void test_nesting(void **state)
{
	struct lssock_snap *s = scene();
	struct cells c;

	(void)state;
	nested_cells(&c, s);
	assert_lines(&c,
		"{\"lport\":443,\"peer\":null,\"why\":null,"
		"\"why_procs\":[{\"pid\":813,\"fd\":null,\"proc\":null}],"
		"\"owners\":[{\"pid\":812,\"proc\":\"a\"},{\"pid\":813,\"proc\":\"b\"}],"
		"\"tcp\":{\"rtt\":900},\"mem\":{\"rmem\":0}}\n"
		"{\"lport\":443,\"peer\":{\"netns\":4026531833,\"inode\":77,\"cookie\":9,"
		"\"owners\":[{\"pid\":812,\"fd\":6,\"proc\":\"a\\\\x0a\",\"proc_b64\":\"YQo=\"},"
		"{\"pid\":813,\"fd\":7,\"proc\":null}]},\"why\":\"accept-queue\","
		"\"why_procs\":[{\"pid\":812,\"fd\":6,\"proc\":\"a\\\\x0a\",\"proc_b64\":\"YQo=\"},"
		"{\"pid\":813,\"fd\":7,\"proc\":null}],"
		"\"owners\":[],\"tcp\":null,\"mem\":{\"rmem\":null}}\n");
	scene_free(s);
}

/* Owners cells alone: exactly the keys that were chosen. */
static void test_chosen_columns(void **state)
{
	static const struct sheet_column columns[] = { { .name = "state" } };
	static const struct lssock_value v[] = { W("LISTEN") };
	struct cells c;

	(void)state;
	cells_init(&c, columns, 1, v, 1);
	assert_lines(&c, "{\"state\":\"LISTEN\"}\n");
	c.sheet.has_nest[LSSOCK_NEST_OWNER] = true;
	assert_lines(&c, "{\"state\":\"LISTEN\",\"owners\":[]}\n");
}

static void test_document(void **state)
{
	struct lssock_snap *s = scene();
	struct cells c;
	struct buf b;

	(void)state;
	nested_cells(&c, s);
	b = print(&c, "json");
	assert_non_null(strstr(b.data, "{\"lssock\":{\"version\":\"" LSSOCK_VERSION
			       "\",\"schema\":1},\"host\":\"web1\",\"time\":\"1970-01-01T00:00:00.000Z\","
			       "\"complete\":false,\n\"notes\":[{\"kind\":\"unreadable-process\","
			       "\"count\":12,\"errno\":\"EACCES\",\"netns\":4026531833,\"what\":null,"));
	assert_null(strstr(b.data, "owners-not-asked"));
	assert_non_null(strstr(b.data, "\"sockets\":[\n{"));
	buf_release(&b);
	c.sheet.owners_asked = false;
	b = print(&c, "json");
	assert_true(is_json(b.data, b.len));
	assert_non_null(strstr(b.data, "{\"kind\":\"owners-not-asked\""));
	buf_release(&b);
	scene_free(s);
}

static void test_other_sheets(void **state)
{
	static const struct { enum sheet_kind kind; const char *key; } kinds[] = {
		{ SHEET_GROUPS, "\"groups\":[\n{" }, { SHEET_NETNS, "\"namespaces\":[\n{" },
		{ SHEET_SUMMARY, "\"summary\":[\n{" }, { SHEET_FIELDS, "\"fields\":[\n{" },
	};
	static const struct lssock_value v[] = { U(1), U(2), U(3), T("x"), U(5), U(6), NA };
	struct cells c;
	struct buf b;
	unsigned i;

	(void)state;
	for (i = 0; i < COUNT(kinds); i++) {
		cells_init(&c, nested, COUNT(nested), v, 1);
		c.sheet.kind = kinds[i].kind;
		b = print(&c, "json");
		assert_true(is_json(b.data, b.len));
		assert_non_null(strstr(b.data, kinds[i].key));
		/* Nothing nests here. */
		assert_non_null(strstr(b.data, "{\"lport\":1,\"pid\":2,\"rtt\":3,\"proc\":\"x\","
				       "\"peer\":5,\"rmem\":6,\"why\":null}"));
		buf_release(&b);
	}
	cells_init(&c, nested, COUNT(nested), v, 0);
	b = print(&c, "json");
	assert_true(is_json(b.data, b.len));
	buf_release(&b);
}

/* ---- hostile bytes ----------------------------------------------------------------- */

/* The text of a key and its unescaped bytes must be what went in. */
static void check_text(const char *doc, const char *key, const char *raw, size_t len)
{
	const char *p = strstr(doc, key), *end;
	struct buf plain = { 0 }, back = { 0 };

	assert_non_null(p);
	p += strlen(key);
	end = string(p, doc + strlen(doc));
	assert_non_null(end);
	for (p++; p < end - 1; p++) {
		if (*p == '\\')
			p++;
		buf_putc(&plain, *p);
	}
	assert_int_equal(text_unescape(&back, plain.data, plain.len), 0);
	assert_int_equal(back.len, len);
	if (len)
		assert_memory_equal(back.data, raw, len);
	buf_release(&plain);
	buf_release(&back);
}

static void check_hostile(const char *raw, size_t len)
{
	struct lssock_value v[COUNT(nested)] = {
		[0] = { .kind = LSSOCK_V_NAME, .s = raw, .len = len },
		[2] = { .kind = LSSOCK_V_END, .s = raw, .len = len, .port = 1 },
		[3] = { .kind = LSSOCK_V_TEXT, .s = raw, .len = len },
		[5] = { .kind = LSSOCK_V_TEXT, .s = raw, .len = len, .more = 3 },
	};
	static const uint32_t n_owners[] = { 1 }, origins[] = { 1 };
	struct lssock_snap *s = scene();
	struct cells c;
	struct buf b;

	s->procs.v[2].comm = strings_put(&s->strings, raw, len);
	s->meta.host = s->notes.v[0].what = s->procs.v[2].comm;
	cells_init(&c, nested, COUNT(nested), v, 1);
	cells_owners(&c, 1, n_owners);
	cells_snap(&c, s, origins);
	b = print(&c, "json");
	assert_true(is_json(b.data, b.len));
	assert_null(memchr(b.data, 0x7f, b.len));
	check_text(b.data, "\"host\":", raw, len);
	check_text(b.data, "\"what\":", raw, len);
	check_text(b.data, "{\"pid\":null,\"proc\":", raw, len);
	if (len && raw[0])
		check_text(b.data, "{\"lport\":", raw, len);
	buf_release(&b);
	b = print(&c, "jsonl");
	assert_ptr_equal(memchr(b.data, '\n', b.len), b.data + b.len - 1);
	assert_true(is_json(b.data, b.len));
	buf_release(&b);
	s->notes.v[0].what = 0;
	scene_free(s);
}

static void test_hostile(void **state)
{
	static const char *const texts[] = {
		"", "\"", "\\", "\\\"", "\\x41", "\",\"x\":\"", "\xe2\x80\xa8", "\xed\xa0\x80",
		"\xf4\x90\x80\x80", "\xc0\x80", "\xe2\x80", "\xef\xbb\xbf", "</script>", "\xe2\x80\xae",
	};
	uint32_t seed = 1;
	char raw[24];
	unsigned i, k;

	(void)state;
	for (i = 0; i < 256; i++) {
		memcpy(raw, "a?b", 3);
		raw[1] = (char)i;
		check_hostile(raw, 3);
		check_hostile(raw + 1, 1);
	}
	for (i = 0; i < COUNT(texts); i++)
		check_hostile(texts[i], strlen(texts[i]));
	for (i = 0; i < 2000; i++) {
		for (k = 0; k < sizeof(raw); k++) {
			seed = seed * 1664525 + 1013904223;
			raw[k] = (char)(seed >> 24);
		}
		check_hostile(raw, seed >> 16 & 15);
	}
}

static void test_no_memory(void **state)
{
	struct lssock_snap *s = scene();
	struct buf b, whole;
	struct cells c;
	unsigned n;
	int r;

	(void)state;
	nested_cells(&c, s);
	s->notes.n = 0;
	whole = print(&c, "json");
	for (n = 1; n < 100; n++) {
		b = (struct buf) { 0 };
		buf_reserve(&b, 65536);
		mem_fail_at(n);
		r = cells_print(&c, "json", (struct lssock_render) { 0 }, &b);
		mem_fail_at(0);
		if (!r) {
			assert_int_equal(b.len, whole.len);
			assert_memory_equal(b.data, whole.data, whole.len);
		} else {
			assert_int_equal(r, -12);
		}
		buf_release(&b);
		if (!r)
			break;
	}
	assert_in_range(n, 2, 99);
	buf_release(&whole);
	scene_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reader),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_twins),
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_chosen_columns),
		cmocka_unit_test(test_document),
		cmocka_unit_test(test_other_sheets),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
