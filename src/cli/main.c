/* SPDX-License-Identifier: MIT */
/* The commands, the terminal as it is, and the exit status. */
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/num.h"
#include "cli/cli.h"

struct command {
	const char *name;
	int (*run)(struct cli *c);	/* NULL: not supported yet */
	const char *help;
};

static const struct command commands[] = {
	{ "netns", cmd_netns, "network namespaces, their interfaces and who they pair with" },
	{ "record", cmd_record, "record what the kernel said, to replay with --from" },
	{ "kill", cmd_kill, "signal the processes that hold sockets" },
	{ "close", cmd_close, "close sockets of others" },
	{ "events", cmd_events, "a line for each socket that opens, changes or closes" },
	{ "watch", cmd_watch, "the live view; with --batch a list per round" },
	{ "top", cmd_watch, NULL },
	{ "audit", cmd_audit, "judge what listens: by checks, a policy, a baseline" },
	{ "diff", cmd_diff, "what differs between two recordings, or one and now" },
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const char *const command_names[] = {
	"watch", "events", "netns", "record", "kill", "close", "audit", "diff", NULL
};

const char *const *help_commands(void)
{
	return command_names;
}

/* A closed stdin, stdout or stderr must not become a file of ours: what is
 * written there has to fail, not to land in it. */
static void hold_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static void look_at_terminal(struct cli *c)
{
	const char *env = getenv("COLUMNS"), *term = getenv("TERM");
	const char *plain = getenv("NO_COLOR");
	struct winsize ws;
	uint64_t n;

	c->utf8 = setlocale(LC_CTYPE, "") && !strcmp(nl_langinfo(CODESET), "UTF-8");
	c->tty = !c->output && isatty(STDOUT_FILENO);
	if (c->tty) {
		c->width = 80;
		if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col)
			c->width = ws.ws_col;
		else if (env && num_u64(env, strlen(env), 10000, &n) && n)
			c->width = (uint32_t)n;
	}
	c->use_color = c->color == COLOR_ALWAYS ||
		       (c->color == COLOR_AUTO && c->tty && !(plain && *plain) &&
			term && strcmp(term, "dumb"));
}

/* One operand that names a port or a socket file asks for its story (ruling 1). */
static bool is_story(const struct cli *c)
{
	const char *p = c->n_operands == 1 ? c->operands[0] : "";
	const char *slash = strchr(p, '/');
	size_t len = slash ? (size_t)(slash - p) : strlen(p);
	uint64_t n;

	if (c->search || c->filter.len || c->format || c->pids || c->summary || c->ask.group_by)
		return false;
	if (*p == '/')
		return p[1] != '\0';
	if (slash && strcmp(slash, "/tcp") && strcmp(slash, "/udp"))
		return false;
	return num_u64(p, len, 65535, &n) && n > 0;
}

static bool acts(const struct command *cmd)
{
	return cmd && (cmd->run == cmd_kill || cmd->run == cmd_close);
}

/* Whether there is one whole to be put into a file. */
static bool prints(const struct cli *c, const struct command *cmd)
{
	const struct cli_audit *a = &c->audit;
	bool saves_only = a->save && !a->policy_init && !a->policy && !a->baseline;

	return !c->quiet && !saves_only &&
	       (!cmd || cmd->run == cmd_netns || cmd->run == cmd_audit ||
		cmd->run == cmd_diff);
}

static int begin_output(const struct cli *c, const struct command *cmd)
{
	if (!c->output)
		return 0;
	if (prints(c, cmd))
		return put_into(c->output);
	say("--output is for a list, a story, netns, audit and diff, where they print "
	    "something");
	return EXIT_USAGE;
}

static int run(struct cli *c, const struct command *cmd)
{
	int r;

	if (c->help)
		return help_print();
	if (c->version)
		return help_version();
	if (c->generate)
		return help_generate(c->generate);
	look_at_terminal(c);
	if ((c->yes || c->max || c->signal || c->dry_run) && !acts(cmd)) {
		say("--yes, --max, --signal and --dry-run belong to `lssock kill FILTER' and "
		    "`lssock close FILTER'");
		return EXIT_USAGE;
	}
	if (c->live_set && (!cmd || cmd->run != cmd_watch)) {
		say("--theme, --speed, --ascii, --no-mouse and --no-config belong to "
		    "`lssock watch'");
		return EXIT_USAGE;
	}
	if (c->audit.set && (!cmd || cmd->run != cmd_audit)) {
		say("--checks, --policy, --policy-init, --save, --disable, --fail-on and "
		    "--allow-partial belong to `lssock audit'");
		return EXIT_USAGE;
	}
	if (c->audit.baseline && (!cmd || (cmd->run != cmd_audit && cmd->run != cmd_watch))) {
		say("--baseline belongs to `lssock audit' and `lssock watch'");
		return EXIT_USAGE;
	}
	if (cmd) {
		r = begin_output(c, cmd);
		return r ? r : cmd->run(c);
	}
	if (c->interval_us || c->rounds || c->open.anon || c->batch) {
		say("--interval, --rounds, --batch and --anon belong to `lssock record', "
		    "`events' or `watch'");
		return EXIT_USAGE;
	}
	if (c->columns.len && !strcmp(buf_cstr(&c->columns), "help"))
		return help_columns(c);
	r = begin_output(c, NULL);
	if (!r)
		r = is_story(c) ? cmd_story(c) : cmd_list(c);
	return r;
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < N_COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

int main(int argc, char **argv)
{
	struct cli c = {
		.open = { .size = sizeof(c.open) },
		.ask = { .size = sizeof(c.ask) },
	};
	const struct command *cmd = argc > 1 ? find_command(argv[1]) : NULL;
	int first = argc == 0 ? 0 : cmd ? 2 : 1, r;

	hold_standard_fds();
	if (cmd && !cmd->run) {
		say("`lssock %s' is not supported yet (to search for the word: lssock -- %s)",
		    cmd->name, cmd->name);
		return EXIT_USAGE;
	}
	r = args_parse(&c, argc - first, argv + first);
	if (r == 0)
		r = run(&c, cmd);
	args_release(&c);
	put_done(r != EXIT_USAGE && r != EXIT_FAILED);
	/* Usage and findings stand; an answer that did not arrive does not. */
	if (put_error() && r != EXIT_USAGE)
		r = EXIT_FAILED;
	return r;
}
