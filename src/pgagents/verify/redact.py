"""Keys and secrets are taken out before anything is stored."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pgagents.report.report import Exchange, Finding
from pgagents.wire import Request, Response, json_bytes, read_json

MASK = "[redacted]"
_SECRET_HEADERS = {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"}
MAX_STORED = 20_000
NEAR = 12
"""So many characters in common with a key are too many to print; prefixes that all keys share are shorter."""

SHORTEST = 6
"""A further secret of fewer characters would mask ordinary words all over a report, such as `true`."""


class Redactor:
    """Masks keys by value and header, secret members by name, and the values they once had anywhere."""

    def __init__(self, keys: Mapping[str, str], secrets: Iterable[str], values: Iterable[str] = ()) -> None:
        """`keys` by role; `secrets` are names of members, `values` further secrets themselves."""
        self._members = frozenset(secrets)
        self._values: dict[str, str] = {key: f"[key of {role}]" for role, key in keys.items() if key}
        for value in values:
            if len(value) >= SHORTEST:
                self._values.setdefault(value, MASK)
                self._values.setdefault(json.dumps(value)[1:-1], MASK)

    def learn(self, body: Any) -> None:
        """Remember the values of secret members."""
        if isinstance(body, Mapping):
            for name, value in body.items():
                if name in self._members and isinstance(value, str) and len(value) >= 4:
                    self._values.setdefault(value, MASK)
                else:
                    self.learn(value)
        elif isinstance(body, list):
            for item in body:
                self.learn(item)

    def text(self, text: str) -> str:
        """The text with every known secret value masked."""
        for value in sorted(self._values, key=len, reverse=True):
            if value in text:
                text = text.replace(value, self._values[value])
        return text

    def exchange(self, exchange: Exchange) -> Exchange:
        """The exchange with keys and secrets masked and long bodies cut."""
        answer = exchange.answer
        if isinstance(answer, Response):
            answer = Response(answer.status, self._headers(answer.headers), self._body(answer.body))
        else:
            answer = replace(answer, detail=self.text(answer.detail))
        sent = exchange.request
        request = Request(sent.method, self._target(sent.target), self._headers(sent.headers), self._body(sent.body))
        return Exchange(
            exchange.number,
            request,
            answer,
            exchange.seconds,
            self.text(exchange.why),
            exchange.role,
            exchange.action,
            exchange.surface,
            exchange.base,
        )

    def finding(self, finding: Finding) -> Finding:
        """The finding with its texts and exchanges masked."""
        return Finding(
            finding.contract, finding.severity, self.text(finding.expected), self.text(finding.actual),
            tuple(self.exchange(e) for e in finding.exchanges), finding.stable, finding.also,
        )  # fmt: skip

    def _target(self, target: str) -> str:
        for name in self._members:
            target = re.sub(rf"([?&]{re.escape(name)}=)[^&]*", rf"\g<1>{MASK}", target)
        return self.text(target)

    def _headers(self, headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        return tuple((k, self._credential(v) if k.lower() in _SECRET_HEADERS else self.text(v)) for k, v in headers)

    def _credential(self, value: str) -> str:
        """A header that proves who calls: a key by its role, a made-up bearer as it is, a near miss or an encoded key not at all."""
        shown = self.text(value)
        if shown != value:
            return shown
        keys = [secret for secret, name in self._values.items() if name != MASK]
        made_up = (
            keys
            and value.lower().startswith("bearer ")
            and not any(secret[i : i + NEAR] in value for secret in keys for i in range(len(secret) - NEAR + 1))
        )
        return value if made_up else MASK

    def _body(self, body: bytes) -> bytes:
        if not body:
            return body
        read = read_json(body)
        if not read.problem:
            masked = self._masked(read.value)
            body = json_bytes(masked) if masked != read.value else body
        text = body.decode("utf-8", "replace") if len(body) <= MAX_STORED else body[:MAX_STORED].decode("utf-8", "replace") + "…"
        masked_text = self.text(text)
        if read.problem:
            masked_text = self._by_name(masked_text)
        return body if masked_text.encode() == body else masked_text.encode()

    def _by_name(self, text: str) -> str:
        """Secret members in what is no JSON."""
        for name in self._members:
            text = re.sub(rf'("{re.escape(name)}"\s*:\s*)"[^"]*"', lambda m: m.group(1) + json.dumps(MASK), text)
        return text

    def _masked(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {k: MASK if k in self._members and isinstance(v, str) else self._masked(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self._masked(v) for v in value]
        return value
