"""Build a whole OpenAPI document from the Model, and list what a profile leaves out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pgagents.generate.follow_ups.jobs import list_lost_jobs
from pgagents.generate.follow_ups.pages import list_hidden_pages
from pgagents.generate.formerly import list_lost_ids
from pgagents.generate.openapi import dispatch, events, header_parts, parts, refusals
from pgagents.generate.openapi.operation import operation
from pgagents.generate.openapi.profile import Profile
from pgagents.generate.target import Loss
from pgagents.jsonschema.direction import find_written_name, restore
from pgagents.jsonschema.schema import closure
from pgagents.model.action import Action
from pgagents.model.credential import PLACEHOLDER, Credential
from pgagents.model.model import Model
from pgagents.source.origin import Node, Text

Change = Callable[[Node], Node]


def document(model: Model, profile: Profile, change: Change | None = None) -> Node:
    """Return the OpenAPI Object. `change` translates each of its schemas into the profile's dialect."""
    actions = profile.actions(model)
    members: dict[str, Any] = {
        "openapi": profile.version,
        "info": parts.info(model, profile.surface),
        "servers": parts.servers(model, profile),
    }
    if profile.complete and (tags := parts.tags(actions)):
        members["tags"] = tags
    if needs := parts.security(model, profile, model.shared_security, certificate=model.certificate_shared):
        members["security"] = needs
    paths = _paths(model, profile)
    sent = events.webhooks(model) if profile.complete else Node()
    if any(find_written_name(name) != name for name in model.schemas):
        paths = restore(paths)  # OpenAPI has `readOnly` and `writeOnly` itself
    members["paths"] = paths
    if sent:
        members["webhooks"] = sent
    members["components"] = _components(model, profile, [paths, sent], change)
    if change:
        for holder in schema_holders(paths):
            holder["schema"] = change(holder["schema"])
    return Node(members)


def _paths(model: Model, profile: Profile) -> Node:
    paths = Node(origin=("actions",))
    for action in profile.actions(model):
        item = paths.setdefault(action.path, Node(origin=action.origin))
        item[Text(action.method.lower(), action.origin)] = operation(model, action, profile)
    for dispatcher in profile.dispatchers(model):
        item = paths.setdefault(dispatcher.path, Node(origin=dispatcher.origin))
        item[Text(dispatcher.method.lower(), dispatcher.origin)] = dispatch.operation(
            model, dispatcher, profile
        )
    return paths


def _components(model: Model, profile: Profile, users: list[Node], change: Change | None) -> Node:
    """Return the components that paths and webhooks refer to: responses, headers and schemas.

    Schemas include those that other schemas need.
    """
    responses = Node(origin=("errors", "codes"))
    for action in profile.actions(model):
        keyed = action.key or not profile.complete
        for codes in refusals.by_status(refusals.codes_of(action, model)).values():
            name = refusals.component_name(codes, keyed=keyed)
            if name not in responses:
                responses[name] = refusals.response(model, codes, profile, keyed=keyed)
    for edge in model.errors.edge if profile.complete else ():
        responses[refusals.edge_name(edge.status)] = refusals.edge_response(model, edge)
    holders = [*schema_holders(users), *schema_holders(responses)]
    needed = closure({"anyOf": [h["schema"] for h in holders]}, model.schemas)
    if change:
        for holder in schema_holders(responses):
            holder["schema"] = change(holder["schema"])
    schemes = parts.security_schemes(model, profile)
    components: dict[str, Any] = {"securitySchemes": schemes} if schemes else {}
    components["schemas"] = Node(
        {n: change(model.schemas[n]) if change else model.schemas[n] for n in needed}, origin=("schemas",)
    )
    wanted = set(_references(users))
    if used := {
        name: response for name, response in responses.items() if refusals.RESPONSES + name in wanted
    }:
        components["responses"] = Node(used, origin=responses.origin)
    if profile.complete and (headers := header_parts.header_components(model)):
        components["headers"] = headers
    return Node(components)


def _references(tree: Any) -> Iterator[str]:
    """Yield every `$ref` inside a value."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


def operations(made: Node) -> Iterator[Node]:
    """Yield every operation of a document."""
    for item in made["paths"].values():
        yield from item.values()


def schema_holders(tree: Any) -> Iterator[Node]:
    """Yield every object that has a schema under `schema`: Parameter, Header and Media Type Objects."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(node)
        elif isinstance(node, dict):
            if isinstance(node, Node) and isinstance(node.get("schema"), Node):
                yield node
            else:
                stack.extend(node.values())


def credential_losses(credentials: Iterable[Credential]) -> Iterator[Loss]:
    """Yield a loss for each text around an API key, because OpenAPI has no member for it."""
    for credential in credentials:
        if credential.framed:
            said = f"the key's value `{credential.wrap(PLACEHOLDER)}`"
            detail = f"OpenAPI says the {credential.place} alone"
            yield Loss((*credential.origin, "value"), said, "description", detail)
        if credential.exchange is not None and credential.exchange.audience:
            at = (*credential.origin, "flows", "client_credentials", "audience")
            said = f"tokens for {credential.exchange.audience}"
            yield Loss(at, said, "client", "whoever fetches a token must know the audience")


def action_losses(model: Model, profile: Profile) -> Iterator[Loss]:
    """Yield a loss for each action without an operation: only a dispatcher or an MCP server offers it."""
    for action in profile.actions_apart(model):
        detail = f"it is at {model.servers[str(action.server)].url}, and an assistant calls one server"
        yield Loss((*action.origin, "server"), f"action {action.name}", "dropped", detail)
    if model.server.variables and not profile.complete:
        yield Loss(
            ("api", "server"), "variables of the server", "dropped", f"the document has {model.server.url}"
        )
    for action in profile.actions_elsewhere(model):
        dispatcher = model.find_dispatcher(action)
        where = f"the dispatcher `{dispatcher.surface}`" if dispatcher else "the MCP server"
        yield Loss(action.origin, f"action {action.name}", "dropped", f"only {where} has it")


def losses(model: Model, profile: Profile) -> Iterator[Loss]:
    """Yield the losses of a document for an assistant, compared with the whole contract."""
    yield from action_losses(model, profile)
    yield from list_lost_ids(profile.actions(model))
    yield from credential_losses(profile.credentials(model).values())
    for name in model.api.request_headers:
        at = ("api", "request_headers", name)
        yield Loss(at, f"constant header {name}", "dropped", "an assistant sends no headers of the API's own")
    yield from list_lost_jobs(profile.actions(model))
    yield from refusals.list_lost_signs(model, profile.actions(model))
    yield from refusals.list_lost_types(model, profile.actions(model), profile)
    hidden = "no assistant reads headers; the answer's body must say what comes next"
    yield from list_hidden_pages(profile.actions(model), "dropped", hidden)
    for action in profile.actions(model):
        for param in (p for p in action.params if p.reserved and p.place == "path"):
            why = f"{action.operation_id}: OpenAPI 3.1 has path values without `/`; most clients encode it"
            yield Loss((*param.origin, "allow_reserved"), f"a slash in {param.name}", "dropped", why)
    for action in (a for a in profile.actions(model) if a.either):
        why = f"{action.operation_id}: parameters cannot exclude each other"
        yield Loss((*action.origin, "either"), "one group of arguments", "description", why)
    for action in profile.actions(model):
        yield from _list_lost_arguments(action, profile)
        yield from _list_lost_answers(action, model)
    for name in header_parts.list_limit_headers(model):
        yield Loss(("limits", "headers"), f"answers carry {name}", "elsewhere", "in the full document")
    for header in model.headers:
        yield Loss(header.origin, f"answers carry `{header.name}`", "elsewhere", "in the full document")
    for dispatcher in profile.dispatchers(model):
        yield from dispatch.losses(dispatcher)
        detail = f"{dispatcher.operation_id}: one object with the members of all answers, none required"
        yield Loss((*dispatcher.origin, "actions"), "each action's own answer", "widened", detail)


def _list_lost_arguments(action: Action, profile: Profile) -> Iterator[Loss]:
    """Yield losses for the arguments of an operation that are renamed or left out."""
    offered = {p.catalogue_name for p in profile.params(action)}
    for renamed in (p for p in profile.params(action) if p.of):
        yield Loss(
            renamed.origin,
            f"name {renamed.name} of argument {renamed.of}",
            "dropped",
            f"{action.operation_id}: an operation takes arguments under REST's names",
        )
    for param in action.params:
        if param.name in offered or (param.place == "query" and param.odd_style):
            continue
        if param.place == "cookie" or (param.place == "header" and not profile.header_params):
            why = f"{action.operation_id}: no {param.place} parameters here"
            yield Loss(param.origin, f"{param.place} `{param.wire}`", "dropped", why)
        else:
            why = f"{action.operation_id}: left out of this surface"
            yield Loss(param.origin, f"argument `{param.name}`", "elsewhere", why)


def _list_lost_answers(action: Action, model: Model) -> Iterator[Loss]:
    """Yield losses for error codes that only a text names, and for the headers of answers."""
    if codes := [code for code in refusals.codes_of(action, model) if code.shown]:
        names = ", ".join(c.shown for c in codes)
        why = f"{action.operation_id}: named in the texts"
        yield Loss((*action.origin, "errors"), f"error codes {names}", "description", why)
    for output in action.outputs:
        for own in output.headers:
            detail = f"{action.operation_id}: in the full document"
            yield Loss(own.origin, f"answer {output.status} carries {own.name}", "elsewhere", detail)
