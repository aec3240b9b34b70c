/* SPDX-License-Identifier: MIT */
/*
 * A baseline: the file of what listened, and what listens now beside it. What a
 * listener is, is entry.c's.
 */
#include <errno.h>

#include "audit/entry.h"
#include "base/num.h"

#define HEAD "lssock-baseline "
#define VERSION 1
#define END "end"		/* the last line: a file that was cut short lacks it */

struct baseline {
	struct entries was;
};

/* ---- the file -------------------------------------------------------------------- */

static bool line_is(const struct lines *l, const char *text)
{
	return l->len == strlen(text) && !memcmp(l->at, text, l->len);
}

static bool read_head(struct lines *l)
{
	size_t n = strlen(HEAD);
	uint64_t version = 0;
	bool head = lines_next(l) && l->len > n && !memcmp(l->at, HEAD, n) &&
		    num_u64(l->at + n, l->len - n, UINT32_MAX, &version);

	if (head && version == VERSION)
		return true;
	if (l->faults)
		return false;
	l->number = 1;
	if (head && version > VERSION)
		lines_fault(l, n, "a baseline of version %u: this lssock knows version %d",
			    (unsigned)version, VERSION);
	else
		lines_fault(l, 0, "no baseline: it begins with `" HEAD "%d'", VERSION);
	return false;
}

static void read_lines(struct baseline *b, struct lines *l)
{
	bool ended = false;
	uint32_t faults = l->faults;

	while (lines_next(l)) {
		if (l->faults != faults || !l->len || *l->at == '#') {
			faults = l->faults;
			continue;
		}
		if (ended)
			lines_fault(l, 0, "something stands behind the `" END "'");
		else if (line_is(l, END))
			ended = true;
		else
			entries_of_line(&b->was, l);
		faults = l->faults;
	}
	if (ended)
		return;
	l->number++;
	l->at = l->end;
	l->len = 0;
	lines_fault(l, 0, "the last line `" END "' is missing: the file was cut short");
}

int baseline_new(const char *text, size_t len, fault_fn fault, void *ctx,
		 struct baseline **ret)
{
	struct lines l = { .text = text, .end = text + len, .at = text, .fault = fault,
			   .ctx = ctx };
	struct baseline *b = mem_alloc(sizeof(*b));
	uint64_t failures = mem_failures();
	int r = 0;

	if (!b)
		return -ENOMEM;
	if (read_head(&l))
		read_lines(b, &l);
	if (mem_failures() != failures || (!l.faults && entries_sort(&b->was) < 0))
		r = -ENOMEM;
	else if (l.faults)
		r = -EBADMSG;
	if (r < 0)
		baseline_free(b);
	else
		*ret = b;
	return r;
}

void baseline_free(struct baseline *b)
{
	if (!b)
		return;
	entries_release(&b->was);
	mem_free(b);
}

int lssock_baseline_write(const struct lssock_report *r, lssock_write_fn w, void *wctx)
{
	struct entries e = { 0 };
	struct buf b = { 0 };
	uint32_t i;
	int err = -ENOMEM;

	entries_of_report(&e, r);
	buf_puts(&b, HEAD);
	buf_u64(&b, VERSION);
	buf_puts(&b, "\n# What listened, by lssock audit --save; see lssock-audit(1).\n");
	for (i = 0; i < e.list.n && !e.failed; i++) {
		buf_put(&b, e.text.data + e.list.v[i].line.at, e.list.v[i].line.len);
		buf_putc(&b, '\n');
	}
	buf_puts(&b, END "\n");
	if (!e.failed && !b.failed)
		err = w(wctx, b.data, b.len);
	buf_release(&b);
	entries_release(&e);
	return err;
}

/* ---- sentences ------------------------------------------------------------------- */

struct compare {
	struct lssock_report *r;
	const struct entries *was;
	struct entries now;
	struct entry *old;		/* of was, to be marked */
	struct buf words, last;		/* a sentence, and the one before */
	uint32_t last_service;
};

static const char *const part_words[N_PART] = {
	[PART_ADDRESS] = "address", [PART_SCOPE] = "scope", [PART_PROC] = "program",
	[PART_EXE] = "program", [PART_USER] = "user", [PART_UNIT] = "unit",
	[PART_CONTAINER] = "container", [PART_WHY] = "what holds it instead",
	[PART_TO] = "where to", [PART_OPTIONS] = "options",
};

static bool is_known(const struct entries *e, const struct entry *x, enum part part)
{
	return !entry_is(e, x, part, "?");
}

static void put_was(struct compare *c, const struct entry *old, const struct entry *now,
		    enum part part)
{
	struct buf *b = &c->words;

	buf_puts(b, b->len ? "; " : "");
	buf_puts(b, part_words[part]);
	buf_puts(b, " was ");
	entry_put_raw(c->was, old, part, b);
	buf_puts(b, ", is ");
	entry_put_raw(&c->now, now, part, b);
}

/* The file that is run says what it is; a name can be taken by anybody, and counts
 * only where the file is not known. */
static enum part program_part(const struct compare *c, const struct entry *old,
			      const struct entry *now)
{
	bool files = is_known(c->was, old, PART_EXE) && is_known(&c->now, now, PART_EXE);

	if (!files || (entry_is(c->was, old, PART_EXE, "-") &&
		       entry_is(&c->now, now, PART_EXE, "-")))
		return PART_PROC;
	return PART_EXE;
}

static bool differs(const struct compare *c, const struct entry *old, const struct entry *now,
		    enum part part)
{
	return is_known(c->was, old, part) && is_known(&c->now, now, part) &&
	       !entry_same(c->was, old, &c->now, now, part);
}

static void put_changes(struct compare *c, const struct entry *old, const struct entry *now)
{
	static const enum part parts[] = { PART_USER, PART_UNIT, PART_CONTAINER, PART_WHY,
					   PART_SCOPE, PART_ADDRESS, PART_TO, PART_OPTIONS };
	enum part program = program_part(c, old, now);
	size_t i;

	buf_reset(&c->words);
	if (differs(c, old, now, program))
		put_was(c, old, now, program);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (differs(c, old, now, parts[i]))
			put_was(c, old, now, parts[i]);
}

/* ---- findings -------------------------------------------------------------------- */

static bool said_before(struct compare *c, uint32_t service)
{
	bool same = service == c->last_service && c->words.len == c->last.len &&
		    !memcmp(c->words.data, c->last.data, c->words.len);

	buf_reset(&c->last);
	buf_put(&c->last, c->words.data, c->words.len);
	c->last_service = service;
	return same;
}

static void tell_change(struct compare *c, const struct entry *now)
{
	struct finding *f;

	if (c->words.failed || said_before(c, now->service))
		return;
	f = report_find(c->r, "baseline-changed", LSSOCK_MEDIUM, now->service, now->row);
	if (!f)
		return;
	f->public.why = "What listens there is not what it was when the baseline was saved.";
	f->public.fix = "Find out who changed it; if it is meant to be so, save the baseline "
			"again.";
	buf_put(&c->r->text, c->words.data, c->words.len);
}

static void put_place(const struct entries *e, const struct entry *x, struct buf *b)
{
	bool is_unix = entry_is(e, x, PART_PROTO, "unix");

	entry_put_raw(e, x, PART_PROTO, b);
	buf_putc(b, ' ');
	if (!is_unix) {
		entry_put_raw(e, x, PART_ADDRESS, b);
		buf_putc(b, ':');
	}
	entry_put_raw(e, x, is_unix ? PART_PATH : PART_PORT, b);
	buf_putc(b, ' ');
	entry_put_raw(e, x, PART_PROC, b);
	if (!entry_is(e, x, PART_NETNS, "host")) {
		buf_puts(b, " in ");
		entry_put_raw(e, x, PART_NETNS, b);
	}
}

/* What is not known of either cannot be compared, and is no change. */
static void tell_unknown(struct compare *c, const struct entry *old, const struct entry *now)
{
	static const enum part parts[] = { PART_EXE, PART_USER, PART_UNIT, PART_CONTAINER,
					   PART_SCOPE, PART_ADDRESS };
	bool before = false, is = false;
	struct buf *b = &c->words;
	size_t i;

	buf_reset(b);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		bool a = is_known(c->was, old, parts[i]), z = is_known(&c->now, now, parts[i]);

		before |= !a;
		is |= !z;
		if (a && z)
			continue;
		buf_puts(b, b->len ? ", " : "");
		buf_puts(b, part_words[parts[i]]);
	}
	if (!b->len)
		return;
	report_unjudged(c->r);
	put_place(&c->now, now, &c->r->text);
	buf_puts(&c->r->text, ": ");
	buf_put(&c->r->text, b->data, b->len);
	buf_puts(&c->r->text, is ? " cannot be compared with the baseline: not known now" :
		 " cannot be compared: the baseline does not know");
	if (is && before)
		buf_puts(&c->r->text, ", nor when it was saved");
}

static void judge_pair(struct compare *c, struct entry *old, struct entry *now)
{
	old->paired = now->paired = true;
	put_changes(c, old, now);
	if (c->words.len)
		tell_change(c, now);
	tell_unknown(c, old, now);
}

/* ---- what is new ----------------------------------------------------------------- */

static enum lssock_severity severity_of(const struct entries *e, const struct entry *x)
{
	bool outside = entry_is(e, x, PART_SCOPE, "all") ||
		       entry_is(e, x, PART_SCOPE, "public");

	/* What the kernel passes on comes from outside. */
	return outside || x->row == LSSOCK_NONE ? LSSOCK_HIGH : LSSOCK_MEDIUM;
}

static void tell_added(struct compare *c, const struct entry *x, enum lssock_severity severity,
		       uint32_t row)
{
	struct finding *f = report_find(c->r, "baseline-added", severity, x->service, row);

	if (!f)
		return;
	f->public.why = "Somebody has started it since the baseline was saved.";
	f->public.fix = "Stop it, or save the baseline again if it is meant to be there.";
	buf_puts(&c->r->text, severity == LSSOCK_HIGH ?
		 "not in the baseline, and reachable from outside" : "not in the baseline");
}

/* A service that is new as a whole is one finding, else each of its sockets that is. */
static void tell_service(struct compare *c, const struct entry *const *of, uint32_t n)
{
	enum lssock_severity worst = LSSOCK_INFO, one;
	uint32_t i, added = 0;

	for (i = 0; i < n; i++) {
		one = severity_of(&c->now, of[i]);
		added += !of[i]->paired;
		worst = !of[i]->paired && one > worst ? one : worst;
	}
	if (n && added == n) {
		tell_added(c, of[0], worst, LSSOCK_NONE);
		return;
	}
	for (i = 0; i < n; i++)
		if (!of[i]->paired)
			tell_added(c, of[i], severity_of(&c->now, of[i]), of[i]->row);
}

static void tell_new(struct compare *c)
{
	VEC(const struct entry *) of = { 0 };
	VEC(uint32_t) heads = { 0 };	/* by service: how many entries, then where */
	uint32_t i, at = 0, n = c->r->services.n;

	if (!vec_reserve(&heads, n + 1) || !vec_reserve(&of, c->now.list.n + 1)) {
		c->r->failed = true;
	} else {
		memset(heads.v, 0, (n + 1ul) * sizeof(*heads.v));
		for (i = 0; i < c->now.list.n; i++)
			heads.v[c->now.list.v[i].service + 1]++;
		for (i = 0; i < n; i++)
			heads.v[i + 1] += heads.v[i];
		for (i = 0; i < c->now.list.n; i++)
			of.v[heads.v[c->now.list.v[i].service]++] = &c->now.list.v[i];
		for (i = 0; i < n; at = heads.v[i++])
			tell_service(c, of.v + at, heads.v[i] - at);
	}
	vec_release(&of);
	vec_release(&heads);
}

/* ---- what is gone ---------------------------------------------------------------- */

/* Whether a note says that a socket may be missing from the list. Another protocol's
 * table, or what is no table, says nothing about this one. */
static bool hides_socket(const struct compare *c, const struct entry *x,
			 const struct lssock_note *n)
{
	const uint32_t of_table = 1u << LSSOCK_NOTE_UNLISTABLE | 1u << LSSOCK_NOTE_FALLBACK |
		1u << LSSOCK_NOTE_DUMP_FAILED | 1u << LSSOCK_NOTE_BAD_MESSAGE |
		1u << LSSOCK_NOTE_NOT_RECORDED;
	size_t len = 0;
	const char *what = strings_get(&c->r->snap->strings, n->what, &len);

	if (!lssock_note_incomplete(n))
		return false;
	if (n->kind == LSSOCK_NOTE_NETNS_REFUSED)
		return true;
	if (n->kind == LSSOCK_NOTE_FORGEABLE)
		return entry_is(c->was, x, PART_PROTO, "unix");
	if (!(of_table & 1u << n->kind))
		return false;
	return !what || (len == x->part[PART_PROTO].len &&
			 !memcmp(what, entry_part(c->was, x, PART_PROTO), len));
}

/* The same of what the kernel passes on: only what is known to be of no account for
 * that leaves it certain. */
static bool hides_nat(const struct lssock_note *n)
{
	const uint32_t of_others = 1u << LSSOCK_NOTE_UNREADABLE_PROC |
		1u << LSSOCK_NOTE_VANISHED_PROC | 1u << LSSOCK_NOTE_NO_PROC |
		1u << LSSOCK_NOTE_HIDDEN_PROCS | 1u << LSSOCK_NOTE_UNLISTABLE |
		1u << LSSOCK_NOTE_FALLBACK | 1u << LSSOCK_NOTE_FORGEABLE |
		1u << LSSOCK_NOTE_OTHER_PIDNS | 1u << LSSOCK_NOTE_RING_BUSY |
		1u << LSSOCK_NOTE_DETAILS;

	return n->kind > 31 || !(of_others & 1u << n->kind);
}

static bool may_be_hidden(const struct compare *c, const struct entry *x)
{
	const struct lssock_snap *s = c->r->snap;
	bool nat = !entry_is(c->was, x, PART_TO, "-");
	uint32_t i;

	for (i = 0; i < s->notes.n; i++)
		if (nat ? hides_nat(&s->notes.v[i]) : hides_socket(c, x, &s->notes.v[i]))
			return true;
	return false;
}

static void tell_gone(struct compare *c, const struct entry *x)
{
	struct finding *f;

	if (may_be_hidden(c, x)) {
		report_unjudged(c->r);
		put_place(c->was, x, &c->r->text);
		buf_puts(&c->r->text, ": not seen, but not everything could be listed");
		return;
	}
	f = report_find(c->r, "baseline-removed", LSSOCK_LOW, LSSOCK_NONE, LSSOCK_NONE);
	if (!f)
		return;
	f->public.why = "A service that does not run is no danger, but may be missed.";
	f->public.fix = "Start it, or save the baseline again if it is not meant to be there.";
	put_place(c->was, x, &c->r->text);
	report_about_end(c->r);
	buf_puts(&c->r->text, "listened when the baseline was saved (line ");
	buf_u64(&c->r->text, x->number);
	buf_puts(&c->r->text, "), and does not now");
}

/* ---- pairs ----------------------------------------------------------------------- */

/* How much of two that listen in the same place is the same; -1: no pair. Ports that
 * the kernel chose are all one place: there the program must be the same. */
static int likeness(const struct compare *c, const struct entry *old, const struct entry *now)
{
	bool program = !differs(c, old, now, program_part(c, old, now));
	bool automatic = entry_is(&c->now, now, PART_PORT, "auto") ||
			 entry_is(&c->now, now, PART_PATH, "-auto");

	if (automatic && !program)
		return -1;
	return program * 4 + !differs(c, old, now, PART_ADDRESS) * 2 +
	       !differs(c, old, now, PART_USER);
}

struct range { uint32_t from, to; };

static void pair_like(struct compare *c, struct range old, struct range now, int like)
{
	uint32_t i, j;

	for (i = old.from; i < old.to; i++)
		for (j = now.from; j < now.to && !c->old[i].paired; j++)
			if (!c->now.list.v[j].paired &&
			    likeness(c, &c->old[i], &c->now.list.v[j]) == like)
				judge_pair(c, &c->old[i], &c->now.list.v[j]);
}

/* Both are sorted: the same lines first, whatever else there is. */
static void pair_equal(struct compare *c, struct range old, struct range now)
{
	uint32_t i = old.from, j = now.from;

	while (i < old.to && j < now.to) {
		const struct entry *x = &c->old[i], *y = &c->now.list.v[j];
		size_t n = x->line.len < y->line.len ? x->line.len : y->line.len;
		int d = memcmp(c->was->text.data + x->line.at,
			       c->now.text.data + y->line.at, n);

		d = d ? d : (x->line.len > y->line.len) - (x->line.len < y->line.len);
		if (!d)
			judge_pair(c, &c->old[i], &c->now.list.v[j]);
		i += d <= 0;
		j += d >= 0;
	}
}

static uint32_t same_place(const struct entries *e, const struct entry *v, uint32_t from)
{
	uint32_t to = from + 1;

	while (to < e->list.n && !entry_compare_place(e, &v[from], e, &v[to]))
		to++;
	return to;
}

static void pair_place(struct compare *c, struct range old, struct range now)
{
	int like;

	pair_equal(c, old, now);
	for (like = 7; like >= 0; like--)
		pair_like(c, old, now, like);
}

static void pair_all(struct compare *c)
{
	struct range old = { 0, 0 }, now = { 0, 0 };

	while (old.from < c->was->list.n && now.from < c->now.list.n) {
		int d = entry_compare_place(c->was, &c->old[old.from], &c->now,
					    &c->now.list.v[now.from]);

		old.to = same_place(c->was, c->old, old.from);
		now.to = same_place(&c->now, c->now.list.v, now.from);
		if (!d)
			pair_place(c, old, now);
		if (d <= 0)
			old.from = old.to;
		if (d >= 0)
			now.from = now.to;
	}
}

void baseline_judge(const struct baseline *b, struct lssock_report *r)
{
	struct compare c = { .r = r, .was = &b->was, .last_service = LSSOCK_NONE };
	uint32_t i;

	entries_of_report(&c.now, r);
	c.old = mem_alloc((b->was.list.n + 1ul) * sizeof(*c.old));
	r->failed |= c.now.failed || !c.old;
	if (c.old && b->was.list.n)
		memcpy(c.old, b->was.list.v, b->was.list.n * sizeof(*c.old));
	if (!r->failed) {
		pair_all(&c);
		tell_new(&c);
		for (i = 0; i < b->was.list.n && r->all; i++)
			if (!c.old[i].paired)
				tell_gone(&c, &c.old[i]);
	}
	r->failed |= c.words.failed || c.last.failed;
	buf_release(&c.words);
	buf_release(&c.last);
	entries_release(&c.now);
	mem_free(c.old);
}
