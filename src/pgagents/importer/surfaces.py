"""Choose the actions of an imported catalogue for each vendor's assistants.

A vendor that accepts every action gets all. The others get one group of actions, which the author can change
in one line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType
from typing import Any

from pgagents.catalogue.load import load
from pgagents.generate.build import targets
from pgagents.generate.target import Target
from pgagents.importer.invalid_parts import remove_invalid_parts
from pgagents.importer.offering.objections import Objection, Users, find_objections
from pgagents.importer.offering.ranking import choose, rank_resources, summarize
from pgagents.importer.offering.shortening import shorten
from pgagents.importer.operations.imported import ImportedAction
from pgagents.importer.reading.note import Notes
from pgagents.importer.text import render_yaml
from pgagents.jsonschema.schema import Validators
from pgagents.model.model import Model
from pgagents.source.read import parse
from pgagents.source.source import Pointer
from pgagents.text.brief import brief

MOST_CHOSEN = 20
"""Number of actions that are chosen if the API has more than a vendor accepts.

Google recommends 10 to 20 functions, because models choose worse among more.
"""
MAX_ROUNDS = 5
GROUP = "agents"
RULE = (
    "the rule: resources with the most operations first, whole where they fit, and reads before writes; "
    "nothing that is deprecated, in beta, internal, or for administrators"
)


@cache
def list_plain() -> Mapping[str, int]:
    """Return the surfaces that need no settings, each with the number of actions that it accepts."""
    found: dict[str, int] = {}
    for target in targets().values():
        if isinstance(target, Target) and target.surface is not None and target.most_actions is not None:
            found[target.surface] = min(target.most_actions, found.get(target.surface, target.most_actions))
    return MappingProxyType(found)


@dataclass(slots=True)
class Offer:
    """The surfaces of a catalogue. `without` has those that were left out, each with the reason.

    `chosen` describes the group of actions for a person; it is empty if there is no group.
    """

    without: dict[str, str] = field(default_factory=dict)
    chosen: str = ""
    model: Model | None = None
    """The catalogue with these surfaces."""


def offer(
    data: dict[str, Any], made: Sequence[ImportedAction], notes: Notes, known: Validators | None = None
) -> Offer:
    """Add every surface that the catalogue can be built for, with the actions that its vendor accepts."""
    offering = _Offering(data, made, notes)
    model = offering.load(known)
    for _ in range(MAX_ROUNDS):
        objections = find_objections(model, offering.write(), offering.narrow)
        if not [o for o in objections if offering.heed(o)]:
            break
        model = offering.load(known)
    else:
        for objection in find_objections(model, data["surfaces"]):
            offering.without.setdefault(objection.surface, brief(objection.message, 160))
        model = offering.load(known)
    return replace(offering.describe(), model=model)


class _Offering:
    """The surfaces of a catalogue, and the actions that their vendors refuse."""

    def __init__(self, data: dict[str, Any], made: Sequence[ImportedAction], notes: Notes) -> None:
        self.data, self.notes = data, notes
        self.first = dict(data["surfaces"])
        self.made = [one for one in made if one.name in data["actions"]]
        self.narrow = [name for name, most in list_plain().items() if len(self.made) > most]
        self.ranked = rank_resources(self.made) if self.narrow else []
        self.apart: dict[str, dict[str, str]] = {name: {} for name in list_plain()}
        """By surface, the refused actions, each with the reason."""
        self.users = Users(data)
        self.alone: set[str] = set()
        """Surfaces whose vendors refuse most of the common choice. They get their own choice."""
        self.without: dict[str, str] = {}
        self.lists: dict[str, list[str]] = {}

    def write(self) -> dict[str, Any]:
        """Write surfaces and groups into the catalogue's data. Return the assistants' surfaces."""
        self.lists = {name: self._list(name) for name in list_plain() if name not in self.without}
        for name, actions in list(self.lists.items()):
            if not actions:
                reasons = list(dict.fromkeys(self.apart[name].values()))
                self.without[name] = reasons[0] if reasons else "no action is left for it"
                del self.lists[name]
        groups: dict[str, list[str]] = {}
        made: dict[str, Any] = {}
        for name, actions in self.lists.items():
            key = "all" if len(actions) == len(self.made) else _name_group(groups, name, actions)
            made[name] = {"actions": key}
        self._drop_texts()
        self.data.pop("groups", None)
        self.data.pop("surfaces", None)
        self.data |= ({"groups": groups} if groups else {}) | {"surfaces": {**self.first, **made}}
        return made

    def _drop_texts(self) -> None:
        """Remove texts for surfaces that were left out."""
        for action in self.data["actions"].values():
            texts = action.get("texts", {})
            for surface in [name for name in texts if name not in self.lists]:
                del texts[surface]
            if "texts" in action and not texts:
                del action["texts"]

    def _list(self, surface: str) -> list[str]:
        """Return the names of the actions that a surface offers."""
        apart = frozenset(self.apart[surface])
        if surface not in self.narrow:
            return [one.name for one in self.made if one.name not in apart]
        if surface not in self.alone:
            others = self.without.keys() | self.alone
            shared = (self.apart[name] for name in self.narrow if name not in others)
            apart = frozenset(name for names in shared for name in names)
        return [one.name for one in choose(self.ranked, MOST_CHOSEN, apart)]

    def load(self, known: Validators | None) -> Model:
        """Return the catalogue's model. Data that does not load is repaired first."""
        self.write()
        model, _ = load(parse(render_yaml(self.data)), any_key=True, known=known)
        if model is None:
            model = remove_invalid_parts(self.data, self.notes, known)[1]
            self.made = [one for one in self.made if one.name in self.data["actions"]]
        return model

    def heed(self, objection: Objection) -> bool:
        """Remove the cause of a vendor's objection. Return True if that was possible."""
        surface, at = objection.surface, objection.at
        if surface not in self.lists:
            return False
        most = objection.most
        if most is not None and shorten(self.data, surface, at, most, self.notes):
            return True
        offered = self.lists[surface]
        names = self._find_refused(at)
        if names and not names & set(offered):
            return False
        for name in names:
            self.apart[surface][name] = brief(objection.message, 160)
        most_refused = 2 * len(self.apart[surface].keys() & set(offered)) > len(offered)
        if most_refused and surface in self.narrow:
            self.alone.add(surface)
        elif most_refused or not names:
            self.without[surface] = self._reword(objection.message)
            del self.lists[surface]
        return True

    def _find_refused(self, at: Pointer) -> set[str]:
        """Return the actions that an objection at this place concerns."""
        if len(at) > 1 and at[0] == "actions":
            return {str(at[1])}
        return self.users.of(str(at[1])) if len(at) > 1 and at[0] == "schemas" else set()

    def _reword(self, message: str) -> str:
        """Return a vendor's objection. One about the server's address is reworded."""
        named = self.data["api"]["server"]
        server = str(named["url"] if isinstance(named, dict) else named)
        if "#/servers/" in message and server.startswith("http://"):
            return f"it takes https servers alone, and `api.server` is {brief(server, 80)}"
        return brief(message, 160)

    def describe(self) -> Offer:
        """Record a note about the choice, and return its text."""
        for name, why in self.without.items():
            said = f"{name} is left out, as its vendor would refuse the catalogue: {why}"
            self.notes.decide(("surfaces",), said)
        for name in self.lists:
            for action, why in self.apart[name].items():
                if action not in self.lists[name] and name not in self.narrow:
                    self.notes.infer(("surfaces", name), f"without `{action}`: {why}")
        chosen = ""
        narrow = [name for name in self.narrow if name in self.lists]
        if narrow:
            group = self.data["surfaces"][narrow[0]]["actions"]
            names = self.lists[narrow[0]]
            chosen = f"{len(names)} of {len(self.made):,} actions: {summarize(self.ranked, names)}"
            at = ("groups", group)
            most = min(list_plain()[name] for name in narrow)
            self.notes.infer(at, f"{chosen}; {', '.join(narrow)} take at most {most}")
            self.notes.infer(at, RULE)
            self.notes.infer(
                at, f"to offer others, change this list; other surfaces can be `actions: {group}` too"
            )
            chosen += f". To offer others, change `groups.{group}`"
        return Offer(self.without, chosen)


def _name_group(groups: dict[str, list[str]], surface: str, actions: list[str]) -> str:
    """Return the name of the group with these actions, which is added if it does not exist."""
    for name, held in groups.items():
        if held == actions:
            return name
    name = GROUP if not groups else f"{GROUP}_of_{surface}"
    groups[name] = actions
    return name
