#!/bin/sh
# Load a service on this machine: `scripts/load.sh mix`, `uploads`, `scaling`, `outages` or `submission`; see --help.
set -eu
cd "$(dirname "$0")/.."
scripts/install.sh dev
export MALLOC_MMAP_THRESHOLD_="${MALLOC_MMAP_THRESHOLD_:-262144}" # as scripts/run.sh has it
exec .venv/bin/python -m scripts.load "$@"
