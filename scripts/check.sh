#!/bin/sh
# Everything that can be known without running the tests. Runs every step, names those that fail.
set -u
cd "$(dirname "$0")/.."
scripts/install.sh dev && scripts/frontend.sh || exit 1
bin=.venv/bin
failed=""
begun=$(mktemp -d)
trap 'rm -rf "$begun"' EXIT
step() {
    name=$1; shift
    printf '== %s\n' "$name"
    "$@" || failed="$failed
  $name"
}
# A step that runs beside the others; `finish` waits for it and shows what it wrote.
begin() {
    name=$1; shift
    "$@" > "$begun/$name" 2>&1 &
    echo $! > "$begun/$name.pid"
}
finish() {
    wait "$(cat "$begun/$1.pid")"
    step "$1" ended "$1" $?
}
ended() { cat "$begun/$1"; return "$2"; }

lock_is_fresh() {
    fresh=$(mktemp -d)
    cp requirements/run.txt requirements/dev.txt "$fresh"
    LOCK_FOLDER=$fresh scripts/lock.sh || { rm -rf "$fresh"; return 1; }
    pins() { grep -E '^[a-zA-Z0-9]' "$1" | tr -d '\\'; }
    for set_name in run dev; do
        pins "$fresh/$set_name.txt" > "$fresh/wanted"
        pins "requirements/$set_name.txt" | diff - "$fresh/wanted" || {
            echo "requirements/$set_name.txt does not fit pyproject.toml: run make lock"; rm -rf "$fresh"; return 1; }
    done
    rm -rf "$fresh"
}

# Lock files and settings work with whatever registry a machine is set up for.
names_no_registry() {
    hosts='pypi\.org|pythonhosted|registry\.npm|npmjs\.org|yarnpkg\.com|deb\.debian|"resolved"|--(extra-)?index-url|--find-links'
    ! git grep -nIE "$hosts" -- requirements frontend/package.json frontend/package-lock.json pyproject.toml Dockerfile \
        docker-compose.yml .ci 'scripts/*' ':!scripts/check.sh' ':!scripts/lock.sh'
}

# A service never commits: requests commit in deps, tasks in worker/task.py, commands in backend/cli/start.py. The
# installation's key is made before there is any of them.
commits_in_three_places() {
    ! git grep -nE '\.commit\(\)' -- 'backend/*.py' 'worker/*.py' \
        ':!backend/http/deps.py' ':!backend/cli/start.py' ':!worker/task.py' ':!backend/installation/key.py'
}

# A migration describes the tables as they were, not as they are now. (No package, so not import-linter's.)
migrations_import_nothing_of_ours() {
    ! git grep -nE '^ *(from|import) +(backend|worker|models|migrations)\b' -- migrations/versions
}

begin "frontend" npm --prefix frontend run --silent check
begin "lock files fit pyproject.toml" lock_is_fresh
step "lint" $bin/ruff check .
step "format" $bin/ruff format --check .
step "types" $bin/mypy
step "who may import whom" $bin/lint-imports --no-logo --cache-dir .cache/import_linter
step "migrations import nothing of ours" migrations_import_nothing_of_ours
finish "lock files fit pyproject.toml"
step "no registry address" names_no_registry
step "who commits" commits_in_three_places
step "migrations make the tables" $bin/python scripts/check_migrations.py
step "the frontend's types fit the API" scripts/api_types.sh --check
finish "frontend"

if [ -n "$failed" ]; then printf '\nfailed:%s\n' "$failed"; exit 1; fi
printf '\nall checks passed\n'
