#!/bin/sh
# Write the frontend's types of the API, frontend/src/api/schema.d.ts; with "--check", fail where they are not up to date.
set -eu
cd "$(dirname "$0")/.."
types=frontend/src/api/schema.d.ts
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
.venv/bin/python scripts/api_schemas.py > "$new/openapi.json"
frontend/node_modules/.bin/openapi-typescript "$new/openapi.json" --output "$new/schema.d.ts" \
    --root-types --root-types-no-schema-prefix --default-non-nullable false > "$new/log" || { cat "$new/log"; exit 1; }
if [ "${1:-}" != --check ]; then
    cp "$new/schema.d.ts" $types
elif ! diff -u $types "$new/schema.d.ts"; then
    echo "$types does not fit the API: run make types"; exit 1
fi
