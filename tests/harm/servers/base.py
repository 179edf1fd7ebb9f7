"""Shared parts of these tests' servers: routes, JSON, keys, a log of every request, and an eye on what
existed before the run.
"""

from __future__ import annotations

import copy
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, ClassVar
from urllib.parse import unquote

import jsonschema_rs

from pgagents.base.http import Request, Response, Silence, json_bytes, read_json

KEYS = {"main": "k9f4c1e7a2b58d3066f1", "second": "k2b7d90e4c1fa6853d07"}
"""No key has a prefix that a catalogue names, so that only the caller can say whether writes are allowed."""
REVOKED = "k0e5a8b3c6d9f1427705"
READS = {"GET", "HEAD", "OPTIONS"}
TITLE = {"type": "string", "minLength": 1, "maxLength": 80}
NUMBER = {"type": "integer", "minimum": 1}

Id = str | int
Answer = Response | Silence
Row = dict[str, Any]


class Refused(Exception):
    """An error answer: its status, and the code of its envelope."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code = status, code


MISSING = Refused(404, "NOT_FOUND")
CONFLICT = Refused(409, "CONFLICT")
INVALID = Refused(422, "INVALID")


@dataclass(frozen=True, slots=True)
class Call:
    """A request that fits its route."""

    path: Mapping[str, Any]
    query: Mapping[str, Any]
    body: Mapping[str, Any]
    project: str
    request: Request


@dataclass(frozen=True, slots=True)
class Entry:
    """One request of the log; `status` is None where no answer came."""

    number: int
    method: str
    target: str
    keyed: bool
    body: bytes
    status: int | None

    def __str__(self) -> str:
        key = "" if self.keyed else " (no key)"
        return f"#{self.number} {self.method} {self.target}{key} {self.body[:200]!r} -> {self.status}"


@dataclass(frozen=True, slots=True)
class Harm:
    """A change of something that is not the run's, with the request that made it."""

    table: str
    id: Id
    what: str
    by: Entry

    def __str__(self) -> str:
        return f"{self.table} {self.id} {self.what} by {self.by}"


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path template with the schemas of what a call may carry."""

    method: str
    parts: tuple[str, ...]
    query: Mapping[str, Any]
    body: Any
    keyless: bool
    run: Callable[[Any, Call], Any]

    def values(self, parts: tuple[str, ...]) -> dict[str, str] | None:
        """The path's values by name; None where the path is another."""
        if len(parts) != len(self.parts):
            return None
        found = {}
        for want, part in zip(self.parts, parts, strict=True):
            if want.startswith("{"):
                if not part:
                    return None
                found[want[1:-1]] = part
            elif want != part:
                return None
        return found


def route(
    line: str,
    *,
    query: Mapping[str, Any] | None = None,
    body: Mapping[str, Any] | None = None,
    required: tuple[str, ...] | None = None,
    keyless: bool = False,
) -> Callable[[Callable[[Any, Call], Any]], Callable[[Any, Call], Any]]:
    """Mark a method of a server as what answers `line` ("GET /items/{item_id}"); all of `body` is required
    by default.
    """
    method, template = line.split()
    schema = None
    if body is not None:
        needed = list(body) if required is None else list(required)
        schema = {"type": "object", "properties": body, "required": needed, "additionalProperties": False}

    def mark(run: Callable[[Any, Call], Any]) -> Callable[[Any, Call], Any]:
        made = Route(method, tuple(template.split("/")), query or {}, schema, keyless, run)
        run.routes = [*getattr(run, "routes", []), made]  # type: ignore[attr-defined]  # a function takes any attribute
        return run

    return mark


class Server:
    """A small API in memory. A case names its routes, and in `fill` what existed before the run."""

    may_change: ClassVar[Mapping[str, frozenset[str]]] = {}
    """By table the members that follow from what others make, such as a count of children."""
    paths: ClassVar[Mapping[str, Any]] = {}
    """Schemas of the path's values, by name; a text where none is named."""
    removable: ClassVar[frozenset[str]] = frozenset({"items"})
    """Tables whose rows a call of the API removes."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.now = 1_776_000_000.0
        self.tables: dict[str, dict[Id, Row]] = {}
        self.log: list[Entry] = []
        self.harms: list[Harm] = []
        self._lock = threading.Lock()
        self._routes = [r for name in dir(self) for r in getattr(getattr(self, name), "routes", ())]
        self._routes.sort(
            key=lambda r: [part.startswith("{") for part in r.parts]
        )  # a literal goes before a template
        self.fill()
        self.before = {
            (table, id): self._bytes(table, row)
            for table, rows in self.tables.items()
            for id, row in rows.items()
        }
        self._guarded = dict(self.before)
        self.at_start = copy.deepcopy(self.tables)

    # -- what a case gives

    def fill(self) -> None:
        """Put in what existed before."""
        raise NotImplementedError

    def tick(self) -> None:
        """Let happen what time brings; called before each request."""

    # -- for cases

    def find(self, table: str, id: Id) -> Row:
        """A row, or the refusal that there is none."""
        row = self.tables[table].get(id)
        if row is None:
            raise MISSING
        return row

    def guard(self, table: str, id: Id) -> None:
        """From now on this row is somebody else's too."""
        self._guarded[table, id] = self._bytes(table, self.tables[table][id])

    def guard_all(self) -> set[tuple[str, Id]]:
        """From now on all that is there is somebody else's; returns what was not so before, for `release`."""
        rows = {
            (table, id)
            for table, rows in self.tables.items()
            for id, row in rows.items()
            if self.remains(row)
        }
        new = rows - set(self._guarded)
        for table, id in new:
            self.guard(table, id)
        return new

    def release(self, ours: set[tuple[str, Id]]) -> None:
        """Guard these no longer, and what came meanwhile instead: that was made by somebody else."""
        came = {(table, id) for table, rows in self.tables.items() for id in rows} - set(self._guarded)
        self._guarded = {at: row for at, row in self._guarded.items() if at not in ours}
        for table, id in came:
            self.guard(table, id)

    # -- for tests

    def copied(self) -> Server:
        """A server that goes on by itself from where this one is."""
        memo = {id(self._lock): threading.Lock(), id(self.log): list(self.log)}
        return copy.deepcopy(self, memo)

    def left(self) -> list[tuple[str, Row]]:
        """The run's rows that a call of the API would remove."""
        return [
            (table, row)
            for table in sorted(self.removable)
            for id, row in self.tables[table].items()
            if (table, id) not in self._guarded and self.remains(row)
        ]

    def remains(self, row: Row) -> bool:
        """True if a row is still there as far as the API shows."""
        return not row.get("deleted")

    @property
    def writes(self) -> list[Entry]:
        """Requests that are not reads by their method."""
        return [entry for entry in self.log if entry.method not in READS]

    # -- a request

    def __call__(self, request: Request) -> Answer:
        with self._lock:
            self.now += 0.001
            self.tick()
            answer = self._answer(request)
            status = answer.status if isinstance(answer, Response) else None
            keyed = request.header("authorization") is not None
            entry = Entry(len(self.log) + 1, request.method, request.target, keyed, request.body, status)
            self.log.append(entry)
            self._look(entry)
            return answer

    def _look(self, entry: Entry) -> None:
        for (table, id), was in list(self._guarded.items()):
            row = self.tables[table].get(id)
            if row is None:
                self.harms.append(Harm(table, id, "is gone", entry))
                del self._guarded[table, id]
            elif (now := self._bytes(table, row)) != was:
                self.harms.append(Harm(table, id, f"was {was.decode()} and is {now.decode()}", entry))
                self._guarded[table, id] = now

    def _bytes(self, table: str, row: Row) -> bytes:
        open_ = self.may_change.get(table, frozenset())
        return json.dumps({k: v for k, v in row.items() if k not in open_}, sort_keys=True).encode()

    def _answer(self, request: Request) -> Answer:
        try:
            found = self._routed(request)
        except Refused as refused:
            return error(refused.status, refused.code)
        if isinstance(found, Response | Silence):
            return (
                found
                if request.method != "HEAD" or isinstance(found, Silence)
                else Response(found.status, found.headers)
            )
        status, data = found
        return answer(status, data if request.method != "HEAD" else None)

    def _routed(self, request: Request) -> Any:
        parts = tuple(unquote(part) for part in request.path.split("/"))
        fitting = [(r, values) for r in self._routes if (values := r.values(parts)) is not None]
        if not fitting:
            raise MISSING
        allowed = sorted(
            {r.method for r, _ in fitting}
            | {"OPTIONS"}
            | ({"HEAD"} if any(r.method == "GET" for r, _ in fitting) else set())
        )
        if request.method == "OPTIONS":
            return Response(204, (("Allow", ", ".join(allowed)),))
        wanted = "GET" if request.method == "HEAD" else request.method
        chosen = next(((r, values) for r, values in fitting if r.method == wanted), None)
        project = self._project(request)
        if project is None and not (chosen and chosen[0].keyless):
            raise Refused(401, "UNAUTHORIZED")
        if chosen is None:
            return error(405, "METHOD_NOT_ALLOWED").with_header("Allow", ", ".join(allowed))
        r, values = chosen
        path = {name: taken(text, self.paths.get(name, {})) for name, text in values.items()}
        given = dict(reversed(request.query))
        query = {name: taken(given[name], schema) for name, schema in r.query.items() if name in given}
        for name, schema in r.query.items():
            if name not in given and schema.get("needed"):
                raise INVALID
        return r.run(self, Call(path, query, self._body(request, r), project or "", request))

    def _project(self, request: Request) -> str | None:
        word, _, key = (request.header("authorization") or "").partition(" ")
        return next((project for project, of in KEYS.items() if word.lower() == "bearer" and key == of), None)

    def _body(self, request: Request, r: Route) -> Mapping[str, Any]:
        if r.body is None:
            return {}
        if (request.header("content-type") or "").partition(";")[0].strip().lower() != "application/json":
            raise INVALID
        read = read_json(request.body, paired=True)
        if read.problem or not jsonschema_rs.is_valid(r.body, read.value):
            raise INVALID
        return read.value  # type: ignore[no-any-return]  # the schema says that it is an object


def taken(text: str, schema: Mapping[str, Any]) -> Any:
    """A value of a path or a query, read as its schema says."""
    value: Any = text
    if schema.get("type") == "integer":
        if not re.fullmatch(r"-?[0-9]{1,40}", text):
            raise INVALID
        value = int(text)
    plain = {k: v for k, v in schema.items() if k != "needed"}
    if plain and not jsonschema_rs.is_valid(plain, value):
        raise INVALID
    return value


def answer(status: int, data: Any = None) -> Response:
    """JSON, or no body for None."""
    if data is None:
        return Response(status)
    return Response(status, (("Content-Type", "application/json"),), json_bytes(data))


def error(status: int, code: str) -> Response:
    """The envelope that every catalogue of these tests names."""
    found = answer(status, {"error": {"code": code, "message": f"{code.replace('_', ' ').lower()}."}})
    return found.with_header("WWW-Authenticate", "Bearer") if status == 401 else found


def _name_item(number: int) -> str:
    return f"it-{number * 7919 % 100_003:05d}"


class Items(Server):
    """Items with a title under text ids: list, make, read, remove. Most cases change one of these."""

    likely: ClassVar[tuple[Id, ...]] = ("it-00000", "it-11111", "it-12345")
    """Ids that a tester may make up by itself."""

    def fill(self) -> None:
        self.tables["items"] = {}
        for title in TITLES:
            self.add(title=title)
        for id in self.likely:
            self.tables["items"][id] = {"id": id, "title": f"Item {id}"}

    def ids(self) -> Iterator[Id]:
        """Ids in the order in which they are given."""
        return map(_name_item, count(1))  # a generator could not be copied

    def new_id(self) -> Id:
        """An id that no item has had."""
        if not hasattr(self, "_ids"):
            self._ids = self.ids()
        return next(self._ids)

    def add(self, **members: Any) -> Row:
        """Put an item in."""
        row = {"id": self.new_id(), **members}
        self.tables["items"][row["id"]] = row
        return row

    def shown(self) -> list[Row]:
        """Return the rows that the list shows."""
        return [row for row in self.tables["items"].values() if self.remains(row)]

    @route("GET /items")
    def list_items(self, _call: Call) -> Any:
        return 200, {"items": self.shown()}

    @route("POST /items", body={"title": TITLE})
    def add_item(self, call: Call) -> Any:
        return 201, {"item": self.add(title=call.body["title"])}

    @route("GET /items/{item_id}")
    def get_item(self, call: Call) -> Any:
        return 200, {"item": self.find("items", call.path["item_id"])}

    @route("DELETE /items/{item_id}")
    def remove_item(self, call: Call) -> Any:
        self.find("items", call.path["item_id"])
        del self.tables["items"][call.path["item_id"]]
        return 204, None


TITLES = ("Red kettle", "a", "A", "0", "x", "test", "Blue pot", "string")
"""Titles of rows that existed before: an example of the catalogues, and those that a tester may think of."""
