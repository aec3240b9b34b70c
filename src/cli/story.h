/* SPDX-License-Identifier: MIT */
/* The story of a port: what its two halves share. service.c tells of one
 * service, story.c of the question and all that is left. */
#ifndef CLI_STORY_H
#define CLI_STORY_H

#include "cli/cli.h"

#define MAX_NAMED 5	/* clients, holders named one by one */

struct story {
	struct cli *c;
	struct cli_answer a;
	const struct lssock_sock *socks;
	const struct lssock_owner *owners;
	const struct lssock_proc *procs;
	const struct lssock_ns *ns;
	const uint32_t *rows;
	uint32_t n_rows, n_ns, n_procs;
	uint32_t port;			/* 0: a path */
	const char *path;
	uint32_t n_socks;
	uint8_t *told;			/* by row of the snapshot */
	uint32_t told_protos, one_proto;	/* bits of lssock_proto; 0: any */
	struct buf out;
};

/* A few texts, each once, with how often. */
struct names {
	struct { char text[120]; uint32_t n; } v[MAX_NAMED];
	uint32_t n, others;
};

/* ---- service.c ------------------------------------------------------------- */

void story_field(struct story *st, uint32_t row, uint32_t owner, const char *name);
void story_process(struct story *st, uint32_t proc);
void story_line(struct story *st, const char *label);
bool story_on_port(const struct story *st, const struct lssock_sock *k);
bool story_is_service(const struct lssock_sock *k);
/* The next plain owner from owner row o on, 0: none. */
uint32_t story_owner(const struct story *st, uint32_t o);
/* Takes what was added to the output since `at`. */
void name_add(struct names *names, struct buf *b, size_t at);
void put_names(struct buf *b, const struct names *names);
/* The service whose first socket is at this place in rows; those of its sockets
 * and of their other ends are told by it. */
void story_service(struct story *st, uint32_t first);
/* How to stop it. */
void story_stop(struct story *st, uint32_t row);

#endif
