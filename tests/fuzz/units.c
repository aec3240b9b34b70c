/* SPDX-License-Identifier: MIT */
/* Files of socket units: byte 0 where the text of a file ends and the records begin. */
#include <sys/socket.h>

#include "fuzz.h"
#include "wire/records.h"
#include "wire/units.h"

/* A file as a source writes it: what is in records is seldom met by chance. */
static void put_file(struct buf *b, const uint8_t *text, size_t len)
{
	struct wire_unit w = { .unit_len = 8, .text_len = (uint32_t)len };
	size_t all = sizeof(w) + 8 + len;

	w.len = (uint32_t)((all + 7) & ~(size_t)7);
	buf_put(b, &w, sizeof(w));
	buf_put(b, "x.socket", 8);
	buf_put(b, text, len);
	buf_fill(b, 0, w.len - all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lssock_snap *s = snap_new();
	struct lssock_sock k = { .proto = LSSOCK_TCP, .family = AF_INET6, .lport = 22,
				 .cookie = 1 };
	struct units u = { { 0 } };
	struct buf file = { 0 };
	size_t len = take_byte(&data, &size) * 16u;
	char *records;
	uint32_t row = snap_add(s, &k, NULL, 0, NULL), i;

	len = len < size ? len : size;
	put_file(&file, data, len);
	promise(units_read(&u, s, file.data, file.len) == 0);
	records = exact(data + len, size - len);
	units_read(&u, s, records, size - len);
	for (i = 0; i < u.list.n; i++)
		promise(u.list.v[i].unit && (u.list.v[i].kind != UNITS_NAME || u.list.v[i].name));
	units_find(&u, s, row);
	free(records);
	buf_release(&file);
	units_release(&u);
	lssock_snap_free(s);
	return 0;
}
