"""Read the servers of a document, and convert the parts that belong to no operation: names and addresses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from pgagents.base.errors import PgagentsError
from pgagents.base.places import Pointer
from pgagents.base.text import brief, fit
from pgagents.importer.document import Found, is_url
from pgagents.importer.names import Notes, cut, first_sentence, one_line, snake, unique, without_addresses
from pgagents.importer.operations import Operation

_VALUE = re.compile(r"[A-Za-z0-9._-]{1,100}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


MOST_BASES = 10


def list_bases(root: Found) -> list[str]:
    """Return the paths of the document's servers, or Swagger's `basePath`; each may be empty."""
    if "swagger" in root.value:
        return [base_path(root)]
    return [find_base(server) for server in root.at("servers").items()[:MOST_BASES]]


def parse_base(path: str) -> str:
    """Return a base path that the caller gives, `/` for none. Raises PgagentsError if it is not a path."""
    plain = path.startswith("/") and path.isascii() and path.isprintable()
    if not plain or any(c in path for c in "{}?# ") or "//" in path:
        raise PgagentsError(
            f"--base-path {brief(path)} is not a path", "write it as /api/v1, or / for a server without one"
        )
    return find_path(path)


def describe_main(root: Found, url: str, notes: Notes) -> str | dict[str, Any]:
    """Return `api.server`: the URL, or a template with the variables of its host."""
    if "swagger" in root.value:
        return url
    return _describe_server(root.at("servers", 0), url, notes, ("api", "server"))


def _describe_server(server: Found, url: str, notes: Notes, at: Pointer) -> str | dict[str, Any]:
    """Return a server with those variables of its host that the catalogue can express.

    A note lists the other variables, which get their defaults.
    """
    head = re.match(r"https?://[^/?#]+", server.text("url"))
    names = list(dict.fromkeys(re.findall(r"\{([^{}]*)\}", head[0]))) if head else []
    variables = {name: _variable(server.at("variables", name)) for name in names}
    said = bool(head and names and all(variables.values()) and all(map(_NAME.fullmatch, names)))
    kept = names if said else []
    every = dict.fromkeys(re.findall(r"\{([^{}]*)\}", server.text("url")))
    if fixed := [name for name in every if name not in kept]:
        told = ", ".join(map(brief, fixed))
        notes.add_lost(at, f"variables of the server's URL have their defaults: {told}", server.place)
    return {"url": head[0], "variables": variables} if head and said else url


def _variable(written: Found) -> dict[str, Any] | None:
    default = written.text("default")
    values = written.value.get("enum") if isinstance(written.value, dict) else None
    found: dict[str, Any] = {"default": default}
    if isinstance(values, list) and values:
        if default not in values or not all(isinstance(v, str) and _VALUE.fullmatch(v) for v in values):
            return None
        found["enum"] = list(dict.fromkeys(values))
    if text := one_line(written.text("description"), 200):
        found["description"] = text
    return found if _VALUE.fullmatch(default) else None


def find_usual_url(operations: Iterable[Operation]) -> str:
    """Return scheme and host of the server that most operations name; empty if no operation names one."""
    named = Counter(url for op in operations if (url := _find_url(op)))
    return named.most_common(1)[0][0] if named else ""


def list_hosts(root: Found, operations: Iterable[Operation]) -> dict[str, list[Operation]]:
    """Return the operations by scheme and host of the server that they are at, the API's own one first."""
    every = list(operations)
    main = _clean(server_url(root) or find_usual_url(every) or PLACEHOLDER_SERVER)
    hosts: dict[str, list[Operation]] = {main: []}
    for op in every:
        hosts.setdefault(_clean(_find_url(op)) or main, []).append(op)
    return {host: found for host, found in hosts.items() if found}


def find_host(url: str) -> str:
    """Return scheme and host of a URL as `list_hosts` has them; empty if it has none."""
    parts = split_url(url)
    return _clean(find_address(parts.scheme, parts.netloc)) if parts.scheme in ("http", "https") else ""


def _clean(url: str) -> str:
    return _DEFAULT_PORT.sub(r"\1", url).lower()


def _find_url(op: Operation) -> str:
    """Return scheme and host of the operation's own server; empty if it has none or cannot be expressed."""
    parts = split_url(expand_variables(op.server)) if op.server is not None else None
    if parts is None or parts.scheme not in ("http", "https"):
        return ""
    return find_address(parts.scheme, parts.netloc)


class Servers:
    """The servers of single operations, each with a name of its own."""

    def __init__(self, root: Found, url: str, notes: Notes, base: str = "") -> None:
        self.base = parse_base(base) if base else base_path(root)
        self._url, self._notes = url, notes
        self.written: dict[str, dict[str, Any]] = {}
        """The servers that operations need, in the catalogue's form."""
        self._names: dict[str, str] = {}

    def find_base(self, op: Operation) -> str:
        """Return the path of the operation's own server, or of the API's if its own has no address."""
        if op.server is None or not any(split_url(expand_variables(op.server))):
            return self.base
        return find_base(op.server)

    def name_of(self, op: Operation, at: Pointer) -> str | None:
        """Return the name of the operation's own server; None if it uses the API's server."""
        if op.server is None:
            return None
        parts = split_url(expand_variables(op.server))
        if any(parts) and not parts.scheme and not parts.netloc:
            return None
        url = _find_url(op)
        if not url:
            why = "the operation's own server has no address; the API's one is called"
            self._notes.add_lost(at, why, op.server.place)
            return None
        if _clean(url) == _clean(self._url):
            return None
        if url not in self._names:
            label = snake((urlsplit(url).hostname or "").split(".")[0]) or "other"
            name = unique(label if _NAME.fullmatch(label) else "other", set(self.written))
            told = _describe_server(op.server, url, self._notes, at)
            made = told if isinstance(told, dict) else {"url": told}
            if text := one_line(op.server.text("description"), 200):
                made["description"] = text
            self._names[url], self.written[name] = name, made
        return self._names[url]


# -- hosts and base paths


def base_path(root: Found) -> str:
    """Return the common prefix of all paths: Swagger's `basePath`, or the path of the first server's URL."""
    return find_path(root.text("basePath")) if "swagger" in root.value else find_base(root.at("servers", 0))


def find_base(server: Found) -> str:
    """Return the path that a server's operations begin with; empty if it cannot be determined.

    A relative URL begins at the place of the document, if that has a URL itself.
    """
    parts, home = split_url(expand_variables(server)), server.document.location
    relative = bool(parts.path) and not parts.scheme and not parts.netloc
    return find_path(urljoin(home, parts.path) if relative and is_url(home) else parts.geturl())


def find_path(url: str) -> str:
    """Return the path of a server's URL without a final slash; empty if it cannot be determined."""
    path = "/" + _remove_dots(split_url(url).path)
    return "" if path == "/" or any(c in path for c in "{}?# ") else path


def split_url(url: str) -> SplitResult:
    """Return the parts of a URL; all are empty if its host is none, as in `https://[host]/api`."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _remove_dots(path: str) -> str:
    """Return a path without the segments `.` and `..` (RFC 3986, 5.2.4), and without slashes at its ends."""
    kept: list[str] = []
    for segment in path.strip("/").split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return "/".join(kept)


def expand_variables(server: Found) -> str:
    """Return a server's URL with the default of each variable."""
    url = server.text("url")
    for name, variable in server.at("variables").members().items():
        url = url.replace("{" + name + "}", variable.text("default"))
    return url


def server_url(root: Found) -> str:
    """Return scheme and host of the first server; empty if the document names none."""
    if "swagger" in root.value:
        schemes = [s.value for s in root.at("schemes").items() if s.value in ("https", "http")] or ["https"]
        return find_address("https" if "https" in schemes else schemes[0], root.text("host"))
    url = split_url(expand_variables(root.at("servers", 0)))
    return find_address(url.scheme, url.netloc) if url.scheme in ("http", "https") else ""


def find_address(scheme: str, host: str) -> str:
    """Return scheme and host as a URL; empty if the text cannot be a host."""
    if not host.isprintable() or set("{}<> ") & set(host):
        return ""
    try:
        parts = urlsplit(f"{scheme}://{host}")
        named = parts.hostname is not None and parts.port != 0
    except ValueError:  # brackets that contain no IPv6 address, or a port that is none
        return ""
    return f"{scheme}://{host}" if named else ""


# -- the API's names and addresses


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
    return made | _describe_api(info, notes, title)


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


def _describe_api(info: Found, notes: Notes, title: str) -> dict[str, Any]:
    written = info.text("description") or info.text("summary") or title
    told = without_addresses(written) or title
    if told != written:
        said = "of the description's web addresses the hosts are carried, and no emoji: stores refuse both"
        notes.add_lost(("api", "for_models"), said, info.place)
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


def describe_by_lists(described: dict[str, Any], names: Iterable[str]) -> None:
    """Say what the API has, by the names of its lists, where the document describes it by its title alone."""
    title = described["title"]
    nouns = dict.fromkeys(
        name.removeprefix("list_").replace("_", " ") for name in names if name.startswith("list_")
    )
    if nouns and described["for_models"] == title:
        described["for_models"] = described["for_people"] = fit(f"{title}: {', '.join(nouns)}", FOR_PEOPLE)


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
