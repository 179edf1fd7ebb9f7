"""Compile the expressions of a catalogue, and check the calls that hold them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pgagents.catalogue.checks.checking.problems import ACTIONS, Problems, names_at
from pgagents.catalogue.language.actions import Law
from pgagents.catalogue.language.resources import CatalogueCall
from pgagents.cel import expression
from pgagents.cel.expression import Expression, ExpressionError
from pgagents.cel.printer import print_node
from pgagents.cel.syntax import Node
from pgagents.source.source import Pointer, Span, value_at
from pgagents.source.within import locate_within
from pgagents.text.brief import brief
from pgagents.text.nearest import did_you_mean


class Expressions(Problems):
    """Compile expressions and keep them by their pointer."""

    def compile(self, pointer: Pointer, text: str | None, names: Iterable[str]) -> Expression | None:
        """Compile the expression at a pointer and keep it; record an error if it does not compile."""
        if text is None:
            return None
        try:
            compiled = expression.compile(text, names)
        except ExpressionError as error:
            span = self.locate_part(pointer, error.start)
            part = brief(text[error.start or 0 : error.end or 0])
            said = error.reason if span else f"{error}, in `{part}`" if part else error
            self.report(pointer, "expression", f"the expression does not compile: {said}", span=span)
            return None
        self.expressions[pointer] = compiled
        return compiled

    def locate_part(self, pointer: Pointer, start: int | None) -> Span | None:
        """Return the place of a character of the expression at a pointer, or None if it is unknown."""
        begun = str(value_at(self.source.data, pointer)).startswith("=")
        return None if start is None else locate_within(self.source, pointer, start + begun)

    def report_in(self, pointer: Pointer, part: Node, id: str, message: str, help: str = "") -> None:
        """Record an error at a part of the expression at a pointer.

        The message quotes a part without a known place.
        """
        span = self.locate_part(pointer, part.start)
        quoted = "" if span else f", in `{brief(print_node(part))}`"
        self.report(pointer, id, f"{message}{quoted}", help, span=span)

    def values(self, pointer: Pointer, value: Any, names: Iterable[str]) -> None:
        """Compile every string inside a value that begins with `=`."""
        if isinstance(value, str) and value.startswith("="):
            self.compile(pointer, value[1:], names)
        elif isinstance(value, dict):
            for key, member in value.items():
                self.values((*pointer, key) if key != "*" else pointer, member, names)
        elif isinstance(value, list):
            for index, member in enumerate(value):
                self.values((*pointer, index), member, names)

    def law(self, pointer: Pointer, law: Law, names: Iterable[str]) -> None:
        """Compile a law written in its short or long form."""
        that, when = self.law_places(pointer)
        self.compile(that, law.that, names)
        self.compile(when, law.when, names)

    def law_places(self, pointer: Pointer) -> tuple[Pointer, Pointer]:
        """Return the pointers of the `that` and the `when` of the law at a pointer."""
        that = (*pointer, "that")
        return that if self.source.has(that) else pointer, (*pointer, "when")

    def call(self, pointer: Pointer, call: CatalogueCall | None, names: Iterable[str]) -> None:
        """Check a call's action, arguments and expressions."""
        if call is None:
            return
        names = set(names)
        if self.check_reference((*pointer, "action"), call.action, ACTIONS, "action"):
            self.arguments((*pointer, "input"), call.input, call.action)
        self.values((*pointer, "input"), call.input, names)
        self.compile((*pointer, "at"), call.at, {"response", "input"})
        self.compile((*pointer, "where"), call.where, names)

    def arguments(self, pointer: Pointer, given: Mapping[str, Any], action: str) -> None:
        """Record arguments that the action does not have."""
        home = (*self.base(action), "input")
        known = names_at(self.source.data, home)
        for name in given:
            if name != "*" and name not in known and not self.is_incomplete(home):
                message = f"`{action}` takes no argument `{brief(name)}`"
                self.report(
                    (*pointer, name),
                    "unknown-name",
                    message,
                    did_you_mean(name, map(str, known)),
                    at_value=False,
                )

    def base(self, action: str) -> Pointer:
        """Return the pointer of the action of this name."""
        return ("actions", action) if action in self.written.actions else ("operator", "actions", action)
