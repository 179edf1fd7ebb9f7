"""Collect the actions that models are offered, every text that a model reads, and its significant words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from pgagents.base.jsonschema.walk import walk
from pgagents.base.places import Node, Pointer, Text
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model

NOT_FOR_MODELS = ("rest", "widget")
"""Surfaces for programs and people, not for models."""


@dataclass(frozen=True, slots=True)
class DescribedText:
    """A text, its place, and its subject.

    `action` is None for a text about the whole API or a shared schema.
    """

    text: str
    origin: Pointer
    of: Literal["api", "surface", "action", "argument", "schema"]
    what: str
    action: Action | None = None


def list_model_actions(model: Model) -> list[Action]:
    """Return the actions that some model may call, in the catalogue's order.

    Actions with a signed body are excluded, because only machines call them.
    """
    names = {a.name for s in model.surfaces.values() if s.name not in NOT_FOR_MODELS for a in s.actions}
    return [a for a in model.actions if a.name in names and a.signed is None]


def collect_texts(model: Model) -> Iterator[DescribedText]:
    """Yield every text that a model reads, each once."""
    seen: set[Pointer] = set()
    for said in _collect_all_texts(model):
        if said.text and said.origin not in seen:
            seen.add(said.origin)
            yield said


def collect_shown(model: Model) -> Iterator[DescribedText]:
    """Yield every text that a model reads, and those that it meets beside them: titles, tags and choices."""
    yield from collect_texts(model)
    for key in ("title", "for_people"):
        text = model.text("api", key)
        yield DescribedText(str(text), ("api", key), "api", "the API")
    for action in list_model_actions(model):
        what = f"action `{action.name}`"
        yield _of(action.title, "action", f"{what}, its title", action)
        for tag in action.tags:
            yield DescribedText(str(tag), (*action.origin, "tags"), "action", f"{what}, its tag", action)
        for param in action.params:
            about = f"argument `{param.name}` of `{action.name}`"
            yield from _of_values(param.schema, param.origin, about, action)
    for name, schema in model.schemas.items():
        yield from _of_values(schema, ("schemas", name), f"schema `{name}`", None)


def _of_values(schema: object, at: Pointer, what: str, action: Action | None) -> Iterator[DescribedText]:
    """Yield the titles, choices and examples of a schema."""
    for part in walk(schema):
        several = (part.get(key) for key in ("enum", "examples"))
        values = [value for one in several if isinstance(one, list | tuple) for value in one]
        for value in (part.get("title"), part.get("default"), part.get("const"), *values):
            if isinstance(value, str):
                origin = part.origin if isinstance(part, Node) else at
                yield DescribedText(str(value), origin or at, "schema", what, action)


def _collect_all_texts(model: Model) -> Iterator[DescribedText]:
    yield DescribedText(str(model.api.for_models), ("api", "for_models"), "api", "the API")
    for surface in model.surfaces.values():
        if surface.name not in NOT_FOR_MODELS:
            yield _of(surface.description, "surface", f"surface `{surface.name}`")
    for action in list_model_actions(model):
        what = f"action `{action.name}`"
        yield _of(action.description, "action", what, action)
        for name, texts in action.texts.items():
            for text in (texts.description, *texts.reasoning, *texts.responding):
                if text is not None:
                    yield _of(text, "action", f"{what} on `{name}`", action)
            for argument, text in texts.params.items():
                yield _of(text, "argument", f"argument `{argument}` of `{action.name}`", action)
        for param in action.params:
            yield from _of_schema(
                param.schema, "argument", f"argument `{param.name}` of `{action.name}`", action
            )
        for output in action.outputs:
            yield DescribedText(
                str(output.description),
                output.description.origin,
                "schema",
                f"the answer of `{action.name}`",
                action,
            )
            if output.schema is not None:
                yield from _of_schema(output.schema, "schema", f"the answer of `{action.name}`", action)
    for name, schema in model.schemas.items():
        yield from _of_schema(schema, "schema", f"schema `{name}`", None)


def _of(
    text: Text, of: Literal["surface", "action", "argument"], what: str, action: Action | None = None
) -> DescribedText:
    return DescribedText(str(text), text.origin, of, what, action)


def _of_schema(
    schema: object, of: Literal["argument", "schema"], what: str, action: Action | None
) -> Iterator[DescribedText]:
    for part in walk(schema):
        text = part.get("description")
        if isinstance(text, Text):
            yield DescribedText(str(text), text.origin, of, what, action)


# -- characters that nobody sees


_HIDDEN_CODES = (
    "00ad 034f 061c 115f 1160 17b4 17b5 180e 200b-200f 202a-202e 2060-2064 2066-206f 3164 feff ffa0 "
    "e0000-e007f"
)


def _list_characters() -> list[str]:
    """Return all characters of `_HIDDEN_CODES`."""
    found = []
    for part in _HIDDEN_CODES.split():
        first, _, last = part.partition("-")
        found += [chr(code) for code in range(int(first, 16), int(last or first, 16) + 1)]
    return found


HIDDEN_CHARACTERS = _list_characters()
HIDDEN = re.compile(f"[{''.join(HIDDEN_CHARACTERS)}]")
"""Matches a character that nobody sees."""


# -- significant words


_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_JOINING_WORDS = """
a an and any are as at be been both by can do does for from given has have if in into is it its itself just
may more of on one or out over own per s same so some such than that the their them then there these this
those to under up upon use used using via was were what when where which while who will with within would
"""
_JOINING = frozenset(_JOINING_WORDS.split())
_SAME = {
    word: group[0]
    for group in (
        ("get", "fetch", "retrieve", "read", "return", "look", "show", "obtain", "lookup", "view", "give"),
        ("create", "add", "make", "new", "insert", "register"),
        ("delete", "remove", "drop", "erase", "destroy"),
        ("update", "edit", "modify", "change", "alter", "set"),
        ("list", "all", "every", "each", "enumerate"),
        ("search", "find", "query"),
        ("start", "begin", "open"),
        ("end", "stop", "finish", "close", "terminate"),
        ("information", "info", "detail", "data"),
        ("id", "identifier"),
    )
    for word in group
}


def words(text: str) -> list[str]:
    """Return every word in lower case; `radius_km` and `radiusKm` are two words."""
    return _WORD.findall(_CAMEL.sub(" ", text).replace("_", " ").lower())


@lru_cache(maxsize=20_000)
def matter(text: str) -> frozenset[str]:
    """Return the significant words of a text: without function words, and with one word for all its
    synonyms.
    """
    return frozenset(
        _SAME.get(base, base) for base in (_base(w) for w in words(text)) if base not in _JOINING
    )


def _base(word: str) -> str:
    """Return the word without a plural's `s` and a possessive's `'s`."""
    word = word.removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
