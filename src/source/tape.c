/* SPDX-License-Identifier: MIT */
/*
 * Replay: a recording as a source. Each answer is given to the question it
 * answered, whatever the order. A file is checked whole before anything of it
 * is believed; what answers mean is not known here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "source/tape.h"

int tape_tell(struct lssock_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	err->code = code;
	err->pos = -1;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return code;
}

int tape_tell_file(struct lssock_err *err, int code, const char *what, const char *path)
{
	struct buf safe = { 0 };

	text_safe(&safe, path, strlen(path), 0);
	tape_tell(err, code, "%s %.120s: %s", what, buf_cstr(&safe), strerror(-code));
	buf_release(&safe);
	return code;
}

struct answer {
	uint64_t id;
	uint32_t frame, seq;
	uint16_t kind, ns;
	int32_t err;
	size_t at, len;			/* its chunks in the tape's bytes */
	uint32_t asked;			/* of the first with this key: how often */
};

struct tape {
	struct source source;
	struct buf bytes;
	VEC(struct answer) answers;	/* sorted by frame, question, order */
	uint32_t frame, frames;
	/* the answer to ASK_EVENTS that is next */
	struct { uint32_t frame, n; bool any; } events;
};

#define BY(field) if (a->field != b->field) return a->field < b->field ? -1 : 1

static int compare_keys(const struct answer *a, const struct answer *b)
{
	BY(frame);
	BY(kind);
	BY(ns);
	BY(id);
	return 0;
}

static int compare_answers(const void *x, const void *y)
{
	const struct answer *a = x, *b = y;
	int order = compare_keys(a, b);

	if (order)
		return order;
	BY(seq);
	return 0;
}

/* The first answer whose key is not below (or, past: is above) the given one. */
static uint32_t find_bound(const struct tape *t, const struct answer *key, bool past)
{
	uint32_t low = 0, high = t->answers.n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int order = compare_keys(&t->answers.v[mid], key);

		if (order < 0 || (past && order == 0))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The k-th time a question is asked its k-th answer is given, then the last. */
static const struct answer *next_answer(struct tape *t, const struct ask *ask)
{
	struct answer key = { .kind = ask->kind, .ns = ask->ns, .id = ask->id,
			      .frame = __atomic_load_n(&t->frame, __ATOMIC_RELAXED) };
	uint32_t first = find_bound(t, &key, false);
	uint32_t n = find_bound(t, &key, true) - first;
	uint32_t k;

	if (!n)
		return NULL;
	k = __atomic_fetch_add(&t->answers.v[first].asked, 1, __ATOMIC_RELAXED);
	return &t->answers.v[first + (k < n ? k : n - 1)];
}

static uint64_t chunk_len(const char *p)
{
	uint64_t len;

	memcpy(&len, p, sizeof(len));
	return len;
}

static int give_answer(const struct tape *t, const struct answer *a, chunk_fn fn, void *ctx)
{
	const char *p = t->bytes.data + a->at, *end = p + a->len;

	while (p < end) {
		size_t len = chunk_len(p);
		int r = fn(ctx, p + 8, len);

		if (r < 0)
			return r;
		p += 8 + tape_padded(len);
	}
	return a->err;
}

/* Those of a round, from the next one on, at most so many. How many were given. */
static int give_events(struct tape *t, uint32_t max, chunk_fn fn, void *ctx)
{
	struct answer key = { .kind = ASK_EVENTS, .frame = t->events.frame };
	uint32_t first = find_bound(t, &key, false);
	uint32_t n = find_bound(t, &key, true) - first, given = 0;
	int r = 0;

	while (r == 0 && given < max && t->events.n < n) {
		r = give_answer(t, &t->answers.v[first + t->events.n++], fn, ctx);
		given++;
	}
	return r < 0 ? r : (int)given;
}

/* Each event happened once: what a round was not asked for comes with the next, and
 * nothing comes twice. Within a round they come as they came then, by and by. */
static int answer_events(struct tape *t, chunk_fn fn, void *ctx)
{
	uint32_t now = __atomic_load_n(&t->frame, __ATOMIC_RELAXED);
	int r = 0;

	while (r >= 0 && t->events.frame < now) {
		r = give_events(t, UINT32_MAX, fn, ctx);
		t->events.frame += r >= 0;
		t->events.n = r >= 0 ? 0 : t->events.n;
	}
	if (r >= 0)
		r = give_events(t, 1, fn, ctx);
	return r < 0 ? r : 0;
}

static int tape_ask(struct source *s, const struct ask *ask, chunk_fn fn, void *ctx)
{
	struct tape *t = (struct tape *)s;
	const struct answer *a;

	if (ask->kind == ASK_EVENTS && t->events.any)
		return answer_events(t, fn, ctx);
	a = next_answer(t, ask);
	return a ? give_answer(t, a, fn, ctx) : -ENODATA;
}

static int tape_next(struct source *s)
{
	struct tape *t = (struct tape *)s;

	if (t->frame + 1 >= t->frames)
		return 0;
	__atomic_fetch_add(&t->frame, 1, __ATOMIC_RELAXED);
	return 1;
}

static int tape_act(struct source *s, const struct lssock_ns *where, const void *request,
		    size_t len)
{
	(void)s;
	(void)where;
	(void)request;
	(void)len;
	return -EROFS;
}

static int tape_close(struct source *s)
{
	struct tape *t = (struct tape *)s;

	buf_release(&t->bytes);
	vec_release(&t->answers);
	mem_free(t);
	return 0;
}

/* ---- what makes a tape whole ------------------------------------------- */

static int check_head(const struct buf *b, struct lssock_err *err)
{
	struct tape_head h;

	if (b->len < sizeof(h) || memcmp(b->data, TAPE_MAGIC, sizeof(h.magic)))
		return tape_tell(err, -EBADMSG, "this is not an lssock recording");
	memcpy(&h, b->data, sizeof(h));
	if (h.order == TAPE_FOREIGN)
		return tape_tell(err, -EBADMSG, "the recording was made on a machine of "
				 "another byte order and cannot be read here");
	if (h.order != TAPE_ORDER || h.hash != tape_head_hash(&h))
		return tape_tell(err, -EBADMSG, "the head of the recording is damaged");
	if (h.version != TAPE_VERSION)
		return tape_tell(err, -EBADMSG, "the recording is of version %u; this lssock "
				 "reads version %u", h.version, TAPE_VERSION);
	return 0;
}

static bool chunks_fit(const char *p, size_t len)
{
	while (len) {
		uint64_t chunk = len < 8 ? UINT64_MAX : chunk_len(p);

		if (chunk > len - 8 || tape_padded(chunk) > len - 8)
			return false;
		p += 8 + tape_padded(chunk);
		len -= 8 + tape_padded(chunk);
	}
	return true;
}

static bool is_answer(const struct tape_record *r, const char *payload)
{
	return r->err <= 0 && r->err >= -4095 && chunks_fit(payload, r->len);
}

static int add_answer(struct tape *t, const struct tape_record *r, uint32_t seq, size_t at)
{
	struct answer *a = vec_push(&t->answers);

	if (!a)
		return -ENOMEM;
	a->frame = t->frames - 1;
	a->seq = seq;
	a->kind = r->kind;
	a->ns = r->ns;
	a->id = r->id;
	a->err = r->err;
	a->at = at;
	a->len = r->len;
	t->events.any |= r->kind == ASK_EVENTS;
	return 0;
}

/* Where the walk over the records is. */
struct place {
	struct tape *tape;
	struct lssock_err *err;
	size_t at;
	uint32_t n;			/* records so far */
	bool ended;
};

static int damaged(const struct place *p, const char *what)
{
	return tape_tell(p->err, -EBADMSG, "record %u of the recording, at byte %zu, %s",
		    p->n + 1, p->at, what);
}

static int take_record(struct place *p, const struct tape_record *r, size_t payload)
{
	int code = 0;

	switch (r->type) {
	case RECORD_ANSWER:
		if (!is_answer(r, p->tape->bytes.data + payload))
			return damaged(p, "makes no sense");
		code = add_answer(p->tape, r, p->n, payload);
		break;
	case RECORD_FRAME:
		p->tape->frames++;
		break;
	case RECORD_END:
		if (r->id != p->n)
			return damaged(p, "ends it, but others are missing before");
		p->ended = true;
		break;
	default:
		return damaged(p, "is of no known type");
	}
	return code < 0 ? tape_tell(p->err, code, "%s", strerror(-code)) : 0;
}

static int next_record(struct place *p)
{
	const struct buf *b = &p->tape->bytes;
	size_t left = b->len - p->at;
	struct tape_record r;
	int code;

	if (left < sizeof(r))
		return damaged(p, "is cut short");
	memcpy(&r, b->data + p->at, sizeof(r));
	if (r.len % 8 || r.len > SIZE_MAX / 2)
		return damaged(p, "is damaged");
	if (r.len > left - sizeof(r))
		return damaged(p, "is cut short or damaged");
	if (r.hash != tape_record_hash(&r, b->data + p->at + sizeof(r)))
		return damaged(p, "is damaged");
	code = take_record(p, &r, p->at + sizeof(r));
	if (code < 0)
		return code;
	p->at += sizeof(r) + r.len;
	p->n++;
	return 0;
}

static int read_records(struct tape *t, struct lssock_err *err)
{
	struct place p = { .tape = t, .err = err, .at = sizeof(struct tape_head) };

	while (!p.ended) {
		int code;

		if (p.at == t->bytes.len || p.n == UINT32_MAX)
			return tape_tell(err, -EBADMSG, "the recording was cut off after "
					 "record %u, at byte %zu", p.n, p.at);
		code = next_record(&p);
		if (code < 0)
			return code;
	}
	if (p.at < t->bytes.len)
		return tape_tell(err, -EBADMSG, "the recording goes on behind its end, "
				 "at byte %zu", p.at);
	return 0;
}

/* Takes the bytes over, also on failure. */
static int open_bytes(struct buf *b, struct source **ret, struct lssock_err *err)
{
	struct tape *t = mem_alloc(sizeof(*t));
	int code;

	if (!t) {
		buf_release(b);
		return tape_tell(err, -ENOMEM, "%s", strerror(ENOMEM));
	}
	t->source = (struct source){
		.events_fd = -1, .ask = tape_ask, .next = tape_next, .act = tape_act,
		.close = tape_close,
	};
	t->bytes = *b;
	*b = (struct buf){ 0 };
	t->frames = 1;
	code = check_head(&t->bytes, err);
	if (!code)
		code = read_records(t, err);
	if (code < 0) {
		tape_close(&t->source);
		return code;
	}
	if (t->answers.n)
		qsort(t->answers.v, t->answers.n, sizeof(t->answers.v[0]), compare_answers);
	*ret = &t->source;
	return 0;
}

int tape_open_bytes(const void *bytes, size_t len, struct source **ret, struct lssock_err *err)
{
	struct buf b = { 0 };

	buf_put(&b, bytes, len);
	if (b.failed) {
		buf_release(&b);
		return tape_tell(err, -ENOMEM, "%s", strerror(ENOMEM));
	}
	return open_bytes(&b, ret, err);
}

/* Until b holds `want` bytes or the file ends. */
static int read_to(int fd, struct buf *b, size_t want)
{
	while (b->len < want) {
		size_t room = want - b->len < 65536 ? want - b->len : 65536;
		ssize_t n;

		if (!buf_reserve(b, room))
			return -ENOMEM;
		n = read(fd, b->data + b->len, b->cap - b->len < want - b->len ?
			 b->cap - b->len : want - b->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		b->len += n;
	}
	return 0;
}

/* The head first: what is not a tape may be large, or without an end. */
static int read_tape(int fd, struct buf *b, struct lssock_err *err, const char *path)
{
	int code = read_to(fd, b, sizeof(struct tape_head));

	if (!code) {
		code = check_head(b, err);
		if (code < 0)
			return code;
		code = read_to(fd, b, SIZE_MAX);
	}
	return code < 0 ? tape_tell_file(err, code, "cannot read the recording", path) : 0;
}

int tape_open(const char *path, struct source **ret, struct lssock_err *err)
{
	struct buf b = { 0 };
	int fd, code;

	do {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	} while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return tape_tell_file(err, -errno, "cannot open the recording", path);
	code = read_tape(fd, &b, err, path);
	close(fd);
	if (code < 0) {
		buf_release(&b);
		return code;
	}
	return open_bytes(&b, ret, err);
}
