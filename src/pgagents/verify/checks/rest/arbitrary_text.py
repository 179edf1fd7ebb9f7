"""A free text may contain anything: quotes, backslashes, markup, template marks, other scripts, blanks at its
ends.

Servers fail at these when they put texts into SQL, pages or commands, or when they strip blanks. If a pattern
forbids them, words are sent that a language may mistake for another value, and enums get every value. The
first call also has characters that a server may refuse, such as NUL. If it is refused, the text is sent
without them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pgagents.base.cel.expression import member_of
from pgagents.catalogue.model.action import Param
from pgagents.report.contract import Contract
from pgagents.verify.cases.boundary import free_params, unusual
from pgagents.verify.fixtures.request_template import (
    RequestTemplate,
    evaluate_arguments,
    ordinary,
    template_of,
)
from pgagents.verify.promise import Check, Conversation, Probe, judge_accepted, judge_untested, promise
from pgagents.verify.setting import Setting
from pgagents.verify.values.bounds import is_too_long
from pgagents.verify.values.invalid_values import FAR
from pgagents.verify.values.schema_values import high, matches, types_of
from pgagents.verify.wire.call import Call, Signature
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "arbitrary_text"
TEXT = ' o\'Neil "x"  \\n<b>&lt;{{7*7}}${7}%s%41+;--éu\u0302’漢🚗'
"""A text whose most revealing characters come first, for arguments that take only a few.

One letter is written with a combining accent, which is lost if a server normalises texts.
"""
ODD = " \0\r\n\u2028\u202ee\u0301\ufeff"
"""A blank, NUL, CR and LF, a line separator, a right-to-left override, a combining accent, and a byte order
mark.
"""
WORDS = ("null", "007", "infinity", "1e5", "true")
"""Words that some languages take for null, a number or a boolean, so that they store another value."""
QUERY = "pgv=a%2Fb%20c&d=%C3%A9&e=+"
"""A query for an address; a server changes the address if it decodes the query or encodes it anew."""
LONGEST = 4_096
_BOUND = ("enum", "const", "format", "contentEncoding")


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each endpoint with a free text among its arguments."""
    for endpoint, given in _cases(setting):
        names = " and ".join(name for name in given)
        yield promise(
            NAME,
            "",
            endpoint,
            f"{endpoint.action.name} takes quotes, markup and other scripts in {names}",
            endpoint.action.origin,
        )


def _cases(setting: Setting) -> tuple[tuple[Endpoint, Mapping[str, Any]], ...]:
    def find() -> Iterator[tuple[Endpoint, Mapping[str, Any]]]:
        for endpoint in setting.endpoints:
            given = _texts(setting, endpoint) if endpoint.ordinary else {}
            if given:
                yield endpoint, given

    return setting.compute_once(NAME, lambda: tuple(find()))


def _texts(setting: Setting, endpoint: Endpoint, text: str = TEXT) -> dict[str, Any]:
    """Return the arguments that are free texts, or contain some one level down, filled with our text."""
    template = template_of(setting.model, endpoint.action)
    base = evaluate_arguments(setting.model, template.input)
    found: dict[str, Any] = {}
    words: dict[str, Any] = {}
    for param in endpoint.params:
        name = str(param.name)
        ours = param.refers_to or name == endpoint.action.idempotency or isinstance(base.get(name), Signature)
        ours = ours or _is_of_instance(template, template.input.get(name))
        if (
            not ours and name in base and param.place in ("body", "query")
        ):  # an argument that no example has may have a hidden form, like a cursor
            value = _fill_texts(setting, param.schema, _example(endpoint, name, base[name]), text)
            if value is not None and setting.test((NAME, endpoint.place, name), param.schema).is_valid(value):
                found[name] = value
            elif (word := _word(setting, endpoint, param)) is not None:
                words[name] = word
            elif isinstance(base[name], list) and setting.resolve_schema(
                setting.resolve_schema(param.schema).get("items", {})
            ).get("enum"):
                words[name] = high(param.schema, setting.model.schemas)
    return {**found, **words} if found else {}


def _is_of_instance(template: RequestTemplate, value: Any) -> bool:
    """True if an argument is a member of the instance itself, such as its code. Then every other value is
    wrong.
    """
    names = ("resource", template.subject.name) if template.subject is not None else ()
    return bool(member_of(value, names))


def _word(setting: Setting, endpoint: Endpoint, param: Param) -> str | None:
    """Return a word that matches an argument's pattern; None if the argument takes listed values only.

    Each surface gets another word.
    """
    schema = setting.resolve_schema(param.schema)
    if (
        types_of(schema) != ("string",)
        or "pattern" not in schema
        or param not in free_params(setting, endpoint)
    ):
        return None
    fitting = [word for word in WORDS if matches(schema, word)]
    return fitting[setting.alike(endpoint).index(endpoint) % len(fitting)] if fitting else None


def _example(endpoint: Endpoint, name: str, usual: Any) -> Any:
    """Return the argument's usual value. For a list, return one item of the longest example."""
    listed = [
        e.input[name]
        for e in endpoint.action.examples
        if e.status < 300 and isinstance(e.input.get(name), list)
    ]
    return max(listed, key=len, default=usual)[:1] if isinstance(usual, list) else usual


def _fill_texts(setting: Setting, written: Mapping[str, Any], base: Any, text: str) -> Any:
    """Return a value with our text in its free texts, within the schema's lengths; None if it has no free
    text.

    An address gets a query. An object, or a list of objects, gets the text in its members.
    """
    schema = setting.resolve_schema(written)
    if schema.get("format") in ("uri", "url") and isinstance(base, str) and "?" not in base:
        most = schema.get("maxLength", FAR)
        return (
            f"{base}?{QUERY}"
            if text is TEXT
            else f"{_loudly(base)}?{QUERY}&x=".ljust(FAR if is_too_long(most) else most, "x")
        )
    if isinstance(base, list) and base and isinstance(base[0], Mapping):
        item = _fill_texts(setting, schema.get("items", {}), base[0], text)
        return None if item is None else [item]
    if "string" in types_of(schema) and not any(key in schema for key in _BOUND):
        most = min(schema.get("maxLength", len(text)), LONGEST)
        filled = (text + text[-1] * most)[: most - 1] + (" " if most else "")
        return filled if "pattern" not in schema or matches(schema, filled) else None
    if isinstance(base, Mapping) and schema.get("properties"):
        members = {
            n: s for n, s in schema.get("properties", {}).items() if not isinstance(base.get(n), Mapping)
        }
        inner = {
            n: found
            for n, s in members.items()
            if n in base and (found := _fill_texts(setting, s, None, text)) is not None
        }
        return {**base, **inner} if inner else None
    return None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each contract: a valid call, at first with characters that may be refused."""
    del roles
    for endpoint, given in _cases(setting):
        contract = f"{NAME}/{endpoint.place}"
        template = template_of(setting.model, endpoint.action)
        writes = endpoint.action.effect == "write"
        call = ordinary(
            endpoint,
            template,
            "explore",
            "a text with quotes, markup and other scripts",
            input={**template.input, **given},
            fresh=writes,
        )
        odd = replace(
            call,
            input={**call.input, **_odd(setting, endpoint)},
            why="a text with a NUL and other odd characters",
        )
        most = replace(
            odd, input=unusual(setting, endpoint, odd.input), why=f"{odd.why}, and what is unusual beside it"
        )
        control = replace(call, intent="valid", why="an ordinary call", input=template.input)
        run = partial(_run, [most, odd, call] if most.input != odd.input else [odd, call], control, contract)
        yield Probe(contract, 6, (contract,), 2 if writes else 1, run, (endpoint,), "main", writes)


def _odd(setting: Setting, endpoint: Endpoint) -> Mapping[str, Any]:
    """Return the arguments with the odd characters followed by our text."""
    return setting.compute_once((NAME, "odd", endpoint.place), lambda: _texts(setting, endpoint, ODD + TEXT))


def _loudly(url: str) -> str:
    """Return the same address with its host in capitals."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.upper()}{slash}{path}"


def _run(calls: Sequence[Call], control: Call, contract: str) -> Conversation:
    """Send the calls until one succeeds, and judge that one or the last.

    A refused text proves nothing if the control call is refused, too.
    """
    exchange: Exchange = yield calls[0]
    for call in calls[1:]:
        if not exchange.success:
            exchange = yield call
    usual: Exchange | None = None if exchange.success or exchange.void else (yield control)
    if usual is not None and not usual.success:
        yield judge_untested(contract, f"an ordinary call was answered {usual.outcome}, too")
        return
    judged = list(judge_accepted(exchange, contract, "a text with quotes, markup and other scripts"))
    yield from judged or [judge_untested(contract, f"the answer shows nothing of it: {exchange.outcome}")]


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    overlap="all",
)
