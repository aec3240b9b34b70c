/* SPDX-License-Identifier: MIT */
/*
 * What one snapshot knows that the next need not ask for again: owners of sockets
 * that are still there, details of processes. Everything is copied, so the earlier one may go.
 */
#ifndef MODEL_CARRY_H
#define MODEL_CARRY_H

#include "model/snap.h"

struct carry {
	const struct lssock_snap *from;	/* sealed */
	struct lssock_snap *to;		/* its rows are there, owners not yet */
	uint16_t *spaces;		/* by namespace of from: its row in to, 0xffff: none */
	uint32_t *procs;		/* by process of from: its row in to, 0: not yet */
	uint32_t *rows;			/* by row of to: the same in from, LSSOCK_NONE: new */
	uint32_t n_rows;		/* of to, when they were compared */
	uint32_t n_there;		/* rows of from that were not closed by then */
	const uint8_t *alive;		/* by process of from: still there */
	uint32_t guess;			/* row of to that comes next, if nothing changed */
	uint32_t *now;			/* by row of from: the same in to; carry_again() */
};

/* Finds the rows that are in both; meta.fresh and meta.gone are set. alive may be
 * set later. 0 or -ENOMEM; release it in any case. */
int carry_init(struct carry *c, const struct lssock_snap *from, struct lssock_snap *to);
void carry_release(struct carry *c);
/* The owners of rows that had some and have the same inode, and what is in flight.
 * A row all of whose holders have ended is one nobody looked for. */
int carry_owners(struct carry *c);
/* Whether owners of a row must still be looked for: it is new, its inode is, or
 * those that held it are gone. Before or after carry_owners(). */
bool carry_misses(const struct carry *c, uint32_t row);
/* Command line, unit and so on of processes that are in both. */
int carry_details(struct carry *c);
/* Notes about processes, which stay true as long as nobody looks again. */
void carry_notes(struct carry *c);
/* A row of from that only a descriptor shows. Its row in to. */
uint32_t carry_fd_row(struct carry *c, uint32_t row);

/* Finds rows that came to `to` after carry_init() too, and what became of those of
 * from (now). 0 or -ENOMEM. */
int carry_again(struct carry *c);

void carry_users(struct carry *c);

/* Of a watch: rows of sockets that are closed. */
/* Row of a namespace of from in to, 0xffff: gone. */
uint16_t carry_space(const struct carry *c, uint16_t ns);
/* A row of from that is not in to, with name, interface and owners as they were
 * known; attrs: those of its end, NULL: as they were. Its row in to, LSSOCK_NONE:
 * its namespace is gone, or there is no memory. After linking. */
uint32_t carry_closed(struct carry *c, uint32_t row, const void *attrs, uint32_t len);

#endif
