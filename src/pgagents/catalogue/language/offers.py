"""Where the actions are offered, and the events that go out, as they are written."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from pgagents.catalogue.language.basics import Cited, Json, Line, Name, Path, Status, Strict, Url


class McpEnv(Strict):
    """Names of the environment variables an MCP client sets."""

    key: str = Field(description="The variable with the key.")
    url: str = Field(description="The variable with the API's address.")


class PageColumn(Strict):
    """One column of a page's table: a member of each item, and how a person reads it."""

    title: Line = Field(description="The head of the column.")
    show: Name = Field(description="The member of an item.")
    as_: Literal["text", "usd", "km", "minutes", "yes_no"] = Field("text", alias="as", description="How its value is written.")
    per: Name | None = Field(None, description="The member that says what a price is for: `$6.00 per hour`.")
    of: Name | None = Field(None, description="The member that is the whole: `87 of 400`.")


class Page(Strict):
    """A page on which a person tries one read action of a dispatcher: its form, its map and its table."""

    path: Path = Field(description="Where the API serves it.")
    dispatcher: Name = Field(description="The surface that the calls go through.")
    one: Line = Field("result", description="What a found item is called.")
    many: Line = Field("results", description="What several are called.")
    lat: Name = Field(description="The argument, and the member of an item, with the latitude.")
    lng: Name = Field(description="The argument, and the member of an item, with the longitude.")
    radius_km: Name = Field(description="The argument with the radius.")
    items: Name = Field(description="The member of the answer that lists what was found.")
    label: Name = Field(description="The member of an item that names it.")
    columns: list[PageColumn] = Field(min_length=1, description="Columns of the table.")
    labels: dict[Name, Line] = Field(default={}, description="What the form calls an argument; its own name else.")
    places: dict[Line, dict[str, Json]] = Field(
        min_length=1, description="Arguments by the name of a sample place; the first one is filled in."
    )


class AppPackage(Strict):
    """The app in which a surface travels where its vendor takes packages (Microsoft 365 Copilot)."""

    developer: Annotated[str, StringConstraints(min_length=1, max_length=32)] = Field(description="Who makes the app, as a store shows it.")
    website: Url | None = Field(None, description="The developer's page; else the API's server.")
    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$")] | None = Field(
        None, description="A GUID of its own; else one that follows from the API's address and id."
    )
    accent: Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")] = Field("#1F5FA8", description="The colour of its icon.")


class Surface(Strict):
    """Where a subset of the actions is offered, under which names and with which settings."""

    actions: str | list[Name] = Field("all", description="`all`, the name of a group, or a list.")
    omit: dict[Name, list[Name]] = Field(
        default={}, description="Optional arguments that an action does not take here; each is a listed loss."
    )
    title: Line | None = Field(None, description="A few words on it.")
    description: Line | None = Field(None, description="What it is for, in the place of `api.for_people`.")
    name: str | None = Field(None, description="What people see, in the place of `api.title`.")
    namespace: str | None = Field(None, description="The prefix of the functions' names there.")
    scope: Name | None = Field(None, description="The scope that a key's plan must have here.")
    # a dispatcher: one operation that takes the action's name and its arguments
    http: Annotated[str, StringConstraints(pattern=r"^POST /[^\s?#]*$")] | None = Field(
        None, description="Of a dispatcher: `POST` and its path."
    )
    operation_id: Name | None = Field(None, description="Of a dispatcher: its operation's id.")
    selector: Name | None = Field(None, description="Of a dispatcher: the member that holds the action's name.")
    arguments: Name | None = Field(None, description="Of a dispatcher: the member that holds the arguments.")
    responses: dict[Status, Line] = Field({}, description="Of a dispatcher: its answers in words, by status.")
    attribution: dict[str, str] = Field({}, description="What calls from here are recorded as.")
    dispatcher: bool = Field(False, description="Whether the dispatcher is offered here beside the actions.")
    # assistants
    server: str | None = Field(None, description="Of `mcp`: the name of the server's npm package. Of `copilot_mcp`: the server's URL.")
    headers: dict[str, str] = Field(default={}, description="Headers that our own client sends on every call from here.")
    env: McpEnv | None = Field(None, description="Of MCP: the names of the variables that a client sets.")
    auth: dict[str, str] = Field({}, description="How the vendor proves who calls, in its own words.")
    instructions: Line | None = Field(None, description="What the assistant is told beside the actions.")
    starters: list[Line] = Field([], description="Questions that a person may begin with.")
    published_spec: str | None = Field(None, description="The hosted document this manifest names.")
    extra: dict[str, Json] = Field(default={}, description="Members laid into the artefact as they are; `a.b` reaches inside.")
    page: Page | None = Field(None, description="A page on which a person tries the surface's one action; read by the target `widget`.")
    package: AppPackage | None = Field(None, description="The app in which it travels; read by the targets of `copilot`.")
    cite: list[str] = Field([], description="Ids of the requirements behind it.")


class Event(Cited):
    """A kind of outgoing event."""

    description: Line = Field(description="When it is sent.")
    data: Name | None = Field(None, description="The schema (under `schemas`) of its data.")
    by: list[Name] = Field(default=[], description="Actions whose success sends it.")
    about: Name | None = Field(None, description="The resource that its data is, as the action left it.")


class Signature(Strict):
    """How an outgoing event is signed."""

    header: str = Field(description="The header with the signature.")
    scheme: Literal["t_v1_hmac_sha256"] = Field("t_v1_hmac_sha256", description="How it is made: `t=TIME,v1=HMAC-SHA256(TIME.body)`.")
    tolerance_s: Annotated[int, Field(gt=0)] = Field(300, description="How many seconds a signature's time may be off, behind or ahead.")


class Webhooks(Cited):
    """Events the API sends out."""

    envelope: Name = Field(description="The schema (under `schemas`) of every delivery.")
    signature: Signature = Field(description="How a delivery is signed.")
    registered_by: Name = Field(description="The action that registers a target.")
    url: Name = Field("url", description="The argument that is the target's address.")
    types: Name = Field("events", description="The argument that lists the types of events to send.")
    secret_at: str | None = Field(None, description="Where the answer has the secret that signs deliveries, such as `webhook.secret`.")
    id_at: Name = Field("id", description="The envelope's member with the event's id, which a redelivery keeps.")
    type_at: Name = Field("type", description="The envelope's member with the event's type.")
    data_at: Name = Field("data", description="The envelope's member with what happened to what.")
    within_s: Annotated[int, Field(gt=0)] = Field(30, description="How soon after the action an event is sent.")
    again_within_s: Annotated[int, Field(gt=0)] | None = Field(
        None, description="How soon a delivery that failed is sent again; left out: that it is sent again is not promised."
    )
    targets: Literal["public", "any"] = Field(
        "any", description="`public`: plain http and private, loopback and link-local addresses are refused."
    )
    events: dict[str, Event] = Field(min_length=1, description="Kinds of events by name.")


class Idempotency(Cited):
    """What an idempotency key does, wherever an action has one."""

    lives_s: Annotated[int, Field(gt=0)] | None = Field(None, description="For how many seconds a key is remembered.")
    not_used_up_by: list[Status] = Field(default=[], description="Statuses after which the same call may be made again with it.")
    of: Literal["key", "project"] = Field("key", description="Whose calls share a key.")


class Retention(Cited):
    """How long something is kept, and what happens then."""

    after_s: Annotated[int, Field(gt=0)] = Field(description="Seconds after which it happens.")
    of: Line = Field(description="What is kept.")
    then: Line = Field(description="What happens then.")
