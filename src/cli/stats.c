/* SPDX-License-Identifier: MIT */
/* --stats: where the time of a run went, in four lines on standard error. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/io.h"
#include "cli/cli.h"

/* " dump 12.3": milliseconds. */
static void put_ms(struct buf *b, const char *what, uint64_t us)
{
	uint64_t tenths = (us + 50) / 100;

	buf_puts(b, what);
	buf_u64(b, tenths / 10);
	buf_putc(b, '.');
	buf_putc(b, (char)('0' + tenths % 10));
}

static void put_number(struct buf *b, const char *before, uint64_t n, const char *after)
{
	buf_puts(b, before);
	buf_u64(b, n);
	buf_puts(b, after);
}

static void stats_time(struct buf *b, const struct cli *c, const struct lssock_snap *s)
{
	const struct lssock_meta *m = lssock_snap_meta(s);
	uint64_t all = m->total_us + c->sort_us + c->print_us;
	uint64_t parts = m->dump_us + m->owners_us + m->link_us + m->enrich_us + c->sort_us +
			 c->print_us;
	uint32_t n;

	lssock_socks(s, &n);
	put_number(b, "", n, n == 1 ? " socket in" : " sockets in");
	put_ms(b, " ", all);
	put_ms(b, " ms: dump ", m->dump_us);
	put_ms(b, ", owners ", m->owners_us);
	buf_puts(b, " after it");
	put_ms(b, ", join ", m->link_us);
	put_ms(b, ", details ", m->enrich_us);
	put_ms(b, ", sort ", c->sort_us);
	put_ms(b, ", print ", c->print_us);
	put_ms(b, ", other ", all > parts ? all - parts : 0);
}

static void stats_owners(struct buf *b, const struct lssock_meta *m)
{
	if (m->collector == LSSOCK_COLLECTOR_AUTO) {
		buf_puts(b, "owners: not ");
		buf_puts(b, m->owners_asked ? "to be had" : "asked for");
		return;
	}
	put_number(b, "owners: ", m->fds, " fds of ");
	put_number(b, "", m->procs, " processes, by ");
	buf_puts(b, m->collector == LSSOCK_COLLECTOR_BPF ? "BPF" : "/proc");
	if (m->bpf_err) {
		buf_puts(b, ", not BPF: ");
		buf_puts(b, strerror(m->bpf_err));
	}
}

/* Of this program alone: ru_maxrss has what the process was before exec() too. */
static uint64_t peak_kib(void)
{
	struct buf b = { 0 };
	const char *at = NULL;
	uint64_t kib = 0;

	if (io_read_at(AT_FDCWD, "/proc/self/status", &b, 1 << 16) == 0)
		at = strstr(buf_cstr(&b), "\nVmHWM:");
	if (at)
		kib = strtoull(at + strlen("\nVmHWM:"), NULL, 10);
	buf_release(&b);
	return kib;
}

static uint64_t micros(const struct timeval *t)
{
	return (uint64_t)t->tv_sec * 1000000 + (uint64_t)t->tv_usec;
}

static void stats_machine(struct buf *b, const struct lssock_meta *m)
{
	struct rusage use = { 0 };
	uint64_t kib = peak_kib();

	getrusage(RUSAGE_SELF, &use);
	put_number(b, "cost: ", m->calls, " system calls to collect");
	put_ms(b, ", CPU ", micros(&use.ru_utime));
	put_ms(b, " ms own and ", micros(&use.ru_stime));
	buf_puts(b, " ms the kernel's");
	if (kib)
		put_number(b, ", memory at most ", kib, " KiB");
}

void answer_stats(const struct cli *c, const struct lssock_snap *s)
{
	const struct lssock_meta *m = lssock_snap_meta(s);
	struct buf b = { 0 };

	stats_time(&b, c, s);
	say("stats: %s", buf_cstr(&b));
	buf_reset(&b);
	put_number(&b, "tables: ", m->messages, " messages, ");
	put_number(&b, "", m->bytes, " bytes in ");
	put_number(&b, "", m->dumps, " dumps; ");
	put_number(&b, "", m->asks, " questions in all");
	say("stats: %s", buf_cstr(&b));
	buf_reset(&b);
	stats_owners(&b, m);
	say("stats: %s", buf_cstr(&b));
	buf_reset(&b);
	stats_machine(&b, m);
	say("stats: %s", buf_cstr(&b));
	buf_release(&b);
}
