# SPDX-License-Identifier: MIT
# The filter language by examples: text | canonical form, or column and message
# of the error (fixtures/filter/*.t). Pure: nothing is asked of the kernel.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
exec "$B/tests/unit/filter" fixtures/filter/*.t
