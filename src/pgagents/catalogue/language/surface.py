"""The catalogue as it is written: pydantic classes for the YAML, sugar and all.

`schemas/catalogue.schema.json` is made from these, so every `description` here is what an editor shows.
Sugar is undone in `before` validators, so that the classes have one form of everything.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pgagents.catalogue.language.actions import Action
from pgagents.catalogue.language.audit import Audit
from pgagents.catalogue.language.basics import Json, Line, Name, Schema, Slug, Strict
from pgagents.catalogue.language.offers import Idempotency, Retention, Surface, Webhooks
from pgagents.catalogue.language.platform import Api, Auth, Behaviour, Browsers, Errors, Header, Limits
from pgagents.catalogue.language.resources import Resource, Workflow


class Sandbox(Strict):
    """How the running sandbox gets its behaviour."""

    domain: Name | None = Field(None, description="A domain module of the sandbox; without one, answers come from examples and schemas.")


class Operator(Strict):
    """Operator's endpoints: their own block; no agent surface has them."""

    clock: Name | None = Field(None, description="The action that moves the clock.")
    actions: dict[Name, Action] = Field({}, description="The operator's endpoints.")


class Catalogue(Strict):
    """An API as its agents' integrations need it, stated once."""

    pgagents: Literal[1] = Field(description="The version of this language.")
    api: Api = Field(description="Names, texts and addresses.")
    auth: Auth = Field(description="Keys, plans, OAuth, and the identities that `verify` may be given.")
    limits: Limits = Field(Limits(), description="Rate limits, and what the hosts of agents bear.")
    errors: Errors = Field(description="The error envelope, its codes and statuses.")
    headers: dict[str, Header] = Field(default={}, description="Headers of answers, by name.")
    behaviour: Behaviour = Field(Behaviour(), description="What is fixed where servers may differ; a point that is not listed is open.")
    env: dict[Name, Json] = Field(default={}, description="Defaults of what a target's environment file may set: `place`, and so on.")
    schemas: dict[Name, Schema] = Field({}, description="JSON Schemas by name, for `$ref`.")
    actions: dict[Name, Action] = Field(min_length=1, description="What agents can do, by name in snake_case.")
    operator: Operator | None = Field(None, description="Endpoints by which a sandbox is steered: its clock, above all.")
    groups: dict[Name, list[Name]] = Field({}, description="Lists of actions by name, for surfaces to share.")
    surfaces: dict[Name, Surface] = Field({}, description="Where which actions are offered: REST, a dispatcher, and each vendor.")
    resources: dict[Name, Resource] = Field({}, description="How tests find, make, read back and undo each kind of thing.")
    workflows: dict[Slug, Workflow] = Field({}, description="Named steps that an agent takes in a row.")
    webhooks: Webhooks | None = Field(None, description="Events the API sends out.")
    audit: Audit | None = Field(None, description="Where the API tells what was done, and what a row holds.")
    browsers: Browsers | None = Field(None, description="Which web pages may call the API from a browser.")
    idempotency: Idempotency = Field(default=Idempotency(), description="What a repeated call with the same idempotency key does.")
    retention: dict[Slug, Retention] = Field({}, description="How long things are kept.")
    sandbox: Sandbox = Field(Sandbox(), description="How `pgagents sandbox` serves this API.")
    excluded: dict[str, Line] = Field(default={}, description="What a source page says and this catalogue leaves out, with the reason.")
