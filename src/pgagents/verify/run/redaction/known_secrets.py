"""Learn the secrets of a run, and find them in texts, in every coding."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from pgagents.http import Request, Response
from pgagents.model.model import Model
from pgagents.verify.run.redaction.decoded import search
from pgagents.verify.run.redaction.names import IN_FORMS, SecretNames
from pgagents.verify.run.redaction.needles import NEAR, Hit, Runs, Words, lower_text
from pgagents.verify.run.redaction.origins import MAX_VALUES, Origins
from pgagents.verify.run.redaction.secret_forms import list_forms, list_parts, list_texts, name_masks
from pgagents.verify.run.redaction.spans import MASK, Span, merge_spans, replace_spans

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
        looks random is no word: a server's list of tools stands for the catalogue, and may hold the key.
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

    # -- finding

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
