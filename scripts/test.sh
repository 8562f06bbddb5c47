#!/bin/sh
# Run the whole suite with its coverage threshold, or only what the arguments name, without it.
set -eu
cd "$(dirname "$0")/.."
scripts/install.sh dev
scripts/frontend.sh
if [ $# -gt 0 ]; then exec .venv/bin/python -m pytest "$@"; fi
.venv/bin/coverage erase
# The models have a process of their own: on processors with AMX, one in which TensorFlow and the engine
# have both computed may not survive a signal, and the other tests send signals to themselves.
failed=0
.venv/bin/coverage run -m pytest --ignore=tests/models || failed=1
.venv/bin/coverage run -m pytest tests/models || failed=1
[ $failed = 0 ] || exit 1
.venv/bin/coverage combine --quiet
.venv/bin/coverage report
