#!/bin/sh
# Make .venv hold what requirements/<set>.txt pins ("run" or "dev") and this project; at once when nothing changed.
set -eu
cd "$(dirname "$0")/.."
set_name=${1:-run}
case $set_name in run | dev) ;; *) echo "install.sh: '$set_name' is no set of requirements: run or dev" >&2; exit 2 ;; esac
python=${PYTHON:-python3.11}

digest() { cat "requirements/$1.txt" pyproject.toml | sha256sum | cut -d ' ' -f 1; }
holds() { [ -f ".venv/.$1" ] && [ "$(cat ".venv/.$1")" = "$(digest "$1")" ]; }

if holds "$set_name"; then exit 0; fi
if ! command -v "$python" >/dev/null; then
    echo "Python 3.11 is needed and '$python' was not found: install it, or name it with PYTHON=..." >&2
    exit 1
fi
[ -x .venv/bin/python ] || "$python" -m venv .venv
echo "Installing the Python packages of requirements/$set_name.txt into .venv (some minutes the first time)..."
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "requirements/$set_name.txt"
# The build backend is pinned above like everything else, so the build fetches nothing.
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
digest "$set_name" > ".venv/.$set_name"
if [ "$set_name" = dev ]; then digest run > .venv/.run; fi
