"""A text argument has several common notations, and its format is not specified.

A date as text can be 2026-11-20, 20/11/2026 or "next Friday"; a country DE, DEU or Germany. `format`,
`pattern`, `enum` or `examples` specify it so that a server can check it. The description may also name the
standard ("ISO 3166-1 alpha-2") or give one value ("for example DE").

Bad:

    actions:
      search_products:
        input: {since: {type: string, description: Only products new since this date}}

Good:

    actions:
      search_products:
        input: {since: {type: string, format: date, description: Only products new since this date}}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.base.jsonschema.schema import resolve
from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule
from pgagents.lint.texts import list_model_actions, words

_FORMS = {
    "date": "format: date", "time": "format: date-time", "datetime": "format: date-time",
    "timestamp": "format: date-time",
    "birthday": "format: date", "phone": "pattern (E.164)", "telephone": "pattern (E.164)",
    "mobile": "pattern (E.164)",
    "country": "pattern (ISO 3166-1)", "language": "pattern (BCP 47)", "locale": "pattern (BCP 47)",
    "currency": "pattern (ISO 4217)",
    "timezone": "the IANA name, for example Europe/Zurich", "duration": "format: duration",
    "iban": "pattern", "coordinates": "two numbers instead of a text",
}  # fmt: skip
_WHEN_WORDS = "since until from to after before start end begin on by deadline due expires day"
_WHEN = frozenset(_WHEN_WORDS.split())
_SAYS = ("format", "pattern", "enum", "const", "examples", "anyOf", "oneOf")
_TOLD = re.compile(
    (
        r"\b(iso|rfc|utc|e\.?164|bcp|iana|yyyy|hh:mm|for example|e\.g|such "
        r"as|like|form|format|code|letters?|digits?|hex|epoch)\b|\d|[\"'“`]"
    ),
    re.I,
)


def find(model: Model) -> Iterator[Hit]:
    for action in list_model_actions(model):
        for param in action.params:
            schema = resolve(param.schema, model.schemas)
            if word := _find_missing_format(str(param.name), schema):
                said = (
                    f"`{param.name}` of `{action.name}` is a {word} as text, but nothing says in which form"
                )
                yield Hit(
                    param.origin,
                    said,
                    f"add `{_FORMS[word]}`" if ":" in _FORMS[word] else f"say {_FORMS[word]}",
                )


def _find_missing_format(name: str, schema: Mapping[str, Any]) -> str | None:
    if schema.get("type") not in ("string", ["string", "null"]) or any(key in schema for key in _SAYS):
        return None
    text = str(schema.get("description", ""))
    if _TOLD.search(text):
        return None
    last = words(name)[-1:]
    when = set(words(text)) & {"date", "timestamp", "datetime", "moment"} if set(last) & _WHEN else set()
    named = [w for w in last if w in _FORMS] or (["time"] if name.endswith("_at") else [])
    return next(iter(named or (["date"] if when else [])), None)


RULE = Rule("warning", "catalogue.no-ambiguity", find)
