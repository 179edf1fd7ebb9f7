"""A model can see from a tool's texts when to call it, and with which arguments.

All rules are recommendations. A name has only letters, digits, `_` and `-`, at most 64, as every vendor
accepts it. No two tools have the same description, each argument has one, and hints agree with the name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.base.verbs import CHANGING_VERBS
from pgagents.report.contract import Rank
from pgagents.verify.promise import Case, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.tools import judge_without_calls, list_tools
from pgagents.verify.wire.mcp_link import ToolListing, find_hints

LEAST, MOST = 10, 8_000
"""The fewest and the most characters of a description. A shorter one explains nothing, and a longer one fills
a model's context.
"""
_TAKEN = re.compile(r"[A-Za-z0-9_-]{1,64}", re.A)
_ALLOWED = re.compile(r"[A-Za-z0-9_.-]{1,128}", re.A)


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield cases for each tool: about its name, description, arguments and hints."""
    del roles
    attempt = judge_without_calls("tool_words/all")
    first: dict[str, str] = {}
    for tool in list_tools(setting):
        assert setting.listing is not None
        name, definition = tool.name, tool.definition
        case = partial(tool.case, attempt=attempt, advice=True, calls=False)
        says = f"every client and vendor takes the name {name[:80]}"
        about: Any = ("letters, digits, `_` and `-`, at most 64", _find_name_problem(name), {})
        yield case("name", says, part="name", about=about)
        description = definition.get("description")
        words = " ".join(description.split()) if isinstance(description, str) else ""
        other = first.setdefault(words.lower(), name) if words else name
        says = f"{name} has a description that tells it from every other tool"
        expected = f"{LEAST} to {MOST:,} characters that no other tool has"
        values = {"characters": len(words), "other": other[:80]}
        about = (expected, _find_word_problem(words, taken=other != name), values)
        yield case("description", says, part="description", about=about)
        says = f"each argument of {name} is described"
        about = ("words for each argument", _find_mute_argument(definition.get("inputSchema")), {})
        yield case("arguments", says, part="inputSchema", about=about)
        says = f"the hints of {name} do not contradict its name or each other"
        about = ("hints that fit", _find_contradiction(setting.listing, definition), {})
        yield case("hints", says, part="annotations", about=about)


def _find_name_problem(name: str) -> str:
    if _TAKEN.fullmatch(name):
        return ""
    if not _ALLOWED.fullmatch(name):
        return "the protocol recommends letters, digits, `_`, `-` and `.`, at most 128"
    return "some vendors refuse it: it has a `.`" if "." in name else "some vendors refuse it: it is above 64"


def _find_word_problem(words: str, *, taken: bool) -> str:
    if not words:
        return "it has no description"
    if taken:
        return "it has the description of `{other}`"
    if len(words) < LEAST:
        return "its description has {characters} characters"
    return "its description has {characters:,} characters" if len(words) > MOST else ""


def _find_mute_argument(schema: Any) -> str:
    members = schema.get("properties") if isinstance(schema, Mapping) else None
    mute = [
        str(name)
        for name, part in (members.items() if isinstance(members, Mapping) else ())
        if isinstance(part, Mapping) and not str(part.get("description") or "").strip() and "$ref" not in part
    ]
    return f"without words: {', '.join(mute)[:200]}" if mute else ""


def _find_contradiction(listing: ToolListing, tool: Mapping[str, Any]) -> str:
    hints, acting = find_hints(tool), listing.why_acts(tool)
    word = acting.word if acting.place == "name" and acting.word in CHANGING_VERBS else ""
    if hints.get("readOnlyHint") is True and hints.get("destructiveHint") is True:
        return "`readOnlyHint` and `destructiveHint` are both true"
    if hints.get("readOnlyHint") is True and word:
        return f"`readOnlyHint` is true, and the name says `{word}`"
    removes = word in ("delete", "destroy", "drop", "erase", "purge", "remove", "truncate", "wipe")
    if removes and hints.get("destructiveHint") is False:
        return f"`destructiveHint` is false, and the name says `{word}`"
    return ""


CHECK = make_check("tool_words", __doc__, cases, tools=True, rank=Rank.UNDOCUMENTED)
