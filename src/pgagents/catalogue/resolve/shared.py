"""Resolve what parts of a catalogue have in common: values, calls, laws, error codes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from pgagents.base.cel.expression import Expression
from pgagents.base.cel.expression import compile as compiled
from pgagents.base.jsonschema.direction import OneWay
from pgagents.base.jsonschema.schema import resolve, says_nothing
from pgagents.base.places import Node, Pointer, Source, Text
from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.checks.refusals import find_place
from pgagents.catalogue.language import actions, catalogue, errors, resources
from pgagents.catalogue.language.catalogue import list_alternatives
from pgagents.catalogue.language.errors import JSON, PROBLEM_JSON
from pgagents.catalogue.language.schemas import schema_nodes
from pgagents.catalogue.model.action import Action, ActionCall, Law, Undescribed
from pgagents.catalogue.model.answers import Code


class Shared:
    """Resolve values, calls, laws and codes. It also holds the state of one resolution."""

    def __init__(self, written: catalogue.Catalogue, source: Source, checker: Checker) -> None:
        self.written = written
        self.source = source
        self.data = source.data
        self.checker = checker
        named, self.marks = schema_nodes(written, self.data)
        self.sent, self.answered = OneWay(named, "sent"), OneWay(named, "answered")
        self.schemas = {**named, **self.sent.variants, **self.answered.variants}
        self.provoked: dict[str, dict[str, ActionCall]] = {name: {} for name in written.errors.codes}
        self.errors = self._with_problem_details(written.errors)
        self.codes = {name: self._code(name, code) for name, code in written.errors.codes.items()}
        self.actions: dict[str, Action] = {}
        self.security = list_alternatives(written, written.security)

    def _code(self, name: str, code: errors.Code) -> Code:
        at, common = ("errors", "codes", name), self.errors
        content_type = code.content_type or common.content_type or (JSON if code.envelope else "")
        return Code(
            name,
            code.status,
            Text(code.meaning or name.replace("_", " ").capitalize(), (*at, "meaning")),
            code.envelope or common.envelope or "",
            tuple(code.only) if code.only is not None else None,
            tuple(code.cite),
            at,
            self.provoked[name],
            code.wire,
            find_place(common, code),
            code.message_at if "message_at" in code.model_fields_set else common.message_at,
            content_type,
            self.checker.expressions.get((*at, "when")),
            common.inferred and code.only == [],
        )

    def _with_problem_details(self, written: errors.Errors) -> errors.Errors:
        """Return the errors with an envelope, and its schema added, if RFC 9457 defines their bodies."""
        if written.envelope is not None or written.content_type != PROBLEM_JSON:
            return written
        self.schemas.setdefault(PROBLEM_DETAILS, problem_details())
        return written.model_copy(update={"envelope": PROBLEM_DETAILS})

    def _law(self, name: str, law: actions.Law, at: Pointer) -> Law:
        that, when = map(self.checker.expressions.get, self.checker.law_places(at))
        assert that is not None
        return Law(name, that, when, tuple(law.cite), at)

    def _values(self, value: Any, pointer: Pointer) -> Any:
        """Return a value with its expressions compiled."""
        if isinstance(value, str) and value.startswith("="):
            return self.checker.expressions[pointer]
        if isinstance(value, dict):
            return {k: self._values(v, (*pointer, k) if k != "*" else pointer) for k, v in value.items()}
        if isinstance(value, list):
            return [self._values(v, (*pointer, i)) for i, v in enumerate(value)]
        return value

    def _call(self, call: resources.CatalogueCall | None, at: Pointer) -> ActionCall | None:
        if call is None:
            return None
        found = self.checker.expressions
        return ActionCall(
            self.actions[call.action],
            {name: fold(value) for name, value in self._values(call.input, (*at, "input")).items()},
            found.get((*at, "at")),
            found.get((*at, "where")),
            at,
        )

    def _calls(
        self, calls: list[resources.CatalogueCall], at: Pointer, raw: Any, resource: resources.Resource
    ) -> tuple[ActionCall, ...]:
        places = [at] if isinstance(raw, dict) else [(*at, i) for i in range(len(calls))]
        return tuple(
            c for call, place in zip(calls, places, strict=True) if (c := self._whole(call, place, resource))
        )

    def _whole(
        self, call: resources.CatalogueCall | None, at: Pointer, resource: resources.Resource
    ) -> ActionCall | None:
        """Resolve a call that returns resources. Without `at`, the whole body is the resource or the list."""
        found = self._call(call, at)
        if found is None or call is None:
            return None
        named = call.id or (resource.id if found.at and "location" in found.at.names else None)
        inferred = is_inferred(call, resource, str(at[2]))
        guessed = inferred and found.at is None and named is None and self._is_undescribed(found.action)
        return replace(
            found,
            inferred=inferred,
            undescribed=_guess_places(resource.id, str(at[1]))
            if guessed and isinstance(resource.id, str)
            else None,
            at=found.at or compiled("response", ("response",)),
            body_at=resource.body_at or "",
            id_at=(resource.id, str(named)) if named and isinstance(resource.id, str) else None,
        )

    def _is_undescribed(self, action: Action) -> bool:
        """True if the document says nothing of the body of a success."""
        answer = next((o for o in action.outputs if o.status // 100 == 2), None)
        if answer is None or answer.status == HTTPStatus.NO_CONTENT:
            return False
        return says_nothing(resolve(answer.schema or {}, self.schemas))


def _guess_places(id: str, kind: str) -> Undescribed:
    camel = re.sub("_(.)", lambda found: found[1].upper(), kind)
    ids = dict.fromkeys((id, "id", "_id", f"{kind}_id", f"{camel}Id", "uuid"))  # `_id` is MongoDB's
    return Undescribed(tuple(ids), ("data", "item", "result", "object", kind, camel))


def is_inferred(call: resources.CatalogueCall, resource: resources.Resource, key: str) -> bool:
    """Return whether a resource's call was inferred: by its own word, or else by the resource's.

    `key` is the call's key in the resource. An author may confirm an inferred call by it.
    """
    if key in resource.confirmed:
        return False
    return resource.inferred if call.inferred is None else call.inferred


# -- objects and lists as one expression


def fold(value: Any) -> Any:
    """Return an object or list that contains expressions as one expression; any other value unchanged."""
    inside = list(_list_expressions(value)) if isinstance(value, dict | list) else []
    if not inside:
        return value
    return compiled(_write_value(value), frozenset().union(*(found.names for found in inside)))


def _list_expressions(value: Any) -> Iterator[Expression]:
    if isinstance(value, Expression):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        yield from _list_expressions(one)


def _write_value(value: Any) -> str:
    """Write a value as CEL, with numbers as doubles."""
    if isinstance(value, Expression):
        return f"({value.canonical})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {_write_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_write_value, value)) + "]"
    whole = isinstance(value, int) and not isinstance(value, bool)
    return json.dumps(float(value) if whole else value, ensure_ascii=False)


# -- the schema of problem details


PROBLEM_DETAILS = "ProblemDetails"
_AT = ("errors", "content_type")


def problem_details() -> Node:
    """Return the members that RFC 9457 (3.1) defines. All are optional, and further members may follow."""

    def text(description: str, **more: str) -> Node:
        return Node({"type": "string", **more, "description": description}, origin=_AT)

    status = {
        "type": "integer",
        "minimum": 100,
        "maximum": 599,
        "description": "The HTTP status of this answer",
    }
    members = {
        "type": text("A URI that identifies the type of the problem", format="uri-reference"),
        "title": text("The type of the problem in a few words"),
        "status": Node(status, origin=_AT),
        "detail": text("An explanation of this occurrence"),
        "instance": text("A URI that identifies this occurrence", format="uri-reference"),
    }
    return Node(
        {
            "type": "object",
            "description": "The reason why a call was refused (RFC 9457)",
            "properties": Node(members, origin=_AT),
        },
        origin=_AT,
    )
