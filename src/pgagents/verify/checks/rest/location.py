"""The Location in a create's answer leads to the new instance (RFC 9110, 10.2.2).

It is followed only on the API's own host, where the key may go, and only at the path of a reading action.
Any other path, one of a part of the instance and a redirect leave the contract untested; the path of the new
instance without its beginning is odd. Only a 201's leads to the new instance: a 202's may lead to the state
of the work, or to an instance that is not there yet (RFC 9110, 15.3.3), and a 200's to anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from pgagents.base.text import bare_path
from pgagents.catalogue.model.action import Action, ActionCall
from pgagents.catalogue.model.resource import Resource, id_text
from pgagents.report.contract import Rank
from pgagents.verify.answers.bodies import find_own_target
from pgagents.verify.fixtures.factory import LATE, list_waits
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.judgement import Judgement, Untested, conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask_until
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import REST
from pgagents.verify.wire.exchange import REDIRECTED, REFUSED, Exchange

HEADER = "location"
CREATED = 201
ABSENT = 404
"""The status of an instance that is not there yet."""
MOST_DIGITS = 400
"""The most digits of an id that is read as a number; Python refuses 4,300."""
_PLACEHOLDER = re.compile(r"\\{([^{}]*)\\}")


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield each create whose answer has a Location. It makes an instance and follows the Location."""
    del roles
    for resource in setting.model.resources.values():
        made_by = resource.made_by
        endpoint = setting.endpoint(str(made_by.action.name), REST) if made_by is not None else None
        headers = endpoint.action.success.headers if endpoint is not None else ()
        if endpoint is not None and resource.read_by and HEADER in (h.name.lower() for h in headers):
            says = f"the Location of a new {resource.name} leads to it"
            attempt = Attempt(partial(_try, resource=resource), cost=2, writes=True)
            yield Case(endpoint, says, endpoint.action.success.origin, attempt)


def _try(trial: Trial, resource: Resource) -> None:
    setting = trial.setting
    made = trial.ask(trial.call("valid", f"a {resource.name}, to follow its Location", fresh=True))
    body = at_path(resource.made_by, made) if made.success else None
    text = made.header(HEADER)
    if not isinstance(body, Mapping) or text is None:
        raise Untested(f"no {resource.name} with a Location was made: {made.outcome}")
    path = _path_on_api(setting, made, text)
    target = _find_action(setting, path) if path else None
    other = made.status != CREATED
    if other and (target is None or not any(r.action is target[0] for r in resource.read_by)):
        conclude(
            trial.not_applicable(
                f"the answer is a {made.status}, and its Location leads to no {resource.name}: {text[:200]}"
            )
        )
        return
    if target is None and (left_out := _find_left_out(setting, resource, made, body, text)):
        actual = f"{{text}}, without {left_out}"
        broken = trial.broken(f"a Location of the new {resource.name}", actual, text=text[:200])
        conclude(replace(broken, odd=True))  # it was not followed
        return
    if path is None or target is None:
        raise Untested(f"its path is none of the API's: {text[:200]}")
    action, values = target
    read = next((r for r in resource.read_by if r.action is action), None)
    reader = setting.endpoint(str(action.name), REST)
    if reader is None:
        raise Untested(f"this run calls no {action.name}, to which its path leads: {text[:200]}")
    below = (str(action.path).startswith(f"{r.action.path}/") for r in resource.read_by)
    if read is None and any(below) and id_text(resource.id_of(body)) in values.values():
        raise Untested(f"it leads to a part of it, as FHIR's to its version: {text[:200]}")
    if read is None:
        actual = f"{{text}}, which is {action.name}"
        conclude(trial.broken(f"a Location of the new {resource.name}", actual, text=text[:200]))
        return
    arguments = _typed(setting, action, values)
    why = "what the Location leads to"
    read_back = Call(reader, arguments, "explore", why, raw=Raw(target=path), made=body)
    answer, late = ask_until(read_back, lambda one: one.status != ABSENT, list_waits(setting.model, resource))
    if other and answer.status == ABSENT:
        raise Untested(f"the answer is a {made.status}, and its Location still gives {answer.outcome}")
    conclude(_judge(trial, resource, read, body, answer, late=late))


def _judge(
    trial: Trial,
    resource: Resource,
    read: ActionCall,
    body: Mapping[str, Any],
    answer: Exchange,
    *,
    late: bool,
) -> Judgement:
    expected = f"the new {resource.name} at its Location"
    if answer.void or REDIRECTED <= answer.status < REFUSED:  # a redirect may lead to it
        return trial.untested(f"the Location was not answered: {answer.outcome}")
    if not answer.success:
        return trial.broken(expected, answer.outcome)
    instance = at_path(read, answer)
    id, own = (resource.id_of(one) if isinstance(one, Mapping) else None for one in (instance, body))
    if id is None or own is None:
        return trial.untested(f"its answer shows no {resource.id} of a {resource.name}: {answer.outcome}")
    if id_text(id) == id_text(own):  # 7 and "7" are one in a path
        return trial.kept(LATE if late else "")
    return trial.broken(expected, f"another {resource.name}, {resource.id} {{id}}", id=id)


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


def _find_left_out(
    setting: Setting, resource: Resource, made: Exchange, body: Mapping[str, Any], text: str
) -> str:
    """Return the beginning of the path of the new instance that its Location lacks; empty if it is another
    path. Routers below a prefix write such (a Hono app, 2026-11-28).
    """
    own = urlsplit(setting.list_bases(made.call.endpoint)[0])
    try:
        told = urlsplit(urljoin(f"{own.geturl()}{made.request.target}", text))
    except ValueError:
        return ""
    steps = bare_path(told.path).strip("/").split("/")
    for read in resource.read_by:
        whole = [*filter(None, own.path.split("/")), *read.action.bare_path.strip("/").split("/")]
        whole[-1] = id_text(resource.id_of(body)) if whole[-1].startswith("{") else ""
        first = len(whole) - len(steps)
        ends = zip(whole[first:], map(unquote, steps), strict=False)
        if told.netloc == own.netloc and first > 0 and all(w == s or w.startswith("{") for w, s in ends):
            return "/" + "/".join(whole[:first])
    return ""


def _find_action(setting: Setting, path: str) -> tuple[Action, dict[str, str]] | None:
    """Return the action that reads a path, and the values of the path's placeholders. Literal paths come
    first.
    """
    reading = [a for a in setting.model.actions if a.method == "GET" and a.effect == "read" and a.on_rest]
    for action in sorted(reading, key=lambda a: str(a.path).count("{")):
        pattern = _PLACEHOLDER.sub("([^/?]+)", re.escape(str(action.path)))
        match = re.fullmatch(pattern, path.partition("?")[0])
        if match:
            names = re.findall(r"\{([^{}]*)\}", str(action.path))
            return action, dict(zip(names, map(unquote, match.groups()), strict=True))
    return None


def _typed(setting: Setting, action: Action, values: Mapping[str, str]) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for param in action.params:
        if param.place == "path" and param.wire in values:
            kind = setting.resolve_schema(param.schema).get("type")
            text = values[param.wire]
            number = kind == "integer" and text.isdecimal() and len(text) <= MOST_DIGITS
            arguments[str(param.name)] = int(text) if number else text
    return arguments


CHECK = make_check("location", __doc__, cases, stage=4, calls_correctly=True, rank=Rank.WRONG)
