#!/bin/sh
# Options and subcommands are the proxy's; anything else is another program.
set -eu
case "${1:-}" in
    -* | healthcheck | version) set -- traefik "$@" ;;
esac
exec "$@"
