"""Judge stores that keep an OpenAPI document, which counts until the author hands in another one.

The comparison of two documents (`diff/openapi`) says which operations may fail. Calls by the approved one
confirm it, or show that the server still takes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from pgagents.base.errors import PgagentsError
from pgagents.base.places import Source
from pgagents.catalogue.model.model import Model
from pgagents.diff.change import Change
from pgagents.diff.openapi.compare import compare
from pgagents.diff.openapi.tree import Edition
from pgagents.importer.catalogue import Choice, catalogue
from pgagents.importer.document import References, read
from pgagents.lint.document import read as lint_read
from pgagents.report.contract import Contract, Verdict
from pgagents.report.report import Report
from pgagents.report.verdicts import actual_of
from pgagents.submit.approved import DOCUMENTS, Approved
from pgagents.submit.listing_guard import ORDER, NotTried, Reason, State, StoreOutcome

FILTERS = ("exact_filters", "filters_apply")
"""The checks of `verify` that show that a filter works."""
CHECKS = ("valid_calls", "documented_status", "response_schema", *FILTERS)
"""The checks of `verify` that show whether a call by the document is taken, and answered as it says."""
LIFTED = frozenset(("operation-removed", "route", "parameter-required", "security"))
"""The changes that every call of the operation would meet, so that calls which are taken lift them."""
MOST_WORDS, MOST_DIGITS = 300, 6
HEARD = "parameter-removed"
"""The change of an argument that a server may leave unheard without a refusal."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The results for one operation: what was wrong first, whether calls were taken, and why none was made.

    `filters` is true if a filter of it was shown to work.
    """

    broken: str = ""
    taken: bool = False
    filters: bool = False
    untried: str = ""


def compare_documents(approved: Approved, built: Mapping[str, bytes]) -> dict[str, list[Change]]:
    """Return by store the changes that may break calls by its approved document. `built` are the new files
    by path. A store whose document is not built any more has none here.
    """
    found: dict[str, list[Change]] = {}
    for store, raw in approved.documents.items():
        path = DOCUMENTS[store][0]
        if path in built:
            editions = (Edition(_open(text, path)) for text in (raw, built[path]))
            changes = compare(*editions)
            found[store] = [c for c in changes if c.severity in ("breaking", "may break")]
    return found


def _open(raw: bytes, name: str) -> References:
    return References(read(raw, name, name), _fetch_nothing, allowed=False)


def _fetch_nothing(location: str) -> NoReturn:
    raise PgagentsError(
        f"the approved document refers to {location[:80]}", "give a document without files beside it"
    )


def load_approved(approved: Approved, store: str) -> Model:
    """Return the approved document of a store as a catalogue whose paths have no base of their own."""
    return catalogue(_open(approved.documents[store], DOCUMENTS[store][0]), Choice(base="/")).model


def find_server(approved: Approved, store: str) -> str:
    """Return the address of the first server of an approved document; empty if it names none."""
    servers = _open(approved.documents[store], DOCUMENTS[store][0]).root().at("servers").value
    first = servers[0] if isinstance(servers, list) and servers else None
    url = first.get("url") if isinstance(first, Mapping) else None
    return url if isinstance(url, str) else ""


def select_contracts(
    model: Model, contracts: Sequence[Contract], changes: Sequence[Change]
) -> tuple[str, ...]:
    """Return the ids of the contracts that calls of the changed operations show."""
    names = {
        str(action.name) for action in model.actions if str(action.operation_id) in _list_operations(changes)
    }
    return tuple(c.id for c in contracts if c.check in CHECKS and c.action in names and c.surface == "rest")


def _list_operations(changes: Sequence[Change]) -> set[str]:
    return {operation for change in changes for operation in (change.by or (change.subject,))}


def read_results(model: Model, report: Report) -> dict[str, Shown]:
    """Return what a run by the approved document showed, by operationId."""
    findings = {id: finding for finding in report.findings for id in (finding.contract.id, *finding.also)}
    found: dict[str, Shown] = {}
    for action in model.actions:
        own = [r for r in report.results if r.contract.action == action.name and r.contract.check in CHECKS]
        broken = next((r for r in own if r.verdict in (Verdict.BROKEN, Verdict.ODD)), None)
        finding = findings.get(broken.contract.id) if broken is not None else None
        words = ""
        if broken is not None:
            actual = actual_of(broken, finding) if finding is not None else broken.reason
            words = f"{broken.contract.says}: {actual}"
        taken = any(r.verdict is Verdict.KEPT and r.contract.check == "valid_calls" for r in own)
        filters = any(r.verdict is Verdict.KEPT and r.contract.check in FILTERS for r in own)
        untried = next((r.reason for r in own if r.verdict is Verdict.UNTESTED and r.reason), "")
        left_out = next((r.reason for r in own if r.verdict is Verdict.NOT_SELECTED and r.reason), "")
        found[str(action.operation_id)] = Shown(words, taken, filters, untried or left_out)
    return found


def judge_documents(
    approved: Approved,
    changes: Mapping[str, Sequence[Change]],
    shown: Mapping[str, Mapping[str, Shown]],
    unshown: Mapping[str, str],
) -> tuple[StoreOutcome, ...]:
    """Return the outcome of each store that keeps a document.

    `shown` has the results of calls by store and operationId, and `unshown` says by store why none was made.
    """
    return tuple(
        _judge(approved, store, changes.get(store), shown.get(store, {}), unshown.get(store, ""))
        for store in approved.documents
    )


def _judge(
    approved: Approved,
    store: str,
    changes: Sequence[Change] | None,
    shown: Mapping[str, Shown],
    unshown: str,
) -> StoreOutcome:
    path, title = DOCUMENTS[store]
    if changes is None:
        message = f"the catalogue builds no {path} any more, so nothing tells what differs"
        reason = Reason("open", "document-gone", store, message, "manifest", place=f"{approved.named}/{path}")
        return StoreOutcome(store, title, "open", (reason,))
    source = lint_read(approved.documents[store], f"{approved.named}/{path}") if changes else None
    reasons = []
    for change in changes:
        at = _locate(source, change) if source is not None else ""
        reasons += [replace(reason, place=at) for reason in _list_reasons(change, shown)]
    reasons.sort(key=lambda one: ORDER.index(one.outcome))
    operations = sorted(_list_operations(changes))
    untried = [
        NotTried(name, shown[name].untried if name in shown and shown[name].untried else unshown)
        for name in operations
        if not (name in shown and (shown[name].taken or shown[name].broken))
    ]
    known = [one for name, one in shown.items() if name in operations and (one.taken or one.broken)]
    return StoreOutcome(
        store,
        title,
        reasons[0].outcome if reasons else "kept",
        tuple(reasons),
        calls=len(known),
        taken=sum(one.taken and not one.broken for one in known),
        not_tried=tuple(one for one in untried if one.why),
    )


def _locate(source: Source, change: Change) -> str:
    """Return the line of what a change is about in the approved document."""
    at: list[str | int] = []
    for step in change.old[1:] if change.old else ():
        known = next((s for s in (step, str(step), _number(step)) if source.has([*at, s])), None)
        if known is None:
            break
        at.append(known)
    return str(source.locate(at))


def _number(step: str | int) -> str | int:
    return int(step) if isinstance(step, str) and step.isdecimal() and len(step) < MOST_DIGITS else step


def _list_reasons(change: Change, shown: Mapping[str, Shown]) -> Iterator[Reason]:
    """Yield the reason of each operation whose calls fail, and one for all that nothing shows to work."""
    undecided = False
    for operation in change.by or (change.subject,):
        result = shown.get(operation, Shown())
        if result.broken:
            words = result.broken[:MOST_WORDS]
            yield Reason(
                "held", change.id, operation, change.message, "call", example=change.example, words=words
            )
        else:
            heard = change.id in LIFTED or (change.id == HEARD and result.filters)
            undecided = undecided or not (result.taken and heard)
    if undecided:
        outcome: State = "held" if change.severity == "breaking" else "open"
        yield Reason(outcome, change.id, change.subject, change.message, "manifest", example=change.example)
