/* SPDX-License-Identifier: MIT */
/* Lines and words of kernel texts: (pointer, length), never past the end. */
#ifndef WIRE_LINES_H
#define WIRE_LINES_H

#include <stdbool.h>
#include <string.h>

#include "base/num.h"

struct slice { const char *p; size_t len; };

/* Takes the next line off `text`, without its newline. */
static inline bool line_next(struct slice *text, struct slice *ret)
{
	const char *nl = text->len ? memchr(text->p, '\n', text->len) : NULL;

	if (!text->len)
		return false;
	ret->p = text->p;
	ret->len = nl ? (size_t)(nl - text->p) : text->len;
	text->p += ret->len + (nl != NULL);
	text->len -= ret->len + (nl != NULL);
	return true;
}

/* Takes the next word off a line; the blanks before it are dropped. */
static inline bool word_next(struct slice *line, struct slice *ret)
{
	while (line->len && (*line->p == ' ' || *line->p == '\t')) {
		line->p++;
		line->len--;
	}
	ret->p = line->p;
	while (line->len && *line->p != ' ' && *line->p != '\t') {
		line->p++;
		line->len--;
	}
	ret->len = (size_t)(line->p - ret->p);
	return ret->len > 0;
}

/* Takes what is before the separator (or all that is left) off `text`. */
static inline bool part_next(struct slice *text, char separator, struct slice *ret)
{
	const char *at = text->len ? memchr(text->p, separator, text->len) : NULL;

	if (!text->p)
		return false;
	ret->p = text->p;
	ret->len = at ? (size_t)(at - text->p) : text->len;
	if (at) {
		text->len -= ret->len + 1;
		text->p = at + 1;
	} else {
		*text = (struct slice){ 0 };
	}
	return true;
}

static inline bool slice_is(struct slice s, const char *text)
{
	return s.len == strlen(text) && !memcmp(s.p, text, s.len);
}

/* Takes the prefix off, if it is there. */
static inline bool slice_skip(struct slice *s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (s->len < n || memcmp(s->p, prefix, n))
		return false;
	s->p += n;
	s->len -= n;
	return true;
}

static inline bool slice_drop(struct slice *s, const char *suffix)
{
	size_t n = strlen(suffix);

	if (s->len < n || memcmp(s->p + s->len - n, suffix, n))
		return false;
	s->len -= n;
	return true;
}

static inline bool slice_u64(struct slice s, uint64_t max, uint64_t *ret)
{
	return num_u64(s.p, s.len, max, ret);
}

static inline bool word_u64(struct slice *line, uint64_t max, uint64_t *ret)
{
	struct slice w;

	return word_next(line, &w) && slice_u64(w, max, ret);
}

#endif
