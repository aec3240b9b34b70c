/* SPDX-License-Identifier: MIT */
/* `lssock kill` and `lssock close`: what act.c, who does it, and actjson.c, who
 * tells it to programs, share. */
#ifndef CLI_ACT_H
#define CLI_ACT_H

#include "cli/cli.h"

struct acting {
	struct cli *c;
	struct cli_answer a;
	struct lssock_act *act;
	const struct lssock_target *targets;
	uint32_t n;
	bool kill, json;
	const char *verb;
	int signal;
	bool guarded_too;		/* the answer was yes in full */
	bool *gone;			/* by target: the process has ended */
	uint32_t nobody, unknown;	/* rows without an owner, with one that is not known */
	struct buf out;
	char text[1024];
};

/* Whether it was tried and not reached. */
bool act_failed(const struct acting *g, uint32_t i);
/* All targets as JSON; an exit status. */
int act_json(struct acting *g);

#endif
