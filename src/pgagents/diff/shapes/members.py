"""Compare the members of two objects: added, removed, required, and unnamed ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pgagents.diff.inclusion import format_json
from pgagents.diff.named import Named
from pgagents.diff.shapes.difference import Difference, Who
from pgagents.diff.view import View, join_schemas
from pgagents.source.origin import origin_of
from pgagents.source.source import Pointer


class Members:
    """Compare the members of objects."""

    old: Named
    new: Named
    who: Who

    def differences(self, old: Any, new: Any, path: str = "") -> Iterator[Difference]:
        """Yield all differences from here on, down to the named schemas."""
        raise NotImplementedError

    def _sides(self, a: View, b: View) -> tuple[View, Named, View, Named]:
        """Return the side that values come from, then the side that must accept them, each with its named
        schemas.
        """
        return (a, self.old, b, self.new) if self.who == "callers" else (b, self.new, a, self.old)

    def _compare_added(self, a: View, b: View, name: str, path: str) -> Iterator[Difference]:
        schema, place = b.member(name), origin_of(b.members[name][0])
        old = origin_of(a.facts[0]) if a.facts else None
        if a.others == "described":  # the old side had a schema for any member
            yield from self._soften(join_schemas(a.other), schema, path)
        if self.who == "callers" and name in b.required:
            yield Difference("breaking", "member-required", path, "is new and required", "", old, place)
        else:
            yield Difference("addition", "member-added", path, "is new", "", old, place)

    def _compare_removed(self, a: View, b: View, name: str, path: str) -> Iterator[Difference]:
        place = origin_of(a.members[name][0])
        new = origin_of(b.facts[0]) if b.facts else None
        if self.who == "readers":
            needed = name in a.required
            said = "is not named any more" + ("" if needed else "; readers had to do without it before, too")
            yield Difference(
                "breaking" if needed else "may break", "member-removed", path, said, "", place, new
            )
        elif b.others == "closed":
            example = self._example(a, name)
            yield Difference(
                "breaking",
                "member-removed",
                path,
                "is gone, and members that are not named are refused",
                example,
                place,
                new,
            )
        else:
            if b.others == "described":
                yield from self._soften(a.member(name), join_schemas(b.other), path)
            yield Difference(
                "may break",
                "member-removed",
                path,
                "is not named any more: who sends it may not be heard",
                "",
                place,
                new,
            )

    def _soften(self, old: Any, new: Any, path: str) -> Iterator[Difference]:
        """Yield the differences between a named member and the unnamed ones before.

        A new name may break, but never counts as breaking.
        """
        for found in self.differences(old, new, path):
            yield replace(found, severity="may break") if found.severity == "breaking" else found

    def _example(self, a: View, name: str) -> str:
        from pgagents.diff.samples import sample

        value = sample(a.member(name), self.old)
        return format_json({name: value}) if value is not None else ""

    def _compare_required(
        self, a: View, b: View, path: str, at: tuple[Pointer | None, Pointer | None]
    ) -> Iterator[Difference]:
        for name in sorted(b.required - a.required):
            if name not in a.members and name in b.members:
                continue  # the new member has its own report
            below = f"{path}.{name}" if path else name
            place = (at[0], origin_of(b.members[name][0]) if name in b.members else at[1])
            if self.who == "callers":
                yield Difference("breaking", "member-required", below, "is required now", "", *place)
            elif name in a.members:
                yield Difference("addition", "answer-narrower", below, "is always there now", "", *place)
        for name in sorted(a.required - b.required):
            if name in a.members and name not in b.members:
                continue  # the removed member has its own report
            below = f"{path}.{name}" if path else name
            place = (at[0], origin_of(b.members[name][0]) if name in b.members else at[1])
            if self.who == "callers":
                yield Difference("addition", "wider", below, "is optional now", "", *place)
            else:
                yield Difference("breaking", "answer-wider", below, "may be left out now", "", *place)

    def _compare_unnamed(
        self, a: View, b: View, path: str, at: tuple[Pointer | None, Pointer | None]
    ) -> Iterator[Difference]:
        """Yield the differences of the unnamed members."""
        inner, _, outer, _ = self._sides(a, b)
        below = f"{path}.*" if path else "*"
        if inner.others == "described" and outer.others == "described":
            yield from self.differences(join_schemas(a.other), join_schemas(b.other), below)
        elif outer.others == "described" and inner.others != "closed":
            if self.who == "callers" and inner.others == "open":
                yield Difference(
                    "may break",
                    "narrower",
                    below,
                    "is described now: other members than the named ones may be refused",
                    "",
                    *at,
                )
            else:
                yield from self.differences(join_schemas(a.other), join_schemas(b.other), below)
        elif outer.others == "closed" and inner.others != "closed":
            if self.who == "readers":
                yield Difference(
                    "addition", "member-added", below, "may be there: members that are not named", "", *at
                )
            else:
                meant = inner.others in ("free", "described")
                said = "is refused now: members that are not named"
                example = '{"another_member": 1}' if meant and inner.others == "free" else ""
                yield Difference("breaking" if meant else "may break", "narrower", below, said, example, *at)
        elif inner.others in ("closed", "described") and outer.others != inner.others:
            said = (
                "takes more now: members that are not named"
                if self.who == "callers"
                else "promises more now: what unnamed members are"
            )
            yield Difference(
                "addition", "wider" if self.who == "callers" else "answer-narrower", below, said, "", *at
            )
