"""Describe one action as an OpenAPI operation."""

from __future__ import annotations

from typing import Any

from pgagents.decoding.medium import kind_of
from pgagents.generate.follow_ups.jobs import describe_job
from pgagents.generate.openapi import header_parts, parts, refusals
from pgagents.generate.openapi.profile import Profile
from pgagents.model.action import EVERY_CLASS, Action
from pgagents.model.answers.output import JSON, Output
from pgagents.model.model import Model
from pgagents.source.origin import Node, Text, origin_of


def operation(model: Model, action: Action, profile: Profile) -> Node:
    """Return the Operation Object, with members in the order that people write them."""
    params = profile.params(action)
    texts = {str(p.name): profile.param_text(action, p) for p in params}
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
    apart = profile.complete and action.certificate != model.certificate_shared
    if apart or (model.credential is not None and own):
        members["security"] = parts.security(
            model, profile, action.security, scopes, certificate=action.certificate
        )
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
        headers = header_parts.response_headers(model, output.status, keyed=action.key)
        headers.update({header.name: header_parts.answer_header(header) for header in output.headers})
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
