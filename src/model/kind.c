/* SPDX-License-Identifier: MIT */
/* Kinds of sockets behind descriptors, each kept once, and cookies by inode. */
#include "model/kind.h"

#include "model/names.h"

void kinds_release(struct snap_kinds *k)
{
	vec_release(&k->rows);
	vec_release(&k->of_owner);
	vec_release(&k->cookies);
	index_release(&k->by_key);
	index_release(&k->by_cookie);
}

uint16_t kinds_row(struct snap_kinds *k, uint32_t ns_ino, uint32_t kind)
{
	uint32_t *slot = index_put(&k->by_key, (uint64_t)ns_ino << 32 | kind);
	struct snap_kind *new;

	if (slot && *slot != INDEX_NONE)
		return (uint16_t)*slot;
	if (!k->rows.n && !vec_push(&k->rows))
		slot = NULL;
	new = slot && k->rows.n <= UINT16_MAX ? vec_push(&k->rows) : NULL;
	if (slot)
		*slot = new ? k->rows.n - 1 : 0;
	if (!new)
		return 0;
	new->ns_ino = ns_ino;
	new->proto = (uint8_t)names_socket(kind >> 24, kind >> 16 & 0xff, kind & 0xffff);
	return (uint16_t)(k->rows.n - 1);
}

void kinds_set(struct snap_kinds *k, uint32_t owner, uint16_t row)
{
	while (k->of_owner.n <= owner)
		if (!vec_push(&k->of_owner))
			return;
	k->of_owner.v[owner] = row;
}

void kinds_set_cookie(struct snap_kinds *k, uint32_t inode, uint64_t cookie)
{
	uint64_t *new = vec_push(&k->cookies);
	uint32_t *slot = new ? index_put(&k->by_cookie, inode) : NULL;

	if (new)
		*new = cookie;
	if (slot)
		*slot = k->cookies.n - 1;
}

uint64_t kinds_cookie(const struct snap_kinds *k, uint32_t inode)
{
	uint32_t row = index_get(&k->by_cookie, inode);

	return row < k->cookies.n ? k->cookies.v[row] : 0;
}
