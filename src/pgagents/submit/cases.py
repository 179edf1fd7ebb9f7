"""The proof of a store's test cases, from the report of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pgagents.cel.expression import Expression
from pgagents.model.contract import Verdict
from pgagents.model.model import Model
from pgagents.model.stores.cases import Case, cases_of
from pgagents.report.report import Report
from pgagents.report.verdicts import list_case_verdicts
from pgagents.submit.lack import Lack

CaseOutcome = Literal["kept", "broken", "untested"]


@dataclass(frozen=True, slots=True)
class CaseProof:
    """A test case with its result. `why` says why it is broken or untested."""

    case: Case
    outcome: CaseOutcome
    why: str

    @property
    def calls(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the tools that the case calls, with their arguments.

        Expressions are in the catalogue's form.
        """
        return [
            (
                str(call.action.name),
                {
                    name: f"={value.canonical}" if isinstance(value, Expression) else value
                    for name, value in call.arguments.items()
                },
            )
            for call in self.case.calls
        ]


def find_drafts(model: Model, store: str) -> Iterator[Lack]:
    """Yield each prompt that a program proposed and no person has approved."""
    for case in cases_of(model, store):
        if case.draft:
            yield Lack(
                "case",
                case.origin,
                f"the prompt of the case `{case.name}` is only proposed: {str(case.prompt)[:120]!r}",
                "write it as a user of yours would say it, and remove `draft: true`",
            )


def prove_cases(model: Model, store: str, report: Report) -> tuple[CaseProof, ...]:
    """Return the proof of each case."""
    return tuple(
        CaseProof(one.case, _OUTCOMES.get(one.verdict, "untested"), one.reason)
        for one in list_case_verdicts(model, store, report)
    )


_OUTCOMES: Mapping[Verdict, CaseOutcome] = {
    Verdict.KEPT: "kept",
    Verdict.BROKEN: "broken",
    Verdict.ODD: "broken",
}


def find_case_lacks(cases: tuple[CaseProof, ...]) -> Iterator[Lack]:
    """Yield each case that did not have the expected result."""
    for one in cases:
        if one.outcome == "broken":
            message = f"the case `{one.case.name}` does not come out as it says: {one.why}"
            help = "correct the server, or the case"
        elif one.outcome == "untested":
            message = f"the case `{one.case.name}` could not be tried: {one.why}"
            help = "" if "--allow" in one.why else "a test key, or --allow-writes, lets the run try it"
        else:
            continue
        yield Lack("case", one.case.origin, message, help, (f"contract: {one.case.contract}",))
