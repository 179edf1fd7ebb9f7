"""The catalogue's workflows run from beginning to end: each step has its status, and each criterion holds.

Hours pass only by the operator's clock, as Park Graph's sandbox and Stripe's test mode have one; without it,
criteria that need them are excluded. Values that others could change are judged only in an exclusive run. If
a criterion fails on an answer in which another check found a fault, it is not a second finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pgagents.base.cel.expression import Expression, Scope
from pgagents.base.cel.expression import compile as compile_expression
from pgagents.base.cel.syntax import ExpressionError
from pgagents.catalogue.decoding.medium import is_json
from pgagents.catalogue.language.basics import FRESH
from pgagents.catalogue.model.answers import headers_of
from pgagents.catalogue.model.resource import Step, Workflow
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.answers.bodies import find_malformed_time
from pgagents.verify.cases.instance_changes import FRESH_FORMS
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
from pgagents.verify.judgement import Judgement, conclude
from pgagents.verify.laws import evaluate_law, format_values, say_nan, values_of
from pgagents.verify.plan.selection import others_too
from pgagents.verify.promise import Attempt, Case, Overlap, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Own, Sleep, Undo
from pgagents.verify.wire.endpoint import NO_MCP, OPERATOR, REST
from pgagents.verify.wire.exchange import CONFLICT, Exchange

PAUSE_S, LONGER, LONGEST_S = 0.5, 1.6, 10.0
"""Seconds before a step is called again, the factor between two pauses, and the longest pause in seconds.

Without them, a job that never ends would use up a run's requests.
"""
TIMED, ALONE = "timed", "alone"
"""The things that a criterion may need: that time passes, or that the run is exclusive."""
MOST_AGAIN = 4
"""The most further passages. Each proves of other creates that they make new instances, so few are enough."""
ROOMY = 30
"""Characters that an argument must take for a fresh value to fit."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each step of a workflow and for each of its criteria. One probe goes through a
    workflow.

    Criteria that need a clock are left to a probe that names the operator, unless the caller is one.
    """
    timed = setting.model.clock is not None and OPERATOR in roles
    for workflow in setting.model.workflows:
        attempt = _make_attempt(setting, workflow, roles, timed=timed)
        later = None
        if attempt is not None and not timed:
            name = f"workflow_runs/{workflow.name} with its hours@{REST}"
            later = replace(attempt, stage=6, role=OPERATOR, probe=name, overlap="none")
        case = partial(Case, None, cite=workflow.cite, place=f"@{REST}")
        settled = {need: _settle(setting, workflow, need) for need in ("", TIMED, ALONE)}
        for step in workflow.steps:
            says = f"{workflow.title}: {step.name} ({step.action.name}) is answered {step.status}"
            about, detail = (step, None), f"{workflow.name}/{step.name}"
            yield case(says, step.origin, attempt, detail, settled=settled[""], about=about)
            criteria = (("", step.expect), (TIMED, step.expect_timed), (ALONE, step.expect_alone))
            for need, several in criteria:
                key = f"expect_{need}" if need else "expect"
                for index, criterion in enumerate(several):
                    yield case(
                        f"{workflow.title}, {step.name}: {criterion.wording}",
                        (*step.origin, key, index),
                        later if need == TIMED and later is not None else attempt,
                        f"{detail}/{key}-{index + 1}",
                        settled=settled[need],
                        about=(step, criterion),
                    )


def _settle(setting: Setting, workflow: Workflow, need: str) -> tuple[Verdict, str] | None:
    """Leave out timed criteria without a clock, and workflows that need an MCP server if none is given.

    Leave out criteria that others could affect, unless the run is exclusive.
    """
    endpoints = (endpoint_of(setting, step) for step in workflow.steps)
    if setting.mcp is None and any(e is not None and e.form is not None for e in endpoints):
        return Verdict.NOT_SELECTED, NO_MCP
    if setting.model.clock is None and need == TIMED:
        return Verdict.NOT_APPLICABLE, "the API has no clock that an operator could move"
    if not setting.exclusive and need == ALONE:
        return Verdict.NOT_SELECTED, others_too(setting, "reports")
    return None


def _make_attempt(
    setting: Setting, workflow: Workflow, roles: frozenset[str], *, timed: bool
) -> Attempt | None:
    """Return the attempt that goes through a workflow; None if the target lacks an action of it."""
    endpoints = [endpoint_of(setting, step) for step in workflow.steps]
    if any(endpoint is None for endpoint in endpoints):
        return None
    writes = any(step.action.effect == "write" for step in workflow.steps)
    counts = setting.exclusive and any(step.expect_alone for step in workflow.steps)
    # what others write meanwhile would show in what the author's steps count
    overlap: Overlap = "none" if timed or (counts and writes) else "readers" if counts or writes else "all"
    return Attempt(
        together=partial(_go_through, workflow=workflow, timed=timed),
        stage=7 if timed and takes_days(workflow) else 6,
        cost=len(workflow.steps) + (sum(bool(step.after_s) for step in workflow.steps) if timed else 0),
        # the first role that no key is given for, so that the report names it
        role=next((r for r in workflow.needs if r not in roles), next(iter(workflow.needs), "main")),
        writes=writes,
        endpoints=tuple(e for e in endpoints if e is not None and e.surface != OPERATOR),
        probe=f"workflow_runs/{workflow.name}@{REST}",
        overlap=overlap,
    )


def _go_through(trials: Sequence[Trial], workflow: Workflow, *, timed: bool) -> None:
    passage = Passage(workflow, trials, timed=timed)
    passage.go()
    for _ in range(MOST_AGAIN):
        if not passage.stale or (passage.again and not passage.copied):
            break
        if passage.first:  # what one passage made must not stand in the next one's way, such as a full lot
            ask(Undo(passage.first))
        passage = Passage(workflow, trials, timed=timed, again=passage.again or not passage.copied)
        passage.go()
    reason = (
        passage.taken
        or (passage.stale and f"refused because of the current state: {passage.stale}")
        or "a step before it did not go as it should"
    )
    outside = bool(passage.taken or passage.stale)  # an earlier run's text, or an empty stock
    for trial in trials:
        if trial.contract not in passage.judged:
            conclude(trial.unseen(reason) if outside else trial.untested(reason))


@dataclass(slots=True)
class Passage:
    """One passage through a workflow: its values that are kept, and judged contracts.

    `stale` says how a step went because something was in another state than expected: by an old answer that
    the first step reused, by something that others made, or by what proved that creates make new instances.
    `taken` says that only a text of its author was the reason. `first` is the number of the first write that
    succeeded.
    """

    workflow: Workflow
    trials: Sequence[Trial]
    timed: bool
    again: bool = False
    kept: dict[str, Any] = field(default_factory=dict)
    judged: set[str] = field(default_factory=set)
    stale: str = ""
    taken: str = ""
    first: int = 0
    copied: bool = False
    """True if the run made more of what a step made, to see that each is a new one."""

    @property
    def setting(self) -> Setting:
        """The run's setting."""
        return self.trials[0].setting

    def find_trial(self, step: Step) -> Trial:
        """Return the trial of a step's status."""
        for trial in self.trials:
            of, criterion = trial.case.about
            if of is step and criterion is None:
                return trial
        raise LookupError(step.name)  # each step has a case

    def list_criteria(self, step: Step) -> list[tuple[Trial, Expression]]:
        """Return the criteria of a step that can be judged here, each with its trial."""
        criteria = []
        for trial in self.trials:
            of, criterion = trial.case.about
            if of is step and criterion is not None:
                criteria.append((trial, criterion))
        return criteria

    def say(self, several: Iterable[Judgement]) -> Iterator[Judgement]:
        """Note the contract of each verdict, and yield it."""
        for judgement in several:
            self.judged.add(judgement.contract)
            yield judgement

    def go(self) -> None:
        """Take the steps in turn, until one does not go as it should."""
        setting, steps, of_old = self.setting, self.workflow.steps, False
        for index, step in enumerate(steps):
            before, scope = steps[:index], self.make_scope()
            try:
                call = self.make_call(step, scope, reuses=index == 0 and not self.again)
                seconds = passes(step, scope) if self.timed else 0.0
            except ExpressionError as error:
                reason = f"its arguments have no value here: {error}"
                conclude(self.say([self.find_trial(step).untested(reason)]))
                return
            if seconds and (wait := time_passes(setting, seconds)):
                ask(wait)
            of_old = of_old or bool(call.reuse)
            answer = self._repeat_until_held(step, call)
            if answer.success and step.action.effect == "write":
                self.first = self.first or answer.number
                copied = ask(Own(answer.number))
                self.copied = self.copied or copied
            # a full place, as a lot of Park Graph, is not a fault, unless its author says so
            alone = setting.exclusive and step.status_written
            own = about_own(setting, before, step)
            answered = as_told(setting, step, answer, call.endpoint) and not answer.void
            beside = self.copied and not answer.void and (answered or not own)
            if beside and not (answered and self.holds(step, answer, alone=own)):
                # counts have one too many (two agents' catalogues, 2026-11-28), and numbers in turn leave
                # one out (a depot of 2026-11-29); the next time there is none
                self.stale = f"{step.name} may show what this run made beside it"
                self._put_back(before, steps[index + 1 :])
                return
            # a second passage may get less far, so what can have no other cause counts at once
            firm = (alone or own) if self.again else (own and step.status_written and not of_old)
            if (self.again or firm) and _is_conflict(setting, step, answer):
                self.taken = _find_taken(setting, before, step, call)
                firm = firm and not self.taken
            conclude(self.say(self._judge_status(step, answer, firm=firm)))
            if answered and of_old and not self.holds(step, answer):
                self.stale = f"{step.name} is not as what was found before"
            if not answered or self.stale:
                self._put_back(before, steps[index + 1 :])
                return
            conclude(self.say(self._judge_criteria(step, answer)))

    def make_scope(self) -> Scope:
        """Return the scope of the next step's arguments."""
        return Scope({"env": self.setting.model.env, "now": 0.0, "input": {}, **self.kept})

    def make_call(self, step: Step, scope: Scope, *, reuses: bool) -> Call:
        """Return a step's call. If `reuses`, a read may get an earlier answer. Raises ExpressionError."""
        arguments = {name: evaluate_input(value, scope) for name, value in step.input.items()}
        raw = make_step_headers(self.setting, step, scope)
        endpoint = endpoint_of(self.setting, step)
        assert endpoint is not None
        return Call(
            endpoint,
            arguments,
            "explore" if step.status < REFUSED else "illegal",
            f"{self.workflow.title}: {step.name}",
            role="" if step.key is not None else step.role,
            raw=raw,
            bind=self.kept,  # fresh values are made as the call is sent, and may stand beside what was kept
            authored=True,
            # saves a request; where the answer is too old, the passage is walked again
            reuse="ever" if reuses and step.action.effect == "read" and not raw.headers else "",
        )

    def _repeat_until_held(self, step: Step, call: Call) -> Exchange:
        """Make a step's call, and repeat it as long as the step may take; return the last answer."""
        assert call.endpoint is not None
        answer = ask(call)
        began, pause_s = answer.sent_at, PAUSE_S  # `within_s` is the author's
        while answer.sent_at - began < step.within_s and not (
            as_told(self.setting, step, answer, call.endpoint) and self.holds(step, answer)
        ):
            left_s = step.within_s - (answer.sent_at - began)
            ask(Sleep(min(pause_s, max(left_s, PAUSE_S)), quiet=pause_s < 1))
            pause_s = min(pause_s * LONGER, LONGEST_S)
            answer = ask(call)
        return answer

    def holds(self, step: Step, answer: Exchange, *, alone: bool = False) -> bool:
        """True if all criteria hold, or if one cannot be evaluated, so that waiting is useless. With `alone`,
        only those count that another caller may upset.
        """
        scope = Scope(make_variables(self, answer))
        several = [one for _, one in self.list_criteria(step) if not alone or one in step.expect_alone]
        try:
            return all(map(scope.holds, several))
        except ExpressionError:
            return True

    def _put_back(self, done: Sequence[Step], left: Sequence[Step]) -> None:
        """Repeat the operator's remaining steps of a workflow that was broken off, to undo its earlier steps,
        such as Park Graph's lot that opted out.
        """
        changed = {s.action.name for s in done if s.role == OPERATOR and s.action.effect == "write"}
        scope = self.make_scope()
        for step in left:
            endpoint = endpoint_of(self.setting, step)
            if step.role == OPERATOR and step.action.name in changed and endpoint is not None:
                try:
                    arguments = {name: evaluate_input(value, scope) for name, value in step.input.items()}
                except ExpressionError:
                    continue
                why = f"{step.name}: what was changed is put back"
                ask(Call(endpoint, arguments, "explore", why, role=step.role))

    def _judge_status(self, step: Step, answer: Exchange, *, firm: bool) -> Iterator[Judgement]:
        """Judge that the step had its status.

        If `firm`, nothing outside the workflow can cause a conflict.
        """
        trial = self.find_trial(step)
        if not answer.void and as_told(self.setting, step, answer, answer.call.endpoint):
            problem = find_problem(self.setting, step, answer)
            expected = f"an answer to {step.name} as {step.action.name} promises it"
            yield trial.broken(expected, problem) if problem else trial.kept()
        elif answer.void or answer.reported:
            reason = f"another check found fault with it: {answer.reported[0]}" if answer.reported else ""
            yield trial.untested(reason or answer.outcome)
        elif _is_conflict(self.setting, step, answer) and not firm:
            firmer = (
                "" if step.status_written else f"; `status: {step.status}` at the step makes it a finding"
            )
            self.stale = f"{answer.outcome}{firmer}"
        else:
            yield trial.broken(f"{step.status} to {step.name} of {self.workflow.name}", answer.outcome)

    def _judge_criteria(self, step: Step, answer: Exchange) -> Iterator[Judgement]:
        """Judge a step's criteria, and keep its values for later steps."""
        variables = make_variables(self, answer)
        scope = Scope(variables)
        for trial, criterion in self.list_criteria(step):
            try:
                held = scope.holds(criterion)
            except ExpressionError as error:
                yield trial.untested(f"it cannot be evaluated on this answer: {error}")
                continue
            if held:
                yield trial.kept()
            elif answer.reported:
                yield trial.untested(f"another check found fault with this answer: {answer.reported[0]}")
            # such as the time of a text that is none: comparisons with NaN are false, whatever came
            elif nothing := say_nan(criterion.tree, variables):
                yield trial.untested(f"it cannot be evaluated on this answer: {nothing}")
            elif values := format_values(variables, criterion):
                yield trial.broken(criterion.wording, "it does not hold: {values}", values=values)
            else:
                yield trial.broken(criterion.wording, "it does not hold")
        try:
            self.kept[step.name] = {name: scope.evaluate(each) for name, each in step.keep.items()}
        except ExpressionError:
            self.kept[step.name] = {}


def make_variables(passage: Passage, answer: Exchange) -> dict[str, Any]:
    """Return the variables that criteria read.

    The body is JSON, or else a text. Headers are text, and `link` has the targets of RFC 8288's relations.
    """
    body: Any = answer.body
    if body is None and answer.json.problem and answer.response is not None:
        body = answer.response.body.decode("utf-8", "replace")
    variables = {
        "env": passage.setting.model.env,
        "now": answer.sent_at,
        "input": answer.input,
        "response": body,
        "status": answer.status,
        "headers": headers_of(answer.response) if answer.response is not None else {},
    }
    return {**variables, **passage.kept}


# -- a step that is refused because a text of its author is taken


def _is_conflict(setting: Setting, step: Step, exchange: Exchange) -> bool:
    """True if a step that should succeed was refused with a declared conflict.

    That is a 409, or the code for a value that another instance has.
    """
    declared = exchange.codes.get(exchange.code or "")
    if step.status >= REFUSED or declared is None:
        return False
    made = list_made(setting.model, step.action)
    return declared.status == CONFLICT or any(
        unique.otherwise.name == declared.name for resource in made for unique in resource.unique
    )


def _find_taken(setting: Setting, before: Sequence[Step], step: Step, call: Call) -> str:
    """Return the reason if a create is refused only because a text of its author is taken; else empty.

    An earlier run, or somebody else, may have used the text, as a coding agent's workflows wrote it. The same
    call with new texts in its place tells.
    If an earlier step of the workflow sent the text, the conflict is the workflow's own.
    """
    if not makes(setting.model, step.action) or step.action.costs:
        return ""
    sent = [value for other in before if other.action is step.action for value in other.input.values()]
    texts, new = {}, {}
    for param in step.action.params:
        name, text, schema = str(param.name), step.input.get(str(param.name)), param.schema
        kind = _find_fresh_kind(setting.resolve_schema(schema))
        if isinstance(text, str) and kind and param.refers_to is None and text not in sent:
            texts[name], new[name] = text, compile_expression(f"{FRESH}.{kind}", [FRESH])
    if not texts:
        return ""
    other = ask(replace(call, input={**call.input, **new}, why="the same call with new texts"))
    if other.void:
        return f"the same call with new texts was not answered: {other.outcome}"
    if not other.success:
        return ""
    ask(Undo(other.number))
    listed = " and ".join(f"`{name}: {text}`" for name, text in texts.items())
    proposed = " and ".join(f"`{name}: ={expression.wording}`" for name, expression in new.items())
    return f"{listed} is taken, perhaps by an earlier run: write {proposed} for a text that must be new"


def _find_fresh_kind(schema: Mapping[str, Any]) -> str:
    """Return the kind of fresh value that surely fits a schema; empty if it might break a form."""
    bounds = {"enum", "const", "pattern", "not", "minLength"} & schema.keys()
    if bounds - {"minLength"} or schema.get("minLength", 0) > 1 or schema.get("maxLength", ROOMY) < ROOMY:
        return ""
    form = str(schema.get("format", ""))
    return FRESH_FORMS.get(form, "" if form else "text")


# -- answers to the operator, which no watcher judges


def find_problem(setting: Setting, step: Step, exchange: Exchange) -> str:
    """Return what is wrong with an answer to the operator by its schema, times and laws.

    No watcher judges such answers, and Park Graph's audit is one.
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


CHECK = make_check(
    "workflow_runs",
    __doc__,
    cases,
    turn=9,
    overlap="all",
    rank=Rank.WRONG,
)
