"""Ask the author at most one question for each action. It includes the findings of `pgagents lint`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pgagents.importer.reading.note import Note, Notes
from pgagents.lint.rule import Hit, rules
from pgagents.model.model import Model
from pgagents.source.source import Pointer

_ANSWERED = frozenset(("catalogue/same-argument", "catalogue/unconfirmed-write"))
"""Rules whose findings an import resolves by itself."""
_SHORT = {
    "catalogue/thin-description": "say what this does, when to call it and what comes back",
    "catalogue/undescribed-argument": "describe {names}",
    "catalogue/speaks-to-user": "say in the third person, about the call and not to a user: {names}",
    "catalogue/unsaid-unit": "in which unit is {names}?",
    "catalogue/unsaid-format": "in which form is {names}?",
}
"""One request for all findings of a rule in an action."""
_MOST_NAMES = 8


def ask_about_findings(model: Model, notes: Notes) -> None:
    """Add a question for each action with findings of lint worse than notes, and for other places."""
    found: dict[Pointer, dict[str, list[Hit]]] = {}
    for id, rule in rules().items():
        if id in _ANSWERED or (rule.surface is not None and rule.surface not in model.surfaces):
            continue
        for hit in rule.find(model):
            if (hit.severity or rule.severity) != "note":
                at = hit.origin[:2] if hit.origin[:1] in (("actions",), ("schemas",)) else hit.origin
                found.setdefault(at, {}).setdefault(id, []).append(hit)
    asked = {note.at for note in notes.made if note.kind == "decide"}
    for at, by_rule in found.items():
        if at[:1] == ("actions",) or at not in asked:
            said = [_word(id, hits) for id, hits in by_rule.items() if not _is_asked(id, at, asked)]
            if any(said):
                notes.decide(at, "; ".join(filter(None, said)))


def _is_asked(id: str, at: Pointer, asked: Iterable[Pointer]) -> bool:
    """True for a finding about which the importer asks a question of its own."""
    return id == "catalogue/writing-get" and at in asked


def _word(id: str, hits: list[Hit]) -> str:
    """Return one request for the findings of a rule, or an empty text."""
    names = list(dict.fromkeys(_name(hit.origin) for hit in hits if hit.origin[2:3] != ("texts",)))
    if not names:
        return ""  # the question about the common text covers the surface's own text
    shown = ", ".join(names[:_MOST_NAMES]) + (
        f" and {len(names) - _MOST_NAMES} more" if names[_MOST_NAMES:] else ""
    )
    if id in _SHORT and all(hit.origin[:1] == ("actions",) for hit in hits):
        return _SHORT[id].format(names=shown)
    return f"{hits[0].message}: {hits[0].help}"


def _name(at: Pointer) -> str:
    """Return the name of the argument or part of an action that a finding is about."""
    inside = at[3:] if at[2:3] == ("input",) else at[2:]
    steps = [str(step) for step in inside if step not in ("properties", "items", "description")]
    return f"`{'.'.join(steps)}`" if steps else "its description"


def join_questions(notes: Notes) -> None:
    """Replace all questions about one action by a single one above the action."""
    several: dict[Pointer, list[Note]] = {}
    for note in notes.made:
        if note.kind == "decide" and note.at[:1] == ("actions",) and len(note.at) > 1:
            several.setdefault(note.at[:2], []).append(note)
    notes.made = dict.fromkeys(_joined(notes.made, several))


def _joined(every: Iterable[Note], several: Mapping[Pointer, list[Note]]) -> Iterable[Note]:
    done: set[Pointer] = set()
    for note in every:
        at = note.at[:2]
        if note.kind != "decide" or at not in several:
            yield note
        elif at not in done:
            done.add(at)
            said = "; ".join(dict.fromkeys(one.message for one in several[at]))
            yield Note("decide", at, said, several[at][0].source)
