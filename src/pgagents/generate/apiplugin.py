"""Common parts of the plugin manifests for Microsoft 365 Copilot, for every version and runtime.

https://github.com/MicrosoftDocs/m365copilot-docs/blob/90efae8/docs/api-plugin-manifest-2.4.md, read
2026-11-20.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgagents.base.jsonschema.combine import join
from pgagents.base.jsonschema.union import UNIONS
from pgagents.base.places import Node, Pointer, Text, origin_of
from pgagents.base.text import name_arguments
from pgagents.catalogue.decoding.medium import kind_of
from pgagents.catalogue.encoding.medium import WHOLE
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.answers import Output
from pgagents.catalogue.model.credential import PLACEHOLDER, Credential
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Surface
from pgagents.generate.actions import describe_job, list_lost_ids, list_offered
from pgagents.generate.addresses import find_hosted_url, with_extra
from pgagents.generate.hosts import COPILOT, SignIn, choose_sign_in, in_json
from pgagents.generate.target import Loss, Note, View

# "characters beyond … MAY be ignored"; functions beyond ten "may degrade" (both read 2026-11-20)
MOST_OF_NAME, MOST_OF_DESCRIPTION = 20, 100
_MAY_BE_CUT = {
    "name_for_human": MOST_OF_NAME,
    "description_for_human": MOST_OF_DESCRIPTION,
    "description_for_model": 2048,
}
_GOOD_FUNCTIONS = 10
_JSON = "application/json"
_MOST_INSIDE = 8
"""Lists and alternatives inside of each other in which an object is looked for, at most."""


def api_surface(model: Model) -> tuple[Surface, list[Loss]]:
    """Return the `copilot` surface with the actions that an API plugin can call, and a loss for each other
    action.

    Copilot reads and sends JSON only, so an action with any other response or body is left out.
    """
    surface, lost = in_json(model, model.surfaces["copilot"], COPILOT)
    if model.source.is_from_document(("surfaces", "copilot")):
        surface, nested = without_nested(model)
        lost += nested
    kept = []
    for action in surface.actions:
        if not action.on_rest:
            why = "only a dispatcher has it, and a plugin's functions are operations of their own"
            lost.append(Loss(action.origin, f"action {action.name}", "dropped", why, gone="action"))
            continue
        if action.server is not None:
            why = f"it is at {model.servers[str(action.server)].url}, and a plugin's key goes to one server"
            lost.append(
                Loss((*action.origin, "server"), f"action {action.name}", "dropped", why, gone="action")
            )
            continue
        other = next((o for o in action.outputs if o.schema is not None and not _may_be_json(o)), None)
        if other is None:
            kept.append(action)
        else:
            why = f"it answers {' or '.join(other.types)}, and Copilot reads {_JSON} only"
            lost.append(Loss(other.origin, f"action `{action.name}`", "dropped", why, gone="action"))
    return replace(surface, actions=tuple(kept)), lost


def without_nested(model: Model) -> tuple[Surface, list[Loss]]:
    """Return the `copilot` surface without arguments that hold objects, and the losses.

    Copilot makes no plugin with one of them. An author who chose the actions is told so by the build instead.
    """
    surface, _ = in_json(model, model.surfaces["copilot"], COPILOT)
    kept: list[Action] = []
    lost: list[Loss] = []
    omit = {name: tuple(names) for name, names in surface.omit.items()}
    for action in surface.actions:
        params = []
        needed = ""
        nested: list[Loss] = []
        for param in action.params:
            if param.place == WHOLE and param.file is None:
                schema, inner, required = _without_objects(param.schema, model)
                params.append(replace(param, schema=schema))
                needed = needed or next((name for name in inner if name in required), "")
                nested += [_lose_nested(action, name, param.origin) for name in inner]
            else:
                params.append(param)
                if param.place in ("body", "query") and _holds_object(param.schema, model):
                    needed = needed or (str(param.name) if param.required else "")
                    nested.append(_lose_nested(action, str(param.name), param.origin))
                    omit[action.name] = (*omit.get(action.name, ()), str(param.name))
        if needed:
            why = f"its `{needed}` holds objects, and {COPILOT} sends none inside a body"
            lost.append(Loss(action.origin, f"action {action.name}", "dropped", why, gone="action"))
        else:
            lost += nested
            kept.append(replace(action, params=tuple(params)))
    return replace(surface, actions=tuple(kept), omit=omit), lost


def _lose_nested(action: Action, name: str, at: Pointer) -> Loss:
    why = f"{action.operation_id}: it holds objects, and {COPILOT} sends none inside a body"
    return Loss(at, f"argument {name}", "dropped", why, gone="form")


def _without_objects(schema: Node, model: Model) -> tuple[Node, list[str], list[str]]:
    """Return a body without members that hold objects, their names, and the names of all required members."""
    joined = join(schema, model.schemas).schema
    members, required = joined.get("properties", {}), list(joined.get("required", ()))
    inner = [name for name, member in members.items() if _holds_object(member, model)]
    if not inner:
        return schema, [], required
    left = Node({n: m for n, m in members.items() if n not in inner}, origin=origin_of(members) or ())
    return Node({**joined, "properties": left}, origin=schema.origin), inner, required


def _holds_object(schema: Any, model: Model, depth: int = 0) -> bool:
    """True for an object, a list of such, and alternatives of which one is an object."""
    joined = join(schema, model.schemas).schema
    kinds = joined.get("type", ())
    if "object" in ([kinds] if isinstance(kinds, str) else kinds) or "properties" in joined:
        return True
    inner = [part for key in UNIONS for part in joined.get(key, ())]
    inner += [joined["items"]] if isinstance(joined.get("items"), Mapping) else []
    return depth < _MOST_INSIDE and any(_holds_object(part, model, depth + 1) for part in inner)


def _may_be_json(output: Output) -> bool:
    """True if an answer is plain JSON, or of any type with a value that JSON can hold."""
    return output.content_type == _JSON or (output.any_type and kind_of(output).name == "json")


def api_sign_in(model: Model) -> SignIn:
    """Return the surface with the actions that Copilot can call, and the credential that it calls with."""
    surface, lost = api_surface(model)
    chosen = choose_sign_in(model, surface, "Copilot", is_for_vault)
    return replace(chosen, losses=(*lost, *chosen.losses))


def is_for_vault(credential: Credential) -> bool:
    """Return whether Copilot's vault can send the credential: as a bearer token, in a header or in the query.

    https://learn.microsoft.com/microsoft-365-copilot/extensibility/plugin-authentication-api-key, read
    2026-11-21.
    """
    return credential.place != "cookie" and (not credential.pair or credential.by_users)


def plugin(model: Model, surface: Surface, version: str, functions: list[Node], runtime: Node) -> View:
    """Build a manifest of Microsoft's schema `version`: texts and links, functions, and one runtime that
    serves them all.
    """
    members: dict[str, Any] = {
        "name_for_human": surface.human_name or model.text("api", "title"),
        "namespace": surface.namespace or model.text("api", "id"),
        "description_for_model": model.text("api", "for_models"),
        "description_for_human": surface.description or model.text("api", "for_people"),
    }
    given = {
        "logo_url": "logo",
        "contact_email": "contact",
        "legal_info_url": "terms",
        "privacy_policy_url": "privacy",
    }
    members |= {ours: model.text("api", key) for ours, key in given.items() if getattr(model.api, key)}
    members["functions"] = functions
    members["runtimes"] = [runtime]
    if surface.starters:
        starters = [Node({"text": text}, origin=text.origin) for text in surface.starters]
        members["capabilities"] = Node(
            {"conversation_starters": starters}, origin=(*surface.origin, "starters")
        )
    document = with_extra(Node(members, origin=surface.origin), surface)
    document["schema_version"] = version
    return View(document, notes=tuple(_notes(surface, document)))


def openapi_plugin(model: Model, sign_in: SignIn, version: str, runtime: Node) -> View:
    """Build a manifest with one function per operation.

    A function's name is the operationId. The OpenAPI document describes its arguments.
    """
    surface = sign_in.surface
    functions = [_function(surface, action, lambda a: a.operation_id) for action in surface.actions]
    made = plugin(model, surface, version, functions, runtime)
    lost = (*sign_in.losses, *list_lost_ids(surface.actions), *_credential_losses(sign_in.credential))
    return View(made.context, lost, made.notes, tuple(_falsehoods(sign_in)))


def tool_functions(surface: Surface) -> list[Node]:
    """Return one function for each tool of an MCP server, with the tool's name."""
    return [_function(surface, action, lambda a: a.name) for action in list_offered(surface)]


def openapi_runtime(model: Model, surface: Surface) -> Node:
    """Return the runtime with the URL of its OpenAPI document.

    The surface names the document, else a hosted document is used, else the file beside the manifest.
    """
    beside = (
        "copilot/openapi-3.0.yaml" if "copilot/openapi-3.0.yaml" in model.api.hosted else "openapi-3.0.yaml"
    )
    url = find_hosted_url(model, surface.published_spec or Text(beside, surface.origin))
    return Node(
        {
            "type": "OpenApi",
            "auth": auth(surface),
            "spec": Node({"url": url}, origin=(*surface.origin, "published_spec")),
            "run_for_functions": [action.operation_id for action in surface.actions],
        },
        origin=surface.origin,
    )


def auth(surface: Surface) -> Node:
    """Return how Copilot authenticates; type `None` if the surface does not say."""
    return surface.auth or Node({"type": "None"}, origin=surface.auth.origin)


def _credential_losses(credential: Credential | None) -> Iterator[Loss]:
    """Yield a loss for the text around a key, because the vault has no field for it."""
    if credential is not None and credential.framed:
        said = f"the key's value `{credential.wrap(PLACEHOLDER)}`"
        yield Loss((*credential.origin, "value"), said, "client", "register the whole value as the key")


def _falsehoods(sign_in: SignIn) -> Iterator[Note]:
    """Yield the manifest's false statements about the credential.

    The vault holds keys and OAuth clients; Copilot sends a key as a bearer token or in its own header.
    """
    surface, credential = sign_in.surface, sign_in.credential
    kind = str(auth(surface).get("type"))
    at = (*surface.origin, "auth") if surface.auth else surface.origin
    keyed = any(action.key for action in surface.actions)
    yield from (note for note in sign_in.falsehoods if note.about == "server")
    if kind == "ApiKeyPluginVault" and credential is None:
        yield Note(at, "the plugin says that calls have a key, and none has", "write `auth: {type: None}`")
    elif kind == "None" and keyed:
        yield Note(
            at,
            "the plugin says that no call needs a key, and calls do",
            f"write `auth: {{type: ApiKeyPluginVault, reference_id: NAME}}` under `surfaces.{surface.name}`",
        )
    elif kind == "ApiKeyPluginVault" and credential is not None and credential.encoded:
        message = f"Copilot cannot sign in by HTTP Basic, and calls send `{credential.show()}`"
        yield Note(at, message, f"take the surface `{surface.name}` out, or give the API a key or OAuth")
    elif kind == "ApiKeyPluginVault" and credential is not None and credential.by_users:
        help = f"write `auth: {{type: OAuthPluginVault, reference_id: NAME}}` under `surfaces.{surface.name}`"
        yield Note(at, "the plugin says that calls have a key, and users sign in for a token", help)
    elif kind == "ApiKeyPluginVault":
        yield from (note for note in sign_in.falsehoods if note.about != "server")


def _function(surface: Surface, action: Action, name: Callable[[Action], str]) -> Node:
    members: dict[str, Any] = {"name": name(action), "description": _description(surface, action)}
    own = action.texts.get(surface.name)
    told = {"reasoning": own.reasoning, "responding": own.responding} if own else {}
    states = {
        state: Node({"instructions": list(texts)}, origin=(*action.origin, "texts", surface.name, state))
        for state, texts in told.items()
        if texts
    }
    if states:
        members["states"] = Node(states, origin=(*action.origin, "texts", surface.name))
    members["capabilities"] = _capabilities(action)
    return Node(members, origin=action.origin)


def _description(surface: Surface, action: Action) -> Text:
    """Return the description. It mentions a deprecation, because the manifest has no member for one."""
    text = surface.text(action, "description")
    if job := describe_job(action, surface.actions, lambda reader: str(reader.operation_id)):
        text = Text(f"{text} {job}", text.origin)
    return Text(f"Deprecated. {text}", (*action.origin, "deprecated")) if action.deprecated else text


def _capabilities(action: Action) -> Node:
    """Return the confirmation question and how the call handles data.

    Without the data handling, no other plugin may use the answer.
    """
    capabilities = Node(origin=action.origin)
    if action.confirm_body:
        confirmation = Node({"type": "AdaptiveCard"}, origin=(*action.origin, "confirm"))
        if action.confirm_title:
            confirmation["title"] = action.confirm_title
        # Copilot fills in `{{function.parameters.NAME}}` (Microsoft's own templates of plugins, 2026-11-27)
        sent = {str(p.name): f"{{{{function.parameters.{p.wire}}}}}" for p in action.params}
        body = name_arguments(str(action.confirm_body), sent)
        confirmation["body"] = Text(body, action.confirm_body.origin)
        capabilities["confirmation"] = confirmation
    handling = (
        "ResourceStateUpdate"
        if action.effect == "write"
        else "GetPrivateData"
        if action.key
        else "GetPublicData"
    )
    capabilities["security_info"] = Node(
        {"data_handling": [Text(handling, (*action.origin, "effect"))]}, origin=(*action.origin, "effect")
    )
    return capabilities


def _notes(surface: Surface, document: Node) -> Iterator[Note]:
    for key, most in _MAY_BE_CUT.items():
        if len(document[key]) > most:
            said = f"{key} has {len(document[key])} characters; Copilot may ignore those beyond {most}"
            yield Note(
                getattr(document[key], "origin", surface.origin),
                said,
                "shorten it, or give the surface its own wording",
            )
    count = len(document["functions"])
    if count > _GOOD_FUNCTIONS:
        said = f"{count} functions; Copilot chooses less well among more than {_GOOD_FUNCTIONS}"
        help = f"choose fewer: `surfaces: {{{surface.name}: {{actions: […]}}}}`"
        yield Note((*surface.origin, "actions"), said, help)
