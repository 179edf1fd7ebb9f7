"""Compare bodies of requests and answers by media type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from pgagents.diff.openapi.parameters import Sides
from pgagents.diff.openapi.style import style_of
from pgagents.diff.openapi.tree import Edition, Spot
from pgagents.diff.shapes.difference import Who


def media(edition: Edition, owner: Spot) -> dict[str, Spot]:
    """Return the media types of a body. Parameters are kept only if they distinguish two of them."""
    inside = edition.open(owner, "content")
    found = {name.lower().replace(" ", ""): edition.open(inside, name) for name in edition.mapping(inside)}
    bare = [name.partition(";")[0] for name in found]
    return {
        (short if bare.count(short) == 1 else name): spot
        for (name, spot), short in zip(found.items(), bare, strict=True)
    }


def request(s: Sides, old: Spot, new: Spot) -> None:
    """Add the changes of a request body.

    `old` and `new` are the `requestBody` of both operations, which may be missing.
    """
    a, b = s.both.old.mapping(old), s.both.new.mapping(new)
    if not a and not b:
        return
    if s.who == "readers":
        _compare_received(s, old, new)
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


def _compare_received(s: Sides, old: Spot, new: Spot) -> None:
    """Add the changes of a request body that the API sends."""
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
        if name not in told and name not in before and _find_range(name, before) is None:
            s.tell(ids[1], f"{what}: {name} is new", None, spot)


def _pair_sent(before: Mapping[str, Spot], after: Mapping[str, Spot]) -> list[tuple[str, str]]:
    """Return the old and new media types to compare for those who send them.

    A type that was taken must still be taken, by its own name or in a range.
    """
    places = ((name, name if name in after else _find_range(name, after)) for name in before)
    return [(name, there) for name, there in places if there is not None]


def _pair_read(before: Mapping[str, Spot], after: Mapping[str, Spot]) -> list[tuple[str, str]]:
    """Return the old and new media types to compare for those who read them.

    A type that comes now must be one that could come before, by its own name or in a range. An old type may
    also be in a new range.
    """
    found = {name: name if name in before else _find_range(name, before) for name in after}
    pairs = [(there, name) for name, there in found.items() if there is not None]
    for name in before:
        wider = _find_range(name, after)
        if name not in after and wider is not None and (name, wider) not in pairs:
            pairs.append((name, wider))
    return pairs


def _compare_ranges(s: Sides, what: str, before: Mapping[str, Spot], after: Mapping[str, Spot]) -> None:
    """Add the changes between media types and ranges of them, in an answer."""
    for name, spot in before.items():
        if name in after:
            continue
        wider = _find_range(name, after)
        if wider is not None and wider not in before and _find_range(wider, before) is None:
            message = f"{what} may be of any type that fits {wider} now, was {name}"
            s.tell("answer-media-wider", message, spot, after[wider])
        elif wider is None and (narrower := [other for other in after if _fits(other, name)]):
            message = f"{what}: of {name} only {', '.join(narrower)} comes now"
            s.tell("answer-media-narrower", message, spot, after[narrower[0]])


def _fits(name: str, range_: str) -> bool:
    """Return whether a media type is in a range, such as `text/*`."""
    return "*" in range_ and name != range_ and fnmatchcase(name, range_)


def _find_range(name: str, among: Iterable[str]) -> str | None:
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
