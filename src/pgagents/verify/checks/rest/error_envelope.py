"""Every error body is valid under the catalogue's error envelope, also if the framework refuses, not an
action.

Every answer with a status of 400 or more is validated, except 503 and answers to HEAD. So is every 2xx that
is an error by `errors.when`. A code may declare its own envelope. The status in a problem document (RFC 9457)
must be that of the answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.report.contract import Contract
from pgagents.verify.answers.bodies import is_documented_answer
from pgagents.verify.cases.invalid import provokable
from pgagents.verify.promise import Check, Judgement, judge_broken, judge_kept, promise, promise_at
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.endpoint import framework_places
from pgagents.verify.wire.exchange import Exchange

NAME = "error_envelope"
PROBLEM_JSON = "application/problem+json"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each endpoint, and one for each surface's framework, if error bodies are not
    open.
    """
    origin = ("errors", "envelope") if setting.model.source.has(("errors", "envelope")) else ("errors",)
    if not any(code.envelope for code in setting.model.codes.values()):
        return
    for endpoint in setting.endpoints:
        if not provokable(setting, endpoint):
            continue
        yield promise(
            NAME,
            "",
            endpoint,
            f"every error of {endpoint.action.name} is in the envelope",
            origin,
            endpoint.action.cite,
        )
    for place in framework_places(setting.model):
        yield promise_at(NAME, "", place, "what the framework refuses is answered in the envelope", origin)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every error."""
    if not exchange.refused or exchange.request.method == "HEAD" or exchange.call.intent == "document":
        return
    if (
        exchange.call.endpoint is not None
        and exchange.call.intent != "framework"
        and not provokable(memory.setting, exchange.call.endpoint)
    ):
        return  # no error is promised: documented_status judges the answer
    names = _list_envelopes(exchange, memory)
    if "" in names:
        return
    contract, said = f"{NAME}/{exchange.place}", is_documented_answer(exchange, memory.model)
    if exchange.json.problem and not said:
        return
    if exchange.json.problem:
        yield judge_broken(contract, "the error envelope", exchange.json.problem)
        return
    if not any(memory.setting.envelope(name).is_valid(exchange.body) for name in names):
        if said:
            error = next(iter(memory.setting.envelope(names[0]).iter_errors(exchange.body)))
            where = ".".join(map(str, error.instance_path)) or "the body"
            yield judge_broken(
                contract, f"a body that is {' or '.join(names)}", f"{where}: {error.message[:200]}"
            )
    elif wrong := _find_false_status(exchange, memory):
        yield judge_broken(contract, f"`status` is that of the answer, {exchange.status} (RFC 9457)", wrong)
    else:
        yield judge_kept(contract)


def _list_envelopes(exchange: Exchange, memory: Memory) -> list[str]:
    """Return the envelopes that an error may have: that of its code. Without a code, those of its status are
    added.
    """
    declared = memory.model.codes.get(exchange.code or "")
    if declared is not None:
        return [declared.envelope]
    common = str(memory.model.errors.envelope or "")
    alike = [code.envelope for code in memory.model.codes.values() if code.status == exchange.status]
    return [common] if exchange.said is not None or not alike else sorted({*alike}, key=lambda n: n != common)


def _find_false_status(exchange: Exchange, memory: Memory) -> str:
    """Return what is wrong with the `status` member of a problem document; empty if nothing is."""
    declared = memory.model.codes.get(exchange.code or "")
    if (declared.content_type if declared else memory.model.errors.content_type) != PROBLEM_JSON:
        return ""
    told = exchange.body.get("status") if isinstance(exchange.body, dict) else None
    return "" if told is None or told == exchange.status else f"status: {told!r}"[:80]


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    rank=3,
    of_any_input=True,
    skips_unavailable=True,
)
