"""Every error code is one of the catalogue's, has its own status, and comes only from actions with that
error.

Every error in the run whose body has a code is judged, except 503, which a proxy may send. If the catalogue
leaves it open, refused input may have 400, as Spring's, or 422, as FastAPI's.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.answers import Code
from pgagents.report.contract import Rank
from pgagents.verify.cases.invalid import provokable
from pgagents.verify.judgement import Judgement, Untested, allows_either
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.endpoint import framework_places
from pgagents.verify.wire.exchange import Exchange

FRAMEWORK = {404: "unknown_path", 405: "wrong_method", 413: "too_large", 415: "wrong_type"}
"""Members of `errors.framework` by the usual status of the refused mistake."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each endpoint with errors and each surface's framework, if their bodies have codes.

    A status of which no body says more is judged by `documented_status`.
    """
    del roles
    if not any(code.code_at for code in setting.model.codes.values()):
        return
    origin = ("errors", "codes")
    for endpoint in setting.endpoints:
        if any(c.code_at for c in endpoint.action.errors) and provokable(setting, endpoint):
            says = f"every error code of {endpoint.action.name} comes with its one status"
            yield Case(endpoint, says, origin)
    framework = setting.model.errors.framework
    named = any(getattr(framework, name) is not None for name in FRAMEWORK.values())
    for place in framework_places(setting.model):
        says = "every error code of the framework comes with its one status"
        attempt = None if named else Attempt(_say_unnamed, cost=0, writes=False, optional=True)
        yield Case(None, says, origin, attempt, place=place)


def _say_unnamed(trial: Trial) -> None:
    """No author owes what he does not name, unless an answer has a code of his."""
    del trial
    raise Untested(
        "`errors.framework` names no code of what no action answers: `framework: {unknown_path: CODE, "
        "wrong_method: CODE}`",
        excused=True,
    )


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every error whose body has a code, where errors are promised."""
    trial = CHECK.find_trial(memory.setting, exchange.place)
    if trial is None or not exchange.refused or exchange.said is None:
        return
    if exchange.is_tainted_by("documented_status") or exchange.call.intent == "document":
        return  # what is not an action, such as a token endpoint (RFC 6749, 5.2), has errors of its own
    code, endpoint = memory.model.codes.get(exchange.code or ""), exchange.call.endpoint
    if code is not None and code.code_at is None:
        return  # its status alone identifies it, so no value belongs to it
    at = memory.model.errors.code_at or ""
    if code is None and endpoint is None and _is_unsaid(exchange.status, memory):
        return
    if code is None:
        known = dict.fromkeys(c.shown for c in memory.model.codes.values() if c.shown)
        yield trial.broken(f"one of {', '.join(known)}", exchange.outcome).at_member(at)
    elif code.status != exchange.status and not _is_open(code, exchange.status, memory):
        yield trial.broken(f"{code.shown} with status {code.status}", exchange.outcome).at_member(at)
    elif (
        code.only is not None
        and not code.inferred  # FastAPI's documents leave out what middleware answers
        and endpoint is not None
        and not {str(endpoint.action.name), endpoint.surface} & set(code.only)
    ):
        yield trial.broken(f"{code.shown} only from {', '.join(code.only)}", exchange.outcome).at_member(at)
    else:
        yield trial.kept()


def _is_unsaid(status: int, memory: Memory) -> bool:
    """True if the catalogue names no error for a mistake that is refused before any action runs, as by
    FastAPI's router with a `detail` of its own.
    """
    name = FRAMEWORK.get(status)
    return name is not None and getattr(memory.model.errors.framework, name) is None


def _is_open(code: Code, status: int, memory: Memory) -> bool:
    """True if the catalogue allows both 400 and 422 for a refused input."""
    framework = memory.model.errors.framework
    refusals = {framework.invalid, framework.bad_body, framework.wrong_type}
    return allows_either(memory.model, status) and code.name in refusals


CHECK = make_check(
    "error_codes",
    __doc__,
    cases,
    watch=watch,
    turn=4,
    skips_unavailable=True,
    rank=Rank.UNDOCUMENTED,
)
