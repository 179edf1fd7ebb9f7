"""Resolve the hints of an action: the author's statement, or a conclusion from the rest of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.language import actions, resources
from pgagents.catalogue.language.catalogue import Catalogue
from pgagents.catalogue.language.hints import Hint as WrittenHint
from pgagents.model.hints import Hint, Hints
from pgagents.source.origin import Text
from pgagents.source.source import Pointer

_PLAIN = {
    ("destructive", True): "A call may remove, overwrite or end something that is there.",
    ("destructive", False): "A call only adds.",
    ("idempotent", True): "A repeated call with the same arguments has no further effect.",
    ("idempotent", False): "A repeated call with the same arguments may act again.",
    ("open_world", True): "A call may reach beyond what the API itself stores.",
    ("open_world", False): "A call reaches only what the API itself stores.",
}
"""The reasons of hints for which neither the author nor a fact of the catalogue gives one."""


def resolve_hints(written: Catalogue, name: str, a: actions.Action, at: Pointer) -> Hints:
    """Return the hints of an action, each with a reason."""
    effect = (*at, "effect")
    said, why = _read_only(a)
    if a.effect.reason:
        read = Hint(said, Text(a.effect.reason, (*effect, "reason")), effect, True, True)
    else:
        read = Hint(said, Text(why, effect), effect, True)
    facts = () if said else tuple(_list_facts(written, name, a))
    return Hints(
        read,
        _settle(a.destructive, _destructive(written, name, facts, read=said), (*at, "destructive"), effect),
        _settle(a.idempotent, _idempotent(a, read=said), (*at, "idempotent"), effect),
        _settle(a.open_world, _open_world(written, name), (*at, "open_world"), effect),
        facts,
    )


def _settle(given: WrittenHint | None, made: tuple[bool, str], at: Pointer, otherwise: Pointer) -> Hint:
    """Return the author's hint, or the one concluded from the catalogue at the line of the effect."""
    if given is None:
        return Hint(made[0], Text(made[1], otherwise), otherwise)
    if given.reason:
        return Hint(given.value, Text(given.reason, (*at, "reason")), at, True, True)
    why = made[1] if given.value == made[0] else _PLAIN[str(at[-1]), given.value]
    return Hint(given.value, Text(why, at), at, True)


def _read_only(a: actions.Action) -> tuple[bool, str]:
    if a.effect.value == "write":
        return False, "A call changes what the API stores."
    if _costs(a):
        return False, "Each call costs money, so it does more than read."
    return True, "A call only returns data, and changes nothing."


def _costs(a: actions.Action) -> bool:
    return bool(a.may_cost) if a.costs is None else a.costs


def _list_facts(written: Catalogue, name: str, a: actions.Action) -> Iterator[str]:
    """Yield facts that make a call destructive, each as a sentence for people."""
    method = (a.http or "").partition(" ")[0]
    if method == "DELETE":
        yield "It is a DELETE, which removes what it names."
    for of, resource in written.resources.items():
        if resource.undone_by is not None and resource.undone_by.action == name:
            yield f"It ends or removes a {_words(of)}."
            break
    if method in ("PUT", "PATCH"):
        yield f"It is a {method}, which may overwrite what was there."
    if _costs(a):
        yield "A call moves money."
    for of, resource in written.resources.items():
        move = resource.moves.get(name)
        if move is not None and (lost := _find_one_way(resource, move)):
            yield f"It moves a {_words(of)} from {lost} to {move.to}, and no action moves it back."
            break


def _find_one_way(resource: resources.Resource, move: resources.Move) -> str:
    """Return a state that a move leaves and that no sequence of moves restores.

    Empty if every state can be restored.
    """
    seen, waiting = {move.to}, [move.to]
    while waiting:
        state = waiting.pop()
        for other in resource.moves.values():
            if state in other.from_ and other.to not in seen:
                seen.add(other.to)
                waiting.append(other.to)
    return next((state for state in move.from_ if state not in seen), "")


def _destructive(written: Catalogue, name: str, facts: tuple[str, ...], *, read: bool) -> tuple[bool, str]:
    if read:
        return False, "It only reads, so it removes and overwrites nothing."
    if facts:
        return True, facts[0]
    for of, resource in written.resources.items():
        if resource.made_by is not None and resource.made_by.action == name:
            return False, f"It adds a {_words(of)}, and changes nothing that is there already."
    return False, "Nothing says that it removes, overwrites, ends or charges anything."


def _idempotent(a: actions.Action, *, read: bool) -> tuple[bool, str]:
    method = (a.http or "").partition(" ")[0]
    key = a.input.get(a.idempotency or "")
    if read:
        return True, "It only reads, so a repeated call changes nothing."
    if method == "PUT":
        return True, "It is a PUT, so a repeated call writes the same again."
    if method == "DELETE":
        return True, "It is a DELETE, so a repeated call finds nothing more to remove."
    if key is not None and key.required:
        return True, "Each call has an idempotency key, so a repeated call acts once."
    if a.equal_calls_s is not None:
        return True, f"Equal calls within {a.equal_calls_s} seconds have one idempotency key, and act once."
    return False, "Nothing says that a repeated call has no further effect."


def _open_world(written: Catalogue, name: str) -> tuple[bool, str]:
    if written.webhooks is not None and written.webhooks.registered_by == name:
        return True, "It makes the API send events to a URL that the caller names."
    return False, "It reaches only what the API itself stores."


def _words(name: str) -> str:
    return name.replace("_", " ")
