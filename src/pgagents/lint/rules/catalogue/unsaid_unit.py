"""A number is a quantity, but its unit is not specified.

"How long it lasts: 30" means minutes to one model and days to another, and every value satisfies the schema.
The unit may be part of the name (`radius_km`, `price_cents`), of the description, or of another argument
(`currency`, `unit`).

Bad:

    actions:
      search_products:
        input: {max_weight: {type: number, minimum: 0, description: Greatest weight of a product}}

Good:

    actions:
      search_products:
        input:
          {max_weight: {type: number, minimum: 0, description: Greatest weight of a product in kilograms}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.base.jsonschema.schema import resolve
from pgagents.base.places import Pointer
from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule
from pgagents.lint.texts import list_model_actions, words

_QUANTITIES_WORDS = """
duration timeout delay interval age ttl lifetime elapsed distance radius range length width height depth
weight mass volume area size speed velocity temperature pressure price amount cost fee budget fare salary
payment rate bandwidth latency altitude elevation capacity energy power voltage angle heading bearing
"""
_QUANTITIES = frozenset(_QUANTITIES_WORDS.split())
_UNITS_WORDS = """
s sec secs second seconds ms millisecond milliseconds us microseconds min mins minute minutes h hr hrs hour
hours day days week weeks month months quarter quarters year years night nights m meter meters metre metres km
kilometer kilometers kilometre kilometres cm mm mile miles mi ft foot feet inch inches yard yards nm g gram
grams kg kilogram kilograms kilo kilos lb lbs pound pounds oz ounce ounces ton tons tonne tonnes l liter
liters litre litres ml gallon gallons sqm sqft hectare hectares acre acres kmh kph mph knots celsius
fahrenheit kelvin degree degrees deg rad radian radians percent percentage pct ratio fraction share usd dollar
dollars cent cents eur euro euros gbp chf franc francs yen jpy rupee rupees currency minor byte bytes kb mb gb
tb kib mib gib bit bits bps kbps mbps hz khz mhz ghz w kw kwh wh v volt volts watt watts joule joules bar
pascal psi px pixel pixels em points item items piece pieces character characters token tokens row rows people
person persons guest guests space spaces unit units page pages entry entries record records result results
times count number epoch iso stars
"""
_UNITS = frozenset(_UNITS_WORDS.split())
_SIGNS = "$€£¥%°²³"


def find(model: Model) -> Iterator[Hit]:
    for action in list_model_actions(model):
        beside = {word for param in action.params for word in words(param.name)}
        for param in action.params:
            schema = resolve(param.schema, model.schemas)
            for name, part, origin in _numbers(str(param.name), schema, param.origin, model):
                if _lacks_unit(name, part, beside):
                    yield Hit(
                        origin,
                        f"`{name}` of `{action.name}` is a quantity, but nothing says its unit",
                        _help(name),
                    )


def _help(name: str) -> str:
    return f'say it in the description ("… in km") or in the name (`{name}_km`)'


def _numbers(
    name: str, schema: Mapping[str, Any], origin: Pointer, model: Model, depth: int = 0
) -> Iterator[tuple[str, Any, Pointer]]:
    """Yield the numbers among an argument and its members, each with its name, schema and place."""
    types = schema.get("type")
    if {"number", "integer"} & set(types if isinstance(types, list) else [types]):
        yield name, schema, origin
    if depth < 8:
        for member, part in schema.get("properties", {}).items():
            yield from _numbers(
                str(member), resolve(part, model.schemas), (*origin, "properties", member), model, depth + 1
            )
        if isinstance(schema.get("items"), Mapping):
            yield from _numbers(
                name, resolve(schema["items"], model.schemas), (*origin, "items"), model, depth + 1
            )


def _lacks_unit(name: str, schema: Mapping[str, Any], beside: set[str]) -> bool:
    told = words(name)
    if not _QUANTITIES & set(told) or "enum" in schema or "const" in schema:
        return False
    text = str(schema.get("description", ""))
    if any(sign in text for sign in _SIGNS) or {"currency", "unit", "units"} & beside:
        return False
    return not _UNITS & set(told + words(text))


RULE = Rule("warning", "catalogue.no-ambiguity", find)
