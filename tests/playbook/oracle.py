#!/usr/bin/env python3
"""Compares the cases with ansible-core: every good case passes its syntax check and has the same tasks and tags.

Usage: oracle.py [--bad] [path of ansible-playbook]; ansible-core 2.19 is what the cases were made with.
With --bad, the bad cases that Ansible's syntax check accepts are listed: there mxprov is the stricter one, on purpose.
"""

import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
BAD = "--bad" in sys.argv
NAMES = [argument for argument in sys.argv[1:] if argument != "--bad"]
PROGRAM = NAMES[0] if NAMES else "ansible-playbook"


def ansible(directory, playbook, option):
    environment = dict(os.environ, ANSIBLE_ROLES_PATH="more_roles", ANSIBLE_DEPRECATION_WARNINGS="false")
    command = [PROGRAM, option, "-i", "localhost,", "-e", "extra=x", playbook]
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def tasks(output):
    lines = []
    for line in output.splitlines():
        found = re.match(r"^ +(.*)\tTAGS: \[(.*)\]$", line)
        if not found:
            continue
        name, tags = found.groups()
        tags = ", ".join(sorted(tag for tag in re.split(", *", tags) if tag))
        lines.append(f"{name} TAGS: [{tags}]")
    return lines


def ours(text):
    lines = []
    for line in text.splitlines():
        name, tags = re.match(r"^ *(.*) TAGS: \[(.*)\]$", line).groups()
        tags = ", ".join(sorted(tag for tag in tags.split(", ") if tag))
        lines.append(f"{name} TAGS: [{tags}]")
    return lines


def is_part(theirs, own):
    """Ansible leaves out what is under `rescue` and `always`."""
    rest = iter(own)
    return bool(theirs) and all(line in rest for line in theirs)


def main():
    wrong = 0
    for case in sorted((HERE / "good").iterdir()):
        code, output = ansible(case, "site.yml", "--syntax-check")
        if code != 0:
            wrong += 1
            print(f"refused by Ansible: {case.name}\n{output}")
        _, output = ansible(case, "site.yml", "--list-tasks")
        theirs, own = tasks(output), ours((case / "tasks.txt").read_text())
        if not is_part(theirs, own):
            wrong += 1
            print(f"other tasks: {case.name}")
            for line in sorted(set(theirs) ^ set(own)):
                print("  Ansible:" if line in theirs else "  mxprov: ", line)
    for case in sorted((HERE / "bad").iterdir()) if BAD else []:
        directory, playbook = (case, "site.yml") if case.is_dir() else (case.parent, case.name)
        code, _ = ansible(directory, playbook, "--syntax-check")
        if code == 0:
            print(f"accepted by Ansible's syntax check: {case.name}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
