#!/bin/sh
# Install the frontend's pinned packages and build it (or only "install"); at once when nothing changed.
set -eu
cd "$(dirname "$0")/../frontend"
wanted=${1:-build}
if ! command -v npm >/dev/null; then echo "npm (with Node.js 20 or newer) is needed to build the page and was not found" >&2; exit 1; fi

# The stamps live in node_modules: gone with what they vouch for, and never served.
lock=$(sha256sum package-lock.json)
if [ "$(cat node_modules/.installed 2>/dev/null)" != "$lock" ]; then
    echo "Installing the frontend's packages..."
    npm ci --no-audit --no-fund --loglevel=error
    echo "$lock" > node_modules/.installed
fi
[ "$wanted" = build ] || exit 0

sources=$(find . \( -name node_modules -o -name dist -o -name 'test*' \) -prune -o -type f -print | LC_ALL=C sort | xargs sha256sum | sha256sum)
if [ ! -f dist/index.html ] || [ "$(cat node_modules/.built 2>/dev/null)" != "$sources" ]; then
    echo "Building the page..."
    npm run --silent build
    echo "$sources" > node_modules/.built
fi
