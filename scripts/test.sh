#!/bin/sh
# Run the whole suite, or only what the arguments name. On SQLite and files, and where POCOVID_TEST_DATABASE_URL and
# POCOVID_TEST_REDIS_URL name PostgreSQL and Redis on those too.
set -eu
cd "$(dirname "$0")/.."
. scripts/lanes.sh
scripts/install.sh dev
scripts/frontend.sh
if [ $# -gt 0 ]; then exec .venv/bin/python -m pytest "$@"; fi
rm -rf .cache/logs
failed=0
test_others || failed=1
test_models || failed=1
[ $failed = 0 ] || exit 1
exec .venv/bin/python scripts/no_secrets.py
