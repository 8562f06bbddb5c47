#!/bin/sh
# Load a service on this machine: `scripts/load.sh mix`, `uploads`, `scaling`, `outages` or `submission`; see --help.
set -eu
cd "$(dirname "$0")/.."
scripts/install.sh dev
exec .venv/bin/python -m scripts.load "$@"
