"""A refusal of an invalid argument names that argument, spelt as in the catalogue or as sent.

Refusals of calls that break one argument are judged: the name must stand at `errors.field_at`. A part of a
list or object that is sent with brackets may be named as it was sent: `tags[]`, `tags[0]`. For an invalid id,
a server may answer that the instance is missing. An argument's own error code need not name it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import unquote_plus

from pgagents.report.contract import Contract, Verdict
from pgagents.verify.cases.invalid import invalid_cases_of, unmade_cases_of
from pgagents.verify.promise import Check, Judgement, judge_broken, judge_kept, promise
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange, got

NAME = "error_names_field"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each argument, or member of an argument, that an invalid case breaks."""
    if setting.model.errors.field_at is None:
        return
    for endpoint in setting.endpoints:
        for field in dict.fromkeys((*_fields(setting, endpoint), *_list_unmade(setting, endpoint))):
            says = f"refusing {field}, {endpoint.action.name} names it at {setting.model.errors.field_at}"
            yield promise(NAME, field, endpoint, says, ("errors", "field_at"), endpoint.action.cite)


def _fields(setting: Setting, endpoint: Endpoint) -> Mapping[str, None]:
    """Return the arguments, and members of them, that the invalid cases of an endpoint break."""
    return setting.compute_once(
        (NAME, endpoint.place),
        lambda: dict.fromkeys(n.field for n in invalid_cases_of(setting, endpoint) if n.field),
    )


def _list_unmade(setting: Setting, endpoint: Endpoint) -> dict[str, str]:
    """Return the fields that only values too large to be sent would break, each with the reason."""
    made = _fields(setting, endpoint)
    unmade = unmade_cases_of(setting, endpoint).values()
    return {case.field: case.reason for case in unmade if case.field not in made}


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Exclude a field that only a value too large to be sent would break."""
    endpoint = setting.by_place.get(contract.place)
    reason = _list_unmade(setting, endpoint).get(contract.detail) if endpoint is not None else None
    return (Verdict.NOT_APPLICABLE, reason) if reason is not None else None


def _in_brackets(setting: Setting, exchange: Exchange, endpoint: Endpoint, field: str) -> set[str]:
    """Return the names of an argument, or of its part, that are sent with brackets.

    These are its own name (`address[city]`, `tags[0]` or `tags[]`) and the names of its parts as sent.
    """
    name, *steps = field.split(".")
    param = endpoint.action.param(name)
    if param is None or param.style != "deepObject":
        return set()
    own = param.wire + "".join(f"[{step}]" for step in steps)
    names = {own, own.rpartition("[")[0] + "[]"} if steps and steps[-1].isdigit() else {own}
    request = exchange.request
    text = request.body.decode("utf-8", "replace") if param.in_body else request.target.partition("?")[2]
    sent = {unquote_plus(pair.partition("=")[0]) for pair in text.split("&")}
    parts = {part for part in sent if part.startswith(f"{own}[")}
    if not steps and not parts:  # if the whole argument is missing, each of its members is missing
        lacking = setting.resolve_schema(param.schema).get("required", ())
        parts = {f"{own}[{member}]" for member in lacking}
    return names | parts


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge refusals of calls that break one argument."""
    field, at = exchange.call.field, memory.model.errors.field_at
    endpoint = exchange.call.endpoint
    if not field or at is None or endpoint is None:
        return
    if exchange.call.intent == "invalid" and (reason := _missing(exchange, endpoint, memory)):
        yield Judgement(f"{NAME}/{field}/{exchange.place}", Verdict.NOT_APPLICABLE, reason)
    if exchange.code not in memory.model.argument_codes(endpoint.action) or exchange.is_tainted_by(
        "error_envelope"
    ):
        return
    if field not in _fields(memory.setting, endpoint):
        return
    contract = f"{NAME}/{field}/{exchange.place}"
    param = endpoint.action.param(field)
    said = got(exchange.body, at)
    if said in (field, *_in_brackets(memory.setting, exchange, endpoint, field)) or (
        param is not None and said in (param.wire, endpoint.alias(field))
    ):
        yield judge_kept(contract)
    else:
        yield judge_broken(
            contract, f"{at} is {field}", f"{at} is {said}" if said is not None else f"no {at}"
        )


def _missing(exchange: Exchange, endpoint: Endpoint, memory: Memory) -> str:
    """Return why the refusal need not name the argument; empty if it must.

    Its code means a missing instance, or belongs to this argument alone.
    """
    param = endpoint.action.param(exchange.call.field)
    resource = memory.model.resources.get(param.refers_to or "") if param is not None else None
    missing = resource.missing_for(param) if resource is not None and param is not None else None
    if missing is not None and exchange.code == missing.name:
        return "a wrong id is answered as one that is missing"
    own = {code.name for code in param.otherwise.values()} if param is not None else ()
    return "its own error code says which argument is wrong" if exchange.code in own else ""


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    settled=settle_contract,
    rank=5,
)
