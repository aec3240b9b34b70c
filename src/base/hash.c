/* SPDX-License-Identifier: MIT */
/*
 * Hash index u64 -> u32 and interned strings. There is no removal, so a free
 * slot always ends a search.
 *
 * Groups of eight slots are probed at growing distances (1, 3, 6, 10 …), which
 * reaches every group of a table of 2^n of them: a run of keys that fills whole
 * groups would otherwise build long chains of full neighbours.
 */
#include "base/hash.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/io.h"

#define GROUP 8u
#define MAX_SLOTS (1u << 31)
#define QUICK (1u << 17)

uint64_t hash_u64(uint64_t v)
{
	v = (v ^ v >> 32) * 0x9e3779b97f4a7c15;
	v = (v ^ v >> 29) * 0xd6e8feb86659fd93;
	return v ^ v >> 32;
}

uint64_t hash_bytes(const void *p, size_t len)
{
	const unsigned char *s = p;
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < len; i++)
		h = (h ^ s[i]) * 0x100000001b3;
	return h;
}

void index_release(struct index *x)
{
	if (!x)
		return;
	mem_free(x->slots);
	*x = (struct index){ 0 };
}

struct narrow { uint32_t key, row; };	/* row INDEX_NONE: free */
struct wide { uint64_t key; uint32_t row; };

static bool is_wide(uint64_t key)
{
	return key > UINT32_MAX;
}

static size_t slot_size(bool wide)
{
	return wide ? sizeof(struct wide) : sizeof(struct narrow);
}

static inline uint64_t key_at(const struct index *x, size_t i, bool wide)
{
	return wide ? ((struct wide *)x->slots)[i].key : ((struct narrow *)x->slots)[i].key;
}

static inline uint32_t *row_at(const struct index *x, size_t i, bool wide)
{
	return wide ? &((struct wide *)x->slots)[i].row : &((struct narrow *)x->slots)[i].row;
}

static void all_free(struct index *x)
{
	memset(x->slots, 0xff, ((size_t)x->mask + 1) * slot_size(x->wide));
}

void index_clear(struct index *x)
{
	if (x->slots)
		all_free(x);
	x->n = 0;
}

static inline size_t home_of(const struct index *x, uint64_t key)
{
	uint32_t groups = x->mask / GROUP, at = (uint32_t)hash_u64(key >> 3);

	return (size_t)(at & groups) * GROUP + (key & (GROUP - 1));
}

/* The slot of the key, or the free one where it belongs. */
static inline size_t probe_as(const struct index *x, uint64_t key, bool wide)
{
	uint32_t groups = x->mask / GROUP, at = (uint32_t)hash_u64(key >> 3);
	size_t slot = home_of(x, key);

	if (key_at(x, slot, wide) == key || *row_at(x, slot, wide) == INDEX_NONE)
		return slot;		/* nearly always */
	for (uint32_t step = 1;; at += step++) {
		for (unsigned i = 0; i < GROUP; i++) {
			slot = (size_t)(at & groups) * GROUP + ((key + i) & (GROUP - 1));
			if (*row_at(x, slot, wide) == INDEX_NONE ||
			    key_at(x, slot, wide) == key)
				return slot;
		}
	}
}

static size_t probe(const struct index *x, uint64_t key)
{
	return x->wide ? probe_as(x, key, true) : probe_as(x, key, false);
}

static uint32_t *take(struct index *x, size_t slot, uint64_t key)
{
	if (x->wide)
		((struct wide *)x->slots)[slot].key = key;
	else
		((struct narrow *)x->slots)[slot].key = (uint32_t)key;
	return row_at(x, slot, x->wide);
}

uint32_t index_at(const struct index *x, uint32_t i, uint64_t *ret_key)
{
	*ret_key = key_at(x, i, x->wide);
	return *row_at(x, i, x->wide);
}

static int resize(struct index *x, uint32_t n_slots, bool wide)
{
	struct index next = { .mask = n_slots - 1, .n = x->n, .wide = wide };
	uint64_t key;
	size_t bytes;

	if (__builtin_mul_overflow((size_t)n_slots, slot_size(wide), &bytes))
		return -ENOMEM;
	next.slots = mem_realloc(NULL, bytes);
	if (!next.slots)
		return -ENOMEM;
	all_free(&next);
	for (size_t i = 0; x->slots && i <= x->mask; i++) {
		uint32_t row = index_at(x, (uint32_t)i, &key);

		if (row != INDEX_NONE)
			*take(&next, probe(&next, key), key) = row;
	}
	mem_free(x->slots);
	*x = next;
	return 0;
}

/* At most three quarters of the slots are in use. */
static bool has_room(const struct index *x, uint64_t want)
{
	return x->slots && want <= ((uint64_t)x->mask + 1) / 4 * 3;
}

static int make_room(struct index *x, uint32_t want, bool wide)
{
	uint32_t n_slots = x->slots ? x->mask + 1 : 2 * GROUP;

	if (has_room(x, want) && wide <= x->wide)
		return 0;
	while (n_slots < MAX_SLOTS && want > n_slots / 4 * 3)
		n_slots *= 2;
	if (want > n_slots / 4 * 3)
		return -ENOMEM;
	return resize(x, n_slots, wide || x->wide);
}

int index_reserve(struct index *x, uint32_t want)
{
	return make_room(x, want, false);
}

uint32_t *index_put(struct index *x, uint64_t key)
{
	bool fits = x->slots && (x->wide || !is_wide(key));
	size_t slot = fits ? probe(x, key) : 0;

	if (fits && *row_at(x, slot, x->wide) != INDEX_NONE)
		return row_at(x, slot, x->wide);
	if (!fits || !has_room(x, (uint64_t)x->n + 1)) {
		/* small tables grow by four: moving all costs more than room */
		uint32_t want = x->n < QUICK ? 2 * x->n + 1 : x->n + 1;

		if (make_room(x, want, is_wide(key)) < 0)
			return NULL;
		slot = probe(x, key);
	}
	x->n++;
	return take(x, slot, key);
}

uint32_t index_get(const struct index *x, uint64_t key)
{
	if (!x->slots || (!x->wide && is_wide(key)))
		return INDEX_NONE;
	return *row_at(x, probe(x, key), x->wide);
}

void index_expect(const struct index *x, uint64_t key)
{
	if (x->slots)
		__builtin_prefetch(row_at(x, home_of(x, key), x->wide));
}

/* ---- strings ---- */

static uint64_t fold(uint64_t a, uint64_t b)
{
	__uint128_t m = (__uint128_t)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* Keyed, because any local user chooses names (unix sockets, processes) and
 * could make thousands of them collide in a hash that is known beforehand. */
static uint64_t keyed_hash(uint64_t seed, const char *s, size_t len)
{
	uint64_t h = seed ^ fold(len + 1, 0x9e3779b97f4a7c15), w;

	for (; len >= 8; s += 8, len -= 8) {
		memcpy(&w, s, 8);
		h = fold(h ^ w, seed | 1);
	}
	w = 0;
	if (len)
		memcpy(&w, s, len);
	h = fold(h ^ w, seed | 1);
	return hash_u64(h);
}

uint64_t hash_seed(const void *where)
{
	uint64_t seed = 0;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = hash_u64(io_now_ns() ^ (uint64_t)(uintptr_t)where);
	return seed | 1ull << 63;
}

void strings_release(struct strings *s)
{
	if (!s)
		return;
	buf_release(&s->bytes);
	index_release(&s->by_hash);
	s->seed = 0;
}

/* An id is the offset in words of four bytes. Returns 0 if there is no room. */
static uint32_t append(struct strings *s, const char *p, size_t len)
{
	uint32_t len32 = (uint32_t)len;
	size_t head = s->bytes.len ? 0 : 4, pad = -len & 3;
	uintptr_t from = (uintptr_t)p - (uintptr_t)s->bytes.data;
	bool ours = s->bytes.data && from < s->bytes.len;
	size_t at;
	char *to;

	if (len > UINT32_MAX - 16 || (s->bytes.len + head) / 4 > UINT32_MAX - 1)
		return 0;
	to = buf_add(&s->bytes, head + 4 + len + pad);
	if (!to)
		return 0;
	if (ours)		/* part of another string, which may have moved */
		p = s->bytes.data + from;
	memset(to, 0, head);
	at = (size_t)(to - s->bytes.data) + head;
	memcpy(to + head, &len32, 4);
	if (len)
		memcpy(to + head + 4, p, len);
	memset(to + head + 4 + len, 0, pad);
	return (uint32_t)(at / 4);
}

uint32_t strings_put(struct strings *s, const void *p, size_t len)
{
	uint64_t h;

	if (!s->seed)
		s->seed = hash_seed(s);
	h = keyed_hash(s->seed, p, len);
	for (;; h++) {
		uint32_t *id = index_put(&s->by_hash, (uint32_t)h), new_id;
		const char *have;
		size_t have_len;

		if (!id)
			return 0;
		if (*id == INDEX_NONE) {
			new_id = append(s, p, len);
			if (new_id)
				*id = new_id;
			else
				s->by_hash.n--;
			return new_id;
		}
		have = strings_get(s, *id, &have_len);
		if (have_len == len && (!len || !memcmp(have, p, len)))
			return *id;
	}
}

const char *strings_get(const struct strings *s, uint32_t id, size_t *ret_len)
{
	size_t at = (size_t)id * 4, unused;
	uint32_t len;

	ret_len = ret_len ? ret_len : &unused;
	*ret_len = 0;
	if (!id || at + 4 > s->bytes.len)
		return NULL;
	memcpy(&len, s->bytes.data + at, 4);
	*ret_len = len;
	return s->bytes.data + at + 4;
}
