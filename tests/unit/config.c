/* SPDX-License-Identifier: MIT */
/* Configuration and state files: every key, every complaint, files that are not what
 * they seem, and the way there and back. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"
#include "live/config.h"
#include "live/term.h"
#include "live/ui.h"

/* ---- text ------------------------------------------------------------------------------ */

static void parse(struct config *c, bool is_state, const char *text)
{
	config_init(c);
	config_parse(c, is_state ? "state" : "config", is_state, text, strlen(text));
}

static void assert_no_complaint(const struct config *c)
{
	if (c->complaints.n)
		fail_msg("%s", c->complaints.v[0]);
}

static void test_nothing(void **state)
{
	static const char *const empty[] = { "", "\n", "\n\n", "# theme = light", "; x\n", "\r\n",
					     "  \n\t\n", "\xef\xbb\xbf", "\xef\xbb\xbf# x" };
	struct config c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(empty) / sizeof(*empty); i++) {
		parse(&c, false, empty[i]);
		assert_no_complaint(&c);
		assert_null(c.theme);
		assert_int_equal(c.interval_us, 0);
		assert_int_equal(c.mouse, -1);
		assert_int_equal(c.header, -1);
		assert_false(c.htop_keys);
		assert_int_equal(c.fixed, 0);
		config_release(&c);
	}
}

static void test_keys(void **state)
{
	struct config c;

	(void)state;
	parse(&c, false,
	      "\xef\xbb\xbftheme = cvd\r\n"
	      "interval: 0.5\n"
	      "columns.sockets = proc, pid,remote , state\n"
	      "columns.listen = lport\n columns.groups = proc\n"
	      "sort = -rtt\nsort.listen = scope\nsort.closed=-closed\n"
	      "filter = port:443 and not state:time-wait ; web\n"
	      "group = netns\nkeymap = htop\n"
	      "mouse = off\nascii = on\nnames = yes\nhosts = on\nhold = no\nmarks = 1\nloopback = 0\n"
	      "readonly = on\nheader = 1\n"
	      "filter.web = port:80,443\nfilter.web = port:80\nfilter.ssh = port:22\n"
	      "alias.3000 = my-app\nalias.65535 = last\nalias.3000 = mine");
	assert_int_equal(c.complaints.n, 1);	/* the indented line went on with the one above */
	assert_non_null(strstr(c.complaints.v[0], "config:4: unknown field"));
	assert_string_equal(c.theme, "cvd");
	assert_int_equal(c.interval_us, 500000);
	assert_string_equal(c.columns[TAB_SOCKETS], "proc,pid,remote,state");
	assert_string_equal(c.sort[TAB_SOCKETS], "-rtt");
	assert_string_equal(c.sort[TAB_LISTEN], "scope");
	assert_string_equal(c.sort[TAB_CLOSED], "-closed");
	assert_string_equal(c.filter, "port:443 and not state:time-wait");
	assert_string_equal(c.group, "netns");
	assert_true(c.htop_keys);
	assert_int_equal(c.mouse, 0);
	assert_int_equal(c.ascii, 1);
	assert_int_equal(c.names, 1);
	assert_int_equal(c.hosts, 1);
	assert_int_equal(c.hold, 0);
	assert_int_equal(c.marks, 1);
	assert_int_equal(c.loopback, 0);
	assert_int_equal(c.readonly, 1);
	assert_int_equal(c.header, 1);
	assert_int_equal(c.filters.n, 2);
	assert_string_equal(c.filters.v[0].name, "web");
	assert_string_equal(c.filters.v[0].text, "port:80");
	assert_string_equal(c.filters.v[1].text, "port:22");
	assert_int_equal(c.aliases.n, 2);
	assert_int_equal(c.aliases.v[0].port, 3000);
	assert_string_equal(c.aliases.v[0].name, "mine");
	config_release(&c);
}

static void test_words_are_the_screens(void **state)
{
	struct config c;
	char text[64];
	unsigned i;

	(void)state;
	for (i = 0; term_themes()[i]; i++) {
		snprintf(text, sizeof(text), "theme = %s", term_themes()[i]);
		parse(&c, false, text);
		assert_string_equal(c.theme, term_themes()[i]);
		config_release(&c);
	}
	for (i = 0; i < N_GROUPS; i++) {
		snprintf(text, sizeof(text), "group = %s", group_name((enum group)i));
		parse(&c, false, text);
		assert_string_equal(c.group, group_name((enum group)i));
		config_release(&c);
	}
	assert_int_equal(CONFIG_TABS, N_TABS);
	parse(&c, true, "tab = closed");
	assert_int_equal(c.tab, TAB_CLOSED);
	config_release(&c);
}

static void test_state_keys(void **state)
{
	struct config c;

	(void)state;
	parse(&c, true, "tab = unix\nfind.1 = nginx\nfind.2 = a\\x3b\\x20\npast.7 = port:443\n");
	assert_no_complaint(&c);
	assert_int_equal(c.tab, TAB_UNIX);
	assert_int_equal(c.finds.n, 2);
	assert_string_equal(c.finds.v[1], "a; ");
	assert_string_equal(c.past_filters.v[0], "port:443");
	assert_int_equal(c.fixed, 0);
	config_release(&c);
	parse(&c, false, "tab = unix\nfind.1 = nginx\npast.1 = x\n");
	assert_int_equal(c.complaints.n, 3);
	assert_int_equal(c.tab, -1);
	assert_int_equal(c.finds.n, 0);
	config_release(&c);
}

static void test_continued(void **state)
{
	struct config c;

	(void)state;
	parse(&c, false, "columns.sockets = proc,\n\tpid,\n  # not this\n\n  state\n"
			 "filter = port:80\n  or port:443\ntheme = light\n  \n");
	assert_no_complaint(&c);
	assert_string_equal(c.columns[0], "proc,pid,state");
	assert_string_equal(c.filter, "port:80 or port:443");
	assert_string_equal(c.theme, "light");
	config_release(&c);
	/* An error is in the line where it began. */
	parse(&c, false, "\nfilter = port:80\n  or prot:443\ntheme = light\n");
	assert_int_equal(c.complaints.n, 1);
	assert_non_null(strstr(c.complaints.v[0], "config:2: filter"));
	assert_string_equal(c.theme, "light");
	config_release(&c);
	parse(&c, false, "   theme = light\n");
	assert_no_complaint(&c);
	assert_string_equal(c.theme, "light");
	config_release(&c);
}

/* What is said of a text whose last line is good. */
static const struct { const char *text, *said; } wrong[] = {
	{ "colour = x", "config:1: unknown key `colour': did you mean theme?" },
	{ "tehme = light", "config:1: unknown key `tehme': did you mean theme?" },
	{ "colums.sockets = proc", "config:1: unknown key `colums.sockets': did you mean columns.TAB?" },
	{ "columns = proc", "config:1: unknown key `columns': did you mean columns.TAB?" },
	{ "theme.x = light", "config:1: unknown key `theme.x': did you mean theme?" },
	{ "Theme = light", "config:1: unknown key `Theme': did you mean theme?" },
	{ "quux = 1", "config:1: unknown key `quux'" },
	{ "= 1", "config:1: unknown key `'" },
	{ "theme = lihgt", "config:1: unknown theme `lihgt': one of default, light, mono, contrast, cvd" },
	{ "theme =", "config:1: theme has no value" },
	{ "theme = ; light", "config:1: theme has no value" },
	{ "group = pid", "config:1: unknown group `pid': one of process, unit, remote, port, user, netns" },
	{ "keymap = vi", "config:1: unknown keymap `vi': one of default, htop" },
	{ "mouse = maybe", "config:1: unknown value `maybe': one of off, on, no, yes, 0, 1" },
	{ "header = 3", "config:1: unknown value `3': one of 0, 1, 2" },
	{ "interval = 0.05", "config:1: interval `0.05' is not 0.1 to 3600 seconds" },
	{ "interval = 3601", "config:1: interval `3601' is not 0.1 to 3600 seconds" },
	{ "interval = fast", "config:1: interval `fast' is not 0.1 to 3600 seconds" },
	{ "interval = -1", "config:1: interval `-1' is not 0.1 to 3600 seconds" },
	{ "interval = 99999999999999999999", "config:1: interval `99999999999999999999' is not "
	  "0.1 to 3600 seconds" },
	{ "columns.top = proc", "config:1: unknown tab `top': one of sockets, listen, groups, "
	  "closed, unix" },
	{ "columns.sockets = proc,staet", "config:1: unknown field `staet': did you mean state?" },
	{ "columns.sockets = qqqqqq", "config:1: unknown field `qqqqqq'; see lssock-fields(7)" },
	{ "columns.sockets = port", "config:1: `port' is for filters only: lport or rport?" },
	{ "sort = -staet", "config:1: unknown field `staet': did you mean state?" },
	{ "sort = -", "config:1: unknown field `'; see lssock-fields(7)" },
	{ "sort.x = rtt", "config:1: unknown tab `x': one of sockets, listen, groups, closed, unix" },
	{ "filter = port:", "config:1: filter, at byte " },
	{ "filter.web = prot:80", "config:1: filter, at byte 1: " },
	{ "filter. = port:80", "config:1: a name has 1 to 40 bytes" },
	{ "filter.a\x1b[2J = port:80", "config:1: name `a\\x1b[2J' cannot be shown" },
	{ "alias.0 = x", "config:1: `0' is no port" },
	{ "alias.65536 = x", "config:1: `65536' is no port" },
	{ "alias.http = x", "config:1: `http' is no port" },
	{ "alias.80 = \x9b" "2J", "config:1: name `\\x9b2J' cannot be shown" },
	{ "alias.80 = 12345678901234567890123456789012345678901", "config:1: a name has 1 to 40 bytes" },
	{ "light", "config:1: neither `key = value' nor a comment" },
	{ "\n\n  light", "config:3: neither `key = value' nor a comment" },
	{ "mouse = on\nlight", "config:2: neither `key = value' nor a comment" },
	{ "tab = unix", "config:1: unknown key `tab'" },
};

static void test_complaints(void **state)
{
	struct config c;
	struct buf b = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		buf_reset(&b);
		buf_printf(&b, "%s\nascii = on\n", wrong[i].text);
		parse(&c, false, buf_cstr(&b));
		if (c.complaints.n != 1 ||
		    strncmp(c.complaints.v[0], wrong[i].said, strlen(wrong[i].said)))
			fail_msg("%s: %s", wrong[i].text,
				 c.complaints.n ? c.complaints.v[0] : "no complaint");
		assert_int_equal(c.ascii, 1);
		assert_null(c.theme);
		assert_int_equal(c.interval_us, 0);
		assert_null(c.filter);
		assert_int_equal(c.filters.n, 0);
		assert_int_equal(c.aliases.n, 0);
		config_release(&c);
	}
	buf_release(&b);
}

static void test_sections(void **state)
{
	struct config c;

	(void)state;
	parse(&c, false, "theme = light\n[colors]\ntheme = mono\nmouse = off\nsenseless = 1\n");
	assert_int_equal(c.complaints.n, 1);
	assert_string_equal(c.complaints.v[0],
			    "config:2: unknown section `[colors]': what follows is passed over");
	assert_string_equal(c.theme, "light");
	assert_int_equal(c.mouse, -1);
	config_release(&c);
	parse(&c, false, "[colors\nmouse = off\n");
	assert_string_equal(c.complaints.v[0],
			    "config:1: unknown section `[colors': what follows is passed over");
	config_release(&c);
}

static void test_part_of_a_list(void **state)
{
	struct config c;

	(void)state;
	parse(&c, false, "columns.unix = proc,nonsense,,pid,");
	assert_string_equal(c.columns[TAB_UNIX], "proc,pid");
	assert_int_equal(c.complaints.n, 1);
	config_release(&c);
	parse(&c, false, "columns.unix = nonsense");
	assert_null(c.columns[TAB_UNIX]);
	assert_int_equal(c.fixed, 0);
	config_release(&c);
}

static void test_hostile(void **state)
{
	static const char zero[] = "theme = li\0ght\nmouse = off\0\nascii = on";
	static const char raw[] = "th\x1b[31meme = \xc2\x9b\xe2\x80\xae\xff\nascii = on";
	struct config c;
	struct buf b = { 0 };
	uint32_t i;

	(void)state;
	config_init(&c);
	config_parse(&c, "config", false, zero, sizeof(zero) - 1);
	assert_int_equal(c.complaints.n, 2);
	assert_string_equal(c.complaints.v[0], "config:1: a zero byte");
	assert_null(c.theme);
	assert_int_equal(c.mouse, -1);
	assert_int_equal(c.ascii, 1);
	config_release(&c);

	parse(&c, false, raw);
	assert_int_equal(c.complaints.n, 1);
	assert_non_null(strstr(c.complaints.v[0], "`th\\x1b[31meme'"));
	assert_int_equal(c.ascii, 1);
	config_release(&c);

	buf_puts(&b, "theme = ");
	buf_fill(&b, 'x', 65536);
	buf_puts(&b, "\nascii = on\nmouse = ");
	buf_fill(&b, ' ', 65536);
	config_init(&c);
	config_parse(&c, "config", false, b.data, b.len);
	assert_int_equal(c.complaints.n, 2);
	assert_non_null(strstr(c.complaints.v[0], "config:1: longer than "));
	assert_non_null(strstr(c.complaints.v[1], "config:3: longer than "));
	assert_int_equal(c.ascii, 1);
	config_release(&c);

	buf_reset(&b);
	for (i = 0; i < 20000; i++)
		buf_puts(&b, "x\n");
	config_init(&c);
	config_parse(&c, "config", false, b.data, b.len);
	assert_int_equal(c.complaints.n, 21);
	assert_string_equal(c.complaints.v[20], "config: and 19980 more that make no sense");
	config_release(&c);
	buf_release(&b);
}

/* It is what text_safe() gives. */
static void assert_printable(const char *said)
{
	struct buf raw = { 0 }, safe = { 0 };

	assert_int_equal(text_unescape(&raw, said, strlen(said)), 0);
	text_safe(&safe, raw.data, raw.len, 0);
	assert_string_equal(buf_cstr(&safe), said);
	buf_release(&raw);
	buf_release(&safe);
}

/* Any bytes: nothing but complaints, and these can be printed. */
static void test_noise(void **state)
{
	static const char some[] = "[]=:;# \t\n\r\\.theme\0filter.\x1b\xc2\x9b\xff";
	struct config c;
	uint32_t seed = 1, round, i;
	char text[300];

	(void)state;
	for (round = 0; round < 3000; round++) {
		for (i = 0; i < sizeof(text); i++) {
			seed = seed * 1664525 + 1013904223;
			text[i] = round & 1 ? (char)(seed >> 24) : some[(seed >> 8) % sizeof(some)];
		}
		config_init(&c);
		config_parse(&c, "config", round & 2, text, seed % sizeof(text));
		for (i = 0; i < c.complaints.n; i++)
			assert_printable(c.complaints.v[i]);
		config_release(&c);
	}
}

static void test_last_line_without_end(void **state)
{
	static const char text[] = "theme = mono|mouse = off";
	char copy[sizeof(text) - 1], *exact;
	struct config c;
	size_t len;

	(void)state;
	memcpy(copy, text, sizeof(copy));
	copy[12] = '\n';
	for (len = 0; len <= sizeof(copy); len++) {
		exact = mem_alloc(len ? len : 1);	/* no byte behind it may be read */
		memcpy(exact, copy, len);
		config_init(&c);
		config_parse(&c, "config", false, exact, len);
		assert_true(c.complaints.n <= 1);
		assert_int_equal(c.theme != NULL, len >= 12);
		config_release(&c);
		mem_free(exact);
	}
}

/* ---- files ------------------------------------------------------------------------------ */

static int enter_directory(void **state)
{
	const char *top = getenv("TMPDIR");
	struct buf name = { 0 };

	umask(022);
	buf_printf(&name, "%s/lssock-config-", top ? top : P_tmpdir);
	buf_fill(&name, 'X', 6);
	buf_cstr(&name);
	*state = name.data;
	return name.failed || !mkdtemp(name.data) || chdir(name.data) < 0;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static int leave_directory(void **state)
{
	char *name = *state;
	int r = chdir("/") < 0 || nftw(name, drop, 8, FTW_DEPTH | FTW_PHYS) < 0;

	mem_free(name);
	return r;
}

static char *path_of(void **state, const char *name)
{
	struct buf b = { 0 };

	buf_printf(&b, "%s/%s", (const char *)*state, name);
	buf_cstr(&b);
	assert_false(b.failed);
	return b.data;
}

static void put_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

/* Reads "config" in the directory; what is said of it, "" for nothing. */
static void reads(void **state, uint32_t uid, const char *said, const char *theme)
{
	struct config_paths p = { .config = path_of(state, "config"), .uid = uid };
	struct config c;

	config_init(&c);
	config_read(&c, &p);
	if (!*said && c.complaints.n)
		fail_msg("%s", c.complaints.v[0]);
	if (*said && (c.complaints.n != 1 || !strstr(c.complaints.v[0], said)))
		fail_msg("%s: %s", said, c.complaints.n ? c.complaints.v[0] : "no complaint");
	if (theme)
		assert_string_equal(c.theme, theme);
	else
		assert_null(c.theme);
	config_release(&c);
	mem_free(p.config);
	unlink("config");
	rmdir("config");
}

static void test_files(void **state)
{
	struct config c;
	struct config_paths nowhere = { 0 };
	uint32_t uid = geteuid();
	struct buf big = { 0 };

	config_init(&c);
	config_read(&c, &nowhere);
	assert_no_complaint(&c);
	config_release(&c);
	reads(state, uid, "", NULL);			/* none there */

	put_file("config", "theme = mono", 0644);
	reads(state, uid, "", "mono");
	put_file("config", "theme = mono", 0664);
	reads(state, uid, "may be written by others", NULL);
	put_file("config", "theme = mono", 0646);
	reads(state, uid, "may be written by others", NULL);
	if (uid) {
		put_file("config", "theme = mono", 0000);
		reads(state, uid, strerror(EACCES), NULL);
	}
	put_file("config", "theme = mono", 0644);
	reads(state, uid + 1, "belongs to somebody else", NULL);

	mkdir("config", 0700);
	reads(state, uid, "is no regular file", NULL);
	assert_int_equal(mkfifo("config", 0600), 0);
	reads(state, uid, "is no regular file", NULL);
	assert_int_equal(symlink("/dev/null", "config"), 0);
	reads(state, uid, "is no regular file", NULL);
	assert_int_equal(symlink("config", "config"), 0);
	reads(state, uid, strerror(ELOOP), NULL);
	assert_int_equal(symlink("nowhere", "config"), 0);
	reads(state, uid, "", NULL);

	put_file("dotfile", "theme = mono", 0600);
	assert_int_equal(symlink("dotfile", "config"), 0);
	reads(state, uid, "", "mono");
	unlink("dotfile");

	buf_puts(&big, "theme = mono\n");
	buf_fill(&big, '#', 65536 - big.len);
	put_file("config", buf_cstr(&big), 0600);
	reads(state, uid, "", "mono");
	buf_putc(&big, '#');
	put_file("config", buf_cstr(&big), 0600);
	reads(state, uid, "is larger than 64 KiB", NULL);
	buf_release(&big);
}

/* What root may read is not shown to somebody who got no more than this program. */
static void test_others_files(void **state)
{
	if (geteuid()) {
		print_message("not root: no files of others\n");
		skip();
	}
	put_file("config", "theme = mono", 0644);
	assert_int_equal(chown("config", 12345, 12345), 0);
	reads(state, 12345, "", "mono");
	put_file("config", "theme = mono", 0644);
	assert_int_equal(chown("config", 12345, 12345), 0);
	reads(state, 0, "belongs to somebody else", NULL);
	put_file("secret", "root:$6$salt$hash\n", 0600);
	assert_int_equal(symlink("secret", "config"), 0);
	reads(state, 12345, "belongs to somebody else", NULL);
	unlink("secret");

	put_file("config", "theme = mono", 0644);
	assert_int_equal(chmod(*state, 0777), 0);
	assert_int_equal(seteuid(12345), 0);
	reads(state, 12345, "", "mono");
	assert_int_equal(seteuid(0), 0);
}

/* ---- there and back ---------------------------------------------------------------------- */

static void add(void *v, const char *text)
{
	VEC(char *) *list = v;
	char **place = vec_push(list), *copy = mem_alloc(strlen(text) + 1);

	assert_non_null(place);
	assert_non_null(copy);
	memcpy(copy, text, strlen(text));
	*place = copy;
}

static const char columns[] =
	"proc,pid,user,local,remote,state,rtt,lport,rport,laddr,raddr,cookie,inode,netns,unit,"
	"container,proto,family,scope,dir,recvq,sendq,cwnd,mss,retrans,exe,cmd,timer,uid,fd";

static void fill(struct config *c)
{
	parse(c, true, "theme = cvd\ninterval = 0.25\nsort.unix = -proc\ngroup = port\n"
		       "keymap = htop\nmouse = off\nascii = off\nnames = on\nhold = on\n"
		       "marks = off\nloopback = off\nheader = 0\ntab = closed\nhosts = on\n");
	assert_no_complaint(c);
	c->columns[1] = mem_alloc(sizeof(columns));
	memcpy(c->columns[1], columns, sizeof(columns));
	add(&c->finds, "; not a comment");
	add(&c->finds, "  blanks ");
	add(&c->finds, "a\\b = [c] # \xc3\xa9");
	add(&c->past_filters, "port:443 or comm:\"x ; y\"");
}

static struct config_paths paths_in(void **state, const char *below)
{
	struct config_paths p = { .uid = geteuid(), .write_state = true };
	struct buf b = { 0 };

	buf_printf(&b, "%s/%s/lssock/live", (const char *)*state, below);
	buf_cstr(&b);
	p.state = b.data;
	return p;
}

static unsigned mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void test_round_trip(void **state)
{
	struct config_paths p = paths_in(state, "a/b");
	struct config c, d;
	char text[32];
	unsigned i;

	fill(&c);
	for (i = 0; i < 70; i++) {
		snprintf(text, sizeof(text), "port:%u", i + 1);
		add(&c.past_filters, text);
	}
	assert_int_equal(config_write(&c, &p), 0);
	assert_int_equal(mode_of("a"), 0700);
	assert_int_equal(mode_of("a/b/lssock"), 0700);
	assert_int_equal(mode_of("a/b/lssock/live"), 0600);
	config_init(&d);
	config_read(&d, &p);
	assert_no_complaint(&d);
	assert_string_equal(d.theme, "cvd");
	assert_int_equal(d.interval_us, 250000);
	assert_string_equal(d.columns[1], columns);
	assert_null(d.columns[0]);
	assert_string_equal(d.sort[TAB_UNIX], "-proc");
	assert_string_equal(d.group, "port");
	assert_true(d.htop_keys);
	assert_int_equal(d.mouse, 0);
	assert_int_equal(d.ascii, 0);
	assert_int_equal(d.names, 1);
	assert_int_equal(d.hosts, -1);	/* it sends packets: never by itself */
	assert_int_equal(d.hold, 1);
	assert_int_equal(d.marks, 0);
	assert_int_equal(d.loopback, 0);
	assert_int_equal(d.header, 0);
	assert_int_equal(d.tab, TAB_CLOSED);
	assert_int_equal(d.finds.n, 3);
	for (i = 0; i < 3; i++)
		assert_string_equal(d.finds.v[i], c.finds.v[i]);
	assert_int_equal(d.past_filters.n, 50);
	assert_string_equal(d.past_filters.v[0], "port:21");
	assert_string_equal(d.past_filters.v[49], "port:70");
	/* And a second time, over the first. */
	assert_int_equal(config_write(&d, &p), 0);
	config_release(&c);
	config_release(&d);
	mem_free(p.state);
}

/* Any text of a prompt comes back, or is left out. */
static void test_histories(void **state)
{
	struct config_paths p = paths_in(state, "h");
	struct config c, d;
	char text[300];
	uint32_t seed = 7, round, i;

	for (round = 0; round < 200; round++) {
		config_init(&c);
		config_init(&d);
		for (i = 0; i + 1 < sizeof(text); i++) {
			seed = seed * 1664525 + 1013904223;
			text[i] = (char)(' ' + (seed >> 24) % 95);
		}
		text[(seed >> 9) % sizeof(text)] = '\0';
		text[sizeof(text) - 1] = '\0';
		add(&c.finds, text);
		assert_int_equal(config_write(&c, &p), 0);
		config_read(&d, &p);
		assert_no_complaint(&d);
		if (strlen(text) > 40 || !*text)
			assert_true(d.finds.n <= 1);
		else
			assert_int_equal(d.finds.n, 1);
		if (d.finds.n)
			assert_string_equal(d.finds.v[0], text);
		config_release(&c);
		config_release(&d);
	}
	mem_free(p.state);
}

/* Or a line would have its effect after it was taken out. */
static void test_what_the_user_wrote_is_his(void **state)
{
	struct config_paths p = paths_in(state, "s");
	struct config c, d;

	p.config = path_of(state, "config");
	put_file("config", "theme = mono\nsort.unix = pid\nfilter = port:1\nreadonly = on\n"
			   "filter.x = port:2\nalias.3 = y\ncolumns.sockets = pid\n", 0600);
	fill(&c);
	assert_int_equal(config_write(&c, &p), 0);
	config_release(&c);
	config_init(&d);
	config_read(&d, &p);
	assert_no_complaint(&d);
	assert_string_equal(d.theme, "mono");
	assert_string_equal(d.sort[TAB_UNIX], "pid");
	assert_string_equal(d.group, "port");
	assert_int_equal(config_write(&d, &p), 0);
	config_release(&d);

	unlink("config");
	config_init(&d);
	config_read(&d, &p);
	assert_no_complaint(&d);
	assert_null(d.theme);
	assert_null(d.sort[TAB_UNIX]);
	assert_null(d.columns[TAB_SOCKETS]);
	assert_null(d.filter);
	assert_int_equal(d.filters.n, 0);
	assert_int_equal(d.aliases.n, 0);
	assert_int_equal(d.readonly, -1);
	assert_string_equal(d.group, "port");
	assert_string_equal(d.columns[1], columns);
	config_release(&d);
	mem_free(p.config);
	mem_free(p.state);
}

static void test_not_ours_to_write(void **state)
{
	struct config_paths p = paths_in(state, "n");
	struct config c;

	config_init(&c);
	p.write_state = false;
	assert_int_equal(config_write(&c, &p), -EPERM);
	assert_int_equal(access("n", F_OK), -1);
	p.write_state = true;
	p.uid = geteuid() + 1;
	assert_int_equal(config_write(&c, &p), -EPERM);
	p.uid = geteuid();
	assert_int_equal(config_write(&c, &p), 0);

	assert_int_equal(chmod("n/lssock", 0770), 0);
	assert_int_equal(config_write(&c, &p), -EPERM);
	assert_int_equal(chmod("n/lssock", 0755), 0);
	assert_int_equal(config_write(&c, &p), 0);

	put_file("n/target", "kept", 0600);
	assert_int_equal(unlink(p.state), 0);
	assert_int_equal(symlink("../target", p.state), 0);
	assert_int_equal(config_write(&c, &p), -ELOOP);
	assert_int_equal(unlink(p.state), 0);
	assert_int_equal(mkdir(p.state, 0700), 0);
	assert_int_equal(config_write(&c, &p), -EISDIR);
	assert_int_equal(rmdir(p.state), 0);

	assert_int_equal(rmdir("n/lssock"), 0);
	put_file("n/lssock", "a file", 0600);
	assert_true(config_write(&c, &p) < 0);
	if (geteuid() == 0) {
		assert_int_equal(unlink("n/lssock"), 0);
		assert_int_equal(config_write(&c, &p), 0);
		assert_int_equal(chown("n/lssock/live", 12345, 0), 0);
		assert_int_equal(config_write(&c, &p), -EPERM);
		assert_int_equal(chown("n/lssock/live", 0, 0), 0);
		assert_int_equal(chown("n/lssock", 12345, 0), 0);
		assert_int_equal(config_write(&c, &p), -EPERM);
	}
	mem_free(p.state);
	p.state = NULL;
	assert_int_equal(config_write(&c, &p), -EPERM);
	config_release(&c);
}

/* ---- on the screen ------------------------------------------------------------------------ */

static void press(struct ui *ui, uint32_t key)
{
	const struct input in = { .type = INPUT_KEY, .key = key };

	ui_input(ui, &in);
}

static void test_saved_filters_are_offered(void **state)
{
	static const char saved[] = "filter.a = port:80\nfilter.b = port:443\n";
	static const char *const want[] = { "port:22", "port:80", "port:443", "port:443" };
	struct config c;
	struct ui ui;
	size_t i;

	(void)state;
	parse(&c, true, "past.1 = port:21\npast.2 = port:22\n");
	config_parse(&c, "config", false, saved, sizeof(saved) - 1);
	assert_no_complaint(&c);
	ui_init(&ui, &c);
	press(&ui, '&');
	press(&ui, IN_UP);
	assert_string_equal(buf_cstr(&ui.prompt.text), "port:22");
	for (i = 0; i < sizeof(want) / sizeof(*want); i++) {
		if (i)
			press(&ui, IN_UP);
		if (i == 1)
			press(&ui, IN_UP);	/* by port:21 */
		assert_string_equal(buf_cstr(&ui.prompt.text), want[i]);
	}
	press(&ui, IN_DOWN);
	assert_string_equal(buf_cstr(&ui.prompt.text), "port:80");
	press(&ui, IN_ENTER);
	assert_string_equal(c.past_filters.v[2], "port:80");
	press(&ui, 'D');
	press(&ui, 21);			/* ^U */
	press(&ui, '7');
	press(&ui, IN_ENTER);
	assert_int_equal(c.interval_us, 7000000);
	ui_release(&ui);
	config_release(&c);
}

/* ---- memory ------------------------------------------------------------------------------- */

static void test_no_memory(void **state)
{
	static const char text[] = "theme = mono\ncolumns.unix = proc,\n  pid\nsort = -rtt\n"
		"filter = port:443\nfilter.a = port:1\nalias.1 = b\nnonsense = 1\nlight\n[x]\n";
	struct config_paths p = paths_in(state, "m");
	struct config c;
	uint64_t n, failures;
	bool failed;

	for (n = 1, failed = true; failed; n++) {
		config_init(&c);
		failures = mem_failures();
		mem_fail_at(n);
		config_parse(&c, "config", false, text, sizeof(text) - 1);
		mem_fail_at(0);
		failed = mem_failures() != failures;
		if (!failed)
			assert_int_equal(c.complaints.n, 3);
		config_release(&c);
	}
	fill(&c);
	for (n = 1, failed = true; failed; n++) {
		failures = mem_failures();
		mem_fail_at(n);
		assert_true(config_write(&c, &p) <= 0);
		mem_fail_at(0);
		failed = mem_failures() != failures;
	}
	config_release(&c);
	for (n = 1, failed = true; failed; n++) {
		config_init(&c);
		failures = mem_failures();
		mem_fail_at(n);
		config_read(&c, &p);
		mem_fail_at(0);
		failed = mem_failures() != failures;
		config_release(&c);
	}
	mem_free(p.state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_words_are_the_screens),
		cmocka_unit_test(test_state_keys),
		cmocka_unit_test(test_continued),
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_part_of_a_list),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_last_line_without_end),
		cmocka_unit_test(test_saved_filters_are_offered),
#define IN_DIRECTORY(f) cmocka_unit_test_setup_teardown(f, enter_directory, leave_directory)
		IN_DIRECTORY(test_files),
		IN_DIRECTORY(test_others_files),
		IN_DIRECTORY(test_round_trip),
		IN_DIRECTORY(test_histories),
		IN_DIRECTORY(test_what_the_user_wrote_is_his),
		IN_DIRECTORY(test_not_ours_to_write),
		IN_DIRECTORY(test_no_memory),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
