"""Compare bodies of requests and answers by media type."""

from __future__ import annotations

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
    for name, spot in before.items():
        there = name if name in after else next((n for n in after if fnmatchcase(name, n)), None)
        if there is None:
            s.tell(ids[0], f"{what}: {name} is gone", spot, None)
            continue
        shown = what if len(before) == 1 else f"{what} ({name})"
        a, b = s.both.old.mapping(spot), s.both.new.mapping(after[there])
        sides = (
            spot.at("schema") if "schema" in a else None,
            after[there].at("schema") if "schema" in b else None,
        )
        s.both.schemas(s.subject, shown, *sides, who)
        _encoding(s, shown, spot, after[there])
        if (a.get("example"), a.get("examples")) != (b.get("example"), b.get("examples")):
            s.tell("examples", f"the examples of its {shown} changed", spot, after[there])
    for name, spot in after.items():
        if not any(name == n or fnmatchcase(name, n) for n in before):
            s.tell(ids[1], f"{what}: {name} is new", None, spot)


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
