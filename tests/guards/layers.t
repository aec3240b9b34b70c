#!/bin/sh
# SPDX-License-Identifier: MIT
# A folder includes only what is below it, and the world is reached in one
# place each: read off the #include lines and the calls.
# shellcheck disable=SC2016
. "$(dirname "$0")/../lib.sh"
cd "$top" || exit 1

# The folder, and what it may include.
bad=$(awk '
BEGIN {
	allow["base"] = "base"
	allow["model"] = "base model lssock.h"
	allow["wire"] = "base model wire lssock.h"
	allow["source"] = "base model wire source lssock.h"
	allow["query"] = "base model wire query lssock.h"
	allow["engine"] = "base model wire source query engine lssock.h"
	allow["out"] = "base model query out lssock.h"
	allow["audit"] = "base model query audit lssock.h"
	allow["cli"] = "base cli lssock.h"	# and what follows
	enter["live/live.h"] = enter["live/config.h"] = "cli"
	allow["live"] = "base live lssock.h"
}
/^[ \t]*#[ \t]*include[ \t]*["<]/ {
	split(FILENAME, path, "/")
	folder = path[2]
	what = $0
	sub(/^[^"<]*["<]/, "", what)
	sub(/[">].*/, "", what)
	top = what
	sub(/\/.*/, "", top)
	if (what in enter && enter[what] == folder)
		next
	ours = (top in allow) || what == "lssock.h"
	if (!(folder in allow))
		print FILENAME ": an unknown folder"
	else if (!ours && $0 ~ /"/)
		print FILENAME ": includes \"" what "\", which has no folder"
	else if (ours && index(" " allow[folder] " ", " " top " ") == 0)
		print FILENAME ": " folder "/ may not include " what
}' src/*/*.c src/*/*.h)
t_is "$bad" "" "folders include only what is below them"

$python tests/bare.py src/*/*.c src/*/*.h >"$T/code"
# only TEXT REGEX FILE…: the regex is in no other file under src.
only()
{
	text=$1 regex=$2
	shift 2
	found=$(grep -E "^[^:]*:[0-9]+:.*($regex)" "$T/code" |
		grep -vE "^($(echo "$*" | tr ' ' '|')):")
	t_is "$found" "" "$text"
}
call() { echo "[^a-z_A-Z0-9>.]$1[ ]*\\("; }

only "libmnl is in wire/ and source/" '#include <libmnl/' 'src/wire/.*' 'src/source/.*'
only "threads are in base/pool.c, source/visit.c and live/feed.c" '#include <pthread.h>' \
	src/base/pool.c src/source/visit.c src/live/feed.c
only "curses is in live/term.c" '#include <(ncursesw/)?(n?curses|term)[.]h>' src/live/term.c
only "setns is in source/visit.c" "$(call '(setns|unshare)')" src/source/visit.c
only "getenv is in cli/" "$(call '(secure_)?getenv')" 'src/cli/.*'
only "exit is in cli/" "$(call '(_?exit|abort|_Exit|err|errx|warnx?|perror)')" 'src/cli/.*'
only "stdout and stderr are in cli/, and the terminal's files" '[^a-z_A-Z0-9](stdout|stderr|STDOUT_FILENO|STDERR_FILENO)([^a-z_A-Z0-9]|$)' \
	'src/cli/.*' src/live/term.c src/live/restore.c
only "nothing prints by stdio outside cli/" "$(call '(printf|puts|putchar|fprintf|fputs|vprintf|vfprintf|dprintf)')" \
	'src/cli/.*'
only "nothing is signalled by pid, or traced" \
	"$(call '(kill|tgkill|tkill|ptrace|sigqueue)')|SYS_(kill|tgkill|tkill|rt_.*sigqueueinfo)" none
only "nothing is signalled by pidfd but in engine/act.c" 'pidfd_send_signal' src/engine/act.c
only "what destroys sockets is made in wire/diag.c" 'SOCK_DESTROY' src/wire/diag.c
only "and asked for in engine/act.c" "$(call 'diag_destroy')" src/engine/act.c src/wire/diag.[ch]
only "what changes something is sent from there" '(->|\.)act\(' src/engine/act.c src/source/tee.c
only "nothing is run" "$(call '(system|popen|fork|vfork|exec[lv]p?e?|posix_spawnp?|dlopen)')" none
only "no connections are made" "$(call '(connect|sendto|getaddrinfo|getnameinfo)')" \
	src/source/nlsock.c 'src/cli/.*' src/query/resolve.c src/source/nss.c
t_done
