/* SPDX-License-Identifier: MIT */
/*
 * The text of a policy into rules. All that is wrong in it is told of at once, so that
 * nothing is judged by half a policy. How rules judge is in policyjudge.c.
 */
#include <errno.h>
#include <stdio.h>

#include "audit/policy.h"
#include "base/text.h"
#include "model/names.h"

static const char *const verdict_words[] = { "allow", "warn", "deny", NULL };

struct reader {
	struct lines lines;
	struct policy *p;
	size_t at, end;			/* in the line: comment and line end left out */
	bool failed;			/* out of memory */
};
struct token { size_t at, len; };

/* ---- rules ---------------------------------------------------------------------- */

bool policy_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

bool policy_name_char(char c)
{
	return policy_name_start(c) || c == '-' || c == '.' || c == ':' || c == '@' ||
	       c == '+' || c == '/';
}

const char *policy_name(const struct policy *p, uint32_t rule, size_t *ret_len)
{
	const char *name = strings_get(&p->strings, p->rules.v[rule].name, ret_len);

	return name ? name : "";
}

int policy_add(struct policy *p, const struct rule *r)
{
	struct rule *new = vec_push(&p->rules);

	if (!new) {
		filter_free(r->when);
		return -ENOMEM;
	}
	*new = *r;
	new->ports = condition_ports(r->when);
	return 0;
}

/* So many steps for one rule: whether a rule is refused must not depend on the rules
 * behind it, and a policy of thousands must be read in no time. */
#define STEPS (1u << 16)

uint32_t policy_covers(const struct policy *p, const struct filter *when)
{
	struct ports ports = condition_ports(when);
	uint32_t steps = STEPS, i;

	for (i = 0; i < p->rules.n; i++) {
		const struct rule *r = &p->rules.v[i];

		if (ports.lo < r->ports.lo || ports.hi > r->ports.hi)
			continue;
		if (condition_within(when, r->when, &steps))
			return i;
	}
	return LSSOCK_NONE;
}

void policy_free(struct policy *p)
{
	uint32_t i;

	if (!p)
		return;
	for (i = 0; i < p->rules.n; i++)
		filter_free(p->rules.v[i].when);
	vec_release(&p->rules);
	strings_release(&p->strings);
	index_release(&p->by_name);
	mem_free(p);
}

void policy_needs(const struct policy *p, uint32_t *needs, uint32_t keep[DIAG_N_CLASS])
{
	uint32_t i;
	unsigned c;

	*needs |= NEED_OWNERS | NEED_WHY | NEED_VIA | NEED_USERS | NEED_NETNS | NEED_IFACE;
	for (i = 0; i < p->rules.n; i++) {
		*needs |= p->rules.v[i].when->needs;
		for (c = 0; c < DIAG_N_CLASS; c++)
			keep[c] |= p->rules.v[i].when->keep[c];
	}
}

/* ---- the line -------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static const char *line(const struct reader *r)
{
	return r->lines.at;
}

/* What an editor would not show, or show as something else, is no part of a policy. */
static bool is_readable(struct reader *r)
{
	const char *s = line(r);
	size_t i = r->at, n;
	unsigned width;
	uint32_t c;

	for (; i < r->end; i += n) {
		n = text_char(s + i, r->end - i, &c, &width);
		if (c || s[i] == '\t')
			continue;
		if (s[i] == '\r')
			lines_fault(&r->lines, i, "a carriage return inside of a line: lines "
				    "end with a newline");
		else
			lines_fault(&r->lines, i, "a byte that cannot be seen, or is no UTF-8: "
				    "in a value write \\x%02x", (unsigned char)s[i]);
		return false;
	}
	return true;
}

/* Where a comment begins: at a # that a blank is before, outside of quotes. Escapes in
 * quotes are undone in values, but not in regular expressions. */
static size_t comment_at(const char *s, size_t at, size_t end, bool escapes)
{
	bool blank = true;
	char quote = 0;

	for (; at < end; at++) {
		if (s[at] == '\\' && (!quote || escapes)) {
			at++;
			blank = false;
			continue;
		}
		if (!quote && blank && s[at] == '#')
			return at;
		if (s[at] == quote)
			quote = 0;
		else if (!quote && (s[at] == '\'' || s[at] == '"'))
			quote = s[at];
		blank = !quote && is_blank(s[at]);
	}
	return end;
}

/* The part that is not comment. false: it cannot be told. */
static bool cut_comment(struct reader *r)
{
	size_t one = comment_at(line(r), r->at, r->end, true);
	size_t other = comment_at(line(r), r->at, r->end, false);

	if (one != other) {
		lines_fault(&r->lines, one < other ? one : other, "whether a comment begins "
			    "here is not clear: write it on a line of its own");
		return false;
	}
	r->end = one;
	return true;
}

static void begin_line(struct reader *r)
{
	r->at = 0;
	r->end = r->lines.len;
	if (r->lines.number == 1 && r->end >= 3 && !memcmp(line(r), "\xef\xbb\xbf", 3))
		r->at = 3;
}

static void trim(struct reader *r)
{
	while (r->at < r->end && is_blank(line(r)[r->at]))
		r->at++;
	while (r->end > r->at && is_blank(line(r)[r->end - 1]))
		r->end--;
}

static struct token next(struct reader *r)
{
	struct token t;

	while (r->at < r->end && is_blank(line(r)[r->at]))
		r->at++;
	t.at = r->at;
	while (r->at < r->end && !is_blank(line(r)[r->at]))
		r->at++;
	t.len = r->at - t.at;
	return t;
}

static bool is_word(const struct reader *r, const struct token *t, const char *word)
{
	return t->len == strlen(word) && !memcmp(line(r) + t->at, word, t->len);
}

/* A fault whose message has one word of the text in it. */
static void fault_word(struct reader *r, const struct token *t, const char *before,
		       const char *after)
{
	struct buf b = { 0 };
	size_t width, n;

	text_safe(&b, line(r) + t->at, t->len, 0);
	n = b.len ? text_cut(b.data, b.len, 48, &width) : 0;
	lines_fault(&r->lines, t->at, "%s`%.*s%s`%s", before, (int)n, b.len ? b.data : "",
		    n < b.len ? "..." : "", after);
	r->failed |= b.failed;
	buf_release(&b);
}

/* ---- verdicts and names ------------------------------------------------------------ */

static bool read_verdict(struct reader *r, const struct token *t, bool may_be_default,
			 enum verdict *ret)
{
	static const char *const words[] = { "allow", "warn", "deny", "default", NULL };
	char after[64] = ": a line begins with allow, warn, deny or default";
	const char *near;
	size_t i;

	for (i = 0; verdict_words[i]; i++) {
		if (is_word(r, t, verdict_words[i])) {
			*ret = (enum verdict)i;
			return true;
		}
	}
	near = names_nearest(line(r) + t->at, t->len, may_be_default ? words : verdict_words);
	if (near)
		snprintf(after, sizeof(after), ": did you mean `%s`?", near);
	else if (!may_be_default)
		snprintf(after, sizeof(after), ": it is allow, warn or deny");
	fault_word(r, t, "unknown verdict ", after);
	return false;
}

static bool name_is_valid(const char *s, size_t len)
{
	size_t i;

	if (!len || len > POLICY_NAME_MAX || !policy_name_start(*s))
		return false;
	for (i = 0; i < len && policy_name_char(s[i]); i++)
		;
	return i == len;
}

static void read_name(struct reader *r, const struct token *t, struct rule *rule)
{
	struct policy *p = r->p;
	uint32_t *slot;

	if (!name_is_valid(line(r) + t->at, t->len)) {
		fault_word(r, t, "", t->len > POLICY_NAME_MAX ?
			   " is too long for a name (64 characters)" :
			   " is no name: letters, digits and - . _ : @ + / are");
		return;
	}
	rule->name = strings_put(&p->strings, line(r) + t->at, t->len);
	slot = rule->name ? index_put(&p->by_name, rule->name) : NULL;
	if (!slot)
		r->failed = true;
	else if (*slot == INDEX_NONE)
		*slot = rule->line;
	else
		lines_fault(&r->lines, t->at, "the name `%.*s` is taken: line %u has it",
			    (int)t->len, line(r) + t->at, *slot);
}

/* ---- conditions -------------------------------------------------------------------- */

static struct filter *read_condition(struct reader *r)
{
	struct lssock_err err = { .pos = -1 };
	struct filter *f = NULL;
	struct buf text = { 0 };
	int failed;

	trim(r);
	if (r->at == r->end) {
		lines_fault(&r->lines, r->at, "a condition is missing behind `when`; * is "
			    "everything");
		return NULL;
	}
	buf_put(&text, line(r) + r->at, r->end - r->at);
	buf_cstr(&text);
	failed = text.failed ? -ENOMEM : filter_new(text.data, 0, &f, &err);
	buf_release(&text);
	if (failed == -ENOMEM)
		r->failed = true;
	else if (failed)
		lines_fault(&r->lines, r->at + (err.pos > 0 ? (size_t)err.pos : 0), "%s",
			    err.msg);
	return f;
}

/* A rule that decides nothing is a mistake, and often a dangerous one. */
static void check_condition(struct reader *r, const struct filter *when)
{
	uint32_t cover = policy_covers(r->p, when), pos;
	size_t len;
	const char *name;

	if (condition_never(when, &pos)) {
		lines_fault(&r->lines, r->at + pos, "no listening socket can fit this");
	} else if (cover != LSSOCK_NONE) {
		name = policy_name(r->p, cover, &len);
		lines_fault(&r->lines, r->at, "this is never reached: all that fits it fits "
			    "the rule%s%.*s of line %u before", len ? " " : "", (int)len, name,
			    r->p->rules.v[cover].line);
	}
}

/* ---- lines ------------------------------------------------------------------------- */

static void read_default(struct reader *r, const struct token *word)
{
	struct policy *p = r->p;
	struct token t = next(r), more = next(r);
	enum verdict otherwise;

	if (p->otherwise_line)
		lines_fault(&r->lines, word->at, "a second default: line %u has the first",
			    p->otherwise_line);
	if (!t.len)
		lines_fault(&r->lines, t.at, "a verdict is missing behind `default`: allow, "
			    "warn or deny");
	else if (read_verdict(r, &t, false, &otherwise) && !p->otherwise_line)
		p->otherwise = otherwise;
	if (more.len)
		fault_word(r, &more, "nothing is expected behind the default, but ", "");
	if (!p->otherwise_line)
		p->otherwise_line = r->lines.number;
}

static void read_rule(struct reader *r, const struct token *verdict)
{
	struct rule rule = { .line = r->lines.number };
	struct token t;

	if (r->p->otherwise_line)
		lines_fault(&r->lines, verdict->at, "no rule behind the default (line %u) is "
			    "ever reached", r->p->otherwise_line);
	read_verdict(r, verdict, true, &rule.verdict);
	t = next(r);
	if (!t.len || is_word(r, &t, "when")) {
		lines_fault(&r->lines, t.at, "the rule has no name: %s NAME when CONDITION",
			    verdict_words[rule.verdict]);
		if (!t.len)
			return;
	} else {
		read_name(r, &t, &rule);
		t = next(r);
	}
	if (!is_word(r, &t, "when")) {
		if (t.len)
			fault_word(r, &t, "`when` is missing before ", "");
		else
			lines_fault(&r->lines, t.at, "`when` and a condition are missing");
		return;
	}
	rule.when = read_condition(r);
	if (!rule.when)
		return;
	check_condition(r, rule.when);
	if (policy_add(r->p, &rule))
		r->failed = true;
}

static void read_line(struct reader *r)
{
	struct token t;

	begin_line(r);
	if (!is_readable(r) || !cut_comment(r))
		return;
	trim(r);
	if (r->at == r->end)
		return;
	t = next(r);
	if (is_word(r, &t, "default"))
		read_default(r, &t);
	else
		read_rule(r, &t);
}

int policy_new(const char *text, size_t len, fault_fn fault, void *ctx, struct policy **ret)
{
	struct policy *p = mem_alloc(sizeof(*p));
	struct reader r = { .lines = { .text = text, .end = text + len, .fault = fault,
				       .ctx = ctx }, .p = p };
	int err = 0;

	if (!p)
		return -ENOMEM;
	p->otherwise = VERDICT_DENY;
	while (!r.failed && lines_next(&r.lines))
		read_line(&r);
	if (r.failed)
		err = -ENOMEM;
	else if (r.lines.faults)
		err = -EINVAL;
	if (err)
		policy_free(p);
	else
		*ret = p;
	return err;
}
