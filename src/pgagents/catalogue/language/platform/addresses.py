"""The API as written in the catalogue: its names, its texts and its servers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from pgagents.catalogue.language.basics import HeaderName, HeaderValue, Line, Name, Path, Strict, Url
from pgagents.model.connection.server import fill


class Server(Strict):
    """Another host of the API that no manifest lists."""

    url: Url = Field(description="Its base URL.")
    note: Line = Field(description="The reason why no manifest lists it.")


class ServerVariable(Strict):
    """A variable of a server's URL, in OpenAPI's words."""

    default: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,100}$")] = Field(
        description="The value that applies where nothing else is given."
    )
    enum: list[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,100}$")]] | None = Field(
        None, min_length=1, description="All values that it may have."
    )
    description: Line | None = Field(None, description="What it chooses, in words.")


class TemplateServer(Strict):
    """A server whose URL has variables: `https://{region}.example.com`."""

    url: Url = Field(description="Its base URL, with the names of variables in braces.")
    variables: dict[Name, ServerVariable] = Field({}, description="The variables of its URL, by name.")


class OwnServer(TemplateServer):
    """Another server of the API, for the actions that name it."""

    description: Line | None = Field(None, description="What it is for, such as uploads.")


class Api(Strict):
    """Names, texts and addresses of the API."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,64}$")] = Field(
        description="A short name of letters and digits, for places that allow nothing else."
    )
    title: Line = Field(description="The name by which people know the API.")
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$")] = Field(
        description="The version of the contract (semantic versioning)."
    )
    server: Url | TemplateServer = Field(
        description="The base URL that manifests name, or `url` with its `variables`."
    )
    servers: dict[Name, OwnServer] = Field(
        {},
        description=(
            "Other servers by name, for actions with `server: NAME`, such as an upload host; keys go to "
            "these hosts too."
        ),
    )
    other_servers: list[Server] = Field([], description="Other hosts of the API, which no manifest lists.")
    contact: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")] = Field(
        description="An e-mail address for developers."
    )
    logo: Url | None = Field(None, description="The URL of a logo.")
    terms: Url | None = Field(None, description="The URL of the terms of use.")
    privacy: Url | None = Field(None, description="The URL of the privacy policy.")
    docs: Url | None = Field(None, description="The URL of the documentation.")
    request_headers: dict[HeaderName, HeaderValue] = Field(
        default={},
        description=(
            "Headers that every call has, such as `{Stripe-Version: 2026-06-30.basil}`; no model is offered "
            "them."
        ),
    )
    for_people: Line = Field(description="The purpose of the API in one sentence for people.")
    for_models: Line = Field(description="The purpose of the API as a model should read it.")
    hosted: dict[str, Path] = Field(
        default={},
        description=(
            "Paths on the server under which generated files are "
            "hosted, by the file's path in the output folder."
        ),
    )

    @property
    def base_url(self) -> str:
        """Return the URL of the server, with the default of each variable."""
        if isinstance(self.server, str):
            return self.server
        values = {name: one.default for name, one in self.server.variables.items()}
        return fill(self.server.url, values)
