#!/bin/sh
# One throwaway Debian 13 host on this machine: the plan of site.yml, the change, and a second run
# that has nothing to do. Needs root on Linux; installs what is missing with apt (tests/prepare.sh).
#
# Docker comes from Debian (docker_source: distribution), and backups are not encrypted, since there
# is nobody's key; both are said in group_vars/all.yml below, as a user would say them.
set -eu
cd "$(dirname "$0")/.."

say() { printf '\n=== %s\n' "$*" >&2; }

say "what is needed: packages, the program, the image of a Debian 13 host"
tests/prepare.sh --release 13
cargo build --quiet --bin mxprov --example lab
build=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
mxprov=$build/debug/mxprov
lab=$build/debug/examples/lab

host=demo-$$
folder=$(mktemp -d)
leave() {
    "$lab" down "$host" 2>/dev/null || :
    rm -rf "$folder"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

say "a fresh host"
"$lab" up "$host" --release 13
inventory=$("$lab" inventory "$folder" "$host")
mkdir "$folder/group_vars"
cat >"$folder/group_vars/all.yml" <<END
ansible_ssh_common_args: -o UserKnownHostsFile=$folder/known_hosts
mxprov_components: [web]
docker_source: distribution
backup_encrypt: false
END

say "the plan: mxprov apply --check"
"$mxprov" apply -i "$inventory" playbooks/site.yml --check

say "the change: mxprov apply --yes"
"$mxprov" apply -i "$inventory" playbooks/site.yml --yes

say "the second run: mxprov apply --yes"
"$mxprov" apply -i "$inventory" playbooks/site.yml --yes | tee "$folder/second"
if ! grep -q "^$host : .* changed=0 unreachable=0 failed=0 " "$folder/second"; then
    say "the second run was to change nothing"
    exit 1
fi

say "done: the second run had nothing to do; the host is taken away"
