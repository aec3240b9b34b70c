/* SPDX-License-Identifier: MIT */
/*
 * The one gate between bytes that others chose and anything a person or a
 * program reads: process names, paths, interface names, what a user typed and
 * gets back in a message. Reversible and injective: unsafe bytes become \xNN,
 * a backslash \\ . Unsafe: C0, DEL, C1, invalid UTF-8, bidi controls, line and
 * paragraph separators, zero-width, tag and other invisible format characters,
 * unassigned or private planes, and a combining mark at the start of the text
 * (it would change what is printed before it).
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buf.h"

#define TEXT_BLANK 0x01	/* blanks of any kind too: tables that are split at them */
#define TEXT_AT    0x02	/* a leading @ too (an @ of ours stands for an abstract name) */
#define TEXT_SEMI  0x04	/* ; too (CSV lists) */
#define TEXT_FORMULA 0x08 /* a leading = + - @ too (spreadsheets) */
#define TEXT_COMMA 0x10	/* , too */
#define TEXT_ASCII 0x20	/* every byte above 0x7e too (a locale that is not UTF-8) */

void text_safe(struct buf *out, const void *bytes, size_t len, unsigned flags);
/* True if text_safe(…, flags) would give the same bytes. */
bool text_is_safe(const void *bytes, size_t len, unsigned flags);
/* The inverse. -EINVAL: not something text_safe gives. */
int text_unescape(struct buf *out, const char *s, size_t len);

/* Columns that safe text takes on a terminal (East Asian wide = 2, combining
 * marks = 0; own table, no locale needed). */
size_t text_width(const char *s, size_t len);
/* Length of the longest head of s of at most `width` columns that ends between
 * characters and not inside a \xNN; *ret_width: its columns. */
size_t text_cut(const char *s, size_t len, size_t width, size_t *ret_width);

/* Copies safe text to out, cut between characters and not inside a \xNN, always
 * NUL-terminated if size > 0, and releases the buffer. The length. */
size_t text_out(struct buf *b, char *out, size_t size);

/* The character at s (len > 0): returns its length; *ret: 0 if text_safe() would not
 * leave it as it is (a byte that is none, a control …), *ret_width: its columns. */
size_t text_char(const char *s, size_t len, uint32_t *ret, unsigned *ret_width);
/* A character as UTF-8, its length. */
size_t text_encode(uint32_t c, char s[4]);

/* Base64 of the bytes (JSON twins). */
void text_base64(struct buf *out, const void *bytes, size_t len);
/* Edit distance, for "did you mean"; ASCII case-blind; > limit gives limit + 1. */
unsigned text_distance(const char *a, const char *b, unsigned limit);
/* Glob over raw bytes: * any run, nothing else is special; case_blind for ASCII. */
bool text_glob(const char *pattern, size_t plen, const char *s, size_t len, bool case_blind);

#endif
