"""Arguments and answers of one action in two editions."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from pgagents.action import Action, Output, Param
from pgagents.brief import brief
from pgagents.diff.change import Change, Severity
from pgagents.diff.inclusion import included, same_form
from pgagents.diff.named import bare
from pgagents.model import Model
from pgagents.origin import origin_of
from pgagents.schema import resolve
from pgagents.source import Pointer

SHOWN = 8
MEMBERS = 2_000
DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Sides:
    """One action in both editions, and the surfaces it is seen on."""

    old: Model
    new: Model
    a: Action
    b: Action
    where: tuple[str, ...]

    def change(self, severity: Severity, id: str, message: str, *steps: str | int, example: str = "", safety: bool = False) -> Change:
        """A change of a part of this action; `steps` lead to the part."""
        old, new = (*self.a.origin, *steps), (*self.b.origin, *steps)
        return Change(severity, id, str(self.b.name), message, self.where, old, new, example, safety)


def inputs(s: Sides) -> Iterator[Change]:
    """What callers may and must send."""
    then, now = {str(p.name): p for p in s.a.params}, {str(p.name): p for p in s.b.params}
    for name, p in then.items():
        if name in now:
            yield from _argument(s, p, now[name])
        elif p.required or s.b.unknown == "refused":
            yield s.change("breaking", "argument-removed", f"argument `{name}` is gone", "input", name)
        else:
            yield s.change(
                "may break", "argument-removed", f"argument `{name}` is gone: who sends it is refused, or not heard", "input", name
            )
    for name, p in now.items():
        if name not in then:
            must = p.required
            message = f"argument `{name}` is new" + (" and required" if must else "")
            yield s.change("breaking" if must else "addition", "argument-required" if must else "argument-added", message, "input", name)
    if s.a.unknown != s.b.unknown:
        severity: Severity = "may break" if s.b.unknown != "ignored" else "addition"
        yield s.change(severity, "unknown-members", f"unknown members are {s.b.unknown} now, were {s.a.unknown}", "input")


def _argument(s: Sides, p: Param, q: Param) -> Iterator[Change]:
    name = str(q.name)
    if (p.place, p.wire if p.place != "path" else "") != (q.place, q.wire if q.place != "path" else ""):
        yield s.change("breaking", "argument-moved", f"argument `{name}` is {q.place} {q.wire} now, was {p.place} {p.wire}", "input", name)
    if q.required and not p.required:
        yield s.change("breaking", "argument-required", f"argument `{name}` is required now", "input", name)
    elif p.required and not q.required:
        yield s.change("addition", "argument-optional", f"argument `{name}` is optional now", "input", name)
    before, after = p.schema.get("default", _NONE), q.schema.get("default", _NONE)
    if not _same(before, after):
        said = (
            "no default any more"
            if after is _NONE
            else f"another default: {_json(after)}" + ("" if before is _NONE else f", was {_json(before)}")
        )
        yield s.change("may break", "default", f"argument `{name}` has {said}: calls without it mean something else", "input", name)
    yield from _taken(s, p.schema, q.schema, f"argument `{name}`", "input", name)
    if p.description != q.description:
        yield s.change("wording", "argument-text", f"argument `{name}` is described anew: {brief(q.description, 80)}", "input", name)
    elif _reworded(s, p.schema, q.schema):
        yield s.change("wording", "argument-text", f"a text inside argument `{name}` changed", "input", name)


def _reworded(s: Sides, a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Whether two schemas differ in nothing but what people and models read."""
    return same_form(a, s.old.schemas, b, s.new.schemas) and _untold(a) != _untold(b)


def _untold(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in ("default", "description")}


def _taken(s: Sides, a: Mapping[str, Any], b: Mapping[str, Any], what: str, *steps: str | int) -> Iterator[Change]:
    """What the API takes: all that was taken must be."""
    if same_form(a, s.old.schemas, b, s.new.schemas):
        return
    answer = included(a, s.old.schemas, b, s.new.schemas)
    at, inner, outer = differing(a, s.old.schemas, b, s.new.schemas)
    what += f" at `{at}`" if at else ""
    if answer.verdict == "no":
        nearer = included(inner, s.old.schemas, outer, s.new.schemas)
        example = nearer.example or answer.example
        message = f"{what} takes less: {example} was taken and is refused now{_keywords(inner, outer)}"
        yield replace(s.change("breaking", "narrower", message, *steps, example=example), new=origin_of(outer) or (*s.b.origin, *steps))
    elif answer.verdict == "open":
        yield s.change(
            "may break", "narrower", f"{what} has another schema; whether all that was taken still is could not be decided", *steps
        )
    elif included(b, s.new.schemas, a, s.old.schemas).verdict != "yes":
        yield s.change("addition", "wider", f"{what} takes more{_keywords(inner, outer)}", *steps)


def answers(s: Sides) -> Iterator[Change]:
    """What readers get."""
    then, now = {o.status: o for o in s.a.outputs}, {o.status: o for o in s.b.outputs}
    for status in then:
        if status not in now:
            yield s.change("breaking", "answer-removed", f"does not answer {status} any more", "output", status)
        else:
            yield from _answer(s, then[status], now[status])
    for status in now:
        if status not in then:
            yield s.change("breaking" if status < 300 else "may break", "answer-added", f"may answer {status} now", "output", status)


def _answer(s: Sides, o: Output, n: Output) -> Iterator[Change]:
    steps: tuple[str | int, ...] = ("output", n.status)
    if o.content_type != n.content_type:
        yield s.change("breaking", "content-type", f"answer {n.status} is {n.content_type} now, was {o.content_type}", *steps)
    if o.schema is None or n.schema is None:
        if o.schema is not None:
            yield s.change("breaking", "body-removed", f"answer {n.status} has no body any more", *steps)
        elif n.schema is not None:
            yield s.change("may break", "body-added", f"answer {n.status} has a body now", *steps)
        return
    yield from read(s, o.schema, n.schema, f"answer {n.status}", *steps)
    if o.description != n.description:
        yield s.change("wording", "answer-text", f"answer {n.status} is described anew: {brief(str(n.description), 80)}", *steps)
    elif _reworded(s, o.schema, n.schema):
        yield s.change("wording", "answer-text", f"a text inside answer {n.status} changed", *steps)


def read(s: Sides, a: Mapping[str, Any], b: Mapping[str, Any], what: str, *steps: str | int) -> Iterator[Change]:
    """What a reader gets: nothing may come that could not come before, and what was named must go on to be."""
    if not same_form(a, s.old.schemas, b, s.new.schemas):
        for found in compared(s.old, s.new, a, b, what):
            change = s.change(found.severity, found.id, found.message, *steps, example=found.example)
            yield replace(change, new=found.place) if found.place else change


class Found(NamedTuple):
    """What differs for readers, and where in the new file (None: where the schema begins)."""

    severity: Severity
    id: str
    message: str
    example: str = ""
    place: Pointer | None = None


def compared(old: Model, new: Model, a: Mapping[str, Any], b: Mapping[str, Any], what: str) -> Iterator[Found]:
    """What differs for readers of `what`."""
    answer = included(b, new.schemas, a, old.schemas)
    at, inner, outer = differing(a, old.schemas, b, new.schemas)
    where = f"{what} at `{at}`" if at else what
    if answer.verdict == "no":
        example = included(outer, new.schemas, inner, old.schemas).example or answer.example
        message = f"{where} may be what it could not be before, {example}{_keywords(inner, outer)}"
        yield Found("breaking", "answer-wider", message, example, origin_of(outer))
    elif answer.verdict == "open":
        said = f"{where} has another schema; whether it promises all it did could not be decided"
        yield Found("may break", "answer-wider", said, "", origin_of(outer))
    before, after = _members(a, old.schemas), _members(b, new.schemas)
    if gone := sorted(before - after):
        yield Found("breaking", "member-removed", f"{what} names no member {_some(gone)} any more")
    if added := sorted(after - before):
        yield Found("addition", "member-added", f"{what} has member {_some(added)} now")
    if answer.verdict == "yes" and not added and included(a, old.schemas, b, new.schemas).verdict != "yes":
        yield Found("addition", "answer-narrower", f"{where} promises more{_keywords(inner, outer)}")


def _some(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:SHOWN])
    return shown + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def differing(a: Mapping[str, Any], known: Mapping[str, Any], b: Mapping[str, Any], others: Mapping[str, Any]) -> tuple[str, Any, Any]:
    """The innermost part that holds all of the difference: its dotted name and both schemas."""
    path = ""
    for _ in range(20):
        a, b = resolve(a, known), resolve(b, others)
        step = _only_step(a, known, b, others)
        if step is None:
            break
        key, name = step
        path += f".{name}" if key == "properties" else "[]"
        a, b = (a[key][name], b[key][name]) if key == "properties" else (a[key], b[key])
    return path.removeprefix("."), a, b


def _only_step(a: Mapping[str, Any], known: Mapping[str, Any], b: Mapping[str, Any], others: Mapping[str, Any]) -> tuple[str, str] | None:
    """The one member, or `items`, that differs; None where more does."""
    inside = ("properties", "items")
    mine, theirs = a.get("properties") or {}, b.get("properties") or {}
    alike = {k: v for k, v in bare(a).items() if k not in inside} == {k: v for k, v in bare(b).items() if k not in inside}
    if not alike or mine.keys() != theirs.keys() or ("items" in a) != ("items" in b):
        return None
    steps = [("properties", str(n)) for n in mine if not same_form(mine[n], known, theirs[n], others)]
    if "items" in a and not same_form(a["items"], known, b["items"], others):
        steps.append(("items", ""))
    return steps[0] if len(steps) == 1 else None


def _members(schema: Mapping[str, Any], known: Mapping[str, Any]) -> set[str]:
    """Dotted names of the members that a schema names, the nearest MEMBERS; a schema inside itself is not followed again."""
    found: set[str] = set()
    queue: deque[tuple[Mapping[str, Any], str, tuple[str, ...]]] = deque([(schema, "", ())])
    while queue and len(found) < MEMBERS:
        part, at, inside = queue.popleft()
        ref = part.get("$ref")
        if isinstance(ref, str) and ref not in inside and len(inside) < DEEPEST:
            queue.append((resolve({"$ref": ref}, known), at, (*inside, ref)))
        for name, member in sorted((part.get("properties") or {}).items()):
            found.add(f"{at}{name}")
            queue.append((member, f"{at}{name}.", inside))
        if isinstance(part.get("items"), Mapping):
            queue.append((part["items"], f"{at[:-1]}[]." if at else "[].", inside))
        for key in ("allOf", "anyOf", "oneOf"):
            queue.extend((branch, at, inside) for branch in part.get(key) or ())
    return found


def _keywords(a: Mapping[str, Any], b: Mapping[str, Any]) -> str:
    """Which keywords differ at the top, as far as a line can tell it."""
    told = []
    for key in dict.fromkeys([*a, *b]):
        if key in ("description", "title", "examples", "default", "properties", "items", "anyOf", "oneOf", "allOf", "additionalProperties"):
            continue
        before, after = a.get(key, _NONE), b.get(key, _NONE)
        if not _same(before, after):
            told.append(f"{key} {'none' if after is _NONE else _json(after)}, was {'none' if before is _NONE else _json(before)}")
    return f" ({'; '.join(told[:3])})" if told else ""


_NONE: Any = object()


def _same(a: Any, b: Any) -> bool:
    if a is _NONE or b is _NONE:
        return a is b
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


def _json(value: Any) -> str:
    return brief(json.dumps(value, ensure_ascii=False), 60)
