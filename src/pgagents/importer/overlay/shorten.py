"""Make the short catalogue of a whole one and its document: only what the document does not say.

This is merging backwards: `find_difference(base, whole)` is what an author writes over the document's part
`base` to get `whole`. The result is proved by merging it again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pgagents.base.errors import PgagentsError
from pgagents.base.places import Pointer, Source
from pgagents.base.reading import parse
from pgagents.importer.operations import PLACEHOLDER, ImportedAction
from pgagents.importer.overlay.load import Fetch, Opened, open_overlay
from pgagents.importer.overlay.merge import (
    expand_short_forms,
    holds_names,
    is_answer,
    is_schema,
    is_unit,
    merge,
    replaces_shape,
    without_shape,
)
from pgagents.importer.overlay.names import OPERATION
from pgagents.importer.overlay.options import KEY
from pgagents.importer.patch import list_remarks, same
from pgagents.importer.surfaces import index_places
from pgagents.importer.text import ANSWER, render_yaml

NOTHING: Any = object()
"""Stands for no difference: the author need not write anything."""


@dataclass(frozen=True, slots=True)
class Shortened:
    """A short catalogue as data, with its comments, and the parts of the whole one that it cannot say."""

    data: dict[str, Any]
    comments: Mapping[Pointer, Sequence[str]]
    unsaid: Sequence[Pointer]

    @property
    def text(self) -> str:
        """The short catalogue as YAML."""
        return render_yaml(self.data, self.comments)

    def list_removals(self) -> list[tuple[str, str]]:
        """Return the kinds of parts that a null removes, each as its section and its own key."""
        return list(dict.fromkeys((str(at[0]), str(at[-1])) for at in _find_nulls(self.data, ())))

    def keep(self, removal: tuple[str, str]) -> Shortened:
        """Return the catalogue without the nulls of one kind: the document's parts stay there."""
        gone = {at for at in _find_nulls(self.data, ()) if (str(at[0]), str(at[-1])) == removal}
        data = _leave_out(self.data, gone, ())
        return replace(self, data=data)


def _find_nulls(data: Any, at: Pointer) -> Iterator[Pointer]:
    for key, value in data.items() if isinstance(data, dict) else ():
        if value is None and at:
            yield (*at, key)
        yield from _find_nulls(value, (*at, key))


def _leave_out(data: Any, gone: Collection[Pointer], at: Pointer) -> Any:
    """Return a copy without these members, and without a mapping that is empty for it."""
    if not isinstance(data, dict):
        return data
    kept = {}
    for key, value in data.items():
        here = (*at, key)
        part = _leave_out(value, gone, here)
        if here not in gone and not (part == {} and value):
            kept[key] = part
    return kept


def find_difference(base: Any, whole: Any, at: Pointer = ()) -> Any:
    """Return what stands over `base` in a short catalogue so that both together are `whole`.

    Both are JSON data at the pointer `at` of a catalogue. Returns NOTHING where they are equal.
    """
    if same(base, whole):
        return NOTHING
    if not at:
        return _compare(base, whole, at)
    base, whole = expand_short_forms(base, whole, at)
    if isinstance(base, Mapping) and isinstance(whole, Mapping) and not is_unit(at):
        return _find_members(base, whole, at)
    return _change_names(base, whole) if holds_names(at) else whole


def _find_members(base: Mapping[Any, Any], whole: Mapping[Any, Any], at: Pointer) -> Any:
    difference = _compare(base, whole, at)
    if is_schema(at) and replaces_shape(base, difference):
        return _compare(without_shape(base), whole, at)
    if len(at) == 3 and at[:2] == ("errors", "codes"):
        return _compare({key: value for key, value in base.items() if key != "only"}, whole, at)
    return difference


def _compare(base: Mapping[Any, Any], whole: Mapping[Any, Any], at: Pointer) -> dict[Any, Any]:
    difference = {}
    for key, value in whole.items():
        here = (*at, key)
        part = find_difference(base[key], value, here) if key in base else value
        if part is not NOTHING:
            difference[key] = {} if part is None and is_answer(here) else part
    return difference | {key: None for key in base if key not in whole}


def _change_names(base: Any, whole: Any) -> Any:
    """Return a list of names as changes of the document's list, where that is shorter."""
    if not isinstance(base, list) or not isinstance(whole, list):
        return whole
    added = [name for name in whole if name not in base]
    removed = [name for name in base if name not in whole]
    kept = [name for name in base if name in whole]
    changes = [*(f"-{name}" for name in removed), *(f"+{name}" for name in added)]
    return changes if changes and kept + added == whole and len(changes) < len(whole) else whole


def shorten(whole: Source, document: str, fetch: Fetch) -> Shortened:
    """Return the short catalogue over a document that says the same as `whole`.

    `document` is its path relative to the catalogue's folder, or its URL. An action is known by method and
    path. Raises PgagentsError if `whole` lies over a document already, and InputError if the document cannot
    be converted.
    """
    if not isinstance(whole.data, dict):
        raise PgagentsError(f"{whole.file} is no catalogue", "name a catalogue that `pgagents lint` accepts")
    if KEY in whole.data:
        raise PgagentsError(f"{whole.file} lies over a document already", "edit it, or take another file")
    head: dict[str, Any] = {"pgagents": 1, KEY: document}
    written = whole.data.get("actions") or {}
    plain = _open(whole, head, fetch)
    if plain.converted.bases[0] and not _list_known(written, plain):
        head[KEY] = {"document": document, "base_path": "/"}  # the author's server has the base path
        plain = _open(whole, head, fetch)
    facts = _list_facts(written, plain)
    opened = _open(whole, head | {"actions": facts}, fetch) if facts else plain
    difference = find_difference(opened.base, whole.data)
    over = {} if difference is NOTHING else {k: v for k, v in difference.items() if k != "pgagents"}
    unsaid = _find_unsaid(merge(opened.base, over).data, whole.data, ())
    entries = over.get("actions") or {}
    actions = entries | {name: facts[name] | (entries.get(name) or {}) for name in facts}
    comments = _list_ignores(whole, actions)
    sections = {key: value for key, value in (over | {"actions": actions}).items() if value}
    return Shortened({**head, **sections}, comments, tuple(unsaid))


def _open(whole: Source, data: dict[str, Any], fetch: Fetch) -> Opened:
    """Open a short catalogue that stands where the whole one does."""
    return open_overlay(parse(render_yaml(data), whole.file, folder=whole.folder), fetch)


def _list_facts(actions: Mapping[str, Any], plain: Opened) -> dict[str, dict[str, str]]:
    """Return what the author says of operations that the conversion must know: names and effects."""
    facts: dict[str, dict[str, str]] = {}
    for name, made in _list_known(actions, plain).items():
        action = actions[name]
        fact = {OPERATION: made.operation.label} if made.name != name else {}
        effect = action.get("effect")
        effect = effect.get("value") if isinstance(effect, Mapping) else effect
        if isinstance(effect, str) and effect != made.action["effect"]:
            fact["effect"] = effect
        if fact:
            facts[name] = fact
    return facts


def _list_known(actions: Mapping[str, Any], plain: Opened) -> dict[str, ImportedAction]:
    """Return the converted actions of the document that the whole catalogue has, by the author's name."""
    usual = {_forget_placeholders(made.action["http"]): made for made in plain.converted.made}
    labels = {
        str(name): _forget_placeholders(action.get("http"))
        for name, action in actions.items()
        if isinstance(action, Mapping)
    }
    return {name: usual[label] for name, label in labels.items() if label in usual}


def _forget_placeholders(label: Any) -> str:
    return PLACEHOLDER.sub("{}", str(label))


def _find_unsaid(merged: Any, whole: Any, at: Pointer) -> Iterator[Pointer]:
    """Yield the pointers at which the merged data still differs from the whole catalogue."""
    if same(merged, whole):
        return
    if not (isinstance(merged, Mapping) and isinstance(whole, Mapping)):
        yield at
        return
    for key in dict.fromkeys((*merged, *whole)):
        if key not in merged or key not in whole:
            yield (*at, key)
        else:
            yield from _find_unsaid(merged[key], whole[key], (*at, key))


def _list_ignores(whole: Source, actions: dict[str, Any]) -> dict[Pointer, list[str]]:
    """Return the comments that ignore a finding, by the pointer of what they stand above or beside.

    An action that the short catalogue does not mention gets an empty entry to hold its comment.
    """
    comments: dict[Pointer, list[str]] = {}
    remarks = {line: remark for line, remark in list_remarks(whole.text).items() if ANSWER in remark}
    if not remarks:
        return comments
    lines: dict[int, Pointer] = {}
    for (line, _), pointer in sorted(index_places(whole).items()):
        lines.setdefault(line, pointer)
    for number, remark in remarks.items():
        below = [line for line in lines if line > number]  # lines count from 1 here, remarks from 0
        if not below:
            continue
        pointer = lines[min(below)]
        if pointer[:1] == ("actions",) and len(pointer) > 1:
            actions.setdefault(str(pointer[1]), {})
        comments.setdefault(pointer, []).append(remark.lstrip("# "))
    return comments
