/* SPDX-License-Identifier: MIT */
/*
 * Numbers, sizes, durations and times as text, both ways, independent of the
 * locale. Reading is strict: all of the text must be the number. What the
 * put functions write, the reading ones take.
 */
#include "base/num.h"

#include <string.h>

#define SECOND 1000000ull	/* in us */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool num_u64(const char *s, size_t len, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!len)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_digit(s[i]) || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (unsigned)(s[i] - '0'), &v))
			return false;
	}
	if (v > max)
		return false;
	*ret = v;
	return true;
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool num_hex(const char *s, size_t len, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!len)
		return false;
	for (size_t i = 0; i < len; i++) {
		int d = hex_digit(s[i]);

		if (d < 0 || v >> 60)
			return false;
		v = v << 4 | (unsigned)d;
	}
	if (v > max)
		return false;
	*ret = v;
	return true;
}

/* A decimal number with at most nine places: whole + frac / scale. */
struct decimal { uint64_t whole, frac, scale; };

/* Length of the number at the head of s, 0: none. */
static size_t read_decimal(const char *s, size_t len, struct decimal *ret)
{
	size_t n = 0, start;

	while (n < len && is_digit(s[n]))
		n++;
	if (!num_u64(s, n, UINT64_MAX, &ret->whole))
		return 0;
	ret->frac = 0;
	ret->scale = 1;
	if (n == len || s[n] != '.')
		return n;
	for (start = ++n; n < len && is_digit(s[n]); n++)
		ret->scale *= n - start < 9 ? 10 : 1;
	if (n - start > 9 || !num_u64(s + start, n - start, UINT64_MAX, &ret->frac))
		return 0;
	return n;
}

/* d * unit, rounded down. false: too large. */
static bool multiply(const struct decimal *d, uint64_t unit, uint64_t *ret)
{
	__uint128_t v = (__uint128_t)d->whole * unit + (__uint128_t)d->frac * unit / d->scale;

	*ret = (uint64_t)v;
	return v <= UINT64_MAX;
}

bool num_size(const char *s, size_t len, uint64_t *ret_bytes)
{
	static const char letters[] = "kmgt";
	uint64_t unit = 1, v;
	struct decimal d;
	size_t n = read_decimal(s, len, &d);
	const char *letter;

	if (!n)
		return false;
	letter = n < len ? memchr(letters, s[n] | 0x20, 4) : NULL;
	if (letter) {
		uint64_t step = 1000;

		if (++n < len && s[n] == 'i') {
			step = 1024;
			n++;
		}
		for (const char *l = letters; l <= letter; l++)
			unit *= step;
	}
	if (n < len && (s[n] | 0x20) == 'b')
		n++;
	/* there is no half byte */
	if (n != len || (d.scale > 1 && unit == 1) || !multiply(&d, unit, &v))
		return false;
	*ret_bytes = v;
	return true;
}

static const struct {
	char name[4];
	uint64_t us;
} durations[] = {
	{ "us", 1 }, { "ms", 1000 }, { "s", SECOND }, { "sec", SECOND },
	{ "m", 60 * SECOND }, { "min", 60 * SECOND }, { "h", 3600 * SECOND },
	{ "d", 86400 * SECOND }, { "w", 604800 * SECOND },
};

/* Length of the unit at the head of s, 0: none. */
static size_t read_unit(const char *s, size_t len, uint64_t *ret_us)
{
	size_t n = 0;

	while (n < len && s[n] >= 'a' && s[n] <= 'z')
		n++;
	for (size_t i = 0; i < sizeof(durations) / sizeof(*durations); i++) {
		if (strlen(durations[i].name) == n && !memcmp(durations[i].name, s, n)) {
			*ret_us = durations[i].us;
			return n;
		}
	}
	return 0;
}

bool num_duration(const char *s, size_t len, uint64_t *ret_us)
{
	uint64_t sum = 0, last = UINT64_MAX, unit = 0, v;

	if (!len)
		return false;
	while (len) {		/* "2h40m": parts from large to small */
		struct decimal d;
		size_t n = read_decimal(s, len, &d), u;

		u = n ? read_unit(s + n, len - n, &unit) : 0;
		if (!u || unit >= last || !multiply(&d, unit, &v) ||
		    __builtin_add_overflow(sum, v, &sum))
			return false;
		last = unit;
		s += n + u;
		len -= n + u;
	}
	*ret_us = sum;
	return true;
}

/* v / 10^places without zeros at the end. */
static void put_places(struct buf *b, uint64_t v, unsigned places)
{
	uint64_t scale = 1;

	for (; places && v % 10 == 0; places--)
		v /= 10;
	for (unsigned i = 0; i < places; i++)
		scale *= 10;
	buf_u64(b, v / scale);
	if (!places)
		return;
	buf_putc(b, '.');
	for (v %= scale, scale /= 10; scale; v %= scale, scale /= 10)
		buf_putc(b, (char)('0' + v / scale));
}

/* The second part only beside a single digit: "2h40m", but "12h". */
static void put_two(struct buf *b, uint64_t high, char h, uint64_t low, char l)
{
	buf_u64(b, high);
	buf_putc(b, h);
	if (low && high < 10) {
		buf_u64(b, low);
		buf_putc(b, l);
	}
}

/* v, of which `tenth` make a tenth of the unit, with one place below ten. */
static void put_unit(struct buf *b, uint64_t v, uint64_t tenth, const char *unit)
{
	if (v < 99 * tenth + tenth / 2)
		put_places(b, (v + tenth / 2) / tenth, 1);
	else
		buf_u64(b, (v + tenth * 5) / (tenth * 10));
	buf_puts(b, unit);
}

static void put_below_minute(struct buf *b, uint64_t us)
{
	if (us && us < 1000) {
		buf_u64(b, us);
		buf_puts(b, "us");
	} else if (us && us < 99500) {
		put_unit(b, us, 100, "ms");
	} else {
		put_unit(b, us, SECOND / 10, "s");
	}
}

void num_put_duration(struct buf *b, uint64_t us)
{
	uint64_t s;

	if (us < 59500000) {
		put_below_minute(b, us);
		return;
	}
	s = us < 60 * SECOND ? 60 : us / SECOND;
	if (s < 3600)
		put_two(b, s / 60, 'm', s % 60, 's');
	else if (s < 86400)
		put_two(b, s / 3600, 'h', s / 60 % 60, 'm');
	else
		put_two(b, s / 86400, 'd', s / 3600 % 24, 'h');
}

/* v / unit rounded to the nearest. */
static uint64_t rounded(uint64_t v, uint64_t unit)
{
	return v / unit + (v % unit >= unit - unit / 2);
}

void num_put_size(struct buf *b, uint64_t bytes)
{
	static const char letters[] = "KMGTPE";
	uint64_t unit = 1;
	size_t i = 0;

	/* the unit in which it rounds to less than 1000 */
	while (letters[i] && (i ? rounded(bytes, unit) : bytes) >= 1000) {
		unit *= 1000;
		i++;
	}
	if (!i)
		buf_u64(b, bytes);
	else if (rounded(bytes, unit / 10) < 100)
		put_places(b, rounded(bytes, unit / 10), 1);
	else
		buf_u64(b, rounded(bytes, unit));
	if (i)
		buf_putc(b, letters[i - 1]);
}

static void put_padded(struct buf *b, uint64_t v, unsigned digits, char before)
{
	char *at = buf_add(b, digits + (before != 0));

	if (!at)
		return;
	if (before)
		*at++ = before;
	for (; digits--; v /= 10)
		at[digits] = (char)('0' + v % 10);
}

static bool is_leap(uint64_t year)
{
	return (year % 4 == 0 && year % 100) || year % 400 == 0;
}

/* Days from the epoch to the first of January. */
static uint64_t days_before(uint64_t year)
{
	uint64_t y = year - 1;

	return (year - 1970) * 365 + (y / 4 - y / 100 + y / 400) -
	       (1969 / 4 - 1969 / 100 + 1969 / 400);
}

static void put_date(struct buf *b, uint64_t days)
{
	static const uint8_t lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	uint64_t year = 1970 + days / 366;	/* or one of the next */
	unsigned month = 0;

	while (days >= days_before(year + 1))
		year++;
	days -= days_before(year);
	for (;; month++) {
		unsigned len = lengths[month] + (month == 1 && is_leap(year));

		if (days < len)
			break;
		days -= len;
	}
	put_padded(b, year, 4, 0);
	put_padded(b, month + 1, 2, '-');
	put_padded(b, days + 1, 2, '-');
}

void num_put_time(struct buf *b, uint64_t epoch_ns, bool frac)
{
	uint64_t s = epoch_ns / 1000000000;

	put_date(b, s / 86400);		/* 64 bits of ns end in 2554 */
	put_padded(b, s / 3600 % 24, 2, 'T');
	put_padded(b, s / 60 % 60, 2, ':');
	put_padded(b, s % 60, 2, ':');
	if (frac)
		put_padded(b, epoch_ns / 1000000 % 1000, 3, '.');
	buf_putc(b, 'Z');
}

static void put_exponent(struct buf *b, double v)
{
	unsigned exp = 0;

	while (v >= 9.999995) {
		v /= 10;
		exp++;
	}
	put_places(b, (uint64_t)(v * 1e5 + 0.5), 5);
	buf_puts(b, "e+");
	put_padded(b, exp, exp < 100 ? 2 : 3, 0);
}

void num_put_real(struct buf *b, double v)
{
	unsigned places = 0;
	double scaled;

	if (v != v) {
		buf_puts(b, "nan");
		return;
	}
	if (v < 0) {
		buf_putc(b, '-');
		v = -v;
	}
	if (v > 1.7976931348623157e308) {
		buf_puts(b, "inf");
	} else if (v >= 1e15) {
		put_exponent(b, v);
	} else {
		for (scaled = v; v > 0 && scaled < 99999.95 && places < 15; places++)
			scaled *= 10;
		put_places(b, (uint64_t)(scaled + 0.5), places);
	}
}
