/* SPDX-License-Identifier: MIT */
/*
 * told: what the live source tells of events, as lines. A command for each line of
 * stdin: "ask", "ask-" (without BPF), "netns" (looks for namespaces), "fds" (how
 * many are open), "wait" (until there is something); each answer ends in "end ERR".
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <linux/inet_diag.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "source/source.h"
#include "wire/attr.h"
#include "wire/events.h"

#define BYTES_ACKED 120			/* of tcp_info */
#define BYTES_RECEIVED 128

static void put_ends(int family, const void *local, unsigned lport, const void *remote,
		     unsigned rport)
{
	char l[INET6_ADDRSTRLEN] = "?", r[INET6_ADDRSTRLEN] = "?";

	inet_ntop(family, local, l, sizeof(l));
	inet_ntop(family, remote, r, sizeof(r));
	printf(" laddr=%s lport=%u raddr=%s rport=%u", l, lport, r, rport);
}

static void closed(void *ctx, uint16_t ns, uint64_t time_ns, const struct lssock_sock *k,
		   const void *attrs, size_t len)
{
	uint64_t in = 0, out = 0;
	struct attr info;

	(void)ctx;
	printf("closed ns=%u time=%llu proto=%s cookie=%llu", ns, (unsigned long long)time_ns,
	       k->proto == LSSOCK_TCP ? "tcp" : "udp", (unsigned long long)k->cookie);
	put_ends(k->family, &k->local, k->lport, &k->remote, k->rport);
	if (attr_find(attrs, len, INET_DIAG_INFO, &info) &&
	    attr_read(&info, BYTES_RECEIVED, &in, 8) && attr_read(&info, BYTES_ACKED, &out, 8))
		printf(" in=%llu out=%llu", (unsigned long long)in, (unsigned long long)out);
	putchar('\n');
}

static void state(void *ctx, uint16_t ns, uint64_t time_ns, const struct wire_state *s)
{
	(void)ctx;
	printf("state ns=%u time=%llu proto=%u was=%u state=%u cookie=%llu inode=%u uid=%u "
	       "netns=%u pid=%d start=%llu comm=%.*s", ns, (unsigned long long)time_ns,
	       s->protocol, s->was, s->state, (unsigned long long)s->cookie, s->inode, s->uid,
	       s->netns_ino, s->pid, (unsigned long long)s->start_ns, 16, s->comm);
	put_ends(s->family, s->laddr, s->lport, s->raddr, s->rport);
	putchar('\n');
}

static void lost(void *ctx, uint16_t ns, uint32_t count)
{
	(void)ctx;
	printf("lost ns=%u count=%u\n", ns, count);
}

static void tells(void *ctx, uint16_t ns, unsigned bits, int err)
{
	(void)ctx;
	printf("tells ns=%u bits=%u err=%d\n", ns, bits, err);
}

static void untold(void *ctx, uint16_t ns, int err)
{
	(void)ctx;
	printf("untold ns=%u err=%d\n", ns, err);
}

static int take_chunk(void *ctx, const void *bytes, size_t len)
{
	static const struct events_sink sink = { closed, state, lost, tells, untold };
	uint32_t bad = events_decode(bytes, len, &sink, ctx);

	if (bad)
		printf("bad %u\n", bad);
	return 0;
}

static int ask_events(struct source *s, bool no_bpf)
{
	const struct ask_events arg = { .no_bpf = no_bpf };
	const struct ask a = { .kind = ASK_EVENTS, .arg = &arg, .arg_len = sizeof(arg) };

	return s->ask(s, &a, take_chunk, NULL);
}

static int put_ns(void *ctx, const void *bytes, size_t len)
{
	const char *p = bytes;
	unsigned *place = ctx;
	struct wire_ns n;

	for (; len >= sizeof(n); p += n.len, len -= n.len) {
		memcpy(&n, p, sizeof(n));
		printf("ns place=%u ino=%llu\n", (*place)++, (unsigned long long)n.ino);
	}
	return 0;
}

static int ask_netns(struct source *s)
{
	const struct ask a = { .kind = ASK_NETNS };
	unsigned place = 0;

	return s->ask(s, &a, put_ns, &place);
}

static int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

int main(void)
{
	struct lssock_err err;
	struct source *s;
	char line[64];

	if (kernel_open(NULL, LSSOCK_COLLECTOR_AUTO, &s, &err) < 0)
		return 1;
	while (fgets(line, sizeof(line), stdin)) {
		int r = 0;

		if (!strncmp(line, "ask", 3)) {
			r = ask_events(s, line[3] == '-');
		} else if (!strncmp(line, "netns", 5)) {
			r = ask_netns(s);
		} else if (!strncmp(line, "fds", 3)) {
			r = count_fds();
		} else if (!strncmp(line, "wait", 4)) {
			struct pollfd p = { .fd = s->events_fd, .events = POLLIN };

			r = poll(&p, 1, 10000);
		}
		printf("end %d\n", r);
		fflush(stdout);
	}
	return s->close(s) < 0;
}
