"""Makes small catalogues that differ from each other: what a fleet of many teams would have.

A number decides the names, the kinds and their members, the keys, the errors, and the pages of lists. It
decides how an instance ends: by a DELETE, by an action that closes it, or never, where callers only read.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

NOUNS = (
    "note", "task", "ticket", "parcel", "room", "bike", "recipe", "song", "plant", "visit", "invoice", "lamp",
    "sensor", "route", "pier", "lesson", "goal", "poem", "badge", "quote", "seat", "crate", "field", "trip",
    "kiln", "loan", "meter", "photo", "rack", "tent", "valve", "wagon", "yacht", "brick", "coin", "drone",
)  # fmt: skip
PLACES = ("north", "south", "harbour", "hill", "river", "garden", "market", "station", "island", "valley")
FAULTS = (
    (), (), (), ("accept-unknown-member",), (), (), ("absent-as-invalid",), (), (),
    ("content-type-of-errors",), (),
)  # fmt: skip
"""The faults of the servers in turn, so that not all verdicts are alike."""
ENDINGS = ("delete", "delete", "close", "delete", "none")
VENDORS = ("anthropic", "gemini", "xai")
CLOSED = "closed"
LINE = {"type": "string", "minLength": 1, "maxLength": 80}

_EXTRA: Mapping[str, tuple[dict[str, Any], Any]] = {
    "pieces": ({"type": "integer", "minimum": 1, "maximum": 40}, 3),
    "price_cents": ({"type": "integer", "minimum": 0, "maximum": 90_000}, 1200),
    "weight_kg": ({"type": "number", "minimum": 0.5, "maximum": 80}, 2.5),
    "colour": ({"type": "string", "enum": ["red", "green", "blue"]}, "green"),
    "urgent": ({"type": "boolean"}, True),
    "due_on": ({"type": "string", "format": "date"}, "2026-03-01"),
    "tags": (
        {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 20}, "maxItems": 4},
        ["new"],
    ),
    "remark": ({"type": "string", "minLength": 1, "maxLength": 60}, "By hand"),
}  # fmt: skip
"""Members that a kind may have: the schema, and a value of the examples."""
_SCHEMES: tuple[dict[str, Any] | None, ...] = (
    {"prefixes": {"test_": "test", "live_": "live"}},
    {"type": "api_key", "in": "header", "name": "X-API-Key", "prefixes": {"try_": "test"}},
    None,
    {"type": "api_key", "in": "query", "name": "api_key", "prefixes": {"test_": "test"}},
    {
        "type": "api_key", "in": "header", "name": "Authorization", "value": "Token {key}",
        "prefixes": {"t_": "test"},
    },
)  # fmt: skip
"""The place of a key; None where no call needs one."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of instance. `main` is the member that each has, `id` that by which it is named."""

    noun: str
    id: str
    main: str
    extra: tuple[str, ...]
    ending: str
    paged: bool
    bare: bool
    wrapped: bool
    changes: bool

    @property
    def plural(self) -> str:
        """The name of several."""
        return f"{self.noun}es" if self.noun.endswith("s") else f"{self.noun}s"

    @property
    def schema(self) -> str:
        """The name of the schema."""
        return self.noun.capitalize()

    @property
    def argument(self) -> str:
        """The argument that names one."""
        return f"{self.noun}_id"


class _Dumper(yaml.SafeDumper):
    """Writes no anchors, which a catalogue may not have."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def write_catalogue(number: int) -> str:
    """Return the text of the catalogue of that number."""
    return yaml.dump(make_catalogue(number), Dumper=_Dumper, sort_keys=False, width=120)


def make_catalogue(number: int) -> dict[str, Any]:
    """Return the catalogue of that number; the same one for the same number."""
    chance = random.Random(number)
    count = 2 if number % 6 == 5 else 1
    kinds = [_make_kind(chance, noun, number + at) for at, noun in enumerate(chance.sample(NOUNS, count))]
    scheme = _SCHEMES[number % len(_SCHEMES)]
    place = chance.choice(PLACES)
    names = " and ".join(kind.plural for kind in kinds)
    refused = chance.choice((400, 422))
    catalogue: dict[str, Any] = {
        "pgagents": 1,
        "api": {
            "id": f"{place}{kinds[0].plural}{number}",
            "title": f"{place.capitalize()} {names} {number}",
            "version": f"{number % 4}.{number % 7}.0",
            "server": f"https://{place}{number}.example",
            "contact": f"agents@{place}{number}.example",
            "logo": f"https://{place}{number}.example/logo.svg",
            "terms": f"https://{place}{number}.example/terms",
            "privacy": f"https://{place}{number}.example/privacy",
            "for_people": f"See the {names} of the {place}.",
            "for_models": f"The {names} of the {place}, number {number}. List them to find one.",
        },
        "errors": _make_errors(kinds[0], refused, keys=scheme is not None, nested=chance.random() < 0.4),
        "behaviour": {
            "refused_status": refused, "unknown_member": "refused", "unknown_query": "ignored",
            "auth_first": True,
        },
        "schemas": {},
        "actions": {},
        "surfaces": {name: {"actions": "all"} for name in ("rest", chance.choice(VENDORS))},
        "resources": {},
    }  # fmt: skip
    if scheme is None:
        catalogue["security"] = []
    else:
        described = {
            "description": f"A key of the {place}",
            "issue_at": f"https://{place}{number}.example/keys",
        }
        catalogue["auth"] = {
            "schemes": {"key": {**described, **scheme}}, "roles": {"main": {"description": "A caller"}},
        }  # fmt: skip
    catalogue["schemas"]["Problem"] = _make_problem(catalogue["errors"]["code_at"])
    for kind in kinds:
        _add(catalogue, kind)
    return catalogue


def _make_kind(chance: random.Random, noun: str, number: int) -> _Kind:
    return _Kind(
        noun=noun,
        id="id",
        main=chance.choice(("text", "title", "name", "label")),
        extra=tuple(sorted(chance.sample(sorted(_EXTRA), chance.randint(0, 3)))),
        ending=ENDINGS[number % len(ENDINGS)],
        paged=chance.random() < 0.3,
        bare=chance.random() < 0.25,
        wrapped=chance.random() < 0.4,
        changes=chance.random() < 0.5,
    )


def _make_errors(kind: _Kind, refused: int, *, keys: bool, nested: bool) -> dict[str, Any]:
    prefix = "error." if nested else ""
    errors: dict[str, Any] = {
        "envelope": "Problem",
        "code_at": f"{prefix}code",
        "message_at": f"{prefix}detail",
        "always": ["no_key", "broken"] if keys else ["broken"],
        "codes": {
            "refused": {"status": refused, "meaning": "An argument is missing or out of range"},
            "absent": {"status": 404, "meaning": f"There is no such {kind.noun}"},
            "wrong_method": {"status": 405, "meaning": "The path does not take this method"},
            "broken": {"status": 500, "meaning": "The server failed"},
        },
        "framework": {
            "invalid": "refused", "bad_body": "refused", "wrong_type": "refused", "unknown_path": "absent",
            "wrong_method": "wrong_method", "crashed": "broken",
        },
    }  # fmt: skip
    if keys:
        errors["codes"]["no_key"] = {"status": 401, "meaning": "The key is missing or wrong"}
        errors["framework"]["no_key"] = "no_key"
    return errors


def _make_problem(code_at: str) -> dict[str, Any]:
    members: dict[str, Any] = {
        "required": ["code", "detail"],
        "properties": {
            "code": {"type": "string", "description": "What went wrong"},
            "detail": {"type": "string", "description": "The same in words"},
        },
    }
    about = {"description": "The body of every error"}
    if "." not in code_at:
        return about | members
    return about | {"required": ["error"], "properties": {"error": members}}


def _add(catalogue: dict[str, Any], kind: _Kind) -> None:
    """Add a kind: its schema, its actions, and its place among the resources."""
    noun, closes = kind.noun, kind.ending == "close"
    members: dict[str, Any] = {
        kind.id: {"type": "string", "description": "Its id"},
        kind.main: {"type": "string", "description": f"The {kind.main} of the {noun}"},
        **{name: {**_EXTRA[name][0], "description": _say(name, noun)} for name in kind.extra},
    }
    if closes:
        members["state"] = {"type": "string", "enum": ["open", CLOSED], "description": "How it stands"}
    catalogue["schemas"][kind.schema] = {
        "description": f"A {noun}",
        "required": [kind.id, kind.main, *(["state"] if closes else [])],
        "properties": members,
    }
    shown = {
        kind.id: f"{noun[0]}-1",
        kind.main: f"A first {noun}",
        **{name: _EXTRA[name][1] for name in kind.extra},
        **({"state": "open"} if closes else {}),
    }
    reads = kind.ending == "none"
    resource: dict[str, Any] = {"absent": f"no-such-{noun}", "missing": "absent"}
    at = {"at": f"response.{noun}"} if kind.wrapped else {}
    listed = {} if kind.bare else {"at": f"response.{kind.plural}"}
    catalogue["resources"][noun] = resource
    resource["read_by"] = {"action": f"get_{noun}", "input": {kind.argument: "=resource.id"}, **at}
    catalogue["actions"][f"list_{kind.plural}"] = _list_action(kind, shown)
    catalogue["actions"][f"get_{noun}"] = _get_action(kind, shown)
    if reads:
        resource |= {"found_by": {"action": f"list_{kind.plural}", **listed}, "fixed": [kind.id, kind.main]}
        return
    catalogue["actions"][f"create_{noun}"] = _create_action(kind, shown)
    resource |= {
        "made_by": {"action": f"create_{noun}", "input": {kind.main: "=fresh.text"}, **at},
        "listed_by": {"action": f"list_{kind.plural}", **listed},
        "volatile": [kind.id],
    }
    if kind.changes:
        catalogue["actions"][f"change_{noun}"] = _change_action(kind, shown)
    if closes:
        catalogue["actions"][f"close_{noun}"] = _close_action(kind, shown)
        catalogue["errors"]["codes"]["closed_already"] = {
            "status": 409,
            "meaning": f"The {noun} is closed already",
        }
        end = {"action": f"close_{noun}", "input": {kind.argument: "=resource.id"}}
        move = {"from": ["open"], "to": CLOSED, "input": end["input"], "otherwise": "closed_already"}
        resource |= {
            "undone_by": {**end, **at}, "state": "state", "states": ["open", CLOSED], "initial": "open",
            "moves": {f"close_{noun}": move},
        }  # fmt: skip
    else:
        catalogue["actions"][f"delete_{noun}"] = _delete_action(kind, shown)
        resource["undone_by"] = {"action": f"delete_{noun}", "input": {kind.argument: "=resource.id"}}


def _say(name: str, noun: str) -> str:
    return f"The {name.replace('_', ' ')} of the {noun}"


def _id_argument(kind: _Kind) -> dict[str, Any]:
    return {
        "type": "string", "minLength": 1, "maxLength": 60, "required": True, "refers_to": kind.noun,
        "description": f"The id of the {kind.noun}",
    }  # fmt: skip


def _answer(kind: _Kind, status: int) -> dict[int, Any]:
    one = {"$ref": kind.schema}
    if not kind.wrapped:
        return {status: {"description": f"The {kind.noun}", **one}}
    return {
        status: {"description": f"The {kind.noun}", "required": [kind.noun], "properties": {kind.noun: one}}
    }


def _wrap(kind: _Kind, shown: Mapping[str, Any]) -> dict[str, Any]:
    return {kind.noun: dict(shown)} if kind.wrapped else dict(shown)


def _member(kind: _Kind, name: str) -> str:
    return f"response.{kind.noun}.{name}" if kind.wrapped else f"response.{name}"


def _list_action(kind: _Kind, shown: Mapping[str, Any]) -> dict[str, Any]:
    items = {"type": "array", "items": {"$ref": kind.schema}}
    at = "response" if kind.bare else f"response.{kind.plural}"
    action: dict[str, Any] = {
        "title": f"List {kind.plural}",
        "description": f"List the {kind.plural}, the newest first.",
        "http": f"GET /{kind.plural}",
        "effect": "read",
        "errors": ["refused"],
    }
    about = {"description": f"The {kind.plural}"}
    if kind.bare:
        action["output"] = {200: about | items}
        action["examples"] = {"some": {"input": {}, "output": [dict(shown)]}}
        return action
    whole: dict[str, Any] = about | {"required": [kind.plural], "properties": {kind.plural: items | about}}
    output: dict[str, Any] = {kind.plural: [dict(shown)]}
    if kind.paged:
        action["input"] = {
            "limit": {
                "type": "integer", "minimum": 1, "maximum": 50, "default": 20,
                "description": "The most to return",
            },
            "cursor": {"type": "string", "maxLength": 200, "description": "Where the page begins"},
        }  # fmt: skip
        action["pages"] = {"items": at, "next": "response.next_cursor", "argument": "cursor", "size": "limit"}
        whole["properties"]["next_cursor"] = {
            "type": ["string", "null"], "description": "The next page; null on the last one",
        }  # fmt: skip
        output["next_cursor"] = None
    action["output"] = {200: whole}
    action["examples"] = {"some": {"input": {}, "output": output}}
    return action


def _get_action(kind: _Kind, shown: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": f"Read a {kind.noun}",
        "description": f"Read one {kind.noun} by its id.",
        "http": f"GET /{kind.plural}/{{{kind.argument}}}",
        "effect": "read",
        "input": {kind.argument: _id_argument(kind)},
        "output": _answer(kind, 200),
        "errors": ["refused", "absent"],
        "laws": {"same-one": f"{_member(kind, kind.id)} == input.{kind.argument}"},
        "examples": {"first": {"input": {kind.argument: shown[kind.id]}, "output": _wrap(kind, shown)}},
    }


def _create_action(kind: _Kind, shown: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: shown[name] for name in (kind.main, *kind.extra)}
    arguments: dict[str, Any] = {
        kind.main: LINE | {"required": True, "description": f"The {kind.main} of the new {kind.noun}"}
    }
    for name in kind.extra:
        arguments[name] = {**_EXTRA[name][0], "description": _say(name, kind.noun)}
    return {
        "title": f"Make a {kind.noun}",
        "description": f"Make a {kind.noun}. Returns it with its id.",
        "http": f"POST /{kind.plural}",
        "effect": "write",
        "input": arguments,
        "output": _answer(kind, 201),
        "errors": ["refused"],
        "confirm": {"body": f"Do you want to make this {kind.noun}?"},
        "laws": {f"{kind.main}-kept": f"{_member(kind, kind.main)} == input.{kind.main}"},
        "examples": {"first": {"input": given, "output": _wrap(kind, shown)}},
    }


def _change_action(kind: _Kind, shown: Mapping[str, Any]) -> dict[str, Any]:
    changed = {**shown, kind.main: f"A better {kind.noun}"}
    return {
        "title": f"Change a {kind.noun}",
        "description": f"Change the {kind.main} of a {kind.noun}. Returns the changed {kind.noun}.",
        "http": f"PATCH /{kind.plural}/{{{kind.argument}}}",
        "effect": "write",
        "idempotent": {"value": True, "reason": f"The same {kind.main} again leaves it as it is."},
        "input": {
            kind.argument: _id_argument(kind),
            kind.main: LINE | {"required": True, "description": f"The new {kind.main}"},
        },
        "output": _answer(kind, 200),
        "errors": ["refused", "absent"],
        "confirm": {"body": f"Do you want to change this {kind.noun}?"},
        "laws": {f"{kind.main}-kept": f"{_member(kind, kind.main)} == input.{kind.main}"},
        "examples": {
            "better": {
                "input": {kind.argument: shown[kind.id], kind.main: changed[kind.main]},
                "output": _wrap(kind, changed),
            }
        },
    }


def _close_action(kind: _Kind, shown: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": f"Close a {kind.noun}",
        "description": f"Close a {kind.noun} that is open. Returns it as it stands then.",
        "http": f"POST /{kind.plural}/{{{kind.argument}}}/close",
        "effect": "write",
        "input": {kind.argument: _id_argument(kind)},
        "output": _answer(kind, 200),
        "errors": ["refused", "absent", "closed_already"],
        "confirm": {"body": f"Do you want to close this {kind.noun}?"},
        "laws": {"closed": f'{_member(kind, "state")} == "{CLOSED}"'},
        "examples": {
            "first": {
                "input": {kind.argument: shown[kind.id]},
                "output": _wrap(kind, {**shown, "state": CLOSED}),
            }
        },
    }


def _delete_action(kind: _Kind, shown: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": f"Delete a {kind.noun}",
        "description": f"Delete a {kind.noun} for good.",
        "http": f"DELETE /{kind.plural}/{{{kind.argument}}}",
        "effect": "write",
        "destructive": True,
        "input": {kind.argument: _id_argument(kind)},
        "output": {204: {}},
        "errors": ["refused", "absent"],
        "confirm": {"body": f"Do you want to delete this {kind.noun}?"},
        "examples": {"first": {"input": {kind.argument: shown[kind.id]}}},
    }
