/* SPDX-License-Identifier: MIT */
/*
 * The event stream: what each record says, that lies and odd lengths are counted
 * and nothing is read past the end; on a tape each event is given once, and
 * anonymous it names nobody.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"
#include "source/source.h"
#include "unit/messages.h"
#include "wire/events.h"

/* ---- making a stream ------------------------------------------------------- */

static void put_event(struct buf *b, unsigned type, uint16_t ns, const void *body, size_t len)
{
	const struct wire_event e = { .type = (uint16_t)type, .ns = ns, .len = (uint32_t)len,
				      .time_ns = 5000 + b->len };

	buf_put(b, &e, sizeof(e));
	buf_put(b, body, len);
	buf_fill(b, 0, -len & 7);
}

static void put_destroy(struct buf *b, uint8_t family, uint8_t protocol, uint32_t cookie)
{
	static const char info[232] = { [120] = 42 };
	struct inet_diag_msg m = inet_msg(family, 7, cookie);
	struct buf n = { 0 };
	size_t at = msg_begin(&n, SOCK_DIAG_BY_FAMILY, 0);

	m.idiag_inode = m.idiag_uid = 0;
	m.idiag_wqueue = 0xffffffff;
	buf_put(&n, &m, sizeof(m));
	msg_u8(&n, INET_DIAG_PROTOCOL, protocol);
	msg_attr(&n, INET_DIAG_INFO, info, sizeof(info));
	msg_end(&n, at);
	put_event(b, EVENT_DESTROY, 2, n.data, n.len);
	buf_release(&n);
}

static struct wire_state a_state(void)
{
	return (struct wire_state){
		.cookie = 9, .start_ns = 1000, .netns_ino = 7, .uid = 1000, .inode = 4711,
		.pid = 77, .was = 7, .state = 2, .family = AF_INET, .protocol = IPPROTO_TCP,
		.lport = 4000, .rport = 443, .laddr = { 203, 0, 113, 9 },
		.raddr = { 198, 51, 100, 7 }, .comm = "karlad",
	};
}

static void put_state(struct buf *b, const struct wire_state *s)
{
	put_event(b, EVENT_STATE, 1, s, sizeof(*s));
}

static void put_two(struct buf *b, unsigned type, uint32_t x, uint32_t y)
{
	const uint32_t body[2] = { x, y };

	put_event(b, type, 0, body, sizeof(body));
}

/* ---- what was called --------------------------------------------------------- */

struct seen {
	uint32_t closed, state, lost, tells, untold;
	struct lssock_sock sock;
	struct wire_state change;
	uint64_t time_ns;
	size_t attrs;
	uint32_t sum, count, bits;
	uint16_t ns;
	int err;
};

static void on_closed(void *ctx, uint16_t ns, uint64_t time_ns, const struct lssock_sock *k,
		      const void *attrs, size_t len)
{
	const unsigned char *p = attrs;
	struct seen *s = ctx;
	size_t i;

	s->closed++;
	s->sock = *k;
	s->ns = ns;
	s->time_ns = time_ns;
	s->attrs = len;
	for (i = 0, s->sum = 0; i < len; i++)
		s->sum += p[i];			/* every byte may be read */
}

static void on_state(void *ctx, uint16_t ns, uint64_t time_ns, const struct wire_state *w)
{
	struct seen *s = ctx;

	s->state++;
	s->ns = ns;
	s->time_ns = time_ns;
	s->change = *w;
}

static void on_lost(void *ctx, uint16_t ns, uint32_t count)
{
	struct seen *s = ctx;

	s->lost++;
	s->ns = ns;
	s->count = count;
}

static void on_tells(void *ctx, uint16_t ns, unsigned bits, int err)
{
	struct seen *s = ctx;

	s->tells++;
	s->ns = ns;
	s->bits = bits;
	s->err = err;
}

static void on_untold(void *ctx, uint16_t ns, int err)
{
	struct seen *s = ctx;

	s->untold++;
	s->ns = ns;
	s->err = err;
}

static const struct events_sink sink = { on_closed, on_state, on_lost, on_tells, on_untold };

/* A copy of exactly that size, so that a read past it is seen. */
static uint32_t decode(const struct buf *b, size_t len, struct seen *s)
{
	char *exact = malloc(len ? len : 1);
	uint32_t bad;

	memcpy(exact, b->data, len);
	bad = events_decode(exact, len, &sink, s);
	free(exact);
	return bad;
}

/* ---- decoding ------------------------------------------------------------------ */

static void a_closed_socket(void **state)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	static const uint8_t mapped[16] = { [10] = 0xff, 0xff, 10, 0, 0, 1 };
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		uint8_t protocol = i / 2 ? IPPROTO_UDP : IPPROTO_TCP;
		const struct lssock_sock *k;
		struct seen s = { 0 };
		struct buf b = { 0 };

		put_destroy(&b, families[i % 2], protocol, 5);
		assert_int_equal(decode(&b, b.len, &s), 0);
		assert_int_equal(s.closed, 1);
		k = &s.sock;
		assert_int_equal(k->proto, i / 2 ? LSSOCK_UDP : LSSOCK_TCP);
		assert_int_equal(k->type, i / 2 ? SOCK_DGRAM : SOCK_STREAM);
		assert_int_equal(k->family, families[i % 2]);
		assert_int_equal(k->state, LSSOCK_CLOSE);
		assert_int_equal(k->cookie, 5 | (uint64_t)1 << 32);
		assert_int_equal(k->lport, 80);
		assert_int_equal(k->rport, 4711);
		assert_memory_equal(k->local.ip, i % 2 ? mapped : mapped + 12,
				    i % 2 ? 16 : 4);
		assert_int_equal(k->remote.ip[i % 2 ? 12 : 0], 192);
		/* nothing of what the message cannot know */
		assert_int_equal(k->flags, LSSOCK_F_STATE);
		assert_int_equal(k->inode | k->wqueue | k->uid, 0);
		assert_int_equal(k->peer, LSSOCK_NONE);
		assert_int_equal(k->ns, 2);
		assert_int_equal(s.ns, 2);
		assert_int_equal(s.time_ns, 5000);
		assert_true(s.attrs >= 232 + 4);
		assert_true(s.sum >= 42);
		buf_release(&b);
	}
}

static void other_protocols_are_passed_over(void **state)
{
	struct seen s = { 0 };
	struct buf b = { 0 };
	size_t at;

	(void)state;
	put_destroy(&b, AF_INET, IPPROTO_UDPLITE, 5);
	put_destroy(&b, AF_INET, IPPROTO_SCTP, 6);
	assert_int_equal(decode(&b, b.len, &s), 0);
	at = b.len;
	put_destroy(&b, AF_UNIX, IPPROTO_TCP, 7);	/* no family of TCP */
	assert_int_equal(decode(&b, b.len, &s), 1);
	b.len = at;
	put_event(&b, 99, 0, "12345678", 8);		/* no type of ours */
	assert_int_equal(decode(&b, b.len, &s), 1);
	assert_int_equal(s.closed, 0);
	buf_release(&b);
}

static void a_change(void **state)
{
	struct wire_state w = a_state();
	struct seen s = { 0 };
	struct buf b = { 0 };

	(void)state;
	w.laddr[9] = 7;		/* not of an IPv4 address */
	put_state(&b, &w);
	assert_int_equal(decode(&b, b.len, &s), 0);
	w.laddr[9] = 0;
	assert_int_equal(s.state, 1);
	assert_int_equal(s.ns, 1);
	assert_memory_equal(&s.change, &w, sizeof(w));
	buf_reset(&b);
	w.pid = -4;
	put_state(&b, &w);
	assert_int_equal(decode(&b, b.len, &s), 0);
	assert_int_equal(s.change.pid, 0);
	assert_int_equal(s.change.start_ns, 0);
	buf_release(&b);
}

static void lies_about_states(void **state)
{
	struct wire_state good = a_state(), w[6];
	struct seen s = { 0 };
	struct buf b = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < 6; i++)
		w[i] = good;
	w[0].was = 0;
	w[1].state = 13;
	w[2].state = 255;
	w[3].cookie = 0;
	w[4].family = AF_UNIX;
	w[5].family = 0;
	for (i = 0; i < 6; i++)
		put_state(&b, &w[i]);
	put_event(&b, EVENT_STATE, 0, &good, sizeof(good) - 8);
	assert_int_equal(decode(&b, b.len, &s), 7);
	assert_int_equal(s.state, 0);
	buf_release(&b);
}

static void losses_and_tells(void **state)
{
	struct seen s = { 0 };
	struct buf b = { 0 };

	(void)state;
	put_two(&b, EVENT_LOST, 12, EVENT_STATE);
	put_two(&b, EVENT_TELLS, 1, EPERM);
	assert_int_equal(decode(&b, b.len, &s), 0);
	assert_int_equal(s.lost, 1);
	assert_int_equal(s.count, 12);
	assert_int_equal(s.tells, 1);
	assert_int_equal(s.bits, EVENT_TELLS_DESTROY);
	assert_int_equal(s.err, EPERM);
	put_event(&b, EVENT_TELLS, 5, (const uint32_t[]){ EVENT_TELLS_STATE, EMFILE }, 8);
	assert_int_equal(decode(&b, b.len, &s), 0);
	assert_int_equal(s.tells, 2);		/* not of all */
	assert_int_equal(s.untold, 1);
	assert_int_equal(s.ns, 5);
	assert_int_equal(s.err, EMFILE);
	put_event(&b, EVENT_LOST, 0, "1234", 4);
	assert_int_equal(decode(&b, b.len, &s), 1);
	buf_release(&b);
}

/* A stream of each type, for what cuts and changes it. */
static void put_some(struct buf *b)
{
	struct wire_state w = a_state();

	put_two(b, EVENT_TELLS, 3, 0);
	put_state(b, &w);
	put_destroy(b, AF_INET, IPPROTO_TCP, 5);
	put_destroy(b, AF_INET6, IPPROTO_UDP, 6);
	put_two(b, EVENT_LOST, 0, EVENT_DESTROY);
}

static void cut_anywhere(void **state)
{
	struct buf b = { 0 };
	size_t len;

	(void)state;
	put_some(&b);
	for (len = 0; len <= b.len; len++) {
		struct seen s = { 0 };
		uint32_t bad = decode(&b, len, &s);

		assert_true(bad <= 1);
		assert_true(s.closed + s.state + s.lost + s.tells <= 5);
		if (len == b.len)
			assert_int_equal(bad, 0);
	}
	buf_release(&b);
}

/* Any byte may lie: the walk ends inside, whatever it says. */
static void every_byte_may_lie(void **state)
{
	static const unsigned char lies[] = { 0, 1, 0x7f, 0x80, 0xff };
	struct buf b = { 0 };
	size_t at, i;

	(void)state;
	put_some(&b);
	for (at = 0; at < b.len; at++)
		for (i = 0; i < sizeof(lies); i++) {
			struct seen s = { 0 };
			char was = b.data[at];

			b.data[at] = (char)lies[i];
			decode(&b, b.len, &s);
			events_scrub(b.data, b.len);
			buf_reset(&b);
			put_some(&b);
			assert_int_equal(b.data[at], was);
		}
	buf_release(&b);
}

static void nobody_wants_it(void **state)
{
	static const struct events_sink none;
	struct buf b = { 0 };

	(void)state;
	put_some(&b);
	assert_int_equal(events_decode(b.data, b.len, &none, NULL), 0);
	buf_release(&b);
}

/* ---- on a tape ------------------------------------------------------------------ */

struct fake {
	struct source source;
	struct buf stream;
	uint32_t asks;
};

/* The n-th answer tells of n losses; that of a script of events all of it. */
static int fake_ask(struct source *s, const struct ask *a, chunk_fn fn, void *ctx)
{
	struct fake *f = (struct fake *)s;
	struct buf b = { 0 };
	int r;

	assert_int_equal(a->kind, ASK_EVENTS);
	s->events_fd = 77;
	if (f->stream.len)
		return fn(ctx, f->stream.data, f->stream.len);
	put_two(&b, EVENT_LOST, ++f->asks, EVENT_STATE);
	r = fn(ctx, b.data, b.len);
	buf_release(&b);
	return r;
}

static int fake_next(struct source *s)
{
	(void)s;
	return 1;
}

static int fake_close(struct source *s)
{
	buf_release(&((struct fake *)s)->stream);
	free(s);
	return 0;
}

static struct fake *fake_new(void)
{
	struct fake *f = calloc(1, sizeof(*f));

	f->source = (struct source){ .events_fd = -1, .ask = fake_ask, .next = fake_next,
				     .close = fake_close, .live = true };
	return f;
}

static char path[] = "/tmp/lssock-events-XXXXXX";

static int make_path(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int drop_path(void **state)
{
	(void)state;
	return unlink(path);
}

static int gather(void *ctx, const void *bytes, size_t len)
{
	buf_put(ctx, bytes, len);
	return 0;
}

static int ask(struct source *s, struct buf *b)
{
	const struct ask a = { .kind = ASK_EVENTS };

	buf_reset(b);
	return s->ask(s, &a, gather, b);
}

/* The numbers of the answers that come now, as digits of a number. */
static int which(struct source *s)
{
	struct buf b = { 0 };
	uint32_t n;
	size_t at;
	int r = ask(s, &b), sum = 0;

	for (at = 0; at + 24 <= b.len; at += 24) {
		memcpy(&n, b.data + at + 16, sizeof(n));
		sum = sum * 10 + (int)n;
	}
	buf_release(&b);
	return r < 0 ? r : sum;
}

/* Rounds with 1, 3, 0 and 1 answers. */
static void record(void)
{
	static const int asks[] = { 1, 3, 0, 1 };
	struct source *s;
	struct lssock_err err;
	int i, n;

	assert_int_equal(tape_tee(&fake_new()->source, path, false, &s, &err), 0);
	assert_int_equal(s->events_fd, -1);
	for (i = 0; i < 4; i++) {
		const struct ask other = { .kind = ASK_EVENTS, .ns = 1 };
		struct buf b = { 0 };

		if (i)
			s->next(s);
		for (n = 0; n < asks[i]; n++)
			which(s);
		if (i == 2)	/* or the round would not be one */
			s->ask(s, &other, gather, &b);
		buf_release(&b);
	}
	assert_int_equal(s->events_fd, 77);
	assert_int_equal(s->close(s), 0);
}

static void once_each(void **state)
{
	struct source *s;
	struct lssock_err err;

	(void)state;
	record();
	assert_int_equal(tape_open(path, &s, &err), 0);
	assert_int_equal(s->events_fd, -1);
	assert_int_equal(which(s), 1);
	assert_int_equal(which(s), 0);
	assert_int_equal(s->next(s), 1);
	assert_int_equal(which(s), 2);
	assert_int_equal(which(s), 3);
	assert_int_equal(s->next(s), 1);
	assert_int_equal(which(s), 4);		/* what the round before was not asked for */
	assert_int_equal(which(s), 0);
	assert_int_equal(s->next(s), 1);
	assert_int_equal(which(s), 6);
	assert_int_equal(which(s), 0);
	s->close(s);
	/* whoever asks late gets all of it */
	assert_int_equal(tape_open(path, &s, &err), 0);
	while (s->next(s))
		;
	assert_int_equal(which(s), 12346);
	assert_int_equal(which(s), 0);
	s->close(s);
}

static void anonymous(void **state)
{
	static const char local[4] = { (char)203, 0, 113, 9 }, ten[4] = { 10, 0, 0, 1 };
	struct fake *f = fake_new();
	struct source *s;
	struct lssock_err err;
	struct buf b = { 0 };
	struct seen seen = { 0 };

	(void)state;
	put_some(&f->stream);
	put_event(&f->stream, 99, 0, "karlads secret", 14);
	assert_int_equal(tape_tee(&f->source, path, true, &s, &err), 0);
	assert_int_equal(ask(s, &b), 0);
	assert_non_null(memmem(b.data, b.len, "karlad", 6));	/* who asks gets it as it is */
	assert_int_equal(s->close(s), 0);
	assert_int_equal(tape_open(path, &s, &err), 0);
	assert_int_equal(ask(s, &b), 0);
	s->close(s);
	assert_null(memmem(b.data, b.len, "karla", 5));
	assert_null(memmem(b.data, b.len, local, 4));
	assert_null(memmem(b.data, b.len, ten, 4));
	assert_int_equal(decode(&b, b.len, &seen), 1);	/* the unknown one */
	assert_int_equal(seen.closed, 2);
	assert_int_equal(seen.state, 1);
	assert_int_equal(seen.change.rport, 443);
	assert_int_equal(seen.change.pid, 77);
	assert_int_equal(strlen(seen.change.comm), 6);
	assert_int_equal(seen.sock.lport, 80);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_closed_socket),
		cmocka_unit_test(other_protocols_are_passed_over),
		cmocka_unit_test(a_change),
		cmocka_unit_test(lies_about_states),
		cmocka_unit_test(losses_and_tells),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(every_byte_may_lie),
		cmocka_unit_test(nobody_wants_it),
		cmocka_unit_test(once_each),
		cmocka_unit_test(anonymous),
	};

	return cmocka_run_group_tests(tests, make_path, drop_path);
}
