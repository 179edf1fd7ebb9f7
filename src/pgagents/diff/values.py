"""Compare two schemas place by place, for callers who send their values and for readers who get them.

A change harms callers if a value that was accepted is now refused. It harms readers if a value that was
impossible may now come. Unnamed members do not count: a new optional member harms nobody, although an open
object allowed any value there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgagents.diff.inclusion import Answer, decide_inclusion, same_form
from pgagents.diff.named import ANNOTATIONS, Named, form
from pgagents.diff.shapes.annotations import Annotations
from pgagents.diff.shapes.difference import Difference, Pair, Who
from pgagents.diff.shapes.keywords import keywords, walk_alongside
from pgagents.diff.shapes.members import Members
from pgagents.diff.unions import alternatives, match_branches, split
from pgagents.diff.view import View, join_schemas, view
from pgagents.jsonschema.schema import REF, refs, subschemas
from pgagents.source.origin import origin_of
from pgagents.source.source import Pointer


class Values(Members, Annotations):
    """Compare schemas for one direction.

    Named schemas are not entered: `met` lists the ones that were reached.
    """

    def __init__(self, old: Named, new: Named, who: Who) -> None:
        self.old, self.new, self.who = old, new, who
        self.met: list[Pair] = []

    def differences(self, old: Any, new: Any, path: str = "") -> Iterator[Difference]:
        """Yield all differences from here on, down to the named schemas."""
        if old == new:
            yield from self._same(old, new, path)
            return
        a, b = _reference(old), _reference(new)
        if a and b:
            self.met.append(Pair(a, b, path))
            yield from self._texts(old, new, path)
            return
        if form(old) == form(new):
            yield from self._same(old, new, path)
            yield from self._texts(old, new, path, inner=True)
            return
        yield from self._texts(old, new, path)
        yield from self._structure(old, new, path)

    def _same(self, old: Any, new: Any, path: str) -> Iterator[Difference]:
        """Yield the differences of two equal schemas.

        These can only be in the named schemas they refer to.
        """
        for inside, _, at in walk_alongside(old, old, path, same=True):
            ref = inside.get("$ref")
            if isinstance(ref, str):
                self.met.append(Pair(ref[len(REF) :], ref[len(REF) :], at))
        if any(self._differ(Pair(name, name, path)) for name in sorted(_find_inverted_refs(old))):
            yield from self._as_one(old, new, path)

    def _as_one(self, old: Any, new: Any, path: str) -> Iterator[Difference]:
        """Compare two schemas as a whole, because a narrower part of `not` or `if` may widen the whole."""
        known, others = (self.old, self.new) if self.who == "callers" else (self.new, self.old)
        inner, outer = (old, new) if self.who == "callers" else (new, old)
        at = (origin_of(old), origin_of(new))
        answer = decide_inclusion(inner, known, outer, others, named_only=True)
        if answer.verdict != "yes":
            yield self._harm(answer, path, "", at)
        elif (back := decide_inclusion(outer, others, inner, known, named_only=True)).verdict != "yes":
            yield self._gain(path, "", back, at)

    # constraints of both sides

    def _structure(self, old: Any, new: Any, path: str) -> Iterator[Difference]:
        a, b = view(old, self.old), view(new, self.new)
        if self.who == "readers":
            a.name_members(b.members)
        at = (origin_of(old), origin_of(new))
        if (split(a)[0] is None) != (split(b)[0] is None):
            one, other = alternatives(a), alternatives(b)
            if one is not None and other is not None:
                yield from self._choice(a, b, one, other, path, at)
                return
        yield from self._rest(a, b, path, at)
        for name in dict.fromkeys([*a.members, *b.members]):
            below = f"{path}.{name}" if path else name
            if name in a.members and name in b.members:
                yield from self._annotations(a.members[name], b.members[name], below)
                yield from self.differences(a.member(name), b.member(name), below)
            elif name in b.members:
                yield from self._compare_added(a, b, name, below)
            else:
                yield from self._compare_removed(a, b, name, below)
        yield from self._compare_required(a, b, path, at)
        yield from self._compare_unnamed(a, b, path, at)
        if a.items or b.items:
            yield from self.differences(join_schemas(a.items), join_schemas(b.items), f"{path}[]")

    def _rest(
        self, a: View, b: View, path: str, at: tuple[Pointer | None, Pointer | None]
    ) -> Iterator[Difference]:
        """Compare all constraints on the value as a whole: types, bounds, constants, formats, unions."""
        mine, theirs = join_schemas(a.rest), join_schemas(b.rest)
        if form(mine) == form(theirs):
            yield from self._same(mine, theirs, path)
            return
        inner, known, outer, others = self._sides(a, b)
        answer = decide_inclusion(inner.whole(), known, join_schemas(outer.rest), others, named_only=True)
        if answer.verdict == "yes":
            back = decide_inclusion(outer.whole(), others, join_schemas(inner.rest), known, named_only=True)
            if back.verdict != "yes":
                yield self._gain(path, keywords(mine, theirs), back, at)
            self._meet_harmless(mine, theirs, path)
            return
        before, after = split(a)[0], split(b)[0]
        if before is None or after is None:
            yield self._harm(answer, path, keywords(mine, theirs), at)
            return
        outside = join_schemas(split(outer)[1])
        if form(outside) != form(join_schemas(split(inner)[1])):
            beside = decide_inclusion(inner.whole(), known, outside, others, named_only=True)
            if beside.verdict != "yes":
                yield self._harm(
                    beside, path, keywords(join_schemas(split(a)[1]), join_schemas(split(b)[1])), at
                )
        yield from self._explain(a, b, before, after, answer, path, at)

    def _meet_harmless(self, old: Any, new: Any, path: str) -> None:
        """Note named schemas that both sides use in a harmless place, so that their changes are reported."""
        for name in sorted(refs(old) & refs(new)):
            one = {"$ref": REF + name}
            sides = (
                (one, self.old, one, self.new) if self.who == "callers" else (one, self.new, one, self.old)
            )
            if decide_inclusion(*sides, named_only=True).verdict == "yes":
                self.met.append(Pair(name, name, path))

    def _choice(
        self,
        a: View,
        b: View,
        before: list[Any],
        after: list[Any],
        path: str,
        at: tuple[Pointer | None, Pointer | None],
    ) -> Iterator[Difference]:
        """Compare a schema with a union that contains it."""
        inner, known, outer, others = self._sides(a, b)
        answer = decide_inclusion(inner.whole(), known, outer.whole(), others, named_only=True)
        yield from self._explain(a, b, before, after, answer, path, at)

    def _explain(
        self,
        a: View,
        b: View,
        before: list[Any],
        after: list[Any],
        answer: Answer,
        path: str,
        at: tuple[Pointer | None, Pointer | None],
    ) -> Iterator[Difference]:
        """Yield the differences of single branches, or of the whole if no branch explains the answer."""
        inner, _, outer, _ = self._sides(a, b)
        met = len(self.met)
        found = list(self._union(before, after, inner, outer, path, at))
        yield from found
        if answer.verdict == "yes" or any(
            one.severity in ("breaking", "may break") or one.id == "member-added" for one in found
        ):
            return
        stricter = any("oneOf" in fact for fact in outer.rest) and not any(
            "oneOf" in fact for fact in inner.rest
        )
        named = any(self._differ(pair) for pair in self.met[met:])
        if (answer.verdict == "no" and not named) or (answer.verdict == "open" and stricter):
            yield self._harm(answer, path, "", at)

    def _differ(self, pair: Pair) -> bool:
        return not same_form({"$ref": REF + pair.old}, self.old, {"$ref": REF + pair.new}, self.new)

    def _union(
        self,
        before: list[Any],
        after: list[Any],
        inner: View,
        outer: View,
        path: str,
        at: tuple[Pointer | None, Pointer | None],
    ) -> Iterator[Difference]:
        """Compare matched branches one by one. The other side as a whole must accept an unmatched branch."""
        pairs, gone, come = match_branches(before, self.old, after, self.new)
        for old, new in pairs:
            yield from self.differences(old, new, path)
        known, others = (self.old, self.new) if self.who == "callers" else (self.new, self.old)
        alone, welcome = (gone, come) if self.who == "callers" else (come, gone)
        for branch in alone:
            answer = decide_inclusion(branch, known, outer.whole(), others, named_only=True)
            if answer.verdict != "yes":
                place = (
                    (origin_of(branch) or at[0], at[1])
                    if self.who == "callers"
                    else (at[0], origin_of(branch) or at[1])
                )
                yield self._harm(
                    answer, path, f" (a branch {'less' if self.who == 'callers' else 'more'})", place
                )
        for branch in welcome:
            answer = decide_inclusion(branch, others, inner.whole(), known, named_only=True)
            if answer.verdict != "yes":
                yield self._gain(
                    path, f" (a branch {'more' if self.who == 'callers' else 'less'})", answer, at
                )

    # members

    # marks and texts

    # verdicts

    def _harm(
        self, answer: Answer, path: str, why: str, at: tuple[Pointer | None, Pointer | None]
    ) -> Difference:
        id = "narrower" if self.who == "callers" else "answer-wider"
        if answer.verdict == "open":
            what = "all that was taken still is" if self.who == "callers" else "it promises all that it did"
            return Difference(
                "may break", id, path, f"has another schema; it could not be decided if {what}{why}", "", *at
            )
        if self.who == "callers":
            said = f"takes less: {answer.example} was taken and is refused now{why}"
        else:
            said = f"may be what it could not be before, {answer.example}{why}"
        return Difference("breaking", id, path, said, answer.example, *at)

    def _gain(
        self, path: str, why: str, back: Answer, at: tuple[Pointer | None, Pointer | None]
    ) -> Difference:
        example = f", {back.example} too" if back.verdict == "no" and self.who == "callers" else ""
        if self.who == "callers":
            return Difference("addition", "wider", path, f"takes more now{example}{why}", back.example, *at)
        return Difference("addition", "answer-narrower", path, f"promises more now{why}", "", *at)


def differences(old: Any, known: Named, new: Any, others: Named, who: Who) -> Iterator[Difference]:
    """Yield all differences of two schemas and of the named schemas they refer to, each pair once."""
    values = Values(known, others, who)
    yield from values.differences(old, new)
    queue, seen = deque(values.met), set[tuple[str, str]]()
    while queue:
        pair = queue.popleft()
        if (pair.old, pair.new) in seen or (
            pair.old == pair.new and not known.leads_to_change(pair.old, others)
        ):
            continue
        seen.add((pair.old, pair.new))
        found, met = _of_names(pair, known, others, who)
        for one in found:
            yield replace(one, path=_below(pair.path, one.path))
        queue.extend(Pair(next_.old, next_.new, _below(pair.path, next_.path)) for next_ in met)


def _of_names(pair: Pair, known: Named, others: Named, who: Who) -> tuple[list[Difference], list[Pair]]:
    """Return the differences of two named schemas, and the pairs that they refer to. The result is cached."""
    key = (id(others), who, pair.old, pair.new)
    if key not in known.compared:
        values = Values(known, others, who)
        found: list[Difference] = []
        if pair.old in known and pair.new in others:
            sides = known[pair.old], others[pair.new]
            found = [*values.differences(*sides), *values.marks(*sides, "")]
        known.compared[key] = found, values.met
    made: tuple[list[Difference], list[Pair]] = known.compared[key]
    return made


def _below(path: str, further: str) -> str:
    return f"{path}.{further}" if path and further and not further.startswith("[") else path + further


def _reference(schema: Any) -> str:
    """Return the name of a schema that is only a reference, apart from annotations; empty for any other."""
    if not isinstance(schema, Mapping) or not isinstance(schema.get("$ref"), str):
        return ""
    return (
        str(schema["$ref"])[len(REF) :] if all(key == "$ref" or key in ANNOTATIONS for key in schema) else ""
    )


def _find_inverted_refs(schema: Any) -> set[str]:
    """Return the named schemas under `not`, `if`, `contains` and similar keywords.

    There a narrower schema may widen the whole.
    """
    found: set[str] = set()
    for inside in subschemas(schema) if isinstance(schema, Mapping) else ():
        for key in (
            "not",
            "if",
            "then",
            "else",
            "contains",
            "propertyNames",
            "unevaluatedItems",
            "unevaluatedProperties",
        ):
            if isinstance(inside.get(key), Mapping):
                found |= refs(inside[key])
        for one in (inside.get("dependentSchemas") or {}).values():
            found |= refs(one) if isinstance(one, Mapping) else set()
    return found
