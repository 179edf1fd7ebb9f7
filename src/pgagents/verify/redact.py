"""Keys, secrets and a person's data are taken out before anything is stored.

Keys and secrets are masked wherever their values turn up; so are values of members that the catalogue marks `private`, each
by a name of its own (`[email 2]`), so that a reader still sees which values are the same.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus

from pgagents.report.report import Exchange, Finding
from pgagents.wire import Request, Response, json_bytes, read_json

MASK = "[redacted]"
_SECRET_HEADERS = {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"}
OAUTH = frozenset(("access_token", "refresh_token", "id_token", "client_secret", "code_verifier", "client_assertion", "device_code"))
"""Secrets of RFC 6749, 7636, 7523, 8628 and OpenID Connect, whatever the catalogue says."""
IN_FORMS = frozenset((*OAUTH, "code", "password", "api_key"))
"""Names of secrets in a query or a form; in JSON, `code` is mostly the name of an error."""
MAX_STORED = 20_000
MAX_VALUES = 20_000
"""Values remembered; the oldest go first. What a finding shows is learned again before it is masked."""
NEAR = 12
"""So many characters in common with a key are too many to print; prefixes that all keys share are shorter."""
SHORTEST = 6
"""A further secret of fewer characters would mask ordinary words all over a report, such as `true`."""
SHORTEST_LEARNED = 4
_WORDS = frozenset(("true", "false", "null", "none", "string", "number", "[redacted]"))
_NUMBER = re.compile(r"[0-9]{1,5}")
_SCALARS = frozenset((str, int, float, bool, type(None)))
_FORM = "application/x-www-form-urlencoded"


class Redactor:
    """Masks keys by value and header, secret and private members by name, and the values they once had anywhere."""

    def __init__(self, keys: Mapping[str, str], secrets: Iterable[str], values: Iterable[str] = (), private: Iterable[str] = ()) -> None:
        """`keys` by role; `secrets` and `private` are names of members, `values` further secrets themselves."""
        self._members = frozenset(secrets) | OAUTH
        self._private = frozenset(private) - self._members
        self._named = self._members | self._private
        named = sorted(self._members | self._private | IN_FORMS)
        self._in_form = re.compile(rf"((?:^|[?&;\s\"'])({'|'.join(map(re.escape, named))})=)([^&;\s\"'#<>]*)", re.I)
        self._in_text = re.compile(
            rf'("({"|".join(map(re.escape, sorted(self._members | self._private)))})"\s*:\s*)"((?:[^"\\]|\\.)*)("|$)'
        )
        self._values: dict[str, str] = {key: f"[key of {role}]" for role, key in keys.items() if key}
        self._kept = len(self._values)
        self._headers_of = {name.lower(): name for name in (*self._members, *self._private)}
        self._names: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        for value in values:
            if len(value) >= SHORTEST:
                self._values.setdefault(value, MASK)
                self._values.setdefault(json.dumps(value)[1:-1], MASK)
                self._kept = len(self._values)

    # -- learning -----------------------------------------------------------------------------------------------

    def learn(self, body: Any) -> None:
        """Remember the values of secret and private members."""
        if isinstance(body, dict | Mapping):  # an abstract class takes long to ask
            for name, value in body.items():
                if name in self._named:
                    self._learn_all(name, value)
                elif type(value) not in _SCALARS:
                    self.learn(value)
        elif isinstance(body, list):
            for item in body:
                if type(item) not in _SCALARS:
                    self.learn(item)

    def learn_exchange(self, request: Request, answer: Any) -> None:
        """Remember what stands in headers, queries, forms and redirects, which no JSON member names."""
        for header, value in (*request.headers, *(answer.headers if isinstance(answer, Response) else ())):
            if (own := self._headers_of.get(header.lower())) is not None:
                self._learn_all(own, value)
        texts = [request.target.partition("?")[2]]
        if request.body and (request.header("content-type") or "").lower().startswith(_FORM):
            texts.append(request.body.decode("utf-8", "replace"))
        location = answer.header("location") if isinstance(answer, Response) else None
        if location:
            texts += location.replace("#", "?").split("?")[1:]
        for text in texts:
            if "=" in text:
                for name, value in parse_qsl(text):
                    if name in IN_FORMS or name in self._members or name in self._private:
                        self._learn_all(name, value)

    def _learn_all(self, name: str, value: Any) -> None:
        if isinstance(value, str):
            if len(value) >= SHORTEST_LEARNED and value.lower() not in _WORDS and not value.isspace() and not _NUMBER.fullmatch(value):
                self._remember(value, self._mask_of(name, value), whole=name in self._private)
        elif isinstance(value, list | Mapping):
            for one in value.values() if isinstance(value, Mapping) else value:
                self._learn_all(name, one)

    def _remember(self, value: str, mask: str, *, whole: bool) -> None:
        """The value in each form in which it may turn up; for private ones also in the other letters."""
        if value in self._values:
            return
        forms = {value: mask}
        if whole:
            forms |= {other: f"{mask[:-1]}, in other letters]" for other in (value.upper(), value.lower()) if other != value}
        for form, name in forms.items():
            for text in (form, json.dumps(form)[1:-1], quote(form, safe=""), quote_plus(form), html.escape(form)):
                if text not in self._values:
                    self._values[text] = name
        if len(self._values) > MAX_VALUES:
            for text in list(self._values)[self._kept : self._kept + MAX_VALUES // 2]:
                del self._values[text]

    def _mask_of(self, name: str, value: str) -> str:
        """What stands for a member's value: always the same for the same one, where it is private."""
        if name not in self._private:
            return MASK
        if value not in self._names:
            if len(self._names) > MAX_VALUES:
                self._names.clear()
            self._counts[name] = self._counts.get(name, 0) + 1
            self._names[value] = f"[{name} {self._counts[name]}]"
        return self._names[value]

    # -- masking ------------------------------------------------------------------------------------------------

    def text(self, text: str) -> str:
        """The text with every known secret value masked; a private one only where it stands as a word."""
        for value in sorted((v for v in self._values if v in text), key=len, reverse=True):
            mask = self._values[value]
            if mask == MASK or mask.startswith("[key of "):
                text = text.replace(value, mask)
            else:
                text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])", mask.replace("\\", r"\\"), text)
        return self._without_near_keys(text)

    def _without_near_keys(self, text: str) -> str:
        """The text without what is nearly a key, as it was tried: in the other case, or with its end changed or cut off."""
        small = text.lower()
        for key, name in islice(self._values.items(), self._kept):
            if name.startswith("[key of ") and len(key) > NEAR and key[:-1].lower() in small:
                text = re.sub(re.escape(key[:-1]), MASK, text, flags=re.I)
        return text

    def exchange(self, exchange: Exchange) -> Exchange:
        """The exchange with keys and secrets masked and long bodies cut."""
        sent, answer = exchange.request, exchange.answer
        self.learn_exchange(sent, answer)
        for body in (sent.body, answer.body if isinstance(answer, Response) else b""):
            self.learn(read_json(body).value)
        if isinstance(answer, Response):
            answer = Response(answer.status, self._headers(answer.headers), self._body(answer.body))
        else:
            answer = replace(answer, detail=self._any(answer.detail))
        request = Request(sent.method, self._any(sent.target), self._headers(sent.headers), self._body(sent.body))
        return replace(exchange, request=request, answer=answer, why=self._any(exchange.why))

    def finding(self, finding: Finding) -> Finding:
        """The finding with its texts and exchanges masked."""
        exchanges = tuple(self.exchange(e) for e in finding.exchanges)  # first, as they teach what the texts may repeat
        return replace(finding, expected=self._any(finding.expected), actual=self._any(finding.actual), exchanges=exchanges)

    def _any(self, text: str) -> str:
        """Text of any kind: known values, and what a query, a form or a piece of JSON in it names."""
        return self.text(self._by_name(text))

    def _headers(self, headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        return tuple((name, self._header(name, value)) for name, value in headers)

    def _header(self, name: str, value: str) -> str:
        if name.lower() in _SECRET_HEADERS:
            return self._credential(value)
        own = self._headers_of.get(name.lower())
        return self._mask_of(own, value) if own and value else self._any(value)

    def _credential(self, value: str) -> str:
        """A header that proves who calls: a key by its role, a made-up bearer as it is, a near miss or an encoded key not at all."""
        shown = self.text(value)
        if shown != value:
            return MASK if MASK in shown else shown
        keys = [secret.lower() for secret, name in self._values.items() if name.startswith("[key of ")]
        made_up = (
            keys
            and value.lower().startswith("bearer ")
            and not any(secret[i : i + NEAR] in value.lower() for secret in keys for i in range(len(secret) - NEAR + 1))
        )
        return value if made_up else MASK

    def _body(self, body: bytes) -> bytes:
        if not body:
            return body
        read = read_json(body)
        if not read.problem:
            masked = self._masked(read.value)
            body = json_bytes(masked) if masked != read.value else body
        whole = body.decode("utf-8", "surrogateescape")
        masked_text = self.text(whole) if not read.problem else self._any(whole)
        if len(masked_text) > MAX_STORED:
            masked_text = masked_text[:MAX_STORED] + "…"
        if masked_text == whole:
            return body
        return masked_text.encode("utf-8", "surrogateescape") if read.problem else masked_text.encode("utf-8", "replace")

    def _by_name(self, text: str) -> str:
        """Secret members in what is no JSON: a query, a form, a piece of JSON that was cut."""
        if "=" in text:
            text = self._in_form.sub(lambda m: m[1] + self._in_place(m[2], m[3]), text)
        if '"' in text:
            text = self._in_text.sub(lambda m: m[1] + json.dumps(self._in_place(m[2], m[3])) if m[3] else m[0], text)
        return text

    def _in_place(self, name: str, value: str) -> str:
        """What stands for a value found by its name in text; what is masked already stays."""
        if not value or value.startswith(("[key of ", MASK)):
            return value
        own = next((m for m in self._private if m.lower() == name.lower()), None)
        plain = next((v for _, v in parse_qsl(f"x={value}")), value) if own else value
        return self._mask_of(own, plain) if own else MASK

    def _masked(self, value: Any, name: str = "") -> Any:
        """JSON with the values of secret and private members masked, also in lists and objects within them."""
        if isinstance(value, dict):
            return {k: self._masked(v, name or (k if k in self._members or k in self._private else "")) for k, v in value.items()}
        if isinstance(value, list):
            return [self._masked(v, name) for v in value]
        if name and value not in ("", None) and not isinstance(value, bool):
            return self._mask_of(name, value if isinstance(value, str) else json.dumps(value))
        return self._by_name(value) if isinstance(value, str) else value
