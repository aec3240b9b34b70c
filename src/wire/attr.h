/* SPDX-License-Identifier: MIT */
/*
 * Walking netlink messages and attributes that anybody may have made: a tape
 * is input too, and bytes of it need not be aligned. A walk ends at the end or
 * at the first length that lies; `left` is then not 0.
 */
#ifndef WIRE_ATTR_H
#define WIRE_ATTR_H

#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct attr_walk {
	const unsigned char *at;
	size_t left;
};

struct attr {
	unsigned type;
	size_t len;			/* of the payload */
	const unsigned char *data;
};

static inline void attr_skip(struct attr_walk *w, size_t len)
{
	size_t step = NLA_ALIGN(len);

	if (step > w->left)
		step = w->left;		/* the last one is not always padded */
	w->at += step;
	w->left -= step;
}

static inline bool attr_next(struct attr_walk *w, struct attr *ret)
{
	struct nlattr head;

	if (w->left < sizeof(head))
		return false;
	memcpy(&head, w->at, sizeof(head));
	if (head.nla_len < sizeof(head) || head.nla_len > w->left)
		return false;
	ret->type = head.nla_type & NLA_TYPE_MASK;
	ret->len = head.nla_len - sizeof(head);
	ret->data = w->at + sizeof(head);
	attr_skip(w, head.nla_len);
	return true;
}

/* The first attribute of a type. */
static inline bool attr_find(const void *attrs, size_t len, unsigned type, struct attr *ret)
{
	struct attr_walk w = { attrs, len };

	while (attr_next(&w, ret))
		if (ret->type == type)
			return true;
	return false;
}

/* false: the payload is too short for it. */
static inline bool attr_read(const struct attr *a, size_t at, void *ret, size_t len)
{
	if (a->len < at || a->len - at < len)
		return false;
	memcpy(ret, a->data + at, len);
	return true;
}

static inline bool attr_u32(const struct attr *a, size_t at, uint32_t *ret)
{
	return attr_read(a, at, ret, sizeof(*ret));
}

/* The error inside a DONE or ERROR message, 0: none. That of a missing protocol
 * handler comes inside DONE, with no ERROR. */
static inline int attr_end_error(unsigned type, const unsigned char *body, size_t len)
{
	int err = 0;

	if (len >= sizeof(err))
		memcpy(&err, body, sizeof(err));
	else if (type == NLMSG_ERROR)
		err = -EBADMSG;
	return err < 0 ? err : 0;
}

static inline bool attr_message(struct attr_walk *w, struct nlmsghdr *ret,
				const unsigned char **ret_body)
{
	if (w->left < sizeof(*ret))
		return false;
	memcpy(ret, w->at, sizeof(*ret));
	if (ret->nlmsg_len < sizeof(*ret) || ret->nlmsg_len > w->left)
		return false;
	*ret_body = w->at + sizeof(*ret);
	attr_skip(w, ret->nlmsg_len);
	return true;
}

#endif
