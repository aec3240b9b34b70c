/* SPDX-License-Identifier: MIT */
/*
 * Loads the BPF program that tells of changes of state (bpf/event.bpf.c) and
 * empties its ring. As bpf.c a light skeleton, no libbpf; so the ring's protocol
 * is here: the kernel moves the producer's position, we the consumer's.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/parts.h"

#ifdef HAVE_BPF

#include "source/bpf/event.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include "source/bpf/event.skel.h"
#pragma GCC diagnostic pop

struct bpf_events {
	struct event *skel;
	uint64_t ns_per_tick;
	uint64_t clock_offset_ns;
	uint64_t lost;			/* that were spoken of */
	size_t page;
	uint64_t *consumer;		/* a page of its own, ours to write */
	char *producer;			/* a page, then the ring, twice in a row */
};

/* 0: not to be known, and then no event has a pid. */
static uint32_t own_pidns(void)
{
	int self = procscan_self(-1);
	struct stat st = { 0 };

	if (self < 0)
		return 0;
	if (proc_stat_at(self, "ns/pid", 0, &st) < 0)
		st.st_ino = 0;
	close(self);
	return (uint32_t)st.st_ino;
}

static int map_ring(struct bpf_events *b)
{
	int fd = b->skel->maps.ring.map_fd;

	b->page = (size_t)sysconf(_SC_PAGESIZE);
	b->consumer = mmap(NULL, b->page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (b->consumer == MAP_FAILED) {
		b->consumer = NULL;
		return -errno;
	}
	b->producer = mmap(NULL, b->page + 2 * (size_t)EVENT_RING_SIZE, PROT_READ, MAP_SHARED,
			   fd, (off_t)b->page);
	if (b->producer == MAP_FAILED) {
		b->producer = NULL;
		return -errno;
	}
	return 0;
}

static int load(struct bpf_events *b, uint32_t netns)
{
	int r;

	b->skel = event__open();
	if (!b->skel)
		return -ENOMEM;
	r = event__load(b->skel);
	if (r < 0)
		return r;
	b->skel->bss->told.pidns = own_pidns();
	b->skel->bss->told.netns = netns;
	r = map_ring(b);
	if (r == 0)
		r = event__event__attach(b->skel);
	return r < 0 ? r : 0;
}

int bpf_events_new(uint64_t ns_per_tick, uint32_t netns, struct bpf_events **ret)
{
	struct bpf_events *b;
	int r = bpf_owners_may();

	if (r < 0)
		return r;
	b = mem_alloc(sizeof(*b));
	if (!b)
		return -ENOMEM;
	b->ns_per_tick = ns_per_tick;
	b->clock_offset_ns = bpf_clock_offset();
	r = load(b, netns);
	if (r < 0) {
		bpf_events_free(b);
		return r;
	}
	*ret = b;
	return 0;
}

void bpf_events_free(struct bpf_events *b)
{
	if (!b)
		return;
	if (b->consumer)
		munmap(b->consumer, b->page);
	if (b->producer)
		munmap(b->producer, b->page + 2 * (size_t)EVENT_RING_SIZE);
	event__destroy(b->skel);
	mem_free(b);
}

int bpf_events_fd(const struct bpf_events *b)
{
	return b->skel->maps.ring.map_fd;
}

static void give(const struct bpf_events *b, const char *at, bpf_event_fn fn, void *ctx)
{
	struct event_entry e;

	memcpy(&e, at, sizeof(e));
	if (e.state.pid) {		/* as bpf.c: by what /proc says of it */
		e.state.start_ns += b->clock_offset_ns;
		e.state.start_ns -= e.state.start_ns % b->ns_per_tick;
	}
	fn(ctx, e.time_ns + b->clock_offset_ns, &e.state);
}

/* An entry still being written ends it: it wakes us once more. */
void bpf_events_take(struct bpf_events *b, uint32_t max, bpf_event_fn fn, void *ctx)
{
	const char *data = b->producer + b->page;
	uint64_t at = *b->consumer, end;
	uint32_t n, head;

	end = __atomic_load_n((const uint64_t *)b->producer, __ATOMIC_ACQUIRE);
	for (n = 0; n < max && at < end; n++) {
		const char *entry = data + (at & (EVENT_RING_SIZE - 1));
		uint32_t len;

		head = __atomic_load_n((const uint32_t *)entry, __ATOMIC_ACQUIRE);
		if (head & BPF_RINGBUF_BUSY_BIT)
			break;
		len = head & ~(uint32_t)(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		if (!(head & BPF_RINGBUF_DISCARD_BIT) && len == sizeof(struct event_entry))
			give(b, entry + BPF_RINGBUF_HDR_SZ, fn, ctx);
		at += (BPF_RINGBUF_HDR_SZ + (uint64_t)len + 7) & ~(uint64_t)7;
		__atomic_store_n(b->consumer, at, __ATOMIC_RELEASE);
	}
}

uint64_t bpf_events_lost(struct bpf_events *b)
{
	uint64_t now = __atomic_load_n(&b->skel->bss->told.lost, __ATOMIC_RELAXED);
	uint64_t n = now - b->lost;

	b->lost = now;
	return n;
}

#else

int bpf_events_new(uint64_t ns_per_tick, uint32_t netns, struct bpf_events **ret)
{
	(void)ns_per_tick;
	(void)ret;
	return -EOPNOTSUPP;
}

void bpf_events_free(struct bpf_events *b)
{
	(void)b;
}

int bpf_events_fd(const struct bpf_events *b)
{
	(void)b;
	return -1;
}

void bpf_events_take(struct bpf_events *b, uint32_t max, bpf_event_fn fn, void *ctx)
{
	(void)b;
	(void)max;
	(void)fn;
	(void)ctx;
}

uint64_t bpf_events_lost(struct bpf_events *b)
{
	(void)b;
	return 0;
}

#endif
