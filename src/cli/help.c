/* SPDX-License-Identifier: MIT */
/* Texts made from the tables: --help, lssock-fields(7), shell completions. A
 * name that is in no table is in none of them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "live/live.h"

#define HELP_WIDTH 79
#define HELP_INDENT 9
#define ROFF_WIDTH 72

/* Appends an item to a paragraph that wraps. */
static void wrap(struct buf *b, size_t *column, const char *item)
{
	size_t n = strlen(item);

	if (*column + 2 + n > HELP_WIDTH) {
		buf_putc(b, '\n');
		buf_fill(b, ' ', HELP_INDENT);
		*column = HELP_INDENT;
	} else if (*column > HELP_INDENT) {
		buf_puts(b, "  ");
		*column += 2;
	}
	buf_puts(b, item);
	*column += n;
}

static void option_item(char *item, size_t size, const struct cli_option *o)
{
	const char *arg = o->arg ? o->arg : "";
	const char *before = !o->arg || o->arg[0] == '[' ? "" : " ";
	const char *after = *o->brief ? " " : "";
	char letter[2] = { o->letter, 0 };

	snprintf(item, size, "%s%s%s%s%s%s", o->letter ? "-" : "--",
		 o->letter ? letter : o->name, before, arg, after, o->brief);
}

static void help_options(struct buf *b)
{
	const char *group = NULL;
	const struct cli_option *o;
	size_t column = 0;
	char item[160];

	for (o = cli_options; o->letter || o->name; o++) {
		if (!o->brief)
			continue;
		if (!group || strcmp(group, o->group)) {
			group = o->group;
			buf_printf(b, "\n%-*s", HELP_INDENT, group);
			column = HELP_INDENT;
		}
		option_item(item, sizeof(item), o);
		wrap(b, &column, item);
	}
	buf_putc(b, '\n');
}

int help_print(void)
{
	struct buf b = { 0 };
	int r;

	buf_puts(&b, "lssock [OPTIONS] [FILTER]   which process owns which socket\n"
		 "lssock PORT|SOCKETFILE      the story of one port or unix socket\n"
		 "lssock watch [FILTER]       the live view; events: a line per change\n"
		 "lssock audit [FILTER]       judge what listens; --policy, --baseline FILE\n"
		 "lssock record FILE [--rounds N] [--anon]; diff OLD [NEW]; netns\n"
		 "lssock kill|close FILTER [--signal SIG] [--yes] [--max N] [--dry-run]\n");
	help_options(&b);
	buf_puts(&b, "\nFilter   nginx  :22  10.0.0.0/8  proc:sshd  state:listen,estab"
		 "  rtt>100ms\n         user!=root  is:unowned  has:container  not (a or b)"
		 "  dport = :443\n"
		 "Exit     0 done, 1 nothing matched, 2 usage, 3 incomplete, 4 failed\n"
		 "Manuals  lssock(1), lssock-filter(7), lssock-fields(7)\n");
	r = put_buf(&b);
	buf_release(&b);
	return r;
}

int help_version(void)
{
	static const char text[] = "lssock " LSSOCK_VERSION "\n";

	return put(text, sizeof(text) - 1);
}

int help_columns(struct cli *c)
{
	struct lssock_sheet *sheet = NULL;
	int r = lssock_fields_sheet(&sheet);

	return answer_sheet(c, r, sheet);
}

/* ---- generated documents -------------------------------------------------------- */

static void put_roff(struct buf *b, const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (i == 0 && (s[i] == '.' || s[i] == '\''))
			buf_puts(b, "\\&");
		if (s[i] == '\\')
			buf_puts(b, "\\e");
		else if (s[i] == '-')
			buf_puts(b, "\\-");
		else
			buf_putc(b, s[i]);
	}
}

/* Running text in lines of a manual's source, each ended. */
static void put_roff_text(struct buf *b, const char *s)
{
	size_t start = b->len, n;

	for (; *s; s += n + (s[n] == ' ')) {
		n = strcspn(s, " ");
		if (b->len > start && b->len - start + n > ROFF_WIDTH) {
			buf_putc(b, '\n');
			start = b->len;
		} else if (b->len > start) {
			buf_putc(b, ' ');
		}
		put_roff(b, s, n);
	}
	buf_putc(b, '\n');
}

static const char *unit_words(enum lssock_unit unit)
{
	switch (unit) {
	case LSSOCK_U_BYTES: return "bytes";
	case LSSOCK_U_RATE: return "bytes per second";
	case LSSOCK_U_US: return "microseconds";
	case LSSOCK_U_SEGMENTS: return "segments";
	case LSSOCK_U_PERCENT: return "per cent";
	case LSSOCK_U_NONE: case LSSOCK_U_PORT: case LSSOCK_U_OCTAL: case LSSOCK_U_HEX: break;
	}
	return NULL;
}

static void man_fields(struct buf *b)
{
	const char *group = "";
	uint32_t i;

	for (i = 0; i < lssock_fields(); i++) {
		struct lssock_field_info f;

		if (lssock_field_info(i, &f) < 0)
			continue;
		if (strcmp(group, f.group)) {
			group = f.group;
			buf_printf(b, ".SS Fields: %s\n", group);
		}
		buf_puts(b, ".TP\n.B ");
		put_roff(b, f.name, strlen(f.name));
		buf_puts(b, "\n");
		put_roff_text(b, f.help);
		buf_printf(b, "(%s", f.type);
		if (unit_words(f.unit))
			buf_printf(b, ", %s", unit_words(f.unit));
		buf_puts(b, f.both_ends ? "; filter only" : "");
		buf_puts(b, ")\n");
	}
}

static void man_checks(struct buf *b)
{
	struct lssock_check_info c;
	uint32_t i;

	for (i = 0; i < lssock_checks(); i++) {
		lssock_check_info(i, &c);
		buf_puts(b, ".TP\n.BR ");
		put_roff(b, c.code, strlen(c.code));
		buf_printf(b, " \" (%s)\"\n", lssock_severity_name(c.severity));
		put_roff_text(b, c.why);
		put_roff_text(b, c.fix);
	}
}

static void man_keys(struct buf *b)
{
	const char *keys, *help;
	uint32_t i;

	for (i = 0; live_key(i, &keys, &help); i++) {
		if (!*keys)
			continue;
		buf_puts(b, ".TP\n.B ");
		put_roff_text(b, keys);
		put_roff_text(b, help);
	}
}

static void man_options(struct buf *b)
{
	const char *group = "";
	const struct cli_option *o;

	for (o = cli_options; o->letter || o->name; o++) {
		if (!o->help)
			continue;
		if (strcmp(group, o->group)) {
			group = o->group;
			buf_printf(b, ".SS %s\n", group);
		}
		buf_puts(b, ".TP\n.BR ");
		if (o->letter)
			buf_printf(b, "\\-%c \", \" ", o->letter);
		buf_puts(b, "\\-\\-");
		put_roff(b, o->name, strlen(o->name));
		if (o->arg)
			buf_printf(b, " \"%s\\fI%s\\fP\"", o->arg[0] == '[' ? "" : " ", o->arg);
		buf_putc(b, '\n');
		put_roff_text(b, o->help);
	}
}

/* Those that can be shown, or those for filters only; each followed by `after`. */
static void put_fields(struct buf *b, bool filter_only, const char *after)
{
	uint32_t i;

	for (i = 0; i < lssock_fields(); i++) {
		struct lssock_field_info f;

		if (lssock_field_info(i, &f) < 0 || f.watch_only || f.names_only ||
		    f.both_ends != filter_only)
			continue;
		buf_puts(b, f.name);
		buf_puts(b, after);
	}
}

static void put_words(struct buf *b, const char *const *words, const char *between)
{
	int i;

	for (i = 0; words[i]; i++) {
		buf_puts(b, i ? between : "");
		buf_puts(b, words[i]);
	}
}

/* What a person may type behind is: and -A; tests/cli/completion.t tries each. */
static const char is_words[] = "listen estab loopback inbound outbound unowned mine";
static const char family_words[] = "all inet inet6 unix link netlink vsock xdp tipc "
	"tcp udp raw icmp sctp dccp mptcp udplite u_str u_dgr u_seq packet";

static const char signal_words[] = "TERM HUP INT QUIT KILL USR1 USR2 STOP CONT";

static void put_states(struct buf *b)
{
	int i;

	for (i = 1; i < LSSOCK_N_STATE; i++)
		buf_printf(b, "%s%s", i > 1 ? " " : "",
			   lssock_state_name((enum lssock_state)i));
}

static bool is_option(const struct cli_option *o, const char *name)
{
	return o->name && !strcmp(o->name, name);
}

/* Fewest words first: what is said in --help, else in the manual. */
static const char *about(const struct cli_option *o)
{
	return o->brief && *o->brief && !o->arg ? o->brief : o->help;
}

static void bash_options(struct buf *b)
{
	const struct cli_option *o;
	size_t start = b->len;

	for (o = cli_options; o->letter || o->name; o++) {
		if (!o->help)
			continue;
		if (o->letter)
			buf_printf(b, " -%c", o->letter);
		if (b->len - start > ROFF_WIDTH) {
			buf_puts(b, "\n\t\t");
			start = b->len;
		}
		buf_printf(b, " --%s", o->name);
	}
}

static void complete_bash(struct buf *b)
{
	buf_puts(b, "# bash completion for lssock; generated\n"
		 "_lssock_from() { mapfile -t COMPREPLY < <(compgen \"$@\"); }\n"
		 "_lssock()\n{\n"
		 "\tlocal i=$COMP_CWORD cur=${COMP_WORDS[COMP_CWORD]}\n"
		 "\tlocal prev key columns fields head\n"
		 "\tif [[ $cur == [=:] ]]; then cur=; else ((i--)); fi\n"
		 "\tprev=${COMP_WORDS[i]}\n"
		 "\tif [[ $prev == [=:] ]]; then key=$prev prev=${COMP_WORDS[i-1]}; fi\n"
		 "\tcolumns=\"");
	put_fields(b, false, " ");
	buf_puts(b, "\"\n\tfields=\"");
	put_fields(b, true, " ");
	buf_puts(b, "$columns\"\n\tcase $key$prev in\n"
		 "\t:state) _lssock_from -W \"");
	put_states(b);
	buf_printf(b, "\" -- \"${cur^^}\"; return ;;\n"
		   "\t:is) _lssock_from -W \"%s\" -- \"$cur\"; return ;;\n"
		   "\t:has) _lssock_from -W \"$fields\" -- \"$cur\"; return ;;\n"
		   "\t:*) return ;;\n\tesac\n\tcase $prev in\n", is_words);
	buf_puts(b, "\t--format) _lssock_from -W \"");
	put_words(b, lssock_formats(), " ");
	buf_printf(b, "\" -- \"$cur\" ;;\n"
		   "\t--color) _lssock_from -W \"auto always never\" -- \"$cur\" ;;\n"
		   "\t-f|--family|-A|--query)\n"
		   "\t\thead=${cur%%\"${cur##*,}\"}\n"
		   "\t\t_lssock_from -P \"$head\" -W \"%s\" -- \"${cur##*,}\" ;;\n",
		   family_words);
	buf_printf(b, "\t--signal) _lssock_from -W \"%s\" -- \"${cur^^}\" ;;\n", signal_words);
	buf_puts(b, "\t-C|--columns|--sort|--group-by)\n"
		 "\t\thead=${cur%\"${cur##*[,+-]}\"}\n"
		 "\t\t_lssock_from -P \"$head\" -W \"$columns\" -- \"${cur##*[,+-]}\"\n"
		 "\t\tcompopt -o nospace 2>/dev/null ;;\n"
		 "\t-N|--netns)\n"
		 "\t\t_lssock_from -W \"all $(ls /run/netns 2>/dev/null)\" -- \"$cur\" ;;\n"
		 "\t--from|record|diff)\n\t\t_lssock_from -f -- \"$cur\"\n"
		 "\t\tcompopt -o filenames 2>/dev/null ;;\n"
		 "\t--proc-root)\n\t\t_lssock_from -d -- \"$cur\"\n"
		 "\t\tcompopt -o filenames 2>/dev/null ;;\n"
		 "\t--limit|--max|--rounds|--interval|--wait) ;;\n"
		 "\t*)\n\t\tif [[ $cur == -* ]]; then\n\t\t\t_lssock_from -W \"");
	bash_options(b);
	buf_puts(b, "\" -- \"$cur\"\n\t\telse\n"
		 "\t\t\t_lssock_from -S : -W \"$fields is has\" -- \"$cur\"\n"
		 "\t\t\tcompopt -o nospace 2>/dev/null\n"
		 "\t\t\t[[ $COMP_CWORD == 1 ]] && for key in ");
	put_words(b, help_commands(), " ");
	buf_puts(b, "; do\n\t\t\t\t[[ $key == \"$cur\"* ]] && COMPREPLY+=(\"$key \")\n"
		 "\t\t\tdone\n\t\tfi ;;\n\tesac\n}\ncomplete -F _lssock lssock\n");
}

/* Inside '…[…]' of a zsh specification. */
static void put_zsh(struct buf *b, const char *s)
{
	for (; *s; s++)
		if (*s == '\'')
			buf_puts(b, "'\\''");
		else if (strchr("[]:\\", *s))
			buf_printf(b, "\\%c", *s);
		else
			buf_putc(b, *s);
}

/* What completes the value of an option, as zsh says it. */
static void zsh_value(struct buf *b, const struct cli_option *o)
{
	buf_puts(b, o->arg[0] == '[' ? "::" : ":");
	put_zsh(b, o->arg[0] == '[' ? "seconds" : o->arg);
	buf_putc(b, ':');
	if (is_option(o, "format")) {
		buf_putc(b, '(');
		put_words(b, lssock_formats(), " ");
		buf_putc(b, ')');
	} else if (is_option(o, "color")) {
		buf_puts(b, "(auto always never)");
	} else if (is_option(o, "signal")) {
		buf_printf(b, "(%s)", signal_words);
	} else if (is_option(o, "from")) {
		buf_puts(b, "_files");
	} else if (is_option(o, "proc-root")) {
		buf_puts(b, "_files -/");
	} else if (is_option(o, "netns")) {
		buf_puts(b, "(all /run/netns/*(N\\:t))");
	} else if (is_option(o, "columns") || !strcmp(o->arg, "KEYS")) {
		buf_puts(b, "{compset -P \"*[,+-]\"; compadd -S \"\" -a columns}");
	} else if (is_option(o, "query") || is_option(o, "family")) {
		buf_puts(b, "{compset -P \"*,\"; compadd -S \"\" -a families}");
	}
}

static void zsh_option(struct buf *b, const struct cli_option *o, bool letter)
{
	buf_puts(b, "\t'");
	if (o->letter)
		buf_printf(b, "(-%c --%s)", o->letter, o->name);
	if (letter)
		buf_printf(b, "-%c%s[", o->letter, o->arg ? "+" : "");
	else
		buf_printf(b, "--%s%s[", o->name, !o->arg ? "" : o->arg[0] == '[' ? "=-" : "=");
	put_zsh(b, about(o));
	buf_putc(b, ']');
	if (o->arg)
		zsh_value(b, o);
	buf_puts(b, "' \\\n");
}

static void complete_zsh(struct buf *b)
{
	const struct cli_option *o;

	buf_puts(b, "#compdef lssock\n# zsh completion for lssock; generated\n"
		 "local -a columns fields families\ncolumns=(");
	put_fields(b, false, " ");
	buf_puts(b, ")\nfields=(");
	put_fields(b, true, " ");
	buf_printf(b, "$columns)\nfamilies=(%s)\n_arguments -s \\\n", family_words);
	for (o = cli_options; o->letter || o->name; o++) {
		if (!o->help)
			continue;
		if (o->letter)
			zsh_option(b, o, true);
		zsh_option(b, o, false);
	}
	buf_puts(b, "\t'1:command or filter:{compadd ");
	put_words(b, help_commands(), " ");
	buf_puts(b, "; compadd -S \\: -a fields}' \\\n"
		 "\t'*:filter:{compadd -S \\: -a fields; _files}'\n");
}

static void put_fish(struct buf *b, const char *s)
{
	for (; *s; s++)
		if (*s == '\'' || *s == '\\')
			buf_printf(b, "\\%c", *s);
		else
			buf_putc(b, *s);
}

static void fish_value(struct buf *b, const struct cli_option *o)
{
	if (!o->arg || o->arg[0] == '[')
		return;
	buf_puts(b, is_option(o, "from") || is_option(o, "proc-root") ? " -rF" : " -x");
	if (is_option(o, "format")) {
		buf_puts(b, " -a '");
		put_words(b, lssock_formats(), " ");
		buf_puts(b, "'");
	} else if (is_option(o, "color")) {
		buf_puts(b, " -a 'auto always never'");
	} else if (is_option(o, "signal")) {
		buf_printf(b, " -a '%s'", signal_words);
	} else if (is_option(o, "query") || is_option(o, "family")) {
		buf_printf(b, " -a '%s'", family_words);
	} else if (is_option(o, "netns")) {
		buf_puts(b, " -a '(echo all; command ls /run/netns 2>/dev/null)'");
	} else if (is_option(o, "columns") || !strcmp(o->arg, "KEYS")) {
		buf_puts(b, " -a '");
		put_fields(b, false, " ");
		buf_puts(b, "'");
	}
}

static void complete_fish(struct buf *b)
{
	const struct cli_option *o;

	buf_puts(b, "# fish completion for lssock; generated\ncomplete -c lssock -f\n");
	for (o = cli_options; o->letter || o->name; o++) {
		if (!o->help)
			continue;
		buf_puts(b, "complete -c lssock");
		if (o->letter)
			buf_printf(b, " -s %c", o->letter);
		buf_printf(b, " -l %s", o->name);
		fish_value(b, o);
		buf_puts(b, " -d '");
		put_fish(b, about(o));
		buf_puts(b, "'\n");
	}
	buf_puts(b, "complete -c lssock -n __fish_is_first_arg -a '");
	put_words(b, help_commands(), " ");
	buf_puts(b, "'\ncomplete -c lssock -n '__fish_seen_subcommand_from record diff' -F\n"
		 "complete -c lssock -a '");
	put_fields(b, true, ": ");
	put_fields(b, false, ": ");
	buf_puts(b, "'\n");
}

int help_generate(const char *what)
{
	static const struct { const char *name; void (*make)(struct buf *b); } makers[] = {
		{ "man-fields", man_fields }, { "man-options", man_options },
		{ "man-keys", man_keys }, { "man-checks", man_checks },
		{ "bash", complete_bash }, { "zsh", complete_zsh }, { "fish", complete_fish },
	};
	struct buf b = { 0 };
	size_t i;
	int r = EXIT_USAGE;

	for (i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
		if (!strcmp(makers[i].name, what)) {
			makers[i].make(&b);
			r = put_buf(&b);
		}
	if (r == EXIT_USAGE)
		say("--generate: man-fields, man-options, man-keys, man-checks, bash, zsh or "
		    "fish");
	buf_release(&b);
	return r;
}
