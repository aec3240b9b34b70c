/* SPDX-License-Identifier: MIT */
/* The way out: messages on stderr, bytes on stdout or into the file of --output, and
 * what was lost there. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"
#include "cli/cli.h"

/* say.c's only state. */
static struct {
	int lost;		/* first error of writing */
	const char *path;	/* of the file, NULL: stdout */
	struct io_file file;
} out;

void say(const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int n, r;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof(line) - 1)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	r = io_write_all(STDERR_FILENO, "lssock: ", 8);
	if (r == 0)
		io_write_all(STDERR_FILENO, line, (size_t)n);
}

const char *safe(struct buf *b, const char *text)
{
	buf_reset(b);
	text_safe(b, text, strlen(text), 0);
	return buf_cstr(b);
}

/* The text, and a caret below its byte `pos`. */
static void put_caret(const char *text, size_t len, size_t pos)
{
	struct buf head = { 0 }, line = { 0 };

	text_safe(&head, text, pos, 0);
	buf_puts(&line, "  ");
	text_safe(&line, text, len, 0);
	buf_puts(&line, "\n  ");
	buf_fill(&line, ' ', text_width(head.data, head.len));
	buf_puts(&line, "^\n");
	if (!line.failed)
		io_write_all(STDERR_FILENO, line.data, line.len);
	buf_release(&head);
	buf_release(&line);
}

void say_filter(const char *text, const struct lssock_err *err)
{
	say("%s", err->msg);
	if (err->pos >= 0 && text && (size_t)err->pos <= strlen(text))
		put_caret(text, strlen(text), (size_t)err->pos);
}

void say_fault(const char *file, const struct lssock_fault *f)
{
	struct buf b = { 0 };

	say("%s:%u:%u: %s", safe(&b, file), f->line, f->column, f->msg);
	buf_release(&b);
	if (f->column && f->column - 1 <= f->len)
		put_caret(f->text, f->len, f->column - 1);
}

/* Whether two notes say the same of two things. */
static bool notes_alike(const struct lssock_note *a, const struct lssock_note *b)
{
	const uint32_t kinds = 1u << LSSOCK_NOTE_FALLBACK | 1u << LSSOCK_NOTE_UNLISTABLE |
		1u << LSSOCK_NOTE_DUMP_FAILED;

	return kinds & 1u << a->kind && a->kind == b->kind && a->err == b->err &&
	       a->ns == b->ns;
}

/* "tcp, udp, raw sockets were read …": of the notes from notes[0] on that are
 * alike, as one sentence. Returns how many they are. */
static uint32_t put_notes(struct buf *b, const struct lssock_snap *s,
			  const struct lssock_note *notes, uint32_t n)
{
	char text[320], *at = NULL;
	size_t len = lssock_note_text(s, notes, text, sizeof(text)), what_len = 0;
	const char *what = lssock_string(s, notes->what, &what_len), *next;
	uint32_t i = 1;

	len = len < sizeof(text) ? len : sizeof(text) - 1;
	if (what && what_len)
		at = memmem(text, len, what, what_len);
	if (!at) {
		buf_put(b, text, len);
		return i;
	}
	at += what_len;
	buf_put(b, text, (size_t)(at - text));
	for (; i < n && notes_alike(notes, &notes[i]); i++) {
		next = lssock_string(s, notes[i].what, &what_len);
		buf_puts(b, ", ");
		text_safe(b, next, next ? what_len : 0, 0);
	}
	buf_put(b, at, len - (size_t)(at - text));
	return i;
}

/* Of what only informs, this alone is about what one sees. */
static void say_late_names(const struct lssock_snap *s)
{
	uint32_t n, i;
	const struct lssock_note *notes = lssock_notes(s, &n);
	char text[320];

	for (i = 0; i < n; i++)
		if (notes[i].kind == LSSOCK_NOTE_NAMES_LATE) {
			lssock_note_text(s, &notes[i], text, sizeof(text));
			say("%s", text);
		}
}

void say_notes(const struct lssock_snap *s)
{
	say_notes_of("", s);
}

void say_notes_of(const char *whose, const struct lssock_snap *s)
{
	struct buf b = { 0 };
	uint32_t n, i, shown = 0;
	const struct lssock_note *notes = lssock_notes(s, &n);

	for (i = 0; i < n; ) {
		if (!lssock_note_incomplete(&notes[i])) {
			i++;
			continue;
		}
		if (shown++ == 4) {
			buf_puts(&b, "; and more (see \"notes\" of --json)");
			break;
		}
		buf_puts(&b, shown > 1 ? "; " : "");
		i += put_notes(&b, s, &notes[i], n - i);
	}
	if (shown)
		say("%sincomplete: %s", whose, buf_cstr(&b));
	buf_release(&b);
	say_late_names(s);
}

static void lose(int err)
{
	struct buf b = { 0 };

	if (out.lost)
		return;
	out.lost = -err;
	if (out.path)
		say("%s: %s; it was left as it was", safe(&b, out.path), strerror(-err));
	else if (err != -EPIPE)
		say("output lost: %s", strerror(-err));
	buf_release(&b);
}

int put(const void *bytes, size_t len)
{
	int r = out.lost ? -out.lost :
		io_write_all(out.path ? out.file.fd : STDOUT_FILENO, bytes, len);

	if (r < 0)
		lose(r);
	return r < 0 ? EXIT_FAILED : 0;
}

int put_write(void *ctx, const void *bytes, size_t len)
{
	(void)ctx;
	return put(bytes, len) ? -out.lost : 0;
}

int put_into(const char *path)
{
	mode_t mask = umask(0);
	struct buf b = { 0 };
	int r;

	umask(mask);
	r = io_file_open(&out.file, path, 0644 & ~mask);
	if (r == 0)
		out.path = path;
	else
		say("%s: %s", safe(&b, path), r == -ELOOP ? "a symbolic link is not replaced" :
		    r == -EINVAL ? "not a plain file" : strerror(-r));
	buf_release(&b);
	return r < 0 ? EXIT_FAILED : 0;
}

void put_done(bool keep)
{
	int r;

	if (!out.path)
		return;
	r = io_file_close(&out.file, keep && !out.lost);
	if (r < 0)
		lose(r);
}

int put_buf(struct buf *b)
{
	int r = put(b->data, b->len);

	if (b->failed) {
		say("out of memory");
		r = EXIT_FAILED;
	}
	buf_reset(b);
	return r;
}

int put_error(void)
{
	return out.lost;
}
