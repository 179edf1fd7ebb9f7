"""Simulate m365-spec-parser's checks of a whole document: version, validity, servers, external references."""

from __future__ import annotations

import copy
import operator
import re
from collections.abc import Iterator
from functools import cache
from ipaddress import AddressValueError, IPv6Address
from itertools import islice
from typing import Any
from urllib.parse import unquote

from pgagents.base.places import Pointer
from pgagents.lint.facts import ImporterMessage
from pgagents.lint.importers.copilot_references import Link, References, is_reference, pointer

OLDER = ("3.0.0", "3.0.1", "3.0.2", "3.0.3", "3.0.4")
NEWER = ("3.1.0", "3.1.1")
_VARIABLE = re.compile(r"\$\{\{[ \xa0]*[a-zA-Z_][a-zA-Z0-9_]*[ \xa0]*\}\}")


def loading(
    data: dict[str, Any], references: References, *, may_hold_variables: bool
) -> Iterator[ImporterMessage]:
    """Yield the problems that keep the parser from reading the document. Then it lists no operations.

    A `${{name}}` variable is reported, because it is unknown if the environment replaces it.
    """
    yield from _head(data)
    for number, (place, text) in enumerate(_variables(data) if may_hold_variables else ()):
        if number < MOST:
            yield ImporterMessage(
                "spec-not-valid", f"`{text[:60]}` holds a variable that nothing has filled in", place
            )
    for number, (place, ref) in enumerate(references.nowhere()):
        if number < MOST:
            yield ImporterMessage("spec-not-valid", f"`{ref[:120]}` leads to nothing in the document", place)
    for number, (place, ref) in enumerate(references.outside()):
        if number < MOST:
            yield ImporterMessage(
                "spec-not-valid",
                f"`{ref[:120]}` leads out of the document; the parser tries to download it",
                place,
            )


def list_messages(
    data: dict[str, Any], references: References, paths: dict[str, Any]
) -> Iterator[ImporterMessage]:
    """Yield the parser's messages about a document that it could read. Recursive documents are not
    validated.
    """
    if data["openapi"] in OLDER and not references.circular():
        said = [ImporterMessage("spec-not-valid", message, place) for place, message in invalid(references)]
        if said:
            yield from said
            return
    if data["openapi"] in NEWER:
        yield ImporterMessage(
            "spec-version-not-supported",
            f"the document is OpenAPI {data['openapi']}; please use version 3.0.x",
            ("openapi",),
        )
    yield from servers(data, paths)


def _head(data: dict[str, Any]) -> Iterator[ImporterMessage]:
    """Yield a message if the top of the document does not look like OpenAPI."""
    version, info = data.get("openapi"), data.get("info")
    at: Pointer = ("openapi",) if "openapi" in data else ()
    if "openapi" not in data or "info" not in data:
        yield ImporterMessage(
            "spec-not-valid", "`openapi` or `info` is missing at the top of the document", ()
        )
    elif "paths" not in data and not (version in NEWER and "webhooks" in data):
        yield ImporterMessage("spec-not-valid", "`paths` is missing at the top of the document", ())
    elif version not in (*OLDER, *NEWER):
        yield ImporterMessage(
            "spec-not-valid",
            f"the version is `{str(version)[:20]}`, and the parser accepts {', '.join((*OLDER, *NEWER))}",
            at,
        )
    elif not isinstance(info, dict) or isinstance(info.get("version"), int | float):
        yield ImporterMessage(
            "spec-not-valid", "`info.version` is a number, and must be a text in quotes", ("info", "version")
        )


def _variables(data: Any) -> Iterator[tuple[Pointer, str]]:
    """Yield every text or key of the document that contains `${{name}}`."""
    stack: list[tuple[Pointer, Any]] = [((), data)]
    while stack:
        place, value = stack.pop()
        if isinstance(value, dict):
            stack.extend(((*place, key), part) for key, part in reversed(value.items()))
            yield from (((*place, key), key) for key in value if "${{" in key and _VARIABLE.search(key))
        elif isinstance(value, list):
            stack.extend(((*place, n), part) for n, part in reversed(list(enumerate(value))))
        elif isinstance(value, str) and "${{" in value and _VARIABLE.search(value):
            yield place, value


# -- the first server of each list, by the rules of the URL standard.
#
# https://url.spec.whatwg.org/, read 2026-11-21.


METHODS = ("get", "post", "put", "patch", "delete")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_SPECIAL = ("http", "https", "ws", "wss", "ftp")
_FORBIDDEN = re.compile(r"[\x00-\x20#/:<>?@\[\\\]^|%\x7f]")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")


def servers(data: dict[str, Any], paths: dict[str, Any]) -> Iterator[ImporterMessage]:
    """Yield messages about the document's servers, then about those of its paths and operations."""
    found = False
    for at, written in _lists(data, paths):
        if isinstance(written, list) and written:
            found = True
            if trouble := _trouble(written[0]):
                yield ImporterMessage(trouble, _text(trouble, written[0]), (*at, 0))
            yield from _plain(written, at)
    if not found:
        yield ImporterMessage(
            "no-server-information", "no server is named", ("servers",) if "servers" in data else ()
        )


def of_operation(data: dict[str, Any], item: dict[str, Any], operation: dict[str, Any]) -> str | None:
    """Return the parser's error name for an operation's server, or None."""
    for holder in (operation, item, data):
        written = holder.get("servers")
        if isinstance(written, list) and written and written[0]:
            return _trouble(written[0])
    return "no-server-information"


def protocol(url: str) -> str | None:
    """Return the scheme of an absolute URL, or None for a relative or invalid one."""
    text = re.sub(r"[\t\n\r]", "", url.strip("".join(map(chr, range(33)))))
    match = _SCHEME.match(text)
    if match is None:
        return None
    scheme = match.group(1).lower()
    return scheme if scheme not in _SPECIAL or _has_host(text[match.end() :]) else None


def _lists(data: dict[str, Any], paths: dict[str, Any]) -> Iterator[tuple[Pointer, Any]]:
    yield ("servers",), data.get("servers")
    for path, item in paths.items():
        if not isinstance(item, dict):
            continue
        yield ("paths", path, "servers"), item.get("servers")
        for method in METHODS:
            if isinstance(operation := item.get(method), dict):
                yield ("paths", path, method, "servers"), operation.get("servers")


def _trouble(server: Any) -> str | None:
    url = server.get("url") if isinstance(server, dict) else None
    scheme = protocol(url) if isinstance(url, str) else None
    if scheme is None:
        return "relative-server-url-not-supported"
    return None if scheme in ("http", "https") else "url-protocol-not-supported"


def _text(trouble: str, server: Any) -> str:
    url = str(server.get("url") if isinstance(server, dict) else server)
    if trouble == "url-protocol-not-supported":
        return f"`{protocol(url)}` is neither https nor http"
    return f"`{url[:120]}` is not an absolute URL"


def _plain(written: list[Any], at: Pointer) -> Iterator[ImporterMessage]:
    for n, server in enumerate(written):
        url = server.get("url") if isinstance(server, dict) else None
        if isinstance(url, str) and protocol(url) == "http":
            yield ImporterMessage("plain-server", f"`{url[:120]}` is not https", (*at, n))


def _has_host(rest: str) -> bool:
    """True if the text after `https:` begins with a host and, if present, a numeric port."""
    authority = re.split(r"[/\\?#]", rest.lstrip("/\\"), maxsplit=1)[0].rpartition("@")[2]
    match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::([0-9]*))?", authority)
    if match is None or (match.group(2) and int(match.group(2)) > 65535):
        return False
    return _is_host(match.group(1))


def _is_host(host: str) -> bool:
    if host.startswith("["):
        try:
            IPv6Address(host[1:-1])
        except AddressValueError:
            return False
        return True
    name = unquote(host)
    last = name.removesuffix(".").rpartition(".")[2]
    if not name or _FORBIDDEN.search(name):
        return False
    return not _NUMBER.fullmatch(last) or _is_ipv4(name.removesuffix("."))


def _is_ipv4(host: str) -> bool:
    parts = host.split(".")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return False
    try:
        numbers = [
            int(p, 16) if p[:2].lower() == "0x" and p[2:] else int(p, 8) if p[:1] == "0" and p[1:] else int(p)
            for p in parts
        ]
    except ValueError:
        return False
    return all(n < 256 for n in numbers[:-1]) and numbers[-1] < 256 ** (5 - len(numbers))


# -- validity as OpenAPI 3.0, by the parser's edition of the schema.
#
# The parser replaces all references before it validates. Here a reference stays where the schema allows
# one, and its target is validated once for each kind of place. So the time is proportional to the
# document's size.


MOST = 50
MOST_VALUES = 3_000_000
"""Most values that are checked, counting targets at each replacement. Further values count as valid."""
_REFERENCE = "#/definitions/Reference"
_PREFIX = "#/definitions/"


def invalid(references: References) -> Iterator[tuple[Pointer, str]]:
    """Yield the first `MOST` schema errors, each with its place."""
    yield from islice(_Walk(references).errors(), MOST)


class _Walk:
    """Walk along the schema, and record every reference with the kind of value that its target must be."""

    def __init__(self, references: References) -> None:
        self.references = references
        self.seen: set[tuple[int, str]] = set()
        self.waiting: list[tuple[Link, Any, str]] = []
        self.twice: list[Link] = []
        self.left = MOST_VALUES

    def errors(self) -> Iterator[tuple[Pointer, str]]:
        whole = self._laid(self.references.data, _schema(), None)
        yield from _errors("", whole, ())
        while self.waiting:
            link, written, kind = self.waiting.pop()
            yield from self._behind(link, written, kind)
        yield from ((pointer(link), "two of the parameters are the same") for link in self.twice)

    def _behind(self, link: Link, written: dict[str, Any], kind: str) -> Iterator[tuple[Pointer, str]]:
        """Yield the errors of a reference's target for the kind of object expected at the reference."""
        target = self.references.target(written["$ref"])
        if not isinstance(target, dict | list):
            yield from _errors(kind, target, pointer(link))
            return
        if len(written) > 1:
            beside = {key: value for key, value in written.items() if key != "$ref"}
            alone = kind == "Schema" and isinstance(target, dict)  # no rule for schemas combines two keywords
            laid = beside if alone else self.references.follow(written)
            yield from _errors(kind, self._laid(laid, _definitions()[kind], link), pointer(link))
            if not alone:
                return
        if is_reference(target):
            self.waiting.append((link, target, kind))
        elif (id(target), kind) not in self.seen:
            laid = self._laid(target, _definitions()[kind], None)
            yield from (
                (pointer(link), f"{message}, where `{written['$ref'][:120]}` leads")
                for _, message in _errors(kind, laid, ())
            )

    def _laid(self, value: Any, schema: dict[str, Any], link: Link) -> Any:
        """Return the value with references replaced where the schema allows none.

        Allowed references are recorded and stay.
        """
        self.left -= 1
        if not schema or self.left < 0:
            return value
        kind, schema, takes = _kind(schema)
        if "$ref" in value and is_reference(value):
            if takes:
                self.waiting.append((link, value, kind))
                return value
            value = self.references.follow(value)
        if isinstance(value, dict):
            self.seen.add((id(value), kind))
            parts = {
                key: (part, _of_member(schema, key))
                for key, part in value.items()
                if isinstance(part, dict | list)
            }
            return self._with(
                value, {key: self._laid(part, of, (link, key)) for key, (part, of) in parts.items()}
            )
        if isinstance(value, list) and "items" in schema:
            if schema.get("uniqueItems") and any(map(is_reference, value)):
                self._alike(value, link)
            of = schema["items"]
            items = [
                self._laid(part, of, (link, n)) if isinstance(part, dict | list) else part
                for n, part in enumerate(value)
            ]
            return value if all(map(operator.is_, items, value)) else items
        return value

    @staticmethod
    def _with(value: dict[str, Any], laid: dict[str, Any]) -> dict[str, Any]:
        return value if all(value[key] is part for key, part in laid.items()) else {**value, **laid}

    def _alike(self, value: list[Any], link: Link) -> None:
        """Record a list whose references lead to equal values, because its items are not unique."""
        behind = [self.references.follow(part) for part in value]
        if any(part in behind[:n] for n, part in enumerate(behind)):
            self.twice.append(link)


def _kind(schema: dict[str, Any]) -> tuple[str, dict[str, Any], bool]:
    """Return the name of the definition that a place requires, the definition, and if a reference is
    allowed.
    """
    if id(schema) not in _KINDS:
        _KINDS[id(schema)] = _kind_of(schema)
    return _KINDS[id(schema)]


_KINDS: dict[int, tuple[str, dict[str, Any], bool]] = {}
"""Cache by `id()` of a part of the schema, which is never freed."""


def _kind_of(schema: dict[str, Any]) -> tuple[str, dict[str, Any], bool]:
    takes, name = False, ""
    while True:
        choices = [one["$ref"] for one in schema.get("oneOf", ()) if "$ref" in one]
        if _REFERENCE in choices:
            takes, schema = True, {"$ref": next(ref for ref in choices if ref != _REFERENCE)}
        if "$ref" not in schema:
            return name, schema, takes
        name = schema["$ref"].removeprefix(_PREFIX)
        schema = _definitions()[name]


def _of_member(schema: dict[str, Any], key: str) -> dict[str, Any]:
    member = schema.get("properties", {}).get(key)
    if member is None:
        member = next(
            (one for form, one in schema.get("patternProperties", {}).items() if re.search(form, key)), None
        )
    if member is None:
        member = schema.get("additionalProperties")
    return member if isinstance(member, dict) else {}


def _errors(kind: str, value: Any, place: Pointer) -> Iterator[tuple[Pointer, str]]:
    for error in _validator(kind).iter_errors(value):
        message = " ".join(error.message.split())
        yield (*place, *error.instance_path), message if len(message) <= 200 else f"…{message[-199:]}"


@cache
def _validator(kind: str) -> Any:
    import jsonschema_rs

    schema = {"$ref": f"{_PREFIX}{kind}", "definitions": _definitions()} if kind else _schema()
    return jsonschema_rs.Draft4Validator(schema, validate_formats=False)


def _definitions() -> Any:
    return _schema()["definitions"]


@cache
def _schema() -> dict[str, Any]:
    """Return the schema edition of 2019-04-02, which the parser uses, by reverting the changes of the
    later one.
    """
    from openapi_spec_validator.schemas import schema_v30

    schema = copy.deepcopy(dict(schema_v30))
    schema.pop("id", None)
    definitions = schema["definitions"]
    for name in ("AuthorizationCodeOAuthFlow", "ClientCredentialsFlow", "PasswordOAuthFlow"):
        definitions[name]["required"] = [key for key in definitions[name]["required"] if key != "scopes"]
    definitions["Encoding"].pop("patternProperties", None)
    definitions["Encoding"]["properties"]["headers"]["additionalProperties"] = {
        "$ref": "#/definitions/Header"
    }
    bearer, other = definitions["HTTPSecurityScheme"]["oneOf"]
    bearer["properties"]["scheme"] = {"enum": ["bearer"]}
    other["properties"]["scheme"] = {"not": {"enum": ["bearer"]}}
    return schema
