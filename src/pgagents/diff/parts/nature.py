"""Compare an action's behaviour: effects, permission, repetition, deprecation and conditional calls."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.diff.auth import ways
from pgagents.diff.change import Change, Severity
from pgagents.diff.parts.follow_ups import compare_job, compare_pages, list_job_parts, list_page_parts
from pgagents.diff.schemas import Sides
from pgagents.text.brief import brief


def compare_nature(s: Sides) -> Iterator[Change]:
    """Compare the effect of a call, its permitted callers, and how it may be repeated."""
    yield from _effects(s)
    yield from _permission(s)
    yield from _repetition(s)


def _effects(s: Sides) -> Iterator[Change]:
    """Compare a call's effect on the world, and the confirmation it needs from a person."""
    a, b = s.a, s.b
    if a.effect != b.effect:
        yield s.change(
            "breaking",
            "effect",
            f"effect is {b.effect} now, was {a.effect}: review every caller that does not ask first",
            "effect",
            safety=True,
        )
    if a.confirm_body and not b.confirm_body:
        yield s.change(
            "breaking",
            "confirmation-dropped",
            "no person is asked before it any more",
            "confirm",
            safety=True,
        )
    elif b.confirm_body and not a.confirm_body:
        yield s.change(
            "may break", "confirmation-added", "a person is asked before it now", "confirm", safety=True
        )
    elif (a.confirm_title, a.confirm_body) != (b.confirm_title, b.confirm_body):
        yield s.change(
            "wording",
            "confirmation-text",
            f"a person is asked: {brief(str(b.confirm_body), 100)}",
            "confirm",
            safety=True,
        )
    if a.costs != b.costs:
        dropped = "is no longer said to be one that moves money: hosts may call it without asking"
        yield s.change("breaking", "costs", "moves money now" if b.costs else dropped, "costs", safety=True)
    if a.sends != b.sends:
        dropped = "is no longer said to send something to people: hosts may call it without asking"
        message = "sends something to people now" if b.sends else dropped
        yield s.change("breaking", "sends", message, "sends", safety=True)
    yield from _hints(s)


_HINTS: dict[str, tuple[str, str]] = {
    "destructive": (
        "may remove, overwrite or end something now",
        "is no longer said to remove, overwrite or end anything: hosts may call it without asking",
    ),
    "idempotent": (
        "may be called again without a further effect now",
        "is no longer idempotent: a repeated call is a second one",
    ),
    "open_world": (
        "reaches beyond the API's own data now",
        "is said to reach only the API's own data now",
    ),
}
"""The words for a hint that became true, and for one that became false."""
_EASED = ("idempotent", True), ("open_world", False)
"""Changes of hints that harm no caller."""


def _hints(s: Sides) -> Iterator[Change]:
    """Compare the hints that decide if a host confirms a call with the user, and if it may repeat
    the call.
    """
    for key, (gained, lost) in _HINTS.items():
        was, now = getattr(s.a.hints, key), getattr(s.b.hints, key)
        if was.value != now.value:
            severity: Severity = "addition" if (key, now.value) in _EASED else "breaking"
            said = gained if now.value else lost
            yield s.change(severity, key.replace("_", "-"), said, key, safety=True)
    for key, now in s.b.hints.items():
        was = getattr(s.a.hints, key)
        if was.value == now.value and was.reason != now.reason and (was.reasoned or now.reasoned):
            where = "effect" if key == "read_only" else key
            yield s.change("wording", "hint-reason", f"its reason: {brief(str(now.reason), 100)}", where)


def _permission(s: Sides) -> Iterator[Change]:
    """Compare the credentials and the scope of a call, and the rate limit that counts it."""
    a, b = s.a, s.b
    yield from ways.compare(s)
    if a.scope != b.scope:
        yield s.change(
            "breaking" if b.scope else "addition",
            "scope",
            f"needs scope {b.scope or 'none'} now, was {a.scope or 'none'}",
            "scope",
        )
    if a.bucket != b.bucket:
        yield s.change(
            "may break",
            "bucket",
            f"draws from {b.bucket or 'no bucket'} now, was {a.bucket or 'none'}",
            "bucket",
        )


def _repetition(s: Sides) -> Iterator[Change]:
    """Compare how a call may be repeated, whether it is deprecated, and how it is signed."""
    a, b = s.a, s.b
    if a.idempotency != b.idempotency:
        message = (
            f"idempotency key is {b.idempotency} now"
            if b.idempotency
            else "has no idempotency key any more: a repeated call is a second one"
        )
        yield s.change(
            "may break" if b.idempotency and a.idempotency is None else "breaking",
            "idempotency",
            message,
            "idempotency",
            safety=not b.idempotency,
        )
    if a.equal_calls_s != b.equal_calls_s:
        longer = a.equal_calls_s is None or (b.equal_calls_s or 0) > a.equal_calls_s
        yield s.change(
            "may break" if longer else "breaking",
            "equal_calls",
            f"equal calls are one within {b.equal_calls_s or 0} s now, was {a.equal_calls_s or 0}",
            "equal_calls_s",
            safety=not longer,
        )
    if a.deprecation != b.deprecation and a.deprecated and b.deprecated:
        yield from _end(s)
    if a.deprecated != b.deprecated:
        yield s.change(
            "wording",
            "deprecated",
            "is deprecated now" if b.deprecated else "is not deprecated any more",
            "deprecated",
        )
    if a.pages is None or b.pages is None or list_page_parts(a.pages) != list_page_parts(b.pages):
        yield from compare_pages(s)
    elif a.pages.stable != b.pages.stable:
        severity: Severity = "addition" if b.pages.stable else "may break"
        said = "stays on one page" if b.pages.stable else "may be lost between pages, or come twice,"
        yield s.change(severity, "pages", f"an item {said} while others come and go", "pages")
    yield from _conditions(s)
    if list_job_parts(a.job) != list_job_parts(b.job):
        yield from compare_job(s)
    if a.signed != b.signed:
        yield s.change("breaking", "signed", "is signed another way now", "signed")


def _end(s: Sides) -> Iterator[Change]:
    """Compare the dates on which a deprecated action stops working, and its successor."""
    a, b = s.a.deprecation, s.b.deprecation
    then, now = (a.sunset if a else ""), (b.sunset if b else "")
    if then != now:
        severity: Severity = "may break" if now and (not then or now < then) else "wording"
        said = f"stops working on {now}" if now else "has no day on which it stops working"
        yield s.change(severity, "sunset", f"{said}, was {then or 'open'}", "deprecated")
    kept = (a.since if a else "", a.instead if a else ""), (b.since if b else "", b.instead if b else "")
    if kept[0] != kept[1]:
        yield s.change(
            "wording", "deprecated", f"its end: {b.sentence if b else 'no longer said'}", "deprecated"
        )


def _conditions(s: Sides) -> Iterator[Change]:
    """Compare ETags, and the writes that require the current one."""
    a, b = s.a, s.b
    if a.etag != b.etag:
        said = "has a tag for each version now" if b.etag else "has no tag any more: conditional calls stop"
        yield s.change("addition" if b.etag else "breaking", "etag", said, "etag")
    if a.either != b.either:
        eased = not b.either or (bool(a.either) and set(a.either) <= set(b.either))
        said = " or ".join(" and ".join(f"`{n}`" for n in group) for group in b.either)
        text = (
            f"takes exactly one of {said} now" if said else "no longer wants exactly one group of arguments"
        )
        yield s.change("addition" if eased else "breaking", "either", text, "either")
    if a.if_match != b.if_match:
        said = f"is refused with a stale `{b.if_match}` now" if b.if_match else "takes no If-Match any more"
        severity: Severity = "may break" if b.if_match and not a.if_match else "breaking"
        yield s.change(severity, "if-match", said, "if_match")
