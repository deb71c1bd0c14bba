#!/bin/sh
# tools/front_end.sh: checks the TypeScript: lint, types, vitest, and that the committed bundle is
# what these sources give, byte for byte.
#
# Nothing is done where nothing has changed since the last success. Without node there is one line
# and no failure: installing and using jupyter_sdt needs none. What the tools say goes to
# build/front_end.log.
set -eu
cd "$(dirname "$0")/.."

log=build/front_end.log
stamp=build/front_end.checked
bundle=build/labextension.committed
PATH="$PWD/.venv/bin:$PATH" # jupyter-builder

say() { echo "front end: $1"; }

fail() {
    say "$1; see $log" >&2
    # In CI nobody can open the log afterwards.
    if [ -n "${CI:-}" ]; then tail -n 60 "$log" >&2; fi
    exit 1
}

node_is_new_enough() {
    node -e 'const [a, b] = process.versions.node.split(".");
        process.exit(a > 22 || (a == 22 && b >= 12) || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

# Of everything that decides how the checks come out.
fingerprint() {
    find src style schema labextension ./*.json ./*.js ./*.mjs -type f -exec cksum {} + |
        sort -k 3 | cksum
}

packages() {
    if [ node_modules/.package-lock.json -nt package-lock.json ]; then return; fi
    say 'installing npm packages (once for each content of package-lock.json)'
    if npm ci --no-audit --no-fund >>"$log" 2>&1; then return; fi
    if [ -n "${CI:-}" ]; then fail 'npm ci failed'; fi
    say "not checked: npm ci failed, see $log"
    exit 0
}

check() {
    say "$1"
    shift
    "$@" >>"$log" 2>&1 || fail "$* failed"
}

same_bundle() {
    rm -rf "$bundle"
    cp -R labextension "$bundle"
    check 'building labextension/' npm run build
    diff -r "$bundle" labextension >>"$log" 2>&1 ||
        fail 'labextension/ was not what these sources give; it is now: commit it'
}

if ! node_is_new_enough || ! command -v npm >/dev/null; then
    say 'not checked: it takes node 20.19 or newer, with npm'
    exit
fi
if [ "$(fingerprint)" = "$(cat "$stamp" 2>/dev/null)" ]; then exit; fi
mkdir -p build
: >"$log"
packages
check 'eslint, types, prettier' npm run lint
check 'vitest' npm test
same_bundle
fingerprint >"$stamp"
