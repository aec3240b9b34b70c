/* SPDX-License-Identifier: MIT */
/* Lines of the texts that users write, and telling what is wrong in them. */
#include <stdarg.h>
#include <stdio.h>

#include "audit/audit.h"

#define LINE_MAX 8192

void lines_fault(struct lines *l, size_t column, const char *fmt, ...)
{
	struct lssock_fault f = { .line = l->number, .column = (uint32_t)column + 1,
				  .text = l->at, .len = l->len };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f.msg, sizeof(f.msg), fmt, ap);
	va_end(ap);
	l->faults++;
	if (l->fault)
		l->fault(l->ctx, &f);
}

/* A line that cannot be one is told of and taken for an empty one. */
static void check_line(struct lines *l)
{
	const char *nul = l->len ? memchr(l->at, '\0', l->len) : NULL;

	if (nul) {
		lines_fault(l, (size_t)(nul - l->at), "a NUL byte: this is no text");
		l->len = 0;
	} else if (l->len > LINE_MAX) {
		l->len = LINE_MAX;
		lines_fault(l, LINE_MAX, "the line is longer than %d bytes", LINE_MAX);
		l->len = 0;
	}
}

bool lines_next(struct lines *l)
{
	const char *newline;
	size_t left = (size_t)(l->end - l->text);

	if (!left)
		return false;
	newline = memchr(l->text, '\n', left);
	l->at = l->text;
	l->len = newline ? (size_t)(newline - l->text) : left;
	l->text = newline ? newline + 1 : l->end;
	l->number++;
	if (l->len && l->at[l->len - 1] == '\r')	/* written on another system */
		l->len--;
	check_line(l);
	return true;
}
