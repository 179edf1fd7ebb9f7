"""The Location in a create's answer leads to the new instance (RFC 9110, 10.2.2).

It is followed only on the API's own host, and only at the path of a reading action. Any other path leaves
the contract untested. After a 202 it may lead to the state of the work, or to an instance that is not there
yet (RFC 9110, 15.3.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import unquote, urljoin

from pgagents.catalogue.model.action import Action, ActionCall
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Contract, Verdict
from pgagents.verify.answers.bodies import find_own_target
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import REST, Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "location"
HEADER = "location"
ACCEPTED, ABSENT = 202, 404
"""The status of work that only began, and that of an instance that is not there yet."""
_PLACEHOLDER = re.compile(r"\\{([^{}]*)\\}")


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each create whose answer has a Location."""
    for resource, endpoint in _creates(setting):
        says = f"the Location of a new {resource.name} leads to it"
        yield promise(NAME, "", endpoint, says, endpoint.action.success.origin, endpoint.action.cite)


def _creates(setting: Setting) -> Iterator[tuple[Resource, Endpoint]]:
    for resource in setting.model.resources.values():
        made_by = resource.made_by
        endpoint = setting.endpoint(str(made_by.action.name), REST) if made_by is not None else None
        headers = endpoint.action.success.headers if endpoint is not None else ()
        if endpoint is not None and resource.read_by and HEADER in (h.name.lower() for h in headers):
            yield resource, endpoint


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each create: it makes an instance and follows the Location."""
    del roles
    for resource, endpoint in _creates(setting):
        contract = f"{NAME}/{endpoint.place}"
        run = partial(_run, setting, resource, endpoint, contract)
        yield Probe(contract, 4, (contract,), 2, run, (endpoint,), "main", True)


def _run(setting: Setting, resource: Resource, endpoint: Endpoint, contract: str) -> Conversation:
    template = template_of(setting.model, endpoint.action)
    why = f"a {resource.name}, to follow its Location"
    made: Exchange = yield ordinary(endpoint, template, "valid", why, fresh=True)
    body = at_path(resource.made_by, made) if made.success else None
    text = made.header(HEADER)
    if not isinstance(body, Mapping) or text is None:
        yield judge_untested(contract, f"no {resource.name} with a Location was made: {made.outcome}")
        return
    path = _path_on_api(setting, made, text)
    found = _find_action(setting, path) if path else None
    begun = made.status == ACCEPTED
    if begun and (found is None or not any(r.action is found[0] for r in resource.read_by)):
        why = f"the answer is a 202, and its Location leads to no {resource.name}: {text[:200]}"
        yield Judgement(contract, Verdict.NOT_APPLICABLE, why)
        return
    if path is None or found is None:
        yield judge_untested(contract, f"its path is none of the API's: {text[:200]}")
        return
    action, values = found
    read = next((r for r in resource.read_by if r.action is action), None)
    reader = setting.endpoint(str(action.name), REST)
    if read is None or reader is None:
        told = f"{text[:200]}, which is {action.name}"
        yield judge_broken(contract, f"a Location of the new {resource.name}", told)
        return
    given = _typed(setting, action, values)
    why = "what the Location leads to"
    answer: Exchange = yield Call(reader, given, "explore", why, raw=Raw(target=path), made=body)
    if begun and answer.status == ABSENT:
        yield judge_untested(contract, f"the answer is a 202, and its Location still gives {answer.outcome}")
        return
    yield _judge(contract, resource, read, body, answer)


def _judge(
    contract: str, resource: Resource, read: ActionCall, body: Mapping[str, Any], answer: Exchange
) -> Judgement:
    expected = f"the new {resource.name} at its Location"
    if answer.void:
        return judge_untested(contract, f"the Location was not answered: {answer.outcome}")
    there = at_path(read, answer) if answer.success else None
    if not answer.success:
        return judge_broken(contract, expected, answer.outcome)
    if isinstance(there, Mapping) and resource.id_of(there) == resource.id_of(body):
        return judge_kept(contract)
    told = resource.id_of(there) if isinstance(there, Mapping) else None
    return judge_broken(contract, expected, f"another {resource.name}, {resource.id} {told}")


def _path_on_api(setting: Setting, exchange: Exchange, text: str) -> str | None:
    """Return the path and query of a Location relative to the API's base URL; None if it is on another
    host.
    """
    own = setting.list_bases(exchange.call.endpoint)
    try:
        whole = urljoin(own[0] + exchange.request.target, text)
    except ValueError:
        return None
    return find_own_target(own, str(setting.model.api.server), whole)


def _find_action(setting: Setting, path: str) -> tuple[Action, dict[str, str]] | None:
    """Return the action that reads a path, and the values of the path's placeholders. Literal paths come
    first.
    """
    reading = [a for a in setting.model.actions if a.method == "GET" and a.effect == "read" and a.on_rest]
    for action in sorted(reading, key=lambda a: str(a.path).count("{")):
        pattern = _PLACEHOLDER.sub("([^/?]+)", re.escape(str(action.path)))
        found = re.fullmatch(pattern, path.partition("?")[0])
        if found:
            names = re.findall(r"\{([^{}]*)\}", str(action.path))
            return action, dict(zip(names, map(unquote, found.groups()), strict=True))
    return None


def _typed(setting: Setting, action: Action, values: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for param in action.params:
        if param.place == "path" and param.wire in values:
            kind = setting.resolve_schema(param.schema).get("type")
            text = values[param.wire]
            found[str(param.name)] = int(text) if kind == "integer" and text.isdecimal() else text
    return found


CHECK = Check(NAME, __doc__, promises, probes=probes, calls_correctly=True)
