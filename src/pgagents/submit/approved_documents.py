"""Judge stores that keep an OpenAPI document, which counts until the author hands in another one.

Both documents are imported and compared as catalogues, which says what operations may fail. Calls by the
approved one confirm it, or show that the server still takes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NoReturn

from pgagents.base.errors import PgagentsError
from pgagents.base.http import Response, read_json
from pgagents.base.jsonschema.schema import foreign_validator, resolve, standalone
from pgagents.base.places import plain
from pgagents.catalogue.model.action import Action, Param
from pgagents.catalogue.model.model import Model
from pgagents.diff.change import Change, Severity
from pgagents.diff.compare import compare
from pgagents.importer.catalogue import Choice, catalogue
from pgagents.importer.document import References, read
from pgagents.importer.names import Notes
from pgagents.importer.operations import operations
from pgagents.importer.places import open_source
from pgagents.report.contract import Contract, Verdict
from pgagents.report.report import Finding, Report, Result
from pgagents.report.verdicts import actual_of
from pgagents.submit.approved import DOCUMENTS, Approved
from pgagents.submit.listing_guard import ORDER, NotTried, Reason, State, StoreOutcome
from pgagents.verify.promise import Probe
from pgagents.verify.setting import Setting
from pgagents.verify.wire.exchange import Exchange

FILTERS = ("exact_filters", "filters_apply")
"""The checks of `verify` that show that a filter works."""
CHECKS = ("valid_calls", "documented_status", "response_schema", *FILTERS)
"""The checks of `verify` that show whether a call by the document is taken, and answered as it says."""
GONE = frozenset(("action-removed", "route"))
"""The changes of an operation's address."""
LIFTED = GONE | {"argument-required", "auth-scheme", "key", "security"}
"""The changes that every call of the operation would meet, so that calls which are taken lift them."""
UNMET = frozenset((
    "action-renamed", "code-removed", "code-status", "costs", "destructive", "edge", "effect", "error-added",
    "error-form", "framework", "idempotent", "open-world", "operation-renamed", "section", "sends", "setting",
    "status-added",
))  # fmt: skip
"""The changes that no ordinary call by an approved document meets: names, hints, and what errors say."""
CARE = "consequential"
"""The change of an operation that asks a person now, which an approved document does not."""
_CARE_MARK = "x-openai-isConsequential"
SURFACES: Mapping[str, str] = MappingProxyType(
    {"agentcore": "agentcore", "copilot": "copilot", "gpt": "openai"}
)
"""By store that keeps a document, the surface that has its offer."""
NO_OPERATION = (404, 405, 410, 501)
"""Statuses of an operation that is not there. The first one may be about an id, too."""
REFUSED, FAILED, NOT_FAILED = 400, 500, (501, 503)
MOST_WORDS = 300
HEARD = "argument-removed"
"""The change of an argument that a server may leave unheard without a refusal."""
ALONE = "calls of it are taken, and none can show this: hand in the new document, which has it"
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class Difference:
    """A change that calls by an approved document may meet. `operations` are those that it is about, by their
    operationIds. `place` is the line in the approved document; empty if it has none.
    """

    severity: Severity
    id: str
    operations: tuple[str, ...]
    message: str
    example: str = ""
    place: str = ""

    @property
    def subject(self) -> str:
        return self.operations[0] if len(self.operations) == 1 else f"{len(self.operations)} operations"


@dataclass(frozen=True, slots=True)
class Shown:
    """The results for one operation: what was wrong first, whether calls were taken, and why none was made.

    `filters` is true if a filter of it was shown to work. `refused` is the status of the last ordinary call
    that the server refused; 0 if it refused none.
    """

    broken: str = ""
    taken: bool = False
    filters: bool = False
    untried: str = ""
    refused: int = 0


@dataclass(slots=True)
class Answers:
    """A companion of a run that keeps the statuses of its ordinary calls, by action. It asks for no probe."""

    statuses: dict[str, list[int]] = field(default_factory=dict)
    most_requests: int = 0

    def begin(self, redact: Callable[[str], str]) -> None:
        """Receive what masks secrets; no text of an answer is kept."""

    def note(self, exchange: Exchange) -> None:
        """Receive an exchange of the run."""
        endpoint = exchange.call.endpoint
        if endpoint is not None and exchange.call.intent == "valid" and exchange.status:
            self.statuses.setdefault(str(endpoint.action.name), []).append(exchange.status)

    def list_probes(self, setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
        """Yield no probe."""
        del setting, roles
        yield from ()


def compare_documents(approved: Approved, built: Mapping[str, bytes]) -> dict[str, list[Difference]]:
    """Return by store the changes that may break calls by its approved document. `built` are the new files
    by path. A store whose document is not built any more has none here.
    """
    found: dict[str, list[Difference]] = {}
    for store, raw in approved.documents.items():
        path = DOCUMENTS[store][0]
        if path in built:
            before = _import(raw, path, f"{approved.named}/{path}")
            after = _import(built[path], path, path)
            asks = (_list_asking(raw, path), _list_asking(built[path], path))
            found[store] = [*_list_differences(before, after), *_list_asked(before, *asks)]
    return found


def _import(raw: bytes, path: str, named: str) -> Model:
    """Return a document as a catalogue for a comparison. Its places are lines of the document."""
    made = catalogue(_open(raw, path), offering=False, comparing=True)
    source = open_source(made.document, named, made.model.source.data, made.places, made.schemes, made.bases)
    return replace(made.model, source=source)


def _list_differences(before: Model, after: Model) -> Iterator[Difference]:
    ids = {str(action.name): str(action.operation_id) for action in before.actions}
    arguments = {(str(a.name), str(p.name)): p for m in (after, before) for a in m.actions for p in a.params}
    for change in compare(before, after):
        if change.severity not in ("breaking", "may break") or change.id in UNMET:
            continue
        at = change.old or ()
        place = str(before.source.locate(at)) if at else ""
        of_action = ids.get(str(at[1])) if len(at) > 1 and at[0] == "actions" else None
        concerned = (of_action,) if of_action else tuple(sorted(ids.values()))
        there = (change.new if change.id == "argument-required" else change.old) or ()
        of_argument = len(there) > 3 and there[2] == "input"
        argument = arguments.get((str(there[1]), str(there[3]))) if of_argument else None
        if argument is not None and _is_in_no_call(change, argument):
            continue
        unheard = change.id == HEARD and argument is not None and not argument.required
        severity = "may break" if unheard else change.severity
        yield Difference(severity, change.id, concerned, change.message, change.example, place)


def _is_in_no_call(change: Change, argument: Param) -> bool:
    """True for the name of a placeholder, and for null where an argument is a text."""
    if argument.place == "path" and change.id in (HEARD, "argument-required"):
        return True
    return argument.place != "body" and change.id == "narrower" and change.example == "null"


def _list_asking(raw: bytes, path: str) -> frozenset[str]:
    """Return the operations of a document before which its assistant asks a person."""
    listed = operations(_open(raw, path), Notes())
    return frozenset(op.id for op in listed if op.whole.value.get(_CARE_MARK) is True)


def _list_asked(before: Model, then: frozenset[str], now: frozenset[str]) -> Iterator[Difference]:
    for action in before.actions:
        if action.operation_id in now - then:
            place = str(before.source.locate(action.origin))
            message = "a person is asked before it now"
            yield Difference("may break", CARE, (str(action.operation_id),), message, place=place)


def offer_approved(approved: Approved, model: Model) -> Model:
    """Return the new catalogue with the offer of each store that was approved, as far as its actions are
    there.

    An operation that only left the offer is still an operation of the server.
    """
    surfaces = dict(model.surfaces)
    for store in approved.documents:
        surface = surfaces.get(SURFACES[store])
        if surface is None:
            continue
        then = load_approved(approved, store).rest_actions
        known = {_make_key(action.method, str(action.path)) for action in then}
        names = {str(action.operation_id) for action in then}
        offered = tuple(
            action
            for action in model.rest_actions
            if _make_key(action.method, str(action.path)) in known or str(action.operation_id) in names
        )
        if offered:
            surfaces[surface.name] = replace(surface, actions=offered)
    return replace(model, surfaces=surfaces)


def _make_key(method: str, path: str) -> tuple[str, str]:
    """Return what is the same for two operations at one address, whatever its placeholders are called."""
    return method, _PLACEHOLDER.sub("{}", path)


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
    model: Model, contracts: Sequence[Contract], changes: Sequence[Difference]
) -> tuple[str, ...]:
    """Return the ids of the contracts that calls of the changed operations show."""
    names = {
        str(action.name) for action in model.actions if str(action.operation_id) in _list_operations(changes)
    }
    return tuple(c.id for c in contracts if c.check in CHECKS and c.action in names and c.surface == "rest")


def _list_operations(changes: Sequence[Difference]) -> set[str]:
    return {operation for change in changes for operation in change.operations}


def read_results(model: Model, report: Report, answers: Answers, now: Model) -> dict[str, Shown]:
    """Return what a run by the approved document showed, by operationId. `now` is the new catalogue.

    A refusal with a status that the document does not name is none of its breaks: the values may be made up.
    Nor is an answer that fits neither document, of which nothing says since when it is so.
    """
    later = {_make_key(action.method, str(action.path)): action for action in now.rest_actions}
    findings = {id: finding for finding in report.findings for id in (finding.contract.id, *finding.also)}
    found: dict[str, Shown] = {}
    for action in model.actions:
        own = [r for r in report.results if r.contract.action == action.name and r.contract.check in CHECKS]
        there = later.get(_make_key(action.method, str(action.path)))
        breaks = [(r, findings.get(r.contract.id)) for r in own if r.verdict in (Verdict.BROKEN, Verdict.ODD)]
        told = [_describe_break(r, f) for r, f in breaks if not _is_older(f, there, now)]
        words = next(filter(None, told), "")
        taken = any(r.verdict is Verdict.KEPT and r.contract.check == "valid_calls" for r in own)
        filters = any(r.verdict is Verdict.KEPT and r.contract.check in FILTERS for r in own)
        untried = next((r.reason for r in own if r.verdict is Verdict.UNTESTED and r.reason), "")
        left_out = next((r.reason for r in own if r.verdict is Verdict.NOT_SELECTED and r.reason), "")
        statuses = answers.statuses.get(str(action.name), [])
        successes = [status for status in statuses if status < REFUSED]
        failed = [status for status in statuses if status >= FAILED and status not in NOT_FAILED]
        refused = [status for status in statuses if status >= REFUSED and status not in failed]
        if failed and not successes and not words:
            words = f"the server fails at an ordinary call: {failed[-1]}"
        if refused and not successes:
            untried = f"the server refuses the call, whose values may be made up: {refused[-1]}"
        found[str(action.operation_id)] = Shown(
            words,
            taken or bool(successes),
            filters,
            untried or left_out,
            refused[-1] if refused and not successes else 0,
        )
    return found


def _is_older(finding: Finding | None, action: Action | None, now: Model) -> bool:
    """True if the last answer of a finding breaks the new catalogue's schema, too."""
    answer = finding.exchanges[-1].answer if finding is not None and finding.exchanges else None
    if finding is None or finding.contract.check != "response_schema" or action is None:
        return False
    output = next((o for o in action.outputs if getattr(answer, "status", 0) == o.status), None)
    if output is None or output.schema is None or not isinstance(answer, Response):
        return False
    body = read_json(answer.body)
    try:
        schema = plain(standalone(resolve(output.schema, now.schemas), now.schemas))
        return not body.problem and not foreign_validator(schema).is_valid(body.value)
    except ValueError:
        return False


def _describe_break(result: Result, finding: Finding | None) -> str:
    """Return what a broken contract says of calls that were taken; empty if there is none."""
    answer = finding.exchanges[-1].answer if finding is not None and finding.exchanges else None
    if isinstance(answer, Response) and answer.status >= REFUSED:
        return ""
    actual = actual_of(result, finding) if finding is not None else result.reason
    return f"{result.contract.says}: {actual}"


def judge_documents(
    approved: Approved,
    changes: Mapping[str, Sequence[Difference]],
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
    changes: Sequence[Difference] | None,
    shown: Mapping[str, Shown],
    unshown: str,
) -> StoreOutcome:
    path, title = DOCUMENTS[store]
    if changes is None:
        message = f"the catalogue builds no {path} any more, so nothing tells what differs"
        reason = Reason("open", "document-gone", store, message, "manifest", place=f"{approved.named}/{path}")
        return StoreOutcome(store, title, "open", (reason,))
    reasons = [reason for change in changes for reason in _list_reasons(change, shown)]
    reasons.sort(key=_rank)
    concerned = sorted(_list_operations(changes))
    failing = {reason.subject for reason in reasons if reason.by == "call"}
    taken = {name for name, one in shown.items() if name in concerned and one.taken}
    untried = [
        NotTried(name, shown[name].untried if name in shown and shown[name].untried else unshown)
        for name in concerned
        if name not in failing | taken
    ]
    return StoreOutcome(
        store,
        title,
        reasons[0].outcome if reasons else "kept",
        tuple(reasons),
        calls=len(failing | taken),
        taken=len(taken - failing),
        not_tried=tuple(one for one in untried if one.why),
    )


def _rank(reason: Reason) -> tuple[int, bool, bool, bool]:
    """Return what sorts reasons: the worst first, then what a call shows, and what each call would meet.

    Answers that may be other ones come last.
    """
    of_answers = reason.id.startswith("answer")
    return ORDER.index(reason.outcome), reason.by != "call", reason.id not in LIFTED, of_answers


def _list_reasons(change: Difference, shown: Mapping[str, Shown]) -> Iterator[Reason]:
    """Yield the reason of each operation whose calls fail, and one for all that nothing shows to work."""
    undecided = alone = False
    for operation in change.operations:
        result = shown.get(operation, Shown())
        words = result.broken[:MOST_WORDS]
        if change.id in GONE and result.refused in NO_OPERATION:
            words = words or f"the server answers {result.refused}"
        if words:
            yield Reason(
                "held",
                change.id,
                operation,
                change.message,
                "call",
                place=change.place,
                example=change.example,
                words=words,
            )
        else:
            heard = change.id in LIFTED or (change.id == HEARD and result.filters)
            undecided = undecided or not (result.taken and heard)
            alone = alone or result.taken
    if undecided:
        outcome: State = "held" if change.severity == "breaking" or change.id == CARE else "open"
        message = f"{change.message} ({ALONE})" if outcome == "open" and alone else change.message
        yield Reason(
            outcome,
            change.id,
            change.subject,
            message,
            "manifest",
            place=change.place,
            example=change.example,
        )
