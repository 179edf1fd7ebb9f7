"""A write that needs an instance's code is refused if the code is only nearly right.

The API returns this code with the instance. The write is called with a nearly equal code: a short form, the
other letter case, or one character more, less or changed. A refusal (4xx) keeps the contract, and a success
breaks it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.base.cel.expression import member_of
from pgagents.catalogue.model.action import Param
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Contract, Verdict
from pgagents.verify.cases.argument_values import find_comparison, fitting, free_text
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import InstanceRef
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "exact_codes"
HOWS = (
    "in the other case",
    "with a character more",
    "with its last character cut off",
    "with another last character",
)
SHORTEST = 4
"""The fewest characters of a short form."""
REFUSED = range(400, 500)


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield a contract for each surface and each code, on the first action with an argument for the code."""
    for endpoint, param, resource, _ in _cases(setting):
        says = (
            f"{endpoint.action.name} of a {resource.name} is refused with what is only nearly its "
            f"{param.name}"
        )
        yield promise(NAME, str(param.name), endpoint, says, param.origin, endpoint.action.cite)


def _cases(setting: Setting) -> tuple[tuple[Endpoint, Param, Resource, str], ...]:
    """Return (endpoint, argument, resource, member) of writes with a text argument that is a member of the
    instance.
    """

    def find() -> Iterator[tuple[Endpoint, Param, Resource, str]]:
        met: set[tuple[str, str]] = set()
        for endpoint in setting.endpoints:
            template = template_of(setting.model, endpoint.action)
            for param in endpoint.params if template.subject is not None and template.moves else ():
                member = (
                    _member(template.subject, template.input.get(str(param.name))) if template.subject else ""
                )
                if (
                    member
                    and not param.refers_to
                    and free_text(setting, param.schema)
                    and (endpoint.surface, member) not in met
                ):
                    met.add((endpoint.surface, member))
                    assert template.subject is not None
                    yield endpoint, param, template.subject, member

    return setting.compute_once(NAME, lambda: tuple(find()))


def _member(resource: Resource, value: Any) -> str:
    """Return the member of the instance from which an argument's value is read.

    Return an empty text for the id, and for any other value.
    """
    member = member_of(value, ("resource", resource.name))
    return member if "." not in member and member not in resource.ids else ""


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each contract; surface and seed choose the near miss.

    The first probe also tries a short form.
    """
    del roles
    for index, (endpoint, param, resource, member) in enumerate(_cases(setting)):
        contract = f"{NAME}/{param.name}/{endpoint.place}"
        run = partial(_run, setting, endpoint, param, resource, member, index, contract)
        yield Probe(contract, 6, (contract,), 1 if index else 2, run, (endpoint,), "main", True)


def _short_forms(
    setting: Setting, endpoint: Endpoint, param: Param, there: Mapping[str, Any], code: str
) -> Iterator[tuple[str, str]]:
    """Yield other members of the instance that the code begins with, ignoring case and separators."""
    whole = _bare(code)
    test = setting.test_argument(endpoint, param)
    for name, value in there.items():
        bare = _bare(value) if isinstance(value, str) and value != code and test.is_valid(value) else ""
        if len(bare) >= SHORTEST and whole.startswith(bare):
            yield f"that is its {name}", value


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text)).upper()


def _run(
    setting: Setting,
    endpoint: Endpoint,
    param: Param,
    resource: Resource,
    member: str,
    index: int,
    contract: str,
) -> Conversation:
    template = template_of(setting.model, endpoint.action)
    there: Mapping[str, Any] = yield InstanceRef(resource.name, template.states)
    code = there.get(member)
    exactly = find_comparison(endpoint.action, param) == "exactly"
    near = (
        list(fitting(setting, endpoint.action, param, code, HOWS if exactly else HOWS[1:]).items())
        if isinstance(code, str)
        else []
    )
    short = (
        list(_short_forms(setting, endpoint, param, there, code))
        if exactly and isinstance(code, str) and not index
        else []
    )
    if not near:
        yield Judgement(contract, Verdict.NOT_APPLICABLE, f"no {param.name} is nearly another")
        return
    for how, wrong in (near[(index + setting.seed) % len(near)], *short[:1]):
        why = f"{endpoint.action.name} with a {param.name} {how}"
        exchange: Exchange = yield ordinary(
            endpoint,
            template,
            "illegal",
            why,
            input={**template.input, str(param.name): wrong},
            made=there,
        )
        if exchange.success and exchange.fits:
            yield judge_broken(contract, f"{why} is refused", exchange.outcome)
            return
        if not exchange.void and not exchange.unsound and exchange.status in REFUSED:
            yield judge_kept(contract)
        elif not exchange.void:
            yield judge_untested(contract, f"the answer shows nothing of it: {exchange.outcome}")


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
)
