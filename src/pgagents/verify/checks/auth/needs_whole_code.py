"""A thing is not changed by who knows its code only nearly: a short form that the thing tells too, in the other case, with a character
more, less or changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pgagents.cel.expression import Expression
from pgagents.model.action import Param
from pgagents.model.contract import Contract, Verdict
from pgagents.model.model import Resource
from pgagents.verify.cases.invalid import ordinary
from pgagents.verify.cases.look_alike import compared, fitting, free_text
from pgagents.verify.check.check import Conversation, Judgement, Probe, broken, kept, promise, untested
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.request_template import recipe_of
from pgagents.verify.wire.call import Live
from pgagents.verify.wire.endpoint import Door
from pgagents.verify.wire.exchange import Seen

NAME = "needs_whole_code"
HOWS = ("in the other case", "with a character more", "with its last character cut off", "with another last character")
SHORTEST = 4
"""Characters that a short form must have, so that it is one."""
REFUSED = range(400, 500)


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each surface and each code that the API gives out with a thing, on the first action that takes both."""
    for door, param, resource, _ in _cases(setting):
        says = f"{door.action.name} of a {resource.name} is refused with what is only nearly its {param.name}"
        yield promise(NAME, str(param.name), door, says, param.origin, door.action.cite)


def _cases(setting: Setting) -> tuple[tuple[Door, Param, Resource, str], ...]:
    """Doors that change a thing and are told a text which the thing itself has, and the member's name."""

    def found() -> Iterator[tuple[Door, Param, Resource, str]]:
        met: set[tuple[str, str]] = set()
        for door in setting.doors:
            recipe = recipe_of(setting.model, door.action)
            for param in door.params if recipe.subject is not None and recipe.moves else ():
                member = _member(recipe.subject, recipe.input.get(str(param.name))) if recipe.subject else ""
                if member and not param.refers_to and free_text(setting, param.schema) and (door.surface, member) not in met:
                    met.add((door.surface, member))
                    assert recipe.subject is not None
                    yield door, param, recipe.subject, member

    return setting.kept(NAME, lambda: tuple(found()))


def _member(resource: Resource, value: Any) -> str:
    """The member of the thing that an argument is; empty where it is another, or what tells which thing it is."""
    root, _, member = value.text.strip().partition(".") if isinstance(value, Expression) else ("", "", "")
    return member if root in ("resource", resource.name) and member.isidentifier() and member not in resource.ids else ""


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """One call each, every surface with another near miss, that the seed chooses too; the first also with a short form, if there is one."""
    del roles
    for index, (door, param, resource, member) in enumerate(_cases(setting)):
        contract = f"{NAME}/{param.name}/{door.place}"
        run = _run(setting, door, param, resource, member, index, contract)
        yield Probe(contract, 6, (contract,), 1 if index else 2, run, (door,), "main", True)


def _short_forms(setting: Setting, door: Door, param: Param, there: Mapping[str, Any], code: str) -> Iterator[tuple[str, str]]:
    """Other members of the thing that are what the code begins with, but for case and separators."""
    whole = _bare(code)
    test = setting.test(("param", door.action.name, str(param.name)), param.schema)
    for name, value in there.items():
        bare = _bare(value) if isinstance(value, str) and value != code and test.is_valid(value) else ""
        if len(bare) >= SHORTEST and whole.startswith(bare):
            yield f"that is its {name}", value


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text)).upper()


def _run(
    setting: Setting, door: Door, param: Param, resource: Resource, member: str, index: int, contract: str
) -> Callable[[], Conversation]:
    def run() -> Conversation:
        recipe = recipe_of(setting.model, door.action)
        there: Mapping[str, Any] = yield Live(resource.name, recipe.states)
        code = there.get(member)
        exactly = compared(door.action, param) == "exactly"
        near = list(fitting(setting, door.action, param, code, HOWS if exactly else HOWS[1:]).items()) if isinstance(code, str) else []
        short = list(_short_forms(setting, door, param, there, code)) if exactly and isinstance(code, str) and not index else []
        if not near:
            yield Judgement(contract, Verdict.NOT_CLAIMED, f"no {param.name} is nearly another")
            return
        for how, wrong in (near[(index + setting.seed) % len(near)], *short[:1]):
            why = f"{door.action.name} with a {param.name} {how}"
            seen: Seen = yield ordinary(door, recipe, "illegal", why, input={**recipe.input, str(param.name): wrong}, made=there)
            if seen.success and seen.fits:
                yield broken(contract, f"{why} is refused", seen.outcome)
                return
            if not seen.void and not seen.unsound and seen.status in REFUSED:
                yield kept(contract)
            elif not seen.void:
                yield untested(contract, f"the answer shows nothing of it: {seen.outcome}")

    return run
