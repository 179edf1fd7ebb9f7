"""Installs the peers into a folder, measures them beside ours, and writes the page: `python -m
evaluation.bench.peers FOLDER PAGE`.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from evaluation.bench.mcp import sandbox
from evaluation.bench.peers.callers_token import measure_token_passthrough
from evaluation.bench.peers.calling import Caller, calling
from evaluation.bench.peers.document import Operation, operations, read
from evaluation.bench.peers.figures import figures
from evaluation.bench.peers.front import front
from evaluation.bench.peers.listing import Tool, listing, match_tools
from evaluation.bench.peers.page import page
from evaluation.bench.peers.subjects import Subject, subjects
from evaluation.bench.stdio import talking

FAILS = (OSError, EOFError, KeyError, subprocess.SubprocessError)


def main(folder: Path, out: Path) -> None:
    """Write the page; one server that fails does not stop the others."""
    folder.mkdir(parents=True, exist_ok=True)
    document = read()
    path = folder / "openapi.json"
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    several = operations(document)
    found: list[tuple[Subject, dict[str, str]]] = []
    searches: list[tuple[Subject, Tool]] = []
    with (folder / "servers.log").open("wb") as log:
        for subject in subjects(path, folder):
            _say(
                f"{subject.name}: "
                f"{f'not installed, {subject.missing}' if subject.missing else subject.version}"
            )
            found.append((subject, {}))
            if not subject.missing:
                try:
                    cells, search = measure(subject, several, document, log)
                except FAILS as error:
                    _say(f"{subject.name}: {type(error).__name__}: {error}; it is not measured")
                    continue
                found[-1][1].update(cells)
                searches.append((subject, search))
        _say("what they cost")
        costs = figures(searches, log)
    for subject, cells in found:
        cells |= costs.get(subject.name, {})
    sha = hashlib.sha256(path.read_bytes()).hexdigest()
    out.write_text(page(found, several, sha, _machine(), datetime.date.today()), encoding="utf-8")
    _say(f"wrote {out}")


def measure(
    subject: Subject, several: list[Operation], document: Any, log: Any
) -> tuple[dict[str, str], Tool]:
    """Return every cell of one server but its costs, and its search tool. Raises one of FAILS where the
    server does not serve.
    """
    assert subject.stdio
    with sandbox() as ready, front(ready["url"]) as before:
        key = ready["keys"]["unlimited"]
        with talking(subject.stdio(before.url, key), log) as talk:
            tools = talk.ask("tools/list")["result"]["tools"]
            named = match_tools(tools, several)
            cells = listing(tools, several, document) | calling(Caller(talk, before, named), several, key)
        cells |= measure_token_passthrough(subject, before, key, named["searchParking"], log)
    return cells, named["searchParking"]


def _machine() -> str:
    """Describe the machine, on which the figures depend beside the servers."""
    node = shutil.which("node")
    version = (
        subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
        if node
        else "none"
    )
    load = os.getloadavg()[0]
    return (
        f"Python {platform.python_version()}, Node {version}, "
        f"{os.cpu_count()} processors at a load of {load:.1f}"
    )


def _say(words: str) -> None:
    sys.stderr.write(words + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]))
