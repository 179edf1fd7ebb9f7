"""Error responses by status, with the envelope narrowed to the possible codes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pgagents.base.jsonschema.schema import REF, resolve, says_nothing
from pgagents.base.places import Node, Text
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Dispatcher
from pgagents.generate.openapi import parts
from pgagents.generate.openapi.parts import Profile
from pgagents.generate.target import Loss

RESPONSES = "#/components/responses/"
_RETRY = {
    "description": "Seconds to wait before the next call",
    "required": True,
    "schema": {"type": "integer", "minimum": 0},
}


def by_status(codes: Iterable[Code]) -> dict[int, tuple[Code, ...]]:
    """Group codes by status, in the order of statuses."""
    found: dict[int, list[Code]] = {}
    for code in codes:
        found.setdefault(code.status, []).append(code)
    return {status: tuple(found[status]) for status in sorted(found)}


def codes_of(action: Action, model: Model) -> list[Code]:
    """Return the codes that the action may answer.

    Without credentials, "key is missing" is not among them.
    """
    framework = model.errors.framework
    of_keys = {framework.no_key, framework.wrong_key} - {None}
    return [
        code
        for code in action.errors
        if (code.only is None or action.name in code.only) and (action.key or code.name not in of_keys)
    ]


def codes_of_dispatcher(dispatcher: Dispatcher, model: Model) -> list[Code]:
    """Return the codes that any of the dispatcher's actions, or the framework before them, may answer."""
    names = model.errors.framework
    before = [
        names.invalid,
        names.no_key,
        names.wrong_key,
        names.bad_body,
        names.wrong_type,
        names.limited,
        names.crashed,
        names.too_large,
    ]
    if dispatcher.scope:
        before.append(names.no_scope)
    found = {code.name: code for action in dispatcher.actions for code in codes_of(action, model)}
    found |= {
        name: model.codes[name]
        for name in before
        if name and model.codes[name].status in dispatcher.responses
    }
    return [code for name, code in model.codes.items() if name in found]


def component_name(codes: tuple[Code, ...], *, keyed: bool) -> str:
    """Return the name of a response component: its codes, and `keyless` if the call has no key."""
    return ".".join([*(c.name for c in codes), *([] if keyed else ["keyless"])])


def reference(codes: tuple[Code, ...], *, keyed: bool) -> Node:
    """Return a reference to the response component of these codes."""
    return Node({"$ref": RESPONSES + component_name(codes, keyed=keyed)}, origin=codes[0].origin)


def response(
    model: Model, codes: tuple[Code, ...], profile: Profile, *, keyed: bool, text: Text | None = None
) -> Node:
    """Return the response itself. A complete document narrows the envelope to these codes and lists the
    headers.
    """
    members = Node({"description": text or meaning(codes)}, origin=codes[0].origin)
    if profile.complete and (headers := parts.response_headers(model, codes[0].status, keyed=keyed)):
        members["headers"] = headers
    if content := _content(model, codes, profile):
        members["content"] = content
    return members


def _content(model: Model, codes: Sequence[Code], profile: Profile) -> Node:
    """Return the bodies by media type; empty if they are open."""
    groups: dict[str, list[Code]] = {}
    for code in codes:
        if model.leaves_open and not _is_described(model, code):
            continue  # the document says nothing of a body, so there may be none
        if code.content_type == parts.JSON or (code.content_type and not profile.json_errors):
            groups.setdefault(code.content_type, []).append(code)
    found = Node(origin=codes[0].origin)
    for media, members in groups.items():
        schema = narrow_envelope(members) if profile.complete else plain_envelope(model, members)
        found[media] = Node({"schema": schema}, origin=members[0].origin)
    return found


def _is_described(model: Model, code: Code) -> bool:
    return not says_nothing(model.schemas.get(code.envelope, {}))


def edge_name(status: int) -> str:
    """Return the component's name for a response of a proxy in front of the API."""
    return f"edge.{status}"


def edge_reference(status: int) -> Node:
    """Return a reference to the component for a proxy's response."""
    return Node({"$ref": RESPONSES + edge_name(status)}, origin=("errors", "edge"))


def edge_response(model: Model, edge: Any) -> Node:
    """Return a proxy's response, without envelope. Its only header says when to retry."""
    at = ("errors", "edge")
    answer = Node(
        {
            "description": Text(
                "Answered by a proxy before the API, in any form; wait and repeat the call", at
            )
        },
        origin=at,
    )
    retry = model.limit_reader.retry
    if edge.retry:
        known = next((h for h in model.headers if h.name == retry), None)
        answer["headers"] = Node(
            {retry: parts.header_reference(known) if known else Node(_RETRY, origin=at)}, origin=at
        )
    return answer


def meaning(codes: Sequence[Code]) -> Text:
    """Return one text with the meaning of each code, preceded by the code's value if bodies contain it."""
    texts = [
        f"{c.shown}: {c.meaning.rstrip('.')}." if c.shown else f"{c.meaning.rstrip('.')}." for c in codes
    ]
    return Text(" ".join(texts), (*codes[0].origin, "meaning"))


def plain_envelope(model: Model, codes: Sequence[Code]) -> Node:
    """Return an envelope that is not narrowed: the common one if any of these codes uses it, and an open one
    if another's body is not one of it.
    """
    names = [c.envelope for c in codes]
    name = model.errors.envelope if model.errors.envelope in names else names[0]
    fits = all(_is_of(model, other, name) for other in names if other != name)
    return Node({"$ref": REF + name} if name and fits else {}, origin=codes[0].origin)


def _is_of(model: Model, name: str, other: str) -> bool:
    """True if a body of one envelope has the members that another one needs, each of the same type."""
    own, wanted = (resolve(model.schemas.get(one, Node()), model.schemas) for one in (name, other))
    members, theirs = own.get("properties", {}), wanted.get("properties", {})
    alike = all(members[key].get("type") == theirs[key].get("type") for key in members.keys() & theirs.keys())
    return alike and members.keys() >= set(wanted.get("required", ()))


def narrow_envelope(codes: Sequence[Code]) -> Node:
    """Return the envelope narrowed to these codes; alternatives if they differ in envelope or place."""
    groups: dict[tuple[str, str | None], list[Code]] = {}
    for code in codes:
        groups.setdefault((code.envelope, code.code_at), []).append(code)
    choices = [_restrict_codes(envelope, at, members) for (envelope, at), members in groups.items()]
    return choices[0] if len(choices) == 1 else Node({"anyOf": choices}, origin=codes[0].origin)


def _restrict_codes(envelope: str, code_at: str | None, codes: list[Code]) -> Node:
    at = codes[0].origin
    whole = Node({"$ref": REF + envelope} if envelope else {}, origin=at)
    steps = code_at.split(".") if code_at else []
    if not steps or any(step.isdigit() for step in steps):
        return whole
    inner = Node({"enum": list(dict.fromkeys(c.value for c in codes))}, origin=at)
    for depth, key in reversed(list(enumerate(steps))):
        inner = Node({"properties": Node({key: inner}, origin=at), "required": [key]}, origin=at)
        if depth:  # an object in `allOf` must be stated as open, or Redocly Respect 2.77 treats it as closed
            inner["additionalProperties"] = True
    return Node({"allOf": [whole, inner]}, origin=at) if envelope else inner


def add_errors(model: Model, answer: Node, codes: Sequence[Code], profile: Profile) -> Node:
    """Return a success response, combined with the errors of the same status.

    A document for an assistant mentions these errors only in the description.
    """
    sign = model.error_reader.sign
    if sign is None:
        return answer
    values = ", ".join(c.shown for c in codes if c.shown)
    told = f"{str(answer['description']).rstrip('.')}. An error if {sign.wording}"
    description = Text(f"{told}: {values}." if values else f"{told}.", sign.origin)
    combined = Node({**answer, "description": description}, origin=answer.origin)
    if profile.complete and (bodies := _content(model, codes, profile)):
        content = dict(answer.get("content", {}))
        for media, body in bodies.items():
            mine = content.get(media)
            either = Node(
                {"anyOf": [mine["schema"], body["schema"]]} if mine else body["schema"], origin=sign.origin
            )
            content[media] = Node({**(mine or {}), "schema": either}, origin=(mine or body).origin)
        combined["content"] = Node(content, origin=answer.origin)
    return combined


def list_lost_types(model: Model, actions: Iterable[Action], profile: Profile) -> Iterator[Loss]:
    """Yield a loss for each media type of errors that the document cannot show."""
    codes = [code for action in actions for code in codes_of(action, model)] if profile.json_errors else []
    for code in {code.name: code for code in codes if code.content_type not in ("", parts.JSON)}.values():
        origin = ("errors", "content_type") if code.content_type == model.errors.content_type else code.origin
        yield Loss(
            origin, f"errors are {code.content_type}", "dropped", "bodies of JSON alone are shown here"
        )


def list_lost_signs(model: Model, actions: Iterable[Action]) -> Iterator[Loss]:
    """Yield a loss for each condition that marks a 2xx answer as an error. OpenAPI has no member for it."""
    sign = model.error_reader.sign
    for action in actions if sign is not None else ():
        if sign is not None and any(200 <= code.status < 300 for code in codes_of(action, model)):
            said = f"an answer is an error if `{sign.wording}`"
            yield Loss(sign.origin, said, "description", f"{action.operation_id}: named in its answer's text")
