"""Resolve a store's test cases: their tools, arguments, conditions and codes."""

from __future__ import annotations

from pgagents.catalogue.language.stores import cases as written
from pgagents.catalogue.resolving.shared import Shared
from pgagents.model.stores.cases import Case, CaseCall, Cases, Kind
from pgagents.source.origin import Text
from pgagents.source.source import Pointer


class StoreCases(Shared):
    """Resolve test cases."""

    def _cases(self, store: str, given: written.Cases) -> Cases:
        at: Pointer = ("surfaces", store, "cases")
        return Cases(
            tuple(self._positive(store, name, one, at) for name, one in given.positive.items()),
            tuple(self._negative(store, name, one, at) for name, one in given.negative.items()),
            at,
        )

    def _positive(self, store: str, name: str, case: written.PositiveCase, above: Pointer) -> Case:
        at = (*above, "positive", name)
        calls = tuple(
            CaseCall(
                call.name or call.tool,
                self.actions[call.tool],
                self._values(call.arguments, (*at, "calls", index, "arguments")),
                (*at, "calls", index),
            )
            for index, call in enumerate(case.calls)
        )
        return Case(
            store,
            name,
            "positive",
            Text(case.prompt, (*at, "prompt")),
            _describe(name, case, at),
            case.draft,
            at,
            outcome=Text(case.outcome, (*at, "outcome")),
            calls=calls,
            expect=tuple(self.checker.expressions[(*at, "expect", i)] for i in range(len(case.expect))),
        )

    def _negative(self, store: str, name: str, case: written.NegativeCase, above: Pointer) -> Case:
        at = (*above, "negative", name)
        refused = case.refused
        kind: Kind = "refused" if refused else "asks_first" if case.asks_first else "not_offered"
        calls: tuple[CaseCall, ...] = ()
        if refused is not None:
            here = (*at, "refused")
            given = self._values(refused.arguments, (*here, "arguments"))
            calls = (CaseCall(refused.tool, self.actions[refused.tool], given, here),)
        return Case(
            store,
            name,
            kind,
            Text(case.prompt, (*at, "prompt")),
            _describe(name, case, at),
            case.draft,
            at,
            calls=calls,
            words=tuple(case.not_offered or ()),
            code=self.codes[refused.code] if refused is not None else None,
            action=self.actions[case.asks_first] if case.asks_first else None,
        )


def _describe(name: str, case: written.Case, at: Pointer) -> Text:
    """Return the purpose of a case; its name in words if it has none."""
    if case.description:
        return Text(case.description, (*at, "description"))
    return Text(name.replace("_", " ").strip().capitalize(), at)
