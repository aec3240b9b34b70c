/* SPDX-License-Identifier: MIT */
/*
 * Everything a user can name. One table (fieldtab.c) feeds columns, filter,
 * sort, group, JSON keys, help, man pages and completion.
 */
#ifndef QUERY_FIELD_H
#define QUERY_FIELD_H

#include "model/snap.h"
#include "query/value.h"
#include "wire/diag.h"

/* What must be collected for a field (bits, or-ed into the plan). */
#define NEED_OWNERS	0x0001
#define NEED_PROC	0x0002	/* details of owners: which of them, say those below */
#define NEED_FILE	0x0004	/* state, owner, mode of unix files */
#define NEED_VIA	0x0008	/* listeners */
#define NEED_PEER	0x0010	/* the other end's row */
#define NEED_NETNS	0x0020	/* namespaces' names */
#define NEED_IFACE	0x0040	/* names of interfaces */
#define NEED_ADDRS	0x0080	/* addresses of interfaces (scope of %dev, peers) */
#define NEED_USERS	0x0100
#define NEED_AUTOBOUND	0x0200
#define NEED_CLIENTS	0x0400
#define NEED_WHY	0x0800	/* the second look */
#define NEED_PORTRANGE	0x1000
#define NEED_CGROUP	0x2000	/* path of the socket's cgroup id */
#define NEED_COUNTERS	0x4000	/* sockstat */
#define NEED_STATE	0x8000	/* kernel state or family decides the value: for pruning */
#define NEED_UNIX_PEER	0x10000	/* as NEED_PEER, of unix sockets alone */
#define NEED_FDS	0x20000	/* with NEED_PROC: how many files are open, and may be */
#define NEED_CMD	0x40000	/* with NEED_PROC: command line */
#define NEED_EXE	0x80000	/* with NEED_PROC: the program */
#define NEED_UNIT	0x100000	/* with NEED_PROC: unit, container, pod */
#define NEED_TRACK	0x200000	/* what only a watch knows */
#define NEED_LISTEN_COUNTERS 0x400000 /* overflows and drops of namespaces, unpriv_port */
#define NEED_EXE_FILE	0x800000	/* with NEED_PROC: what the program's file is now */
#define NEED_UNITS	0x1000000	/* unit files of sockets that pid 1 holds */
#define NEED_NAT	0x2000000	/* ports that the kernel passes on */
#define NEED_PORT_USE	0x4000000	/* every connection of TCP, for the ports it takes */
#define NEED_HOSTS	0x8000000	/* names of hosts, by NSS */
#define NEED_SERVICES	0x10000000	/* and of services */
#define NEED_DETAILS	(NEED_PROC | NEED_FDS | NEED_CMD | NEED_EXE | NEED_UNIT)

enum field_type {
	FT_BOOL, FT_UINT, FT_INT, FT_REAL, FT_SIZE, FT_RATE, FT_DURATION, FT_TIME,
	FT_WORD,			/* one of field.words */
	FT_TEXT, FT_NAME, FT_ADDR, FT_PORT, FT_STATE, FT_END
};

/* Raw attribute data: `len` bytes at `off` of attribute `attr` of `cls`. */
struct field_raw {
	uint8_t cls;			/* enum diag_class */
	uint8_t attr;
	uint16_t off;
	uint8_t len; /* 1 2 4 8; 0: no raw part; with a getter: what it needs */
	uint8_t shift, bits;		/* bits > 0: that bit field */
};

struct field {
	const char *name, *head, *help, *group;
	enum field_type type;
	enum lssock_unit unit;
	enum lssock_nest nest;
	uint8_t width;			/* least width in a table, 0: content */
	uint8_t give, cut;		/* see struct sheet_column */
	uint32_t needs;
	uint32_t protos;		/* applicable to these; 0: all */
	uint32_t states;		/* applicable in these lssock_states; 0: all */
	struct field_raw raw;
	uint32_t scale;			/* raw value is multiplied by it; 0: 1 */
	uint64_t none;			/* raw value that means null; 0: none such … */
	bool has_none;			/* … unless this is set */
	bool filter_only;		/* port, addr: either end */
	bool table_only;		/* local, remote, process: made for tables */
	const char *const *words;	/* FT_WORD: NULL-terminated */
	void (*get)(const struct field *f, const struct lssock_snap *s, uint32_t row,
		    uint32_t owner, struct lssock_value *ret);	/* NULL: raw alone */
};

extern const struct field field_table[];
extern const uint32_t field_count;

const struct field *field_find(const char *name, size_t len);	/* NULL: none */
/* Nearest name for "did you mean", NULL. */
const char *field_nearest(const char *name, size_t len);
/* Value for (row, owner row or 0). Owner fields of a row without owners are NA,
 * UNKNOWN or LATER (meta.owners_asked), by its `why`. */
void field_get(const struct field *f, const struct lssock_snap *s, uint32_t row,
	       uint32_t owner, struct lssock_value *ret);
/* The value by the field's name as a person reads it, not escaped; "?" where it is not
 * known, "-" where it does not apply. */
void field_put(const struct lssock_snap *s, uint32_t row, uint32_t owner, const char *name,
	       struct buf *b);
/* Or-s the attributes that the field reads, of every class, into keep (bit =
 * attribute type): memory fields read another attribute in each family. */
void field_keep(const struct field *f, uint32_t keep[DIAG_N_CLASS]);
/* Listening, or a bound datagram or raw socket that takes from anybody. */
bool field_listens(const struct lssock_sock *k);
/* A closed socket, of which a watch keeps the last that was known. */
static inline bool field_is_closed(const struct lssock_snap *s, uint32_t row)
{
	return s->tracks.n && row >= s->there;
}
/* What a watch knows of a row; NULL: this is no snapshot of a watch. */
static inline const struct lssock_track *field_track(const struct lssock_snap *s, uint32_t row)
{
	return row < s->tracks.n ? &s->tracks.v[row] : NULL;
}
/* First plain owner (how FD) of a row, 0: none. */
uint32_t field_owner(const struct lssock_snap *s, const struct lssock_sock *k);
/* Sets to ask: default columns by layout and width, and what -e -i -m -o add
 * (names, NULL-terminated). */
const char *const *field_defaults(const struct lssock_question *q);
/* For LSSOCK_Q_INFO with LSSOCK_Q_FULLEST: every tcp field, else the common ones. */
const char *const *field_option_group(uint32_t question_flags);

#endif
