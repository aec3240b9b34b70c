/* SPDX-License-Identifier: MIT */
/*
 * What a listener is, apart from what every start of it has anew (pid, inode, cookie,
 * number of descriptors): the lines of a baseline.
 */
#ifndef AUDIT_ENTRY_H
#define AUDIT_ENTRY_H

#include "audit/audit.h"

/* Where it listens, who does, how. In the order of a line. */
enum part {
	PART_NETNS, PART_PROTO, PART_TYPE, PART_PORT, PART_PATH, PART_ADDRESS, PART_SCOPE,
	PART_PROC, PART_EXE, PART_USER, PART_UNIT, PART_CONTAINER, PART_WHY, PART_TO,
	PART_OPTIONS,
	N_PART
};

/* Spans of entries.text, written as in a line. A part that is not there is "-". */
struct entry {
	struct span part[N_PART];
	struct span line;		/* all of them */
	size_t place;			/* length of its head: where, without address */
	uint32_t number;		/* of a baseline: its line */
	uint32_t service, row;		/* of what listens now; row NONE: of a nat */
	bool paired;
};

struct entries {
	VEC(struct entry) list;
	struct buf text;
	bool failed;			/* out of memory */
};

#define ENTRY_AUTO_PATH "-auto"	/* that the kernel chose; no name is written so */

void entries_release(struct entries *e);
/* One for each row of the services; those that are the same are one. Sorted. */
void entries_of_report(struct entries *e, const struct lssock_report *r);	/* listing.c */
/* Of a line "listener KEY=VALUE …": false, its faults were told of. */
bool entries_of_line(struct entries *e, struct lines *l);
/* By their lines; the same ones become one. 0 or -ENOMEM. */
int entries_sort(struct entries *e);

/* One more, without parts; NULL: no memory. Then its parts, then the end. */
struct entry *entry_begin(struct entries *e);
void entry_set(struct entries *e, struct entry *x, enum part part, const char *word);
void entry_set_value(struct entries *e, struct entry *x, enum part part,
		     const struct lssock_value *v);
/* Text that was put together, made safe as a whole; the buffer is empty afterwards. */
void entry_set_text(struct entries *e, struct entry *x, enum part part, struct buf *raw);
void entry_finish(struct entries *e, struct entry *x);

static inline const char *entry_part(const struct entries *e, const struct entry *x,
				     enum part part)
{
	return e->text.data + x->part[part].at;
}
/* "?": it was or is not known. "-": there is none. */
bool entry_is(const struct entries *e, const struct entry *x, enum part part, const char *word);
bool entry_same(const struct entries *e, const struct entry *x, const struct entries *f,
		const struct entry *y, enum part part);
/* Of where it listens, address left out: as memcmp. */
int entry_compare_place(const struct entries *e, const struct entry *x,
			const struct entries *f, const struct entry *y);
/* The part as it is, not as it is written; "none" if there is none. */
void entry_put_raw(const struct entries *e, const struct entry *x, enum part part,
		   struct buf *b);

#endif
