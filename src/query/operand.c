/* SPDX-License-Identifier: MIT */
/*
 * Words of a filter into operands of a field's type: numbers with units, times,
 * words of closed lists, addresses, text, regular expressions.
 */
#include <errno.h>
#include <regex.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "model/addr.h"
#include "model/names.h"
#include "query/parse.h"

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

/* ---- numbers -------------------------------------------------------------- */

static bool octal(const char *s, size_t len, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '7' || v >> 60)
			return false;
		v = v << 3 | (uint64_t)(s[i] - '0');
	}
	*ret = v;
	return len > 0;
}

static bool whole(const char *s, size_t len, uint64_t *ret)
{
	if (len > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		return num_hex(s + 2, len - 2, UINT64_MAX, ret);
	return num_u64(s, len, UINT64_MAX, ret);
}

static bool size_of(const char *s, size_t len, bool rate, uint64_t *ret)
{
	if (rate && len > 2 && !memcmp(s + len - 2, "/s", 2))
		len -= 2;
	return num_u64(s, len, UINT64_MAX, ret) || num_size(s, len, ret);
}

static bool real_of(const char *s, size_t len, double *ret)
{
	bool negative = len && *s == '-';
	double v = 0, place = 0;
	size_t i, digits = 0;

	if (len && s[len - 1] == '%')
		len--;
	for (i = negative; i < len; i++) {
		if (s[i] == '.' && !place) {
			place = 1;
			continue;
		}
		if (s[i] < '0' || s[i] > '9' || ++digits > 30)
			return false;
		v = v * 10 + (s[i] - '0');
		place *= 10;
	}
	if (!digits)
		return false;
	v = place ? v / place : v;
	*ret = negative ? -v : v;
	return true;
}

static bool fixed(const char **s, const char *end, unsigned digits, char lead, uint64_t *ret)
{
	const char *at = *s;

	if (lead && (at == end || *at++ != lead))
		return false;
	if ((size_t)(end - at) < digits || !num_u64(at, digits, 9999, ret))
		return false;
	*s = at + digits;
	return true;
}

static uint64_t days_before(uint64_t y, uint64_t m)
{
	static const uint16_t months[12] = { 0, 31, 59, 90, 120, 151, 181, 212, 243,
					     273, 304, 334 };
	uint64_t past = y - 1, leap = past / 4 - past / 100 + past / 400;
	bool is_leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return past * 365 + leap + months[m - 1] + (m > 2 && is_leap ? 1 : 0);
}

/* RFC 3339, UTC; the time, the seconds and the Z may be left out. */
static bool time_of(const char *s, size_t len, uint64_t *ret)
{
	const char *end = s + len;
	uint64_t y, mo, d, h = 0, mi = 0, sec = 0, ms = 0;

	if (end > s && (end[-1] == 'Z' || end[-1] == 'z'))
		end--;
	if (!fixed(&s, end, 4, 0, &y) || !fixed(&s, end, 2, '-', &mo) ||
	    !fixed(&s, end, 2, '-', &d))
		return false;
	if (s < end && (!fixed(&s, end, 2, *s == 't' || *s == ' ' ? *s : 'T', &h) ||
			!fixed(&s, end, 2, ':', &mi)))
		return false;
	if (s < end && !fixed(&s, end, 2, ':', &sec))
		return false;
	if (s < end && !fixed(&s, end, 3, '.', &ms))
		return false;
	if (s != end || y < 1970 || y > 2500 || !mo || mo > 12 || !d || d > 31 ||
	    h > 23 || mi > 59 || sec > 60)
		return false;
	*ret = (days_before(y, mo) - days_before(1970, 1) + d - 1) * 86400 + h * 3600 +
	       mi * 60 + sec;
	*ret = *ret * 1000000000 + ms * 1000000;
	return true;
}

/* One number of the field's type, without a message. */
static bool scalar(const struct field *f, const char *s, size_t len, struct lssock_value *ret)
{
	uint64_t u = 0;
	double r = 0;
	bool ok;

	switch (f->type) {
	case FT_INT:
		ok = len && *s == '-' ? num_u64(s + 1, len - 1, INT64_MAX, &u)
				      : num_u64(s, len, INT64_MAX, &u);
		value_int(ret, len && *s == '-' ? -(int64_t)u : (int64_t)u);
		return ok;
	case FT_REAL:
		ok = real_of(s, len, &r);
		value_real(ret, r);
		return ok;
	case FT_SIZE: case FT_RATE:
		ok = size_of(s, len, f->type == FT_RATE, &u);
		break;
	case FT_DURATION:
		ok = num_duration(s, len, &u);
		break;
	case FT_TIME:
		ok = time_of(s, len, &u);
		break;
	default:
		ok = f->unit == LSSOCK_U_OCTAL ? octal(s, len, &u) : whole(s, len, &u);
	}
	value_uint(ret, u);
	if (f->type == FT_TIME)
		ret->kind = LSSOCK_V_TIME;
	return ok;
}

static bool bad_number(struct parse *p, const struct field *f, const struct word *w)
{
	const char *shown = parse_shown(p, w->s, w->len);
	double number;

	if (f->type == FT_DURATION && real_of(w->s, w->len, &number))
		parse_fail(p, w->pos, "`%s` is a time and needs a unit: %sms or %ss", f->name,
			   shown, shown);
	else if (f->type == FT_DURATION)
		parse_fail(p, w->pos, "`%s` is no time: write 100ms, 1.5s, 2h", shown);
	else if (f->type == FT_TIME)
		parse_fail(p, w->pos, "`%s` is no point in time: write 2026-01-31T18:00Z",
			   shown);
	else if (f->type == FT_SIZE || f->type == FT_RATE)
		parse_fail(p, w->pos, "`%s` is no size: write 1500, 10K, 1.5M, 4Ki", shown);
	else
		parse_fail(p, w->pos, "`%s` is a number, `%s` is none", f->name, shown);
	return false;
}

static bool number_operand(struct parse *p, const struct field *f, const struct word *w,
			   bool ranges, struct operand *o)
{
	const char *dash, *slash = memchr(w->s, '/', w->len);

	if (scalar(f, w->s, w->len, &o->lo)) {
		o->text = w->s;
		o->len = w->len;
		return true;
	}
	if (ranges && slash && f->type == FT_UINT &&
	    scalar(f, w->s, (size_t)(slash - w->s), &o->lo) &&
	    scalar(f, slash + 1, w->len - (size_t)(slash + 1 - w->s), &o->hi)) {
		o->masked = true;
		o->lo.u &= o->hi.u;
		return true;
	}
	dash = w->len > 1 ? memchr(w->s + 1, '-', w->len - 1) : NULL;
	if (!ranges || f->type == FT_TIME || !dash ||
	    !scalar(f, w->s, (size_t)(dash - w->s), &o->lo) ||
	    !scalar(f, dash + 1, w->len - (size_t)(dash + 1 - w->s), &o->hi))
		return bad_number(p, f, w);
	if (value_compare(&o->lo, &o->hi) > 0) {
		parse_fail(p, w->pos, "the range `%s` is empty", parse_shown(p, w->s, w->len));
		return false;
	}
	o->is_range = true;
	o->text = w->s;
	o->len = w->len;
	return true;
}

/* ---- words, states, text -------------------------------------------------- */

bool bind_same_word(const char *a, const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len && a[i]; i++) {
		char x = a[i] == '_' ? '-' : a[i], y = s[i] == '_' ? '-' : s[i];

		if (x != y && ((x ^ y) != 32 || (x | 32) < 'a' || (x | 32) > 'z'))
			return false;
	}
	return i == len && !a[i];
}

static bool word_operand(struct parse *p, const struct field *f, const struct word *w,
			 struct operand *o)
{
	const char *near, *shown;
	size_t i;

	for (i = 0; f->words[i]; i++) {
		if (w->glob ? text_glob(w->s, w->len, f->words[i], strlen(f->words[i]), true)
			    : bind_same_word(f->words[i], w->s, w->len))
			break;
	}
	if (f->words[i]) {
		o->glob = w->glob;
		o->text = w->glob ? w->s : f->words[i];
		o->len = w->glob ? w->len : strlen(f->words[i]);
		return true;
	}
	near = names_nearest(w->s, w->len, f->words);
	shown = parse_shown(p, w->s, w->len);
	if (near)
		parse_fail(p, w->pos, "`%s` is never `%s`: did you mean `%s`?", f->name, shown,
			   near);
	else
		parse_fail(p, w->pos, "`%s` is never `%s` (it can be %s, %s...)", f->name,
			   shown, f->words[0] ? f->words[0] : "-",
			   f->words[0] && f->words[1] ? f->words[1] : "-");
	return false;
}

bool bind_states(struct parse *p, const struct word *w, uint32_t *ret_states)
{
	const char *list[2 * LSSOCK_N_STATE + 8], *near, *shown;
	size_t n = 0, i;

	*ret_states = names_states(w->s, w->len);
	if (*ret_states)
		return true;
	for (i = 1; i < LSSOCK_N_STATE; i++) {
		list[n++] = names_state((unsigned)i);
		list[n++] = names_state_short((unsigned)i);
	}
	list[n++] = "connected";
	list[n++] = "synchronized";
	list[n++] = "bucket";
	list[n] = NULL;
	near = names_nearest(w->s, w->len, list);
	shown = parse_shown(p, w->s, w->len);
	if (near)
		parse_fail(p, w->pos, "unknown state `%s`: did you mean `%s`?", shown, near);
	else
		parse_fail(p, w->pos, "unknown state `%s`", shown);
	return false;
}

static bool bool_operand(struct parse *p, const struct field *f, const struct word *w,
			 struct operand *o)
{
	static const char words[][6] = { "no", "false", "0", "yes", "true", "1" };
	size_t i;

	for (i = 0; i < N_OF(words); i++) {
		if (bind_same_word(words[i], w->s, w->len)) {
			value_bool(&o->lo, i >= 3);
			return true;
		}
	}
	parse_fail(p, w->pos, "`%s` is yes or no, not `%s`", f->name,
		   parse_shown(p, w->s, w->len));
	return false;
}

/* A path as typed; the leading @ of an abstract name is a NUL to the kernel. */
static bool text_operand(struct parse *p, const struct field *f, const struct word *w,
			 struct operand *o)
{
	static const char *const mounts[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup", NULL};
	char *copy;
	size_t i, n;

	o->text = w->s;
	o->len = w->len;
	o->glob = w->glob;
	if (f->type == FT_NAME && w->at && w->len) {
		copy = (char *)(uintptr_t)parse_keep(p, w->s, w->len);
		if (!copy)
			return false;
		copy[0] = 0;
		o->text = copy;
	}
	for (i = 0; mounts[i] && !strcmp(f->name, "cgroup"); i++) {
		n = strlen(mounts[i]);
		if (o->len >= n && !memcmp(o->text, mounts[i], n) &&
		    (o->len == n || o->text[n] == '/')) {
			o->text = o->len == n ? "/" : o->text + n;
			o->len = o->len == n ? 1 : o->len - n;
			break;
		}
	}
	return true;
}

static bool addr_operand(struct parse *p, const struct word *w, struct operand *o)
{
	o->lo.kind = LSSOCK_V_ADDR;
	if (bind_address(p, w->s, w->len, &o->lo.a))
		return true;
	parse_fail(p, w->pos, "`%s` is no address or network%s", parse_shown(p, w->s, w->len),
		   memchr(w->s, ':', w->len) ? "; with a port write src or dst" : "");
	return false;
}

static uint64_t digits_at(const char **s)
{
	uint64_t v = 0;

	for (; **s >= '0' && **s <= '9'; ++*s)
		v = v > 9999 ? v : v * 10 + (uint64_t)(**s - '0');
	return v;
}

/* Repeats multiply what regcomp builds: keep the product small. */
static bool regex_is_small(const char *s)
{
	uint64_t product = 1, lo, hi;

	while ((s = strchr(s, '{'))) {
		s++;
		lo = digits_at(&s);
		hi = 0;
		if (*s == ',') {
			s++;
			hi = digits_at(&s);
		}
		hi = hi > lo ? hi : lo;
		product *= hi ? hi : 1;
		if (product > 1000)
			return false;
	}
	return true;
}

static bool regex_operand(struct parse *p, const struct word *w, struct operand *o)
{
	char why[96];
	size_t i;
	int err;

	o->text = w->s;
	o->len = w->len;
	if (w->len > PARSE_REGEX_MAX || !regex_is_small(w->s)) {
		parse_fail(p, w->pos, "the regular expression is too large");
		return false;
	}
	for (i = 0; i + 1 < w->len; i++) {
		if (w->s[i] == '\\' && w->s[i + 1] >= '1' && w->s[i + 1] <= '9') {
			parse_fail(p, w->pos + (uint32_t)i,
				   "back-references are not supported");
			return false;
		}
		i += w->s[i] == '\\';
	}
	o->regex = mem_alloc(sizeof(regex_t));
	if (!o->regex) {
		parse_no_memory(p);
		return false;
	}
	err = regcomp(o->regex, w->s, REG_EXTENDED | REG_NOSUB);
	if (!err)
		return true;
	regerror(err, o->regex, why, sizeof(why));
	mem_free(o->regex);
	o->regex = NULL;
	parse_fail(p, w->pos, "bad regular expression: %s", parse_shown(p, why, strlen(why)));
	return false;
}

/* ---- by type --------------------------------------------------------------- */

bool bind_is_text(const struct field *f)
{
	return f->type == FT_TEXT || f->type == FT_NAME ||
	       (f->type == FT_WORD && !f->words);
}

bool bind_operand(struct parse *p, const struct field *f, enum cmp_op op,
		  const struct word *w, struct operand *o)
{
	bool ranges = op == OP_EQ || op == OP_NE;

	if (op == OP_MATCH || op == OP_NOMATCH)
		return regex_operand(p, w, o);
	switch (f->type) {
	case FT_BOOL:
		return bool_operand(p, f, w, o);
	case FT_STATE:
		return bind_states(p, w, &o->states);
	case FT_PORT:
		return bind_port(p, w, o);
	case FT_ADDR:
		return addr_operand(p, w, o);
	case FT_WORD:
		return f->words ? word_operand(p, f, w, o) : text_operand(p, f, w, o);
	case FT_TEXT: case FT_NAME: case FT_END:
		return text_operand(p, f, w, o);
	default:
		return number_operand(p, f, w, ranges, o);
	}
}
