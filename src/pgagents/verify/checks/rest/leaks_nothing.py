"""No answer tells a key, a secret out of its place, a person's data in an undeclared member, or how the server is built."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.model.contract import Contract
from pgagents.verify.answers.secrets import collect, declares
from pgagents.verify.answers.undeclared import undeclared
from pgagents.verify.check.check import Judgement, broken, kept, promise, promise_at
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.wire.endpoint import framework_places
from pgagents.verify.wire.exchange import Seen

RANK = 7
NAME = "leaks_nothing"
TOOLS = True
_INSIDE = re.compile(
    r"Traceback \(most recent|File \"[^\"]+\", line \d+|\bat [\w.$]+\([\w.]+:\d+\)|(?:^|[\s\"'(])/(?:home|usr|var|opt|srv|app)/[\w./-]+"
    r"|sqlite3?\.|psycopg|SQLSTATE|\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM)\b.{1,200}\b(?:FROM|VALUES|SET|WHERE)\b"
    r"|(?:[A-Z]\w+\.)*[A-Z]\w+(?:Error|Exception)\b:",
    re.S,
)
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{2,63}")
_CARD = re.compile(r"(?<![\d.])\d(?:[ -]?\d){12,18}(?![\d.])")
_SECRET_NAMES = re.compile(r"password|passwd|secret|private_?key|api_?key|token|ssn|card_?number|cvv", re.I)


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each door and each surface's framework."""
    for door in setting.every_door:
        yield promise(
            NAME, "", door, f"answers of {door.action.name} tell no key, secret or inner detail", door.action.origin, door.action.cite
        )
    for place in framework_places(setting.model):
        yield promise_at(NAME, "", place, "refusals tell no key, secret or inner detail", ("errors", "framework"))


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Judge every whole answer but documents."""
    response = seen.response
    if response is None or seen.call.intent == "document":
        return
    contract = f"{NAME}/{seen.place}"
    text = response.body.decode("utf-8", "replace")
    found = _keys(text, response.headers, memory) or _inside(text, seen) or _elsewhere(seen, text, memory) or _members(seen, memory)
    yield broken(contract, "no key, secret or inner detail", found) if found else kept(contract)
    _remember(seen.body, memory)


def _keys(text: str, headers: tuple[tuple[str, str], ...], memory: Memory) -> str:
    beside = "\n".join([value for _, value in headers])
    for role, key in memory.keys.items():
        if len(key) >= 8 and (key in text or key in beside):
            return f"the key of {role} stands in the answer"
    return ""


def _inside(text: str, seen: Seen) -> str:
    if seen.status < 400:
        return ""
    found = _INSIDE.search(text)
    return f"the error tells inner detail: {found.group(0).strip()[:60]}" if found else ""


def _members(seen: Seen, memory: Memory) -> str:
    """Undeclared members that look like secrets or a person's data."""
    if seen.output is None or seen.output.schema is None or not isinstance(seen.body, Mapping):
        return ""
    for path, value in undeclared(seen.body, seen.output.schema, memory.setting):
        name = path.rpartition(".")[2]
        if name in memory.model.secrets or _SECRET_NAMES.search(name):
            return f"the undeclared member {path} looks like a secret"
        texts = value if isinstance(value, str) else ""
        if _MAIL.search(texts):
            return f"the undeclared member {path} holds an e-mail address"
        if (card := _CARD.search(texts)) and _luhn(card.group(0)):
            return f"the undeclared member {path} holds a card number"
    return ""


def _luhn(text: str) -> bool:
    digits = [int(c) for c in text if c.isdigit()]
    doubled = [d if i % 2 == 0 else d * 2 - (9 if d > 4 else 0) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _elsewhere(seen: Seen, text: str, memory: Memory) -> str:
    """A secret that another answer told, in an answer whose schema does not declare a secret member."""
    if not memory.model.secrets or _declares(seen, memory):
        return ""
    told = memory.notes.get((NAME, "told"), {})
    for value, name in told.items():
        if value in text:
            return f"the secret {name} stands where it is not declared"
    return ""


def _declares(seen: Seen, memory: Memory) -> bool:
    door = seen.call.door
    if door is None or seen.output is None:
        return False
    return declares(memory.setting, (str(door.action.name), seen.output.status), seen.output.schema)


def _remember(body: Any, memory: Memory) -> None:
    if not memory.model.secrets or not isinstance(body, Mapping):
        return
    told = memory.notes.setdefault((NAME, "told"), {})
    if len(told) < 500:
        collect(body, memory.model.secrets, told)
