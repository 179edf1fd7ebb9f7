"""Judge what becomes of approved listings when a new server runs: kept, held for review, or delisted.

The rules of the stores are those of `pgagents diff --store` (`diff/listings.py`). The manifests say what may
fail, and the running server's answers to approved calls decide it. A server that takes them and answers as
approved keeps its listing, whatever its new manifest says of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pgagents.base.places import Pointer
from pgagents.diff.change import Change
from pgagents.diff.listings import FILE, OUTCOMES, SCANNING, Outcome, Package, compare_packages, compare_tools
from pgagents.submit.approved import MANIFESTS, Approved, find_schema_problem
from pgagents.submit.approved_calls import ApprovedCall, find_member
from pgagents.submit.store import STORES
from pgagents.verify.tools import find_difference, inline_references

OF_CALLS: Mapping[str, Outcome] = {
    "listing-call-refused": "held",
    "listing-call-failed": "held",
    "listing-answer": "held",
    "listing-case": "held",
}
"""The outcome of each thing that only the running server shows, by its id."""
State = Literal["kept", "held", "delisted", "open"]
ORDER: tuple[State, ...] = ("delisted", "held", "open", "kept")
"""Outcomes, the worst first. `open`: nothing decides, because a call was not tried."""
Tools = Mapping[str, Mapping[str, Any]]
_MEMBERS = ("name", "title", "description", "inputSchema", "outputSchema", "annotations")
_INPUT, _OUTPUT = "listing-tool-input", "listing-tool-output"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a listing is not simply kept. `by` says what shows it: the manifests alone, or a call.

    `member` is the argument, or the member of an answer, that decides. `place` is its line in the approved
    file, or else in the catalogue. `example` is JSON that shows it, and `words` what the server said.
    """

    outcome: State
    id: str
    subject: str
    message: str
    by: Literal["manifest", "call"]
    member: str = ""
    place: str = ""
    example: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class NotTried:
    """A tool, or a test case, of which no call showed anything, and why."""

    subject: str
    why: str


@dataclass(frozen=True, slots=True)
class StoreOutcome:
    """The outcome of one store's listing, with its reasons, the worst first.

    `waiting` are the tools whose new definition waits for its own review. `taken` counts the approved calls
    that were answered as approved, of `calls`.
    """

    store: str
    title: str
    outcome: State
    reasons: tuple[Reason, ...] = ()
    waiting: tuple[str, ...] = ()
    calls: int = 0
    taken: int = 0
    not_tried: tuple[NotTried, ...] = ()


@dataclass(frozen=True, slots=True)
class Observed:
    """The new server as it is known. `listed` are its tools by name, and `packages` the new packages.

    `calls` are the approved calls, and `untried` says by tool why none was made. `cases` has the approved
    test cases that failed, by store: the case's name and what came instead. `cases_untried` has those that
    were not tried, with the reason.
    """

    listed: Tools
    packages: Mapping[str, Package]
    calls: Sequence[ApprovedCall] = ()
    untried: Mapping[str, str] = field(default_factory=dict)
    cases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    cases_untried: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


NO_CALL = "no call of it was tried"


def reduce_tools(tools: Tools) -> dict[str, Mapping[str, Any]]:
    """Return definitions with only the members that a store compares, and with references filled in."""
    return {name: _reduce(tool) for name, tool in tools.items()}


def _reduce(tool: Mapping[str, Any]) -> dict[str, Any]:
    kept = {member: tool[member] for member in _MEMBERS if member in tool}
    for member in ("inputSchema", "outputSchema"):
        if isinstance(kept.get(member), Mapping) and '"$ref"' in json.dumps(kept[member]):
            kept[member] = inline_references(kept[member])
    return kept


def compare_definitions(approved: Tools, listed: Tools) -> dict[str, list[Change]]:
    """Return the changes of each approved tool by the rules of stores that keep definitions.

    A difference that `pgagents verify` would not report, such as an icon, is none. A listed tool whose
    schemas nobody can read is left out.
    """
    then, now = reduce_tools(approved), reduce_tools(listed)
    for name, tool in now.items():
        if name in then and not find_difference(then[name], tool):
            now[name] = then[name]
    readable = {name for name in then if name not in now or not find_schema_problem(now[name])}
    store = min(SCANNING)
    found: dict[str, list[Change]] = {name: [] for name in then}
    then = {name: tool for name, tool in then.items() if name in readable}
    for change in compare_tools(store, then, now, _nowhere, _nowhere):
        if change.subject in found:
            found[change.subject].append(change)
    return found


def _nowhere(_name: str) -> Pointer | None:
    return None


def list_witnesses(changes: Mapping[str, Sequence[Change]]) -> dict[str, Mapping[str, Any]]:
    """Return by tool the arguments that its approved schema allows and the listed one does not."""
    found: dict[str, Mapping[str, Any]] = {}
    for name, several in changes.items():
        for change in several:
            value = json.loads(change.example) if change.id == _INPUT and change.example else None
            if isinstance(value, dict):
                found[name] = value
    return found


def judge_listings(
    approved: Approved, observed: Observed, changes: Mapping[str, Sequence[Change]]
) -> tuple[StoreOutcome, ...]:
    """Return the outcome of each approved listing, the worst first. `changes` are those of
    `compare_definitions`.
    """
    outcomes = [_judge_store(approved, observed, changes, store) for store in approved.packages]
    return tuple(sorted(outcomes, key=lambda one: (ORDER.index(one.outcome), one.store)))


def _judge_store(
    approved: Approved, observed: Observed, changes: Mapping[str, Sequence[Change]], store: str
) -> StoreOutcome:
    reasons = list(_judge_package(approved, observed, store))
    not_tried: list[NotTried] = []
    waiting: list[str] = []
    calls: Sequence[ApprovedCall] = ()
    if store in SCANNING and store in observed.packages:
        calls = observed.calls
        if approved.source is None:
            not_tried.append(
                NotTried(FILE, f"{approved.named} has no {FILE}, so what was approved is unknown")
            )
            reasons.append(Reason("open", "listing-no-tools", FILE, not_tried[0].why, "manifest"))
        for name in approved.tools:
            own = [call for call in calls if call.tool == name]
            reasons += _judge_tool(approved, observed, name, changes.get(name, ()), own)
            waiting += [name] if any(c.id == "listing-tool-review" for c in changes.get(name, ())) else []
            if name in observed.listed and all(call.kind == "not shown" for call in own):
                words = next((call.words for call in own if call.words), "")
                not_tried.append(NotTried(name, observed.untried.get(name) or words or NO_CALL))
    for case, actual in observed.cases.get(store, {}).items():
        message = f"the approved test case does not come out: {actual}"
        reasons.append(Reason("held", "listing-case", case, message, "call"))
    not_tried += [NotTried(case, why) for case, why in observed.cases_untried.get(store, {}).items()]
    reasons.sort(key=lambda one: ORDER.index(one.outcome))
    title = STORES[store].title
    outcome = reasons[0].outcome if reasons else "kept"
    taken = sum(call.kind == "taken" for call in calls)
    return StoreOutcome(
        store, title, outcome, tuple(reasons), tuple(waiting), len(calls), taken, tuple(not_tried)
    )


def _judge_package(approved: Approved, observed: Observed, store: str) -> Iterator[Reason]:
    place = f"{approved.named}/{MANIFESTS[store][0]}"
    was, now = approved.packages[store], observed.packages.get(store)
    if now is None:
        message = "nothing is listed there any more: users of the plugin lose it"
        yield Reason(OUTCOMES["listing-removed"], "listing-removed", store, message, "manifest", place=place)
        return
    for change in compare_packages(store, was, now):
        yield Reason(OUTCOMES[change.id], change.id, store, change.message, "manifest", place=place)


def _judge_tool(
    approved: Approved,
    observed: Observed,
    name: str,
    changes: Sequence[Change],
    calls: Sequence[ApprovedCall],
) -> Iterator[Reason]:
    """Yield why an approved tool is not simply kept; each reason once for each member."""
    told: set[tuple[str, str]] = set()
    for reason in _list_reasons(observed, name, changes, calls):
        steps = _find_steps(reason)
        if (reason.id, reason.member) not in told:
            told.add((reason.id, reason.member))
            yield replace(reason, place=str(approved.locate(name, *steps) or ""))


def _find_steps(reason: Reason) -> Pointer:
    """Return the pointer, inside the approved definition, of the part that a reason is about."""
    if reason.id in (_INPUT, "listing-call-refused") and reason.member:
        return ("inputSchema", "properties", reason.member)
    if reason.id in (_OUTPUT, "listing-answer"):
        return ("outputSchema",)
    return ("annotations",) if reason.id == "listing-tool-hint" else ()


def _list_reasons(
    observed: Observed, name: str, changes: Sequence[Change], calls: Sequence[ApprovedCall]
) -> Iterator[Reason]:
    listed = observed.listed.get(name)
    if listed is not None and (problem := find_schema_problem(listed)):
        message = f"the server lists a definition that no scan can read: {problem}"
        yield Reason("held", "listing-tool-input", name, message, "manifest")
        return
    by_id = {change.id: change for change in changes}
    for change in changes:
        if change.id not in (_INPUT, _OUTPUT) and OUTCOMES[change.id] != "kept":
            yield Reason(OUTCOMES[change.id], change.id, name, change.message, "manifest")
    if _INPUT in by_id and listed is not None:
        yield from _judge_input(name, by_id[_INPUT], calls, listed)
    if _OUTPUT in by_id:
        yield from _judge_output(name, by_id[_OUTPUT], calls)
    for call in calls:
        if call.kind == "refused" and not call.breaks:
            message = "the server refuses a call that the approved definition and its own list allow"
            yield _by_call("listing-call-refused", call, message)
        elif call.kind == "other answer":
            message = "the server answers what the approved output schema does not allow"
            yield _by_call("listing-answer" if _OUTPUT not in by_id else _OUTPUT, call, message)
        elif call.kind == "failed":
            yield _by_call("listing-call-failed", call, "the server fails at an approved call")


def _by_call(id: str, call: ApprovedCall, message: str) -> Reason:
    outcome = OUTCOMES.get(id) or OF_CALLS[id]
    return Reason(outcome, id, call.tool, message, "call", call.member, "", call.arguments, call.words)


def _judge_input(
    name: str, change: Change, calls: Sequence[ApprovedCall], listed: Mapping[str, Any]
) -> Iterator[Reason]:
    """Yield the reason of an input schema that differs, unless the server takes the calls in question."""
    shown = [call for call in calls if call.breaks and call.kind != "not shown"]
    refused = [call for call in shown if call.kind == "refused"]
    for call in refused:
        message = "the server refuses calls by the approved input schema, by which models call until a review"
        yield _by_call(_INPUT, call, message)
    if shown:
        return
    example = json.loads(change.example) if change.example else {}
    member = find_member(example, listed["inputSchema"])
    proved = change.severity == "breaking"
    outcome: State = OUTCOMES[_INPUT] if proved else "open"
    yield Reason(outcome, _INPUT, name, change.message, "manifest", member, example=change.example)


def _judge_output(name: str, change: Change, calls: Sequence[ApprovedCall]) -> Iterator[Reason]:
    """Yield the reason of an output schema that differs, unless only answers could tell and they fit."""
    if any(call.kind == "other answer" for call in calls):
        return
    if change.severity == "breaking":
        yield Reason(OUTCOMES[_OUTPUT], _OUTPUT, name, change.message, "manifest", example=change.example)
    elif not any(call.kind == "taken" for call in calls):
        yield Reason("open", _OUTPUT, name, change.message, "manifest")
