#!/bin/sh
# From a fresh clone to a running service: install, build, then `pocovid up` in this very process.
set -eu
cd "$(dirname "$0")/.."
scripts/install.sh run
scripts/frontend.sh
# Without this, glibc keeps what was freed of large pictures, for each thread apart.
export MALLOC_MMAP_THRESHOLD_="${MALLOC_MMAP_THRESHOLD_:-262144}"
exec .venv/bin/pocovid up "$@"
