"""A call that meets the condition of an error code (`errors.codes.*.when`) is refused with that code.

The arguments are found in the examples and the schemas. Everything else in the call is right, so that no
other code applies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.catalogue.model.answers import Code
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.fixtures.request_template import MOST_TRIED, list_conditional, make_refused
from pgagents.verify.judgement import Untested, conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting

UNKNOWN = (
    f"of the values in its examples and schemas, in at most {MOST_TRIED} combinations, none makes its"
    " condition true: an example would show one"
)


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each code with a condition and each endpoint that may answer it."""
    del roles
    for endpoint in setting.endpoints:
        for code in list_conditional(endpoint.action):
            refused = f"{endpoint.action.name} is refused with {code.name}"
            says = f"{refused} where {code.when.wording if code.when is not None else ''}"
            origin, arguments = (*code.origin, "when"), make_refused(setting, endpoint, code)
            if arguments is None:
                settled = (Verdict.UNTESTED, UNKNOWN)
                yield Case(endpoint, says, origin, detail=code.name, cite=code.cite, settled=settled)
            else:
                attempt = Attempt(partial(_try, code=code, arguments=arguments))
                yield Case(endpoint, says, origin, attempt, code.name, code.cite)


def _try(trial: Trial, code: Code, arguments: Mapping[str, Any]) -> None:
    why = f"a call that is to be refused with {code.name}"
    call = trial.call("illegal", why, input=arguments, fresh=True)  # no earlier call is why it is refused
    answer = trial.ask(call)
    # a place may be full by now, and no order is promised
    if answer.is_conflict and answer.code != code.name:
        raise Untested(f"a state refused it: {answer.outcome}")
    conclude(trial.refused(answer, [code], why))


CHECK = make_check("declared_refusals", __doc__, cases, stage=5, rank=Rank.LAX)
