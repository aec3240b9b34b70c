/* SPDX-License-Identifier: MIT */
/*
 * A tape gives back what was recorded, to the byte and the errno; what is not
 * whole is refused and named; keys and, if asked, names never reach it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/io.h"
#include "model/addr.h"
#include "source/source.h"

/* ---- a source that says what it is told -------------------------------- */

struct line { uint16_t kind, ns; uint64_t id; int err; const char *chunks[3]; size_t len[3]; };

struct fake {
	struct source source;
	const struct line *script;	/* in the order of the asks */
	int at, rounds, closed, acts;
	bool *ret_closed;
};

static int fake_ask(struct source *s, const struct ask *a, chunk_fn fn, void *ctx)
{
	struct fake *f = (struct fake *)s;
	const struct line *l = &f->script[f->at++];
	int r = 0;

	assert_int_equal(a->kind, l->kind);
	for (int i = 0; i < 3 && l->chunks[i] && !r; i++)
		r = fn(ctx, l->chunks[i], l->len[i]);
	return r < 0 ? r : l->err;
}

static int fake_act(struct source *s, const struct lssock_ns *where, const void *request,
		    size_t len)
{
	struct fake *f = (struct fake *)s;

	f->acts++;
	assert_int_equal(where->ino, 7);
	assert_int_equal(len, 3);
	assert_memory_equal(request, "now", 3);
	return -EPERM;
}

static int fake_next(struct source *s)
{
	return ((struct fake *)s)->rounds-- > 0;
}

static int fake_close(struct source *s)
{
	struct fake *f = (struct fake *)s;

	if (f->ret_closed)
		*f->ret_closed = true;
	free(f);
	return 0;
}

static struct source *fake(const struct line *script, int rounds, bool *ret_closed)
{
	struct fake *f = calloc(1, sizeof(*f));

	f->source = (struct source){
		.ask = fake_ask, .next = fake_next, .act = fake_act, .close = fake_close,
		.live = true, .own_pids = true,
	};
	f->script = script;
	f->rounds = rounds;
	f->ret_closed = ret_closed;
	return &f->source;
}

/* ---- answers as text: every chunk with its length ---------------------- */

static int gather(void *ctx, const void *bytes, size_t len)
{
	struct buf *b = ctx;

	buf_printf(b, "[%zu]", len);
	buf_put(b, bytes, len);
	return 0;
}

static int ask(struct source *s, uint16_t kind, uint16_t ns, uint64_t id, struct buf *b)
{
	const struct ask a = { .kind = kind, .ns = ns, .id = id };

	buf_reset(b);
	return s->ask(s, &a, gather, b);
}

static void expect(struct source *s, uint16_t kind, uint16_t ns, uint64_t id, int err,
		   const char *want, size_t len)
{
	struct buf b = { 0 };

	assert_int_equal(ask(s, kind, ns, id, &b), err);
	assert_int_equal(b.len, len);
	if (len)
		assert_memory_equal(b.data, want, len);
	buf_release(&b);
}
#define EXPECT(s, kind, ns, id, err, want) \
	expect(s, kind, ns, id, err, want, sizeof(want) - 1)

/* ---- files ------------------------------------------------------------- */

static char dir[] = "/tmp/lssock-tape-XXXXXX";
static char path[64];

static int make_dir(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/t", dir);
	return 0;
}

static int drop_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);	/* fails if anything was left behind */
}

static const struct line script[] = {
	{ ASK_FACTS, 0, 0, 0, { "host a\n", "kernel b\n" }, { 7, 9 } },
	{ ASK_TEXT, 1, 2, 0, { "x\0y", "", "12345678" }, { 3, 0, 8 } },
	{ ASK_TEXT, 1, 2, 0, { "again" }, { 5 } },
	{ ASK_TEXT, 2, 2, -EACCES, { NULL }, { 0 } },
	{ ASK_OWNERS, 0, 0, -EIO, { "part" }, { 4 } },
	{ ASK_FACTS, 0, 0, 0, { "later" }, { 5 } },
};

static void record(void)
{
	struct source *s, *inner = fake(script, 2, NULL);
	struct lssock_err err;

	unlink(path);
	assert_int_equal(tape_tee(inner, path, false, &s, &err), 0);
	assert_true(s->live);
	EXPECT(s, ASK_FACTS, 0, 0, 0, "[7]host a\n[9]kernel b\n");
	EXPECT(s, ASK_TEXT, 1, 2, 0, "[3]x\0y[0][8]12345678");
	EXPECT(s, ASK_TEXT, 1, 2, 0, "[5]again");
	EXPECT(s, ASK_TEXT, 2, 2, -EACCES, "");
	EXPECT(s, ASK_OWNERS, 0, 0, -EIO, "[4]part");
	assert_int_equal(s->next(s), 1);
	EXPECT(s, ASK_FACTS, 0, 0, 0, "[5]later");
	assert_int_equal(s->next(s), 1);
	assert_int_equal(s->next(s), 0);
	assert_int_equal(access(path, F_OK), -1);	/* not before it is whole */
	assert_int_equal(s->close(s), 0);
}

static void replay_is_what_was_recorded(void **state)
{
	struct lssock_err err;
	struct source *s;

	(void)state;
	record();
	assert_int_equal(tape_open(path, &s, &err), 0);
	assert_false(s->live);
	/* another order than recorded */
	EXPECT(s, ASK_OWNERS, 0, 0, -EIO, "[4]part");
	EXPECT(s, ASK_TEXT, 2, 2, -EACCES, "");
	EXPECT(s, ASK_TEXT, 1, 2, 0, "[3]x\0y[0][8]12345678");
	EXPECT(s, ASK_TEXT, 1, 2, 0, "[5]again");
	EXPECT(s, ASK_TEXT, 1, 2, 0, "[5]again");
	EXPECT(s, ASK_FACTS, 0, 0, 0, "[7]host a\n[9]kernel b\n");
	EXPECT(s, ASK_TEXT, 1, 3, -ENODATA, "");
	EXPECT(s, ASK_DIAG, 0, 0, -ENODATA, "");
	assert_int_equal(s->next(s), 1);
	EXPECT(s, ASK_FACTS, 0, 0, 0, "[5]later");
	EXPECT(s, ASK_OWNERS, 0, 0, -ENODATA, "");
	assert_int_equal(s->next(s), 0);	/* a round without an answer is none */
	assert_int_equal(s->close(s), 0);
}

static void a_tape_is_nobody_elses(void **state)
{
	struct stat st;

	(void)state;
	record();
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
}

/* ---- damage ------------------------------------------------------------ */

static struct buf whole(void)
{
	struct buf b = { 0 };

	record();
	assert_int_equal(io_read_at(-1, path, &b, IO_LIMIT), 0);
	return b;
}

static int open_bytes(const void *p, size_t len, struct lssock_err *err)
{
	struct source *s;
	int r = tape_open_bytes(p, len, &s, err);

	if (!r)
		s->close(s);
	return r;
}

static void every_flipped_byte_is_found(void **state)
{
	struct buf b = whole();
	struct lssock_err err;

	(void)state;
	assert_int_equal(open_bytes(b.data, b.len, &err), 0);
	for (size_t i = 0; i < b.len; i++) {
		b.data[i] ^= 0x40;
		err.msg[0] = 0;
		assert_int_equal(open_bytes(b.data, b.len, &err), -EBADMSG);
		assert_int_equal(err.code, -EBADMSG);
		assert_true(strlen(err.msg) > 10);
		b.data[i] ^= 0x40;
	}
	buf_release(&b);
}

static void every_cut_is_found(void **state)
{
	struct buf b = whole();
	struct lssock_err err;

	(void)state;
	for (size_t i = 0; i < b.len; i++) {
		char *exact = malloc(i ? i : 1);

		memcpy(exact, b.data, i);
		assert_int_equal(open_bytes(exact, i, &err), -EBADMSG);
		free(exact);
	}
	buf_putc(&b, 0);
	assert_int_equal(open_bytes(b.data, b.len, &err), -EBADMSG);
	buf_release(&b);
}

static void the_fault_is_named(void **state)
{
	struct buf b = whole();
	struct lssock_err err;

	(void)state;
	/* the first record is 48 bytes, and two chunks of 16 and 24 */
	b.data[32 + 88 + 48] ^= 1;
	assert_int_equal(open_bytes(b.data, b.len, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "record 2 of the recording, at byte 120,"));
	b.data[32 + 88 + 48] ^= 1;
	assert_int_equal(open_bytes(b.data, b.len - 48, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "cut off after record 7"));
	memcpy(b.data + 16, "\1\2\3\4", 4);
	assert_int_equal(open_bytes(b.data, b.len, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "byte order"));
	assert_int_equal(open_bytes("#!/bin/sh\n", 10, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "not an lssock recording"));
	buf_release(&b);
}

static void an_unknown_version_is_named(void **state)
{
	struct buf b = whole();
	struct lssock_err err;
	uint64_t hash;

	(void)state;
	b.data[12] = 9;
	hash = hash_bytes(b.data, 24);
	memcpy(b.data + 24, &hash, 8);
	assert_int_equal(open_bytes(b.data, b.len, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "version 9"));
	buf_release(&b);
}

/* A right checksum does not make a record sensible. */
static void lying_lengths_inside_are_found(void **state)
{
	struct buf b = whole();
	struct lssock_err err;
	/* the payload is 40 bytes; with 9 the walk goes on inside the text */
	const uint64_t lies[] = { 9, 33, 40, 1 << 20, UINT64_MAX - 7, UINT64_MAX };
	char *r = b.data + 32;
	uint64_t len, hash;

	(void)state;
	memcpy(&len, r + 8, 8);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		memcpy(r + 48, &lies[i], 8);
		hash = hash_bytes(r, 40) * 31 + hash_bytes(r + 48, len);
		memcpy(r + 40, &hash, 8);
		assert_int_equal(open_bytes(b.data, b.len, &err), -EBADMSG);
		assert_non_null(strstr(err.msg, "makes no sense"));
	}
	buf_release(&b);
}

/* ---- failures ---------------------------------------------------------- */

static void files_that_cannot_be(void **state)
{
	struct source *s, *inner = fake(script, 0, NULL);
	struct lssock_err err;

	(void)state;
	assert_int_equal(tape_open("/nonexistent/t\n", &s, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/nonexistent/t\\x0a"));
	assert_int_equal(tape_open(dir, &s, &err), -EISDIR);
	assert_int_equal(tape_tee(inner, "/nonexistent/t", false, &s, &err), -ENOENT);
	assert_int_equal(tape_tee(inner, dir, false, &s, &err), -EISDIR);
	inner->close(inner);
}

static void a_full_disk_is_told_at_the_end(void **state)
{
	bool closed = false;
	struct source *s, *inner = fake(script, 0, &closed);
	struct lssock_err err;
	int r;

	(void)state;
	r = tape_tee(inner, "/dev/full", false, &s, &err);
	if (r == -ENOSPC) {
		inner->close(inner);
		return;
	}
	assert_int_equal(r, 0);
	EXPECT(s, ASK_FACTS, 0, 0, 0, "[7]host a\n[9]kernel b\n");
	assert_int_equal(s->close(s), -ENOSPC);
	assert_true(closed);
}

static void out_of_memory(void **state)
{
	struct buf b = whole();
	struct lssock_err err;
	int r = -ENOMEM;

	(void)state;
	for (uint64_t n = 1; r == -ENOMEM; n++) {
		mem_fail_at(n);
		r = open_bytes(b.data, b.len, &err);
		mem_fail_at(0);
		assert_true(r == 0 || r == -ENOMEM);
		assert_true(n < 100);
	}
	buf_release(&b);
}

/* Answers still reach who asked; the tape is not whole and says so. */
static void out_of_memory_while_recording(void **state)
{
	struct lssock_err err;
	bool failed = false;

	(void)state;
	unlink(path);
	for (uint64_t n = 1; n < 12; n++) {
		struct source *s, *inner = fake(script, 0, NULL);
		const struct ask a = { .kind = ASK_FACTS };
		char bytes[64];
		struct buf b = { bytes, 0, sizeof(bytes), false };
		int r;

		mem_fail_at(n);
		r = tape_tee(inner, path, false, &s, &err);
		if (r < 0) {
			mem_fail_at(0);
			inner->close(inner);
			continue;
		}
		assert_int_equal(s->ask(s, &a, gather, &b), 0);
		mem_fail_at(0);
		assert_int_equal(b.len, 22);
		r = s->close(s);
		failed |= r == -ENOMEM;
		assert_int_equal(access(path, F_OK), r ? -1 : 0);
		unlink(path);
	}
	assert_true(failed);
	record();
}

static int stop(void *ctx, const void *bytes, size_t len)
{
	(void)ctx, (void)bytes, (void)len;
	return -ECANCELED;
}

static void who_asks_may_stop(void **state)
{
	const struct ask a = { .kind = ASK_FACTS };
	struct lssock_err err;
	struct source *s;

	(void)state;
	record();
	assert_int_equal(tape_open(path, &s, &err), 0);
	assert_int_equal(s->ask(s, &a, stop, NULL), -ECANCELED);
	s->close(s);
}

/* ---- secrets ----------------------------------------------------------- */

static const char key[] = "TOP-SECRET-KEY";

/* A listener with one MD5 key, local address 203.0.113.9. */
static size_t md5_reply(char *p)
{
	struct nlmsghdr h = { .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			      .nlmsg_len = 16 + 72 + 4 + 100 };
	struct inet_diag_msg m = { .idiag_family = AF_INET, .idiag_state = 10 };
	struct nlattr a = { 104, INET_DIAG_MD5SIG };

	inet_pton(AF_INET, "203.0.113.9", m.id.idiag_src);
	memset(p, 0, h.nlmsg_len);
	memcpy(p, &h, 16);
	memcpy(p + 16, &m, 72);
	memcpy(p + 88, &a, 4);
	p[92] = AF_INET;
	memcpy(p + 92 + 20, key, sizeof(key));
	return h.nlmsg_len;
}

static void keys_stay_off_the_tape(void **state)
{
	char reply[256];
	struct line l[] = { { ASK_DIAG, 0, LSSOCK_TCP, 0, { reply }, { md5_reply(reply) } } };
	struct source *s;
	struct lssock_err err;
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(tape_tee(fake(l, 0, NULL), path, false, &s, &err), 0);
	assert_int_equal(ask(s, ASK_DIAG, 0, LSSOCK_TCP, &b), 0);
	assert_non_null(memmem(b.data, b.len, key, sizeof(key)));	/* not ours to change */
	assert_int_equal(s->close(s), 0);
	buf_reset(&b);
	assert_int_equal(io_read_at(-1, path, &b, IO_LIMIT), 0);
	assert_null(memmem(b.data, b.len, "SECRET", 6));
	assert_non_null(memmem(b.data, b.len, "\xcb\x00\x71\x09", 4));
	buf_release(&b);
}

/* ---- anonymous --------------------------------------------------------- */

static size_t unix_reply(char *p, const char *name, size_t len)
{
	struct nlmsghdr h = { .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			      .nlmsg_len = 16 + 16 + 4 + NLA_ALIGN(len) };
	struct unix_diag_msg m = { .udiag_family = AF_UNIX, .udiag_type = 1 };
	struct nlattr a = { 4 + len, UNIX_DIAG_NAME };

	memset(p, 0, h.nlmsg_len);
	memcpy(p, &h, 16);
	memcpy(p + 16, &m, 16);
	memcpy(p + 32, &a, 4);
	memcpy(p + 36, name, len);
	return h.nlmsg_len;
}

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "karla:x:1000:1000:Karla Kolumna:/var/karla:/bin/zsh\n";
static const char tcp4[] = "   0: 097100CB:1F90 0100007F:0050 01 00000001:00000002 "
			   "02:00000003 0 1000 0 4711\n";
static const char file_path[] = "/srv/kolumna/karla.sock";

static const char cgroup[] = "3:pids:/karla\n0::/system.slice/docker-0123456789abcdef.scope\n";

static size_t proc_reply(char *p)
{
	const uint32_t sizes[2] = { 9, sizeof(cgroup) - 1 };

	memset(p, 0, 256);
	p[0] = PROC_CMDLINE;
	memcpy(p + 4, &sizes[0], 4);
	memcpy(p + 8, "karlad\0-x", 9);
	p[20] = PROC_CGROUP;
	memcpy(p + 24, &sizes[1], 4);
	memcpy(p + 28, cgroup, sizeof(cgroup));
	return 28 + ((sizeof(cgroup) + 2) & ~3ul);
}

static void record_anon(void)
{
	static char reply[256], name[256], details[256];
	struct own_task task = { .type = OWN_TASK, .pid = 77, .comm = "karlad" };
	struct { struct ask_file head; char path[sizeof(file_path) - 1]; } file = {
		.head = { .pid = 77, .path_len = sizeof(file_path) - 1 } };
	struct line l[] = {
		{ ASK_DIAG, 0, LSSOCK_TCP, 0, { reply }, { md5_reply(reply) } },
		{ ASK_DIAG, 0, LSSOCK_UNIX, 0, { name },
		  { unix_reply(name, file_path, sizeof(file_path)) } },
		{ ASK_TEXT, 0, TEXT_PASSWD, 0, { passwd, passwd + 38 },
		  { 38, sizeof(passwd) - 1 - 38 } },
		{ ASK_TEXT, 0, TEXT_NET_TCP, 0, { tcp4 }, { sizeof(tcp4) - 1 } },
		{ ASK_OWNERS, 0, 0, 0, { (char *)&task }, { sizeof(task) } },
		{ ASK_FACTS, 0, 0, 0, { "now 5\nhost karlas-laptop\nkernel 6.1\n" }, { 36 } },
		{ ASK_PROC, 0, 9, 0, { details }, { proc_reply(details) } },
		{ ASK_FILE, 0, 0, 0, { "file" }, { 4 } },
		{ ASK_HOST, 0, 0, 0, { "karla.columna" }, { 13 } },
		{ ASK_USER, 0, 1001, 0, { "karla" }, { 5 } },
		{ ASK_SERVICE, 0, LSSOCK_TCP << 16 | 80, 0, { "http" }, { 4 } },
	};
	struct ask_host host = { .family = AF_INET, .ip = { 0xcb, 0, 0x71, 9 } };
	struct ask a = { .kind = ASK_FILE, .arg = &file };
	struct ask h = { .kind = ASK_HOST, .id = hash_bytes(&host, sizeof(host)), .arg = &host,
			 .arg_len = sizeof(host) };
	struct source *s;
	struct lssock_err err;
	struct buf b = { 0 };

	memcpy(file.path, file_path, sizeof(file.path));
	a.arg_len = offsetof(__typeof__(file), path) + sizeof(file.path);
	a.id = hash_bytes(&file, a.arg_len);
	assert_int_equal(tape_tee(fake(l, 0, NULL), path, true, &s, &err), 0);
	for (int i = 0; i < 7; i++)
		assert_int_equal(ask(s, l[i].kind, l[i].ns, l[i].id, &b), 0);
	assert_int_equal(s->ask(s, &a, gather, &b), 0);
	assert_int_equal(s->ask(s, &h, gather, &b), 0);
	assert_int_equal(ask(s, ASK_USER, 0, 1001, &b), 0);
	assert_int_equal(ask(s, ASK_SERVICE, 0, LSSOCK_TCP << 16 | 80, &b), 0);
	assert_int_equal(s->close(s), 0);
	buf_release(&b);
}

static bool holds(const struct buf *b, const char *text)
{
	return memmem(b->data, b->len, text, strlen(text));
}

static void names_and_addresses_are_gone(void **state)
{
	struct buf b = { 0 };

	(void)state;
	record_anon();
	assert_int_equal(io_read_at(-1, path, &b, IO_LIMIT), 0);
	assert_false(holds(&b, "arla"));
	assert_false(holds(&b, "olumna"));
	assert_false(holds(&b, "laptop"));
	assert_false(holds(&b, "SECRET"));
	assert_false(holds(&b, "097100CB"));
	assert_null(memmem(b.data, b.len, "\xcb\x00\x71\x09", 4));
	assert_true(holds(&b, "0100007F:0050 01 00000001:00000002"));	/* loopback stays */
	assert_true(holds(&b, "kernel 6.1"));
	assert_true(holds(&b, ":0:0:root:/root:/bin/"));
	assert_true(holds(&b, ":1000:1000:"));
	assert_true(holds(&b, "3:pids:/"));
	assert_true(holds(&b, "\n0::/system.slice/docker-"));
	assert_false(holds(&b, "0123456789abcdef"));
	buf_release(&b);
}

static void the_same_stays_the_same(void **state)
{
	struct { struct ask_file head; char path[sizeof(file_path) - 1]; } file = {
		.head = { .pid = 77, .path_len = sizeof(file_path) - 1 } };
	const size_t size = offsetof(__typeof__(file), path) + sizeof(file.path);
	struct buf name = { 0 }, text = { 0 }, tcp = { 0 };
	struct ask_host host = { .family = AF_INET };
	struct lssock_err err;
	struct source *s;
	uint32_t ip;
	char hex[9];

	(void)state;
	record_anon();
	assert_int_equal(tape_open(path, &s, &err), 0);
	assert_int_equal(ask(s, ASK_DIAG, 0, LSSOCK_UNIX, &name), 0);
	assert_memory_equal(name.data + 4 + 36, "/", 1);
	assert_memory_equal(name.data + 4 + 36 + 18, ".sock", 6);
	/* the file is asked for by the path that the row shows now */
	memcpy(file.path, name.data + 4 + 36, sizeof(file.path));
	EXPECT(s, ASK_FILE, 0, hash_bytes(&file, size), 0, "[4]file");
	/* "karla" in the path, the user, the program's name */
	assert_int_equal(ask(s, ASK_TEXT, 0, TEXT_PASSWD, &text), 0);
	assert_memory_equal(text.data + 4 + 30, file.path + 13, 5);
	assert_int_equal(ask(s, ASK_OWNERS, 0, 0, &text), 0);
	assert_memory_equal(text.data + 4 + offsetof(struct own_task, comm), file.path + 13, 5);
	/* one address in a dump and in a table */
	assert_int_equal(ask(s, ASK_DIAG, 0, LSSOCK_TCP, &tcp), 0);
	memcpy(&ip, tcp.data + 5 + 16 + 8, 4);
	snprintf(hex, sizeof(hex), "%08X", ip);
	assert_int_equal(ask(s, ASK_TEXT, 0, TEXT_NET_TCP, &text), 0);
	assert_memory_equal(text.data + 4 + 6, hex, 8);
	/* whose name is asked for by the address that the row shows now */
	memcpy(host.ip, &ip, 4);
	assert_int_equal(ask(s, ASK_HOST, 0, hash_bytes(&host, sizeof(host)), &text), 0);
	assert_int_equal(text.len, 4 + 13);
	assert_memory_equal(text.data + 4, file.path + 13, 5);
	EXPECT(s, ASK_SERVICE, 0, LSSOCK_TCP << 16 | 80, 0, "[4]http");
	s->close(s);
	buf_release(&name);
	buf_release(&text);
	buf_release(&tcp);
}

static uint32_t v4(unsigned i)
{
	static const uint32_t nets[] = { 0x0a000000, 0xac100000, 0xc0a80000, 0x64400000,
					 0x7f000000, 0xa9fe0000, 0xe0000000, 0x08080000 };

	return htonl(i < 800 ? nets[i % 8] + i * 37 % 65536 : i * 2654435761u);
}

static enum addr_class class_of(uint32_t ip)
{
	struct lssock_addr a = { .family = AF_INET, .prefix = 32 };

	memcpy(a.ip, &ip, 4);
	return addr_class(&a);
}

static int by_value(const void *a, const void *b)
{
	return memcmp(a, b, 4);
}

static void addresses_keep_their_class_and_stay_different(void **state)
{
	enum { N = 3000 };
	static uint32_t is[N];
	struct buf text = { 0 }, got = { 0 };
	struct line l[] = { { ASK_TEXT, 0, TEXT_NET_UDP, 0, { NULL }, { 0 } } };
	struct lssock_err err;
	struct source *s;
	unsigned same = 0;

	(void)state;
	for (unsigned i = 0; i < N; i++)
		buf_printf(&text, "%08X:0035\n", v4(i));
	l[0].chunks[0] = text.data;
	l[0].len[0] = text.len;
	assert_int_equal(tape_tee(fake(l, 0, NULL), path, true, &s, &err), 0);
	assert_int_equal(ask(s, ASK_TEXT, 0, TEXT_NET_UDP, &got), 0);
	s->close(s);
	assert_int_equal(tape_open(path, &s, &err), 0);
	assert_int_equal(ask(s, ASK_TEXT, 0, TEXT_NET_UDP, &got), 0);
	s->close(s);
	assert_int_equal(got.len, text.len + strlen("[42000]"));
	for (unsigned i = 0; i < N; i++) {
		is[i] = strtoul(got.data + strlen("[42000]") + i * 14, NULL, 16);
		assert_int_equal(class_of(is[i]), class_of(v4(i)));
		same += is[i] == v4(i) && class_of(is[i]) != ADDR_LOOPBACK &&
			class_of(is[i]) != ADDR_MULTICAST;
	}
	assert_true(same < N / 4);	/* reserved nets stay as they are */
	qsort(is, N, sizeof(is[0]), by_value);
	same = 0;
	for (unsigned i = 1; i < N; i++)
		same += is[i] == is[i - 1];
	assert_int_equal(same, 0);
	buf_release(&text);
	buf_release(&got);
}

static void no_answer_is_too_short_to_be_rewritten(void **state)
{
	static char bytes[64];
	struct lssock_err err;
	struct buf b = { 0 };
	struct source *s;

	(void)state;
	for (int kind = 0; kind < ASK_N_KIND; kind++) {
		for (size_t len = 0; len < sizeof(bytes); len++) {
			struct line l[] = { { kind, 0, 1, 0, { bytes }, { len } } };

			memset(bytes, 0x41, sizeof(bytes));
			bytes[0] = len;
			assert_int_equal(tape_tee(fake(l, 0, NULL), path, true, &s, &err), 0);
			assert_int_equal(ask(s, kind, 0, 1, &b), 0);
			assert_int_equal(s->close(s), 0);
		}
	}
	buf_release(&b);
}

/* A tee passes it on and keeps nothing of it; its tape is the same without. */
static void what_is_done_is_on_no_tape(void **state)
{
	const struct lssock_ns where = { .ino = 7 };
	struct source *s, *inner;
	struct lssock_err err;
	struct stat st;
	off_t size = 0;

	(void)state;
	for (int n = 0; n < 2; n++) {
		inner = fake(script, 0, NULL);
		assert_int_equal(tape_tee(inner, path, false, &s, &err), 0);
		assert_true(s->own_pids);
		EXPECT(s, ASK_FACTS, 0, 0, 0, "[7]host a\n[9]kernel b\n");
		for (int i = 0; i < n; i++)
			assert_int_equal(s->act(s, &where, "now", 3), -EPERM);
		assert_int_equal(((struct fake *)inner)->acts, n);
		assert_int_equal(s->close(s), 0);
		assert_int_equal(stat(path, &st), 0);
		assert_true(n == 0 || st.st_size == size);
		size = st.st_size;
	}
	assert_int_equal(tape_open(path, &s, &err), 0);
	assert_false(s->own_pids);
	assert_int_equal(s->act(s, &where, "now", 3), -EROFS);
	assert_int_equal(s->close(s), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replay_is_what_was_recorded),
		cmocka_unit_test(a_tape_is_nobody_elses),
		cmocka_unit_test(every_flipped_byte_is_found),
		cmocka_unit_test(every_cut_is_found),
		cmocka_unit_test(the_fault_is_named),
		cmocka_unit_test(an_unknown_version_is_named),
		cmocka_unit_test(lying_lengths_inside_are_found),
		cmocka_unit_test(files_that_cannot_be),
		cmocka_unit_test(a_full_disk_is_told_at_the_end),
		cmocka_unit_test(out_of_memory),
		cmocka_unit_test(out_of_memory_while_recording),
		cmocka_unit_test(who_asks_may_stop),
		cmocka_unit_test(keys_stay_off_the_tape),
		cmocka_unit_test(names_and_addresses_are_gone),
		cmocka_unit_test(the_same_stays_the_same),
		cmocka_unit_test(addresses_keep_their_class_and_stay_different),
		cmocka_unit_test(no_answer_is_too_short_to_be_rewritten),
		cmocka_unit_test(what_is_done_is_on_no_tape),
	};

	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
