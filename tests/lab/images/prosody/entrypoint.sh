#!/bin/sh
# Writes Prosody's configuration from the environment, makes Jitsi's two accounts, and serves.
set -eu

fail() { echo "prosody: $1" >&2; exit 1; }
[ -n "${JICOFO_AUTH_PASSWORD:-}" ] || fail "JICOFO_AUTH_PASSWORD must be set"
[ -n "${JVB_AUTH_PASSWORD:-}" ] || fail "JVB_AUTH_PASSWORD must be set"
for folder in /config /var/lib/prosody; do
    [ -w "$folder" ] || fail "$folder is not writable by $(id -u)"
done

domain=${XMPP_DOMAIN:-meet.jitsi}
auth=${XMPP_AUTH_DOMAIN:-auth.meet.jitsi}
muc=${XMPP_MUC_DOMAIN:-muc.meet.jitsi}
internal=${XMPP_INTERNAL_MUC_DOMAIN:-internal-muc.meet.jitsi}
method=jitsi-anonymous
[ "${ENABLE_AUTH:-0}" = 0 ] || method=internal_hashed
[ "$method" = internal_hashed ] || method=anonymous
config=/tmp/prosody.cfg.lua
cat >"$config" <<CONF
pidfile = "/tmp/prosody.pid"
data_path = "/var/lib/prosody"
log = { { levels = { min = "info" }, to = "console" } }
modules_enabled = { "roster", "saslauth", "tls", "disco", "ping", "bosh", "websocket", "version" }
modules_disabled = { "s2s" }
interfaces = { "*" }
http_ports = { 5280 }
http_interfaces = { "*" }
https_ports = {}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
VirtualHost "$domain"
    authentication = "$method"
VirtualHost "$auth"
    authentication = "internal_hashed"
Component "$muc" "muc"
Component "$internal" "muc"
CONF
export PROSODY_CONFIG=$config
register() { printf '%s\n%s\n' "$2" "$2" | prosodyctl --config "$config" adduser "$1@$auth" >/dev/null; }
register "${JICOFO_AUTH_USER:-focus}" "$JICOFO_AUTH_PASSWORD"
register "${JVB_AUTH_USER:-jvb}" "$JVB_AUTH_PASSWORD"
exec prosody --config "$config" -F
