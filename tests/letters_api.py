"""A small API of letters in this process. It can break what its hints say, or have a habit that they allow.

`BUGS` and `HABITS` name them. An index, if it lags, is late by so many requests: there is no other clock.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pgagents.catalogue.load import load_text
from pgagents.http import Request, Response, read_json
from pgagents.model.model import Model

KEY = "test_key_1"
LAG = 3
Letter = dict[str, Any]
BUGS: dict[str, str] = {
    "get-marks-as-read": "reading a letter makes it read",
    "get-counts-views": "reading a letter counts a visit that its list shows",
    "plain-form-drops-tags": "reading a letter in plain form takes its tags away",
    "search-makes-a-letter": "a search for a subject leaves a letter behind",
    "label-is-appended": "the label is put behind the one that is there",
    "tag-is-added-twice": "the same tag is there twice after two calls",
    "archive-is-a-toggle": "a second call takes the letter out of the archive",
    "tag-replaces-tags": "a new tag takes the place of all others",
    "new-letter-removes-another": "writing a letter removes the oldest one",
    "link-is-fetched": "the address in a letter is fetched at once",
}
HABITS: dict[str, str] = {}


@dataclass(slots=True)
class Letters:
    """The server. `fetch` is how it calls the address in a letter."""

    bugs: frozenset[str] = frozenset()
    habits: frozenset[str] = frozenset()
    fetch: Callable[[str], None] = lambda _: None
    letters: dict[str, Letter] = field(default_factory=dict)
    log: list[Request] = field(default_factory=list)
    made: int = 0

    def __call__(self, request: Request) -> Response:
        """Answer a request."""
        self.log.append(request)
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
                return self._read(id, dict(request.query))
            case ("PUT", "letters", id, "label") if id in self.letters:
                return self._label(self.letters[id], given)
            case ("POST", "letters", id, "tags") if id in self.letters:
                return self._tag(self.letters[id], given)
            case ("POST", "letters", id, "archive") if id in self.letters:
                return self._archive(self.letters[id])
            case ("DELETE", "letters", id) if id in self.letters:
                return self._delete(id)
        return _answer(404, {"detail": "no such letter"})

    def _write(self, given: Mapping[str, Any]) -> Response:
        if not isinstance(given.get("subject"), str):
            return _answer(422, {"detail": "no subject"})
        if "new-letter-removes-another" in self.bugs and self.letters:
            del self.letters[next(iter(self.letters))]
        if "link-is-fetched" in self.bugs and given.get("link"):
            self.fetch(given["link"])
        return _answer(201, self._add(given["subject"], given.get("link")))

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
            "version": 1,
        }
        self.letters[letter["id"]] = letter
        return letter

    def _list(self, query: Mapping[str, str]) -> Response:
        wanted = query.get("subject")
        if wanted is not None and "search-makes-a-letter" in self.bugs:
            self._add(wanted, None)
        found = [x for x in self.letters.values() if wanted in (None, x["subject"])]
        if "archived" in query:
            found = [x for x in found if x["archived"] is (query["archived"] == "true")]
        return _answer(200, {"letters": found, "total": len(found)})

    def _read(self, id: str, query: Mapping[str, str]) -> Response:
        letter = self.letters[id]
        if "get-marks-as-read" in self.bugs:
            letter["unread"] = False
        if "get-counts-views" in self.bugs:
            letter["views"] += 1
        if query.get("form") == "plain" and "plain-form-drops-tags" in self.bugs:
            letter["tags"] = []
        return _answer(200, letter)

    def _label(self, letter: Letter, given: Mapping[str, Any]) -> Response:
        label = given.get("label")
        if not isinstance(label, str):
            return _answer(422, {"detail": "no label"})
        before = letter["label"]
        letter["label"] = f"{before} {label}" if before and "label-is-appended" in self.bugs else label
        return _answer(200, letter)

    def _tag(self, letter: Letter, given: Mapping[str, Any]) -> Response:
        tag = given.get("tag")
        if not isinstance(tag, str):
            return _answer(422, {"detail": "no tag"})
        if "tag-replaces-tags" in self.bugs:
            letter["tags"] = [tag]
        elif tag not in letter["tags"] or "tag-is-added-twice" in self.bugs:
            letter["tags"] = [*letter["tags"], tag]
        return _answer(200, letter)

    def _archive(self, letter: Letter) -> Response:
        letter["archived"] = not letter["archived"] if "archive-is-a-toggle" in self.bugs else True
        return _answer(200, letter)

    def _delete(self, id: str) -> Response:
        del self.letters[id]
        return Response(204)


def _answer(status: int, body: Any) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json.dumps(deepcopy(body)).encode())


CATALOGUE = (Path(__file__).parent / "data" / "letters.yaml").read_text(encoding="utf-8")


def model(text: str = CATALOGUE) -> Model:
    """The catalogue of letters."""
    return load_text(text, "letters.yaml")
