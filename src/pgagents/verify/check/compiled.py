"""A catalogue compiled for checks: its endpoints, validators, and results that depend on the catalogue alone.

A short run spends most of its time on compiling and listing, so `compile_catalogue` keeps the last few
results. Runs may share one: it never holds anything that depends on a run's options, seed or identities.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from pgagents.jsonschema.schema import validator
from pgagents.model.model import Model
from pgagents.verify.wire.endpoint import Endpoint, endpoints
from pgagents.verify.wire.mcp.form import tool_endpoints

T = TypeVar("T")
MOST_COMPILED = 4


@dataclass(frozen=True, slots=True, eq=False)
class CompiledCatalogue:
    """A catalogue for one target URL, which decides which links of its examples are the target's own.

    Only its caches change. They gain results that every run would compute alike.
    """

    model: Model
    url: str
    endpoints: tuple[Endpoint, ...]
    tools: tuple[Endpoint, ...]
    """The actions as tools of an MCP server."""
    every_endpoint: tuple[Endpoint, ...]
    by_place: Mapping[str, Endpoint]
    _tests: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)
    _results: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    def test(self, key: Any, schema: Mapping[str, Any]) -> Any:
        """Return the compiled validator of a schema, kept under a key."""
        found = self._tests.get(key)
        if found is None:
            found = self._tests[key] = validator(schema, self.model.schemas)
        return found

    def compute_once(self, key: Any, make: Callable[[], T]) -> T:
        """Return the result of `make`, called once for a key. `make` must read the catalogue and the URL
        alone.
        """
        if key not in self._results:
            self._results[key] = make()
        found: T = self._results[key]
        return found


_COMPILED: OrderedDict[tuple[int, str, bool], CompiledCatalogue] = OrderedDict()
"""The last compiled catalogues by the identity of their model, which they keep alive, their URL, and whether
tools lead.
"""


def compile_catalogue(model: Model, url: str, *, tools_lead: bool = False) -> CompiledCatalogue:
    """Compile a catalogue for a target. A catalogue among the last few compiled ones is returned as it is.

    With `tools_lead`, an action that is a tool is called through the MCP server wherever any endpoint would
    do.
    """
    key = (id(model), url, tools_lead)
    found = _COMPILED.get(key)
    if found is None:
        listed, tools = tuple(endpoints(model)), tuple(tool_endpoints(model))
        if tools_lead:
            offered = {str(one.action.name) for one in tools}
            listed = tuple(
                replace(one, leads=False) if str(one.action.name) in offered else one for one in listed
            )
            tools = tuple(replace(one, leads=True) for one in tools)
        every = (*listed, *tools)
        found = _COMPILED[key] = CompiledCatalogue(
            model, url, listed, tools, every, {d.place: d for d in every}
        )
        if len(_COMPILED) > MOST_COMPILED:
            _COMPILED.popitem(last=False)
    return found
