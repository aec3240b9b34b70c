/* SPDX-License-Identifier: MIT */
/*
 * rounds proc|bpf|auto: a series of snapshots, one for each line of stdin:
 * "refresh" relies on the one before, "take" does not. Prints each as JSON lines,
 * then a line of what it cost.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "lssock.h"

static int put(void *ctx, const void *bytes, size_t len)
{
	return fwrite(bytes, 1, len, ctx) == len ? 0 : -EIO;
}

static double cpu_ms(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int print(struct lssock_snap *s, const struct lssock_query *q)
{
	struct lssock_render r = { .size = sizeof(r), .format = "jsonl", .write = put,
				   .wctx = stdout };
	struct lssock_sheet *sheet;
	struct lssock_view *v;
	int e = lssock_view_new(s, q, &v, NULL);

	if (e < 0)
		return e;
	e = lssock_view_sheet(v, &sheet);
	if (e == 0) {
		e = lssock_render(sheet, &r);
		lssock_sheet_free(sheet);
	}
	lssock_view_free(v);
	return e;
}

static void say(const struct lssock_snap *s, double ms)
{
	const struct lssock_meta *m = lssock_snap_meta(s);
	struct rusage use = { 0 };

	getrusage(RUSAGE_SELF, &use);
	printf("{\"fresh\":%u,\"gone\":%u,\"age_us\":%llu,\"fds\":%llu,\"complete\":%s,"
	       "\"bpf\":%s,\"rss_kib\":%ld,\"cpu_ms\":%.2f}\n", m->fresh, m->gone,
	       (unsigned long long)m->owners_age_us, (unsigned long long)m->fds,
	       m->complete ? "true" : "false",
	       m->collector == LSSOCK_COLLECTOR_BPF ? "true" : "false", use.ru_maxrss, ms);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct lssock_options opt = { .size = sizeof(opt) };
	struct lssock_question question = {
		.size = sizeof(question), .protos = LSSOCK_PROTOS_ALL, .flags = LSSOCK_Q_ALL,
		.layout = LSSOCK_LAYOUT_RECORD,
	};
	struct lssock_snap *prev = NULL, *s;
	struct lssock_query *q;
	struct lssock_err err;
	struct lssock *ctx;
	char line[64];

	if (argc > 1 && strcmp(argv[1], "auto"))
		opt.collector = strcmp(argv[1], "bpf") ? LSSOCK_COLLECTOR_PROC :
							 LSSOCK_COLLECTOR_BPF;
	if (lssock_open(&opt, &ctx, &err) || lssock_query_new(&question, &q, &err))
		return 1;
	while (fgets(line, sizeof(line), stdin)) {
		bool fresh = !strncmp(line, "take", 4), quiet = strchr(line, '-');
		double before = cpu_ms();

		if (fresh ? lssock_take(ctx, q, &s, &err) :
			    lssock_refresh(ctx, q, prev, &s, &err)) {
			fprintf(stderr, "rounds: %s\n", err.msg);
			return 1;
		}
		before = cpu_ms() - before;
		if (!quiet && print(s, q))
			return 1;
		say(s, before);
		if (fresh) {
			lssock_snap_free(s);
			continue;
		}
		lssock_snap_free(prev);
		prev = s;
	}
	lssock_snap_free(prev);
	lssock_query_free(q);
	return lssock_close(ctx) < 0;
}
