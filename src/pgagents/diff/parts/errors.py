"""Compare the errors of two editions: codes, their statuses, and their places in an answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgagents.diff.change import Change, whole
from pgagents.diff.schemas import compare_schemas
from pgagents.jsonschema.schema import REF
from pgagents.model.answers.error_code import Code
from pgagents.model.model import Model

_OF_CODES = {
    "code_at": "the place of",
    "message_at": "the place of the message of",
    "content_type": "the type of",
}


_OF_ERRORS = (*_OF_CODES, "request_id_at", "field_at", "field_of_several", "scope_at", "when")


def compare_errors(old: Model, new: Model) -> Iterator[Change]:
    """Yield the changes for a caller that reads refusals."""
    a, b = old.errors, new.errors
    yield from _compare_form(a, b)
    yield from _compare_codes(old, new)
    for name in [n for n in a.always if n not in b.always]:
        yield whole(
            "addition", "error-removed", f"{name} is not answered everywhere any more", "errors", "always"
        )
    yield from _compare_framework(a.framework, b.framework)
    yield from _compare_envelopes(old, new)
    if a.edge != b.edge:
        yield whole("may break", "edge", "what a proxy may answer changed", "errors", "edge")


def _compare_form(a: Any, b: Any) -> Iterator[Change]:
    """Yield the changes of the settings that all errors share."""
    for key in _OF_ERRORS:
        if getattr(a, key) != getattr(b, key):
            yield whole(
                "breaking" if getattr(a, key) or key == "when" else "addition",
                "error-form",
                f"{key} is {getattr(b, key)} now, was {getattr(a, key)}",
                "errors",
                key,
            )


def _compare_codes(old: Model, new: Model) -> Iterator[Change]:
    """Yield the codes that are gone, or that have another status or another place in answers."""
    for name, code in old.codes.items():
        now = new.codes.get(name)
        if now is None:
            yield whole("may break", "code-removed", f"error code {name} is gone", "errors", "codes", name)
            continue
        yield from _code_on_the_wire(old, new, code, now)
        if now.status != code.status:
            yield whole(
                "breaking",
                "code-status",
                f"{name} comes with {now.status} now, was {code.status}",
                "errors",
                "codes",
                name,
            )


def _compare_framework(a: Any, b: Any) -> Iterator[Change]:
    """Yield the refusals of the framework that have another code."""
    for key in type(a).model_fields:
        if getattr(a, key) != getattr(b, key):
            yield whole(
                "may break",
                "framework",
                f"{key} is answered {getattr(b, key)} now, was {getattr(a, key)}",
                "errors",
                "framework",
                key,
            )


def _compare_envelopes(old: Model, new: Model) -> Iterator[Change]:
    """Yield the changes of error bodies, and a change of the common one."""
    a, b = old.errors, new.errors
    envelopes = {c.envelope for c in old.codes.values()} | {a.envelope}
    for name in sorted(envelopes & set(new.schemas)):
        yield from compare_bodies(old, new, name, f"error body {name}", "errors")
    if a.envelope != b.envelope:
        yield whole(
            "may break",
            "error-form",
            f"the envelope is {b.envelope} now, was {a.envelope}",
            "errors",
            "envelope",
        )


def _code_on_the_wire(old: Model, new: Model, code: Code, now: Code) -> Iterator[Change]:
    """Yield changes of the members that identify an error, unless a change of all errors explains them."""
    at = ("errors", "codes", code.name)
    if code.shown and now.shown and code.shown != now.shown:
        said = f"{code.name} is {now.shown} in answers now, was {code.shown}"
        yield whole("breaking", "code-value", said, *at)
    for key, words in _OF_CODES.items():
        was, is_now = getattr(code, key), getattr(now, key)
        common = (getattr(old.errors, key) or "", getattr(new.errors, key) or "")
        if was and was != is_now and (was, is_now or "") != common:
            yield whole("breaking", "code-value", f"{words} {code.name} is {is_now} now, was {was}", *at)


def compare_bodies(old: Model, new: Model, name: str, what: str, subject: str) -> Iterator[Change]:
    """Yield the changes of a named schema that every answer of a kind has."""
    whole = {"$ref": REF + name}
    for found in compare_schemas(old, new, whole, whole, "readers", what):
        if found.id != "text":
            place = found.new or ("schemas", name)
            yield Change(
                found.severity, found.id, subject, found.said, (), ("schemas", name), place, found.example
            )
