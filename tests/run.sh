#!/bin/sh
# Runs every check and test: format, lints, unit tests, and tests on throwaway hosts (root needed).
# Installs what is missing with apt. Ends with the test runner's closing lines.
set -eu
cd "$(dirname "$0")/.."

tests/prepare.sh
cargo fmt --check
cargo clippy --quiet --all-targets -- -D warnings
tests/in_image.sh
exec cargo test --quiet
