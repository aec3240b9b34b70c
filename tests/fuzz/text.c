/* SPDX-License-Identifier: MIT */
/* The gate: byte 0 the flags. What comes out is safe, short enough, and gives
 * the bytes back; what is safe is left alone. */
#include "fuzz.h"

static void plain_bytes(const struct buf *b, unsigned flags)
{
	for (size_t i = 0; i < b->len; i++) {
		uint8_t c = (uint8_t)b->data[i];

		promise(c >= 0x20 && c != 0x7f);
		promise(!(flags & TEXT_ASCII) || c < 0x7f);
		promise(!(flags & TEXT_BLANK) || c != ' ');
		promise(!(flags & TEXT_SEMI) || c != ';');
		promise(!(flags & TEXT_COMMA) || c != ',');
	}
	promise(!(flags & TEXT_AT) || !b->len || b->data[0] != '@');
	promise(!(flags & TEXT_FORMULA) || !b->len || !strchr("=+-@", b->data[0]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned flags = take_byte(&data, &size) & 0x3f;
	char *bytes = exact(data, size);
	struct buf safe = { 0 }, back = { 0 }, base64 = { 0 };
	size_t width, cut;

	text_safe(&safe, bytes, size, flags);
	plain_bytes(&safe, flags);
	promise(!text_unescape(&back, safe.data, safe.len));
	promise(back.len == size && !memcmp(buf_cstr(&back), bytes, size));
	promise(text_is_safe(bytes, size, flags) ==
		(safe.len == size && !memcmp(buf_cstr(&safe), bytes, size)));
	promise(text_is_safe(safe.data, safe.len, 0) == !memchr(buf_cstr(&safe), '\\', safe.len));
	for (size_t w = 0; w < 20; w++) {
		cut = text_cut(safe.data, safe.len, w, &width);
		promise(cut <= safe.len && width <= w);
		promise(width == text_width(safe.data, cut));
	}
	text_base64(&base64, bytes, size);
	promise(base64.len == (size + 2) / 3 * 4);
	buf_reset(&back);
	text_unescape(&back, bytes, size);
	text_glob(bytes, size / 2, bytes + size / 2, size - size / 2, flags & 1);
	buf_release(&safe);
	buf_release(&back);
	buf_release(&base64);
	free(bytes);
	return 0;
}
