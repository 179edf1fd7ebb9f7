"""Make an OpenAPI document from recorded traffic: operations, arguments, answers, and credentials."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from pgagents.base.errors import PgagentsError
from pgagents.base.text import brief, singular
from pgagents.importer.har import FORM, Proof, Recorded, describe_schemes, name_scheme
from pgagents.importer.names import sentence, snake, unique

# -- templates of paths


ENOUGH = 2
"""Number of values that answers must repeat, if the member's name does not identify it as an id."""
_ID = re.compile(
    r"\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{12,}|[0-9A-HJKMNP-TV-Z]{26}|[^@/]+@[^@/]+"
    r"|\d{4}-\d\d-\d\d.*|[A-Za-z]{1,12}[-_](?=[^/]*\d)[A-Za-z0-9_-]{4,}"
    r"|(?=[^/]*\d)(?=[^/]*[A-Za-z])[A-Za-z0-9_=-]{16,}",
    re.I,
)
_VERSION = re.compile(r"v\d+(?:\.\d+)*|\d+\.\d+|\d{4}-\d\d(?:-\d\d)?", re.I)
_NAMES = re.compile(r"(?:.*[_-])?(?:id|uuid|slug|key|login|username|user|handle|email|code)|.*Id|name", re.A)
_OWN_ID = re.compile(r"id|uuid|slug|.*(?:_id|Id|_uuid|_slug)", re.A)
MOST_IDS, SHORTEST, LONGEST = 200_000, 3, 200
_INTEGER = re.compile(r"\d{1,15}")


class Templates:
    """The templates of all paths of a recording."""

    def __init__(self, recorded: Sequence[Recorded]) -> None:
        self._split = {one.path: tuple(unquote(part) for part in one.path.split("/")[1:]) for one in recorded}
        known = _collect_ids(recorded)
        self._marked = {
            path: tuple(_has_shape(at, part) or (at > 0 and part in known) for at, part in enumerate(parts))
            for path, parts in self._split.items()
        }
        self._find_returned(recorded)

    def _find_returned(self, recorded: Sequence[Recorded]) -> None:
        """Mark segments that their answers repeat as ids, shorter paths first."""
        for at in range(1, max((len(s) for s in self._split.values()), default=0)):
            sure: set[tuple[tuple[str, ...], str]] = set()
            weak: dict[tuple[str, ...], set[str]] = {}
            for one in recorded:
                segments = self._split[one.path]
                if len(segments) <= at or self._marked[one.path][at] or not 200 <= one.status < 300:
                    continue
                before = self._before(one.path, at)
                returned = _is_returned(one.answer, segments[at]) if len(segments) == at + 1 else ""
                if returned == "id":
                    sure.add((before, segments[at]))
                elif returned:
                    weak.setdefault(before, set()).add(segments[at])
            sure |= {(k, value) for k, values in weak.items() if len(values) >= ENOUGH for value in values}
            for path, segments in self._split.items():
                if len(segments) > at and (self._before(path, at), segments[at]) in sure:
                    marked = self._marked[path]
                    self._marked[path] = (*marked[:at], True, *marked[at + 1 :])

    def _before(self, path: str, at: int) -> tuple[str, ...]:
        pairs = zip(self._split[path][:at], self._marked[path][:at], strict=True)
        return tuple("{}" if marked else segment for segment, marked in pairs)

    def find(self, path: str) -> tuple[str, dict[str, str]]:
        """Return the template of a path, and the values of its placeholders by name."""
        made, values = [], dict[str, str]()
        before = ""
        for segment, marked in zip(self._split[path], self._marked[path], strict=True):
            if not marked:
                made.append(segment)
                before = segment
                continue
            name = f"{singular(snake(before))}_id" if before else "id"
            while name in values:
                name += "_2"
            values[name] = segment
            made.append(f"{{{name}}}")
        return "/" + "/".join(made), values


def _collect_ids(recorded: Sequence[Recorded]) -> frozenset[str]:
    """Return all texts that successful answers have as ids, at any place."""
    found: set[str] = set()
    stack: list[Any] = [one.answer for one in recorded if 200 <= one.status < 300]
    while stack and len(found) < MOST_IDS:
        value = stack.pop()
        if isinstance(value, list):
            stack += value
        elif isinstance(value, Mapping):
            stack += [member for member in value.values() if isinstance(member, Mapping | list)]
            texts = ((str(name), member) for name, member in value.items() if isinstance(member, str))
            found |= {
                text for name, text in texts if _OWN_ID.fullmatch(name) and SHORTEST <= len(text) <= LONGEST
            }
    return frozenset(found)


def _has_shape(at: int, segment: str) -> bool:
    """True if a segment looks like an id; a version at the beginning of a path does not."""
    if at < 2 and _VERSION.fullmatch(segment):
        return False
    return bool(_ID.fullmatch(segment))


def _is_returned(answer: Any, segment: str) -> str:
    """Return `id` if an answer has the segment as its id, `other` if in another member, otherwise empty."""
    objects = [answer] if isinstance(answer, Mapping) else []
    objects += [v for v in answer.values() if isinstance(v, Mapping)] if isinstance(answer, Mapping) else []
    names = [
        name for one in objects for name, v in one.items() if isinstance(v, str | int) and str(v) == segment
    ]
    if any(_NAMES.fullmatch(str(name)) for name in names):
        return "id"
    return "other" if names else ""


def describe_ids(values: Iterable[str]) -> dict[str, Any]:
    """Return the schema of a placeholder."""
    return {"type": "integer"} if all(_INTEGER.fullmatch(value) for value in values) else {"type": "string"}


# -- schemas of values


MOST_DEPTH, MOST_MEMBERS, MOST_ITEMS = 30, 300, 200
MANY_KEYS = 20
"""Number of members from which an object counts as a map, if its keys differ from value to value."""
_FORMATS = {
    "date-time": re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:?\d\d)"),
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "uuid": re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I),
    "email": re.compile(r"[^@\s]{1,64}@[^@\s]{1,200}\.[a-z]{2,20}", re.I),
    "uri": re.compile(r"https?://[^\s]{3,2000}", re.I),
}
_VALUE = re.compile(r"\d+|[0-9a-f]{8,}|.*@.*|[0-9a-f-]{32,}|.*\d{3,}.*|.*[\s/].*", re.I)
"""Matches keys that are values: numbers, hashes, addresses, ids."""


@dataclass(slots=True)
class Shape:
    """The shape of all values seen so far."""

    kinds: set[str] = field(default_factory=set)
    formats: set[str] | None = None
    members: dict[str, Shape] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    objects: int = 0
    """Number of objects among the values."""
    items: Shape | None = None
    rest: Shape | None = None
    """The shape of all members, once the object counts as a map."""

    def add(self, value: Any, depth: int = 0) -> None:
        """Widen the shape so that it includes this value."""
        if depth > MOST_DEPTH:
            return
        if isinstance(value, dict):
            self._add_object(value, depth)
        elif isinstance(value, list):
            self.kinds.add("array")
            self.items = self.items or Shape()
            for item in value[:MOST_ITEMS]:
                self.items.add(item, depth + 1)
        elif isinstance(value, str):
            self.kinds.add("string")
            fitting = {name for name, pattern in _FORMATS.items() if pattern.fullmatch(value)}
            self.formats = fitting if self.formats is None else self.formats & fitting
        else:
            self.kinds.add(_kind(value))

    def _add_object(self, value: dict[str, Any], depth: int) -> None:
        self.kinds.add("object")
        self.objects += 1
        if self.rest is None and _is_map(value, self):
            self.rest = Shape()
            for member in self.members.values():
                self.rest.join(member)
            self.members = {}
        for name, member in list(value.items())[:MOST_MEMBERS]:
            if self.rest is not None:
                self.rest.add(member, depth + 1)
                continue
            self.members.setdefault(name, Shape()).add(member, depth + 1)
            self.counts[name] = self.counts.get(name, 0) + 1

    def join(self, other: Shape) -> None:
        """Widen the shape so that it includes all values of another shape."""
        self.kinds |= other.kinds
        if other.formats is not None:
            self.formats = other.formats if self.formats is None else self.formats & other.formats
        self.objects += other.objects
        for name, member in other.members.items():
            self.members.setdefault(name, Shape()).join(member)
            self.counts[name] = self.counts.get(name, 0) + other.counts.get(name, 0)
        for mine, theirs in (("items", other.items), ("rest", other.rest)):
            if theirs is not None:
                own = getattr(self, mine) or Shape()
                own.join(theirs)
                setattr(self, mine, own)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the shape."""
        kinds = sorted(self.kinds - {"integer"} if "number" in self.kinds else self.kinds, key=_ORDER.index)
        made: dict[str, Any] = {}
        if kinds:
            made["type"] = kinds[0] if len(kinds) == 1 else kinds
        if "string" in self.kinds and self.formats:
            made["format"] = min(self.formats, key=list(_FORMATS).index)
        if "array" in self.kinds:
            made["items"] = self.items.schema() if self.items is not None else {}
        if self.rest is not None:
            made["additionalProperties"] = self.rest.schema()
        elif "object" in self.kinds:
            made["properties"] = {name: member.schema() for name, member in self.members.items()}
            needed = [name for name, count in self.counts.items() if count == self.objects]
            if needed:
                made["required"] = needed
        return made


_ORDER = ["object", "array", "string", "number", "integer", "boolean", "null"]


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return "integer" if isinstance(value, int) or value.is_integer() else "number"


def _is_map(value: dict[str, Any], known: Shape) -> bool:
    """True if an object is a map: all its keys look like values, or it has many that no other object has."""
    if len(value) > 1 and all(_VALUE.fullmatch(name) for name in value):
        return True
    if any("@" in name for name in value):
        return True
    strangers = sum(name not in known.members for name in value)
    return known.objects > 1 and strangers >= MANY_KEYS and strangers > len(value) / 2


def describe_texts(values: Iterable[str]) -> dict[str, Any]:
    """Return the schema of values that were sent as text, in a query, a path or a form."""
    shape = Shape()
    listed = list(values)
    for kind, pattern in (
        ("integer", r"-?\d{1,15}"),
        ("number", r"-?\d+(?:\.\d+)?"),
        ("boolean", r"true|false"),
    ):
        if listed and all(re.fullmatch(pattern, value) for value in listed):
            return {"type": kind}
    for value in listed:
        shape.add(value)
    return shape.schema() or {"type": "string"}


PHRASES = {
    200: "Success", 201: "Created", 202: "Accepted", 204: "Done", 400: "Bad request", 401: "Not signed in",
    403: "Not allowed", 404: "Not found", 409: "Conflict", 422: "Refused", 429: "Too many requests",
}  # fmt: skip
SURE = 2
"""Number of calls that must all have an argument before it counts as required."""
_PLACEHOLDER = re.compile(r"\{([^}]+)\}")


@dataclass(slots=True)
class Operation:
    """All exchanges of one method and path template."""

    method: str
    path: str
    ids: dict[str, set[str]] = field(default_factory=dict)
    query: dict[str, list[str]] = field(default_factory=dict)
    with_query: Counter[str] = field(default_factory=Counter)
    repeated: set[str] = field(default_factory=set)
    bodies: dict[str, Shape] = field(default_factory=dict)
    fields: dict[str, list[str]] = field(default_factory=dict)
    with_body: int = 0
    answers: dict[int, dict[str, Shape]] = field(default_factory=dict)
    proofs: Counter[Proof] = field(default_factory=Counter)
    calls: int = 0
    idempotent: bool = False
    open: bool = False
    """True if a call without any credential succeeded."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The document of a recording, with descriptions of its sources and its gaps for a person."""

    document: dict[str, Any]
    calls: Mapping[tuple[str, str], int]
    """The number of exchanges of each method and path."""
    remarks: tuple[str, ...]


def describe_recording(recorded: Sequence[Recorded], others: int) -> Recording:
    """Return the document of the host that was called most. Raises PgagentsError if there are no calls."""
    origins = Counter(one.origin for one in recorded)
    if not origins:
        raise PgagentsError(
            "the recording has no call of an API: no JSON was sent or answered",
            "record with the bodies of answers; a HAR without content says nothing",
        )
    origin = origins.most_common(1)[0][0]
    chosen = [one for one in recorded if one.origin == origin]
    grouped = _group(chosen)
    kept = [op for op in grouped if any(200 <= status < 400 for status in op.answers)]
    if not kept:
        raise PgagentsError(f"no call of {brief(origin)} in the recording succeeded", "record calls that do")
    remarks = [f"{others:,} entries are no calls of an API (pages, pictures, preflights)"] if others else []
    remarks += [
        f"{count:,} calls of {brief(name)} are left out" for name, count in origins.items() if name != origin
    ]
    if len(kept) < len(grouped):
        remarks.append(f"{len(grouped) - len(kept):,} operations never succeeded and are left out")
    if hidden := sum(one.left_out for one in chosen):
        noun = "a name holds a key and is" if hidden == 1 else f"{hidden:,} names hold a key and are"
        remarks.append(f"{noun} left out")
    proofs = sorted({proof for op in kept for proof in op.proofs}, key=name_scheme)
    if not proofs:
        remarks.append(
            "no call shows a key; browsers leave it out of a HAR unless asked: --auth SCHEME adds one"
        )
    return Recording(
        _describe(origin, kept, proofs), {(op.method, op.path): op.calls for op in kept}, tuple(remarks)
    )


def _group(recorded: Sequence[Recorded]) -> list[Operation]:
    templates = Templates(recorded)
    found: dict[tuple[str, str], Operation] = {}
    for one in recorded:
        if one.status == 304:
            continue
        path, ids = templates.find(one.path)
        op = found.setdefault((one.method, path), Operation(one.method, path))
        _add(op, one, ids)
    return list(found.values())


def _add(op: Operation, one: Recorded, ids: Mapping[str, str]) -> None:
    good = 200 <= one.status < 400
    if good:
        op.calls += 1
        for name, value in ids.items():
            op.ids.setdefault(name, set()).add(value)
        names = Counter(name for name, _ in one.query)
        op.with_query.update(names.keys())
        op.repeated |= {name for name, count in names.items() if count > 1}
        for name, value in one.query:
            op.query.setdefault(name, []).append(value)
        op.proofs.update(one.proofs)
        op.open = op.open or not one.proofs
        op.idempotent = op.idempotent or one.idempotent
        if one.sends:
            op.with_body += 1
            op.bodies.setdefault(one.sends, Shape()).add(one.sent)
            for name, value in one.sent.items() if one.sends == FORM else ():
                op.fields.setdefault(name, []).append(value)
    shapes = op.answers.setdefault(one.status, {})
    if one.answers:
        shapes.setdefault(one.answers, Shape()).add(one.answer)


def _describe(origin: str, operations: Sequence[Operation], proofs: Sequence[Proof]) -> dict[str, Any]:
    host = origin.partition("://")[2]
    title = host.partition(":")[0].removeprefix("www.").removeprefix("api.")
    calls = sum(op.calls for op in operations)
    paths: dict[str, dict[str, Any]] = {}
    taken: set[str] = set()
    for op in operations:
        made = paths.setdefault(op.path, {})
        made[op.method.lower()] = _describe_operation(op, taken, proofs)
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": "1.0.0",
            "summary": f"Made of {calls:,} recorded calls of {host}.",
        },
        "servers": [{"url": origin}],
        "paths": paths,
    }
    if proofs:
        document["components"] = {"securitySchemes": describe_schemes(proofs)}
    return document


def _describe_operation(op: Operation, taken: set[str], proofs: Sequence[Proof]) -> dict[str, Any]:
    name = unique(_name(op), taken)
    taken.add(name)
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": describe_ids(op.ids.get(name, ()))}
        for name in _PLACEHOLDER.findall(op.path)
    ]
    parameters += [_describe_query(op, name) for name in op.query]
    if op.idempotent:
        parameters.append({"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}})
    made: dict[str, Any] = {"operationId": name, "summary": sentence(name)}
    if parameters:
        made["parameters"] = parameters
    if op.bodies:
        made["requestBody"] = {
            "required": op.with_body == op.calls,
            "content": {
                media: {"schema": _describe_body(op, media, shape)} for media, shape in op.bodies.items()
            },
        }
    made["responses"] = {str(status): _describe_answer(op, status) for status in sorted(op.answers)}
    if proofs:
        made["security"] = _describe_security(op, proofs)
    return made


def _describe_security(op: Operation, proofs: Sequence[Proof]) -> list[dict[str, list[str]]]:
    """Return the credentials that calls need.

    Those that all calls have are needed together. Otherwise each that some calls have is an alternative.
    """
    always = [proof for proof in proofs if op.proofs[proof] == op.calls]
    ways = [always] if always else [[proof] for proof in proofs if op.proofs[proof]]
    needs: list[dict[str, list[str]]] = [{name_scheme(proof): [] for proof in way} for way in ways]
    return [{}, *needs] if op.open and needs else needs


def _describe_query(op: Operation, name: str) -> dict[str, Any]:
    schema = describe_texts(op.query[name])
    if name in op.repeated:
        schema = {"type": "array", "items": schema}
    required = op.calls >= SURE and op.with_query[name] == op.calls
    return {"name": name, "in": "query", "schema": schema} | ({"required": True} if required else {})


def _describe_body(op: Operation, media: str, shape: Shape) -> dict[str, Any]:
    schema = shape.schema()
    if media == FORM:
        schema["properties"] = {name: describe_texts(values) for name, values in op.fields.items()}
    if shape.objects < SURE:
        schema.pop("required", None)  # one call does not show which members are required
    return schema


def _describe_answer(op: Operation, status: int) -> dict[str, Any]:
    made: dict[str, Any] = {"description": PHRASES.get(status, "Success" if status < 400 else "Refused")}
    if op.answers[status]:
        made["content"] = {media: {"schema": shape.schema()} for media, shape in op.answers[status].items()}
    return made


def _name(op: Operation) -> str:
    """Return a common name for an operation: `list_notes`, `get_note`, `create_note`, `cancel_order`."""
    segments = [part for part in op.path.split("/") if part]
    words = [snake(part) for part in segments if not part.startswith("{")]
    noun = words[-1] if words else "root"
    on_item = bool(segments) and segments[-1].startswith("{")
    above = singular(words[-2]) + "_" if len(words) > 1 and len(segments) > 2 and not on_item else ""
    if op.method == "GET":
        return f"get_{singular(noun)}" if on_item else f"list_{above}{noun}" if _lists(op) else f"get_{noun}"
    if op.method == "POST" and not on_item:
        behind_item = len(segments) > 1 and segments[-2].startswith("{")
        act = behind_item and singular(noun) == noun
        return (
            f"{noun}_{singular(words[-2])}" if act and len(words) > 1 else f"create_{above}{singular(noun)}"
        )
    verb = {"POST": "change", "PUT": "replace", "PATCH": "update", "DELETE": "delete"}[op.method]
    return f"{verb}_{singular(noun) if on_item else noun}"


def _lists(op: Operation) -> bool:
    """True if a successful answer is a list or contains one."""
    for status, shapes in op.answers.items():
        for shape in shapes.values() if 200 <= status < 300 else ():
            if "array" in shape.kinds or any("array" in member.kinds for member in shape.members.values()):
                return True
    return False


def list_calls(recording: Recording) -> dict[str, int]:
    """Return the number of exchanges of each operation, as `GET /notes/{note_id}`."""
    return {f"{method} {path}": count for (method, path), count in recording.calls.items()}
