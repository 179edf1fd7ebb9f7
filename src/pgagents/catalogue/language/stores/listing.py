"""A store's listing of a plugin as written in the catalogue."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from pgagents.catalogue.language.basics import Line, Slug, Strict, Url

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]

FileName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,400}$")]


class Developer(Strict):
    """The developer of a plugin, as a store shows it."""

    name: Line = Field(description="The name of the person or company.")
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")] | None = Field(
        None, description="An e-mail address; the default is `api.contact`."
    )
    url: Url | None = Field(None, description="The developer's page.")


class Translation(Strict):
    """The texts of a listing in another language."""

    subtitle: Line | None = Field(None, description="The subtitle.")
    description: Line | None = Field(None, description="The long description.")


class Listing(Strict):
    """A plugin with the tools of the surface `mcp`, as a store lists it.

    Name and starter prompts are `name` and `starters` of the surface; `description` of the surface is the
    package's own short text. Each text is held to the limits of the store.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")] | None = Field(
        None, description="The name of the package; the default is `api.id` in lower case."
    )
    version: (
        Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$")] | None
    ) = Field(None, description="The version of the package; the default is `api.version`.")
    subtitle: Line | None = Field(None, description="The line under the name.")
    description: Line | None = Field(
        None, description="The long description; the default is the surface's `description`."
    )
    category: Line | None = Field(None, description="The store's category.")
    capabilities: list[Line] = Field([], description="The abilities of the plugin, in a few words each.")
    keywords: list[Line] = Field([], description="Words by which people search.")
    skills: list[Slug] | None = Field(
        None,
        description=(
            "The workflows that become skills of the package, beside the one about all tools; the default is "
            "each workflow whose steps the tools can take."
        ),
    )
    developer: Developer | None = Field(
        None, description="The developer; the default is the API's title and contact."
    )
    website: Url | None = Field(
        None, description="The page about the plugin; the default is `api.docs`, else the API's server."
    )
    support: Url | None = Field(None, description="The page with help.")
    privacy: Url | None = Field(None, description="The privacy policy; the default is `api.privacy`.")
    terms: Url | None = Field(None, description="The terms of use; the default is `api.terms`.")
    colour: Colour | None = Field(
        None, description="The colour of the brand and of the icon, on a light background."
    )
    colour_dark: Colour | None = Field(None, description="The colour of the brand on a dark background.")
    icon: FileName | None = Field(
        None,
        description=(
            "The icon's file, as a path from the catalogue's folder; without it, initials are drawn on "
            "`colour`."
        ),
    )
    license: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.+() -]{1,100}$")] | None = Field(
        None, description="The licence of the package's files, as SPDX writes it: `Apache-2.0`."
    )
    release_notes: Line | None = Field(None, description="The changes of this version.")
    countries: list[Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]] | None = Field(
        None, description="The countries in which it is listed, as `US`; `[]` means everywhere."
    )
    demo: Url | None = Field(None, description="A recording of the plugin at work, for the reviewer.")
    commerce: Line | None = Field(
        None, description="The purchases that its tools make, and how they are paid; it makes none without."
    )
    translations: dict[
        Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")], Translation
    ] = Field(default={}, description="The texts in other languages, by locale: `de`, `pt-BR`.")
