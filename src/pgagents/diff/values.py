"""Compare two schemas place by place, for callers who send their values and for readers who get them.

A change harms callers if a value that was accepted is now refused. It harms readers if a value that was
impossible may now come. Unnamed members do not count: a new optional member harms nobody, although an open
object allowed any value there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgagents.base.jsonschema.schema import REF, refs, resolve
from pgagents.base.jsonschema.walk import walk
from pgagents.base.places import Pointer, origin_of
from pgagents.diff.change import Severity
from pgagents.diff.inclusion import Answer, decide_inclusion, format_json, same_form
from pgagents.diff.schemas import (
    ABSENT,
    ANNOTATIONS,
    Difference,
    Named,
    Pair,
    View,
    Who,
    form,
    is_same,
    join_schemas,
    keywords,
    shorten_json,
    view,
    walk_alongside,
)
from pgagents.diff.schemas import (
    MARKS as HIDDEN,
)

Schemas = Mapping[str, Any]
_KEYS = ("anyOf", "oneOf")


def alternatives(one: View) -> list[Any] | None:
    """Return the branches of a schema that is only a union; None for any other.

    A type with null counts as two branches.
    """
    if len(one.facts) != 1:
        return None
    (fact,) = one.facts
    said = [key for key in fact if key in one.rest[0]] if one.rest else []
    for key in _KEYS:
        if key in fact and said == [key] and not one.members and not one.items and not one.required:
            return list(fact[key])
    if "$ref" in fact or any(key in fact for key in _KEYS):
        return None
    kinds = fact.get("type")
    if isinstance(kinds, list) and len(kinds) == 2 and "null" in kinds and "enum" not in fact:
        (kind,) = (k for k in kinds if k != "null")
        return [{**fact, "type": kind}, {"type": "null"}]
    return [fact]


def split(one: View) -> tuple[list[Any] | None, list[dict[str, Any]]]:
    """Return a schema's only union (None unless there is exactly one), and its other constraints except
    members.
    """
    unions = [fact[key] for fact in one.rest for key in _KEYS if key in fact]
    rest = [{k: v for k, v in fact.items() if k not in _KEYS} for fact in one.rest]
    return (unions[0] if len(unions) == 1 else None), [fact for fact in rest if fact]


def match_branches(
    old: list[Any], known: Schemas, new: list[Any], others: Schemas
) -> tuple[list[tuple[Any, Any]], list[Any], list[Any]]:
    """Return pairs of branches, unmatched old ones, and unmatched new ones.

    Equal branches are paired first, then those with the same name, title, constants or type.
    """
    gone, come, pairs = list(old), list(new), []
    for mark in (_branch_form, _branch_name, _branch_title, _branch_constants, _branch_kind):
        marks = {id(branch): mark(branch, known) for branch in gone} | {
            id(branch): mark(branch, others) for branch in come
        }
        for branch in list(gone):
            wanted = marks[id(branch)]
            same = [b for b in come if marks[id(b)] == wanted]
            rivals = [b for b in gone if marks[id(b)] == wanted]
            if wanted is not None and same and (mark is _branch_form or len(same) == len(rivals) == 1):
                pairs.append((branch, same[0]))
                gone = [b for b in gone if b is not branch]
                come = [b for b in come if b is not same[0]]
    if len(gone) == len(come) == 1 and _branch_kind(gone[0], known) == _branch_kind(come[0], others):
        pairs.append((gone.pop(), come.pop()))
    return pairs, gone, come


def _branch_form(branch: Any, _known: Schemas) -> Hashable:
    return form(branch)


def _branch_name(branch: Any, _known: Schemas) -> Hashable:
    ref = branch.get("$ref") if isinstance(branch, Mapping) else None
    return ref[len(REF) :] if isinstance(ref, str) else None


def _branch_title(branch: Any, known: Schemas) -> Hashable:
    there = resolve(branch, known) if isinstance(branch, Mapping) else {}
    return there.get("title") if isinstance(there.get("title"), str) else None


def _branch_constants(branch: Any, known: Schemas) -> Hashable:
    """Return the members with a single possible value, which distinguish branches; None if there are none."""
    there = resolve(branch, known) if isinstance(branch, Mapping) else {}
    told = {}
    for name, member in (there.get("properties") or {}).items():
        if isinstance(member, Mapping) and ("const" in member or len(member.get("enum") or ()) == 1):
            told[name] = str(member.get("const", (member.get("enum") or [None])[0]))
    return tuple(sorted(told.items())) or None


def _branch_kind(branch: Any, known: Schemas) -> Hashable:
    there = resolve(branch, known) if isinstance(branch, Mapping) else {}
    kinds = there.get("type")
    return tuple(sorted(kinds)) if isinstance(kinds, list) else kinds if isinstance(kinds, str) else None


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


class Annotations:
    """Compare marks and texts."""

    who: Who

    def marks(self, old: Any, new: Any, path: str) -> Iterator[Difference]:
        """Yield the differences in a value's own `default`, `readOnly` and `writeOnly`."""
        yield from self._annotations([old], [new], path)

    def _annotations(self, old: list[Any], new: list[Any], path: str) -> Iterator[Difference]:
        """Yield the differences in a member's `default`, `readOnly` and `writeOnly`."""
        for key, said in _MARKS.items():
            before, after = (
                next((one[key] for one in side if isinstance(one, Mapping) and key in one), ABSENT)
                for side in (old, new)
            )
            if not is_same(before, after) and (told := said(self.who, before, after)):
                yield Difference(*told[:2], path, told[2], "", origin_of(old[0]), origin_of(new[0]))

    def _texts(self, old: Any, new: Any, path: str, *, inner: bool = False) -> Iterator[Difference]:
        """Yield a difference of texts.

        With `inner`, yield one for all texts inside two schemas that are otherwise equal.
        """
        if not isinstance(old, Mapping) or not isinstance(new, Mapping):
            return
        place: tuple[Any, Any] | None = None
        if inner:
            place = _text_apart(old, new)
            for key in _MARKS:
                yield from self._deep_marks(old, new, path, key)
        elif any(not is_same(old.get(key, ABSENT), new.get(key, ABSENT)) for key in _TEXTS):
            place = old, new
        if place:
            yield Difference(
                "wording",
                "text",
                path,
                "is described anew",
                "",
                origin_of(place[0]) or origin_of(old),
                origin_of(place[1]) or origin_of(new),
            )

    def _deep_marks(self, old: Any, new: Any, path: str, key: str) -> Iterator[Difference]:
        for a, b, at in walk_alongside(old, new, path):
            if at == path:
                continue  # the comparison of its object reports a member's own marks
            before, after = a.get(key, ABSENT), b.get(key, ABSENT)
            if not is_same(before, after) and (told := _MARKS[key](self.who, before, after)):
                yield Difference(*told[:2], at, told[2], "", origin_of(a), origin_of(b))


_TEXTS = tuple(sorted(ANNOTATIONS - {"default", "readOnly", "writeOnly"}))


def _default(who: Who, before: Any, after: Any) -> tuple[Severity, str, str] | None:
    if who == "readers":
        return None
    if before is ABSENT:
        return "wording", "default", f"has a default that was not documented before: {shorten_json(after)}"
    if after is ABSENT:
        return "may break", "default", "has no default any more: calls without it may mean something else"
    now, was = shorten_json(after), shorten_json(before)
    said = f"has another default: {now}, was {was}: calls without it mean something else"
    return "may break", "default", said


def _read_only(who: Who, before: Any, after: Any) -> tuple[Severity, str, str] | None:
    if who == "readers" or bool(_to_value(before)) == bool(_to_value(after)):
        return None
    return (
        ("may break", "read-only", "is not to be sent any more")
        if _to_value(after)
        else ("addition", "read-only", "may be sent now")
    )


def _write_only(who: Who, before: Any, after: Any) -> tuple[Severity, str, str] | None:
    if who == "callers" or bool(_to_value(before)) == bool(_to_value(after)):
        return None
    return (
        ("may break", "write-only", "is not answered any more")
        if _to_value(after)
        else ("addition", "write-only", "is answered now")
    )


def _to_value(value: Any) -> Any:
    return None if value is ABSENT else value


_MARKS: dict[str, Callable[[Who, Any, Any], tuple[Severity, str, str] | None]] = {
    "default": _default, "readOnly": _read_only, "writeOnly": _write_only,
}  # fmt: skip


def _text_apart(old: Any, new: Any) -> tuple[Any, Any] | None:
    """Return the first pair of schemas in the same place whose texts differ, or None."""
    for a, b, _ in walk_alongside(old, new, ""):
        if any(not is_same(a.get(key, ABSENT), b.get(key, ABSENT)) for key in _TEXTS):
            return a, b
    return None


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
            unseen = self._is_unseen(a.members.get(name)), self._is_unseen(b.members.get(name))
            if name in a.members and name in b.members:
                yield from self._annotations(a.members[name], b.members[name], below)
                if not any(unseen):
                    yield from self.differences(a.member(name), b.member(name), below)
            elif any(unseen):
                continue
            elif name in b.members:
                yield from self._compare_added(a, b, name, below)
            else:
                yield from self._compare_removed(a, b, name, below)
        yield from self._compare_required(a, b, path, at)
        yield from self._compare_unnamed(a, b, path, at)
        if a.items or b.items:
            yield from self.differences(join_schemas(a.items), join_schemas(b.items), f"{path}[]")

    def _is_unseen(self, schemas: list[Any] | None) -> bool:
        """True for a member that this side neither sends nor reads."""
        mark = HIDDEN[self.who]
        return any(isinstance(one, Mapping) and one.get(mark) is True for one in schemas or ())

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
    for inside in walk(schema) if isinstance(schema, Mapping) else ():
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
