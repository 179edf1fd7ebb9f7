"""A refusal of an invalid argument names that argument, spelt as in the catalogue or as sent.

Refusals of calls that break one argument are judged: the name must stand at `errors.field_at`. An item of a
list may be named by its list, or as `tags[]`, `tags[0]`. A JSON pointer (RFC 9457, JSON:API) or a list of
steps (FastAPI) names it too: `/name`, `#/data/attributes/name`, `["body", "name"]`. For an invalid id, a
server may answer that the instance is missing. An argument's own error code need not name it, such as Slack's
`invalid_cursor`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

from pgagents.report.contract import Rank, Verdict
from pgagents.verify.cases.invalid import invalid_cases_of, unmade_cases_of
from pgagents.verify.judgement import Judgement
from pgagents.verify.promise import Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.exchange import Exchange, got

_INDEX = re.compile(r"\[(\d+)\]")
ROOTS = ("$.", "body.", "data.attributes.", "query.", "path.", "header.", "cookie.")
"""What a pointer to an argument may name before it: the body in ASP.NET (`$.name`), the place in FastAPI, the
part of a JSON:API body.
"""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each argument, or member of an argument, that an invalid case breaks.

    One that only a value too large to be sent would break is settled: generated documents write maxLength
    2147483647.
    """
    del roles
    at = setting.model.errors.field_at
    for endpoint in setting.endpoints if at is not None else ():
        made = dict.fromkeys(case.field for case in invalid_cases_of(setting, endpoint) if case.field)
        unmade = {case.field: case.reason for case in unmade_cases_of(setting, endpoint).values()}
        for field in {**made, **unmade}:
            says = f"refusing {field}, {endpoint.action.name} names it at {at}"
            settled = None if field in made else (Verdict.NOT_APPLICABLE, unmade[field])
            yield Case(endpoint, says, ("errors", "field_at"), detail=field, settled=settled)


def _name_sent(trial: Trial, field: str) -> str:
    """Return the name of a field as it is sent."""
    name, *steps = field.split(".")
    param = trial.action.param(name)
    return ".".join((param.wire if param is not None and trial.endpoint.on_rest else name, *steps))


def _name_pointed_at(named: Any) -> str:
    """Return the name with dots that a text, a JSON pointer or a list of steps says; else an empty text."""
    if isinstance(named, str) and named.removeprefix("#").startswith("/"):
        steps = named.removeprefix("#")[1:].split("/")
        steps = [step.replace("~1", "/").replace("~0", "~") for step in steps]
    elif isinstance(named, list):
        steps = [str(step) for step in named]
    else:
        return named.removeprefix(ROOTS[0]) if isinstance(named, str) else ""
    told = ".".join(steps)
    return next((told.removeprefix(root) for root in ROOTS if told.startswith(root)), told)


def _list_names(trial: Trial, exchange: Exchange) -> set[str]:
    """Return the names by which an answer may call the argument, or its part, that the call breaks.

    These are the catalogue's and the surface's, of an item also that of the list, as Laravel's `tags.0` and
    Rails' `tags[]`, and the names of an object's parts as sent, as Stripe's `address[city]`.
    """
    field = exchange.call.field
    name, *steps = field.split(".")
    param = trial.action.param(name)
    if param is None:
        return {field}
    names = {field, *(".".join((own, *steps)) for own in (param.wire, trial.endpoint.alias(name)))}
    item = bool(steps) and steps[-1].isdigit()
    if item and len(steps) == 1:
        bare = param.wire.removesuffix("[]")
        names |= {param.wire, bare, f"{bare}[]", f"{bare}.{steps[0]}"}
    if param.style != "deepObject":
        return names
    own = param.wire + "".join(f"[{step}]" for step in steps)
    request = exchange.request
    text = request.body.decode("utf-8", "replace") if param.in_body else request.target.partition("?")[2]
    sent = {unquote_plus(pair.partition("=")[0]) for pair in text.split("&")}
    parts = {part for part in sent if part.startswith(f"{own}[")}
    if not steps and not parts:  # without the whole argument, Stripe names a member, such as card[number]
        lacking = trial.setting.resolve_schema(param.schema).get("required", ())
        parts = {f"{own}[{member}]" for member in lacking}
    return names | parts | {own} | ({own.rpartition("[")[0] + "[]"} if item else set())


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge refusals of calls that break one argument."""
    field, at = exchange.call.field, memory.model.errors.field_at
    trial = CHECK.find_trial(memory.setting, exchange.place, field) if field else None
    if trial is None or at is None:
        return
    if exchange.call.intent == "invalid" and (reason := _excuse(trial, exchange)):
        yield trial.not_applicable(reason)
        return
    # a call may be refused for another reason first; an error of another shape is error_envelope's finding
    wrong_code = exchange.code not in memory.model.argument_codes(trial.action)
    if wrong_code or exchange.is_tainted_by("error_envelope") or trial.case.settled is not None:
        return
    named, shown = got(exchange.body, at), _name_sent(trial, field)
    said = _name_pointed_at(named)
    # Spring and ASP.NET write lines[0].name for what other servers call lines.0.name
    if not {said, _INDEX.sub(r".\1", said)}.isdisjoint(_list_names(trial, exchange)):
        yield trial.kept()
    else:
        yield trial.broken(f"{at} is {shown}", f"{at} is {named}" if named is not None else f"no {at}")


def _excuse(trial: Trial, exchange: Exchange) -> str:
    """Return why the refusal need not name the argument; empty if it must.

    Its code means a missing instance, as where Rails looks up an id as it came, or belongs to this argument
    alone.
    """
    param = trial.action.param(exchange.call.field)
    if param is None:
        return ""
    resource = trial.model.resources.get(param.refers_to or "")
    missing = resource.missing_for(param) if resource is not None else None
    if missing is not None and exchange.code == missing.name:
        return "a wrong id is answered as one that is missing"
    own = {code.name for code in param.otherwise.values()}
    return "its own error code says which argument is wrong" if exchange.code in own else ""


CHECK = make_check(
    "error_names_field",
    __doc__,
    cases,
    watch=watch,
    turn=5,
    rank=Rank.UNDOCUMENTED,
)
