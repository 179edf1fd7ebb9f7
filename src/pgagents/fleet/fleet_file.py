"""Read `fleet.yaml`: the APIs that are verified together, each with its server, the names of its keys and a
budget.

```yaml
fleet: 1                                # the version of this form
defaults: {max_requests: 2000, allow_writes: true}
apis:
  library:
    catalogue: library.yaml             # or `openapi:`, a file or an address; paths begin at this file
    url: https://staging.example.com/library
    token: LIBRARY_KEY                  # names of environment variables, never keys
    identities: {second: LIBRARY_KEY_2}
    shards: 4                           # parts that are verified one by one
    skip: [rate_limit]                  # any option of `pgagents verify` that OPTIONS has
  example: {catalogue: park-graph, url: …}    # the catalogue that comes with pgagents
  tools: {mcp_url: https://mcp.example.com/mcp, mcp_token: TOOLS_TOKEN}    # an MCP server alone
```
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pgagents.base.errors import Diagnostic, InputError, PgagentsError, in_order
from pgagents.base.places import Pointer, Source
from pgagents.base.reading import read
from pgagents.base.text import brief, did_you_mean, find_unreachable, hide_secrets
from pgagents.catalogue.load import find_example_file
from pgagents.catalogue.model.identity import as_variable
from pgagents.client.environment import base_url
from pgagents.report.contract import Rank

VERSION = 1
MAX_BYTES = 8_000_000
MOST_APIS = 10_000
MOST_SHARDS = 64
MOST_NAME = 60
MOST_WORDS = 1_000
"""Words in the list of one option."""

TOKEN = "PGAGENTS_TOKEN"
"""The variable in which `pgagents verify` reads the key of `main`; `_ROLE` follows for another identity."""
MCP_TOKEN = "PGAGENTS_MCP_TOKEN"
"""The variable in which it reads the token of an MCP server."""


@dataclass(frozen=True, slots=True)
class Option:
    """An option of `pgagents verify` that a fleet file may set.

    `kind` is the form of its value: flag, count, seconds, text, day, url, file, choice, list or map. `words`
    are the values of a choice, and `least` and `most` bound a number. `of_tools` is true if it is allowed for
    an MCP server alone.
    """

    kind: str
    words: tuple[str, ...] = ()
    least: float = 0
    most: float = 1e9
    of_tools: bool = False


OPTIONS: Mapping[str, Option] = {
    "max_requests": Option("count", least=1, of_tools=True),
    "max_time": Option("seconds", least=1, of_tools=True),
    "max_wait": Option("seconds"),
    "workers": Option("count", least=1, most=32),
    "profile": Option("choice", ("smoke", "standard", "deep")),
    "seed": Option("count", of_tools=True),
    "day": Option("day"),
    "auth": Option("text"),
    "base_path": Option("text"),
    "cacert": Option("file", of_tools=True),
    "cert": Option("file"),
    "cert_key": Option("file"),
    "env": Option("file"),
    "server": Option("map"),
    "mcp_url": Option("url", of_tools=True),
    "baseline": Option("file", of_tools=True),
    "allow_writes": Option("flag"),
    "exclusive": Option("flag"),
    "limits": Option("flag"),
    "discovery": Option("flag"),
    "only": Option("list", of_tools=True),
    "skip": Option("list", of_tools=True),
    "allow": Option("list", of_tools=True),
    "reads": Option("list", of_tools=True),
    "acts": Option("list", of_tools=True),
    "fail_on": Option("list", (*(rank.value for rank in Rank), "not-tried"), of_tools=True),
}
"""The options of `pgagents verify` that stand in a fleet file, under their names."""
_COMMAND_LINE = "a fleet file has no place for a command line, which would start it on every worker"
_OF_THE_RUN = "the matrix, or `pgagents fleet run`, gives each job its own"
_AT_A_TERMINAL = "it is for a look at one API: run `pgagents verify` with it"
_RECEIVER = "the server would have to reach the worker, whose address nobody knows before"
REFUSED: Mapping[str, str] = {
    "start": f"{_COMMAND_LINE}; start the app, and give its `url`",
    "mcp_stdio": f"{_COMMAND_LINE}; serve it by HTTP, and give its `mcp_url`",
    "pass_env": "it belongs to `mcp_stdio`",
    "receiver": _RECEIVER,
    "receiver_port": _RECEIVER,
    "identity": "write `identities: {ROLE: NAME}`",
    **dict.fromkeys(("report", "shard", "journal", "lease", "log"), _OF_THE_RUN),
    **dict.fromkeys(("plan", "odd", "why", "verbose", "last_failed"), _AT_A_TERMINAL),
}
"""The other options of `pgagents verify`, each with the reason why it has no place here."""
ALONE, _ALONE = ("limits", "exclusive"), ("operator",)
"""Options and roles that `pgagents verify` refuses beside `--shard`."""
_BY_NAME = ("token", "mcp_token", "identities", "variables")
"""Keys whose values are names of environment variables."""
_OWN = ("catalogue", "openapi", "url", *_BY_NAME, "shards")
_COMMON = (*_BY_NAME, "shards", *OPTIONS)
"""Keys that `defaults` may have."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*\Z")
_ROLE = re.compile(r"[a-z][a-z0-9_.-]*\Z", re.I)
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*\Z")
_NO_NAME = "fleet/no-variable"


@dataclass(frozen=True, slots=True)
class Api:
    """One API of a fleet, or an MCP server alone, which has no `url`.

    Paths are absolute. `openapi` may be an address, and `catalogue` the name of a shipped one.

    `keys` maps the variables that `pgagents verify` reads to the names of those that hold the keys. `options`
    has values of OPTIONS.
    """

    name: str
    url: str
    catalogue: str = ""
    openapi: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    identities: tuple[str, ...] = ()
    shards: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The address that its report names: `url`, or that of an MCP server alone."""
        return self.url or str(self.options["mcp_url"])

    @property
    def server(self) -> str:
        """The server as `scheme://host:port`, by which two APIs of one server are known."""
        return name_server(self.address)

    @property
    def servers(self) -> tuple[str, ...]:
        """All servers to which a verification of the API sends: its own first."""
        others = (*filter(None, [self.options.get("mcp_url")]), *self.options.get("server", {}).values())
        return tuple(dict.fromkeys((self.server, *map(name_server, others))))

    @property
    def is_of_tools(self) -> bool:
        """True for an MCP server alone."""
        return not self.url


def name_server(url: str) -> str:
    """Return the server of a URL as `scheme://host:port`."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme.lower() == "https" else 80)
    return f"{parts.scheme.lower()}://{(parts.hostname or '').lower()}:{port}"


@dataclass(frozen=True, slots=True)
class Fleet:
    """The APIs of a fleet file in its order. `digest` is the SHA-256 of the file's text."""

    file: str
    digest: str
    apis: tuple[Api, ...]


def read_fleet(path: Path) -> Fleet:
    """Return the fleet of a file.

    Raises InputError with every problem of the file, and PgagentsError if it cannot be read.
    """
    try:
        source = read(path, max_bytes=MAX_BYTES)
    except OSError as error:
        raise PgagentsError(
            f"cannot read {path}: {error.strerror}", "give the path of a fleet.yaml"
        ) from None
    reader = _Reader(source, path.absolute().parent)
    apis = reader.read() if not source.problems else ()
    if reader.problems:
        has_key = any(problem.id == _NO_NAME for problem in reader.problems)
        # the file's line is part of the message, and may hold the key itself
        raise InputError(in_order(reader.problems), None if has_key else source)
    return Fleet(source.file, sha256(source.text.encode()).hexdigest(), apis)


def name_variable(role: str) -> str:
    """Return the variable in which `pgagents verify` reads an identity's key."""
    return f"{TOKEN}_{as_variable(role.removeprefix('main.'))}"


def _is_of_tools(key: str) -> bool:
    """Return whether a key concerns an MCP server alone."""
    return OPTIONS[key].of_tools if key in OPTIONS else key in ("mcp_token", "variables")


class _Reader:
    """Read a fleet file, and collect its problems."""

    def __init__(self, source: Source, folder: Path) -> None:
        self.source, self.folder = source, folder
        self.problems = [
            Diagnostic(p.span, f"fleet/{p.id}", "error", p.message, p.help) for p in source.problems
        ]

    def report(
        self, pointer: Pointer, id: str, message: str, help: str = "", *, at_value: bool = True
    ) -> None:
        """Record a problem at the value of an entry, or at its key."""
        span = self.source.locate(pointer, at_value=at_value)
        self.problems.append(Diagnostic(span, f"fleet/{id}", "error", message, help))

    def read(self) -> tuple[Api, ...]:
        """Return the APIs; what is wrong in them is in `problems`."""
        data = self.source.data
        if not isinstance(data, dict):
            self.report((), "type", "a fleet file is a mapping", "begin with `fleet: 1` and `apis:`")
            return ()
        self.refuse_unknown((), data, ("fleet", "defaults", "apis"))
        version = data.get("fleet")
        if version != VERSION or isinstance(version, bool):
            at: Pointer = ("fleet",) if "fleet" in data else ()
            message = f"a fleet file says its version: `fleet: {VERSION}`"
            self.report(at, "version", message, "this version of pgagents reads no other")
        defaults = self.mapping(("defaults",), data.get("defaults") or {})
        self.refuse_unknown(("defaults",), defaults, _COMMON)
        common = self.read_common(("defaults",), defaults)
        apis = data.get("apis")
        if not isinstance(apis, dict) or not apis:
            at = ("apis",) if "apis" in data else ()
            self.report(at, "type", "`apis` maps a name to each API", "apis: {library: {catalogue: …}}")
            return ()
        if len(apis) > MOST_APIS:
            message = f"{len(apis):,} APIs stand here; {MOST_APIS:,} are the most"
            self.report(("apis",), "too-many", message, "write two files", at_value=False)
            return ()
        return tuple(self.read_api(name, entry, common) for name, entry in apis.items())

    def mapping(self, pointer: Pointer, value: Any) -> dict[Any, Any]:
        """Return a mapping; empty, with a problem, for anything else."""
        if isinstance(value, dict):
            return value
        self.report(pointer, "type", f"`{pointer[-1]}` is a mapping")
        return {}

    def refuse_unknown(self, pointer: Pointer, entries: Mapping[Any, Any], known: tuple[str, ...]) -> None:
        """Report each key that is none of the known ones."""
        for key in entries:
            if key not in known:
                message = f"unknown key `{brief(str(key))}`"
                help = did_you_mean(str(key), known)
                if pointer and str(key).replace("-", "_") in REFUSED:
                    message = f"`{key}` has no place in a fleet file"
                    help = REFUSED[str(key).replace("-", "_")]
                self.report((*pointer, key), "unknown-key", message, help, at_value=False)

    def read_common(self, pointer: Pointer, entries: Mapping[Any, Any]) -> dict[str, Any]:
        """Return the values that `defaults` and an API may both have, under their keys."""
        values: dict[str, Any] = {}
        for key, value in entries.items():
            at = (*pointer, key)
            if value is None or key not in _COMMON:
                continue
            if key in ("token", "mcp_token"):
                values[key] = self.read_variable(at, value)
            elif key == "variables":
                names = self.read_list(at, value, Option("list"))
                values[key] = tuple(self.read_variable((*at, n), name) for n, name in enumerate(names))
            elif key == "identities":
                values[key] = self.read_identities(at, value)
            elif key == "shards":
                values[key] = self.read_number(at, value, Option("count", least=1, most=MOST_SHARDS))
            else:
                values[key] = self.read_option(at, value, OPTIONS[key])
        return values

    def read_api(self, name: Any, entry: Any, common: Mapping[str, Any]) -> Api:
        """Return one API with the defaults that it does not set itself."""
        at: Pointer = ("apis", name)
        if not isinstance(name, str) or not _NAME.match(name) or len(name) > MOST_NAME:
            message = f"`{brief(str(name))}` is not a name of an API"
            help = f"small letters, digits, _ and -, at most {MOST_NAME}: files are named by it"
            self.report(at, "name", message, help, at_value=False)
        entries = self.mapping(at, entry)
        self.refuse_unknown(at, entries, (*_OWN, *OPTIONS))
        of_tools = self.is_of_tools(at, entries)
        shared = {key: value for key, value in common.items() if not of_tools or _is_of_tools(key)}
        values = {**shared, **self.read_common(at, entries)}
        catalogue, openapi = ("", "") if of_tools else self.read_subject(at, entries)
        identities = values.pop("identities", {})
        keys = {TOKEN: values.pop("token", ""), MCP_TOKEN: values.pop("mcp_token", "")}
        keys |= {name_variable(role): v for role, v in identities.items()}
        keys |= {name: name for name in values.pop("variables", ())}
        shards = values.pop("shards", 1)
        beside = [key for key in ALONE if values.get(key)] + [role for role in _ALONE if role in identities]
        if shards > 1 and beside:
            message = f"`{beside[0]}` goes with no shards, as it needs the server to itself"
            self.report(at, "contradiction", message, "leave one of them out, or shards: 1", at_value=False)
        return Api(
            str(name),
            "" if of_tools else self.read_url(at, entries),
            catalogue,
            openapi,
            {variable: name for variable, name in keys.items() if name},
            () if of_tools else tuple(identities),
            shards,
            {key: value for key, value in values.items() if key in OPTIONS},
        )

    def is_of_tools(self, at: Pointer, entries: Mapping[Any, Any]) -> bool:
        """Return whether an entry is an MCP server alone, and report what such a one cannot have."""
        if any(entries.get(key) is not None for key in ("url", "catalogue", "openapi")):
            return False
        if entries.get("mcp_url") is None:
            return False
        for key, value in entries.items():
            if value is not None and key in (*OPTIONS, *_OWN) and not _is_of_tools(key):
                message = f"`{key}` goes with no MCP server alone"
                self.report((*at, key), "contradiction", message, "add `url` and `catalogue`", at_value=False)
        return True

    def read_url(self, at: Pointer, entries: Mapping[Any, Any]) -> str:
        """Return the server's address, which every API needs."""
        if entries.get("url") is None:
            message, help = f"`{brief(str(at[-1]))}` has no `url`", "url: https://staging.example.com"
            self.report(at, "no-url", message, help, at_value=False)
            return "http://127.0.0.1"
        return self.read_address((*at, "url"), entries["url"])

    def read_address(self, at: Pointer, value: Any) -> str:
        """Return the address of a server."""
        if not isinstance(value, str):
            self.report(at, "type", "a URL is text")
            return "http://127.0.0.1"
        try:
            return base_url(value, str(at[-1]))
        except PgagentsError as error:
            self.report(at, "url", error.message, error.help)
            return "http://127.0.0.1"

    def read_subject(self, at: Pointer, entries: Mapping[Any, Any]) -> tuple[str, str]:
        """Return the path of the catalogue, and the path or address of the document. One of them is empty."""
        named = [key for key in ("catalogue", "openapi") if entries.get(key) is not None]
        if len(named) != 1:
            message = "an API is said by `catalogue` or by `openapi`, and by one of them alone"
            self.report(at, "subject", message, "catalogue: library.yaml", at_value=False)
            return "", ""
        (key,) = named
        pointer, value = (*at, key), entries[key]
        if not isinstance(value, str) or not value.isprintable() or not value:
            self.report(pointer, "type", f"`{key}` is a path, or for a document an address")
            return "", ""
        if key == "openapi" and re.match(r"https?://", value, re.I):
            if find_unreachable(value) or hide_secrets(value) != value:
                message = "the address of a document has a host, and neither a password nor a query"
                self.report(pointer, _NO_NAME.partition("/")[2], message, "serve it without a key")
            return "", value
        path = self.folder / value
        if key == "catalogue" and not path.is_file() and find_example_file(value) is not None:
            return value, ""
        if key == "openapi" and value.startswith("/") and not path.is_file():
            return "", value  # a path of the server
        return (
            (self.read_file(pointer, value), "")
            if key == "catalogue"
            else ("", self.read_file(pointer, value))
        )

    def read_file(self, at: Pointer, value: Any) -> str:
        """Return the absolute path of a file that the fleet file names."""
        if not isinstance(value, str) or "\0" in value or not (self.folder / value).is_file():
            message = f"there is no file {brief(str(value))}"
            self.report(at, "file", message, "paths begin at the folder of the fleet file")
            return ""
        return str((self.folder / value).resolve())

    def read_identities(self, at: Pointer, value: Any) -> dict[str, str]:
        """Return the names of variables by role."""
        variables = {}
        for role, name in self.mapping(at, value).items():
            if not isinstance(role, str) or not _ROLE.match(role) or role == "main":
                message = f"`{brief(str(role))}` is not a role beside `main`, whose key is `token`"
                self.report((*at, role), "role", message, "identities: {second: NAME}", at_value=False)
            else:
                variables[role] = self.read_variable((*at, role), name)
        if len({name_variable(role) for role in variables}) < len(variables):
            self.report(at, "role", "two of these roles have one variable", "rename a role")
        return variables

    def read_variable(self, at: Pointer, value: Any) -> str:
        """Return the name of an environment variable. No message repeats it, as it may be a key."""
        is_name = isinstance(value, str) and _VARIABLE.match(value) is not None and len(value) <= 100
        # AKIAIOSFODNN7EXAMPLE has the form of a name
        is_key = is_name and len(value) >= 16 and "_" not in value and any(c.isdigit() for c in value)
        if not is_name or is_key:
            message = "this is not a name of an environment variable (capitals, digits and _)"
            help = "keys never stand in a file: export NAME=…, and write NAME"
            self.report(at, _NO_NAME.partition("/")[2], message, help)
            return ""
        return str(value)

    def read_option(self, at: Pointer, value: Any, option: Option) -> Any:
        """Return the value of an option of `pgagents verify`."""
        if option.kind == "flag":
            if not isinstance(value, bool):
                self.report(at, "type", f"`{at[-1]}` is true or false")
            return value is True
        if option.kind in ("count", "seconds"):
            return self.read_number(at, value, option)
        if option.kind == "list":
            return self.read_list(at, value, option)
        if option.kind == "url":
            return self.read_address(at, value)
        if option.kind == "file":
            return self.read_file(at, value)
        if option.kind == "map":
            return self.read_addresses(at, value)
        if option.kind == "day":
            value = str(value)
            if not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
                self.report(at, "type", f"`{at[-1]}` is a day", "day: 2026-03-01")
            return value
        if not isinstance(value, str) or not value or not value.isprintable():
            self.report(at, "type", f"`{at[-1]}` is one line of text", "put a number in quotes")
            return ""
        if option.words and value not in option.words:
            message = f"`{at[-1]}` is not `{brief(value)}`"
            self.report(at, "value", message, did_you_mean(value, option.words))
        return value

    def read_addresses(self, at: Pointer, value: Any) -> dict[str, str]:
        """Return addresses of servers by name."""
        addresses = {}
        for name, address in self.mapping(at, value).items():
            if not isinstance(name, str) or not _ROLE.match(name):
                message = f"`{brief(str(name))}` is not a name of a server"
                self.report((*at, name), "name", message, "server: {upload: https://…}", at_value=False)
            addresses[str(name)] = self.read_address((*at, name), address)
        return addresses

    def read_number(self, at: Pointer, value: Any, option: Option) -> Any:
        """Return a number within the bounds of an option; 1 for anything else."""
        types = int if option.kind == "count" else (int, float)
        is_number = isinstance(value, types) and not isinstance(value, bool)
        if not is_number or not option.least <= value <= option.most:
            noun = "whole number" if option.kind == "count" else "number of seconds"
            message = f"`{at[-1]}` is a {noun} from {option.least:,.0f} to {option.most:,.0f}"
            self.report(at, "bound", message)
            return 1
        return value

    def read_list(self, at: Pointer, value: Any, option: Option) -> tuple[str, ...]:
        """Return the words of a list."""
        right = isinstance(value, list) and all(isinstance(w, str) and w and w.isprintable() for w in value)
        if not right or len(value) > MOST_WORDS:
            self.report(at, "type", f"`{at[-1]}` is a list of at most {MOST_WORDS:,} texts")
            return ()
        for number, word in enumerate(value if option.words else ()):
            if word not in option.words:
                message = f"`{at[-1]}` knows no `{brief(word)}`"
                self.report((*at, number), "value", message, did_you_mean(word, option.words))
        return tuple(value)
