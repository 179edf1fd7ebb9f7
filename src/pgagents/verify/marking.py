"""Creates carry the run's mark in their texts, so that nothing older can be answered for them, or be overwritten.

Where the author wrote `=fresh.…`, each create has a value of its own, also an example or a value at a bound. Any other plain text of a
create is replaced by a mark if its schema takes one; what a server then refuses is no free text (a currency, a time zone), and is sent as
it was written from then on. An author who wants a text as it stands writes an expression: `="nightly"`.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

from pgagents.action import Action, Param
from pgagents.expression import Expression
from pgagents.source import Pointer
from pgagents.verify.call import Call, Fresh
from pgagents.verify.door import Door
from pgagents.verify.recipe import recipe_of
from pgagents.verify.seen import Seen
from pgagents.verify.target import makes
from pgagents.verify.values import types_of

if TYPE_CHECKING:
    from pgagents.verify.world import World

KINDS = {"email": "email", "uri": "url", "url": "url", "uuid": "uuid"}
OTHER_FORMATS = ("date", "date-time", "time", "duration", "hostname", "ipv4", "ipv6", "byte", "binary", "regex", "json-pointer")
REFUSED = (400, 404, 409, 422)
_FRESH = re.compile(r"\s*fresh\.(\w+)\s*")


class Marking:
    """Which texts of creates carry a mark, for one run."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._settled: set[str] = set()
        """Actions of which it is known what their texts may be."""
        self._as_written: set[str] = set()
        """Actions whose other texts are sent as they were written."""
        self._kinds: dict[Pointer, str | None] = {}
        self._given: dict[Fresh, dict[str, tuple[Any, str]]] = {}

    def laid(self, call: Call, values: dict[str, Any]) -> Generator[Any, Any, dict[str, Any]]:
        """The values of a call with marks in the texts of a create."""
        door = call.door
        if door is None or not makes(self.world.model, door.action):
            return values
        once = next((v for v in call.input.values() if isinstance(v, Fresh) and v.once), None)
        known = self._given.setdefault(once, {}) if once is not None else {}
        name = str(door.action.name)
        free = self._free(door, values, call)
        if free and name not in self._settled:
            self._settled.add(name)
            yield from self._tried(door, call)
        for param in door.action.params:
            arg = str(param.name)
            written = call.input.get(arg)
            first = known.get(arg)
            if first is not None and first[0] == written:  # the key comes again, and so do the texts
                values[arg] = first[1]
                continue
            if isinstance(values.get(arg), str) and not isinstance(written, Expression) and arg in call.input:
                values[arg] = self._marked(door, param, call, values[arg], free)
            if (
                once is not None
                and isinstance(values.get(arg), str)
                and values[arg] != written
                and self.world.marks.carried_by(values[arg])
            ):
                known[arg] = (written, values[arg])
        return values

    def fresh_kinds(self, action: Action) -> Mapping[str, str]:
        """The arguments of an action for which the catalogue wants fresh values, and their kinds."""

        def found() -> dict[str, str]:
            calls = [r.made_by for r in self.world.model.resources.values() if r.made_by is not None and r.made_by.action is action]
            written = ((n, _FRESH.fullmatch(v.text)) for c in calls for n, v in c.input.items() if isinstance(v, Expression))
            return {name: match.group(1) for name, match in written if match}

        return self.world.setting.kept(("fresh kinds", str(action.name)), found)

    def _free(self, door: Door, values: Mapping[str, Any], call: Call) -> set[str]:
        """The other arguments that may carry a mark: plain texts as an example or the catalogue has them."""
        if str(door.action.name) in self._as_written:
            return set()
        usual, own = recipe_of(self.world.model, door.action).input, self.fresh_kinds(door.action)
        written = self._expressions(door.action)
        found = set()
        for param in door.action.params:
            name, schema = str(param.name), self.world.setting.named(param.schema)
            plain = name in call.input and isinstance(values.get(name), str) and values[name] == usual.get(name)
            odd = (
                name in written
                or param.refers_to
                or name in own
                or {"enum", "const"} & schema.keys()
                or schema.get("format") in OTHER_FORMATS
            )
            if plain and not odd and types_of(schema)[:1] == ("string",) and self._kind(param) is not None:
                found.add(name)
        return found

    def _expressions(self, action: Action) -> set[str]:
        """The arguments of a create that the catalogue fills with expressions: the author chose them."""
        calls = [r.made_by for r in self.world.model.resources.values() if r.made_by is not None and r.made_by.action is action]
        return {name for call in calls for name, value in call.input.items() if isinstance(value, Expression)}

    def _kind(self, param: Param) -> str | None:
        """The kind of fresh value that an argument takes; None where it takes none. Tried once for each, as that takes a mark."""
        if param.origin not in self._kinds:
            schema = self.world.setting.named(param.schema)
            kind = KINDS.get(str(schema.get("format")), "text")
            self._kinds[param.origin] = kind if self.world.marks.fresh(kind, self._fits(param)) is not None else None
        return self._kinds[param.origin]

    def _fits(self, param: Param) -> Any:
        return self.world.setting.test(("marked", param.origin), param.schema).is_valid

    def _tried(self, door: Door, call: Call) -> Generator[Any, Any, None]:
        """Make one with marks in all its texts; what a server refuses is sent as it was written."""
        recipe = recipe_of(self.world.model, door.action)
        why = "to see which texts are free"
        seen: Seen = yield Call(
            door, recipe.input, "explore", why, role=call.role or "main", owner=call.owner, surface=call.surface, fresh=True
        )
        if seen.status in REFUSED:
            self._as_written.add(str(door.action.name))

    def _marked(self, door: Door, param: Param, call: Call, value: str, free: set[str]) -> str:
        name, marks = str(param.name), self.world.marks
        kind = self.fresh_kinds(door.action).get(name)
        if marks.carried_by(value) or (kind is None and name not in free):
            return value
        wrong = call.field.partition(".")[0] == name or not self._fits(param)(value)
        schema = self.world.setting.named(param.schema)
        new = marks.carrying(value, kind or KINDS.get(str(schema.get("format")), "text"), self._fits(param), wrong=wrong)
        return value if new is None else new
