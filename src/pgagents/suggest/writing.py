"""Write proposals as YAML to paste into a catalogue, grouped into readings, each law with its evidence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from pgagents.base.cel.parser import MAX_CHARS
from pgagents.suggest.across import ProposedMembers, ProposedRelation
from pgagents.suggest.candidate import Proposal, Written, write_at

# -- readings


ROOM = 200
"""Characters that remain free below the longest allowed expression."""
_EVERYWHERE = ("places", "by-now", "unique")
"""Groups that make one claim about the whole API."""


@dataclass(frozen=True, slots=True)
class Named:
    """A law with its name in the catalogue, and the proposals that it expresses."""

    name: str
    law: Written
    parts: tuple[Proposal, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A claim for the author to accept or refuse."""

    title: str
    laws: tuple[Named, ...]
    score: float

    @property
    def parts(self) -> list[Proposal]:
        """Return the proposals in the reading."""
        return list(dict.fromkeys(part for law in self.laws for part in law.parts))


def group(proposals: Sequence[Proposal]) -> list[Reading]:
    """Return the readings, grouped laws first, then the strongest."""
    by_key: dict[tuple[str, ...], list[Proposal]] = {}
    for number, proposal in enumerate(proposals):
        by_key.setdefault(_key(proposal, number), []).append(proposal)
    found = [_make(several) for several in by_key.values()]
    return sorted(found, key=lambda r: (len(r.parts) == 1, -r.score))


def _key(proposal: Proposal, number: int) -> tuple[str, ...]:
    candidate = proposal.candidate
    name = candidate.group.partition(" ")[0]
    if name in _EVERYWHERE:
        return (name,)
    if name == "rest":
        name = "kept"
    if name in ("kept", "never"):
        return (name, proposal.sites[0].action)
    if name == "there":
        return (candidate.group, candidate.table.name)
    return ("", str(number))


def _make(proposals: Sequence[Proposal]) -> Reading:
    laws: list[Named] = []
    for action in dict.fromkeys(site.action for p in proposals for site in p.sites):
        parts = [(p, write_at(p.candidate, s)) for p in proposals for s in p.sites if s.action == action]
        for chunk in _chunks(parts):
            own = tuple(dict.fromkeys(p for p, _ in chunk))
            laws.append(Named(_name(own[0]), _join(action, [w for _, w in chunk]), own))
    score = max(p.evidence.score for p in proposals)
    return Reading(_name(proposals[0]), tuple(laws), score)


def _chunks(parts: Iterable[tuple[Proposal, Written]]) -> list[list[tuple[Proposal, Written]]]:
    """Divide laws of one action into parts, each short enough for one law."""
    found: list[list[tuple[Proposal, Written]]] = []
    length = 0
    for one in parts:
        size = len(one[1].that) + len(one[1].when) + 12
        if not found or length + size > MAX_CHARS - ROOM:
            found.append([])
            length = 0
        found[-1].append(one)
        length += size
    return found


def _join(action: str, written: Sequence[Written]) -> Written:
    """Return one law with all these claims. A condition that all have is written once."""
    if len(written) == 1:
        return written[0]
    shared = [c for c in split(written[0].when) if all(c in split(w.when) for w in written)]
    parts = []
    for one in written:
        own = " && ".join(c for c in split(one.when) if c not in shared)
        that = f"({one.that})" if "||" in one.that or "?" in one.that or own else one.that
        parts.append(f"(!({own}) || {that})" if own else that)
    return Written(action, " && ".join(parts), " && ".join(shared))


def split(when: str) -> list[str]:
    """Return the parts of a conjunction that `_join` made."""
    return when.split(" && ") if when else []


def _name(proposal: Proposal) -> str:
    name = proposal.candidate.name
    if proposal.candidate.group.startswith("never"):
        name = "not-told"
    if proposal.candidate.group == "by-now":
        name = "not-after-now"
    if proposal.candidate.group.startswith("there"):
        name = name.partition(" ")[0]
    return re.sub(r"-+", "-", re.sub(r"[^a-z0-9]+", "-", name.lower())).strip("-") or "law"


EXAMPLE = 60


@dataclass(frozen=True, slots=True)
class Tried:
    """A reading, and the number of chosen calls in which its laws applied and held."""

    reading: Reading
    calls: int


@dataclass(frozen=True, slots=True)
class Across:
    """Proposals across several calls: relations of actions, and members and laws of resources."""

    relations: Sequence[ProposedRelation] = ()
    members: Sequence[ProposedMembers] = ()

    @property
    def count(self) -> int:
        """Return the number of claims to read."""
        return len(self.relations) + len(self.members)


@dataclass(frozen=True, slots=True)
class Dropped:
    """A law that held in the run until a chosen call broke it."""

    law: Written
    call: str


def write_yaml(
    tried: Sequence[Tried],
    dropped: Sequence[Dropped],
    across: Across,
    *,
    exchanges: int,
    sought: int,
    actions: Sequence[str],
    redact: Callable[[str], str],
) -> str:
    """Return the document with the laws of each action. Laws that calls tried to break come first.

    `redact` masks secrets in the examples.
    """
    readings = len(tried) + across.count
    laws = sum(len(t.reading.laws) for t in tried) + across.count
    lines = [
        f"# {laws} {LAWS} {readings} readings held in {exchanges:,} answers, {sought:,} of them sought.",
        "# A law that held is not yet a promise: keep those that you mean, and delete the others.",
    ]
    by_action: dict[str, list[tuple[Named, int, str]]] = {}
    for one in tried:
        places = len(one.reading.laws)
        also = f"; the same at {places} places" if places > 1 else ""
        for named in one.reading.laws:
            by_action.setdefault(named.law.action, []).append((named, one.calls, also))
    related = {a: [r for r in across.relations if r.action == a] for a in actions}
    told = [a for a in actions if a in by_action or related[a]]
    lines += ["actions:"] if told else []
    for action in told:
        lines.append(f"  {action}:")
        lines += ["    laws:", *_list_laws(by_action[action], redact)] if action in by_action else []
        lines += list_relation_lines(related[action])
    lines += list_resource_lines(across.members)
    if dropped:
        lines.append("# These held in the run until a chosen call broke them:")
        for gone in dropped:
            lines += comment(f"{gone.law.action}: {_say(gone.law)} (broken by {gone.call})", "# - ", "#   ")
    return "\n".join(lines) + "\n"


def _list_laws(laws: Iterable[tuple[Named, int, str]], redact: Callable[[str], str]) -> list[str]:
    """Return the lines of one action's laws, each name once."""
    ordered = sorted(laws, key=lambda one: one[1] == 0)
    lines: list[str] = []
    names: set[str] = set()
    seen = False
    for named, calls, also in ordered:
        if not calls and not seen:
            seen = True
            lines.append("      # -- only seen: no call was sent that could break these --")
        name, number = named.name, 2
        while name in names:
            name, number = f"{named.name}-{number}", number + 1
        names.add(name)
        lines += comment(redact(_describe(named, calls)) + also, "      # ", "      # ")
        lines += _entry(name, named.law)
    return lines


def _entry(name: str, law: Written) -> list[str]:
    if not law.when and len(law.that) < WIDTH - 30:
        return [f"      {name}: {scalar(law.that)}"]
    lines = [f"      {name}:"]
    for key, text in (("when", law.when), ("that", law.that)):
        lines += entry(key, text, 8) if text else []
    return lines


def _describe(named: Named, calls: int) -> str:
    """Return the evidence of a law in one sentence."""
    weakest = min(named.parts, key=lambda p: p.evidence.score)
    evidence = weakest.evidence
    n = f"{evidence.n} different cases" if evidence.n != 1 else "one case"
    said = f"{n}, {evidence.q:.0%} of swapped values would break it"
    if len(named.parts) > 1:
        said = f"{len(named.parts)} parts, the weakest with {said}"
    if shown := _example(weakest):
        said += f"; seen: {shown}"
    return f"{said}; {calls} chosen calls did not break it" if calls else said


def _example(proposal: Proposal) -> str:
    columns, values = proposal.candidate.columns, proposal.evidence.example
    if len(columns) != len(values) or any(c.schema.get("private") for c in columns):
        return ""
    shown = [f"{c.text.replace('§.', '')} = {_brief(v)}" for c, v in zip(columns, values, strict=True)]
    return ", ".join(shown[:4])


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    if not text.isprintable():  # what YAML forbids would make the whole text unreadable
        text = json.dumps(value, default=str)
    return text if len(text) <= EXAMPLE else text[: EXAMPLE - 1] + "…"


def _say(law: Written) -> str:
    return f"{law.that} when {law.when}" if law.when else law.that


# -- laws across several calls


def list_relation_lines(relations: Sequence[ProposedRelation]) -> list[str]:
    """Return the lines of one action's relations, below its name."""
    lines = ["    relations:"] if relations else []
    for relation in relations:
        seen = "one pair" if relation.pairs == 1 else f"{relation.pairs} pairs"
        lines += comment(f"{seen} of answers kept this; seen: {relation.example}", "      # ", "      # ")
        lines += [
            f"      {relation.name}:",
            f"        widen: {relation.widen}",
            *entry("keeps", relation.keeps, 8),
        ]
        lines += entry("by", relation.by, 8) if relation.by != "id" else []
        lines += entry("unless", relation.unless, 8) if relation.unless else []
        lines += entry("fits", relation.fits, 8) if relation.fits else []
    return lines


def list_resource_lines(members: Sequence[ProposedMembers]) -> list[str]:
    """Return the lines of the laws about resources, each resource once."""
    lines = ["resources:"] if members else []
    for name in dict.fromkeys(one.resource for one in members):
        lines.append(f"  {name}:")
        for one in (m for m in members if m.resource == name):
            lines += _list_fixed(one) if one.fixed else _list_law(one)
    return lines


def _list_fixed(one: ProposedMembers) -> list[str]:
    """Return the members that never change, as a YAML list in lines of limited length."""
    said = f"{one.instances} instances kept these, {one.changed} of them through a change of other members"
    listed = comment(f"[{', '.join(map(scalar, one.fixed))}]", "      ", "       ")
    return [*comment(said, "    # ", "    # "), "    fixed:", *listed]


def _list_law(one: ProposedMembers) -> list[str]:
    said = f"{one.instances} instances were read back so before anything else was written"
    return ["    laws:", f"      # {said}", *entry("read-back", one.law, 6)]


# -- lines of YAML


WIDTH = 140


def scalar(text: str) -> str:
    """Return a text as a YAML scalar, without quotes if it cannot be misread."""
    safe = text[0].isalpha() and not any(mark in text for mark in (": ", " #", "{", "}", '"', "[", "]"))
    if safe:
        return text
    return f"'{text}'" if "'" not in text else json.dumps(text, ensure_ascii=False)


def entry(key: str, text: str, indent: int) -> list[str]:
    """Return a key with its text, folded if it is long."""
    pad = " " * indent
    if len(text) < WIDTH - 20:
        return [f"{pad}{key}: {scalar(text)}"]
    return [f"{pad}{key}: >-", *_fold(text, f"{pad}  ", f"{pad}  ")]


def comment(text: str, first: str, rest: str) -> list[str]:
    """Return a comment in lines of limited length."""
    return _fold(text.replace("\n", " "), first, rest)


def _fold(text: str, first: str, rest: str) -> list[str]:
    return wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


# -- files that a suggestion wrote


LAWS = "laws in"
CASES = "test cases to paste"
_FIRST = re.compile(rb"(?:\xef\xbb\xbf)?# [\d,]+ (?:%b|%b)\b" % (LAWS.encode(), CASES.encode()))


def is_suggestion(raw: bytes) -> bool:
    """True if a file begins as `pgagents suggest` begins its laws or test cases."""
    return _FIRST.match(raw) is not None
