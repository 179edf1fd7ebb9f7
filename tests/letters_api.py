"""A small API of letters in this process. It can break what its hints say, or have a habit that they allow.

`BUGS` and `HABITS` name them. An index, if it lags, is late by so many requests: there is no other clock.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pgagents.base.http import Handler, Request, Response, read_json
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify
from pgagents.verify.wire.receiver import Inbox
from verifying import URL

KEY = "test_key_1"
LAG = 3
LIFE = 14
"""The number of requests for which a letter lives, if letters expire."""
Letter = dict[str, Any]
BUGS: dict[str, str] = {
    "get-marks-as-read": "reading a letter makes it read",
    "get-counts-views": "reading a letter counts a visit that its list shows",
    "label-is-appended": "the label is put behind the one that is there",
    "tag-is-added-twice": "the same tag is there twice after two calls",
    "archive-is-a-toggle": "a second call takes the letter out of the archive",
    "tag-replaces-tags": "a new tag takes the place of all others",
    "new-letter-removes-another": "writing a letter removes the oldest one",
    "link-is-fetched": "the address in a letter is fetched at once",
    "get-renews-version": "reading a letter gives it another version",
    "get-stamps-the-reader": "reading a letter notes how often it was read, where nothing declares that",
    "second-delete-hits-another": "a second removal of the same letter removes another one",
    "label-again-makes-a-letter": "a second call with the same label leaves another letter behind",
    "archive-again-drops-tags": "a second call takes the tags of an archived letter",
    "tag-cuts-the-subject": "a tag cuts the subject of its letter",
    "archive-hides-the-letter": "a letter in the archive cannot be read any more",
    "link-is-fetched-when-read": "the address in a letter is fetched once somebody reads the letter",
}
"""The first ten were written before the checks of hints, the others after them."""
HABITS: dict[str, str] = {
    "declared-views": "reading a letter counts a visit, which the catalogue declares",
    "lazy-defaults": "the label of a letter is set when it is read for the first time",
    "warming-cache": "a list is kept for some requests, whatever changes",
    "refreshed-tickets": "each answer has another ticket for each letter",
    "expiring-letters": "a letter is gone after some requests",
    "counters-of-others": "others write letters all the time",
    "soft-deletes": "a removed letter can still be read, and is in the archive",
    "lagging-index": "lists show the letters as they were some requests ago",
    "version-bumps": "each write gives a letter another version",
}
DECLARED = ("    missing: NOT_FOUND\n", "    missing: NOT_FOUND\n    reads_change: [views]\n")
"""The change of the catalogue that declares what reading changes."""


@dataclass(slots=True)
class Letters:
    """The server. `fetch` is how it calls the address in a letter."""

    bugs: frozenset[str] = frozenset()
    habits: frozenset[str] = frozenset()
    fetch: Callable[[str], None] = lambda _: None
    letters: dict[str, Letter] = field(default_factory=dict)
    log: list[Request] = field(default_factory=list)
    made: int = 0
    born: dict[str, int] = field(default_factory=dict)
    past: list[dict[str, Letter]] = field(default_factory=list)
    rng: random.Random = field(default_factory=lambda: random.Random(0))
    turn: threading.RLock = field(default_factory=threading.RLock)
    """Held while a request is answered, because several workers call the server from threads of their own."""

    def __call__(self, request: Request) -> Response:
        """Answer a request."""
        with self.turn:
            return self._take(request)

    def _take(self, request: Request) -> Response:
        self.log.append(request)
        self.past = [*self.past[-LAG:], deepcopy(self.letters)]
        if "counters-of-others" in self.habits and self.rng.random() < 0.3:
            self._add("of another", None)
        if "expiring-letters" in self.habits:
            for id in [i for i, at in self.born.items() if len(self.log) - at > LIFE]:
                self.letters.pop(id, None)
        return self._answer(request)

    def _answer(self, request: Request) -> Response:
        if request.header("Authorization") not in (f"Bearer {KEY}", f"bearer {KEY}"):
            return _answer(401, {"detail": "no key"})
        parts = [unquote(part) for part in request.path.strip("/").split("/")]
        given = read_json(request.body).value if request.body else {}
        given = given if isinstance(given, dict) else {}
        match (request.method, *parts):
            case ("POST", "letters"):
                return self._write(given)
            case ("GET", "letters"):
                return self._list(dict(request.query))
            case ("GET", "letters", id) if id in self.letters:
                return self._read(id)
            case ("PUT", "letters", id, "label") if id in self.letters:
                return self._label(self.letters[id], given)
            case ("POST", "letters", id, "tags") if id in self.letters:
                return self._tag(self.letters[id], given)
            case ("POST", "letters", id, "archive") if id in self.letters:
                return self._archive(self.letters[id])
            case ("DELETE", "letters", id) if id in self.letters:
                return self._delete(id)
        if request.method == "DELETE" and "second-delete-hits-another" in self.bugs and self.letters:
            del self.letters[next(iter(self.letters))]
        return _answer(404, {"detail": "no such letter"})

    def _show(self, letter: Letter) -> Letter:
        """Return a letter as an answer shows it."""
        fresh = "refreshed-tickets" in self.habits
        return {**letter, "ticket": f"{self.rng.random():.9f}" if fresh else "1"}

    def _renew(self, letter: Letter) -> None:
        if "version-bumps" in self.habits:
            letter["version"] += 1

    def _write(self, given: Mapping[str, Any]) -> Response:
        if not isinstance(given.get("subject"), str):
            return _answer(422, {"detail": "no subject"})
        if "new-letter-removes-another" in self.bugs and self.letters:
            del self.letters[next(iter(self.letters))]
        if "link-is-fetched" in self.bugs and given.get("link"):
            self.fetch(given["link"])
        return _answer(201, self._show(self._add(given["subject"], given.get("link"))))

    def _add(self, subject: str, link: str | None) -> Letter:
        self.made += 1
        letter: Letter = {
            "id": f"letter-{self.made}-{self.made * 7919 % 104729:06x}",
            "subject": subject,
            "link": link,
            "label": None,
            "tags": [],
            "unread": True,
            "archived": False,
            "views": 0,
            "reader": None,
            "version": 1,
        }
        self.letters[letter["id"]] = letter
        self.born[letter["id"]] = len(self.log)
        return letter

    def _list(self, query: Mapping[str, str]) -> Response:
        wanted = query.get("subject")
        late = "lagging-index" in self.habits
        if "warming-cache" in self.habits:
            late = len(self.log) % (LAG + 1) > 0
        index = self.past[0] if late else self.letters
        found = [x for x in index.values() if wanted in (None, x["subject"])]
        if "archived" in query:
            found = [x for x in found if x["archived"] is (query["archived"] == "true")]
        return _answer(200, {"letters": [self._show(x) for x in found], "total": len(found)})

    def _read(self, id: str) -> Response:
        letter = self.letters[id]
        if "get-marks-as-read" in self.bugs:
            letter["unread"] = False
        if {"get-counts-views", "declared-views"} & (self.bugs | self.habits):
            letter["views"] += 1
        if "get-renews-version" in self.bugs:
            letter["version"] += 1
        if "get-stamps-the-reader" in self.bugs:
            letter["reader"] = f"reader {len(self.log)}"
        if "lazy-defaults" in self.habits and letter["label"] is None:
            letter["label"] = "inbox"
        if letter["link"] and "link-is-fetched-when-read" in self.bugs:
            self.fetch(letter["link"])
        if letter["archived"] and "archive-hides-the-letter" in self.bugs:
            return _answer(404, {"detail": "no such letter"})
        return _answer(200, self._show(letter))

    def _label(self, letter: Letter, given: Mapping[str, Any]) -> Response:
        label = given.get("label")
        if not isinstance(label, str):
            return _answer(422, {"detail": "no label"})
        before = letter["label"]
        again = before == label
        if again and "label-again-makes-a-letter" in self.bugs:
            self._add(letter["subject"], None)
        self._renew(letter)
        letter["label"] = f"{before} {label}" if before and "label-is-appended" in self.bugs else label
        return _answer(200, self._show(letter))

    def _tag(self, letter: Letter, given: Mapping[str, Any]) -> Response:
        tag = given.get("tag")
        if not isinstance(tag, str):
            return _answer(422, {"detail": "no tag"})
        self._renew(letter)
        if "tag-cuts-the-subject" in self.bugs:
            letter["subject"] = letter["subject"][:3]
        if "tag-replaces-tags" in self.bugs:
            letter["tags"] = [tag]
        elif tag not in letter["tags"] or "tag-is-added-twice" in self.bugs:
            letter["tags"] = [*letter["tags"], tag]
        return _answer(200, self._show(letter))

    def _archive(self, letter: Letter) -> Response:
        if letter["archived"] and "archive-again-drops-tags" in self.bugs:
            letter["tags"] = []
        self._renew(letter)
        letter["archived"] = not letter["archived"] if "archive-is-a-toggle" in self.bugs else True
        return _answer(200, self._show(letter))

    def _delete(self, id: str) -> Response:
        if "soft-deletes" in self.habits:
            self.letters[id]["archived"] = True
        else:
            del self.letters[id]
        return Response(204)


def _answer(status: int, body: Any) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json.dumps(deepcopy(body)).encode())


CATALOGUE = (Path(__file__).parent / "data" / "letters.yaml").read_text(encoding="utf-8")


def model(*changes: tuple[str, str]) -> Model:
    """The catalogue of letters with some of its text changed; each change must find its place once."""
    text = CATALOGUE
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return load_text(text, "letters.yaml")


def verify_hints(
    of: Model,
    server: Handler,
    keys: Mapping[str, str],
    receiver: Inbox | None,
    *,
    seed: int,
    workers: int = 1,
    wait: Callable[[float], None] = lambda _: None,
    only: str = "hint_",
) -> Report:
    """Verify a server of letters: its hints, or `only` these; `wait` is passed the seconds of each sleep."""
    report = verify(
        of,
        server,
        Identities(keys),
        Options(
            seed=seed,
            live=False,
            only=(only,),
            max_requests=3_000,
            workers=workers,
        ),
        clock=time.time,
        sleep=wait,
        wall=lambda: "2026-04-18T16:00:00Z",
        url=URL,
        receiver=receiver,
        timer=time.perf_counter,
    )
    assert not [note for note in report.footer.notes if "internal" in note]
    return report
