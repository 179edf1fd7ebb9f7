"""A free text may hold anything: quotes, backslashes, markup, marks of templates, other scripts. Servers break on these where they
lay texts into SQL, pages or commands.

At first it also holds characters that a server may refuse, if it does so as documented: a NUL, ends of lines and of directions that
are not ASCII's. Only where that is refused, the text is sent without them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgagents.contract import Contract
from pgagents.verify.call import Call, Signature
from pgagents.verify.check import Conversation, Probe, accepted, promise, untested
from pgagents.verify.door import Door
from pgagents.verify.generate import ordinary
from pgagents.verify.memory import Setting
from pgagents.verify.recipe import known, recipe_of
from pgagents.verify.seen import Seen

NAME = "takes_any_text"
TEXT = 'O\'Neil "x" \\ <b>&{{7*7}}${7}%s;--é漢🚗'
"""The telling characters first, for arguments that take only a few."""
ODD = "\0\u2028\u202ee\u0301\ufeff"
"""NUL, a line separator, an override of the direction, a letter with its accent apart, a mark of byte order."""
LONGEST = 4_096
_BOUND = ("enum", "const", "pattern", "format", "contentEncoding")


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each door with a free text among its arguments."""
    for door, given in _cases(setting):
        names = " and ".join(name for name in given)
        yield promise(NAME, "", door, f"{door.action.name} takes quotes, markup and other scripts in {names}", door.action.origin)


def _cases(setting: Setting) -> tuple[tuple[Door, Mapping[str, Any]], ...]:
    def found() -> Iterator[tuple[Door, Mapping[str, Any]]]:
        for door in setting.doors:
            given = _texts(setting, door) if door.action.key else {}
            if given:
                yield door, given

    return setting.kept(NAME, lambda: tuple(found()))


def _texts(setting: Setting, door: Door, text: str = TEXT) -> dict[str, Any]:
    """The arguments of a correct call that are free texts, or have some one level down, with our text in them."""
    base = known(setting.model, recipe_of(setting.model, door.action).input)
    found: dict[str, Any] = {}
    for param in door.params:
        name = str(param.name)
        ours = param.refers_to or name == door.action.idempotency or isinstance(base.get(name), Signature)
        if not ours and name in base and param.place in ("body", "query"):  # one that no example has may be opaque, such as a cursor
            value = _filled(setting, param.schema, base.get(name), text)
            if value is not None and setting.test((NAME, door.place, name), param.schema).is_valid(value):
                found[name] = value
    return found


def _filled(setting: Setting, written: Mapping[str, Any], base: Any, text: str) -> Any:
    """The text, as long as the schema takes; an object with it in its free texts; None where there is none."""
    schema = setting.named(written)
    if schema.get("type") == "string" and not any(key in schema for key in _BOUND):
        most = min(schema.get("maxLength", len(text)), LONGEST)
        return (text + text[-1] * most)[:most]
    if isinstance(base, Mapping):
        members = {n: s for n, s in schema.get("properties", {}).items() if not isinstance(base.get(n), Mapping)}
        inner = {n: found for n, s in members.items() if n in base and (found := _filled(setting, s, None, text)) is not None}
        return {**base, **inner} if inner else None
    return None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """One correct call each."""
    del roles
    for door, given in _cases(setting):
        contract = f"{NAME}/{door.place}"
        recipe = recipe_of(setting.model, door.action)
        writes = door.action.effect == "write"
        call = ordinary(
            door, recipe, "explore", "a text with quotes, markup and other scripts", input={**recipe.input, **given}, fresh=writes
        )
        odd = {**recipe.input, **given, **_odd(setting, door)}
        run = _run(call, replace(call, input=odd, why="a text with a NUL and other odd characters"), contract)
        yield Probe(contract, 6, (contract,), 2 if writes else 1, run, (door,), "main", writes)


def _odd(setting: Setting, door: Door) -> Mapping[str, Any]:
    """The arguments with the odd characters before our text."""
    return setting.kept((NAME, "odd", door.place), lambda: _texts(setting, door, ODD + TEXT))


def _run(call: Call, odd: Call, contract: str) -> Callable[[], Conversation]:
    def run() -> Conversation:
        seen: Seen = yield odd
        if not seen.success:
            seen = yield call
        judged = list(accepted(seen, contract, "a text with quotes, markup and other scripts"))
        yield from judged or [untested(contract, f"the answer shows nothing of it: {seen.outcome}")]

    return run
