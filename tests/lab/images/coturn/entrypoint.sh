#!/bin/bash
# Options are the TURN server's. `$(…)` in them is evaluated.
set -eu
case "${1:-}" in -*) set -- turnserver "$@" ;; esac
words=()
for word in "$@"; do
    eval "words+=(\"$word\")"
done
exec "${words[@]}"
