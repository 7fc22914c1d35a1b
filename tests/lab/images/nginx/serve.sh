#!/bin/sh
# serve-files FOLDER PORT [CONFIG]: an HTTP server for a folder. CONFIG is a JSON file that has to
# be right before it starts.
set -eu
folder=$1 port=$2 config=${3:-}
if [ -n "$config" ] && [ -e "$config" ]; then
    jq empty "$config" || {
        echo "serve-files: $config is no JSON" >&2
        exit 1
    }
fi
sed 's|include /etc/nginx/conf.d/\*.conf;|include /tmp/server.conf;|' /etc/nginx/nginx.conf \
    >/tmp/nginx.conf
cat >/tmp/server.conf <<CONF
server {
    listen $port;
    listen [::]:$port;
    root $folder;
    location = /health {
        default_type text/plain;
        return 200 "OK\n";
    }
    location / {
        try_files \$uri \$uri/index.html =404;
    }
}
CONF
[ -e /proc/net/if_inet6 ] || sed -i '/listen \[::\]/d' /tmp/server.conf
exec nginx -c /tmp/nginx.conf -g 'daemon off;'
