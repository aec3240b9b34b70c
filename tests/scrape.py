#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What becomes of metrics behind a textfile collector.

    scrape.py URL FILE             every sample of FILE is in the page, with its value
    scrape.py URL --query EXPR     the value Prometheus gives, once it gives one
    scrape.py URL --alerts         names of the alerts that fire, once one does
"""
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

PATIENCE = 40


def get(url):
    with urllib.request.urlopen(url, timeout=10) as r:
        return r.read().decode()


def until(look):
    """What look() gives, once it is something."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            found = look()
        except (urllib.error.URLError, ConnectionError):
            found = None
        if found or time.monotonic() > end:
            return found
        time.sleep(0.1)


def samples(text):
    out = {}
    for line in text.splitlines():
        if line.startswith("lssock_"):
            name, value = line.rsplit(" ", 1)
            if "{" in name:
                name, rest = name.split("{", 1)
                name += "{" + ",".join(sorted(parts(rest[:-1])))
            out[name] = float(value)
    return out


def parts(text):
    """label="value" each, as it is written; a comma may be in a value."""
    at, start, inside = 0, 0, False
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == '"':
            inside = not inside
        elif text[at] == "," and not inside:
            yield text[start:at]
            start = at + 1
        at += 1
    yield text[start:]


def compare(url, path):
    page = until(lambda: get(url))
    with open(path, encoding="utf-8") as f:
        want = samples(f.read())
    got = samples(page or "")
    if "node_textfile_scrape_error 0" not in (page or ""):
        sys.exit("the collector could not read the file")
    if not want or want != got:
        sys.exit(f"only in the file: {sorted(set(want.items()) - set(got.items()))}\n"
                 f"only scraped: {sorted(set(got.items()) - set(want.items()))}")


def query(url, expr):
    def look():
        found = json.loads(get(url + "/api/v1/query?" + urllib.parse.urlencode({"query": expr})))
        return found["data"]["result"]
    for r in until(look) or []:
        print(r["value"][1])


def alerts(url):
    def look():
        found = json.loads(get(url + "/api/v1/alerts"))["data"]["alerts"]
        return sorted({a["labels"]["alertname"] for a in found})
    print(" ".join(until(look) or []))


if sys.argv[2] == "--query":
    query(sys.argv[1], sys.argv[3])
elif sys.argv[2] == "--alerts":
    alerts(sys.argv[1])
else:
    compare(sys.argv[1], sys.argv[2])
