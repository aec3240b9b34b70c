/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What event.bpf.c and its reader (source/bpfevent.c) share. */
#ifndef SOURCE_BPF_EVENT_H
#define SOURCE_BPF_EVENT_H

#include <stdint.h>

#include "wire/records.h"

#define EVENT_RING_SIZE (4u << 20)	/* of two pages or more, a power of two */

struct event_told {
	uint64_t lost;			/* changes the ring had no room for */
	uint32_t pidns;			/* set by the reader: inode of its pid namespace */
	uint32_t netns;			/* and of the only namespace it asks about, 0: all */
};

/* One change in the ring; time and start as the kernel's clock has them. */
struct event_entry {
	uint64_t time_ns;
	struct wire_state state;
};

#endif
