"""Find the lines of a catalogue that explain a finding or try more, and what each line proves.

Lines are YAML that is merged into a catalogue: mappings by key, and null removes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pgagents.base.http import Response, read_json
from pgagents.base.places import Pointer, Source, value_at, write_pointer
from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.report.reason import ALLOW, Entry, Reason, nest, write
from pgagents.report.report import Finding, Proved, Report, Result, Untried

_PERMISSIONS = (ALLOW, "--identity ")
_WHOLE = frozenset(("actions", "resources", "schemas", "workflows", "auth", "api", "errors"))
"""Sections whose entries are never removed to explain a finding."""


# -- if the server is right


def explain(finding: Finding, source: Source) -> tuple[str, ...]:
    """Return the lines after which a finding is none, if the server is right; none if no line says so."""
    if not isinstance(source.data, Mapping):
        return finding.lines
    contract, data = finding.contract, source.data
    answer = finding.exchanges[-1].answer if finding.exchanges else None
    status = answer.status if isinstance(answer, Response) else 0
    if finding.rank in (Rank.EXPOSED, Rank.CRASH):
        return ()
    if contract.check == "documented_status":
        found = _document(contract.action, status, data) if contract.action else None
    elif contract.check == "workflow_runs":
        found = _correct_step(contract.origin, status, data)
    elif contract.check == "state_transitions":
        found = _permit_move(contract, data)
    elif contract.check == "response_schema":
        body = read_json(answer.body).value if isinstance(answer, Response) else None
        found = _leave_open(contract.origin, finding.member, body, data)
    else:
        found = _take_back(contract.origin, data)
    return (write(found),) if found else ()


def _document(action: str, status: int, data: Entry) -> Entry | None:
    """Return the entry by which an action may answer with a status."""
    if 200 <= status < 300:
        return nest(("actions", action, "output", status), {"description": "Done."})
    if status < 300 or status >= 500:
        return None
    codes = value_at(data, ("errors", "codes"))
    codes = codes if isinstance(codes, Mapping) else {}
    named = [name for name, code in codes.items() if _read_status(code) == status]
    name = str(named[0]) if named else f"STATUS_{status}"
    errors = value_at(data, ("actions", action, "errors"))
    entry = nest(("actions", action, "errors"), [*(errors if isinstance(errors, list) else ()), name])
    new = {} if named else nest(("errors", "codes", name), {"status": status, "meaning": "TEXT"})
    return {**new, **entry}


def _read_status(code: Any) -> Any:
    return code.get("status") if isinstance(code, Mapping) else code


def _correct_step(origin: Pointer, status: int, data: Entry) -> Entry | None:
    """Return a workflow's step with the status that it was answered, or without the condition that failed."""
    at = origin[:4]
    step = value_at(data, at)
    if not isinstance(step, Mapping):
        return None
    if len(origin) > 5:
        key, number = str(origin[4]), origin[5]
        conditions = step.get(key)
        left = [one for place, one in enumerate(conditions) if place != number] if conditions else []
        rest = {name: value for name, value in step.items() if name != key}
        return nest(at, {**rest, **({key: left} if left else {})})
    return nest(at, {**step, "status": status}) if status else None


def _permit_move(contract: Contract, data: Entry) -> Entry | None:
    """Return a move that may start in the state in which the server did it, or not where it did not."""
    move, state = value_at(data, contract.origin), contract.detail.rpartition("/")[2]
    states = move.get("from") if isinstance(move, Mapping) else None
    if not isinstance(states, list):
        return None
    others = [one for one in states if one != state]
    return nest((*contract.origin, "from"), [*states, state] if state not in states else others)


def _leave_open(origin: Pointer, member: str, answer: Any, data: Entry) -> Entry | None:
    """Return the schema of an answer without the type of a member, or without its being required."""
    place, schema = _follow(origin, data)
    steps = member.split(".") if member else []
    for step in steps[:-1]:
        inner = ("items",) if step.isdigit() else ("properties", step)
        place, schema = _follow((*place, *inner), data)
        answer = value_at(answer, (int(step) if step.isdigit() else step,))
    last, told = steps[-1] if steps else "", schema if isinstance(schema, Mapping) else {}
    required = told.get("required") or ()
    left = {"required": [one for one in required if one != last]} if last in required else {}
    if isinstance(answer, Mapping) and last not in answer:
        return nest(place, left) if left else None
    known = value_at(told, ("properties", last)) is not None
    return nest(place, {**left, "properties": {last: None}}) if known else None


def _follow(pointer: Pointer, data: Entry) -> tuple[Pointer, Any]:
    """Return the place and the value of a schema, behind its references to named ones."""
    value = value_at(data, pointer)
    for _ in range(8):
        if not isinstance(value, Mapping) or "$ref" not in value:
            break
        pointer = ("schemas", str(value["$ref"]).rpartition("/")[2])
        value = value_at(data, pointer)
    return pointer, value


def _take_back(origin: Pointer, data: Entry) -> Entry | None:
    """Return the entry that removes what a contract is made from, unless that is a whole part of the API."""
    least = 3 if origin[:1] and origin[0] in _WHOLE else 2
    if len(origin) < least or not all(isinstance(step, str) for step in origin):
        return None
    if origin[2:] in (("input",), ("made_by",), ("http",)) or origin[-2:-1] == ("output",):
        return None
    if value_at(data, origin) is None:
        return None
    if origin[-1] == "required":
        return nest(origin, False)
    return nest(origin, None)


# -- what was not tried


def group_untried(report: Report, source: Source) -> tuple[Untried, ...]:
    """Return what was not tried by its reason, first what the run should have tried, then the largest.

    A report that was read from a file has its own, because the catalogue is not there.
    """
    if report.untried and not isinstance(source.data, Mapping):
        return report.untried
    groups: dict[tuple[bool, str], list[Result]] = {}
    for result in report.results:
        owed = result.verdict is Verdict.UNTESTED and not result.excused
        if result.verdict not in (Verdict.UNTESTED, Verdict.NOT_SELECTED):
            continue
        if result.contract.surface not in report.header.unasked:
            groups.setdefault((not owed, result.reason or "no reason is known"), []).append(result)
    return tuple(
        Untried(
            reason,
            tuple(r.contract.id for r in results),
            not late,
            tuple(sorted({line for r in results if (line := find_own_line(r.contract, source))})),
            tuple(dict.fromkeys(_list_lines(results, report))),
            tuple(dict.fromkeys(o for r in results for o in getattr(r.reason, "options", ()))),
        )
        for (late, reason), results in sorted(groups.items(), key=lambda g: (g[0][0], -len(g[1]), g[0][1]))
    )


def _list_lines(results: Sequence[Result], report: Report) -> Iterator[str]:
    actions = {r.contract.action for r in results}
    for result in results:
        yield from getattr(result.reason, "lines", ())
    for lift in report.footer.lifts:
        if not actions.isdisjoint(lift.actions):
            yield lift.line


def list_permissions(report: Report) -> tuple[int, list[str]]:
    """Return how many contracts wait for a permission or a key of the caller, and these options: first those
    that the most wait for.

    An action that is allowed has all its arguments allowed. No option is among them that would let a call
    change or remove what others have made: who copied the line lost a user to it (Superset, 2026-11-29).
    """
    told = (r.reason for r in report.results if r.contract.surface not in report.header.unasked)
    asked = [reason for reason in told if isinstance(reason, Reason)]
    far = {option for reason in asked if reason.of_others for option in reason.options}
    waiting = [r for r in asked if not r.of_others and any(o.startswith(_PERMISSIONS) for o in r.options)]
    every = Counter(o.removesuffix("=ENVVAR") for reason in waiting for o in reason.options if o not in far)
    whole = {option for option in every if option.startswith(ALLOW) and "." not in option}
    chosen = [o for o in every if o.startswith(_PERMISSIONS) and o.partition(".")[0] not in whole - {o}]
    return len(waiting), sorted(chosen, key=lambda option: (-every[option], option))


# -- what each line of the author proves


_WORST = {
    Verdict.BROKEN: "broken",
    Verdict.ODD: "odd",
    Verdict.UNTESTED: "untried",
    Verdict.NOT_SELECTED: "untried",
    Verdict.KEPT: "kept",
}
"""From the worst verdict on, the word for a line with a contract of it."""


def find_own_line(contract: Contract, source: Source) -> int:
    """Return the line of the author's file from which a contract is made; 0 if others say it."""
    known = isinstance(source.data, Mapping) and not source.is_document  # a report's file has no catalogue
    written = source.find_written(contract.origin) if known else None
    return written[0].locate(written[1]).line if written is not None else 0


def say_yours(results: Iterable[Result], source: Source) -> str:
    """Return of how many lines of the author's file contracts are; empty if of none."""
    count = len({line for r in results if (line := find_own_line(r.contract, source))})
    return f", of {count:,} line{'' if count == 1 else 's'} of yours" if count else ""


def list_proved(report: Report, source: Source) -> tuple[Proved, ...]:
    """Return each line of the author's file that says something, with what it proves."""
    if source.is_document or not isinstance(source.data, Mapping):
        return report.proved
    results: dict[Pointer, list[Result]] = {}
    for result in report.results:
        written = source.find_written(result.contract.origin)
        if written is not None and result.contract.surface not in report.header.unasked:
            results.setdefault(written[1], []).append(result)
    author = Source(source.file, source.text, None, source.root)
    lines: dict[int, tuple[Pointer, dict[str, Result]]] = {}
    for at in author.pointers():
        own = [
            r for n in range(len(at), min(3, len(at)) - 1, -1) for r in results.get(at[:n], ())
        ]  # a part of a promise proves what the whole does
        if not at or (not own and _begins_below(author, at)):
            continue
        _, known = lines.setdefault(author.locate(at).line, (at, {}))
        known.update((r.contract.id, r) for r in own)
    return tuple(
        Proved(line, write_pointer(at), _say_verdict(found.values()), tuple(found))
        for line, (at, found) in sorted(lines.items())
    )


def _begins_below(author: Source, at: Pointer) -> bool:
    """True if the value of a key begins on a line below it."""
    return author.locate(at).line != author.locate(at, at_value=True).line


def _say_verdict(results: Iterable[Result]) -> str:
    verdicts = {r.verdict for r in results}
    return next((word for verdict, word in _WORST.items() if verdict in verdicts), "nothing")
