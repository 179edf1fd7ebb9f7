"""Convert the headers of responses: those of a whole class of responses, and those of one action."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pgagents.base.text import brief
from pgagents.importer.document import Found, References
from pgagents.importer.members import is_same
from pgagents.importer.names import Notes, cut
from pgagents.importer.operations import Answer, ImportedAction, Operation, explain_missing
from pgagents.importer.schemas import Schemas

MAX_HEADERS = 50
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_SUCCESSES, _ERRORS = frozenset(range(200, 400)), frozenset(range(400, 600))


@dataclass(frozen=True, slots=True, eq=False)
class _Response:
    """One documented response: the statuses that it may have, and its headers."""

    made: ImportedAction
    statuses: frozenset[int]
    headers: dict[str, Found]
    output: int | None
    """The status of the action's success that it is; None for any other response."""
    lone: bool = False
    """True if it is the only documented success, and the errors too."""

    @property
    def keyed(self) -> bool:
        """True if the call needs a key."""
        return self.made.action.get("security") != []


class Headers:
    """Collect response headers. A header is kept if a whole class of responses requires it."""

    def __init__(self, schemas: Schemas, notes: Notes, references: References) -> None:
        self.schemas, self.notes, self.references = schemas, notes, references
        self.responses: list[_Response] = []

    def take(self, made: ImportedAction) -> None:
        """Record the headers of an action's responses."""
        operation = made.operation
        for answer in operation.answers:
            if not (statuses := _list_statuses(answer, operation)):
                continue
            written = answer.whole.at("headers").members().items()
            headers = {name: self.references.follow(header) for name, header in written}
            for name, header in written:
                if not isinstance(headers[name].value, dict):
                    why, extent = explain_missing(header, "nothing describes it")
                    self.notes.add_lost(("headers",), f"header `{brief(name)}`: {why}", header.place, extent)
            headers = {name: header for name, header in headers.items() if isinstance(header.value, dict)}
            output = _find_output(answer, statuses, made)
            lone = answer.status == "default" and bool(statuses & _SUCCESSES)
            self.responses.append(_Response(made, statuses, headers, output, lone))

    def section(self, edge: frozenset[int]) -> dict[str, Any]:
        """Return the catalogue's `headers`. Responses with a status in `edge` come from a proxy and are
        ignored.
        """
        own = [replace(one, statuses=one.statuses - edge) for one in self.responses]
        self.responses = [one for one in own if one.statuses]
        found: dict[str, Any] = {}
        names = dict.fromkeys(
            name for one in self.responses for name in one.headers if name.lower() != "content-type"
        )
        if len(names) > MAX_HEADERS:
            self.notes.add_lost(
                ("headers",), f"{len(names):,} headers are described; {MAX_HEADERS} are carried"
            )
        for name in list(names)[:MAX_HEADERS]:
            if name.strip() and name.isprintable() and (header := self._header(name)) is not None:
                found[name] = header
        return found

    def _header(self, name: str) -> dict[str, Any] | None:
        """Return a header of a class of responses; None if it belongs to single actions, or is lost."""
        # documents cannot require it, because it is sent over https only
        secure = name.lower() == "strict-transport-security"
        described = [one for one in self.responses if name in one.headers]
        sure = [one for one in described if secure or one.headers[name].value.get("required") is True]
        if not sure:
            self._say_alone(name, described, "may come, and it is not a success's")
            return None
        first = sure[0].headers[name]
        having = [one for one in sure if is_same(one.headers[name].at("schema"), first.at("schema"))]
        others = [one for one in described if one.output is not None and one not in having]
        on = _find_class(having, [one for one in self.responses if one not in having])
        if on is None or others:
            self._say_alone(name, described, "comes with some errors only, of no one class")
        carried = having if on is not None and not others else [one for one in sure if one.output is not None]
        if carried and (rest := [one for one in sure if one not in carried]):
            why = f"header `{brief(name)}` is required of other responses too, of no one class"
            self.notes.add_lost(("headers",), why, rest[0].headers[name].place)
        if on is None or others:
            return None
        schema = (
            self.schemas.convert(first.at("schema"), ("headers", name, "schema"))
            if "schema" in first.value
            else {}
        )
        const = schema.pop("const", None)
        if "const" in first.at("schema").mapping() and not isinstance(const, str):
            schema["const"], const = const, None
        return {
            "description": cut(first.text("description")) or name,
            "on": on,
            **({"https": True} if secure else {}),
            "schema": schema or {"type": "string"},
            **({"const": const} if const is not None else {}),
        }

    def _say_alone(self, name: str, described: Sequence[_Response], why: str) -> None:
        """Add a header to each success that has it. If no success has it, record the loss."""
        said = False
        for one in described:
            found = one.headers[name]
            if one.output is None or not HEADER_NAME.fullmatch(name):
                continue
            at = ("actions", one.made.name, "output", one.output, "headers", name)
            schema = self.schemas.convert(found.at("schema"), at) if "schema" in found.value else {}
            if _holds_many(schema):
                continue
            text = cut(found.text("description"))
            written = {**schema, **({"description": text} if text else {})} or {"type": "string"}
            written |= {} if found.value.get("required") is True else {"required": False}
            output = one.made.action["output"].get(one.output) or {}
            one.made.action["output"][one.output] = {
                **output,
                "headers": {**output.get("headers", {}), name: written},
            }
            said = True
        if not said:
            self.notes.add_lost(
                ("headers",), f"header `{brief(name)}` {why}", described[0].headers[name].place
            )


def _holds_many(schema: dict[str, Any]) -> bool:
    """True for the schema of a list or an object, which a header in a catalogue cannot have."""
    return schema.get("type") in ("array", "object") or "properties" in schema or "items" in schema


def _list_statuses(answer: Answer, operation: Operation) -> frozenset[int]:
    """Return the statuses that a response may have: those of a range or of `default` have no other one.

    `default` means errors, unless no success is documented.
    """
    told = [other.status.upper() for other in operation.answers]
    exact = frozenset(int(status) for status in told if status.isdecimal())
    status = answer.status.upper()
    if status.isdecimal():
        return frozenset((int(status),))
    if status in _RANGES:
        return _RANGES[status] - exact
    if status != "DEFAULT":
        return frozenset()
    ranges = exact.union(*(_RANGES[other] for other in told if other in _RANGES))
    every = _ERRORS if any(other[:1] == "2" for other in told) else _ERRORS | _SUCCESSES
    return every - ranges


_RANGES = {f"{digit}XX": frozenset(range(digit * 100, digit * 100 + 100)) for digit in range(1, 6)}


def _find_output(answer: Answer, statuses: frozenset[int], made: ImportedAction) -> int | None:
    """Return the status of the action's success that a response is; None if it is none."""
    outputs = made.action["output"]
    if answer.status.isdecimal():
        return int(answer.status) if int(answer.status) in outputs else None
    return 200 if 200 in statuses and 200 in outputs else None


def _find_class(having: Sequence[_Response], lacking: Sequence[_Response]) -> str | int | list[int] | None:
    """Return the class of responses that always has a header, or None."""
    # a lone `default` promises its header for successes; it may lack it anywhere
    sure = frozenset().union(*(one.statuses - (_ERRORS if one.lone else set()) for one in having))
    without = frozenset().union(*(one.statuses for one in lacking))
    if not lacking and sure & _SUCCESSES and sure & _ERRORS:
        return "all"
    if sure <= _SUCCESSES and without <= _ERRORS:
        return "success"
    if sure <= _ERRORS and without <= _SUCCESSES:
        return "error"
    if not sure & without and all(len(one.statuses) == 1 for one in having):
        return next(iter(sure)) if len(sure) == 1 else sorted(sure)
    if all(one.keyed and 401 not in one.statuses for one in having) and all(
        not one.keyed or one.statuses == {401} for one in lacking
    ):
        return "keyed"
    return None
