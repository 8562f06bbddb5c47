#!/bin/sh
# Make .venv hold what requirements/<set>.txt pins ("run" or "dev") and this project; at once when nothing changed.
set -eu
cd "$(dirname "$0")/.."
set_name=${1:-run}
case $set_name in run | dev) ;; *) echo "install.sh: '$set_name' is no set of requirements: run or dev" >&2; exit 2 ;; esac
python=${PYTHON:-python3.11}
wanted=requirements/$set_name.txt

digest() { cat "requirements/$1.txt" pyproject.toml | sha256sum | cut -d ' ' -f 1; }
holds() { [ -f ".venv/.$1" ] && [ "$(cat ".venv/.$1")" = "$(digest "$1")" ]; }
pip() { .venv/bin/python -m pip "$@"; }
uv() { VIRTUAL_ENV=.venv .venv/bin/uv pip "$@"; }
# uv's own pin with its hashes: the line that names it and those that it continues on.
pin_of_uv() { awk '/^uv==/ { on = 1 } on { print; if (!/\\$/) exit }' "$wanted"; }

if holds "$set_name"; then exit 0; fi
if ! command -v "$python" >/dev/null; then
    echo "Python 3.11 is needed and '$python' was not found: install it, or name it with PYTHON=..." >&2
    exit 1
fi
[ -x .venv/bin/python ] || "$python" -m venv .venv
export PIP_DISABLE_PIP_VERSION_CHECK=1
echo "Installing the Python packages of $wanted into .venv (a minute or two the first time)..."
pins=$(mktemp)
trap 'rm -f "$pins"' EXIT
pin_of_uv > "$pins"
pip install --quiet --require-hashes -r "$pins"
# uv takes a quarter of pip's time, but does not know what pip was set up with (a mirror, a proxy, a certificate).
uv install --quiet --compile-bytecode --require-hashes -r "$wanted" || {
    echo "uv could not install them (see above); trying pip, which has settings of its own..." >&2
    pip install --quiet --require-hashes -r "$wanted"
}
# The build backend is pinned above like everything else, so the build fetches nothing.
pip install --quiet --no-deps --no-build-isolation --editable .
digest "$set_name" > ".venv/.$set_name"
if [ "$set_name" = dev ]; then digest run > .venv/.run; fi
