#!/bin/sh
# SPDX-License-Identifier: MIT
# Functions that invite mistakes, descriptors that would leak into children.
# Comments and strings are taken out first.
# shellcheck disable=SC2016
. "$(dirname "$0")/../lib.sh"
cd "$top" || exit 1

$python tests/bare.py src/*/*.c src/*/*.h include/*.h >"$T/code"

# none TEXT REGEX [EXCEPT]
none()
{
	found=$(grep -E ":[0-9]+:.*$2" "$T/code" | grep -vE "${3:-^$}")
	t_is "$found" "" "$1"
}
call() { echo "(^|[^a-zA-Z0-9_>.])$1[ ]*\\("; }

none "no unbounded copies" "$(call '(strcpy|strcat|sprintf|vsprintf|strncpy|strncat|gets|stpcpy|wcscpy)')"
none "no strtok, atoi and kin" "$(call '(strtok|strtok_r|atoi|atol|atoll|atof|gmtime|localtime|ctime|asctime|rand|srand|tmpnam|mktemp)')"
none "no scanf" "$(call '[vf]?s?scanf')"
none "no alloca, no variable arrays by it" "$(call '__?builtin_alloca|alloca')"
none "memory is had from base/buf" "$(call '(malloc|calloc|realloc|reallocarray|free|strdup|strndup|asprintf|vasprintf|getline|getdelim)')" \
	'^src/base/buf\.c:|^src/cli/'
none "no static buffers of libc" "$(call '(inet_ntoa|getpwuid|getpwnam|getgrgid|getservbyport|getservbyname|gethostbyname|ttyname|basename|dirname)')" \
	'^src/cli/'
none "open closes on exec" "$(call '(openat|open|openat2)').*" 'O_CLOEXEC|^src/cli/main\.c:'
none "sockets close on exec" "$(call '(socket|socketpair|accept4|mnl_socket_open2)').*" 'SOCK_CLOEXEC'
none "and nothing that cannot" "$(call '(pipe|accept|dup|dup2|creat|fopen64|epoll_create|inotify_init|mnl_socket_open|eventfd)')" \
	'EFD_CLOEXEC|^src/cli/'
none "no stdio files" "$(call '(fopen|fdopen|freopen|popen)')" '^src/cli/'
none "no signals but in cli/, live/restore.c, and where threads begin" "$(call '(signal|sigaction|sigprocmask|pthread_sigmask|alarm|setitimer)')" '^src/cli/|^src/base/pool.c|^src/source/visit.c|^src/live/restore\.c:|^src/live/feed\.c:'
none "privileges are cli's" "$(call '(setuid|setgid|setresuid|setresgid|setgroups|prctl|capset|chdir|umask)')" '^src/cli/'
none "no locale" "$(call '(setlocale|localeconv|mbtowc|isprint|isalpha|isspace|toupper|tolower)')" '^src/cli/'
# Curses lays lines out by the widths of the C library, so term.c has to ask for them.
none "no widths of the locale" "$(call 'wcwidth')" '^src/live/term\.c:'
none "no more than one way out by goto" 'goto [a-z_]+;' 'goto (out|again|retry);'
t_done
