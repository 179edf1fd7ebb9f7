"""Check that each group of arguments, of which a call gives exactly one, can be given without the others."""

from __future__ import annotations

from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.language.actions import Action
from pgagents.source.source import Pointer
from pgagents.text.brief import brief

REFUSED = 400


def run(checker: Checker) -> None:
    """Record problems of `either`."""
    for base, actions in checker.blocks():
        for name, action in actions.items():
            if action.either is not None and _check_groups(checker, (*base, name), action, action.either):
                _check_examples(checker, (*base, name), action, action.either)


def _check_groups(checker: Checker, pointer: Pointer, action: Action, groups: list[list[str]]) -> bool:
    """Record names that are unknown, repeated or required in every call. Return True if there are none."""
    before, met = len(checker.found), set[str]()
    help = "an argument is in one group, and neither required nor filled in"
    for index, group in enumerate(groups):
        for number, name in enumerate(group):
            at = (*pointer, "either", index, number)
            if not checker.check_reference(at, name, (*pointer, "input"), "argument"):
                continue
            param = action.input[name]
            if name in met:
                checker.report(at, "either", f"`{brief(name)}` is in a group already", help)
            elif param.required or f"{{{param.wire or name}}}" in (action.http or ""):
                said = f"`{brief(name)}` is required, so no other group could be given"
                checker.report(at, "either", said, help)
            elif "default" in param.model_fields_set:
                said = f"`{brief(name)}` has a default, so it is always given"
                checker.report(at, "either", said, help)
            met.add(name)
    return len(checker.found) == before


def _check_examples(checker: Checker, pointer: Pointer, action: Action, groups: list[list[str]]) -> None:
    for name, example in action.examples.items():
        given = set(example.input)
        touched = [group for group in groups if given & set(group)]
        whole = len(touched) == 1 and set(touched[0]) <= given
        if not whole and (example.status or 0) < REFUSED:
            said = "the example gives not exactly one group of `either`"
            at = (*pointer, "examples", name, "input")
            checker.report(at, "either", said, "give all arguments of one group, and none of the others")
