/* SPDX-License-Identifier: MIT */
/* What the two halves of acting share: act.c finds the targets and hits them,
 * tell.c says what they are and what became of them. */
#ifndef ENGINE_ACT_H
#define ENGINE_ACT_H

#include "engine/engine.h"

#define ACT_LISTENS 3		/* ports told of a target */

enum act_session { SESSION_SSH = 1, SESSION_ANCESTOR = 2 };

/* A target beside what everybody may know of it. */
struct act_hit {
	uint64_t done_ns;	/* io_now_ns() of the last try */
	uint32_t fact;		/* row in procs of the facts, 0: none */
	uint32_t parent;	/* likewise */
	uint32_t met;		/* row that was met last, plus 1 */
	uint32_t with;		/* shared sockets that end with all targets together */
	uint32_t listens[ACT_LISTENS];	/* rows that it listens on */
	uint32_t n_listens;
	int pidfd, signal;
	int barred;		/* why it cannot be tried, negative errno */
	uint8_t session;	/* enum act_session: why it carries the caller's */
};

/* SSH_CONNECTION: the two ends as the server has them. */
struct act_ssh {
	struct lssock_addr local, remote;
	uint16_t lport, rport;
	bool known;
};

struct lssock_act {
	struct lssock *ctx;
	struct lssock_snap *snap;
	struct lssock_snap *facts;	/* of targets and their ancestors, as they are now */
	struct lssock_snap *later;	/* lssock_act_look, NULL: not yet */
	enum lssock_act_kind kind;
	struct act_ssh ssh;
	bool force, prepared;
	VEC(struct lssock_target) targets;
	VEC(struct act_hit) hits;	/* one each */
	struct index by_key;		/* process, or row, -> target */
	struct index session;		/* pid -> enum act_session */
};

/* The next plain owner from owner row o on, 0: none. */
uint32_t act_owner(const struct lssock_snap *s, uint32_t o);
/* Whether the process has ended, as its pidfd says. */
bool act_is_gone(const struct lssock_act *a, uint32_t target);

#endif
