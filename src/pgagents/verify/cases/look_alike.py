"""Texts that nearly equal an existing one. A server that does not compare whole texts mistakes one for the
other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pgagents.cel.reading import compares
from pgagents.model.action import Action
from pgagents.model.argument import Param
from pgagents.verify.check.setting import Setting
from pgagents.verify.values.schema_values import types_of

HEX = re.compile(r"[0-9A-Fa-f{}-]*")
"""Matches UUIDs and similar ids, whose letters are hexadecimal digits. For these, letter case does not
count.
"""
_SEPARATORS = re.compile(r"[-_ .]")
_WILDCARDS = "_%*?"


def near_texts(text: str) -> dict[str, str]:
    """Return texts that nearly equal this one, by the name of the change, the most revealing change first."""
    middle = next((i for i in range(len(text) // 2, len(text)) if text[i].isalnum()), None)
    found: dict[str, str] = {}
    for sign in _WILDCARDS if middle else "":
        found[f"with {sign} in place of a character"] = f"{text[:middle]}{sign}{text[(middle or 0) + 1 :]}"
    if not HEX.fullmatch(text):
        found["in the other case"] = text.swapcase()
    found["without its separators"] = _SEPARATORS.sub("", text)
    found["with a character more"] = f"{text}0"
    found["with its last character cut off"] = text[:-1]
    found["with another last character"] = f"{text[:-1]}{'1' if text[-1:] == '0' else '0'}"
    return {how: near for how, near in found.items() if near not in ("", text)}


def fitting(
    setting: Setting, action: Action, param: Param, text: str, hows: Sequence[str] = ()
) -> dict[str, str]:
    """Return the texts nearly equal to `text` that the argument's schema allows.

    `hows` names the changes to make; empty means all.
    """
    test = setting.test(("param", str(action.name), str(param.name), ""), param.schema)
    return {
        how: near
        for how, near in near_texts(text).items()
        if (not hows or how in hows) and test.is_valid(near)
    }


def find_comparison(action: Action, param: Param) -> str:
    """Return how the action's laws compare an argument with the answer.

    The result is `exactly`, `folded` (ignoring case), or empty if no law compares it.
    """
    found = {compares(law.that.tree, ("input", str(param.name))) for law in action.laws}
    return next((how for how in ("folded", "exactly") if how in found), "")


def free_text(setting: Setting, schema: Mapping[str, Any]) -> bool:
    """True if a schema accepts any text: it has no list of values, constant or format."""
    named = setting.resolve_schema(schema)
    return set(types_of(named)) - {"null"} == {"string"} and not {"enum", "const", "format"} & named.keys()
