/* SPDX-License-Identifier: MIT */
/*
 * Answers made anonymous: addresses, names, paths and command lines become
 * others of the same length and class, the same ones everywhere on one tape.
 * What has a length keeps it, so every answer stays what it was in form.
 */
#ifndef SOURCE_ANON_H
#define SOURCE_ANON_H

#include "source/source.h"

struct anon { uint64_t key[2]; };

/* A key nobody keeps (mask.c). 0 or -errno. */
int anon_init(struct anon *a);
/* Rewrites one chunk of the answer to this ask in place. */
void anon_chunk(const struct anon *a, const struct ask *ask, void *bytes, size_t len);
/* The id under which the rewritten question is asked: where the id is the hash
 * of a path or an address, that of the other one. -ENOMEM. */
int anon_id(const struct anon *a, const struct ask *ask, uint64_t *ret);

/* ---- mask.c -------------------------------------------------------------- */

/* Every word in it. */
void mask_text(const struct anon *a, void *bytes, size_t len);
/* An address of a family, if there is room for it; others stay. */
void mask_ip(const struct anon *a, int family, unsigned char *ip, size_t room);

#endif
