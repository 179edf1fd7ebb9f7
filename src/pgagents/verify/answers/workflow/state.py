"""The state of a workflow's run, and the variables that its criteria read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pgagents.cel.expression import ExpressionError
from pgagents.cel.scope import Scope
from pgagents.model.workflow import Step
from pgagents.verify.check.check import (
    Judgement,
)
from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.exchange import Exchange


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
