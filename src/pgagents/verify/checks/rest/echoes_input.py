"""A new instance shows the values that its create was given.

No document says so: another value is only odd, and kinds that an author wrote are not compared. A
server may change letter case, blanks, the offset of a time, or write a number as a text. A member that the
answer lacks, a state, and a text with unusual characters show nothing. One more create sends a plain value of
each optional argument, and times with another offset, which PostgreSQL's `timestamp` drops: it keeps another
moment then. A refusal shows nothing. A law such as `response.name == input.name` makes the promise firm, and
so does `format: date-time` on both sides, where the given clock comes back at another offset (RFC 3339, 5.6).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from functools import partial
from typing import Any

from pgagents.base.cel import expression
from pgagents.base.http import json_bytes, read_json
from pgagents.base.text import plain_word, split_words
from pgagents.catalogue.language.basics import FRESH
from pgagents.catalogue.model.action import ActionCall, Param
from pgagents.catalogue.model.values import choose_value
from pgagents.report.contract import Rank
from pgagents.verify.cases.argument_values import without_null
from pgagents.verify.cases.generated import is_free, names_nothing
from pgagents.verify.fixtures.instance import at_path, members_of
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.judgement import Judgement
from pgagents.verify.laws import is_spoken_of
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.values.schema_values import distinct, types_of
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

EAST = timezone(timedelta(hours=2))
"""The offset of the times that one create sends."""
OTHER = 7
"""The place, in a series of different values, of a number that is hardly a default, as 0 and 1 are."""
TRUSTED = ("valid", "explore", "clean")
PLAIN = re.compile(r"[\w .,:;@+/-]*", re.A)
"""Texts that no sanitizer, such as Bleach, changes."""
OWN = re.compile(
    r".*(?:state|status|phase|version|revision|etag|password|secret|token|hash)"
    r"|(?:updated|modified|created|changed).*"
)
"""Plain names of members that a server sets (`status`), hides (`password`) or moves on (`modified`)."""
OWN_WORDS = frozenset(("rev", "code", "order", "position", "rank"))
"""The last words of such names, as a board's `position`; a `postcode` is none."""
CENT = 0.0051
"""The most by which a number of more decimals may be rounded, as a price, with what binary fractions lose."""
_NO_DIGITS, _DATE = re.compile(r"[^0-9]"), re.compile(r"\d{4}-\d\d-\d\d")
MINUTE_S = 60.0
"""Seconds by which a time may be rounded, as MySQL drops fractions and a calendar the seconds."""
SCALARS = frozenset(("string", "integer", "number", "boolean"))


@dataclass(frozen=True, slots=True)
class _Create:
    """The call that makes an instance, and its arguments that the answer shows."""

    call: ActionCall
    names: list[str]


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each create of an inferred kind whose answer has members that are given."""
    del roles
    known: set[str] = set()
    for resource in setting.model.resources.values():
        made_by = resource.made_by
        endpoint = setting.find_lead(str(made_by.action.name)) if made_by is not None else None
        if made_by is None or endpoint is None or not resource.inferred or endpoint.place in known:
            continue
        known.add(endpoint.place)
        if names := _list_members(setting, made_by):
            shown = (
                " and ".join(names) if len(names) < 3 else f"{names[0]}, {names[1]} and {len(names) - 2} more"
            )
            says = f"{endpoint.action.name} answers with the {shown} that it was given"
            origin = (*resource.origin, "made_by")
            times = frozenset(str(p.wire) for p in made_by.action.params if _is_time(setting, p, names))
            optional = {
                name: value
                for name in names
                if name not in made_by.input and (value := _choose_plain(setting, endpoint, name)) is not None
            }
            whole = Attempt(partial(_send_whole, call=made_by, optional=optional, times=times), writes=True)
            attempt = whole if (times or optional) and endpoint.on_rest else None
            yield Case(endpoint, says, origin, attempt, about=_Create(made_by, names), advice=True)


def _list_members(setting: Setting, call: ActionCall) -> list[str]:
    """Return the arguments of a create that the schema of its answer has as members of the same type."""
    shown = members_of(setting, call)
    return [
        str(param.name)
        for param in call.action.params
        if param.place == "body" and _is_shown(setting, param, shown.get(param.wire))
        if not is_spoken_of(call.action, str(param.name))
    ]


def _is_shown(setting: Setting, param: Param, member: Any) -> bool:
    if not isinstance(member, Mapping) or OWN.fullmatch(plain_word(param.wire)):
        return False
    if not OWN_WORDS.isdisjoint(split_words(param.wire)[-1:]):
        return False
    given, shown = setting.resolve_schema(param.schema), setting.resolve_schema(member)
    if given.get("writeOnly") or shown.get("readOnly"):
        return False
    if given.get("format") in ("time", "duration"):  # Pydantic writes 12:00 as 12:00:00, and PT24H as P1D
        return False
    kinds = _list_types(setting, given) & _list_types(setting, shown)
    return bool(kinds & SCALARS) or ("array" in kinds and _holds_texts(setting, given, shown))


def _holds_texts(setting: Setting, *lists: Mapping[str, Any]) -> bool:
    """True if the items of each list are texts."""
    items = (without_null(setting, schema).get("items", {}) for schema in lists)
    return all(_list_types(setting, schema) == {"string"} for schema in items)


def _is_time(setting: Setting, param: Param, names: list[str]) -> bool:
    return str(param.name) in names and setting.resolve_schema(param.schema).get("format") == "date-time"


def _choose_plain(setting: Setting, endpoint: Endpoint, name: str) -> Any:
    """Return a value of an optional argument that every server can keep, a text with the run's mark; None
    where a value might choose, or name somebody or somebody's thing.
    """
    param, template = endpoint.action.param(name), template_of(setting.model, endpoint.action)
    assert param is not None
    schema, schemas = without_null(setting, param.schema), setting.model.schemas
    kinds, listed = set(types_of(schema)), setting.resolve_schema(schema.get("items", {}))
    texts = {"array": f"[{FRESH}.text, {FRESH}.text + '-2']", "string": f"{FRESH}.text"}
    written = texts.get(next(iter(kinds))) if len(kinds) == 1 else None
    if written and choose_value(listed or schema, schemas, {}, name) == f"={FRESH}.text":
        free = names_nothing(setting, endpoint, param, template)
        return expression.compile(written, (FRESH,)) if free else None
    if kinds & {"integer", "number"} and is_free(setting, endpoint, param, template):
        value = distinct(schema, schemas, OTHER)
        return value if setting.test_argument(endpoint, param).is_valid(value) else None
    return None


def _send_whole(trial: Trial, call: ActionCall, optional: Mapping[str, Any], times: frozenset[str]) -> None:
    """Make an instance with optional arguments, and with times of another offset; `watch` judges it."""
    raw = Raw(edit=partial(_write_elsewhere, times=times)) if times else Raw()
    why = "a create with every optional argument" if optional else "a create whose times have another offset"
    given = {**call.input, **optional}
    trial.ask(Call(trial.endpoint, given, "explore", why, fresh=True, raw=raw))


def _write_elsewhere(body: bytes, times: frozenset[str]) -> bytes:
    """Return a JSON body with the same moments; one that is not a JSON object as it is."""
    data = read_json(body).value
    if not isinstance(data, dict):
        return body
    moments = {name: _read_time(data[name]) for name in times & data.keys()}
    turned = {name: _move(moment, EAST).isoformat() for name, moment in moments.items() if moment}
    return json_bytes({**data, **turned})


def _read_sent(exchange: Exchange) -> Mapping[str, Any]:
    """Return the members of the body as it was sent, after an edit."""
    data = read_json(exchange.request.body).value if exchange.call.raw.edit is not None else None
    return data if isinstance(data, Mapping) else {}


def _list_types(setting: Setting, schema: Mapping[str, Any]) -> set[str]:
    parts = (schema, *schema.get("anyOf", ()), *schema.get("oneOf", ()))
    return {kind for part in parts for kind in types_of(setting.resolve_schema(part))}


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Compare each new instance with the call that made it."""
    trial = CHECK.find_trial(memory.setting, exchange.place)
    if trial is None or not exchange.success or not exchange.fits or exchange.call.intent not in TRUSTED:
        return
    create: _Create = trial.case.about
    body = at_path(create.call, exchange)
    if not isinstance(body, Mapping):
        return
    compared, sent = False, _read_sent(exchange)
    for name in create.names:
        param = trial.action.param(name)
        assert param is not None
        given, shown = sent.get(param.wire, exchange.input.get(name)), body.get(param.wire)
        if param.wire not in body or not is_plain(given):  # a summary may leave it out
            continue
        compared = True
        if not is_same(given, shown):
            expected = f"the {name} that was given: {given}"
            broken = trial.broken(expected, f"{name} is {{shown!r}}, and another was given", shown=shown)
            if _lost_offset(given, shown) and _are_times(memory.setting, param, create):
                broken = replace(broken, shown=True)
            yield broken.at_member(param.wire)
            return
    if compared:
        yield trial.kept()


def _are_times(setting: Setting, param: Param, create: _Create) -> bool:
    shown = members_of(setting, create.call).get(param.wire, {})
    return all(without_null(setting, s).get("format") == "date-time" for s in (param.schema, shown))


def _lost_offset(given: Any, shown: Any) -> bool:
    """True if two texts have one clock and different offsets: no rounding of a moment does that, but at
    midnight, to which Google Tasks sets the `due` of a day.
    """
    try:
        times = [datetime.fromisoformat(value) for value in (given, shown)]
    except (TypeError, ValueError):
        return False
    clocks, offsets = {t.replace(tzinfo=None, microsecond=0) for t in times}, {t.utcoffset() for t in times}
    return len(clocks) == 1 and len(offsets - {None}) == 2 and clocks.pop().time() != time.min


def is_plain(value: Any) -> bool:
    """True for a scalar, or a list of them, that every server can keep as it is."""
    if isinstance(value, list):
        return bool(value) and all(map(is_plain, value))
    if isinstance(value, str):
        return bool(value.strip()) and PLAIN.fullmatch(value) is not None
    return isinstance(value, bool | int | float) and abs(value) < 2**53  # JavaScript's integers (RFC 8259, 6)


def is_same(given: Any, shown: Any) -> bool:
    """True if both are one value, in whichever way a server writes it. A list may have
    more, such as a default role, in any order, as a JPA Set has none.
    """
    if isinstance(given, list):
        return isinstance(shown, list) and all(any(is_same(each, one) for one in shown) for each in given)
    if isinstance(given, bool) or isinstance(shown, bool):
        return given is shown or str(given).casefold() == str(shown).casefold()
    numbers = [_read_number(value) for value in (given, shown)]
    if numbers[0] is not None and numbers[1] is not None:
        return abs(numbers[0] - numbers[1]) <= (CENT if "." in str(given) else 0)
    if isinstance(given, str) and re.match(r"\+\d", given):  # a phone number
        return _NO_DIGITS.sub("", given) == _NO_DIGITS.sub("", str(shown))
    times = [_read_time(value) for value in (given, shown)]
    if times[0] is not None and isinstance(shown, str) and _DATE.fullmatch(shown):
        return shown in (times[0].date().isoformat(), _move(times[0], UTC).date().isoformat())
    if times[0] is not None and times[1] is not None:
        return abs((times[0] - times[1]).total_seconds()) <= MINUTE_S
    return _fold(given) == _fold(shown)


def _read_number(value: Any) -> float | None:
    """Return a number, or the one that a text writes; None for all others, such as the name Nan."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _read_time(value: Any) -> datetime | None:
    """Return a time with its offset; one without an offset is taken for UTC. None for any other text."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _move(moment: datetime, zone: tzinfo) -> datetime:
    try:
        return moment.astimezone(zone)
    except OverflowError:  # 9999-12-31T23:59:59Z, by which people mean never, has no later offset
        return moment


def _fold(value: Any) -> str:
    """Return a text in lower case, with single blanks, and without a slash at its end, which Pydantic's
    addresses get.
    """
    return " ".join(str(value).casefold().split()).rstrip("/")


CHECK = make_check("echoes_input", __doc__, cases, watch=watch, rank=Rank.WRONG)
