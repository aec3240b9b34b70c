/* SPDX-License-Identifier: MIT */
/* Keys of several parts for a struct index. */
#ifndef MODEL_MIX_H
#define MODEL_MIX_H

#include <stdint.h>

/* A bijection (the finaliser of SplitMix64): distinct in, distinct out. */
static inline uint64_t mix(uint64_t v)
{
	v += 0x9e3779b97f4a7c15u;
	v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9u;
	v = (v ^ v >> 27) * 0x94d049bb133111ebu;
	return v ^ v >> 31;
}

static inline uint64_t mix2(uint64_t a, uint64_t b)
{
	return mix(mix(a) ^ b);
}

static inline uint64_t pair(uint32_t hi, uint32_t lo)
{
	return (uint64_t)hi << 32 | lo;
}

#endif
