"""List the codes and statuses with which a server may refuse an invalid call, if several are allowed."""

from __future__ import annotations

from collections.abc import Mapping

from pgagents.catalogue.encoding.medium import WHOLE, parse_url
from pgagents.catalogue.model.action import Param
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import REFERENCE, Resource
from pgagents.verify.judgement import REFUSED_STATUSES, allows_either
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import CONFLICT, Exchange

FORBIDDEN = 403
TOO_LARGE = 413
LIMITED = 429
ANY_REFUSAL = tuple(status for status in range(400, 500) if status != LIMITED)
"""Statuses that refuse an invalid argument if a document names no code for it."""
OF_STATE = (
    "the documented 409 tells of the state of what the call names, and may hide that the value is wrong"
)
MISSING, UNKNOWN = "required", "additionalProperties"
"""The keywords that are broken by a missing argument and by an unknown one."""


def list_allowed_refusals(setting: Setting, call: Call) -> tuple[list[Code], list[int]]:
    """Return the codes that a refusal of this call may have, and further allowed statuses."""
    model = setting.model
    name = call.field.partition(".")[0]
    endpoint = call.endpoint
    param = endpoint.action.param(name) if endpoint else None
    statuses: list[int] = [*ANY_REFUSAL] if model.leaves_open else []
    if endpoint is not None and param is not None and _is_of_other_type(param, call.input.get(name)):
        framework = model.errors.framework
        own = framework.wrong_type if param.place == WHOLE else framework.wrong_media
        invalid = model.invalid_in(endpoint.action).name
        allowed = [own or invalid]
        if endpoint.form is not None:
            allowed.append(invalid)  # the schema of a tool excludes the type too
        return [model.codes[name] for name in dict.fromkeys(allowed)], statuses
    codes = _list_codes(setting, call)
    if endpoint is not None and param is not None and _is_too_large(param, call.input.get(name)):
        codes += [code for code in endpoint.action.errors if code.status == TOO_LARGE]  # of the whole body
    if allows_either(model):
        statuses += sorted(REFUSED_STATUSES)
    resource = model.resources.get(param.refers_to or "") if param else None
    missing = resource.missing_for(param) if resource is not None and param is not None else None
    if missing is not None and model.behaviour.absent_id_first != "validation":
        codes.append(missing)
    return codes, statuses


def may_be_of_state(setting: Setting, exchange: Exchange) -> bool:
    """True if a document's 409 may tell of the state of what a call names, and hide that it is wrong."""
    endpoint, codes = exchange.call.endpoint, list_allowed_refusals(setting, exchange.call)[0]
    params = endpoint.action.params if endpoint is not None else ()
    named = any(param.refers_to and param.place == "path" for param in params)
    stands = exchange.is_conflict and CONFLICT not in {code.status for code in codes}
    return setting.model.leaves_open and named and stands


def _is_of_other_type(param: Param, value: object) -> bool:
    """True if a value is a file of a type that the argument does not list."""
    file = parse_url(value) if param.file is not None and param.file.media else None
    return file is not None and param.file is not None and file.media not in param.file.media


def _is_too_large(param: Param, value: object) -> bool:
    """True if a value is a file of more bytes than the argument may have."""
    most = param.file.max_bytes if param.file is not None else None
    file = parse_url(value) if most is not None else None
    return most is not None and file is not None and len(file.data) > most


def _list_codes(setting: Setting, call: Call) -> list[Code]:
    """Return the codes for the keywords that the invalid argument breaks; any of them is allowed."""
    model, endpoint = setting.model, call.endpoint
    name = call.field.partition(".")[0]
    if endpoint is None:
        return [model.codes[model.errors.framework.invalid]]
    action = endpoint.action
    plain = model.invalid_in(action)
    if not name:
        own = [code for p in endpoint.params for key, code in p.otherwise.items() if key != REFERENCE]
        return [plain, *(model.codes[n] for n in sorted(model.argument_codes(action) - {plain.name})), *own]
    param = action.param(name)
    if param is None:
        return [model.refusal_of(action, None, UNKNOWN)]
    value = call.input.get(name)
    if name not in call.input or (param.as_text and isinstance(value, Mapping | list) and not value):
        codes = [model.refusal_of(action, param, MISSING, absent=True)]
        codes += [model.refusal_of(action, param, "")] if name in call.input else []
    else:
        errors = setting.test_argument(endpoint, param).iter_errors(value)
        codes = [model.refusal_of(action, param, str(error.kind.name)) for error in errors]
    return list({code.name: code for code in codes or [model.refusal_of(action, param, "")]}.values())


def list_hiding_statuses(setting: Setting, endpoint: Endpoint) -> list[int]:
    """Return the documented statuses that a server may send for an unknown id, to conceal that it is unknown.

    That is a 403 if the catalogue was made from a document, because a document does not explain its statuses.
    """
    known = {code.status for code in (*endpoint.action.errors, *setting.model.always())}
    return [FORBIDDEN] if setting.model.leaves_open and FORBIDDEN in known else []


def list_missing_parents(setting: Setting, endpoint: Endpoint, resource: Resource) -> list[Code]:
    """Return the error codes for unknown containers of a resource.

    In another project, a server may report the unknown container before the unknown instance.
    """
    found: list[Code] = []
    above, met = resource.within, {resource.name}
    while above is not None and above not in met:
        met.add(above)
        parent = setting.model.resources[above]
        missing = parent.missing_in(endpoint.action)
        if missing is not None:
            found.append(missing)
        above = parent.within
    return found


def list_missing_children(model: Model, endpoint: Endpoint, resource: Resource) -> list[Code]:
    """Return the codes for unknown inner instances, if the call also names some inside the resource's
    instance.

    If the outer instance is unknown, the inner ones are too, so a server may report either.
    """
    named = ((p, model.resources.get(p.refers_to or "")) for p in endpoint.params)
    found = (r.missing_for(p) for p, r in named if r is not None and resource.name in r.placed_by)
    return [code for code in found if code is not None and code in endpoint.action.errors]
