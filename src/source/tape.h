/* SPDX-License-Identifier: MIT */
/*
 * The form of a recording: a tape_head and records. A record is a tape_record
 * and its payload, padded to 8. Of an answer the payload is its chunks, each a
 * u64 length and the bytes padded to 8. The last record is the END mark. Host
 * byte order.
 */
#ifndef SOURCE_TAPE_H
#define SOURCE_TAPE_H

#include "base/hash.h"
#include "source/source.h"

#define TAPE_MAGIC "lssock tape\n"
#define TAPE_VERSION 1
#define TAPE_ORDER 0x01020304u
#define TAPE_FOREIGN 0x04030201u
#define TAPE_ANON 0x1u		/* flags: rewritten by anon.c */

struct tape_head {
	char magic[12];			/* TAPE_MAGIC without its NUL */
	uint32_t version, order, flags;
	uint64_t hash;			/* of what is before it */
};

enum { RECORD_ANSWER = 1, RECORD_FRAME, RECORD_END };

struct tape_record {
	uint32_t type, zero;
	uint64_t len;			/* of the payload, a multiple of 8 */
	uint64_t time_ns;		/* epoch */
	uint16_t kind, ns;		/* of an answer: the question */
	int32_t err;
	uint64_t id;			/* END: number of records before it */
	uint64_t hash;			/* of what is before it, and of the payload */
};

_Static_assert(sizeof(struct tape_head) == 32, "tape");
_Static_assert(sizeof(struct tape_record) == 48, "tape");

static inline uint64_t tape_record_hash(const struct tape_record *r, const void *payload)
{
	return hash_bytes(r, offsetof(struct tape_record, hash)) * 31 +
	       hash_bytes(payload, r->len);
}

static inline uint64_t tape_head_hash(const struct tape_head *h)
{
	return hash_bytes(h, offsetof(struct tape_head, hash));
}

static inline size_t tape_padded(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

/* Fills err (which may be NULL) and returns code. */
__attribute__((format(printf, 3, 4)))
int tape_tell(struct lssock_err *err, int code, const char *fmt, ...);
/* The same about a file whose name may be anything. */
int tape_tell_file(struct lssock_err *err, int code, const char *what, const char *path);

#endif
