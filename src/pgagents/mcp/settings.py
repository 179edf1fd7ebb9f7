"""Read the settings of a hosted MCP server from environment variables, and write its log as JSON lines."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pgagents.base.errors import PgagentsError
from pgagents.base.http import is_exposed
from pgagents.base.text import did_you_mean
from pgagents.catalogue.model.model import Model
from pgagents.client.environment import base_url, header_safe

PREFIX = "PGAGENTS_MCP_"
PATH = "/mcp"
PER_MINUTE, AT_ONCE = 120, 10
TOOLS = ("listed", "search")
VARIABLES = {
    "CATALOGUE": "the catalogue's file; the default is the only one in ./catalogue",
    "PUBLIC_URL": "this server's URL as clients use it, which ends in /mcp; tokens must be issued for it",
    "ISSUER": "URL of the authorization server that issues tokens",
    "CLIENT": "`id:secret`, our credentials at the issuer, for introspection and token exchange",
    "EXCHANGE": "the API's name at the issuer: each caller's token is exchanged for one of the API",
    "LINKED_KEYS": "a JSON file that maps subjects to keys of the API, or `module:function`",
    "TOKEN": "without an issuer: the token that callers send; all of them call as the operator",
    "ORIGINS": "origins whose web pages may call, with blanks between",
    "CACERT": "a file of CAs to trust (PEM)",
    "TOOLS": "`search` lets models find the tools that are not listed (usual above sixty), `listed` does not",
    "CALLS_PER_MINUTE": f"calls of one caller a minute, in each process; the default is {PER_MINUTE}",
    "CALLS_AT_ONCE": f"calls of one caller under way, in each process; the default is {AT_ONCE}",
}
"""The variables without their prefix, each with its meaning."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The sign-in of callers, the source of their API keys, and their limits."""

    public_url: str = ""
    issuer: str = ""
    client: tuple[str, str] | None = None
    audience: str = ""
    linked_keys: str = ""
    token: str = ""
    origins: tuple[str, ...] = ()
    cacert: str | None = None
    per_minute: int = PER_MINUTE
    at_once: int = AT_ONCE
    tools: str = ""
    """`listed` or `search`; empty for search where the API is large."""

    def searches(self, model: Model) -> bool:
        """True if models find the tools that are not listed."""
        from pgagents.mcp.search import is_usual

        return self.tools == TOOLS[1] or (not self.tools and is_usual(model))

    def check(self) -> None:
        """Raise PgagentsError if the settings contradict each other, or would let anybody call."""
        if self.issuer and not self.public_url:
            raise PgagentsError(
                "an issuer needs the server's public URL, for which it issues tokens",
                f"set {PREFIX}PUBLIC_URL=https://mcp.example.com{PATH}",
            )
        if self.issuer and not self.public_url.endswith(PATH):
            raise PgagentsError(
                f"the public URL {self.public_url} does not end in {PATH}", f"the server answers under {PATH}"
            )
        if not self.issuer and (self.audience or self.linked_keys):
            raise PgagentsError(
                "without an issuer no caller is known, so none can have a key of its own",
                f"set {PREFIX}ISSUER and {PREFIX}PUBLIC_URL",
            )
        if not self.issuer and not self.token:
            raise PgagentsError(
                "anybody could call with the operator's key",
                f"set {PREFIX}ISSUER for sign-in, or {PREFIX}TOKEN for callers that share one token",
            )
        if self.audience and self.linked_keys:
            raise PgagentsError(
                "a caller's key is exchanged or linked, not both",
                f"leave out {PREFIX}EXCHANGE or LINKED_KEYS",
            )
        if self.audience and self.client is None:
            raise PgagentsError(
                "a token exchange needs our credentials at the issuer", f"set {PREFIX}CLIENT=id:secret"
            )


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings from the variables.

    Raises PgagentsError, which names the variable but never the value of a secret.
    """
    given = {name.removeprefix(PREFIX): value for name, value in environ.items() if name.startswith(PREFIX)}
    for name in given:
        if name not in VARIABLES:
            known = [PREFIX + one for one in VARIABLES]
            raise PgagentsError(
                f"{PREFIX}{name} is not a setting",
                did_you_mean(PREFIX + name, known) or f"there are {', '.join(known)}",
            )
    settings = Settings(
        public_url=_url(given, "PUBLIC_URL"),
        issuer=_url(given, "ISSUER"),
        client=read_pair(given.get("CLIENT", "")),
        audience=given.get("EXCHANGE", ""),
        linked_keys=given.get("LINKED_KEYS", ""),
        token=header_safe(given["TOKEN"], f"{PREFIX}TOKEN") if given.get("TOKEN") else "",
        origins=tuple(given.get("ORIGINS", "").split()),
        cacert=_file(given, "CACERT"),
        per_minute=_number(given, "CALLS_PER_MINUTE", PER_MINUTE),
        at_once=_number(given, "CALLS_AT_ONCE", AT_ONCE),
        tools=_tools(given.get("TOOLS", "")),
    )
    settings.check()
    return settings


def _tools(text: str) -> str:
    if text and text not in TOOLS:
        raise PgagentsError(f"{PREFIX}TOOLS is `{text[:40]}`", f"it is {' or '.join(TOOLS)}")
    return text


def _url(given: Mapping[str, str], name: str) -> str:
    if not given.get(name):
        return ""
    url = base_url(given[name], PREFIX + name)
    if is_exposed(url):
        raise PgagentsError(
            f"{PREFIX}{name} {url} has no TLS", "tokens travel over https only, but on this machine"
        )
    return url


def read_pair(text: str) -> tuple[str, str] | None:
    """Return the id and the secret of `id:secret`; None for an empty text. Raises PgagentsError."""
    name, _, secret = text.partition(":")
    if text and not (name and secret):
        raise PgagentsError(f"{PREFIX}CLIENT is not `id:secret`", "give both, with a colon between")
    return (name, secret) if text else None


def _file(given: Mapping[str, str], name: str) -> str | None:
    path = given.get(name)
    if path and not Path(path).is_file():
        raise PgagentsError(f"{PREFIX}{name}: there is no file {path}", "give a file of certificates (PEM)")
    return path or None


def _number(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1_000_000):
        raise PgagentsError(
            f"{PREFIX}{name} is not a number from 1 to 1,000,000", f"the default is {default}"
        )
    return int(text)


# -- the log


NAME = "pgagents.mcp"
FIELDS = "fields"
"""The attribute of a log record with additional members."""


class JsonLines(logging.Formatter):
    """Format a record as a JSON object: time, level, event, and the record's own members."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line."""
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            said["error"] = record.exc_info[0].__name__
            frames = traceback.extract_tb(record.exc_info[2])
            if frames:
                said["at"] = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
        return json.dumps(said, ensure_ascii=True, default=str)


def write_json_lines() -> None:
    """Send the records of our loggers to stderr as JSON lines."""
    logger = logging.getLogger(NAME)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False


def note(event: str, members: Mapping[str, Any], *, level: int = logging.INFO) -> None:
    """Log an event with the members that have a value."""
    known = {name: value for name, value in members.items() if value is not None}
    logging.getLogger(NAME).log(level, event, extra={FIELDS: known})
