#!/bin/sh
# From a fresh clone to a running service: install, build, then `pocovid up` in this very process.
set -eu
cd "$(dirname "$0")/.."
scripts/install.sh run
scripts/frontend.sh
exec .venv/bin/pocovid up "$@"
