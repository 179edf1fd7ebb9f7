"""Values for arguments that a schema alone does not describe: locations, optional texts, texts that
nearly equal.

The catalogue's `env` gives the members of a location together; changing one of them makes another
location.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from pgagents.base.cel.reading import compares
from pgagents.catalogue.model.action import Action, Param
from pgagents.catalogue.model.values import find_format
from pgagents.verify.fixtures.request_template import find_refusal
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import FORMATS, high, low, matches, pattern_text, types_of
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


# -- values for optional arguments, which ordinary calls leave out


TEXT = "Zoë 漢 🚗"
"""A text that serializers write in different ways.

So a signature is wrong if it was made over other bytes than those sent.
"""
NAME = "note"


def add_optional(setting: Setting, endpoint: Endpoint, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments, extended by optional ones that take a text or an object of texts.

    Return them unchanged if the extended arguments would meet the condition of an error.
    """
    more = {k: v for k, v in choose_optional(setting, endpoint).items() if k not in given}
    found = {**given, **more}
    return found if find_refusal(endpoint.action, found) is None else dict(given)


def choose_optional(setting: Setting, endpoint: Endpoint) -> dict[str, Any]:
    """Return values for the optional arguments of an endpoint, as far as values are known."""
    action, found = endpoint.action, dict[str, Any]()
    for param in action.params:
        name = str(param.name)
        if param.required or param.refers_to or param.place == "header" or "default" in param.schema:
            continue
        test = setting.test_argument(endpoint, param)
        value = next((v for v in _list_values(setting, action, param) if test.is_valid(v)), None)
        if value is not None and name not in (action.idempotency, action.if_match):
            found[name] = value
    return found


def _list_values(setting: Setting, action: Action, param: Param) -> Iterator[Any]:
    """Yield values for an argument: a text, an object with a text, then the values of examples."""
    schema = setting.resolve_schema(param.schema)
    kinds = types_of(schema)
    format = find_format(str(param.name), schema)
    if "string" in kinds and not schema.get("enum") and format in ("", "email"):
        yield FORMATS.get(format, TEXT)
    items = setting.resolve_schema(schema.get("items") or {})
    if "array" in kinds and not items.get("enum") and "string" in types_of(items):
        yield [TEXT]
    inner = schema.get("additionalProperties")
    if "object" in kinds and isinstance(inner, Mapping) and not schema.get("properties"):
        names = setting.resolve_schema(schema.get("propertyNames") or {})
        pattern = names.get("pattern")
        name = pattern_text(str(pattern), 1, None, longest=False) if pattern else NAME
        yield {NAME: TEXT}
        yield {name: TEXT}
    yield from (
        e.input[str(param.name)] for e in action.examples if e.status < 300 and str(param.name) in e.input
    )


# -- texts that nearly equal an existing one; a server that does not compare whole texts confuses them


HEX = re.compile(r"[0-9A-Fa-f{}-]*")
"""Matches UUIDs and similar ids, whose letters are hexadecimal digits. For these, letter case does not
count.
"""
_SEPARATORS = re.compile(r"[-_ .]")


def choose_other(
    setting: Setting, endpoint: Endpoint, param: Param, shown: Any, tests: Iterable[Any] = ()
) -> Any:
    """Return a value that an argument may have, other than the one that is shown; None if there is none.

    It fits `tests` too, and reaches nobody, as an address of e-mail may.
    """
    schema, name = setting.resolve_schema(param.schema), str(param.name)
    format = find_format(name, schema)
    whole = {**schema, "format": format} if format else param.schema
    ends = (choose(whole, setting.model.schemas) for choose in (high, low))
    choices = [True, False] if schema.get("type") == "boolean" else [*schema.get("enum", ()), *ends]
    if format in ("date", "date-time") and isinstance(shown, str):
        choices.insert(0, _put_off(shown))
    fits = [setting.test_argument(endpoint, param), *tests]
    for value in choices:
        if value is None or _is_alike(value, shown) or setting.say_reaching(endpoint.action, {name: value}):
            continue
        if all(test.is_valid(value) for test in fits):
            return value
    return None


def _is_alike(value: Any, shown: Any) -> bool:
    """True if a server that trims texts, or keeps them in capitals as codes, holds both as one."""
    if not isinstance(value, str) or not isinstance(shown, str):
        return bool(value == shown)
    return value.casefold().split() == shown.casefold().split()


def _put_off(day: str) -> str | None:
    """Return a day or time 400 days later, so that what lies between two of them stays as long.

    It is in another month and year, if a server keeps no more of it.
    """
    try:
        return f"{date.fromisoformat(day[:10]) + timedelta(days=400)}{day[10:]}"
    except (ValueError, OverflowError):
        return None


def near_texts(text: str) -> dict[str, str]:
    """Return texts that nearly equal this one, by the name of the change, the most revealing change first."""
    middle = next((i for i in range(len(text) // 2, len(text)) if text[i].isalnum()), None)
    found: dict[str, str] = {}
    if middle:
        found["with _ in place of a character"] = f"{text[:middle]}_{text[middle + 1 :]}"  # SQL's LIKE
    if not HEX.fullmatch(text):
        found["in the other case"] = text.swapcase()  # MySQL's collations
    found["without its separators"] = _SEPARATORS.sub("", text)  # `search_sessions` of Park Graph
    found["with a character more"] = f"{text}0"
    found["with its last character cut off"] = text[:-1]
    found["with another last character"] = f"{text[:-1]}{'1' if text[-1:] == '0' else '0'}"
    return {how: near for how, near in found.items() if near not in ("", text)}


def fitting(
    setting: Setting, action: Action, param: Param, text: str, hows: Sequence[str] = ()
) -> dict[str, str]:
    """Return the texts nearly equal to `text` that the argument's schema allows.

    `hows` names the changes to make; empty means all.
    """
    test = setting.test(("param", str(action.name), str(param.name), ""), param.schema)
    return {
        how: near
        for how, near in near_texts(text).items()
        if (not hows or how in hows) and test.is_valid(near)
    }


def find_comparison(action: Action, param: Param) -> str:
    """Return how the action's laws compare an argument with the answer.

    The result is `exactly`, `folded` (ignoring case), or empty if no law compares it.
    """
    found = {compares(law.that.tree, ("input", str(param.name))) for law in action.laws}
    return next((how for how in ("folded", "exactly") if how in found), "")


def free_text(setting: Setting, schema: Mapping[str, Any]) -> bool:
    """True if a schema accepts any text: it has no list of values, constant or format."""
    named = setting.resolve_schema(schema)
    return set(types_of(named)) - {"null"} == {"string"} and not {"enum", "const", "format"} & named.keys()


def without_null(setting: Setting, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema as it is for values that are not null, if that is one schema; else all of it."""
    whole = setting.resolve_schema(schema)
    parts = [setting.resolve_schema(part) for part in (*whole.get("anyOf", ()), *whole.get("oneOf", ()))]
    others = [part for part in parts if set(types_of(part)) != {"null"}]
    rest = {key: value for key, value in whole.items() if key not in ("anyOf", "oneOf")}
    return {**rest, **others[0]} if len(others) == 1 else whole
