"""The root of the catalogue's language: pydantic classes for the YAML, with its short forms.

`schemas/catalogue.schema.json` is made from these classes, so editors show every `description`. Validators
with mode `before` expand short forms, so that the classes have one form of everything.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pgagents.catalogue.language.actions import Action
from pgagents.catalogue.language.audit import Audit
from pgagents.catalogue.language.basics import Json, Line, Name, Schema, Security, Slug, Strict
from pgagents.catalogue.language.errors import Errors
from pgagents.catalogue.language.events import Webhooks
from pgagents.catalogue.language.platform.addresses import Api
from pgagents.catalogue.language.platform.auth import Auth
from pgagents.catalogue.language.platform.behaviour import Behaviour, Browsers, Header
from pgagents.catalogue.language.platform.idempotency import Idempotency
from pgagents.catalogue.language.platform.limits import Limits
from pgagents.catalogue.language.platform.retention import Retention
from pgagents.catalogue.language.resources import Resource, Workflow
from pgagents.catalogue.language.surfaces import Surface


class Sandbox(Strict):
    """Settings of the running sandbox."""

    domain: Name | None = Field(
        None,
        description="The sandbox's domain module; without one, answers are made from examples and schemas.",
    )


class Operator(Strict):
    """Actions of the operator, which no agent surface offers."""

    clock: Name | None = Field(None, description="The action that moves the server's clock.")
    actions: dict[Name, Action] = Field({}, description="The operator's actions, by name.")


class Catalogue(Strict):
    """An API with everything that its agents' integrations need, stated once."""

    pgagents: Literal[1] = Field(description="The version of this language.")
    api: Api = Field(description="Names, texts and addresses.")
    security: Security | None = Field(
        None,
        description=(
            "The schemes that calls use, as in OpenAPI: `[{NAME: []}]` with a name under `auth.schemes`, "
            "`[{A: [], B: []}]` for two together, or `[]` for none. The default is the only scheme, and no "
            "key where there is none."
        ),
    )
    auth: Auth = Field(
        Auth(), description="Keys, plans, OAuth, and the identities that `verify` may be given."
    )
    limits: Limits = Field(Limits(), description="Rate limits, and the limits of agents' hosts.")
    errors: Errors = Field(description="The error envelope, its codes and statuses.")
    headers: dict[str, Header] = Field(default={}, description="Headers of answers, by name.")
    behaviour: Behaviour = Field(
        Behaviour(), description="Points in which servers may differ; a point that is not listed is open."
    )
    env: dict[Name, Json] = Field(
        default={},
        description="Default values, such as `place`, that a target's environment file may replace.",
    )
    schemas: dict[Name, Schema] = Field({}, description="JSON Schemas by name, for `$ref`.")
    actions: dict[Name, Action] = Field(
        min_length=1, description="The actions that agents can call, by name in snake_case."
    )
    operator: Operator | None = Field(
        None, description="Actions that control a sandbox, above all its clock."
    )
    groups: dict[Name, list[Name]] = Field(
        {}, description="Lists of actions by name, which surfaces can share."
    )
    surfaces: dict[Name, Surface] = Field(
        {}, description="Places where actions are offered: REST, a dispatcher, and each vendor."
    )
    resources: dict[Name, Resource] = Field(
        {}, description="Kinds of objects on the server, with how tests find, make, read and undo them."
    )
    workflows: dict[Slug, Workflow] = Field(
        {}, description="Sequences of calls that achieve a user's task, by name."
    )
    webhooks: Webhooks | None = Field(None, description="Events that the API sends out.")
    audit: Audit | None = Field(None, description="The log of what was done through the API.")
    browsers: Browsers | None = Field(None, description="The web pages that may call the API from a browser.")
    idempotency: Idempotency = Field(
        default=Idempotency(), description="The effect of a repeated call with the same idempotency key."
    )
    retention: dict[Slug, Retention] = Field(
        {},
        description=(
            "How long data is kept, by name. No check proves it: `verify` only takes it that older data may "
            "be gone."
        ),
    )
    sandbox: Sandbox = Field(Sandbox(), description="How `pgagents sandbox` serves this API.")
    excluded: dict[str, Line] = Field(
        default={},
        description="Statements of a source page that this catalogue leaves out, each with the reason.",
    )
