/* SPDX-License-Identifier: MIT */
/* Strict reading and writing of numbers, sizes, durations and times. */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include "base/buf.h"

/* The whole of s[0..len) must be the number: no sign, no blank. false: it is
 * not one, or too large for max. */
bool num_u64(const char *s, size_t len, uint64_t max, uint64_t *ret);
bool num_hex(const char *s, size_t len, uint64_t max, uint64_t *ret);
/* "10K" = 10000, "10Ki" = 10240, K M G T, fractions ("1.5M"), optional B. */
bool num_size(const char *s, size_t len, uint64_t *ret_bytes);
/* "100ms" "1.5s" "2h" "3d" "250us" "10min" (m = min); a unit is needed -> us. */
bool num_duration(const char *s, size_t len, uint64_t *ret_us);

/* For people, at most 3 digits: "12us" "1.7ms" "18ms" "0.9s" "12s" "2h40m" "12h". */
void num_put_duration(struct buf *b, uint64_t us);
/* "17K" "1.2M" (1000s), "0". */
void num_put_size(struct buf *b, uint64_t bytes);
/* RFC 3339, UTC: "2026-11-21T01:44:09Z", with ms if frac. */
void num_put_time(struct buf *b, uint64_t epoch_ns, bool frac);
/* %g with up to 6 digits, never in exponent form below 1e15, '.' in any locale. */
void num_put_real(struct buf *b, double v);

#endif
