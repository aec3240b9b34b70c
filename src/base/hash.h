/* SPDX-License-Identifier: MIT */
/*
 * index: u64 key -> u32 row, open addressing. The slot of a key is chosen from
 * key >> 3 mixed, plus key & 7, so 8 neighbouring keys share a cache line:
 * inode numbers come in runs (a plain mixed hash is three times slower there).
 * As long as no key needs more than 32 bits a slot takes 8 bytes, then 16.
 * strings: interned bytes, named by a u32 id; 0 is "none", the empty string
 * has an id of its own.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/buf.h"

#define INDEX_NONE 0xffffffffu

struct index {
	void *slots;			/* NULL: none yet */
	uint32_t mask, n;
	bool wide;
};

void index_release(struct index *x);
void index_clear(struct index *x);	/* forgets all, keeps the memory */
int index_reserve(struct index *x, uint32_t want);	/* 0 or -ENOMEM */
/* The row of the key, to be read or set; a new key's row is INDEX_NONE and the
 * caller must set it before the next call. NULL: out of memory. */
uint32_t *index_put(struct index *x, uint64_t key);
uint32_t index_get(const struct index *x, uint64_t key);	/* INDEX_NONE: absent */
/* Brings the slot of a key near that is asked for so many keys later: those of a
 * loop over rows come in no order. */
#define INDEX_AHEAD 16
void index_expect(const struct index *x, uint64_t key);
/* What slot i (up to mask, if there are slots) holds, to see all; INDEX_NONE: free. */
uint32_t index_at(const struct index *x, uint32_t i, uint64_t *ret_key);

uint64_t hash_u64(uint64_t v);
/* A random number, not 0: for hashes of what others choose. where: of the caller. */
uint64_t hash_seed(const void *where);
/* A key in 32 bits for an index whose rows are compared in full: runs stay runs,
 * and which keys become one depends on the seed. */
static inline uint32_t hash_fold(uint64_t key, uint64_t seed)
{
	return (uint32_t)key ^ (uint32_t)hash_u64(key >> 32 ^ seed);
}
uint64_t hash_bytes(const void *p, size_t len);	/* FNV-1a, 64 bit; stable, used on tapes */

struct strings {
	struct buf bytes;		/* u32 length, bytes, padded to 4; from offset 4 on */
	struct index by_hash;
	uint64_t seed;			/* of the hash: names are chosen by others */
};
void strings_release(struct strings *s);
/* Id of these bytes, 0: out of memory. Same bytes, same id. */
uint32_t strings_put(struct strings *s, const void *p, size_t len);
/* Bytes of an id; NULL and 0 for id 0. The pointer holds until the next put. */
const char *strings_get(const struct strings *s, uint32_t id, size_t *ret_len);

#endif
