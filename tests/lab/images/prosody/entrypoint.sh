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
method=anonymous
[ "${ENABLE_AUTH:-0}" = 0 ] || method=internal_hashed
config=/config/prosody.cfg.lua
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
    authentication = "internal_plain"
Component "$muc" "muc"
Component "$internal" "muc"
CONF
# account NAME PASSWORD: as Prosody's own store has it.
account() {
    folder=/var/lib/prosody/$(printf %s "$auth" | sed 's/\./%2e/g')/accounts
    mkdir -p "$folder"
    (umask 077 && printf 'return { ["password"] = [==[%s]==]; };\n' "$2" >"$folder/$1.dat")
}
account "${JICOFO_AUTH_USER:-focus}" "$JICOFO_AUTH_PASSWORD"
account "${JVB_AUTH_USER:-jvb}" "$JVB_AUTH_PASSWORD"
mkdir -p /tmp/certs
exec prosody --config "$config" -F
