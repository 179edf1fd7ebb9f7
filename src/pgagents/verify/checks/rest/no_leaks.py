"""No answer reveals a key, a secret, personal data in an undeclared member, or internals of the server.

Every answer is searched for the run's keys and for secrets of other answers. Errors are searched for stack
traces, SQL and file paths. Undeclared members must not look like secrets, e-mail addresses or card numbers.
A number in an id, or one that the run itself sent, is no card number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from pgagents.model.contract import Contract
from pgagents.model.identity import find_credential
from pgagents.text.card_numbers import find_card_numbers
from pgagents.verify.answers.secrets import collect, declares
from pgagents.verify.answers.undeclared import find_undeclared
from pgagents.verify.check.check import Check, Judgement, judge_broken, judge_kept, promise, promise_at
from pgagents.verify.check.memory import Memory
from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.endpoint import framework_places
from pgagents.verify.wire.exchange import Exchange

NAME = "no_leaks"
MOST_TOLD = 500
"""Number of secrets of answers, from which on no further ones are noted."""
BEGIN = 6
"""Secrets of one kind often begin alike. A text without the first characters has none of them."""
_INSIDE = re.compile(
    r"Traceback \(most recent|File \"[^\"]+\", line \d+|\bat "
    r"[\w.$]+\([\w.]+:\d+\)|(?:^|[\s\"'(])/(?:home|usr|var|opt|srv|app)/[\w./-]+"
    r"|sqlite3?\.|psycopg|SQLSTATE|\b(?:SELECT|INSERT INTO|UPDATE|DELETE "
    r"FROM)\b.{1,200}\b(?:FROM|VALUES|SET|WHERE)\b"
    r"|(?:[A-Z]\w+\.)*[A-Z]\w+(?:Error|Exception)\b:",
    re.S,
)
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{2,63}")
_Told = dict[str, dict[str, str]]
"""The secrets of answers and the members that held them, grouped by their first characters."""
_SECRET_NAMES = re.compile(r"password|passwd|secret|private_?key|api_?key|token|ssn|card_?number|cvv", re.I)
_MOST_SENT = 500
"""Card numbers of requests that are kept; generated values hardly ever have one."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each endpoint, and one for each surface's framework."""
    for endpoint in setting.every_endpoint:
        yield promise(
            NAME,
            "",
            endpoint,
            f"answers of {endpoint.action.name} contain no key, secret or inner detail",
            endpoint.action.origin,
            endpoint.action.cite,
        )
    for place in framework_places(setting.model):
        yield promise_at(
            NAME, "", place, "refusals contain no key, secret or inner detail", ("errors", "framework")
        )


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every complete answer, except documents. A 503 can leak as well."""
    _note_sent(exchange, memory)
    response = exchange.response
    if response is None or exchange.call.intent == "document":
        return
    contract = f"{NAME}/{exchange.place}"
    text = response.body.decode("utf-8", "replace")
    found = (
        _keys(text, _list_own_words(exchange), memory)
        or _inside(text, exchange)
        or _elsewhere(exchange, text, memory)
        or _members(exchange, memory)
    )
    yield judge_broken(contract, "no key, secret or inner detail", found) if found else judge_kept(contract)
    _remember(exchange.body, memory)


def _list_own_words(exchange: Exchange) -> list[str]:
    """Return the values of an answer's headers, without a redirect that repeats the call's own query."""
    query = exchange.request.target.partition("?")[2]
    headers = exchange.response.headers if exchange.response is not None else ()
    return [value for name, value in headers if not (name.lower() == "location" and query and query in value)]


def _keys(text: str, headers: list[str], memory: Memory) -> str:
    beside = "\n".join(headers)
    for role, secret in _list_key_texts(memory):
        if secret in text or secret in beside:
            return f"the key of {role} stands in the answer"
    if any(token in text or token in beside for token in memory.tokens):
        return "the access token of a call stands in the answer"
    return ""


def _list_key_texts(memory: Memory) -> list[tuple[str, str]]:
    """Return the texts that reveal the caller's keys, each with its role. They stay the same in a run."""
    known: list[tuple[str, str]] | None = memory.notes.get((NAME, "keys"))
    if known is None:
        known = [(r, text) for r, key in memory.keys.items() for text in _list_secrets(r, key, memory)]
        memory.notes[NAME, "keys"] = known
    return known


def _list_secrets(holder: str, key: str, memory: Memory) -> list[str]:
    """Return the texts that reveal a key. For `user:password` they include its parts, unless these are
    ordinary words.
    """
    credential = find_credential(memory.model, holder)
    parts = credential.list_secrets(key) if credential is not None else [key]
    return [part for part in parts if len(part) >= 8 and (part == key or not part.isalpha())]


def _inside(text: str, exchange: Exchange) -> str:
    if not exchange.refused:
        return ""
    found = _INSIDE.search(text)
    return f"the error contains inner detail: {found.group(0).strip()[:60]}" if found else ""


def _members(exchange: Exchange, memory: Memory) -> str:
    """Return an undeclared member that looks like a secret or personal data; empty without one."""
    if exchange.output is None or exchange.output.schema is None or not isinstance(exchange.body, Mapping):
        return ""
    for path, value in find_undeclared(exchange.body, exchange.output.schema, memory.setting):
        name = path.rpartition(".")[2]
        if name in memory.model.secrets or _SECRET_NAMES.search(name):
            return f"the undeclared member {path} looks like a secret"
        texts = value if isinstance(value, str) else ""
        if _MAIL.search(texts):
            return f"the undeclared member {path} holds an e-mail address"
        if any(not _is_own(card, memory) for card in find_card_numbers(texts)):
            return f"the undeclared member {path} holds a card number"
    return ""


def _note_sent(exchange: Exchange, memory: Memory) -> None:
    """Keep the card numbers of a request, so that an answer may repeat them."""
    sent = memory.notes.setdefault((NAME, "sent"), set())
    for text in (unquote_plus(exchange.request.target), exchange.request.body.decode("utf-8", "replace")):
        if len(sent) < _MOST_SENT:
            sent.update(find_card_numbers(text))


def _is_own(digits: str, memory: Memory) -> bool:
    """Return whether the run sent these digits, or knows an instance whose id has them."""
    return digits in memory.notes[NAME, "sent"] or any(digits in str(id) for _, id in memory.bodies)


def _elsewhere(exchange: Exchange, text: str, memory: Memory) -> str:
    """Return the place of another answer's secret in this answer; empty without one.

    An answer whose schema declares a secret is left out.
    """
    if not memory.model.secrets or _declares(exchange, memory):
        return ""
    told: _Told = memory.notes.get((NAME, "told"), {})
    for begin, secrets in told.items():
        for value, name in secrets.items() if begin in text else ():
            if value in text:
                return f"the secret {name} stands where it is not declared"
    return ""


def _declares(exchange: Exchange, memory: Memory) -> bool:
    endpoint = exchange.call.endpoint
    if endpoint is None or exchange.output is None:
        return False
    return declares(
        memory.setting, (str(endpoint.action.name), exchange.output.status), exchange.output.schema
    )


def _remember(body: Any, memory: Memory) -> None:
    if not memory.model.secrets or not isinstance(body, Mapping):
        return
    told: _Told = memory.notes.setdefault((NAME, "told"), {})
    if sum(map(len, told.values())) >= MOST_TOLD:
        return
    found: dict[str, str] = {}
    collect(body, memory.model.secrets, found)
    for value, name in found.items():
        told.setdefault(value[:BEGIN], {})[value] = name


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    rank=7,
    tools=True,
)
