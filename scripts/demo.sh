#!/bin/sh
# Show the whole way in a real browser, from the sign-up to a screening by new models; --help tells the rest.
set -eu
cd "$(dirname "$0")/.."
scripts/install.sh dev
scripts/frontend.sh
exec .venv/bin/python -m scripts.demo "$@"
