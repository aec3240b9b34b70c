/* SPDX-License-Identifier: MIT */
/*
 * Loads the BPF program that writes the owner stream (bpf/own.bpf.c) and reads
 * it. The program is in this file as a light skeleton: some bytes, no libbpf, no
 * ELF. What is kept between rounds is the loaded program; a kernel that does
 * not take it says why, and /proc serves instead.
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/io.h"
#include "source/parts.h"
#include "wire/records.h"

/* Relocations are the kernel's own work from Linux 5.17 on, or in a backport. */
bool bpf_owners_likely(void)
{
	struct utsname u;
	char *end = u.release;
	long a = uname(&u) == 0 ? strtol(u.release, &end, 10) : 0;
	long b = *end == '.' ? strtol(end + 1, NULL, 10) : 0;

	return a > 5 || (a == 5 && b >= 17);
}

#ifdef HAVE_BPF

int bpf_owners_may(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2] = { { 0 } };
	const uint32_t both = CAP_TO_MASK(CAP_BPF) | CAP_TO_MASK(CAP_PERFMON);

	if (syscall(SYS_capget, &head, sets) < 0)
		return -errno;
	return (sets[1].effective & both) == both ||
	       sets[0].effective & CAP_TO_MASK(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

#include "source/bpf/own.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include "source/bpf/own.skel.h"
#pragma GCC diagnostic pop

#define SEQ_PAGES 8		/* bpf_seq_read() fills so many at a time */

struct bpf_owners {
	struct own *skel;
	uint64_t ns_per_tick;
	uint64_t clock_offset_ns;	/* of our time namespace */
};

/* /proc/PID/stat counts from the boot as our time namespace has it. */
uint64_t bpf_clock_offset(void)
{
	struct buf b = { 0 };
	int self = procscan_self(-1);
	int64_t s = 0, ns = 0;
	const char *line = NULL;
	char *end;

	if (self >= 0 && io_read_at(self, "timens_offsets", &b, 4096) == 0)
		line = strstr(buf_cstr(&b), "boottime");
	if (line) {
		s = strtoll(line + strlen("boottime"), &end, 10);
		ns = strtoll(end, NULL, 10);
	}
	if (self >= 0)
		close(self);
	buf_release(&b);
	return (uint64_t)(s * 1000000000 + ns);
}

int bpf_owners_new(uint64_t ns_per_tick, struct bpf_owners **ret)
{
	struct bpf_owners *b;
	int r = -ENOMEM;

	b = mem_alloc(sizeof(*b));
	if (!b)
		return -ENOMEM;
	b->ns_per_tick = ns_per_tick;
	b->clock_offset_ns = bpf_clock_offset();
	b->skel = own__open();
	if (b->skel)
		r = own__load(b->skel);
	if (r == 0)
		r = own__own__attach(b->skel);
	if (r < 0) {
		bpf_owners_free(b);
		return r;
	}
	*ret = b;
	return 0;
}

void bpf_owners_free(struct bpf_owners *b)
{
	if (b)
		own__destroy(b->skel);
	mem_free(b);
}

static int iterator(const struct bpf_owners *b)
{
	union bpf_attr attr = { .iter_create.link_fd = (uint32_t)b->skel->links.own_fd };
	long fd = syscall(SYS_bpf, BPF_ITER_CREATE, &attr, sizeof(attr.iter_create));

	return fd < 0 ? -errno : (int)fd;
}

/* The kernel counts nanoseconds; a process is known by what /proc says of it,
 * which are ticks of our clock. */
static void correct_time(const struct bpf_owners *b, char *task)
{
	char *at = task + offsetof(struct own_task, start_ns);
	uint64_t start;

	memcpy(&start, at, sizeof(start));
	start += b->clock_offset_ns;
	start -= start % b->ns_per_tick;
	memcpy(at, &start, sizeof(start));
}

struct pass {
	struct bpf_owners *b;
	struct bpf_look *look;
	int32_t pid;			/* of the last task */
	chunk_fn fn;
	void *ctx;
};

static int found(struct pass *p, const struct fd_place *place)
{
	struct fd_place *new = vec_push(&p->look->found);

	if (!new)
		return -ENOMEM;
	*new = *place;
	return 0;
}

static int look_at_fd(struct pass *p, const struct own_fd *f)
{
	const struct fd_place place = { p->pid, f->tid, f->fd, f->inode };

	if (!p->look->queued ||
	    index_get(p->look->queued, f->inode) == INDEX_NONE)
		return 0;
	return found(p, &place);
}

/* Its length, or -errno. */
static int take_record(struct pass *p, char *at, size_t left)
{
	struct own_rec rec;
	struct own_fd f;
	int r = 0;

	memcpy(&rec, at, sizeof(rec));
	memcpy(&f, at, sizeof(f));
	if (rec.zero) {
		r = look_at_fd(p, &f);
	} else if (rec.type == OWN_TASK && left >= sizeof(struct own_task)) {
		memcpy(&p->pid, at + offsetof(struct own_task, pid), sizeof(p->pid));
		correct_time(p->b, at);
		return sizeof(struct own_task);
	} else if (rec.type == OWN_RING) {
		const struct fd_place place = { p->pid, rec.b, (int32_t)rec.a, 0 };

		r = found(p, &place);
	} else if (rec.type == OWN_SEEN) {
		int32_t *pid = vec_push(&p->look->seen);

		if (pid)
			*pid = (int32_t)rec.a;
		r = pid ? 0 : -ENOMEM;
	}
	return r < 0 ? r : (int)sizeof(rec);
}

static int take_chunk(struct pass *p, char *bytes, size_t len)
{
	size_t at;
	int r;

	for (at = 0; len - at >= sizeof(struct own_rec); at += (size_t)r) {
		r = take_record(p, bytes + at, len - at);
		if (r < 0)
			return r;
	}
	return p->fn(p->ctx, bytes, len);
}

static int read_stream(struct pass *p, int fd, struct buf *room, uint64_t *calls)
{
	ssize_t n;
	int r = 0;

	while (r >= 0) {
		n = read(fd, room->data, room->len);
		++*calls;
		if (n == 0)
			return 0;
		/* EAGAIN: a million objects went by without one to tell of */
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return -errno;
		r = take_chunk(p, room->data, (size_t)n);
	}
	return r;
}

int bpf_owners_read(struct bpf_owners *b, struct bpf_look *look, uint64_t *ret_calls,
		    chunk_fn fn, void *ctx)
{
	struct pass p = { .b = b, .look = look, .fn = fn, .ctx = ctx };
	struct own_rec stat = { .type = OWN_STAT };
	struct buf room = { 0 };
	int fd, r;

	*ret_calls = 0;
	memset(b->skel->bss, 0, sizeof(*b->skel->bss));
	b->skel->bss->told.rings = look->rings;
	b->skel->bss->told.spaces = look->spaces;
	/* so large that no record is cut in two */
	buf_fill(&room, 0, (size_t)sysconf(_SC_PAGESIZE) * SEQ_PAGES);
	fd = iterator(b);
	r = fd < 0 ? fd : room.failed ? -ENOMEM : read_stream(&p, fd, &room, ret_calls);
	if (fd >= 0)
		close(fd);
	*ret_calls += 2;
	stat.a = b->skel->bss->told.fds;
	stat.b = b->skel->bss->told.tasks;
	buf_release(&room);
	return r < 0 ? r : fn(ctx, &stat, sizeof(stat));
}

#else

int bpf_owners_may(void)
{
	return -EOPNOTSUPP;
}

int bpf_owners_new(uint64_t ns_per_tick, struct bpf_owners **ret)
{
	(void)ns_per_tick;
	(void)ret;
	return -EOPNOTSUPP;
}

void bpf_owners_free(struct bpf_owners *b)
{
	(void)b;
}

int bpf_owners_read(struct bpf_owners *b, struct bpf_look *look, uint64_t *ret_calls,
		    chunk_fn fn, void *ctx)
{
	(void)b;
	(void)look;
	(void)ret_calls;
	(void)fn;
	(void)ctx;
	return -EOPNOTSUPP;
}

#endif
