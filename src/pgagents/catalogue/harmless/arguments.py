"""Arguments that a run withholds from a write that only a document describes; an author knows what his do.

A reference is an argument, a member or a map's key that names other things. Its name is an id, a noun of the
API or a role. It takes the id of a thing that the run has made, and no example of the document, as that is
somebody's.

An option is a flag, a choice or a number whose effect nothing explains. It keeps its default. A value that
the document shows is sent too, unless its name has reach or changes rights. A right is a text such as `role`.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pgagents.base.http import json_bytes
from pgagents.base.jsonschema.schema import resolve
from pgagents.base.jsonschema.walk import CONDITIONS, children
from pgagents.base.text import singular, split_words
from pgagents.catalogue.harmless.ids import NOBODY, list_numbers
from pgagents.catalogue.model.action import Action, Param
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.values import POWERS

Path = tuple[str, ...]
"""An argument's name and those of the members down to a value. A list has no step of its own."""
Own = Collection[tuple[str, Any]]
"""The run's own instances: the name of the resource, and the id."""
ANY = "*"
"""The step to a value of a map, whose keys no document lists."""
IF_MATCH = "if-match"
MOST_SCHEMAS = 4_000

IDS = frozenset(("id", "ids", "uuid", "uuids", "guid", "guids", "pk", "pks", "fk", "ref", "refs", "nr"))
_NUMBERED = frozenset((
    "article", "barcode", "ean", "gtin", "handle", "iban", "imei", "isbn", "key", "mmsi", "serial", "sku",
    "slug", "ssn", "upc", "vin",
))  # fmt: skip
"""Words of whole numbers that name a thing, where a quantity has another: `amount`, `copies`, `age`."""
THINGS = frozenset((
    "after", "ancestor", "before", "blocker", "child", "counterpart", "dependency", "destination",
    "downstream", "duplicate", "from", "into", "link", "linked", "master", "mirror", "neighbor", "neighbour",
    "next", "onto", "original", "other", "parent", "peer", "predecessor", "prerequisite", "prev", "previous",
    "related", "replace", "root", "sibling", "source", "subject", "successor", "supersede", "target", "to",
    "twin", "under", "upstream", "with",
))  # fmt: skip
"""Words, in the singular, of what a thing is to another of its kind."""
ROLES = THINGS | frozenset((
    "account", "approver", "assignee", "author", "beneficiary", "contact", "customer", "follower", "group",
    "leader", "manager", "member", "owner", "partner", "payee", "payer", "receiver", "recipient", "reporter",
    "reviewer", "sender", "supervisor", "team", "tenant", "user", "watcher",
))  # fmt: skip
"""Words, in the singular, of what a thing or a person is to another."""
_BESIDE = frozenset(("by", "for", "of", "under", "in"))
_TEXTS = frozenset((
    "date", "date-time", "time", "duration", "email", "idn-email", "hostname", "ipv4", "ipv6",
    "byte", "binary",
))  # fmt: skip
"""Formats of texts that are not ids."""
_PARTS = frozenset(("allOf", "anyOf", "oneOf"))
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_SCALARS = frozenset(("string", "integer", "number", "boolean"))
_STEP = re.compile(r"""(?=(?:\A|[/:])([A-Za-z][\w.-]*)(?:/|:|\(['"]?)([^/?#\s()'":]+))""")
"""Matches a noun and an id behind it, in a path, a URL, a resource name, a URN or a key of OData: `/notes/7`,
`notes/7`, `urn:app:note:7`, `Notes(7)`.
"""
_DIGITS_ALONE = re.compile(r"\^?#?(?:\\d|\[0-9\])(?:[+*]|\{\d+(?:,\d*)?\})?\$?")
"""Matches the pattern of a text that is a number, or refers to one as GitHub's issues do: `#7`."""
_NUMBER_BEHIND = re.compile(r"[/=:#?&]\d")
_MADE_UP = re.compile(rf"pgv[-_]?[0-9a-f]{{16}}|{NOBODY}", re.I)
"""Matches a run's mark, or nobody's id, both of 64 random bits and more."""

REACHING = frozenset((
    "absorb", "activate", "all", "any", "apply", "archive", "array", "atomic", "auto", "before", "broadcast",
    "bulk", "cascade", "cascading", "children", "clean", "cleanup", "clear", "close", "commit", "conflict",
    "confirm", "copy", "deactivate", "default", "delete", "deleted", "descendants", "destroy", "disable",
    "discard", "drop", "dry", "email", "empty", "erase", "every", "everyone", "everything", "exclusive",
    "execute", "existing", "expire", "exclude", "flush", "force", "forced", "global", "hard", "ignore",
    "immediate", "immediately", "import", "inherit", "invalidate", "keep", "kill", "lock", "logout", "merge",
    "migrate", "move", "notify", "older", "only", "others", "overwrite", "permanent", "permanently",
    "previous", "primary", "propagate", "prune", "public", "publish", "purge", "rebuild", "recalculate",
    "recursive", "recursively", "reindex", "remove", "reorder", "replace", "replaces", "reset", "restart",
    "retain", "revoke", "rotate", "run", "save", "send", "share", "shared", "shutdown", "siblings", "silent",
    "skip", "sms", "strict", "supersede", "supersedes", "swap", "sync", "synchronize", "terminate",
    "transfer", "trim", "truncate", "unassign", "unlink", "unpublish", "unset", "update", "upsert", "wipe",
    "within",
))  # fmt: skip
"""Words by which a flag, a choice or a number may reach beyond the thing that a call makes or changes."""
_FAR = frozenset((
    "clobber", "dedupe", "displace", "everywhere", "evict", "full", "mirror", "neighbors", "neighbours",
    "nuke", "oust", "rest", "scratch", "supplant", "takeover", "tenant", "zap",
))  # fmt: skip
"""Further words of a choice that reaches far, and not of a name: `mode: mirror`, `strategy: full`."""
_ORDERS = frozenset((
    "index", "order", "ordering", "ordinal", "pos", "position", "rank", "sequence", "slot", "sort",
))  # fmt: skip
"""Words of a number that gives a row the place of another one, and moves that, although answers show it:
`position` of Rails' acts_as_list, `order` of django-ordered-model, `order_column` of Laravel's
eloquent-sortable.
"""
_TREES = frozenset(("dir", "directory", "folder", "mountpoint", "path", "prefix", "root"))
"""Last words of a text that says where in a tree a thing is, with all that is below it."""
SELECTING = frozenset((
    "after", "before", "condition", "criteria", "criterion", "expression", "filter", "glob", "match",
    "matching", "newer", "older", "pattern", "predicate", "query", "range", "regex", "regexp", "search",
    "selector", "since", "sql", "until", "where",
))  # fmt: skip
"""Words of an optional text or date that chooses what a write works on."""
_MATCHING = SELECTING - {"after", "before", "newer", "older", "range", "since", "until"} | {
    "contain", "contains", "keyword", "keywords", "like", "matches", "patterns", "wildcard",
}  # fmt: skip
_TAGS = frozenset(("keyword", "keywords", "like"))
"""Those of `_MATCHING` that a new instance has as its own words, where it must have them."""
_SHORT = 4
"""Fewer letters and digits than these stand in what others have, or are a wildcard."""
_TEXTS_OF_THEIR_OWN = frozenset(("copy", "default", "email", "import", "previous", "primary", "save", "sms"))
"""Words with reach that a text may be named by because of what it says."""
_SMALL = frozenset(("and", "it", "on", "the", "to", "with"))
_ALL = frozenset(("all", "any", "every", "everyone", "everything", "full", "unlimited"))
"""Words of the choices that give every right."""
RIGHTS = frozenset((
    "access", "acl", "active", "admin", "administrator", "authority", "capability", "current", "default",
    "demote",
    "entitlement", "grant", "membership", "moderator", "owner", "ownership", "permission", "permit",
    "preferred", "primary", "privilege", "promote", "quota", "right", "role", "root", "scope", "setting",
    "staff", "sudo", "super", "superadmin", "superuser",
))  # fmt: skip
"""Words, in the singular, of what is written elsewhere too: rights, defaults, owners."""
_SWITCHES = frozenset(("activate", "rollback"))
_STATES = frozenset(("backup", "backups", "checkpoint", "checkpoints", "snapshot", "snapshots"))
_RETURNS = frozenset(("restore", "revert"))
"""Words of an action that changes others too: the theme that was active no longer is (Tyk Portal 5.14,
Ghost), and what came after a backup is gone (Home Assistant's Supervisor, 2026-11).
"""
_EVERYWHERE = frozenset(("everywhere", "global", "globally", "site", "sitewide", "system"))
"""Words of an action that sets something for all: `set_system_dark` of Superset 6.1.0, 2026-11-29."""
_OVER_OTHERS = frozenset((
    "dedupe", "deduplicate", "everyone", "isolate", "others", "outrank", "overtake", "preempt", "reorder",
    "rerank", "siblings", "solo", "steal", "supersede", "supplant", "swap", "takeover",
))  # fmt: skip
"""Words of an action that does something to the others of a kind, or takes a place from one."""
_PLACES = frozenset(("bottom", "down", "pos", "position", "rank", "top", "up"))
_MOVES = frozenset(("bring", "bump", "move", "shift"))
"""First words of an action that gives a row the place of another: `move-up`, `bring_to_top`, `position`."""
_FIRST = frozenset(("first", "front"))
_MAKES_FIRST = _MOVES | {"jump", "make", "put", "send"}
_BEHIND = re.compile(r".+ (?:everywhere|globally|older|rest)|(?:.* )?(?:to|for) (?:all|every|everything)")
"""Matches the words of an action whose last one means others: `apply-to-all`, `archive-rest`."""
_DEEDS = frozenset((
    "cleanup", "dedupe", "deduplication", "delete", "deletion", "erasure", "eviction", "flush", "merge",
    "overwrite", "prune", "pruning", "purge", "reset", "restore", "rollback", "sweep", "truncation", "wipe",
))  # fmt: skip
"""Words, in the singular, of resources each of which is a deed: `POST /purges` purges at once."""
_WORK = frozenset(("action", "job", "operation", "run", "task"))
_ORDERED = _WORK | {"cmd", "command", "execution", "op", "verb"}
"""Last words, in the singular, of what is done as soon as it is made, or of the member that says what is."""
_DONE_TO_ALL = _DEEDS | {"burn", "drain", "format", "revert", "shred", "uninstall", "vacuum"}
"""Further words of a choice there that reaches far."""
_SAYS_WHAT = frozenset(("function", "handler", "kind", "method", "name", "type", "what", "which"))
"""Members that say what is done where the noun is one of `_ORDERED`: a job's `kind`, not its `visibility`."""
_AGES = frozenset((
    "cleanup", "eviction", "expiration", "expiry", "lifecycle", "pruning", "purge", "retention",
))  # fmt: skip
"""Words of a rule whose numbers say what goes: `POST /retention-policies` by `days: 8` removed eight rows."""
_AROUND = ("as", "id", "ids", "is", "make", "set")


def find_right(name: str) -> str:
    """Return the word of a name by which it changes rights or a default: `admin` of `is_admin`; else nothing.

    Such a word is the first or the last one: `roles`, `role_id`, `set-default`, and not `scope_note_text`.
    What somebody `can` do is a right, too.
    """
    words = [singular(word) for word in split_words(name) if word not in _AROUND]
    if words[:1] == ["can"] and words[1:]:
        return "can"
    return next((word for word in (*words[-1:], *words[:1]) if word in RIGHTS and len(words) < 3), "")


@dataclass(frozen=True, slots=True)
class Withheld:
    """One argument of a write, or a member of one, of which a run sends only some values.

    `wire` is the path as sent. `resource` is the one whose ids a reference takes, as far as its name tells.
    `shown` are the values that are sent, as JSON. `at` is the place of a value that is not sent.
    """

    path: Path
    wire: Path
    place: str
    kind: Literal["reference", "option", "right"]
    resource: str = ""
    shown: frozenset[bytes] = frozenset()
    at: Path = ()
    texts: bool = False
    """True if each text is sent: a noun of the API alone names a text, such as the title of a title."""
    words: bool = False
    """True if any word may be a name: a text is sent only if a run has made it up, or if it is `named`."""
    named: frozenset[bytes] = frozenset()
    """The words without a digit that the document shows for a reference, as JSON: a noun's own texts."""

    @property
    def label(self) -> str:
        """The argument's dotted name."""
        return ".".join(self.path)

    @property
    def why(self) -> str:
        """The end of a sentence about what its values may do."""
        return {
            "reference": "may name what is not the run's own",
            "option": "may reach beyond what the call makes",
            "right": "may change rights",
        }[self.kind]

    def takes(self, value: Any, own: Own) -> bool:
        """True if a value reaches nothing of others."""
        if (
            isinstance(value, list)
            and (value or self.kind != "option")
            and json_bytes(value) not in self.shown
        ):
            return all(self.takes(item, own) for item in value)
        if self.kind == "reference":
            return self._names_own(value, own)
        gives = not isinstance(value, str) or not (POWERS | _ALL).isdisjoint(split_words(value[:100]))
        return json_bytes(value) in self.shown or (self.kind == "right" and not gives)

    def _names_own(self, value: Any, own: Own) -> bool:
        if value is None or value is False or value in ("", "{}") or (self.texts and isinstance(value, str)):
            return True
        same = (
            resource
            for resource, id in own
            if id == value and isinstance(id, bool) is isinstance(value, bool)
        )
        if any(resource == self.resource or not list_numbers(value) for resource in same):
            return True
        if self.words and isinstance(value, str) and not _MADE_UP.search(value):
            return json_bytes(value) in self.named
        behind = isinstance(value, str) and _NUMBER_BEHIND.search(value)
        return not (list_numbers(value) or behind or json_bytes(value) in self.shown)


class Harmless:
    """Says of the writes of one model what is withheld. Its results are computed once an action."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._found: dict[str, dict[Path, Withheld | None]] = {}
        self._listed: dict[str, dict[Path, frozenset[bytes] | None]] = {}
        """By action and path, the short texts that choose nothing, as JSON; None if no text there does."""
        self._members: dict[str | int, frozenset[str]] = {}
        """The members of answers, by the name of their schema or its identity."""
        steps = (step for action in model.actions for step in self._list_steps(action))
        words = (split_words(text)[-1:] for text in (*model.resources, *steps))
        self._nouns = frozenset(singular(word[0]) for word in words if word)
        """The nouns of the API, in the singular: the last words of its resources and its paths' steps."""
        self._made = {
            singular(split_words(name)[-1]): str(name)
            for name, resource in model.resources.items()
            if resource.made_by is not None and split_words(name)
        }
        creates = (resource.made_by for resource in model.resources.values())
        self._makers = frozenset(id(call.action) for call in creates if call is not None)

    def _list_steps(self, action: Action) -> list[str]:
        """Return the steps of a path, without one that names a value: `GET /recordings/status` answers
        `{status: Stopped}` (WireMock 3.13.2), and a response's `status: 200` names nothing of others.
        """
        *steps, last = _PLACEHOLDER.sub("", str(action.path)).split("/")
        answers = (o.schema for o in action.outputs if o.schema is not None and 200 <= o.status < 300)
        members = [resolve(answer, self.model.schemas).get("properties", {}).get(last) for answer in answers]
        kinds = [_list_types(resolve(one, self.model.schemas)) for one in members if one is not None]
        is_value = action.effect == "read" and kinds and all(k <= _SCALARS and k for k in kinds)
        return steps if is_value else [*steps, last]

    def say_action(self, action: Action) -> str:
        """Return why an action may change rights or defaults beyond the instance that it names.

        Empty if nothing says so, or if an author describes its resource.
        """
        if action.effect != "write" or action.path is None:
            return ""
        named = [self.model.resources.get(p.refers_to or "") for p in action.params if p.place == "path"]
        moves = (m for r in self.model.resources.values() for m in r.moves if m.action is action)
        inferred = any(resource is not None and resource.inferred for resource in named)
        if deed := self._find_deed(action):
            return f"its path says `{deed}`"
        if not inferred or any(not move.inferred for move in moves):
            return ""
        behind = str(action.path).partition("}")[2]
        parts = [part for part in behind.split("/") if part and "{" not in part]
        elsewhere = self._list_elsewhere(action)
        words = (find_right(part) or _find_far(part, elsewhere) for part in parts)
        word = next(filter(None, words), "")
        return f"its path says `{word}`" if word else ""

    def _list_elsewhere(self, action: Action) -> frozenset[str]:
        """Return the words of a step behind an instance by which a call changes others too."""
        before = split_words(str(action.path).partition("}")[0])
        return _SWITCHES | (_RETURNS if _STATES.intersection(before) else frozenset())

    def _find_deed(self, action: Action) -> str:
        """Return the word by which what an action makes is a deed, and not only for an own instance."""
        made = [r for r in self.model.resources.values() if r.made_by and r.made_by.action is action]
        around = (self.model.resources.get(p.refers_to or "") for p in action.params if p.place == "path")
        if not made or not all(r.inferred for r in made) or any(r and r.made_by for r in around):
            return ""
        words = [singular(word) for word in split_words(str(action.path).rpartition("/")[2])]
        while words[1:] and words[-1] in _WORK:
            words.pop()
        return next((word for word in (*words[-1:], "".join(words[-2:])) if word in _DEEDS), "")

    def list_withheld(self, action: Action) -> tuple[Withheld, ...]:
        """Return what a run does not send of a write; empty if no document describes it."""
        return tuple(one for one in self._judge(action).values() if one is not None)

    def list_references(self, action: Action) -> dict[str, str]:
        """Return the arguments that take the id of a resource that the run makes, each with its name."""
        found = {one.path[0]: one.resource for one in self.list_withheld(action) if len(one.path) == 1}
        return {
            name: resource
            for name, resource in found.items()
            if resource and len(self.model.resources[resource].ids) == 1
            if (param := action.param(name)) is not None
            if "items" not in resolve(param.schema, self.model.schemas)
        }

    def find_reaching(self, action: Action, values: Mapping[str, Any], own: Own = ()) -> list[Withheld]:
        """Return the arguments whose values may reach what is not the run's own, each with its place."""
        if not self.model.leaves_open or action.effect != "write":
            return []
        found: dict[Path, Withheld] = {}
        for param in action.params:
            name = str(param.name)
            if name in values and not self._is_guarded(action, param):
                self._walk(values[name], (name,), (name,), param, action, own, found)
        return list(found.values())

    def _walk(
        self,
        value: Any,
        path: Path,
        at: Path,
        param: Param,
        action: Action,
        own: Own,
        found: dict[Path, Withheld],
    ) -> None:
        """Add what may reach others in a value; `path` is its place in the document, `at` in the call."""
        known = self._judge(action)
        described = known.get(path)
        if isinstance(value, Mapping) and (described is None or described.kind == "reference"):
            for name, inner in value.items():
                step = (*path, str(name)) if (*path, str(name)) in known else (*path, ANY)
                place = (*at, str(name))
                if step[-1] == ANY and list_numbers(name) and not any(str(id) == name for _, id in own):
                    found[place] = Withheld(
                        step if step in known else path[:1], (), param.place, "reference", at=place
                    )
                self._walk(inner, step, place, param, action, own, found)
        elif isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
            for item in value:
                self._walk(item, path, at, param, action, own, found)
        elif _is_json(value) and at not in found:
            one = known[path] if path in known else self._judge_by_name(at, value, param)
            if path in known and isinstance(value, int | float) and value is not False:
                # `options: true` may set each of them, and `edges: true` be read as the number 1
                inside = (o for p, o in known.items() if o and p[: len(path)] == path)
                inner = (o for o in inside if o.kind != "right")
                one = one or next(inner, None)
            if one is None and self._points(value, own):
                one = Withheld(path if path in known else path[:1], (), param.place, "reference")
            elif one is not None and one.takes(value, own):
                one = None
            listed = self._listed.get(str(action.name), {}).get(path, frozenset())
            matches = listed is not None and _matches_others(at, value, listed)
            if one is None and (matches or _is_above_others(at, value)):
                one = Withheld(path if path in known else path[:1], (), param.place, "option")
            if one is not None:
                found[at] = replace(one, at=at)

    def _judge_by_name(self, at: Path, value: Any, param: Param) -> Withheld | None:
        """Judge a value that no schema describes: of a map, or in a schema inside itself."""
        first = value[0] if isinstance(value, list) and value else value
        is_text = isinstance(first, str)
        kind = {"string" if is_text else "integer"}
        if self._is_reference(at[-1], {}, kind, listed=isinstance(value, list)):
            return Withheld(at[:1], (), param.place, "reference")
        if at[1:] and not is_text and first is not None and (_reaches(at) or find_right(at[-1])):
            return Withheld(at[:1], (), param.place, "option")
        return None

    def _points(self, value: Any, own: Own) -> bool:
        """True if a text is a path or a URL to a thing of the API that is not the run's own: `/notes/7`."""
        texts = [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
        steps = (step for text in texts if not re.search(r"\s", text) for step in _STEP.findall(text[:2_000]))
        ids = {str(id) for _, id in own}
        return any(
            singular(words[-1]) in self._nouns and id not in ids and not id.startswith("{")
            for noun, id in steps
            if (words := split_words(noun)) and list_numbers(id)
        )

    # -- what a document says of an argument

    def _is_guarded(self, action: Action, param: Param) -> bool:
        """True if other rules know the argument: the gate knows ids of resources, the call its own key."""
        resource = self.model.resources.get(param.refers_to or "")
        own = resource is not None and resource.made_by is not None
        if param.place == "header" and param.wire.lower() == IF_MATCH:
            return True  # a condition makes a write do less, never more
        # a call that names no instance at all is not sent
        linked = param.place == "path" and (param.refers_to or not any(p.refers_to for p in action.params))
        return own or bool(linked) or str(param.name) in (action.idempotency, action.if_match)

    def _judge(self, action: Action) -> dict[Path, Withheld | None]:
        """Return each value of a write that the document describes; None if any may be sent."""
        if not self.model.leaves_open or action.effect != "write":
            return {}
        name = str(action.name)
        if name not in self._found:
            stored, found = self._list_stored(action), self._found.setdefault(name, {})
            for param in action.params:
                if not self._is_guarded(action, param):
                    for path, schema, needed, listed in self._list_leaves(
                        param.schema, (str(param.name),), param.required
                    ):
                        one = self._judge_leaf(
                            action, param, path, schema, stored, needed=needed, listed=listed
                        )
                        if found.get(path) is None or (one is not None and one.kind == "reference"):
                            found[path] = one
                        for length in range(1, len(path)):
                            found.setdefault(path[:length], None)
                        self._note_listed(action, param, path, schema, needed=needed)
        return self._found[name]

    def _note_listed(
        self, action: Action, param: Param, path: Path, schema: Mapping[str, Any], *, needed: bool
    ) -> None:
        """Note the short texts at a path that choose nothing: those that the schema lists, and of what a new
        instance must have those that the document shows.
        """
        choices = schema.get("enum")
        texts = [
            *(choices if isinstance(choices, list) else ()),
            *([schema["const"]] if "const" in schema else ()),
        ]
        makes = needed and id(action) in self._makers
        if makes:
            texts += _list_shown(action, param, path, schema)
        listed = self._listed.setdefault(str(action.name), {})
        before = listed.get(path, frozenset())
        is_own = makes and not _TAGS.isdisjoint(split_words(path[-1]))
        listed[path] = None if is_own or before is None else before | _encode(texts)

    def _judge_leaf(
        self,
        action: Action,
        param: Param,
        path: Path,
        schema: Mapping[str, Any],
        stored: Collection[str],
        *,
        needed: bool,
        listed: bool,
    ) -> Withheld | None:
        name = next((step for step in reversed(path) if step != ANY), "")
        types, wire = _list_types(schema), (param.wire, *path[1:])
        if param.place == "path":
            return self._judge_step(action, path, wire, schema, name)
        is_kept = param.in_body and ".".join(path[-2:]) in stored
        # whole numbers that answers never show are mostly ids, also as the body itself: `[7, 9]`
        counts = not listed and split_words(name)[-1:] and split_words(name)[-1] not in _NUMBERED
        digits = types == {"string"} and _DIGITS_ALONE.fullmatch(str(schema.get("pattern", "")))
        numbers = (
            split_words(name)
            and not (counts or is_kept or "maximum" in schema)
            and (types == {"integer"} or digits)
        )
        if numbers or self._is_reference(name, schema, types, listed=listed):
            return self._make_reference(action, param, path, schema, name)
        right, reach = find_right(name), _reaches(path)
        is_text = "string" in types and ("enum" not in schema or needed)
        choices = [schema["const"]] if "const" in schema and not needed else schema.get("enum")
        is_option = choices is not None or bool(types & {"boolean", "integer", "number"} or digits)
        if is_text and right:
            return Withheld(path, wire, param.place, "right")
        is_stored = is_kept and not right
        choices = choices if isinstance(choices, list) else []
        ordered = self._is_ordered(action, name)
        far = any(_is_far(choice, ordered=ordered) for choice in choices)
        selects = not (needed or is_stored) and (
            not SELECTING.isdisjoint(split_words(name)) or ("string" in types and _is_flag(name))
        )
        numeric = bool(types & {"integer", "number"})
        moves = not needed and numeric and {*split_words(name)} & _ORDERS
        is_stored = is_stored and not moves and not (ordered and far)
        reach = reach or (numeric and _removes_by_age(action))
        if not selects and (not is_option or (not reach and (is_stored or (needed and not far)))):
            return None
        shown = [schema["default"]] if "default" in schema else []
        if param.required:
            near = [choice for choice in choices if not _is_far(choice, ordered=ordered)]
            shown += choices if len(choices) == 1 else near
        shown += [False] if param.required and "boolean" in types else ()
        if not reach and not right:
            shown += _list_shown(action, param, path, schema)
        return Withheld(path, wire, param.place, "option", shown=_encode(shown))

    def _judge_step(
        self, action: Action, path: Path, wire: Path, schema: Mapping[str, Any], name: str
    ) -> Withheld | None:
        """Judge an argument of a path, by which alone a server may find the thing."""
        types = _list_types(schema)
        if choices := schema.get("enum"):  # `/notes/{id}/{action}`
            elsewhere = self._list_elsewhere(action)
            near = [c for c in choices if not (find_right(str(c)) or _find_far(str(c), elsewhere))]
            is_far = len(near) < len(choices)
            return Withheld(path, wire, "path", "option", shown=_encode(near)) if is_far else None
        if "const" in schema or schema.get("format") in _TEXTS or types == {"boolean"}:
            return None
        return Withheld(path, wire, "path", "reference", self._find_resource(name), words="string" in types)

    def _is_ordered(self, action: Action, name: str) -> bool:
        """True if an argument's choice says what is done as soon as a call succeeds: a job's, a command."""
        made = (n for n, r in self.model.resources.items() if r.made_by and r.made_by.action is action)
        says_what = {*split_words(name)} <= _SAYS_WHAT | _ORDERED
        nouns = (name, *map(str, made if says_what else ()))
        return any(singular(word) in _ORDERED for noun in nouns for word in split_words(noun)[-1:])

    def _make_reference(
        self, action: Action, param: Param, path: Path, schema: Mapping[str, Any], name: str
    ) -> Withheld:
        """Return the rule of an argument that names other things."""
        types, last = _list_types(schema), split_words(name)[-1]
        shown, named = _list_shown(action, param, path, schema), frozenset[bytes]()
        if last not in IDS and schema.get("format") != "uuid":
            every, shown = shown, [one for one in shown if re.search(r"\d", str(one))]
            named = _encode(every) - _encode(shown)
        texts = (
            types == {"string"}
            and "format" not in schema
            and last not in IDS
            and singular(last) not in ROLES
            and len(split_words(name)) == 1
            and not _DIGITS_ALONE.fullmatch(str(schema.get("pattern", "")))
        )
        resource, wire = "" if texts else self._find_resource(name), (param.wire, *path[1:])
        words = not texts and "string" in types and "format" not in schema
        return Withheld(
            path, wire, param.place, "reference", resource, _encode(shown), (), texts, words, named
        )

    def _is_reference(
        self, name: str, schema: Mapping[str, Any], types: Collection[str], *, listed: bool
    ) -> bool:
        """True if an argument names other things: by its name, and by a type that ids have.

        A number that is not in a list, under a noun in the plural, counts things: `copies: 3`.
        """
        words = split_words(name)
        scalar = set(types) & {"integer", "number", "string"} or not (types or schema.keys() & _PARTS)
        if not words or not scalar or "enum" in schema or schema.get("format") in _TEXTS:
            return False
        last = words[-1] if words[-1] in IDS else singular(words[-1])
        counts = not listed and last != words[-1] and "string" not in types
        named = not IDS.isdisjoint((last, *words)) or last in ROLES or (last in self._nouns and not counts)
        return named or words[0] in ("into", "onto") or (len(words) > 1 and words[-1] in _BESIDE)

    def _find_resource(self, name: str) -> str:
        """Return the resource whose ids a reference takes: of its noun, or the only one that is made.

        An API's only resource is meant by `into` or `parent_id`, and not by `owner_id`.
        """
        words = [singular(word) for word in split_words(name) if word not in IDS]
        noun = next((self._made[word] for word in reversed(words) if word in self._made), "")
        alone = len(self._made) == 1 and all(word in THINGS for word in words)
        return noun or (next(iter(self._made.values())) if alone else "")

    def _list_leaves(
        self, schema: Mapping[str, Any], path: Path, needed: bool
    ) -> Iterator[tuple[Path, Mapping[str, Any], bool, bool]]:
        """Yield path and schema of each value without members, whether a value must have it, and whether it
        is an item of a list.

        Each alternative of a value is one. A schema inside itself is left out: its values are judged by name.
        """
        waiting = deque([(path, schema, needed, False, frozenset[str](), frozenset[str]())])
        for _ in range(MOST_SCHEMAS):
            if not waiting:
                return
            path, schema, needed, listed, must, seen = waiting.popleft()
            name = str(schema.get("$ref", ""))
            if name and name in seen:
                continue
            here = _join_choices(resolve(schema, self.model.schemas), self.model.schemas)
            below, has_members = seen | {name}, False
            given = here.get("required")
            must = must | frozenset(map(str, given)) if isinstance(given, list | tuple) else must
            for child in children(here):
                key, part = child.keyword, child.schema
                if not isinstance(part, Mapping) or key in CONDITIONS:
                    continue
                if child.kind == "member":
                    step = str(child.steps[1]) if key == "properties" else ANY
                    waiting.append(((*path, step), part, needed and step in must, False, frozenset(), below))
                elif child.kind in ("value", "item"):
                    waiting.append((path, part, needed, listed or child.kind == "item", must, below))
                has_members |= child.kind == "member" or key in ("items", "prefixItems")
            if not has_members:
                yield path, here, needed, listed

    def _list_stored(self, action: Action) -> frozenset[str]:
        """Return the members of what a call makes or changes, each as a dotted path of its answers."""
        named = {param.refers_to for param in action.params if param.refers_to}
        about = [
            r
            for r in self.model.resources.values()
            if r.name in named or (r.made_by is not None and r.made_by.action is action)
        ]
        calls = [action, *(call.action for r in about for call in (*r.read_by, *r.listed_by))]
        schemas = [
            o.schema for one in calls for o in one.outputs if 200 <= o.status < 300 and o.schema is not None
        ]
        return frozenset[str]().union(*map(self._list_members, schemas))

    def _list_members(self, schema: Mapping[str, Any]) -> frozenset[str]:
        """Return the members of an answer, each as a dotted path, with its first step and without."""
        # most answers are of a few named schemas, and those of Stripe have 4,000 parts each
        key = str(schema["$ref"]) if schema.keys() == {"$ref"} else id(schema)
        if key not in self._members:
            leaves = [path for path, *_ in self._list_leaves(schema, (), needed=False)]
            self._members[key] = frozenset(
                ".".join(path[start:]) for path in leaves for start in range(min(2, len(path)))
            )
        return self._members[key]


def _find_far(part: str, elsewhere: frozenset[str]) -> str:
    """Return the word of a step by which a call changes more than what stands before it."""
    words = split_words(part)
    far = elsewhere | _OVER_OTHERS
    far |= _EVERYWHERE if words[:1] and words[0] in _AROUND else frozenset()
    far |= _PLACES if len(words) == 1 or (words[:1] and words[0] in _MOVES) else frozenset()
    far |= _FIRST if words[:1] and words[0] in _MAKES_FIRST else frozenset()
    if _BEHIND.fullmatch(" ".join(words)):
        return words[-1]
    return next((word for word in (*words, "".join(words)) if word in far), "")


def _removes_by_age(action: Action) -> bool:
    """True if what a call makes or changes says when all of a kind go: a policy of retention."""
    steps = [step for step in str(action.path).split("/") if step and "{" not in step]
    return any(not _AGES.isdisjoint(map(singular, split_words(step))) for step in steps[-1:])


def _reaches(path: Sequence[str]) -> bool:
    """True if a word of an argument's name, or of its member's, says that it may reach beyond one thing."""
    return any(word in REACHING for step in path for word in split_words(step))


def _is_far(choice: Any, *, ordered: bool) -> bool:
    words = split_words(str(choice))
    further = _FAR | _DONE_TO_ALL if ordered else _FAR
    return _reaches((str(choice),)) or not further.isdisjoint(words)


def _is_flag(name: str) -> bool:
    """True for the name of a text that a server may read as a flag, where any text is true: `replace_all`."""
    words = frozenset(split_words(name)) - _SMALL
    return bool(words) and words <= REACHING - _TEXTS_OF_THEIR_OWN


def _join_choices(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema whose alternatives with listed values are one list of choices: `anyOf` of `const`."""
    for key in ("anyOf", "oneOf"):
        given = schema.get(key)
        parts = [resolve(part, schemas) for part in given or () if isinstance(part, Mapping)]
        listed = [part for part in parts if {"const", "enum"} & part.keys()]
        if len(listed) > 1:
            choices = [c for part in listed for c in ([part["const"]] if "const" in part else part["enum"])]
            return {**schema, "enum": choices, key: [part for part in parts if part not in listed]}
    return schema


def _list_types(schema: Mapping[str, Any]) -> frozenset[str]:
    types = schema.get("type")
    if types is None and "enum" in schema:
        return frozenset(("string",))
    return frozenset((types,)) if isinstance(types, str) else frozenset(types or ())


def _list_shown(action: Action, param: Param, path: Path, schema: Mapping[str, Any]) -> list[Any]:
    """Return the values that the document gives an argument, as examples too."""
    found: list[Any] = []
    for one in (schema, *((param.schema,) if len(path) == 1 else ())):
        examples = one.get("examples")
        found += [one[key] for key in ("default", "example", "const") if key in one]
        found += examples if isinstance(examples, list) else ()
    for example in action.examples:
        found += _list_at(example.input, path) if example.status < 300 else ()
    return found


def _list_at(values: Any, path: Sequence[str]) -> list[Any]:
    """Return the values at a path. A list on the way stands for each of its items."""
    if not path:
        return [values]
    if isinstance(values, list):
        return [found for item in values for found in _list_at(item, path)]
    return _list_at(values[path[0]], path[1:]) if isinstance(values, Mapping) and path[0] in values else []


def _encode(values: Sequence[Any]) -> frozenset[bytes]:
    """Return values as JSON, and the items of those that are lists, which may be sent alone."""
    return frozenset(
        json_bytes(form)
        for value in values
        for form in (value, *(value if isinstance(value, list) else ()))
        if _is_json(form)
    )


def _is_above_others(at: Path, value: Any) -> bool:
    """True if a text in a member such as `path` may hold what others have: with what has the path "" or "/",
    a file server removes all.
    """
    in_tree = isinstance(value, str) and _TREES.intersection(split_words(at[-1])[-1:])
    return bool(in_tree) and not re.search(r"\w", str(value))


def _matches_others(at: Path, value: Any, listed: Collection[bytes]) -> bool:
    """True if a text in a member such as `contains` is so short that it fits what others have: `0`, `*`."""
    texts = [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
    return not _MATCHING.isdisjoint(split_words(at[-1])) and any(
        len(re.findall(r"\w", text)) < _SHORT and json_bytes(text) not in listed for text in texts
    )


def _is_json(value: Any) -> bool:
    """True unless a value is replaced by a live id or a new value when the call is sent."""
    if isinstance(value, dict | list):
        return all(map(_is_json, value.values() if isinstance(value, dict) else value))
    return value is None or isinstance(value, str | int | float)


def leave_out(values: Mapping[str, Any], path: Sequence[str]) -> dict[str, Any]:
    """Return the values without the member at a path."""
    return {
        name: _without(value, path[1:]) if name == path[0] else value
        for name, value in values.items()
        if name != path[0] or len(path) > 1
    }


def _without(value: Any, path: Sequence[str]) -> Any:
    if isinstance(value, list):
        return [_without(item, path) for item in value]
    return leave_out(value, path) if isinstance(value, Mapping) else value


def put_text(value: Any, path: Sequence[str], text: str, keeps: Callable[[str], bool]) -> Any:
    """Return a value with one text instead of each that stands at a path and is not kept."""
    if isinstance(value, list):
        return [put_text(item, path, text, keeps) for item in value]
    if path and isinstance(value, Mapping):
        step, *rest = path
        return {n: put_text(v, rest, text, keeps) if n == step else v for n, v in value.items()}
    return text if not path and isinstance(value, str) and not keeps(value) else value
