#!/usr/bin/env python3
"""Asks real Ansible about the inventory cases beside this file.

usage: observe.py [--write] BIN_DIRECTORY

BIN_DIRECTORY holds `ansible` and `ansible-inventory` of ansible-core 2.19. Without --write the
stored answers are compared, and the exit status is 1 if one differs.
"""
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
QUIET = {
    "ANSIBLE_LOCALHOST_WARNING": "0",
    "ANSIBLE_DEPRECATION_WARNINGS": "0",
    "ANSIBLE_NOCOLOR": "1",
}


def run(command, case):
    result = subprocess.run(
        command, cwd=case, env={**os.environ, **QUIET}, capture_output=True, text=True, timeout=120
    )
    if result.returncode:
        raise SystemExit(f"{command} in {case}: {result.stderr}")
    return result.stdout


def plain(value):
    if isinstance(value, dict):
        if set(value) == {"__ansible_unsafe"}:
            return value["__ansible_unsafe"]
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


def observe(bin_directory, case):
    asked = json.loads((case / "case.json").read_text())
    sources = [part for source in asked["sources"] for part in ("-i", source)]
    beside = ["--playbook-dir", asked["playbook_dir"]] if "playbook_dir" in asked else []
    inventory = [f"{bin_directory}/ansible-inventory", *sources, *beside]
    listed = plain(json.loads(run([*inventory, "--list"], case)))
    listed["_meta"].pop("profile", None)
    patterns = {}
    for pattern in asked["patterns"]:
        lines = run([f"{bin_directory}/ansible", *sources, pattern, "--list-hosts"], case).splitlines()
        patterns[pattern] = [line.strip() for line in lines if line.startswith("    ")]
    return {"list": listed, "graph": run([*inventory, "--graph"], case), "patterns": patterns}


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--write"]
    if len(arguments) != 1:
        raise SystemExit(__doc__)
    write = "--write" in sys.argv
    differing = 0
    for case in sorted(path.parent for path in HERE.glob("*/case.json")):
        answer = json.dumps(observe(arguments[0], case), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        stored = case / "expected.json"
        if write:
            stored.write_text(answer)
        elif stored.read_text() != answer:
            print(f"{case.name}: the stored answer differs")
            differing += 1
        else:
            print(f"{case.name}: ok")
    sys.exit(1 if differing else 0)


main()
