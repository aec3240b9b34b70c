/* SPDX-License-Identifier: MIT */
/* Texts made from the tables: --help, lssock-fields(7), shell completions. A
 * name that is in no table is in none of them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

#define HELP_WIDTH 79
#define HELP_INDENT 9

/* Appends an item to a paragraph that wraps. */
static void wrap(struct buf *b, size_t *column, const char *item)
{
	size_t n = strlen(item);

	if (*column + 2 + n > HELP_WIDTH) {
		buf_putc(b, '\n');
		buf_fill(b, ' ', HELP_INDENT);
		*column = HELP_INDENT;
	} else if (*column > HELP_INDENT) {
		buf_puts(b, "; ");
		*column += 2;
	}
	buf_puts(b, item);
	*column += n;
}

static void option_item(char *item, size_t size, const struct cli_option *o)
{
	const char *arg = o->arg ? o->arg : "";
	const char *blank = !o->arg || o->arg[0] == '[' ? "" : " ";

	if (o->letter)
		snprintf(item, size, "-%c%s%s %s", o->letter, blank, arg, o->help);
	else
		snprintf(item, size, "--%s%s%s %s", o->name, blank, arg, o->help);
}

static void help_options(struct buf *b)
{
	const char *group = NULL;
	const struct cli_option *o;
	size_t column = 0;
	char item[160];

	for (o = cli_options; o->letter || o->name; o++) {
		if (!o->help)
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

	buf_puts(&b, "lssock [OPTIONS] [FILTER]      which process owns which socket\n"
		 "lssock PORT                    the story of one port\n"
		 "lssock netns                   network namespaces and how they connect\n"
		 "lssock record FILE             record, to replay with --from FILE\n");
	help_options(&b);
	buf_puts(&b, "\nFilter   word  :22  10.0.0.0/8  proc:sshd  state:listen,estab  rtt>100ms\n"
		 "         user!=root  is:unowned  has:container  not (a or b)  dport = :443\n"
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

	if (r < 0) {
		say("%s", strerror(-r));
		return EXIT_FAILED;
	}
	r = answer_render(c, sheet);
	lssock_sheet_free(sheet);
	return r;
}

/* ---- generated documents -------------------------------------------------------- */

static void put_roff(struct buf *b, const char *s)
{
	if (*s == '.' || *s == '\'')
		buf_puts(b, "\\&");
	for (; *s; s++) {
		if (*s == '\\')
			buf_puts(b, "\\e");
		else if (*s == '-')
			buf_puts(b, "\\-");
		else
			buf_putc(b, *s);
	}
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
			buf_puts(b, ".SS ");
			put_roff(b, group);
			buf_putc(b, '\n');
		}
		buf_puts(b, ".TP\n.B ");
		put_roff(b, f.name);
		buf_puts(b, "\n");
		put_roff(b, f.help);
		buf_puts(b, "\n(");
		put_roff(b, f.type);
		if (unit_words(f.unit)) {
			buf_puts(b, ", ");
			put_roff(b, unit_words(f.unit));
		}
		buf_puts(b, f.both_ends ? "; filter only" : "");
		buf_puts(b, ")\n");
	}
}

static void man_options(struct buf *b)
{
	const struct cli_option *o;

	for (o = cli_options; o->letter || o->name; o++) {
		if (!o->help)
			continue;
		buf_puts(b, ".TP\n.BR ");
		if (o->letter)
			buf_printf(b, "\\-%c%s", o->letter, o->name ? " \", \" " : "");
		if (o->name) {
			buf_puts(b, "\\-\\-");
			put_roff(b, o->name);
		}
		if (o->arg) {
			buf_puts(b, o->arg[0] == '[' ? " " : " \" \" ");
			buf_puts(b, "\"\\fI");
			put_roff(b, o->arg);
			buf_puts(b, "\\fP\"");
		}
		buf_putc(b, '\n');
		put_roff(b, o->help);
		buf_putc(b, '\n');
	}
}

static void put_fields(struct buf *b, const char *between, const char *after)
{
	uint32_t i;

	for (i = 0; i < lssock_fields(); i++) {
		struct lssock_field_info f;

		if (lssock_field_info(i, &f) < 0)
			continue;
		buf_puts(b, i ? between : "");
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

static void complete_bash(struct buf *b)
{
	const struct cli_option *o;

	buf_puts(b, "# bash completion for lssock; generated\n_lssock()\n{\n"
		 "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
		 "\tlocal fields=\"");
	put_fields(b, " ", "");
	buf_puts(b, "\"\n\tcase $prev in\n\t--format) COMPREPLY=($(compgen -W \"");
	put_words(b, lssock_formats(), " ");
	buf_puts(b, "\" -- \"$cur\")); return ;;\n"
		 "\t--color) COMPREPLY=($(compgen -W \"auto always never\" -- \"$cur\")); return ;;\n"
		 "\t-C|--columns|--sort|--group-by)\n"
		 "\t\tlocal head=${cur%\"${cur##*[,+-]}\"}\n"
		 "\t\tCOMPREPLY=($(compgen -P \"$head\" -W \"$fields\" -- \"${cur##*[,+-]}\"))\n"
		 "\t\tcompopt -o nospace; return ;;\n"
		 "\t--from|record) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n"
		 "\t--proc-root) COMPREPLY=($(compgen -d -- \"$cur\")); return ;;\n\tesac\n"
		 "\tif [[ $cur == -* ]]; then\n\t\tCOMPREPLY=($(compgen -W \"");
	for (o = cli_options; o->letter || o->name; o++) {
		if (!o->help)
			continue;
		if (o->name)
			buf_printf(b, "--%s ", o->name);
		if (o->letter)
			buf_printf(b, "-%c ", o->letter);
	}
	buf_puts(b, "\" -- \"$cur\"))\n\telse\n\t\tCOMPREPLY=($(compgen -S : -W \"$fields is has\" -- \"$cur\")");
	buf_puts(b, ")\n\t\t[[ $COMP_CWORD == 1 ]] && COMPREPLY+=($(compgen -W \"");
	put_words(b, help_commands(), " ");
	buf_puts(b, "\" -- \"$cur\"))\n\t\tcompopt -o nospace\n\tfi\n}\ncomplete -F _lssock lssock\n");
}

static void put_quoted(struct buf *b, const char *s)
{
	for (; *s; s++)
		if (*s == '\'')
			buf_puts(b, "'\\''");
		else if (*s == '[' || *s == ']' || *s == ':')
			buf_printf(b, "\\%c", *s);
		else
			buf_putc(b, *s);
}

static void complete_zsh(struct buf *b)
{
	const struct cli_option *o;

	buf_puts(b, "#compdef lssock\n# zsh completion for lssock; generated\n"
		 "local -a fields\nfields=(");
	put_fields(b, " ", "");
	buf_puts(b, ")\n_arguments -s \\\n");
	for (o = cli_options; o->letter || o->name; o++) {
		const char *names[2] = { NULL, NULL };
		char letter[3] = { '-', o->letter, 0 }, name[40];
		int k;

		if (!o->help)
			continue;
		snprintf(name, sizeof(name), "--%s", o->name ? o->name : "");
		names[0] = o->letter ? letter : NULL;
		names[1] = o->name ? name : NULL;
		for (k = 0; k < 2; k++) {
			if (!names[k])
				continue;
			buf_printf(b, "\t'%s[", names[k]);
			put_quoted(b, o->help);
			buf_puts(b, "]");
			if (o->name && !strcmp(o->name, "format")) {
				buf_puts(b, ":format:(");
				put_words(b, lssock_formats(), " ");
				buf_putc(b, ')');
			} else if (o->name && (!strcmp(o->name, "from") || !strcmp(o->name, "proc-root"))) {
				buf_puts(b, ":file:_files");
			} else if (o->arg && (!strcmp(o->arg, "KEYS") || !strcmp(o->name, "columns"))) {
				buf_puts(b, ":fields:_values -s , field $fields");
			} else if (o->arg && o->arg[0] != '[') {
				buf_puts(b, ":");
				put_quoted(b, o->arg);
				buf_puts(b, ":");
			}
			buf_puts(b, "' \\\n");
		}
	}
	buf_puts(b, "\t'1:command or filter:(");
	put_words(b, help_commands(), " ");
	buf_puts(b, ")' \\\n\t'*:filter:_files'\n");
}

static void complete_fish(struct buf *b)
{
	const struct cli_option *o;
	uint32_t i;

	buf_puts(b, "# fish completion for lssock; generated\n");
	for (o = cli_options; o->letter || o->name; o++) {
		if (!o->help)
			continue;
		buf_puts(b, "complete -c lssock -f");
		if (o->letter)
			buf_printf(b, " -s %c", o->letter);
		if (o->name)
			buf_printf(b, " -l %s", o->name);
		if (o->arg && o->arg[0] != '[')
			buf_puts(b, " -r");
		if (o->name && !strcmp(o->name, "format")) {
			buf_puts(b, " -a '");
			put_words(b, lssock_formats(), " ");
			buf_puts(b, "'");
		}
		buf_printf(b, " -d '%s'\n", o->help);
	}
	buf_puts(b, "complete -c lssock -f -n __fish_is_first_arg -a '");
	put_words(b, help_commands(), " ");
	buf_puts(b, "'\n");
	for (i = 0; i < lssock_fields(); i++) {
		struct lssock_field_info f;

		if (lssock_field_info(i, &f) == 0)
			buf_printf(b, "complete -c lssock -f -a '%s:'\n", f.name);
	}
}

int help_generate(const char *what)
{
	static const struct { const char *name; void (*make)(struct buf *b); } makers[] = {
		{ "man-fields", man_fields }, { "man-options", man_options },
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
		say("--generate: man-fields, man-options, bash, zsh or fish");
	buf_release(&b);
	return r;
}
