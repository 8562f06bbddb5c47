#!/bin/sh
# Time the engine against five complete models, in one run; `scripts/bench.sh --only f32 int8` for some rows.
# `scripts/bench.sh growth` times the calls of the API and the workers on databases of several sizes instead.
set -eu
cd "$(dirname "$0")/.."
scripts/install.sh dev
exec .venv/bin/python -m scripts.bench "$@"
