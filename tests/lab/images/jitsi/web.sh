#!/bin/sh
# Serves a page and the config.js that follows from the environment.
set -eu
[ "${DISABLE_HTTPS:-0}" = 1 ] || { echo "web: no certificates here: set DISABLE_HTTPS=1" >&2; exit 1; }
[ -w /config ] || { echo "web: /config is not writable by $(id -u)" >&2; exit 1; }
mkdir -p /tmp/web
echo '<!doctype html><title>Jitsi Meet</title>' >/tmp/web/index.html
cat >/tmp/web/config.js <<CONF
var config = { hosts: { domain: '${XMPP_DOMAIN:-meet.jitsi}', muc: '${XMPP_MUC_DOMAIN:-muc.meet.jitsi}' },
    bosh: '${PUBLIC_URL:-https://localhost:8443}/http-bind' };
CONF
exec serve-files /tmp/web 8000
