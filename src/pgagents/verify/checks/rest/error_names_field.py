"""A refusal of an invalid argument names that argument, spelt as in the catalogue or on the wire.

Refusals of calls that break one argument are judged: the name must stand at `errors.field_at`. An invalid id
may be answered as missing instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pgagents.model.contract import Contract, Verdict
from pgagents.verify.cases.invalid import invalid_cases_of
from pgagents.verify.check.check import Check, Judgement, judge_broken, judge_kept, promise
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange, got

NAME = "error_names_field"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each argument, or member of one, that a call can break."""
    if setting.model.errors.field_at is None:
        return
    for endpoint in setting.endpoints:
        for field in _fields(setting, endpoint):
            says = f"refusing {field}, {endpoint.action.name} names it at {setting.model.errors.field_at}"
            yield promise(NAME, field, endpoint, says, ("errors", "field_at"), endpoint.action.cite)


def _fields(setting: Setting, endpoint: Endpoint) -> Mapping[str, None]:
    """Return the arguments, and members of them, that the invalid cases of an endpoint break."""
    return setting.compute_once(
        (NAME, endpoint.place),
        lambda: dict.fromkeys(n.field for n in invalid_cases_of(setting, endpoint)),
    )


def _in_brackets(endpoint: Endpoint, field: str) -> str:
    """Return the name of a part of an argument that is sent with brackets, such as `address[city]`."""
    name, *steps = field.split(".")
    param = endpoint.action.param(name)
    if param is None or param.style != "deepObject":
        return field
    return param.wire + "".join(f"[{step}]" for step in steps)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge refusals of calls that break one argument."""
    field, at = exchange.call.field, memory.model.errors.field_at
    endpoint = exchange.call.endpoint
    if not field or at is None or endpoint is None:
        return
    if exchange.call.intent == "invalid" and (reason := _missing(exchange, endpoint, memory)):
        yield Judgement(f"{NAME}/{field}/{exchange.place}", Verdict.NOT_APPLICABLE, reason)
    if exchange.code != memory.model.errors.framework.invalid or exchange.is_tainted_by("error_envelope"):
        return
    if field not in _fields(memory.setting, endpoint):
        return
    contract = f"{NAME}/{field}/{exchange.place}"
    param = endpoint.action.param(field)
    said = got(exchange.body, at)
    if said in (field, _in_brackets(endpoint, field)) or (
        param is not None and said in (param.wire, endpoint.alias(field))
    ):
        yield judge_kept(contract)
    else:
        yield judge_broken(
            contract, f"{at} is {field}", f"{at} is {said}" if said is not None else f"no {at}"
        )


def _missing(exchange: Exchange, endpoint: Endpoint, memory: Memory) -> str:
    """Return why the refusal need not name the argument: it says that no instance has this id. Else empty."""
    param = endpoint.action.param(exchange.call.field)
    resource = memory.model.resources.get(param.refers_to or "") if param is not None else None
    missing = resource is not None and resource.missing is not None and exchange.code == resource.missing.name
    return "a wrong id is answered as one that is missing" if missing else ""


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    rank=5,
)
