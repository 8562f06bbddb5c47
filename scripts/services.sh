# Sourced: start PostgreSQL and Redis for as long as the caller runs.
# start_services exports POCOVID_TEST_DATABASE_URL and POCOVID_TEST_REDIS_URL; what is set already is kept.

has() { command -v "$1" >/dev/null 2>&1; }

install_packages() {
    as_root=""
    [ "$(id -u)" = 0 ] || as_root=sudo
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

has_postgres() { ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }

free_port() { .venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

postgres_folder=""
redis_pid=""

start_services() {
    [ -n "${POCOVID_TEST_DATABASE_URL:-}" ] || start_postgres
    [ -n "${POCOVID_TEST_REDIS_URL:-}" ] || start_redis
}

# A server of its own, even where one runs already: nothing in it outlives the tests, so it need not wait
# for the disk, and every test makes a database.
start_postgres() {
    has_postgres || install_packages postgresql
    bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
    postgres_folder=$(mktemp -d)
    port=$(free_port)
    as_postgres=""
    if [ "$(id -u)" = 0 ]; then chown postgres "$postgres_folder"; as_postgres="runuser -u postgres --"; fi
    $as_postgres "$bin/initdb" --auth=trust --username=postgres --no-sync --pgdata="$postgres_folder/data" >/dev/null
    $as_postgres "$bin/pg_ctl" --pgdata="$postgres_folder/data" --log="$postgres_folder/log" --wait \
        --options="-h 127.0.0.1 -p $port -k $postgres_folder -c fsync=off -c synchronous_commit=off -c full_page_writes=off" \
        start >/dev/null
    export POCOVID_TEST_DATABASE_URL="postgresql://postgres@127.0.0.1:$port/postgres"
}

start_redis() {
    has redis-server || install_packages redis-server
    port=$(free_port)
    redis-server --bind 127.0.0.1 --port "$port" --save "" --appendonly no >/dev/null &
    redis_pid=$!
    until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.1; done
    export POCOVID_TEST_REDIS_URL="redis://127.0.0.1:$port/0"
}

stop_services() {
    [ -z "$redis_pid" ] || kill "$redis_pid"
    [ -z "$postgres_folder" ] || $as_postgres "$bin/pg_ctl" --pgdata="$postgres_folder/data" --mode=immediate stop >/dev/null
    [ -z "$postgres_folder" ] || rm -rf "$postgres_folder"
}
