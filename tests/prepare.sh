#!/bin/sh
# Installs what the lab needs on this machine (Debian or Ubuntu, as root) and builds its images.
# Quick when all is there. `--release 13` builds only that image.
set -eu

packages="mmdebstrap curl debian-archive-keyring systemd-container nftables iproute2 util-linux
openssh-client gpg gpg-agent dpkg-dev apt-utils ca-certificates shellcheck gcc libc6-dev"

missing=
for package in $packages; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
if [ -n "$missing" ]; then
    apt-get update -q
    # shellcheck disable=SC2086 # a list of words
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
fi

cd "$(dirname "$0")/.."
exec cargo run --quiet --example lab -- prepare "$@"
