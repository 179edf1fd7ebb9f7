"""The OpenAPI 3.0.3 document from which AgentCore Gateway makes its tools.

No composition, no security, JSON or XML answers, and none of three styles of arguments:
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-schema-openapi.html and npm aws-cdk-lib
2.276.0, read 2026-11-21. The gateway's own credential provider sends the key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgagents.base.places import Node
from pgagents.catalogue.decoding.medium import kind_of
from pgagents.catalogue.model.action import Action, Param
from pgagents.catalogue.model.answers import JSON
from pgagents.catalogue.model.credential import Credential
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Surface
from pgagents.generate.dialect import OPENAPI_30_FLAT
from pgagents.generate.hosts import choose_sign_in
from pgagents.generate.lower import lower
from pgagents.generate.openapi.document import document, losses, operations
from pgagents.generate.openapi.parts import Profile
from pgagents.generate.target import Loss, Target, View

_WHO = "AgentCore Gateway"
_STYLES = ("deepObject", "label", "matrix")
_BODIES = ("application/json", "application/xml", "multipart/form-data", "application/x-www-form-urlencoded")
_ANSWERS = ("json", "xml")


def view(model: Model) -> View:
    """Return the OpenAPI Object, with every schema in 3.0.3 and references replaced by their targets."""
    offered, left_out = _take(model.surfaces["agentcore"])
    sign_in = choose_sign_in(model, offered, _WHO, _takes)
    profile = Profile(
        "3.0.3", sign_in.surface, complete=False, header_params=True, examples=False, consequential=False
    )
    lost: dict[Loss, None] = dict.fromkeys([*left_out, *sign_in.losses, *losses(model, profile)])

    def flat(schema: Node) -> Node:
        lowered, more = lower(schema, model.schemas, OPENAPI_30_FLAT)
        lost.update(dict.fromkeys(more))
        return lowered

    made = document(model, profile, flat)
    lost.update(dict.fromkeys(_remove_security(model, made, sign_in.credential)))
    made["components"].pop("schemas", None)
    return View(made, tuple(lost), falsehoods=sign_in.falsehoods)


def _takes(credential: Credential) -> bool:
    """Return whether the gateway's credential provider can send the credential: in a header or the query."""
    return credential.place in ("header", "query")


def _take(surface: Surface) -> tuple[Surface, list[Loss]]:
    """Return the surface with the actions and arguments that the gateway accepts, and a loss for each other
    one.
    """
    kept: list[Action] = []
    lost: list[Loss] = []
    omit = {name: tuple(names) for name, names in surface.omit.items()}
    for action in surface.actions:
        obstacle = next(_obstacles(action), "")
        if obstacle:
            lost.append(Loss(action.origin, f"action {action.name}", "dropped", obstacle, gone="action"))
            continue
        kept.append(action)
        styled = [p for p in action.params if _has_style(p)]
        for param in styled:
            why = f"{_WHO} has no such style"
            lost.append(Loss(param.origin, f"argument {param.name}", "dropped", why, gone="form"))
        if styled:
            omit[action.name] = (*omit.get(action.name, ()), *(str(p.name) for p in styled))
    return replace(surface, actions=tuple(kept), omit=omit), lost


def _obstacles(action: Action) -> Iterator[str]:
    """Yield why the gateway cannot call an action."""
    if action.on_rest and not action.in_openapi_31:
        yield f"OpenAPI 3.0 has no place for the method {action.method}"
    if any(p.in_body for p in action.params) and action.content_type not in _BODIES:
        yield f"its body is {action.content_type}, and {_WHO} sends JSON, XML and forms"
    for output in action.outputs:
        asked = (JSON,) if output.any_type and kind_of(output).name == "json" else output.types
        odd = next((one for one in asked if one.rpartition("/")[2].rpartition("+")[2] not in _ANSWERS), None)
        if output.schema is not None and odd is not None:
            yield f"it answers {odd}, and {_WHO} takes JSON and XML"
    for param in action.params:
        if param.required and _has_style(param):
            yield f"{_WHO} has no such style for its `{param.name}`"


def _has_style(param: Param) -> bool:
    """True if an argument is sent in a form that the gateway does not know."""
    return param.json or param.style in _STYLES or param.spread or param.in_parts


def _remove_security(model: Model, made: Node, credential: Credential | None) -> Iterator[Loss]:
    """Remove all security from the document, and yield a loss for the credential, which the gateway sends."""
    made.pop("security", None)
    made["components"].pop("securitySchemes", None)
    keyed = False
    for operation in operations(made):
        keyed = operation.pop("security", None) is not None or keyed
    if credential is not None and (keyed or any(a.key for a in model.surfaces["agentcore"].actions)):
        why = "the gateway's credential provider sends the key; the document says nothing of it"
        yield Loss(credential.origin, f"sign-in by {credential.name}", "elsewhere", why)


TARGET = Target(
    "Bedrock AgentCore Gateway (OpenAPI 3.0.3)",
    ("agentcore/openapi.json",),
    view,
    surface="agentcore",
    describes="openapi",
)
