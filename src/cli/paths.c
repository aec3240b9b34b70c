/* SPDX-License-Identifier: MIT */
/* Where the live view's files are, by the XDG Base Directory Specification; under sudo
 * the caller's configuration, and no state. */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "cli/cli.h"
#include "live/live.h"

/* Relative paths are to be ignored, says the specification. */
static const char *absolute(const char *name)
{
	const char *path = secure_getenv(name);

	return path && *path == '/' ? path : NULL;
}

static char *join(const char *dir, const char *rest)
{
	struct buf b = { 0 };

	if (!dir)
		return NULL;
	buf_puts(&b, dir);
	buf_puts(&b, rest);
	buf_cstr(&b);
	if (!b.failed)
		return b.data;
	buf_release(&b);
	return NULL;
}

/* No NSS: it may ask the network. */
static char *home_of(uint32_t uid)
{
	FILE *f = fopen("/etc/passwd", "re");
	struct passwd *p;
	char *home = NULL;

	while (f && !home && (p = fgetpwent(f)))
		if (p->pw_uid == uid && p->pw_dir && *p->pw_dir == '/')
			home = join(p->pw_dir, "");
	if (f)
		fclose(f);
	return home;
}

/* One that is there: what a service or a container has for a home may not be, and is
 * not made. */
static bool is_directory(const char *path)
{
	struct stat st;

	return path && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static char *find(const char *variable, const char *home, const char *below, const char *file)
{
	const char *dir = absolute(variable);
	char *top, *path;

	if (dir)
		return join(dir, file);
	top = is_directory(home) ? join(home, below) : NULL;
	path = join(top, file);
	mem_free(top);
	return path;
}

/* The caller of sudo; false: there is none. */
static bool find_caller(uint32_t *ret_uid)
{
	const char *text = geteuid() == 0 ? secure_getenv("SUDO_UID") : NULL;
	uint64_t uid;

	if (!text)
		return false;
	/* Nobody's files are read for somebody who is not known. */
	if (!num_u64(text, strlen(text), UINT32_MAX - 1, &uid))
		uid = UINT32_MAX;
	*ret_uid = (uint32_t)uid;
	return *ret_uid != 0;
}

void paths_find(struct config_paths *ret)
{
	uint32_t uid = geteuid();
	bool sudo = find_caller(&uid);
	char *home = sudo ? home_of(uid) : join(absolute("HOME"), "");

	*ret = (struct config_paths){
		.config = find("XDG_CONFIG_HOME", home, "/.config", "/lssock/config"),
		.state = sudo ? NULL :
			 find("XDG_STATE_HOME", home, "/.local/state", "/lssock/live"),
		.uid = uid, .write_state = !sudo,
	};
	mem_free(home);
}

void paths_release(struct config_paths *p)
{
	mem_free(p->config);
	mem_free(p->state);
	*p = (struct config_paths){ 0 };
}
