"""Check the test cases of plugins: their tools, arguments, conditions, codes and numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pgagents import registry
from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.checks.listings.listing import STORES, Store
from pgagents.catalogue.checks.surfaces.carried import MCP, members
from pgagents.catalogue.checks.surfaces.hints import resolve_hints
from pgagents.catalogue.language import variables
from pgagents.catalogue.language.schemas import argument_node, schema_nodes
from pgagents.catalogue.language.stores.cases import CaseCall, Cases, NegativeCase, PositiveCase
from pgagents.jsonschema.direction import OneWay
from pgagents.jsonschema.schema import resolve, validator
from pgagents.source.source import Pointer
from pgagents.text.brief import brief
from pgagents.text.nearest import did_you_mean
from pgagents.text.words import find_word

_KINDS = ("not_offered", "refused", "asks_first")


def run(checker: Checker) -> None:
    """Record cases without a listed plugin, and cases that cannot be tried as they are written."""
    given = {name: s.cases for name, s in checker.written.surfaces.items() if s.cases is not None}
    if not given:
        return
    stores: dict[str, Store] = {name: m.STORE for name, m in registry.collect(STORES).items()}
    for name, cases in given.items():
        at: Pointer = ("surfaces", name, "cases")
        if name not in stores or checker.written.surfaces[name].listing is None:
            if checker.sound(("surfaces", name, "listing")):
                message = f"`cases` does nothing on the surface `{brief(name)}`: it lists no plugin"
                help = f"write it beside the `listing` of {', '.join(f'`{one}`' for one in sorted(stores))}"
                checker.report(at, "idle", message, help, at_value=False)
        elif MCP in checker.written.surfaces:
            _Cases(checker, at, cases, stores[name]).run()


class _Cases:
    """The cases of one store."""

    def __init__(self, checker: Checker, at: Pointer, cases: Cases, store: Store) -> None:
        self.checker, self.at, self.cases, self.store = checker, at, cases, store
        self.offered = members(checker, MCP)
        self._sent: OneWay | None = None

    def run(self) -> None:
        self._count()
        for name, case in self.cases.positive.items():
            self._positive((*self.at, "positive", name), case)
        for name, negative in self.cases.negative.items():
            at = (*self.at, "negative", name)
            if name in self.cases.positive:
                message = f"`{brief(name)}` is also the name of a positive case"
                self.checker.report(at, "listing", message, "rename one of the two", at_value=False)
            self._negative(at, negative)
        for kind in ("positive", "negative"):
            for name, one in getattr(self.cases, kind).items():
                self._texts((*self.at, kind, name), one)

    def _count(self) -> None:
        for kind, asked in zip(("positive", "negative"), self.store.cases or (), strict=False):
            count = len(self.checker.in_file((*self.at, kind)))
            if count != asked:
                message = f"{self.store.title} takes exactly {asked} {kind} cases, and here are {count}"
                help = f"write {asked} under `{kind}`"
                at = (*self.at, kind) if count else self.at
                self.checker.report(at, "listing", f"{message} (review.test_cases)", help, at_value=False)

    def _texts(self, at: Pointer, case: PositiveCase | NegativeCase) -> None:
        for key in ("prompt", "description", "outcome"):
            text = getattr(case, key, None) or ""
            if len(text) > self.store.longest_case:
                most = f"{self.store.longest_case:,}"
                message = f"`{key}` has {len(text):,} characters, and the store takes at most {most}"
                self.checker.report((*at, key), "listing", message, "write fewer characters")

    def _positive(self, at: Pointer, case: PositiveCase) -> None:
        earlier: list[str] = []
        for index, call in enumerate(case.calls):
            here = (*at, "calls", index)
            if self._tool((*here, "tool"), call.tool):
                self._arguments((*here, "arguments"), call)
            self.checker.values((*here, "arguments"), call.arguments, {"env", "now", *earlier})
            self._name(here, call, earlier)
            earlier.append(call.name or call.tool)
        for index, text in enumerate(case.expect):
            names = {"env", "now", "input", "response", *earlier}
            self.checker.compile((*at, "expect", index), text, names)

    def _name(self, at: Pointer, call: CaseCall, earlier: Iterable[str]) -> None:
        name = call.name or call.tool
        where = (*at, "name") if call.name else (*at, "tool")
        if name in variables.STEP:
            message = f"`{brief(name)}` means something else in expressions"
            self.checker.report(where, "listing", message, "give the call another `name`")
        elif name in earlier:
            message = f"two calls of this case have the name `{brief(name)}`"
            self.checker.report(where, "listing", message, "give this one a `name` of its own")

    def _tool(self, at: Pointer, tool: str) -> bool:
        """Record a tool that the plugin does not offer; return True if it is offered."""
        if tool in self.offered and tool in self.checker.written.actions:
            return True
        if self.checker.sound(("surfaces", MCP)) and self.checker.sound(("actions",)):
            message = f"`{brief(tool)}` is no tool that this plugin offers"
            help = did_you_mean(tool, self.offered) or "the tools are the actions of `surfaces.mcp`"
            self.checker.report(at, "listing", message, help)
        return False

    def _arguments(self, at: Pointer, call: CaseCall) -> None:
        """Record arguments that are unknown to the tool, missing, or refused by its schema."""
        self._names(at, call.tool, call.arguments)
        action, mcp = self.checker.written.actions[call.tool], self.checker.written.surfaces[MCP]
        narrow = mcp.narrow.get(call.tool, {})
        for name, param in action.input.items():
            needed = param.required or (name in narrow and narrow[name].required)
            if needed and name not in call.arguments:
                where = at if self.checker.source.has(at) else at[:-1]
                message = f"`{call.tool}` needs the argument `{name}`"
                self.checker.report(where, "listing", message, f"write `{name}: …`", at_value=False)
            elif name in call.arguments:
                self._value((*at, name), call.tool, name, call.arguments[name])

    def _names(self, at: Pointer, tool: str, given: Mapping[str, Any]) -> None:
        self.checker.arguments(at, given, tool)
        for name in self.checker.written.surfaces[MCP].omit.get(tool, ()):
            if name in given:
                message = f"the tool `{tool}` does not take `{name}`: `surfaces.mcp.omit` leaves it out"
                self.checker.report((*at, name), "listing", message, "leave it out", at_value=False)

    def _value(self, at: Pointer, tool: str, name: str, value: Any) -> None:
        """Record a value that the tool's schema refuses.

        A value with expressions is unknown before the run.
        """
        place: Pointer = ("actions", tool, "input", name)
        if _has_expression(value) or not self.checker.sound(place) or not self.checker.sound(("schemas",)):
            return
        narrowed = self.checker.written.surfaces[MCP].narrow.get(tool, {}).get(name)
        if self._sent is None:
            self._sent = OneWay(schema_nodes(self.checker.written, self.checker.data)[0], "sent")
        named = {**self._sent.schemas, **self._sent.variants}
        argument = argument_node(self.checker.data["actions"][tool]["input"][name], place)
        schema: Mapping[str, Any] = self._sent.adapt(argument)
        if narrowed is not None:
            own = narrowed.model_dump(by_alias=True, exclude_unset=True, exclude={"as_", "required"})
            schema = {**resolve(schema, named), **own}
        try:
            error = next(iter(validator(schema, named).iter_errors(value)), None)
        except ValueError:
            return  # the schema itself is wrong, and its own check says so
        if error is not None:
            said = " ".join(error.message.split())
            said = said if len(said) <= 200 else f"…{said[-199:]}"
            message = f"the tool's schema refuses this: {said}"
            self.checker.report((*at, *error.instance_path), "listing", message, f"see `{tool}`")

    def _negative(self, at: Pointer, case: NegativeCase) -> None:
        given = [kind for kind in _KINDS if getattr(case, kind) is not None]
        if len(given) != 1 and self.checker.sound(at):
            message = f"a negative case has exactly one of {', '.join(f'`{kind}`' for kind in _KINDS)}"
            self.checker.report(at, "listing", message, "say what stands in the way", at_value=False)
        if case.refused is not None:
            self._refused((*at, "refused"), case)
        if case.asks_first is not None:
            self._asks_first((*at, "asks_first"), case.asks_first)
        for index, words in enumerate(case.not_offered or ()):
            if found := next(self._list_speaking(words), None):
                message = f"the tool `{found[0]}` speaks of it: `{brief(words)}` is in its {found[1]}"
                help = "write other words, or prompt for something that no tool does"
                self.checker.report((*at, "not_offered", index), "listing", message, help)

    def _refused(self, at: Pointer, case: NegativeCase) -> None:
        call = case.refused
        assert call is not None
        self.checker.values((*at, "arguments"), call.arguments, {"env", "now"})
        known = self.checker.check_reference((*at, "code"), call.code, ("errors", "codes"), "error code")
        if not self._tool((*at, "tool"), call.tool):
            return
        self._names((*at, "arguments"), call.tool, call.arguments)
        declared = [*self.checker.written.actions[call.tool].errors, *self.checker.written.errors.always]
        if known and call.code not in declared:
            message = f"`{call.tool}` does not declare the code `{brief(call.code)}`"
            help = did_you_mean(call.code, declared) or f"it declares {', '.join(declared)}"
            self.checker.report((*at, "code"), "listing", message, help)

    def _asks_first(self, at: Pointer, tool: str) -> None:
        if not self._tool(at, tool) or not self.checker.sound(("actions", tool)):
            return
        action = self.checker.written.actions[tool]
        if not resolve_hints(self.checker.written, tool, action, ("actions", tool)).destructive.value:
            message = f"no host asks before `{tool}`: its hints say that it destroys nothing"
            help = "name a tool that is destructive or costs money"
            self.checker.report(at, "listing", message, help)

    def _list_speaking(self, words: str) -> Iterator[tuple[str, str]]:
        """Yield each tool whose texts contain the words, with the text."""
        for name in self.offered:
            action = self.checker.written.actions.get(name)
            if action is None:
                continue
            own = action.texts.get(MCP)
            texts = {
                "name": (own.name if own else None) or name,
                "title": (own.title if own else None) or action.title,
                "description": (own.description if own else None) or action.description,
            }
            yield from ((name, what) for what, text in texts.items() if text and find_word(words, text))


def _has_expression(value: Any) -> bool:
    """True if a value holds an expression anywhere."""
    if isinstance(value, str):
        return value.startswith("=")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(_has_expression, inner))
