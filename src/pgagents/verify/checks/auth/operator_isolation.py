"""The operator's audit list and clock refuse an ordinary key, whatever its plan.

A run calls these two anyway. A breach elsewhere would change what other checks rely on.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pgagents.report.contract import Rank
from pgagents.verify.judgement import conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import low
from pgagents.verify.wire.endpoint import OPERATOR, Endpoint

HIDDEN = (401, 404)
"""Further statuses of refusals: a server may conceal that endpoints exist (RFC 9110, 15.5.4)."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for the audit list and one for the clock, called with the main key.

    The operator's key is needed too, to show that the target has the endpoint.
    """
    del roles
    model = setting.model
    operator = model.auth.roles.get(OPERATOR)
    if model.errors.framework.no_scope is None or operator is None or not operator.operator:
        return
    audit_list = model.audit.listed_by.action if model.audit else None
    for action in model.operator:
        if action in (audit_list, model.clock):
            endpoint = Endpoint(action, OPERATOR, None, f"{action.name}@{OPERATOR}")
            says = f"{action.name} is refused to a key that is not the operator's"
            run = partial(_try, is_clock=action is model.clock)
            attempt = Attempt(run, cost=2, role=OPERATOR, writes=False, endpoints=())
            yield Case(endpoint, says, action.origin, attempt)


def _try(trial: Trial, is_clock: bool) -> None:
    model, action = trial.model, trial.action
    listing = model.audit.listed_by if model.audit is not None else None
    own = listing.input if listing is not None and listing.action is action else trial.template.input
    arguments = dict(own)
    if is_clock:  # if the call is wrongly accepted, the clock hardly moves, and other probes lose nothing
        arguments |= {str(p.name): low(p.schema, model.schemas) for p in action.params if p.required}
    else:  # it shows that the endpoint is there, else nothing is kept; an earlier call will do
        trial.ask(trial.call("valid", "as the operator", input=arguments, owner=OPERATOR, reuse="ever"))
    why = "the operator's call with an ordinary key"
    exchange = trial.ask(trial.call("scope", why, input=arguments, role="main"))
    code = model.codes[str(model.errors.framework.no_scope)]
    conclude(trial.refused(exchange, [code], f"{action.name} with an ordinary key", HIDDEN))


CHECK = make_check("operator_isolation", __doc__, cases, stage=5, rank=Rank.EXPOSED)
