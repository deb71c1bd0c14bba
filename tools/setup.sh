#!/bin/sh
# tools/setup.sh demo|test: makes .venv with this project and one of its extras.
#
# Runs once for each content of pyproject.toml: the stamp file holds its checksum. PYTHON and TORCH
# choose the interpreter and the torch. One line per step; what pip says goes to build/setup.log.
set -eu
cd "$(dirname "$0")/.."

extra=$1
torch=${TORCH:-torch==2.13.0}
stamp=.venv/.installed
log=build/setup.log
key="$(cksum <pyproject.toml) ${PYTHON:-python3} $torch"

fail() {
    echo "setup: $1" >&2
    # In CI nobody can open the log afterwards.
    if [ -n "${CI:-}" ] && [ -f "$log" ]; then tail -n 40 "$log" >&2; fi
    exit 1
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14 python}; do
        if new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
}

make_environment() {
    python=$(find_python)
    [ -n "$python" ] || fail "no Python 3.11 or newer found (looked for ${PYTHON:-python3, \
python3.11 to python3.14}); install one or name it: make demo PYTHON=/path/to/python3.12"
    "$python" -c 'import ensurepip, venv' 2>/dev/null || fail "$python cannot make virtual \
environments; on Debian and Ubuntu: apt-get install python3-venv"
    echo "setup: making .venv with $python"
    "$python" -m venv --clear .venv >>"$log" 2>&1 || fail "$python -m venv failed; see $log"
}

reason() {
    if grep -qiE 'NewConnectionError|NameResolution|ConnectTimeout|ReadTimeout|ProxyError' "$log"
    then echo "pip could not reach its package index; check the network and try again (see $log)"
    else echo "pip install failed: $(grep '^ERROR' "$log" | tail -n 1) (see $log)"
    fi
}

install() {
    echo "setup: installing $1"
    shift
    .venv/bin/python -m pip install --retries 2 "$@" >>"$log" 2>&1 || fail "$(reason)"
}

done_before() {
    .venv/bin/python -c '' 2>/dev/null && grep -qxF "$key $extra" "$stamp" 2>/dev/null
}

another_python() {
    [ -n "${PYTHON:-}" ] && ! grep -qF " $PYTHON " "$stamp" 2>/dev/null
}

if done_before; then exit; fi
mkdir -p build
: >"$log"
if another_python || ! new_enough .venv/bin/python; then make_environment; fi
# torch first and pinned: a range would let pip replace one build of torch by another.
install "$torch (large, takes a while)" "$torch"
install "jupyter_sdt[$extra]" -e ".[$extra]"
# The extra `test` includes `demo`.
case $extra in
    test) printf '%s\n' "$key test" "$key demo" >"$stamp" ;;
    *) echo "$key $extra" >"$stamp" ;;
esac
echo "setup: done"
