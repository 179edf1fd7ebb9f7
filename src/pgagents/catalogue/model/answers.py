"""Answers to a call: outputs, error codes, rate limits, and the pages of a list."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, urlsplit

from pgagents.base.cel.expression import Expression, Scope
from pgagents.base.http import Response
from pgagents.base.places import Node, Pointer, Text

if TYPE_CHECKING:
    from pgagents.catalogue.model.action import ActionCall


JSON = "application/json"
ANY_TYPE = "*/*"
"""The media type of bodies that may have any type."""


@dataclass(frozen=True, slots=True)
class AnswerHeader:
    """A response header. A response may lack it unless `required` is true."""

    name: str
    schema: Node
    required: bool
    description: Text
    origin: Pointer


UNSAID = "No content"
"""The description of an answer of which a catalogue says nothing but its status."""


@dataclass(frozen=True, slots=True)
class Output:
    """One documented response. `schema` is None if there is no body."""

    status: int
    schema: Node | None
    description: Text
    origin: Pointer
    content_type: str = JSON
    max_bytes: int | None = None
    ends_within_s: int | None = None
    events: Mapping[str, bool] | None = None
    """The names of an event stream's events, each True if its data is JSON; None for any other answer."""
    columns: Mapping[str, tuple[str, ...]] | None = None
    """The columns of CSV rows that the schema names, each with its JSON types; None for any other answer."""
    headers: tuple[AnswerHeader, ...] = ()
    media: tuple[str, ...] = ()
    """The media types that the body may have; empty if `content_type` is the only one."""

    @property
    def any_type(self) -> bool:
        """True if the body may have any media type: then its Content-Type says how to read it."""
        return self.content_type.partition(";")[0].strip() == ANY_TYPE

    @property
    def types(self) -> tuple[str, ...]:
        """The media types that the body may have."""
        return self.media or (self.content_type,)


# -- error codes


@dataclass(frozen=True, slots=True)
class Code:
    """An error code with its one status.

    `envelope` names the schema of its body; empty if bodies are open.
    """

    name: str
    status: int
    meaning: Text
    envelope: str
    only: tuple[str, ...] | None
    cite: tuple[str, ...]
    origin: Pointer
    provoked_by: Mapping[str, ActionCall] = field(default_factory=dict)
    """By action name, the operator's call after which the next call of that action fails with this code."""
    wire: str | int | None = None
    """The code's value in answers, if that is not its name."""
    code_at: str | None = None
    """The dotted path of the code's value in the body; None if the status alone identifies the code."""
    message_at: str | None = None
    """The path of the message for a person; None if there is none."""
    content_type: str = "application/json"
    """The media type of the error's body; empty if any type is allowed."""
    when: Expression | None = None
    """The condition on the arguments that a call must meet to get this error; None if any call may get it."""
    inferred: bool = False
    """True if the imported document does not name this error.

    Another refusal in its place is odd, not broken.
    """

    @property
    def value(self) -> str | int:
        """The code's value in answers."""
        return self.name if self.wire is None else self.wire

    @property
    def shown(self) -> str:
        """The code's value in answers as a text; empty if its status alone identifies it."""
        return str(self.value) if self.code_at is not None else ""


# -- errors in answers


REFUSED = 400


@dataclass(frozen=True, slots=True)
class ErrorSign:
    """A condition on the body that marks an answer with a 2xx status as an error.

    The member at `path` is compared with `value`. With `has`, the member only needs to be present.
    """

    wording: str
    path: tuple[str, ...]
    comparison: Literal["==", "!=", "has"]
    value: str | int | float | bool | None
    origin: Pointer

    def holds(self, body: Any) -> bool:
        """Return whether a body has the sign. A body without the member never has it."""
        for step in self.path:
            if not isinstance(body, Mapping) or step not in body:
                return False
            body = body[step]
        if self.comparison == "has":
            return True
        same = body == self.value and isinstance(body, bool) == isinstance(self.value, bool)
        return same if self.comparison == "==" else not same


@dataclass(frozen=True, slots=True)
class ReadError:
    """An error found in an answer.

    `code` is None if the catalogue lacks the code. `said` is the code's value in the body, if it has one.
    """

    code: Code | None
    said: str | None


NO_ERROR = ReadError(None, None)


class ErrorReader:
    """Finds the code of an error by its value in the body.

    Codes without a value are found by their status.
    """

    def __init__(self, codes: Mapping[str, Code], place: str | None, sign: ErrorSign | None = None) -> None:
        self.sign = sign
        own = dict.fromkeys(c.code_at for c in codes.values() if c.code_at and c.code_at != place)
        self._places = [*own, *([place] if place else [])]
        """Where a code's value may stand. The place of one code says more than that of all."""
        self._by_value: dict[tuple[str, Any], list[Code]] = {}
        self._by_status: dict[int, list[Code]] = {}
        numbered = any(isinstance(code.value, int) for code in codes.values())
        self._kinds: tuple[type, ...] = (str, int, float) if numbered else (str,)
        for code in codes.values():
            if code.code_at is None:
                self._by_status.setdefault(code.status, []).append(code)
            else:
                self._by_value.setdefault((code.code_at, code.value), []).append(code)

    def is_error(self, status: int, body: Any) -> bool:
        """Return whether an answer is an error: by its status, or by the sign in the body of a 2xx."""
        return status >= REFUSED or (self.sign is not None and 200 <= status < 300 and self.sign.holds(body))

    def read(self, status: int, body: Any, own: Collection[Code] = ()) -> ReadError:
        """Return the code of an error. If several codes share its value, the status decides.

        Among codes that the status alone identifies, the one in `own` is meant, the errors of the action.
        """
        said, other = None, None
        for place in self._places:
            raw = value_at(body, place)
            if not isinstance(raw, self._kinds) or isinstance(raw, bool):
                continue
            said = str(raw)
            found = self._by_value.get((place, raw), ())
            if right := next((c for c in found if c.status == status), None):
                return ReadError(right, said)
            other = other or (ReadError(found[0], said) if found else None)
        if other is not None:
            return other
        alone = self._by_status.get(status, [])
        if len(alone) > 1:
            alone = [code for code in alone if code in own]
        return ReadError(alone[0] if len(alone) == 1 else None, said)


def value_at(body: Any, place: str | None) -> Any:
    """Return the value at a dotted path; None if there is none. A number in the path is the index of a list
    item.
    """
    for step in place.split(".") if place else ():
        if isinstance(body, Mapping):
            body = body.get(step)
        elif isinstance(body, list) and step.isdigit() and len(step) < 6 and int(step) < len(body):
            body = body[int(step)]
        else:
            return None
    return body if place else None


# -- rate limits in answers


LIMITED = 429
RATE_LIMIT, POLICY, RETRY_AFTER = "RateLimit", "RateLimit-Policy", "Retry-After"
LONGEST = 2_000
"""Longest header that is read, in characters."""
Headers = Callable[[str], str | None]
"""A function that returns the answer's header of this name, or None."""


@dataclass(frozen=True, slots=True)
class ToldLimit:
    """The limit that an answer states. A part that the answer leaves out is None.

    `reset` is in epoch seconds or in seconds from now, as the catalogue says.
    """

    limit: int | None
    remaining: int
    reset: int | None
    window_s: int | None = None


class LimitReader:
    """Reads limits as the catalogue's `limits` describes them."""

    def __init__(self, limits: Any, limited: str | None) -> None:
        self._headers = limits.headers
        self._limited = limited
        self.statuses: frozenset[int] = frozenset(limits.status)
        self.in_epoch: bool = limits.reset_unit == "epoch_seconds" and bool(
            self._headers and self._headers.reset
        )
        self.retry: str = self._headers.retry if self._headers else RETRY_AFTER
        pattern = self._headers.pattern if self._headers else None
        self._pattern = _compile(pattern) if pattern else None

    @property
    def names(self) -> list[str]:
        """The headers that show a limit, except the one that says when to call again."""
        given = self._headers
        if given is None:
            return []
        if given.ietf:
            return [RATE_LIMIT, POLICY]
        return [name for name in (given.limit, given.remaining, given.reset, given.usage) if name]

    def is_limited(self, status: int, header: Headers, error: ReadError | None = None) -> bool:
        """Return whether an answer refuses a call because of the rate limit.

        Any status except 429 may have other reasons. Then the error code decides, or else a header about
        waiting or calls left.
        """
        if status not in self.statuses:
            return False
        code = error.code if error is not None else None
        if status == LIMITED or (code is not None and code.name == self._limited):
            return True
        if code is not None and self._limited is not None:
            return False
        told = self.read(header)
        return header(self.retry) is not None or (told is not None and told.remaining == 0)

    def read(self, header: Headers) -> ToldLimit | None:
        """Return the limit that an answer shows; None if no header can be read."""
        given = self._headers
        if given is None:
            return None
        if given.ietf:
            return _read_fields(header(RATE_LIMIT), header(POLICY))
        if self._pattern is not None:
            return _read_usage(self._pattern, header(given.usage))
        if given.limit is None:
            return None
        limit, remaining, reset = (
            _whole(header(name)) for name in (given.limit, given.remaining, given.reset)
        )
        if limit is None or remaining is None:
            return None
        return ToldLimit(limit, remaining, reset)

    def wait_s(self, header: Headers, now: float) -> float | None:
        """Return the seconds to wait before the next call; None if the answer does not say."""
        told = retry_after_s(header(self.retry), now)
        if told is not None:
            return told
        limit = self.read(header)
        if limit is None or limit.reset is None or limit.remaining:
            return None
        return max(0.0, limit.reset - now if self.in_epoch else float(limit.reset))


def retry_after_s(text: str | None, now: float) -> float | None:
    """Return the value of Retry-After in seconds (RFC 9110, 10.2.3); None if it is neither a number nor a
    date.
    """
    if text is None or len(text) > 64:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
        # an HTTP date without a zone is one of UTC (RFC 9110, 5.6.7), wherever this machine is
        return max(0.0, (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp() - now)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def find_pattern_problem(pattern: str) -> str:
    """Describe what is wrong with the pattern of a usage header; empty if it is valid."""
    names = re.findall(r"\{(\w*)\}", pattern)
    if names.count("limit") != 1 or len(names) != 2 or not {"used", "remaining"} & set(names):
        return "it needs `{limit}` and one of `{used}` and `{remaining}`, each once"
    return ""


def _compile(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", pattern)
    return re.compile(
        "".join(rf"(?P<{p}>\d{{1,15}})" if n % 2 else re.escape(p) for n, p in enumerate(parts))
    )


def _read_usage(pattern: re.Pattern[str], text: str | None) -> ToldLimit | None:
    found = pattern.fullmatch(text.strip()) if text is not None and len(text) < LONGEST else None
    if found is None:
        return None
    numbers = {name: int(value) for name, value in found.groupdict().items()}
    left = numbers["remaining"] if "remaining" in numbers else max(0, numbers["limit"] - numbers["used"])
    return ToldLimit(numbers["limit"], left, None)


def _read_fields(limits: str | None, policies: str | None) -> ToldLimit | None:
    """Return the limit with the fewest calls left, and the quota of its policy."""
    known = dict(_parse(policies))
    found = [(params, known.get(name, {})) for name, params in _parse(limits) if _is_count(params.get("r"))]
    if not found:
        return None
    item, policy = min(found, key=lambda pair: pair[0]["r"])
    quota, window, reset = policy.get("q"), policy.get("w"), item.get("t")
    return ToldLimit(
        quota if _is_count(quota) else None,
        item["r"],
        reset if _is_count(reset) else None,
        window if _is_count(window) else None,
    )


def _parse(text: str | None) -> Collection[tuple[str, dict[str, Any]]]:
    """Return the items of a structured list with their parameters; empty if it is malformed."""
    if not text or len(text) > LONGEST:
        return []
    import http_sf

    try:
        found: Any = http_sf.parse(text.encode(), tltype="list")
    except (ValueError, http_sf.StructuredFieldError):
        return []
    return [
        (item[0], item[1])
        for item in found
        if isinstance(item[0], str) and not isinstance(item[0], http_sf.Token)
    ]


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _whole(text: str | None) -> int | None:
    """Return the number that a header holds; None if it is anything but at most 15 digits of ASCII."""
    digits = (text or "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else None


# -- pages


LINK = "link"
MOST_LINKS = 8_000
"""Longest `Link` header that is read, in characters."""
_LINK = re.compile(r"<([^<>]*)>((?:[^,<\"]|\"(?:[^\"\\]|\\.)*\")*)")
_PARAMETER = re.compile(r";\s*([^\s=;,\"]+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;,\"]+))")


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of a list.

    `next` gives the next value of `argument`, or the next page's URL if `is_url`. `bound` is the error for a
    page that is requested with other arguments than the first.
    """

    items: Expression
    next: Expression
    argument: str
    more: Expression | None
    size: str | None
    bound: Code | None
    is_url: bool
    origin: Pointer
    inferred: bool = False
    """True if the pages were inferred from names. An answer that contradicts them is odd, not broken."""
    bound_to: tuple[str, ...] = ()
    """The arguments that must be the same for every page; empty for all."""
    total: Expression | None = None
    """The number of all items that the arguments admit."""

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The three kinds of expressions: the list, the next page, and the condition for another page."""
        return (self.items, self.next) if self.more is None else (self.items, self.next, self.more)


@dataclass(frozen=True, slots=True)
class NextPage:
    """The request for another page. `value` is the argument's value, `url` the address if there is one.

    `missing` is true if the answer announces a page but does not say which.
    """

    value: Any
    url: str = ""
    missing: bool = False


def headers_of(response: Response) -> dict[str, Any]:
    """Return the headers for expressions: by lower-case name, and `link` as a mapping of its relations.

    Repeated headers are joined (RFC 9110, 5.3).
    """
    found: dict[str, str] = {}
    for name, value in response.headers:
        small = name.lower()
        found[small] = f"{found[small]}, {value}" if small in found else value
    return read_headers(found)


def read_headers(given: Mapping[str, str]) -> dict[str, Any]:
    """Return headers by their names in lower case as expressions read them."""
    found: dict[str, Any] = dict(given)
    if LINK in found:
        found[LINK] = links_of(found[LINK])
    return found


def links_of(text: str) -> dict[str, str]:
    """Return the first target of each relation in a `Link` header (RFC 8288)."""
    found: dict[str, str] = {}
    for target, parameters in _LINK.findall(text[:MOST_LINKS]):
        told = (
            quoted or word for name, quoted, word in _PARAMETER.findall(parameters) if name.lower() == "rel"
        )
        for relation in next(told, "").lower().split():
            found.setdefault(relation, target)
    return found


def values_for(given: Mapping[str, Any], body: Any, response: Response | None) -> dict[str, Any]:
    """Return the variables that the expressions of pages read."""
    return {"input": given, "response": body, "headers": headers_of(response) if response else {}}


def items_of(pages: Pages, values: Mapping[str, Any]) -> list[Any] | None:
    """Return the items of a page; None if the answer has no list there."""
    found = Scope(values).find_value(pages.items)
    return found if isinstance(found, list) else None


def find_next_page(pages: Pages, values: Mapping[str, Any]) -> NextPage | None:
    """Return the request for the next page; None on the last page."""
    scope = Scope(values)
    if pages.more is not None:
        if not scope.is_true(pages.more):
            return None
    elif not items_of(pages, values) and not _told_by_answer(pages):
        return None
    value = scope.find_value(pages.next)
    if value is None or value is False or value == "":
        return NextPage(None, missing=True) if pages.more is not None else None
    if not pages.is_url:
        return NextPage(int(value) if isinstance(value, float) and value.is_integer() else value)
    if not isinstance(value, str):
        return NextPage(None, missing=True)
    return NextPage(_argument_in(pages, value), value)


def _told_by_answer(pages: Pages) -> bool:
    """True if a member or a header announces the next page. An empty page need not be the last one then."""
    return pages.is_url or "input" not in pages.next.names


def _argument_in(pages: Pages, url: str) -> str | None:
    """Return the argument's value in a URL's query, or None."""
    try:
        return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True)).get(pages.argument)
    except ValueError:
        return None
