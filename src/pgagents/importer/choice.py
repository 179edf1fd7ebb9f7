"""Choose the actions of a large API that agents are offered: those of the resources that it is about.

A resource matters more, the more of the API has to do with it. The operations below its path count, and those
that name it in an argument; more so for a noun of the API's title, description and tags, and less for one
that stands deep in the paths. Directories such as `/api/admin` that most paths share say nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from pgagents.base.text import bare_path, brief, singular
from pgagents.base.verbs import ACTING_VERBS, VERBS_OR_NOUNS
from pgagents.importer.names import snake
from pgagents.importer.operations import PLACEHOLDER, ImportedAction

MOST_CHOSEN = 20
"""Number of actions that are chosen if the API has more than a vendor accepts.

Google recommends 10 to 20 functions, because models choose worse among more.
"""
RULE = (
    "the rule: the resources that the API is about, each with list, read, create, change and remove before "
    "the next one; nothing that is deprecated, in beta, internal, that installs, signs in, or is for "
    "administrators"
)
_MOST_ACTS = (3, 1)
"""The numbers of acts, such as `POST /users/{name}/server`, that the first resources get."""
_LEAST = 3
"""A resource with fewer usual actions gets acts in their place."""
_APART = re.compile(
    r"(?:^|(?<=[^a-z]))(?:admins?|internal|debug|experimental|beta|alpha|unstable|legacy|deprecated|oauth2?"
    r"|log[io]n|logout|sign[_-]?(?:in|out|up)|auth|authenticat(?:e|ion)|csrf(?:[_-]token)?|passwords?|sso|saml"
    r"|(?:un)?install(?:ation|er)?|upgrade|security|permissions?|roles?|health[a-z]*|heartbeat|livez|readyz"
    r"|ping|metrics|test[_-]helpers?)(?=[^a-z]|$)"
)
"""Words in paths, names and tags of operations that are internal, temporary, or for administrators: what
installs, signs in, or tells if the server is well.
"""
_PERSON = frozenset({"user", "account", "member", "person", "identity", "login"})
_RIGHTS = re.compile(
    r"/\{\}/(?:[a-z]+[_-])?(?:admins?|superuser|passwords?|impersonate|suspend|activate|deactivate)(?:/|$)"
)
"""Paths below an instance that give a person rights, or another password: an administrator's.

LNbits has `/users/api/v1/user/{user_id}/admin`, and no word of administration at the other operations there.
"""
_LACKING = re.compile(r"\bnot available (?:in|on|for)\b", re.I)
"""Matches a description that begins by saying who does not have the operation."""
_STANDARD = (
    ("collection", "GET"), ("collection", "QUERY"), ("item", "GET"), ("collection", "POST"),
    ("item", "PATCH"), ("item", "PUT"), ("item", "POST"), ("item", "DELETE"),
)  # fmt: skip
"""Places and methods of a resource's standard operations, in the order of choice: reads come first."""
_UPDATES = (("item", "PATCH"), ("item", "PUT"), ("item", "POST"))
_WORD = re.compile(r"[a-z]{3,}")
_NAMING_ENDS = ("", "s", "_id", "_ids", "_pk", "_name", "_key", "_uuid", "_slug", "_number", "id")
"""Ends of an argument's name behind the noun of the resource that it names."""


@dataclass(slots=True)
class Resource:
    """The actions of one collection: the standard ones by place and method, and the others."""

    path: str
    weight: int = 0
    """The number of actions that have to do with it."""
    administered: bool = False
    """True for users whose rights and passwords are set here, and for what is theirs: they come last."""
    standard: dict[tuple[str, str], ImportedAction] = field(default_factory=dict)
    others: list[ImportedAction] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The last part of the path that is not a placeholder."""
        return next((p for p in reversed(self.path.split("/")) if p and p != "{}"), "the API")

    @property
    def core(self) -> list[ImportedAction]:
        """The life cycle: list, read, create, the first that updates, and remove."""
        keys = [key for key in _STANDARD if key in self.standard]
        updating = [key for key in keys if key in _UPDATES][:1]
        return [self.standard[key] for key in keys if key not in _UPDATES or key in updating]

    @property
    def acts(self) -> list[ImportedAction]:
        """The other changes to an instance: first where a verb ends the path, then the shortest paths."""
        behind = [self.standard[key] for key in _UPDATES if key in self.standard]
        posts = [one for one in behind if one not in self.core and one.operation.method == "POST"]
        acts = [one for one in self.others if one.action["effect"] != "read" and _acts_on_instance(one)]
        return [*posts, *sorted(acts, key=lambda one: (not _ends_with_verb(one), path_of(one).count("/")))]

    def list_all(self) -> list[ImportedAction]:
        """Return all its actions."""
        return [*self.standard.values(), *self.others]

    @property
    def complete(self) -> bool:
        """True if an agent can find an instance and then act on it."""
        has = self.standard.keys()
        return ("item", "GET") in has or {("collection", "GET"), ("collection", "POST")} <= has


def rank_resources(made: Sequence[ImportedAction], about: str) -> list[Resource]:
    """Return the resources that agents may be offered: complete ones first, then by weight, and at the end
    what an administrator does with other users.

    `about` is the API's title and description.
    """
    said = {singular(word) for word in _WORD.findall(about.lower())}
    tagged = Counter(singular(snake(tag)) for one in made for tag in one.action.get("tags", ()))
    words = {one.name: _list_apart(one) for one in made}
    counts = Counter(word for several in words.values() for word in several)
    telling = {word for word, count in counts.items() if 2 * count <= len(made)}
    fitting = [one for one in made if not words[one.name] & telling] or list(made)
    found: dict[str, Resource] = {}
    paths = {path_of(one) for one in fitting}
    for one in fitting:
        _place(one, found, paths)
    below = Counter(above for one in made for above in accumulate(path_of(one).split("/"), "{}/{}".format))
    by_name: dict[str, set[str]] = {}
    for one in made:
        for name in one.action.get("input", {}):
            by_name.setdefault(snake(name), set()).add(one.name)
    paths_of = {one.name: path_of(one) for one in made}
    nearest: set[str] = set()
    for resource in sorted(found.values(), key=lambda r: (r.path.count("/"), r.path)):
        resource.weight = max(below[resource.path], len(resource.list_all()))
        noun = singular(snake(resource.name))
        if noun not in nearest:
            nearest.add(noun)
            naming = {one for end in _NAMING_ENDS for one in by_name.get(noun + end, ())}
            outside = (n for n in naming if not f"{paths_of[n]}/".startswith(resource.path + "/"))
            resource.weight += sum(1 for _ in outside) // 2
        rights = [path for path in below if path.startswith(resource.path + "/") and _RIGHTS.search(path)]
        resource.administered = noun in _PERSON - said and bool(rights)
        resource.weight *= 1 + 2 * (noun in said) + (noun in tagged)
        resource.weight //= 1 + resource.path.count("{}")
    _inherit(found)
    return sorted(found.values(), key=lambda r: (r.administered, not r.complete, -r.weight))


def _inherit(found: Mapping[str, Resource]) -> None:
    """Mark what stands below the persons that an administrator administers, such as their wallets."""
    administered = tuple(f"{path}/" for path, one in found.items() if one.administered)
    for path, one in found.items():
        one.administered = one.administered or path.startswith(administered)


def describe_api(data: Mapping[str, Any]) -> str:
    """Return the words of a catalogue's data that say what its API is about."""
    api = data["api"]
    return " ".join(str(api.get(key, "")) for key in ("title", "for_people", "for_models"))


def choose(resources: Sequence[Resource], most: int, without: frozenset[str]) -> list[ImportedAction]:
    """Return at most `most` actions, without those named in `without`.

    The last resource may be there in part: its reads come first.
    """
    chosen: list[ImportedAction] = []

    def take(candidates: Sequence[ImportedAction], at_most: int | None = None) -> None:
        if len(chosen) >= most:
            return
        new = [one for one in candidates if one.name not in without and one not in chosen]
        chosen.extend(new[: most - len(chosen)][:at_most])

    for place, resource in enumerate(resources):
        if len(chosen) >= most:
            break
        take(resource.core)
        count = max(*_MOST_ACTS[place : place + 1], 0, _LEAST - len(resource.core))
        take(resource.acts, count)
    for resource in resources:
        take([one for one in resource.others if one.action["effect"] == "read"])
    for resource in resources:
        take(resource.others)
    home = {one.name: place for place, held in enumerate(resources) for one in held.list_all()}
    return sorted(chosen, key=lambda one: home[one.name])


def _acts_on_instance(one: ImportedAction) -> bool:
    """True for `POST /users/{name}/server`; a plural at the end is a collection, and a PUT a setting."""
    path, method = path_of(one), one.operation.method
    last = path.rpartition("/")[2]
    return "{" in path and (_ends_with_verb(one) or (method == "POST" and singular(last) == last))


def _ends_with_verb(one: ImportedAction) -> bool:
    return snake(path_of(one).rpartition("/")[2]).partition("_")[0] in ACTING_VERBS | VERBS_OR_NOUNS


def path_of(one: ImportedAction) -> str:
    """Return the action's path, without the names of placeholders and what `bare_path` leaves out."""
    return PLACEHOLDER.sub("{}", bare_path(str(one.action["http"]).partition(" ")[2]))


def _list_apart(one: ImportedAction) -> set[str]:
    """Return the words by which an action is deprecated, or meant only for some callers."""
    words = " ".join([str(one.action["http"]), one.name, *map(str, one.action.get("tags", ()))]).lower()
    text = str(one.action["description"])
    old = {"deprecated"} if one.action.get("deprecated") or "deprecated" in text[:80].lower() else set()
    lacking = {"lacking"} if _LACKING.search(text[:500]) else set()
    return old | lacking | set(_APART.findall(words))


def _place(one: ImportedAction, found: dict[str, Resource], paths: set[str]) -> None:
    """Add an action to its resource."""
    method, path = one.operation.method, path_of(one)
    head = path
    while head.endswith("/{}"):
        head = head.removesuffix("/{}")
    if head != path:
        found.setdefault(head, Resource(head)).standard.setdefault(("item", method), one)
        return
    parent = path.rpartition("/")[0]
    acts_on_item = method != "GET" and parent.endswith("/{}") and f"{path}/{{}}" not in paths
    if not acts_on_item:
        home = _name_procedures(one) or path
        held = found.setdefault(home, Resource(home))
        if home == path and ("collection", method) not in held.standard:
            held.standard["collection", method] = one
        else:
            held.others.append(one)
        return
    while parent.endswith("/{}"):
        parent = parent.removesuffix("/{}")
    found.setdefault(parent, Resource(parent)).others.append(one)


def _name_procedures(one: ImportedAction) -> str:
    """Return the group of a procedure such as `/chat.postMessage`; empty for a path of a resource."""
    last = path_of(one).rpartition("/")[2]
    return last.rpartition(".")[0] if "." in last and one.operation.path.count("{") == 0 else ""


def summarize(resources: Sequence[Resource], names: Sequence[str]) -> str:
    """Describe a choice of actions by its resources: `files (5), folders (4)`."""
    chosen = set(names)
    counts: dict[str, int] = {}
    for resource in resources:
        if count := sum(one.name in chosen for one in resource.list_all()):
            counts[resource.name] = counts.get(resource.name, 0) + count
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    more = f", and {len(ordered) - 8} more" if len(ordered) > 8 else ""
    return ", ".join(f"{brief(name, 40)} ({count})" for name, count in ordered[:8]) + more
