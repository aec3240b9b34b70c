/* SPDX-License-Identifier: MIT */
/*
 * The canonical text of a filter: it parses to an equal filter, and is safe to
 * print, whatever bytes the values hold.
 */
#include <inttypes.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "model/addr.h"
#include "model/names.h"
#include "query/parse.h"

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr("_./:@%+-[]", c);
}

static void put_hex(struct buf *b, char c)
{
	buf_puts(b, "\\x");
	buf_hex(b, (unsigned char)c, 2);
}

/* quote: the whole text in quotes, where a * is no wildcard. */
static void put_bytes(struct buf *b, const char *s, size_t len, bool quote, bool glob)
{
	bool high = text_is_safe(s, len, 0);
	size_t i;

	if (quote)
		buf_putc(b, '\'');
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c && (is_plain((char)c) || (quote && c == ' ') || (c == '*' && glob) ||
			  (c >= 0x80 && high)))
			buf_putc(b, (char)c);
		else
			put_hex(b, (char)c);
	}
	if (quote)
		buf_putc(b, '\'');
}

void filter_put_text(struct buf *b, const struct field *f, const char *s, size_t len,
		     bool glob)
{
	bool quote = !len || (!glob && memchr(s, ' ', len));

	if (f->type == FT_NAME && len && (!s[0] || s[0] == '@')) {
		buf_puts(b, s[0] ? "\\x40" : "@");
		s++;
		len--;
		quote = quote && len;
	}
	put_bytes(b, s, len, quote, glob);
}

/* Raw between quotes, as a shell would have it: 'it'"'"'s'. */
static void put_regex(struct buf *b, const char *s, size_t len)
{
	char quote = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		char need = s[i] == '\'' ? '"' : s[i] == '"' ? '\'' : quote ? quote : '\'';

		if (quote && quote != need)
			buf_putc(b, quote);
		if (quote != need)
			buf_putc(b, need);
		quote = need;
		buf_putc(b, s[i]);
	}
	if (quote)
		buf_putc(b, quote);
}

static void put_number(struct buf *b, const struct field *f, const struct lssock_value *v)
{
	if (f->type == FT_TIME)
		num_put_time(b, v->u, v->u % 1000000000 != 0);
	else if (v->kind == LSSOCK_V_INT)
		buf_i64(b, v->i);
	else if (v->kind == LSSOCK_V_BOOL)
		buf_puts(b, v->u ? "yes" : "no");
	else if (f->unit == LSSOCK_U_OCTAL)
		buf_printf(b, "%" PRIo64, v->u);
	else if (f->unit == LSSOCK_U_HEX)
		buf_printf(b, "0x%" PRIx64, v->u);
	else
		buf_u64(b, v->u);
	if (f->type == FT_DURATION)
		buf_puts(b, "us");
}

static void put_states(struct buf *b, uint32_t states)
{
	const char *comma = "";
	unsigned i;

	for (i = 1; i < LSSOCK_N_STATE; i++) {
		if (!(states & 1u << i))
			continue;
		buf_puts(b, comma);
		buf_puts(b, names_state(i));
		comma = ",";
	}
}

static void put_operand(struct buf *b, const struct field *f, const struct operand *o)
{
	if (o->regex) {
		put_regex(b, o->text, o->len);
	} else if (f->type == FT_STATE) {
		put_states(b, o->states);
	} else if (f->type == FT_WORD || bind_is_text(f)) {
		filter_put_text(b, f, o->text, o->len, o->glob);
	} else if (o->lo.kind == LSSOCK_V_ADDR) {
		addr_put(b, &o->lo.a);
	} else if (f->type == FT_REAL) {
		buf_put(b, o->text, o->len);
	} else if (o->masked) {
		buf_printf(b, "0x%" PRIx64 "/0x%" PRIx64, o->lo.u, o->hi.u);
	} else {
		put_number(b, f, &o->lo);
		if (o->is_range) {
			buf_putc(b, '-');
			put_number(b, f, &o->hi);
		}
	}
}

static const char *op_text(enum cmp_op op)
{
	static const char *const texts[] = { [OP_EQ] = "=", [OP_NE] = "!=", [OP_LT] = "<",
					     [OP_LE] = "<=", [OP_GT] = ">", [OP_GE] = ">=",
					     [OP_MATCH] = "~", [OP_NOMATCH] = "!~" };

	return texts[op];
}

static void put_compare(const struct filter *f, const struct node *n, struct buf *b)
{
	const struct field *field = &field_table[n->field];
	uint32_t i;

	buf_puts(b, field->name);
	buf_putc(b, ' ');
	buf_puts(b, op_text(n->op));
	for (i = 0; i < n->count; i++) {
		buf_putc(b, i ? ',' : ' ');
		put_operand(b, field, &f->operands.v[n->first + i]);
	}
}

static void put_word(const struct operand *o, struct buf *b)
{
	if (!o->glob) {
		put_bytes(b, o->text, o->len, true, false);
		return;
	}
	buf_puts(b, "''");		/* what begins with a quote is a plain word */
	put_bytes(b, o->text, o->len, false, true);
}

static void put_node(const struct filter *f, uint32_t i, struct buf *b);

/* Parentheses where the text alone would lean the other way. */
static void put_below(const struct filter *f, uint32_t i, bool parens, struct buf *b)
{
	if (parens)
		buf_putc(b, '(');
	put_node(f, i, b);
	if (parens)
		buf_putc(b, ')');
}

static void put_chain(const struct filter *f, const struct node *n, struct buf *b)
{
	enum node_kind kind = n->kind, below;

	for (;;) {
		below = f->nodes.v[n->a].kind;
		put_below(f, n->a, below == kind || below == NODE_OR, b);
		buf_puts(b, kind == NODE_AND ? " and " : " or ");
		if (f->nodes.v[n->b].kind != kind)
			break;
		n = &f->nodes.v[n->b];
	}
	put_below(f, n->b, kind == NODE_AND && f->nodes.v[n->b].kind == NODE_OR, b);
}

static void put_node(const struct filter *f, uint32_t i, struct buf *b)
{
	const struct node *n = &f->nodes.v[i];
	enum node_kind below;

	switch (n->kind) {
	case NODE_ALL:
		buf_putc(b, '*');
		break;
	case NODE_AND: case NODE_OR:
		put_chain(f, n, b);
		break;
	case NODE_NOT:
		below = f->nodes.v[n->a].kind;
		buf_puts(b, "not ");
		put_below(f, n->a, below == NODE_AND || below == NODE_OR, b);
		break;
	case NODE_CMP:
		put_compare(f, n, b);
		break;
	case NODE_HAS:
		buf_puts(b, "has:");
		buf_puts(b, field_table[n->field].name);
		break;
	case NODE_IS:
		buf_puts(b, "is:");
		buf_puts(b, filter_is_name((unsigned)n->field));
		break;
	case NODE_WORD:
		put_word(&f->operands.v[n->first], b);
		break;
	}
}

void filter_print(const struct filter *f, struct buf *out)
{
	put_node(f, f->root, out);
}
