"""Surfaces as written in the catalogue: places where actions are offered, their listings and their test
cases.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from pgagents.catalogue.language.basics import (
    Cel,
    Json,
    Line,
    Name,
    Path,
    Scope,
    Security,
    Slug,
    Status,
    Strict,
    Url,
)

# -- listings of a store


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
    ) = Field(
        None,
        description="The version of the package, which is the product's; the default is `api.version`.",
    )
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


# -- test cases of a store


Word = Annotated[str, StringConstraints(min_length=2, max_length=60, pattern=r"^[^\W_]+([ -][^\W_]+)*$")]
"""A word or a few: letters and digits, with single spaces or hyphens between."""
MOST_CALLS = 20


class CaseCall(Strict):
    """One call of a test case."""

    tool: Name = Field(description="The tool, by its action's name.")
    arguments: dict[str, Json] = Field(
        {}, description="Arguments; strings that begin with `=` are expressions over the earlier calls."
    )
    name: Name | None = Field(
        None, description="The name by which expressions read this call; the default is the tool's."
    )


class RefusedCall(Strict):
    """A call that the API must refuse."""

    tool: Name = Field(description="The tool, by its action's name.")
    arguments: dict[str, Json] = Field(
        {}, description="Arguments; strings that begin with `=` are expressions over `env`."
    )
    code: Name = Field(description="The error code (under `errors.codes`) of its answer.")


class Case(Strict):
    """A test case: its prompt, and its purpose."""

    prompt: Line = Field(description="The words that the reviewer gives to the model.")
    description: Line | None = Field(
        None, description="The purpose of the case, for the reviewer; the default is its name."
    )
    draft: bool = Field(
        False,
        description=(
            "True while the prompt is only proposed, by a tool and not by the author; a submission is "
            "refused until it is removed."
        ),
    )


class PositiveCase(Case):
    """A prompt that the tools must answer, the calls that answer it, and what must then hold."""

    calls: list[CaseCall] = Field(
        min_length=1, max_length=MOST_CALLS, description="The calls that answer the prompt, in order."
    )
    expect: list[Cel] = Field(
        min_length=1,
        description=(
            "Conditions that must hold after the last call: over `input` and `response` of the last call, "
            "and over those of each call by its name, as `find.response.total`."
        ),
    )
    outcome: Line = Field(description="The result in words, as the reviewer sees it.")


class NegativeCase(Case):
    """A prompt that the tools must not answer. Exactly one key says what stands in the way."""

    not_offered: list[Word] | None = Field(
        None,
        min_length=1,
        max_length=20,
        description="Words that no tool's name, title or description has.",
    )
    refused: RefusedCall | None = Field(None, description="A call that the API refuses, and its error code.")
    asks_first: Name | None = Field(
        None,
        description="A tool whose hints let a host ask the user first: it is destructive, as its hints say.",
    )


class Cases(Strict):
    """The test cases that a store's reviewer tries, by name."""

    positive: dict[Name, PositiveCase] = Field(
        default={}, description="Cases that must work, from the state that the reviewer meets."
    )
    negative: dict[Name, NegativeCase] = Field(default={}, description="Cases that must not work.")


class McpEnv(Strict):
    """Names of the environment variables that an MCP client sets."""

    key: str = Field(description="The variable with the key.")
    url: str = Field(description="The variable with the API's base URL.")


class PageColumn(Strict):
    """One column of a page's table: a member of each item, and its format."""

    title: Line = Field(description="The heading of the column.")
    show: Name = Field(description="The member of an item that the column shows.")
    as_: Literal["text", "usd", "km", "minutes", "yes_no"] = Field(
        "text", alias="as", description="The format of the value."
    )
    per: Name | None = Field(
        None, description="The member with the unit that a price is for, as in `$6.00 per hour`."
    )
    of: Name | None = Field(None, description="The member with the total, as in `87 of 400`.")


class Page(Strict):
    """A page for trying one reading action of a dispatcher, with a form, a map and a table."""

    path: Path = Field(description="The path where the API serves the page.")
    dispatcher: Name = Field(description="The surface through which the page makes its calls.")
    one: Line = Field("result", description="The noun for one found item.")
    many: Line = Field("results", description="The noun for several found items.")
    lat: Name = Field(description="The argument, and the member of an item, with the latitude.")
    lng: Name = Field(description="The argument, and the member of an item, with the longitude.")
    radius_km: Name = Field(description="The argument with the radius.")
    items: Name = Field(description="The member of the answer with the list of found items.")
    label: Name = Field(description="The member of an item with its name.")
    columns: list[PageColumn] = Field(min_length=1, description="Columns of the table.")
    labels: dict[Name, Line] = Field(
        default={}, description="Labels of the form's arguments; the default is the argument's name."
    )
    places: dict[Line, dict[str, Json]] = Field(
        min_length=1,
        description="Sample places by name, each with its arguments; the form starts with the first one.",
    )


class AppPackage(Strict):
    """The app package that contains the surface, for a vendor that requires one (Microsoft 365 Copilot)."""

    developer: Annotated[str, StringConstraints(min_length=1, max_length=32)] = Field(
        description="The developer of the app, as a store shows it."
    )
    website: Url | None = Field(None, description="The developer's page; the default is the API's server.")
    id: (
        Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$")]
        | None
    ) = Field(None, description="The app's own GUID; the default is derived from the API's address and id.")
    accent: Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")] = Field(
        "#1F5FA8", description="The colour of its icon."
    )


class McpServer(Strict):
    """The MCP server that offers the tools: hosted at a URL, or a package that clients start."""

    url: Url | None = Field(None, description="The URL of the hosted server.")
    transport: Literal["streamable-http", "sse"] | None = Field(
        None, description="The transport of the hosted server; the default is `streamable-http`."
    )
    version: (
        Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\^~<>=*| ]+$")] | None
    ) = Field(
        None,
        description=(
            "The version of an npm or PyPI package, which may be released apart. The default is "
            "`api.version`, which any other server has."
        ),
    )
    security: Security | None = Field(
        None,
        description="Overrides the catalogue's `security` for the hosted server; `[]`: it takes no key.",
    )
    package: Annotated[str, StringConstraints(pattern=r"^(npm|pypi|oci):\S+$")] | None = Field(
        None, description="The package that clients start: `npm:NAME`, `pypi:NAME` or `oci:IMAGE:TAG`."
    )


class Narrowing(Strict):
    """The form of an argument on one surface: another name, or fewer of its values."""

    as_: Name | None = Field(None, alias="as", description="The argument's name on this surface.")
    required: Literal[True] | None = Field(None, description="True if every call from here must give it.")
    minimum: float | None = Field(None, description="The least value here.")
    maximum: float | None = Field(None, description="The greatest value here.")
    min_length: int | None = Field(
        None, alias="minLength", ge=0, description="The least number of characters here."
    )
    max_length: int | None = Field(
        None, alias="maxLength", ge=0, description="The greatest number of characters here."
    )
    min_items: int | None = Field(None, alias="minItems", ge=0, description="The least number of items here.")
    max_items: int | None = Field(
        None, alias="maxItems", ge=0, description="The greatest number of items here."
    )
    enum: list[Json] | None = Field(None, min_length=1, description="The values that are allowed here.")
    default: Json = Field(None, description="The value that applies here if it is left out.")


class Surface(Strict):
    """A place where some of the actions are offered, with its names and settings."""

    actions: str | list[Name] = Field("all", description="`all`, the name of a group, or a list of actions.")
    omit: dict[Name, list[Name]] = Field(
        default={},
        description="Optional arguments that an action does not take here; each is listed as a loss.",
    )
    narrow: dict[Name, dict[Name, Narrowing]] = Field(
        default={},
        description=(
            "Arguments, by action, that have another name here or take fewer values; the answers stay "
            "those of the action."
        ),
    )
    title: Line | None = Field(None, description="A short title.")
    description: Line | None = Field(
        None, description="The purpose of the surface; replaces `api.for_people`."
    )
    name: str | None = Field(None, description="The name that people see; replaces `api.title`.")
    namespace: str | None = Field(None, description="The prefix of function names here.")
    scope: Scope | None = Field(None, description="The scope that a key's plan must have to use the surface.")
    # keys of a dispatcher: one operation that takes the action's name and its arguments
    http: Annotated[str, StringConstraints(pattern=r"^POST /[^\s?#]*$")] | None = Field(
        None, description="For a dispatcher: `POST` and its path."
    )
    form: Literal["object", "json_rpc"] | None = Field(
        None,
        description=(
            "For a dispatcher: `json_rpc` if its messages are JSON-RPC 2.0 (`method`, `params`, and an "
            "error's body under `error.data`); the default is `object`."
        ),
    )
    operation_id: Name | None = Field(None, description="For a dispatcher: the id of its operation.")
    selector: Name | None = Field(None, description="For a dispatcher: the member with the action's name.")
    arguments: Name | None = Field(None, description="For a dispatcher: the member with the arguments.")
    responses: dict[Status, Line] = Field(
        {}, description="For a dispatcher: descriptions of its answers, by status."
    )
    attribution: dict[str, str] = Field(
        {}, description="The attribution that calls from here are recorded with."
    )
    dispatcher: bool = Field(False, description="True if the dispatcher is offered here beside the actions.")
    # keys of assistants' surfaces
    server: str | McpServer | None = Field(
        None,
        description=(
            "For `mcp` and `copilot_mcp`: the MCP server; short forms are its URL, and the name of its npm "
            "package. Without it, clients start `pgagents mcp` on this file, and nothing is written for the "
            "registry."
        ),
    )
    headers: dict[str, str] = Field(
        default={}, description="Headers that our own client sends with every call from here."
    )
    env: McpEnv | None = Field(
        None, description="For MCP: the names of the environment variables that a client sets."
    )
    auth: dict[str, str] = Field({}, description="How the vendor authenticates, in the vendor's own terms.")
    instructions: Line | None = Field(None, description="Instructions for the assistant beside the actions.")
    starters: list[Line] = Field([], description="Questions that a person may start with.")
    published_spec: str | None = Field(None, description="The hosted document that this manifest refers to.")
    extra: dict[str, Json] = Field(
        default={},
        description=(
            "Members that are added to the generated file unchanged; `a.b` addresses an inner member."
        ),
    )
    page: Page | None = Field(
        None, description="A page for trying the surface's only action; the target `widget` reads it."
    )
    package: AppPackage | None = Field(
        None, description="The app package that contains the surface; the targets of `copilot` read it."
    )
    listing: Listing | None = Field(
        None,
        description=(
            "For `openai`, `anthropic` and `gemini`: the plugin with the MCP server's tools, as the store "
            "lists it."
        ),
    )
    cases: Cases | None = Field(
        None, description="Beside `listing`: the test cases of the plugin, which `pgagents verify` runs."
    )
    cite: list[str] = Field([], description="Ids of the requirements that this surface states.")
