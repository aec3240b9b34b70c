/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What own.bpf.c and its reader (source/bpf.c) share. */
#ifndef SOURCE_BPF_OWN_H
#define SOURCE_BPF_OWN_H

#include <stdint.h>

#define OWN_KTHREAD 0x0001		/* LSSOCK_P_KTHREAD */
#define OWN_ZOMBIE 0x0008		/* LSSOCK_P_ZOMBIE */

/* What the stream has said so far: the reader zeroes it before each pass. */
struct own_told {
	uint64_t seen;			/* the task whose files come now */
	uint64_t task;			/* the task last told of */
	int32_t tgid;			/* of it, as the reader numbers it */
	uint32_t tid;			/* the same; 0: the table of the process */
	uint32_t task_net, sock_net;	/* inodes of namespaces */
	uint32_t kind;			/* family << 24 | type << 16 | protocol */
	uint32_t fds, tasks;		/* that were looked at */
	uint32_t level;			/* of the reader's pid namespace */
	uint64_t ns;			/* which that is, 0: not known yet */
	uint32_t rings;			/* set by the reader: to be told of io_urings … */
	uint32_t spaces;		/* … of open namespaces alone, in the same words */
};

#endif
