"""The API around its actions: names, address, keys, answers' headers."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from pgagents.brief import brief
from pgagents.importer.actions import Made
from pgagents.importer.names import cut, identifier, is_name, one_line
from pgagents.importer.note import Notes
from pgagents.importer.operations import Operation, server_url
from pgagents.importer.references import Found, References
from pgagents.importer.schemas import Schemas
from pgagents.source import Pointer

_SEMVER = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?\Z")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")
_URL = re.compile(r"https?://[^\s/?#]+")
MAX_HEADERS = 50
PLACEHOLDER_SERVER = "https://api.example.com"


def api(root: Found, notes: Notes) -> dict[str, Any]:
    """The catalogue's `api`."""
    info = root.at("info")
    title = one_line(info.text("title"), 100) or "API"
    server = server_url(root)
    if not server:
        server = PLACEHOLDER_SERVER
        notes.decide(("api", "server"), "the document names no host: where does the API run?", root.place)
    made: dict[str, Any] = {
        "id": re.sub(r"[^A-Za-z0-9]", "", title)[:64].lower() or "api",
        "title": title,
        "version": _version(info, notes),
        "server": server,
    }
    others = [s.text("url") for s in root.at("servers").items()[1:] if _URL.match(s.text("url")) and not set("{} ") & set(s.text("url"))]
    if others:
        made["other_servers"] = [{"url": url, "note": "The document lists it too"} for url in dict.fromkeys(others)]
    email = info.at("contact").text("email")
    if not _EMAIL.match(email):
        email = f"support@{(urlsplit(server).hostname or 'example.com').removeprefix('api.')}"
        notes.decide(("api", "contact"), "the document names no e-mail address: who answers for this API?", info.place)
    made["contact"] = email
    if _URL.match(info.text("termsOfService")):
        made["terms"] = info.text("termsOfService")
    docs = root.at("externalDocs").text("url") or info.at("contact").text("url")
    if _URL.match(docs) and not any(c.isspace() for c in docs):
        made["docs"] = docs
    told = cut(info.text("description") or info.text("summary") or title)
    made["for_people"] = told
    made["for_models"] = told
    notes.decide(("api", "for_models"), "tell a model when to use this API, and in which order to call its actions", info.place)
    return made


def _version(info: Found, notes: Notes) -> str:
    written = str(info.value.get("version", "")).strip() if isinstance(info.value, dict) else ""
    if _SEMVER.match(written):
        return written
    numbers = [str(int(n[:9])) for n in re.findall(r"[0-9]+", written)[:3]]
    made = ".".join([*numbers, "0", "0", "0"][:3]) if numbers else "0.0.0"
    notes.lost(("api", "version"), f"the document says version `{brief(written)}`; a catalogue's has three numbers", info.place)
    return made


class Security:
    """Security schemes as the catalogue's `auth`. A catalogue speaks bearer keys and OAuth's authorization code."""

    def __init__(self, references: References, notes: Notes, server: str) -> None:
        self.references, self.notes, self.server = references, notes, server
        root = references.root()
        written = root.at("securityDefinitions") if "swagger" in root.value else root.at("components", "securitySchemes")
        self.schemes = {name: references.follow(found) for name, found in written.members().items()}
        self.bearer = next((name for name, s in self.schemes.items() if self._kind(s) == "bearer"), None)
        self.needs: dict[str, list[str]] = {}

    @staticmethod
    def _kind(scheme: Found) -> str:
        kind = scheme.text("type")
        if kind == "http":
            return scheme.text("scheme").lower()
        return kind if kind != "apiKey" else f"key in {scheme.text('in')} {scheme.text('name')}"

    def key_free(self, op: Operation, at: Pointer) -> bool:
        """Whether the operation is called without a key."""
        if not op.security:
            return True
        if any(not need for need in op.security):
            self.notes.lost((*at, "key"), "a key is optional here; calls go without", op.whole.place)
            return True
        return False

    def take(self, made: Made) -> None:
        """Note which OAuth scopes an action needs."""
        for need in made.operation.security or ():
            for name, scopes in need.items() if isinstance(need, dict) else ():
                if self._kind(self.schemes.get(name, self.references.root().at("x"))) == "oauth2" and isinstance(scopes, list):
                    for scope in scopes:
                        if isinstance(scope, str) and made.name not in self.needs.setdefault(scope, []):
                            self.needs[scope].append(made.name)

    def section(self) -> dict[str, Any]:
        """The catalogue's `auth`."""
        at: Pointer = ("auth", "schemes")
        named = self.bearer or next(iter(self.schemes), None)
        key = named if named and is_name(named) else identifier(named or "key")
        scheme: dict[str, Any] = {}
        if named and (text := self.schemes[named].text("description")):
            scheme["description"] = cut(text)
        if not self.schemes:
            self.notes.decide(at, "the document names no keys; a catalogue must name how a call proves who makes it")
        elif not self.bearer:
            kinds = ", ".join(f"{brief(n)} ({brief(self._kind(s))})" for n, s in self.schemes.items())
            self.notes.decide(at, f"the document asks for {kinds}; a catalogue's calls send `Authorization: Bearer KEY`")
        oauth = self._oauth()
        left = [n for n, s in self.schemes.items() if n != named and not (oauth and self._kind(s) == "oauth2")]
        if left:
            self.notes.lost(at, f"further schemes are not carried: {', '.join(map(brief, left))}")
        made: dict[str, Any] = {"default": key, "schemes": {key: scheme or {"description": "A bearer key"}}}
        if oauth:
            made["oauth"] = oauth
        self.notes.decide(
            (*at, key), "which beginnings mark test and live keys? `prefixes: {test_: test, live_: live}`; and where is one issued?"
        )
        return made

    def _oauth(self) -> dict[str, Any] | None:
        for name, scheme in self.schemes.items():
            if self._kind(scheme) != "oauth2":
                continue
            swagger = scheme.text("flow")
            flow = scheme if swagger in ("accessCode",) else scheme.at("flows", "authorizationCode")
            authorize, token = self._path(flow.text("authorizationUrl")), self._path(flow.text("tokenUrl"))
            if not authorize or not token:
                self.notes.lost(
                    ("auth",), f"OAuth scheme `{brief(name)}` has no authorization-code flow at the API's own host", scheme.place
                )
                continue
            scopes = {s: one_line(str(t)) or s for s, t in flow.at("scopes").mapping().items() if s}
            if "refreshUrl" in flow.mapping():
                self.notes.lost(("auth", "oauth"), "`refreshUrl` is not carried", flow.place)
            needs = {s: names for s, names in self.needs.items() if s in scopes}
            return {"authorize": authorize, "token": token, "scopes": scopes, **({"needs": needs} if needs else {})}
        return None

    def _path(self, url: str) -> str | None:
        """The path of an address of the API's own host; None elsewhere."""
        parts = urlsplit(url)
        own = not parts.netloc or f"{parts.scheme}://{parts.netloc}" == self.server
        return parts.path if own and re.match(r"/[^\s?#]*\Z", parts.path) else None


class Headers:
    """Headers of answers: carried where they are required on a whole class of answers."""

    def __init__(self, schemas: Schemas, notes: Notes, references: References) -> None:
        self.schemas, self.notes, self.references = schemas, notes, references
        self.answers: list[tuple[int, bool, dict[str, Found]]] = []

    def take(self, made: Made) -> None:
        """Note the headers of an action's answers."""
        for answer in made.operation.answers:
            if answer.status.isdecimal():
                headers = {n: self.references.follow(h) for n, h in answer.whole.at("headers").members().items()}
                keyed = made.action.get("key") is not False
                self.answers.append((int(answer.status), keyed, {n: h for n, h in headers.items() if isinstance(h.value, dict)}))

    def section(self, edge: frozenset[int]) -> dict[str, Any]:
        """The catalogue's `headers`; what a proxy answers (the statuses of `edge`) has none of the API's."""
        self.answers = [one for one in self.answers if one[0] not in edge]
        found: dict[str, Any] = {}
        names = dict.fromkeys(name for *_, headers in self.answers for name in headers if name.lower() != "content-type")
        if len(names) > MAX_HEADERS:
            self.notes.lost(("headers",), f"{len(names):,} headers are described; {MAX_HEADERS} are carried")
        for name in list(names)[:MAX_HEADERS]:
            first = next(headers[name] for *_, headers in self.answers if name in headers)
            if not name.strip() or not name.isprintable():
                continue
            secure = name.lower() == "strict-transport-security"  # sent over https alone, so no document can require it
            if first.value.get("required") is not True and not secure:
                self.notes.lost(("headers",), f"header `{brief(name)}` may come; a catalogue's headers must", first.place)
                continue
            on = self._on(name)
            if on is None:
                self.notes.lost(("headers",), f"header `{brief(name)}` comes with some answers only, of no one class", first.place)
                continue
            schema = self.schemas.convert(first.at("schema"), ("headers", name, "schema")) if "schema" in first.value else {}
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

    def _on(self, name: str) -> str | int | list[int] | None:
        """The class of answers that always has the header; None where there is none."""
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
        if all(keyed and s != 401 for s, keyed in having) and all(not keyed or s == 401 for s, keyed in lacking):
            return "keyed"
        return None
