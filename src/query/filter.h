/* SPDX-License-Identifier: MIT */
/*
 * The filter language: text -> nodes (parse) -> bound and typed (bind) ->
 * three-valued evaluation; canonical text; see lssock-filter(7).
 */
#ifndef QUERY_FILTER_H
#define QUERY_FILTER_H

#include "query/field.h"

enum node_kind {
	NODE_AND, NODE_OR, NODE_NOT,
	NODE_CMP,			/* field OP operand */
	NODE_HAS,			/* has:field */
	NODE_WORD,			/* bare word: substring in several fields */
	NODE_IS,			/* is:word; field: which, see filter_is */
	NODE_ALL			/* matches everything */
};
enum cmp_op { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_MATCH /* ~ */, OP_NOMATCH };

enum filter_is {
	IS_LISTEN, IS_ESTAB, IS_LOOPBACK, IS_INBOUND, IS_OUTBOUND, IS_UNOWNED,
	IS_MINE, IS_NEW, IS_CLOSED, IS_PROBLEM, IS_N
};

struct operand {			/* one of a list or range */
	uint8_t is_range;
	bool glob;			/* text has a * that is not quoted */
	bool masked;			/* hi.u is a mask of lo.u */
	struct lssock_value lo, hi;
	uint32_t states;		/* FT_STATE: set of states */
	const char *text; size_t len;	/* FT_TEXT, FT_NAME, words: raw bytes, globs allowed */
	void *regex;			/* regex_t for ~ */
};

struct node {
	enum node_kind kind;
	enum cmp_op op;
	uint32_t a, b;			/* children of AND, OR, NOT */
	int field;			/* index in field_table, -1 */
	uint32_t first, count;		/* operands */
	uint32_t pos, end;		/* in the text */
};

struct filter {
	char *text;			/* what was typed */
	VEC(struct node) nodes;
	VEC(struct operand) operands;
	VEC(char *) strings;		/* owned text of operands */
	uint32_t root;
	uint32_t needs;			/* or of NEED_* */
	uint32_t keep[DIAG_N_CLASS];	/* attributes its fields read */
	uint32_t states_named;		/* states the text speaks of (shows hidden ones) */
	uint32_t protos_named;		/* protocols it speaks of or needs (path: -> unix) */
	bool names_netns;		/* netns: container: pid: -> all namespaces */
	bool closed;			/* it speaks of closed sockets: these are rows too */
	bool per_owner;			/* some term differs between owners */
	const struct field *known[16];	/* fields that words and is: look at */
};

/* Questions of a watch: fields that NEED_TRACK and is:new and the like fit them alone. */
#define FILTER_WATCHES (LSSOCK_Q_WATCH | LSSOCK_Q_CLOSED)
/* Parses and binds. text NULL or blank: everything. flags: LSSOCK_Q_RESOLVE, and those. */
int filter_new(const char *text, uint32_t flags, struct filter **ret, struct lssock_err *err);
void filter_free(struct filter *f);
/* Canonical text: parses to an equal filter. */
void filter_print(const struct filter *f, struct buf *out);
/* Bytes as a value of a text field, quoted as needed; glob: every * stands for anything. */
void filter_put_text(struct buf *b, const struct field *f, const char *s, size_t len,
		     bool glob);
/* For one (row, owner) pair; owner 0: as a row without owners. */
enum tri filter_pair(const struct filter *f, const struct lssock_snap *s, uint32_t row,
		     uint32_t owner);
/* Over all pairs of a row: YES if one is, else UNKNOWN if one is, else NO. */
enum tri filter_row(const struct filter *f, const struct lssock_snap *s, uint32_t row);

/* Whether a row is a listening one, as -l and is:listen mean it. */
enum tri filter_listens(const struct lssock_snap *s, uint32_t row);
const char *filter_is_name(unsigned is);	/* NULL out of range */
/* What a field needs, or-ed in. */
void filter_add_needs(const struct field *f, uint32_t *needs, uint32_t keep[DIAG_N_CLASS]);

#endif
