"""Fills in or verifies what the cases of this folder expect, by asking ansible-core itself.

Each file holds `vars` and `cases`. A case is a `template` or a `when` with the `value` that it gives,
or the `error` that it ends in (`undefined` or `error`). Where mxprov differs on purpose, `ours` says
what it gives instead and `because` says why; the oracle leaves these alone.

    pip install ansible==12.3.0 passlib netaddr     # ansible-core 2.19.14
    python oracle.py            # verify
    python oracle.py --write    # fill in
"""

import glob
import os
import sys
import warnings

import yaml
from ansible._internal._datatag._tags import TrustedAsTemplate
from ansible._internal._templating._engine import TemplateEngine
from ansible.errors import AnsibleUndefinedVariable
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader

warnings.simplefilter("ignore")


def trusted(value):
    if isinstance(value, str):
        return TrustedAsTemplate().tag(value)
    if isinstance(value, list):
        return [trusted(item) for item in value]
    if isinstance(value, dict):
        return {key: trusted(item) for key, item in value.items()}
    return value


def plain(value):
    """The value without Ansible's own types."""
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    raise TypeError(type(value).__name__)


def observed(case, variables):
    engine = TemplateEngine(loader=DataLoader(), variables=trusted(variables))
    try:
        if "when" in case:
            return {"value": engine.evaluate_conditional(trusted(case["when"]))}
        return {"value": plain(engine.template(trusted(case["template"])))}
    except AnsibleUndefinedVariable:
        return {"error": "undefined"}
    except Exception:
        return {"error": "error"}


def main():
    os.environ.update(HOME="/home/me", TZ="UTC")
    init_plugin_loader([])
    write = "--write" in sys.argv
    wrong = 0
    here = os.path.dirname(os.path.abspath(__file__))
    for path in sorted(glob.glob(os.path.join(here, "*.yaml"))):
        with open(path, encoding="utf-8") as handle:
            family = yaml.safe_load(handle)
        for case in family["cases"]:
            found = observed(case, family.get("vars") or {})
            expected = {key: case[key] for key in ("value", "error") if key in case}
            if expected != found and not write:
                wrong += 1
                print(f"{path}: {case}: Ansible gives {found}")
            for key in ("value", "error"):
                case.pop(key, None)
            case.update(found)
        if write:
            with open(path, "w", encoding="utf-8") as handle:
                yaml.safe_dump(family, handle, sort_keys=False, width=10000, allow_unicode=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
