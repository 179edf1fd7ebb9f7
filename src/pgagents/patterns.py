"""Regular expressions for languages that always match the whole text."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\(\?<?[=!:]?|.", re.S)
_FOREIGN = re.compile(r"\\[bBpPkuxc1-9]|\(\?(?!:)")
ANY = r"[\s\S]*"


def whole(pattern: str) -> str | None:
    """The pattern so that it means the same whether it is searched for or must match the whole text.

    None where it uses what such languages lack: lookaround, backreferences, `\\b`, `\\p`, flags, anchors inside.
    """
    tokens = [m.group() for m in _TOKEN.finditer(pattern)]
    if any(_FOREIGN.match(t) for t in tokens) or "(?" in tokens:
        return None
    depth = 0
    top_choice = False
    for token in tokens:
        if token.startswith("("):
            depth += 1
        elif token == ")":
            depth -= 1
        elif token == "|" and depth == 0:
            top_choice = True
    starts, ends = tokens[:1] == ["^"], tokens[-1:] == ["$"]
    inside = tokens[1 if starts and not top_choice else 0 : -1 if ends and not top_choice else None]
    if "^" in inside or "$" in inside:
        return None
    if top_choice:
        return f"^{ANY}(?:{pattern}){ANY}$"
    if starts and ends:
        return pattern
    return ("^" if starts else f"^{ANY}") + "".join(inside) + ("$" if ends else f"{ANY}$")
