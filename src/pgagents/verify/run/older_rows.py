"""The rows that a read shows, and what a later reading of them tells of an older row."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.base.text import brief, plain_word, split_words
from pgagents.catalogue.model.action import Action, ActionCall
from pgagents.catalogue.model.resource import Resource, id_text, is_scalar
from pgagents.verify.answers.observation import list_members
from pgagents.verify.answers.standing import Change, find_removed_state
from pgagents.verify.fixtures.instance import Instance, is_gone, is_random_id
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

OF_LATE = frozenset(("current", "last", "latest", "newest", "next", "previous", "recent", "top"))
_PASSING = OF_LATE - {"current", "top"} | {"new"}
"""Words of a flag that goes on by itself to what is made last."""
ASKED = ("valid", "explore", "clean")
LONGEST = 200
"""The most characters of a value that is told."""
Key = tuple[str, str, str]
"""A row by its kind, the ids of what contains it, and its own id."""
Rows = dict[Key, Mapping[str, Any]]


@dataclass(slots=True)
class View:
    """The rows that one read of the run shows: a list with given arguments, or one instance."""

    resource: Resource
    call: ActionCall
    exchange: Exchange
    rows: Rows
    whole: bool
    """True if the read shows a list that does not go on, so that a row that is not in it may be gone."""
    at: int
    """The number of writes that were noted before it."""
    most: int
    """The most rows that such a read has shown."""


@dataclass(slots=True)
class Suspicion:
    """The older rows that `latest` lacks, or shows changed, and the writes since they were seen before."""

    view: View
    latest: Rows
    gone: list[Key]
    changed: dict[Key, list[Change]]
    writes: list[Exchange]

    @property
    def is_empty(self) -> bool:
        """True if no row is missed any more."""
        return not (self.gone or any(self.changed.values()))


def place_in(resource: Resource, exchange: Exchange) -> str:
    """Return the ids of what contains the rows that a read shows."""
    endpoint = exchange.call.endpoint
    return resource.place_in(endpoint.params if endpoint is not None else (), exchange.input)


def list_pairs(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Return each member of a row with its value before and after."""
    shown = dict(list_members(after))
    return [(path, was, shown.get(path)) for path, was in list_members(before)]


def is_flag_lost(change: Change, flags: Collection[str]) -> bool:
    """True if a row lost a flag that a newer row has got."""
    path, was, now = change
    passing = {*split_words(path.rpartition(".")[2])} & _PASSING  # each new version is the latest
    return was is True and now is False and path in flags and not passing


def is_ordinary(call: Call) -> bool:
    """True if a call is as the catalogue has it."""
    return call.intent in ASKED and call.raw.is_empty and not (call.twist or call.plain)


def is_about_one(resource: Resource, action: Action) -> bool:
    """True if an action has the path of an instance, as its reads or its removal have."""
    known = (*resource.read_by, *([resource.undone_by] if resource.undone_by else ()))
    return str(action.path) in {str(call.action.path) for call in known}


def may_count_apart(own: Instance, endpoint: Endpoint) -> bool:
    """True if an own id may count in what contains the instance, and a call names it without that: the first
    task of a team, as `DELETE /tasks/1`.
    """
    made = own.resource.made_by
    around, named = (
        {p.refers_to for p in params if p.place == "path" and p.refers_to}
        for params in (made.action.params if made is not None else (), endpoint.params)
    )
    return bool(around - named) and not (isinstance(own.id, str) and is_random_id(own.id))


def names_another(own: Instance, write: Exchange) -> bool:
    """True if a call of an instance's own path answers the id of another one."""
    resource, endpoint = own.resource, write.call.endpoint
    about_one = endpoint is not None and is_about_one(resource, endpoint.action)
    if not about_one or not isinstance(write.body, Mapping):
        return False
    inner = [value for value in write.body.values() if isinstance(value, Mapping)]
    shown = [resource.id_of(body) for body in (write.body, *(inner if len(inner) == 1 else ()))]
    told = {id_text(id).casefold() for id in shown if id is not None}
    own_id, around = id_text(own.id).casefold(), list_around(write).values()
    if own_id in told:
        return False
    # a change of an order's line is answered with the order (a depot in Polka, 2026-11-29)
    return bool(told - {id_text(id).casefold() for id in around if is_scalar(id)})


def list_around(write: Exchange) -> dict[str, Any]:
    """Return the arguments of a call's path."""
    params = write.call.endpoint.params if write.call.endpoint is not None else ()
    return {n: write.input[n] for n in (str(p.name) for p in params if p.place == "path") if n in write.input}


def says_ended(resource: Resource, before: Mapping[str, Any], shown: Mapping[str, Any]) -> bool:
    """True if an instance says that it was removed, by a word, a time or a flag."""
    now = dict(list_members(shown))
    flags = ((path, value) for path, value in list_members(before) if isinstance(value, bool))
    said = is_gone(resource, shown) or bool(find_removed_state(before, shown))
    return said or any(path in now and now[path] is not value for path, value in flags)


def is_moved_on(known: View, view: View, gone: list[Key]) -> bool:
    """True if rows fell off an end of a list that is as long as it ever was, as one of the newest rows is."""
    keys, lost = list(known.rows), set(gone)
    at_end = lost == set(keys[-len(lost) :]) or lost == set(keys[: len(lost)])
    return at_end and len(view.rows) >= view.most


def may_be_taken(change: Change, writes: Iterable[Exchange]) -> bool:
    """True but for a number that an older row lost and no write sent: a hold that ends by itself."""
    path, was, _ = change
    if type(was) is not int:
        return True
    sent = (member for write in writes for member in list_members(write.input) if member[1] == was)
    return plain_word(path.rpartition(".")[2]) in {plain_word(at.rpartition(".")[2]) for at, _ in sent}


def join_texts(resource: Resource, row: Mapping[str, Any]) -> str:
    """Return a row's texts, without its ids, on a line each."""
    members = (value for path, value in list_members(row) if path not in resource.ids)
    return "\n".join(str(value) for value in members if isinstance(value, str | bool))


def show_value(value: Any) -> str:
    """Return a value as a report shows it."""
    return brief(json.dumps(value, ensure_ascii=False, default=str), LONGEST)
