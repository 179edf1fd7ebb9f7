"""Make an OpenAPI document from recorded traffic: operations, arguments, answers, and credentials.

The document has names of members, words of paths, and types. It has no recorded value: no examples, no ids,
no names of people.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgagents.errors import PgagentsError
from pgagents.importer.observed.credentials import Proof, describe_schemes, name_scheme
from pgagents.importer.observed.har import FORM, Recorded
from pgagents.importer.observed.shapes import Shape, describe_texts
from pgagents.importer.observed.templates import Templates, describe_ids
from pgagents.importer.reading.names import sentence, snake, unique
from pgagents.text.brief import brief
from pgagents.text.nouns import singular

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
