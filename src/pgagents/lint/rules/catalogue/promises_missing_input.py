"""A text promises an input that no argument takes.

"Find shops near an address" makes a model look for an argument for the address. If the API takes only
coordinates, the model invents some, or puts the address into another argument. The rule looks for inputs that
are often promised, after words such as "near", "by" or "from". Such inputs are an address, a postal code, a
phone number, a photo or a file. It reports those that no argument of the action has in its name or
description. A text about the whole API is compared with the arguments of all its actions.

Bad:

    actions:
      search_products:
        description: Search products by a word or by a photo of one. Returns name and price of each.

Good:

    actions:
      search_products: {description: Search products by a word of their name. Returns name and price of each.}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.base.jsonschema.schema import closure
from pgagents.base.jsonschema.walk import walk
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule
from pgagents.lint.texts import DescribedText, collect_texts, list_model_actions, words

_INPUTS = {
    "an address": (
        r"(?<!e-mail )(?<!email )(?<!web )(?<!https )(?<!http )(?<!ip )(?<!mac )(?:street |postal |home "
        r")?address(?:es)?"
    ),
    "a postal code": r"(?:postal|post|zip)[ -]?codes?|zips?|postcodes?",
    "a place name": r"(?:city|town|place|street)(?: name)?s?",
    "a phone number": r"(?:tele)?phone(?: number)?s?",
    "an e-mail address": r"e-?mail(?: address)?(?:es)?",
    "a photo": r"photos?|pictures?|images?|screenshots?",
    "a recording": r"voice|audio|recordings?",
    "a file": r"(?<!profile )(?:uploaded |attached )?files?|attachments?|documents?|spreadsheets?|pdfs?",
    "a barcode": r"bar ?codes?|qr[ -]codes?",
    "a date": r"dates?",
}
_LEADS = r"(?:near|nearby|around|close to|by|from|given|using|based on)"
_BETWEEN = (
    r"(?:\s+(?:a|an|the|any|some|one|its|their|your|street|full|valid|given)"
    r"|\s+[\w-]+,?\s+(?:or|and)(?:\s+(?:a|an|the|by|by a|near|near an|from a))?){0,4}"
)
_MANNER = re.compile(
    r"\b(?:sort|order|group|rank|split|count|total|summ|broken down|in total and)\w*(?:\s+\w+)?\s*$", re.I
)
_WAYS = ("an e-mail address", "a phone number", "a file", "a photo", "a recording")
_SENT = re.compile(
    r"\b(?:send|sent|notif|deliver|mail|call|contact|text|inform|remind|confirm|pay|download|export"
    r"|receiv)\w*\b",
    re.I,
)
_OTHER_USES = re.compile(
    r"\b(?:returns?|answers?|gives?|shows?|sends?|into|turns?|including|includes)\b", re.I
)


def find(model: Model) -> Iterator[Hit]:
    every = list_model_actions(model)
    by_action = {action.name: _collect_input_texts(action, model) for action in every}
    whole = " ".join(by_action.values())
    for said in collect_texts(model):
        if said.of in ("api", "surface") or (said.of == "action" and said.action is not None):
            taken = by_action[said.action.name] if said.action else whole
            yield from _find_promises(said, taken)


def _find_promises(said: DescribedText, taken: str) -> Iterator[Hit]:
    for sentence in re.split(r"(?<=[.;!?])\s+", said.text):
        end = _OTHER_USES.search(sentence)
        clause = sentence[: end.start()] if end else sentence
        for what, pattern in _INPUTS.items():
            promise = re.search(rf"\b{_LEADS}{_BETWEEN}\s+(?:{pattern})\b", clause, re.I)
            if (
                promise
                and not _otherwise(clause[: promise.start()], promise.group(0), what)
                and not re.search(rf"(?:\b|_)(?:{pattern})(?:\b|_)", taken, re.I)
            ):
                shown = " ".join(promise.group(0).split())
                message = (
                    f"the text of {said.what} promises {what} as input (“{shown}”), but no argument takes one"
                )
                yield Hit(said.origin, message, "add the argument, or say only what there is")


def _otherwise(before: str, promise: str, what: str) -> bool:
    """True if the words before describe how it is done, not an input: sorted by date, sent by e-mail."""
    manner = promise[:2].lower() == "by" and _MANNER.search(before)
    return bool(manner) or (what in _WAYS and bool(_SENT.search(before)))


def _collect_input_texts(action: Action, model: Model) -> str:
    """Return the names and descriptions of all arguments and their members."""
    found = []
    for param in action.params:
        found += [param.wire, " ".join(words(param.name)), param.description]
        for schema in (param.schema, *(model.schemas[name] for name in closure(param.schema, model.schemas))):
            found += _texts(schema)
    return "\n".join(found)


def _texts(schema: Mapping[str, Any]) -> Iterator[str]:
    for part in walk(schema):
        yield str(part.get("description", ""))
        yield str(part.get("format", ""))
        yield from (" ".join(words(str(name))) for name in part.get("properties", ()))


RULE = Rule("warning", "catalogue.no-ambiguity", find)
