/* SPDX-License-Identifier: MIT */
/*
 * Scenes for tests: makes the sockets it is told to, one after the other, and
 * prints the truth about each as a line of key=value words; then "ready". A
 * line on stdin is one more thing to make, answered by "ready" again; at the
 * end of stdin all children are killed and it exits. It knows nothing of lssock.
 *
 *	scene tcp-listen='[::]:0' [ comm=client tcp-connect=127.0.0.1 ] accept
 *
 * @FILE instead: the words are its lines; what follows is room for argv0=.
 * [ … ] is a child of its own that drops what it inherited, [+ … ] one that
 * keeps it. Bytes of names may be \xNN. A thing this kernel does not have (or
 * does not permit) prints "unsupported THING ERRNO" and is left out.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scene.h"

#define MAX_WORDS 1024

static bool is_unsupported(int err)
{
	switch (err) {
	case EAFNOSUPPORT: case EPROTONOSUPPORT: case ESOCKTNOSUPPORT: case ENOSYS:
	case EPERM: case EACCES: case ENOPROTOOPT: case EOPNOTSUPP: case ENODEV:
		return true;
	}
	return false;
}

static const struct thing *find(const char *name)
{
	const struct thing *const tables[] = { things_inet, things_local, things_hold };

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct thing *t = tables[i]; t->name; t++)
			if (!strcmp(t->name, name))
				return t;
	return NULL;
}

static void make(struct scene *s, char *word)
{
	const struct thing *t;
	char *arg = strchr(word, '=');
	int r = -ENOENT;

	if (arg)
		*arg++ = 0;
	s->what = word;
	t = find(word);
	if (t)
		r = t->make(s, arg);
	if (r >= 0)
		return;
	if (is_unsupported(-r)) {
		dprintf(1, "unsupported %s %s\n", word, strerrorname_np(-r));
		return;
	}
	fprintf(stderr, "scene: %s: %s\n", word, r == -ENOENT ? "no such thing or file" :
		strerror(-r));
	exit(1);
}

static char **make_all(struct scene *s, char **words, bool inner);

/* Returns the word after the "]" of this "[". */
static char **make_child(struct scene *s, char **words, bool inherit)
{
	int ends[2], depth = 1;
	pid_t pid = pipe2(ends, O_CLOEXEC) ? -errno : child(s);

	if (pid == 0) {
		if (!inherit)
			while (s->n_fds)
				close(s->fds[--s->n_fds]);
		make_all(s, words, true);
		if (write(ends[1], "", 1) == 1)
			rest();
		_exit(1);
	}
	close(ends[1]);
	if (pid < 0 || child_done(ends[0])) {
		fprintf(stderr, "scene: a child failed\n");
		exit(1);
	}
	for (; *words && depth; words++)
		depth += (words[0][0] == '[') - !strcmp(words[0], "]");
	return words;
}

static char **make_all(struct scene *s, char **words, bool inner)
{
	while (*words) {
		char *word = *words++;

		if (!strcmp(word, "[") || !strcmp(word, "[+"))
			words = make_child(s, words, word[1] == '+');
		else if (inner && !strcmp(word, "]"))
			break;
		else
			make(s, word);
	}
	return words;
}

static void raise_limits(void)
{
	struct rlimit r;

	if (!getrlimit(RLIMIT_NOFILE, &r)) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

/* The lines of a file, NULL-terminated, or NULL. */
static char **read_words(const char *name)
{
	FILE *f = fopen(name, "re");
	char **words = calloc(MAX_WORDS + 1, sizeof(*words)), line[4096];
	size_t n = 0;

	while (f && words && n < MAX_WORDS && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		words[n++] = strdup(line);
	}
	return f ? words : NULL;
}

static char **copy_words(char **argv, int argc)
{
	char **words = calloc((size_t)argc + 1, sizeof(*words));

	for (int i = 0; words && i < argc; i++)
		words[i] = strdup(argv[i]);
	return words;
}

int main(int argc, char **argv)
{
	struct scene *s = calloc(1, sizeof(*s));
	bool from_file = argc > 1 && argv[1][0] == '@';
	char **words = from_file ? read_words(argv[1] + 1) : copy_words(argv + 1, argc - 1);
	char line[4096];

	if (!s || !words)
		return 1;
	s->last = mmap(NULL, sizeof(*s->last), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s->last == MAP_FAILED)
		return 1;
	s->args = argv[0];
	s->args_len = (size_t)(argv[argc - 1] + strlen(argv[argc - 1]) + 1 - argv[0]);
	raise_limits();
	signal(SIGPIPE, SIG_IGN);
	make_all(s, words, false);
	dprintf(1, "ready\n");
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		make(s, line);
		dprintf(1, "ready\n");
	}
	for (int i = 0; i < s->n_children; i++)
		kill(s->children[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	return 0;
}
