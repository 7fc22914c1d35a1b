#!/bin/bash
# Initialises an empty data folder from POSTGRES_* and /docker-entrypoint-initdb.d, then serves.
set -euo pipefail

fail() { echo "entrypoint: $1" >&2; exit 1; }

# The value of VARIABLE, or of the file that VARIABLE_FILE names; both at once are a mistake.
value() {
    local name=$1 file=$1_FILE
    [ -z "${!name:-}" ] || [ -z "${!file:-}" ] || fail "both $name and $file are set"
    if [ -n "${!file:-}" ]; then cat "${!file}"; else printf '%s' "${!name:-${2:-}}"; fi
}

case "${1:-}" in -*) set -- postgres "$@" ;; esac

if [ "${1:-}" = postgres ] && [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA" /var/run/postgresql
    chmod 700 "$PGDATA"
    chmod 3775 /var/run/postgresql || true
    find "$PGDATA" /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
    exec setpriv --reuid 999 --regid 999 --clear-groups --inh-caps=-all "$0" "$@"
fi

initialise() {
    local user password database arguments method
    user=$(value POSTGRES_USER postgres)
    password=$(value POSTGRES_PASSWORD)
    database=$(value POSTGRES_DB "$user")
    arguments=$(value POSTGRES_INITDB_ARGS)
    method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
    [ -n "$password" ] || [ "$method" = trust ] \
        || fail "the database is uninitialised and POSTGRES_PASSWORD is not given"
    eval 'initdb --username="$user" --pwfile=<(printf "%s\n" "$password") '"$arguments"
    printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
    PGPASSWORD=$password
    export PGPASSWORD
    pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
    local query=(psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$user" --no-password)
    if [ "$database" != postgres ]; then
        "${query[@]}" --dbname postgres --set db="$database" <<<'CREATE DATABASE :"db";'
    fi
    export POSTGRES_USER=$user POSTGRES_DB=$database
    local file
    for file in /docker-entrypoint-initdb.d/*; do
        case "$file" in
            *.sh)
                # shellcheck source=/dev/null
                if [ -x "$file" ]; then "$file"; else . "$file"; fi
                ;;
            *.sql) "${query[@]}" --dbname "$database" -f "$file" ;;
            *.sql.gz) gunzip -c "$file" | "${query[@]}" --dbname "$database" ;;
        esac
    done
    pg_ctl -D "$PGDATA" -m fast -w stop
    unset PGPASSWORD
}

if [ "${1:-}" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
    initialise
fi
exec "$@"
