"""A model can see from a tool's texts when to call it, and with which arguments.

All rules are recommendations. A name has only letters, digits, `_` and `-`, at most 64, as every vendor
accepts it. No two tools have the same description, each argument has one, and hints agree with the name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.base.acting import CHANGING_VERBS
from pgagents.report.contract import Contract, Rank
from pgagents.verify.promise import Check, Judgement, Probe, judge_broken, judge_kept
from pgagents.verify.setting import Setting
from pgagents.verify.tools import contract_id, judging, tool_contract
from pgagents.verify.wire.mcp_link import ToolListing, find_hints

NAME = "tool_words"
LEAST, MOST = 10, 8_000
"""The fewest and the most characters of a description. A shorter one explains nothing, and a longer one fills
a model's context.
"""
_TAKEN = re.compile(r"[A-Za-z0-9_-]{1,64}", re.A)
_ALLOWED = re.compile(r"[A-Za-z0-9_.-]{1,128}", re.A)


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts for each tool: about its name, description, arguments and hints."""
    for number, name, tool in setting.listing.named if setting.listing is not None else ():
        for kind, part, says in (
            ("name", "name", f"every client and vendor takes the name {name[:80]}"),
            ("description", "description", f"{name} has a description that tells it from every other tool"),
            ("arguments", "inputSchema", f"each argument of {name} is described"),
            ("hints", "annotations", f"the hints of {name} do not contradict its name or each other"),
        ):
            yield tool_contract(NAME, kind, number, tool, says, part=part, advice=True)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe that judges all names and descriptions."""
    del roles
    yield from judging(setting, f"{NAME}/all", [c.id for c in promises(setting)], _judge)


def _judge(listing: ToolListing) -> Iterator[Judgement]:
    first: dict[str, str] = {}
    for _, name, tool in listing.named:
        description = tool.get("description")
        words = " ".join(description.split()) if isinstance(description, str) else ""
        other = first.setdefault(words.lower(), name) if words else name
        yield _verdict("name", name, "letters, digits, `_` and `-`, at most 64", _find_name_problem(name))
        expected = f"{LEAST} to {MOST:,} characters that no other tool has"
        yield _verdict("description", name, expected, _find_word_problem(name, words, other))
        yield _verdict(
            "arguments", name, "words for each argument", _find_mute_argument(tool.get("inputSchema"))
        )
        yield _verdict("hints", name, "hints that fit", _find_contradiction(listing, tool))


def _verdict(kind: str, name: str, expected: str, problem: str) -> Judgement:
    contract = contract_id(NAME, kind, name)
    return judge_broken(contract, expected, problem) if problem else judge_kept(contract)


def _find_name_problem(name: str) -> str:
    if _TAKEN.fullmatch(name):
        return ""
    if not _ALLOWED.fullmatch(name):
        return "the protocol recommends letters, digits, `_`, `-` and `.`, at most 128"
    return "some vendors refuse it: it has a `.`" if "." in name else "some vendors refuse it: it is above 64"


def _find_word_problem(name: str, words: str, other: str) -> str:
    if not words:
        return "it has no description"
    if other != name:
        return f"it has the description of `{other[:80]}`"
    if len(words) < LEAST:
        return f"its description has {len(words)} characters"
    return f"its description has {len(words):,} characters" if len(words) > MOST else ""


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


CHECK = Check(NAME, __doc__, promises, probes=probes, tools=True, rank=Rank.UNDOCUMENTED)
