/* SPDX-License-Identifier: MIT */
/*
 * Between parse.c (text, precedence) and bind.c (fields, types): the parser
 * hands over each condition as words with positions, bind makes the nodes.
 */
#ifndef QUERY_PARSE_H
#define QUERY_PARSE_H

#include "query/filter.h"

#define NODE_NONE UINT32_MAX		/* failed: err is set */
#define PARSE_TEXT_MAX (64u << 10)
#define PARSE_NODES_MAX 4096
#define PARSE_OPERANDS_MAX 16384
#define PARSE_DEPTH_MAX 200		/* of the tree */
#define PARSE_PARENS_MAX 250		/* of the text: parentheses and nots */
#define PARSE_REGEX_MAX 1024

struct parse {
	struct filter *f;
	const char *text;
	uint32_t len, at;
	uint32_t flags;			/* LSSOCK_Q_RESOLVE, LSSOCK_Q_ACT */
	uint32_t depth;
	struct lssock_err *err;
	struct buf shown;		/* user text in a message, made safe */
	int code;			/* 0, or why it failed */
};

/* One value, escapes and quotes undone. */
struct word {
	const char *s;			/* owned by the filter, NUL-terminated */
	size_t len;
	uint32_t pos, end;
	bool glob;			/* has a * outside of quotes */
	bool at;			/* begins with an @ that is not escaped */
};
struct words { VEC(struct word); };

uint32_t parse_filter(struct parse *p);
/* Fails with a message at pos; the first failure stays. Returns NODE_NONE. */
uint32_t parse_fail(struct parse *p, uint32_t pos, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
uint32_t parse_no_memory(struct parse *p);
/* User text to echo: safe, cut. Valid until the next call. */
const char *parse_shown(struct parse *p, const char *s, size_t len);
/* A new node; NODE_NONE on failure. */
uint32_t parse_node(struct parse *p, enum node_kind kind, uint32_t a, uint32_t b);
/* A part more of a chain. Chains lean to the right, so that evaluating one is a
 * loop: the part hangs below *tail, the last joining node (NODE_NONE at first). */
uint32_t parse_join(struct parse *p, enum node_kind kind, uint32_t root,
		    uint32_t *tail, uint32_t part);
/* A copy that lives as long as the filter, NULL: no memory. */
const char *parse_keep(struct parse *p, const char *s, size_t len);

/* key OP words */
uint32_t bind_compare(struct parse *p, const struct word *key, enum cmp_op op,
		      const struct word *w, uint32_t n);
/* A comparison of a known field; the words are of its type. */
uint32_t bind_field(struct parse *p, const struct field *f, enum cmp_op op,
		    const struct word *w, uint32_t n);
/* The same with one operand made by the caller. */
uint32_t bind_made(struct parse *p, const struct field *f, const struct operand *o);
/* a joined with b; NODE_NONE if either is. */
uint32_t bind_join(struct parse *p, enum node_kind kind, uint32_t a, uint32_t b);
uint32_t bind_not(struct parse *p, uint32_t a);
/* An end of a socket: side 'l' local, 'r' remote. */
uint32_t bind_side(struct parse *p, char side, enum cmp_op op, const struct word *w,
		   uint32_t n);
/* operand.c: one word as an operand of the field's type. */
bool bind_operand(struct parse *p, const struct field *f, enum cmp_op op,
		  const struct word *w, struct operand *o);
bool bind_is_text(const struct field *f);	/* compared as bytes */
/* The same word, case-blind, - and _ alike. */
bool bind_same_word(const char *a, const char *s, size_t len);
bool bind_port(struct parse *p, const struct word *w, struct operand *ret);
bool bind_address(struct parse *p, const char *s, size_t len, struct lssock_addr *ret);
/* A term that is no comparison: address, end, port, path or plain word. Gives
 * NODE_NONE without failing when the text is none of the first four. */
uint32_t bind_endpoint(struct parse *p, const struct word *w);
uint32_t bind_path(struct parse *p, const struct word *w, uint32_t n);
uint32_t bind_word(struct parse *p, const struct word *w);
/* ss: state A state B exclude C, as sets of states. */
bool bind_states(struct parse *p, const struct word *w, uint32_t *ret_states);
uint32_t bind_state_sets(struct parse *p, uint32_t states, uint32_t excluded);

/* resolve.c: through NSS, only with LSSOCK_Q_RESOLVE. */
#define RESOLVE_MAX 64
bool resolve_service(const char *s, size_t len, uint64_t *ret_port);
unsigned resolve_host(const char *s, size_t len, struct lssock_addr ret[RESOLVE_MAX]);
/* The built-in service names, one by one from *i = 0; NULL: no more. */
const char *bind_service(uint32_t *i, uint16_t *ret_port);

/* Indexes of filter.known. */
enum known_field {
	K_STATE, K_PROTO, K_LPORT, K_RPORT, K_LADDR, K_RADDR, K_PROC, K_UNIT,
	K_CONTAINER, K_USER, K_PUSER, K_PATH, K_DIR, K_PID, K_PUID, K_N
};
_Static_assert(K_N <= 16, "filter.known");

#endif
