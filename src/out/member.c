/* SPDX-License-Identifier: MIT */
/*
 * Members of JSON objects: keys, and values as strict JSON (RFC 8259). Text that
 * is not clean is escaped, and a twin key NAME_b64 carries its bytes. Which
 * members there are is decided in json.c.
 */
#include "out/json.h"

#include <math.h>

#include "base/num.h"
#include "base/text.h"

/* ---- strings and members -------------------------------------------------- */

/* Bytes that are safe text already: only " and \ are left to escape. */
static void put_escaped(struct buf *b, const char *s, size_t len)
{
	size_t i;

	buf_putc(b, '"');
	for (i = 0; i < len; i++) {
		if (s[i] == '"' || s[i] == '\\')
			buf_putc(b, '\\');
		buf_putc(b, s[i]);
	}
	buf_putc(b, '"');
}

static void put_string(struct buf *b, const char *s, size_t len)
{
	bool any = false;
	char *at;
	size_t i;

	for (i = 0; i < len; i++)
		any |= s[i] == '"' || s[i] == '\\';
	if (any) {
		put_escaped(b, s, len);
		return;
	}
	at = buf_add(b, len + 2);
	if (!at)
		return;
	*at++ = '"';
	if (len)
		memcpy(at, s, len);
	at[len] = '"';
}

/* Keys are most of what is written: one addition each. */
void json_key_of(struct json *j, const char *name, size_t len)
{
	size_t comma = j->comma;
	char *at = buf_add(j->b, comma + len + 3);

	j->comma = true;
	if (!at)
		return;
	*at = ',';
	at += comma;
	*at++ = '"';
	memcpy(at, name, len);
	memcpy(at + len, "\":", 2);
}

void json_open(struct json *j)
{
	buf_putc(j->b, '{');
	j->comma = false;
}

void json_close(struct json *j)
{
	buf_putc(j->b, '}');
	j->comma = true;
}

/* Starts an element of an array. */
void json_element(struct json *j, bool first)
{
	if (!first)
		buf_putc(j->b, ',');
	json_open(j);
}

void json_word(struct json *j, const char *name, const char *word)
{
	json_key(j, name);
	if (word)
		put_string(j->b, word, strlen(word));
	else
		buf_put(j->b, "null", 4);
}

void json_bool(struct json *j, const char *name, bool v)
{
	json_key(j, name);
	buf_puts(j->b, v ? "true" : "false");
}

/* The safe text in j->tmp. */
static void put_tmp(struct json *j)
{
	if (j->tmp.failed)
		j->b->failed = true;
	put_string(j->b, j->tmp.data, j->tmp.len);
}

static void put_b64(struct json *j, const char *name, size_t name_len, const void *raw,
		    size_t len)
{
	buf_puts(j->b, ",\"");
	buf_put(j->b, name, name_len);
	buf_puts(j->b, "_b64\":\"");
	text_base64(j->b, raw, len);
	buf_putc(j->b, '"');
}

static void put_text(struct json *j, const char *name, size_t name_len, const char *raw,
		     size_t len, uint32_t more)
{
	bool clean = text_is_safe(raw, len, 0);

	json_key_of(j, name, name_len);
	if (clean && !more) {
		put_string(j->b, raw, len);
		return;
	}
	buf_reset(&j->tmp);
	text_safe(&j->tmp, raw, len, 0);
	if (more) {
		buf_puts(&j->tmp, " +");
		buf_u64(&j->tmp, more);
	}
	put_tmp(j);
	if (!clean)
		put_b64(j, name, name_len, raw, len);
}

static void put_name(struct json *j, const char *name, size_t name_len,
		     const struct lssock_value *v)
{
	bool abstract = v->len && !v->s[0];
	bool clean = text_is_safe(v->s + abstract, v->len - abstract,
				  abstract ? 0 : TEXT_AT);

	json_key_of(j, name, name_len);
	buf_reset(&j->tmp);
	out_name(&j->tmp, v, 0);
	put_tmp(j);
	if (!clean)
		put_b64(j, name, name_len, v->s, v->len);
}

void json_str(struct json *j, const char *name, uint32_t id)
{
	size_t len;
	const char *s = strings_get(&j->sheet->snap->strings, id, &len);

	if (s)
		put_text(j, name, strlen(name), s, len, 0);
	else
		json_null(j, name);
}

static void put_real(struct json *j, double r)
{
	if (isfinite(r))
		num_put_real(j->b, r);
	else
		buf_put(j->b, "null", 4);
}

/* An end may have the name of an interface in it; the rest is ours alone. */
static void put_printed(struct json *j, struct lssock_value *v)
{
	if (v->kind == LSSOCK_V_END) {
		v->i = 0;		/* the direction is a key of its own */
		buf_reset(&j->tmp);
		value_put(&j->tmp, v, false, 0);
		put_tmp(j);
		return;
	}
	buf_putc(j->b, '"');
	if (v->kind == LSSOCK_V_TIME)
		num_put_time(j->b, v->u, true);
	else
		value_put(j->b, v, false, 0);
	buf_putc(j->b, '"');
}

static void put_plain(struct json *j, struct lssock_value *v)
{
	switch (v->kind) {
	case LSSOCK_V_BOOL:
		buf_puts(j->b, v->u ? "true" : "false");
		break;
	case LSSOCK_V_UINT:
		buf_u64(j->b, v->u);
		break;
	case LSSOCK_V_INT:
		buf_i64(j->b, v->i);
		break;
	case LSSOCK_V_REAL:
		put_real(j, v->r);
		break;
	case LSSOCK_V_WORD:
		put_string(j->b, v->s, v->len);
		break;
	case LSSOCK_V_TIME:
	case LSSOCK_V_ADDR:
	case LSSOCK_V_END:
		put_printed(j, v);
		break;
	case LSSOCK_V_TEXT:
	case LSSOCK_V_NAME:
	case LSSOCK_V_NA:
	case LSSOCK_V_UNKNOWN:
	case LSSOCK_V_LATER:
		buf_put(j->b, "null", 4);
		break;
	}
}

void json_value(struct json *j, const char *name, size_t name_len, struct lssock_value *v)
{
	if (v->kind == LSSOCK_V_TEXT) {
		put_text(j, name, name_len, v->s, v->len, v->more);
	} else if (v->kind == LSSOCK_V_NAME) {
		put_name(j, name, name_len, v);
	} else {
		json_key_of(j, name, name_len);
		put_plain(j, v);
	}
}
