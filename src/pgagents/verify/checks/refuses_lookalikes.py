"""What only looks right to a server's language is refused: a line break behind a text, true for a number, NaN, a text far too long.

In many languages `$` also matches before a last line break, a boolean is a number, every comparison with NaN is false; and a column
is shorter than what was never meant to reach it. Whoever falls for one mostly does so for every argument, so one is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from pgagents.contract import Contract
from pgagents.verify.call import Call
from pgagents.verify.check import Conversation, Probe, promise, refused_with
from pgagents.verify.door import Door
from pgagents.verify.generate import Negative, is_invalid, negatives_of
from pgagents.verify.memory import Setting
from pgagents.verify.refusal import expected
from pgagents.verify.seen import Seen
from pgagents.verify.values import types_of

NAME = "refuses_lookalikes"
LONG = 300
"""Characters: more than a column of 255 takes, and less than any server's limit of an address."""
SAYS = {
    "line_break": "a text that is right but for a line break at its end",
    "boolean": "true for a number",
    "nan": "NaN for a number with bounds",
    "long": f"a text of {LONG} characters for a short one",
}


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each kind of value, where an argument takes it."""
    for door, kind, wrong in _cases(setting):
        says = f"{door.action.name} refuses {SAYS[kind]}, as {wrong.field}"
        yield promise(NAME, kind, door, says, wrong.origin, wrong.cite)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """One call each."""
    del roles
    for door, kind, wrong in _cases(setting):
        contract = f"{NAME}/{kind}/{door.place}"
        run = _run(setting, wrong.call, contract, SAYS[kind])
        yield Probe(contract, 5, (contract,), 1, run, (door,), "main", door.action.effect == "write")


def _run(setting: Setting, call: Call, contract: str, says: str) -> Callable[[], Conversation]:
    def run() -> Conversation:
        seen: Seen = yield replace(call)
        codes, statuses = expected(setting, call)
        yield from refused_with(seen, contract, codes, f"a call with {says}", statuses)

    return run


def _cases(setting: Setting) -> tuple[tuple[Door, str, Negative], ...]:
    """For each kind the first door with an argument that takes it."""

    def found() -> Iterator[tuple[Door, str, Negative]]:
        met: set[str] = set()
        for door in setting.doors:
            for kind in SAYS:
                if kind in met:
                    continue
                wrong = next((case for n in negatives_of(setting, door) if (case := _case(setting, door, kind, n)) is not None), None)
                if wrong is not None:
                    met.add(kind)
                    yield door, kind, wrong

    return setting.kept(NAME, lambda: tuple(found()))


def _case(setting: Setting, door: Door, kind: str, wrong: Negative) -> Negative | None:
    """The wrong call, if its value is of that kind, or with such a value in its place; None where the argument takes none.

    An id has no line break tried: it may be missing before it is wrong. In a query true is but a word.
    """
    param = door.action.param(wrong.field)
    keyword = wrong.detail.partition("/")[0]
    if param is None:
        return None
    number = bool({"number", "integer"} & set(types_of(setting.named(param.schema))))
    in_json = not door.on_rest or param.place == "body"
    own = not param.refers_to and str(param.name) != door.action.idempotency
    value = wrong.call.input.get(wrong.field)
    if kind == "line_break":
        return wrong if keyword == "pattern" and own and isinstance(value, str) and len(value) > 1 and value.endswith("\n") else None
    if kind == "boolean":
        return wrong if keyword == "type" and number and in_json and value is True else None
    if kind == "nan":
        fits = keyword == "type" and number and not in_json and param.place == "query"
    else:
        fits = keyword in ("pattern", "maxLength") and (own or param.place == "path")
    call = replace(wrong.call, input={**wrong.call.input, wrong.field: "NaN" if kind == "nan" else "x" * LONG}, why=SAYS[kind])
    return replace(wrong, call=call, says=SAYS[kind]) if fits and is_invalid(setting, call) else None
