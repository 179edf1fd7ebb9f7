"""Compare the parameters of one operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pgagents.diff.openapi.both import Both
from pgagents.diff.openapi.style import SAMPLES, forms, serialize, style_of
from pgagents.diff.openapi.tree import Edition, Spot
from pgagents.diff.shapes.difference import Who
from pgagents.text.brief import brief

IGNORED_HEADERS = frozenset(("accept", "content-type", "authorization"))
"""Names of header parameters that OpenAPI ignores."""
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Sides:
    """One operation in both editions.

    `who` is affected by changes of the request: callers, or readers if the API makes the call.
    """

    both: Both
    subject: str
    who: Who

    def tell(
        self,
        id: str,
        message: str,
        old: Spot | None,
        new: Spot | None,
        *,
        example: str = "",
        safety: bool = False,
    ) -> None:
        """Add a change of this operation."""
        self.both.tell(id, self.subject, message, old, new, example=example, safety=safety)


def parameters(edition: Edition, item: Spot, operation: Spot, names: list[str]) -> dict[Key, Spot]:
    """Return parameters by place and name. The operation's own replace the path's.

    A path parameter's name is its position.
    """
    found: dict[Key, Spot] = {}
    for owner in (item, operation):
        value = edition.open(owner, "parameters")
        for n in range(len(value.value) if isinstance(value.value, list) else 0):
            spot = edition.open(value, n)
            place, name = edition.text(spot, "in"), edition.text(spot, "name")
            if place == "path" and name in names:
                found[place, str(names.index(name))] = spot
            elif place in ("query", "cookie") or (place == "header" and name.lower() not in IGNORED_HEADERS):
                found[place, name.lower() if place == "header" else name] = spot
    return found


def compare(s: Sides, old: dict[Key, Spot], new: dict[Key, Spot]) -> None:
    """Add the changes of parameters that callers send, or that receivers get from the API."""
    if s.who == "readers":
        _compare_received(s, old, new)
        return
    a, b = s.both.old, s.both.new
    for key, spot in old.items():
        what = f"{key[0]} parameter `{a.text(spot, 'name')}`"
        if key in new:
            _one(s, what, key[0], spot, new[key])
        elif key[0] != "path":
            s.tell("parameter-removed", f"{what} is gone: who sends it may not be heard", spot, None)
    for key, spot in new.items():
        if key not in old:
            what = f"{key[0]} parameter `{b.text(spot, 'name')}`"
            if key[0] == "path":
                continue  # the old path had a placeholder for it
            if b.mapping(spot).get("required") is True:
                s.tell("parameter-required", f"{what} is new and required", None, spot)
            else:
                s.tell("parameter-added", f"{what} is new", None, spot)


def _compare_received(s: Sides, old: dict[Key, Spot], new: dict[Key, Spot]) -> None:
    """Add the changes of parameters in a call by the API.

    They are like headers of an answer, because receivers may rely on them.
    """
    for key, spot in old.items():
        what = f"{key[0]} parameter `{s.both.old.text(spot, 'name')}`"
        needed = s.both.old.mapping(spot).get("required") is True
        if key not in new:
            s.tell(
                "header-removed" if needed else "header-optional-removed",
                f"{what} is not sent any more",
                spot,
                None,
            )
            continue
        always = s.both.new.mapping(new[key]).get("required") is True
        if needed and not always:
            s.tell("header-removed", f"{what} may be missing now", spot, new[key])
        elif always and not needed:
            s.tell("header-always", f"{what} is always sent now", spot, new[key])
        wire(s, what, key[0], spot, new[key], "header-style")
        s.both.schemas(s.subject, what, schema_of(s.both.old, spot), schema_of(s.both.new, new[key]), s.who)
    for key, spot in new.items():
        if key not in old:
            s.tell(
                "header-added",
                f"{key[0]} parameter `{s.both.new.text(spot, 'name')}` is sent too",
                None,
                spot,
            )


def _one(s: Sides, what: str, place: str, old: Spot, new: Spot) -> None:
    a, b = s.both.old.mapping(old), s.both.new.mapping(new)
    if a == b and "$ref" not in str(a.get("schema", "")) and "$ref" not in str(a.get("content", "")):
        return
    if place == "path" and a.get("name") != b.get("name"):
        message = (
            f"{what} is called `{b.get('name')}` now: the address is the same, but agents and generated "
            "clients name it"
        )
        s.tell("parameter-renamed", message, old, new)
    required = place == "path"
    before, after = (required or m.get("required") is True for m in (a, b))
    if after and not before:
        s.tell("parameter-required", f"{what} is required now", old, new)
    elif before and not after:
        s.tell("parameter-optional", f"{what} is optional now", old, new)
    wire(s, what, place, old, new, "style")
    flags(s, what, old, new)
    if a.get("description") != b.get("description"):
        s.tell(
            "parameter-text", f"{what} is described anew: {brief(str(b.get('description')), 80)}", old, new
        )
    if bool(a.get("deprecated")) != bool(b.get("deprecated")):
        s.tell(
            "parameter-text",
            f"{what} is {'deprecated now' if b.get('deprecated') else 'not deprecated any more'}",
            old,
            new,
        )
    if (a.get("example"), a.get("examples")) != (b.get("example"), b.get("examples")):
        s.tell("examples", f"the examples of {what} changed", old, new)
    s.both.schemas(s.subject, what, schema_of(s.both.old, old), schema_of(s.both.new, new), s.who)


def flags(s: Sides, what: str, old: Spot, new: Spot) -> None:
    """Add the changes of `allowReserved` and `allowEmptyValue`."""
    a, b = s.both.old.mapping(old), s.both.new.mapping(new)
    for key, id, said in (
        ("allowReserved", "reserved", "reserved characters (`/`, `?`) as they are"),
        ("allowEmptyValue", "empty-value", "an empty value"),
    ):
        before, after = a.get(key) is True, b.get(key) is True
        if before and not after:
            s.tell(id, f"{what} does not take {said} any more", old, new)
        elif after and not before:
            s.tell(f"{id}-allowed", f"{what} takes {said} now", old, new)


def wire(s: Sides, what: str, place: str, old: Spot, new: Spot, id: str) -> None:
    """Add a change if a value is written differently.

    The proof is a sample of a kind that the old schema accepts.
    """
    a, b = s.both.old.mapping(old), s.both.new.mapping(new)
    before, after = media_of(a), media_of(b)
    if before != after:
        s.tell(
            id, f"{what} is written as {after or 'plain text'} now, was {before or 'plain text'}", old, new
        )
        return
    if before:
        return
    one, other = style_of(a, place), style_of(b, place)
    if one == other:
        return
    name = str(b.get("name") or "value")
    converter = s.both.old.schemas(s.who)
    schema = schema_of(s.both.old, old)
    for kind in forms(converter.schema(schema) if schema else {}, converter.known):
        then, now = serialize(name, *one, SAMPLES[kind]), serialize(name, *other, SAMPLES[kind])
        if then != now:
            s.tell(id, f"{what} is written `{now}` now, was `{then}`", old, new, example=now)
            return


def media_of(item: Any) -> str:
    """Return the media type of a value's `content`; empty if `schema` describes it."""
    content = item.get("content")
    return next(iter(content), "").lower() if isinstance(content, dict) else ""


def schema_of(edition: Edition, spot: Spot) -> Spot | None:
    """Return the schema of a parameter or header, from `schema` or `content`; None if it has none."""
    item = edition.mapping(spot)
    if "schema" in item:
        found: Spot = spot.at("schema")
        return found
    if media := next(iter(item["content"]), None) if isinstance(item.get("content"), dict) else None:
        inside = edition.open(spot, "content", media)
        return inside.at("schema") if "schema" in edition.mapping(inside) else None
    return None
