"""List the codes and statuses that a refusal of invalid input may have if the catalogue leaves a choice."""

from __future__ import annotations

from pgagents.encoding.file import parse_url
from pgagents.encoding.medium import WHOLE
from pgagents.model.action import Code, Param
from pgagents.model.model import Model, Resource
from pgagents.verify.check.memory import Setting
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint

UNPROCESSABLE = 422


def list_allowed_refusals(setting: Setting, call: Call) -> tuple[list[Code], list[int]]:
    """Return the codes that a refusal of this call may have, and the statuses allowed besides theirs."""
    model = setting.model
    name = call.field.partition(".")[0]
    param = call.endpoint.action.param(name) if call.endpoint else None
    statuses: list[int] = []
    if param is not None and _is_of_other_type(param, call.input.get(name)):
        framework = model.errors.framework
        own = framework.wrong_type if param.place == WHOLE else framework.wrong_media
        wrong = own or framework.invalid
        return [model.codes[wrong]], statuses
    codes = [model.codes[model.errors.framework.invalid]]
    if model.behaviour.refused_status == "any":
        statuses += [400, UNPROCESSABLE]
    resource = model.resources.get(param.refers_to or "") if param else None
    if resource is not None and resource.missing and model.behaviour.absent_id_first != "validation":
        codes.append(resource.missing)
    return codes, statuses


def _is_of_other_type(param: Param, value: object) -> bool:
    """True if a value is a file of a type that the argument does not list."""
    file = parse_url(value) if param.file is not None and param.file.media else None
    return file is not None and param.file is not None and file.media not in param.file.media


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
