"""Mask keys, secrets and a person's data before anything is stored.

Keys and secrets are masked in every place and every encoding. A value of a member that the catalogue marks
`private` is replaced by a name of its own (`[email 2]`). So a reader still sees which values are the same.
Values that the run made up are shown. `docs/decisions/0008-what-a-report-masks.md` has the reasons.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any
from urllib.parse import parse_qsl

from pgagents.base.http import Request, Response, json_bytes, read_json
from pgagents.catalogue.model.credential import AUTHORIZATION
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Cause, Causes, Finding, RecordedExchange
from pgagents.verify.run.known_secrets import IN_FORMS, KnownSecrets, list_secret_names
from pgagents.verify.run.masking import MASK, Span, lower_text, merge_spans, replace_spans
from pgagents.verify.setting import Memory

_SECRET_HEADERS = {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"}
MAX_STORED = 20_000
MARGIN = 4_000
"""The number of characters that are read beyond `MAX_STORED`: a secret may cross that limit."""
MAX_WHOLE = 1_000_000
"""The size in bytes of the longest body that is masked as JSON. A longer one is cut and masked as text."""
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_COLON = re.compile(r"\s*:")
_NUMBER = re.compile(r"(?<=\w) \d+\]")
"""The number in the name of a private value, such as `[email 2]`."""


class Redactor:
    """Masks keys by their value and header, and secret and private members by their name.

    The values of such members are masked everywhere, also where another member has them.
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
        variables: Mapping[str, str] | None = None,
        certificate: bool = False,
    ) -> None:
        """Take `keys` by role, the names of `secrets` and `private` members, and further secret `values`.

        `variables` are those of keys, by role, if the caller named them. `catalogue` is the catalogue's text,
        `environment` the caller's data that private members may contain. `model` describes which part of a
        key is secret, and where requests carry it.
        """
        self._names = list_secret_names(secrets, private, model)
        self.known = KnownSecrets(
            self._names, keys, values, catalogue=catalogue, environment=environment, model=model
        )
        self.variables, self._certificate = variables or {}, certificate
        self.hide_token, self.hide_key = self.known.hide_token, self.known.hide_key
        self.learn, self.learn_sent = self.known.learn, self.known.learn_sent
        self.learn_exchange = self.known.learn_exchange

    def is_secret_name(self, name: str) -> bool:
        """True if members of this name are secret."""
        return name in self._names.named and name not in self._names.private

    def holds_secret(self, text: str) -> bool:
        """True if a key, or another secret, stands in a text. Private values do not count."""
        masks = (span.mask for span in self.known.spans(text))
        return any(self.known.name_of("", mask) not in self._names.private for mask in masks)

    def text(self, text: str) -> str:
        """Return the text with every known secret masked. A private value is masked only as a whole word."""
        return replace_spans(text, self.known.spans(text))

    def exchange(self, exchange: RecordedExchange) -> RecordedExchange:
        """Return the exchange with keys and secrets masked and long bodies cut."""
        sent, answer = exchange.request, exchange.answer
        self.learn_sent(read_json(sent.body).value if sent.body else None)
        self.learn_exchange(sent, answer)
        if isinstance(answer, Response):
            self.learn(read_json(answer.body).value)
            answer = Response(answer.status, self._headers(answer.headers), self._body(answer.body))
        else:
            answer = replace(answer, detail=self.mask_text(answer.detail))
        request = Request(
            sent.method, self.mask_text(sent.target), self._headers(sent.headers), self._body(sent.body)
        )
        return replace(
            exchange,
            request=request,
            answer=answer,
            why=self.mask_text(exchange.why),
            base=self.mask_text(exchange.base),
            key_header=self._find_key_header(request),
            printed=self.mask_text(exchange.printed),
            variables=self.variables,
            certificate=self._certificate,
        )

    def finding(self, finding: Finding) -> Finding:
        """Return the finding with its texts and exchanges masked. For two masked values it says how they
        differ.
        """
        exchanges = tuple(
            self.exchange(e) for e in finding.exchanges
        )  # first, as they teach what the texts may repeat
        expected, actual = self.mask_text(finding.expected), self.mask_text(finding.actual)
        if (differing := self._differing(finding.expected, finding.actual)) and differing not in actual:
            actual = f"{actual} ({differing})"
        causes = self._causes(finding.causes) if finding.causes is not None else None
        member, claim = self.mask_text(finding.member), self.mask_text(finding.claim)
        return replace(
            finding,
            expected=expected,
            actual=actual,
            exchanges=exchanges,
            causes=causes,
            member=member,
            claim=claim,
            when=self.mask_text(finding.when),
        )

    def _causes(self, causes: Causes) -> Causes:
        """Return the causes with their texts masked, without the numbers that differ from shard to shard."""

        def mask(text: str) -> str:
            return _NUMBER.sub("]", self.mask_text(text))

        derived = {id: Cause(mask(one.key), mask(one.claim)) for id, one in causes.derived.items()}
        return Causes(mask(causes.key), tuple(map(mask, causes.claims)), derived)

    def _differing(self, expected: str, actual: str) -> str:
        """Describe how a masked value differs from the one it is compared with; empty if no two are
        compared.
        """
        wanted, came = self.known.list_shown(expected), self.known.list_shown(actual)
        pairs = [(one, two) for one in wanted for two in came] or [
            (one, two) for i, one in enumerate(came) for two in came[i + 1 :]
        ]
        for (one, mask), (two, other) in pairs:
            if (
                one != two
                and not (mask == one and other == two)
                and self.known.name_of(one, mask) == self.known.name_of(two, other)
            ):
                return f"{mask} and {other} differ: {differing(one, two)}"
        return ""

    def mask_text(self, text: str) -> str:
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
        """Return the indexes of the header values over which a secret is split."""
        ends = list(accumulate(map(len, values)))
        found: set[int] = set()
        for span in self.known.spans("".join(values)) if len(values) > 1 else ():
            first, last = bisect_right(ends, span.begin), bisect_left(ends, span.end)
            found.update(range(first, last + 1) if last > first else ())
        return found

    def _header(self, name: str, value: str) -> str:
        if name.lower() == "cookie" and self._names.cookies and "cookie" not in self._names.leads:
            return "; ".join(self._mask_cookie(pair.strip()) for pair in value.split(";"))
        if name.lower() in _SECRET_HEADERS or name.lower() in self._names.leads:
            return self._mask_credential(name, value)
        own = self._names.headers.get(name.lower())
        return self._mask_value(own, value) if own and value else self.mask_text(value)

    def _mask_cookie(self, pair: str) -> str:
        """Mask a cookie that is not an argument, or a secret or private one."""
        name, equals, value = pair.partition("=")
        shown = name in self._names.cookies and name not in self._names.named
        return (
            f"{name}={self.mask_text(value)}" if equals and shown else self._mask_credential("cookie", pair)
        )

    def _find_key_header(self, request: Request) -> str:
        """Return the name of the header with a key; without one, that of the first credential's header."""
        headers = [c.header for c in self._names.credentials if c.header]
        return next((name for name in headers if request.header(name)), (headers or [AUTHORIZATION])[0])

    def _mask_credential(self, name: str, value: str) -> str:
        """Mask an authentication header.

        A key is shown by its role, and a made-up key as it is. Nothing is shown of an encoded or changed key.
        """
        shown = self.text(value)
        lead = self._names.leads.get(name.lower(), "")
        own = name.lower() in self._names.leads and value.lower().startswith(lead.lower())
        whole = value[len(lead) :] if own else value
        if whole in self.known.keys:  # the whole key, however short, or like a word of the catalogue
            return value[: len(value) - len(whole)] + self.known.keys[whole]
        if shown != value:
            if MASK not in shown and ", encoded]" not in shown:
                return shown
            # a header that is masked as a whole is shown as a bearer key in curl lines
            return value[: len(lead)] + MASK if own and lead != "Bearer " else MASK
        return value if self.known.keys and own else MASK

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
            masked_text = self.mask_text(whole[: MAX_STORED + MARGIN])
        if len(whole) > MAX_STORED:
            masked_text = masked_text[:MAX_STORED] + "…"
        if masked_text == whole:
            return body
        return masked_text.encode("utf-8", "surrogateescape" if read is None or read.problem else "replace")

    def _by_name(self, text: str) -> str:
        """Mask secret members in a query, a form, or a piece of JSON that was cut."""
        if "=" in text:
            text = self._names.in_form.sub(lambda m: m[1] + self._in_place(m[2], m[3]), text)
        if '"' in text:
            text = self._names.in_text.sub(
                lambda m: m[1] + json.dumps(self._in_place(m[2], m[3])) if m[3] else m[0], text
            )
        return text

    def _in_place(self, name: str, value: str) -> str:
        """Return the mask for a value that was found by its name in text; a masked value stays."""
        if not value or value.startswith(("[key of ", MASK)):
            return value
        own = next((m for m in self._names.private if m.lower() == name.lower()), None)
        plain = next((v for _, v in parse_qsl(f"x={value}")), value)
        if name.lower() not in IN_FORMS and (self.known.origins.own(plain) or self.known.origins.own(value)):
            return value
        return self.known.mask_of(own, plain) if own else MASK

    def _mask_value(self, name: str, value: str) -> str:
        """Return the mask of a secret or private member's value, or the value itself where the run made it
        up.
        """
        return (
            value
            if name not in IN_FORMS and self.known.origins.own(value)
            else self.known.mask_of(name, value)
        )

    def _mask_members(self, value: Any, name: str = "") -> Any:
        """Return JSON with the values of secret and private members masked, also in the lists and objects
        within them.
        """
        if isinstance(value, dict):
            return {
                k: self._mask_members(v, name or (k if k in self._names.named else ""))
                for k, v in value.items()
            }
        if isinstance(value, list):
            return [self._mask_members(v, name) for v in value]
        if name and value not in ("", None) and not isinstance(value, bool):
            text = value if isinstance(value, str) else json.dumps(value)
            shown = self._mask_value(name, text)
            return shown if shown != text else value
        return self._by_name(value) if isinstance(value, str) else value

    def _in_json(self, text: str) -> str:
        """Mask the known values in JSON text.

        In names of members only keys and secrets are masked, because a private value may happen to be the
        same word as a name. A name of the catalogue is not a secret.
        """
        spans = list(self.known.spans(text))
        names = [m.span(1) for m in _STRING.finditer(text) if _COLON.match(text, m.end())] if spans else []
        begins = [begin for begin, _ in names]

        def stays(span: Span) -> bool:
            index = bisect_right(begins, span.begin) - 1
            if index < 0 or span.end > names[index][1]:
                return False
            private = not span.mask.startswith((MASK, "[key of "))
            return private or self.known.origins.public(text[slice(*names[index])])

        whole = [
            Span(*m.span(1), mask)
            for m in (_STRING.finditer(text) if self.known.has_whole_values else ())
            if (mask := self.known.find_whole(m[1]))
        ]
        return replace_spans(text, [span for span in merge_spans([*spans, *whole]) if not stays(span)])


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


# -- the redactor of a run, which also hides keys and tokens that come later


def make_redactor(
    model: Model,
    keys: Mapping[str, str],
    values: Sequence[str],
    variables: Mapping[str, str],
    certificate: bool,
) -> Redactor:
    """Return a redactor for the catalogue's secret and private members, for `keys` by role, and for further
    secret `values`. It names the `variables` of keys, and says if connections have a client `certificate`.
    """
    return Redactor(
        keys,
        model.secrets,
        values,
        model.private,
        catalogue=model.source.text,
        environment=model.env,
        model=model,
        variables=variables,
        certificate=certificate,
    )


def hide_token(memory: Memory, redactor: Redactor, holder: str, token: str) -> None:
    """Mask an access token from here on, and look for it in answers."""
    if token not in memory.tokens:
        memory.tokens.add(token)
        redactor.hide_token(holder, token)


def hide_key(memory: Memory, redactor: Redactor, holder: str, key: str) -> None:
    """Mask a key that a command printed, and look for it in answers."""
    memory.tokens.add(key)
    redactor.hide_key(holder, key, memory.model)
