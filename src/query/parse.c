/* SPDX-License-Identifier: MIT */
/*
 * Filter text into conditions joined by and, or, not: quoting, operators,
 * precedence, the words of ss. What a condition means is bind.c's business.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "model/names.h"
#include "query/parse.h"

/* ---- failing -------------------------------------------------------------- */

uint32_t parse_fail(struct parse *p, uint32_t pos, const char *fmt, ...)
{
	va_list ap;

	if (p->code)
		return NODE_NONE;
	p->code = -EINVAL;
	if (!p->err)
		return NODE_NONE;
	p->err->code = -EINVAL;
	p->err->pos = (int)pos;
	va_start(ap, fmt);
	vsnprintf(p->err->msg, sizeof(p->err->msg), fmt, ap);
	va_end(ap);
	return NODE_NONE;
}

uint32_t parse_no_memory(struct parse *p)
{
	if (p->code)
		return NODE_NONE;
	parse_fail(p, 0, "out of memory");
	p->code = -ENOMEM;
	if (p->err) {
		p->err->code = -ENOMEM;
		p->err->pos = -1;
	}
	return NODE_NONE;
}

#define SHOWN_COLUMNS 48
#define SHOWN_BYTES 96

const char *parse_shown(struct parse *p, const char *s, size_t len)
{
	size_t width, cut;

	buf_reset(&p->shown);
	text_safe(&p->shown, s, len, 0);
	cut = text_cut(p->shown.data, p->shown.len, SHOWN_COLUMNS, &width);
	if (cut > SHOWN_BYTES) {	/* marks that take no column */
		buf_reset(&p->shown);
		text_safe(&p->shown, s, len, TEXT_ASCII);
		cut = text_cut(p->shown.data, p->shown.len, SHOWN_COLUMNS, &width);
	}
	if (cut < p->shown.len) {
		p->shown.len = cut;
		buf_puts(&p->shown, "...");
	}
	return buf_cstr(&p->shown);
}

/* ---- nodes ---------------------------------------------------------------- */

uint32_t parse_node(struct parse *p, enum node_kind kind, uint32_t a, uint32_t b)
{
	struct filter *f = p->f;
	struct node *n;

	if (p->code)
		return NODE_NONE;
	if (f->nodes.n >= PARSE_NODES_MAX)
		return parse_fail(p, p->at, "the filter has too many conditions");
	n = vec_push(&f->nodes);
	if (!n)
		return parse_no_memory(p);
	n->kind = kind;
	n->a = a;
	n->b = b;
	n->field = -1;
	n->pos = n->end = p->at;
	return f->nodes.n - 1;
}

const char *parse_keep(struct parse *p, const char *s, size_t len)
{
	char **slot, *copy;

	slot = vec_push(&p->f->strings);
	copy = slot ? mem_alloc(len + 1) : NULL;
	if (!copy) {
		parse_no_memory(p);
		return NULL;
	}
	memcpy(copy, s, len);
	copy[len] = 0;
	*slot = copy;
	return copy;
}

/* ---- characters ----------------------------------------------------------- */

static char peek(const struct parse *p, uint32_t ahead)
{
	return p->at + ahead < p->len ? p->text[p->at + ahead] : 0;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_ident(char c)
{
	return is_letter(c) || is_digit(c) || c == '-' || c == '.';
}

static void skip_blanks(struct parse *p)
{
	while (is_blank(peek(p, 0)))
		p->at++;
}

static uint32_t ident_len(const struct parse *p)
{
	uint32_t n = 0;

	if (!is_letter(peek(p, 0)))
		return 0;
	while (is_ident(peek(p, n)))
		n++;
	return n;
}

/* The identifier here is exactly this keyword. */
static bool at_word(const struct parse *p, const char *word)
{
	uint32_t n = ident_len(p);

	return n == strlen(word) && !strncasecmp(p->text + p->at, word, n) &&
	       peek(p, n) != ':';
}

static bool take_keyword(struct parse *p, const char *word, const char *sign)
{
	if (at_word(p, word)) {
		p->at += (uint32_t)strlen(word);
		return true;
	}
	if (peek(p, 0) != *sign)
		return false;
	p->at += peek(p, 1) == *sign ? 2 : 1;
	return true;
}

/* ---- operators ------------------------------------------------------------ */

static const struct { char text[4]; enum cmp_op op; } signs[] = {
	{ "==", OP_EQ }, { "!=", OP_NE }, { "<=", OP_LE }, { ">=", OP_GE },
	{ "!~", OP_NOMATCH }, { "=~", OP_MATCH }, { "=", OP_EQ }, { "<", OP_LT },
	{ ">", OP_GT }, { "~", OP_MATCH },
};
static const struct { char text[4]; enum cmp_op op; } op_words[] = {
	{ "eq", OP_EQ }, { "ne", OP_NE }, { "neq", OP_NE }, { "gt", OP_GT },
	{ "ge", OP_GE }, { "geq", OP_GE }, { "lt", OP_LT }, { "le", OP_LE },
	{ "leq", OP_LE }, { "in", OP_EQ },
};
#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

static bool take_sign(struct parse *p, enum cmp_op *ret)
{
	size_t i, n;

	for (i = 0; i < N_OF(signs); i++) {
		n = strlen(signs[i].text);
		if (p->at + n <= p->len && !memcmp(p->text + p->at, signs[i].text, n)) {
			p->at += (uint32_t)n;
			*ret = signs[i].op;
			return true;
		}
	}
	return false;
}

static bool take_op(struct parse *p, enum cmp_op *ret)
{
	size_t i;

	if (take_sign(p, ret))
		return true;
	for (i = 0; i < N_OF(op_words); i++) {
		if (at_word(p, op_words[i].text)) {
			p->at += (uint32_t)strlen(op_words[i].text);
			*ret = op_words[i].op;
			return true;
		}
	}
	return false;
}

/* ---- values --------------------------------------------------------------- */

enum value_mode {
	MODE_LIST,			/* ends at a comma too */
	MODE_WORD,			/* commas belong to it */
	MODE_REGEX			/* raw: escapes and | stay, parens balanced */
};

static bool ends_value(const struct parse *p, enum value_mode mode, unsigned parens)
{
	char c = peek(p, 0);

	if (p->at >= p->len || is_blank(c))
		return true;
	if (mode == MODE_REGEX)
		return c == ')' && !parens;
	return c == '(' || c == ')' || c == '&' || c == '|' ||
	       (c == ',' && mode == MODE_LIST);
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* At a backslash: one byte. */
static bool take_escape(struct parse *p, struct buf *out)
{
	char c = peek(p, 1);
	int hi, lo;

	if (p->at + 1 >= p->len) {
		parse_fail(p, p->at, "nothing follows the backslash");
		return false;
	}
	p->at += 2;
	if (c != 'x') {
		buf_putc(out, c);
		return true;
	}
	hi = hex_digit(peek(p, 0));
	lo = hex_digit(peek(p, 1));
	if (hi < 0 || lo < 0) {
		parse_fail(p, p->at - 2, "two hex digits must follow the backslash and x");
		return false;
	}
	p->at += 2;
	buf_putc(out, (char)(hi << 4 | lo));
	return true;
}

/* At a quote: up to its twin. */
static bool take_quoted(struct parse *p, enum value_mode mode, struct buf *out)
{
	uint32_t start = p->at;
	char quote = peek(p, 0);

	p->at++;
	while (p->at < p->len && peek(p, 0) != quote) {
		if (peek(p, 0) == '\\' && mode != MODE_REGEX) {
			if (!take_escape(p, out))
				return false;
			continue;
		}
		buf_putc(out, peek(p, 0));
		p->at++;
	}
	if (p->at >= p->len) {
		parse_fail(p, start, "the quote is not closed");
		return false;
	}
	p->at++;
	return true;
}

/* A backslash or a bracket expression of a regex, kept as it is. */
static void take_raw(struct parse *p, struct buf *out, unsigned *parens)
{
	char c = peek(p, 0);

	if (c == '(')
		++*parens;
	else if (c == ')')
		--*parens;
	buf_putc(out, c);
	p->at++;
	if (c == '\\' && p->at < p->len) {
		buf_putc(out, peek(p, 0));
		p->at++;
	}
}

static bool take_value(struct parse *p, enum value_mode mode, struct word *ret)
{
	struct buf out = { 0 };
	struct word w = { .pos = p->at, .at = peek(p, 0) == '@' };
	unsigned parens = 0;
	bool ok = true;
	char c;

	while (ok && !ends_value(p, mode, parens)) {
		c = peek(p, 0);
		if (c == '\'' || c == '"') {
			ok = take_quoted(p, mode, &out);
		} else if (mode == MODE_REGEX) {
			take_raw(p, &out, &parens);
		} else if (c == '\\') {
			ok = take_escape(p, &out);
		} else {
			w.glob |= c == '*';
			buf_putc(&out, c);
			p->at++;
		}
	}
	w.end = p->at;
	w.len = out.len;
	if (out.failed)
		parse_no_memory(p);
	w.s = ok && !out.failed ? parse_keep(p, out.len ? out.data : "", out.len) : NULL;
	buf_release(&out);
	*ret = w;
	return w.s != NULL;
}

/* The list behind a key or an operator; "what" names it in the message. */
static bool take_list(struct parse *p, enum value_mode mode, const char *what,
		      size_t what_len, struct words *ret)
{
	struct word *w;

	for (;;) {
		w = vec_push(ret);
		if (!w) {
			parse_no_memory(p);
			return false;
		}
		if (!take_value(p, mode, w))
			return false;
		if (w->end == w->pos) {
			parse_fail(p, w->pos, "a value is missing after `%s`",
				   ret->n > 1 ? "," : parse_shown(p, what, what_len));
			return false;
		}
		if (mode != MODE_LIST || peek(p, 0) != ',')
			return true;
		p->at++;
		skip_blanks(p);
	}
}

/* ---- conditions ----------------------------------------------------------- */

static uint32_t parse_or(struct parse *p);
static uint32_t parse_primary(struct parse *p);

static uint32_t compare(struct parse *p, const struct word *key, enum cmp_op op)
{
	enum value_mode mode = op == OP_MATCH || op == OP_NOMATCH ? MODE_REGEX : MODE_LIST;
	struct words list = { 0 };
	uint32_t node = NODE_NONE, start = key->pos;
	uint32_t what = p->at > start ? p->at - start : key->end - start;

	while (what && is_blank(p->text[start + what - 1]))
		what--;
	if (take_list(p, mode, p->text + start, what, &list))
		node = bind_compare(p, key, op, list.v, list.n);
	vec_release(&list);
	if (node != NODE_NONE) {
		p->f->nodes.v[node].pos = start;
		p->f->nodes.v[node].end = p->at;
	}
	return node;
}

static uint32_t parse_key(struct parse *p, const struct word *key)
{
	enum cmp_op op = OP_EQ;

	p->at++;			/* the colon */
	take_sign(p, &op);
	return compare(p, key, op);
}

/* state A state B exclude C: a union, minus the excluded, as ss has it. */
static uint32_t parse_states(struct parse *p)
{
	uint32_t set[2] = { 0, 0 }, one, i;
	struct words list = { 0 };
	bool ok = true, out;

	while (ok && (at_word(p, "state") || at_word(p, "exclude"))) {
		out = at_word(p, "exclude");
		p->at += out ? 7 : 5;
		skip_blanks(p);
		list.n = 0;
		ok = take_list(p, MODE_LIST, out ? "exclude" : "state", out ? 7 : 5, &list);
		for (i = 0; ok && i < list.n; i++) {
			ok = bind_states(p, &list.v[i], &one);
			set[out] |= ok ? one : 0;
		}
		skip_blanks(p);
	}
	vec_release(&list);
	return ok ? bind_state_sets(p, set[0], set[1]) : NODE_NONE;
}

/* A word that may stand behind a word of ss: no operator, no keyword. */
static bool value_follows(struct parse *p, uint32_t ident)
{
	struct parse ahead = *p;
	enum cmp_op op;
	char c;

	ahead.at += ident;
	if (!is_blank(peek(&ahead, 0)))
		return false;
	skip_blanks(&ahead);
	c = peek(&ahead, 0);
	return c && !strchr("()&|!", c) && !take_op(&ahead, &op) &&
	       !at_word(&ahead, "and") && !at_word(&ahead, "or") && !at_word(&ahead, "not");
}

static uint32_t parse_ident(struct parse *p, uint32_t n)
{
	static const char *const ss[] = { "src", "dst", "sport", "dport", "dev",
					  "fwmark", "cgroup", NULL };
	struct word key = { .s = p->text + p->at, .len = n, .pos = p->at, .end = p->at + n };
	enum cmp_op op;
	size_t i;

	if (peek(p, n) == ':') {
		p->at += n;
		return parse_key(p, &key);
	}
	if ((at_word(p, "state") || at_word(p, "exclude")) && value_follows(p, n))
		return parse_states(p);
	for (i = 0; ss[i]; i++) {
		if (at_word(p, ss[i]) && value_follows(p, n)) {
			p->at += n;
			skip_blanks(p);
			return compare(p, &key, OP_EQ);
		}
	}
	p->at += n;
	skip_blanks(p);
	if (take_op(p, &op)) {
		skip_blanks(p);
		return compare(p, &key, op);
	}
	p->at = key.pos;
	if (at_word(p, "autobound")) {
		struct word yes = { .s = "yes", .len = 3, .pos = p->at, .end = p->at + n };

		p->at += n;
		return bind_compare(p, &key, OP_EQ, &yes, 1);
	}
	return NODE_NONE;
}

/* Up to where a word ends that may be an address, an end or a port. */
static uint32_t plain_len(const struct parse *p)
{
	uint32_t n = 0;

	while (p->at + n < p->len && !is_blank(peek(p, n)) &&
	       !strchr("()&|<>=~'\"\\,", peek(p, n)))
		n++;
	return n;
}

static uint32_t parse_plain(struct parse *p)
{
	struct word w = { .s = p->text + p->at, .pos = p->at };
	uint32_t node, tail = NODE_NONE, next;
	char c;

	w.len = plain_len(p);
	w.end = w.pos + (uint32_t)w.len;
	c = w.end < p->len ? p->text[w.end] : ' ';
	if (!w.len || !(is_blank(c) || strchr("()&|,", c)))
		return NODE_NONE;
	node = bind_endpoint(p, &w);
	if (node == NODE_NONE)
		return node;
	p->at = w.end;
	while (node != NODE_NONE && peek(p, 0) == ',') {
		p->at++;
		w = (struct word){ .s = p->text + p->at, .pos = p->at, .len = plain_len(p) };
		p->at = w.end = w.pos + (uint32_t)w.len;
		next = w.len ? bind_endpoint(p, &w) : NODE_NONE;
		if (next == NODE_NONE)
			return parse_fail(p, w.pos,
					  "an address or a port is missing after `,`");
		node = parse_join(p, NODE_OR, node, &tail, next);
	}
	return node;
}

static uint32_t parse_ports(struct parse *p)
{
	bool act = p->flags & LSSOCK_Q_ACT;
	struct word key = { .s = act ? "lport" : "port", .len = act ? 5 : 4, .pos = p->at,
			    .end = p->at };

	return parse_key(p, &key);
}

static uint32_t parse_path(struct parse *p)
{
	struct words list = { 0 };
	uint32_t node = NODE_NONE;

	if (take_list(p, MODE_LIST, "", 0, &list))
		node = bind_path(p, list.v, list.n);
	vec_release(&list);
	return node;
}

static uint32_t parse_text(struct parse *p)
{
	struct word w;

	if (!take_value(p, MODE_WORD, &w))
		return NODE_NONE;
	if (w.end == w.pos)
		return parse_fail(p, w.pos, "a condition is missing before `%s`",
				  parse_shown(p, p->text + p->at, 1));
	return bind_word(p, &w);
}

static uint32_t parse_term(struct parse *p)
{
	char c = peek(p, 0);
	uint32_t node, n;

	if (c == '\'' || c == '"')
		return parse_text(p);
	if (c == '/' || c == '@')
		return parse_path(p);
	if (strchr("<>=~", c) && c)
		return parse_fail(p, p->at, "a field is missing before `%c`", c);
	node = parse_plain(p);
	if (node != NODE_NONE || p->code)
		return node;
	if (c == ':')
		return parse_ports(p);
	n = ident_len(p);
	node = n ? parse_ident(p, n) : NODE_NONE;
	if (node != NODE_NONE || p->code)
		return node;
	return parse_text(p);
}

static uint32_t parse_group(struct parse *p)
{
	uint32_t start = p->at, node;

	p->at++;
	node = parse_or(p);
	if (node == NODE_NONE)
		return node;
	if (peek(p, 0) != ')')
		return parse_fail(p, start, "the parenthesis is not closed");
	p->at++;
	return node;
}

static uint32_t parse_primary(struct parse *p)
{
	uint32_t node, start;
	char c;

	skip_blanks(p);
	start = p->at;
	c = peek(p, 0);
	if (p->at >= p->len)
		return parse_fail(p, p->at, "the filter ends where a condition is expected");
	if (c == ')' || c == '|' || c == '&' || at_word(p, "and") || at_word(p, "or"))
		return parse_fail(
			p, p->at, "a condition is missing before `%s`",
			parse_shown(p, p->text + p->at, ident_len(p) ? ident_len(p) : 1));
	if (++p->depth > PARSE_PARENS_MAX)
		return parse_fail(p, p->at, "the filter is nested too deep");
	if (c == '(') {
		node = parse_group(p);
	} else if (c == '!' || at_word(p, "not")) {
		p->at += c == '!' ? 1 : 3;
		node = parse_primary(p);
		node = node == NODE_NONE ? node : parse_node(p, NODE_NOT, node, NODE_NONE);
	} else {
		node = parse_term(p);
	}
	p->depth--;
	if (node != NODE_NONE && p->f->nodes.v[node].end <= start) {
		p->f->nodes.v[node].pos = start;
		p->f->nodes.v[node].end = p->at;
	}
	return node;
}

/* ---- precedence ----------------------------------------------------------- */

uint32_t parse_join(struct parse *p, enum node_kind kind, uint32_t root,
		    uint32_t *tail, uint32_t part)
{
	struct node *v;
	uint32_t node;

	if (root == NODE_NONE || part == NODE_NONE)
		return NODE_NONE;
	if (*tail == NODE_NONE) {
		*tail = parse_node(p, kind, root, part);
		return *tail;
	}
	node = parse_node(p, kind, p->f->nodes.v[*tail].b, part);
	if (node == NODE_NONE)
		return node;
	v = p->f->nodes.v;
	v[*tail].b = node;
	*tail = node;
	return root;
}

static uint32_t parse_and(struct parse *p)
{
	uint32_t root = parse_primary(p), tail = NODE_NONE;

	while (root != NODE_NONE) {
		skip_blanks(p);
		if (p->at >= p->len || peek(p, 0) == ')' || peek(p, 0) == '|' ||
		    at_word(p, "or"))
			break;
		take_keyword(p, "and", "&");
		root = parse_join(p, NODE_AND, root, &tail, parse_primary(p));
	}
	return root;
}

static uint32_t parse_or(struct parse *p)
{
	uint32_t root = parse_and(p), tail = NODE_NONE;

	while (root != NODE_NONE) {
		skip_blanks(p);
		if (p->at >= p->len || peek(p, 0) == ')')
			break;
		take_keyword(p, "or", "|");
		root = parse_join(p, NODE_OR, root, &tail, parse_and(p));
	}
	return root;
}

uint32_t parse_filter(struct parse *p)
{
	uint32_t root;

	skip_blanks(p);
	if (p->at >= p->len)
		return parse_node(p, NODE_ALL, NODE_NONE, NODE_NONE);
	root = parse_or(p);
	if (root != NODE_NONE && p->at < p->len)
		return parse_fail(p, p->at, "`)` closes nothing");
	return root;
}
