"""Reads a server description, `--env staging.yaml`, with a server's addresses, keys and clients in place of
options.

```yaml
url: https://staging.example.com
plain_url: http://staging.example.com           # its twin without TLS, which must refuse
servers: {upload: https://upload.staging.example.com}   # other servers, by the catalogue's names
cacert: staging-ca.pem                          # beside this file
cert: staging-client.pem                        # the client certificate, and its key if that file lacks it
cert_key: staging-client-key.pem
headers: {X-Gateway: blue, X-Gateway-Key: {variable: GATEWAY_KEY}}
identities:                                     # names of environment variables, never keys
  main: {command: [gcloud, auth, print-access-token], lives_s: 3000}    # or a command that prints the key
  second: STAGING_KEY_2
env: {place: {lat: 47.37, lng: 8.54}}           # members of the catalogue's `env`
oauth:                                          # a client, and how its user consents on the server's page
  client_id: staging-app
  secret: STAGING_CLIENT_SECRET                 # an environment variable's name; none for a public client
  redirect_uri: http://127.0.0.1/callback
  consent:                                      # fields of the form, by name
    {user: tester, password: {variable: STAGING_PASSWORD}, decision: allow}
  refuse: {user: tester, decision: deny}        # the same fields where the user does not consent
  headers: {Cookie: {variable: STAGING_COOKIE}} # of a user who is signed in
  other:                                        # another registered client
    {client_id: staging-other, secret: STAGING_OTHER_SECRET, redirect_uri: https://other.example.com/cb}
```
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgagents.base.errors import Diagnostic, InputError, PgagentsError, in_order
from pgagents.base.places import Pointer, Source
from pgagents.base.reading import read
from pgagents.base.text import brief, did_you_mean
from pgagents.client.environment import SecretCommand, base_url

if TYPE_CHECKING:
    from pgagents.verify.wire.oauth import OAuthClient


# -- `oauth`: a client, and how its user consents on the server's page


def read_oauth(entries: Entries) -> OAuthClient:
    """Return the client, and the fields with which its user consents."""
    from pgagents.verify.wire.oauth import OAuthClient

    given = entries.mapping("oauth")
    client = _client(entries, ("oauth",), given, ("consent", "refuse", "headers", "other"))
    hidden: list[str] = []
    consent, headers, refuse = (
        _texts(entries, given, key, hidden) for key in ("consent", "headers", "refuse")
    )
    other = given.get("other")
    if other is not None and not isinstance(other, dict):
        entries.report(("oauth", "other"), "type", "`other` is a mapping: client_id, redirect_uri, secret")
        other = None
    told = OAuthClient(*_client(entries, ("oauth", "other"), other, ())) if other is not None else None
    return OAuthClient(*client, consent, headers, tuple(hidden), refuse, told)


def _client(
    entries: Entries, at: Pointer, given: Mapping[Any, Any], more: tuple[str, ...]
) -> tuple[str, str, str]:
    """Return a client's id, redirect URI and secret. `more` are further allowed keys."""
    known = ("client_id", "secret", "redirect_uri", *more)
    for key in given:
        if key not in known:
            entries.report(
                (*at, key),
                "unknown-key",
                f"unknown key `{brief(str(key))}`",
                did_you_mean(str(key), known),
                at_value=False,
            )
    for key in ("client_id", "redirect_uri"):
        if not isinstance(given.get(key), str) or not given[key].isprintable() or not given[key]:
            entries.report(
                (*at, key) if key in given else at, "oauth", f"`{at[-1]}` needs `{key}`: one line of text"
            )
    secret = entries.variable((*at, "secret"), given["secret"]) if given.get("secret") is not None else ""
    return str(given.get("client_id")), str(given.get("redirect_uri")), secret


def _texts(entries: Entries, given: Mapping[Any, Any], key: str, hidden: list[str]) -> dict[str, str]:
    """Return texts by name from a part of `oauth`.

    Values from environment variables are added to `hidden`.
    """
    part = given.get(key) or {}
    if not isinstance(part, dict):
        entries.report(("oauth", key), "type", f"`{key}` is a mapping of names to texts")
        return {}
    found = {}
    for name, value in part.items():
        pointer = ("oauth", key, name)
        if isinstance(value, dict) and list(value) == ["variable"]:
            value = entries.variable((*pointer, "variable"), value["variable"])
            hidden.append(value)
        if (
            not isinstance(value, str)
            or not value.isprintable()
            or (key == "headers" and not FIELD_NAME.match(str(name)))
        ):
            entries.report(
                pointer,
                "oauth",
                "this is one line of text, or `{variable: NAME}`",
                "put a number in quotes",
            )
            continue
        found[str(name)] = value
    return found


# -- entries with their places, and the problems found so far


_VARIABLE = re.compile(
    r"[A-Z_][A-Z0-9_]*\Z"
)  # only capitals, so that a key written here by mistake is not taken for a name
NO_NAME = "env/no-variable"
FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
"""The name of a header, as RFC 9110 (section 5.1) has it."""


class Entries:
    """Read the entries of a description, and collect its problems in `found`.

    `variables` is the environment.
    """

    def __init__(self, source: Source, variables: Mapping[str, str]) -> None:
        self.source, self.variables = source, variables
        self.found = [Diagnostic(f.span, f"env/{f.id}", "error", f.message, f.help) for f in source.problems]

    def report(
        self, pointer: Pointer, id: str, message: str, help: str = "", *, at_value: bool = True
    ) -> None:
        """Record a problem at an entry, at its value or else at its key."""
        self.found.append(
            Diagnostic(self.source.locate(pointer, at_value=at_value), f"env/{id}", "error", message, help)
        )

    def mapping(self, key: str) -> dict[Any, Any]:
        """Return the mapping under a key of the file; empty, with a problem, if it is something else."""
        given = self.source.data[key]
        if isinstance(given, dict):
            return given
        self.report((key,), "type", f"`{key}` is a mapping")
        return {}

    def variable(self, pointer: Pointer, name: Any) -> str:
        """Return the value of an environment variable.

        The message never repeats the text, which may be a key in place of the name.
        """
        if not isinstance(name, str) or not _VARIABLE.match(name):
            self.report(
                pointer,
                "no-variable",
                "this is not a name of an environment variable (capitals, digits and _)",
                "keys never stand in a file: export NAME=…, and write NAME",
            )
            return ""
        if not self.variables.get(name):
            self.report(
                pointer,
                "variable",
                f"the environment variable {brief(name)} is not set",
                f"export {brief(name)}=… first",
            )
        return self.variables.get(name, "")


_OURS = dict.fromkeys(
    ("host", "content-type", "content-length", "transfer-encoding", "connection"), "the checks vary it"
)


@dataclass(frozen=True, slots=True)
class Env:
    """A server to verify. Missing values are empty.

    `identities` maps roles to names of environment variables, `commands` to commands that print keys.
    """

    url: str = ""
    plain_url: str = ""
    cacert: Path | None = None
    cert: Path | None = None
    cert_key: Path | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    identities: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[str, SecretCommand] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    oauth: OAuthClient | None = None
    servers: Mapping[str, str] = field(default_factory=dict)


def read_env(
    path: Path,
    *,
    roles: Collection[str],
    values: Mapping[str, Any],
    variables: Mapping[str, str],
    key_headers: Collection[str] = ("Authorization",),
    only: str = "",
    servers: Collection[str] = (),
) -> Env:
    """Read a server description for a catalogue with these roles and these values in its `env`.

    `variables` is the environment. `key_headers` carry keys, so that they cannot be given as headers.
    `servers` are the names of the API's other servers. With `only`, only the keys of that role are looked up.
    Raises InputError with every problem of the file, and PgagentsError if it cannot be read.
    """
    try:
        source = read(path)
    except OSError as error:
        raise PgagentsError(
            f"cannot read --env {path}: {error.strerror}", "give the path of a YAML file"
        ) from None
    reader = _Reader(source, roles, values, variables, key_headers, only, servers)
    env = reader.env(path)
    if reader.found:
        keys_in_it = any(d.id == NO_NAME for d in reader.found)
        # the file's line is part of the message
        raise InputError(in_order(reader.found), None if keys_in_it else source)
    return env


class _Reader(Entries):
    """Read a description and collect its problems."""

    def __init__(
        self,
        source: Source,
        roles: Collection[str],
        values: Mapping[str, Any],
        variables: Mapping[str, str],
        key_headers: Collection[str],
        only: str = "",
        servers: Collection[str] = (),
    ) -> None:
        super().__init__(source, variables)
        self.roles, self.values = roles, values
        self.only, self.known_servers = only, servers
        help = "give the key under `identities`, or with --identity"
        self.ours = dict.fromkeys((name.lower() for name in key_headers), help) | _OURS
        self.described: dict[str, dict[Any, Any]] = {}
        """Identities that are described by more than a variable's name, by role."""

    def env(self, path: Path) -> Env:
        data = self.source.data
        if not isinstance(data, dict):
            if not self.found:
                self.report(
                    (),
                    "type",
                    "a target description is a mapping",
                    "write `url: https://staging.example.com`",
                )
            return Env()
        parts: dict[str, Callable[[], Any]] = {
            "url": lambda: self.url("url"),
            "plain_url": lambda: self.url("plain_url"),
            "servers": self.servers,
            "cacert": lambda: self.file(path, "cacert"),
            "cert": lambda: self.file(path, "cert"),
            "cert_key": lambda: self.file(path, "cert_key"),
            "headers": self.headers,
            "identities": self.identities,
            "env": lambda: self.like((), self.values),
            "oauth": lambda: read_oauth(self),
        }
        for key in data:
            if key not in parts:
                self.report(
                    (key,),
                    "unknown-key",
                    f"unknown key `{brief(str(key))}`",
                    did_you_mean(str(key), parts),
                    at_value=False,
                )
        read = {key: part() for key, part in parts.items() if data.get(key) is not None}
        read["values"] = read.pop("env", {})
        commands = {role: self.command(role, path.parent) for role in self.described}
        read["commands"] = {role: command for role, command in commands.items() if command is not None}
        return Env(**read)

    def url(self, key: str) -> str:
        given = self.source.data[key]
        if not isinstance(given, str):
            self.report((key,), "type", "a URL is text")
            return ""
        try:
            url = base_url(given, key)
        except PgagentsError as error:
            self.report((key,), "url", error.message, error.help)
            return ""
        if key == "plain_url" and not (
            url.startswith("http://") and str(self.source.data.get("url", "https://")).startswith("https://")
        ):
            self.report(
                (key,),
                "url",
                "plain_url is the http:// twin of an https:// url",
                "leave it out where the target has no TLS",
            )
        return url

    def file(self, path: Path, key: str) -> Path | None:
        """Return a file beside the description."""
        given = self.source.data[key]
        if not isinstance(given, str) or not (path.parent / given).is_file():
            self.report(
                (key,),
                "file",
                f"there is no file {brief(str(given))} beside {path.name}",
                "give the path from this file's folder",
            )
            return None
        return path.parent / given

    def servers(self) -> dict[str, str]:
        """Return the addresses of other servers by name."""
        found = {}
        for name, given in self.mapping("servers").items():
            if name not in self.known_servers:
                help = did_you_mean(str(name), self.known_servers)
                message = f"the catalogue has no server `{brief(str(name))}`"
                self.report(("servers", name), "unknown-name", message, help, at_value=False)
                continue
            try:
                found[str(name)] = base_url(str(given), f"servers.{name}")
            except PgagentsError as error:
                self.report(("servers", name), "url", error.message, error.help)
        return found

    def headers(self) -> dict[str, str]:
        found = {}
        for name, given in self.mapping("headers").items():
            pointer = ("headers", name)
            if not FIELD_NAME.match(str(name)) or str(name).lower() in self.ours:
                help = self.ours.get(str(name).lower(), "letters, digits and hyphens")
                self.report(
                    pointer,
                    "header",
                    f"`{brief(str(name))}` cannot be given as a header",
                    help,
                    at_value=False,
                )
                continue
            value: Any = given
            if isinstance(given, dict):
                if list(given) != ["variable"]:
                    self.report(pointer, "header", "a header is text, or `{variable: NAME}`")
                    continue
                value = self.variable((*pointer, "variable"), given["variable"])
            if not isinstance(value, str) or not value.isprintable() or not value.isascii():
                self.report(
                    pointer, "header", "a header's value is one line of ASCII text", "put a number in quotes"
                )
                continue
            found[str(name)] = value
        return found

    def identities(self) -> dict[str, str]:
        found = {}
        for role, name in self.mapping("identities").items():
            pointer = ("identities", role)
            if role not in self.roles:
                message = f"the catalogue has no role `{brief(str(role))}`"
                self.report(
                    pointer, "unknown-name", message, did_you_mean(str(role), self.roles), at_value=False
                )
            elif self.only and str(role).partition(".")[0] != self.only:
                continue
            elif isinstance(name, dict):
                self.described[str(role)] = name
            elif self.variable(pointer, name):
                found[str(role)] = str(name)
        return found

    def command(self, role: str, folder: Path) -> SecretCommand | None:
        """Return the command that prints a role's key; None if its description is wrong."""
        pointer, given = ("identities", role), self.described[role]
        for key in given:
            if key not in ("command", "lives_s"):
                help = did_you_mean(str(key), ("command", "lives_s"))
                self.report(
                    (*pointer, key), "unknown-key", f"unknown key `{brief(str(key))}`", help, at_value=False
                )
        words, lives_s = given.get("command"), given.get("lives_s")
        if not isinstance(words, list) or not words or not all(isinstance(w, str) and w for w in words):
            at = (*pointer, "command") if "command" in given else pointer
            help = "no shell reads it: `command: [gcloud, auth, print-access-token]`"
            self.report(at, "command", "a command is a list of words", help)
            return None
        number = isinstance(lives_s, int | float) and not isinstance(lives_s, bool) and lives_s > 0
        if lives_s is not None and not number:
            self.report((*pointer, "lives_s"), "command", "`lives_s` is a number of seconds above 0")
            return None
        return SecretCommand(tuple(words), folder, lives_s)

    def like(self, within: Pointer, default: Mapping[str, Any]) -> dict[str, Any]:
        """Return the catalogue's `env` with the file's values, which must have the same members and types."""
        given: Any = self.mapping("env") if not within else self.source.data["env"]
        for step in within:
            given = given[step]
        merged = dict(default)
        for name, value in given.items():
            pointer = ("env", *within, name)
            if name not in default:
                where = "`env`" if not within else f"`env.{'.'.join(map(str, within))}`"
                message = f"the catalogue's {where} has no `{brief(str(name))}`"
                self.report(
                    pointer, "unknown-name", message, did_you_mean(str(name), default), at_value=False
                )
            elif isinstance(value, dict) and isinstance(default[name], Mapping):
                merged[name] = self.like((*within, name), default[name])
            elif _kind(value) != _kind(default[name]):
                self.report(
                    pointer, "type", f"{_kind(value)} stands here; the catalogue has {_kind(default[name])}"
                )
            else:
                merged[name] = value
        return merged


def _kind(value: Any) -> str:
    kinds = {bool: "a boolean", int: "a number", float: "a number", str: "text", type(None): "null"}
    return kinds.get(type(value), "a mapping" if isinstance(value, Mapping) else "a list")
