"""Every error body is valid under the catalogue's error envelope, also if the framework refuses, not an
action.

Every answer with a status of 400 or more is validated, except 503, which a proxy may send, and answers to
HEAD, which have no body (RFC 9110, 9.3.2). So is every 2xx that is an error by `errors.when`. A code may
declare its own envelope. The status in a problem document must be that of the answer (RFC 9457, 3.1.2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgagents.base.jsonschema.schema import say_error
from pgagents.report.contract import Rank
from pgagents.verify.answers.bodies import find_fact_of_body, is_documented_answer, name_wrong_member
from pgagents.verify.cases.invalid import provokable
from pgagents.verify.fixtures.own_schemas import is_open
from pgagents.verify.judgement import Judgement
from pgagents.verify.promise import Case, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.endpoint import framework_places
from pgagents.verify.wire.exchange import Exchange

PROBLEM_JSON = "application/problem+json"


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each endpoint with errors and each framework, if error bodies are not open."""
    del roles
    if not any(code.envelope for code in setting.model.codes.values()):
        return
    origin = ("errors", "envelope") if setting.model.source.has(("errors", "envelope")) else ("errors",)
    for endpoint in setting.endpoints:
        if provokable(setting, endpoint):
            yield Case(endpoint, f"every error of {endpoint.action.name} is in the envelope", origin)
    for place in framework_places(setting.model):
        yield Case(None, "what the framework refuses is answered in the envelope", origin, place=place)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every error, where errors are promised."""
    trial = CHECK.find_trial(memory.setting, exchange.place)
    if trial is None or not exchange.refused:
        return
    if exchange.request.method == "HEAD" or exchange.call.intent == "document":
        return
    names = _list_envelopes(exchange, memory)
    if "" in names:
        return
    fits = not exchange.json.problem and any(
        memory.setting.envelope(name).is_valid(exchange.body) for name in names
    )
    # what a router or a proxy, such as nginx, answers in a page of its own
    if not fits and not is_documented_answer(exchange, memory.model):
        return
    if exchange.json.problem:
        broken = trial.broken("the error envelope", "{problem}", problem=exchange.json.problem)
        yield broken.resting_on(find_fact_of_body(exchange))
    elif not fits:
        error = next(iter(memory.setting.envelope(names[0]).iter_errors(exchange.body)))
        where = ".".join(map(str, error.instance_path)) or "the body"
        actual = f"{where} breaks `{error.kind.name}`: {{problem}}"
        broken = trial.broken(
            f"a body that is {' or '.join(names)}", actual, problem=say_error(error.message, 200)
        )
        broken = broken.at_member(name_wrong_member(error))
        yield replace(broken, odd=True) if is_open(memory.model, exchange) else broken
    elif wrong := _find_false_status(exchange, memory):
        expected = f"`status` is that of the answer, {exchange.status} (RFC 9457)"
        yield trial.broken(expected, "status: {status}", status=wrong)
    else:
        yield trial.kept()


def _list_envelopes(exchange: Exchange, memory: Memory) -> list[str]:
    """Return the envelopes that an error may have: that of its code. Without a code, those of its status are
    added, as of a document with a schema for each status.
    """
    declared = memory.model.codes.get(exchange.code or "")
    if declared is not None:
        return [declared.envelope]
    common = str(memory.model.errors.envelope or "")
    alike = [code.envelope for code in memory.model.codes.values() if code.status == exchange.status]
    return [common] if exchange.said is not None or not alike else sorted({*alike}, key=lambda n: n != common)


def _find_false_status(exchange: Exchange, memory: Memory) -> str:
    """Return the `status` of a problem document if it is not that of the answer; else an empty text."""
    declared = memory.model.codes.get(exchange.code or "")
    if (declared.content_type if declared else memory.model.errors.content_type) != PROBLEM_JSON:
        return ""
    status = exchange.body.get("status") if isinstance(exchange.body, dict) else None
    return "" if status is None or status == exchange.status else repr(status)[:80]


CHECK = make_check(
    "error_envelope",
    __doc__,
    cases,
    watch=watch,
    turn=3,
    of_any_input=True,
    skips_unavailable=True,
    rank=Rank.UNDOCUMENTED,
)
