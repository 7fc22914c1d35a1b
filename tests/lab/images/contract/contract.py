#!/usr/bin/python3
"""Stands in for a program that is in no package registry: asks for what it asks for, listens where
it listens, answers what health checks ask. What that is stands in /usr/local/share/contract.json."""

import base64
import json
import os
import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

# Where the administrator's password is once there is a database.
DATABASE = Path("/var/lib/grafana/lab-password")
CONTRACT = json.loads(Path("/usr/local/share/contract.json").read_text())


def fail(text: str) -> None:
    sys.exit(f"contract: {text}")


def value(name: str, suffix: str = "_FILE") -> str | None:
    """A variable, or what the file says that the variable with the suffix names."""
    path = os.environ.get(name + suffix)
    if path is None:
        return os.environ.get(name)
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        fail(f"{name}{suffix}: {error}")


def reset_password(arguments: list[str]) -> None:
    """`grafana cli admin reset-admin-password --password-from-stdin`, and nothing else."""
    if arguments != ["cli", "admin", "reset-admin-password", "--password-from-stdin"]:
        fail(f"grafana {' '.join(arguments)}: not part of the contract")
    DATABASE.write_text(sys.stdin.readline().rstrip("\n"))


def port(place: dict) -> int:
    return int(os.environ.get(place.get("variable", ""), place["port"]))


def parse(path: Path) -> object:
    try:
        text = path.read_text()
        return json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        fail(f"{path}: {error}")


def provisioning(folder: Path) -> dict[str, list]:
    """All of Grafana's provisioning files, and the dashboards that they name."""
    found = {"datasources": [], "dashboards": []}
    for path in sorted(folder.glob("*/*.y*ml")):
        content = parse(path) or {}
        if not isinstance(content, dict):
            fail(f"{path}: no mapping")
        found["datasources"] += content.get("datasources") or []
        for provider in content.get("providers") or []:
            place = Path(provider["options"]["path"])
            if not place.is_dir():
                fail(f"{path}: no folder {place}")
            for dashboard in sorted(place.rglob("*.json")):
                found["dashboards"].append(parse(dashboard))
    return found


class Handler(BaseHTTPRequestHandler):
    pages: dict[str, str] = {}
    guarded: dict[str, str] = {}

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path in self.guarded:
            given = self.headers.get("Authorization", "")
            expected = base64.b64encode(f"admin:{DATABASE.read_text()}".encode()).decode()
            if given != f"Basic {expected}":
                return self.answer(401, '{"message": "Unauthorized"}')
            return self.answer(200, self.guarded[path])
        if path not in self.pages:
            return self.answer(404, "not found")
        if not is_reached():
            return self.answer(503, "what it needs is out of reach")
        return self.answer(200, self.pages[path])

    do_HEAD = do_GET

    def answer(self, status: int, text: str) -> None:
        self.send_response(status)
        kind = {"{": "application/json", "[": "application/json", "#": "text/plain; version=0.0.4"}
        kind = kind.get(text[:1], "text/html")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text.encode())


def is_reached() -> bool:
    place = CONTRACT.get("reaches")
    if place is None:
        return True
    try:
        host = os.environ[place["host"]]
        with socket.create_connection((host, place["port"]), timeout=2):
            return True
    except OSError:
        return False


class Server(ThreadingHTTPServer):
    address_family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET


def main() -> None:
    for name in CONTRACT["environment"]:
        if not value(name):
            fail(f"{name} must be set")
    for folder in CONTRACT.get("writable", []):
        if not os.access(folder, os.W_OK):
            fail(f"{folder} is not writable by {os.getuid()}:{os.getgid()}")
    for path in map(Path, CONTRACT.get("json", [])):
        if path.exists():
            parse(path)
    Handler.pages = CONTRACT["pages"]
    for name, suffix in CONTRACT.get("secrets", {}).items():
        # Only a new database takes it.
        if not DATABASE.exists():
            DATABASE.write_text(value(name, suffix) or "admin")
    if "provisioning" in CONTRACT:
        found = provisioning(Path(os.environ[CONTRACT["provisioning"]]))
        Handler.guarded = {
            "/api/user": json.dumps({"login": "admin"}),
            "/api/datasources": json.dumps(found["datasources"]),
            "/api/search": json.dumps([{"title": d.get("title")} for d in found["dashboards"]]),
        }
    if "udp" in CONTRACT:
        media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        media.bind(("", port(CONTRACT["udp"])))
    server = Server(("", port(CONTRACT["tcp"])), Handler)
    stop = lambda *_: threading.Thread(target=server.shutdown).start()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print("contract: ready", flush=True)
    server.serve_forever()


if Path(sys.argv[0]).name == "grafana":
    reset_password(sys.argv[1:])
else:
    main()
