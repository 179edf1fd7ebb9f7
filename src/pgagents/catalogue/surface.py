"""The catalogue as it is written: pydantic classes for the YAML, sugar and all.

`schemas/catalogue.schema.json` is made from these, so every `description` here is what an editor shows.
Sugar is undone in `before` validators, so that the classes have one form of everything.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Cel = Annotated[str, StringConstraints(min_length=1)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=8000)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#]+")]
Path = Annotated[str, StringConstraints(pattern=r"^/[^\s?#]*$")]
Status = Annotated[int, Field(ge=100, le=599)]
Json = Any


class Strict(BaseModel):
    """Unknown keys are refused; numbers and booleans are not made from text."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True, defer_build=True)


class Schema(Strict):
    """A JSON Schema (2020-12), the part that carries over to vendors.

    `{$ref: Lot}` names an entry under `schemas`; `type: object` may be left out beside `properties`.
    """

    ref: str | None = Field(None, alias="$ref", description="The name of an entry under `schemas`.")
    type: str | list[str] | None = Field(None, description="One JSON type, or a list with `null` for a value that may be null.")
    title: Line | None = None
    description: Line | None = None
    format: str | None = None
    enum: list[Json] | None = Field(None, min_length=1)
    const: Json = None
    default: Json = None
    examples: list[Json] | None = None
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: float | None = Field(None, alias="exclusiveMinimum")
    exclusive_maximum: float | None = Field(None, alias="exclusiveMaximum")
    multiple_of: float | None = Field(None, alias="multipleOf", gt=0)
    min_length: int | None = Field(None, alias="minLength", ge=0)
    max_length: int | None = Field(None, alias="maxLength", ge=0)
    pattern: str | None = None
    items: Schema | None = None
    min_items: int | None = Field(None, alias="minItems", ge=0)
    max_items: int | None = Field(None, alias="maxItems", ge=0)
    unique_items: bool | None = Field(None, alias="uniqueItems")
    properties: dict[Name, Schema] | None = None
    required: list[str] | None = None
    additional_properties: bool | Schema | None = Field(None, alias="additionalProperties")
    min_properties: int | None = Field(None, alias="minProperties", ge=0)
    max_properties: int | None = Field(None, alias="maxProperties", ge=0)
    one_of: list[Schema] | None = Field(None, alias="oneOf", min_length=1)
    any_of: list[Schema] | None = Field(None, alias="anyOf", min_length=1)
    all_of: list[Schema] | None = Field(None, alias="allOf", min_length=1)
    read_only: bool | None = Field(None, alias="readOnly")
    write_only: bool | None = Field(None, alias="writeOnly")
    deprecated: bool | None = None
    secret: bool | None = Field(None, description="Never printed, stored or logged by the tester, and never to appear outside this member.")


class Param(Schema):
    """One argument of an action: a schema, whether it is required, and where it travels."""

    required: bool | None = Field(None, description="Whether every call must give it.")  # type: ignore[assignment]  # an argument's own flag, not the object's list
    in_: Literal["path", "query", "header", "body"] | None = Field(
        None,
        alias="in",
        description="Where it travels. Default: the path if the path names it, the query of a GET or DELETE, else the body.",
    )
    wire: str | None = Field(None, description="Its name on the wire, where that is no identifier (a header).")
    refers_to: Name | None = Field(None, description="The resource (under `resources`) whose id this is.")


class Cited(Strict):
    """Something with a requirement's id behind it."""

    cite: list[str] = Field(default=[], description="Ids of the requirements this states, for findings and reports.")

    @model_validator(mode="before")
    @classmethod
    def _one_cite(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("cite"), str):
            return {**data, "cite": [data["cite"]]}
        return data


class Law(Cited):
    """What must hold between a request and its answer, in CEL. Sugar: just the expression."""

    that: Cel = Field(description="The condition. It may read input, response, status, surface, now, before and env.")
    when: Cel | None = Field(None, description="Only where this holds; a law whose `when` was never true counts as untested.")

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, data: Any) -> Any:
        return {"that": data} if isinstance(data, str) else data


class Relation(Cited):
    """Two calls that differ in one argument, and what the wider one must keep."""

    widen: Name = Field(description="The argument that grows.")
    keeps: Cel = Field(description="The list of which the wider answer must keep every item.")
    by: Name = Field("id", description="The member that tells items apart.")
    unless: Cel | None = Field(None, description="Not claimed where this holds of the narrower call (a full page, say).")


class Example(Strict):
    """A call as documentation shows it; the laws are tried on it. A 2xx example is one that a server in its first state answers so."""

    title: Line | None = None
    input: dict[str, Json] = {}
    status: Status | None = Field(None, description="Default: the action's first 2xx.")
    output: Json = None
    at: Line | None = Field(None, description="The moment of the call (RFC 3339), for laws that read `now`.")
    before: Json = Field(None, description="The resource's last known body, for laws that read `before`.")


class Output(Schema):
    """An answer's body; `{}` or null is no body."""

    content_type: str | None = Field(None, description="Its media type, where that is not JSON.")


class Confirm(Strict):
    """What a person is asked before a write."""

    title: Line | None = None
    body: Line


class Texts(Strict):
    """One surface's own wording and names."""

    name: str | None = None
    title: Line | None = None
    description: Line | None = None
    reasoning: Line | list[Line] | None = None
    responding: Line | list[Line] | None = None
    params: dict[str, Line] = {}


class Signed(Strict):
    """A body whose sender proves itself by a signature instead of a key."""

    header: Name = Field(description="The argument that is the signature's header.")
    scheme: Literal["t_v1_hmac_sha256"] = Field("t_v1_hmac_sha256", description="`t=SECONDS,v1=HEX`: HMAC-SHA256 of `SECONDS.BODY`.")
    role: Name = Field(description="The role (under `auth.roles`) that holds the secret.")
    tolerance_s: Annotated[int, Field(gt=0)] = 300


class Action(Cited):
    """One thing an agent can do: how it is called, what it answers, and what must hold."""

    title: Line
    description: Line
    http: Annotated[str, StringConstraints(pattern=r"^(GET|POST|PUT|PATCH|DELETE) /[^\s?#]*$")] = Field(
        description="Method and path: `GET /v1/books/{book_id}`."
    )
    operation_id: Name | None = Field(None, description="Default: the action's name in camelCase.")
    effect: Literal["read", "write"]
    costs: bool = Field(False, description="Whether a call moves money.")
    destructive: bool = Field(False, description="Whether a call removes something for good.")
    bucket: Name | None = Field(None, description="The rate-limit bucket (under `limits.buckets`) a call draws from.")
    scope: Name | None = Field(None, description="The scope (under `auth.scopes`) the key's plan must have.")
    key: bool = Field(True, description="False: called without a key.")
    signed: Signed | None = None
    input: dict[Name, Param] = {}
    unknown: Literal["refused", "ignored"] | None = Field(None, description="Overrides `points.unknown_member` for this action.")
    output: dict[Status, Output | None]
    errors: list[Name] = Field(default=[], description="Codes of `errors.codes` that this action may answer besides `errors.always`.")
    idempotency: Name | None = Field(None, description="The argument that is the idempotency key.")
    confirm: Confirm | None = None
    laws: dict[Slug, Law] = {}
    relations: dict[Slug, Relation] = {}
    examples: dict[Slug, Example] = {}
    texts: dict[Name, Texts] = Field(default={}, description="Wording for one surface, by its name under `surfaces`.")
    tags: list[str] = []
    deprecated: bool = False


class Server(Strict):
    """Another host of the API, with the reason no manifest lists it."""

    url: Url
    note: Line


class Api(Strict):
    """Names, texts and addresses of the API."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,64}$")]
    title: Line
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$")]
    server: Url
    other_servers: list[Server] = []
    contact: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")]
    logo: Url | None = None
    terms: Url | None = None
    privacy: Url | None = None
    docs: Url | None = None
    for_people: Line
    for_models: Line
    hosted: dict[str, Path] = Field(
        default={}, description="Under which path of the server a generated file is hosted, by the file's path in the output folder."
    )


class Scheme(Strict):
    """How a call proves who makes it."""

    type: Literal["http_bearer"] = "http_bearer"
    description: Line | None = None
    prefixes: dict[str, Literal["test", "live"]] = Field(
        default={}, description="Prefixes of keys and the mode they mean; `verify` writes with a test key only."
    )
    issue_at: Url | None = None


class OAuth(Cited):
    """OAuth 2.0 authorization code flow."""

    authorize: Path
    token: Path
    revoke: Path | None = None
    metadata: Path | None = None
    resource_metadata: Path | None = None
    pkce: Literal["S256"] = "S256"
    pkce_binds: list[Literal["public", "challenged", "confidential"]] = Field(
        default=["public", "challenged", "confidential"],
        description="Which clients cannot do without: `challenged` is any that sent a challenge.",
    )
    access_s: Annotated[int, Field(gt=0)] | None = Field(None, description="How long an access token lives.")
    refresh_s: Annotated[int, Field(gt=0)] | None = Field(None, description="How long a refresh token lives.")
    refresh_rotates: bool = False
    scopes: dict[str, Line]
    needs: dict[str, list[Name]] = Field(default={}, description="Which actions a token needs each scope for.")


class Role(Strict):
    """An identity that `verify` may be given, and what the catalogue expects of it."""

    description: Line
    plan: Name | None = None
    project: Name = "main"
    mode: Literal["test", "live"] = "test"
    fleet: str | None = None
    revoked: bool = False
    operator: bool = False


class Auth(Strict):
    """Keys, plans, scopes and the identities a test needs."""

    schemes: dict[Name, Scheme] = Field(min_length=1)
    default: Name
    oauth: OAuth | None = None
    scopes: dict[Name, Line] = {}
    plans: dict[Name, list[Name]] = {}
    roles: dict[Name, Role] = {}


class Bucket(Cited):
    """A rolling token bucket: `requests` tokens, refilled evenly over `per_s` seconds."""

    requests: Annotated[int, Field(ge=1)]
    per_s: Annotated[float, Field(gt=0)] = 60
    of: Literal["key", "end_user", "address"] = "key"
    when: Cel | None = Field(None, description="Which calls also draw from it; reads key and call.")
    description: Line | None = None


class LimitHeaders(Strict):
    """Names of the headers that tell the limit."""

    limit: str
    remaining: str
    reset: str
    retry: str = "Retry-After"


class Budgets(Strict):
    """What agents' hosts bear of an answer."""

    seconds: Annotated[float, Field(gt=0)] | None = None
    characters: Annotated[int, Field(gt=0)] | None = None
    items: Annotated[int, Field(gt=0)] | None = None


class Limits(Strict):
    """Buckets, their headers and budgets of an answer."""

    headers: LimitHeaders | None = None
    reset_unit: Literal["epoch_seconds", "seconds"] = "epoch_seconds"
    buckets: dict[Name, Bucket] = {}
    end_user: list[Line] = Field(default=[], description="What names the end user, first found first: `oauth sub`, `header NAME`.")
    lifted: Line | None = Field(None, description="How a key comes by a higher limit than the published one; its headers tell it.")
    budgets: dict[Name, Budgets] = Field(default={}, description="By surface; `all` for every one.")
    max_body_bytes: Annotated[int, Field(gt=0)] | None = None


class Code(Cited):
    """One error code with its one status. Sugar: just the status."""

    status: Status
    meaning: Line | None = None
    envelope: Name | None = Field(None, description="Its own envelope (under `schemas`), where it differs.")
    only: list[Name] | None = Field(None, description="The only actions that may answer it.")

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, data: Any) -> Any:
        return {"status": data} if isinstance(data, int) and not isinstance(data, bool) else data


class Framework(Strict):
    """Codes for what is refused before any action runs."""

    unknown_path: Name | None = None
    wrong_method: Name | None = None
    bad_body: Name | None = Field(None, description="Bad JSON, duplicate members, NaN, no object.")
    wrong_type: Name | None = Field(None, description="A body of another content type.")
    invalid: Name = Field(description="An argument that its schema refuses.")
    too_large: Name | None = None
    no_key: Name = Field(description="No, malformed, unknown or revoked key.")
    no_scope: Name | None = None
    limited: Name | None = None
    crashed: Name | None = None
    plaintext: Name | None = None


class Edge(Cited):
    """What a proxy before the API may answer at any time, without envelope or limit headers; clients wait and repeat."""

    status: Status
    retry: bool = Field(True, description="Whether it carries Retry-After.")


class Errors(Strict):
    """The error envelope, its codes, and who answers which."""

    envelope: Name = Field(description="The schema (under `schemas`) of every error body.")
    code_at: str = Field("error.code", description="Where the body has the code.")
    message_at: str = "error.message"
    request_id_at: str | None = None
    field_at: str | None = Field(None, description="Where the body names the offending argument.")
    scope_at: str | None = None
    codes: dict[Name, Code] = Field(min_length=1)
    always: list[Name] = []
    edge: list[Edge] = []
    framework: Framework


class Header(Cited):
    """A header that answers carry."""

    description: Line
    on: list[Literal["all", "success", "error", "keyed"] | Status] = Field(default=["all"], description="Which answers must have it.")
    https: bool = Field(False, description="Claimed only of https addresses.")
    schema_: Schema = Field(alias="schema")
    const: str | None = Field(None, description="Its one value, where it has one.")

    @model_validator(mode="before")
    @classmethod
    def _one_on(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("on"), str | int):
            return {**data, "on": [data["on"]]}
        return data


class Points(Strict):
    """Where servers may differ: a value fixes the point, `any` leaves it open, and so does leaving it out."""

    time_zone: Literal["Z", "any"] = "any"
    time_fraction: Literal["none", "any"] = "any"
    retry_after: Literal["seconds", "any"] = "any"
    unknown_query: Literal["ignored", "refused", "any"] = "any"
    unknown_member: Literal["refused", "ignored", "any"] = "any"
    refused_status: Literal[400, 422, "any"] = "any"
    query_numbers: Literal["decimal", "any"] = "any"
    clamping: Literal["refused", "any"] = "any"
    replay: Literal["conflict", "same", "any"] = "any"
    foreign_id: Literal["not_found", "forbidden", "any"] = "any"
    absent_id_first: Literal["validation", "any"] = "any"
    auth_first: Literal[True, "any"] = "any"
    literal_path: Literal["wins", "any"] = "any"
    trailing_slash: Literal["unknown", "any"] = "any"
    redirects: Literal["never", "any"] = "any"
    content_type: Literal["json", "any"] = "any"
    message_text: Literal["any"] = "any"
    extra_members: Literal["none", "any"] = "any"
    extra_headers: Literal["any"] = "any"
    null_members: Literal["present", "any"] = "any"
    number_form: Literal["any"] = "any"
    order_of_ties: Literal["any"] = "any"
    head_and_options: Literal["refused", "any"] = "any"


class Call(Strict):
    """An action with its arguments; a string that begins with `=` is an expression."""

    action: Name
    input: dict[str, Json] = Field(default={}, description="Arguments by name; `=env.place` alone lays in a whole mapping.")
    at: Cel | None = Field(None, description="Where the answer has the resource (or the list to find it in).")
    where: Cel | None = Field(None, description="Which item of the list will do; an item is read through the resource's name.")

    @model_validator(mode="before")
    @classmethod
    def _whole_input(cls, data: Any) -> Any:
        return {**data, "input": {"*": data["input"]}} if isinstance(data, dict) and isinstance(data.get("input"), str) else data


class Move(Strict):
    """What an action does to a resource's state."""

    from_: list[str] = Field(alias="from")
    to: str
    input: dict[str, Json] = {}
    otherwise: Name = Field(description="The code from any other state.")


class Takes(Strict):
    """One of these lowers a counter of another resource while it lives, and gives it back."""

    of: Name = Field(description="The resource it takes from.")
    by: Name = Field(description="The member that holds that resource's id.")
    counter: Name = Field(description="The member of that resource that falls by one.")
    read_by: Name = Field(description="The action that reads the counter.")


class Resource(Cited):
    """A kind of thing: how a test finds, makes, reads back and undoes one, and its lifecycle."""

    id: Name = Field("id", description="The member that is its id.")
    found_by: Call | None = None
    made_by: Call | None = None
    read_by: list[Call] = []
    listed_by: list[Call] = []
    undone_by: Call | None = None
    absent: str | None = Field(None, description="A well-formed id that no such thing has.")
    missing: Name | None = Field(None, description="The code for an id that does not exist.")
    takes: Takes | None = Field(None, description="What one of these takes up elsewhere, judged where the target is exclusive.")
    expires_by: Name | None = Field(None, description="The member that says when it ends by itself.")
    tenant: bool = Field(False, description="Whether another project must not see it.")
    state: Name | None = None
    states: list[str] = []
    initial: str | None = None
    moves: dict[Name, Move] = {}
    fixed: list[Name] = Field(default=[], description="Members that never change once made.")
    volatile: list[Name] = Field(default=[], description="Members left out when one call is compared over two surfaces.")
    laws: dict[Slug, Law] = Field(default={}, description="May read created, read, input, env.")

    @model_validator(mode="before")
    @classmethod
    def _one_call(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        lists = {k: [data[k]] for k in ("read_by", "listed_by") if isinstance(data.get(k), dict)}
        return {**data, **lists}


class Step(Strict):
    """One call of a workflow."""

    action: Name
    input: dict[str, Json] = {}
    as_: Name | None = Field(None, alias="as", description="The role whose key makes the call. Default: main.")
    after_s: Annotated[float, Field(gt=0)] | None = Field(
        None, description="Seconds to let pass before it, where the server offers a clock."
    )
    status: Status | None = Field(None, description="The status expected. Default: the action's first 2xx.")
    keep: dict[Name, Cel] = Field(default={}, description="Values to keep for later steps, as expressions of response.")
    expect: list[Cel] = []
    expect_timed: list[Cel] = Field(default=[], description="Claimed only where `after_s` could pass.")


class Workflow(Cited):
    """What a user does from beginning to end."""

    title: Line
    description: Line | None = None
    needs: list[Name] = Field(default=[], description="Roles without which it cannot run.")
    steps: dict[Name, Step] = Field(min_length=1)


class McpEnv(Strict):
    """Names of the environment variables an MCP client sets."""

    key: str
    url: str


class PageColumn(Strict):
    """One column of a page's table: a member of each item, and how a person reads it."""

    title: Line
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
    columns: list[PageColumn] = Field(min_length=1)
    labels: dict[Name, Line] = Field(default={}, description="What the form calls an argument; its own name else.")
    places: dict[Line, dict[str, Json]] = Field(
        min_length=1, description="Arguments by the name of a sample place; the first one is filled in."
    )


class Surface(Strict):
    """Where a subset of the actions is offered, under which names and with which settings."""

    actions: str | list[Name] = Field("all", description="`all`, the name of a group, or a list.")
    omit: dict[Name, list[Name]] = Field(
        default={}, description="Optional arguments that an action does not take here; each is a listed loss."
    )
    title: Line | None = None
    description: Line | None = None
    name: str | None = None
    namespace: str | None = None
    scope: Name | None = None
    # a dispatcher: one operation that takes the action's name and its arguments
    http: Annotated[str, StringConstraints(pattern=r"^POST /[^\s?#]*$")] | None = None
    operation_id: Name | None = None
    selector: Name | None = None
    arguments: Name | None = None
    responses: dict[Status, Line] = {}
    attribution: dict[str, str] = {}
    dispatcher: bool = Field(False, description="Whether the dispatcher is offered here beside the actions.")
    # assistants
    server: str | None = None
    headers: dict[str, str] = Field(default={}, description="Headers that our own client sends on every call from here.")
    env: McpEnv | None = None
    auth: dict[str, str] = {}
    instructions: Line | None = None
    starters: list[Line] = []
    published_spec: str | None = Field(None, description="The hosted document this manifest names.")
    extra: dict[str, Json] = Field(default={}, description="Members laid into the artefact as they are; `a.b` reaches inside.")
    page: Page | None = Field(None, description="A page on which a person tries the surface's one action; read by the target `widget`.")
    cite: list[str] = []


class Event(Cited):
    """A kind of outgoing event."""

    description: Line
    data: Name | None = Field(None, description="The schema (under `schemas`) of its data.")


class Signature(Strict):
    """How an outgoing event is signed."""

    header: str
    scheme: Literal["t_v1_hmac_sha256"] = "t_v1_hmac_sha256"
    tolerance_s: Annotated[int, Field(gt=0)] = 300


class Webhooks(Cited):
    """Events the API sends out."""

    envelope: Name = Field(description="The schema (under `schemas`) of every delivery.")
    signature: Signature
    registered_by: Name = Field(description="The action that registers a target.")
    events: dict[str, Event] = Field(min_length=1)


class Idempotency(Cited):
    """What an idempotency key does, wherever an action has one."""

    lives_s: Annotated[int, Field(gt=0)] | None = None
    not_used_up_by: list[Status] = Field(default=[], description="Statuses after which the same call may be made again with it.")
    of: Literal["key", "project"] = "key"


class Retention(Cited):
    """How long something is kept, and what happens then."""

    after_s: Annotated[int, Field(gt=0)]
    of: Line
    then: Line


class Sandbox(Strict):
    """How the running sandbox gets its behaviour."""

    domain: Name | None = Field(None, description="A domain module of the sandbox; without one, answers come from examples and schemas.")


class Operator(Strict):
    """Operator's endpoints: their own block and server; no agent surface has them."""

    server: Url | None = None
    description: Line | None = None
    clock: Name | None = Field(None, description="The action that moves the clock.")
    actions: dict[Name, Action] = {}


class Catalogue(Strict):
    """An API as its agents' integrations need it, stated once."""

    pgagents: Literal[1]
    api: Api
    auth: Auth
    limits: Limits = Limits()
    errors: Errors
    headers: dict[str, Header] = Field(default={}, description="Headers of answers, by name.")
    points: Points = Points()
    env: dict[Name, Json] = Field(default={}, description="Defaults of what a target's environment file may set: `place`, and so on.")
    schemas: dict[Name, Schema] = {}
    actions: dict[Name, Action] = Field(min_length=1)
    operator: Operator | None = None
    groups: dict[Name, list[Name]] = {}
    surfaces: dict[Name, Surface] = {}
    resources: dict[Name, Resource] = {}
    workflows: dict[Slug, Workflow] = {}
    webhooks: Webhooks | None = None
    idempotency: Idempotency = Idempotency()
    retention: dict[Slug, Retention] = {}
    sandbox: Sandbox = Sandbox()
    excluded: dict[str, Line] = Field(default={}, description="What a source page says and this catalogue leaves out, with the reason.")
