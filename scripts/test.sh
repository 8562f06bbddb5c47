#!/bin/sh
# Run the whole suite with its coverage threshold, or only what the arguments name, without it.
set -eu
cd "$(dirname "$0")/.."
scripts/install.sh dev
scripts/frontend.sh
if [ $# -gt 0 ]; then exec .venv/bin/python -m pytest "$@"; fi
.venv/bin/coverage erase
.venv/bin/coverage run -m pytest
.venv/bin/coverage combine --quiet
.venv/bin/coverage report
