"""A run of `verify` in process against one of the small servers, and what a test asks of it afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from harm.cases import CASES, Case
from harm.servers.base import KEYS, READS, REVOKED, Entry, Row, Server
from importing import imported
from pgagents.catalogue.load import load_text
from pgagents.model import Model
from pgagents.report.report import Report
from pgagents.verify.options import Identities, Options
from pgagents.verify.run import verify
from pgagents.wire import Request, Response, Silence

SERVERS = Path(__file__).parent / "servers"
URL = "http://127.0.0.1:1"
EVERYONE = {**KEYS, "revoked": REVOKED}
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
MARK = re.compile(r"pgv-[a-z0-9]+-[a-z0-9]+", re.I)


def text_of(case: Case) -> str:
    """The whole catalogue of a case."""
    name = case.catalogue or case.server
    if case.imported:
        return imported(SERVERS / f"{name}.json").text
    head, schemas = (SERVERS / "head.yaml").read_text(encoding="utf-8").split("\nschemas:\n")
    text = f"{head}\n" + (SERVERS / f"{name}.yaml").read_text(encoding="utf-8").replace("schemas:\n", f"schemas:\n{schemas}", 1)
    for old, new in case.edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


@cache
def model_of(name: str) -> Model:
    """The catalogue of a case, loaded."""
    return load_text(text_of(CASES[name]), f"{name}.yaml")


def server_of(name: str, seed: int = 0) -> Server:
    """The server of a case as it is before a run."""
    made = import_module(f"harm.servers.{CASES[name].server}").Case(seed)
    assert isinstance(made, Server)
    return made


def run(
    name: str,
    server: Server,
    *,
    keys: Mapping[str, str] = EVERYONE,
    handler: Callable[[Request], Response | Silence] | None = None,
    url: str = URL,
    **options: Any,
) -> Report:
    """Verify a server with all identities; writes are allowed unless `options` says otherwise."""
    given: dict[str, Any] = {"allow_writes": True, "live": False, **options}

    def sleep(seconds: float) -> None:
        server.now += seconds

    return verify(
        model_of(name), handler or server, Identities(keys), Options(**given), clock=lambda: server.now, sleep=sleep,
        wall=lambda: "2026-04-12T13:20:00Z", url=url, timer=lambda: server.now,
    )  # fmt: skip


def harms(server: Server) -> list[str]:
    """What was done to things that existed before, or that are somebody else's."""
    return [str(harm) for harm in server.harms]


def unlisted(server: Server, report: Report) -> list[tuple[str, Row]]:
    """The run's own things that the API would still remove and the report does not name."""
    lines = list(report.footer.left_behind)
    return [(table, row) for table, row in server.left() if not any(_names(line, row) for line in lines)]


def _names(line: str, row: Row) -> bool:
    """Whether a line of the report names a row, by its id or by its mark."""
    marks = {mark for value in row.values() for mark in MARK.findall(str(value))}
    ids = {str(row[member]) for member in ("id", "account") if member in row}
    return any(mark in line for mark in marks) or any(re.search(rf"(?<![\w-]){re.escape(id)}(?![\w-])", line) for id in ids)


def undeclared(name: str, server: Server) -> list[Entry]:
    """Requests with a method that HTTP knows and the catalogue does not name for their path."""
    declared = [(a.method, re.compile(re.sub(r"\{[^}]+\}", "[^/]+", a.path) + "$")) for a in model_of(name).actions]
    return [
        entry
        for entry in server.log
        if entry.method in METHODS - READS and not any(m == entry.method and p.match(entry.target.partition("?")[0]) for m, p in declared)
    ]
