#!/bin/sh
# SPDX-License-Identifier: MIT
# `make install` and `make uninstall` in a scratch directory, from what is built.
. "$(dirname "$0")/../lib.sh"
# Of a make that runs these tests nothing is inherited.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
dest=$T/dest

# Never builds (-o all): other tests run from $B.
make_it="make -s -C $top -o all B=$B DESTDIR=$dest PREFIX=/usr"
files() { (cd "$dest" && find . ! -type d | sort); }

# shellcheck disable=SC2086
t_ok "make install" $make_it install
t_is "$(files)" "./usr/bin/lssock
./usr/include/lssock.h
./usr/lib/liblssock.so
./usr/lib/liblssock.so.0
./usr/lib/pkgconfig/lssock.pc
./usr/lib/systemd/system/lssock-audit.service
./usr/lib/systemd/system/lssock-audit.timer
./usr/share/bash-completion/completions/lssock
./usr/share/fish/vendor_completions.d/lssock.fish
./usr/share/lssock/lssock-alerts.yml
./usr/share/lssock/policies/container-host.policy
./usr/share/lssock/policies/laptop.policy
./usr/share/lssock/policies/web-server.policy
./usr/share/man/man1/lssock-audit.1
./usr/share/man/man1/lssock.1
./usr/share/man/man3/liblssock.3
./usr/share/man/man5/lssock-config.5
./usr/share/man/man5/lssock-policy.5
./usr/share/man/man7/lssock-fields.7
./usr/share/man/man7/lssock-filter.7
./usr/share/zsh/site-functions/_lssock" "it installs these files"
t_is "$(cd "$dest" && find . -type f ! -perm 644 ! -path ./usr/bin/lssock)" "" \
	"readable by all, writable by root"
t_is "$(cd "$dest" && find . -type f -size 0)" "" "none is empty"
t_is "$(stat -c %a "$dest/usr/bin/lssock")" 755 "the program is not setuid"

LSSOCK=$dest/usr/bin/lssock
run --version
t_rc 0 "the installed program runs"
version=$(sed -n 's/^lssock //p' "$T/out")
t_like "$version" '^[0-9]+\.[0-9]+\.[0-9]+$' "and says its version"
for page in man1/lssock.1 man7/lssock-filter.7 man7/lssock-fields.7 man3/liblssock.3 \
	man5/lssock-config.5 man5/lssock-policy.5; do
	t_like "$(head -3 "$dest/usr/share/man/$page")" "^\\.TH .*lssock $version" "$page is of that version"
	t_is "$(grep -E '@[A-Z]+@' "$dest/usr/share/man/$page")" "" "$page is filled in"
done
if command -v pkg-config >/dev/null; then
	pc() { PKG_CONFIG_LIBDIR=$dest/usr/lib/pkgconfig pkg-config "$@"; }
	t_is "$(pc --modversion lssock)" "$version" "so is lssock.pc"
	t_is "$(pc --variable=prefix lssock)" /usr "lssock.pc knows the prefix, not DESTDIR"
else
	skip "lssock.pc" "no pkg-config"
fi
t_is "$(nm -D --defined-only "$dest/usr/lib/liblssock.so.0" | awk '{ print $NF }' | grep -v '^lssock_')" \
	"" "the library exports nothing but lssock_*"

# shellcheck disable=SC2086
t_ok "make uninstall" $make_it uninstall
t_is "$(files)" "" "it leaves no file"
t_done
