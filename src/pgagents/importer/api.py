"""Convert the parts of a document that belong to no operation: names, addresses, response headers."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from pgagents.importer.operations.imported import ImportedAction
from pgagents.importer.reading.addresses import server_url
from pgagents.importer.reading.names import cut, first_sentence, one_line
from pgagents.importer.reading.note import Notes
from pgagents.importer.reading.references import Found, References
from pgagents.importer.schemas.schemas import Schemas
from pgagents.text.brief import brief

_SEMVER = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?\Z")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")
_URL = re.compile(r"https?://[^\s/?#]+")
_DEFAULT_PORT = re.compile(r"\A(https://[^/?#:]+):443(?=[/?#]|\Z)")
"""Finds the default port in a URL. It changes nothing, but the GPT builder refuses it."""
MAX_HEADERS = 50
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


HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")


def _holds_many(schema: dict[str, Any]) -> bool:
    """True for the schema of a list or an object, which a header in a catalogue cannot have."""
    return schema.get("type") in ("array", "object") or "properties" in schema or "items" in schema


class Headers:
    """Collect response headers. A header is kept if a whole class of responses requires it."""

    def __init__(self, schemas: Schemas, notes: Notes, references: References) -> None:
        self.schemas, self.notes, self.references = schemas, notes, references
        self.answers: list[tuple[int, bool, dict[str, Found]]] = []
        self.makers: list[tuple[ImportedAction, int, dict[str, Found]]] = []
        """Actions with a documented success status, and the headers of that success."""

    def take(self, made: ImportedAction) -> None:
        """Record the headers of an action's responses."""
        for answer in made.operation.answers:
            if answer.status.isdecimal():
                headers = {
                    n: self.references.follow(h) for n, h in answer.whole.at("headers").members().items()
                }
                keyed = made.action.get("security") != []
                if int(answer.status) in made.action["output"]:
                    self.makers.append((made, int(answer.status), headers))
                self.answers.append(
                    (
                        int(answer.status),
                        keyed,
                        {n: h for n, h in headers.items() if isinstance(h.value, dict)},
                    )
                )

    def section(self, edge: frozenset[int]) -> dict[str, Any]:
        """Return the catalogue's `headers`. Responses with a status in `edge` come from a proxy and are
        ignored.
        """
        self.answers = [one for one in self.answers if one[0] not in edge]
        found: dict[str, Any] = {}
        names = dict.fromkeys(
            name for *_, headers in self.answers for name in headers if name.lower() != "content-type"
        )
        if len(names) > MAX_HEADERS:
            self.notes.add_lost(
                ("headers",), f"{len(names):,} headers are described; {MAX_HEADERS} are carried"
            )
        for name in list(names)[:MAX_HEADERS]:
            first = next(headers[name] for *_, headers in self.answers if name in headers)
            if not name.strip() or not name.isprintable():
                continue
            # documents cannot require it, because it is sent over https only
            secure = name.lower() == "strict-transport-security"
            if first.value.get("required") is not True and not secure:
                self._say_alone(name, first, "may come, and it is no success's")
                continue
            on = self._on(name)
            if on is None:
                self._say_alone(name, first, "comes with some errors only, of no one class")
                continue
            schema = (
                self.schemas.convert(first.at("schema"), ("headers", name, "schema"))
                if "schema" in first.value
                else {}
            )
            const = schema.pop("const", None)
            if "const" in first.at("schema").mapping() and not isinstance(const, str):
                schema["const"], const = const, None
            found[name] = {
                "description": cut(first.text("description")) or name,
                "on": on,
                **({"https": True} if secure else {}),
                "schema": schema or {"type": "string"},
            }
            if const is not None:
                found[name]["const"] = const
        return found

    def _say_alone(self, name: str, first: Found, why: str) -> None:
        """Add a header to each success that has it. If no success has it, record the loss."""
        said = False
        for made, status, headers in self.makers:
            found = headers.get(name)
            if found is None or not isinstance(found.value, dict) or not HEADER_NAME.fullmatch(name):
                continue
            at = ("actions", made.name, "output", status, "headers", name)
            schema = self.schemas.convert(found.at("schema"), at) if "schema" in found.value else {}
            if _holds_many(schema):
                continue
            text = cut(found.text("description"))
            written = {"type": "string", **schema} if "$ref" not in schema else schema
            written |= {"description": text} if text else {}
            written |= {} if found.value.get("required") is True else {"required": False}
            output = made.action["output"].get(status) or {}
            made.action["output"][status] = {
                **output,
                "headers": {**output.get("headers", {}), name: written},
            }
            said = True
        if not said:
            self.notes.add_lost(("headers",), f"header `{brief(name)}` {why}", first.place)

    def _on(self, name: str) -> str | int | list[int] | None:
        """Return the class of responses that always has the header, or None."""
        having = [(status, keyed) for status, keyed, headers in self.answers if name in headers]
        lacking = [(status, keyed) for status, keyed, headers in self.answers if name not in headers]
        if not lacking:
            return "all"
        if all(s < 400 for s, _ in having) and all(s >= 400 for s, _ in lacking):
            return "success"
        if all(s >= 400 for s, _ in having) and all(s < 400 for s, _ in lacking):
            return "error"
        statuses = {s for s, _ in having}
        if not statuses & {s for s, _ in lacking}:
            return next(iter(statuses)) if len(statuses) == 1 else sorted(statuses)
        if all(keyed and s != 401 for s, keyed in having) and all(
            not keyed or s == 401 for s, keyed in lacking
        ):
            return "keyed"
        return None
