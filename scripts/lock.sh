#!/bin/sh
# Pin what the project needs, with hashes and without a registry's address: requirements/run.txt and dev.txt.
# Pins that still fit are kept; `scripts/lock.sh --upgrade` takes the newest. Any further option goes to uv.
set -eu
cd "$(dirname "$0")/.."
compile() {
    # Extras stay in the lines: pip takes a pinned `coverage` for no pin of the `coverage[toml]` that others ask for.
    out=$1; shift
    UV_CUSTOM_COMPILE_COMMAND="make lock" .venv/bin/uv pip compile pyproject.toml --quiet --universal \
        --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-strip-extras \
        --output-file "$out" "$@"
}
folder=${LOCK_FOLDER:-requirements}
compile "$folder/run.txt" --group build "$@"
compile "$folder/dev.txt" --group build --group dev --constraints "$folder/run.txt" "$@"
