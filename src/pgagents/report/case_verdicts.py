"""Read the verdicts on a store's test cases from a report of verify."""

from __future__ import annotations

from dataclasses import dataclass

from pgagents.model.contract import Verdict
from pgagents.model.model import Model
from pgagents.model.stores.cases import Case, cases_of
from pgagents.report.report import Report
from pgagents.report.verdicts import actual_of

UNKNOWN = "the report does not judge it: verify the MCP server too"


@dataclass(frozen=True, slots=True)
class CaseVerdict:
    """A test case with the verdict on its contract; `reason` says why it is not kept, and is empty if it is.

    `case.draft` is true if the prompt is only proposed.
    """

    case: Case
    verdict: Verdict
    reason: str

    @property
    def proved(self) -> bool:
        """True if the case had the expected result."""
        return self.verdict is Verdict.KEPT


def list_case_verdicts(model: Model, store: str, report: Report) -> tuple[CaseVerdict, ...]:
    """Return a store's test cases with their verdicts, the positive ones first.

    `model` is the catalogue of the run. A case whose contract the report does not have is untested.
    """
    results = {result.contract.id: result for result in report.results}
    findings = {id: finding for finding in report.findings for id in (finding.contract.id, *finding.also)}
    found = []
    for case in cases_of(model, store):
        result, finding = results.get(case.contract), findings.get(case.contract)
        verdict = result.verdict if result is not None else Verdict.UNTESTED
        reason = result.reason if result is not None else UNKNOWN
        if result is not None and finding is not None:
            expected = finding.expected if finding.contract.id == case.contract else ""
            reason = ": ".join(said for said in (expected, actual_of(result, finding)) if said)
        found.append(CaseVerdict(case, verdict, "" if verdict is Verdict.KEPT else reason))
    return tuple(found)
