"""Compare the answers of one operation: statuses, bodies, headers, links."""

from __future__ import annotations

from pgagents.diff.openapi.bodies import contents, media
from pgagents.diff.openapi.parameters import Sides, schema_of, wire
from pgagents.diff.openapi.tree import Edition, Spot
from pgagents.diff.shapes.difference import Who
from pgagents.text.brief import brief


def answers(edition: Edition, operation: Spot) -> dict[str, Spot]:
    """Return an operation's responses by status: `200`, `2XX`, `default`."""
    return {
        name.upper() if name != "default" else name: spot
        for name, spot in edition.members(operation, "responses").items()
    }


def compare(s: Sides, old: Spot, new: Spot, who: Who) -> None:
    """Add the changes in the answers of two operations."""
    before, after = answers(s.both.old, old), answers(s.both.new, new)
    successes = [set(filter(_success, side)) for side in (before, after)]
    kept = any(_for(status, after) for status in successes[0])
    narrowed = who == "readers" and any(_find_range(status) in successes[0] for status in successes[1])
    if all(successes) and not kept and not narrowed:
        message = f"is answered {', '.join(sorted(successes[1]))} now, was {', '.join(sorted(successes[0]))}"
        s.tell("answers-replaced", message, old.at("responses"), new.at("responses"))
        before = {k: v for k, v in before.items() if k not in successes[0]}
        after = {k: v for k, v in after.items() if k not in successes[1]}
    for status, spot in before.items():
        narrower = [one for one in after if _find_range(one) == status] if who == "readers" else []
        if narrower and status not in after:
            message = f"of {status} only {', '.join(narrower)} is answered now"
            s.tell("answer-status-narrower", message, spot, after[narrower[0]])
            if not _mild(status) or "default" not in after:
                continue  # the narrower ones are compared below
        there = after.get(status) or _for(status, after)
        if there is not None:
            _one(s, f"answer {status}", spot, there, who)
        elif _mild(status):
            s.tell("error-removed", f"is not answered {status} any more", spot, None)
        else:
            s.tell("answer-removed", f"is not answered {status} any more", spot, None)
    for status, spot in after.items():
        if status in before:
            continue
        there = _for(status, before)
        if there is not None:
            _one(s, f"answer {status}", there, spot, who)
        elif _mild(status):
            s.tell("error-added", f"may be answered {status} now", None, spot)
        else:
            s.tell("answer-added", f"may be answered {status} now", None, spot)


def _success(status: str) -> bool:
    return status.startswith("2")


def _mild(status: str) -> bool:
    return status == "default" or status.startswith(("4", "5"))


def _find_range(status: str) -> str:
    """Return the range of a status, such as `2XX`; empty for a range itself and the default."""
    return status[:1] + "XX" if status[1:].isdecimal() else ""


def _for(status: str, described: dict[str, Spot]) -> Spot | None:
    """Return the response for a status: its own, its range's, or the default; None if there is none."""
    return (
        described.get(status)
        or described.get(status[:1] + "XX")
        or (described.get("default") if status != "default" else None)
    )


def _one(s: Sides, what: str, old: Spot, new: Spot, who: Who) -> None:
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
