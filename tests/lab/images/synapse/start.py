#!/usr/bin/python3
"""Starts Synapse as its official image does: `run` (the default) or `generate`, as UID:GID."""

import os
import subprocess
import sys
from pathlib import Path


def fail(text: str) -> None:
    sys.exit(f"start: {text}")


def identity() -> list[str]:
    """What gives up root: nothing where there is no root to give up."""
    if os.getuid() != 0:
        return []
    user, group = os.environ.get("UID", "991"), os.environ.get("GID", "991")
    return ["setpriv", "--reuid", user, "--regid", group, "--clear-groups", "--inh-caps=-all"]


def configuration() -> tuple[str, str]:
    folder = os.environ.get("SYNAPSE_CONFIG_DIR", "/data")
    return folder, os.environ.get("SYNAPSE_CONFIG_PATH", f"{folder}/homeserver.yaml")


LOG = """\
version: 1
formatters:
  precise:
    format: '%(asctime)s - %(name)s - %(lineno)d - %(levelname)s - %(request)s - %(message)s'
handlers:
  console:
    class: logging.StreamHandler
    formatter: precise
root:
  level: INFO
  handlers: [console]
disable_existing_loggers: false
"""


def generate() -> list[str]:
    for name in ("SYNAPSE_SERVER_NAME", "SYNAPSE_REPORT_STATS"):
        if name not in os.environ:
            fail(f"`generate` needs the environment variable {name}")
    folder, path = configuration()
    data = os.environ.get("SYNAPSE_DATA_DIR", "/data")
    for place in (folder, data):
        Path(place).mkdir(parents=True, exist_ok=True)
    log = Path(folder) / f"{os.environ['SYNAPSE_SERVER_NAME']}.log.config"
    if not log.exists():
        # In a container all goes to the console.
        log.write_text(LOG)
    if os.getuid() == 0:
        user, group = int(os.environ.get("UID", "991")), int(os.environ.get("GID", "991"))
        for place in (folder, data, log):
            os.chown(place, user, group)
    return [
        "--server-name", os.environ["SYNAPSE_SERVER_NAME"],
        "--report-stats", os.environ["SYNAPSE_REPORT_STATS"],
        "--config-path", path, "--config-directory", folder, "--data-directory", data,
        "--generate-config", "--open-private-ports",
    ]


def run(arguments: list[str]) -> list[str]:
    if any(word.startswith(("--config-path", "-c")) for word in arguments):
        return arguments
    _, path = configuration()
    if not Path(path).exists():
        fail(f"no configuration file `{path}`: `generate` makes one")
    return [*arguments, "--config-path", path]


def main() -> None:
    mode, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("run", [])
    application = os.environ.get("SYNAPSE_WORKER", "synapse.app.homeserver")
    if mode == "generate":
        application, arguments = "synapse.app.homeserver", generate()
    elif mode == "run":
        arguments = run(arguments)
    else:
        fail(f"no mode `{mode}`")
    found = sorted(Path("/usr/lib").glob("*/libjemalloc.so.2"))
    if found and "LD_PRELOAD" not in os.environ:
        os.environ["LD_PRELOAD"] = str(found[0])
    command = [*identity(), sys.executable, "-m", application, *arguments]
    print("start:", " ".join(command), flush=True)
    if mode == "generate":
        sys.exit(subprocess.run(command, check=False).returncode)
    os.execvp(command[0], command)


main()
