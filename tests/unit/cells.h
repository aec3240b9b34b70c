/* SPDX-License-Identifier: MIT */
/* Sheets made by hand, for the tests of out/. */
#ifndef TESTS_UNIT_CELLS_H
#define TESTS_UNIT_CELLS_H

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "out/out.h"

#define NA { .kind = LSSOCK_V_NA }
#define UNKNOWN { .kind = LSSOCK_V_UNKNOWN }
#define LATER { .kind = LSSOCK_V_LATER }
#define U(x) { .kind = LSSOCK_V_UINT, .u = (x) }
#define I(x) { .kind = LSSOCK_V_INT, .i = (x) }
#define R(x) { .kind = LSSOCK_V_REAL, .r = (x) }
#define B(x) { .kind = LSSOCK_V_BOOL, .u = (x) }
#define TIME(x) { .kind = LSSOCK_V_TIME, .u = (x) }
#define W(x) { .kind = LSSOCK_V_WORD, .s = (x), .len = sizeof(x) - 1 }
#define T(x) { .kind = LSSOCK_V_TEXT, .s = (x), .len = sizeof(x) - 1 }
#define TMORE(x, n) { .kind = LSSOCK_V_TEXT, .s = (x), .len = sizeof(x) - 1, .more = (n) }
#define N(x) { .kind = LSSOCK_V_NAME, .s = (x), .len = sizeof(x) - 1 }
#define V4(b0, b1, b2, b3) { .family = AF_INET, .prefix = 32, .ip = { b0, b1, b2, b3 } }
#define END4(p, dir, b0, b1, b2, b3) { .kind = LSSOCK_V_END, .s = "", \
	.a = V4(b0, b1, b2, b3), .port = (p), .i = (dir) }
#define ENDANY(p) { .kind = LSSOCK_V_END, .port = (p), .s = "" }
#define END6(p, dir, dev) { .kind = LSSOCK_V_END, .port = (p), .i = (dir), .s = (dev), \
	.len = sizeof(dev) - 1, .a = { .family = AF_INET6, .prefix = 128, \
	.ip = { 0x20, 1, 0xd, 0xb8, 0, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9 } } }

/* Cells of row r, owner o, column c are at (r * owners + o) * n_columns + c. */
struct cells {
	struct lssock_sheet sheet;
	const struct lssock_value *values;
	uint32_t owners;		/* room per row */
	const uint32_t *n_owners, *origins;
};

static inline void cells_get(const struct lssock_sheet *s, uint32_t row, uint32_t sub,
			     uint32_t col, struct lssock_value *ret)
{
	const struct cells *c = s->ctx;
	uint32_t owners = c->owners ? c->owners : 1;
	enum lssock_unit unit = ret->unit;

	*ret = c->values[((size_t)row * owners + sub) * s->n_columns + col];
	ret->unit = unit;
}

static inline uint32_t cells_subs(const struct lssock_sheet *s, uint32_t row)
{
	const struct cells *c = s->ctx;

	return c->n_owners[row];
}

static inline uint32_t cells_origin(const struct lssock_sheet *s, uint32_t row)
{
	const struct cells *c = s->ctx;

	return c->origins ? c->origins[row] : LSSOCK_NONE;
}

static inline void cells_init(struct cells *c, const struct sheet_column *columns,
			      uint32_t n_columns, const struct lssock_value *values,
			      uint32_t n_rows)
{
	memset(c, 0, sizeof(*c));
	c->values = values;
	c->sheet = (struct lssock_sheet) {
		.kind = SHEET_SOCKETS, .n_rows = n_rows, .n_columns = n_columns,
		.columns = columns, .cell = cells_get, .owners_asked = true, .ctx = c,
	};
}

static inline void cells_owners(struct cells *c, uint32_t room, const uint32_t *n)
{
	c->owners = room;
	c->n_owners = n;
	c->sheet.subs = cells_subs;
}

static inline void cells_snap(struct cells *c, struct lssock_snap *s, const uint32_t *origins)
{
	c->origins = origins;
	c->sheet.snap = s;
	c->sheet.origin = cells_origin;
}

static inline int cells_write(void *ctx, const void *bytes, size_t len)
{
	buf_put(ctx, bytes, len);
	return 0;
}

/* Appends what is printed to b. */
static inline int cells_print(const struct cells *c, const char *format,
			      struct lssock_render r, struct buf *b)
{
	r.size = sizeof(r);
	r.format = format;
	r.write = cells_write;
	r.wctx = b;
	return lssock_render(&c->sheet, &r);
}

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

#endif
