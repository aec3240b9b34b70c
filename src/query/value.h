/* SPDX-License-Identifier: MIT */
/* Typed values: comparing, ordering, text; and sheets, anything printable. */
#ifndef QUERY_VALUE_H
#define QUERY_VALUE_H

#include "base/buf.h"
#include "lssock.h"

/* Three-valued logic. */
enum tri { TRI_NO, TRI_YES, TRI_UNKNOWN };
static inline enum tri tri_not(enum tri t) { return t == TRI_UNKNOWN ? t : t == TRI_NO; }
static inline enum tri tri_and(enum tri a, enum tri b)
{
	return a == TRI_NO || b == TRI_NO ? TRI_NO :
	       a == TRI_UNKNOWN || b == TRI_UNKNOWN ? TRI_UNKNOWN : TRI_YES;
}
static inline enum tri tri_or(enum tri a, enum tri b)
{
	return tri_not(tri_and(tri_not(a), tri_not(b)));
}

/* Setters fill kind and payload only (tmp is never cleared). */
void value_na(struct lssock_value *v);
void value_unknown(struct lssock_value *v);
void value_uint(struct lssock_value *v, uint64_t u);
void value_int(struct lssock_value *v, int64_t i);
void value_real(struct lssock_value *v, double r);
void value_bool(struct lssock_value *v, bool b);
void value_word(struct lssock_value *v, const char *word);	/* NULL: not applicable */
void value_text(struct lssock_value *v, const char *s, size_t len);
/* Computed text, built piece by piece in v->tmp; what does not fit is cut. */
void value_tmp(struct lssock_value *v);				/* TEXT, empty */
void value_tmp_put(struct lssock_value *v, const char *s, size_t len);
void value_tmp_puts(struct lssock_value *v, const char *s);
void value_tmp_u64(struct lssock_value *v, uint64_t u);
void value_tmp_hex(struct lssock_value *v, uint64_t u);		/* 0x… */

/* For sorting: NA and UNKNOWN last, whatever the direction is the caller's. */
int value_compare(const struct lssock_value *a, const struct lssock_value *b);
/* Key for grouping and equality: appends a byte string equal iff values are. */
void value_key(struct buf *b, const struct lssock_value *v);

/* Raw text of a value, units as given by `human` (18ms, 17K) or plain numbers
 * (18000, 17342). Not escaped; NA and UNKNOWN give nothing. */
void value_put_raw(struct buf *b, const struct lssock_value *v, bool human);
/* The same made safe: TEXT_* flags of base/text.h. NAME: @ for abstract. END:
 * "10.0.0.5:443", "[2001:db8::5]:443", "*:22", "10.0.0.5%eth0:53". */
void value_put(struct buf *b, const struct lssock_value *v, bool human, unsigned text_flags);

/* ---- sheets ------------------------------------------------------------- */

struct sheet_column {
	const char *name;		/* key of machine formats */
	const char *head;		/* table heading */
	enum lssock_nest nest;
	enum lssock_unit unit;
	bool right;			/* numbers: aligned right */
	uint8_t min;			/* narrowest sensible width in a table, 0: content */
	uint8_t give;			/* when narrow: 0 never cut, else higher is cut first */
	uint8_t cut;			/* how: 'e' at the end, 'm' in the middle */
	bool of_proc;			/* the same for all that one process holds */
};

enum sheet_kind {
	SHEET_SOCKETS, SHEET_GROUPS, SHEET_NETNS, SHEET_SUMMARY, SHEET_FIELDS,
	SHEET_SERVICES, SHEET_FINDINGS, SHEET_UNJUDGED, SHEET_CHECKS, SHEET_METRICS, SHEET_DIFF
};

struct lssock_sheet {
	enum sheet_kind kind;
	uint32_t n_rows, n_columns;
	const struct sheet_column *columns;
	struct lssock_snap *snap;	/* for notes and meta; may be NULL */
	struct lssock_snap *before;	/* what it is compared with, or NULL */
	/* Value of a cell. sub: which owner of subs(), 0: the first. */
	void (*cell)(const struct lssock_sheet *s, uint32_t row, uint32_t sub, uint32_t col,
		     struct lssock_value *ret);
	/* Owners of a row (SHEET_SOCKETS); NULL: rows have no owners. */
	uint32_t (*subs)(const struct lssock_sheet *s, uint32_t row);
	/* Row in procs[] of such an owner, 0: none, or not known; may be NULL. */
	uint32_t (*proc)(const struct lssock_sheet *s, uint32_t row, uint32_t sub);
	/* The snapshot's row behind a row, LSSOCK_NONE: none. */
	uint32_t (*origin)(const struct lssock_sheet *s, uint32_t row);
	void (*free)(struct lssock_sheet *s);
	/* May be told of each row that is asked for soon after the others: in order, rows
	 * lie all over the memory. NULL: no use. */
	void (*expect)(const struct lssock_sheet *s, uint32_t row);
	/* A copy for another thread; it must not outlive this one. NULL: no memory.
	 * Sheets without it are for one thread at a time. */
	struct lssock_sheet *(*twin)(const struct lssock_sheet *s);
	/* More of the same document, freed with this one: JSON writes its rows too. */
	struct lssock_sheet *next;
	bool incomplete;		/* for a reason that is no note of the snapshot */
	bool owners_asked;
	bool has_nest[5];		/* by lssock_nest: JSON writes owners, tcp, mem, peer */
	void *ctx;
};

#endif
