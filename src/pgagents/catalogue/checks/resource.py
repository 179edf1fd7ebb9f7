"""Check that the settings of a resource are consistent: its id, its parent, its fresh values, its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgagents.catalogue.language import variables
from pgagents.cel.printer import print_node
from pgagents.cel.reading import first_members
from pgagents.source.source import Pointer
from pgagents.text.brief import brief
from pgagents.text.nearest import did_you_mean

if TYPE_CHECKING:
    from pgagents.catalogue.checks.checker import Checker
    from pgagents.catalogue.language.resources import CatalogueCall, Resource


def run(checker: Checker, name: str, pointer: Pointer, resource: Resource) -> None:
    """Record contradictions within one resource."""
    _check_absent(checker, pointer, resource)
    _within(checker, name, pointer, resource)
    _check_given(checker, name, pointer, resource)
    check_fresh(checker, (*pointer, "made_by", "input"))
    checker.compile((*pointer, "gone_when"), resource.gone_when, ("resource", name))
    if resource.gone_when is not None and not (resource.undone_by or resource.expires_by):
        said = f"nothing removes a `{name}`, so `gone_when` has no effect"
        checker.report((*pointer, "gone_when"), "gone-when", said, "add `undone_by`, or leave it out")
    for index, move in enumerate(resource.moves_by_time):
        for side, state in (("from", move.from_), ("to", move.to)):
            checker.check_reference(
                (*pointer, "moves_by_time", index, side), state, (*pointer, "states"), "state"
            )
        _check_shown(checker, (*pointer, "moves_by_time", index, "at"), move.at, resource)
    _check_unique(checker, pointer, resource)
    _check_ids(checker, pointer, resource)
    key = (
        checker.actions[resource.made_by.action].idempotency
        if resource.made_by and resource.made_by.action in checker.actions
        else None
    )
    if key is not None and resource.made_by is not None and key in resource.made_by.input:
        said = (
            f"`{key}` is the idempotency key: with one value for all, the server would answer the first "
            "one again"
        )
        help = "leave it out: each call gets one of its own"
        checker.report((*pointer, "made_by", "input", key), "idempotency", said, help, at_value=False)


def _check_ids(checker: Checker, pointer: Pointer, resource: Resource) -> None:
    """Check each call's own name for the id: it has an effect, and the answer shows such a member."""
    several = {"read_by": resource.read_by, "listed_by": resource.listed_by}
    calls: list[tuple[Pointer, CatalogueCall | None]] = [
        (("made_by",), resource.made_by),
        (("found_by",), resource.found_by),
        (("undone_by",), resource.undone_by),
    ]
    for key, listed in several.items():
        short = isinstance(checker.data["resources"][pointer[-1]].get(key), dict)
        calls += [((key,) if short else (key, index), call) for index, call in enumerate(listed)]
    for place, call in calls:
        if call is None or call.id is None:
            continue
        at = (*pointer, *place, "id")
        if place == ("undone_by",):
            said = "what `undone_by` answers is no new instance, so its `id` has no effect"
            checker.report(at, "resource", said, "leave it out")
        elif not isinstance(resource.id, str):
            said = f"the id has {len(resource.id)} members, and one call's `id` is one member"
            checker.report(at, "resource", said, "leave it out")
        elif call.action in checker.actions:
            answers = [a for a in checker.actions[call.action].output.values() if a is not None]
            known, first = checker.list_members(answers), call.id.partition(".")[0]
            if known and first not in known:
                said = f"no answer of `{call.action}` shows `{brief(first)}`"
                checker.report(
                    at, "resource", said, did_you_mean(first, sorted(known)) or "name a member of it"
                )


def _check_unique(checker: Checker, pointer: Pointer, resource: Resource) -> None:
    maker = resource.made_by.action if resource.made_by else ""
    action = checker.actions.get(maker)
    for index, unique in enumerate(resource.unique):
        at = (*pointer, "unique", index)
        if action is None:
            said = "`unique` has no effect where nothing is made"
            checker.report(at, "unique", said, "add `made_by`, or leave `unique` out")
            continue
        for number, member in enumerate(unique.members):
            if member not in action.input:
                said = f"`{member}` is no argument of `{maker}`, so no call can repeat it"
                help = "name members that are arguments of the making call"
                checker.report((*at, "members", number), "unique", said, help)
        if checker.check_reference((*at, "otherwise"), unique.otherwise, ("errors", "codes"), "error code"):
            known = {*action.errors, *checker.written.errors.always}
            if unique.otherwise not in known:
                said = f"`{maker}` does not answer with `{unique.otherwise}`"
                checker.report((*at, "otherwise"), "unique", said, f"add it to `errors` of `{maker}`")


def _check_shown(checker: Checker, at: Pointer, member: str, resource: Resource) -> None:
    """Record a member that is in no answer of the resource's calls."""
    calls = [call for call in (resource.made_by, *resource.read_by) if call is not None]
    actions = [checker.actions[call.action] for call in calls if call.action in checker.actions]
    answers = [answer for action in actions for answer in action.output.values() if answer is not None]
    known = checker.list_members(answers)
    if known and member not in known:
        said = f"no answer shows `{brief(member)}`"
        checker.report(at, "resource", said, did_you_mean(member, sorted(known)) or "name a member of it")


def _check_absent(checker: Checker, pointer: Pointer, resource: Resource) -> None:
    at, absent = (*pointer, "absent"), resource.absent
    if absent is None:
        return
    if isinstance(resource.id, list):
        ids = list(resource.id)
        if not isinstance(absent, dict):
            said = f"the id is {' and '.join(ids)}, so `absent` needs a value for each"
            checker.report(at, "absent", said, f"write {{{', '.join(f'{i}: …' for i in ids)}}}")
        elif set(absent) != set(ids):
            odd = sorted(set(absent) ^ set(ids))
            checker.report(
                at,
                "absent",
                f"`absent` and `id` differ in {', '.join(map(brief, odd))}",
                "give one value for each member of the id",
            )
    elif isinstance(absent, dict):
        checker.report(
            at,
            "absent",
            f"the id is one member, `{resource.id}`, so `absent` is one value",
            "write the value alone",
        )


def _check_given(checker: Checker, name: str, pointer: Pointer, resource: Resource) -> None:
    at = (*pointer, "given")
    checker.compile(at, resource.given, ("env",))
    if resource.given is None:
        return
    if resource.made_by is not None or resource.found_by is not None:
        said, help = f"a call makes or finds a `{name}`, so nothing asks for a given one", "leave `given` out"
        checker.report(at, "given", said, help, at_value=False)
    elif isinstance(resource.id, list):
        said = f"the id has {len(resource.id)} members, and `given` is one value"
        checker.report(at, "given", said, "make each member a resource of its own", at_value=False)


def _within(checker: Checker, name: str, pointer: Pointer, resource: Resource) -> None:
    at = (*pointer, "within")
    if (
        not checker.check_reference(at, resource.within, ("resources",), "resource")
        or resource.within is None
    ):
        return
    above: str | None = resource.within
    met = {name}
    while above is not None and above in checker.written.resources:
        if above in met:
            checker.report(
                at,
                "within",
                f"`{name}` would live in itself: {' in '.join([name, resource.within])} …",
                "name its parent",
            )
            return
        met.add(above)
        above = checker.written.resources[above].within
    if resource.made_by is None and resource.found_by is None:
        checker.report(
            at,
            "within",
            f"nothing makes or finds a `{name}`, so it lives in nothing",
            "add `made_by`, or remove `within`",
        )


def check_fresh(checker: Checker, home: Pointer) -> None:
    """Check that each `fresh` expression below `home` names a known kind of fresh value."""
    for at, compiled in [*checker.expressions.items()]:
        if at[: len(home)] != home:
            continue
        for kind, part in first_members(compiled.tree, variables.FRESH):
            if kind not in variables.FRESH_KINDS:
                known = ", ".join(f"{variables.FRESH}.{known}" for known in variables.FRESH_KINDS)
                help = did_you_mean(kind, variables.FRESH_KINDS) or f"one of {known}"
                said = f"`{brief(print_node(part))}` is no kind of fresh value"
                checker.report_in(at, part, "fresh", said, help)
