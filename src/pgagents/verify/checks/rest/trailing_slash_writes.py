"""A write to its path with a slash added is not carried out, because that path is unknown.

It is not redirected either, if `behaviour.redirects` is `never`. Routers and gateways treat such paths
differently, and a redirected POST may be repeated as a GET (RFC 9110, 15.4.2). Each call is about one of our
own instances, so carrying it out harms nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pgagents.catalogue.model.answers import Code
from pgagents.report.contract import Rank
from pgagents.verify.cases.paths import of_ours
from pgagents.verify.judgement import conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Raw

WHAT = "a path with a slash added"
NO_METHOD = 405


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each action that makes one of our instances, or changes one; none if the catalogue
    leaves slashes open.
    """
    del roles
    behaviour, unknown = setting.model.behaviour, setting.model.errors.framework.unknown_path
    if unknown is None or behaviour.trailing_slash != "unknown":
        return
    more = ", nor redirected" if behaviour.redirects == "never" else ""
    for endpoint in of_ours(setting):
        says = f"{endpoint.action.name} is not carried out at its path with a slash added{more}"
        attempt = Attempt(partial(_try, code=setting.model.codes[unknown]), writes=True)
        yield Case(endpoint, says, ("behaviour", "trailing_slash"), attempt, cite=())


def _try(trial: Trial, code: Code) -> None:
    """Send a call that is valid apart from the slash."""
    call = trial.call("framework", f"{trial.endpoint.method} to {WHAT}", raw=Raw(slash=True))
    answer = trial.ask(call)
    redirected = 300 <= answer.status < 400
    if redirected and trial.model.behaviour.redirects != "never":  # `safe_redirects` judges it
        conclude(trial.kept())
    else:
        conclude(trial.refused(answer, [code], WHAT, _list_statuses(trial)))


def _list_statuses(trial: Trial) -> tuple[int, ...]:
    """Return 405 if another path takes an empty id there, which it has for other methods.

    Fastify (1206) and NestJS (3077) route so.
    """
    begins, method = f"{trial.action.path}/{{", trial.action.method
    inner = [a for a in trial.model.actions if str(a.path).startswith(begins) and str(a.path).endswith("}")]
    below = [a for a in inner if "/" not in str(a.path)[len(begins) :]]
    return (NO_METHOD,) if below and all(a.method != method for a in below) else ()


CHECK = make_check("trailing_slash_writes", __doc__, cases, stage=5, overlap="all", rank=Rank.LAX)
