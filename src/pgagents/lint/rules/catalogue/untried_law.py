"""A law is not tried by any example.

When a catalogue is loaded, each law is tried on the action's examples. An example does not try a law whose
`when` is false for it. Nor does it try a law that reads `now` or `before` if the example has no `at` or
`before`. A mistake in an untried law only shows against a live server, as an untested contract.

Bad:

    actions:
      search_products:
        laws: {few: {when: input.limit == 99, that: size(response.products) <= 99}}

Good:

    actions:
      search_products:
        laws: {few: {when: input.limit == 5, that: size(response.products) <= 5}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.base.cel.expression import Scope
from pgagents.base.cel.functions import epoch
from pgagents.base.cel.reading import variables_of
from pgagents.base.jsonschema.schema import resolve
from pgagents.base.places import Pointer, Source
from pgagents.catalogue.model.action import Action, Example, Law
from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule


def find(model: Model) -> Iterator[Hit]:
    for action in model.actions:
        if not action.laws:
            continue
        tries = [
            _values(action, example, model)
            for example in action.examples
            if 200 <= example.status < 300 and example.output is not None
        ]
        if not tries:
            continue
        scopes: list[Scope | None] = [None] * len(tries)
        for law in action.laws:
            if not any(_is_reached(law, values, scopes, n) for n, values in enumerate(tries)):
                said = f"no example of `{action.name}` reaches the law `{law.name}`, so it was never tried"
                yield Hit(law.origin, said, _help(law), part=_untried_part(law, model.source))


def _untried_part(law: Law, source: Source) -> tuple[Pointer, int]:
    """Return the text that keeps a law from being tried, and where in it: `now`, `before`, or its begin."""
    that = (*law.origin, "that")
    texts = [((*law.origin, "when"), law.when), (that if source.has(that) else law.origin, law.that)]
    for origin, text in texts:
        for name in ("now", "before"):
            if text is not None and name in text.names:
                return origin, variables_of(text.tree)[name].start
    return texts[law.when is None][0], 0


def _help(law: Law) -> str:
    missing = [word for word, name in (("at", "now"), ("before", "before")) if name in law.names]
    given = f", with {' and '.join(f'`{m}`' for m in missing)}" if missing else ""
    return (
        f"add an example of which it holds{given}"
        if law.when is None
        else f"add an example of which its `when` is true{given}"
    )


def _is_reached(law: Law, values: Mapping[str, Any], scopes: list[Scope | None], n: int) -> bool:
    if any(values[name] is None for name in ("now", "before") if name in law.names):
        return False
    scope = scopes[n] = scopes[n] or Scope(values)
    return law.when is None or scope.is_true(law.when)


def _values(action: Action, example: Example, model: Model) -> dict[str, Any]:
    """Return the values that a law may read for an example. `at` and `before` are only in the file, not in
    the Model.
    """
    written: Any = model.source.data
    for step in example.origin:
        written = written[step]
    schemas = {p.name: resolve(p.schema, model.schemas) for p in action.params}
    defaults = {str(name): schema["default"] for name, schema in schemas.items() if "default" in schema}
    return {
        "input": {**defaults, **example.input},
        "response": example.output,
        "status": example.status,
        "surface": "rest",
        "now": epoch(written["at"]) if written.get("at") else None,
        "before": written.get("before"),
        "env": dict(model.env),
    }


RULE = Rule("warning", "catalogue.laws-are-tried", find)
