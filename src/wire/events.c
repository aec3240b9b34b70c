/* SPDX-License-Identifier: MIT */
/*
 * The event stream as records, and what each says. Which row that is, and what
 * follows from it, is not known here. A recording may be anybody's, so lengths,
 * states and families are not believed.
 */
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

/* One chunk on its way. */
struct decoding {
	const struct events_sink *sink;
	void *ctx;
	uint32_t bad;
};

static void take_closed(struct decoding *d, const struct wire_event *e,
			const unsigned char *body, size_t len)
{
	const unsigned char *attrs = body + sizeof(struct inet_diag_msg);
	struct lssock_sock k;
	size_t attrs_len;
	int proto;

	if (len < sizeof(struct inet_diag_msg)) {
		d->bad++;
		return;
	}
	attrs_len = whole_attrs(attrs, len - sizeof(struct inet_diag_msg));
	proto = proto_of(attrs, attrs_len);
	if (proto == LSSOCK_PROTO_NONE)
		return;		/* another protocol, which has no rows of this kind */
	if (family_closed((uint8_t)proto, body, len, &k) < 0 || !k.cookie) {
		d->bad++;
		return;
	}
	k.ns = e->ns;
	if (d->sink->closed)
		d->sink->closed(d->ctx, e->ns, e->time_ns, &k, attrs, attrs_len);
}

static void take_messages(struct decoding *d, const struct wire_event *e,
			  const unsigned char *bytes)
{
	struct attr_walk w = { bytes, e->len };
	const unsigned char *body;
	struct nlmsghdr h;

	while (attr_message(&w, &h, &body))
		if (h.nlmsg_type == SOCK_DIAG_BY_FAMILY)
			take_closed(d, e, body, h.nlmsg_len - sizeof(h));
	d->bad += w.left > 0;
}

/* ---- the others -------------------------------------------------------------- */

static void take_state(struct decoding *d, const struct wire_event *e,
		       const unsigned char *body)
{
	struct wire_state s = { 0 };

	if (e->len >= sizeof(s))
		memcpy(&s, body, sizeof(s));
	if (!s.was || !s.state || s.was >= STATES || s.state >= STATES || !s.cookie ||
	    (s.family != AF_INET && s.family != AF_INET6)) {
		d->bad++;
		return;
	}
	if (s.family == AF_INET) {
		memset(s.laddr + 4, 0, sizeof(s.laddr) - 4);
		memset(s.raddr + 4, 0, sizeof(s.raddr) - 4);
	}
	if (s.pid <= 0) {
		s.pid = 0;
		s.start_ns = 0;
	}
	if (d->sink->state)
		d->sink->state(d->ctx, e->ns, e->time_ns, &s);
}

static void take_tells(struct decoding *d, uint16_t ns, uint32_t bits, int err)
{
	if (ns == 0 && d->sink->tells)
		d->sink->tells(d->ctx, ns, bits, err);
	if (ns && !(bits & EVENT_TELLS_DESTROY) && d->sink->untold)
		d->sink->untold(d->ctx, ns, err);
}

static void take_two(struct decoding *d, const struct wire_event *e,
		     const unsigned char *body)
{
	uint32_t v[2];

	if (e->len < sizeof(v)) {
		d->bad++;
		return;
	}
	memcpy(v, body, sizeof(v));
	if (e->type == EVENT_TELLS)
		take_tells(d, e->ns, v[0], (int)v[1]);
	else if (d->sink->lost)
		d->sink->lost(d->ctx, e->ns, v[0]);
}

static void take_record(struct decoding *d, const struct wire_event *e,
			const unsigned char *body)
{
	switch (e->type) {
	case EVENT_DESTROY:
		take_messages(d, e, body);
		break;
	case EVENT_STATE:
		take_state(d, e, body);
		break;
	case EVENT_LOST:
	case EVENT_TELLS:
		take_two(d, e, body);
		break;
	default:
		d->bad++;
	}
}

uint32_t events_decode(const void *bytes, size_t len, const struct events_sink *sink, void *ctx)
{
	struct decoding d = { .sink = sink, .ctx = ctx };
	const unsigned char *p = bytes;
	struct wire_event e;
	size_t step;

	while ((step = record_at(p, len, &e)) > 0) {
		take_record(&d, &e, p + sizeof(e));
		p += step;
		len -= step;
	}
	return d.bad + (len > 0);
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
