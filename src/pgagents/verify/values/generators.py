"""Generate values with Schemathesis and Hypothesis. Only this module imports them, and it sends nothing."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any, TypeVar
from unittest.mock import patch
from urllib.parse import unquote

from pgagents.base.jsonschema.patterns import fits, simplest, steady
from pgagents.base.places import plain

if TYPE_CHECKING:
    from hypothesis import settings

T = TypeVar("T")

MAX_TEXT = 300
MOST_SEARCHED = 40
"""The longest text that Hypothesis searches. It takes seconds to make a long one short."""
ALONE = "A0a-Z9z_.~"
"""Characters to repeat for a text of one character class. Those that most classes allow come first."""
PLACES = {"path": "path_parameters", "query": "query", "header": "headers", "cookie": "cookies"}


def document(
    path: str,
    method: str,
    params: list[dict[str, Any]],
    body: Mapping[str, Any] | None,
    schemas: Mapping[str, Any],
) -> dict[str, Any]:
    """Return an OpenAPI 3.1 document of one operation.

    It has no security, because other checks test authentication.
    """
    operation: dict[str, Any] = {
        "operationId": "op",
        "parameters": params,
        "responses": {"200": {"description": "ok"}},
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "one operation", "version": "1"},
        "paths": {path: {method.lower(): operation}},
        "components": {"schemas": dict(schemas)},
    }
    found: dict[str, Any] = plain(whole)  # the generator accepts no subclass of `str`
    return found


def generable(value: Any) -> bool:
    """True if Python's `re` matches every pattern in the value in reasonable time."""
    stack = [value]
    while stack:
        here = stack.pop()
        if isinstance(here, Mapping):
            patterns = [
                here.get("pattern"),
                *(
                    here.get("patternProperties") or ()
                    if isinstance(here.get("patternProperties"), Mapping)
                    else ()
                ),
            ]
            if not all(steady(pattern) for pattern in patterns if isinstance(pattern, str)):
                return False
            stack.extend(here.values())
        elif isinstance(here, list):
            stack.extend(here)
    return True


_UNUSABLE = object()


def _plain(value: Any) -> Any:
    """Return the value as plain JSON, because Schemathesis wraps some values in its own classes."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        found = {str(k): _plain(v) for k, v in value.items()}
        return _UNUSABLE if any(v is _UNUSABLE for v in found.values()) else found
    if isinstance(value, list | tuple):
        items = [_plain(v) for v in value]
        return _UNUSABLE if any(v is _UNUSABLE for v in items) else items
    return _UNUSABLE


def text_of_pattern(pattern: str, least: int, most: int | None, *, longest: bool) -> str:
    """Return a shortest or longest ASCII text that matches the pattern within the bounds; empty if none is
    found.

    Most patterns of APIs repeat one character class, so one repeated character is tried first (for the
    longest text, all characters in turn). Then the text is built from the pattern piece by piece, and a part
    of it repeated. Hypothesis is slow, so it comes last, and for short texts only.
    """
    bound = min(most if most is not None else MAX_TEXT, MAX_TEXT)
    lengths = range(bound, least - 1, -1) if longest else range(least, bound + 1)
    for length in lengths:
        alone = [char for char in ALONE if fits(pattern, char * length)]
        mixed = "".join(islice(cycle(alone), length))
        if longest and len(alone) > 1 and fits(pattern, mixed):
            return mixed
        if alone:
            return alone[0] * length
    spelled = simplest(pattern)
    if spelled and least <= len(spelled) <= bound:
        return spelled
    if spelled and len(spelled) < least:
        return _lengthen(spelled, pattern, least, bound)
    return _simplest(pattern, least, bound) if steady(pattern) and least <= MOST_SEARCHED else ""


def _lengthen(text: str, pattern: str, least: int, most: int) -> str:
    """Return a text within the bounds that repeats a part of one that fits; empty if no part may repeat."""
    for size in range(1, len(text) + 1):
        times = -(-(least - len(text)) // size)
        if len(text) + times * size > most:
            continue
        for at in range(len(text) - size + 1):
            longer = text[:at] + text[at : at + size] * times + text[at:]
            if fits(pattern, longer):
                return longer
    return ""


def _simplest(pattern: str, least: int, most: int) -> str:
    from hypothesis import HealthCheck, Phase, settings
    from hypothesis import find as search
    from hypothesis import strategies as st
    from hypothesis.errors import HypothesisException

    quiet = settings(
        max_examples=200,
        database=None,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    texts = st.from_regex(
        pattern, fullmatch=True, alphabet=st.characters(min_codepoint=32, max_codepoint=126)
    )
    try:
        with _drawing():
            return _draw_in_time(
                pattern, [lambda: search(texts, lambda text: least <= len(text) <= most, settings=quiet)], str
            )
    except HypothesisException:
        return ""


@contextmanager
def _drawing() -> Iterator[None]:
    """Return a context in which Hypothesis draws the same values in every process, and nothing warns."""
    from hypothesis.internal.conjecture import providers
    from hypothesis.internal.conjecture.data import ConjectureData

    _make_table()
    none, permitted = _no_constants()
    with (
        warnings.catch_warnings(),
        patch.multiple(providers, _get_local_constants=lambda: none, CONSTANTS_CACHE=permitted),
        patch.object(ConjectureData, "draw", _count_choices(ConjectureData.draw)),
    ):
        warnings.simplefilter("ignore")
        yield


@cache
def _make_table() -> None:
    """Have Hypothesis make its table of characters, which it keeps in a file, before a draw has a limit.

    Within the first draw of a text the table counts as that draw's time: on a slow machine the draw is ended,
    the table is lost, and so is each further draw.
    """
    from hypothesis import strategies as st

    st.text().validate()


@cache
def _no_constants() -> tuple[Any, Any]:
    # Hypothesis also draws constants of the loaded modules that lie in no site-packages. So a wheel, a
    # checkout and a test drew different values. No public name turns that off (6.170.17, 2026-11-27).
    from hypothesis.internal.cache import LRUCache
    from hypothesis.internal.constants_ast import Constants

    return Constants(), LRUCache(1024)


class OutOfTime(BaseException):
    """Ends a draw. Hypothesis would take an Exception for a failed test, and draw once more to repeat it."""


_is_over: ContextVar[Callable[[], bool]] = ContextVar("is_over", default=lambda: False)


@contextmanager
def drawing_until(is_over: Callable[[], bool]) -> Iterator[None]:
    """Return a context in which drawing raises OutOfTime once `is_over` returns True, also within a draw."""
    token = _is_over.set(is_over)
    try:
        yield
    finally:
        _is_over.reset(token)


def check_time() -> None:
    """Raise OutOfTime if the context's time is over."""
    if _is_over.get()():
        raise OutOfTime


MOST_CHOICES = 200_000
"""The choices of Hypothesis after which one way to draw ends without a value; 20,000 take about a second."""
MOST_STILL_S = 4.0
"""The processor seconds between two choices after which all ways end, as with thousands of alternatives:
each way would lay them out anew. What makes no choice, as imports, has MOST_S.
"""
MOST_S = 30.0
"""The processor seconds that all ways share."""
TICK_S = 0.1


class _TooSlow(BaseException):
    """Ends one way to draw an argument or a call. Another way may be quicker."""


class _TooStill(BaseException):
    """Ends all ways to draw it."""


_slow: set[str] = set()
"""What took too long once, as text. It is not drawn again with another seed."""


@dataclass(slots=True)
class _Draw:
    """How many choices one way to draw has made, and what ended it."""

    choices: int = 0
    end: type[BaseException] | None = None


_draw: ContextVar[_Draw] = ContextVar("draw")


def _count_choices(draw: Callable[..., T]) -> Callable[..., T]:
    """Return Hypothesis' method of one choice, ending a draw of too many: machines of any speed agree."""

    def count(*given: Any, **named: Any) -> T:
        this = _draw.get(None)
        if this is not None:
            this.choices += 1
            if this.choices > MOST_CHOICES:
                this.end = _TooSlow
                raise _TooSlow
        return draw(*given, **named)

    return count


def has_given_up() -> bool:
    """True if any draw took too long so far."""
    return bool(_slow)


def is_given_up(spec: Mapping[str, Any]) -> bool:
    """True if a random call of a document took too long to draw."""
    return json.dumps(spec, sort_keys=True) in _slow


def _draw_in_time(key: str, ways: Sequence[Callable[[], T]], otherwise: Callable[[], T]) -> T:
    """Return what the first way to draw returns that is not empty, or what `otherwise` does if none ends in
    time.

    Raises OutOfTime, also within one value: Hypothesis may take minutes for it.
    Nothing is drawn again for a `key` that took too long. Time needs a timer signal and the main thread.
    Elsewhere (Windows) only choices and `check_time` end a draw.
    """
    if key in _slow:
        return otherwise()
    this = _Draw()
    token = _draw.set(this)
    try:
        with suppress(_TooStill), _ticking(this):  # a tick may fall between two ways
            for way in ways:
                this.choices, this.end = 0, None
                try:
                    drawn = way()
                except (Exception, OutOfTime, _TooSlow, _TooStill):
                    if this.end is None:  # Hypothesis takes a draw that was ended for a flaky one
                        raise
                if this.end is None and drawn:
                    return drawn
                if this.end is not None and this.end is not _TooSlow:
                    raise this.end
    finally:
        _draw.reset(token)
    if this.end is not None:
        _slow.add(key)
    return otherwise()


@contextmanager
def _ticking(this: _Draw) -> Iterator[None]:
    """Return a context that ends a draw when its time is over, where a timer can tell."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    begun = chosen = time.process_time()
    choices, is_open = 0, True

    def tick(*_: Any) -> None:
        nonlocal choices, chosen
        if not is_open:
            return
        now = time.process_time()
        if choices != this.choices:
            choices, chosen = this.choices, now
        if _is_over.get()():
            this.end = OutOfTime
        elif now - begun > MOST_S or (choices and now - chosen > MOST_STILL_S):
            this.end = _TooStill
        if this.end is not None:
            raise this.end

    def hook(lost: sys.UnraisableHookArgs) -> None:
        if not isinstance(lost.exc_value, OutOfTime | _TooSlow | _TooStill):  # the next tick raises it again
            usual(lost)

    usual, sys.unraisablehook = sys.unraisablehook, hook
    before = signal.signal(signal.SIGPROF, tick)
    others = signal.setitimer(signal.ITIMER_PROF, TICK_S, TICK_S)
    try:
        yield
    finally:
        is_open = False
        signal.setitimer(signal.ITIMER_PROF, *others)
        signal.signal(signal.SIGPROF, before)
        sys.unraisablehook = usual


def _generate_only(count: int) -> settings:
    """Return Hypothesis' settings for generating `count` examples: no database, no shrinking, no deadline."""
    from hypothesis import HealthCheck, Phase, settings

    return settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def random_values(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], count: int, seed: int, *, tens: bool = False
) -> list[Any]:
    """Return random valid values. The same seed gives the same values.

    With `tens`, lists of ten are drawn if possible, since each costs as much as five values; then there may
    be a few more than `count`. Empty if a pattern could make the generator run forever.
    """
    spec = wrap(schema, schemas)
    if not generable(spec):
        return []
    ten = {"type": "array", "items": schema, "minItems": 10, "maxItems": 10}

    def draw_lists() -> list[Any]:
        return [v for values in _draw_examples(wrap(ten, schemas), 1 + count // 10, seed) for v in values]

    def draw_values() -> list[Any]:
        return _draw_examples(spec, count, seed)

    ways = [draw_lists, draw_values] if tens else [draw_values]
    with _drawing():
        return _draw_in_time(json.dumps(spec, sort_keys=True), ways, list)


def _draw_examples(spec: dict[str, Any], count: int, seed: int) -> list[Any]:
    import hypothesis
    import schemathesis
    from schemathesis import GenerationMode
    from schemathesis.config import SchemathesisConfig

    found: list[Any] = []
    loaded = schemathesis.openapi.from_dict(spec, config=SchemathesisConfig.from_dict({"seed": 1}))
    strategy = loaded["/value"]["POST"].as_strategy(generation_mode=GenerationMode.POSITIVE)

    @hypothesis.seed(seed)
    @_generate_only(count)
    @hypothesis.given(case=strategy)
    def draw(case: Any) -> None:
        check_time()
        value = _plain(case.body.get("value")) if isinstance(case.body, Mapping) else _UNUSABLE
        if value is not _UNUSABLE:
            found.append(value)

    with suppress(hypothesis.errors.HypothesisException):
        draw()
    return found[:count]


def wrap(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of a call with one value of the schema, as `random_values` draws it."""
    body = {
        "type": "object",
        "properties": {"value": dict(schema)},
        "required": ["value"],
        "additionalProperties": False,
    }
    return document("/value", "post", [], body, schemas)


def whole_inputs(
    spec: Mapping[str, Any],
    names: Mapping[tuple[str, str], str],
    count: int,
    seed: int,
    *,
    valid: bool,
) -> tuple[Mapping[str, Any], ...]:
    """Return the arguments, by name, of up to `count` random calls that Schemathesis draws as a whole.

    `valid` is Schemathesis' opinion: without it, each call breaks at least one schema. The same seed gives
    the same calls. Empty if nothing can be generated.
    """
    if count < 1 or not generable(spec):
        return ()
    return _cache_inputs(json.dumps(spec, sort_keys=True), tuple(sorted(names.items())), count, seed, valid)


@lru_cache(maxsize=512)
def _cache_inputs(
    spec: str, names: tuple[tuple[tuple[str, str], str], ...], count: int, seed: int, valid: bool
) -> tuple[Mapping[str, Any], ...]:
    import hypothesis
    import schemathesis
    from schemathesis import GenerationMode
    from schemathesis.config import SchemathesisConfig

    found: list[Mapping[str, Any]] = []
    mode = GenerationMode.POSITIVE if valid else GenerationMode.NEGATIVE
    with _drawing():
        loaded = schemathesis.openapi.from_dict(
            json.loads(spec), config=SchemathesisConfig.from_dict({"seed": 1})
        )
        results: Any = loaded.get_all_operations()
        operations = [result.ok() for result in results]
        if not operations:  # Schemathesis does not support the method
            return ()

        @hypothesis.seed(seed)
        @_generate_only(count)
        @hypothesis.given(case=operations[0].as_strategy(generation_mode=mode))
        def draw(case: Any) -> None:
            check_time()
            given = _arguments(case, dict(names))
            if given is not None and given not in found:
                found.append(given)

        def draw_calls() -> list[Mapping[str, Any]]:
            with suppress(hypothesis.errors.HypothesisException):
                draw()  # an operation without arguments has no invalid call
            return found

        return tuple(_draw_in_time(spec, [draw_calls], list))


def _arguments(case: Any, names: Mapping[tuple[str, str], str]) -> dict[str, Any] | None:
    """Return a generated case's arguments by name; None if a value cannot be written as JSON, or the body is
    no object.
    """
    given: dict[str, Any] = {}
    for (place, wire), name in names.items():
        container = getattr(case, PLACES.get(place, "body"))
        if place not in PLACES and container is not None and not isinstance(container, Mapping):
            if type(container).__name__ == "NotSet":
                continue
            return None
        if not isinstance(container, Mapping) or wire not in container:
            continue
        value = _plain(container[wire])
        if value is _UNUSABLE:
            return None
        given[name] = unquote(value) if place == "path" and isinstance(value, str) else value
    return given
