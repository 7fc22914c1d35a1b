#!/bin/sh
# Runs the unit tests of the remote side inside the lab's Debian 13 image, where sshd and sudo are:
# this machine need not have them, and without them those tests are skipped. Nothing is written to
# the image. Needs root, and tests/prepare.sh before.
set -eu
cd "$(dirname "$0")/.."

image=$(cargo run --quiet --example lab -- image --release 13)
program=$(cargo test --quiet --lib --no-run --message-format=json |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)

# shellcheck disable=SC2016 # expanded inside
exec unshare --mount sh -euc '
    image=$1 repository=$2 program=$3
    mount -t tmpfs none /mnt
    mkdir /mnt/upper /mnt/work /mnt/root
    mount -t overlay -o "lowerdir=$image,upperdir=/mnt/upper,workdir=/mnt/work" none /mnt/root
    for at in /dev /proc /sys /tmp "$repository" "${program%/*}"; do
        mkdir -p "/mnt/root$at"
        mount --rbind "$at" "/mnt/root$at"
    done
    mkdir -p /mnt/root/run/sshd
    # Without it every sudo asks DNS for the name of the machine.
    echo "127.0.0.1 localhost $(uname -n)" >/mnt/root/etc/hosts
    exec env MXPROV_NO_SKIP=1 chroot /mnt/root env -C "$repository" "$program" --quiet remote::
' sh "$image" "$PWD" "$program"
