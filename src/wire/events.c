/* SPDX-License-Identifier: MIT */
/*
 * The event stream as records, and what each says. Which row that is, and what
 * follows from it, is not known here. A recording may be anybody's, so lengths,
 * states and families are not believed.
 */
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "wire/attr.h"
#include "wire/diag.h"
#include "wire/events.h"

#define STATES 13		/* TCP_NEW_SYN_RECV is the last */

/* ---- records ------------------------------------------------------------- */

/* The bytes of the record at the front; 0: that is none. */
static size_t record_at(const unsigned char *p, size_t len, struct wire_event *ret)
{
	size_t body;

	if (len < sizeof(*ret))
		return 0;
	memcpy(ret, p, sizeof(*ret));
	body = ((size_t)ret->len + 7) & ~(size_t)7;
	if (ret->len > len - sizeof(*ret) || body > len - sizeof(*ret))
		return 0;
	return sizeof(*ret) + body;
}

size_t events_each(void *bytes, size_t len, events_fn fn, void *ctx)
{
	unsigned char *p = bytes;
	struct wire_event e;
	size_t step;

	while ((step = record_at(p, len, &e)) > 0) {
		fn(ctx, &e, p + sizeof(e));
		p += step;
		len -= step;
	}
	return len;
}

/* ---- sockets that were closed ---------------------------------------------- */

static int proto_of(const unsigned char *attrs, size_t len)
{
	struct attr a;

	if (!attr_find(attrs, len, INET_DIAG_PROTOCOL, &a) || a.len < 1)
		return LSSOCK_PROTO_NONE;
	switch (a.data[0]) {
	case IPPROTO_TCP:
		return LSSOCK_TCP;
	case IPPROTO_UDP:
		return LSSOCK_UDP;
	}
	return LSSOCK_PROTO_NONE;
}

static size_t whole_attrs(const unsigned char *attrs, size_t len)
{
	struct attr_walk w = { attrs, len };
	struct attr a;

	while (attr_next(&w, &a))
		;
	return len - w.left;
}

static int take_closed(struct events_in *in, const struct wire_event *e,
		       const unsigned char *body, size_t len)
{
	struct events_closed c = { .attrs = body + sizeof(struct inet_diag_msg) };
	int proto;

	if (len < sizeof(struct inet_diag_msg)) {
		in->bad++;
		return 0;
	}
	c.attrs_len = whole_attrs(c.attrs, len - sizeof(struct inet_diag_msg));
	proto = proto_of(c.attrs, c.attrs_len);
	if (proto == LSSOCK_PROTO_NONE)
		return 0;	/* another protocol, which has no rows of this kind */
	if (family_closed((uint8_t)proto, body, len, &c.sock, &c.ifindex) < 0 ||
	    !c.sock.cookie) {
		in->bad++;
		return 0;
	}
	c.sock.ns = e->ns;
	return in->sink->closed ? in->sink->closed(in->ctx, e, &c) : 0;
}

static int take_messages(struct events_in *in, const struct wire_event *e,
			 const unsigned char *bytes)
{
	struct attr_walk w = { bytes, e->len };
	const unsigned char *body;
	struct nlmsghdr h;
	int r = 0;

	while (r >= 0 && attr_message(&w, &h, &body))
		if (h.nlmsg_type == SOCK_DIAG_BY_FAMILY)
			r = take_closed(in, e, body, h.nlmsg_len - sizeof(h));
	if (r >= 0 && w.left)
		in->bad++;
	return r;
}

/* ---- the others -------------------------------------------------------------- */

static int take_state(struct events_in *in, const struct wire_event *e,
		      const unsigned char *body)
{
	struct wire_state s;

	if (e->len < sizeof(s)) {
		in->bad++;
		return 0;
	}
	memcpy(&s, body, sizeof(s));
	if (!s.was || !s.state || s.was >= STATES || s.state >= STATES || !s.cookie ||
	    (s.family != AF_INET && s.family != AF_INET6)) {
		in->bad++;
		return 0;
	}
	if (s.family == AF_INET) {
		memset(s.laddr + 4, 0, sizeof(s.laddr) - 4);
		memset(s.raddr + 4, 0, sizeof(s.raddr) - 4);
	}
	if (s.pid <= 0) {
		s.pid = 0;
		s.start_ns = 0;
	}
	return in->sink->state ? in->sink->state(in->ctx, e, &s) : 0;
}

static int take_two(struct events_in *in, const struct wire_event *e,
		    const unsigned char *body)
{
	uint32_t v[2];

	if (e->len < sizeof(v)) {
		in->bad++;
		return 0;
	}
	memcpy(v, body, sizeof(v));
	if (e->type == EVENT_LOST)
		return in->sink->lost ? in->sink->lost(in->ctx, e, v[1], v[0]) : 0;
	return in->sink->tells ? in->sink->tells(in->ctx, e, v[0], (int)v[1]) : 0;
}

static int take_record(struct events_in *in, const struct wire_event *e,
		       const unsigned char *body)
{
	switch (e->type) {
	case EVENT_DESTROY:
		return take_messages(in, e, body);
	case EVENT_STATE:
		return take_state(in, e, body);
	case EVENT_LOST:
	case EVENT_TELLS:
		return take_two(in, e, body);
	}
	in->bad++;
	return 0;
}

int events_decode(void *in_, const void *bytes, size_t len)
{
	struct events_in *in = in_;
	const unsigned char *p = bytes;
	struct wire_event e;
	size_t step;
	int r = 0;

	while (r >= 0 && (step = record_at(p, len, &e)) > 0) {
		r = take_record(in, &e, p + sizeof(e));
		p += step;
		len -= step;
	}
	if (r >= 0 && len)
		in->bad++;
	return r < 0 ? r : 0;
}

/* ---- keys -------------------------------------------------------------------- */

static void scrub_record(void *ctx, const struct wire_event *e, unsigned char *body)
{
	(void)ctx;
	if (e->type == EVENT_DESTROY)
		diag_scrub(body, e->len);
}

void events_scrub(void *bytes, size_t len)
{
	size_t left = events_each(bytes, len, scrub_record, NULL);

	memset((unsigned char *)bytes + (len - left), 0, left);
}
