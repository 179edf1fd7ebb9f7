"""Compare what is sent to one operation and what it answers: parameters, bodies, headers, links."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from pgagents.base.text import brief
from pgagents.diff.openapi.both import Both
from pgagents.diff.openapi.tree import Edition, Spot
from pgagents.diff.schemas import Named, Who, view

STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
SAMPLES: dict[str, Any] = {"array": ["a", "b"], "object": {"k": "a", "l": "b"}, "plain": "a"}
_PLAIN = frozenset(("string", "number", "integer", "boolean"))


def style_of(item: Mapping[str, Any], place: str) -> tuple[str, bool]:
    """Return style and `explode`, with OpenAPI's defaults."""
    style = item.get("style")
    style = style if isinstance(style, str) else STYLES.get(place, "form")
    explode = item.get("explode")
    return style, explode if isinstance(explode, bool) else style in ("form", "cookie")


def forms(schema: Any, known: Named) -> list[str]:
    """Return the kinds of values that a schema accepts: `array`, `object`, `plain`."""
    made = view(schema, known)
    kinds: set[str] | None = None
    for fact in made.facts:
        if "type" in fact:
            said = {fact["type"]} if isinstance(fact["type"], str) else set(fact["type"])
            kinds = said if kinds is None else kinds & said
    if kinds is None:
        kinds = {"array"} if made.items else {"object"} if made.members else {"string"}
        branches = [
            branch for fact in made.rest for key in ("anyOf", "oneOf") for branch in fact.get(key, ())
        ]
        if branches:
            return sorted({form for branch in branches for form in forms(branch, known)})
    return [form for form in SAMPLES if form in kinds or (form == "plain" and kinds & _PLAIN)]


def serialize(name: str, style: str, explode: bool, value: Any) -> str:
    """Return the text of a value by OpenAPI's table of styles."""
    writer = _WRITERS.get(style)
    return writer(name, explode, value) if writer else f"{style}({name})"


def _join_flat(value: Any, between: str = ",") -> str:
    if isinstance(value, dict):
        return between.join(f"{k}{between}{v}" for k, v in value.items())
    return between.join(value) if isinstance(value, list) else str(value)


def _write_form(name: str, explode: bool, value: Any) -> str:
    if explode and isinstance(value, dict):
        return "&".join(f"{k}={v}" for k, v in value.items())
    if explode and isinstance(value, list):
        return "&".join(f"{name}={v}" for v in value)
    return f"{name}={_join_flat(value)}"


def _write_simple(_name: str, explode: bool, value: Any) -> str:
    if explode and isinstance(value, dict):
        return ",".join(f"{k}={v}" for k, v in value.items())
    return _join_flat(value)


def _write_label(_name: str, explode: bool, value: Any) -> str:
    if explode and isinstance(value, dict):
        return "." + ".".join(f"{k}={v}" for k, v in value.items())
    return "." + _join_flat(value, "." if explode and isinstance(value, list) else ",")


def _write_matrix(name: str, explode: bool, value: Any) -> str:
    if explode and isinstance(value, dict):
        return "".join(f";{k}={v}" for k, v in value.items())
    if explode and isinstance(value, list):
        return "".join(f";{name}={v}" for v in value)
    return f";{name}={_join_flat(value)}"


def _make_writer(between: str) -> Callable[[str, bool, Any], str]:
    def write(name: str, explode: bool, value: Any) -> str:
        if isinstance(value, str) or (explode and isinstance(value, list)):
            return _write_form(name, True, value)
        return f"{name}={_join_flat(value, between)}"

    return write


def _write_deep(name: str, _explode: bool, value: Any) -> str:
    if isinstance(value, dict):
        return "&".join(f"{name}[{k}]={v}" for k, v in value.items())
    return _write_form(name, True, value)


_WRITERS: dict[str, Callable[[str, bool, Any], str]] = {
    "form": _write_form, "simple": _write_simple, "label": _write_label,
    "matrix": _write_matrix, "deepObject": _write_deep,
    "spaceDelimited": _make_writer("%20"), "pipeDelimited": _make_writer("|"), "cookie": _write_form,
}  # fmt: skip


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


def list_parameters(edition: Edition, item: Spot, operation: Spot, names: list[str]) -> dict[Key, Spot]:
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


def compare_parameters(s: Sides, old: dict[Key, Spot], new: dict[Key, Spot]) -> None:
    """Add the changes of parameters that callers send, or that receivers get from the API."""
    if s.who == "readers":
        _compare_received_parameters(s, old, new)
        return
    a, b = s.both.old, s.both.new
    for key, spot in old.items():
        what = f"{key[0]} parameter `{a.text(spot, 'name')}`"
        if key in new:
            _compare_parameter(s, what, key[0], spot, new[key])
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


def _compare_received_parameters(s: Sides, old: dict[Key, Spot], new: dict[Key, Spot]) -> None:
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


def _compare_parameter(s: Sides, what: str, place: str, old: Spot, new: Spot) -> None:
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
    schemas = schema_of(s.both.old, old), schema_of(s.both.new, new)
    s.both.schemas(s.subject, what, *schemas, s.who, null="schema" not in a or "schema" not in b)


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


def media(edition: Edition, owner: Spot) -> dict[str, Spot]:
    """Return the media types of a body. Parameters are kept only if they distinguish two of them."""
    inside = edition.open(owner, "content")
    found = {name.lower().replace(" ", ""): edition.open(inside, name) for name in edition.mapping(inside)}
    bare = [name.partition(";")[0] for name in found]
    return {
        (short if bare.count(short) == 1 else name): spot
        for (name, spot), short in zip(found.items(), bare, strict=True)
    }


def compare_request(s: Sides, old: Spot, new: Spot) -> None:
    """Add the changes of a compare_request body.

    `old` and `new` are the `requestBody` of both operations, which may be missing.
    """
    a, b = s.both.old.mapping(old), s.both.new.mapping(new)
    if not a and not b:
        return
    if s.who == "readers":
        _compare_received_body(s, old, new)
        return
    if not a:
        required = b.get("required") is True
        s.tell(
            "body-required" if required else "body-added",
            f"a body is {'required' if required else 'taken'} now",
            None,
            new,
        )
        return
    if not b:
        s.tell("body-removed", "takes no body any more: who sends one may not be heard", old, None)
        return
    if b.get("required") is True and a.get("required") is not True:
        s.tell("body-required", "the body is required now", old, new)
    elif a.get("required") is True and b.get("required") is not True:
        s.tell("body-optional", "the body is optional now", old, new)
    if a.get("description") != b.get("description"):
        s.tell("body-text", "its body is described anew", old, new)
    contents(s, old, new, "body", s.who, ("media-removed", "media-added"))


def _compare_received_body(s: Sides, old: Spot, new: Spot) -> None:
    """Add the changes of a compare_request body that the API sends."""
    a, b = s.both.old.mapping(old), s.both.new.mapping(new)
    if not b:
        s.tell("answer-body-removed", "has no body any more", old, None)
    elif not a:
        s.tell("answer-body-added", "has a body now", None, new)
    else:
        if a.get("required") is True and b.get("required") is not True:
            s.tell("answer-body-removed", "its body may be missing now", old, new)
        if a.get("description") != b.get("description"):
            s.tell("body-text", "its body is described anew", old, new)
        contents(s, old, new, "body", s.who, ("answer-media-removed", "answer-media-added"))


def contents(s: Sides, old: Spot, new: Spot, what: str, who: Who, ids: tuple[str, str]) -> None:
    """Add the changes of two bodies, media type by media type."""
    before, after = media(s.both.old, old), media(s.both.new, new)
    pairs = _pair_sent(before, after) if who == "callers" else _pair_read(before, after)
    for name, spot in before.items():
        if any(name == one for one, _ in pairs):
            continue
        if who == "readers" and any(_fits(other, name) for other in after):
            continue  # its place is taken by narrower ones
        s.tell(ids[0], f"{what}: {name} is gone", spot, None)
    if who == "readers":
        _compare_ranges(s, what, before, after)
    for one, other in pairs:
        shown = what if len(before) == len(pairs) == 1 else f"{what} ({other if who == 'readers' else one})"
        _content(s, shown, before[one], after[other], who)
    told = {other for _, other in pairs} if who == "readers" else set()
    for name, spot in after.items():
        if name not in told and name not in before and _find_media_range(name, before) is None:
            s.tell(ids[1], f"{what}: {name} is new", None, spot)


def _pair_sent(before: Mapping[str, Spot], after: Mapping[str, Spot]) -> list[tuple[str, str]]:
    """Return the old and new media types to compare for those who send them.

    A type that was taken must still be taken, by its own name or in a range.
    """
    places = ((name, name if name in after else _find_media_range(name, after)) for name in before)
    return [(name, there) for name, there in places if there is not None]


def _pair_read(before: Mapping[str, Spot], after: Mapping[str, Spot]) -> list[tuple[str, str]]:
    """Return the old and new media types to compare for those who read them.

    A type that comes now must be one that could come before, by its own name or in a range. An old type may
    also be in a new range.
    """
    found = {name: name if name in before else _find_media_range(name, before) for name in after}
    pairs = [(there, name) for name, there in found.items() if there is not None]
    for name in before:
        wider = _find_media_range(name, after)
        if name not in after and wider is not None and (name, wider) not in pairs:
            pairs.append((name, wider))
    return pairs


def _compare_ranges(s: Sides, what: str, before: Mapping[str, Spot], after: Mapping[str, Spot]) -> None:
    """Add the changes between media types and ranges of them, in an answer."""
    for name, spot in before.items():
        if name in after:
            continue
        wider = _find_media_range(name, after)
        if wider is not None and wider not in before and _find_media_range(wider, before) is None:
            message = f"{what} may be of any type that fits {wider} now, was {name}"
            s.tell("answer-media-wider", message, spot, after[wider])
        elif wider is None and (narrower := [other for other in after if _fits(other, name)]):
            message = f"{what}: of {name} only {', '.join(narrower)} comes now"
            s.tell("answer-media-narrower", message, spot, after[narrower[0]])


def _fits(name: str, range_: str) -> bool:
    """Return whether a media type is in a range, such as `text/*`."""
    return "*" in range_ and name != range_ and fnmatchcase(name, range_)


def _find_media_range(name: str, among: Iterable[str]) -> str | None:
    """Return the narrowest range that a media type is in, or None."""
    return max((one for one in among if _fits(name, one)), key=len, default=None)


def _content(s: Sides, what: str, old: Spot, new: Spot, who: Who) -> None:
    """Add the changes of one media type."""
    a, b = s.both.old.mapping(old), s.both.new.mapping(new)
    sides = old.at("schema") if "schema" in a else None, new.at("schema") if "schema" in b else None
    s.both.schemas(s.subject, what, *sides, who)
    _encoding(s, what, old, new)
    if (a.get("example"), a.get("examples")) != (b.get("example"), b.get("examples")):
        s.tell("examples", f"the examples of its {what} changed", old, new)


def _encoding(s: Sides, what: str, old: Spot, new: Spot) -> None:
    """Add the changes in how members of a form are encoded."""
    a, b = s.both.old.open(old, "encoding"), s.both.new.open(new, "encoding")
    for name in sorted(s.both.old.mapping(a).keys() | s.both.new.mapping(b).keys()):
        one, other = s.both.old.open(a, name), s.both.new.open(b, name)
        before, after = s.both.old.mapping(one), s.both.new.mapping(other)
        places = one if before else old, other if after else new
        if style_of(before, "query") != style_of(after, "query"):
            s.tell(
                "style" if s.who == "callers" else "encoding",
                f"{what}: member `{name}` is written otherwise now",
                *places,
            )
        elif any(before.get(key) != after.get(key) for key in ("contentType", "headers", "allowReserved")):
            s.tell("encoding", f"{what}: the part `{name}` has another encoding", *places)


def list_answers(edition: Edition, operation: Spot) -> dict[str, Spot]:
    """Return an operation's responses by status: `200`, `2XX`, `default`."""
    return {
        name.upper() if name != "default" else name: spot
        for name, spot in edition.members(operation, "responses").items()
    }


def compare_answers(s: Sides, old: Spot, new: Spot, who: Who) -> None:
    """Add the changes in the answers of two operations."""
    before, after = list_answers(s.both.old, old), list_answers(s.both.new, new)
    successes = [set(filter(_success, side)) for side in (before, after)]
    kept = any(_for(status, after) for status in successes[0])
    narrowed = who == "readers" and any(_find_status_range(status) in successes[0] for status in successes[1])
    if all(successes) and not kept and not narrowed:
        message = f"is answered {', '.join(sorted(successes[1]))} now, was {', '.join(sorted(successes[0]))}"
        s.tell("answers-replaced", message, old.at("responses"), new.at("responses"))
        before = {k: v for k, v in before.items() if k not in successes[0]}
        after = {k: v for k, v in after.items() if k not in successes[1]}
    for status, spot in before.items():
        narrower = [one for one in after if _find_status_range(one) == status] if who == "readers" else []
        if narrower and status not in after:
            message = f"of {status} only {', '.join(narrower)} is answered now"
            s.tell("answer-status-narrower", message, spot, after[narrower[0]])
            if not _mild(status) or "default" not in after:
                continue  # the narrower ones are compared below
        there = after.get(status) or _for(status, after)
        if there is not None:
            _compare_answer(s, f"answer {status}", spot, there, who)
        elif _mild(status):
            s.tell("error-removed", f"is not answered {status} any more", spot, None)
        else:
            s.tell("answer-removed", f"is not answered {status} any more", spot, None)
    for status, spot in after.items():
        if status in before:
            continue
        there = _for(status, before)
        if there is not None:
            _compare_answer(s, f"answer {status}", there, spot, who)
        elif _mild(status):
            s.tell("error-added", f"may be answered {status} now", None, spot)
        else:
            s.tell("answer-added", f"may be answered {status} now", None, spot)


def _success(status: str) -> bool:
    return status.startswith("2")


def _mild(status: str) -> bool:
    return status == "default" or status.startswith(("4", "5"))


def _find_status_range(status: str) -> str:
    """Return the range of a status, such as `2XX`; empty for a range itself and the default."""
    return status[:1] + "XX" if status[1:].isdecimal() else ""


def _for(status: str, described: dict[str, Spot]) -> Spot | None:
    """Return the response for a status: its own, its range's, or the default; None if there is none."""
    return (
        described.get(status)
        or described.get(status[:1] + "XX")
        or (described.get("default") if status != "default" else None)
    )


def _compare_answer(s: Sides, what: str, old: Spot, new: Spot, who: Who) -> None:
    a, b = s.both.old, s.both.new
    before, after = media(a, old), media(b, new)
    if before and not after:
        s.tell("answer-body-removed", f"{what} has no body any more", old, new)
    elif after and not before:
        s.tell("answer-body-added", f"{what} has a body now", old, new)
    else:
        contents(s, old, new, what, who, ("answer-media-removed", "answer-media-added"))
    _headers(s, what, old, new, who)
    _links(s, what, old, new)
    if a.text(old, "description") != b.text(new, "description"):
        s.tell("answer-text", f"{what} is described anew: {brief(b.text(new, 'description'), 80)}", old, new)


def _headers(s: Sides, what: str, old: Spot, new: Spot, who: Who) -> None:
    before, after = _headers_of(s.both.old, old), _headers_of(s.both.new, new)
    for key, (name, spot) in before.items():
        needed = s.both.old.mapping(spot).get("required") is True
        if key not in after:
            id = "header-removed" if needed else "header-optional-removed"
            s.tell(id, f"{what}: header {name} is not promised any more", spot, None)
            continue
        _header(s, f"{what}: header {name}", spot, after[key][1], who)
    for key, (name, spot) in after.items():
        if key not in before:
            s.tell("header-added", f"{what}: header {name} is new", None, spot)


def _headers_of(edition: Edition, owner: Spot) -> dict[str, tuple[str, Spot]]:
    """Return headers by lower-case name; OpenAPI ignores Content-Type here."""
    return {
        name.lower(): (name, spot)
        for name, spot in edition.members(owner, "headers").items()
        if name.lower() != "content-type"
    }


def _header(s: Sides, what: str, old: Spot, new: Spot, who: Who) -> None:
    a, b = s.both.old.mapping(old), s.both.new.mapping(new)
    if a.get("required") is True and b.get("required") is not True:
        s.tell("header-removed", f"{what} may be missing now", old, new)
    elif b.get("required") is True and a.get("required") is not True:
        s.tell("header-always", f"{what} is always there now", old, new)
    wire(s, what, "header", old, new, "header-style")
    if a.get("allowEmptyValue") != b.get("allowEmptyValue"):
        s.tell("header-empty", f"{what}: allowEmptyValue changed", old, new)
    if (a.get("description"), a.get("deprecated")) != (b.get("description"), b.get("deprecated")):
        s.tell("header-text", f"{what} is described anew", old, new)
    if (a.get("example"), a.get("examples")) != (b.get("example"), b.get("examples")):
        s.tell("examples", f"the examples of {what} changed", old, new)
    s.both.schemas(s.subject, what, schema_of(s.both.old, old), schema_of(s.both.new, new), who)


def _links(s: Sides, what: str, old: Spot, new: Spot) -> None:
    before, after = s.both.old.members(old, "links"), s.both.new.members(new, "links")
    for name, spot in before.items():
        if name not in after:
            s.tell("link", f"{what}: link {name} is gone", spot, None)
            continue
        a, b = (
            {k: v for k, v in side.items() if k != "description"}
            for side in (s.both.old.mapping(spot), s.both.new.mapping(after[name]))
        )
        if a != b:
            s.tell("link", f"{what}: link {name} leads elsewhere, or otherwise", spot, after[name])
        elif spot.value != after[name].value:
            s.tell("answer-text", f"{what}: link {name} is described anew", spot, after[name])
    for name, spot in after.items():
        if name not in before:
            s.tell("link-added", f"{what}: link {name} is new", None, spot)
