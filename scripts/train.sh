#!/bin/sh
# Train the five models of one cross-validation on a dataset folder; further arguments go to `pocovid train`.
set -eu
cd "$(dirname "$0")/.."
dataset=${1:-}
if [ -z "$dataset" ]; then echo "Which dataset? make train DATASET=path/to/dataset" >&2; exit 2; fi
shift
scripts/install.sh run
exec .venv/bin/pocovid train "$dataset" "$@"
