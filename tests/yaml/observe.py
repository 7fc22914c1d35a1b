#!/usr/bin/env python3
"""Asks real Ansible how it prints YAML: writes emit.json beside this file.

usage: PYTHON observe.py [--write], with the Python of a virtual environment that has ansible-core 2.19

Without --write the stored answers are compared, and the exit status is 1 if one differs.
"""
import json
import pathlib
import random
import sys

from ansible.plugins.filter.core import to_nice_yaml, to_yaml

STORED = pathlib.Path(__file__).resolve().parent / "emit.json"
NASTY = """yes|no|on|Off|true|null|~|y|n|0644|0o17|1_000|12:30:45|1:30|1e3|1.0e+3|.5|-.5|.inf|.nan|<<|=|2024-01-01
2024-01-01 10:00:00|2024-1-1|- x|-|--|---|--- x|...|... x|a: b|a:|:|: a|:a|a # b|a #b|#c|a#b|it's|"q"|'|''|"
{{ foo }}|{% x %}|[a]|{a}|a, b|a [b]|a {b}|?|? a|?a|a?|!x|&x|*x|\\|x|>x|%x|@x|`x|x`| lead|trail |  |a  b|a:b:c|a - b
http://x.y/z?a=b#c|C:\\dir|back\\slash|é|ünï cödé|日本|😀|a\u00a0b|\u200b|\ufeff|\u2028|x\u2029y|\u0085|\x07|\x1b[0m|\x7f
tab\there|\ttab|cr\rhere|crlf\r\nx|l1\nl2|l1\nl2\n|l1\n\nl2|\nl1|l1\n l2|l1 \nl2|\n|\n\n|a\n\n\nb\n\n|key: |x: |0|00|08|0b2|0x|0x1F""".replace(
    "\n", "|"
)


def texts():
    # `\\|` in the table is a bar that belongs to the text.
    found = [text.replace("\0", "|") for text in NASTY.replace("\\|", "\0").split("|")]
    # The table above is split at newlines, so texts with newlines are made here.
    found += ["l1\nl2", "l1\nl2\n", "l1\n\nl2", "\nl1", "l1\n l2", "l1 \nl2", "\n", "\n\n", "a\n\n\nb\n\n"]
    found += ["word " * 40, "w" * 100 + " " + "v" * 30, "it's " * 30, "tab\t" * 30 + " x", "a  b " * 30]
    found += ["é " * 60, "\t" + "word  " * 30, "x" * 200, "long # " * 20, " lead" + " word" * 30]
    found += ["line one is long " * 8 + "\n" + "line two is long too " * 8, "\x01 " * 50, ""]
    return found


def values():
    all_texts = texts()
    for text in all_texts:
        yield text
        yield {"k": text, "l": [text, [text]], "m": {text: 1, "z": {"deep": text}}}
    for scalar in [0, -5, 10**15, True, False, None, 1.5, 1e16, 1e-5, 1e100, -0.0, 100.0, 123456.789, float("inf")]:
        yield scalar
        yield [scalar, {"a": scalar}]
    yield [[], {}, [[]], [{}], {"a": [], "b": {}}]
    yield {1: "a", 2: "b", True: "c"}
    yield {"b": 1, "a": 2, "B": 3, "ä": 4, "_": 5, "10": 6, "9": 7}
    yield {1: "x", "a": "y"}
    yield {None: 1}
    yield {"x" * 127: 1, "y" * 128: 2, "z" * 129: 3}
    yield [[["a"], "b"], [{"a": [1, {"b": [[2]]}]}]]
    yield {"services": {"web": {"image": "nginx:1", "ports": ["80:80"], "environment": {"A": "yes"}, "deploy": {}}}}
    chosen = random.Random(20)
    for _ in range(40):
        yield random_value(chosen, all_texts, 4)


def random_value(chosen, all_texts, depth):
    kind = chosen.random()
    if depth == 0 or kind < 0.4:
        return chosen.choice([chosen.choice(all_texts), chosen.randint(-99, 99), True, None, "plain words here"])
    inner = [random_value(chosen, all_texts, depth - 1) for _ in range(chosen.randint(0, 4))]
    if kind < 0.65:
        return inner
    return {chosen.choice(all_texts): item for item in inner}


OPTIONS = [{}, {"width": 40}, {"width": 5}, {"width": 1000}, {"sort_keys": False}, {"indent": 3}, {"indent": 12},
           {"explicit_start": True, "explicit_end": True}, {"default_flow_style": True}, {"default_flow_style": False}]


def encoded(value):
    """JSON that keeps what JSON would lose: floats in full, keys that are no strings."""
    if isinstance(value, float):
        return {"!float": repr(value)}
    if isinstance(value, list):
        return [encoded(item) for item in value]
    if isinstance(value, dict):
        if all(isinstance(key, str) for key in value) and not any(key.startswith("!") for key in value):
            return {key: encoded(item) for key, item in value.items()}
        return {"!pairs": [[key, encoded(item)] for key, item in value.items()]}
    return value


def main():
    cases = []
    for index, value in enumerate(values()):
        for options in [{}, OPTIONS[index % len(OPTIONS)]]:
            try:
                plain = to_yaml(value, **options)
                nice = to_nice_yaml(value, **options)
            except Exception as error:  # what Ansible cannot print is no case
                print(f"skipped {value!r}: {error}", file=sys.stderr)
                continue
            case = {"value": encoded(value), "options": options, "to_yaml": plain, "to_nice_yaml": nice}
            if case not in cases:
                cases.append(case)
    answer = "[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n"
    if "--write" in sys.argv:
        STORED.write_text(answer)
    elif STORED.read_text() != answer:
        raise SystemExit("the stored answers differ")
    print(f"{len(cases)} cases")


main()
