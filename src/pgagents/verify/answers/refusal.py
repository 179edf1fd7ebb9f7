"""List the codes and statuses that a refusal of invalid input may have if the catalogue leaves a choice."""

from __future__ import annotations

from pgagents.model.action import Code
from pgagents.model.model import Model, Resource
from pgagents.verify.check.memory import Setting
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint

UNPROCESSABLE = 422


def list_allowed_refusals(setting: Setting, call: Call) -> tuple[list[Code], list[int]]:
    """Return the codes that a refusal of this call may have, and the statuses allowed besides theirs."""
    model = setting.model
    codes = [model.codes[model.errors.framework.invalid]]
    statuses: list[int] = []
    if model.behaviour.refused_status == "any":
        statuses += [400, UNPROCESSABLE]
    name = call.field.partition(".")[0]
    param = call.endpoint.action.param(name) if call.endpoint else None
    resource = model.resources.get(param.refers_to or "") if param else None
    if resource is not None and resource.missing and model.behaviour.absent_id_first != "validation":
        codes.append(resource.missing)
    return codes, statuses


def list_missing_parents(setting: Setting, resource: Resource) -> list[Code]:
    """Return the codes for what contains a resource's instances: another project may miss that first."""
    found: list[Code] = []
    above, met = resource.within, {resource.name}
    while above is not None and above not in met:
        met.add(above)
        parent = setting.model.resources[above]
        if parent.missing is not None and parent.tenant:
            found.append(parent.missing)
        above = parent.within
    return found


def list_missing_children(model: Model, endpoint: Endpoint, resource: Resource) -> list[Code]:
    """Return the codes for instances inside the resource's that the call names too.

    Where the parent is absent they are absent as well, so a server may say either.
    """
    named = (model.resources.get(p.refers_to or "") for p in endpoint.params)
    found = (r.missing for r in named if r is not None and resource.name in r.placed_by)
    return [code for code in found if code is not None and code in endpoint.action.errors]
