#!/bin/sh
# Serves from /data as 999:1000.
set -eu

case "${1:-}" in -* | *.conf) set -- redis-server "$@" ;; esac

if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
    find . \! -uid 999 -exec chown 999:1000 '{}' +
    exec setpriv --reuid 999 --regid 1000 --clear-groups --inh-caps=-all "$0" "$@"
fi
exec "$@"
