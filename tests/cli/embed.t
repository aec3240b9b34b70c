#!/bin/sh
# SPDX-License-Identifier: MIT
# The example of README.md, compiled as its reader would: the library installed,
# found by pkg-config. It lists who listens.
. "$(dirname "$0")/../lib.sh"
in_ns
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
CC=${CC:-cc}
command -v pkg-config >/dev/null || skip_all "no pkg-config"

# shellcheck disable=SC2016
sed -n '/^```c$/,/^```$/p' "$top/README.md" | sed '/^```/d' >"$T/example.c"
t_ok "README.md has an example" grep -q 'include <lssock.h>' "$T/example.c"
t_ok "of at most 50 lines" test "$(wc -l <"$T/example.c")" -le 50
t_ok "the library is installed" make -s -C "$top" -o all B="$B" DESTDIR="$T/dest" PREFIX=/opt/lssock install
PKG_CONFIG_PATH=$T/dest/opt/lssock/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$T/dest
LD_LIBRARY_PATH=$T/dest/opt/lssock/lib
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR LD_LIBRARY_PATH
instrument=
sanitized && instrument="-fsanitize=address,undefined"
# shellcheck disable=SC2046,SC2086
t_ok "the example compiles without a warning" $CC -std=c99 -Wall -Wextra -Werror $instrument \
	-o "$T/example" "$T/example.c" $(pkg-config --cflags --libs lssock)

scene_start 'comm=b\x0a\x1b\x5c' 'tcp-listen=[::]:0' tcp-listen=127.0.0.1:0 forked=2 udp=127.0.0.1:7353 \
	tcp-conn
t_ok "it runs" "$T/example"
"$T/example" >"$T/out" 2>"$T/err"
t_is "$(err)" "" "without a message"
t_is "$(awk '/^  / { sub(/.*\[/, ""); gsub(/[^0-9]+/, " "); print end, $1, $2; next } { end = $0 }' \
	"$T/out" | sort)" "$({
	for pid in $(fact tcp-listen listener pid) $(fact forked twin pid); do
		echo "*:$(fact tcp-listen listener lport) $pid $(fact tcp-listen listener fd)"
		echo "127.0.0.1:$(fact tcp-listen listener lport 2) $pid $(fact tcp-listen listener fd 2)"
	done
	echo "127.0.0.1:$(fact udp bound lport) $(fact udp bound pid) $(fact udp bound fd)"
} | sort)" "it prints each listener and each owner of it, nothing else"
t_is "$(grep -o '^  .*\[' "$T/out" | sort -u)" '  b\x0a\x1b\\[' "names are printed safely"
scene_stop
t_done
