"""The two editions of a comparison, and the changes found so far."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pgagents.base.places import Pointer
from pgagents.diff.change import Change
from pgagents.diff.openapi.table import severity
from pgagents.diff.openapi.tree import Edition, Spot
from pgagents.diff.schemas import Difference, Who
from pgagents.diff.values import Values

NamedPair = tuple[Who, str, str]
OF_A_MEMBER = frozenset(
    ("member-added", "member-removed", "member-required", "default", "read-only", "write-only")
)


@dataclass(slots=True)
class Both:
    """Collect changes. Named schemas are compared once, and reported for all operations that use them."""

    old: Edition
    new: Edition
    changes: list[Change] = field(default_factory=list)
    edges: dict[NamedPair, set[NamedPair | str]] = field(default_factory=lambda: defaultdict(set))
    """The operations and named schemas from which each pair of named schemas is reached."""
    called: set[tuple[Pointer, Pointer]] = field(default_factory=set)
    """Calls by the API that have been compared, because a callback may contain itself."""
    renamed: Mapping[str, str] | None = None
    """The new names of renamed security schemes by their old ones; None before they are matched."""

    def tell(
        self,
        id: str,
        subject: str,
        message: str,
        old: Spot | None,
        new: Spot | None,
        *,
        example: str = "",
        safety: bool = False,
    ) -> None:
        """Add one change, with the severity of its id in the table."""
        places = (self.old.place(old) if old else None), (self.new.place(new) if new else None)
        self.changes.append(
            Change(severity(id), id, subject, message, (), *places, example, safety, (subject,))
        )

    def schemas(
        self,
        subject: str,
        what: str,
        old: Spot | None,
        new: Spot | None,
        who: Who,
        *,
        marks: bool = True,
        null: bool = True,
    ) -> None:
        """Compare two schemas of one place; a missing schema accepts anything.

        `null` is false where no null can be written, as in a query.
        """
        a = self.old.schemas(who).schema(old) if old is not None else {}
        b = self.new.schemas(who).schema(new) if new is not None else {}
        if not null:
            a, b = _leave_out_null(a), _leave_out_null(b)
        values = self._values(who)
        found = [*values.differences(a, b), *(values.marks(a, b, "") if marks else ())]
        self.changes += [self._change(one, subject, what, old, new, (subject,)) for one in found]
        self._follow(values, who, subject)

    def _values(self, who: Who) -> Values:
        return Values(self.old.schemas(who).known, self.new.schemas(who).known, who)

    def _follow(self, values: Values, who: Who, source: NamedPair | str) -> list[NamedPair]:
        pairs = [(who, pair.old, pair.new) for pair in values.met]
        for pair in pairs:
            self.edges[pair].add(source)
        return pairs

    def _change(
        self,
        one: Difference,
        subject: str,
        what: str,
        old: Spot | None,
        new: Spot | None,
        by: tuple[str, ...],
    ) -> Change:
        places = (
            one.old or (self.old.place(old) if old else None),
            one.new or (self.new.place(new) if new else None),
        )
        return Change(
            one.severity, one.id, subject, _sentence(one, what), (), *places, one.example, False, by
        )

    def compare_named(self) -> None:
        """Compare all named schemas met so far, and note the operations that use them.

        Call it after all operations.
        """
        found: list[tuple[NamedPair, Change]] = []
        queue, seen = deque(self.edges), set(self.edges)
        while queue:
            key = queue.popleft()
            who, a, b = key
            before, after = self.old.schemas(who), self.new.schemas(who)
            if a not in before.known or b not in after.known:
                continue
            values = self._values(who)
            both = before.known[a], after.known[b]
            for one in (*values.differences(*both), *values.marks(*both, "")):
                place = one.old or before.places[a], one.new or after.places[b]
                found.append(
                    (
                        key,
                        Change(
                            one.severity,
                            one.id,
                            _strip_suffix(b),
                            _sentence(one, ""),
                            (),
                            *place,
                            one.example,
                        ),
                    )
                )
            for pair in self._follow(values, who, key):
                if pair not in seen:
                    seen.add(pair)
                    queue.append(pair)
        users: dict[NamedPair, tuple[str, ...]] = {}
        for key, change in found:
            if key not in users:
                users[key] = tuple(sorted(self._users(key)))
            mark = "sent by" if key[0] == "callers" else "read by"
            self.changes.append(replace(change, by=users[key], by_how=mark))

    def _users(self, key: NamedPair) -> Iterator[str]:
        """Return the operations from which a pair is reached."""
        seen: set[NamedPair | str] = {key}
        stack: list[NamedPair | str] = [key]
        while stack:
            last = stack.pop()
            for near in () if isinstance(last, str) else self.edges.get(last, ()):
                if near not in seen:
                    seen.add(near)
                    stack.append(near)
        return (one for one in seen if isinstance(one, str))


def _strip_suffix(name: str) -> str:
    """Return a schema's name without the suffix that made it unique."""
    head, dot, tail = name.rpartition(".")
    return head if dot and len(tail) == 8 and all(c in "0123456789abcdef" for c in tail) else name


def _sentence(one: Difference, what: str) -> str:
    if not one.path:
        return f"{what or 'it'} {one.said}"
    if one.id in OF_A_MEMBER:
        return f"{what + ': ' if what else ''}member `{one.path}` {one.said}"
    return f"{what + ' at ' if what else ''}`{one.path}` {one.said}"


def together(changes: Iterable[Change]) -> list[Change]:
    """Merge equal changes that several operations share into one."""
    groups: dict[tuple[Any, ...], list[Change]] = defaultdict(list)
    for change in changes:
        place = () if change.id == "shown" else (change.old, change.new)
        groups[
            change.severity, change.id, change.message, place, change.example, change.safety, change.by_how
        ].append(change)
    made = []
    for group in groups.values():
        by = tuple(dict.fromkeys(name for change in group for name in change.by))
        subject = group[0].subject if len({c.subject for c in group}) == 1 else f"{len(by)} operations"
        made.append(replace(group[0], subject=subject, by=() if by == (subject,) else by))
    return made


def _leave_out_null(schema: Any) -> Any:
    """Return a schema that no longer allows null, as far as it says so itself."""
    if not isinstance(schema, Mapping):
        return schema
    kept = {key: part for key, part in schema.items() if key != "nullable"}
    if isinstance(schema.get("type"), list):
        types = [one for one in schema["type"] if one != "null"] or ["null"]
        kept["type"] = types[0] if len(types) == 1 else types
    if isinstance(schema.get("enum"), list):
        kept["enum"] = [value for value in schema["enum"] if value is not None]
    for key in ("anyOf", "oneOf"):
        if isinstance(schema.get(key), list):
            kept[key] = [one for one in schema[key] if one != {"type": "null"}] or schema[key]
    return kept
