"""No answer reveals a key, a secret, personal data in an undeclared member, or internals of the server.

Every answer is searched for the run's keys and for secrets of other answers. (Jupyter Server's page of a 404
has the caller's token.) Errors are searched for stack traces, SQL and file paths; the path of the request is
not one. Undeclared members must not look like secrets, e-mail addresses or card numbers. A count, a flag or a
cursor is not a secret, whatever its name: OpenAI's `total_tokens`, `has_password`, Google's `nextPageToken`.
Neither is a token in the answer of an operation that gives tokens by its name, such as "Get a user token",
where a document alone is known. A number in an id is not a card number. An identity may see what it sent
itself, and its own key in a member that is declared as a key.

An undeclared member is a break where the shape around it is closed: `additionalProperties: false` in a
document, or members that an author lists. A shape with members that a document leaves open makes it odd. A
shape without members declares nothing (three of four servers, 2026-11-27): only a secret by its name is odd
there. A password that the run sent is a break in each answer that declares members, and not this one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import unquote, unquote_plus, urlsplit

from pgagents.base.jsonschema.walk import CONDITIONS, children
from pgagents.base.text import find_card_numbers, singular, split_words
from pgagents.catalogue.model.identity import find_credential, has_proof
from pgagents.report.contract import Rank
from pgagents.verify.answers.bodies import SHORTEST, collect, declares
from pgagents.verify.judgement import Judgement
from pgagents.verify.promise import Case, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.endpoint import MCP, framework_places
from pgagents.verify.wire.exchange import Exchange

MOST_KNOWN = 500
"""Number of secrets of answers, from which on no further ones are noted: each answer is searched for all."""
BEGIN = 6
"""Secrets of one kind often begin alike. A text without the first characters has none of them."""
_TRACE = re.compile(r"Traceback \(most recent|File \"[^\"]+\", line \d+|\bat [\w.$]+\([\w.]+:\d+\)")
"""Text that only a stack trace has: Python's, Java's or JavaScript's. `_INSIDE` adds paths of Linux, messages
of SQLite, psycopg and PDO, SQL, and names of exceptions.
"""
_INSIDE = re.compile(
    rf"{_TRACE.pattern}|(?:^|[\s\"'(])/(?:home|usr|var|opt|srv|app)/[\w./-]+"
    r"|sqlite3?\.|psycopg|SQLSTATE|\b(?:SELECT|INSERT INTO|UPDATE|DELETE "
    r"FROM)\b.{1,200}\b(?:FROM|VALUES|SET|WHERE)\b"
    r"|(?:[A-Z]\w+\.)*[A-Z]\w+(?:Error|Exception)\b:",
    re.S,
)
_DETAIL = "the error contains inner detail"
_IN_PATH = re.compile(r"[\w./-]", re.A)
"""A character that `_INSIDE` reads as part of a path. JSON may escape others."""
_SUFFIX = re.compile(r"\.\w+$")
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{2,63}")
_NESTED = (dict, list)
_Secrets = dict[str, dict[str, str]]
"""The secrets of answers and the members that held them, grouped by their first characters."""
_SECRET_NAMES = re.compile(
    r"(password|passwd|secret|private_?key|api_?key|token|ssn|card_?number|cvv)s?"
    r"(_?(hash|digest|key|value|text))?$",
    re.I,
)
"""Names that end so, as `password_digest` of Rails. `token_type` and `password_changed_at` are none."""
_KEYS = re.compile(
    r"(?:access|account|admin|api|app|auth|bearer|client|in|invoice|jwt|master|personal|private|read|service"
    r"|session|user|wallet|write)*(?:keys?|tokens?|secrets?)"
)
"""Matches names of members that hold a caller's key, in small letters and without joints: `adminkey` and
`inkey` of a wallet, and no `next_token`, `idempotency_key` or `monkey`.
"""
_LOWER = "lower"
"""The twist by which a right key is sent with its scheme in small letters."""
_CURSOR_NAMES = re.compile(r"(page|next|prev|previous|continuation|sync|cursor)_?token$", re.I)
_GIVEN = frozenset(("token", "key", "secret", "password"))
"""Words of secrets that an operation may be there to give."""
_SIGNING_IN = frozenset(
    ("login", "logon", "signin", "signup", "register", "authenticate", "authorize", "oauth")
)
"""Words of operations that give a token."""
_NUMBER_NAMES = re.compile(r"(ssn|card_?number|cvv)$", re.I)
"""Names of secrets that may be numbers. `total_tokens: 12` is a count."""
_MOST_SENT = 500
"""Values of requests that are kept. Few generated values have a card number or an e-mail address."""
_ANYBODY = "anybody"
_Sent = dict[str, set[str]]
"""Card numbers and e-mail addresses of requests, each with the roles that sent it."""


@dataclass(frozen=True, slots=True)
class _SentSecrets:
    """Texts that the run sent: those under a secret's name, and those of the same length elsewhere."""

    secret: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)


_NONE_SENT = _SentSecrets()


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each endpoint, and one for each surface's framework."""
    del roles
    for endpoint in setting.every_endpoint:
        says = f"answers of {endpoint.action.name} contain no key, secret or inner detail"
        yield Case(endpoint, says, endpoint.action.origin)
    says, origin = "refusals contain no key, secret or inner detail", ("errors", "framework")
    for place in framework_places(setting.model):
        yield Case(None, says, origin, place=place)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every complete answer, except documents. A 503 can leak as well."""
    _note_sent(exchange, memory)
    response, trial = exchange.response, CHECK.find_trial(memory.setting, exchange.place)
    if trial is None or response is None or exchange.call.intent == "document":
        return
    text = response.body.decode("utf-8", "replace")
    detail = _find_inner_detail(text, exchange, memory)
    actual = (
        _find_key(text, _list_own_words(exchange), exchange, memory)
        or (f"{_DETAIL}: {{detail}}" if detail else "")
        or _find_secret_of_another(exchange, text, memory)
    )
    # a path or the name of an error may be what a caller should read, as in a file manager's
    odd = actual.startswith(_DETAIL) and not _TRACE.search(text)
    if not actual:
        actual, odd = _find_private_member(exchange, memory)
    judgement = trial.judge("no key, secret or inner detail", actual, detail=detail)
    yield replace(judgement, odd=True) if odd else judgement
    _remember(exchange.body, memory)


def _list_own_words(exchange: Exchange) -> list[str]:
    """Return the values of an answer's headers, without a redirect that repeats the call's own query, as
    Flask's to a path with a slash does.
    """
    query = exchange.request.target.partition("?")[2]
    headers = exchange.response.headers if exchange.response is not None else ()
    return [value for name, value in headers if not (name.lower() == "location" and query and query in value)]


def _find_key(text: str, headers: list[str], exchange: Exchange, memory: Memory) -> str:
    beside = "\n".join(headers)
    for role, secret in _list_key_texts(memory):
        if secret in beside or (secret in text and not _is_shown_own(secret, role, text, exchange, memory)):
            return f"the key of {role} stands in the answer"
    if any(token in text or token in beside for token in memory.tokens):
        return "the access token of a call stands in the answer"
    return ""


def _is_shown_own(secret: str, role: str, text: str, exchange: Exchange, memory: Memory) -> bool:
    """True if a caller reads its own key in members that may be keys by what declares them, as `adminkey` of
    a wallet (LNbits 1.6.2, 2026-11-29); also in an answer to an odd form of that call.
    """
    output = exchange.output
    shown: set[str] = memory.notes.setdefault(("no_leaks", "shown"), set())
    if not exchange.success:
        return False
    is_lower = exchange.call.twist == _LOWER  # the key is right
    caller = exchange.call.role.partition(".")[0] if is_lower else _find_caller(exchange, memory)
    if role.partition(".")[0] != caller:
        return False
    if exchange.call.endpoint is None or exchange.call.twist:
        return role in shown
    if output is None or output.schema is None or not isinstance(exchange.body, _NESTED):
        return False
    undeclared = find_undeclared(exchange.body, output.schema, memory.setting)
    others = {path for path, _, around in undeclared if around != "nothing"}  # a shape without members
    holding = [at.removeprefix(".") for at, value in _all(exchange.body, "", 0) if value == secret]
    if len(holding) != text.count(secret) or not all(
        at not in others and _is_named_key(at) for at in holding
    ):
        return False
    shown.add(role)
    return True


def _is_named_key(at: str) -> bool:
    """True if the member at the end of a path holds a key by its name."""
    steps = [step for step in re.split(r"[.\[\]]", at) if step and not step.isdecimal()]
    return bool(steps) and _KEYS.fullmatch("".join(split_words(steps[-1])).lower()) is not None


def _list_key_texts(memory: Memory) -> list[tuple[str, str]]:
    """Return the texts that reveal the caller's keys, each with its role. They stay the same in a run."""
    known: list[tuple[str, str]] | None = memory.notes.get(("no_leaks", "keys"))
    if known is None:
        known = [(r, text) for r, key in memory.keys.items() for text in _list_secrets(r, key, memory)]
        memory.notes["no_leaks", "keys"] = known
    return known


def _list_secrets(holder: str, key: str, memory: Memory) -> list[str]:
    """Return the texts that reveal a key. For `user:password` (RFC 7617) they include its parts, unless these
    are ordinary words.
    """
    credential = find_credential(memory.model, holder)
    parts = credential.list_secrets(key) if credential is not None else [key]
    return [part for part in parts if len(part) >= 8 and (part == key or not part.isalpha())]


def _find_inner_detail(text: str, exchange: Exchange, memory: Memory) -> str:
    if not exchange.refused:
        return ""
    for match in _INSIDE.finditer(text):
        detail = match[0].strip()
        if not _repeats_path(detail.lstrip("\"'("), exchange, memory):
            return detail[:60]
    return ""


def _repeats_path(detail: str, exchange: Exchange, memory: Memory) -> bool:
    """True if a text is the path of the request, as in the `instance` of RFC 9457, or a path under it.

    A path under it that ends in a suffix, such as `/app/main.py`, may be a file of the server.
    """
    if not detail.startswith("/"):
        return False
    base, path = urlsplit(exchange.base or memory.setting.url).path.rstrip("/"), exchange.request.path
    own = {form.rstrip("/") for whole in (base + path, path) for form in (whole, unquote(whole))}
    return any(_is_part_of(text, path) for text in (detail, detail.rstrip(".")) for path in own)


def _is_part_of(text: str, path: str) -> bool:
    """True if a text is a path, its beginning up to a character that JSON escapes, or a path under it."""
    cut = f"{path}/".startswith(text) and not _IN_PATH.match(path, len(text))
    # a path of one step may be a folder of the server, too, as `/app` in containers is
    return cut or (path.count("/") > 1 and text.startswith(f"{path}/") and not _SUFFIX.search(text))


def _find_private_member(exchange: Exchange, memory: Memory) -> tuple[str, bool]:
    """Return an undeclared member that looks like a secret or personal data; empty without one.

    True stands beside it if nobody wrote that the member may not be there. It does too if only its name says
    what it is: its value is too short for a secret, or has blanks, as a wallet's `token: "ETH"`.
    """
    if exchange.output is None or exchange.output.schema is None or not isinstance(exchange.body, _NESTED):
        return "", False
    weak = ""
    for path, value, around in find_undeclared(exchange.body, exchange.output.schema, memory.setting):
        firm = around == "closed" or (around == "open" and _is_sent_secret(value, memory))
        found = _find_private(exchange, memory, path, value, described=around != "nothing")
        if found is None:
            continue
        if firm and found[1]:
            return found[0], False
        weak = weak or found[0]
    return weak, bool(weak)


def _find_private(
    exchange: Exchange, memory: Memory, path: str, value: Any, *, described: bool
) -> tuple[str, bool] | None:
    """Return what an undeclared member looks like, and whether its value says so too; None if like nothing.

    An address or a number counts only if `described`: the shape around it declares other members.
    """
    name = path.rpartition(".")[2]
    secret = _is_secret(name, value) and not _gives(exchange, memory, name)
    if name in memory.model.secrets or secret:
        shows = name in memory.model.secrets or _can_be_secret(value)
        return f"the undeclared member {path} looks like a secret", shows
    texts = value if isinstance(value, str) and described else ""
    if any(not _is_echo(mail, exchange, memory) for mail in _list_mails(texts)):
        return f"the undeclared member {path} holds an e-mail address", True
    if any(not _is_own(card, exchange, memory) for card in find_card_numbers(texts)):
        return f"the undeclared member {path} holds a card number", True
    return None


def _is_sent_secret(value: Any, memory: Memory) -> bool:
    """Return whether a value is a password or another secret that the run sent under such a name alone."""
    sent: _SentSecrets = memory.notes.get(("no_leaks", "passwords"), _NONE_SENT)
    return isinstance(value, str) and value in sent.secret and value not in sent.open


def _can_be_secret(value: Any) -> bool:
    """Return whether a value has the form of a secret: a number, or eight characters without blanks. So many
    NIST SP 800-63B asks of a password.
    """
    if isinstance(value, list):
        return any(map(_can_be_secret, value))
    return not isinstance(value, str) or (len(value) >= SHORTEST and not any(map(str.isspace, value)))


def _is_secret(name: str, value: Any) -> bool:
    """Return whether a member is a secret by its name, and by a value that can be one."""
    if not _SECRET_NAMES.search(name) or _CURSOR_NAMES.search(name) or isinstance(value, bool):
        return False
    if isinstance(value, list):
        return any(isinstance(item, str) and item for item in value)
    return (
        bool(value) if isinstance(value, str) else isinstance(value, int) and bool(_NUMBER_NAMES.search(name))
    )


def _gives(exchange: Exchange, memory: Memory, name: str) -> bool:
    """True if an operation gives a secret of this name: `token` of `get_user_token`, or of a sign-in.

    A document may leave the answer's members open. An author declares what an answer holds.
    """
    endpoint = exchange.call.endpoint
    if endpoint is None or not memory.model.leaves_open or not exchange.success:
        return False
    texts = (str(endpoint.action.name), str(endpoint.action.title), *str(endpoint.action.path).split("/"))
    words = {singular(word) for text in texts if "{" not in text for word in split_words(text)}
    own = {singular(word) for word in split_words(name)} & _GIVEN
    return bool(own & words) or ("token" in own and bool(words & _SIGNING_IN))


def _note_sent(exchange: Exchange, memory: Memory) -> None:
    """Keep the card numbers and e-mail addresses of a request, so that answers to its caller may repeat
    them.
    """
    sent: _Sent = memory.notes.setdefault(("no_leaks", "sent"), {})
    for text in (unquote_plus(exchange.request.target), *_list_body_texts(exchange)):
        for value in (*find_card_numbers(text), *_list_mails(text)):
            if value in sent or len(sent) < _MOST_SENT:
                sent.setdefault(value, set()).add(_find_sender(exchange, memory))
    secrets: _SentSecrets = memory.notes.setdefault(("no_leaks", "passwords"), _SentSecrets())
    for name, value in _list_named_texts("", exchange.input, 0):
        known = secrets.secret if _SECRET_NAMES.search(name) else secrets.open
        if len(value) >= SHORTEST and len(known) < MOST_KNOWN:
            known.add(value)


def _list_named_texts(name: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Yield each text inside a value, with the name of the member that holds it."""
    if isinstance(value, str):
        yield name, value
    elif depth < MAX_DEPTH and isinstance(value, Mapping):
        for inner, member in value.items():
            yield from _list_named_texts(str(inner), member, depth + 1)
    elif depth < MAX_DEPTH and isinstance(value, list):
        for item in value:
            yield from _list_named_texts(name, item, depth + 1)


def _list_body_texts(exchange: Exchange) -> list[str]:
    """Return the text of a request's body, as it is and as a form has it."""
    text = exchange.request.body.decode("utf-8", "replace")
    return [text, unquote_plus(text)] if "%40" in text else [text]


def _list_mails(text: str) -> list[str]:
    """Return the e-mail addresses of a text in lower case, without the full stop of a sentence."""
    return [mail.lower().rstrip(".") for mail in _MAIL.findall(text)] if "@" in text else []


def _find_caller(exchange: Exchange, memory: Memory) -> str:
    """Return the role whose key a request carries; empty if it has none, or a wrong one."""
    call = exchange.call
    shown = call.surface == MCP or has_proof(memory.model, exchange.request)  # an MCP session has the key
    return call.role.partition(".")[0] if shown and not call.twist else ""


def _find_sender(exchange: Exchange, memory: Memory) -> str:
    """Return the caller of an exchange, or `_ANYBODY` where the action needs no key and the call has none."""
    caller, endpoint = _find_caller(exchange, memory), exchange.call.endpoint
    return caller or (_ANYBODY if endpoint is not None and not endpoint.needs_key else "")


def _is_echo(value: str, exchange: Exchange, memory: Memory) -> bool:
    """Return whether the caller of this exchange sent the value in the run, or anybody could see it."""
    sent: _Sent = memory.notes["no_leaks", "sent"]
    return not sent.get(value, set()).isdisjoint((_find_caller(exchange, memory), _ANYBODY))


def _is_own(digits: str, exchange: Exchange, memory: Memory) -> bool:
    """Return whether the caller sent these digits, or the run knows an instance whose id has them: each tenth
    number of that length passes for a card's.
    """
    return _is_echo(digits, exchange, memory) or any(digits in str(id) for _, id in memory.bodies)


def _find_secret_of_another(exchange: Exchange, text: str, memory: Memory) -> str:
    """Return the place of another answer's secret in this answer; empty without one.

    An answer whose schema declares a secret is left out: it may show the one of another answer again.
    """
    if not memory.model.secrets or _declares(exchange, memory):
        return ""
    known: _Secrets = memory.notes.get(("no_leaks", "secrets"), {})
    for begin, secrets in known.items():
        for value, name in secrets.items() if begin in text else ():
            if value in text:
                return f"the secret {name} stands where it is not declared"
    return ""


def _declares(exchange: Exchange, memory: Memory) -> bool:
    endpoint = exchange.call.endpoint
    if endpoint is None or exchange.output is None:
        return False
    return declares(
        memory.setting, (str(endpoint.action.name), exchange.output.status), exchange.output.schema
    )


def _remember(body: Any, memory: Memory) -> None:
    if not memory.model.secrets or not isinstance(body, _NESTED):
        return
    known: _Secrets = memory.notes.setdefault(("no_leaks", "secrets"), {})
    if sum(map(len, known.values())) >= MOST_KNOWN:
        return
    secrets: dict[str, str] = {}
    collect(body, memory.model.secrets, secrets)
    for value, name in secrets.items():
        known.setdefault(value[:BEGIN], {})[value] = name


CHECK = make_check(
    "no_leaks",
    __doc__,
    cases,
    watch=watch,
    turn=7,
    of_any_input=True,
    tools=True,
    rank=Rank.EXPOSED,
)


# -- members that the schema of a body does not declare


MAX_DEPTH = 20
"""The depth of members that are looked at, as a schema may contain itself."""
_ANY: Mapping[str, Any] = {}


Around = Literal["closed", "open", "nothing"]
"""The shape around a member declares all its members, some of them, or none."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """The members and the items that a schema declares.

    `free` is true if the schema also declares a schema for additional members.
    """

    schema: Mapping[str, Any]
    members: Mapping[str, Mapping[str, Any]]
    free: bool
    items: Mapping[str, Any]
    around: Around


def find_undeclared(
    body: Any, schema: Mapping[str, Any], setting: Setting
) -> Iterator[tuple[str, Any, Around]]:
    """Yield (dotted path, value, what is declared around it) of each member that the schema does not declare,
    and of all members inside it.
    """
    if not _all_declared(body, schema, setting, 0):
        yield from _find_undeclared(body, schema, setting, "", 0)


def _all_declared(body: Any, schema: Mapping[str, Any], setting: Setting, depth: int) -> bool:
    """True if every member is declared, as in nearly every body. This is faster than listing members."""
    if depth > MAX_DEPTH:
        return True
    shape = _shape(schema, setting)
    if isinstance(body, dict):
        if not shape.free and not body.keys() <= shape.members.keys():
            return False
        for name, value in body.items():
            inside = shape.members.get(name) if isinstance(value, _NESTED) else None
            if inside is not None and not _all_declared(value, inside, setting, depth + 1):
                return False
    elif isinstance(body, list):
        return all(
            not isinstance(item, _NESTED) or _all_declared(item, shape.items, setting, depth + 1)
            for item in body
        )
    return True


def _find_undeclared(
    body: Any, schema: Mapping[str, Any], setting: Setting, path: str, depth: int
) -> Iterator[tuple[str, Any, Around]]:
    if depth > MAX_DEPTH:
        return
    shape = _shape(schema, setting)
    if isinstance(body, Mapping):
        for name, value in body.items():
            here = f"{path}.{name}" if path else str(name)
            if name in shape.members:
                yield from _find_undeclared(value, shape.members[name], setting, here, depth + 1)
            elif not shape.free:
                yield here, value, shape.around
                yield from ((at, inner, shape.around) for at, inner in _all(value, here, depth + 1))
    elif isinstance(body, list):
        for index, item in enumerate(body):
            yield from _find_undeclared(
                item, shape.items, setting, f"{path}.{index}" if path else str(index), depth + 1
            )


def _shape(schema: Mapping[str, Any], setting: Setting) -> _Shape:
    """Return the declared members and items of a schema, computed once a run.

    The result keeps the schema alive, because it is cached by the schema's `id()`.
    """
    return setting.compute_once(("shape", id(schema)), lambda: _make_shape(schema, setting))


def _make_shape(schema: Mapping[str, Any], setting: Setting) -> _Shape:
    members: dict[str, Mapping[str, Any]] = {}
    parts = _parts(schema, setting)
    for part in parts:
        members.update(part.get("properties") or {})
    free = any(
        isinstance(part.get("additionalProperties"), Mapping)
        or "patternProperties" in part
        or isinstance(part.get("unevaluatedProperties"), Mapping)
        for part in parts
    )
    items = next((p["items"] for p in parts if isinstance(p.get("items"), Mapping)), _ANY)
    opened = any(part.get("additionalProperties") is True for part in parts)
    written = bool(members) and not setting.model.leaves_open and not opened
    closed = written or _is_closed(schema, setting, 0)
    return _Shape(schema, members, free, items, "closed" if closed else "open" if members else "nothing")


def _is_closed(schema: Mapping[str, Any], setting: Setting, depth: int) -> bool:
    """True if a schema refuses each member that it does not name, whichever alternative a body is."""
    schema = setting.resolve_schema(schema)
    if schema.get("additionalProperties") is False or schema.get("unevaluatedProperties") is False:
        return True
    if depth > MAX_DEPTH:
        return False
    if any(_is_closed(part, setting, depth + 1) for part in schema.get("allOf") or ()):
        return True
    several = [schema[key] for key in ("anyOf", "oneOf") if schema.get(key)]
    return any(all(_is_closed(part, setting, depth + 1) for part in parts) for parts in several)


def _parts(schema: Mapping[str, Any], setting: Setting) -> list[Mapping[str, Any]]:
    """Return a schema with all schemas that it is combined with."""
    schema = setting.resolve_schema(schema)
    found = [schema]
    for child in children(schema):
        if child.kind == "value" and child.keyword not in CONDITIONS and isinstance(child.schema, Mapping):
            found += _parts(child.schema, setting)
    return found


def _all(value: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > MAX_DEPTH:
        return
    pairs = (
        value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, member in pairs:
        yield f"{path}.{name}", member
        yield from _all(member, f"{path}.{name}", depth + 1)
