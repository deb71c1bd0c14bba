#!/bin/sh
# tools/chromium.sh: sees to it that the browser tests find a Chromium.
#
# In CI it is installed through the system's packages, where we may; on a person's machine it is not
# our business to do so. Without it the browser tests are skipped.
set -eu
cd "$(dirname "$0")/.."

for name in chromium chromium-browser; do
    if command -v "$name" >/dev/null; then exit; fi
done

log=build/chromium.log
if [ -n "${CI:-}" ] && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    mkdir -p build
    echo 'setup: installing chromium'
    export DEBIAN_FRONTEND=noninteractive
    if {
        apt-get update
        apt-get install --yes --no-install-recommends chromium fonts-dejavu-core
    } >"$log" 2>&1; then exit; fi
    tail -n 5 "$log" >&2
fi
echo 'setup: no chromium: browser tests will be skipped (Debian: apt-get install chromium)'
