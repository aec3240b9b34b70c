#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads OpenMetrics text strictly and prints its samples as JSON, one a line.

What is refused is what either OpenMetrics 1.0 or the older text format of Prometheus
refuses, or reads as something else: whoever passes here can be read as both.

    openmetrics.py FILE            samples: {"name", "labels", "value"}
    openmetrics.py FILE EXPR       a Python expression over get(name, **labels), all(name)
"""
import json
import re
import sys

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?\Z")
UNSAFE = re.compile("[\x00-\x1f\x7f\x80-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


class Bad(Exception):
    pass


def quoted(line, at):
    """The text from the quote at `at`, and where it ends."""
    if line[at:at + 1] != '"':
        raise Bad("no quote")
    out, at = "", at + 1
    while line[at:at + 1] != '"':
        c = line[at:at + 1]
        if not c:
            raise Bad("no end of the quote")
        if c == "\\":
            at += 1
            c = {"\\": "\\", '"': '"', "n": "\n"}.get(line[at:at + 1])
            if c is None:
                raise Bad("an escape that is none")
        out, at = out + c, at + 1
    return out, at + 1


def labels(line, at):
    out, order = {}, []
    while True:
        m = LABEL.match(line, at)
        if not m or m.group().startswith("__") or line[m.end():m.end() + 1] != "=":
            raise Bad("no label")
        value, at = quoted(line, m.end() + 1)
        if m.group() in out:
            raise Bad("a label twice")
        if UNSAFE.search(value):
            raise Bad("what is not safe to print")
        out[m.group()] = value
        order.append(m.group())
        end, at = line[at:at + 1], at + 1
        if end == "}":
            return out, at
        if end != ",":
            raise Bad("neither , nor }")


class Reader:
    def __init__(self):
        self.samples, self.seen, self.done = [], set(), set()
        self.family, self.help, self.type = None, None, None
        self.ended = False

    def begin(self, name):
        if name == self.family:
            return
        if name in self.done:
            raise Bad("a metric in two places")
        if self.family and not any(s["name"] == self.family for s in self.samples):
            raise Bad("a metric without samples")
        self.done.add(name)
        self.family, self.help, self.type = name, None, None

    def comment(self, line):
        if line == "# EOF":
            self.ended = True
            return
        m = re.fullmatch(r"# (HELP|TYPE) (\S+) (.+)", line)
        if not m or not NAME.fullmatch(m.group(2)):
            raise Bad("a comment")
        self.begin(m.group(2))
        if any(s["name"] == self.family for s in self.samples):
            raise Bad("a description behind samples")
        if m.group(1) == "HELP":
            if self.help:
                raise Bad("two descriptions")
            self.help = m.group(3)
        elif self.type or m.group(3) != "gauge":
            # Of a counter the two formats spell the name in TYPE differently.
            raise Bad("two types, or one that the formats do not share")
        else:
            self.type = m.group(3)

    def sample(self, line):
        m = NAME.match(line)
        if not m:
            raise Bad("no name")
        self.begin(m.group())
        if not self.help:
            raise Bad("no description")
        if (self.type is None) != m.group().endswith("_total"):
            raise Bad("counters end in _total, gauges have a type")
        got, at = labels(line, m.end() + 1) if line[m.end()] == "{" else ({}, m.end())
        value = line[at + 1:]
        if line[at:at + 1] != " " or not NUMBER.match(value):
            raise Bad("no number")
        key = (m.group(), tuple(sorted((k, v) for k, v in got.items() if v)))
        if key in self.seen:
            raise Bad("a sample twice")
        self.seen.add(key)
        self.samples.append({"name": m.group(), "labels": got, "value": float(value)})


def read(data):
    r, number = Reader(), 0
    if not data.endswith(b"\n"):
        raise Bad("no newline at the end")
    for number, line in enumerate(data[:-1].decode("utf-8").split("\n"), 1):
        try:
            if r.ended:
                raise Bad("something behind # EOF")
            r.comment(line) if line.startswith("#") else r.sample(line)
        except (Bad, IndexError) as e:
            raise Bad(f"line {number}: {e}: {line}") from None
    if not r.ended:
        raise Bad("no # EOF")
    return r.samples


def main():
    with open(sys.argv[1], "rb") as f:
        try:
            samples = read(f.read())
        except (Bad, UnicodeDecodeError) as e:
            sys.exit(str(e))

    def every(name, **want):
        return [s for s in samples if s["name"] == name and
                all(s["labels"].get(k) == v for k, v in want.items())]

    def get(name, **want):
        found = every(name, **want)
        if len(found) != 1:
            raise SystemExit(f"{len(found)} samples of {name} {want}")
        return found[0]["value"]

    if len(sys.argv) > 2:
        print(eval(sys.argv[2], {"get": get, "every": every, "samples": samples}))
        return
    for s in samples:
        print(json.dumps(s, sort_keys=True))


main()
