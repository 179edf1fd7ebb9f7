"""The proof of the hints of each tool, from the report of a run.

A hint that asks hosts to be careful claims nothing. Any other is held, broken, not shown or untested. A hint
that is not shown rests on the author's word, so its line must have a reason. A closed world cannot be proved.
It is claimed if no argument takes an address, or if the run's receiver got no call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pgagents.model.action import Action
from pgagents.model.contract import Contract, Verdict
from pgagents.model.hints import Hint
from pgagents.model.model import Model
from pgagents.report.report import Finding, Report, Result
from pgagents.report.verdicts import actual_of
from pgagents.submit.lack import Lack
from pgagents.submit.store import Store
from pgagents.verify.checks.hints.hint_closed_world import CLAIMED, NEEDS_RECEIVER

Outcome = Literal["held", "broken", "not shown", "untested", "claimed", "no claim"]
NAMES: Mapping[str, str] = {
    "read_only": "readOnlyHint",
    "destructive": "destructiveHint",
    "idempotent": "idempotentHint",
    "open_world": "openWorldHint",
}
"""The hints under MCP's names."""
CHECKS: Mapping[str, str] = {
    "read_only": "hint_read_only",
    "destructive": "hint_not_destructive",
    "idempotent": "hint_idempotent",
    "open_world": "hint_closed_world",
}
"""The check that proves each hint."""
_CLAIMS = {"read_only": True, "destructive": False, "idempotent": True, "open_world": False}
"""The value of each hint with which hosts ask less often, so that it must be true."""
_KEYS = {"read_only": "effect"}
"""The catalogue's key of a hint, if it has another name."""
_NOT_SHOWN = "not shown: "
_ORDER: tuple[Outcome, ...] = ("broken", "untested", "not shown", "held", "claimed", "no claim")


@dataclass(frozen=True, slots=True)
class HintProof:
    """One hint of a tool: the claim, its reason, and the result of the run.

    `why` explains the results broken, not shown and untested. `reasoned` is true if the author wrote the
    reason.
    """

    name: str
    value: bool
    reason: str
    reasoned: bool
    outcome: Outcome
    why: str
    hint: Hint
    contract: str = ""


@dataclass(frozen=True, slots=True)
class ToolProof:
    """A tool with the proof of each hint."""

    name: str
    title: str
    action: Action
    hints: tuple[HintProof, ...]


def prove_hints(model: Model, report: Report) -> tuple[ToolProof, ...]:
    """Return the proof of the hints of each tool that the MCP server offers."""
    from pgagents.generate.actions import find_name

    results: dict[tuple[str, str], list[Result]] = {}
    for result in report.results:
        results.setdefault((result.contract.check, result.contract.action), []).append(result)
    broken = {id: f for f in report.findings for id in (f.contract.id, *f.also)}
    surface = model.surfaces["mcp"]
    return tuple(
        ToolProof(
            str(find_name(surface, action)),
            str(action.title),
            action,
            tuple(_prove(action, name, hint, results, broken) for name, hint in action.hints.items()),
        )
        for action in surface.actions
    )


def _prove(
    action: Action,
    name: str,
    hint: Hint,
    results: Mapping[tuple[str, str], list[Result]],
    broken: Mapping[str, Finding],
) -> HintProof:
    own = results.get((CHECKS[name], str(action.name)), [])
    outcome, why, contract = _judge(action, name, hint, own, broken)
    if name in ("destructive", "idempotent") and action.hints.read_only.value and hint.value == _CLAIMS[name]:
        only = results.get((CHECKS["read_only"], str(action.name)), [])
        outcome, why, contract = _judge(action, "read_only", action.hints.read_only, only, broken)
    id = contract.id if contract is not None else ""
    return HintProof(name, hint.value, str(hint.reason), hint.reasoned, outcome, why, hint, id)


def _judge(
    action: Action, name: str, hint: Hint, results: list[Result], broken: Mapping[str, Finding]
) -> tuple[Outcome, str, Contract | None]:
    """Return the worst result of a hint's contracts, with its reason."""
    if hint.value != _CLAIMS[name]:
        return "no claim", "", None
    if not results and name == "open_world":
        return "claimed", "no argument takes an address; a closed world is never proved", None
    if not results:
        return "not shown", _say_untried(action), None
    found = [(_decide(r), _explain(r, broken), r.contract) for r in results]
    return min(found, key=lambda one: _ORDER.index(one[0]))


_OUTCOMES: Mapping[Verdict, Outcome] = {
    Verdict.KEPT: "held",
    Verdict.BROKEN: "broken",
    Verdict.ODD: "broken",
    Verdict.UNTESTED: "untested",
    Verdict.NOT_SELECTED: "untested",
    Verdict.NOT_APPLICABLE: "not shown",
}


def _decide(result: Result) -> Outcome:
    """Return the result of a contract.

    A closed world that was tested counts as claimed. Without a receiver nothing shows it, and the author may
    say why it is so.
    """
    if result.contract.check == CHECKS["open_world"] and result.reason in (CLAIMED, NEEDS_RECEIVER):
        return "claimed" if result.reason == CLAIMED else "not shown"
    return _OUTCOMES[result.verdict]


def _say_untried(action: Action) -> str:
    if action.signed is not None:
        return "only its sender can sign a call"
    return "no check of this catalogue can try it"


def _explain(result: Result, broken: Mapping[str, Finding]) -> str:
    finding = broken.get(result.contract.id)
    if finding is not None:
        return actual_of(result, finding)
    return result.reason.removeprefix(_NOT_SHOWN)


def find_hint_lacks(tools: tuple[ToolProof, ...], store: Store) -> Iterator[Lack]:
    """Yield each hint that is broken or untested, and each that is not shown and has no reason of the author.

    A hint that nothing showed matters only if the store reads it.
    """
    for tool in tools:
        told: set[str] = set()
        for one in tool.hints:
            lack = _find_lack(tool, one, store)
            if lack is not None and lack.message not in told:
                told.add(lack.message)
                yield lack


def _find_lack(tool: ToolProof, one: HintProof, store: Store) -> Lack | None:
    says = f"{tool.name} says {NAMES[one.name]}: {'true' if one.value else 'false'}"
    notes = (f"contract: {one.contract}",) if one.contract else ()
    if one.outcome == "broken":
        help = "correct the server, or the hint"
        return Lack("hint", one.hint.origin, f"{says}, and it is not so: {one.why}", help, notes)
    if one.outcome == "untested":
        help = "a test key, or --allow-writes, lets the run try it"
        return Lack("hint", one.hint.origin, f"{says}, and it could not be tried: {one.why}", help, notes)
    if one.outcome != "not shown" or one.reasoned or one.name not in store.hints:
        return None
    if tool.action.hints.read_only.value and one.name != "read_only" and one.name != "open_world":
        return None  # it follows from `effect: read`, which has its own line
    key = _KEYS.get(one.name, one.name)
    value = "read" if one.name == "read_only" else "true" if one.value else "false"
    receiver = "let --receiver listen, or " if one.name == "open_world" else ""
    help = (
        f"{receiver}say why at its line: `{key}: {{value: {value}, reason: …}}`; the evidence then lists it "
        "as not shown"
    )
    return Lack("hint", one.hint.origin, f"{says}, and nothing shows it: {one.why}", help, notes)
