"""Compare an action's behaviour: effects, permission, repetition, deprecation, pages, jobs and laws."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pgagents.cel.expression import Expression
from pgagents.cel.rewrite import normal
from pgagents.diff.auth import ways
from pgagents.diff.change import Change, Severity
from pgagents.diff.schemas import Sides
from pgagents.model.action import Action
from pgagents.model.answers.error_code import Code
from pgagents.model.job import Job
from pgagents.model.pages import Pages
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
    if a.deprecation != b.deprecation and a.deprecated and b.deprecated:
        yield from _end(s)
    if a.deprecated != b.deprecated:
        yield s.change(
            "wording",
            "deprecated",
            "is deprecated now" if b.deprecated else "is not deprecated any more",
            "deprecated",
        )
    if a.pages is None or b.pages is None or _page_meaning(a.pages) != _page_meaning(b.pages):
        yield from _pages(s)
    elif a.pages.stable != b.pages.stable:
        severity: Severity = "addition" if b.pages.stable else "may break"
        said = "stays on one page" if b.pages.stable else "may be lost between pages, or come twice,"
        yield s.change(severity, "pages", f"an item {said} while others come and go", "pages")
    yield from _conditions(s)
    if _job_meaning(a.job) != _job_meaning(b.job):
        yield from _job(s)
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


def _pages(s: Sides) -> Iterator[Change]:
    """Compare the pages of a list. A caller that follows the old rules may stop early, or never."""
    a, b = s.a.pages, s.b.pages
    if b is None and a is not None:
        yield s.change("breaking", "pages-dropped", "its list is not said to go on any more", "pages")
    elif a is None and b is not None:
        message = f"its list goes on: the next page is requested by `{b.argument}`"
        yield s.change("addition", "pages-added", message, "pages")
    elif b is not None:
        message = f"its list goes on another way: `{b.argument}` is {brief(b.next.wording, 80)}"
        yield s.change("breaking", "pages", message, "pages")


def _job(s: Sides) -> Iterator[Change]:
    """Compare the job that a call starts. Callers need to know if the answer is the job's result."""
    a, b = s.a.job, s.b.job
    if b is None:
        yield s.change("may break", "job-dropped", "its answer is the end of it now", "job")
    elif a is None:
        yield s.change("breaking", "job-added", f"it only starts a job now, which {b.read_by} shows", "job")
    elif (
        _job_meaning(a)[:-2] == _job_meaning(b)[:-2]
        and b.within_s <= a.within_s
        and a.reason in (None, b.reason)
    ):
        yield s.change("addition", "job", f"its job ends within {b.within_s:g} s", "job")
    else:
        yield s.change("breaking", "job", "its job ends another way, or later", "job")


def _job_meaning(job: Job | None) -> list[Any]:
    """Return the parts of a job that callers rely on. The last ones are the time and the reason."""
    if job is None:
        return []
    return [
        job.resource,
        job.read_by,
        job.state,
        sorted(job.done),
        sorted(job.failed),
        job.within_s,
        job.reason,
    ]


def _page_meaning(pages: Pages) -> list[Any]:
    meant = (pages.items, pages.next, pages.more, pages.argument, pages.size, pages.is_url, pages.bound)
    parts = (part.name if isinstance(part, Code) else part for part in meant)
    return _meaning((*parts, sorted(pages.bound_to)))


def compare_laws(s: Sides) -> Iterator[Change]:
    """Yield changes of laws and relations."""
    before, after = _promises(s.a), _promises(s.b)
    for key in dict.fromkeys([*before, *after]):
        kind, name = key
        if key in before and key in after and _meaning(before[key]) == _meaning(after[key]):
            continue
        if key not in after:
            yield s.change("may break", "promise-dropped", f"{kind} {name} is promised no more", "laws", name)
        elif key not in before:
            yield s.change("addition", "promise-added", f"{kind} {name} is promised now", "laws", name)
        else:
            yield s.change(
                "may break",
                "promise-changed",
                f"{kind} {name} says something else: {brief(after[key][0].wording, 80)}",
                "laws",
                name,
            )


def _promises(action: Action) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Return laws and relations by kind and name, the most important first."""
    laws: dict[tuple[str, str], tuple[Any, ...]] = {("law", x.name): (x.that, x.when) for x in action.laws}
    return laws | {("relation", r.name): (r.keeps, r.widen, r.by, r.unless, r.fits) for r in action.relations}


def _meaning(promise: Iterable[Any]) -> list[Any]:
    """Return the parts of a promise. Two promises with equal parts have the same meaning."""
    return [normal(part.tree) if isinstance(part, Expression) else part for part in promise]
