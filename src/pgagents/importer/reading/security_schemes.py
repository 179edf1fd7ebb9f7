"""Read the document's security schemes, and describe them for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.importer.reading.names import clean
from pgagents.importer.reading.references import References
from pgagents.model.connection.certificate import MUTUAL_TLS, NOUN, OPENAPI
from pgagents.model.credential import kinds
from pgagents.text.brief import brief

Alternative = tuple[str, ...]
"""Names of schemes that a call needs together."""


class SecuritySchemes:
    """The document's security schemes.

    `schemes` are all of them by name, as the document has them. `entries` are those of a supported kind, as
    the catalogue has them.
    """

    def __init__(self, references: References) -> None:
        root = references.root()
        written = (
            root.at("securityDefinitions")
            if "swagger" in root.value
            else root.at("components", "securitySchemes")
        )
        self.schemes = {name: references.follow(found) for name, found in written.members().items()}
        self.entries = {name: entry for name in self.schemes if (entry := self._read(name)) is not None}

    def _read(self, name: str) -> dict[str, Any] | None:
        """Return the scheme's `type` and its members in the catalogue; None for a kind that is not
        supported.
        """
        scheme = {**self.schemes[name].mapping(), "key": name}
        if _is_aws_signature(scheme):
            return None
        if scheme.get("type") == OPENAPI:
            return {"type": MUTUAL_TLS} if name == self.find_certificate() else None
        read = {
            kind: members
            for kind, known in kinds().items()
            if (members := known.read_openapi(scheme)) is not None
        }
        found = next((kind for kind in ("http_bearer", *read) if kind in read), None)
        if found is None:
            return None
        entry = read[found]
        return {"type": found, **{k: clean(v) if isinstance(v, str) else v for k, v in entry.items()}}

    def find_certificate(self) -> str | None:
        """Return the document's first scheme that is a client certificate, or None."""
        return next((n for n, found in self.schemes.items() if found.text("type") == OPENAPI), None)

    def find_kind(self, name: str) -> str:
        """Return the scheme's kind in the catalogue's language; `undeclared` if the document does not
        describe it.
        """
        if name in self.entries:
            return str(self.entries[name]["type"])
        kinds_of_others = {
            "apiKey": "unsendable", "oauth2": "oauth2", "http": "http",
            "openIdConnect": "open_id_connect", "mutualTLS": "mutual_tls",
        }  # fmt: skip
        scheme = self.schemes.get(name)
        if scheme and _is_aws_signature(scheme.mapping()):
            return "api_key"
        return kinds_of_others.get(scheme.text("type") if scheme else "", "undeclared")

    def is_bearer(self, name: str) -> bool:
        """Return whether a scheme is a bearer key."""
        return self.find_kind(name) == "http_bearer"

    def describe(self, name: str) -> str:
        """Describe the credentials of a call with a scheme, for a person."""
        scheme = self.schemes.get(name)
        kind = self.find_kind(name)
        if scheme and _is_aws_signature(scheme.mapping()):
            said = "requests signed with AWS Signature Version 4"
        elif scheme and scheme.text("type") == "apiKey":
            place = {"header": "header", "query": "query parameter", "cookie": "cookie"}.get(
                scheme.text("in"), "unknown place"
            )
            said = f"a key in the {place} `{brief(scheme.text('name'))}`"
        elif scheme and kind == "http":
            said = f"HTTP authentication by `{brief(scheme.text('scheme') or '?')}`"
        elif name in self.entries:
            said = NOUN if kind == MUTUAL_TLS else kinds()[kind].noun
        else:
            said = {
                "oauth2": "an OAuth 2.0 token",
                "open_id_connect": "an OpenID Connect token",
                "mutual_tls": "a client certificate",
            }.get(kind, "a scheme that it does not describe")
        return f"{said} (`{brief(name)}`)"

    def is_token(self, name: str) -> bool:
        """Return whether a scheme is a token of OAuth 2.0 or OpenID Connect."""
        scheme = self.schemes.get(name)
        return scheme is not None and scheme.text("type") in ("oauth2", "openIdConnect")

    def describe_together(self, names: Alternative) -> str:
        """Describe the credentials of a call that needs several schemes together, for a person."""
        return " and ".join(self.describe(name) for name in names)


def _is_aws_signature(scheme: Mapping[str, Any]) -> bool:
    """Return whether a scheme is not a key, but a signature over each request in AWS's form."""
    return str(scheme.get("x-amazon-apigateway-authtype", "")).lower() == "awssigv4"
