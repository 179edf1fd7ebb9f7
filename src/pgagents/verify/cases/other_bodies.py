"""Broken bodies, and bodies of a neighbouring type, for actions whose bodies are not plain JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pgagents.encoding.medium import JSON, has_body, medium_of_action
from pgagents.verify.check.memory import Setting
from pgagents.verify.wire.call import Raw
from pgagents.verify.wire.endpoint import Endpoint

NEAR = "-pgv"
"""Makes a media type another one; a server that compares its beginning alone takes it as well."""


@dataclass(frozen=True, slots=True)
class OtherBody:
    """One way to send a body. `key` is the member of `errors.framework` that must refuse it; empty if it
    must be accepted.
    """

    detail: str
    says: str
    key: Literal["", "wrong_type", "bad_body"]
    raw: Raw


def writers(setting: Setting) -> list[Endpoint]:
    """Return one REST endpoint for each media type of a body other than JSON, preferably one whose effect can
    be undone.
    """
    undoable = {id(r.made_by.action) for r in setting.model.resources.values() if r.made_by and r.undone_by}
    found: dict[str, Endpoint] = {}
    for endpoint in setting.endpoints:
        kind = endpoint.action.content_type
        if not (endpoint.on_rest and endpoint.ordinary and kind != JSON and has_body(endpoint.action)):
            continue
        if kind not in found or (id(endpoint.action) in undoable and id(found[kind].action) not in undoable):
            found[kind] = endpoint
    return list(found.values())


def name_of(endpoint: Endpoint) -> str:
    """Return a short name of the body's type: `form`, or `merge-patch+json`."""
    medium = medium_of_action(endpoint.action)
    return endpoint.action.content_type.partition("/")[2] if medium.name == "json" else medium.name


def other_bodies(endpoint: Endpoint) -> Iterator[OtherBody]:
    """Yield the ways to send a body of this endpoint's type that a server must refuse or accept."""
    kind, name = endpoint.action.content_type, name_of(endpoint)
    medium = medium_of_action(endpoint.action)
    near = f"{kind}{NEAR}"
    yield OtherBody(
        f"wrong_type/{name}",
        f"a body sent as {near} is refused",
        "wrong_type",
        Raw(retype=near),
    )
    if medium.charset:
        written = f"{kind}; charset=UTF-8"
        yield OtherBody(f"charset/{name}", f"a body sent as {written} is accepted", "", Raw(retype=written))
    for detail, says, edit in medium.broken:
        yield OtherBody(f"{detail}/{name}", says, "bad_body", Raw(edit=edit))
