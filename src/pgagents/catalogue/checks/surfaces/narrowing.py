"""Check how surfaces rename and narrow arguments: fewer values than the action allows, under free names."""

from __future__ import annotations

from typing import Any

from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.checks.surfaces.carried import REST, members
from pgagents.catalogue.language.basics import Param, Schema
from pgagents.catalogue.language.surfaces import Narrowing, Surface
from pgagents.jsonschema.schema import validator
from pgagents.source.source import Pointer
from pgagents.text.brief import brief

_LOWER = ("minimum", "min_length", "min_items")
_UPPER = ("maximum", "max_length", "max_items")
_OF = {
    "minimum": ("number", "integer"),
    "maximum": ("number", "integer"),
    "min_length": ("string",),
    "max_length": ("string",),
    "min_items": ("array",),
    "max_items": ("array",),
}


def run(checker: Checker) -> None:
    """Record narrowings without an effect, wider than the action's schema, or under a name that is in use."""
    for name, surface in checker.written.surfaces.items():
        for action in surface.narrow:
            _of_action(checker, name, surface, action)


def _of_action(checker: Checker, name: str, surface: Surface, action: str) -> None:
    at: Pointer = ("surfaces", name, "narrow", action)
    if not checker.check_reference(at, action, ("actions",), "action"):
        return
    if name == REST or surface.page is not None or action not in members(checker, name):
        why = (
            "REST takes the arguments as the action has them"
            if name == REST
            else "a page's form is that of the action"
            if surface.page is not None
            else f"`{brief(action)}` is not offered on `{name}`"
        )
        checker.report(at, "idle", f"`narrow` does nothing here: {why}", "leave it out", at_value=False)
        return
    known = checker.written.actions[action].input
    taken = {n for n in known if surface.narrow[action].get(n, Narrowing()).as_ is None}
    for argument, given in surface.narrow[action].items():
        here = (*at, argument)
        if not checker.check_reference(here, argument, ("actions", action, "input"), "argument"):
            continue
        if argument in surface.omit.get(action, ()):
            message = f"`{argument}` is left out here by `omit`"
            checker.report(here, "idle", message, "leave out one of the two", at_value=False)
            continue
        if given.as_ is not None:
            if given.as_ in taken:
                message = f"`{given.as_}` is the name of another argument of `{action}` here"
                checker.report((*here, "as"), "narrow", message, "give it a name of its own")
            taken.add(given.as_)
        _Values(checker, here, known[argument], given).run()


class _Values:
    """The values of one argument on one surface."""

    def __init__(self, checker: Checker, at: Pointer, param: Param, given: Narrowing) -> None:
        self.checker, self.at, self.param, self.given = checker, at, param, given
        self.schema: Schema = param
        while self.schema.ref is not None and self.schema.ref in checker.written.schemas:
            self.schema = checker.written.schemas[self.schema.ref]

    def run(self) -> None:
        """Record a narrowing without an effect, and one that allows values refused by the argument's own
        schema.
        """
        if not self.given.model_fields_set:
            self._refuse((), "it neither renames nor narrows", "write `as`, or a keyword such as `maximum`")
            return
        if self.given.required and self.param.required:
            self._refuse(("required",), "it is required everywhere already", "leave it out")
        for key in (*_LOWER, *_UPPER):
            self._bound(key)
        self._allowed()

    def _bound(self, key: str) -> None:
        """Record a bound that has no effect on this type, or that is not narrower."""
        value, word = getattr(self.given, key), str(Narrowing.model_fields[key].alias or key)
        if value is None:
            return
        kinds = [self.schema.type] if isinstance(self.schema.type, str) else self.schema.type or []
        if kinds and not set(kinds) & set(_OF[key]):
            self._refuse((word,), f"`{word}` says nothing about a value of this type", "leave it out")
            return
        own = getattr(self.schema, key)
        if own is not None and (value <= own if key in _LOWER else value >= own):
            message = f"{value:g} is no narrower than the action's `{word}`, which is {own:g}"
            self._refuse((word,), message, "a surface can only take fewer values")

    def _allowed(self) -> None:
        """Record values of `enum` that the action refuses, and defaults outside the narrowed values."""
        raw: Any = self.schema.model_dump(by_alias=True, exclude_none=True, mode="json")
        raw = {k: v for k, v in raw.items() if k in _JUDGED}
        for index, value in enumerate(self.given.enum or ()):
            if not validator(raw, {}).is_valid(value):
                self._refuse(("enum", index), f"the action does not take {brief(repr(value))}", "take it out")
        own, few = self.schema.enum or (), self.given.enum
        if few is not None and own and all(value in few for value in own):
            self._refuse(("enum",), "every value of the action is allowed here too", "leave it out")
        kept = self.given.model_dump(
            by_alias=True, exclude_unset=True, exclude={"as_", "required", "default"}
        )
        here = validator({**raw, **kept}, {})
        if "default" in self.given.model_fields_set:
            if not here.is_valid(self.given.default):
                self._refuse(("default",), "the default is not allowed here", "give one that is")
        elif "default" in self.param.model_fields_set and not here.is_valid(self.param.default):
            message = f"the action's default, {brief(repr(self.param.default))}, is not allowed here"
            self._refuse((), message, "give a `default` that is")

    def _refuse(self, steps: Pointer, message: str, help: str) -> None:
        self.checker.report((*self.at, *steps), "narrow", message, help, at_value=bool(steps))


_JUDGED = frozenset(
    (
        "type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
        "minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems",
    )
)  # fmt: skip
"""Keywords that restrict a value and contain no references."""
