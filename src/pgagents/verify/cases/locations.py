"""Valid values for arguments that name a location, or something else that the test data gives as a whole.

The catalogue's `env` gives the members of a location together; changing one of them makes another location.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pgagents.model.argument import Param
from pgagents.verify.check.setting import Setting
from pgagents.verify.values.schema_values import high, low, matches, types_of
from pgagents.verify.wire.endpoint import Endpoint

HAIR = 1e-9
"""Degrees; a billionth of a degree is a tenth of a millimetre."""
BESIDE = 0.1
"""Degrees; about eleven kilometres."""


def around_names(setting: Setting) -> frozenset[str]:
    """Return the members of all mappings under `env`, which the test data gives together."""
    return frozenset(
        name for value in setting.model.env.values() if isinstance(value, Mapping) for name in value
    )


def places(setting: Setting) -> frozenset[str]:
    """Return the names of required arguments that are members of a mapping under `env`, such as a
    location.
    """

    def find_names() -> frozenset[str]:
        optional = {str(p.name) for a in setting.model.actions for p in a.params if not p.required}
        return around_names(setting) - optional

    return setting.compute_once("places", find_names)


def list_place_cases(
    setting: Setting, endpoint: Endpoint, around: Sequence[Param], base: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield calls with locations at the bounds of their arguments, and at zero."""
    schemas = setting.model.schemas
    for name, bound, word in (("place_low", low, "least"), ("place_high", high, "greatest")):
        given = {str(p.name): bound(p.schema, schemas) for p in around}
        yield name, {**base, **given}, f"at the {word} of every place argument"
    zero = {str(p.name): 0 for p in around if _spans_zero(setting, p)}
    if zero and _first_at(setting, endpoint, zero):
        yield "place_zero", {**base, **zero}, "with zero for every place argument"


def _spans_zero(setting: Setting, param: Param) -> bool:
    schema = setting.resolve_schema(param.schema)
    return bool(schema.get("minimum", 0) < 0 < schema.get("maximum", 0))


def _first_at(setting: Setting, endpoint: Endpoint, names: Collection[str]) -> bool:
    """True if this is the first reading endpoint with these arguments.

    One endpoint is enough, because a server that mistakes zero for a missing value usually does so
    everywhere.
    """
    return endpoint is next(
        d
        for d in setting.endpoints
        if d.action.effect == "read" and set(names) <= {str(p.name) for p in d.params}
    )


def add_decimals(setting: Setting, param: Param, usual: Any) -> Any:
    """Add a billionth of a degree to a number, which changes its meaning by less than a millimetre.

    This reveals a column or pattern that allows only a few decimal places.
    """
    schema = setting.resolve_schema(param.schema)
    if "number" not in types_of(schema) or isinstance(usual, bool) or not isinstance(usual, int | float):
        return usual
    near = usual + HAIR
    return near if matches(schema, near) else usual


def move_beside(
    setting: Setting, endpoint: Endpoint, around: Collection[Param], base: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a location some kilometres from the usual one; empty if no law shows that locations are in
    degrees.

    It reveals answers that are cached for another location, and distances of two digits.
    """
    if not endpoint.leads or not setting.compute_once("places are degrees", lambda: _in_degrees(setting)):
        return {}
    found = {}
    for param in around:
        value = base.get(str(param.name))
        if isinstance(value, int | float) and matches(
            setting.resolve_schema(param.schema), moved := round(value + BESIDE, 6)
        ):
            found[str(param.name)] = moved
            break  # moving one coordinate is enough
    return found


def _in_degrees(setting: Setting) -> bool:
    """True if a law of the catalogue computes distances."""
    return any("distance_km" in law.that.calls for action in setting.model.actions for law in action.laws)


def find_elsewhere(setting: Setting, around: Collection[Param]) -> dict[str, Any]:
    """Return the last location in the catalogue's test data, where more items may be found; empty if it has
    only one.
    """
    names = {str(p.name) for p in around}
    given = [
        value
        for value in setting.model.env.values()
        if isinstance(value, Mapping) and names and names <= value.keys()
    ]
    return {name: value for name, value in given[-1].items() if name in names} if len(given) > 1 else {}
