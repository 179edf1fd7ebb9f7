"""Take keys, secrets and a person's data out before anything is stored.

Keys and secrets are masked in every place and every coding. A value of a member that the catalogue marks
`private` is replaced by a name of its own (`[email 2]`). So a reader still sees which values are the same.
Values that the run made up are shown. `docs/decisions/0008-what-a-report-masks.md` has the reasons.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import accumulate
from typing import Any
from urllib.parse import parse_qsl

from pgagents.http import Request, Response, json_bytes, read_json
from pgagents.model.credential import AUTHORIZATION, Credential
from pgagents.model.identity import list_secrets
from pgagents.model.model import Model
from pgagents.report.report import Finding, RecordedExchange
from pgagents.verify.run.redaction.decoded import search, unescape
from pgagents.verify.run.redaction.needles import NEAR, Hit, Runs, Words, lower_text
from pgagents.verify.run.redaction.origins import MAX_VALUES, Origins
from pgagents.verify.run.redaction.spans import MASK, Span, merge_spans, replace_spans

_SECRET_HEADERS = {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"}
OAUTH = frozenset(
    (
        "access_token",
        "refresh_token",
        "id_token",
        "client_secret",
        "code_verifier",
        "client_assertion",
        "device_code",
    )
)
"""Secrets of RFC 6749, 7636, 7523, 8628 and OpenID Connect. They are masked in every run."""
IN_FORMS = frozenset((*OAUTH, "code", "password", "api_key"))
"""Names of secrets in a query or a form; in JSON, `code` is mostly the name of an error."""
MAX_STORED = 20_000
MARGIN = 4_000
"""Characters behind the last one stored that are read too: a secret may begin before it and end behind it."""
MAX_WHOLE = 1_000_000
"""Bytes of the longest body that is masked as JSON; of a longer one only the beginning is read, as text."""
MAX_MASKED = 2_000
"""Texts whose masked form is kept, because many findings show the same answer."""
SHORTEST = 6
"""A shorter secret is masked as a word only: it may be a part of ordinary words."""
SHORTEST_LEARNED = 4
_WORDS = frozenset(("true", "false", "null", "none", "string", "number", "[redacted]"))
_NUMBER = re.compile(r"[0-9]{1,5}")
_SCALARS = frozenset((str, int, float, bool, type(None)))
_FORM = "application/x-www-form-urlencoded"
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_COLON = re.compile(r"\s*:")
_NAME = re.compile(r"\[(.*?)(?: \d+)?(?:, [a-z ]+)?\]")


class Redactor:
    """Masks keys by value and header, secret and private members by name, and the values they once had
    anywhere.
    """

    def __init__(
        self,
        keys: Mapping[str, str],
        secrets: Iterable[str],
        values: Iterable[str] = (),
        private: Iterable[str] = (),
        *,
        catalogue: str = "",
        environment: Any = None,
        model: Model | None = None,
    ) -> None:
        """Take `keys` by role, the names of `secrets` and `private` members, and further secret `values`.

        `catalogue` is the catalogue's text, `environment` the caller's data that private members may contain.
        `model` describes which part of a key is secret, and where requests carry it.
        """
        self._credentials = _list_credentials(model)
        self._leads = {c.header.lower(): _lead(c) for c in reversed(self._credentials) if c.header}
        if not self._leads:
            self._leads = {AUTHORIZATION.lower(): "Bearer "}
        self._members = frozenset(secrets) | OAUTH
        self._private = frozenset(private) - self._members
        self._named = self._members | self._private
        self._in_query = {c.wire for c in self._credentials if c.place == "query"}
        """Query parameters that are masked by value, as a header with a key is."""
        named = sorted((self._named | IN_FORMS) - self._in_query)
        self._in_form = re.compile(
            rf"((?:^|[?&;\s\"'])({'|'.join(map(re.escape, named))})=)([^&;\s\"'#<>]*)", re.I
        )
        self._in_text = re.compile(
            rf'("({"|".join(map(re.escape, sorted(self._named)))})"\s*:\s*)"((?:[^"\\]|\\.)*)("|$)'
        )
        self._headers_of = {name.lower(): name for name in self._named}
        self._origins = Origins(catalogue)
        self._public = lower_text(catalogue)
        self._keys = _name_masks(model, keys)
        self._given = {
            **{v: MASK for value in values for v in _parts(value) if len(v) >= SHORTEST},
            **self._keys,
        }
        self._learned: dict[str, str] = {}
        """Values of secret and private members, and the member that held each."""
        self._new: list[str] = []
        self._numbered: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        params = (p for a in (model.actions if model is not None else ()) for p in a.params)
        self._cookies = {p.wire for p in params if p.place == "cookie"}
        """Cookies that are arguments."""
        self._begin()
        for text in _texts(environment):
            self._origins.add_received(text)

    def _begin(self) -> None:
        """Start with the caller's own keys and values as the only secrets."""
        self._runs, self._words, self._coded, self._own = Runs(), Words(), Runs(), Words()
        self._masks: dict[str, str] = {}
        self._whole_values: dict[str, str] = {}
        self._masked_texts: dict[str, tuple[Span, ...]] = {}
        for secret, mask in self._given.items():
            self._look_for(secret, mask, given=True)
        self._as_value = self._as_value_pattern()

    def hide_token(self, holder: str, token: str) -> None:
        """Mask an access token that was got for a secret."""
        self._hide({token: f"[key of {holder}, token]"})

    def hide_key(self, holder: str, key: str, model: Model) -> None:
        """Mask a key that was issued during the run, in all its parts."""
        self._hide(_name_masks(model, {holder: key}))

    def _hide(self, masks: Mapping[str, str]) -> None:
        for text, mask in masks.items():
            self._given[text] = mask
            self._look_for(text, mask, given=True)
        self._as_value = self._as_value_pattern()
        self._masked_texts.clear()

    # -- learning

    def learn(self, body: Any) -> None:
        """Remember the values of secret and private members of an answer."""
        self._learn(body, sent=False)

    def learn_sent(self, given: Any) -> None:
        """Remember the values of secret and private members of a call."""
        self._learn(given, sent=True)

    def _learn(self, body: Any, *, sent: bool) -> None:
        if isinstance(body, dict | Mapping):  # an abstract class takes long to ask
            for name, value in body.items():
                if name in self._named:
                    self._learn_all(name, value, sent=sent)
                elif type(value) not in _SCALARS:
                    self._learn(value, sent=sent)
        elif isinstance(body, list):
            for item in body:
                if type(item) not in _SCALARS:
                    self._learn(item, sent=sent)

    def learn_exchange(self, request: Request, answer: Any) -> None:
        """Learn secrets from headers, queries, forms and redirects, which no JSON member names; from the
        request first.
        """
        texts = [request.target.partition("?")[2]]
        if request.body and (request.header("content-type") or "").lower().startswith(_FORM):
            texts.append(request.body.decode("utf-8", "replace"))
        self._learn_headers(request.headers, sent=True)
        self._learn_pairs(texts, sent=True)
        if isinstance(answer, Response):
            self._learn_headers(answer.headers, sent=False)
            if location := answer.header("location"):
                self._learn_pairs(location.replace("#", "?").split("?")[1:], sent=False)

    def _learn_headers(self, headers: Iterable[tuple[str, str]], *, sent: bool) -> None:
        for header, value in headers:
            small = header.lower()
            if (own := self._headers_of.get(small)) is not None:
                self._learn_all(own, value, sent=sent)
            elif small == "set-cookie" and not sent:
                cookie = value.partition(";")[0].partition("=")[2]
                if len(cookie) >= NEAR:
                    self._learn_all("set-cookie", cookie, sent=False)

    def _learn_pairs(self, texts: Iterable[str], *, sent: bool) -> None:
        for text in texts:
            if "=" in text:
                for name, value in parse_qsl(text):
                    if (name in IN_FORMS or name in self._named) and name not in self._in_query:
                        self._learn_all(name, value, sent=sent)

    def _learn_all(self, name: str, value: Any, *, sent: bool) -> None:
        if isinstance(value, list | Mapping):
            for one in value.values() if isinstance(value, Mapping) else value:
                self._learn_all(name, one, sent=sent)
        elif value is not None and not isinstance(value, bool):
            text = value if isinstance(value, str) else json.dumps(value)
            if sent and name not in IN_FORMS:
                self._origins.add_sent(text)
            else:
                self._origins.add_received(text)
            if text not in self._learned:
                self._remember(name, text)

    def _remember(self, name: str, value: str) -> None:
        """Mask the value of a secret member in all later texts, unless it is an ordinary word."""
        if (
            value in self._given
            or len(value) < SHORTEST_LEARNED
            or value.lower() in _WORDS
            or value.isspace()
            or _NUMBER.fullmatch(value)
        ):
            return
        self._learned[value] = name
        self._new.append(value)
        if len(self._learned) > MAX_VALUES:
            for old in list(self._learned)[: MAX_VALUES // 2]:
                del self._learned[old]
            self._new = list(self._learned)
            self._begin()

    def _look_for_new(self) -> None:
        """Search for the secrets learned since the last text was masked. This is done late, so that the run
        does not wait for it.
        """
        if not self._new:
            return
        self._masked_texts.clear()
        for value in self._new:
            name = self._learned.get(value)
            own = name not in IN_FORMS and self._origins.own(value)
            if name is None:
                continue
            if name in self._private:
                (self._own if own else self._words).add(value)
                if not own:
                    self._mask_of(name, value)
            elif not own and not self._origins.public(value):
                self._look_for(value, MASK)
        self._new.clear()

    def _look_for(self, secret: str, mask: str, *, given: bool = False) -> None:
        """Look for a secret as its length allows: for parts of a long one, for a short one as a whole or as a
        word.

        One that is a word of the catalogue is looked for as a whole value alone.
        """
        for text in _forms(secret):
            self._masks.setdefault(text, mask)
            size = len(text)
            if self._origins.public(secret) or size < SHORTEST_LEARNED:
                self._whole_values[lower_text(text)] = mask
                if size >= SHORTEST:
                    self._coded.add(text, size)
            elif size < SHORTEST:
                self._words.add(text)
            else:  # a key is tried without its last character too
                # a server's own secrets begin as its ids do where both are ordered by time, so most of one
                # must be there
                width = size - (size > SHORTEST) if given else min(size, max(NEAR, size * 2 // 3))
                self._runs.add(text, min(NEAR, width) if given else width, self._public if given else "")

    def _as_value_pattern(self) -> re.Pattern[str] | None:
        """Compile a pattern for whole values in a text: after an equals sign, after a scheme's name, or in
        quotes after a colon.
        """
        words = "|".join(sorted(map(re.escape, self._whole_values), key=len, reverse=True))
        return (
            re.compile(rf"(?:=[\"']?|\b(?:bearer|basic|token)\s+|:\s*[\"'])({words})(?![\w.-])", re.I)
            if words
            else None
        )

    def _mask_of(self, name: str, value: str) -> str:
        """Return the mask for a member's value; equal private values get equal masks."""
        if name not in self._private:
            return MASK
        if value not in self._numbered:
            if len(self._numbered) > 2 * MAX_VALUES:
                self._numbered.clear()
            self._counts[name] = self._counts.get(name, 0) + 1
            self._numbered[value] = f"[{name} {self._counts[name]}]"
        return self._numbered[value]

    # -- masking

    def text(self, text: str) -> str:
        """Return the text with every known secret masked. A private value is masked only as a whole word."""
        return replace_spans(text, self._spans(text))

    def _spans(self, text: str) -> tuple[Span, ...]:
        """Return the parts of a text that are to be masked, in order."""
        self._look_for_new()
        known = self._masked_texts.get(text)
        if known is None:
            known = tuple(merge_spans([*self._find_spans(text), *self._values_in(text)]))
            if len(self._masked_texts) >= MAX_MASKED:
                self._masked_texts.clear()
            self._masked_texts[text] = known
        return known

    def _find_spans(self, text: str) -> Iterator[Span]:
        for begin, end, (kind, whole), coded in search(text, self._find):
            if kind == "coded" and not coded:
                continue
            mask = self._masks.get(whole, MASK) if whole else MASK
            if kind == "word" and whole not in self._masks:
                if self._origins.own(whole):
                    continue
                mask = self._numbered.get(whole) or f"{self._in_other_letters(whole)[:-1]}, in other letters]"
            elif coded and mask != MASK:
                mask = f"{mask[:-1]}, encoded]"
            yield Span(begin, end, mask)

    def _in_other_letters(self, word: str) -> str:
        low = lower_text(word)
        every = ((value, mask) for masks in (self._numbered, self._masks) for value, mask in masks.items())
        return next((mask for value, mask in every if lower_text(value) == low), MASK)

    def _find(self, text: str) -> Iterator[tuple[int, int, tuple[str, str]]]:
        finders: tuple[tuple[str, Runs | Words], ...] = (
            ("run", self._runs),
            ("word", self._words),
            ("coded", self._coded),
        )
        for kind, finder in finders:
            hits: Iterator[Hit] = finder.find(text)
            for begin, end, whole in hits:
                yield begin, end, (kind, whole)

    def _values_in(self, text: str) -> Iterator[Span]:
        """Yield the places of a key that is an ordinary word, where it stands as a value."""
        if self._as_value is None:
            return
        if mask := self._whole_values.get(lower_text(text).strip()):
            yield Span(0, len(text), mask)
        for match in self._as_value.finditer(text):
            yield Span(*match.span(1), self._whole_values[lower_text(match[1])])

    def exchange(self, exchange: RecordedExchange) -> RecordedExchange:
        """Return the exchange with keys and secrets masked and long bodies cut."""
        sent, answer = exchange.request, exchange.answer
        self.learn_sent(read_json(sent.body).value if sent.body else None)
        self.learn_exchange(sent, answer)
        if isinstance(answer, Response):
            self.learn(read_json(answer.body).value)
            answer = Response(answer.status, self._headers(answer.headers), self._body(answer.body))
        else:
            answer = replace(answer, detail=self._any(answer.detail))
        request = Request(
            sent.method, self._any(sent.target), self._headers(sent.headers), self._body(sent.body)
        )
        return replace(
            exchange,
            request=request,
            answer=answer,
            why=self._any(exchange.why),
            base=self._any(exchange.base),
            key_header=self._find_key_header(request),
        )

    def finding(self, finding: Finding) -> Finding:
        """Return the finding with its texts and exchanges masked. For two masked values it says how they
        differ.
        """
        exchanges = tuple(
            self.exchange(e) for e in finding.exchanges
        )  # first, as they teach what the texts may repeat
        expected, actual = self._any(finding.expected), self._any(finding.actual)
        if (differing := self._differing(finding.expected, finding.actual)) and differing not in actual:
            actual = f"{actual} ({differing})"
        return replace(finding, expected=expected, actual=actual, exchanges=exchanges)

    def _differing(self, expected: str, actual: str) -> str:
        """Describe how a masked value differs from the one it is compared with; empty if no two are
        compared.
        """
        wanted, came = self._pieces(expected), self._pieces(actual)
        pairs = [(one, two) for one in wanted for two in came] or [
            (one, two) for i, one in enumerate(came) for two in came[i + 1 :]
        ]
        for (one, mask), (two, other) in pairs:
            if (
                one != two
                and not (mask == one and other == two)
                and self._name_of(one, mask) == self._name_of(two, other)
            ):
                return f"{mask} and {other} differ: {differing(one, two)}"
        return ""

    def _pieces(self, text: str) -> list[tuple[str, str]]:
        """Return the masked values of a text with their masks, and the private values that are shown
        unmasked.
        """
        masked = [(text[s.begin : s.end], s.mask) for s in self._spans(text)]
        return [*masked, *((own, own) for _, _, own in self._own.find(text))]

    def _name_of(self, value: str, mask: str) -> str:
        match = _NAME.fullmatch(mask)
        return match[1] if match else self._learned.get(value, "")

    def _any(self, text: str) -> str:
        """Mask a text of any kind: known values, and the secrets of a query, form or piece of JSON in it."""
        return self.text(self._by_name(text))

    def _headers(self, headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        """Return the headers with their secrets masked.

        If a secret continues in the next header, both are masked as a whole.
        """
        split = self._split([value for _, value in headers])
        return tuple(
            (self.text(n), MASK if i in split else self._header(n, v)) for i, (n, v) in enumerate(headers)
        )

    def _split(self, values: list[str]) -> set[int]:
        """Return the numbers of the values over which a secret is split."""
        ends = list(accumulate(map(len, values)))
        found: set[int] = set()
        for span in self._spans("".join(values)) if len(values) > 1 else ():
            first, last = bisect_right(ends, span.begin), bisect_left(ends, span.end)
            found.update(range(first, last + 1) if last > first else ())
        return found

    def _header(self, name: str, value: str) -> str:
        if name.lower() == "cookie" and self._cookies and "cookie" not in self._leads:
            return "; ".join(self._mask_cookie(pair.strip()) for pair in value.split(";"))
        if name.lower() in _SECRET_HEADERS or name.lower() in self._leads:
            return self._mask_credential(name, value)
        own = self._headers_of.get(name.lower())
        return self._mask_value(own, value) if own and value else self._any(value)

    def _mask_cookie(self, pair: str) -> str:
        """Mask a cookie that is no argument, or a secret or private one."""
        name, equals, value = pair.partition("=")
        shown = name in self._cookies and name not in self._named
        return f"{name}={self._any(value)}" if equals and shown else self._mask_credential("cookie", pair)

    def _find_key_header(self, request: Request) -> str:
        """Return the name of the header with a key; without one, that of the first credential's header."""
        headers = [c.header for c in self._credentials if c.header]
        return next((name for name in headers if request.header(name)), (headers or [AUTHORIZATION])[0])

    def _mask_credential(self, name: str, value: str) -> str:
        """Mask an authentication header: show a key by its role, a made-up one as it is, and nothing of
        an encoded or changed key.
        """
        shown = self.text(value)
        lead = self._leads.get(name.lower(), "")
        own = name.lower() in self._leads and value.lower().startswith(lead.lower())
        if shown != value:
            if MASK not in shown and ", encoded]" not in shown:
                return shown
            # a curl line takes a header that is masked as a whole for a bearer key
            return value[: len(lead)] + MASK if own and lead != "Bearer " else MASK
        return value if self._keys and own else MASK

    def _body(self, body: bytes) -> bytes:
        if not body:
            return body
        read = read_json(body) if len(body) <= MAX_WHOLE else None
        if read is not None and not read.problem:
            masked = self._mask_members(read.value)
            body = json_bytes(masked) if masked != read.value else body
            whole = body.decode("utf-8")
            masked_text = self._in_json(whole[: MAX_STORED + MARGIN])
        else:
            whole = body.decode("utf-8", "surrogateescape")
            masked_text = self._any(whole[: MAX_STORED + MARGIN])
        if len(whole) > MAX_STORED:
            masked_text = masked_text[:MAX_STORED] + "…"
        if masked_text == whole:
            return body
        return masked_text.encode("utf-8", "surrogateescape" if read is None or read.problem else "replace")

    def _by_name(self, text: str) -> str:
        """Mask secret members in a query, a form, or a piece of JSON that was cut."""
        if "=" in text:
            text = self._in_form.sub(lambda m: m[1] + self._in_place(m[2], m[3]), text)
        if '"' in text:
            text = self._in_text.sub(
                lambda m: m[1] + json.dumps(self._in_place(m[2], m[3])) if m[3] else m[0], text
            )
        return text

    def _in_place(self, name: str, value: str) -> str:
        """Return the mask for a value that was found by its name in text; a value that is masked already
        stays.
        """
        if not value or value.startswith(("[key of ", MASK)):
            return value
        own = next((m for m in self._private if m.lower() == name.lower()), None)
        plain = next((v for _, v in parse_qsl(f"x={value}")), value)
        if name.lower() not in IN_FORMS and (self._origins.own(plain) or self._origins.own(value)):
            return value
        return self._mask_of(own, plain) if own else MASK

    def _mask_value(self, name: str, value: str) -> str:
        """Return the mask of a secret or private member's value, or the value itself where the run made it
        up.
        """
        return value if name not in IN_FORMS and self._origins.own(value) else self._mask_of(name, value)

    def _mask_members(self, value: Any, name: str = "") -> Any:
        """Return JSON with the values of secret and private members masked, also in the lists and objects
        within them.
        """
        if isinstance(value, dict):
            return {
                k: self._mask_members(v, name or (k if k in self._named else "")) for k, v in value.items()
            }
        if isinstance(value, list):
            return [self._mask_members(v, name) for v in value]
        if name and value not in ("", None) and not isinstance(value, bool):
            text = value if isinstance(value, str) else json.dumps(value)
            shown = self._mask_value(name, text)
            return shown if shown != text else value
        return self._by_name(value) if isinstance(value, str) else value

    def _in_json(self, text: str) -> str:
        """JSON with known values masked, and in the names of its members keys and secrets alone.

        A private value may happen to be the same word as a name. A name of the catalogue is no secret.
        """
        spans = list(self._spans(text))
        names = [m.span(1) for m in _STRING.finditer(text) if _COLON.match(text, m.end())] if spans else []
        begins = [begin for begin, _ in names]

        def stays(span: Span) -> bool:
            index = bisect_right(begins, span.begin) - 1
            if index < 0 or span.end > names[index][1]:
                return False
            private = not span.mask.startswith((MASK, "[key of "))
            return private or self._origins.public(text[slice(*names[index])])

        whole = (
            [
                Span(*m.span(1), mask)
                for m in _STRING.finditer(text)
                if (mask := self._whole_values.get(lower_text(m[1])))
            ]
            if self._whole_values
            else []
        )
        return replace_spans(text, [span for span in merge_spans([*spans, *whole]) if not stays(span)])


def _list_credentials(model: Model | None) -> list[Credential]:
    return list(model.credentials.values()) if model is not None else []


def _lead(credential: Credential) -> str:
    """Return the text before the secret in its header, such as `Bearer `."""
    return f"{credential.wire}={credential.lead}" if credential.place == "cookie" else credential.lead


def _name_masks(model: Model | None, keys: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of keys to mask, each with its mask."""
    return {
        text: f"[key of {role}, {part}]" if part else f"[key of {role}]"
        for text, (role, part) in _list_secrets(model, keys).items()
        if text
    }


def _list_secrets(model: Model | None, keys: Mapping[str, str]) -> Mapping[str, tuple[str, str]]:
    return list_secrets(model, keys) if model is not None else {key: (role, "") for role, key in keys.items()}


def differing(one: str, other: str) -> str:
    """Describe how two texts differ, without showing them."""
    at = (
        next(
            (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
        )
        + 1
    )
    sizes = (
        f"both have {len(one)} characters"
        if len(one) == len(other)
        else f"{len(one)} and {len(other)} characters"
    )
    if lower_text(one) == lower_text(other):
        return f"{sizes}, and only the case of letters is another, first at character {at}"
    return f"{sizes}, the first other one is character {at}"


def _forms(secret: str) -> set[str]:
    """Return the texts that a server may make of a secret when it decodes it by mistake.

    A plus sign may become a blank, and blanks may be missing. An apparent escape may be decoded, and UTF-8
    may be read as Latin-1.
    """
    forms = {secret, secret.replace(" ", "+"), "".join(secret.split())}
    for _ in range(2):
        forms |= {unescape(form) for form in forms}
    if not secret.isascii():
        forms |= {form.encode("utf-8", "replace").decode("latin-1") for form in list(forms)}
    return {form for form in forms if form}


def _parts(value: str) -> list[str]:
    """Return a header's value and its parts: the credentials after a scheme's name, those inside Basic, or
    a cookie's value.
    """
    found = [value]
    scheme, _, rest = value.partition(" ")
    if scheme.lower() in ("bearer", "basic", "token", "apikey", "digest") and rest:
        found.append(rest)
        if scheme.lower() == "basic":
            try:
                plain = base64.b64decode(rest, validate=True).decode("utf-8", "replace")
            except (ValueError, binascii.Error):
                return found
            found += [plain, plain.partition(":")[2]]
    elif "=" in value:
        found += [part.partition("=")[2].strip() for part in value.split(";")]
    return found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(one)
