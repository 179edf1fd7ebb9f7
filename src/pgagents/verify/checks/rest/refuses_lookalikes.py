"""What only looks right to a server's language is refused: a line break behind a text, true for a number, NaN, a text far too long.

In many languages `$` also matches before a last line break, a boolean is a number, every comparison with NaN is false; and a column
is shorter than what was never meant to reach it. Whoever falls for one mostly does so for every argument, so one is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from pgagents.model.action import Param
from pgagents.model.contract import Contract
from pgagents.verify.answers.refusal import expected
from pgagents.verify.cases.combined import alone
from pgagents.verify.cases.invalid import Negative, is_invalid, negatives_of
from pgagents.verify.check.check import Conversation, Judgement, Probe, promise, refused_with
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.values.schema_values import FAR, types_of
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Door
from pgagents.verify.wire.exchange import Seen

NAME = "refuses_lookalikes"
LONG = FAR
"""Characters: more than a column of 255 takes, and less than any server's limit of an address."""
SAYS = {
    "line_break": "a text that is right but for a line break at its end",
    "boolean": "true for a number",
    "nan": "NaN for a number with bounds",
    "long": f"a text of {LONG} characters for a short one",
}


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each kind of value, where an argument takes it."""
    for door, kind, wrong, _ in _cases(setting):
        says = f"{door.action.name} refuses {SAYS[kind]}, as {wrong.field}"
        yield promise(NAME, kind, door, says, wrong.origin, wrong.cite)


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Such a value that was sent as one that breaks its schema, as any other would."""
    call = seen.call
    if call.door is None or call.intent != "invalid":
        return
    for door, kind, wrong, sent in _cases(memory.setting):
        if sent and door is call.door and call.why == wrong.says and call.field == wrong.field:
            codes, statuses = expected(memory.setting, call)
            yield from refused_with(seen, f"{NAME}/{kind}/{door.place}", codes, f"a call with {SAYS[kind]}", statuses)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """One call each, where none of the wrong calls that are sent anyway is one."""
    del roles
    for door, kind, wrong, sent in _cases(setting):
        contract = f"{NAME}/{kind}/{door.place}"
        run = _run(setting, wrong.call, contract, SAYS[kind])
        if not sent:
            yield Probe(contract, 5, (contract,), 1, run, (door,), "main", door.action.effect == "write")


def _run(setting: Setting, call: Call, contract: str, says: str) -> Callable[[], Conversation]:
    def run() -> Conversation:
        seen: Seen = yield replace(call)
        codes, statuses = expected(setting, call)
        yield from refused_with(seen, contract, codes, f"a call with {says}", statuses)

    return run


def _cases(setting: Setting) -> tuple[tuple[Door, str, Negative, bool], ...]:
    """For each kind the first door with an argument that takes it, and whether such a value is sent there anyway."""

    def found() -> Iterator[tuple[Door, str, Negative, bool]]:
        for kind in SAYS:
            listed = ((door, n) for door in setting.doors for n in negatives_of(setting, door))
            first = next(((d, c) for d, n in listed if (c := _case(setting, d, kind, n)) is not None), None)
            if first is not None:
                door, wrong = first
                single = alone(setting, door)
                known = [n for n in single if n.field == wrong.field and _is(door, kind, n)]
                yield door, kind, known[0] if known else wrong, bool(known)

    return setting.kept(NAME, lambda: tuple(found()))


def _is(door: Door, kind: str, wrong: Negative) -> bool:
    """Whether a wrong call's value is of that kind, as it stands."""
    param, value = door.action.param(wrong.field), wrong.call.input.get(wrong.field)
    keyword = wrong.detail.partition("/")[0]
    if param is None or param.refers_to or str(param.name) == door.action.idempotency:
        return False
    if kind == "line_break":
        return keyword == "pattern" and isinstance(value, str) and len(value) > 1 and value.endswith("\n")
    if kind == "boolean":
        return keyword == "type" and value is True and bool({"number", "integer"} & set(types_of(param.schema))) and _in_json(door, param)
    if kind == "nan":
        return keyword == "type" and value == "NaN" and not _in_json(door, param)
    return keyword in ("pattern", "maxLength") and isinstance(value, str) and len(value) >= LONG > param.schema.get("maxLength", 0)


def _in_json(door: Door, param: Param) -> bool:
    return not door.on_rest or param.place == "body"


def _case(setting: Setting, door: Door, kind: str, wrong: Negative) -> Negative | None:
    """The wrong call, if its value is of that kind, or with such a value in its place; None where the argument takes none.

    An id has no line break tried: it may be missing before it is wrong. In a query true is but a word.
    """
    param = door.action.param(wrong.field)
    keyword = wrong.detail.partition("/")[0]
    if param is None:
        return None
    number = bool({"number", "integer"} & set(types_of(setting.named(param.schema))))
    in_json = _in_json(door, param)
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
