#!/bin/sh
# Run the whole suite with its coverage threshold, or only what the arguments name, without it.
set -eu
cd "$(dirname "$0")/.."
scripts/install.sh dev
scripts/frontend.sh
if [ $# -gt 0 ]; then exec .venv/bin/python -m pytest "$@"; fi
.venv/bin/coverage erase
measured="--cov --cov-append --cov-report= --cov-fail-under=0"
# The models have a process of their own: on processors with AMX, one in which TensorFlow and the engine
# have both computed may not survive a signal, and the other tests send signals to themselves. And only
# one: TensorFlow has a thread for each core by itself.
failed=0
.venv/bin/python -m pytest $measured --numprocesses=auto --maxprocesses=4 --dist=loadfile --ignore=tests/models --junitxml=.cache/tests.xml || failed=1
.venv/bin/python -m pytest $measured tests/models --junitxml=.cache/models.xml || failed=1
[ $failed = 0 ] || exit 1
.venv/bin/coverage report
