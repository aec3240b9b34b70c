/* SPDX-License-Identifier: MIT */
/* OSC 52, and how it gets through what lies between us and the terminal. Writes to
 * nobody: the bytes are the caller's. */
#include "live/clip.h"

#include "base/text.h"

#define BASE64_MAX 74994u	/* what terminals take at least */
#define SCREEN_CHUNK 200u	/* GNU screen lets no longer strings through */

static bool is_named(const char *term, const char *family)
{
	return !strncmp(term, family, strlen(family));
}

/* tmux wants every ESC inside doubled. */
static void put_for_tmux(struct buf *out, const char *s, size_t len)
{
	buf_puts(out, "\033Ptmux;");
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\033')
			buf_putc(out, '\033');
		buf_putc(out, s[i]);
	}
	buf_puts(out, "\033\\");
}

static void put_for_screen(struct buf *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i += SCREEN_CHUNK) {
		buf_puts(out, "\033P");
		buf_put(out, s + i, len - i < SCREEN_CHUNK ? len - i : SCREEN_CHUNK);
		buf_puts(out, "\033\\");
	}
}

void clip_put(struct buf *out, const char *term, bool known, const char *text, size_t len)
{
	bool tmux = is_named(term, "tmux"), screen = is_named(term, "screen");
	struct buf b = { 0 };

	if (len > BASE64_MAX / 4 * 3 ||
	    !(known || tmux || screen || is_named(term, "xterm")))
		return;
	buf_puts(&b, "\033]52;c;");
	text_base64(&b, text, len);
	/* BEL and not ESC \, which would end what wraps it. */
	buf_putc(&b, '\a');
	if (b.failed)
		out->failed = true;
	/* tmux takes it itself or hands it on, as it is configured; TERM may say screen. */
	buf_put(out, b.data, b.len);
	if (tmux)
		put_for_tmux(out, b.data, b.len);
	else if (screen)
		put_for_screen(out, b.data, b.len);
	buf_release(&b);
}
