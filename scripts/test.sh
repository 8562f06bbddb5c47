#!/bin/sh
# Run the whole suite with its coverage threshold, or only what the arguments name, without it.
set -eu
cd "$(dirname "$0")/.."
scripts/install.sh dev
scripts/frontend.sh
if [ $# -gt 0 ]; then exec .venv/bin/python -m pytest "$@"; fi
.venv/bin/coverage erase
rm -rf .cache/logs
measured="--cov --cov-append --cov-report= --cov-fail-under=0"
spread="--dist=loadfile --no-loadscope-reorder"
# The models have processes of their own: on processors with AMX, one in which TensorFlow and the engine
# have both computed may not survive a signal, and the other tests send signals to themselves. TensorFlow
# has one thread in each: two on a core each are done sooner than one on both.
# The others wait for processes and browsers half of their time, so there are two for each core of a small machine.
failed=0
.venv/bin/python -m pytest $measured $spread --numprocesses=4 --ignore=tests/models --junitxml=.cache/tests.xml || failed=1
OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 .venv/bin/python -m pytest $measured $spread --numprocesses=auto --maxprocesses=4 tests/models --junitxml=.cache/models.xml || failed=1
[ $failed = 0 ] || exit 1
.venv/bin/python scripts/no_secrets.py
.venv/bin/coverage report
