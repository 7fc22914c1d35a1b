#!/bin/bash
# Runs mxprov-backup in a folder of its own and looks at what it does: restore, refusals, damage,
# a kill, retention. Needs bash, gpg, tar, gzip; no root. usage: tests/roles/backup.sh
set -u -o pipefail

files=$(cd "$(dirname "$0")/../.." && pwd)/roles/backup/files
program=$files/mxprov-backup
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
failures=0
export MXPROV_BACKUP_CONFIG=$room/backup.conf MXPROV_OFFSITE_LIBRARY=$files/offsite GNUPGHOME=$room/gnupg

expect() { # what status command…
    local what=$1 want=$2 got
    shift 2
    "$@" >"$room/out" 2>&1
    got=$?
    if [ "$got" = "$want" ]; then
        echo "ok: $what"
    else
        echo "FAILED: $what: status $got, not $want"
        sed 's/^/    /' "$room/out"
        failures=$((failures + 1))
    fi
}

configure() { # lines…
    printf '%s\n' "directory $room/backups" "lock_file $room/lock" "status_file $room/status" \
        "metric_file $room/metric" "path $room/data" "hooks $room/hooks" "$@" >"$MXPROV_BACKUP_CONFIG"
}

newest() { basename -s .sha256 "$(find "$room/backups" -name '*.sha256' | sort | tail -n 1)"; }
count() { find "$room/backups" -name '*.sha256' | wc -l; }

# A copy of the newest one under another time, as if it had been made then.
age() { # days
    local name new file
    name=$(newest)
    new=${name%-*}-$(date -u -d "$1 days ago" +%Y%m%dT%H%M%SZ)
    for file in "$room/backups/$name".*; do
        cp "$file" "${file/$name/$new}"
    done
    sed -i "s/$name/$new/" "$room/backups/$new.sha256"
}

mkdir -m 700 "$GNUPGHOME"
mkdir -p "$room/data/deep" "$room/hooks" "$room/backups"
gpg --batch --quiet --passphrase '' --quick-gen-key 'test <test@example.org>' rsa2048 encr 1d 2>/dev/null
fingerprint=$(gpg --list-keys --with-colons 2>/dev/null | awk -F: '/^fpr/ { print $10; exit }')
gpg --armor --export >"$room/key.asc"
recipient="recipient $fingerprint $room/key.asc"
echo nobody-else-knows-this >"$room/data/file"
printf 'two\n' >"$room/data/deep/name with  spaces"
head -c 3000000 /dev/urandom >"$room/data/big"

configure
expect "no recipient is a refusal" 65 "$program"
expect "nothing was published" 0 test "$(count)" = 0
expect "the status says so" 0 grep -q '^last_exit=65$' "$room/status"
configure "recipient 0123456789ABCDEF0123456789ABCDEF01234567 $room/key.asc"
expect "another key than named is a refusal" 65 "$program"
configure "colour red"
expect "an unknown setting is an error" 64 "$program"
configure "$recipient" "path $room/missing"
expect "a missing path fails" 70 "$program"
expect "nothing was published" 0 test "$(count)" = 0

configure "$recipient" "optional_path $room/missing"
expect "an encrypted backup" 0 "$program"
name=$(newest)
expect "it verifies" 0 "$program" --verify
expect "it is listed" 0 "$program" --list
expect "no secret lies about" 1 grep -rq nobody-else "$room/backups"
gpg --batch --quiet --decrypt "$room/backups/$name.tar.gz.gpg" 2>/dev/null >"$room/plain.tar.gz"
mkdir "$room/restored"
expect "it can be restored" 0 tar -xzf "$room/plain.tar.gz" -C "$room/restored"
expect "to what there was" 0 diff -r "$room/data" "$room/restored$room/data"
gpg --batch --quiet --decrypt "$room/backups/$name.manifest.gz.gpg" 2>/dev/null | gzip -d >"$room/manifest"
expect "the manifest holds every file's digest" 0 \
    sh -c "cd '$room/restored' && sha256sum --check --quiet '$room/manifest'"

dd if=/dev/zero of="$room/backups/$name.tar.gz.gpg" bs=1 seek=1000 count=4 conv=notrunc status=none
expect "damage is seen" 74 "$program" --verify

# shellcheck disable=SC2016 # for the hook to expand
printf '#!/bin/sh\necho dump >"$1/db"\n' >"$room/hooks/db"
chmod +x "$room/hooks/db"
sleep 1
expect "a hook adds to it" 0 "$program"
expect "its dump is inside" 0 sh -c \
    "gpg --batch --quiet --decrypt '$room/backups/$(newest).tar.gz.gpg' | tar -tz | grep -q '^hooks/db/db$'"
printf '#!/bin/sh\nexit 3\n' >"$room/hooks/db"
before=$(count)
sleep 1
expect "a failing hook fails the backup" 70 "$program"
expect "and nothing was published" 0 test "$(count)" = "$before"
printf '%s\n' "keep_count 1" "keep_days 0" >>"$MXPROV_BACKUP_CONFIG"
expect "nor when only one is to be kept" 70 "$program"
expect "and nothing was removed" 0 test "$(count)" = "$before"
configure "$recipient" "optional_path $room/missing"

printf '#!/bin/sh\nsleep 5\n' >"$room/hooks/db"
"$program" >/dev/null 2>&1 &
running=$!
sleep 1
expect "two runs do not meet" 75 "$program"
kill -9 "$running"
wait "$running" 2>/dev/null
rm "$room/hooks/db"
expect "after a kill nothing half-made is published" 0 test "$(count)" = "$before"
expect "and the next run works" 0 "$program"
expect "and leaves nothing behind" 0 test -z "$(find "$room/backups" -name '.work*')"

# The damaged one is the oldest and does not count as good.
rm "$room/backups/$name".*
for days in 40 41 42; do age "$days"; done
configure "$recipient" "keep_count 4" "keep_days 30"
sleep 1
before=$(count)
expect "retention runs" 0 "$program"
expect "the newest four stay, older ones go" 0 test "$(count)" = 4
for file in "$room"/backups/*.tar.gz.gpg; do echo x >>"$file"; done
sleep 1
expect "a run among damaged ones" 0 "$program"
expect "a damaged one does not count as kept" 0 "$program" --verify "$(newest)"
age -2
sleep 1
before=$(count)
expect "a run after the clock jumped" 0 "$program"
expect "removes nothing" 0 test "$(count)" = $((before + 1))

configure "encrypt no"
sleep 1
expect "plain when written out" 0 "$program"
expect "it is a plain archive" 0 tar -tzf "$(find "$room/backups" -name '*.tar.gz' | tail -n 1)"
expect "the metric is there" 0 grep -q '^mxprov_backup_last_exit_status 0$' "$room/metric"

[ "$failures" = 0 ] || { echo "$failures failed"; exit 1; }
