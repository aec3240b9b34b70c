/* SPDX-License-Identifier: MIT */
/* What json.c and member.c share: an object that is being written. */
#ifndef OUT_JSON_H
#define OUT_JSON_H

#include "out/memo.h"

struct json_column {
	struct memo memo;
	uint32_t name_len;
};

struct json {
	const struct lssock_sheet *sheet;
	struct buf *b;			/* of the sink, or of a slice */
	struct buf tmp;
	bool comma;			/* something stands before in this object */
	uint32_t peer, why;		/* columns, or n_columns */
	uint32_t proc;			/* whose object was the last in owners, 0: nobody's */
	uint32_t own_from, own_to;	/* columns of owners are among these */
	bool owners, tcp, mem, flat;
	struct json_column *columns;	/* NULL: nothing is remembered */
};

/* ---- member.c ------------------------------------------------------------- */

void json_key_of(struct json *j, const char *name, size_t len);
/* Inline, so that the length of a literal is known. */
static inline void json_key(struct json *j, const char *name)
{
	json_key_of(j, name, strlen(name));
}
void json_open(struct json *j);
void json_close(struct json *j);
void json_element(struct json *j, bool first);	/* starts an object in an array */
static inline void json_null(struct json *j, const char *name)
{
	json_key(j, name);
	buf_put(j->b, "null", 4);
}
static inline void json_u64(struct json *j, const char *name, uint64_t v)
{
	json_key(j, name);
	buf_u64(j->b, v);
}
static inline void json_id(struct json *j, const char *name, uint64_t v)	/* 0: null */
{
	if (v)
		json_u64(j, name, v);
	else
		json_null(j, name);
}
void json_word(struct json *j, const char *name, const char *word);	/* NULL: null */
void json_bool(struct json *j, const char *name, bool v);
void json_str(struct json *j, const char *name, uint32_t id);	/* of the snapshot */
void json_value(struct json *j, const char *name, size_t name_len, struct lssock_value *v);

#endif
