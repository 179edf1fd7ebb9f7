"""Read the servers of a document: the API's own, and those of single operations."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from pgagents.errors import PgagentsError
from pgagents.importer.reading.addresses import (
    base_path,
    expand_variables,
    find_address,
    find_base,
    find_path,
    split_url,
)
from pgagents.importer.reading.names import one_line, snake, unique
from pgagents.importer.reading.note import Notes
from pgagents.importer.reading.operations import Operation
from pgagents.importer.reading.references import Found
from pgagents.source.source import Pointer
from pgagents.text.brief import brief

_VALUE = re.compile(r"[A-Za-z0-9._-]{1,100}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


MOST_BASES = 10


def list_bases(root: Found) -> list[str]:
    """Return the paths of the document's servers, or Swagger's `basePath`; each may be empty."""
    if "swagger" in root.value:
        return [base_path(root)]
    return [find_base(server) for server in root.at("servers").items()[:MOST_BASES]]


def parse_base(path: str) -> str:
    """Return a base path that the caller gives, `/` for none. Raises PgagentsError if it is no path."""
    plain = path.startswith("/") and path.isascii() and path.isprintable()
    if not plain or any(c in path for c in "{}?# ") or "//" in path:
        raise PgagentsError(
            f"--base-path {brief(path)} is no path", "write it as /api/v1, or / for a server without one"
        )
    return find_path(path)


def describe_main(root: Found, url: str, notes: Notes) -> str | dict[str, Any]:
    """Return `api.server`: the URL, or a template with the variables of its host."""
    if "swagger" in root.value:
        return url
    return _describe(root.at("servers", 0), url, notes, ("api", "server"))


def _describe(server: Found, url: str, notes: Notes, at: Pointer) -> str | dict[str, Any]:
    """Return a server with those variables of its host that the catalogue can express.

    A note lists the other variables, which get their defaults.
    """
    head = re.match(r"https?://[^/?#]+", server.text("url"))
    names = list(dict.fromkeys(re.findall(r"\{([^{}]*)\}", head[0]))) if head else []
    variables = {name: _variable(server.at("variables", name)) for name in names}
    said = bool(head and names and all(variables.values()) and all(map(_NAME.fullmatch, names)))
    kept = names if said else []
    every = dict.fromkeys(re.findall(r"\{([^{}]*)\}", server.text("url")))
    if fixed := [name for name in every if name not in kept]:
        told = ", ".join(map(brief, fixed))
        notes.add_lost(at, f"variables of the server's URL have their defaults: {told}", server.place)
    return {"url": head[0], "variables": variables} if head and said else url


def _variable(written: Found) -> dict[str, Any] | None:
    default = written.text("default")
    values = written.value.get("enum") if isinstance(written.value, dict) else None
    found: dict[str, Any] = {"default": default}
    if isinstance(values, list) and values:
        if default not in values or not all(isinstance(v, str) and _VALUE.fullmatch(v) for v in values):
            return None
        found["enum"] = list(dict.fromkeys(values))
    if text := one_line(written.text("description"), 200):
        found["description"] = text
    return found if _VALUE.fullmatch(default) else None


def find_usual_url(operations: Iterable[Operation]) -> str:
    """Return scheme and host of the server that most operations name; empty if no operation names one."""
    named = Counter(url for op in operations if (url := _find_url(op)))
    return named.most_common(1)[0][0] if named else ""


def _find_url(op: Operation) -> str:
    """Return scheme and host of the operation's own server; empty if it has none or cannot be expressed."""
    parts = split_url(expand_variables(op.server)) if op.server is not None else None
    if parts is None or parts.scheme not in ("http", "https"):
        return ""
    return find_address(parts.scheme, parts.netloc)


class Servers:
    """The servers of single operations, each with a name of its own."""

    def __init__(self, root: Found, url: str, notes: Notes, base: str = "") -> None:
        self.base = parse_base(base) if base else base_path(root)
        self._url, self._notes = url, notes
        self.written: dict[str, dict[str, Any]] = {}
        """The servers that operations need, in the catalogue's form."""
        self._names: dict[str, str] = {}

    def find_base(self, op: Operation) -> str:
        """Return the path of the operation's own server, or of the API's if its own has no address."""
        if op.server is None or not any(split_url(expand_variables(op.server))):
            return self.base
        return find_base(op.server)

    def name_of(self, op: Operation, at: Pointer) -> str | None:
        """Return the name of the operation's own server; None if it uses the API's server."""
        if op.server is None:
            return None
        parts = split_url(expand_variables(op.server))
        if any(parts) and not parts.scheme and not parts.netloc:
            return None
        url = _find_url(op)
        if not url:
            why = "the operation's own server has no address; the API's one is called"
            self._notes.add_lost(at, why, op.server.place)
            return None
        if url == self._url:
            return None
        if url not in self._names:
            label = snake((urlsplit(url).hostname or "").split(".")[0]) or "other"
            name = unique(label if _NAME.fullmatch(label) else "other", set(self.written))
            told = _describe(op.server, url, self._notes, at)
            made = told if isinstance(told, dict) else {"url": told}
            if text := one_line(op.server.text("description"), 200):
                made["description"] = text
            self._names[url], self.written[name] = name, made
        return self._names[url]
