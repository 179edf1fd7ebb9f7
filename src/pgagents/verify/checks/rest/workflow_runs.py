"""The catalogue's workflows run from beginning to end: each step has its status, and each criterion holds.

Hours pass only by the operator's clock; without it, criteria that need them are excluded. Values that others
could change are judged only in an exclusive run. If a criterion fails on an answer in which another check
found a fault, it is no second finding.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pgagents.base.cel.expression import Expression, Scope
from pgagents.base.cel.expression import compile as compile_expression
from pgagents.base.cel.syntax import ExpressionError
from pgagents.base.places import Pointer
from pgagents.catalogue.decoding.medium import is_json
from pgagents.catalogue.language.basics import FRESH
from pgagents.catalogue.model.resource import Step, Workflow
from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.verify.answers.bodies import collect, declares, find_malformed_time
from pgagents.verify.cases.workflow_steps import (
    REFUSED,
    about_own,
    as_told,
    endpoint_of,
    evaluate_input,
    make_step_headers,
    passes,
    takes_days,
)
from pgagents.verify.fixtures.request_template import time_passes
from pgagents.verify.fixtures.target import list_made, makes
from pgagents.verify.laws import evaluate_law, format_values, values_of
from pgagents.verify.plan.selection import others_too
from pgagents.verify.promise import (
    CONFLICT,
    Check,
    Conversation,
    Judgement,
    Overlap,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise_at,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, Own, Sleep, Undo
from pgagents.verify.wire.endpoint import NO_MCP, OPERATOR, REST
from pgagents.verify.wire.exchange import Exchange

NAME = "workflow_runs"
PAUSE_S, LONGER, LONGEST_S = 0.5, 1.6, 10.0
"""Seconds before a step is called again, the factor between two pauses, and the longest pause in seconds.

Without them, a job that never ends would use up a run's requests.
"""

ROOMY = 30
"""Characters that an argument must take for a fresh value to fit."""
_FRESH_KINDS = {"": "text", "email": "email", "uuid": "uuid", "uri": "url", "url": "url"}


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each step and one for each of its criteria."""
    for workflow in setting.model.workflows:
        for step in workflow.steps:
            says = f"{workflow.title}: {step.name} ({step.action.name}) is answered {step.status}"
            yield promise_at(NAME, f"{workflow.name}/{step.name}", "@rest", says, step.origin, workflow.cite)
            for id, criterion, origin, _ in _criteria(workflow, step):
                says = f"{workflow.title}, {step.name}: {criterion.wording}"
                yield Contract(id, NAME, "", REST, says, origin, workflow.cite)


Criterion = tuple[str, Expression, Pointer, str]
"""Id, expression, origin, and need: `timed` if time must pass, `alone` if the run must be exclusive."""


def _criteria(workflow: Workflow, step: Step) -> Iterator[Criterion]:
    for need, several in (("", step.expect), ("timed", step.expect_timed), ("alone", step.expect_alone)):
        key = f"expect_{need}" if need else "expect"
        for index, criterion in enumerate(several):
            id = f"{NAME}/{workflow.name}/{step.name}/{key}-{index + 1}@{REST}"
            yield id, criterion, (*step.origin, key, index), need


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Exclude timed criteria without a clock. Deselect workflows that need an MCP server if none is given.

    Deselect criteria that others could affect, unless the run is exclusive.
    """
    if setting.mcp is None and contract.detail.partition("/")[0] in _of_tools(setting):
        return Verdict.NOT_SELECTED, NO_MCP
    if setting.model.clock is None and "/expect_timed-" in contract.detail:
        return Verdict.NOT_APPLICABLE, "the API has no clock that an operator could move"
    if not setting.exclusive and "/expect_alone-" in contract.detail:
        return Verdict.NOT_SELECTED, others_too(setting, "reports")
    return None


def _of_tools(setting: Setting) -> frozenset[str]:
    """Return the names of workflows with an action that only an MCP server has."""

    def find() -> frozenset[str]:
        return frozenset(
            workflow.name
            for workflow in setting.model.workflows
            for step in workflow.steps
            if (endpoint := endpoint_of(setting, step)) is not None and endpoint.form is not None
        )

    return setting.compute_once("workflows of tools", find)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each workflow. Time passes if there is a clock."""
    timed = setting.model.clock is not None and OPERATOR in roles
    for workflow in setting.model.workflows:
        endpoints = [endpoint_of(setting, step) for step in workflow.steps]
        if any(endpoint is None for endpoint in endpoints):
            continue
        steps = [f"{NAME}/{workflow.name}/{step.name}@{REST}" for step in workflow.steps]
        criteria = [c for step in workflow.steps for c in _criteria(workflow, step)]
        role = next((r for r in workflow.needs if r not in roles), next(iter(workflow.needs), "main"))
        covers = (
            *steps,
            *(
                id
                for id, _, _, need in criteria
                if (timed or need != "timed") and (setting.exclusive or need != "alone")
            ),
        )
        later = tuple(id for id, _, _, need in criteria if need == "timed" and not timed)
        cost = len(workflow.steps) + (sum(bool(step.after_s) for step in workflow.steps) if timed else 0)
        writes = any(step.action.effect == "write" for step in workflow.steps)
        run = partial(_run, setting, workflow, timed)
        at = tuple(
            endpoint for endpoint in endpoints if endpoint is not None and endpoint.surface != OPERATOR
        )
        stage = 7 if timed and takes_days(workflow) else 6
        counts = setting.exclusive and any(step.expect_alone for step in workflow.steps)
        overlap: Overlap = "none" if timed or (counts and writes) else "readers" if counts else "all"
        name = f"{NAME}/{workflow.name}"
        yield Probe(f"{name}@{REST}", stage, covers, cost, run, at, role, writes, overlap=overlap)
        if later:
            yield Probe(
                f"{name} with its hours@{REST}", 6, later, cost, run, at, OPERATOR, writes, overlap="none"
            )


def _run(setting: Setting, workflow: Workflow, timed: bool) -> Conversation:
    state = yield from _through(setting, workflow, timed, again=False)
    if state.stale:  # by an old answer that the first step reused, or by something that others made
        if state.first:  # what the first run made must not stand in the second one's way
            yield Undo(state.first)
        state = yield from _through(setting, workflow, timed, again=True)
    reason = (
        state.taken
        or (state.stale and f"refused because of the current state: {state.stale}")
        or "a step before it did not go as it should"
    )
    for step in workflow.steps:
        for id in (_id(workflow, step), *(c[0] for c in _criteria(workflow, step))):
            if id not in state.told:
                yield judge_untested(id, reason)


def _id(workflow: Workflow, step: Step) -> str:
    return f"{NAME}/{workflow.name}/{step.name}@{REST}"


def _repeat_until_held(
    setting: Setting, step: Step, call: Call, timed: bool, state: WorkflowState
) -> Generator[Any, Any, Exchange]:
    """Make a step's call, and repeat it as long as the step may take; return the last exchange."""
    assert call.endpoint is not None
    exchange: Exchange = yield call
    began, pause = exchange.sent_at, PAUSE_S
    while (
        exchange.sent_at - began < step.within_s
        and as_told(setting, step, exchange, call.endpoint)
        and not holds(setting, step, exchange, timed, state)
    ):
        left = step.within_s - (exchange.sent_at - began)
        yield Sleep(min(pause, max(left, PAUSE_S)), quiet=pause < 1)
        pause = min(pause * LONGER, LONGEST_S)
        exchange = yield call
    return exchange


def _through(
    setting: Setting, workflow: Workflow, timed: bool, *, again: bool
) -> Generator[Any, Any, WorkflowState]:
    state, of_old = WorkflowState(), False
    for index, step in enumerate(workflow.steps):
        scope = Scope({"env": setting.model.env, "now": 0.0, "input": {}, **state.kept})
        try:
            call = _make_call(setting, workflow, step, scope, reuses=index == 0 and not again)
            seconds = passes(step, scope) if timed else 0.0
        except ExpressionError as error:
            yield from state.say(
                [judge_untested(_id(workflow, step), f"its arguments have no value here: {error}")]
            )
            return state
        if seconds and (wait := time_passes(setting, seconds)):
            yield wait
        of_old = of_old or bool(call.reuse)
        exchange = yield from _repeat_until_held(setting, step, call, timed, state)
        if exchange.success and step.action.effect == "write":
            state.first = state.first or exchange.number
            yield Own(exchange.number)
        alone = (
            setting.exclusive and step.status_written
        )  # a full place is no fault, unless its author says so
        firm = again and (alone or about_own(setting, workflow.steps[:index], step))
        if again and _is_conflict(setting, step, exchange):
            state.taken = yield from _find_taken(setting, workflow.steps[:index], step, call)
            firm = firm and not state.taken
        yield from state.say(_went(setting, workflow, step, exchange, state, firm=firm))
        answered = as_told(setting, step, exchange, call.endpoint) and not exchange.void
        if answered and of_old and not holds(setting, step, exchange, timed, state):
            state.stale = f"{step.name} is not as what was found before"
        if not answered or state.stale:
            yield from _put_back(setting, workflow.steps[:index], workflow.steps[index + 1 :], state)
            return state
        yield from state.say(_judge_step(setting, workflow, step, exchange, timed, state))
    return state


def _is_conflict(setting: Setting, step: Step, exchange: Exchange) -> bool:
    """True if a step that should succeed was refused with a declared conflict.

    That is a 409, or the code for a value that another instance has.
    """
    declared = exchange.codes.get(exchange.code or "")
    if step.status >= REFUSED or declared is None:
        return False
    made = list_made(setting.model, step.action)
    return declared.status == CONFLICT or any(
        u.otherwise.name == declared.name for r in made for u in r.unique
    )


def _find_taken(setting: Setting, before: Sequence[Step], step: Step, call: Call) -> Generator[Any, Any, str]:
    """Return the reason if a create is refused only because a text of its author is taken; else empty.

    An earlier run, or somebody else, may have used the text. The same call with new texts in its place tells.
    If an earlier step of the workflow sent the text, the conflict is the workflow's own.
    """
    if not makes(setting.model, step.action) or step.action.costs:
        return ""
    sent = [value for one in before if one.action is step.action for value in one.input.values()]
    texts, new = {}, {}
    for param in step.action.params:
        name, text, schema = str(param.name), step.input.get(str(param.name)), param.schema
        kind = _find_fresh_kind(setting.resolve_schema(schema))
        if isinstance(text, str) and kind and param.refers_to is None and text not in sent:
            texts[name], new[name] = text, compile_expression(f"{FRESH}.{kind}", [FRESH])
    if not texts:
        return ""
    other: Exchange = yield replace(call, input={**call.input, **new}, why="the same call with new texts")
    if not other.success:
        return ""
    yield Undo(other.number)
    listed = " and ".join(f"`{name}: {text}`" for name, text in texts.items())
    proposed = " and ".join(f"`{name}: ={expression.wording}`" for name, expression in new.items())
    return f"{listed} is taken, perhaps by an earlier run: write {proposed} for a text that must be new"


def _find_fresh_kind(schema: Mapping[str, Any]) -> str:
    """Return the kind of fresh value that surely fits a schema; empty if there is none."""
    bounds = {"enum", "const", "pattern", "not", "minLength"} & schema.keys()
    if bounds - {"minLength"} or schema.get("minLength", 0) > 1 or schema.get("maxLength", ROOMY) < ROOMY:
        return ""
    return _FRESH_KINDS.get(str(schema.get("format", "")), "")


def _make_call(setting: Setting, workflow: Workflow, step: Step, scope: Scope, *, reuses: bool) -> Call:
    """Return a step's call. If `reuses`, a read may get an earlier answer. Raises ExpressionError."""
    given = {name: evaluate_input(value, scope) for name, value in step.input.items()}
    raw = make_step_headers(setting, step, scope)
    endpoint = endpoint_of(setting, step)
    assert endpoint is not None
    return Call(
        endpoint,
        given,
        "explore" if step.status < REFUSED else "illegal",
        f"{workflow.title}: {step.name}",
        role="" if step.key is not None else step.role,
        raw=raw,
        authored=True,
        reuse="ever" if reuses and step.action.effect == "read" and not raw.headers else "",
    )


def _put_back(
    setting: Setting, done: Sequence[Step], left: Sequence[Step], state: WorkflowState
) -> Conversation:
    """Repeat the operator's remaining steps of a workflow that was broken off, to undo its earlier steps."""
    changed = {step.action.name for step in done if step.role == OPERATOR and step.action.effect == "write"}
    scope = Scope({"env": setting.model.env, "now": 0.0, "input": {}, **state.kept})
    for step in left:
        endpoint = endpoint_of(setting, step)
        if step.role == OPERATOR and step.action.name in changed and endpoint is not None:
            try:
                given = {name: evaluate_input(value, scope) for name, value in step.input.items()}
            except ExpressionError:
                continue
            yield Call(
                endpoint,
                given,
                "explore",
                f"{step.name}: what was changed is put back",
                role=step.role,
            )


def _went(
    setting: Setting, workflow: Workflow, step: Step, exchange: Exchange, state: WorkflowState, *, firm: bool
) -> Iterator[Judgement]:
    """Judge that the step had its status.

    If `firm`, nothing outside the workflow can cause a conflict.
    """
    contract = _id(workflow, step)
    if not exchange.void and as_told(setting, step, exchange, exchange.call.endpoint):
        problem = find_problem(setting, step, exchange) or find_leaked_secret(setting, step, exchange, state)
        collect(exchange.body, setting.model.secrets, state.secrets)
        yield (
            judge_broken(contract, f"an answer to {step.name} as {step.action.name} promises it", problem)
            if problem
            else judge_kept(contract)
        )
    elif exchange.void or exchange.tainted:
        yield judge_untested(
            contract,
            f"another check found fault with it: {exchange.tainted[0]}"
            if exchange.tainted
            else exchange.outcome,
        )
    elif _is_conflict(setting, step, exchange) and not firm:
        state.stale = exchange.outcome
    else:
        yield judge_broken(contract, f"{step.status} to {step.name} of {workflow.name}", exchange.outcome)


def _judge_step(
    setting: Setting, workflow: Workflow, step: Step, exchange: Exchange, timed: bool, state: WorkflowState
) -> Iterator[Judgement]:
    """Judge a step's criteria, and keep its values for later steps."""
    values = make_variables(setting, exchange, state)
    scope = Scope(values)
    for id, criterion, _, need in _criteria(workflow, step):
        if (need == "timed" and not timed) or (need == "alone" and not setting.exclusive):
            continue
        try:
            holds = scope.holds(criterion)
        except ExpressionError as error:
            yield judge_untested(id, f"it cannot be evaluated on this answer: {error}")
            continue
        said = format_values(values, criterion)
        if not holds and exchange.tainted:
            yield judge_untested(id, f"another check found fault with this answer: {exchange.tainted[0]}")
            continue
        yield (
            judge_kept(id)
            if holds
            else judge_broken(id, criterion.wording, f"it does not hold{': ' + said if said else ''}")
        )
    try:
        state.kept[step.name] = {name: scope.evaluate(expression) for name, expression in step.keep.items()}
    except ExpressionError:
        state.kept[step.name] = {}


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    settled=settle_contract,
    turn=9,
    derived_from=frozenset(
        (
            "valid_calls",
            "law",
            "state_transitions",
            "read_after_write",
            "response_schema",
            "invalid_input",
            "absent_id",
            "surface_equivalence",
            "audit_trail",
            "error_names_field",
            "key_authentication",
            "plan_scopes",
            "no_effect_of_refusals",
            "capacity",
            "call_attribution",
            "error_envelope",
            "agent_rate_limits",
            "rate_limit_enforcement",
            "rate_limit_headers",
        )
    ),
    overlap="all",
    rank=Rank.WRONG,
)


# -- answers to the operator, which no watcher judges


def find_problem(setting: Setting, step: Step, exchange: Exchange) -> str:
    """Return what is wrong with an answer to the operator by its schema, times and laws.

    No watcher judges such answers.
    """
    schema = exchange.output.schema if step.role == OPERATOR and exchange.output is not None else None
    if schema is None or exchange.output is None or not is_json(exchange.output.content_type):
        return ""
    if not exchange.fits:
        return "a body that does not satisfy its schema"
    if (problem := find_malformed_time(setting, exchange.body, schema)) is not None:
        return problem[1]
    values = values_of(setting.model, exchange)
    scope = Scope(values)
    failed = next((law for law in step.action.laws if evaluate_law(law, scope).outcome == "broken"), None)
    return f"{failed.name} does not hold: {format_values(values, failed.that)}" if failed is not None else ""


def find_leaked_secret(setting: Setting, step: Step, exchange: Exchange, state: WorkflowState) -> str:
    """Return an earlier step's secret in an answer to the operator; empty without one.

    An answer whose schema declares a secret is left out.
    """
    output = exchange.output if step.role == OPERATOR else None
    if (
        output is None
        or exchange.response is None
        or declares(setting, (str(step.action.name), output.status), output.schema)
    ):
        return ""
    text = exchange.response.body.decode("utf-8", "replace")
    name = next((name for value, name in state.secrets.items() if value in text), None)
    return f"the secret {name} of a step before stands in it" if name is not None else ""


# -- the state of a workflow's run, and the variables of its criteria


@dataclass(slots=True)
class WorkflowState:
    """The state of a workflow's run: kept values, judged contracts, and secrets in answers.

    `stale` says how a step was refused because something was in another state than expected. `taken` says
    that only a text of its author was the reason. `first` is the number of the first write that succeeded.
    """

    kept: dict[str, Any] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    stale: str = ""
    taken: str = ""
    first: int = 0
    secrets: dict[str, str] = field(default_factory=dict)

    def say(self, several: Iterable[Judgement]) -> Iterator[Judgement]:
        """Note the contract of each verdict, and yield it."""
        for judgement in several:
            self.told.add(judgement.contract)
            yield judgement


def make_variables(setting: Setting, exchange: Exchange, state: WorkflowState) -> dict[str, Any]:
    """Return the variables that criteria read.

    The body is JSON, or else a text. Headers have lower-case names, and the first value of each.
    """
    body: Any = exchange.body
    if body is None and exchange.json.problem and exchange.response is not None:
        body = exchange.response.body.decode("utf-8", "replace")
    headers = (
        {name.lower(): value for name, value in reversed(exchange.response.headers)}
        if exchange.response is not None
        else {}
    )
    told = {
        "env": setting.model.env,
        "now": exchange.sent_at,
        "input": exchange.input,
        "response": body,
        "status": exchange.status,
        "headers": headers,
    }
    return {**told, **state.kept}


def holds(setting: Setting, step: Step, exchange: Exchange, timed: bool, state: WorkflowState) -> bool:
    """True if all criteria hold, or if one cannot be evaluated, so that waiting is useless."""
    scope = Scope(make_variables(setting, exchange, state))
    several = (
        *step.expect,
        *(step.expect_timed if timed else ()),
        *(step.expect_alone if setting.exclusive else ()),
    )
    try:
        return all(scope.holds(criterion) for criterion in several)
    except ExpressionError:
        return True
