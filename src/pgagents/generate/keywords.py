"""Translate keywords that contain no schemas into a dialect's keywords, or into words.

Constraints that a dialect cannot express are collected as losses, in the order in which they are found.
"""

from __future__ import annotations

import json
import math
from typing import Any

from pgagents.base.jsonschema.agreement import find_clashes, is_of, kinds_of, type_of
from pgagents.base.jsonschema.combine import Flat
from pgagents.base.jsonschema.patterns import whole
from pgagents.base.places import Node, Pointer, Text, origin_of
from pgagents.base.text import WORDS, append_remark, short
from pgagents.generate.dialect import Dialect
from pgagents.generate.target import Loss, Went

_FITS_NOT = "no value of it is of its type"
_SIMPLE = (
    *("type", "nullable", "enum", "const", "default"),
    *("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"),
)
"""Keywords that a value alone can contradict."""


class Keywords:
    """Translate keywords without inner schemas for one dialect.

    Methods read a flat schema and write into `out`; `hints` collects words for its description.
    """

    def __init__(self, dialect: Dialect, losses: Losses, *, sent: bool) -> None:
        self.dialect = dialect
        self.losses = losses
        self.sent = sent
        """True for arguments, of which a model must know that a read-only member is none."""

    def types(self, flat: Flat, out: Node) -> list[str]:
        """Write the type into `out` and return the types without null."""
        d = self.dialect
        kinds = [flat["type"]] if isinstance(flat.get("type"), str) else list(flat.get("type", ()))
        if not kinds and flat.get("enum") and all(isinstance(v, str) for v in flat["enum"]):
            kinds = ["string"]
        if not kinds and not d.untyped:
            kinds = _infer_kinds(flat)
        may_be_null = "null" in kinds and None in flat.get("enum", [None])
        real = [k for k in kinds if k != "null" and not (k == "integer" and "number" in kinds)]
        if not kinds:
            return []
        if not real:
            out["type"] = "NULL" if d.upper_types else "null"
            if d.nullable_needs_type:
                out.update({"type": "string", "nullable": True, "enum": [None]})
            if None not in flat.get("enum", [None]):
                self.losses.add(
                    flat.place("enum"), "enum", flat["enum"], "widened", "as null, nothing would be taken"
                )
            flat.pop("enum", None)
            return []
        names = [k.upper() for k in real] if d.upper_types else real
        if may_be_null and d.null == "type":
            names.append("null")
        out["type"] = names[0] if len(names) == 1 else names
        if may_be_null and d.null != "type":
            out["nullable"] = True
        return real

    def agree(self, flat: Flat) -> None:
        """Leave out values that the type does not allow: no call has them, and some vendors refuse them."""
        if flat.get("enum"):
            kinds = kinds_of(flat)
            values = {json.dumps(v, sort_keys=True, default=str): v for v in flat["enum"] if is_of(v, kinds)}
            if not values:
                self.losses.add(flat.place("enum"), "enum", flat.pop("enum"), "widened", _FITS_NOT)
            else:
                flat["enum"] = list(values.values())
        if "const" not in flat and "default" not in flat:
            return
        for clash in list(find_clashes({k: flat[k] for k in _SIMPLE if k in flat})):
            if clash.keyword in ("const", "default") and clash.keyword in flat:
                went: Went = "widened" if clash.keyword == "const" else "dropped"
                value = flat.pop(clash.keyword)
                self.losses.add(flat.place(clash.keyword), clash.keyword, value, went, clash.message)

    def write(self, keyword: str, flat: Flat, kinds: list[str], out: Node, hints: list[str]) -> None:
        """Write one keyword of `flat` into `out`, or its meaning into `hints`. Keywords that contain
        schemas are ignored.
        """
        d, value = self.dialect, flat[keyword]
        if keyword == "default" and not d.defaults:
            hints.append(f"default {short(value)}")
            self.losses.add(flat.place(keyword), keyword, value, "description")
        elif keyword in ("title", "default", "const"):
            out[keyword] = value
        elif keyword == "examples" and d.examples != "none":
            out[d.examples] = value if d.examples == "examples" else value[0]
        elif keyword == "enum":
            self._enum(flat, kinds, out, hints)
        elif keyword in ("exclusiveMinimum", "exclusiveMaximum"):
            self._exclusive(keyword, flat, kinds, out, hints)
        elif keyword == "format":
            self._format(flat, kinds, out, hints)
        elif keyword in WORDS or keyword in ("readOnly", "writeOnly"):
            self._plain(keyword, flat, out, hints)

    def _plain(self, keyword: str, flat: Flat, out: Node, hints: list[str]) -> None:
        """Write a keyword unchanged, or its meaning in words."""
        d, value = self.dialect, flat[keyword]
        if keyword == "pattern" and d.whole_patterns:
            said = whole(value)
            if said is None:
                self._say(keyword, flat, hints)
            else:
                out[keyword] = value if said == value else said
                if keyword in d.repeated:
                    self._say(keyword, flat, hints, "the vendor does not promise to enforce it")
        elif keyword in d.keywords and not (keyword in d.most and value > d.most[keyword]):
            out[keyword] = value
            if keyword in d.repeated:
                self._say(keyword, flat, hints, "the vendor does not promise to enforce it")
        elif keyword in WORDS:
            self._say(keyword, flat, hints)
        elif value:
            needed = keyword == "readOnly" and self.sent and d.describes
            hints += ["in answers only, not to be sent"] if needed else []
            self.losses.add(flat.place(keyword), keyword, value, "description" if needed else "dropped")

    def _say(self, keyword: str, flat: Flat, hints: list[str], detail: str = "") -> None:
        value = flat[keyword]
        words = WORDS[keyword](value)
        if not words:
            return
        if self.dialect.describes:
            hints.append(words)
        self.losses.add(
            flat.place(keyword),
            keyword,
            value,
            "description" if self.dialect.describes else "dropped",
            detail,
        )

    def _enum(self, flat: Flat, kinds: list[str], out: Node, hints: list[str]) -> None:
        values = [v for v in flat["enum"] if v is not None or self.dialect.null_in_enum]
        texts = [v for v in values if isinstance(v, str)]
        if self.dialect.enums == "any":
            out["enum"] = values
        elif texts and all(texts) and (kinds == ["string"] or (not kinds and texts == values)):
            out["enum"] = texts
        else:
            self._say("enum", flat, hints)

    def _exclusive(self, keyword: str, flat: Flat, kinds: list[str], out: Node, hints: list[str]) -> None:
        d, bound = self.dialect, flat[keyword]
        plain = "minimum" if keyword == "exclusiveMinimum" else "maximum"
        tighter = max if plain == "minimum" else min
        if d.exclusive == "number":
            self._plain(keyword, flat, out, hints)
        elif d.exclusive == "boolean":
            other = flat.get(plain)
            if other is None or tighter(bound, other) == bound:
                flat[plain] = out[plain] = bound
                out[keyword] = True
        else:
            whole_numbers = kinds == ["integer"]
            if whole_numbers:
                bound = math.floor(bound) + 1 if plain == "minimum" else math.ceil(bound) - 1
            else:
                self._say(keyword, flat, hints)
            flat[plain] = out[plain] = tighter(bound, flat.get(plain, bound))

    def _format(self, flat: Flat, kinds: list[str], out: Node, hints: list[str]) -> None:
        allowed = self.dialect.formats
        if allowed is None or (len(kinds) == 1 and flat["format"] in allowed.get(kinds[0], ())):
            out["format"] = flat["format"]
        else:
            self._say("format", flat, hints)


def _infer_kinds(flat: Flat) -> list[str]:
    """Return the types of the values that a schema lists without stating a type; empty if it lists none."""
    listed = flat["enum"] if flat.get("enum") else [flat["const"]] if "const" in flat else []
    return list(dict.fromkeys(type_of(value) for value in listed))


def describe(out: Node, flat: Flat, hints: list[str]) -> None:
    """Write the description, followed by the hints."""
    text = flat.get("description", "")
    said = "; ".join(dict.fromkeys(h for h in hints if h))
    if said:
        out["description"] = Text(append_remark(text, said), origin_of(text) or flat.origin)
    elif text:
        out["description"] = text


# -- losses


class Losses:
    """The losses of translating one schema into one dialect.

    `told` has each distinct loss once. `met` counts all of them, so that a caller can see that a part was
    widened.
    """

    def __init__(self) -> None:
        self.told: dict[Loss, None] = {}
        self.met = 0

    def add(self, origin: Pointer, keyword: str, value: Any, went: Went, detail: str = "") -> None:
        """Record that the keyword at `origin` cannot be written as it is. A value that is a schema is not
        shown.
        """
        self.met += 1
        says = (
            keyword if isinstance(value, dict | list) and keyword != "enum" else f"{keyword} {short(value)}"
        )
        self.told[Loss(origin, says, went, detail)] = None
