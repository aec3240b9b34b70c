#!/bin/sh
# SPDX-License-Identifier: MIT
# Every header compiles alone, the public one also as C++ and as plain C99.
. "$(dirname "$0")/../lib.sh"
cd "$top" || exit 1
CC=${CC:-gcc}

for h in include/lssock.h src/*/*.h; do
	t_ok "$h alone" "$CC" -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -Iinclude -Isrc \
		-fsyntax-only -x c "$h"
done
t_ok "lssock.h in C99" "$CC" -std=c99 -pedantic -Wall -Werror -fsyntax-only -x c include/lssock.h
if command -v g++ >/dev/null; then
	t_ok "lssock.h in C++" g++ -std=c++11 -Wall -Werror -fsyntax-only -x c++ include/lssock.h
else
	skip "lssock.h in C++" "no g++"
fi
t_done
