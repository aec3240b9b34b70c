#!/bin/sh
# SPDX-License-Identifier: MIT
# Policies over recordings: what the installed ones say, the policy of what was
# recorded, which finds nothing there, and how faults are shown.
. "$(dirname "$0")/../lib.sh"

policies=../../src/policies
shows audit --from live.tape --policy $policies/laptop.policy
ON=80 shows audit --from live.tape --policy $policies/web-server.policy
shows audit --from nobody.tape --policy $policies/web-server.policy
shows audit --from netns.tape --policy $policies/container-host.policy --json
shows audit --from unix.tape --policy-init
shows audit --from netns.tape --policy-init
shows audit --from procfs.tape --policy-init
shows audit --from live.tape --policy ../faulty.policy

cd "$top/fixtures/tapes" || exit 1
for tape in *.tape; do
	run audit --from "$tape" --policy-init
	case $rc in
	0 | 3) t_pass "$tape: a policy" ;;
	*) t_rc 0 "$tape: a policy" ;;
	esac
	cp "$T/out" "$T/policy"
	run audit --from "$tape" --policy "$T/policy" --csv
	t_is "$(sed 1d "$T/out")" "" "$tape: it finds nothing there"
	t_unlike "$(err)" 'policy:[0-9]' "$tape: and has no faults"
done
shown
