/* SPDX-License-Identifier: MIT */
/*
 * Numbers for Prometheus: begun with what a snapshot tells, added to by audit/, ended
 * as a sheet with a row a sample. Labels are bounded: whoever can open sockets could
 * else make as many series as he likes.
 */
#ifndef QUERY_METRICS_H
#define QUERY_METRICS_H

#include "base/hash.h"
#include "query/made.h"

#define METRICS_MOST 100u	/* programs, namespaces, services: the rest is one, "other" */

enum metric_label {
	LABEL_VERSION, LABEL_NETNS, LABEL_PROTO, LABEL_STATE, LABEL_SCOPE, LABEL_PORT,
	LABEL_PROGRAM, LABEL_WHY, LABEL_CODE, LABEL_SEVERITY, N_METRIC_LABEL
};

struct metric {
	const char *name, *type, *help;	/* type: "gauge" or "counter" */
};

struct sample {
	uint32_t label[N_METRIC_LABEL];	/* strings of the metrics, raw; 0: not there */
	uint64_t value, limit;		/* limit: of a queue */
};

/* Samples of one metric: each set of labels is there once. */
struct series {
	VEC(struct sample) samples;
	struct index by_labels;
};

struct metrics {
	struct made *made;
	struct lssock_snap *snap;
	struct strings strings;
	bool failed;
};

/* What a snapshot tells of these rows (NULL: of all). 0 or -ENOMEM. */
int metrics_begin(struct metrics *m, struct lssock_snap *s, const uint32_t *rows, uint32_t n);
/* 0, or -ENOMEM. */
int metrics_end(struct metrics *m, struct lssock_sheet **ret);

/* A metric without labels. */
void metrics_number(struct metrics *m, const struct metric *what, uint64_t value);
uint32_t metrics_word(struct metrics *m, const char *word);
/* The sample with these labels, made if it is new. NULL: no memory. */
struct sample *metrics_sample(struct metrics *m, struct series *t,
			      const uint32_t label[N_METRIC_LABEL]);
/* In the order of their labels; frees them. */
void metrics_put(struct metrics *m, const struct metric *what, struct series *t);

/* The process that is nearest to its limit of open files, beside us; NULL: none is known. */
const struct lssock_proc *metrics_fullest(const struct lssock_snap *s);

#endif
