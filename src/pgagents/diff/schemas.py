"""Compare arguments and answers of one action."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pgagents.diff.change import Change, Severity
from pgagents.diff.shapes.difference import Difference, Who
from pgagents.diff.shapes.direction import turn_schema, turn_schemas
from pgagents.diff.shapes.keywords import ABSENT, is_same, shorten_json
from pgagents.diff.values import differences
from pgagents.encoding.medium import has_body
from pgagents.encoding.style import PIPES, SPACES
from pgagents.model.action import Action
from pgagents.model.answers.output import Output
from pgagents.model.argument import Param
from pgagents.model.model import Model
from pgagents.text.brief import brief


@dataclass(frozen=True, slots=True)
class Sides:
    """One action in both editions, and the surfaces that show it."""

    old: Model
    new: Model
    a: Action
    b: Action
    where: tuple[str, ...]

    def change(
        self,
        severity: Severity,
        id: str,
        message: str,
        *steps: str | int,
        example: str = "",
        safety: bool = False,
    ) -> Change:
        """Return a change of a part of this action; `steps` lead to the part."""
        old, new = (*self.a.origin, *steps), (*self.b.origin, *steps)
        return Change(severity, id, str(self.b.name), message, self.where, old, new, example, safety)


def inputs(s: Sides) -> Iterator[Change]:
    """Yield the changes of the arguments that callers send."""
    yield from _body_type(s)
    yield from _body_size(s)
    then, now = {str(p.name): p for p in s.a.params}, {str(p.name): p for p in s.b.params}
    for name, p in then.items():
        if name in now:
            yield from _argument(s, p, now[name])
        elif p.required or s.b.unknown == "refused":
            yield s.change("breaking", "argument-removed", f"argument `{name}` is gone", "input", name)
        else:
            yield s.change(
                "may break",
                "argument-removed",
                f"argument `{name}` is gone: who sends it is refused, or not heard",
                "input",
                name,
            )
    for name, p in now.items():
        if name not in then:
            must = p.required
            message = f"argument `{name}` is new" + (" and required" if must else "")
            yield s.change(
                "breaking" if must else "addition",
                "argument-required" if must else "argument-added",
                message,
                "input",
                name,
            )
    if s.a.unknown != s.b.unknown:
        severity: Severity = "may break" if s.b.unknown != "ignored" else "addition"
        yield s.change(
            severity, "unknown-members", f"unknown members are {s.b.unknown} now, were {s.a.unknown}", "input"
        )


def _describe_style(p: Param) -> str:
    if p.json:
        return "as JSON"
    if not p.style:
        return "as a JSON value"
    return f"as `{p.style}`" if p.explode or p.style in (SPACES, PIPES) else f"as one text of `{p.style}`"


def _body_type(s: Sides) -> Iterator[Change]:
    """Yield a change of the media type of the body that callers send."""
    if s.a.content_type != s.b.content_type and has_body(s.a) and has_body(s.b):
        message = f"the body is {s.b.content_type} now, was {s.a.content_type}"
        yield s.change("breaking", "body-type", message, "content_type")


def _body_size(s: Sides) -> Iterator[Change]:
    """Yield a change of the largest body, unless the change of the limit for all bodies covers it."""
    before, after = s.a.max_body_bytes, s.b.max_body_bytes
    shared = (s.old.limits.max_body_bytes, s.new.limits.max_body_bytes)
    if before == after or (before, after) == shared:
        return
    less = after is not None and (before is None or after < before)
    said = f"a body has at most {after:,} bytes now" if after is not None else "a body may have any size now"
    yield s.change("breaking" if less else "addition", "body-size", said, "max_body_bytes")


def _argument(s: Sides, p: Param, q: Param) -> Iterator[Change]:
    name = str(q.name)
    if (p.place, p.wire if p.place != "path" else "") != (q.place, q.wire if q.place != "path" else ""):
        yield s.change(
            "breaking",
            "argument-moved",
            f"argument `{name}` is {q.place} {q.wire} now, was {p.place} {p.wire}",
            "input",
            name,
        )
    elif (p.style, p.explode, p.json, p.reserved) != (q.style, q.explode, q.json, q.reserved):
        yield s.change(
            "breaking",
            "argument-style",
            f"argument `{name}` is sent {_describe_style(q)} now, was {_describe_style(p)}",
            "input",
            name,
        )
    if q.required and not p.required:
        yield s.change("breaking", "argument-required", f"argument `{name}` is required now", "input", name)
    elif p.required and not q.required:
        yield s.change("addition", "argument-optional", f"argument `{name}` is optional now", "input", name)
    yield from _compare_defaults(s, p, q)
    told = p.description != q.description
    yield from _values(
        s, p.schema, q.schema, "callers", f"argument `{name}`", "" if told else "argument-text", "input", name
    )
    if told:
        yield s.change(
            "wording",
            "argument-text",
            f"argument `{name}` is described anew: {brief(q.description, 80)}",
            "input",
            name,
        )


def _compare_defaults(s: Sides, p: Param, q: Param) -> Iterator[Change]:
    """Yield the change of an argument's default, which changes the meaning of calls without the argument."""
    name = str(q.name)
    before, after = p.schema.get("default", ABSENT), q.schema.get("default", ABSENT)
    if not is_same(before, after):
        if after is ABSENT:
            said = "no default any more"
        elif before is ABSENT:
            said = f"a default now: {shorten_json(after)}"
        else:
            said = f"another default: {shorten_json(after)}, was {shorten_json(before)}"
        yield s.change(
            "may break",
            "default",
            f"argument `{name}` has {said}: calls without it mean something else",
            "input",
            name,
        )


def _values(
    s: Sides, a: Mapping[str, Any], b: Mapping[str, Any], who: Who, what: str, text_id: str, *steps: str | int
) -> Iterator[Change]:
    """Yield the changes of an argument's or answer's schema, each with its place."""
    for found in compare_schemas(s.old, s.new, a, b, who, what):
        if found.id != "text":
            change = s.change(found.severity, found.id, found.said, *steps, example=found.example)
            yield replace(change, new=found.new or change.new)
        elif text_id and not _is_named(found):
            yield s.change("wording", text_id, f"a text inside {what} changed", *steps)


def _is_named(found: Difference) -> bool:
    """Return whether a difference is in a named schema. The texts of these are compared once for all."""
    return found.new is not None and found.new[:1] == ("schemas",)


def compare_schemas(
    old: Model, new: Model, a: Mapping[str, Any], b: Mapping[str, Any], who: Who, what: str
) -> Iterator[Difference]:
    """Yield the differences of two schemas for callers or readers, as whole sentences about `what`.

    A `readOnly` member is required of answers only, a `writeOnly` one of requests only.
    """
    sides = (turn_schema(a, old.schemas, who), turn_schema(b, new.schemas, who))
    known, others = turn_schemas(old.schemas, who), turn_schemas(new.schemas, who)
    for found in differences(sides[0], known, sides[1], others, who):
        at = f"{what} at `{found.path}`" if found.path else what
        if found.id in ("member-added", "member-removed", "member-required"):
            at = f"{what}: member `{found.path}`"
        yield replace(found, said=f"{at} {found.said}")


def answers(s: Sides) -> Iterator[Change]:
    """Yield the changes of the answers."""
    then, now = {o.status: o for o in s.a.outputs}, {o.status: o for o in s.b.outputs}
    for status in then:
        if status not in now:
            yield s.change(
                "breaking", "answer-removed", f"does not answer {status} any more", "output", status
            )
        else:
            yield from _answer(s, then[status], now[status])
    for status in now:
        if status not in then:
            yield s.change(
                "breaking" if status < 300 else "may break",
                "answer-added",
                f"may answer {status} now",
                "output",
                status,
            )


def _answer(s: Sides, o: Output, n: Output) -> Iterator[Change]:
    steps: tuple[str | int, ...] = ("output", n.status)
    fewer = o.any_type or (bool(o.media) and set(n.types) <= set(o.types))  # readers know the remaining types
    if o.types != n.types and not fewer:
        yield s.change(
            "breaking",
            "content-type",
            f"answer {n.status} is {' or '.join(n.types)} now, was {' or '.join(o.types)}",
            *steps,
        )
    yield from _most_bytes(s, o.max_bytes, n.max_bytes, n.status, steps)
    if o.ends_within_s is not None and (n.ends_within_s is None or n.ends_within_s > o.ends_within_s):
        yield s.change(
            "may break", "stream-end", f"the stream of answer {n.status} may last longer now", *steps
        )
    yield from _headers(s, o, n)
    if o.schema is None or n.schema is None:
        if o.schema is not None:
            yield s.change("breaking", "body-removed", f"answer {n.status} has no body any more", *steps)
        elif n.schema is not None:
            yield s.change("may break", "body-added", f"answer {n.status} has a body now", *steps)
        return
    told = o.description != n.description
    yield from _values(
        s, o.schema, n.schema, "readers", f"answer {n.status}", "" if told else "answer-text", *steps
    )
    if told:
        yield s.change(
            "wording",
            "answer-text",
            f"answer {n.status} is described anew: {brief(str(n.description), 80)}",
            *steps,
        )


def _headers(s: Sides, o: Output, n: Output) -> Iterator[Change]:
    """Yield the changes of the headers of one answer."""
    then, now = {h.name.lower(): h for h in o.headers}, {h.name.lower(): h for h in n.headers}
    for small in dict.fromkeys([*then, *now]):
        before, after = then.get(small), now.get(small)
        steps: tuple[str | int, ...] = ("output", n.status, "headers")
        if before is None and after is not None:
            message = f"answer {n.status} has the header {after.name} now"
            yield s.change("addition", "header-added", message, *steps)
        elif after is None and before is not None:
            message = f"answer {n.status} has no header {before.name} any more"
            yield s.change("breaking", "header-removed", message, *steps)
        elif before is not None and after is not None:
            if before.required and not after.required:
                message = f"answer {n.status} may lack the header {after.name} now"
                yield s.change("breaking", "header-optional", message, *steps)
            elif after.required and not before.required:
                message = f"answer {n.status} always has the header {after.name} now"
                yield s.change("addition", "header-required", message, *steps)
            what = f"header {after.name} of answer {n.status}"
            yield from _values(s, before.schema, after.schema, "readers", what, "answer-text", *steps)
            if before.description != after.description:
                yield s.change("wording", "answer-text", f"{what} is described anew", *steps)


def _most_bytes(
    s: Sides, old: int | None, new: int | None, status: int, steps: tuple[str | int, ...]
) -> Iterator[Change]:
    """Yield the change of an answer's largest size, because readers may rely on a limit."""
    if old == new:
        return
    looser = old is not None and (new is None or new > old)
    said = f"may have {new:,} bytes" if new is not None else "may have any size"
    yield s.change(
        "breaking" if looser else "addition", "max-bytes", f"answer {status} {said} now", *steps, "max_bytes"
    )
