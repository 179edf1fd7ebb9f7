"""Learn the secrets of a run, and find them in texts, in every coding.

A secret is known by its value, or by the place where it stands.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from pgagents.base.http import Request, Response
from pgagents.catalogue.model.credential import AUTHORIZATION, Credential
from pgagents.catalogue.model.identity import list_secrets
from pgagents.catalogue.model.model import Model
from pgagents.verify.fixtures.marks import normalize_marks
from pgagents.verify.run.masking import (
    MASK,
    NEAR,
    Hit,
    Runs,
    Span,
    Words,
    lower_text,
    merge_spans,
    replace_spans,
    search,
    unescape,
)

MAX_MASKED = 2_000
"""The most texts whose masked form is kept, because many findings show the same answer."""
SHORTEST = 6
"""The fewest characters of a secret that is masked inside words. A shorter one may be a part of ordinary
words.
"""
SHORTEST_LEARNED = 4
_WORDS = frozenset(("true", "false", "null", "none", "string", "number", "[redacted]"))
_RANDOM = re.compile(r"(?=(?:[^0-9]*[0-9]){3})(?=[^A-Za-z]*[A-Za-z])[!-~]{16,}")
_NUMBER = re.compile(r"[0-9]{1,5}")
_SCALARS = frozenset((str, int, float, bool, type(None)))
_FORM = "application/x-www-form-urlencoded"
_NAME = re.compile(r"\[(.*?)(?: \d+)?(?:, [a-z ]+)?\]")


class KnownSecrets:
    """The secrets and private values of a run: those of the caller, and those of requests and answers."""

    def __init__(
        self,
        names: SecretNames,
        keys: Mapping[str, str],
        values: Iterable[str],
        *,
        catalogue: str = "",
        environment: Any = None,
        model: Model | None = None,
    ) -> None:
        """Take `keys` by role and further secret `values`, such as headers. For the others see `Redactor`."""
        self._names = names
        self.origins = Origins(catalogue)
        self._public = lower_text(catalogue)
        self.keys = name_masks(model, keys)
        """The caller's keys and their parts, each with its mask."""
        self._given = {
            **{v: MASK for value in values for v in list_parts(value) if len(v) >= SHORTEST},
            **self.keys,
        }
        self._learned: dict[str, str] = {}
        """Values of secret and private members, each with the name of its member."""
        self._new: list[str] = []
        self._numbered: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._begin()
        for text in list_texts(environment):
            self.origins.add_received(text)

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
        """Mask an access token that the run got in exchange for a secret."""
        self._hide({token: f"[key of {holder}, token]"})

    def hide_key(self, holder: str, key: str, model: Model) -> None:
        """Mask a key that was issued during the run, in all its parts."""
        self._hide(name_masks(model, {holder: key}))

    def _hide(self, masks: Mapping[str, str]) -> None:
        for text, mask in masks.items():
            self._given[text] = mask
            self._look_for(text, mask, given=True)
        self._as_value = self._as_value_pattern()
        self._masked_texts.clear()

    # -- secrets that a run learns

    def learn(self, body: Any) -> None:
        """Remember the values of secret and private members of an answer."""
        self._learn(body, sent=False)

    def learn_sent(self, given: Any) -> None:
        """Remember the values of secret and private members of a call."""
        self._learn(given, sent=True)

    def _learn(self, body: Any, *, sent: bool) -> None:
        if isinstance(body, dict | Mapping):  # an abstract class takes long to ask
            for name, value in body.items():
                if name in self._names.named:
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
            if (own := self._names.headers.get(small)) is not None:
                self._learn_all(own, value, sent=sent)
            elif small == "set-cookie" and not sent:
                cookie = value.partition(";")[0].partition("=")[2]
                if len(cookie) >= NEAR:
                    self._learn_all("set-cookie", cookie, sent=False)

    def _learn_pairs(self, texts: Iterable[str], *, sent: bool) -> None:
        for text in texts:
            if "=" in text:
                for name, value in parse_qsl(text):
                    if (name in IN_FORMS or name in self._names.named) and name not in self._names.in_query:
                        self._learn_all(name, value, sent=sent)

    def _learn_all(self, name: str, value: Any, *, sent: bool) -> None:
        if isinstance(value, list | Mapping):
            for one in value.values() if isinstance(value, Mapping) else value:
                self._learn_all(name, one, sent=sent)
        elif value is not None and not isinstance(value, bool):
            text = value if isinstance(value, str) else json.dumps(value)
            if sent and name not in IN_FORMS:
                self.origins.add_sent(text)
            else:
                self.origins.add_received(text)
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
            or normalize_marks(value) == "pgv"  # the run's own, also where a form has a code
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
            own = name not in IN_FORMS and self.origins.own(value)
            if name is None:
                continue
            if name in self._names.private:
                (self._own if own else self._words).add(value)
                if not own:
                    self.mask_of(name, value)
            elif not own and not self.origins.public(value):
                self._look_for(value, MASK)
        self._new.clear()

    def _look_for(self, secret: str, mask: str, *, given: bool = False) -> None:
        """Search for a secret as its length allows: a long one in parts, a short one as a whole or as a word.

        A secret that is also a word of the catalogue is found only as a whole value. A caller's key that
        looks random is not a word: a server's list of tools stands for the catalogue, and may hold the key.
        """
        random = given and _RANDOM.fullmatch(secret) is not None
        public = "" if random else self._public
        for text in list_forms(secret):
            self._masks.setdefault(text, mask)
            size = len(text)
            if (self.origins.public(secret) and not random) or size < SHORTEST_LEARNED:
                self._whole_values[lower_text(text)] = mask
                if size >= SHORTEST:
                    self._coded.add(text, size)
            elif size < SHORTEST:
                self._words.add(text)
            else:  # a key is also found without its last character
                # ids and secrets that are ordered by time begin alike, so most of a secret must be there
                width = size - (size > SHORTEST) if given else min(size, max(NEAR, size * 2 // 3))
                self._runs.add(text, min(NEAR, width) if given else width, public if given else "")

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

    def mask_of(self, name: str, value: str) -> str:
        """Return the mask for a member's value; equal private values get equal masks."""
        if name not in self._names.private:
            return MASK
        if value not in self._numbered:
            if len(self._numbered) > 2 * MAX_VALUES:
                self._numbered.clear()
            self._counts[name] = self._counts.get(name, 0) + 1
            self._numbered[value] = f"[{name} {self._counts[name]}]"
        return self._numbered[value]

    # -- known secrets in a text

    def spans(self, text: str) -> tuple[Span, ...]:
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
                if self.origins.own(whole):
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
        """Yield the places where a key that is an ordinary word stands as a value."""
        if self._as_value is None:
            return
        if mask := self._whole_values.get(lower_text(text).strip()):
            yield Span(0, len(text), mask)
        for match in self._as_value.finditer(text):
            yield Span(*match.span(1), self._whole_values[lower_text(match[1])])

    def mask_own(self, text: str) -> str:
        """Return the text with the private values masked that the run made up itself, as texts show them."""
        self._look_for_new()
        return replace_spans(
            text,
            merge_spans(
                Span(begin, end, self.mask_of(self._learned.get(whole, ""), whole))
                for begin, end, whole in self._own.find(text)
            ),
        )

    def list_shown(self, text: str) -> list[tuple[str, str]]:
        """Return the masked values of a text with their masks, and the private values that are shown
        unmasked.
        """
        masked = [(text[s.begin : s.end], s.mask) for s in self.spans(text)]
        return [*masked, *((own, own) for _, _, own in self._own.find(text))]

    def name_of(self, value: str, mask: str) -> str:
        match = _NAME.fullmatch(mask)
        return match[1] if match else self._learned.get(value, "")

    @property
    def has_whole_values(self) -> bool:
        """True if a key is an ordinary word, so that it is masked only as a whole value."""
        return bool(self._whole_values)

    def find_whole(self, text: str) -> str | None:
        """Return the mask of a text that is a whole key; None for any other text."""
        return self._whole_values.get(lower_text(text))


# -- places to mask: marked members, credentials, and secrets of standards


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
"""Names of secrets in a query or a form. In JSON only OAUTH is: there `code` mostly names an error."""


@dataclass(frozen=True, slots=True)
class SecretNames:
    """The names of places with secrets. `named` are the secret and the private members together."""

    credentials: tuple[Credential, ...]
    leads: Mapping[str, str]
    """The text before the secret in each header with a credential, by the header in lower case."""
    private: frozenset[str]
    named: frozenset[str]
    headers: Mapping[str, str]
    """The members in `named` by their names in lower case, for headers of that name."""
    in_query: frozenset[str]
    """Query parameters with a credential. They are masked by value, as a header with a key is."""
    cookies: frozenset[str]
    """Cookies that are arguments."""
    in_form: re.Pattern[str]
    """Matches a named pair of a query or a form: all before the value, the name, the value."""
    in_text: re.Pattern[str]
    """Matches a named member of a piece of JSON: all before the text, the name, the text, its end."""


def list_secret_names(secrets: Iterable[str], private: Iterable[str], model: Model | None) -> SecretNames:
    """Return the names of `secrets` and `private` members, with those of the model's credentials."""
    credentials = tuple(model.credentials.values()) if model is not None else ()
    leads = {c.header.lower(): _lead(c) for c in reversed(credentials) if c.header}
    members = frozenset(secrets) | OAUTH
    named = members | frozenset(private)
    in_query = frozenset(c.wire for c in credentials if c.place == "query")
    pairs = "|".join(map(re.escape, sorted((named | IN_FORMS) - in_query)))
    keys = "|".join(map(re.escape, sorted(named)))
    params = (p for a in (model.actions if model is not None else ()) for p in a.params)
    return SecretNames(
        credentials,
        leads or {AUTHORIZATION.lower(): "Bearer "},
        frozenset(private) - members,
        named,
        {name.lower(): name for name in named},
        in_query,
        frozenset(p.wire for p in params if p.place == "cookie"),
        re.compile(rf"((?:^|[?&;\s\"'])({pairs})=)([^&;\s\"'#<>]*)", re.I),
        re.compile(rf'("({keys})"\s*:\s*)"((?:[^"\\]|\\.)*)("|$)'),
    )


def _lead(credential: Credential) -> str:
    """Return the text before the secret in its header, such as `Bearer `."""
    return f"{credential.wire}={credential.lead}" if credential.place == "cookie" else credential.lead


# -- values that the run made up, which a report may show


MAX_VALUES = 20_000
"""The most values that are remembered of each kind. Beyond it, the older half is forgotten.

A forgotten value counts as the server's.
"""
LONGEST = 200
"""The length in characters above which a value is not compared with others that it may resemble."""
_SEPARATORS = re.compile(r"[-_ .]")
_WORD = re.compile(r"[\w.@+-]+")
_PART = re.compile(r"\w+")


class Origins:
    """Values in the order in which they first occurred in a request or an answer.

    `catalogue` is the catalogue's text. Values in it are not secret to a reader of the catalogue.
    """

    def __init__(self, catalogue: str = "") -> None:
        self._catalogue = catalogue
        self._sent: dict[str, int] = {}
        self._told: dict[str, int] = {}
        self._near: dict[str, int] = {}
        self._unread: list[tuple[str, int]] = []
        self._count = 0

    def add_sent(self, value: str) -> None:
        """Note that the run sent this value."""
        if value not in self._sent:
            self._count += 1
            self._sent[value] = self._count
            if len(self._sent) > MAX_VALUES:
                _forget_half(self._sent)

    def add_received(self, value: str) -> bool:
        """Note a value from the server or the environment; return whether it is new."""
        if value in self._told:
            return False
        self._count += 1
        self._told[value] = self._count
        self._unread.append((value, self._count))
        if len(self._told) > MAX_VALUES:
            _forget_half(self._told)
            self._near.clear()
            self._unread = list(self._told.items())
        return True

    def own(self, value: str) -> bool:
        """True if the run made this value up, or if the catalogue contains it.

        A value that resembles an earlier one of the server was made from it, so it is not the run's own.
        """
        if self.public(value):
            return True
        first = self._sent.get(value)
        if first is None or self._told.get(value, first) < first:
            return False
        for word, number in self._unread:
            for form in _alike(word):
                self._near.setdefault(form, number)
        self._unread.clear()
        return not any(self._near.get(form, first) < first for form in _alike(value))

    def public(self, value: str) -> bool:
        """True if the value is a word of the catalogue."""
        return value in _list_words(self._catalogue)


@lru_cache(maxsize=4)
def _list_words(text: str) -> frozenset[str]:
    words = set(_WORD.findall(text))
    return frozenset(words | {w.strip(".+-") for w in words} | set(_PART.findall(text)))


def _alike(value: str) -> set[str]:
    """Return forms of a text; two texts share one if they differ in case, separators or a single
    character.
    """
    plain = _SEPARATORS.sub("", lower_text(value))
    cut = (
        {f"{plain[:i]}{plain[i + 1 :]}" for i in range(len(plain))} if len(plain) <= LONGEST else {plain[:-1]}
    )
    return {plain, *cut} - {""}


def _forget_half(values: dict[str, int]) -> None:
    for value in list(values)[: len(values) // 2]:
        del values[value]


# -- texts in which a secret may stand


def name_masks(model: Model | None, keys: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of keys to mask, each with its mask."""
    return {
        text: f"[key of {role}, {part}]" if part else f"[key of {role}]"
        for text, (role, part) in _list_secrets(model, keys).items()
        if text
    }


def _list_secrets(model: Model | None, keys: Mapping[str, str]) -> Mapping[str, tuple[str, str]]:
    return list_secrets(model, keys) if model is not None else {key: (role, "") for role, key in keys.items()}


def list_forms(secret: str) -> set[str]:
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


def list_parts(value: str) -> list[str]:
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


def list_texts(value: Any) -> Iterator[str]:
    """Yield every text in a value, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from list_texts(one)
