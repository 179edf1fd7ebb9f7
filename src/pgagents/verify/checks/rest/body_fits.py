"""The body of a success satisfies the schema that was promised for its status."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgagents.model.contract import Contract
from pgagents.verify.answers.timestamps import misformed
from pgagents.verify.check.check import Judgement, broken, kept, promise, untested
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.wire.endpoint import Door
from pgagents.verify.wire.exchange import Seen
from pgagents.verify.wire.media import as_one_text, is_json

RANK = 2
NAME = "body_fits"
TOOLS = True


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each success of each door."""
    for door in setting.every_door:
        for status, output in _outputs(door):
            says = f"the {status} body of {door.action.name} satisfies its schema" if output.schema else f"a {status} has no body"
            yield promise(NAME, str(status), door, says, output.origin, door.action.cite)


def _outputs(door: Door) -> list[tuple[int, Any]]:
    if not door.on_rest:
        return [(200, door.action.success)]
    return [(o.status, o) for o in door.action.outputs if 200 <= o.status < 300]


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Judge every documented success."""
    if seen.output is None or seen.call.intent == "framework":
        return
    contract = f"{NAME}/{seen.status}/{seen.place}"
    schema = seen.output.schema
    if schema is None:
        yield kept(contract) if seen.fits else broken(contract, "no body", "a body")
        return
    if seen.fits:
        problem = misformed(memory.setting, seen.body, schema)
        if problem:
            seen.fits = False
            yield broken(contract, *problem)
        else:
            yield kept(contract)
        return
    if not as_one_text(seen.output, memory.setting.named(schema)):
        yield untested(contract, f"a body of {seen.output.content_type} is not compared with its schema")
        return
    if seen.json.problem:
        yield broken(contract, f"a {'JSON' if is_json(seen.output.content_type) else seen.output.content_type} body", seen.json.problem)
        return
    test = memory.setting.test(("output", seen.place.partition("@")[0], seen.output.status), schema)
    error = next(iter(test.iter_errors(seen.body)))
    where = ".".join(map(str, error.instance_path)) or "the body"
    yield broken(contract, f"{where} satisfies its schema", f"{where}: {error.message[:300]}")
