#!/bin/sh
# Time the engine against five complete models, in one run; `scripts/bench.sh --only f32 int8` for some rows.
set -eu
cd "$(dirname "$0")/.."
scripts/install.sh dev
exec .venv/bin/python -m scripts.bench "$@"
