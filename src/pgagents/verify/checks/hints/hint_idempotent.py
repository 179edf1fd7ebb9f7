"""A call whose hint claims that it is idempotent changes nothing more when it is repeated.

The call changes an instance of the run, which is observed through reads, lists and counts, and again after a
second equal call. That may get any documented answer, such as 404 to a second DELETE. Members with the
version of an instance may change, as Kubernetes' `resourceVersion` does. A difference counts only if two
further trials show it beside a control, because others use the API, too.

If the run can receive events, as of Park Graph, the second call must cause none. An action that is idempotent
by its method alone is exempt, because HTTP allows further effects such as announcements, and a record of each
call (RFC 9110, 9.2.2); but the audit may have no change that no call made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from pgagents.report.contract import Rank, Verdict
from pgagents.verify.answers.effects import ONCE, compare_looks, judge_effect
from pgagents.verify.answers.hints import (
    STAGE,
    HintedCall,
    fill,
    find_hinted_call,
    find_made,
    list_fillers,
    make_attempt,
    make_first,
)
from pgagents.verify.answers.observation import Body, Difference
from pgagents.verify.cases.removed_instances import is_nobodys_now
from pgagents.verify.events import Traces, find_traces, say_unheard
from pgagents.verify.judgement import Untested, demand
from pgagents.verify.promise import Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, InstanceRef
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield one case for each writing action whose hint claims that it is idempotent.

    Where only our MCP server makes equal calls one, by `equal_calls_s`, the API promises nothing.
    """
    del roles
    for endpoint in _list_repeatable(setting):
        says = f"two equal calls of {endpoint.action.name} leave what one leaves"
        origin = endpoint.action.hints.idempotent.origin
        hinted = find_hinted_call(setting, endpoint)
        if isinstance(hinted, str):
            unseen = f"not shown: {hinted}{say_unheard(setting)}"
            yield Case(endpoint, says, origin, settled=(Verdict.NOT_APPLICABLE, unseen))
            continue
        traces = find_traces(setting, hinted.resource)
        fillers = list_fillers(setting, hinted.resource)
        attempt = make_attempt(
            hinted.resource,
            hinted.sources,
            fillers,
            alone=bool(traces.cost),
            run=partial(_try, hinted, traces),
            cost=2 * (1 + len(hinted.sources)) + 2 + len(fillers) + traces.cost,
        )
        yield Case(endpoint, says, origin, attempt)


def _list_repeatable(setting: Setting) -> Iterator[Endpoint]:
    for action in setting.model.actions:
        endpoint = setting.find_usable_lead(str(action.name))
        hints = action.hints
        by_client = action.equal_calls_s is not None and not hints.idempotent.written
        if endpoint is not None and hints.idempotent.value and not hints.read_only.value and not by_client:
            yield endpoint


def _try(hinted: HintedCall, traces: Traces, trial: Trial) -> None:
    setting, resource = trial.setting, hinted.resource
    fillers = [f for f in list_fillers(setting, resource) if f.endpoint is not hinted.endpoint]
    removes = hinted.endpoint.action.may_remove

    def compare(turn: int) -> Difference:
        body, first = _call_first(setting, hinted, fillers, traces)
        if not first.success and fillers and not hinted.makes:  # for what was added, as `active: false`
            body, first = _call_first(setting, hinted, [], traces)
        if not first.success:
            raise Untested(f"the first call was not accepted: {first.outcome}")
        body = find_made(hinted, first) if hinted.makes else body
        if body is None:
            raise Untested("its answer shows no instance")

        def repeat() -> None:
            # do no harm: SQLite gives the number of a removed row to the next one, maybe somebody else's
            if removes and not is_nobodys_now(setting, resource, body):
                raise Untested(f"nothing shows that nobody else got the id of the {resource.name}")
            demand(trial.ask(_repeat(first, body, hinted)))
            traces.note(hinted.endpoint.action, changes=not _is_silent(hinted.endpoint))

        changes = compare_looks(
            ONCE,
            hinted.sources,
            [body],
            [repeat],
            calls=1,
            turn=turn,
            traces=traces,
            only_last=True,  # saves a wait for events before the call
        )
        if changes is None:
            raise Untested("it could not be read again")
        return changes

    traces.listen()
    judge_effect(trial, ONCE, compare, traces.say_unseen)


def _is_silent(endpoint: Endpoint) -> bool:
    """True if a repeated call must send no event, because its author or its idempotency key makes it a
    repetition.

    The method alone only promises the same state of the resource (RFC 9110, 9.2.2).
    """
    return endpoint.action.hints.idempotent.written or endpoint.action.idempotency is not None


def _call_first(
    setting: Setting, hinted: HintedCall, fillers: list[HintedCall], traces: Traces
) -> tuple[Body | None, Exchange]:
    """Make the first call on a new instance. The instance is filled before if the call names it."""
    body: Body | None = None
    traces.begin(hinted.states, hinted.endpoint.action)
    if not hinted.makes:
        body = ask(InstanceRef(hinted.resource.name, hinted.states, fresh=True, new=True))
        fill(setting, fillers, body, traces)
        traces.note(hinted.endpoint.action)
    first = ask(make_first(setting, hinted, body, "the first of equal calls"))
    return body, first


def _repeat(first: Exchange, body: Body, hinted: HintedCall) -> Call:
    """Return the same call again, with the values that were sent."""
    why = "the same call once more"
    return replace(
        first.call, input=dict(first.sent), why=why, fresh=False, subject=hinted.resource, made=body
    )


CHECK = make_check("hint_idempotent", __doc__, cases, stage=STAGE, rank=Rank.WRONG)
