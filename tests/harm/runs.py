"""A run of `verify` in process against one of the small servers, and what a test asks of it afterwards."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from harm.cases import CASES, Case
from harm.servers.base import KEYS, READS, REVOKED, Entry, Row, Server
from importing import imported
from pgagents.base.http import Request, Response, Silence, read_json
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.course import Companion
from pgagents.verify.run.journal import JournalFile
from pgagents.verify.run.run import verify

SERVERS = Path(__file__).parent / "servers"
URL = "http://127.0.0.1:1"
SHARED_URL = "https://shared.example"
EVERYONE = {**KEYS, "revoked": REVOKED}
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
MARK_SIZE = 26
"""Characters that are enough for a mark."""
BY_CALLS = re.compile(r"by (\d+) calls$")
MARK = re.compile(r"pgv-[a-z0-9]+-[a-z0-9]+", re.I)


def text_of(case: Case) -> str:
    """The whole catalogue of a case."""
    name = case.catalogue or case.server
    if case.imported:
        return imported(SERVERS / f"{name}.json").text
    head, schemas = (SERVERS / "head.yaml").read_text(encoding="utf-8").split("\nschemas:\n")
    body = (SERVERS / f"{name}.yaml").read_text(encoding="utf-8")
    if "\nsurfaces:\n" in body:
        head = head.replace("\nsurfaces:\n  rest: {actions: all}\n", "\n")
    text = f"{head}\n" + body.replace("schemas:\n", f"schemas:\n{schemas}", 1)
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
    url: str = "",
    companion: Companion | None = None,
    model: Model | None = None,
    journal: JournalFile | None = None,
    **options: Any,
) -> Report:
    """Verify a server with all identities; writes are allowed unless `options` says otherwise."""
    given: dict[str, Any] = {"allow_writes": True, "live": False, **options}

    def sleep(seconds: float) -> None:
        server.now += seconds

    return verify(
        model or model_of(name),
        handler or server,
        Identities(keys),
        Options(**given),
        clock=lambda: server.now,
        sleep=sleep,
        wall=lambda: "2026-04-12T13:20:00Z",
        url=url or (URL if CASES[name].alone else SHARED_URL),
        timer=lambda: server.now,
        companion=companion,
        journal=journal,
    )


def harms(server: Server) -> list[str]:
    """List the changes of rows that existed before, or that are somebody else's."""
    return [str(harm) for harm in server.harms]


def unlisted(server: Server, report: Report) -> list[tuple[str, Row]]:
    """The run's own things that the API would still remove and the report does not name."""
    rows = [(table, row) for table, row in server.left() if not listed(report, row)]
    nameless = sum(int(n[1]) if (n := BY_CALLS.search(line)) else 1 for line in report.footer.may_exist)
    bare = [(table, row) for table, row in rows if not MARK.search(json.dumps(row))]
    return [
        row for row in rows if row not in bare[:nameless]
    ]  # what a server has worded itself can only be counted


def listed(report: Report, row: Row) -> bool:
    """True if the report names a row as left behind, or as what may exist: by its id, its mark, or its own
    words.
    """
    texts = [value for value in row.values() if isinstance(value, str)]
    ids = {str(row[member]) for member in ("id", "account", "name", "place") if member in row}
    lines = (*report.footer.left_behind, *report.footer.may_exist, *report.footer.lasting)
    return (
        any(mark in text for line in lines for mark in MARK.findall(line) for text in texts)
        or any(json.dumps(text) in line for line in lines for text in texts)
        or any(re.search(rf"(?<![\w-]){re.escape(id)}(?![\w-])", line) for id in ids for line in lines)
    )


def unmarked(row: Row) -> bool:
    """True if a row has room for the mark of a run, and none of it."""
    texts = [value for value in row.values() if isinstance(value, str)]
    return max(map(len, texts), default=0) >= MARK_SIZE and not any(MARK.search(text) for text in texts)


def writes(name: str, log: list[Entry]) -> list[Entry]:
    """Requests that are reads neither by their method nor by the catalogue's word: a whole body, sent with
    a key, that asks for a read.
    """
    return [entry for entry in log if entry.method not in READS and not _reads(name, entry)]


def _reads(name: str, entry: Entry) -> bool:
    if entry.method != "POST" or entry.target not in CASES[name].posts_read or not entry.keyed:
        return False
    body = read_json(entry.body).value
    return isinstance(body, dict) and body.get("tool", "get_item") in ("get_item", "list_items")


def undeclared(name: str, server: Server) -> list[Entry]:
    """List the writes whose method the catalogue does not name for their path. An invented method is none of
    HTTP's. A slash too many may pass only with an id or the run's mark. It may also pass if no text of the
    call can hold a mark, or if the call is a read.
    """
    params = [p for a in model_of(name).actions for p in a.params]
    ids = [f'"{p.wire}":'.encode() for p in params if p.refers_to and p.place == "body"]
    no_text = all(
        "enum" in p.schema
        for p in params
        if p.place == "body" and p.schema.get("type") == "string" and not p.refers_to
    )
    paths = [(a.method, a.path) for a in model_of(name).actions] + [
        ("POST", path) for path in CASES[name].posts_read
    ]
    declared = {(method, re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path))) for method, path in paths}

    def known(entry: Entry) -> bool:
        path = entry.target.partition("?")[0]
        plain = re.sub("/+", "/", path)
        bare = plain.rstrip("/")
        fitting = [
            p
            for m, p in declared
            if m == entry.method and any(p.fullmatch(form) for form in (path, bare, f"{bare}/"))
        ]
        marked = (
            b"pgv-" in entry.body
            or bare in CASES[name].posts_read
            or no_text
            or any(id in entry.body for id in ids)
        )
        return any(p.fullmatch(path) or "[" in p.pattern or marked for p in fitting)

    return [entry for entry in server.log if entry.method in METHODS - READS and not known(entry)]
