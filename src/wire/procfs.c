/* SPDX-License-Identifier: MIT */
/*
 * Texts of /proc about one process, and the records a source makes of them,
 * into rows. No I/O: what is read and when is the scanner's. cgroup.c reads the
 * cgroup file.
 */
#include "wire/procfs.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "wire/lines.h"
#include "wire/records.h"

/* ---- one process's files ------------------------------------------------- */

static void set_comm(struct procfs_stat *st, const char *p, size_t len)
{
	st->comm_len = (uint32_t)(len < sizeof(st->comm) ? len : sizeof(st->comm));
	memcpy(st->comm, p, st->comm_len);
}

bool procfs_comm_is_unsure(const struct procfs_stat *st)
{
	return memchr(st->comm, '\\', st->comm_len) != NULL;
}

void procfs_comm(const char *text, size_t len, struct procfs_stat *st)
{
	if (len && text[len - 1] == '\n')
		set_comm(st, text, len - 1);
}

int procfs_stat(const char *text, size_t len, struct procfs_stat *ret)
{
	struct slice rest, w;
	const char *open = len ? memchr(text, '(', len) : NULL;
	const char *close = len ? memrchr(text, ')', len) : NULL;
	struct procfs_stat st = { 0 };
	uint64_t pid, ppid, v = 0, flags = 0;

	if (!open || !close || close < open || open == text || open[-1] != ' ' ||
	    !num_u64(text, (size_t)(open - text) - 1, INT32_MAX, &pid))
		return -EBADMSG;
	set_comm(&st, open + 1, (size_t)(close - open) - 1);
	rest = (struct slice){ close + 1, len - (size_t)(close + 1 - text) };
	if (rest.len && rest.p[rest.len - 1] == '\n')
		rest.len--;
	if (!word_next(&rest, &w) || w.len != 1 || !word_u64(&rest, INT32_MAX, &ppid))
		return -EBADMSG;
	st.state = *w.p;
	for (unsigned field = 5; field <= 22; field++) {
		if (!word_next(&rest, &w))
			return -EBADMSG;
		if (field == 9 && !slice_u64(w, UINT32_MAX, &flags))
			return -EBADMSG;
		if (field == 22 && !slice_u64(w, UINT64_MAX, &v))
			return -EBADMSG;
	}
	st.pid = (int32_t)pid;
	st.ppid = (int32_t)ppid;
	st.flags = (uint32_t)flags;
	st.start_ticks = v;
	*ret = st;
	return 0;
}

static uint64_t bracketed(struct slice s, const char *prefix, uint64_t max)
{
	uint64_t v;

	return slice_skip(&s, prefix) && slice_drop(&s, "]") && slice_u64(s, max, &v) ? v : 0;
}

uint32_t procfs_socket_link(const char *link, size_t len)
{
	return (uint32_t)bracketed((struct slice){ link, len }, "socket:[", UINT32_MAX);
}

uint64_t procfs_net_link(const char *link, size_t len)
{
	return bracketed((struct slice){ link, len }, "net:[", UINT64_MAX);
}

/* The rest of the first line that starts so. */
static bool find_line(const char *text, size_t len, const char *key, struct slice *ret)
{
	struct slice all = { text, len };

	while (line_next(&all, ret))
		if (slice_skip(ret, key))
			return true;
	return false;
}

bool procfs_status_uid(const char *text, size_t len, uint32_t *ret)
{
	struct slice line;
	uint64_t real, effective;

	if (!find_line(text, len, "Uid:", &line) || !word_u64(&line, UINT32_MAX, &real) ||
	    !word_u64(&line, UINT32_MAX, &effective))
		return false;
	*ret = (uint32_t)effective;
	return true;
}

/* "    3: socket:[N]": false: not an entry. */
static bool ring_entry(struct slice line, uint64_t *ret_slot, struct slice *ret_name)
{
	struct slice slot;

	if (!line.len || *line.p != ' ' || !word_next(&line, &slot) ||
	    !slice_drop(&slot, ":") || !slice_u64(slot, UINT32_MAX, ret_slot))
		return false;
	if (line.len)
		slice_skip(&line, " ");
	*ret_name = line;
	return true;
}

/* Before Linux 6.9 names of files came unescaped: a newline in one could forge
 * an entry, but not without upsetting the order of the slots. */
static bool ring_entries(struct slice text, uint64_t n, void (*fn)(void *, uint32_t), void *ctx,
			 unsigned *ret_seen)
{
	struct slice line, name;
	uint64_t slot, next = 0;
	uint32_t inode;

	*ret_seen = 0;
	while (line_next(&text, &line) && ring_entry(line, &slot, &name)) {
		if (slot < next || slot >= n)
			return false;
		next = slot + 1;
		++*ret_seen;
		inode = procfs_socket_link(name.p, name.len);
		if (inode && fn)
			fn(ctx, inode);
	}
	return true;
}

int procfs_ring_files(const char *text, size_t len, void (*fn)(void *, uint32_t inode),
		      void *ctx)
{
	struct slice line, rest, polls;
	uint64_t n;
	unsigned seen;

	if (!find_line(text, len, "UserFiles:", &line))
		return -EAGAIN;
	rest = (struct slice){ line.p + line.len, len - (size_t)(line.p + line.len - text) };
	if (!word_u64(&line, INT32_MAX, &n))
		return -EAGAIN;
	if (!n)
		return 0;
	slice_skip(&rest, "\n");
	if (!ring_entries(rest, n, NULL, NULL, &seen))
		return -EAGAIN;
	/* A table of empty slots lists nothing; the polls are there, unless busy. */
	if (!seen && !find_line(text, len, "PollList:", &polls))
		return -EAGAIN;
	ring_entries(rest, n, fn, ctx, &seen);
	return (int)n;
}

uint32_t procfs_scm_fds(const char *text, size_t len)
{
	struct slice line;
	uint64_t n;

	return find_line(text, len, "scm_fds:", &line) && word_u64(&line, UINT32_MAX, &n) ?
	       (uint32_t)n : 0;
}

void procfs_map_sockets(const char *text, size_t len, void (*fn)(void *, uint32_t inode),
			void *ctx)
{
	struct slice all = { text, len }, line, w;
	uint64_t inode;

	while (line_next(&all, &line)) {
		unsigned field = 0;
		uint32_t named;

		while (field < 4 && word_next(&line, &w))
			field++;
		if (field < 4 || !word_u64(&line, UINT32_MAX, &inode) || !inode)
			continue;
		while (slice_skip(&line, " "))
			;
		slice_drop(&line, " (deleted)");
		named = procfs_socket_link(line.p, line.len);
		if (named && named == inode)
			fn(ctx, named);
	}
}

static bool is_octal(const char *p)
{
	return p[0] >= '0' && p[0] <= '3' && p[1] >= '0' && p[1] <= '7' &&
	       p[2] >= '0' && p[2] <= '7';
}

static void octal_decode(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\\' && s.len - i > 3 && is_octal(s.p + i + 1)) {
			const char *d = s.p + i + 1;

			buf_putc(b, (char)((d[0] & 3) << 6 | (d[1] & 7) << 3 | (d[2] & 7)));
			i += 3;
		} else {
			buf_putc(b, s.p[i]);
		}
	}
}

/* id parent dev root mountpoint options [optional…] - fstype … */
static uint64_t mount_netns(struct slice line, struct slice *ret_point)
{
	struct slice w, root = { 0 };
	unsigned field;

	for (field = 0; field < 6 && word_next(&line, &w); field++) {
		if (field == 3)
			root = w;
		if (field == 4)
			*ret_point = w;
	}
	if (field < 6)
		return 0;
	while (word_next(&line, &w) && !slice_is(w, "-"))
		;
	if (!word_next(&line, &w) || !slice_is(w, "nsfs"))
		return 0;
	return procfs_net_link(root.p, root.len);
}

void procfs_mount_netns(const char *text, size_t len,
			void (*fn)(void *, const char *path, size_t len, uint64_t ino),
			void *ctx)
{
	struct slice all = { text, len }, line, point = { 0 };
	struct buf path = { 0 };
	uint64_t ino;

	while (line_next(&all, &line)) {
		ino = mount_netns(line, &point);
		if (!ino)
			continue;
		buf_reset(&path);
		octal_decode(&path, point);
		if (!path.failed)
			fn(ctx, path.data, path.len, ino);
	}
	buf_release(&path);
}

/* ---- details of a process ------------------------------------------------ */

struct section { uint16_t tag; int16_t err; struct slice text; };

/* 1, 0 at the end, -EBADMSG. */
static int section_next(struct slice *all, struct section *ret)
{
	struct { uint16_t tag; int16_t err; uint32_t len; } head;
	size_t padded;

	if (!all->len)
		return 0;
	if (all->len < sizeof(head))
		return -EBADMSG;
	memcpy(&head, all->p, sizeof(head));
	if (head.len > all->len - sizeof(head))
		return -EBADMSG;
	ret->tag = head.tag;
	ret->err = head.err < 0 ? (int16_t)-head.err : head.err;
	ret->text = (struct slice){ all->p + sizeof(head), head.len };
	padded = sizeof(head) + ((head.len + (size_t)3) & ~(size_t)3);
	padded = padded < all->len ? padded : all->len;
	all->p += padded;
	all->len -= padded;
	return 1;
}

static void take_cmdline(struct lssock_snap *s, struct lssock_proc *p, struct slice text)
{
	struct buf cmd = { 0 };

	if (!text.len)
		return;			/* a kernel thread or zombie */
	p->cmdline = snap_string(s, text.p, text.len);
	while (text.len && !text.p[text.len - 1])
		text.len--;		/* also of titles, which are padded with NULs */
	buf_put(&cmd, text.p, text.len);
	for (size_t i = 0; i < cmd.len; i++)
		if (!cmd.data[i])
			cmd.data[i] = ' ';
	p->cmd = snap_string(s, cmd.data, cmd.len);
	s->failed |= cmd.failed;
	buf_release(&cmd);
}

static void take_exe(struct lssock_snap *s, struct lssock_proc *p, struct slice text)
{
	p->flags &= (uint16_t)~LSSOCK_P_EXE_DELETED;
	if (slice_drop(&text, " (deleted)"))
		p->flags |= LSSOCK_P_EXE_DELETED;
	if (text.len)
		p->exe = snap_string(s, text.p, text.len);
}

static uint32_t text_or_none(struct lssock_snap *s, const char *text)
{
	return *text ? snap_string(s, text, strlen(text)) : 0;
}

static void take_cgroup(struct lssock_snap *s, struct lssock_proc *p, struct slice text)
{
	struct procfs_cgroup c;

	procfs_cgroup(text.p, text.len, &c);
	p->unit = text_or_none(s, c.unit);
	p->manager = text_or_none(s, c.manager);
	p->container = text_or_none(s, c.container);
	p->pod = text_or_none(s, c.pod);
	p->runtime = c.runtime ? text_or_none(s, c.runtime) : 0;
}

static void take_section(struct lssock_snap *s, struct lssock_proc *p, const struct section *c)
{
	struct slice line;
	uint64_t v;

	switch (c->tag) {
	case PROC_CMDLINE:
		take_cmdline(s, p, c->text);
		break;
	case PROC_EXE:
		take_exe(s, p, c->text);
		break;
	case PROC_CGROUP:
		take_cgroup(s, p, c->text);
		break;
	case PROC_LIMITS:
		if (find_line(c->text.p, c->text.len, "Max open files", &line) &&
		    word_u64(&line, LSSOCK_NONE - 1, &v))
			p->nofile = (uint32_t)v;
		break;
	case PROC_NFDS:
		if (slice_u64(c->text, LSSOCK_NONE - 1, &v))
			p->nfds = (uint32_t)v;
		break;
	default:
		break;
	}
}

/* A kernel thread has no exe: ENOENT is an answer. */
static uint16_t refusal(const struct section *c)
{
	if (c->tag == PROC_CMDLINE)
		return LSSOCK_P_NO_CMD;
	if (c->tag == PROC_EXE && c->err != ENOENT)
		return LSSOCK_P_NO_EXE;
	return c->tag == PROC_CGROUP ? LSSOCK_P_NO_CGROUP : 0;
}

int procfs_details(struct lssock_snap *s, uint32_t proc, const void *bytes, size_t len)
{
	struct slice all = { bytes, len };
	struct section c;
	int r, denied = 0;

	if (!proc || proc >= s->procs.n)
		return -EINVAL;
	while ((r = section_next(&all, &c)) > 0) {
		if (!c.err) {
			take_section(s, &s->procs.v[proc], &c);
			continue;
		}
		s->procs.v[proc].flags |= refusal(&c);
		if (c.err == EACCES || c.err == EPERM)
			denied = c.err;
	}
	if (denied && !(s->procs.v[proc].flags & LSSOCK_P_DETAILS))
		snap_note(s, LSSOCK_NOTE_DETAILS, 0, denied, 1, NULL);
	s->procs.v[proc].flags |= LSSOCK_P_DETAILS;
	return r < 0 ? r : s->failed ? -ENOMEM : 0;
}

/* Of a program that is called so; what was deleted has the same behind its name. */
static void undelete(struct lssock_snap *s, struct lssock_proc *p)
{
	struct buf b = { 0 };
	size_t len = 0;
	const char *name = strings_get(&s->strings, p->exe, &len);

	buf_put(&b, name, name ? len : 0);
	buf_puts(&b, " (deleted)");
	s->failed |= b.failed;
	if (!b.failed)
		p->exe = snap_string(s, b.data, b.len);
	buf_release(&b);
}

void procfs_exe(struct lssock_snap *s, uint32_t proc, const void *bytes, size_t len)
{
	struct lssock_proc *p = proc && proc < s->procs.n ? &s->procs.v[proc] : NULL;
	struct wire_exe w;

	if (!p || !p->exe || len < sizeof(w))
		return;
	memcpy(&w, bytes, sizeof(w));
	p->flags |= LSSOCK_P_EXE_FILE;
	if (p->flags & LSSOCK_P_EXE_DELETED && (w.same || w.bare_same)) {
		p->flags &= (uint16_t)~LSSOCK_P_EXE_DELETED;
		if (w.same)
			undelete(s, p);
	}
	if (p->flags & LSSOCK_P_EXE_DELETED && !w.bare_err)
		p->flags |= LSSOCK_P_EXE_REPLACED;
	/* Without a name nobody can open it to write. */
	if ((w.nlink && w.mode & S_IWOTH) || (!w.dir_err && w.dir_mode & S_IWOTH))
		p->flags |= LSSOCK_P_EXE_WRITABLE;
}

int procfs_section_stat(const void *bytes, size_t len, struct procfs_stat *ret)
{
	struct slice all = { bytes, len };
	struct section c;
	int r = -ENOENT;

	while (section_next(&all, &c) > 0) {
		if (c.tag == PROC_STAT)
			r = c.err ? -c.err : procfs_stat(c.text.p, c.text.len, ret);
		else if (c.tag == PROC_COMM && !c.err && r == 0)
			procfs_comm(c.text.p, c.text.len, ret);
	}
	return r;
}

/* ---- facts, namespaces, files -------------------------------------------- */

static void take_number(struct lssock_snap *s, struct slice key, uint64_t v,
			struct procfs_facts *ret)
{
	int small = v <= INT32_MAX ? (int)v : -1;

	if (slice_is(key, "now"))
		s->meta.now_ns = v;
	else if (slice_is(key, "boot"))
		s->meta.boot_ns = v;
	else if (slice_is(key, "pid"))
		s->meta.self_pid = (uint32_t)v;
	else if (slice_is(key, "uid"))
		s->meta.self_uid = (uint32_t)v;
	else if (slice_is(key, "netns"))
		ret->netns = v;
	else if (slice_is(key, "netns_cookie"))
		ret->netns_cookie = v;
	else if (slice_is(key, "pidns_root"))
		ret->pidns_root = small;
	else if (slice_is(key, "hidepid"))
		ret->hidepid = small;
	else if (slice_is(key, "proc"))
		ret->proc = small;
	else if (slice_is(key, "fd_sizes"))
		ret->fd_sizes = small;
}

void procfs_facts(struct lssock_snap *s, const char *text, size_t len, struct procfs_facts *ret)
{
	struct slice all = { text, len }, line, key;
	uint64_t v;

	while (line_next(&all, &line)) {
		if (!word_next(&line, &key))
			continue;
		slice_skip(&line, " ");
		if (slice_is(key, "host"))
			s->meta.host = snap_string(s, line.p, line.len);
		else if (slice_is(key, "kernel"))
			s->meta.kernel = snap_string(s, line.p, line.len);
		else if (slice_is(key, "pidns_root") && slice_is(line, "-"))
			ret->pidns_root = -1;
		else if (slice_u64(line, UINT64_MAX, &v))
			take_number(s, key, v, ret);
	}
}

void procfs_netns(struct lssock_snap *s, const void *bytes, size_t len)
{
	const uint16_t known = LSSOCK_NS_OWN | LSSOCK_NS_ASKED | LSSOCK_NS_REFUSED |
			       LSSOCK_NS_HOST;
	const char *p = bytes;
	struct wire_ns w;

	for (; len >= sizeof(w); p += w.len, len -= w.len) {
		struct lssock_ns n = { .time_wait = LSSOCK_NONE, .overflows = UINT64_MAX,
				       .drops = UINT64_MAX };
		const char *tail = p + sizeof(w);

		memcpy(&w, p, sizeof(w));
		if (w.len > len || w.len < sizeof(w) ||
		    (size_t)w.name_len + w.path_len > w.len - sizeof(w))
			break;
		n.ino = w.ino;
		n.cookie = w.cookie;
		n.pid = w.pid;
		n.nprocs = w.nprocs;
		n.err = w.err < 0 ? -w.err : w.err;
		n.flags = w.flags & known;
		n.name = w.name_len ? snap_string(s, tail, w.name_len) : 0;
		n.path = w.path_len ? snap_string(s, tail + w.name_len, w.path_len) : 0;
		if (n.err)
			n.flags |= LSSOCK_NS_REFUSED;
		snap_ns(s, &n);
	}
	snap_find_homes(s);
}

/* Our look alone may meet another file of that name: only finding the very same
 * one says something. */
static enum lssock_file_state file_seen_by_us(const struct lssock_sock *k,
					      const struct wire_file *w)
{
	uint32_t major = k->local.w[1] >> 20, minor = k->local.w[1] & 0xfffff;

	if (!w->our_err && k->local.w[0] && w->our_ino == k->local.w[0] &&
	    w->our_major == major && w->our_minor == minor && S_ISSOCK(w->mode))
		return LSSOCK_FILE_LIVE;
	if (w->err == ENOENT || w->err == ENOTDIR)
		return LSSOCK_FILE_DELETED;
	return LSSOCK_FILE_UNKNOWN;
}

/* The socket knows its file by inode and device (major << 20 | minor). */
static enum lssock_file_state file_state(const struct lssock_sock *k, const struct wire_file *w)
{
	uint32_t major = k->local.w[1] >> 20, minor = k->local.w[1] & 0xfffff;

	if (w->err)
		return file_seen_by_us(k, w);
	if (!k->local.w[0])
		return LSSOCK_FILE_UNKNOWN;
	if (w->ino != k->local.w[0] || !S_ISSOCK(w->mode))
		return LSSOCK_FILE_REPLACED;
	/* btrfs and overlayfs give stat another device than the socket's. */
	if (w->major != major || w->minor != minor)
		return LSSOCK_FILE_UNKNOWN;
	return !w->our_err && w->our_ino == w->ino && w->our_major == w->major &&
	       w->our_minor == w->minor ? LSSOCK_FILE_LIVE : LSSOCK_FILE_OTHER_MOUNT;
}

void procfs_file(struct lssock_snap *s, uint32_t row, const void *bytes, size_t len)
{
	struct lssock_sock *k = row < s->socks.n ? &s->socks.v[row] : NULL;
	struct lssock_file *f;
	struct wire_file w;

	if (!k || k->proto != LSSOCK_UNIX || len < sizeof(w))
		return;
	memcpy(&w, bytes, sizeof(w));
	w.err = w.err < 0 ? -w.err : w.err;
	if (!k->local.w[2] || k->local.w[2] >= s->files.n) {
		if (!vec_push(&s->files)) {
			s->failed = true;
			return;
		}
		k->local.w[2] = s->files.n - 1;
	}
	f = &s->files.v[k->local.w[2]];
	*f = (struct lssock_file){ .state = file_state(k, &w) };
	if (f->state == LSSOCK_FILE_LIVE || f->state == LSSOCK_FILE_OTHER_MOUNT) {
		f->mode = w.mode;
		f->uid = w.uid;
		f->gid = w.gid;
	}
}
