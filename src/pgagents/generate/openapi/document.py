"""Build a whole OpenAPI document from the Model: its operations and events, and what a profile leaves out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from pgagents.base.jsonschema.direction import find_written_name, restore
from pgagents.base.jsonschema.schema import REF, closure, resolve
from pgagents.base.places import Node, Pointer, Text, origin_of
from pgagents.catalogue.decoding.medium import kind_of
from pgagents.catalogue.model.action import EVERY_CLASS, Action
from pgagents.catalogue.model.answers import JSON, Output
from pgagents.catalogue.model.credential import PLACEHOLDER, Credential, schemes
from pgagents.catalogue.model.model import Model
from pgagents.generate.actions import describe_job, list_hidden_pages, list_lost_ids, list_lost_jobs
from pgagents.generate.openapi import dispatch, parts, refusals
from pgagents.generate.openapi.parts import Profile
from pgagents.generate.target import Loss

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
    if needs := parts.security(model, profile, model.shared_security):
        members["security"] = needs
    paths = _paths(model, profile)
    sent = webhooks(model) if profile.complete else Node()
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
    if profile.complete and (headers := parts.header_components(model)):
        components["headers"] = headers
    return Node(components)


def _references(tree: Any) -> Iterator[str]:
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
        yield Loss((*action.origin, "server"), f"action {action.name}", "dropped", detail, gone="action")
    if model.server.variables and not profile.complete:
        yield Loss(
            ("api", "server"), "variables of the server", "dropped", f"the document has {model.server.url}"
        )
    for action in profile.surface.actions if profile.surface else model.actions:
        if action.on_rest and not action.in_openapi_31:
            why = f"OpenAPI {profile.version} has no place for the method {action.method}"
            gone: Literal["", "action"] = "action" if profile.surface else ""
            yield Loss(action.origin, f"action {action.name}", "dropped", why, gone=gone)
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
    for name in parts.list_limit_headers(model):
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


# -- one action as an operation


def call_by_id(model: Model, text: str) -> str:
    """Return a text that names each action in code marks by its operationId, as the document has no other
    name of it.
    """

    def find_id(match: re.Match[str]) -> str:
        ids = (str(one.operation_id) for one in model.actions if one.name == match[1] and one.operation_id)
        return f"`{next(ids, match[1])}`"

    made = re.sub(r"`(\w+)`", find_id, text)
    return text if made == text else Text(made, origin_of(text) or ())


def operation(model: Model, action: Action, profile: Profile) -> Node:
    """Return the Operation Object, with members in the order that people write them."""
    params = profile.params(action)
    texts = {str(p.name): call_by_id(model, profile.param_text(action, p)) for p in params}
    members: dict[str, Any] = {
        "operationId": action.operation_id,
        "summary": profile.text(action, "title"),
        "description": _describe(model, action, profile),
    }
    if profile.complete and action.tags:
        members["tags"] = list(action.tags)
    if action.deprecated:
        members["deprecated"] = True
    if profile.complete and (former := _former(action)):
        members["x-formerly"] = former
    asked = not action.only_reads
    if profile.consequential and (action.method != "GET" or asked):
        members["x-openai-isConsequential"] = asked
    scopes = parts.list_user_scopes(model, action) if profile.complete and action.key else []
    own = scopes or profile.security(action.security) != profile.security(model.shared_security)
    if model.credential is not None and own:
        members["security"] = parts.security(model, profile, action.security, scopes)
    if action.server is not None:
        members["servers"] = [parts.server(model.servers[str(action.server)])]
    outside = [p for p in params if not p.in_body]
    written = [
        parts.parameter(action, p, texts[str(p.name)], examples=profile.examples, complete=profile.complete)
        for p in outside
    ]
    if profile.complete:
        written += [parts.constant_header(name, value) for name, value in action.headers]
    if written:
        members["parameters"] = written
    schema = parts.body_schema(action, params, texts)
    if schema is not None and profile.complete and (groups := parts.list_groups(action, params)):
        schema["oneOf"] = groups
    if schema is not None:
        members["requestBody"] = parts.request_body(action, schema, params, examples=profile.examples)
    members["responses"] = responses(model, action, profile)
    return Node(members, origin=action.origin)


def _describe(model: Model, action: Action, profile: Profile) -> str:
    """Return the description, and how to follow the job that the action starts."""
    text = profile.text(action, "description")
    # following a job needs all other actions; doing that for each action takes quadratic time
    if action.job is None:
        return text
    job = describe_job(action, profile.actions(model), lambda reader: str(reader.operation_id))
    return Text(f"{text} {job}", origin_of(text) or action.origin) if job else text


def _former(action: Action) -> list[Node]:
    """Return the former operationIds, each with the day until which agents may use it."""
    changed = [f for f in action.formerly if f.operation_id != action.operation_id]
    return [
        Node({"operationId": Text(f.operation_id, f.origin), "until": f.until}, origin=f.origin)
        for f in changed
    ]


def responses(model: Model, action: Action, profile: Profile) -> Node:
    """Return every response by status. Errors refer to components, unless they have examples of their own."""
    found = {o.status: success(model, action, o, profile) for o in action.outputs}
    for status, codes in refusals.by_status(refusals.codes_of(action, model)).items():
        shown = _examples(action, status) if profile.examples else None
        if status in found:
            found[status] = refusals.add_errors(model, found[status], codes, profile)
            continue
        own = refusals.response(model, codes, profile, keyed=action.key)
        if shown and len(own.get("content", ())) == 1:
            next(iter(own["content"].values()))["examples"] = shown
            found[status] = own
        else:
            found[status] = refusals.reference(codes, keyed=action.key or not profile.complete)
    for edge in model.errors.edge if profile.complete else ():
        found.setdefault(edge.status, refusals.edge_reference(edge.status))
    made = {str(status): found[status] for status in sorted(found)}
    if profile.complete:
        made |= _describe_others(action)
    return Node(made, origin=(*action.origin, "output"))


def _describe_others(action: Action) -> dict[str, Node]:
    """Return a response for each class of statuses that the action may answer, or `default` for all."""
    at = (*action.origin, "other_statuses")
    if set(action.other_statuses) == EVERY_CLASS:
        return {"default": Node({"description": Text("Any other status", at)}, origin=at)}
    return {
        name: Node({"description": Text(f"Any other {name}", at)}, origin=at)
        for name in action.other_statuses
    }


def success(model: Model, action: Action, output: Output, profile: Profile) -> Node:
    """Return a declared response."""
    answer = Node({"description": output.description}, origin=output.origin)
    if profile.complete:
        headers = parts.response_headers(model, output.status, keyed=action.key)
        headers.update({header.name: parts.answer_header(header) for header in output.headers})
        if headers:
            answer["headers"] = headers
    if output.schema is not None:
        media = Node({"schema": output.schema}, origin=output.origin)
        if profile.examples and (shown := _examples(action, output.status)):
            media["examples"] = shown
        in_json = not profile.complete and output.any_type and kind_of(output).name == "json"
        types = (JSON,) if in_json else output.types  # vendors' readers ask for JSON
        answer["content"] = Node(dict.fromkeys(types, media), origin=output.origin)
    return answer


def _examples(action: Action, status: int) -> Node:
    """Return the documented bodies of this status."""
    shown = Node(origin=(*action.origin, "examples"))
    for example in action.examples:
        if example.status == status and example.output is not None:
            shown[example.name] = parts.make_example(example, example.output, "output")
    return shown


# -- outgoing events as webhooks (OpenAPI 3.1)


def webhooks(model: Model) -> Node:
    """Return a request for each event type; empty if the catalogue has none."""
    found = Node(origin=("webhooks", "events"))
    for name in model.webhooks.events if model.webhooks else ():
        at: Pointer = ("webhooks", "events", name)
        found[name] = Node({"post": _delivery(model, name, at)}, origin=at)
    return found


def _delivery(model: Model, name: str, at: Pointer) -> Node:
    """Return one delivery. The receiver needs no key; the signature authenticates the sender."""
    media = Node({parts.JSON: Node({"schema": _body(model, name, at)}, origin=at)}, origin=at)
    taken = Text("The event is taken; after any other answer it is sent again with the same id", at)
    members: dict[str, Any] = {
        "summary": model.text(*at, "description"),
        "security": [],
        "requestBody": Node({"required": True, "content": media}, origin=at),
        "responses": Node({"2XX": Node({"description": taken}, origin=at)}, origin=at),
    }
    if model.webhooks.signature is not None:
        members = {
            **{k: members[k] for k in ("summary", "security")},
            "parameters": list(_signature(model)),
            **{k: members[k] for k in ("requestBody", "responses")},
        }
    return Node(members, origin=at)


def _signature(model: Model) -> Iterator[Node]:
    """Yield the headers of a signature: the signature itself, then its time and the message's id."""
    at: Pointer = ("webhooks", "signature")
    given = model.webhooks.signature
    scheme = schemes()[given.scheme]
    age = f", at most {given.tolerance_s} s old" if scheme.timed else ""
    digits = "[A-Za-z0-9+/]{43}=" if scheme.encoding == "base64" else "[0-9a-f]{64}"
    value = re.escape(f"{scheme.first}{scheme.each}").replace("-", "-").replace(r"\{time\}", "[0-9]+")
    pattern = f"^{value.replace(chr(92) + '{mac' + chr(92) + '}', digits)}$"
    text = f"{scheme.says} with the target's secret{age}"
    yield _header(Text(given.header, (*at, "header")), text, _clean(pattern), at)
    if scheme.time_header:
        yield _header(Text(scheme.time_header, at), "The signed time in epoch seconds", "^[0-9]+$", at)
    if scheme.id_header:
        yield _header(Text(scheme.id_header, at), "The message's id, the same for each attempt", "", at)


def _clean(pattern: str) -> str:
    return re.sub(r"\\([=,])", r"\1", pattern)


def _header(name: Text, text: str, pattern: str, at: Pointer) -> Node:
    schema = {"type": "string", **({"pattern": pattern} if pattern else {})}
    members: dict[str, Any] = {
        "name": name,
        "in": "header",
        "required": True,
        "description": Text(text, at),
        "schema": Node(schema, origin=at),
    }
    return Node(members, origin=at)


def _body(model: Model, name: str, at: Pointer) -> Node:
    """Return the schema of the envelope, restricted to this event's type and data if it has such members."""
    hooks = model.webhooks
    reference = Node({"$ref": REF + hooks.envelope}, origin=("webhooks", "envelope"))
    members = resolve(reference, model.schemas).get("properties", {})
    held = Node(origin=at)
    if hooks.type_at in members:
        held[hooks.type_at] = Node({"const": Text(name, at)}, origin=at)
    if hooks.data_at in members and model.webhooks.events[name].data:
        held[hooks.data_at] = Node({"$ref": REF + model.webhooks.events[name].data}, origin=(*at, "data"))
    return (
        Node({"allOf": [reference, Node({"properties": held}, origin=at)]}, origin=at) if held else reference
    )
