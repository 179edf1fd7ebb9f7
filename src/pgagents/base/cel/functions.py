"""Helper functions for laws about money, places, lists, texts, times and files.

All numbers of a law are doubles, which are compared without tolerance. `cents`, `near` and `sum_of` are the
remedies (`docs/howto/writing-laws.md`). The cost of a new function stands in `growth.py`.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from hashlib import sha256 as hash_of
from itertools import pairwise
from typing import Any

# -- files


_URL = re.compile(r"(?i:data:([a-z0-9.+-]+/[a-z0-9.+-]+)(?:;[^;,]*)*;base64,)([A-Za-z0-9+/]*={0,2})")
"""Letter case is ignored only before the data: ignoring it in the data too takes 14 times as long."""


def file_size(file: Any) -> float:
    """Return the number of bytes of a file or a text; NaN for anything else."""
    data = _bytes_of(file)
    return float(len(data)) if data is not None else math.nan


def file_type(file: Any) -> str | None:
    """Return the media type of a file; null for anything else."""
    found = _URL.fullmatch(file) if isinstance(file, str) else None
    return found[1].lower() if found is not None else None


def sha256(file: Any) -> str | None:
    """Return the SHA-256 of a file's or a text's bytes in hexadecimal digits; null for anything else."""
    data = _bytes_of(file)
    return hash_of(data).hexdigest() if data is not None else None


def _bytes_of(file: Any) -> bytes | None:
    if not isinstance(file, str):
        return None
    found = _URL.fullmatch(file)
    if found is None:
        return file.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(found[2], validate=True)
    except binascii.Error:
        return None


EARTH_RADIUS_KM = 6371.0088


_DECIMAL = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,18})?", re.ASCII)


def _amount(value: Any) -> Any:
    """Return the number of a text such as `12.35`, as many APIs write amounts; another value as it is."""
    return float(value) if isinstance(value, str) and _DECIMAL.fullmatch(value) else value


def cents(amount: Any) -> float:
    """Convert dollars, a number or a decimal text, to whole cents: rounded to 6 decimal places, then half up.
    NaN above 10^12 dollars.
    """
    amount = _amount(amount)
    if not _number(amount) or abs(amount) > 1e12:
        return math.nan
    return float(Decimal(repr(round(amount, 6))).quantize(Decimal("0.01"), ROUND_HALF_UP) * 100)


def near(a: Any, b: Any, slack: Any) -> bool:
    """Return true if |a - b| <= slack; a and b may be decimal texts."""
    a, b = _amount(a), _amount(b)
    return _number(a) and _number(b) and _number(slack) and abs(a - b) <= slack


def distance_km(a: Any, b: Any) -> float:
    """Return the great-circle distance in km between two values with `lat` and `lng` in degrees; R =
    6371.0088 km.
    """
    try:
        values = (a["lat"], a["lng"], b["lat"], b["lng"])
    except (TypeError, KeyError, IndexError):
        return math.nan
    if not all(_number(v) for v in values):
        return math.nan
    lat1, lng1, lat2, lng2 = (math.radians(v) for v in values)
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lng2 - lng1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(h)))


def sorted_by(items: Any, member: Any) -> bool:
    """True if the items are in ascending order of the named member. Equal neighbours are in order."""
    values = _members(items, member)
    try:
        return values is not None and all(a <= b for a, b in pairwise(values))
    except TypeError:
        return False


def sorted_down_by(items: Any, member: Any) -> bool:
    """True if the items are in descending order of the named member. Equal neighbours are in order."""
    values = _members(items, member)
    try:
        return values is not None and all(a >= b for a, b in pairwise(values))
    except TypeError:
        return False


def unique_by(items: Any, member: Any) -> bool:
    """True if no two items have the same value in the named member."""
    values = _members(items, member)
    return values is not None and len(values) == len({_identity(v) for v in values})


def sum_of(items: Any, member: Any) -> float:
    """Return the sum of the named member, a number or a decimal text, over all items."""
    values = _members(items, member)
    values = None if values is None else [_amount(value) for value in values]
    if values is None or not all(_number(v) and abs(v) < 1e290 for v in values):
        return math.nan
    return math.fsum(values)


def upper(text: Any) -> str | None:
    """Return the text in upper case."""
    return text.upper() if isinstance(text, str) else None


def alnum(text: Any) -> str | None:
    """Return the ASCII letters and digits of the text."""
    return re.sub(r"[^A-Za-z0-9]", "", text) if isinstance(text, str) else None


def first(text: Any, count: Any) -> str | None:
    """Return the first `count` characters of the text."""
    return text[: max(0, int(count))] if isinstance(text, str) and _number(count) else None


def last(text: Any, count: Any) -> str | None:
    """Return the last `count` characters of the text."""
    if not isinstance(text, str) or not _number(count):
        return None
    return text[max(0, len(text) - max(0, int(count))) :]


def ceil(number: Any) -> float:
    """Round up to a whole number, after rounding to 6 decimal places to remove noise."""
    return float(math.ceil(round(number, 6))) if _number(number) else math.nan


def floor(number: Any) -> float:
    """Round down to a whole number, after rounding to 6 decimal places to remove noise."""
    return float(math.floor(round(number, 6))) if _number(number) else math.nan


def least(a: Any, b: Any) -> float:
    """Return the smaller of two numbers. A null argument is ignored."""
    if a is None or b is None:
        a, b = (b, b) if a is None else (a, a)
    return min(a, b) if _number(a) and _number(b) else math.nan


def epoch(text: Any) -> float:
    """Return the seconds since 1970 of an RFC 3339 time with an offset."""
    return _epoch(text) if isinstance(text, str) else math.nan


@lru_cache(maxsize=4_096)
def _epoch(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
        return moment.timestamp() if moment.tzinfo else math.nan
    except (ValueError, OverflowError):
        return math.nan


def len_(value: Any) -> float:
    """Return `size()` as a double.

    Calls of `size` are renamed to this function. The name is equally long, so that error positions stay
    right.
    """
    return float(len(value)) if isinstance(value, str | list | dict) else math.nan


HELPERS: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        cents,
        near,
        distance_km,
        sorted_by,
        sorted_down_by,
        unique_by,
        sum_of,
        upper,
        alnum,
        first,
        last,
        ceil,
        floor,
        least,
        epoch,
        file_size,
        file_type,
        sha256,
        len_,
    )
}


def _number(value: Any) -> bool:
    """True for a finite number that a double can hold; booleans are not numbers."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -1.7e308 < value < 1.7e308


def _members(items: Any, member: Any) -> list[Any] | None:
    """Return the named member of each item; None if an item lacks it."""
    if (
        not isinstance(items, list)
        or not isinstance(member, str)
        or not all(isinstance(i, dict) and member in i for i in items)
    ):
        return None
    return [item[member] for item in items]


def _identity(value: Any) -> Any:
    """Return a hashable key: equal for equal JSON values, and different for true and 1."""
    if isinstance(value, list):
        return ("list", *(_identity(v) for v in value))
    if isinstance(value, dict):
        return ("dict", frozenset((k, _identity(v)) for k, v in value.items()))
    return (isinstance(value, bool), value)
