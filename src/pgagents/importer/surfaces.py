"""Choose the actions of an imported catalogue for each vendor's assistants, within the vendor's limits."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pgagents.base.jsonschema.schema import Validators
from pgagents.base.places import Place, Pointer, Source
from pgagents.base.reading import parse
from pgagents.base.text import brief, fit
from pgagents.catalogue.load import load
from pgagents.catalogue.model.model import Model
from pgagents.generate.apiplugin import without_nested
from pgagents.generate.build import build, plan
from pgagents.generate.hosts import in_json
from pgagents.generate.target import Target
from pgagents.importer.choice import MOST_CHOSEN, RULE, choose, describe_api, rank_resources, summarize
from pgagents.importer.default_surfaces import COPILOT, GPT, PLUGIN, find_settings, list_extras, list_limits
from pgagents.importer.invalid_parts import remove_invalid_parts
from pgagents.importer.names import Notes, without_addresses
from pgagents.importer.operations import ImportedAction
from pgagents.importer.text import render_yaml
from pgagents.lint.rule import rules
from pgagents.lint.texts import list_model_actions

MOST_FUNCTIONS = 10
"""The functions that an import chooses for Copilot, which chooses less well among more
(schemas/requirements/microsoft.yaml, microsoft.functions).
"""
MAX_ROUNDS = 5
GROUP = "agents"


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
        if offering.omit_nested(model):
            model = offering.load(known)
        surfaces = offering.pick_changed(offering.write())
        choosing = [name for name in offering.narrow if name in surfaces]
        objections = find_objections(model, surfaces, choosing)
        if not [o for o in objections if offering.heed(o)]:
            break
        model = offering.load(known)
    else:
        for objection in find_objections(model, offering.pick_changed(offering.write())):
            offering.without.setdefault(objection.surface, brief(objection.message, 160))
        model = offering.load(known)
    return replace(offering.describe(), model=model)


class _Offering:
    """The surfaces of a catalogue, and the actions that their vendors refuse."""

    def __init__(self, data: dict[str, Any], made: Sequence[ImportedAction], notes: Notes) -> None:
        self.data, self.notes = data, notes
        self.first = dict(data["surfaces"])
        self.made = [one for one in made if one.name in data["actions"]]
        self.narrow = [name for name, most in list_limits().items() if len(self.made) > most]
        self.ranked = rank_resources(self.made, describe_api(data)) if self.narrow else []
        self.settings, self.without = find_settings(data, data["actions"])
        """Settings by surface, and the surfaces that were left out, each with the reason."""
        self.apart: dict[str, dict[str, str]] = {name: {} for name in list_limits()}
        """By surface, the refused actions, each with the reason."""
        self.omit: dict[str, list[str]] = {}
        """The arguments that Copilot is not shown, by action."""
        self.users = Users(data)
        self.alone = {COPILOT}
        """Surfaces with a choice of their own: of fewer actions, or as their vendors refuse most of the
        common choice.
        """
        self.lists: dict[str, list[str]] = {}
        self.asked: dict[str, tuple[list[str], dict[str, Any]]] = {}
        """By surface, the actions and settings of which its vendor was asked last."""

    def pick_changed(self, surfaces: dict[str, Any]) -> dict[str, Any]:
        """Return the surfaces of which their vendors were not asked yet as they are now.

        Most rounds change the actions of one surface. To make the documents of all again would take most of
        the time of an import.
        """
        offers = {
            name: (self.lists[GPT if name == PLUGIN else name], {**settings, "actions": None})
            for name, settings in surfaces.items()
        }
        changed = {name: surfaces[name] for name, offer in offers.items() if self.asked.get(name) != offer}
        self.asked = offers
        return changed

    def write(self) -> dict[str, Any]:
        """Write surfaces and groups into the catalogue's data. Return the assistants' surfaces."""
        self.lists = {name: self._list(name) for name in list_limits() if name not in self.without}
        for name, actions in list(self.lists.items()):
            if not actions:
                reasons = list(dict.fromkeys(self.apart[name].values()))
                self.without[name] = reasons[0] if reasons else "no action is left for it"
                del self.lists[name]
        groups: dict[str, list[str]] = {}
        keys = {
            name: "all" if len(actions) == len(self.made) else _name_group(groups, name, actions)
            for name, actions in sorted(self.lists.items(), key=lambda item: item[0] not in self.narrow)
        }
        made: dict[str, Any] = {name: {"actions": keys[name], **self.settings[name]} for name in self.lists}
        if GPT in made and PLUGIN not in self.without:
            made[PLUGIN] = {**made[GPT], **self.settings[PLUGIN]}
        if omit := {name: self.omit[name] for name in self.lists.get(COPILOT, ()) if name in self.omit}:
            made[COPILOT]["omit"] = omit
        for name, extra in list_extras(self.data, made).items():
            made[name] |= extra
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
        most = MOST_FUNCTIONS if surface == COPILOT else MOST_CHOSEN
        return [one.name for one in choose(self.ranked, most, apart)]

    def load(self, known: Validators | None) -> Model:
        """Return the catalogue's model. Data that does not load is repaired first."""
        self.write()
        model, _ = load(parse(render_yaml(self.data)), any_key=True, known=known)
        if model is None:
            model = remove_invalid_parts(self.data, self.notes, known)[1]
            self.asked = {}
            self.made = [one for one in self.made if one.name in self.data["actions"]]
        return model

    def omit_nested(self, model: Model) -> bool:
        """Withhold from Copilot the arguments that hold objects, and the actions that need one.

        All actions are looked at, because others than today's may be chosen later. Return True if something
        changed.
        """
        if COPILOT not in self.lists:
            return False
        names = {one.name for one in self.made}
        actions = tuple(action for action in model.actions if str(action.name) in names)
        every = replace(model.surfaces[COPILOT], actions=actions, omit={})
        surface, lost = without_nested(replace(model, surfaces={**model.surfaces, COPILOT: every}))
        styled = in_json(model, every, COPILOT)[0].omit  # what the build leaves out itself
        before = self.omit, dict(self.apart[COPILOT])
        kept = {str(action.name) for action in surface.actions}
        whole = {str(loss.origin[1]) for loss in lost if loss.gone == "form"} - surface.omit.keys()
        for loss in lost:
            name = str(loss.origin[1])
            if name in whole or name not in kept:
                self.apart[COPILOT].setdefault(name, loss.detail)
        self.omit = {
            str(name): list(omitted)
            for name, omitted in surface.omit.items()
            if name in kept - whole and omitted != styled.get(name, ())
        }
        return before != (self.omit, self.apart[COPILOT])

    def heed(self, objection: Objection) -> bool:
        """Remove the cause of a vendor's objection. Return True if that was possible."""
        surface, at = objection.surface, objection.at
        if surface == PLUGIN and surface not in self.without:
            self.without[surface] = self._reword(objection.message)
            return True
        if surface not in self.lists:
            return False
        most = objection.most
        if (most is not None and shorten(self.data, surface, at, most, self.notes)) or (
            objection.rule == ADDRESSES and leave_out_addresses(self.data, surface, at, self.notes)
        ):
            for name in (surface, PLUGIN):  # a shorter text of all cannot be too long for another vendor
                self.asked.pop(name, None)
            return True
        offered = self.lists[surface]
        names = self._find_refused(at)
        if names and not names & set(offered):
            return False
        for name in sorted(names):
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
            self.notes.infer(("surfaces",), f"{name} is left out: {why}")
        for name in self.lists:
            for action, why in self.apart[name].items():
                if action not in self.lists[name] and name not in self.narrow:
                    self.notes.infer(("surfaces", name), f"without `{action}`: {why}")
        chosen = ""
        narrow = [name for name in self.narrow if name in self.lists and name != COPILOT]
        if narrow:
            group = self.data["surfaces"][narrow[0]]["actions"]
            names = self.lists[narrow[0]]
            sharing = [name for name in narrow if self.data["surfaces"][name]["actions"] == group]
            takes = ", ".join(f"{name} takes {list_limits()[name]}" for name in sharing)
            chosen = f"{len(names)} of {len(self.made):,} actions: {summarize(self.ranked, names)}"
            at = ("groups", group)
            self.notes.infer(at, f"{chosen}; {takes}")
            self.notes.infer(at, RULE)
            self.notes.infer(
                at, f"to offer others, change this list; other surfaces can be `actions: {group}` too"
            )
            chosen += f". To offer others, change `groups.{group}`"
        if COPILOT in self.narrow and COPILOT in self.lists:
            fewer = self.data["surfaces"][COPILOT]["actions"]
            self.notes.infer(("groups", fewer), "by the same rule; Copilot chooses less well among more")
        elif len(self.lists.get(COPILOT, ())) > MOST_FUNCTIONS:
            said = f"which {MOST_FUNCTIONS} of these? Copilot chooses less well among more"
            self.notes.decide(("surfaces", COPILOT, "actions"), said)
        return Offer(self.without, chosen)


def _name_group(groups: dict[str, list[str]], surface: str, actions: list[str]) -> str:
    """Return the name of the group with these actions, which is added if it does not exist."""
    for name, held in groups.items():
        if held == actions:
            return name
    name = GROUP if surface != COPILOT and GROUP not in groups else f"{GROUP}_of_{surface}"
    groups[name] = actions
    return name


# -- objections of vendors


SECRET = "mcp/secret-argument"
ADDRESSES = "copilot/forbidden-text"


@dataclass(frozen=True, slots=True)
class Objection:
    """One refusal by the vendor of a surface, at a place of the catalogue."""

    surface: str
    at: Pointer
    message: str
    rule: str = ""
    """The id of the vendor's rule; empty if the build refuses."""
    most: int | None = None
    """The greatest number of characters, if a text is too long."""


def find_objections(
    model: Model, surfaces: Mapping[str, Any], choosing: Collection[str] = ()
) -> list[Objection]:
    """Return the refusals by the vendors of these surfaces, one for each place.

    For the surfaces in `choosing`, an argument that is a secret counts as a refusal.
    """
    ids = {
        id: target.surface
        for id, target in plan(model).items()
        if isinstance(target, Target) and target.surface in surfaces
    }
    found: dict[tuple[str, Pointer], Objection] = {}
    places: dict[tuple[int, int], Pointer] = {}
    for one in build(model, only=list(ids)).diagnostics if ids else ():
        limit = one.id.endswith("/limit")
        if one.severity != "error" and not limit:
            continue
        places = places or index_places(model.source)
        surface = ids.get("/".join(one.id.split("/")[:2])) or ""
        at = places.get((one.span.line, one.span.column), ())
        if limit and at[:1] not in (("actions",), ("schemas",)):
            continue
        found.setdefault((surface, at), Objection(surface, at, one.message, most=one.most))
    for objection in _find_hits(model, surfaces, choosing):
        found.setdefault((objection.surface, objection.at), objection)
    return list(found.values())


def _find_hits(model: Model, surfaces: Mapping[str, Any], choosing: Collection[str]) -> Iterator[Objection]:
    """Yield the errors of vendors' rules, and arguments by which a model would be asked for a secret."""
    for id, rule in rules().items():
        if id == SECRET:
            hits = list(rule.find(model))
            asking = {hit.origin[:2] for hit in hits}
            if 2 * len(asking) > len(list_model_actions(model)):
                # an argument that every operation has, such as Google's `access_token`, excludes no action
                continue
            for hit in hits:
                yield from (Objection(name, hit.origin, hit.message) for name in choosing)
        elif rule.severity == "error" and rule.surface in surfaces:
            for hit in rule.find(model):
                if (hit.severity or rule.severity) == "error":
                    yield Objection(str(rule.surface), hit.origin, hit.message, id)


def index_places(source: Source) -> dict[tuple[int, int], Pointer]:
    """Return, by line and column from 1, the pointer whose key begins there, otherwise the one whose value
    does.
    """
    found: dict[tuple[int, int], Pointer] = {}
    values: dict[tuple[int, int], Pointer] = {}
    level: list[tuple[Pointer, Place]] = [((), source.root)]
    while level:
        below: list[tuple[Pointer, Place]] = []
        for pointer, place in level:
            for (line, column), known in ((place.key, found), (place.value, values)):
                known.setdefault((line + 1, column + 1), pointer)
            below += (((*pointer, step), child) for step, child in (place.children or {}).items())
        level = below
    return {**values, **found}


class Users:
    """The actions that use each named schema, directly or through other schemas."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.actions: dict[str, set[str]] = {}
        self.schemas: dict[str, set[str]] = {}
        for section, found in (("actions", self.actions), ("schemas", self.schemas)):
            for name, value in data[section].items():
                for used in _list_references(value):
                    found.setdefault(used, set()).add(name)

    def of(self, schema: str) -> set[str]:
        """Return the names of the actions that use a schema."""
        using, waiting = {schema}, [schema]
        while waiting:
            more = self.schemas.get(waiting.pop(), set()) - using
            using |= more
            waiting += more
        return {action for name in using for action in self.actions.get(name, ())}


def _list_references(value: Any) -> set[str]:
    found: set[str] = set()
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if isinstance(ref := node.get("$ref"), str):
                found.add(ref)
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    return found


# -- other texts for one vendor


def shorten(data: dict[str, Any], surface: str, at: Pointer, most: int, notes: Notes) -> bool:
    """Write a shorter text for one surface, or for all if a surface cannot have its own.

    Return False if the value at the pointer is not a text, or has been shortened before.
    """
    holder, text = _find_text(data, at)
    if _own_text(at) is None and len(text) > most:
        holder[at[-1]] = fit(text, most)
        notes.add_lost(at, f"the text has {len(text):,} characters; {surface} takes {most:,}")
        return True
    return _write_own(data, surface, at, fit(text, most), f"{surface} takes {most:,} characters", notes)


def leave_out_addresses(data: dict[str, Any], surface: str, at: Pointer, notes: Notes) -> bool:
    """Write a text without web addresses and emoji for one surface.

    Return False if the surface cannot have a text of its own there, or has one.
    """
    _, text = _find_text(data, at)
    plain = without_addresses(text)
    why = f"{surface}'s store refuses web addresses and emoji"
    return plain != text and _write_own(data, surface, at, plain, why, notes)


def _find_text(data: dict[str, Any], at: Pointer) -> tuple[dict[Any, Any], str]:
    """Return the object that holds the text at a pointer, and the text; empty if no text is there."""
    holder: Any = data
    for step in at[:-1]:
        holder = holder.get(step) if isinstance(holder, dict) else None
    text = holder.get(at[-1]) if isinstance(holder, dict) else None
    return (holder, text) if isinstance(text, str) and at[-1] in ("description", "title") else ({}, "")


def _write_own(data: dict[str, Any], surface: str, at: Pointer, text: str, why: str, notes: Notes) -> bool:
    """Write a surface's own text in place of the one at a pointer. Return False if it cannot have one, or
    has one.
    """
    own = _own_text(at)
    if own is None or not text:
        return False
    texts = data["actions"][at[1]].setdefault("texts", {}).setdefault(surface, {})
    where = texts.setdefault("params", {}) if len(own) == 2 else texts
    if own[-1] in where:
        return False
    where[own[-1]] = text
    notes.infer(("actions", at[1], "texts"), f"from the description, as {why}")
    return True


def _own_text(at: Pointer) -> tuple[str, ...] | None:
    """Return the path below `texts.SURFACE` of a text that a surface can replace."""
    if at[:1] != ("actions",):
        return None
    if len(at) == 3:
        return (str(at[2]),)
    return ("params", str(at[3])) if len(at) == 5 and at[2] == "input" else None
