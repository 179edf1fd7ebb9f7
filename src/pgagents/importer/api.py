"""Convert the parts of a document that belong to no operation: names and addresses."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from pgagents.importer.reading.addresses import server_url
from pgagents.importer.reading.names import cut, first_sentence, one_line
from pgagents.importer.reading.note import Notes
from pgagents.importer.reading.references import Found
from pgagents.text.brief import brief

_SEMVER = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?\Z")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")
_URL = re.compile(r"https?://[^\s/?#]+")
_DEFAULT_PORT = re.compile(r"\A(https://[^/?#:]+):443(?=[/?#]|\Z)")
"""Finds the default port in a URL. It changes nothing, but the GPT builder refuses it."""
FOR_PEOPLE = 100
"""Longest description that the MCP registry and plugin manifests accept, in characters."""
FOR_MODELS = 1_000
"""Longest description for models, which read it in every conversation.

Longer texts are mostly about the API's history.
"""
PLACEHOLDER_SERVER = "https://api.example.com"


def api(root: Found, notes: Notes, usual: str = "") -> dict[str, Any]:
    """Return the catalogue's `api`; `usual` is the server of most operations, if the document names none."""
    info = root.at("info")
    title = one_line(info.text("title"), 100) or "API"
    server = _find_server(root, notes, usual)
    made: dict[str, Any] = {
        "id": re.sub(r"[^A-Za-z0-9]", "", title)[:64].lower() or "api",
        "title": title,
        "version": _version(info, notes),
        "server": server,
    }
    if others := _list_other_servers(root):
        made["other_servers"] = [{"url": url, "note": "The document lists it too"} for url in others]
    made["contact"] = _find_contact(info, notes, server)
    if _URL.match(info.text("termsOfService")):
        made["terms"] = info.text("termsOfService")
    docs = root.at("externalDocs").text("url") or info.at("contact").text("url")
    if _URL.match(docs) and not any(c.isspace() for c in docs):
        made["docs"] = docs
    return made | _describe(info, notes, title)


def _find_server(root: Found, notes: Notes, usual: str) -> str:
    """Return scheme and host of the API; a placeholder, with a question, if the document names none."""
    server = server_url(root) or usual
    if not server:
        server = PLACEHOLDER_SERVER
        notes.decide(("api", "server"), "the document names no host: where does the API run?", root.place)
    return _DEFAULT_PORT.sub(r"\1", server)


def _list_other_servers(root: Found) -> list[str]:
    """Return the URLs of the document's servers after the first, each once."""
    others = [
        s.text("url")
        for s in root.at("servers").items()[1:]
        if _URL.match(s.text("url")) and not set("{} ") & set(s.text("url"))
    ]
    return list(dict.fromkeys(others))


def _find_contact(info: Found, notes: Notes, server: str) -> str:
    """Return the e-mail address of the API's people; a guess, with a question, if the document has none."""
    email = info.at("contact").text("email")
    if not _EMAIL.match(email):
        email = f"support@{(urlsplit(server).hostname or 'example.com').removeprefix('api.')}"
        notes.decide(
            ("api", "contact"), "the document names no e-mail address: who answers for this API?", info.place
        )
    return email


def _describe(info: Found, notes: Notes, title: str) -> dict[str, Any]:
    """Return the descriptions of the API, for people and for models."""
    told = info.text("description") or info.text("summary") or title
    short = len(told) <= FOR_PEOPLE and told.isprintable()
    for_people = told if short else first_sentence(told, FOR_PEOPLE) or title
    if for_people != told:
        notes.add_lost(
            ("api", "for_people"),
            f"the description has {len(told):,} characters; its first sentence is for people",
            info.place,
        )
    notes.decide(
        ("api", "for_models"),
        "tell a model when to use this API, and in which order to call its actions",
        info.place,
    )
    return {"for_people": for_people, "for_models": cut(told, FOR_MODELS)}


def _version(info: Found, notes: Notes) -> str:
    written = str(info.value.get("version", "")).strip() if isinstance(info.value, dict) else ""
    if _SEMVER.match(written):
        return written
    numbers = [str(int(n[:9])) for n in re.findall(r"[0-9]+", written)[:3]]
    made = ".".join([*numbers, "0", "0", "0"][:3]) if numbers else "0.0.0"
    notes.add_lost(
        ("api", "version"),
        f"the document says version `{brief(written)}`; a catalogue's has three numbers",
        info.place,
    )
    return made
