"""The operator's endpoints refuse an ordinary key, whatever its plan.

Only the audit list and the clock are tried, because a run calls them anyway. A breach elsewhere would change
what other checks rely on.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pgagents.catalogue.model.action import Action
from pgagents.report.contract import Contract
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import Check, Conversation, Probe, judge_refused, promise
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import low
from pgagents.verify.wire.endpoint import OPERATOR, Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "operator_isolation"
HIDDEN = (401, 404)
"""Further statuses of refusals, because a server may conceal that the operator's endpoints exist."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each action of the operator that is tried."""
    if setting.model.errors.framework.no_scope is None:
        return
    for action in _list_actions(setting):
        says = f"{action.name} is refused to a key that is not the operator's"
        yield promise(NAME, "", _endpoint(action), says, action.origin, action.cite)


def _list_actions(setting: Setting) -> list[Action]:
    role = setting.model.auth.roles.get(OPERATOR)
    if role is None or not role.operator:
        return []
    called = [setting.model.audit.listed_by.action if setting.model.audit else None, setting.model.clock]
    return [action for action in setting.model.operator if action in called]


def _endpoint(action: Action) -> Endpoint:
    return Endpoint(action, OPERATOR, None, f"{action.name}@{OPERATOR}")


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each action. It calls the action with the main key.

    The operator's key is needed too, to show that the target has the endpoint. A read is first sent as the
    operator, unless an earlier call was.
    """
    del roles
    if setting.model.errors.framework.no_scope is None:
        return
    for action in _list_actions(setting):
        contract = f"{NAME}/{action.name}@{OPERATOR}"
        yield Probe(contract, 5, (contract,), 2, partial(_run, setting, action, contract), (), OPERATOR)


def _run(setting: Setting, action: Action, contract: str) -> Conversation:
    code = setting.model.codes[str(setting.model.errors.framework.no_scope)]
    template, audit, clock = template_of(setting.model, action), setting.model.audit, setting.model.clock
    given = (
        dict(audit.listed_by.input)
        if audit is not None and audit.listed_by.action is action
        else dict(template.input)
    )
    if action is clock:  # if the call is wrongly accepted, the clock hardly moves
        given |= {str(p.name): low(p.schema, setting.model.schemas) for p in action.params if p.required}
    else:
        yield ordinary(
            _endpoint(action),
            template,
            "valid",
            "as the operator",
            input=given,
            role=OPERATOR,
            owner=OPERATOR,
            reuse="ever",
        )
    exchange: Exchange = yield ordinary(
        _endpoint(action), template, "scope", "the operator's call with an ordinary key", input=given
    )
    yield from judge_refused(exchange, contract, [code], f"{action.name} with an ordinary key", HIDDEN)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
)
