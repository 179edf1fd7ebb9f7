"""A write that needs an instance's code is refused if the code is only nearly right.

A code is a text that `moves` or another of the resource's lines sends back as the instance showed it, and
that a `law` of the write compares exactly: an address may be changed by such a call. It is sent in the other
letter case, or with one character more, less or changed. A success breaks the contract, and a refusal (4xx)
keeps it; a gateway's 502 says nothing of the code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from pgagents.base.cel.expression import member_of
from pgagents.catalogue.model.action import Param
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank
from pgagents.verify.cases.argument_values import find_comparison, fitting, free_text
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.judgement import conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import InstanceRef

HOWS = (
    "in the other case",
    "with a character more",
    "with its last character cut off",
    "with another last character",
)
MEASURED = re.compile(r"[-+]?\d+[.,]\d+|\d{4}-\d\d-\d\d.*", re.DOTALL)
"""Texts that are amounts, dates or times. Another one may be as right: a server took part of a payment."""
REFUSED = range(400, 500)


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each surface and each code, on the first write with an argument for the code.

    Surface and seed choose the near miss: each takes a call and, of a server that errs, an instance.
    """
    del roles
    known: set[tuple[str, str, str]] = set()
    for endpoint in setting.endpoints:
        template = template_of(setting.model, endpoint.action)
        resource = template.subject
        for param in endpoint.params if resource is not None and template.moves else ():
            assert resource is not None
            name = str(param.name)
            member = _find_member(resource, template.input.get(name))
            code = endpoint.surface, resource.name, member
            if not member or param.refers_to or code in known:
                continue
            if free_text(setting, param.schema) and find_comparison(endpoint.action, param) == "exactly":
                says = f"{endpoint.action.name} of a {resource.name} is refused with what is only nearly its"
                run = partial(_try, param=param, resource=resource, member=member, index=len(known))
                attempt = Attempt(run, writes=True)
                known.add(code)
                yield Case(endpoint, f"{says} {name}", param.origin, attempt, name)


def _find_member(resource: Resource, value: Any) -> str:
    """Return the member of the instance from which an argument's value is read.

    Return an empty text for the id, and for any other value.
    """
    member = member_of(value, ("resource", resource.name))
    return member if "." not in member and member not in resource.ids else ""


def _try(trial: Trial, param: Param, resource: Resource, member: str, index: int) -> None:
    setting, action, template = trial.setting, trial.action, trial.template
    instance = trial.ask(InstanceRef(resource.name, template.states))
    code = instance.get(member)
    near: list[tuple[str, Any]] = []
    if isinstance(code, str) and not MEASURED.fullmatch(code):
        near = list(fitting(setting, action, param, code, HOWS).items())
    if not near:
        conclude(trial.not_applicable(f"no {param.name} is nearly another"))
        return
    how, wrong = near[(index + setting.seed) % len(near)]
    why = f"{action.name} with a {param.name} {how}"
    arguments = {**template.input, str(param.name): wrong}
    exchange = trial.ask(trial.call("illegal", why, input=arguments, made=instance))
    if exchange.success and exchange.fits:
        conclude(trial.broken(f"{why} is refused", exchange.outcome))
    elif not exchange.void and not exchange.unsound and exchange.status in REFUSED:
        conclude(trial.kept())
    elif not exchange.void:
        conclude(trial.untested(f"the answer shows nothing of it: {exchange.outcome}"))


CHECK = make_check("exact_codes", __doc__, cases, rank=Rank.EXPOSED)
