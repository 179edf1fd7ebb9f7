"""Says whether a list goes on behind an answer, and with which arguments the next page is asked for.

No catalogue says yet how a list comes in pages, so the usual forms are tried: an argument that gets what a member of the answer holds
(`cursor` and `next_cursor`), a page's number, and how many to skip.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pgagents.action import Param
from pgagents.verify.door import Door
from pgagents.verify.memory import Setting
from pgagents.verify.seen import Seen
from pgagents.wire import Response

_NUMBERS = re.compile(r"page|page_?(number|no|num)|p", re.I)
_SKIPPED = re.compile(r"offset|skip|start|start_?(at|index)|from", re.I)
_GOES_ON = re.compile(r"next|more|cursor|token|continu|after", re.I)
_COUNTS = re.compile(r"total|count|size|results?$", re.I)
_LINKS_NEXT = re.compile(r""";\s*rel\s*=\s*["']?next\b""", re.I)
ROUND = 5
"""Pages mostly hold a multiple of five, from ten on."""
LEAST_PAGE = 10


def may_go_on(seen: Seen, items: list[Any]) -> bool:
    """Whether more may stand on a further page.

    An answer says so by a header or a member. It may also be as long as a page: as an argument says, or as servers like it.
    """
    if isinstance(seen.answer, Response) and _LINKS_NEXT.search(seen.answer.header("link") or ""):
        return True
    if isinstance(seen.body, Mapping) and any(_says_more(str(name), value, len(items)) for name, value in seen.body.items()):
        return True
    door = seen.call.door
    sizes = {size for p in (door.params if door is not None else ()) for size in _sizes(p, seen.input)}
    return bool(items) and (len(items) in sizes or (len(items) >= LEAST_PAGE and len(items) % ROUND == 0))


def _says_more(name: str, value: Any, held: int) -> bool:
    """Whether a member of the answer, also one level down, says that there is more than it holds."""
    if isinstance(value, Mapping):
        return any(_says_more(str(inner), v, held) for inner, v in value.items())
    if isinstance(value, bool | str):
        return bool(value) and _GOES_ON.search(name) is not None
    return isinstance(value, int) and value > held and _COUNTS.search(name) is not None


def _sizes(param: Param, given: Mapping[str, Any]) -> list[Any]:
    """How long a page may be by an argument: as it was given, its default, its maximum."""
    schema = param.schema if isinstance(param.schema, Mapping) else {}
    return [v for v in (given.get(str(param.name)), schema.get("default"), schema.get("maximum")) if type(v) is int and v > 0]


def next_page(setting: Setting, door: Door, seen: Seen, items: list[Any]) -> dict[str, Any] | None:
    """The arguments by which the page behind this answer is asked for; None where the action has none that is known to do it.

    A name alone proves little (`from` may be a date), so a value is only sent where the argument's schema takes it.
    """
    body = {str(k).lower(): v for k, v in seen.body.items()} if isinstance(seen.body, Mapping) else {}
    for param in door.params:
        name = str(param.name)
        if param.required or param.place == "path":
            continue
        value = body.get(f"next_{name}".lower()) or body.get(f"next{name}".lower()) or _counted_on(name, seen.input.get(name), len(items))
        if value is not None and setting.test(("param", door.action.name, name), param.schema).is_valid(value):
            return {name: value}
    return None


def _counted_on(name: str, before: Any, held: int) -> int | None:
    """The next page's number, or how many to skip for it; None for an argument that is neither."""
    if _NUMBERS.fullmatch(name):
        return before + 1 if type(before) is int else 2
    if _SKIPPED.fullmatch(name):
        return before + held if type(before) is int else held
    return None
