/* SPDX-License-Identifier: MIT */
/*
 * Recording: a source that passes every question on to another and writes each
 * answer, when it has ended, to a file. What answers mean is not known here,
 * except that keys never reach a tape and that anon.c may rewrite what does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/pool.h"
#include "source/anon.h"
#include "source/tape.h"
#include "wire/diag.h"
#include "wire/events.h"

struct tee {
	struct source source;
	struct source *inner;
	struct pool_lock *lock;		/* the rest is under it */
	int fd, err;
	char *path, *tmp;		/* tmp NULL: path is no file, written directly */
	uint64_t records;
	uint32_t frames;		/* rounds begun since the last answer */
	uint32_t busy;			/* asks on their way */
	bool closed, rewrite;
	struct anon anon;
};

static uint64_t epoch_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void keep_error(struct tee *t, int code)
{
	if (code < 0 && !t->err)
		t->err = code;
}

/* A record whose head is at the front of b, still to be filled in. */
static void write_record(struct tee *t, struct buf *b, struct tape_record r)
{
	if (b->failed)
		keep_error(t, -ENOMEM);
	if (t->err)
		return;
	r.len = b->len - sizeof(r);
	r.time_ns = epoch_ns();
	r.hash = tape_record_hash(&r, b->data + sizeof(r));
	memcpy(b->data, &r, sizeof(r));
	keep_error(t, io_write_all(t->fd, b->data, b->len));
	t->records++;
}

static void write_mark(struct tee *t, uint32_t type, uint64_t id)
{
	struct buf b = { 0 };

	buf_fill(&b, 0, sizeof(struct tape_record));
	write_record(t, &b, (struct tape_record){ .type = type, .id = id });
	buf_release(&b);
}

static void write_answer(struct tee *t, struct buf *b, const struct tape_record *r)
{
	/* A round without an answer is none: the last one may be cut by a signal. */
	while (t->frames && !t->err) {
		write_mark(t, RECORD_FRAME, 0);
		t->frames--;
	}
	write_record(t, b, *r);
}

/* One answer on its way to who asked, and to the tape. */
struct taking {
	struct tee *tee;
	const struct ask *ask;
	chunk_fn fn;
	void *ctx;
	struct buf b;
	struct buf joined;		/* the chunks, if they are rewritten as one */
};

static void keep_chunk(struct taking *g, const void *bytes, size_t len)
{
	const uint64_t head = len;
	char *p = buf_add(&g->b, sizeof(head) + tape_padded(len));

	if (!p)
		return;
	memcpy(p, &head, sizeof(head));
	if (len)
		memcpy(p + sizeof(head), bytes, len);
	memset(p + sizeof(head) + len, 0, tape_padded(len) - len);
	if (g->ask->kind == ASK_DIAG)
		diag_scrub(p + sizeof(head), len);
	if (g->ask->kind == ASK_EVENTS)
		events_scrub(p + sizeof(head), len);
	if (g->tee->rewrite)
		anon_chunk(&g->tee->anon, g->ask, p + sizeof(head), len);
}

/* Messages, owner records and events are whole in each chunk; other answers may be cut
 * anywhere, in the middle of a name too. */
static bool rewritten_as_one(const struct taking *g)
{
	return g->tee->rewrite && g->ask->kind != ASK_DIAG && g->ask->kind != ASK_ROUTE &&
	       g->ask->kind != ASK_OWNERS && g->ask->kind != ASK_HOLDERS &&
	       g->ask->kind != ASK_EVENTS;
}

static int take_chunk(void *ctx, const void *bytes, size_t len)
{
	struct taking *g = ctx;

	if (rewritten_as_one(g))
		buf_put(&g->joined, bytes, len);
	else
		keep_chunk(g, bytes, len);
	return g->fn(g->ctx, bytes, len);
}

static void begin(struct tee *t)
{
	pool_lock(t->lock);
	t->busy++;
	pool_unlock(t->lock);
}

static void finish(struct tee *t, struct taking *g, const struct tape_record *r, int code)
{
	pool_lock(t->lock);
	if (!t->closed) {
		keep_error(t, code);
		write_answer(t, &g->b, r);
	}
	t->busy--;
	pool_unlock(t->lock);
	buf_release(&g->b);
}

static int tee_ask(struct source *s, const struct ask *ask, chunk_fn fn, void *ctx)
{
	struct tee *t = (struct tee *)s;
	struct taking g = { .tee = t, .ask = ask, .fn = fn, .ctx = ctx };
	struct tape_record r = { .type = RECORD_ANSWER, .kind = ask->kind, .ns = ask->ns,
				 .id = ask->id };
	int code, bad = 0;

	begin(t);
	buf_fill(&g.b, 0, sizeof(r));
	code = t->inner->ask(t->inner, ask, take_chunk, &g);
	if (ask->kind == ASK_EVENTS)
		s->events_fd = t->inner->events_fd;
	r.err = code <= 0 && code >= -4095 ? code : -EIO;
	if (g.joined.len)
		keep_chunk(&g, g.joined.data, g.joined.len);
	if (g.joined.failed)
		bad = -ENOMEM;
	buf_release(&g.joined);
	if (t->rewrite && !bad)
		bad = anon_id(&t->anon, ask, &r.id);
	finish(t, &g, &r, bad);
	return code;
}

static int tee_next(struct source *s)
{
	struct tee *t = (struct tee *)s;
	int more = t->inner->next(t->inner);

	if (more > 0) {
		pool_lock(t->lock);
		t->frames++;
		pool_unlock(t->lock);
	}
	return more;
}

/* What is done is no answer: the tape holds none of it. */
static int tee_act(struct source *s, const struct lssock_ns *where, const void *request,
		   size_t len)
{
	struct tee *t = (struct tee *)s;

	return t->inner->act(t->inner, where, request, len);
}

static void close_file(struct tee *t)
{
	if (!t->err)
		write_mark(t, RECORD_END, t->records);
	if (close(t->fd) < 0)
		keep_error(t, -errno);
	if (!t->tmp)
		return;
	if (!t->err && rename(t->tmp, t->path) < 0)
		keep_error(t, -errno);
	if (t->err)
		unlink(t->tmp);
}

static void free_tee(struct tee *t)
{
	pool_lock_free(t->lock);
	mem_free(t->path);
	mem_free(t->tmp);
	mem_free(t);
}

static int tee_close(struct source *s)
{
	struct tee *t = (struct tee *)s;
	bool busy;
	int code, inner;

	pool_lock(t->lock);
	t->closed = true;
	busy = t->busy;
	close_file(t);
	code = t->err;
	pool_unlock(t->lock);
	if (busy)		/* a read that hangs still uses both sources */
		return code;
	inner = t->inner->close(t->inner);
	free_tee(t);
	return code ? code : inner;
}

/* ---- making the file --------------------------------------------------- */

static char *copy_text(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	char *p = mem_alloc(na + nb + 1);

	if (p) {
		memcpy(p, a, na);
		memcpy(p + na, b, nb);
	}
	return p;
}

/* A device or a pipe is written as it is; a file gets its name when whole. */
static int open_file(struct tee *t)
{
	struct stat st;

	t->tmp = NULL;
	if (stat(t->path, &st) == 0 && S_ISDIR(st.st_mode))
		return -EISDIR;
	if (stat(t->path, &st) == 0 && !S_ISREG(st.st_mode)) {
		t->fd = open(t->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return t->fd < 0 ? -errno : 0;
	}
	t->tmp = copy_text(t->path, ".XXXXXX");
	if (!t->tmp)
		return -ENOMEM;
	t->fd = mkostemp(t->tmp, O_CLOEXEC);
	return t->fd < 0 ? -errno : 0;
}

static int write_head(struct tee *t)
{
	struct tape_head h = { .version = TAPE_VERSION, .order = TAPE_ORDER,
			       .flags = t->rewrite ? TAPE_ANON : 0 };

	memcpy(h.magic, TAPE_MAGIC, sizeof(h.magic));
	h.hash = tape_head_hash(&h);
	return io_write_all(t->fd, &h, sizeof(h));
}

static int open_tee(struct tee *t, const char *path, bool anon)
{
	int code;

	t->fd = -1;
	t->rewrite = anon;
	t->lock = pool_lock_new();
	t->path = copy_text(path, "");
	if (!t->lock || !t->path)
		return -ENOMEM;
	code = anon ? anon_init(&t->anon) : 0;
	if (!code)
		code = open_file(t);
	return code ? code : write_head(t);
}

static void undo_tee(struct tee *t)
{
	if (t->fd >= 0) {
		close(t->fd);
		if (t->tmp)
			unlink(t->tmp);
	}
	free_tee(t);
}

int tape_tee(struct source *inner, const char *path, bool anon, struct source **ret,
	     struct lssock_err *err)
{
	struct tee *t = mem_alloc(sizeof(*t));
	int code;

	if (!t)
		return tape_tell(err, -ENOMEM, "%s", strerror(ENOMEM));
	code = open_tee(t, path, anon);
	if (code < 0) {
		undo_tee(t);
		return tape_tell_file(err, code, "cannot record into", path);
	}
	t->inner = inner;
	t->source = (struct source){
		.events_fd = inner->events_fd, .ask = tee_ask, .next = tee_next, .act = tee_act,
		.close = tee_close, .live = inner->live, .own_pids = inner->own_pids,
	};
	*ret = &t->source;
	return 0;
}
