# Sourced: find PostgreSQL and Redis on this machine, or start them for as long as the caller runs.
# start_services exports POCOVID_TEST_DATABASE_URL and POCOVID_TEST_REDIS_URL; what is set already is kept.

has() { command -v "$1" >/dev/null 2>&1; }

install_packages() {
    as_root=""
    [ "$(id -u)" = 0 ] || as_root=sudo
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

postgres_folder=""
redis_pid=""

start_services() {
    [ -n "${POCOVID_TEST_DATABASE_URL:-}" ] || start_postgres
    [ -n "${POCOVID_TEST_REDIS_URL:-}" ] || start_redis
}

start_postgres() {
    port=5432
    user=$(id -un)
    if listens $port; then
        # Whatever runs here already, if it lets this user or its own in.
        .venv/bin/python -c "import psycopg; psycopg.connect('postgresql://$user@127.0.0.1:$port/postgres')" 2>/dev/null || user=postgres
    else
        ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || install_packages postgresql
        bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
        postgres_folder=$(mktemp -d)
        user=postgres
        as_postgres=""
        if [ "$(id -u)" = 0 ]; then chown postgres "$postgres_folder"; as_postgres="runuser -u postgres --"; fi
        $as_postgres "$bin/initdb" --auth=trust --username=postgres --pgdata="$postgres_folder/data" >/dev/null
        $as_postgres "$bin/pg_ctl" --pgdata="$postgres_folder/data" --log="$postgres_folder/log" --wait \
            --options="-h 127.0.0.1 -p $port -k $postgres_folder" start >/dev/null
    fi
    export POCOVID_TEST_DATABASE_URL="postgresql://$user@127.0.0.1:$port/postgres"
}

start_redis() {
    port=6379
    if ! listens $port; then
        has redis-server || install_packages redis-server
        redis-server --bind 127.0.0.1 --port $port --save "" --appendonly no >/dev/null &
        redis_pid=$!
        until listens $port; do sleep 0.1; done
    fi
    export POCOVID_TEST_REDIS_URL="redis://127.0.0.1:$port/0"
}

stop_services() {
    [ -z "$redis_pid" ] || kill "$redis_pid"
    [ -z "$postgres_folder" ] || $as_postgres "$bin/pg_ctl" --pgdata="$postgres_folder/data" --mode=fast stop >/dev/null
}
